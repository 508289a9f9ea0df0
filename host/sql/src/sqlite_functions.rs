//! SQLite's functions whose time or memory is not in proportion to their arguments.
//!
//! The threat: SQLite asks whether a statement must end between two of its instructions, and a call of a function is one
//! instruction. `instr` of two values of a megabyte takes minutes, and `json_pretty` of a deep value takes gigabytes. So
//! these functions are replaced: by ones that take linear time, or by a bound on their arguments, below which SQLite's own
//! function does the work on a connection of its own. The list comes from reading each function that SQLite registers
//! (`func.c`, `json.c`); `LIKE` and `GLOB` are bounded by the length of their patterns.

use std::collections::HashSet;
use std::sync::Arc;

use memchr::memmem;
use parking_lot::Mutex;
use rusqlite::functions::{Context, FunctionFlags, SqlFnOutput, SubType};
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, Error, Result};

use crate::sqlite_limits::LENGTH;
use crate::sqlite_memory::unbounded;

/// The steps that one call may take: about 0.3 s.
const MOST_STEPS: usize = 1 << 29;
/// The bytes of indentation that `json_pretty` may add.
const MOST_INDENTED: usize = 64 << 20;
/// The levels of JSON that SQLite reads in a text. It recurses by the levels of a path without a bound.
const LEVELS: usize = 1_000;

/// The result of a function. SQLite's texts need not be UTF-8.
enum Answer {
    Value(Value),
    /// A text, and whether other functions take it for JSON.
    Text(Vec<u8>, bool),
}

impl SqlFnOutput for Answer {
    fn to_sql(&self) -> Result<(ToSqlOutput<'_>, SubType)> {
        Ok(match self {
            Self::Value(value) => (ToSqlOutput::Borrowed(value.into()), None),
            Self::Text(text, is_json) => {
                (ToSqlOutput::Borrowed(ValueRef::Text(text)), is_json.then_some(u32::from(b'J')))
            }
        })
    }
}

/// A connection on which SQLite's own functions are called.
#[derive(Clone)]
struct BuiltIn(Arc<Mutex<Connection>>);

/// Replaces the functions of a connection.
pub(crate) fn replace(database: &Connection) -> Result<()> {
    let own = Connection::open_in_memory()?;
    own.set_limit(rusqlite::limits::Limit::SQLITE_LIMIT_LENGTH, LENGTH)?;
    let own = BuiltIn(Arc::new(Mutex::new(own)));
    type Native = fn(&Context<'_>) -> Option<Value>;
    for (name, arguments, native) in [
        ("instr", 2, instr as Native),
        ("replace", 3, replaced),
        ("trim", 2, |context| trimmed(context, true, true)),
        ("ltrim", 2, |context| trimmed(context, true, false)),
        ("rtrim", 2, |context| trimmed(context, false, true)),
        ("unhex", 2, |_| None),
        ("json_patch", 2, |_| None),
        ("jsonb_patch", 2, |_| None),
    ] {
        let own = own.clone();
        define(database, name, arguments, move |context| {
            if let Some(value) = native(context) {
                return Ok(Answer::Value(value));
            }
            let (first, second) = (bytes(context, 0), bytes(context, 1));
            // `json_patch` also looks up each key among those that it has added.
            let searched = if name.ends_with("_patch") { first + second } else { first };
            if searched.saturating_mul(second) > MOST_STEPS {
                return Err(refused(name, (first, second), MOST_STEPS));
            }
            own.call(name, context)
        })?;
    }
    for name in ["json_set", "json_insert", "json_replace", "jsonb_set", "jsonb_insert", "jsonb_replace"] {
        let own = own.clone();
        define(database, name, -1, move |context| {
            for path in (1..context.len()).step_by(2) {
                let (ValueRef::Text(path) | ValueRef::Blob(path)) = context.get_raw(path) else { continue };
                if path.iter().filter(|byte| matches!(byte, b'.' | b'[')).count() > LEVELS {
                    let why = format!("`{name}` takes paths of at most {LEVELS} levels");
                    return Err(Error::UserFunctionError(why.into()));
                }
            }
            own.call(name, context)
        })?;
    }
    for arguments in [1, 2] {
        let own = own.clone();
        define(database, "json_pretty", arguments, move |context| {
            let indent = if context.len() > 1 { bytes(context, 1) } else { 4 };
            let first = bytes(context, 0);
            let levels = levels(context.get_raw(0));
            if first.saturating_mul(levels).saturating_mul(indent) > MOST_INDENTED && first > 64 {
                return Err(refused("json_pretty", (first, levels.saturating_mul(indent)), MOST_INDENTED));
            }
            own.call("json_pretty", context)
        })?;
    }
    Ok(())
}

fn define(
    database: &Connection,
    name: &str,
    arguments: i32,
    call: impl Fn(&Context<'_>) -> Result<Answer> + Send + 'static,
) -> Result<()> {
    // Views, indexes and generated columns may use them.
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS
        | FunctionFlags::SQLITE_RESULT_SUBTYPE;
    // The driver panics when SQLite has no memory for an argument. The call is bounded by the sizes of its arguments.
    database.create_scalar_function(name, arguments, flags, move |context: &Context<'_>| {
        unbounded(|| call(context))
    })
}

impl BuiltIn {
    fn call(&self, name: &str, context: &Context<'_>) -> Result<Answer> {
        // What is JSON for the function here is JSON there.
        let mark = |at| if context.get_subtype(at) == u32::from(b'J') { "json(?)" } else { "?" };
        let marks = (0..context.len()).map(mark).collect::<Vec<_>>().join(", ");
        let arguments = (0..context.len()).map(|at| ToSqlOutput::Borrowed(context.get_raw(at)));
        let connection = self.0.lock();
        let mut statement = connection.prepare_cached(&format!("SELECT {name}({marks})"))?;
        let answer = statement.query_row(rusqlite::params_from_iter(arguments), |row| {
            Ok(match row.get_ref(0)? {
                ValueRef::Text(text) => {
                    Answer::Text(text.to_vec(), name.starts_with("json_") && name != "json_pretty")
                }
                other => Answer::Value(other.try_into()?),
            })
        });
        answer.map_err(|error| match error {
            Error::SqliteFailure(_, Some(why)) => Error::UserFunctionError(why.into()),
            other => other,
        })
    }
}

fn refused(name: &str, (first, second): (usize, usize), most: usize) -> Error {
    let why =
        format!("`{name}` takes too much of {first} times {second} bytes: the product is at most {most}");
    Error::UserFunctionError(why.into())
}

fn bytes(context: &Context<'_>, argument: usize) -> usize {
    match context.get_raw(argument) {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len(),
        // The longest text of a number.
        _ => 32,
    }
}

/// The levels of a JSON text; of another value, the most that there may be.
fn levels(value: ValueRef<'_>) -> usize {
    let ValueRef::Text(text) = value else { return LEVELS };
    let (mut open, mut most) = (0_usize, 1);
    for byte in text {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => continue,
        }
        most = most.max(open);
    }
    most.min(LEVELS)
}

/// The arguments where all are text in UTF-8. Others are SQLite's to convert.
fn texts<'c, const N: usize>(context: &'c Context<'_>) -> Option<[&'c str; N]> {
    let mut texts = [""; N];
    for (at, text) in texts.iter_mut().enumerate() {
        let ValueRef::Text(bytes) = context.get_raw(at) else { return None };
        *text = std::str::from_utf8(bytes).ok()?;
    }
    Some(texts)
}

fn instr(context: &Context<'_>) -> Option<Value> {
    if let (ValueRef::Blob(text), ValueRef::Blob(part)) = (context.get_raw(0), context.get_raw(1)) {
        return Some(position(memmem::find(text, part)));
    }
    let [text, part] = texts(context)?;
    let found = memmem::find(text.as_bytes(), part.as_bytes());
    Some(position(found.and_then(|at| text.get(..at)).map(|before| before.chars().count())))
}

fn position(found: Option<usize>) -> Value {
    Value::Integer(found.and_then(|at| i64::try_from(at + 1).ok()).unwrap_or(0))
}

fn replaced(context: &Context<'_>) -> Option<Value> {
    let [text, part, by] = texts(context)?;
    // SQLite takes the part for a text that ends with a zero character.
    if part.is_empty() || part.starts_with('\0') {
        return Some(Value::Text(text.to_owned()));
    }
    let found = memmem::find_iter(text.as_bytes(), part.as_bytes()).count();
    let grown = (text.len() - found * part.len()).saturating_add(found.saturating_mul(by.len()));
    // SQLite itself says that the result is too long.
    (grown <= usize::try_from(LENGTH).unwrap_or(0)).then(|| Value::Text(text.replace(part, by)))
}

fn trimmed(context: &Context<'_>, start: bool, end: bool) -> Option<Value> {
    let [text, characters] = texts(context)?;
    // SQLite takes the set for a text that ends with a zero character.
    let set: HashSet<char> = characters.chars().take_while(|c| *c != '\0').collect();
    let text = if start { text.trim_start_matches(|c| set.contains(&c)) } else { text };
    let text = if end { text.trim_end_matches(|c| set.contains(&c)) } else { text };
    Some(Value::Text(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    /// Values as SQL, which a generator of numbers chooses from.
    const VALUES: &[&str] = &[
        "NULL",
        "''",
        "'a'",
        "'ab'",
        "'aXbXab'",
        "'äöü€😀'",
        "'€'",
        "'ö'",
        "'😀'",
        "'aä'",
        "x'c3'",
        "x'c3a4'",
        "x''",
        "x'00'",
        "char(97,0,98)",
        "char(0)",
        "1",
        "-1.50",
        "1e300",
        "12",
        "'12'",
        "'  a '",
        "' '",
        "'[1,{\"a\":2}]'",
        "'{\"a\":1,\"b\":{\"c\":null}}'",
        "'{\"b\":{\"c\":3,\"d\":4},\"a\":null}'",
        "'4142 43'",
        "x'ff'",
        "CAST(x'c328' AS TEXT)",
    ];

    #[test]
    fn the_replacements_answer_as_sqlite_does() {
        let (plain, ours) = (Connection::open_in_memory().unwrap(), Connection::open_in_memory().unwrap());
        replace(&ours).unwrap();
        let mut compared = 0;
        for a in VALUES {
            for b in VALUES {
                let mut calls: Vec<String> =
                    ["instr", "trim", "ltrim", "rtrim", "unhex", "json_patch", "jsonb_patch", "json_pretty"]
                        .map(|name| format!("{name}({a}, {b})"))
                        .to_vec();
                calls.push(format!("json_pretty({a})"));
                calls.push(format!("json_array(json_patch({a}, {b}), json_pretty({a}))"));
                calls.extend(["'-'", "''", "NULL", "'€€'", "7"].map(|c| format!("replace({a}, {b}, {c})")));
                calls.push(format!("json_set({a}, '$.k.m[0]', {b}, '$.n', json_array({b}))"));
                calls.push(format!("json_insert({a}, '$[#]', json('[1]'))"));
                calls.push(format!("json_replace({a}, '$.a', {b}, '$.b')"));
                calls.push(format!(
                    "json_array(json_set({a}, '$.x', json('{{}}')), jsonb_set({a}, '$.x', 1))"
                ));
                for call in calls {
                    let sql = format!("SELECT {call} AS v, typeof({call})");
                    let ask = |on: &Connection| {
                        on.query_row(&sql, [], |row| {
                            Ok((format!("{:?}", row.get_ref(0)?), row.get::<_, String>(1)?))
                        })
                        .map_err(|error| {
                            error.to_string().split(" in SELECT").next().unwrap_or_default().to_owned()
                        })
                    };
                    assert_eq!(ask(&ours), ask(&plain), "{call}");
                    compared += 1;
                }
            }
        }
        assert!(compared > 10_000);
    }

    #[test]
    fn no_call_takes_long() {
        // As much as the threads of connections have.
        let thread = std::thread::Builder::new().stack_size(crate::sqlite::STACK);
        thread.spawn(each_call).unwrap().join().unwrap();
    }

    #[allow(clippy::disallowed_methods, reason = "how long a call takes is measured")]
    fn each_call() {
        let database = Connection::open_in_memory().unwrap();
        database.set_limit(rusqlite::limits::Limit::SQLITE_LIMIT_LENGTH, LENGTH).unwrap();
        replace(&database).unwrap();
        let many = "replace(hex(zeroblob(250000)), '00', 'ab')";
        for call in [
            "instr(zeroblob(900000), zeroblob(450000) || x'01')".to_owned(),
            "instr(CAST(zeroblob(900000) AS TEXT), CAST(zeroblob(450000) AS TEXT) || 'x')".to_owned(),
            "instr(zeroblob(900000), CAST(zeroblob(450000) AS TEXT) || 'x')".to_owned(),
            format!("instr({many}, {many} || 'x')"),
            format!("replace({many}, substr({many}, 1, 250000) || 'x', 'y')"),
            format!("replace(CAST({many} AS BLOB), substr({many}, 1, 250000) || 'x', 'y')"),
            format!("trim({many}, {many})"),
            format!("rtrim(CAST({many} AS BLOB), 'x' || {many})"),
            format!("unhex({many}, {many})"),
            "json_patch((SELECT json_group_object('k' || value, 1) FROM json_each('[' || replace(hex(zeroblob(20000)), '00', '1,') || '1]')), \
             (SELECT json_group_object('k' || value, 1) FROM json_each('[' || replace(hex(zeroblob(20000)), '00', '1,') || '1]')))".to_owned(),
            "json_pretty(replace(hex(zeroblob(900)), '00', '[') || replace(hex(zeroblob(200000)), '00', '1,') || '1' || replace(hex(zeroblob(900)), '00', ']'))".to_owned(),
            "json_pretty('[1]', CAST(zeroblob(900000) AS TEXT))".to_owned(),
            "json_set('{}', '$' || replace(hex(zeroblob(250000)), '00', '.a'), 1)".to_owned(),
        ] {
            let begun = Instant::now();
            let ended = database.query_row(&format!("SELECT length({call})"), [], |row| row.get::<_, Value>(0));
            // A debug build on a machine with other work.
            assert!(begun.elapsed() < Duration::from_secs(20), "{call}: {:?} {ended:?}", begun.elapsed());
        }
    }
}
