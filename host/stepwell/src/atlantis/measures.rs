//! The metrics of both systems, under the names of the reference.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use stepwell_atlantis::bridge::System;
use stepwell_atlantis::migration::Observed;

use crate::telemetry::seconds;

type ByMode = [(&'static str, &'static str); 1];

/// The counters of both systems.
pub(crate) struct AtlantisMeasures {
    durations: Family<ByMode, Histogram, fn() -> Histogram>,
    errors: Family<ByMode, Counter>,
    rollbacks: Counter,
}

impl Default for AtlantisMeasures {
    fn default() -> Self {
        Self {
            durations: Family::new_with_constructor(seconds),
            errors: Family::default(),
            rollbacks: Counter::default(),
        }
    }
}

impl AtlantisMeasures {
    /// Counts a moment of the migration.
    pub fn take(&self, observed: Observed) {
        match observed {
            Observed::Operation(system, sample) => self.operation(system, sample.took, sample.failed),
            Observed::RolledBack => drop(self.rollbacks.inc()),
        }
    }

    /// Counts an operation of a system.
    pub fn operation(&self, system: System, took: Duration, failed: bool) {
        let of = [("mode", system.into())];
        self.durations.get_or_create(&of).observe(took.as_secs_f64());
        if failed {
            self.errors.get_or_create(&of).inc();
        }
    }

    /// Adds the metrics to a registry without a prefix.
    pub fn register(&self, to: &mut Registry) {
        // Series exist from the start, so that an alert can compare both systems.
        for system in [System::Legacy, System::Enhanced] {
            drop(self.durations.get_or_create(&[("mode", system.into())]));
            drop(self.errors.get_or_create(&[("mode", system.into())]));
        }
        let help = "Operations on locks of Atlantis, by the system that served them";
        to.register_with_unit("atlantis_lock_duration", help, Unit::Seconds, self.durations.clone());
        let help = "Operations on locks of Atlantis that failed; a refused lock is no failure";
        to.register("atlantis_lock_errors", help, self.errors.clone());
        let help = "Times that Atlantis became the active system again because of errors or a bad health";
        to.register("atlantis_migration_rollbacks", help, self.rollbacks.clone());
    }
}
