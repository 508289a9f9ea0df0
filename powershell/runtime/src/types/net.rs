//! .NET objects that only the interpreter can create or evaluate.

use std::cell::RefCell;
use std::rc::Rc;

use ps_syntax::symbol::same;
use ps_value::error::R;
use ps_value::net::{FileData, Net, NetObject};
use ps_value::scope::Scope;
use ps_value::types::NetType;
use ps_value::{Str, Value, text};

use crate::eval::Interp;
use crate::eval::bind::Common;
use crate::eval::command::Resolved;

/// The state of `$PSCmdlet`.
pub struct CmdletState {
    pub name: Str,
    pub set: Str,
    pub common: Common,
    pub scope: Rc<Scope>,
}

impl NetObject for CmdletState {
    fn id(&self) -> NetType {
        NetType::PSScriptCmdlet
    }
}

impl NetObject for Resolved {
    fn id(&self) -> NetType {
        match self {
            Self::Function(_) => NetType::FunctionInfo,
            Self::Cmdlet(_) => NetType::CmdletInfo,
            Self::Script(_) => NetType::ExternalScriptInfo,
        }
    }

    fn text(&self) -> String {
        command_name(self)
    }
}

/// The `.psobject.Properties` of a value.
pub(crate) struct Properties(pub(crate) Value);

impl NetObject for Properties {
    fn id(&self) -> NetType {
        NetType::PSMemberInfoIntegratingCollection
    }

    fn items(&self) -> Option<Vec<Value>> {
        Some(property_list(&self.0))
    }
}

pub fn file_value(it: &mut Interp, path: &str, is_dir: bool, shown: Option<String>) -> Value {
    let meta = it.host.metadata(path);
    Value::net(Net::File(FileData { path: path.to_owned(), is_dir, shown, meta: RefCell::new(meta) }))
}

/// Evaluates `object[index]`.
pub(crate) fn item(net: &Net, it: &mut Interp, index: &Value) -> R<Option<Value>> {
    if let Some(Properties(owner)) = net.other() {
        return Ok(match index.base() {
            Value::Str(name) => {
                let names = it.property_names(owner);
                let found = names.iter().find(|n| same(n, name)).cloned();
                Some(match found {
                    Some(name) => Value::net(Net::Property(owner.clone(), name)),
                    None => match it.property(owner, name)? {
                        Some(_) if !matches!(owner.base(), Value::Dict(_)) => {
                            Value::net(Net::Property(owner.clone(), name.clone()))
                        }
                        _ => Value::Null,
                    },
                })
            }
            _ => None,
        });
    }
    Ok(match net {
        Net::Groups(data) => {
            let at = match index.base() {
                Value::Int(number) => data.regex.groups.iter().position(|(n, _)| *n == number.to_string()),
                other => data.regex.group_index(&text(other)),
            };
            Some(match at {
                Some(at) => Value::net(Net::Group(data.clone(), at)),
                None => Value::net(Net::Group(data.clone(), usize::MAX)),
            })
        }
        Net::StringBuilder(s) => {
            let at = index.as_integer().and_then(|v| usize::try_from(v).ok()).unwrap_or(usize::MAX);
            ps_value::text::unit_at(&s.borrow(), at).map(Value::Char)
        }
        Net::Base(value) => Some(it.index(value, index)?),
        Net::Xml(node) => node.item(index),
        _ => None,
    })
}

fn property_list(owner: &Value) -> Vec<Value> {
    let names: Vec<Str> = match owner {
        Value::Object(object) => {
            let hidden: Vec<_> = match &object.kind {
                ps_value::ObjectKind::Class(class) => {
                    class.all_properties().into_iter().filter(|p| p.hidden).map(|p| p.sym).collect()
                }
                _ => Vec::new(),
            };
            let mut names: Vec<Str> = object
                .shape()
                .names
                .iter()
                .filter(|(s, _)| !hidden.contains(s))
                .map(|(_, n)| n.clone())
                .collect();
            names.extend(
                object
                    .members
                    .borrow()
                    .iter()
                    .filter(|m| !matches!(m.kind, ps_value::MemberKind::Method(_)))
                    .map(|m| m.name.clone()),
            );
            names
        }
        Value::Ext(ext) => {
            let mut names = declared_names(&ext.base);
            names.extend(ext.members.borrow().iter().map(|m| m.name.clone()));
            names
        }
        other => declared_names(other),
    };
    names.into_iter().map(|name| Value::net(Net::Property(owner.clone(), name))).collect()
}

fn declared_names(value: &Value) -> Vec<Str> {
    if let Value::Net(net) = value
        && let Some(names) = net.own_names()
    {
        return names;
    }
    let mut names: Vec<Str> = Vec::new();
    let mut next = super::type_of(value).info();
    while let Some(info) = next {
        for member in super::members(info.id) {
            if let super::Declared::Property(signature, _) | super::Declared::Settable(signature, ..) = member
            {
                let name = Str::from(crate::eval::overload::split_signature(signature).1);
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        next = info.base.map(NetType::info);
    }
    names
}

pub fn command_name(resolved: &Resolved) -> String {
    match resolved {
        Resolved::Function(function) => function.name.to_string(),
        Resolved::Cmdlet(info) => info.name.to_owned(),
        Resolved::Script(path) => path.rsplit('/').next().unwrap_or(path).to_owned(),
    }
}
