//! `Type` and `Enum`.

use super::args::{at, boolean, integer, string};
use super::declare::Declared::{self, Method, Property, Static};
use super::{Ty, TypeKind};
use ps_value::Value;
use ps_value::error::{R, net};
use ps_value::types::NetType;

fn enum_type(value: &Value) -> Option<std::rc::Rc<super::EnumType>> {
    match value.base() {
        Value::Type(ty) => match &**ty {
            Ty::Enum(e) => Some(e.clone()),
            _ => None,
        },
        Value::Enum(e) => Some(e.ty.clone()),
        _ => None,
    }
}

fn parse_enum(args: &[Value], ignore: bool) -> R<Value> {
    let Some(ty) = enum_type(&at(args, 0)) else {
        return net(NetType::ArgumentException, "Type provided must be an Enum. (Parameter 'enumType')");
    };
    let wanted = string(args, 1);
    let exact = ty.values.iter().any(|(n, _)| **n == *wanted)
        || wanted.parse::<i64>().is_ok()
        || wanted.contains(',');
    match ty
        .parse(&wanted)
        .filter(|_| exact || ignore && ty.values.iter().any(|(n, _)| ps_syntax::symbol::same(n, &wanted)))
    {
        Some(value) => Ok(Value::enumeration(ty, value)),
        None => net(NetType::ArgumentException, format!("Requested value '{wanted}' was not found.")),
    }
}

pub(super) const ENUM: &[Declared] = &[
    Property("int value__", |_, t, _| {
        Ok(match t.base() {
            Value::Enum(e) => Value::Int(e.value as i32),
            _ => Value::Null,
        })
    }),
    Method("bool HasFlag(object flag)", |it, t, a| {
        let Value::Enum(own) = t.base() else { return Ok(Value::Bool(false)) };
        let flag = it.convert(&at(a, 0), &Ty::Enum(own.ty.clone()))?;
        Ok(Value::Bool(matches!(&flag, Value::Enum(f) if own.value & f.value == f.value)))
    }),
    Method("int CompareTo(object target)", |_, t, a| {
        Ok(Value::Int(match (t.base(), at(a, 0).base()) {
            (Value::Enum(x), Value::Enum(y)) => x.value.cmp(&y.value) as i32,
            _ => 0,
        }))
    }),
    Static("object Parse(type enumType, string value)", |_, a| parse_enum(a, false)),
    Static("object Parse(type enumType, string value, bool ignoreCase)", |_, a| parse_enum(a, boolean(a, 2))),
    Static("bool TryParse(string value, bool ignoreCase, ref result)", |_, _| Ok(Value::Bool(false))),
    Static("string GetName(type enumType, object value)", |_, a| {
        let number = match at(a, 1).base() {
            Value::Enum(e) => e.value,
            other => other.as_integer().unwrap_or(i64::MIN),
        };
        Ok(enum_type(&at(a, 0))
            .and_then(|ty| ty.name_of(number).map(|n| Value::Str(n.clone())))
            .unwrap_or_default())
    }),
    Static("string[] GetNames(type enumType)", |_, a| {
        Ok(enum_type(&at(a, 0))
            .map_or(Value::Null, |ty| Value::strings(sorted_values(&ty).into_iter().map(|(n, _)| n))))
    }),
    Static("array GetValues(type enumType)", |_, a| {
        Ok(enum_type(&at(a, 0)).map_or(Value::Null, |ty| {
            Value::array_of(
                Ty::Enum(ty.clone()),
                sorted_values(&ty).into_iter().map(|(_, v)| Value::enumeration(ty.clone(), v)).collect(),
            )
        }))
    }),
    Static("bool IsDefined(type enumType, object value)", |_, a| {
        Ok(Value::Bool(enum_type(&at(a, 0)).is_some_and(|ty| match at(a, 1).base() {
            Value::Str(name) => ty.values.iter().any(|(n, _)| **n == **name),
            Value::Enum(e) => ty.name_of(e.value).is_some(),
            other => other.as_integer().is_some_and(|v| ty.name_of(v).is_some()),
        })))
    }),
    Static("object ToObject(type enumType, int value)", |_, a| {
        Ok(enum_type(&at(a, 0)).map_or(Value::Null, |ty| Value::enumeration(ty, integer(a, 1))))
    }),
];

fn sorted_values(ty: &super::EnumType) -> Vec<(String, i64)> {
    let mut values: Vec<(String, i64)> = ty.values.iter().map(|(n, v)| (n.to_string(), *v)).collect();
    values.sort_by_key(|(_, v)| *v);
    values
}

fn ty(value: &Value) -> Ty {
    match value.base() {
        Value::Type(ty) => (**ty).clone(),
        _ => NetType::Object.ty(),
    }
}

fn named(members: Vec<Value>, name: &str) -> Value {
    let fits = |member: &Value| match member {
        Value::Object(object) => object.get_str("Name").is_some_and(|own| own.as_str() == Some(name)),
        _ => false,
    };
    members.into_iter().find(fits).unwrap_or_default()
}

/// Returns the properties of a type as `System.Reflection` does.
fn properties(it: &mut crate::eval::Interp, ty: &Ty) -> Vec<Value> {
    let record = |name: &str, kind: Option<Ty>| {
        Value::record(
            NetType::PropertyInfo,
            vec![
                ("Name", Value::from(name)),
                ("PropertyType", Value::ty(kind.unwrap_or(NetType::Object.ty()))),
            ],
        )
    };
    match ty {
        Ty::Class(class) => class.all_properties().iter().map(|p| record(&p.name, p.ty.clone())).collect(),
        other => it.declared_properties(other).iter().map(|name| record(name, None)).collect(),
    }
}

/// Returns the methods of a type, its own first.
fn methods(ty: &Ty) -> Vec<Value> {
    let record = |name: &str, is_static: bool| {
        Value::record(
            NetType::MethodInfo,
            vec![("Name", Value::from(name)), ("IsStatic", Value::Bool(is_static))],
        )
    };
    let mut found = Vec::new();
    let mut next = Some(ty.clone());
    while let Some(own) = next {
        if let Ty::Class(class) = &own {
            for property in class.properties.borrow().iter() {
                found.push(record(&format!("get_{}", property.name), property.is_static));
                found.push(record(&format!("set_{}", property.name), property.is_static));
            }
            let constructor = |name: &str| ps_syntax::symbol::same(name, &class.name);
            for method in class.methods.borrow().iter().filter(|m| !constructor(&m.name)) {
                found.push(record(&method.name, method.is_static));
            }
        }
        for member in own
            .info()
            .filter(|_| !matches!(own, Ty::Class(_)))
            .iter()
            .flat_map(|info| super::members(info.id))
        {
            if let Declared::Method(signature, _) | Declared::Static(signature, _) = member {
                let name = crate::eval::overload::split_signature(signature).1;
                found.push(record(name, matches!(member, Declared::Static(..))));
            }
        }
        next = own.base();
    }
    found
}

pub(super) const TYPE: &[Declared] = &[
    Property("bool IsPublic", |_, _, _| Ok(Value::Bool(true))),
    Property("bool IsSerializable", |_, t, _| {
        Ok(Value::Bool(ty(t).is_value_type() || ty(t) == NetType::String.ty()))
    }),
    Property("string Name", |_, t, _| Ok(Value::from(ty(t).name()))),
    Property("object BaseType", |_, t, _| {
        Ok(match ty(t) {
        Ty::Native(info) if info.id == NetType::Object => Value::Null,
        own => own.base().filter(|b| !matches!(b, Ty::Native(i) if i.id == NetType::FloatingPoint || i.id == NetType::DecimalNumber)).map_or_else(|| Value::ty(NetType::ValueType.ty()), Value::ty),
    })
    }),
    Property("string FullName", |_, t, _| Ok(Value::from(ty(t).full_name()))),
    Property("string Namespace", |_, t, _| {
        Ok(match ty(t).full_name().split(['`', '[']).next().unwrap_or_default().rsplit_once('.') {
            Some((space, _)) => Value::from(space),
            None => Value::Null,
        })
    }),
    Property("bool IsArray", |_, t, _| Ok(Value::Bool(matches!(ty(t), Ty::Array(..))))),
    Property("bool IsClass", |_, t, _| Ok(Value::Bool(!ty(t).is_value_type()))),
    Property("bool IsEnum", |_, t, _| Ok(Value::Bool(matches!(ty(t), Ty::Enum(_))))),
    Property("bool IsValueType", |_, t, _| Ok(Value::Bool(ty(t).is_value_type()))),
    Property("bool IsPrimitive", |_, t, _| {
        Ok(Value::Bool(
            ty(t).is_numeric() && !ty(t).is(NetType::Decimal)
                || ty(t).is(NetType::Boolean)
                || ty(t).is(NetType::Char),
        ))
    }),
    Property("bool IsInterface", |_, t, _| {
        Ok(Value::Bool(matches!(ty(t), Ty::Native(i) if i.kind == TypeKind::Interface)))
    }),
    Property("bool IsGenericType", |_, t, _| Ok(Value::Bool(matches!(ty(t), Ty::Generic(..))))),
    Property("bool IsAbstract", |_, _, _| Ok(Value::Bool(false))),
    Property("object UnderlyingSystemType", |_, t, _| Ok(t.clone())),
    Method("object GetElementType()", |_, t, _| Ok(ty(t).element().map_or(Value::Null, Value::ty))),
    Method("string[] GetEnumNames()", |_, t, _| {
        Ok(enum_type(t)
            .map_or(Value::Null, |e| Value::strings(sorted_values(&e).into_iter().map(|(n, _)| n))))
    }),
    Method("array GetEnumValues()", |_, t, _| {
        Ok(enum_type(t).map_or(Value::Null, |e| {
            Value::array_of(
                Ty::Enum(e.clone()),
                sorted_values(&e).into_iter().map(|(_, v)| Value::enumeration(e.clone(), v)).collect(),
            )
        }))
    }),
    Method("bool IsAssignableFrom(type c)", |_, t, a| Ok(Value::Bool(ty(&at(a, 0)).extends(&ty(t))))),
    Method("bool IsSubclassOf(type c)", |_, t, a| {
        Ok(Value::Bool(ty(t) != ty(&at(a, 0)) && ty(t).extends(&ty(&at(a, 0)))))
    }),
    Method("bool IsInstanceOfType(object o)", |it, t, a| Ok(Value::Bool(it.value_is(&at(a, 0), &ty(t))))),
    Method("object[] GetGenericArguments()", |_, t, _| {
        Ok(match ty(t) {
            Ty::Generic(_, args) => Value::array(args.iter().cloned().map(Value::ty).collect()),
            _ => Value::array(Vec::new()),
        })
    }),
    Method("object[] GetProperties()", |it, t, _| Ok(Value::array(properties(it, &ty(t))))),
    Method("object GetProperty(string name)", |it, t, a| Ok(named(properties(it, &ty(t)), &string(a, 0)))),
    Method("object[] GetMethods()", |_, t, _| Ok(Value::array(methods(&ty(t))))),
    Method("object GetMethod(string name)", |_, t, a| Ok(named(methods(&ty(t)), &string(a, 0)))),
    Static("type GetType(string typeName)", |it, a| {
        Ok(it.find_type(&string(a, 0)).map_or(Value::Null, Value::ty))
    }),
];
