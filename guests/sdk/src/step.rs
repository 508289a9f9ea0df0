use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::bindings::exports::stepwell::step::step as wit;
use crate::bindings::exports::stepwell::step::step::Guest;
use crate::bindings::stepwell::step::types as wit_types;

use crate::pending::{self, Pending};

pub use wit_types::{FailureKind, Profile};

/// A step type. Its fields are the configuration of the step.
///
/// Derive `Deserialize` and `JsonSchema`, and add `#[serde(deny_unknown_fields)]`, so that a misspelled key
/// in a job file is an error with its line.
pub trait Step: DeserializeOwned + JsonSchema {
    /// The name for `type` in job files, for instance `acme/invoice_check`.
    const TYPE: &str;
    /// The semantic version of the step. Default: `0.1.0`, for steps that are not published.
    const VERSION: &str = "0.1.0";
    /// A one-line description of the step.
    const SUMMARY: &str;
    /// The capabilities that the step asks for. Default: none.
    const NEEDS: &[Need] = &[];
    /// The smallest profile in which the step works. Default: `standard`, which fits most steps.
    const PROFILE: Profile = Profile::Standard;
    /// Whether a second run is as harmless as a single one. Default: false.
    const IDEMPOTENT: bool = false;
    /// The actions on scripts that `stepwell step check-script` and `stepwell step test-script` ask for. Default:
    /// none.
    const ACTIONS: &[Action] = &[];

    /// Returns the configuration problems that the schema cannot express. It must be pure. Default: none.
    ///
    /// It runs twice: when the job is checked, with `pending` naming the values that a template fills in
    /// later, and before [`Step::run`], with nothing pending. See [`Pending`].
    fn validate(&self, pending: &Pending) -> Vec<Issue> {
        let _ = pending;
        Vec::new()
    }

    /// Does the work of the step.
    ///
    /// # Errors
    /// A [`Failure`] ends the attempt. The job's `retry` decides whether another attempt follows.
    fn run(self, invocation: &Invocation) -> StepResult;
}

/// The result of [`Step::run`].
pub type StepResult = Result<Output, Failure>;

/// A capability that a step asks for, with the reason.
#[derive(Debug, Clone, Copy)]
pub struct Need {
    /// `files`, `http`, `sql`, `process` or `environment`.
    pub capability: &'static str,
    /// One line for the operator who decides whether to grant it.
    pub purpose: &'static str,
    /// Whether the step can also work without the capability.
    pub optional: bool,
}

impl Need {
    /// A capability without which the step cannot work.
    pub const fn new(capability: &'static str, purpose: &'static str) -> Self {
        Self { capability, purpose, optional: false }
    }

    /// A capability that some configurations of the step do not need.
    pub const fn optional(capability: &'static str, purpose: &'static str) -> Self {
        Self { capability, purpose, optional: true }
    }
}

/// An action of a step that runs scripts, with the ends of the names of its files.
///
/// The configuration has the properties `action` and `script_path`, and for tests also `tags` and
/// `exclude_tags`. `docs/steps.md` describes the output.
#[derive(Debug, Clone, Copy)]
pub struct Action {
    /// `check` or `test`.
    pub name: &'static str,
    /// The ends of the names of its files, in lower case, for instance `.ps1`.
    pub files: &'static [&'static str],
}

impl Action {
    /// `action: check` finds what scripts need, and runs none of them. `script_path` may be a folder.
    pub const fn check(files: &'static [&'static str]) -> Self {
        Self { name: "check", files }
    }

    /// `action: test` runs a file of tests.
    pub const fn test(files: &'static [&'static str]) -> Self {
        Self { name: "test", files }
    }
}

/// The current attempt: its run, job, step and number.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The id of the run, for instance `exec_20250901_143022_001`.
    pub execution_id: String,
    /// The id of the job.
    pub job_id: String,
    /// The id of the step within the job.
    pub step_id: String,
    /// The number of the attempt, starting at 1.
    pub attempt: u32,
}

/// A configuration problem that the schema cannot express.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// JSON pointer to the value, for instance `/parameters/0`. It is empty for the whole configuration.
    pub pointer: String,
    /// The problem and its fix.
    pub message: String,
    /// Whether the service accepts the job despite the problem.
    pub warning: bool,
    concerns: Vec<String>,
}

impl Issue {
    /// Creates a problem at `pointer`. The SDK drops it when a template fills in the value there.
    pub fn at(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into(), warning: false, concerns: Vec::new() }
    }

    /// Creates a warning about the value at `pointer`, whether or not a template fills it in. The service
    /// still accepts the job.
    pub fn warning(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { warning: true, ..Self::at(pointer, message) }
    }

    /// Names another value on which the problem depends. The SDK drops the problem when a template fills in
    /// that value or a part of it.
    #[must_use]
    pub fn concerns(mut self, pointer: impl Into<String>) -> Self {
        self.concerns.push(pointer.into());
        self
    }

    /// Returns whether the problem holds whatever the pending values turn out to be.
    pub(crate) fn counts(&self, pending: &Pending) -> bool {
        (self.warning || !pending.contains(&self.pointer))
            && !self.concerns.iter().any(|pointer| pending.covers(pointer))
    }
}

/// The result of a successful step.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// A one-line summary for people.
    pub summary: String,
    /// The output for later steps: `${{ steps.ID.output }}`. Default: `null`.
    pub value: Value,
    /// Facts about the work: `${{ steps.ID.metadata.NAME }}`. Default: empty.
    pub metadata: Map<String, Value>,
}

impl Output {
    /// Creates a success with its summary.
    pub fn new(summary: impl Into<String>) -> Self {
        Self { summary: summary.into(), value: Value::Null, metadata: Map::new() }
    }

    /// Adds the output for later steps.
    #[must_use]
    pub fn value(mut self, value: impl Into<Value>) -> Self {
        self.value = value.into();
        self
    }

    /// Adds a fact to the metadata.
    #[must_use]
    pub fn metadata(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.metadata.insert(name.to_owned(), value.into());
        self
    }
}

/// The failure of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The class of the failure.
    pub kind: FailureKind,
    /// The problem and its fix.
    pub message: String,
    /// Whether an identical attempt may succeed later.
    pub retryable: bool,
    /// Facts about the failure.
    pub metadata: Map<String, Value>,
}

macro_rules! failure {
    ($($(#[$doc:meta])* $name:ident = $kind:ident, $retryable:literal;)*) => {
        impl Failure {
            $($(#[$doc])*
            pub fn $name(message: impl Into<String>) -> Self {
                Self {
                    kind: FailureKind::$kind,
                    message: message.into(),
                    retryable: $retryable,
                    metadata: Map::new(),
                }
            })*
        }
    };
}

failure! {
    /// The configuration is wrong in a way that shows only when the step runs.
    invalid_config = InvalidConfig, false;
    /// A resource that the step needs does not exist.
    not_found = NotFound, false;
    /// Policy or another system denied the access.
    denied = Denied, false;
    /// Another system is down, throttles requests, or returns a nonsensical response. Retryable.
    unavailable = Unavailable, true;
    /// The step's own time limit ran out. Retryable.
    timed_out = TimedOut, true;
    /// The step stopped because the run is being cancelled.
    cancelled = Cancelled, false;
    /// The work needed more memory than the limit.
    over_memory = OverMemory, false;
    /// The work itself failed.
    failed = Failed, false;
}

impl Failure {
    /// Sets whether an identical attempt may succeed later.
    #[must_use]
    pub fn retryable(mut self, retryable: bool) -> Self {
        self.retryable = retryable;
        self
    }

    /// Adds a fact to the metadata.
    #[must_use]
    pub fn metadata(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.metadata.insert(name.to_owned(), value.into());
        self
    }
}

/// Connects [`Step`] with the generated bindings.
#[doc(hidden)]
pub struct Exported<S>(PhantomData<S>);

impl<S: Step + 'static> Guest for Exported<S> {
    fn describe() -> wit::Descriptor {
        wit::Descriptor {
            type_name: S::TYPE.to_owned(),
            version: S::VERSION.to_owned(),
            summary: S::SUMMARY.to_owned(),
            config_schema: schema_value::<S>().to_string(),
            needs: S::NEEDS
                .iter()
                .map(|need| wit_types::Need {
                    capability: need.capability.to_owned(),
                    purpose: need.purpose.to_owned(),
                    optional: need.optional,
                })
                .collect(),
            profile: S::PROFILE,
            idempotent: S::IDEMPOTENT,
        }
    }

    fn validate(config: String, pending: Vec<String>) -> Vec<wit::Issue> {
        let convert = |issue: Issue| wit::Issue {
            severity: if issue.warning { wit_types::Severity::Warning } else { wit_types::Severity::Error },
            pointer: issue.pointer,
            message: issue.message,
        };
        pending::check::<S>(&config, &Pending::new(pending)).into_iter().map(convert).collect()
    }

    fn run(invocation: wit::Invocation) -> Result<wit::Outcome, wit::Failure> {
        let result = start::<S>(
            &invocation.config,
            &Invocation {
                execution_id: invocation.execution_id,
                job_id: invocation.job_id,
                step_id: invocation.step_id,
                attempt: invocation.attempt,
            },
        );
        match result {
            Ok(output) => Ok(wit::Outcome {
                summary: output.summary,
                output: output.value.to_string(),
                metadata: Value::Object(output.metadata).to_string(),
            }),
            Err(failure) => Err(wit::Failure {
                kind: failure.kind,
                message: failure.message,
                retryable: failure.retryable,
                metadata: Value::Object(failure.metadata).to_string(),
            }),
        }
    }
}

/// Checks a configuration without templates and runs the step.
pub(crate) fn start<S: Step>(config: &str, invocation: &Invocation) -> StepResult {
    let step: S = serde_json::from_str(config).map_err(|error| Failure::invalid_config(error.to_string()))?;
    match step.validate(&Pending::none()).into_iter().find(|issue| !issue.warning) {
        Some(issue) if issue.pointer.is_empty() => Err(Failure::invalid_config(issue.message)),
        Some(issue) => Err(Failure::invalid_config(format!("{}: {}", issue.pointer, issue.message))),
        None => step.run(invocation),
    }
}

/// The schema of the configuration, in which the step also declares its actions.
pub(crate) fn schema_value<S: Step>() -> Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<S>();
    if !S::ACTIONS.is_empty() {
        let actions = S::ACTIONS.iter().map(|action| (action.name.to_owned(), action.files.into()));
        schema.insert("x-stepwell-actions".to_owned(), Value::Object(actions.collect()));
    }
    schema.to_value()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(serde::Deserialize, JsonSchema)]
    struct Plain {}

    #[derive(serde::Deserialize, JsonSchema)]
    struct Language {}

    impl Step for Plain {
        const TYPE: &str = "plain";
        const SUMMARY: &str = "Runs nothing";
        fn run(self, _: &Invocation) -> StepResult {
            Ok(Output::new("done"))
        }
    }

    impl Step for Language {
        const TYPE: &str = "language";
        const SUMMARY: &str = "Runs scripts";
        const ACTIONS: &[Action] = &[Action::check(&[".x", ".y"]), Action::test(&[".test.x"])];
        fn run(self, _: &Invocation) -> StepResult {
            Ok(Output::new("done"))
        }
    }

    #[test]
    fn the_schema_declares_the_actions() {
        for (schema, actions) in [
            (schema_value::<Plain>(), None),
            (schema_value::<Language>(), Some(json!({"check": [".x", ".y"], "test": [".test.x"]}))),
        ] {
            assert_eq!(schema.get("x-stepwell-actions"), actions.as_ref(), "{schema}");
        }
    }
}
