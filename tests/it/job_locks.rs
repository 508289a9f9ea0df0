//! `locks:` of jobs, groups and steps, over SQLite and PostgreSQL.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use serde_json::{Value, json};
use stepwell::engine::lock::{
    Acquire, Answer, Command, ListFilter, Locks, Mode, Name, Owner, Settings, Want,
};
use stepwell::engine::policy::Policy;
use stepwell::engine::run::{Admission, Event, RunState, RunStatus};
use stepwell::engine::store::Audit;
use stepwell::engine::store::prelude::*;
use stepwell::engine::{Outcome, Produced, Receipt, StepEnd, StepRequest, StepRunner};
use stepwell::store::{PostgresStore, SqlLocks, SqliteStore};
use stepwell::{Cause, Decided, Host, Service};
use stepwell_tests::servers;
use stepwell_tests::servers::Database;
use tokio::sync::Notify;

use crate::cli::Shell;
use crate::server::until;

/// Everything may be locked: by steps of the type `wait`, by groups and by jobs.
const POLICY: &str = "policy: 1\nname: all\nsteps: [wait, job, parallel_group]\nlocks: {names: ['*']}\n";

/// A runner whose steps last until the test lets them end: those whose names begin with `hold`. Those that begin with
/// `park` are parked for two seconds at their first attempt. Others end at once.
#[derive(Default)]
pub(crate) struct Puppets {
    begun: Mutex<Vec<(String, String)>>,
    free: Mutex<BTreeSet<String>>,
    changed: Notify,
}

impl Puppets {
    /// Lets a step end, in every run.
    pub fn let_go(&self, step: &str) {
        self.free.lock().insert(step.to_owned());
        self.changed.notify_waiters();
    }

    /// Returns the steps that began, in their order.
    pub fn begun(&self) -> Vec<String> {
        self.begun.lock().iter().map(|(_, step)| step.clone()).collect()
    }
}

#[async_trait]
impl StepRunner for Puppets {
    async fn run(&self, request: StepRequest) -> StepEnd {
        let StepRequest { execution_id, step_id, variables, cancel, attempt, .. } = request;
        self.begun.lock().push((execution_id, step_id.clone()));
        let outcome = loop {
            if step_id.starts_with("park") && attempt == 1 {
                break Outcome::Parked { after: Duration::from_secs(2), reason: "elsewhere".to_owned() };
            }
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if !step_id.contains("hold") || self.free.lock().contains(&step_id) {
                break Outcome::Succeeded;
            }
            tokio::select! {
                () = changed => {}
                () = cancel.cancelled() => break Outcome::Cancelled,
            }
        };
        // The step reads its tokens as `stepwell:context` does.
        let locks = variables.iter().filter(|(name, _)| name.starts_with("locks."));
        let output = locks.map(|(name, lock)| (name.clone(), lock.clone())).collect();
        let produced = match outcome.is_success() {
            true => Produced { output: Value::Object(output), ..Produced::default() },
            false => Produced::default(),
        };
        StepEnd { outcome, produced, receipt: Receipt::default() }
    }
}

/// A service over a store with its locks.
pub(crate) struct Stage {
    pub host: Host,
    _service: Service,
    pub locks: Arc<dyn Locks>,
    store: Arc<dyn Store>,
    pub puppets: Arc<Puppets>,
    /// The server of the store.
    _database: Option<Database>,
}

/// Starts a service over each back end.
pub(crate) async fn stages() -> Vec<Stage> {
    let store = Arc::new(SqliteStore::in_memory());
    let locks = Arc::new(SqlLocks::new(store.clone(), Settings::default()));
    let mut stages = vec![stage(store, locks, None).await];
    if let Some(database) = servers::postgres().await {
        let store = Arc::new(PostgresStore::new(&database.url()).unwrap());
        let locks = Arc::new(SqlLocks::new(store.clone(), Settings::default()));
        stages.push(stage(store, locks, Some(database)).await);
    }
    stages
}

async fn stage(store: Arc<dyn Store>, locks: Arc<dyn Locks>, database: Option<Database>) -> Stage {
    let puppets = Arc::<Puppets>::default();
    let policies = Policy::parse("policy.yaml", POLICY, Path::new("")).unwrap();
    let cache = stepwell_tests::root().join("target/test-cache/components");
    let builder = Host::builder().store(store.clone()).locks(locks.clone()).policies(policies);
    let builder = builder.cache_dir(cache).compile_on_demand();
    let host = builder.runner(puppets.clone()).parallel_execution(true).build().unwrap();
    let service = host.serve().await.unwrap();
    Stage { host, _service: service, locks, store, puppets, _database: database }
}

pub(crate) fn step(id: &str, locks: Value) -> Value {
    json!({"id": id, "type": "wait", "for": 0, "locks": locks})
}

pub(crate) fn one(name: &str) -> Value {
    json!([{"name": name}])
}

pub(crate) fn job(id: &str, more: Value) -> Value {
    let mut job = json!({"id": id});
    job.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    job
}

fn audit(host: &Host) -> Audit {
    let word = || "test".to_owned();
    Audit { at: host.now(), by: word(), name: word(), action: word(), target: word(), detail: word() }
}

impl Stage {
    pub async fn start(&self, job: Value) -> String {
        let job = self.host.parse("job.yaml", &job.to_string()).await.unwrap().job;
        let admitted =
            self.host.runs().enqueue(&Arc::new(job.into()), Admission::default(), None, None).await;
        admitted.unwrap().execution_id
    }

    pub async fn state(&self, id: &str) -> RunState {
        self.host.runs().get(id).await.unwrap()
    }

    pub async fn end(&self, id: &str) -> RunState {
        self.host.runs().wait(id, Duration::from_secs(60)).await.unwrap()
    }

    pub async fn begun(&self, step: &str) {
        until("the step begins", async || self.puppets.begun(), |begun| begun.iter().any(|s| s == step))
            .await;
    }

    pub async fn events(&self, id: &str) -> Vec<Event> {
        stepwell_tests::load(&*self.store, id).await.unwrap().1
    }

    /// Waits until a run waits for a lock, and returns the explanation.
    pub async fn waits(&self, id: &str) -> (String, Cause) {
        let explain = async || self.host.runs().explain(id).await.unwrap();
        let waits = |cause: &Cause| matches!(cause, Cause::LockHeld { .. });
        let found = until("the run waits", explain, |found| found.causes.iter().any(waits)).await;
        (found.summary, found.causes.into_iter().find(waits).unwrap())
    }

    /// Returns the tokens of a lock in the order of the events of a run.
    pub async fn tokens(&self, id: &str, name: &str) -> Vec<u64> {
        let of = |event: Event| match event {
            Event::LocksTaken { locks, .. } => locks,
            _ => Vec::new(),
        };
        let all = self.events(id).await.into_iter().flat_map(of);
        all.filter(|lock| lock.name.as_str() == name).map(|lock| lock.token).collect()
    }

    pub async fn all_free(&self) {
        let filter = ListFilter { limit: 100, ..ListFilter::default() };
        let list = async || self.locks.list("default", &filter, self.host.now()).await.unwrap();
        until("all locks are free", list, Vec::is_empty).await;
    }

    /// Takes a lock as an API key does.
    pub async fn take(&self, ticket: &str, name: &str, mode: Mode) -> Answer {
        let wants = vec![Want::new(Name::new(name).unwrap(), mode)];
        let mut request = Acquire::new(ticket, Owner::new("key:ann", ticket), wants);
        request.wait = Some(Duration::from_secs(600));
        self.locks.run("default", Command::Acquire(Box::new(request)), self.host.now()).await.unwrap()
    }

    pub async fn leave(&self, ticket: &str) {
        let leave = Command::Leave { owner: Owner::new("key:ann", ticket) };
        self.locks.run("default", leave, self.host.now()).await.unwrap();
    }
}

fn outcome(state: &RunState, step: &str) -> Outcome {
    let index = state.position_of(step).unwrap();
    state.steps[index].end.as_ref().unwrap().outcome.clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_runs_take_turns_and_the_second_holds_no_worker_while_it_waits() {
    for stage in stages().await {
        let steps = json!([step("hold", one("deploy-${{ vars.env }}")), step("after", json!([]))]);
        let deploy = |id| job(id, json!({"vars": {"env": "prod"}, "steps": steps}));
        let first = stage.start(deploy("one")).await;
        stage.begun("hold").await;
        let second = stage.start(deploy("two")).await;
        let (summary, cause) = stage.waits(&second).await;
        let Cause::LockHeld { step, lock, holders, position, waiting, fix, .. } = cause else { panic!() };
        assert_eq!((step.as_deref(), lock.as_str()), (Some("hold"), "deploy-prod"));
        assert_eq!((position, waiting, holders[0].part.as_str()), (1, 1, "hold"));
        assert!(holders[0].until.is_some() && holders[0].actor == format!("run:{first}"), "{holders:?}");
        assert!(summary.contains(&format!("is held by run {first} step `hold` since ")), "{summary}");
        assert!(summary.ends_with("position 1 of 1") && fix.contains(&first), "{summary}; {fix}");
        let row = stage.store.row(&second).await.unwrap();
        assert_eq!((row.status, row.claimed_until), (RunStatus::Parked, None));
        stage.puppets.let_go("hold");
        for id in [&first, &second] {
            assert_eq!(stage.end(id).await.status, RunStatus::Success);
        }
        let (one, two) =
            (stage.tokens(&first, "deploy-prod").await, stage.tokens(&second, "deploy-prod").await);
        assert!(one.len() == 1 && two.len() == 1 && one < two, "{one:?} {two:?}");
        stage.all_free().await;
    }
}

/// A waiting writer is served before readers that come after it, and the most urgent one before others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_share_and_the_most_urgent_goes_first() {
    for stage in stages().await {
        let reader = |id: &str| {
            job(
                id,
                json!({"steps": [step(&format!("hold_{id}"), json!([{"name": "table", "mode": "shared"}]))]}),
            )
        };
        let (a, b) = (stage.start(reader("a")).await, stage.start(reader("b")).await);
        stage.begun("hold_a").await;
        stage.begun("hold_b").await;
        let writer = |id: &str, priority: u8| {
            job(
                id,
                json!({"locks": [{"name": "table", "priority": priority}], "steps": [step(id, json!([]))]}),
            )
        };
        let low = stage.start(writer("low", 0)).await;
        stage.waits(&low).await;
        let high = stage.start(writer("high", 9)).await;
        stage.waits(&high).await;
        for step in ["hold_a", "hold_b"] {
            stage.puppets.let_go(step);
        }
        for id in [a, b, low, high] {
            assert_eq!(stage.end(&id).await.status, RunStatus::Success);
        }
        let begun = stage.puppets.begun();
        assert_eq!(begun[2..], ["high", "low"], "{begun:?}");
        stage.all_free().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_that_runs_out_fails_or_skips() {
    for stage in stages().await {
        stage.take("ann-1", "x", Mode::Exclusive).await;
        let locks = |more: Value| {
            let mut lock = json!({"name": "x", "wait": "1s"});
            lock.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!([lock])
        };
        let (fail, skip) = (locks(json!({})), locks(json!({"on_timeout": "skip"})));
        let last = step("last", json!([]));
        let group = json!({"id": "g", "type": "parallel_group", "locks": skip, "parallel_steps": [step("in", json!([]))]});
        for (more, status, steps, text) in [
            (
                json!({"steps": [step("a", fail.clone()), last]}),
                "failed",
                "a:failed last:skipped",
                "lock_timeout",
            ),
            (json!({"steps": [step("a", skip.clone()), last]}), "success", "a:skipped last:success", ""),
            (json!({"steps": [group, last]}), "success", "g:skipped in:skipped last:success", ""),
            (
                json!({"locks": fail, "steps": [last], "finally": [step("f", json!([]))]}),
                "failed",
                "last:skipped f:skipped",
                "lock_timeout",
            ),
            (json!({"locks": skip, "steps": [last]}), "cancelled", "last:skipped", ""),
            (
                json!({"locks": [{"name": "x", "wait": 0}], "steps": [last]}),
                "failed",
                "last:skipped",
                "lock_timeout",
            ),
        ] {
            let id = stage.start(job("j", more)).await;
            let state = stage.end(&id).await;
            let shown =
                |index: usize| format!("{}:{}", state.steps[index].path, state.steps[index].status.name());
            let found = state.known().map(shown).collect::<Vec<_>>().join(" ");
            assert_eq!((state.status.name(), found.as_str()), (status, steps), "{state:?}");
            let letter = stage.host.dead_letters().get(&id).await.ok().map(|(letter, _)| letter);
            let class = letter.as_ref().map_or("", |letter| letter.class.as_str());
            assert_eq!(class, text);
            assert!(letter.is_none_or(|letter| letter.message.contains("`key:ann` holds `x`")), "{status}");
        }
        stage.leave("ann-1").await;
        stage.all_free().await;
    }
}

/// Two runs that each hold what the other wants: one wait ends with the cycle, and `retry` lets its run begin again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadlock_ends_one_wait_and_the_step_is_tried_again() {
    for stage in stages().await {
        let nested = |id: &str, outer: &str, inner: &str| {
            let mut group = json!({"id": "g", "type": "parallel_group", "locks": one(outer), "parallel_steps": [
                {"id": "s", "steps": [step(&format!("hold_{id}"), json!([])), step(&format!("in_{id}"), one(inner))]}]});
            group["retry"] = json!({"max_attempts": 3, "backoff": "1s", "on": ["deadlock"]});
            job(id, json!({"steps": [group]}))
        };
        let (a, b) = (stage.start(nested("a", "x", "y")).await, stage.start(nested("b", "y", "x")).await);
        stage.begun("hold_a").await;
        stage.begun("hold_b").await;
        stage.puppets.let_go("hold_a");
        stage.waits(&a).await;
        stage.puppets.let_go("hold_b");
        let mut deadlocks = Vec::new();
        for id in [&a, &b] {
            let state = stage.end(id).await;
            assert_eq!(state.status, RunStatus::Success, "{state:?}");
            for event in stage.events(id).await {
                if let Event::StepEnded { end, .. } = event
                    && let Outcome::Deadlock { message } = &end.outcome
                {
                    deadlocks.push(message.clone());
                }
            }
        }
        assert_eq!(deadlocks.len(), 1, "{deadlocks:?}");
        for part in [format!("run:{a}"), format!("run:{b}"), "holds it".to_owned()] {
            assert!(deadlocks[0].contains(&part), "{deadlocks:?}");
        }
        stage.all_free().await;
    }
}

/// The job, a group and a step hold their locks, and their steps see the tokens. An approval in between waits with them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn steps_see_the_tokens_of_all_places_and_an_approval_holds_the_locks_of_its_job() {
    for stage in stages().await {
        let approval = json!({"id": "ok", "type": "approval", "message": "Go with ${{ locks.job.token }}?", "wait": "10h"});
        let inner = step("inner", json!([{"name": "of-step", "as": "own"}]));
        let group = json!({"id": "g", "type": "parallel_group", "locks": [{"name": "of-group", "as": "group"}], "parallel_steps": [inner]});
        let more = json!({"locks": [{"name": "of-job", "as": "job"}], "steps": [step("first", json!([])), approval, group]});
        let id = stage.start(job("j", more)).await;
        until("it asks", async || stage.state(&id).await, |state| state.status == RunStatus::Parked).await;
        let view =
            stage.locks.show("default", &Name::new("of-job").unwrap(), stage.host.now()).await.unwrap();
        let lease = view.holders[0].until.unwrap() - stage.host.now();
        assert!(lease > chrono::Duration::minutes(60) && lease < chrono::Duration::minutes(120), "{lease}");
        let token = view.holders[0].token;
        let by = Decided {
            approved: true,
            by: "key:boss".to_owned(),
            roles: vec!["operator"],
            ..Decided::default()
        };
        stage.host.approvals().decide(&id, "ok", by, audit(&stage.host)).await.unwrap();
        let state = stage.end(&id).await;
        assert_eq!(state.status, RunStatus::Success, "{state:?}");
        assert_eq!(stage.tokens(&id, "of-job").await, [token]);
        let output = |path: &str| {
            let index = state.position_of(path).unwrap();
            state.steps[index].end.as_ref().unwrap().produced.output.clone()
        };
        assert_eq!(output("first"), json!({"locks.job": {"name": "of-job", "token": token}}));
        let inner = output("inner");
        let names: BTreeSet<&str> = inner.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, BTreeSet::from(["locks.group", "locks.job", "locks.own"]));
        stage.all_free().await;
    }
}

/// With parallel execution off, the branches of a group run one after the other with the same results.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn items_lock_by_their_own_names_with_parallel_execution_on_and_off() {
    for parallel in [true, false] {
        for stage in stages().await {
            let each = json!({"id": "each", "type": "parallel_group", "for_each": ["a", "b", "a"], "as": "file",
                "max_parallel": 2, "parallel_steps": [step("load", json!([{"name": "file-${{ file }}", "as": "file_lock"}]))]});
            let features = json!({"parallel_execution": parallel});
            let id = stage.start(job("j", json!({"features": features, "steps": [each]}))).await;
            let state = stage.end(&id).await;
            assert_eq!(state.status, RunStatus::Success, "{state:?}");
            let counts = (stage.tokens(&id, "file-a").await.len(), stage.tokens(&id, "file-b").await.len());
            assert_eq!(counts, (2, 1));
            stage.all_free().await;
        }
    }
}

/// The locks of a run end with it, also when it is cancelled while it holds or awaits them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_run_holds_and_awaits_nothing() {
    for stage in stages().await {
        let holds = stage.start(job("holds", json!({"steps": [step("hold", one("x"))]}))).await;
        stage.begun("hold").await;
        let waits =
            stage.start(job("waits", json!({"locks": one("x"), "steps": [step("a", json!([]))]}))).await;
        stage.waits(&waits).await;
        for id in [&waits, &holds] {
            stage.host.runs().cancel(id, "test", audit(&stage.host)).await.unwrap();
            assert_eq!(stage.end(id).await.status, RunStatus::Cancelled);
        }
        stage.all_free().await;
        assert_eq!(stage.puppets.begun(), ["hold"]);
    }
}

/// A step whose lock policy does not grant is denied with the id of the rule, also where a template makes the name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn policy_decides_which_locks_a_job_may_hold() {
    let policies = "policy: 1\nname: deploys\nsteps: [wait, job]\nlocks: {names: ['deploy-*']}\ndeny: {locks: ['*-prod']}\n";
    let policies = Policy::parse("policy.yaml", policies, Path::new("")).unwrap();
    let puppets = Arc::<Puppets>::default();
    let host = Host::builder().policies(policies).runner(puppets).build().unwrap();
    let found = async |more: Value| match host.parse("job.yaml", &job("j", more).to_string()).await {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    };
    for (more, rule, at) in [
        (json!({"steps": [step("a", one("deploy-test"))]}), "", ""),
        (json!({"locks": one("deploy-test"), "steps": [step("a", json!([]))]}), "", ""),
        (
            json!({"steps": [step("a", one("database"))]}),
            "LOCK_NOT_GRANTED",
            "`locks.names` of policy `deploys`",
        ),
        (
            json!({"locks": one("deploy-prod"), "steps": [step("a", json!([]))]}),
            "LOCK_DENIED",
            "`deny.locks`",
        ),
        (
            json!({"policy": {"locks": {"names": ["deploy-a*"]}}, "steps": [step("a", one("deploy-b"))]}),
            "LOCK_NOT_GRANTED",
            "the `policy` of the job or the step leaves it out",
        ),
        (
            json!({"steps": [{"id": "g", "type": "parallel_group", "locks": one("deploy-test"), "parallel_steps": [step("a", json!([]))]}]}),
            "LOCK_NOT_GRANTED",
            "no policy is for the step type `parallel_group`",
        ),
    ] {
        let problem = found(more).await;
        assert!(problem.contains(rule) && problem.contains(at), "{rule}: {problem}");
        assert!(rule.is_empty() == problem.is_empty(), "{problem}");
    }
    let denied =
        job("j", json!({"vars": {"env": "prod"}, "steps": [step("a", one("deploy-${{ vars.env }}"))]}));
    let parsed = host.parse("job.yaml", &denied.to_string()).await.unwrap().job;
    let id = host.runs().submit(parsed, Default::default()).await.unwrap();
    let state = host.runs().resume(&id, &crate::support::Unwatched, Default::default()).await.unwrap();
    assert!(
        matches!(outcome(&state, "a"), Outcome::Denied { rule, .. } if rule == "LOCK_DENIED"),
        "{state:?}"
    );
}

/// Each problem of `locks` has its place and its fix.
#[tokio::test]
async fn problems_of_locks_have_their_place_and_their_fix() {
    let policies = Policy::parse("policy.yaml", POLICY, Path::new("")).unwrap();
    let host = Host::builder().policies(policies).build().unwrap();
    let text = "id: j
vars: {env: test}
locks: [{name: deploy, as: deploy}]
steps:
  - {id: a, type: wait, for: 0, locks: [{name: a..b}]}
  - {id: b, type: wait, for: 0, locks: [{name: x, wait: 1m}, {name: y, wait: 2m}, {name: x}]}
  - {id: c, type: wait, for: 0, locks: [{name: deploy}]}
  - {id: d, type: approval, message: '${{ locks.deply.token }}', locks: [{name: z}]}
  - {id: e, type: wait, for: '${{ locks.own.token }}', locks: [{name: 'own-${{ vars.evn }}', wait: 200h}]}
  - {id: f, type: wait, for: '${{ locks.x.tokens }}', locks: [{name: x}], when: '${{ locks.x.token > 1 }}'}
  - {id: g, type: wait, for: '${{ locks.y.token }}'}
  - {id: h, type: wait, for: 0, locks: [{name: x, priority: 11}, {name: y, mode: write}]}
";
    let error = host.parse("job.yaml", text).await.unwrap_err().to_string();
    for (line, problem, fix) in [
        (5, "`a..b` cannot name a lock", "use a name such as `deploy-prod`"),
        (6, "the locks of one place are taken at once, and have one `wait`", "write it once"),
        (6, "the lock `x` is named twice", "leave one of them out"),
        (7, "would wait for its own run", "leave this lock out"),
        (8, "an approval has no `locks`", "put `locks` on the job"),
        (8, "there is no lock `deply`", "did you mean `deploy`?"),
        (9, "there is no variable `evn`", "did you mean `env`?"),
        (9, "there is no lock `own`", ""),
        (9, "at most 7 days are allowed", "write a time from 0 to 168h"),
        (10, "there is no `locks.tokens`", "there is token, name"),
        (10, "the lock `x` is not held here", "put `locks` on this step"),
        (11, "the lock `y` is not held here", "put `locks` on this step"),
        (12, "`priority` must be at most 9, not 11", ""),
        (12, "the text `write` is not a known value", "one of: exclusive, shared"),
    ] {
        let at = format!("job.yaml:{line}:");
        let found = error
            .split("error: ")
            .any(|part| part.contains(problem) && part.contains(&at) && part.contains(fix));
        assert!(found, "{line}: {problem}\n{error}");
    }
}

/// A process that dies with `kill -9` while a step holds a lock: the run that is taken over has the same token.
#[tokio::test]
async fn a_run_that_is_taken_over_after_kill_9_keeps_its_token() {
    let job = "id: killed
locks: [{name: x}]
steps: [{id: nap, type: probe, case: nap, count: 2000, text: 'token ${{ locks.x.token }}'}]
";
    let locks = "policy: 1\nname: locks\nsteps: [job]\nlocks: {names: [x]}\n";
    let shell = Shell::new().file("job.yaml", job).file("locks.yaml", locks);
    let arguments = shell.with_probe(&["run", "job.yaml", "--policy", "locks.yaml"]);
    let store = SqliteStore::new(shell.path("data/stepwell.db"));
    let mut child = shell.command(&arguments).spawn().unwrap();
    let events = async || {
        let runs = store.list(&stepwell::engine::store::RunFilter { limit: 1, ..Default::default() }).await;
        let Some(row) = runs.unwrap_or_default().into_iter().next() else { return Vec::new() };
        stepwell_tests::load(&store, &row.execution_id).await.map(|(_, events)| events).unwrap_or_default()
    };
    let begun = |events: &Vec<Event>| events.iter().any(|event| matches!(event, Event::StepStarted { .. }));
    until("the step runs", events, begun).await;
    child.kill().unwrap();
    child.wait().unwrap();
    let filter = stepwell::engine::store::RunFilter { limit: 1, ..Default::default() };
    let id = store.list(&filter).await.unwrap()[0].execution_id.clone();
    let resume = shell.with_probe(&["run", "--resume", &id, "--policy", "locks.yaml"]);
    let output = shell.command(&resume).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (run, events) = stepwell_tests::load(&store, &id).await.unwrap();
    let taken: Vec<u64> = events
        .iter()
        .filter_map(|event| match event {
            Event::LocksTaken { locks, .. } => Some(locks[0].token),
            _ => None,
        })
        .collect();
    assert_eq!(taken.len(), 1, "{events:?}");
    let state = RunState::replay(run, &events).unwrap();
    let end = state.steps[0].end.as_ref().unwrap();
    assert_eq!((state.steps[0].attempt, &end.produced.output), (2, &json!(format!("token {}", taken[0]))));
}
