//! Validation attributes of parameters, variables and properties.

use std::rc::Rc;

use ps_syntax::ast::{Attribute, ExprKind};
use ps_value::block::ScriptBlock;
use ps_value::error::R;
use ps_value::validate::Validator;
use ps_value::{Value, text};

use super::Interp;

/// The parts of a validator that need the interpreter.
pub(crate) trait Validate: Sized {
    fn of(it: &mut Interp, attribute: &Attribute) -> R<Option<Self>>;
    fn check(&self, it: &mut Interp, value: &Value) -> R<Result<(), String>>;
    fn check_one(&self, it: &mut Interp, value: &Value) -> R<Result<(), String>>;
}

impl Validate for Validator {
    /// Returns the validator of an attribute, if it is one.
    fn of(it: &mut Interp, attribute: &Attribute) -> R<Option<Self>> {
        let name = attribute.name.name.to_ascii_lowercase();
        let name = name.strip_suffix("attribute").unwrap_or(&name);
        if !name.starts_with("validate") {
            return Ok(None);
        }
        let mut args = Vec::new();
        for arg in &attribute.args {
            args.push(it.eval(arg)?);
        }
        let number = |i: usize| args.get(i).and_then(Value::as_integer).map_or(0, |v| v.max(0) as usize);
        Ok(Some(match name {
            "validateset" => {
                let mut case = false;
                for (name, value) in &attribute.named {
                    if ps_syntax::symbol::same(name, "IgnoreCase")
                        && let Some(value) = value
                    {
                        case = !it.eval(value)?.truth();
                    }
                }
                Self::Set(args.iter().flat_map(ps_value::text::strings_of).collect(), case)
            }
            "validaterange" => match (args.first(), args.get(1)) {
                (Some(low), Some(high)) => Self::Range(low.clone(), high.clone()),
                (Some(kind), None) => Self::RangeKind(text(kind).into()),
                _ => return Ok(None),
            },
            "validatepattern" => {
                let pattern = args.first().map(text).unwrap_or_default();
                let regex = it.regex(&pattern, ps_value::regex::IGNORE_CASE)?;
                Self::Pattern(pattern.into(), regex)
            }
            "validatelength" => Self::Length(number(0), number(1)),
            "validatecount" => Self::Count(number(0), number(1)),
            "validatescript" => match attribute.args.first().map(|a| &a.kind) {
                Some(ExprKind::Block(block)) => Self::Script(ScriptBlock::bound(block.clone(), it.session())),
                _ => return Ok(None),
            },
            "validatenotnull" => Self::NotNull,
            "validatenotnullorempty" | "validatenotnullorwhitespace" => Self::NotNullOrEmpty,
            _ => Self::Drive,
        }))
    }

    /// Checks a value, or each item of an array. The text describes the problem.
    fn check(&self, it: &mut Interp, value: &Value) -> R<Result<(), String>> {
        match self {
            Self::NotNull => Ok(if value.is_null() {
                Err("The argument is null. Provide a valid value for the argument, and then try running the command again.".into())
            } else {
                Ok(())
            }),
            Self::NotNullOrEmpty => Ok(not_empty(value)),
            Self::Count(low, high) => {
                let count = value.to_items().len();
                Ok(if count < *low || count > *high {
                    Err(format!(
                        "The parameter requires at least {low} value(s) and no more than {high} value(s) - {count} value(s) were provided."
                    ))
                } else {
                    Ok(())
                })
            }
            Self::Drive => Ok(Ok(())),
            _ => {
                let items = match value.base() {
                    Value::Array(_) | Value::List(_) => value.items().unwrap_or_default(),
                    _ => vec![value.clone()],
                };
                for item in items {
                    if let Err(why) = self.check_one(it, &item)? {
                        return Ok(Err(why));
                    }
                }
                Ok(Ok(()))
            }
        }
    }

    fn check_one(&self, it: &mut Interp, value: &Value) -> R<Result<(), String>> {
        let shown = it.to_text(value);
        Ok(match self {
            Self::Set(names, case) => {
                let found = names
                    .iter()
                    .any(|n| if *case { **n == *shown } else { ps_syntax::symbol::same(n, &shown) });
                if found {
                    Ok(())
                } else {
                    let names: Vec<&str> = names.iter().map(|n| &**n).collect();
                    Err(format!(
                        "The argument \"{shown}\" does not belong to the set \"{}\" specified by the ValidateSet attribute. Supply an argument that is in the set and then try the command again.",
                        names.join(",")
                    ))
                }
            }
            Self::Not(names) => {
                if names.iter().any(|name| ps_syntax::symbol::same(name, &shown)) {
                    Err(format!("The name \"{shown}\" is that of a kind of member."))
                } else {
                    Ok(())
                }
            }
            Self::Range(low, high) => in_range(it, value, &shown, low, high),
            Self::RangeKind(kind) => of_kind(value, &shown, kind),
            Self::Pattern(pattern, regex) => {
                if regex.is_match(&shown) {
                    Ok(())
                } else {
                    Err(format!(
                        "The argument \"{shown}\" does not match the \"{pattern}\" pattern. Supply an argument that matches \"{pattern}\" and try the command again."
                    ))
                }
            }
            Self::Length(low, high) => of_length(&shown, *low, *high),
            Self::Script(block) => return passes(it, block, value, &shown),
            _ => Ok(()),
        })
    }
}

/// Checks `ValidateRange` with two bounds.
fn in_range(it: &mut Interp, value: &Value, shown: &str, low: &Value, high: &Value) -> Result<(), String> {
    let below = it.ordered(value, low, false).ok().flatten().is_none_or(|o| o.is_lt());
    let above = it.ordered(value, high, false).ok().flatten().is_none_or(|o| o.is_gt());
    if below {
        Err(format!(
            "The {shown} argument is less than the minimum allowed range of {0}. Supply an argument that is greater than or equal to {0} and then try the command again.",
            text(low)
        ))
    } else if above {
        Err(format!(
            "The {shown} argument is greater than the maximum allowed range of {0}. Supply an argument that is less than or equal to {0} and then try the command again.",
            text(high)
        ))
    } else {
        Ok(())
    }
}

/// Checks `ValidateRange` with a kind of numbers.
fn of_kind(value: &Value, shown: &str, kind: &str) -> Result<(), String> {
    let number = value.as_double().unwrap_or(0.0);
    let kind = kind.to_ascii_lowercase();
    let (fits, word) = match kind.as_str() {
        "positive" => (number > 0.0, "greater than zero"),
        "negative" => (number < 0.0, "less than zero"),
        "nonnegative" => (number >= 0.0, "greater than or equal to zero"),
        _ => (number <= 0.0, "less than or equal to zero"),
    };
    if fits {
        Ok(())
    } else {
        Err(format!("The argument \"{shown}\" cannot be validated because its value is not {word}."))
    }
}

/// Checks `ValidateLength`.
fn of_length(shown: &str, low: usize, high: usize) -> Result<(), String> {
    let length = ps_value::text::utf16_len(shown);
    if length < low {
        Err(format!(
            "The character length ({length}) of the argument is too short. Specify an argument with a length that is greater than or equal to \"{low}\", and then try the command again."
        ))
    } else if length > high {
        Err(format!(
            "The character length of the {length} argument is too long. Shorten the character length of the argument so it is fewer than or equal to \"{high}\" characters, and then try the command again."
        ))
    } else {
        Ok(())
    }
}

/// Checks `ValidateScript`: whether the block returns a true value.
fn passes(it: &mut Interp, block: &Rc<ScriptBlock>, value: &Value, shown: &str) -> R<Result<(), String>> {
    let scope = super::Scope::new(Some(it.scope.clone()), false);
    scope.put_str("_", value.clone());
    let out = super::Collector::default();
    it.tries += 1;
    let result = it.within(scope, |it| it.run_block(block, &out));
    it.tries -= 1;
    if let Err(flow) = result {
        return match &*flow {
            ps_value::error::Flow::Error(record) => Ok(Err(record.text())),
            ps_value::error::Flow::Return => Ok(Ok(())),
            _ => Err(flow),
        };
    }
    Ok(if out.into_value().truth() {
        Ok(())
    } else {
        Err(format!(
            "The \"{}\" validation script for the argument with value \"{shown}\" did not return a result of True. Determine why the validation script failed, and then try the command again.",
            block.text()
        ))
    })
}

fn not_empty(value: &Value) -> Result<(), String> {
    let empty = match value.base() {
        Value::Null | Value::Void => true,
        Value::Str(text) => text.is_empty(),
        Value::Array(_) | Value::List(_) => {
            let items = value.items().unwrap_or_default();
            if !items.is_empty() && items.iter().any(|i| i.is_null() || i.as_str().is_some_and(str::is_empty))
            {
                return Err("The argument is null, empty, or an element of the argument collection contains a null value. Supply a collection that does not contain any null values and then try the command again.".into());
            }
            items.is_empty()
        }
        Value::Dict(dict) => dict.is_empty(),
        _ => false,
    };
    if empty {
        Err("The argument is null or empty. Provide an argument that is not null or empty, and then try the command again.".into())
    } else {
        Ok(())
    }
}
