//! Column names. Unquoted names match in any case, and messages show names as the query writes them.
//!
//! Inside the engine, tables have lowercase names, since it converts unquoted names to lower case. The step
//! also converts quoted names in the query text to lower case where they match a column exactly.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use sqlparser::ast::{Expr, Ident, Query, SelectItem, SetExpr, Statement};
use sqlparser::dialect::GenericDialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer, Word};

/// The names in the inputs.
#[derive(Debug, Default)]
pub struct Names {
    /// Lowercase names, each with its spellings in the files.
    columns: BTreeMap<String, BTreeSet<String>>,
    /// Names of one table that differ only in case.
    alike: HashSet<String>,
    /// Names of the fields of objects.
    nested: BTreeMap<String, BTreeSet<String>>,
    /// Names of the tables.
    inputs: Vec<String>,
    /// Whether the second of two columns of the result with one name is called `name_2`.
    renames: bool,
}

impl Names {
    /// Adds the columns of a table and returns their names inside the engine.
    pub fn table(&mut self, columns: &[String]) -> Vec<String> {
        let mut counts = BTreeMap::<String, usize>::new();
        for name in columns {
            *counts.entry(name.to_ascii_lowercase()).or_default() += 1;
            self.columns.entry(name.to_ascii_lowercase()).or_default().insert(name.clone());
        }
        let name = |name: &String| {
            let lower = name.to_ascii_lowercase();
            if counts.get(&lower).is_some_and(|count| *count > 1) {
                self.alike.insert(lower);
                name.clone()
            } else {
                lower
            }
        };
        columns.iter().map(name).collect()
    }

    /// Adds the name of a table.
    pub fn input(&mut self, name: &str) {
        self.inputs.push(name.to_owned());
    }

    /// Says whether the second of two columns of the result with one name is called `name_2`.
    pub fn rename(&mut self, renames: bool) {
        self.renames = renames;
    }

    /// Gives distinct names to the items of a SELECT that occur twice, since the engine refuses them.
    pub fn number(&self, statement: &mut Statement) {
        let Statement::Query(query) = statement else { return };
        let SetExpr::Select(select) = query.body.as_mut() else { return };
        if !self.renames {
            return;
        }
        let mut counts = BTreeMap::<String, usize>::new();
        for item in &mut select.projection {
            let Some(name) = written(item) else { continue };
            let count = counts.entry(name.to_ascii_lowercase()).or_default();
            *count += 1;
            if let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }, 2..) =
                (&*item, *count)
            {
                let alias = Ident::with_quote('"', format!("{name}_{count}"));
                *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
            }
        }
    }

    /// Returns the names of the tables.
    pub fn inputs(&self) -> impl Iterator<Item = &str> {
        self.inputs.iter().map(String::as_str)
    }

    /// Returns the names of the fields of objects.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.nested.values().flatten().map(String::as_str)
    }

    /// Adds the name of an object's field.
    pub fn field(&mut self, name: &str) {
        self.nested.entry(name.to_ascii_lowercase()).or_default().insert(name.to_owned());
    }

    /// Returns the name as the file spells it.
    pub fn shown(&self, name: &str) -> String {
        match self.columns.get(name) {
            Some(found) if found.len() == 1 => found.iter().next().cloned().unwrap_or_default(),
            _ => name.to_owned(),
        }
    }

    /// Returns the query with the names that the engine uses.
    ///
    /// # Errors
    /// Fails when a name matches several columns, or a quoted name matches none.
    pub fn resolve(&self, query: &str) -> Result<String, String> {
        let dialect = GenericDialect {};
        // The parser reports invalid SQL, with its position.
        let Ok(tokens) = Tokenizer::new(&dialect, query).tokenize_with_location() else {
            return Ok(query.to_owned());
        };
        let tokens: Vec<_> =
            tokens.iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).collect();
        let aliases: HashSet<&str> = tokens
            .windows(2)
            .filter_map(|pair| match pair {
                [first, second] => match (&first.token, &second.token) {
                    (Token::Word(before), Token::Word(word)) if before.value.eq_ignore_ascii_case("as") => {
                        Some(word.value.as_str())
                    }
                    _ => None,
                },
                _ => None,
            })
            .collect();
        let lines = line_starts(query);
        let mut changes = Vec::new();
        for (i, token) in tokens.iter().enumerate() {
            let Token::Word(word) = &token.token else { continue };
            let before = i.checked_sub(1).and_then(|i| tokens.get(i)).map(|token| &token.token);
            let called = matches!(tokens.get(i + 1).map(|token| &token.token), Some(Token::LParen));
            let place = match before {
                Some(Token::Period) if of_element(&tokens, i) => Place::Field,
                Some(Token::Period) => Place::Within,
                _ => Place::Alone,
            };
            if let Some(new) = self.change(word, place, called, &aliases)? {
                let range = offset(query, &lines, token.span.start)..offset(query, &lines, token.span.end);
                changes.push((range, new));
            }
        }
        let mut text = query.to_owned();
        for (range, new) in changes.into_iter().rev() {
            if text.get(range.clone()).is_some() {
                text.replace_range(range, &new);
            }
        }
        Ok(text)
    }

    fn change(
        &self,
        word: &Word,
        place: Place,
        called: bool,
        aliases: &HashSet<&str>,
    ) -> Result<Option<String>, String> {
        let lower = word.value.to_ascii_lowercase();
        let quoted = word.quote_style == Some('"');
        let columns = self.columns.get(&lower).filter(|_| place != Place::Field);
        if columns.is_none()
            && place != Place::Alone
            && let Some(fields) = self.nested.get(&lower)
        {
            // In the name of an object's field, case matters.
            return match fields.iter().next() {
                Some(_) if quoted && fields.contains(&word.value) => Ok(None),
                Some(field) if fields.len() == 1 => Ok(Some(quote(field))),
                _ => Err(format!("`{}` is not clear: write {}", word.value, choice(fields))),
            };
        }
        if let Some(found) = columns.filter(|_| !called || quoted) {
            if self.alike.contains(&lower) {
                return match quoted && found.contains(&word.value) {
                    true => Ok(None),
                    false => Err(format!("`{}` is not clear: write {}", word.value, choice(found))),
                };
            }
            if quoted && !found.contains(&word.value) && !aliases.contains(word.value.as_str()) {
                return Err(format!(
                    "there is no column \"{}\": a name in quotes is exact; write {}",
                    word.value,
                    choice(found)
                ));
            }
        }
        Ok((quoted && lower != word.value && place != Place::Field).then(|| quote(&lower)))
    }

    /// Returns the names of the result columns, as spelled in the query or in the files.
    pub fn output(&self, query: &str, engine: &[String]) -> Vec<String> {
        let dialect = GenericDialect {};
        let parsed = Parser::parse_sql(&dialect, query).unwrap_or_default();
        let items = match parsed.first() {
            Some(Statement::Query(query)) => projection(query),
            _ => None,
        };
        let items = items.unwrap_or_default();
        let wild =
            |item: &SelectItem| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..));
        let plain: Vec<Option<String>> = match items.iter().filter(|item| wild(item)).count() {
            0 => items.iter().map(written).collect(),
            1 => {
                let width = (engine.len() + 1).saturating_sub(items.len());
                items
                    .iter()
                    .flat_map(|item| if wild(item) { vec![None; width] } else { vec![written(item)] })
                    .collect()
            }
            _ => Vec::new(),
        };
        let aliases = words(query);
        let name = |(i, name): (usize, &String)| match plain.get(i).cloned().flatten() {
            Some(written) if plain.len() == engine.len() => written,
            _ if self.columns.contains_key(name) => self.shown(name),
            // A name that a part of the query defines.
            _ => aliases.iter().find(|word| word.eq_ignore_ascii_case(name)).unwrap_or(name).clone(),
        };
        let found: Vec<String> = engine.iter().enumerate().map(name).collect();
        match self.renames {
            true => tables::distinct(found, true).unwrap_or_else(|_| engine.to_vec()),
            false => found,
        }
    }
}

/// Where a name stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Alone,
    /// After a dot: a column of a table, or a field of an object.
    Within,
    /// After the element of a list, as in `tags[1].name`: a field.
    Field,
}

/// Returns whether the name at `i` is a field of an element: dots and names lead back to `]` or `)`.
fn of_element(tokens: &[&TokenWithSpan], mut i: usize) -> bool {
    let token = |i: usize| tokens.get(i).map(|token| &token.token);
    while i >= 2 && token(i - 1) == Some(&Token::Period) {
        match token(i - 2) {
            Some(Token::RBracket | Token::RParen) => return true,
            Some(Token::Word(_)) => i -= 2,
            _ => return false,
        }
    }
    false
}

fn choice(names: &BTreeSet<String>) -> String {
    names.iter().map(|name| quote(name)).collect::<Vec<_>>().join(" or ")
}

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Returns the levels of parentheses, brackets and CASE in a query.
pub fn levels(query: &str) -> usize {
    let tokens = Tokenizer::new(&GenericDialect {}, query).tokenize().unwrap_or_default();
    let (mut depth, mut most) = (0usize, 0);
    for token in tokens {
        match token {
            Token::LParen | Token::LBracket => depth += 1,
            Token::RParen | Token::RBracket => depth = depth.saturating_sub(1),
            Token::Word(word) if word.keyword == Keyword::CASE => depth += 1,
            Token::Word(word) if word.keyword == Keyword::END => depth = depth.saturating_sub(1),
            _ => {}
        }
        most = most.max(depth);
    }
    most
}

fn words(query: &str) -> Vec<String> {
    let tokens = Tokenizer::new(&GenericDialect {}, query).tokenize().unwrap_or_default();
    let word = |token| match token {
        Token::Word(word) => Some(word.value),
        _ => None,
    };
    tokens.into_iter().filter_map(word).collect()
}

fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

fn offset(text: &str, lines: &[usize], at: Location) -> usize {
    let line = usize::try_from(at.line).unwrap_or(1).saturating_sub(1);
    let start = lines.get(line).copied().unwrap_or(text.len());
    let column = usize::try_from(at.column).unwrap_or(1).saturating_sub(1);
    let rest = text.get(start..).unwrap_or_default();
    start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at)
}

/// Returns the items of the leftmost SELECT of a query.
fn projection(query: &Query) -> Option<Vec<SelectItem>> {
    let mut body = query.body.as_ref();
    loop {
        match body {
            SetExpr::Select(select) => return Some(select.projection.clone()),
            SetExpr::SetOperation { left, .. } => body = left,
            SetExpr::Query(query) => body = &query.body,
            _ => return None,
        }
    }
}

fn written(item: &SelectItem) -> Option<String> {
    match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.clone()),
        SelectItem::UnnamedExpr(Expr::Identifier(name)) => Some(name.value.clone()),
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(names)) => {
            names.last().map(|name| name.value.clone())
        }
        SelectItem::UnnamedExpr(other) => Some(other.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let mut names = Names::default();
        let columns = ["Region", "Order Id", "amount"].map(str::to_owned);
        assert_eq!(names.table(&columns), ["region", "order id", "amount"]);
        let twins = ["Key", "key"].map(str::to_owned);
        assert_eq!(names.table(&twins), ["Key", "key"]);
        names.field("firstName");
        names.field("region");
        names
    }

    #[test]
    fn names_are_found_whatever_their_case_unless_they_are_quoted() {
        for (query, resolved) in [
            ("SELECT Region FROM t", "SELECT Region FROM t"),
            ("SELECT \"Region\", 'Region' FROM t", "SELECT \"region\", 'Region' FROM t"),
            (
                "SELECT \"Order Id\" AS id\nFROM t -- ä\nWHERE \"Order Id\" = 1",
                "SELECT \"order id\" AS id\nFROM t -- ä\nWHERE \"order id\" = 1",
            ),
            (
                "SELECT amount AS \"Total\" FROM t ORDER BY \"Total\"",
                "SELECT amount AS \"total\" FROM t ORDER BY \"total\"",
            ),
            ("SELECT t.c.firstname FROM t", "SELECT t.c.\"firstName\" FROM t"),
            // A field of an element, also one with the name of a column.
            (
                "SELECT a[1].FIRSTNAME, (a[1]).region FROM t",
                "SELECT a[1].\"firstName\", (a[1]).\"region\" FROM t",
            ),
            ("SELECT a[1].\"Other\" FROM t", "SELECT a[1].\"Other\" FROM t"),
            ("SELECT \"Key\", \"key\" FROM u", "SELECT \"Key\", \"key\" FROM u"),
        ] {
            assert_eq!(names().resolve(query).as_deref(), Ok(resolved));
        }
        for (query, problem) in
            [("SELECT \"region\" FROM t", "\"Region\""), ("SELECT key FROM u", "\"Key\" or \"key\"")]
        {
            let found = names().resolve(query).unwrap_err();
            assert!(found.contains(problem), "{found}");
        }
    }

    #[test]
    fn columns_of_one_name_are_numbered_if_the_job_says_so() {
        for (query, numbered, engine, output) in [
            (
                "SELECT Region, region, amount AS Region FROM t",
                "SELECT Region, region AS \"region_2\", amount AS \"Region_3\" FROM t",
                &["region", "region_2", "Region_3"][..],
                &["Region", "region", "Region_2"][..],
            ),
            (
                "SELECT a.id, b.id FROM a, b",
                "SELECT a.id, b.id AS \"id_2\" FROM a, b",
                &["id", "id_2"],
                &["id", "id_2"],
            ),
            ("SELECT * FROM a, b", "SELECT * FROM a, b", &["id", "id"], &["id", "id_2"]),
        ] {
            let mut names = names();
            names.rename(true);
            let mut statement = Parser::parse_sql(&GenericDialect {}, query).unwrap().remove(0);
            names.number(&mut statement);
            assert_eq!(statement.to_string(), numbered);
            let engine: Vec<String> = engine.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(names.output(query, &engine), output, "{query}");
        }
    }

    #[test]
    fn a_result_has_the_names_that_the_query_writes() {
        for (query, engine, output) in [
            (
                "SELECT REGION, SUM(Amount) AS Total FROM t",
                &["region", "total"][..],
                &["REGION", "Total"][..],
            ),
            ("SELECT * FROM t", &["region", "order id"], &["Region", "Order Id"]),
            ("SELECT 1 AS One, t.* FROM t", &["one", "region"], &["One", "Region"]),
            ("SELECT COUNT(*) FROM t", &["count(*)"], &["COUNT(*)"]),
            ("WITH a AS (SELECT 1 AS Xy) SELECT * FROM a", &["xy"], &["Xy"]),
            ("SELECT Region FROM t UNION ALL SELECT x FROM u", &["region"], &["Region"]),
        ] {
            let engine: Vec<String> = engine.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(names().output(query, &engine), output, "{query}");
        }
    }
}
