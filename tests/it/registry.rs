//! Registered steps: the component that a name selects, and the component that a begun run keeps.

use stepwell::engine::store::Audit;
use stepwell::{Host, HostError, Registration};
use stepwell_tests::guest;

use crate::cli::Shell;
use crate::support::Site;

const GREETS: &str = "{id: greets, steps: [{id: s, type: hello, who: you}]}";

fn hello() -> Vec<u8> {
    std::fs::read(guest("hello_step")).unwrap()
}

/// Returns the same step as another component: with a custom section without effect.
fn hello_again() -> Vec<u8> {
    let mut wasm = hello();
    wasm.extend([0, 3, 1, b'x', 0]);
    wasm
}

/// Another host over the same store.
fn beside(host: &Host) -> Host {
    let data_dir = host.runs().workspace("x").ancestors().nth(3).unwrap().to_owned();
    Host::builder().data_dir(data_dir).build().unwrap()
}

fn audit(host: &Host) -> Audit {
    Audit {
        at: host.now(),
        by: "ann".to_owned(),
        name: String::new(),
        action: "step.register".to_owned(),
        target: String::new(),
        detail: String::new(),
    }
}

async fn register(host: &Host, wasm: Vec<u8>, force: bool) -> Result<String, HostError> {
    let how = Registration { force, replace: false };
    Ok(host.steps().register(wasm, how, audit(host)).await?.digest)
}

async fn component_of_a_run(host: &Host, job: &str) -> String {
    let job = host.parse("job.yaml", job).await.unwrap().job;
    let view = serde_json::to_value(host.run(job, Default::default()).await.unwrap()).unwrap();
    assert_eq!(view["status"], "success", "{view}");
    view["steps"][0]["receipt"]["component"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_host_over_a_store_knows_what_is_registered_there() {
    let site = Site::new().host().await;
    let digest = register(&site.host, hello(), false).await.unwrap();
    let other = beside(&site.host);
    assert_eq!(component_of_a_run(&other, GREETS).await, digest);
}

#[tokio::test]
async fn a_run_keeps_the_component_that_it_was_admitted_with() {
    let site = Site::new().host().await;
    let first = register(&site.host, hello(), false).await.unwrap();
    let job = site.host.parse("job.yaml", GREETS).await.unwrap().job;
    let admitted = site.host.runs().submit(job.clone(), Default::default()).await.unwrap();
    // One version is one component, unless the operator insists.
    let refused = register(&site.host, hello_again(), false).await.unwrap_err().to_string();
    assert!(refused.contains("raise the version"), "{refused}");
    let second = register(&site.host, hello_again(), true).await.unwrap();
    assert_ne!(first, second);
    // Another process, after the upgrade: it has neither component in memory.
    let later = beside(&site.host);
    assert_eq!(later.runs().get(&admitted).await.unwrap().run.components["hello"].digest, first);
    assert_eq!(component_of_a_run(&later, GREETS).await, second);
    assert_eq!(component_of_a_run(&later, &GREETS.replace("hello", &format!("hello@{first}"))).await, first);
    let back = later.steps().roll_back("hello", None, audit(&later)).await.unwrap();
    assert_eq!(back.digest, first);
    assert_eq!(component_of_a_run(&later, GREETS).await, first);
    let none = later.steps().roll_back("hello", None, audit(&later)).await.unwrap_err().to_string();
    assert!(none.contains("there is no earlier one"), "{none}");
}

#[tokio::test]
async fn built_in_steps_and_reserved_vendors_are_not_taken() {
    let site = Site::new().config("vendors: {acme: {registered_by: [ci]}}").host().await;
    let wait = std::fs::read(guest("wait")).unwrap();
    let refused = register(&site.host, wait, true).await.unwrap_err().to_string();
    assert!(refused.contains("comes with the service"), "{refused}");
    let refused = site.host.steps().remove("sql", false, audit(&site.host)).await.unwrap_err().to_string();
    assert!(refused.contains("`sql` is a built-in step and cannot be removed"), "{refused}");
    let refused =
        site.host.steps().roll_back("acme/x", None, audit(&site.host)).await.unwrap_err().to_string();
    assert!(refused.contains("only ci may change"), "{refused}");
}

#[test]
fn a_step_that_stored_jobs_need_is_not_removed() {
    let shell = Shell::new()
        .file("job.yaml", GREETS)
        .file("other.yaml", "{id: o, steps: [{id: s, type: wait, for: 0}]}");
    let wasm = guest("hello_step").display().to_string();
    std::fs::write(shell.path("again.wasm"), hello_again()).unwrap();
    let again = shell.path("again.wasm").display().to_string();
    let first = stepwell::sandbox::digest(&hello());
    let pinned = GREETS.replace("hello", &format!("hello@{first}")).replace("id: greets", "id: pinned");
    let shell = shell.file("pinned.yaml", &pinned);
    let ask = |line: &str| {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let output = shell.command(&arguments).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    let version = format!("hello@{first}");
    for (command, exit, said) in [
        (format!("steps register {wasm}"), 0, "registered"),
        ("jobs put other.yaml".to_owned(), 0, ""),
        ("jobs put pinned.yaml".to_owned(), 0, ""),
        (format!("steps register {again} --force"), 0, "registered"),
        // A single version: the job that names it needs it.
        (format!("steps remove {version}"), 2, "pinned, step s: there is no other component of"),
        ("jobs delete pinned".to_owned(), 0, ""),
        ("jobs put job.yaml".to_owned(), 0, ""),
        // A job without a version gets the other one.
        (format!("steps remove {version}"), 0, "removed"),
        ("steps remove hello".to_owned(), 2, "1 step of stored jobs would not run without it"),
        ("steps remove hello --force".to_owned(), 0, "removed"),
        ("validate job.yaml".to_owned(), 2, "hello"),
    ] {
        let (code, told) = ask(&command);
        assert!(code == exit && told.contains(said), "{command}: {code} {told}");
    }
}

#[test]
fn every_command_knows_registered_steps_and_two_files_of_one_type_are_an_error() {
    let shell = Shell::new().file("job.yaml", GREETS).file("two.yaml", &GREETS.replace("hello", "hello@2"));
    let wasm = guest("hello_step").display().to_string();
    let ask = |arguments: &[&str]| {
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let output = shell.command(&arguments).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    };
    assert_eq!(ask(&["validate", "job.yaml"]).0, Some(2));
    assert_eq!(ask(&["steps", "register", &wasm]).0, Some(0));
    for arguments in [
        &["validate", "job.yaml"][..],
        &["policy", "show", "job.yaml"],
        &["steps", "inspect", "hello"],
        &["steps", "list"],
        &["run", "job.yaml"],
    ] {
        let (code, text) = ask(arguments);
        assert!(code == Some(0) && text.contains("hello"), "{arguments:?}: {text}");
    }
    let (code, text) = ask(&["validate", "two.yaml"]);
    assert!(code == Some(2) && text.contains("there is no version `2`"), "{text}");
    assert!(text.contains("known versions: 0.1.0 (active)"), "{text}");
    std::fs::write(shell.path("again.wasm"), hello_again()).unwrap();
    let again = shell.path("again.wasm").display().to_string();
    let (code, text) = ask(&["steps", "list", "--step", &wasm, "--step", &again]);
    assert!(code == Some(2) && text.contains("two files are the step type `hello`"), "{text}");
}
