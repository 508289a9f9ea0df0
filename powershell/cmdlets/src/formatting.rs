//! `Format-Table`, `Format-List`, `Out-String`.

use super::Cx;
use ps_runtime::format::prepared::{Prepared, Section};
use ps_runtime::format::{TableOptions, list_pairs, rows_of};
use ps_syntax::symbol::same;
use ps_value::error::R;
use ps_value::{Value, text};

pub(super) fn out_string(cx: &mut Cx<'_>, items: Vec<Value>) -> R<()> {
    let width = cx.integer("Width").map(|w| w.max(1) as usize);
    let body = ps_runtime::format::to_text_width(cx.it, items, width)?;
    if cx.flag("Stream") {
        let body = body.strip_suffix('\n').unwrap_or(&body).to_owned();
        return body.split('\n').try_for_each(|line| cx.put(Value::from(line)));
    }
    let body = if cx.flag("NoNewline") { body.replace('\n', "") } else { body };
    cx.put(Value::from(body))
}

/// Returns the columns of `-Property`.
fn wanted_columns(cx: &mut Cx<'_>, sample: &Value) -> R<Vec<ps_runtime::format::Column>> {
    use ps_runtime::format::{Align, Column};
    let mut columns = Vec::new();
    for property in cx.values("Property") {
        if let Value::Str(name) = property.base()
            && ps_runtime::eval::operators::Wildcard::has(name)
        {
            let pattern = ps_runtime::eval::operators::Wildcard::new(name, false);
            columns.extend(
                cx.it.property_names(sample).iter().filter(|n| pattern.matches(n)).map(|n| Column::named(n)),
            );
            continue;
        }
        let wanted = super::select::wanted(&property);
        let mut label = wanted.label.clone().unwrap_or_default();
        if wanted.options.is_none()
            && let Some(own) = cx.it.property_names(sample).into_iter().find(|n| same(n, &label))
        {
            label = own;
        }
        let mut column = Column { label, by: wanted.by.clone(), format: None, align: None, width: None };
        if let Some(options) = &wanted.options {
            for (key, value) in options.pairs() {
                let key = text(&key).to_lowercase();
                if "formatstring".starts_with(&key) && !key.is_empty() {
                    column.format = Some(text(&value));
                } else if "alignment".starts_with(&key) && !key.is_empty() {
                    column.align =
                        Some(if same(&text(&value), "right") { Align::Right } else { Align::Left });
                } else if "width".starts_with(&key) && !key.is_empty() {
                    column.width = value.as_integer().map(|w| w.max(1) as usize);
                }
            }
        }
        columns.push(column);
    }
    Ok(columns)
}

pub(super) fn format_items(cx: &mut Cx<'_>, items: Vec<Value>, table: bool) -> R<()> {
    let items: Vec<Value> = items
        .into_iter()
        .filter(|v| !v.is_null())
        .flat_map(|value| ps_runtime::format::opened(&value).unwrap_or_else(|| vec![value]))
        .collect();
    let Some(first) = items.first().cloned() else { return Ok(()) };
    let plain =
        !cx.has("Property") && !cx.has("GroupBy") && matches!(first.base(), Value::Str(_) | Value::Char(_))
            || first.is_number() && !cx.has("Property");
    if plain {
        let body = ps_runtime::format::to_text(cx.it, items)?;
        return cx.put(made(vec![Section::Text(body)]));
    }
    let group = cx.get("GroupBy").map(|g| super::select::wanted(&g));
    let mut parts: Vec<(Option<String>, Vec<Value>)> = Vec::new();
    for item in items {
        let key = match &group {
            Some(by) => {
                let value = ps_runtime::eval::computed(cx.it, &item, &by.by)?;
                let shown = cx.it.to_text(&value);
                Some(format!("   {}: {shown}", by.label.clone().unwrap_or_default()))
            }
            None => None,
        };
        match parts.last_mut() {
            Some((own, list)) if *own == key => list.push(item),
            _ => parts.push((key, vec![item])),
        }
    }
    let mut sections = vec![Section::Text("\n".into())];
    for (title, list) in parts {
        let Some(first) = list.first().cloned() else { continue };
        let mut columns = wanted_columns(cx, &first)?;
        if columns.is_empty() {
            columns = ps_runtime::format::default_columns(cx.it, &first, table);
            if cx.flag("AutoSize") {
                columns.iter_mut().for_each(|column| column.width = None);
            }
            if table {
                columns.truncate(ps_runtime::format::MAX_COLUMNS);
            }
        }
        if let Some(title) = &title {
            let before = if sections.len() == 1 { "\n" } else { "" };
            sections.push(Section::Text(format!("{before}{title}\n\n")));
        }
        if table {
            let options = TableOptions { hide_headers: cx.flag("HideTableHeaders"), wrap: cx.flag("Wrap") };
            let rows = rows_of(cx.it, &list, &columns)?;
            sections.push(Section::Table { columns, rows, options });
            sections.push(Section::Text("\n".into()));
        } else {
            let objects = list.iter().map(|item| list_pairs(cx.it, item, &columns)).collect::<R<Vec<_>>>()?;
            sections.push(Section::List(objects));
            if !columns.is_empty() {
                sections.push(Section::Text("\n".into()));
            }
        }
    }
    cx.put(made(sections))
}

fn made(sections: Vec<Section>) -> Value {
    Value::object(Prepared(sections))
}
