//! `NumberFormatInfo` and `DateTimeFormatInfo` of a culture, or a copy that a script changes.

use ps_value::types::NetType;
use std::cell::RefCell;
use std::rc::Rc;

use super::args::{at, integer, string};
use super::culture::provided;
use super::declare::Declared::{self, Method, New, Property, Settable, Static, StaticProperty};
use ps_value::culture::{self, Culture, DateFormat, NumberFormat};
use ps_value::error::{R, net};
use ps_value::net::Net;
use ps_value::{Str, Value, text};

/// Maximum length of a symbol or a pattern that a script sets.
const LONGEST: usize = 256;

fn no_change<T>() -> R<T> {
    net(NetType::InvalidOperationException, "Instance is read-only.")
}

fn number(value: &Value) -> (Rc<RefCell<NumberFormat>>, bool) {
    match value.base() {
        Value::Net(net) => match &**net {
            Net::NumberFormat(format, read_only) => (format.clone(), *read_only),
            Net::Culture(culture) => (culture.number.clone(), culture.read_only),
            _ => (culture::invariant().number.clone(), true),
        },
        _ => (culture::invariant().number.clone(), true),
    }
}

fn dates(value: &Value) -> (Rc<RefCell<DateFormat>>, bool) {
    match value.base() {
        Value::Net(net) => match &**net {
            Net::DateFormat(format, read_only) => (format.clone(), *read_only),
            Net::Culture(culture) => (culture.dates.clone(), culture.read_only),
            _ => (culture::invariant().dates.clone(), true),
        },
        _ => (culture::invariant().dates.clone(), true),
    }
}

/// Sets the formats of a culture from an object.
pub(super) fn replace(culture: &Culture, formats: &Value) -> R<Value> {
    if culture.read_only {
        return no_change();
    }
    let Value::Net(own) = formats.base() else {
        return net(NetType::ArgumentNullException, "Object cannot be null. (Parameter 'value')");
    };
    match &**own {
        Net::NumberFormat(format, _) => {
            let format = format.borrow().clone();
            *culture.number.borrow_mut() = format;
        }
        Net::DateFormat(format, _) => {
            let format = format.borrow().clone();
            *culture.dates.borrow_mut() = format;
        }
        _ => {}
    }
    Ok(Value::Void)
}

fn set_number(target: &Value, change: impl FnOnce(&mut NumberFormat)) -> R<Value> {
    match number(target) {
        (_, true) => no_change(),
        (format, false) => {
            change(&mut format.borrow_mut());
            Ok(Value::Void)
        }
    }
}

fn set_dates(target: &Value, change: impl FnOnce(&mut DateFormat)) -> R<Value> {
    match dates(target) {
        (_, true) => no_change(),
        (format, false) => {
            change(&mut format.borrow_mut());
            Ok(Value::Void)
        }
    }
}

fn symbol(args: &[Value]) -> R<Str> {
    let text = string(args, 0);
    if text.len() > LONGEST {
        return net(
            NetType::ArgumentException,
            format!("A symbol or a pattern has at most {LONGEST} bytes."),
        );
    }
    Ok(text)
}

/// Returns a number within a range, such as the index of a pattern.
fn within(args: &[Value], most: i64) -> R<usize> {
    match usize::try_from(integer(args, 0)) {
        Ok(value) if value as i64 <= most => Ok(value),
        _ => net(
            NetType::ArgumentOutOfRangeException,
            format!("Valid values are between 0 and {most}, inclusive. (Parameter 'value')"),
        ),
    }
}

macro_rules! symbol_of {
    ($signature:literal, $field:ident) => {
        Settable(
            $signature,
            |_, t, _| Ok(Value::from(number(t).0.borrow().$field.clone())),
            |_, t, a| {
                let value = symbol(a)?;
                set_number(t, |format| format.$field = value)
            },
        )
    };
}

macro_rules! count_of {
    ($signature:literal, $field:ident, $most:literal) => {
        Settable(
            $signature,
            |_, t, _| Ok(Value::from(number(t).0.borrow().$field)),
            |_, t, a| {
                let value = within(a, $most)?;
                set_number(t, |format| format.$field = value)
            },
        )
    };
}

fn sizes(target: &Value) -> Value {
    let sizes = number(target).0.borrow().sizes.iter().map(|size| Value::from(*size)).collect();
    Value::array_of(NetType::Int32.ty(), sizes)
}

fn set_sizes(target: &Value, args: &[Value]) -> R<Value> {
    let items = at(args, 0).to_items();
    let sizes: Vec<usize> =
        items.iter().filter_map(Value::as_integer).filter_map(|v| usize::try_from(v).ok()).collect();
    if sizes.len() > 10 || sizes.iter().any(|size| *size > 9) {
        return net(
            NetType::ArgumentException,
            "Every element in the value array should be between one and nine, except for the last element, which can be zero. (Parameter 'value')",
        );
    }
    set_number(target, |format| format.sizes = sizes)
}

pub(super) const NUMBER: &[Declared] = &[
    New("NumberFormatInfo()", |_, _| {
        let copy = culture::invariant().number.borrow().clone();
        Ok(Value::net(Net::NumberFormat(Rc::new(RefCell::new(copy)), false)))
    }),
    StaticProperty("System.Globalization.NumberFormatInfo InvariantInfo", |_, _| {
        Ok(Value::net(Net::NumberFormat(culture::invariant().number.clone(), true)))
    }),
    StaticProperty("System.Globalization.NumberFormatInfo CurrentInfo", |it, _| {
        Ok(Value::net(Net::NumberFormat(it.culture.number.clone(), true)))
    }),
    Static(
        "System.Globalization.NumberFormatInfo GetInstance(System.IFormatProvider formatProvider)",
        |it, a| Ok(Value::net(Net::NumberFormat(provided(it, &at(a, 0))?.number.clone(), true))),
    ),
    Method("object Clone()", |_, t, _| {
        let copy = number(t).0.borrow().clone();
        Ok(Value::net(Net::NumberFormat(Rc::new(RefCell::new(copy)), false)))
    }),
    Property("bool IsReadOnly", |_, t, _| Ok(Value::Bool(number(t).1))),
    count_of!("int CurrencyDecimalDigits", currency_digits, 99),
    symbol_of!("string CurrencyDecimalSeparator", currency_decimal),
    symbol_of!("string CurrencyGroupSeparator", currency_group),
    Settable("int[] CurrencyGroupSizes", |_, t, _| Ok(sizes(t)), |_, t, a| set_sizes(t, a)),
    count_of!("int CurrencyNegativePattern", currency_negative, 15),
    count_of!("int CurrencyPositivePattern", currency_positive, 3),
    symbol_of!("string CurrencySymbol", currency),
    symbol_of!("string NaNSymbol", nan),
    symbol_of!("string NegativeInfinitySymbol", negative_infinity),
    symbol_of!("string NegativeSign", minus),
    count_of!("int NumberDecimalDigits", digits, 99),
    symbol_of!("string NumberDecimalSeparator", decimal),
    symbol_of!("string NumberGroupSeparator", group),
    Settable("int[] NumberGroupSizes", |_, t, _| Ok(sizes(t)), |_, t, a| set_sizes(t, a)),
    Property("int NumberNegativePattern", |_, _, _| Ok(Value::Int(1))),
    count_of!("int PercentDecimalDigits", percent_digits, 99),
    Property("string PercentDecimalSeparator", |_, t, _| {
        Ok(Value::from(number(t).0.borrow().decimal.clone()))
    }),
    Property("string PercentGroupSeparator", |_, t, _| Ok(Value::from(number(t).0.borrow().group.clone()))),
    count_of!("int PercentNegativePattern", percent_negative, 11),
    count_of!("int PercentPositivePattern", percent_positive, 3),
    symbol_of!("string PercentSymbol", percent),
    symbol_of!("string PerMilleSymbol", per_mille),
    symbol_of!("string PositiveInfinitySymbol", infinity),
    symbol_of!("string PositiveSign", plus),
];

macro_rules! pattern_of {
    ($signature:literal, $field:ident) => {
        Settable(
            $signature,
            |_, t, _| Ok(Value::from(dates(t).0.borrow().$field.clone())),
            |_, t, a| {
                let value = symbol(a)?;
                set_dates(t, |format| format.$field = value)
            },
        )
    };
}

macro_rules! names_of {
    ($signature:literal, $field:ident, $count:literal) => {
        Settable(
            $signature,
            |_, t, _| Ok(names(&dates(t).0.borrow().$field, $count)),
            |_, t, a| {
                let value = given_names(a, $count)?;
                set_dates(t, |format| format.$field = value)
            },
        )
    };
}

/// Returns the names; .NET has a thirteenth month, which is empty.
fn names(list: &[Str], count: usize) -> Value {
    let empty = count.saturating_sub(list.len());
    Value::strings(list.iter().map(ToString::to_string).chain(std::iter::repeat_n(String::new(), empty)))
}

fn given_names(args: &[Value], count: usize) -> R<Vec<Str>> {
    let list: Vec<Str> = at(args, 0).to_items().iter().map(|name| text(name).into()).collect();
    if list.len() != count || list.iter().any(|name| name.len() > LONGEST) {
        return net(
            NetType::ArgumentException,
            format!("Length of the array must be {count}. (Parameter 'value')"),
        );
    }
    Ok(list.into_iter().take(if count == 13 { 12 } else { count }).collect())
}

fn name_at(list: &[Str], index: i64, first: i64) -> R<Value> {
    let found = index.checked_sub(first).and_then(|at| usize::try_from(at).ok()).and_then(|at| list.get(at));
    match found {
        Some(name) => Ok(Value::from(name.clone())),
        None => net(
            NetType::ArgumentOutOfRangeException,
            format!("Valid values are between {first} and {}, inclusive.", first + list.len() as i64 - 1),
        ),
    }
}

pub(super) const DATES: &[Declared] = &[
    New("DateTimeFormatInfo()", |_, _| {
        let copy = culture::invariant().dates.borrow().clone();
        Ok(Value::net(Net::DateFormat(Rc::new(RefCell::new(copy)), false)))
    }),
    StaticProperty("System.Globalization.DateTimeFormatInfo InvariantInfo", |_, _| {
        Ok(Value::net(Net::DateFormat(culture::invariant().dates.clone(), true)))
    }),
    StaticProperty("System.Globalization.DateTimeFormatInfo CurrentInfo", |it, _| {
        Ok(Value::net(Net::DateFormat(it.culture.dates.clone(), true)))
    }),
    Static(
        "System.Globalization.DateTimeFormatInfo GetInstance(System.IFormatProvider provider)",
        |it, a| Ok(Value::net(Net::DateFormat(provided(it, &at(a, 0))?.dates.clone(), true))),
    ),
    Method("object Clone()", |_, t, _| {
        let copy = dates(t).0.borrow().clone();
        Ok(Value::net(Net::DateFormat(Rc::new(RefCell::new(copy)), false)))
    }),
    Property("bool IsReadOnly", |_, t, _| Ok(Value::Bool(dates(t).1))),
    pattern_of!("string AMDesignator", am),
    names_of!("string[] AbbreviatedDayNames", short_days, 7),
    names_of!("string[] AbbreviatedMonthGenitiveNames", short_months_in_dates, 13),
    names_of!("string[] AbbreviatedMonthNames", short_months, 13),
    Property("System.Globalization.Calendar Calendar", |_, _, _| Ok(Value::net(Net::Calendar))),
    Settable(
        "System.Globalization.CalendarWeekRule CalendarWeekRule",
        |_, t, _| {
            let rule = dates(t).0.borrow().week_rule;
            Ok(super::enum_value(NetType::CalendarWeekRule, rule))
        },
        |_, t, a| set_dates(t, |format| format.week_rule = integer(a, 0)),
    ),
    pattern_of!("string DateSeparator", date_separator),
    names_of!("string[] DayNames", days, 7),
    Settable(
        "System.DayOfWeek FirstDayOfWeek",
        |_, t, _| Ok(super::enum_value(NetType::DayOfWeek, dates(t).0.borrow().first_day)),
        |_, t, a| set_dates(t, |format| format.first_day = integer(a, 0)),
    ),
    Property("string FullDateTimePattern", |_, t, _| {
        let (format, _) = dates(t);
        let format = format.borrow();
        Ok(Value::from(format.both(&format.long_date, &format.long_time)))
    }),
    pattern_of!("string LongDatePattern", long_date),
    pattern_of!("string LongTimePattern", long_time),
    pattern_of!("string MonthDayPattern", month_day),
    names_of!("string[] MonthGenitiveNames", months_in_dates, 13),
    names_of!("string[] MonthNames", months, 13),
    pattern_of!("string PMDesignator", pm),
    Property("string RFC1123Pattern", |_, _, _| Ok(Value::from("ddd, dd MMM yyyy HH':'mm':'ss 'GMT'"))),
    pattern_of!("string ShortDatePattern", short_date),
    pattern_of!("string ShortTimePattern", short_time),
    Property("string SortableDateTimePattern", |_, _, _| Ok(Value::from("yyyy'-'MM'-'dd'T'HH':'mm':'ss"))),
    pattern_of!("string TimeSeparator", time_separator),
    Property("string UniversalSortableDateTimePattern", |_, _, _| {
        Ok(Value::from("yyyy'-'MM'-'dd HH':'mm':'ss'Z'"))
    }),
    pattern_of!("string YearMonthPattern", year_month),
    Method("string GetMonthName(int month)", |_, t, a| {
        name_at(&dates(t).0.borrow().months, integer(a, 0), 1)
    }),
    Method("string GetAbbreviatedMonthName(int month)", |_, t, a| {
        name_at(&dates(t).0.borrow().short_months, integer(a, 0), 1)
    }),
    Method("string GetDayName(System.DayOfWeek dayofweek)", |_, t, a| {
        name_at(&dates(t).0.borrow().days, integer(a, 0), 0)
    }),
    Method("string GetAbbreviatedDayName(System.DayOfWeek dayofweek)", |_, t, a| {
        name_at(&dates(t).0.borrow().short_days, integer(a, 0), 0)
    }),
];
