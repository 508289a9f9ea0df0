//! Records and checks histories of locks: `lock-histories BACKEND CALLS [faults|calm] [SEED]`, with the back end
//! `sqlite`, `postgres`, `redis` or `all`. `lock-histories check BACKEND DIR` checks the journals of a run
//! that was stopped.

use std::path::Path;
use std::process::ExitCode;

use stepwell_tests::histories::{Faults, Kind, Summary, check_all, run, run_client};

const USAGE: &str = "usage: lock-histories sqlite|postgres|redis|all CALLS [faults|calm] [SEED]
       lock-histories check sqlite|postgres|redis DIR";

/// Prints the numbers of a run and its first problems.
fn show(run: &str, summary: &Summary) {
    let Summary { calls, names, grants, waits, unanswered, wrong } = summary;
    println!(
        "{run}: {calls} calls, {names} histories, {grants} grants, {waits} of them after a request that may wait, {unanswered} calls without an answer: {} problems",
        wrong.len()
    );
    wrong.iter().take(10).for_each(|wrong| println!("  {wrong}"));
}

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if let ["client", kind, place, dir, first, count, names] = words[..] {
        let (Some(kind), Ok(first), Ok(count), Ok(names)) =
            (Kind::of(kind), first.parse(), count.parse(), names.parse())
        else {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        };
        run_client(kind, place, Path::new(dir), first, count, names).await;
        return ExitCode::SUCCESS;
    }
    if let ["check", kind, dir] = words[..] {
        let Some(kind) = Kind::of(kind) else {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        };
        let summary = check_all(kind, Path::new(dir), true);
        show(dir, &summary);
        return if summary.wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let (kinds, calls, rest) = match words[..] {
        ["all", calls, ref rest @ ..] => (Kind::ALL.to_vec(), calls.parse(), rest),
        [kind, calls, ref rest @ ..] => (Kind::of(kind).into_iter().collect(), calls.parse(), rest),
        _ => (Vec::new(), Ok(0), &[][..]),
    };
    let faults = match rest.first() {
        None | Some(&"faults") => Some(Faults::All),
        Some(&"calm") => Some(Faults::None),
        Some(_) => None,
    };
    let seed = rest.get(1).map_or(Ok(1), |seed| seed.parse());
    let (Ok(calls), Some(faults), Ok(seed), false, 0..=2) =
        (calls, faults, seed, kinds.is_empty(), rest.len())
    else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let mut is_correct = true;
    for kind in kinds {
        let program = std::env::current_exe().unwrap_or_else(|error| panic!("{error}"));
        let Some(done) = run(kind, calls, faults, seed, &program).await else { continue };
        let run = format!("{} with {:?} in {} s", kind.name(), done.faults, done.took.as_secs());
        show(&run, &done.summary);
        is_correct &= done.summary.wrong.is_empty();
    }
    if is_correct { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
