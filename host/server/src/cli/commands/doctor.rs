//! `stepwell doctor`: checks the installation and suggests fixes.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use serde_json::json;
use stepwell::engine::quantity::counted;
use stepwell::engine::schedule::zone;
use stepwell::engine::system::why;
use stepwell::sandbox::{Allocator, ProgramBounds};
use stepwell::{Host, HostError};

use crate::Exit;
use crate::api::oidc;
use crate::cli::args::{HostArgs, Local};
use crate::cli::host::{builder, cache_dir, registered};
use crate::cli::output::show;
use crate::cli::output::table::{Sheet, whole, words};
use crate::display::plain_lines;
use crate::failure::Failure;

/// The state of one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Good,
    /// It works, with a reservation.
    Warning,
    Bad,
}

/// The result of one check.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    state: State,
    found: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    fix: &'static str,
}

fn finding(check: &'static str, state: State, found: impl Into<String>, fix: &'static str) -> Finding {
    let fix = if state == State::Good { "" } else { fix };
    Finding { check, state, found: found.into(), fix }
}

/// Most seconds between the store's clock and this one.
const SKEW: f64 = 1.0;
/// The longest time of one query of a fast store.
const SLOW: Duration = Duration::from_millis(50);
/// Files that a service with its connections may have open.
const FILES: u64 = 4096;
/// Bytes that a disk should have left.
const DISK: u64 = 1 << 30;

pub(super) async fn doctor(local: &Local) -> Result<Exit, Failure> {
    let args = &local.host;
    let mut findings = Vec::new();
    match builder(args).build() {
        Ok(host) => {
            findings.push(finding(
                "configuration",
                State::Good,
                "policies, queues and configuration agree",
                "",
            ));
            check(&host, args, &mut findings).await;
        }
        Err(error) => findings.push(finding(
            "configuration",
            State::Bad,
            error.to_string(),
            "correct the files; `stepwell config show --resolved` shows which are read",
        )),
    }
    machine(&mut findings);
    let answer = json!({"items": findings, "next_cursor": null});
    show(local.output, &answer, |_| as_text(&findings))?;
    let bad = findings.iter().any(|finding| finding.state == State::Bad);
    Ok(if bad { Exit::RunFailed } else { Exit::Success })
}

async fn check(host: &Host, args: &HostArgs, findings: &mut Vec<Finding>) {
    store(host, findings).await;
    let config = host.configuration();
    findings.push(steps(host, args).await);
    for (name, secret) in config.references() {
        if let Err(why) = stepwell::sandbox::secrets::readable(&config, &secret) {
            let fix = "set the variable, make the file readable, or use `stepwell secrets set`";
            findings.push(finding("secrets", State::Bad, format!("{name}: {why}"), fix));
        }
    }
    let allocator = match host.sandbox().allocator() {
        Allocator::Pooling => finding("memory of steps", State::Good, "pooling allocator", ""),
        Allocator::OnDemand => finding(
            "memory of steps",
            State::Warning,
            "the address space is too small for the pooling allocator: each attempt maps its own memory",
            "raise the limit of virtual memory (ulimit -v, LimitAS), or lower `service.workers`",
        ),
    };
    findings.push(allocator);
    if let Some(settings) = config.oidc.clone() {
        let issuer = settings.issuer.clone();
        let has_login = settings.login.is_some();
        let fetched = match oidc::Provider::new(settings) {
            Ok(provider) => provider.fetch().await,
            Err(error) => Err(error),
        };
        let fetched = fetched.and_then(|found| {
            if has_login {
                oidc::endpoints(&found.discovery)?;
            }
            Ok(found.keys.keys.len())
        });
        findings.push(match fetched {
            Ok(count) => {
                finding("OpenID provider", State::Good, format!("{issuer}: {}", counted(count, "key")), "")
            }
            Err(why) => finding(
                "OpenID provider",
                State::Bad,
                why,
                "check that `oidc.issuer` is correct and reachable",
            ),
        });
    }
    for (what, dir) in [("data directory", host.runs().workspace("x")), ("compiled components", cache_dir())]
    {
        findings.push(directory(what, &dir));
    }
}

/// The checks as a list; a finding of several lines, such as a problem in a file with its place, follows the
/// list.
fn as_text(findings: &[Finding]) -> String {
    let mut sheet = Sheet::new(&[whole("state"), words("check"), words("found"), words("fix")]);
    let mut details = String::new();
    for Finding { check, state, found, fix } in findings {
        let mark = match state {
            State::Good => "ok",
            State::Warning => "warning",
            State::Bad => "BAD",
        };
        let mut lines = found.lines();
        let first = lines.next().unwrap_or_default();
        let first = first.strip_prefix("error: ").unwrap_or(first);
        if lines.next().is_some() {
            details.push_str(&format!("\n\n{check}:\n{}", plain_lines(found)));
        }
        sheet.row([mark.to_owned(), (*check).to_owned(), first.to_owned(), (*fix).to_owned()]);
    }
    format!("{}{details}", sheet.text())
}

async fn steps(host: &Host, args: &HostArgs) -> Finding {
    let found = async {
        registered(host.clone(), args).await?;
        host.steps().refresh().await?;
        let types = host.steps().list().await?;
        let mut registered = 0;
        for step in &types {
            let versions = host.steps().versions(&step.type_name).await?;
            registered +=
                usize::from(versions.iter().any(|version| version.active && version.source == "registered"));
        }
        Ok::<_, HostError>(format!(
            "{}, {registered} of them registered in the store",
            counted(types.len(), "step type")
        ))
    };
    match found.await {
        Ok(found) => finding("steps", State::Good, found, ""),
        Err(error) => {
            let fix = "check that the file exists and is a component of this interface";
            finding("steps", State::Bad, error.to_string(), fix)
        }
    }
}

async fn store(host: &Host, findings: &mut Vec<Finding>) {
    #[allow(clippy::disallowed_methods, reason = "how long the store takes is what is measured")]
    let begun = std::time::Instant::now();
    let vitals = match host.system().vitals().await {
        Ok(vitals) => vitals,
        Err(error) => {
            let fix = "check that the database runs, and that the URL, the login and the network are correct";
            findings.push(finding("store", State::Bad, error.to_string(), fix));
            return;
        }
    };
    let took = begun.elapsed();
    for vitals in vitals {
        let found = format!("{} at {}, schema {}", vitals.product, vitals.place, vitals.schema);
        findings.push(finding("store", State::Good, found, ""));
        if vitals.clock_ahead.abs() > SKEW {
            let found =
                format!("the clock of the store is {:.1} s ahead of the clock here", vitals.clock_ahead);
            findings.push(finding("clock", State::Warning, found, "set both clocks by NTP"));
        }
        if let Some((used, most)) = vitals.sessions
            && used * 10 > most * 8
        {
            let found = format!("{used} of {most} sessions of the server are in use");
            let fix = "raise max_connections on the server, or lower `pool` in the URL";
            findings.push(finding("sessions", State::Warning, found, fix));
        }
    }
    let state = if took > SLOW { State::Warning } else { State::Good };
    let found = format!("{:.1} ms, with the first connect", took.as_secs_f64() * 1e3);
    findings.push(finding("latency", state, found, "move the database closer: each step waits for it twice"));
    if let Err(error) = host.system().check_writable().await {
        findings.push(finding(
            "store",
            State::Bad,
            error.to_string(),
            "the store can be read and not written: check its disk and permissions",
        ));
    }
}

fn directory(what: &'static str, dir: &Path) -> Finding {
    // The nearest directory that exists: the rest is created when it is needed.
    let there = dir.ancestors().find(|dir| dir.is_dir()).unwrap_or(dir);
    let fix = "make it writable for this user, and free some space";
    if let Err(error) = tempfile_in(there) {
        return finding(what, State::Bad, format!("{}: {}", there.display(), why(&error)), fix);
    }
    match rustix::fs::statvfs(there) {
        Ok(disk) if disk.f_bavail.saturating_mul(disk.f_frsize) < DISK => {
            let left = disk.f_bavail.saturating_mul(disk.f_frsize) >> 20;
            finding(what, State::Warning, format!("{}: {left} MiB left", there.display()), fix)
        }
        _ => finding(what, State::Good, there.display().to_string(), ""),
    }
}

/// The version of the system's zone database.
fn system_zones() -> Option<String> {
    let text = std::fs::read_to_string("/usr/share/zoneinfo/tzdata.zi").ok()?;
    Some(text.lines().next()?.strip_prefix("# version ")?.trim().to_owned())
}

fn tempfile_in(dir: &Path) -> std::io::Result<()> {
    tempfile::tempfile_in(dir)?.write_all(b"x")
}

/// Checks the bounds of programs that steps start.
fn programs() -> Finding {
    let bounds = ProgramBounds::here();
    let landlock = bounds.landlock;
    if bounds.weaker.is_empty() {
        let found = format!("Landlock {landlock}, control groups: all bounds of programs hold");
        return finding("programs", State::Good, found, "");
    }
    let why = bounds.without_groups.map(|why| format!(" ({why})")).unwrap_or_default();
    let found = format!("Landlock {landlock}: {}{why}", bounds.weaker.join("; "));
    let fix = "delegate a control group (`Delegate=` of systemd) and use Linux 6.12 or newer, or write `allow_weaker: true` into the rules for programs";
    finding("programs", State::Warning, found, fix)
}

/// The machine: its zone database and its limits.
fn machine(findings: &mut Vec<Finding>) {
    let newer = system_zones().filter(|version| version.as_str() > zone::database_version());
    findings.push(match newer {
        None => finding("time zones", State::Good, format!("tzdb {}", zone::database_version()), ""),
        Some(newer) => finding(
            "time zones",
            State::Warning,
            format!("tzdb {}, and the system has {newer}", zone::database_version()),
            "rules of some zones may have changed: upgrade Stepwell",
        ),
    });
    findings.push(programs());
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX);
    let state = if limit < FILES { State::Warning } else { State::Good };
    let fix = "raise the limit: ulimit -n, LimitNOFILE";
    findings.push(finding("open files", state, format!("at most {limit}"), fix));
}
