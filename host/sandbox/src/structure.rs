//! The structural limits of a component, checked before it is compiled.
//!
//! The threat: a component that is short and takes minutes to compile. Cranelift's time grows with the number
//! of functions, and faster than linearly with the size of one: 100 KB with 8,000 variables and 8,000
//! branches in one function take a minute. Toolchains stay far below these limits; the error names the limit
//! that a component exceeds.

use wasmparser::{FunctionBody, Operator, Parser, Payload};

use crate::component_error::ComponentError;

/// Maximum functions of all modules together.
const FUNCTIONS: u64 = 150_000;
/// Maximum bytes of one function.
const FUNCTION_BYTES: usize = 1 << 20;
/// Maximum product of local variables and branches of one function.
const FUNCTION_WORK: u64 = 20_000_000;
/// Maximum core modules, and components in components.
const MODULES: u64 = 256;
/// Maximum nesting of components.
const DEPTH: usize = 8;
/// Maximum imports, and exports, of one module or component.
const NAMES: u32 = 10_000;
/// Maximum data and element segments of one module.
const SEGMENTS: u32 = 100_000;

/// Refuses components that would take too long to compile.
///
/// # Errors
/// Returns the first limit that the component exceeds. Invalid WebAssembly is left to the compiler.
pub(crate) fn check(wasm: &[u8]) -> Result<(), ComponentError> {
    let mut counts = Counts::default();
    for payload in Parser::new(0).parse_all(wasm) {
        // The compiler describes invalid parts better.
        let Ok(payload) = payload else { return Ok(()) };
        counts.add(payload)?;
    }
    Ok(())
}

#[derive(Default)]
struct Counts {
    functions: u64,
    modules: u64,
    depth: usize,
    /// Number of examined functions of the current module.
    bodies: u64,
}

impl Counts {
    fn add(&mut self, payload: Payload<'_>) -> Result<(), ComponentError> {
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                self.modules += 1;
                self.depth += 1;
                self.bodies = 0;
                within("modules and components", self.modules, MODULES)?;
                within("components inside of each other", self.depth as u64, DEPTH as u64)
            }
            Payload::End(_) => {
                self.depth = self.depth.saturating_sub(1);
                Ok(())
            }
            Payload::FunctionSection(section) => {
                self.functions += u64::from(section.count());
                within("functions", self.functions, FUNCTIONS)
            }
            Payload::ImportSection(section) => within("imports", section.count().into(), NAMES.into()),
            Payload::ComponentImportSection(section) => {
                within("imports", section.count().into(), NAMES.into())
            }
            Payload::ExportSection(section) => within("exports", section.count().into(), NAMES.into()),
            Payload::ComponentExportSection(section) => {
                within("exports", section.count().into(), NAMES.into())
            }
            Payload::DataSection(section) => within("data segments", section.count().into(), SEGMENTS.into()),
            Payload::ElementSection(section) => {
                within("element segments", section.count().into(), SEGMENTS.into())
            }
            Payload::CodeSectionEntry(body) => {
                let index = self.bodies;
                self.bodies += 1;
                function(index, &body)
            }
            _ => Ok(()),
        }
    }
}

fn within(what: &str, count: u64, limit: u64) -> Result<(), ComponentError> {
    if count <= limit {
        return Ok(());
    }
    Err(ComponentError::TooLarge(format!(
        "the component has {count} {what}; the limit is {limit}: such a component takes too long to compile"
    )))
}

/// Checks the limits of one function, which is the `index`th of its module.
fn function(index: u64, body: &FunctionBody<'_>) -> Result<(), ComponentError> {
    let bytes = body.range().len();
    if bytes > FUNCTION_BYTES {
        return Err(ComponentError::TooLarge(format!(
            "function {index} of a module has {bytes} bytes; the limit is {FUNCTION_BYTES}: split it, or build with less inlining"
        )));
    }
    let locals = locals(body);
    // A branch takes two bytes or more.
    if locals.saturating_mul(bytes as u64 / 2) <= FUNCTION_WORK {
        return Ok(());
    }
    let branches = branches(body);
    if locals.saturating_mul(branches) <= FUNCTION_WORK {
        return Ok(());
    }
    Err(ComponentError::TooLarge(format!(
        "function {index} of a module has {locals} local variables and {branches} branches; their product may be {FUNCTION_WORK}: split it, or build with optimization"
    )))
}

fn locals(body: &FunctionBody<'_>) -> u64 {
    let Ok(reader) = body.get_locals_reader() else { return 0 };
    reader.into_iter().map_while(Result::ok).map(|(count, _)| u64::from(count)).sum()
}

fn branches(body: &FunctionBody<'_>) -> u64 {
    let Ok(mut reader) = body.get_operators_reader() else { return 0 };
    let mut branches = 0;
    while let Ok(operator) = reader.read() {
        branches += match operator {
            Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::Br { .. }
            | Operator::BrIf { .. } => 1,
            Operator::BrTable { targets } => u64::from(targets.len()) + 1,
            _ => 0,
        };
        if reader.eof() {
            break;
        }
    }
    branches
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Encodes an unsigned number in LEB128.
    fn leb(mut value: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        loop {
            let low = (value & 0x7f) as u8;
            value >>= 7;
            if value == 0 {
                bytes.push(low);
                return bytes;
            }
            bytes.push(low | 0x80);
        }
    }

    fn section(id: u8, content: &[u8]) -> Vec<u8> {
        [vec![id], leb(content.len()), content.to_vec()].concat()
    }

    /// Makes a component with one module of these functions.
    fn component(functions: usize, body: &[u8]) -> Vec<u8> {
        let body = [leb(body.len()), body.to_vec()].concat();
        let module = [
            b"\0asm\x01\0\0\0".to_vec(),
            section(1, &[1, 0x60, 0, 0]),
            section(3, &[leb(functions), vec![0; functions]].concat()),
            section(10, &[leb(functions), body.repeat(functions)].concat()),
        ]
        .concat();
        [b"\0asm\x0d\0\x01\0".to_vec(), section(1, &module)].concat()
    }

    /// Makes a function with that many variables and empty `if`s.
    fn body(locals: usize, ifs: usize) -> Vec<u8> {
        let declared = if locals == 0 { vec![0] } else { [vec![1], leb(locals), vec![0x7f]].concat() };
        let branch = [0x41, 0, 0x04, 0x40, 0x0b];
        [declared, branch.repeat(ifs), vec![0x0b]].concat()
    }

    #[test]
    fn what_takes_too_long_to_compile_is_refused_by_name() {
        for (what, wasm, expected) in [
            ("a plain component", component(10, &body(3, 3)), None),
            ("many functions", component(150_001, &body(0, 0)), Some("150001 functions")),
            (
                "many variables and branches",
                component(1, &body(8000, 8000)),
                Some("8000 local variables and 8000 branches"),
            ),
            ("many variables", component(1, &body(40_000, 10)), None),
            ("many branches", component(1, &body(3, 100_000)), None),
            ("a long function", component(1, &body(0, 300_000)), Some("bytes; the limit is 1048576")),
            ("no WebAssembly", b"\0asm\x0d\0\x01\0garbage".to_vec(), None),
        ] {
            let found = check(&wasm).err().map(|error| error.to_string());
            match expected {
                None => assert_eq!(found, None, "{what}"),
                Some(text) => assert!(found.as_deref().unwrap_or("").contains(text), "{what}: {found:?}"),
            }
        }
    }

    #[test]
    fn components_inside_of_each_other_are_counted() {
        let mut wasm = b"\0asm\x0d\0\x01\0".to_vec();
        for _ in 0..10 {
            wasm = [b"\0asm\x0d\0\x01\0".to_vec(), section(4, &wasm)].concat();
        }
        let error = check(&wasm).err().unwrap().to_string();
        assert!(error.contains("components inside of each other"), "{error}");
    }
}
