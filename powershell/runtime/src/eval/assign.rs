//! Assignments.

use super::validate::Validate as _;
use ps_value::types::NetType;
use std::rc::Rc;

use super::{Interp, convert};
use crate::types::Ty;
use ps_syntax::ast::*;
use ps_value::error::{Category, Fault, R};
use ps_value::scope::VariableMeta;
use ps_value::{Str, Value, text};

impl Interp {
    pub fn assign(&mut self, assign: &Assign) -> R<Value> {
        match assign.op {
            AssignOp::Set => {
                let value = self.stmt_value(&assign.value)?;
                self.assign_to(&assign.target, value.clone())?;
                Ok(value)
            }
            AssignOp::Op(op) => {
                let right = self.stmt_value(&assign.value)?;
                if let Some(value) = self.assign_in_place(&assign.target, op, &right)? {
                    return Ok(value);
                }
                let left = self.eval(&assign.target)?;
                let value = self.binary(op, left, right)?;
                self.assign_to(&assign.target, value.clone())?;
                Ok(value)
            }
            AssignOp::Coalesce => {
                let left = self.eval(&assign.target)?;
                if !left.is_null() {
                    return Ok(left);
                }
                let value = self.stmt_value(&assign.value)?;
                self.assign_to(&assign.target, value.clone())?;
                Ok(value)
            }
        }
    }

    /// Evaluates `$x += y` if `$x` is a plain variable of this scope, without unnecessary copies.
    fn assign_in_place(&mut self, target: &Expr, op: BinaryOp, right: &Value) -> R<Option<Value>> {
        let ExprKind::Var(var) = &target.kind else { return Ok(None) };
        let (number, index) = var.cache.get();
        if var.scope != VarScope::Any || number != self.scope.number {
            return Ok(None);
        }
        let scope = self.scope.clone();
        let left = {
            let mut variables = scope.variables.borrow_mut();
            let Some(place) = variables.get_mut(index as usize).filter(|p| p.exists && p.meta.is_none())
            else {
                return Ok(None);
            };
            match (&place.value, op, right) {
                (Value::Int(a), BinaryOp::Add, Value::Int(b)) => {
                    let Some(sum) = a.checked_add(*b) else { return Ok(None) };
                    place.value = Value::Int(sum);
                    return Ok(Some(Value::Int(sum)));
                }
                // A sum of integers that has left their range is a double from then on.
                (Value::Double(a), BinaryOp::Add, Value::Int(b)) => {
                    let sum = a + f64::from(*b);
                    place.value = Value::Double(sum);
                    return Ok(Some(Value::Double(sum)));
                }
                (Value::Double(a), BinaryOp::Add, Value::Double(b)) => {
                    let sum = a + b;
                    place.value = Value::Double(sum);
                    return Ok(Some(Value::Double(sum)));
                }
                (Value::Str(_), BinaryOp::Add, Value::Str(more)) => {
                    if let Value::Str(text) = &mut place.value {
                        text.push_str(more);
                    }
                    return Ok(Some(place.value.clone()));
                }
                (Value::Str(_) | Value::Array(_), BinaryOp::Add, _) => std::mem::take(&mut place.value),
                _ => return Ok(None),
            }
        };
        let value = self.add(left, right.clone())?;
        if let Some(place) = scope.variables.borrow_mut().get_mut(index as usize) {
            place.value = value.clone();
        }
        Ok(Some(value))
    }

    pub fn assign_to(&mut self, target: &Expr, value: Value) -> R<()> {
        match &target.kind {
            ExprKind::Var(var) => self.set_variable(var, value),
            ExprKind::Const(_) => Ok(()),
            ExprKind::Array(targets) => self.assign_many(targets, value),
            ExprKind::Paren(stmt) => match &stmt.kind {
                StmtKind::Expr(inner) => self.assign_to(inner, value),
                _ => Ok(()),
            },
            ExprKind::Member { target, name, is_static, .. } => {
                if *is_static {
                    let holder = self.eval(target)?;
                    let name = self.member_name(name)?;
                    return self.set_static(&holder, &name, value);
                }
                let object = self.eval(target)?;
                let name = self.member_name(name)?;
                self.set_member(&object, &name, value, target)
            }
            ExprKind::Index { target, index, .. } => {
                let object = self.eval(target)?;
                let index = self.eval(index)?;
                self.set_index(&object, &index, value)
            }
            ExprKind::Constrained(attributes, inner) => self.assign_constrained(attributes, inner, value),
            ExprKind::Cast(ty, inner) => {
                let ty = self.type_of_ref(ty)?;
                let value = self.convert(&value, &ty)?;
                self.assign_to(inner, value)
            }
            _ => Fault::runtime("InvalidLeftHandSide", "The assignment expression is not valid.").raise(),
        }
    }

    /// Assigns `$a, $b = 1, 2, 3`: the last variable gets the rest.
    fn assign_many(&mut self, targets: &[Expr], value: Value) -> R<()> {
        let items = self.enumerate(&value);
        for (i, target) in targets.iter().enumerate() {
            let last = i + 1 == targets.len();
            let rest = items.get(i..).unwrap_or_default();
            let value = match rest {
                [] => Value::Null,
                [one] => one.clone(),
                [first, ..] if !last => first.clone(),
                more => Value::array(more.to_vec()),
            };
            self.assign_to(target, value)?;
        }
        Ok(())
    }

    /// Assigns `[int]$x = ...`: the type and the rules stay with the variable.
    fn assign_constrained(&mut self, attributes: &[Attribute], inner: &Expr, value: Value) -> R<()> {
        let ExprKind::Var(var) = &inner.kind else {
            let mut value = value;
            for attribute in attributes.iter().rev().filter(|a| a.is_type) {
                let ty = self.resolve_type(&attribute.name)?;
                value = self.convert(&value, &ty)?;
            }
            return self.assign_to(inner, value);
        };
        let mut meta = VariableMeta::default();
        for attribute in attributes {
            if attribute.is_type {
                if attribute.name.name.eq_ignore_ascii_case("ordered")
                    || attribute.name.name.eq_ignore_ascii_case("pscustomobject")
                {
                    continue;
                }
                meta.ty = Some(self.resolve_type(&attribute.name)?);
            } else if let Some(validator) = ps_value::validate::Validator::of(self, attribute)? {
                meta.validators.push(Rc::new(validator));
            }
        }
        let mut value = value;
        if let Some(ty) = &meta.ty {
            value = convert::for_variable(self, &value, ty, &var.name)?;
        }
        for validator in &meta.validators {
            if validator.check(self, &value)?.is_err() {
                let message = format!(
                    "The variable cannot be validated because the value {} is not a valid value for the {} variable.",
                    text(&value),
                    var.name
                );
                return Fault::new(
                    NetType::ValidationMetadataException,
                    "ValidateSetFailure",
                    Category::MetadataError,
                    message,
                )
                .raise();
            }
        }
        let scope = self.scope_of(var);
        if let Some(index) = scope.find_here(var.sym) {
            let old = scope.variables.borrow().get(index).and_then(|v| v.meta.clone());
            if old.is_some_and(|m| m.read_only || m.constant) {
                self.set_in(&scope, var.sym, &var.name, value)?;
                return Ok(());
            }
        }
        let index = scope.put(var.sym, &var.name, value);
        scope.set_meta(index, meta);
        Ok(())
    }

    pub fn set_index(&mut self, target: &Value, index: &Value, value: Value) -> R<()> {
        match target.base() {
            Value::Dict(dict) => {
                if index.is_null() {
                    return Fault::runtime(
                        "NullArrayIndex",
                        "Index operation failed; the array index evaluated to null.",
                    )
                    .raise();
                }
                if dict.kind == ps_value::DictKind::Ordered
                    && let Some(at) = index.as_integer()
                {
                    return self.set_ordered(dict, at, value);
                }
                let (key, value) = (self.convert(index, &dict.key)?, self.convert(&value, &dict.value)?);
                dict.insert(&key, value);
                Ok(())
            }
            Value::Array(array) => {
                if !array.dimensions.is_empty() {
                    let at = self.flat_index(array, index)?;
                    let value = self.convert(&value, &array.element)?;
                    return match array.items.borrow_mut().get_mut(at) {
                        Some(place) => {
                            *place = value;
                            Ok(())
                        }
                        None => out_of_bounds(),
                    };
                }
                let value = self.convert_element(&value, &array.element)?;
                let length = array.items.borrow().len();
                let at = self.place_in(index, length)?;
                match array.items.borrow_mut().get_mut(at) {
                    Some(place) => {
                        *place = value;
                        Ok(())
                    }
                    None => out_of_bounds(),
                }
            }
            Value::List(list) => {
                let value = self.convert_element(&value, &list.element)?;
                let length = list.len();
                let at = self.place_in(index, length).map_err(|_| -> Box<ps_value::error::Flow> {
                    Fault::new(NetType::ArgumentOutOfRangeException, "System.ArgumentOutOfRangeException", Category::OperationStopped, "Index was out of range. Must be non-negative and less than the size of the collection. (Parameter 'index')").into()
                })?;
                if let Some(place) = list.items.borrow_mut().get_mut(at) {
                    *place = value;
                }
                Ok(())
            }
            Value::Null | Value::Void => {
                Fault::runtime("NullArray", "Cannot index into a null array.").raise()
            }
            Value::Object(object) if object.native.borrow().is_some() => {
                let native = object.native.borrow().clone().unwrap_or_default();
                self.set_index(&native, index, value)
            }
            other => {
                let message = format!(
                    "Unable to index into an object of type {}.",
                    crate::types::type_of(other).full_name()
                );
                Fault::runtime("CannotIndex", message).raise()
            }
        }
    }

    fn convert_element(&mut self, value: &Value, element: &Ty) -> R<Value> {
        if *element == NetType::Object.ty() { Ok(value.clone()) } else { self.convert(value, element) }
    }

    fn set_ordered(&mut self, dict: &ps_value::Dict, at: i64, value: Value) -> R<()> {
        // A number that is a key selects that entry; otherwise it is a position.
        let key = Value::Int(at as i32);
        if dict.contains(&key) {
            dict.insert(&key, value);
            return Ok(());
        }
        let place = usize::try_from(at)
            .ok()
            .and_then(|at| dict.map.borrow().get_index(at).map(|(k, _)| k.value.clone()));
        match place {
            Some(key) => {
                dict.insert(&key, value);
                Ok(())
            }
            None => Fault::new(
                NetType::ArgumentOutOfRangeException,
                "System.ArgumentOutOfRangeException",
                Category::OperationStopped,
                "Specified argument was out of the range of valid values. (Parameter 'index')",
            )
            .raise(),
        }
    }

    /// Returns the position of an index, which may count from the end.
    fn place_in(&mut self, index: &Value, length: usize) -> R<usize> {
        let index = self.convert(index, &convert::int_type())?.as_integer().unwrap_or(0);
        let at = if index < 0 { index + length as i64 } else { index };
        match usize::try_from(at) {
            Ok(at) if at < length => Ok(at),
            _ => out_of_bounds(),
        }
    }

    pub fn member_name(&mut self, name: &Expr) -> R<Str> {
        Ok(match self.eval(name)? {
            Value::Str(name) => name,
            other => self.to_text(&other).into(),
        })
    }
}

fn out_of_bounds<T>() -> R<T> {
    Fault::new(
        NetType::IndexOutOfRangeException,
        "System.IndexOutOfRangeException",
        Category::OperationStopped,
        "Index was outside the bounds of the array.",
    )
    .raise()
}
