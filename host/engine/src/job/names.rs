//! The names that expressions use.

use std::collections::BTreeSet;

use minijinja::Environment;
use minijinja::machinery::ast;

use super::expression::{describe, parsed, parts};

/// Checks the syntax of an expression, and returns the outside names in it, such as `steps.extract.output`.
pub(super) fn names(source: &str) -> Result<BTreeSet<Vec<String>>, String> {
    let tree = parsed(source)?;
    Environment::empty().compile_expression(source).map_err(|error| describe(source, &error))?;
    let mut names = BTreeSet::new();
    add_names(&tree, &mut names);
    Ok(names)
}

fn add_names(tree: &ast::Expr<'_>, names: &mut BTreeSet<Vec<String>>) {
    match name(tree) {
        Some(name) => {
            names.insert(name);
        }
        None => parts(tree).into_iter().for_each(|part| add_names(part, names)),
    }
}

/// Returns the parts of a name: `steps.load.output`, or `steps["load"].output`.
fn name(tree: &ast::Expr<'_>) -> Option<Vec<String>> {
    let (of, part) = match tree {
        ast::Expr::Var(of) => return Some(vec![of.id.to_owned()]),
        ast::Expr::GetAttr(of) => (&of.expr, of.name.to_owned()),
        ast::Expr::GetItem(of) => match &of.subscript_expr {
            ast::Expr::Const(part) => (&of.expr, part.value.as_str()?.to_owned()),
            _ => return None,
        },
        _ => return None,
    };
    let mut name = name(of)?;
    name.push(part);
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_an_expression_uses() {
        for (source, expected) in [
            ("steps.a.output.x + vars.y | default(3)", &["steps.a.output.x", "vars.y"][..]),
            ("steps['a-b'].output['c'] ~ steps[\"d\"].status", &["steps.a-b.output.c", "steps.d.status"]),
            ("steps[vars.name].output[0]", &["steps", "vars.name"]),
            (
                "[vars.a, {'k': run.id}] if steps.b.items() else 'vars.c'",
                &["run.id", "steps.b.items", "vars.a"],
            ),
        ] {
            let found: Vec<String> = names(source).unwrap().iter().map(|name| name.join(".")).collect();
            assert_eq!(found, expected, "{source}");
        }
    }
}
