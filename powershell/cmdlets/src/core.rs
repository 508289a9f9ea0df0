//! `ForEach-Object`, `Where-Object`, `Out-Null` and the other cmdlets of the engine itself.

use ps_value::types::NetType;
use std::rc::Rc;

use super::{Cmdlet, CmdletInfo, Cx, Each};
use ps_runtime::eval::bind::Call;
use ps_runtime::eval::command::Resolved;
use ps_runtime::eval::operators::Wildcard;
use ps_syntax::ast::{BinaryOp, Compare};
use ps_syntax::symbol::same;
use ps_value::Value;
use ps_value::block::ScriptBlock;
use ps_value::error::{Category, Fault, Flow, R};

pub(crate) const CMDLETS: &[CmdletInfo] = &[
    CmdletInfo {
        name: "ForEach-Object",
        class: "ForEachObjectCommand",
        params: "InputObject: object pipe null | Process: scriptblock[] @0 mandatory null set=ScriptBlockSet | Begin: scriptblock set=ScriptBlockSet | End: scriptblock set=ScriptBlockSet | RemainingScripts: scriptblock[] rest set=ScriptBlockSet | MemberName: string @0 mandatory set=PropertyAndMethodSet | ArgumentList: object[] rest alias=Args set=PropertyAndMethodSet | Parallel: scriptblock mandatory set=ParallelParameterSet | ThrottleLimit: int set=ParallelParameterSet",
        default_set: "ScriptBlockSet",
        make: || Box::new(ForEach::default()),
    },
    CmdletInfo {
        name: "Where-Object",
        class: "WhereObjectCommand",
        params: "InputObject: object pipe null | FilterScript: scriptblock @0 set=ScriptBlockSet mandatory | Property: string @0 set=EqualSet mandatory | Value: object @1 set=EqualSet | EQ: switch alias=IEQ set=EqualSet | CEQ: switch set=EqualSet | NE: switch alias=INE set=EqualSet | CNE: switch set=EqualSet | GT: switch alias=IGT set=EqualSet | CGT: switch set=EqualSet | LT: switch alias=ILT set=EqualSet | CLT: switch set=EqualSet | GE: switch alias=IGE set=EqualSet | CGE: switch set=EqualSet | LE: switch alias=ILE set=EqualSet | CLE: switch set=EqualSet | Like: switch alias=ILike set=EqualSet | CLike: switch set=EqualSet | NotLike: switch alias=INotLike set=EqualSet | CNotLike: switch set=EqualSet | Match: switch alias=IMatch set=EqualSet | CMatch: switch set=EqualSet | NotMatch: switch alias=INotMatch set=EqualSet | CNotMatch: switch set=EqualSet | Contains: switch alias=IContains set=EqualSet | CContains: switch set=EqualSet | NotContains: switch alias=INotContains set=EqualSet | CNotContains: switch set=EqualSet | In: switch alias=IIn set=EqualSet | CIn: switch set=EqualSet | NotIn: switch alias=INotIn set=EqualSet | CNotIn: switch set=EqualSet | Is: switch set=EqualSet | IsNot: switch set=EqualSet | Not: switch set=EqualSet",
        default_set: "EqualSet",
        make: || Box::new(Each(where_object)),
    },
    CmdletInfo {
        name: "Out-Null",
        class: "OutNullCommand",
        params: "InputObject: object pipe null",
        default_set: "",
        make: || Box::new(Each(|_| Ok(()))),
    },
    CmdletInfo {
        name: "Out-Default",
        class: "OutDefaultCommand",
        params: "InputObject: object pipe null",
        default_set: "",
        make: || Box::new(ToHost),
    },
    CmdletInfo {
        name: "Out-Host",
        class: "OutHostCommand",
        params: "InputObject: object pipe null",
        default_set: "",
        make: || Box::new(ToHost),
    },
    CmdletInfo {
        name: "Set-StrictMode",
        class: "SetStrictModeCommand",
        params: "Version: string mandatory set=Version alias=v | Off: switch mandatory set=Off",
        default_set: "Version",
        make: || Box::new(Each(strict_mode)),
    },
    CmdletInfo {
        name: "Invoke-Expression",
        class: "InvokeExpressionCommand",
        params: "Command: string @0 mandatory pipe",
        default_set: "",
        make: || Box::new(Each(invoke_expression)),
    },
    CmdletInfo {
        name: "Invoke-Command",
        class: "InvokeCommandCommand",
        params: "ScriptBlock: scriptblock @0 mandatory alias=Command | NoNewScope: switch | InputObject: object pipe | ArgumentList: object[] alias=Args | ComputerName: string[]",
        default_set: "",
        make: || Box::new(Each(invoke_command)),
    },
    CmdletInfo {
        name: "Get-Command",
        class: "GetCommandCommand",
        params: "Name: string[] @0 pipe byname | CommandType: string alias=Type | All: switch | ArgumentList: object[]",
        default_set: "",
        make: || Box::new(Each(get_command)),
    },
];

#[derive(Default)]
struct ForEach {
    begin: Option<Rc<ScriptBlock>>,
    process: Vec<Rc<ScriptBlock>>,
    end: Option<Rc<ScriptBlock>>,
    member: Option<String>,
    scope: Option<Rc<ps_value::scope::Scope>>,
    parallel: bool,
}

fn blocks(values: Vec<Value>) -> Vec<Option<Rc<ScriptBlock>>> {
    values
        .into_iter()
        .map(|v| match v.base() {
            Value::Block(block) => Some(block.clone()),
            _ => None,
        })
        .collect()
}

impl Cmdlet for ForEach {
    fn begin(&mut self, cx: &mut Cx<'_>) -> R<()> {
        self.member = cx.text("MemberName");
        let mut all = blocks(cx.values("Process"));
        all.extend(blocks(cx.values("RemainingScripts")));
        if cx.has("Parallel") {
            self.parallel = true;
            all = blocks(cx.values("Parallel"));
        }
        self.begin = blocks(cx.values("Begin")).into_iter().next().flatten();
        self.end = blocks(cx.values("End")).into_iter().next().flatten();
        // Of several blocks, the first is the beginning, and the third and later ones are the end.
        if all.len() > 1 && self.begin.is_none() {
            self.begin = all.remove(0);
        }
        if all.len() > 1 && self.end.is_none() {
            self.end = all.pop().flatten();
        }
        self.process = all.into_iter().flatten().collect();
        if let Some(block) = self.begin.clone() {
            cx.it.run_block(&block, cx.out)?;
        }
        Ok(())
    }

    fn process(&mut self, cx: &mut Cx<'_>) -> R<()> {
        if !cx.piped && cx.input.is_none() && !cx.has("InputObject") && self.member.is_none() {
            for block in self.process.clone() {
                cx.it.run_block(&block, cx.out)?;
            }
            return Ok(());
        }
        let item = cx.get("InputObject").unwrap_or_default();
        if let Some(name) = self.member.clone() {
            return for_member(cx, &item, &name);
        }
        let sym = cx.it.syms.underscore;
        if self.parallel {
            let scope = ps_value::scope::Scope::new(Some(cx.it.scope.clone()), false);
            scope.put(sym, &cx.it.names.underscore, item);
            let block = self.process.first().cloned();
            return match block {
                Some(block) => cx.it.within(scope, |it| it.run_block(&block, cx.out)),
                None => Ok(()),
            };
        }
        let scope = cx.it.scope.clone();
        let before = scope.get_here(sym);
        scope.put(sym, &cx.it.names.underscore, item);
        for block in &self.process {
            if let Err(flow) = cx.it.run_block(block, cx.out) {
                restore(&scope, sym, before);
                return Err(flow);
            }
        }
        restore(&scope, sym, before);
        self.scope = None;
        Ok(())
    }

    fn end(&mut self, cx: &mut Cx<'_>) -> R<()> {
        match self.end.clone() {
            Some(block) => cx.it.run_block(&block, cx.out),
            None => Ok(()),
        }
    }
}

fn restore(scope: &ps_value::scope::Scope, sym: ps_syntax::symbol::Sym, before: Option<Value>) {
    match before {
        Some(value) => {
            scope.put(sym, &"_".into(), value);
        }
        None => {
            scope.remove(sym);
        }
    }
}

fn for_member(cx: &mut Cx<'_>, item: &Value, name: &str) -> R<()> {
    let args = cx.values("ArgumentList");
    if item.is_null() {
        return cx.error(Fault::new(
            NetType::PSInvalidOperationException,
            "InputObjectIsNull",
            Category::InvalidArgument,
            "Cannot call a method or read a property on a null-valued expression.",
        ));
    }
    if let Value::Dict(dict) = item.base()
        && let Some(value) = dict.get_str(name)
    {
        return cx.emit(value);
    }
    let value = match cx.it.property(item, name)? {
        Some(value) => value,
        None if cx.it.has_method(item, name)
            || matches!(
                name.to_ascii_lowercase().as_str(),
                "tostring" | "gettype" | "equals" | "gethashcode"
            ) =>
        {
            let result = cx.it.call_method(item, name, &args);
            match cx.report(result)? {
                Some(value) => value,
                None => return Ok(()),
            }
        }
        None => match item.base() {
            Value::Object(object) if matches!(object.kind, ps_value::ObjectKind::Class(_)) => {
                cx.it.call_method(item, name, &args)?
            }
            _ => Value::Null,
        },
    };
    cx.emit(value)
}

/// Makes an operator; the argument says whether case matters.
type MakeOperator = fn(bool) -> BinaryOp;

fn where_object(cx: &mut Cx<'_>) -> R<()> {
    let item = cx.get("InputObject").unwrap_or_default();
    if let Some(Value::Block(block)) = cx.get("FilterScript") {
        let sym = cx.it.syms.underscore;
        let scope = cx.it.scope.clone();
        let before = scope.get_here(sym);
        scope.put(sym, &cx.it.names.underscore, item.clone());
        let collector = ps_runtime::eval::Collector::default();
        let result = cx.it.run_block(&block, &collector);
        restore(&scope, sym, before);
        result?;
        return if collector.into_value().truth() { cx.put(item) } else { Ok(()) };
    }
    let name = cx.text("Property").unwrap_or_default();
    let left = match cx.it.property(&item, &name)? {
        Some(value) => value,
        None => Value::Null,
    };
    let right = cx.get("Value");
    if cx.flag("Not") {
        return if left.truth() { Ok(()) } else { cx.put(item) };
    }
    let operators: [(&str, MakeOperator); 16] = [
        ("EQ", |c| BinaryOp::Compare(Compare::Eq, c)),
        ("NE", |c| BinaryOp::Compare(Compare::Ne, c)),
        ("GT", |c| BinaryOp::Compare(Compare::Gt, c)),
        ("LT", |c| BinaryOp::Compare(Compare::Lt, c)),
        ("GE", |c| BinaryOp::Compare(Compare::Ge, c)),
        ("LE", |c| BinaryOp::Compare(Compare::Le, c)),
        ("Like", |c| BinaryOp::Like(true, c)),
        ("NotLike", |c| BinaryOp::Like(false, c)),
        ("Match", |c| BinaryOp::Match(true, c)),
        ("NotMatch", |c| BinaryOp::Match(false, c)),
        ("Contains", |c| BinaryOp::Contains(true, c)),
        ("NotContains", |c| BinaryOp::Contains(false, c)),
        ("In", |c| BinaryOp::In(true, c)),
        ("NotIn", |c| BinaryOp::In(false, c)),
        ("Is", |_| BinaryOp::Is(true)),
        ("IsNot", |_| BinaryOp::Is(false)),
    ];
    let mut chosen = None;
    for (word, make) in operators {
        if cx.flag(word) {
            chosen = Some(make(false));
        } else if cx.flag(&format!("C{word}")) {
            chosen = Some(make(true));
        }
    }
    let hit = match (chosen, right) {
        (Some(op), right) => cx.it.binary(op, left, right.unwrap_or_default())?.truth(),
        (None, Some(right)) => cx.it.binary(BinaryOp::Compare(Compare::Eq, false), left, right)?.truth(),
        (None, None) => left.truth(),
    };
    if hit { cx.put(item) } else { Ok(()) }
}

struct ToHost;

impl Cmdlet for ToHost {
    fn process(&mut self, cx: &mut Cx<'_>) -> R<()> {
        if cx.input.is_none() && !cx.has("InputObject") {
            return Ok(());
        }
        let value = cx.get("InputObject").unwrap_or_default();
        let printer = cx.it.printer.clone();
        printer.put(cx.it, value)
    }
}

fn strict_mode(cx: &mut Cx<'_>) -> R<()> {
    let version = if cx.flag("Off") {
        0
    } else {
        let text = cx.text("Version").unwrap_or_default();
        if same(&text, "latest") {
            3
        } else {
            text.split('.').next().and_then(|v| v.parse::<u8>().ok()).unwrap_or(0).min(3)
        }
    };
    cx.it.scope.strict.set(Some(version));
    Ok(())
}

fn invoke_expression(cx: &mut Cx<'_>) -> R<()> {
    let code = cx.text("Command").unwrap_or_default();
    let source = ps_syntax::Source::new("", &code);
    let block = match ps_syntax::parse(&source) {
        Ok(block) => block,
        Err(errors) => {
            let flow = cx.it.parse_error(&source, &errors);
            if let Flow::Error(record) = &*flow {
                record.qualified.set(false);
                *record.position.borrow_mut() = None;
                record.ends_script.set(false);
            }
            return Err(flow);
        }
    };
    cx.it.hoist(&block)?;
    let block = ScriptBlock::new(block);
    cx.it.enter()?;
    let result = cx.it.run_block(&block, cx.out);
    cx.it.depth = cx.it.depth.saturating_sub(1);
    result
}

fn invoke_command(cx: &mut Cx<'_>) -> R<()> {
    if cx.has("ComputerName") {
        return cx.fail(Fault::new(
            NetType::PSNotSupportedException,
            "RemotingNotSupported",
            Category::NotImplemented,
            ps_runtime::needs::REMOTING,
        ));
    }
    let Some(Value::Block(block)) = cx.get("ScriptBlock") else { return Ok(()) };
    let given = cx.values("ArgumentList").into_iter().map(ps_runtime::eval::bind::Given::Value).collect();
    let dot = cx.flag("NoNewScope");
    let piped = cx.input.is_some();
    let ready = cx.it.script_command(block, "", Call { dot, piped, ..Call::of(given) })?;
    let input = cx.input.clone().map(|v| vec![v]);
    cx.it.run_ready(ready, ps_syntax::Span::default(), input, cx.out)
}

fn get_command(cx: &mut Cx<'_>) -> R<()> {
    let names = cx.strings("Name");
    let kind = cx.text("CommandType").map(|t| t.to_lowercase());
    let fits = |resolved: &Resolved| match (&kind, resolved) {
        (None, _) => true,
        (Some(kind), Resolved::Cmdlet(_)) => kind.contains("cmdlet") || kind == "all",
        (Some(kind), Resolved::Function(_)) => kind.contains("function") || kind == "all",
        (Some(kind), Resolved::Script(_)) => kind.contains("script") || kind == "all",
    };
    if names.is_empty() {
        for info in cx.it.registry.clone().all() {
            let resolved = Resolved::Cmdlet(info);
            if fits(&resolved) {
                cx.put(Value::object(resolved))?;
            }
        }
        return Ok(());
    }
    for name in names {
        if Wildcard::has(&name) {
            let pattern = Wildcard::new(&name, false);
            let functions = cx.it.drive_names(ps_runtime::provider::Drive::Function);
            for function in functions.iter().filter(|f| pattern.matches(f)) {
                if let Some(function) = cx.it.find_function(function) {
                    cx.put(Value::object(Resolved::Function(function)))?;
                }
            }
            for info in cx.it.registry.clone().all().filter(|info| pattern.matches(info.name)) {
                cx.put(Value::object(Resolved::Cmdlet(info)))?;
            }
            continue;
        }
        let is_alias = cx.it.alias_target(&name);
        let found = cx.it.find_command(&name).filter(fits);
        match (found, is_alias) {
            (Some(resolved), Some(target)) if kind.is_none() => {
                let value = Value::record(
                    NetType::AliasInfo,
                    vec![
                        ("Name", Value::from(name.as_str())),
                        ("CommandType", ps_runtime::types::enum_value(NetType::CommandTypes, 1)),
                        ("Definition", Value::Str(target)),
                        ("ResolvedCommand", Value::object(resolved)),
                    ],
                );
                cx.put(value)?;
            }
            (Some(resolved), _) => cx.put(Value::object(resolved))?,
            (None, _) => {
                let message = format!(
                    "The term '{name}' is not recognized as the name of a cmdlet, function, script file, or operable program.\nCheck the spelling of the name, or if a path was included, verify that the path is correct and try again."
                );
                cx.error(
                    Fault::new(
                        NetType::CommandNotFoundException,
                        "CommandNotFoundException",
                        Category::ObjectNotFound,
                        message,
                    )
                    .of(name),
                )?;
            }
        }
    }
    Ok(())
}
