//! Random numbers.

use std::cell::RefCell;

use crate::net::NetObject;
use crate::types::NetType;

/// Random numbers from a seed.
pub struct Rng(fastrand::Rng);

impl NetObject for RefCell<Rng> {
    fn id(&self) -> NetType {
        NetType::Random
    }
}

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// Returns a number from `low` to one less than `high`.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        if low < high { self.0.i64(low..high) } else { low }
    }

    pub fn fraction(&mut self) -> f64 {
        self.0.f64()
    }
}
