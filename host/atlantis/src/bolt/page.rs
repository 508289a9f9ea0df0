//! The layout of a BoltDB file, read from bytes that may be anything.

use std::hash::Hasher as _;

use thiserror::Error;

/// The bytes before the elements of a page, and those of an element.
pub(super) const HEADER: usize = 16;
/// The bytes of the body of a meta page.
pub(super) const META_BODY: usize = 64;
const ELEMENT: usize = 16;
/// The number of the free list of a file that does not store it.
pub(super) const NO_FREELIST: u64 = u64::MAX;
const MAGIC: u32 = 0xED0C_DAED;
const VERSION: u32 = 2;
/// The smallest and the largest page size that a writer uses, as powers of two.
const PAGE_SIZES: std::ops::RangeInclusive<u32> = 9..=16;
/// The longest key that BoltDB accepts.
const MAX_KEY: usize = 32_768;

/// Damage that makes a page unreadable.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PageFault {
    /// The number of the page is outside of the file.
    #[error("page {0} is outside of the file")]
    Outside(u64),
    /// The page has the number of another page.
    #[error("page {page} says that it is page {claimed}")]
    Number {
        /// The page.
        page: u64,
        /// The number in its header.
        claimed: u64,
    },
    /// The page has no kind, or several, or not the one that its place needs.
    #[error("page {page} has the flags {flags:#06x}, where {expected} belongs")]
    Kind {
        /// The page.
        page: u64,
        /// The flags in its header.
        flags: u16,
        /// The kinds that belong there.
        expected: &'static str,
    },
    /// An element lies outside of its page.
    #[error("element {element} of page {page} is outside of the page")]
    Element {
        /// The page.
        page: u64,
        /// The element, from 0.
        element: usize,
    },
    /// The page is part of two trees, or of one tree twice.
    #[error("page {0} is used twice")]
    UsedTwice(u64),
    /// Keys are not in ascending order, or outside of the range of their page.
    #[error("key {element} of page {page} is out of order")]
    Order {
        /// The page.
        page: u64,
        /// The element, from 0.
        element: usize,
    },
    /// A tree is deeper, or a file has more entries, than what is read.
    #[error("page {page} is beyond the bound of {bound}")]
    Bound {
        /// The page.
        page: u64,
        /// The bound.
        bound: &'static str,
    },
    /// The value of a bucket is too short, or an entry is a bucket where none belongs, or the other way around.
    #[error("entry {element} of page {page} {problem}")]
    Bucket {
        /// The page.
        page: u64,
        /// The element, from 0.
        element: usize,
        /// The problem.
        problem: &'static str,
    },
    /// The list of free pages names a page that is in use, out of range or out of order.
    #[error("the list of free pages names page {0}, which is in use, out of range or out of order")]
    Free(u64),
}

/// Damage of a meta page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MetaFault {
    /// The file ends before the page does.
    #[error("the file ends before it")]
    Short,
    /// It does not begin with the magic number.
    #[error("it is no meta page")]
    NotMeta,
    /// The file was written on a machine with the other order of bytes.
    #[error("the file was written on a machine with big-endian numbers; such files are not read")]
    BigEndian,
    /// Another version of the format.
    #[error("it has version {0} of the format, and version 2 is read")]
    Version(u32),
    /// The checksum does not match.
    #[error("its checksum does not match")]
    Checksum,
    /// The numbers contradict each other.
    #[error("its numbers contradict each other")]
    Numbers,
}

/// One of the two meta pages, which take turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meta {
    pub(super) page_size: usize,
    /// The root page of the bucket that holds all buckets.
    pub(super) root: u64,
    pub(super) freelist: u64,
    /// The number of pages that were ever in use.
    pub(super) pages: u64,
    pub(super) txid: u64,
}

pub(super) fn bytes_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes_at(bytes, at).map(u64::from_le_bytes)
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes_at(bytes, at).map(u32::from_le_bytes)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes_at(bytes, at).map(u16::from_le_bytes)
}

impl Meta {
    /// Reads the meta page that begins at `at`. Like BoltDB, this takes any header: the checksum covers the body.
    pub(super) fn read(file: &[u8], at: usize) -> Result<Self, MetaFault> {
        let page = file.get(at..).ok_or(MetaFault::Short)?;
        let body = page.get(HEADER..HEADER + META_BODY).ok_or(MetaFault::Short)?;
        let word = |at| u32_at(body, at).ok_or(MetaFault::Short);
        let long = |at| u64_at(body, at).ok_or(MetaFault::Short);
        if word(0)? == MAGIC.swap_bytes() {
            return Err(MetaFault::BigEndian);
        }
        if word(0)? != MAGIC {
            return Err(MetaFault::NotMeta);
        }
        if word(4)? != VERSION {
            return Err(MetaFault::Version(word(4)?));
        }
        let mut hasher = fnv::FnvHasher::default();
        hasher.write(body.get(..56).unwrap_or_default());
        if hasher.finish() != long(56)? {
            return Err(MetaFault::Checksum);
        }
        let size = word(8)?;
        let is_page_size = size.is_power_of_two() && PAGE_SIZES.contains(&size.trailing_zeros());
        let meta = Self {
            page_size: usize::try_from(size).map_err(|_| MetaFault::Numbers)?,
            root: long(16)?,
            freelist: long(32)?,
            pages: long(40)?,
            txid: long(48)?,
        };
        let has_freelist = meta.freelist == NO_FREELIST || (2..meta.pages).contains(&meta.freelist);
        let is_sound = is_page_size && (2..meta.pages).contains(&meta.root) && has_freelist;
        // A number of pages that no file reaches would make later sums overflow.
        (is_sound && meta.pages < 1 << 40 && meta.txid < u64::MAX).then_some(meta).ok_or(MetaFault::Numbers)
    }

    /// The flags in the header of a meta page, when they are other ones.
    pub(super) fn other_flags(file: &[u8], at: usize) -> Option<u16> {
        u16_at(file.get(at..)?, 8).filter(|flags| *flags != Kind::Meta as u16)
    }

    /// The bytes of a meta page at its place, from a body that was written somewhere else.
    pub(super) fn page(&self, page_size: usize, body: &[u8]) -> Vec<u8> {
        let mut page = Vec::with_capacity(page_size);
        page.extend((self.txid % 2).to_le_bytes());
        page.extend(u64::from(Kind::Meta as u16).to_le_bytes());
        page.extend(body);
        page.resize(page_size, 0);
        page
    }

    /// Reads both meta pages. The size of a page is known from the first, or else from where the second is found.
    pub(super) fn both(file: &[u8]) -> [Result<Self, MetaFault>; 2] {
        let first = Self::read(file, 0);
        let sizes: Vec<usize> = match &first {
            Ok(meta) => vec![meta.page_size],
            Err(_) => PAGE_SIZES.map(|power| 1 << power).collect(),
        };
        let mut second = Err(MetaFault::Short);
        for size in sizes {
            let found = Self::read(file, size).and_then(|meta| match meta.page_size == size {
                true => Ok(meta),
                false => Err(MetaFault::Numbers),
            });
            // The most telling problem: a page that is found but damaged.
            if second.is_err() && !matches!(found, Err(MetaFault::NotMeta | MetaFault::Short))
                || second == Err(MetaFault::Short)
            {
                second = found;
            }
        }
        [first, second]
    }
}

/// The kinds of pages, as the flags that mark them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Branch = 1,
    Leaf = 2,
    Meta = 4,
    Freelist = 16,
}

/// A page with the pages that continue it.
#[derive(Clone, Copy)]
pub(super) struct Page<'f> {
    pub(super) number: u64,
    pub(super) kind: Kind,
    count: usize,
    data: &'f [u8],
}

/// An entry of a leaf.
#[derive(Clone, Copy)]
pub(super) struct Entry<'f> {
    pub(super) is_bucket: bool,
    pub(super) key: &'f [u8],
    pub(super) value: &'f [u8],
}

impl<'f> Page<'f> {
    /// Reads the page `number` from its bytes. `expected` names the kinds that belong in its place.
    pub(super) fn read(
        data: &'f [u8],
        number: u64,
        kinds: &[Kind],
        expected: &'static str,
    ) -> Result<Self, PageFault> {
        let claimed = u64_at(data, 0).ok_or(PageFault::Outside(number))?;
        if claimed != number {
            return Err(PageFault::Number { page: number, claimed });
        }
        let flags = u16_at(data, 8).unwrap_or_default();
        let kind = kinds.iter().copied().find(|kind| *kind as u16 == flags);
        let kind = kind.ok_or(PageFault::Kind { page: number, flags, expected })?;
        let count = u16_at(data, 10).map_or(0, usize::from);
        Ok(Self { number, kind, count, data })
    }

    /// The number of pages that continue the page at these bytes.
    pub(super) fn overflow(data: &[u8]) -> u64 {
        u32_at(data, 12).map_or(0, u64::from)
    }

    pub(super) const fn len(&self) -> usize {
        self.count
    }

    fn element(&self, element: usize) -> Result<(usize, [u32; 4]), PageFault> {
        let fault = || PageFault::Element { page: self.number, element };
        let at = HEADER + element * ELEMENT;
        let mut words = [0; 4];
        for (i, word) in words.iter_mut().enumerate() {
            *word = u32_at(self.data, at + i * 4).ok_or_else(fault)?;
        }
        Ok((at, words))
    }

    /// The bytes of an element, which lie behind all elements.
    fn part(&self, element: usize, at: usize, start: u32, length: u32) -> Result<&'f [u8], PageFault> {
        let fault = || PageFault::Element { page: self.number, element };
        let start = at + usize::try_from(start).map_err(|_| fault())?;
        let end = start.checked_add(usize::try_from(length).map_err(|_| fault())?).ok_or_else(fault)?;
        if length > 0 && start < HEADER + self.count * ELEMENT {
            return Err(fault());
        }
        self.data.get(start..end).ok_or_else(fault)
    }

    fn key(&self, element: usize, at: usize, start: u32, length: u32) -> Result<&'f [u8], PageFault> {
        let key = self.part(element, at, start, length)?;
        let is_key = (1..=MAX_KEY).contains(&key.len());
        is_key.then_some(key).ok_or(PageFault::Element { page: self.number, element })
    }

    /// The key and the page of an element of a branch.
    pub(super) fn branch(&self, element: usize) -> Result<(&'f [u8], u64), PageFault> {
        let (at, [start, length, low, high]) = self.element(element)?;
        let child = u64::from(high) << 32 | u64::from(low);
        Ok((self.key(element, at, start, length)?, child))
    }

    /// An entry of a leaf.
    pub(super) fn leaf(&self, element: usize) -> Result<Entry<'f>, PageFault> {
        let (at, [flags, start, key_length, length]) = self.element(element)?;
        let fault = PageFault::Element { page: self.number, element };
        let key = self.key(element, at, start, key_length)?;
        let value =
            self.part(element, at, start.checked_add(key_length).ok_or_else(|| fault.clone())?, length)?;
        (flags <= 1).then_some(Entry { is_bucket: flags == 1, key, value }).ok_or(fault)
    }

    /// The numbers in a list of free pages. A count of 65,535 means that the first number is the count.
    pub(super) fn free(&self) -> Result<Vec<u64>, PageFault> {
        let fault = |element| PageFault::Element { page: self.number, element };
        let (skipped, count) = match self.count {
            0xFFFF => (
                1,
                u64_at(self.data, HEADER).and_then(|count| usize::try_from(count).ok()).ok_or(fault(0))?,
            ),
            count => (0, count),
        };
        let start = HEADER + skipped * 8;
        let end = count.checked_mul(8).and_then(|bytes| start.checked_add(bytes)).ok_or(fault(0))?;
        let bytes = self.data.get(start..end).ok_or(fault(count))?;
        Ok(bytes.chunks_exact(8).filter_map(|chunk| u64_at(chunk, 0)).collect())
    }
}
