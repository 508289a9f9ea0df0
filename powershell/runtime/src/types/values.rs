//! `Boolean`, and small values of the engine.

use super::Members;
use super::args::{at, string};
use super::declare::Declared::{Property, Static, StaticProperty};
use ps_value::Value;
use ps_value::error::net;
use ps_value::types::NetType;

pub(super) const MEMBERS: Members = &[
    (
        NetType::Boolean,
        &[
            Static("bool Parse(string value)", |_, a| {
                match string(a, 0).trim().to_ascii_lowercase().as_str() {
                    "true" => Ok(Value::Bool(true)),
                    "false" => Ok(Value::Bool(false)),
                    _ => net(
                        NetType::FormatException,
                        format!("String '{}' was not recognized as a valid Boolean.", string(a, 0)),
                    ),
                }
            }),
            Static("bool TryParse(string value, out bool result)", |it, a| {
                let found = match string(a, 0).trim().to_ascii_lowercase().as_str() {
                    "true" => Some(true),
                    "false" => Some(false),
                    _ => None,
                };
                if let Value::Ref(reference) = at(a, 1).base() {
                    it.write_reference(&reference.clone(), Value::Bool(found.unwrap_or(false)))?;
                }
                Ok(Value::Bool(found.is_some()))
            }),
            StaticProperty("string TrueString", |_, _| Ok(Value::from("True"))),
            StaticProperty("string FalseString", |_, _| Ok(Value::from("False"))),
        ],
    ),
    (
        NetType::SwitchParameter,
        &[
            Property("bool IsPresent", |_, t, _| Ok(Value::Bool(t.truth()))),
            super::declare::Declared::Method("bool ToBool()", |_, t, _| Ok(Value::Bool(t.truth()))),
            StaticProperty("switch Present", |_, _| Ok(Value::Switch(true))),
        ],
    ),
];
