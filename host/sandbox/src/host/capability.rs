//! The host half of each capability: what an attempt keeps of it, its bindings, and its part of the receipt.
//!
//! The list is that of the policy halves: a capability without a host half does not compile.

use std::sync::Arc;

use stepwell_engine::Receipt;
use stepwell_engine::each_capability;
use stepwell_engine::policy::capability::{Context, Environment, Files, Http, Process, Sql};
use stepwell_engine::policy::{Grant, Limits};
use wasmtime::Result;
use wasmtime::component::Linker;
use wasmtime_wasi::WasiCtxBuilder;

use super::calls::Traced;
use crate::attempt::Setup;
use crate::guest::Guest;
use crate::reached::Reached;

/// What a host half is made from.
pub(crate) struct Parts<'a> {
    pub setup: &'a mut Setup,
    pub grant: &'a Arc<Grant>,
    pub limits: &'a Limits,
    pub reached: &'a Reached,
    pub traced: &'a Traced,
}

/// The host half of a capability.
pub(crate) trait Hosted {
    /// What an attempt keeps of it.
    type State;

    /// What WASI itself is given of it.
    ///
    /// # Errors
    /// When the system does not give it.
    fn prepare(_: &Parts<'_>, _: &mut WasiCtxBuilder) -> Result<()> {
        Ok(())
    }

    fn state(parts: &mut Parts<'_>) -> Self::State;

    /// Adds its calls, each of which refuses in its first line. They may take the place of those of WASI.
    ///
    /// # Errors
    /// When the interface is not as the bindings say.
    fn link(_: &mut Linker<Guest>) -> Result<()> {
        Ok(())
    }

    /// Adds what the attempt did with it.
    fn write(_: &Self::State, _: &mut Receipt) {}
}

macro_rules! halves {
    ($($(#[$attribute:meta])* $name:ident: $half:ident;)*) => {
        /// What an attempt keeps of each capability.
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
