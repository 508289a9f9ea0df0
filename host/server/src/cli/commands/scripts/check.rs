//! `stepwell step check-script`: what scripts need that the sandbox lacks.

use std::collections::BTreeMap;

use console::style;
use serde::Deserialize;
use serde_json::json;
use stepwell::HostError;
use stepwell::engine::action::Action;
use stepwell::engine::quantity::counted;

use super::{MOUNT, Runner};
use crate::cli::args::{CheckScriptArgs, Output};
use crate::display::plain;
use crate::{Exit, file_error, print, print_painted};

pub(crate) async fn check(args: &CheckScriptArgs) -> Result<Exit, HostError> {
    let runner = Runner::new(&args.scripts, Action::Check).await?;
    let mut scripts: Vec<Checked> = Vec::new();
    for path in &args.scripts.paths {
        let name = runner.name(path)?;
        for language in runner.languages.of(path)? {
            let end = runner.run(language, &name, json!({}), false).await?;
            if !end.outcome.is_success() {
                return Err(file_error(path.clone(), std::io::Error::other(end.outcome.message())));
            }
            let found = end.produced.output.get("scripts").cloned().unwrap_or_default();
            let found: Vec<Checked> = serde_json::from_value(found)
                .map_err(|error| file_error(path.clone(), std::io::Error::other(error)))?;
            scripts.extend(found);
        }
    }
    for script in &mut scripts {
        if let Some(name) = script.path.strip_prefix(MOUNT) {
            script.path = name.trim_start_matches('/').to_owned();
        }
    }
    let runs = scripts.iter().filter(|script| script.runs).count();
    match args.output {
        Output::Json => {
            let report = json!({ "runs": runs, "total": scripts.len(), "scripts": scripts });
            print(&serde_json::to_string_pretty(&report).unwrap_or_default());
        }
        Output::Text => print_painted(&report(&scripts, runs)),
    }
    Ok(if runs == scripts.len() { Exit::Success } else { Exit::RunFailed })
}

/// The result of `action: check` for a script.
#[derive(Debug, Deserialize, serde::Serialize)]
struct Checked {
    path: String,
    runs: bool,
    #[serde(default)]
    uses: Vec<String>,
    #[serde(default)]
    findings: Vec<Finding>,
}

#[derive(Debug, Deserialize, serde::Serialize)]
struct Finding {
    line: u64,
    #[serde(default)]
    column: u64,
    #[serde(default)]
    lack: String,
    #[serde(default)]
    name: String,
    message: String,
    #[serde(default)]
    foreseen: bool,
}

fn report(scripts: &[Checked], runs: usize) -> String {
    let mut lines = Vec::new();
    let mut lacking: BTreeMap<&str, usize> = BTreeMap::new();
    for script in scripts {
        let uses = if script.uses.is_empty() {
            String::new()
        } else {
            format!(", asks for {}", script.uses.join(", "))
        };
        let verdict = match script.findings.iter().any(|finding| finding.lack == "syntax") {
            true => style("does not parse").red(),
            false if script.runs => style("runs as it is").green(),
            false => style("needs something else").yellow(),
        };
        lines.push(format!("{}: {verdict}{}", plain(&script.path), plain(&uses)));
        for finding in script.findings.iter().filter(|finding| !finding.foreseen) {
            lines.push(format!("  {}:{}  {}", finding.line, finding.column, plain(&finding.message)));
        }
        let mut names: Vec<&str> =
            script.findings.iter().filter(|f| !f.foreseen).map(|f| f.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            *lacking.entry(name).or_default() += 1;
        }
    }
    lines.push(String::new());
    let others = scripts.len() - runs;
    let all = counted(scripts.len(), "script");
    let run = if runs == 1 { "runs as it is" } else { "run as they are" };
    lines.push(match others {
        0 => format!("{runs} of {all} {run}"),
        _ => format!("{runs} of {all} {run}; the others need, with the number of scripts:"),
    });
    let mut lacking: Vec<_> = lacking.into_iter().collect();
    lacking.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    lines.extend(lacking.into_iter().map(|(name, count)| format!("{count:>6}  {}", plain(name))));
    lines.join("\n")
}
