//! The metrics of locks.

use std::collections::BTreeMap;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use stepwell_engine::lock::{EventKind, Measure, Meter, ProjectTickets};
use stepwell_engine::project;

use super::LockService;
use crate::telemetry::{gauges, seconds};

/// The counters of the locks of a process.
pub(crate) struct LockMeasures {
    events: Family<[(&'static str, &'static str); 1], Counter>,
    waits: Histogram,
}

impl Default for LockMeasures {
    fn default() -> Self {
        Self { events: Family::default(), waits: seconds() }
    }
}

impl Meter for LockMeasures {
    fn take(&self, Measure { kind, waited }: Measure) {
        self.events.get_or_create(&[("kind", kind.into())]).inc();
        if let Some(waited) = waited {
            self.waits.observe(waited.as_secs_f64());
        }
    }
}

impl LockMeasures {
    pub fn register(&self, to: &mut Registry) {
        // Series exist from the start, so that the first deadlock is an increase.
        for kind in EventKind::ALL {
            drop(self.events.get_or_create(&[("kind", kind.into())]));
        }
        let help = "Events of locks that this process caused, by kind";
        to.register("lock_events", help, self.events.clone());
        let help = "From a request for locks to their grant";
        to.register_with_unit("lock_wait", help, Unit::Seconds, self.waits.clone());
    }
}

impl LockService {
    /// Adds the metrics that are the same for all processes. They are absent when the back end does not answer.
    pub(crate) async fn register(&self, to: &mut Registry) {
        let Ok(found) = self.ctx.locks.projects().await else { return };
        let settings = self.ctx.settings();
        let names = settings.config.projects.keys().map(String::as_str).chain([project::DEFAULT]);
        // An alert must see the zeros.
        let none =
            |name: &str| (name.to_owned(), ProjectTickets { project: name.to_owned(), ..Default::default() });
        let mut all: BTreeMap<String, ProjectTickets> = names.map(none).collect();
        all.extend(found.into_iter().map(|tickets| (tickets.project.clone(), tickets)));
        let each = |count: fn(&ProjectTickets) -> u64| {
            all.values().map(move |tickets| ([("project", tickets.project.clone())], count(tickets) as f64))
        };
        gauges(
            to,
            "lock_requests_holding",
            "Requests that hold their locks",
            each(|tickets| tickets.holding),
        );
        gauges(to, "lock_requests_waiting", "Requests that wait for locks", each(|tickets| tickets.waiting));
    }
}
