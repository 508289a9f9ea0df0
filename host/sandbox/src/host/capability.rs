//! The host half of each capability: its state in an attempt, its bindings, and its part of the receipt.
//!
//! The list is that of the policy halves: a capability without a host half does not compile.

use std::sync::Arc;

use stepwell_engine::Receipt;
use stepwell_engine::each_capability;
use stepwell_engine::policy::capability::{Context, Environment, Files, Http, Locks, Process, Sql, Worker};
use stepwell_engine::policy::{Grant, Limits};
use wasmtime::Result;
use wasmtime::component::Linker;
use wasmtime_wasi::WasiCtxBuilder;

use super::calls::Traced;
use crate::attempt::Setup;
use crate::guest::Guest;
use crate::reached::Reached;

/// The inputs of a host half.
pub(crate) struct Parts<'a> {
    pub setup: &'a mut Setup,
    pub grant: &'a Arc<Grant>,
    pub limits: &'a Limits,
    pub reached: &'a Reached,
    pub traced: &'a Traced,
}

/// The host half of a capability.
pub(crate) trait Hosted {
    /// The state of the capability in an attempt.
    type State;

    /// Adds the resources of the capability to WASI itself.
    ///
    /// # Errors
    /// Fails when the system does not provide them.
    fn prepare(_: &Parts<'_>, _: &mut WasiCtxBuilder) -> Result<()> {
        Ok(())
    }

    fn state(parts: &mut Parts<'_>) -> Self::State;

    /// Adds the calls of the capability, each of which checks the grant in its first line. They may replace
    /// calls of WASI.
    ///
    /// # Errors
    /// Fails when the interface differs from the bindings.
    fn link(_: &mut Linker<Guest>) -> Result<()> {
        Ok(())
    }

    /// Adds the use of the capability in the attempt.
    fn write(_: &Self::State, _: &mut Receipt) {}
}

macro_rules! halves {
    ($($(#[$attribute:meta])* $name:ident: $half:ident;)*) => {
        /// The state of each capability in an attempt.
        pub(crate) struct States {
            $(pub $name: <$half as Hosted>::State,)*
        }

        impl States {
            pub fn new(parts: &mut Parts<'_>, wasi: &mut WasiCtxBuilder) -> Result<Self> {
                $($half::prepare(parts, wasi)?;)*
                Ok(Self { $($name: $half::state(parts),)* })
            }

            pub fn write(&self, receipt: &mut Receipt) {
                $($half::write(&self.$name, receipt);)*
            }
        }

        /// Adds the calls of each capability.
        pub(crate) fn link(linker: &mut Linker<Guest>) -> Result<()> {
            $($half::link(linker)?;)*
            Ok(())
        }
    };
}

each_capability!(halves);

impl Hosted for Environment {
    type State = ();

    fn prepare(parts: &Parts<'_>, wasi: &mut WasiCtxBuilder) -> Result<()> {
        for (name, value) in parts.grant.environment() {
            wasi.env(name, value);
        }
        Ok(())
    }

    fn state(_: &mut Parts<'_>) {}
}

// The engine takes locks before an attempt. A guest has no call for it.
impl Hosted for Locks {
    type State = ();

    fn state(_: &mut Parts<'_>) {}
}

// The engine gives the work of a `worker` step to workers. A guest has no call for it.
impl Hosted for Worker {
    type State = ();

    fn state(_: &mut Parts<'_>) {}
}
