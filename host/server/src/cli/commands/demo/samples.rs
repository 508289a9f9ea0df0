//! The sample jobs, and their first runs.

use std::time::Duration;

use serde_json::{Value, json};
use stepwell::Host;
use stepwell::engine::job;

use crate::api::Operation;
use crate::cli::client::{Call, Client, MOST_ITEMS};
use crate::cli::output::table::{items, text};
use crate::failure::Failure;

/// A sample job.
pub(super) struct Job {
    pub id: &'static str,
    pub text: &'static str,
    /// The number of its runs at the start.
    runs: u32,
}

/// The samples with their texts.
pub(super) type Samples = Vec<(&'static Job, String)>;

macro_rules! job {
    ($id:literal, $runs:literal) => {
        Job { id: $id, text: include_str!(concat!("../../../../demo/jobs/", $id, ".yaml")), runs: $runs }
    };
}

/// The samples. Those whose steps take long to compile are last, and the one that fills the database comes before those
/// that read it.
pub(super) const JOBS: &[Job] = &[
    job!("night-backup", 2),
    job!("island-ferry", 1),
    job!("tokyo-close", 3),
    job!("market-open", 2),
    job!("order-desk", 2),
    job!("forbidden-download", 2),
    job!("release", 2),
    job!("store-reports", 2),
    job!("exchange-rates", 3),
    job!("shop-setup", 1),
    job!("month-end", 2),
    job!("invoice-import", 3),
    job!("daily-sales", 2),
];

/// The job that fills the database.
const FILLS: &str = "shop-setup";
/// The job whose queue is paused, and the queue.
const QUEUE: (&str, &str) = ("tokyo-close", "Asia/Tokyo");
/// The queue that is closed for some hours of each day.
const CLOSED_AT_NIGHT: &str = "Australia/Lord_Howe";
/// The job whose schedule is paused.
const SCHEDULE: &str = "store-reports";
/// The schedule whose fires of the last days a backfill runs.
const FILLED: &str = "daily-sales";
const FILLED_DAYS: i64 = 6;

/// Between two looks at a run.
const PAUSE: Duration = Duration::from_millis(200);
/// The longest time to wait for the end of the runs.
const LONGEST: Duration = Duration::from_secs(900);

/// Stores the samples and runs them, so that every page has content. Jobs that are stored already stay as they are.
/// A sample whose steps are compiled does not wait for one whose steps are not: storing a job compiles its steps.
pub(super) async fn run(client: &Client, samples: &Samples) -> Result<(), Failure> {
    let stored = client.list(|| Call::to(&Operation::listJobs, &[]), MOST_ITEMS).await?;
    let is_stored = |job: &Job| items(&stored).iter().any(|item| text(item, "/job/id") == job.id);
    let mut runs = Vec::new();
    let mut left: Vec<&(&Job, String)> = samples.iter().collect();
    while let Some((job, yaml)) = next(client.host(), &mut left) {
        if !is_stored(job) {
            let put = Call::to(&Operation::putJob, &[job.id]).body(yaml.as_str());
            client.ask_about(put, job.id, yaml).await?;
        }
        pause(client, job.id).await?;
        for _ in 0..job.runs {
            runs.push(start(client, job.id).await?);
        }
        if let (FILLS, Some(run)) = (job.id, runs.last()) {
            ended(client, run).await?;
        }
    }
    if let Some(host) = client.host() {
        backfill(client, host).await?;
    }
    for run in &runs {
        ended(client, run).await?;
    }
    Ok(())
}

/// Takes the next sample out of the list: the first one whose steps are compiled, or else the first one. Those after the
/// job that fills the database wait for it.
fn next<'s>(
    host: Option<&Host>,
    left: &mut Vec<&'s (&'static Job, String)>,
) -> Option<&'s (&'static Job, String)> {
    let fills = left.iter().position(|(job, _)| job.id == FILLS).unwrap_or(left.len());
    let is_ready = |(job, yaml): &(&Job, String)| {
        let host = host?;
        let parsed = job::parse(job.id, yaml, &host.steps().catalog()).ok()?;
        Some(parsed.job.all_steps().all(|step| !host.sandbox().needs_compiling(&step.step_type)))
    };
    let ready = left.iter().take(fills + 1).position(|sample| is_ready(sample).unwrap_or(false));
    (!left.is_empty()).then(|| left.remove(ready.unwrap_or(0)))
}

/// Pauses the queue or the schedule of a job, if the demo shows it paused.
async fn pause(client: &Client, job: &str) -> Result<(), Failure> {
    let call = match job {
        _ if job == QUEUE.0 => Call::to(&Operation::pauseQueue, &[QUEUE.1])
            .json(&json!({"reason": "the exchange is closed for maintenance"})),
        SCHEDULE => Call::to(&Operation::pauseSchedule, &[SCHEDULE])
            .json(&json!({"reason": "the stores count their stock"})),
        _ => return Ok(()),
    };
    client.ask(call).await.map(drop)
}

async fn start(client: &Client, job: &str) -> Result<String, Failure> {
    let accepted = client.ask(Call::to(&Operation::runJob, &[job])).await?;
    Ok(text(&accepted, "/execution_id"))
}

/// Runs the fires of the last days, as after an outage.
async fn backfill(client: &Client, host: &Host) -> Result<(), Failure> {
    let now = host.now();
    let local = |days| (now - chrono::Duration::days(days)).format("%Y-%m-%dT%H:%M").to_string();
    let body = json!({"job_id": FILLED, "from": local(FILLED_DAYS), "to": local(1)});
    client.ask(Call::to(&Operation::startBackfill, &[]).json(&body)).await?;
    Ok(())
}

/// Waits until a run has ended, waits for a person, or is in a queue that may start no run.
async fn ended(client: &Client, run: &str) -> Result<(), Failure> {
    let waits = async {
        loop {
            let found = client.ask(Call::to(&Operation::getRun, &[run])).await?;
            let is_over = match text(&found, "/status").as_str() {
                "queued" => [QUEUE.1, CLOSED_AT_NIGHT].contains(&text(&found, "/timezone").as_str()),
                "parked" => is_asked(&found),
                "running" | "waiting" => false,
                _ => true,
            };
            if is_over {
                return Ok::<(), Failure>(());
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    let late = |_| Failure::platform(format!("the sample {run} did not end within {} s", LONGEST.as_secs()));
    tokio::time::timeout(LONGEST, waits).await.map_err(late)?
}

/// Returns whether a step of a run waits for a person.
fn is_asked(run: &Value) -> bool {
    let steps = run.get("steps").and_then(Value::as_array);
    steps.is_some_and(|steps| {
        let asks = |step: &Value| text(step, "/step_type") == "approval" && text(step, "/status") == "parked";
        steps.iter().any(asks)
    })
}
