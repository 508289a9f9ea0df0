//! A seeded simulation: the real scheduler, dispatchers and workers over a real store, with virtual time, a store that
//! fails and processes that crash or stall.
//!
//! One thread, one paused tokio runtime: time passes only when nobody has anything to do. A seed decides everything,
//! so that a failure is repeated by its seed.

mod check;
mod faults;
mod world;

use std::sync::Arc;
use std::time::Duration;

use chrono::Duration as Span;
use stepwell::engine::clock::{Clock, Timestamp};
use stepwell::sandbox::Sandbox;
use stepwell::store::PostgresSettings;
use tokio::time::Instant;

pub use faults::Broken;
use faults::Ground;
use world::World;

/// xorshift64* (Vigna, 2016).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A generator from a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        (self.draw() >> 11) % bound.max(1)
    }

    /// True once in `n` times.
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

/// What a simulation found.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// What must not be, in words; empty when all is well.
    pub wrong: Vec<String>,
    /// Runs that were admitted.
    pub runs: usize,
    /// Rows of the ledger.
    pub fires: usize,
    /// Processes that crashed or stalled.
    pub crashes: usize,
    /// Runs that were set aside, since a step killed its process three times in a row.
    pub set_aside: usize,
}

/// Simulates one seed, over SQLite in memory.
pub fn simulate(seed: u64, sandbox: &Arc<Sandbox>, broken: Option<Broken>) -> Report {
    simulate_over(None, seed, sandbox, broken)
}

/// Simulates one seed, over a PostgreSQL of its own when one is given.
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
        // Some seeds begin just before the clocks of Berlin and New York move.
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
