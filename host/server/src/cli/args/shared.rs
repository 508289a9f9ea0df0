//! The options that many commands share.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use stepwell::Host;
use stepwell::engine::project;
use url::Url;

use crate::failure::Failure;

/// The heading of the options that choose a service.
const SERVICE: &str = "Service";
/// The heading of the options of the host in this process.
const NODE: &str = "This node";

/// A group of commands that use the REST API.
#[derive(Debug, Args)]
pub(crate) struct Of<C: Subcommand> {
    #[command(subcommand)]
    pub command: C,
    #[command(flatten)]
    pub api: ApiArgs,
}

/// A group of commands that concern only this node.
#[derive(Debug, Args)]
pub(crate) struct OfNode<C: Subcommand> {
    #[command(subcommand)]
    pub command: C,
    #[command(flatten)]
    pub local: Local,
}

/// The format of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// Tables and sentences for people.
    Text,
    /// JSON for programs.
    Json,
}

/// Options of commands that use the REST API: of a service, or in this process over the store of this node.
#[derive(Debug, Clone, Args)]
pub(crate) struct ApiArgs {
    /// The URL of the service to use, for instance https://stepwell.example.com [default: none; the command
    /// uses the store of this node].
    #[arg(long, value_name = "URL", env = "STEPWELL_SERVER", value_parser = base, global = true, help_heading = SERVICE)]
    pub server: Option<Url>,
    /// The file that contains the API key for --server [default: STEPWELL_KEY_FILE, or the key
    /// in STEPWELL_API_KEY].
    #[arg(long, value_name = "FILE", requires = "server", global = true, help_heading = SERVICE)]
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
#[derive(Debug, Clone, Args)]
pub(crate) struct HostArgs {
    /// A policy file. Repeatable [default: the `policies` of the configuration; without any, steps get the
    /// profile `standard` and no capability].
    #[arg(long, value_name = "FILE", global = true, help_heading = NODE)]
    pub policy: Vec<PathBuf>,
    /// The configuration file: connections, organizations, secrets [default: none].
    #[arg(long, value_name = "FILE", env = "STEPWELL_CONFIG", global = true, help_heading = NODE)]
    pub config: Option<PathBuf>,
    /// The settings of the queues [default: `timezone_queues.yaml` beside the configuration file, if
    /// there is one].
    #[arg(long, value_name = "FILE", env = "STEPWELL_QUEUES", global = true, help_heading = NODE)]
    pub queues: Option<PathBuf>,
    /// The directory of runs and workspaces [default: the user's data directory, for instance
    /// ~/.local/share/stepwell].
    #[arg(long, value_name = "DIR", env = "STEPWELL_DATA_DIR", global = true, help_heading = NODE)]
    pub data_dir: Option<PathBuf>,
    /// The directory of scratch directories and programs' homes, which live as long as an attempt [default:
    /// `scratch` in the data directory].
    #[arg(long, value_name = "DIR", env = "STEPWELL_SCRATCH_DIR", global = true, help_heading = NODE)]
    pub scratch_dir: Option<PathBuf>,
    /// The URL of a PostgreSQL database that stores the runs [default: SQLite in the data directory]. An
    /// environment variable hides it from process lists.
    #[arg(long, value_name = "URL", env = "STEPWELL_STORE", hide_env_values = true, global = true, help_heading = NODE)]
    pub store: Option<String>,
    /// The project of job files [default: `default`]. Elsewhere, jobs of other projects are
    /// named PROJECT/JOB.
    #[arg(long, value_name = "NAME", env = "STEPWELL_PROJECT", global = true, help_heading = NODE)]
    pub(crate) project: Option<String>,
    /// A component file to use as a step in this process, in addition to the `steps` of the configuration.
    /// Repeatable [default: none].
    #[arg(long = "step", id = "step_file", value_name = "WASM", global = true, help_heading = NODE)]
    pub step: Vec<PathBuf>,
    /// Lets components of --step, of the configuration, and of `steps register` replace built-in steps,
    /// without the grants of policies that name those.
    #[arg(long, global = true, help_heading = NODE)]
    pub replace: bool,
}

impl HostArgs {
    /// Returns the project of job files.
    pub(crate) fn project(&self) -> Result<&str, Failure> {
        let name = self.project.as_deref().unwrap_or(project::DEFAULT);
        match project::is_name(name) {
            true => Ok(name),
            false => {
                let message = format!(
                    "`{name}` is not a project: a name has at most 32 lower-case letters, digits and `-`"
                );
                Err(Failure::option("--project", message))
            }
        }
    }

    /// Returns the project of job files on this node's store: one of the configuration's projects, if it
    /// lists any.
    pub(crate) fn project_on(&self, host: &Host) -> Result<&str, Failure> {
        let (name, config) = (self.project()?, host.configuration());
        if config.projects.is_empty() || config.has_project(name) {
            return Ok(name);
        }
        let known: Vec<&str> = config.projects.keys().map(String::as_str).collect();
        let message =
            format!("there is no project `{name}` in the configuration; it has {}", known.join(", "));
        Err(Failure::option("--project", message))
    }
}

/// Parses the base of a service's URLs: its address, with the prefix under which a proxy serves it.
pub(super) fn base(text: &str) -> Result<Url, String> {
    let url = Url::parse(text)
        .map_err(|error| format!("{error}: use a URL such as https://stepwell.example.com"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err("use a URL that begins with https:// or http://".to_owned());
    }
    if !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return Err("use the address only, without login, query or fragment".to_owned());
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_an_address() {
        for (text, fine) in [
            ("https://a.example", true),
            ("http://127.0.0.1:7450/prefix/", true),
            ("a.example", false),
            ("ftp://a.example", false),
            ("https://user:secret@a.example", false),
            ("https://a.example?x=1", false),
        ] {
            assert_eq!(base(text).is_ok(), fine, "{text}");
        }
    }
}
