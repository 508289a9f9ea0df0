//! What a job file says about an `azure_devops` step.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use stepwell_sdk::prelude::{Step, serde_json};
use stepwell_sdk::{Invocation, Issue, Need, Pending, StepResult, pointer};

/// Configuration of `azure_devops`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AzureDevOps {
    /// The organization; its credential is the operator's, and added by the host.
    #[schemars(regex(pattern = "^[A-Za-z0-9][A-Za-z0-9-]*$"))]
    pub organization: String,
    /// The project.
    #[schemars(length(min = 1))]
    pub project: String,
    /// The number of the pipeline.
    pub pipeline_id: PipelineId,
    /// The branch of the pipeline's own repository: `main`, or a full `refs/...`. Default: the pipeline's.
    #[serde(default)]
    pub branch: Option<String>,
    /// Parameters of the YAML pipeline (`templateParameters`).
    #[serde(default)]
    pub parameters: BTreeMap<String, serde_json::Value>,
    /// Variables; the pipeline must let them be set at queue time.
    #[serde(default)]
    pub variables: BTreeMap<String, serde_json::Value>,
    /// Stages that the run leaves out, by name.
    #[serde(default)]
    pub stages_to_skip: Vec<String>,
    /// Versions of the resources that the YAML pipeline names. Default: its own.
    #[serde(default)]
    pub resources: Resources,
    /// Only asks for the YAML that would run, with all templates expanded, and triggers nothing. Default: false.
    #[serde(default)]
    pub preview: bool,
    /// Lines of the run's logs that go to the log of the step. Default: `failed`, those of the tasks that failed.
    #[serde(default)]
    pub show_logs: ShowLogs,
    /// A directory for the logs of the run, one file each: relative to `/workspace`, or absolute within a mount that is
    /// granted for writing.
    #[serde(default)]
    pub save_logs: Option<String>,
    /// A directory for the artifacts of the run, as `NAME.zip`. Azure DevOps stores them on another host, which policy
    /// must grant, too.
    #[serde(default)]
    pub save_artifacts: Option<String>,
    /// Whether to wait until the pipeline has completed. Default: true, since a step that does not wait
    /// cannot fail with its pipeline.
    #[serde(default = "yes")]
    pub wait_for_completion: bool,
    /// Seconds between two checks of the run. Default: 15, as Azure DevOps asks for; longer when it says so.
    #[serde(default = "fifteen")]
    #[schemars(range(min = 0.05, max = 3600))]
    pub poll_interval: f64,
    /// Seconds to wait for the pipeline. Default: what policy grants. The pipeline runs on; a further
    /// attempt attaches to it.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub timeout: Option<f64>,
    /// The URL of the organization. Set from the operator's configuration; default:
    /// `https://dev.azure.com/ORGANIZATION`.
    #[serde(default)]
    pub organization_url: Option<String>,
    /// The version of the REST API. Set from the operator's configuration; default: 7.1.
    #[serde(default = "api_version")]
    #[schemars(regex(pattern = "^[0-9]+\\.[0-9]+(-preview(\\.[0-9]+)?)?$"))]
    pub api_version: String,
}

/// Which lines of logs the step shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ShowLogs {
    /// None.
    None,
    /// Those of tasks that failed.
    #[default]
    Failed,
    /// All.
    All,
}

/// Versions of resources, by the names that the YAML pipeline gives them.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Resources {
    /// Repositories other than the pipeline's own, for which there is `branch`.
    pub repositories: BTreeMap<String, Repository>,
    /// Runs of other pipelines.
    pub pipelines: BTreeMap<String, Version>,
    /// Builds.
    pub builds: BTreeMap<String, Version>,
    /// Containers.
    pub containers: BTreeMap<String, Version>,
    /// Packages.
    pub packages: BTreeMap<String, Version>,
}

/// A version of a repository.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Repository {
    /// `main`, or a full `refs/...`. Default: that of the YAML.
    #[serde(default)]
    pub branch: Option<String>,
    /// A commit. Default: the newest of the branch.
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

/// A pipeline's number, as a number or as text.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum PipelineId {
    /// `123`.
    Number(u64),
    /// `"123"`.
    Text(#[schemars(regex(pattern = "^[0-9]+$"))] String),
}

impl PipelineId {
    /// As it stands in URLs.
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
    /// The base of every URL: organization and project.
    pub fn base(&self) -> String {
        let default = format!("https://dev.azure.com/{}", self.organization);
        let organization = self.organization_url.as_deref().unwrap_or(&default).trim_end_matches('/');
        format!("{organization}/{}", escape(&self.project))
    }

    /// The full name of the branch.
    pub fn ref_name(&self) -> Option<String> {
        self.branch.as_deref().map(full_ref)
    }

    /// The parameters as Azure DevOps takes them: text by name.
    pub fn template_parameters(&self) -> BTreeMap<String, String> {
        let text =
            |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.parameters.iter().map(|(name, value)| (name.clone(), text(value))).collect()
    }
}

/// `refs/heads/main` of `main`.
pub fn full_ref(branch: &str) -> String {
    match branch.starts_with("refs/") {
        true => branch.to_owned(),
        false => format!("refs/heads/{branch}"),
    }
}

/// A segment of a path, percent-encoded (RFC 3986).
pub fn escape(segment: &str) -> String {
    segment
        .bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
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
