//! Runs a program of the host, restricted by the operating system.
//!
//! Before it starts it gives up its rights ([`crate::confine`]). It leads a process group that none of its
//! processes can leave, and the whole group is killed when the program ends, when its time runs out, and when
//! its caller stops waiting.

#![cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "programs run on Linux only"))]

pub(crate) use crate::bounded::{Mount, Over, Program};

/// The end of a program.
#[derive(Debug, Default)]
pub(crate) struct Ended {
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub output: Vec<u8>,
    pub error_output: Vec<u8>,
    /// A limit that the program itself noticed, as an error of a system call.
    pub noticed: Option<Over>,
    /// The bounds that this machine does not enforce.
    pub weaker: Vec<String>,
}

#[derive(Debug)]
pub(crate) enum Error {
    TimedOut,
    Unavailable(String),
    /// The program exceeded a limit.
    Limit(Over),
    /// The machine does not enforce its bounds, and policy does not allow weaker ones.
    Weaker(Vec<String>),
}

#[cfg(not(target_os = "linux"))]
pub(crate) async fn run(_: Program, _: &crate::scratch::Scratch) -> Result<Ended, Error> {
    Err(Error::Unavailable("programs run on Linux only".to_owned()))
}

#[cfg(target_os = "linux")]
pub(crate) use linux::run;

#[cfg(test)]
#[cfg(target_os = "linux")]
#[allow(clippy::disallowed_methods, reason = "tests that measure how long a program runs")]
mod kernel;

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::io::{ErrorKind, Read, Write};
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
    use std::os::unix::process::{CommandExt, ExitStatusExt};
    use std::path::Path;
    use std::process::{Child, Command, ExitStatus, Stdio};
    use std::sync::Arc;
    use std::sync::mpsc::sync_channel;
    use std::thread;
    use std::time::Duration;

    use parking_lot::{Mutex, MutexGuard};
    use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};

    use stepwell_engine::policy::Access;
    use stepwell_engine::quantity::Bytes;

    use super::{Ended, Error, Over, Program};
    use crate::confine::{self, Bounds};
    use crate::control_group::ControlGroup;
    use crate::scratch::{Private, Scratch};
    use crate::tree;
    use crate::watchdog::{self, Directory, Quota};

    /// Variables that keep programs quiet and stop them from calling home: PowerShell and .NET read them.
    const QUIET: [(&str, &str); 6] = [
        ("DOTNET_EnableDiagnostics", "0"),
        ("DOTNET_NOLOGO", "1"),
        ("LANG", "C.UTF-8"),
        ("NO_COLOR", "1"),
        ("POWERSHELL_TELEMETRY_OPTOUT", "1"),
        ("POWERSHELL_UPDATECHECK", "Off"),
    ];

    /// Linux's error number for a file that it cannot execute.
    const ENOEXEC: i32 = 8;

    /// The maximum wait for the end of a killed program.
    const CLEANING: Duration = Duration::from_secs(5);

    /// The process group of a program.
    #[derive(Clone, Default)]
    struct Group(Arc<Mutex<State>>);

    #[derive(Default)]
    struct State {
        /// Set from the start of the program until it is reaped: after that, its number may belong to
        /// another process.
        pid: Option<Pid>,
        control: Option<Arc<ControlGroup>>,
        killed: bool,
    }

    impl Group {
        fn state(&self) -> MutexGuard<'_, State> {
            self.0.lock()
        }

        /// Kills the group, or makes sure that it is killed as soon as it exists.
        fn kill(&self) {
            let mut state = self.state();
            state.killed = true;
            if let Some(control) = &state.control {
                control.kill();
            }
            if let Some(pid) = state.pid {
                // A group that has ended already is not an error.
                let _ = rustix::process::kill_process_group(pid, Signal::KILL);
            }
        }

        fn started(&self, pid: Pid, control: Option<Arc<ControlGroup>>) {
            let killed = {
                let mut state = self.state();
                state.pid = Some(pid);
                state.control = control;
                state.killed
            };
            if killed {
                self.kill();
            }
        }

        fn reaped(&self) {
            let mut state = self.state();
            state.pid = None;
            state.control = None;
        }
    }

    /// Kills the group when the caller stops waiting for the program.
    struct KilledOnDrop(Group);

    impl Drop for KilledOnDrop {
        fn drop(&mut self) {
            self.0.kill();
        }
    }

    pub(crate) async fn run(program: Program, scratch: &Scratch) -> Result<Ended, Error> {
        let timeout = program.timeout;
        let group = Group::default();
        let killed = KilledOnDrop(group.clone());
        let home = scratch.make()?;
        let (sender, mut ended) = tokio::sync::oneshot::channel();
        thread::Builder::new().name("stepwell-program".to_owned()).spawn(move || {
            let ended = run_here(&program, &group, &home);
            drop(home);
            let _ = sender.send(ended);
        })?;
        match tokio::time::timeout(timeout, &mut ended).await {
            Ok(Ok(ended)) => ended,
            Ok(Err(_)) => Err(Error::Unavailable("the thread that starts it has ended".to_owned())),
            Err(_) => {
                drop(killed);
                // Its directory is deleted, too.
                let _ = tokio::time::timeout(CLEANING, ended).await;
                Err(Error::TimedOut)
            }
        }
    }

    /// Describes why a program cannot be started, without the system's own message.
    fn why(error: &std::io::Error) -> String {
        let why = match error.kind() {
            ErrorKind::NotFound => "it, or the interpreter of its script, is not installed",
            ErrorKind::PermissionDenied => "the service's user may not execute it",
            ErrorKind::ArgumentListTooLong => "its arguments and variables are longer than the system takes",
            ErrorKind::WouldBlock => "the machine has no room for another process",
            ErrorKind::OutOfMemory => "the machine has no memory for it",
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                "the disk for its private directory is full: the operator must free space there"
            }
            ErrorKind::ExecutableFileBusy => "its file is being written",
            _ => match error.raw_os_error() {
                Some(ENOEXEC) => "its file is not an executable and has no `#!` line",
                _ => "the service's log has the reason",
            },
        };
        format!("it cannot be started: {why}")
    }

    impl From<std::io::Error> for Error {
        fn from(error: std::io::Error) -> Self {
            tracing::warn!("a program cannot be started: {error}");
            Self::Unavailable(why(&error))
        }
    }

    fn run_here(program: &Program, group: &Group, home: &Private) -> Result<Ended, Error> {
        let weaker = confine::weaker();
        if !weaker.is_empty() && !program.allow_weaker {
            return Err(Error::Weaker(weaker));
        }
        fill(home.path(), &program.files)?;
        let bounds = Bounds::new(program, home.path())?;
        let control = bounds.group();
        // A program without Landlock can leave its group.
        let is_held = control.is_some() && confine::landlock_version() > 0;
        let quota = quota(program, home.path(), is_held);
        let mut child = start(program, home.path(), bounds)?;
        let pid = Pid::from_child(&child);
        confine::kill_first(pid);
        group.started(pid, control.clone());
        let ended = finish(&mut child, program, group, &quota);
        // Nothing of the program remains in any case, and no signal goes to a number that is free.
        group.kill();
        watchdog::reap_orphans(pid);
        group.reaped();
        let status = child.wait()?;
        let written = ended?;
        if let Some(over) = written.over.or_else(|| quota.files_exceeded(0)) {
            return Err(Error::Limit(over));
        }
        if control.as_ref().is_some_and(|control| control.was_out_of_memory()) {
            return Err(Error::Limit(Over::memory(program.memory_bytes)));
        }
        if control.as_ref().is_some_and(|control| control.was_sacrificed()) {
            let why = "the service's machine ran short of memory, and the system ended it";
            return Err(Error::Unavailable(why.to_owned()));
        }
        let was_out_of_tasks = control.is_some_and(|control| control.was_out_of_tasks());
        Ok(Ended {
            code: status.code(),
            signal: status.signal(),
            output: written.output,
            error_output: written.error_output,
            noticed: noticed(program, status, was_out_of_tasks),
            weaker,
        })
    }

    /// Returns the limit that a failed program noticed.
    fn noticed(program: &Program, status: ExitStatus, was_out_of_tasks: bool) -> Option<Over> {
        let signal = rustix::process::Signal::XFSZ.as_raw();
        match (status.code(), status.signal()) {
            (Some(0), _) => None,
            // A shell exits with the number of the signal that ended its last command.
            (code, by) if by == Some(signal) || code == Some(128 + signal) => {
                let bytes = Bytes::new(program.file_bytes);
                let message = format!("the program wrote a file of more than {bytes}");
                Some(Over { limit: "process_file_bytes", message })
            }
            _ if was_out_of_tasks => {
                let message =
                    format!("the program asked for more than {} processes and threads", program.tasks);
                Some(Over { limit: "process_tasks", message })
            }
            _ => None,
        }
    }

    fn quota(program: &Program, home: &Path, is_held: bool) -> Quota {
        let written = program.mounts.iter().filter(|mount| mount.access == Access::Write);
        let mounts = written.filter_map(|mount| {
            // Earlier files there belong to another step, which may have had a larger limit.
            let used = tree::measure(&mount.path).unwrap_or_default();
            Some(Directory {
                path: mount.path.clone(),
                bytes: mount.bytes?.max(used.bytes),
                entries: program.file_count.max(used.entries),
                name: mount.limit,
                what: format!("the mount {}", mount.place),
            })
        });
        Quota {
            memory_and_tasks: (!is_held).then_some((program.memory_bytes, program.tasks)),
            home: Directory {
                path: home.to_owned(),
                bytes: program.file_bytes,
                // In addition to those that the host creates.
                entries: program.file_count.saturating_add(program.files.len() as u64 + 2),
                name: "process_file_bytes",
                what: "its private directory".to_owned(),
            },
            mounts: mounts.collect(),
        }
    }

    /// Puts the guest's files into the private directory.
    fn fill(home: &Path, files: &[(String, Vec<u8>)]) -> std::io::Result<()> {
        for dir in ["tmp", "files"] {
            fs::DirBuilder::new().mode(0o700).create(home.join(dir))?;
        }
        for (name, content) in files {
            let path = home.join("files").join(name);
            fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(content)?;
        }
        Ok(())
    }

    fn start(program: &Program, home: &Path, bounds: Bounds) -> std::io::Result<Child> {
        let mut command = Command::new(&program.path);
        command
            .args(&program.arguments)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", home)
            .env("TMPDIR", home.join("tmp"))
            .envs(QUIET)
            .envs(program.environment.iter().map(|(name, value)| (name, value)))
            .envs(program.directory.iter().map(|path| ("STEPWELL_DIRECTORY", path)))
            .current_dir(home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        bounds.confine(&mut command);
        command.spawn()
    }

    /// The output of a program, and the limit that it exceeded.
    struct Written {
        output: Vec<u8>,
        error_output: Vec<u8>,
        over: Option<Over>,
    }

    /// Waits until the program has ended and its pipes are read, without reaping it, so that its number stays
    /// its own.
    fn finish(
        child: &mut Child,
        program: &Program,
        group: &Group,
        quota: &Quota,
    ) -> std::io::Result<Written> {
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let pid = Pid::from_child(child);
        let most = program.output_bytes;
        let (ending, ended) = sync_channel(0);
        thread::scope(|scope| {
            scope.spawn(move || {
                if let Some(mut stdin) = stdin {
                    // A program that does not read its input is not an error.
                    let _ = stdin.write_all(&program.input);
                }
            });
            let watchdog = scope.spawn(move || {
                let over = watchdog::watch(pid, quota, &ended);
                if over.is_some() {
                    group.kill();
                }
                over
            });
            let output = scope.spawn(move || read(stdout, most, group));
            let error_output = scope.spawn(move || read(stderr, most, group));
            let waited =
                rustix::process::waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
            drop(ending);
            // Processes that the program has left behind keep its pipes open.
            group.kill();
            let gone = |_| std::io::Error::other("a thread that reads its output has ended");
            let over = watchdog.join().map_err(gone)?;
            let (output, too_long) = output.join().map_err(gone)?;
            let (error_output, too_long_too) = error_output.join().map_err(gone)?;
            waited?;
            let over = over.or_else(|| (too_long || too_long_too).then(|| Over::output(most)));
            Ok(Written { output, error_output, over })
        })
    }

    /// Reads to the end. A program that writes more than its limit is stopped, because nothing reads
    /// the rest.
    fn read(pipe: Option<impl Read>, most: u64, group: &Group) -> (Vec<u8>, bool) {
        let Some(mut pipe) = pipe else { return (Vec::new(), false) };
        let mut kept = Vec::new();
        // A read error is the end.
        let _ = pipe.by_ref().take(most).read_to_end(&mut kept);
        let is_longer = matches!(pipe.read(&mut [0]), Ok(1..));
        if is_longer {
            group.kill();
        }
        (kept, is_longer)
    }
}
