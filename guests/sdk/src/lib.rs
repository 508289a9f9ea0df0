//! Write Stepwell steps in Rust.
//!
//! A step is a struct whose fields are its configuration, with a function `run`:
//!
//! ```
//! use stepwell_sdk::prelude::*;
//!
//! /// Greets a person.
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! struct Hello {
//!     /// Who to greet.
//!     who: String,
//! }
//!
//! impl Step for Hello {
//!     const TYPE: &str = "hello";
//!     const SUMMARY: &str = "Greets a person";
//!     fn run(self, _: &Invocation) -> StepResult {
//!         Ok(Output::new(format!("Hello, {}!", self.who)))
//!     }
//! }
//!
//! export_step!(Hello);
//! ```
//!
//! Build it with `cargo build --release --target wasm32-wasip2` as a `cdylib`. The JSON Schema of the
//! configuration comes from the struct, and its doc comments become descriptions. A configuration that does
//! not match the schema never reaches `run`.
//!
//! For unit tests, see `testing`. Its fake host lets `cargo test` reach `run`.

pub mod context;
pub mod engines;
pub mod files;
#[cfg(feature = "http")]
pub mod http;
pub mod log;
mod pending;
pub mod process;
pub mod sql;
mod step;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
pub mod text;
pub mod times;
pub mod values;

pub use context::progress;
pub use pending::{Pending, pointer};
pub use step::{Action, Failure, FailureKind, Invocation, Issue, Need, Output, Profile, Step, StepResult};

/// The imports that almost every step needs.
pub mod prelude {
    pub use crate::{Failure, Invocation, Issue, Need, Output, Pending, Profile, Step, StepResult};
    pub use crate::{context, export_step, log};
    pub use schemars::{self, JsonSchema};
    pub use serde::{self, Deserialize, Serialize};
    pub use serde_json::{self, json};
}

/// The bindings generated from `wit/`. The other modules of this crate wrap them.
pub mod bindings {
    wit_bindgen::generate!({
        path: "wit",
        world: "stepwell:guest/step@0.1.0",
        generate_all,
        // Tests compare the data that a step sends with the expected data.
        additional_derives: [PartialEq],
        pub_export_macro: true,
        default_bindings_module: "stepwell_sdk::bindings",
        export_macro_name: "export_component",
    });
}

#[doc(hidden)]
pub use step::Exported;

/// Exports a [`Step`] as the step of this component. Call it once, at the top of the crate.
#[macro_export]
macro_rules! export_step {
    ($step:ty) => {
        $crate::__export!($crate::Exported<$step>);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    ($t:ty) => {
        #[cfg(target_arch = "wasm32")]
        type StepwellExportedStep = $t;
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::export_component!(StepwellExportedStep with_types_in $crate::bindings);
    };
}
