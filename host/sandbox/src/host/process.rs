//! `stepwell:process`: programs of the host's machine, by a name that policy gives them.
//!
//! The threat: a program is outside of the WebAssembly sandbox. So nothing of it is the guest's choice but what policy lets
//! it choose (arguments by pattern, variables by name), and [`crate::program`] bounds what runs.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use stepwell_engine::policy::{Access, Grant, Limits, ProcessGrant};
use wasmtime::Result as Trap;

use crate::guest::Guest;
use crate::guest::bindings::stepwell::process::process::{Command, Ended, Error, Host};
use crate::program::{self, Program};

/// The programs of one attempt.
pub(crate) struct ProcessUse {
    grants: BTreeMap<String, ProcessGrant>,
    mounts: Vec<(String, PathBuf, Access)>,
    limits: Limits,
    starts: u64,
}

/// The rule that refuses a program, and what it refused.
type Refusal = (&'static str, String);

impl ProcessUse {
    /// `mounts` are the step's: where it sees them, and where they are.
    pub fn new(grant: &Grant, mounts: Vec<(String, PathBuf, Access)>) -> Self {
        Self { grants: grant.process().clone(), mounts, limits: grant.limits().clone(), starts: 0 }
    }

    fn permit(&self, command: &Command) -> Result<ProcessGrant, Refusal> {
        let program = &command.program;
        let Some(grant) = self.grants.get(program) else {
            return Err(("PROCESS_NOT_GRANTED", format!("starting the program `{program}`")));
        };
        if let Some(argument) = grant.refused(&command.arguments) {
            return Err(("PROCESS_ARGUMENT_NOT_GRANTED", format!("starting `{program}` with `{argument}`")));
        }
        if let Some((name, _)) =
            command.environment.iter().find(|(name, _)| !grant.environment.contains(name))
        {
            return Err((
                "PROCESS_ENVIRONMENT_NOT_GRANTED",
                format!("starting `{program}` with the variable `{name}`"),
            ));
        }
        let plain =
            |name: &str| !name.is_empty() && !name.contains(['/', '\0']) && name != "." && name != "..";
        if let Some((name, _)) = command.files.iter().find(|(name, _)| !plain(name)) {
            return Err(("PROCESS_FILE_NOT_GRANTED", format!("the file name `{name}`")));
        }
        Ok(grant.clone())
    }

    /// The directory of the host behind one of the step's.
    fn directory(&self, path: &str) -> Result<PathBuf, Refusal> {
        let refused = || ("PROCESS_DIRECTORY_NOT_GRANTED", format!("the directory `{path}`"));
        let below = |mount: &str| {
            let rest = path.strip_prefix(mount)?;
            (rest.is_empty() || rest.starts_with('/')).then(|| rest.trim_matches('/').to_owned())
        };
        let found = self.mounts.iter().find_map(|(mount, host, _)| Some((host, below(mount)?)));
        let (root, rest) = found.ok_or_else(refused)?;
        // A link could lead out of the mount.
        let root = root.canonicalize().map_err(|_| refused())?;
        let full = root.join(rest).canonicalize().map_err(|_| refused())?;
        if full.starts_with(&root) && full.is_dir() { Ok(full) } else { Err(refused()) }
    }

    fn program(&self, command: Command, left: Duration) -> Result<Program, Refusal> {
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
            mounts: self.mounts.iter().map(|(_, path, access)| (path.clone(), *access)).collect(),
            network: grant.network,
            timeout: asked.min(grant.timeout.0).min(left),
            output_bytes: self.limits.process_output_bytes.0,
            memory_bytes: self.limits.process_memory.0,
            file_bytes: self.limits.process_file_bytes.0,
        })
    }
}

impl Host for Guest {
    async fn run(&mut self, command: Command) -> Trap<Result<Ended, Error>> {
        self.calls.count("stepwell:process");
        let left = self.context.remaining();
        let name = command.program.clone();
        let program = match self.process.program(command, left) {
            Ok(program) => program,
            Err((rule, message)) => {
                self.denied(rule, &message)?;
                return Ok(Err(Error::Denied(format!("{rule}: {message}"))));
            }
        };
        self.process.starts += 1;
        let most = self.process.limits.process_starts.0;
        if self.process.starts > most {
            return Ok(Err(Error::Limit(format!(
                "more than {most} programs; raise `limits.process_starts` in the policy"
            ))));
        }
        let call = self
            .traced
            .begin(|| format!("process {name}"), || vec![("process.executable.name", name.clone())]);
        let ended = program::run(program).await;
        if let Some(call) = call {
            match &ended {
                Ok(ended) => call.end(vec![("process.exit.code", format!("{:?}", ended.code))], None),
                Err(program::Error::TimedOut) => call.end(Vec::new(), Some("timed out".to_owned())),
                Err(program::Error::Unavailable(why)) => call.end(Vec::new(), Some(why.clone())),
            }
        }
        let ended = match ended {
            Ok(ended) => ended,
            Err(program::Error::TimedOut) => return Ok(Err(Error::TimedOut)),
            Err(program::Error::Unavailable(why)) => {
                return Ok(Err(Error::Unavailable(format!("{name}: {why}"))));
            }
        };
        if let Some(weaker) = ended.weaker {
            self.log.host_line("warn", format!("{name}: {weaker}"));
        }
        Ok(Ok(Ended {
            code: ended.code,
            signal: ended.signal,
            output: ended.output,
            error_output: ended.error_output,
            truncated: ended.truncated,
        }))
    }
}
