//! Variables and aliases.

use ps_value::types::NetType;
use std::rc::Rc;

use super::{CmdletInfo, Cx, Each};
use ps_runtime::eval::operators::Wildcard;
use ps_syntax::symbol::{Sym, same};
use ps_value::error::{Category, Fault, R};
use ps_value::scope::{Scope, VariableMeta};
use ps_value::{Str, Value};

pub(crate) const CMDLETS: &[CmdletInfo] = &[
    CmdletInfo {
        name: "Get-Variable",
        class: "GetVariableCommand",
        params: "Name: string[] @0 pipe byname | ValueOnly: switch | Include: string[] | Exclude: string[] | Scope: string",
        default_set: "",
        make: || Box::new(Each(get_variable)),
    },
    CmdletInfo {
        name: "Set-Variable",
        class: "SetVariableCommand",
        params: "Name: string[] @0 mandatory | Value: object @1 pipe null | Description: string | Option: string | Force: switch | Visibility: string | PassThru: switch | Scope: string",
        default_set: "",
        make: || Box::new(Each(|cx| write_variable(cx, false))),
    },
    CmdletInfo {
        name: "New-Variable",
        class: "NewVariableCommand",
        params: "Name: string[] @0 mandatory | Value: object @1 pipe null | Description: string | Option: string | Force: switch | Visibility: string | PassThru: switch | Scope: string",
        default_set: "",
        make: || Box::new(Each(|cx| write_variable(cx, true))),
    },
    CmdletInfo {
        name: "Remove-Variable",
        class: "RemoveVariableCommand",
        params: "Name: string[] @0 mandatory pipe byname | Force: switch | Scope: string",
        default_set: "",
        make: || Box::new(Each(remove_variable)),
    },
    CmdletInfo {
        name: "Clear-Variable",
        class: "ClearVariableCommand",
        params: "Name: string[] @0 mandatory pipe byname | Force: switch | PassThru: switch | Scope: string",
        default_set: "",
        make: || Box::new(Each(clear_variable)),
    },
    CmdletInfo {
        name: "Get-Alias",
        class: "GetAliasCommand",
        params: "Name: string[] @0 pipe set=Default | Definition: string[] set=Definition | Exclude: string[] | Scope: string",
        default_set: "Default",
        make: || Box::new(Each(get_alias)),
    },
    CmdletInfo {
        name: "Set-Alias",
        class: "SetAliasCommand",
        params: "Name: string @0 mandatory | Value: string @1 mandatory | Description: string | Option: string | PassThru: switch | Scope: string | Force: switch",
        default_set: "",
        make: || Box::new(Each(|cx| set_alias(cx, false))),
    },
    CmdletInfo {
        name: "New-Alias",
        class: "NewAliasCommand",
        params: "Name: string @0 mandatory | Value: string @1 mandatory | Description: string | Option: string | PassThru: switch | Scope: string | Force: switch",
        default_set: "",
        make: || Box::new(Each(|cx| set_alias(cx, true))),
    },
    CmdletInfo {
        name: "Remove-Alias",
        class: "RemoveAliasCommand",
        params: "Name: string[] @0 mandatory pipe | Scope: string | Force: switch",
        default_set: "",
        make: || {
            Box::new(Each(|cx| {
                for name in cx.strings("Name") {
                    if !cx.it.remove_drive_item(ps_runtime::provider::Drive::Alias, &name) {
                        let message = format!(
                            "This command cannot find a matching alias because an alias with the name '{name}' does not exist."
                        );
                        cx.error(
                            Fault::new(
                                NetType::ItemNotFoundException,
                                "AliasNotFound",
                                Category::ObjectNotFound,
                                message,
                            )
                            .of(name),
                        )?;
                    }
                }
                Ok(())
            }))
        },
    },
];

/// Returns the scope that `-Scope` names: a word, or the number of scopes to go out.
fn scope(cx: &mut Cx<'_>) -> Rc<Scope> {
    let here = cx.it.scope.clone();
    match cx.text("Scope").as_deref() {
        None => here,
        Some(word) if same(word, "global") => cx.it.global.clone(),
        Some(word) if same(word, "script") => cx.it.script_scope(),
        Some(word) if same(word, "local") => here,
        Some(number) => {
            let count = number.parse::<usize>().unwrap_or(0);
            here.outward().nth(count).unwrap_or_else(|| cx.it.global.clone())
        }
    }
}

fn as_value(cx: &mut Cx<'_>, scope: &Rc<Scope>, index: usize) -> Value {
    let _ = cx;
    let variables = scope.variables.borrow();
    let Some(variable) = variables.get(index) else { return Value::Null };
    let options = variable.meta.as_ref().map_or("None", |m| {
        if m.constant {
            "Constant"
        } else if m.read_only {
            "ReadOnly"
        } else if m.private {
            "Private"
        } else {
            "None"
        }
    });
    Value::record(
        NetType::PSVariable,
        vec![
            ("Name", Value::Str(variable.name.clone())),
            ("Value", variable.value.clone()),
            (
                "Description",
                variable.meta.as_ref().map_or(Value::from(""), |m| Value::Str(m.description.clone())),
            ),
            ("Options", Value::from(options)),
            ("Visibility", Value::from("Public")),
        ],
    )
}

fn get_variable(cx: &mut Cx<'_>) -> R<()> {
    let mut names = cx.strings("Name");
    if names.is_empty() {
        names.push("*".into());
    }
    let scoped = cx.has("Scope");
    for name in names {
        let plain = name.split_once(':').map_or(name.as_str(), |(_, rest)| rest);
        let start = scope(cx);
        let mut found: Vec<(Str, Rc<Scope>, usize)> = Vec::new();
        let pattern = Wildcard::new(plain, false);
        for scope in start.clone().outward() {
            for (index, variable) in scope.variables.borrow().iter().enumerate().filter(|(_, v)| v.exists) {
                let hidden =
                    scope.number != start.number && variable.meta.as_ref().is_some_and(|m| m.private);
                if !hidden
                    && pattern.matches(&variable.name)
                    && !found.iter().any(|(n, ..)| same(n, &variable.name))
                {
                    found.push((variable.name.clone(), scope.clone(), index));
                }
            }
            if scoped {
                break;
            }
        }
        if found.is_empty() && !Wildcard::has(plain) {
            let message = format!("Cannot find a variable with the name '{plain}'.");
            cx.error(
                Fault::new(
                    NetType::ItemNotFoundException,
                    "VariableNotFound",
                    Category::ObjectNotFound,
                    message,
                )
                .of(plain),
            )?;
            continue;
        }
        found.sort_by(|a, b| ps_value::compare::text_order(&a.0, &b.0, false));
        for (_, scope, index) in found {
            if cx.flag("ValueOnly") {
                let value = scope.value_at(index);
                cx.put(value)?;
            } else {
                let value = as_value(cx, &scope, index);
                cx.put(value)?;
            }
        }
    }
    Ok(())
}

fn write_variable(cx: &mut Cx<'_>, new: bool) -> R<()> {
    let scope = scope(cx);
    for name in cx.strings("Name") {
        let sym = Sym::of(&name);
        let value = cx.get("Value").unwrap_or_default();
        let existing = scope.find_here(sym);
        let meta_of =
            |scope: &Scope, at: usize| scope.variables.borrow().get(at).and_then(|v| v.meta.clone());
        // A variable of all scopes is the one of the outermost.
        let of_all =
            cx.it.global.find_here(sym).and_then(|at| meta_of(&cx.it.global, at)).filter(|m| m.all_scope);
        let old =
            existing.and_then(|at| meta_of(&scope, at)).or(of_all.filter(|m| m.constant || m.read_only));
        if let (true, Some(_)) = (new, existing)
            && !cx.flag("Force")
        {
            let message = format!("A variable with name '{name}' already exists.");
            cx.error(
                Fault::new(
                    NetType::SessionStateException,
                    "VariableAlreadyExists",
                    Category::ResourceExists,
                    message,
                )
                .of(name.as_str()),
            )?;
            continue;
        }
        if let Some(old) = &old
            && (old.constant || old.read_only && !cx.flag("Force"))
        {
            let message = format!("Cannot overwrite variable {name} because it is read-only or constant.");
            cx.error(
                Fault::new(
                    NetType::SessionStateUnauthorizedAccessException,
                    "VariableNotWritable",
                    Category::WriteError,
                    message,
                )
                .of(name.as_str()),
            )?;
            continue;
        }
        let index = match &old {
            Some(_) if !cx.flag("Force") => cx.it.set_in(&scope, sym, &name.as_str().into(), value)?,
            _ => scope.put(sym, &name.as_str().into(), value),
        };
        if let Some(option) = cx.text("Option") {
            let option = option.to_lowercase();
            scope.set_meta(
                index,
                VariableMeta {
                    read_only: option.contains("readonly"),
                    constant: option.contains("constant"),
                    private: option.contains("private"),
                    all_scope: option.contains("allscope"),
                    description: cx.text("Description").unwrap_or_default().into(),
                    ..VariableMeta::default()
                },
            );
        }
        if cx.flag("PassThru") {
            let value = as_value(cx, &scope, index);
            cx.put(value)?;
        }
    }
    Ok(())
}

fn matching(cx: &mut Cx<'_>, name: &str) -> Vec<(Rc<Scope>, Sym)> {
    if !Wildcard::has(name) {
        let start = scope(cx);
        let found = if cx.has("Scope") {
            start.find_here(Sym::of(name)).map(|_| start)
        } else {
            start.outward().find(|s| s.find_here(Sym::of(name)).is_some())
        };
        return found.map(|s| vec![(s, Sym::of(name))]).unwrap_or_default();
    }
    let start = scope(cx);
    let pattern = Wildcard::new(name, false);
    let variables = start.variables.borrow();
    variables
        .iter()
        .filter(|v| v.exists && pattern.matches(&v.name))
        .map(|v| (start.clone(), v.sym))
        .collect()
}

fn protected(scope: &Scope, sym: Sym, force: bool) -> bool {
    let meta =
        scope.find_here(sym).and_then(|i| scope.variables.borrow().get(i).and_then(|v| v.meta.clone()));
    meta.is_some_and(|m| m.constant || m.read_only && !force)
}

/// Returns the variables that match a name or pattern. A name without a variable is an error.
fn found(cx: &mut Cx<'_>, name: &str) -> R<Vec<(Rc<Scope>, Sym)>> {
    let found = matching(cx, name);
    if found.is_empty() && !Wildcard::has(name) {
        let message = format!("Cannot find a variable with the name '{name}'.");
        cx.error(
            Fault::new(NetType::ItemNotFoundException, "VariableNotFound", Category::ObjectNotFound, message)
                .of(name),
        )?;
    }
    Ok(found)
}

fn remove_variable(cx: &mut Cx<'_>) -> R<()> {
    for name in cx.strings("Name") {
        let found = found(cx, &name)?;
        for (scope, sym) in found {
            if protected(&scope, sym, cx.flag("Force")) {
                let message = format!(
                    "Cannot remove variable {name} because it is constant or read-only. If the variable is read-only, try the operation again specifying the Force option."
                );
                cx.error(
                    Fault::new(
                        NetType::SessionStateUnauthorizedAccessException,
                        "VariableNotRemovable",
                        Category::WriteError,
                        message,
                    )
                    .of(name.as_str()),
                )?;
            } else {
                scope.remove(sym);
            }
        }
    }
    Ok(())
}

fn clear_variable(cx: &mut Cx<'_>) -> R<()> {
    for name in cx.strings("Name") {
        let found = found(cx, &name)?;
        for (scope, sym) in found {
            if protected(&scope, sym, cx.flag("Force")) {
                let message =
                    format!("Cannot overwrite variable {name} because it is read-only or constant.");
                cx.error(
                    Fault::new(
                        NetType::SessionStateUnauthorizedAccessException,
                        "VariableNotWritable",
                        Category::WriteError,
                        message,
                    )
                    .of(name.as_str()),
                )?;
            } else {
                scope.put(sym, &name.as_str().into(), Value::Null);
            }
        }
    }
    Ok(())
}

fn alias_value(name: &str, target: &str) -> Value {
    Value::record(
        NetType::AliasInfo,
        vec![
            ("Name", Value::from(name)),
            ("CommandType", ps_runtime::types::enum_value(NetType::CommandTypes, 1)),
            ("Definition", Value::from(target)),
            ("DisplayName", Value::from(format!("{name} -> {target}"))),
            ("ReferencedCommand", Value::from(target)),
        ],
    )
}

fn get_alias(cx: &mut Cx<'_>) -> R<()> {
    let definitions: Vec<Wildcard> =
        cx.strings("Definition").iter().map(|d| Wildcard::new(d, false)).collect();
    let mut names = cx.strings("Name");
    if names.is_empty() {
        names.push("*".into());
    }
    for name in names {
        let pattern = Wildcard::new(&name, false);
        let mut any = false;
        for own in cx.it.drive_names(ps_runtime::provider::Drive::Alias) {
            let target = cx.it.alias_target(&own).map(|t| t.to_string()).unwrap_or_default();
            if pattern.matches(&own)
                && (definitions.is_empty() || definitions.iter().any(|d| d.matches(&target)))
            {
                any = true;
                cx.put(alias_value(&own, &target))?;
            }
        }
        if !any && !Wildcard::has(&name) {
            let message = format!(
                "This command cannot find a matching alias because an alias with the name '{name}' does not exist."
            );
            cx.error(
                Fault::new(
                    NetType::ItemNotFoundException,
                    "ItemNotFoundException",
                    Category::ObjectNotFound,
                    message,
                )
                .of(name.as_str()),
            )?;
        }
    }
    Ok(())
}

fn set_alias(cx: &mut Cx<'_>, new: bool) -> R<()> {
    let scope = scope(cx);
    let name = cx.text("Name").unwrap_or_default();
    let target = cx.text("Value").unwrap_or_default();
    if new
        && !cx.flag("Force")
        && (scope.alias(Sym::of(&name)).is_some() || cx.it.registry.alias(&name).is_some())
    {
        let message =
            format!("The alias is not allowed, because an alias with the name '{name}' already exists.");
        return cx.error(
            Fault::new(
                NetType::SessionStateException,
                "AliasAlreadyExists",
                Category::ResourceExists,
                message,
            )
            .of(name),
        );
    }
    scope.set_alias(&name, Some(target.as_str().into()));
    if cx.flag("PassThru") { cx.put(alias_value(&name, &target)) } else { Ok(()) }
}
