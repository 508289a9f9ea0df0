//! .NET's regular expressions, translated to those of the `fancy-regex` crate.
//!
//! Source: "Regular Expression Language - Quick Reference" of the .NET documentation. Features without an
//! equivalent there (balancing groups, matching from right to left) are refused by name.

use std::cell::OnceCell;

use crate::Str;

pub const IGNORE_CASE: i64 = 1;
pub const MULTILINE: i64 = 2;
pub const EXPLICIT_CAPTURE: i64 = 4;
pub const SINGLELINE: i64 = 16;
pub const IGNORE_WHITE_SPACE: i64 = 32;
const RIGHT_TO_LEFT: i64 = 64;

pub struct Regex {
    pub pattern: Str,
    pub options: i64,
    /// For texts that do not end in a line end, in which `$` is the end.
    plain: fancy_regex::Regex,
    translated: String,
    /// For the other texts.
    with_line_end: OnceCell<Option<fancy_regex::Regex>>,
    /// Names in .NET's order (unnamed groups first), and their number in the translation.
    pub groups: Vec<(String, usize)>,
}

/// A match: byte ranges, for each group in .NET's order.
#[derive(Debug, Clone)]
pub struct Found {
    pub groups: Vec<Option<(usize, usize)>>,
}

impl Found {
    #[inline]
    pub fn range(&self) -> (usize, usize) {
        self.groups.first().copied().flatten().unwrap_or_default()
    }
}

impl Regex {
    pub fn new(pattern: &str, options: i64) -> Result<Self, String> {
        if options & RIGHT_TO_LEFT != 0 {
            return Err("RegexOptions.RightToLeft is not supported".into());
        }
        let (translated, groups) = translate(pattern, options)?;
        let flags: String =
            [(IGNORE_CASE, 'i'), (MULTILINE, 'm'), (SINGLELINE, 's'), (IGNORE_WHITE_SPACE, 'x')]
                .into_iter()
                .filter(|(bit, _)| options & bit != 0)
                .map(|(_, c)| c)
                .collect();
        let translated = if flags.is_empty() { translated } else { format!("(?{flags}){translated}") };
        let plain = fancy_regex::Regex::new(&translated.replace(END, "\\z")).map_err(|e| e.to_string())?;
        Ok(Self {
            pattern: pattern.into(),
            options,
            plain,
            translated,
            with_line_end: OnceCell::new(),
            groups,
        })
    }

    #[inline]
    fn engine(&self, text: &str) -> &fancy_regex::Regex {
        if !text.ends_with('\n') || !self.translated.contains(END) {
            return &self.plain;
        }
        let made = self
            .with_line_end
            .get_or_init(|| fancy_regex::Regex::new(&self.translated.replace(END, "(?=\\n?\\z)")).ok());
        made.as_ref().unwrap_or(&self.plain)
    }

    #[inline]
    pub fn is_match(&self, text: &str) -> bool {
        self.engine(text).is_match(text).unwrap_or(false)
    }

    /// Returns the first match at or after a byte.
    #[inline]
    pub fn find_at(&self, text: &str, start: usize) -> Option<Found> {
        let captures = self.engine(text).captures_from_pos(text, start).ok().flatten()?;
        let groups = self
            .groups
            .iter()
            .map(|(_, number)| captures.get(*number).map(|m| (m.start(), m.end())))
            .collect();
        Some(Found { groups })
    }

    pub fn find_all(&self, text: &str, limit: usize) -> Vec<Found> {
        let mut found = Vec::new();
        let mut at = 0;
        while found.len() < limit && at <= text.len() {
            let Some(next) = self.find_at(text, at) else { break };
            let (start, end) = next.range();
            at = if end > start {
                end
            } else {
                end + text.get(end..).and_then(|t| t.chars().next()).map_or(1, char::len_utf8)
            };
            found.push(next);
        }
        found
    }

    #[inline]
    pub fn group_index(&self, name: &str) -> Option<usize> {
        self.groups.iter().position(|(own, _)| own == name)
    }

    /// Appends the result of a replacement pattern for a match.
    pub fn expand(&self, template: &str, text: &str, found: &Found, out: &mut String) {
        let group = |index: usize| {
            found.groups.get(index).copied().flatten().and_then(|(a, b)| text.get(a..b)).unwrap_or_default()
        };
        let (start, end) = found.range();
        let mut rest = template;
        while let Some(at) = rest.find('$') {
            out.push_str(rest.get(..at).unwrap_or_default());
            rest = rest.get(at + 1..).unwrap_or_default();
            let next = rest.chars().next().unwrap_or('\0');
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let braced = if next == '{' { rest.find('}') } else { None };
            if digits > 0 {
                // As many digits as there are groups.
                let length =
                    (1..=digits).rev().find(|n| rest.get(..*n).and_then(|d| self.group_index(d)).is_some());
                match length {
                    Some(length) => {
                        let index = rest.get(..length).and_then(|d| self.group_index(d)).unwrap_or(0);
                        out.push_str(group(index));
                        rest = rest.get(length..).unwrap_or_default();
                    }
                    None => out.push('$'),
                }
            } else if let Some(close) = braced
                && let Some(index) = rest.get(1..close).and_then(|name| self.group_index(name))
            {
                out.push_str(group(index));
                rest = rest.get(close + 1..).unwrap_or_default();
            } else {
                let special = match next {
                    '$' => Some("$"),
                    '&' => Some(group(0)),
                    '`' => text.get(..start),
                    '\'' => text.get(end..),
                    '+' => Some(group(self.groups.len() - 1)),
                    '_' => Some(text),
                    _ => None,
                };
                match special {
                    Some(special) => {
                        out.push_str(special);
                        rest = rest.get(1..).unwrap_or_default();
                    }
                    None => out.push('$'),
                }
            }
        }
        out.push_str(rest);
    }

    pub fn replace(&self, text: &str, template: &str, limit: usize) -> String {
        let mut out = String::new();
        let mut at = 0;
        for found in self.find_all(text, limit) {
            let (start, end) = found.range();
            out.push_str(text.get(at..start).unwrap_or_default());
            self.expand(template, text, &found, &mut out);
            at = end;
        }
        out.push_str(text.get(at..).unwrap_or_default());
        out
    }

    /// Returns the parts between the matches, with the groups between them, as .NET does.
    pub fn split(&self, text: &str, limit: usize) -> Vec<String> {
        let mut parts = Vec::new();
        let mut at = 0;
        let cuts = if limit == 0 { usize::MAX } else { limit - 1 };
        for found in self.find_all(text, cuts) {
            let (start, end) = found.range();
            parts.push(text.get(at..start).unwrap_or_default().to_owned());
            for group in found.groups.iter().skip(1).flatten() {
                parts.push(text.get(group.0..group.1).unwrap_or_default().to_owned());
            }
            at = end;
        }
        parts.push(text.get(at..).unwrap_or_default().to_owned());
        parts
    }
}

/// Stands for `$` and `\Z` until it is known whether the text ends in a line end.
const END: &str = "\u{e000}";

struct Translation {
    chars: Vec<char>,
    at: usize,
    out: String,
    /// The names of the groups, in order. Empty for unnamed groups.
    names: Vec<String>,
    multiline: bool,
    explicit: bool,
    extended: bool,
}

fn translate(pattern: &str, options: i64) -> Result<(String, Vec<(String, usize)>), String> {
    let inline = |letter: char| {
        pattern.match_indices("(?").any(|(at, _)| {
            let flags: String = pattern
                .get(at + 2..)
                .unwrap_or_default()
                .chars()
                .take_while(char::is_ascii_alphabetic)
                .collect();
            flags.contains(letter)
        })
    };
    let mut t = Translation {
        chars: pattern.chars().collect(),
        at: 0,
        out: String::with_capacity(pattern.len() + 8),
        names: Vec::new(),
        multiline: options & MULTILINE != 0 || inline('m'),
        explicit: options & EXPLICIT_CAPTURE != 0 || inline('n'),
        extended: options & IGNORE_WHITE_SPACE != 0 || inline('x'),
    };
    t.run()?;
    let mut groups = vec![("0".to_owned(), 0)];
    let mut unnamed = 0;
    for (i, name) in t.names.iter().enumerate() {
        if name.is_empty() {
            unnamed += 1;
            groups.push((unnamed.to_string(), i + 1));
        }
    }
    for (i, name) in t.names.iter().enumerate() {
        if !name.is_empty() && !groups.iter().any(|(n, _)| n == name) {
            groups.push((name.clone(), i + 1));
        }
    }
    Ok((t.out, groups))
}

impl Translation {
    fn peek(&self, offset: usize) -> char {
        self.chars.get(self.at + offset).copied().unwrap_or('\0')
    }

    fn run(&mut self) -> Result<(), String> {
        while let Some(&c) = self.chars.get(self.at) {
            match c {
                '\\' => self.escape()?,
                '[' => self.class()?,
                '(' => self.group()?,
                '$' => {
                    self.at += 1;
                    self.out.push_str(if self.multiline { "$" } else { END });
                }
                '{' if !self.is_quantifier() => {
                    self.at += 1;
                    self.out.push_str("\\{");
                }
                '}' if !self.out_quantifier() => {
                    self.at += 1;
                    self.out.push_str("\\}");
                }
                '#' if self.extended => {
                    while self.at < self.chars.len() && self.peek(0) != '\n' {
                        self.at += 1;
                    }
                }
                other => {
                    self.at += 1;
                    self.out.push(other);
                }
            }
        }
        Ok(())
    }

    fn is_quantifier(&self) -> bool {
        let rest: String =
            self.chars.get(self.at + 1..).unwrap_or_default().iter().take_while(|c| **c != '}').collect();
        let closed = self.chars.get(self.at + 1 + rest.chars().count()) == Some(&'}');
        let (low, high) = rest.split_once(',').unwrap_or((&rest, ""));
        closed
            && !low.is_empty()
            && low.bytes().all(|b| b.is_ascii_digit())
            && high.bytes().all(|b| b.is_ascii_digit())
    }

    fn out_quantifier(&self) -> bool {
        let tail = self.out.rsplit('{').next().unwrap_or_default();
        self.out.contains('{')
            && !tail.is_empty()
            && tail.bytes().all(|b| b.is_ascii_digit() || b == b',')
            && !self.out.ends_with("\\{")
    }

    fn hex(&mut self, digits: usize) -> Result<(), String> {
        let text: String = self.chars.get(self.at..self.at + digits).unwrap_or_default().iter().collect();
        if text.len() != digits || u32::from_str_radix(&text, 16).is_err() {
            return Err("Insufficient hexadecimal digits".into());
        }
        self.out.push_str(&format!("\\x{{{text}}}"));
        self.at += digits;
        Ok(())
    }

    fn escape(&mut self) -> Result<(), String> {
        let c = self.peek(1);
        if self.at + 1 >= self.chars.len() {
            return Err("Illegal \\ at end of pattern".into());
        }
        self.at += 2;
        match c {
            'Z' => self.out.push_str(END),
            'e' => self.out.push_str("\\x1B"),
            'a' => self.out.push_str("\\x07"),
            'v' => self.out.push_str("\\x0B"),
            'h' => self.out.push('h'),
            'u' => self.hex(4)?,
            'x' if self.peek(0) != '{' => self.hex(2)?,
            'c' => {
                let control = (self.peek(0).to_ascii_uppercase() as u32) & 0x1f;
                self.at += 1;
                self.out.push_str(&format!("\\x{{{control:x}}}"));
            }
            '0' => {
                let digits: String = self
                    .chars
                    .get(self.at..)
                    .unwrap_or_default()
                    .iter()
                    .take(2)
                    .take_while(|c| c.is_digit(8))
                    .collect();
                self.at += digits.len();
                let code = u32::from_str_radix(&format!("0{digits}"), 8).unwrap_or(0);
                self.out.push_str(&format!("\\x{{{code:x}}}"));
            }
            'k' => self.backreference()?,
            'p' | 'P' if self.peek(0) == '{' => self.category(c)?,
            '1'..='9' => {
                self.out.push('\\');
                self.out.push(c);
                while self.peek(0).is_ascii_digit() && self.names.len() >= 10 {
                    self.out.push(self.peek(0));
                    self.at += 1;
                }
                // This stops a digit after it from becoming part of it.
                if self.peek(0).is_ascii_digit() {
                    self.out.push_str("(?:)");
                }
            }
            c if c.is_ascii_alphabetic() => {
                self.out.push('\\');
                self.out.push(c);
            }
            ' ' => self.out.push_str("\\x20"),
            '<' | '>' | '_' | '"' | '\'' | ',' | ':' | ';' | '=' | '!' | '@' | '%' | '`' | '/' => {
                self.out.push(c)
            }
            c if c.is_ascii() => {
                self.out.push('\\');
                self.out.push(c);
            }
            other => self.out.push(other),
        }
        Ok(())
    }

    fn backreference(&mut self) -> Result<(), String> {
        let close = match self.peek(0) {
            '<' => '>',
            '\'' => '\'',
            '{' => '}',
            _ => return Err("Malformed \\k<...> named back reference".into()),
        };
        let name: String =
            self.chars.get(self.at + 1..).unwrap_or_default().iter().take_while(|c| **c != close).collect();
        self.at += name.chars().count() + 2;
        if name.bytes().all(|b| b.is_ascii_digit()) {
            self.out.push_str(&format!("\\{name}"));
        } else {
            self.out.push_str(&format!("(?P={name})"));
        }
        Ok(())
    }

    fn category(&mut self, letter: char) -> Result<(), String> {
        let name: String =
            self.chars.get(self.at + 1..).unwrap_or_default().iter().take_while(|c| **c != '}').collect();
        self.at += name.chars().count() + 2;
        let block = match name.as_str() {
            "IsBasicLatin" => Some("\\x00-\\x7F"),
            "IsLatin-1Supplement" => Some("\\x80-\\xFF"),
            "IsLatinExtended-A" => Some("\\x{100}-\\x{17F}"),
            "IsGreek" | "IsGreekandCoptic" => Some("\\x{370}-\\x{3FF}"),
            "IsCyrillic" => Some("\\x{400}-\\x{4FF}"),
            "IsHebrew" => Some("\\x{590}-\\x{5FF}"),
            "IsArabic" => Some("\\x{600}-\\x{6FF}"),
            "IsHiragana" => Some("\\x{3040}-\\x{309F}"),
            "IsKatakana" => Some("\\x{30A0}-\\x{30FF}"),
            "IsCJKUnifiedIdeographs" => Some("\\x{4E00}-\\x{9FFF}"),
            other if other.starts_with("Is") => return Err(format!("Unknown property '{other}'")),
            _ => None,
        };
        match block {
            Some(range) => {
                let not = if letter == 'P' { "^" } else { "" };
                self.out.push_str(&format!("[{not}{range}]"));
            }
            None => self.out.push_str(&format!("\\{letter}{{{name}}}")),
        }
        Ok(())
    }

    fn class(&mut self) -> Result<(), String> {
        self.at += 1;
        self.out.push('[');
        if self.peek(0) == '^' {
            self.at += 1;
            self.out.push('^');
        }
        let mut first = true;
        loop {
            let c = self.peek(0);
            if self.at >= self.chars.len() {
                return Err("Unterminated [] set".into());
            }
            match c {
                ']' if !first => {
                    self.at += 1;
                    self.out.push(']');
                    return Ok(());
                }
                ']' => {
                    self.at += 1;
                    self.out.push_str("\\]");
                }
                '-' if self.peek(1) == '[' && !first => {
                    self.at += 1;
                    self.out.push_str("--");
                    self.class()?;
                }
                '-' if first || self.peek(1) == ']' => {
                    self.at += 1;
                    self.out.push_str("\\-");
                }
                '[' if self.peek(1) == ':' && self.posix() => {}
                '[' | '&' | '~' => {
                    self.at += 1;
                    self.out.push('\\');
                    self.out.push(c);
                }
                '\\' if self.peek(1) == 'b' => {
                    self.at += 2;
                    self.out.push_str("\\x08");
                }
                '\\' if self.peek(1) == '-' || self.peek(1) == '#' => {
                    self.out.push('\\');
                    self.out.push(self.peek(1));
                    self.at += 2;
                }
                '\\' => self.escape()?,
                ' ' | '#' if self.extended => {
                    self.at += 1;
                    self.out.push('\\');
                    self.out.push(c);
                }
                other => {
                    self.at += 1;
                    self.out.push(other);
                }
            }
            first = false;
        }
    }

    fn posix(&self) -> bool {
        false
    }

    fn group(&mut self) -> Result<(), String> {
        if self.peek(1) != '?' {
            self.at += 1;
            if self.explicit {
                self.out.push_str("(?:");
            } else {
                self.names.push(String::new());
                self.out.push('(');
            }
            return Ok(());
        }
        match (self.peek(2), self.peek(3)) {
            ('#', _) => {
                while self.at < self.chars.len() && self.peek(0) != ')' {
                    self.at += 1;
                }
                self.at += 1;
            }
            ('<', '=' | '!') => {
                self.out.push_str(if self.peek(3) == '=' { "(?<=" } else { "(?<!" });
                self.at += 4;
            }
            ('<' | '\'', _) => {
                let close = if self.peek(2) == '<' { '>' } else { '\'' };
                let name: String = self
                    .chars
                    .get(self.at + 3..)
                    .unwrap_or_default()
                    .iter()
                    .take_while(|c| **c != close)
                    .collect();
                if name.contains('-') {
                    return Err("balancing groups are not supported here".into());
                }
                self.at += name.chars().count() + 4;
                if name.bytes().all(|b| b.is_ascii_digit()) {
                    self.names.push(name);
                    self.out.push('(');
                } else if self.names.contains(&name) {
                    return Err(format!("the group name '{name}' twice is not supported here"));
                } else {
                    self.out.push_str(&format!("(?P<{name}>"));
                    self.names.push(name);
                }
            }
            (c, _) if c.is_ascii_alphabetic() || c == '-' => {
                let flags: String = self
                    .chars
                    .get(self.at + 2..)
                    .unwrap_or_default()
                    .iter()
                    .take_while(|c| !matches!(c, ')' | ':'))
                    .collect();
                self.at += 2 + flags.chars().count();
                let kept: String = flags.chars().filter(|c| *c != 'n').collect();
                let close = self.peek(0);
                self.at += 1;
                match (kept.trim_end_matches('-'), close) {
                    ("", ')') => {}
                    ("", _) => self.out.push_str("(?:"),
                    (kept, close) => self.out.push_str(&format!("(?{kept}{close}")),
                }
            }
            _ => {
                self.out.push_str("(?");
                self.out.push(self.peek(2));
                self.at += 3;
            }
        }
        Ok(())
    }
}
