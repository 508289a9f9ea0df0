//! Reads: the records that a command concerns, and what readers ask for.

use std::collections::BTreeSet;

use stepwell_engine::clock::Timestamp;
use stepwell_engine::lock::limits::LOCKS;
use stepwell_engine::lock::{Command, LockView, Missing, Name, Part, State as TicketState, Ticket};

use super::super::naming;
use super::RedisLocks;
use super::failure::Fault;
use super::records::{self, Key, Keys, Loaded, State};
use crate::sql::micros;

const LOAD: &str = include_str!("load.lua");
const DUE: &str = include_str!("due.lua");
const AHEAD: &str = include_str!("ahead.lua");

/// Records that time has something to do with, and the time until the next ones.
pub(super) struct Due {
    pub missing: Missing,
    pub next: Option<chrono::Duration>,
}

type DueAnswer = (i64, Vec<String>, Vec<String>, Vec<String>, Option<f64>);

impl RedisLocks {
    /// Loads records at one time and the state of the project then.
    pub(super) async fn load_once(
        &self,
        keys: &Keys,
        asked: &Missing,
        with_tickets: bool,
    ) -> Result<Loaded, Fault> {
        let mut whole: Option<Loaded> = None;
        let mut pieces = records::pieces(asked);
        while let Some(piece) = pieces.pop() {
            let arguments = records::load_arguments(&piece, with_tickets);
            let mut loaded = Loaded::of(self.read(LOAD, keys, &arguments).await?)?;
            let Some(before) = &mut whole else {
                whole = Some(loaded);
                continue;
            };
            if before.state.version != loaded.state.version {
                return Err(Fault::Conflict);
            }
            before.locks.append(&mut loaded.locks);
            before.tickets.append(&mut loaded.tickets);
            before.ids.append(&mut loaded.ids);
        }
        whole.ok_or(Fault::Conflict)
    }

    /// Loads all records that a command concerns, besides those that are asked for.
    pub(super) async fn load(
        &self,
        keys: &Keys,
        mut asked: Missing,
        command: &Command,
        at: Timestamp,
    ) -> Result<(Part, State, Timestamp), Fault> {
        let direct = Part::new(self.settings, 0, Default::default()).missing(command, at);
        asked.names.extend(direct.names);
        asked.parties.extend(direct.parties);
        asked.tickets.extend(direct.tickets);
        asked.tokens.extend(direct.tokens);
        let mut known: Option<(Part, State, Timestamp)> = None;
        loop {
            let mut loaded = self.load_once(keys, &asked, true).await?;
            let (part, state, decided) = known.get_or_insert_with(|| {
                let decided = self.at(loaded.time, at);
                // Tokens grow although a failover may lose the last ones.
                let floor = u64::try_from(micros(decided)).unwrap_or_default();
                let last = loaded.state.last_token.max(floor);
                (Part::new(self.settings, last, loaded.state.elsewhere()), loaded.state.clone(), decided)
            });
            let new: BTreeSet<&String> = loaded.tickets.iter().map(|ticket| &ticket.id).collect();
            let is_unknown = |id: &&String| part.table().ticket(id).is_none() && !new.contains(id);
            let ids: BTreeSet<String> = loaded.ids.iter().filter(is_unknown).cloned().collect();
            let rest = Missing { tickets: ids, ..Missing::default() };
            let more = if rest.is_empty() { None } else { Some(self.load_once(keys, &rest, true).await?) };
            let later = more.as_ref().map_or(&state.version, |more| &more.state.version);
            if state.version != loaded.state.version || state.version != *later {
                return Err(Fault::Conflict);
            }
            loaded.tickets.extend(more.into_iter().flat_map(|more| more.tickets));
            part.add(asked, loaded.locks, loaded.tickets);
            asked = part.missing(command, *decided);
            if asked.is_empty() {
                return known.ok_or(Fault::Conflict);
            }
        }
    }

    /// Returns records that time has something to do with.
    pub(super) async fn due(&self, keys: &Keys, limit: u32, at: Timestamp) -> Result<Due, Fault> {
        let callers = self.server.settings.callers_time.then(|| micros(at).to_string());
        let arguments = [callers.unwrap_or_default(), limit.to_string()];
        let answer = self.read(DUE, keys, &arguments).await?;
        let (now, tickets, closed, idle, next): DueAnswer = records::read(answer)?;
        let names = closed.iter().chain(&idle).map(|text| name(text)).collect::<Result<_, _>>()?;
        let missing = Missing { names, tickets: tickets.into_iter().collect(), ..Missing::default() };
        let next = next.map(|next| chrono::Duration::microseconds((next as i64).saturating_sub(now)));
        Ok(Due { missing, next })
    }

    /// Returns the names that have been idle for longest, when the project has no room for those of a request.
    pub(super) async fn idle(&self, keys: &Keys, names: u64, command: &Command) -> Result<Missing, Fault> {
        let Command::Acquire(request) = command else { return Ok(Missing::default()) };
        if names.saturating_add(request.wants.len() as u64) <= LOCKS as u64 {
            return Ok(Missing::default());
        }
        let mut range = redis::cmd("ZRANGE");
        // The request itself may name some of them.
        range.arg(keys.get(Key::Idle)).arg(0).arg(2 * request.wants.len());
        let idle: Vec<String> = records::read(self.server.ask(&range).await.map_err(Fault::of_read)?)?;
        let names = idle.iter().map(|text| name(text)).collect::<Result<_, _>>()?;
        Ok(Missing { names, ..Missing::default() })
    }

    /// Returns a ticket. One that waits comes with the numbers of tickets in front of it.
    pub(super) async fn find(&self, keys: &Keys, id: &str) -> Result<Option<(Ticket, Vec<usize>)>, Fault> {
        let asked = Missing { tickets: [id.to_owned()].into(), ..Missing::default() };
        let loaded = self.load_once(keys, &asked, true).await?;
        let Some(ticket) = loaded.tickets.into_iter().next() else { return Ok(None) };
        if !matches!(ticket.state, TicketState::Waiting { .. }) {
            return Ok(Some((ticket, Vec::new())));
        }
        let range = |name: &Name| [records::queue_start(name), records::queue_place(name, &ticket)];
        let arguments: Vec<String> = ticket.wants.iter().flat_map(|want| range(&want.name)).collect();
        let answer: (String, Vec<usize>) = records::read(self.read(AHEAD, keys, &arguments).await?)?;
        if answer.0 != loaded.state.version {
            return Err(Fault::Conflict);
        }
        Ok(Some((ticket, answer.1)))
    }

    /// Returns views of locks at one time.
    pub(super) async fn views(
        &self,
        keys: &Keys,
        names: &[Name],
        at: Timestamp,
    ) -> Result<Vec<LockView>, Fault> {
        let Some(first) = names.first() else { return Ok(Vec::new()) };
        let asked = Missing { names: names.iter().cloned().collect(), ..Missing::default() };
        let (part, _, at) = self.load(keys, asked, &naming(first, None), at).await?;
        Ok(names.iter().filter_map(|name| part.table().show(name, at)).collect())
    }
}

/// Reads a name that a script returned.
pub(super) fn name(text: &str) -> Result<Name, Fault> {
    Name::new(text).map_err(|error| Fault::Broken(format!("Redis has a lock without a valid name: {error}")))
}
