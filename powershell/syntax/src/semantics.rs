//! The errors in classes and enums that PowerShell finds in a valid tree before anything runs.
//!
//! The evaluator, which knows the types, finds the names of missing types.

use std::collections::HashSet;
use std::rc::Rc;

use super::SyntaxError;
use super::ast::{
    Block, Expr, ExprKind, ForEach, Method, Part, Stmt, StmtKind, Stmts, Try, TypeDef, TypeName, VarScope,
};
use super::source::Span;
use super::walk::{Node, children};
use crate::Literal;
use crate::symbol::{Sym, fold};

/// Returns the errors of a script that parses.
pub fn check(block: &Rc<Block>) -> Vec<SyntaxError> {
    let mut errors = Vec::new();
    let mut types = Vec::new();
    within_blocks(Node::Block(block), 0, &mut 0, &mut types);
    let mut names = HashSet::new();
    for (block, definition) in types {
        if !names.insert((block, fold(&definition.name).into_owned())) {
            let message = format!("The member '{}' is already defined.", definition.name);
            errors.push(error("MemberAlreadyDefined", message, definition.span));
        }
        members(definition, &mut errors);
        for method in &definition.methods {
            method_body(definition, method, &mut errors);
        }
    }
    errors
}

/// Collects the types that a script defines, each with the number of its block: another block may define a
/// type with the same name.
fn within_blocks<'a>(node: Node<'a>, block: usize, count: &mut usize, found: &mut Vec<(usize, &'a TypeDef)>) {
    let block = match node {
        Node::Block(_) => {
            *count += 1;
            *count
        }
        Node::Stmt(Stmt { kind: StmtKind::Type(definition), .. }) => {
            found.push((block, definition));
            block
        }
        _ => block,
    };
    children(node, &mut |child| within_blocks(child, block, count, found));
}

/// Collects the types that a script defines, in the order of the text.
pub fn definitions<'a>(node: Node<'a>, found: &mut Vec<&'a TypeDef>) {
    if let Node::Stmt(Stmt { kind: StmtKind::Type(definition), .. }) = node {
        found.push(definition);
    }
    children(node, &mut |child| definitions(child, found));
}

/// Returns the type names in the declarations of a definition's members.
pub fn declared(definition: &TypeDef) -> impl Iterator<Item = &TypeName> {
    let methods = definition.methods.iter();
    let of_methods =
        methods.flat_map(|m| m.returns.iter().chain(m.body.params.iter().filter_map(|p| p.kind.as_ref())));
    definition
        .bases
        .iter()
        .chain(definition.properties.iter().filter_map(|p| p.kind.as_ref()))
        .chain(of_methods)
}

fn error(id: &'static str, message: impl Into<String>, span: Span) -> SyntaxError {
    SyntaxError { id, message: message.into(), span }
}

fn members(definition: &TypeDef, errors: &mut Vec<SyntaxError>) {
    let mut properties = HashSet::new();
    for property in &definition.properties {
        if !properties.insert(fold(&property.name).into_owned()) {
            let message = format!("The member '{}' is already defined.", property.name);
            errors.push(error("MemberAlreadyDefined", message, property.span));
        }
    }
    let mut methods = HashSet::new();
    for method in &definition.methods {
        let types: Vec<String> = method
            .body
            .params
            .iter()
            .map(|p| {
                p.kind
                    .as_ref()
                    .map_or_else(|| "object".to_owned(), |kind| fold(&kind.to_string()).into_owned())
            })
            .collect();
        let constructor = is_constructor(definition, method);
        if !methods.insert((fold(&method.name).into_owned(), types, constructor && method.is_static)) {
            let message = format!("The member '{}' is already defined.", method.name);
            errors.push(error("MemberAlreadyDefined", message, method.span));
        }
        if constructor
            && method.is_static
            && let Some(first) = method.body.params.first()
        {
            let message = "A static constructor cannot have any parameters.";
            errors.push(error("StaticConstructorCantHaveParameters", message, first.span));
        }
    }
}

fn is_constructor(definition: &TypeDef, method: &Method) -> bool {
    crate::symbol::same(&definition.name, &method.name)
}

fn method_body(definition: &TypeDef, method: &Method, errors: &mut Vec<SyntaxError>) {
    let void = match &method.returns {
        None => true,
        Some(kind) => crate::symbol::same(&kind.name, "void"),
    };
    let void = void || is_constructor(definition, method);
    let Some(body) = &method.body.end else {
        if !void {
            errors.push(not_all_paths(method));
        }
        return;
    };
    returns(Node::Stmts(body), void, errors);
    if !void && !ends(body) {
        errors.push(not_all_paths(method));
    }
    locals(method, body, errors);
}

fn not_all_paths(method: &Method) -> SyntaxError {
    error("MethodHasCodePathNotReturn", "Not all code path returns value within method.", method.name_span)
}

/// Checks that `return` has a value only if the method returns one.
fn returns(node: Node<'_>, void: bool, errors: &mut Vec<SyntaxError>) {
    match node {
        Node::Block(_) => return,
        Node::Stmt(Stmt { kind: StmtKind::Return(value), span }) => match (value, void) {
            (Some(_), true) => {
                let message = "Invalid return statement within void method: return cannot have value.";
                errors.push(error("VoidMethodHasReturn", message, *span));
            }
            (None, false) => {
                let message = "Invalid return statement within non-void method: return needs a value.";
                errors.push(error("NonVoidMethodMissingReturnValue", message, *span));
            }
            _ => {}
        },
        _ => {}
    }
    children(node, &mut |child| returns(child, void, errors));
}

/// Returns whether the end of these statements is unreachable.
fn ends(stmts: &Stmts) -> bool {
    stmts.list.iter().any(|stmt| match &stmt.kind {
        StmtKind::Return(_) | StmtKind::Throw(_) | StmtKind::Exit(_) => true,
        StmtKind::If(clauses, otherwise) => {
            let always = clauses.iter().any(|(condition, body)| is_true(condition) && ends(body));
            always || otherwise.as_ref().is_some_and(ends) && clauses.iter().all(|(_, body)| ends(body))
        }
        StmtKind::Switch(switch) => {
            switch.default.as_ref().is_some_and(ends) && switch.clauses.iter().all(|(_, body)| ends(body))
        }
        StmtKind::Try(attempt) => tried(attempt),
        // An endless loop, or a loop whose body runs at least once.
        StmtKind::While(_, condition, _) => is_true(condition),
        StmtKind::For(each) => each.condition.as_ref().is_none_or(is_true),
        StmtKind::Do { body, condition, until, .. } => ends(body) || !until && is_true(condition),
        StmtKind::Group(inner) => ends(inner),
        _ => false,
    })
}

fn tried(attempt: &Try) -> bool {
    attempt.finally.as_ref().is_some_and(ends)
        || ends(&attempt.body) && attempt.catches.iter().all(|(_, body)| ends(body))
}

fn is_true(condition: &Stmt) -> bool {
    match &condition.kind {
        StmtKind::Expr(Expr { kind: ExprKind::Const(value), .. }) => value.truth(),
        _ => false,
    }
}

/// Variables that exist in a method without an assignment.
const AUTOMATIC: &[&str] = &[
    "?",
    "_",
    "args",
    "confirmpreference",
    "consolefilename",
    "debugpreference",
    "enabledexperimentalfeatures",
    "env",
    "error",
    "erroractionpreference",
    "errorview",
    "event",
    "executioncontext",
    "foreach",
    "home",
    "host",
    "informationpreference",
    "input",
    "iscoreclr",
    "islinux",
    "ismacos",
    "iswindows",
    "lastexitcode",
    "matches",
    "myinvocation",
    "nestedpromptlevel",
    "ofs",
    "outputencoding",
    "pid",
    "profile",
    "progresspreference",
    "psboundparameters",
    "pscmdlet",
    "pscommandpath",
    "psculture",
    "psdefaultparametervalues",
    "psedition",
    "pshome",
    "psitem",
    "psscriptroot",
    "psuiculture",
    "psversiontable",
    "pwd",
    "shellid",
    "stacktrace",
    "switch",
    "this",
    "verbosepreference",
    "warningpreference",
    "whatifpreference",
];

/// Checks variables: a method sees its parameters and its own variables, but no variable of its callers.
fn locals(method: &Method, body: &Stmts, errors: &mut Vec<SyntaxError>) {
    let mut set: HashSet<Sym> = method.body.params.iter().map(|p| p.var.sym).collect();
    gather(Node::Stmts(body), &mut set);
    let automatic: HashSet<Sym> = AUTOMATIC.iter().map(|name| Sym::of(name)).collect();
    let mut unknown = Vec::new();
    reads(Node::Stmts(body), &|sym| set.contains(&sym) || automatic.contains(&sym), &mut unknown);
    for span in unknown {
        errors.push(error("VariableNotLocal", "Variable is not assigned in the method.", span));
    }
}

fn gather(node: Node<'_>, set: &mut HashSet<Sym>) {
    match node {
        Node::Block(_) => return,
        Node::Stmt(Stmt { kind: StmtKind::Assign(assign), .. }) => targets(&assign.target, set),
        Node::Stmt(Stmt { kind: StmtKind::ForEach(each), .. }) => {
            let ForEach { variable, .. } = &**each;
            set.insert(variable.sym);
        }
        Node::Command(command) => {
            // -OutVariable, -ErrorVariable and similar parameters set the named variable.
            for arg in &command.args {
                if let super::ast::Arg::Named { name, .. } = arg
                    && (name.to_lowercase().ends_with("variable") || name.to_lowercase().ends_with('v'))
                {
                    let texts = command.args.iter().filter_map(|arg| match arg {
                        super::ast::Arg::Value(Expr {
                            kind: ExprKind::Const(Literal::Str(text)), ..
                        }) => Some(text),
                        _ => None,
                    });
                    set.extend(texts.map(|text| Sym::of(text.trim_start_matches('+'))));
                }
            }
        }
        _ => {}
    }
    children(node, &mut |child| gather(child, set));
}

fn targets(target: &Expr, set: &mut HashSet<Sym>) {
    match &target.kind {
        ExprKind::Var(var) => {
            set.insert(var.sym);
        }
        ExprKind::Array(items) => items.iter().for_each(|item| targets(item, set)),
        ExprKind::Cast(_, inner) | ExprKind::Constrained(_, inner) => targets(inner, set),
        ExprKind::Paren(stmt) => {
            if let StmtKind::Expr(inner) = &stmt.kind {
                targets(inner, set);
            }
        }
        _ => {}
    }
}

fn reads(node: Node<'_>, known: &dyn Fn(Sym) -> bool, unknown: &mut Vec<Span>) {
    match node {
        Node::Block(_) => return,
        Node::Expr(Expr { kind: ExprKind::Var(var), span })
            if var.scope == VarScope::Any && !var.name.contains(':') && !known(var.sym) =>
        {
            unknown.push(*span);
        }
        Node::Expr(Expr { kind: ExprKind::Expand(parts), .. }) => {
            for part in parts {
                if let Part::Expr(expr) = part {
                    reads(Node::Expr(expr), known, unknown);
                }
            }
            return;
        }
        _ => {}
    }
    children(node, &mut |child| reads(child, known, unknown));
}
