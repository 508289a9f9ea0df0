//! The members of types by name, and choosing an overload.

use ps_value::types::NetType;
use std::rc::Rc;

use super::Interp;
use super::call::{wrap_getter, wrap_setter};
use crate::types::{Call, Declared, Make, Ty, TypeInfo, type_of};
use ps_syntax::symbol::{Map, Sym};
use ps_value::error::{Category, Fault, Flow, R};
use ps_value::{Str, Value};

#[derive(Clone, Copy)]
pub enum Code {
    Method(Call),
    Static(Make),
}

/// One signature of a method.
pub struct Overload {
    pub signature: &'static str,
    pub params: Vec<Parameter>,
    pub code: Code,
}

pub struct Parameter {
    pub ty: Ty,
    /// Whether it takes all remaining arguments.
    pub rest: bool,
    /// Whether it is a `[ref]`.
    pub by_ref: bool,
}

#[derive(Clone, Copy)]
pub struct Getter {
    pub signature: &'static str,
    pub get: Call,
    pub set: Option<Call>,
}

/// The members of a type by name.
#[derive(Default)]
pub struct TypeIndex {
    pub properties: Map<Sym, Getter>,
    pub methods: Map<Sym, Rc<Vec<Overload>>>,
    pub statics: Map<Sym, Rc<Vec<Overload>>>,
    pub static_properties: Map<Sym, (&'static str, Make)>,
    pub constructors: Rc<Vec<Overload>>,
}

pub type Overloads = Map<NetType, Rc<TypeIndex>>;

/// Splits a text that is passed for a `char[]` into its characters, if it is the last argument.
fn chars_of(param: &Parameter, arg: &Value, last: bool) -> Option<Vec<Value>> {
    match arg.base() {
        Value::Str(text) if param.rest && last && param.ty.is(NetType::Char) && text.utf16_len() != 1 => {
            Some(ps_value::text::units(text))
        }
        _ => None,
    }
}

/// Splits a signature into return type, name and parameters.
pub fn split_signature(signature: &'static str) -> (&'static str, &'static str, &'static str) {
    let (head, params) = signature.split_once('(').unwrap_or((signature, ""));
    let (returns, name) = head.rsplit_once(' ').unwrap_or(("void", head));
    (returns, name, params.trim_end_matches(')'))
}

fn parameters(list: &'static str) -> Vec<Parameter> {
    let list = list.trim();
    if list.is_empty() {
        return Vec::new();
    }
    list.split(',')
        .map(|param| {
            let mut words: Vec<&str> = param.split_whitespace().collect();
            words.pop();
            let rest = words.first() == Some(&"params");
            let by_ref = matches!(words.first(), Some(&("ref" | "out")));
            let name = words.last().copied().unwrap_or("object");
            let ty = crate::types::lookup(name).unwrap_or(NetType::Object.ty());
            let ty = if rest { ty.element().unwrap_or(NetType::Object.ty()) } else { ty };
            Parameter { ty, rest, by_ref }
        })
        .collect()
}

pub fn index_of(info: &'static TypeInfo) -> TypeIndex {
    let mut index = TypeIndex::default();
    let mut methods: Map<Sym, Vec<Overload>> = Map::default();
    let mut statics: Map<Sym, Vec<Overload>> = Map::default();
    let mut constructors = Vec::new();
    for member in crate::types::members(info.id) {
        match member {
            Declared::Property(signature, get) => {
                let name = Sym::of(split_signature(signature).1);
                index.properties.insert(name, Getter { signature, get: *get, set: None });
            }
            Declared::Settable(signature, get, set) => {
                let name = Sym::of(split_signature(signature).1);
                index.properties.insert(name, Getter { signature, get: *get, set: Some(*set) });
            }
            Declared::Method(signature, call) => {
                let (_, name, params) = split_signature(signature);
                methods.entry(Sym::of(name)).or_default().push(Overload {
                    signature,
                    params: parameters(params),
                    code: Code::Method(*call),
                });
            }
            Declared::Static(signature, make) => {
                let (_, name, params) = split_signature(signature);
                statics.entry(Sym::of(name)).or_default().push(Overload {
                    signature,
                    params: parameters(params),
                    code: Code::Static(*make),
                });
            }
            Declared::StaticProperty(signature, make) => {
                let name = Sym::of(split_signature(signature).1);
                index.static_properties.insert(name, (signature, *make));
            }
            Declared::New(signature, make) => {
                let (_, _, params) = split_signature(signature);
                constructors.push(Overload {
                    signature,
                    params: parameters(params),
                    code: Code::Static(*make),
                });
            }
        }
    }
    index.methods = methods.into_iter().map(|(name, list)| (name, Rc::new(list))).collect();
    index.statics = statics.into_iter().map(|(name, list)| (name, Rc::new(list))).collect();
    index.constructors = Rc::new(constructors);
    index
}

impl Interp {
    pub fn type_index(&mut self, info: &'static TypeInfo) -> Rc<TypeIndex> {
        if let Some(found) = self.overloads.get(&info.id) {
            return found.clone();
        }
        let index = Rc::new(index_of(info));
        self.overloads.insert(info.id, index.clone());
        index
    }

    /// Returns the declarations of a type and of its bases, nearest first.
    pub fn lineage(&mut self, ty: &Ty) -> Vec<Rc<TypeIndex>> {
        let mut found = Vec::new();
        let mut next = ty.info();
        while let Some(info) = next {
            found.push(self.type_index(info));
            next = info.base.map(NetType::info);
        }
        found
    }

    pub fn type_property(&mut self, object: &Value, name: &str) -> R<Option<Value>> {
        let sym = Sym::of(name);
        let ty = type_of(object);
        for index in self.lineage(&ty) {
            if let Some(getter) = index.properties.get(&sym) {
                return match (getter.get)(self, object.base(), &[]) {
                    Ok(value) => Ok(Some(value)),
                    Err(flow) => Err(wrap_getter(flow, name)),
                };
            }
        }
        Ok(None)
    }

    pub fn set_type_property(&mut self, object: &Value, name: &str, value: &Value) -> R<bool> {
        let sym = Sym::of(name);
        let ty = type_of(object);
        for index in self.lineage(&ty) {
            if let Some(getter) = index.properties.get(&sym) {
                let Some(set) = getter.set else { return Ok(false) };
                let (returns, _, _) = split_signature(getter.signature);
                let value = match crate::types::lookup(returns) {
                    Some(ty) => self.convert(value, &ty)?,
                    None => value.clone(),
                };
                set(self, object.base(), &[value]).map_err(|flow| wrap_setter(flow, name))?;
                return Ok(true);
            }
        }
        if let Value::Net(net) = object.base() {
            return Ok(net.set_property(name, value));
        }
        Ok(false)
    }

    pub fn declared_properties(&mut self, ty: &Ty) -> Vec<Str> {
        let mut names: Vec<Str> = Vec::new();
        let mut next = ty.info();
        while let Some(info) = next {
            for member in crate::types::members(info.id) {
                if let Declared::Property(signature, _) | Declared::Settable(signature, ..) = member {
                    let name = Str::from(split_signature(signature).1);
                    if !names.contains(&name) {
                        names.push(name);
                    }
                }
            }
            next = info.base.map(NetType::info);
        }
        names
    }

    /// Chooses an overload by the arguments, converts them, and calls it.
    pub fn choose(
        &mut self,
        overloads: &Rc<Vec<Overload>>,
        object: Option<&Value>,
        name: &str,
        args: &[Value],
        ty: &Ty,
    ) -> R<Value> {
        let mut best: Option<(u32, usize)> = None;
        for (i, overload) in overloads.iter().enumerate() {
            let Some(cost) = self.cost(&overload.params, args) else { continue };
            if best.is_none_or(|(least, _)| cost < least) {
                best = Some((cost, i));
            }
        }
        let fits = |o: &&Overload| {
            o.params.len() == args.len()
                || o.params.last().is_some_and(|p| p.rest) && args.len() + 1 >= o.params.len()
        };
        let chosen = match best {
            Some((_, i)) => overloads.get(i),
            None => {
                let mut by_count = overloads.iter().filter(fits);
                by_count.next()
            }
        };
        let Some(overload) = chosen else {
            let message =
                format!("Cannot find an overload for \"{name}\" and the argument count: \"{}\".", args.len());
            return Fault::new(
                NetType::MethodException,
                "MethodCountCouldNotFindBest",
                Category::NotSpecified,
                message,
            )
            .raise();
        };
        let converted = self.convert_args(overload, name, args)?;
        let result = match overload.code {
            Code::Method(call) => call(self, object.unwrap_or(&Value::Null), &converted),
            Code::Static(make) => {
                // A generic type passes its type arguments first.
                let before = self.generic_args(ty);
                let result = make(self, &converted);
                self.leave_generic(before);
                result
            }
        };
        result.map_err(|flow| self.wrap_call(flow, name, args.len()))
    }

    fn convert_args(&mut self, overload: &Overload, name: &str, args: &[Value]) -> R<Vec<Value>> {
        let mut converted = Vec::with_capacity(args.len());
        for (i, arg) in args.iter().enumerate() {
            let Some(param) = overload.params.get(i).or(overload.params.last()) else { break };
            if param.rest
                && i + 1 == overload.params.len()
                && args.len() == overload.params.len()
                && matches!(arg.base(), Value::Array(_))
            {
                for item in arg.items().unwrap_or_default() {
                    converted.push(self.convert(&item, &param.ty)?);
                }
                continue;
            }
            if let Some(chars) = chars_of(param, arg, i + 1 == args.len()) {
                converted.extend(chars);
                continue;
            }
            if param.by_ref {
                converted.push(arg.base().clone());
                continue;
            }
            match self.convert(arg, &param.ty) {
                Ok(value) => converted.push(if param.ty == NetType::Object.ty() {
                    value
                } else {
                    value.base().clone()
                }),
                Err(flow) => {
                    let Flow::Error(record) = &*flow else { return Err(flow) };
                    let (_, _, params) = split_signature(overload.signature);
                    let param_name = params
                        .split(',')
                        .nth(i)
                        .and_then(|p| p.split_whitespace().last())
                        .unwrap_or_default();
                    return Fault::bad_argument(param_name, arg, name, &param.ty, record).raise();
                }
            }
        }
        Ok(converted)
    }

    /// Returns the distance of the arguments from the parameters. `None` when they do not match.
    fn cost(&mut self, params: &[Parameter], args: &[Value]) -> Option<u32> {
        let rest = params.last().is_some_and(|p| p.rest);
        if !(params.len() == args.len() || rest && args.len() + 1 >= params.len()) {
            return None;
        }
        let mut sum = u32::from(rest) * 3;
        for (i, arg) in args.iter().enumerate() {
            let param = params.get(i).or(params.last())?;
            sum += if chars_of(param, arg, i + 1 == args.len()).is_some() {
                3
            } else if param.rest && params.len() == args.len() && matches!(arg.base(), Value::Array(_)) {
                0
            } else {
                self.distance(arg, &param.ty)?
            };
        }
        Some(sum)
    }

    pub fn distance(&mut self, arg: &Value, ty: &Ty) -> Option<u32> {
        let own = type_of(arg);
        if arg.is_null() {
            return if ty.is_value_type() { Some(40) } else { Some(5) };
        }
        if own == *ty {
            return Some(0);
        }
        if *ty == NetType::Object.ty() {
            return Some(9);
        }
        if let (Ty::Array(..), true) = (ty, matches!(arg.base(), Value::Array(_) | Value::List(_))) {
            return self.convert(arg, ty).ok().map(|_| 4);
        }
        if own.extends(ty) {
            return Some(2);
        }
        if own.is_numeric() && ty.is_numeric() {
            let rank = |ty: &Ty| {
                [
                    NetType::SByte,
                    NetType::Byte,
                    NetType::Int16,
                    NetType::UInt16,
                    NetType::Int32,
                    NetType::UInt32,
                    NetType::Int64,
                    NetType::UInt64,
                    NetType::Single,
                    NetType::Double,
                    NetType::Decimal,
                ]
                .iter()
                .position(|id| ty.is(*id))
                .unwrap_or(11) as u32
            };
            let (from, to) = (rank(&own), rank(ty));
            if to >= from {
                return Some(1 + to - from);
            }
            return self.convert(arg, ty).ok().map(|_| 15 + from - to);
        }
        if ty.is(NetType::String) {
            return Some(if own.is(NetType::Char) { 3 } else { 25 });
        }
        if let (Value::Block(_), Ty::Native(_) | Ty::Generic(..)) = (arg.base(), ty)
            && self.convert(arg, ty).is_ok()
        {
            return Some(6);
        }
        self.convert(arg, ty).ok().map(|_| match arg.base() {
            Value::Str(s) if ty.is(NetType::Char) && s.utf16_len() == 1 => 6,
            Value::Str(_) if matches!(ty, Ty::Enum(_)) => 7,
            _ if matches!(ty, Ty::Array(..)) => 30,
            _ => 20,
        })
    }

    /// Wraps an exception of .NET as PowerShell reports it from a call.
    pub fn wrap_call(&mut self, flow: Box<Flow>, name: &str, count: usize) -> Box<Flow> {
        let Flow::Error(record) = &*flow else { return flow };
        if !record.raw.get() {
            return flow;
        }
        let message =
            format!("Exception calling \"{name}\" with \"{count}\" argument(s): \"{}\"", record.message());
        let id = record.exception_type().name();
        let fault = Fault::new(NetType::MethodInvocationException, &id, Category::NotSpecified, message)
            .because(record.exception.clone());
        fault.into()
    }
}
