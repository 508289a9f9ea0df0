//! Compiles strangers' components in a separate process, which can be stopped.
//!
//! The threat: no check of a component's structure bounds the time and memory that Cranelift needs for it,
//! and a fault in Cranelift would be a fault of the service. The process has limits on address space, CPU
//! time and output; the system kills it first when memory is short; and it ends with its parent.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use rustix::process::{Resource, Rlimit, Signal};
use stepwell_engine::system::why;

use crate::compile::{self, MAX_COMPONENT_BYTES, Pace};
use crate::component_error::ComponentError;
use crate::engine;

/// Maximum CPU seconds of one compilation, over all of its threads.
const CPU_SECONDS: u64 = 60;
/// Maximum wall-clock time of one compilation, for a busy machine.
const WALL: Duration = Duration::from_secs(180);
/// Maximum address space of the process.
const MEMORY: u64 = 4 << 30;
/// Maximum bytes of the compiled code.
const CODE_BYTES: u64 = 1 << 30;
/// Maximum bytes of an error message that are read.
const MESSAGE_BYTES: u64 = 16 << 10;
/// The exit code for a problem of the component, which standard error describes.
const REFUSED: u8 = 2;

/// A program that compiles components: when started with `arguments`, it calls [`compile_for_parent`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompilerProgram {
    /// The path of the program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
}

impl CompilerProgram {
    /// Compiles a component into a file.
    ///
    /// # Errors
    /// Fails when the component cannot be compiled within the limits, or the process cannot be started.
    pub(crate) fn compile(&self, wasm: &Bytes, pace: Pace, code: File) -> Result<(), ComponentError> {
        let (threads, niceness) = pace.threads();
        let failed = |error: std::io::Error| {
            ComponentError::Host(format!(
                "cannot start the compiler, {}: {}",
                self.program.display(),
                why(&error)
            ))
        };
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .args([threads.to_string(), niceness.to_string(), CPU_SECONDS.to_string()])
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(code)
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
        let wasm = wasm.clone();
        // A process that has ended reads no more, and its exit status explains why.
        let writer = thread::spawn(move || stdin.map(|mut pipe| pipe.write_all(&wasm)));
        let reader = thread::spawn(move || {
            let mut text = String::new();
            // Bytes that are not text do not come from the compiler.
            stderr.map(|pipe| pipe.take(MESSAGE_BYTES).read_to_string(&mut text));
            text
        });
        let status = wait(&mut child).map_err(failed)?;
        drop(writer.join());
        let said = reader.join().unwrap_or_default();
        match status {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(ended(status, &said)),
            None => Err(ComponentError::Host(format!(
                "compiling the component took more than {} s on this machine and was stopped; try again when it is less busy",
                WALL.as_secs()
            ))),
        }
    }
}

/// Waits for the process. `None` when its time runs out.
fn wait(child: &mut Child) -> std::io::Result<Option<ExitStatus>> {
    let (mut waited, mut pause) = (Duration::ZERO, Duration::from_millis(1));
    while waited < WALL {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        thread::sleep(pause);
        waited += pause;
        pause = (pause * 2).min(Duration::from_millis(20));
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}

/// Interprets the end of the process as a statement about the component.
fn ended(status: ExitStatus, said: &str) -> ComponentError {
    if status.code() == Some(REFUSED.into())
        && let Ok(refusal) = serde_json::from_str(said)
    {
        return refusal;
    }
    if status.signal() == Some(Signal::XCPU.as_raw()) {
        return ComponentError::TooLarge(format!(
            "the component needs more than {CPU_SECONDS} s of CPU time to compile: make it smaller, or build it with optimization"
        ));
    }
    if status.signal() == Some(Signal::KILL.as_raw()) {
        return ComponentError::Host(
            "the system killed the compiler, probably because memory is short; try again when there is more"
                .to_owned(),
        );
    }
    tracing::warn!("the compiler ended with {status}: {said}");
    ComponentError::TooLarge(format!(
        "the component cannot be compiled with {} MiB of memory, or the compiler failed because of it: make it smaller",
        MEMORY >> 20
    ))
}

/// Runs as the process: compiles the component of standard input to standard output, with the number of
/// threads, the niceness and the seconds of CPU time in `arguments`. Returns the exit code.
pub fn compile_for_parent(arguments: &[OsString]) -> u8 {
    let number = |index: usize| arguments.get(index)?.to_str()?.parse::<u16>().ok();
    let (Some(threads), Some(niceness), Some(seconds)) = (number(0), number(1), number(2)) else {
        eprintln!("the compiler is started with its threads, its niceness and its seconds of CPU time");
        return 3;
    };
    if let Err(error) = bound(seconds.into()) {
        eprintln!("the compiler cannot bound itself: {error}");
        return 3;
    }
    let mut wasm = Vec::new();
    let most = MAX_COMPONENT_BYTES as u64 + 1;
    if let Err(error) = std::io::stdin().lock().take(most).read_to_end(&mut wasm) {
        eprintln!("no component: {error}");
        return 3;
    }
    let (threads, niceness) = (threads.into(), niceness.into());
    let compiled = engine::for_compiling()
        .map_err(|error| ComponentError::Host(format!("{error:#}")))
        .and_then(|engine| compile::in_pool(threads, niceness, || compile::precompile(&engine, &wasm)));
    match compiled {
        Ok(code) => match std::io::stdout().lock().write_all(&code) {
            Ok(()) => 0,
            Err(error) => {
                eprintln!("the code cannot be written: {error}");
                3
            }
        },
        Err(error) => {
            eprintln!("{}", serde_json::to_string(&error).unwrap_or_default());
            REFUSED
        }
    }
}

/// Sets the limits of this process.
fn bound(seconds: u64) -> std::io::Result<()> {
    let limit = |resource, most: u64| {
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        rustix::process::setrlimit(resource, limit)
    };
    // The first limit ends the process with SIGXCPU, the second with SIGKILL, which may have other causes.
    let time = Rlimit { current: Some(seconds), maximum: Some(seconds + 2) };
    rustix::process::setrlimit(Resource::Cpu, time)?;
    limit(Resource::As, MEMORY)?;
    limit(Resource::Fsize, CODE_BYTES)?;
    limit(Resource::Core, 0)?;
    #[cfg(target_os = "linux")]
    {
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        // When memory is short, the system kills this process and not the service.
        std::fs::write("/proc/self/oom_score_adj", "1000")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_compiler_says_what_is_wrong_with_the_component() {
        let refusal = ComponentError::NotAComponent("the component is not valid: x".to_owned());
        for (status, said, expected) in [
            (ExitStatus::from_raw(2 << 8), serde_json::to_string(&refusal).unwrap(), refusal.to_string()),
            (ExitStatus::from_raw(24), String::new(), "more than 60 s of CPU time".to_owned()),
            (ExitStatus::from_raw(6), "memory allocation failed".to_owned(), "4096 MiB of memory".to_owned()),
        ] {
            let found = ended(status, &said);
            assert!(found.to_string().contains(&expected), "{status}: {found}");
            assert!(!matches!(found, ComponentError::Host(_)), "{status}: {found}");
        }
        // The component is not at fault, so the error is not remembered.
        assert!(matches!(ended(ExitStatus::from_raw(9), ""), ComponentError::Host(_)));
    }
}
