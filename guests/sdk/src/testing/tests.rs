use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Host};
use crate::sql::{Connection, Error, Load, Parameters, Transaction};
use crate::{Invocation, Output, Step, StepResult};

/// Copies the rows of `source` into `target` and counts them in `counts`.
#[derive(Deserialize, schemars::JsonSchema)]
struct Copy {
    #[serde(default)]
    columns: bool,
}

const READ: &str = "SELECT region, total FROM sales";
const COUNT: &str = "UPDATE counts SET n = n + ?";

impl Step for Copy {
    const TYPE: &str = "copy";
    const SUMMARY: &str = "Copies rows";

    fn run(self, _: &Invocation) -> StepResult {
        let source = Connection::open("source")?;
        let target = Connection::open("target")?;
        let rows = source.query(READ, &Parameters::Positional(Vec::new()), 0)?;
        let names: Vec<String> = rows.columns().into_iter().map(|column| column.name).collect();
        if self.columns {
            let batch = rows.next_columns(10)?;
            return Ok(Output::new(format!("{} columns of {}", batch.len(), batch[0].len())));
        }
        target.transaction(Transaction::Begin)?;
        let load = target.load("sales", &names, 0)?;
        loop {
            let batch = rows.next(1)?;
            if batch.is_empty() {
                break;
            }
            load.write(&batch)?;
        }
        let loaded = Load::finish(load)?;
        let counted = Parameters::Positional(vec![i64::try_from(loaded).unwrap().into()]);
        target.execute(COUNT, &counted, 0)?;
        target.transaction(Transaction::Commit)?;
        Ok(Output::new(format!("{loaded} rows of {}", source.dialect())))
    }
}

fn sales() -> Result<Answer, Error> {
    Ok(Answer::rows(["region", "total"], [["EU".into(), 3.into()], ["US".into(), None::<i64>.into()]]))
}

#[test]
fn statements_and_loads_are_answered_and_recorded() {
    let host = Host::new().connection("source", "postgres").connection("target", "sqlite").statement(
        "source",
        "SELECT region, total\n  FROM sales",
        sales(),
    );
    let ran = host.clone().run::<Copy>(&json!({"columns": true}));
    assert_eq!(ran.result.unwrap().summary, "2 columns of 2");
    let ran = host.statement("target", COUNT, Ok(Answer::Changed(1))).run::<Copy>(&json!({}));
    assert_eq!(ran.result.unwrap().summary, "2 rows of postgres");
    let texts: Vec<&str> = ran.statements.iter().map(|statement| statement.text.as_str()).collect();
    assert_eq!(texts, [READ, "BEGIN", COUNT, "COMMIT"]);
    assert_eq!(ran.statements[2].parameters, Parameters::Positional(vec![2.into()]));
    let loaded = &ran.loads[0];
    assert!(loaded.finished && loaded.table == "sales" && loaded.columns == ["region", "total"]);
    assert_eq!(loaded.rows[1], ["US".into(), None::<i64>.into()]);
}

#[test]
fn what_the_test_does_not_name_is_denied_and_its_errors_reach_the_step() {
    let ran = Host::new().run::<Copy>(&json!({}));
    let failure = ran.result.unwrap_err();
    assert_eq!(failure.message, "denied by policy: opening the connection `source` (SQL_NOT_GRANTED)");
    let host = Host::new().connection("target", "sqlite").statement("source", READ, Err(Error::TimedOut));
    assert!(host.run::<Copy>(&json!({})).result.unwrap_err().retryable);
}

/// Returns the panic message that ends a run.
fn panic_of<S: Step>(host: &Host, config: &Value) -> String {
    let ended = catch_unwind(AssertUnwindSafe(|| host.run::<S>(config)));
    *ended.unwrap_err().downcast::<String>().unwrap()
}

#[test]
fn a_call_that_is_not_expected_or_does_not_come_panics_with_its_text() {
    let both = Host::new().connection("source", "sqlite").connection("target", "sqlite");
    let config = json!({});
    let panicked = panic_of::<Copy>(&both, &config);
    assert!(
        panicked.contains(
            "does not expect:\n  source: SELECT region, total FROM sales\nadd `.statement(\"source\""
        )
    );
    let panicked = panic_of::<Copy>(&both.clone().statement("source", "SELECT 1", sales()), &config);
    assert!(panicked.contains("expects is\n  source: SELECT 1"), "{panicked}");
    let panicked = panic_of::<Copy>(&both.clone().statement("source", READ, Ok(Answer::Changed(1))), &config);
    assert!(
        panicked.contains("the step called `query`") && panicked.contains("`Answer::Rows`"),
        "{panicked}"
    );
    let more = both.statement("source", READ, sales()).statement("target", COUNT, Ok(Answer::Changed(1)));
    let panicked = panic_of::<Copy>(&more.statement("target", "SELECT 2", sales()), &config);
    assert!(
        panicked.contains("without these calls that the test expects:\n  target: SELECT 2"),
        "{panicked}"
    );
    assert!(panicked.contains("2 rows of sqlite"), "{panicked}");
}

#[cfg(feature = "http")]
mod requests {
    use std::io::Read;

    use super::*;
    use crate::http::{self, Request, Response};

    /// Stores `text`, then reads it back.
    #[derive(Deserialize, schemars::JsonSchema)]
    struct PutGet {
        text: String,
    }

    impl Step for PutGet {
        const TYPE: &str = "put_get";
        const SUMMARY: &str = "Puts and gets";

        fn run(self, _: &Invocation) -> StepResult {
            let text = self.text.into_bytes();
            let put = Request::new("PUT", "https://a.example/x").header("If-Match", "\"1\"");
            put.upload(&mut text.as_slice(), text.len() as u64)?.whole(0)?;
            let mut body = String::new();
            let mut answer = Request::new("GET", "https://a.example/x").open()?;
            answer.read_to_string(&mut body).unwrap();
            Ok(Output::new(format!("{} {} {body}", answer.status, answer.header("etag").unwrap_or("none"))))
        }
    }

    #[test]
    fn requests_are_answered_and_recorded() {
        let url = "https://a.example/x";
        let put = Host::new().request("PUT", url, Ok(Response::fake(204, &[], "")));
        let host = put.clone().request("GET", url, Ok(Response::fake(200, &[("ETag", "\"2\"")], "hello")));
        let config = json!({"text": "hello"});
        let ran = host.run::<PutGet>(&config);
        assert_eq!(ran.result.unwrap().summary, "200 \"2\" hello");
        assert_eq!(
            (ran.requests[0].body.as_slice(), ran.requests[0].header("if-match")),
            (&b"hello"[..], Some("\"1\""))
        );
        let denied = http::Error::Denied("GET https://a.example/x; the log names the rule".to_owned());
        let ran = put.clone().request("GET", url, Err(denied)).run::<PutGet>(&config);
        assert!(ran.result.unwrap_err().message.starts_with("denied by policy: GET"));
        let panicked = panic_of::<PutGet>(&put, &config);
        assert!(panicked.contains("GET https://a.example/x\nadd `.request(\"GET\""), "{panicked}");
        let panicked =
            panic_of::<PutGet>(&Host::new().request("GET", url, Ok(Response::fake(200, &[], ""))), &config);
        assert!(
            panicked.contains("PUT https://a.example/x\nthe next one that it expects is\n  GET"),
            "{panicked}"
        );
    }
}
