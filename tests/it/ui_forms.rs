//! The forms of the web UI: their fields, the status of a refused one, the message after a change, and the words of
//! counts.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use stepwell_tests::root;

use crate::cli::Shell;
use crate::person::Person;
use crate::server::{Reply, Server, until};
use crate::ui_errors::named;

const JOB: &str = "id: etl\nsteps:\n  - {id: w, type: wait, for: 0}\n";
const WRONG: &str = "id: etl\nsteps:\n  - {id: w, type: wait, fro: 0}\n";

/// The addresses to which the forms of a project send, besides the buttons of operations.
fn forms() -> Vec<String> {
    let all = stepwell_server::ui_addresses().into_iter().filter(|(method, ..)| *method == "post");
    let of_project = all.filter_map(|(_, path, _)| path.strip_prefix("/ui/p/{project}").map(named));
    let forms: Vec<String> = of_project.filter(|path| !path.starts_with("/do/")).collect();
    assert!(forms.len() > 10, "{forms:?}");
    forms
}

/// Makes a dead letter.
async fn fail(server: &Server, id: &str) -> String {
    let step = json!({"id": "s", "type": "wait", "until": format!("${{{{ '{id}' }}}}")});
    let reply = server.post("/api/v2/jobs/execute", &json!({"job": {"id": id, "steps": [step]}})).await;
    let run = reply.json()["execution_id"].as_str().unwrap_or_else(|| panic!("{reply:?}")).to_owned();
    let letter = async || server.get(&format!("/api/v2/dead-letters/{run}")).await.status;
    until("it is a dead letter", letter, |status| *status == 200).await;
    run
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_takes_its_own_fields_only_and_names_them() {
    let server = Server::start(Shell::new());
    let person = Person::log_in(&server, &server.token).await;
    for form in forms() {
        let reply = person.post(&form, &[("expires", "")]).await;
        assert_eq!(reply.status, 422, "{form}: {reply:?}");
        assert!(reply.body.contains("this form has no field `expires`: it has "), "{form}: {reply:?}");
    }
    for (form, fields, problem) in [
        (
            "/access/keys",
            &[("name", "a"), ("role", "viewer"), ("expires", "2030-01-01T00:00")][..],
            "it has `name`, `role`, `projects`, `jobs`, `expires_at`",
        ),
        ("/access/keys", &[("name", "a"), ("role", "viewer"), ("role", "admin")], "the field `role`"),
        ("/connections/w/test", &[("name", "a")], "it has none"),
        ("/jobs/etl/run", &[("variable:a", "1")], "it has `var:NAME`, `priority`"),
        ("/do/pauseQueue", &[("_parameter", "UTC"), ("_then", "x")], "no field `_then`"),
        ("/do/resumeQueue", &[("_parameter", "UTC"), ("reason", "")], "no field `reason`: it has none"),
        ("/do/pauseQueue", &[("_parameter", "UTC"), ("until", "")], "no field `until`: it has `reason`"),
        (
            "/do/createKey",
            &[("name", "a"), ("role", "viewer"), ("expires", "")],
            "no field `expires`: it has ",
        ),
    ] {
        let reply = person.post(form, fields).await;
        assert!(reply.status == 422 && reply.body.contains(problem), "{form} {fields:?}: {reply:?}");
    }
    let login =
        server.raw("POST", "/ui/login", &[FORM], &format!("key={}&keep=1", server.token)).await.unwrap();
    assert!(login.status == 422 && login.body.contains("it has `key`, `next`"), "{login:?}");
    let keys = server.get("/api/v2/keys").await.json();
    assert_eq!(keys["items"].as_array().unwrap().len(), 1, "a refused form changes nothing: {keys}");
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_form_has_the_status_of_its_problem_and_keeps_its_content() {
    let server = Server::start(Shell::new());
    let dead = fail(&server, "dead").await;
    let person = Person::log_in(&server, &server.token).await;
    let redrive = format!("/dead-letters/{dead}/redrive");
    for (form, fields, status, shown) in [
        ("/access/keys", &[("name", "bob"), ("role", "king")][..], 422, "value=\"bob\""),
        (
            "/access/keys",
            &[("name", "bob"), ("role", "viewer"), ("expires_at", "soon")],
            422,
            "the end of the key is not a date and a time",
        ),
        ("/policies/preview", &[("job", "id: [")], 422, "id: ["),
        ("/policies/preview", &[("job", JOB)], 200, "granted"),
        (&redrive, &[("job", WRONG)], 422, "fro: 0"),
        (&redrive, &[("job", JOB), ("from_start", "yes")], 422, "`from_start` must be"),
        ("/editor/save", &[("text", WRONG)], 422, "fro: 0"),
        ("/editor/try", &[("text", WRONG)], 422, "fro: 0"),
        (
            "/editor/form",
            &[("text", JOB), ("edit", "variable"), ("at", "/vars")],
            422,
            "a variable needs a name",
        ),
        ("/editor/form", &[("text", JOB), ("edit", "turn")], 422, "the form has no change"),
        ("/editor/form", &[("text", JOB)], 200, "id=\"builder\""),
        (
            "/editor/form",
            &[("text", JOB), ("value", "a"), ("type", "wait"), ("value", "b")],
            200,
            "id=\"builder\"",
        ),
    ] {
        let reply = person.post(form, fields).await;
        assert_eq!(reply.status, status, "{form} {fields:?}: {reply:?}");
        assert!(reply.body.contains(shown), "{form} {fields:?} lacks {shown}: {}", reply.body);
        assert!(status == 200 || reply.body.contains("role=\"alert\""), "{form} {fields:?}: {}", reply.body);
    }
    let plan = person.get("/backfills?job_id=none&from=2026-01-01&to=2026-01-02").await;
    assert!(plan.status == 404 && plan.body.contains("role=\"alert\""), "{plan:?}");
    // The page of a job shows the problem of its form.
    assert_eq!(server.request("PUT", "/api/v2/jobs/etl", &[YAML], JOB).await.status, 200);
    let shown = after(&person, &person.post("/jobs/etl/run", &[("priority", "urgent")]).await).await;
    assert!(shown.contains("the priority must be a number from 0 to 9"), "{shown}");
}

const YAML: (&str, &str) = ("content-type", "application/yaml");

/// Returns the page to which a change leads, with the message that it leaves.
async fn after(person: &Person<'_>, reply: &Reply) -> String {
    assert_eq!(reply.status, 303, "{reply:?}");
    let flash = reply.headers.lines().find(|line| line.contains("stepwell_flash=")).unwrap();
    let flash = flash.split_once("stepwell_flash=").unwrap().1.split(';').next().unwrap();
    let cookie = format!("{}; stepwell_flash={flash}", person.cookie);
    let next = reply.header("location").unwrap();
    // A part of a page that renews itself, in this window or another one, does not take the message.
    let part = [("cookie", cookie.as_str()), ("hx-request", "true")];
    let part = person.server.raw("GET", &next, &part, "").await.unwrap();
    assert!(!part.headers.contains("stepwell_flash") && !part.body.contains("data-flash"), "{part:?}");
    let page = person.server.raw("GET", &next, &[("cookie", &cookie)], "").await.unwrap();
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.headers.contains("stepwell_flash=;") && page.body.contains("data-flash"), "{page:?}");
    page.body
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_after_a_change_of_dead_letters_says_what_happened() {
    let server = Server::start(Shell::new());
    let person = Person::log_in(&server, &server.token).await;
    let mut letters = Vec::new();
    for id in ["a", "b", "c", "d"] {
        letters.push(fail(&server, id).await);
    }
    let one = person.page("/dead-letters?job_id=a", &["data-needs=\"ids\""]).await;
    assert!(one.contains("Nothing has changed: choose at least one dead letter first."), "{one}");
    let here = ("_next", "/ui/p/default/dead-letters");
    let [a, b, c, d] = <[String; 4]>::try_from(letters).unwrap();
    for (fields, message) in [
        (&[("action", "discard")][..], "Nothing has changed: choose at least one dead letter first."),
        (&[("action", "redrive")], "Nothing has changed: choose at least one dead letter first."),
        (&[("action", "discard"), ("ids", &a)], "1 dead letter is discarded."),
        (&[("action", "discard"), ("ids", &a)], "0 dead letters are discarded. 1 could not be changed"),
        (&[("action", "discard"), ("ids", &b), ("ids", &c)], "2 dead letters are discarded."),
        (&[("action", "redrive"), ("ids", &d)], "1 dead letter runs again."),
        (&[("action", "burn"), ("ids", &d)], "burn"),
    ] {
        let shown =
            after(&person, &person.post("/dead-letters/bulk", &[&[here], fields].concat()).await).await;
        assert!(shown.contains(message), "{fields:?} lacks {message}: {shown}");
    }
}

/// Nouns that pages count, in the plural.
const NOUNS: &[&str] = &[
    "attempts",
    "branches",
    "bytes",
    "causes",
    "columns",
    "dead letters",
    "failures",
    "files",
    "fires",
    "holders",
    "hours",
    "jobs",
    "keys",
    "lines",
    "queues",
    "requests",
    "rows",
    "runs",
    "sessions",
    "slots",
    "steps",
    "values",
    "variables",
    "versions",
];

/// Returns whether a text begins with a counted noun in the plural.
fn begins_with_plural(text: &str) -> bool {
    let text = text.strip_prefix("more ").unwrap_or(text);
    NOUNS.iter().any(|noun| {
        text.strip_prefix(noun)
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    })
}

/// Returns whether a line of the source writes a number before a noun in the plural, whatever the number is. A constant
/// is never 1.
fn counts_wrongly(line: &str) -> bool {
    let is_constant = |before: &str| {
        let inner = before.trim_end_matches(')');
        let inner = inner.rsplit('(').next().unwrap_or(inner);
        !inner.is_empty() && !inner.contains(|c: char| c.is_ascii_lowercase())
    };
    let pieces = |mark: &str| {
        let places = line.match_indices(mark).map(|(at, _)| (at, at + mark.len())).collect::<Vec<_>>();
        places.into_iter().map(|(from, to)| (&line[..from], &line[to..])).collect::<Vec<_>>()
    };
    // One thing has words of its own.
    if line.contains("== 1") {
        return false;
    }
    pieces(") \" ").into_iter().any(|(before, rest)| begins_with_plural(rest) && !is_constant(before))
        || pieces("} ").into_iter().any(|(before, rest)| {
            let name = before.rsplit('{').next().unwrap_or_default();
            let is_place = before.contains('{') && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            is_place && begins_with_plural(rest)
        })
}

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => sources(&path, found),
            false => found.extend(path.extension().is_some_and(|kind| kind == "rs").then_some(path)),
        }
    }
}

#[test]
fn a_page_counts_one_thing_in_the_singular() {
    for (line, is_wrong) in [
        (r#"(show::count(causes)) " dead letters, ""#, true),
        (r#"(more) " more rows""#, true),
        (r#"format!("{} more bytes", left)"#, true),
        (r#"format!("{count} runs")"#, true),
        (r#"(show::counted(count, "row")) " more""#, false),
        (r#""The first " (MOST) " keys are shown.""#, false),
        (r#"@if many { " runs" }"#, false),
    ] {
        assert_eq!(counts_wrongly(line), is_wrong, "{line}");
    }
    let mut files = Vec::new();
    sources(&root().join("host/server/src/ui"), &mut files);
    assert!(files.len() > 50, "{files:?}");
    let mut wrong = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let own = text.split("#[cfg(test)]").next().unwrap_or_default();
        let lines = own.lines().enumerate().filter(|(_, line)| counts_wrongly(line));
        wrong.extend(lines.map(|(at, line)| format!("{}:{}: {}", file.display(), at + 1, line.trim())));
    }
    assert!(wrong.is_empty(), "write `show::counted`:\n{}", wrong.join("\n"));
}
