//! The form of a job: settings, variables, the schedule, and the steps as a tree.

use std::cell::Cell;
use std::collections::BTreeMap;

use maud::{Markup, html};
use serde_json::{Value, json};
use stepwell::engine::JobDefinition;
use stepwell::engine::document::escape;
use stepwell::engine::job::{STEP_KEYS, group};

use super::fields::{Fields, id_of, sends};
use crate::ui::show;
use crate::ui::value::Parts;

/// The maximum number of steps of a list that the form shows at once, and of all steps together: the fields of a step are
/// several KiB of HTML, and the browser gets the whole form after each change.
const PAGE: usize = 15;
const MOST_STEPS: usize = 40;
/// The maximum number of variables, and of other keys, that the form shows.
const MOST: usize = 100;
/// The keys of a job that have their own part of the form.
const OWN_PARTS: [&str; 6] = ["id", "steps", "on_failure", "finally", "vars", "schedule"];
/// The keys of a group that have their own part of the form.
const MEMBERS: [&str; 2] = ["parallel_steps", "finally"];

/// A form, with the parts that do not depend on the text.
pub(super) struct Form<'f> {
    /// The address that makes a change.
    pub post: &'f str,
    /// The JSON Schemas of the configurations, by step type.
    pub types: &'f BTreeMap<String, Value>,
    /// The schema of jobs.
    pub schema: Value,
    /// The number of steps before the first one that is shown.
    from: usize,
    /// The number of steps that may still be shown.
    left: Cell<usize>,
}

impl<'f> Form<'f> {
    pub fn new(post: &'f str, types: &'f BTreeMap<String, Value>, from: usize) -> Self {
        Self { post, types, schema: JobDefinition::published_schema(), from, left: Cell::new(MOST_STEPS) }
    }

    fn fields<'s>(&'s self, root: &'s Value) -> Fields<'s> {
        Fields { post: self.post, root, level: 0, part: "" }
    }

    /// Shows the form for the value of a file.
    pub fn show(&self, job: &Value) -> Markup {
        html! {
            input #form-from type="hidden" name="from" value=(self.from);
            (self.settings(job))
            (self.schedule(job))
            (self.variables(job))
            (self.steps(job, "/steps", "Steps"))
            (self.steps(job, "/on_failure", "After a failure"))
            (self.steps(job, "/finally", "Last, after any result"))
        }
    }

    fn settings(&self, job: &Value) -> Markup {
        let all = self.schema.entries("properties");
        let own: Vec<(&str, &Value)> = all.into_iter().filter(|(key, _)| !OWN_PARTS.contains(key)).collect();
        let id = self.schema.at("properties.id");
        let required = self.schema.list("required");
        html! {
            section.part aria-labelledby="part-job" {
                h3 #part-job { "Job" }
                (self.fields(&self.schema).one("/id", "id", id, job.at("id")))
                (self.fields(&self.schema).object("", &own, (&["name", "timezone"], required), job))
            }
        }
    }

    fn schedule(&self, job: &Value) -> Markup {
        let schema = self.schema.at("$defs.Schedule.properties");
        let kinds = ["cron", "every", "at"];
        let kind = kinds.into_iter().find(|kind| job.at("schedule").get(kind).is_some());
        let rest = self.schema.entries("$defs.Schedule.properties");
        let rest: Vec<(&str, &Value)> = rest.into_iter().filter(|(key, _)| !kinds.contains(key)).collect();
        let fields = Fields { level: 1, ..self.fields(&self.schema) };
        html! {
            section.part aria-labelledby="part-schedule" {
                h3 #part-schedule { "Schedule" }
                div.field {
                    label for="schedule-kind" { "Kind" }
                    select #schedule-kind name="value" hx-post=(self.post) hx-vals=(sends("schedule", "/schedule", "")) {
                        @for (value, name) in [("none", "None: runs on demand"), ("cron", "Cron pattern"), ("every", "Interval"), ("at", "Once")] {
                            option value=(value) selected[value == kind.unwrap_or("none")] { (name) }
                        }
                    }
                }
                @if let Some(kind) = kind {
                    (fields.one(&format!("/schedule/{kind}"), kind, schema.at(kind), job.at("schedule").at(kind)))
                    (fields.object("/schedule", &rest, (&[], &[]), job.at("schedule")))
                }
            }
        }
    }

    fn variables(&self, job: &Value) -> Markup {
        let (any, count) = (&Value::Bool(true), job.entries("vars").len());
        html! {
            section.part aria-labelledby="part-vars" {
                h3 #part-vars { "Variables" }
                @for (name, value) in job.entries("vars").into_iter().take(MOST) {
                    @let at = format!("/vars/{}", escape(name));
                    div.row {
                        @if value.is_array() || value.is_object() {
                            (self.fields(any).one(&at, name, any, value))
                        } @else {
                            div.field {
                                label for=(id_of(&at)) { code { (show::text(name)) } }
                                input id=(id_of(&at)) name="value" value=(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                                    autocomplete="off" hx-post=(self.post)
                                    hx-vals=(sends("set", &at, if value.is_string() { "text" } else { "scalar" }));
                            }
                        }
                        (self.button("remove", &at, "Remove", &format!("Remove the variable {name}")))
                    }
                }
                @if count > MOST { p.muted { "The form shows the first " (MOST) " of " (show::counted(count, "variable")) ". Change the others in the text." } }
                // The fields are others after each new variable, so they are empty again.
                @let (name, value) = (format!("new-variable-{count}"), format!("new-value-{count}"));
                div.row {
                    div.field { label for=(name) { "New variable" } input id=(name) name="name" autocomplete="off"; }
                    div.field { label for=(value) { "Value" } input id=(value) name="value" autocomplete="off"; }
                    button.button.plain.small type="button" hx-post=(self.post) hx-vals=(sends("variable", "/vars", ""))
                        hx-include={ "#text, #form-from, #" (name) ", #" (value) } { "Add" }
                }
            }
        }
    }

    /// Shows a list of the job with steps.
    fn steps(&self, job: &Value, at: &str, title: &str) -> Markup {
        let steps = job.pointer(at).unwrap_or(&Value::Null);
        let count = steps.list("").len();
        html! {
            section.part aria-labelledby={ "part" (id_of(at)) } {
                h3 id={ "part" (id_of(at)) } { (title) @if count > 0 { " (" (count) ")" } }
                (self.list(steps.list(""), at))
            }
        }
    }

    fn list(&self, steps: &[Value], at: &str) -> Markup {
        // A list of the job is shown page by page, and a list inside of a group has its first steps.
        let is_long = at == "/steps" && steps.len() > PAGE;
        let from = if is_long { self.from.min(steps.len() - 1) } else { 0 };
        let is_left = |_: &(usize, &Value)| {
            let left = self.left.get();
            self.left.set(left.saturating_sub(1));
            left > 0
        };
        let shown = steps.iter().enumerate().skip(from).take(PAGE).take_while(is_left);
        let shown: Vec<(usize, &Value)> = shown.collect();
        html! {
            @if !shown.is_empty() {
                ol.steps start=[(from > 0).then_some(from + 1)] {
                    @for (index, step) in &shown { (self.item(steps, *index, step, at)) }
                }
            }
            @if is_long { (self.pages(from, shown.len(), steps.len())) }
            @else if steps.len() > shown.len() {
                p.muted { "The form shows " (shown.len()) " of " (show::counted(steps.len(), "step")) ". Change the others in the text." }
            }
            (self.add(at))
        }
    }

    fn item(&self, steps: &[Value], index: usize, step: &Value, at: &str) -> Markup {
        let is_first = steps.iter().take(index).all(|other| other.text("id") != step.text("id"));
        let key = if is_first && step.has("id") { step.text("id").to_owned() } else { index.to_string() };
        html! {
            // A step that moves stays open.
            li {
                details.step id={ (id_of(&format!("{at}/{}", escape(&key)))) "-step" } {
                    (self.step(step, &format!("{at}/{index}"), (index, steps.len())))
                }
            }
        }
    }

    /// Shows the buttons that lead to other steps of a long job.
    fn pages(&self, from: usize, shown: usize, all: usize) -> Markup {
        let to = |id: &'static str, from: usize, label: &'static str| {
            html! {
                button.button.plain.small #(id) type="button" hx-post=(self.post)
                    hx-vals=(json!({"page": from.to_string()}).to_string()) { (label) }
            }
        };
        html! {
            nav.pagination aria-label="Steps in the form" {
                span { "Steps " (from + 1) " to " (from + shown) " of " (all) }
                @if from > 0 { (to("steps-before", from.saturating_sub(PAGE), "Previous")) }
                @if from + shown < all { (to("steps-after", from + shown, "Next")) }
            }
        }
    }

    fn add(&self, at: &str) -> Markup {
        let id = format!("{}-type", id_of(at));
        let is_group = at.ends_with("/parallel_steps");
        html! {
            div.row {
                div.field {
                    label for=(id) { (if is_group { "New branch" } else { "New step" }) }
                    select id=(id) name="type" {
                        @for name in self.types.keys() { option value=(name) { (name) } }
                    }
                }
                button.button.plain.small type="button" hx-post=(self.post) hx-vals=(sends("step", at, ""))
                    hx-include={ "#text, #form-from, #" (id) } { "Add" }
                @if is_group { (self.button("sequence", at, "Add a sequence", "Add a branch with several steps")) }
            }
        }
    }

    fn button(&self, edit: &str, at: &str, name: &str, about: &str) -> Markup {
        html! {
            button.button.plain.small type="button" id={ (id_of(at)) "-" (edit) } aria-label=(about) title=(about)
                hx-post=(self.post) hx-vals=(sends(edit, at, "")) { (name) }
        }
    }

    fn step(&self, step: &Value, at: &str, (index, count): (usize, usize)) -> Markup {
        let id = step.text("id");
        html! {
            summary {
                strong { (show::text(id)) }
                @if step.has("type") { " " span.tag { (show::text(step.text("type"))) } } @else { " " span.tag { "sequence" } }
            }
            div.fields {
                div.actions {
                    @if index > 0 { (self.button("up", at, "Up", &format!("Move {id} up"))) }
                    @if index + 1 < count { (self.button("down", at, "Down", &format!("Move {id} down"))) }
                    (self.button("remove", at, "Remove", &format!("Remove {id}")))
                }
                @if step.has("type") { (self.settings_of(step, at)) } @else { (self.sequence(step, at)) }
            }
        }
    }

    fn sequence(&self, branch: &Value, at: &str) -> Markup {
        let schema = self.schema.at("$defs.Sequence.properties");
        let fields = self.fields(&self.schema);
        html! {
            (fields.one(&format!("{at}/id"), "id", schema.at("id"), branch.at("id")))
            (fields.one(&format!("{at}/name"), "name", schema.at("name"), branch.at("name")))
            (self.list(branch.list("steps"), &format!("{at}/steps")))
        }
    }

    fn settings_of(&self, step: &Value, at: &str) -> Markup {
        let own = self.schema.entries("$defs.StepDefinition.properties");
        let own = own.into_iter().filter(|(key, _)| *key != "type");
        let (first, rest): (Vec<_>, Vec<_>) = own.partition(|(key, _)| *key == "id");
        let step_type = step.text("type");
        let name = step_type.split('@').next().unwrap_or(step_type);
        let config = match name {
            group::TYPE => Some(self.schema.at("$defs.StepDefinition.then")),
            name => self.types.get(name),
        };
        let is_group = name == group::TYPE;
        let is_config = |key: &str| !(STEP_KEYS.contains(&key) || is_group && MEMBERS.contains(&key));
        html! {
            (self.fields(&self.schema).object(at, &first, (&[], self.schema.list("$defs.StepDefinition.required")), step))
            @match config {
                Some(schema) => {
                    @let root = if is_group { &self.schema } else { schema };
                    @let all = schema.entries("properties");
                    @let own: Vec<(&str, &Value)> = all.into_iter().filter(|(key, _)| is_config(key)).collect();
                    fieldset {
                        legend { "Configuration of " code { (show::text(name)) } }
                        (self.fields(root).object(at, &own, (&[], schema.list("required")), step))
                        (self.unknown(step, at, schema))
                    }
                }
                None => {
                    p.muted { "There is no step type " code { (show::text(name)) } " here. Change its configuration as text." }
                    (self.unknown(step, at, &Value::Null))
                }
            }
            @if is_group {
                h4 { "Branches" }
                (self.list(step.list("parallel_steps"), &format!("{at}/parallel_steps")))
                details id={ (id_of(at)) "-last" } open[step.has("finally")] {
                    summary { "Last, after all branches" }
                    (self.list(step.list("finally"), &format!("{at}/finally")))
                }
            }
            details id={ (id_of(at)) "-settings" } {
                summary { "Conditions, retries and policy" }
                div.fields { (Fields { part: "-settings", ..self.fields(&self.schema) }.object(at, &rest, (&[], &[]), step)) }
            }
        }
    }

    /// Shows the keys of a step that its schema does not name.
    fn unknown(&self, step: &Value, at: &str, schema: &Value) -> Markup {
        let known = |key: &str| {
            STEP_KEYS.contains(&key) || key == "parallel_steps" || schema.at("properties").get(key).is_some()
        };
        let any = &Value::Bool(true);
        let unknown = step.entries("").into_iter().filter(|(key, _)| !known(key));
        html! {
            @for (key, value) in unknown.take(MOST) {
                (self.fields(any).one(&format!("{at}/{}", escape(key)), key, any, value))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_trees_and_texts_are_escaped() {
        let types = BTreeMap::from([("wait".to_owned(), json!({"properties": {"for": {"type": "number"}}}))]);
        let job = json!({"id": "a<b", "vars": {"<x>": "1", "list": [1]}, "schedule": {"cron": "@daily"}, "steps": [
            {"id": "g", "type": "parallel_group", "max_parallel": 2, "parallel_steps": [
                {"id": "one", "steps": [{"id": "w", "type": "wait", "for": 1}]}, {"id": "v", "type": "gone", "<k>": "<v>"}]}]});
        let html = Form::new("/form", &types, 0).show(&job).into_string();
        for part in [
            "value=\"a&lt;b\"",
            "<code>&lt;x&gt;</code>",
            "&quot;at&quot;:&quot;/steps/0/parallel_steps/0/steps/0/for&quot;",
            "&quot;at&quot;:&quot;/steps/0/parallel_steps&quot;",
            "There is no step type <code>gone</code>",
            "value=\"2\"",
            "<option value=\"cron\" selected>",
        ] {
            assert!(html.contains(part), "{part}\n{html}");
        }
        assert!(!html.contains("<v>") && !html.contains("<x>"));
    }

    #[test]
    fn any_value_has_a_form() {
        let types = BTreeMap::new();
        for value in [
            json!(null),
            json!([1]),
            json!("x"),
            json!({"steps": {"a": 1}, "vars": [1], "schedule": 3}),
            json!({"steps": [null, 1, "x"]}),
        ] {
            assert!(Form::new("/form", &types, 0).show(&value).into_string().contains("part-job"));
        }
    }

    #[test]
    fn the_form_of_a_long_job_has_pages() {
        let types = BTreeMap::from([("wait".to_owned(), json!({"properties": {"for": {"type": "number"}}}))]);
        let step = |n: usize| json!({"id": format!("s{n}"), "type": "wait", "for": n});
        let job = json!({"id": "a", "steps": (0..1_000).map(step).collect::<Vec<_>>()});
        let html = Form::new("/form", &types, 40).show(&job).into_string();
        for part in [
            "Steps 41 to 55 of 1000",
            "&quot;/steps/54/for&quot;",
            "{&quot;page&quot;:&quot;25&quot;}",
            "start=\"41\"",
        ] {
            assert!(html.contains(part), "{part}");
        }
        assert!(
            !html.contains("/steps/39/for") && !html.contains("/steps/55/for") && html.len() < 400_000,
            "{}",
            html.len()
        );
        // Groups do not make it longer.
        let group = json!({"id": "g", "type": "parallel_group", "parallel_steps": (0..1_000).map(step).collect::<Vec<_>>()});
        let html = Form::new("/form", &types, 9_999).show(&json!({"steps": vec![group; 21]})).into_string();
        assert!(
            html.contains("The form shows 15 of 1\u{202f}000 steps") && html.len() < 600_000,
            "{}",
            html.len()
        );
    }

    /// Ids of elements are unique, so labels belong to one field each.
    #[test]
    fn ids_are_unique() {
        let types = BTreeMap::from([(
            "wait".to_owned(),
            json!({"properties": {"for": {"type": "number"}, "timeout": {"type": "number"}}}),
        )]);
        let job = json!({"id": "a", "name": "n", "vars": {"a": 1}, "schedule": {"cron": "@daily", "dst": {"gap": "skip"}},
            "steps": [{"id": "w", "type": "wait", "for": 1, "timeout": 3, "retry": {"max_attempts": 2}},
                {"id": "g", "type": "parallel_group", "parallel_steps": [{"id": "b", "steps": [{"id": "c", "type": "wait"}]}]}]});
        let html = Form::new("/form", &types, 0).show(&job).into_string();
        let mut ids: Vec<&str> =
            html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        ids.sort_unstable();
        let twice = ids.windows(2).find(|pair| pair[0] == pair[1]);
        assert_eq!(twice, None);
    }
}
