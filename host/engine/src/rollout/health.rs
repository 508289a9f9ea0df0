//! The health of a switch of stores: operations, errors and latencies of each store.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

use crate::clock::{self, Timestamp};

/// The length of the window.
const WINDOW: Duration = Duration::from_secs(300);
/// The length of one part of the window.
const PART: Duration = Duration::from_secs(10);
/// The classes of latencies: each is some 19 % wider than the one before, from 1 microsecond to more than an hour.
const CLASSES: usize = 128;
const WIDTH: f64 = 1.19;

/// One of the two stores.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum System {
    /// The old store.
    Old,
    /// The new store.
    New,
}

/// A kind of operation.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Operation {
    /// A write.
    Save,
    /// A read.
    Load,
}

/// The state of the new store's rollout, as one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum HealthStatus {
    /// Nothing was measured.
    NoOperations,
    /// The score is over 90.
    Healthy,
    /// The score is over 70.
    Warning,
    /// The score is 70 or less.
    Critical,
}

/// The health of a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Health {
    /// The health as one word.
    pub status: HealthStatus,
    /// 100 - (error rate of the new store x 0.7 + error rate of the old store x 0.3); 0 without operations.
    pub health_score: f64,
    /// In percent.
    pub new_system_error_rate: f64,
    /// In percent.
    pub old_system_error_rate: f64,
    /// The number of operations of both stores.
    pub total_operations: u64,
}

/// The operations and errors of a time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counts {
    operations: u64,
    errors: u64,
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.operations += other.operations;
        self.errors += other.errors;
    }

    fn rate(self) -> f64 {
        self.errors as f64 / self.operations.max(1) as f64 * 100.0
    }
}

/// The counts of both stores.
type Both = [Counts; 2];

fn health([old, new]: Both) -> Health {
    let total_operations = old.operations + new.operations;
    let (new_rate, old_rate) = (new.rate(), old.rate());
    let (status, health_score) = match 100.0 - (new_rate * 0.7 + old_rate * 0.3) {
        _ if total_operations == 0 => (HealthStatus::NoOperations, 0.0),
        score if score > 90.0 => (HealthStatus::Healthy, score),
        score if score > 70.0 => (HealthStatus::Warning, score),
        score => (HealthStatus::Critical, score),
    };
    Health {
        status,
        health_score,
        new_system_error_rate: new_rate,
        old_system_error_rate: old_rate,
        total_operations,
    }
}

/// Latencies by class.
#[derive(Debug, Clone)]
struct Latencies {
    counts: [u64; CLASSES],
    total: u64,
}

impl Default for Latencies {
    fn default() -> Self {
        Self { counts: [0; CLASSES], total: 0 }
    }
}

impl Latencies {
    fn add(&mut self, took: Duration) {
        let micros = (took.as_secs_f64() * 1e6).max(1.0);
        let class = (micros.ln() / WIDTH.ln()) as usize;
        if let Some(count) = self.counts.get_mut(class.min(CLASSES - 1)) {
            *count += 1;
            self.total += 1;
        }
    }

    /// Returns the upper end of the class that has the value at this part of all.
    fn at(&self, part: f64) -> Option<f64> {
        let wanted = (self.total as f64 * part).ceil().max(1.0) as u64;
        let mut seen = 0;
        let class = self.counts.iter().position(|count| {
            seen += count;
            seen >= wanted
        })?;
        Some(WIDTH.powi(i32::try_from(class + 1).ok()?) / 1e6)
    }
}

/// The latencies of one store and operation in seconds, to 19 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Standing {
    /// The store.
    pub system: System,
    /// The kind of operation.
    pub operation: Operation,
    /// The number of operations.
    pub operations: u64,
    /// The number of those that failed.
    pub errors: u64,
    /// The median. Null when latencies are not measured.
    pub p50: Option<f64>,
    /// The 95th percentile.
    pub p95: Option<f64>,
    /// The 99th percentile.
    pub p99: Option<f64>,
}

/// The measurements of one process.
#[derive(Debug, Clone, Default)]
pub struct Measures {
    since_start: BTreeMap<(System, Operation), (Counts, Latencies)>,
    /// The parts of the window, oldest first, with their begin.
    window: VecDeque<(Timestamp, Both)>,
}

impl Measures {
    /// Adds an operation. `took` is `None` when latencies are not measured.
    pub fn add(&mut self, of: (System, Operation), failed: bool, took: Option<Duration>, now: Timestamp) {
        let one = Counts { operations: 1, errors: failed.into() };
        let (counts, latencies) = self.since_start.entry(of).or_default();
        counts.add(one);
        if let Some(took) = took {
            latencies.add(took);
        }
        if self.window.back().is_none_or(|(begin, _)| clock::later(*begin, PART) <= now) {
            self.window.push_back((now, Both::default()));
        }
        while self.window.front().is_some_and(|(begin, _)| clock::later(*begin, WINDOW + PART) <= now) {
            self.window.pop_front();
        }
        if let Some((_, both)) = self.window.back_mut()
            && let Some(counts) = both.get_mut(of.0 as usize)
        {
            counts.add(one);
        }
    }

    /// Returns the health since the start of the process.
    pub fn since_start(&self) -> Health {
        let mut both = Both::default();
        for ((system, _), (counts, _)) in &self.since_start {
            if let Some(sum) = both.get_mut(*system as usize) {
                sum.add(*counts);
            }
        }
        health(both)
    }

    /// Returns the health of the last five minutes.
    pub fn windowed(&self, now: Timestamp) -> Health {
        let mut both = Both::default();
        let parts = self.window.iter().filter(|(begin, _)| clock::later(*begin, WINDOW) > now);
        for (_, [old, new]) in parts {
            let [sum_old, sum_new] = &mut both;
            sum_old.add(*old);
            sum_new.add(*new);
        }
        health(both)
    }

    /// Returns the figures of each store and operation.
    pub fn standings(&self) -> Vec<Standing> {
        let standing =
            |(&(system, operation), (counts, latencies)): (&(System, Operation), &(Counts, Latencies))| {
                let Counts { operations, errors } = *counts;
                let [p50, p95, p99] = [0.5, 0.95, 0.99].map(|part| latencies.at(part));
                Standing { system, operation, operations, errors, p50, p95, p99 }
            };
        self.since_start.iter().map(standing).collect()
    }
}

/// Decides when a switch goes back by itself: when its health is critical for a whole while. A score that is better in
/// between begins a new while, and one without operations decides nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Watch {
    critical_since: Option<Timestamp>,
}

impl Watch {
    /// Notes the health, and returns whether it is time to go back.
    pub fn note(&mut self, health: &Health, after: Duration, now: Timestamp) -> bool {
        match health.status {
            HealthStatus::NoOperations => false,
            HealthStatus::Critical => {
                let since = *self.critical_since.get_or_insert(now);
                clock::later(since, after) <= now
            }
            HealthStatus::Healthy | HealthStatus::Warning => {
                self.critical_since = None;
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    /// The formula and the bounds of the original.
    #[test]
    fn the_score() {
        for (old, new, status, score) in [
            ((0, 0), (0, 0), HealthStatus::NoOperations, 0.0),
            ((10, 0), (0, 0), HealthStatus::Healthy, 100.0),
            ((100, 10), (100, 10), HealthStatus::Warning, 90.0),
            ((100, 0), (100, 14), HealthStatus::Healthy, 90.2),
            ((100, 0), (100, 43), HealthStatus::Critical, 69.9),
            ((100, 100), (0, 0), HealthStatus::Critical, 70.0),
            ((1, 1), (1, 1), HealthStatus::Critical, 0.0),
        ] {
            let counts = |(operations, errors)| Counts { operations, errors };
            let health = health([counts(old), counts(new)]);
            assert_eq!(health.status, status, "{health:?}");
            assert!((health.health_score - score).abs() < 1e-9, "{health:?}");
        }
    }

    #[test]
    fn the_window_forgets_and_the_start_does_not() {
        let mut measures = Measures::default();
        for second in 0..60 {
            measures.add((System::New, Operation::Save), true, None, at(second));
        }
        assert_eq!(measures.windowed(at(60)).status, HealthStatus::Critical);
        for second in 400..460 {
            measures.add((System::New, Operation::Save), false, None, at(second));
        }
        let windowed = measures.windowed(at(460));
        assert_eq!((windowed.status, windowed.total_operations), (HealthStatus::Healthy, 60));
        let all = measures.since_start();
        assert_eq!((all.total_operations, all.new_system_error_rate), (120, 50.0));
        assert!(measures.window.len() <= 32);
        assert_eq!(measures.windowed(at(9999)).status, HealthStatus::NoOperations);
    }

    #[test]
    fn latencies_are_known_to_a_fifth() {
        let mut measures = Measures::default();
        for micros in 1..=10_000_u64 {
            let took = Some(Duration::from_micros(micros));
            measures.add((System::Old, Operation::Load), false, took, at(0));
        }
        let standings = measures.standings();
        let [standing] = standings.as_slice() else { panic!("{standings:?}") };
        for (found, exact) in [(standing.p50, 0.005), (standing.p95, 0.0095), (standing.p99, 0.0099)] {
            let found = found.unwrap();
            assert!(found >= exact * 0.99 && found <= exact * 1.2, "{found} for {exact}");
        }
        let mut long = Latencies::default();
        long.add(Duration::MAX);
        long.add(Duration::ZERO);
        assert!(long.at(1.0).is_some_and(f64::is_finite) && long.total == 2);
    }

    #[test]
    fn a_switch_goes_back_after_a_whole_while() {
        let of = |errors| health([Counts::default(), Counts { operations: 100, errors }]);
        let (bad, good, none) = (of(90), of(0), health(Both::default()));
        let mut watch = Watch::default();
        let after = Duration::from_secs(60);
        for (second, health, back) in [
            (0, bad, false),
            (59, bad, false),
            (59, good, false),
            (60, bad, false),
            (100, none, false),
            (119, bad, false),
            (120, bad, true),
            (121, bad, true),
        ] {
            assert_eq!(watch.note(&health, after, at(second)), back, "{second}");
        }
    }
}
