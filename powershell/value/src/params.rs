//! The parameters of a command: one form for functions and cmdlets.

use std::rc::Rc;

use super::validate::Validator;
use crate::types::Ty;
use crate::{Str, Value};
use ps_syntax::symbol::{Sym, same};

/// The role of a parameter in one parameter set.
#[derive(Debug, Clone, Default)]
pub struct InSet {
    /// The parameter set. `None` for every set.
    pub set: Option<Sym>,
    pub mandatory: bool,
    pub position: Option<i32>,
    pub pipe: bool,
    pub by_name: bool,
    pub rest: bool,
}

pub struct ParamSpec {
    pub name: Str,
    pub sym: Sym,
    pub aliases: Vec<Str>,
    pub ty: Option<Ty>,
    pub is_switch: bool,
    pub sets: Vec<InSet>,
    pub validators: Vec<Rc<Validator>>,
    pub allow_null: bool,
    pub allow_empty: bool,
    /// The index in the block's list, for the default.
    pub index: usize,
}

impl ParamSpec {
    pub fn in_set(&self, set: Option<Sym>) -> Option<&InSet> {
        self.sets.iter().find(|s| s.set.is_none() || set.is_none() || s.set == set)
    }

    pub fn belongs(&self, set: Sym) -> bool {
        self.sets.iter().any(|s| s.set.is_none() || s.set == Some(set))
    }

    pub fn answers_to(&self, name: &str) -> bool {
        same(&self.name, name) || self.aliases.iter().any(|a| same(a, name))
    }
}

#[derive(Default)]
pub struct ParamTable {
    pub params: Vec<ParamSpec>,
    pub default_set: Option<Sym>,
    /// Whether it has the common parameters and refuses unknown ones.
    pub advanced: bool,
    pub should_process: bool,
    pub is_cmdlet: bool,
}

impl ParamTable {
    /// Returns the names of the parameter sets.
    pub fn sets(&self) -> Vec<Sym> {
        let mut sets: Vec<Sym> = Vec::new();
        for set in self.params.iter().flat_map(|p| &p.sets).filter_map(|s| s.set) {
            if !sets.contains(&set) {
                sets.push(set);
            }
        }
        sets
    }

    pub fn find(&self, name: &str) -> Option<usize> {
        self.params.iter().position(|p| p.answers_to(name))
    }

    /// Parses a declaration such as `Path: string[] @0 pipe byname alias=FullName set=Path | Force: switch`.
    pub fn parse(declaration: &str, default_set: &str) -> Self {
        let mut table = Self { advanced: true, is_cmdlet: true, ..Self::default() };
        if !default_set.is_empty() {
            table.default_set = Some(Sym::of(default_set));
        }
        for (index, part) in declaration.split('|').map(str::trim).filter(|p| !p.is_empty()).enumerate() {
            let (name, rest) = part.split_once(':').unwrap_or((part, "object"));
            let mut words = rest.split_whitespace();
            let kind = words.next().unwrap_or("object");
            let mut spec = ParamSpec {
                name: name.trim().into(),
                sym: Sym::of(name.trim()),
                aliases: Vec::new(),
                ty: if kind == "switch" { None } else { crate::types::lookup(kind) },
                is_switch: kind == "switch",
                sets: Vec::new(),
                validators: Vec::new(),
                allow_null: false,
                allow_empty: false,
                index,
            };
            let mut base = InSet::default();
            let mut sets = Vec::new();
            for word in words {
                match word {
                    "pipe" => base.pipe = true,
                    "byname" => base.by_name = true,
                    "mandatory" => base.mandatory = true,
                    "rest" => base.rest = true,
                    "null" => spec.allow_null = true,
                    "empty" => spec.allow_empty = true,
                    _ => {
                        if let Some(position) = word.strip_prefix('@') {
                            base.position = position.parse().ok();
                        } else if let Some(names) = word.strip_prefix("alias=") {
                            spec.aliases = names.split(',').map(Str::from).collect();
                        } else if let Some(names) = word.strip_prefix("set=") {
                            sets = names.split(',').map(Sym::of).collect();
                        } else if let Some(names) = word.strip_prefix("in=") {
                            spec.validators.push(Rc::new(Validator::Set(
                                names.split(',').map(Str::from).collect(),
                                false,
                            )));
                        } else if let Some(names) = word.strip_prefix("not=") {
                            let names = names.split(',').map(Str::from).collect();
                            spec.validators.push(Rc::new(Validator::Not(names)));
                        } else if let Some(range) = word.strip_prefix("range=")
                            && let Some((low, high)) = range.split_once("..")
                        {
                            let bound = |t: &str| t.parse::<i32>().map_or(Value::Int(i32::MAX), Value::Int);
                            spec.validators.push(Rc::new(Validator::Range(bound(low), bound(high))));
                        }
                    }
                }
            }
            spec.sets = if sets.is_empty() {
                vec![base]
            } else {
                sets.into_iter().map(|set| InSet { set: Some(set), ..base.clone() }).collect()
            };
            table.params.push(spec);
        }
        table
    }
}
