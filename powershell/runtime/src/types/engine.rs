//! Types of PowerShell itself: errors, script blocks, `PSObject`, `$PSCmdlet`, credentials.

use std::rc::Rc;

use super::Members;
use super::args::{at, string};
use super::commands::{BLOCK, CMDLET, COMMAND, CREDENTIAL};
use super::declare::Declared::{self, Method, New, Property, Settable, Static};
use super::net::Properties;
use crate::eval::Interp;
use ps_value::error::{Category, ErrorRecord, R};
use ps_value::net::Net;
use ps_value::types::NetType;
use ps_value::{Member, MemberKind, Value, text};

pub(super) const MEMBERS: Members = &[
    (NetType::PSObject, PS_OBJECT),
    (NetType::PSMemberInfoIntegratingCollection, PROPERTIES),
    (NetType::PSNoteProperty, PROPERTY),
    (
        NetType::PSReference,
        &[Settable(
            "object Value",
            |_, t, _| {
                Ok(match t {
                    Value::Ref(reference) => Interp::read_reference(reference),
                    _ => Value::Null,
                })
            },
            |it, t, a| {
                if let Value::Ref(reference) = t {
                    it.write_reference(&reference.clone(), at(a, 0))?;
                }
                Ok(Value::Void)
            },
        )],
    ),
    (NetType::ErrorRecord, ERROR),
    (NetType::ScriptBlock, BLOCK),
    (NetType::PSScriptCmdlet, CMDLET),
    (NetType::PSCredential, CREDENTIAL),
    (
        NetType::SecureString,
        &[
            New("securestring()", |_, _| Ok(Value::net(Net::SecureString("".into())))),
            Property("int Length", |_, t, _| Ok(Value::from(secret(t).chars().count()))),
            Method("System.Security.SecureString Copy()", |_, t, _| Ok(t.clone())),
            Method("void MakeReadOnly()", |_, _, _| Ok(Value::Void)),
        ],
    ),
    (
        NetType::Marshal,
        &[
            Static("object SecureStringToBSTR(object s)", |_, a| Ok(at(a, 0))),
            Static("object SecureStringToGlobalAllocUnicode(object s)", |_, a| Ok(at(a, 0))),
            Static("string PtrToStringAuto(object ptr)", |_, a| Ok(Value::from(secret(&at(a, 0))))),
            Static("string PtrToStringBSTR(object ptr)", |_, a| Ok(Value::from(secret(&at(a, 0))))),
            Static("string PtrToStringUni(object ptr)", |_, a| Ok(Value::from(secret(&at(a, 0))))),
            Static("void ZeroFreeBSTR(object s)", |_, _| Ok(Value::Void)),
        ],
    ),
    (
        NetType::WildcardPattern,
        &[
            Static("bool ContainsWildcardCharacters(string pattern)", |_, a| {
                Ok(Value::Bool(crate::eval::operators::Wildcard::has(&string(a, 0))))
            }),
            Static("string Escape(string pattern)", |_, a| {
                Ok(Value::from(
                    string(a, 0).replace('[', "`[").replace(']', "`]").replace('*', "`*").replace('?', "`?"),
                ))
            }),
        ],
    ),
    (NetType::CmdletInfo, COMMAND),
    (NetType::FunctionInfo, COMMAND),
    (NetType::ExternalScriptInfo, COMMAND),
    (NetType::PowerShell, super::powershell::POWERSHELL),
    (NetType::PSCommand, super::powershell::COMMANDS),
    (NetType::Parser, super::parsing::PARSER),
    (
        NetType::LanguagePrimitives,
        &[
            Static("bool IsTrue(object obj)", |_, a| Ok(Value::Bool(at(a, 0).truth()))),
            Static("object ConvertTo(object valueToConvert, type resultType)", |it, a| {
                match at(a, 1).base() {
                    Value::Type(ty) => it.convert(&at(a, 0), &ty.clone()),
                    _ => Ok(at(a, 0)),
                }
            }),
        ],
    ),
];

pub fn secret(value: &Value) -> String {
    match value.base() {
        Value::Net(net) => match &**net {
            Net::SecureString(text) => text.to_string(),
            _ => String::new(),
        },
        other => text(other),
    }
}

fn wrapped(value: &Value) -> Value {
    match value.base() {
        Value::Net(net) => match &**net {
            Net::PsObject(inner) | Net::Property(inner, _) => inner.clone(),
            net if net.other::<Properties>().is_some() => {
                net.other().map_or(Value::Null, |Properties(inner)| inner.clone())
            }
            _ => value.clone(),
        },
        _ => value.clone(),
    }
}

const PS_OBJECT: &[Declared] = &[
    New("psobject()", |_, _| Ok(Value::custom([]))),
    New("psobject(object obj)", |_, a| Ok(at(a, 0))),
    Property("object Properties", |_, t, _| Ok(Value::object(Properties(wrapped(t))))),
    Property("object Members", |_, t, _| Ok(Value::object(Properties(wrapped(t))))),
    Property("object Methods", |it, t, _| it.members_of(&wrapped(t), true)),
    Property("object TypeNames", |it, t, _| {
        Ok(Value::strings(it.type_names(&wrapped(t)).iter().map(ToString::to_string)))
    }),
    Property("object BaseObject", |_, t, _| Ok(wrapped(t).base().clone())),
    Property("object ImmediateBaseObject", |_, t, _| Ok(wrapped(t).base().clone())),
    Method("object Copy()", |_, t, _| {
        Ok(match wrapped(t) {
            Value::Object(object) => Value::Object(Rc::new(object.copy())),
            other => other,
        })
    }),
];

fn add_property(it: &mut Interp, owner: &Value, property: &Value) -> R<Value> {
    let name = it.property(property, "Name")?.map(|v| text(&v)).unwrap_or_default();
    let value = it.property(property, "Value")?.unwrap_or_default();
    match owner {
        Value::Object(object) => object.set(&name.as_str().into(), value),
        Value::Ext(ext) => ext.set(Member { name: name.into(), kind: MemberKind::Note(value) }),
        _ => {}
    }
    Ok(Value::Void)
}

const PROPERTIES: &[Declared] = &[
    Method("void Add(object member)", |it, t, a| add_property(it, &wrapped(t), &at(a, 0))),
    Method("void Add(object member, bool preValidated)", |it, t, a| add_property(it, &wrapped(t), &at(a, 0))),
    Method("void Remove(string name)", |_, t, a| {
        if let Value::Object(object) = wrapped(t) {
            object.remove(ps_syntax::symbol::Sym::of(&string(a, 0)));
        }
        Ok(Value::Void)
    }),
    Method("object Match(string name)", |it, t, a| {
        let pattern = crate::eval::operators::Wildcard::new(&string(a, 0), false);
        let owner = wrapped(t);
        let names = it.property_names(&owner);
        Ok(Value::array(
            names
                .into_iter()
                .filter(|n| pattern.matches(n))
                .map(|n| Value::net(Net::Property(owner.clone(), n)))
                .collect(),
        ))
    }),
    Method("object Item(string name)", |it, t, a| it.index(t, &at(a, 0))),
];

fn property_name(value: &Value) -> ps_value::Str {
    match value.base() {
        Value::Net(net) => match &**net {
            Net::Property(_, name) => name.clone(),
            _ => "".into(),
        },
        _ => "".into(),
    }
}

const PROPERTY: &[Declared] = &[
    New("psnoteproperty(string name, object value)", |_, a| {
        Ok(Value::custom([("Name".into(), at(a, 0)), ("Value".into(), at(a, 1))]))
    }),
    Property("string MemberType", |_, t, _| Ok(Value::from(member_type(&wrapped(t), &property_name(t))))),
    Settable(
        "object Value",
        |it, t, _| Ok(it.property(&wrapped(t), &property_name(t))?.unwrap_or_default()),
        |it, t, a| {
            it.set_property(&wrapped(t), &property_name(t), at(a, 0))?;
            Ok(Value::Void)
        },
    ),
    Property("bool IsSettable", |_, _, _| Ok(Value::Bool(true))),
    Property("bool IsGettable", |_, _, _| Ok(Value::Bool(true))),
    Property("string TypeNameOfValue", |it, t, _| {
        Ok(Value::from(match it.property(&wrapped(t), &property_name(t))? {
            Some(value) if !value.is_null() => super::type_of(&value).full_name(),
            _ => NetType::Object.to_string(),
        }))
    }),
    Property("string Name", |_, t, _| Ok(Value::Str(property_name(t)))),
    Property("bool IsInstance", |_, _, _| Ok(Value::Bool(true))),
];

/// Returns `NoteProperty`, `Property`, `ScriptProperty` or `AliasProperty`.
pub fn member_type(owner: &Value, name: &str) -> &'static str {
    let of = |kind: &MemberKind| match kind {
        MemberKind::Note(_) => "NoteProperty",
        MemberKind::Alias(_) => "AliasProperty",
        MemberKind::Script { .. } => "ScriptProperty",
        MemberKind::Method(_) => "ScriptMethod",
    };
    match owner {
        Value::Object(object) => {
            match object.members.borrow().iter().find(|m| ps_syntax::symbol::same(&m.name, name)) {
                Some(member) => of(&member.kind),
                None => match &object.kind {
                    ps_value::ObjectKind::Custom => "NoteProperty",
                    _ => "Property",
                },
            }
        }
        Value::Ext(ext) => ext.get(name).map_or("Property", |kind| of(&kind)),
        _ => "Property",
    }
}

pub(super) fn record(value: &Value) -> Option<Rc<ErrorRecord>> {
    match value.base() {
        Value::Error(record) => Some(record.clone()),
        _ => None,
    }
}

fn with(value: &Value, body: impl FnOnce(&ErrorRecord) -> Value) -> R<Value> {
    Ok(record(value).map_or(Value::Null, |record| body(&record)))
}

const ERROR: &[Declared] = &[
    New(
        "ErrorRecord(object exception, string errorId, System.Management.Automation.ErrorCategory errorCategory, object targetObject)",
        |_, a| {
            let category = text(&at(a, 2));
            let record = ErrorRecord::new(
                at(a, 0),
                string(a, 1),
                Category::parse(&category).unwrap_or(Category::NotSpecified),
                at(a, 3),
            );
            Ok(Value::Error(record))
        },
    ),
    Property("System.Exception Exception", |_, t, _| with(t, |r| r.exception.clone())),
    Property("object TargetObject", |_, t, _| with(t, |r| r.target.clone())),
    Property("object CategoryInfo", |_, t, _| {
        with(t, |r| {
            let object = Value::record(
                NetType::ErrorCategoryInfo,
                vec![
                    ("Category", super::enum_value(NetType::ErrorCategory, r.category.get() as i64)),
                    ("Activity", Value::Str(r.activity.borrow().clone())),
                    ("Reason", Value::Str(r.reason.borrow().clone())),
                    ("TargetName", Value::from(r.target_name())),
                    ("TargetType", Value::from(r.target_type())),
                ],
            );
            Value::with_text(object, r.category_text().into())
        })
    }),
    Property("string FullyQualifiedErrorId", |_, t, _| with(t, |r| Value::Str(r.id.borrow().clone()))),
    Settable(
        "object ErrorDetails",
        |_, t, _| {
            with(t, |r| match &*r.details.borrow() {
                Some(details) => Value::record(
                    NetType::ErrorDetails,
                    vec![("Message", Value::Str(details.clone())), ("RecommendedAction", Value::from(""))],
                ),
                None => Value::Null,
            })
        },
        |_, t, a| {
            with(t, |r| {
                *r.details.borrow_mut() = Some(text(&at(a, 0)).into());
                Value::Void
            })
        },
    ),
    Property("object InvocationInfo", |it, t, _| {
        Ok(match record(t) {
            Some(record) => it.error_invocation(&record),
            None => Value::Null,
        })
    }),
    Property("string ScriptStackTrace", |_, t, _| with(t, |r| Value::Str(r.stack.borrow().clone()))),
    Property("object PipelineIterationInfo", |_, _, _| Ok(Value::array(Vec::new()))),
];
