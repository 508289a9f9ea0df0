//! A run for people: its steps, and where one trapped.

use serde_json::Value;
use stepwell::engine::quantity::{Bytes, Count};

use crate::Exit;
use crate::cli::output::table::{Sheet, text, whole, words};
use crate::cli::output::value::output;
use crate::display::plain;

/// Characters of a summary in the list of steps.
const BRIEF: usize = 200;

/// The summary of a run that has ended, or stands somewhere.
pub(crate) fn summary(view: &Value) -> String {
    let (rows, hidden) = rows(view);
    let id = text(view, "/execution_id");
    let mut parts = vec![plain(&text(view, "/message")), sheet(&rows).text()];
    if hidden > 0 {
        let count = text(view, "/step_count");
        parts.push(plain(&format!(
            "... {hidden} of {count} steps are not shown; all that ran: stepwell runs receipts {id}; each item of a \
             group: stepwell runs show {id} --show-output GROUP"
        )));
    }
    parts.extend(in_order(&rows));
    for Row { step, .. } in &rows {
        let id = text(step, "/step_id");
        let frames = step.pointer("/outcome/backtrace").and_then(Value::as_array);
        let frames = frames.into_iter().flatten();
        parts.extend(frames.map(|frame| plain(&format!("  {id}: {}", text(frame, "")))));
    }
    parts.extend(list(view, "steps").iter().filter_map(|step| output(step, &id)));
    parts.push(plain(&format!("run {id}: {} in {} s", text(view, "/status"), seconds(view))));
    parts.join("\n")
}

/// Returns the table of the steps, in which a group comes before its members.
fn sheet(rows: &[Row<'_>]) -> Sheet {
    let columns = [
        whole("step"),
        whole("type"),
        whole("status"),
        whole("seconds"),
        whole("fuel"),
        whole("memory"),
        words("result"),
    ];
    let mut sheet = Sheet::tree(&columns, 2);
    for Row { depth, step, .. } in rows {
        let cost = |name: &str| step.pointer(&format!("/receipt/{name}")).and_then(Value::as_u64);
        sheet.row([
            format!("{}{}", "  ".repeat(*depth), text(step, "/step_id")),
            text(step, "/step_type"),
            status(step),
            seconds(step),
            cost("fuel").map_or_else(String::new, |fuel| Count::new(fuel).to_string()),
            cost("memory_peak_bytes").map_or_else(String::new, |bytes| Bytes::new(bytes).to_string()),
            brief(&text(step, "/output")),
        ]);
    }
    sheet
}

/// Maximum number of rows of the table, and of further ones for failed steps with the groups around them, and for
/// steps outside of groups.
const STEPS: usize = 200;

/// A row of the table.
struct Row<'v> {
    depth: usize,
    step: &'v Value,
    /// Whether the step, or one within it, failed.
    failed: bool,
}

/// Returns the rows of a run's table, and the number of steps without one.
fn rows(view: &Value) -> (Vec<Row<'_>>, u64) {
    let mut all = Vec::new();
    add_rows(0, list(view, "steps"), &mut all);
    let mut chosen = vec![false; all.len()];
    let passes: [&dyn Fn(&Row<'_>) -> bool; 3] = [&|_| true, &|row| row.failed, &|row| row.depth == 0];
    for is_wanted in passes {
        let open = all.iter().zip(&mut chosen).filter(|(row, chosen)| !**chosen && is_wanted(row));
        open.take(STEPS).for_each(|(_, chosen)| *chosen = true);
    }
    let mut chosen = chosen.into_iter();
    all.retain(|_| chosen.next().unwrap_or(false));
    let steps = all.iter().filter(|row| row.step.get("branches").is_none()).count() as u64;
    let known = view.get("step_count").and_then(Value::as_u64).unwrap_or(0);
    (all, known.saturating_sub(steps))
}

/// Adds the rows of steps, a group before its members. Returns whether one of them failed.
fn add_rows<'v>(depth: usize, steps: &'v [Value], rows: &mut Vec<Row<'v>>) -> bool {
    let mut any = false;
    for step in steps {
        let place = rows.len();
        let mut failed = matches!(step.get("status").and_then(Value::as_str), Some("failed" | "timeout"));
        rows.push(Row { depth, step, failed });
        for branch in list(step, "branches") {
            failed |= add_rows(depth + 1, list(branch, "steps"), rows);
        }
        failed |= add_rows(depth + 1, list(step, "finally"), rows);
        if let Some(row) = rows.get_mut(place) {
            row.failed = failed;
        }
        any |= failed;
    }
    any
}

fn list<'v>(of: &'v Value, key: &str) -> &'v [Value] {
    of.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Names the groups whose branches ran one after the other, because parallel execution was off.
fn in_order(rows: &[Row<'_>]) -> Option<String> {
    let is_in_order = |row: &&Row<'_>| row.step.get("in_order").and_then(Value::as_bool) == Some(true);
    let groups: Vec<String> = rows.iter().filter(is_in_order).map(|row| text(row.step, "/step_id")).collect();
    let first = groups.first()?;
    let more = match groups.len() {
        1 => String::new(),
        2 => " and of 1 other group".to_owned(),
        count => format!(" and of {} other groups", count - 1),
    };
    Some(plain(&format!(
        "parallel execution is off: the branches of `{first}`{more} run one after the other"
    )))
}

fn seconds(of: &Value) -> String {
    format!("{:.2}", of.get("duration_seconds").and_then(Value::as_f64).unwrap_or(0.0))
}

/// The beginning of a summary or a message, in one line: a step may write a book.
pub(crate) fn brief(message: &str) -> String {
    let words: Vec<&str> = message.split_whitespace().collect();
    stepwell::engine::document::cut(&words.join(" "), BRIEF)
}

/// The status of a step, with the class of a failure that has one of its own.
fn status(step: &Value) -> String {
    let (status, class) = (text(step, "/status"), text(step, "/outcome/class"));
    match (status.as_str(), class.as_str()) {
        ("failed", "" | "failed") => status,
        ("failed", class) => format!("failed ({class})"),
        _ => status,
    }
}

/// Returns the exit code of a command that waited for a run.
pub(crate) fn exit_of(view: &Value) -> Exit {
    match view.get("status").and_then(Value::as_str) {
        Some("success") => Exit::Success,
        Some("cancelled") => Exit::Cancelled,
        _ => Exit::RunFailed,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn run(items: usize, failed: &[usize]) -> Value {
        let branch = |n: usize| {
            let status = if failed.contains(&n) { "failed" } else { "success" };
            json!({"steps": [{"step_id": format!("g[{n}].load"), "status": status}]})
        };
        let branches: Vec<Value> = (0..items).map(branch).collect();
        let group = json!({"step_id": "g", "status": "failed", "branches": branches, "in_order": true});
        let steps = json!([group, {"step_id": "last", "status": "skipped"}]);
        json!({"message": "m", "execution_id": "exec_1", "steps": steps, "step_count": 5_001})
    }

    /// A failed step stands in the table, however many others ended well, and the rest is counted.
    #[test]
    fn a_long_run_shows_its_failed_steps_and_counts_the_others() {
        let shown = summary(&run(1_000, &[3, 700, 999]));
        for id in ["g[3].load ", "g[198].load ", "g[700].load ", "g[999].load ", "last "] {
            assert!(shown.contains(id), "{id}: {shown}");
        }
        assert!(!shown.contains("g[199].load "), "{shown}");
        assert!(
            shown.contains(
                "... 4799 of 5001 steps are not shown; all that ran: stepwell runs receipts exec_1;"
            )
        );
        let every: Vec<usize> = (0..1_000).collect();
        let shown = summary(&run(1_000, &every));
        assert_eq!(shown.matches(".load ").count(), 399, "{shown}");
        let told = "parallel execution is off: the branches of `g` run one after the other";
        assert_eq!(shown.matches(told).count(), 1, "{shown}");
    }
    /// A narrow terminal shows the groups as a tree, with each value of a step.
    #[test]
    fn a_narrow_terminal_shows_the_tree_of_groups() {
        let load = json!({"step_id": "each_file_of_the_archive[3].load", "step_type": "sql", "status": "failed",
            "outcome": {"class": "timed_out"}, "duration_seconds": 1.5, "output": "the step took longer than 1s"});
        let group = json!({"step_id": "each_file_of_the_archive", "step_type": "parallel_group", "status": "failed",
            "branches": [{"steps": [load]}], "finally": [{"step_id": "close", "step_type": "wait", "status": "success"}]});
        let view = json!({"steps": [group, {"step_id": "last", "status": "skipped"}]});
        let narrow = sheet(&rows(&view).0).fit(Some(38));
        let expected = "each_file_of_the_archive  failed\n    type parallel_group, seconds 0.00\n  \
            each_fil…3].load  failed (timed_out)\n      type sql, seconds 1.50\n      the step took longer than 1s\n  \
            close  success\n      type wait, seconds 0.00\nlast  skipped\n    seconds 0.00";
        assert_eq!(narrow, expected, "{narrow}");
        assert!(narrow.lines().all(|line| console::measure_text_width(line) <= 38), "{narrow}");
    }
}
