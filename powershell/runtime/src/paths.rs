//! Paths and trees of files.

use std::io;

use ps_value::error::{Category, Fault};
use ps_value::types::NetType;

use crate::eval::Interp;
use crate::eval::operators::Wildcard;

pub fn path_not_found(path: &str) -> Fault {
    let message = format!("Cannot find path '{path}' because it does not exist.");
    Fault::new(NetType::ItemNotFoundException, "PathNotFound", Category::ObjectNotFound, message).of(path)
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

/// Returns the names in a directory, in the order in which people sort them.
pub fn sorted_names(it: &mut Interp, dir: &str) -> io::Result<Vec<String>> {
    let mut names = it.host.list(dir)?;
    names.sort_by(|a, b| ps_value::compare::text_order(a, b, true));
    Ok(names)
}

/// Returns the paths that match a pattern, sorted.
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

pub fn create_dirs(it: &mut Interp, path: &str) -> io::Result<()> {
    if let Some(meta) = it.host.metadata(path) {
        return if meta.is_dir { Ok(()) } else { Err(io::ErrorKind::AlreadyExists.into()) };
    }
    if path != "/" {
        create_dirs(it, parent(path))?;
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

/// Returns a path relative to a directory.
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
