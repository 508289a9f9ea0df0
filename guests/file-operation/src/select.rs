//! Expands a path or a pattern into files.

use std::fs;
use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};
use stepwell_sdk::Failure;
use stepwell_sdk::text::counted;

use crate::config::{absolute, io_failure};

/// `*` and `?` stay within a directory and do not match a leading dot, as in a shell.
const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// The files that a path or a pattern selects.
#[derive(Debug)]
pub struct Selection {
    /// The fixed beginning of the pattern, or the directory above the path. Names are relative to it.
    pub base: PathBuf,
    /// The selected files, sorted.
    pub found: Vec<PathBuf>,
    /// Whether the selection comes from a pattern.
    pub pattern: bool,
}

impl Selection {
    /// Returns the path relative to the base of the selection.
    pub fn name<'p>(&self, path: &'p Path) -> &'p Path {
        path.strip_prefix(&self.base).unwrap_or(path)
    }
}

/// Selects the files of `given`, at most `most` of them.
pub fn select(given: &str, most: usize) -> Result<Selection, Failure> {
    let path = absolute(given);
    if !given.contains(['*', '?', '[']) {
        let base = path.parent().unwrap_or(Path::new("/")).to_owned();
        // A link is reported, not followed.
        fs::symlink_metadata(&path).map_err(|error| io_failure(&path, &error))?;
        return Ok(Selection { base, found: vec![path], pattern: false });
    }
    let text = path.to_string_lossy().into_owned();
    let pattern =
        Pattern::new(&text).map_err(|error| Failure::invalid_config(format!("`{given}`: {error}")))?;
    let wild = |part: &std::path::Component<'_>| part.as_os_str().to_string_lossy().contains(['*', '?', '[']);
    let base: PathBuf = path.components().take_while(|part| !wild(part)).collect();
    let mut found = Vec::new();
    let recursive = text.contains("**") || path.components().filter(wild).count() > 1;
    walk(&base, recursive, most, &mut |path, metadata| {
        // Links are reported when named, and ignored by patterns.
        let plain = metadata.is_file() || metadata.is_dir();
        if plain && pattern.matches_path_with(path, OPTIONS) {
            found.push(path.to_owned());
        }
        Ok(())
    })?;
    found.sort();
    if found.is_empty() {
        return Err(Failure::not_found(format!("nothing matches `{given}`")));
    }
    Ok(Selection { base, found, pattern: true })
}

/// Calls `each` with all entries of a directory, each directory before its contents.
pub fn walk(
    directory: &Path,
    recursive: bool,
    most: usize,
    each: &mut dyn FnMut(&Path, &fs::Metadata) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut left = most;
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop() {
        let entries = fs::read_dir(&directory).map_err(|error| io_failure(&directory, &error))?;
        for entry in entries {
            let path = entry.map_err(|error| io_failure(&directory, &error))?.path();
            let metadata = fs::symlink_metadata(&path).map_err(|error| io_failure(&path, &error))?;
            left = left.checked_sub(1).ok_or_else(|| {
                Failure::failed(format!(
                    "more than {}: narrow the path, or raise `max_files`",
                    counted(most as u64, "file")
                ))
            })?;
            each(&path, &metadata)?;
            if metadata.is_dir() && recursive {
                open.push(path);
            }
        }
    }
    Ok(())
}
