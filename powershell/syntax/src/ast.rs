//! The tree of a script, normalized while it is parsed: names are interned and folded, constants are
//! literals, and each variable remembers the place where it was last found.

use std::cell::Cell;
use std::rc::Rc;

use super::source::{Source, Span};
use crate::symbol::Sym;
use crate::{Literal, Memo, Str};

/// The body of a script, a function or a script block.
#[derive(Debug)]
pub struct Block {
    pub source: Rc<Source>,
    /// The span, with the braces if there are any.
    pub span: Span,
    /// The result of `ToString`: the text between the braces.
    pub text: Span,
    pub params: Vec<Param>,
    pub attributes: Vec<Attribute>,
    pub begin: Option<Stmts>,
    pub process: Option<Stmts>,
    pub end: Option<Stmts>,
    pub requires: Vec<Requirement>,
    /// The namespaces of `using namespace`.
    pub namespaces: Vec<Str>,
    pub has_param_block: bool,
}

impl Block {
    /// Returns whether the block is written as a filter: only a `process` block.
    pub fn only_process(&self) -> bool {
        self.process.is_some() && self.begin.is_none() && self.end.is_none()
    }

    /// Returns whether the block binds parameters as a cmdlet does.
    pub fn is_advanced(&self) -> bool {
        let binding = |a: &Attribute| a.is("cmdletbinding");
        self.attributes.iter().any(binding)
            || self.params.iter().any(|p| p.attributes.iter().any(|a| a.is("parameter")))
    }
}

/// A line of `#requires`.
#[derive(Debug, Clone)]
pub struct Requirement {
    pub what: String,
    pub value: String,
    pub span: Span,
}

#[derive(Debug, Default)]
pub struct Stmts {
    pub list: Vec<Stmt>,
    pub traps: Vec<Trap>,
    pub span: Span,
}

#[derive(Debug)]
pub struct Trap {
    pub kind: Option<TypeName>,
    pub body: Rc<Block>,
}

#[derive(Debug)]
pub struct Stmt {
    pub kind: StmtKind,
    pub span: Span,
}

#[derive(Debug)]
pub enum StmtKind {
    Expr(Expr),
    Assign(Box<Assign>),
    Pipe(Pipe),
    Chain(Box<Stmt>, bool, Box<Stmt>),
    If(Vec<(Stmt, Stmts)>, Option<Stmts>),
    While(Option<Sym>, Box<Stmt>, Stmts),
    Do {
        label: Option<Sym>,
        body: Stmts,
        condition: Box<Stmt>,
        until: bool,
    },
    For(Box<For>),
    ForEach(Box<ForEach>),
    Switch(Box<Switch>),
    Try(Box<Try>),
    Throw(Option<Box<Stmt>>),
    Return(Option<Box<Stmt>>),
    Exit(Option<Box<Stmt>>),
    Break(Option<Expr>),
    Continue(Option<Expr>),
    Function(Rc<Function>),
    Type(Rc<TypeDef>),
    /// The statements of a `data` section or of a bare group.
    Group(Stmts),
    Nothing,
}

#[derive(Debug)]
pub struct Assign {
    pub target: Expr,
    pub op: AssignOp,
    pub value: Stmt,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssignOp {
    Set,
    Op(BinaryOp),
    Coalesce,
}

#[derive(Debug)]
pub struct For {
    pub label: Option<Sym>,
    pub init: Option<Stmt>,
    pub condition: Option<Stmt>,
    pub step: Option<Stmt>,
    pub body: Stmts,
}

#[derive(Debug)]
pub struct ForEach {
    pub label: Option<Sym>,
    pub variable: VarRef,
    pub items: Stmt,
    pub body: Stmts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SwitchKind {
    Equal,
    Wildcard,
    Regex,
}

#[derive(Debug)]
pub struct Switch {
    pub label: Option<Sym>,
    pub kind: SwitchKind,
    pub case_sensitive: bool,
    /// Whether `-File` is present: the items are the lines of this file.
    pub file: bool,
    pub items: Stmt,
    pub clauses: Vec<(Expr, Stmts)>,
    pub default: Option<Stmts>,
}

#[derive(Debug)]
pub struct Try {
    pub body: Stmts,
    pub catches: Vec<(Vec<TypeName>, Stmts)>,
    pub finally: Option<Stmts>,
}

#[derive(Debug)]
pub struct Function {
    pub name: Str,
    pub filter: bool,
    pub body: Rc<Block>,
    pub span: Span,
}

/// A class or an enum of the script.
#[derive(Debug)]
pub struct TypeDef {
    pub name: Str,
    pub is_enum: bool,
    pub attributes: Vec<Attribute>,
    pub bases: Vec<TypeName>,
    pub properties: Vec<Property>,
    pub methods: Vec<Method>,
    pub span: Span,
}

#[derive(Debug)]
pub struct Property {
    pub name: Str,
    pub kind: Option<TypeName>,
    pub attributes: Vec<Attribute>,
    pub initial: Option<Expr>,
    pub is_static: bool,
    pub hidden: bool,
    pub span: Span,
}

#[derive(Debug)]
pub struct Method {
    pub name: Str,
    pub returns: Option<TypeName>,
    pub body: Rc<Block>,
    /// The arguments of `: base(...)`.
    pub base: Option<Vec<Expr>>,
    pub is_static: bool,
    pub hidden: bool,
    pub span: Span,
    pub name_span: Span,
}

#[derive(Debug)]
pub struct Param {
    pub var: VarRef,
    pub kind: Option<TypeName>,
    pub attributes: Vec<Attribute>,
    pub default: Option<Expr>,
    pub span: Span,
}

/// An attribute with its arguments, such as `[Parameter(Mandatory)]`, or a type constraint without arguments.
#[derive(Debug)]
pub struct Attribute {
    pub name: TypeName,
    pub args: Vec<Expr>,
    pub named: Vec<(Str, Option<Expr>)>,
    pub is_type: bool,
    pub span: Span,
}

impl Attribute {
    /// Returns whether the attribute has this name (in lower case), with or without `Attribute` and
    /// its namespace.
    pub fn is(&self, name: &str) -> bool {
        let own = self.name.name.to_ascii_lowercase();
        let own = own.rsplit('.').next().unwrap_or_default();
        !self.is_type && (own == name || own.strip_suffix("attribute") == Some(name))
    }
}

/// The name of a type as the script spells it.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeName {
    pub name: Str,
    pub generics: Vec<TypeName>,
    /// One rank for each pair of brackets.
    pub ranks: Vec<u8>,
    pub span: Span,
}

impl std::fmt::Display for TypeName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)?;
        for (i, inner) in self.generics.iter().enumerate() {
            write!(f, "{}{inner}", if i == 0 { "[" } else { "," })?;
        }
        if !self.generics.is_empty() {
            f.write_str("]")?;
        }
        for rank in &self.ranks {
            write!(f, "[{}]", ",".repeat(usize::from(*rank).saturating_sub(1)))?;
        }
        Ok(())
    }
}

/// Commands that are joined by `|`.
#[derive(Debug)]
pub struct Pipe {
    pub elements: Vec<Element>,
}

#[derive(Debug)]
pub struct Element {
    pub kind: ElementKind,
    pub redirections: Vec<Redirection>,
    pub span: Span,
}

#[derive(Debug)]
pub enum ElementKind {
    Expr(Expr),
    Command(Command),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invoke {
    Plain,
    /// `&`: a new scope.
    Call,
    /// `.`: the scope of the caller.
    Dot,
}

#[derive(Debug)]
pub struct Command {
    pub name: Expr,
    pub invoke: Invoke,
    pub args: Vec<Arg>,
}

#[derive(Debug)]
pub enum Arg {
    Named {
        name: Str,
        value: Option<Expr>,
        span: Span,
    },
    Value(Expr),
    Splat(VarRef, Span),
    /// The argument `--`.
    EndOfParameters,
}

#[derive(Debug)]
pub struct Redirection {
    /// The stream: 1 to 6, or 0 for all.
    pub from: u8,
    pub to: RedirectTo,
}

#[derive(Debug)]
pub enum RedirectTo {
    Output,
    File(Expr, bool),
}

#[derive(Debug)]
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

#[derive(Debug)]
pub enum ExprKind {
    Const(Literal),
    /// A bare word or a number as an argument, with its original text.
    Expand(Vec<Part>),
    Var(VarRef),
    Array(Vec<Expr>),
    /// An array expression `@(...)`.
    ArrayOf(Stmts),
    /// A subexpression `$(...)`.
    Sub(Stmts),
    Paren(Box<Stmt>),
    Hash(Vec<(Expr, Stmt)>),
    Block(Rc<Block>),
    Unary(UnaryOp, Box<Expr>),
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Coalesce(Box<Expr>, Box<Expr>),
    Ternary(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `++` and `--`: the target, whether it grows, and whether the previous value is the result.
    Step(Box<Expr>, bool, bool),
    Index {
        target: Box<Expr>,
        index: Box<Expr>,
        conditional: bool,
    },
    Member {
        target: Box<Expr>,
        name: Box<Expr>,
        is_static: bool,
        conditional: bool,
    },
    Call {
        target: Box<Expr>,
        name: Box<Expr>,
        args: Vec<Expr>,
        is_static: bool,
        conditional: bool,
        cache: CallCache,
    },
    Cast(TypeRef, Box<Expr>),
    Type(TypeRef),
    /// Attributes and types before a variable: `[ValidateRange(1,3)][int]$x`.
    Constrained(Vec<Attribute>, Box<Expr>),
    /// No expression.
    Nothing,
}

#[derive(Debug)]
pub enum Part {
    Text(Str),
    Expr(Expr),
}

/// A type's name and, after the first look-up, the type.
#[derive(Debug)]
pub struct TypeRef {
    pub name: TypeName,
    pub found: Memo,
}

/// The result of a method call's last look-up.
#[derive(Debug, Default)]
pub struct CallCache(pub Cell<Option<(usize, u8)>>);

/// A variable, and the place where it was last found.
#[derive(Debug)]
pub struct VarRef {
    pub name: Str,
    pub sym: Sym,
    pub scope: VarScope,
    /// The number of the scope and the index in it.
    pub cache: Cell<(u32, u32)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VarScope {
    Any,
    Global,
    Script,
    Local,
    Private,
    Env,
    Function,
    Alias,
    Variable,
    /// `$using:`: the scope that started the job.
    Using,
    /// A drive of files: `${C:\x}`.
    Drive,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOp {
    Not,
    BitNot,
    Plus,
    Minus,
    Comma,
    Split(bool),
    Join,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    Format,
    Range,
    BitAnd,
    BitOr,
    BitXor,
    Shl,
    Shr,
    Xor,
    /// A comparison, and whether case matters.
    Compare(Compare, bool),
    Like(bool, bool),
    Match(bool, bool),
    Replace(bool),
    Contains(bool, bool),
    In(bool, bool),
    Split(bool),
    Join,
    Is(bool),
    As,
}
