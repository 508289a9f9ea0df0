//! Cmdlets that choose, sort, group, measure and compare objects.

use std::cmp::Ordering;
use std::rc::Rc;

use super::core::computed;
use super::{Cmdlet, CmdletInfo, Cx, Each, Gather};
use crate::eval::compare::order;
use crate::eval::error::{Category, Fault, Flow, R};
use crate::eval::operators::Wildcard;
use crate::symbol::same;
use crate::types::type_of;
use crate::value::{
    Dict, DictKind, Ext, List, ListKind, Member, MemberKind, Object, ObjectKind, Str, Value, text,
};

pub const CMDLETS: &[CmdletInfo] = &[
    CmdletInfo {
        name: "Select-Object",
        class: "SelectObjectCommand",
        params: "InputObject: object pipe null | Property: object[] @0 set=DefaultParameter,SkipLastParameter | ExcludeProperty: string[] set=DefaultParameter,SkipLastParameter | ExpandProperty: string set=DefaultParameter,SkipLastParameter | Unique: switch | First: int set=DefaultParameter | Last: int set=DefaultParameter | Skip: int set=DefaultParameter | SkipLast: int set=SkipLastParameter | Index: int[] set=IndexParameter | SkipIndex: int[] set=SkipIndexParameter | Wait: switch",
        default_set: "DefaultParameter",
        make: || Box::new(Select::default()),
    },
    CmdletInfo {
        name: "Sort-Object",
        class: "SortObjectCommand",
        params: "InputObject: object pipe null | Property: object[] @0 | Descending: switch | Unique: switch | CaseSensitive: switch | Top: int | Bottom: int | Stable: switch | Culture: string",
        default_set: "",
        make: || Gather::of(sort),
    },
    CmdletInfo {
        name: "Group-Object",
        class: "GroupObjectCommand",
        params: "InputObject: object pipe null | Property: object[] @0 | NoElement: switch | AsHashTable: switch alias=AHT | AsString: switch | CaseSensitive: switch | Culture: string",
        default_set: "",
        make: || Gather::of(group),
    },
    CmdletInfo {
        name: "Measure-Object",
        class: "MeasureObjectCommand",
        params: "InputObject: object pipe null | Property: object[] @0 | Sum: switch | Average: switch | Maximum: switch | Minimum: switch | StandardDeviation: switch | AllStats: switch | Line: switch | Word: switch | Character: switch | IgnoreWhiteSpace: switch",
        default_set: "",
        make: || Gather::of(measure),
    },
    CmdletInfo {
        name: "Compare-Object",
        class: "CompareObjectCommand",
        params: "ReferenceObject: object[] @0 mandatory empty | DifferenceObject: object[] @1 mandatory pipe empty | Property: object[] | SyncWindow: int | IncludeEqual: switch | ExcludeDifferent: switch | PassThru: switch | CaseSensitive: switch | Culture: string",
        default_set: "",
        make: || Box::new(Each(compare)),
    },
    CmdletInfo {
        name: "Get-Unique",
        class: "GetUniqueCommand",
        params: "InputObject: object pipe null | AsString: switch | OnType: switch",
        default_set: "",
        make: || Gather::of(unique),
    },
    CmdletInfo {
        name: "Get-Member",
        class: "GetMemberCommand",
        params: "InputObject: object pipe null | Name: string[] @0 | MemberType: string alias=Type | Static: switch | View: string | Force: switch",
        default_set: "",
        make: || Gather::of(get_member),
    },
    CmdletInfo {
        name: "Add-Member",
        class: "AddMemberCommand",
        params: "InputObject: object pipe mandatory | MemberType: System.Management.Automation.PSMemberTypes @0 alias=Type set=MemberSet mandatory | Name: string @1 set=MemberSet mandatory | Value: object @2 set=MemberSet | SecondValue: object @3 set=MemberSet | NotePropertyName: string @0 set=NotePropertySingleMemberSet mandatory | NotePropertyValue: object @1 set=NotePropertySingleMemberSet mandatory null | NotePropertyMembers: hashtable @0 set=NotePropertyMultiMemberSet mandatory | TypeName: string | Force: switch | PassThru: switch",
        default_set: "TypeNameSet",
        make: || Box::new(Each(add_member)),
    },
    CmdletInfo {
        name: "New-Object",
        class: "NewObjectCommand",
        params: "TypeName: string @0 mandatory set=Net | ArgumentList: object[] @1 alias=Args set=Net | ComObject: string mandatory set=Com | Strict: switch set=Com | Property: hashtable",
        default_set: "Net",
        make: || Box::new(Each(new_object)),
    },
    CmdletInfo {
        name: "Tee-Object",
        class: "TeeObjectCommand",
        params: "InputObject: object pipe null | FilePath: string @0 alias=Path set=File mandatory | LiteralPath: string set=LiteralFile mandatory | Append: switch | Variable: string set=Variable mandatory | Encoding: string",
        default_set: "File",
        make: || Box::new(Tee::default()),
    },
];

#[derive(Default)]
struct Select {
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
                    "PSArgumentException",
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

/// A property that a cmdlet was asked for: its label and how it is worked out.
pub struct Wanted {
    pub label: Option<Str>,
    pub by: Value,
    pub options: Option<Rc<Dict>>,
}

/// `name`, a block, or `@{ n = ...; e = ... }`.
pub fn wanted(value: &Value) -> Wanted {
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

/// A custom object with the properties that were asked for.
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
        // The name as the object itself has it.
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
                    "PSArgumentException",
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

struct Key {
    values: Vec<Value>,
    item: Value,
}

fn sort(cx: &mut Cx<'_>, items: Vec<Value>) -> R<()> {
    let keys: Vec<Wanted> = cx.values("Property").iter().map(wanted).collect();
    let case = cx.flag("CaseSensitive");
    let down = cx.flag("Descending");
    let mut descending = Vec::new();
    for key in &keys {
        let mut own = down;
        if let Some(options) = &key.options {
            for (name, value) in options.pairs() {
                let name = text(&name).to_lowercase();
                if "descending".starts_with(&name) {
                    own = value.truth();
                } else if "ascending".starts_with(&name) {
                    own = !value.truth();
                }
            }
        }
        descending.push(own);
    }
    if keys.is_empty() {
        descending.push(down);
    }
    let mut rows = Vec::with_capacity(items.len());
    for item in items {
        let values = if keys.is_empty() {
            vec![item.clone()]
        } else {
            keys.iter().map(|key| computed(cx.it, &item, &key.by)).collect::<R<Vec<Value>>>()?
        };
        rows.push(Key { values, item });
    }
    let mut error = None;
    let comparable = rows.iter().any(|r| {
        r.values
            .iter()
            .any(|v| matches!(v.base(), Value::Object(o) if matches!(o.kind, ObjectKind::Class(_))))
    });
    rows.sort_by(|a, b| {
        for ((x, y), down) in a.values.iter().zip(&b.values).zip(&descending) {
            let found = if comparable {
                match cx.it.ordered(x, y, case) {
                    Ok(order) => order.unwrap_or(Ordering::Equal),
                    Err(flow) => {
                        error = Some(flow);
                        Ordering::Equal
                    }
                }
            } else {
                order(x, y, case)
            };
            let found = if *down { found.reverse() } else { found };
            if found.is_ne() {
                return found;
            }
        }
        Ordering::Equal
    });
    drop(error);
    if cx.flag("Unique") {
        rows.dedup_by(|a, b| a.values.iter().zip(&b.values).all(|(x, y)| order(x, y, case).is_eq()));
    }
    if let Some(top) = cx.integer("Top") {
        rows.truncate(top.max(0) as usize);
    }
    if let Some(bottom) = cx.integer("Bottom") {
        let from = rows.len().saturating_sub(bottom.max(0) as usize);
        rows.drain(..from);
    }
    rows.into_iter().try_for_each(|row| cx.put(row.item))
}

fn group(cx: &mut Cx<'_>, items: Vec<Value>) -> R<()> {
    let keys: Vec<Wanted> = cx.values("Property").iter().map(wanted).collect();
    let case = cx.flag("CaseSensitive");
    let mut groups: Vec<(Vec<Value>, Vec<Value>)> = Vec::new();
    let mut places: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
    for item in items {
        let values = if keys.is_empty() {
            vec![item.clone()]
        } else {
            keys.iter().map(|key| computed(cx.it, &item, &key.by)).collect::<R<Vec<Value>>>()?
        };
        let name: Vec<String> = values.iter().map(|v| format!("{}\u{0}", cx.it.to_text(v))).collect();
        let name = if case { name.concat() } else { name.concat().to_lowercase() };
        match places.get(&name) {
            Some(at) => {
                if let Some(group) = groups.get_mut(*at) {
                    group.1.push(item);
                }
            }
            None => {
                places.insert(name, groups.len());
                groups.push((values, vec![item]));
            }
        }
    }
    groups.sort_by(|a, b| {
        for (x, y) in a.0.iter().zip(&b.0) {
            let found = order(x, y, case);
            if found.is_ne() {
                return found;
            }
        }
        Ordering::Equal
    });
    if cx.flag("AsHashTable") {
        let table = Dict::new(DictKind::Hashtable, true);
        for (values, items) in groups {
            let key = match values.first() {
                Some(value) if cx.flag("AsString") => Value::from(cx.it.to_text(value)),
                Some(value) => value.clone(),
                None => Value::from(""),
            };
            let list = List::new(
                ListKind::Collection,
                crate::types::native("System.Management.Automation.PSObject"),
                items,
            );
            table.insert(&key, Value::List(Rc::new(list)));
        }
        return cx.put(Value::Dict(Rc::new(table)));
    }
    for (values, items) in groups {
        let names: Vec<String> = values.iter().map(|v| cx.it.to_text(v)).collect();
        let count = Value::from(items.len());
        let members = if cx.flag("NoElement") { Vec::new() } else { items };
        let list = List::new(
            ListKind::Collection,
            crate::types::native("System.Management.Automation.PSObject"),
            members,
        );
        let kind = if cx.flag("NoElement") {
            "Microsoft.PowerShell.Commands.GroupInfoNoElement"
        } else {
            "Microsoft.PowerShell.Commands.GroupInfo"
        };
        let _ = kind;
        let mut pairs = vec![("Values", Value::array(values)), ("Count", count)];
        if !cx.flag("NoElement") {
            pairs.push(("Group", Value::List(Rc::new(list))));
        }
        pairs.push(("Name", Value::from(names.join(", "))));
        cx.put(Value::record("Microsoft.PowerShell.Commands.GroupInfo", pairs))?;
    }
    Ok(())
}

fn measure(cx: &mut Cx<'_>, items: Vec<Value>) -> R<()> {
    let texts = ["Line", "Word", "Character"].iter().any(|f| cx.flag(f));
    let properties = cx.values("Property");
    let all: Vec<Option<Value>> =
        if properties.is_empty() { vec![None] } else { properties.into_iter().map(Some).collect() };
    for property in all {
        let mut values = Vec::new();
        let mut missing = true;
        for item in &items {
            let value = match &property {
                None => item.clone(),
                Some(by) => match by.base() {
                    Value::Block(_) => {
                        missing = false;
                        computed(cx.it, item, by)?
                    }
                    name => match cx.it.property(item, &text(name))? {
                        Some(value) => {
                            missing = false;
                            value
                        }
                        None => continue,
                    },
                },
            };
            if !value.is_null() || property.is_none() && false {
                values.push(value);
            }
        }
        if let (true, Some(name), false) = (missing, &property, items.is_empty()) {
            let message =
                format!("The property \"{}\" cannot be found in the input for any objects.", text(name));
            cx.error(Fault::new(
                "PSArgumentException",
                "GenericMeasurePropertyNotFound",
                Category::InvalidArgument,
                message,
            ))?;
            continue;
        }
        let name = property.as_ref().map_or(Value::Null, |p| Value::from(text(p)));
        if texts { measure_text(cx, &values, name)? } else { measure_numbers(cx, &values, name)? }
    }
    Ok(())
}

fn measure_text(cx: &mut Cx<'_>, values: &[Value], property: Value) -> R<()> {
    let (mut lines, mut words, mut characters) = (0, 0, 0);
    for value in values {
        let text = cx.it.to_text(value);
        lines +=
            if text.is_empty() { 0 } else { text.matches('\n').count() + usize::from(!text.ends_with('\n')) };
        words += text.split_whitespace().count();
        characters += if cx.flag("IgnoreWhiteSpace") {
            text.chars().filter(|c| !c.is_whitespace()).count()
        } else {
            crate::value::text::utf16_len(&text)
        };
    }
    let shown = |on: bool, count: usize| if on { Value::from(count) } else { Value::Null };
    let (l, w, c) = (cx.flag("Line"), cx.flag("Word"), cx.flag("Character"));
    cx.put(Value::record(
        "Microsoft.PowerShell.Commands.TextMeasureInfo",
        vec![
            ("Lines", shown(l, lines)),
            ("Words", shown(w, words)),
            ("Characters", shown(c, characters)),
            ("Property", property),
        ],
    ))
}

fn measure_numbers(cx: &mut Cx<'_>, values: &[Value], property: Value) -> R<()> {
    let every = cx.flag("AllStats");
    let flag = |cx: &Cx<'_>, name: &str| every || cx.flag(name);
    let numeric = ["Sum", "Average", "StandardDeviation"].iter().any(|f| flag(cx, f));
    let mut numbers = Vec::new();
    let mut count = 0;
    let double = crate::types::native("System.Double");
    for value in values {
        if !numeric {
            count += 1;
            continue;
        }
        match cx.it.convert(value, &double) {
            Ok(number) => {
                count += 1;
                numbers.push(number.as_double().unwrap_or(0.0));
            }
            Err(_) => {
                let message = format!("Input object \"{}\" is not numeric.", text(value));
                cx.error(
                    Fault::new(
                        "PSInvalidCastException",
                        "NonNumericInputObject",
                        Category::InvalidType,
                        message,
                    )
                    .of(value.clone()),
                )?;
            }
        }
    }
    let sum: f64 = numbers.iter().sum();
    let average = if numbers.is_empty() { Value::Null } else { Value::Double(sum / numbers.len() as f64) };
    let deviation = if numbers.len() > 1 {
        let mean = sum / numbers.len() as f64;
        let squares: f64 = numbers.iter().map(|n| (n - mean) * (n - mean)).sum();
        Value::Double((squares / (numbers.len() - 1) as f64).sqrt())
    } else if numbers.is_empty() {
        Value::Null
    } else {
        Value::Double(0.0)
    };
    let extreme = |largest: bool| {
        let best = values.iter().reduce(|a, b| {
            if order(b, a, false).is_gt() == largest && order(b, a, false).is_ne() { b } else { a }
        });
        best.map_or(Value::Null, |v| match v.base() {
            Value::Str(s) => crate::value::numbers::parse_double(s).map_or(v.clone(), Value::Double),
            number if number.is_number() => number.as_double().map_or(Value::Null, Value::Double),
            other => other.clone(),
        })
    };
    let pick = |on: bool, value: Value| if on { value } else { Value::Null };
    let record = vec![
        ("Count", Value::Int(count)),
        ("Average", pick(flag(cx, "Average"), average)),
        (
            "Sum",
            pick(
                flag(cx, "Sum"),
                if numbers.is_empty() && flag(cx, "Sum") && count == 0 && values.is_empty() {
                    Value::Null
                } else {
                    Value::Double(sum)
                },
            ),
        ),
        ("Maximum", pick(flag(cx, "Maximum"), extreme(true))),
        ("Minimum", pick(flag(cx, "Minimum"), extreme(false))),
        ("StandardDeviation", pick(flag(cx, "StandardDeviation"), deviation)),
        ("Property", property),
    ];
    cx.put(Value::record("Microsoft.PowerShell.Commands.GenericMeasureInfo", record))
}

fn compare(cx: &mut Cx<'_>) -> R<()> {
    let (left, right) = (cx.values("ReferenceObject"), cx.values("DifferenceObject"));
    let by: Vec<Wanted> = cx.values("Property").iter().map(wanted).collect();
    let case = cx.flag("CaseSensitive");
    let keys = |cx: &mut Cx<'_>, items: &[Value]| -> R<Vec<Vec<Value>>> {
        items
            .iter()
            .map(|item| {
                if by.is_empty() {
                    Ok(vec![item.clone()])
                } else {
                    by.iter().map(|w| computed(cx.it, item, &w.by)).collect()
                }
            })
            .collect()
    };
    let (left_keys, right_keys) = (keys(cx, &left)?, keys(cx, &right)?);
    let same_keys = |a: &[Value], b: &[Value]| {
        a.iter().zip(b).all(|(x, y)| match (x, y) {
            (Value::Object(_), Value::Object(_)) => text(x) == text(y),
            _ => order(x, y, case).is_eq(),
        })
    };
    let mut used = vec![false; right.len()];
    let (mut equal, mut only_left) = (Vec::new(), Vec::new());
    for (i, key) in left_keys.iter().enumerate() {
        let hit = right_keys
            .iter()
            .enumerate()
            .position(|(j, other)| used.get(j) == Some(&false) && same_keys(key, other));
        match hit {
            Some(j) => {
                if let Some(place) = used.get_mut(j) {
                    *place = true;
                }
                equal.push(i);
            }
            None => only_left.push(i),
        }
    }
    let show = |cx: &mut Cx<'_>, item: &Value, key: &[Value], side: &str| -> R<()> {
        if cx.flag("PassThru") {
            let value = match item {
                Value::Object(object) => {
                    object.set(&"SideIndicator".into(), Value::from(side));
                    item.clone()
                }
                other => {
                    let ext = Ext::new(other.clone(), None);
                    ext.set(Member {
                        name: "SideIndicator".into(),
                        kind: MemberKind::Note(Value::from(side)),
                    });
                    Value::Ext(Rc::new(ext))
                }
            };
            return cx.put(value);
        }
        let mut pairs: Vec<(Str, Value)> = Vec::new();
        if by.is_empty() {
            pairs.push(("InputObject".into(), item.clone()));
        } else {
            pairs.extend(by.iter().zip(key).map(|(w, v)| (w.label.clone().unwrap_or_default(), v.clone())));
        }
        pairs.push(("SideIndicator".into(), Value::from(side)));
        cx.put(Value::custom(pairs))
    };
    if cx.flag("IncludeEqual") || cx.flag("ExcludeDifferent") {
        for i in equal {
            if let (Some(item), Some(key)) = (left.get(i), left_keys.get(i)) {
                show(cx, item, key, "==")?;
            }
        }
    }
    if cx.flag("ExcludeDifferent") {
        return Ok(());
    }
    for (j, item) in right.iter().enumerate() {
        if used.get(j) == Some(&false) {
            show(cx, item, right_keys.get(j).map_or(&[], Vec::as_slice), "=>")?;
        }
    }
    for i in only_left {
        if let (Some(item), Some(key)) = (left.get(i), left_keys.get(i)) {
            show(cx, item, key, "<=")?;
        }
    }
    Ok(())
}

fn unique(cx: &mut Cx<'_>, items: Vec<Value>) -> R<()> {
    let mut last: Option<Value> = None;
    for item in items {
        let repeats = match &last {
            None => false,
            Some(last) if cx.flag("OnType") => type_of(last) == type_of(&item),
            Some(last) => {
                let (a, b) = (cx.it.to_text(last), cx.it.to_text(&item));
                a == b
            }
        };
        if !repeats {
            last = Some(item.clone());
            cx.put(item)?;
        }
    }
    Ok(())
}

fn get_member(cx: &mut Cx<'_>, items: Vec<Value>) -> R<()> {
    let patterns: Vec<Wildcard> = cx.strings("Name").iter().map(|n| Wildcard::new(n, false)).collect();
    let kinds = cx.text("MemberType").unwrap_or_default().to_lowercase();
    let mut seen: Vec<String> = Vec::new();
    if items.iter().all(Value::is_null) {
        return cx.error(Fault::new(
            "System.InvalidOperationException",
            "NoObjectInGetMember",
            Category::CloseError,
            "You must specify an object for the Get-Member cmdlet.",
        ));
    }
    for item in items.iter().filter(|i| !i.is_null()) {
        let name = cx.it.type_names(item).first().cloned().unwrap_or_default();
        if seen.contains(&name.to_string()) {
            continue;
        }
        seen.push(name.to_string());
        let mut members =
            if cx.flag("Static") { cx.it.static_members(item) } else { cx.it.member_list(item) };
        members.sort_by(|a, b| crate::eval::compare::text_order(&a.0, &b.0, false));
        for (member, kind, definition) in members {
            let group = kind.to_lowercase();
            let fits = kinds.is_empty()
                || kinds == "all"
                || kinds.split(',').any(|k| {
                    let k = k.trim();
                    group == k
                        || k == "properties" && group.contains("property")
                        || k == "methods" && group.contains("method")
                });
            if !fits || !patterns.is_empty() && !patterns.iter().any(|p| p.matches(&member)) {
                continue;
            }
            cx.put(Value::record(
                "Microsoft.PowerShell.Commands.MemberDefinition",
                vec![
                    ("TypeName", Value::Str(name.clone())),
                    ("Name", Value::from(member)),
                    ("MemberType", Value::from(kind)),
                    ("Definition", Value::from(definition)),
                ],
            ))?;
        }
    }
    Ok(())
}

fn add_member(cx: &mut Cx<'_>) -> R<()> {
    let object = cx.get("InputObject").unwrap_or_default();
    let mut members: Vec<Member> = Vec::new();
    if let Some(name) = cx.text("NotePropertyName") {
        members.push(Member {
            name: name.into(),
            kind: MemberKind::Note(cx.get("NotePropertyValue").unwrap_or_default()),
        });
    } else if let Some(Value::Dict(dict)) = cx.get("NotePropertyMembers") {
        members.extend(
            dict.pairs()
                .into_iter()
                .map(|(k, v)| Member { name: text(&k).into(), kind: MemberKind::Note(v) }),
        );
    } else if let Some(kind) = cx.text("MemberType") {
        let name = cx.text("Name").unwrap_or_default();
        let value = cx.get("Value").unwrap_or_default();
        let block = |v: &Value| match v.base() {
            Value::Block(block) => Some(block.clone()),
            _ => None,
        };
        let kind = match (kind.to_lowercase().as_str(), block(&value)) {
            ("scriptproperty", Some(get)) => {
                MemberKind::Script { get, set: cx.get("SecondValue").as_ref().and_then(block) }
            }
            ("scriptmethod", Some(block)) => MemberKind::Method(block),
            ("aliasproperty", _) => MemberKind::Alias(text(&value).into()),
            ("noteproperty", _) => MemberKind::Note(value),
            (other, _) => {
                let message = format!(
                    "Cannot bind parameter 'MemberType'. Cannot convert value \"{other}\" to type \"System.Management.Automation.PSMemberTypes\"."
                );
                return cx.fail(Fault::new(
                    "ParameterBindingException",
                    "CannotConvertArgumentNoMessage",
                    Category::InvalidArgument,
                    message,
                ));
            }
        };
        members.push(Member { name: name.into(), kind });
    }
    let mut result = object.clone();
    for member in members {
        let taken = cx.it.property(&result, &member.name)?.is_some()
            || cx.it.property_names(&result).iter().any(|n| same(n, &member.name));
        if taken && !cx.flag("Force") && !matches!(result.base(), Value::Dict(_)) {
            let message = format!(
                "Cannot add a member with the name \"{}\" because a member with that name already exists. To overwrite the member anyway, add the Force parameter to your command.",
                member.name
            );
            cx.error(
                Fault::new(
                    "System.InvalidOperationException",
                    "MemberAlreadyExists",
                    Category::InvalidOperation,
                    message,
                )
                .of(object.clone()),
            )?;
            continue;
        }
        result = add_one(result, member);
    }
    if let Some(name) = cx.text("TypeName") {
        match &result {
            Value::Object(object) => object.type_names.borrow_mut().insert(0, name.into()),
            Value::Ext(ext) => ext.type_names.borrow_mut().insert(0, name.into()),
            _ => {}
        }
    }
    if cx.flag("PassThru") { cx.put(result) } else { Ok(()) }
}

/// Adds a member: in place, where the object can hold it.
pub fn add_one(object: Value, member: Member) -> Value {
    match &object {
        Value::Object(own) => {
            match member.kind {
                MemberKind::Note(value) => own.set(&member.name, value),
                _ => {
                    let mut members = own.members.borrow_mut();
                    members.retain(|m| !same(&m.name, &member.name));
                    members.push(member);
                }
            }
            object
        }
        Value::Ext(ext) => {
            ext.set(member);
            object
        }
        Value::Dict(dict) if matches!(member.kind, MemberKind::Note(_)) => {
            if let MemberKind::Note(value) = member.kind {
                dict.insert(&Value::Str(member.name), value);
            }
            object
        }
        other => {
            let ext = Ext::new(other.clone(), None);
            ext.set(member);
            Value::Ext(Rc::new(ext))
        }
    }
}

fn new_object(cx: &mut Cx<'_>) -> R<()> {
    if let Some(name) = cx.text("ComObject") {
        let message = format!("New-Object -ComObject {name}: {}", crate::needs::COM);
        return cx.fail(Fault::new(
            "PSNotSupportedException",
            "ComObjectPlatformIsNotSupported",
            Category::NotImplemented,
            message,
        ));
    }
    let name = cx.text("TypeName").unwrap_or_default();
    let Some(ty) = cx.it.find_type(&name) else {
        let message =
            format!("Cannot find type [{name}]: verify that the assembly containing this type is loaded.");
        return cx.fail(Fault::new("PSArgumentException", "TypeNotFound", Category::InvalidType, message));
    };
    let args = cx.values("ArgumentList");
    let plain = ty.is("System.Management.Automation.PSObject")
        || ty.is("System.Management.Automation.PSCustomObject")
        || ty == crate::types::OBJECT;
    let made = if plain && args.is_empty() {
        Value::custom([])
    } else {
        match cx.it.construct(&ty, &args) {
            Ok(value) => value,
            Err(flow) => {
                match &*flow {
                    Flow::Error(record) if &**record.id.borrow() == "MethodCountCouldNotFindBest" => {
                        let message = format!(
                            "A constructor was not found. Cannot find an appropriate constructor for type {}.",
                            ty.full_name()
                        );
                        return cx.fail(Fault::new(
                            "PSArgumentException",
                            "CannotFindAppropriateCtor",
                            Category::ObjectNotFound,
                            message,
                        ));
                    }
                    Flow::Error(record) => {
                        let message = record.message().to_string();
                        let inner = crate::types::net::inner_exception(&record.exception)
                            .unwrap_or_else(|| record.exception.clone());
                        return cx.fail(Fault::new("MethodInvocationException", "ConstructorInvokedThrowException,Microsoft.PowerShell.Commands.NewObjectCommand", Category::InvalidOperation, message).because(inner));
                    }
                    _ => return Err(flow),
                }
            }
        }
    };
    if let Some(Value::Dict(properties)) = cx.get("Property") {
        for (name, value) in properties.pairs() {
            let name = text(&name);
            match &made {
                Value::Object(object) if plain => object.set(&name.into(), value),
                other => cx.it.set_property(other, &name, value)?,
            }
        }
    }
    cx.put(made)
}

#[derive(Default)]
struct Tee {
    items: Vec<Value>,
}

impl Cmdlet for Tee {
    fn process(&mut self, cx: &mut Cx<'_>) -> R<()> {
        let Some(item) = cx.input.clone().or_else(|| cx.get("InputObject")) else { return Ok(()) };
        self.items.push(item.clone());
        cx.put(item)
    }

    fn end(&mut self, cx: &mut Cx<'_>) -> R<()> {
        let mut items = std::mem::take(&mut self.items);
        if let Some(name) = cx.text("Variable") {
            let value = if items.len() == 1 { items.pop().unwrap_or_default() } else { Value::array(items) };
            return cx.it.set_str(&name, value);
        }
        let path = cx.text("FilePath").or_else(|| cx.text("LiteralPath")).unwrap_or_default();
        let body = crate::format::to_text(cx.it, items)?;
        let append = cx.flag("Append");
        cx.it.write_text(&path, &body, append)
    }
}
