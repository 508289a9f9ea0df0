use expect_test::{Expect, expect};

use super::*;

/// Converts a file, and compares the new text and the warnings, or the problems.
fn check(text: &str, expected: Expect) {
    let place = |problem: &Diagnostic| {
        let level = if problem.warning { "warning" } else { "error" };
        let help = problem.help.clone().unwrap_or_default();
        format!("{level} {}:{}: {} ({help})\n", problem.line, problem.column, problem.message)
    };
    let shown = match convert("job", text) {
        Found::Job(job) => {
            format!("{}---\n{}", job.text, job.warnings.0.iter().map(place).collect::<String>())
        }
        Found::Refused(refused) => refused.problems.0.iter().map(place).collect(),
        Found::Other(why) => format!("{why}\n"),
    };
    expected.assert_eq(&shown);
}

#[test]
fn the_job_of_the_reference_is_converted_as_the_reference_shows() {
    check(
        r#"{"job_id": "sql-job-001", "name": "Daily Report", "job_type": "sql",
 "sql_query": "SELECT * FROM reports", "connection_name": "main_db", "timeout": 300}"#,
        expect![[r#""#]],
    );
}

#[test]
fn comments_stay_beside_their_keys_and_scripts_are_blocks() {
    check(
        "# Greets the people of the night shift.\njob_id: greet # known to the portal\njob_type: powershell\n\
         # Two lines.\npowershell_script: |\n  # says hello\n  'hello'\nowner: ops\n",
        expect![[r#""#]],
    );
}

#[test]
fn near_misses_are_converted_with_their_reasons() {
    check(
        r#"{"jobId": 7, "jobName": "Load", "jobType": "SQL", "sql": "SELECT 1", "connection": "w",
 "timeout": "7200", "cron": "0 6 * * *", "enabled": "yes", "criticality": "high", "note": null}"#,
        expect![[r#""#]],
    );
}

#[test]
fn a_person_decides_about_secrets_ids_and_contradictions() {
    check(
        r#"{"job_id": "Daily Report", "job_type": "sql", "sql_query": "SELECT 1", "query": "SELECT 2",
 "connection_name": "w", "password": "hunter2"}"#,
        expect![[r#""#]],
    );
    check("job_name: A\njob_type: parallel_group\nparallel_steps: []\n", expect![[r#""#]]);
    check("job_id: a\njob_type: sql\nsteps: []\n", expect![[r#""#]]);
    check("[{\"job_id\": \"a\"}, {\"job_id\": \"b\"}]", expect![[r#""#]]);
    check("job_id: [", expect![[r#""#]]);
}

#[test]
fn several_steps_with_old_names_are_converted() {
    check(
        "job_id: two\njob_name: Two\nsteps:\n# First\n- {step_id: a, type: SQL, sqlQuery: SELECT 1}\n- {id: b, type: wait, for: 1}\n",
        expect![[r#""#]],
    );
}

#[test]
fn other_files_are_no_legacy_jobs() {
    for text in [
        "id: a\nsteps: []\n",
        "policy: 1\nsteps: [sql]\n",
        "a: b\n",
        "",
        "- a\n",
        "{\"job\": {\"id\": \"a\", \"steps\": []}}",
    ] {
        assert!(matches!(convert("job", text), Found::Other(_)), "{text}");
    }
}

#[test]
fn problems_of_the_new_job_have_their_places_in_the_old_file() {
    let Found::Job(job) = convert("job", "{\"job\":\n {\"job_id\": \"a\",\n  \"sql_query\": \"SELECT 1\"}}")
    else {
        panic!("not converted");
    };
    let found = job.error("/steps/0/query", "wrong");
    assert_eq!((found.line, found.column), (3, 16));
    assert_eq!(job.error("/steps/0/connection_name", "missing").line, 2);
}

mod any_file {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Keys of the legacy form, of near misses and of other files.
    const KEYS: &[&str] = &[
        "job_id",
        "jobId",
        "id",
        "name",
        "title",
        "job_type",
        "type",
        "sql_query",
        "query",
        "sql",
        "powershell_script",
        "script",
        "connection",
        "timeout",
        "schedule",
        "cron",
        "runAt",
        "disabled",
        "enabled",
        "metadata",
        "owner",
        "criticality",
        "steps",
        "parameters",
        "password",
        "max_retries",
        "a/b~c",
        "vars",
        "job",
        "timezone",
        "é ü",
    ];

    fn values() -> Vec<Value> {
        let texts = [
            "a-1",
            "sql",
            "SELECT 1",
            "0 6 * * *",
            "yes",
            "",
            "two\nlines\n",
            " a: b # c",
            "${{ x }}",
            "{{ y }}",
            "7200",
            "\u{7}",
        ];
        let others = [
            json!(null),
            json!(7200),
            json!(-1.5),
            json!(true),
            json!([]),
            json!({}),
            json!([1, "a"]),
            json!([{"step_id": "a", "type": "SQL"}]),
            json!({"cron": "@daily", "token": "t"}),
            json!({"interval_hours": 0}),
        ];
        texts.into_iter().map(Value::from).chain(others).collect()
    }

    proptest! {
        /// Any map of these keys is converted, refused or left alone. A converted one reads back as it is, and is then
        /// in the present form.
        #[test]
        fn any_map_has_an_answer(entries in prop::collection::vec((prop::sample::select(KEYS), prop::sample::select(values())), 0..9)) {
            let map: Map<String, Value> = entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
            let text = Value::Object(map).to_string();
            match convert("job", &text) {
                Found::Job(job) => {
                    prop_assert_eq!(&Document::parse("job", &job.text).unwrap().value, &job.job);
                    prop_assert!(!job.warnings.has_errors());
                    let again = convert("job", &job.text);
                    prop_assert!(matches!(again, Found::Other(_)), "{}\n{:?}", job.text, again);
                }
                Found::Refused(refused) => prop_assert!(refused.problems.has_errors()),
                Found::Other(_) => {}
            }
        }
    }
}
