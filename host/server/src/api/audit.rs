//! Handlers for the audit log.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use stepwell::engine::store::AuditRow;
use stepwell::{AuditReport, HostError};

use super::handlers::{Answer, Params, limit};
use super::problem::Problem;
use super::views::AuditLog;
use super::{App, cursor};

/// The number of rows per read, and the maximum number of rows that one request reads to find those that it wants.
const CHUNK: u32 = 1000;
pub(crate) const MOST_READ: u32 = 10_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditQuery {
    by: Option<String>,
    action: Option<String>,
    target: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

impl AuditQuery {
    /// Returns whether a row matches all filters, which are parts of its texts in any case.
    fn matches(&self, row: &AuditRow) -> bool {
        let has = |wanted: &Option<String>, texts: &[&str]| {
            wanted.as_deref().is_none_or(|wanted| texts.iter().any(|text| contains(text, wanted)))
        };
        let audit = &row.audit;
        has(&self.by, &[&audit.by, &audit.name])
            && has(&self.action, &[&audit.action])
            && has(&self.target, &[&audit.target])
    }
}

fn contains(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

/// Lists the audit log. A page may have fewer rows than its limit, and still a next one: one request reads a bounded
/// number of rows.
pub(super) async fn list(State(app): State<App>, Params(query): Params<AuditQuery>) -> Answer<AuditLog> {
    let mut before = match cursor::read("audit", query.cursor.as_deref())? {
        Some(seq) => Some(seq.parse::<u64>().map_err(|_| cursor::unknown())?),
        None => None,
    };
    let (wanted, mut items, mut left) = (limit(query.limit) as usize, Vec::new(), MOST_READ);
    let next = 'reads: loop {
        let rows = app.host.audit().rows(before, CHUNK).await?;
        let is_last = rows.len() < CHUNK as usize;
        for row in rows {
            if items.len() == wanted {
                break 'reads before;
            }
            before = Some(row.seq);
            if query.matches(&row) {
                items.push(row);
            }
        }
        left = left.saturating_sub(CHUNK);
        match (is_last, left) {
            (true, _) => break None,
            (false, 0) => break before,
            _ => {}
        }
    };
    let next_cursor = next.map(|seq| cursor::write("audit", &seq.to_string()));
    Ok(Json(AuditLog { items, next_cursor }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VerifyQuery {
    expect: Option<String>,
}

pub(super) async fn verify(
    State(app): State<App>,
    Params(query): Params<VerifyQuery>,
) -> Answer<AuditReport> {
    let wrong = |error: HostError| match error {
        HostError::Argument(..) => Problem::bad_request(error.to_string()),
        error => error.into(),
    };
    Ok(Json(app.host.audit().verify(query.expect.as_deref()).await.map_err(wrong)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_matches_all_filters_in_any_case() {
        let row: AuditRow = serde_json::from_value(serde_json::json!({
            "seq": 1, "at": "2026-01-01T00:00:00Z", "by": "key:1", "name": "Ann", "action": "job.put", "target": "etl",
        }))
        .unwrap();
        let query = |by: &str, action: &str, target: &str| {
            let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            AuditQuery { by: text(by), action: text(action), target: text(target), limit: None, cursor: None }
        };
        for (by, action, target, found) in [
            ("", "", "", true),
            ("ann", "JOB.", "etl", true),
            ("key:1", "", "", true),
            ("bob", "", "", false),
            ("ann", "job.delete", "", false),
            ("ann", "job.put", "other", false),
        ] {
            assert_eq!(query(by, action, target).matches(&row), found, "{by} {action} {target}");
        }
    }
}
