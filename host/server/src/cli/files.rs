//! Files that a command reads: by name, all of a folder, or standard input.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use stepwell::HostError;
use stepwell::engine::document::MAX_BYTES;
use stepwell::engine::system::{read_bounded, text_of};

use crate::failure::Failure;
use crate::file_error;

/// A file that was read.
pub(crate) struct Source {
    /// Its name, as messages show it.
    pub name: String,
    pub text: String,
}

/// Whether the name means standard input.
pub(crate) fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Reads a file, or standard input for `-`.
pub(crate) fn read(path: &Path) -> Result<Source, HostError> {
    let failed = |error| file_error(path.to_owned(), error);
    if is_standard_input(path) {
        let text = bounded(std::io::stdin()).map_err(|error| file_error("standard input".into(), error))?;
        return Ok(Source { name: "standard input".to_owned(), text });
    }
    let text = File::open(path).and_then(bounded).map_err(failed)?;
    Ok(Source { name: path.display().to_string(), text })
}

/// Reads a document. A file that an argument names may be a pipe, such as `<(command)` of a shell.
fn bounded(from: impl Read) -> std::io::Result<String> {
    text_of(read_bounded(from, MAX_BYTES)?)
}

/// Reads the files that the arguments name, in their order. Each is a source, or the reason why it cannot be
/// read. A folder stands for the `.yaml`, `.yml` and `.json` files in it, in the order of their names,
/// without hidden files and the folders below it.
///
/// # Errors
/// Fails when two arguments name standard input.
pub(crate) fn read_all(paths: &[PathBuf]) -> Result<Vec<Result<Source, Failure>>, Failure> {
    if paths.iter().filter(|path| is_standard_input(path)).count() > 1 {
        return Err(Failure::input("`-` is given twice: standard input can be read once"));
    }
    let mut sources = Vec::new();
    for path in paths {
        if !path.is_dir() {
            sources.push(read(path).map_err(Failure::from));
            continue;
        }
        match documents(path) {
            Ok(files) if files.is_empty() => {
                let message = format!("{}: no .yaml, .yml or .json file is in this folder", path.display());
                sources.push(Err(Failure::input(message)));
            }
            Ok(files) => sources.extend(files.iter().map(|file| read(file).map_err(Failure::from))),
            Err(failure) => sources.push(Err(failure)),
        }
    }
    Ok(sources)
}

fn documents(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error| Failure::from(file_error(folder.to_owned(), error));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        let extension = path.extension().and_then(|extension| extension.to_str());
        if !hidden && path.is_file() && matches!(extension, Some("yaml" | "yml" | "json")) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_stands_for_its_documents() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.yaml", "a.json", "c.yml", "notes.md", ".hidden.yaml"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        std::fs::create_dir(folder.path().join("d.yaml")).unwrap();
        let sources = read_all(&[folder.path().to_owned()]).unwrap();
        let texts: Vec<&str> = sources.iter().map(|source| source.as_ref().unwrap().text.as_str()).collect();
        assert_eq!(texts, ["a.json", "b.yaml", "c.yml"]);
        // A file that cannot be read does not hide the others.
        let paths = ["d.yaml", "none.yaml", "a.json"].map(|name| folder.path().join(name));
        let [empty, none, good] = <[_; 3]>::try_from(read_all(&paths).unwrap()).ok().unwrap();
        let empty = empty.err().unwrap();
        assert!(empty.message.contains("no .yaml, .yml or .json file"), "{}", empty.message);
        assert!(none.is_err() && good.is_ok());
        assert!(read_all(&["-".into(), "-".into()]).is_err());
    }
}
