//! `stepwell clean-up`.

use serde_json::Value;
use stepwell::engine::quantity::counted;

use crate::api::Operation;
use crate::cli::Ends;
use crate::cli::args::ApiArgs;
use crate::cli::client::{Call, Client};
use crate::cli::output::show;
use crate::cli::output::table::text;

pub(super) async fn clean_up(days: Option<u32>, dry_run: bool, include_dead: bool, api: &ApiArgs) -> Ends {
    let call = Call::to(&Operation::cleanUp, &[]).query("days", days);
    let call = call.query("dry_run", dry_run.then_some(true));
    let call = call.query("include_dead", include_dead.then_some(true));
    let client = Client::new(api).await?;
    show(api.output, &client.ask(call).await?, |cleaned| {
        let dry = cleaned.get("dry_run").and_then(Value::as_bool).unwrap_or(false);
        let verb = if dry { "would be deleted" } else { "deleted" };
        let kept = match text(cleaned, "/kept_dead").as_str() {
            "0" => String::new(),
            "1" => "; 1 with an open dead letter stays (--include-dead deletes it)".to_owned(),
            count => format!("; {count} with open dead letters stay (--include-dead deletes them)"),
        };
        format!("{} {verb}{kept}", counted(text(cleaned, "/runs"), "run"))
    })
}
