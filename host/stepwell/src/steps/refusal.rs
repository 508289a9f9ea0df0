//! The error message when stored jobs do not accept a component.

use stepwell_engine::{Manifest, quantity};
use stepwell_sandbox::Component;

use super::{MOST_REFUSED, MOST_SHOWN, RefusedJob};

pub(super) fn refusal(component: &Component, refused: &[RefusedJob]) -> String {
    let Manifest { type_name, version, .. } = component.manifest().as_ref();
    let head = format!(
        "`{type_name}` {version} is not registered: {} of stored jobs would not be valid with it; change them or name their version (`type: {type_name}@VERSION`), or use `--force` (`force=true`)",
        counted(refused.len())
    );
    listed(head, refused)
}

pub(super) fn counted(steps: usize) -> String {
    match steps {
        count if count >= MOST_REFUSED => format!("{MOST_REFUSED} steps or more"),
        count => quantity::counted(count, "step"),
    }
}

/// Adds the first refused steps to the message.
pub(super) fn listed(head: String, refused: &[RefusedJob]) -> String {
    let mut lines = vec![head];
    let shown = refused.iter().take(MOST_SHOWN);
    lines.extend(
        shown.map(|RefusedJob { job_id, step_id, message }| format!("  {job_id}, step {step_id}: {message}")),
    );
    if refused.len() > MOST_SHOWN {
        lines.push(format!("  and {} more", refused.len() - MOST_SHOWN));
    }
    lines.join("\n")
}
