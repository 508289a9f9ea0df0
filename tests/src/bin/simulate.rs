//! Simulates many seeds: `simulate [FIRST] [COUNT]`. It prints each failed seed with the command to reproduce
//! it. A single seed that fails also prints the journals of the runs that its violations name.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

use stepwell_tests::simulator::{Report, simulate};

fn main() -> ExitCode {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|arg| arg.parse().ok()).collect();
    let (first, count) = (numbers.first().copied().unwrap_or(1), numbers.get(1).copied().unwrap_or(1000));
    let sandbox = match stepwell::Host::builder().build() {
        Ok(host) => host.sandbox().clone(),
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    let next = AtomicU64::new(first);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut reports: Vec<(u64, Report)> = Vec::new();
    std::thread::scope(|scope| {
        let worker = || {
            let mut reports = Vec::new();
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= first + count {
                    return reports;
                }
                let report = simulate(seed, &sandbox, None);
                for wrong in report.wrong.iter().take(5) {
                    println!("seed {seed}: {wrong}");
                }
                for journal in report.journals.iter().filter(|_| count == 1) {
                    println!("{journal}");
                }
                if !report.wrong.is_empty() {
                    println!("again: cargo run --release -p stepwell-tests --bin simulate -- {seed} 1");
                }
                reports.push((seed, report));
            }
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        reports.extend(workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()));
    });
    let sum = |of: fn(&Report) -> usize| reports.iter().map(|(_, report)| of(report)).sum::<usize>();
    let failed = reports.iter().filter(|(_, report)| !report.wrong.is_empty()).count();
    println!(
        "{} seeds, {} runs, {} fires, {} crashes and stalls, {} runs set aside: {failed} seeds failed",
        reports.len(),
        sum(|report| report.runs),
        sum(|report| report.fires),
        sum(|report| report.crashes),
        sum(|report| report.set_aside)
    );
    if failed == 0 && reports.len() as u64 == count { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
