//! Counts, latencies and the health of both systems, and what they recommend.

use std::collections::VecDeque;
use std::time::Duration;

use serde::Serialize;
use strum::{Display, IntoStaticStr};

use crate::bridge::System;

/// The latencies that are remembered for each system.
const SAMPLES: usize = 1_024;
/// The operations before a ratio means something.
const ENOUGH: u64 = 20;
/// The health rules: the smallest ratio of speed, the largest ratio of errors, the largest increase of memory.
pub const MIN_PERFORMANCE: f64 = 0.9;
/// The largest ratio of error rates.
pub const MAX_ERRORS: f64 = 1.1;
/// The largest increase of memory, as a part.
pub const MAX_MEMORY: f64 = 0.2;

/// The end of an operation of one system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// The time that it took.
    pub took: Duration,
    /// True when it failed. A refused lock is no failure.
    pub failed: bool,
}

#[derive(Debug, Clone, Default)]
struct OfSystem {
    operations: u64,
    errors: u64,
    memory: u64,
    latencies: VecDeque<Duration>,
    /// The operations since the last change of the active system, and those of them that failed.
    recent: (u64, u64),
}

/// The metrics of both systems.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    legacy: OfSystem,
    enhanced: OfSystem,
    compared: u64,
    differences: u64,
    rollbacks: u64,
}

/// The figures of one system.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Figures {
    /// The operations.
    pub operations: u64,
    /// The operations that failed.
    pub errors: u64,
    /// The part of the operations that failed, from 0 to 1.
    pub error_rate: f64,
    /// The middle latency, in milliseconds.
    pub p50_ms: f64,
    /// The latency that 5% of the operations exceed, in milliseconds.
    pub p95_ms: f64,
    /// The latency that 1% exceed, in milliseconds.
    pub p99_ms: f64,
    /// The memory, in bytes.
    pub memory_bytes: u64,
}

/// The comparison of both systems. A ratio is absent until each has 20 operations.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The legacy system.
    pub legacy: Figures,
    /// The enhanced system.
    pub enhanced: Figures,
    /// The p95 of the enhanced system, divided by that of the legacy one: less is faster.
    pub latency_ratio: Option<f64>,
    /// The throughput of the enhanced system, divided by that of the legacy one: more is faster.
    pub throughput_ratio: Option<f64>,
    /// The error rate of the enhanced system, divided by that of the legacy one. Infinite, and `null` in JSON, when
    /// only the enhanced system has errors.
    pub error_ratio: Option<f64>,
    /// The difference of the error rates.
    pub error_rate_change: f64,
    /// The increase of memory as a part of that of the legacy system.
    pub memory_increase: Option<f64>,
    /// The operations that both systems decided, and those with different answers.
    pub compared: u64,
    /// The operations with different answers.
    pub differences: u64,
    /// The rollbacks to the legacy system.
    pub rollbacks: u64,
    /// True when the enhanced system is as good as the legacy one.
    pub compatible: bool,
    /// The reasons why it is not, and other problems.
    pub issues: Vec<String>,
    /// The next step of a migration.
    pub recommendation: Recommendation,
}

/// The next step of a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Display, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Recommendation {
    /// There are too few operations.
    Observe,
    /// The answers differ: find the reason before the enhanced system serves anything.
    Investigate,
    /// The enhanced system is slower or fails more often.
    Rollback,
    /// It is as good, and uses more memory.
    Hold,
    /// It is as good.
    Proceed,
}

impl Metrics {
    fn of(&mut self, system: System) -> &mut OfSystem {
        match system {
            System::Legacy => &mut self.legacy,
            System::Enhanced => &mut self.enhanced,
        }
    }

    /// Counts an operation.
    pub fn observe(&mut self, system: System, sample: Sample) {
        let of = self.of(system);
        of.operations += 1;
        of.errors += u64::from(sample.failed);
        of.recent = (of.recent.0 + 1, of.recent.1 + u64::from(sample.failed));
        if of.latencies.len() == SAMPLES {
            of.latencies.pop_front();
        }
        of.latencies.push_back(sample.took);
    }

    /// Sets the memory that a system uses.
    pub fn memory(&mut self, system: System, bytes: u64) {
        self.of(system).memory = bytes;
    }

    /// Counts an operation that both systems decided.
    pub fn compared(&mut self, is_different: bool) {
        self.compared += 1;
        self.differences += u64::from(is_different);
    }

    /// True when the enhanced system failed so often since it became the active one that it should not stay.
    #[must_use]
    pub fn exceeds(&self, threshold: f64) -> bool {
        let (operations, errors) = self.enhanced.recent;
        operations >= ENOUGH && part(errors, operations) > threshold
    }

    /// Counts a rollback, and begins to count again.
    pub fn rolled_back(&mut self) {
        self.rollbacks += 1;
        self.restarted();
    }

    /// Begins to count the operations of an active system.
    pub fn restarted(&mut self) {
        self.legacy.recent = (0, 0);
        self.enhanced.recent = (0, 0);
    }

    /// Compares both systems.
    #[must_use]
    pub fn comparison(&self) -> Comparison {
        let (legacy, enhanced) = (self.legacy.figures(), self.enhanced.figures());
        let is_enough = legacy.operations.min(enhanced.operations) >= ENOUGH;
        let ratio = |of: f64, to: f64| (is_enough && to > 0.0).then(|| of / to);
        let throughput_ratio = ratio(self.legacy.mean(), self.enhanced.mean());
        let error_ratio = match (ratio(enhanced.error_rate, legacy.error_rate), is_enough) {
            // No error before: any is more.
            (None, true) => Some(if enhanced.errors > 0 { f64::INFINITY } else { 1.0 }),
            (ratio, _) => ratio,
        };
        let increase = |of: u64, to: u64| (to > 0).then(|| part(of, to) - 1.0);
        let mut comparison = Comparison {
            legacy,
            enhanced,
            latency_ratio: ratio(enhanced.p95_ms, legacy.p95_ms),
            throughput_ratio,
            error_ratio,
            error_rate_change: enhanced.error_rate - legacy.error_rate,
            memory_increase: increase(enhanced.memory_bytes, legacy.memory_bytes),
            compared: self.compared,
            differences: self.differences,
            rollbacks: self.rollbacks,
            compatible: true,
            issues: Vec::new(),
            recommendation: Recommendation::Observe,
        };
        comparison.judge(is_enough);
        comparison
    }
}

impl Comparison {
    /// The health rules and the recommendation.
    fn judge(&mut self, is_enough: bool) {
        // Not the inverse of the ratio: rounding would make exactly 0.9 too small.
        let performance = self.latency_ratio.map(|_| self.legacy.p95_ms / self.enhanced.p95_ms);
        if performance.is_some_and(|performance| performance < MIN_PERFORMANCE) {
            self.compatible = false;
            self.issues.push("Performance degradation detected".to_owned());
        }
        if self.error_ratio.is_some_and(|ratio| ratio > MAX_ERRORS) {
            self.compatible = false;
            self.issues.push("Error rate increase detected".to_owned());
        }
        let uses_more = self.memory_increase.is_some_and(|increase| increase > MAX_MEMORY);
        if uses_more {
            self.issues.push("Memory usage increase >20%".to_owned());
        }
        self.recommendation = match (self.differences, is_enough, self.compatible, uses_more) {
            (1.., ..) => Recommendation::Investigate,
            (_, false, ..) => Recommendation::Observe,
            (_, _, false, _) => Recommendation::Rollback,
            (_, _, _, true) => Recommendation::Hold,
            _ => Recommendation::Proceed,
        };
    }
}

fn part(of: u64, to: u64) -> f64 {
    if to == 0 { 0.0 } else { of as f64 / to as f64 }
}

impl OfSystem {
    /// The mean of the latencies that are remembered, in seconds.
    fn mean(&self) -> f64 {
        let sum: f64 = self.latencies.iter().map(Duration::as_secs_f64).sum();
        let count = u32::try_from(self.latencies.len()).unwrap_or(u32::MAX);
        if count == 0 { 0.0 } else { sum / f64::from(count) }
    }

    fn figures(&self) -> Figures {
        let mut sorted: Vec<Duration> = self.latencies.iter().copied().collect();
        sorted.sort_unstable();
        let percentile = |percent: usize| {
            let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
            sorted.get(rank).map_or(0.0, |latency| latency.as_secs_f64() * 1000.0)
        };
        Figures {
            operations: self.operations,
            errors: self.errors,
            error_rate: part(self.errors, self.operations),
            p50_ms: percentile(50),
            p95_ms: percentile(95),
            p99_ms: percentile(99),
            memory_bytes: self.memory,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics(operations: u32, legacy: (u64, u32), enhanced: (u64, u32)) -> Metrics {
        let mut metrics = Metrics::default();
        for (system, (milliseconds, failures)) in [(System::Legacy, legacy), (System::Enhanced, enhanced)] {
            for number in 0..operations {
                let sample = Sample { took: Duration::from_millis(milliseconds), failed: number < failures };
                metrics.observe(system, sample);
            }
        }
        metrics
    }

    #[test]
    fn the_health_rules_are_those_of_the_reference() {
        for (legacy, enhanced, issues, recommendation) in [
            ((10, 0), (10, 0), vec![], Recommendation::Proceed),
            ((10, 0), (5, 0), vec![], Recommendation::Proceed),
            ((9, 0), (10, 0), vec![], Recommendation::Proceed),
            ((8, 0), (10, 0), vec!["Performance degradation detected"], Recommendation::Rollback),
            ((10, 10), (10, 11), vec![], Recommendation::Proceed),
            ((10, 10), (10, 12), vec!["Error rate increase detected"], Recommendation::Rollback),
            ((10, 0), (10, 1), vec!["Error rate increase detected"], Recommendation::Rollback),
        ] {
            let comparison = metrics(100, legacy, enhanced).comparison();
            assert_eq!(
                (&comparison.issues[..], comparison.recommendation),
                (&issues.iter().map(ToString::to_string).collect::<Vec<_>>()[..], recommendation),
                "{legacy:?} {enhanced:?}"
            );
            assert_eq!(comparison.compatible, issues.is_empty());
        }
    }

    #[test]
    fn memory_is_an_issue_but_no_reason_to_roll_back() {
        let mut metrics = metrics(50, (10, 0), (10, 0));
        metrics.memory(System::Legacy, 100);
        metrics.memory(System::Enhanced, 120);
        assert_eq!(metrics.comparison().issues, Vec::<String>::new());
        metrics.memory(System::Enhanced, 121);
        let comparison = metrics.comparison();
        assert_eq!((comparison.issues.len(), comparison.compatible), (1, true));
        assert_eq!(comparison.recommendation, Recommendation::Hold);
    }

    #[test]
    fn few_operations_recommend_nothing_and_differences_come_first() {
        let mut metrics = metrics(19, (1, 0), (100, 19));
        let comparison = metrics.comparison();
        assert_eq!((comparison.latency_ratio, comparison.recommendation), (None, Recommendation::Observe));
        metrics.compared(true);
        metrics.compared(false);
        let comparison = metrics.comparison();
        assert_eq!((comparison.compared, comparison.differences), (2, 1));
        assert_eq!(comparison.recommendation, Recommendation::Investigate);
    }

    #[test]
    fn a_threshold_counts_since_the_last_change() {
        let mut metrics = metrics(100, (1, 0), (1, 5));
        assert!(!metrics.exceeds(0.05) && metrics.exceeds(0.049));
        metrics.rolled_back();
        assert!(!metrics.exceeds(0.0));
        assert_eq!(metrics.comparison().rollbacks, 1);
    }
}
