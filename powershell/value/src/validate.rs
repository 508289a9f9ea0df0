//! Validation attributes of parameters, variables and properties.

use std::rc::Rc;

use super::block::ScriptBlock;
use super::regex::Regex;
use crate::{Str, Value};

pub enum Validator {
    Set(Vec<Str>, bool),
    /// None of these names, which another parameter at the same position takes.
    Not(Vec<Str>),
    Range(Value, Value),
    /// `Positive`, `NonNegative`, `Negative`, `NonPositive`.
    RangeKind(Str),
    Pattern(Str, Rc<Regex>),
    Length(usize, usize),
    Count(usize, usize),
    Script(Rc<ScriptBlock>),
    NotNull,
    NotNullOrEmpty,
    Drive,
}
