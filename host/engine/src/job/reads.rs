//! The outputs that the expressions of a step can read.

use serde_json::Value;

use super::StepDefinition;

/// The outputs and variables that the expressions of a step can name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reads {
    /// The texts of its templates.
    text: String,
    /// Whether an expression computes the name of a step.
    any_step: bool,
    /// Whether an expression computes the name of a variable.
    any_variable: bool,
    /// Whether an expression computes a name of `run`.
    any_of_run: bool,
}

impl Reads {
    /// Returns the reads of a step.
    pub(super) fn of(step: &StepDefinition) -> Self {
        let mut text = step.when.clone().unwrap_or_default();
        let list = step.group.as_deref().and_then(|group| group.for_each.as_ref());
        for value in step.config.values().chain(list) {
            add(value, &mut text);
        }
        for name in step.locks.iter().map(|lock| &lock.name).filter(|name| name.contains("${{")) {
            text.push('\n');
            text.push_str(name);
        }
        Self::of_text(text)
    }

    /// Returns the reads of a text with templates.
    pub(crate) fn of_text(text: String) -> Self {
        let any = |root: &str| !names_only(&text, root);
        let (any_step, any_variable, any_of_run) = (any("steps"), any("vars"), any("run"));
        Self { text, any_step, any_variable, any_of_run }
    }

    /// Returns whether the step has no expressions.
    pub fn is_nothing(&self) -> bool {
        self.text.is_empty()
    }

    /// Returns whether an expression can read the step with that id.
    pub fn may_name_step(&self, id: &str) -> bool {
        self.any_step || self.text.contains(id)
    }

    /// Returns whether an expression can read the variable with that name.
    pub fn may_name_variable(&self, name: &str) -> bool {
        self.any_variable || self.text.contains(name)
    }

    /// Returns whether an expression can read the locks that the step holds.
    pub fn may_name_locks(&self) -> bool {
        self.text.contains("locks")
    }

    /// Returns whether an expression can read the directory of the branch.
    pub fn may_name_branch_dir(&self) -> bool {
        self.any_of_run || self.text.contains("branch_dir")
    }
}

fn add(value: &Value, text: &mut String) {
    match value {
        Value::String(part) if part.contains("${{") => {
            text.push('\n');
            text.push_str(part);
        }
        Value::Array(items) => items.iter().for_each(|item| add(item, text)),
        Value::Object(map) => map.values().for_each(|item| add(item, text)),
        _ => {}
    }
}

/// Returns whether every use of `root` is followed by a written name: `steps.load` or `steps["load"]`.
fn names_only(text: &str, root: &str) -> bool {
    text.match_indices(root).all(|(start, word)| {
        let before = text.get(..start).and_then(|text| text.chars().next_back());
        if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '"' | '\'')) {
            return true;
        }
        let rest = text.get(start + word.len()..).unwrap_or_default().trim_start();
        let of_name = |c: char| c.is_alphanumeric() || c == '_';
        if let Some(rest) = rest.strip_prefix('.') {
            let rest = rest.trim_start().trim_start_matches(of_name).trim_start();
            return !rest.starts_with('(');
        }
        match rest.strip_prefix('[') {
            Some(rest) => is_one_text(rest.trim_start()),
            None => rest.starts_with(of_name),
        }
    })
}

/// Returns whether a subscript is one written text, and no expression that begins with one.
fn is_one_text(subscript: &str) -> bool {
    let Some(quote) = subscript.chars().next().filter(|c| matches!(c, '"' | '\'')) else { return false };
    let end = subscript.get(1..).and_then(|rest| rest.split_once(quote));
    end.is_some_and(|(text, rest)| !text.contains('\\') && rest.trim_start().starts_with(']'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_step_reads_the_steps_that_it_names() {
        for (text, load, other) in [
            ("${{ steps.load.output }}", true, false),
            ("${{ steps['load'].output }}", true, false),
            ("${{ steps [ \"load\" ].output }}", true, false),
            ("no expression about load", false, false),
            ("${{ vars.x }}", false, false),
            ("${{ steps[vars.name].output }}", true, true),
            ("${{ steps['lo' ~ 'ad'].output }}", true, true),
            ("${{ steps['lo\\x61d'].output }}", true, true),
            ("${{ steps['load' if vars.x else 'other'].output }}", true, true),
            ("${{ steps.items() | length }}", true, true),
            ("${{ steps | length }}", true, true),
            ("${{ 'a' in steps }}", true, true),
            ("${{ vars.steps_done }}", false, false),
            ("${{ vars.other }}", false, true),
        ] {
            let step: StepDefinition =
                serde_json::from_value(json!({"id": "a", "type": "x", "deep": [{"text": text}]})).unwrap();
            let reads = Reads::of(&step);
            let found = (reads.may_name_step("load"), reads.may_name_step("other"));
            assert_eq!(found, (load, other), "{text}");
            assert!(!reads.may_name_variable("day"), "{text}");
        }
    }
}
