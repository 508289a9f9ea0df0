//! No text makes the parser or the evaluator panic: scripts of `cases/`, cut, spliced and sprinkled
//! with punctuation.
//!
//! `PS_FUZZ` is the number of scripts, `PS_FUZZ_FIRST` the first seed.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where its helper fails"
)]

mod native;

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use native::{Native, Seen};
use ps_lang::Script;
use ps_lang::interpreter;
use ps_value::random::Rng;

const PIECES: &[&str] = &[
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "@(",
    "@{",
    "$(",
    "'",
    "\"",
    "@'\n",
    "\n'@",
    "|",
    ";",
    "\n",
    ",",
    "..",
    "-",
    "--",
    "+",
    "*",
    "/",
    "%",
    "=",
    "!",
    "?",
    ":",
    "::",
    ".",
    "`",
    "#",
    "<#",
    "#>",
    "&",
    "&&",
    "||",
    "??",
    "?.",
    "?[",
    "$",
    "${",
    "$_",
    "$x",
    "@x",
    "0",
    "-1",
    "1e308",
    "0x7fffffffffffffff",
    "9223372036854775807",
    "-2147483648",
    "1gb",
    "1.5d",
    "''",
    "é",
    "😀",
    "\u{0}",
    "$null",
    "$true",
    "[int]",
    "[string]",
    "[datetime]",
    "[regex]",
    "[xml]",
    "[char]",
    "[timespan]",
    "[decimal]",
    "[array]",
    "[math]::",
    "[convert]::",
    " -f ",
    " -split ",
    " -replace ",
    " -match ",
    " -join ",
    " -as ",
    " -is ",
    " -shl ",
    "function f ",
    "class C ",
    "enum E ",
    "param(",
    "if (",
    "foreach ($x in ",
    "while (",
    "switch (",
    "try ",
    "catch ",
    "finally ",
    "throw ",
    "trap ",
    "return ",
    "break",
    "continue",
    "exit",
    "begin ",
    "process ",
    ".Substring(",
    ".Split(",
    ".PadLeft(",
    ".AddDays(",
    ".ToString('",
    "{0:N",
    "{0,",
    "yyyy",
    "Format-Table ",
    "Sort-Object ",
    "Select-Object -First ",
    "ForEach-Object ",
    "Where-Object ",
    "Get-Date ",
    "ConvertTo-Json ",
    "ConvertFrom-Json ",
];

fn below(random: &mut Rng, limit: usize) -> usize {
    random.between(0, limit as i64) as usize
}

fn mutated(seeds: &[Vec<char>], random: &mut Rng) -> String {
    let mut text = seeds[below(random, seeds.len())].clone();
    // Short, so that the script also reaches the change.
    let from = below(random, text.len());
    text = text[from..(from + 20 + below(random, 400)).min(text.len())].to_vec();
    for _ in 0..1 + below(random, 6) {
        let at = below(random, text.len() + 1);
        match below(random, 5) {
            0 => {
                let end = (at + below(random, 12)).min(text.len());
                text.drain(at..end);
            }
            1 => {
                let other = &seeds[below(random, seeds.len())];
                let from = below(random, other.len());
                let to = (from + below(random, 60)).min(other.len());
                text.splice(at..at, other[from..to].iter().copied());
            }
            2 => text.truncate(at.max(1)),
            _ => {
                let piece = PIECES[below(random, PIECES.len())];
                text.splice(at..at, piece.chars());
            }
        }
    }
    text.into_iter().collect()
}

/// Returns whether the script ended normally.
fn survives(script: &str, root: &Path) -> bool {
    catch_unwind(AssertUnwindSafe(|| {
        let host = Native {
            root: root.to_owned(),
            seen: Rc::<RefCell<Seen>>::default(),
            started: Instant::now(),
            limit: Duration::from_millis(300),
        };
        if let Ok(script) = Script::parse("/script/fuzz.ps1", script) {
            ps_lang::check::check(&script);
            interpreter(Box::new(host)).run_script(&script, Vec::new());
        }
    }))
    .is_ok()
}

#[test]
fn no_script_panics() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (count, first) = (number("PS_FUZZ").unwrap_or(2_000), number("PS_FUZZ_FIRST").unwrap_or(1));
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<_> = std::fs::read_dir(here).unwrap().flatten().map(|entry| entry.path()).collect();
    files.sort();
    let mut seeds: Vec<Vec<char>> = Vec::new();
    for path in files.iter().filter(|path| path.extension().is_some_and(|e| e == "ps1")) {
        seeds.push(std::fs::read_to_string(path).unwrap().chars().collect());
    }
    let run = move || {
        let root = std::env::temp_dir().join(format!("ps-fuzz-{}", std::process::id()));
        let mut panicked = Vec::new();
        for seed in first..first + count {
            let script = mutated(&seeds, &mut Rng::new(seed));
            std::fs::create_dir_all(&root).unwrap();
            if !survives(&script, &root) {
                println!("##### seed {seed}\n{script}\n#####");
                panicked.push(seed);
            }
            let _ = std::fs::remove_dir_all(&root);
        }
        panicked
    };
    let panicked = std::thread::Builder::new().stack_size(1 << 30).spawn(run).unwrap().join().unwrap();
    assert!(panicked.is_empty(), "{} of {count}: {panicked:?}", panicked.len());
}
