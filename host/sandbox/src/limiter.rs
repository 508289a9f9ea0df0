//! Memory and tables of one attempt, summed over all of them.
//!
//! wasmtime's own `StoreLimits` counts each memory separately: a guest with many memories would get the limit
//! many times.

use stepwell_engine::policy::Limits;
use stepwell_engine::quantity::counted;
use wasmtime::{ResourceLimiter, error};

/// Bytes of a WebAssembly page.
const PAGE: usize = 64 << 10;

#[derive(Debug)]
pub(crate) struct Limiter {
    memory: u64,
    memory_limit: u64,
    peak: u64,
    elements: u64,
    element_limit: u64,
    memories: usize,
    tables: usize,
    instances: usize,
    /// The growth that is in progress; undone when it fails.
    last: Growth,
    /// The refused growth, in words.
    refused: Option<String>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Growth {
    memory: u64,
    elements: u64,
}

impl Limiter {
    pub fn new(limits: &Limits) -> Self {
        let count = |count: stepwell_engine::quantity::Count| usize::try_from(count.0).unwrap_or(usize::MAX);
        Self {
            memory: 0,
            memory_limit: limits.memory.0,
            peak: 0,
            elements: 0,
            element_limit: limits.table_elements.0,
            memories: count(limits.memories),
            tables: count(limits.tables),
            instances: count(limits.instances),
            last: Growth::default(),
            refused: None,
        }
    }

    /// Returns the largest number of bytes in use at one time.
    pub fn peak(&self) -> u64 {
        self.peak
    }

    /// Returns the refused growth, if there was one.
    pub fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let growth = desired.saturating_sub(current) as u64;
        let sum = self.memory.saturating_add(growth);
        if sum > self.memory_limit {
            let limit = self.memory_limit;
            let pages = counted(growth.div_ceil(PAGE as u64), "more page");
            let message = format!(
                "the step asked for {pages} of memory ({sum} bytes in all); its limit is {limit} bytes (`limits.memory`)"
            );
            self.refused = Some(message.clone());
            // Return an error and not `false`, which the guest's allocator would turn into an abort
            // without a reason.
            return Err(error::Error::msg(message));
        }
        self.memory = sum;
        self.peak = self.peak.max(sum);
        self.last = Growth { memory: growth, elements: 0 };
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.memory = self.memory.saturating_sub(std::mem::take(&mut self.last).memory);
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let growth = desired.saturating_sub(current) as u64;
        let sum = self.elements.saturating_add(growth);
        if sum > self.element_limit {
            let message =
                format!("the step asked for {sum} table elements; its limit is {}", self.element_limit);
            self.refused = Some(message.clone());
            return Err(error::Error::msg(message));
        }
        self.elements = sum;
        self.last = Growth { memory: 0, elements: growth };
        Ok(true)
    }

    fn table_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.elements = self.elements.saturating_sub(std::mem::take(&mut self.last).elements);
        Ok(())
    }

    fn instances(&self) -> usize {
        self.instances
    }

    fn tables(&self) -> usize {
        self.tables
    }

    fn memories(&self) -> usize {
        self.memories
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_are_summed_and_what_fails_is_given_back() {
        let mut limiter = Limiter::new(&Limits::STANDARD);
        let mib = 1 << 20;
        assert!(limiter.memory_growing(0, 40 * mib, None).unwrap());
        limiter.memory_grow_failed(error::Error::msg("no")).unwrap();
        for _ in 0..2 {
            assert!(limiter.memory_growing(0, 32 * mib, None).unwrap());
        }
        assert_eq!(limiter.peak(), 64 << 20);
        assert!(limiter.memory_growing(32 * mib, 32 * mib + PAGE, None).is_err());
        assert!(limiter.refused().unwrap().contains("1 more page"));
    }
}
