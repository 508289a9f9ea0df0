//! Conversions between types, as in casts and parameters.

use ps_value::types::NetType;
use std::rc::Rc;

use num_bigint::BigInt;
use num_traits::ToPrimitive;

mod known;

use super::Interp;
use crate::types::{EnumType, Ty, TypeKind, type_of};
use ps_value::error::{Category, Fault, Flow, R};
use ps_value::{Dict, DictKind, List, ListKind, ObjectKind, Str, Value, numbers, text};

impl Interp {
    pub fn convert(&mut self, value: &Value, ty: &Ty) -> R<Value> {
        match ty {
            Ty::Native(info) => match info.id {
                NetType::Object => {
                    return Ok(if let Value::Void = value { Value::Null } else { value.clone() });
                }
                NetType::PSObject | NetType::PSCustomObject => {
                    return self.as_custom(value, ty);
                }
                NetType::String => return Ok(self.string_value(value)),
                NetType::Boolean => return Ok(Value::Bool(value.truth())),
                NetType::SwitchParameter => return Ok(Value::Switch(value.truth())),
                NetType::Void => return Ok(Value::Void),
                _ => {}
            },
            Ty::Array(element, _) => return self.as_array(value, element),
            Ty::Enum(e) => return self.as_enum(value, e),
            Ty::Generic(info, args) if info.id == NetType::Nullable => {
                return match args.first() {
                    Some(inner) if !value.is_null() => self.convert(value, inner),
                    _ => Ok(Value::Null),
                };
            }
            _ => {}
        }
        let base = value.base();
        // No type extends a number.
        if ty.is_numeric() {
            return if type_of(base) == *ty { Ok(base.clone()) } else { self.as_number(base, ty) };
        }
        if type_of(base).extends(ty) && !base.is_null() {
            return Ok(base.clone());
        }
        if base.is_null() {
            return match ty.is_value_type() {
                true => Fault::new(
                    NetType::PSInvalidCastException,
                    "nullToObjectIsNotSupported",
                    Category::InvalidArgument,
                    format!("Cannot convert null to type \"{}\".", ty.full_name()),
                )
                .raise(),
                false => Ok(Value::Null),
            };
        }
        self.convert_other(base, ty)
    }

    fn string_value(&mut self, value: &Value) -> Value {
        match value {
            Value::Str(_) => value.clone(),
            Value::Null | Value::Void => Value::from(""),
            other => Value::from(self.to_text(other)),
        }
    }

    fn not_parsed<T>(&mut self, value: &Value, ty: &Ty, id: &str, why: &str) -> R<T> {
        let message = format!(
            "Cannot convert value \"{}\" to type \"{}\". Error: \"{why}\"",
            text(value),
            ty.full_name()
        );
        Fault::new(NetType::PSInvalidCastException, id, Category::InvalidArgument, message).raise()
    }

    pub fn cannot<T>(&mut self, value: &Value, ty: &Ty) -> R<T> {
        let message = format!(
            "Cannot convert the \"{}\" value of type \"{}\" to type \"{}\".",
            self.to_text(value),
            type_of(value).full_name(),
            ty.full_name()
        );
        Fault::new(
            NetType::PSInvalidCastException,
            "ConvertToFinalInvalidCastException",
            Category::InvalidArgument,
            message,
        )
        .raise()
    }

    /// Converts by a constructor with one argument, or from a hashtable of properties.
    fn by_constructor(&mut self, value: &Value, ty: &Ty) -> R<Value> {
        if let Value::Dict(dict) = value
            && matches!(ty, Ty::Class(_))
        {
            return self.filled_from(dict, ty);
        }
        if let (Ty::Class(_), Value::Object(object)) = (ty, value)
            && matches!(object.kind, ObjectKind::Custom)
        {
            let dict = Dict::hashtable();
            for (name, value) in object.pairs() {
                dict.insert(&Value::Str(name), value);
            }
            return self.filled_from(&dict, ty);
        }
        let can_construct = match ty {
            Ty::Class(class) => class.constructors().iter().any(|c| c.params.len() == 1),
            Ty::Native(info) => {
                matches!(info.kind, TypeKind::Class | TypeKind::Struct)
                    && !info.name.starts_with("System.Collections.")
                    && !info.name.starts_with("System.Management.Automation.PSReference")
                    && !matches!(value, Value::Dict(_))
            }
            _ => false,
        };
        if can_construct && let Ok(made) = self.construct(ty, std::slice::from_ref(value)) {
            return Ok(made);
        }
        self.cannot(value, ty)
    }

    fn filled_from(&mut self, dict: &Dict, ty: &Ty) -> R<Value> {
        let object = self.construct(ty, &[])?;
        for (name, value) in dict.pairs() {
            let name = text(&name);
            if self.property(&object, &name)?.is_none()
                && !self.property_names(&object).iter().any(|n| ps_syntax::symbol::same(n, &name))
            {
                let message = format!(
                    "Cannot create object of type \"{}\". The {name} property was not found for the {} object. The available property is: {}",
                    ty.full_name(),
                    ty.full_name(),
                    self.property_names(&object)
                        .iter()
                        .map(ToString::to_string)
                        .collect::<Vec<_>>()
                        .join(", ")
                );
                return Fault::new(
                    NetType::PSInvalidCastException,
                    "ObjectCreationError",
                    Category::InvalidArgument,
                    message,
                )
                .raise();
            }
            self.set_property(&object, &name, value)?;
        }
        Ok(object)
    }

    fn as_custom(&mut self, value: &Value, ty: &Ty) -> R<Value> {
        Ok(match value.base() {
            Value::Dict(dict) if !dict.is_set() && ty.is(NetType::PSCustomObject) => {
                super::expr::convert_pairs(
                    dict.pairs().into_iter().map(|(k, v)| (Str::from(text(&k)), v)).collect(),
                )
            }
            _ => value.clone(),
        })
    }

    fn as_array(&mut self, value: &Value, element: &Ty) -> R<Value> {
        if value.is_null() {
            return Ok(Value::Null);
        }
        if let Value::Array(array) = value.base()
            && (array.element == *element
                || matches!(array.element, Ty::Enum(_)) && element.is(NetType::Int32))
        {
            return Ok(value.base().clone());
        }
        let items = match value.base() {
            Value::Str(text) if element.is(NetType::Char) => ps_value::text::units(text),
            Value::Dict(dict) if !dict.is_set() => vec![value.clone()],
            _ => self.enumerate(value),
        };
        let items = match *element == NetType::Object.ty() {
            true => items,
            false => items.iter().map(|item| self.convert(item, element)).collect::<R<Vec<Value>>>()?,
        };
        Ok(Value::array_of(element.clone(), items))
    }

    fn as_collection(&mut self, value: &Value, ty: &Ty, id: NetType) -> R<Value> {
        let element = ty.element().unwrap_or(NetType::Object.ty());
        let items = self.enumerate(value);
        let items = items.iter().map(|item| self.convert(item, &element)).collect::<R<Vec<Value>>>()?;
        let kind = match id {
            NetType::HashSet => {
                let set = Dict::typed(DictKind::Set, element, NetType::Object.ty(), false);
                for item in items {
                    set.insert(&item, Value::Null);
                }
                return Ok(Value::Dict(Rc::new(set)));
            }
            NetType::GenericIEnumerable | NetType::GenericIList => {
                return Ok(Value::array_of(element, items));
            }
            NetType::GenericQueue => ListKind::GenericQueue,
            NetType::GenericStack => ListKind::GenericStack,
            NetType::Collection => ListKind::Collection,
            _ => ListKind::List,
        };
        Ok(Value::List(Rc::new(List::new(kind, element, items))))
    }

    fn as_enum(&mut self, value: &Value, ty: &Rc<EnumType>) -> R<Value> {
        let names = || ty.values.iter().map(|(n, _)| n.to_string()).collect::<Vec<_>>();
        match value.base() {
            Value::Enum(e) if e.ty == *ty => Ok(value.base().clone()),
            Value::Null | Value::Void => {
                let message = format!(
                    "Cannot convert null to type \"{0}\" due to enumeration values that are not valid. Specify one of the following enumeration values and try again. The possible enumeration values are \"{1}\".",
                    ty.full_name,
                    names().join(",")
                );
                Fault::new(
                    NetType::PSInvalidCastException,
                    "nullToEnumInvalidCast",
                    Category::InvalidArgument,
                    message,
                )
                .raise()
            }
            Value::Str(name) => match ty.parse(name) {
                Some(number) => Ok(Value::enumeration(ty.clone(), number)),
                None => {
                    let message = format!(
                        "Cannot convert value \"{name}\" to type \"{}\". Error: \"Unable to match the identifier name {name} to a valid enumerator name. Specify one of the following enumerator names and try again:\n{}\"",
                        ty.full_name,
                        names().join(", ")
                    );
                    Fault::new(
                        NetType::PSInvalidCastException,
                        "SubstringDisambiguationEnumParseThrewAnException",
                        Category::InvalidArgument,
                        message,
                    )
                    .raise()
                }
            },
            Value::Array(_) | Value::List(_) if ty.flags => {
                let joined: Vec<String> = value.to_items().iter().map(text).collect();
                self.as_enum(&Value::from(joined.join(",")), ty)
            }
            other => {
                let number = match other {
                    Value::Enum(e) => Some(e.value),
                    Value::Double(v) => Some(v.round_ties_even() as i64),
                    other => other.as_integer(),
                };
                let defined = |v: i64| ty.flags || ty.name_of(v).is_some();
                match number {
                    Some(v) if defined(v) => Ok(Value::enumeration(ty.clone(), v)),
                    _ => {
                        let message = format!(
                            "Cannot convert value \"{}\" to type \"{}\" due to enumeration values that are not valid. Specify one of the following enumeration values and try again. The possible enumeration values are \"{}\".",
                            text(other),
                            ty.full_name,
                            names().join(",")
                        );
                        Fault::new(
                            NetType::PSInvalidCastException,
                            "InvalidCastFromIntegerToEnumeration",
                            Category::InvalidArgument,
                            message,
                        )
                        .raise()
                    }
                }
            }
        }
    }

    fn as_number(&mut self, value: &Value, ty: &Ty) -> R<Value> {
        let id = ty.info().map_or(NetType::Object, |info| info.id);
        let source = match value {
            Value::Null | Value::Void => Value::Int(0),
            Value::Bool(v) | Value::Switch(v) => Value::Int(i32::from(*v)),
            Value::Char(c) => Value::Int(i32::from(*c)),
            Value::Enum(e) => Value::Long(e.value),
            Value::Str(text) => self.number_from_text(text, id, ty)?,
            number if number.is_number() => number.clone(),
            Value::Array(_) | Value::List(_) => {
                let items = value.to_items();
                match items.as_slice() {
                    [one] => return self.as_number(one.base(), ty),
                    _ => return self.cannot(value, ty),
                }
            }
            Value::TimeSpan(_) | Value::DateTime(_) => return self.cannot(value, ty),
            other => match crate::types::net_text::from_text(self, id, other) {
                Ok(Some(found)) => return Ok(found),
                _ => return self.cannot(value, ty),
            },
        };
        match narrow(&source, id) {
            Some(number) => Ok(number),
            None => {
                let message = format!(
                    "Cannot convert value \"{}\" to type \"{id}\". Error: \"{}\"",
                    text(value),
                    too_large(id)
                );
                let error = match value {
                    Value::Str(_) => "InvalidCastFromStringToInteger",
                    _ => "InvalidCastIConvertible",
                };
                Fault::new(NetType::PSInvalidCastException, error, Category::InvalidArgument, message).raise()
            }
        }
    }

    fn number_from_text(&mut self, text: &str, id: NetType, ty: &Ty) -> R<Value> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Ok(Value::Int(0));
        }
        let found = match id {
            NetType::Double | NetType::Single => {
                numbers::parse_double(trimmed).map(Value::Double).or_else(|| ps_value::parse_number(trimmed))
            }
            NetType::Decimal => numbers::parse_decimal(trimmed)
                // A cast from text drops trailing zeros, which `[decimal]::Parse` keeps.
                .map(|d| Value::decimal(d.normalize()))
                .or_else(|| ps_value::parse_number(trimmed)),
            NetType::BigInteger => numbers::parse_big(trimmed).map(Value::big).or_else(|| {
                numbers::parse_double(trimmed).and_then(numbers::round_to_integer).map(Value::big)
            }),
            NetType::UInt32 | NetType::UInt64 if unsigned_hex(trimmed).is_some() => {
                unsigned_hex(trimmed).map(Value::ULong)
            }
            _ => trimmed
                .parse::<i64>()
                .ok()
                .map(Value::Long)
                .or_else(|| ps_value::parse_number(trimmed))
                .or_else(|| {
                    let plain = trimmed.replace(',', "");
                    plain
                        .parse::<BigInt>()
                        .map(Value::big)
                        .ok()
                        .or_else(|| numbers::parse_double(trimmed).map(Value::Double))
                }),
        };
        match found {
            Some(number) => Ok(number),
            None => {
                let error = match id {
                    NetType::Double | NetType::Single => "InvalidCastFromStringToDoubleOrSingle",
                    NetType::Decimal => "InvalidCastFromStringToDecimal",
                    NetType::BigInteger => {
                        return self.not_parsed(
                            &Value::from(text),
                            ty,
                            "InvalidCastParseTargetInvocationWithFormatProvider",
                            "The value could not be parsed.",
                        );
                    }
                    _ => "InvalidCastFromStringToInteger",
                };
                let message = format!(
                    "Cannot convert value \"{text}\" to type \"{id}\". Error: \"Input string was not in a correct format.\""
                );
                Fault::new(NetType::PSInvalidCastException, error, Category::InvalidArgument, message).raise()
            }
        }
    }

    /// Evaluates `-as`: null instead of an error.
    pub fn convert_or_null(&mut self, value: &Value, ty: &Value) -> R<Value> {
        let ty = match ty.base() {
            Value::Type(ty) => (**ty).clone(),
            other => {
                let name = self.to_text(other);
                match self.find_type(&name) {
                    Some(ty) => ty,
                    None => return Ok(Value::Null),
                }
            }
        };
        match self.convert(value, &ty) {
            Err(flow) if matches!(*flow, Flow::Error(_)) => Ok(Value::Null),
            other => other,
        }
    }
}

/// Reads `0xFF`, whose digits are unsigned without a type suffix.
fn unsigned_hex(text: &str) -> Option<u64> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    u64::from_str_radix(digits, 16).ok()
}

fn too_large(id: NetType) -> &'static str {
    match id {
        NetType::Byte => "Value was either too large or too small for an unsigned byte.",
        NetType::SByte => "Value was either too large or too small for a signed byte.",
        NetType::Int16 => "Value was either too large or too small for an Int16.",
        NetType::UInt16 => "Value was either too large or too small for a UInt16.",
        NetType::Int32 => "Value was either too large or too small for an Int32.",
        NetType::UInt32 => "Value was either too large or too small for a UInt32.",
        NetType::Int64 => "Value was either too large or too small for an Int64.",
        NetType::UInt64 => "Value was either too large or too small for a UInt64.",
        _ => "Value was either too large or too small for a Decimal.",
    }
}

/// Converts a number to another type if it fits.
pub(crate) fn narrow(value: &Value, id: NetType) -> Option<Value> {
    match id {
        NetType::Double => return value.as_double().map(Value::Double),
        NetType::Single => return value.as_double().map(|v| Value::Single(v as f32)),
        NetType::Decimal => return ps_value::numbers::to_decimal(value).map(Value::decimal),
        _ => {}
    }
    if let (Value::Int(_), NetType::Int32) = (value, id) {
        return Some(value.clone());
    }
    let big = match value {
        Value::Double(v) => {
            numbers::round_to_integer(if id == NetType::BigInteger { v.trunc() } else { *v })?
        }
        Value::Single(v) => numbers::round_to_integer(f64::from(*v))?,
        Value::Decimal(v) => numbers::decimal_to_big(v)?,
        other => ps_value::numbers::to_big(other)?,
    };
    Some(match id {
        NetType::Byte => Value::Byte(big.to_u8()?),
        NetType::SByte => Value::SByte(big.to_i8()?),
        NetType::Int16 => Value::Short(big.to_i16()?),
        NetType::UInt16 => Value::UShort(big.to_u16()?),
        NetType::Int32 => Value::Int(big.to_i32()?),
        NetType::UInt32 => Value::UInt(big.to_u32()?),
        NetType::Int64 => Value::Long(big.to_i64()?),
        NetType::UInt64 => Value::ULong(big.to_u64()?),
        _ => Value::big(big),
    })
}

pub(crate) fn copy_dict(dict: &Dict, kind: DictKind) -> Dict {
    let copy = Dict::typed(kind, dict.key.clone(), dict.value.clone(), dict.folds);
    for (key, value) in dict.pairs() {
        copy.insert(&key, value);
    }
    copy
}

/// Converts the value for a variable with a type. The error is that of an assignment.
pub(crate) fn for_variable(it: &mut Interp, value: &Value, ty: &Ty, _name: &Str) -> R<Value> {
    it.convert(value, ty).map_err(|flow| match *flow {
        Flow::Error(record) if !record.ends_script.get() => {
            let message = record.message().to_string();
            Fault::new(
                NetType::ArgumentTransformationMetadataException,
                "RuntimeException",
                Category::MetadataError,
                message,
            )
            .into()
        }
        other => Box::new(other),
    })
}

pub(crate) fn int_type() -> Ty {
    NetType::Int32.ty()
}
