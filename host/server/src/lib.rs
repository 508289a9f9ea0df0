//! The `stepwell` command as a library, so that tests can use its parts.

#![warn(clippy::print_stdout, clippy::print_stderr)]

/// Prints a message to standard error, without the characters that could steer a terminal.
macro_rules! say {
    ($($text:tt)*) => { $crate::say(&format!($($text)*)) };
}

mod api;
mod cli;
mod definition;
mod display;
mod failure;
pub mod reference;
mod telemetry;
mod ui;

use std::ffi::OsString;
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use stepwell::HostError;

pub use api::markdown as operations_table;
pub use cli::commands::about::commands as commands_table;
pub use failure::{Exit, exit_codes_table};
pub use ui::addresses as ui_addresses;

use crate::cli::Cli;
use crate::cli::args::Command;
use crate::cli::commands::dispatch;
use crate::cli::host::COMPILER;
use crate::display::Cleaner;
use crate::telemetry::LogFormat;

/// The tree of commands, for tests that run each.
pub fn command_tree() -> clap::Command {
    Cli::tree()
}

/// The log of commands.
const COMMAND_LEVEL: &str = "warn,stepwell_server::api=off,stepwell::denial=off";

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
            say!("error: --log: {error}");
            return Exit::BadInput.into();
        }
    };
    let mut builder = match cli.command {
        // The branches of a group run on all cores.
        Command::Serve(_) | Command::Demo(_) | Command::Run(_) | Command::Convert(_) => {
            tokio::runtime::Builder::new_multi_thread()
        }
        // The others do one thing at a time.
        _ => tokio::runtime::Builder::new_current_thread(),
    };
    if matches!(cli.command, Command::Serve(_) | Command::Demo(_)) {
        stepwell::take_short_turns();
    }
    // Documents nest by up to 64 levels, and what reads them recurses, with large frames in a debug build.
    let runtime = match builder.enable_all().thread_stack_size(16 << 20).build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say!("error: the runtime does not start: {error}");
            return Exit::Platform.into();
        }
    };
    // Each line of a service's log is JSON, also the last.
    let logged = matches!(cli.command, Command::Serve(_)) && cli.log_format == LogFormat::Json;
    let ended = runtime.block_on(dispatch(cli, filter));
    if api::IS_STUCK.load(Ordering::Relaxed) {
        // A thread that holds a request would still use the runtime.
        let _runtime = std::mem::ManuallyDrop::new(runtime);
    } else {
        runtime.shutdown_timeout(LAST_TASKS);
    }
    match ended {
        Ok(Exit::Success) if OUTPUT_LOST.load(Ordering::Relaxed) => Exit::Platform.into(),
        Ok(exit) => exit.into(),
        Err(failure) if logged => {
            tracing::error!("{}", failure.message);
            failure.exit.into()
        }
        Err(failure) => {
            say!("{}", failure.shown());
            failure.exit.into()
        }
    }
}

/// The time for the last calls of the operating system, such as writes to the store, when a command ends.
const LAST_TASKS: Duration = Duration::from_secs(3);

/// Colours are for terminals, and for those who want them (<https://no-color.org>).
fn set_colors() {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
        || std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    console::set_colors_enabled(!unwanted && std::io::stdout().is_terminal());
    console::set_colors_enabled_stderr(!unwanted && std::io::stderr().is_terminal());
}

fn file_error(path: PathBuf, error: std::io::Error) -> HostError {
    HostError::File { path, error }
}

/// Whether something could not be written to standard output.
static OUTPUT_LOST: AtomicBool = AtomicBool::new(false);

/// Prints a text and a line end to standard output. On a terminal, its lines are cleaned.
fn print(text: &str) {
    write(format!("{text}\n").as_bytes());
}

/// Prints a text with colors. Each of its parts is plain already.
fn print_painted(text: &str) {
    write_raw(format!("{text}\n").as_bytes());
}

/// Prints a message to standard error, without the characters that could steer a terminal.
fn say(text: &str) {
    say_painted(&display::plain_lines(text));
}

/// Prints a message with colors to standard error. Each of its parts is plain already.
fn say_painted(text: &str) {
    // The last message has no other place when standard error is gone.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Writes data to standard output. A terminal gets text without the characters that could steer it, and
/// anything else gets the bytes.
fn write(bytes: &[u8]) {
    static CLEANER: Mutex<Cleaner> = Mutex::new(Cleaner::new());
    match std::io::stdout().is_terminal() {
        true => write_raw(CLEANER.lock().clean(bytes).as_bytes()),
        false => write_raw(bytes),
    }
}

/// Writes to standard output. A reader that has gone is no error; a full disk is one, and the command ends
/// with it.
fn write_raw(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        // It is said once.
        Err(error) if error.kind() != ErrorKind::BrokenPipe && !OUTPUT_LOST.swap(true, Ordering::Relaxed) => {
            say!("error: standard output cannot be written: {}", error.kind());
        }
        _ => {}
    }
}
