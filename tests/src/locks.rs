//! The contract of `engine::lock::Locks`, as scripts: a back end is right when every script has its stored
//! transcript. The scripts are in `tests/contract/locks`.
//!
//! A line is the time in seconds, the owner and a command. The owner is an actor, with a session after `:` (default:
//! the name of the actor) and a part after `/`. An indented line is output: `=>` the answer, `-` an event. The first
//! token that a script receives is `#1`, whatever its number.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::engine::clock::Timestamp;
use super::engine::lock::{
    Acquire, Answer, Command, End, Event, Held, ListFilter, LockError, LockView, Locks, Mode, Name, Owner,
    Settings, Want,
};

/// The scripts, by name.
pub const SCRIPTS: &[&str] = &[
    "bounds",
    "deadlocks",
    "fairness",
    "leases",
    "policies",
    "readers-and-writers",
    "refusals",
    "report",
    "retries",
    "sessions",
    "several-names",
];

/// Returns the time of a script at a number of seconds.
pub fn at(seconds: f64) -> Timestamp {
    let start = Timestamp::from_timestamp(1_767_225_600, 0).unwrap();
    start + chrono::Duration::milliseconds((seconds * 1000.0) as i64)
}

/// Returns the settings that the first line of a script names.
pub fn settings(script: &str) -> Settings {
    let mut settings = Settings::default();
    let words = script.lines().find_map(|line| line.strip_prefix("settings ")).unwrap_or_default();
    for (key, value) in words.split_whitespace().map(|word| word.split_once('=').unwrap()) {
        match key {
            "aging" => settings.aging = Duration::from_secs(value.parse().unwrap()),
            "detect" => settings.detect = value.parse().unwrap(),
            "victim" => settings.victim = value.parse().unwrap(),
            _ => panic!("{key}"),
        }
    }
    settings
}

/// Runs a script, and returns it with the answers and events of this back end.
pub async fn transcript(locks: &dyn Locks, project: &str, script: &str) -> String {
    let mut run = Run { locks, project, tokens: Vec::new(), tickets: BTreeMap::new(), seen: 0 };
    let mut out = String::new();
    for line in script.lines().filter(|line| !line.starts_with("  ")) {
        writeln!(out, "{line}").unwrap();
        if line.starts_with(|c: char| c.is_ascii_digit()) {
            run.line(line, &mut out).await;
        }
    }
    out
}

struct Run<'a> {
    locks: &'a dyn Locks,
    project: &'a str,
    /// The tokens in the order in which the script received them.
    tokens: Vec<u64>,
    /// The number of tickets of each actor.
    tickets: BTreeMap<String, u32>,
    /// The number of the last event that was shown.
    seen: u64,
}

impl Run<'_> {
    async fn line(&mut self, line: &str, out: &mut String) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let now = at(words[0].parse().unwrap());
        let owner = owner(words[1]);
        let rest = &words[3..];
        let shown = match words[2] {
            "show" => self.show(rest[0], now).await,
            "list" => {
                let prefix = rest.first().unwrap_or(&"").replace('_', "");
                let filter = ListFilter { prefix, after: None, limit: 100 };
                let found = self.locks.list(self.project, &filter, now).await.unwrap();
                found.iter().map(|view| view.name.as_str()).collect::<Vec<_>>().join(" ")
            }
            "check" => self.check(rest[0], now).await,
            "ticket" => {
                let answer = self.locks.ticket(self.project, rest[0]).await;
                // The short question has the same answer.
                let pending = self.locks.is_pending(self.project, rest[0]).await;
                let waits = |it: &Answer| matches!(it, Answer::Waiting { .. } | Answer::Resting { .. });
                assert_eq!(pending, answer.clone().map(|answer| waits(&answer)));
                self.answer(answer)
            }
            verb => match self.command(verb, &owner, rest) {
                Ok(command) => {
                    let answer = self.locks.run(self.project, command, now).await;
                    self.answer(answer)
                }
                Err(error) => format!("refused: {error}"),
            },
        };
        for line in shown.lines() {
            writeln!(out, "  => {line}").unwrap();
        }
        self.events(out).await;
    }

    /// Shows the events since the last line.
    async fn events(&mut self, out: &mut String) {
        for row in self.locks.events(self.project, self.seen, 10_000).await.unwrap() {
            assert!(row.number > self.seen, "{row:?}");
            self.seen = row.number;
            let Event { kind, name, owner, token, detail, ticket, .. } = row.event;
            let token = token.map_or(String::new(), |token| format!("#{}", self.token(token)));
            let detail = if detail.is_empty() { detail } else { format!(": {detail}") };
            writeln!(out, "  - {kind} {name}{token} {owner} [{ticket}]{detail}").unwrap();
        }
    }

    fn command(&mut self, verb: &str, owner: &Owner, rest: &[&str]) -> Result<Command, LockError> {
        let by = owner.actor.clone();
        let named = || -> Result<(Name, u64), LockError> {
            let (name, token) = rest[0].split_once('#').unwrap_or((rest[0], "0"));
            Ok((Name::new(&name.replace('_', " "))?, self.given(token)))
        };
        let lease = seconds(rest, "lease").unwrap_or_default();
        Ok(match verb {
            "acquire" => Command::Acquire(Box::new(self.acquire(owner, rest)?)),
            "extend" => {
                let (name, token) = named()?;
                Command::Extend { name, token, by, lease }
            }
            "release" => {
                let (name, token) = named()?;
                Command::Release { name, token, by }
            }
            "force" => {
                let (name, token) = named()?;
                let token = Some(token).filter(|token| *token > 0);
                Command::ForceRelease { name, token, by, reason: rest[1..].join(" ") }
            }
            "cancel" => Command::Cancel { ticket: rest[0].to_owned(), by },
            "renew" => Command::Renew { owner: owner.clone(), lease },
            "renew-ticket" => Command::RenewTicket { ticket: rest[0].to_owned(), by, lease },
            "leave" => Command::Leave { owner: owner.clone() },
            "tick" => Command::Tick,
            _ => panic!("{verb}"),
        })
    }

    fn acquire(&mut self, owner: &Owner, rest: &[&str]) -> Result<Acquire, LockError> {
        let number = self.tickets.entry(owner.actor.clone()).or_default();
        *number += 1;
        let ticket = word(rest, "ticket").map_or_else(|| format!("{}-{number}", owner.actor), str::to_owned);
        let want = |text: &str| {
            let (name, mode) = text.rsplit_once(':').unwrap_or((text, "exclusive"));
            let mode: Mode = mode.parse().map_err(|_| LockError::Invalid {
                field: "mode",
                why: "must be `exclusive` or `shared`".to_owned(),
            })?;
            Ok(Want::new(Name::new(name)?, mode))
        };
        let wants = rest[0].split(',').map(want).collect::<Result<_, LockError>>()?;
        let mut request = Acquire::new(&ticket, owner.clone(), wants);
        request.wait = seconds(rest, "wait");
        request.lease = seconds(rest, "lease");
        request.lock_delay = seconds(rest, "delay").unwrap_or_default();
        request.backoff = seconds(rest, "backoff").unwrap_or(request.backoff);
        request.priority = word(rest, "priority").map_or(0, |text| text.parse().unwrap());
        request.retries = word(rest, "retries").map_or(0, |text| text.parse().unwrap());
        request.reason = word(rest, "reason").unwrap_or_default().replace('_', " ");
        Ok(request)
    }

    async fn check(&mut self, named: &str, now: Timestamp) -> String {
        let (name, token) = named.split_once('#').unwrap();
        let (name, token) = (Name::new(name).unwrap(), self.given(token));
        let check = self.locks.check(self.project, &name, token, now).await.unwrap();
        match check.valid {
            true => format!("valid{}", until(check.until)),
            false => format!("not valid: {}", self.plain(&check.why)),
        }
    }

    async fn show(&mut self, name: &str, now: Timestamp) -> String {
        let name = Name::new(name).unwrap();
        let view = match self.locks.show(self.project, &name, now).await {
            Ok(view) => view,
            Err(error) => return format!("refused: {error}"),
        };
        let LockView { mode, holders, queue, closed_until, .. } = view;
        let mut out = mode.map_or("free".to_owned(), |mode| mode.to_string());
        if let Some(at) = closed_until {
            write!(out, ", closed{}", until(Some(at))).unwrap();
        }
        for holder in holders {
            let token = self.token(holder.token);
            write!(out, "\n#{token} {}{} {}", holder.actor, until(holder.until), holder.reason).unwrap();
        }
        for waiter in queue {
            let (position, mode) = (waiter.position, waiter.mode);
            write!(out, "\n{position}. {} {mode}: {}", waiter.actor, waiter.waits_for).unwrap();
        }
        out.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    }

    fn answer(&mut self, answer: Result<Answer, LockError>) -> String {
        match answer {
            Ok(Answer::Acquired { held, .. }) => format!("acquired {}", self.held(&held)),
            Ok(Answer::Waiting { until: end, ahead, .. }) => {
                let ahead = ahead.iter().map(|(name, ahead)| format!(", {ahead} ahead for {name}"));
                format!("waits{}{}", until(Some(end)), ahead.collect::<String>())
            }
            Ok(Answer::Resting { again, .. }) => format!("waits again{}", until(Some(again))),
            Ok(Answer::Busy { why }) => format!("busy: {why}"),
            Ok(Answer::Ended { how: End::Deadlock(cycle), at, .. }) => {
                format!("ended{}: deadlock: {cycle}", until(Some(at)))
            }
            Ok(Answer::Ended { how, at, .. }) => format!("ended{}: {how:?}", until(Some(at))),
            Ok(Answer::Extended(held)) => format!("extended {}", self.held(&held)),
            Ok(Answer::Released { holds, waits }) => format!("released {holds}, cancelled {waits}"),
            Ok(Answer::Ticked) => "ticked".to_owned(),
            Err(error) => format!("refused: {}", self.plain(&error.to_string())),
        }
    }

    fn held(&mut self, held: &[Held]) -> String {
        let shown =
            held.iter().map(|held| format!("{}#{}{}", held.name, self.token(held.token), until(held.until)));
        shown.collect::<Vec<_>>().join(", ")
    }

    /// Replaces tokens in a message by their numbers in this script.
    fn plain(&self, text: &str) -> String {
        let (mut before, mut words) = ("", Vec::new());
        for word in text.split(' ') {
            let bare = word.trim_end_matches([',', ';', ':', '.']);
            let token = bare.parse::<u64>().ok().filter(|_| ["token", "is"].contains(&before));
            let known = token.and_then(|token| self.tokens.iter().position(|known| *known == token));
            words.push(
                known.map_or(word.to_owned(), |known| format!("#{}{}", known + 1, &word[bare.len()..])),
            );
            before = word;
        }
        words.join(" ")
    }

    /// Returns the number of a token in this script. A token is larger than all before.
    fn token(&mut self, token: u64) -> usize {
        if let Some(index) = self.tokens.iter().position(|known| *known == token) {
            return index + 1;
        }
        assert!(self.tokens.iter().all(|known| *known < token), "{token} after {:?}", self.tokens);
        self.tokens.push(token);
        self.tokens.len()
    }

    /// Returns the token that a script means by its number.
    fn given(&self, number: &str) -> u64 {
        let number: usize = number.parse().unwrap();
        number.checked_sub(1).map_or(0, |index| self.tokens.get(index).copied().unwrap_or(1_000_000))
    }
}

fn owner(text: &str) -> Owner {
    let (actor, part) = text.split_once('/').unwrap_or((text, ""));
    let (actor, session) = actor.split_once(':').unwrap_or((actor, actor));
    Owner::part(actor, if session == "-" { "" } else { session }, part)
}

fn word<'a>(rest: &[&'a str], key: &str) -> Option<&'a str> {
    let index = rest.iter().position(|word| *word == key)?;
    rest.get(index + 1).copied()
}

fn seconds(rest: &[&str], key: &str) -> Option<Duration> {
    word(rest, key).map(|text| Duration::from_secs_f64(text.parse().unwrap()))
}

/// Shows a time as seconds since the start of the script.
fn until(end: Option<Timestamp>) -> String {
    end.map_or(String::new(), |end| format!(" @{}", (end - at(0.0)).num_milliseconds() as f64 / 1000.0))
}
