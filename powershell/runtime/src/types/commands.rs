//! Script blocks, `$PSCmdlet`, commands and credentials.

use ps_value::types::NetType;
use std::rc::Rc;

use super::args::{at, string};
use super::declare::Declared::{self, Method, New, Property, Static, StaticProperty};
use super::engine::secret;
use crate::eval::Interp;
use ps_value::block::ScriptBlock;
use ps_value::error::{ErrorRecord, R};
use ps_value::net::Net;
use ps_value::{Value, text};

fn block(value: &Value) -> Option<Rc<ScriptBlock>> {
    match value.base() {
        Value::Block(block) => Some(block.clone()),
        _ => None,
    }
}

fn parse_block(it: &mut Interp, code: &str) -> R<Value> {
    let source = ps_syntax::Source::new("", code);
    match ps_syntax::parse(&source) {
        Ok(block) => Ok(Value::Block(ScriptBlock::bound(block, it.session()))),
        Err(errors) => Err(it.parse_error(&source, &errors)),
    }
}

pub(super) const BLOCK: &[Declared] = &[
    Static("scriptblock Create(string script)", |it, a| parse_block(it, &string(a, 0))),
    Property("object Ast", |_, t, _| Ok(block(t).map_or(Value::Null, |b| super::parsing::tree(&b)))),
    Property("object StartPosition", |_, t, _| {
        Ok(block(t).map_or(Value::Null, |b| {
            let (line, column) = b.ast.source.position(b.ast.span.start);
            Value::record(
                NetType::PSToken,
                vec![
                    ("StartLine", Value::from(line)),
                    ("StartColumn", Value::from(column)),
                    ("Content", Value::from(b.ast.source.slice(b.ast.span))),
                ],
            )
        }))
    }),
    Property("string File", |_, t, _| {
        Ok(block(t).map_or(Value::Null, |b| Value::from(b.ast.source.path.as_str())))
    }),
    Property("bool IsFilter", |_, t, _| Ok(Value::Bool(block(t).is_some_and(|b| b.ast.only_process())))),
    Method("scriptblock GetNewClosure()", |it, t, _| {
        let Some(block) = block(t) else { return Ok(Value::Null) };
        let session = ps_value::scope::Scope::new(Some(it.global.clone()), false);
        let mut scope = Some(it.scope.clone());
        while let Some(here) = scope {
            if here.number == it.global.number && !session.variables.borrow().is_empty() {
                break;
            }
            for variable in here.variables.borrow().iter().filter(|v| v.exists) {
                if session.find_here(variable.sym).is_none()
                    && !variable.meta.as_ref().is_some_and(|m| m.constant)
                {
                    session.push(variable.sym, variable.name.clone(), variable.value.clone());
                }
            }
            scope = None;
        }
        *session.script.borrow_mut() = Some(session.clone());
        Ok(Value::Block(ScriptBlock::bound(block.ast.clone(), Some(session))))
    }),
    Method("string ToString()", |_, t, _| Ok(block(t).map_or(Value::Null, |b| Value::from(b.text())))),
    Method(
        "object InvokeWithContext(object functionsToDefine, object variablesToDefine, params object[] args)",
        |it, t, a| {
            let Some(block) = block(t) else { return Ok(Value::Null) };
            it.call_block(&block, a.get(2..).unwrap_or_default())
        },
    ),
];

fn cmdlet<T>(value: &Value, body: impl FnOnce(&super::net::CmdletState) -> T) -> Option<T> {
    match value.base() {
        Value::Net(net) => net.other().map(body),
        _ => None,
    }
}

fn qualify(t: &Value, record: &Rc<ErrorRecord>) {
    let name = cmdlet(t, |c| c.name.clone()).unwrap_or_default();
    if !record.qualified.get() {
        let id = format!("{},{name}", record.id.borrow());
        *record.id.borrow_mut() = id.into();
        record.qualified.set(true);
    }
    *record.command.borrow_mut() = name.clone();
    *record.activity.borrow_mut() = name;
}

pub(super) const CMDLET: &[Declared] = &[
    Property("string ParameterSetName", |_, t, _| {
        Ok(cmdlet(t, |c| Value::Str(c.set.clone())).unwrap_or_default())
    }),
    Property("object MyInvocation", |it, _, _| Ok(it.invocation_value())),
    Property("object SessionState", |_, _, _| {
        Ok(Value::record(NetType::SessionState, vec![("PSVariable", Value::Null)]))
    }),
    Property("object Host", |_, _, _| Ok(crate::host_object::host_value())),
    Method("void WriteError(object errorRecord)", |it, t, a| {
        if let Value::Error(record) = at(a, 0).base() {
            qualify(t, record);
            if let Some(frame) = it.frames.last() {
                *record.position.borrow_mut() =
                    Some(ps_value::error::Position { source: frame.source.clone(), span: frame.span });
            }
            it.write_error(record.clone(), None)?;
            it.failed = true;
        }
        Ok(Value::Void)
    }),
    Method("void ThrowTerminatingError(object errorRecord)", |it, t, a| {
        if let Value::Error(record) = at(a, 0).base() {
            qualify(t, record);
            if let Some(frame) = it.frames.last() {
                *record.position.borrow_mut() =
                    Some(ps_value::error::Position { source: frame.source.clone(), span: frame.span });
            }
            return Err(Box::new(ps_value::error::Flow::Error(record.clone())));
        }
        Ok(Value::Void)
    }),
    Method("void WriteVerbose(string text)", |it, _, a| {
        it.write_verbose(&string(a, 0), None).map(|()| Value::Void)
    }),
    Method("void WriteWarning(string text)", |it, _, a| {
        it.write_warning(&string(a, 0), None).map(|()| Value::Void)
    }),
    Method("void WriteDebug(string text)", |it, _, a| {
        it.write_debug(&string(a, 0), None).map(|()| Value::Void)
    }),
    Method("void WriteProgress(object record)", |_, _, _| Ok(Value::Void)),
    Method("void WriteObject(object sendToPipeline)", |_, _, a| Ok(at(a, 0))),
    Method("bool ShouldProcess(string target)", |it, t, a| should(it, t, None, &string(a, 0))),
    Method("bool ShouldProcess(string target, string action)", |it, t, a| {
        should(it, t, Some(&string(a, 1)), &string(a, 0))
    }),
    Method(
        "bool ShouldProcess(string verboseDescription, string verboseWarning, string caption)",
        |it, t, a| should(it, t, None, &string(a, 0)),
    ),
    Method("bool ShouldContinue(string query, string caption)", |_, _, _| Ok(Value::Bool(true))),
    Method("object GetVariableValue(string name)", |it, _, a| Ok(it.get(&string(a, 0)))),
];

/// Handles `ShouldProcess`: `-WhatIf` prints the action; without a user to confirm, all other
/// actions continue.
fn should(it: &mut Interp, t: &Value, action: Option<&str>, target: &str) -> R<Value> {
    let name = cmdlet(t, |c| c.name.to_string()).unwrap_or_default();
    let action = action.unwrap_or(&name);
    if it.get("WhatIfPreference").truth() {
        it.host.write_host(
            &format!("What if: Performing the operation \"{action}\" on target \"{target}\"."),
            false,
        );
        return Ok(Value::Bool(false));
    }
    it.write_verbose(&format!("Performing the operation \"{action}\" on target \"{target}\"."), None)?;
    Ok(Value::Bool(true))
}

fn credential(value: &Value) -> (ps_value::Str, ps_value::Str) {
    match value.base() {
        Value::Net(net) => match &**net {
            Net::Credential(user, password) => (user.clone(), password.clone()),
            _ => Default::default(),
        },
        _ => Default::default(),
    }
}

pub(super) const CREDENTIAL: &[Declared] = &[
    New("pscredential(string userName, object password)", |_, a| {
        Ok(Value::net(Net::Credential(string(a, 0), secret(&at(a, 1)).into())))
    }),
    StaticProperty("pscredential Empty", |_, _| Ok(Value::net(Net::Credential("".into(), "".into())))),
    Property("string UserName", |_, t, _| Ok(Value::Str(credential(t).0))),
    Property("securestring Password", |_, t, _| Ok(Value::net(Net::SecureString(credential(t).1)))),
    Method("object GetNetworkCredential()", |_, t, _| {
        let (user, password) = credential(t);
        Ok(Value::record(
            NetType::NetworkCredential,
            vec![
                ("UserName", Value::Str(user)),
                ("Password", Value::Str(password)),
                ("Domain", Value::from("")),
            ],
        ))
    }),
];

pub(super) const COMMAND: &[Declared] = &[
    Property("object CommandType", |it, t, _| it.command_property(t, "CommandType")),
    Property("string Name", |it, t, _| it.command_property(t, "Name")),
    Property("string Definition", |it, t, _| it.command_property(t, "Definition")),
    Property("object ScriptBlock", |it, t, _| it.command_property(t, "ScriptBlock")),
    Property("object Parameters", |it, t, _| it.command_property(t, "Parameters")),
    Property("object ParameterSets", |it, t, _| it.command_property(t, "ParameterSets")),
    Property("string Source", |it, t, _| it.command_property(t, "Source")),
    Property("string ModuleName", |it, t, _| it.command_property(t, "Source")),
    Property("version Version", |_, _, _| Ok(ps_value::net::version([7, 0, 0, 0]))),
    Property("string Path", |it, t, _| it.command_property(t, "Definition")),
    Property("string Verb", |it, t, _| {
        Ok(text(&it.command_property(t, "Name")?)
            .split_once('-')
            .map_or(Value::from(""), |(v, _)| Value::from(v)))
    }),
    Property("string Noun", |it, t, _| {
        Ok(text(&it.command_property(t, "Name")?)
            .split_once('-')
            .map_or(Value::from(""), |(_, n)| Value::from(n)))
    }),
];
