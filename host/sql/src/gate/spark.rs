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

/// Words of a table's definition that name a class, or an option by which the table reaches files.
const REACHING: &[&str] = &["inputformat", "outputformat", "serde", "serdeproperties"];

/// Words that change a table behind `WITH`.
const CHANGES: &[&str] = &["insert", "update", "delete", "merge"];

/// Checks a statement, and returns the mode that it needs.
pub(super) fn check(first: &Token<'_>, tokens: &[Token<'_>], needed: SqlMode) -> Result<SqlMode, Error> {
    let is_any = |token: &Token<'_>, words: &[&str]| words.iter().any(|word| token.is(word));
    let makes = is_any(first, &["create", "alter", "replace"]);
    for (at, token) in tokens.iter().enumerate() {
        let next = tokens.get(at + 1);
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        let is_part = [before, next].into_iter().flatten().any(|token| token.text == ".");
        if is_part {
            continue;
        }
        let takes_text = next.is_some_and(|next| {
            matches!(next.kind, Kind::Constant | Kind::Question | Kind::Named | Kind::Variable)
        });
        let opens = next.is_some_and(|next| next.text == "(");
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
        if token.is("identifier") && opens {
            return Err(denied("`IDENTIFIER(...)` makes a name of a text: write the name"));
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
    Ok(if changes_behind_with(first, tokens) { needed.max(SqlMode::Write) } else { needed })
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
                    let path = text.text.trim_matches(['\'', '"']);
                    if !is_below(path, allowed) {
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
        let Some(path) = tokens.get(at + 2).filter(|path| is_name(path)) else { continue };
        // Without paths, the session takes no path for a table.
        if allowed.is_empty() || !is_name(token) || next.is_none_or(|next| next.text != ".") {
            continue;
        }
        let format = token.text.trim_matches('`');
        let path = path.text.trim_matches('`');
        let names_files = names(FORMATS, format) || format.contains('.') || path.contains(['/', ':', '\\']);
        if names_files && !is_below(path, allowed) {
            return refused(path);
        }
    }
    Ok(())
}

/// Returns whether a path lies below one of the others, whatever its parts are.
fn is_below(path: &str, allowed: &[String]) -> bool {
    // A backslash escapes the next character in the patterns of Hadoop's paths.
    let is_plain = !path.contains("..") && !path.contains(['\\', '%']);
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
