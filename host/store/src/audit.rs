//! The audit log: rows in a hash chain.
//!
//! A transaction that adds rows locks the end of the chain until it ends, and adds the rows last. Programs of
//! earlier versions add rows without a link. They are linked before the next row.

use stepwell_engine::StoreError;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::store::{Audit, AuditRow, Chain, Link, link};

use crate::sql::{Sql, json, micros, params, parse};

/// The maximum number of unlinked rows to link together with one new row.
pub(crate) const LINKED: i64 = 1000;

/// Adds rows.
pub(crate) fn audit<'a>(db: &dyn Sql, rows: impl IntoIterator<Item = &'a Audit>) -> Result<(), StoreError> {
    let mut rows = rows.into_iter().peekable();
    if rows.peek().is_none() {
        return Ok(());
    }
    let mut end = take(db)?;
    for row in rows {
        let (at, text) = (micros(row.at), json(row)?);
        end.add(at, &text);
        let sql = "INSERT INTO audit (at, row, n, hash) VALUES ($1, $2, $3, $4)";
        db.execute(sql, params![at, &text, end.number, &end.hash])?;
    }
    end.write(db)
}

/// The end of the chain.
pub(crate) struct End {
    pub number: u64,
    pub hash: String,
}

impl End {
    pub fn add(&mut self, at: i64, text: &str) {
        self.number += 1;
        self.hash = link(&self.hash, self.number, at, text);
    }

    fn write(&self, db: &dyn Sql) -> Result<(), StoreError> {
        let sql = "UPDATE audit_chain SET last = $1, last_hash = $2 WHERE id = 1";
        db.execute(sql, params![self.number, &self.hash]).map(drop)
    }
}

/// Locks the end of the chain, and links any unlinked rows.
fn take(db: &dyn Sql) -> Result<End, StoreError> {
    let lock = if db.locks_rows() { " FOR UPDATE" } else { "" };
    let sql = format!("SELECT last, last_hash FROM audit_chain WHERE id = 1{lock}");
    let (number, hash) = db.one(&sql, &[])?.unwrap_or_default();
    let mut end = End { number, hash };
    let sql = "SELECT seq, at, row FROM audit WHERE n IS NULL ORDER BY seq LIMIT $1";
    for (seq, at, text) in db.many::<(u64, i64, String)>(sql, params![LINKED])? {
        end.add(at, &text);
        let sql = "UPDATE audit SET n = $1, hash = $2 WHERE seq = $3";
        db.execute(sql, params![end.number, &end.hash, seq])?;
    }
    Ok(end)
}

/// Removes the rows before the first one at or after `before`, and keeps the hash of the last removed row.
pub(crate) fn cut(db: &dyn Sql, before: Timestamp) -> Result<(), StoreError> {
    let old = "SELECT seq FROM audit WHERE at < $1 LIMIT 1";
    if db.one::<u64>(old, params![micros(before)])?.is_none() {
        return Ok(());
    }
    let end = take(db)?;
    end.write(db)?;
    let kept = "SELECT n FROM audit WHERE n IS NOT NULL AND at >= $1 ORDER BY n LIMIT 1";
    let last = db.one::<u64>(kept, params![micros(before)])?.map_or(end.number, |kept| kept - 1);
    let Some(hash) = db.one::<Option<String>>("SELECT hash FROM audit WHERE n = $1", params![last])? else {
        return Ok(());
    };
    let sql = "UPDATE audit_chain SET cut = $1, cut_hash = $2 WHERE id = 1";
    db.execute(sql, params![last, &hash])?;
    db.execute("DELETE FROM audit WHERE n <= $1", params![last]).map(drop)
}

pub(crate) fn rows(db: &dyn Sql, before: Option<u64>, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
    let sql = "SELECT seq, row, hash FROM audit WHERE $1 IS NULL OR seq < $1 ORDER BY seq DESC LIMIT $2";
    let rows: Vec<(u64, String, Option<String>)> = db.many(sql, params![before, limit])?;
    rows.into_iter().map(|(seq, row, hash)| Ok(AuditRow { seq, audit: parse(&row)?, hash })).collect()
}

pub(crate) fn chain(db: &dyn Sql) -> Result<Chain, StoreError> {
    let sql = "SELECT cut, cut_hash, last, last_hash FROM audit_chain WHERE id = 1";
    let (cut, cut_hash, last, last_hash) = db.one(sql, &[])?.unwrap_or_default();
    let open = db.one("SELECT COUNT(*) FROM audit WHERE n IS NULL", &[])?.unwrap_or(0);
    Ok(Chain { cut, cut_hash, last, last_hash, open })
}

pub(crate) fn links(db: &dyn Sql, after: u64, limit: u32) -> Result<Vec<Link>, StoreError> {
    let sql = "SELECT seq, n, at, row, COALESCE(hash, '') FROM audit WHERE n > $1 ORDER BY n LIMIT $2";
    db.rows(sql, params![after, limit], |row| {
        Ok(Link {
            seq: row.get(0)?,
            number: row.get(1)?,
            at: row.get(2)?,
            text: row.get(3)?,
            hash: row.get(4)?,
        })
    })
}
