//! `stepwell approvals`.

use serde_json::{Value, json};

use crate::api::Operation;
use crate::cli::Ends;
use crate::cli::args::{ApiArgs, ApprovalsCommand};
use crate::cli::client::{Call, Client};
use crate::cli::output::show;
use crate::cli::output::table::{Sheet, items, text, time, whole, words};
use crate::display::{plain, plain_lines};

/// Approvals that are listed at once.
const MOST_LISTED: u32 = 1000;

pub(super) async fn approvals(command: ApprovalsCommand, api: &ApiArgs) -> Ends {
    let client = Client::new(api).await?;
    let (args, approved) = match command {
        ApprovalsCommand::List => {
            return show(
                api.output,
                &client.list(|| Call::to(&Operation::listApprovals, &[]), MOST_LISTED).await?,
                waiting,
            );
        }
        ApprovalsCommand::Show { execution_id, step } => {
            let call = Call::to(&Operation::getApproval, &[&execution_id, &step]);
            return show(api.output, &client.ask(call).await?, asked);
        }
        ApprovalsCommand::Approve(args) => (args, true),
        ApprovalsCommand::Reject(args) => (args, false),
    };
    let body = json!({"approved": approved, "comment": args.comment, "digest": args.digest});
    let call = Call::to(&Operation::decideApproval, &[&args.execution_id, &args.step]).json(&body);
    show(api.output, &client.ask(call).await?, |run| {
        let verdict = if approved { "approved" } else { "rejected" };
        let then = match text(run, "/status").as_str() {
            "running" | "queued" => "the run continues".to_owned(),
            "parked" | "waiting" => "the run still waits".to_owned(),
            ended => format!("the run has ended: {ended}"),
        };
        format!("{}: {verdict}; {then}", args.execution_id)
    })
}

/// An approval with all that it is about.
fn asked(approval: &Value) -> String {
    let of = |name: &str| plain(&text(approval, &format!("/{name}")));
    let mut lines = vec![
        format!("run        {}", of("execution_id")),
        format!("job        {} ({})", of("job_id"), of("job_digest")),
        format!("step       {}", of("step_id")),
        format!("message    {}", of("message")),
        format!("approvers  {}", of("approvers")),
        format!("until      {}", time(approval, "/until")),
        format!("digest     {}", of("digest")),
    ];
    let steps = approval.get("configurations").and_then(Value::as_array).into_iter().flatten();
    for step in steps {
        let part = |name: &str| plain(&text(step, &format!("/{name}")));
        lines.push(format!("\n{} ({}), {}", part("step_id"), part("step_type"), part("digest")));
        let config = step.get("configuration").filter(|config| !config.is_null());
        lines.push(match config.map(serde_json::to_string_pretty) {
            Some(Ok(config)) => {
                plain_lines(&config).lines().map(|line| format!("  {line}\n")).collect::<String>()
            }
            _ => {
                "  not known here: it has changed since the approval was asked for, or this process lacks the component\n".to_owned()
            }
        });
        if step.get("shortened").and_then(Value::as_bool).unwrap_or(false) {
            lines.push("  (parts are left out, since it is long)\n".to_owned());
        }
    }
    lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n")
}

fn waiting(approvals: &Value) -> String {
    let mut sheet = Sheet::new(&[
        whole("run"),
        words("job"),
        whole("step"),
        words("message"),
        words("approvers"),
        whole("until"),
        whole("digest"),
    ]);
    for approval in items(approvals) {
        sheet.row([
            text(approval, "/execution_id"),
            text(approval, "/job_id"),
            text(approval, "/step_id"),
            text(approval, "/message"),
            text(approval, "/approvers"),
            time(approval, "/until"),
            text(approval, "/digest"),
        ]);
    }
    sheet.text()
}
