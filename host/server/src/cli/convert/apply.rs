//! Writes converted jobs, with a record in the manifest before and after each change.

use std::collections::BTreeMap;
use std::fs;
use std::io::Error;
use std::path::{Path, PathBuf};

use super::disk::{self, Content};
use super::find::Candidate;
use super::items::Item;
use super::manifest::{Intent, Journal, Record, Store};
use super::report::Line;
use crate::failure::Failure;

/// The changes that a converted job needs.
#[derive(Debug)]
pub(super) struct Change {
    /// The new file relative to the target folder.
    pub output: String,
    path: PathBuf,
    /// The file that is there now.
    before: Option<Content>,
    /// The legacy file relative to the target folder, if it has to go.
    pub removes: Option<String>,
    /// Whether the new file is there already.
    pub is_same: bool,
    /// Whether the change replaces a file that no conversion wrote.
    pub is_foreign: bool,
    /// Whether the new file has the name of the legacy file, and takes its place.
    pub is_own: bool,
}

/// Finds the changes that a converted job needs. `written` has the outputs of earlier conversions.
pub(super) fn change(
    to: &Path,
    candidate: &Candidate,
    (output, text): (&str, &str),
    written: &BTreeMap<String, Vec<String>>,
) -> Result<Change, Error> {
    let output = output.to_owned();
    let path = disk::below(to, &output)?;
    let before = disk::content(&path)?;
    let own = own_place(to, &candidate.path);
    let removes = own.clone().filter(|own| *own != output);
    let digest = before.as_ref().map(Content::digest);
    let is_same = digest.as_deref() == Some(disk::digest(text.as_bytes()).as_str());
    let is_known = digest
        .as_ref()
        .is_some_and(|digest| written.get(&output).is_some_and(|known| known.contains(digest)));
    let is_own = own.as_ref() == Some(&output);
    let is_foreign = before.is_some() && !is_same && !is_known && !is_own;
    Ok(Change { output, path, before, removes, is_same, is_foreign, is_own })
}

/// Makes the changes of a file with several jobs one whole, if the new files replace it: its last job takes its place
/// or removes it, so that a crash loses no job. If a part of it is not converted, no job of it is.
pub(super) fn as_a_whole(group: &mut [Item], changes: &mut Vec<(usize, Change)>) {
    let is_whole =
        |item: &Item| item.job.is_some() && item.entry.as_ref().is_none_or(|entry| entry.is_of_whole);
    let in_place = changes.iter().any(|(_, change)| change.is_own || change.removes.is_some());
    if !in_place || group.iter().all(is_whole) {
        changes.sort_by_key(|(_, change)| change.is_own);
        for (_, change) in changes.iter_mut().rev().skip(1) {
            change.removes = None;
        }
        return;
    }
    changes.clear();
    for item in group.iter_mut().filter(|item| item.job.is_some()) {
        (item.job, item.report.output) = (None, None);
        item.report.refuse(Line::whole(
            "the new files would replace this file, of which another part is not converted",
            "choose another folder with --to, or convert the whole file at once",
        ));
    }
}

/// Returns the path of a legacy file below the target folder, if it is there.
fn own_place(to: &Path, source: &Path) -> Option<String> {
    let (to, source) = (fs::canonicalize(to).ok()?, fs::canonicalize(source).ok()?);
    Some(source.strip_prefix(to).ok()?.to_str()?.to_owned())
}

impl Change {
    /// Returns whether nothing has to change.
    pub fn is_nothing(&self) -> bool {
        self.is_same && self.removes.is_none()
    }

    /// Makes the change. The manifest has it before it happens, and after.
    pub fn apply(
        self,
        store: &Store,
        journal: &mut Journal,
        candidate: &Candidate,
        text: &str,
    ) -> Result<(), Error> {
        let original = Content { bytes: candidate.text.clone().into_bytes(), mode: candidate.mode };
        let original = store.keep(&original)?;
        let replaced = self.before.as_ref().map(|before| store.keep(before)).transpose()?;
        let folders = disk::missing_folders(&store.to, &self.output);
        let intent = Intent {
            number: journal.next(),
            source: candidate.name.clone(),
            original,
            output: self.output,
            output_digest: disk::digest(text.as_bytes()),
            replaced,
            removes: self.removes,
            folders,
        };
        journal.add(Record::Intent(intent.clone()))?;
        if !self.is_same {
            disk::create_folders(&store.to, &intent.output)?;
            disk::write(&store.temporary(), &self.path, text.as_bytes(), candidate.mode)?;
        }
        finish(store, journal, &intent).map(drop)
    }
}

/// Completes a change whose new file is written. Returns whether the legacy file has changed since, and stays.
fn finish(store: &Store, journal: &mut Journal, intent: &Intent) -> Result<bool, Error> {
    let mut stays = false;
    if let Some(removes) = &intent.removes {
        let path = disk::below(&store.to, removes)?;
        match disk::content(&path)? {
            Some(found) if found.digest() != intent.original.digest => stays = true,
            Some(_) => disk::remove(&path)?,
            None => {}
        }
    }
    journal.add(Record::Done { number: intent.number })?;
    Ok(stays)
}

/// Completes or voids the changes that a conversion left when its process died. Returns the number of completed ones.
pub(super) fn settle(store: &Store, journal: &mut Journal) -> Result<u64, Failure> {
    let failed =
        |error: Error| Failure::platform(format!("the interrupted conversion cannot continue: {error}"));
    let mut completed = 0;
    for intent in journal.history.pending() {
        let path = disk::below(&store.to, &intent.output).map_err(failed)?;
        let found = disk::content(&path).map_err(failed)?.map(|found| found.digest());
        if found.as_deref() == Some(intent.output_digest.as_str()) {
            if finish(store, journal, &intent).map_err(failed)? {
                say!("{}: it has changed since its conversion began, and stays", intent.source);
            }
            completed += 1;
        } else {
            remove_folders(&store.to, &intent);
            journal.add(Record::Void { number: intent.number }).map_err(failed)?;
        }
    }
    Ok(completed)
}

/// Settles every manifest of the folder.
pub(super) fn settle_all(store: &Store) -> Result<u64, Failure> {
    let folder = store.to.join(super::manifest::FOLDER);
    let failed = |error: Error| Failure::platform(format!("{}: {error}", folder.display()));
    let mut completed = 0;
    for entry in fs::read_dir(&folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            completed += settle(store, &mut Journal::open(&path)?)?;
        }
    }
    Ok(completed)
}

/// Removes the folders that a change created, unless they hold something.
pub(super) fn remove_folders(to: &Path, intent: &Intent) {
    for folder in intent.folders.iter().rev() {
        if let Ok(path) = disk::below(to, folder) {
            // A folder with other files stays.
            let _ = fs::remove_dir(path);
        }
    }
}
