//! Files, directories and the items of drives.

use std::io;

use super::{Cmdlet, CmdletInfo, Cx, Each};
use crate::eval::Interp;
use crate::eval::error::{Category, Fault, R};
use crate::eval::operators::Wildcard;
use crate::provider::{Drive, Place, normalize};
use crate::types::net::file_value;
use crate::value::{Value, text};

const PATHS: &str = "Path: string[] @0 pipe byname set=Path | LiteralPath: string[] byname alias=PSPath,LP set=LiteralPath mandatory";

pub const CMDLETS: &[CmdletInfo] = &[
    CmdletInfo {
        name: "Get-ChildItem",
        class: "GetChildItemCommand",
        params: "Path: string[] @0 pipe byname set=Items | LiteralPath: string[] byname alias=PSPath,LP set=LiteralItems mandatory | Filter: string @1 | Include: string[] | Exclude: string[] | Recurse: switch alias=s | Depth: int | Force: switch | Name: switch | Directory: switch alias=ad,d | File: switch alias=af | Hidden: switch | ReadOnly: switch | System: switch | FollowSymlink: switch | Attributes: string",
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
        params: "Path: string[] @0 pipe byname mandatory set=Path | LiteralPath: string[] byname alias=PSPath,LP set=LiteralPath mandatory | Destination: string @1 byname | Container: switch | Filter: string | Include: string[] | Exclude: string[] | Recurse: switch | Force: switch | PassThru: switch",
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
        params: "Path: string[] @0 pipe byname mandatory null empty set=Path | LiteralPath: string[] byname alias=PSPath,LP set=LiteralPath mandatory null empty | PathType: string alias=Type | IsValid: switch | NewerThan: datetime | OlderThan: datetime | Filter: string | Include: string[] | Exclude: string[]",
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
        params: "PSProvider: string[] | PSDrive: string[] | Stack: switch",
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
        params: "Path: string @0 pipe byname set=Path | LiteralPath: string byname alias=PSPath,LP set=LiteralPath mandatory | PassThru: switch | StackName: string",
        default_set: "Path",
        make: || Box::new(Each(|cx| set_location(cx, true))),
    },
    CmdletInfo {
        name: "Pop-Location",
        class: "PopLocationCommand",
        params: "PassThru: switch | StackName: string",
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
        params: "Name: string[] @0 | PSProvider: string[] | Scope: string",
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
                            "System.Management.Automation.PSDriveInfo",
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

pub const CONTENT: &[CmdletInfo] = &[
    CmdletInfo {
        name: "Get-Content",
        class: "GetContentCommand",
        params: "Path: string[] @0 pipe byname mandatory set=Path | LiteralPath: string[] byname alias=PSPath,LP set=LiteralPath mandatory | ReadCount: long | TotalCount: long alias=First,Head | Tail: int alias=Last | Filter: string | Include: string[] | Exclude: string[] | Force: switch | Delimiter: string | Wait: switch | Raw: switch | Encoding: string | AsByteStream: switch | Stream: string",
        default_set: "Path",
        make: || Box::new(Each(get_content)),
    },
    CmdletInfo {
        name: "Set-Content",
        class: "SetContentCommand",
        params: "Path: string[] @0 byname mandatory set=Path | LiteralPath: string[] byname alias=PSPath,LP set=LiteralPath mandatory | Value: object[] @1 pipe byname mandatory null empty | PassThru: switch | Filter: string | Force: switch | NoNewline: switch | Encoding: string | AsByteStream: switch",
        default_set: "Path",
        make: || Box::new(Write { append: false, values: Vec::new() }),
    },
    CmdletInfo {
        name: "Add-Content",
        class: "AddContentCommand",
        params: "Path: string[] @0 byname mandatory set=Path | LiteralPath: string[] byname alias=PSPath,LP set=LiteralPath mandatory | Value: object[] @1 pipe byname mandatory null empty | PassThru: switch | Filter: string | Force: switch | NoNewline: switch | Encoding: string | AsByteStream: switch",
        default_set: "Path",
        make: || Box::new(Write { append: true, values: Vec::new() }),
    },
    CmdletInfo {
        name: "Clear-Content",
        class: "ClearContentCommand",
        params: PATHS,
        default_set: "Path",
        make: || {
            Box::new(Each(|cx| {
                for (path, _) in existing(cx)? {
                    if let Err(why) = cx.it.host.write(&path, &[], false) {
                        let fault = cx.it.io_fault(&path, &why, "");
                        cx.error(fault)?;
                    }
                }
                Ok(())
            }))
        },
    },
    CmdletInfo {
        name: "Out-File",
        class: "OutFileCommand",
        params: "FilePath: string @0 alias=Path set=ByPath mandatory | LiteralPath: string byname alias=PSPath,LP set=ByLiteralPath mandatory | Encoding: string @1 | Append: switch | Force: switch | NoClobber: switch alias=NoOverwrite | Width: int | NoNewline: switch | InputObject: object pipe null",
        default_set: "ByPath",
        make: || Box::new(OutFile::default()),
    },
];

/// The item that is not there.
pub fn path_not_found(path: &str) -> Fault {
    let message = format!("Cannot find path '{path}' because it does not exist.");
    Fault::new("ItemNotFoundException", "PathNotFound", Category::ObjectNotFound, message).of(path)
}

/// The paths that a cmdlet was given.
fn given(cx: &mut Cx<'_>) -> Vec<String> {
    let mut paths = cx.strings("Path");
    paths.extend(cx.strings("LiteralPath"));
    paths.iter().map(|p| strip(p)).collect()
}

fn strip(path: &str) -> String {
    path.strip_prefix("Microsoft.PowerShell.Core\\FileSystem::").unwrap_or(path).to_owned()
}

pub fn join(dir: &str, name: &str) -> String {
    format!("{}/{name}", dir.trim_end_matches('/'))
}

pub fn leaf(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

pub fn parent(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) | None => "/",
        Some((dir, _)) => dir,
    }
}

fn sorted_names(it: &mut Interp, dir: &str) -> io::Result<Vec<String>> {
    let mut names = it.host.list(dir)?;
    names.sort_by(|a, b| crate::eval::compare::text_order(a, b, true));
    Ok(names)
}

/// The paths that a pattern names, sorted.
pub fn glob(it: &mut Interp, path: &str) -> Vec<String> {
    let full = it.full_path(path);
    let mut found = vec!["/".to_owned()];
    for part in full.split('/').filter(|p| !p.is_empty()) {
        let mut next = Vec::new();
        for dir in &found {
            if Wildcard::has(part) {
                let pattern = Wildcard::new(part, false);
                for name in sorted_names(it, dir).unwrap_or_default() {
                    let hidden = name.starts_with('.') && !part.starts_with('.');
                    if pattern.matches(&name) && !hidden {
                        next.push(join(dir, &name));
                    }
                }
            } else {
                next.push(join(dir, &part.replace('`', "")));
            }
        }
        found = next;
    }
    found.retain(|path| it.host.metadata(path).is_some());
    found
}

/// The files that the paths of a cmdlet name; those that are not there are reported.
pub fn existing(cx: &mut Cx<'_>) -> R<Vec<(String, bool)>> {
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
                // A pattern at the end looks below, as `-Recurse *.txt` does.
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
        // What came before may have removed it.
        Err(why) if why.kind() == io::ErrorKind::NotFound && dir != root => return Ok(()),
        Err(why) => {
            let fault = cx.it.io_fault(dir, &why, "");
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
        // The file system's own filter: `a.log.*` names `a.log` too.
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

/// An item of a drive, as `Get-Item env:X` gives it.
pub fn drive_value(it: &mut Interp, drive: Drive, name: &str) -> Value {
    let value = it.drive_item(drive, name).unwrap_or_default();
    match drive {
        Drive::Env => Value::net(crate::types::net::Net::Entry(Value::from(name), value)),
        Drive::Function => match it.find_command(name) {
            Some(resolved) => Value::net(crate::types::net::Net::Command(resolved)),
            None => Value::Null,
        },
        Drive::Variable => Value::record(
            "System.Management.Automation.PSVariable",
            vec![
                ("Name", Value::from(name)),
                ("Value", value),
                ("Description", Value::from("")),
                ("Options", Value::from("None")),
            ],
        ),
        Drive::Alias => Value::record(
            "System.Management.Automation.AliasInfo",
            vec![("Name", Value::from(name)), ("CommandType", Value::from("Alias")), ("Definition", value)],
        ),
    }
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

pub fn create_dirs(it: &mut Interp, path: &str) -> io::Result<()> {
    if let Some(meta) = it.host.metadata(path) {
        return if meta.is_dir { Ok(()) } else { Err(io::ErrorKind::AlreadyExists.into()) };
    }
    if path != "/" {
        create_dirs(it, &parent(path).to_owned())?;
    }
    it.host.create_dir(path)
}

pub fn remove_tree(it: &mut Interp, path: &str) -> io::Result<()> {
    let Some(meta) = it.host.metadata(path) else { return Err(io::ErrorKind::NotFound.into()) };
    if !meta.is_dir || meta.is_link {
        return it.host.remove_file(path);
    }
    for name in it.host.list(path)? {
        remove_tree(it, &join(path, &name))?;
    }
    it.host.remove_dir(path)
}

fn new_item(cx: &mut Cx<'_>) -> R<()> {
    let mut paths = cx.strings("Path");
    if let Some(name) = cx.text("Name") {
        paths = if paths.is_empty() {
            vec![name]
        } else {
            paths
                .iter()
                .map(|p| if p.ends_with(':') { format!("{p}{name}") } else { join(p, &name) })
                .collect()
        };
    }
    let kind = cx
        .text("ItemType")
        .unwrap_or_else(|| if cx.info.name == "mkdir" { "directory".into() } else { "file".into() })
        .to_lowercase();
    let force = cx.flag("Force") || cx.info.name == "mkdir" && false;
    for path in paths {
        let place = cx.it.place(&path);
        let Some(place) = cx.report(place)? else { continue };
        let full = match place {
            Place::Item(drive, name) => {
                let value = cx.get("Value").unwrap_or_default();
                cx.it.set_drive_item(drive, &name, value)?;
                let value = drive_value(cx.it, drive, &name);
                cx.put(value)?;
                continue;
            }
            Place::File(full) => full,
        };
        let is_dir = kind.starts_with("dir") || kind == "container";
        let meta = cx.it.host.metadata(&full);
        if let Some(meta) = &meta
            && (!force || meta.is_dir != is_dir)
        {
            let message = if is_dir || meta.is_dir {
                format!("An item with the specified name {full} already exists.")
            } else {
                format!("The file '{full}' already exists.")
            };
            let id = if is_dir || meta.is_dir { "DirectoryExist" } else { "NewItemIOError" };
            let category =
                if is_dir || meta.is_dir { Category::ResourceExists } else { Category::WriteError };
            cx.error(Fault::new("System.IO.IOException", id, category, message).of(full))?;
            continue;
        }
        if !cx
            .should(if is_dir { "Create Directory" } else { "Create File" }, &format!("Destination: {full}"))
        {
            continue;
        }
        let result = if is_dir {
            create_dirs(cx.it, &full)
        } else {
            let up = parent(&full).to_owned();
            let made = if force { create_dirs(cx.it, &up) } else { Ok(()) };
            let body = cx.text("Value").unwrap_or_default();
            made.and_then(|()| cx.it.host.write(&full, body.as_bytes(), false))
        };
        if let Err(why) = result {
            if why.kind() == io::ErrorKind::NotFound {
                let message = format!("Could not find a part of the path '{full}'.");
                cx.error(
                    Fault::new(
                        "System.IO.DirectoryNotFoundException",
                        "NewItemIOError",
                        Category::WriteError,
                        message,
                    )
                    .of(full),
                )?;
            } else {
                let fault = cx.it.io_fault(&full, &why, "");
                cx.error(Fault {
                    id: if matches!(
                        why.kind(),
                        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
                    ) {
                        "NewItemUnauthorizedAccessError".into()
                    } else {
                        "NewItemIOError".into()
                    },
                    ..fault
                })?;
            }
            continue;
        }
        let value = file_value(cx.it, &full, is_dir, None);
        cx.put(value)?;
    }
    Ok(())
}

fn remove_item(cx: &mut Cx<'_>) -> R<()> {
    for path in given(cx) {
        let place = cx.it.place(&path);
        let Some(Place::Item(drive, name)) = cx.report(place)? else { continue };
        if Wildcard::has(&name) {
            let pattern = Wildcard::new(&name, false);
            for own in cx.it.drive_names(drive).into_iter().filter(|n| pattern.matches(n)) {
                cx.it.remove_drive_item(drive, &own);
            }
        } else if !cx.it.remove_drive_item(drive, &name) {
            cx.error(path_not_found(&format!("{}:{name}", drive.name().to_lowercase())))?;
        }
    }
    for (path, is_dir) in existing(cx)? {
        if !cx.should(if is_dir { "Remove Directory" } else { "Remove File" }, &path) {
            continue;
        }
        let full = is_dir && cx.it.host.list(&path).is_ok_and(|names| !names.is_empty());
        if full && !cx.flag("Recurse") {
            // Nobody is there to be asked.
            let message = format!(
                "The item at {path} has children and the Recurse parameter was not specified. Windows PowerShell is in NonInteractive mode. Read and Prompt functionality is not available."
            );
            return cx.fail(Fault::new(
                "PSInvalidOperationException",
                "InvalidOperation",
                Category::InvalidOperation,
                message,
            ));
        }
        if let Err(why) = remove_tree(cx.it, &path) {
            let fault = cx.it.io_fault(&path, &why, "");
            cx.error(Fault { id: "RemoveFileSystemItemUnAuthorizedAccess".into(), ..fault })?;
        }
    }
    Ok(())
}

fn copy_tree(it: &mut Interp, from: &str, to: &str) -> io::Result<()> {
    if it.host.metadata(from).is_some_and(|m| m.is_dir) {
        create_dirs(it, to)?;
        for name in it.host.list(from)? {
            copy_tree(it, &join(from, &name), &join(to, &name))?;
        }
        return Ok(());
    }
    let bytes = it.host.read(from)?;
    it.host.write(to, &bytes, false)
}

fn transfer(cx: &mut Cx<'_>, moves: bool) -> R<()> {
    let destination = cx.text("Destination").unwrap_or_else(|| ".".into());
    let target = match cx.it.place(&destination)? {
        Place::File(full) => full,
        Place::Item(..) => return Ok(()),
    };
    for (path, is_dir) in existing(cx)? {
        let into = cx.it.host.metadata(&target).is_some_and(|m| m.is_dir);
        let to = if into { join(&target, leaf(&path)) } else { target.clone() };
        if !cx
            .should(if moves { "Move File" } else { "Copy File" }, &format!("Item: {path} Destination: {to}"))
        {
            continue;
        }
        if is_dir && !moves && !cx.flag("Recurse") {
            if let Err(why) = create_dirs(cx.it, &to) {
                let fault = cx.it.io_fault(&to, &why, "");
                cx.error(fault)?;
            }
            continue;
        }
        if moves && cx.it.host.metadata(&to).is_some() && !cx.flag("Force") {
            let message = "Cannot create a file when that file already exists.";
            cx.error(
                Fault::new(
                    "System.IO.IOException",
                    if is_dir { "MoveDirectoryItemIOError" } else { "MoveFileInfoItemIOError" },
                    Category::WriteError,
                    message,
                )
                .of(path.as_str()),
            )?;
            continue;
        }
        if path == to {
            let message = format!("Cannot overwrite the item {path} with itself.");
            cx.error(
                Fault::new("System.IO.IOException", "CopyError", Category::WriteError, message)
                    .of(path.as_str()),
            )?;
            continue;
        }
        let result = if moves {
            if cx.it.is_file(&to) {
                let _ = cx.it.host.remove_file(&to);
            }
            cx.it
                .host
                .rename(&path, &to)
                .or_else(|_| copy_tree(cx.it, &path, &to).and_then(|()| remove_tree(cx.it, &path)))
        } else {
            copy_tree(cx.it, &path, &to)
        };
        if let Err(why) = result {
            if why.kind() == io::ErrorKind::NotFound {
                let message = format!("Could not find a part of the path '{to}'.");
                let id =
                    if moves { "MoveFileInfoItemIOError" } else { "System.IO.DirectoryNotFoundException" };
                cx.error(
                    Fault::new(
                        "System.IO.DirectoryNotFoundException",
                        id,
                        if moves { Category::WriteError } else { Category::NotSpecified },
                        message,
                    )
                    .of(path),
                )?;
            } else {
                let fault = cx.it.io_fault(&to, &why, "");
                cx.error(fault)?;
            }
            continue;
        }
        if cx.flag("PassThru") {
            let value = file_value(cx.it, &to, is_dir, None);
            cx.put(value)?;
        }
    }
    Ok(())
}

fn rename_item(cx: &mut Cx<'_>) -> R<()> {
    let name = match cx.get("NewName") {
        Some(block) if matches!(block.base(), Value::Block(_)) => {
            let item = cx.input.clone().unwrap_or_default();
            let value = super::core::computed(cx.it, &item, &block)?;
            cx.it.to_text(&value)
        }
        Some(value) => cx.it.to_text(&value),
        None => return Ok(()),
    };
    for (path, is_dir) in existing(cx)? {
        let to = join(parent(&path), leaf(&name));
        if !cx.should("Rename File", &format!("Item: {path} Destination: {to}")) {
            continue;
        }
        if cx.it.host.metadata(&to).is_some() && !cx.flag("Force") {
            cx.error(
                Fault::new(
                    "System.IO.IOException",
                    "RenameItemIOError",
                    Category::WriteError,
                    "Cannot create a file when that file already exists.",
                )
                .of(path.as_str()),
            )?;
            continue;
        }
        if let Err(why) = cx.it.host.rename(&path, &to) {
            let fault = cx.it.io_fault(&path, &why, "");
            cx.error(Fault { id: "RenameItemIOError".into(), ..fault })?;
        } else if cx.flag("PassThru") {
            let value = file_value(cx.it, &to, is_dir, None);
            cx.put(value)?;
        }
    }
    Ok(())
}

fn test_path(cx: &mut Cx<'_>) -> R<()> {
    let literal = cx.has("LiteralPath");
    let paths = given(cx);
    if paths.is_empty() {
        return cx.put(Value::Bool(false));
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

fn join_path(cx: &mut Cx<'_>) -> R<()> {
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

fn split_path(cx: &mut Cx<'_>) -> R<()> {
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
                        "System.FormatException",
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

/// A path relative to a directory.
pub fn relative(from: &str, to: &str) -> String {
    let (a, b): (Vec<&str>, Vec<&str>) = (
        from.split('/').filter(|p| !p.is_empty()).collect(),
        to.split('/').filter(|p| !p.is_empty()).collect(),
    );
    let common = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let mut parts: Vec<&str> = vec![".."; a.len() - common];
    parts.extend(b.get(common..).unwrap_or_default());
    if a.len() == common { format!("./{}", parts.join("/")) } else { parts.join("/") }
}

fn resolve_path(cx: &mut Cx<'_>) -> R<()> {
    let here = cx.it.location.current.clone();
    for (path, _) in existing(cx)? {
        if cx.flag("Relative") {
            cx.put(Value::from(relative(&here, &path)))?;
            continue;
        }
        let provider = Value::record(
            "System.Management.Automation.ProviderInfo",
            vec![("Name", Value::from("FileSystem"))],
        );
        cx.put(Value::record(
            "System.Management.Automation.PathInfo",
            vec![
                ("Path", Value::from(path.as_str())),
                ("Provider", provider),
                ("ProviderPath", Value::from(path.as_str())),
            ],
        ))?;
    }
    Ok(())
}

fn set_location(cx: &mut Cx<'_>, push: bool) -> R<()> {
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

fn item_property(cx: &mut Cx<'_>, only_value: bool) -> R<()> {
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

fn get_content(cx: &mut Cx<'_>) -> R<()> {
    for path in given(cx) {
        let place = cx.it.place(&path);
        let Some(Place::Item(drive, name)) = cx.report(place)? else { continue };
        match cx.it.drive_item(drive, &name) {
            Some(value) => cx.put(value)?,
            None => cx.error(path_not_found(&format!("{}:{name}", drive.name().to_lowercase())))?,
        }
    }
    let encoding = match cx.text("Encoding") {
        Some(name) => super::encoding::named(&name).unwrap_or(""),
        None => "",
    };
    for (path, is_dir) in existing(cx)? {
        if is_dir {
            let message = format!("Access to the path '{path}' is denied.");
            cx.error(
                Fault::new(
                    "System.UnauthorizedAccessException",
                    "GetContentReaderUnauthorizedAccessError",
                    Category::PermissionDenied,
                    message,
                )
                .of(path),
            )?;
            continue;
        }
        let bytes = match cx.it.host.read(&path) {
            Ok(bytes) => bytes,
            Err(why) => {
                let fault = cx.it.io_fault(&path, &why, "");
                cx.error(Fault { id: "GetContentReaderUnauthorizedAccessError".into(), ..fault })?;
                continue;
            }
        };
        if cx.flag("AsByteStream") {
            let value = Value::bytes(&bytes);
            if cx.flag("Raw") {
                cx.put(value)?
            } else {
                cx.emit(value)?
            }
            continue;
        }
        let body = super::encoding::decode(&bytes, encoding);
        if cx.flag("Raw") {
            let value = Value::from(body);
            cx.put(value)?;
            continue;
        }
        put_lines(cx, &path, &body)?;
    }
    Ok(())
}

/// A line with the notes that `Get-Content` adds; they cost, so only what a script asks for is kept.
fn noted(wanted: bool, path: &str, count: usize, value: Value) -> Value {
    if !wanted {
        return value;
    }
    let ext = crate::value::Ext::new(value, None);
    for (name, note) in [
        ("PSPath", Value::from(path)),
        ("PSParentPath", Value::from(parent(path))),
        ("PSChildName", Value::from(leaf(path))),
        ("ReadCount", Value::Long(count as i64)),
    ] {
        ext.set(crate::value::Member { name: name.into(), kind: crate::value::MemberKind::Note(note) });
    }
    Value::Ext(std::rc::Rc::new(ext))
}

fn put_lines(cx: &mut Cx<'_>, path: &str, body: &str) -> R<()> {
    let delimiter = cx.text("Delimiter");
    let mut lines: Vec<&str> = match &delimiter {
        None => body.split('\n').map(|l| l.strip_suffix('\r').unwrap_or(l)).collect(),
        Some(d) => body.split(d.as_str()).collect(),
    };
    if lines.last().is_some_and(|l| l.is_empty()) {
        lines.pop();
    }
    if let Some(total) = cx.integer("TotalCount") {
        lines.truncate(total.max(0) as usize);
    }
    if let Some(tail) = cx.integer("Tail") {
        let from = lines.len().saturating_sub(tail.max(0) as usize);
        lines.drain(..from);
    }
    let wanted = cx.it.notes;
    match cx.integer("ReadCount") {
        Some(0) => {
            let all = lines.into_iter().map(Value::from).collect();
            cx.put(Value::array(all))
        }
        Some(count) if count > 1 => lines
            .chunks(count as usize)
            .try_for_each(|chunk| cx.put(Value::array(chunk.iter().map(|l| Value::from(*l)).collect()))),
        _ => lines.into_iter().enumerate().try_for_each(|(i, line)| {
            let value = noted(wanted, path, i + 1, Value::from(line));
            cx.put(value)
        }),
    }
}

struct Write {
    append: bool,
    values: Vec<Value>,
}

impl Cmdlet for Write {
    fn process(&mut self, cx: &mut Cx<'_>) -> R<()> {
        self.values.extend(cx.values("Value"));
        Ok(())
    }

    fn end(&mut self, cx: &mut Cx<'_>) -> R<()> {
        let encoding = cx.text("Encoding").and_then(|e| super::encoding::named(&e)).unwrap_or("utf-8");
        let bytes = if cx.flag("AsByteStream") {
            self.values.iter().map(|v| v.as_integer().unwrap_or(0) as u8).collect()
        } else {
            let end = if cx.flag("NoNewline") { "" } else { "\n" };
            let mut body = String::new();
            for value in &self.values {
                body.push_str(&cx.it.to_text(value));
                body.push_str(end);
            }
            super::encoding::encode(&body, encoding, !self.append)
        };
        let literal = cx.has("LiteralPath");
        for path in given(cx) {
            let place = cx.it.place(&path);
            let Some(place) = cx.report(place)? else { continue };
            let full = match place {
                Place::Item(drive, name) => {
                    let value = if self.values.len() == 1 {
                        self.values.first().cloned().unwrap_or_default()
                    } else {
                        Value::array(self.values.clone())
                    };
                    cx.it.set_drive_item(drive, &name, value)?;
                    continue;
                }
                Place::File(full) => full,
            };
            let targets = if !literal && Wildcard::has(&path) { glob(cx.it, &path) } else { vec![full] };
            for target in targets {
                if !cx.should("Set Content", &format!("Path: {target}")) {
                    continue;
                }
                if let Err(why) = cx.it.host.write(&target, &bytes, self.append) {
                    write_failed(cx, &target, &why)?;
                }
            }
        }
        if cx.flag("PassThru") {
            for value in std::mem::take(&mut self.values) {
                cx.put(value)?;
            }
        }
        Ok(())
    }
}

fn write_failed(cx: &mut Cx<'_>, path: &str, why: &io::Error) -> R<()> {
    if why.kind() == io::ErrorKind::NotFound {
        let message = format!("Could not find a part of the path '{path}'.");
        return cx.error(
            Fault::new(
                "System.IO.DirectoryNotFoundException",
                "GetContentWriterDirectoryNotFoundError",
                Category::ObjectNotFound,
                message,
            )
            .of(path),
        );
    }
    let fault = cx.it.io_fault(path, why, "");
    cx.error(Fault { id: "GetContentWriterUnauthorizedAccessError".into(), ..fault })
}

#[derive(Default)]
struct OutFile {
    items: Vec<Value>,
}

impl Cmdlet for OutFile {
    fn begin(&mut self, cx: &mut Cx<'_>) -> R<()> {
        let path = cx.text("FilePath").or_else(|| cx.text("LiteralPath")).unwrap_or_default();
        if cx.flag("NoClobber") && !cx.flag("Append") && cx.it.is_file(&path) {
            let full = cx.it.full_path(&path);
            let message = format!("The file '{full}' already exists.");
            return cx.fail(
                Fault::new("System.IO.IOException", "NoClobber", Category::ResourceExists, message).of(full),
            );
        }
        Ok(())
    }

    fn process(&mut self, cx: &mut Cx<'_>) -> R<()> {
        if let Some(item) = cx.input.clone().or_else(|| cx.get("InputObject")) {
            self.items.push(item);
        }
        Ok(())
    }

    fn end(&mut self, cx: &mut Cx<'_>) -> R<()> {
        let path = cx.text("FilePath").or_else(|| cx.text("LiteralPath")).unwrap_or_default();
        let items = std::mem::take(&mut self.items);
        let body = if cx.flag("NoNewline") {
            items.iter().map(text).collect::<String>()
        } else {
            crate::format::to_text_width(cx.it, items, cx.integer("Width").map(|w| w.max(1) as usize))?
        };
        let encoding = cx.text("Encoding").and_then(|e| super::encoding::named(&e)).unwrap_or("utf-8");
        let append = cx.flag("Append");
        let bytes = super::encoding::encode(&body, encoding, !append);
        let full = match cx.it.place(&path)? {
            Place::File(full) => full,
            Place::Item(drive, name) => return cx.it.set_drive_item(drive, &name, Value::from(body)),
        };
        if let Err(why) = cx.it.host.write(&full, &bytes, append) {
            let message = if why.kind() == io::ErrorKind::NotFound {
                format!("Could not find a part of the path '{full}'.")
            } else {
                format!("Access to the path '{full}' is denied.")
            };
            let kind = if why.kind() == io::ErrorKind::NotFound {
                "System.IO.DirectoryNotFoundException"
            } else {
                "System.UnauthorizedAccessException"
            };
            return cx.fail(Fault::new(kind, "FileOpenFailure", Category::OpenError, message));
        }
        Ok(())
    }
}
