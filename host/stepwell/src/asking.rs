//! Pending approvals: the information that an approver sees.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use stepwell_engine::document::{cut, is_secret_name};
use stepwell_engine::job::Work;
use stepwell_engine::run::{RunState, digest};
use stepwell_sandbox::secrets::Mask;

use crate::approvals::{Approvals, asks, not_asking};
use crate::{Asking, HostError};

/// The maximum number of characters of a text, of items of a list, of keys of an object, and of all values.
const TEXT: usize = 2000;
const ITEMS: usize = 100;
const VALUES: usize = 1000;
/// The maximum number of characters in all texts of a step.
const TEXTS: usize = 32 << 10;
/// The maximum number of steps whose configurations are shown.
const STEPS: usize = 100;

/// The configuration of a step after an approval.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ApprovedStep {
    /// The id of the step.
    pub step_id: String,
    /// The step type.
    pub step_type: String,
    /// The digest to which the approval is bound.
    pub digest: String,
    /// The configuration with that digest: its expressions filled in, its defaults added, secrets as `***`.
    /// Null when the present configuration has another digest, so that an approval is refused.
    pub configuration: Option<Value>,
    /// Whether the configuration is shortened because it is long.
    pub shortened: bool,
}

impl Approvals {
    /// Returns the approval that a run waits for at a step.
    ///
    /// # Errors
    /// Fails when there is no such run, it does not wait there, or the store fails.
    pub async fn asking(&self, execution_id: &str, step_id: &str) -> Result<Asking, HostError> {
        // The full state includes the variables that expressions read.
        let state = self.ctx.runs().get(execution_id).await?;
        match asks(&state, step_id) {
            Some((step, ..)) => Ok(Asking { state, step }),
            None => Err(not_asking(&state, step_id)),
        }
    }

    /// Returns the configurations that an approval is bound to, if they are known before the decision.
    pub async fn approved_steps(&self, asking: Asking) -> Vec<ApprovedStep> {
        let approvals = self.clone();
        // This renders expressions, and reads the files of secrets.
        let shown =
            tokio::task::spawn_blocking(move || approvals.approved_steps_now(&asking.state, asking.step));
        shown.await.unwrap_or_default()
    }

    fn approved_steps_now(&self, state: &RunState, step: usize) -> Vec<ApprovedStep> {
        let bound = state.steps.get(step).and_then(|step| step.bound.clone()).unwrap_or_default();
        let known =
            self.ctx.preparation().known_configurations(state, step, &Work::of_a_step()).unwrap_or_default();
        let mask = Mask::of(&self.ctx.settings().config);
        let job = &state.run.job;
        let bound_steps = job.all_steps().filter_map(|step| Some((step, bound.steps.get(&step.id)?)));
        let shown = bound_steps.take(STEPS).map(|(definition, bound)| {
            let config = known.iter().find(|(id, config)| *id == definition.id && digest(config) == *bound);
            let mut excerpt = Excerpt { mask: &mask, values: VALUES, texts: TEXTS, shortened: false };
            let configuration = config.map(|(_, config)| excerpt.of("", config));
            ApprovedStep {
                step_id: definition.id.clone(),
                step_type: definition.step_type.clone(),
                digest: bound.clone(),
                configuration,
                shortened: excerpt.shortened,
            }
        });
        shown.collect()
    }
}

/// Copies the start of a value, and masks its secrets.
struct Excerpt<'m> {
    mask: &'m Mask,
    values: usize,
    texts: usize,
    shortened: bool,
}

impl Excerpt<'_> {
    fn of(&mut self, name: &str, value: &Value) -> Value {
        if self.values == 0 {
            self.shortened = true;
            return Value::String("...".to_owned());
        }
        self.values -= 1;
        match value {
            Value::String(text) if is_secret_name(name) && !text.is_empty() => {
                Value::String("***".to_owned())
            }
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => {
                let mut list: Vec<Value> = items.iter().take(ITEMS).map(|item| self.of(name, item)).collect();
                if items.len() > ITEMS {
                    self.shortened = true;
                    list.push(format!("... {} more", items.len() - ITEMS).into());
                }
                Value::Array(list)
            }
            Value::Object(map) => {
                // Values below a secret name are also secret.
                let below = |key| if is_secret_name(name) { name } else { key };
                let entries = map.iter().take(ITEMS);
                let entries = entries.map(|(key, item)| (self.text(key), self.of(below(key), item)));
                let mut object: Map<String, Value> = entries.collect();
                if map.len() > ITEMS {
                    self.shortened = true;
                    object.insert("...".to_owned(), format!("{} more", map.len() - ITEMS).into());
                }
                Value::Object(object)
            }
            other => other.clone(),
        }
    }

    fn text(&mut self, text: &str) -> String {
        let masked = self.mask.text(text);
        let most = TEXT.min(self.texts);
        let shown = cut(&masked, most);
        self.shortened |= shown.len() != masked.len();
        self.texts = self.texts.saturating_sub(shown.chars().count());
        shown
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_long_configuration_is_shown_in_part_and_secrets_are_not() {
        let mask = Mask::default();
        let shown = |value: &Value| {
            let mut excerpt = Excerpt { mask: &mask, values: VALUES, texts: TEXTS, shortened: false };
            let shown = excerpt.of("", value);
            (shown, excerpt.shortened)
        };
        let small = json!({"query": "SELECT 1", "rows": [1, 2, {"a": null}]});
        assert_eq!(shown(&small), (small.clone(), false));
        let secret = json!({"headers": {"Authorization": "Bearer x"}, "password": "p", "api_keys": ["a"], "credentials": {"user": ["u"]}, "max_tokens": 3});
        let (masked, _) = shown(&secret);
        assert_eq!(
            masked,
            json!({"headers": {"Authorization": "***"}, "password": "***", "api_keys": ["***"], "credentials": {"user": ["***"]}, "max_tokens": 3})
        );
        for (value, beginning) in [
            (json!({"text": "x".repeat(5_000)}), format!("{{\"text\":\"{}...\"}}", "x".repeat(TEXT))),
            (json!(vec![7; 5_000]), "[7,7,".to_owned()),
            (json!({"deep": vec![vec![0; 99]; 99]}), "{\"deep\":[[0,".to_owned()),
            (json!(vec!["y".repeat(1_999); 99]), "[\"yyy".to_owned()),
        ] {
            let (part, shortened) = shown(&value);
            let text = part.to_string();
            assert!(shortened && text.starts_with(&beginning) && text.len() < 50_000, "{}", cut(&text, 80));
        }
    }
}
