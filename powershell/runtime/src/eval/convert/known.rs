//! Conversions to types that the interpreter knows.

use std::rc::Rc;

use super::copy_dict;
use crate::eval::Interp;
use crate::types::Ty;
use ps_value::culture;
use ps_value::error::{Category, Fault, R};
use ps_value::net::{self, Net};
use ps_value::types::NetType;
use ps_value::{DictKind, List, ListKind, TimeSpan, Value, text};

/// The id of a text that the parser of its type refuses.
const NOT_PARSED: &str = "InvalidCastParseTargetInvocationWithFormatProvider";

impl Interp {
    /// Converts a value to a type that is no number, and that the value does not have.
    pub(super) fn convert_other(&mut self, value: &Value, ty: &Ty) -> R<Value> {
        let id = ty.info().map_or(NetType::Object, |info| info.id);
        let converted = match id {
            NetType::Char | NetType::DateTime | NetType::TimeSpan => self.as_scalar(value, ty, id)?,
            NetType::Hashtable
            | NetType::IDictionary
            | NetType::IList
            | NetType::ICollection
            | NetType::IEnumerable
            | NetType::ArrayList
            | NetType::Stack
            | NetType::Queue
            | NetType::Array
            | NetType::List
            | NetType::Collection
            | NetType::GenericQueue
            | NetType::HashSet
            | NetType::GenericStack
            | NetType::GenericIEnumerable
            | NetType::GenericIList => self.as_known_collection(value, ty, id)?,
            _ => self.as_object(value, ty, id)?,
        };
        match converted {
            Some(value) => Ok(value),
            None => self.by_constructor(value, ty),
        }
    }

    fn as_scalar(&mut self, value: &Value, ty: &Ty, id: NetType) -> R<Option<Value>> {
        Ok(match (id, value) {
            (NetType::Char, Value::Str(text)) if ps_value::text::utf16_len(text) == 1 => {
                ps_value::text::unit_at(text, 0).map(Value::Char)
            }
            (NetType::Char, Value::Str(_)) => {
                return Fault::new(NetType::PSInvalidCastException, "InvalidCastFromStringToChar", Category::InvalidArgument, format!("Cannot convert value \"{}\" to type \"System.Char\". Error: \"String must be exactly one character long.\"", text(value))).raise();
            }
            (NetType::Char, number) => {
                number.as_integer().and_then(|v| u16::try_from(v).ok()).map(Value::Char)
            }
            (NetType::DateTime, Value::Str(text)) => match net::parse_date(text) {
                Some(date) => Some(Value::DateTime(date)),
                None => {
                    return self.not_parsed(
                        value,
                        ty,
                        NOT_PARSED,
                        &format!("String '{text}' was not recognized as a valid DateTime."),
                    );
                }
            },
            (NetType::DateTime, number) if number.as_integer().is_some() => number
                .as_integer()
                .and_then(|t| ps_value::DateTime::new(t, ps_value::DateKind::Unspecified))
                .map(Value::DateTime),
            (NetType::TimeSpan, Value::Str(text)) => match TimeSpan::parse(text) {
                Some(span) => Some(Value::TimeSpan(span)),
                None => {
                    return self.not_parsed(
                        value,
                        ty,
                        NOT_PARSED,
                        &format!("String '{text}' was not recognized as a valid TimeSpan."),
                    );
                }
            },
            (NetType::TimeSpan, number) => number.as_integer().map(|ticks| Value::TimeSpan(TimeSpan(ticks))),
            _ => self.parse_value(value, ty, id)?,
        })
    }

    fn as_known_collection(&mut self, value: &Value, ty: &Ty, id: NetType) -> R<Option<Value>> {
        Ok(match (id, value) {
            (NetType::Hashtable, Value::Dict(dict)) => {
                Some(Value::Dict(Rc::new(copy_dict(dict, DictKind::Hashtable))))
            }
            (NetType::IDictionary, Value::Dict(_)) => Some(value.clone()),
            (NetType::IList | NetType::ICollection | NetType::IEnumerable, _) => {
                Some(Value::array(vec![value.clone()]))
            }
            (NetType::ArrayList, _) => {
                let items = self.enumerate(value);
                Some(Value::List(Rc::new(List::new(ListKind::ArrayList, NetType::Object.ty(), items))))
            }
            (NetType::Stack | NetType::Queue, Value::Array(_) | Value::List(_)) => {
                let items = self.enumerate(value);
                let kind = if id == NetType::Stack { ListKind::Stack } else { ListKind::Queue };
                Some(Value::List(Rc::new(List::new(kind, NetType::Object.ty(), items))))
            }
            (NetType::Array, _) => Some(self.as_array(value, &NetType::Object.ty())?),
            (
                NetType::List
                | NetType::Collection
                | NetType::GenericQueue
                | NetType::HashSet
                | NetType::GenericStack
                | NetType::GenericIEnumerable
                | NetType::GenericIList,
                _,
            ) => Some(self.as_collection(value, ty, id)?),
            _ => self.parse_value(value, ty, id)?,
        })
    }

    fn as_object(&mut self, value: &Value, ty: &Ty, id: NetType) -> R<Option<Value>> {
        Ok(match (id, value) {
            (NetType::Type | NetType::RuntimeType, Value::Str(text)) => match self.find_type(text) {
                Some(found) => Some(Value::ty(found)),
                None => return self.cannot(value, ty),
            },
            (NetType::ScriptBlock, Value::Str(_)) => None,
            (NetType::Regex, _) => {
                let pattern = self.to_text(value);
                let regex = self.regex(&pattern, 0)?;
                Some(Value::net(Net::Regex(regex)))
            }
            (NetType::XmlDocument, _) => Some(self.as_document(value)?),
            (NetType::CultureInfo, Value::Str(name)) => match culture::find(name) {
                Some(found) => Some(crate::types::culture::value_of(Rc::new(found.editable()))),
                None => {
                    let why = crate::types::culture::unknown(name);
                    return self.not_parsed(value, ty, "InvalidCastConstructorException", &why);
                }
            },
            (
                NetType::Delegate
                | NetType::Func
                | NetType::Action
                | NetType::Predicate
                | NetType::Comparison
                | NetType::MatchEvaluator,
                Value::Block(_),
            ) => Some(value.clone()),
            (NetType::PSReference, Value::Ref(_)) => Some(value.clone()),
            (NetType::PSReference, _) => Some(Value::own_ref(value.clone())),
            _ => self.parse_value(value, ty, id)?,
        })
    }

    fn as_document(&mut self, value: &Value) -> R<Value> {
        let source = match value {
            Value::Array(_) | Value::List(_) => {
                let lines: Vec<String> = value.items().unwrap_or_default().iter().map(text).collect();
                lines.join("\n")
            }
            other => self.to_text(other),
        };
        match ps_value::xml::parse_document(&source) {
            Ok(document) => Ok(document),
            Err(why) => {
                let message = format!(
                    "Cannot convert value \"{source}\" to type \"System.Xml.XmlDocument\". Error: \"{why}\""
                );
                Fault::new(
                    NetType::PSInvalidCastException,
                    "InvalidCastToXmlDocument",
                    Category::InvalidArgument,
                    message,
                )
                .raise()
            }
        }
    }

    /// Parses the text of a value of .NET.
    fn parse_value(&mut self, value: &Value, ty: &Ty, id: NetType) -> R<Option<Value>> {
        crate::types::net_text::from_text(self, id, value).or_else(|why| {
            let big = id == NetType::BigInteger;
            self.not_parsed(
                value,
                ty,
                if big { NOT_PARSED } else { "InvalidCastParseTargetInvocation" },
                &why,
            )
        })
    }
}
