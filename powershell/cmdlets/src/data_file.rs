//! `Import-PowerShellDataFile`: a hashtable from a file, without running anything.

use super::{CmdletInfo, Cx, Each};
use ps_syntax::ast::{ExprKind, StmtKind, VarRef};
use ps_syntax::symbol::same;
use ps_syntax::walk::{Node, children};
use ps_value::error::{Category, Fault, R};
use ps_value::types::NetType;

pub(super) const CMDLETS: &[CmdletInfo] = &[CmdletInfo {
    name: "Import-PowerShellDataFile",
    class: "ImportPowerShellDataFileCommand",
    params: "Path: string[] @0 pipe byname set=ByPath mandatory | LiteralPath: string[] byname alias=PSPath,LP set=ByLiteralPath mandatory | SkipLimitCheck: switch",
    default_set: "ByPath",
    make: || Box::new(Each(import)),
}];

/// Maximum number of keys of a file without `-SkipLimitCheck`, as in PowerShell.
const MOST_KEYS: usize = 500;

fn import(cx: &mut Cx<'_>) -> R<()> {
    let mut paths = cx.strings("Path");
    paths.extend(cx.strings("LiteralPath"));
    for path in paths {
        let source = cx.it.read_text(&path)?;
        let full = cx.it.full_path(&path);
        let source = ps_syntax::Source::new(&full, &source);
        let refused = |why: &str| {
            let message = format!("Could not parse as a PowerShell Data File: '{full}'. {why}");
            Fault::new(
                NetType::InvalidOperationException,
                "CouldNotParseAsPowerShellDataFile",
                Category::InvalidData,
                message,
            )
            .of(full.as_str())
        };
        let block = match ps_syntax::parse(&source) {
            Ok(block) => block,
            Err(errors) => {
                let why = errors.first().map(|error| error.message.clone()).unwrap_or_default();
                return cx.fail(refused(&why));
            }
        };
        let only = match block.end.as_ref().map(|stmts| stmts.list.as_slice()) {
            Some([stmt]) => match &stmt.kind {
                StmtKind::Expr(expr) if matches!(expr.kind, ExprKind::Hash(_)) => Some(expr),
                _ => None,
            },
            _ => None,
        };
        let Some(expr) = only else { return cx.fail(refused("It has to be one hashtable.")) };
        let mut runs = false;
        looks(Node::Expr(expr), &mut runs);
        if runs {
            return cx.fail(refused("Only constants are allowed in it."));
        }
        let value = cx.it.eval(expr)?;
        if let ps_value::Value::Dict(dict) = &value
            && dict.pairs().len() > MOST_KEYS
            && !cx.flag("SkipLimitCheck")
        {
            return cx.fail(refused("It has more than 500 keys: use -SkipLimitCheck."));
        }
        cx.put(value)?;
    }
    Ok(())
}

/// Sets `runs` if any part of a node would run.
fn looks(node: Node<'_>, runs: &mut bool) {
    let allowed = |var: &VarRef| {
        ["true", "false", "null", "psscriptroot", "psculture"].iter().any(|name| same(name, &var.name))
    };
    match node {
        Node::Command(_) | Node::Block(_) => *runs = true,
        Node::Expr(expr) => match &expr.kind {
            ExprKind::Call { .. } | ExprKind::Member { .. } | ExprKind::Index { .. } | ExprKind::Step(..) => {
                *runs = true
            }
            ExprKind::Var(var) if !allowed(var) => *runs = true,
            _ => {}
        },
        Node::Stmt(stmt)
            if !matches!(stmt.kind, StmtKind::Expr(_) | StmtKind::Pipe(_) | StmtKind::Nothing) =>
        {
            *runs = true
        }
        _ => {}
    }
    if !*runs {
        children(node, &mut |child| looks(child, runs));
    }
}
