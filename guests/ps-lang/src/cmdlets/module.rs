//! Modules: those that are built in, and `.psm1` files.

use std::rc::Rc;

use super::{CmdletInfo, Cx, Each};
use crate::eval::block::FunctionInfo;
use crate::eval::error::{Category, Fault, R};
use crate::eval::operators::Wildcard;
use crate::eval::scope::Scope;
use crate::symbol::{Sym, same};
use crate::value::{Str, Value};

pub struct Module {
    pub name: Str,
    pub path: String,
    pub scope: Rc<Scope>,
    pub functions: Vec<Rc<FunctionInfo>>,
}

pub const CMDLETS: &[CmdletInfo] = &[
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

const BUILT_IN: [&str; 6] = [
    "Microsoft.PowerShell.Utility",
    "Microsoft.PowerShell.Management",
    "Microsoft.PowerShell.Core",
    "Microsoft.PowerShell.Archive",
    "Pester",
    "SqlServer",
];

pub fn is_built_in(names: &str) -> bool {
    names.split(',').all(|name| BUILT_IN.iter().any(|own| same(own, name.trim().trim_matches(['\'', '"']))))
}

fn value(name: &str, path: &str) -> Value {
    Value::record(
        "System.Management.Automation.PSModuleInfo",
        vec![
            ("Name", Value::from(name)),
            ("Path", Value::from(path)),
            ("ModuleType", Value::from(if path.is_empty() { "Manifest" } else { "Script" })),
            ("Version", crate::types::net::version([7, 0, 0, 0])),
        ],
    )
}

/// The assemblies whose types, as far as they are here, are always here.
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
            "PSNotSupportedException",
            "CompilerNotSupported",
            Category::NotImplemented,
            "Add-Type: C# is not compiled in the sandbox. Write a class of PowerShell, or a step of its own.",
        ));
    }
    for wanted in cx.strings("AssemblyName") {
        let plain = wanted.split(',').next().unwrap_or_default().trim();
        if !ASSEMBLIES.iter().any(|known| same(known, plain)) {
            return cx.fail(
                Fault::new(
                    "System.Exception",
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
                crate::needs::MODULES
            );
            cx.error(
                Fault::new(
                    "System.IO.FileNotFoundException",
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
        let source = crate::syntax::Source::new(&full, &content);
        let block = match crate::syntax::parse(&source) {
            Ok(block) => block,
            Err(errors) => return Err(cx.it.parse_error(&source, &errors)),
        };
        cx.it.hoist(&block)?;
        let scope = Scope::new(Some(cx.it.global.clone()), true);
        *scope.script.borrow_mut() = Some(scope.clone());
        let block = crate::eval::block::ScriptBlock::new(block);
        cx.it.within(scope.clone(), |it| it.run_block(&block, &crate::eval::Nowhere))?;
        let exported: Option<Vec<Wildcard>> = scope
            .get_here(Sym::of("__exported"))
            .map(|v| v.to_items().iter().map(|n| Wildcard::new(&crate::value::text(n), false)).collect());
        let mut functions = Vec::new();
        let own: Vec<Rc<FunctionInfo>> = scope
            .names
            .borrow()
            .as_ref()
            .map(|n| n.functions.values().cloned().collect())
            .unwrap_or_default();
        let target = cx.it.global.clone();
        for function in own {
            if exported.as_ref().is_none_or(|e| e.iter().any(|p| p.matches(&function.name))) {
                let prefix = cx.text("Prefix").unwrap_or_default();
                let shown: Str = match function.name.split_once('-') {
                    Some((verb, noun)) if !prefix.is_empty() => format!("{verb}-{prefix}{noun}").into(),
                    _ => function.name.clone(),
                };
                target.set_function(
                    Sym::of(&shown),
                    Some(Rc::new(FunctionInfo {
                        name: shown.clone(),
                        block: function.block.clone(),
                        filter: function.filter,
                        module: Some(module_name(&full)),
                    })),
                );
                functions.push(function);
            }
        }
        cx.it.modules.retain(|m| m.path != full);
        cx.it.modules.push(Rc::new(Module {
            name: module_name(&full),
            path: full.clone(),
            scope,
            functions,
        }));
        if cx.flag("PassThru") {
            let module = value(&module_name(&full), &full);
            cx.put(module)?;
        }
    }
    Ok(())
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
