//! The health of the engines for queries over large data.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use stepwell_engine::clock::Timestamp;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::context::Context;

/// The time for which an answer of Spark counts, so that pages and probes do not burden it.
const FRESH: chrono::Duration = chrono::Duration::seconds(15);

/// The time in which Spark has to answer.
const ANSWER: Duration = Duration::from_secs(2);

/// The health of an engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EngineHealth {
    /// `healthy`, `unavailable` or `disabled`.
    pub status: &'static str,
    /// The reason, for an engine that is not healthy.
    pub reason: Option<String>,
}

impl EngineHealth {
    const HEALTHY: Self = Self { status: "healthy", reason: None };

    fn disabled() -> Self {
        Self { status: "disabled", reason: Some("the configuration does not enable it".to_owned()) }
    }
}

/// The last answer of Spark: its time, and the problem.
pub(crate) type LastAnswer = Mutex<Option<(Timestamp, Option<String>)>>;

/// Returns the health of each engine that the configuration names, and of the local one.
pub(crate) async fn health(ctx: &Context) -> BTreeMap<&'static str, EngineHealth> {
    let engines = ctx.settings().config.engines.clone();
    let local = if engines.local.enabled { EngineHealth::HEALTHY } else { EngineHealth::disabled() };
    let mut health = BTreeMap::from([("local", local)]);
    if let Some(spark) = &engines.spark {
        let found = match spark.enabled {
            true => of_spark(ctx, spark.connection()).await,
            false => EngineHealth::disabled(),
        };
        health.insert("spark", found);
    }
    health
}

async fn of_spark(ctx: &Context, connection: &str) -> EngineHealth {
    let now = ctx.clock.now();
    let mut last = ctx.spark.lock().await;
    let problem = match last.as_ref().filter(|(at, _)| (now - *at).abs() < FRESH) {
        Some((_, problem)) => problem.clone(),
        None => {
            let problem = match timeout(ANSWER, ctx.sandbox.connections().test(connection)).await {
                Ok(Ok(_)) => None,
                Ok(Err(why)) => Some(why),
                Err(_) => Some(format!("it does not answer within {} s", ANSWER.as_secs())),
            };
            *last = Some((now, problem.clone()));
            problem
        }
    };
    match problem {
        None => EngineHealth::HEALTHY,
        reason => EngineHealth { status: "unavailable", reason },
    }
}

/// Removes the reasons, which may name servers.
pub(crate) fn conceal(health: &mut BTreeMap<&'static str, EngineHealth>) {
    for engine in health.values_mut().filter(|engine| engine.status == "unavailable") {
        engine.reason = Some("it is unavailable; operators can see the reason".to_owned());
    }
}
