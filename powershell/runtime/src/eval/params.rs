//! The parameters of a script block.

use std::rc::Rc;

use ps_syntax::ast::{Block, Param};
use ps_syntax::symbol::Sym;
use ps_value::block::ScriptBlock;
use ps_value::error::R;
use ps_value::params::{InSet, ParamSpec, ParamTable};
use ps_value::validate::Validator;
use ps_value::{Value, text};

use super::Interp;
use super::validate::Validate as _;

impl Interp {
    /// Returns the parameters of a script block, computed once.
    pub fn table_of(&mut self, block: &Rc<ScriptBlock>) -> R<Rc<ParamTable>> {
        if let Some(table) = block.params.get() {
            return Ok(table.clone());
        }
        let table = Rc::new(self.make_table(&block.ast)?);
        let _ = block.params.set(table.clone());
        Ok(table)
    }

    fn make_table(&mut self, block: &Block) -> R<ParamTable> {
        let mut table = ParamTable { advanced: block.is_advanced(), ..ParamTable::default() };
        let mut positional = true;
        for attribute in block.attributes.iter().filter(|a| a.is("cmdletbinding")) {
            for (name, value) in &attribute.named {
                let value = match value {
                    Some(value) => self.eval(value)?,
                    None => Value::Bool(true),
                };
                match name.to_ascii_lowercase().as_str() {
                    "defaultparametersetname" => table.default_set = Some(Sym::of(&text(&value))),
                    "supportsshouldprocess" => table.should_process = value.truth(),
                    "positionalbinding" => positional = value.truth(),
                    _ => {}
                }
            }
        }
        for (index, param) in block.params.iter().enumerate() {
            let spec = self.param_spec(param, index)?;
            table.params.push(spec);
        }
        // Parameters without explicit positions take arguments in order.
        let any = table.params.iter().any(|p| p.sets.iter().any(|s| s.position.is_some()));
        if !any && positional {
            for (next, spec) in table.params.iter_mut().filter(|p| !p.is_switch).enumerate() {
                for set in &mut spec.sets {
                    set.position = i32::try_from(next).ok();
                }
            }
        }
        Ok(table)
    }

    fn param_spec(&mut self, param: &Param, index: usize) -> R<ParamSpec> {
        let mut spec = ParamSpec {
            name: param.var.name.clone(),
            sym: param.var.sym,
            aliases: Vec::new(),
            ty: None,
            is_switch: false,
            sets: Vec::new(),
            validators: Vec::new(),
            allow_null: false,
            allow_empty: false,
            index,
        };
        for attribute in &param.attributes {
            let name = attribute.name.name.to_ascii_lowercase();
            if attribute.is_type {
                let short = name.rsplit('.').next().unwrap_or(&name);
                if matches!(short, "switch" | "switchparameter") && attribute.name.ranks.is_empty() {
                    spec.is_switch = true;
                } else {
                    spec.ty = Some(self.resolve_type(&attribute.name)?);
                }
            } else if attribute.is("parameter") {
                let set = self.parameter_attribute(attribute)?;
                spec.sets.push(set);
            } else if attribute.is("alias") {
                for arg in &attribute.args {
                    let value = self.eval(arg)?;
                    spec.aliases.extend(ps_value::text::strings_of(&value));
                }
            } else if attribute.is("allownull") {
                spec.allow_null = true;
            } else if attribute.is("allowemptystring") || attribute.is("allowemptycollection") {
                spec.allow_empty = true;
            } else if let Some(validator) = Validator::of(self, attribute)? {
                spec.validators.push(Rc::new(validator));
            }
        }
        if spec.sets.is_empty() {
            spec.sets.push(InSet::default());
        }
        Ok(spec)
    }

    fn parameter_attribute(&mut self, attribute: &ps_syntax::ast::Attribute) -> R<InSet> {
        let mut set = InSet::default();
        for (name, value) in &attribute.named {
            let value = match value {
                Some(value) => self.eval(value)?,
                None => Value::Bool(true),
            };
            match name.to_ascii_lowercase().as_str() {
                "mandatory" => set.mandatory = value.truth(),
                "position" => set.position = value.as_integer().and_then(|v| i32::try_from(v).ok()),
                "valuefrompipeline" => set.pipe = value.truth(),
                "valuefrompipelinebypropertyname" => set.by_name = value.truth(),
                "valuefromremainingarguments" => set.rest = value.truth(),
                "parametersetname" => set.set = Some(Sym::of(&text(&value))),
                _ => {}
            }
        }
        Ok(set)
    }
}
