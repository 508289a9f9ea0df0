//! `stepwell locks with`: holds locks while a command runs.

use std::collections::BTreeMap;
use std::io::{ErrorKind, IsTerminal};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::pin::pin;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::{Map, Value, json};
use stepwell::engine::quantity::Span;
use tokio::process::Child;
use tokio::signal::unix::SignalKind;
use tokio::time::{sleep, timeout};

use super::request::{self, Signals, end, granted, is_held};
use crate::Exit;
use crate::api::Operation;
use crate::cli::Ends;
use crate::cli::args::{Output, WithArgs};
use crate::cli::client::{Call, Client};
use crate::cli::output::table::text;
use crate::failure::Failure;

/// The shortest lease, so that a third of it is enough for a request to a service.
const LEAST_LEASE: Duration = Duration::from_secs(3);
/// The longest grace.
const MOST_GRACE: Duration = Duration::from_secs(3600);
/// The time between two tries to renew a lease after a failure.
const AGAIN: Duration = Duration::from_secs(1);
/// The signals of a terminal, which it sends to this process and to the command.
const OF_TERMINALS: [Signal; 2] = [Signal::INT, Signal::QUIT];

/// Takes locks, runs a command, and releases the locks.
pub(super) async fn with(client: &Client, output: Output, args: WithArgs) -> Ends {
    if output == Output::Json {
        let why =
            "`locks with` prints what its command prints, and nothing as JSON: leave out `--output json`";
        return Err(Failure::option("--output", why));
    }
    let lease = span("--lease", &args.lease, LEAST_LEASE, stepwell::engine::lock::limits::MAX_LEASE)?;
    let grace = span("--grace", &args.grace, Duration::ZERO, MOST_GRACE)?;
    let mut signals = Signals::new()?;
    let body = request::body(&args.names, Some(&args.lease), &args.request);
    let Some(ticket) = granted(client, &body, &mut signals).await? else { return Ok(Exit::Cancelled) };
    let keeper = Keeper { client, ticket: text(&ticket, "/ticket"), count: args.names.len(), lease, grace };
    let ended = keeper.run(&args, &ticket, &mut signals).await;
    end(client, &keeper.ticket).await;
    ended
}

fn span(option: &str, text: &str, least: Duration, most: Duration) -> Result<Duration, Failure> {
    let span: Span = text.parse().map_err(|why: String| Failure::option(option, why))?;
    match (least..=most).contains(&span.0) {
        true => Ok(span.0),
        false => {
            let (least, most) = (least.as_secs(), most.as_secs());
            Err(Failure::option(option, format!("must last from {least} seconds to {most} seconds")))
        }
    }
}

/// The locks of a command.
struct Keeper<'c> {
    client: &'c Client,
    ticket: String,
    /// The number of locks.
    count: usize,
    lease: Duration,
    grace: Duration,
}

impl Keeper<'_> {
    /// Runs the command until it ends, or until a lock is lost.
    async fn run(&self, args: &WithArgs, ticket: &Value, signals: &mut Signals) -> Ends {
        let mut running = Running::start(args, ticket)?;
        let mut lost = pin!(self.lost());
        loop {
            tokio::select! {
                status = running.child.wait() => return Ok(Exit::OfCommand(code(status)?)),
                why = &mut lost => {
                    say!("{why}; the command ends");
                    running.stop(self.grace, signals).await;
                    return Err(Failure::platform(why));
                }
                kind = signals.next() => running.forward(kind),
            }
        }
    }

    /// Renews the leases, and returns the reason when a lock is lost. When the service cannot be reached, it returns
    /// early enough for the command to end within the lease.
    async fn lost(&self) -> String {
        let third = self.lease / 3;
        let mut renewed = now();
        let mut is_told = false;
        loop {
            let asked = now();
            let call = Call::to(&Operation::renewLockTicket, &[&self.ticket]);
            let call = call.json(&json!({"lease": format!("{}s", self.lease.as_secs_f64())}));
            let why = match timeout(third, self.client.ask(call)).await {
                Ok(Ok(ticket)) => match self.problem(&ticket) {
                    Some(why) => return why,
                    None => {
                        (renewed, is_told) = (asked, false);
                        sleep(third).await;
                        continue;
                    }
                },
                Ok(Err(failure)) => match self.ended().await {
                    Some(why) => return why,
                    None => failure.message,
                },
                Err(_) => "the service does not answer in time".to_owned(),
            };
            let left = self.lease.saturating_sub(self.grace.min(third)).saturating_sub(renewed.elapsed());
            if left.is_zero() {
                return format!("the leases are about to end, and cannot be renewed: {why}");
            }
            if !is_told {
                say!("warning: the leases cannot be renewed: {why}; trying again for {} s", left.as_secs());
                is_told = true;
            }
            sleep(AGAIN.min(left)).await;
        }
    }

    /// Returns the reason why the request holds no lock any more, if the service says so.
    async fn ended(&self) -> Option<String> {
        let call = Call::to(&Operation::getLockTicket, &[&self.ticket]);
        let ticket = timeout(self.lease / 3, self.client.ask(call)).await.ok()?.ok()?;
        self.problem(&ticket)
    }

    /// Returns the reason why a ticket does not hold all its locks any more.
    fn problem(&self, ticket: &Value) -> Option<String> {
        let held = ticket.get("held").and_then(Value::as_array).map_or(0, Vec::len);
        if is_held(ticket) && held == self.count {
            return None;
        }
        Some(match text(ticket, "/state").as_str() {
            "expired" => "the leases of the locks ended before they were renewed".to_owned(),
            "forced" => "the locks were taken away; `stepwell locks events` has the reason".to_owned(),
            "held" => "a lock was taken away; `stepwell locks events` has the reason".to_owned(),
            "released" => "the locks were released by another process".to_owned(),
            state => format!("the request for the locks is `{state}`"),
        })
    }
}

/// Returns the time of a clock that never jumps.
#[allow(clippy::disallowed_methods, reason = "a jump of the wall clock must not prolong a lease")]
fn now() -> Instant {
    Instant::now()
}

/// A command that runs.
struct Running {
    child: Child,
    pid: Option<Pid>,
    /// Whether it has a process group of its own. In a terminal it does not, since it could not read from there.
    is_group: bool,
}

impl Running {
    fn start(args: &WithArgs, ticket: &Value) -> Result<Self, Failure> {
        let [program, arguments @ ..] = args.command.as_slice() else {
            return Err(Failure::input("name the command to run after `--`"));
        };
        let is_group = !std::io::stdin().is_terminal();
        let mut command = Command::new(program);
        command.args(arguments).envs(variables(&args.names, ticket));
        if is_group {
            command.process_group(0);
        }
        let child = tokio::process::Command::from(command).spawn().map_err(|error| {
            let why = match error.kind() {
                ErrorKind::NotFound => "there is no such program",
                ErrorKind::PermissionDenied => "it may not be executed",
                _ => "the system refuses it",
            };
            Failure::input(format!("`{}` cannot be started: {why}", program.to_string_lossy()))
        })?;
        let pid = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        Ok(Self { child, pid, is_group })
    }

    /// Sends a signal to the command. A command that has ended gets none.
    fn send(&self, signal: Signal) {
        let Some(pid) = self.pid else { return };
        let _ = if self.is_group { kill_process_group(pid, signal) } else { kill_process(pid, signal) };
    }

    /// Passes on a signal, unless the terminal has sent it to the command as well.
    fn forward(&self, kind: SignalKind) {
        let known = [
            (SignalKind::interrupt(), Signal::INT),
            (SignalKind::terminate(), Signal::TERM),
            (SignalKind::hangup(), Signal::HUP),
            (SignalKind::quit(), Signal::QUIT),
            (SignalKind::user_defined1(), Signal::USR1),
            (SignalKind::user_defined2(), Signal::USR2),
        ];
        let Some((_, signal)) = known.into_iter().find(|(known, _)| *known == kind) else { return };
        if self.is_group || !OF_TERMINALS.contains(&signal) {
            self.send(signal);
        }
    }

    /// Ends the command: with SIGTERM, and with SIGKILL after the grace.
    async fn stop(&mut self, grace: Duration, signals: &mut Signals) {
        self.send(Signal::TERM);
        let ended = async {
            loop {
                tokio::select! {
                    _ = self.child.wait() => return,
                    // It ends anyway.
                    _ = signals.next() => {}
                }
            }
        };
        let in_time = timeout(grace, ended).await.is_ok();
        if !in_time {
            say!("the command has not ended within {} s, and is killed", grace.as_secs());
        }
        // The children of a command that has ended may have stayed.
        if !in_time || self.is_group {
            self.send(Signal::KILL);
        }
        let _ = self.child.wait().await;
    }
}

/// Returns the exit code of a command, as a shell shows it.
fn code(status: std::io::Result<ExitStatus>) -> Result<u8, Failure> {
    let status = status.map_err(|error| Failure::platform(format!("the command is lost: {error}")))?;
    let signalled = || status.signal().map(|signal| signal.saturating_add(128));
    let code = status.code().or_else(signalled).and_then(|code| u8::try_from(code).ok());
    Ok(code.unwrap_or(u8::MAX))
}

/// Returns the variables of the environment of a command: the token of the first lock, that of each lock whose
/// variable no other lock has, all of them as JSON, and the session for further requests.
fn variables(names: &[String], ticket: &Value) -> BTreeMap<String, String> {
    let held = ticket.get("held").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let tokens: Map<String, Value> = held
        .iter()
        .map(|held| (text(held, "/name"), held.get("token").cloned().unwrap_or_default()))
        .collect();
    let mut each: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, token) in &tokens {
        each.entry(variable(name)).or_default().push(token.to_string());
    }
    let mut all: BTreeMap<String, String> = each
        .into_iter()
        .filter_map(|(variable, tokens)| Some((variable, <[String; 1]>::try_from(tokens).ok()?)))
        .map(|(variable, [token])| (variable, token))
        .collect();
    let first = names.first().and_then(|name| tokens.get(name)).map(Value::to_string);
    all.insert("STEPWELL_LOCK_TOKEN".to_owned(), first.unwrap_or_default());
    all.insert("STEPWELL_LOCK_TOKENS".to_owned(), Value::Object(tokens).to_string());
    all.insert("STEPWELL_LOCK_SESSION".to_owned(), text(ticket, "/session"));
    all
}

/// Returns the variable of a lock: `STEPWELL_LOCK_TOKEN_DEPLOY_PROD` for `deploy-prod`.
fn variable(name: &str) -> String {
    let word = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    format!("STEPWELL_LOCK_TOKEN_{}", name.chars().map(word).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_finds_its_tokens_in_its_environment() {
        let held = |name: &str, token: u64| json!({"name": name, "token": token});
        let locks = [held("a/b", 7), held("a-b", 8), held("deploy-prod", 9)];
        let names = ["deploy-prod", "a/b", "a-b"].map(str::to_owned);
        let found = variables(&names, &json!({"session": "s", "held": locks}));
        // `a/b` and `a-b` would have the same variable.
        let expected = [
            ("STEPWELL_LOCK_SESSION", "s"),
            ("STEPWELL_LOCK_TOKEN", "9"),
            ("STEPWELL_LOCK_TOKENS", "{\"a/b\":7,\"a-b\":8,\"deploy-prod\":9}"),
            ("STEPWELL_LOCK_TOKEN_DEPLOY_PROD", "9"),
        ];
        let found: Vec<(&str, &str)> =
            found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_exit_code_is_that_of_a_shell() {
        for (raw, expected) in [(0, 0), (3 << 8, 3), (15, 143), (9, 137)] {
            assert_eq!(code(Ok(ExitStatus::from_raw(raw))).unwrap(), expected, "{raw}");
        }
    }
}
