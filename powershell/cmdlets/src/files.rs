//! Creating, removing, copying and moving items.

use ps_value::types::NetType;
use std::io;

use super::Cx;
use super::given::{drive_value, existing, given};
use ps_runtime::eval::Interp;
use ps_runtime::eval::operators::Wildcard;
use ps_runtime::paths::{create_dirs, join, leaf, parent, path_not_found, remove_tree};
use ps_runtime::provider::Place;
use ps_runtime::types::net::file_value;
use ps_value::Value;
use ps_value::error::{Category, Fault, R};

pub(super) fn new_item(cx: &mut Cx<'_>) -> R<()> {
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
    let is_dir = kind.starts_with("dir") || kind == "container";
    for path in paths {
        let place = cx.it.place(&path);
        match cx.report(place)? {
            None => {}
            Some(Place::Item(drive, name)) => {
                let value = cx.get("Value").unwrap_or_default();
                cx.it.set_drive_item(drive, &name, value)?;
                let value = drive_value(cx.it, drive, &name);
                cx.put(value)?;
            }
            Some(Place::File(full)) => new_file(cx, full, is_dir)?,
        }
    }
    Ok(())
}

/// Creates a file or a directory.
fn new_file(cx: &mut Cx<'_>, full: String, is_dir: bool) -> R<()> {
    let force = cx.flag("Force");
    if let Some(meta) = cx.it.host.metadata(&full)
        && (!force || meta.is_dir != is_dir)
    {
        return cx.error(exists(full, is_dir || meta.is_dir));
    }
    let action = if is_dir { "Create Directory" } else { "Create File" };
    if !cx.should(action, &format!("Destination: {full}")) {
        return Ok(());
    }
    let result = if is_dir {
        create_dirs(cx.it, &full)
    } else {
        let up = parent(&full).to_owned();
        let made = if force { create_dirs(cx.it, &up) } else { Ok(()) };
        let body = cx.text("Value").unwrap_or_default();
        made.and_then(|()| cx.it.host.write(&full, body.as_bytes(), false))
    };
    match result {
        Ok(()) => {
            let value = file_value(cx.it, &full, is_dir, None);
            cx.put(value)
        }
        Err(why) => {
            let fault = not_created(cx.it, full, &why);
            cx.error(fault)
        }
    }
}

/// Returns the error about an item that exists.
fn exists(full: String, is_dir: bool) -> Fault {
    let (id, category, message) = if is_dir {
        let message = format!("An item with the specified name {full} already exists.");
        ("DirectoryExist", Category::ResourceExists, message)
    } else {
        ("NewItemIOError", Category::WriteError, format!("The file '{full}' already exists."))
    };
    Fault::new(NetType::IOException, id, category, message).of(full)
}

/// Returns the error about an item that cannot be created.
fn not_created(it: &mut Interp, full: String, why: &io::Error) -> Fault {
    if why.kind() == io::ErrorKind::NotFound {
        let message = format!("Could not find a part of the path '{full}'.");
        let kind = NetType::DirectoryNotFoundException;
        return Fault::new(kind, "NewItemIOError", Category::WriteError, message).of(full);
    }
    let denied = matches!(why.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem);
    let id = if denied { "NewItemUnauthorizedAccessError" } else { "NewItemIOError" };
    Fault { id: id.into(), ..it.io_fault(&full, why) }
}

pub(super) fn remove_item(cx: &mut Cx<'_>) -> R<()> {
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
            // The script runs without a user who could answer.
            let message = format!(
                "The item at {path} has children and the Recurse parameter was not specified. Windows PowerShell is in NonInteractive mode. Read and Prompt functionality is not available."
            );
            return cx.fail(Fault::new(
                NetType::PSInvalidOperationException,
                "InvalidOperation",
                Category::InvalidOperation,
                message,
            ));
        }
        if let Err(why) = remove_tree(cx.it, &path) {
            let fault = cx.it.io_fault(&path, &why);
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

pub(super) fn transfer(cx: &mut Cx<'_>, moves: bool) -> R<()> {
    let destination = cx.text("Destination").unwrap_or_else(|| ".".into());
    let target = match cx.it.place(&destination)? {
        Place::File(full) => full,
        Place::Item(..) => return Ok(()),
    };
    for (path, is_dir) in existing(cx)? {
        let into = cx.it.host.metadata(&target).is_some_and(|m| m.is_dir);
        let to = if into { join(&target, leaf(&path)) } else { target.clone() };
        let action = if moves { "Move File" } else { "Copy File" };
        if !cx.should(action, &format!("Item: {path} Destination: {to}")) {
            continue;
        }
        if is_dir && !moves && !cx.flag("Recurse") {
            if let Err(why) = create_dirs(cx.it, &to) {
                let fault = cx.it.io_fault(&to, &why);
                cx.error(fault)?;
            }
            continue;
        }
        if let Some(fault) = no_transfer(cx, &path, is_dir, &to, moves) {
            cx.error(fault)?;
            continue;
        }
        let result = if moves { move_item(cx.it, &path, &to) } else { copy_tree(cx.it, &path, &to) };
        match result {
            Err(why) => {
                let fault = not_transferred(cx.it, path, &to, moves, &why);
                cx.error(fault)?;
            }
            Ok(()) if cx.flag("PassThru") => {
                let value = file_value(cx.it, &to, is_dir, None);
                cx.put(value)?;
            }
            Ok(()) => {}
        }
    }
    Ok(())
}

/// Returns the error about an item that cannot be at its destination.
fn no_transfer(cx: &mut Cx<'_>, path: &str, is_dir: bool, to: &str, moves: bool) -> Option<Fault> {
    let (id, message) = if moves && cx.it.host.metadata(to).is_some() && !cx.flag("Force") {
        let id = if is_dir { "MoveDirectoryItemIOError" } else { "MoveFileInfoItemIOError" };
        (id, "Cannot create a file when that file already exists.".to_owned())
    } else if is_dir && to.strip_prefix(path).is_some_and(|rest| rest.starts_with('/')) {
        let id = if moves { "MoveDirectoryItemIOError" } else { "CopyDirectoryInfoItemIOError" };
        (id, format!("Destination path cannot be a subdirectory of the source: {to}."))
    } else if path == to {
        ("CopyError", format!("Cannot overwrite the item {path} with itself."))
    } else {
        return None;
    };
    Some(Fault::new(NetType::IOException, id, Category::WriteError, message).of(path))
}

fn move_item(it: &mut Interp, path: &str, to: &str) -> io::Result<()> {
    if it.is_file(to) {
        let _ = it.host.remove_file(to);
    }
    it.host.rename(path, to).or_else(|_| copy_tree(it, path, to).and_then(|()| remove_tree(it, path)))
}

/// Returns the error about an item that was not copied or moved.
fn not_transferred(it: &mut Interp, path: String, to: &str, moves: bool, why: &io::Error) -> Fault {
    if why.kind() != io::ErrorKind::NotFound {
        return it.io_fault(to, why);
    }
    let message = format!("Could not find a part of the path '{to}'.");
    let kind = NetType::DirectoryNotFoundException;
    let (id, category) = match moves {
        true => ("MoveFileInfoItemIOError", Category::WriteError),
        false => (kind.name(), Category::NotSpecified),
    };
    Fault::new(kind, id, category, message).of(path)
}

pub(super) fn rename_item(cx: &mut Cx<'_>) -> R<()> {
    let name = match cx.get("NewName") {
        Some(block) if matches!(block.base(), Value::Block(_)) => {
            let item = cx.input.clone().unwrap_or_default();
            let value = ps_runtime::eval::computed(cx.it, &item, &block)?;
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
                    NetType::IOException,
                    "RenameItemIOError",
                    Category::WriteError,
                    "Cannot create a file when that file already exists.",
                )
                .of(path.as_str()),
            )?;
            continue;
        }
        if let Err(why) = cx.it.host.rename(&path, &to) {
            let fault = cx.it.io_fault(&path, &why);
            cx.error(Fault { id: "RenameItemIOError".into(), ..fault })?;
        } else if cx.flag("PassThru") {
            let value = file_value(cx.it, &to, is_dir, None);
            cx.put(value)?;
        }
    }
    Ok(())
}
