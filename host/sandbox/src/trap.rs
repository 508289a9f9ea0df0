//! The description of a trap: its kind in plain language, the guest's own message about it, and its place.
//!
//! All of this comes from the guest: its names, its source files, its text. It contains nothing of the host,
//! and no text of the engine.

use wasmtime::{FrameInfo, FrameSymbol, Trap, WasmBacktrace};

/// Maximum frames of a backtrace.
pub(crate) const MAX_FRAMES: usize = 32;
/// Maximum lines of a guest's own traceback.
const MAX_LINES: usize = 24;
const MAX_LINE: usize = 500;

/// Describes the kind of trap.
pub(crate) fn kind(trap: Trap) -> &'static str {
    match trap {
        Trap::StackOverflow => "stack overflow: the step's recursion is too deep (limit 8 MiB of stack)",
        // Compilers put the stack below everything else, so that large frames leave the memory before the
        // engine notices that the recursion is too deep.
        Trap::MemoryOutOfBounds => {
            "the step reached outside of its memory; in deep recursion this is a stack overflow"
        }
        Trap::HeapMisaligned => "the step reached a misaligned address",
        Trap::TableOutOfBounds => "the step reached outside of a table",
        Trap::IndirectCallToNull => "the step called a function pointer that is null",
        Trap::BadSignature => "the step called a function pointer of another type",
        Trap::IntegerOverflow => "integer overflow",
        Trap::IntegerDivisionByZero => "integer division by zero",
        Trap::BadConversionToInteger => "a number does not fit into an integer",
        Trap::UnreachableCodeReached => "the step aborted",
        Trap::CannotEnterComponent => "the step was called again after it had trapped",
        _ => "the step broke a rule of WebAssembly",
    }
}

/// The text that a guest printed before it trapped or exited.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct LastWords {
    /// The error, on one line.
    pub message: String,
    /// The traceback, as the guest's language prints it.
    pub traceback: Vec<String>,
}

/// Finds the error in the lines that a guest printed to standard error: a Rust panic, a Python traceback, a
/// JavaScript exception, or otherwise the last line.
pub(crate) fn last_words(stderr: &[String]) -> Option<LastWords> {
    let lines: Vec<&str> =
        stderr.iter().map(|line| line.trim_end()).filter(|line| !line.is_empty()).collect();
    if let Some(at) = lines.iter().rposition(|line| line.contains(" panicked at ")) {
        return Some(panic(lines.get(at..).unwrap_or_default()));
    }
    let from = lines.iter().rposition(|line| line.starts_with("Traceback (most recent call last)"));
    if let Some(from) = from {
        let block = lines.get(from..).unwrap_or_default();
        // The first line after the indented ones is the exception.
        let error = block.iter().skip(1).find(|line| !line.starts_with(' ')).or(block.last())?;
        return Some(LastWords { message: cut(error), traceback: bounded(block) });
    }
    let frame = |line: &&str| line.trim_start().starts_with("at ") || line.contains('@');
    let first = lines.iter().position(|line| is_error(line));
    match first {
        Some(at) => {
            let block = lines.get(at..).unwrap_or_default();
            let message = block.first().map(|line| cut(line)).unwrap_or_default();
            let traceback: Vec<&str> = block.iter().skip(1).copied().filter(frame).collect();
            Some(LastWords { message, traceback: bounded(&traceback) })
        }
        None => Some(LastWords { message: cut(lines.last()?), traceback: Vec::new() }),
    }
}

/// Returns whether a line is an error: `TypeError: ...`, `Uncaught Error: ...`.
fn is_error(line: &str) -> bool {
    let name = line.strip_prefix("Uncaught ").unwrap_or(line).split(':').next().unwrap_or_default();
    line.contains(':')
        && (name.ends_with("Error") || name.ends_with("Exception"))
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '$'))
}

/// Reads a Rust panic: its place, and the message on the following lines.
fn panic(lines: &[&str]) -> LastWords {
    let place = lines.first().and_then(|line| line.split(" panicked at ").nth(1)).unwrap_or_default();
    let what: Vec<&str> = lines
        .iter()
        .skip(1)
        .take_while(|line| !line.starts_with("note: "))
        .take(4)
        .map(|line| line.trim())
        .collect();
    LastWords { message: cut(&format!("panicked at {place} {}", what.join(" "))), traceback: Vec::new() }
}

fn bounded(lines: &[&str]) -> Vec<String> {
    let skipped = lines.len().saturating_sub(MAX_LINES);
    lines.iter().skip(skipped).map(|line| cut(line)).collect()
}

fn cut(line: &str) -> String {
    match line.char_indices().nth(MAX_LINE) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line.trim_end().to_owned(),
    }
}

/// Returns the guest's functions, innermost first, without those of every panic and abort.
pub(crate) fn frames(error: &wasmtime::Error) -> Vec<String> {
    let found = error.downcast_ref::<WasmBacktrace>().map(WasmBacktrace::frames).unwrap_or_default();
    without_noise(found.iter().flat_map(frame).take(MAX_FRAMES).collect())
}

/// Returns a frame and the functions inlined into it, with file and line if the component has them.
fn frame(frame: &FrameInfo) -> Vec<String> {
    let own = frame.func_name().map(demangled);
    let last = frame.symbols().len().saturating_sub(1);
    let symbol = |(index, symbol): (usize, &FrameSymbol)| {
        // The name section has the full name of the function itself; DWARF has the names of
        // inlined functions.
        let inlined = symbol.name().map(demangled);
        let name = if index == last { own.clone().or(inlined) } else { inlined }?;
        let place = match (symbol.file(), symbol.line()) {
            (Some(file), Some(line)) => format!(" ({}:{line})", end_of(file)),
            (Some(file), None) => format!(" ({})", end_of(file)),
            _ => String::new(),
        };
        Some(format!("{name}{place}"))
    };
    let symbols: Vec<String> = frame.symbols().iter().enumerate().filter_map(symbol).collect();
    match (symbols.is_empty(), own) {
        (false, _) => symbols,
        (true, Some(name)) => vec![name],
        (true, None) => vec![format!("function {}", frame.func_index())],
    }
}

/// Returns the last parts of a path: the directories of the build machine are useless.
fn end_of(path: &str) -> &str {
    path.rmatch_indices('/').nth(2).map_or(path, |(at, _)| path.get(at + 1..).unwrap_or(path))
}

/// Functions that are part of every panic and abort of Rust and of wasi-libc.
const NOISE: &[&str] = &[
    "std::", "core::", "alloc::", "<std::", "<core::", "<alloc::", "__rust", "rust_", "_rdl_", "__rdl_",
    "abort", "exit", "_Exit", "__wasi", "__wasm", "__panic", "panic_",
];

fn without_noise(mut frames: Vec<String>) -> Vec<String> {
    let noise = |frame: &String| NOISE.iter().any(|prefix| frame.starts_with(prefix));
    let skip = frames.iter().position(|frame| !noise(frame)).unwrap_or(0);
    frames.drain(..skip);
    frames
}

/// Removes the hash from Rust's names.
fn demangled(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_several_languages_are_found_in_what_they_print() {
        for (printed, message, traceback) in [
            (
                "starting\n\nthread '<unnamed>' (1) panicked at src/lib.rs:10:5:\noh no\nnote: run with `RUST_BACKTRACE=1`",
                "panicked at src/lib.rs:10:5: oh no",
                "",
            ),
            (
                "Traceback (most recent call last):\n  File \"app.py\", line 7, in run\n    raise ValueError('boom')\nValueError: boom\n",
                "ValueError: boom",
                "Traceback (most recent call last):|  File \"app.py\", line 7, in run|    raise ValueError('boom')|ValueError: boom",
            ),
            (
                "TypeError: x is not a function\n    at run (step.js:3:5)\n    at main (step.js:9:1)",
                "TypeError: x is not a function",
                "    at run (step.js:3:5)|    at main (step.js:9:1)",
            ),
            ("Error: boom\nStack:\n  run@step.js:3:11\n", "Error: boom", "  run@step.js:3:11"),
            ("warning: deprecated\nfatal: no memory", "fatal: no memory", ""),
        ] {
            let lines: Vec<String> = printed.lines().map(str::to_owned).collect();
            let found = last_words(&lines).unwrap();
            assert_eq!((found.message.as_str(), found.traceback.join("|").as_str()), (message, traceback));
        }
        assert_eq!(last_words(&[]), None);
        let long = last_words(&["x".repeat(10_000)]).unwrap();
        assert!(long.message.chars().count() <= MAX_LINE + 1);
        let mut deep: Vec<String> = vec!["Traceback (most recent call last):".to_owned()];
        deep.extend((0..1000).map(|n| format!("  File \"a.py\", line {n}")));
        deep.push("RecursionError: too deep".to_owned());
        let found = last_words(&deep).unwrap();
        assert_eq!((found.message.as_str(), found.traceback.len()), ("RecursionError: too deep", MAX_LINES));
    }

    #[test]
    fn a_backtrace_begins_where_the_step_is() {
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let frames = names(&["__rust_abort", "std::panicking::panic", "probe::run", "core::ops::call"]);
        assert_eq!(without_noise(frames), ["probe::run", "core::ops::call"]);
        assert_eq!(without_noise(names(&["std::a"])), ["std::a"]);
        assert_eq!(end_of("/home/me/step/src/lib.rs"), "step/src/lib.rs");
        assert_eq!(end_of("src/lib.rs"), "src/lib.rs");
    }
}
