//! The one wasmtime configuration of the project.
//!
//! Each setting is here for a reason: an advisory that it avoids on 48.0.8, a bound that it holds, or
//! determinism. What was measured is in `benches/README.md`.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use stepwell_engine::policy::Limits;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, OperatorCost, PoolingAllocationConfig,
    VariableOperatorCost,
};

/// Fuel between two yields to the executor: about half a millisecond of CPU. A step that spins so stops
/// within a millisecond of its deadline, and never delays the host's timers. (Shorter slices cost up to
/// half the speed; epochs on top of fuel double the cost of calls.)
pub(crate) const YIELD_EVERY_FUEL: u64 = 1_000_000;

/// Instances beside those of the workers: components that describe themselves, the first run of a queue that has
/// nothing running.
const SPARE: u32 = 256;

/// What one attempt may use of the pools.
const MOST: Share = Share::of(&Limits::CEILING);
/// Memories of all instances. Each reserves 4 GiB of addresses, of which there are 128 TiB.
const MOST_MEMORIES: u32 = 16_384;

/// Settings of the engine that an embedder may choose.
#[derive(Debug, Clone, Default)]
pub struct EngineOptions {
    /// Where instances get their memory from. Default: pooling.
    pub allocator: Allocator,
}

/// Where instances get their memory from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Allocator {
    /// From slots that are reserved once: an instance costs microseconds. Falls back to on-demand where
    /// the address space is too small.
    #[default]
    Pooling,
    /// From the operating system, for each instance anew.
    OnDemand,
}

/// What one attempt may use of the pools. The pools are as large as the ceiling of the limits allows, so
/// that a policy decides about every attempt, and never the allocator.
#[derive(Debug, PartialEq, Eq)]
struct Share {
    core_instances: u32,
    memories: u32,
    memory_bytes: usize,
    tables: u32,
    table_elements: usize,
}

impl Share {
    /// What an attempt with these limits may use. All elements may be in one table, and all bytes in one memory.
    const fn of(limits: &Limits) -> Self {
        Self {
            core_instances: count(limits.instances.0),
            memories: count(limits.memories.0),
            memory_bytes: size(limits.memory.0),
            tables: count(limits.tables.0),
            table_elements: size(limits.table_elements.0),
        }
    }
}

/// A limit as a number of slots; the ceilings are far below `u32::MAX`.
const fn count(limit: u64) -> u32 {
    if limit > u32::MAX as u64 { u32::MAX } else { limit as u32 }
}

/// A limit as the size of a slot; the sandbox runs on 64 bits only.
const fn size(limit: u64) -> usize {
    limit as usize
}

/// An engine, and how it was made.
pub(crate) struct StepEngine {
    pub engine: Engine,
    /// What it got, which may be less than was asked for.
    pub allocator: Allocator,
    slots: Slots,
}

/// The slots of the pooling allocator. An attempt waits for what it needs before it begins: a slot that is missing in its midst
/// would be a failure that is not its own.
#[derive(Clone)]
pub(crate) struct Slots {
    instances: Arc<Semaphore>,
    memories: Arc<Semaphore>,
}

/// What an attempt has of them, until this is dropped.
pub(crate) struct Taken(
    #[allow(dead_code, reason = "given back when dropped")] [Option<OwnedSemaphorePermit>; 2],
);

impl Slots {
    fn new(instances: u32) -> Self {
        let semaphore = |count: u32| Arc::new(Semaphore::new(count as usize));
        Self { instances: semaphore(instances), memories: semaphore(memories(instances)) }
    }

    /// Waits for the slots of a component with that many memories.
    pub async fn take(&self, memories: u32) -> Taken {
        // They are never closed.
        let instance = self.instances.clone().acquire_owned().await.ok();
        let memories = self.memories.clone().acquire_many_owned(memories.min(MOST.memories)).await.ok();
        Taken([instance, memories])
    }
}

/// Memories that so many instances share.
fn memories(instances: u32) -> u32 {
    instances.saturating_mul(MOST.memories).min(MOST_MEMORIES).max(instances)
}

impl StepEngine {
    /// An engine in which that many workers may each run a step.
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

    /// The slots of its allocator.
    pub fn slots(&self) -> &Slots {
        &self.slots
    }
}

/// An engine for a process that only compiles.
pub(crate) fn for_compiling() -> wasmtime::Result<Engine> {
    Engine::new(&config())
}

fn config() -> Config {
    let mut config = Config::new();
    // CPU: fuel is deterministic, and its yields are what preempts.
    config.consume_fuel(true);
    config.operator_cost(OperatorCost {
        variable: VariableOperatorCost { memory_grow_per_page: u8::MAX, ..Default::default() },
        ..Default::default()
    });
    // Stack: the difference is what host functions have.
    config.max_wasm_stack(8 << 20);
    config.async_stack_size(10 << 20);
    // What a deep recursion has used is zeroed and given back, so that no step has it and the process does not keep it.
    config.async_stack_zeroing(true);
    // Not used, and each with an advisory against 48.0.8 when it is on. (The asynchronous component model
    // is not even compiled in.)
    config.gc_support(false);
    config.concurrency_support(false);
    config.wasm_gc(false);
    config.wasm_exceptions(false);
    config.wasm_function_references(false);
    // Not used, and more surface than need be.
    config.wasm_threads(false);
    config.shared_memory(false);
    config.wasm_memory64(false);
    config.wasm_multi_memory(false);
    config.wasm_tail_call(false);
    // Determinism.
    config.wasm_relaxed_simd(false);
    config.cranelift_nan_canonicalization(true);
    // Function names come from the name section, files and lines from DWARF, where a component has them. Each frame
    // costs a look through all of it: few frames, and `debug_info`, bound that.
    config.wasm_backtrace_details(wasmtime::WasmBacktraceDetails::Enable);
    config.wasm_backtrace_max_frames(NonZeroUsize::new(16));
    config
}

fn pool(instances: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances);
    // All that every attempt may have at once, so that attempts wait for memories only.
    pool.total_core_instances(instances.saturating_mul(MOST.core_instances));
    pool.total_memories(memories(instances));
    pool.total_tables(instances.saturating_mul(MOST.tables));
    pool.total_stacks(instances);
    pool.total_gc_heaps(0);
    pool.max_core_instances_per_component(MOST.core_instances);
    pool.max_memories_per_component(MOST.memories);
    pool.max_tables_per_component(MOST.tables);
    pool.max_tables_per_module(MOST.tables);
    pool.table_elements(MOST.table_elements);
    pool.max_memory_size(MOST.memory_bytes);
    pool.max_component_instance_size(4 << 20);
    pool.max_core_instance_size(4 << 20);
    // A slot is reset by clearing the pages that were written: no system call per page, no shoot-down of
    // other threads' address caches.
    pool.linear_memory_keep_resident(2 << 20);
    pool.table_keep_resident(64 << 10);
    pool.async_stack_keep_resident(32 << 10);
    pool.pagemap_scan(if Path::new("/proc/self/pagemap").exists() { Enabled::Auto } else { Enabled::No });
    pool
}

#[cfg(test)]
mod tests {
    use stepwell_engine::policy::Profile;
    use wasmtime::{Instance, Module, Store};

    use super::*;

    fn leb(mut value: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while value > 0x7f {
            bytes.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        bytes.push(value as u8);
        bytes
    }

    fn section(id: u8, count: usize, content: &[u8]) -> Vec<u8> {
        let count = leb(count);
        [vec![id], leb(count.len() + content.len()), count, content.to_vec()].concat()
    }

    /// A module with one memory and as many tables as an attempt may have. The first table has all elements.
    fn module(share: &Share) -> Vec<u8> {
        let tables = share.tables as usize;
        let first = [vec![0x70, 0], leb(share.table_elements)].concat();
        let tables = section(4, tables, &[first, [0x70, 0, 0].repeat(tables - 1)].concat());
        let memory = section(5, 1, &[vec![0], leb(share.memory_bytes >> 16)].concat());
        [b"\0asm\x01\0\0\0".to_vec(), tables, memory].concat()
    }

    fn pooling() -> StepEngine {
        StepEngine::new(&EngineOptions { allocator: Allocator::Pooling }, 1).unwrap()
    }

    #[test]
    fn the_pools_hold_what_the_limits_allow() {
        let engine = pooling().engine;
        let profiles = [Profile::Tiny, Profile::Standard, Profile::Large].map(Profile::limits);
        for limits in profiles.iter().chain([&Limits::CEILING]) {
            let module = Module::new(&engine, module(&Share::of(limits))).unwrap();
            let mut store = Store::new(&engine, ());
            store.set_fuel(u64::MAX).unwrap();
            Instance::new(&mut store, &module, &[]).unwrap();
        }
    }

    #[test]
    fn the_pools_hold_no_more_than_the_ceiling() {
        let StepEngine { engine, allocator, .. } = pooling();
        for (what, above) in [
            ("tables", Share { tables: MOST.tables + 1, ..Share::of(&Limits::CEILING) }),
            ("elements", Share { table_elements: MOST.table_elements + 1, ..Share::of(&Limits::CEILING) }),
            ("bytes", Share { memory_bytes: MOST.memory_bytes + (64 << 10), ..Share::of(&Limits::CEILING) }),
        ] {
            let fits = Module::new(&engine, module(&above)).is_ok();
            // Where the address space is too small, the limits alone decide.
            assert_eq!(fits, allocator == Allocator::OnDemand, "{what}");
        }
    }
}
