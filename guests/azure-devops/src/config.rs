//! What a job file says about an `azure_devops` step.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use stepwell_sdk::prelude::{Step, serde_json};
use stepwell_sdk::{Invocation, Issue, Need, StepResult};

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
    /// Whether to wait until the pipeline has completed. Default: true, since a step that does not wait
    /// cannot fail with its pipeline.
    #[serde(default = "yes")]
    pub wait_for_completion: bool,
    /// Seconds between two looks at the run. Default: 15, as Azure DevOps asks for; longer when it says so.
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
    const NEEDS: &[Need] = &[Need { capability: "http", purpose: "call the REST API of the organization" }];

    fn validate(&self) -> Vec<Issue> {
        let mut issues = Vec::new();
        let scalars = [("parameters", &self.parameters), ("variables", &self.variables)];
        for (section, values) in scalars {
            for (name, _) in values.iter().filter(|(_, value)| value.is_object() || value.is_null()) {
                issues.push(Issue::at(
                    format!("/{section}/{name}"),
                    "Azure DevOps takes text, numbers, booleans and lists here",
                ));
            }
        }
        issues
    }

    fn run(self, _: &Invocation) -> StepResult {
        self.follow()
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
        self.branch.as_ref().map(|branch| match branch.starts_with("refs/") {
            true => branch.clone(),
            false => format!("refs/heads/{branch}"),
        })
    }

    /// The parameters as Azure DevOps takes them: text by name.
    pub fn template_parameters(&self) -> BTreeMap<String, String> {
        let text =
            |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.parameters.iter().map(|(name, value)| (name.clone(), text(value))).collect()
    }
}

/// A segment of a path, percent-encoded (RFC 3986).
fn escape(segment: &str) -> String {
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
        assert!(step.validate().is_empty());
    }
}
