//! Actions on scripts that a step declares in the schema of its configuration, so that the command can check and
//! test scripts of any language.
//!
//! `"x-stepwell-actions": {"check": [".ps1"], "test": [".tests.ps1"]}` names each action with the ends of the
//! names of its files. `docs/steps.md` describes the configuration and the output of each action.

use serde_json::{Map, Value};

use crate::document::cut;
use crate::step::Manifest;

/// The key of the actions in a configuration schema.
const ACTIONS: &str = "x-stepwell-actions";
/// Ends of names that one action may have.
const ENDS: usize = 16;
/// Characters of an end.
const END: usize = 32;

/// An action on scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Finds what scripts need, and runs none of them.
    Check,
    /// Runs files of tests.
    Test,
}

impl Action {
    /// All actions.
    pub const ALL: [Self; 2] = [Self::Check, Self::Test];

    /// The value of `action` in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Test => "test",
        }
    }

    /// The properties that the host sets in the configuration.
    const fn properties(self) -> &'static [&'static str] {
        match self {
            Self::Check => &["action", "script_path"],
            Self::Test => &["action", "script_path", "tags", "exclude_tags"],
        }
    }

    /// The ends of the names of the files for which a step declares this action, in lower case.
    pub fn files(self, manifest: &Manifest) -> Option<Vec<&str>> {
        let ends = manifest.config_schema.value().get(ACTIONS)?.get(self.name())?.as_array()?;
        Some(ends.iter().filter_map(Value::as_str).collect())
    }
}

/// Returns the problem of the actions of a descriptor, and the fix.
pub(crate) fn problems(manifest: &Manifest) -> Vec<String> {
    let Some(actions) = manifest.config_schema.value().get(ACTIONS) else { return Vec::new() };
    let wrong = |why: String| format!("`config-schema`: `{ACTIONS}` {why}");
    let Some(actions) = actions.as_object() else {
        return vec![wrong("is not an object; write for instance {\"check\": [\".x\"]}".to_owned())];
    };
    unknown(actions).into_iter().chain(misdeclared(manifest, actions)).map(wrong).collect()
}

fn unknown(actions: &Map<String, Value>) -> Option<String> {
    let name = actions.keys().find(|name| Action::ALL.iter().all(|action| action.name() != *name))?;
    let known = Action::ALL.map(Action::name).join(", ");
    Some(format!("has {:?}; the actions are {known}", cut(name, 40)))
}

fn misdeclared(manifest: &Manifest, actions: &Map<String, Value>) -> Vec<String> {
    let mut problems = Vec::new();
    for (action, ends) in Action::ALL.iter().filter_map(|action| Some((action, actions.get(action.name())?)))
    {
        let name = action.name();
        if !ends.as_array().is_some_and(|ends| (1..=ENDS).contains(&ends.len()) && ends.iter().all(is_end)) {
            problems.push(format!(
                "has other files for {name:?} than ends of names; write 1 to {ENDS} of them in lower case, for instance [\".x\"]"
            ));
        }
        for property in action.properties().iter().filter(|property| !manifest.takes(property)) {
            problems
                .push(format!("has {name:?}, and the configuration has no property `{property}`; add it"));
        }
    }
    problems
}

/// Whether that is the end of a file's name: `.ps1` or `_test.lua`.
fn is_end(end: &Value) -> bool {
    end.as_str().is_some_and(|end| {
        (2..=END).contains(&end.len())
            && end.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '.' | '_' | '-'))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::Profile;

    fn manifest(actions: Value) -> Manifest {
        let properties = json!({"action": {}, "script_path": {}});
        let schema = json!({"type": "object", "properties": properties, ACTIONS: actions});
        Manifest {
            type_name: "acme/lua".to_owned(),
            version: "1.0.0".to_owned(),
            summary: "Runs scripts".to_owned(),
            config_schema: schema.into(),
            needs: Vec::new(),
            profile: Profile::Standard,
            idempotent: false,
        }
    }

    #[test]
    fn actions_are_declared_with_their_files() {
        let manifest = manifest(json!({"check": [".lua", "_x.lua"]}));
        assert_eq!(problems(&manifest), Vec::<String>::new());
        assert_eq!(Action::Check.files(&manifest), Some(vec![".lua", "_x.lua"]));
        assert_eq!(Action::Test.files(&manifest), None);
    }

    #[test]
    fn each_problem_names_the_fix() {
        for (actions, said) in [
            (json!(["check"]), "is not an object"),
            (json!({"lint": [".lua"]}), "has \"lint\"; the actions are check, test"),
            (json!({"check": []}), "write 1 to 16 of them"),
            (json!({"check": ".lua"}), "write 1 to 16 of them"),
            (json!({"check": vec![".lua"; 17]}), "write 1 to 16 of them"),
            (json!({"check": ["*.lua"]}), "other files for \"check\""),
            (json!({"check": [".LUA"]}), "in lower case"),
            (json!({"check": ["a/b.lua"]}), "in lower case"),
            (json!({"check": [1]}), "in lower case"),
            (json!({"check": ["x".repeat(33)]}), "in lower case"),
            (json!({"test": [".lua"]}), "has \"test\", and the configuration has no property `tags`"),
        ] {
            let found = problems(&manifest(actions.clone())).join("\n");
            assert!(found.contains(said), "{actions}: {found}");
        }
    }
}
