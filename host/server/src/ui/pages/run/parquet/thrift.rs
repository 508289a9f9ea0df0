//! Walks over structures in the compact protocol of Thrift, and shows the whole numbers in them.
//!
//! The reader of Parquet trusts the sizes that a file states, so a file of a stranger is walked over before. A walk
//! allocates nothing, and each list has no more elements than there are bytes.

/// The maximum nesting of a structure.
const DEPTH: usize = 32;

/// A part of a structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Int(i64),
    /// The end of a structure.
    End,
}

/// Sees the parts of a structure, each with the numbers of the fields around it. `None` refuses the structure.
pub(super) type See<'s> = dyn FnMut(&[i16], Part) -> Option<()> + 's;

/// Walks over a structure at the start of bytes, and returns its length. `None` when it is malformed.
pub(super) fn walk(bytes: &[u8], see: &mut See<'_>) -> Option<usize> {
    let mut walk = Walk { bytes, at: 0, path: Vec::new() };
    walk.structure(see)?;
    Some(walk.at)
}

struct Walk<'b> {
    bytes: &'b [u8],
    at: usize,
    path: Vec<i16>,
}

impl Walk<'_> {
    fn byte(&mut self) -> Option<u8> {
        let byte = self.bytes.get(self.at).copied()?;
        self.at += 1;
        Some(byte)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for place in 0..10 {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f).checked_shl(7 * place)?;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    /// Reads a number whose lowest bit is its sign.
    fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        let half = i64::try_from(number >> 1).ok()?;
        Some(if number & 1 == 0 { half } else { -half - 1 })
    }

    fn skip(&mut self, bytes: u64) -> Option<()> {
        let end = self.at.checked_add(usize::try_from(bytes).ok()?)?;
        self.at = end;
        (end <= self.bytes.len()).then_some(())
    }

    fn structure(&mut self, see: &mut See<'_>) -> Option<()> {
        if self.path.len() >= DEPTH {
            return None;
        }
        let mut field = 0_i16;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return see(&self.path, Part::End);
            }
            let next = match head >> 4 {
                0 => i16::try_from(self.signed()?).ok()?,
                more => field.checked_add(i16::from(more))?,
            };
            // A field that comes twice could have one value here and another one for the reader.
            if next <= field {
                return None;
            }
            field = next;
            self.path.push(field);
            self.value(head & 15, see)?;
            self.path.pop();
        }
    }

    fn value(&mut self, kind: u8, see: &mut See<'_>) -> Option<()> {
        match kind {
            1 | 2 => Some(()),
            3 => {
                let byte = self.byte()?;
                see(&self.path, Part::Int(i64::from(byte)))
            }
            4..=6 => {
                let number = self.signed()?;
                see(&self.path, Part::Int(number))
            }
            7 => self.skip(8),
            8 => {
                let length = self.number()?;
                self.skip(length)
            }
            9 | 10 => self.list(see),
            12 => self.structure(see),
            // Parquet has no maps.
            _ => None,
        }
    }

    fn list(&mut self, see: &mut See<'_>) -> Option<()> {
        let head = self.byte()?;
        let count = match head >> 4 {
            15 => self.number()?,
            count => u64::from(count),
        };
        if count > (self.bytes.len() - self.at) as u64 {
            return None;
        }
        for _ in 0..count {
            match head & 15 {
                1 | 2 => drop(self.byte()?),
                kind => self.value(kind, see)?,
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers with their paths, and the length of the structure.
    type Seen = (Vec<(Vec<i16>, i64)>, usize);

    fn seen(bytes: &[u8]) -> Option<Seen> {
        let mut all = Vec::new();
        let length = walk(bytes, &mut |path, part| {
            if let Part::Int(number) = part {
                all.push((path.to_vec(), number));
            }
            Some(())
        })?;
        Some((all, length))
    }

    #[test]
    fn a_structure_has_fields_lists_and_structures() {
        // {1: 3, 2: "ab", 4: {1: -1}, 5: [7, 8]} and one more byte.
        let bytes = [0x15, 6, 0x18, 2, b'a', b'b', 0x2c, 0x15, 1, 0, 0x19, 0x25, 14, 16, 0, 99];
        let (all, length) = seen(&bytes).unwrap();
        assert_eq!(all, [(vec![1], 3), (vec![4, 1], -1), (vec![5], 7), (vec![5], 8)]);
        assert_eq!(length, bytes.len() - 1);
        for end in 0..bytes.len() - 1 {
            assert_eq!(seen(&bytes[..end]), None, "{end}");
        }
    }

    #[test]
    fn odd_structures_are_refused() {
        let deep = [0x1c; 100_000];
        for bytes in [
            // A list of two billion elements, a field twice, a text of any length, a number without an end, a map.
            &[0x19, 0xf5, 0xff, 0xff, 0xff, 0xff, 7, 0][..],
            &[0x15, 2, 0x05, 2, 2, 0],
            &[0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0],
            &[0x15, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0],
            &[0x1b, 0, 0],
            &deep,
            &[],
        ] {
            assert_eq!(seen(bytes), None, "{:?}", &bytes[..bytes.len().min(20)]);
        }
    }
}
