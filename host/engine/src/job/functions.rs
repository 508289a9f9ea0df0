//! The functions that expressions can call, and the work that expressions may do.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::numbers;
use super::seen::Shared;
use minijinja::value::{Kwargs, Rest, Value, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State, UndefinedBehavior, filters, tests};

/// Maximum work of the expressions of one step together: bytes of text, and [`VALUE`] for each value.
const MAX_WORK: u64 = 64 << 20;
/// The work that takes about a millisecond.
const SHORT_WORK: u64 = 1 << 20;
/// The work to parse and compile an expression, without that for each byte of its source.
const EXPRESSION: usize = 512;
/// The bytes that a new item of a list takes: its value, twice while the list grows.
const ITEM: usize = 48;
/// The cost of a number, or of a list or map without its content.
const VALUE: u64 = 32;
/// Maximum instructions of one expression.
const FUEL: u64 = 50_000;

/// The functions that operands pass through: counted with their content, counted without it, and those of
/// `*`. No name in a source can equal these names.
pub(super) const COUNTED: &str = "(counted)";
pub(super) const OUTSIDE: &str = "(outside)";
pub(super) const NUMBER: &str = "(number)";
/// A part of a text or a list.
pub(super) const SLICED: &str = "(sliced)";
/// The right side of a comparison, given both sides: of an order, and of equality.
pub(super) const ORDERED: &str = "(ordered)";
pub(super) const EQUATED: &str = "(equated)";

pub(super) const NUMBERS_ONLY: &str = "`*` multiplies numbers only";

pub(super) fn refused(message: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}

/// Returns a refusal that shows the value and the fix.
fn refused_for(what: &str, value: &Value, help: &str) -> Error {
    let shown = crate::document::cut(&value.to_string(), 40);
    Error::new(ErrorKind::InvalidOperation, format!("{what}, and not `{shown}`: {help}"))
}

/// The work that expressions may do together, and the work that is left of it.
#[derive(Debug, Clone)]
pub struct Work {
    left: Arc<AtomicU64>,
    most: u64,
    is_exceeded: Arc<AtomicBool>,
}

impl Work {
    /// The work of all expressions of one step.
    pub fn of_a_step() -> Self {
        Self::of(MAX_WORK)
    }

    /// The work of a short text, such as a concurrency key. It takes about a millisecond, so that it can be done where
    /// others wait.
    pub fn short() -> Self {
        Self::of(SHORT_WORK)
    }

    fn of(most: u64) -> Self {
        Self { left: Arc::new(AtomicU64::new(most)), most, is_exceeded: Arc::default() }
    }

    /// Returns whether expressions failed because they needed more work.
    pub fn is_exceeded(&self) -> bool {
        self.is_exceeded.load(Ordering::Relaxed)
    }

    /// Subtracts the work to compile an expression.
    pub(super) fn take_source(&self, source: &str) -> Result<(), Error> {
        self.take_bytes(EXPRESSION.saturating_add(source.len().saturating_mul(4)))
    }

    /// Subtracts the size of a value.
    pub(super) fn take(&self, value: &Value) -> Result<(), Error> {
        self.take_times(value, 1)
    }

    fn take_times(&self, value: &Value, times: u64) -> Result<(), Error> {
        let left = self.left.load(Ordering::Relaxed) / times;
        let rest = size(value, left).ok_or_else(|| self.too_much())?;
        self.left.fetch_sub((left - rest) * times, Ordering::Relaxed);
        Ok(())
    }

    fn too_much(&self) -> Error {
        self.is_exceeded.store(true, Ordering::Relaxed);
        refused(if self.most == MAX_WORK { TOO_MUCH } else { TOO_MUCH_FOR_A_TEXT })
    }

    /// Subtracts the items of a list that a filter makes of a text.
    fn take_items(&self, items: usize) -> Result<(), Error> {
        self.take_bytes(items.saturating_mul(ITEM))
    }

    /// Subtracts the length of a text, but not the content of a list or a map.
    fn take_outside(&self, value: &Value) -> Result<(), Error> {
        self.take_bytes(value.as_str().map_or(0, str::len))
    }

    fn take_bytes(&self, bytes: usize) -> Result<(), Error> {
        let left = self.left.load(Ordering::Relaxed).checked_sub(bytes as u64);
        self.left.store(left.ok_or_else(|| self.too_much())?, Ordering::Relaxed);
        Ok(())
    }
}

const TOO_MUCH: &str = "the expressions of this step work on too much: at most 64 MiB in all";
const TOO_MUCH_FOR_A_TEXT: &str = "the expressions of this text work on too much: at most 1 MiB in all";

/// Returns the number of items of the list that a filter makes of a text.
fn items_of_text(filter: &str, text: &str, separator: Option<&str>) -> usize {
    let letters = || text.chars().count();
    match (filter, separator) {
        ("split", None) => text.split_whitespace().count(),
        ("split", Some("")) => letters().saturating_add(2),
        ("split", Some(separator)) => text.matches(separator).count().saturating_add(1),
        ("lines", _) => text.lines().count(),
        _ => letters(),
    }
}

/// Subtracts the size of a value from the work that is left.
fn size(value: &Value, left: u64) -> Option<u64> {
    if let Some(shared) = value.downcast_object_ref::<Shared>() {
        return shared.size(left, VALUE);
    }
    let left = left.checked_sub(VALUE)?;
    match value.kind() {
        ValueKind::String => left.checked_sub(value.as_str().map_or(0, str::len) as u64),
        ValueKind::Bytes => left.checked_sub(value.as_bytes().map_or(0, <[u8]>::len) as u64),
        ValueKind::Seq | ValueKind::Iterable => {
            let mut items = value.try_iter().ok()?;
            items.try_fold(left, |left, item| size(&item, left))
        }
        ValueKind::Map => {
            let mut keys = value.try_iter().ok()?;
            keys.try_fold(left, |left, key| {
                size(&value.get_item(&key).unwrap_or_default(), size(&key, left)?)
            })
        }
        _ => Some(left),
    }
}

pub(super) fn environment(work: &Work) -> Environment<'static> {
    let mut env = Environment::empty();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_fuel(Some(FUEL));
    let counter = work.clone();
    env.add_function(COUNTED, move |value: Value| counter.take(&value).map(|()| value));
    let counter = work.clone();
    env.add_function(OUTSIDE, move |value: Value| counter.take_outside(&value).map(|()| value));
    env.add_function(NUMBER, |value: Value| match value.kind() {
        ValueKind::Number | ValueKind::Undefined => Ok(value),
        _ => Err(refused(NUMBERS_ONLY)),
    });
    let counter = work.clone();
    env.add_function(ORDERED, move |value: Value, left: Value| {
        if text_and_number(&value, &left) {
            return Err(refused(TEXT_AND_NUMBER));
        }
        counter.take(&value).map(|()| value)
    });
    let counter = work.clone();
    env.add_function(EQUATED, move |value: Value, left: Value| {
        let number = |value: &Value| value.as_str().is_some_and(crate::values::is_number);
        if text_and_number(&value, &left) && (number(&value) || number(&left)) {
            return Err(refused(TEXT_AND_NUMBER));
        }
        counter.take(&value).map(|()| value)
    });
    env.add_function(SLICED, |value: &Value, start: Value, stop: Value, step: Value| {
        numbers::sliced(value, [start, stop, step])
    });
    add_filters(&mut env, work);
    add_tests(&mut env, work);
    env
}

const TEXT_AND_NUMBER: &str = "this compares a text with a number: a number whose digits JSON would change, such as 3.10, is text; write `| float` behind it";

fn text_and_number(one: &Value, other: &Value) -> bool {
    matches!(
        (one.kind(), other.kind()),
        (ValueKind::String, ValueKind::Number) | (ValueKind::Number, ValueKind::String)
    )
}

/// The filter `bool`. A text must be the word for a boolean; Jinja takes `"false"` for true.
fn boolean(value: &Value) -> Result<bool, Error> {
    match value.as_str().map(str::to_ascii_lowercase).as_deref() {
        Some("true") => Ok(true),
        Some("false") => Ok(false),
        Some(_) => {
            Err(refused_for("`bool` takes true or false", value, "compare the text with what means true"))
        }
        None => Ok(value.is_true()),
    }
}

/// The filter `int`. It cuts the fraction of a number. A text must be a whole number, or the default applies.
fn int(
    state: &State,
    value: &Value,
    default: Option<Value>,
    base: Option<u32>,
    kwargs: Kwargs,
) -> Result<Value, Error> {
    let Some(text) = value.as_str().filter(|_| base.is_none() && !kwargs.has("base")) else {
        return filters::int(state, value, default, base, kwargs);
    };
    let default = default.map_or_else(|| kwargs.get("default"), |default| Ok(Some(default)))?;
    let text = text.trim();
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<i128>() {
        Ok(number) if is_whole => Ok(Value::from(number)),
        _ if default.is_some() => Ok(default.unwrap_or_default()),
        _ if is_whole => Err(refused_for("`int` takes up to 38 digits", value, "leave it a text")),
        _ => Err(refused_for(
            "`int` takes a whole number",
            value,
            "write `| float | int` to cut the fraction of a number",
        )),
    }
}

/// The filter `float`. A text must be a number whose digits 64 bits can hold, or the default applies.
fn float(state: &State, value: &Value, default: Option<Value>, kwargs: Kwargs) -> Result<Value, Error> {
    let Some(text) = value.as_str() else { return filters::float(state, value, default, kwargs) };
    let default = default.map_or_else(|| kwargs.get("default"), |default| Ok(Some(default)))?;
    let (what, help) = match text.trim().parse::<f64>() {
        Ok(held) if crate::values::same_number(&held.to_string(), text.trim()) => {
            return Ok(Value::from(held));
        }
        Ok(held) if held.is_finite() => ("`float` would change the digits of this number", "leave it a text"),
        Ok(_) => ("`float` takes numbers up to 1.8e308", "leave it a text"),
        Err(_) => ("`float` takes a number", "write the decimal sign as `.`, and no other characters"),
    };
    default.ok_or_else(|| refused_for(what, value, help))
}

/// Adds filters that look only at the outside of a value, filters that count it once, and filters that make
/// several values of it.
fn add_filters(env: &mut Environment<'static>, work: &Work) {
    let outside = [
        ("default", Value::from_function(filters::default)),
        ("d", Value::from_function(filters::default)),
        ("length", Value::from_function(filters::length)),
        ("count", Value::from_function(filters::length)),
        ("first", Value::from_function(filters::first)),
        ("last", Value::from_function(filters::last)),
        ("int", Value::from_function(int)),
        ("float", Value::from_function(float)),
        ("abs", Value::from_function(filters::abs)),
        ("round", Value::from_function(filters::round)),
    ];
    for (name, filter) in outside {
        let work = work.clone();
        env.add_filter(name, move |state: &mut State, args: Rest<ValueOrKwargs>| {
            let args = args.into_values();
            args.iter().try_for_each(|arg| work.take_outside(arg))?;
            filter.call(state, &args)
        });
    }
    let whole = [
        (1, "lower", Value::from_function(filters::lower)),
        (1, "upper", Value::from_function(filters::upper)),
        (1, "capitalize", Value::from_function(filters::capitalize)),
        (1, "title", Value::from_function(filters::title)),
        (1, "trim", Value::from_function(filters::trim)),
        (1, "string", Value::from_function(filters::string)),
        (1, "bool", Value::from_function(boolean)),
        (1, "min", Value::from_function(filters::min)),
        (1, "max", Value::from_function(filters::max)),
        (8, "split", Value::from_function(filters::split)),
        (8, "lines", Value::from_function(filters::lines)),
        (8, "list", Value::from_function(filters::list)),
        (8, "reverse", Value::from_function(filters::reverse)),
        (8, "sort", Value::from_function(filters::sort)),
        (8, "unique", Value::from_function(filters::unique)),
        (8, "items", Value::from_function(filters::items)),
        (8, "dictsort", Value::from_function(filters::dictsort)),
        (8, "map", Value::from_function(filters::map)),
        (8, "select", Value::from_function(filters::select)),
        (8, "reject", Value::from_function(filters::reject)),
        (8, "selectattr", Value::from_function(filters::selectattr)),
        (8, "rejectattr", Value::from_function(filters::rejectattr)),
    ];
    for (times, name, filter) in whole {
        let work = work.clone();
        env.add_filter(name, move |state: &mut State, args: Rest<ValueOrKwargs>| {
            let args = args.into_values();
            args.iter().try_for_each(|arg| work.take_times(arg, times))?;
            if times > 1
                && let Some(text) = args.first().and_then(Value::as_str)
            {
                work.take_items(items_of_text(name, text, args.get(1).and_then(Value::as_str)))?;
            }
            filter.call(state, &args)
        });
    }
    add_joining(env, work);
}

/// Adds filters whose result is as large as the product of their inputs.
fn add_joining(env: &mut Environment<'static>, work: &Work) {
    let (joins, replaces, writes, sums) = (work.clone(), work.clone(), work.clone(), work.clone());
    let join = Value::from_function(filters::join);
    env.add_filter("join", move |state: &mut State, args: Rest<ValueOrKwargs>| {
        let args = args.into_values();
        args.iter().try_for_each(|arg| joins.take(arg))?;
        let items = args.first().and_then(Value::len).unwrap_or(0);
        let separator = args.iter().skip(1).filter_map(Value::as_str).map(str::len).sum::<usize>();
        joins.take_bytes(items.saturating_mul(separator))?;
        join.call(state, &args)
    });
    env.add_filter("replace", move |text: String, from: String, to: String| {
        replaces.take_bytes(text.len() + from.len() + to.len())?;
        let found = if from.is_empty() { text.chars().count() + 1 } else { text.matches(&from).count() };
        replaces.take_bytes(found.saturating_mul(to.len()))?;
        Ok::<_, Error>(text.replace(&from, &to))
    });
    let json = Value::from_function(filters::tojson);
    env.add_filter("tojson", move |state: &mut State, value: Value| {
        writes.take_times(&value, 4)?;
        json.call(state, &[value])
    });
    let sum = Value::from_function(filters::sum);
    env.add_filter("sum", move |state: &mut State, value: Value| {
        sums.take(&value)?;
        if value.try_iter()?.any(|item| !item.is_number()) {
            return Err(refused("`sum` adds numbers only"));
        }
        sum.call(state, &[value])
    });
}

fn add_tests(env: &mut Environment<'static>, work: &Work) {
    let outside = [
        ("defined", Value::from_function(tests::is_defined)),
        ("undefined", Value::from_function(tests::is_undefined)),
        ("none", Value::from_function(tests::is_none)),
        ("boolean", Value::from_function(tests::is_boolean)),
        ("true", Value::from_function(tests::is_true)),
        ("false", Value::from_function(tests::is_false)),
        ("number", Value::from_function(tests::is_number)),
        ("integer", Value::from_function(tests::is_integer)),
        ("float", Value::from_function(tests::is_float)),
        ("string", Value::from_function(tests::is_string)),
        ("sequence", Value::from_function(tests::is_sequence)),
        ("iterable", Value::from_function(tests::is_iterable)),
        ("mapping", Value::from_function(tests::is_mapping)),
        ("odd", Value::from_function(tests::is_odd)),
        ("even", Value::from_function(tests::is_even)),
        ("divisibleby", Value::from_function(numbers::divisible)),
    ];
    let whole = [
        ("eq", Value::from_function(tests::is_eq)),
        ("equalto", Value::from_function(tests::is_eq)),
        ("==", Value::from_function(tests::is_eq)),
        ("ne", Value::from_function(tests::is_ne)),
        ("!=", Value::from_function(tests::is_ne)),
        ("lt", Value::from_function(tests::is_lt)),
        ("lessthan", Value::from_function(tests::is_lt)),
        ("<", Value::from_function(tests::is_lt)),
        ("le", Value::from_function(tests::is_le)),
        ("<=", Value::from_function(tests::is_le)),
        ("gt", Value::from_function(tests::is_gt)),
        ("greaterthan", Value::from_function(tests::is_gt)),
        (">", Value::from_function(tests::is_gt)),
        ("ge", Value::from_function(tests::is_ge)),
        (">=", Value::from_function(tests::is_ge)),
        ("in", Value::from_function(tests::is_in)),
        ("lower", Value::from_function(tests::is_lower)),
        ("upper", Value::from_function(tests::is_upper)),
        ("startingwith", Value::from_function(tests::is_startingwith)),
        ("endingwith", Value::from_function(tests::is_endingwith)),
    ];
    for (counts, (name, test)) in
        outside.map(|test| (false, test)).into_iter().chain(whole.map(|test| (true, test)))
    {
        let work = work.clone();
        env.add_test(name, move |state: &mut State, args: Rest<ValueOrKwargs>| {
            let args = args.into_values();
            args.iter().try_for_each(|arg| if counts { work.take(arg) } else { work.take_outside(arg) })?;
            Ok::<_, Error>(test.call(state, &args)?.is_true())
        });
    }
}
