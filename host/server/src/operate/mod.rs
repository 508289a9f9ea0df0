//! The commands that operate: the service, jobs, schedules, queues, dead letters, approvals, keys.
//!
//! They work on the store itself, beside a service that runs on it: what they do is seen there within a second.

mod args;
mod connections;
mod secrets;
mod steps;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use stepwell::engine::clock::Timestamp;
use stepwell::engine::job::{Job, approval};
use stepwell::engine::quantity::Span;
use stepwell::engine::run::{Admission, RunStatus};
use stepwell::engine::schedule::Decision;
use stepwell::engine::store::{Audit, Expect, LedgerFilter, RunFilter};
use stepwell::engine::{Diagnostic, project};
use stepwell::{CleanUpOptions, Decided, Host, HostError};

use crate::api::keys::{self, NewKey, Role};
use crate::cli::{HostArgs, ServeArgs};
use crate::display::{plain, table};
use crate::telemetry::{self, LogFilter, LogFormat};
use crate::{Exit, api, builder, host, print, registered, run};
use args::{
    ApprovalsCommand, BackfillsCommand, DeadLettersCommand, DecisionArgs, JobsCommand, KeysCommand,
    QueuesCommand, SchedulesCommand,
};

pub(crate) use args::{OperateCommand, RunsOperate};
pub(crate) use steps::steps;

/// Who acts, in the audit log.
const BY: &str = "command";

/// Serves. `filter` changes what is logged, where no flag says what is.
pub(crate) async fn serve(
    args: ServeArgs,
    filter: Option<LogFilter>,
    format: LogFormat,
) -> Result<Exit, HostError> {
    let sources = builder(&args.host);
    let config = sources.configuration()?;
    set_log(filter.as_ref(), &config.service.log);
    let sources = match telemetry::spans(&config)? {
        Some(spans) => sources.spans(spans),
        None => sources,
    };
    let host = registered(sources.build()?, &args.host).await?;
    let listen = args.listen.unwrap_or(config.service.listen);
    let rate = args.rate_limit.unwrap_or(config.service.rate_limit);
    let (host_of, filter_of) = (host.clone(), filter);
    let reload = move || match host_of.reload() {
        Ok(kept) => {
            set_log(filter_of.as_ref(), &host_of.configuration().service.log);
            match kept.as_slice() {
                [] => tracing::info!("configuration reloaded"),
                kept => tracing::warn!("configuration reloaded; these need a restart: {}", kept.join(", ")),
            }
        }
        Err(error) => tracing::error!("reload failed, the running configuration is unchanged: {error}"),
    };
    api::serve(host, api::Serving { listen, rate, format }, reload).await
}

fn set_log(filter: Option<&LogFilter>, wanted: &str) {
    let Some(filter) = filter else { return };
    let set = tracing_subscriber::EnvFilter::try_new(wanted).map_err(|error| error.to_string());
    if let Err(error) = set.and_then(|wanted| filter.reload(wanted).map_err(|error| error.to_string())) {
        tracing::warn!("service.log: `{wanted}`: {error}");
    }
}

pub(crate) async fn operate(command: OperateCommand) -> Result<Exit, HostError> {
    match command {
        OperateCommand::Explain { execution_id, host: args } => {
            explain(&host(&args).await?, &execution_id).await
        }
        OperateCommand::Jobs(of) => jobs(of.command, of.host.project()?, &host(&of.host).await?).await,
        OperateCommand::Schedules(of) => {
            schedules(of.command, of.host.project()?, &host(&of.host).await?).await
        }
        OperateCommand::Ledger { job, decision, limit, host: args } => {
            ledger(&host(&args).await?, job, decision.as_deref(), limit).await
        }
        OperateCommand::Backfills(of) => backfills(of.command, &host(&of.host).await?).await,
        OperateCommand::DeadLetters(of) => {
            dead_letters(of.command, of.host.project()?, &host(&of.host).await?).await
        }
        OperateCommand::Approvals(of) => approvals(of.command, &host(&of.host).await?).await,
        OperateCommand::Queues(of) => queues(of.command, &host(&of.host).await?).await,
        OperateCommand::Status(args) => queues(QueuesCommand::List, &host(&args).await?).await,
        OperateCommand::Metrics { hours, host: args } => shown(&host(&args).await?.metrics(hours).await?),
        OperateCommand::Health(args) => shown(&host(&args).await?.health().await),
        OperateCommand::CleanUp { days, dry_run, include_dead, host: args } => {
            let options = CleanUpOptions { days, dry_run, include_dead };
            let cleaned = host(&args).await?.clean_up(options).await?;
            let verb = if dry_run { "would be removed" } else { "removed" };
            let kept = match cleaned.kept_dead {
                0 => String::new(),
                count => format!("; {count} with open dead letters kept (--include-dead removes them)"),
            };
            done(&format!("{} runs {verb}{kept}", cleaned.runs))
        }
        OperateCommand::Audit { limit, host: args } => audit_log(&host(&args).await?, limit).await,
        OperateCommand::Keys(of) => api_keys(of.command, &host(&of.host).await?).await,
        OperateCommand::Connections(of) => connections::connections(of.command, &host(&of.host).await?).await,
        OperateCommand::Secrets(of) => secrets::secrets(of.command, &host(&of.host).await?).await,
    }
}

fn shown(value: &impl Serialize) -> Result<Exit, HostError> {
    print(&serde_json::to_string_pretty(value).unwrap_or_default());
    Ok(Exit::Success)
}

fn done(text: &str) -> Result<Exit, HostError> {
    print(text);
    Ok(Exit::Success)
}

fn audit(host: &Host, action: &str, target: &str) -> Audit {
    keys::audit(host, BY, action, target, "")
}

fn by(reason: &str) -> String {
    if reason.is_empty() { format!("by {BY}") } else { format!("by {BY}: {reason}") }
}

fn wrong(place: &str, message: String) -> HostError {
    HostError::Invalid(Diagnostic::without_place(place, message).into())
}

fn time(at: Timestamp) -> String {
    at.format("%Y-%m-%d %H:%M:%SZ").to_string()
}

fn maybe(at: Option<Timestamp>) -> String {
    at.map(time).unwrap_or_default()
}

async fn read_job(host: &Host, project: &str, file: &Path) -> Result<Arc<Job>, HostError> {
    let text = run::read(file)?;
    host.look_for_steps().await?;
    let mut job = run::parse(host, project, file, &text).await?.job;
    job.id = project::qualified(project, &job.id);
    Ok(Arc::new(job.into()))
}

async fn explain(host: &Host, id: &str) -> Result<Exit, HostError> {
    let told = host.explain(id).await?;
    print(&format!("{id}: {}: {}", told.status.name(), plain(&told.summary)));
    for cause in &told.causes {
        print(&format!("- {}\n  fix: {}", plain(&cause.in_words()), plain(cause.fix())));
    }
    if let Some(note) = &told.note {
        print(&format!("note: {}", plain(note)));
    }
    Ok(Exit::Success)
}

pub(crate) async fn runs(command: RunsOperate, args: &HostArgs) -> Result<Exit, HostError> {
    let host = host(args).await?;
    match command {
        RunsOperate::List { limit, job, status } => {
            let status = match status {
                Some(name) => Some(
                    RunStatus::of(&name)
                        .ok_or_else(|| wrong("--status", format!("`{name}` is not a status")))?,
                ),
                None => None,
            };
            let filter = RunFilter { job_id: job, status, limit, ..RunFilter::default() };
            let mut table = table(["run", "job", "queue", "status", "due", "began", "ended"]);
            for row in host.runs(&filter).await? {
                let queue = row.queue.unwrap_or_default();
                let (due, began, ended) = (time(row.due_at), maybe(row.started_at), maybe(row.ended_at));
                table.add_row([
                    row.execution_id,
                    row.job_id,
                    queue,
                    row.status.name().to_owned(),
                    due,
                    began,
                    ended,
                ]);
            }
            done(&table.to_string())
        }
        RunsOperate::Cancel { execution_id: id, reason } => {
            let why = format!("cancelled {}", by(&reason));
            let row = host.cancel(&id, &why, audit(&host, "run.cancel", &id)).await?;
            let told = if row.status.is_terminal() { "cancelled" } else { "is being cancelled" };
            done(&format!("{id}: {told}"))
        }
        RunsOperate::Retry { execution_id: id, from_start } => {
            let admitted = host.retry(&id, from_start, None, audit(&host, "run.retry", &id)).await?;
            let note = admitted.note.map(|note| format!("\n{note}")).unwrap_or_default();
            done(&format!("{id} runs again as {}{note}", admitted.execution_id))
        }
        RunsOperate::Artifacts { execution_id } => {
            host.run(&execution_id).await?;
            let root = host.workspace(&execution_id);
            let mut found = Vec::new();
            let mut open = vec![root.clone()];
            while let Some(dir) = open.pop() {
                for entry in std::fs::read_dir(&dir).into_iter().flatten().flatten() {
                    match entry.file_type() {
                        Ok(kind) if kind.is_dir() => open.push(entry.path()),
                        _ => found.push(entry.path()),
                    }
                }
            }
            found.sort();
            found.iter().for_each(|path| print(&path.display().to_string()));
            Ok(Exit::Success)
        }
    }
}

async fn jobs(command: JobsCommand, project: &str, host: &Host) -> Result<Exit, HostError> {
    match command {
        JobsCommand::List => {
            let mut table = table(["job", "name", "zone", "version", "next fire", "paused"]);
            for stored in host.jobs("", 10_000).await? {
                let schedule = stored.schedule.as_ref();
                table.add_row([
                    stored.job.id.clone(),
                    plain(&stored.job.name),
                    stored.job.timezone.clone(),
                    stored.version.to_string(),
                    maybe(schedule.and_then(|row| row.next)),
                    plain(&schedule.and_then(|row| row.paused.clone()).unwrap_or_default()),
                ]);
            }
            done(&table.to_string())
        }
        JobsCommand::Show { id } => shown(host.job(&id).await?.job.definition()),
        JobsCommand::Put { file } => {
            let job = read_job(host, project, &file).await?;
            let stored = host.put_job(&job, Expect::Any, audit(host, "job.put", &job.id)).await?;
            let next =
                stored.schedule.and_then(|row| row.next).map(|next| format!("; next fire {}", time(next)));
            done(&format!("{}: version {}{}", job.id, stored.version, next.unwrap_or_default()))
        }
        JobsCommand::Delete { id } => {
            host.delete_job(&id, Expect::Present, audit(host, "job.delete", &id)).await?;
            done(&format!("{id}: removed"))
        }
        JobsCommand::Run { id, vars, priority } => {
            let job = host.job(&id).await?.job;
            let admission = Admission {
                variables: run::variables(&job.vars, &run::assignments(&vars)?)?,
                priority,
                ..Admission::default()
            };
            let audit = Audit { detail: id, ..audit(host, "job.run", "") };
            let admitted = host.enqueue(&job, admission, None, Some(audit)).await?;
            done(&admitted.execution_id)
        }
    }
}

async fn schedules(command: SchedulesCommand, project: &str, host: &Host) -> Result<Exit, HostError> {
    match command {
        SchedulesCommand::Preview { job, count, from } => {
            let path = PathBuf::from(&job);
            let job = match path.is_file() {
                true => read_job(host, project, &path).await?,
                false => host.job(&job).await?.job,
            };
            let from = match from {
                Some(text) => host.time_in(&text, &job.timezone)?,
                None => host.now(),
            };
            let fires = host.preview(&job, from, count)?;
            let mut table = table(["fire", "due (UTC)", "what becomes of it", ""]);
            for fire in &fires {
                let decision =
                    if fire.decision == Decision::Admitted { "runs" } else { fire.decision.name() };
                table.add_row([&fire.nominal, &time(fire.due_at), decision, &fire.note]);
            }
            print(&table.to_string());
            let to = fires.last().map_or(from, |last| last.due_at);
            for (at, seconds) in host.transitions(&job, from, to) {
                let way = if seconds > 0 { "forward" } else { "back" };
                let by = Span::secs(u64::from(seconds.unsigned_abs()));
                print(&format!("{}: clocks in {} go {way} by {by} at {}", job.id, job.timezone, time(at)));
            }
            Ok(Exit::Success)
        }
        SchedulesCommand::Show { id } => {
            let row = host.job(&id).await?.schedule;
            let row = row.ok_or_else(|| HostError::Refused(format!("the job `{id}` has no schedule")))?;
            let mut table = table(["schedule", "zone", "next fire", "decided up to", "paused"]);
            let paused = plain(&row.paused.unwrap_or_default());
            table.add_row([id, row.job.timezone.clone(), maybe(row.next), time(row.cursor), paused]);
            done(&table.to_string())
        }
        SchedulesCommand::Pause { id, reason } => {
            host.pause_schedule(&id, Some(by(&reason)), audit(host, "schedule.pause", &id)).await?;
            done(&format!("{id}: paused"))
        }
        SchedulesCommand::Resume { id } => {
            host.pause_schedule(&id, None, audit(host, "schedule.resume", &id)).await?;
            done(&format!("{id}: resumed"))
        }
        SchedulesCommand::Once { file, time: text } => {
            let job = read_job(host, project, &file).await?;
            let at = host.time_in(&text, &job.timezone)?;
            let audit = Audit { detail: job.id.clone(), ..audit(host, "job.schedule", "") };
            let id = host.schedule_once(&job, at, audit).await?;
            done(&format!("{id}: due at {}", time(at)))
        }
    }
}

async fn ledger(
    host: &Host,
    job_id: Option<String>,
    decision: Option<&str>,
    limit: u32,
) -> Result<Exit, HostError> {
    let decision = match decision {
        Some(name) => {
            let found = Decision::ALL.into_iter().find(|decision| decision.name() == name);
            let known: Vec<&str> = Decision::ALL.iter().map(|decision| decision.name()).collect();
            let message = || format!("`{name}` is not a decision; there are {}", known.join(", "));
            Some(found.ok_or_else(|| wrong("--decision", message()))?)
        }
        None => None,
    };
    let mut table = table(["job", "fire", "due (UTC)", "decision", "run", "why"]);
    for row in host.ledger(&LedgerFilter { job_id, decision, limit, ..LedgerFilter::default() }).await? {
        let run = row.execution_id.unwrap_or_default();
        table.add_row([
            row.job_id,
            row.nominal,
            time(row.due_at),
            row.decision.name().to_owned(),
            run,
            plain(&row.reason),
        ]);
    }
    done(&table.to_string())
}

async fn backfills(command: BackfillsCommand, host: &Host) -> Result<Exit, HostError> {
    match command {
        BackfillsCommand::List => {
            let mut table = table(["backfill", "job", "from", "to", "state", "runs"]);
            for fill in host.backfills("", 10_000).await? {
                let runs = format!("{} of {}", fill.done, fill.total);
                let state = fill.state.name().to_owned();
                table.add_row([fill.id, fill.job_id, time(fill.from), time(fill.to), state, runs]);
            }
            done(&table.to_string())
        }
        BackfillsCommand::Show { id } => shown(&host.backfill(&id).await?.0),
        BackfillsCommand::Start { job, from, to, priority, dry_run } => {
            let zone = host.job(&job).await?.job.timezone.clone();
            let (from, to) = (host.time_in(&from, &zone)?, host.time_in(&to, &zone)?);
            if dry_run {
                return shown(&host.plan_backfill(&job, from, to).await?);
            }
            let audit = audit(host, "backfill.start", &job);
            let fill = host.start_backfill(&job, from, to, priority, audit).await?;
            done(&format!("{}: {} runs", fill.id, fill.total))
        }
        BackfillsCommand::Cancel { id } => {
            host.cancel_backfill(&id, audit(host, "backfill.cancel", &id)).await?;
            done(&format!("{id}: cancelled"))
        }
    }
}

async fn dead_letters(command: DeadLettersCommand, project: &str, host: &Host) -> Result<Exit, HostError> {
    match command {
        DeadLettersCommand::List { state } => {
            let mut table = table(["run", "job", "status", "step", "class", "when", "message", "dealt with"]);
            for letter in host.dead_letters(state.as_deref(), "", 10_000).await? {
                table.add_row([
                    letter.execution_id,
                    letter.job_id,
                    letter.status.name().to_owned(),
                    letter.step_id.unwrap_or_default(),
                    letter.class,
                    time(letter.at),
                    plain(&letter.message),
                    letter.resolution.map_or_else(String::new, |done| match done {
                        stepwell::engine::store::Resolution::Redriven { execution_id, .. } => execution_id,
                        stepwell::engine::store::Resolution::Discarded { reason, .. } => {
                            format!("discarded {reason}")
                        }
                    }),
                ]);
            }
            done(&table.to_string())
        }
        DeadLettersCommand::Show { execution_id } => shown(&host.dead_letter(&execution_id).await?.0),
        DeadLettersCommand::Redrive { execution_id, from_start, job, .. } => {
            let job = match job {
                Some(file) => Some(read_job(host, project, &file).await?),
                None => None,
            };
            for id in chosen(host, execution_id).await? {
                let audit = audit(host, "dead_letter.redrive", &id);
                let admitted = host.redrive(&id, from_start, job.clone(), audit).await?;
                print(&format!("{id} runs again as {}", admitted.execution_id));
            }
            Ok(Exit::Success)
        }
        DeadLettersCommand::Discard { execution_id, reason, .. } => {
            for id in chosen(host, execution_id).await? {
                host.discard(&id, &reason, audit(host, "dead_letter.discard", &id)).await?;
                print(&format!("{id}: discarded"));
            }
            Ok(Exit::Success)
        }
    }
}

/// The one that was named, or all that are open.
async fn chosen(host: &Host, one: Option<String>) -> Result<Vec<String>, HostError> {
    match one {
        Some(id) => Ok(vec![id]),
        None => {
            let open = host.dead_letters(Some("open"), "", 10_000).await?;
            Ok(open.into_iter().map(|letter| letter.execution_id).collect())
        }
    }
}

async fn approvals(command: ApprovalsCommand, host: &Host) -> Result<Exit, HostError> {
    let (args, approved) = match command {
        ApprovalsCommand::List => {
            let mut table = table(["run", "job", "step", "what is asked", "who may decide", "until"]);
            for (state, step) in host.approvals(10_000).await? {
                let job = &state.run.job;
                let Some((definition, found)) = job.step(step).zip(state.steps.get(step)) else {
                    continue;
                };
                let approvers = approval::Approval::of(definition).map(|a| a.approvers.join(", "));
                table.add_row([
                    state.run.execution_id.clone(),
                    job.id.clone(),
                    definition.id.clone(),
                    plain(found.reason.as_deref().unwrap_or_default()),
                    plain(&approvers.unwrap_or_default()),
                    maybe(found.not_before),
                ]);
            }
            return done(&table.to_string());
        }
        ApprovalsCommand::Approve(args) => (args, true),
        ApprovalsCommand::Reject(args) => (args, false),
    };
    let DecisionArgs { execution_id: id, step, comment } = args;
    let action = if approved { "approval.approve" } else { "approval.reject" };
    // Whoever can write the store can do everything: the command is the administrator's.
    let decided = Decided { approved, by: BY.to_owned(), roles: Role::Admin.all(), comment };
    let state = host.decide_approval(&id, &step, decided, audit(host, action, &id)).await?;
    done(&format!(
        "{id}: {}; the run is {}",
        if approved { "approved" } else { "rejected" },
        state.status.name()
    ))
}

async fn queues(command: QueuesCommand, host: &Host) -> Result<Exit, HostError> {
    match command {
        QueuesCommand::List => {
            crate::inspect::note_other_settings(host).await;
            let mut table = table([
                "queue",
                "ready",
                "waiting",
                "blocked",
                "running",
                "of",
                "oldest",
                "paused",
                "closed until",
            ]);
            for queue in host.queue_status().await? {
                table.add_row([
                    queue.queue,
                    queue.ready.to_string(),
                    queue.waiting.to_string(),
                    queue.blocked.to_string(),
                    queue.running.to_string(),
                    queue.concurrency.to_string(),
                    format!("{:.1} s", queue.oldest_seconds),
                    plain(&queue.paused.unwrap_or_default()),
                    maybe(queue.closed_until),
                ]);
            }
            done(&table.to_string())
        }
        QueuesCommand::Pause { zone, reason } => {
            host.pause_queue(&zone, Some(by(&reason)), audit(host, "queue.pause", &zone)).await?;
            done(&format!("{zone}: paused"))
        }
        QueuesCommand::Resume { zone } => {
            host.pause_queue(&zone, None, audit(host, "queue.resume", &zone)).await?;
            done(&format!("{zone}: resumed"))
        }
    }
}

async fn audit_log(host: &Host, limit: u32) -> Result<Exit, HostError> {
    let mut table = table(["when", "who", "what", "to what", ""]);
    for row in host.store().audit(None, limit).await? {
        let Audit { at, by, action, target, detail } = row.audit;
        table.add_row([time(at), plain(&by), action, plain(&target), plain(&detail)]);
    }
    done(&table.to_string())
}

async fn api_keys(command: KeysCommand, host: &Host) -> Result<Exit, HostError> {
    match command {
        KeysCommand::List => {
            let mut table = table(["key", "name", "role", "projects", "jobs", "made", "expires"]);
            for key in keys::list(host).await? {
                let (made, expires) = (time(key.created_at), maybe(key.expires_at));
                let role = key.role.name().to_owned();
                let (projects, jobs) = (key.projects.join(" "), plain(&key.jobs.join(" ")));
                table.add_row([key.id, plain(&key.name), role, projects, jobs, made, expires]);
            }
            done(&table.to_string())
        }
        KeysCommand::Create { name, role, projects, jobs, expires } => {
            let expires_at = match expires {
                Some(text) => {
                    let span: Span = text.parse().map_err(|message| wrong("--expires", message))?;
                    Some(stepwell::engine::clock::later(host.now(), span.0))
                }
                None => None,
            };
            let new = NewKey { name, role, projects, jobs, expires_at };
            let (key, token) = keys::create(host, new, BY).await?;
            done(&format!("key {} ({}), shown this once: {token}", key.id, key.role.name()))
        }
        KeysCommand::Revoke { id } => {
            keys::revoke(host, &id, BY).await?;
            done(&format!("{id}: revoked"))
        }
    }
}
