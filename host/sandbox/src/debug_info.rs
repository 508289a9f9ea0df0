//! The limit on the DWARF of a component.
//!
//! The threat: the engine searches all of a component's DWARF for each frame of a backtrace, while the thread
//! of the host does nothing else. So a component with more DWARF than the limit is compiled without any, and
//! its backtraces contain only names.

use std::borrow::Cow;

/// Maximum bytes of DWARF to keep: enough for a step with its libraries, built for debugging.
const MOST: usize = 8 << 20;

/// Returns the component, without its DWARF if there is too much of it.
pub(crate) fn bounded(wasm: &[u8]) -> Cow<'_, [u8]> {
    bounded_by(wasm, MOST)
}

fn bounded_by(wasm: &[u8], most: usize) -> Cow<'_, [u8]> {
    let mut kept = Vec::new();
    match without(wasm, &mut kept) {
        // The compiler refuses components that cannot be read.
        Some(dropped) if dropped > most => Cow::Owned(kept),
        _ => Cow::Borrowed(wasm),
    }
}

const HEADER: usize = 8;
const CUSTOM: u8 = 0;
/// The section ids of nested parts of a component: a core module, and a component.
const NESTED: [u8; 2] = [1, 4];

/// Writes a component or a module without its DWARF, and returns the number of bytes removed. `None` when it
/// is malformed.
fn without(wasm: &[u8], kept: &mut Vec<u8>) -> Option<usize> {
    let header = wasm.get(..HEADER)?;
    let is_component = header.get(6) == Some(&1);
    kept.extend_from_slice(header);
    let (mut rest, mut dropped) = (wasm.get(HEADER..)?, 0);
    while let Some((id, after)) = rest.split_first() {
        let (size, after) = number(after)?;
        let (content, after) = after.split_at_checked(size)?;
        if *id == CUSTOM && is_dwarf(content)? {
            dropped += content.len();
        } else if is_component && NESTED.contains(id) {
            let mut inner = Vec::new();
            dropped += without(content, &mut inner)?;
            section(*id, &inner, kept);
        } else {
            section(*id, content, kept);
        }
        rest = after;
    }
    Some(dropped)
}

fn is_dwarf(content: &[u8]) -> Option<bool> {
    let (size, name) = number(content)?;
    Some(name.get(..size)?.starts_with(b".debug_"))
}

fn section(id: u8, content: &[u8], kept: &mut Vec<u8>) {
    kept.push(id);
    let mut size = content.len();
    while size >= 0x80 {
        kept.push((size & 0x7f) as u8 | 0x80);
        size >>= 7;
    }
    kept.push(size as u8);
    kept.extend_from_slice(content);
}

/// Reads an unsigned LEB128 of at most 32 bits, and returns it with the rest.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0;
    for (index, byte) in bytes.iter().take(5).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(index + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn custom(name: &str, bytes: usize) -> Vec<u8> {
        let mut content = vec![name.len() as u8];
        content.extend_from_slice(name.as_bytes());
        content.resize(content.len() + bytes, b'x');
        let mut section = Vec::new();
        super::section(CUSTOM, &content, &mut section);
        section
    }

    #[test]
    fn a_component_with_too_much_dwarf_loses_all_of_it_and_nothing_else() {
        let module = |dwarf: usize| {
            [
                b"\0asm\x01\0\0\0".to_vec(),
                custom("name", 3),
                custom(".debug_info", dwarf),
                custom(".debug_line", 5),
            ]
            .concat()
        };
        let component = |module: &[u8]| {
            let mut component = b"\0asm\x0d\0\x01\0".to_vec();
            section(1, module, &mut component);
            [component, custom("producers", 9)].concat()
        };
        let large = component(&module(10_000));
        assert_eq!(bounded_by(&large, 20_000), large);
        let stripped = [b"\0asm\x01\0\0\0".to_vec(), custom("name", 3)].concat();
        assert_eq!(bounded_by(&large, 9_000), component(&stripped));
        for broken in [&large[..large.len() - 40], b"\0asm", b"hello there", &[]] {
            assert_eq!(bounded_by(broken, 0), broken);
        }
    }
}
