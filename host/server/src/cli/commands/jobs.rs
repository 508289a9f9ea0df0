//! `stepwell jobs`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::run::{assignments, variables};
use super::runs::show_run;
use super::validate::check_each;
use crate::api::Operation;
use crate::cli::Ends;
use crate::cli::args::{ApiArgs, JobsCommand, Output};
use crate::cli::client::{Call, Client, MOST_ITEMS};
use crate::cli::files;
use crate::cli::output::summary::exit_of;
use crate::cli::output::table::{Sheet, columns_of_the_terminal, items, text, time, whole, words};
use crate::cli::output::{each, show, show_all};
use crate::cli::waiting::{self, Follow, ended};
use crate::definition::yaml;
use crate::display::plain;
use crate::failure::Failure;

pub(super) async fn jobs(command: JobsCommand, api: &ApiArgs) -> Ends {
    let client = Client::new(api).await?;
    let output = api.output;
    match command {
        JobsCommand::List { search } => {
            let call = || Call::to(&Operation::listJobs, &[]).query("q", search.as_deref());
            show(output, &client.list(call, MOST_ITEMS).await?, listed)
        }
        JobsCommand::Versions { id } => {
            let versions = client.ask(Call::to(&Operation::listJobVersions, &[&id])).await?;
            show(output, &versions, versions_of)
        }
        JobsCommand::Show { id, version } => {
            let call = match version {
                Some(version) => Call::to(&Operation::getJobVersion, &[&id, &version.to_string()]),
                None => Call::to(&Operation::getJob, &[&id]),
            };
            let job = client.ask(call).await?;
            show(output, &job, |answer| yaml(answer.get("job").unwrap_or(&Value::Null)))
        }
        JobsCommand::Put { files } => put(&client, output, &files).await,
        JobsCommand::Delete { ids } => {
            let delete = async |id: String| {
                client.ask(Call::to(&Operation::deleteJob, &[&id])).await?;
                Ok((json!({ "job_id": id }), format!("{id}: deleted")))
            };
            let (exit, answers) = each(output, &ids, delete).await?;
            show_all(output, ids.len(), answers);
            Ok(exit)
        }
        JobsCommand::Run { id, vars, priority, wait, follow } => {
            let mut body = Map::new();
            if !vars.is_empty() {
                let stored = client.ask(Call::to(&Operation::getJob, &[&id])).await?;
                let declared = stored.pointer("/job/vars").cloned().unwrap_or_default();
                let declared = serde_json::from_value(declared).unwrap_or_default();
                let set = variables(&declared, &assignments(&vars)?)?;
                body.insert("variables".to_owned(), json!(set));
            }
            if let Some(priority) = priority {
                body.insert("priority".to_owned(), priority.into());
            }
            let accepted = client.ask(Call::to(&Operation::runJob, &[&id]).json(&body.into())).await?;
            begun(&client, output, &accepted, wait, follow).await
        }
    }
}

/// Shows a run that was admitted, or waits for its end.
async fn begun(client: &Client, output: Output, accepted: &Value, wait: bool, follow: bool) -> Ends {
    let id = text(accepted, "/execution_id");
    let run = match (follow, wait) {
        (true, _) => {
            say!("run {id}");
            waiting::follow(client, &id, Follow::Errors).await?
        }
        (false, true) => {
            say!("run {id}");
            ended(client, &id).await?
        }
        (false, false) => return show(output, accepted, |accepted| added(accepted, &id)),
    };
    show_run(client, output, &run);
    Ok(exit_of(&run))
}

/// Returns the text about a run in its queue. A program that reads the output gets the id alone.
fn added(accepted: &Value, id: &str) -> String {
    if columns_of_the_terminal().is_none() {
        return id.to_owned();
    }
    let note = text(accepted, "/note");
    let note = if note.is_empty() { note } else { format!("note: {}\n", plain(&note)) };
    format!(
        "run {id} is in its queue\n{note}`stepwell runs logs {id} --follow` prints its log until it ends\n\
        `stepwell explain {id}` shows why it does not start"
    )
}

fn listed(jobs: &Value) -> String {
    let mut sheet = Sheet::new(&[
        whole("job"),
        words("name"),
        words("zone"),
        whole("version"),
        whole("next fire"),
        words("paused"),
    ]);
    for job in items(jobs) {
        sheet.row([
            text(job, "/job/id"),
            text(job, "/job/name"),
            text(job, "/job/timezone"),
            text(job, "/version"),
            time(job, "/schedule/next"),
            text(job, "/schedule/paused"),
        ]);
    }
    sheet.text()
}

fn versions_of(versions: &Value) -> String {
    let mut sheet = Sheet::new(&[whole("version"), whole("stored"), words("by"), whole("bytes")]);
    for version in items(versions) {
        let (by, name) = (text(version, "/by"), text(version, "/name"));
        let by = if name.is_empty() { by } else { name };
        sheet.row([text(version, "/version"), time(version, "/at"), by, text(version, "/bytes")]);
    }
    sheet.text()
}

/// Stores the jobs of files. Checks every file first, so that nothing is stored when one of them is wrong.
async fn put(client: &Client, output: Output, files: &[PathBuf]) -> Ends {
    let (checked, failures) = check_each(client, files::read_all(files)?).await;
    if let Some(failure) = Failure::joined(&failures) {
        return Err(failure);
    }
    let mut seen = BTreeSet::new();
    let mut ids = checked.iter().map(|(_, job)| text(job, "/job_id"));
    if let Some(twice) = ids.find(|id| !seen.insert(id.clone())) {
        return Err(Failure::input(format!("two of the files hold the job `{twice}`: nothing was stored")));
    }
    let names: Vec<String> = checked.iter().map(|(source, _)| source.name.clone()).collect();
    let store = async |name: String| {
        let found = checked.iter().find(|(source, _)| source.name == name);
        let (source, job) = found.ok_or_else(|| Failure::input(format!("{name} is gone")))?;
        let id = text(job, "/job_id");
        let call = Call::to(&Operation::putJob, &[&id]).body(source.text.clone());
        let stored = client.ask_about(call, &source.name, &source.text).await?;
        let next = time(&stored, "/schedule/next");
        let next = if next.is_empty() { next } else { format!("; next fire {next}") };
        let line = format!("{id}: version {}{next}", text(&stored, "/version"));
        Ok((stored, line))
    };
    let (exit, answers) = each(output, &names, store).await?;
    show_all(output, names.len(), answers);
    Ok(exit)
}
