//! `String`, `Char` and `StringBuilder`.

use super::Members;
use super::args::{at, boolean, integer, string, this};
use super::chars::{BUILDER_MEMBERS, CHAR_MEMBERS, upper};
use super::culture;
use super::declare::Declared::{self, Method, New, Property, Static, StaticProperty};
use crate::eval::Interp;
use ps_syntax::symbol::fold;
use ps_value::error::{R, net};
use ps_value::net::Net;
use ps_value::text::{byte_at, position_of, slice, unit_at, units, utf16_len};
use ps_value::types::NetType;
use ps_value::{Value, text};

pub(super) const MEMBERS: Members = &[
    (NetType::String, STRING_MEMBERS),
    (NetType::Char, CHAR_MEMBERS),
    (NetType::StringBuilder, BUILDER_MEMBERS),
    (NetType::StringComparer, COMPARER_MEMBERS),
];

const COMPARER_MEMBERS: &[Declared] = &[
    StaticProperty("StringComparer Ordinal", |_, _| Ok(Value::net(Net::Comparer(false)))),
    StaticProperty("StringComparer OrdinalIgnoreCase", |_, _| Ok(Value::net(Net::Comparer(true)))),
    StaticProperty("StringComparer CurrentCulture", |_, _| Ok(Value::net(Net::Comparer(false)))),
    StaticProperty("StringComparer CurrentCultureIgnoreCase", |_, _| Ok(Value::net(Net::Comparer(true)))),
    StaticProperty("StringComparer InvariantCulture", |_, _| Ok(Value::net(Net::Comparer(false)))),
    StaticProperty("StringComparer InvariantCultureIgnoreCase", |_, _| Ok(Value::net(Net::Comparer(true)))),
];

fn folds(args: &[Value], index: usize) -> bool {
    // The odd values of `StringComparison` ignore case.
    integer(args, index) % 2 == 1
}

fn normalized(text: &str, form: i64) -> R<Value> {
    use icu_normalizer::{ComposingNormalizer, DecomposingNormalizer};
    Ok(Value::from(match form {
        1 => ComposingNormalizer::new_nfc().normalize(text).into_owned(),
        2 => DecomposingNormalizer::new_nfd().normalize(text).into_owned(),
        5 => ComposingNormalizer::new_nfkc().normalize(text).into_owned(),
        6 => DecomposingNormalizer::new_nfkd().normalize(text).into_owned(),
        _ => {
            return net(
                NetType::ArgumentException,
                "Invalid normalization form. (Parameter 'normalizationForm')",
            );
        }
    }))
}

fn range_error<T>(name: &str) -> R<T> {
    net(
        NetType::ArgumentOutOfRangeException,
        format!("Index and length must refer to a location within the string. (Parameter '{name}')"),
    )
}

pub(super) fn part(text: &str, start: i64, length: i64) -> R<String> {
    let total = utf16_len(text) as i64;
    if start < 0 {
        return net(
            NetType::ArgumentOutOfRangeException,
            "StartIndex cannot be less than zero. (Parameter 'startIndex')",
        );
    }
    if start > total {
        return net(
            NetType::ArgumentOutOfRangeException,
            "startIndex cannot be larger than length of string. (Parameter 'startIndex')",
        );
    }
    if length < 0 {
        return net(
            NetType::ArgumentOutOfRangeException,
            "Length cannot be less than zero. (Parameter 'length')",
        );
    }
    if start + length > total {
        return range_error("length");
    }
    Ok(slice(text, start as usize, length as usize).to_owned())
}

fn find(text: &str, wanted: &str, start: i64, fold_case: bool) -> Value {
    let (text, wanted) = if fold_case {
        (fold(text).into_owned(), fold(wanted).into_owned())
    } else {
        (text.to_owned(), wanted.to_owned())
    };
    let from = byte_at(&text, usize::try_from(start).unwrap_or(0));
    let found = text.get(from..).and_then(|rest| rest.find(&wanted));
    Value::Int(found.map_or(-1, |at| position_of(&text, from + at) as i32))
}

fn find_last(text: &str, wanted: &str, fold_case: bool) -> Value {
    let (text, wanted) = if fold_case {
        (fold(text).into_owned(), fold(wanted).into_owned())
    } else {
        (text.to_owned(), wanted.to_owned())
    };
    Value::Int(text.rfind(&wanted).map_or(-1, |at| position_of(&text, at) as i32))
}

fn chars_of(args: &[Value], index: usize) -> Vec<char> {
    let mut set = Vec::new();
    for value in args.iter().skip(index) {
        for item in value.to_items() {
            set.extend(text(&item).chars());
        }
    }
    set
}

fn is_any(set: &[char]) -> impl Fn(char) -> bool + '_ {
    move |c| if set.is_empty() { c.is_whitespace() } else { set.contains(&c) }
}

fn split(source: &str, separators: &[String], limit: i64, options: i64) -> Value {
    let mut parts = Vec::new();
    let mut rest = source;
    let limit = if limit <= 0 { i64::MAX } else { limit };
    let mut push = |part: &str| {
        let part = if options & 2 != 0 { part.trim() } else { part };
        if options & 1 == 0 || !part.is_empty() {
            parts.push(part.to_owned());
        }
        parts.len() as i64
    };
    let mut count = 0;
    while count + 1 < limit {
        let hit = match separators.is_empty() {
            true => rest
                .find(char::is_whitespace)
                .map(|at| (at, rest.get(at..).and_then(|t| t.chars().next()).map_or(1, char::len_utf8))),
            false => separators
                .iter()
                .filter(|s| !s.is_empty())
                .filter_map(|s| rest.find(s.as_str()).map(|at| (at, s.len())))
                .min_by_key(|(at, length)| (*at, std::cmp::Reverse(*length))),
        };
        let Some((at, length)) = hit else { break };
        count = push(rest.get(..at).unwrap_or_default());
        rest = rest.get(at + length..).unwrap_or_default();
    }
    push(rest);
    Value::strings(parts)
}

fn chars_as_strings(args: &[Value]) -> Vec<String> {
    chars_of(args, 0).iter().map(ToString::to_string).collect()
}

fn pad(source: &str, width: i64, fill: char, left: bool) -> R<Value> {
    if width < 0 {
        return net(
            NetType::ArgumentOutOfRangeException,
            "Non-negative number required. (Parameter 'totalWidth')",
        );
    }
    let missing = (width as usize).saturating_sub(utf16_len(source)).min(1 << 28);
    let fill: String = std::iter::repeat_n(fill, missing).collect();
    Ok(Value::from(if left { fill + source } else { source.to_owned() + &fill }))
}

fn fill_char(args: &[Value]) -> char {
    text(&at(args, 1)).chars().next().unwrap_or(' ')
}

fn replace_folded(source: &str, old: &str, new: &str) -> String {
    let (low, wanted) = (fold(source).into_owned(), fold(old).into_owned());
    if low.len() != source.len() || wanted.is_empty() {
        return source.replace(old, new);
    }
    let mut out = String::new();
    let mut from = 0;
    while let Some(hit) = low.get(from..).and_then(|rest| rest.find(&wanted)) {
        out.push_str(source.get(from..from + hit).unwrap_or_default());
        out.push_str(new);
        from += hit + wanted.len();
    }
    out + source.get(from..).unwrap_or_default()
}

fn concat(it: &mut Interp, args: &[Value]) -> R<Value> {
    let texts: Vec<String> = args.iter().map(|v| it.to_text(v)).collect();
    Ok(Value::from(texts.concat()))
}

pub(super) fn joined(it: &mut Interp, separator: &str, items: &[Value]) -> R<Value> {
    let texts: Vec<String> = items.iter().map(|v| it.to_text(v)).collect();
    Ok(Value::from(texts.join(separator)))
}

pub(super) fn formatted(it: &mut Interp, args: &[Value]) -> R<Value> {
    let format = string(args, 0);
    match it.format(&format, args.get(1..).unwrap_or_default()) {
        Ok(text) => Ok(Value::from(text)),
        Err(why) => net(NetType::FormatException, why),
    }
}

const STRING_MEMBERS: &[Declared] = &[
    Property("int Length", |_, t, _| Ok(Value::from(utf16_len(this(t))))),
    Method("char get_Chars(int index)", |_, t, a| {
        match usize::try_from(integer(a, 0)).ok().and_then(|i| unit_at(this(t), i)) {
            Some(c) => Ok(Value::Char(c)),
            None => net(NetType::IndexOutOfRangeException, "Index was outside the bounds of the array."),
        }
    }),
    Method("char Chars(int index)", |_, t, a| {
        match usize::try_from(integer(a, 0)).ok().and_then(|i| unit_at(this(t), i)) {
            Some(c) => Ok(Value::Char(c)),
            None => net(NetType::IndexOutOfRangeException, "Index was outside the bounds of the array."),
        }
    }),
    Method("System.Object Clone()", |_, t, _| Ok(t.clone())),
    Method("int CompareTo(string strB)", |_, t, a| {
        Ok(Value::Int(ps_value::compare::text_order(this(t), &string(a, 0), true) as i32))
    }),
    Method("bool Contains(string value)", |_, t, a| Ok(Value::Bool(this(t).contains(&*string(a, 0))))),
    Method("bool Contains(string value, System.StringComparison comparisonType)", |_, t, a| {
        let (own, wanted) = (this(t), string(a, 0));
        Ok(Value::Bool(if folds(a, 1) {
            fold(own).contains(&*fold(&wanted))
        } else {
            own.contains(&*wanted)
        }))
    }),
    Method("bool EndsWith(string value)", |_, t, a| Ok(Value::Bool(this(t).ends_with(&*string(a, 0))))),
    Method("bool EndsWith(string value, System.StringComparison comparisonType)", |_, t, a| {
        let (own, wanted) = (this(t), string(a, 0));
        Ok(Value::Bool(if folds(a, 1) {
            fold(own).ends_with(&*fold(&wanted))
        } else {
            own.ends_with(&*wanted)
        }))
    }),
    Method(
        "bool EndsWith(string value, bool ignoreCase, System.Globalization.CultureInfo culture)",
        |_, t, a| {
            let (own, wanted) = (this(t), string(a, 0));
            Ok(Value::Bool(if boolean(a, 1) {
                fold(own).ends_with(&*fold(&wanted))
            } else {
                own.ends_with(&*wanted)
            }))
        },
    ),
    Method("bool StartsWith(string value)", |_, t, a| Ok(Value::Bool(this(t).starts_with(&*string(a, 0))))),
    Method("bool StartsWith(string value, System.StringComparison comparisonType)", |_, t, a| {
        let (own, wanted) = (this(t), string(a, 0));
        Ok(Value::Bool(if folds(a, 1) {
            fold(own).starts_with(&*fold(&wanted))
        } else {
            own.starts_with(&*wanted)
        }))
    }),
    Method(
        "bool StartsWith(string value, bool ignoreCase, System.Globalization.CultureInfo culture)",
        |_, t, a| {
            let (own, wanted) = (this(t), string(a, 0));
            Ok(Value::Bool(if boolean(a, 1) {
                fold(own).starts_with(&*fold(&wanted))
            } else {
                own.starts_with(&*wanted)
            }))
        },
    ),
    Method("bool Equals(string value)", |_, t, a| {
        Ok(Value::Bool(!at(a, 0).is_null() && this(t) == &*string(a, 0)))
    }),
    Method("bool Equals(string value, System.StringComparison comparisonType)", |_, t, a| {
        let wanted = string(a, 0);
        Ok(Value::Bool(if folds(a, 1) {
            ps_syntax::symbol::same(this(t), &wanted)
        } else {
            this(t) == &*wanted
        }))
    }),
    Method("int IndexOf(string value)", |_, t, a| Ok(find(this(t), &string(a, 0), 0, false))),
    Method("int IndexOf(string value, int startIndex)", |_, t, a| {
        Ok(find(this(t), &string(a, 0), integer(a, 1), false))
    }),
    Method("int IndexOf(string value, System.StringComparison comparisonType)", |_, t, a| {
        Ok(find(this(t), &string(a, 0), 0, folds(a, 1)))
    }),
    Method("int IndexOf(string value, int startIndex, System.StringComparison comparisonType)", |_, t, a| {
        Ok(find(this(t), &string(a, 0), integer(a, 1), folds(a, 2)))
    }),
    Method("int IndexOf(string value, int startIndex, int count)", |_, t, a| {
        let end = byte_at(this(t), (integer(a, 1) + integer(a, 2)).max(0) as usize);
        Ok(find(this(t).get(..end).unwrap_or_default(), &string(a, 0), integer(a, 1), false))
    }),
    Method("int IndexOfAny(char[] anyOf)", |_, t, a| {
        let set = chars_of(a, 0);
        Ok(Value::Int(this(t).find(|c| set.contains(&c)).map_or(-1, |at| position_of(this(t), at) as i32)))
    }),
    Method("int LastIndexOf(string value)", |_, t, a| Ok(find_last(this(t), &string(a, 0), false))),
    Method("int LastIndexOf(string value, System.StringComparison comparisonType)", |_, t, a| {
        Ok(find_last(this(t), &string(a, 0), folds(a, 1)))
    }),
    Method("int LastIndexOfAny(char[] anyOf)", |_, t, a| {
        let set = chars_of(a, 0);
        Ok(Value::Int(this(t).rfind(|c| set.contains(&c)).map_or(-1, |at| position_of(this(t), at) as i32)))
    }),
    Method("string Insert(int startIndex, string value)", |_, t, a| {
        let total = utf16_len(this(t)) as i64;
        let start = integer(a, 0);
        if start < 0 || start > total {
            return net(
                NetType::ArgumentOutOfRangeException,
                "Specified argument was out of the range of valid values. (Parameter 'startIndex')",
            );
        }
        let at = byte_at(this(t), start as usize);
        let (left, right) = this(t).split_at(at);
        Ok(Value::from(format!("{left}{}{right}", string(a, 1))))
    }),
    Method("string PadLeft(int totalWidth)", |_, t, a| pad(this(t), integer(a, 0), ' ', true)),
    Method("string PadLeft(int totalWidth, char paddingChar)", |_, t, a| {
        pad(this(t), integer(a, 0), fill_char(a), true)
    }),
    Method("string PadRight(int totalWidth)", |_, t, a| pad(this(t), integer(a, 0), ' ', false)),
    Method("string PadRight(int totalWidth, char paddingChar)", |_, t, a| {
        pad(this(t), integer(a, 0), fill_char(a), false)
    }),
    Method("string Remove(int startIndex)", |_, t, a| part(this(t), 0, integer(a, 0)).map(Value::from)),
    Method("string Remove(int startIndex, int count)", |_, t, a| {
        let (start, count) = (integer(a, 0), integer(a, 1));
        if start < 0 || count < 0 || start + count > utf16_len(this(t)) as i64 {
            return net(
                NetType::ArgumentOutOfRangeException,
                "Index and count must refer to a location within the string. (Parameter 'count')",
            );
        }
        let (from, to) = (byte_at(this(t), start as usize), byte_at(this(t), (start + count) as usize));
        Ok(Value::from(format!(
            "{}{}",
            this(t).get(..from).unwrap_or_default(),
            this(t).get(to..).unwrap_or_default()
        )))
    }),
    Method("string Replace(string oldValue, string newValue)", |_, t, a| {
        let old = string(a, 0);
        if old.is_empty() {
            return net(
                NetType::ArgumentException,
                "String cannot be of zero length. (Parameter 'oldValue')",
            );
        }
        Ok(Value::from(this(t).replace(&*old, &string(a, 1))))
    }),
    Method(
        "string Replace(string oldValue, string newValue, System.StringComparison comparisonType)",
        |_, t, a| {
            let (old, new) = (string(a, 0), string(a, 1));
            Ok(Value::from(if folds(a, 2) {
                replace_folded(this(t), &old, &new)
            } else {
                this(t).replace(&*old, &new)
            }))
        },
    ),
    Method("string[] Split(params char[] separator)", |_, t, a| {
        Ok(split(this(t), &chars_as_strings(a), 0, 0))
    }),
    Method("string[] Split(string separator, System.StringSplitOptions options)", |_, t, a| {
        Ok(split(this(t), &[string(a, 0).to_string()], 0, integer(a, 1)))
    }),
    Method("string[] Split(char[] separator, System.StringSplitOptions options)", |_, t, a| {
        Ok(split(this(t), &chars_as_strings(a.get(..1).unwrap_or_default()), 0, integer(a, 1)))
    }),
    Method("string[] Split(string[] separator, System.StringSplitOptions options)", |_, t, a| {
        let list: Vec<String> = at(a, 0).to_items().iter().map(text).collect();
        Ok(split(this(t), &list, 0, integer(a, 1)))
    }),
    Method("string[] Split(char[] separator, int count)", |_, t, a| {
        Ok(split(this(t), &chars_as_strings(a.get(..1).unwrap_or_default()), integer(a, 1), 0))
    }),
    Method("string[] Split(string separator, int count, System.StringSplitOptions options)", |_, t, a| {
        Ok(split(this(t), &[string(a, 0).to_string()], integer(a, 1), integer(a, 2)))
    }),
    Method("string[] Split(string separator)", |_, t, a| {
        Ok(split(this(t), &[string(a, 0).to_string()], 0, 0))
    }),
    Method("string Substring(int startIndex)", |_, t, a| {
        let start = integer(a, 0);
        let length = (utf16_len(this(t)) as i64 - start).max(0);
        part(this(t), start, length).map(Value::from)
    }),
    Method("string Substring(int startIndex, int length)", |_, t, a| {
        part(this(t), integer(a, 0), integer(a, 1)).map(Value::from)
    }),
    Method("char[] ToCharArray()", |_, t, _| Ok(Value::array_of(NetType::Char.ty(), units(this(t))))),
    Method("char[] ToCharArray(int startIndex, int length)", |_, t, a| {
        Ok(Value::array_of(NetType::Char.ty(), units(&part(this(t), integer(a, 0), integer(a, 1))?)))
    }),
    Method("string ToLower()", |it, t, _| Ok(Value::from(culture::lower(this(t), &it.culture)))),
    Method("string ToLower(System.Globalization.CultureInfo culture)", |_, t, a| {
        Ok(Value::from(culture::lower(this(t), &*culture::named(&at(a, 0))?)))
    }),
    Method("string ToLowerInvariant()", |_, t, _| Ok(Value::from(this(t).to_lowercase()))),
    Method("string ToUpper()", |it, t, _| Ok(Value::from(culture::upper(this(t), &it.culture)))),
    Method("string ToUpper(System.Globalization.CultureInfo culture)", |_, t, a| {
        Ok(Value::from(culture::upper(this(t), &*culture::named(&at(a, 0))?)))
    }),
    Method("string ToUpperInvariant()", |_, t, _| Ok(Value::from(upper(this(t))))),
    Method("string ToString()", |_, t, _| Ok(t.clone())),
    Method("string ToString(System.IFormatProvider provider)", |_, t, _| Ok(t.clone())),
    Method("string Trim()", |_, t, _| Ok(Value::from(this(t).trim()))),
    Method("string Trim(params char[] trimChars)", |_, t, a| {
        Ok(Value::from(this(t).trim_matches(is_any(&chars_of(a, 0)))))
    }),
    Method("string TrimStart()", |_, t, _| Ok(Value::from(this(t).trim_start()))),
    Method("string TrimStart(params char[] trimChars)", |_, t, a| {
        Ok(Value::from(this(t).trim_start_matches(is_any(&chars_of(a, 0)))))
    }),
    Method("string TrimEnd()", |_, t, _| Ok(Value::from(this(t).trim_end()))),
    Method("string TrimEnd(params char[] trimChars)", |_, t, a| {
        Ok(Value::from(this(t).trim_end_matches(is_any(&chars_of(a, 0)))))
    }),
    Method("string Normalize()", |_, t, _| normalized(this(t), 1)),
    Method("string Normalize(System.Text.NormalizationForm normalizationForm)", |_, t, a| {
        normalized(this(t), integer(a, 0))
    }),
    Method("bool IsNormalized()", |_, t, _| {
        Ok(Value::Bool(normalized(this(t), 1)?.as_str() == Some(this(t))))
    }),
    Method("bool IsNormalized(System.Text.NormalizationForm normalizationForm)", |_, t, a| {
        Ok(Value::Bool(normalized(this(t), integer(a, 0))?.as_str() == Some(this(t))))
    }),
    Method("System.CharEnumerator GetEnumerator()", |_, t, _| {
        Ok(Value::net(Net::Enumerator(units(this(t)).into())))
    }),
    Static("bool IsNullOrEmpty(string value)", |_, a| Ok(Value::Bool(string(a, 0).is_empty()))),
    Static("bool IsNullOrWhiteSpace(string value)", |_, a| Ok(Value::Bool(string(a, 0).trim().is_empty()))),
    Static("string Join(string separator, params object[] values)", |it, a| {
        joined(it, &string(a, 0), a.get(1..).unwrap_or_default())
    }),
    Static("string Join(string separator, System.Collections.Generic.IEnumerable values)", |it, a| {
        let items = it.enumerate(&at(a, 1));
        joined(it, &string(a, 0), &items)
    }),
    Static("string Join(string separator, string[] value, int startIndex, int count)", |it, a| {
        let items: Vec<Value> = at(a, 1)
            .to_items()
            .into_iter()
            .skip(integer(a, 2).max(0) as usize)
            .take(integer(a, 3).max(0) as usize)
            .collect();
        joined(it, &string(a, 0), &items)
    }),
    Static("string Format(string format, params object[] args)", formatted),
    Static("string Format(System.IFormatProvider provider, string format, params object[] args)", |it, a| {
        it.with_provider(&at(a, 0), |it| formatted(it, a.get(1..).unwrap_or_default()))
    }),
    Static("string Concat(params object[] args)", concat),
    Static("string Concat(System.Collections.Generic.IEnumerable values)", |it, a| {
        let items = it.enumerate(&at(a, 0));
        concat(it, &items)
    }),
    Static("int Compare(string strA, string strB)", |_, a| {
        Ok(Value::Int(ps_value::compare::text_order(&string(a, 0), &string(a, 1), true) as i32))
    }),
    Static("int Compare(string strA, string strB, bool ignoreCase)", |_, a| {
        Ok(Value::Int(ps_value::compare::text_order(&string(a, 0), &string(a, 1), !boolean(a, 2)) as i32))
    }),
    Static("int Compare(string strA, string strB, System.StringComparison comparisonType)", |_, a| {
        Ok(Value::Int(ps_value::compare::text_order(&string(a, 0), &string(a, 1), !folds(a, 2)) as i32))
    }),
    Static("int CompareOrdinal(string strA, string strB)", |_, a| {
        Ok(Value::Int(string(a, 0).cmp(&string(a, 1)) as i32))
    }),
    Static("bool Equals(string a, string b)", |_, a| Ok(Value::Bool(string(a, 0) == string(a, 1)))),
    Static("bool Equals(string a, string b, System.StringComparison comparisonType)", |_, a| {
        let (x, y) = (string(a, 0), string(a, 1));
        Ok(Value::Bool(if folds(a, 2) { ps_syntax::symbol::same(&x, &y) } else { x == y }))
    }),
    Static("string Copy(string str)", |_, a| Ok(at(a, 0))),
    Static("string Intern(string str)", |_, a| Ok(at(a, 0))),
    StaticProperty("string Empty", |_, _| Ok(Value::from(""))),
    New("string(char c, int count)", |_, a| {
        let count = integer(a, 1).clamp(0, 1 << 28) as usize;
        Ok(Value::from(text(&at(a, 0)).repeat(count)))
    }),
    New("string(char[] value)", |_, a| Ok(Value::from(chars_of(a, 0).into_iter().collect::<String>()))),
    New("string(char[] value, int startIndex, int length)", |_, a| {
        let all: Vec<char> = chars_of(a.get(..1).unwrap_or_default(), 0);
        Ok(Value::from(
            all.into_iter()
                .skip(integer(a, 1).max(0) as usize)
                .take(integer(a, 2).max(0) as usize)
                .collect::<String>(),
        ))
    }),
];
