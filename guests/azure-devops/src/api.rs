//! The few endpoints that the step calls, and the meaning of their responses.

use std::time::Duration;

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use stepwell_sdk::Failure;
use stepwell_sdk::http::{Request, Response};
use stepwell_sdk::prelude::serde_json::{self, Map, Value, json};

use crate::config::{AzureDevOps, full_ref};

/// The maximum size of a response in bytes. Lists of runs are the largest, at a few hundred bytes per run.
const MAX_ANSWER: usize = 4 << 20;

/// The fields of a pipeline run that the step reads.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    pub id: u64,
    #[serde(default)]
    pub name: String,
    pub state: String,
    #[serde(default)]
    pub result: Option<String>,
    #[serde(default)]
    pub url: String,
    #[serde(default)]
    pub template_parameters: Option<Map<String, Value>>,
}

/// A response, and the wait that Azure DevOps requests before the next request. It may request one with any
/// status.
#[derive(Debug)]
pub struct Answer<T> {
    pub value: T,
    pub retry_after: Option<Duration>,
}

impl AzureDevOps {
    /// Returns the runs of the pipeline, newest first.
    pub fn runs(&self) -> Result<Answer<Vec<Run>>, Failure> {
        #[derive(Deserialize)]
        struct List {
            value: Vec<Run>,
        }
        let answer = self.call::<List>(&Request::new("GET", self.pipeline("runs")))?;
        let mut runs = answer.value.value;
        runs.sort_by_key(|run| std::cmp::Reverse(run.id));
        Ok(Answer { value: runs, retry_after: answer.retry_after })
    }

    /// Triggers a run.
    pub fn trigger(&self) -> Result<Answer<Run>, Failure> {
        self.call(&Request::new("POST", self.pipeline("runs")).json(&self.wanted()))
    }

    /// Returns the YAML that a run would use.
    pub fn final_yaml(&self) -> Result<String, Failure> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Preview {
            final_yaml: String,
        }
        let mut body = self.wanted();
        body["previewRun"] = true.into();
        let answer = self.call::<Preview>(&Request::new("POST", self.pipeline("preview")).json(&body))?;
        Ok(answer.value.final_yaml)
    }

    /// Builds the request body that describes a run.
    fn wanted(&self) -> Value {
        let mut body = json!({});
        let mut repositories = Map::new();
        if let Some(name) = self.ref_name() {
            repositories.insert("self".to_owned(), json!({"refName": name}));
        }
        for (alias, repository) in &self.resources.repositories {
            let mut wanted = Map::new();
            wanted.extend(
                repository.branch.as_deref().map(|branch| ("refName".to_owned(), full_ref(branch).into())),
            );
            wanted
                .extend(repository.version.as_deref().map(|version| ("version".to_owned(), version.into())));
            repositories.insert(alias.clone(), wanted.into());
        }
        let mut resources = Map::new();
        if !repositories.is_empty() {
            resources.insert("repositories".to_owned(), repositories.into());
        }
        for (kind, versions) in [
            ("pipelines", &self.resources.pipelines),
            ("builds", &self.resources.builds),
            ("containers", &self.resources.containers),
            ("packages", &self.resources.packages),
        ] {
            let wanted =
                versions.iter().map(|(alias, wanted)| (alias.clone(), json!({"version": wanted.version})));
            let wanted: Map<String, Value> = wanted.collect();
            if !wanted.is_empty() {
                resources.insert(kind.to_owned(), wanted.into());
            }
        }
        if !resources.is_empty() {
            body["resources"] = resources.into();
        }
        if !self.stages_to_skip.is_empty() {
            body["stagesToSkip"] = json!(self.stages_to_skip);
        }
        if !self.parameters.is_empty() {
            body["templateParameters"] = json!(self.template_parameters());
        }
        if !self.variables.is_empty() {
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let variable = |(name, value): (&String, &Value)| (name.clone(), json!({"value": text(value)}));
            body["variables"] = self.variables.iter().map(variable).collect::<Map<_, _>>().into();
        }
        body
    }

    /// Returns one run.
    pub fn run_of(&self, id: u64) -> Result<Answer<Run>, Failure> {
        self.call(&Request::new("GET", self.pipeline(&format!("runs/{id}"))))
    }

    /// Asks Azure DevOps to cancel a run. The id of a run is also the id of its build.
    pub fn cancel(&self, id: u64) -> Result<(), Failure> {
        let request = Request::new("PATCH", self.build(id, "")).json(&json!({"status": "cancelling"}));
        self.call::<Value>(&request)?;
        Ok(())
    }

    /// Returns a URL below the pipeline.
    pub fn pipeline(&self, rest: &str) -> String {
        let (id, version) = (self.pipeline_id.text(), &self.api_version);
        format!("{}/_apis/pipelines/{id}/{rest}?api-version={version}", self.base())
    }

    /// Returns a URL below a build, whose number is the number of the run.
    pub fn build(&self, id: u64, rest: &str) -> String {
        format!("{}/_apis/build/builds/{id}{rest}?api-version={}", self.base(), self.api_version)
    }

    /// Labels the request with the organization, since another organization may have the same URL.
    pub fn named(&self, request: &Request) -> Request {
        request.clone().credential(&self.organization)
    }

    /// Sends a request and reads its response.
    pub fn call<T: for<'de> Deserialize<'de>>(&self, request: &Request) -> Result<Answer<T>, Failure> {
        let request = self.named(request).header("accept", "application/json");
        let response = request.send(MAX_ANSWER)?;
        self.check(&response)?;
        let value = serde_json::from_slice(&response.body).map_err(|error| {
            Failure::unavailable(format!("Azure DevOps answered something that is not expected: {error}"))
        })?;
        Ok(Answer { value, retry_after: retry_after(&response) })
    }

    /// Converts a status other than 200 to a failure.
    pub fn check(&self, response: &Response) -> Result<(), Failure> {
        let why = message(response);
        let organization = &self.organization;
        let failure = match response.status {
            200 => return Ok(()),
            // The sign-in page in place of a response.
            203 | 301 | 302 | 401 => Failure::denied(format!(
                "Azure DevOps does not accept the credential of the organization `{organization}`: it is missing, wrong or expired; see `pat` or `service_principal` of `azure_devops.organizations.{organization}` in the configuration{why}"
            )),
            403 => Failure::denied(format!(
                "the credential of the organization `{organization}` may not do this; it needs Build (read and execute){why}"
            )),
            404 => Failure::not_found(format!(
                "there is no pipeline {} in the project `{}` of `{organization}`, or the credential does not see it{why}",
                self.pipeline_id.text(),
                self.project
            )),
            400 if why.contains("set the following variables") => Failure::invalid_config(format!(
                "the pipeline does not let these `variables` be set: declare them there as settable at queue time, or pass them as `parameters`{why}"
            )),
            400 => Failure::invalid_config(format!("Azure DevOps refuses the run{why}")),
            429 => {
                Failure::unavailable(format!("Azure DevOps throttles the organization `{organization}`{why}"))
            }
            500.. => Failure::unavailable(format!(
                "Azure DevOps is not available (status {}){why}",
                response.status
            )),
            other => Failure::failed(format!("Azure DevOps answered with the status {other}{why}")),
        };
        Err(match retry_after(response) {
            Some(wait) => failure.metadata("retry_after_seconds", wait.as_secs_f64()),
            None => failure,
        }
        .metadata("http_status", response.status))
    }
}

/// Returns `Retry-After` in seconds (RFC 9110). Azure DevOps never sends the date form.
pub fn retry_after(response: &Response) -> Option<Duration> {
    let seconds: f64 = response.header("retry-after")?.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// Returns `: ` and the message of an error body, if there is one.
fn message(response: &Response) -> String {
    let body: Option<Value> = serde_json::from_slice(&response.body).ok();
    match body.as_ref().and_then(|body| body.get("message")?.as_str()) {
        Some(message) => format!(": {message}"),
        // For credentials, the message is in a header, percent-encoded.
        None => response
            .header("x-tfs-serviceerror")
            .map(|text| format!(": {}", percent_decode_str(text).decode_utf8_lossy()))
            .unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use stepwell_sdk::prelude::serde_json;

    use super::*;

    #[test]
    fn each_status_has_its_meaning() {
        let step: AzureDevOps =
            serde_json::from_str(r#"{"organization": "contoso", "project": "p", "pipeline_id": 7}"#).unwrap();
        let error = r#"{"message": "TF400733: no", "typeKey": "X", "errorCode": 0}"#;
        for (status, kind, retryable) in [
            (203, "FailureKind::Denied", false),
            (302, "FailureKind::Denied", false),
            (401, "FailureKind::Denied", false),
            (403, "FailureKind::Denied", false),
            (404, "FailureKind::NotFound", false),
            (400, "FailureKind::InvalidConfig", false),
            (429, "FailureKind::Unavailable", true),
            (503, "FailureKind::Unavailable", true),
            (418, "FailureKind::Failed", false),
        ] {
            let failure = step.check(&Response::fake(status, &[("Retry-After", "7")], error)).unwrap_err();
            assert_eq!(
                (format!("{:?}", failure.kind).as_str(), failure.retryable),
                (kind, retryable),
                "{status}"
            );
            assert!(failure.message.ends_with(": TF400733: no"), "{}", failure.message);
            assert_eq!(failure.metadata["retry_after_seconds"], 7.0);
        }
        assert!(step.check(&Response::fake(200, &[], "{}")).is_ok());
    }

    #[test]
    fn the_message_of_a_header_is_decoded() {
        for (header, shown) in [
            ("TF400813%3a%20the%20user%20%27m%c3%bcller%27", ": TF400813: the user 'm\u{fc}ller'"),
            ("100% of it", ": 100% of it"),
            ("%zz%4", ": %zz%4"),
            ("%ff", ": \u{fffd}"),
        ] {
            assert_eq!(message(&Response::fake(401, &[("X-TFS-ServiceError", header)], "")), shown);
        }
        assert_eq!(message(&Response::fake(401, &[], "")), "");
    }
}
