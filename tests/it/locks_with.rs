//! The commands of `stepwell locks`: over the store of a node and against a service, in a terminal and through a pipe.

use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use stepwell_tests::terminal::Terminal;

use crate::cli::Shell;
use crate::server::Server;

/// A way to the locks: the store of this node, or a service.
struct Way {
    shell: Shell,
    name: &'static str,
    _server: Option<Server>,
}

fn ways() -> [Way; 2] {
    let server = Server::start(Shell::new());
    let remote = Shell::new()
        .env("STEPWELL_SERVER", format!("http://{}", server.address))
        .env("STEPWELL_API_KEY", &server.token);
    [
        Way { shell: Shell::new(), name: "this node", _server: None },
        Way { shell: remote, name: "a service", _server: Some(server) },
    ]
}

impl Way {
    fn start(&self, arguments: &[&str]) -> Child {
        let arguments: Vec<String> = arguments.iter().map(|a| (*a).to_owned()).collect();
        let mut command = self.shell.command(&arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.shell.run(&[arguments, &["--output", "json"]].concat());
        let told = format!("{}: {arguments:?}: {}", self.name, text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {told}"))
    }

    /// Waits until a lock has this number of holders and of waiting requests.
    fn until(&self, name: &str, holders: usize, waiting: u64) {
        let begun = Instant::now();
        loop {
            let rows = self.json(&["locks", "list"]);
            let row = rows["items"].as_array().unwrap().iter().find(|row| row["name"] == name).cloned();
            let row = row.unwrap_or_default();
            if row["holders"].as_u64().unwrap_or(0) == holders as u64
                && row["waiting"].as_u64().unwrap_or(0) == waiting
            {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{}: {rows}", self.name);
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn signal(child: &Child, name: &str) {
    let status =
        std::process::Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status();
    assert!(status.unwrap().success());
}

fn told(output: &Output) -> (Option<i32>, String, String) {
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_command_runs_with_its_locks_and_its_exit_code_is_returned() {
    for way in ways() {
        let script =
            "echo $STEPWELL_LOCK_TOKEN $STEPWELL_LOCK_TOKEN_DEPLOY_PROD $STEPWELL_LOCK_TOKENS; exit 7";
        let output = way.shell.run(&["locks", "with", "deploy-prod", "db", "--", "sh", "-c", script]);
        assert_eq!(told(&output), (Some(7), "1 1 {\"deploy-prod\":1,\"db\":2}\n".to_owned(), String::new()));
        way.until("deploy-prod", 0, 0);
        // A command that another one runs belongs to the same session, so it does not wait for itself.
        let binary = env!("CARGO_BIN_EXE_stepwell-under-test");
        let inner = ["locks", "with", "db", "--", binary, "locks", "acquire", "db", "--wait", "60s"];
        let (code, _, errors) = told(&way.shell.run(&inner));
        assert_eq!(code, Some(2), "{}: {errors}", way.name);
        assert!(errors.contains("this session holds `db` already"), "{errors}");
        for (arguments, code, expected) in [
            (&["locks", "with", "db", "--", "no-such-program"][..], 2, "`no-such-program` cannot be started"),
            (&["locks", "with", "db", "--lease", "1s", "--", "true"], 2, "must last from 3 seconds"),
            (&["locks", "with", "db", "--output", "json", "--", "true"], 2, "leave out `--output json`"),
            (&["locks", "with", "../db", "--", "true"], 2, "must not contain `..`"),
            (&["locks", "with", "db", "--", "sh", "-c", "kill -9 $$"], 137, ""),
        ] {
            let (found, _, errors) = told(&way.shell.run(arguments));
            assert!(found == Some(code) && errors.contains(expected), "{arguments:?}: {found:?} {errors}");
        }
        way.until("db", 0, 0);
    }
}

#[test]
fn two_commands_take_turns() {
    for way in ways() {
        let mut first = way.start(&["locks", "with", "db", "--reason", "first", "--", "sleep", "60"]);
        way.until("db", 1, 0);
        let (code, _, errors) = told(&way.shell.run(&["locks", "with", "db", "--", "true"]));
        assert_eq!(code, Some(2), "{errors}");
        assert!(errors.contains("not all locks are free"), "{errors}");
        let second = way.start(&["locks", "with", "db", "--wait", "60s", "--", "echo", "second"]);
        way.until("db", 1, 1);
        // The signal goes to the command, whose exit code is that of a shell.
        signal(&first, "TERM");
        assert_eq!(first.wait().unwrap().code(), Some(143), "{}", way.name);
        let (code, out, errors) = told(&second.wait_with_output().unwrap());
        assert_eq!((code, out.as_str()), (Some(0), "second\n"), "{errors}");
        assert!(errors.contains("holds `db`; 0 requests in front"), "{errors}");
        // A wait that a signal ends leaves the queue.
        let held = way.start(&["locks", "with", "db", "--", "sleep", "60"]);
        way.until("db", 1, 0);
        let mut waiting = way.start(&["locks", "acquire", "db", "--wait", "10m"]);
        way.until("db", 1, 1);
        signal(&waiting, "INT");
        assert_eq!(waiting.wait().unwrap().code(), Some(130));
        way.until("db", 1, 0);
        signal(&held, "INT");
        assert_eq!(held.wait_with_output().unwrap().status.code(), Some(130));
    }
}

#[test]
fn a_command_whose_lock_is_lost_ends() {
    for way in ways() {
        // It ignores SIGTERM, and so do its children.
        let stubborn = "trap '' TERM; echo began; sleep 60 & wait; sleep 60";
        let with = ["locks", "with", "db", "--lease", "3s", "--grace", "1s", "--", "sh", "-c", stubborn];
        let running = way.start(&with);
        way.until("db", 1, 0);
        // The lease is renewed.
        std::thread::sleep(Duration::from_secs(5));
        way.until("db", 1, 0);
        let forced = way.shell.run(&["locks", "force-release", "db", "--reason", "stuck"]);
        assert_eq!(forced.status.code(), Some(0), "{}", text(&forced.stderr));
        let (code, out, errors) = told(&running.wait_with_output().unwrap());
        assert_eq!((code, out.as_str()), (Some(3), "began\n"), "{}: {errors}", way.name);
        for expected in ["the locks were taken away", "has not ended within 1 s, and is killed"] {
            assert!(errors.contains(expected), "{errors}");
        }
        let events = way.json(&["locks", "events", "db", "--kind", "forced"]);
        assert!(events["items"][0]["detail"].as_str().unwrap().ends_with(": stuck"), "{events}");
    }
}

#[test]
fn a_command_ends_within_its_lease_when_the_service_is_gone() {
    let server = Server::start(Shell::new());
    let shell = Shell::new()
        .env("STEPWELL_SERVER", format!("http://{}", server.address))
        .env("STEPWELL_API_KEY", &server.token);
    let way = Way { shell, name: "a service", _server: None };
    let running = way.start(&["locks", "with", "db", "--lease", "6s", "--", "sleep", "60"]);
    way.until("db", 1, 0);
    let begun = Instant::now();
    drop(server);
    let (code, _, errors) = told(&running.wait_with_output().unwrap());
    assert_eq!(code, Some(3), "{errors}");
    assert!(errors.contains("the leases cannot be renewed: "), "{errors}");
    assert!(errors.contains("the leases are about to end, and cannot be renewed: "), "{errors}");
    // The lease was renewed shortly before, and the last request to end the ticket takes up to 5 s.
    assert!(begun.elapsed() < Duration::from_secs(6 + 5 + 3), "{:?}", begun.elapsed());
}

#[test]
fn a_command_in_a_terminal_reads_from_it() {
    let way = &ways()[0];
    let script = "printf 'name? '; read name; echo \"hello $name, token $STEPWELL_LOCK_TOKEN\"";
    let arguments = ["locks", "with", "db", "--", "sh", "-c", script].map(str::to_owned);
    let mut terminal = Terminal::start(way.shell.command(&arguments), 80).unwrap();
    terminal.answer("name? ", "ann\n").unwrap();
    let (status, screen) = terminal.end().unwrap();
    assert!(status.success(), "{screen}");
    assert!(screen.contains("hello ann, token 1"), "{screen}");
}

#[test]
fn the_commands_show_what_the_api_answers() {
    for way in ways() {
        let ticket = way.json(&["locks", "acquire", "a", "b", "--lease", "1h", "--reason", "test"]);
        assert_eq!(ticket["state"], "held", "{ticket}");
        let token = ticket["held"][0]["token"].to_string();
        let shown = |arguments: &[&str], code: i32| {
            let (found, out, errors) = told(&way.shell.run(arguments));
            assert_eq!(found, Some(code), "{}: {arguments:?}: {out}{errors}", way.name);
            out
        };
        assert!(shown(&["locks", "show", "a"], 0).starts_with("a: exclusive, last token 1\n\nTOKEN"));
        assert!(shown(&["locks", "check", "a", &token], 0).contains("token 1 holds it until"));
        assert!(shown(&["locks", "check", "a", "77"], 1).contains("does not hold `a`"));
        assert!(shown(&["locks", "extend", "a", &token, "--lease", "2h"], 0).contains("held with token 1"));
        assert!(shown(&["locks", "release", "a", &token], 0).contains("a: released"));
        let id = ticket["ticket"].as_str().unwrap();
        assert!(shown(&["locks", "cancel", id], 0).contains("released"));
        assert!(shown(&["locks", "deadlocks"], 0).contains("no deadlock"));
        let events = shown(&["locks", "events", "--limit", "3"], 0);
        assert!(events.contains("released") && events.contains("extended"), "{events}");
        // Events arrive as they happen.
        let following = way.start(&["locks", "events", "--follow", "--after", "0", "--output", "json"]);
        std::thread::sleep(Duration::from_secs(3));
        signal(&following, "INT");
        let output = following.wait_with_output().unwrap();
        let first: Value = serde_json::from_str(text(&output.stdout).lines().next().unwrap()).unwrap();
        assert_eq!((&first["number"], &first["kind"]), (&1.into(), &"acquired".into()), "{}", way.name);
        assert_eq!(output.status.code(), Some(130));
    }
}
