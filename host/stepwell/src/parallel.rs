//! The setting that lets the branches of groups run at the same time, and the place that holds it.

use stepwell_engine::JobDefinition;

use crate::HostError;
use crate::context::Context;

/// The environment variables that switch parallel execution on or off: the first that is set and not empty.
const VARIABLES: [&str; 2] = ["STEPWELL_PARALLEL_ENABLED", "PIPELINE_PARALLEL_ENABLED"];

/// A setting of this process, which counts more than the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParallelOverride {
    /// Whether parallel execution is on.
    pub on: bool,
    /// The environment variable that says so. `None` for [`crate::HostBuilder::parallel_execution`].
    pub variable: Option<&'static str>,
}

/// The place that decides about parallel execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Process(Option<&'static str>),
    Project(String),
    Configuration,
    Nothing,
    Job,
}

impl Place {
    /// Returns how to switch parallel execution on, where this place has switched it off.
    pub fn fix(&self) -> String {
        match self {
            Self::Process(Some(variable)) => {
                format!("the environment variable {variable} switches it off: set it to `true`, or unset it")
            }
            Self::Process(None) => "the program that embeds Stepwell switches it off".to_owned(),
            Self::Project(name) => format!(
                "`projects: {{{name}: {{features: {{parallel_execution: false}}}}}}` in the configuration \
                 switches it off: set it to `true`"
            ),
            Self::Configuration => {
                "`features: {parallel_execution: false}` in the configuration switches it \
                                    off: set it to `true`"
                    .to_owned()
            }
            Self::Nothing => "`features: {parallel_execution: true}` in the configuration, or \
                              STEPWELL_PARALLEL_ENABLED=true, switches it on"
                .to_owned(),
            Self::Job => {
                "`features: {parallel_execution: false}` in the job switches it off: remove it".to_owned()
            }
        }
    }
}

impl Context {
    /// Returns whether the branches of a job's groups run at the same time.
    pub fn runs_in_parallel(&self, project: &str, job: &JobDefinition) -> bool {
        self.parallel_off(project, job).is_none()
    }

    /// Returns the place that switches parallel execution off for a job: the environment, the project or the
    /// configuration, and otherwise the job. `None` when it is on.
    pub fn parallel_off(&self, project: &str, job: &JobDefinition) -> Option<Place> {
        let settings = self.settings();
        let config = &settings.config;
        let of_project = config.projects.get(project).and_then(|project| project.features.parallel_execution);
        let (on, place) = match (self.parallel, of_project, config.features.parallel_execution) {
            (Some(set), ..) => (set.on, Place::Process(set.variable)),
            (None, Some(on), _) => (on, Place::Project(project.to_owned())),
            (None, None, Some(on)) => (on, Place::Configuration),
            (None, None, None) => (false, Place::Nothing),
        };
        match job.features.and_then(|features| features.parallel_execution) {
            _ if !on => Some(place),
            Some(false) => Some(Place::Job),
            _ => None,
        }
    }
}

/// Returns the setting of the environment.
///
/// # Errors
/// Fails when the variable is neither `true` nor `false`.
pub(crate) fn by_environment() -> Result<Option<ParallelOverride>, HostError> {
    let value = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let set = VARIABLES.into_iter().find_map(|name| Some((name, value(name)?)));
    let Some((name, value)) = set else { return Ok(None) };
    let on = match value.to_string_lossy().to_ascii_lowercase().as_str() {
        "true" | "1" => true,
        "false" | "0" => false,
        other => {
            return Err(HostError::Refused(format!(
                "the environment variable {name} is `{}`: set it to `true` or `false`",
                stepwell_engine::document::cut(other, 40)
            )));
        }
    };
    Ok(Some(ParallelOverride { on, variable: Some(name) }))
}
