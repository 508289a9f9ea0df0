//! The properties of a `CommandInfo`, and blocks that run for an object.

use std::rc::Rc;

use ps_value::error::R;
use ps_value::types::NetType;
use ps_value::{Dict, DictKind, Value, text};

use super::command::Resolved;
use super::{Interp, Sink};

impl Interp {
    /// Returns a property of a `CommandInfo`.
    pub fn command_property(&mut self, value: &Value, name: &str) -> R<Value> {
        let Value::Net(net) = value.base() else { return Ok(Value::Null) };
        let Some(resolved) = net.other::<Resolved>() else { return Ok(Value::Null) };
        Ok(match name {
            "Name" => Value::from(crate::types::net::command_name(resolved)),
            "CommandType" => crate::types::enum_value(
                NetType::CommandTypes,
                match resolved {
                    Resolved::Function(f) if f.filter => 4,
                    Resolved::Function(_) => 2,
                    Resolved::Cmdlet(_) => 8,
                    Resolved::Script(_) => 16,
                },
            ),
            "Definition" => match resolved {
                Resolved::Function(f) => Value::from(f.block.text()),
                Resolved::Cmdlet(info) => Value::from(info.name),
                Resolved::Script(path) => Value::from(self.full_path(path)),
            },
            "ScriptBlock" => match resolved {
                Resolved::Function(f) => Value::Block(f.block.clone()),
                _ => Value::Null,
            },
            "Source" => match resolved {
                Resolved::Cmdlet(_) => Value::from("Microsoft.PowerShell.Utility"),
                Resolved::Function(f) => f.module.clone().map_or(Value::from(""), Value::Str),
                Resolved::Script(path) => Value::from(path.as_str()),
            },
            _ => {
                let table = match resolved {
                    Resolved::Cmdlet(info) => crate::cmdlet::table(info),
                    Resolved::Function(f) => self.table_of(&f.block.clone())?,
                    Resolved::Script(_) => return Ok(Value::Null),
                };
                let dict = Dict::new(DictKind::Hashtable, true);
                for spec in &table.params {
                    let ty = spec.ty.as_ref().map_or(Value::Null, |t| Value::ty(t.clone()));
                    let entry = Value::custom([
                        ("Name".into(), Value::Str(spec.name.clone())),
                        ("ParameterType".into(), ty),
                        ("Aliases".into(), Value::strings(spec.aliases.iter().map(ToString::to_string))),
                    ]);
                    dict.insert(&Value::Str(spec.name.clone()), entry);
                }
                Value::Dict(Rc::new(dict))
            }
        })
    }
}

/// Runs a block for an object, as `$_`.
pub fn with_item<T>(it: &mut Interp, item: &Value, body: impl FnOnce(&mut Interp) -> R<T>) -> R<T> {
    let sym = it.syms.underscore;
    let scope = ps_value::scope::Scope::new(Some(it.scope.clone()), false);
    scope.put(sym, &it.names.underscore, item.clone());
    it.within(scope, body)
}

/// Returns the value of a calculated property: from a block or a property.
pub fn computed(it: &mut Interp, item: &Value, by: &Value) -> R<Value> {
    match by.base() {
        Value::Block(block) => {
            let block = block.clone();
            let out = crate::eval::Collector::default();
            with_item(it, item, |it| it.run_block(&block, &out as &dyn Sink))?;
            Ok(out.into_value())
        }
        other => {
            let name = text(other);
            Ok(it.property(item, &name)?.unwrap_or_default())
        }
    }
}
