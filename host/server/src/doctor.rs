//! `stepwell doctor`: whether everything that a service needs is there, and how to mend what is not.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use stepwell::engine::schedule::zone;
use stepwell::sandbox::Allocator;
use stepwell::{Host, HostError};

use crate::api::oidc;
use crate::cli::{self, HostArgs, Output};
use crate::display::{plain, table};
use crate::{Exit, builder, print, registered};

/// How one thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Good,
    /// It works, and something is to be known about it.
    Warning,
    Bad,
}

/// What was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    state: State,
    found: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    mend: &'static str,
}

fn finding(what: &'static str, state: State, found: impl Into<String>, mend: &'static str) -> Finding {
    let mend = if state == State::Good { "" } else { mend };
    Finding { what, state, found: found.into(), mend }
}

/// Between our clock and the store's, in seconds.
const SKEW: f64 = 1.0;
/// What one look at the store may take.
const SLOW: Duration = Duration::from_millis(50);
/// Files that a service with its connections may have open.
const FILES: u64 = 4096;
/// Bytes that a disk should have left.
const DISK: u64 = 1 << 30;

pub(crate) async fn doctor(output: Output, args: &HostArgs) -> Result<Exit, HostError> {
    let mut findings = Vec::new();
    match builder(args).build() {
        Ok(host) => {
            findings.push(finding(
                "configuration",
                State::Good,
                "policies, queues and configuration fit together",
                "",
            ));
            look(&host, args, &mut findings).await;
        }
        Err(error) => findings.push(finding(
            "configuration",
            State::Bad,
            error.to_string(),
            "mend the files; `stepwell config show --resolved` shows what is read",
        )),
    }
    machine(&mut findings);
    match output {
        Output::Json => print(&serde_json::to_string_pretty(&findings).unwrap_or_default()),
        Output::Text => {
            let mut table = table(["", "what", "found", "mend"]);
            for Finding { what, state, found, mend } in &findings {
                let mark = match state {
                    State::Good => "ok",
                    State::Warning => "warning",
                    State::Bad => "BAD",
                };
                table.add_row([mark.to_owned(), (*what).to_owned(), plain(found), (*mend).to_owned()]);
            }
            print(&table.to_string());
        }
    }
    let bad = findings.iter().any(|finding| finding.state == State::Bad);
    Ok(if bad { Exit::RunFailed } else { Exit::Success })
}

async fn look(host: &Host, args: &HostArgs, findings: &mut Vec<Finding>) {
    store(host, findings).await;
    let config = host.configuration();
    findings.push(steps(host, args).await);
    for (name, secret) in config.references() {
        if let Err(why) = stepwell::sandbox::secrets::readable(&config, &secret) {
            let mend = "set the variable, make the file readable, or `stepwell secrets set`";
            findings.push(finding("secrets", State::Bad, format!("{name}: {why}"), mend));
        }
    }
    let allocator = match host.sandbox().allocator() {
        Allocator::Pooling => finding("memory of steps", State::Good, "pooling allocator", ""),
        Allocator::OnDemand => finding(
            "memory of steps",
            State::Warning,
            "the address space is too small for the pooling allocator: each attempt maps its own memory",
            "lift the limit of virtual memory (ulimit -v, LimitAS), or lower `service.workers`",
        ),
    };
    findings.push(allocator);
    if let Some(settings) = config.oidc.clone() {
        let issuer = settings.issuer.clone();
        let fetched = match oidc::Provider::new(settings) {
            Ok(provider) => provider.fetch().await.map(|set| set.keys.len()),
            Err(error) => Err(error),
        };
        findings.push(match fetched {
            Ok(count) => finding("OpenID provider", State::Good, format!("{issuer}: {count} keys"), ""),
            Err(why) => {
                finding("OpenID provider", State::Bad, why, "see that `oidc.issuer` is right and reachable")
            }
        });
    }
    for (what, dir) in [("data directory", host.workspace("x")), ("compiled components", cli::cache_dir())] {
        findings.push(directory(what, &dir));
    }
}

async fn steps(host: &Host, args: &HostArgs) -> Finding {
    let found = async {
        registered(host.clone(), args).await?;
        host.look_for_steps().await?;
        let types = host.steps().await?;
        let mut registered = 0;
        for step in &types {
            let versions = host.step_versions(&step.type_name).await?;
            registered +=
                usize::from(versions.iter().any(|version| version.active && version.source == "registered"));
        }
        Ok::<_, HostError>(format!(
            "{} step types, {registered} of them registered in the store",
            types.len()
        ))
    };
    match found.await {
        Ok(found) => finding("steps", State::Good, found, ""),
        Err(error) => {
            let mend = "see that the file is there, and a component of this interface";
            finding("steps", State::Bad, error.to_string(), mend)
        }
    }
}

async fn store(host: &Host, findings: &mut Vec<Finding>) {
    #[allow(clippy::disallowed_methods, reason = "how long the store takes is what is measured")]
    let begun = std::time::Instant::now();
    let vitals = match host.store().vitals(host.now()).await {
        Ok(vitals) => vitals,
        Err(error) => {
            let mend = "see that the database runs, and that the URL, the login and the network are right";
            findings.push(finding("store", State::Bad, error.to_string(), mend));
            return;
        }
    };
    let took = begun.elapsed();
    for vitals in vitals {
        let found = format!("{} at {}, schema {}", vitals.product, vitals.place, vitals.schema);
        findings.push(finding("store", State::Good, found, ""));
        if vitals.clock_ahead.abs() > SKEW {
            let found = format!("the store's clock is {:.1} s ahead of ours", vitals.clock_ahead);
            findings.push(finding("clock", State::Warning, found, "have both clocks set by NTP"));
        }
        if let Some((used, most)) = vitals.sessions
            && used * 10 > most * 8
        {
            let found = format!("{used} of {most} sessions of the server are in use");
            let mend = "raise max_connections there, or lower `pool` in the URL";
            findings.push(finding("sessions", State::Warning, found, mend));
        }
    }
    let state = if took > SLOW { State::Warning } else { State::Good };
    let found = format!("{:.1} ms, with the first connect", took.as_secs_f64() * 1e3);
    findings.push(finding("latency", state, found, "have the database near: each step waits for it twice"));
    if let Err(error) = host.store().expire("doctor", host.now()).await {
        findings.push(finding(
            "store",
            State::Bad,
            error.to_string(),
            "it can be read, and not written: look at its disk and rights",
        ));
    }
}

fn directory(what: &'static str, dir: &Path) -> Finding {
    // The nearest that is there: the rest is made when it is needed.
    let there = dir.ancestors().find(|dir| dir.is_dir()).unwrap_or(dir);
    let mend = "make it writable for this user, and give it room";
    if let Err(error) = tempfile_in(there) {
        return finding(what, State::Bad, format!("{}: {error}", there.display()), mend);
    }
    match rustix::fs::statvfs(there) {
        Ok(disk) if disk.f_bavail.saturating_mul(disk.f_frsize) < DISK => {
            let left = disk.f_bavail.saturating_mul(disk.f_frsize) >> 20;
            finding(what, State::Warning, format!("{}: {left} MiB left", there.display()), mend)
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
    let path = dir.join(format!(".stepwell-doctor-{}", std::process::id()));
    std::fs::write(&path, b"x")?;
    std::fs::remove_file(path)
}

/// What the machine gives.
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
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX);
    let state = if limit < FILES { State::Warning } else { State::Good };
    let mend = "raise it: ulimit -n, LimitNOFILE";
    findings.push(finding("open files", state, format!("at most {limit}"), mend));
}
