//! Expressions of a plan as text for Spark, for those that have the same value in both engines.
//!
//! The plan has passed the local analysis, so that each expression has its type, and calls of the checked operators
//! stand for arithmetic. Whatever is not listed here stays local.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Column, DFSchema};
use datafusion::logical_expr::expr::{
    AggregateFunction, Between, BinaryExpr, Case, Cast, InList, Like, ScalarFunction,
};
use datafusion::logical_expr::{Expr, ExprSchemable, Operator};
use datafusion::scalar::ScalarValue;

use super::kinds::{MOST_DIGITS, decimal, is_float, spark};
use super::literal::literal;
use crate::parquet::kind_name;

/// The maximum number of bytes of a statement. The host takes 64 KiB.
pub const MAX_STATEMENT: usize = 60 << 10;

/// The result, or the reason why Spark cannot run the query.
pub type Refused<T> = Result<T, String>;

/// The floats that a value may be. The engines order NaN and -0 differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Floats {
    /// All of them.
    Any,
    /// All but NaN.
    Signed,
    /// All but NaN and -0. Values of other types are plain, too.
    Plain,
}

/// An expression as text.
#[derive(Debug, Clone)]
pub struct Text {
    pub text: String,
    pub floats: Floats,
    /// Whether it is a constant other than 0, beside which -0 does not matter.
    pub is_nonzero: bool,
}

impl Text {
    fn plain(text: String) -> Self {
        Self { text, floats: Floats::Plain, is_nonzero: false }
    }
}

/// The columns that an expression may name.
pub struct Scope<'a> {
    pub schema: &'a DFSchema,
    /// The text of each column, and its floats.
    pub columns: &'a [(String, Floats)],
}

impl Scope<'_> {
    /// Writes an expression.
    ///
    /// # Errors
    /// Returns the reason why its value may differ in Spark.
    pub fn expression(&self, expr: &Expr) -> Refused<Text> {
        let found = self.any(expr)?;
        match found.text.len() > MAX_STATEMENT {
            true => Err("the query is too long for one statement".to_owned()),
            false => Ok(found),
        }
    }

    fn any(&self, expr: &Expr) -> Refused<Text> {
        match expr {
            Expr::Alias(alias) => self.expression(&alias.expr),
            Expr::Column(column) => self.column(column),
            Expr::Literal(value, _) => literal(value),
            Expr::BinaryExpr(binary) => self.binary(binary, expr),
            Expr::Like(like) => self.like(like),
            Expr::Not(inner) => self.around(inner, "(NOT ", ")"),
            Expr::IsNull(inner) | Expr::IsUnknown(inner) => self.around(inner, "(", " IS NULL)"),
            Expr::IsNotNull(inner) | Expr::IsNotUnknown(inner) => self.around(inner, "(", " IS NOT NULL)"),
            Expr::IsTrue(inner) => self.around(inner, "(", " IS TRUE)"),
            Expr::IsNotTrue(inner) => self.around(inner, "(", " IS NOT TRUE)"),
            Expr::IsFalse(inner) => self.around(inner, "(", " IS FALSE)"),
            Expr::IsNotFalse(inner) => self.around(inner, "(", " IS NOT FALSE)"),
            Expr::Negative(inner) => self.calculated("-", &[inner], expr),
            Expr::Between(between) => self.between(between),
            Expr::InList(list) => self.in_list(list),
            Expr::Case(case) => self.case(case, expr),
            Expr::Cast(cast) => self.cast(cast),
            Expr::ScalarFunction(call) => self.function(call, expr),
            Expr::TryCast(_) => Err("`TRY_CAST` stays local".to_owned()),
            Expr::WindowFunction(_) => Err("window functions stay local".to_owned()),
            Expr::Exists(_) | Expr::InSubquery(_) | Expr::ScalarSubquery(_) | Expr::SetComparison(_) => {
                Err("queries within expressions stay local: write a join".to_owned())
            }
            other => Err(format!("`{other}` stays local")),
        }
    }

    fn kind(&self, expr: &Expr) -> Refused<DataType> {
        expr.get_type(self.schema).map_err(|_| format!("`{expr}` has no type"))
    }

    /// Returns Spark's name of the type of an expression.
    fn type_of(&self, expr: &Expr) -> Refused<String> {
        let kind = self.kind(expr)?;
        spark(&kind).ok_or_else(|| format!("`{expr}` has the type {}, which stays local", kind_name(&kind)))
    }

    fn column(&self, column: &Column) -> Refused<Text> {
        let at = self.schema.index_of_column(column).ok();
        let found = at.and_then(|at| self.columns.get(at));
        let (text, floats) = found.ok_or_else(|| format!("`{column}` is not clear"))?;
        Ok(Text { text: text.clone(), floats: *floats, is_nonzero: false })
    }

    /// Writes a condition on a value.
    fn around(&self, inner: &Expr, before: &str, after: &str) -> Refused<Text> {
        Ok(Text::plain(format!("{before}{}{after}", self.expression(inner)?.text)))
    }

    fn binary(&self, binary: &BinaryExpr, whole: &Expr) -> Refused<Text> {
        let BinaryExpr { left, op, right } = binary;
        let (kind, other) = (self.kind(left)?, self.kind(right)?);
        let both = |is: fn(&DataType) -> bool| is(&kind) && is(&other);
        match op {
            Operator::And | Operator::Or => {
                let (left, right) = (self.expression(left)?.text, self.expression(right)?.text);
                Ok(Text::plain(format!("({left} {op} {right})")))
            }
            Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq => {
                let (left, right) = self.compared(left, right)?;
                let sign = if *op == Operator::NotEq { "<>".to_owned() } else { op.to_string() };
                Ok(Text::plain(format!("({left} {sign} {right})")))
            }
            Operator::IsDistinctFrom | Operator::IsNotDistinctFrom => {
                let (left, right) = self.compared(left, right)?;
                let not = if *op == Operator::IsDistinctFrom { "NOT " } else { "" };
                Ok(Text::plain(format!("({not}({left} <=> {right}))")))
            }
            Operator::Plus | Operator::Minus | Operator::Multiply if both(is_float) => {
                self.calculated(&op.to_string(), &[left, right], whole)
            }
            Operator::Divide if both(is_float) => self.calculated("/", &[left, right], whole),
            Operator::Divide if both(DataType::is_signed_integer) => {
                self.calculated("div", &[left, right], whole)
            }
            Operator::Modulo if both(DataType::is_signed_integer) => {
                self.calculated("%", &[left, right], whole)
            }
            Operator::StringConcat if both(DataType::is_string) => {
                let (left, right) = (self.expression(left)?.text, self.expression(right)?.text);
                Ok(Text::plain(format!("concat({left}, {right})")))
            }
            _ => Err(format!("`{op}` of {} and {} stays local", kind_name(&kind), kind_name(&other))),
        }
    }

    /// Writes two values that are compared.
    pub fn compared(&self, left: &Expr, right: &Expr) -> Refused<(String, String)> {
        let (kind, other) = (self.type_of(left)?, self.type_of(right)?);
        if kind != other {
            return Err(format!("`{left}` and `{right}` have different types"));
        }
        let (one, two) = (self.expression(left)?, self.expression(right)?);
        let (low, high) = (one.floats.min(two.floats), one.floats.max(two.floats));
        let is_clear = low == Floats::Plain
            || (low == Floats::Signed && high == Floats::Plain && (one.is_nonzero || two.is_nonzero));
        match is_clear {
            true => Ok((one.text, two.text)),
            false => Err(format!(
                "`{left}` is compared, and is a calculated float: NaN and -0 have another order in Spark"
            )),
        }
    }

    /// Writes a value that is sorted or grouped.
    pub fn ordered(&self, expr: &Expr) -> Refused<String> {
        self.type_of(expr)?;
        let found = self.expression(expr)?;
        match found.floats {
            Floats::Plain => Ok(found.text),
            _ => Err(format!("`{expr}` is a calculated float: NaN and -0 have another order in Spark")),
        }
    }

    /// Writes a calculation with the type of the whole.
    fn calculated(&self, sign: &str, operands: &[&Expr], whole: &Expr) -> Refused<Text> {
        let to = self.type_of(whole)?;
        let found = operands.iter().map(|operand| self.expression(operand)).collect::<Refused<Vec<_>>>()?;
        let text = match found.as_slice() {
            [one] => format!("CAST(({sign} {}) AS {to})", one.text),
            [left, right] => format!("CAST(({} {sign} {}) AS {to})", left.text, right.text),
            _ => return Err(format!("`{whole}` stays local")),
        };
        if !is_float(&self.kind(whole)?) {
            return Ok(Text::plain(text));
        }
        // One calculation with finite numbers gives no NaN: Spark fails at a division by zero.
        let is_first = found.iter().all(|operand| operand.floats == Floats::Plain);
        let floats = if is_first { Floats::Signed } else { Floats::Any };
        Ok(Text { text, floats, is_nonzero: false })
    }

    fn like(&self, like: &Like) -> Refused<Text> {
        if like.case_insensitive || like.escape_char.is_some() {
            return Err("`ILIKE` and `ESCAPE` stay local".to_owned());
        }
        let not = if like.negated { "NOT " } else { "" };
        let (text, pattern) = (self.expression(&like.expr)?.text, self.expression(&like.pattern)?.text);
        Ok(Text::plain(format!("({text} {not}LIKE {pattern})")))
    }

    fn between(&self, between: &Between) -> Refused<Text> {
        let Between { expr, negated, low, high } = between;
        let (text, low) = self.compared(expr, low)?;
        let (_, high) = self.compared(expr, high)?;
        let not = if *negated { "NOT " } else { "" };
        Ok(Text::plain(format!("({text} {not}BETWEEN {low} AND {high})")))
    }

    fn in_list(&self, list: &InList) -> Refused<Text> {
        let pairs = list.list.iter().map(|item| self.compared(&list.expr, item));
        let pairs = pairs.collect::<Refused<Vec<_>>>()?;
        let Some((text, _)) = pairs.first() else { return Err("an empty list stays local".to_owned()) };
        let items: Vec<&str> = pairs.iter().map(|(_, item)| item.as_str()).collect();
        let not = if list.negated { "NOT " } else { "" };
        Ok(Text::plain(format!("({text} {not}IN ({}))", items.join(", "))))
    }

    fn case(&self, case: &Case, whole: &Expr) -> Refused<Text> {
        let to = self.type_of(whole)?;
        let (mut text, mut floats) = ("CASE".to_owned(), Floats::Plain);
        for (when, then) in &case.when_then_expr {
            let condition = match &case.expr {
                Some(value) => {
                    let (left, right) = self.compared(value, when)?;
                    format!("({left} = {right})")
                }
                None => self.expression(when)?.text,
            };
            let then = self.expression(then)?;
            floats = floats.min(then.floats);
            text.push_str(&format!(" WHEN {condition} THEN CAST({} AS {to})", then.text));
        }
        if let Some(other) = &case.else_expr {
            let other = self.expression(other)?;
            floats = floats.min(other.floats);
            text.push_str(&format!(" ELSE CAST({} AS {to})", other.text));
        }
        text.push_str(" END");
        Ok(Text { text, floats, is_nonzero: false })
    }

    fn cast(&self, cast: &Cast) -> Refused<Text> {
        let (from, to) = (self.kind(&cast.expr)?, cast.field.data_type());
        let name = |kind: &DataType| spark(kind).ok_or_else(|| format!("{} stays local", kind_name(kind)));
        let (old, new) = (name(&from)?, name(to)?);
        if let Expr::Literal(value, _) = cast.expr.as_ref()
            && let Ok(value) = value.cast_to(to)
            && !value.is_null()
        {
            return literal(&value);
        }
        let inner = self.expression(&cast.expr)?;
        if old == new {
            return Ok(inner);
        }
        let is_date = |kind: &DataType| matches!(kind, DataType::Date32);
        let is_moment = |kind: &DataType| matches!(kind, DataType::Timestamp(..));
        let (whole, digits) = (from.is_signed_integer(), decimal(&from).is_some());
        let is_same = match to {
            to if to.is_signed_integer() => whole || digits || is_float(&from),
            to if is_float(to) => whole || is_float(&from),
            to if decimal(to).is_some() => whole || digits,
            to if to.is_string() => whole,
            to if is_moment(to) => is_date(&from),
            to if is_date(to) => is_moment(&from),
            _ => false,
        };
        match is_same {
            true => {
                let floats = if is_float(to) { inner.floats } else { Floats::Plain };
                Ok(Text { text: format!("CAST({} AS {new})", inner.text), floats, is_nonzero: false })
            }
            false => Err(format!("a cast from {} to {} stays local", kind_name(&from), kind_name(to))),
        }
    }

    fn function(&self, call: &ScalarFunction, whole: &Expr) -> Refused<Text> {
        let arguments: Vec<&Expr> = call.args.iter().collect();
        let stays = || format!("`{}` stays local", call.func.name());
        match (call.func.name(), arguments.as_slice()) {
            ("checked_plus", [left, right]) => self.checked("+", left, right, whole),
            ("checked_minus", [left, right]) => self.checked("-", left, right, whole),
            ("checked_times", [left, right]) => self.checked("*", left, right, whole),
            ("checked_sign", [inner]) => self.calculated("-", &[inner], whole),
            ("rounded", [inner]) => {
                let found = self.expression(inner)?;
                let round = if is_float(&self.kind(inner)?) { "rint" } else { "round" };
                Ok(Text { text: format!("{round}({})", found.text), ..found })
            }
            ("coalesce", [_, ..]) => {
                let to = self.type_of(whole)?;
                let found = arguments.iter().map(|argument| self.expression(argument));
                let found = found.collect::<Refused<Vec<_>>>()?;
                let floats = found.iter().map(|argument| argument.floats).min().unwrap_or(Floats::Any);
                let texts: Vec<String> =
                    found.iter().map(|argument| format!("CAST({} AS {to})", argument.text)).collect();
                let text = format!("coalesce({})", texts.join(", "));
                Ok(Text { text, floats, is_nonzero: false })
            }
            ("nullif", [left, right]) => {
                let floats = self.expression(left)?.floats;
                let (left, right) = self.compared(left, right)?;
                Ok(Text { text: format!("nullif({left}, {right})"), floats, is_nonzero: false })
            }
            ("abs", [inner]) => {
                let (to, found) = (self.type_of(whole)?, self.expression(inner)?);
                let floats = if found.floats == Floats::Signed { Floats::Plain } else { found.floats };
                Ok(Text { text: format!("CAST(abs({}) AS {to})", found.text), floats, is_nonzero: false })
            }
            ("character_length", [inner]) if self.kind(inner)?.is_string() => {
                let (to, found) = (self.type_of(whole)?, self.expression(inner)?);
                Ok(Text::plain(format!("CAST(char_length({}) AS {to})", found.text)))
            }
            ("date_part", [Expr::Literal(part, _), moment]) => {
                self.date_part(part, moment, whole)?.ok_or_else(stays)
            }
            ("date_trunc", [Expr::Literal(part, _), moment]) => {
                self.date_trunc(part, moment, whole)?.ok_or_else(stays)
            }
            _ => Err(stays()),
        }
    }

    /// Writes an operation that fails when it overflows.
    fn checked(&self, sign: &str, left: &Expr, right: &Expr, whole: &Expr) -> Refused<Text> {
        let operands = (decimal(&self.kind(left)?), decimal(&self.kind(right)?));
        if let (Some((digits, places)), Some((others, other))) = operands {
            let (digits, places) = (i32::from(digits), i32::from(places));
            let (others, other) = (i32::from(others), i32::from(other));
            let needed = match sign {
                "*" => digits + others + 1,
                _ => (digits - places).max(others - other) + places.max(other) + 1,
            };
            // Beyond that, Spark drops places.
            if needed > i32::from(MOST_DIGITS) {
                return Err(format!(
                    "`{whole}` may need {needed} digits, and Spark rounds beyond {MOST_DIGITS}"
                ));
            }
        }
        self.calculated(sign, &[left, right], whole)
    }

    fn date_part(&self, part: &ScalarValue, moment: &Expr, whole: &Expr) -> Refused<Option<Text>> {
        let part = part.try_as_str().flatten().unwrap_or_default().to_ascii_lowercase();
        let is_moment = matches!(self.kind(moment)?, DataType::Timestamp(..));
        let function = match part.as_str() {
            "year" => "year",
            "quarter" => "quarter",
            "month" => "month",
            "day" => "dayofmonth",
            "doy" => "dayofyear",
            "hour" if is_moment => "hour",
            "minute" if is_moment => "minute",
            _ => return Ok(None),
        };
        let (to, found) = (self.type_of(whole)?, self.expression(moment)?);
        self.type_of(moment)?;
        Ok(Some(Text::plain(format!("CAST({function}({}) AS {to})", found.text))))
    }

    fn date_trunc(&self, part: &ScalarValue, moment: &Expr, whole: &Expr) -> Refused<Option<Text>> {
        let part = part.try_as_str().flatten().unwrap_or_default().to_ascii_lowercase();
        if !["year", "quarter", "month", "week", "day", "hour", "minute"].contains(&part.as_str()) {
            return Ok(None);
        }
        let (to, found) = (self.type_of(whole)?, self.expression(moment)?);
        self.type_of(moment)?;
        Ok(Some(Text::plain(format!("CAST(date_trunc('{part}', {}) AS {to})", found.text))))
    }

    /// Writes an aggregate.
    pub fn aggregate(&self, expr: &Expr) -> Refused<Text> {
        let call = match expr {
            Expr::Alias(alias) => return self.aggregate(&alias.expr),
            Expr::AggregateFunction(call) => call,
            other => return Err(format!("`{other}` stays local")),
        };
        let AggregateFunction { func, params } = call;
        if !params.order_by.is_empty() || params.null_treatment.is_some() {
            return Err(format!("`{}` with an order stays local", func.name()));
        }
        let [argument] = params.args.as_slice() else {
            return Err(format!("`{}` with {} arguments stays local", func.name(), params.args.len()));
        };
        let (kind, to) = (self.kind(argument)?, self.type_of(expr)?);
        let is_exact = kind.is_signed_integer() || decimal(&kind).is_some();
        let is_known = match func.name() {
            "count" => true,
            "sum" | "avg" => is_exact || is_float(&kind),
            "min" | "max" => kind != DataType::Boolean,
            "bool_and" | "bool_or" => true,
            _ => false,
        };
        if !is_known || (params.distinct && func.name() == "avg") {
            return Err(format!("`{}` of {} stays local", func.name(), kind_name(&kind)));
        }
        let orders = params.distinct || ["min", "max"].contains(&func.name());
        let text = match orders {
            true => self.ordered(argument)?,
            false => self.expression(argument)?.text,
        };
        let distinct = if params.distinct { "DISTINCT " } else { "" };
        let filter = match &params.filter {
            Some(filter) => format!(" FILTER (WHERE {})", self.expression(filter)?.text),
            None => String::new(),
        };
        Ok(Text::plain(format!("CAST({}({distinct}{text}){filter} AS {to})", func.name())))
    }
}
