//! A no-op step: instantiate, call, drop. Stepwell compared with raw wasmtime with the same
//! limits, alternating.

use std::time::Instant;

use serde_json::json;
use stepwell::engine::job::Catalog;
use stepwell::engine::policy::{self, PolicySet, Request};
use stepwell::engine::{Configuration, StepRequest, StepRunner, StepSink};
use stepwell::sandbox::{Allocator, EngineOptions, Sandbox, SandboxOptions};
use tokio_util::sync::CancellationToken;
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store, StoreLimits,
    StoreLimitsBuilder,
};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use crate::{Result, median};

mod bindings {
    wasmtime::component::bindgen!({
        inline: "package stepwell:bench; world raw { export stepwell:step/step@0.1.0; }",
        path: ["../wit/deps/stepwell-step.wit"],
        world: "stepwell:bench/raw",
        exports: { default: async },
    });
}
use bindings::exports::stepwell::step::step::Invocation;

const ROUNDS: usize = 3_000;

struct State {
    wasi: WasiCtx,
    table: ResourceTable,
    limits: StoreLimits,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

pub fn run() -> Result {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(compare())
}

async fn compare() -> Result {
    let wasm = std::fs::read(stepwell_tests::guest("hello_step"))?;
    let raw = Raw::new(&wasm)?;
    let pooling = ours(&wasm, Allocator::Pooling).await?;
    let on_demand = ours(&wasm, Allocator::OnDemand).await?;
    let (mut a, mut b, mut c) = (Vec::new(), Vec::new(), Vec::new());
    // Alternate, so that the machine's noise affects all of them.
    for round in 0..ROUNDS + 200 {
        let times = [raw.once().await?, once(&pooling).await?, once(&on_demand).await?];
        if round >= 200 {
            a.push(times[0]);
            b.push(times[1]);
            c.push(times[2]);
        }
    }
    let (a, b, c) = (median(a), median(b), median(c));
    println!("no-op step, median of {ROUNDS}:");
    println!("  raw wasmtime, pooling, the same limits: {a:?}");
    println!("  stepwell, pooling:   {b:?}  ({:.2}x raw)", b.as_secs_f64() / a.as_secs_f64());
    println!("  stepwell, on demand: {c:?}  ({:.2}x raw)", c.as_secs_f64() / a.as_secs_f64());
    Ok(())
}

async fn ours(wasm: &[u8], allocator: Allocator) -> Result<Sandbox> {
    let sandbox =
        Sandbox::new(SandboxOptions { engine: EngineOptions { allocator }, ..SandboxOptions::default() })?;
    sandbox.register(wasm.to_vec()).await?;
    Ok(sandbox)
}

async fn once(sandbox: &Sandbox) -> Result<std::time::Duration> {
    let manifest = sandbox.manifest("hello").ok_or("no step")?;
    let digest = sandbox.digest("hello").ok_or("no step")?;
    let request = Request {
        project: "default",
        manifest: &manifest,
        digest: &digest,
        replaces_builtin: false,
        narrowing: &[],
        timeout: None,
        workspace: None,
    };
    let grant =
        policy::decide(&PolicySet::default(), &Configuration::default(), &request).map_err(|d| d.message)?;
    let (sink, _reports) = StepSink::channel();
    let request = StepRequest {
        execution_id: "exec".to_owned(),
        job_id: "job".to_owned(),
        step_id: "step".to_owned(),
        step_type: "hello".to_owned(),
        attempt: 1,
        config: json!({"who": "you"}),
        grant: grant.into(),
        ends: Default::default(),
        variables: Default::default(),
        checkpoint: None,
        workspace: None,
        deterministic: None,
        remaining: std::time::Duration::from_secs(60),
        cleaning_up: false,
        cancel: CancellationToken::new(),
        trace: None,
        sink,
    };
    let started = Instant::now();
    let end = sandbox.run(request).await;
    let took = started.elapsed();
    if end.outcome.is_success() { Ok(took) } else { Err(end.outcome.message().into()) }
}

pub(crate) struct Raw {
    engine: Engine,
    pre: bindings::RawPre<State>,
}

impl Raw {
    pub(crate) fn new(wasm: &[u8]) -> Result<Self> {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(256).total_memories(256).total_stacks(256).total_gc_heaps(0);
        pool.linear_memory_keep_resident(2 << 20).table_keep_resident(64 << 10).pagemap_scan(Enabled::Auto);
        pool.table_elements(100_000).max_tables_per_module(4).max_memory_size(2 << 30);
        let mut config = Config::new();
        config.consume_fuel(true).concurrency_support(false).gc_support(false);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        let engine = Engine::new(&config)?;
        let component = Component::from_binary(&engine, wasm)?;
        let mut linker: Linker<State> = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        // The only Stepwell call that the step makes.
        linker
            .instance("stepwell:log/log@0.1.0")?
            .func_wrap_async("write", |_, (_, _, _): (Level, String, Vec<(String, String)>)| {
                Box::new(async { Ok(()) })
            })?;
        let pre = bindings::RawPre::new(linker.instantiate_pre(&component)?)?;
        Ok(Self { engine, pre })
    }

    pub(crate) async fn once(&self) -> Result<std::time::Duration> {
        let started = Instant::now();
        let state = State {
            wasi: WasiCtxBuilder::new().build(),
            table: ResourceTable::new(),
            limits: StoreLimitsBuilder::new().memory_size(64 << 20).table_elements(20_000).build(),
        };
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| &mut state.limits);
        store.set_fuel(10_000_000_000)?;
        store.fuel_async_yield_interval(Some(1_000_000))?;
        let step = self.pre.instantiate_async(&mut store).await?;
        let invocation = Invocation {
            execution_id: "exec".to_owned(),
            job_id: "job".to_owned(),
            step_id: "step".to_owned(),
            attempt: 1,
            config: r#"{"who":"you"}"#.to_owned(),
        };
        let answer = step.stepwell_step_step().call_run(&mut store, &invocation).await?;
        answer.map_err(|failure| failure.message)?;
        drop(store);
        Ok(started.elapsed())
    }
}

#[derive(wasmtime::component::ComponentType, wasmtime::component::Lift, Clone, Copy)]
#[component(enum)]
#[repr(u8)]
#[allow(dead_code, reason = "only lifted")]
enum Level {
    #[component(name = "trace")]
    Trace,
    #[component(name = "debug")]
    Debug,
    #[component(name = "info")]
    Info,
    #[component(name = "warn")]
    Warn,
    #[component(name = "error")]
    Error,
}
