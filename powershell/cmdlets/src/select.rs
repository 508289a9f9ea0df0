//! `Select-Object`, and the properties that cmdlets are asked for.

use ps_value::types::NetType;
use std::rc::Rc;

use super::{Cmdlet, Cx};
use ps_runtime::eval::computed;
use ps_runtime::eval::operators::Wildcard;
use ps_runtime::types::type_of;
use ps_syntax::symbol::same;
use ps_value::compare::order;
use ps_value::error::{Category, Fault, Flow, R};
use ps_value::{Dict, Ext, Member, MemberKind, Object, Str, Value, text};

#[derive(Default)]
pub(super) struct Select {
    seen: usize,
    kept: Vec<Value>,
    unique: Vec<Value>,
    done: usize,
}

impl Cmdlet for Select {
    fn process(&mut self, cx: &mut Cx<'_>) -> R<()> {
        let Some(item) = cx.input.clone().or_else(|| cx.get("InputObject")) else { return Ok(()) };
        let at = self.seen;
        self.seen += 1;
        if cx.has("Last") || cx.has("SkipLast") {
            self.kept.push(item.clone());
            if !(cx.has("First") && (at as i64) < cx.integer("First").unwrap_or(0)) {
                return Ok(());
            }
        }
        if cx.has("Index") || cx.has("SkipIndex") {
            let wanted = |name: &str| cx.values(name).iter().any(|v| v.as_integer() == Some(at as i64));
            let keep = if cx.has("Index") { wanted("Index") } else { !wanted("SkipIndex") };
            return if keep { self.select(cx, &item) } else { Ok(()) };
        }
        let skip = cx.integer("Skip").unwrap_or(0).max(0) as usize;
        if at < skip && !cx.has("Last") {
            return Ok(());
        }
        if let Some(first) = cx.integer("First") {
            let first = first.max(0) as usize;
            if self.done < first {
                self.done += 1;
                self.select(cx, &item)?;
                if cx.has("Last") {
                    self.kept.pop();
                }
            }
            if self.done >= first && !cx.has("Last") && !cx.flag("Wait") {
                return match cx.piped {
                    true => Err(Box::new(Flow::Stop(cx.it.stopping()))),
                    false => Ok(()),
                };
            }
            return Ok(());
        }
        self.select(cx, &item)
    }

    fn end(&mut self, cx: &mut Cx<'_>) -> R<()> {
        let kept = std::mem::take(&mut self.kept);
        if let Some(last) = cx.integer("Last") {
            let skip = cx.integer("Skip").unwrap_or(0).max(0) as usize;
            let end = kept.len().saturating_sub(skip);
            let from = end.saturating_sub(last.max(0) as usize);
            for item in kept.get(from..end).unwrap_or_default() {
                self.select(cx, item)?;
            }
        } else if let Some(skip) = cx.integer("SkipLast") {
            let end = kept.len().saturating_sub(skip.max(0) as usize);
            for item in kept.get(..end).unwrap_or_default() {
                self.select(cx, item)?;
            }
        }
        for item in std::mem::take(&mut self.unique) {
            cx.put(item)?;
        }
        Ok(())
    }
}

impl Select {
    fn select(&mut self, cx: &mut Cx<'_>, item: &Value) -> R<()> {
        let mut made = item.clone();
        if cx.has("Property") || cx.has("ExcludeProperty") {
            made = shape(cx, item)?;
        }
        if let Some(name) = cx.text("ExpandProperty") {
            return self.expand(cx, item, &name, &made);
        }
        self.give(cx, made)
    }

    fn give(&mut self, cx: &mut Cx<'_>, value: Value) -> R<()> {
        if !cx.flag("Unique") {
            return cx.put(value);
        }
        let mut same_as = false;
        for own in &self.unique {
            if alike(cx, own, &value)? {
                same_as = true;
                break;
            }
        }
        if !same_as {
            self.unique.push(value);
        }
        Ok(())
    }

    fn expand(&mut self, cx: &mut Cx<'_>, item: &Value, name: &str, made: &Value) -> R<()> {
        let names = cx.it.property_names(item);
        let found = match names.iter().find(|n| Wildcard::new(name, false).matches(n)) {
            Some(name) => cx.it.property(item, &name.clone())?,
            None => cx.it.property(item, name)?,
        };
        let Some(value) = found else {
            let message = format!("Property \"{name}\" cannot be found.");
            return cx.error(
                Fault::new(
                    NetType::PSArgumentException,
                    "ExpandPropertyNotFound",
                    Category::InvalidArgument,
                    message,
                )
                .of(item.clone()),
            );
        };
        if value.is_null() {
            return self.give(cx, Value::Null);
        }
        let extra = cx.has("Property");
        for value in cx.it.enumerate(&value) {
            let value = if extra { with_notes(&value, made) } else { value };
            self.give(cx, value)?;
        }
        Ok(())
    }
}

fn with_notes(value: &Value, from: &Value) -> Value {
    let Value::Object(source) = from else { return value.clone() };
    match value {
        Value::Object(object) => {
            for (name, value) in source.pairs() {
                object.set(&name, value);
            }
            value.clone()
        }
        other => {
            let ext = Ext::new(other.clone(), None);
            for (name, value) in source.pairs() {
                ext.set(Member { name, kind: MemberKind::Note(value) });
            }
            Value::Ext(Rc::new(ext))
        }
    }
}

fn alike(cx: &mut Cx<'_>, a: &Value, b: &Value) -> R<bool> {
    if let (Value::Object(x), Value::Object(y)) = (a, b) {
        let (p, q) = (x.pairs(), y.pairs());
        if p.len() != q.len() {
            return Ok(false);
        }
        for ((_, v), (_, w)) in p.iter().zip(&q) {
            if order(v, w, true).is_ne() {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    let _ = cx;
    Ok(order(a, b, true).is_eq() && a.as_str() == b.as_str())
}

/// A property that a cmdlet was asked for: its label and its computation.
pub(crate) struct Wanted {
    pub label: Option<Str>,
    pub by: Value,
    pub options: Option<Rc<Dict>>,
}

/// Reads a requested property: `name`, a block, or `@{ n = ...; e = ... }`.
pub(crate) fn wanted(value: &Value) -> Wanted {
    if let Value::Dict(dict) = value.base() {
        let find = |names: &[&str]| {
            dict.pairs().into_iter().find_map(|(k, v)| {
                let key = text(&k).to_lowercase();
                names.iter().any(|n| n.starts_with(&key) && !key.is_empty()).then_some(v)
            })
        };
        let by = find(&["expression"]);
        let label = find(&["name", "label"]).map(|l| Str::from(text(&l)));
        let by = by.unwrap_or_else(|| label.clone().map_or(Value::Null, Value::Str));
        let label = label.or_else(|| match by.base() {
            Value::Str(name) => Some(name.clone()),
            Value::Block(block) => Some(block.text().into()),
            _ => None,
        });
        return Wanted { label, by, options: Some(dict.clone()) };
    }
    let label = match value.base() {
        Value::Block(block) => Some(Str::from(block.text())),
        other => Some(text(other).into()),
    };
    Wanted { label, by: value.clone(), options: None }
}

/// Returns a custom object with the requested properties.
fn shape(cx: &mut Cx<'_>, item: &Value) -> R<Value> {
    let mut pairs: Vec<(Str, Value)> = Vec::new();
    let excluded: Vec<Wildcard> =
        cx.strings("ExcludeProperty").iter().map(|p| Wildcard::new(p, false)).collect();
    let mut properties = cx.values("Property");
    if properties.is_empty() {
        properties.push(Value::from("*"));
    }
    for property in properties {
        if let Value::Str(name) = property.base()
            && Wildcard::has(name)
        {
            let pattern = Wildcard::new(name, false);
            let names = match item.base() {
                Value::Dict(_) if false => Vec::new(),
                _ => cx.it.property_names(item),
            };
            for name in
                names.into_iter().filter(|n| pattern.matches(n) && !excluded.iter().any(|e| e.matches(n)))
            {
                if !pairs.iter().any(|(n, _)| same(n, &name)) {
                    let value = cx.it.property(item, &name)?.unwrap_or_default();
                    pairs.push((name, value));
                }
            }
            continue;
        }
        let wanted = wanted(&property);
        let label = wanted.label.clone().unwrap_or_default();
        if excluded.iter().any(|e| e.matches(&label)) {
            continue;
        }
        let value = match wanted.by.base() {
            Value::Block(_) => {
                cx.it.tries += 1;
                let result = computed(cx.it, item, &wanted.by);
                cx.it.tries -= 1;
                match result {
                    Ok(Value::Void) => Value::Null,
                    Ok(value) => value,
                    Err(flow) if matches!(&*flow, Flow::Error(_)) => Value::Null,
                    Err(flow) => return Err(flow),
                }
            }
            _ => computed(cx.it, item, &wanted.by)?,
        };
        // The name, as the object spells it.
        let label = if wanted.options.is_none() {
            cx.it.property_names(item).into_iter().find(|n| same(n, &label)).unwrap_or(label)
        } else {
            label
        };
        if pairs.iter().any(|(n, _)| same(n, &label)) {
            let message =
                format!("The property cannot be processed because the property \"{label}\" already exists.");
            cx.error(
                Fault::new(
                    NetType::PSArgumentException,
                    "AlreadyExistingUserSpecifiedPropertyNoExpand",
                    Category::InvalidOperation,
                    message,
                )
                .of(item.clone()),
            )?;
            continue;
        }
        pairs.push((label, value));
    }
    let made = Object::custom(pairs);
    let name = format!("Selected.{}", type_of(item).full_name());
    made.type_names.borrow_mut().push(name.into());
    Ok(Value::Object(Rc::new(made)))
}
