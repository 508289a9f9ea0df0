//! The paths that a cmdlet was given, and the items that they name.

use super::Cx;
use ps_runtime::eval::Interp;
use ps_runtime::eval::operators::Wildcard;
use ps_runtime::paths::{glob, leaf, path_not_found};
use ps_runtime::provider::{Drive, Place};
use ps_value::Value;
use ps_value::error::R;
use ps_value::types::NetType;

pub(super) const PATHS: &str = "Path: string[] @0 pipe byname set=Path | LiteralPath: string[] byname alias=PSPath,LP set=LiteralPath mandatory";

/// Returns the paths that a cmdlet was given.
pub(super) fn given(cx: &mut Cx<'_>) -> Vec<String> {
    let mut paths = cx.strings("Path");
    paths.extend(cx.strings("LiteralPath"));
    paths.iter().map(|p| strip(p)).collect()
}

pub(super) fn strip(path: &str) -> String {
    path.strip_prefix("Microsoft.PowerShell.Core\\FileSystem::").unwrap_or(path).to_owned()
}

/// Returns the files that the paths of a cmdlet name, and reports missing ones.
pub(crate) fn existing(cx: &mut Cx<'_>) -> R<Vec<(String, bool)>> {
    let literal = cx.has("LiteralPath");
    let mut all = Vec::new();
    for path in given(cx) {
        let place = cx.it.place(&path);
        let Some(place) = cx.report(place)? else { continue };
        let Place::File(full) = place else { continue };
        let found = if literal || !Wildcard::has(&path) { vec![full.clone()] } else { glob(cx.it, &path) };
        let filters = |cx: &Cx<'_>, name: &str| {
            let matches = |list: Vec<String>, or: bool| {
                if list.is_empty() { or } else { list.iter().any(|p| Wildcard::new(p, false).matches(name)) }
            };
            matches(cx.strings("Filter"), true)
                && matches(cx.strings("Include"), true)
                && !matches(cx.strings("Exclude"), false)
        };
        for path in found {
            match cx.it.host.metadata(&path) {
                Some(meta) => {
                    if filters(cx, leaf(&path)) {
                        all.push((path, meta.is_dir));
                    }
                }
                None => cx.error(path_not_found(&full))?,
            }
        }
    }
    Ok(all)
}

/// Returns an item of a drive, as `Get-Item env:X` does.
pub(crate) fn drive_value(it: &mut Interp, drive: Drive, name: &str) -> Value {
    let value = it.drive_item(drive, name).unwrap_or_default();
    match drive {
        Drive::Env => Value::net(ps_value::net::Net::Entry(Value::from(name), value)),
        Drive::Function => match it.find_command(name) {
            Some(resolved) => Value::object(resolved),
            None => Value::Null,
        },
        Drive::Variable => Value::record(
            NetType::PSVariable,
            vec![
                ("Name", Value::from(name)),
                ("Value", value),
                ("Description", Value::from("")),
                ("Options", Value::from("None")),
            ],
        ),
        Drive::Alias => Value::record(
            NetType::AliasInfo,
            vec![("Name", Value::from(name)), ("CommandType", Value::from("Alias")), ("Definition", value)],
        ),
    }
}
