//! The steps that come with Stepwell, as bytes and manifests.
//!
//! They are guests like those of other authors. The manifests are what each component says about itself
//! (`describe`), written down so that `stepwell steps list` need not compile them; a test compares the two.

/// A step that comes with the program.
#[derive(Debug, Clone, Copy)]
pub struct Builtin {
    /// The type, as job files name it.
    pub name: &'static str,
    /// The component.
    pub wasm: &'static [u8],
    /// `sha256:...` of the component.
    pub digest: &'static str,
    /// The manifest of the step, as JSON.
    pub manifest: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/builtins.rs"));
