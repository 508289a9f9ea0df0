//! The job file's configuration of an `azure_devops` step.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use schemars::JsonSchema;
use serde::Deserialize;
use stepwell_sdk::prelude::{Step, serde_json};
use stepwell_sdk::{Invocation, Issue, Need, Pending, StepResult, pointer};

/// Configuration of `azure_devops`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AzureDevOps {
    /// The organization. The operator configures its credential, and the host adds it.
    #[schemars(regex(pattern = "^[A-Za-z0-9][A-Za-z0-9-]*$"), extend("x-stepwell-grant" = "http"))]
    pub organization: String,
    /// The name of the project.
    #[schemars(length(min = 1))]
    pub project: String,
    /// The number of the pipeline.
    pub pipeline_id: PipelineId,
    /// The branch of the pipeline's own repository: `main`, or a full `refs/...`. Default: the pipeline's
    /// default branch.
    #[serde(default)]
    pub branch: Option<String>,
    /// Parameters of the YAML pipeline (`templateParameters`).
    #[serde(default)]
    pub parameters: BTreeMap<String, serde_json::Value>,
    /// Variables of the run. The pipeline must allow setting them at queue time.
    #[serde(default)]
    pub variables: BTreeMap<String, serde_json::Value>,
    /// The names of the stages that the run skips. Default: none.
    #[serde(default)]
    pub stages_to_skip: Vec<String>,
    /// Versions of the resources that the YAML pipeline names. Default: the pipeline's own versions.
    #[serde(default)]
    pub resources: Resources,
    /// Whether to return the expanded YAML of the run without triggering it. Default: false.
    #[serde(default)]
    pub preview: bool,
    /// The lines of the run's logs that go to the log of the step. Default: `failed`, the logs of failed
    /// tasks.
    #[serde(default)]
    pub show_logs: ShowLogs,
    /// A directory for the logs of the run, one file per log. The path is relative to `/workspace`, or
    /// absolute within a mount that is granted for writing.
    #[serde(default)]
    pub save_logs: Option<String>,
    /// A directory for the artifacts of the run, as `NAME.zip`. Azure DevOps stores them on another host,
    /// which policy must also grant.
    #[serde(default)]
    pub save_artifacts: Option<String>,
    /// Whether to wait until the pipeline has completed. Default: true, since a step that does not wait
    /// cannot fail with its pipeline.
    #[serde(default = "yes")]
    pub wait_for_completion: bool,
    /// The number of seconds between two checks of the run. Azure DevOps can request a longer wait. Default:
    /// 15.
    #[serde(default = "fifteen")]
    #[schemars(range(min = 0.05, max = 3600))]
    pub poll_interval: f64,
    /// The number of seconds to wait for the pipeline. After that, the pipeline continues, and the next
    /// attempt attaches to it. Default: the time limit that policy grants.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub timeout: Option<f64>,
    /// The URL of the organization. It comes from the operator's configuration. Default:
    /// `https://dev.azure.com/ORGANIZATION`.
    #[serde(default)]
    pub organization_url: Option<String>,
    /// The version of the REST API. It comes from the operator's configuration. Default: 7.1.
    #[serde(default = "api_version")]
    #[schemars(regex(pattern = "^[0-9]+\\.[0-9]+(-preview(\\.[0-9]+)?)?$"))]
    pub api_version: String,
}

/// The log lines that the step shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ShowLogs {
    /// No log lines.
    None,
    /// The log lines of failed tasks.
    #[default]
    Failed,
    /// All log lines.
    All,
}

/// Versions of resources, by their names in the YAML pipeline.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Resources {
    /// Other repositories. For the pipeline's own repository, use `branch`.
    pub repositories: BTreeMap<String, Repository>,
    /// Runs of other pipelines, by resource name.
    pub pipelines: BTreeMap<String, Version>,
    /// Builds, by resource name.
    pub builds: BTreeMap<String, Version>,
    /// Containers, by resource name.
    pub containers: BTreeMap<String, Version>,
    /// Packages, by resource name.
    pub packages: BTreeMap<String, Version>,
}

/// A version of a repository.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Repository {
    /// The branch: `main`, or a full `refs/...`. Default: the branch in the YAML.
    #[serde(default)]
    pub branch: Option<String>,
    /// The commit. Default: the newest commit of the branch.
    #[serde(default)]
    pub version: Option<String>,
}

/// A version of a resource.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// The version, for instance the number of a run.
    pub version: String,
}

/// The number of a pipeline, as a number or as text.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum PipelineId {
    /// As a number, for instance `123`.
    Number(u64),
    /// As text, for instance `"123"`.
    Text(#[schemars(regex(pattern = "^[0-9]+$"))] String),
}

impl PipelineId {
    /// Returns the number as it appears in URLs.
    pub fn text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

fn api_version() -> String {
    "7.1".to_owned()
}

fn yes() -> bool {
    true
}

fn fifteen() -> f64 {
    15.0
}

impl Step for AzureDevOps {
    const TYPE: &str = "azure_devops";
    const VERSION: &str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &str = "Triggers an Azure DevOps pipeline and waits for it";
    const NEEDS: &[Need] = &[
        Need::new("http", "call the REST API of the organization"),
        Need::optional("files", "save logs and artifacts, where `save_logs` or `save_artifacts` is set"),
    ];

    fn validate(&self, _: &Pending) -> Vec<Issue> {
        let mut issues = Vec::new();
        let scalars = [("parameters", &self.parameters), ("variables", &self.variables)];
        for (section, values) in scalars {
            for (name, _) in values.iter().filter(|(_, value)| value.is_object() || value.is_null()) {
                issues.push(Issue::at(
                    pointer([section, name.as_str()]),
                    "Azure DevOps takes text, numbers, booleans and lists here",
                ));
            }
        }
        let after = [
            ("save_logs", self.save_logs.is_some()),
            ("save_artifacts", self.save_artifacts.is_some()),
            ("timeout", self.timeout.is_some()),
        ];
        for (key, _) in after.into_iter().filter(|(_, given)| *given) {
            if self.preview || !self.wait_for_completion {
                let other = if self.preview { "preview: true" } else { "wait_for_completion: false" };
                let message = format!("does nothing with `{other}`: remove one of the two");
                let issue = Issue::at(format!("/{key}"), message);
                issues.push(issue.concerns("/preview").concerns("/wait_for_completion"));
            }
        }
        if self.resources.repositories.contains_key("self") {
            issues.push(Issue::at(
                "/resources/repositories/self",
                "the pipeline's own repository has `branch`",
            ));
        }
        issues
    }

    fn run(self, _: &Invocation) -> StepResult {
        if self.preview { self.show_preview() } else { self.follow() }
    }
}

impl AzureDevOps {
    /// Returns the base of every URL: organization and project.
    pub fn base(&self) -> String {
        let default = format!("https://dev.azure.com/{}", self.organization);
        let organization = self.organization_url.as_deref().unwrap_or(&default).trim_end_matches('/');
        format!("{organization}/{}", escape(&self.project))
    }

    /// Returns the full name of the branch.
    pub fn ref_name(&self) -> Option<String> {
        self.branch.as_deref().map(full_ref)
    }

    /// Returns the parameters as Azure DevOps accepts them: a map from name to text.
    pub fn template_parameters(&self) -> BTreeMap<String, String> {
        let text =
            |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.parameters.iter().map(|(name, value)| (name.clone(), text(value))).collect()
    }
}

/// Returns `refs/heads/main` for `main`.
pub fn full_ref(branch: &str) -> String {
    match branch.starts_with("refs/") {
        true => branch.to_owned(),
        false => format!("refs/heads/{branch}"),
    }
}

/// Percent-encodes a segment of a path (RFC 3986).
pub fn escape(segment: &str) -> String {
    /// All characters except the unreserved ones.
    const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(segment, &RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(more: &str) -> AzureDevOps {
        let json = format!(
            r#"{{"organization": "contoso", "project": "data platform", "pipeline_id": "123"{more}}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn urls_and_names() {
        assert_eq!(step("").base(), "https://dev.azure.com/contoso/data%20platform");
        assert_eq!(escape("a-b._~/%\u{e9}+"), "a-b._~%2F%25%C3%A9%2B");
        let on_premises = step(r#", "organization_url": "http://127.0.0.1:8089/contoso/""#);
        assert_eq!(on_premises.base(), "http://127.0.0.1:8089/contoso/data%20platform");
        for (branch, full) in [("main", "refs/heads/main"), ("refs/tags/v1", "refs/tags/v1")] {
            assert_eq!(step(&format!(r#", "branch": "{branch}""#)).ref_name().as_deref(), Some(full));
        }
    }

    #[test]
    fn parameters_become_text() {
        let step =
            step(r#", "parameters": {"Environment": "prod", "Count": 3, "Dry": false, "Zones": ["a"]}"#);
        let expected = [("Count", "3"), ("Dry", "false"), ("Environment", "prod"), ("Zones", r#"["a"]"#)];
        let parameters = step.template_parameters();
        let found: Vec<_> = parameters.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(found, expected);
        assert!(step.validate(&Pending::none()).is_empty());
    }
}
