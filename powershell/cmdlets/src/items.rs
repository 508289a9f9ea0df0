//! Files, directories and the items of drives.

use ps_value::types::NetType;
use std::io;

use super::files::{new_item, remove_item, rename_item, transfer};
use super::given::{PATHS, drive_value, existing, given};
use super::paths::{item_property, join_path, resolve_path, set_location, split_path, test_path};
use super::{CmdletInfo, Cx, Each};
use ps_runtime::eval::operators::Wildcard;
use ps_runtime::paths::{glob, join, leaf, parent, path_not_found, sorted_names};
use ps_runtime::provider::{Drive, Place};
use ps_runtime::types::net::file_value;
use ps_value::Value;
use ps_value::error::R;

pub(crate) const CMDLETS: &[CmdletInfo] = &[
    CmdletInfo {
        name: "Get-ChildItem",
        class: "GetChildItemCommand",
        params: "Path: string[] @0 pipe byname set=Items | LiteralPath: string[] byname alias=PSPath,LP set=LiteralItems mandatory | Filter: string @1 | Include: string[] | Exclude: string[] | Recurse: switch alias=s | Depth: int | Force: switch | Name: switch | Directory: switch alias=ad,d | File: switch alias=af | Hidden: switch | ReadOnly: switch | System: switch",
        default_set: "Items",
        make: || Box::new(Each(get_children)),
    },
    CmdletInfo {
        name: "Get-Item",
        class: "GetItemCommand",
        params: "Path: string[] @0 pipe byname mandatory set=Path | LiteralPath: string[] byname alias=PSPath,LP set=LiteralPath mandatory | Filter: string | Include: string[] | Exclude: string[] | Force: switch | Stream: string[]",
        default_set: "Path",
        make: || Box::new(Each(get_item)),
    },
    CmdletInfo {
        name: "New-Item",
        class: "NewItemCommand",
        params: "Path: string[] @0 byname | Name: string byname | ItemType: string byname alias=Type | Value: object byname pipe alias=Target | Force: switch",
        default_set: "",
        make: || Box::new(Each(new_item)),
    },
    CmdletInfo {
        name: "mkdir",
        class: "",
        params: "Path: string[] @0 byname | Name: string byname | Value: object pipe | Force: switch",
        default_set: "",
        make: || Box::new(Each(new_item)),
    },
    CmdletInfo {
        name: "Remove-Item",
        class: "RemoveItemCommand",
        params: "Path: string[] @0 pipe byname mandatory set=Path | LiteralPath: string[] byname alias=PSPath,LP set=LiteralPath mandatory | Filter: string | Include: string[] | Exclude: string[] | Recurse: switch | Force: switch | Stream: string[]",
        default_set: "Path",
        make: || Box::new(Each(remove_item)),
    },
    CmdletInfo {
        name: "Copy-Item",
        class: "CopyItemCommand",
        params: "Path: string[] @0 pipe byname mandatory set=Path | LiteralPath: string[] byname alias=PSPath,LP set=LiteralPath mandatory | Destination: string @1 byname | Filter: string | Include: string[] | Exclude: string[] | Recurse: switch | Force: switch | PassThru: switch",
        default_set: "Path",
        make: || Box::new(Each(|cx| transfer(cx, false))),
    },
    CmdletInfo {
        name: "Move-Item",
        class: "MoveItemCommand",
        params: "Path: string[] @0 pipe byname mandatory set=Path | LiteralPath: string[] byname alias=PSPath,LP set=LiteralPath mandatory | Destination: string @1 byname | Filter: string | Include: string[] | Exclude: string[] | Force: switch | PassThru: switch",
        default_set: "Path",
        make: || Box::new(Each(|cx| transfer(cx, true))),
    },
    CmdletInfo {
        name: "Rename-Item",
        class: "RenameItemCommand",
        params: "Path: string @0 pipe byname mandatory set=ByPath | LiteralPath: string byname alias=PSPath,LP set=ByLiteralPath mandatory | NewName: string @1 byname mandatory | Force: switch | PassThru: switch",
        default_set: "ByPath",
        make: || Box::new(Each(rename_item)),
    },
    CmdletInfo {
        name: "Set-Item",
        class: "SetItemCommand",
        params: "Path: string[] @0 pipe byname mandatory set=Path | LiteralPath: string[] byname alias=PSPath,LP set=LiteralPath mandatory | Value: object @1 byname | Force: switch | PassThru: switch",
        default_set: "Path",
        make: || {
            Box::new(Each(|cx| {
                let value = cx.get("Value").unwrap_or_default();
                for path in given(cx) {
                    if let Place::Item(drive, name) = cx.it.place(&path)? {
                        cx.it.set_drive_item(drive, &name, value.clone())?;
                    }
                }
                Ok(())
            }))
        },
    },
    CmdletInfo {
        name: "Clear-Item",
        class: "ClearItemCommand",
        params: PATHS,
        default_set: "Path",
        make: || {
            Box::new(Each(|cx| {
                for path in given(cx) {
                    if let Place::Item(drive, name) = cx.it.place(&path)? {
                        cx.it.set_drive_item(drive, &name, Value::Null)?;
                    }
                }
                Ok(())
            }))
        },
    },
    CmdletInfo {
        name: "Test-Path",
        class: "TestPathCommand",
        params: "Path: string[] @0 pipe byname mandatory null empty set=Path | LiteralPath: string[] byname alias=PSPath,LP set=LiteralPath mandatory null empty | PathType: string alias=Type | IsValid: switch | Filter: string | Include: string[] | Exclude: string[]",
        default_set: "Path",
        make: || Box::new(Each(test_path)),
    },
    CmdletInfo {
        name: "Join-Path",
        class: "JoinPathCommand",
        params: "Path: string[] @0 pipe byname mandatory alias=PSPath | ChildPath: string @1 byname mandatory empty null | AdditionalChildPath: string[] @2 rest | Resolve: switch",
        default_set: "",
        make: || Box::new(Each(join_path)),
    },
    CmdletInfo {
        name: "Split-Path",
        class: "SplitPathCommand",
        params: "Path: string[] @0 pipe byname mandatory set=ParentSet,LeafSet,LeafBaseSet,ExtensionSet,QualifierSet,NoQualifierSet,IsAbsoluteSet | LiteralPath: string[] alias=PSPath set=LiteralPathSet mandatory | Parent: switch set=ParentSet | Leaf: switch set=LeafSet mandatory | LeafBase: switch set=LeafBaseSet mandatory | Extension: switch set=ExtensionSet mandatory | Qualifier: switch set=QualifierSet mandatory | NoQualifier: switch set=NoQualifierSet mandatory | IsAbsolute: switch set=IsAbsoluteSet mandatory | Resolve: switch",
        default_set: "ParentSet",
        make: || Box::new(Each(split_path)),
    },
    CmdletInfo {
        name: "Resolve-Path",
        class: "ResolvePathCommand",
        params: "Path: string[] @0 pipe byname mandatory set=Path | LiteralPath: string[] byname alias=PSPath,LP set=LiteralPath mandatory | Relative: switch",
        default_set: "Path",
        make: || Box::new(Each(resolve_path)),
    },
    CmdletInfo {
        name: "Convert-Path",
        class: "ConvertPathCommand",
        params: "Path: string[] @0 pipe byname mandatory set=Path | LiteralPath: string[] byname alias=PSPath,LP set=LiteralPath mandatory",
        default_set: "Path",
        make: || {
            Box::new(Each(|cx| {
                for (path, _) in existing(cx)? {
                    cx.put(Value::from(path))?;
                }
                Ok(())
            }))
        },
    },
    CmdletInfo {
        name: "Get-Location",
        class: "GetLocationCommand",
        params: "Stack: switch",
        default_set: "",
        make: || {
            Box::new(Each(|cx| {
                let here = cx.it.location_value();
                cx.put(here)
            }))
        },
    },
    CmdletInfo {
        name: "Set-Location",
        class: "SetLocationCommand",
        params: "Path: string @0 pipe byname set=Path | LiteralPath: string byname alias=PSPath,LP set=LiteralPath mandatory | PassThru: switch",
        default_set: "Path",
        make: || Box::new(Each(|cx| set_location(cx, false))),
    },
    CmdletInfo {
        name: "Push-Location",
        class: "PushLocationCommand",
        params: "Path: string @0 pipe byname set=Path | LiteralPath: string byname alias=PSPath,LP set=LiteralPath mandatory | PassThru: switch",
        default_set: "Path",
        make: || Box::new(Each(|cx| set_location(cx, true))),
    },
    CmdletInfo {
        name: "Pop-Location",
        class: "PopLocationCommand",
        params: "PassThru: switch",
        default_set: "",
        make: || {
            Box::new(Each(|cx| {
                if let Some((path, drive)) = cx.it.location.stack.pop() {
                    cx.it.location.current = path;
                    cx.it.location.drive = drive;
                }
                Ok(())
            }))
        },
    },
    CmdletInfo {
        name: "Get-ItemProperty",
        class: "GetItemPropertyCommand",
        params: "Path: string[] @0 pipe byname mandatory set=Path | LiteralPath: string[] byname alias=PSPath,LP set=LiteralPath mandatory | Name: string[] @1 alias=PSProperty",
        default_set: "Path",
        make: || Box::new(Each(|cx| item_property(cx, false))),
    },
    CmdletInfo {
        name: "Get-ItemPropertyValue",
        class: "GetItemPropertyValueCommand",
        params: "Path: string[] @0 pipe byname set=Path | LiteralPath: string[] byname alias=PSPath,LP set=LiteralPath mandatory | Name: string[] @1 mandatory alias=PSProperty",
        default_set: "Path",
        make: || Box::new(Each(|cx| item_property(cx, true))),
    },
    CmdletInfo {
        name: "Set-ItemProperty",
        class: "SetItemPropertyCommand",
        params: "Path: string[] @0 pipe byname mandatory set=Path | LiteralPath: string[] byname alias=PSPath,LP set=LiteralPath mandatory | Name: string @1 mandatory | Value: object @2 mandatory | Force: switch",
        default_set: "Path",
        make: || {
            Box::new(Each(|cx| {
                let (name, value) =
                    (cx.text("Name").unwrap_or_default(), cx.get("Value").unwrap_or_default());
                for (path, is_dir) in existing(cx)? {
                    let file = file_value(cx.it, &path, is_dir, None);
                    cx.it.set_property(&file, &name, value.clone())?;
                }
                Ok(())
            }))
        },
    },
    CmdletInfo {
        name: "Get-PSDrive",
        class: "GetPSDriveCommand",
        params: "Name: string[] @0 | Scope: string",
        default_set: "",
        make: || {
            Box::new(Each(|cx| {
                for (name, provider) in [
                    ("/", "FileSystem"),
                    ("Alias", "Alias"),
                    ("Env", "Environment"),
                    ("Function", "Function"),
                    ("Temp", "FileSystem"),
                    ("Variable", "Variable"),
                ] {
                    let names = cx.strings("Name");
                    if names.is_empty() || names.iter().any(|n| Wildcard::new(n, false).matches(name)) {
                        cx.put(Value::record(
                            NetType::PSDriveInfo,
                            vec![
                                ("Name", Value::from(name)),
                                ("Provider", Value::from(provider)),
                                ("Root", Value::from(if provider == "FileSystem" { "/" } else { "" })),
                            ],
                        ))?;
                    }
                }
                Ok(())
            }))
        },
    },
];

fn get_children(cx: &mut Cx<'_>) -> R<()> {
    let mut paths = given(cx);
    if paths.is_empty() {
        paths.push(".".into());
    }
    for path in paths {
        let place = cx.it.place(&path);
        let Some(place) = cx.report(place)? else { continue };
        let full = match place {
            Place::Item(drive, name) => {
                list_drive(cx, drive, &name)?;
                continue;
            }
            Place::File(full) => full,
        };
        let literal = cx.has("LiteralPath") || !Wildcard::has(&path);
        let roots = if literal { vec![full.clone()] } else { glob(cx.it, &path) };
        for root in roots {
            let Some(meta) = cx.it.host.metadata(&root) else {
                // A pattern at the end searches below, as in `-Recurse *.txt`.
                cx.error(path_not_found(&root))?;
                continue;
            };
            let filtered = cx.has("Include") && literal && !cx.flag("Recurse") && meta.is_dir;
            if filtered {
                continue;
            }
            if meta.is_dir && (literal || cx.flag("Recurse") || path.ends_with('/')) {
                let depth = match cx.integer("Depth") {
                    Some(depth) => depth.max(0) as usize,
                    None if cx.flag("Recurse") => usize::MAX,
                    None => 0,
                };
                walk(cx, &root, &root, depth)?;
            } else {
                show_entry(cx, parent(&root).to_owned().as_str(), &root, meta.is_dir)?;
            }
        }
    }
    Ok(())
}

fn walk(cx: &mut Cx<'_>, root: &str, dir: &str, depth: usize) -> R<()> {
    let names = match sorted_names(cx.it, dir) {
        Ok(names) => names,
        // An earlier action may have removed it.
        Err(why) if why.kind() == io::ErrorKind::NotFound && dir != root => return Ok(()),
        Err(why) => {
            let fault = cx.it.io_fault(dir, &why);
            return cx.error(fault);
        }
    };
    let mut entries: Vec<(String, bool)> = Vec::new();
    for name in names {
        if name.starts_with('.') && !cx.flag("Force") && !cx.flag("Hidden") {
            continue;
        }
        let path = join(dir, &name);
        let Some(meta) = cx.it.host.metadata(&path) else { continue };
        entries.push((path, meta.is_dir && !meta.is_link));
    }
    // Directories come before files.
    entries.sort_by_key(|(_, is_dir)| !is_dir);
    for (path, is_dir) in &entries {
        show_entry(cx, root, path, *is_dir)?;
    }
    if depth > 0 {
        for (path, _) in entries.iter().filter(|(_, is_dir)| *is_dir) {
            walk(cx, root, path, depth - 1)?;
        }
    }
    Ok(())
}

fn show_entry(cx: &mut Cx<'_>, root: &str, path: &str, is_dir: bool) -> R<()> {
    if cx.flag("Directory") && !is_dir || cx.flag("File") && is_dir {
        return Ok(());
    }
    let name = leaf(path);
    if let Some(filter) = cx.text("Filter") {
        // The file system's own filter: `a.log.*` also matches `a.log`.
        let plain = filter.strip_suffix(".*").is_some_and(|f| Wildcard::new(f, false).matches(name));
        if !(Wildcard::new(&filter, false).matches(name) || plain || filter == "*.*") {
            return Ok(());
        }
    }
    let any = |list: &[String]| list.iter().any(|p| Wildcard::new(p, false).matches(name));
    let (include, exclude) = (cx.strings("Include"), cx.strings("Exclude"));
    if !include.is_empty() && !any(&include) || any(&exclude) {
        return Ok(());
    }
    if cx.flag("Name") {
        let relative = path.strip_prefix(root).unwrap_or(path).trim_start_matches('/').to_owned();
        return cx.put(Value::from(relative));
    }
    let value = file_value(cx.it, path, is_dir, None);
    cx.put(value)
}

fn list_drive(cx: &mut Cx<'_>, drive: Drive, name: &str) -> R<()> {
    let pattern = if name.is_empty() { "*" } else { name };
    let wild = Wildcard::new(pattern, drive == Drive::Env);
    let mut any = false;
    for own in cx.it.drive_names(drive) {
        if wild.matches(&own) {
            any = true;
            let value = drive_value(cx.it, drive, &own);
            cx.put(value)?;
        }
    }
    if !any && !Wildcard::has(pattern) {
        return cx.error(path_not_found(&format!("{}:{name}", drive.name().to_lowercase())));
    }
    Ok(())
}

fn get_item(cx: &mut Cx<'_>) -> R<()> {
    let paths = given(cx);
    for path in &paths {
        let place = cx.it.place(path);
        let Some(Place::Item(drive, name)) = cx.report(place)? else { continue };
        if name.is_empty() || Wildcard::has(&name) {
            list_drive(cx, drive, &name)?;
        } else if cx.it.drive_item(drive, &name).is_some() {
            let value = drive_value(cx.it, drive, &name);
            cx.put(value)?;
        } else {
            cx.error(path_not_found(&format!("{}:{name}", drive.name().to_lowercase())))?;
        }
    }
    for (path, is_dir) in existing(cx)? {
        let value = file_value(cx.it, &path, is_dir, None);
        cx.put(value)?;
    }
    Ok(())
}
