//! `CultureInfo` and related types: formats of numbers and dates, calendars, `ISOWeek`.

use std::rc::Rc;

use chrono::{Datelike, NaiveDate};

use super::args::{at, boolean, date, integer, string};
use super::declare::Declared::{self, Method, New, Property, Settable, Static, StaticProperty};
use super::{Members, culture_formats};
use crate::eval::Interp;
use ps_value::culture::{self, Culture};
use ps_value::datetime::TICKS_PER_DAY;
use ps_value::error::{Category, Fault, R, net};
use ps_value::net::Net;
use ps_value::types::NetType;
use ps_value::{DateTime, Value};

pub(super) const MEMBERS: Members = &[
    (NetType::CultureInfo, CULTURE),
    (NetType::TextInfo, TEXT_INFO),
    (NetType::NumberFormatInfo, culture_formats::NUMBER),
    (NetType::DateTimeFormatInfo, culture_formats::DATES),
    (NetType::Calendar, CALENDAR),
    (NetType::GregorianCalendar, GREGORIAN),
    (NetType::ISOWeek, ISO_WEEK),
    (NetType::Thread, THREAD),
];

pub fn value_of(culture: Rc<Culture>) -> Value {
    Value::net(Net::Culture(culture))
}

/// Returns why a culture is refused, and where to find the supported ones.
pub fn unknown(name: &str) -> String {
    format!(
        "Culture is not supported. (Parameter 'name')\n{name} is not among the cultures that are built in; `Get-Culture -ListAvailable` lists them."
    )
}

/// Returns a culture by its name or its number.
pub fn named(name: &Value) -> R<Rc<Culture>> {
    let found = match name.base() {
        Value::Net(net) => match &**net {
            Net::Culture(culture) => return Ok(culture.clone()),
            _ => None,
        },
        Value::Str(name) => culture::find(name),
        other => other.as_integer().and_then(culture::by_lcid),
    };
    match found {
        Some(culture) => Ok(culture),
        None => net(NetType::CultureNotFoundException, unknown(&ps_value::text(name))),
    }
}

/// Returns the culture of an `IFormatProvider`, or the current culture without one.
pub fn provided(it: &Interp, provider: &Value) -> R<Rc<Culture>> {
    let current = &it.culture;
    match provider.base() {
        Value::Null | Value::Void => Ok(current.clone()),
        Value::Net(net) => match &**net {
            Net::Culture(culture) => Ok(culture.clone()),
            Net::NumberFormat(number, _) => {
                let mut own = current.editable();
                own.number = number.clone();
                own.dates = current.dates.clone();
                Ok(Rc::new(own))
            }
            Net::DateFormat(dates, _) => {
                let mut own = current.editable();
                own.dates = dates.clone();
                own.number = current.number.clone();
                Ok(Rc::new(own))
            }
            _ => no_provider(provider),
        },
        _ => no_provider(provider),
    }
}

fn no_provider<T>(provider: &Value) -> R<T> {
    let message = format!(
        "Cannot convert the \"{}\" value of type \"{}\" to type \"System.IFormatProvider\".",
        ps_value::text(provider),
        super::type_of(provider).full_name()
    );
    Fault::new(
        NetType::MethodException,
        "MethodArgumentConversionInvalidCastArgument",
        Category::NotSpecified,
        message,
    )
    .raise()
}

impl Interp {
    /// Runs `body` with the culture of a provider.
    pub fn with_provider<T>(&mut self, provider: &Value, body: impl FnOnce(&mut Self) -> R<T>) -> R<T> {
        let own = provided(self, provider)?;
        let before = std::mem::replace(&mut self.culture, own);
        let result = body(self);
        self.culture = before;
        result
    }

    /// Sets the current culture, and `$PSCulture`.
    pub fn set_culture(&mut self, culture: Rc<Culture>) {
        let index = self.global.put_str("PSCulture", Value::from(culture.name.clone()));
        let meta = ps_value::scope::VariableMeta { constant: true, all_scope: true, ..Default::default() };
        self.global.set_meta(index, meta);
        self.culture = culture;
    }
}

/// Sets `CurrentCulture`. `CurrentUICulture` has no effect here.
pub fn set_current(it: &mut Interp, name: &str, value: &Value) -> R<bool> {
    match name.to_ascii_lowercase().as_str() {
        "currentculture" | "defaultthreadcurrentculture" => it.set_culture(named(value)?),
        "currentuiculture" | "defaultthreadcurrentuiculture" => it.ui_culture = named(value)?,
        _ => return Ok(false),
    }
    Ok(true)
}

pub(super) fn of(value: &Value) -> Rc<Culture> {
    match value.base() {
        Value::Net(net) => match &**net {
            Net::Culture(culture) | Net::TextInfo(culture) => culture.clone(),
            _ => culture::invariant(),
        },
        _ => culture::invariant(),
    }
}

fn formats(value: &Value) -> Value {
    let culture = of(value);
    Value::net(Net::NumberFormat(culture.number.clone(), culture.read_only))
}

fn date_formats(value: &Value) -> Value {
    let culture = of(value);
    Value::net(Net::DateFormat(culture.dates.clone(), culture.read_only))
}

/// Returns a specific culture for a neutral one.
fn specific(name: &str) -> R<Rc<Culture>> {
    let found = named(&Value::from(name))?;
    if !found.neutral {
        return Ok(found);
    }
    let prefix = format!("{}-", found.name);
    let own = match &*found.name {
        "en" => Some("en-US"),
        "es" => Some("es-ES"),
        "pt" => Some("pt-BR"),
        "zh" => Some("zh-CN"),
        other => culture::names().into_iter().find(|n| {
            n.starts_with(&prefix) && n.get(prefix.len()..).is_some_and(|c| c.eq_ignore_ascii_case(other))
        }),
    };
    let own = own.or_else(|| culture::names().into_iter().find(|n| n.starts_with(&prefix)));
    own.and_then(culture::find).map_or(Ok(found), Ok)
}

/// Returns the cultures of these kinds.
pub fn list(neutral: bool, specific: bool) -> Vec<Value> {
    let all = culture::names().into_iter().filter_map(culture::find);
    let mut found: Vec<Value> =
        all.filter(|c| if c.neutral { neutral } else { specific }).map(value_of).collect();
    found.insert(0, value_of(culture::invariant()));
    found
}

fn made(name: &Value) -> R<Value> {
    Ok(value_of(Rc::new(named(name)?.editable())))
}

const CULTURE: &[Declared] = &[
    StaticProperty("cultureinfo InvariantCulture", |_, _| Ok(value_of(culture::invariant()))),
    StaticProperty("cultureinfo CurrentCulture", |it, _| Ok(value_of(it.culture.clone()))),
    StaticProperty("cultureinfo CurrentUICulture", |it, _| Ok(value_of(it.ui_culture.clone()))),
    StaticProperty("cultureinfo InstalledUICulture", |_, _| Ok(value_of(culture::default()))),
    StaticProperty("cultureinfo DefaultThreadCurrentCulture", |it, _| Ok(value_of(it.culture.clone()))),
    StaticProperty("cultureinfo DefaultThreadCurrentUICulture", |it, _| Ok(value_of(it.ui_culture.clone()))),
    Static("cultureinfo GetCultureInfo(string name)", |_, a| named(&at(a, 0)).map(value_of)),
    Static("cultureinfo GetCultureInfo(int culture)", |_, a| named(&at(a, 0)).map(value_of)),
    Static("cultureinfo CreateSpecificCulture(string name)", |_, a| specific(&string(a, 0)).map(value_of)),
    Static("cultureinfo[] GetCultures(System.Globalization.CultureTypes types)", |_, a| {
        let types = integer(a, 0);
        Ok(Value::array_of(NetType::CultureInfo.ty(), list(types & 1 != 0, types & 6 != 0)))
    }),
    New("cultureinfo(string name)", |_, a| made(&at(a, 0))),
    New("cultureinfo(string name, bool useUserOverride)", |_, a| made(&at(a, 0))),
    New("cultureinfo(int culture)", |_, a| made(&at(a, 0))),
    Property("int LCID", |_, t, _| Ok(Value::Int(of(t).lcid))),
    Property("string Name", |_, t, _| Ok(Value::from(of(t).name.clone()))),
    Property("string DisplayName", |_, t, _| Ok(Value::from(of(t).english.clone()))),
    Property("string EnglishName", |_, t, _| Ok(Value::from(of(t).english.clone()))),
    Property("string NativeName", |_, t, _| Ok(Value::from(of(t).native.clone()))),
    Property("string TwoLetterISOLanguageName", |_, t, _| Ok(Value::from(of(t).language()))),
    Property("string IetfLanguageTag", |_, t, _| Ok(Value::from(of(t).name.clone()))),
    Property("bool IsNeutralCulture", |_, t, _| Ok(Value::Bool(of(t).neutral))),
    Property("bool IsReadOnly", |_, t, _| Ok(Value::Bool(of(t).read_only))),
    Property("cultureinfo Parent", |_, t, _| {
        let culture = of(t);
        let parent = culture.name.rsplit_once('-').and_then(|(language, _)| culture::find(language));
        Ok(value_of(parent.unwrap_or_else(culture::invariant)))
    }),
    Property("System.Globalization.TextInfo TextInfo", |_, t, _| Ok(Value::net(Net::TextInfo(of(t))))),
    Settable(
        "System.Globalization.NumberFormatInfo NumberFormat",
        |_, t, _| Ok(formats(t)),
        |_, t, a| culture_formats::replace(&of(t), &at(a, 0)),
    ),
    Settable(
        "System.Globalization.DateTimeFormatInfo DateTimeFormat",
        |_, t, _| Ok(date_formats(t)),
        |_, t, a| culture_formats::replace(&of(t), &at(a, 0)),
    ),
    Property("System.Globalization.Calendar Calendar", |_, _, _| Ok(Value::net(Net::Calendar))),
    Method("object Clone()", |_, t, _| Ok(value_of(Rc::new(of(t).editable())))),
    Method("bool Equals(object value)", |_, t, a| Ok(Value::Bool(of(t).name == of(&at(a, 0)).name))),
    Method("object GetFormat(type formatType)", |_, t, a| {
        let Value::Type(ty) = at(a, 0) else { return Ok(Value::Null) };
        Ok(match ty.info().map(|info| info.id) {
            Some(NetType::NumberFormatInfo) => formats(t),
            Some(NetType::DateTimeFormatInfo) => date_formats(t),
            _ => Value::Null,
        })
    }),
    Method("void ClearCachedData()", |_, _, _| Ok(Value::Void)),
];

/// Converts to upper case in a language: Turkish has a dotted and a dotless i.
pub fn upper(text: &str, culture: &Culture) -> String {
    match culture.language() {
        "tr" => super::chars::upper(&text.replace('i', "İ")),
        _ => super::chars::upper(text),
    }
}

pub fn lower(text: &str, culture: &Culture) -> String {
    match culture.language() {
        "tr" => text.replace('İ', "i").replace('I', "ı").to_lowercase(),
        _ => text.to_lowercase(),
    }
}

fn title(text: &str, culture: &Culture) -> String {
    let mut out = String::new();
    for word in text.split_inclusive(|c: char| !c.is_alphanumeric() && c != '\'') {
        let all_caps =
            word.chars().filter(|c| c.is_alphabetic()).count() > 1 && word.chars().all(|c| !c.is_lowercase());
        let mut chars = word.chars();
        if let Some(first) = chars.next() {
            out.push_str(&upper(&first.to_string(), culture));
            let rest = chars.as_str();
            out.push_str(&if all_caps { rest.to_owned() } else { lower(rest, culture) });
        }
    }
    out
}

const TEXT_INFO: &[Declared] = &[
    Property("string CultureName", |_, t, _| Ok(Value::from(of(t).name.clone()))),
    Property("string ListSeparator", |_, t, _| Ok(Value::from(of(t).list_separator()))),
    Property("bool IsRightToLeft", |_, t, _| Ok(Value::Bool(of(t).language() == "he"))),
    Property("int LCID", |_, t, _| Ok(Value::Int(of(t).lcid))),
    Method("string ToTitleCase(string str)", |_, t, a| Ok(Value::from(title(&string(a, 0), &of(t))))),
    Method("string ToUpper(string str)", |_, t, a| Ok(Value::from(upper(&string(a, 0), &of(t))))),
    Method("string ToLower(string str)", |_, t, a| Ok(Value::from(lower(&string(a, 0), &of(t))))),
];

/// Returns the week of the year. `rule` is .NET's `CalendarWeekRule`; days count from Sunday.
pub fn week_of_year(day: NaiveDate, rule: i64, first_day: i64) -> i64 {
    let full_days = match rule {
        0 => {
            let of_year = i64::from(day.ordinal0());
            let first = i64::from(day.weekday().num_days_from_sunday()) - of_year % 7;
            return (of_year + (first - first_day + 14) % 7) / 7 + 1;
        }
        1 => 7,
        _ => 4,
    };
    let mut day = day;
    // A day before the first week belongs to the last week of the previous year.
    for _ in 0..2 {
        let of_year = i64::from(day.ordinal0());
        let first = i64::from(day.weekday().num_days_from_sunday()) - of_year % 7;
        let mut shift = (first_day - first + 14) % 7;
        if shift != 0 && shift >= full_days {
            shift -= 7;
        }
        if of_year - shift >= 0 {
            return (of_year - shift) / 7 + 1;
        }
        match day.checked_sub_days(chrono::Days::new(u64::from(day.ordinal()))) {
            Some(before) => day = before,
            None => return 1,
        }
    }
    1
}

fn week_day(value: i64) -> Value {
    super::enum_value(NetType::DayOfWeek, value)
}

fn moved(value: &Value, days: i64) -> R<Value> {
    days.checked_mul(TICKS_PER_DAY)
        .and_then(|ticks| date(value).plus(ticks))
        .map_or_else(out_of_range, |date| Ok(Value::DateTime(date)))
}

fn in_months(value: &Value, months: i64) -> R<Value> {
    date(value).add_months(months).map_or_else(out_of_range, |date| Ok(Value::DateTime(date)))
}

fn out_of_range<T>() -> R<T> {
    net(
        NetType::ArgumentOutOfRangeException,
        "The added or subtracted value results in an un-representable DateTime. (Parameter 'value')",
    )
}

fn days_in(year: i64, month: i64) -> R<Value> {
    let found = i32::try_from(year)
        .ok()
        .filter(|year| (1..=9999).contains(year))
        .and_then(|year| ps_value::datetime::days_in_month(year, u32::try_from(month).ok()?));
    match found {
        Some(days) => Ok(Value::Int(days as i32)),
        None => net(
            NetType::ArgumentOutOfRangeException,
            "Month must be between one and twelve, and year between 1 and 9999. (Parameter 'month')",
        ),
    }
}

const CALENDAR: &[Declared] = &[
    Method(
        "int GetWeekOfYear(datetime time, System.Globalization.CalendarWeekRule rule, System.DayOfWeek firstDayOfWeek)",
        |_, _, a| {
            let week = week_of_year(date(&at(a, 0)).date(), integer(a, 1), integer(a, 2));
            Ok(Value::Int(week as i32))
        },
    ),
    Method("int GetYear(datetime time)", |_, _, a| Ok(Value::Int(date(&at(a, 0)).date().year()))),
    Method("int GetMonth(datetime time)", |_, _, a| Ok(Value::Int(date(&at(a, 0)).date().month() as i32))),
    Method("int GetDayOfMonth(datetime time)", |_, _, a| Ok(Value::Int(date(&at(a, 0)).date().day() as i32))),
    Method("int GetDayOfYear(datetime time)", |_, _, a| {
        Ok(Value::Int(date(&at(a, 0)).date().ordinal() as i32))
    }),
    Method("System.DayOfWeek GetDayOfWeek(datetime time)", |_, _, a| {
        Ok(week_day(i64::from(date(&at(a, 0)).date().weekday().num_days_from_sunday())))
    }),
    Method("int GetDaysInMonth(int year, int month)", |_, _, a| days_in(integer(a, 0), integer(a, 1))),
    Method("int GetDaysInYear(int year)", |_, _, a| {
        Ok(Value::Int(if is_leap(integer(a, 0)) { 366 } else { 365 }))
    }),
    Method("int GetMonthsInYear(int year)", |_, _, _| Ok(Value::Int(12))),
    Method("bool IsLeapYear(int year)", |_, _, a| Ok(Value::Bool(is_leap(integer(a, 0))))),
    Method("datetime AddDays(datetime time, int days)", |_, _, a| moved(&at(a, 0), integer(a, 1))),
    Method("datetime AddWeeks(datetime time, int weeks)", |_, _, a| moved(&at(a, 0), integer(a, 1) * 7)),
    Method("datetime AddMonths(datetime time, int months)", |_, _, a| in_months(&at(a, 0), integer(a, 1))),
    Method("datetime AddYears(datetime time, int years)", |_, _, a| in_months(&at(a, 0), integer(a, 1) * 12)),
];

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const GREGORIAN: &[Declared] = &[New("GregorianCalendar()", |_, _| Ok(Value::net(Net::Calendar)))];

fn day_of_week(year: i32, week: u32, day: i64) -> R<Value> {
    let weekday = chrono::Weekday::try_from(((day + 6) % 7) as u8).unwrap_or(chrono::Weekday::Mon);
    let found = NaiveDate::from_isoywd_opt(year, week, weekday).and_then(|d| {
        DateTime::from_parts(d.year(), d.month(), d.day(), [0; 3], 0, ps_value::DateKind::Unspecified)
    });
    found.map_or_else(out_of_range, |date| Ok(Value::DateTime(date)))
}

fn year_of(args: &[Value]) -> i32 {
    i32::try_from(integer(args, 0)).unwrap_or(0).clamp(-9999, 9999)
}

fn weeks_in(year: i32) -> u32 {
    // 28 December is always in the last week.
    NaiveDate::from_ymd_opt(year, 12, 28).map_or(52, |day| day.iso_week().week())
}

const ISO_WEEK: &[Declared] = &[
    Static("int GetWeekOfYear(datetime date)", |_, a| {
        Ok(Value::Int(date(&at(a, 0)).date().iso_week().week() as i32))
    }),
    Static("int GetYear(datetime date)", |_, a| Ok(Value::Int(date(&at(a, 0)).date().iso_week().year()))),
    Static("int GetWeeksInYear(int year)", |_, a| Ok(Value::Int(weeks_in(year_of(a)) as i32))),
    Static("datetime GetYearStart(int year)", |_, a| day_of_week(year_of(a), 1, 1)),
    Static("datetime GetYearEnd(int year)", |_, a| day_of_week(year_of(a), weeks_in(year_of(a)), 0)),
    Static("datetime ToDateTime(int year, int week, System.DayOfWeek dayOfWeek)", |_, a| {
        day_of_week(year_of(a), u32::try_from(integer(a, 1)).unwrap_or(0), integer(a, 2))
    }),
];

const THREAD: &[Declared] = &[
    Static("void Sleep(int millisecondsTimeout)", |it, a| {
        it.sleep(integer(a, 0).max(0) as u64)?;
        Ok(Value::Void)
    }),
    Static("void Sleep(timespan timeout)", |it, a| {
        it.sleep((super::args::span(&at(a, 0)).0 / 10_000).max(0) as u64)?;
        Ok(Value::Void)
    }),
    StaticProperty("System.Threading.Thread CurrentThread", |_, _| Ok(Value::net(Net::Thread))),
    Settable(
        "cultureinfo CurrentCulture",
        |it, _, _| Ok(value_of(it.culture.clone())),
        |it, _, a| set_current(it, "CurrentCulture", &at(a, 0)).map(Value::Bool),
    ),
    Settable(
        "cultureinfo CurrentUICulture",
        |it, _, _| Ok(value_of(it.ui_culture.clone())),
        |it, _, a| set_current(it, "CurrentUICulture", &at(a, 0)).map(Value::Bool),
    ),
    Property("int ManagedThreadId", |_, _, _| Ok(Value::Int(1))),
    Property("bool IsBackground", |_, _, a| Ok(Value::Bool(boolean(a, 0)))),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_count_by_rule_and_first_day() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        for (date, rule, first, week) in [
            ("2026-01-05", 2, 1, 2),
            ("2026-01-01", 2, 1, 1),
            ("2021-01-03", 2, 1, 53),
            ("2021-01-03", 0, 0, 2),
            ("2021-01-03", 1, 0, 1),
            ("2021-01-02", 1, 0, 52),
            ("2024-12-30", 0, 0, 53),
            ("2024-12-30", 2, 1, 53),
        ] {
            assert_eq!(week_of_year(day(date), rule, first), week, "{date} {rule} {first}");
        }
    }
}
