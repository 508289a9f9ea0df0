//! Changes of a BoltDB file.
//!
//! The crate `nut` makes the next state in a copy in memory, and this module writes the pages that differ. `nut`
//! itself waits for the lock of a file without a bound, does not flush a file to the disk, and overwrites the meta
//! page that a crash would need. A mistake of it can only damage the copy: the reader of this crate compares the copy
//! with the intended change before a page is written.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::FileExt as _;
use std::thread;

use nut::{DB, DBBuilder};
use rustix::fs::{MemfdFlags, memfd_create};

use super::page::{HEADER, META_BODY, Meta};
use super::walk::{self, Contents, Entries};
use crate::format::RawValue;

/// The size of a page of a new file.
const PAGE_BYTES: usize = 4096;

/// A change of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The bucket, which is made when it does not exist.
    pub bucket: &'static str,
    /// The key.
    pub key: Vec<u8>,
    /// The new value, or `None` to delete the entry.
    pub value: Option<RawValue>,
}

/// The next state of a file.
pub(super) struct Next {
    bytes: Vec<u8>,
    page_size: usize,
}

/// Makes the next state of a file, and compares it with the change.
pub(super) fn next(before: &[u8], contents: &Contents, edits: &[Edit]) -> Result<Next, String> {
    let page_size = contents.page_size;
    let bytes = changed(before, page_size, |db| apply(db, edits))?;
    let after = walk::read(&bytes).map_err(|error| error.to_string())?;
    if let Some(fault) = after.faults.iter().find(|fault| fault.forbids_changes()) {
        return Err(format!("it would be damaged: {fault}"));
    }
    let mut expected = contents.buckets.clone();
    for Edit { bucket, key, value } in edits {
        let entries: &mut Entries = expected.entry(bucket.as_bytes().to_vec()).or_default();
        match value {
            Some(value) => entries.insert(key.clone(), value.clone()),
            None => entries.remove(key),
        };
    }
    if after.buckets != expected || after.change != contents.change + 1 || after.page_size != page_size {
        return Err("it would hold other locks than those of the change".to_owned());
    }
    let next = Next { bytes, page_size };
    let overwrites = next.differences(before).any(|page| page >= 2 && contents.used.get(page) == Some(&true));
    match overwrites || next.meta_page() == newest_meta(before) {
        true => Err("it would overwrite pages that are in use".to_owned()),
        false => Ok(next),
    }
}

/// Writes the next state: first the pages that nothing uses yet, and when they are on the disk, the meta page that
/// uses them. A crash leaves the state before or after.
pub(super) fn write(file: &File, before: &[u8], next: &Next) -> io::Result<()> {
    let bytes = u64::try_from(next.bytes.len()).map_err(io::Error::other)?;
    if file.metadata()?.len() < bytes {
        file.set_len(bytes)?;
    }
    let meta = next.meta_page().ok_or_else(|| io::Error::other("the next state has no meta page"))?;
    for page in next.differences(before).filter(|page| *page != meta) {
        next.write_page(file, page)?;
    }
    file.sync_all()?;
    next.write_page(file, meta)?;
    file.sync_all()
}

/// A new file with empty buckets.
pub(super) fn fresh(buckets: &[&[u8]]) -> Result<Vec<u8>, String> {
    let make = |db: &mut DB| {
        let mut tx = db.begin_rw_tx()?;
        for bucket in buckets {
            let _bucket = tx.create_bucket_if_not_exists(bucket)?;
        }
        tx.commit()
    };
    let bytes = changed(&[], PAGE_BYTES, make)?;
    let contents = walk::read(&bytes).map_err(|error| error.to_string())?;
    match contents.faults.first() {
        None => Ok(bytes),
        Some(fault) => Err(fault.to_string()),
    }
}

impl Next {
    fn page(&self, page: usize) -> &[u8] {
        let start = page.saturating_mul(self.page_size);
        self.bytes.get(start..start.saturating_add(self.page_size)).unwrap_or_default()
    }

    /// The pages that differ from the state before.
    fn differences<'n>(&'n self, before: &'n [u8]) -> impl Iterator<Item = usize> + 'n {
        (0..self.bytes.len() / self.page_size).filter(move |page| {
            let start = page * self.page_size;
            before.get(start..start + self.page_size) != Some(self.page(*page))
        })
    }

    /// The meta page of the next state.
    fn meta_page(&self) -> Option<usize> {
        newest_meta(&self.bytes)
    }

    fn write_page(&self, file: &File, page: usize) -> io::Result<()> {
        let offset = u64::try_from(page * self.page_size).map_err(io::Error::other)?;
        file.write_all_at(self.page(page), offset)
    }
}

fn newest_meta(bytes: &[u8]) -> Option<usize> {
    let metas = Meta::both(bytes);
    let found = metas.iter().enumerate().filter_map(|(page, meta)| Some((meta.as_ref().ok()?.txid, page)));
    found.max().map(|(_, page)| page)
}

/// Lets `nut` change a copy of a file in memory, and returns the pages that the copy uses.
///
/// `nut` panics where a transaction fails in its destructor, so it has its own thread.
fn changed(
    before: &[u8],
    page_size: usize,
    change: impl FnOnce(&mut DB) -> Result<(), nut::Error> + Send,
) -> Result<Vec<u8>, String> {
    let made = thread::scope(|scope| scope.spawn(|| in_memory(before, page_size, change)).join());
    made.map_err(|_| "the library panicked".to_owned())?.map_err(|error| error.to_string())
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

fn in_memory(
    before: &[u8],
    page_size: usize,
    change: impl FnOnce(&mut DB) -> Result<(), nut::Error>,
) -> Result<Vec<u8>, Failed> {
    let copy: OwnedFd = memfd_create("stepwell-atlantis", MemfdFlags::CLOEXEC)?;
    let path = format!("/proc/self/fd/{}", copy.as_raw_fd());
    let mut copy = File::from(copy);
    copy.write_all(before)?;
    // `nut` takes a checksum of zero for a valid one: a damaged meta page becomes one that it cannot take.
    for (page, meta) in (0u64..).zip(Meta::both(before)) {
        if !before.is_empty() && meta.is_err() {
            copy.write_all_at(&vec![0; page_size], page * u64::try_from(page_size)?)?;
        }
    }
    let mut db = DBBuilder::new(path).page_size(page_size).build()?;
    change(&mut db)?;
    drop(db);
    // `nut` writes every state to the first meta page, so that a crash could leave none. BoltDB takes turns.
    let mut metas = vec![0; 2 * page_size];
    copy.read_exact_at(&mut metas, 0)?;
    let meta = Meta::read(&metas, 0)?;
    let bytes = usize::try_from(meta.pages)?.checked_mul(page_size).ok_or("it is too large")?;
    let mut after = vec![0; bytes];
    copy.read_exact_at(&mut after, 0)?;
    let page = meta.page(page_size, metas.get(HEADER..HEADER + META_BODY).unwrap_or_default());
    if let (Some(old), Some(kept)) = (before.get(..2 * page_size), after.get_mut(..2 * page_size)) {
        kept.copy_from_slice(old);
    }
    let place = usize::try_from(meta.txid % 2)? * page_size;
    after.get_mut(place..place + page_size).ok_or("it is too short")?.copy_from_slice(&page);
    Ok(after)
}

fn apply(db: &mut DB, edits: &[Edit]) -> Result<(), nut::Error> {
    let mut tx = db.begin_rw_tx()?;
    for Edit { bucket, key, value } in edits {
        let mut bucket = tx.create_bucket_if_not_exists(bucket.as_bytes())?;
        match value {
            Some(value) => bucket.put(key, value.expose().to_vec())?,
            None => bucket.delete(key)?,
        }
    }
    tx.commit()
}
