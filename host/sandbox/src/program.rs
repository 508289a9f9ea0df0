//! Runs a program of the host's, bounded by the operating system.
//!
//! Before it begins it gives up what it is not to have ([`crate::confine`]). It leads a process group that nothing of it can leave,
//! and the whole group is killed when the program ends, when its time is over, and when nobody waits for it any more.

#![cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "programs run on Linux only"))]

use std::path::PathBuf;
use std::time::Duration;

use stepwell_engine::policy::Access;

/// A program to run.
pub(crate) struct Program {
    pub path: PathBuf,
    pub arguments: Vec<String>,
    pub environment: Vec<(String, String)>,
    /// Put into its private directory.
    pub files: Vec<(String, Vec<u8>)>,
    /// What `STEPWELL_DIRECTORY` tells it.
    pub directory: Option<PathBuf>,
    pub input: Vec<u8>,
    /// Directories that it may read and run beside the system's.
    pub read: Vec<PathBuf>,
    pub mounts: Vec<(PathBuf, Access)>,
    pub network: bool,
    pub timeout: Duration,
    pub output_bytes: u64,
    pub memory_bytes: u64,
    pub file_bytes: u64,
}

/// How a program ended.
#[derive(Debug, Default)]
pub(crate) struct Ended {
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub output: Vec<u8>,
    pub error_output: Vec<u8>,
    pub truncated: bool,
    /// What of the bounds this kernel does not have.
    pub weaker: Option<&'static str>,
}

#[derive(Debug)]
pub(crate) enum Error {
    TimedOut,
    Unavailable(String),
}

#[cfg(not(target_os = "linux"))]
pub(crate) async fn run(_: Program) -> Result<Ended, Error> {
    Err(Error::Unavailable("programs run on Linux only".to_owned()))
}

#[cfg(target_os = "linux")]
pub(crate) use linux::run;

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::io::{Read, Write};
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
    use std::os::unix::process::{CommandExt, ExitStatusExt};
    use std::path::Path;
    use std::process::{Child, Command, Stdio};
    use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
    use std::thread;

    use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};

    use super::{Ended, Error, Program};
    use crate::confine::Bounds;

    /// What keeps programs quiet, and from asking home: what PowerShell and .NET look at.
    const QUIET: [(&str, &str); 6] = [
        ("DOTNET_EnableDiagnostics", "0"),
        ("DOTNET_NOLOGO", "1"),
        ("LANG", "C.UTF-8"),
        ("NO_COLOR", "1"),
        ("POWERSHELL_TELEMETRY_OPTOUT", "1"),
        ("POWERSHELL_UPDATECHECK", "Off"),
    ];

    /// The group of a program.
    #[derive(Clone, Default)]
    struct Group(Arc<Mutex<State>>);

    #[derive(Default)]
    struct State {
        /// From its start until it is reaped: after that, its number may be another's.
        pid: Option<Pid>,
        killed: bool,
    }

    impl Group {
        fn state(&self) -> MutexGuard<'_, State> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }

        /// Kills the group, or sees to it that it is killed as soon as it is there.
        fn kill(&self) {
            let mut state = self.state();
            state.killed = true;
            if let Some(pid) = state.pid {
                // A group that is gone already is no error.
                let _ = rustix::process::kill_process_group(pid, Signal::KILL);
            }
        }

        fn started(&self, pid: Pid) {
            self.state().pid = Some(pid);
            if self.state().killed {
                self.kill();
            }
        }

        fn reaped(&self) {
            self.state().pid = None;
        }
    }

    /// Kills the group when nobody waits for the program any more.
    struct KilledOnDrop(Group);

    impl Drop for KilledOnDrop {
        fn drop(&mut self) {
            self.0.kill();
        }
    }

    pub(crate) async fn run(program: Program) -> Result<Ended, Error> {
        let unavailable = |error: std::io::Error| Error::Unavailable(error.to_string());
        let timeout = program.timeout;
        let group = Group::default();
        let killed = KilledOnDrop(group.clone());
        let (sender, ended) = tokio::sync::oneshot::channel();
        thread::Builder::new()
            .name("stepwell-program".to_owned())
            .spawn(move || {
                let _ = sender.send(run_here(&program, &group));
            })
            .map_err(unavailable)?;
        let ended = match tokio::time::timeout(timeout, ended).await {
            Ok(Ok(ended)) => ended.map_err(unavailable),
            Ok(Err(_)) => Err(Error::Unavailable("the thread that starts it has ended".to_owned())),
            Err(_) => Err(Error::TimedOut),
        };
        drop(killed);
        ended
    }

    fn run_here(program: &Program, group: &Group) -> std::io::Result<Ended> {
        let home = private_directory(&program.files)?;
        let bounds = Bounds::new(program, home.path())?;
        let weaker = bounds.weaker();
        let mut child = start(program, home.path(), bounds)?;
        let pid = Pid::from_child(&child);
        group.started(pid);
        let ended = finish(&mut child, program, group, pid);
        // Whatever happened, nothing of it stays, and nobody signals a number that is free.
        group.kill();
        group.reaped();
        let status = child.wait()?;
        let (output, error_output, truncated) = ended?;
        Ok(Ended { code: status.code(), signal: status.signal(), output, error_output, truncated, weaker })
    }

    fn private_directory(files: &[(String, Vec<u8>)]) -> std::io::Result<tempfile::TempDir> {
        let mut home = tempfile::Builder::new();
        let home =
            home.prefix("stepwell-program-").permissions(fs::Permissions::from_mode(0o700)).tempdir()?;
        fs::DirBuilder::new().mode(0o700).create(home.path().join("tmp"))?;
        for (name, content) in files {
            let mut file = fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(home.path().join(name))?;
            file.write_all(content)?;
        }
        Ok(home)
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

    type Written = (Vec<u8>, Vec<u8>, bool);

    /// Waits until the program has ended and its pipes are read, without reaping it: its number stays its own.
    fn finish(child: &mut Child, program: &Program, group: &Group, pid: Pid) -> std::io::Result<Written> {
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let most = program.output_bytes;
        thread::scope(|scope| {
            scope.spawn(move || {
                if let Some(mut stdin) = stdin {
                    // A program that does not read its input is no error.
                    let _ = stdin.write_all(&program.input);
                }
            });
            let output = scope.spawn(move || read(stdout, most));
            let error_output = scope.spawn(move || read(stderr, most));
            let waited =
                rustix::process::waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
            // What the program has left behind holds its pipes open.
            group.kill();
            let gone = |_| std::io::Error::other("a thread that reads its output has ended");
            let (output, cut) = output.join().map_err(gone)?;
            let (error_output, cut_too) = error_output.join().map_err(gone)?;
            waited?;
            Ok((output, error_output, cut || cut_too))
        })
    }

    /// Reads to the end, and keeps the beginning.
    fn read(pipe: Option<impl Read>, most: u64) -> (Vec<u8>, bool) {
        let Some(mut pipe) = pipe else { return (Vec::new(), false) };
        let mut kept = Vec::new();
        // What cannot be read any more is the end.
        let _ = pipe.by_ref().take(most).read_to_end(&mut kept);
        let rest = std::io::copy(&mut pipe, &mut std::io::sink()).unwrap_or(0);
        (kept, rest > 0)
    }
}
