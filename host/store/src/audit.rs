//! The audit log: rows in a hash chain.
//!
//! A transaction that adds rows locks the end of the chain until it ends, and adds the rows last. Programs of
//! earlier versions added rows without a link. The first row of the chain links them. A later row without a link
//! stays outside the chain, and a check reports it.

use stepwell_engine::StoreError;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::store::{Audit, AuditRow, Chain, Link, Outside, link};

use crate::sql::{Sql, json, micros, params, parse};

/// The number of unlinked rows per read when the chain begins.
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

/// Locks the end of the chain. If the chain has not begun, it begins with the rows of earlier versions.
fn take(db: &dyn Sql) -> Result<End, StoreError> {
    let lock = if db.locks_rows() { " FOR UPDATE" } else { "" };
    let sql = format!("SELECT last, last_hash FROM audit_chain WHERE id = 1{lock}");
    let (number, hash) = db.one(&sql, &[])?.unwrap_or_default();
    let mut end = End { number, hash };
    if end.number == 0 {
        begin(db, &mut end)?;
    }
    Ok(end)
}

/// Begins the chain with the rows of earlier versions.
fn begin(db: &dyn Sql, end: &mut End) -> Result<(), StoreError> {
    loop {
        let sql = "SELECT seq, at, row FROM audit WHERE n IS NULL ORDER BY seq LIMIT $1";
        let open = db.many::<(u64, i64, String)>(sql, params![LINKED])?;
        if open.is_empty() {
            return Ok(());
        }
        for (seq, at, text) in open {
            end.add(at, &text);
            let sql = "UPDATE audit SET n = $1, hash = $2 WHERE seq = $3";
            db.execute(sql, params![end.number, &end.hash, seq])?;
        }
    }
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
    let found = "SELECT seq, hash FROM audit WHERE n = $1";
    let Some((seq, hash)) = db.one::<(u64, Option<String>)>(found, params![last])? else {
        return Ok(());
    };
    let sql = "UPDATE audit_chain SET cut = $1, cut_hash = $2 WHERE id = 1";
    db.execute(sql, params![last, &hash])?;
    // A row outside the chain has no time that counts, only its place.
    let sql = "DELETE FROM audit WHERE n <= $1 OR (n IS NULL AND seq < $2)";
    db.execute(sql, params![last, seq]).map(drop)
}

pub(crate) fn rows(db: &dyn Sql, before: Option<u64>, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
    let sql = "SELECT seq, row, hash FROM audit WHERE $1 IS NULL OR seq < $1 ORDER BY seq DESC LIMIT $2";
    let rows: Vec<(u64, String, Option<String>)> = db.many(sql, params![before, limit])?;
    rows.into_iter().map(|(seq, row, hash)| Ok(AuditRow { seq, audit: parse(&row)?, hash })).collect()
}

pub(crate) fn chain(db: &dyn Sql) -> Result<Chain, StoreError> {
    let sql = "SELECT cut, cut_hash, last, last_hash FROM audit_chain WHERE id = 1";
    let (cut, cut_hash, last, last_hash) = db.one(sql, &[])?.unwrap_or_default();
    let open =
        "SELECT COUNT(*) FROM audit WHERE n IS NULL AND (SELECT last FROM audit_chain WHERE id = 1) = 0";
    let open = db.one(open, &[])?.unwrap_or(0);
    Ok(Chain { cut, cut_hash, last, last_hash, open, outside: outside(db)? })
}

/// Returns the first row outside a chain that has begun. One statement reads both tables, so that a row that is
/// added at the same time is in both or in none.
fn outside(db: &dyn Sql) -> Result<Option<Outside>, StoreError> {
    let sql = "SELECT audit.seq FROM audit, audit_chain AS c
        WHERE c.id = 1 AND c.last > 0 AND (audit.n IS NULL OR audit.n <= c.cut OR audit.n > c.last)
        ORDER BY audit.seq LIMIT 1";
    let Some(seq) = db.one::<u64>(sql, &[])? else { return Ok(None) };
    let sql = "SELECT audit.seq, audit.n FROM audit, audit_chain AS c
        WHERE c.id = 1 AND audit.seq < $1 AND audit.n > c.cut ORDER BY audit.seq DESC LIMIT 1";
    let (after, after_number) = db.one::<(u64, u64)>(sql, params![seq])?.unwrap_or_default();
    Ok(Some(Outside { seq, after, after_number }))
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
