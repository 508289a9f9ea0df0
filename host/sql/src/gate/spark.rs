//! The checks of statements for Spark beyond their words (spark.apache.org/docs/latest/sql-ref.html).

use stepwell_engine::policy::SqlMode;

use super::{Kind, Token, denied, names};
use crate::Error;

/// The kinds of files and tables that a table may be made of. Others reach other servers, or load classes.
const PROVIDERS: &[&str] = &["avro", "csv", "delta", "iceberg", "json", "orc", "parquet", "text"];

/// Names that stand for a kind of file before a path: `parquet.`/data/x``.
const FORMATS: &[&str] = &[
    "avro",
    "binaryfile",
    "csv",
    "delta",
    "iceberg",
    "image",
    "json",
    "libsvm",
    "orc",
    "parquet",
    "text",
    "xml",
];

/// Words of a table's or view's definition that name a class, an option by which a table reaches files, or a setting
/// under which a view is read.
const REACHING: &[&str] =
    &["dbproperties", "inputformat", "outputformat", "serde", "serdeproperties", "tblproperties"];

/// Words between `CREATE` and what it makes.
const MODIFIERS: &[&str] = &["or", "replace", "global", "local", "temporary", "temp", "external"];

/// Words between `EXPLAIN` and its statement.
const EXPLAINING: &[&str] = &["extended", "codegen", "cost", "formatted"];

/// Words that change a table behind `WITH`.
const CHANGES: &[&str] = &["insert", "update", "delete", "merge"];

/// Checks a statement, and returns the mode that it needs.
pub(super) fn check(first: &Token<'_>, tokens: &[Token<'_>], needed: SqlMode) -> Result<SqlMode, Error> {
    let is_any = |token: &Token<'_>, words: &[&str]| words.iter().any(|word| token.is(word));
    let makes = is_any(first, &["create", "alter", "replace"]);
    begins_as_granted(first, tokens)?;
    for (at, token) in tokens.iter().enumerate() {
        let next = tokens.get(at + 1);
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        let opens = next.is_some_and(|next| next.text == "(");
        // Also as a part of a name, which then has parts that only the text has.
        if token.is("identifier") && opens {
            return Err(denied("`IDENTIFIER(...)` makes a name of a text: write the name"));
        }
        let is_part = [before, next].into_iter().flatten().any(|token| token.text == ".");
        if is_part {
            continue;
        }
        let takes_text = next.is_some_and(|next| {
            matches!(next.kind, Kind::Constant | Kind::Question | Kind::Named | Kind::Variable)
        });
        let is_text = |token: &Token<'_>| token.kind == Kind::Constant && token.text.ends_with(['\'', '"']);
        let is_mark = |token: &Token<'_>| matches!(token.kind, Kind::Question | Kind::Named);
        let may_be_text = |token: &Token<'_>| is_text(token) || is_mark(token);
        if next.is_some_and(|next| may_be_text(token) && may_be_text(next)) {
            return Err(denied("two strings or parameters side by side are one string to Spark: write one"));
        }
        if token.is("execute") && next.is_some_and(|next| next.is("immediate")) {
            return Err(denied("`EXECUTE IMMEDIATE` runs a text"));
        }
        if token.is("global") && next.is_some_and(|next| is_any(next, &["temporary", "temp"])) {
            return Err(denied("a global temporary view is visible to other sessions"));
        }
        if token.is("using") && takes_text {
            return Err(denied("`USING` with a text starts a program"));
        }
        if let Some(next) = next.filter(|_| token.is("using") && makes && !opens)
            && !(names(PROVIDERS, next.text) && tokens.get(at + 2).is_none_or(|after| after.text != "."))
        {
            return Err(denied(&format!(
                "`USING {}` is not for steps: a table is made of {}",
                next.text,
                PROVIDERS.join(", ")
            )));
        }
        if (token.is("options") || token.is("with")) && opens {
            return Err(denied(&format!(
                "`{} (...)` sets options by which a table reaches files",
                token.text
            )));
        }
        if makes && is_any(token, REACHING) {
            return Err(denied(&format!("`{}` is not for steps", token.text)));
        }
        if token.is("directory") && before.is_some_and(|before| is_any(before, &["overwrite", "local"])) {
            return Err(denied("`INSERT OVERWRITE DIRECTORY` writes files: insert into a table"));
        }
        if token.is("stored") && next.is_some_and(|next| next.is("by")) {
            return Err(denied("`STORED BY` loads a class"));
        }
    }
    let evolves = tokens.windows(2).any(|pair| match pair {
        [schema, evolution] => schema.is("schema") && evolution.is("evolution"),
        _ => false,
    });
    Ok(match () {
        // The statement adds columns to its table.
        () if evolves => SqlMode::Ddl,
        () if changes_behind_with(first, tokens) => needed.max(SqlMode::Write),
        () => needed,
    })
}

/// Checks the words after the first one, where these decide what the statement is about.
fn begins_as_granted(first: &Token<'_>, tokens: &[Token<'_>]) -> Result<(), Error> {
    let is_any = |token: &&Token<'_>, words: &[&str]| words.iter().any(|word| token.is(word));
    let mut rest = tokens.iter().skip_while(|token| token.start <= first.start);
    if first.is("explain") {
        let explained = rest.find(|token| !is_any(token, EXPLAINING) && token.text != "(");
        let is_query = |token: &Token<'_>| {
            is_any(&token, &["select", "with", "values", "table"]) && !changes_behind_with(token, tokens)
        };
        return match explained {
            Some(token) if !is_query(token) => {
                Err(denied("`EXPLAIN` is for queries: Spark runs some other statements to explain them"))
            }
            _ => Ok(()),
        };
    }
    let about = match () {
        () if is_any(&first, &["create", "alter", "drop", "replace", "truncate"]) => {
            rest.find(|token| !is_any(token, MODIFIERS))
        }
        () if first.is("comment") => rest.nth(1),
        () if is_any(&first, &["refresh", "analyze"]) => rest.next(),
        () => return Ok(()),
    };
    match about {
        Some(token) if !is_any(&token, &["table", "tables", "view"]) => {
            Err(denied(&format!("`{} ... {}` is not for steps", first.text, token.text)))
        }
        _ => Ok(()),
    }
}

fn changes_behind_with(first: &Token<'_>, tokens: &[Token<'_>]) -> bool {
    let changes = |token: &Token<'_>| CHANGES.iter().any(|word| token.is(word));
    first.is("with") && tokens.iter().any(changes)
}

/// Returns whether a statement is a query, which may stand within another one.
pub(crate) fn only_queries(tokens: &[Token<'_>]) -> bool {
    let first = tokens.iter().find(|token| token.text != "(");
    first.is_some_and(|first| {
        let begins = ["select", "with", "values", "table"].iter().any(|word| first.is(word));
        begins && !changes_behind_with(first, tokens)
    })
}

/// Checks the paths of a statement: each lies below one of the connection's.
///
/// # Errors
/// Names the path that does not.
pub(crate) fn paths(tokens: &[Token<'_>], allowed: &[String]) -> Result<(), Error> {
    let refused = |path: &str| {
        let why = match allowed {
            [] => "the connection has no `paths`".to_owned(),
            paths => format!("it is not below the connection's `paths`: {}", paths.join(", ")),
        };
        Err(denied(&format!("the path `{path}`: {why}")))
    };
    for (at, token) in tokens.iter().enumerate() {
        let next = tokens.get(at + 1);
        if token.is("location") {
            match next {
                Some(text) if text.kind == Kind::Constant => {
                    let path = inner(text.text, &['\'', '"']);
                    let is_continued = tokens.get(at + 2).is_some_and(|after| {
                        matches!(after.kind, Kind::Constant | Kind::Question | Kind::Named | Kind::Variable)
                    });
                    if is_continued || !is_below(path, allowed) {
                        return refused(path);
                    }
                }
                Some(mark) if matches!(mark.kind, Kind::Question | Kind::Named | Kind::Variable) => {
                    return Err(denied("`LOCATION` takes a text, and no parameter"));
                }
                _ => {}
            }
        }
        let is_name = |token: &Token<'_>| matches!(token.kind, Kind::Word | Kind::Quoted);
        // A name may begin with a digit.
        let Some(path) = tokens.get(at + 2).filter(|path| is_name(path) || path.kind == Kind::Constant)
        else {
            continue;
        };
        // Without paths, the session takes no path for a table.
        if allowed.is_empty() || !is_name(token) || next.is_none_or(|next| next.text != ".") {
            continue;
        }
        let (format, path) = (inner(token.text, &['`']), inner(path.text, &['`']));
        let names_files = names(FORMATS, format) || format.contains('.') || path.contains(['/', ':', '\\']);
        if names_files && !is_below(path, allowed) {
            return refused(path);
        }
    }
    Ok(())
}

/// Returns a text without the marks around it.
fn inner<'a>(text: &'a str, marks: &[char]) -> &'a str {
    let bare = |mark: &char| text.strip_prefix(*mark).and_then(|text| text.strip_suffix(*mark));
    marks.iter().find_map(bare).unwrap_or(text)
}

/// Returns whether a path lies below one of the others, whatever its parts are.
fn is_below(path: &str, allowed: &[String]) -> bool {
    // In the patterns of Hadoop's paths, a backslash escapes the next character, and braces hold alternatives, which may
    // make two points. Of two marks, older versions make none.
    let is_plain = !path.contains("..") && !path.contains(['\\', '%', '{', '}', '\'', '"', '`']);
    let below = |dir: &String| {
        let rest = path.strip_prefix(dir.trim_end_matches('/'));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    is_plain && allowed.iter().any(below)
}

#[cfg(test)]
mod tests {
    use stepwell_engine::config::Database::Spark;

    use super::*;
    use crate::dialect;

    #[test]
    fn paths_lie_below_those_of_the_connection() {
        let allowed = ["/shared/".to_owned(), "s3a://bucket/data".to_owned()];
        for (text, is_fine) in [
            ("SELECT * FROM parquet.`/shared/x.parquet`", true),
            ("SELECT * FROM csv.`s3a://bucket/data/*.csv` c", true),
            ("SELECT a.b, `c`.`d` FROM db.t AS a", true),
            ("CREATE TABLE t USING parquet LOCATION '/shared/t' AS SELECT 1", true),
            ("SELECT location FROM t", true),
            ("SELECT * FROM text.`/etc/passwd`", false),
            ("SELECT * FROM text.`file:///etc/passwd`", false),
            ("SELECT * FROM text.`/sharedx`", false),
            ("SELECT * FROM text.`/shared/../etc/passwd`", false),
            ("SELECT * FROM text.`/shared/{a,\\.\\./b}`", false),
            ("SELECT * FROM text.`/shared/%2e%2e/x`", false),
            ("SELECT * FROM text.`/shared/{.,/x}./etc/passwd`", false),
            ("SELECT * FROM text.1_000", false),
            ("SELECT * FROM text.```/shared/x`", false),
            ("SELECT * FROM text.`/shared/x```", false),
            ("CREATE TABLE t USING csv LOCATION '\"/shared/x'", false),
            ("CREATE TABLE t USING csv LOCATION '''/shared/x'", false),
            ("CREATE TABLE t USING csv LOCATION '/shared/.''./etc'", false),
            ("CREATE TABLE t USING csv LOCATION \"/shared/x\"", true),
            ("CREATE TABLE t USING csv LOCATION '/shared/.' './etc'", false),
            ("CREATE TABLE t USING csv LOCATION '/shared/.' ?", false),
            ("SELECT * FROM text.relative", false),
            ("SELECT * FROM `text`.`relative`", false),
            ("SELECT * FROM `org.apache.spark.sql.execution.datasources.text.TextFileFormat`.x", false),
            ("SELECT * FROM odd.`/etc/passwd`", false),
            ("CREATE TABLE t USING parquet LOCATION '/etc'", false),
            ("CREATE TABLE t USING parquet LOCATION ?", false),
            ("ALTER TABLE t SET LOCATION \"hdfs://x/y\"", false),
        ] {
            let found = paths(&dialect::tokens(Spark, text).unwrap(), &allowed);
            assert_eq!(found.is_ok(), is_fine, "{text}: {found:?}");
        }
        let none = paths(&dialect::tokens(Spark, "CREATE TABLE t LOCATION '/x'").unwrap(), &[]);
        assert!(none.unwrap_err().to_string().contains("the connection has no `paths`"));
    }
}
