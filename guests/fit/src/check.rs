//! The ways in which types change a text.

use crate::moment::{Moment, Read, read};
use crate::span::{self, Unit};
use crate::{Misfit, Target, digits, keys};

/// The way in which a type would change a text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Check {
    #[default]
    Nothing,
    /// Digits after the decimal point.
    Whole,
    /// Digits after the decimal point beyond this number. It is negative if the type rounds before the point.
    Places(i64),
    /// The same for an amount with the sign of a currency and separators.
    Amount(i64),
    /// Digits that a float of 32 bits, or of 64, does not show again.
    Single,
    Double,
    /// The same, and digits after the decimal point beyond this number.
    SingleTo(i64),
    DoubleTo(i64),
    /// A minus sign.
    Unsigned,
    /// Parts of a date or a time that the type lacks.
    Moment(Parts),
    /// Fractional digits of an interval, and units below this one.
    Span(usize, Unit),
    /// Spaces beyond this number of characters.
    Chars(usize),
    /// Spaces at the end.
    Padded,
    /// Bytes beyond this number.
    Bytes(usize),
    /// Fewer bytes than this number: the type adds zeros.
    Width(usize),
    /// Characters that Windows-1252, the usual character set of the type, lacks.
    Narrow(usize),
    /// A key that appears twice in an object of JSON.
    Keys,
    /// Anything but a year of four digits.
    Year,
    /// The code of a character in place of a number.
    Bits,
    /// Numbers other than 0 and 1.
    Flag,
    /// Anything but hexadecimal digits.
    Hex,
    /// Anything but the 36 characters of a UUID.
    Uuid,
    /// Names that the type lacks; whether it holds several at once.
    Names(Vec<String>, bool),
    /// A change to one of the items of an array, or of the bounds of a range.
    Items(Box<Target>),
    /// A number that SQLite stores in another way.
    Affinity(Affinity),
}

/// The parts of a date or a time that a type holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parts {
    pub day: bool,
    /// The fractional digits of a second, or `None` for a type without a time of day.
    pub seconds: Option<usize>,
    pub zone: bool,
    pub steps: Steps,
}

/// The steps of a type's times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Steps {
    Fraction,
    /// Thousandths that end in 0, 3 or 7.
    Ticks,
    Minutes,
}

/// The affinity of a column of SQLite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Affinity {
    Integer,
    Real,
    Numeric,
    /// Numeric, in a column whose type names no number, as in `STRING`.
    Hidden,
}

/// Returns why a type with this check would not hold the text unchanged.
pub(crate) fn why(check: &Check, text: &str) -> Option<Misfit> {
    match check {
        Check::Nothing | Check::Width(_) => None,
        Check::Whole => places(text, 0),
        Check::Places(most) => places(text, *most),
        Check::Amount(most) => {
            places(&text.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect::<String>(), *most)
        }
        Check::Single => float(text, true),
        Check::Double => float(text, false),
        Check::SingleTo(most) => places(text, *most).or_else(|| float(text, true)),
        Check::DoubleTo(most) => places(text, *most).or_else(|| float(text, false)),
        Check::Unsigned => text
            .trim_start()
            .starts_with('-')
            .then(|| Misfit::new("is negative", "has no sign", "write it without the sign")),
        Check::Moment(parts) => moment(text, *parts),
        Check::Span(most, smallest) => interval(text, *most, *smallest),
        Check::Chars(most) => (text.chars().count() > *most && text.ends_with(' ')).then(|| spaces(*most)),
        Check::Padded => text
            .ends_with(' ')
            .then(|| Misfit::new("ends in spaces", "does not keep them", "trim it first, or take varchar")),
        Check::Bytes(most) => (text.len() > *most).then(|| {
            Misfit::new(
                format!("has {}", counted(text.len(), "byte")),
                format!("keeps {}", counted(*most, "byte")),
                "shorten it first, or take the type `text`",
            )
        }),
        Check::Narrow(most) => narrow(text).or_else(|| why(&Check::Chars(*most), text)),
        Check::Keys => keys::twice(text).map(|key| {
            Misfit::new(
                format!("has the key `{}` twice in one object", crate::shown(&key)),
                "keeps one of them",
                "rename one key, or take the type `json`",
            )
        }),
        Check::Year => year(text),
        Check::Bits => digits::read(text).is_none_or(|digits| !digits.is_plain).then(|| {
            Misfit::new("is no whole number", "holds bits", "write the bits as a number, as in `5`")
        }),
        Check::Flag => digits::read(text).is_some_and(|_| !["0", "1"].contains(&text.trim())).then(|| {
            Misfit::new("is neither 0 nor 1", "holds nothing else", "write 0 or 1, or take tinyint")
        }),
        Check::Hex => (!is_hex(text)).then(|| {
            Misfit::new(
                "is not hexadecimal",
                "holds bytes",
                "write bytes as hexadecimal digits, as in `00ff`",
            )
        }),
        Check::Uuid => {
            let inner = text.trim();
            let inner = inner.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(inner);
            (inner.len() > 36).then(|| Misfit::new("is longer than a UUID", "cuts it", "write 36 characters"))
        }
        Check::Names(names, is_set) => unnamed(text, names, *is_set),
        Check::Items(item) => items(text, item),
        Check::Affinity(affinity) => stored(text, *affinity),
    }
}

/// Returns why a type of `width` bytes changes a shorter value.
pub(crate) fn padded(length: usize, width: usize) -> Option<Misfit> {
    (length < width).then(|| {
        let has = format!("has {}", counted(length, "byte"));
        Misfit::new(has, format!("adds zeros up to {width}"), "take varbinary")
    })
}

/// Formats a count with its noun, in the singular for 1.
fn counted(count: usize, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

fn places(text: &str, most: i64) -> Option<Misfit> {
    let behind = digits::behind(text).and_then(|count| i64::try_from(count).ok());
    if most >= 0 && behind.is_some_and(|count| count <= most) {
        return None;
    }
    (digits::read(text)?.places > most).then(|| {
        let (has, holds) = match most {
            0 => ("has more digits behind the point", "holds whole numbers".to_owned()),
            1.. => ("has more digits behind the point", format!("keeps {most}")),
            _ => ("has more digits", {
                let zeros = counted(usize::try_from(most.unsigned_abs()).unwrap_or(usize::MAX), "zero");
                format!("rounds to {zeros} before the point")
            }),
        };
        Misfit::new(has, holds, "round it first, or widen the column")
    })
}

fn float(text: &str, single: bool) -> Option<Misfit> {
    let digits = if single { 6 } else { 15 };
    (!digits::float_keeps(text, single)).then(|| {
        Misfit::new(
            "has more digits than a float",
            format!("keeps {digits} of them for certain"),
            "round it first, or take a decimal type",
        )
    })
}

fn moment(text: &str, parts: Parts) -> Option<Misfit> {
    let odd = || {
        let form = match (parts.day, parts.seconds) {
            (true, None) => "2026-01-31",
            (true, Some(_)) => "2026-01-31 10:20:30",
            (false, _) => "10:20:30",
        };
        Misfit::new(
            "can be read in more than one way",
            "may hold another value",
            format!("write it as `{form}`; `schema` of a load says how a file writes days and times"),
        )
    };
    let Moment { has_day, clock, is_zoned } = match read(text) {
        Read::Moment(moment) => moment,
        Read::Word => return None,
        Read::Odd => return Some(odd()),
    };
    if has_day && !parts.day {
        return Some(Misfit::new("has a day", "holds times only", "cut it first, or take a type with days"));
    }
    if is_zoned && !parts.zone {
        return Some(Misfit::new("has a zone", "has none", "write it in UTC, or take a type with a zone"));
    }
    // A type with days reads a time alone in its own way.
    if parts.day && !has_day {
        return Some(odd());
    }
    let clock = clock?;
    let Some(most) = parts.seconds else {
        return (!clock.is_zero).then(|| {
            Misfit::new("has a time", "holds days only", "cut it first, or take a type with times")
        });
    };
    if clock.leaps {
        return Some(Misfit::new("has a second after 59", "has none", "write the next minute"));
    }
    let (fits, holds) = match parts.steps {
        Steps::Fraction => (clock.fraction.len() <= most, format!("keeps {most}")),
        Steps::Ticks => {
            let digits = clock.fraction;
            let on_tick = digits.len() < 3 || digits.len() == 3 && digits.ends_with(['3', '7']);
            (on_tick, "keeps thousandths that end in 0, 3 or 7".to_owned())
        }
        Steps::Minutes => (clock.is_whole_minute, "keeps minutes".to_owned()),
    };
    (!fits).then(|| {
        Misfit::new("has more digits of a second", holds, "round it first, or take a type with more digits")
    })
}

fn interval(text: &str, most: usize, smallest: Unit) -> Option<Misfit> {
    let cut = |has: &str, holds: &str| {
        Some(Misfit::new(has, holds, "write whole numbers of smaller units, or take the type `interval`"))
    };
    let Some(parts) = span::parts(text) else {
        return match smallest {
            Unit::Second => None,
            _ => cut("is no interval in a known form", "cuts small units"),
        };
    };
    for (unit, fraction) in parts {
        if unit > smallest {
            return cut("has small units", "cuts them");
        }
        if fraction > 0 && unit <= Unit::Month {
            return cut("has a fraction of a month or a year", "rounds it");
        }
        if fraction > 0 && (unit == smallest && smallest != Unit::Second || fraction > most) {
            return cut("has more digits", "rounds them");
        }
        if fraction > 0 && smallest != Unit::Second {
            return cut("has a fraction", "cuts small units");
        }
    }
    None
}

fn spaces(most: usize) -> Misfit {
    Misfit::new(
        format!("ends in spaces beyond {most} characters"),
        "cuts them",
        "trim it first, or widen the column",
    )
}

/// Finds a character that Windows-1252 lacks, which the database replaces with a question mark.
fn narrow(text: &str) -> Option<Misfit> {
    const MORE: &str = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ";
    let lacks = |c: &char| !(c.is_ascii() || ('\u{a0}'..='\u{ff}').contains(c) || MORE.contains(*c));
    text.chars()
        .find(lacks)
        .map(|c| Misfit::new(format!("has the character `{c}`"), "may replace it with `?`", "take nvarchar"))
}

/// MySQL reads years of fewer digits as years near 2000.
fn year(text: &str) -> Option<Misfit> {
    let text = text.trim();
    let fits = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    (!fits && !text.is_empty())
        .then(|| Misfit::new("is no year of four digits", "may hold another year", "write all four digits"))
}

/// Returns whether a text is hexadecimal digits for whole bytes, with or without `\x`.
fn is_hex(text: &str) -> bool {
    let digits = text.strip_prefix("\\x").unwrap_or(text);
    digits.len().is_multiple_of(2) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// MySQL reads a number as the position of a name, ignores case, and sorts the names of a set.
fn unnamed(text: &str, names: &[String], is_set: bool) -> Option<Misfit> {
    let known: Vec<String> = names.iter().take(20).map(|name| format!("`{}`", crate::shown(name))).collect();
    let holds = format!("holds {}", known.join(", "));
    let place = |part: &str| names.iter().position(|name| name == part);
    if !is_set {
        let fix = "write one of its names";
        return place(text).is_none().then(|| Misfit::new("is none of its names", holds, fix));
    }
    if text.is_empty() {
        return None;
    }
    let places: Option<Vec<usize>> = text.split(',').map(place).collect();
    let Some(places) = places else {
        return Some(Misfit::new("has other names", holds, "write its names with commas between them"));
    };
    let in_order = places.windows(2).all(|pair| matches!(pair, [one, next] if one < next));
    (!in_order)
        .then(|| Misfit::new("has another order, or a name twice", holds, "write the names in this order"))
}

/// Checks the items of an array, or the bounds of a range, in PostgreSQL's notation.
fn items(text: &str, item: &Target) -> Option<Misfit> {
    if item.is_text || item.takes_all() {
        return None;
    }
    let text = match text.split_once("]=") {
        // `[0:2]={1,2,3}` begins with the bounds.
        Some((bounds, items)) if bounds.starts_with('[') => items,
        _ => text,
    };
    let pieces = text.split(['{', '}', '[', ']', '(', ')', ',', '"']).map(str::trim);
    let given = pieces.filter(|piece| {
        !piece.is_empty() && !["null", "empty"].iter().any(|word| piece.eq_ignore_ascii_case(word))
    });
    given.filter_map(|piece| item.why(piece)).next()
}

/// SQLite stores a text that looks like a number as an integer of 64 bits or as a float, if the affinity of the
/// column asks for it. It keeps 15 digits of a float.
fn stored(text: &str, affinity: Affinity) -> Option<Misfit> {
    let digits = digits::read(text)?;
    let text = text.trim();
    let whole = text.parse::<i64>();
    let is_float =
        || text.parse::<f64>().is_ok_and(|value| value.is_finite()) && digits.significant.len() <= 15;
    let kept = match (&whole, affinity) {
        (Ok(whole), Affinity::Real) => whole.unsigned_abs() <= 1 << 53 || is_float(),
        (Ok(_), _) => true,
        (Err(_), _) => is_float(),
    };
    if !kept {
        return Some(Misfit::new(
            "has more digits than SQLite keeps",
            "holds floats",
            "declare the column as TEXT",
        ));
    }
    let as_text = "turns a text of digits into a number";
    match affinity {
        Affinity::Hidden if !is_canonical(text) => {
            Some(Misfit::new("looks like a number", as_text, "declare the column as TEXT"))
        }
        _ => None,
    }
}

/// Returns whether a number has one notation only.
fn is_canonical(text: &str) -> bool {
    if text.parse::<i64>().is_ok_and(|whole| whole.to_string() == text) {
        return true;
    }
    text.contains('.') && text.parse::<f64>().is_ok_and(|float| float.to_string() == text)
}
