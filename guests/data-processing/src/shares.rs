//! The key `split` of the job file's configuration.

use schemars::JsonSchema;
use serde::Deserialize;
use stepwell_sdk::prelude::serde_json::Value;
use stepwell_sdk::{Issue, pointer};

use crate::config::DataProcessing;

/// The maximum number of parts.
pub const MAX_PARTS: u32 = 64;
/// The status of a part that ended well.
const SUCCESS: &str = "success";

/// The division of one input into parts, which several steps read at the same time. Where the query or the
/// input cannot be divided, one step reads the input whole, with a warning in its log.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// The input to divide: the name of one of `inputs`, and the largest of them.
    pub input: String,
    /// The number of parts.
    #[schemars(range(min = 1, max = 64))]
    pub parts: u32,
    /// Set by the engine: the part that this step reads, starting at 0.
    #[serde(default)]
    #[schemars(range(max = 63))]
    pub part: Option<u32>,
    /// Set by the engine: the file for the result of the part, relative to `/workspace` and without an
    /// extension.
    #[serde(default)]
    pub to: Option<String>,
    /// Set by the engine: the results of the parts in their order, which this step puts together.
    #[serde(default)]
    #[schemars(length(max = 64))]
    pub from: Option<Vec<End>>,
}

/// The end of a part.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct End {
    /// The status of the part: `success`, or another status.
    pub status: String,
    /// The output of the part.
    #[serde(default)]
    pub output: Value,
}

/// The work of a step within a split.
#[derive(Debug, PartialEq, Eq)]
pub enum Role<'a> {
    /// The step reads all inputs and writes the result.
    Whole,
    /// The step reads one part, and writes its result to a file.
    Part { part: u32, to: &'a str },
    /// The step puts the results of the parts together.
    Merge,
}

impl Split {
    /// Returns the work of this step.
    pub fn role(&self) -> Role<'_> {
        match (&self.part, &self.to, &self.from) {
            (Some(part), Some(to), _) => Role::Part { part: *part, to },
            (_, _, Some(_)) => Role::Merge,
            _ => Role::Whole,
        }
    }

    /// Returns the problems that the schema does not express.
    pub fn issues(&self, step: &DataProcessing) -> Vec<Issue> {
        let mut issues = Vec::new();
        let mut problem = |key: &str, what: String| {
            issues.push(Issue::at(pointer(["split", key]), what).concerns("/split").concerns("/inputs"))
        };
        if !step.inputs.contains_key(&self.input) {
            let known: Vec<String> = step.inputs.keys().map(|name| format!("`{name}`")).collect();
            problem(
                "input",
                format!("there is no input `{}`: write one of {}", self.input, known.join(", ")),
            );
        }
        if !(1..=MAX_PARTS).contains(&self.parts) {
            problem("parts", format!("write a number from 1 to {MAX_PARTS}"));
        }
        if self.part.is_some_and(|part| part >= self.parts) {
            problem("part", format!("there are only {} parts, which begin at 0", self.parts));
        }
        if self.part.is_some() != self.to.is_some() {
            problem("part", "a part has both `part` and `to`, which the engine sets".to_owned());
        }
        if self.part.is_some() && self.from.is_some() {
            problem("from", "a step has either `part` or `from`, which the engine sets".to_owned());
        }
        if self.to.as_deref().is_some_and(|to| to.starts_with('/') || to.split('/').any(|name| name == ".."))
        {
            problem("to", "write a path within `/workspace`".to_owned());
        }
        if self.from.as_ref().is_some_and(|from| from.len() as u64 != u64::from(self.parts)) {
            problem("from", format!("write one entry for each of the {} parts", self.parts));
        }
        issues
    }
}

impl End {
    /// Returns whether the part ended well.
    pub fn is_success(&self) -> bool {
        self.status == SUCCESS
    }

    /// Returns the reason why the input cannot be divided, if the part found one.
    pub fn whole(&self) -> Option<&str> {
        self.output.get("whole")?.as_str()
    }

    /// Returns the file with the result of the part.
    pub fn file(&self) -> Option<&str> {
        self.output.get("file")?.as_str()
    }

    /// Returns the number of bytes that the part read.
    pub fn bytes_read(&self) -> u64 {
        self.output.get("bytes_read").and_then(Value::as_u64).unwrap_or(0)
    }

    /// Returns the number of rows of an input that the part left out.
    pub fn rejected(&self, input: &str) -> u64 {
        let count = self.output.get("rows_rejected").and_then(|counts| counts.get(input));
        count.and_then(Value::as_u64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use stepwell_sdk::prelude::serde_json::{self, json};

    use super::*;

    fn step(split: &Value) -> DataProcessing {
        let step = json!({"inputs": {"a": "a.csv"}, "query": "SELECT 1", "split": split});
        serde_json::from_value(step).unwrap()
    }

    #[test]
    fn a_split_is_complete_or_refused() {
        let end = json!({"status": "success", "output": {"file": "x"}, "key": "k"});
        for (split, pointers) in [
            (json!({"input": "a", "parts": 1}), vec![]),
            (json!({"input": "a", "parts": 64, "part": 63, "to": "p/x"}), vec![]),
            (json!({"input": "a", "parts": 2, "from": [end, end]}), vec![]),
            (json!({"input": "b", "parts": 2}), vec!["/split/input"]),
            (json!({"input": "a", "parts": 0}), vec!["/split/parts"]),
            (json!({"input": "a", "parts": 65}), vec!["/split/parts"]),
            (json!({"input": "a", "parts": 2, "part": 2, "to": "x"}), vec!["/split/part"]),
            (json!({"input": "a", "parts": 2, "part": 1}), vec!["/split/part"]),
            (json!({"input": "a", "parts": 2, "part": 1, "to": "../x"}), vec!["/split/to"]),
            (json!({"input": "a", "parts": 2, "part": 1, "to": "/in/x"}), vec!["/split/to"]),
            (json!({"input": "a", "parts": 2, "from": [end]}), vec!["/split/from"]),
        ] {
            let found: Vec<String> = step(&split).issues().into_iter().map(|issue| issue.pointer).collect();
            assert_eq!(found, pointers, "{split}");
        }
    }

    #[test]
    fn the_keys_of_the_engine_decide_the_role() {
        for (split, role) in [
            (json!({"input": "a", "parts": 2}), Role::Whole),
            (json!({"input": "a", "parts": 2, "part": 1, "to": "x"}), Role::Part { part: 1, to: "x" }),
            (json!({"input": "a", "parts": 1, "from": [{"status": "failed"}]}), Role::Merge),
        ] {
            assert_eq!(step(&split).split.as_ref().map(Split::role), Some(role));
        }
    }
}
