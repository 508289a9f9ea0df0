//! `Start-Job` and related cmdlets. There are no threads in the sandbox: a job runs when it is started, and
//! has ended when `Start-Job` returns it.

use ps_value::types::NetType;
use std::cell::RefCell;
use std::rc::Rc;

use super::{CmdletInfo, Cx, Each};
use ps_runtime::eval::bind::{Call, Given};
use ps_runtime::eval::streams::Target;
use ps_runtime::eval::{Interp, Sink};
use ps_runtime::parts::Part;
use ps_syntax::Span;
use ps_syntax::symbol::{Sym, same};
use ps_value::error::{Category, ErrorRecord, Fault, Flow, R};
use ps_value::{Str, Value};

const START: &str = "ScriptBlock: scriptblock @0 set=Block mandatory alias=Command | FilePath: string set=File mandatory | ArgumentList: object[] alias=Args | InputObject: object pipe | Name: string | InitializationScript: scriptblock @1";
const WHICH: &str = "Job: object[] @0 pipe mandatory alias=Id,Name,InputObject";

const fn job_cmdlet(
    name: &'static str,
    class: &'static str,
    params: &'static str,
    make: fn() -> Box<dyn super::Cmdlet>,
) -> CmdletInfo {
    CmdletInfo { name, class, params, default_set: "", make }
}

pub(crate) const CMDLETS: &[CmdletInfo] = &[
    job_cmdlet("Start-Job", "StartJobCommand", START, || Box::new(Start::default())),
    job_cmdlet("Start-ThreadJob", "StartThreadJobCommand", START, || Box::new(Start::default())),
    job_cmdlet("Get-Job", "GetJobCommand", "Job: object[] @0 alias=Id,Name | State: string", || {
        Box::new(Each(get))
    }),
    job_cmdlet(
        "Wait-Job",
        "WaitJobCommand",
        "Job: object[] @0 pipe mandatory alias=Id,Name | Timeout: int | Any: switch",
        || Box::new(Each(wait)),
    ),
    job_cmdlet(
        "Receive-Job",
        "ReceiveJobCommand",
        "Job: object[] @0 pipe mandatory alias=Id,Name | Keep: switch | Wait: switch | AutoRemoveJob: switch",
        || Box::new(Each(receive)),
    ),
    job_cmdlet(
        "Remove-Job",
        "RemoveJobCommand",
        "Job: object[] @0 pipe mandatory alias=Id,Name | Force: switch",
        || Box::new(Each(remove)),
    ),
    // A job that has ended cannot be stopped.
    job_cmdlet("Stop-Job", "StopJobCommand", WHICH, || Box::new(Each(|cx| selected(cx).map(drop)))),
];

/// The jobs of a run.
struct Jobs(Vec<Job>);

impl Part for Jobs {
    fn begin(_: u64) -> Self {
        Self(Vec::new())
    }
}

/// A job that has ended, and its output that no cmdlet has received yet.
pub(crate) struct Job {
    pub id: i32,
    pub name: Str,
    pub value: Value,
    written: Rc<RefCell<Vec<Value>>>,
    /// The error that ended it.
    failed: Option<Rc<ErrorRecord>>,
}

struct Written(Rc<RefCell<Vec<Value>>>);

impl Sink for Written {
    fn put(&self, _: &mut Interp, value: Value) -> R<()> {
        self.0.borrow_mut().push(value);
        Ok(())
    }
}

#[derive(Default)]
struct Start {
    input: Vec<Value>,
}

impl super::Cmdlet for Start {
    fn process(&mut self, cx: &mut Cx<'_>) -> R<()> {
        self.input.extend(cx.input.clone());
        Ok(())
    }

    fn end(&mut self, cx: &mut Cx<'_>) -> R<()> {
        let thread = cx.info.name == "Start-ThreadJob";
        let given: Vec<Given> = cx.values("ArgumentList").into_iter().map(Given::Value).collect();
        let block = |cx: &Cx<'_>, name: &str| match cx.get(name) {
            Some(Value::Block(block)) => Some(block),
            _ => None,
        };
        let (body, before) = (block(cx, "ScriptBlock"), block(cx, "InitializationScript"));
        let file = cx.text("FilePath");
        let input = std::mem::take(&mut self.input);
        let written: Rc<RefCell<Vec<Value>>> = Rc::default();
        let out = Written(written.clone());
        let mut streams = (*cx.it.streams).clone();
        for stream in streams.targets.iter_mut().skip(2) {
            *stream = Target::Queue(written.clone());
        }
        let streams = std::mem::replace(&mut cx.it.streams, Rc::new(streams));
        // A job sees none of its caller's variables except those with `$using:`.
        let scope = cx.it.fresh_scope();
        let using = cx.it.using.replace(cx.it.scope.clone());
        let command =
            body.as_ref().map_or_else(|| file.clone().unwrap_or_default(), |block| block.text().to_owned());
        let piped = !input.is_empty();
        let failed = cx.it.within(scope, |it| {
            it.attempted(|it| {
                if let Some(before) = &before {
                    it.run_block(before, &ps_runtime::eval::Nowhere)?;
                }
                let ready = match (&body, &file) {
                    (Some(body), _) => it.script_command(
                        body.clone(),
                        "",
                        Call { invoked: "&".into(), piped, ..Call::of(given) },
                    )?,
                    (None, file) => {
                        let path = file.clone().unwrap_or_default();
                        it.script_file(
                            &path,
                            Call { invoked: path.as_str().into(), piped, ..Call::of(given) },
                        )?
                    }
                };
                it.run_ready(ready, Span::default(), piped.then_some(input), &out)
            })
        });
        cx.it.using = using;
        cx.it.streams = streams;
        let failed = failed?;
        let id = cx.it.part::<Jobs>().0.iter().map(|job| job.id).max().unwrap_or(0) + 1;
        let name = cx.text("Name").unwrap_or_else(|| format!("Job{id}"));
        let value = Value::record(
            NetType::PSRemotingJob,
            vec![
                ("Id", Value::Int(id)),
                ("Name", Value::from(name.as_str())),
                ("PSJobTypeName", Value::from(if thread { "ThreadJob" } else { "BackgroundJob" })),
                ("State", Value::from(if failed.is_some() { "Failed" } else { "Completed" })),
                ("HasMoreData", Value::Bool(!written.borrow().is_empty())),
                ("Location", Value::from(if thread { "PowerShell" } else { "localhost" })),
                ("Command", Value::from(command)),
            ],
        );
        cx.it.part::<Jobs>().0.push(Job { id, name: name.into(), value: value.clone(), written, failed });
        cx.put(value)
    }
}

/// Returns the positions of the jobs that `-Job`, `-Id` or `-Name` selects.
fn selected(cx: &mut Cx<'_>) -> R<Vec<usize>> {
    let mut found = Vec::new();
    for wanted in cx.values("Job") {
        let id = match wanted.base() {
            Value::Object(object) => object.get(Sym::of("Id")).and_then(|id| id.as_integer()),
            other => other.as_integer(),
        };
        let name = wanted.as_str().map(|name| ps_runtime::eval::operators::Wildcard::new(name, false));
        let fits = |job: &Job| match &name {
            Some(name) => name.matches(&job.name),
            None => Some(i64::from(job.id)) == id,
        };
        let places: Vec<usize> = cx
            .it
            .part::<Jobs>()
            .0
            .iter()
            .enumerate()
            .filter(|(_, job)| fits(job))
            .map(|(at, _)| at)
            .collect();
        if places.is_empty() {
            let shown = cx.it.to_text(&wanted);
            let (id, message) = match name {
                Some(_) => (
                    "JobWithSpecifiedNameNotFound",
                    format!(
                        "The command cannot find the job because the job name {shown} was not found. Verify the value of the Name parameter, and then try the command again."
                    ),
                ),
                None => (
                    "JobWithSpecifiedSessionNotFound",
                    format!(
                        "The command cannot find a job with the job ID {shown}. Verify the value of the Id parameter and then try the command again."
                    ),
                ),
            };
            cx.error(
                Fault::new(NetType::PSArgumentException, id, Category::ObjectNotFound, message).of(wanted),
            )?;
        }
        found.extend(places);
    }
    Ok(found)
}

fn put_jobs(cx: &mut Cx<'_>, places: &[usize]) -> R<()> {
    // The caller may remove them.
    let jobs: Vec<Value> =
        places.iter().filter_map(|at| cx.it.part::<Jobs>().0.get(*at).map(|job| job.value.clone())).collect();
    jobs.into_iter().try_for_each(|job| cx.put(job))
}

fn get(cx: &mut Cx<'_>) -> R<()> {
    let mut places = if cx.has("Job") { selected(cx)? } else { (0..cx.it.part::<Jobs>().0.len()).collect() };
    if let Some(state) = cx.text("State") {
        places.retain(|at| {
            let failed = cx.it.part::<Jobs>().0.get(*at).is_some_and(|job| job.failed.is_some());
            same(&state, if failed { "Failed" } else { "Completed" })
        });
    }
    put_jobs(cx, &places)
}

fn wait(cx: &mut Cx<'_>) -> R<()> {
    let mut places = selected(cx)?;
    if cx.flag("Any") {
        places.truncate(1);
    }
    put_jobs(cx, &places)
}

fn receive(cx: &mut Cx<'_>) -> R<()> {
    let places = selected(cx)?;
    let keep = cx.flag("Keep");
    for at in &places {
        let Some(job) = cx.it.part::<Jobs>().0.get_mut(*at) else { continue };
        let items =
            if keep { job.written.borrow().clone() } else { std::mem::take(&mut *job.written.borrow_mut()) };
        let failed = if keep { job.failed.clone() } else { job.failed.take() };
        if let (Value::Object(object), false) = (&job.value, keep) {
            object.set(&"HasMoreData".into(), Value::Bool(false));
        }
        for item in items {
            match item {
                Value::Error(record) => {
                    let action = cx.action();
                    cx.it.write_error(record, action)?;
                }
                item => cx.put(item)?,
            }
        }
        if let Some(record) = failed {
            return Err(Box::new(Flow::Error(record)));
        }
    }
    if cx.flag("AutoRemoveJob") {
        forget(cx.it, &places);
    }
    Ok(())
}

fn remove(cx: &mut Cx<'_>) -> R<()> {
    let places = selected(cx)?;
    forget(cx.it, &places);
    Ok(())
}

fn forget(it: &mut Interp, places: &[usize]) {
    let mut at = 0;
    it.part::<Jobs>().0.retain(|_| {
        at += 1;
        !places.contains(&(at - 1))
    });
}
