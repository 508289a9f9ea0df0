//! Reasons why a file cannot be divided, found in its first bytes.

use std::path::{Path, PathBuf};

use encoding_rs::{UTF_8, UTF_16BE, UTF_16LE};

use crate::error::Problem;
use crate::options::Options;
use crate::source::{Opener, Source};

/// Returns the reason why CSV files cannot be divided, if there is one.
///
/// # Errors
/// Fails when a file cannot be read.
pub fn csv_obstacle(
    files: &[PathBuf],
    options: &Options,
    opener: &Opener,
) -> Result<Option<String>, Problem> {
    if options.escape.is_some_and(|escape| Some(escape) != options.quote) {
        return Ok(Some("a file with an `escape` of its own is read from its start".to_owned()));
    }
    first(files, opener, |path, source, _| {
        let wide = source.encoding() == UTF_16LE || source.encoding() == UTF_16BE;
        wide.then(|| format!("{} is {}, not UTF-8", path.display(), source.encoding().name()))
    })
}

/// Returns the reason why JSON files cannot be divided, if there is one.
///
/// # Errors
/// Fails when a file cannot be read.
pub fn json_obstacle(files: &[PathBuf], opener: &Opener) -> Result<Option<String>, Problem> {
    first(files, opener, |path, source, text| {
        if source.encoding() != UTF_8 {
            return Some(format!("{} is {}, not UTF-8", path.display(), source.encoding().name()));
        }
        let list = text.trim_ascii_start().first() == Some(&b'[');
        list.then(|| format!("{} is one JSON list: write one object per line", path.display()))
    })
}

/// Returns the first reason among the files, each of which is read up to its first text.
fn first(
    files: &[PathBuf],
    opener: &Opener,
    reason: impl Fn(&Path, &Source, &[u8]) -> Option<String>,
) -> Result<Option<String>, Problem> {
    for path in files {
        let mut source = opener.quiet().open(path)?;
        if let Some(packing) = source.packed() {
            return Ok(Some(format!("{} is packed with {packing}", path.display())));
        }
        let mut text = Vec::new();
        while text.trim_ascii_start().is_empty() && source.read(&mut text)? {}
        if let Some(found) = reason(path, &source, &text) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}
