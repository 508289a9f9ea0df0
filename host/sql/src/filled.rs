//! The columns that the parameters of an INSERT or an UPDATE fill. Servers report the type of a parameter without
//! its digits, or not at all, and a column may change the value silently. So the drivers ask for the columns of the
//! table, and this module compares each parameter that stands alone with its column.
//!
//! This module reads the usual forms of both statements. It finds no columns in any other form.

use fit::{Misfit, Target};
use stepwell_engine::config::Database;

use crate::dialect::{Kind, Token};
use crate::postgres_parameters::{SHOWN, write_text};
use crate::{Column, Error, Parameters, Value};

/// The parameters of a statement that stand alone in the place of a column.
#[derive(Debug, PartialEq)]
pub(crate) struct Filled<'p> {
    /// A query that returns these columns and no rows.
    pub query: String,
    /// The position of the column in the query, the name of the parameter, and its value.
    given: Vec<(usize, String, &'p Value)>,
}

/// Returns the parameters of an INSERT or an UPDATE that fill columns. Returns `None` if there are none.
pub(crate) fn of<'p>(tokens: &[Token<'_>], parameters: &'p Parameters) -> Option<Filled<'p>> {
    let mut reader = Reader { tokens, at: 0, questions: 0, parameters, given: Vec::new() };
    let (table, columns) = match reader.next()? {
        token if token.is("insert") || token.is("replace") => reader.insert()?,
        token if token.is("update") => reader.update()?,
        _ => return None,
    };
    let given = reader.given;
    (!given.is_empty()).then(|| Filled { query: format!("SELECT {columns} FROM {table} WHERE 1 = 0"), given })
}

impl Filled<'_> {
    /// Compares the parameters with the columns of the query.
    ///
    /// # Errors
    /// Fails when a column would change a parameter.
    pub fn check(&self, database: Database, columns: &[Column]) -> Result<(), Error> {
        let dialect = match database {
            Database::Postgres => "postgres",
            Database::Mysql => "mysql",
            Database::Mssql => "mssql",
            Database::Sqlite => "sqlite",
            Database::Spark => "spark",
        };
        for (at, name, value) in &self.given {
            let Some(column) = columns.get(*at) else { continue };
            let target = Target::of(dialect, &column.type_name);
            let mut text = String::new();
            write_text(&mut text, value);
            if let Some(Misfit { has, holds, fix }) = misfit(&target, value, &text) {
                let shown = stepwell_engine::document::cut(&text, SHOWN);
                let (column, of) = (&column.name, &column.type_name);
                return Err(Error::InvalidStatement(format!(
                    "the parameter `{name}` is `{shown}`: it {has}, and the column `{column}` of the type `{of}` {holds}: {fix}"
                )));
            }
        }
        Ok(())
    }
}

/// Returns why a column would change a parameter.
fn misfit(target: &Target, value: &Value, text: &str) -> Option<Misfit> {
    match value {
        // The drivers write zones in UTC where the server reads none.
        Value::Null | Value::Boolean(_) | Value::TimestampWithZone(_) => None,
        Value::Float(_) if target.takes_floats() => None,
        Value::Integer(_) if target.is_bits() => None,
        Value::Bytes(bytes) => target.why_bytes(bytes),
        // Bytes as text are checked with their parameter.
        _ if target.is_hex() => None,
        // A list becomes an array with its parameter, which checks the items.
        Value::Json(_) if target.item().is_some() => None,
        _ if target.is_bits() => Some(Misfit {
            has: "is a text".to_owned(),
            holds: "takes the codes of its characters as bits".to_owned(),
            fix: "give it as a number".to_owned(),
        }),
        _ => target.why(text),
    }
}

struct Reader<'t, 'p> {
    tokens: &'t [Token<'t>],
    at: usize,
    /// The number of `?` before the current token.
    questions: usize,
    parameters: &'p Parameters,
    given: Vec<(usize, String, &'p Value)>,
}

/// A table and its columns as a SELECT names them.
type Names = (String, String);

impl<'t, 'p> Reader<'t, 'p> {
    fn peek(&self) -> Option<&'t Token<'t>> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<&'t Token<'t>> {
        let token = self.peek()?;
        self.at += 1;
        self.questions += usize::from(token.kind == Kind::Question);
        Some(token)
    }

    fn takes(&mut self, is: impl Fn(&Token<'_>) -> bool) -> bool {
        let found = self.peek().is_some_and(is);
        if found {
            self.next();
        }
        found
    }

    fn sign(&mut self, sign: &str) -> bool {
        self.takes(|token| token.kind == Kind::Sign && token.text == sign)
    }

    /// Reads `name` or `schema.name` and returns it as the statement writes it.
    fn table(&mut self) -> Option<String> {
        let mut name = self.name()?;
        while self.sign(".") {
            name.push('.');
            name.push_str(&self.name()?);
        }
        Some(name)
    }

    fn name(&mut self) -> Option<String> {
        let token = self.next().filter(|token| matches!(token.kind, Kind::Word | Kind::Quoted))?;
        Some(token.text.to_owned())
    }

    /// Reads the part of an INSERT after its first word.
    fn insert(&mut self) -> Option<Names> {
        while !self.takes(|token| token.is("into")) {
            self.next().filter(|token| token.kind == Kind::Word)?;
        }
        let table = self.table()?;
        let mut columns = Vec::new();
        if self.sign("(") {
            loop {
                columns.push(self.name()?);
                if self.sign(")") {
                    break;
                }
                self.sign(",").then_some(())?;
            }
        }
        self.takes(|token| token.is("values")).then_some(())?;
        while self.sign("(") {
            let mut column = 0;
            loop {
                let ends = self.item(column, |token| [",", ")"].contains(&token.text))?;
                column += 1;
                self.next()?;
                if ends == ")" {
                    break;
                }
            }
            if !self.sign(",") {
                break;
            }
        }
        let columns = if columns.is_empty() { "*".to_owned() } else { columns.join(", ") };
        Some((table, columns))
    }

    /// Reads the part of an UPDATE after its first word.
    fn update(&mut self) -> Option<Names> {
        let table = self.table()?;
        self.takes(|token| token.is("set")).then_some(())?;
        let mut columns = Vec::new();
        loop {
            let name = self.name()?;
            self.sign("=").then_some(())?;
            let ends = self.item(columns.len(), |token| {
                [",", ";"].contains(&token.text)
                    || ["where", "from", "returning", "order", "limit"].iter().any(|word| token.is(word))
            });
            columns.push(name);
            if ends != Some(",") {
                break;
            }
            self.next()?;
        }
        Some((table, columns.join(", ")))
    }

    /// Reads an expression up to the token that ends it, and returns the text of that token. Records a parameter
    /// that stands alone.
    fn item(&mut self, column: usize, ends: impl Fn(&Token<'_>) -> bool) -> Option<&'t str> {
        let (start, questions) = (self.at, self.questions);
        let mut depth = 0usize;
        let end = loop {
            let Some(token) = self.peek() else { break None };
            if depth == 0 && ends(token) {
                break Some(token.text);
            }
            match (token.kind, token.text) {
                (Kind::Sign, "(" | "[") => depth += 1,
                (Kind::Sign, ")" | "]") => depth = depth.checked_sub(1)?,
                _ => {}
            }
            self.next();
        };
        if let Some([token]) = self.tokens.get(start..self.at)
            && let Some((name, value)) = parameter(token, questions, self.parameters)
        {
            self.given.push((column, name, value));
        }
        end
    }
}

/// Returns the name and the value of a parameter mark with `questions` marks before it.
fn parameter<'p>(
    token: &Token<'_>,
    questions: usize,
    parameters: &'p Parameters,
) -> Option<(String, &'p Value)> {
    match (token.kind, parameters) {
        (Kind::Named, Parameters::Named(values)) => {
            let (name, value) = values.iter().find(|(name, _)| name == token.text)?;
            Some((format!(":{name}"), value))
        }
        (Kind::Question, Parameters::Positional(values)) => {
            Some((format!("?{}", questions + 1), values.get(questions)?))
        }
        (Kind::Variable, Parameters::Positional(values)) => {
            let number: usize = token.text.strip_prefix('$')?.parse().ok()?;
            Some((token.text.to_owned(), values.get(number.checked_sub(1)?)?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;
    use crate::dialect::tokens;

    #[test]
    fn the_columns_that_parameters_fill_are_found() {
        let named = ["a", "b"].map(|name| (name.to_owned(), Value::Text(name.into())));
        let named = Parameters::Named(named.to_vec());
        let listed = Parameters::Positional(vec![Value::Text("a".into()), Value::Text("b".into())]);
        for (kind, parameters, text, wanted) in [
            (
                Database::Postgres,
                &named,
                "INSERT INTO s.t (x, \"Y\") VALUES (:a, :b)",
                "x, \"Y\" s.t 0:a 1:b",
            ),
            (
                Database::Postgres,
                &named,
                "insert into t values (:a || 'x', now(), :b), (:b, 1, 2)",
                "* t 2:b 0:b",
            ),
            (Database::Postgres, &named, "INSERT INTO t (x) VALUES (:a) ON CONFLICT DO NOTHING", "x t 0:a"),
            (Database::Postgres, &named, "UPDATE t SET x = :a, y = :b * 2 WHERE z = :b", "x, y t 0:a"),
            (Database::Postgres, &named, "UPDATE t SET x = :a::date, y = (:b)", ""),
            (Database::Postgres, &named, "INSERT INTO t (x) SELECT :a", ""),
            (Database::Postgres, &named, "WITH c AS (SELECT 1) INSERT INTO t VALUES (:a)", ""),
            (Database::Postgres, &named, "SELECT :a", ""),
            (Database::Postgres, &listed, "INSERT INTO t (x, y) VALUES ($2, $1)", "x, y t 0$2 1$1"),
            (
                Database::Mysql,
                &listed,
                "REPLACE INTO `t` (`x`, y) VALUES (CONCAT(?, 'x'), ?)",
                "`x`, y `t` 1?2",
            ),
            (Database::Mysql, &listed, "INSERT IGNORE INTO t (x) VALUES (?);", "x t 0?1"),
            (Database::Sqlite, &named, "INSERT OR REPLACE INTO t VALUES (:a)", "* t 0:a"),
        ] {
            let tokens = tokens(kind, text).unwrap();
            let found = of(&tokens, parameters).map_or_else(String::new, |filled| {
                let query = filled.query.trim_start_matches("SELECT ").trim_end_matches(" WHERE 1 = 0");
                let mut shown = query.replace(" FROM", "");
                for (column, name, _) in &filled.given {
                    let _ = write!(shown, " {column}{name}");
                }
                shown
            });
            assert_eq!(found, wanted, "{text}");
        }
    }

    #[test]
    fn a_parameter_that_its_column_would_change_is_refused() {
        let text = "INSERT INTO t (amount) VALUES (:a)";
        for (database, of_column, value, why) in [
            (Database::Postgres, "numeric(5,2)", Value::Text("1.005".into()), Some("keeps 2")),
            (Database::Postgres, "numeric(5,2)", Value::Text("1.50".into()), None),
            (Database::Postgres, "varchar(3)", Value::Text("abc  ".into()), Some("ends in spaces")),
            (
                Database::Postgres,
                "timestamp(0)",
                Value::Text("2026-01-31 10:20:30.5".into()),
                Some("keeps 0"),
            ),
            (Database::Mysql, "bit", Value::Text("5".into()), Some("give it as a number")),
            (Database::Mysql, "bit", Value::Integer(5), None),
            (Database::Mysql, "int", Value::Float(1.5), Some("holds whole numbers")),
            (Database::Sqlite, "REAL", Value::Float(0.30000000000000004), None),
            (Database::Sqlite, "STRING", Value::Text("007".into()), Some("looks like a number")),
        ] {
            let parameters = Parameters::Named(vec![("a".to_owned(), value)]);
            let tokens = tokens(database, text).unwrap();
            let column = Column { name: "amount".to_owned(), type_name: of_column.to_owned() };
            let found = of(&tokens, &parameters).unwrap().check(database, &[column]);
            let found = found.map_err(|error| error.to_string());
            match (found, why) {
                (Ok(()), None) => {}
                (Err(found), Some(why)) => {
                    assert!(found.contains(why) && found.contains("the column `amount`"), "{found}");
                }
                (found, why) => panic!("{of_column}: {found:?} {why:?}"),
            }
        }
    }
}
