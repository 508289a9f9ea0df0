//! `stepwell explain`.

use stepwell::Explanation;

use crate::api::Operation;
use crate::cli::Ends;
use crate::cli::args::ApiArgs;
use crate::cli::client::{Call, Client};
use crate::cli::output::show;
use crate::cli::output::table::fields;
use crate::display::plain;

pub(super) async fn explain(id: &str, api: &ApiArgs) -> Ends {
    let client = Client::new(api).await?;
    let answer = client.ask(Call::to(&Operation::explainRun, &[id])).await?;
    show(api.output, &answer, |answer| match serde_json::from_value::<Explanation>(answer.clone()) {
        Ok(found) => explained(&found),
        // A newer service knows causes that this command does not.
        Err(_) => fields(answer),
    })
}

fn explained(found: &Explanation) -> String {
    let summary = plain(&found.summary);
    // How it ended is the first word of the summary.
    let mut lines = vec![match found.status.is_terminal() {
        true => format!("{}: {summary}", found.execution_id),
        false => format!("{}: {}: {summary}", found.execution_id, found.status.name()),
    }];
    for cause in &found.causes {
        let words = plain(&cause.in_words());
        lines.extend((words != summary).then(|| format!("- {words}")));
        lines.push(format!("  fix: {}", plain(cause.fix())));
    }
    lines.extend(found.note.as_ref().map(|note| format!("note: {}", plain(note))));
    lines.join("\n")
}
