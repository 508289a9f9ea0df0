//! The phases of a switch of stores.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use super::Switches;

/// A phase. Each one is entered from the phase before or after it.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
pub enum Phase {
    /// The old store works alone.
    #[default]
    #[serde(rename = "phase_0_development")]
    #[strum(serialize = "phase_0_development", serialize = "0")]
    Development,
    /// The old store decides and answers; the new one gets each change.
    #[serde(rename = "phase_1_testing")]
    #[strum(serialize = "phase_1_testing", serialize = "1")]
    Testing,
    /// The old store decides; the new one answers reads where it has every change that they need.
    #[serde(rename = "phase_2_limited_rollout")]
    #[strum(serialize = "phase_2_limited_rollout", serialize = "2")]
    LimitedRollout,
    /// The new store decides and answers; the old one gets each change, for the way back.
    #[serde(rename = "phase_3_full_rollout")]
    #[strum(serialize = "phase_3_full_rollout", serialize = "3")]
    FullRollout,
}

/// The reason why a phase cannot be entered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PhaseError {
    /// There is no such phase.
    #[error("`{0}` is no phase: name one of 0, 1, 2 and 3, or {names}", names = names())]
    Unknown(String),
    /// The phase is not beside the current one.
    #[error("the store is in {from}, and {to} does not follow it: go to phase {next} first")]
    Skips {
        /// The current phase.
        from: &'static str,
        /// The phase of the request.
        to: &'static str,
        /// The number of the next phase on the way.
        next: usize,
    },
}

/// A step of a gradual rollback, from the newest use of the new store to the oldest.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RollbackStep {
    /// The old store answers all reads.
    DisableNewLoad,
    /// Changes decide in the old store.
    DisableNewSave,
    /// The new store gets no more changes.
    DisableParallelMode,
    /// The old store works alone.
    FullRollbackToOld,
}

impl Phase {
    /// Reads a phase: its number or its name.
    ///
    /// # Errors
    /// Fails when there is no such phase.
    pub fn parse(text: &str) -> Result<Self, PhaseError> {
        text.parse().map_err(|_| PhaseError::Unknown(text.to_owned()))
    }

    /// Returns the name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Development => "phase_0_development",
            Self::Testing => "phase_1_testing",
            Self::LimitedRollout => "phase_2_limited_rollout",
            Self::FullRollout => "phase_3_full_rollout",
        }
    }

    /// Returns the number, from 0 to 3.
    pub fn number(self) -> usize {
        self as usize
    }

    /// Returns the phase of an environment.
    pub fn of_environment(environment: &str) -> Self {
        match environment {
            "development" => Self::Testing,
            "staging" => Self::LimitedRollout,
            "production" => Self::FullRollout,
            _ => Self::Development,
        }
    }

    /// Returns the switches of the phase.
    pub fn switches(self) -> Switches {
        Switches {
            use_new_storage: self == Self::FullRollout,
            use_new_save: self >= Self::Testing,
            use_new_load: self >= Self::LimitedRollout,
            parallel_mode: matches!(self, Self::Testing | Self::LimitedRollout),
        }
    }

    /// Checks that `to` can be entered from this phase: it is the same one, or the one before or after it.
    ///
    /// # Errors
    /// Fails when a phase lies between them.
    pub fn enter(self, to: Self) -> Result<(), PhaseError> {
        if self.number().abs_diff(to.number()) <= 1 {
            return Ok(());
        }
        let next = if to > self { self.number() + 1 } else { self.number() - 1 };
        Err(PhaseError::Skips { from: self.name(), to: to.name(), next })
    }

    /// Returns the phase after a step of a gradual rollback. A step that has been made before changes nothing.
    pub fn after(self, step: RollbackStep) -> Self {
        let most = match step {
            // Reads of the new store end only when it does not decide.
            RollbackStep::DisableNewLoad | RollbackStep::DisableNewSave => Self::Testing,
            RollbackStep::DisableParallelMode | RollbackStep::FullRollbackToOld => Self::Development,
        };
        self.min(most)
    }
}

fn names() -> String {
    Phase::VARIANTS.iter().map(|phase| phase.name()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_phases() {
        let rows: Vec<String> = Phase::VARIANTS
            .iter()
            .map(|phase| {
                let Switches { use_new_storage, use_new_save, use_new_load, parallel_mode } =
                    phase.switches();
                format!("{}: {use_new_storage} {use_new_save} {use_new_load} {parallel_mode}", phase.name())
            })
            .collect();
        let expected = [
            "phase_0_development: false false false false",
            "phase_1_testing: false true false true",
            "phase_2_limited_rollout: false true true true",
            "phase_3_full_rollout: true true true false",
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn a_phase_has_a_number_and_a_name() {
        for phase in Phase::VARIANTS {
            assert_eq!(Phase::parse(phase.name()), Ok(*phase));
            assert_eq!(Phase::parse(&phase.number().to_string()), Ok(*phase));
            assert_eq!(serde_json::to_value(phase).unwrap(), phase.name());
        }
        for wrong in ["", "4", "-1", "phase_1", "Phase_0_Development", "00"] {
            let error = Phase::parse(wrong).unwrap_err().to_string();
            assert!(error.contains("0, 1, 2 and 3"), "{error}");
        }
    }

    #[test]
    fn no_phase_is_skipped() {
        for from in Phase::VARIANTS {
            for to in Phase::VARIANTS {
                let distance = from.number().abs_diff(to.number());
                assert_eq!(from.enter(*to).is_ok(), distance <= 1, "{from:?} {to:?}");
            }
        }
        let error = Phase::Development.enter(Phase::FullRollout).unwrap_err().to_string();
        assert_eq!(
            error,
            "the store is in phase_0_development, and phase_3_full_rollout does not follow it: go to phase 1 first"
        );
        assert!(Phase::FullRollout.enter(Phase::Testing).unwrap_err().to_string().contains("phase 2 first"));
    }

    #[test]
    fn a_gradual_rollback_ends_at_the_old_store() {
        for from in Phase::VARIANTS {
            let mut phase = *from;
            for step in RollbackStep::VARIANTS {
                let next = phase.after(*step);
                assert!(next <= phase);
                assert_eq!(next.after(*step), next, "a step twice");
                phase = next;
            }
            assert_eq!(phase, Phase::Development);
        }
    }

    #[test]
    fn environments() {
        let phases = ["development", "staging", "production", "", "Production", "test"];
        let numbers = phases.map(|name| Phase::of_environment(name).number());
        assert_eq!(numbers, [1, 2, 3, 0, 0, 0]);
    }
}
