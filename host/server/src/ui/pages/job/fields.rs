//! Fields of the form, by JSON Schema.

use maud::{Markup, html};
use serde_json::{Value, json};
use stepwell::engine::document::escape;

use super::shape::{Shape, fits, resolved, shape};
use crate::definition::yaml;
use crate::ui::value::Parts;
use crate::ui::words;

/// The maximum number of characters of a value that a field holds. Longer values are changed in the text.
const MOST: usize = 20_000;

/// The fields of one schema.
#[derive(Clone, Copy)]
pub(super) struct Fields<'f> {
    /// The address that makes a change.
    pub post: &'f str,
    /// The schema with the definitions.
    pub root: &'f Value,
    /// The number of objects around the fields.
    pub level: usize,
    /// The name of the fields among those of the same pointer.
    pub part: &'f str,
}

/// A field of an object.
struct Field<'f> {
    key: &'f str,
    schema: &'f Value,
    value: &'f Value,
    at: String,
    id: String,
    is_required: bool,
}

/// Returns the id of an element for a JSON pointer.
pub(super) fn id_of(at: &str) -> String {
    let mut id = "at".to_owned();
    for c in at.chars() {
        match c {
            '/' => id.push('-'),
            c if c.is_ascii_alphanumeric() => id.push(c),
            // Two pointers never have the same id.
            c => id.push_str(&format!("_{:x}_", u32::from(c))),
        }
    }
    id
}

/// Returns the values that a control sends besides its own.
pub(super) fn sends(edit: &str, at: &str, kind: &str) -> String {
    json!({"edit": edit, "at": at, "as": kind}).to_string()
}

impl<'f> Fields<'f> {
    /// Shows the fields of an object at a pointer. Fields without a value are folded, unless they are among `first` or
    /// `required`.
    pub fn object(
        &self,
        at: &str,
        properties: &[(&'f str, &'f Value)],
        (first, required): (&[&str], &[Value]),
        value: &'f Value,
    ) -> Markup {
        let field = |(key, schema): &(&'f str, &'f Value)| Field {
            key,
            schema,
            value: value.get(*key).unwrap_or(&Value::Null),
            at: format!("{at}/{}", escape(key)),
            id: id_of(&format!("{at}/{}", escape(key))),
            is_required: required.iter().any(|name| name.as_str() == Some(key)),
        };
        let is_first =
            |field: &Field<'_>| field.is_required || first.contains(&field.key) || !field.value.is_null();
        let (first, rest): (Vec<Field<'_>>, Vec<Field<'_>>) =
            properties.iter().map(field).partition(is_first);
        let is_short = first.is_empty() && rest.len() <= 4;
        html! {
            @for field in &first { (self.field(field)) }
            @if is_short {
                @for field in &rest { (self.field(field)) }
            } @else if !rest.is_empty() {
                details id={ (id_of(at)) "-more" (self.part) } {
                    summary { "More settings (" (rest.len()) ")" }
                    div.fields { @for field in &rest { (self.field(field)) } }
                }
            }
        }
    }

    /// Shows the field of one key.
    pub fn one(&self, at: &str, key: &'f str, schema: &'f Value, value: &'f Value) -> Markup {
        let is_required = false;
        self.field(&Field { key, schema, value, at: at.to_owned(), id: id_of(at), is_required })
    }

    fn field(&self, field: &Field<'_>) -> Markup {
        let mut found = shape(self.root, field.key, field.schema, self.level);
        if !field.value.is_null() && !fits(&found, field.value) {
            let is_text = field.value.is_string();
            found = if is_text { Shape::Long } else { Shape::Yaml };
        }
        let Shape::Object(properties) = &found else { return self.labelled(field, &found) };
        let schema = resolved(self.root, field.schema);
        let below = Self { level: self.level + 1, ..*self };
        html! {
            details.nested id={ (field.id) "-object" } open[!field.value.is_null()] {
                summary { (label(field.key)) }
                div.fields {
                    (hint(field))
                    (below.object(&field.at, properties, (&[], schema.list("required")), field.value))
                }
            }
        }
    }

    fn labelled(&self, field: &Field<'_>, shape: &Shape<'_>) -> Markup {
        let is_long = text_of(shape, field.value).chars().nth(MOST).is_some();
        html! {
            div.field {
                label for=(field.id) {
                    (label(field.key))
                    @if field.is_required { " " span.muted { "(required)" } }
                }
                @if is_long {
                    p.muted id=(field.id) { "This value is long: change it in the text." }
                } @else {
                    (self.control(field, shape))
                }
                (hint(field))
            }
        }
    }

    fn control(&self, field: &Field<'_>, shape: &Shape<'_>) -> Markup {
        let Field { id, at, .. } = field;
        let described = has_hint(field).then(|| format!("{id}-hint"));
        let kind = match shape {
            Shape::Text => "text",
            Shape::Long => "long",
            Shape::Number => "number",
            Shape::Scalar => "scalar",
            Shape::Switch | Shape::Choice(_) => "json",
            Shape::List => "list",
            Shape::Object(_) | Shape::Yaml => "yaml",
        };
        let (sends, value) = (sends("set", at, kind), text_of(shape, field.value));
        let rows = value.lines().count().clamp(2, 12);
        match shape {
            Shape::Text | Shape::Number | Shape::Scalar => html! {
                input id=(id) name="value" value=(value) autocomplete="off" spellcheck="false"
                    inputmode=[(*shape == Shape::Number).then_some("decimal")]
                    list=[(field.key == "timezone").then_some("zones")]
                    aria-describedby=[described] hx-post=(self.post) hx-vals=(sends);
            },
            Shape::Switch | Shape::Choice(_) => {
                let (yes, no) = (Value::Bool(true), Value::Bool(false));
                let choice = match shape {
                    Shape::Choice(values) => values.clone(),
                    _ => vec![(&yes, ""), (&no, "")],
                };
                html! {
                    select id=(id) name="value" aria-describedby=[described] hx-post=(self.post) hx-vals=(sends) {
                        option value="" selected[field.value.is_null()] { "Default" }
                        @for (value, about) in choice {
                            option value=(value.to_string()) selected[value == field.value] title=[(!about.is_empty()).then_some(about)] {
                                (value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                            }
                        }
                    }
                }
            }
            Shape::Long | Shape::List | Shape::Object(_) | Shape::Yaml => html! {
                textarea.mono id=(id) name="value" rows=(rows) spellcheck="false" aria-describedby=[described]
                    hx-post=(self.post) hx-vals=(sends) { "\n" (value) }
            },
        }
    }
}

/// Returns the text of a value in its field.
fn text_of(shape: &Shape<'_>, value: &Value) -> String {
    match (shape, value) {
        (_, Value::Null) => String::new(),
        (Shape::Yaml | Shape::Object(_), value) => yaml(value),
        (_, Value::String(text)) => text.clone(),
        (Shape::List, Value::Array(items)) => {
            let line = |item: &Value| item.as_str().map_or_else(|| item.to_string(), str::to_owned);
            items.iter().map(line).collect::<Vec<_>>().join("\n")
        }
        (_, value) => value.to_string(),
    }
}

/// Returns the label of a key: `max_attempts` is "Max attempts".
fn label(key: &str) -> String {
    let text = key.replace('_', " ");
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

fn has_hint(field: &Field<'_>) -> bool {
    !field.schema.text("description").is_empty()
}

/// Shows the description of a field.
fn hint(field: &Field<'_>) -> Markup {
    html! {
        @if has_hint(field) {
            p.hint id={ (field.id) "-hint" } { (words::marked(&field.schema.text("description").replace('\n', " "))) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(schema: Value, value: Value) -> String {
        let fields = Fields { post: "/form", root: &schema, level: 0, part: "" };
        fields
            .object("/steps/0", &schema.entries("properties"), (&[], schema.list("required")), &value)
            .into_string()
    }

    #[test]
    fn a_schema_becomes_fields() {
        let schema = json!({"properties": {
            "query": {"type": "string", "description": "The <statement>."},
            "mode": {"enum": ["read", "write"]},
            "out": {"type": "object", "properties": {"path": {"type": "string"}}}
        }, "required": ["query"]});
        let html = shown(schema.clone(), json!({"mode": "write", "out": {"path": "a\"b"}}));
        for part in [
            "<label for=\"at-steps-0-query\">Query <span class=\"muted\">(required)</span>",
            "The &lt;statement&gt;.",
            "aria-describedby=\"at-steps-0-query-hint\"",
            "<option value=\"&quot;write&quot;\" selected>write</option>",
            "<details class=\"nested\" id=\"at-steps-0-out-object\" open>",
            "value=\"a&quot;b\"",
            "&quot;at&quot;:&quot;/steps/0/out/path&quot;",
        ] {
            assert!(html.contains(part), "{part}\n{html}");
        }
        // Values of another kind are not lost.
        let html = shown(schema, json!({"query": ["a"], "mode": "${{ vars.mode }}"}));
        assert!(html.contains("- a") && html.contains("${{ vars.mode }}"), "{html}");
    }
}
