//! Operations of expressions whose numbers come from the author of a job, and may be as large as numbers can be.
//!
//! The threat: minijinja computes slices and remainders with unchecked numbers, and panics where they are out of range.

use minijinja::value::{Value, ValueKind};
use minijinja::{Error, ErrorKind, tests};

use super::functions::refused;

/// Returns a part of a text or a list, as Python does. minijinja's own slices compute with numbers that may be out of
/// range.
pub(super) fn sliced(value: &Value, bounds: [Value; 3]) -> Result<Value, Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    let [start, stop, step] = bounds.map(|bound| match bound.is_none() {
        true => Ok(None),
        false => i128::try_from(bound).map(|bound| Some(bound.clamp(i64::MIN.into(), i64::MAX.into()))),
    });
    let step = step?.unwrap_or(1);
    if step == 0 {
        return Err(refused("the step of a slice must not be 0"));
    }
    let text: Option<Vec<char>> = value.as_str().map(|text| text.chars().collect());
    let items: Vec<Value> = match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => value.try_iter()?.collect(),
        ValueKind::String | ValueKind::None => Vec::new(),
        kind => {
            return Err(Error::new(ErrorKind::InvalidOperation, format!("a {kind} has no slices")));
        }
    };
    let length = i128::try_from(text.as_ref().map_or(items.len(), Vec::len)).unwrap_or(i128::MAX);
    let (lower, upper) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let within = |bound: i128| (if bound < 0 { bound + length } else { bound }).clamp(lower, upper);
    let (first, end) = if step > 0 { (lower, upper) } else { (upper, lower) };
    let (start, stop) = (start?.map_or(first, within), stop?.map_or(end, within));
    let mut indexes = std::iter::successors(Some(start), |index| Some(index + step))
        .take_while(|index| if step > 0 { *index < stop } else { *index > stop })
        .filter_map(|index| usize::try_from(index).ok());
    Ok(match text {
        Some(text) => Value::from(indexes.by_ref().filter_map(|index| text.get(index)).collect::<String>()),
        None => Value::from(indexes.filter_map(|index| items.get(index).cloned()).collect::<Vec<_>>()),
    })
}

/// The test `divisibleby`. minijinja panics at 0.
pub(super) fn divisible(value: &Value, by: &Value) -> Result<bool, Error> {
    if matches!(f64::try_from(by.clone()), Ok(by) if by == 0.0) {
        return Err(refused("no number is divisible by 0"));
    }
    // The smallest number divided by -1 is out of range, too.
    if i128::try_from(by.clone()).is_ok_and(|by| by == -1) {
        return Ok(tests::is_divisibleby(value, &Value::from(1)));
    }
    Ok(tests::is_divisibleby(value, by))
}

/// Returns whether JSON would turn a number of the value into null.
pub(super) fn holds_infinite(value: &Value) -> bool {
    match value.kind() {
        ValueKind::Number => f64::try_from(value.clone()).is_ok_and(|number| !number.is_finite()),
        ValueKind::Seq | ValueKind::Iterable => {
            value.try_iter().is_ok_and(|mut items| items.any(|item| holds_infinite(&item)))
        }
        ValueKind::Map => value.try_iter().is_ok_and(|mut keys| {
            keys.any(|key| value.get_item(&key).is_ok_and(|item| holds_infinite(&item)))
        }),
        _ => false,
    }
}

#[cfg(test)]
mod cases {
    use std::sync::Arc;

    use serde_json::json;

    use crate::job::Scope;
    use crate::job::expression::Expressions;
    use crate::job::functions::Work;
    use crate::job::names::names;

    fn scope() -> Scope {
        let vars = json!({"n": 5, "s": "abc", "list": [3, 1, 2]});
        Scope { vars: Arc::new(vars.as_object().unwrap().clone()), ..Scope::default() }
    }

    /// Each operator, filter and test with the numbers at the ends of their ranges.
    #[test]
    fn no_number_makes_an_expression_panic() {
        let scope = scope();
        let numbers = [
            "0",
            "1",
            "-1",
            "2.5",
            "-0.0",
            "1e308",
            "1e400",
            "-1e400",
            "(1e400 - 1e400)",
            "9223372036854775807",
            "-9223372036854775808",
            "18446744073709551615",
            "99999999999999999999",
            "-99999999999",
            "170141183460469231731687303715884105727",
            "(-170141183460469231731687303715884105727 - 1)",
            "'99999999999999999999'",
            "'-170141183460469231731687303715884105728'",
            "none",
            "true",
        ];
        let one = [
            "-{a}",
            "{a} | abs",
            "{a} | int",
            "{a} | int(base=99)",
            "{a} | float",
            "{a} | round",
            "{a} is odd",
            "{a} is even",
            "{a} | string",
            "[{a}] | sum",
            "{a} | tojson",
            "vars.s[{a}]",
            "vars.list[{a}]",
            "''[::{a}]",
            "[][::{a}]",
            "{a} | length",
            "{a} | last",
        ];
        let two = [
            "{a} + {b}",
            "{a} - {b}",
            "{a} * {b}",
            "{a} / {b}",
            "{a} // {b}",
            "{a} % {b}",
            "{a} ** {b}",
            "{a} | round({b})",
            "{a} | round({b}, 'ceil')",
            "{a} | round({b}, 'floor')",
            "{a} | int({b})",
            "{a} is divisibleby({b})",
            "[{a}, {b}] | sum",
            "[{a}, {b}] | max",
            "{a} ~ {b}",
            "{a} < {b}",
            "vars.s[{a}:{b}]",
            "vars.s[{a}:{b}:-1]",
            "vars.list[{a}:{b}:-2]",
            "(1, 2, 3)[{a}:{b}:-1]",
            "''[{a}:{b}:-1]",
            "vars.s[:{a}:{b}]",
            "vars.s[{a}::{b}]",
            "vars.s | split(',', {a})",
        ];
        for a in numbers {
            for form in one {
                let _ = Expressions::new(&scope, &Work::of_a_step()).json(&form.replace("{a}", a));
            }
            for (form, b) in two.iter().flat_map(|form| numbers.map(|b| (form, b))) {
                let source = form.replace("{a}", a).replace("{b}", b);
                let _ = Expressions::new(&scope, &Work::of_a_step()).json(&source);
                let _ = names(&source);
            }
        }
    }

    #[test]
    fn slices_are_those_of_python() {
        let scope = scope();
        for (source, value) in [
            ("vars.s[::-1]", json!("cba")),
            ("vars.s[-99999999999:99999999999:-1]", json!("")),
            ("vars.s[99999999999:-99999999999:-1]", json!("cba")),
            ("vars.s[1:3:-1]", json!("")),
            ("''[::-1]", json!("")),
            ("vars.list[4:0:-1]", json!([2, 1])),
            ("vars.list[-2:]", json!([1, 2])),
            ("vars.list[::2]", json!([3, 2])),
            ("vars.list[:-1]", json!([3, 1])),
            ("vars.list[1:99999999999999999999]", json!([1, 2])),
        ] {
            assert_eq!(Expressions::new(&scope, &Work::of_a_step()).json(source), Ok(value), "{source}");
        }
        for (source, why) in [
            ("vars.s[::0]", "must not be 0"),
            ("vars.n[1:]", "a number has no slices"),
            ("vars.nope[1:]", "undefined"),
            ("1e400", "not finite"),
            ("[1, {'a': -1e400}]", "not finite"),
            ("1e308 * 10", "not finite"),
            ("5 is divisibleby(0)", "divisible by 0"),
        ] {
            let error = Expressions::new(&scope, &Work::of_a_step()).json(source).expect_err(source);
            assert!(error.contains(why), "{source}: {error}");
        }
    }
}
