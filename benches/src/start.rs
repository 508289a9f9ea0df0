//! `stepwell run` of a one-step job from process start to exit, compared with a process that does nothing.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::{Result, median};

const ROUNDS: usize = 60;

pub fn run() -> Result {
    let dir = tempfile::tempdir()?;
    let own = std::env::current_exe()?;
    let stepwell = own.with_file_name("stepwell");
    if !stepwell.exists() {
        return Err("build it first: cargo build --release -p stepwell-server".into());
    }
    let job = dir.path().join("job.yaml");
    std::fs::write(&job, "id: noop\nsteps: [{id: hi, type: hello, who: you}]\n")?;
    let run = || {
        let mut command = Command::new(&stepwell);
        command.arg("run").arg(&job).arg("--step").arg(stepwell_tests::guest("hello_step"));
        command
            .arg("--data-dir")
            .arg(dir.path().join("data"))
            .env("STEPWELL_CACHE_DIR", dir.path().join("cache"));
        timed(command)
    };
    let empty = || {
        let mut command = Command::new(&own);
        command.arg("empty");
        timed(command)
    };
    run()?;
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        a.push(empty()?);
        b.push(run()?);
    }
    let (a, b) = (median(a), median(b));
    println!("a one-step job, warm cache, process start to exit, median of {ROUNDS}:");
    println!("  an empty process: {a:?}\n  stepwell run:     {b:?}  (+{:?})", b.saturating_sub(a));
    Ok(())
}

fn timed(mut command: Command) -> Result<Duration> {
    let started = Instant::now();
    let output = command.stdin(Stdio::null()).output()?;
    let took = started.elapsed();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(took)
}
