//! Random commands, with the invariants after each, and the same commands on parts of the table.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;

use super::super::limits::LATE_PASSES;
use super::super::*;
use super::store::Store;
use crate::clock::{Timestamp, later};

const AGING: Duration = Duration::from_secs(4);

fn at(seconds: u64) -> Timestamp {
    later(Timestamp::UNIX_EPOCH, Duration::from_secs(1_700_000_000 + seconds))
}

fn any_name() -> impl Strategy<Value = Name> {
    (0..4usize).prop_map(|index| Name::new(["a", "b", "c", "d"][index]).unwrap())
}

fn any_owner() -> impl Strategy<Value = Owner> {
    (0..5usize, 0..8usize).prop_map(|(actor, part)| {
        let part = ["", "", "", "", "", "x", "x[1].y", "z"][part];
        Owner::part(["p", "q", "r", "s", "t"][actor], "1", part)
    })
}

/// A command whose ticket and token follow from the table.
#[derive(Debug, Clone)]
enum Draft {
    Acquire(Box<Acquire>),
    Extend(Name, u64, Owner),
    Release(Name, u64, Owner),
    /// Releases one of the holds, or extends its lease.
    One(prop::sample::Index, bool),
    Force(Name),
    Cancel(prop::sample::Index),
    Renew(Owner),
    Leave(Owner),
    Tick,
}

fn any_acquire() -> impl Strategy<Value = Acquire> {
    let shared = prop::bool::weighted(0.4);
    let wants = prop::collection::btree_map(any_name(), shared, 1..=3);
    let seconds = |most: u64| (0..=most).prop_map(Duration::from_secs);
    let wait = prop_oneof![1 => Just(None), 6 => (1..200u64).prop_map(|s| Some(Duration::from_secs(s)))];
    let lease = prop_oneof![3 => Just(None), 1 => (1..60u64).prop_map(|s| Some(Duration::from_secs(s)))];
    let rare = (0..4u8).prop_map(|n| n.saturating_sub(2));
    (any_owner(), wants, wait, lease, 0..=9u8, seconds(9), rare).prop_map(
        |(owner, wants, wait, lease, priority, lock_delay, retries)| {
            let mode = |shared| if shared { Mode::Shared } else { Mode::Exclusive };
            let wants = wants.into_iter().map(|(name, shared)| Want::new(name, mode(shared))).collect();
            let retries = u32::from(retries);
            let priority = priority.saturating_sub(4);
            Acquire { wait, lease, priority, lock_delay, retries, ..Acquire::new("", owner, wants) }
        },
    )
}

fn any_draft() -> impl Strategy<Value = (Draft, i64)> {
    let draft = prop_oneof![
        12 => any_acquire().prop_map(|request| Draft::Acquire(Box::new(request))),
        1 => (any_name(), 0..40u64, any_owner()).prop_map(|(name, token, by)| Draft::Extend(name, token, by)),
        1 => (any_name(), 0..40u64, any_owner()).prop_map(|(name, token, by)| Draft::Release(name, token, by)),
        7 => (any::<prop::sample::Index>(), prop::bool::weighted(0.1))
            .prop_map(|(index, extend)| Draft::One(index, extend)),
        1 => any_name().prop_map(Draft::Force),
        1 => any::<prop::sample::Index>().prop_map(Draft::Cancel),
        1 => any_owner().prop_map(Draft::Renew),
        2 => any_owner().prop_map(Draft::Leave),
        1 => Just(Draft::Tick),
    ];
    // Clocks jump back, too.
    (draft, prop_oneof![8 => 0..4i64, 2 => 4..60i64, 1 => -40..0i64])
}

fn any_settings() -> impl Strategy<Value = Settings> {
    let victim = prop_oneof![Just(Victim::Youngest), Just(Victim::LowestPriority), Just(Victim::FewestLocks)];
    victim.prop_map(|victim| Settings { aging: AGING, detect: Detect::Resolve, victim })
}

/// The state of a test.
struct Model {
    table: Table,
    store: Store,
    now: u64,
    count: usize,
    token: u64,
    /// The number of times that each waiting ticket was overtaken late.
    overtaken: BTreeMap<String, u32>,
    /// The number of events of each kind.
    kinds: BTreeMap<EventKind, usize>,
}

impl Model {
    fn new(settings: Settings) -> Self {
        let store = Store { settings, ..Store::default() };
        let (overtaken, kinds) = Default::default();
        Self { table: Table::new(settings), store, now: 1000, count: 0, token: 0, overtaken, kinds }
    }

    fn command(&mut self, draft: &Draft) -> Command {
        let lease = Duration::from_secs(20);
        match draft.clone() {
            Draft::Acquire(mut request) => {
                self.count += 1;
                request.ticket = format!("t{:03}", self.count);
                Command::Acquire(request)
            }
            Draft::Extend(name, token, by) => Command::Extend { name, token, by: by.actor, lease },
            Draft::Release(name, token, by) => Command::Release { name, token, by: by.actor },
            Draft::One(index, extend) => {
                let holds: Vec<(Held, &Ticket)> = self
                    .table
                    .tickets
                    .values()
                    .flat_map(|ticket| ticket.held().into_iter().map(move |held| (held, ticket)))
                    .collect();
                if holds.is_empty() {
                    return Command::Tick;
                }
                let (held, ticket) = index.get(&holds);
                let (name, by) = (held.name.clone(), ticket.owner.actor.clone());
                let token = held.token;
                match extend {
                    true => Command::Extend { name, token, by, lease },
                    false => Command::Release { name, token, by },
                }
            }
            Draft::Force(name) => {
                Command::ForceRelease { name, token: None, by: "admin".to_owned(), reason: "test".to_owned() }
            }
            Draft::Cancel(index) => {
                let waits: Vec<&Ticket> =
                    self.table.tickets.values().filter(|ticket| ticket.is_pending()).collect();
                if waits.is_empty() {
                    return Command::Tick;
                }
                let ticket = index.get(&waits);
                Command::Cancel { ticket: ticket.id.clone(), by: ticket.owner.actor.clone() }
            }
            Draft::Renew(owner) => {
                let ticket = self.table.tickets.values().find(|ticket| ticket.owner == owner);
                match ticket.filter(|_| owner.part.starts_with('x')) {
                    Some(ticket) => {
                        Command::RenewTicket { ticket: ticket.id.clone(), by: owner.actor, lease }
                    }
                    None => Command::Renew { owner, lease },
                }
            }
            Draft::Leave(owner) => Command::Leave { owner },
            Draft::Tick => Command::Tick,
        }
    }

    fn step(&mut self, draft: &Draft, pass: i64) {
        self.now = self.now.saturating_add_signed(pass);
        let now = at(self.now);
        let before = self.table.clone();
        self.apply(&Command::Tick);
        let ticked = self.table.clone();
        let command = self.command(draft);
        let effects = self.apply(&command);
        if effects.answer.is_err() {
            assert_eq!(self.table, ticked, "a refused command changes nothing: {command:?}");
        }
        assert!(self.table.next_due().is_none_or(|due| due > now), "time has passed");
        self.overtakings(&before, &effects);
        self.check();
    }

    /// Applies a command to the whole table and to a part of it.
    fn apply(&mut self, command: &Command) -> Effects {
        let now = at(self.now);
        let before = self.table.clone();
        let effects = apply(&mut self.table, command, now);
        let of_part = self.store.run(command, now);
        assert_eq!(effects.answer, of_part.answer, "{command:?}\n{before:#?}");
        assert_eq!(effects.events, of_part.events, "{command:?}");
        assert_eq!(self.table.tickets, self.store.tickets, "{command:?}");
        let records: BTreeMap<Name, LockRecord> =
            self.table.locks.keys().map(|name| (name.clone(), self.table.record(name).unwrap())).collect();
        assert_eq!(records, self.store.locks, "{command:?}");
        effects.events.iter().for_each(|event| *self.kinds.entry(event.kind).or_default() += 1);
        for event in effects.events.iter().filter(|event| event.kind == EventKind::Acquired) {
            assert!(event.token.unwrap() > self.token, "tokens grow: {event:?} after {}", self.token);
            self.token = event.token.unwrap();
        }
        effects
    }

    fn check(&self) {
        let table = &self.table;
        for (name, lock) in &table.locks {
            let exclusive = lock.holders.values().filter(|(_, mode)| *mode == Mode::Exclusive).count();
            assert!(exclusive == 0 || lock.holders.len() == 1, "{name} has two holders: {lock:?}");
        }
        for ticket in table.tickets.values() {
            match &ticket.state {
                State::Held => assert_eq!(ticket.holds.len(), ticket.wants.len(), "all or none: {ticket:?}"),
                State::Ended { .. } => assert!(ticket.held().is_empty()),
                _ => assert!(ticket.holds.is_empty(), "{ticket:?}"),
            }
            assert!(ticket.passed_late <= LATE_PASSES);
            let overtaken = self.overtaken.get(&ticket.id).copied().unwrap_or_default();
            assert!(overtaken <= ticket.passed_late, "overtaken {overtaken} times: {ticket:?}");
        }
        let waiting: Vec<&Ticket> = table.tickets.values().filter(|ticket| ticket.is_waiting()).collect();
        for ticket in &waiting {
            assert!(!self.edges(ticket).is_empty() || self.is_closed(ticket), "it could go: {ticket:?}");
        }
        for ticket in &waiting {
            let mut seen = BTreeSet::new();
            let mut open: Vec<&Ticket> = self.waits_of(ticket);
            while let Some(next) = open.pop() {
                assert!(next.id != ticket.id, "a deadlock that was not found: {ticket:?}");
                if seen.insert(&next.id) {
                    open.extend(self.waits_of(next));
                }
            }
        }
    }

    fn is_closed(&self, ticket: &Ticket) -> bool {
        let closed =
            |want: &Want| self.table.locks.get(&want.name).is_some_and(|lock| lock.closed_until.is_some());
        ticket.wants.iter().any(closed)
    }

    /// Returns the tickets that this one waits for, by the definition and without any index.
    fn edges(&self, ticket: &Ticket) -> Vec<(&Ticket, bool)> {
        let mut edges = Vec::new();
        for (want, other) in
            ticket.wants.iter().flat_map(|want| self.table.tickets.values().map(move |t| (want, t)))
        {
            let conflicts = other.mode_of(&want.name).is_some_and(|mode| mode.conflicts(want.mode));
            let holds = other.held().iter().any(|held| held.name == want.name);
            let ahead = other.is_waiting() && (other.rank, &other.id) < (ticket.rank, &ticket.id);
            let several = other.wants.len() > 1 && ticket.since <= later(other.since, AGING * 9);
            if conflicts && holds {
                edges.push((other, true));
            } else if conflicts && ahead && !several && !ticket.passes.contains(&other.id) {
                edges.push((other, false));
            }
        }
        edges
    }

    /// Returns the waits that the ticket waits for: of those in front, and of the owners that hold its locks.
    fn waits_of(&self, ticket: &Ticket) -> Vec<&Ticket> {
        let waits = |(other, hard): (&Ticket, bool)| -> Vec<&Ticket> {
            let (owner, id) = (other.owner.clone(), other.id.clone());
            let is = |wait: &&Ticket| if hard { owner.covers(&wait.owner) } else { wait.id == id };
            self.table.tickets.values().filter(|wait| wait.is_waiting()).filter(is).collect()
        };
        self.edges(ticket).into_iter().flat_map(waits).collect()
    }

    /// Counts the waits that a grant overtook although it arrived more than nine agings later.
    fn overtakings(&mut self, before: &Table, effects: &Effects) {
        let granted: BTreeSet<&String> = effects
            .events
            .iter()
            .filter(|event| event.kind == EventKind::Acquired)
            .map(|event| &event.ticket)
            .collect();
        for ticket in granted.into_iter().filter_map(|id| self.table.tickets.get(id)) {
            for other in self.table.tickets.values().filter(|other| other.is_waiting()) {
                let still = before.tickets.get(&other.id).is_some_and(|known| known.since == other.since);
                let conflicts = ticket
                    .wants
                    .iter()
                    .any(|want| other.mode_of(&want.name).is_some_and(|mode| mode.conflicts(want.mode)));
                if still && conflicts && ticket.since > later(other.since, AGING * 9) {
                    *self.overtaken.entry(other.id.clone()).or_default() += 1;
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_command_breaks_an_invariant(
        settings in any_settings(),
        drafts in prop::collection::vec(any_draft(), 1..70),
    ) {
        let mut model = Model::new(settings);
        for (draft, pass) in &drafts {
            model.step(draft, *pass);
        }
    }
}

/// The model meets the situations that its invariants are about.
#[test]
fn random_commands_meet_every_kind_of_event() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut kinds = BTreeMap::<EventKind, usize>::new();
    for _ in 0..60 {
        let drafts = prop::collection::vec(any_draft(), 70).new_tree(&mut runner).unwrap().current();
        let mut model = Model::new(Settings { aging: AGING, ..Settings::default() });
        drafts.iter().for_each(|(draft, pass)| model.step(draft, *pass));
        model.kinds.into_iter().for_each(|(kind, count)| *kinds.entry(kind).or_default() += count);
    }
    assert!(kinds.len() == 10 && kinds.values().all(|count| *count >= 5), "{kinds:?}");
}
