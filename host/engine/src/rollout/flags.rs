//! The flags of a switch of stores, from environment variables.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Phase;

/// The effect of a phase or of flags.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Switches {
    /// The new store decides.
    pub use_new_storage: bool,
    /// The new store gets each change.
    pub use_new_save: bool,
    /// The new store answers reads.
    pub use_new_load: bool,
    /// Both stores get each change, and the old one decides.
    pub parallel_mode: bool,
}

/// The flags, as the environment has them. A flag that is not set leaves the configuration as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    /// `USE_NEW_STORAGE`.
    pub use_new_storage: Option<bool>,
    /// `USE_NEW_SAVE`.
    pub use_new_save: Option<bool>,
    /// `USE_NEW_LOAD`.
    pub use_new_load: Option<bool>,
    /// `ENABLE_PERFORMANCE_MONITORING`.
    pub enable_performance_monitoring: Option<bool>,
    /// `ENVIRONMENT`.
    pub environment: Option<String>,
}

/// A flag with a value that it cannot have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {name} is `{value}`: set it to `true` or `false`, or unset it")]
pub struct InvalidFlag {
    /// The variable.
    pub name: &'static str,
    /// The value.
    pub value: String,
}

impl Flags {
    /// Reads the flags. Letters may be capitals, as in the original.
    ///
    /// # Errors
    /// Returns every flag that is neither true nor false.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Vec<InvalidFlag>> {
        let mut wrong = Vec::new();
        let mut flag = |name: &'static str| {
            let value = variable(name)?;
            match value.to_ascii_lowercase().as_str() {
                "true" => Some(true),
                "false" => Some(false),
                _ => {
                    wrong.push(InvalidFlag { name, value: value.chars().take(40).collect() });
                    None
                }
            }
        };
        let flags = Self {
            use_new_storage: flag("USE_NEW_STORAGE"),
            use_new_save: flag("USE_NEW_SAVE"),
            use_new_load: flag("USE_NEW_LOAD"),
            enable_performance_monitoring: flag("ENABLE_PERFORMANCE_MONITORING"),
            environment: variable("ENVIRONMENT"),
        };
        if wrong.is_empty() { Ok(flags) } else { Err(wrong) }
    }

    /// Returns the phase of the flags. `None` when the environment has none of them: the configuration decides then.
    /// Of the two kinds, flags win over `ENVIRONMENT`.
    pub fn phase(&self) -> Option<Phase> {
        let flags = [self.use_new_storage, self.use_new_save, self.use_new_load];
        if flags.iter().all(Option::is_none) {
            return self.environment.as_deref().map(Phase::of_environment);
        }
        let set = |flag: Option<bool>| flag.unwrap_or(false);
        let storage = set(self.use_new_storage);
        let (save, load) = (set(self.use_new_save) || storage, set(self.use_new_load) || storage);
        Some(match (storage, save, load) {
            (true, ..) => Phase::FullRollout,
            (_, _, true) => Phase::LimitedRollout,
            (_, true, _) => Phase::Testing,
            _ => Phase::Development,
        })
    }

    /// Returns whether latencies are measured. Default: yes.
    pub fn measures(&self) -> bool {
        self.enable_performance_monitoring.unwrap_or(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Flags, Vec<InvalidFlag>> {
        let pairs: Vec<(&str, &str)> =
            text.split_whitespace().filter_map(|pair| pair.split_once('=')).collect();
        Flags::read(|name| {
            pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    /// The rules of the original: a flag counts for saves and loads when it or `USE_NEW_STORAGE` is set.
    #[test]
    fn flags_and_their_phases() {
        for (environment, phase) in [
            ("", None),
            ("USE_NEW_STORAGE=false", Some(0)),
            ("USE_NEW_STORAGE=false USE_NEW_SAVE=false USE_NEW_LOAD=false", Some(0)),
            ("USE_NEW_SAVE=true", Some(1)),
            ("USE_NEW_SAVE=TRUE USE_NEW_LOAD=False", Some(1)),
            ("USE_NEW_SAVE=true USE_NEW_LOAD=true", Some(2)),
            ("USE_NEW_LOAD=true", Some(2)),
            ("USE_NEW_STORAGE=true", Some(3)),
            ("USE_NEW_STORAGE=true USE_NEW_SAVE=false USE_NEW_LOAD=false", Some(3)),
            ("ENVIRONMENT=staging", Some(2)),
            ("ENVIRONMENT=production USE_NEW_SAVE=true", Some(1)),
            ("ENVIRONMENT=elsewhere", Some(0)),
            ("ENABLE_PERFORMANCE_MONITORING=false", None),
        ] {
            let flags = read(environment).unwrap();
            assert_eq!(flags.phase().map(Phase::number), phase, "{environment}");
        }
        assert!(read("").unwrap().measures());
        assert!(!read("ENABLE_PERFORMANCE_MONITORING=false").unwrap().measures());
    }

    #[test]
    fn a_flag_is_true_or_false() {
        let wrong = read("USE_NEW_SAVE=yes USE_NEW_LOAD=1 USE_NEW_STORAGE=true").unwrap_err();
        let wrong: Vec<String> = wrong.iter().map(ToString::to_string).collect();
        let expected = [
            "the environment variable USE_NEW_SAVE is `yes`: set it to `true` or `false`, or unset it",
            "the environment variable USE_NEW_LOAD is `1`: set it to `true` or `false`, or unset it",
        ];
        assert_eq!(wrong, expected);
    }
}
