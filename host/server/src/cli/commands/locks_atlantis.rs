//! `stepwell locks validate` and `stepwell locks migrate`.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use stepwell::SystemClock;
use stepwell::engine::Clock as _;
use stepwell::engine::quantity::counted;
use stepwell::legacy::locks::{
    Finding, Installation, InstallationError, RedisSettings, Repair, Repaired, Report, Severity,
};

use crate::Exit;
use crate::api::Operation;
use crate::cli::Ends;
use crate::cli::args::{ApiArgs, AtlantisCommand, MigrateArgs, MigrateCommand, ValidateLocksArgs};
use crate::cli::client::{Call, Client};
use crate::cli::host::builder;
use crate::cli::output::show;
use crate::cli::output::table::{Sheet, text, whole, words};
use crate::display::plain;
use crate::failure::Failure;

pub(super) async fn atlantis(command: AtlantisCommand, api: &ApiArgs) -> Ends {
    match command {
        AtlantisCommand::Validate(args) => validate(&args, api).await,
        AtlantisCommand::Migrate(args) => migrate(&args, api).await,
    }
}

impl From<InstallationError> for Failure {
    fn from(error: InstallationError) -> Self {
        Self::platform(error.to_string())
    }
}

/// Returns the installation that the options name, or the configuration.
fn installation(args: &ValidateLocksArgs, api: &ApiArgs) -> Result<Installation, Failure> {
    let wrong = |message: String| Failure::option("--redis", message);
    match (&args.file, &args.redis) {
        (Some(path), _) => Ok(Installation::file(path)),
        (None, Some(url)) => Ok(Installation::redis(url.parse::<RedisSettings>().map_err(wrong)?)),
        (None, None) => {
            let config = builder(&api.host).configuration()?;
            stepwell::installation(&config)?.ok_or_else(|| {
                Failure::input(
                    "name the installation of Atlantis: --file, --redis, or `atlantis` in the configuration",
                )
            })
        }
    }
}

async fn validate(args: &ValidateLocksArgs, api: &ApiArgs) -> Ends {
    let installation = installation(args, api)?;
    let before = installation.report().await?;
    let mut answer = answered(&installation, &before);
    let mut after = before.clone();
    if args.repair {
        let repairs = repairs(&before, args);
        let mut done = Vec::new();
        if !repairs.is_empty() {
            let backup = args.backup.clone().unwrap_or_else(|| backup_path(&installation));
            installation.back_up(&backup).await?;
            for repair in &repairs {
                match repaired(&installation, repair).await {
                    Ok(result) => done.push(result),
                    Err(failure) => return Err(stopped(failure, &done, &backup)),
                }
            }
            after = installation.report().await?;
            answer = answered(&installation, &after);
            put(&mut answer, "backup", backup.display().to_string().into());
        }
        put(&mut answer, "repairs", done.into());
    }
    show(api.output, &answer, shown)?;
    let is_damaged = after.findings.iter().any(|finding| finding.severity == Severity::Damage);
    let is_wrong = if args.check_compatibility { !after.is_compatible() } else { is_damaged };
    Ok(if is_wrong { Exit::RunFailed } else { Exit::Success })
}

/// A repair that --repair makes.
enum Chosen<'r> {
    Rekey(&'r str, &'r str),
    Release(&'r str),
}

/// Returns the repairs that need no decision, and those that the command line decides.
fn repairs<'r>(report: &'r Report, args: &'r ValidateLocksArgs) -> Vec<Chosen<'r>> {
    let rekey = |finding: &'r Finding| match &finding.repair {
        Some(Repair::Rekey { from, to }) => Some(Chosen::Rekey(from, to)),
        _ => None,
    };
    // A release may free the current key that an old key needs.
    let releases = args.release.iter().map(|key| Chosen::Release(key));
    releases.chain(report.findings.iter().filter_map(rekey)).collect()
}

/// Returns the failure of a repair, with those that came before it. A backup of which nothing differs is deleted.
fn stopped(mut failure: Failure, done: &[Value], backup: &Path) -> Failure {
    let done: Vec<&str> = done
        .iter()
        .filter(|repair| repair.get("done") == Some(&json!(true)))
        .filter_map(|repair| repair.get("repair").and_then(Value::as_str))
        .collect();
    if done.is_empty() {
        // It stays if it cannot be deleted, and does no harm.
        let _ = std::fs::remove_file(backup);
    } else {
        let backup = backup.display();
        failure.message += &format!("; before that, {} (the backup is {backup})", done.join("; "));
    }
    failure
}

async fn repaired(installation: &Installation, repair: &Chosen<'_>) -> Result<Value, Failure> {
    let (what, result) = match repair {
        Chosen::Rekey(from, to) => (format!("{from} is stored as {to}"), installation.rekey(from, to).await?),
        Chosen::Release(key) => (format!("{key} is released"), installation.release_duplicate(key).await?),
    };
    Ok(match result {
        Repaired::Done => json!({"done": true, "repair": what}),
        Repaired::Left(why) => json!({"done": false, "repair": what, "reason": why}),
    })
}

/// Returns the default file of the backup.
fn backup_path(installation: &Installation) -> PathBuf {
    let time = SystemClock.now().format("%Y%m%dT%H%M%S%3fZ");
    match installation {
        Installation::File(locks) => {
            let mut name = locks.path().as_os_str().to_owned();
            name.push(format!(".backup-{time}"));
            name.into()
        }
        Installation::Redis(..) => format!("atlantis-locks.backup-{time}.jsonl").into(),
    }
}

fn answered(installation: &Installation, report: &Report) -> Value {
    let mut answer = serde_json::to_value(report).unwrap_or_default();
    put(&mut answer, "place", installation.to_string().into());
    put(&mut answer, "compatible", report.is_compatible().into());
    answer
}

fn put(answer: &mut Value, key: &str, value: Value) {
    if let Some(map) = answer.as_object_mut() {
        map.insert(key.to_owned(), value);
    }
}

/// Returns the repair on offer, as the user would ask for it.
fn offer(finding: &Value) -> String {
    let keys = finding.pointer("/repair/keys").and_then(Value::as_array);
    match text(finding, "/repair/action").as_str() {
        "rekey" => format!("--repair stores it as {}", text(finding, "/repair/to")),
        "release" => {
            let keys: Vec<&str> = keys.into_iter().flatten().filter_map(Value::as_str).collect();
            format!("--repair --release KEY releases one of {}", keys.join(" and "))
        }
        "restore" => "restore it from a backup; --repair leaves it".to_owned(),
        "start_atlantis" => "start Atlantis, which repairs it".to_owned(),
        _ => String::new(),
    }
}

fn shown(answer: &Value) -> String {
    let count = answer.get("locks").and_then(Value::as_u64).unwrap_or_default();
    let mut lines = vec![format!("{}: {}", text(answer, "/place"), counted(count, "lock"))];
    let findings = answer.get("findings").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if !findings.is_empty() {
        let mut sheet = Sheet::new(&[whole("SEVERITY"), whole("KIND"), words("FINDING"), words("REPAIR")]);
        for finding in findings {
            let message = format!("{}: {}", text(finding, "/place"), text(finding, "/message"));
            sheet.row([text(finding, "/severity"), text(finding, "/kind"), message, offer(finding)]);
        }
        lines.push(sheet.text());
    }
    if let Some(more) = answer.get("left_out").and_then(Value::as_u64).filter(|more| *more > 0) {
        lines.push(format!("{} more", counted(more, "finding")));
    }
    if answer.get("backup").is_some() {
        lines.push(format!("backup: {}", text(answer, "/backup")));
    }
    for repair in answer.get("repairs").and_then(Value::as_array).into_iter().flatten() {
        lines.push(match repair.get("done").and_then(Value::as_bool) {
            Some(true) => format!("repaired: {}", text(repair, "/repair")),
            _ => format!("left: {}: {}", text(repair, "/repair"), text(repair, "/reason")),
        });
    }
    lines.push(match answer.get("compatible").and_then(Value::as_bool) {
        Some(true) => "compatible".to_owned(),
        _ => "not compatible".to_owned(),
    });
    lines
        .iter()
        .map(|line| line.lines().map(plain).collect::<Vec<_>>().join("\n"))
        .collect::<Vec<_>>()
        .join("\n")
}

async fn migrate(args: &MigrateArgs, api: &ApiArgs) -> Ends {
    let client = Client::new(api).await?;
    let call = match (&args.command, args.mode) {
        (Some(MigrateCommand::Advance { force }), _) => {
            Call::to(&Operation::advanceLockMigration, &[]).json(&json!({"force": force}))
        }
        (Some(MigrateCommand::Rollback), _) => {
            Call::to(&Operation::rollBackLockMigration, &[]).json(&json!({}))
        }
        (None, Some(mode)) => {
            let active = args.active_system.map(|system| system.name());
            let body = json!({
                "mode": mode.name(), "traffic-percentage": args.percentage, "active-system": active,
            });
            Call::to(&Operation::setLockMigration, &[]).json(&body)
        }
        (Some(MigrateCommand::Status) | None, _) => Call::to(&Operation::lockMigration, &[]),
    };
    show(api.output, &client.ask(call).await?, migration)
}

fn step(of: &Value) -> String {
    match text(of, "/mode").as_str() {
        "gradual" => format!("gradual, {}% of the locks", text(of, "/traffic-percentage")),
        "blue-green" => format!("blue-green, {} serves all locks", text(of, "/active-system")),
        other => other.to_owned(),
    }
}

fn migration(state: &Value) -> String {
    let mut lines = vec![
        format!("step: {}", step(state)),
        format!(
            "locks: {} in Atlantis, {} in Stepwell",
            text(state, "/locks/legacy"),
            text(state, "/locks/enhanced")
        ),
    ];
    if state.get("enabled").and_then(Value::as_bool) == Some(false) {
        lines.push("off: `enhanced-locking.enabled` of the configuration is false".to_owned());
    }
    if let Some(next) = state.get("next") {
        lines.push(format!("next: {}", step(next)));
    }
    if state.get("decided-by").is_some() {
        lines.push(format!("decided by: {}", text(state, "/decided-by")));
    }
    if let Some(moved) = state.get("moved") {
        let count = moved.get("moved").map(items_in).unwrap_or_default();
        lines.push(format!("moved: {}", counted(count, "lock")));
        for stayed in moved.get("stayed").and_then(Value::as_array).into_iter().flatten() {
            lines.push(format!("stays: {}: {}", text(stayed, "/0"), text(stayed, "/1")));
        }
    }
    lines.iter().map(|line| plain(line)).collect::<Vec<_>>().join("\n")
}

fn items_in(list: &Value) -> u64 {
    list.as_array().map_or(0, |items| items.len() as u64)
}
