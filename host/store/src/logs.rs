//! Reads the log of a run in pages.

use stepwell_engine::StoreError;
use stepwell_engine::store::{LogPage, LogPlace, LogRecord};

use crate::sql::{Sql, params, parse};

pub(crate) fn page(db: &dyn Sql, id: &str, from: LogPlace, limit: u32) -> Result<LogPage, StoreError> {
    let LogPlace { mut fence, mut number, mut lines } = from;
    let sql = "SELECT fence, n, lines, logs FROM journal
        WHERE execution_id = $1 AND (fence, n) > ($2, $3) AND lines > 0 ORDER BY fence, n LIMIT 1";
    let mut records = Vec::new();
    // Read one row at a time: a row holds the lines of one commit, and a page ends with the row that fills
    // it.
    while records.len() < limit as usize {
        let row = db.one::<(u64, u64, u64, Option<String>)>(sql, params![id, fence, number])?;
        let Some((of, n, count, text)) = row else { break };
        match parse::<Vec<LogRecord>>(text.as_deref().unwrap_or("[]")) {
            Ok(read) => {
                for record in read {
                    lines += 1;
                    records.push(LogRecord { seq: lines, ..record });
                }
            }
            // The lines keep their numbers, and readers continue after them.
            Err(_) => lines += count,
        }
        (fence, number) = (of, n);
    }
    Ok(LogPage { records, next: LogPlace { fence, number, lines } })
}
