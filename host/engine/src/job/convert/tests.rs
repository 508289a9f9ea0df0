use expect_test::{Expect, expect};

use super::*;

/// Converts a file, and compares the new text and the warnings, or the problems.
fn check(text: &str, expected: Expect) {
    let place = |problem: &Diagnostic| {
        let level = if problem.warning { "warning" } else { "error" };
        let help = problem.help.clone().unwrap_or_default();
        format!("{level} {}:{}: {} ({help})\n", problem.line, problem.column, problem.message)
    };
    let found = |found: Found| match found {
        Found::Job(job) => {
            format!("{}---\n{}", job.text, job.warnings.0.iter().map(place).collect::<String>())
        }
        Found::Refused(refused) => refused.problems.0.iter().map(place).collect(),
        Found::Other(why) => format!("{why}\n"),
    };
    let shown: String = match convert("job", text) {
        Entries::One(one) => found(one),
        Entries::Several(entries) => entries
            .into_iter()
            .map(|entry| format!("== {}:{} {}\n{}", entry.line, entry.column, entry.text, found(entry.found)))
            .collect(),
    };
    expected.assert_eq(&shown);
}

#[test]
fn the_job_of_the_reference_is_converted_as_the_reference_shows() {
    check(
        r#"{"job_id": "sql-job-001", "name": "Daily Report", "job_type": "sql",
 "sql_query": "SELECT * FROM reports", "connection_name": "main_db", "timeout": 300}"#,
        expect![[r#"
            id: sql-job-001
            name: Daily Report
            timezone: UTC
            steps:
            - id: main_step
              name: Daily Report
              type: sql
              connection_name: main_db
              query: SELECT * FROM reports
              timeout: 300
            ---
        "#]],
    );
}

#[test]
fn comments_stay_beside_their_keys_and_scripts_are_blocks() {
    check(
        "# Greets the people of the night shift.\njob_id: greet # known to the portal\njob_type: powershell\n\
         # Two lines.\npowershell_script: |\n  # says hello\n  'hello'\nowner: ops\n",
        expect![[r#"
            # Greets the people of the night shift.
            # known to the portal
            id: greet
            timezone: UTC
            metadata:
              owner: ops
            steps:
            - id: main_step
              name: main_step
              type: powershell
              # Two lines.
              script: |
                # says hello
                'hello'
            ---
            warning 8:1: `owner` is no key of the legacy form; it is read as `metadata.owner` (check that this is what the key means)
        "#]],
    );
}

#[test]
fn near_misses_are_converted_with_their_reasons() {
    check(
        r#"{"jobId": 7, "jobName": "Load", "jobType": "SQL", "sql": "SELECT 1", "connection": "w",
 "timeout": "7200", "cron": "0 6 * * *", "enabled": "yes", "criticality": "high", "note": null}"#,
        expect![[r#"
            id: "7"
            name: Load
            enabled: true
            timezone: UTC
            schedule:
              cron: 0 6 * * *
            timeout_seconds: 7200
            metadata:
              criticality: high
            steps:
            - id: main_step
              name: Load
              type: sql
              connection_name: w
              query: SELECT 1
              timeout: 7200
            ---
            warning 1:2: `jobId` is no key of the legacy form; it is read as `job_id` (check that this is what the key means)
            warning 1:2: a number stands where a text belongs; it is now a text (no action is needed)
            warning 1:14: `jobName` is no key of the legacy form; it is read as `name` (check that this is what the key means)
            warning 1:33: `jobType` is no key of the legacy form; it is read as `job_type` (check that this is what the key means)
            warning 1:33: `SQL` is read as the step type `sql` (check that this is what the type means)
            warning 1:51: `sql` is no key of the legacy form; it is read as `query` of the step (check that this is what the key means)
            warning 1:70: `connection` is no key of the legacy form; it is read as `connection_name` of the step (check that this is what the key means)
            warning 2:2: a text stands where a number belongs; it is now a number (no action is needed)
            warning 2:2: the step may take longer than a run has without a setting; `timeout_seconds` is added (check `limits.wall` of the policy, which bounds each attempt)
            warning 2:21: `cron` is no key of the legacy form; it is read as `schedule.cron` (check that this is what the key means)
            warning 2:21: the job has a schedule, which is active as soon as the job is stored here (switch it off in the old system first, so that no fire runs twice)
            warning 2:42: the value stands for yes or no; it is now `true` (no action is needed)
            warning 2:60: `criticality` is no key of the legacy form; it is read as `metadata.criticality` (check that this is what the key means)
            warning 2:83: `note` has no value, and is left out (no action is needed)
        "#]],
    );
}

#[test]
fn a_person_decides_about_secrets_ids_and_contradictions() {
    check(
        r#"{"job_id": "Daily Report", "job_type": "sql", "sql_query": "SELECT 1", "query": "SELECT 2",
 "connection_name": "w", "password": "hunter2"}"#,
        expect![[r#"
            error 1:2: `Daily Report` cannot be the id of a job (choose an id of letters, digits, `.`, `_` and `-`, for instance `daily-report`, and tell the clients of the job)
            error 1:72: the file gives `query` twice (remove one of the two keys)
            error 2:26: `password` holds a secret, and job files hold none (store it with `stepwell secrets set`, let a connection of the configuration refer to it, and remove the key here; change the secret, since the file has shown it)
        "#]],
    );
    check(
        "job_name: A\njob_type: parallel_group\nparallel_steps: []\n",
        expect![[r#"
        error 1:1: `job_id` is missing (add the id by which clients know the job)
        error 2:1: a job with `job_type` has one step, which cannot be a `parallel_group` (write the group into `steps`)
    "#]],
    );
    check(
        "job_id: a\njob_type: sql\nsteps: []\n",
        expect![[r#"
            error 3:1: `steps` is empty, and a job has at least one step (remove `steps`: without it, `job_type` belongs to the one step of the job)
        "#]],
    );
    check(
        "job_id: a\nname: A\nsteps: []\n",
        expect![[r#"
            error 3:1: `steps` is empty, and a job has at least one step (write each step as an item, such as `- {id: a, type: sql, ...}`, or write the one step of the job as `job_type` and its keys, without `steps`)
        "#]],
    );
    check(
        "job_id: [",
        expect![[r#"
        error 1:9: unclosed bracket '[' ()
    "#]],
    );
}

#[test]
fn several_steps_with_old_names_are_converted() {
    check(
        "job_id: two\njob_name: Two\nsteps:\n# First\n- {step_id: a, type: SQL, sqlQuery: SELECT 1}\n- {id: b, type: wait, for: 1}\n",
        expect![[r#"
            id: two
            name: Two
            timezone: UTC
            steps:
            - id: a
              type: sql
              query: SELECT 1
            - id: b
              type: wait
              for: 1
            # First
            ---
            warning 5:4: `step_id` is now called `id` (no action is needed)
            warning 5:16: `SQL` is read as the step type `sql` (check that this is what the type means)
            warning 5:27: `sqlQuery` is now called `query` (no action is needed)
        "#]],
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
        "[{\"id\": \"a\", \"steps\": []}, 7]",
        "{\"jobs\": [{\"id\": \"a\", \"steps\": []}]}",
        "a: 1\n---\n- 2\n",
    ] {
        assert!(matches!(convert("job", text), Entries::One(Found::Other(_))), "{text}");
    }
}

#[test]
fn problems_of_the_new_job_have_their_places_in_the_old_file() {
    let Entries::One(Found::Job(job)) =
        convert("job", "{\"job\":\n {\"job_id\": \"a\",\n  \"sql_query\": \"SELECT 1\"}}")
    else {
        panic!("not converted");
    };
    let found = job.error("/steps/0/query", "wrong");
    assert_eq!((found.line, found.column), (3, 16));
    assert_eq!(job.error("/steps/0/connection_name", "missing").line, 2);
}

fn job(id: &str, n: u32) -> String {
    format!(
        "{{\"job_id\": \"{id}\", \"job_type\": \"sql\", \"sql_query\": \"SELECT {n}\", \"connection_name\": \"w\"}}"
    )
}

#[test]
fn each_job_of_a_list_is_converted() {
    let (a, b) = (job("a", 1), job("b", 2));
    check(
        &format!("[{a},\n {{\"job\": {b}}},\n 7, {{\"job_id\": \"c\"}}]"),
        expect![[r#"
            == 1:2 {"job_id":"a","job_type":"sql","sql_query":"SELECT 1","connection_name":"w"}
            id: a
            timezone: UTC
            steps:
            - id: main_step
              name: main_step
              type: sql
              connection_name: w
              query: SELECT 1
            ---
            == 2:2 {"job":{"job_id":"b","job_type":"sql","sql_query":"SELECT 2","connection_name":"w"}}
            id: b
            timezone: UTC
            steps:
            - id: main_step
              name: main_step
              type: sql
              connection_name: w
              query: SELECT 2
            ---
            == 3:2 7
            the entry is no map of keys
            == 3:5 {"job_id":"c"}
            error 3:5: `job_type` is missing (add `job_type`, for instance `job_type: sql`)
        "#]],
    );
    check(
        &format!("{{\"version\": 2,\n \"jobs\": [{a}]}}"),
        expect![[r#"
            == 2:11 {"job_id":"a","job_type":"sql","sql_query":"SELECT 1","connection_name":"w"}
            id: a
            timezone: UTC
            steps:
            - id: main_step
              name: main_step
              type: sql
              connection_name: w
              query: SELECT 1
            ---
            warning 1:2: `version` is about the whole file, and is left out (no action is needed)
        "#]],
    );
    // A key that all jobs share is for a person.
    check(
        &format!("{{\"connection_name\": \"w\", \"jobs\": [{a}]}}"),
        expect![[r#"
            error 1:2: `connection_name` stands beside `jobs`, and each job gets its own file (move `connection_name` into the jobs that need it, or remove it)
        "#]],
    );
    let many = vec![a; 1_001].join(",");
    check(
        &format!("[{many}]"),
        expect![[r#"
            error 1:1: the file holds 1001 jobs, and at most 1000 are read (write the jobs into several files)
        "#]],
    );
}

/// Comments stay with the job of their document.
#[test]
fn each_job_of_a_stream_of_documents_is_converted() {
    check(
        "# First\n---\n# The query\njob_id: a\njob_type: sql\nsql_query: |\n  SELECT 1\n  ----\nconnection_name: w\n---\n\
         # The script\njob_id: b\njob_type: powershell\nscript: '1' # one\n---\n",
        expect![[r#"
            == 4:1 {"job_id":"a","job_type":"sql","sql_query":"SELECT 1\n----\n","connection_name":"w"}
            # First
            # The query
            id: a
            timezone: UTC
            steps:
            - id: main_step
              name: main_step
              type: sql
              connection_name: w
              query: |
                SELECT 1
                ----
            ---
            == 12:1 {"job_id":"b","job_type":"powershell","script":"1"}
            # The script
            id: b
            timezone: UTC
            steps:
            - id: main_step
              name: main_step
              type: powershell
              # one
              script: "1"
            ---
        "#]],
    );
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
            let Entries::One(found) = convert("job", &text) else { panic!("{text}") };
            match found {
                Found::Job(job) => {
                    prop_assert_eq!(&Document::parse("job", &job.text).unwrap().value, &job.job);
                    prop_assert!(!job.warnings.has_errors());
                    let again = convert("job", &job.text);
                    prop_assert!(matches!(again, Entries::One(Found::Other(_))), "{}\n{:?}", job.text, again);
                }
                Found::Refused(refused) => prop_assert!(refused.problems.has_errors()),
                Found::Other(_) => {}
            }
        }
    }
}
