//! Exceptions.

use super::Members;
use super::declare::Declared::{self, Method, Property};
use ps_value::Value;
use ps_value::net::{Net, inner_exception};
use ps_value::types::NetType;

pub(super) const MEMBERS: Members = &[(NetType::Exception, EXCEPTION)];

fn extra(value: &Value, name: &str) -> Option<Value> {
    match value.base() {
        Value::Net(net) => match &**net {
            Net::Exception(exception) => {
                exception.extra.iter().find(|(n, _)| *n == name).map(|(_, v)| v.clone())
            }
            _ => None,
        },
        _ => None,
    }
}

fn innermost(value: &Value) -> Value {
    let mut here = value.clone();
    while let Some(inner) = inner_exception(&here) {
        here = inner;
    }
    here
}

const EXCEPTION: &[Declared] = &[
    Property("string Message", |_, t, _| Ok(Value::Str(ps_value::error::exception_message(t)))),
    Property("object ErrorRecord", |_, t, _| {
        Ok(Value::Error(ps_value::error::ErrorRecord::new(
            t.clone(),
            ps_value::error::short_type(&super::type_of(t).full_name()).into(),
            ps_value::error::Category::NotSpecified,
            Value::Null,
        )))
    }),
    Property("System.Exception InnerException", |_, t, _| Ok(inner_exception(t).unwrap_or_default())),
    Property("string StackTrace", |_, _, _| Ok(Value::Null)),
    Property("string Source", |_, _, _| Ok(Value::from("System.Management.Automation"))),
    Property("int HResult", |_, _, _| Ok(Value::Int(-2_146_233_088))),
    Property("object Data", |_, _, _| Ok(Value::Dict(std::rc::Rc::new(ps_value::Dict::hashtable())))),
    Property("string ParamName", |_, t, _| {
        Ok(ps_value::error::exception_message(t)
            .split_once("(Parameter '")
            .and_then(|(_, rest)| rest.split_once('\''))
            .map_or(Value::Null, |(name, _)| Value::from(name)))
    }),
    Property("object Response", |_, t, _| Ok(extra(t, "Response").unwrap_or_default())),
    Property("object StatusCode", |_, t, _| Ok(extra(t, "StatusCode").unwrap_or_default())),
    Property("string CommandName", |_, t, _| Ok(extra(t, "CommandName").unwrap_or_default())),
    Property("string FileName", |_, t, _| Ok(extra(t, "FileName").unwrap_or_default())),
    Property("string ItemName", |_, t, _| Ok(extra(t, "ItemName").unwrap_or_default())),
    Method("System.Exception GetBaseException()", |_, t, _| Ok(innermost(t))),
    Method("string ToString()", |_, t, _| {
        Ok(Value::from(format!(
            "{}: {}",
            super::type_of(t).full_name(),
            ps_value::error::exception_message(t)
        )))
    }),
];
