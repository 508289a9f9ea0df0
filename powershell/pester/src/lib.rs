//! Pester: `Describe`, `It`, `Should` and related commands, and the results of tests.
//!
//! The crate must not know other cmdlets: it uses script blocks to call them.

#![allow(missing_docs, reason = "where the name says everything, documentation would only repeat it")]

mod should;

use ps_runtime::parts::Part;
use ps_value::types::NetType;
use std::rc::Rc;

use ps_runtime::cmdlet::{CmdletInfo, Cx, Each};
use ps_runtime::eval::bind::{Call, Given};
use ps_runtime::eval::operators::Wildcard;
use ps_runtime::eval::{Interp, Nowhere};
use ps_syntax::Span;
use ps_syntax::ast::{Arg, Block, ElementKind, ExprKind, Stmt, StmtKind};
use ps_value::block::ScriptBlock;
use ps_value::error::{Category, ErrorRecord, Fault, Flow, R};
use ps_value::scope::Scope;
use ps_value::{Dict, Value, text};

const GROUP: &str = "Name: string @0 mandatory empty | Fixture: scriptblock @1 mandatory | Tag: string[] alias=Tags | ForEach: object null | Skip: switch";
const BLOCK: &str = "ScriptBlock: scriptblock @0 mandatory alias=Scriptblock";

const fn word(
    name: &'static str,
    params: &'static str,
    make: fn() -> Box<dyn ps_runtime::cmdlet::Cmdlet>,
) -> CmdletInfo {
    CmdletInfo { name, class: "", params, default_set: "", make }
}

pub const CMDLETS: &[CmdletInfo] = &[
    word("Describe", GROUP, || Box::new(Each(group))),
    word("Context", GROUP, || Box::new(Each(group))),
    word(
        "It",
        "Name: string @0 mandatory empty | Test: scriptblock @1 | TestCases: object alias=ForEach null | Tag: string[] alias=Tags | Skip: switch | Pending: switch",
        || Box::new(Each(it)),
    ),
    word("BeforeAll", BLOCK, || Box::new(Each(|cx| around(cx, Around::BeforeAll)))),
    word("BeforeEach", BLOCK, || Box::new(Each(|cx| around(cx, Around::BeforeEach)))),
    word("AfterEach", BLOCK, || Box::new(Each(|cx| around(cx, Around::AfterEach)))),
    word("AfterAll", BLOCK, || Box::new(Each(|cx| around(cx, Around::AfterAll)))),
    word("BeforeDiscovery", BLOCK, || {
        Box::new(Each(|cx| match cx.get("ScriptBlock") {
            Some(Value::Block(block)) => cx.it.run_block(&block, cx.out),
            _ => Ok(()),
        }))
    }),
    word(
        "Set-ItResult",
        "Skipped: switch | Pending: switch | Inconclusive: switch | Because: string",
        || Box::new(Each(set_result)),
    ),
    should::CMDLET,
];

/// The result of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Passed,
    Failed,
    Skipped,
    Inconclusive,
    /// The test used a feature that PowerShell has and this interpreter lacks. Never passed, whatever its
    /// assertions found.
    NotImplemented,
}

impl Outcome {
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Inconclusive => "inconclusive",
            Self::NotImplemented => "not_implemented",
        }
    }
}

/// One test, or the body of a group that failed outside of any test.
#[derive(Debug, Clone)]
pub struct TestResult {
    /// The enclosing groups, outer first.
    pub groups: Vec<String>,
    pub name: String,
    pub outcome: Outcome,
    /// The reason why it did not pass.
    pub message: String,
    /// The file and the line of the failure.
    pub place: Option<(String, usize)>,
    pub nanoseconds: u64,
}

/// The state of the tests of a run.
#[derive(Default)]
pub struct Pester {
    pub results: Vec<TestResult>,
    /// Only tests with one of these tags, or in a group with one, run. Empty for all.
    pub tags: Vec<String>,
    pub excluded_tags: Vec<String>,
    /// Number of tests that these tags excluded.
    pub not_run: usize,
    groups: Vec<Group>,
    /// The `AfterAll` blocks of the file itself.
    last: Vec<Rc<ScriptBlock>>,
    drives: usize,
}

#[derive(Default)]
struct Group {
    name: String,
    /// Whether this is the file itself, and not a group in it.
    of_file: bool,
    tags: Vec<String>,
    skip: bool,
    before_each: Vec<Rc<ScriptBlock>>,
    after_each: Vec<Rc<ScriptBlock>>,
    after_all: Vec<Rc<ScriptBlock>>,
    /// Blocks that were read before the body ran.
    known: Vec<Rc<Block>>,
    /// The failure of `BeforeAll`, which fails all tests of the group.
    broken: Option<Rc<ErrorRecord>>,
}

impl Part for Pester {
    fn begin(_: u64) -> Self {
        Self::default()
    }
}

impl Pester {
    /// Returns the number of enclosing `Describe` and `Context` blocks.
    fn depth(&self) -> usize {
        self.groups.iter().filter(|g| !g.of_file).count()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Around {
    BeforeAll,
    BeforeEach,
    AfterEach,
    AfterAll,
}

impl Around {
    fn parse(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "beforeall" => Self::BeforeAll,
            "beforeeach" => Self::BeforeEach,
            "aftereach" => Self::AfterEach,
            "afterall" => Self::AfterAll,
            _ => return None,
        })
    }
}

fn group(cx: &mut Cx<'_>) -> R<()> {
    let Some(Value::Block(block)) = cx.get("Fixture") else { return Ok(()) };
    let word = if cx.info.name == "Context" { "Context" } else { "Describing" };
    let template = cx.text("Name").unwrap_or_default();
    let tags = cx.strings("Tag");
    let skip = cx.flag("Skip") || cx.it.part::<Pester>().groups.last().is_some_and(|g| g.skip);
    for case in cases(cx, "ForEach") {
        let scope = Scope::new(Some(cx.it.scope.clone()), false);
        let (template, tags, block) = (template.clone(), tags.clone(), block.clone());
        cx.it.within(scope, |it| {
            set_case(it, case.as_ref());
            let name = named(it, &template)?;
            let indent = "  ".repeat(it.part::<Pester>().depth());
            it.host.write_host(&format!("{indent}{word} {name}"), false);
            let drive = it.test_drive();
            let broken = it.part::<Pester>().groups.last().and_then(|g| g.broken.clone());
            it.part::<Pester>().groups.push(Group { name, tags, skip, broken, ..Group::default() });
            let result = it.run_group(&block);
            it.part::<Pester>().groups.pop();
            it.clear_drive(drive);
            result
        })?;
    }
    Ok(())
}

/// Returns the cases of a test or a group: one without data if none are given.
fn cases(cx: &Cx<'_>, parameter: &str) -> Vec<Option<Value>> {
    match cx.get(parameter) {
        Some(given) => given.to_items().into_iter().map(Some).collect(),
        None => vec![None],
    }
}

/// Sets the variables of a case: `$_`, and one for each key.
fn set_case(it: &mut Interp, case: Option<&Value>) {
    let Some(case) = case else { return };
    it.scope.put(it.syms.underscore, &it.names.underscore, case.clone());
    if let Value::Dict(dict) = case.base() {
        for (key, value) in dict.pairs() {
            it.scope.put_str(&text(&key), value);
        }
    }
}

/// Fills in the `<parts>` of a name from variables.
fn named(it: &mut Interp, template: &str) -> R<String> {
    let mut name = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('<') {
        name.push_str(before);
        rest = after;
        let Some((path, after)) = after.split_once('>') else {
            name.push('<');
            break;
        };
        let mut parts = path.split('.');
        let variable = parts.next().unwrap_or_default();
        let is_name =
            !variable.is_empty() && path.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
        let Some(mut value) = it.lookup(ps_syntax::symbol::Sym::of(variable)).filter(|_| is_name) else {
            name.push('<');
            continue;
        };
        for part in parts {
            value = it.property(&value, part)?.unwrap_or_default();
        }
        name.push_str(should::nicely(it, &value).trim_matches('\''));
        rest = after;
    }
    name.push_str(rest);
    Ok(name)
}

/// Returns the `BeforeAll { }` and similar blocks of a body, which run before the commands around them.
fn surroundings(body: &Block) -> Vec<(Around, Rc<Block>)> {
    let taken = |stmt: &Stmt| {
        let StmtKind::Pipe(pipe) = &stmt.kind else { return None };
        let [element] = pipe.elements.as_slice() else { return None };
        let ElementKind::Command(command) = &element.kind else { return None };
        let ExprKind::Const(name) = &command.name.kind else { return None };
        let around = Around::parse(name.as_str()?)?;
        command.args.iter().find_map(|arg| match arg {
            Arg::Value(expr) | Arg::Named { value: Some(expr), .. } => match &expr.kind {
                ExprKind::Block(block) => Some((around, block.clone())),
                _ => None,
            },
            _ => None,
        })
    };
    body.end.iter().flat_map(|stmts| &stmts.list).filter_map(taken).collect()
}

fn around(cx: &mut Cx<'_>, what: Around) -> R<()> {
    let Some(Value::Block(block)) = cx.get("ScriptBlock") else { return Ok(()) };
    let taken = cx
        .it
        .part::<Pester>()
        .groups
        .last()
        .is_some_and(|g| g.known.iter().any(|known| Rc::ptr_eq(known, &block.ast)));
    if taken { Ok(()) } else { cx.it.surround(what, block) }
}

fn set_result(cx: &mut Cx<'_>) -> R<()> {
    let id = if cx.flag("Inconclusive") { "PesterTestInconclusive" } else { "PesterTestSkipped" };
    let why = cx
        .text("Because")
        .map_or_else(|| "is skipped".to_owned(), |why| format!("is skipped, because {why}"));
    cx.fail(Fault::new(NetType::Exception, id, Category::OperationStopped, why))
}

fn it(cx: &mut Cx<'_>) -> R<()> {
    let template = cx.text("Name").unwrap_or_default();
    let block = match cx.get("Test") {
        Some(Value::Block(block)) => Some(block),
        _ => None,
    };
    let pester = cx.it.part::<Pester>();
    let tags = cx.bound.get(cx.table, "Tag").map(Value::to_items).unwrap_or_default();
    let tags: Vec<String> =
        tags.iter().map(text).chain(pester.groups.iter().flat_map(|g| g.tags.clone())).collect();
    let any = |wanted: &[String]| {
        wanted.iter().any(|w| tags.iter().any(|tag| Wildcard::new(w, false).matches(tag)))
    };
    if !pester.tags.is_empty() && !any(&pester.tags) || any(&pester.excluded_tags) {
        pester.not_run += 1;
        return Ok(());
    }
    let skips = pester.groups.last().is_some_and(|g| g.skip);
    let skip = skips || cx.flag("Skip") || cx.flag("Pending") || block.is_none();
    for case in cases(cx, "TestCases") {
        let scope = Scope::new(Some(cx.it.scope.clone()), false);
        let (template, block) = (template.clone(), block.clone());
        cx.it.within(scope, |it| {
            set_case(it, case.as_ref());
            let name = named(it, &template)?;
            let started = it.host.monotonic();
            let lacking = it.lacking.len();
            let error = match block {
                Some(block) if !skip => {
                    match it.part::<Pester>().groups.iter().find_map(|g| g.broken.clone()) {
                        Some(broken) => Some(broken),
                        None => it.run_test(&block, case.as_ref())?,
                    }
                }
                _ => None,
            };
            let nanoseconds = it.host.monotonic().saturating_sub(started);
            let result = it.result(name, error.as_ref(), skip, lacking, nanoseconds);
            it.record_result(result);
            Ok(())
        })?;
    }
    Ok(())
}

/// Runs the work that a file of tests deferred until after its tests. The caller of the file calls this.
///
/// # Errors
/// Returns the error of a block that ends the script.
pub fn finish_tests(it: &mut Interp) -> R<()> {
    let mut last = std::mem::take(&mut it.part::<Pester>().last);
    if let Some(group) = it.part::<Pester>().groups.pop() {
        last.extend(group.after_all);
    }
    it.clean_up(&last)
}

/// Runs tests in an interpreter.
trait Tests {
    fn surround(&mut self, what: Around, block: Rc<ScriptBlock>) -> R<()>;
    fn run_group(&mut self, block: &Rc<ScriptBlock>) -> R<()>;
    fn clean_up(&mut self, blocks: &[Rc<ScriptBlock>]) -> R<()>;
    fn run_test(&mut self, block: &Rc<ScriptBlock>, case: Option<&Value>) -> R<Option<Rc<ErrorRecord>>>;
    fn result(
        &mut self,
        name: String,
        error: Option<&Rc<ErrorRecord>>,
        skip: bool,
        lacking: usize,
        nanoseconds: u64,
    ) -> TestResult;
    fn record_result(&mut self, result: TestResult);
    fn test_drive(&mut self) -> Option<(String, Vec<String>)>;
    fn clear_drive(&mut self, drive: Option<(String, Vec<String>)>);
    fn below(&mut self, dir: &str) -> Vec<String>;
}

impl Tests for Interp {
    fn surround(&mut self, what: Around, block: Rc<ScriptBlock>) -> R<()> {
        if what == Around::BeforeAll {
            let Some(record) = self.attempted(|it| it.run_block(&block, &Nowhere))? else { return Ok(()) };
            return match self.part::<Pester>().groups.last_mut() {
                Some(group) => {
                    group.broken = Some(record);
                    Ok(())
                }
                None => Err(Box::new(Flow::Error(record))),
            };
        }
        let pester = self.part::<Pester>();
        if pester.groups.is_empty() && what != Around::AfterAll {
            pester.groups.push(Group { of_file: true, ..Group::default() });
        }
        match pester.groups.last_mut() {
            Some(group) => match what {
                Around::BeforeEach => group.before_each.push(block),
                Around::AfterEach => group.after_each.push(block),
                _ => group.after_all.push(block),
            },
            None => pester.last.push(block),
        }
        Ok(())
    }

    fn run_group(&mut self, block: &Rc<ScriptBlock>) -> R<()> {
        let around = surroundings(&block.ast);
        if let Some(group) = self.part::<Pester>().groups.last_mut() {
            group.known = around.iter().map(|(_, block)| block.clone()).collect();
        }
        let skips = self.part::<Pester>().groups.last().is_some_and(|g| g.skip);
        for (what, body) in around {
            if what == Around::BeforeAll && skips {
                continue;
            }
            self.surround(what, ScriptBlock::bound(body, block.session.clone()))?;
        }
        let (started, lacking) = (self.host.monotonic(), self.lacking.len());
        let failed = self.attempted(|it| it.run_block(block, &Nowhere))?;
        if let Some(record) = failed {
            let nanoseconds = self.host.monotonic().saturating_sub(started);
            let result =
                self.result("(the body of the group)".into(), Some(&record), false, lacking, nanoseconds);
            self.record_result(result);
        }
        let after = self
            .part::<Pester>()
            .groups
            .last_mut()
            .map(|g| std::mem::take(&mut g.after_all))
            .unwrap_or_default();
        if skips { Ok(()) } else { self.clean_up(&after) }
    }

    /// Runs the blocks after all tests of a group. A failure there is reported separately.
    fn clean_up(&mut self, blocks: &[Rc<ScriptBlock>]) -> R<()> {
        for block in blocks {
            let lacking = self.lacking.len();
            if let Some(record) = self.attempted(|it| it.run_block(block, &Nowhere))? {
                let result = self.result("(AfterAll)".into(), Some(&record), false, lacking, 0);
                self.record_result(result);
            }
        }
        Ok(())
    }

    /// Runs a test, the blocks before it from the outer group in, and the blocks after it from the inner
    /// group out.
    fn run_test(&mut self, block: &Rc<ScriptBlock>, case: Option<&Value>) -> R<Option<Rc<ErrorRecord>>> {
        let before: Vec<_> =
            self.part::<Pester>().groups.iter().flat_map(|g| g.before_each.clone()).collect();
        let after: Vec<_> =
            self.part::<Pester>().groups.iter().rev().flat_map(|g| g.after_each.clone()).collect();
        let error = self.attempted(|it| {
            before.iter().try_for_each(|block| it.run_block(block, &Nowhere))?;
            let given = given(block, case);
            let ready = it.script_command(block.clone(), "", Call { dot: true, ..Call::of(given) })?;
            it.run_ready(ready, Span::default(), None, &Nowhere)
        })?;
        let after = self.attempted(|it| after.iter().try_for_each(|block| it.run_block(block, &Nowhere)))?;
        Ok(error.or(after))
    }

    fn result(
        &mut self,
        name: String,
        error: Option<&Rc<ErrorRecord>>,
        skip: bool,
        lacking: usize,
        nanoseconds: u64,
    ) -> TestResult {
        let groups =
            self.part::<Pester>().groups.iter().filter(|g| !g.of_file).map(|g| g.name.clone()).collect();
        let lacks = self.lacking.get(lacking..).unwrap_or_default().first().cloned();
        let id = error.map(|record| record.id.borrow().to_string()).unwrap_or_default();
        let outcome = match (error, lacks.is_some()) {
            _ if skip => Outcome::Skipped,
            (_, true) => Outcome::NotImplemented,
            (None, _) => Outcome::Passed,
            (Some(_), _) if id.starts_with("PesterTestSkipped") => Outcome::Skipped,
            (Some(_), _) if id.starts_with("PesterTestInconclusive") => Outcome::Inconclusive,
            (Some(_), _) => Outcome::Failed,
        };
        let place = error.and_then(|record| {
            let position = record.position.borrow();
            let position = position.as_ref()?;
            Some((position.source.path.clone(), position.source.position(position.span.start).0))
        });
        let message = lacks.or_else(|| error.map(|record| record.text())).unwrap_or_default();
        TestResult { groups, name, outcome, message, place, nanoseconds }
    }

    fn record_result(&mut self, result: TestResult) {
        let mark = match result.outcome {
            Outcome::Passed => '+',
            Outcome::Failed => '-',
            Outcome::Skipped => '!',
            Outcome::Inconclusive | Outcome::NotImplemented => '?',
        };
        let indent = "  ".repeat(result.groups.len());
        let milliseconds = result.nanoseconds / 1_000_000;
        self.host.write_host(&format!("{indent}[{mark}] {} {milliseconds}ms", result.name), false);
        if !matches!(result.outcome, Outcome::Passed | Outcome::Skipped) {
            for line in result.message.lines() {
                self.host.write_host(&format!("{indent}  {line}"), false);
            }
            if let Some((file, line)) = &result.place {
                self.host.write_host(&format!("{indent}  at {file}:{line}"), false);
            }
        }
        self.part::<Pester>().results.push(result);
    }

    /// Creates the directory of `TestDrive:` for an outer group, and returns its present content.
    fn test_drive(&mut self) -> Option<(String, Vec<String>)> {
        if self.part::<Pester>().depth() > 0 {
            let dir = text(&self.get("TestDrive"));
            let there = if dir.is_empty() { Vec::new() } else { self.below(&dir) };
            return Some((dir, there)).filter(|(dir, _)| !dir.is_empty());
        }
        self.part::<Pester>().drives += 1;
        let dir = format!("{}/testdrive-{}", self.host.temporary_directory(), self.part::<Pester>().drives);
        // Without a writable place there is no drive; a test that uses it fails with a message.
        let _ = ps_runtime::paths::remove_tree(self, &dir);
        ps_runtime::paths::create_dirs(self, &dir).ok()?;
        self.scope.put_str("TestDrive", Value::from(dir.as_str()));
        Some((dir, Vec::new()))
    }

    /// Removes the files that a group has left in `TestDrive:`, and the whole drive after the outer group.
    fn clear_drive(&mut self, drive: Option<(String, Vec<String>)>) {
        let Some((dir, before)) = drive else { return };
        if self.part::<Pester>().depth() == 0 {
            let _ = ps_runtime::paths::remove_tree(self, &dir);
            return;
        }
        for path in self.below(&dir) {
            if !before.contains(&path) && self.host.metadata(&path).is_some() {
                let _ = ps_runtime::paths::remove_tree(self, &path);
            }
        }
    }

    /// Returns everything below a directory, parents first.
    fn below(&mut self, dir: &str) -> Vec<String> {
        let mut found = Vec::new();
        for name in self.host.list(dir).unwrap_or_default() {
            let path = format!("{dir}/{name}");
            let is_dir = self.host.metadata(&path).is_some_and(|m| m.is_dir && !m.is_link);
            found.push(path.clone());
            if is_dir {
                found.extend(self.below(&path));
            }
        }
        found
    }
}

/// Returns the arguments of a test with parameters: the values of its case.
fn given(block: &ScriptBlock, case: Option<&Value>) -> Vec<Given> {
    let Some(Value::Dict(dict)) = case.map(Value::base) else { return Vec::new() };
    let takes = |dict: &Rc<Dict>, name: &str| dict.get_str(name);
    block
        .ast
        .params
        .iter()
        .filter_map(|param| {
            let value = takes(dict, &param.var.name)?;
            Some(Given::Named { name: param.var.name.clone(), value: Some(value), splatted: true })
        })
        .collect()
}
