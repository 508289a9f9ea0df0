//! Pages about large jobs stay small, and texts that need much work do not stop an editor.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cli::Shell;
use crate::person::Person;
use crate::server::{Reply, Server};

/// The maximum size of a page, in bytes before compression.
const PAGE: usize = 400_000;
/// The maximum time of a request, in an unoptimized build on a busy machine.
const SOON: Duration = Duration::from_secs(10);

/// The maximum time of a page about a thousand steps there. Steps that are alike share their decision of policy.
const PROMPT: Duration = Duration::from_secs(4);

const YAML: (&str, &str) = ("content-type", "application/yaml");

/// A job with many steps.
fn job(steps: usize) -> String {
    let mut text = "id: long\nsteps:\n".to_owned();
    for n in 0..steps {
        writeln!(text, "  - {{id: step-{n}, type: wait, for: 3600}}").unwrap();
    }
    text
}

async fn checked(person: &Person<'_>, text: &str) -> Reply {
    let headers = [("cookie", person.cookie.as_str()), ("x-csrf-token", &person.csrf), YAML];
    person.server.raw("POST", "/ui/p/default/editor/validate", &headers, text).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_a_job_with_a_thousand_steps_are_small() {
    let server = Server::start(Shell::new());
    let person = Person::log_in(&server, &server.token).await;
    let text = job(1_000);
    let stored = server.request("PUT", "/api/v2/jobs/long", &[YAML], &text).await;
    assert_eq!(stored.status, 200, "{stored:?}");
    let run = server.post("/api/v2/jobs/long/run", &json!({})).await.json();
    let run = format!("/runs/{}", run["execution_id"].as_str().unwrap());
    let small = |page: &str, reply: &Reply| {
        assert_eq!(reply.status, 200, "{page}: {}", reply.body);
        assert!(reply.body.len() < PAGE, "{page} has {} bytes", reply.body.len());
    };
    let versions = "/jobs/long/versions";
    for page in ["/jobs/long", "/jobs/long/edit", versions, "/policies?job=long", &run, "/jobs", "/runs"] {
        let begun = Instant::now();
        small(page, &person.get(page).await);
        assert!(begun.elapsed() < PROMPT, "{page}: {:?}", begun.elapsed());
    }
    for page in ["/editor/form", "/editor/preview", "/policies/preview"] {
        let name = if page.starts_with("/policies") { "job" } else { "text" };
        let begun = Instant::now();
        small(page, &person.post(page, &[(name, &text)]).await);
        assert!(begun.elapsed() < PROMPT, "{page}: {:?}", begun.elapsed());
    }
    // The rest is a click away.
    let first = person.page(&run, &["step-99<", "900 more", "?rows=600#steps", "and 970 more"]).await;
    assert!(!first.contains("step-100<"), "{first}");
    person.page(&format!("{run}?rows=1000"), &["step-999<"]).await;
    let form = person.post("/editor/form", &[("text", &text), ("page", "985")]).await.body;
    assert!(form.contains("Steps 986 to 1000 of 1000") && form.contains("/steps/999/for"), "{form}");
    // A change of a step keeps the place in the form.
    let fields =
        [("text", text.as_str()), ("from", "985"), ("edit", "set"), ("at", "/steps/999/for"), ("value", "1")];
    let form = person.post("/editor/form", &[&fields[..], &[("as", "number")]].concat()).await.body;
    assert!(form.contains("Steps 986 to 1000 of 1000") && form.contains("data-set-editor"), "{form}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_that_needs_much_work_is_refused_soon() {
    let server = Server::start(Shell::new());
    let person = Person::log_in(&server, &server.token).await;
    let mut many = "id: many\nvars:\n".to_owned();
    (0..40_000).for_each(|n| writeln!(many, "  v{n}: {n}").unwrap());
    many.push_str("steps:\n  - {id: a, type: wait, for: 0}\n");
    let list = vec!["x"; 100].join(", ");
    let aliases = format!(
        "id: aliases\nmetadata:\n  a: &a [{list}]\n  b: &b [{}]\n  c: [{}]\nsteps:\n  - {{id: a, type: wait, for: 0}}\n",
        vec!["*a"; 100].join(", "),
        vec!["*b"; 100].join(", ")
    );
    for (text, problem) in
        [(&many, "`vars` must have at most 1000 keys, not 40000"), (&aliases, "too large: at most")]
    {
        let begun = Instant::now();
        let diagnostics = checked(&person, text).await.json();
        let first = diagnostics["diagnostics"][0]["message"].as_str().unwrap_or_default();
        assert!(first.contains(problem), "{diagnostics}");
        for page in ["/editor/form", "/editor/preview"] {
            let reply = person.post(page, &[("text", text)]).await;
            assert!(reply.status == 200 && reply.body.len() < PAGE, "{page}: {} bytes", reply.body.len());
        }
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
        let saved = person.post("/editor/save", &[("text", text)]).await;
        assert_eq!(saved.status, 422, "{}", &saved.body[..saved.body.len().min(2_000)]);
    }
    // A text that is too long for the form is still checked.
    let long = format!("# {}\n{}", "x".repeat(300_000), job(1).replace("wait", "wiat"));
    let form = person.post("/editor/form", &[("text", &long)]).await;
    assert!(form.body.contains("too long for the form") && form.body.len() < 2_000, "{}", form.body.len());
    assert!(checked(&person, &long).await.body.contains("wiat"));
    let all: Value = server.get("/api/v2/jobs").await.json();
    assert_eq!(all["items"], json!([]), "nothing of this is stored");
}
