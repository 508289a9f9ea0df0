//! The one wasmtime configuration of the project.
//!
//! Each setting has a reason: an advisory that it avoids on 48.0.8, a bound that it enforces, or determinism.
//! `benches/README.md` has the measurements.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use stepwell_engine::policy::Limits;
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

/// The share of an attempt with the highest limits.
const MOST: Share = Share::of(&Limits::CEILING);
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

/// The share of the pools that one attempt may use. The pools are as large as the ceiling of the limits allows, so
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
    /// Returns the share of an attempt with these limits. All elements may be in one table, and all bytes in one memory.
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
        let memories = self.memories.clone().acquire_many_owned(memories.min(MOST.memories)).await.ok();
        Taken([instance, memories])
    }
}

/// Returns the number of memories that this number of instances share.
fn memories(instances: u32) -> u32 {
    instances.saturating_mul(MOST.memories).min(MOST_MEMORIES).max(instances)
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
    // The maximum of all attempts together, so that attempts wait only for memories.
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
    // A slot is reset by clearing the written pages: no system call per page, no shoot-down of other threads'
    // address caches.
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
