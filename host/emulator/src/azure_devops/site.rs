//! The resources of an organization, as its answers show them.

use serde_json::{Map, Value, json};

use super::{Options, Run};

/// The fixed parts of the URLs.
pub(super) struct Site<'a> {
    pub options: &'a Options,
    pub base: String,
}

impl Site<'_> {
    pub fn pipeline(&self, id: u64) -> Value {
        let name = self.options.pipelines.get(&id).map_or("", |pipeline| &pipeline.name);
        let url = format!("{}/_apis/pipelines/{id}?revision=1", self.base);
        json!({"id": id, "name": name, "folder": "\\", "revision": 1, "url": url,
               "_links": {"self": {"href": url}}})
    }

    /// Returns one stage with two tasks. The first task ends at once, the second with the run.
    pub fn records(&self, run: &Run) -> Value {
        let pipeline = self.options.pipelines.get(&run.pipeline);
        let over = run.cancelled || pipeline.is_none_or(|pipeline| run.started.elapsed() >= pipeline.takes);
        let state = if over { "completed" } else { "inProgress" };
        let result =
            if over { json!(pipeline.map_or("failed", |pipeline| pipeline.result)) } else { Value::Null };
        let mut issues = Vec::new();
        if result == "failed" {
            issues.push(
                json!({"type": "error", "category": "General", "message": "Bash exited with code '1'."}),
            );
        }
        let id = |last: u32| format!("00000000-0000-0000-0000-00000000000{last}");
        json!([
            {"id": id(1), "type": "Stage", "name": "Deploy", "state": state, "result": result, "order": 1},
            {"id": id(2), "parentId": id(1), "type": "Job", "name": "Tests", "state": state, "result": result, "order": 1},
            {"id": id(3), "parentId": id(2), "type": "Task", "name": "Build", "state": "completed", "result": "succeeded",
             "log": {"id": 5, "type": "Container", "url": self.base}, "order": 1},
            {"id": id(4), "parentId": id(2), "type": "Task", "name": "Run tests", "state": state, "result": result,
             "issues": issues, "log": {"id": 6, "type": "Container", "url": self.base}, "order": 2},
        ])
    }

    pub fn run(&self, run: &Run) -> Value {
        let pipeline = self.options.pipelines.get(&run.pipeline);
        let over = pipeline.is_none_or(|pipeline| run.started.elapsed() >= pipeline.takes);
        let url = format!("{}/_apis/pipelines/{}/runs/{}", self.base, run.pipeline, run.id);
        let all = json!({
            "_links": {"self": {"href": url}},
            "createdDate": "2025-09-01T14:30:22.1234567Z",
            "id": run.id,
            "name": format!("20250901.{}", run.id),
            "pipeline": self.pipeline(run.pipeline),
            "state": if run.cancelled || over { "completed" } else { "inProgress" },
            "templateParameters": run.request.get("templateParameters").cloned().unwrap_or_else(|| json!({})),
            "url": url,
        });
        let mut value = if let Value::Object(all) = all { all } else { Map::new() };
        let mut set = |name: &str, of: Value| value.insert(name.to_owned(), of);
        if let Some(name) = run.request.pointer("/resources/repositories/self/refName") {
            let repository = json!({"refName": name, "version": "0123456789abcdef0123456789abcdef01234567",
                "repository": {"type": "azureReposGit"}});
            set("resources", json!({"repositories": {"self": repository}}));
        }
        if let Some(variables) = run.request.get("variables") {
            set("variables", variables.clone());
        }
        if run.cancelled || over {
            set("finishedDate", "2025-09-01T14:32:45.7890123Z".into());
            let result = if run.cancelled { "canceled" } else { pipeline.map_or("unknown", |p| p.result) };
            set("result", result.into());
        }
        Value::Object(value)
    }
}
