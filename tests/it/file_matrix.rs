//! Every type of a file, with its edge values, through the step `data_processing` into each sink; and the
//! results of HTTP, templates and PowerShell: digit by digit as Python reads them. `docs/values-files.md`
//! contains the same values.
//!
//! `tests/oracle/values.py` has the values.

use std::fmt::Write as _;

use serde_json::{Value, json};
use stepwell::engine::values::read_json;
use stepwell_tests::oracle::Oracle;
use stepwell_tests::tds::SqlServer;
use stepwell_tests::web::Web;

use crate::random_tables::{Order, check, send, site};
use crate::support::{Running, Site, told};

/// Values that each sink refuses by design: source, type, and the message.
const REFUSED: [(&str, &str, &str); 4] = [
    ("NDJSON", "numbers and text", "schema: {numbers and text: text}"),
    ("JSON", "numbers and text", "schema: {numbers and text: text}"),
    ("Template", "number beyond a float", "`1e400` is too large for a number"),
    ("Parquet", "map with a key that appears twice", "the key `a` appears twice in a map"),
];

/// The results of a PowerShell script that differ from its input.
const POWERSHELL: &[(&str, &str, &str)] = &[
    ("null", "@{v = $null}", "null"),
    ("bool", "@{v = $true}", "true"),
    ("byte", "@{v = [byte]255}", "255"),
    ("int", "@{v = [int]::MinValue}", "-2147483648"),
    ("long", "@{v = 9007199254740992}", "9007199254740992"),
    ("long", "@{v = [long]::MaxValue}", "\"9223372036854775807\""),
    ("uint64", "@{v = [uint64]::MaxValue}", "\"18446744073709551615\""),
    ("bigint", "@{v = [bigint]::Pow(2, 100)}", "\"1267650600228229401496703205376\""),
    ("decimal", "@{v = 1.50d}", "\"1.50\""),
    ("decimal", "@{v = [decimal]::MaxValue}", "\"79228162514264337593543950335\""),
    ("double", "@{v = 0.1}", "0.1"),
    ("double", "@{v = 1e300}", "1e300"),
    ("double", "@{v = 1.0}", "1.0"),
    ("double", "@{v = [double]::NaN}", "\"NaN\""),
    ("double", "@{v = [double]::NegativeInfinity}", "\"-Infinity\""),
    ("single", "@{v = [single]0.1}", "0.1"),
    ("string", "@{v = '007'}", "\"007\""),
    ("string", "@{v = ''}", "\"\""),
    ("char", "@{v = [char]'x'}", "\"x\""),
    ("datetime", "@{v = [datetime]'2026-03-01 12:00:00'}", "\"2026-03-01T12:00:00\""),
    (
        "datetime",
        "@{v = [datetime]::new(2026, 3, 1, 12, 0, 0, 'Utc').AddTicks(1)}",
        "\"2026-03-01T12:00:00.0000001Z\"",
    ),
    (
        "guid",
        "@{v = [guid]'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'}",
        "\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\"",
    ),
    ("array", "@{v = @(1, $null, 1.50d)}", "[1,null,\"1.50\"]"),
    ("array of one", "@{v = @('x')}", "[\"x\"]"),
    ("empty array", "@{v = @()}", "[]"),
    ("bytes", "@{v = [byte[]](0, 255)}", "[0,255]"),
    ("ordered", "@{v = [ordered]@{b = 1; A = $null}}", "{\"b\":1,\"A\":null}"),
    ("object", "[pscustomobject]@{v = [pscustomobject]@{Key = '00'}}", "{\"Key\":\"00\"}"),
];

/// Returns the rows of the last step of a job.
async fn last(site: &Running, vars: Value, steps: Value) -> Result<Value, String> {
    let job = json!({"id": "hand-on", "workspace": "1MiB", "vars": vars, "steps": steps});
    let state = site.run(&job.to_string()).await;
    let end = state.steps.last().and_then(|step| step.end.as_ref()).ok_or("the job ended before")?;
    if end.outcome.is_success() { Ok(end.produced.output.clone()) } else { Err(told(end)) }
}

/// Returns the value that `http`, a template or `powershell` passes on.
async fn handed_on(site: &Running, web: &Web, line: &Value) -> Result<Value, String> {
    let body = line["body"].as_str().unwrap();
    let through = |rows: Value| json!({"id": "through", "type": "powershell", "script": "param($Rows) $Rows", "parameters": {"Rows": rows}});
    let rows = match line["source"].as_str().unwrap() {
        "HTTP" => {
            web.set("/rows", body);
            last(site, json!({}), json!([{"id": "get", "type": "http", "url": web.url("/rows")}])).await?
        }
        // The text of the job has the numbers as they are written.
        "Template" => {
            let steps = json!([through("${{ vars.rows }}".into())]).to_string();
            let job = format!(
                "{{\"id\": \"hand-on\", \"workspace\": \"1MiB\", \"vars\": {{\"rows\": {body}}}, \"steps\": {steps}}}"
            );
            site.host.parse("job.yaml", &job).await.map_err(|error| error.to_string())?;
            let state = site.run(&job).await;
            let end = state.steps[0].end.as_ref().unwrap();
            if !end.outcome.is_success() {
                return Err(told(end));
            }
            end.produced.output.clone()
        }
        _ => {
            web.set("/rows", body);
            let get = json!({"id": "get", "type": "http", "url": web.url("/rows")});
            last(site, json!({}), json!([get, through("${{ steps.get.output }}".into())])).await?
        }
    };
    let file = site.path().join("out").join(format!("{}.json", line["number"]));
    std::fs::write(file, rows.to_string()).unwrap();
    Ok(rows)
}

fn sinks_of(line: &Value) -> impl Iterator<Item = &str> {
    line["sinks"].as_array().unwrap().iter().filter_map(Value::as_str)
}

fn orders_of(line: &Value) -> impl Iterator<Item = Order<'_>> {
    sinks_of(line).map(|sink| Order { number: &line["number"], input: &line["input"], sink })
}

/// The page of the docs, built from the rows.
#[derive(Default)]
struct Page {
    text: String,
    source: String,
}

impl Page {
    fn source(&mut self, name: &str) {
        if self.source != name {
            name.clone_into(&mut self.source);
            let _ = write!(self.text, "\n## {name}\n\n| type | value | in JSON |\n|---|---|---|\n");
        }
    }

    /// Adds the columns of a table, or the reason why it is refused.
    fn table(&mut self, source: &str, columns: &[Value], found: &Result<Value, String>) {
        self.source(source);
        for column in columns {
            let (name, kind) = (column["name"].as_str().unwrap(), column["kind"].as_str().unwrap());
            let mut shown = column["shown"].as_array().unwrap().iter().filter_map(Value::as_str);
            match found {
                Ok(rows) => shown
                    .enumerate()
                    .for_each(|(at, shown)| self.row(kind, shown, &rows[at][name].to_string())),
                Err(why) => self.row(kind, shown.next_back().unwrap_or_default(), why),
            }
        }
    }

    fn row(&mut self, kind: &str, value: &str, found: &str) {
        let cell = |text: &str| match text {
            "" => "(empty)".to_owned(),
            text if text.contains('`') => format!("`` {} ``", text.replace('|', "\\|").replace('\n', "\\n")),
            text => format!("`{}`", text.replace('|', "\\|").replace('\n', "\\n").replace('\r', "\\r")),
        };
        let _ = writeln!(self.text, "| {kind} | {} | {} |", cell(value), cell(found));
    }
}

#[tokio::test]
async fn every_value_of_a_file_arrives_as_python_reads_it() {
    let Some(oracle) = Oracle::find() else { return };
    let web = Web::start().await;
    let http = format!(
        "http: [{{url: '{}', methods: [GET], allow_private: ['127.0.0.1/32']}}]",
        web.url("").trim_end_matches('/')
    );
    let site = site("data_processing, http, powershell", &http).await;
    let lines = oracle.ask("values.py", &[], &[&site.path().join("in")]);
    let (mut page, mut wrong) = (Page::default(), Vec::new());
    let orders: Vec<Order<'_>> =
        lines.iter().filter(|line| line["body"].is_null()).flat_map(orders_of).collect();
    let mut ends = send(&site, &orders).await.into_iter();
    for line in &lines {
        let source = line["source"].as_str().unwrap();
        let columns = line["columns"].as_array().unwrap();
        for sink in sinks_of(line) {
            let found = match line["body"].is_null() {
                true => ends.next().unwrap(),
                false => handed_on(&site, &web, line).await,
            };
            let first = columns[0]["kind"].as_str().unwrap();
            // From Parquet to Parquet, a map stays unchanged.
            let same = source == "Parquet" && sink == "parquet";
            let refused = REFUSED.iter().find(|row| row.0 == source && row.1 == first && !same);
            let right = match (&found, refused) {
                (Ok(_), None) => true,
                (Err(why), Some((.., message))) => why.contains(message),
                _ => false,
            };
            if !right {
                wrong.push(format!("{source}, {first}, {sink}: {found:?}"));
            }
            if sink == "json" && source != "JSON" {
                page.table(source, columns, &found);
            }
        }
    }
    wrong.extend(check(&oracle, site.path()));
    scripts(&site, &mut page, &mut wrong).await;
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    compare(&page.text);
}

async fn scripts(site: &Running, page: &mut Page, wrong: &mut Vec<String>) {
    page.source("Values of a script");
    for (kind, script, expected) in POWERSHELL {
        let steps = json!([{"id": "only", "type": "powershell", "script": script}]);
        let found = last(site, json!({}), steps).await.map(|object| object["v"].clone());
        if found.as_ref().ok() != read_json(expected).ok().as_ref() {
            wrong.push(format!("{script}: {found:?}, not {expected}"));
        }
        page.row(kind, script, expected);
    }
}

fn compare(rows: &str) {
    let page = format!("{}{rows}", include_str!("values_files_page.md"));
    let path = stepwell_tests::root().join("docs/values-files.md");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == page, "docs/values-files.md is not up to date: run this test with UPDATE_EXPECT=1");
}

/// The tests emulate SQL Server, whose values arrive in each sink.
#[tokio::test]
async fn every_value_of_sql_server_arrives_in_each_place() {
    let Some(oracle) = Oracle::find() else { return };
    let server = SqlServer::start(false).await;
    let site = Site::new().file("out/.here", "").file("password", stepwell_tests::servers::PASSWORD);
    let site = site.config(&format!(
        "connections: {{db: {{type: mssql, host: 127.0.0.1, port: {}, database: d, user: u, password: 'file:password', tls: disable}}}}",
        server.port
    ));
    let site = site
        .policy("sql", "profile: large\nsql: [{connection: db, mode: read}]\nfiles: [{mount: /out, source: out, access: write}]")
        .host()
        .await;
    let texts = [
        "9007199254740993",
        "ä",
        "-123456789012345678901.2345",
        "true",
        "0.5",
        "2025-09-01",
        "2025-09-01T14:30:22.5",
        "2025-09-01T12:30:22Z",
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "00ff",
        "12.5000",
    ];
    for file in ["x.csv", "x.ndjson", "x.parquet"] {
        let step = json!({"type": "sql", "connection_name": "db", "query": "SELECT * FROM every_type", "output": format!("/out/{file}")});
        let end = site.step(step).await;
        assert!(end.outcome.is_success(), "{file}: {}", told(&end));
        let rows = oracle.ask("tables.py", &["read"], &[&site.path().join("out").join(file)]);
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let shown = |row: &Value| row.as_array().unwrap().iter().map(text).collect::<Vec<_>>();
        assert_eq!(shown(&rows[0]), texts, "{file}");
        assert!(rows[1].as_array().unwrap().iter().all(|value| value.is_null() || value == ""), "{file}");
    }
}
