//! Binds the objects of a pipeline, and selects parameter sets.

use ps_value::types::NetType;
use std::rc::Rc;

use super::Interp;
use super::bind::{Bound, COMMON, ambiguous, binding};
use ps_syntax::symbol::{Sym, same};
use ps_value::error::{Flow, R};
use ps_value::params::ParamTable;
use ps_value::{Dict, DictKind, Value, text};

impl Interp {
    /// Applies `$PSDefaultParameterValues`.
    pub(crate) fn default_values(&mut self, table: &ParamTable, bound: &mut Bound, command: &str) -> R<()> {
        if !table.advanced {
            return Ok(());
        }
        let Some(Value::Dict(defaults)) = self.lookup(Sym::of("PSDefaultParameterValues")) else {
            return Ok(());
        };
        if defaults.is_empty() {
            return Ok(());
        }
        for (key, value) in defaults.pairs() {
            let key = text(&key);
            let Some((pattern, name)) = key.split_once(':') else { continue };
            if !super::operators::Wildcard::new(pattern, false).matches(command) {
                continue;
            }
            let value = match value.base() {
                Value::Block(block) => {
                    let out = super::Collector::default();
                    self.run_block(&block.clone(), &out)?;
                    out.into_value()
                }
                _ => value,
            };
            match table.find(name) {
                Some(at) if bound.given.get(at) == Some(&false) => self.give(table, bound, at, &value)?,
                Some(_) => {}
                None => {
                    if let Some((long, _)) = COMMON.iter().find(|(long, _)| same(long, name)) {
                        self.set_common(&mut bound.common, long, &value)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Selects the parameter set, as far as the arguments determine it.
    pub(crate) fn narrow_sets(&mut self, table: &ParamTable, bound: &mut Bound, piped: bool) -> R<()> {
        let all = table.sets();
        if all.is_empty() {
            return Ok(());
        }
        if bound.sets.is_empty() {
            return ambiguous().raise();
        }
        if bound.sets.len() > 1 {
            if let Some(default) = table.default_set.filter(|d| {
                bound.sets.contains(d)
                    && (self.complete(table, bound, *d)
                        || !bound.sets.iter().any(|s| self.complete(table, bound, *s)))
            }) {
                // The pipeline may still determine it.
                let takes = |set: Sym| {
                    table.params.iter().enumerate().any(|(at, p)| {
                        bound.given.get(at) == Some(&false)
                            && p.sets
                                .iter()
                                .any(|s| (s.pipe || s.by_name) && (s.set.is_none() || s.set == Some(set)))
                    })
                };
                if !piped || self.complete(table, bound, default) && takes(default) {
                    bound.set = Some(default);
                }
                return Ok(());
            }
            let complete: Vec<Sym> =
                bound.sets.iter().copied().filter(|set| self.complete(table, bound, *set)).collect();
            if piped {
                return Ok(());
            }
            match complete.as_slice() {
                [one] => bound.set = Some(*one),
                [] => {
                    bound.set = table
                        .default_set
                        .or(bound.sets.first().copied())
                        .filter(|_| bound.sets.len() == 1 || table.default_set.is_some())
                }
                many => {
                    // The arguments do not distinguish the sets.
                    bound.set = many.first().copied();
                }
            }
            if bound.set.is_none() {
                return ambiguous().raise();
            }
            return Ok(());
        }
        bound.set = bound.sets.first().copied();
        Ok(())
    }

    fn complete(&self, table: &ParamTable, bound: &Bound, set: Sym) -> bool {
        table.params.iter().enumerate().all(|(at, spec)| {
            let needs = spec.sets.iter().any(|s| s.mandatory && (s.set.is_none() || s.set == Some(set)));
            !needs || bound.given.get(at) == Some(&true)
        })
    }

    pub fn check_mandatory(&mut self, table: &ParamTable, bound: &Bound) -> R<()> {
        let mut missing = Vec::new();
        for (at, spec) in table.params.iter().enumerate() {
            let needs = spec.sets.iter().any(|s| s.mandatory && (s.set.is_none() || s.set == bound.set));
            if needs && bound.given.get(at) != Some(&true) {
                missing.push(spec.name.to_string());
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        binding(
            "MissingMandatoryParameter",
            format!(
                "Cannot process command because of one or more missing mandatory parameters: {}.",
                missing.join(" ")
            ),
        )
        .raise()
    }

    /// Returns whether a pipeline can still supply missing parameters.
    pub fn takes_input(&self, table: &ParamTable, bound: &Bound) -> bool {
        table.params.iter().enumerate().any(|(at, spec)| {
            bound.given.get(at) != Some(&true) && spec.sets.iter().any(|s| s.pipe || s.by_name)
        })
    }

    /// Binds one object of the pipeline, and returns whether a parameter took it.
    pub fn bind_input(&mut self, table: &ParamTable, bound: &mut Bound, input: &Value) -> R<bool> {
        let mut taken = false;
        let open = |bound: &Bound, at: usize| bound.given.get(at) != Some(&true);
        let possible = |bound: &Bound, set: &ps_value::params::InSet| {
            set.set.is_none_or(|own| bound.set.map_or(bound.sets.contains(&own), |chosen| chosen == own))
        };
        let mut error = None;
        // First without conversion, then with it.
        for pass in 0..2 {
            for (at, spec) in table.params.iter().enumerate() {
                if !open(bound, at)
                    || !spec.sets.iter().any(|s| s.pipe && possible(bound, s))
                    || bound.values.get(at).is_some_and(Option::is_some) && taken
                {
                    continue;
                }
                let fits = spec.ty.as_ref().is_none_or(|ty| {
                    *ty == NetType::Object.ty() || self.value_is(input, ty) || ty.is(NetType::PSObject)
                });
                if (pass == 0) != fits {
                    continue;
                }
                match self.coerce(table, spec, input) {
                    Ok(value) => {
                        if let Some(place) = bound.values.get_mut(at) {
                            *place = Some(value);
                        }
                        taken = true;
                        break;
                    }
                    Err(flow) => error = Some(flow),
                }
            }
            if taken {
                break;
            }
            if pass == 0 || !taken {
                taken |= self.bind_by_name(table, bound, input, pass == 0, taken)?;
            }
            if taken {
                break;
            }
        }
        if taken {
            self.bind_by_name(table, bound, input, true, true)?;
        }
        if !taken
            && let Some(error) = error
            && let Flow::Error(record) = &*error
            && (record.message().contains("because it is")
                || &**record.id.borrow() == "ParameterArgumentValidationError"
                || !table.is_cmdlet)
        {
            return Err(error);
        }
        Ok(taken)
    }

    fn bind_by_name(
        &mut self,
        table: &ParamTable,
        bound: &mut Bound,
        input: &Value,
        exact: bool,
        taken: bool,
    ) -> R<bool> {
        let mut any = false;
        for (at, spec) in table.params.iter().enumerate() {
            let by_name = spec.sets.iter().any(|s| {
                s.by_name
                    && s.set
                        .is_none_or(|own| bound.set.map_or(bound.sets.contains(&own), |chosen| chosen == own))
            });
            if !by_name || bound.given.get(at) == Some(&true) || (taken && spec.sets.iter().any(|s| s.pipe)) {
                continue;
            }
            let mut found = None;
            for name in std::iter::once(&spec.name).chain(&spec.aliases) {
                if matches!(input.base(), Value::Dict(_)) {
                    break;
                }
                if let Some(value) = self.property(input, name)? {
                    found = Some(value);
                    break;
                }
            }
            let Some(value) = found else {
                continue;
            };
            let fits = spec.ty.as_ref().is_none_or(|ty| self.value_is(&value, ty)) && !spec.is_switch;
            if exact && !fits && taken {
                continue;
            }
            match self.coerce(table, spec, &value) {
                Ok(value) => {
                    if let Some(place) = bound.values.get_mut(at) {
                        *place = Some(value);
                    }
                    any = true;
                }
                Err(flow) if !table.is_cmdlet => return Err(flow),
                Err(_) => {}
            }
        }
        Ok(any)
    }

    /// Returns `$PSBoundParameters`.
    pub fn bound_dict(&self, table: &ParamTable, bound: &Bound) -> Value {
        let dict = Dict::new(DictKind::Bound, true);
        for (spec, value) in table.params.iter().zip(&bound.values) {
            if let Some(value) = value {
                dict.insert(&Value::Str(spec.name.clone()), value.clone());
            }
        }
        let common = &bound.common;
        for (name, value) in [
            ("ErrorAction", &common.error_action),
            ("WarningAction", &common.warning_action),
            ("InformationAction", &common.information_action),
        ] {
            if let Some(value) = value {
                dict.insert(&Value::from(name), Value::Str(value.clone()));
            }
        }
        for (name, value) in [
            ("Verbose", common.verbose),
            ("Debug", common.debug),
            ("WhatIf", common.what_if),
            ("Confirm", common.confirm),
        ] {
            if let Some(value) = value {
                dict.insert(&Value::from(name), Value::Switch(value));
            }
        }
        Value::Dict(Rc::new(dict))
    }
}
