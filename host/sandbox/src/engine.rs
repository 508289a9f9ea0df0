//! The one wasmtime configuration of the project.
//!
//! Each setting has a reason: an advisory that it avoids on 48.0.8, a bound that it enforces, or determinism.
//! `benches/README.md` has the measurements.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, OperatorCost, PoolingAllocationConfig,
    VariableOperatorCost,
};

/// Fuel between two yields to the executor: about half a millisecond of CPU time. So a step in an endless
/// loop stops within a millisecond of its deadline, and never delays the host's timers. (Shorter slices cost
/// up to half the speed; epochs in addition to fuel double the cost of calls.)
pub(crate) const YIELD_EVERY_FUEL: u64 = 1_000_000;

/// Instances besides those of the workers: for components that describe themselves, and for the first run of
/// a queue without running runs.
const SPARE: u32 = 256;

/// Maximum number of memories of one instance: the limit of the profile `large`.
const MEMORIES: u32 = 16;
/// Maximum number of memories of all instances. Each reserves 4 GiB of the 128 TiB of addresses.
const MOST_MEMORIES: u32 = 16_384;

/// Settings of the engine that an embedder may choose.
#[derive(Debug, Clone, Default)]
pub struct EngineOptions {
    /// The source of the memory of instances. Default: pooling.
    pub allocator: Allocator,
}

/// The source of the memory of instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Allocator {
    /// Slots that are reserved once: an instance costs microseconds. Falls back to on-demand if the address
    /// space is too small.
    #[default]
    Pooling,
    /// New memory from the operating system for each instance.
    OnDemand,
}

/// An engine, with the settings that it actually has.
pub(crate) struct StepEngine {
    pub engine: Engine,
    /// The actual allocator, which may differ from the requested one.
    pub allocator: Allocator,
    slots: Slots,
}

/// The slots of the pooling allocator. An attempt waits for its slots before it begins, because a slot that
/// is missing later would be a failure that the attempt did not cause.
#[derive(Clone)]
pub(crate) struct Slots {
    instances: Arc<Semaphore>,
    memories: Arc<Semaphore>,
}

/// The slots that an attempt holds until this is dropped.
pub(crate) struct Taken(
    #[allow(dead_code, reason = "released when dropped")] [Option<OwnedSemaphorePermit>; 2],
);

impl Slots {
    fn new(instances: u32) -> Self {
        let semaphore = |count: u32| Arc::new(Semaphore::new(count as usize));
        Self { instances: semaphore(instances), memories: semaphore(memories(instances)) }
    }

    /// Waits for the slots of a component with this number of memories.
    pub async fn take(&self, memories: u32) -> Taken {
        // The semaphores are never closed.
        let instance = self.instances.clone().acquire_owned().await.ok();
        let memories = self.memories.clone().acquire_many_owned(memories.min(MEMORIES)).await.ok();
        Taken([instance, memories])
    }
}

/// Returns the number of memories that this number of instances share.
fn memories(instances: u32) -> u32 {
    instances.saturating_mul(MEMORIES).min(MOST_MEMORIES).max(instances)
}

impl StepEngine {
    /// Makes an engine in which this number of workers may each run a step.
    pub fn new(options: &EngineOptions, workers: u32) -> wasmtime::Result<Self> {
        let instances = workers.saturating_add(SPARE);
        let slots = Slots::new(instances);
        if options.allocator == Allocator::Pooling {
            let mut config = config();
            config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(instances)));
            match Engine::new(&config) {
                Ok(engine) => return Ok(Self { engine, allocator: Allocator::Pooling, slots }),
                Err(error) => tracing::warn!("no pooling allocator, instances will cost more: {error:#}"),
            }
        }
        Ok(Self { engine: Engine::new(&config())?, allocator: Allocator::OnDemand, slots })
    }

    /// Returns the slots of its allocator.
    pub fn slots(&self) -> &Slots {
        &self.slots
    }
}

/// Makes an engine for a process that only compiles.
pub(crate) fn for_compiling() -> wasmtime::Result<Engine> {
    Engine::new(&config())
}

fn config() -> Config {
    let mut config = Config::new();
    // CPU: fuel is deterministic, and its yields preempt the guest.
    config.consume_fuel(true);
    config.operator_cost(OperatorCost {
        variable: VariableOperatorCost { memory_grow_per_page: u8::MAX, ..Default::default() },
        ..Default::default()
    });
    // Stack: host functions have the difference.
    config.max_wasm_stack(8 << 20);
    config.async_stack_size(10 << 20);
    // The stack that a deep recursion has used is zeroed and returned, so that no step sees it and the
    // process does not keep it.
    config.async_stack_zeroing(true);
    // Unused, and each has an advisory against 48.0.8 when it is enabled. (The asynchronous component model
    // is not even compiled in.)
    config.gc_support(false);
    config.concurrency_support(false);
    config.wasm_gc(false);
    config.wasm_exceptions(false);
    config.wasm_function_references(false);
    // Unused, and an unnecessary attack surface.
    config.wasm_threads(false);
    config.shared_memory(false);
    config.wasm_memory64(false);
    config.wasm_multi_memory(false);
    config.wasm_tail_call(false);
    // Determinism.
    config.wasm_relaxed_simd(false);
    config.cranelift_nan_canonicalization(true);
    // Function names come from the name section, files and lines from DWARF, if a component has them. Each
    // frame costs a search through all of it: the number of frames and `debug_info` bound that.
    config.wasm_backtrace_details(wasmtime::WasmBacktraceDetails::Enable);
    config.wasm_backtrace_max_frames(NonZeroUsize::new(16));
    config
}

fn pool(instances: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances);
    // The maximum of a component, so that attempts wait only for memories.
    pool.total_core_instances(instances.saturating_mul(128));
    pool.total_memories(memories(instances));
    pool.total_tables(instances.saturating_mul(32));
    pool.total_stacks(instances);
    pool.total_gc_heaps(0);
    pool.max_core_instances_per_component(128);
    pool.max_memories_per_component(MEMORIES);
    pool.max_tables_per_component(32);
    pool.max_tables_per_module(4);
    pool.table_elements(100_000);
    pool.max_memory_size(2 << 30);
    pool.max_component_instance_size(4 << 20);
    pool.max_core_instance_size(4 << 20);
    // A slot is reset by clearing the written pages: no system call per page, no shoot-down of other threads'
    // address caches.
    pool.linear_memory_keep_resident(2 << 20);
    pool.table_keep_resident(64 << 10);
    pool.async_stack_keep_resident(32 << 10);
    pool.pagemap_scan(if Path::new("/proc/self/pagemap").exists() { Enabled::Auto } else { Enabled::No });
    pool
}
