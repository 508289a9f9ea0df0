//! The requirements of a script, found before it runs: unsupported features, with their line and the fix, and
//! the capabilities that policy would have to grant.

use ps_value::types::NetType;
use std::collections::{BTreeSet, HashMap, HashSet};

use ps_runtime::cmdlet::{self, CmdletInfo};

use crate::session;
use ps_runtime::eval::Interp;
use ps_runtime::eval::bind::Hit;
use ps_runtime::needs::{self, Lack};
use ps_runtime::script::Script;
use ps_runtime::types::{TypeInfo, TypeKind, lookup};
use ps_syntax::Span;
use ps_syntax::ast::{Arg, Command, Expr, ExprKind, Invoke, Part, Stmt, StmtKind, TypeName};
use ps_syntax::symbol::{fold, same};
use ps_syntax::walk::{Node, children};

/// The result of checking a script.
#[derive(Debug, Default)]
pub struct Report {
    /// The findings in the order of the text.
    pub findings: Vec<Finding>,
    /// The capabilities that the script uses: `files`, `http`, `sql`.
    pub uses: BTreeSet<&'static str>,
}

/// An unsupported feature that the script uses.
#[derive(Debug, Clone)]
pub struct Finding {
    pub line: usize,
    pub column: usize,
    pub lack: Lack,
    /// The command, the type or the parameter.
    pub name: String,
    /// The reason why it is unsupported, and the fix.
    pub message: String,
    /// Whether the script handles the case: the use is in a `try`, behind a test of the platform or of the
    /// command, or in a function that nothing calls.
    pub guarded: bool,
}

impl Report {
    /// Returns required features that are unavailable: the script is not started.
    pub fn refused(&self) -> impl Iterator<Item = &Finding> {
        self.open().filter(|finding| finding.lack == Lack::Unavailable)
    }

    /// Returns the findings that the script does not handle.
    pub fn open(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| !finding.guarded)
    }
}

/// Checks a script.
pub fn check(script: &Script) -> Report {
    let mut known = Known::default();
    known.gather(Node::Block(&script.block), None);
    known.spread();
    if script.source.path.ends_with(".psm1") {
        known.any_call = true;
    }
    let namespaces = script.block.namespaces.iter().map(ToString::to_string).collect();
    let mut checker = Checker { script, known, namespaces, guards: 0, report: Report::default() };
    checker.requirements();
    checker.visit(Node::Block(&script.block));
    checker.report.findings.sort_by_key(|finding| (finding.line, finding.column));
    checker.report
}

/// The definitions of the script itself.
#[derive(Default)]
struct Known {
    functions: HashSet<String>,
    /// The calls of each function; those of the script itself under `None`.
    calls: HashMap<Option<String>, HashSet<String>>,
    /// Functions that the script can reach.
    live: HashSet<String>,
    types: HashSet<String>,
    /// Whether another file is included, which may define commands.
    takes_in: bool,
    /// Whether commands are called by computed names.
    any_call: bool,
}

impl Known {
    fn gather(&mut self, node: Node<'_>, within: Option<&str>) {
        match node {
            Node::Stmt(Stmt { kind: StmtKind::Function(function), .. }) => {
                let name = fold(function.name.rsplit(':').next().unwrap_or_default()).into_owned();
                self.functions.insert(name.clone());
                return children(node, &mut |child| self.gather(child, Some(&name)));
            }
            Node::Stmt(Stmt { kind: StmtKind::Type(definition), .. }) => {
                self.types.insert(fold(&definition.name).into_owned());
            }
            Node::Command(command) => match name_of(command) {
                Some(name) => {
                    self.called(command, &name);
                    let name = fold(&name).into_owned();
                    self.calls.entry(within.map(str::to_owned)).or_default().insert(name);
                }
                None if !matches!(command.name.kind, ExprKind::Block(_)) => {
                    self.any_call = true;
                    self.takes_in |= command.invoke == Invoke::Dot;
                }
                None => {}
            },
            _ => {}
        }
        children(node, &mut |child| self.gather(child, within));
    }

    fn called(&mut self, command: &Command, name: &str) {
        let file = name.ends_with(".ps1") || name.ends_with(".psm1");
        self.takes_in |= file && command.invoke == Invoke::Dot;
        let Some(info) = session::find(session::alias(name).unwrap_or(name)) else { return };
        match info.name {
            "Set-Alias" | "New-Alias" => {
                self.functions.extend(argument(command, info, "Name").map(|name| fold(&name).into_owned()));
            }
            "Import-Module" => {
                self.takes_in |= argument(command, info, "Name").is_none_or(|name| is_file(&name))
            }
            "Invoke-Expression" => self.any_call = true,
            _ => {}
        }
    }

    fn spread(&mut self) {
        let mut next: Vec<String> = self.calls.get(&None).into_iter().flatten().cloned().collect();
        while let Some(name) = next.pop() {
            if self.functions.contains(&name) && self.live.insert(name.clone()) {
                next.extend(self.calls.get(&Some(name)).into_iter().flatten().cloned());
            }
        }
    }
}

/// Returns the name of a command if it is a constant.
fn name_of(command: &Command) -> Option<String> {
    constant(&command.name)
}

fn constant(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Const(value) => value.as_str().map(str::to_owned),
        _ => None,
    }
}

/// Returns the argument after a named parameter, with or without a colon between them.
fn value_after(command: &Command, at: usize) -> Option<&Expr> {
    match (command.args.get(at), command.args.get(at + 1)) {
        (Some(Arg::Named { value: Some(value), .. }), _)
        | (Some(Arg::Named { value: None, .. }), Some(Arg::Value(value))) => Some(value),
        _ => None,
    }
}

/// Returns a constant argument of a cmdlet: by the parameter's name, or otherwise the first unnamed argument.
fn argument(command: &Command, info: &'static CmdletInfo, parameter: &str) -> Option<String> {
    let table = cmdlet::table(info);
    let mut plain = None;
    let mut at = 0;
    while let Some(arg) = command.args.get(at) {
        match arg {
            Arg::Named { name, value, .. } => {
                let spec = match Interp::find_parameter(&table, name) {
                    Ok(Some(Hit::Param(index))) => table.params.get(index),
                    _ => None,
                };
                if spec.is_some_and(|spec| same(&spec.name, parameter)) {
                    return value_after(command, at).and_then(constant);
                }
                at += usize::from(value.is_none() && !spec.is_some_and(|spec| spec.is_switch));
            }
            Arg::Value(expr) if plain.is_none() => plain = Some(expr),
            _ => {}
        }
        at += 1;
    }
    plain.and_then(constant)
}

/// Returns whether a module is given as a file.
fn is_file(module: &str) -> bool {
    module.contains(['/', '\\']) || [".psm1", ".psd1", ".ps1"].iter().any(|end| fold(module).ends_with(end))
}

/// Prefixes of paths that exist only on Windows.
const PLACES: &[(&str, &str)] = &[
    ("HKLM:", "the registry of Windows"),
    ("HKCU:", "the registry of Windows"),
    ("HKCR:", "the registry of Windows"),
    ("HKU:", "the registry of Windows"),
    ("HKEY_", "the registry of Windows"),
    ("Registry::", "the registry of Windows"),
    ("Cert:", "the certificate store of Windows"),
    ("WSMan:", "PowerShell remoting"),
];

/// Cmdlets that need a capability, by a part of their name.
const USES: &[(&str, &str)] = &[
    ("Content", "files"),
    ("ChildItem", "files"),
    ("New-Item", "files"),
    ("Remove-Item", "files"),
    ("Copy-Item", "files"),
    ("Move-Item", "files"),
    ("Rename-Item", "files"),
    ("Import-C", "files"),
    ("Export-C", "files"),
    ("Out-File", "files"),
    ("-Archive", "files"),
    ("FileHash", "files"),
    ("TemporaryFile", "files"),
    ("Invoke-RestMethod", "http"),
    ("Invoke-WebRequest", "http"),
    ("Invoke-Sqlcmd", "sql"),
];

struct Checker<'s> {
    script: &'s Script,
    known: Known,
    namespaces: Vec<String>,
    /// Number of enclosing guards.
    guards: usize,
    report: Report,
}

impl Checker<'_> {
    fn found(&mut self, span: Span, lack: Lack, name: &str, message: String) {
        let (line, column) = self.script.source.position(span.start);
        let guarded = self.guards > 0;
        let name = name.to_owned();
        self.report.findings.push(Finding { line, column, lack, name, message, guarded });
    }

    fn guarded(&mut self, when: bool, body: impl FnOnce(&mut Self)) {
        self.guards += usize::from(when);
        body(self);
        self.guards -= usize::from(when);
    }

    fn inside(&mut self, node: Node<'_>) {
        children(node, &mut |child| self.visit(child));
    }

    fn visit(&mut self, node: Node<'_>) {
        match node {
            Node::Stmt(stmt) => self.statement(stmt),
            Node::Command(command) => self.command(command),
            Node::Type(name) => {
                self.type_name(name);
                self.inside(node);
            }
            Node::Expr(expr) => {
                self.expression(expr);
                self.inside(node);
            }
            _ => self.inside(node),
        }
    }

    fn statement(&mut self, stmt: &Stmt) {
        let node = Node::Stmt(stmt);
        match &stmt.kind {
            StmtKind::Try(attempt) => {
                self.guarded(!attempt.catches.is_empty(), |it| it.visit(Node::Stmts(&attempt.body)));
                for (kinds, body) in &attempt.catches {
                    self.guarded(true, |it| kinds.iter().for_each(|kind| it.visit(Node::Type(kind))));
                    self.visit(Node::Stmts(body));
                }
                attempt.finally.iter().for_each(|body| self.visit(Node::Stmts(body)));
            }
            StmtKind::If(clauses, otherwise) => {
                let asks = clauses.iter().any(|(condition, _)| self.asks(condition));
                for (condition, body) in clauses {
                    self.visit(Node::Stmt(condition));
                    self.guarded(asks, |it| it.visit(Node::Stmts(body)));
                }
                self.guarded(asks, |it| otherwise.iter().for_each(|body| it.visit(Node::Stmts(body))));
            }
            StmtKind::Function(function) => {
                let name = fold(function.name.rsplit(':').next().unwrap_or_default()).into_owned();
                let dead = !self.known.any_call && !self.known.live.contains(&name);
                self.guarded(dead, |it| it.inside(node));
            }
            _ => self.inside(node),
        }
    }

    /// Returns whether a condition tests the platform or the existence of something.
    fn asks(&self, condition: &Stmt) -> bool {
        let text = fold(self.script.source.slice(condition.span)).into_owned();
        ["iswindows", "ismacos", "psedition", "psversion", "get-command", "get-module", "gcm "]
            .iter()
            .any(|word| text.contains(word))
    }

    fn command(&mut self, command: &Command) {
        let quiet = ["SilentlyContinue", "Ignore"];
        let silent = command.args.iter().enumerate().any(|(at, arg)| {
            let Arg::Named { name, .. } = arg else { return false };
            let given = value_after(command, at).and_then(constant);
            (same(name, "ErrorAction") || same(name, "ea"))
                && given.is_some_and(|given| quiet.iter().any(|word| same(word, &given)))
        });
        self.guarded(silent, |it| {
            if let Some(name) = name_of(command) {
                it.named_command(command, &name);
            }
        });
        self.inside(Node::Command(command));
    }

    fn named_command(&mut self, command: &Command, written: &str) {
        let span = command.name.span;
        if self.known.functions.contains(&*fold(written)) {
            return;
        }
        let name = session::alias(written).unwrap_or(written);
        let plain = match name.split_once('\\') {
            Some((module, plain)) if ps_runtime::modules::is_built_in(module) => plain,
            _ => name,
        };
        if let Some(info) = session::find(plain).or_else(|| session::find(&format!("Get-{plain}"))) {
            let fits = |part: &str| fold(info.name).contains(&*fold(part));
            self.report.uses.extend(USES.iter().filter(|(part, _)| fits(part)).map(|(_, uses)| uses));
            return self.arguments(command, info);
        }
        let lower = fold(plain).into_owned();
        if lower.ends_with(".ps1") || lower.ends_with(".psm1") || lower.is_empty() {
            return;
        }
        if let Some((lack, message)) = needs::of(plain) {
            return self.found(span, lack, plain, message);
        }
        if self.known.takes_in {
            return;
        }
        let message = format!(
            "`{plain}` is neither a supported command nor a function of the script: it comes from a module or is a program, and the sandbox has neither."
        );
        self.found(span, Lack::Unknown, plain, message);
    }

    fn arguments(&mut self, command: &Command, info: &'static CmdletInfo) {
        let table = cmdlet::table(info);
        for arg in &command.args {
            let Arg::Named { name, span, .. } = arg else { continue };
            if matches!(Interp::find_parameter(&table, name), Ok(None)) {
                let message = format!("{} does not support the parameter `-{name}`.", info.name);
                self.found(*span, Lack::Missing, &format!("{} -{name}", info.name), message);
            }
        }
        let span = command.name.span;
        match info.name {
            "New-Object" => {
                let com = command.args.iter().any(|arg| match arg {
                    Arg::Named { name, .. } => name.len() >= 3 && "comobject".starts_with(&*fold(name)),
                    _ => false,
                });
                if com {
                    let name = argument(command, info, "ComObject").unwrap_or_else(|| "COM".into());
                    self.found(span, Lack::Unavailable, &name, needs::COM.to_owned());
                } else if let Some(name) = argument(command, info, "TypeName") {
                    self.type_text(&name, span);
                }
            }
            "Invoke-Command" => {
                let remote = |arg: &Arg| match arg {
                    Arg::Named { name, .. } => ["computername", "cn", "session"].contains(&&*fold(name)),
                    _ => false,
                };
                if command.args.iter().any(remote) {
                    self.found(
                        span,
                        Lack::Unavailable,
                        "Invoke-Command -ComputerName",
                        needs::REMOTING.to_owned(),
                    );
                }
            }
            "Import-Module" => {
                if let Some(name) = argument(command, info, "Name") {
                    self.module(&name, span);
                }
            }
            "Add-Type" => {
                let compiles = command.args.first().is_some_and(|arg| match arg {
                    Arg::Named { name, .. } => !"assemblyname".starts_with(&*fold(name)) && !same(name, "an"),
                    _ => true,
                });
                if compiles {
                    let message = "Add-Type: C# is not compiled in the sandbox. Write a PowerShell class, or a separate step.";
                    self.found(span, Lack::Unavailable, "Add-Type", message.to_owned());
                }
            }
            _ => {}
        }
    }

    fn module(&mut self, name: &str, span: Span) {
        if !ps_runtime::modules::is_built_in(name) && !is_file(name) {
            let message = format!("The module {name} is not available. {}", needs::MODULES);
            self.found(span, Lack::Unavailable, name, message);
        }
    }

    fn requirements(&mut self) {
        for requirement in self.script.block.requires.clone() {
            match requirement.what.as_str() {
                "modules" | "using module" => {
                    let name = requirement.value.trim_matches(['\'', '"']).to_owned();
                    self.module(&name, requirement.span);
                }
                "runasadministrator" => {
                    let message =
                        "The script requires administrator rights, which do not exist in the sandbox.";
                    self.found(
                        requirement.span,
                        Lack::Unavailable,
                        "#requires -RunAsAdministrator",
                        message.to_owned(),
                    );
                }
                _ => {}
            }
        }
    }

    fn expression(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Const(value) => {
                if let Some(text) = value.as_str() {
                    self.place(text, expr.span);
                }
            }
            ExprKind::Expand(parts) => {
                if let Some(Part::Text(text)) = parts.first() {
                    self.place(text, expr.span);
                }
            }
            ExprKind::Call { target, name, is_static: true, .. }
            | ExprKind::Member { target, name, is_static: true, .. } => {
                if let (ExprKind::Type(ty), Some(member)) = (&target.kind, constant(name)) {
                    self.static_member(&ty.name, &member, name.span);
                }
            }
            _ => {}
        }
    }

    fn place(&mut self, text: &str, span: Span) {
        let starts = |start: &str| text.get(..start.len()).is_some_and(|own| same(own, start));
        if let Some((start, what)) = PLACES.iter().find(|(start, _)| starts(start)) {
            let message = format!(
                "`{}` is in {what}, which the sandbox does not have: run this part where it is.",
                text.trim()
            );
            return self.found(span, Lack::Unavailable, start, message);
        }
        let mut chars = text.chars();
        let drive = chars.next().is_some_and(|c| c.is_ascii_alphabetic());
        if drive && text.get(1..3) == Some(":\\") {
            let message =
                format!("`{}` is a path of Windows: make it a parameter; mounts are at `/...`.", text.trim());
            self.found(span, Lack::Missing, "a path of Windows", message);
        }
    }

    fn type_name(&mut self, name: &TypeName) {
        if self.known.types.contains(&*fold(&name.name))
            || self.info(&name.name).is_some()
            || self.known.takes_in
        {
            return;
        }
        let message = format!("The type [{}] is not supported.", name.name);
        self.found(name.span, Lack::Missing, &format!("[{}]", name.name), message);
    }

    fn type_text(&mut self, text: &str, span: Span) {
        let plain = text.split(['[', '`']).next().unwrap_or(text);
        if !self.known.types.contains(&*fold(plain)) && self.info(plain).is_none() && !self.known.takes_in {
            self.found(
                span,
                Lack::Missing,
                &format!("[{text}]"),
                format!("The type [{text}] is not supported."),
            );
        }
    }

    fn info(&self, name: &str) -> Option<&'static TypeInfo> {
        let found = lookup(name)
            .or_else(|| self.namespaces.iter().find_map(|space| lookup(&format!("{space}.{name}"))))?;
        match found {
            ps_runtime::types::Ty::Native(info) | ps_runtime::types::Ty::Generic(info, _) => Some(info),
            ps_runtime::types::Ty::Enum(ty) => ps_runtime::types::find(&ty.full_name),
            ps_runtime::types::Ty::Array(..) | ps_runtime::types::Ty::Class(_) => Some(NetType::Array.info()),
        }
    }

    fn static_member(&mut self, ty: &TypeName, member: &str, span: Span) {
        if self.known.types.contains(&*fold(&ty.name)) || !ty.ranks.is_empty() || same(member, "new") {
            return;
        }
        let Some(info) = self.info(&ty.name) else { return };
        if !has_static(info, member) {
            let message = format!("[{}]::{member} is not supported.", info.name);
            self.found(span, Lack::Missing, &format!("[{}]::{member}", info.name), message);
        }
    }
}

fn has_static(info: &'static TypeInfo, member: &str) -> bool {
    use ps_runtime::types::Declared;
    if let TypeKind::Enum(values, _) = info.kind
        && values.iter().any(|(name, _)| same(name, member))
    {
        return true;
    }
    let own = ps_runtime::types::members(info.id).iter().any(|declared| match declared {
        Declared::Static(signature, _) | Declared::StaticProperty(signature, _) => {
            same(ps_runtime::eval::overload::split_signature(signature).1, member)
        }
        _ => false,
    });
    let numeric = info.numeric && info.id != NetType::Int32 && has_static(NetType::Int32.info(), member);
    own || numeric || info.base.is_some_and(|base| has_static(base.info(), member))
}
