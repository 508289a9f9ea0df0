//! `stepwell convert --rollback`: restores the files of a conversion.
//!
//! The manifest gives, for each file, its content before and after. All files are checked before the first one changes,
//! and each file is restored as a whole, so that a rollback that was interrupted continues when it runs again.

use std::collections::BTreeMap;
use std::io::Error;
use std::path::Path;

use serde_json::json;
use stepwell::SystemClock;
use stepwell::engine::clock::Clock;
use stepwell::engine::quantity::counted;

use super::apply;
use super::disk::{self, Content};
use super::manifest::{Copied, FOLDER, History, Intent, Journal, Record, Store};
use crate::cli::Ends;
use crate::cli::args::Output;
use crate::cli::output::show;
use crate::display::{plain, plain_lines};
use crate::failure::Failure;

/// The files of a rollback.
#[derive(Debug, Default)]
struct Plan {
    /// Each file with its content at the end. `None` for a file that is removed.
    files: BTreeMap<String, Option<Copied>>,
    /// The digest of each file as it is.
    now: BTreeMap<String, Option<String>>,
    /// Files that have changed since the conversion.
    edited: Vec<String>,
}

/// Restores the files of the conversion that a manifest describes.
pub(super) fn rollback(manifest: &Path, force: bool, output: Output) -> Ends {
    let wrong = |why: &str| Failure::input(format!("{}: {why}", manifest.display()));
    let folder = manifest.parent().filter(|folder| folder.file_name().is_some_and(|name| name == FOLDER));
    let folder = folder.ok_or_else(|| wrong(&format!("a manifest is in a folder `{FOLDER}`")))?;
    let to = folder.parent().filter(|to| !to.as_os_str().is_empty()).unwrap_or(Path::new("."));
    History::read(manifest)?.ok_or_else(|| wrong("there is no such file"))?;
    let store = Store::open(to)?;
    let mut journal = Journal::open(manifest)?;
    if journal.history.rolled_back {
        return show(
            output,
            &json!({"manifest": manifest.display().to_string(), "restored": [], "removed": []}),
            |_| "this conversion is rolled back already".to_owned(),
        );
    }
    apply::settle(&store, &mut journal)?;
    let plan = plan(&store, &journal.history.intents).map_err(|error| wrong(&error.to_string()))?;
    if !plan.edited.is_empty() && !force {
        return Err(refused(&plan.edited));
    }
    let failed =
        |error: Error| Failure::platform(format!("the rollback is incomplete, run it again: {error}"));
    let copies = keep_edited(&store, &plan).map_err(failed)?;
    let (restored, removed) = restore(&store, &plan).map_err(failed)?;
    for intent in journal.history.intents.iter().rev() {
        apply::remove_folders(&store.to, intent);
    }
    journal.add(Record::RolledBack { at: SystemClock.now().to_rfc3339() }).map_err(failed)?;
    let copies: Vec<_> = copies.iter().map(|(file, copy)| json!({"file": file, "copy": copy})).collect();
    let answer = json!({
        "manifest": manifest.display().to_string(), "restored": restored, "removed": removed, "edited": copies,
    });
    show(output, &answer, |_| shown(&restored, &removed, &copies))
}

/// Returns the lines about a rollback.
fn shown(restored: &[String], removed: &[String], copies: &[serde_json::Value]) -> String {
    let mut lines: Vec<String> = restored.iter().map(|file| format!("{file}: restored")).collect();
    lines.extend(removed.iter().map(|file| format!("{file}: removed")));
    let copy = |copy: &serde_json::Value, key: &str| {
        copy.get(key).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
    };
    lines.extend(
        copies.iter().map(|one| format!("{}: the edited file is {}", copy(one, "file"), copy(one, "copy"))),
    );
    lines.push(format!("{} restored, {} removed", counted(restored.len(), "file"), removed.len()));
    plain_lines(&lines.join("\n"))
}

/// Returns the refusal because of files that have changed since.
fn refused(edited: &[String]) -> Failure {
    const MOST: usize = 20;
    let mut lines: Vec<String> = edited.iter().take(MOST).map(|file| format!("  {}", plain(file))).collect();
    if edited.len() > MOST {
        lines.push(format!("  and {} more", edited.len() - MOST));
    }
    Failure::input(format!(
        "{} changed since the conversion, and nothing was restored; --force restores {} anyway, and stores copies:\n{}",
        counted(edited.len(), "file"),
        if edited.len() == 1 { "it" } else { "them" },
        lines.join("\n")
    ))
}

/// Finds the content of each file before the conversion, from its last change to its first.
fn plan(store: &Store, intents: &[Intent]) -> Result<Plan, Error> {
    let mut plan = Plan::default();
    for intent in intents.iter().rev() {
        let after = Some(intent.output_digest.as_str());
        plan.step(store, &intent.output, after, intent.replaced.as_ref())?;
        if let Some(source) = &intent.removes {
            plan.step(store, source, None, Some(&intent.original))?;
        }
    }
    // Without its copy, no file can be restored as it was.
    for copied in plan.files.values().flatten() {
        store.kept(copied)?;
    }
    plan.edited.sort();
    plan.edited.dedup();
    Ok(plan)
}

impl Plan {
    /// Takes a change of a file back.
    fn step(
        &mut self,
        store: &Store,
        file: &str,
        after: Option<&str>,
        before: Option<&Copied>,
    ) -> Result<(), Error> {
        let current = match self.files.get(file) {
            Some(known) => known.as_ref().map(|copied| copied.digest.clone()),
            None => {
                let found = disk::content(&disk::below(&store.to, file)?)?.map(|found| found.digest());
                self.now.insert(file.to_owned(), found.clone());
                found
            }
        };
        let was = before.map(|copied| copied.digest.as_str());
        if current.as_deref() != after && current.as_deref() != was {
            self.edited.push(file.to_owned());
        }
        self.files.insert(file.to_owned(), before.cloned());
        Ok(())
    }

    /// Returns the digest of a file as it is.
    fn now(&self, file: &str) -> Option<&String> {
        self.now.get(file).and_then(Option::as_ref)
    }

    /// Returns the files that need their old content.
    fn restored(&self) -> impl Iterator<Item = (&str, &Copied)> {
        let wanted = self.files.iter().filter_map(|(file, wanted)| Some((file.as_str(), wanted.as_ref()?)));
        wanted.filter(|(file, copied)| self.now(file) != Some(&copied.digest))
    }

    /// Returns the files that were not there before the conversion.
    fn removed(&self) -> impl Iterator<Item = &str> {
        let new = self.files.iter().filter(|(file, wanted)| wanted.is_none() && self.now(file).is_some());
        new.map(|(file, _)| file.as_str())
    }
}

/// Stores copies of edited files, and returns each with the path of its copy.
fn keep_edited(store: &Store, plan: &Plan) -> Result<Vec<(String, String)>, Error> {
    let mut copies = Vec::new();
    for file in &plan.edited {
        if let Some(found) = disk::content(&disk::below(&store.to, file)?)? {
            let copied = store.keep(&found)?;
            let path = store.to.join(FOLDER).join("kept").join(copied.digest);
            copies.push((file.clone(), path.display().to_string()));
        }
    }
    Ok(copies)
}

/// Brings every file to its content before the conversion. Returns the restored and the removed files.
///
/// All files are back before the first one goes, so that a job has a file at every moment.
fn restore(store: &Store, plan: &Plan) -> Result<(Vec<String>, Vec<String>), Error> {
    let (mut restored, mut removed) = (Vec::new(), Vec::new());
    for (file, copied) in plan.restored() {
        let Content { bytes, mode } = store.kept(copied)?;
        disk::create_folders(&store.to, file)?;
        disk::write(&store.temporary(), &disk::below(&store.to, file)?, &bytes, mode)?;
        restored.push(file.to_owned());
    }
    for file in plan.removed() {
        disk::remove(&disk::below(&store.to, file)?)?;
        removed.push(file.to_owned());
    }
    Ok((restored, removed))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A rollback that ends after any number of its changes leaves the new or the old file of the job.
    #[test]
    fn the_old_file_is_back_before_the_new_one_goes() {
        let to = tempfile::tempdir().unwrap();
        let store = Store::open(to.path()).unwrap();
        let mut plan = Plan::default();
        for number in 0..3 {
            let (old, new) = (format!("{number}.yml"), format!("{number}.yaml"));
            std::fs::write(to.path().join(&new), "new").unwrap();
            let copied = store.keep(&Content { bytes: old.clone().into_bytes(), mode: 0o644 }).unwrap();
            plan.step(&store, &new, Some(&disk::digest(b"new")), None).unwrap();
            plan.step(&store, &old, None, Some(&copied)).unwrap();
        }
        // The last file cannot be restored.
        std::fs::create_dir(to.path().join("2.yml")).unwrap();
        assert!(restore(&store, &plan).is_err());
        for name in ["0.yml", "1.yml", "0.yaml", "1.yaml", "2.yaml"] {
            assert!(to.path().join(name).is_file(), "{name}");
        }
        std::fs::remove_dir(to.path().join("2.yml")).unwrap();
        let (restored, removed) = restore(&store, &plan).unwrap();
        assert_eq!((restored.len(), removed.len()), (3, 3));
    }
}
