//! Properties and indexes.

use super::validate::Validate as _;
use ps_value::types::NetType;
use std::rc::Rc;

use super::Interp;
use crate::types::type_of;
use ps_syntax::ast::*;
use ps_syntax::symbol::{Sym, same};
use ps_value::error::{Category, Fault, R};
use ps_value::net::Net;
use ps_value::{MemberKind, Object, ObjectKind, Str, Value, text};

impl Interp {
    pub fn eval_member(
        &mut self,
        target: &Expr,
        name: &Expr,
        is_static: bool,
        conditional: bool,
    ) -> R<Value> {
        if is_static {
            let holder = self.eval(target)?;
            let name = self.member_name(name)?;
            return self.static_property(&holder, &name);
        }
        let object = self.eval(target)?;
        if conditional && object.is_null() {
            return Ok(Value::Null);
        }
        if let Value::Object(own) = &object
            && let ExprKind::Const(ps_syntax::Literal::Str(name)) = &name.kind
            && matches!(own.kind, ObjectKind::Custom)
            && let Some(value) = own.get(Sym::of(name))
        {
            return Ok(value);
        }
        let name = match self.eval(name)? {
            Value::Str(name) => name,
            Value::Block(block) => {
                // `$x.{...}` is not a property; its output is the name.
                let out = super::Collector::default();
                self.run_block(&block, &out)?;
                text(&out.into_value()).into()
            }
            other => {
                // A key need not be a text.
                if let Value::Dict(dict) = object.base()
                    && let Some(value) = dict.get(&other)
                {
                    return Ok(value);
                }
                self.to_text(&other).into()
            }
        };
        self.member(&object, &name)
    }

    /// Reads a property as an expression does: with member enumeration, and null for missing properties.
    pub fn member(&mut self, object: &Value, name: &str) -> R<Value> {
        if let Some(value) = self.property(object, name)? {
            return Ok(value);
        }
        if let Some(items) = self.enumerable(object) {
            let mut found = Vec::new();
            let mut any = false;
            for item in items {
                let value = match self.property(&item, name)? {
                    Some(value) => value,
                    None => match item.items() {
                        Some(_) => self.member(&item, name)?,
                        None => continue,
                    },
                };
                any = true;
                match value.base() {
                    Value::Array(_) | Value::List(_) => found.extend(value.items().unwrap_or_default()),
                    Value::Void => {}
                    _ => found.push(value),
                }
            }
            if any {
                return Ok(match found.len() {
                    0 => Value::Void,
                    1 => found.pop().unwrap_or_default(),
                    _ => Value::array(found),
                });
            }
            if same(name, "count") || same(name, "length") {
                return Ok(Value::from(object.items().map_or(1, |i| i.len())));
            }
        } else if (same(name, "count") || same(name, "length")) && self.strict() < 2 {
            return Ok(Value::Int(i32::from(!object.is_null())));
        }
        self.no_property(name)
    }

    /// Returns the value of a missing property: nothing, or an error in strict mode.
    pub(super) fn no_property(&self, name: &str) -> R<Value> {
        if self.strict() >= 2 {
            let message = format!(
                "The property '{name}' cannot be found on this object. Verify that the property exists."
            );
            return Fault::new(
                NetType::PropertyNotFoundException,
                "PropertyNotFoundStrict",
                Category::NotSpecified,
                message,
            )
            .raise();
        }
        Ok(Value::Null)
    }

    /// Returns the items over which members are enumerated.
    fn enumerable(&mut self, object: &Value) -> Option<Vec<Value>> {
        match object.base() {
            Value::Array(_) | Value::List(_) => object.items(),
            Value::Net(net) => net.items(),
            Value::Dict(dict) if dict.is_set() => Some(dict.keys()),
            _ => None,
        }
    }

    /// Returns a property. `None` when there is none with that name.
    pub fn property(&mut self, object: &Value, name: &str) -> R<Option<Value>> {
        match object {
            Value::Null | Value::Void => return Ok(None),
            Value::Net(net) => match &**net {
                Net::Base(inner) => return self.type_property(inner, name),
                Net::Xml(node) => {
                    if let Some(value) = node.property(name) {
                        return Ok(Some(value));
                    }
                }
                Net::Enumerator(items) if same(name, "count") => {
                    let count = items.borrow().len();
                    return Ok(Some(Value::array(vec![Value::Int(1); count])));
                }
                _ => {}
            },
            Value::Ext(ext) => {
                if let Some(member) = ext.get(name) {
                    return self.read_member(object, &member).map(Some);
                }
                return match self.intrinsic(object, name)? {
                    Some(value) => Ok(Some(value)),
                    None => self.property(&ext.base, name),
                };
            }
            Value::Dict(dict) if !dict.is_set() => {
                if let Some(value) = dict.get_str(name) {
                    return Ok(Some(value));
                }
                if !dict.folds {
                    // Members and keys of a dictionary are found in any case.
                    let found =
                        dict.pairs().into_iter().find(|(k, _)| k.as_str().is_some_and(|k| same(k, name)));
                    if let Some((_, value)) = found {
                        return Ok(Some(value));
                    }
                }
            }
            Value::Object(own) => {
                if let Some(value) = own.get(Sym::of(name)) {
                    return Ok(Some(value));
                }
                let member =
                    own.members.borrow().iter().find(|m| same(&m.name, name)).map(|m| m.kind.clone());
                if let Some(member) = member {
                    return self.read_member(object, &member).map(Some);
                }
                let native = own.native.borrow().clone();
                if let Some(native) = native
                    && let Some(value) = self.property(&native, name)?
                {
                    return Ok(Some(value));
                }
            }
            _ => {}
        }
        if let Some(value) = self.intrinsic(object, name)? {
            return Ok(Some(value));
        }
        if !self.type_data.is_empty()
            && let Some(member) = self.given_to_type(object, name)
        {
            return self.read_member(object, &member).map(Some);
        }
        self.type_property(object, name)
    }

    /// Returns a member that `Update-TypeData` has given to a type of the object.
    pub fn given_to_type(&self, object: &Value, name: &str) -> Option<MemberKind> {
        let fits = |(_, member): &&(Str, ps_value::Member)| same(&member.name, name);
        let names = self.type_names(object);
        let entry =
            self.type_data.iter().filter(fits).find(|(ty, _)| names.iter().any(|own| same(own, ty)))?;
        Some(entry.1.kind.clone())
    }

    fn read_member(&mut self, object: &Value, member: &MemberKind) -> R<Value> {
        match member {
            MemberKind::Note(value) => Ok(value.clone()),
            MemberKind::Alias(target) => Ok(self.property(object, target)?.unwrap_or_default()),
            MemberKind::Script { get, .. } => self.call_with_this(get, object, &[]),
            MemberKind::Method(block) => Ok(Value::Block(block.clone())),
        }
    }

    /// Returns `psobject` and related members, which every value has.
    fn intrinsic(&mut self, object: &Value, name: &str) -> R<Option<Value>> {
        if !name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("ps")) {
            return Ok(None);
        }
        Ok(match name.to_ascii_lowercase().as_str() {
            "psobject" => Some(Value::net(Net::PsObject(object.clone()))),
            "psbase" => Some(match object.base() {
                Value::Dict(_) => Value::net(Net::Base(object.base().clone())),
                other => other.clone(),
            }),
            "pstypenames" => Some(Value::strings(self.type_names(object).iter().map(ToString::to_string))),
            _ => None,
        })
    }

    /// Returns the names of the types of an object, nearest first; those that a script has set come first.
    pub fn type_names(&self, object: &Value) -> Vec<Str> {
        let mut names: Vec<Str> = match object {
            Value::Object(own) => own.type_names.borrow().clone(),
            Value::Ext(ext) => ext.type_names.borrow().clone(),
            _ => Vec::new(),
        };
        let mut ty = Some(type_of(object));
        while let Some(here) = ty {
            names.push(here.full_name().into());
            ty = if here == NetType::Object.ty() { None } else { here.base() };
        }
        names
    }

    /// Returns the names of the properties that `Select-Object *` shows, in order.
    pub fn property_names(&mut self, object: &Value) -> Vec<Str> {
        let mut names: Vec<Str> = Vec::new();
        match object {
            Value::Object(own) => {
                names.extend(own.shape().names.iter().map(|(_, name)| name.clone()));
                let hidden = match &own.kind {
                    ObjectKind::Class(class) => {
                        class.all_properties().into_iter().filter(|p| p.hidden).map(|p| p.sym).collect()
                    }
                    _ => Vec::new(),
                };
                names.retain(|name| !hidden.contains(&Sym::of(name)));
                let members = own.members.borrow();
                names.extend(
                    members
                        .iter()
                        .filter(|m| !matches!(m.kind, MemberKind::Method(_)))
                        .map(|m| m.name.clone()),
                );
                if let Some(native) = own.native.borrow().clone() {
                    drop(members);
                    names.extend(self.property_names(&native));
                }
            }
            Value::Ext(ext) => {
                names = self.property_names(&ext.base);
                names.extend(
                    ext.members
                        .borrow()
                        .iter()
                        .filter(|m| !matches!(m.kind, MemberKind::Method(_)))
                        .map(|m| m.name.clone()),
                );
            }
            Value::Net(net) if net.own_names().is_some() => names = net.own_names().unwrap_or_default(),
            other => names = self.declared_properties(&type_of(other)),
        }
        names
    }

    pub fn set_member(&mut self, object: &Value, name: &str, value: Value, _place: &Expr) -> R<()> {
        self.set_property(object, name, value)
    }

    pub fn set_property(&mut self, object: &Value, name: &str, value: Value) -> R<()> {
        match object {
            Value::Null | Value::Void => {
                let message = format!(
                    "The property '{name}' cannot be found on this object. Verify that the property exists and can be set."
                );
                return Fault::runtime("PropertyNotFound", message).raise();
            }
            Value::Dict(dict) if !dict.is_set() => {
                let (key, value) =
                    (self.convert(&Value::from(name), &dict.key)?, self.convert(&value, &dict.value)?);
                dict.insert(&key, value);
                return Ok(());
            }
            Value::Object(own) if self.set_own(object, own, name, &value)? => {
                return Ok(());
            }
            Value::Ext(ext) => {
                if let Some(member) = ext.get(name) {
                    match member {
                        MemberKind::Note(_) => {
                            ext.set(ps_value::Member { name: name.into(), kind: MemberKind::Note(value) })
                        }
                        MemberKind::Alias(target) => return self.set_property(object, &target, value),
                        MemberKind::Script { set: Some(set), .. } => {
                            self.call_with_this(&set, object, &[value])?;
                        }
                        _ => return self.not_settable(object, name),
                    }
                    return Ok(());
                }
                return self.set_property(&ext.base, name, value);
            }
            Value::Ref(reference) if same(name, "value") => {
                return self.write_reference(&reference.clone(), value);
            }
            Value::Array(_) | Value::List(_) => {
                let items = object.items().unwrap_or_default();
                let mut any = false;
                for item in &items {
                    if self.property(item, name)?.is_some() {
                        any = true;
                        self.set_property(item, name, value.clone())?;
                    }
                }
                if any {
                    return Ok(());
                }
            }
            _ => {}
        }
        if self.set_type_property(object, name, &value)? {
            return Ok(());
        }
        if self.property(object, name)?.is_some() {
            return self.not_settable(object, name);
        }
        let message = format!(
            "The property '{name}' cannot be found on this object. Verify that the property exists and can be set."
        );
        Fault::runtime("PropertyNotFound", message).raise()
    }

    fn not_settable<T>(&mut self, _object: &Value, name: &str) -> R<T> {
        Fault::runtime("PropertyAssignmentException", format!("'{name}' is a ReadOnly property.")).raise()
    }

    fn set_own(&mut self, object: &Value, own: &Rc<Object>, name: &str, value: &Value) -> R<bool> {
        let sym = Sym::of(name);
        if let ObjectKind::Class(class) = &own.kind
            && let Some(property) = class.property(sym, false)
        {
            let value = self.class_value(&property, value)?;
            own.replace(sym, value);
            return Ok(true);
        }
        if own.replace(sym, value.clone()).is_some() {
            return Ok(true);
        }
        let member = own.members.borrow().iter().find(|m| same(&m.name, name)).map(|m| m.kind.clone());
        match member {
            Some(MemberKind::Note(_)) => {
                let mut members = own.members.borrow_mut();
                if let Some(place) = members.iter_mut().find(|m| same(&m.name, name)) {
                    place.kind = MemberKind::Note(value.clone());
                }
                return Ok(true);
            }
            Some(MemberKind::Alias(target)) => {
                self.set_property(object, &target, value.clone())?;
                return Ok(true);
            }
            Some(MemberKind::Script { set: Some(set), .. }) => {
                self.call_with_this(&set, object, std::slice::from_ref(value))?;
                return Ok(true);
            }
            Some(_) => return self.not_settable(object, name),
            None => {}
        }
        let native = own.native.borrow().clone();
        match native {
            Some(native) => {
                self.set_property(&native, name, value.clone())?;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// Converts a value to the type of a class's property, and validates it.
    pub fn class_value(
        &mut self,
        property: &ps_value::types::class::ClassProperty,
        value: &Value,
    ) -> R<Value> {
        let setting = |message: &str| {
            let message = format!("Exception setting \"{}\": \"{message}\"", property.name);
            Fault::new(
                NetType::SetValueInvocationException,
                "ExceptionWhenSetting",
                Category::NotSpecified,
                message,
            )
        };
        let value = match &property.ty {
            None => value.clone(),
            Some(ty) => match self.convert(value, ty) {
                Ok(value) => value,
                Err(flow) => match &*flow {
                    ps_value::error::Flow::Error(record) => return setting(&record.message()).raise(),
                    _ => return Err(flow),
                },
            },
        };
        for validator in &property.validators {
            if let Err(why) = validator.check(self, &value)? {
                return setting(&why).raise();
            }
        }
        Ok(value)
    }

    pub fn write_reference(&mut self, reference: &ps_value::Reference, value: Value) -> R<()> {
        match reference {
            ps_value::Reference::Own(place) => {
                *place.borrow_mut() = value;
                Ok(())
            }
            ps_value::Reference::Variable { scope, index } => {
                let (sym, name) = match scope.variables.borrow().get(*index) {
                    Some(variable) => (variable.sym, variable.name.clone()),
                    None => return Ok(()),
                };
                let scope = scope.clone();
                self.set_in(&scope, sym, &name, value).map(drop)
            }
        }
    }

    pub fn read_reference(reference: &ps_value::Reference) -> Value {
        match reference {
            ps_value::Reference::Own(place) => place.borrow().clone(),
            ps_value::Reference::Variable { scope, index } => scope.value_at(*index),
        }
    }
}
