//! The statements about locks.

use std::collections::{BTreeMap, BTreeSet};

use stepwell_engine::StoreError;
use stepwell_engine::clock::{Timestamp, earlier, later};
use stepwell_engine::lock::limits::{ENDED_KEPT, IDLE_KEPT, LOCKS};
use stepwell_engine::lock::{
    Command, Effects, Elsewhere, EventRow, ListFilter, LockRecord, Missing, Name, Part, Party,
    ProjectTickets, State, Ticket,
};

use crate::sql::{Param, Row, Sql, failed, json, micros, params, parse, time};

/// The tables, for SQLite and PostgreSQL. `places` has the tickets that hold a lock or wait for it, and `tokens` the
/// ticket of each token, as long as the ticket is remembered.
pub(crate) const TABLES: &str = "
    CREATE TABLE lock_projects (
        project    TEXT NOT NULL PRIMARY KEY,
        last_token BIGINT NOT NULL,
        last_event BIGINT NOT NULL,
        names      BIGINT NOT NULL,
        waiting    BIGINT NOT NULL
    );
    CREATE TABLE lock_names (
        project      TEXT NOT NULL,
        name         TEXT NOT NULL,
        last_token   BIGINT NOT NULL,
        closed_until BIGINT,
        used_at      BIGINT NOT NULL,
        PRIMARY KEY (project, name)
    );
    CREATE INDEX lock_names_closed ON lock_names (closed_until) WHERE closed_until IS NOT NULL;
    CREATE INDEX lock_names_used ON lock_names (used_at);
    CREATE TABLE lock_tickets (
        project TEXT NOT NULL,
        id      TEXT NOT NULL,
        actor   TEXT NOT NULL,
        session TEXT NOT NULL,
        open    BIGINT NOT NULL,
        due     BIGINT,
        ticket  TEXT NOT NULL,
        PRIMARY KEY (project, id)
    );
    CREATE INDEX lock_tickets_of_session ON lock_tickets (project, actor, session) WHERE open = 1;
    CREATE INDEX lock_tickets_due ON lock_tickets (due) WHERE due IS NOT NULL;
    CREATE TABLE lock_places (
        project TEXT NOT NULL,
        name    TEXT NOT NULL,
        ticket  TEXT NOT NULL,
        PRIMARY KEY (project, name, ticket)
    );
    CREATE INDEX lock_places_of_ticket ON lock_places (project, ticket);
    CREATE TABLE lock_tokens (
        project TEXT NOT NULL,
        token   BIGINT NOT NULL,
        ticket  TEXT NOT NULL,
        PRIMARY KEY (project, token)
    );
    CREATE TABLE lock_events (
        project TEXT NOT NULL,
        number  BIGINT NOT NULL,
        event   TEXT NOT NULL,
        PRIMARY KEY (project, number)
    );
";

/// The events of a project that can be read: enough for a reader that falls behind for a while.
const EVENTS: u64 = 10_000;
/// The sessions that one statement asks for.
const SESSIONS: usize = 64;
/// The events after which old ones are removed.
const SWEEP: u64 = 100;

/// The counters of a project.
#[derive(Clone, Copy, Default)]
pub(super) struct Counts {
    pub last_token: u64,
    last_event: u64,
    names: u64,
    waiting: u64,
    is_new: bool,
}

impl Counts {
    pub fn elsewhere(&self) -> Elsewhere {
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Elsewhere { locks: count(self.names), waiting: count(self.waiting) }
    }
}

/// The records of a part before a command.
pub(super) struct Before {
    names: BTreeSet<Name>,
    waiting: BTreeSet<String>,
    places: BTreeMap<String, BTreeSet<Name>>,
    tokens: BTreeMap<String, BTreeSet<u64>>,
}

impl Before {
    pub fn of(part: &Part) -> Self {
        let tickets = || part.table().tickets();
        let of = |ticket: &Ticket| (ticket.id.clone(), places(ticket));
        let tokens = |ticket: &Ticket| (ticket.id.clone(), tokens(ticket));
        Self {
            names: part.recorded().cloned().collect(),
            waiting: tickets().filter(|ticket| ticket.is_pending()).map(|ticket| ticket.id.clone()).collect(),
            places: tickets().map(of).collect(),
            tokens: tickets().map(tokens).collect(),
        }
    }
}

/// Returns the names whose records name the ticket.
fn places(ticket: &Ticket) -> BTreeSet<Name> {
    let waits = matches!(ticket.state, State::Waiting { .. });
    let is = |name: &&Name| waits || ticket.holds.get(*name).is_some_and(|hold| hold.over.is_none());
    ticket.wants.iter().map(|want| &want.name).filter(is).cloned().collect()
}

pub(super) fn tokens(ticket: &Ticket) -> BTreeSet<u64> {
    ticket.holds.values().map(|hold| hold.token).collect()
}

/// Returns when time next changes a ticket.
pub(super) fn due(ticket: &Ticket) -> Option<Timestamp> {
    match &ticket.state {
        State::Waiting { until } => Some(*until),
        State::Resting { again } => Some(*again),
        State::Ended { at, .. } => Some(later(*at, ENDED_KEPT)),
        State::Held => ticket.held().iter().filter_map(|held| held.until).min(),
    }
}

pub(super) fn counts(db: &dyn Sql, project: &str) -> Result<Counts, StoreError> {
    let sql = "SELECT last_token, last_event, names, waiting FROM lock_projects WHERE project = $1";
    let read = |row: Row<'_>| {
        let (last_token, last_event) = (row.get(0)?, row.get(1)?);
        Ok(Counts { last_token, last_event, names: row.get(2)?, waiting: row.get(3)?, is_new: false })
    };
    let found = db.rows(sql, params![project], read)?.pop();
    Ok(found.unwrap_or(Counts { is_new: true, ..Counts::default() }))
}

/// Loads records into a part.
pub(super) fn load(db: &dyn Sql, project: &str, part: &mut Part, asked: Missing) -> Result<(), StoreError> {
    let (mut locks, mut tickets) = (Vec::new(), Vec::new());
    let mut all = |sql: &str, params: &[Param<'_>]| {
        for text in db.many::<String>(sql, params)? {
            tickets.push(parse::<Ticket>(&text)?);
        }
        Ok::<_, StoreError>(())
    };
    for name in &asked.names {
        let sql = "SELECT last_token, closed_until, used_at FROM lock_names WHERE project = $1 AND name = $2";
        let found: Option<(u64, Option<i64>, i64)> = db.one(sql, params![project, name.as_str()])?;
        locks.extend(found.map(|(last, closed, used)| LockRecord {
            name: name.clone(),
            last,
            closed_until: closed.map(time),
            used_at: time(used),
        }));
        all(
            "SELECT t.ticket FROM lock_places p JOIN lock_tickets t ON t.project = p.project AND t.id = p.ticket
             WHERE p.project = $1 AND p.name = $2",
            params![project, name.as_str()],
        )?;
    }
    // A server answers a question about many sessions at once. SQLite would not use its index for that.
    let at_once = if db.locks_rows() { SESSIONS } else { 1 };
    let parties: Vec<&Party> = asked.parties.iter().collect();
    for parties in parties.chunks(at_once) {
        let mut params = vec![Param::from(project)];
        // Texts of two lengths only, since each is prepared.
        let padding = if parties.len() > 1 { SESSIONS - parties.len() } else { 0 };
        for (actor, session) in parties.iter().chain(parties.iter().cycle().take(padding)) {
            params.extend([Param::from(actor), Param::from(session)]);
        }
        all(&of_sessions((params.len() - 1) / 2), &params)?;
    }
    for id in &asked.tickets {
        all("SELECT ticket FROM lock_tickets WHERE project = $1 AND id = $2", params![project, id])?;
    }
    for token in &asked.tokens {
        all(
            "SELECT t.ticket FROM lock_tokens k JOIN lock_tickets t ON t.project = k.project AND t.id = k.ticket
             WHERE k.project = $1 AND k.token = $2",
            params![project, *token],
        )?;
    }
    part.add(asked, locks, tickets);
    Ok(())
}

/// Returns a ticket alone.
pub(super) fn ticket(db: &dyn Sql, project: &str, id: &str) -> Result<Option<Ticket>, StoreError> {
    let sql = "SELECT ticket FROM lock_tickets WHERE project = $1 AND id = $2";
    db.one::<String>(sql, params![project, id])?.map(|text| parse(&text)).transpose()
}

/// Returns the statement for the open tickets of so many sessions.
fn of_sessions(count: usize) -> String {
    let one = |index: usize| format!("(actor = ${} AND session = ${})", 2 * index + 2, 2 * index + 3);
    let sessions: Vec<String> = (0..count).map(one).collect();
    format!("SELECT ticket FROM lock_tickets WHERE project = $1 AND open = 1 AND ({})", sessions.join(" OR "))
}

/// Writes the records that a command changed, and its events.
pub(super) fn save(
    db: &dyn Sql,
    project: &str,
    part: &Part,
    before: &Before,
    effects: &Effects,
    mut counts: Counts,
) -> Result<(), StoreError> {
    if effects.changed.locks.is_empty() && effects.changed.tickets.is_empty() && effects.events.is_empty() {
        return Ok(());
    }
    for name in &effects.changed.locks {
        let (known, record) = (before.names.contains(name), part.table().record(name));
        counts.names = (counts.names + u64::from(record.is_some())).saturating_sub(u64::from(known));
        save_name(db, project, name, known, record)?;
    }
    for id in &effects.changed.tickets {
        let ticket = part.table().ticket(id);
        let waits = ticket.is_some_and(Ticket::is_pending);
        let waited = before.waiting.contains(id);
        counts.waiting = (counts.waiting + u64::from(waits)).saturating_sub(u64::from(waited));
        save_ticket(db, project, id, ticket, before)?;
    }
    for event in &effects.events {
        counts.last_event += 1;
        let sql = "INSERT INTO lock_events (project, number, event) VALUES ($1, $2, $3)";
        db.execute(sql, params![project, counts.last_event, &json(event)?])?;
        if counts.last_event.is_multiple_of(SWEEP) {
            let sql = "DELETE FROM lock_events WHERE project = $1 AND number <= $2";
            db.execute(sql, params![project, counts.last_event.saturating_sub(EVENTS)])?;
        }
    }
    counts.last_token = part.table().last_token();
    let Counts { last_token, last_event, names, waiting, is_new } = counts;
    let sql = match is_new {
        true => {
            "INSERT INTO lock_projects (last_token, last_event, names, waiting, project) VALUES ($1, $2, $3, $4, $5)"
        }
        false => {
            "UPDATE lock_projects SET last_token = $1, last_event = $2, names = $3, waiting = $4 WHERE project = $5"
        }
    };
    db.execute(sql, params![last_token, last_event, names, waiting, project]).map(drop)
}

fn save_name(
    db: &dyn Sql,
    project: &str,
    name: &Name,
    known: bool,
    record: Option<LockRecord>,
) -> Result<(), StoreError> {
    let Some(LockRecord { last, closed_until, used_at, .. }) = record else {
        let sql = "DELETE FROM lock_names WHERE project = $1 AND name = $2";
        return db.execute(sql, params![project, name.as_str()]).map(drop);
    };
    let sql = match known {
        true => {
            "UPDATE lock_names SET last_token = $1, closed_until = $2, used_at = $3 WHERE project = $4 AND name = $5"
        }
        false => {
            "INSERT INTO lock_names (last_token, closed_until, used_at, project, name) VALUES ($1, $2, $3, $4, $5)"
        }
    };
    let params = params![last, closed_until.map(micros), micros(used_at), project, name.as_str()];
    db.execute(sql, params).map(drop)
}

fn save_ticket(
    db: &dyn Sql,
    project: &str,
    id: &str,
    ticket: Option<&Ticket>,
    before: &Before,
) -> Result<(), StoreError> {
    let (old, old_tokens) = (before.places.get(id), before.tokens.get(id));
    let new = ticket.map(places).unwrap_or_default();
    for name in old.into_iter().flatten().filter(|name| !new.contains(*name)) {
        let sql = "DELETE FROM lock_places WHERE project = $1 AND name = $2 AND ticket = $3";
        db.execute(sql, params![project, name.as_str(), id])?;
    }
    for name in new.iter().filter(|name| old.is_none_or(|old| !old.contains(*name))) {
        let sql = "INSERT INTO lock_places (project, name, ticket) VALUES ($1, $2, $3)";
        db.execute(sql, params![project, name.as_str(), id])?;
    }
    let Some(ticket) = ticket else {
        for token in old_tokens.into_iter().flatten() {
            let sql = "DELETE FROM lock_tokens WHERE project = $1 AND token = $2";
            db.execute(sql, params![project, *token])?;
        }
        let sql = "DELETE FROM lock_tickets WHERE project = $1 AND id = $2";
        return db.execute(sql, params![project, id]).map(drop);
    };
    for token in tokens(ticket).iter().filter(|token| old_tokens.is_none_or(|old| !old.contains(*token))) {
        let sql = "INSERT INTO lock_tokens (project, token, ticket) VALUES ($1, $2, $3)";
        db.execute(sql, params![project, *token, id])?;
    }
    let (open, due, text) = (ticket.is_open(), due(ticket).map(micros), json(ticket)?);
    let owner = &ticket.owner;
    match old.is_some() {
        true => {
            let sql =
                "UPDATE lock_tickets SET open = $1, due = $2, ticket = $3 WHERE project = $4 AND id = $5";
            db.execute(sql, params![i64::from(open), due, &text, project, id]).map(drop)
        }
        false => {
            let sql = "INSERT INTO lock_tickets (open, due, ticket, project, id, actor, session)
                VALUES ($1, $2, $3, $4, $5, $6, $7)";
            let params = params![i64::from(open), due, &text, project, id, &owner.actor, &owner.session];
            db.execute(sql, params).map(drop)
        }
    }
}

/// Returns the records of a project that time has something to do with.
pub(super) fn due_of(db: &dyn Sql, project: &str, at: Timestamp, limit: u32) -> Result<Missing, StoreError> {
    let sql = "SELECT id FROM lock_tickets WHERE project = $1 AND due <= $2 ORDER BY due LIMIT $3";
    let tickets = db.many::<String>(sql, params![project, micros(at), limit])?;
    let sql = "SELECT name FROM lock_names WHERE project = $1 AND closed_until <= $2 LIMIT $3";
    let mut names = db.many::<String>(sql, params![project, micros(at), limit])?;
    names.extend(idle(db, Some(project), at, limit)?.into_iter().map(|(_, name)| name));
    let names = names.iter().map(|name| Name::new(name).map_err(failed)).collect::<Result<_, _>>()?;
    Ok(Missing { names, tickets: tickets.into_iter().collect(), ..Missing::default() })
}

/// Returns names that nothing has used for a long time, with their projects.
fn idle(
    db: &dyn Sql,
    project: Option<&str>,
    at: Timestamp,
    limit: u32,
) -> Result<Vec<(String, String)>, StoreError> {
    let sql = "SELECT n.project, n.name FROM lock_names n WHERE n.used_at <= $1
        AND ($2 OR n.project = $3) AND NOT EXISTS
            (SELECT 1 FROM lock_places p WHERE p.project = n.project AND p.name = n.name) LIMIT $4";
    let params =
        params![micros(earlier(at, IDLE_KEPT)), project.is_none(), project.unwrap_or_default(), limit];
    db.many(sql, params)
}

/// Returns the names that have been idle for longest, when the project has no room for those of a request. The command
/// forgets as many of them as it needs.
pub(super) fn in_the_way(
    db: &dyn Sql,
    project: &str,
    counts: Counts,
    command: &Command,
) -> Result<Option<Missing>, StoreError> {
    let Command::Acquire(request) = command else { return Ok(None) };
    let wants = u64::try_from(request.wants.len()).unwrap_or(u64::MAX);
    if counts.names.saturating_add(wants) <= LOCKS as u64 {
        return Ok(None);
    }
    let sql = "SELECT n.name FROM lock_names n WHERE n.project = $1 AND NOT EXISTS
            (SELECT 1 FROM lock_places p WHERE p.project = n.project AND p.name = n.name)
        ORDER BY n.used_at LIMIT $2";
    // The request itself may name some of them.
    let names = db.many::<String>(sql, params![project, 2 * wants])?;
    let names = names.iter().map(|name| Name::new(name).map_err(failed)).collect::<Result<_, _>>()?;
    Ok(Some(Missing { names, ..Missing::default() }))
}

/// Returns the projects with records that time has something to do with.
pub(super) fn due_projects(db: &dyn Sql, at: Timestamp) -> Result<BTreeSet<String>, StoreError> {
    let sql = "SELECT project FROM lock_tickets WHERE due <= $1
        UNION SELECT project FROM lock_names WHERE closed_until <= $2";
    let mut projects: BTreeSet<String> =
        db.many::<String>(sql, params![micros(at), micros(at)])?.into_iter().collect();
    projects.extend(idle(db, None, at, 100)?.into_iter().map(|(project, _)| project));
    Ok(projects)
}

/// Returns when time next changes a record, in microseconds.
pub(super) fn next_due(db: &dyn Sql) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT MIN(due) FROM lock_tickets WHERE due IS NOT NULL";
    let tickets = db.one::<Option<i64>>(sql, params![])?.flatten();
    let sql = "SELECT MIN(closed_until) FROM lock_names WHERE closed_until IS NOT NULL";
    let names = db.one::<Option<i64>>(sql, params![])?.flatten();
    Ok([tickets, names].into_iter().flatten().min())
}

/// Returns the names of locks that are held, waited for or closed.
pub(super) fn names(db: &dyn Sql, project: &str, filter: &ListFilter) -> Result<Vec<Name>, StoreError> {
    let sql = "SELECT n.name FROM lock_names n WHERE n.project = $1 AND n.name > $2
        AND substr(n.name, 1, CAST($3 AS INTEGER)) = $4 AND (n.closed_until IS NOT NULL OR EXISTS
            (SELECT 1 FROM lock_places p WHERE p.project = n.project AND p.name = n.name))
        ORDER BY n.name LIMIT $5";
    let after = filter.after.as_ref().map_or("", Name::as_str);
    let length = filter.prefix.chars().count();
    let found = db.many::<String>(sql, params![project, after, length, &filter.prefix, filter.limit])?;
    found.iter().map(|name| Name::new(name).map_err(failed)).collect()
}

pub(super) fn events(
    db: &dyn Sql,
    project: &str,
    after: u64,
    limit: u32,
) -> Result<Vec<EventRow>, StoreError> {
    let sql =
        "SELECT number, event FROM lock_events WHERE project = $1 AND number > $2 ORDER BY number LIMIT $3";
    db.rows(sql, params![project, after, limit], |row| {
        Ok(EventRow { number: row.get(0)?, event: parse(&row.get::<String>(1)?)? })
    })
}

/// Returns all projects, with the numbers of their tickets.
pub(super) fn projects(db: &dyn Sql) -> Result<Vec<ProjectTickets>, StoreError> {
    let open = "SELECT project, count(*) FROM lock_tickets WHERE open = 1 GROUP BY project";
    let open: BTreeMap<String, u64> = db.many::<(String, u64)>(open, params![])?.into_iter().collect();
    let all = db.many::<(String, u64)>("SELECT project, waiting FROM lock_projects", params![])?;
    let counted = all.into_iter().map(|(project, waiting)| {
        let open = open.get(&project).copied().unwrap_or_default();
        ProjectTickets { holding: open.saturating_sub(waiting), waiting, project }
    });
    Ok(counted.collect())
}
