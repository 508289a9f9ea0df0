//! The state that a part of PowerShell stores in an interpreter, by its type: the interpreter does not know
//! the content.

use std::any::{Any, TypeId};

use ps_syntax::symbol::Map;

use crate::eval::Interp;

/// The state of a part, created at its first use.
pub trait Part: Any {
    /// Makes the initial state. The host chose the seed of the run.
    fn begin(seed: u64) -> Self;
}

#[derive(Default)]
pub(crate) struct Parts(Map<TypeId, Box<dyn Any>>);

impl Interp {
    #[allow(clippy::expect_used, reason = "the key is the type of the stored value")]
    pub fn part<T: Part>(&mut self) -> &mut T {
        let seed = self.seed;
        let kept = self.parts.0.entry(TypeId::of::<T>()).or_insert_with(|| Box::new(T::begin(seed)));
        kept.downcast_mut().expect("a part of this type")
    }
}
