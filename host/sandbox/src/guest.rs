//! The data of a store besides the guest: its capabilities, limits and counters.

use std::collections::{BTreeMap, BTreeSet};

use stepwell_engine::policy::{Denial, Limits, Rule};
use stepwell_engine::step::Report;
use stepwell_engine::{Receipt, StepSink};
use tokio_util::sync::CancellationToken;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::host::calls::Traced;
use crate::host::capability::States;
use crate::host::held::{ByHandle, Held};
use crate::host::log::LogBook;
use crate::host::passage::{Owed, Turns};
use crate::host::waiting::Deadline;
use crate::limiter::Limiter;
use crate::reached::Reached;

/// The bindings of `wit/` on the host's side.
#[allow(missing_docs, unreachable_pub, clippy::all, reason = "generated")]
pub(crate) mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "stepwell:guest/step@0.1.0",
        imports: { default: async | trappable },
        exports: { default: async },
        with: {
            "stepwell:sql/sql.connection": stepwell_sql::Connection,
            "stepwell:sql/sql.rows": stepwell_sql::Rows,
            "stepwell:sql/sql.load": stepwell_sql::Load,
        },
    });
}

/// The data of a store.
pub(crate) struct Guest {
    pub table: ResourceTable,
    pub wasi: WasiCtx,
    pub http: WasiHttpCtx,
    pub states: States,
    pub log: LogBook,
    pub limiter: Limiter,
    pub calls: Calls,
    pub sink: Option<StepSink>,
    pub traced: Traced,
    pub cancel: CancellationToken,
    pub deadline: Deadline,
    pub turns: Turns,
    pub owed: Owed,
    pub held: Held,
    pub by_handle: ByHandle,
    pub reached: Reached,
}

/// The number of calls from the guest to the host, and its limit.
#[derive(Debug)]
pub(crate) struct Calls {
    total: u64,
    limit: u64,
    by_interface: BTreeMap<&'static str, u64>,
    denials: BTreeMap<Rule, u64>,
    noted: BTreeMap<Rule, u64>,
    connections: BTreeSet<String>,
}

/// The number of denials that end an attempt: a guest with this many is not asking by mistake.
const MAX_DENIALS: u64 = 100;

impl Calls {
    pub fn new(limits: &Limits) -> Self {
        Self {
            total: 0,
            limit: limits.host_calls.0,
            by_interface: BTreeMap::new(),
            denials: BTreeMap::new(),
            noted: BTreeMap::new(),
            connections: BTreeSet::new(),
        }
    }

    /// Counts a call of any interface.
    pub fn enter(&mut self, http_denials: u64) -> wasmtime::Result<()> {
        self.total += 1;
        self.check_denials(http_denials)?;
        if self.total > self.limit {
            return Err(LimitReached::new(
                "host_calls",
                format!("more than {} calls to the host", self.limit),
            ));
        }
        Ok(())
    }

    /// Counts a call under the name of its interface.
    pub fn count(&mut self, interface: &'static str) {
        *self.by_interface.entry(interface).or_default() += 1;
    }

    /// Counts a denial. Too many denials end the attempt.
    pub fn deny(&mut self, rule: Rule) -> wasmtime::Result<()> {
        *self.denials.entry(rule).or_default() += 1;
        self.check_denials(0)
    }

    /// Counts a denial that never ends the attempt: a library may look for a file in many places.
    pub fn note(&mut self, rule: Rule) {
        *self.noted.entry(rule).or_default() += 1;
    }

    /// Records that a connection was opened, with its login.
    pub fn opened(&mut self, connection: &str) {
        self.connections.insert(format!("connection {connection}"));
    }

    fn check_denials(&self, more: u64) -> wasmtime::Result<()> {
        if self.denials.values().sum::<u64>() + more > MAX_DENIALS {
            let message = format!("more than {MAX_DENIALS} calls were denied by policy");
            return Err(LimitReached::new("denials", message));
        }
        Ok(())
    }

    pub fn write(&self, receipt: &mut Receipt) {
        receipt.host_calls =
            self.by_interface.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        let ours: u64 = self.by_interface.values().sum();
        let wasi = self.total.saturating_sub(ours);
        if wasi > 0 {
            receipt.host_calls.insert("wasi".to_owned(), wasi);
        }
        let denials = self.denials.iter().chain(&self.noted);
        receipt.denials = denials.map(|(rule, count)| (rule.id().to_owned(), *count)).collect();
        receipt.secrets.extend(self.connections.clone());
    }
}

/// A limit that ends the attempt.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct LimitReached {
    pub limit: &'static str,
    pub message: String,
}

impl LimitReached {
    #[allow(clippy::new_ret_no_self, reason = "it is only ever an error")]
    pub fn new(limit: &'static str, message: String) -> wasmtime::Error {
        wasmtime::Error::from(Self { limit, message })
    }
}

impl Guest {
    /// Writes a denial to the log, and counts it.
    pub fn denied(&mut self, denial: &Denial) -> wasmtime::Result<()> {
        self.log.denied(denial);
        self.calls.deny(denial.rule)
    }

    pub fn report(&self, report: Report) {
        if let Some(sink) = &self.sink {
            sink.offer(report);
        }
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.states.http }
    }
}

impl bindings::stepwell::step::types::Host for Guest {}
