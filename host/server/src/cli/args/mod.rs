//! The declarations of the command line: each command with its arguments and help. `commands` has their
//! behaviour.

mod approvals;
mod audit;
mod backfills;
mod config;
mod connections;
mod convert;
mod dead_letters;
mod demo;
mod jobs;
mod keys;
mod locks;
mod locks_atlantis;
mod policy;
mod queues;
mod run;
mod runs;
mod schedules;
mod scripts;
mod secrets;
mod serve;
mod sessions;
mod shared;
mod steps;
mod unused;
mod validate;
mod workers;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use stepwell::engine::schedule::Decision;

use crate::failure::exit_codes;
use crate::telemetry::LogFormat;

pub(crate) use approvals::ApprovalsCommand;
pub(crate) use audit::AuditCommand;
pub(crate) use backfills::BackfillsCommand;
pub(crate) use config::{ConfigCommand, SchemaKind};
pub(crate) use connections::ConnectionsCommand;
pub(crate) use convert::ConvertArgs;
pub(crate) use dead_letters::DeadLettersCommand;
pub(crate) use demo::DemoArgs;
pub(crate) use jobs::JobsCommand;
pub(crate) use keys::KeysCommand;
pub(crate) use locks::{LocksCommand, RequestArgs, WithArgs};
pub(crate) use locks_atlantis::{AtlantisCommand, MigrateArgs, MigrateCommand, ValidateLocksArgs};
pub(crate) use policy::PolicyCommand;
pub(crate) use queues::QueuesCommand;
pub(crate) use run::RunArgs;
pub(crate) use runs::RunsCommand;
pub(crate) use schedules::SchedulesCommand;
pub(crate) use scripts::{CheckScriptArgs, ScriptArgs, StepCommand, TestScriptArgs};
pub(crate) use secrets::SecretsCommand;
pub(crate) use serve::ServeArgs;
pub(crate) use sessions::SessionsCommand;
pub(crate) use shared::{ApiArgs, HostArgs, Local, Of, OfNode, Output};
pub(crate) use steps::StepsCommand;
pub(crate) use validate::ValidateArgs;
pub(crate) use workers::WorkersCommand;

/// Runs jobs; every step is a WebAssembly component in a separate sandbox.
#[derive(Debug, Parser)]
#[command(name = "stepwell", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub command: Command,
    /// The log on standard error: `warn`, `info`, or a level per part, for instance `stepwell=debug`
    /// [default: for `serve`, `service.log` of the configuration; for other commands, `warn`].
    #[arg(long, value_name = "FILTER", env = "STEPWELL_LOG", global = true, help_heading = "Log")]
    pub log: Option<String>,
    /// The format of the log on standard error.
    #[arg(
        long,
        value_enum,
        env = "STEPWELL_LOG_FORMAT",
        default_value_t = LogFormat::Text,
        global = true,
        help_heading = "Log"
    )]
    pub log_format: LogFormat,
}

impl Cli {
    /// The tree of commands.
    pub(crate) fn tree() -> clap::Command {
        let mut tree = Self::command();
        tree.build();
        complete(&mut tree);
        tree
    }

    pub(crate) fn parsed(args: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut tree = Self::tree();
        let matches = tree.try_get_matches_from_mut(args)?;
        if let Some(message) = unused::problem(&matches) {
            return Err(clap::Error::raw(ErrorKind::ArgumentConflict, message));
        }
        Self::from_arg_matches(&matches).map_err(|error| error.format(&mut tree))
    }
}

/// Completes the help of each command with the exit codes, and fixes its usage line: clap would add each
/// option that a variable of the environment sets, as if it were required.
fn complete(command: &mut clap::Command) {
    let usage = command.render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage).to_owned();
    *command = std::mem::take(command).override_usage(usage).after_help(exit_codes());
    command.get_subcommands_mut().for_each(complete);
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs a job now and shows its progress.
    Run(RunArgs),
    /// Checks job files without running them, and reports the problems of all of them.
    Validate(ValidateArgs),
    /// Converts legacy job files to the present form, compares both forms, and takes a conversion back.
    ///
    /// Stores the originals and a manifest in `.stepwell-convert` of the target folder. A conversion that was interrupted
    /// continues when the same command runs again.
    Convert(Box<ConvertArgs>),
    /// Shows the grants of policies for the steps of a job.
    Policy {
        #[command(subcommand)]
        command: PolicyCommand,
    },
    /// Lists, inspects, registers and removes step types.
    Steps(Of<StepsCommand>),
    /// Checks and tests scripts of PowerShell, and of every language whose step declares that.
    Step {
        #[command(subcommand)]
        command: StepCommand,
    },
    /// Serves queues, schedules and the REST API until SIGTERM.
    Serve(ServeArgs),
    /// Shows Stepwell with sample jobs, on this machine only, until Ctrl-C.
    ///
    /// Starts a service on 127.0.0.1 with jobs, schedules, failures and an emulator of Azure DevOps, and prints a link
    /// to its web UI. It uses no configuration, policy or store of yours.
    Demo(DemoArgs),
    /// Compiles every step that policy and configuration allow into the cache: for images and CI.
    WarmUp(HostArgs),
    /// Lists, shows, cancels and retries runs.
    Runs(Of<RunsCommand>),
    /// Explains why a run does not start or continue, and how to fix it.
    Explain {
        /// The id of the run.
        execution_id: String,
        #[command(flatten)]
        api: ApiArgs,
    },
    /// Stores, shows, deletes and runs jobs.
    Jobs(Of<JobsCommand>),
    /// Previews, shows, pauses and resumes schedules.
    Schedules(Of<SchedulesCommand>),
    /// Lists the fire ledger: the decision about each nominal fire, newest first.
    Ledger {
        /// Lists only fires of this job [default: all jobs].
        #[arg(long)]
        job: Option<String>,
        /// Lists only fires with this decision, for instance `missed` [default: all decisions].
        #[arg(long, value_parser = decisions())]
        decision: Option<String>,
        /// Maximum number of rows to list.
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        #[command(flatten)]
        api: ApiArgs,
    },
    /// Runs the fires of a time range that have no run.
    Backfills(Of<BackfillsCommand>),
    /// Lists, redrives and discards failed, timed-out and expired runs that need attention.
    #[command(name = "dead-letters")]
    DeadLetters(Of<DeadLettersCommand>),
    /// Lists, shows, approves and rejects steps that wait for an approval.
    Approvals(Of<ApprovalsCommand>),
    /// Lists, pauses and resumes queues.
    Queues(Of<QueuesCommand>),
    /// Lists the workers outside of Stepwell, which take the work of `worker` steps.
    Workers(Of<WorkersCommand>),
    /// Takes, shows and releases locks, and runs commands that hold them.
    Locks(Of<LocksCommand>),
    /// Shows the state of the queues, as `queues list` does.
    Status(ApiArgs),
    /// Shows the results, durations and delays of the runs that ended in the last hours.
    Metrics {
        /// Number of hours to look back, 1 to 8760.
        #[arg(long, value_name = "N", default_value_t = 24)]
        hours: u32,
        /// Shows the number of runs that ended in each hour, for at most 744 hours.
        #[arg(long)]
        by_hour: bool,
        #[command(flatten)]
        api: ApiArgs,
    },
    /// Shows the health of the service and its store. Exits with 1 when a part does not work.
    Health(ApiArgs),
    /// Deletes ended runs that are older than the retention.
    #[command(name = "clean-up")]
    CleanUp {
        /// Deletes runs that ended more than this many days ago [default: the retention of
        /// the configuration].
        #[arg(long, value_name = "N")]
        days: Option<u32>,
        /// Counts the runs to delete, and deletes nothing.
        #[arg(long)]
        dry_run: bool,
        /// Also deletes runs with open dead letters.
        #[arg(long)]
        include_dead: bool,
        #[command(flatten)]
        api: ApiArgs,
    },
    /// Lists the audit log, newest first, or checks it.
    #[command(args_conflicts_with_subcommands = true)]
    Audit {
        #[command(subcommand)]
        command: Option<Box<AuditCommand>>,
        /// Maximum number of rows to list.
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        #[command(flatten)]
        api: ApiArgs,
    },
    /// Creates, lists and revokes API keys.
    Keys(Of<KeysCommand>),
    /// Lists and ends sessions of people in the web UI.
    Sessions(Of<SessionsCommand>),
    /// Stores the values of secrets, encrypted, in the `secret_store` of the configuration.
    Secrets(OfNode<SecretsCommand>),
    /// Lists and tests the databases of the configuration.
    Connections(OfNode<ConnectionsCommand>),
    /// Shows, checks and changes the configuration of this node.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Checks the installation and suggests fixes. Exits with 1 when a check fails.
    Doctor(Local),
    /// Prints the JSON Schema of a file format.
    Schema {
        /// The name of the file format.
        kind: SchemaKind,
    },
    /// Prints a script that completes commands and options in a shell.
    ///
    /// For Bash: stepwell completions bash > ~/.local/share/bash-completion/completions/stepwell
    Completions {
        /// The name of the shell.
        shell: clap_complete::Shell,
    },
    /// Prints the manual page, or writes the pages of all commands.
    ///
    /// To read it: stepwell man | man -l -
    Man {
        /// The directory for one page per command [default: none; the main page goes to standard output].
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Shows the version, the commit, and the versions of the main libraries.
    Version {
        /// The format of the result.
        #[arg(long, value_enum, default_value_t = Output::Text)]
        output: Output,
    },
}

/// Returns the decisions of the ledger.
fn decisions() -> clap::builder::PossibleValuesParser {
    Decision::ALL.iter().map(|decision| decision.name()).collect::<Vec<_>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(command: &clap::Command, path: &[String], found: &mut Vec<(Vec<String>, clap::Command)>) {
        let path = [path, &[command.get_name().to_owned()]].concat();
        if command.get_name() == "help" {
            return;
        }
        if command.get_subcommands().next().is_none() {
            found.push((path.clone(), command.clone()));
        }
        command.get_subcommands().for_each(|below| leaves(below, &path, found));
    }

    fn all() -> Vec<(Vec<String>, clap::Command)> {
        let mut found = Vec::new();
        leaves(&Cli::tree(), &[], &mut found);
        found
    }

    fn sample(arg: &clap::Arg) -> String {
        let possible = arg.get_possible_values();
        match (possible.first(), arg.get_id().as_str()) {
            (Some(value), _) => value.get_name().to_owned(),
            (None, "listen") => "127.0.0.1:1".to_owned(),
            (None, "server" | "legacy_server") => "http://127.0.0.1:1".to_owned(),
            (None, _) => "1".to_owned(),
        }
    }

    /// Two arguments with the same id read each other's values, or panic when their types differ.
    #[test]
    fn no_two_arguments_of_a_command_share_an_id() {
        for (path, command) in all() {
            let mut ids: Vec<&str> = command.get_arguments().map(|arg| arg.get_id().as_str()).collect();
            ids.sort_unstable();
            let count = ids.len();
            ids.dedup();
            assert_eq!(count, ids.len(), "{path:?}: {ids:?}");
        }
    }

    /// Each argument is parsed in turn, together with the required ones.
    #[test]
    fn every_command_is_parsed_with_each_of_its_arguments() {
        let mut tried = 0;
        for (path, command) in all() {
            for extra in command.get_arguments().filter(|arg| !arg.is_positional()) {
                let id = extra.get_id().as_str();
                let words: Vec<&str> = path.iter().skip(1).map(String::as_str).collect();
                let refused = unused::unused(&words).iter().any(|(unused, _)| *unused == id);
                if id == "help" || id == "version" || refused {
                    continue;
                }
                let Some(long) = extra.get_long() else { panic!("{path:?}: {id} has no long form") };
                let with_value = extra.get_action().takes_values();
                let mut option = vec![format!("--{long}")];
                option.extend(with_value.then(|| sample(extra)));
                if id == "key_file" {
                    option.extend(["--server", "http://127.0.0.1:1"].map(str::to_owned));
                }
                if words == ["config", "show"] && id != "resolved" {
                    option.push("--resolved".to_owned());
                }
                if words == ["locks", "validate"] && matches!(id, "release" | "backup") {
                    option.push("--repair".to_owned());
                }
                let needed =
                    command.get_arguments().filter(|arg| arg.is_required_set() && arg.get_id() != id);
                for (long, arg) in needed.filter_map(|arg| Some((arg.get_long()?, arg))) {
                    option.extend([format!("--{long}"), sample(arg)]);
                }
                let (last, positionals): (Vec<_>, Vec<_>) =
                    command.get_positionals().partition(|arg| arg.is_last_set());
                let positionals: Vec<String> = positionals.into_iter().map(sample).collect();
                let last: Vec<String> =
                    last.into_iter().flat_map(|arg| ["--".to_owned(), sample(arg)]).collect();
                // An option in place of a positional argument is tried without it.
                let line = |positionals: &[String]| [&path[..], positionals, &option, &last].concat();
                let parse = |line: Vec<String>| Cli::parsed(line.into_iter().map(OsString::from));
                let parsed = parse(line(&positionals)).or_else(|_| parse(line(&[])));
                if let Err(error) = parsed {
                    panic!("{path:?} --{long}: {error}");
                }
                tried += 1;
            }
        }
        assert!(tried > 300, "{tried}");
    }

    #[test]
    fn usage_lines_do_not_depend_on_the_environment() {
        for (path, mut command) in all() {
            let usage = command.render_usage().to_string();
            assert!(!usage.contains("--data-dir") && usage.contains(&path[1..].join(" ")), "{usage}");
        }
    }

    /// A flag has no default, and a required option needs none.
    #[test]
    fn every_option_has_a_description_and_a_default() {
        let mut checked = 0;
        for (path, command) in all() {
            for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
                let help =
                    arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
                let id = arg.get_id().as_str();
                assert!(help.split(' ').count() > 1, "{path:?} {id}: {help}");
                let has_default = help.contains("[default: ") || !arg.get_default_values().is_empty();
                let needs_none = arg.is_positional() || !arg.get_action().takes_values();
                assert!(has_default || needs_none || arg.is_required_set(), "{path:?} {id}: {help}");
                checked += 1;
            }
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            assert!(about.split(' ').count() > 1, "{path:?}: {about}");
        }
        assert!(checked > 500, "{checked}");
    }

    /// The help of options that many commands share stands in sections of its own, below the options of the
    /// command.
    #[test]
    fn shared_options_have_headings() {
        for (path, command) in all() {
            for arg in command.get_arguments() {
                let heading = arg.get_help_heading();
                let expected = match arg.get_id().as_str() {
                    "server" | "key_file" => Some("Service"),
                    "log" | "log_format" => Some("Log"),
                    "policy" | "config" | "queues" | "data_dir" | "scratch_dir" | "store" | "project"
                    | "step_file" | "replace" => Some("This node"),
                    _ => None,
                };
                assert_eq!(heading, expected, "{path:?} {}", arg.get_id());
            }
        }
    }
}
