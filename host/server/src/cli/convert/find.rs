//! Finds the files that may be legacy jobs.

use std::fs;
use std::path::{Path, PathBuf};

use stepwell::engine::system::{text_of, why};

use super::disk;
use super::manifest::FOLDER;
use crate::failure::Failure;

/// The maximum number of files, their bytes in all, and the folders above one.
const MAX_FILES: usize = 10_000;
const MAX_TOTAL: usize = 256 << 20;
const MAX_DEPTH: usize = 32;

/// A file that was read.
#[derive(Debug)]
pub(super) struct Candidate {
    /// The path as messages show it.
    pub name: String,
    pub path: PathBuf,
    /// The path below the folder that the command names.
    pub relative: String,
    pub mode: u32,
    pub text: String,
}

/// A path that is not read, and the reason.
#[derive(Debug)]
pub(super) struct Skipped {
    pub name: String,
    pub reason: String,
    /// Whether the path is a file that should have been read.
    pub unreadable: bool,
}

/// The found files.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub candidates: Vec<Candidate>,
    pub skipped: Vec<Skipped>,
    bytes: usize,
}

/// Reads the files that the arguments name, and those in the folders that they name. `to` is the target folder: what
/// an earlier conversion wrote below a folder of legacy files is not read.
pub(super) fn find(arguments: &[PathBuf], to: &Path) -> Result<Files, Failure> {
    let mut files = Files::default();
    let target = fs::canonicalize(to).ok();
    for argument in arguments {
        match fs::symlink_metadata(argument) {
            Ok(_) if argument.is_dir() => {
                let is_own = target.is_some() && fs::canonicalize(argument).ok() == target;
                let target = target.as_deref().filter(|_| !is_own);
                folder(argument, (argument, target), 0, &mut files)?;
            }
            Ok(_) => {
                let relative = argument.file_name().map(PathBuf::from).unwrap_or_default();
                read(argument, &relative, &mut files)?;
            }
            Err(error) => {
                return Err(Failure::input(format!("{}: {}", argument.display(), why(&error))));
            }
        }
    }
    Ok(files)
}

/// Reads the documents below a folder. Hidden files, symbolic links and the target folder are left out.
fn folder(path: &Path, of: (&Path, Option<&Path>), depth: usize, files: &mut Files) -> Result<(), Failure> {
    let (root, target) = of;
    if depth > MAX_DEPTH {
        return skip(path, &format!("more than {MAX_DEPTH} folders are above it"), files);
    }
    let failed = |error: std::io::Error| Failure::input(format!("{}: {}", path.display(), why(&error)));
    let mut entries = fs::read_dir(path).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, kind) = (entry.path(), entry.file_type().map_err(failed)?);
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if hidden || entry.file_name() == FOLDER {
            continue;
        }
        let is_document = matches!(
            path.extension().and_then(|extension| extension.to_str()),
            Some("yaml" | "yml" | "json")
        );
        if kind.is_dir() {
            let is_target = target.is_some() && fs::canonicalize(&path).ok().as_deref() == target;
            if !is_target {
                folder(&path, of, depth + 1, files)?;
            }
        } else if kind.is_symlink() && (is_document || path.is_dir()) {
            skip(&path, "it is a symbolic link, which the command does not follow", files)?;
        } else if is_document {
            let relative = path.strip_prefix(root).unwrap_or(&path).to_owned();
            read(&path, &relative, files)?;
        }
    }
    Ok(())
}

/// Notes a path that the command does not follow.
fn skip(path: &Path, reason: &str, files: &mut Files) -> Result<(), Failure> {
    let name = path.display().to_string();
    files.skipped.push(Skipped { name, reason: reason.to_owned(), unreadable: false });
    bounded(files)
}

/// Notes a file that cannot be read.
fn unreadable(path: &Path, reason: &str, files: &mut Files) -> Result<(), Failure> {
    let name = path.display().to_string();
    files.skipped.push(Skipped { name, reason: reason.to_owned(), unreadable: true });
    bounded(files)
}

fn bounded(files: &Files) -> Result<(), Failure> {
    if files.candidates.len() + files.skipped.len() > MAX_FILES {
        return Err(Failure::input(format!(
            "there are more than {MAX_FILES} files: name a part of the folder"
        )));
    }
    if files.bytes > MAX_TOTAL {
        let message =
            format!("the files have more than {MAX_TOTAL} bytes together: name a part of the folder");
        return Err(Failure::input(message));
    }
    Ok(())
}

fn read(path: &Path, relative: &Path, files: &mut Files) -> Result<(), Failure> {
    let Some(relative) = relative.to_str() else {
        return unreadable(path, "its name is not UTF-8", files);
    };
    let content = match disk::content(path) {
        Ok(Some(content)) => content,
        Ok(None) => return unreadable(path, "it is gone", files),
        Err(error) => return unreadable(path, &why(&error), files),
    };
    let (mode, size) = (content.mode, content.bytes.len());
    let text = match text_of(content.bytes) {
        Ok(text) => text,
        Err(error) => return unreadable(path, &why(&error), files),
    };
    files.bytes += size;
    files.candidates.push(Candidate {
        name: path.display().to_string(),
        path: path.to_owned(),
        relative: relative.to_owned(),
        mode,
        text,
    });
    bounded(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_hidden_files_and_the_target_are_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for folder in ["legacy/deep", "legacy/new", "legacy/.git", "elsewhere"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        for name in
            ["legacy/b.json", "legacy/deep/a.yml", "legacy/new/x.yaml", "legacy/.git/y.json", "legacy/z.md"]
        {
            fs::write(at(name), "a: 1").unwrap();
        }
        std::os::unix::fs::symlink(at("elsewhere"), at("legacy/out")).unwrap();
        fs::write(at("legacy/deep/odd.json"), [0xff]).unwrap();
        let files = find(&[at("legacy")], &at("legacy/new")).unwrap();
        let found: Vec<&str> = files.candidates.iter().map(|file| file.relative.as_str()).collect();
        assert_eq!(found, ["b.json", "deep/a.yml"]);
        let skipped: Vec<&str> = files.skipped.iter().map(|file| file.reason.as_str()).collect();
        assert_eq!(
            skipped,
            ["it is not text in UTF-8", "it is a symbolic link, which the command does not follow"]
        );
        assert!(find(&[at("none")], &at("new")).is_err());
    }
}
