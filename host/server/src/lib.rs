//! The `stepwell` command as a library, so that tests can look at its parts.

mod about;
mod api;
mod cli;
mod client;
mod display;
mod doctor;
mod failure;
mod files;
mod inspect;
mod operate;
pub mod reference;
mod run;
mod scripts;
mod serve;
mod summary;
mod table;
mod telemetry;
mod warm_up;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use stepwell::sandbox::CompilerProgram;
use stepwell::{Host, HostBuilder, HostError};

pub use about::commands as commands_table;
pub use api::markdown as operations_table;

use crate::cli::{Cli, Command, ConfigCommand, HostArgs, PolicyCommand, StepCommand};
use crate::failure::Failure;
use crate::telemetry::{LogFilter, LogFormat};

/// The tree of commands, for tests that run each.
pub fn command_tree() -> clap::Command {
    Cli::tree()
}

/// How this program starts itself to compile a component; no command of a user's.
const COMPILER: &str = "compile-for-parent";

/// The log of commands.
const COMMAND_LEVEL: &str = "warn,stepwell_server::api=off,stepwell::denial=off";

/// How the command ends. Documented in `docs/cli.md` and in `stepwell --help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Success.
    Success = 0,
    /// The run failed or ran out of time.
    RunFailed = 1,
    /// The input is wrong; nothing was run, nothing was written.
    BadInput = 2,
    /// Stepwell itself failed: the store, the disk, the engine.
    Platform = 3,
    /// The run was cancelled.
    Cancelled = 130,
}

/// Runs the command.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    if let Some([word, rest @ ..]) = args.get(1..)
        && word == COMPILER
    {
        return stepwell::sandbox::compile_for_parent(rest).into();
    }
    set_colors();
    let cli = match Cli::parsed(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors, and go to standard output.
            let code = if error.use_stderr() { Exit::BadInput } else { Exit::Success };
            let _ = error.print();
            return code.into();
        }
    };
    // A service logs what it does; a command shows it, and its errors, itself.
    let level =
        if matches!(cli.command, Command::Serve(_)) { telemetry::SERVICE_LEVEL } else { COMMAND_LEVEL };
    let filter = match telemetry::log(cli.log_format, cli.log.as_deref().unwrap_or(level)) {
        Ok(filter) => filter,
        Err(error) => {
            eprintln!("error: --log: {error}");
            return Exit::BadInput.into();
        }
    };
    let mut builder = match cli.command {
        Command::Serve(_) => tokio::runtime::Builder::new_multi_thread(),
        // One run at a time: a second thread would only be woken by each yield of the guest.
        _ => tokio::runtime::Builder::new_current_thread(),
    };
    // Documents nest by up to 64 levels, and what reads them recurses, with large frames in a debug build.
    let runtime = match builder.enable_all().thread_stack_size(16 << 20).build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: the runtime does not start: {error}");
            return Exit::Platform.into();
        }
    };
    // Each line of a service's log is JSON, also the last.
    let logged = matches!(cli.command, Command::Serve(_)) && cli.log_format == LogFormat::Json;
    match runtime.block_on(dispatch(cli, filter)) {
        Ok(Exit::Success) if OUTPUT_LOST.load(Ordering::Relaxed) => Exit::Platform.into(),
        Ok(exit) => exit.into(),
        Err(failure) if logged => {
            tracing::error!("{}", failure.message);
            failure.exit.into()
        }
        Err(failure) => {
            eprintln!("{}", failure.shown());
            failure.exit.into()
        }
    }
}

/// Colours are for terminals, and for those who want them (<https://no-color.org>).
fn set_colors() {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
        || std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    console::set_colors_enabled(!unwanted && std::io::stdout().is_terminal());
    console::set_colors_enabled_stderr(!unwanted && std::io::stderr().is_terminal());
}

async fn dispatch(cli: Cli, filter: LogFilter) -> Result<Exit, Failure> {
    Ok(match cli.command {
        Command::Run(args) => run::run(args).await?,
        Command::Validate(args) => operate::validate(&args).await?,
        Command::Policy { command: PolicyCommand::Show { file, local } } => {
            inspect::policy_show(&file, &local).await?
        }
        Command::Steps(of) => operate::steps(of).await?,
        Command::Step { command: StepCommand::CheckScript(args) } => scripts::check(&args).await?,
        Command::Step { command: StepCommand::TestScript(args) } => scripts::test(&args).await?,
        Command::Serve(args) => {
            serve::serve(args, cli.log.is_none().then_some(filter), cli.log_format).await?
        }
        Command::WarmUp(args) => warm_up::warm_up(&args).await?,
        Command::Operate(command) => operate::operate(command).await?,
        Command::Schema { kind } => inspect::schema(kind)?,
        Command::Config { command: ConfigCommand::Show { resolved, local } } => {
            inspect::config_show(resolved, &local)?
        }
        Command::Doctor(local) => doctor::doctor(&local).await?,
        Command::Completions { shell } => about::completions(shell),
        Command::Man { dir } => about::man(dir.as_deref())?,
        Command::Version { output } => about::version(output)?,
    })
}

/// The program that compiles components: the running one, also after another version has replaced it on the disk.
fn compiler() -> CompilerProgram {
    CompilerProgram { program: "/proc/self/exe".into(), arguments: vec![COMPILER.into()] }
}

/// Sets up the host, and registers the components that the command names.
async fn host(args: &HostArgs) -> Result<Host, HostError> {
    let host = registered(builder(args).build()?, args).await?;
    host.steps().refresh().await?;
    Ok(host)
}

fn builder(args: &HostArgs) -> HostBuilder {
    let mut builder =
        Host::builder().default_data_dir(cli::data_dir()).cache_dir(cli::cache_dir()).compiler(compiler());
    if let Some(dir) = &args.data_dir {
        builder = builder.data_dir(dir);
    }
    if let Some(dir) = &args.scratch_dir {
        builder = builder.scratch_dir(dir);
    }
    if let Some(url) = &args.store {
        builder = builder.store_url(url);
    }
    for policy in &args.policy {
        builder = builder.policy_file(policy);
    }
    if let Some(config) = &args.config {
        builder = builder.config_file(config);
    }
    if let Some(queues) = &args.queues {
        builder = builder.queue_file(queues);
    }
    builder
}

/// The host with the components that the command and the configuration name.
async fn registered(host: Host, args: &HostArgs) -> Result<Host, HostError> {
    let config = host.configuration();
    register_files(&host, args.step.iter().chain(&config.steps), args.replace).await?;
    Ok(host)
}

/// Registers the components of these files in this process.
async fn register_files(
    host: &Host,
    files: impl Iterator<Item = &PathBuf>,
    replace: bool,
) -> Result<(), HostError> {
    let mut named: BTreeMap<String, (PathBuf, Option<String>)> = BTreeMap::new();
    for path in files {
        let wasm = std::fs::read(path).map_err(|error| file_error(path.clone(), error))?;
        let manifest = match host.steps().register_here(wasm, replace).await {
            Ok(manifest) => manifest,
            Err(error) => return Err(file_error(path.clone(), std::io::Error::other(error))),
        };
        let digest = host.sandbox().local(&manifest.type_name);
        if let Some((other, before)) = named.get(&manifest.type_name)
            && *before != digest
        {
            let (name, other, path) = (&manifest.type_name, other.display(), path.display());
            let message = format!(
                "two files are the step type `{name}`: {other} and {path}; leave one out, or register versions with `stepwell steps register`"
            );
            return Err(HostError::Refused(message));
        }
        named.insert(manifest.type_name.clone(), (path.clone(), digest));
    }
    Ok(())
}

fn file_error(path: PathBuf, error: std::io::Error) -> HostError {
    HostError::File { path, error }
}

/// Whether something could not be written to standard output.
static OUTPUT_LOST: AtomicBool = AtomicBool::new(false);

/// Prints a text and a line end to standard output.
fn print(text: &str) {
    write(format!("{text}\n").as_bytes());
}

/// Writes to standard output. A reader that has gone is no error; a full disk is one, and the command ends with it.
fn write(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        // It is said once.
        Err(error) if error.kind() != ErrorKind::BrokenPipe && !OUTPUT_LOST.swap(true, Ordering::Relaxed) => {
            eprintln!("error: standard output cannot be written: {}", error.kind());
        }
        _ => {}
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
