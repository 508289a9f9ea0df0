//! The reasons why a component is refused.

use serde::{Deserialize, Serialize};

/// The reason why a component cannot be a step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComponentError {
    /// The bytes are not a component.
    #[error("{0}")]
    NotAComponent(String),
    /// The component has another world.
    #[error("{0}")]
    WrongWorld(String),
    /// The component exceeds a limit.
    #[error("{0}")]
    TooLarge(String),
    /// The component failed when it was called.
    #[error("{0}")]
    Failed(String),
    /// The descriptor of the component is invalid. Each problem names the field and the fix.
    #[error("the component does not describe a step:\n  {}", .0.join("\n  "))]
    Descriptor(Vec<String>),
    /// The platform failed.
    #[error("{0}")]
    Host(String),
}
