//! `Compress-Archive` and `Expand-Archive`.
//!
//! The threat: an archive that names a file outside of the directory ("zip slip"). All names are checked
//! before anything is written.

use ps_value::types::NetType;
use std::io::{Cursor, Read, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::given::existing;
use super::{CmdletInfo, Cx, Each};
use ps_runtime::eval::Interp;
use ps_runtime::paths::{join, leaf, parent};
use ps_runtime::types::net::file_value;
use ps_value::error::{Category, Fault, R};

pub(super) const CMDLETS: &[CmdletInfo] = &[
    CmdletInfo {
        name: "Compress-Archive",
        class: "CompressArchiveCommand",
        params: "Path: string[] @0 pipe byname set=Path mandatory | LiteralPath: string[] byname alias=PSPath set=LiteralPath mandatory | DestinationPath: string @1 mandatory | CompressionLevel: string in=Optimal,NoCompression,Fastest | Update: switch | Force: switch | PassThru: switch",
        default_set: "Path",
        make: || Box::new(Compress::default()),
    },
    CmdletInfo {
        name: "Expand-Archive",
        class: "ExpandArchiveCommand",
        params: "Path: string @0 pipe byname set=Path mandatory | LiteralPath: string byname alias=PSPath set=LiteralPath mandatory | DestinationPath: string @1 | Force: switch | PassThru: switch",
        default_set: "Path",
        make: || Box::new(Each(expand)),
    },
];

#[derive(Default)]
struct Compress {
    found: Vec<(String, bool)>,
}

impl super::Cmdlet for Compress {
    fn process(&mut self, cx: &mut Cx<'_>) -> R<()> {
        self.found.extend(existing(cx)?);
        Ok(())
    }

    fn end(&mut self, cx: &mut Cx<'_>) -> R<()> {
        let mut to = cx.text("DestinationPath").unwrap_or_default();
        if !to.to_lowercase().ends_with(".zip") {
            to.push_str(".zip");
        }
        let full = cx.it.full_path(&to);
        let there = cx.it.host.metadata(&full).is_some();
        if there && !cx.flag("Force") && !cx.flag("Update") {
            let message = format!(
                "The archive file {full} already exists. Use the -Update parameter to update the existing archive file or use the -Force parameter to overwrite the existing archive file."
            );
            return cx.fail(
                Fault::new(NetType::IOException, "ArchiveFileExists", Category::InvalidArgument, message)
                    .of(full),
            );
        }
        let mut members: Vec<(String, Vec<u8>)> = Vec::new();
        if there && cx.flag("Update") {
            members = read_all(cx, &full)?;
        }
        for (path, is_dir) in std::mem::take(&mut self.found) {
            let above = parent(&path).to_owned();
            let mut files = Vec::new();
            if is_dir {
                below(cx.it, &path, &mut files)
            } else {
                files.push(path)
            }
            for file in files.into_iter().filter(|file| *file != full) {
                let name = file.strip_prefix(&above).unwrap_or(&file).trim_start_matches('/').to_owned();
                let content = match cx.it.host.read(&file) {
                    Ok(content) => content,
                    Err(why) => {
                        let fault = cx.it.io_fault(&file, &why);
                        return cx.fail(fault);
                    }
                };
                members.retain(|(own, _)| *own != name);
                members.push((name, content));
            }
        }
        let stored =
            cx.text("CompressionLevel").is_some_and(|level| level.eq_ignore_ascii_case("NoCompression"));
        let packed = match pack(&members, stored) {
            Ok(packed) => packed,
            Err(why) => return cx.fail(fault(&full, &why.to_string())),
        };
        if let Err(why) = cx.it.host.write(&full, &packed, false) {
            let fault = cx.it.io_fault(&full, &why);
            return cx.fail(fault);
        }
        if cx.flag("PassThru") {
            let value = file_value(cx.it, &full, false, None);
            cx.put(value)?;
        }
        Ok(())
    }
}

fn fault(path: &str, why: &str) -> Fault {
    Fault::new(
        NetType::InvalidDataException,
        "InvalidArchive",
        Category::InvalidData,
        format!("{path}: {why}"),
    )
    .of(path)
}

fn below(it: &mut Interp, dir: &str, files: &mut Vec<String>) {
    let mut names = it.host.list(dir).unwrap_or_default();
    names.sort();
    for name in names {
        let path = join(dir, &name);
        match it.host.metadata(&path) {
            Some(meta) if meta.is_dir && !meta.is_link => below(it, &path, files),
            Some(meta) if !meta.is_dir => files.push(path),
            _ => {}
        }
    }
}

fn pack(members: &[(String, Vec<u8>)], stored: bool) -> zip::result::ZipResult<Vec<u8>> {
    let method = if stored { CompressionMethod::Stored } else { CompressionMethod::Deflated };
    let options = SimpleFileOptions::default().compression_method(method);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        zip.start_file(name.as_str(), options)?;
        zip.write_all(content)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// Returns the files of an archive, or an error when one of its names leads out of it.
fn unpack(bytes: Vec<u8>) -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let mut members = Vec::new();
    for index in 0..archive.len() {
        let mut member = archive.by_index(index).map_err(|error| error.to_string())?;
        let name = member.name().map_err(|error| error.to_string())?.replace('\\', "/");
        if name.starts_with('/') || name.split('/').any(|part| part == "..") || name.contains(':') {
            return Err(format!("the name `{name}` leads out of the archive"));
        }
        if member.is_dir() {
            members.push((name, Vec::new()));
            continue;
        }
        let mut content = Vec::new();
        member.read_to_end(&mut content).map_err(|error| error.to_string())?;
        members.push((name, content));
    }
    Ok(members)
}

fn read_all(cx: &mut Cx<'_>, path: &str) -> R<Vec<(String, Vec<u8>)>> {
    let bytes = match cx.it.host.read(path) {
        Ok(bytes) => bytes,
        Err(why) => {
            let fault = cx.it.io_fault(path, &why);
            return cx.fail(fault);
        }
    };
    match unpack(bytes) {
        Ok(members) => Ok(members),
        Err(why) => cx.fail(fault(path, &why)),
    }
}

fn expand(cx: &mut Cx<'_>) -> R<()> {
    let path = cx.text("Path").or_else(|| cx.text("LiteralPath")).unwrap_or_default();
    let full = cx.it.full_path(&path);
    let members = read_all(cx, &full)?;
    let to = match cx.text("DestinationPath") {
        Some(to) => cx.it.full_path(&to),
        None => {
            let name = leaf(&full);
            let here = cx.it.location.current.clone();
            join(&here, name.rsplit_once('.').map_or(name, |(stem, _)| stem))
        }
    };
    for (name, content) in members {
        let target = join(&to, &name);
        let above = if name.ends_with('/') { target.trim_end_matches('/') } else { parent(&target) };
        if let Err(why) = ps_runtime::paths::create_dirs(cx.it, above) {
            let fault = cx.it.io_fault(above, &why);
            return cx.fail(fault);
        }
        if name.ends_with('/') {
            continue;
        }
        if cx.it.host.metadata(&target).is_some() && !cx.flag("Force") {
            let message = format!(
                "Failed to create file '{target}' while expanding the archive file '{full}' contents as the file '{target}' already exists. Use the -Force parameter if you want to overwrite the existing directory '{to}' contents when expanding the archive file."
            );
            cx.error(
                Fault::new(NetType::IOException, "ExpandArchiveFileExists", Category::WriteError, message)
                    .of(target),
            )?;
            continue;
        }
        if let Err(why) = cx.it.host.write(&target, &content, false) {
            let fault = cx.it.io_fault(&target, &why);
            return cx.fail(fault);
        }
        if cx.flag("PassThru") {
            let value = file_value(cx.it, &target, false, None);
            cx.put(value)?;
        }
    }
    Ok(())
}
