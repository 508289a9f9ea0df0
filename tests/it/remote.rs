//! The command as a client of a remote service, by its address and a key.

use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use stepwell_tests::guest;

use crate::cli::Shell;
use crate::server::Server;

/// A person at another machine: a directory, and only the address and a key of the service.
struct Person {
    shell: Shell,
    address: String,
}

struct Told {
    code: Option<i32>,
    out: String,
    errors: String,
}

impl Told {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.out, self.errors))
    }
}

impl Person {
    fn of(server: &Server) -> Self {
        let shell = Shell::new().file("key", &format!("{}\n", server.token));
        let key = shell.path("key");
        Self { shell: shell.env("STEPWELL_KEY_FILE", key), address: format!("http://{}", server.address) }
    }

    fn with(mut self, name: &str, content: &str) -> Self {
        self.shell = self.shell.file(name, content);
        self
    }

    fn says(&self, line: &str) -> Told {
        self.writes(line, "")
    }

    fn writes(&self, line: &str, input: &str) -> Told {
        let mut arguments: Vec<String> = line.split(' ').map(str::to_owned).collect();
        arguments.extend(["--server".to_owned(), self.address.clone()]);
        let mut command = self.shell.command(&arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Told { code: output.status.code(), out: text(output.stdout), errors: text(output.stderr) }
    }

    /// Runs a line that must succeed, and returns its output.
    fn does(&self, line: &str) -> Told {
        let told = self.says(line);
        assert_eq!(told.code, Some(0), "{line}: {}\n{}", told.out, told.errors);
        told
    }

    fn first(&self, list: &str, pointer: &str) -> String {
        let found = self.does(&format!("{list} --output json")).json();
        found.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{list}: {found}")).to_owned()
    }
}

const ECHO: &str = "{id: echo, vars: {word: hello}, schedule: {cron: '0 2 * * *'}, steps: [{id: a, type: probe, case: echo, text: '${{ vars.word }}'}]}";
const FAILS: &str = "id: fails\nsteps:\n- {id: a, type: probe, case: panic, text: why}\n";
const ASKS: &str = "{id: asks, steps: [{id: a, type: approval, message: 'May I?'}]}";
const SLOW: &str = "{id: slow, steps: [{id: l, type: probe, case: log, count: 1, text: first}, {id: w, type: wait, for: 600}]}";

#[test]
fn an_operator_works_with_an_address_and_a_key() {
    let server = Server::start(Shell::new());
    let person = Person::of(&server).with("echo.yaml", ECHO).with("fails.yaml", FAILS);
    std::fs::create_dir(person.shell.path("jobs")).unwrap();
    let person = person.with("jobs/asks.yaml", ASKS).with("jobs/slow.yaml", SLOW);

    // Jobs, from files, a folder and standard input.
    assert_eq!(person.does("validate echo.yaml jobs").out.lines().count(), 3);
    person.does("jobs put echo.yaml jobs");
    assert_eq!(person.writes("jobs put -", FAILS).code, Some(0));
    assert_eq!(person.does("jobs list --output json").json()["items"].as_array().unwrap().len(), 4);
    assert!(person.does("jobs show echo").out.starts_with("id: echo\n"));
    assert!(person.does("schedules preview echo --count 2").out.contains("02:00:00"));
    assert!(person.does("schedules preview echo.yaml --count 2").out.contains("02:00:00"));

    // Runs: waited for, followed, failed, explained, run again.
    let view = person.does("jobs run echo --var word=there --wait --output json").json();
    assert_eq!((&view["status"], &view["steps"][0]["value"]), (&"success".into(), &"there".into()));
    let failed = person.says("jobs run fails --follow");
    assert_eq!(failed.code, Some(1), "{}", failed.errors);
    let id = person.first("runs list --status failed", "/items/0/execution_id");
    assert!(person.does(&format!("explain {id}")).out.contains("fix:"));
    let again = person.says("dead-letters redrive --all --wait");
    assert_eq!(again.code, Some(1), "it fails again: {}", again.out);
    let here = person.says("run echo.yaml --show-output a");
    assert_eq!((here.code, here.out.as_str()), (Some(0), "\"hello\"\n"), "{}", here.errors);

    // An approval, and a followed run that is cancelled.
    person.does("jobs run asks");
    let asking = (0..100).find_map(|_| {
        std::thread::sleep(Duration::from_millis(100));
        let found = person.does("approvals list --output json").json();
        found.pointer("/items/0/execution_id").and_then(Value::as_str).map(str::to_owned)
    });
    let asking = asking.expect("the run asks for an approval");
    assert!(person.does(&format!("approvals approve {asking} a --comment fine")).out.contains("approved"));
    person.does(&format!("runs wait {asking}"));
    let slow = person.does("jobs run slow").out.trim().to_owned();
    let told = std::thread::scope(|scope| {
        let following = scope.spawn(|| person.says(&format!("runs logs {slow} --follow")));
        std::thread::sleep(Duration::from_secs(1));
        assert!(person.does(&format!("runs cancel {slow} --wait --reason enough")).out.contains("cancelled"));
        following.join().unwrap()
    });
    assert!(told.code == Some(130) && told.out.contains("first n=0"), "{:?} {}", told.code, told.out);

    // Steps, queues and keys.
    person.does(&format!("steps register {}", guest("hello_step").display()));
    assert!(person.does("steps list").out.contains("hello"));
    assert!(person.does("steps inspect hello").out.contains("(active)"));
    person.does("queues pause UTC --reason upgrade");
    assert!(person.does("queues list").out.contains("upgrade"));
    person.does("queues resume UTC");
    let viewer = person.does("keys create guest").out;
    let person = person.with("key", &viewer);
    let refused = person.says("queues pause UTC");
    assert!(
        refused.code == Some(2) && refused.errors.contains("needs the role operator"),
        "{}",
        refused.errors
    );
    person.does("runs list");
    assert!(!person.shell.path("data").exists(), "nothing was stored at the person's machine");
}

/// The JSON of a command is the same for a service and for a local store.
#[test]
fn the_same_command_says_the_same_here_and_there() {
    let server = Server::start(Shell::new());
    let person = Person::of(&server).with("echo.yaml", ECHO);
    person.does("jobs put echo.yaml");
    person.does("jobs run echo --wait");
    let run = person.first("runs list", "/items/0/execution_id");
    for line in [
        "jobs list",
        "jobs show echo",
        "runs list",
        &format!("runs show {run}"),
        &format!("runs logs {run}"),
        &format!("runs receipts {run}"),
        &format!("explain {run}"),
        "schedules show echo",
        "ledger",
        "backfills list",
        "dead-letters list",
        "approvals list",
        "keys list",
        "steps inspect sql",
        "metrics",
    ] {
        let there = person.does(&format!("{line} --output json")).json();
        let arguments: Vec<String> = line.split(' ').chain(["--output", "json"]).map(str::to_owned).collect();
        let output = server.shell.command(&arguments).output().unwrap();
        let here: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!(here, there, "{line}");
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place_and_its_fix() {
    let server = Server::start(Shell::new());
    let person = Person::of(&server)
        .with("broken.yaml", "id: x\nstepz: []\nsteps: [{id: s, type: sgl}]\n")
        .with("echo.yaml", ECHO)
        .with("empty", "");
    std::fs::create_dir(person.shell.path("none")).unwrap();
    for (line, code, said) in [
        ("validate broken.yaml", 2, "--> broken.yaml:2:1\n  |\n2 | stepz: []"),
        ("jobs put echo.yaml broken.yaml", 2, "did you mean `steps`?"),
        ("run broken.yaml", 2, "--> broken.yaml:2:"),
        ("jobs put none", 2, "no .yaml, .yml or .json file is in this folder"),
        ("jobs put echo.yaml echo.yaml", 2, "two of the files hold the job `echo`"),
        ("jobs show nothing", 2, "there is no job `nothing`"),
        ("runs show exec_1", 2, "there is no run `exec_1`"),
        ("runs show ..", 2, "`..` is not a name"),
        ("runs artifacts exec_1 ../../../keys", 2, "`..` is not a name"),
        ("runs list --status odd", 2, "invalid value 'odd'"),
        ("run echo.yaml --var word=x", 2, "`stepwell jobs run --var`"),
        ("jobs list --policy policy.yaml", 2, "--policy is about this node"),
        ("jobs list --key-file empty", 2, "empty does not hold an API key"),
        ("jobs list --key-file nowhere", 2, "nowhere: No such file"),
    ] {
        let told = person.says(line);
        assert!(
            told.code == Some(code) && told.errors.contains(said),
            "{line}: {:?} {}",
            told.code,
            told.errors
        );
        assert!(told.out.is_empty(), "{line}: {}", told.out);
    }
    // The first of several jobs is not stored when the second is invalid.
    assert_eq!(person.does("jobs list --output json").json()["items"], serde_json::json!([]));
    drop(server);
    let told = person.says("jobs list");
    assert!(told.code == Some(3) && told.errors.contains("cannot be reached"), "{}", told.errors);
}

/// Answers each request on a port with these bytes, and returns the address.
fn answers(bytes: Vec<u8>) -> String {
    use std::io::Read;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = [0; 4096];
            let _ = stream.read(&mut head);
            let _ = stream.write_all(&bytes);
        }
    });
    address
}

/// The texts of a service reach the terminal without characters that control it, and a list whose pages
/// repeat ends.
#[test]
fn a_service_cannot_steer_the_terminal_of_its_client() {
    let answer = |status: &str, body: &str| {
        let length = body.len();
        let kind = "application/problem+json";
        format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
            .into_bytes()
    };
    let evil = "\u{1b}]0;x\u{7}\u{1b}[31m\u{202e}\u{9b}31m\r\nFAKE";
    let problem = serde_json::json!({"title": evil, "status": 422, "detail": evil,
        "errors": [{"severity": "error", "pointer": "", "line": 1, "column": 1, "message": evil, "help": evil}]});
    let person = |address: String| {
        let shell = Shell::new().file("key", "sw_00000000_AAAA\n");
        let key = shell.path("key");
        Person { shell: shell.env("STEPWELL_KEY_FILE", key), address: format!("http://{address}") }
    };
    let refused = person(answers(answer("422 Unprocessable Entity", &problem.to_string())));
    for line in ["runs list", "runs show x", "runs logs x", "jobs show x", "queues list"] {
        let told = refused.says(line);
        let shown = format!("{}{}", told.out, told.errors);
        assert_ne!(told.code, Some(0), "{line}: {shown}");
        assert!(shown.contains("FAKE"), "{line}: {shown}");
        let harmful = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!shown.contains(harmful), "{line}: {shown:?}");
    }
    let pages = person(answers(answer("200 OK", r#"{"items":[],"next_cursor":"x"}"#)));
    for line in ["runs list", "jobs list"] {
        let told = pages.says(line);
        assert_eq!(told.code, Some(3), "{line}: {} {}", told.out, told.errors);
        assert!(told.errors.contains("one page repeatedly"), "{line}: {}", told.errors);
    }
}
