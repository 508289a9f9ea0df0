//! The facts that a script can query about its session: calls, verbs, the execution policy; members
//! for types.

use super::members::member_kind;
use super::{CmdletInfo, Cx, Each};
use ps_runtime::eval::operators::Wildcard;
use ps_syntax::symbol::same;
use ps_value::error::{Category, Fault, R};
use ps_value::types::NetType;
use ps_value::{Member, Str, Value};

pub(super) const CMDLETS: &[CmdletInfo] = &[
    CmdletInfo {
        name: "Get-PSCallStack",
        class: "GetPSCallStackCommand",
        params: "",
        default_set: "",
        make: || Box::new(Each(call_stack)),
    },
    CmdletInfo {
        name: "Get-Verb",
        class: "GetVerbCommand",
        params: "Verb: string[] @0 pipe byname | Group: string[] @1",
        default_set: "",
        make: || Box::new(Each(verbs)),
    },
    CmdletInfo {
        name: "Get-ExecutionPolicy",
        class: "GetExecutionPolicyCommand",
        params: "",
        default_set: "",
        // As on every system except Windows: the step's own policy has decided before.
        make: || Box::new(Each(|cx| cx.put(Value::from("Unrestricted")))),
    },
    CmdletInfo {
        name: "Set-ExecutionPolicy",
        class: "SetExecutionPolicyCommand",
        params: "ExecutionPolicy: string @0 mandatory | Scope: string @1 | Force: switch",
        default_set: "",
        make: || {
            Box::new(Each(|cx| {
                let message = "Operation is not supported on this platform.";
                let kind = NetType::PlatformNotSupportedException;
                cx.fail(Fault::new(
                    kind,
                    "System.PlatformNotSupportedException",
                    Category::NotSpecified,
                    message,
                ))
            }))
        },
    },
    CmdletInfo {
        name: "Update-TypeData",
        class: "UpdateTypeDataCommand",
        params: "TypeName: string mandatory byname | MemberType: string mandatory | MemberName: string mandatory | Value: object | SecondValue: object | Force: switch",
        default_set: "",
        make: || Box::new(Each(update)),
    },
    CmdletInfo {
        name: "Remove-TypeData",
        class: "RemoveTypeDataCommand",
        params: "TypeName: string @0 mandatory pipe byname",
        default_set: "",
        make: || {
            Box::new(Each(|cx| {
                let name = cx.text("TypeName").unwrap_or_default();
                cx.it.type_data.retain(|(own, _)| !same(own, &name));
                Ok(())
            }))
        },
    },
];

fn call_stack(cx: &mut Cx<'_>) -> R<()> {
    let mut rows = Vec::new();
    let mut here = cx.it.source.clone();
    let mut line = 0;
    for frame in cx.it.frames.clone().iter().rev() {
        rows.push((frame.name.clone(), here.path.clone(), line));
        here = frame.source.clone();
        line = frame.source.position(frame.span.start).0;
    }
    for (name, path, line) in rows {
        let at = if path.is_empty() { "<No file>".to_owned() } else { format!("{path}: line {line}") };
        cx.put(Value::record(
            NetType::CallStackFrame,
            vec![
                ("Command", Value::Str(name.clone())),
                ("Location", Value::from(at)),
                ("FunctionName", Value::Str(name)),
                ("ScriptName", Value::from(path)),
                ("ScriptLineNumber", Value::from(line)),
            ],
        ))?;
    }
    Ok(())
}

/// The approved verbs by group. Source: "Approved verbs for PowerShell commands" (Microsoft).
const VERBS: [(&str, &str); 7] = [
    (
        "Common",
        "Add Clear Close Copy Enter Exit Find Format Get Hide Join Lock Move New Open Optimize Pop Push Redo Remove Rename Reset Resize Search Select Set Show Skip Split Step Switch Undo Unlock Watch",
    ),
    ("Communications", "Connect Disconnect Read Receive Send Write"),
    (
        "Data",
        "Backup Checkpoint Compare Compress Convert ConvertFrom ConvertTo Dismount Edit Expand Export Group Import Initialize Limit Merge Mount Out Publish Restore Save Sync Unpublish Update",
    ),
    ("Diagnostic", "Debug Measure Ping Repair Resolve Test Trace"),
    (
        "Lifecycle",
        "Approve Assert Build Complete Confirm Deny Deploy Disable Enable Install Invoke Register Request Restart Resume Start Stop Submit Suspend Uninstall Unregister Wait",
    ),
    ("Security", "Block Grant Protect Revoke Unblock Unprotect"),
    ("Other", "Use"),
];

fn verbs(cx: &mut Cx<'_>) -> R<()> {
    let (wanted, groups) = (cx.strings("Verb"), cx.strings("Group"));
    let wanted: Vec<Wildcard> = wanted.iter().map(|name| Wildcard::new(name, false)).collect();
    for (group, verbs) in VERBS {
        for verb in verbs.split(' ') {
            let by_name = wanted.is_empty() || wanted.iter().any(|pattern| pattern.matches(verb));
            if by_name && (groups.is_empty() || groups.iter().any(|own| same(own, group))) {
                cx.put(Value::custom([
                    ("Verb".into(), Value::from(verb)),
                    ("Group".into(), Value::from(group)),
                ]))?;
            }
        }
    }
    Ok(())
}

fn update(cx: &mut Cx<'_>) -> R<()> {
    let ty = Str::from(cx.text("TypeName").unwrap_or_default());
    let name = Str::from(cx.text("MemberName").unwrap_or_default());
    let value = cx.get("Value").unwrap_or_default();
    let kind = member_kind(cx, value)?;
    let is = |(own, member): &(Str, Member)| same(own, &ty) && same(&member.name, &name);
    if cx.it.type_data.iter().any(is) && !cx.flag("Force") {
        let message = format!("Error in type \"{ty}\": The member {name} is already present.");
        return cx.error(Fault::new(
            NetType::RuntimeException,
            "TypesXmlError",
            Category::InvalidOperation,
            message,
        ));
    }
    cx.it.type_data.retain(|entry| !is(entry));
    cx.it.type_data.push((ty, Member { name, kind }));
    Ok(())
}
