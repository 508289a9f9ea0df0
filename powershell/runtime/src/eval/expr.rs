//! Expressions.

use ps_value::types::NetType;
use std::rc::Rc;

use super::{Collector, Interp, arithmetic};
use crate::types::Ty;
use ps_syntax::Literal;
use ps_syntax::ast::*;
use ps_value::block::ScriptBlock;
use ps_value::error::{Category, Fault, R};
use ps_value::{Dict, DictKind, Str, Value, text};

impl Interp {
    pub fn eval(&mut self, expr: &Expr) -> R<Value> {
        match &expr.kind {
            ExprKind::Const(Literal::Int(value)) => Ok(Value::Int(*value)),
            ExprKind::Const(literal) => Ok(literal.into()),
            ExprKind::Var(var) => self.variable(var),
            ExprKind::Binary(op, left, right) => {
                let left = self.eval(left)?;
                let right = self.eval(right)?;
                self.binary(*op, left, right)
            }
            ExprKind::Member { target, name, is_static, conditional } => {
                self.eval_member(target, name, *is_static, *conditional)
            }
            ExprKind::Call { .. } => self.eval_call(expr),
            ExprKind::Index { target, index, conditional } => {
                let target = self.eval(target)?;
                if *conditional && target.is_null() {
                    return Ok(Value::Null);
                }
                let index = self.eval(index)?;
                self.index(&target, &index)
            }
            ExprKind::Expand(parts) => self.expand(parts),
            ExprKind::And(left, right) => {
                Ok(Value::Bool(self.eval(left)?.truth() && self.eval(right)?.truth()))
            }
            ExprKind::Or(left, right) => {
                Ok(Value::Bool(self.eval(left)?.truth() || self.eval(right)?.truth()))
            }
            ExprKind::Paren(stmt) => self.stmt_value(stmt),
            ExprKind::Sub(stmts) => {
                let collector = Collector::default();
                self.run(stmts, &collector)?;
                Ok(collector.into_value())
            }
            ExprKind::ArrayOf(stmts) => self.array_of(stmts),
            ExprKind::Array(items) => {
                let items = items.iter().map(|item| self.eval_item(item)).collect::<R<Vec<Value>>>()?;
                Ok(Value::array(items))
            }
            ExprKind::Hash(pairs) => self.hash(pairs, DictKind::Hashtable),
            ExprKind::Block(block) => Ok(Value::Block(ScriptBlock::bound(block.clone(), self.session()))),
            ExprKind::Unary(op, operand) => {
                let value = self.eval(operand)?;
                self.unary(*op, value)
            }
            ExprKind::Coalesce(left, right) => {
                let value = self.eval_quietly(left)?;
                if value.is_null() { self.eval(right) } else { Ok(value) }
            }
            ExprKind::Ternary(condition, yes, no) => {
                if self.eval(condition)?.truth() {
                    self.eval(yes)
                } else {
                    self.eval(no)
                }
            }
            ExprKind::Step(target, grows, before) => self.step(target, *grows, *before),
            ExprKind::Cast(ty, operand) => self.cast(ty, operand),
            ExprKind::Type(ty) => Ok(Value::ty(self.type_of_ref(ty)?)),
            ExprKind::Constrained(attributes, inner) => self.constrained(attributes, inner),
            ExprKind::Nothing => Ok(Value::Null),
        }
    }

    /// Evaluates an element of an array literal, where a pipeline without output is null.
    fn eval_item(&mut self, expr: &Expr) -> R<Value> {
        Ok(match self.eval(expr)? {
            Value::Void => Value::Null,
            value => value,
        })
    }

    /// Evaluates an expression in which a missing variable or property is null, even in strict mode.
    fn eval_quietly(&mut self, expr: &Expr) -> R<Value> {
        if self.strict() == 0
            || !matches!(expr.kind, ExprKind::Var(_) | ExprKind::Member { .. } | ExprKind::Index { .. })
        {
            return self.eval(expr);
        }
        let before = self.scope.strict.replace(Some(0));
        let result = self.eval(expr);
        self.scope.strict.set(before);
        result
    }

    fn array_of(&mut self, stmts: &Stmts) -> R<Value> {
        if let [Stmt { kind: StmtKind::Expr(expr), .. }] = stmts.list.as_slice()
            && let ExprKind::Array(_) = &expr.kind
        {
            return self.eval(expr);
        }
        let collector = Collector::default();
        self.run(stmts, &collector)?;
        Ok(Value::array(collector.into_items()))
    }

    pub fn hash(&mut self, pairs: &[(Expr, Stmt)], kind: DictKind) -> R<Value> {
        let dict = Dict::new(kind, true);
        for (key, value) in pairs {
            let name = self.eval(key)?;
            if name.is_null() {
                return Fault::runtime("InvalidNullKey", "A null key is not allowed in a hash literal.")
                    .raise();
            }
            let value = match self.stmt_value(value)? {
                Value::Void => Value::Null,
                value => value,
            };
            if dict.contains(&name) {
                return Fault::duplicate_key(&name).raise();
            }
            dict.insert(&name, value);
        }
        Ok(Value::Dict(Rc::new(dict)))
    }

    fn expand(&mut self, parts: &[Part]) -> R<Value> {
        let mut out = String::new();
        for part in parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Expr(expr) => {
                    let value = self.eval(expr)?;
                    match &value {
                        Value::Str(text) => out.push_str(text),
                        Value::Int(v) => {
                            use std::fmt::Write;
                            let _ = write!(out, "{v}");
                        }
                        other => out.push_str(&self.to_text(other)),
                    }
                }
            }
        }
        Ok(Value::from(out))
    }

    /// Converts a value to text: `$OFS` joins items, and `ToString` of a class or a script is called.
    pub fn to_text(&mut self, value: &Value) -> String {
        match value {
            Value::Str(text) => text.to_string(),
            Value::Array(_) | Value::List(_) => {
                let separator = self.lookup(self.syms.ofs).map_or_else(|| " ".to_owned(), |v| text(&v));
                let items = value.items().unwrap_or_default();
                let texts: Vec<String> = items.iter().map(|item| self.item_text(item)).collect();
                texts.join(&separator)
            }
            other => self.item_text(other),
        }
    }

    /// Formats a value for display: numbers and dates in the current culture.
    pub fn shown(&mut self, value: &Value) -> String {
        match value.base() {
            number if number.is_number() && !matches!(value, Value::Ext(ext) if ext.text.is_some()) => {
                ps_value::number_format::shown(number, &self.culture.number.borrow()).unwrap_or_default()
            }
            Value::DateTime(date) => date.format("G", &self.culture.dates.borrow()).unwrap_or_default(),
            Value::Net(net) if matches!(**net, ps_value::net::Net::DateOffset(..)) => {
                net.format("", &self.culture.dates.borrow()).unwrap_or_default()
            }
            _ => self.to_text(value),
        }
    }

    fn item_text(&mut self, value: &Value) -> String {
        if let Value::Object(_) | Value::Ext(_) = value
            && let Some(text) = self.own_to_string(value)
        {
            return text;
        }
        match value {
            Value::Object(object)
                if matches!(object.kind, ps_value::ObjectKind::Custom)
                    && !object.members.borrow().is_empty() =>
            {
                self.custom_text(object)
            }
            Value::Array(_) | Value::List(_) => ps_value::text::type_text(value),
            Value::Net(net) => match net.items() {
                Some(items) => {
                    let texts: Vec<String> = items.iter().map(text).collect();
                    texts.join(" ")
                }
                None => net.text(),
            },
            Value::Dict(dict) if dict.is_set() => dict.keys().iter().map(text).collect::<Vec<_>>().join(" "),
            other => text(other),
        }
    }

    fn custom_text(&mut self, object: &Rc<ps_value::Object>) -> String {
        let value = Value::Object(object.clone());
        let names = self.property_names(&value);
        let parts: Vec<String> = names
            .iter()
            .map(|name| {
                let value = self.property(&value, name).ok().flatten().unwrap_or_default();
                format!("{name}={}", text(&value))
            })
            .collect();
        format!("@{{{}}}", parts.join("; "))
    }

    fn unary(&mut self, op: UnaryOp, value: Value) -> R<Value> {
        match op {
            UnaryOp::Not => Ok(Value::Bool(!value.truth())),
            UnaryOp::Comma => {
                Ok(Value::array(vec![if let Value::Void = value { Value::Null } else { value }]))
            }
            UnaryOp::Minus => arithmetic::subtract(&Value::Int(0), &value, true),
            UnaryOp::Plus => arithmetic::plus(&value),
            UnaryOp::BitNot => arithmetic::bit_not(&value),
            UnaryOp::Join => {
                let items = self.enumerate(&value);
                let texts: Vec<String> = items.iter().map(|item| self.to_text(item)).collect();
                Ok(Value::from(texts.concat()))
            }
            UnaryOp::Split(case) => self.split_words(&value, case),
        }
    }

    pub fn binary(&mut self, op: BinaryOp, left: Value, right: Value) -> R<Value> {
        if let (Value::Int(a), Value::Int(b)) = (&left, &right) {
            let (a, b) = (*a, *b);
            match op {
                BinaryOp::Add => {
                    return Ok(a
                        .checked_add(b)
                        .map_or_else(|| Value::Double(f64::from(a) + f64::from(b)), Value::Int));
                }
                BinaryOp::Sub => {
                    return Ok(a
                        .checked_sub(b)
                        .map_or_else(|| Value::Double(f64::from(a) - f64::from(b)), Value::Int));
                }
                BinaryOp::Mul => {
                    return Ok(a
                        .checked_mul(b)
                        .map_or_else(|| Value::Double(f64::from(a) * f64::from(b)), Value::Int));
                }
                BinaryOp::Rem if b > 0 => return Ok(Value::Int(a % b)),
                BinaryOp::Compare(compare, _) => {
                    return Ok(Value::Bool(ps_value::compare::holds(compare, a.cmp(&b))));
                }
                _ => {}
            }
        }
        let doubles = match (&left, &right) {
            (Value::Double(a), Value::Double(b)) => Some((*a, *b)),
            (Value::Double(a), Value::Int(b)) => Some((*a, f64::from(*b))),
            (Value::Int(a), Value::Double(b)) => Some((f64::from(*a), *b)),
            _ => None,
        };
        if let Some((a, b)) = doubles {
            match op {
                BinaryOp::Add => return Ok(Value::Double(a + b)),
                BinaryOp::Sub => return Ok(Value::Double(a - b)),
                BinaryOp::Mul => return Ok(Value::Double(a * b)),
                _ => {}
            }
        }
        match op {
            BinaryOp::Add => self.add(left, right),
            BinaryOp::Compare(compare, case) => self.compare(compare, case, &left, &right),
            BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Rem => {
                self.arithmetic(op, &left, &right)
            }
            BinaryOp::BitAnd | BinaryOp::BitOr | BinaryOp::BitXor | BinaryOp::Shl | BinaryOp::Shr => {
                arithmetic::bits(op, &left, &right)
            }
            BinaryOp::Xor => Ok(Value::Bool(left.truth() != right.truth())),
            BinaryOp::Format => self.format_operator(&left, &right),
            BinaryOp::Range => self.range(&left, &right),
            BinaryOp::Like(yes, case) => self.like(&left, &right, yes, case),
            BinaryOp::Match(yes, case) => self.matches(&left, &right, yes, case),
            BinaryOp::Replace(case) => self.replace(&left, &right, case),
            BinaryOp::Contains(yes, case) => {
                self.contains(&left, &right, case).map(|found| Value::Bool(found == yes))
            }
            BinaryOp::In(yes, case) => {
                self.contains(&right, &left, case).map(|found| Value::Bool(found == yes))
            }
            BinaryOp::Split(case) => self.split(&left, &right, case),
            BinaryOp::Join => self.join(&left, &right),
            BinaryOp::Is(yes) => self.is(&left, &right).map(|is| Value::Bool(is == yes)),
            BinaryOp::As => self.convert_or_null(&left, &right),
        }
    }

    fn step(&mut self, target: &Expr, grows: bool, before: bool) -> R<Value> {
        if let ExprKind::Var(var) = &target.kind
            && var.scope == VarScope::Any
        {
            let (number, index) = var.cache.get();
            if number == self.scope.number {
                let mut variables = self.scope.variables.borrow_mut();
                if let Some(place) = variables.get_mut(index as usize)
                    && place.exists
                    && place.meta.is_none()
                    && let Value::Int(old) = place.value
                    && let Some(new) = if grows { old.checked_add(1) } else { old.checked_sub(1) }
                {
                    place.value = Value::Int(new);
                    return Ok(Value::Int(if before { old } else { new }));
                }
            }
        }
        let old = match self.eval(target)? {
            Value::Null | Value::Void => Value::Int(0),
            value => value,
        };
        if !(old.is_number() || matches!(old.base(), Value::Enum(_) | Value::Char(_))) {
            let sign = if grows { "++" } else { "--" };
            let message = format!(
                "The '{sign}' operator works only on numbers. The operand is a '{}'.",
                crate::types::type_of(&old).full_name()
            );
            return Fault::runtime("OperatorRequiresNumber", message).of(old).raise();
        }
        let new = if grows {
            self.add(old.clone(), Value::Int(1))?
        } else {
            self.arithmetic(BinaryOp::Sub, &old, &Value::Int(1))?
        };
        self.assign_to(target, new.clone())?;
        Ok(if before { old } else { new })
    }

    fn cast(&mut self, ty: &TypeRef, operand: &Expr) -> R<Value> {
        let name = &*ty.name.name;
        // `[ordered]@{}` and `[pscustomobject]@{}` keep the order of the script.
        if ty.name.generics.is_empty() && ty.name.ranks.is_empty() {
            if let ExprKind::Hash(pairs) = &operand.kind {
                if name.eq_ignore_ascii_case("ordered") {
                    return self.hash(pairs, DictKind::Ordered);
                }
                if name.eq_ignore_ascii_case("pscustomobject") {
                    return self.literal_object(pairs);
                }
            }
            if name.eq_ignore_ascii_case("ordered") {
                return Fault::new(
                    NetType::ParseException,
                    "OrderedAttributeOnlyOnHashLiteralNode",
                    Category::ParserError,
                    "The ordered attribute can be specified only on a hash literal node.",
                )
                .raise();
            }
            if name.eq_ignore_ascii_case("void") {
                self.eval(operand)?;
                return Ok(Value::Void);
            }
            if name.eq_ignore_ascii_case("ref") {
                return self.make_ref(operand);
            }
        }
        let ty = self.type_of_ref(ty)?;
        let value = self.eval(operand)?;
        self.convert(&value, &ty)
    }

    /// Makes a custom object directly from its literal, without a hashtable.
    fn literal_object(&mut self, pairs: &[(Expr, Stmt)]) -> R<Value> {
        let mut values: Vec<(Str, Value)> = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            let name = self.eval(key)?;
            let name = match &name {
                Value::Str(text) => text.clone(),
                other => text(other).into(),
            };
            let value = match self.stmt_value(value)? {
                Value::Void => Value::Null,
                value => value,
            };
            values.push((name, value));
        }
        Ok(convert_pairs(values))
    }

    fn make_ref(&mut self, operand: &Expr) -> R<Value> {
        if let ExprKind::Var(var) = &operand.kind {
            let found = match var.scope {
                VarScope::Any => self.locate(var.sym),
                _ => {
                    let scope = self.scope_of(var);
                    scope.find_here(var.sym).map(|index| (scope, index))
                }
            };
            let (scope, index) = match found {
                Some(found) => found,
                None => {
                    let scope = self.scope_of(var);
                    let index = scope.put(var.sym, &var.name, Value::Null);
                    (scope, index)
                }
            };
            return Ok(Value::Ref(Rc::new(ps_value::Reference::Variable { scope, index })));
        }
        Ok(Value::own_ref(self.eval(operand)?))
    }

    fn constrained(&mut self, attributes: &[Attribute], inner: &Expr) -> R<Value> {
        if attributes.iter().any(|a| a.is_type && a.name.name.eq_ignore_ascii_case("ref")) {
            return self.make_ref(inner);
        }
        if attributes.iter().any(|a| a.is_type && a.name.name.eq_ignore_ascii_case("void")) {
            self.eval(inner)?;
            return Ok(Value::Void);
        }
        let mut value = self.eval(inner)?;
        for attribute in attributes.iter().rev().filter(|a| a.is_type) {
            let ty = self.resolve_type(&attribute.name)?;
            value = self.convert(&value, &ty)?;
        }
        Ok(value)
    }

    pub fn type_of_ref(&mut self, ty: &TypeRef) -> R<Ty> {
        if let Some(found) = ty.found.get::<Ty>() {
            return Ok(found.clone());
        }
        let found = self.resolve_type(&ty.name)?;
        // Classes can be redefined, so only .NET types are remembered.
        if let Ty::Native(_) | Ty::Generic(..) = &found {
            ty.found.set(found.clone());
        }
        Ok(found)
    }

    pub fn range(&mut self, from: &Value, to: &Value) -> R<Value> {
        if let (Some(a), Some(b)) = (single_char(from), single_char(to))
            && !(from.as_str().is_some_and(|t| t.parse::<f64>().is_ok())
                && to.as_str().is_some_and(|t| t.parse::<f64>().is_ok()))
        {
            let items: Vec<Value> = if a <= b {
                (a..=b).map(Value::Char).collect()
            } else {
                (b..=a).rev().map(Value::Char).collect()
            };
            return Ok(Value::array(items));
        }
        let int = NetType::Int32.ty();
        let bound = |it: &mut Self, value: &Value| -> R<i32> {
            Ok(match it.convert(value, &int)? {
                Value::Int(v) => v,
                _ => 0,
            })
        };
        let (a, b) = (bound(self, from)?, bound(self, to)?);
        let count = i64::from(a).abs_diff(i64::from(b));
        if count > 50_000_000 {
            return Fault::runtime("RangeTooLarge", format!("The range {a}..{b} has too many items."))
                .raise();
        }
        let items: Vec<Value> =
            if a <= b { (a..=b).map(Value::Int).collect() } else { (b..=a).rev().map(Value::Int).collect() };
        Ok(Value::array(items))
    }

    /// Returns the items that `foreach`, `-join` and similar operators see: a scalar is one item.
    pub fn enumerate(&mut self, value: &Value) -> Vec<Value> {
        match value.base() {
            Value::Dict(dict) if dict.is_set() => dict.keys(),
            Value::Object(object) => {
                let native = object.native.borrow().as_ref().and_then(Value::items);
                native.unwrap_or_else(|| vec![value.clone()])
            }
            _ => value.to_items(),
        }
    }
}

fn single_char(value: &Value) -> Option<u16> {
    match value.base() {
        Value::Char(c) => Some(*c),
        Value::Str(text) => {
            let mut units = text.encode_utf16();
            let first = units.next()?;
            (units.next().is_none() && !text.bytes().all(|b| b.is_ascii_digit())).then_some(first)
        }
        _ => None,
    }
}

/// Makes a custom object; `PSTypeName` names its type.
pub(crate) fn convert_pairs(values: Vec<(Str, Value)>) -> Value {
    let is_name = |name: &str| name.eq_ignore_ascii_case("PSTypeName");
    if !values.iter().any(|(name, _)| is_name(name)) {
        return Value::custom(values);
    }
    let names: Vec<Str> = values.iter().filter(|(n, _)| is_name(n)).map(|(_, v)| text(v).into()).collect();
    let value = Value::custom(values.into_iter().filter(|(n, _)| !is_name(n)));
    if let Value::Object(object) = &value {
        *object.type_names.borrow_mut() = names;
    }
    value
}
