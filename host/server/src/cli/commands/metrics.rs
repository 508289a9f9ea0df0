//! `stepwell metrics`.

use serde_json::Value;

use crate::api::Operation;
use crate::cli::Ends;
use crate::cli::args::ApiArgs;
use crate::cli::client::{Call, Client};
use crate::cli::output::show;
use crate::cli::output::table::{Sheet, items, text, time, whole, words};

pub(super) async fn metrics(hours: u32, by_hour: bool, api: &ApiArgs) -> Ends {
    let client = Client::new(api).await?;
    if by_hour {
        let call = Call::to(&Operation::metricsByHour, &[]).query("hours", Some(hours));
        return show(api.output, &client.ask(call).await?, hours_text);
    }
    show(
        api.output,
        &client.ask(Call::to(&Operation::getMetrics, &[]).query("hours", Some(hours))).await?,
        metrics_text,
    )
}

fn hours_text(answer: &Value) -> String {
    let mut sheet = Sheet::new(&[whole("hour"), whole("runs"), whole("succeeded"), whole("failed")]);
    for hour in items(answer) {
        let figures = ["/runs", "/succeeded", "/failed"].map(|name| text(hour, name));
        let [runs, succeeded, failed] = figures;
        sheet.row([time(hour, "/hour"), runs, succeeded, failed]);
    }
    sheet.text()
}

fn metrics_text(metrics: &Value) -> String {
    let figure = |pointer: &str| metrics.pointer(pointer).and_then(Value::as_f64).unwrap_or(0.0);
    let ended = metrics.get("ended").and_then(Value::as_object);
    let ended: Vec<String> =
        ended.into_iter().flatten().map(|(status, count)| format!("{count} {status}")).collect();
    let hours = text(metrics, "/hours");
    if ended.is_empty() {
        return format!("no run ended in the last {hours} h, so there is no success rate");
    }
    let rate = metrics.get("success_rate").and_then(Value::as_f64);
    let rate = rate.map_or_else(String::new, |rate| format!("\nsuccess rate: {:.1} %", 100.0 * rate));
    let mut parts = vec![format!("runs that ended in the last {hours} h: {}{rate}", ended.join(", "))];
    let mut spreads = Sheet::new(&[whole("seconds"), whole("p50"), whole("p95"), whole("p99"), whole("max")]);
    for (name, pointer) in [("duration", "/duration_seconds"), ("lateness", "/lateness_seconds")] {
        let of = |part: &str| format!("{:.3}", figure(&format!("{pointer}/{part}")));
        spreads.row([name.to_owned(), of("p50"), of("p95"), of("p99"), of("max")]);
    }
    parts.push(spreads.text());
    let jobs = metrics.get("jobs").and_then(Value::as_object).filter(|jobs| !jobs.is_empty());
    if let Some(jobs) = jobs {
        let mut sheet = Sheet::new(&[words("job"), whole("runs"), whole("succeeded"), whole("failed")]);
        for (job, stats) in jobs {
            sheet.row([job.clone(), text(stats, "/runs"), text(stats, "/succeeded"), text(stats, "/failed")]);
        }
        parts.push(sheet.text());
    }
    if metrics.get("truncated").and_then(Value::as_bool).unwrap_or(false) {
        parts.push("more runs ended: these figures are of the newest".to_owned());
    }
    parts.join("\n\n")
}
