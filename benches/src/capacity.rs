//! The capacity and the delay of the service: parked runs, sleeping steps, schedules, next fires.

use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde_json::json;
use stepwell::Host;
use stepwell::engine::run::Admission;
use stepwell::engine::schedule::{Calendars, Schedule, Timetable};
use stepwell::engine::store::prelude::*;
use stepwell::engine::store::{Change, LedgerFilter, RunFilter, ScheduleRow};
use stepwell::store::SqliteStore;

use crate::service::{figures, job};
use crate::{Result, median};

pub fn run() -> Result {
    next_fire()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        parked().await?;
        sleeping().await?;
        schedules().await
    })
}

/// 10,000 runs that wait for something outside.
async fn parked() -> Result {
    const RUNS: u64 = 10_000;
    let dir = tempfile::tempdir()?;
    let host = Host::builder().data_dir(dir.path()).compile_on_demand().build()?;
    let service = host.serve().await?;
    let job = job(json!({"id": "waits", "steps": [{"id": "w", "type": "wait", "for": 3600}]}))?;
    host.runs().enqueue(&job, Admission::default(), None, None).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    for _ in 0..1000 {
        host.runs().enqueue(&job, Admission::default(), None, None).await?;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let before = resident()?;
    for _ in 0..RUNS {
        host.runs().enqueue(&job, Admission::default(), None, None).await?;
    }
    loop {
        let queues = host.queues().status().await?;
        if queues.iter().map(|queue| queue.ready + queue.running).sum::<u64>() == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let each = resident()?.saturating_sub(before) as f64 / RUNS as f64;
    println!("{RUNS} parked runs: {each:.0} bytes of memory each");
    service.drain().await;
    Ok(())
}

/// 1,000 runs whose step sleeps, all at the same time.
async fn sleeping() -> Result {
    const RUNS: usize = 1000;
    let dir = tempfile::tempdir()?;
    let config = dir.path().join("stepwell.yaml");
    std::fs::write(
        &config,
        format!("service: {{workers: {RUNS}}}\nconnections: {{w: {{type: sqlite, path: w.db}}}}\n"),
    )?;
    rusqlite::Connection::open(dir.path().join("w.db"))?.execute_batch("CREATE TABLE t (n)")?;
    let policy = dir.path().join("policy.yaml");
    std::fs::write(&policy, "policy: 1\nname: p\nsteps: [probe]\nsql: [{connection: w}]\n")?;
    let host = Host::builder()
        .data_dir(dir.path())
        .compile_on_demand()
        .config_file(config)
        .policy_file(policy)
        .queues(serde_json::from_value(json!({"default": {"concurrency": RUNS}}))?)
        .build()?;
    host.register(std::fs::read(stepwell_tests::guest("probe"))?).await?;
    let service = host.serve().await?;
    let job =
        job(json!({"id": "naps", "steps": [{"id": "n", "type": "probe", "case": "nap", "count": 20_000}]}))?;
    let before = resident()?;
    for _ in 0..RUNS {
        host.runs().enqueue(&job, Admission::default(), None, None).await?;
    }
    let mut seen = Vec::new();
    for second in 0..15 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let running: u64 = host.queues().status().await?.iter().map(|queue| queue.running).sum();
        if running == RUNS as u64 {
            seen.push((second, resident()?.saturating_sub(before)));
        }
    }
    let (Some((_, first)), Some((_, last))) = (seen.first(), seen.last()) else {
        return Err("they do not all run at once".into());
    };
    println!(
        "{RUNS} sleeping steps at once: {} KiB of memory each, {} KiB each {} s later",
        first / 1024 / RUNS as u64,
        last / 1024 / RUNS as u64,
        seen.len() - 1
    );
    service.drain().await;
    Ok(())
}

fn resident() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/statm")?;
    Ok(status.split(' ').nth(1).ok_or("statm")?.parse::<u64>()? * 4096)
}

/// 100,000 schedules over all zones, all due within one minute.
async fn schedules() -> Result {
    const COUNT: usize = 100_000;
    let dir = tempfile::tempdir()?;
    let store = Arc::new(SqliteStore::new(dir.path().join("stepwell.db")));
    let host = Host::builder().data_dir(dir.path()).store(store.clone()).compile_on_demand().build()?;
    let begin = host.now() + chrono::Duration::seconds(25);
    let zones = chrono_tz::TZ_VARIANTS;
    let mut changes = Vec::new();
    for number in 0..COUNT {
        let due = begin + chrono::Duration::milliseconds(60_000 * number as i64 / COUNT as i64);
        let zone = zones[number % zones.len()].name();
        let job = job(json!({"id": format!("job-{number}"), "timezone": zone,
            "schedule": {"every": "1h", "start": due.to_rfc3339()}, "steps": [{"id": "w", "type": "wait", "for": 0}]}))?;
        let row = ScheduleRow {
            job_id: job.id.clone(),
            job,
            made: due,
            cursor: host.now(),
            next: Some(due),
            paused: None,
        };
        changes.push(Change::PutSchedule(row));
        if changes.len() == 1000 {
            store.write(std::mem::take(&mut changes)).await?;
        }
    }
    store.write(changes).await?;
    let service = host.serve().await?;
    tokio::time::sleep((begin - host.now()).to_std().unwrap_or_default() + Duration::from_secs(70)).await;
    let ledger =
        host.schedules().ledger(&LedgerFilter { limit: u32::MAX, ..LedgerFilter::default() }).await?;
    let late = |at: DateTime<Utc>, due: DateTime<Utc>| (at - due).to_std().unwrap_or_default();
    let decided =
        figures(ledger.iter().map(|row| late(row.decided_at, row.due_at)).collect(), Duration::ZERO);
    let rows = host.runs().list(&RunFilter { limit: u32::MAX, ..RunFilter::default() }).await?;
    let begun: Vec<Duration> =
        rows.iter().filter_map(|row| Some(late(row.started_at?, row.due_at))).collect();
    let (count, begun) = (begun.len(), figures(begun, Duration::ZERO));
    println!(
        "{COUNT} schedules over {} zones due in one minute: {} fired, p50 {:?} p99 {:?} late; {count} begun, p99 {:?} late",
        zones.len(),
        ledger.len(),
        decided.p50,
        decided.p99,
        begun.p99
    );
    service.drain().await;
    Ok(())
}

/// The next fire of a pattern in every zone, compared with croner alone.
fn next_fire() -> Result {
    println!("next fire, over all zones, median:");
    let from: DateTime<Utc> = "2026-03-28T12:34:56Z".parse()?;
    for pattern in ["* * * * *", "0 9 * * MON-FRI", "0 0 1 * *"] {
        let schedule: Schedule = serde_json::from_value(json!({"cron": pattern}))?;
        let cron = croner::Cron::from_str(pattern)?;
        let (mut ours, mut alone) = (Vec::new(), Vec::new());
        for zone in chrono_tz::TZ_VARIANTS {
            let timetable = Timetable::new("job", &schedule, zone, &Calendars::new(), from)
                .map_err(|e| format!("{e:?}"))?;
            let local = from.with_timezone(&zone);
            let begin = Instant::now();
            for _ in 0..20 {
                std::hint::black_box(timetable.next(std::hint::black_box(from)));
            }
            ours.push(begin.elapsed() / 20);
            let begin = Instant::now();
            for _ in 0..20 {
                std::hint::black_box(cron.find_next_occurrence(std::hint::black_box(&local), false).ok());
            }
            alone.push(begin.elapsed() / 20);
        }
        let (ours, alone) = (median(ours), median(alone));
        println!(
            "  {pattern}: croner {alone:?}, stepwell {ours:?} ({:.2}x)",
            ours.as_secs_f64() / alone.as_secs_f64()
        );
    }
    Ok(())
}
