//! The command line.

use std::env;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use stepwell::engine::{Diagnostic, project};
use stepwell::{Host, HostError};
use url::Url;

use crate::operate::OperateCommand;
use crate::telemetry::LogFormat;

const EXIT_CODES: &str = "\
Exit codes:
  0    success
  1    the run failed or ran out of time
  2    the input is wrong: nothing was run, nothing was written
  3    Stepwell itself failed (store, disk, engine)
  130  the run was cancelled";

/// Runs jobs; every step is a WebAssembly component in a separate sandbox.
#[derive(Debug, Parser)]
#[command(name = "stepwell", version, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub command: Command,
    /// The log on standard error: `warn`, `info`, or a level per part, for instance `stepwell=debug`
    /// [default: for `serve`, `service.log` of the configuration; for other commands, `warn`].
    #[arg(long, value_name = "FILTER", env = "STEPWELL_LOG", global = true)]
    pub log: Option<String>,
    /// The format of the log.
    #[arg(long, value_enum, env = "STEPWELL_LOG_FORMAT", default_value_t = LogFormat::Text, global = true)]
    pub log_format: LogFormat,
}

impl Cli {
    /// The tree of commands.
    pub(crate) fn tree() -> clap::Command {
        let mut tree = Self::command();
        tree.build();
        with_plain_usage(&mut tree);
        tree
    }

    pub(crate) fn parsed(args: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut tree = Self::tree();
        let matches = tree.try_get_matches_from_mut(args)?;
        if let Some(message) = host_option_beside_server(&matches) {
            return Err(clap::Error::raw(ErrorKind::ArgumentConflict, message));
        }
        Self::from_arg_matches(&matches).map_err(|error| error.format(&mut tree))
    }
}

/// Options about this node, which a remote service does not see.
const OF_THIS_NODE: [(&str, &str); 8] = [
    ("policy", "--policy"),
    ("config", "--config"),
    ("queues", "--queues"),
    ("data_dir", "--data-dir"),
    ("scratch_dir", "--scratch-dir"),
    ("store", "--store"),
    ("step_file", "--step"),
    ("replace", "--replace"),
];

/// Returns the message about an option that `--server` makes meaningless. An environment variable with the
/// same meaning is for commands without `--server`, and is not a mistake.
fn host_option_beside_server(matches: &ArgMatches) -> Option<String> {
    let (mut leaf, mut name) = (matches, "");
    while let Some((below, found)) = leaf.subcommand() {
        (leaf, name) = (found, below);
    }
    leaf.try_get_one::<Url>("server").ok().flatten()?;
    let given = |id: &str| matches!(leaf.try_get_raw(id), Ok(Some(_)));
    let typed = |id: &str| given(id) && leaf.value_source(id) == Some(ValueSource::CommandLine);
    let asked_of_the_service = |id: &str| id == "replace" && name == "register";
    let (_, option) = OF_THIS_NODE.iter().find(|(id, _)| typed(id) && !asked_of_the_service(id))?;
    Some(format!(
        "{option} is about this node, and --server asks a service, which has its own settings: leave one out\n"
    ))
}

/// Fixes the usage line of each command: clap would add each option that a variable of the environment sets, as if it
/// were required.
fn with_plain_usage(command: &mut clap::Command) {
    let usage = command.render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage).to_owned();
    *command = std::mem::take(command).override_usage(usage);
    command.get_subcommands_mut().for_each(with_plain_usage);
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs a job now and shows its progress.
    Run(RunArgs),
    /// Checks job files without running them.
    Validate(ValidateArgs),
    /// Shows the grants of policy.
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
    /// Compiles every step that policy and configuration allow into the cache: for images and CI.
    WarmUp(HostArgs),
    #[command(flatten)]
    Operate(OperateCommand),
    /// Shows the configuration.
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

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The job file (YAML or JSON), or `-` for standard input.
    #[arg(required_unless_present = "resume", conflicts_with = "resume")]
    pub file: Option<PathBuf>,
    /// Sets a variable of the job, converted to the type of its default value. Repeatable [default: the
    /// values in the job].
    #[arg(long = "var", value_name = "NAME=VALUE", conflicts_with = "resume")]
    pub vars: Vec<String>,
    /// Continues this interrupted run from its first unfinished step [default: none; a new run starts].
    #[arg(long, value_name = "EXECUTION_ID")]
    pub resume: Option<String>,
    /// Prints the whole output of this step on standard output, as JSON; the summary goes to standard error
    /// [default: only the summary].
    #[arg(long, value_name = "STEP")]
    pub show_output: Option<String>,
    #[command(flatten)]
    pub api: ApiArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ValidateArgs {
    /// Job files (YAML or JSON), folders of them, or `-` for standard input.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub api: ApiArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Shows the effective grant of each step of a job, and the origin of each part.
    Show {
        /// The job file, or `-` for standard input.
        file: PathBuf,
        #[command(flatten)]
        local: Local,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Shows the configuration without secrets, as YAML or JSON.
    Show {
        /// Includes every default, and the values that flags and variables override.
        #[arg(long)]
        resolved: bool,
        #[command(flatten)]
        local: Local,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum StepsCommand {
    /// Lists the step types.
    List,
    /// Registers components as steps, for every node that uses the store. Each becomes the active
    /// version of its type; runs admitted before keep their versions. Refuses a version that would make
    /// stored jobs invalid.
    Register {
        /// The component files.
        #[arg(required = true, value_name = "WASM")]
        files: Vec<PathBuf>,
        /// Registers even if the version makes stored jobs invalid, or belongs to another component.
        #[arg(long)]
        force: bool,
    },
    /// Makes an earlier version of a registered step active: the previously registered one, or the given one.
    Rollback {
        /// The step type.
        #[arg(id = "TYPE")]
        step_type: String,
        /// The version (1, 1.2 or 1.2.3), or the digest [default: the previously registered version].
        #[arg(id = "VERSION")]
        version: Option<String>,
    },
    /// Removes a registered step, or one version of it (TYPE@VERSION). Refuses while stored jobs need it.
    Remove {
        /// The step type, or TYPE@VERSION.
        #[arg(id = "TYPE")]
        step_type: String,
        /// Removes the step even if stored jobs could not run without it.
        #[arg(long)]
        force: bool,
    },
    /// Shows the descriptor of a step type (also TYPE@VERSION) or of a component file.
    Inspect {
        /// A step type, or a `.wasm` file.
        #[arg(id = "TYPE|WASM")]
        step: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum StepCommand {
    /// Reports what scripts need that the sandbox lacks, without running them.
    CheckScript(CheckScriptArgs),
    /// Runs files of tests of scripts in the sandbox.
    TestScript(TestScriptArgs),
}

/// The scripts, and the steps that run them.
#[derive(Debug, Args)]
pub(crate) struct ScriptArgs {
    /// Scripts, or folders of scripts.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// The folder that the sandbox sees, read-only [default: the current one].
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// The step type that runs the scripts [default: the one that declares files of such names].
    #[arg(long = "type", id = "script_type", value_name = "TYPE")]
    pub step_type: Option<String>,
    /// The file of a component that runs scripts of another language. Repeatable.
    #[arg(long = "step", id = "script_step", value_name = "WASM")]
    pub step: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CheckScriptArgs {
    #[command(flatten)]
    pub scripts: ScriptArgs,
    /// The format of the result.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct TestScriptArgs {
    #[command(flatten)]
    pub scripts: ScriptArgs,
    /// Writes the results as JUnit XML.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Runs only tests with this tag. Repeatable [default: all tests].
    #[arg(long, value_name = "TAG")]
    pub tag: Vec<String>,
    /// Skips tests with this tag. Repeatable [default: none].
    #[arg(long, value_name = "TAG")]
    pub exclude_tag: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaKind {
    /// Job files.
    Job,
    /// Policy files.
    Policy,
    /// The configuration file.
    Config,
    /// The queue file, `timezone_queues.yaml`.
    Queues,
    /// The OpenAPI document of the REST API.
    Openapi,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The address of the API. Put an API that other machines can reach behind TLS.
    ///
    /// [default: `service.listen` of the configuration, or 127.0.0.1:7450]
    #[arg(long, value_name = "ADDRESS", env = "STEPWELL_LISTEN", value_parser = address)]
    pub listen: Option<SocketAddr>,
    /// Requests per second of one API key or person; a burst may have twice as many [default:
    /// `service.rate_limit` of the configuration, or 100].
    #[arg(long, value_name = "N")]
    pub rate_limit: Option<NonZeroU32>,
    #[command(flatten)]
    pub host: HostArgs,
}

/// Reads an address and a port. `localhost` stands for 127.0.0.1.
fn address(text: &str) -> Result<SocketAddr, String> {
    let text = text.replace("localhost:", "127.0.0.1:");
    text.parse().map_err(|_| "write an address and a port, such as 127.0.0.1:7450".to_owned())
}

/// A group of commands that use the REST API.
#[derive(Debug, Args)]
pub(crate) struct Of<C: Subcommand> {
    #[command(subcommand)]
    pub command: C,
    #[command(flatten)]
    pub api: ApiArgs,
}

/// Options of commands that use the REST API: of a service, or in this process over the store of this node.
#[derive(Debug, Args)]
pub(crate) struct ApiArgs {
    /// The URL of the service to use, for instance https://stepwell.example.com [default: none; the command
    /// uses the store of this node].
    #[arg(long, value_name = "URL", env = "STEPWELL_SERVER", value_parser = crate::client::base, global = true)]
    pub server: Option<Url>,
    /// The file that contains the API key for --server [default: STEPWELL_KEY_FILE, or the key
    /// in STEPWELL_API_KEY].
    #[arg(long, value_name = "FILE", requires = "server", global = true)]
    pub key_file: Option<PathBuf>,
    /// The format of the result: text, or the JSON of the REST API.
    #[arg(long, value_enum, default_value_t = Output::Text, global = true)]
    pub output: Output,
    #[command(flatten)]
    pub host: HostArgs,
}

/// Options of commands that concern only this node.
#[derive(Debug, Args)]
pub(crate) struct Local {
    /// The format of the result.
    #[arg(long, value_enum, default_value_t = Output::Text, global = true)]
    pub output: Output,
    #[command(flatten)]
    pub host: HostArgs,
}

/// Options of every command that needs a host.
#[derive(Debug, Args)]
pub(crate) struct HostArgs {
    /// A policy file. Repeatable [default: the `policies` of the configuration; without any, steps get the
    /// profile `standard` and no capability].
    #[arg(long, value_name = "FILE", global = true)]
    pub policy: Vec<PathBuf>,
    /// The configuration file: connections, organizations, secrets [default: none].
    #[arg(long, value_name = "FILE", env = "STEPWELL_CONFIG", global = true)]
    pub config: Option<PathBuf>,
    /// The settings of the queues [default: `timezone_queues.yaml` beside the configuration file, if
    /// there is one].
    #[arg(long, value_name = "FILE", env = "STEPWELL_QUEUES", global = true)]
    pub queues: Option<PathBuf>,
    /// The directory of runs and workspaces [default: the user's data directory, for instance ~/.local/share/stepwell].
    #[arg(long, value_name = "DIR", env = "STEPWELL_DATA_DIR", global = true)]
    pub data_dir: Option<PathBuf>,
    /// The directory of scratch directories and programs' homes, which live as long as an attempt [default:
    /// `scratch` in the data directory].
    #[arg(long, value_name = "DIR", env = "STEPWELL_SCRATCH_DIR", global = true)]
    pub scratch_dir: Option<PathBuf>,
    /// The URL of a PostgreSQL database that stores the runs [default: SQLite in the data directory]. An
    /// environment variable hides it from process lists.
    #[arg(long, value_name = "URL", env = "STEPWELL_STORE", hide_env_values = true, global = true)]
    pub store: Option<String>,
    /// The project of job files [default: `default`]. Elsewhere, jobs of other projects are
    /// named PROJECT/JOB.
    #[arg(long, value_name = "NAME", env = "STEPWELL_PROJECT", global = true)]
    pub(crate) project: Option<String>,
    /// A component file to use as a step in this process, in addition to the `steps` of the configuration.
    /// Repeatable [default: none].
    #[arg(long = "step", id = "step_file", value_name = "WASM", global = true)]
    pub step: Vec<PathBuf>,
    /// Lets components of --step, of the configuration, and of `steps register` replace built-in steps,
    /// without the grants of policies that name those.
    #[arg(long, global = true)]
    pub replace: bool,
}

impl HostArgs {
    /// Returns the project of job files.
    pub(crate) fn project(&self) -> Result<&str, HostError> {
        let name = self.project.as_deref().unwrap_or(project::DEFAULT);
        match project::is_name(name) {
            true => Ok(name),
            false => {
                let message = format!("`{name}`: lower-case letters, digits and `-`, at most 32");
                Err(HostError::Invalid(Diagnostic::without_place("--project", message).into()))
            }
        }
    }

    /// Returns the project of job files on this node's store: one of the configuration's projects, if it
    /// lists any.
    pub(crate) fn project_on(&self, host: &Host) -> Result<&str, HostError> {
        let (name, config) = (self.project()?, host.configuration());
        if config.projects.is_empty() || config.has_project(name) {
            return Ok(name);
        }
        let known: Vec<&str> = config.projects.keys().map(String::as_str).collect();
        let message =
            format!("there is no project `{name}` in the configuration; it has {}", known.join(", "));
        Err(HostError::Invalid(Diagnostic::without_place("--project", message).into()))
    }
}

/// Returns the default directory of runs.
pub(crate) fn data_dir() -> PathBuf {
    user_dir("XDG_DATA_HOME", ".local/share").join("stepwell")
}

/// Returns the cache of compiled components. It is separate from runs, because it can be refilled.
pub(crate) fn cache_dir() -> PathBuf {
    match env::var_os("STEPWELL_CACHE_DIR") {
        Some(dir) => PathBuf::from(dir),
        None => user_dir("XDG_CACHE_HOME", ".cache").join("stepwell"),
    }
    .join("components")
}

/// Returns a directory of the user, by the XDG base directory specification.
fn user_dir(variable: &str, below_home: &str) -> PathBuf {
    match env::var_os(variable).map(PathBuf::from) {
        Some(dir) if dir.is_absolute() => dir,
        _ => env::home_dir().unwrap_or_else(env::temp_dir).join(below_home),
    }
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
            (None, "server") => "http://127.0.0.1:1".to_owned(),
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
                if id == "help" || id == "version" {
                    continue;
                }
                let Some(long) = extra.get_long() else { panic!("{path:?}: {id} has no long form") };
                let with_value = extra.get_action().takes_values();
                let mut option = vec![format!("--{long}")];
                option.extend(with_value.then(|| sample(extra)));
                if id == "key_file" {
                    option.extend(["--server", "http://127.0.0.1:1"].map(str::to_owned));
                }
                let positionals: Vec<String> = command.get_positionals().map(sample).collect();
                // An option in place of a positional argument is tried without it.
                let line = |positionals: &[String]| [&path[..], positionals, &option].concat();
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
}
