//! Cultures: the format of numbers and dates in a language and a country.
//!
//! `cultures.txt` has the data of the Unicode Common Locale Data Repository 37 (of the year of PowerShell
//! 7.0), in the patterns of .NET. A heading names a culture and the culture that supplies the rest.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::Str;

const DATA: &str = include_str!("cultures.txt");

/// The initial culture of a script.
pub const DEFAULT: &str = "en-US";

/// The .NET type `System.Globalization.NumberFormatInfo`.
#[derive(Debug, Clone)]
pub struct NumberFormat {
    pub decimal: Str,
    pub group: Str,
    /// The number of digits in each group, from the point on; the last one repeats.
    pub sizes: Vec<usize>,
    pub digits: usize,
    pub minus: Str,
    pub plus: Str,
    pub nan: Str,
    pub infinity: Str,
    pub negative_infinity: Str,
    pub percent: Str,
    pub per_mille: Str,
    pub percent_digits: usize,
    pub percent_positive: usize,
    pub percent_negative: usize,
    pub currency: Str,
    pub currency_digits: usize,
    pub currency_positive: usize,
    pub currency_negative: usize,
    pub currency_decimal: Str,
    pub currency_group: Str,
}

/// The .NET type `System.Globalization.DateTimeFormatInfo`.
#[derive(Debug, Clone)]
pub struct DateFormat {
    pub short_date: Str,
    pub long_date: Str,
    pub month_day: Str,
    pub year_month: Str,
    pub short_time: Str,
    pub long_time: Str,
    pub date_separator: Str,
    pub time_separator: Str,
    pub am: Str,
    pub pm: Str,
    pub first_day: i64,
    /// The `CalendarWeekRule` of the culture.
    pub week_rule: i64,
    pub days: Vec<Str>,
    pub short_days: Vec<Str>,
    pub months: Vec<Str>,
    pub short_months: Vec<Str>,
    /// The names of months next to a day, if the language has another form for them.
    pub months_in_dates: Vec<Str>,
    pub short_months_in_dates: Vec<Str>,
}

/// The .NET type `System.Globalization.CultureInfo`.
#[derive(Debug)]
pub struct Culture {
    pub name: Str,
    pub lcid: i32,
    pub english: Str,
    pub native: Str,
    /// The code of its currency.
    pub currency: Str,
    pub neutral: bool,
    pub read_only: bool,
    pub number: Rc<RefCell<NumberFormat>>,
    pub dates: Rc<RefCell<DateFormat>>,
}

thread_local! {
    static KNOWN: RefCell<BTreeMap<String, Rc<Culture>>> = RefCell::default();
    static INVARIANT: Rc<Culture> = Rc::new(invariant_culture());
}

pub fn invariant() -> Rc<Culture> {
    INVARIANT.with(Rc::clone)
}

/// Returns the initial culture of a script.
pub fn default() -> Rc<Culture> {
    find(DEFAULT).unwrap_or_else(invariant)
}

/// Returns a culture by its name, in any case. `None` if its data is missing.
pub fn find(name: &str) -> Option<Rc<Culture>> {
    let folded = name.trim().replace('_', "-").to_ascii_lowercase();
    if folded.is_empty() {
        return Some(invariant());
    }
    if let Some(known) = KNOWN.with_borrow(|known| known.get(&folded).cloned()) {
        return Some(known);
    }
    let culture = Rc::new(load(&folded)?);
    KNOWN.with_borrow_mut(|known| known.insert(folded, culture.clone()));
    Some(culture)
}

pub fn by_lcid(lcid: i64) -> Option<Rc<Culture>> {
    if lcid == 127 {
        return Some(invariant());
    }
    let mut name = "";
    for line in DATA.lines() {
        if let Some((own, _)) = heading(line) {
            name = own;
        } else if line.strip_prefix("lcid=").and_then(|v| v.parse().ok()) == Some(lcid) {
            return find(name);
        }
    }
    None
}

/// Returns the sorted names of all cultures.
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<&str> = DATA.lines().filter_map(heading).map(|(name, _)| name).collect();
    names.sort_unstable();
    names
}

/// Parses `[name] base`.
fn heading(line: &str) -> Option<(&str, Option<&str>)> {
    let (name, base) = line.strip_prefix('[')?.split_once(']')?;
    let base = base.trim();
    Some((name, (!base.is_empty()).then_some(base)))
}

type Fields = BTreeMap<&'static str, &'static str>;

/// Returns the data of a culture, with its name as spelled there.
fn fields(wanted: &str) -> Option<(&'static str, Fields)> {
    let mut lines = DATA.lines();
    let (name, base) =
        lines.find_map(|line| heading(line).filter(|(n, _)| n.eq_ignore_ascii_case(wanted)))?;
    let own = lines.take_while(|line| !line.starts_with('[')).filter_map(|line| line.split_once('='));
    // A base has no base itself, so the recursion has at most two levels.
    let mut found = match base {
        Some(base) if !base.eq_ignore_ascii_case(wanted) => fields(base)?.1,
        _ => Fields::new(),
    };
    found.extend(own);
    Some((name, found))
}

fn load(wanted: &str) -> Option<Culture> {
    let (name, fields) = fields(wanted)?;
    let get = |key: &str| fields.get(key).copied().unwrap_or_default();
    let list = |key: &str| match get(key) {
        "" => Vec::new(),
        text => text.split('|').map(Str::from).collect::<Vec<Str>>(),
    };
    let (english, native) = get("name").split_once('|').unwrap_or_default();
    let currency = get("currency").split('|').nth(1).unwrap_or_default();
    let plain = |short: &str, long: &str| match list(short) {
        own if own.is_empty() => list(long),
        own => own,
    };
    let dates = list("dates");
    let times = list("times");
    let am_pm = list("am_pm");
    let part = |list: &[Str], at: usize| list.get(at).cloned().unwrap_or_default();
    let number = |key: &str, at: usize| get(key).split('|').nth(at).and_then(|v| v.parse().ok()).unwrap_or(0);
    let dates = DateFormat {
        short_date: part(&dates, 0),
        long_date: part(&dates, 1),
        month_day: part(&dates, 2),
        year_month: part(&dates, 3),
        short_time: part(&times, 0),
        long_time: part(&times, 1),
        date_separator: part(&dates, 4),
        time_separator: part(&times, 2),
        am: part(&am_pm, 0),
        pm: part(&am_pm, 1),
        first_day: number("week", 0),
        week_rule: number("week", 1),
        days: list("days"),
        short_days: list("short_days"),
        months: list("months"),
        short_months: list("short_months"),
        months_in_dates: plain("months_in_dates", "months"),
        short_months_in_dates: plain("short_months_in_dates", "short_months"),
    };
    Some(Culture {
        name: name.into(),
        lcid: get("lcid").parse().unwrap_or(4096),
        english: english.into(),
        native: native.into(),
        currency: currency.into(),
        neutral: !name.contains('-'),
        read_only: true,
        number: Rc::new(RefCell::new(numbers(get("number"), get("currency")))),
        dates: Rc::new(RefCell::new(dates)),
    })
}

fn numbers(number: &str, currency: &str) -> NumberFormat {
    let n: Vec<&str> = number.split('|').collect();
    let c: Vec<&str> = currency.split('|').collect();
    let text = |list: &[&str], at: usize| Str::from(list.get(at).copied().unwrap_or_default());
    let count = |list: &[&str], at: usize| list.get(at).and_then(|v| v.parse().ok()).unwrap_or(0);
    let minus = text(&n, 3);
    let infinity = text(&n, 6);
    NumberFormat {
        decimal: text(&n, 0),
        group: text(&n, 1),
        sizes: text(&n, 2).split(',').filter_map(|v| v.parse().ok()).collect(),
        digits: 3,
        plus: text(&n, 4),
        nan: text(&n, 5),
        negative_infinity: format!("{minus}{infinity}").into(),
        infinity,
        minus,
        percent: text(&n, 7),
        per_mille: text(&n, 8),
        percent_digits: 3,
        percent_positive: count(&n, 9),
        percent_negative: count(&n, 10),
        currency: text(&c, 0),
        currency_digits: count(&c, 2),
        currency_positive: count(&c, 3),
        currency_negative: count(&c, 4),
        currency_decimal: text(&c, 5),
        currency_group: text(&c, 6),
    }
}

fn invariant_culture() -> Culture {
    let english = fields(DEFAULT).map(|(_, fields)| fields).unwrap_or_default();
    let list = |key: &str| -> Vec<Str> {
        english.get(key).copied().unwrap_or_default().split('|').map(Str::from).collect()
    };
    let mut number = numbers(".|,|3|-|+|NaN|Infinity|%|‰|0|0", "¤|XXX|2|0|0|.|,");
    number.digits = 2;
    number.percent_digits = 2;
    let dates = DateFormat {
        short_date: "MM/dd/yyyy".into(),
        long_date: "dddd, dd MMMM yyyy".into(),
        month_day: "MMMM dd".into(),
        year_month: "yyyy MMMM".into(),
        short_time: "HH:mm".into(),
        long_time: "HH:mm:ss".into(),
        date_separator: "/".into(),
        time_separator: ":".into(),
        am: "AM".into(),
        pm: "PM".into(),
        first_day: 0,
        week_rule: 0,
        days: list("days"),
        short_days: list("short_days"),
        months: list("months"),
        short_months: list("short_months"),
        months_in_dates: list("months"),
        short_months_in_dates: list("short_months"),
    };
    Culture {
        name: "".into(),
        lcid: 127,
        english: "Invariant Language (Invariant Country)".into(),
        native: "Invariant Language (Invariant Country)".into(),
        currency: "XDR".into(),
        neutral: false,
        read_only: true,
        number: Rc::new(RefCell::new(number)),
        dates: Rc::new(RefCell::new(dates)),
    }
}

impl Culture {
    /// Returns a copy whose formats a script may change.
    pub fn editable(&self) -> Self {
        Self {
            name: self.name.clone(),
            lcid: self.lcid,
            english: self.english.clone(),
            native: self.native.clone(),
            currency: self.currency.clone(),
            neutral: self.neutral,
            read_only: false,
            number: Rc::new(RefCell::new(self.number.borrow().clone())),
            dates: Rc::new(RefCell::new(self.dates.borrow().clone())),
        }
    }

    /// Returns `TwoLetterISOLanguageName`.
    pub fn language(&self) -> &str {
        match self.name.split('-').next() {
            Some("") | None => "iv",
            Some(language) => language,
        }
    }

    /// Returns whether text sorts as in English. The sort order of other letters is not known here.
    pub fn sorts_as_english(&self) -> bool {
        let plain = ["iv", "en", "de", "fr", "it", "pt", "nl", "ca", "id", "el", "he", "ru", "uk", "bg"]
            .contains(&self.language());
        plain && &*self.name != "fr-CA"
    }

    /// Returns the list separator: a semicolon if the comma is the decimal point.
    pub fn list_separator(&self) -> &'static str {
        if &*self.number.borrow().decimal == "," { ";" } else { "," }
    }
}

impl DateFormat {
    /// Returns the combined date and time of the patterns `f` and `F`.
    pub fn both(&self, date: &str, time: &str) -> String {
        format!("{date} {time}")
    }

    /// Returns the order of year, month and day in the short date, such as `MDY`.
    pub fn order(&self) -> String {
        let mut order = String::new();
        for c in self.short_date.chars() {
            let letter = c.to_ascii_uppercase();
            if matches!(c, 'd' | 'M' | 'y') && !order.contains(letter) {
                order.push(letter);
            }
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_culture_is_whole() {
        assert!(names().len() >= 80);
        for name in names() {
            let culture = find(name).unwrap();
            assert_eq!(&*culture.name, name);
            assert_eq!(by_lcid(i64::from(culture.lcid)).map(|c| c.name.clone()), Some(name.into()), "{name}");
            let dates = culture.dates.borrow();
            assert_eq!((dates.days.len(), dates.short_days.len()), (7, 7), "{name}");
            for months in
                [&dates.months, &dates.short_months, &dates.months_in_dates, &dates.short_months_in_dates]
            {
                assert_eq!(months.len(), 12, "{name}");
            }
            assert_eq!(dates.order().len(), 3, "{name}");
            assert!(!dates.time_separator.is_empty() && !dates.long_time.is_empty(), "{name}");
            let number = culture.number.borrow();
            assert!(!number.decimal.is_empty() && !number.group.is_empty() && number.decimal != number.group);
            assert!(!number.currency.is_empty() && !number.sizes.is_empty() && !number.minus.is_empty());
        }
    }

    #[test]
    fn names_are_found_in_any_case() {
        assert_eq!(find("DE-de").map(|c| c.name.to_string()).as_deref(), Some("de-DE"));
        assert_eq!(find("").map(|c| c.lcid), Some(127));
        assert!(find("xx-XX").is_none() && find("th-TH").is_none());
    }
}
