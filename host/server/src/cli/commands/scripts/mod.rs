//! `stepwell step test-script` and `stepwell step check-script`: scripts without a job.
//!
//! A script runs as a step does, in the same sandbox: its folder is mounted read-only, a scratch directory is
//! writable, and nothing else is granted. The command knows no language. A step declares the actions that it
//! serves ([`stepwell::engine::action`]).

mod check;
mod languages;
mod test;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use console::style;
use parking_lot::Mutex;
use serde_json::{Value, json};
use stepwell::engine::StepEnd;
use stepwell::engine::action::Action;
use stepwell::engine::policy::Policy;
use stepwell::engine::run::{Event, RunState};
use stepwell::{Host, HostError, Notice, Observer};
use tokio_util::sync::CancellationToken;

use crate::cli::args::ScriptArgs;
use crate::cli::host::{cache_dir, compiler, register_files};
use crate::display::plain;
use crate::{file_error, print_painted};

pub(crate) use check::check;
use languages::{Language, Languages};
pub(crate) use test::test;

/// Where the folder of the scripts is in the sandbox.
const MOUNT: &str = "/scripts";

/// Runs the actions of steps over a folder.
struct Runner {
    host: Host,
    root: PathBuf,
    action: Action,
    languages: Languages,
}

impl Runner {
    async fn new(args: &ScriptArgs, action: Action) -> Result<Self, HostError> {
        let root = root(args.root.as_deref(), &args.paths)?;
        let policy = json!({
            "policy": 1, "name": "scripts", "steps": ["*"], "profile": "large",
            "files": [
                { "mount": MOUNT, "source": root, "access": "read" },
                { "mount": "/workspace", "scratch": "256MiB", "access": "write" },
            ],
        });
        let policies =
            Policy::parse("the policy of scripts", &policy.to_string(), &root).map_err(HostError::Invalid)?;
        let builder = Host::builder().cache_dir(cache_dir()).compiler(compiler());
        let host = builder.policies(policies).build()?;
        register_files(&host, args.step.iter(), false).await?;
        let steps = host.steps().list().await?;
        let languages = Languages::new(steps.iter().map(AsRef::as_ref), action, args.step_type.as_deref())?;
        Ok(Self { host, root, action, languages })
    }

    /// The path of a script below the root.
    fn name(&self, path: &Path) -> Result<String, HostError> {
        let full = full(path)?;
        let below = full.strip_prefix(&self.root).map_err(|_| {
            let root = self.root.display();
            file_error(path.to_owned(), std::io::Error::other(format!("it is not below {root}: give --root")))
        })?;
        Ok(below.display().to_string())
    }

    /// Runs the action of a step on a script below the root, with more properties of its configuration.
    async fn run(
        &self,
        language: &Language,
        script: &str,
        mut config: Value,
        shown: bool,
    ) -> Result<StepEnd, HostError> {
        if let Some(config) = config.as_object_mut() {
            config.insert("id".into(), "script".into());
            config.insert("type".into(), language.step_type.as_str().into());
            config.insert("action".into(), self.action.name().into());
            config.insert("script_path".into(), format!("{MOUNT}/{script}").into());
        }
        let job = json!({ "id": "script", "steps": [config] }).to_string();
        let parsed = self.host.parse("the script's job", &job).await?;
        let id = self.host.runs().submit(parsed.job, BTreeMap::new()).await?;
        let watch = Watch { shown, end: Mutex::default() };
        self.host.runs().resume(&id, &watch, CancellationToken::new()).await?;
        let end = watch.end.into_inner();
        end.ok_or_else(|| HostError::Refused("the step did not run".to_owned()))
    }
}

/// Prints the output of a script, and holds its end.
struct Watch {
    shown: bool,
    end: Mutex<Option<StepEnd>>,
}

impl Observer for Watch {
    fn notice(&self, _: &RunState, _: usize, notice: Notice<'_>) {
        match notice {
            Notice::Log(line) if self.shown => print_painted(&marked(&plain(&line.message))),
            Notice::Preparing(what) => say!("{}", plain(what)),
            Notice::Event(Event::StepEnded { end, .. }) => {
                *self.end.lock() = Some(StepEnd::clone(end));
            }
            _ => {}
        }
    }
}

/// A line of results with its mark in colour.
fn marked(line: &str) -> String {
    for (mark, shown) in [
        ("[+]", style("[+]").green()),
        ("[-]", style("[-]").red()),
        ("[!]", style("[!]").yellow()),
        ("[?]", style("[?]").yellow()),
    ] {
        if let Some((indent, rest)) = line.split_once(mark)
            && indent.trim().is_empty()
        {
            return format!("{indent}{shown}{rest}");
        }
    }
    line.to_owned()
}

fn full(path: &Path) -> Result<PathBuf, HostError> {
    fs::canonicalize(path).map_err(|error| file_error(path.to_owned(), error))
}

/// The folder that scripts see: the given one; else the current one, if all scripts are below it; else that
/// of the first script.
fn root(given: Option<&Path>, paths: &[PathBuf]) -> Result<PathBuf, HostError> {
    if let Some(given) = given {
        return full(given);
    }
    let mut all = Vec::new();
    for path in paths {
        all.push(full(path)?);
    }
    let here = full(Path::new("."))?;
    if all.iter().all(|path| path.starts_with(&here)) {
        return Ok(here);
    }
    Ok(match all.first() {
        Some(first) if first.is_dir() => first.clone(),
        Some(first) => first.parent().unwrap_or(first).to_owned(),
        None => here,
    })
}
