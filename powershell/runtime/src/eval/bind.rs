//! Binds arguments to parameters.

use super::Interp;
use super::validate::Validate as _;
use crate::types::{Ty, type_of};
use ps_syntax::Span;
use ps_syntax::ast::Arg;
use ps_syntax::symbol::{Sym, same};
use ps_value::error::{Category, Fault, Flow, R};
use ps_value::params::{ParamSpec, ParamTable};
use ps_value::types::NetType;
use ps_value::{Str, Value, text};

/// An argument whose value is known.
pub enum Given {
    Named { name: Str, value: Option<Value>, splatted: bool },
    Value(Value),
}

/// The call of a function, a script block or a script.
pub struct Call {
    /// The word that invokes it, as written.
    pub invoked: Str,
    pub given: Vec<Given>,
    /// Whether it runs in the scope of its caller.
    pub dot: bool,
    /// Whether it gets objects from a pipeline.
    pub piped: bool,
    pub span: Span,
}

impl Call {
    /// Returns a call by the host, with these arguments, in a scope of its own.
    pub fn of(given: Vec<Given>) -> Self {
        Self { invoked: "".into(), given, dot: false, piped: false, span: Span::default() }
    }
}

/// Bound arguments.
#[derive(Default, Clone)]
pub struct Bound {
    pub values: Vec<Option<Value>>,
    pub set: Option<Sym>,
    /// The values that no parameter takes; the values without a name until they are bound.
    pub rest: Vec<Value>,
    pub common: Common,
    /// Whether an argument set each parameter, so that the pipeline does not.
    pub given: Vec<bool>,
    /// The parameter sets that are still possible.
    pub sets: Vec<Sym>,
    /// A parameter that does not exist.
    pub unknown: Option<Str>,
}

/// The parameters that every cmdlet and advanced function has.
#[derive(Default, Clone)]
pub struct Common {
    pub error_action: Option<Str>,
    pub warning_action: Option<Str>,
    pub information_action: Option<Str>,
    pub verbose: Option<bool>,
    pub debug: Option<bool>,
    pub what_if: Option<bool>,
    pub confirm: Option<bool>,
    pub error_variable: Option<Str>,
    pub warning_variable: Option<Str>,
    pub information_variable: Option<Str>,
    pub out_variable: Option<Str>,
    pub pipeline_variable: Option<Str>,
}

pub(super) const COMMON: [(&str, &str); 15] = [
    ("ErrorAction", "ea"),
    ("WarningAction", "wa"),
    ("InformationAction", "infa"),
    ("Verbose", "vb"),
    ("Debug", "db"),
    ("ErrorVariable", "ev"),
    ("WarningVariable", "wv"),
    ("InformationVariable", "iv"),
    ("OutVariable", "ov"),
    ("OutBuffer", "ob"),
    ("PipelineVariable", "pv"),
    ("WhatIf", "wi"),
    ("Confirm", "cf"),
    ("ProgressAction", "proga"),
    ("UseTransaction", "usetx"),
];

impl Bound {
    pub fn get(&self, table: &ParamTable, name: &str) -> Option<&Value> {
        let at = table.params.iter().position(|p| same(&p.name, name))?;
        self.values.get(at)?.as_ref()
    }
}

pub(super) fn binding(id: &str, message: String) -> Fault {
    Fault::new(NetType::ParameterBindingException, id, Category::InvalidArgument, message)
}

impl Interp {
    /// Evaluates the arguments of a command.
    pub fn gather(&mut self, args: &[Arg]) -> R<Vec<Given>> {
        let mut given = Vec::with_capacity(args.len());
        for arg in args {
            match arg {
                Arg::Named { name, value, .. } => {
                    let value = value.as_ref().map(|v| self.eval(v)).transpose()?;
                    given.push(Given::Named { name: name.clone(), value, splatted: false });
                }
                Arg::Value(expr) => {
                    let value = match self.eval(expr)? {
                        Value::Void => Value::Null,
                        value => value,
                    };
                    given.push(Given::Value(value));
                }
                Arg::Splat(var, _) => {
                    let value = self.variable(var)?;
                    self.splat(&value, &mut given);
                }
                Arg::EndOfParameters => {}
            }
        }
        Ok(given)
    }

    fn splat(&mut self, value: &Value, given: &mut Vec<Given>) {
        match value.base() {
            Value::Dict(dict) if !dict.is_set() => {
                for (key, value) in dict.pairs() {
                    given.push(Given::Named { name: text(&key).into(), value: Some(value), splatted: true });
                }
            }
            Value::Null | Value::Void => {}
            Value::Str(_) => given.push(Given::Value(value.clone())),
            other => {
                for item in self.enumerate(other) {
                    // An item of `@args` may have been a parameter.
                    if let Value::Ext(ext) = &item
                        && let Some(name) = ext.text.as_ref().and_then(|t| t.strip_prefix("\u{1}-"))
                    {
                        given.push(Given::Named { name: name.into(), value: None, splatted: false });
                        continue;
                    }
                    given.push(Given::Value(item));
                }
            }
        }
    }

    /// Binds everything except the pipeline input.
    pub fn bind(&mut self, table: &ParamTable, given: Vec<Given>, command: &str, piped: bool) -> R<Bound> {
        let count = table.params.len();
        let mut bound = Bound {
            values: vec![None; count],
            given: vec![false; count],
            sets: table.sets(),
            ..Bound::default()
        };
        let mut given = given.into_iter().peekable();
        let mut splats = Vec::new();
        while let Some(arg) = given.next() {
            match arg {
                Given::Value(value) => bound.rest.push(value),
                Given::Named { name, value, splatted: true } => splats.push((name, value)),
                Given::Named { name, value, .. } => {
                    let mut next = || match given.peek() {
                        Some(Given::Value(_)) => match given.next() {
                            Some(Given::Value(value)) => Some(value),
                            _ => None,
                        },
                        _ => None,
                    };
                    self.bind_named(table, &mut bound, &name, value, &mut next)?;
                }
            }
        }
        for (name, value) in splats {
            // A named argument takes precedence over a splatted one.
            if let Some(at) = table.find(&name)
                && bound.given.get(at) == Some(&true)
            {
                return binding("ParameterAlreadyBound", already_bound(&name)).raise();
            }
            self.bind_named(table, &mut bound, &name, value, &mut || None)?;
        }
        self.default_values(table, &mut bound, command)?;
        self.bind_positional(table, &mut bound)?;
        if let Some(name) = &bound.unknown {
            return binding(
                "NamedParameterNotFound",
                format!("A parameter cannot be found that matches parameter name '{name}'."),
            )
            .raise();
        }
        self.narrow_sets(table, &mut bound, piped)?;
        if !piped {
            self.check_mandatory(table, &bound)?;
        }
        Ok(bound)
    }

    fn bind_named(
        &mut self,
        table: &ParamTable,
        bound: &mut Bound,
        name: &str,
        value: Option<Value>,
        next: &mut dyn FnMut() -> Option<Value>,
    ) -> R<()> {
        let found = match Self::find_parameter(table, name)? {
            Some(Hit::Param(at)) => at,
            Some(Hit::Common(common)) => {
                let is_switch = matches!(common, "Verbose" | "Debug" | "WhatIf" | "Confirm");
                let value = match value {
                    Some(value) => value,
                    None if is_switch => Value::Bool(true),
                    None => match next() {
                        Some(value) => value,
                        None => return binding("MissingArgument", format!("Missing an argument for parameter '{common}'. Specify a parameter of type 'System.String' and try again.")).raise(),
                    },
                };
                return self.set_common(&mut bound.common, common, &value);
            }
            None if table.advanced => {
                if table
                    .params
                    .iter()
                    .enumerate()
                    .any(|(at, p)| p.sets.iter().any(|s| s.rest) && bound.given.get(at) == Some(&false))
                {
                    bound.rest.push(Value::from(format!("-{name}")));
                    bound.rest.extend(value);
                    return Ok(());
                }
                // Report this only after the rest is bound, because an error there comes first.
                bound.unknown = Some(name.into());
                if value.is_none() {
                    next();
                }
                return Ok(());
            }
            None => {
                // A simple function treats unknown parameters as arguments.
                bound.rest.push(Value::with_text(
                    Value::from(format!("-{name}")),
                    format!("\u{1}-{name}").as_str().into(),
                ));
                bound.rest.extend(value);
                return Ok(());
            }
        };
        let Some(spec) = table.params.get(found) else { return Ok(()) };
        if bound.given.get(found) == Some(&true) {
            return binding("ParameterAlreadyBound", already_bound(&spec.name)).raise();
        }
        let value = match value {
            Some(value) => value,
            None if spec.is_switch => Value::Bool(true),
            None => match next() {
                Some(value) => value,
                None => {
                    let ty = spec.ty.as_ref().map_or(NetType::Object.to_string(), Ty::full_name);
                    return binding("MissingArgument", format!("Missing an argument for parameter '{}'. Specify a parameter of type '{ty}' and try again.", spec.name)).raise();
                }
            },
        };
        self.give(table, bound, found, &value)
    }

    pub fn find_parameter(table: &ParamTable, name: &str) -> R<Option<Hit>> {
        if let Some(at) = table.find(name) {
            return Ok(Some(Hit::Param(at)));
        }
        let starts = |own: &str| own.get(..name.len()).is_some_and(|s| same(s, name));
        let mut hits: Vec<usize> = Vec::new();
        for (at, spec) in table.params.iter().enumerate() {
            if starts(&spec.name) || spec.aliases.iter().any(|a| starts(a)) {
                hits.push(at);
            }
        }
        if table.advanced {
            let exact = COMMON.iter().find(|(long, short)| same(long, name) || same(short, name));
            if let Some((long, _)) = exact {
                return Ok(Some(Hit::Common(long)));
            }
            if hits.is_empty() {
                let mut common = COMMON.iter().filter(|(long, _)| starts(long));
                if let (Some((long, _)), None) = (common.next(), common.next()) {
                    return Ok(Some(Hit::Common(long)));
                }
            }
        }
        match hits.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(Hit::Param(*one))),
            many => {
                let names: Vec<String> = many
                    .iter()
                    .filter_map(|at| table.params.get(*at))
                    .map(|p| format!("-{}", p.name))
                    .collect();
                binding("AmbiguousParameter", format!("Parameter cannot be processed because the parameter name '{name}' is ambiguous. Possible matches include: {}.", names.join(" "))).raise()
            }
        }
    }

    pub(crate) fn set_common(&mut self, common: &mut Common, name: &str, value: &Value) -> R<()> {
        let word: Str = text(value).into();
        match name {
            "ErrorAction" | "WarningAction" | "InformationAction" => {
                let preference = self.convert(value, &NetType::ActionPreference.ty())?;
                let word: Str = text(&preference).into();
                match name {
                    "ErrorAction" => common.error_action = Some(word),
                    "WarningAction" => common.warning_action = Some(word),
                    _ => common.information_action = Some(word),
                }
            }
            "Verbose" => common.verbose = Some(value.truth()),
            "Debug" => common.debug = Some(value.truth()),
            "WhatIf" => common.what_if = Some(value.truth()),
            "Confirm" => common.confirm = Some(value.truth()),
            "ErrorVariable" => common.error_variable = Some(word),
            "WarningVariable" => common.warning_variable = Some(word),
            "InformationVariable" => common.information_variable = Some(word),
            "OutVariable" => common.out_variable = Some(word),
            "PipelineVariable" => common.pipeline_variable = Some(word),
            _ => {}
        }
        Ok(())
    }

    /// Sets a parameter to a converted and validated value.
    pub fn give(&mut self, table: &ParamTable, bound: &mut Bound, at: usize, value: &Value) -> R<()> {
        let Some(spec) = table.params.get(at) else { return Ok(()) };
        let value = self.coerce(table, spec, value)?;
        if let Some(place) = bound.values.get_mut(at) {
            *place = Some(value);
        }
        if let Some(place) = bound.given.get_mut(at) {
            *place = true;
        }
        bound.sets.retain(|set| spec.belongs(*set));
        Ok(())
    }

    /// Converts a value to the type of a parameter.
    pub fn coerce(&mut self, table: &ParamTable, spec: &ParamSpec, value: &Value) -> R<Value> {
        let converted = if spec.is_switch {
            match value.base() {
                Value::Bool(_) | Value::Switch(_) => Value::Switch(value.truth()),
                number if number.is_number() => Value::Switch(value.truth()),
                other => {
                    let message = format!(
                        "Cannot convert value \"{}\" to type \"System.Management.Automation.SwitchParameter\". Boolean parameters accept only Boolean values and numbers, such as $True, $False, 1 or 0.",
                        type_of(other).full_name()
                    );
                    return self.transformation(table, spec, &message);
                }
            }
        } else if let Some(ty) = &spec.ty {
            if let (true, false) = (value.is_null(), ty.is_value_type() || ty.is(NetType::String)) {
                Value::Null
            } else if ty.is(NetType::Boolean) && matches!(value.base(), Value::Str(_)) {
                let message = format!(
                    "Cannot convert value \"{}\" to type \"System.Boolean\". Boolean parameters accept only Boolean values and numbers, such as $True, $False, 1 or 0.",
                    type_of(value).full_name()
                );
                return self.transformation(table, spec, &message);
            } else if let Value::Block(_) = value.base()
                && table.is_cmdlet
                && ty.is(NetType::String)
            {
                value.clone()
            } else if ty.is(NetType::String) && matches!(value.base(), Value::Array(_) | Value::List(_)) {
                if value.items().is_some_and(|i| i.len() > 1) || table.is_cmdlet {
                    return self.transformation(table, spec, "Cannot convert value to type System.String.");
                }
                self.convert(value, ty)?
            } else {
                match self.convert(value, ty) {
                    Ok(value) => value,
                    Err(flow) => match &*flow {
                        Flow::Error(record) => {
                            let message = record.message().to_string();
                            return self.transformation(table, spec, &message);
                        }
                        _ => return Err(flow),
                    },
                }
            }
        } else {
            value.clone()
        };
        self.validate(spec, &converted)?;
        Ok(converted)
    }

    fn transformation<T>(&mut self, table: &ParamTable, spec: &ParamSpec, why: &str) -> R<T> {
        if table.is_cmdlet {
            let id = if why.starts_with("Cannot convert value to") {
                "CannotConvertArgument"
            } else {
                "CannotConvertArgumentNoMessage"
            };
            let message = format!("Cannot bind parameter '{}'. {why}", spec.name);
            return binding(id, message).raise();
        }
        let message = format!("Cannot process argument transformation on parameter '{}'. {why}", spec.name);
        Fault::new(
            NetType::ParameterBindingArgumentTransformationException,
            "ParameterArgumentTransformationError",
            Category::InvalidData,
            message,
        )
        .raise()
    }

    fn validate(&mut self, spec: &ParamSpec, value: &Value) -> R<()> {
        let mandatory = spec.sets.iter().any(|s| s.mandatory);
        let fails = |id: &str, why: &str| {
            let message = format!("Cannot bind argument to parameter '{}' because it is {why}.", spec.name);
            Fault::new(NetType::ParameterBindingValidationException, id, Category::InvalidData, message)
        };
        if mandatory {
            if value.is_null() && !spec.allow_null {
                return fails("ParameterArgumentValidationErrorNullNotAllowed", "null").raise();
            }
            match value.base() {
                Value::Str(text)
                    if text.is_empty()
                        && !spec.allow_empty
                        && spec.ty.as_ref().is_some_and(|t| t.is(NetType::String)) =>
                {
                    return fails("ParameterArgumentValidationErrorEmptyStringNotAllowed", "an empty string")
                        .raise();
                }
                Value::Array(array) if !spec.allow_empty && matches!(spec.ty, Some(Ty::Array(..))) => {
                    if array.items.borrow().is_empty() {
                        return fails(
                            "ParameterArgumentValidationErrorEmptyArrayNotAllowed",
                            "an empty array",
                        )
                        .raise();
                    }
                    let strings =
                        spec.ty.as_ref().and_then(Ty::element).is_some_and(|t| t.is(NetType::String));
                    if strings && array.items.borrow().iter().any(|v| v.as_str().is_some_and(str::is_empty)) {
                        return fails(
                            "ParameterArgumentValidationErrorEmptyStringNotAllowed",
                            "an empty string",
                        )
                        .raise();
                    }
                }
                _ => {}
            }
        }
        for validator in spec.validators.clone() {
            if let Err(why) = validator.check(self, value)? {
                let message = format!("Cannot validate argument on parameter '{}'. {why}", spec.name);
                return Fault::new(
                    NetType::ParameterBindingValidationException,
                    "ParameterArgumentValidationError",
                    Category::InvalidData,
                    message,
                )
                .raise();
            }
        }
        Ok(())
    }

    /// Returns whether a value already has the type of a parameter.
    fn fits(&mut self, spec: &ParamSpec, value: &Value) -> bool {
        let not = |v: &std::rc::Rc<ps_value::validate::Validator>| {
            matches!(**v, ps_value::validate::Validator::Not(_))
        };
        if spec.validators.iter().any(not) && self.validate(spec, value).is_err() {
            return false;
        }
        match &spec.ty {
            None => !spec.is_switch,
            Some(ty) if *ty == NetType::Object.ty() => true,
            Some(ty) => {
                self.value_is(value, ty)
                    || ty.element().is_some_and(|element| {
                        element == NetType::Object.ty() || self.value_is(value, &element)
                    })
            }
        }
    }

    fn bind_positional(&mut self, table: &ParamTable, bound: &mut Bound) -> R<()> {
        let mut values = std::mem::take(&mut bound.rest).into_iter();
        let mut left = Vec::new();
        while let Some(value) = values.next() {
            let is_name = matches!(&value, Value::Ext(ext) if ext.text.as_ref().is_some_and(|t| t.starts_with('\u{1}')));
            let places = if is_name { Vec::new() } else { next_places(table, bound) };
            let exact = places
                .iter()
                .copied()
                .find(|at| table.params.get(*at).is_some_and(|spec| self.fits(spec, &value)));
            match exact.or(places.first().copied()) {
                Some(at) => match self.give(table, bound, at, &value) {
                    Ok(()) => {}
                    Err(flow) => {
                        let other = places
                            .iter()
                            .copied()
                            .filter(|other| *other != at)
                            .find(|other| self.give(table, bound, *other, &value).is_ok());
                        if other.is_none() {
                            return Err(flow);
                        }
                    }
                },
                None => {
                    left.push(value);
                    if is_name {
                        left.extend(values.next());
                    }
                }
            }
        }
        self.bind_rest(table, bound, left)
    }

    /// Binds the values that no parameter takes by its position.
    fn bind_rest(&mut self, table: &ParamTable, bound: &mut Bound, mut left: Vec<Value>) -> R<()> {
        // The bound parameters decide which sets are left, and so which parameter takes the rest.
        let takes_rest = |(at, spec): (usize, &ParamSpec)| {
            bound.given.get(at) == Some(&false)
                && spec.sets.iter().any(|s| s.rest && s.set.is_none_or(|own| bound.sets.contains(&own)))
        };
        let rest_at = table.params.iter().enumerate().position(takes_rest);
        if let (Some(at), false) = (rest_at, left.is_empty()) {
            let values = if left.len() == 1 && matches!(left.first().map(Value::base), Some(Value::Array(_)))
            {
                left.pop().unwrap_or_default()
            } else {
                Value::array(left)
            };
            return self.give(table, bound, at, &values);
        }
        if let (true, Some(first)) = (table.advanced, left.first()) {
            let shown = self.to_text(first);
            return binding(
                "PositionalParameterNotFound",
                format!("A positional parameter cannot be found that accepts argument '{shown}'."),
            )
            .raise();
        }
        bound.rest = left;
        Ok(())
    }
}

/// Returns the next parameters by position, those of the default set first.
fn next_places(table: &ParamTable, bound: &Bound) -> Vec<usize> {
    let mut best: Vec<(i32, usize)> = Vec::new();
    for (at, spec) in table.params.iter().enumerate() {
        if bound.given.get(at) == Some(&true) {
            continue;
        }
        for set in spec.sets.iter().filter(|s| !s.rest) {
            let possible = set.set.is_none_or(|own| bound.sets.contains(&own));
            // If several sets remain, those of the default come first.
            let rank =
                i32::from(set.set.is_some() && table.default_set.is_some() && set.set != table.default_set);
            if let (true, Some(position)) = (possible, set.position) {
                best.push((position * 2 + rank, at));
            }
        }
    }
    best.sort_unstable();
    let first = best.first().map(|(key, _)| key / 2);
    best.retain(|(key, _)| Some(key / 2) == first);
    best.dedup_by_key(|(_, at)| *at);
    best.into_iter().map(|(_, at)| at).collect()
}

pub enum Hit {
    Param(usize),
    Common(&'static str),
}

pub(super) fn ambiguous() -> Fault {
    binding("AmbiguousParameterSet", "Parameter set cannot be resolved using the specified named parameters. One or more parameters issued cannot be used together or an insufficient number of parameters were provided.".into())
}

fn already_bound(name: &str) -> String {
    format!(
        "Cannot bind parameter because parameter '{name}' is specified more than once. To provide multiple values to parameters that can accept multiple values, use the array syntax. For example, \"-parameter value1,value2,value3\"."
    )
}
