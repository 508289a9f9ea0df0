//! Walks a tree, part by part.

use std::rc::Rc;

use super::ast::{
    Arg, Attribute, Block, Command, Element, ElementKind, Expr, ExprKind, Function, Part, Pipe, RedirectTo,
    Stmt, StmtKind, Stmts, TypeDef, TypeName,
};

/// A part of a tree that has parts.
#[derive(Clone, Copy)]
pub enum Node<'a> {
    Block(&'a Rc<Block>),
    Stmts(&'a Stmts),
    Stmt(&'a Stmt),
    Expr(&'a Expr),
    Command(&'a Command),
    Attribute(&'a Attribute),
    Type(&'a TypeName),
}

type Visit<'v, 'a> = &'v mut dyn FnMut(Node<'a>);

/// Visits the direct parts of a part, in the order of the text.
pub fn children<'a>(node: Node<'a>, visit: Visit<'_, 'a>) {
    match node {
        Node::Block(block) => in_block(block, visit),
        Node::Stmts(stmts) => {
            stmts.list.iter().for_each(|stmt| visit(Node::Stmt(stmt)));
            for trap in &stmts.traps {
                visit(Node::Block(&trap.body));
            }
        }
        Node::Stmt(stmt) => in_stmt(stmt, visit),
        Node::Expr(expr) => in_expr(expr, visit),
        Node::Command(command) => {
            visit(Node::Expr(&command.name));
            for arg in &command.args {
                match arg {
                    Arg::Named { value: Some(expr), .. } | Arg::Value(expr) => visit(Node::Expr(expr)),
                    Arg::Named { value: None, .. } | Arg::Splat(..) | Arg::EndOfParameters => {}
                }
            }
        }
        Node::Attribute(attribute) => {
            if attribute.is_type {
                visit(Node::Type(&attribute.name));
            }
            attribute.args.iter().for_each(|expr| visit(Node::Expr(expr)));
            attribute
                .named
                .iter()
                .filter_map(|(_, expr)| expr.as_ref())
                .for_each(|expr| visit(Node::Expr(expr)));
        }
        Node::Type(name) => name.generics.iter().for_each(|inner| visit(Node::Type(inner))),
    }
}

fn in_block<'a>(block: &'a Block, visit: Visit<'_, 'a>) {
    block.attributes.iter().for_each(|attribute| visit(Node::Attribute(attribute)));
    for param in &block.params {
        param.attributes.iter().for_each(|attribute| visit(Node::Attribute(attribute)));
        if let Some(kind) = &param.kind {
            visit(Node::Type(kind));
        }
        if let Some(default) = &param.default {
            visit(Node::Expr(default));
        }
    }
    for stmts in [&block.begin, &block.process, &block.end].into_iter().flatten() {
        visit(Node::Stmts(stmts));
    }
}

fn in_stmt<'a>(stmt: &'a Stmt, visit: Visit<'_, 'a>) {
    match &stmt.kind {
        StmtKind::Expr(expr) => visit(Node::Expr(expr)),
        StmtKind::Assign(assign) => {
            visit(Node::Expr(&assign.target));
            visit(Node::Stmt(&assign.value));
        }
        StmtKind::Pipe(pipe) => in_pipe(pipe, visit),
        StmtKind::Chain(left, _, right) => {
            visit(Node::Stmt(left));
            visit(Node::Stmt(right));
        }
        StmtKind::If(clauses, otherwise) => {
            for (condition, body) in clauses {
                visit(Node::Stmt(condition));
                visit(Node::Stmts(body));
            }
            otherwise.iter().for_each(|body| visit(Node::Stmts(body)));
        }
        StmtKind::While(_, condition, body) => {
            visit(Node::Stmt(condition));
            visit(Node::Stmts(body));
        }
        StmtKind::Do { body, condition, .. } => {
            visit(Node::Stmts(body));
            visit(Node::Stmt(condition));
        }
        StmtKind::For(each) => {
            [&each.init, &each.condition, &each.step]
                .into_iter()
                .flatten()
                .for_each(|part| visit(Node::Stmt(part)));
            visit(Node::Stmts(&each.body));
        }
        StmtKind::ForEach(each) => {
            visit(Node::Stmt(&each.items));
            visit(Node::Stmts(&each.body));
        }
        StmtKind::Switch(switch) => {
            visit(Node::Stmt(&switch.items));
            for (pattern, body) in &switch.clauses {
                visit(Node::Expr(pattern));
                visit(Node::Stmts(body));
            }
            switch.default.iter().for_each(|body| visit(Node::Stmts(body)));
        }
        StmtKind::Try(attempt) => {
            visit(Node::Stmts(&attempt.body));
            for (kinds, body) in &attempt.catches {
                kinds.iter().for_each(|kind| visit(Node::Type(kind)));
                visit(Node::Stmts(body));
            }
            attempt.finally.iter().for_each(|body| visit(Node::Stmts(body)));
        }
        StmtKind::Throw(value) | StmtKind::Return(value) | StmtKind::Exit(value) => {
            value.iter().for_each(|value| visit(Node::Stmt(value)));
        }
        StmtKind::Break(label) | StmtKind::Continue(label) => {
            label.iter().for_each(|label| visit(Node::Expr(label)));
        }
        StmtKind::Function(function) => in_function(function, visit),
        StmtKind::Type(definition) => in_type(definition, visit),
        StmtKind::Group(stmts) => visit(Node::Stmts(stmts)),
        StmtKind::Nothing => {}
    }
}

fn in_function<'a>(function: &'a Function, visit: Visit<'_, 'a>) {
    visit(Node::Block(&function.body));
}

fn in_type<'a>(definition: &'a TypeDef, visit: Visit<'_, 'a>) {
    definition.bases.iter().for_each(|base| visit(Node::Type(base)));
    for property in &definition.properties {
        property.kind.iter().for_each(|kind| visit(Node::Type(kind)));
        property.initial.iter().for_each(|expr| visit(Node::Expr(expr)));
    }
    for method in &definition.methods {
        method.returns.iter().for_each(|kind| visit(Node::Type(kind)));
        method.base.iter().flatten().for_each(|expr| visit(Node::Expr(expr)));
        visit(Node::Block(&method.body));
    }
}

fn in_pipe<'a>(pipe: &'a Pipe, visit: Visit<'_, 'a>) {
    for Element { kind, redirections, .. } in &pipe.elements {
        match kind {
            ElementKind::Expr(expr) => visit(Node::Expr(expr)),
            ElementKind::Command(command) => visit(Node::Command(command)),
        }
        for redirection in redirections {
            if let RedirectTo::File(path, _) = &redirection.to {
                visit(Node::Expr(path));
            }
        }
    }
}

fn in_expr<'a>(expr: &'a Expr, visit: Visit<'_, 'a>) {
    match &expr.kind {
        ExprKind::Const(_) | ExprKind::Var(_) | ExprKind::Nothing => {}
        ExprKind::Expand(parts) => {
            for part in parts {
                if let Part::Expr(expr) = part {
                    visit(Node::Expr(expr));
                }
            }
        }
        ExprKind::Array(items) => items.iter().for_each(|item| visit(Node::Expr(item))),
        ExprKind::ArrayOf(stmts) | ExprKind::Sub(stmts) => visit(Node::Stmts(stmts)),
        ExprKind::Paren(stmt) => visit(Node::Stmt(stmt)),
        ExprKind::Hash(pairs) => {
            for (key, value) in pairs {
                visit(Node::Expr(key));
                visit(Node::Stmt(value));
            }
        }
        ExprKind::Block(block) => visit(Node::Block(block)),
        ExprKind::Unary(_, inner) | ExprKind::Step(inner, ..) => visit(Node::Expr(inner)),
        ExprKind::Binary(_, left, right)
        | ExprKind::And(left, right)
        | ExprKind::Or(left, right)
        | ExprKind::Coalesce(left, right) => {
            visit(Node::Expr(left));
            visit(Node::Expr(right));
        }
        ExprKind::Ternary(condition, yes, no) => {
            [condition, yes, no].into_iter().for_each(|part| visit(Node::Expr(part)));
        }
        ExprKind::Index { target, index, .. } => {
            visit(Node::Expr(target));
            visit(Node::Expr(index));
        }
        ExprKind::Member { target, name, .. } => {
            visit(Node::Expr(target));
            visit(Node::Expr(name));
        }
        ExprKind::Call { target, name, args, .. } => {
            visit(Node::Expr(target));
            visit(Node::Expr(name));
            args.iter().for_each(|arg| visit(Node::Expr(arg)));
        }
        ExprKind::Cast(ty, inner) => {
            visit(Node::Type(&ty.name));
            visit(Node::Expr(inner));
        }
        ExprKind::Type(ty) => visit(Node::Type(&ty.name)),
        ExprKind::Constrained(attributes, inner) => {
            attributes.iter().for_each(|attribute| visit(Node::Attribute(attribute)));
            visit(Node::Expr(inner));
        }
    }
}
