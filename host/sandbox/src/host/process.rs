//! `stepwell:process`: programs of the host's machine, by names from policy.
//!
//! The threat: a program is outside of the WebAssembly sandbox. So the guest chooses only what policy lets it
//! choose (arguments by pattern, variables by name), and [`crate::program`] restricts the program.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use stepwell_engine::policy::capability::Process;
use stepwell_engine::policy::{Denial, Grant, ProcessGrant, Rule};
use stepwell_engine::quantity::{Span, counted};
use stepwell_engine::raise;
use wasmtime::Result as Trap;
use wasmtime::component::{HasSelf, Linker};

use super::capability::{Hosted, Parts};
use crate::guest::Guest;
use crate::guest::bindings::stepwell::process::process as wit;
use crate::guest::bindings::stepwell::process::process::{Command, Ended, Error, Host};
use crate::program::{self, Mount, Over, Program};
use crate::reached::{Of, Reached};
use crate::scratch::Scratch;

/// Maximum characters of the name of a file.
const NAME: usize = 128;

/// The programs of one attempt.
pub(crate) struct ProcessUse {
    grant: Arc<Grant>,
    mounts: Vec<Mount>,
    scratch: Arc<Scratch>,
    starts: u64,
    reached: Reached,
}

/// Returns whether a guest's file may have this name. Programs read their configuration from names that begin
/// with a dot.
fn is_safe(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    !name.starts_with('.') && name.chars().all(plain) && (1..=NAME).contains(&name.len())
}

impl Hosted for Process {
    type State = ProcessUse;

    fn state(parts: &mut Parts<'_>) -> ProcessUse {
        let places = parts.setup.mounts.iter().map(|mounted| mounted.of_programs(parts.limits)).collect();
        ProcessUse::new(parts.grant.clone(), places, parts.setup.scratch.clone(), parts.reached)
    }

    fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
        wit::add_to_linker::<Guest, HasSelf<Guest>>(linker, |guest| guest)
    }
}

impl ProcessUse {
    /// Makes the programs of an attempt. `mounts` are the step's mounts.
    pub fn new(grant: Arc<Grant>, mounts: Vec<Mount>, scratch: Arc<Scratch>, reached: &Reached) -> Self {
        Self { grant, mounts, scratch, starts: 0, reached: reached.clone() }
    }

    /// Returns whether the attempt started a program, because programs write to mounts past the host.
    pub fn has_started(&self) -> bool {
        self.starts > 0
    }

    /// Returns the guest's error for a limit, and records the limit.
    fn over_limit(&self, program: &str, Over { limit, message }: Over) -> Error {
        let message = format!("{program}: {message}");
        let exceeded = match raise(limit) {
            Some(raise) => format!("{message}; {raise}"),
            None => message.clone(),
        };
        self.reached.refused(Of::Program, limit, message, 1);
        Error::Limit(exceeded)
    }

    /// Records that a program ran for its maximum time, unless the step itself asked for less.
    fn over_time(&self, program: &str, asked: u32, left: Duration) {
        let Some(grant) = self.grant.process().get(program) else { return };
        let asked = if asked == 0 { Duration::MAX } else { Duration::from_millis(asked.into()) };
        let granted = grant.timeout.0;
        let (limit, time) = match () {
            () if left < granted.min(asked) => ("wall", left),
            () if asked < granted => return,
            () if granted < self.grant.limits().process_timeout.0 => ("process.timeout", granted),
            () => ("process_timeout", granted),
        };
        let message =
            format!("the program exceeded its time limit, and was killed after {}", Span::new(time));
        self.reached.refused(Of::Program, limit, message, 1);
    }

    fn permit(&self, command: &Command) -> Result<ProcessGrant, Denial> {
        let program = &command.program;
        let Some(grant) = self.grant.process().get(program) else {
            return Err(self.grant.refuse_program(program));
        };
        let refuse = |rule, part: &str, key| Err(self.grant.refuse_start(rule, program, part, key));
        if let Some(argument) = grant.refused(&command.arguments) {
            return refuse(
                Rule::ProcessArgumentNotGranted,
                &format!("the argument `{argument}`"),
                "arguments",
            );
        }
        let mut names = command.environment.iter().map(|(name, _)| name);
        if let Some(name) = names.find(|name| !grant.environment.contains(name)) {
            return refuse(
                Rule::ProcessEnvironmentNotGranted,
                &format!("the variable `{name}`"),
                "environment",
            );
        }
        if let Some((name, _)) = command.files.iter().find(|(name, _)| !is_safe(name)) {
            let what = format!("starting `{program}` with the file `{}`", name.escape_debug());
            let why = format!(
                "a file's name has letters, digits, `_`, `-` and `.` only, at most {NAME} of them, and does not begin with `.`"
            );
            return Err(Denial::new(Rule::ProcessFileNotGranted, &what, &why));
        }
        Ok(grant.clone())
    }

    /// Returns the host's directory behind one of the step's.
    fn directory(&self, path: &str) -> Result<PathBuf, Denial> {
        let refused = || {
            let why = "not granted: it is not a directory within a mount of the step";
            Denial::new(Rule::ProcessDirectoryNotGranted, &format!("starting a program in `{path}`"), why)
        };
        let below = |mount: &str| {
            let rest = path.strip_prefix(mount)?;
            (rest.is_empty() || rest.starts_with('/')).then(|| rest.trim_matches('/').to_owned())
        };
        let found = self.mounts.iter().find_map(|mount| Some((&mount.path, below(&mount.place)?)));
        let (root, rest) = found.ok_or_else(refused)?;
        // A link could lead out of the mount.
        let root = root.canonicalize().map_err(|_| refused())?;
        let full = root.join(rest).canonicalize().map_err(|_| refused())?;
        if full.starts_with(&root) && full.is_dir() { Ok(full) } else { Err(refused()) }
    }

    fn program(&self, command: Command, left: Duration) -> Result<Program, Denial> {
        let limits = self.grant.limits();
        let grant = self.permit(&command)?;
        let directory = command.directory.as_deref().map(|path| self.directory(path)).transpose()?;
        let asked = match command.timeout_ms {
            0 => grant.timeout.0,
            asked => Duration::from_millis(asked.into()),
        };
        Ok(Program {
            path: grant.path,
            arguments: command.arguments,
            environment: command.environment,
            files: command.files,
            directory,
            input: command.input,
            read: grant.read,
            mounts: self.mounts.clone(),
            network: grant.network,
            timeout: asked.min(grant.timeout.0).min(left),
            output_bytes: limits.process_output_bytes.0,
            memory_bytes: limits.process_memory.0,
            tasks: limits.process_tasks.0,
            file_bytes: limits.process_file_bytes.0,
            file_count: limits.file_count.0,
            allow_weaker: grant.allow_weaker,
        })
    }
}

impl Host for Guest {
    async fn run(&mut self, command: Command) -> Trap<Result<Ended, Error>> {
        self.calls.count("stepwell:process");
        let left = self.states.context.remaining();
        let (name, asked) = (command.program.clone(), command.timeout_ms);
        let program = match self.states.process.program(command, left) {
            Ok(program) => program,
            Err(denial) => {
                self.denied(&denial)?;
                return Ok(Err(Error::Denied(denial.to_guest())));
            }
        };
        self.states.process.starts += 1;
        let most = self.states.process.grant.limits().process_starts.0;
        if self.states.process.starts > most {
            let message = format!("the step may start {}", counted(most, "program"));
            return Ok(Err(self.states.process.over_limit(&name, Over { limit: "process_starts", message })));
        }
        let call = self
            .traced
            .begin(|| format!("process {name}"), || vec![("process.executable.name", name.clone())]);
        let ended = program::run(program, &self.states.process.scratch).await;
        if let Some(call) = call {
            match &ended {
                Ok(ended) => call.end(vec![("process.exit.code", format!("{:?}", ended.code))], None),
                Err(program::Error::TimedOut) => call.end(Vec::new(), Some("timed out".to_owned())),
                Err(program::Error::Unavailable(why)) => call.end(Vec::new(), Some(why.clone())),
                Err(program::Error::Limit(over)) => call.end(Vec::new(), Some(over.message.clone())),
                Err(program::Error::Weaker(_)) => call.end(Vec::new(), Some("denied".to_owned())),
            }
        }
        let ended = match ended {
            Ok(ended) => ended,
            Err(program::Error::TimedOut) => {
                self.states.process.over_time(&name, asked, left);
                return Ok(Err(Error::TimedOut));
            }
            Err(program::Error::Unavailable(why)) => {
                return Ok(Err(Error::Unavailable(format!("{name}: {why}"))));
            }
            Err(program::Error::Limit(over)) => return Ok(Err(self.states.process.over_limit(&name, over))),
            Err(program::Error::Weaker(weaker)) => {
                let denial = self.states.process.grant.refuse_weaker(&name, &weaker);
                self.denied(&denial)?;
                return Ok(Err(Error::Denied(denial.to_guest())));
            }
        };
        match ended.noticed {
            Some(Over { limit, message }) => {
                self.states.process.reached.refused(Of::Program, limit, message, 1)
            }
            None if ended.code == Some(0) => self.states.process.reached.granted(Of::Program, 1),
            None => {}
        }
        for weaker in ended.weaker {
            self.log.host_line("warn", format!("{name}: {weaker}"));
        }
        Ok(Ok(Ended {
            code: ended.code,
            signal: ended.signal,
            output: ended.output,
            error_output: ended.error_output,
            // A program that writes more than its limit is stopped.
            truncated: false,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::is_safe;

    #[test]
    fn no_name_of_a_file_configures_a_program() {
        for name in ["begin.ps1", "a", "A-1_b.tar.gz", "-", "_x", "0", &"x".repeat(128)] {
            assert!(is_safe(name), "{name}");
        }
        for name in [
            "",
            ".",
            "..",
            ".curlrc",
            ".gitconfig",
            ".npmrc",
            "a/b",
            "/a",
            "../a",
            ".git/config",
            "a b",
            "a\nb",
            "a\0",
            "\u{e9}",
            "a\\b",
            "$HOME",
            "~",
            "*",
            &"x".repeat(129),
        ] {
            assert!(!is_safe(name), "{name:?}");
        }
    }
}
