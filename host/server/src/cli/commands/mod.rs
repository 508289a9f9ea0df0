//! The behaviour of each command.

pub(crate) mod about;
mod approvals;
mod audit;
mod backfills;
mod clean_up;
mod config;
mod config_set;
mod connections;
mod dead_letters;
mod demo;
mod doctor;
mod explain;
mod health;
mod jobs;
mod keys;
mod ledger;
mod locks;
mod locks_atlantis;
mod metrics;
mod policy;
mod queues;
mod run;
mod runs;
mod schedules;
mod schema;
mod scripts;
mod secrets;
mod serve;
mod sessions;
mod steps;
mod validate;
mod warm_up;
mod workers;

use crate::Exit;
use crate::cli::args::{Cli, Command, ConfigCommand, PolicyCommand, QueuesCommand, StepCommand};
use crate::cli::convert;
use crate::failure::Failure;
use crate::telemetry::LogFilter;

/// Runs the command. `filter` changes the log of a service while it runs.
pub(crate) async fn dispatch(cli: Cli, filter: LogFilter) -> Result<Exit, Failure> {
    Ok(match cli.command {
        Command::Run(args) => run::run(args).await?,
        Command::Validate(args) => validate::validate(&args).await?,
        Command::Convert(args) => convert::convert(&args).await?,
        Command::Policy { command: PolicyCommand::Show { file, local } } => {
            policy::policy_show(&file, &local).await?
        }
        Command::Steps(of) => steps::steps(of).await?,
        Command::Step { command: StepCommand::CheckScript(args) } => scripts::check(&args).await?,
        Command::Step { command: StepCommand::TestScript(args) } => scripts::test(&args).await?,
        Command::Serve(args) => {
            serve::serve(args, cli.log.is_none().then_some(filter), cli.log_format).await?
        }
        Command::Demo(args) => demo::demo(args).await?,
        Command::WarmUp(args) => warm_up::warm_up(&args).await?,
        Command::Runs(of) => runs::runs(of.command, &of.api).await?,
        Command::Explain { execution_id, api } => explain::explain(&execution_id, &api).await?,
        Command::Jobs(of) => jobs::jobs(of.command, &of.api).await?,
        Command::Schedules(of) => schedules::schedules(of.command, &of.api).await?,
        Command::Ledger { job, decision, limit, api } => {
            ledger::ledger(job.as_deref(), decision.as_deref(), limit, &api).await?
        }
        Command::Backfills(of) => backfills::backfills(of.command, &of.api).await?,
        Command::DeadLetters(of) => dead_letters::dead_letters(of.command, &of.api).await?,
        Command::Approvals(of) => approvals::approvals(of.command, &of.api).await?,
        Command::Queues(of) => queues::queues(of.command, &of.api).await?,
        Command::Workers(of) => workers::workers(of.command, &of.api).await?,
        Command::Locks(of) => locks::locks(of.command, &of.api).await?,
        Command::Status(api) => queues::queues(QueuesCommand::List, &api).await?,
        Command::Metrics { hours, by_hour, api } => metrics::metrics(hours, by_hour, &api).await?,
        Command::Health(api) => health::health(&api).await?,
        Command::CleanUp { days, dry_run, include_dead, api } => {
            clean_up::clean_up(days, dry_run, include_dead, &api).await?
        }
        Command::Audit { command: Some(command), .. } => audit::verify_audit(*command).await?,
        Command::Audit { command: None, limit, api } => audit::audit(limit, &api).await?,
        Command::Keys(of) => keys::keys(of.command, &of.api).await?,
        Command::Sessions(of) => sessions::sessions(of.command, &of.api).await?,
        Command::Secrets(of) => secrets::secrets(of.command, &of.local).await?,
        Command::Connections(of) => connections::connections(of.command, &of.local).await?,
        Command::Config { command: ConfigCommand::Show { resolved, local } } => {
            config::config_show(resolved, &local)?
        }
        Command::Config { command: ConfigCommand::Validate { enhanced_locking, local } } => {
            config::config_validate(enhanced_locking, &local)?
        }
        Command::Config { command: ConfigCommand::Set { assignment, local } } => {
            config_set::set(&assignment, &local)?
        }
        Command::Doctor(local) => doctor::doctor(&local).await?,
        Command::Schema { kind } => schema::schema(kind)?,
        Command::Completions { shell } => about::completions(shell),
        Command::Man { dir } => about::man(dir.as_deref())?,
        Command::Version { output } => about::version(output)?,
    })
}
