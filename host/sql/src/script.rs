//! Splits a script into statements, as the servers' own clients do.

use stepwell_engine::config::Database;

use crate::Error;
use crate::dialect::{Kind, tokens};

/// A statement of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// The line of the script on which the statement begins, starting at 1.
    pub line: usize,
    pub text: String,
}

/// Splits a script into statements. `GO` separates batches of SQL Server, and `DELIMITER` changes the
/// separator of MySQL statements. Each must be on a separate line, as in the servers' own clients.
///
/// # Errors
/// Fails on text that [`crate::dialect::tokens`] does not understand.
pub(crate) fn split(kind: Database, text: &str) -> Result<Vec<Part>, Error> {
    match kind {
        Database::Mssql => Ok(batches(text)),
        Database::Mysql => {
            let (mut parts, mut delimiter, mut block) = (Vec::new(), ";".to_owned(), String::new());
            let mut first = 1;
            for (line, number) in text.lines().zip(1..) {
                let mut words = line.split_whitespace();
                if words.next().is_some_and(|word| word.eq_ignore_ascii_case("delimiter")) {
                    cut(kind, &std::mem::take(&mut block), first, &delimiter, &mut parts)?;
                    words.next().unwrap_or(";").clone_into(&mut delimiter);
                    first = number + 1;
                } else {
                    block.push_str(line);
                    block.push('\n');
                }
            }
            cut(kind, &block, first, &delimiter, &mut parts)?;
            Ok(parts)
        }
        Database::Postgres | Database::Sqlite | Database::Spark => {
            let mut parts = Vec::new();
            cut(kind, text, 1, ";", &mut parts)?;
            Ok(parts)
        }
    }
}

/// Splits at delimiters outside strings, comments and `BEGIN ATOMIC ... END`. The text begins on `line` of
/// the script.
fn cut(
    kind: Database,
    text: &str,
    mut line: usize,
    delimiter: &str,
    parts: &mut Vec<Part>,
) -> Result<(), Error> {
    let tokens = tokens(kind, text).map_err(|error| error.in_script(line))?;
    let (mut from, mut first, mut atomic, mut cases) = (0, None, 0usize, 0usize);
    let mut counted = 0;
    let mut push = |from: usize, to: usize, first: Option<usize>| {
        let begins = first.unwrap_or(from);
        let statement = text.get(begins..to).unwrap_or_default().trim();
        if first.is_some() && !statement.is_empty() {
            line += text.get(counted..begins).unwrap_or_default().matches('\n').count();
            counted = begins;
            parts.push(Part { line, text: statement.to_owned() });
        }
    };
    for (i, token) in tokens.iter().enumerate() {
        if token.start < from {
            continue;
        }
        let before = i.checked_sub(1).and_then(|before| tokens.get(before));
        if token.is("atomic") && before.is_some_and(|before| before.is("begin")) {
            atomic += 1;
        } else if atomic > 0 && token.is("case") {
            cases += 1;
        } else if atomic > 0 && token.is("end") {
            if cases > 0 { cases -= 1 } else { atomic -= 1 }
        }
        let here = text.get(token.start..).unwrap_or_default();
        if atomic == 0 && token.kind == Kind::Sign && here.starts_with(delimiter) {
            push(from, token.start, first);
            (from, first) = (token.start + delimiter.len(), None);
        } else {
            first = first.or(Some(token.start));
        }
    }
    push(from, text.len(), first);
    Ok(())
}

/// Returns the batches between lines with `GO`, or with `GO` and the number of times to run the batch before
/// it.
fn batches(text: &str) -> Vec<Part> {
    let (mut found, mut batch, mut first) = (Vec::new(), String::new(), 1);
    let mut end = |batch: &mut String, times: usize, first: usize| {
        let text = std::mem::take(batch);
        let blank = text.len() - text.trim_start().len();
        let line = first + text.get(..blank).unwrap_or_default().matches('\n').count();
        if !text.trim().is_empty() {
            found.extend(std::iter::repeat_n(Part { line, text: text.trim().to_owned() }, times));
        }
    };
    for (line, number) in text.lines().zip(1..) {
        let mut words = line.trim().trim_end_matches(';').split_whitespace();
        let go = words.next().is_some_and(|word| word.eq_ignore_ascii_case("go"));
        let times = match words.next() {
            None => Some(1),
            Some(count) => count.parse::<usize>().ok().filter(|_| words.next().is_none()),
        };
        match times.filter(|_| go) {
            Some(times) => {
                end(&mut batch, times.min(1_000), first);
                first = number + 1;
            }
            None => {
                batch.push_str(line);
                batch.push('\n');
            }
        }
    }
    end(&mut batch, 1, first);
    found
}

#[cfg(test)]
mod tests {
    use Database::{Mssql, Mysql, Postgres};

    use super::*;

    #[test]
    fn statements_are_told_apart_as_their_servers_do() {
        for (kind, script, parts) in [
            (Postgres, "SELECT 1; SELECT 2", vec!["SELECT 1", "SELECT 2"]),
            (
                Postgres,
                "SELECT ';' ; -- ; no\n/* ; /* ; */ ; */ SELECT \";\"",
                vec!["SELECT ';'", "SELECT \";\""],
            ),
            (
                Postgres,
                "DO $x$ BEGIN a; END $x$; SELECT $$;$$",
                vec!["DO $x$ BEGIN a; END $x$", "SELECT $$;$$"],
            ),
            (Postgres, r"SELECT E'\';'; SELECT '\'", vec![r"SELECT E'\';'", r"SELECT '\'"]),
            (
                Postgres,
                "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; SELECT 3",
                vec![
                    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END",
                    "SELECT 3",
                ],
            ),
            (Mysql, r#"SELECT '\'; '; SELECT ";"; # no;"#, vec![r"SELECT '\'; '", r#"SELECT ";""#]),
            (Mysql, "SELECT 1--1; SELECT 2 -- ;\n;", vec!["SELECT 1--1", "SELECT 2 -- ;"]),
            (
                Mysql,
                "DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END //\nDELIMITER ;\nCALL p();",
                vec!["CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END", "CALL p()"],
            ),
            (
                Mssql,
                "SELECT 1; SELECT 2\nGO\nEXEC p\n go 2 \n\nGO",
                vec!["SELECT 1; SELECT 2", "EXEC p", "EXEC p"],
            ),
            (Mssql, "SELECT 1 AS go\nSELECT GO\n", vec!["SELECT 1 AS go\nSELECT GO"]),
        ] {
            let found: Vec<String> = split(kind, script).unwrap().into_iter().map(|part| part.text).collect();
            assert_eq!(found, parts, "{script}");
        }
    }

    #[test]
    fn statements_know_their_lines() {
        for (kind, script, lines) in [
            (Postgres, "SELECT 1;\n\n-- a\nSELECT\n 2; SELECT 3\n", vec![1, 4, 5]),
            (Mysql, "SELECT 1;\nDELIMITER //\n\nSELECT 2 //\nDELIMITER ;\nSELECT 3", vec![1, 4, 6]),
            (Mssql, "\nSELECT 1\nGO 2\n\nSELECT 2", vec![2, 2, 5]),
        ] {
            let found: Vec<usize> = split(kind, script).unwrap().into_iter().map(|part| part.line).collect();
            assert_eq!(found, lines, "{script}");
        }
        let error = split(Postgres, "SELECT 1;\nSELECT 'a").unwrap_err().to_string();
        assert_eq!(error, "line 2: `'a` is not closed by `'`");
    }
}
