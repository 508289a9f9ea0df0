//! The command about itself: completions, manual pages, its version, and the list of commands for the docs.

use std::path::Path;

use clap_complete::Shell;
use serde_json::{Value, json};
use stepwell::engine::schedule::zone;

use crate::cli::args::{Cli, Output};
use crate::cli::output::show;
use crate::cli::output::table::fields;
use crate::failure::Failure;
use crate::{Exit, file_error, print};

pub(super) fn completions(shell: Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::tree(), "stepwell", &mut script);
    print(String::from_utf8_lossy(&script).trim_end());
    Exit::Success
}

pub(super) fn man(dir: Option<&Path>) -> Result<Exit, Failure> {
    let Some(dir) = dir else {
        let failed = |error| Failure::platform(format!("the manual page cannot be made: {error}"));
        let mut page = Vec::new();
        clap_mangen::Man::new(Cli::tree()).render(&mut page).map_err(failed)?;
        print(String::from_utf8_lossy(&page).trim_end());
        return Ok(Exit::Success);
    };
    let failed = |error| file_error(dir.to_owned(), error);
    std::fs::create_dir_all(dir).map_err(failed)?;
    clap_mangen::generate_to(Cli::tree(), dir).map_err(failed)?;
    Ok(Exit::Success)
}

pub(super) fn version(output: Output) -> Result<Exit, Failure> {
    let about = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "commit": option_env!("STEPWELL_COMMIT"),
        "step_interface": stepwell::sandbox::INTERFACE,
        "tzdb": zone::database_version(),
    });
    show(output, &about, |about| {
        let commit = about.get("commit").and_then(Value::as_str);
        let commit = commit.map_or_else(String::new, |commit| format!(" (commit {commit})"));
        let mut rest = about.clone();
        if let Some(map) = rest.as_object_mut() {
            map.remove("version");
            map.remove("commit");
        }
        format!("stepwell {}{commit}\n{}", env!("CARGO_PKG_VERSION"), fields(&rest))
    })
}

/// The commands and their own options, for `docs/cli.md`.
pub fn commands() -> String {
    let mut lines = Vec::new();
    for command in Cli::tree().get_subcommands() {
        add(command, "stepwell", &mut lines);
    }
    format!("| command | |\n|---|---|\n{}\n", lines.join("\n"))
}

fn add(command: &clap::Command, above: &str, lines: &mut Vec<String>) {
    if command.get_name() == "help" {
        return;
    }
    let name = format!("{above} {}", command.get_name());
    if command.has_subcommands() {
        command.get_subcommands().for_each(|below| add(below, &name, lines));
        return;
    }
    let mut words = vec![name];
    for arg in command.get_positionals().filter(|arg| !arg.is_last_set()) {
        let value = value_name(arg);
        let several = if arg.get_num_args().is_some_and(|range| range.max_values() > 1) { "..." } else { "" };
        words.push(if arg.is_required_set() {
            format!("{value}{several}")
        } else {
            format!("[{value}{several}]")
        });
    }
    // Those of every command of a kind are described once, below the list.
    let own = command.get_arguments().filter(|arg| {
        !arg.is_positional() && !arg.is_global_set() && !SHARED.contains(&arg.get_id().as_str())
    });
    for arg in own {
        let Some(long) = arg.get_long() else { continue };
        let value =
            if arg.get_action().takes_values() { format!(" {}", value_name(arg)) } else { String::new() };
        words.push(format!("[--{long}{value}]"));
    }
    for arg in command.get_positionals().filter(|arg| arg.is_last_set()) {
        words.push(format!("-- {}...", value_name(arg)));
    }
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let about = about.split("\n\n").next().unwrap_or_default().replace('\n', " ");
    lines.push(format!("| `{}` | {} |", words.join(" ").replace('|', "\\|"), about.replace('|', "\\|")));
}

/// Options that many commands share.
const SHARED: &[&str] = &["help", "version", "output", "log", "log_format"];

fn value_name(arg: &clap::Arg) -> String {
    let possible = arg.get_possible_values();
    if !possible.is_empty() && possible.len() <= 6 {
        return possible.iter().map(clap::builder::PossibleValue::get_name).collect::<Vec<_>>().join("|");
    }
    let names = arg.get_value_names().unwrap_or_default();
    names.first().map_or_else(|| arg.get_id().to_string().to_uppercase(), ToString::to_string)
}
