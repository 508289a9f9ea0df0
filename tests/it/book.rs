//! Every code block of the book and of README.md: it runs, it is checked, or it names the reason why not.

use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::sync::Mutex;

use expect_test::expect_file;
use stepwell::engine::Configuration;
use stepwell::engine::policy::Policy;
use stepwell::engine::queue::QueueFile;
use stepwell_tests::root;

use crate::pages::{Block, blocks, has, missing, pages};
use crate::reader::Reader;
use crate::support::Site;

/// Pages and blocks that another test runs: the page, the information of the block (all blocks if it is empty),
/// and the test.
const ELSEWHERE: &[(&str, &str, &str)] = &[
    ("README.md", "text", "the_daily_pipeline_runs"),
    ("docs/api-examples.md", "", "every_operation_has_an_example_that_works"),
    ("docs/first-step.md", "", "the_page_about_the_first_step_does_what_it_says"),
    ("docs/how-to/upgrade-step.md", "", "the_page_about_upgrades_does_what_it_says"),
    ("docs/tutorial.md", "", "the_tutorial_does_what_it_says"),
    ("docs/python.md", "", "the_python_packages_pass_their_tests"),
    ("docs/airflow.md", "", "the_airflow_provider_passes_its_tests"),
    (
        "docs/steps.md",
        "rust notify/src/lib.rs",
        "a_step_builds_from_the_packed_sdk_alone_and_a_panic_in_describe_is_shown",
    ),
];

/// Programs of commands, which CI has.
const PROGRAMS: &[&str] = &["curl", "jq", "sqlite3"];

/// Files of the operator on the pages, and files of this machine that stand in for them.
const FILES: &[(&str, &str)] = &[
    ("/opt/microsoft/powershell/7/pwsh", "/usr/bin/env"),
    ("/usr/bin/pwsh", "/usr/bin/env"),
    ("/opt/microsoft/powershell/7", "/usr/bin"),
    ("/opt/microsoft", "/usr/bin"),
];

/// The threads that run pages.
const READERS: usize = 3;

/// The formats of documents, as words of a block.
const FORMATS: &[&str] = &["job", "policy", "config", "queues"];

/// Keys that only one format has at its top level.
const KEYS: &[(&str, &str)] = &[
    ("policy: 1", "policy"),
    ("steps:", "job"),
    ("schedule:", "job"),
    ("on_demand:", "queues"),
    ("queues:", "queues"),
    ("connections:", "config"),
    ("secrets:", "config"),
    ("credentials:", "config"),
    ("step_types:", "config"),
    ("projects:", "config"),
    ("service:", "config"),
];

/// What the test did with a block.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Done {
    /// Its commands ran.
    Ran,
    /// The parser of its format accepts it, or a file of the repository contains it.
    Checked,
    /// The commands of the page use it as a file.
    Written,
    /// Another test runs it.
    Elsewhere,
    /// It names this reason.
    NotRun(String),
}

/// The result of a page: each block by its place, and the problems.
#[derive(Default)]
struct Report {
    done: Vec<(String, String, Done)>,
    problems: Vec<String>,
}

/// Reads a page from its first block to its last.
fn read(page: &str) -> Report {
    let mut report = Report::default();
    let blocks = blocks(page);
    let here: Vec<&Block> =
        blocks.iter().filter(|block| elsewhere(page, block).is_none() && block.reason().is_none()).collect();
    let commands: String = here.iter().filter(|block| runs(block)).map(|block| &*block.text).collect();
    let all: String = here.iter().map(|block| &*block.text).collect();
    let dir = tempfile::tempdir().unwrap();
    let mut reader = Reader::at(dir.path());
    let lacks = PROGRAMS.iter().any(|program| commands.contains(&format!("{program} ")) && !has(program));
    let is_followed = !commands.is_empty() && !lacks && reader.prepare(&all);
    for block in &blocks {
        let place = format!("{page}:{}", block.line);
        match done(page, block, is_followed.then_some(&mut reader)) {
            Ok(done) => report.done.push((place, block.language.clone(), done)),
            Err(problem) => {
                report.problems.push(format!("{place}: {problem}"));
                // The blocks that follow need this one.
                break;
            }
        }
    }
    report
}

/// Returns the test that runs a block, if it is not this one.
fn elsewhere(page: &str, block: &Block) -> Option<&'static str> {
    let whole = format!("{} {}", block.language, block.info);
    let is =
        |(path, info, _): &&(&str, &str, &str)| *path == page && (info.is_empty() || *info == whole.trim());
    ELSEWHERE.iter().find(is).map(|(.., test)| *test)
}

fn runs(block: &Block) -> bool {
    matches!(block.language.as_str(), "console" | "sh")
}

/// Runs a block, or checks it.
fn done(page: &str, block: &Block, reader: Option<&mut Reader>) -> Result<Done, String> {
    if let Some(reason) = block.reason() {
        let is_sentence = reason.split(' ').count() > 1;
        return if is_sentence { Ok(Done::NotRun(reason.to_owned())) } else { Err("give the reason".into()) };
    }
    if elsewhere(page, block).is_some() {
        return Ok(Done::Elsewhere);
    }
    let is_written = match (&reader, block.file()) {
        (Some(reader), Some(file)) if block.language != "rust" => {
            reader.write(file, &block.text);
            true
        }
        _ => false,
    };
    match (block.language.as_str(), reader) {
        ("console" | "sh", Some(reader)) => reader.follow(block).map(|()| Done::Ran),
        // A server or a program is missing, and a line says so.
        ("console" | "sh", None) => Ok(Done::Ran),
        ("yaml" | "json", _) => check(block).map(|()| Done::Checked),
        ("rust", _) => contained(block).map(|()| Done::Checked),
        ("powershell", _) => script(block).map(|()| Done::Checked),
        _ if is_written => Ok(Done::Written),
        ("", _) => {
            Err("the block has no language: use a fence with `sh`, `console`, `yaml` or `text`".into())
        }
        (language, _) => Err(format!(
            "no test runs a block of `{language}`: name a file for the commands, or write `not-run: REASON`"
        )),
    }
}

/// Checks that the file which the block names has its lines.
fn contained(block: &Block) -> Result<(), String> {
    let name = block.file().ok_or("name a file of the repository that has these lines")?;
    let text = fs::read_to_string(root().join(name)).map_err(|error| format!("{name}: {error}"))?;
    missing(&block.text, &text).map_or(Ok(()), |line| Err(format!("{name} has no line `{line}`")))
}

/// Checks that a script of PowerShell runs in the sandbox as it is.
fn script(block: &Block) -> Result<(), String> {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("script.ps1"), &block.text).unwrap();
    let (code, told) = Reader::at(dir.path()).bash("stepwell step check-script script.ps1");
    if code == Some(0) { Ok(()) } else { Err(told) }
}

/// Checks a document with the parser of its format. A part of a job is completed.
fn check(block: &Block) -> Result<(), String> {
    let lines = || block.text.lines();
    let of_key =
        |(key, format): &(&str, &'static str)| lines().any(|line| line.starts_with(key)).then_some(*format);
    let named = FORMATS.iter().find(|format| block.has(format)).copied();
    let format = named.or_else(|| KEYS.iter().find_map(of_key));
    let text = FILES.iter().fold(block.text.clone(), |text, (shown, real)| text.replace(shown, real));
    let (text, folder) = (text.as_str(), tempfile::tempdir().unwrap());
    let dir = folder.path();
    // The folders of a policy and the files of a configuration must be there.
    named_after(text, "source: ").for_each(|name| fs::create_dir_all(dir.join(name)).unwrap());
    named_after(text, "path: ").for_each(|name| drop(fs::File::create(dir.join(name))));
    match format {
        Some("policy") => Policy::parse("policy", text, dir).map(drop).map_err(|found| found.to_string()),
        Some("config") => {
            Configuration::parse("config", text, dir).map(drop).map_err(|found| found.to_string())
        }
        Some("queues") => QueueFile::parse("queues", text).map(drop).map_err(|found| found.to_string()),
        Some(_) => job(text),
        None if block.language == "json" => {
            serde_json::from_str::<serde_json::Value>(text).map(drop).map_err(|error| error.to_string())
        }
        None => Err("say which format it has: `job`, `policy`, `config` or `queues`".to_owned()),
    }
}

/// The relative paths that follow a key of a document.
fn named_after<'t>(text: &'t str, key: &str) -> impl Iterator<Item = &'t str> {
    let paths: Vec<&str> =
        text.split(key).skip(1).filter_map(|rest| rest.split([',', '}', '\n']).next()).collect();
    paths.into_iter().filter(|path| Path::new(path).is_relative())
}

fn job(text: &str) -> Result<(), String> {
    let begins = |key: &str| text.lines().any(|line| line.starts_with(key));
    let text = match () {
        () if text.starts_with("- ") => format!("id: example\nsteps:\n{text}"),
        () if text.starts_with('{') => text.to_owned(),
        () => {
            let id = if begins("id:") || begins("job:") { "" } else { "id: example\n" };
            let steps = if begins("steps:") || begins("job:") {
                ""
            } else {
                "steps: [{id: w, type: wait, for: 0}]\n"
            };
            format!("{id}{text}{steps}")
        }
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let site = operator().host().await;
        site.host.parse("job", &text).await.map(drop).map_err(|error| error.to_string())
    })
}

/// What the operator grants and names for jobs that are shown in part.
fn operator() -> Site {
    let connection = |name: &str| format!("{name}: {{type: sqlite, path: shop.db}}");
    let connections = [connection("shop"), connection("main_db")].join(", ");
    let grant = |name: &str| format!("{{connection: {name}, mode: ddl, scripts: true}}");
    let grants = [grant("shop"), grant("main_db")].join(", ");
    let program = "{program: pwsh, path: /usr/bin/env, arguments: ['*'], allow_weaker: true}";
    Site::new()
        .database("shop.db", "")
        .config(&format!("connections: {{{connections}}}\ncalendars: {{holidays: [2026-12-25]}}\n"))
        .policy("sql", &format!("sql: [{grants}]"))
        .policy("powershell", &format!("process: [{program}]"))
        .policy("wait", "locks: {names: ['*']}")
}

/// `PAGE=docs/tutorial.md` reads only that page.
#[test]
fn every_block_of_the_book_runs_or_names_the_reason_why_not() {
    let only = std::env::var("PAGE").ok();
    let queue: VecDeque<String> =
        pages().into_iter().filter(|page| only.as_ref().is_none_or(|only| only == page)).collect();
    assert!(only.is_some() || queue.len() > 30, "{queue:?}");
    let (queue, reports) = (Mutex::new(queue), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..READERS {
            scope.spawn(|| {
                loop {
                    let Some(page) = queue.lock().unwrap().pop_front() else { break };
                    let report = std::panic::catch_unwind(|| read(&page)).unwrap_or_else(|_| Report {
                        problems: vec![format!("{page}: the test panics: see its output")],
                        ..Report::default()
                    });
                    reports.lock().unwrap().push((page, report));
                }
            });
        }
    });
    let mut reports = reports.into_inner().unwrap();
    reports.sort_by(|(a, _), (b, _)| a.cmp(b));
    let problems: Vec<&String> = reports.iter().flat_map(|(_, report)| &report.problems).collect();
    assert!(
        problems.is_empty(),
        "{} problems:\n\n{}",
        problems.len(),
        problems.iter().map(|p| p.as_str()).collect::<Vec<_>>().join("\n\n")
    );
    let all = || reports.iter().flat_map(|(page, report)| report.done.iter().map(move |done| (page, done)));
    let count = |wanted: fn(&Done) -> bool| all().filter(|(_, (.., done))| wanted(done)).count();
    eprintln!(
        "{} blocks ran, {} were checked, {} are files of commands, other tests run {}, {} do not run",
        count(|done| *done == Done::Ran),
        count(|done| *done == Done::Checked),
        count(|done| *done == Done::Written),
        count(|done| *done == Done::Elsewhere),
        count(|done| matches!(done, Done::NotRun(_))),
    );
    if only.is_some() {
        return;
    }
    let not_run: String = all()
        .filter_map(|(page, (_, language, done))| match done {
            Done::NotRun(reason) => Some(format!("{page}: {language}: {reason}\n")),
            _ => None,
        })
        .collect();
    // Each block that no test runs, with its reason.
    expect_file!["../cases/book/not-run.txt"].assert_eq(&not_run);
}

#[test]
fn the_tests_that_run_pages_exist() {
    let sources: String = fs::read_dir(root().join("tests/it"))
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    for (page, info, test) in ELSEWHERE {
        assert!(sources.contains(&format!("fn {test}()")), "{page}: there is no test `{test}`");
        let is_there = blocks(page).iter().any(|block| elsewhere(page, block) == Some(test));
        assert!(is_there, "{page} has no block `{info}`");
    }
}

#[test]
fn a_block_that_nothing_runs_is_a_problem() {
    let block = |head: &str, text: &str| {
        let (language, info) = head.split_once(' ').unwrap_or((head, ""));
        Block { language: language.into(), info: info.into(), text: text.into(), line: 1 }
    };
    let dir = tempfile::tempdir().unwrap();
    let mut reader = Reader::at(dir.path());
    for (head, text, said) in [
        ("", "make", "has no language"),
        ("text", "a", "no test runs a block of `text`"),
        ("text not-run: no", "a", "give the reason"),
        ("yaml", "a: 1", "say which format"),
        ("yaml config", "a: 1", "unknown key `a`"),
        ("yaml", "steps: [{id: a, type: wait, for: -1}]\n", "for"),
        ("yaml", "policy: 1\nname: p\nsteps: [wait]\nfuel: 1\n", "fuel"),
        ("yaml", "queues: {Europe/Berlinn: {}}\n", "Europe/Berlin"),
        ("json", "{", "EOF"),
        ("powershell", "if (", "does not parse"),
        ("rust tests/it/links.rs", "fn no_such_function()", "no line"),
        ("console", "$ stepwell version\nversion 9999\n", "the output lacks `version 9999`"),
        ("console", "$ false\n", "exit code Some(1)"),
        ("console fails", "$ true\n", "exit code Some(0)"),
        ("sh", "false\ntrue\n", "exit code Some(1)"),
        ("console serves", "$ stepwell serve --policy none.yaml\n", "the service does not start"),
    ] {
        let found = done("page.md", &block(head, text), Some(&mut reader));
        assert!(found.as_ref().is_err_and(|told| told.contains(said)), "{head}: {found:?}");
    }
    for (head, text) in [
        ("text not-run: an example of a message", "a"),
        ("yaml", "schedule: {cron: '0 2 * * *'}\n"),
        ("yaml job", "- {id: a, type: wait, for: 1}\n"),
        ("sh", "cd /\nPLACE=/tmp\n"),
        ("console", "$ pwd; echo $PLACE\n/\n/tmp\n"),
    ] {
        let found = done("page.md", &block(head, text), Some(&mut reader));
        assert!(found.is_ok(), "{head}: {found:?}");
    }
}
