//! A cache of compiled regular expressions.

use std::rc::Rc;

use ps_syntax::symbol::Map;
use ps_value::Value;
use ps_value::error::{self, Category, Fault, R};
use ps_value::net::Net;
use ps_value::regex::{IGNORE_CASE, Regex};
use ps_value::types::NetType;

use super::Interp;

/// The cache by options, then by pattern.
pub(crate) type Cache = Map<i64, Map<String, Rc<Regex>>>;

impl Interp {
    /// Returns a compiled pattern from the cache.
    pub fn regex(&mut self, pattern: &str, options: i64) -> R<Rc<Regex>> {
        let known = self.regexes.entry(options).or_default();
        if let Some(found) = known.get(pattern) {
            return Ok(found.clone());
        }
        match Regex::new(pattern, options) {
            Ok(regex) => {
                let regex = Rc::new(regex);
                if known.len() > 500 {
                    known.clear();
                }
                known.insert(pattern.to_owned(), regex.clone());
                Ok(regex)
            }
            Err(why) => {
                let message = format!("Invalid pattern '{pattern}' at offset 0. {why}.");
                error::net(NetType::RegexParseException, message)
            }
        }
    }

    /// Returns the pattern of an operator: a text, or a `[regex]`.
    pub fn regex_of(&mut self, value: &Value, case: bool) -> R<Rc<Regex>> {
        if let Value::Net(net) = value.base()
            && let Net::Regex(regex) = &**net
        {
            return Ok(regex.clone());
        }
        let pattern = self.to_text(value);
        match self.regex(&pattern, if case { 0 } else { IGNORE_CASE }) {
            Ok(regex) => Ok(regex),
            Err(flow) => {
                let error::Flow::Error(record) = &*flow else { return Err(flow) };
                let message = format!("The regular expression pattern {pattern} is not valid.");
                Fault::new(
                    NetType::RuntimeException,
                    "InvalidRegularExpression",
                    Category::InvalidOperation,
                    message,
                )
                .of(pattern)
                .because(record.exception.clone())
                .raise()
            }
        }
    }
}
