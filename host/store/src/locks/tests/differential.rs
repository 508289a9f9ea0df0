//! The same random commands on every back end: the same answers, events and views.
//!
//! `STEPWELL_LOCK_SEEDS=FROM..TO` runs these seeds in place of the usual ones.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use stepwell_engine::lock::{
    Acquire, Answer, Command, Detect, Event, Held, ListFilter, LockError, LockView, Locks, MemoryLocks, Mode,
    Name, Owner, Settings, Victim, Want,
};

use super::super::redis::tests::server::Redis;
use super::{Schema, scripts};
use crate::SqliteStore;
use crate::locks::SqlLocks;

const COMMANDS: u32 = 60;
/// PostgreSQL takes part in every fourth seed: a commit of it costs most of the time.
const POSTGRES: u64 = 4;

/// A back end with the tokens that it handed out, in their order. Commands and answers name a token by its number.
struct Backend {
    name: &'static str,
    locks: Arc<dyn Locks>,
    tokens: Vec<u64>,
    seen: u64,
}

impl Backend {
    fn new(name: &'static str, locks: Arc<dyn Locks>) -> Self {
        Self { name, locks, tokens: Vec::new(), seen: 0 }
    }

    /// Returns the number of a token.
    fn number(&mut self, token: u64) -> u64 {
        if token == 0 || token == UNKNOWN {
            return token;
        }
        let index = self.tokens.iter().position(|known| *known == token).unwrap_or_else(|| {
            assert!(self.tokens.iter().all(|known| *known < token), "{}: tokens grow", self.name);
            self.tokens.push(token);
            self.tokens.len() - 1
        });
        index as u64 + 1
    }

    fn given(&self, number: u64) -> u64 {
        let index = usize::try_from(number).unwrap().checked_sub(1);
        index.map_or(0, |index| self.tokens.get(index).copied().unwrap_or(UNKNOWN))
    }

    fn held(&mut self, held: &mut [Held]) {
        held.sort_by_key(|held| held.token);
        held.iter_mut().for_each(|held| held.token = self.number(held.token));
    }

    fn answer(&mut self, answer: Result<Answer, LockError>) -> String {
        let numbered = match answer {
            Ok(Answer::Acquired { ticket, session, mut held }) => {
                self.held(&mut held);
                Ok(Answer::Acquired { ticket, session, held })
            }
            Ok(Answer::Extended(mut held)) => {
                self.held(&mut held);
                Ok(Answer::Extended(held))
            }
            Ok(other) => Ok(other),
            Err(error) => Err(self.error(error)),
        };
        format!("{numbered:?}")
    }

    fn error(&mut self, error: LockError) -> LockError {
        match error {
            LockError::WrongToken { name, token, last } => {
                LockError::WrongToken { name, token: self.number(token), last: self.number(last) }
            }
            LockError::TokenOfAnother { name, token, of } => {
                LockError::TokenOfAnother { name, token: self.number(token), of }
            }
            LockError::Expired { name, token, at } => {
                LockError::Expired { name, token: self.number(token), at }
            }
            LockError::Forced { name, token, at } => {
                LockError::Forced { name, token: self.number(token), at }
            }
            LockError::Released { name, token } => LockError::Released { name, token: self.number(token) },
            LockError::AlreadyHeld { name, token } => {
                LockError::AlreadyHeld { name, token: self.number(token) }
            }
            other => other,
        }
    }

    fn view(&mut self, mut view: LockView) -> LockView {
        view.last_token = self.number(view.last_token);
        view.holders.iter_mut().for_each(|holder| holder.token = self.number(holder.token));
        view
    }

    /// Runs a command, and returns the answer with everything that a client can see.
    async fn run(&mut self, project: &str, draft: &Draft, now: f64) -> String {
        let at = scripts::at(now);
        let command = draft.command(self);
        let answer = self.locks.run(project, command, at).await;
        let mut out = Vec::new();
        for row in self.locks.events(project, self.seen, 10_000).await.unwrap() {
            self.seen = row.number;
            let Event { token, .. } = row.event;
            let event = Event { token: token.map(|token| self.number(token)), ..row.event };
            out.push(format!("{} {event:?}", row.number));
        }
        out.insert(0, self.answer(answer));
        let filter = ListFilter { prefix: String::new(), after: None, limit: 100 };
        for view in self.locks.list(project, &filter, at).await.unwrap() {
            let name = Name::new(&view.name).unwrap();
            let shown = self.locks.show(project, &name, at).await.unwrap();
            assert_eq!(shown, view, "{}: a list shows the same as one lock", self.name);
            for waiter in &view.queue {
                let answer = self.locks.ticket(project, &waiter.ticket).await;
                out.push(format!("{answer:?}"));
            }
            let view = self.view(view);
            out.push(format!("{view:?}"));
        }
        let (name, token) = (any_name(draft.seed), self.given(draft.seed % 12));
        let mut check = self.locks.check(project, &name, token, at).await.unwrap();
        // The reason of an invalid token is the text of an error, which the answers of commands compare.
        check.why.clear();
        check.last_token = self.number(check.last_token);
        out.push(format!("{check:?}"));
        out.join("\n")
    }
}

/// A token that no back end hands out here.
const UNKNOWN: u64 = 1 << 50;

fn any_name(seed: u64) -> Name {
    Name::new(["a", "b", "c/d", "ä"][usize::try_from(seed % 4).unwrap()]).unwrap()
}

/// A command whose tokens are numbers.
struct Draft {
    kind: u8,
    seed: u64,
    ticket: String,
}

impl Draft {
    fn command(&self, backend: &Backend) -> Command {
        let mut random = Rng::with_seed(self.seed);
        let name = any_name(random.u64(..));
        let by = ["p", "q", "r"][random.usize(..3)].to_owned();
        let token = backend.given(random.u64(..(backend.tokens.len() as u64 + 2).min(40)));
        let owner = owner(&by, &mut random);
        let lease = Duration::from_secs(random.u64(1..40));
        match self.kind {
            0..=7 => Command::Acquire(Box::new(self.acquire(&mut random))),
            8 => Command::Extend { name, token, by, lease },
            9..=12 => Command::Release { name, token, by },
            13 => {
                let token = random.bool().then_some(token);
                Command::ForceRelease { name, token, by, reason: "test".to_owned() }
            }
            14 => Command::Cancel { ticket: format!("t{}", random.u64(..30)), by },
            15 => Command::Renew { owner, lease },
            16 => Command::Leave { owner },
            _ => Command::Tick,
        }
    }

    fn acquire(&self, random: &mut Rng) -> Acquire {
        let by = ["p", "q", "r"][random.usize(..3)];
        let owner = owner(by, random);
        let mut wants: Vec<Want> = Vec::new();
        for _ in 0..random.u8(1..=3) {
            let mode = if random.u8(..5) < 2 { Mode::Shared } else { Mode::Exclusive };
            let want = Want::new(any_name(random.u64(..)), mode);
            if wants.iter().all(|other| other.name != want.name) {
                wants.push(want);
            }
        }
        Acquire {
            wait: (random.u8(..7) > 0).then(|| Duration::from_secs(random.u64(1..120))),
            lease: (random.u8(..3) == 0).then(|| Duration::from_secs(random.u64(1..60))),
            priority: random.u8(..14).saturating_sub(4),
            lock_delay: Duration::from_secs(random.u64(..9)),
            retries: u32::from(random.u8(..4).saturating_sub(2)),
            reason: "because".to_owned(),
            ..Acquire::new(&self.ticket, owner, wants)
        }
    }
}

fn owner(actor: &str, random: &mut Rng) -> Owner {
    Owner::part(actor, ["1", "2"][random.usize(..2)], ["", "", "", "x", "x/y"][random.usize(..5)])
}

fn settings(random: &mut Rng) -> Settings {
    let victim = [Victim::Youngest, Victim::LowestPriority, Victim::FewestLocks][random.usize(..3)];
    let detect = if random.u8(..6) == 0 { Detect::Report } else { Detect::Resolve };
    Settings { aging: Duration::from_secs(random.u64(1..8)), detect, victim }
}

fn seeds() -> std::ops::Range<u64> {
    let Ok(text) = std::env::var("STEPWELL_LOCK_SEEDS") else { return 0..8 };
    let (from, to) = text.split_once("..").expect("STEPWELL_LOCK_SEEDS=FROM..TO");
    from.parse().unwrap()..to.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_back_end_gives_the_same_answers() {
    let (redis, schema) = (Redis::start(&[]).await, Schema::new().await);
    let mut commands = 0;
    for seed in seeds() {
        let mut random = Rng::with_seed(seed);
        let settings = settings(&mut random);
        let sqlite = Arc::new(SqlLocks::new(Arc::new(SqliteStore::in_memory()), settings));
        let mut backends = vec![
            Backend::new("memory", Arc::new(MemoryLocks::new(settings))),
            Backend::new("SQLite", sqlite),
        ];
        let schema = schema.iter().filter(|_| seed % POSTGRES == 0);
        backends.extend(schema.map(|schema| Backend::new("PostgreSQL", schema.locks(settings))));
        let redis = redis.iter().map(|redis| Backend::new("Redis", Arc::new(redis.callers_time(settings))));
        backends.extend(redis);
        let (project, mut now) = (format!("seed-{seed}"), 0.0);
        for number in 0..COMMANDS {
            now += [0.0, 0.5, 1.0, 2.0, 3.0, 30.0, -20.0][random.usize(..7)];
            // Each back end ends everything that is over, not only what the command concerns.
            let tick = Draft { kind: 17, seed: 0, ticket: String::new() };
            let draft = Draft { kind: random.u8(..18), seed: random.u64(..), ticket: format!("t{number}") };
            for draft in [&tick, &draft] {
                let mut expected: Option<(&str, String)> = None;
                for backend in &mut backends {
                    let found = backend.run(&project, draft, now).await;
                    match &expected {
                        None => expected = Some((backend.name, found)),
                        Some((name, expected)) => assert_eq!(
                            &found, expected,
                            "seed {seed}, command {number}: {} and {name}",
                            backend.name
                        ),
                    }
                }
            }
            commands += 1;
        }
    }
    println!("{commands} commands");
    if let Some(schema) = schema {
        schema.drop().await;
    }
}
