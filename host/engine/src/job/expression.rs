//! Expressions of job files, evaluated within bounds.
//!
//! The author of a job writes its expressions, and the author of a step chooses the values that they work on.
//! minijinja limits neither memory nor time: `'a' * 100000000` needs 100 MB, and a chain of such texts any
//! amount. So values are counted where an expression can make them grow: before an operator, a subscript, a
//! filter or a test gets a value, the size of the value is subtracted from the budget that all expressions of
//! one step share. Filters whose result is not bounded by their input (`indent`, `format`, `batch`) do not
//! exist, and `*` multiplies numbers only.

use std::cell::OnceCell;

use minijinja::machinery::{self, CodeGenerator, Span, ast, parse_expr};
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, Error};

use super::functions::{
    COUNTED, EQUATED, NUMBER, NUMBERS_ONLY, ORDERED, OUTSIDE, SLICED, Work, environment, refused,
};
use super::numbers::holds_infinite;
use super::seen::{Scope, Shared, context};
use crate::document::cut;

/// Maximum bytes of one expression.
const MAX_SOURCE: usize = 16 << 10;
/// Maximum number of operators, brackets, filters, names and attributes of one expression. Each may nest the
/// tree by one level, and minijinja walks the tree by recursion: 10,000 levels overflow the stack of a
/// thread, which kills the process.
const MAX_PARTS: usize = 500;
/// Evaluates expressions.
pub(super) struct Expressions<'s> {
    scope: &'s Scope,
    context: OnceCell<Value>,
    /// Made for the first expression: most steps have none.
    env: OnceCell<Environment<'static>>,
    work: Work,
}

impl<'s> Expressions<'s> {
    /// Returns expressions that do that work at most.
    pub fn new(scope: &'s Scope, work: &Work) -> Self {
        Self { scope, context: OnceCell::new(), env: OnceCell::new(), work: work.clone() }
    }

    /// Returns the value of an expression.
    pub fn value(&self, source: &str) -> Result<Value, String> {
        self.work.take_source(source).map_err(|error| describe(source, &error))?;
        let tree = counted(&parsed(source)?);
        let mut code = CodeGenerator::new("<expression>", source);
        code.compile_expr(&tree);
        let (code, blocks) = code.finish();
        let context = self.context.get_or_init(|| context(self.scope)).clone();
        let mut text = String::new();
        let mut out = machinery::make_string_output(&mut text);
        let env = self.env.get_or_init(|| environment(&self.work));
        let found = machinery::eval(env, &code, context, &blocks, &mut out, AutoEscape::None);
        match found.map_err(|error| describe(source, &error))?.0 {
            Some(value) if !value.is_undefined() => Ok(value),
            _ => Err(format!("`{}` is not defined", shown(source))),
        }
    }

    /// Returns the value of an expression as JSON.
    pub fn json(&self, source: &str) -> Result<serde_json::Value, String> {
        let value = self.value(source)?;
        self.work.take(&value).map_err(|error| describe(source, &error))?;
        if let Some(shared) = value.downcast_object_ref::<Shared>() {
            return Ok(shared.json());
        }
        if holds_infinite(&value) {
            return Err(format!("`{}`: the result has a number that is not finite", shown(source)));
        }
        serde_json::to_value(&value).map_err(|error| format!("`{}`: {error}", shown(source)))
    }
}

pub(super) fn parsed(source: &str) -> Result<ast::Expr<'_>, String> {
    check_size(source)?;
    let tree = parse_expr(source).map_err(|error| describe(source, &error))?;
    check_constants(&tree).map_err(|error| describe(source, &error))?;
    Ok(tree)
}

/// Refuses an expression that is too large before it is parsed.
pub(super) fn check_size(source: &str) -> Result<(), String> {
    let begin: String = source.chars().take(30).collect();
    if source.len() > MAX_SOURCE {
        return Err(format!("`{begin}...`: the expression is too long: at most {MAX_SOURCE} bytes"));
    }
    let (mut parts, mut quote, mut escaped, mut in_word) = (0usize, None, false, false);
    for c in source.chars() {
        let word = c.is_alphanumeric() || c == '_';
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => (quote, parts) = (Some(c), parts + 1),
            (None, _) if c.is_whitespace() => {}
            (None, _) if word && in_word => {}
            (None, _) => parts += 1,
        }
        in_word = word && quote.is_none();
    }
    if parts > MAX_PARTS {
        return Err(format!(
            "`{begin}...`: the expression is too complex: at most {MAX_PARTS} names, values and operators"
        ));
    }
    Ok(())
}

pub(super) fn describe(source: &str, error: &Error) -> String {
    let why = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    format!("`{}`: {}", shown(source), cut(&in_our_words(&why), 300))
}

/// Rewords the library's message about operands, and adds the fix.
fn in_our_words(why: &str) -> String {
    if let Some((sign, types)) =
        why.strip_prefix("tried to use ").and_then(|rest| rest.split_once(" operator on unsupported types "))
    {
        let help = match types.contains("string") && types.contains("number") {
            true => {
                "; write `| float` or `| int` behind a text that is a number, or `~` to put texts together"
            }
            false => "",
        };
        return format!("`{sign}` does not take a {}{help}", types.replace(" and ", " and a "));
    }
    if why.starts_with("unable to calculate ") {
        return format!(
            "{}: the result is not a number, or has more digits than numbers can have",
            why.replacen("unable to calculate", "cannot calculate", 1)
        );
    }
    match why {
        "number out of range" => {
            "a number has more digits than numbers can have: write it as a text, in quotes".to_owned()
        }
        _ => why.to_owned(),
    }
}

fn shown(source: &str) -> String {
    cut(source, 200)
}

/// Returns the parts of an expression.
pub(super) fn parts<'e, 'a>(tree: &'e ast::Expr<'a>) -> Vec<&'e ast::Expr<'a>> {
    fn of_args<'e, 'a>(args: &'e [ast::CallArg<'a>]) -> impl Iterator<Item = &'e ast::Expr<'a>> {
        args.iter().map(|arg| match arg {
            ast::CallArg::Pos(inner)
            | ast::CallArg::Kwarg(_, inner)
            | ast::CallArg::PosSplat(inner)
            | ast::CallArg::KwargSplat(inner) => inner,
        })
    }
    match tree {
        ast::Expr::Var(_) | ast::Expr::Const(_) => Vec::new(),
        ast::Expr::Slice(of) => [Some(&of.expr), of.start.as_ref(), of.stop.as_ref(), of.step.as_ref()]
            .into_iter()
            .flatten()
            .collect(),
        ast::Expr::UnaryOp(of) => vec![&of.expr],
        ast::Expr::BinOp(of) => vec![&of.left, &of.right],
        ast::Expr::Compare(of) => std::iter::once(&of.expr).chain(of.ops.iter().map(|op| &op.expr)).collect(),
        ast::Expr::IfExpr(of) => {
            [Some(&of.test_expr), Some(&of.true_expr), of.false_expr.as_ref()].into_iter().flatten().collect()
        }
        ast::Expr::Filter(of) => of.expr.iter().chain(of_args(&of.args)).collect(),
        ast::Expr::Test(of) => std::iter::once(&of.expr).chain(of_args(&of.args)).collect(),
        ast::Expr::GetAttr(of) => vec![&of.expr],
        ast::Expr::GetItem(of) => vec![&of.expr, &of.subscript_expr],
        ast::Expr::Call(of) => std::iter::once(&of.expr).chain(of_args(&of.args)).collect(),
        ast::Expr::List(of) => of.items.iter().collect(),
        ast::Expr::Tuple(of) => of.items.iter().collect(),
        ast::Expr::Map(of) => of.keys.iter().chain(&of.values).collect(),
    }
}

/// Refuses `*` of a text in a constant: constants are computed when an expression is compiled, before the
/// counting starts.
fn check_constants(tree: &ast::Expr<'_>) -> Result<(), Error> {
    for part in parts(tree) {
        check_constants(part)?;
    }
    if let ast::Expr::BinOp(of) = tree
        && matches!(of.op, ast::BinOpKind::Mul)
    {
        let factors = [of.left.as_const(), of.right.as_const()];
        if factors.iter().flatten().any(|value| !value.is_number()) {
            return Err(refused(NUMBERS_ONLY));
        }
    }
    Ok(())
}

/// Returns the same expression, with each operand that may be large counted.
fn counted<'a>(tree: &ast::Expr<'a>) -> ast::Expr<'a> {
    let option = |inner: &Option<ast::Expr<'a>>| inner.as_ref().map(counted);
    let all = |list: &[ast::Expr<'a>]| list.iter().map(counted).collect::<Vec<_>>();
    match tree {
        ast::Expr::Var(of) => ast::Expr::Var(node(ast::Var { id: of.id }, of.span())),
        ast::Expr::Const(of) => ast::Expr::Const(node(ast::Const { value: of.value.clone() }, of.span())),
        ast::Expr::Slice(of) => {
            let nothing = || ast::Expr::Const(node(ast::Const { value: Value::from(()) }, of.span()));
            let bounds = [&of.start, &of.stop, &of.step].map(|bound| option(bound).unwrap_or_else(nothing));
            let args = std::iter::once(operand(&of.expr, COUNTED)).chain(bounds);
            call(SLICED, args.collect(), of.span())
        }
        ast::Expr::UnaryOp(of) => {
            #[allow(clippy::needless_match, reason = "the kind can be neither copied nor cloned")]
            let op = match of.op {
                ast::UnaryOpKind::Not => ast::UnaryOpKind::Not,
                ast::UnaryOpKind::Neg => ast::UnaryOpKind::Neg,
            };
            ast::Expr::UnaryOp(node(ast::UnaryOp { op, expr: counted(&of.expr) }, of.span()))
        }
        ast::Expr::BinOp(of) => ast::Expr::BinOp(node(binary(of), of.span())),
        ast::Expr::Compare(of) => {
            let before = std::iter::once(&of.expr).chain(of.ops.iter().map(|op| &op.expr));
            let ops = of.ops.iter().zip(before).map(|(op, left)| {
                let expr = match compared(op.op).filter(|_| is_short(left)) {
                    Some(function) => call(function, vec![counted(&op.expr), counted(left)], op.expr.span()),
                    None => operand(&op.expr, COUNTED),
                };
                ast::CompareOp { op: op.op, expr }
            });
            let compare = ast::Compare { expr: operand(&of.expr, COUNTED), ops: ops.collect() };
            ast::Expr::Compare(node(compare, of.span()))
        }
        ast::Expr::IfExpr(of) => {
            let (test_expr, true_expr) = (counted(&of.test_expr), counted(&of.true_expr));
            let choice = ast::IfExpr { test_expr, true_expr, false_expr: option(&of.false_expr) };
            ast::Expr::IfExpr(node(choice, of.span()))
        }
        // Filters and tests count their input.
        ast::Expr::Filter(of) => {
            let filter = ast::Filter { name: of.name, expr: option(&of.expr), args: args(&of.args) };
            ast::Expr::Filter(node(filter, of.span()))
        }
        ast::Expr::Test(of) => {
            let test = ast::Test { name: of.name, expr: counted(&of.expr), args: args(&of.args) };
            ast::Expr::Test(node(test, of.span()))
        }
        ast::Expr::GetAttr(of) => {
            ast::Expr::GetAttr(node(ast::GetAttr { expr: counted(&of.expr), name: of.name }, of.span()))
        }
        ast::Expr::GetItem(of) => {
            let (expr, subscript_expr) = (operand(&of.expr, OUTSIDE), operand(&of.subscript_expr, COUNTED));
            ast::Expr::GetItem(node(ast::GetItem { expr, subscript_expr }, of.span()))
        }
        ast::Expr::Call(of) => {
            ast::Expr::Call(node(ast::Call { expr: counted(&of.expr), args: args(&of.args) }, of.span()))
        }
        ast::Expr::List(of) => ast::Expr::List(node(ast::List { items: all(&of.items) }, of.span())),
        ast::Expr::Tuple(of) => ast::Expr::Tuple(node(ast::Tuple { items: all(&of.items) }, of.span())),
        ast::Expr::Map(of) => {
            ast::Expr::Map(node(ast::Map { keys: all(&of.keys), values: all(&of.values) }, of.span()))
        }
    }
}

fn node<T>(inner: T, span: Span) -> ast::Spanned<T> {
    ast::Spanned::new(inner, span)
}

fn binary<'a>(of: &ast::BinOp<'a>) -> ast::BinOp<'a> {
    let (left, right) = match of.op {
        // These operators return one of their operands unchanged.
        ast::BinOpKind::ScAnd | ast::BinOpKind::ScOr => (counted(&of.left), counted(&of.right)),
        ast::BinOpKind::Mul => (operand(&of.left, NUMBER), operand(&of.right, NUMBER)),
        ast::BinOpKind::Eq | ast::BinOpKind::Ne => (operand(&of.left, COUNTED), beside(of, EQUATED)),
        ast::BinOpKind::Lt | ast::BinOpKind::Lte | ast::BinOpKind::Gt | ast::BinOpKind::Gte => {
            (operand(&of.left, COUNTED), beside(of, ORDERED))
        }
        _ => (operand(&of.left, COUNTED), operand(&of.right, COUNTED)),
    };
    ast::BinOp { op: of.op, left, right }
}

/// Returns the right operand, which a function compares with the left one if that is short.
fn beside<'a>(of: &ast::BinOp<'a>, function: &'static str) -> ast::Expr<'a> {
    match is_short(&of.left) {
        true => call(function, vec![counted(&of.right), counted(&of.left)], of.right.span()),
        false => operand(&of.right, COUNTED),
    }
}

/// Returns an operand that passes through a function. Constants are as long as their source.
fn operand<'a>(tree: &ast::Expr<'a>, function: &'static str) -> ast::Expr<'a> {
    if matches!(tree, ast::Expr::Const(_)) {
        return counted(tree);
    }
    call(function, vec![counted(tree)], tree.span())
}

fn call<'a>(function: &'static str, args: Vec<ast::Expr<'a>>, span: Span) -> ast::Expr<'a> {
    let name = ast::Expr::Var(node(ast::Var { id: function }, span));
    let args = args.into_iter().map(ast::CallArg::Pos).collect();
    ast::Expr::Call(node(ast::Call { expr: name, args }, span))
}

/// Returns the function that checks both sides of a comparison. `None` if any two values compare.
fn compared(op: ast::CompareOpKind) -> Option<&'static str> {
    match op {
        ast::CompareOpKind::Eq | ast::CompareOpKind::Ne => Some(EQUATED),
        ast::CompareOpKind::Lt
        | ast::CompareOpKind::Lte
        | ast::CompareOpKind::Gt
        | ast::CompareOpKind::Gte => Some(ORDERED),
        ast::CompareOpKind::In | ast::CompareOpKind::NotIn => None,
    }
}

/// Returns whether an expression is a constant, a name, or attributes and items of one, which is cheap to
/// compute twice.
fn is_short(tree: &ast::Expr<'_>) -> bool {
    match tree {
        ast::Expr::Var(_) | ast::Expr::Const(_) => true,
        ast::Expr::GetAttr(of) => is_short(&of.expr),
        ast::Expr::GetItem(of) => is_short(&of.expr) && is_short(&of.subscript_expr),
        _ => false,
    }
}

fn args<'a>(args: &[ast::CallArg<'a>]) -> Vec<ast::CallArg<'a>> {
    let arg = |arg: &ast::CallArg<'a>| match arg {
        ast::CallArg::Pos(inner) => ast::CallArg::Pos(counted(inner)),
        ast::CallArg::Kwarg(name, inner) => ast::CallArg::Kwarg(name, counted(inner)),
        ast::CallArg::PosSplat(inner) => ast::CallArg::PosSplat(operand(inner, COUNTED)),
        ast::CallArg::KwargSplat(inner) => ast::CallArg::KwargSplat(operand(inner, COUNTED)),
    };
    args.iter().map(arg).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::job::names::names;
    use crate::job::render;

    fn scope() -> Scope {
        let vars = json!({
            "n": 5, "s": "abc", "long": "x".repeat(1 << 20), "list": [3, 1, 2], "rows": vec![json!({"id": 1}); 3],
            "many": vec![0; 50_000], "yes": true, "none": null
        });
        Scope { vars: Arc::new(vars.as_object().unwrap().clone()), ..Scope::default() }
    }

    #[test]
    fn expressions_do_what_jinja_does() {
        let scope = scope();
        for (source, value) in [
            ("vars.n * 2 + 1", json!(11)),
            ("vars.n * -2.5", json!(-12.5)),
            ("2 ** vars.n", json!(32)),
            ("vars.n // 2 ~ '/' ~ vars.n % 2", json!("2/1")),
            ("vars.s ~ vars.n", json!("abc5")),
            ("vars.s + 'd'", json!("abcd")),
            ("[1] + vars.list", json!([1, 3, 1, 2])),
            ("vars.s[0] ~ vars.s[1:]", json!("abc")),
            ("vars.list[-1]", json!(2)),
            ("vars.list | sort | join('-')", json!("1-2-3")),
            ("vars.list | sum", json!(6)),
            ("vars.rows | map(attribute='id') | list", json!([1, 1, 1])),
            ("vars.rows | selectattr('id', 'eq', 1) | length", json!(3)),
            ("vars.s | replace('b', 'x') | upper", json!("AXC")),
            ("vars.none | default('d', true)", json!("d")),
            ("vars.nope | default('d')", json!("d")),
            ("vars.nope is defined", json!(false)),
            ("1 < vars.n <= 5", json!(true)),
            ("2 in vars.list and 'z' not in vars.s", json!(true)),
            ("vars.yes if vars.n == 5 else false", json!(true)),
            ("{'a': vars.list, 'b': (1, 2)} | tojson", json!("{\"a\": [3, 1, 2], \"b\": [1, 2]}")),
            ("'7' | int + 1", json!(8)),
            ("2.567 | round(1)", json!(2.6)),
            ("'a,b' | split(',') | last", json!("b")),
            ("vars['s']", json!("abc")),
        ] {
            assert_eq!(Expressions::new(&scope, &Work::of_a_step()).json(source), Ok(value), "{source}");
            assert!(names(source).is_ok(), "{source}");
        }
    }

    /// minijinja orders any text after any number.
    #[test]
    fn a_text_is_not_compared_with_a_number() {
        let vars = json!({"price": "19.90", "n": 5, "s": "abc", "none": null});
        let scope = Scope { vars: Arc::new(vars.as_object().unwrap().clone()), ..Scope::default() };
        for source in [
            "vars.price > 19",
            "20 >= vars.price",
            "vars.price == 19.9",
            "vars.s < vars.n",
            "1 < vars.n < vars.price",
        ] {
            let error = Expressions::new(&scope, &Work::of_a_step()).json(source).expect_err(source);
            assert!(error.contains("a text with a number") && error.contains("| float"), "{source}: {error}");
        }
        for (source, value) in [
            ("vars.price | float > 19", true),
            ("vars.price == '19.90'", true),
            ("vars.s == 5", false),
            ("vars.none == 5", false),
            ("vars.s != 'b' and vars.n >= 5", true),
            ("'a' < vars.s", true),
        ] {
            assert_eq!(
                Expressions::new(&scope, &Work::of_a_step()).json(source),
                Ok(json!(value)),
                "{source}"
            );
        }
    }

    /// Jinja takes the text "false" for true, cuts "1.9", and rounds numbers that a double cannot hold.
    #[test]
    fn a_text_becomes_a_boolean_or_a_number_only_when_it_is_one() {
        let scope = scope();
        for (source, value) in [
            ("'false' | bool", json!(false)),
            ("'True' | bool", json!(true)),
            ("vars.n | bool", json!(true)),
            ("0 | bool", json!(false)),
            ("vars.none | bool", json!(false)),
            ("' 12 ' | int", json!(12)),
            ("'-7' | int", json!(-7)),
            ("1.9 | int", json!(1)),
            ("'x' | int(3)", json!(3)),
            ("'ff' | int(base=16)", json!(255)),
            ("'19.90' | float", json!(19.9)),
            ("'1e3' | float", json!(1000.0)),
            ("'-0.50' | float", json!(-0.5)),
            ("'x' | float(default=0.5)", json!(0.5)),
        ] {
            assert_eq!(Expressions::new(&scope, &Work::of_a_step()).json(source), Ok(value), "{source}");
        }
        for (source, why) in [
            ("'no' | bool", "`bool` takes true or false, and not `no`"),
            ("'' | bool", "`bool` takes true or false"),
            ("'1.9' | int", "write `| float | int` to cut the fraction"),
            ("'x' | int", "`int` takes a whole number, and not `x`"),
            ("'1,5' | float", "write the decimal sign as `.`"),
            ("'9007199254740993' | float", "would change the digits"),
            ("'1e999' | float", "up to 1.8e308"),
            ("vars.s + 1", "write `| float` or `| int` behind a text"),
            ("1 / 0", "cannot calculate 1 / 0"),
        ] {
            let error = Expressions::new(&scope, &Work::of_a_step()).json(source).expect_err(source);
            assert!(error.contains(why), "{source}: {error}");
        }
    }

    #[test]
    fn variables_keep_their_order() {
        let vars = json!({"z": 1, "a": 2, "m": {"y": 1, "b": 2}});
        let scope = Scope { vars: Arc::new(vars.as_object().unwrap().clone()), ..Scope::default() };
        let found = Expressions::new(&scope, &Work::of_a_step()).json("vars").unwrap();
        assert_eq!(found.to_string(), vars.to_string());
    }

    /// Each of these needs gigabytes, or minutes, in a minijinja without limits.
    #[test]
    fn expressions_that_would_take_all_memory_or_time_are_refused() {
        let scope = scope();
        let often = |part: &str, n: usize| vec![part; n].join(" ~ ");
        for source in [
            "'a' * 100000000".to_owned(),
            "100000000 * 'a'".to_owned(),
            "('a' ~ 'b') * 100000000".to_owned(),
            "[1] * 100000000".to_owned(),
            "((1, 2) * 100000000) | length".to_owned(),
            "[('a' * 100000000)] | join".to_owned(),
            "vars.s * 100000000".to_owned(),
            "vars.list * 100000000 | list".to_owned(),
            "vars.n * vars.s".to_owned(),
            "(vars.yes and vars.s) * 3".to_owned(),
            "'a' | indent(1000000000000000)".to_owned(),
            "'%999999999999d' | format(1)".to_owned(),
            "[1] | batch(100000000, 0) | list".to_owned(),
            "[1] | slice(1000000000) | list".to_owned(),
            "[1] | tojson(indent=1000000000)".to_owned(),
            "range(100000) | list".to_owned(),
            "vars.long | replace('x', vars.long)".to_owned(),
            "vars.long | replace('', vars.long)".to_owned(),
            "vars.many | join(vars.long)".to_owned(),
            "[vars.long, vars.long] | sum".to_owned(),
            "[vars.long] | map('replace', 'x', vars.long) | list".to_owned(),
            "[vars.long, vars.long] | map('indent', 100000000) | list".to_owned(),
            often("vars.long", 100),
            often("vars.many", 60),
            format!("[{}] | length == 0 or vars.many == vars.many", vec!["vars.long ~ 'a'"; 80].join(", ")),
            format!("({}) | length", vec!["vars.many"; 100].join(" + ")),
            vec!["vars.long | upper == 'A'"; 45].join(" or "),
            vec!["vars.many | sort == 1"; 45].join(" or "),
            vec!["7 in vars.many"; 80].join(" or "),
        ] {
            let error = Expressions::new(&scope, &Work::of_a_step()).json(&source).unwrap_err();
            assert!(error.len() < 600, "{error}");
            assert!(
                ["work on too much", "numbers only", "unknown", "too many arguments"]
                    .iter()
                    .any(|why| error.contains(why)),
                "{}: {error}",
                cut(&source, 60)
            );
        }
    }

    /// The items of a list take more memory than the letters of the text that they come from.
    #[test]
    fn the_items_that_a_filter_makes_of_a_text_are_counted() {
        let texts = json!({"letters": "x".repeat(2 << 20), "lines": "\n".repeat(2 << 20), "row": "a,b".repeat(1 << 19)});
        let scope = Scope { vars: Arc::new(texts.as_object().unwrap().clone()), ..Scope::default() };
        for (source, is_allowed) in [
            ("vars.letters | split('') | length", false),
            ("vars.letters | list | length", false),
            ("vars.lines | lines | length", false),
            ("vars.lines | split('\n') | length", false),
            ("vars.letters | split | length", true),
            ("vars.letters | lines | length", true),
            ("vars.row | split(',') | length", true),
            ("'a,b' | split('') | length", true),
        ] {
            let found = Expressions::new(&scope, &Work::of_a_step()).json(source);
            assert_eq!(found.is_ok(), is_allowed, "{source}: {found:?}");
        }
        let source = "vars.row | split(',') | length";
        let error = Expressions::new(&scope, &Work::short()).json(source).unwrap_err();
        assert!(error.contains("at most 1 MiB in all"), "{error}");
    }

    #[test]
    fn what_the_texts_of_a_step_take_together_is_bounded() {
        let texts = vec![json!("${{ vars.long }}"); 20_000];
        let error = render(&json!({"texts": texts}), &scope(), &Work::of_a_step()).unwrap_err();
        assert!(error.message.contains("at most 64 MiB in all"), "{error}");
        assert!(error.pointer.starts_with("/texts/"));
        assert!(render(&json!(vec!["${{ vars.long }}"; 16]), &scope(), &Work::of_a_step()).is_ok());
    }

    /// Each of these overflows the stack of minijinja's parser, compiler or destructor; some may not
    /// even be valid.
    #[test]
    fn expressions_that_would_overflow_the_stack_are_refused() {
        let scope = scope();
        let many = |text: &str| text.repeat(20_000);
        for source in [
            format!("1{}", many("+1")),
            format!("'a'{}", many("~'a'")),
            format!("'a'{}", many("|upper")),
            format!("{}true", many("not ")),
            format!("{}1", many("-")),
            format!("vars{}", many(".a")),
            format!("vars{}", many("[0]")),
            format!("vars{}", many("()")),
            format!("{}1{}", many("("), many(")")),
            format!("{}1{}", many("["), many("]")),
            format!("{}1{}", many("{'a':"), many("}")),
            format!("1{}", many(" if 1 else 1")),
            format!("1{}", many(" and 1")),
            format!("1{}", many("**1")),
            format!("1{}", many(" is defined")),
            format!("1{}", many(" < 1")),
            "a".repeat(100_000),
        ] {
            let error = Expressions::new(&scope, &Work::of_a_step()).json(&source).unwrap_err();
            assert!(error.contains("too complex") || error.contains("too long"), "{error}");
            assert!(error.len() < 200);
            assert!(names(&source).is_err());
            assert!(crate::job::evaluate(&source, &scope, &Work::of_a_step()).is_err());
            // The largest that the bounds allow.
            let largest: String = source.chars().take(490).collect();
            let _ = Expressions::new(&scope, &Work::of_a_step()).json(&largest);
            let _ = crate::job::evaluate(&largest, &scope, &Work::of_a_step());
        }
        let sum = format!("1{}", "+1".repeat(240));
        assert_eq!(Expressions::new(&scope, &Work::of_a_step()).json(&sum), Ok(json!(241)));
    }
}
