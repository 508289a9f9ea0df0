//! A seeded simulation: the real scheduler, dispatchers and workers over a real store, with virtual time, a
//! failing store and processes that crash or stall.
//!
//! It uses one thread and one paused tokio runtime, so time passes only when all tasks are idle. A seed
//! decides everything, so that its seed reproduces a failure.

mod check;
mod faults;
mod groups;
mod locks;
mod workers;
mod world;

use std::sync::Arc;
use std::time::Duration;

use chrono::Duration as Span;
use stepwell::engine::clock::{Clock, Timestamp};
use stepwell::sandbox::Sandbox;
use stepwell::store::PostgresSettings;
use tokio::time::Instant;

pub use faults::{Broken, Faulty, Ground};
use world::World;

/// xorshift64* (Vigna, 2016).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Creates a generator from a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Returns the next number.
    pub fn draw(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Returns a number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        (self.draw() >> 11) % bound.max(1)
    }

    /// Returns true once in `n` times.
    pub fn once_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// Virtual time.
#[derive(Debug, Clone, Copy)]
struct VirtualClock {
    start: Instant,
    base: Timestamp,
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.base + Span::from_std(self.start.elapsed()).unwrap_or_default()
    }
}

/// The result of a simulation.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The violations in words; empty if there are none.
    pub wrong: Vec<String>,
    /// The journals of the runs that the violations name, one event per line.
    pub journals: Vec<String>,
    /// The number of admitted runs.
    pub runs: usize,
    /// The number of rows in the ledger.
    pub fires: usize,
    /// The number of processes that crashed or stalled.
    pub crashes: usize,
    /// The number of runs that became dead letters, since a step killed its process three times in a row.
    pub set_aside: usize,
}

/// Simulates one seed over SQLite in memory.
pub fn simulate(seed: u64, sandbox: &Arc<Sandbox>, broken: Option<Broken>) -> Report {
    simulate_over(None, seed, sandbox, broken)
}

/// Simulates one seed over a separate PostgreSQL if one is given.
pub fn simulate_over(
    server: Option<PostgresSettings>,
    seed: u64,
    sandbox: &Arc<Sandbox>,
    broken: Option<Broken>,
) -> Report {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let Ok(runtime) = runtime else {
        return Report { wrong: vec!["no runtime".to_owned()], ..Report::default() };
    };
    runtime.block_on(async {
        let mut random = Random::new(seed);
        // Some seeds begin just before the clock changes of Berlin and New York.
        let bases = [1_774_745_000, 1_793_490_000, 1_772_953_000, 1_788_271_822];
        let base = bases[usize::try_from(random.below(4)).unwrap_or(0)]
            + i64::try_from(random.below(3600)).unwrap_or(0);
        let clock = VirtualClock {
            start: Instant::now(),
            base: Timestamp::from_timestamp(base, 0).unwrap_or_default(),
        };
        let ground = Arc::new(Ground::new(seed, broken, server));
        let mut world = World::new(seed, random, clock, ground.clone(), sandbox.clone());
        world.begin().await;
        for _ in 0..40 {
            world.replace_the_dead().await;
            world.disturb().await;
            tokio::time::sleep(Duration::from_millis(500 + world.random.below(8000))).await;
            world.look().await;
        }
        world.heal().await;
        check::all(&world).await
    })
}
