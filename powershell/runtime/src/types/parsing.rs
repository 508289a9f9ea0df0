//! `[System.Management.Automation.Language.Parser]`: the parser's results, as data. The tree has only its
//! extent and `GetScriptBlock`.

use std::rc::Rc;

use super::Members;
use super::args::{at, string};
use super::declare::Declared::{self, Static};
use crate::eval::Interp;
use ps_syntax::ast::{Param, Stmt, Stmts};
use ps_syntax::{Source, Span, SyntaxError, parse};
use ps_value::Value;
use ps_value::block::ScriptBlock;
use ps_value::error::R;
use ps_value::types::NetType;

pub(super) const MEMBERS: Members = &[(NetType::ScriptBlockAst, AST)];

pub(super) const PARSER: &[Declared] = &[
    Static("object ParseInput(string input, ref object tokens, ref object errors)", |it, a| {
        parsed(it, &Source::new("", &string(a, 0)), &at(a, 2))
    }),
    Static(
        "object ParseInput(string input, string fileName, ref object tokens, ref object errors)",
        |it, a| parsed(it, &Source::new(&string(a, 1), &string(a, 0)), &at(a, 3)),
    ),
    Static("object ParseFile(string fileName, ref object tokens, ref object errors)", |it, a| {
        let path = string(a, 0);
        let text = it.read_text(&path)?;
        let full = it.full_path(&path);
        parsed(it, &Source::new(&full, &text), &at(a, 2))
    }),
];

fn parsed(it: &mut Interp, source: &Rc<Source>, errors: &Value) -> R<Value> {
    let (block, found) = match parse(source) {
        Ok(block) => {
            let missing = it.missing_types(&block);
            (Some(block), missing)
        }
        Err(found) => (None, found),
    };
    if let Value::Ref(reference) = errors.base() {
        let found = found.iter().map(|error| parse_error(source, error)).collect();
        it.write_reference(&reference.clone(), Value::array(found))?;
    }
    let whole = extent(source, Span::new(0, source.text.len()));
    Ok(match block {
        Some(block) => tree(&ScriptBlock::bound(block, it.session())),
        None => Value::record(NetType::ScriptBlockAst, vec![("Extent", whole)]),
    })
}

/// Describes a block's tree: the places of its parts, and its parameters.
pub(super) fn tree(block: &Rc<ScriptBlock>) -> Value {
    let ast = &block.ast;
    let statements = |stmts: &Option<Stmts>| match stmts {
        None => Value::Null,
        Some(stmts) => {
            let statement = |stmt: &Stmt| {
                Value::record(NetType::StatementAst, vec![("Extent", extent(&ast.source, stmt.span))])
            };
            Value::record(
                NetType::NamedBlockAst,
                vec![
                    ("Extent", extent(&ast.source, stmts.span)),
                    ("Statements", Value::array(stmts.list.iter().map(statement).collect())),
                ],
            )
        }
    };
    let parameter = |param: &Param| {
        Value::record(
            NetType::ParameterAst,
            vec![
                ("Name", Value::from(format!("${}", param.var.name))),
                ("Extent", extent(&ast.source, param.span)),
            ],
        )
    };
    let parameters = match ast.has_param_block {
        false => Value::Null,
        true => Value::record(
            NetType::ParamBlockAst,
            vec![("Parameters", Value::array(ast.params.iter().map(parameter).collect()))],
        ),
    };
    Value::record(
        NetType::ScriptBlockAst,
        vec![
            ("Extent", extent(&ast.source, ast.span)),
            ("ParamBlock", parameters),
            ("BeginBlock", statements(&ast.begin)),
            ("ProcessBlock", statements(&ast.process)),
            ("EndBlock", statements(&ast.end)),
            ("ScriptBlock", Value::Block(block.clone())),
        ],
    )
}

fn parse_error(source: &Source, error: &SyntaxError) -> Value {
    Value::record(
        NetType::ParseError,
        vec![
            ("Extent", extent(source, error.span)),
            ("ErrorId", Value::from(error.id)),
            ("Message", Value::from(error.message.as_str())),
            ("IncompleteInput", Value::Bool(error.span.end as usize >= source.text.len())),
        ],
    )
}

/// Makes an extent. Offsets count UTF-16 units, as in .NET.
fn extent(source: &Source, span: Span) -> Value {
    let offset = |at: u32| source.slice(Span { start: 0, end: at }).encode_utf16().count();
    let place = |at: u32| {
        let (line, column) = source.position(at);
        Value::record(
            NetType::ScriptPosition,
            vec![
                ("File", Value::from(source.path.as_str())),
                ("LineNumber", Value::from(line)),
                ("ColumnNumber", Value::from(column)),
                ("Line", Value::from(source.line(line))),
                ("Offset", Value::from(offset(at))),
            ],
        )
    };
    let ((line, column), (end_line, end_column)) = (source.position(span.start), source.position(span.end));
    Value::record(
        NetType::ScriptExtent,
        vec![
            ("File", Value::from(source.path.as_str())),
            ("StartScriptPosition", place(span.start)),
            ("EndScriptPosition", place(span.end)),
            ("StartLineNumber", Value::from(line)),
            ("StartColumnNumber", Value::from(column)),
            ("EndLineNumber", Value::from(end_line)),
            ("EndColumnNumber", Value::from(end_column)),
            ("Text", Value::from(source.slice(span))),
            ("StartOffset", Value::from(offset(span.start))),
            ("EndOffset", Value::from(offset(span.end))),
        ],
    )
}

/// The method `GetScriptBlock()` of a tree.
const AST: &[Declared] = &[Declared::Method("scriptblock GetScriptBlock()", |it, t, _| {
    Ok(it.property(t, "ScriptBlock")?.unwrap_or_default())
})];
