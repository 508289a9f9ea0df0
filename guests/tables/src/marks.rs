//! Finds single bytes in a text, 64 bytes at a time.

pub(crate) const ONES: u64 = 0x0101_0101_0101_0101;
const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
/// The number of bytes that one mask covers.
pub(crate) const BLOCK: usize = 64;

/// Sets the high bit of each zero byte of `word`.
pub(crate) fn zeros(word: u64) -> u64 {
    !(((word & LOW) + LOW) | word | LOW)
}

/// Finds the positions of three byte values in a text.
#[derive(Debug)]
pub(crate) struct Marks {
    bytes: [u8; 3],
    /// The start of the block that the mask covers.
    base: usize,
    /// The end of that block; 0 if there is none.
    end: usize,
    /// One bit for each byte of the block.
    mask: u64,
}

impl Marks {
    pub(crate) fn new(bytes: [u8; 3]) -> Self {
        Self { bytes, base: 0, end: 0, mask: 0 }
    }

    /// Discards the mask after the text has changed at or after the next position.
    pub(crate) fn forget(&mut self) {
        self.end = 0;
    }

    /// Returns the position of the first of the bytes at or after `at`, or the length of the text if
    /// there is none.
    #[inline]
    pub(crate) fn next(&mut self, text: &[u8], at: usize) -> usize {
        if at < self.base || at >= self.end {
            return self.search(text, at);
        }
        let rest = self.mask & (u64::MAX << (at - self.base));
        match rest {
            0 => self.search(text, self.end),
            rest => self.base + rest.trailing_zeros() as usize,
        }
    }

    /// Searches block by block.
    fn search(&mut self, text: &[u8], mut at: usize) -> usize {
        while let Some(block) = text.get(at..).and_then(|rest| rest.first_chunk::<BLOCK>()) {
            let mask = mask(block, self.bytes);
            if mask != 0 {
                (self.base, self.end, self.mask) = (at, at + BLOCK, mask);
                return at + mask.trailing_zeros() as usize;
            }
            at += BLOCK;
        }
        // The text may grow at its end, so search the end again each time.
        self.forget();
        let rest = text.get(at..).unwrap_or_default();
        let found = rest.iter().position(|byte| self.bytes.contains(byte));
        found.map_or(text.len(), |found| at + found)
    }
}

/// Returns the ends of fields and lines in a block, and the quotes.
#[inline]
pub(crate) fn ends_and_quotes(block: &[u8; BLOCK], delimiter: u8, quote: Option<u8>) -> (u64, u64) {
    let ends = mask(block, [delimiter, b'\n', b'\r']);
    (ends, quote.map_or(0, |quote| mask(block, [quote; 3])))
}

/// Returns the line feeds, the carriage returns and the quotes in a block.
#[inline]
pub(crate) fn lines_and_quotes(block: &[u8; BLOCK], quote: Option<u8>) -> (u64, u64, u64) {
    let [feeds, returns] = [b'\n', b'\r'].map(|sign| mask(block, [sign; 3]));
    (feeds, returns, quote.map_or(0, |quote| mask(block, [quote; 3])))
}

#[cfg(target_arch = "wasm32")]
#[inline]
fn mask(block: &[u8; BLOCK], bytes: [u8; 3]) -> u64 {
    use core::arch::wasm32::{i8x16_bitmask, i8x16_eq, u8x16_splat, u64x2, v128_or};

    let [first, second, third] = bytes.map(|byte| u8x16_splat(byte));
    let (words, _) = block.as_chunks::<16>();
    let mut mask = 0;
    for (place, word) in words.iter().enumerate() {
        let word = u128::from_le_bytes(*word);
        let word = u64x2(word as u64, (word >> 64) as u64);
        let found = v128_or(v128_or(i8x16_eq(word, first), i8x16_eq(word, second)), i8x16_eq(word, third));
        mask |= u64::from(i8x16_bitmask(found)) << (place * 16);
    }
    mask
}

#[cfg(not(target_arch = "wasm32"))]
fn mask(block: &[u8; BLOCK], bytes: [u8; 3]) -> u64 {
    let spread = bytes.map(|byte| u64::from(byte) * ONES);
    let (words, _) = block.as_chunks::<8>();
    let mut mask = 0;
    for (place, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = spread.iter().fold(0, |found, byte| found | zeros(word ^ byte));
        // Gather the high bits of eight bytes into eight bits.
        mask |= ((found >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) << (place * 8);
    }
    mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_is_found_once_wherever_it_stands() {
        for length in [0, 1, 63, 64, 65, 200] {
            for step in [1, 2, 7, 64, 90] {
                let text: Vec<u8> = (0..length)
                    .map(|at| match at % step {
                        0 => [b',', b'\n', b'\r'][at % 3],
                        _ => [b'a', 0xff, 0x0c, b'-'][at % 4],
                    })
                    .collect();
                let mut marks = Marks::new([b',', b'\n', b'\r']);
                let (mut found, mut at) = (Vec::new(), 0);
                loop {
                    at = marks.next(&text, at);
                    if at == text.len() {
                        break;
                    }
                    found.push(at);
                    at += 1;
                }
                assert_eq!(found, (0..length).step_by(step).collect::<Vec<_>>(), "{length} {step}");
            }
        }
    }
}
