//! Cmdlets that select, sort, group, measure and compare objects.

use ps_value::types::NetType;
use std::cmp::Ordering;
use std::rc::Rc;

use super::members::{Tee, add_member, get_member, new_object};
use super::select::{Select, Wanted, wanted};
use super::{CmdletInfo, Cx, Each, Gather};
use ps_runtime::eval::computed;
use ps_runtime::types::type_of;
use ps_value::compare::order;
use ps_value::error::{Category, Fault, R};
use ps_value::{Dict, DictKind, Ext, List, ListKind, Member, MemberKind, ObjectKind, Str, Value, text};

pub(crate) const CMDLETS: &[CmdletInfo] = &[
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
        params: "ReferenceObject: object[] @0 mandatory empty | DifferenceObject: object[] @1 mandatory pipe empty | Property: object[] | IncludeEqual: switch | ExcludeDifferent: switch | PassThru: switch | CaseSensitive: switch | Culture: string",
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
        params: "InputObject: object pipe null | Name: string[] @0 | MemberType: string alias=Type | Static: switch | Force: switch",
        default_set: "",
        make: || Gather::of(get_member),
    },
    CmdletInfo {
        name: "Add-Member",
        class: "AddMemberCommand",
        params: "InputObject: object pipe mandatory | MemberType: System.Management.Automation.PSMemberTypes @0 alias=Type set=MemberSet mandatory | Name: string @1 set=MemberSet mandatory | Value: object @2 set=MemberSet | SecondValue: object @3 set=MemberSet | NotePropertyName: string @0 set=NotePropertySingleMemberSet mandatory not=NoteProperty,ScriptProperty,ScriptMethod,AliasProperty,Property,Method,CodeProperty,CodeMethod,PropertySet,MemberSet | NotePropertyValue: object @1 set=NotePropertySingleMemberSet mandatory null | NotePropertyMembers: hashtable @0 set=NotePropertyMultiMemberSet mandatory | TypeName: string | Force: switch | PassThru: switch",
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

struct Key {
    values: Vec<Value>,
    item: Value,
}

fn sort(cx: &mut Cx<'_>, items: Vec<Value>) -> R<()> {
    cx.check_order()?;
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
    cx.check_order()?;
    let keys: Vec<Wanted> = cx.values("Property").iter().map(wanted).collect();
    let case = cx.flag("CaseSensitive");
    let mut groups: Vec<(Vec<Value>, Vec<Value>)> = Vec::new();
    let mut places: ps_syntax::symbol::Map<String, usize> = ps_syntax::symbol::Map::default();
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
            let list = List::new(ListKind::Collection, NetType::PSObject.ty(), items);
            table.insert(&key, Value::List(Rc::new(list)));
        }
        return cx.put(Value::Dict(Rc::new(table)));
    }
    for (values, items) in groups {
        let names: Vec<String> = values.iter().map(|v| cx.it.to_text(v)).collect();
        let count = Value::from(items.len());
        let members = if cx.flag("NoElement") { Vec::new() } else { items };
        let list = List::new(ListKind::Collection, NetType::PSObject.ty(), members);
        let mut pairs = vec![("Values", Value::array(values)), ("Count", count)];
        if !cx.flag("NoElement") {
            pairs.push(("Group", Value::List(Rc::new(list))));
        }
        pairs.push(("Name", Value::from(names.join(", "))));
        cx.put(Value::record(NetType::GroupInfo, pairs))?;
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
            if !value.is_null() {
                values.push(value);
            }
        }
        if let (true, Some(name), false) = (missing, &property, items.is_empty()) {
            let message =
                format!("The property \"{}\" cannot be found in the input for any objects.", text(name));
            cx.error(Fault::new(
                NetType::PSArgumentException,
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
            ps_value::text::utf16_len(&text)
        };
    }
    let shown = |on: bool, count: usize| if on { Value::from(count) } else { Value::Null };
    let (l, w, c) = (cx.flag("Line"), cx.flag("Word"), cx.flag("Character"));
    cx.put(Value::record(
        NetType::TextMeasureInfo,
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
    let double = NetType::Double.ty();
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
                        NetType::PSInvalidCastException,
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
            Value::Str(s) => ps_value::numbers::parse_double(s).map_or(v.clone(), Value::Double),
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
    cx.put(Value::record(NetType::GenericMeasureInfo, record))
}

fn compare(cx: &mut Cx<'_>) -> R<()> {
    cx.check_order()?;
    let (left, right) = (cx.values("ReferenceObject"), cx.values("DifferenceObject"));
    let by: Vec<Wanted> = cx.values("Property").iter().map(wanted).collect();
    let (left_keys, right_keys) = (keys(cx, &left, &by)?, keys(cx, &right, &by)?);
    let case = cx.flag("CaseSensitive");
    let mut used = vec![false; right.len()];
    let (mut equal, mut only_left) = (Vec::new(), Vec::new());
    for (item, key) in left.iter().zip(&left_keys) {
        let hit = right_keys
            .iter()
            .enumerate()
            .position(|(j, other)| used.get(j) == Some(&false) && same_keys(key, other, case));
        match hit {
            Some(j) => {
                if let Some(place) = used.get_mut(j) {
                    *place = true;
                }
                equal.push((item, key));
            }
            None => only_left.push((item, key)),
        }
    }
    if cx.flag("IncludeEqual") || cx.flag("ExcludeDifferent") {
        for (item, key) in equal {
            show(cx, item, &by, key, "==")?;
        }
    }
    if cx.flag("ExcludeDifferent") {
        return Ok(());
    }
    for ((item, key), used) in right.iter().zip(&right_keys).zip(used) {
        if !used {
            show(cx, item, &by, key, "=>")?;
        }
    }
    for (item, key) in only_left {
        show(cx, item, &by, key, "<=")?;
    }
    Ok(())
}

/// Returns the values by which each object is compared: its properties, or the object itself.
fn keys(cx: &mut Cx<'_>, items: &[Value], by: &[Wanted]) -> R<Vec<Vec<Value>>> {
    let of = |item: &Value| match by {
        [] => Ok(vec![item.clone()]),
        by => by.iter().map(|wanted| computed(cx.it, item, &wanted.by)).collect(),
    };
    items.iter().map(of).collect()
}

fn same_keys(a: &[Value], b: &[Value], case: bool) -> bool {
    a.iter().zip(b).all(|(x, y)| match (x, y) {
        (Value::Object(_), Value::Object(_)) => text(x) == text(y),
        _ => order(x, y, case).is_eq(),
    })
}

/// Writes an object of a comparison, with the side on which it is.
fn show(cx: &mut Cx<'_>, item: &Value, by: &[Wanted], key: &[Value], side: &str) -> R<()> {
    if cx.flag("PassThru") {
        let value = match item {
            Value::Object(object) => {
                object.set(&"SideIndicator".into(), Value::from(side));
                item.clone()
            }
            other => {
                let ext = Ext::new(other.clone(), None);
                ext.set(Member { name: "SideIndicator".into(), kind: MemberKind::Note(Value::from(side)) });
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
