//! Members of objects, and new objects.

use ps_value::types::NetType;
use std::rc::Rc;

use super::{Cmdlet, Cx};
use ps_runtime::eval::operators::Wildcard;
use ps_syntax::symbol::same;
use ps_value::error::{Category, Fault, Flow, R};
use ps_value::{Ext, Member, MemberKind, Value, text};

pub(super) fn get_member(cx: &mut Cx<'_>, items: Vec<Value>) -> R<()> {
    let patterns: Vec<Wildcard> = cx.strings("Name").iter().map(|n| Wildcard::new(n, false)).collect();
    let kinds = cx.text("MemberType").unwrap_or_default().to_lowercase();
    let mut seen: Vec<String> = Vec::new();
    if items.iter().all(Value::is_null) {
        return cx.error(Fault::new(
            NetType::InvalidOperationException,
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
        members.sort_by(|a, b| ps_value::compare::text_order(&a.0, &b.0, false));
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
                NetType::MemberDefinition,
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

/// Returns the member that `-MemberType` makes of a value and of `-SecondValue`.
pub(super) fn member_kind(cx: &mut Cx<'_>, value: Value) -> R<MemberKind> {
    let kind = cx.text("MemberType").unwrap_or_default();
    let block = |v: &Value| match v.base() {
        Value::Block(block) => Some(block.clone()),
        _ => None,
    };
    Ok(match (kind.to_lowercase().as_str(), block(&value)) {
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
                NetType::ParameterBindingException,
                "CannotConvertArgumentNoMessage",
                Category::InvalidArgument,
                message,
            ));
        }
    })
}

pub(super) fn add_member(cx: &mut Cx<'_>) -> R<()> {
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
    } else if cx.has("MemberType") {
        let name = cx.text("Name").unwrap_or_default();
        let value = cx.get("Value").unwrap_or_default();
        members.push(Member { name: name.into(), kind: member_kind(cx, value)? });
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
                    NetType::InvalidOperationException,
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

/// Adds a member, in place if the object can hold it.
pub(crate) fn add_one(object: Value, member: Member) -> Value {
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

pub(super) fn new_object(cx: &mut Cx<'_>) -> R<()> {
    if let Some(name) = cx.text("ComObject") {
        let message = format!("New-Object -ComObject {name}: {}", ps_runtime::needs::COM);
        return cx.fail(Fault::new(
            NetType::PSNotSupportedException,
            "ComObjectPlatformIsNotSupported",
            Category::NotImplemented,
            message,
        ));
    }
    let name = cx.text("TypeName").unwrap_or_default();
    let Some(ty) = cx.it.find_type(&name) else {
        let message =
            format!("Cannot find type [{name}]: verify that the assembly containing this type is loaded.");
        return cx.fail(Fault::new(
            NetType::PSArgumentException,
            "TypeNotFound",
            Category::InvalidType,
            message,
        ));
    };
    let args = cx.values("ArgumentList");
    let plain = ty.is(NetType::PSObject) || ty.is(NetType::PSCustomObject) || ty == NetType::Object.ty();
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
                            NetType::PSArgumentException,
                            "CannotFindAppropriateCtor",
                            Category::ObjectNotFound,
                            message,
                        ));
                    }
                    Flow::Error(record) => {
                        let message = record.message().to_string();
                        let inner = ps_value::net::inner_exception(&record.exception)
                            .unwrap_or_else(|| record.exception.clone());
                        return cx.fail(Fault::new(NetType::MethodInvocationException, "ConstructorInvokedThrowException,Microsoft.PowerShell.Commands.NewObjectCommand", Category::InvalidOperation, message).because(inner));
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
pub(super) struct Tee {
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
        let body = ps_runtime::format::to_text(cx.it, items)?;
        let append = cx.flag("Append");
        cx.it.write_text(&path, &body, append)
    }
}
