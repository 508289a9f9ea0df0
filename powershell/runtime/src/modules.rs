//! Modules, and the names of the built-in ones.

use std::rc::Rc;

use ps_syntax::symbol::same;
use ps_value::Str;
use ps_value::block::FunctionInfo;
use ps_value::scope::Scope;

pub struct Module {
    pub name: Str,
    pub path: String,
    pub scope: Rc<Scope>,
    pub functions: Vec<Rc<FunctionInfo>>,
}

/// The names of the built-in modules.
pub const BUILT_IN: [&str; 6] = [
    "Microsoft.PowerShell.Utility",
    "Microsoft.PowerShell.Management",
    "Microsoft.PowerShell.Core",
    "Microsoft.PowerShell.Archive",
    "Pester",
    "SqlServer",
];

pub fn is_built_in(names: &str) -> bool {
    names.split(',').all(|name| BUILT_IN.iter().any(|own| same(own, name.trim().trim_matches(['\'', '"']))))
}
