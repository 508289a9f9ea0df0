//! The bounds of a Parquet file, which are checked before a reader trusts its sizes: the memory of the reader follows
//! from the file.

use super::thrift::{Part, walk};

/// The maximum number of bytes of the description at the end of a file.
const FOOTER: usize = 512 << 10;
/// The maximum number of columns and groups of columns, and their nesting.
const ELEMENTS: usize = 5_000;
const NESTING: usize = 32;
/// The maximum number of bytes of a page, compressed and not, and of pages of a column that are read.
const PAGE: i64 = 16 << 20;
const PAGES: usize = 10_000;

/// The encodings that the preview reads: plain values and dictionaries. Others state sizes of their own inside of a page.
const ENCODINGS: [i64; 4] = [0, 2, 3, 8];

/// Checks the description of a file.
pub(super) fn footer(bytes: &[u8]) -> Result<(), &'static str> {
    const SHORT: &str = "the file is damaged: its description is cut";
    let (rest, magic) = bytes.split_last_chunk::<4>().ok_or(SHORT)?;
    let (rest, length) = rest.split_last_chunk::<4>().ok_or(SHORT)?;
    if magic != b"PAR1" {
        return Err("the file is damaged or encrypted: its end is not the one of a Parquet file");
    }
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| SHORT)?;
    if length > FOOTER {
        return Err("the description of its columns is too long for a preview");
    }
    let start = rest.len().checked_sub(length).ok_or(SHORT)?;
    let mut elements = Elements::default();
    let mut see = |path: &[i16], part: Part| match (path, part) {
        ([2, 5], Part::Int(count)) => elements.children(count),
        ([2], Part::End) => elements.end(),
        _ => Some(()),
    };
    walk(rest.get(start..).unwrap_or_default(), &mut see)
        .filter(|_| elements.is_complete())
        .map(drop)
        .ok_or("the file is damaged: its description cannot be read")
}

/// The columns of a file, which are listed as a tree: each element is followed by its children.
#[derive(Default)]
struct Elements {
    count: usize,
    /// The children of the present element.
    own: usize,
    /// The children that are missing at each level.
    missing: Vec<usize>,
}

impl Elements {
    fn children(&mut self, count: i64) -> Option<()> {
        self.own = usize::try_from(count).ok().filter(|count| *count <= ELEMENTS)?;
        Some(())
    }

    fn end(&mut self) -> Option<()> {
        if self.count > 0 {
            *self.missing.last_mut()? -= 1;
        }
        self.count += 1;
        if self.own > 0 || self.count == 1 {
            self.missing.push(std::mem::take(&mut self.own));
        }
        while self.missing.last() == Some(&0) {
            self.missing.pop();
        }
        (self.count <= ELEMENTS && self.missing.len() <= NESTING).then_some(())
    }

    fn is_complete(&self) -> bool {
        self.count > 1 && self.missing.is_empty()
    }
}

/// The header of a page.
#[derive(Default)]
struct Header {
    unpacked: i64,
    packed: i64,
    values: i64,
    is_dictionary: bool,
    encodings: Vec<i64>,
}

impl Header {
    fn see(&mut self, path: &[i16], part: Part) -> Option<()> {
        let Part::Int(number) = part else { return Some(()) };
        match path {
            [2] => self.unpacked = number,
            [3] => self.packed = number,
            [5 | 7 | 8, 1] => {
                self.values = number;
                self.is_dictionary = path.first() == Some(&7);
            }
            [5 | 7, 2] | [8, 4] => self.encodings.push(number),
            _ => {}
        }
        Some(())
    }

    fn problem(&self) -> Option<&'static str> {
        let bytes = 0..=PAGE;
        if !bytes.contains(&self.unpacked) || !bytes.contains(&self.packed) {
            return Some("a page of it is too large for a preview");
        }
        // A value of a dictionary has at least a bit.
        let most = if self.is_dictionary { self.unpacked.saturating_mul(8) } else { i64::from(i32::MAX) };
        if self.values < 0 || self.values > most {
            return Some("the file is damaged: a page states a number of values that it cannot have");
        }
        let is_read = self.encodings.iter().all(|encoding| ENCODINGS.contains(encoding));
        (!is_read).then_some("a column has an encoding that the preview does not read")
    }
}

/// Checks the first pages of a column: those with at least `rows` values. `bytes` begins at the column.
pub(super) fn pages(bytes: &[u8], rows: usize) -> Result<(), &'static str> {
    const DAMAGED: &str = "the file is damaged: a column of it cannot be read";
    let (mut at, mut values) = (0_usize, 0_usize);
    for _ in 0..PAGES {
        let rest = bytes.get(at..).ok_or(DAMAGED)?;
        if rest.is_empty() || values >= rows {
            return Ok(());
        }
        let mut header = Header::default();
        let length = walk(rest, &mut |path, part| header.see(path, part)).ok_or(DAMAGED)?;
        if let Some(problem) = header.problem() {
            return Err(problem);
        }
        let packed = usize::try_from(header.packed).map_err(|_| DAMAGED)?;
        at = at.checked_add(length).and_then(|at| at.checked_add(packed)).ok_or(DAMAGED)?;
        if !header.is_dictionary {
            values = values.saturating_add(usize::try_from(header.values).unwrap_or_default());
        }
    }
    Err("a column of it has too many pages for a preview")
}
