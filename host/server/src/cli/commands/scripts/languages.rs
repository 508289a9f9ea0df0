//! The steps that declare an action, and the files of each.

use std::fs;
use std::path::{Path, PathBuf};

use stepwell::HostError;
use stepwell::engine::Manifest;
use stepwell::engine::action::Action;

use crate::file_error;

/// Levels of folders in which the command looks for scripts.
const DEPTH: usize = 64;

/// The steps that declare an action.
pub(super) struct Languages(Vec<Language>);

/// A step that declares an action.
pub(super) struct Language {
    pub step_type: String,
    ends: Vec<String>,
}

impl Language {
    fn has(&self, path: &Path) -> bool {
        let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
        self.ends.iter().any(|end| name.ends_with(end))
    }
}

impl Languages {
    /// The steps that declare `action`, or the one of them that the user names.
    pub fn new<'a>(
        steps: impl Iterator<Item = &'a Manifest>,
        action: Action,
        named: Option<&str>,
    ) -> Result<Self, HostError> {
        let language = |step: &Manifest| {
            let ends = action.files(step)?.into_iter().map(str::to_owned).collect();
            Some(Language { step_type: step.type_name.clone(), ends })
        };
        let mut all: Vec<Language> = steps.filter_map(language).collect();
        let known: Vec<&str> = all.iter().map(|language| language.step_type.as_str()).collect();
        if let Some(named) = named {
            if !known.contains(&named) {
                return Err(HostError::Refused(format!(
                    "no step `{named}` declares the action `{}`; these do: {}",
                    action.name(),
                    known.join(", ")
                )));
            }
            all.retain(|language| language.step_type == named);
        }
        Ok(Self(all))
    }

    /// The steps for a file or a folder.
    pub fn of(&self, path: &Path) -> Result<Vec<&Language>, HostError> {
        match self.0.as_slice() {
            [only] => Ok(vec![only]),
            _ if !path.is_dir() => Ok(vec![self.of_file(path)?]),
            all => {
                let mut files = Vec::new();
                below(path, DEPTH, &|file| all.iter().any(|language| language.has(file)), &mut files)?;
                let has_some = |language: &&Language| files.iter().any(|file| language.has(file));
                Ok(all.iter().filter(has_some).collect())
            }
        }
    }

    /// The files of a folder and its subfolders, each with its step. A file stands for itself.
    pub fn files<'a>(
        &'a self,
        path: &Path,
        found: &mut Vec<(&'a Language, PathBuf)>,
    ) -> Result<(), HostError> {
        let mut files = Vec::new();
        if path.is_dir() {
            below(path, DEPTH, &|file| self.0.iter().any(|language| language.has(file)), &mut files)?;
        } else {
            files.push(path.to_owned());
        }
        for file in files {
            found.push((self.of_file(&file)?, file));
        }
        Ok(())
    }

    /// The step for a file: the only one there is, or the only one with an end of its name.
    fn of_file(&self, path: &Path) -> Result<&Language, HostError> {
        if let [only] = self.0.as_slice() {
            return Ok(only);
        }
        let mut fitting = self.0.iter().filter(|language| language.has(path));
        match (fitting.next(), fitting.next()) {
            (Some(one), None) => Ok(one),
            (one, _) => {
                let many = if one.is_some() { "more than one step runs" } else { "no step runs" };
                let all: Vec<&str> = self.0.iter().map(|language| language.step_type.as_str()).collect();
                let message = format!("{many} files of this name: give --type, one of {}", all.join(", "));
                Err(file_error(path.to_owned(), std::io::Error::other(message)))
            }
        }
    }
}

/// The files of a folder and its subfolders, in the order of their names. Hidden folders are left out.
fn below(
    path: &Path,
    levels: usize,
    is_wanted: &dyn Fn(&Path) -> bool,
    found: &mut Vec<PathBuf>,
) -> Result<(), HostError> {
    let fail = |error| file_error(path.to_owned(), error);
    let Some(levels) = levels.checked_sub(1) else {
        return Err(fail(std::io::Error::other(format!("more than {DEPTH} levels of folders"))));
    };
    let mut entries = fs::read_dir(path).map_err(fail)?.collect::<Result<Vec<_>, _>>().map_err(fail)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type().map_err(fail)?;
        let below_it = entry.path();
        if kind.is_dir() && !entry.file_name().to_string_lossy().starts_with('.') {
            below(&below_it, levels, is_wanted, found)?;
        } else if kind.is_file() && is_wanted(&below_it) {
            found.push(below_it);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn languages(all: &[(&str, &[&str])]) -> Languages {
        let language = |(step_type, ends): &(&str, &[&str])| Language {
            step_type: (*step_type).to_owned(),
            ends: ends.iter().map(|end| (*end).to_owned()).collect(),
        };
        Languages(all.iter().map(language).collect())
    }

    #[test]
    fn the_name_of_a_file_chooses_the_step() {
        let one = languages(&[("ps", &[".ps1"])]);
        let two = languages(&[("ps", &[".ps1", ".psm1"]), ("lua", &[".lua", "_x.ps1"])]);
        for (languages, path, chosen) in [
            (&one, "a.ps1", Ok("ps")),
            (&one, "a.txt", Ok("ps")),
            (&two, "A.PS1", Ok("ps")),
            (&two, "folder/a.lua", Ok("lua")),
            (&two, "a.txt", Err("no step runs")),
            (&two, "a_x.ps1", Err("more than one step runs")),
        ] {
            let found = languages.of_file(Path::new(path)).map(|language| language.step_type.as_str());
            match (found, chosen) {
                (Ok(found), Ok(chosen)) => assert_eq!(found, chosen, "{path}"),
                (Err(error), Err(said)) => assert!(error.to_string().contains(said), "{path}: {error}"),
                (found, _) => panic!("{path}: {found:?}"),
            }
        }
    }
}
