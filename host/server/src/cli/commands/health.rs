//! `stepwell health`.

use serde_json::Value;
use stepwell::engine::quantity::counted;

use crate::Exit;
use crate::api::Operation;
use crate::cli::Ends;
use crate::cli::args::ApiArgs;
use crate::cli::client::{Call, Client};
use crate::cli::output::show;
use crate::cli::output::table::{Sheet, text, whole, words};

pub(super) async fn health(api: &ApiArgs) -> Ends {
    let client = Client::new(api).await?;
    let health = client.ask(Call::to(&Operation::systemHealth, &[])).await?;
    show(api.output, &health, |health| {
        let mut sheet = Sheet::new(&[whole("part"), whole("status"), words("message")]);
        let parts = health.get("parts").and_then(Value::as_object);
        for (part, state) in parts.into_iter().flatten() {
            sheet.row([part.clone(), text(state, "/status"), text(state, "/message")]);
        }
        let engines = health.get("engine_health").and_then(Value::as_object);
        for (engine, state) in engines.into_iter().flatten() {
            sheet.row([format!("engine {engine}"), text(state, "/status"), text(state, "/reason")]);
        }
        let lag = health.get("scheduler_lag_seconds").and_then(Value::as_f64).unwrap_or(0.0);
        let compiling = text(health, "/steps/compiling");
        let compiling = match compiling.as_str() {
            "" => String::new(),
            names => format!("; it compiles {names}"),
        };
        format!(
            "{}; {} in progress here; the scheduler is {lag:.1} s late{compiling}\n{}",
            text(health, "/status"),
            counted(text(health, "/active"), "run"),
            sheet.text()
        )
    })?;
    Ok(if text(&health, "/status") == "healthy" { Exit::Success } else { Exit::RunFailed })
}
