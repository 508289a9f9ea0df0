//! docs/api-examples.md, run against a service: one request for each operation of the API.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;
use stepwell::legacy::bolt::Reading;
use stepwell::legacy::locks::BoltLocks;
use stepwell_tests::{guest, root};

use crate::cli::Shell;
use crate::pages::{Block, blocks, command, differs, has};
use crate::server::Server;

const PAGE: &str = "docs/api-examples.md";

/// The statuses of success of each operation, by its method and path.
type Operations = BTreeMap<String, Vec<u16>>;

fn operations(openapi: &Value) -> Operations {
    let mut found = Operations::new();
    for (path, item) in openapi["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let statuses = operation["responses"].as_object().unwrap().keys();
            let good =
                statuses.map(|status| status.parse().unwrap()).filter(|status| *status < 300).collect();
            found.insert(format!("{} {path}", method.to_uppercase()), good);
        }
    }
    found
}

/// The operation of a request.
fn operation_of<'o>(operations: &'o Operations, method: &str, url: &str) -> Option<(&'o str, &'o [u16])> {
    let path = url.split_once("://")?.1.split_once('/')?.1.split('?').next()?;
    let fits = |template: &str| {
        let (template, path): (Vec<&str>, Vec<&str>) =
            (template.split('/').collect(), path.split('/').collect());
        template.len() == path.len() && template.iter().zip(&path).all(|(t, p)| t == p || t.starts_with('{'))
    };
    // `jobs/execute` is not the job `execute`: the path with the fewest parameters matches.
    let known = operations.iter().filter(|(name, _)| {
        name.strip_prefix(method).is_some_and(|rest| fits(rest.trim_start().trim_start_matches('/')))
    });
    let (name, statuses) = known.min_by_key(|(name, _)| name.matches('{').count())?;
    Some((name, statuses))
}

/// Returns the operations that the page announces, with the status that it names, and the line of each.
fn announced() -> Vec<(String, u16, usize)> {
    let text = fs::read_to_string(root().join(PAGE)).unwrap();
    let heading = |(number, line): (usize, &str)| {
        let (name, rest) = line.strip_prefix("**`")?.split_once("`** (")?;
        Some((name.to_owned(), rest.split_once(')')?.0.parse().unwrap(), number + 1))
    };
    text.lines().enumerate().filter_map(heading).collect()
}

/// Runs examples as a shell does, one after another.
struct Reader<'s> {
    server: &'s Server,
    operations: Operations,
}

impl Reader<'_> {
    /// Returns the responses to the calls of a block: status, method and URL of each.
    fn calls(&self, block: &Block) -> Vec<(u16, String, String)> {
        let shell = &self.server.shell;
        let recording = "set -a; touch variables; . ./variables
curl() { command curl -sS -o body -w '%{http_code} %{method} %{url_effective}\\n' \"$@\" >> calls; cat body; }
";
        let _ = fs::remove_file(shell.path("calls"));
        let script = format!("{recording}{}\nunset -f curl; export -p > variables", block.text);
        let mut bash = command("bash", &shell.path("."));
        bash.env("STEPWELL", format!("http://{}", self.server.address)).env("KEY", &self.server.token);
        let output = bash.args(["-c", &script]).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(errors, "", "{PAGE}:{}", block.line);
        let calls = fs::read_to_string(shell.path("calls")).unwrap_or_default();
        let call = |line: &str| {
            let mut parts = line.splitn(3, ' ').map(str::to_owned);
            (parts.next().unwrap().parse().unwrap(), parts.next().unwrap(), parts.next().unwrap())
        };
        calls.lines().map(call).collect()
    }

    /// Returns where the last body differs from the page, if it does.
    fn differs(&self, shown: &Block) -> Option<String> {
        let body = fs::read_to_string(self.server.shell.path("body")).unwrap();
        let place = format!("{PAGE}:{}", shown.line);
        let found = serde_json::from_str(&body).unwrap_or_else(|_| panic!("{place}: {body}"));
        let differs = differs(&serde_json::from_str(&shown.text).unwrap(), &found, "")?;
        Some(format!("{place}: {differs}: {body}"))
    }

    /// Runs a block until the response to its last call matches the page, because an effect may take a
    /// moment. Returns the operation of that call.
    fn run(&self, block: &Block, shown: Option<&Block>) -> String {
        let (begun, place) = (Instant::now(), format!("{PAGE}:{}", block.line));
        loop {
            let calls = self.calls(block);
            let (status, method, url) = calls.last().unwrap_or_else(|| panic!("{place}: no request"));
            let known = operation_of(&self.operations, method, url);
            let (name, good) = known.unwrap_or_else(|| panic!("{place}: no operation {method} {url}"));
            let wanted = if block.info.is_empty() { good[0] } else { block.info.parse().unwrap() };
            assert!(wanted >= 400 || good.contains(&wanted), "{place}: {wanted} of {name}");
            let told = match *status == wanted {
                true => match shown.and_then(|shown| self.differs(shown)) {
                    None => return name.to_owned(),
                    // A call with an effect is not repeated.
                    Some(told) if method != "GET" => panic!("{told}"),
                    Some(told) => told,
                },
                false => fs::read_to_string(self.server.shell.path("body")).unwrap_or_default(),
            };
            assert!(begun.elapsed() < Duration::from_secs(120), "{place}: {status} {told}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

#[tokio::test]
async fn every_operation_has_an_example_that_works() {
    if !has("curl") || !has("jq") {
        return;
    }
    let blocks = blocks(PAGE);
    let off = ["azure_devops", "data_processing", "http", "powershell", "sql"];
    let off: String = off.map(|step| format!("  {step}: {{enabled: false}}\n")).concat();
    let policy = &blocks.iter().find(|block| block.info == "policy.yaml").unwrap().text;
    let config = &blocks.iter().find(|block| block.info == "stepwell.yaml").unwrap().text;
    let config = format!("{config}\nstep_types:\n{off}");
    let shell = Shell::new().file("policy.yaml", policy).file("stepwell.yaml", &config);
    BoltLocks::at(shell.path("atlantis.db"), Reading::Locked).create().await.unwrap();
    let mut hello = fs::read(guest("hello_step")).unwrap();
    fs::write(shell.path("hello_step.wasm"), &hello).unwrap();
    // The same step as another component: with a custom section without effect.
    hello.extend([0, 3, 1, b'x', 0]);
    fs::write(shell.path("hello_step_2.wasm"), &hello).unwrap();
    let server = Server::start_plain(shell, &["--policy", "policy.yaml", "--config", "stepwell.yaml"]);
    let operations = operations(&server.get("/api/v2/openapi.json").await.json());
    let announced = announced();
    let reader = Reader { server: &server, operations: operations.clone() };
    let mut called = BTreeMap::new();
    for (i, block) in
        blocks.iter().enumerate().filter(|(_, block)| block.language == "sh" && block.reason().is_none())
    {
        let shown = blocks.get(i + 1).filter(|next| next.language == "json");
        called.insert(block.line, reader.run(block, shown));
    }
    for (name, status, line) in &announced {
        let good = operations.get(name).unwrap_or_else(|| panic!("{PAGE}:{line}: there is no `{name}`"));
        assert_eq!(*status, good[0], "{PAGE}:{line}: the success of `{name}`");
        let (_, example) = called.range(line..).next().unwrap();
        assert_eq!(example, name, "{PAGE}:{line}: the example that follows is of another operation");
    }
    let without: Vec<&String> =
        operations.keys().filter(|name| !announced.iter().any(|(found, ..)| found == *name)).collect();
    assert!(without.is_empty(), "no example of {without:?}");
}
