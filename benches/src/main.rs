//! Measurements, each as a ratio to another measurement in the same run. See README.md.

mod audit;
mod capacity;
mod clocks;
mod data;
mod databases;
mod engines;
mod groups;
mod hostile;
mod http;
mod locks;
mod nodes;
mod parts;
mod requests;
mod scripts;
mod service;
mod start;
mod steps;

use std::time::Duration;

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Thousands of steps come and go per second, each with its allocations.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result {
    let what = std::env::args().nth(1).unwrap_or_default();
    match what.as_str() {
        "steps" => steps::run()?,
        "start" => start::run()?,
        "clocks" => clocks::run()?,
        "data" => data::run()?,
        "parts" => parts::run()?,
        "databases" => databases::run()?,
        "engines" => engines::run()?,
        "service" => service::run()?,
        "groups" => groups::run()?,
        "audit" => audit::run()?,
        "locks" => locks::run()?,
        "nodes" => nodes::run()?,
        "node" => nodes::node(&std::env::args().nth(2).unwrap_or_default())?,
        "capacity" => capacity::run()?,
        "requests" => requests::run()?,
        "scripts" => scripts::run()?,
        "hostile" => hostile::run()?,
        // `start` compares with this process, which does nothing.
        "empty" => {}
        "all" => {
            steps::run()?;
            start::run()?;
            clocks::run()?;
            data::run()?;
            databases::run()?;
            service::run()?;
            groups::run()?;
            audit::run()?;
            locks::run()?;
            nodes::run()?;
            capacity::run()?;
            requests::run()?;
            scripts::run()?;
            hostile::run()?;
        }
        _ => {
            return Err(
                "usage: stepwell-benches steps|start|clocks|data|parts|databases|engines|service|groups|audit|locks|nodes|capacity|requests|scripts|hostile|all"
                    .into(),
            );
        }
    }
    Ok(())
}

/// Returns the median of some measurements.
fn median(mut samples: Vec<Duration>) -> Duration {
    samples.sort();
    samples.get(samples.len() / 2).copied().unwrap_or_default()
}
