//! Splits a statement into tokens, in the dialect of its server. That is enough to distinguish statements, to
//! find parameters, and to tell a word from a string. This module does not understand SQL.

use stepwell_engine::config::Database;
use stepwell_engine::policy::Rule;

use crate::{Error, Parameters, Value, words};

/// A token of a statement, with its position in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub kind: Kind,
    pub text: &'a str,
    pub start: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An unquoted name or keyword.
    Word,
    /// A name in quotes, brackets or backticks.
    Quoted,
    /// A string, a number or another constant.
    Constant,
    /// `:name`; the text is the name.
    Named,
    /// The parameter mark `?`.
    Question,
    /// A variable: `$1`, `@name`, `@@name`.
    Variable,
    /// Any other single character.
    Sign,
}

impl Token<'_> {
    /// Returns whether the token is this keyword.
    pub fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// Returns the tokens of a statement, without white space and comments.
///
/// # Errors
/// Fails on an unclosed construct, and on text that the server may read differently.
pub(crate) fn tokens(kind: Database, text: &str) -> Result<Vec<Token<'_>>, Error> {
    let mut lexer = Lexer { kind, text, at: 0, found: Vec::new() };
    while lexer.step()? {}
    ambiguous(kind, text, &lexer.found)?;
    Ok(lexer.found)
}

/// Refuses text that servers may read differently from this module: the ends of comments and words, numbers
/// that run into words, strings that continue after a line.
fn ambiguous(kind: Database, text: &str, tokens: &[Token<'_>]) -> Result<(), Error> {
    let mut at = 0;
    for token in tokens.iter().filter(|token| matches!(token.kind, Kind::Constant | Kind::Quoted)) {
        plain(kind, text, at, token.start)?;
        at = token.end();
    }
    plain(kind, text, at, text.len())?;
    for token in tokens.iter().filter(|token| token.kind == Kind::Constant) {
        if !is_number(kind, token.text, text.get(token.end()..).unwrap_or_default()) {
            let shown: String = token.text.chars().take(20).collect();
            let fix = match kind {
                Database::Spark => "a name that begins with a digit stands in backquotes",
                _ => "put a space between them",
            };
            return Err(refused(&format!("the number `{shown}` runs into a word: {fix}")));
        }
    }
    let is_continued = tokens.windows(2).any(|pair| match pair {
        [one, next] => {
            let escapes = text.get(..one.start).is_some_and(|before| before.ends_with(['e', 'E']));
            let strings = [one, next].iter().all(|token| token.text.starts_with('\''));
            escapes && strings && one.kind == Kind::Constant && next.kind == Kind::Constant
        }
        _ => false,
    });
    if kind == Database::Postgres && is_continued {
        return Err(refused(
            "a string with escapes that continues after a line break: write it as one string",
        ));
    }
    Ok(())
}

/// Refuses white space and control characters outside strings that servers read differently. Examples are a
/// comment that ends at a carriage return or begins with a character that only looks like a space.
fn plain(kind: Database, text: &str, from: usize, to: usize) -> Result<(), Error> {
    let part = text.get(from..to).unwrap_or_default();
    for (at, c) in part.char_indices() {
        let ends_line = c == '\r' && text.get(from + at + 1..).is_some_and(|rest| rest.starts_with('\n'));
        let odd = c.is_control() && !matches!(c, '\t' | '\n') && !ends_line;
        // Format characters such as U+200B and U+FEFF are not white space in Unicode, but some servers treat
        // them as such.
        let hidden = matches!(c, '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        // SQL Server removes a backslash before a line break, together with the break.
        let joins = kind == Database::Mssql && c == '\\';
        // Spark continues a comment behind a backslash at the end of its line.
        let continues = kind == Database::Spark
            && c == '\\'
            && text.get(from + at + 1..).is_some_and(|rest| rest.starts_with(['\n', '\r']));
        if odd || hidden || joins || continues || c.is_whitespace() && !c.is_ascii() {
            let code = u32::from(c);
            return Err(refused(&format!(
                "the character U+{code:04X} outside of a string: write spaces and line breaks only"
            )));
        }
    }
    Ok(())
}

/// Returns whether a constant that begins with a digit is a plain number. The sign of an exponent is in
/// `after`.
fn is_number(kind: Database, text: &str, after: &str) -> bool {
    let mut lower = text.to_ascii_lowercase();
    if kind == Database::Spark && lower.starts_with(|c: char| c.is_ascii_digit()) {
        // The letters of a type: `1L`, `1.5BD`.
        let suffix = ["bd", "l", "s", "y", "d", "f"].into_iter().find(|suffix| lower.ends_with(suffix));
        lower.truncate(lower.len() - suffix.map_or(0, str::len));
    }
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return true;
    }
    let digits = |text: &str, radix: u32| text.chars().all(|c| c.is_digit(radix) || c == '_');
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(rest) = lower.strip_prefix(prefix) {
            return !rest.is_empty() && digits(rest, radix);
        }
    }
    let (mantissa, exponent) = match lower.split_once('e') {
        None => (lower.as_str(), "0"),
        Some((mantissa, "")) => {
            (mantissa, after.strip_prefix(['+', '-']).and_then(|rest| rest.get(..1)).unwrap_or_default())
        }
        Some(both) => both,
    };
    mantissa.split('.').all(|part| digits(part, 10)) && !exponent.is_empty() && digits(exponent, 10)
}

fn refused(why: &str) -> Error {
    Error::denied(Rule::SqlStatementNotGranted, why)
}

struct Lexer<'a> {
    kind: Database,
    text: &'a str,
    at: usize,
    found: Vec<Token<'a>>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn take(&mut self, kind: Kind, length: usize) {
        let text = self.rest().get(..length).unwrap_or_default();
        self.found.push(Token { kind, text, start: self.at });
        self.at += length.max(1);
    }

    fn step(&mut self) -> Result<bool, Error> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(false) };
        let second = rest.chars().nth(1).unwrap_or(' ');
        match first {
            _ if first.is_whitespace() => self.at += first.len_utf8(),
            '-' if second == '-' && self.opens_comment(rest) => {
                self.at += rest.find('\n').unwrap_or(rest.len())
            }
            '#' if self.kind == Database::Mysql => self.at += rest.find('\n').unwrap_or(rest.len()),
            // Spark reads the end of a hint as one sign, also before another star.
            '*' if second == '/' && self.kind == Database::Spark => self.take(Kind::Sign, 2),
            '/' if second == '*' => self.comment(rest)?,
            '\'' => self.string('\'', Kind::Constant, self.has_backslashes())?,
            '"' if self.has_backslashes() => self.string('"', Kind::Constant, true)?,
            '"' => self.string('"', Kind::Quoted, false)?,
            '`' if self.has_backslashes() => self.string('`', Kind::Quoted, false)?,
            '[' if self.kind == Database::Mssql => self.string(']', Kind::Quoted, false)?,
            '$' if self.kind == Database::Postgres => self.dollar(rest)?,
            // Between two `$$`, Spark reads the definition of a view.
            '$' if self.kind == Database::Spark => {
                return Err(refused("`$` outside of strings and backquotes"));
            }
            '?' => self.take(Kind::Question, 1),
            ':' if second == ':' => {
                self.take(Kind::Sign, 1);
                self.take(Kind::Sign, 1);
            }
            ':' if begins_word(second) && !self.in_slice() => {
                self.at += 1;
                let length = word(self.rest());
                let next = self.rest().get(length..).and_then(|after| after.chars().next());
                // Spark reads a sign and a string with a prefix.
                if self.kind == Database::Spark && next.is_some_and(|next| "'\"".contains(next)) {
                    return Err(refused("a string right behind a parameter: write a space between them"));
                }
                self.take(Kind::Named, length);
            }
            // Spark reads `@V` as one sign, so that a string with a prefix may begin behind it.
            '@' if self.kind == Database::Spark => {
                return Err(refused("`@` outside of strings and backquotes"));
            }
            // In PostgreSQL, `@` is an operator, which a string with escapes may follow.
            '@' if self.kind != Database::Postgres => {
                let marks = rest.len() - rest.trim_start_matches('@').len();
                let length = marks + word(rest.get(marks..).unwrap_or_default());
                self.take(Kind::Variable, length);
            }
            _ if first.is_ascii_digit() => {
                let part = |c: char| c.is_alphanumeric() || c == '.' || c == '_';
                self.take(Kind::Constant, rest.find(|c| !part(c)).unwrap_or(rest.len()));
            }
            _ if begins_word(first) => self.word(rest)?,
            _ => self.take(Kind::Sign, first.len_utf8()),
        }
        Ok(true)
    }

    /// Returns whether a backslash escapes in strings, and double quotes are those of strings.
    fn has_backslashes(&self) -> bool {
        matches!(self.kind, Database::Mysql | Database::Spark)
    }

    /// MySQL requires a space after `--`; without one it is two minus signs.
    fn opens_comment(&self, rest: &str) -> bool {
        self.kind != Database::Mysql
            || rest.chars().nth(2).is_none_or(|c| c.is_whitespace() || c.is_control())
    }

    /// `a[1:n]`, a slice of a PostgreSQL array, contains no parameter.
    fn in_slice(&self) -> bool {
        let open =
            self.found.iter().rev().find(|token| token.kind == Kind::Sign && "[]".contains(token.text));
        self.kind == Database::Postgres && open.is_some_and(|token| token.text == "[")
    }

    fn comment(&mut self, rest: &str) -> Result<(), Error> {
        let mark = rest.get(2..).unwrap_or_default();
        if self.kind == Database::Mysql && (mark.starts_with('!') || mark.starts_with("M!")) {
            return Err(refused("a comment that MySQL runs (`/*!`): write the statement without it"));
        }
        if self.kind == Database::Spark && mark.starts_with('+') {
            // A hint is code.
            self.take(Kind::Sign, 3);
            return Ok(());
        }
        // The comments of PostgreSQL, SQL Server and Spark nest.
        let nests = self.kind != Database::Mysql;
        let (mut depth, mut at) = (1, 2);
        while depth > 0 {
            let tail = rest.get(at..).unwrap_or_default();
            let close = tail.find("*/").ok_or_else(|| Error::invalid("a comment is not closed by `*/`"))?;
            match tail.find("/*").filter(|open| nests && *open < close) {
                Some(open)
                    if self.kind == Database::Spark
                        && tail.get(open + 2..).is_some_and(|t| t.starts_with('+')) =>
                {
                    return Err(refused("a hint (`/*+`) in a comment"));
                }
                Some(open) => (depth, at) = (depth + 1, at + open + 2),
                None => (depth, at) = (depth - 1, at + close + 2),
            }
        }
        self.at += at;
        Ok(())
    }

    /// Reads up to the closing mark. A doubled mark stands for one mark in the text.
    fn string(&mut self, close: char, kind: Kind, backslash: bool) -> Result<(), Error> {
        let rest = self.rest();
        let mut chars = rest.char_indices().skip(1).peekable();
        while let Some((at, c)) = chars.next() {
            if backslash && c == '\\' {
                chars.next();
            } else if c == close {
                if chars.peek().is_some_and(|(_, next)| *next == close) {
                    chars.next();
                } else {
                    self.take(kind, at + c.len_utf8());
                    return Ok(());
                }
            }
        }
        let shown: String = rest.lines().next().unwrap_or_default().chars().take(20).collect();
        let problem = format!("`{shown}` is not closed by `{close}`");
        Err(Error::InvalidStatement(words::on_line(words::line(self.text, self.at), problem)))
    }

    /// Reads `$1`, or a string between `$tag$` and `$tag$`.
    fn dollar(&mut self, rest: &str) -> Result<(), Error> {
        let after = rest.get(1..).unwrap_or_default();
        let number = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if number > 0 {
            self.take(Kind::Variable, 1 + number);
            return Ok(());
        }
        let tag =
            after.find(|c: char| c == '$' || !(begins_word(c) || c.is_ascii_digit())).unwrap_or(after.len());
        if !after.get(tag..).is_some_and(|rest| rest.starts_with('$')) {
            self.take(Kind::Sign, 1);
            return Ok(());
        }
        let mark = rest.get(..tag + 2).unwrap_or_default();
        let body = rest.get(mark.len()..).unwrap_or_default();
        let close =
            body.find(mark).ok_or_else(|| Error::InvalidStatement(format!("`{mark}` is not closed")))?;
        self.take(Kind::Constant, close + 2 * mark.len());
        Ok(())
    }

    /// Reads a word, or a string with a letter prefix.
    fn word(&mut self, rest: &str) -> Result<(), Error> {
        let length = word(rest);
        let (name, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        let quote = after.chars().next();
        if self.kind == Database::Postgres && name.eq_ignore_ascii_case("u") && after.starts_with('&') {
            return Err(refused("names and strings with `U&`: write the characters themselves"));
        }
        if self.kind == Database::Spark {
            // A raw string has no escapes, and a doubled mark ends it too.
            if let Some(mark @ ('\'' | '"')) = quote.filter(|_| name.eq_ignore_ascii_case("r")) {
                let body = after.get(1..).unwrap_or_default();
                let end = body.find(mark).ok_or_else(|| {
                    Error::InvalidStatement(words::on_line(
                        words::line(self.text, self.at),
                        format!("a string is not closed by `{mark}`"),
                    ))
                })?;
                self.take(Kind::Constant, length + end + 2);
                return Ok(());
            }
            // Spark changes letters to capitals first, and then `ı` is an I.
            if !name.is_ascii() || name.contains('$') {
                let why = format!(
                    "the name `{name}` without quotes: write a name with other characters than a to z, digits and `_` in backquotes"
                );
                return Err(refused(&why));
            }
            self.take(Kind::Word, length);
            return Ok(());
        }
        if quote == Some('\'') && length == 1 && "eEbBxXnN".contains(name) {
            let escapes =
                self.kind == Database::Mysql || self.kind == Database::Postgres && "eE".contains(name);
            self.at += length;
            return self.string('\'', Kind::Constant, escapes);
        }
        self.take(Kind::Word, length);
        Ok(())
    }
}

fn begins_word(c: char) -> bool {
    c.is_alphabetic() || c == '_' || c > '\u{7f}'
}

/// Returns the number of bytes of the word at the start of the text.
fn word(text: &str) -> usize {
    let part = |c: char| begins_word(c) || c.is_ascii_digit() || c == '$';
    text.find(|c| !part(c)).unwrap_or(text.len())
}

/// Returns the statement with the server's own parameter marks, and the parameter values in order.
///
/// # Errors
/// Fails on parameters without a value and on values without a parameter.
pub(crate) fn bind<'p>(
    kind: Database,
    text: &str,
    tokens: &[Token<'_>],
    parameters: &'p Parameters,
) -> Result<(String, Vec<&'p Value>), Error> {
    let mark = |index: usize| match kind {
        Database::Postgres => format!("${index}"),
        Database::Mssql => format!("@P{index}"),
        Database::Mysql | Database::Sqlite | Database::Spark => "?".to_owned(),
    };
    let (mut out, mut copied, mut values) = (String::with_capacity(text.len()), 0, Vec::new());
    let mut replace = |token: &Token<'_>, before: usize, index: usize| {
        out.push_str(text.get(copied..token.start - before).unwrap_or_default());
        // Spark puts the value in the place of the mark and then reads the text: with -5, `-?` would begin a comment.
        let is_text = kind == Database::Spark;
        // A mark must be a separate word: `$:a` must not become `$$1`, which begins a string.
        let joins = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || "$_@".contains(c);
        if is_text || out.ends_with(joins) {
            out.push(' ');
        }
        out.push_str(&mark(index));
        if is_text {
            out.push(' ');
        }
        copied = token.end();
    };
    match parameters {
        Parameters::Named(given) => {
            let mut used: Vec<&str> = Vec::new();
            for token in tokens.iter().filter(|token| token.kind == Kind::Named) {
                let found = given.iter().find(|(name, _)| name == token.text);
                let (_, value) = found.ok_or_else(|| {
                    Error::InvalidStatement(format!("the parameter `:{}` has no value", token.text))
                })?;
                // The marks of MySQL and Spark have no numbers, so a name that occurs twice is bound twice.
                let index = match used.iter().position(|name| *name == token.text) {
                    Some(before) if !matches!(kind, Database::Mysql | Database::Spark) => before + 1,
                    _ => {
                        used.push(token.text);
                        values.push(value);
                        used.len()
                    }
                };
                replace(token, 1, index);
            }
            if let Some((name, _)) = given.iter().find(|(name, _)| !used.contains(&name.as_str())) {
                return Err(Error::InvalidStatement(format!("the statement has no parameter `:{name}`")));
            }
        }
        Parameters::Positional(given) => {
            values.extend(given);
            // In PostgreSQL, `?` is an operator.
            if kind != Database::Postgres {
                let marks = tokens.iter().filter(|token| token.kind == Kind::Question).enumerate();
                let count = marks.map(|(i, token)| replace(token, 0, i + 1)).count();
                let numbered = kind == Database::Mssql && count == 0;
                if count != given.len() && !numbered {
                    return Err(miscounted(count, given.len()));
                }
            }
        }
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Ok((out, values))
}

pub(crate) fn miscounted(wanted: usize, given: usize) -> Error {
    let parameters = if wanted == 1 { "parameter" } else { "parameters" };
    Error::InvalidStatement(format!("the statement has {wanted} {parameters}, and the step gives {given}"))
}

/// Quotes a name in the dialect: `schema.table` becomes `"schema"."table"`.
///
/// # Errors
/// Fails when a part is empty or has characters that no name needs.
pub(crate) fn quoted(kind: Database, name: &str) -> Result<String, Error> {
    Ok(name.split('.').map(|part| quoted_part(kind, part)).collect::<Result<Vec<_>, _>>()?.join("."))
}

/// Quotes a single name in the dialect, including its dots.
///
/// # Errors
/// Fails when the name is empty or has characters that no name needs.
pub(crate) fn quoted_part(kind: Database, name: &str) -> Result<String, Error> {
    let odd = |c: char| c.is_control() || "\"`[]\\;".contains(c);
    if name.is_empty() || name.len() > 128 || name.contains(odd) {
        return Err(Error::InvalidStatement(format!("`{name}` is not a name of a table or column")));
    }
    Ok(match kind {
        Database::Mysql | Database::Spark => format!("`{name}`"),
        Database::Mssql => format!("[{name}]"),
        Database::Postgres | Database::Sqlite => format!("\"{name}\""),
    })
}

#[cfg(test)]
mod tests {
    use Database::{Mssql, Mysql, Postgres};

    use super::*;

    #[test]
    fn what_cannot_be_read_for_sure_is_refused() {
        for (kind, text, why) in [
            (Postgres, "SELECT 'a", "not closed by `'`"),
            (Postgres, "SELECT $q$ a", "`$q$` is not closed"),
            (Postgres, "SELECT 1 /* a", "not closed by `*/`"),
            (Postgres, r#"SELECT U&"\0061""#, "U&"),
            (Mysql, "SELECT /*! 1 */", "that MySQL runs"),
            (Mysql, "SELECT /*M!100100 1 */", "that MySQL runs"),
            (Mssql, "SELECT [a", "not closed by `]`"),
        ] {
            let error = tokens(kind, text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn parameters_get_the_marks_of_their_server() {
        let one = || Value::Integer(1);
        let named =
            |names: &[&str]| Parameters::Named(names.iter().map(|n| ((*n).to_owned(), one())).collect());
        let listed = |count| Parameters::Positional(vec![one(); count]);
        for (kind, text, parameters, shown) in [
            (
                Postgres,
                "SELECT :a, ':a', :b::int, :a",
                named(&["a", "b"]),
                Ok(("SELECT $1, ':a', $2::int, $1", 2)),
            ),
            (Postgres, "SELECT $:a", named(&["a"]), Ok(("SELECT $ $1", 1))),
            (Postgres, "SELECT x[1:n], $1 ? 'k'", listed(1), Ok(("SELECT x[1:n], $1 ? 'k'", 1))),
            (Mysql, "SELECT :a, :a -- :c\n", named(&["a"]), Ok(("SELECT ?, ? -- :c\n", 2))),
            (Mysql, "SELECT ?, '?'", listed(1), Ok(("SELECT ?, '?'", 1))),
            (Mssql, "SELECT ?, [?], :a", listed(1), Ok(("SELECT @P1, [?], :a", 1))),
            (Mssql, "SELECT @P1, @P2", listed(2), Ok(("SELECT @P1, @P2", 2))),
            (Mysql, "SELECT ?", listed(2), Err("has 1 parameter, and the step gives 2")),
            (Postgres, "SELECT :a", named(&["b"]), Err("`:a` has no value")),
            (Postgres, "SELECT 1", named(&["b"]), Err("no parameter `:b`")),
        ] {
            let found = bind(kind, text, &tokens(kind, text).unwrap(), &parameters);
            match (found, shown) {
                (Ok((found, values)), Ok((shown, count))) => {
                    assert_eq!((found.as_str(), values.len()), (shown, count))
                }
                (Err(error), Err(why)) => assert!(error.to_string().contains(why), "{error}"),
                (found, _) => panic!("{text}: {found:?}"),
            }
        }
    }

    #[test]
    fn names_are_quoted_and_odd_ones_refused() {
        assert_eq!(quoted(Postgres, "public.Order").unwrap(), "\"public\".\"Order\"");
        assert_eq!(quoted(Mysql, "a b").unwrap(), "`a b`");
        assert_eq!(quoted(Mssql, "dbo.t").unwrap(), "[dbo].[t]");
        for odd in ["", "a..b", "a\"b", "a;b", "a`b", "a]b"] {
            assert!(quoted(Postgres, odd).is_err(), "{odd}");
        }
    }
}
