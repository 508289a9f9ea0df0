//! The engine that runs a query: this step, or the operator's Spark.
//!
//! Spark runs a query only if its rows are the same there: the plan has to lie within the part of the language that
//! a test compares on both engines, and Spark has to see the same files.

mod expression;
mod kinds;
mod literal;
mod remote;
mod spark;
mod statement;

use std::sync::Arc;

use stepwell_sdk::engines::{self, Engine as Used, Offer, Spark};
use stepwell_sdk::text::counted;
use stepwell_sdk::{Failure, Output, StepResult, log};

use crate::config::{DataProcessing, Engine, Format};
use crate::inputs::{Source, sources};
use crate::query::whole;
pub use remote::Remote;
use spark::{Refusal, Server};

/// Runs the query on the engine that fits.
pub async fn run(step: &DataProcessing) -> StepResult {
    let (offered, mut sources) = (engines::offered(), sources(step)?);
    let spark = match choose(step, &offered, &sources) {
        Choice::Spark(spark) => spark,
        Choice::Local(reason) => return local(step, &sources, &offered, (reason, false)).await,
        Choice::Neither(failure) => return Err(failure),
    };
    let has_remote = sources.iter().any(|source| source.spec.is_remote());
    let refusal = match on_spark(step, &mut sources, spark).await {
        Ok((output, rows)) => {
            engines::used(Used::Spark, false);
            let reason = match step.engine {
                Engine::Spark => "the step asks for it".to_owned(),
                _ if has_remote => "only Spark reads the inputs".to_owned(),
                _ => format!("the inputs have {} and {}", size(bytes(&sources)), counted(rows, "row")),
            };
            return Ok(output.metadata("engine", "spark").metadata("engine_reason", reason));
        }
        Err(refusal) => refusal,
    };
    let may_fall_back = step.engine == Engine::Auto && offered.local && !has_remote;
    match refusal {
        Refusal::Step(failure) => Err(failure),
        Refusal::Unfit(reason) if may_fall_back => {
            log::info(format!("The query runs locally: {reason}."));
            local(step, &sources, &offered, (reason, false)).await
        }
        Refusal::Failed(failure) if may_fall_back => {
            let reason = format!("Spark failed: {}", failure.message);
            log::warn(format!("The query runs locally. {reason}"));
            local(step, &sources, &offered, (reason, true)).await
        }
        Refusal::Unfit(reason) => {
            let why = format!("Spark cannot run the query: {reason}");
            Err(Failure::invalid_config(why).metadata("engine", "spark"))
        }
        Refusal::Failed(failure) => Err(failure.metadata("engine", "spark")),
    }
}

/// Runs the query in this step, with the reason, and whether Spark was to run it.
async fn local(
    step: &DataProcessing,
    sources: &[Source],
    offered: &Offer,
    (reason, fell_back): (String, bool),
) -> StepResult {
    engines::used(Used::Local, fell_back);
    let output = whole(step, sources).await?.metadata("engine", "local");
    // Without another engine, there is no choice to explain.
    Ok(match offered.spark.is_some() || step.engine != Engine::Auto {
        true => output.metadata("engine_reason", reason),
        false => output,
    })
}

async fn on_spark(
    step: &DataProcessing,
    sources: &mut [Source],
    spark: &Spark,
) -> Result<(Output, u64), Refusal> {
    let mut opened = None;
    for source in sources.iter_mut().filter(|source| source.spec.is_remote()) {
        let server = match opened.take() {
            Some(server) => server,
            None => Server::open(&spark.connection)?,
        };
        let (path, schema) = (source.spec.path.clone(), server.columns(&source.spec.path)?);
        source.remote = Some(Arc::new(Remote { path, schema }));
        opened = Some(server);
    }
    // A query that does not fit needs no connection.
    spark::run(step, sources, || opened.map_or_else(|| Server::open(&spark.connection), Ok)).await
}

/// The engine for a query.
enum Choice<'a> {
    Local(String),
    Spark(&'a Spark),
    Neither(Failure),
}

/// Chooses the engine by the inputs, and by what the operator offers.
fn choose<'a>(step: &DataProcessing, offered: &'a Offer, sources: &[Source]) -> Choice<'a> {
    let is_remote = sources.iter().any(|source| source.spec.is_remote());
    let needs_spark = step.engine == Engine::Spark || is_remote;
    let Some(spark) = &offered.spark else {
        return match (needs_spark, offered.local) {
            (true, _) => Choice::Neither(Failure::unavailable(
                "the query needs Spark, which is not offered: the operator sets `engines.spark` in the configuration, \
                 and a policy grants its connection to the step in `sql`",
            )),
            (_, false) => Choice::Neither(switched_off()),
            (_, true) => Choice::Local("no Spark is offered".to_owned()),
        };
    };
    if needs_spark {
        return Choice::Spark(spark);
    }
    if !offered.local {
        return match step.engine {
            Engine::Local => Choice::Neither(switched_off()),
            _ => Choice::Spark(spark),
        };
    }
    let (bytes, least) = (bytes(sources), spark.min_bytes);
    let text = sources.iter().find(|source| source.spec.format() != Some(Format::Parquet));
    match text {
        _ if step.engine == Engine::Local => Choice::Local("the step asks for it".to_owned()),
        _ if bytes < least => {
            Choice::Local(format!("the inputs have {}, less than {}", size(bytes), size(least)))
        }
        Some(source) => Choice::Local(format!("the input `{}` is not Parquet", source.name)),
        None => Choice::Spark(spark),
    }
}

fn switched_off() -> Failure {
    Failure::unavailable("the configuration switches the local engine off (`engines.local.enabled`)")
}

/// Returns the size of all files.
fn bytes(sources: &[Source]) -> u64 {
    let files = sources.iter().flat_map(|source| &source.files);
    files.filter_map(|file| file.metadata().ok()).map(|found| found.len()).sum()
}

/// Writes a number of bytes for people.
fn size(bytes: u64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match units.into_iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{:.1} {name}", bytes as f64 / unit as f64),
        None => counted(bytes, "byte"),
    }
}
