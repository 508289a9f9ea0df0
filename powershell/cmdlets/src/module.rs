//! Modules: built-in modules and `.psm1` files.

use ps_value::types::NetType;
use std::rc::Rc;

use super::{CmdletInfo, Cx, Each};
use ps_runtime::eval::bind::Call;
use ps_runtime::eval::operators::Wildcard;
use ps_runtime::modules::{BUILT_IN, Module, is_built_in};
use ps_syntax::symbol::{Sym, same};
use ps_value::block::FunctionInfo;
use ps_value::error::{Category, Fault, R};
use ps_value::scope::Scope;
use ps_value::{Str, Value};

pub(crate) const CMDLETS: &[CmdletInfo] = &[
    CmdletInfo {
        name: "Add-Type",
        class: "AddTypeCommand",
        params: "TypeDefinition: string @0 set=FromSource mandatory | Name: string @0 set=FromMember mandatory | MemberDefinition: string[] @1 set=FromMember mandatory | Namespace: string set=FromMember | Path: string[] @0 set=FromPath mandatory | AssemblyName: string[] set=FromAssemblyName mandatory alias=AN | Language: string | ReferencedAssemblies: string[] | PassThru: switch",
        default_set: "FromSource",
        make: || Box::new(Each(add_type)),
    },
    CmdletInfo {
        name: "Import-Module",
        class: "ImportModuleCommand",
        params: "Name: string[] @0 mandatory pipe | Force: switch | PassThru: switch | Global: switch | Prefix: string | Function: string[] | Cmdlet: string[] | Variable: string[] | Scope: string | DisableNameChecking: switch | SkipEditionCheck: switch | NoClobber: switch | ArgumentList: object[] alias=Args",
        default_set: "",
        make: || Box::new(Each(import)),
    },
    CmdletInfo {
        name: "Get-Module",
        class: "GetModuleCommand",
        params: "Name: string[] @0 pipe | ListAvailable: switch | All: switch | Refresh: switch",
        default_set: "",
        make: || Box::new(Each(get)),
    },
    CmdletInfo {
        name: "New-Module",
        class: "NewModuleCommand",
        params: "ScriptBlock: scriptblock set=Block mandatory @0 | Name: string set=Named mandatory @0 | Body: scriptblock set=Named mandatory @1 | ArgumentList: object[] alias=Args | AsCustomObject: switch | ReturnResult: switch",
        default_set: "Block",
        make: || Box::new(Each(new_module)),
    },
    CmdletInfo {
        name: "Remove-Module",
        class: "RemoveModuleCommand",
        params: "Name: string[] @0 mandatory pipe | Force: switch",
        default_set: "",
        make: || Box::new(Each(remove)),
    },
    CmdletInfo {
        name: "Export-ModuleMember",
        class: "ExportModuleMemberCommand",
        params: "Function: string[] @0 pipe empty | Cmdlet: string[] | Variable: string[] | Alias: string[]",
        default_set: "",
        make: || Box::new(Each(export)),
    },
];

fn value(name: &str, path: &str) -> Value {
    Value::record(
        NetType::PSModuleInfo,
        vec![
            ("Name", Value::from(name)),
            ("Path", Value::from(path)),
            ("ModuleType", Value::from(if path.is_empty() { "Manifest" } else { "Script" })),
            ("Version", ps_value::net::version([7, 0, 0, 0])),
        ],
    )
}

/// Assemblies whose supported types are always loaded.
const ASSEMBLIES: [&str; 10] = [
    "System",
    "System.Core",
    "System.IO.FileSystem",
    "System.Net",
    "System.Net.Http",
    "System.Numerics",
    "System.Runtime",
    "System.Security",
    "System.Web",
    "System.Xml",
];

fn add_type(cx: &mut Cx<'_>) -> R<()> {
    if !cx.has("AssemblyName") {
        return cx.fail(Fault::new(
            NetType::PSNotSupportedException,
            "CompilerNotSupported",
            Category::NotImplemented,
            "Add-Type: C# is not compiled in the sandbox. Write a PowerShell class, or a separate step.",
        ));
    }
    for wanted in cx.strings("AssemblyName") {
        let plain = wanted.split(',').next().unwrap_or_default().trim();
        if !ASSEMBLIES.iter().any(|known| same(known, plain)) {
            return cx.fail(
                Fault::new(
                    NetType::Exception,
                    "ASSEMBLY_NOT_FOUND",
                    Category::ObjectNotFound,
                    format!("Cannot add type. The assembly '{wanted}' could not be found."),
                )
                .of(wanted),
            );
        }
    }
    Ok(())
}

fn import(cx: &mut Cx<'_>) -> R<()> {
    for name in cx.strings("Name") {
        if is_built_in(&name) {
            continue;
        }
        let candidates = [
            name.clone(),
            format!("{name}.psm1"),
            format!("{name}/{}.psm1", name.rsplit('/').next().unwrap_or(&name)),
        ];
        let file = candidates.into_iter().find(|c| cx.it.is_file(c));
        let Some(file) = file else {
            let message = format!(
                "The specified module '{name}' was not loaded because no valid module file was found in any module directory. {}",
                ps_runtime::needs::MODULES
            );
            cx.error(
                Fault::new(
                    NetType::FileNotFoundException,
                    "Modules_ModuleNotFound",
                    Category::ResourceUnavailable,
                    message,
                )
                .of(name),
            )?;
            continue;
        };
        let full = cx.it.full_path(&file);
        if cx.it.modules.iter().any(|m| m.path == full) && !cx.flag("Force") {
            continue;
        }
        let content = cx.it.read_text(&file)?;
        let source = ps_syntax::Source::new(&full, &content);
        let block = match ps_syntax::parse(&source) {
            Ok(block) => block,
            Err(errors) => return Err(cx.it.parse_error(&source, &errors)),
        };
        cx.it.hoist(&block)?;
        let block = ps_value::block::ScriptBlock::new(block);
        let scope = module_scope(cx);
        cx.it.within(scope.clone(), |it| it.run_block(&block, &ps_runtime::eval::Nowhere))?;
        add(cx, module_name(&full), full.clone(), scope);
        if cx.flag("PassThru") {
            let module = value(&module_name(&full), &full);
            cx.put(module)?;
        }
    }
    Ok(())
}

/// Returns the scope of a module: it sees global names, and no caller.
fn module_scope(cx: &Cx<'_>) -> Rc<Scope> {
    let scope = Scope::new(Some(cx.it.global.clone()), true);
    *scope.script.borrow_mut() = Some(scope.clone());
    scope
}

/// Publishes the exports of a module globally.
fn add(cx: &mut Cx<'_>, name: Str, path: String, scope: Rc<Scope>) {
    let exported: Option<Vec<Wildcard>> = scope
        .get_here(Sym::of("__exported"))
        .map(|v| v.to_items().iter().map(|n| Wildcard::new(&ps_value::text(n), false)).collect());
    let own: Vec<Rc<FunctionInfo>> =
        scope.names.borrow().as_ref().map(|n| n.functions.values().cloned().collect()).unwrap_or_default();
    let prefix = cx.text("Prefix").unwrap_or_default();
    let target = cx.it.global.clone();
    let mut functions = Vec::new();
    for function in own {
        if exported.as_ref().is_none_or(|e| e.iter().any(|p| p.matches(&function.name))) {
            let shown: Str = match function.name.split_once('-') {
                Some((verb, noun)) if !prefix.is_empty() => format!("{verb}-{prefix}{noun}").into(),
                _ => function.name.clone(),
            };
            let info = FunctionInfo {
                name: shown.clone(),
                block: function.block.clone(),
                filter: function.filter,
                module: Some(name.clone()),
            };
            target.set_function(Sym::of(&shown), Some(Rc::new(info)));
            functions.push(function);
        }
    }
    cx.it.modules.retain(|m| m.path != path || path.is_empty() && !same(&m.name, &name));
    cx.it.modules.push(Rc::new(Module { name, path, scope, functions }));
}

/// Makes a module from a block: its functions, or an object that has them as methods.
fn new_module(cx: &mut Cx<'_>) -> R<()> {
    let block = cx.get("ScriptBlock").or_else(|| cx.get("Body"));
    let Some(Value::Block(block)) = block else { return Ok(()) };
    let scope = module_scope(cx);
    let given = cx.values("ArgumentList").into_iter().map(ps_runtime::eval::bind::Given::Value).collect();
    let out = ps_runtime::eval::Collector::default();
    let body = ps_value::block::ScriptBlock::new(block.ast.clone());
    cx.it.within(scope.clone(), |it| {
        let ready = it.script_command(body, "", Call { dot: true, ..Call::of(given) })?;
        it.run_ready(ready, ps_syntax::Span::default(), None, &out)
    })?;
    if cx.flag("AsCustomObject") {
        let object = Value::custom([]);
        if let Value::Object(own) = &object {
            let names = scope.names.borrow();
            for function in
                names.as_ref().map(|n| n.functions.values().cloned().collect::<Vec<_>>()).unwrap_or_default()
            {
                let kind = ps_value::MemberKind::Method(function.block.clone());
                own.members.borrow_mut().push(ps_value::Member { name: function.name.clone(), kind });
            }
        }
        return cx.put(object);
    }
    let name = cx.text("Name").unwrap_or_else(|| format!("__DynamicModule_{}", cx.it.modules.len() + 1));
    add(cx, name.as_str().into(), String::new(), scope);
    if cx.flag("ReturnResult") {
        return out.into_items().into_iter().try_for_each(|item| cx.put(item));
    }
    cx.put(value(&name, ""))
}

fn module_name(path: &str) -> Str {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.rsplit_once('.').map_or(file, |(name, _)| name).into()
}

fn get(cx: &mut Cx<'_>) -> R<()> {
    let patterns: Vec<Wildcard> = cx.strings("Name").iter().map(|n| Wildcard::new(n, false)).collect();
    let fits = |name: &str| patterns.is_empty() || patterns.iter().any(|p| p.matches(name));
    for name in BUILT_IN.iter().filter(|n| n.starts_with("Microsoft") && fits(n)) {
        cx.put(value(name, ""))?;
    }
    for module in cx.it.modules.clone() {
        if fits(&module.name) {
            cx.put(value(&module.name, &module.path))?;
        }
    }
    Ok(())
}

fn remove(cx: &mut Cx<'_>) -> R<()> {
    for name in cx.strings("Name") {
        for module in cx.it.modules.clone().iter().filter(|m| same(&m.name, &name)) {
            for function in &module.functions {
                cx.it.global.set_function(Sym::of(&function.name), None);
            }
        }
        cx.it.modules.retain(|m| !same(&m.name, &name));
    }
    Ok(())
}

fn export(cx: &mut Cx<'_>) -> R<()> {
    let scope = cx.it.script_scope();
    let names = cx.values("Function");
    scope.put_str("__exported", Value::array(names));
    Ok(())
}
