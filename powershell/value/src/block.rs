//! Script blocks and functions as values.

use std::cell::OnceCell;
use std::rc::Rc;

use super::params::ParamTable;
use super::scope::Scope;
use crate::Str;
use ps_syntax::ast::Block;

/// A `ScriptBlock`: code, and the module or closure that it belongs to.
pub struct ScriptBlock {
    pub ast: Rc<Block>,
    /// The scope of a module or a closure, which is the parent of its scopes.
    pub session: Option<Rc<Scope>>,
    /// The parameters, computed at the first call.
    pub params: OnceCell<Rc<ParamTable>>,
}

impl ScriptBlock {
    #[inline]
    pub fn new(ast: Rc<Block>) -> Rc<Self> {
        Rc::new(Self { ast, session: None, params: OnceCell::new() })
    }

    #[inline]
    pub fn bound(ast: Rc<Block>, session: Option<Rc<Scope>>) -> Rc<Self> {
        Rc::new(Self { ast, session, params: OnceCell::new() })
    }

    /// Returns the text between the braces.
    #[inline]
    pub fn text(&self) -> &str {
        self.ast.source.slice(self.ast.text)
    }
}

pub struct FunctionInfo {
    pub name: Str,
    pub block: Rc<ScriptBlock>,
    pub filter: bool,
    pub module: Option<Str>,
}
