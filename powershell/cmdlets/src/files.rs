//! Creating, removing, copying and moving items.

use ps_value::types::NetType;
use std::io;

use super::Cx;
use super::items::{drive_value, existing, given};
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
    let force = cx.flag("Force");
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
            cx.error(Fault::new(NetType::IOException, id, category, message).of(full))?;
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
                        NetType::DirectoryNotFoundException,
                        "NewItemIOError",
                        Category::WriteError,
                        message,
                    )
                    .of(full),
                )?;
            } else {
                let fault = cx.it.io_fault(&full, &why);
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
        if !cx
            .should(if moves { "Move File" } else { "Copy File" }, &format!("Item: {path} Destination: {to}"))
        {
            continue;
        }
        if is_dir && !moves && !cx.flag("Recurse") {
            if let Err(why) = create_dirs(cx.it, &to) {
                let fault = cx.it.io_fault(&to, &why);
                cx.error(fault)?;
            }
            continue;
        }
        if moves && cx.it.host.metadata(&to).is_some() && !cx.flag("Force") {
            let message = "Cannot create a file when that file already exists.";
            cx.error(
                Fault::new(
                    NetType::IOException,
                    if is_dir { "MoveDirectoryItemIOError" } else { "MoveFileInfoItemIOError" },
                    Category::WriteError,
                    message,
                )
                .of(path.as_str()),
            )?;
            continue;
        }
        if is_dir && to.strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with('/')) {
            let message = format!("Destination path cannot be a subdirectory of the source: {to}.");
            let id = if moves { "MoveDirectoryItemIOError" } else { "CopyDirectoryInfoItemIOError" };
            cx.error(Fault::new(NetType::IOException, id, Category::WriteError, message).of(path.as_str()))?;
            continue;
        }
        if path == to {
            let message = format!("Cannot overwrite the item {path} with itself.");
            cx.error(
                Fault::new(NetType::IOException, "CopyError", Category::WriteError, message)
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
                let id = if moves {
                    "MoveFileInfoItemIOError"
                } else {
                    NetType::DirectoryNotFoundException.name()
                };
                cx.error(
                    Fault::new(
                        NetType::DirectoryNotFoundException,
                        id,
                        if moves { Category::WriteError } else { Category::NotSpecified },
                        message,
                    )
                    .of(path),
                )?;
            } else {
                let fault = cx.it.io_fault(&to, &why);
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
