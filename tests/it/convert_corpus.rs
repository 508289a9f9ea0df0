//! A corpus of 212 legacy job files: good ones, odd ones, broken ones, files that are no legacy jobs, and files with
//! several jobs. A seeded generator writes them, and `tests/cases/convert/corpus.tsv` has the report that each file must get.

use std::collections::BTreeMap;

use expect_test::expect_file;
use fastrand::Rng;
use serde_json::Value;
use stepwell::engine::job;
use stepwell_tests::root;

use crate::cli::Shell;

/// The kind of a file of the corpus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The legacy form, as the old system documents it.
    Good,
    /// A near miss, which is converted with a warning.
    Odd,
    /// A file that a person has to change.
    Broken,
    /// No legacy job.
    Other,
    /// Several jobs, each of which gets its own file.
    Several,
}

pub struct Sample {
    pub name: String,
    pub kind: Kind,
    pub text: String,
}

/// The files with at most one job, and all files.
const SINGLE: usize = 200;
const FILES: usize = 212;
const SEED: u64 = 20_250_901;

/// Returns the corpus. The same seed gives the same files.
pub fn corpus() -> Vec<Sample> {
    let mut rng = Rng::with_seed(SEED);
    let sample = |number: usize| {
        let kind = match number % 20 {
            _ if number >= SINGLE => Kind::Several,
            0..8 => Kind::Good,
            8..15 => Kind::Odd,
            15..19 => Kind::Broken,
            _ => Kind::Other,
        };
        let id = format!("job-{number:03}");
        let variant = number / 20;
        let (ending, text) = match kind {
            Kind::Good => good(&id, (number % 20) + variant * 8, &mut rng),
            Kind::Odd => odd(&id, (number % 20 - 8) + variant * 7, &mut rng),
            Kind::Broken => broken(&id, (number % 20 - 15) + variant * 4, &mut rng),
            Kind::Other => other(variant),
            Kind::Several => several(&id, number - SINGLE),
        };
        let folder = ["", "sales/", "sales/daily/", "ops/"][rng.usize(..4)];
        Sample { name: format!("{folder}{id}.{ending}"), kind, text }
    };
    (0..FILES).map(sample).collect()
}

fn criticality(rng: &mut Rng) -> &'static str {
    ["low", "medium", "high", "critical"][rng.usize(..4)]
}

/// A job of the legacy form. The variants differ in their format and their keys.
fn good(id: &str, variant: usize, rng: &mut Rng) -> (&'static str, String) {
    let (n, level) = (rng.u32(1..500), criticality(rng));
    let metadata = format!("{{\"criticality\": \"{level}\"}}");
    match variant % 10 {
        0 => (
            "json",
            format!(
                "{{\"job_id\": \"{id}\", \"name\": \"Report {n}\", \"job_type\": \"sql\",\n \"sql_query\": \"SELECT {n} AS n\", \"connection_name\": \"w\", \"timeout\": {n},\n \"metadata\": {metadata}}}\n"
            ),
        ),
        1 => (
            "yaml",
            format!(
                "# Report {n}\njob_id: {id}\nname: Report {n} # the name\njob_type: sql\nsql_query: SELECT {n} AS n\nconnection_name: w\nmetadata:\n  criticality: {level}\n"
            ),
        ),
        2 => (
            "json",
            format!(
                "{{\"job_id\": \"{id}\", \"job_type\": \"powershell\", \"powershell_script\": \"{n} + 1\"}}\n"
            ),
        ),
        3 => (
            "yml",
            format!(
                "job_id: {id}\njob_type: powershell\n# Two lines\npowershell_script: |\n  # adds\n  $n = {n}\n  $n + 1\nmetadata: {metadata}\n"
            ),
        ),
        4 => (
            "json",
            format!(
                "{{\"job\": {{\"job_id\": \"{id}\", \"job_type\": \"sql\", \"sql_query\": \"SELECT {n}\", \"connection_name\": \"w\"}}}}\n"
            ),
        ),
        5 => (
            "yaml",
            format!(
                "job_id: {id}\njob_name: Two steps\nmetadata: {metadata}\nsteps:\n- {{id: a, type: sql, connection_name: w, query: SELECT {n}}}\n- {{id: b, type: powershell, script: \"{n}\"}}\n"
            ),
        ),
        6 => (
            "json",
            format!(
                "{{\"job_id\": \"{id}\", \"job_type\": \"sql\", \"sql_query\": \"SELECT 1\", \"connection_name\": \"w\",\n \"timezone\": \"Europe/Berlin\", \"schedule\": {{\"cron\": \"{} 6 * * *\"}}}}\n",
                n % 60
            ),
        ),
        7 => (
            "json",
            format!(
                "{{\"job_id\": \"{id}\", \"job_type\": \"sql\", \"sql_query\": \"SELECT :n\", \"parameters\": {{\"n\": {n}}}, \"connection_name\": \"w\"}}\n"
            ),
        ),
        8 => (
            "yaml",
            format!(
                "job_id: {id}\njob_type: powershell\nscript_content: \"'{n}'\"\nenabled: true\npriority: {}\n",
                n % 10
            ),
        ),
        _ => (
            "json",
            format!(
                "{{\"job_id\": \"{id}\", \"name\": \"Ümläut \\u2603 {n}\", \"description\": \"Counts: {n}\", \"job_type\": \"sql\", \"sql_query\": \"SELECT '# no comment'\", \"connection_name\": \"w\", \"max_retries\": {}, \"timeout_seconds\": 900}}\n",
                n % 4
            ),
        ),
    }
}

/// A near miss of the legacy form.
fn odd(id: &str, variant: usize, rng: &mut Rng) -> (&'static str, String) {
    let (n, level) = (rng.u32(1..500), criticality(rng));
    let sql = "\"job_type\": \"sql\", \"sql_query\": \"SELECT 1\", \"connection_name\": \"w\"";
    match variant % 18 {
        0 => (
            "json",
            format!(
                "{{\"jobId\": \"{id}\", \"jobName\": \"A {n}\", \"jobType\": \"sql\", \"sqlQuery\": \"SELECT {n}\", \"connectionName\": \"w\"}}\n"
            ),
        ),
        1 => (
            "json",
            format!(
                "{{\"job_id\": \"{id}\", \"job_type\": \"SQL\", \"sql_query\": \"SELECT {n}\", \"connection_name\": \"w\"}}\n"
            ),
        ),
        2 => ("yaml", format!("id: {id}\ntype: powershell\nscript: \"'{n}'\"\n")),
        3 => {
            ("json", format!("{{\"job_id\": {}, {sql}}}\n", 1_000_000 + n + u32::try_from(variant).unwrap()))
        }
        4 => ("json", format!("{{\"job_id\": \"{id}\", {sql}, \"timeout\": \"{n}\"}}\n")),
        5 => (
            "yaml",
            format!(
                "job_id: {id}\njob_type: powershell\npowershell_script: \"1\"\nschedule: \"{} 5 * * 1-5\"\n",
                n % 60
            ),
        ),
        6 => ("json", format!("{{\"job_id\": \"{id}\", {sql}, \"enabled\": \"yes\"}}\n")),
        7 => (
            "json",
            format!("{{\"job_id\": \"{id}\", \"sql_query\": \"SELECT {n}\", \"connection_name\": \"w\"}}\n"),
        ),
        8 => (
            "yaml",
            format!(
                "job_id: {id}\njob_type: powershell\npowershell_script: '1'\n# Who to call\nowner: team-{n}\ntags: [a, b]\n"
            ),
        ),
        9 => (
            "json",
            format!("{{\"job_id\": \"{id}\", {sql}, \"description\": null, \"parameters\": null}}\n"),
        ),
        10 => ("json", format!("{{\"job_id\": \"{id}\", {sql}, \"timeout\": 7200}}\n")),
        11 => (
            "json",
            format!(
                "{{\"job_id\": \"{id}\", \"job_type\": \"powershell\", \"powershell_script\": \"'{{{{ day }}}}'\"}}\n"
            ),
        ),
        12 => (
            "json",
            format!(
                "{{\"job_id\": \"{id}\", \"job_type\": \"sql\", \"sql\": \"SELECT {n}\", \"connection\": \"w\"}}\n"
            ),
        ),
        13 => (
            "json",
            format!(
                "{{\"job_id\": \"{id}\", {sql}, \"schedule\": {{\"type\": \"interval\", \"interval_minutes\": {n}}}}}\n"
            ),
        ),
        14 => {
            ("yaml", format!("job_id: {id}\njob_type: powershell\npowershell_script: '1'\ndisabled: true\n"))
        }
        15 => (
            "json",
            format!(
                "{{\"job_id\": \"{id}\", \"steps\": [{{\"step_id\": \"a\", \"step_name\": \"First\", \"step_type\": \"sql\", \"sql_query\": \"SELECT {n}\", \"connection_name\": \"w\"}}]}}\n"
            ),
        ),
        16 => ("json", format!("{{\"job_id\": \"{id}\", {sql}, \"criticality\": \"{level}\"}}\n")),
        _ => (
            "yaml",
            format!(
                "# The first line\n\njob-id: {id} # by the portal\n'Job Type': PowerShell\npowershell_script: |\n  '{n}'\n# The end\n"
            ),
        ),
    }
}

/// A file that a person has to change first.
fn broken(id: &str, variant: usize, rng: &mut Rng) -> (&'static str, String) {
    let n = rng.u32(1..500);
    let sql = "\"job_type\": \"sql\", \"sql_query\": \"SELECT 1\", \"connection_name\": \"w\"";
    match variant % 20 {
        0 => (
            "json",
            format!("{{\"job_id\": \"{id}\", \"job_type\": \"sql\",\n \"sql_query\": \"SELECT {n}\n"),
        ),
        1 => ("json", format!("{{\"job_id\": \"{id}\", {sql},\n \"job_id\": \"again\"}}\n")),
        2 => ("json", format!("{{\"name\": \"Report {n}\", {sql}}}\n")),
        3 => ("json", format!("{{\"job_id\": \"Report / {n}\", {sql}}}\n")),
        4 => ("json", format!("{{\"job_id\": \"{id}\", {sql},\n \"password\": \"hunter2\"}}\n")),
        5 => ("json", format!("{{\"job_id\": \"{id}\", {sql},\n \"query\": \"SELECT {n}\"}}\n")),
        6 => ("yaml", format!("job_id: {id}\njob_type: custom\nfunction: step_{n}\n")),
        7 => (
            "json",
            format!(
                "{{\"job_id\": \"{id}\", \"job_type\": \"sql\", \"sql_query\": \"SELECT {n}\",\n \"connection_name\": \"finance\"}}\n"
            ),
        ),
        8 => (
            "yaml",
            format!("job_id: {id}\njob_type: powershell\npowershell_script: '{n}'\ntimezone: Mars/Olympus\n"),
        ),
        9 => ("json", format!("{{\"timeout\": {n},\n \"jobs\": [{{\"job_id\": \"{id}\", {sql}}}]}}\n")),
        10 => ("yaml", format!("job_id: {id}\nname: No steps\nsteps: []\n")),
        11 => ("json", format!("{{\"job_id\": \"{id}\", {sql},\n \"max_retries\": \"many\"}}\n")),
        12 => ("yaml", format!("job_id: {id}\njob_type: sql\nsteps:\n- {{id: a, type: wait, for: {n}}}\n")),
        13 => (
            "yaml",
            format!("job_id: {id}\njob_type: powershell\npowershell_script: '1'\nschedule: every {n} days\n"),
        ),
        14 => ("yaml", format!("job_id: {id}\n\tjob_type: sql\nname: {n}\n")),
        15 => ("json", format!("{{\"job_id\": \"{id}\", {sql},\n \"timeout\": -{n}}}\n")),
        16 => ("yaml", format!("job_id: {id}\njob_type: sql\n---\njob_id: b-{n}\njob_type: sql\n")),
        17 => ("json", format!("{{\"job_id\": \"{id}\", {sql},\n \"colour\": \"red {n}\"}}\n")),
        18 => (
            "json",
            format!(
                "{{\"job_id\": \"{id}\", \"job_type\": \"sql\",\n \"connection_name\": \"w\", \"name\": \"no query {n}\"}}\n"
            ),
        ),
        _ => (
            "json",
            format!(
                "{{\"job_id\": \"{id}\", {sql},\n \"parameters\": {{\"db\": {{\"api_token\": \"t-{n}\"}}}}}}\n"
            ),
        ),
    }
}

/// A document that holds no legacy job.
fn other(variant: usize) -> (&'static str, String) {
    let (ending, text) = match variant % 10 {
        0 => ("yaml", "id: new\nsteps:\n- {id: a, type: wait, for: 1}\n"),
        1 => ("yaml", "policy: 1\nname: p\nsteps: [sql]\n"),
        2 => ("yaml", "connections:\n  w: {type: sqlite, path: w.db}\n"),
        3 => (
            "json",
            "{\"name\": \"package\", \"version\": \"1.0.0\", \"type\": \"module\", \"scripts\": {}}\n",
        ),
        4 => ("yaml", ""),
        5 => ("json", "[1, 2, 3]\n"),
        6 => (
            "json",
            "{\"job\": {\"id\": \"new\", \"steps\": [{\"id\": \"a\", \"type\": \"wait\", \"for\": 1}]}}\n",
        ),
        7 => ("yaml", "# Only a comment\n"),
        8 => ("yml", "a: 1\n---\nb: 2\n"),
        _ => ("json", "\"text\"\n"),
    };
    (ending, text.to_owned())
}

/// A file with several jobs.
fn several(id: &str, variant: usize) -> (&'static str, String) {
    let job = |end: &str| {
        format!(
            "{{\"job_id\": \"{id}-{end}\", \"job_type\": \"powershell\", \"powershell_script\": \"'{end}'\"}}"
        )
    };
    let (a, b) = (job("a"), job("b"));
    match variant % 6 {
        0 => ("json", format!("[{a},\n {b}]\n")),
        1 => ("json", format!("{{\"jobs\": [{a},\n {b}]}}\n")),
        2 => (
            "yaml",
            format!("# The first\njob_id: {id}-a\njob_type: powershell\npowershell_script: '1'\n---\n{b}\n"),
        ),
        3 => ("yaml", format!("jobs:\n- {a}\n- job: {b}\n")),
        4 => ("yml", format!("---\n{a}\n---\n- {b}\n...\n")),
        _ => (
            "json",
            format!("[{a}, {b},\n {{\"job_type\": \"sql\"}},\n {{\"id\": \"new\", \"steps\": []}},\n {a}]\n"),
        ),
    }
}

/// A directory with the corpus in `legacy`.
fn shell() -> Shell {
    let policy = "policy: 1\nname: old-jobs\nsteps: [sql, powershell]\nsql: [{connection: w}]\n";
    let shell = Shell::new().file("policy.yaml", policy);
    for sample in corpus() {
        let path = shell.path("legacy").join(&sample.name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, sample.text).unwrap();
    }
    shell
}

/// Converts the corpus, and returns the report.
fn converted(shell: &Shell, more: &[&str]) -> Value {
    let arguments =
        ["convert", "legacy", "--to", "jobs", "--policy", "policy.yaml", "--config", "config.yaml"];
    let output = shell.run(&[&arguments[..], &["--output", "json"], more].concat());
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Returns the line of the table for a file.
fn row(file: &Value) -> String {
    let text = |key: &str| file[key].as_str().unwrap_or("-").to_owned();
    let lines = |key: &str, mark: &str| {
        let line = |line: &Value| {
            format!("\t{mark}{}:{} {}", line["line"], line["column"], line["message"].as_str().unwrap())
        };
        file[key].as_array().unwrap().iter().map(line).collect::<String>()
    };
    let reason = file["reason"].as_str().map_or_else(String::new, |reason| format!("\t{reason}"));
    let entry = file["entry"].as_u64().map_or_else(String::new, |entry| format!("#{entry}"));
    let head = [text("file") + &entry, text("status"), text("job_id"), text("batch")].join("\t");
    format!("{head}{reason}{}{}\n", lines("problems", "error "), lines("warnings", "warning "))
}

#[test]
fn each_of_212_files_gets_the_report_of_the_table() {
    let report = converted(&shell(), &["--batch-by", "metadata.criticality"]);
    let files = report["files"].as_array().unwrap();
    let mut by_name: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for file in files {
        by_name.entry(file["file"].as_str().unwrap()).or_default().push(file);
    }
    assert_eq!(by_name.len(), FILES);
    for sample in corpus() {
        let name = format!("legacy/{}", sample.name);
        let entries = &by_name[name.as_str()];
        let file = entries[0];
        let (warnings, problems) =
            (file["warnings"].as_array().unwrap(), file["problems"].as_array().unwrap());
        let expected = match sample.kind {
            Kind::Good | Kind::Odd => "converted",
            Kind::Broken => "refused",
            Kind::Other => "other",
            Kind::Several => {
                let all = entries.iter().filter(|entry| entry["status"] == "converted").count();
                assert_eq!(all, 2, "{entries:#?}");
                continue;
            }
        };
        assert_eq!(file["status"], expected, "{file:#}\n{}", sample.text);
        match sample.kind {
            Kind::Odd => assert!(!warnings.is_empty(), "{file:#}"),
            // Each problem has a line and a fix.
            Kind::Broken => {
                let is_whole = |problem: &Value| problem["line"] != 0 && problem["fix"].is_string();
                assert!(problems.iter().all(is_whole), "{file:#}");
            }
            Kind::Good | Kind::Other | Kind::Several => {}
        }
        assert!(!file.to_string().contains("hunter2"), "a report shows no secret: {file:#}");
    }
    let table: String = by_name.values().flatten().map(|file| row(file)).collect();
    expect_file![root().join("tests/cases/convert/corpus.tsv")].assert_eq(&table);
}

/// A converted good file has the steps that the engine makes of the legacy file.
#[test]
fn converted_jobs_are_the_jobs_that_the_engine_reads_in_the_legacy_files() {
    struct Any;
    impl job::Catalog for Any {
        fn manifest(&self, _: &str) -> Option<std::sync::Arc<stepwell::engine::Manifest>> {
            None
        }
        fn types(&self) -> Vec<String> {
            Vec::new()
        }
    }
    let mut compared = 0;
    for sample in corpus().iter().filter(|sample| sample.kind == Kind::Good) {
        let found = job::convert::convert(&sample.name, &sample.text);
        let job::convert::Entries::One(job::convert::Found::Job(converted)) = found else {
            panic!("{}: not converted\n{}", sample.name, sample.text)
        };
        let read = |text: &str| job::read("job", text, &Any).unwrap().parsed.unwrap().job;
        assert_eq!(read(&sample.text), read(&converted.text), "{}\n{}", sample.text, converted.text);
        compared += 1;
    }
    assert_eq!(compared, 80);
}

#[test]
fn a_dry_run_reports_the_same_and_writes_nothing() {
    let shell = shell();
    let dry = converted(&shell, &["--dry-run"]);
    assert!(!shell.path("jobs").exists());
    let real = converted(&shell, &[]);
    let kinds = |report: &Value| report["summary"].clone();
    assert_eq!(kinds(&dry), kinds(&real));
    // A second conversion finds its own files.
    let again = converted(&shell, &[]);
    assert_eq!(again["summary"]["converted"], 0, "{:#}", again["summary"]);
    assert_eq!(again["summary"]["unchanged"], real["summary"]["converted"]);
}
