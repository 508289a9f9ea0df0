//! `stepwell ledger`.

use crate::api::Operation;
use crate::cli::Ends;
use crate::cli::args::ApiArgs;
use crate::cli::client::{Call, Client};
use crate::cli::output::show;
use crate::cli::output::table::{Sheet, items, text, time, whole, words};

pub(super) async fn ledger(job: Option<&str>, decision: Option<&str>, limit: u32, api: &ApiArgs) -> Ends {
    let client = Client::new(api).await?;
    let call = || Call::to(&Operation::listLedger, &[]).query("job_id", job).query("decision", decision);
    show(api.output, &client.list(call, limit).await?, |rows| {
        let mut sheet = Sheet::new(&[
            whole("job"),
            whole("fire"),
            whole("due"),
            whole("decision"),
            whole("run"),
            words("reason"),
        ]);
        for row in items(rows) {
            sheet.row([
                text(row, "/job_id"),
                text(row, "/nominal"),
                time(row, "/due_at"),
                text(row, "/decision"),
                text(row, "/execution_id"),
                text(row, "/reason"),
            ]);
        }
        sheet.text()
    })
}
