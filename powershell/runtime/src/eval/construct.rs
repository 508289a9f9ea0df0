//! New objects of .NET types.

use ps_value::types::NetType;
use std::rc::Rc;

use super::Interp;
use crate::types::Ty;
use ps_value::Value;
use ps_value::error::{Category, Fault, Flow, R};
use ps_value::net::Net;

impl Interp {
    /// Creates an object.
    pub fn construct(&mut self, ty: &Ty, args: &[Value]) -> R<Value> {
        match ty {
            Ty::Class(class) => return self.instantiate(class, args),
            Ty::Array(element, rank) => return self.new_array(element, *rank, args),
            Ty::Enum(_) if args.is_empty() => return Ok(ty.default_value()),
            _ => {}
        }
        let constructors =
            ty.info().map(|info| self.type_index(info).constructors.clone()).unwrap_or_default();
        if constructors.is_empty() {
            if args.is_empty() && !ty.default_value().is_null() {
                return Ok(ty.default_value());
            }
            if ty.extends(&NetType::Exception.ty()) {
                return self.new_exception(ty, args);
            }
            let message = format!(
                "Method invocation failed because [{}] does not contain a method named 'new'.",
                ty.full_name()
            );
            return Fault::runtime("MethodNotFound", message).of("new").raise();
        }
        self.choose(&constructors, None, &ty.name(), args, ty).map_err(|flow| match *flow {
            Flow::Error(record)
                if record.message().starts_with("Exception calling ")
                    && !record.message().starts_with("Exception calling \".ctor\"") =>
            {
                let inner = ps_value::net::inner_exception(&record.exception).unwrap_or_default();
                let message = format!(
                    "Exception calling \".ctor\" with \"{}\" argument(s): \"{}\"",
                    args.len(),
                    ps_value::error::exception_message(&inner)
                );
                let id = record.id.borrow().clone();
                Fault::new(NetType::MethodInvocationException, &id, Category::NotSpecified, message)
                    .because(inner)
                    .into()
            }
            Flow::Error(record) if &**record.id.borrow() == "MethodCountCouldNotFindBest" => {
                let message = format!(
                    "Cannot find an overload for \"new\" and the argument count: \"{}\".",
                    args.len()
                );
                Fault::new(
                    NetType::MethodException,
                    "MethodCountCouldNotFindBest",
                    Category::NotSpecified,
                    message,
                )
                .into()
            }
            other => Box::new(other),
        })
    }

    fn new_array(&mut self, element: &Ty, rank: u8, args: &[Value]) -> R<Value> {
        let mut lengths = Vec::new();
        for arg in args {
            let length = self.convert(arg, &super::convert::int_type())?.as_integer().unwrap_or(0);
            match usize::try_from(length) {
                Ok(length) if length <= 1 << 26 => lengths.push(length),
                _ => {
                    return ps_value::error::net(
                        NetType::OutOfMemoryException,
                        "Array dimensions exceeded supported range.",
                    );
                }
            }
        }
        let total: usize = lengths.iter().product();
        let items = vec![element.default_value(); if lengths.is_empty() { 0 } else { total.min(1 << 26) }];
        let mut array = ps_value::Array::of(element.clone(), items);
        if rank > 1 {
            array.dimensions = lengths;
        }
        Ok(Value::Array(Rc::new(array)))
    }

    pub fn new_exception(&mut self, ty: &Ty, args: &[Value]) -> R<Value> {
        let info = ty.info();
        let texts: Vec<Option<String>> =
            args.iter().map(|arg| (!ps_value::net::is_exception(arg)).then(|| self.to_text(arg))).collect();
        let plain = |at: usize| texts.get(at).cloned().flatten();
        // For these two types the first argument is the parameter's name; for `ArgumentException` it is
        // the second.
        let names_first = info.is_some_and(|info| {
            matches!(info.id, NetType::ArgumentNullException | NetType::ArgumentOutOfRangeException)
        });
        let with = |message: String, name: Option<String>| match name.filter(|name| !name.is_empty()) {
            Some(name) => format!("{message} (Parameter '{name}')"),
            None => message,
        };
        let message = match (names_first, texts.len()) {
            (true, 1) => {
                let null = info.is_some_and(|info| info.id == NetType::ArgumentNullException);
                let explanation = if null {
                    "Value cannot be null."
                } else {
                    "Specified argument was out of the range of valid values."
                };
                Some(with(explanation.to_owned(), plain(0)))
            }
            (true, 2) if plain(1).is_some() => Some(with(plain(1).unwrap_or_default(), plain(0))),
            (true, 3..) => {
                let explanation = with(plain(2).unwrap_or_default(), plain(0));
                Some(format!("{explanation}\nActual value was {}.", plain(1).unwrap_or_default()))
            }
            (false, 2..) if info.is_some_and(|info| info.id == NetType::ArgumentException) => {
                Some(with(plain(0).unwrap_or_default(), plain(1)))
            }
            _ => plain(0),
        };
        let name = info.map_or(NetType::Exception, |i| i.id);
        let default = format!("Exception of type '{name}' was thrown.");
        let mut exception = ps_value::net::Exception::new(name, message.unwrap_or(default));
        exception.inner = args.get(1).filter(|v| ps_value::net::is_exception(v)).cloned();
        if let (NetType::FileNotFoundException, Some(file)) = (name, texts.get(1).cloned().flatten()) {
            exception.extra.push(("FileName", Value::from(file)));
        }
        Ok(Value::net(Net::Exception(exception)))
    }
}
