//! Paths and locations.

use super::Cx;
use super::given::{existing, given, strip};
use ps_runtime::eval::operators::Wildcard;
use ps_runtime::paths::{glob, path_not_found, relative};
use ps_runtime::provider::{Place, normalize};
use ps_runtime::types::net::file_value;
use ps_value::Value;
use ps_value::error::{Category, Fault, R};
use ps_value::types::NetType;

pub(super) fn test_path(cx: &mut Cx<'_>) -> R<()> {
    let literal = cx.has("LiteralPath");
    let paths = given(cx);
    if paths.is_empty() {
        let message =
            "Value cannot be null. (Parameter 'The provided Path argument was null or an empty collection.')";
        let kind = NetType::ArgumentNullException;
        return cx.error(Fault::new(kind, "NullPathNotPermitted", Category::InvalidArgument, message));
    }
    for path in paths {
        if path.trim().is_empty() {
            cx.put(Value::Bool(false))?;
            continue;
        }
        let kind = cx.text("PathType").map(|t| t.to_lowercase()).unwrap_or_default();
        let found = match cx.it.place(&path) {
            Err(_) => false,
            Ok(Place::Item(drive, name)) => {
                if name.is_empty() {
                    true
                } else if Wildcard::has(&name) {
                    let pattern = Wildcard::new(&name, false);
                    cx.it.drive_names(drive).iter().any(|n| pattern.matches(n))
                } else {
                    cx.it.drive_item(drive, &name).is_some()
                }
            }
            Ok(Place::File(full)) => {
                let all = if literal || !Wildcard::has(&path) { vec![full] } else { glob(cx.it, &path) };
                all.iter().any(|p| {
                    cx.it.host.metadata(p).is_some_and(|m| match kind.as_str() {
                        "leaf" => !m.is_dir,
                        "container" => m.is_dir,
                        _ => true,
                    })
                })
            }
        };
        cx.put(Value::Bool(found || cx.flag("IsValid")))?;
    }
    Ok(())
}

pub(super) fn join_path(cx: &mut Cx<'_>) -> R<()> {
    let mut child = cx.text("ChildPath").unwrap_or_default();
    for more in cx.strings("AdditionalChildPath") {
        child = format!("{}/{}", child.trim_end_matches('/'), more.trim_start_matches('/'));
    }
    for path in cx.strings("Path") {
        let (dir, name) = (path.replace('\\', "/"), child.replace('\\', "/"));
        let joined = if dir.is_empty() {
            format!("/{}", name.trim_start_matches('/'))
        } else {
            format!("{}/{}", dir.trim_end_matches('/'), name.trim_start_matches('/'))
        };
        if cx.flag("Resolve") {
            let full = cx.it.full_path(&joined);
            if cx.it.host.metadata(&full).is_none() {
                cx.error(path_not_found(&full))?;
                continue;
            }
            cx.put(Value::from(full))?;
            continue;
        }
        cx.put(Value::from(joined))?;
    }
    Ok(())
}

pub(super) fn split_path(cx: &mut Cx<'_>) -> R<()> {
    for path in given(cx) {
        let path = path.replace('\\', "/");
        let trimmed = if path.len() > 1 { path.trim_end_matches('/') } else { &path };
        let name = trimmed.rsplit('/').next().unwrap_or_default();
        let value = if cx.flag("Leaf") {
            Value::from(name)
        } else if cx.flag("LeafBase") {
            Value::from(
                name.rfind('.').filter(|at| *at > 0).map_or(name, |at| name.get(..at).unwrap_or(name)),
            )
        } else if cx.flag("Extension") {
            Value::from(name.rfind('.').map_or("", |at| name.get(at..).unwrap_or_default()))
        } else if cx.flag("IsAbsolute") {
            Value::Bool(path.starts_with('/'))
        } else if cx.flag("Qualifier") {
            match path.split_once(':') {
                Some((drive, _)) => Value::from(format!("{drive}:")),
                None => {
                    let message = format!(
                        "Cannot parse path because path '{path}' does not have a qualifier specified."
                    );
                    cx.error(Fault::new(
                        NetType::FormatException,
                        "ParsePathFormatError",
                        Category::InvalidArgument,
                        message,
                    ))?;
                    continue;
                }
            }
        } else if cx.flag("NoQualifier") {
            Value::from(path.split_once(':').map_or(path.as_str(), |(_, rest)| rest))
        } else {
            match trimmed.rsplit_once('/') {
                Some(("", _)) => Value::from("/"),
                Some((dir, _)) => Value::from(dir),
                None => Value::from(""),
            }
        };
        cx.put(value)?;
    }
    Ok(())
}

pub(super) fn resolve_path(cx: &mut Cx<'_>) -> R<()> {
    let here = cx.it.location.current.clone();
    for (path, _) in existing(cx)? {
        if cx.flag("Relative") {
            cx.put(Value::from(relative(&here, &path)))?;
            continue;
        }
        let provider = Value::record(NetType::ProviderInfo, vec![("Name", Value::from("FileSystem"))]);
        cx.put(Value::record(
            NetType::PathInfo,
            vec![
                ("Path", Value::from(path.as_str())),
                ("Provider", provider),
                ("ProviderPath", Value::from(path.as_str())),
            ],
        ))?;
    }
    Ok(())
}

pub(super) fn set_location(cx: &mut Cx<'_>, push: bool) -> R<()> {
    let path = cx.text("Path").or_else(|| cx.text("LiteralPath"));
    let before = (cx.it.location.current.clone(), cx.it.location.drive);
    let Some(path) = path else {
        if push {
            cx.it.location.stack.push(before);
        } else {
            cx.it.location.current = cx.it.full_path("~");
        }
        return Ok(());
    };
    match cx.it.place(&strip(&path))? {
        Place::Item(drive, _) => cx.it.location.drive = Some(drive),
        Place::File(full) => {
            if !cx.it.host.metadata(&full).is_some_and(|m| m.is_dir) {
                return cx.error(path_not_found(&full));
            }
            cx.it.location.current = normalize(&full);
            cx.it.location.drive = None;
        }
    }
    if push {
        cx.it.location.stack.push(before);
    }
    if cx.flag("PassThru") {
        let here = cx.it.location_value();
        return cx.put(here);
    }
    Ok(())
}

pub(super) fn item_property(cx: &mut Cx<'_>, only_value: bool) -> R<()> {
    let names = cx.strings("Name");
    for (path, is_dir) in existing(cx)? {
        let file = file_value(cx.it, &path, is_dir, None);
        if only_value {
            for name in &names {
                let value = cx.it.property(&file, name)?.unwrap_or_default();
                cx.put(value)?;
            }
        } else if names.is_empty() {
            cx.put(file)?;
        } else {
            let mut pairs = Vec::new();
            for name in &names {
                pairs.push((name.as_str().into(), cx.it.property(&file, name)?.unwrap_or_default()));
            }
            cx.put(Value::custom(pairs))?;
        }
    }
    Ok(())
}
