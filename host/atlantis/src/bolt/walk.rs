//! Reads all buckets of a BoltDB file, and finds its damage.

use std::collections::BTreeMap;

use thiserror::Error;

use super::page::{Entry, HEADER, Kind, Meta, MetaFault, NO_FREELIST, Page, PageFault, u64_at};
use crate::format::RawValue;

/// The most levels of a tree, and of buckets in buckets. A tree of 32 levels has more entries than fit in a file.
const MAX_DEPTH: usize = 32;
/// The most entries of all buckets.
const MAX_ENTRIES: usize = 1_000_000;
/// The most faults that are collected.
const MAX_FAULTS: usize = 1_000;

/// Damage of a file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// One meta page is damaged. BoltDB uses the other, which may be one change older.
    #[error(
        "meta page {page} is damaged ({fault}): BoltDB uses the other one, which may be one change older"
    )]
    Meta {
        /// 0 or 1.
        page: u64,
        /// The damage.
        fault: MetaFault,
    },
    /// A page is damaged.
    #[error("{0}")]
    Page(#[from] PageFault),
    /// Pages that are neither in use nor free. They are lost space, and no data.
    #[error("{count} pages are neither in use nor free, the first is page {first}")]
    Lost {
        /// The first page.
        first: u64,
        /// The number of pages.
        count: u64,
    },
}

impl Fault {
    /// True when data may be missing or wrong. Lost pages only waste space.
    #[must_use]
    pub const fn is_damage(&self) -> bool {
        !matches!(self, Self::Lost { .. })
    }

    /// True when a change could lose data. BoltDB itself continues with one meta page, and writes the other.
    pub(super) const fn forbids_changes(&self) -> bool {
        matches!(self, Self::Page(_))
    }
}

/// A file that cannot be read at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("both meta pages are damaged: page 0: {0}; page 1: {1}")]
pub struct NoMeta(pub MetaFault, pub MetaFault);

/// The entries of a bucket, by key.
pub type Entries = BTreeMap<Vec<u8>, RawValue>;

/// The contents of a file.
#[derive(Debug, Clone)]
pub struct Contents {
    /// The entries of each bucket, by the name of the bucket. Buckets within buckets are left out.
    pub buckets: BTreeMap<Vec<u8>, Entries>,
    /// The damage. Entries that are readable in spite of it are in `buckets`.
    pub faults: Vec<Fault>,
    /// The bytes of a page.
    pub page_size: usize,
    /// The number of the last change.
    pub change: u64,
    /// False for a file that does not store its list of free pages.
    pub stores_free_pages: bool,
    /// The pages that the last change uses, meta pages included.
    pub(super) used: Vec<bool>,
}

/// Reads the bytes of a file.
///
/// # Errors
/// Fails when no meta page is readable.
pub fn read(file: &[u8]) -> Result<Contents, NoMeta> {
    let metas = Meta::both(file);
    let newest = metas.iter().flatten().max_by_key(|meta| meta.txid);
    let Some(meta) = newest.copied() else {
        let [first, second] = metas.map(|meta| meta.err().unwrap_or(MetaFault::NotMeta));
        return Err(NoMeta(first, second));
    };
    let pages = usize::try_from(meta.pages).unwrap_or(usize::MAX).min(file.len() / meta.page_size);
    let mut walk = Walk { file, meta, used: vec![false; pages], faults: Vec::new(), entries: 0, bytes: 0 };
    for (page, result) in (0..).zip(&metas) {
        let at = usize::try_from(page).unwrap_or_default() * meta.page_size;
        match (result, Meta::other_flags(file, at)) {
            (Err(fault), _) => walk.fault(Fault::Meta { page, fault: *fault }),
            (Ok(_), Some(flags)) => walk.fault(PageFault::Kind { page, flags, expected: "a meta page" }),
            (Ok(_), None) => {}
        }
    }
    walk.used.iter_mut().take(2).for_each(|used| *used = true);
    let buckets = walk.buckets();
    walk.free_pages();
    Ok(Contents {
        buckets,
        faults: walk.faults,
        page_size: meta.page_size,
        change: meta.txid,
        stores_free_pages: meta.freelist != NO_FREELIST,
        used: walk.used,
    })
}

/// The number of the last change, when a meta page is readable.
pub(super) fn last_change(file: &[u8]) -> Option<u64> {
    Meta::both(file).iter().flatten().map(|meta| meta.txid).max()
}

struct Walk<'f> {
    file: &'f [u8],
    meta: Meta,
    used: Vec<bool>,
    faults: Vec<Fault>,
    entries: usize,
    bytes: usize,
}

/// A place in a tree: the level, and the keys between which its keys lie.
#[derive(Clone, Copy)]
struct Range<'f> {
    depth: usize,
    from: Option<&'f [u8]>,
    to: Option<&'f [u8]>,
}

impl<'f> Walk<'f> {
    fn fault(&mut self, fault: impl Into<Fault>) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(fault.into());
        }
    }

    fn buckets(&mut self) -> BTreeMap<Vec<u8>, Entries> {
        let mut buckets = BTreeMap::new();
        let mut named = Vec::new();
        let root = self.meta.root;
        self.tree(root, Range { depth: 0, from: None, to: None }, &mut |walk, page, element, entry| {
            match entry.is_bucket {
                true => named.push((entry.key, entry.value, page, element)),
                false => {
                    walk.fault(PageFault::Bucket { page, element, problem: "is no bucket, among buckets" })
                }
            }
        });
        for (name, value, page, element) in named {
            let mut entries = Entries::new();
            self.bucket(value, (page, element), 0, &mut entries);
            buckets.insert(name.to_vec(), entries);
        }
        buckets
    }

    /// Reads a bucket: the number of its root page and a counter, and in a small bucket the page itself.
    fn bucket(
        &mut self,
        value: &'f [u8],
        (page, element): (u64, usize),
        depth: usize,
        entries: &mut Entries,
    ) {
        let Some(root) = u64_at(value, 0).filter(|_| value.len() >= HEADER) else {
            return self.fault(PageFault::Bucket { page, element, problem: "is too short for a bucket" });
        };
        let mut nested = Vec::new();
        let mut take = |_: &mut Self, page, element, entry: Entry<'f>| {
            if entry.is_bucket {
                nested.push((entry.value, page, element));
            } else {
                entries.insert(entry.key.to_vec(), RawValue::new(entry.value));
            }
        };
        let range = Range { depth: 0, from: None, to: None };
        if root != 0 {
            self.tree(root, range, &mut take);
        } else {
            let inline = value.get(HEADER..).unwrap_or_default();
            match Page::read(inline, 0, &[Kind::Leaf], "a leaf") {
                Ok(leaf) => self.leaf(leaf, range, &mut take),
                Err(_) => {
                    self.fault(PageFault::Bucket {
                        page,
                        element,
                        problem: "has a damaged page within the bucket",
                    });
                }
            }
        }
        for (value, page, element) in nested {
            self.fault(PageFault::Bucket { page, element, problem: "is a bucket, among locks" });
            if depth < MAX_DEPTH {
                self.bucket(value, (page, element), depth + 1, &mut Entries::new());
            }
        }
    }

    fn tree(
        &mut self,
        number: u64,
        range: Range<'f>,
        take: &mut dyn FnMut(&mut Self, u64, usize, Entry<'f>),
    ) {
        let page = match self.page(number, &[Kind::Branch, Kind::Leaf], "a branch or a leaf") {
            Ok(page) => page,
            Err(fault) => return self.fault(fault),
        };
        if page.kind == Kind::Leaf {
            if page.len() == 0 && range.depth > 0 {
                self.fault(PageFault::Order { page: number, element: 0 });
            }
            return self.leaf(page, range, take);
        }
        if range.depth >= MAX_DEPTH || page.len() == 0 {
            return self
                .fault(PageFault::Bound { page: number, bound: "32 levels of branches that are not empty" });
        }
        let mut children = Vec::with_capacity(page.len());
        for element in 0..page.len() {
            match page.branch(element) {
                Ok((key, child)) => {
                    self.ordered(&page, element, key, range, children.last().map(|(last, _)| *last));
                    children.push((key, child));
                }
                Err(fault) => self.fault(fault),
            }
        }
        let ends = children.iter().skip(1).map(|(key, _)| Some(*key)).chain([range.to]);
        for ((from, child), to) in children.iter().zip(ends) {
            self.tree(*child, Range { depth: range.depth + 1, from: Some(from), to }, take);
        }
    }

    fn leaf(
        &mut self,
        page: Page<'f>,
        range: Range<'f>,
        take: &mut dyn FnMut(&mut Self, u64, usize, Entry<'f>),
    ) {
        let mut last = None;
        for element in 0..page.len() {
            match page.leaf(element) {
                Ok(entry) if !self.has_room(&entry) => {
                    return self.fault(PageFault::Bound {
                        page: page.number,
                        bound: "1,000,000 entries that do not overlap",
                    });
                }
                Ok(entry) => {
                    self.ordered(&page, element, entry.key, range, last);
                    last = Some(entry.key);
                    take(self, page.number, element, entry);
                }
                Err(fault) => self.fault(fault),
            }
        }
    }

    /// Counts an entry. Entries of a sound file do not overlap, so they are not larger than the file.
    fn has_room(&mut self, entry: &Entry<'f>) -> bool {
        self.entries += 1;
        // The values of buckets are counted with the entries in them.
        self.bytes += entry.key.len() + if entry.is_bucket { 0 } else { entry.value.len() };
        self.entries <= MAX_ENTRIES && self.bytes <= self.file.len()
    }

    fn ordered(
        &mut self,
        page: &Page<'f>,
        element: usize,
        key: &[u8],
        range: Range<'f>,
        last: Option<&[u8]>,
    ) {
        let is_outside = range.from.is_some_and(|from| key < from) || range.to.is_some_and(|to| key >= to);
        if is_outside || last.is_some_and(|last| key <= last) {
            self.fault(PageFault::Order { page: page.number, element });
        }
    }

    /// Reads a page and marks it and those that continue it as used.
    fn page(&mut self, number: u64, kinds: &[Kind], expected: &'static str) -> Result<Page<'f>, PageFault> {
        let outside = PageFault::Outside(number);
        let size = self.meta.page_size;
        let first = usize::try_from(number).map_err(|_| outside.clone())?;
        if first < 2 || first >= self.used.len() {
            return Err(outside);
        }
        let start = first * size;
        let rest = self.file.get(start..).ok_or_else(|| outside.clone())?;
        // The kind first: the number of continuing pages of a page of another kind means nothing.
        Page::read(rest.get(..size).ok_or_else(|| outside.clone())?, number, kinds, expected)?;
        let pages = 1 + usize::try_from(Page::overflow(rest)).map_err(|_| outside.clone())?;
        let data =
            pages.checked_mul(size).and_then(|bytes| rest.get(..bytes)).ok_or_else(|| outside.clone())?;
        let used = self.used.get_mut(first..first + pages).ok_or(outside)?;
        if let Some(twice) = used.iter().position(|used| *used) {
            return Err(PageFault::UsedTwice(number + u64::try_from(twice).unwrap_or_default()));
        }
        used.fill(true);
        Page::read(data, number, kinds, expected)
    }

    /// Compares the list of free pages with the pages in use.
    fn free_pages(&mut self) {
        let missing = usize::try_from(self.meta.pages).unwrap_or(usize::MAX) > self.used.len();
        if missing && self.faults.iter().all(|fault| !matches!(fault, Fault::Page(PageFault::Outside(_)))) {
            self.fault(PageFault::Outside(self.meta.pages - 1));
        }
        if self.meta.freelist == NO_FREELIST {
            return;
        }
        let list = self.page(self.meta.freelist, &[Kind::Freelist], "a list of free pages");
        let free = match list.and_then(|page| page.free()) {
            Ok(free) => free,
            Err(fault) => return self.fault(fault),
        };
        let mut known = self.used.clone();
        let mut last = 1;
        for number in free {
            let page = usize::try_from(number).ok().and_then(|number| known.get_mut(number));
            match page {
                Some(is_known) if !*is_known && number > last => *is_known = true,
                _ => self.fault(PageFault::Free(number)),
            }
            last = last.max(number);
        }
        let lost: Vec<u64> =
            (0..).zip(&known).filter(|(_, known)| !**known).map(|(number, _)| number).collect();
        if let Some(first) = lost.first() {
            self.fault(Fault::Lost { first: *first, count: lost.len().try_into().unwrap_or(u64::MAX) });
        }
    }
}
