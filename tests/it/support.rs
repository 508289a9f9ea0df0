//! Shared parts of the tests: a host over a separate directory, and jobs as text.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use stepwell::engine::run::RunState;
use stepwell::engine::{FailureKind, Outcome, StepEnd};
use stepwell::{Host, HostBuilder, Notice, Observer};
use stepwell_tests::guest;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// A directory with a host's files, and everything to run jobs there.
pub struct Site {
    pub dir: TempDir,
    policies: usize,
    builder: HostBuilder,
    /// Names of files that hold secrets.
    secrets: Vec<String>,
}

impl Site {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let cache = stepwell_tests::root().join("target/test-cache/components");
        let builder = Host::builder().data_dir(dir.path().join("data")).cache_dir(cache).compile_on_demand();
        Self { dir, policies: 0, builder, secrets: Vec::new() }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    /// Adds a policy (without its first two lines) for the step types.
    pub fn policy(mut self, steps: &str, grants: &str) -> Self {
        self.policies += 1;
        let name = format!("policy-{}.yaml", self.policies);
        let text = format!("policy: 1\nname: p{}\nsteps: [{steps}]\n{grants}\n", self.policies);
        let mut site = self.file(&name, text);
        site.builder = site.builder.policy_file(site.dir.path().join(name));
        site
    }

    pub fn config(self, text: &str) -> Self {
        let mut site = self.file("config.yaml", text);
        let references = text.split("file:").skip(1);
        let name =
            |rest: &str| rest.split(['\'', '"', ',', '}', '\n', ' ']).next().unwrap_or_default().to_owned();
        site.secrets.extend(references.map(name).filter(|name| !name.is_empty()));
        site.builder = site.builder.config_file(site.dir.path().join("config.yaml"));
        site
    }

    pub fn with(mut self, change: impl FnOnce(HostBuilder) -> HostBuilder) -> Self {
        self.builder = change(self.builder);
        self
    }

    /// Creates a SQLite file with this content.
    pub fn database(self, name: &str, sql: &str) -> Self {
        let database = rusqlite::Connection::open(self.path().join(name)).unwrap();
        database.execute_batch(sql).unwrap();
        self
    }

    /// Adds the probe's grants with the connection `w`, without which it is denied; `config` is the rest of
    /// the configuration.
    pub fn probe_policy(self, grants: &str, config: &str) -> Self {
        self.database("w.db", "CREATE TABLE t (n)")
            .config(&format!("connections: {{w: {{type: sqlite, path: w.db}}}}\n{config}"))
            .policy("probe", &format!("sql: [{{connection: w}}]\n{grants}"))
    }

    /// Returns the host, or its error.
    pub fn try_host(self) -> Result<Host, stepwell::HostError> {
        self.builder.build()
    }

    pub async fn host(self) -> Running {
        let host = self.builder.build().unwrap();
        host.register(std::fs::read(guest("probe")).unwrap()).await.unwrap();
        let secrets = self.secrets.into_iter().map(|name| self.dir.path().join(name)).collect();
        Running { host, secrets, dir: self.dir }
    }
}

/// A host, and its directory. At the end, no file may contain a secret of its configuration.
pub struct Running {
    pub host: Host,
    secrets: Vec<PathBuf>,
    dir: TempDir,
}

impl Drop for Running {
    fn drop(&mut self) {
        let values = self.secrets.iter().filter_map(|path| std::fs::read_to_string(path).ok());
        let values: Vec<String> =
            values.map(|value| value.trim_end().to_owned()).filter(|value| value.len() > 6).collect();
        let leaks = crate::canary::leaks(self.dir.path(), &self.secrets, &values);
        assert!(std::thread::panicking() || leaks.is_empty(), "{leaks:#?}");
    }
}

impl Running {
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub async fn run(&self, job: &str) -> RunState {
        self.watched(job, &Unwatched, CancellationToken::new()).await
    }

    pub async fn watched(&self, job: &str, observer: &dyn Observer, cancel: CancellationToken) -> RunState {
        let parsed = match self.host.parse("job.yaml", job).await {
            Ok(parsed) => parsed,
            Err(error) => panic!("{error}"),
        };
        let id = self.host.runs().submit(parsed.job, Default::default()).await.unwrap();
        self.host.runs().resume(&id, observer, cancel).await.unwrap()
    }

    /// Runs one step, given without its id.
    /// The end of a step that the check refuses has the problems as its message.
    pub async fn step(&self, step: Value) -> StepEnd {
        let job = one_step(step);
        if let Err(problems) = self.host.parse("job.yaml", &job).await {
            let (kind, message) = (FailureKind::InvalidConfig, problems.to_string());
            let outcome = Outcome::Failed { kind, message, retryable: false };
            return StepEnd { outcome, produced: Default::default(), receipt: Default::default() };
        }
        let state = self.run(&job).await;
        StepEnd::clone(state.steps[0].end.as_ref().unwrap())
    }

    /// Runs one case of the probe; `more` is the rest of its configuration.
    pub async fn probe(&self, case: &str, more: Value) -> StepEnd {
        self.step(probe(case, more)).await
    }

    pub async fn log(&self, state: &RunState) -> Vec<String> {
        let lines = self.host.runs().logs(&state.run.execution_id).await.unwrap();
        lines.into_iter().map(|record| format!("{} {}", record.line.level, record.line.message)).collect()
    }
}

pub fn probe(case: &str, more: Value) -> Value {
    let mut step = json!({"type": "probe", "case": case});
    step.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    step
}

/// Returns a job of one step as JSON, which is valid YAML.
pub fn one_step(mut step: Value) -> String {
    step["id"] = "only".into();
    json!({"id": "test", "workspace": "1MiB", "steps": [step]}).to_string()
}

/// Formats the outcome as the class and its message.
pub fn told(end: &StepEnd) -> String {
    match &end.outcome {
        Outcome::Succeeded => format!("succeeded: {}", end.produced.output),
        other => format!("{}: {}", other.class(), other.message()),
    }
}

/// As [`told`], with sorted keys of objects, for tests that ignore their order.
pub fn told_by_key(end: &StepEnd) -> String {
    let mut end = end.clone();
    end.produced.output.sort_all_objects();
    told(&end)
}

/// An observer that ignores everything.
pub struct Unwatched;

impl Observer for Unwatched {
    fn notice(&self, _: &RunState, _: usize, _: Notice<'_>) {}
}

/// Collects received texts.
#[derive(Clone, Default)]
pub struct Notebook(pub Arc<Mutex<Vec<String>>>);

impl Observer for Notebook {
    fn notice(&self, _: &RunState, step: usize, notice: Notice<'_>) {
        let text = match notice {
            Notice::Event(event) => {
                serde_json::to_value(event).unwrap()["event"].as_str().unwrap().to_owned()
            }
            Notice::GroupEnded => "group ended".to_owned(),
            Notice::Log(line) => format!("log {}", line.message),
            Notice::Progress(progress) => format!("progress {}", progress.done),
            Notice::Preparing(what) => format!("preparing {what}"),
        };
        self.0.lock().unwrap().push(format!("{step} {text}"));
    }
}
