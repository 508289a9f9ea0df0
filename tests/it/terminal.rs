//! Every command in a terminal, with and without colors, and through a pipe.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::Stdio;

use serde_json::Value;
use stepwell_tests::guest;
use stepwell_tests::terminal::Terminal;

use crate::cli::Shell;

/// The way a command runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Terminal,
    /// With `NO_COLOR`, and 50 columns.
    Plain,
    Pipe,
    Json,
}

/// The commands of a user's first hour, and their exit codes. `{run}`, `{failed}`, `{queued}`, `{fill}` and
/// `{key}` stand for ids.
const SESSION: &[(&str, i32)] = &[
    ("version", 0),
    ("doctor", 0),
    ("config show", 0),
    ("config show --resolved --config config.yaml", 0),
    ("schema policy", 0),
    ("completions bash", 0),
    ("man", 0),
    ("man --dir pages", 0),
    ("steps list", 0),
    ("steps inspect wait", 0),
    ("steps jobs wait", 0),
    ("steps register HELLO", 0),
    ("steps rollback hello", 2),
    ("steps remove hello", 0),
    ("validate job.yaml jobs", 0),
    ("validate broken.yaml", 2),
    ("convert legacy --to converted", 0),
    ("convert legacy --to converted --compare", 0),
    ("convert --rollback converted/.stepwell-convert/manifest.jsonl", 0),
    ("policy show job.yaml --policy policy.yaml --config config.yaml", 0),
    ("run job.yaml", 0),
    ("run job.yaml --show-output a", 0),
    ("run fails.yaml", 1),
    ("run missing.yaml", 2),
    ("runs list", 0),
    ("runs show {run}", 0),
    ("runs show {run} --show-output a", 0),
    ("runs wait {run}", 0),
    ("runs logs {run}", 0),
    ("runs receipts {run}", 0),
    ("runs timeline {run}", 0),
    ("runs artifacts {run}", 0),
    ("explain {failed}", 0),
    ("jobs put jobs", 0),
    ("jobs list", 0),
    ("jobs show nightly", 0),
    ("jobs versions nightly", 0),
    ("jobs run nightly --var n=2", 0),
    ("runs retry {failed}", 0),
    ("runs cancel {queued} --reason mistake --wait", 0),
    ("schedules preview nightly --count 3", 0),
    ("schedules preview job.yaml", 0),
    ("schedules list", 0),
    ("schedules coming", 0),
    ("schedules show nightly", 0),
    ("schedules pause nightly --reason holiday", 0),
    ("schedules resume nightly", 0),
    ("schedules once job.yaml 2031-01-01T00:00:00", 0),
    ("ledger", 0),
    ("backfills start nightly 2026-01-01T00:00 2026-01-03T00:00 --dry-run", 0),
    ("backfills start nightly 2026-01-01T00:00 2026-01-03T00:00", 0),
    ("backfills list", 0),
    ("backfills show {fill}", 0),
    ("backfills cancel {fill}", 0),
    ("dead-letters list", 0),
    ("dead-letters causes", 0),
    ("dead-letters show {failed}", 0),
    ("dead-letters redrive --all", 0),
    ("dead-letters discard {failed}", 2),
    ("approvals list", 0),
    ("approvals show {run} a", 2),
    ("approvals approve {run} a", 2),
    ("approvals reject {run} a", 2),
    ("queues list", 0),
    ("queues pause UTC --reason upgrade", 0),
    ("queues resume UTC", 0),
    ("workers list", 0),
    ("locks acquire db --lease 1h --reason upgrade", 0),
    ("locks list", 0),
    ("locks show db", 0),
    ("locks check db 1", 0),
    ("locks extend db 1 --lease 2h", 0),
    ("locks release db 1", 0),
    ("locks release db 1", 2),
    ("locks cancel none", 2),
    ("locks force-release db --reason mistake", 0),
    ("locks events", 0),
    ("locks deadlocks", 0),
    ("locks with db -- true", 0),
    ("locks validate", 2),
    ("locks migrate status", 2),
    ("locks migrate advance", 2),
    ("locks migrate rollback", 2),
    ("config validate --config config.yaml", 0),
    ("config set locks.retries=3 --config retries.yaml", 2),
    ("status", 0),
    ("metrics", 0),
    ("health", 1),
    ("clean-up --days 1 --dry-run", 0),
    ("audit", 0),
    ("audit verify", 0),
    ("keys create ci --role operator --expires 30d", 0),
    ("keys list", 0),
    ("sessions list", 0),
    ("sessions end none", 2),
    ("keys revoke {key}", 0),
    ("secrets set token --config secrets.yaml", 0),
    ("secrets list --config secrets.yaml", 0),
    ("secrets rm token --config secrets.yaml", 0),
    ("connections list --config config.yaml", 0),
    ("connections test --config config.yaml", 0),
    ("step check-script greet.ps1", 0),
    ("step test-script greet.Tests.ps1", 0),
    ("jobs delete nightly weekly", 0),
    ("jobs show nightly", 2),
    ("no-such-command", 2),
    ("--help", 0),
    ("help runs", 0),
];

/// Commands that do not end by themselves, or have separate tests.
const ELSEWHERE: &[&str] = &["serve", "demo", "warm-up"];

fn shell() -> Shell {
    let step = "{id: a, type: powershell, script: \"'x' * 3\"}";
    let fails = "{id: a, type: powershell, script: \"throw 'no'\"}";
    let shell = Shell::new()
        .file("job.yaml", &format!("{{id: job, name: A job, steps: [{step}]}}"))
        .file("fails.yaml", &format!("{{id: fails, steps: [{fails}]}}"))
        .file("broken.yaml", "id: x\nstepz: []\n")
        .file("policy.yaml", "policy: 1\nname: p\nsteps: [powershell]\n")
        .file("secrets.yaml", "secret_store: {file: secrets.json, key: key}\n")
        .file("greet.ps1", "'hello'\n")
        .file("greet.Tests.ps1", "Describe 'x' { It 'y' { 1 | Should -Be 1 } }\n");
    for dir in ["jobs", "legacy"] {
        std::fs::create_dir(shell.path(dir)).unwrap();
    }
    shell
        .file("legacy/old.yaml", "job_id: old\njob_type: powershell\npowershell_script: \"'hello'\"\n")
        .file(
            "jobs/nightly.yaml",
            &format!("{{id: nightly, vars: {{n: 1}}, schedule: {{cron: '0 2 * * *'}}, steps: [{step}]}}"),
        )
        .file(
            "jobs/weekly.json",
            "{\"id\": \"weekly\", \"steps\": [{\"id\": \"w\", \"type\": \"wait\", \"for\": 1}]}",
        )
}

/// Replaces names of ids in the arguments with the ids.
fn resolved(shell: &Shell, line: &str) -> Vec<String> {
    let id = |list: &str, pointer: &str| {
        let arguments: Vec<String> = list.split(' ').chain(["--output", "json"]).map(str::to_owned).collect();
        let output = shell.command(&arguments).output().unwrap();
        let found: Value = serde_json::from_slice(&output.stdout).unwrap();
        found.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{list}: {found}")).to_owned()
    };
    let word = |word: &str| match word {
        "{run}" => id("runs list --status success", "/items/0/execution_id"),
        "{failed}" => id("runs list --status failed", "/items/0/execution_id"),
        "{queued}" => id("runs list --status queued", "/items/0/execution_id"),
        "{fill}" => id("backfills list", "/items/0/id"),
        "{key}" => id("keys list", "/items/0/id"),
        "HELLO" => guest("hello_step").display().to_string(),
        word => word.to_owned(),
    };
    line.split(' ').map(word).collect()
}

/// Runs a command, and returns its exit code and output: everything in a terminal, otherwise standard output
/// and the rest.
fn run(shell: &Shell, arguments: &[String], way: Way) -> (Option<i32>, String, String) {
    let mut command = shell.command(arguments);
    command.env("TERM", "xterm-256color").env_remove("NO_COLOR");
    if matches!(way, Way::Pipe | Way::Json) {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that reads nothing may have ended.
        let _ = child.stdin.take().unwrap().write_all(b"hunter2\n");
        let output = child.wait_with_output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        return (output.status.code(), text(&output.stdout), text(&output.stderr));
    }
    let columns = if way == Way::Plain { 50 } else { 120 };
    if way == Way::Plain {
        command.env("NO_COLOR", "1");
    }
    let mut terminal = Terminal::start(command, columns).unwrap();
    if arguments.starts_with(&["secrets".to_owned(), "set".to_owned()]) {
        terminal.answer("token: ", "hunter2\n").unwrap();
    }
    let (status, screen) = terminal.end().unwrap();
    (status.code(), screen, String::new())
}

fn session(way: Way) {
    let shell = shell();
    for (line, expected) in SESSION {
        let mut arguments = resolved(&shell, line);
        let takes_output =
            leaf(line).is_some_and(|leaf| leaf.get_arguments().any(|arg| arg.get_id() == "output"));
        if way == Way::Json {
            if !takes_output {
                continue;
            }
            arguments.extend(["--output", "json"].map(str::to_owned));
        }
        let (code, out, errors) = run(&shell, &arguments, way);
        let told = format!("{way:?}: {line}: {code:?}\n{out}\n{errors}");
        assert_eq!(code, Some(*expected), "{told}");
        assert!(!out.contains("panicked") && !errors.contains("panicked"), "{told}");
        assert!(!out.contains("hunter2"), "a secret is shown: {told}");
        // Scripts and manual pages belong to libraries.
        let drawn = |text: &str| text.chars().any(|c| matches!(c, '\u{2500}'..='\u{257f}' | '\u{fffd}'));
        assert!(!drawn(&out) && !drawn(&errors), "{told}");
        match way {
            Way::Terminal => {}
            Way::Plain => assert!(!coloured(&out), "{told}"),
            Way::Pipe => assert!(!out.contains('\u{1b}') && !errors.contains('\u{1b}'), "{told}"),
            Way::Json if out.is_empty() => {}
            Way::Json => {
                drop(serde_json::from_str::<Value>(&out).unwrap_or_else(|error| panic!("{error}: {told}")))
            }
        }
    }
}

/// Returns whether a text sets a color or a weight.
fn coloured(text: &str) -> bool {
    text.split("\u{1b}[").skip(1).any(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != ';');
        let parameters = end.map_or("", |end| &rest[..end]);
        end.is_some_and(|end| rest[end..].starts_with('m')) && !matches!(parameters, "" | "0")
    })
}

/// Returns the command that a line names.
fn leaf(line: &str) -> Option<clap::Command> {
    let mut command = stepwell_server::command_tree();
    for word in line.split(' ') {
        match command.find_subcommand(word) {
            Some(below) => command = below.clone(),
            None => break,
        }
    }
    (!command.has_subcommands()).then_some(command)
}

#[test]
fn every_command_runs_in_a_terminal() {
    session(Way::Terminal);
}

#[test]
fn every_command_runs_in_a_narrow_terminal_without_colours() {
    session(Way::Plain);
}

#[test]
fn every_command_runs_through_a_pipe() {
    session(Way::Pipe);
}

#[test]
fn every_command_that_shows_something_shows_it_as_json() {
    session(Way::Json);
}

#[test]
fn the_session_has_every_command() {
    fn names(command: &clap::Command, above: &str, found: &mut BTreeSet<String>) {
        for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
            let name = format!("{above}{}", below.get_name());
            match below.has_subcommands() {
                true => names(below, &format!("{name} "), found),
                false => drop(found.insert(name)),
            }
        }
    }
    let mut all = BTreeSet::new();
    names(&stepwell_server::command_tree(), "", &mut all);
    all.retain(|name| !ELSEWHERE.contains(&name.as_str()));
    let missing: Vec<&String> = all
        .iter()
        .filter(|name| {
            !SESSION.iter().any(|(line, _)| *line == name.as_str() || line.starts_with(&format!("{name} ")))
        })
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The progress of a run, its log and its summary do not run into each other.
#[test]
fn a_run_in_a_terminal_ends_with_its_summary() {
    let (code, screen, _) = run(&shell(), &["run", "job.yaml"].map(str::to_owned), Way::Terminal);
    assert_eq!(code, Some(0), "{screen}");
    let last = screen.trim_end().lines().last().unwrap_or_default();
    assert!(last.starts_with("run exec_") && last.contains(": success in "), "{screen}");
    assert!(coloured(&screen), "{screen}");
}
