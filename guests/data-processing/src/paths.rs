//! Resolves the paths in job files, and expands globs.

use std::fs;
use std::path::{Path, PathBuf};

use globset::GlobBuilder;
use stepwell_sdk::Failure;

/// The directory to which relative paths refer.
pub const WORKSPACE: &str = "/workspace";

/// Returns the absolute form of `path`.
pub fn absolute(path: &str) -> PathBuf {
    Path::new(WORKSPACE).join(path)
}

/// Returns the files that match `pattern`, sorted. Without any of `*?[{`, it is a plain path.
///
/// # Errors
/// `not_found`, when no file matches.
pub fn expand(pattern: &str) -> Result<Vec<PathBuf>, Failure> {
    let path = absolute(pattern);
    let text = path.to_string_lossy().into_owned();
    let Some(meta) = text.find(['*', '?', '[', '{']) else {
        return match fs::metadata(&path) {
            Ok(found) if found.is_file() => Ok(vec![path]),
            Ok(_) => Err(Failure::not_found(format!("{} is not a file", path.display()))),
            Err(error) => Err(Failure::not_found(format!(
                "cannot open {}: {}",
                path.display(),
                stepwell_sdk::files::why(&error)
            ))),
        };
    };
    let glob = GlobBuilder::new(&text)
        .literal_separator(true)
        .build()
        .map_err(|e| Failure::invalid_config(format!("`{pattern}` is not a glob: {e}")))?
        .compile_matcher();
    let base = text.get(..meta).and_then(|fixed| fixed.rfind('/')).and_then(|end| text.get(..end));
    let mut files = Vec::new();
    walk(Path::new(base.filter(|b| !b.is_empty()).unwrap_or("/")), &mut |file| {
        if glob.is_match(file) {
            files.push(file.to_owned());
        }
    });
    files.sort();
    if files.is_empty() {
        return Err(Failure::not_found(format!("no file matches {text}")));
    }
    Ok(files)
}

fn walk(dir: &Path, visit: &mut dyn FnMut(&Path)) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk(&path, visit),
            Ok(kind) if kind.is_file() => visit(&path),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_within_a_segment_and_plain_paths_must_exist() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a-1.csv", "a-2.csv", "b.csv", "sub/a-3.csv"] {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x\n").unwrap();
        }
        let names = |pattern: &str| -> Vec<String> {
            let root = dir.path().to_str().unwrap();
            expand(&format!("{root}/{pattern}"))
                .map(|files| {
                    files.iter().map(|f| f.strip_prefix(root).unwrap().to_str().unwrap().to_owned()).collect()
                })
                .unwrap_or_default()
        };
        assert_eq!(names("a-*.csv"), ["a-1.csv", "a-2.csv"]);
        assert_eq!(names("**/a-*.csv"), ["a-1.csv", "a-2.csv", "sub/a-3.csv"]);
        assert_eq!(names("b.csv"), ["b.csv"]);
        assert!(names("sub").is_empty() && names("c*.csv").is_empty() && names("none.csv").is_empty());
    }

    #[test]
    fn relative_paths_start_in_the_workspace() {
        assert_eq!(absolute("out/x.csv"), Path::new("/workspace/out/x.csv"));
        assert_eq!(absolute("/in/x.csv"), Path::new("/in/x.csv"));
    }
}
