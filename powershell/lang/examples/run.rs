//! Runs a script natively, with a directory of this machine that it sees as `/work`: `run
//! SCRIPT [DIRECTORY]`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "shares the host of the tests"
)]

use std::cell::RefCell;
use std::error::Error;
use std::rc::Rc;
use std::time::{Duration, Instant};

#[path = "../tests/native/mod.rs"]
mod native;

use native::{Native, Seen};
use ps_lang::Script;
use ps_lang::interpreter;

fn main() -> Result<(), Box<dyn Error>> {
    // Deep recursion in a script is recursion in the interpreter.
    let worker =
        std::thread::Builder::new().stack_size(1 << 28).spawn(|| run().map_err(|e| e.to_string()))?;
    let code = worker.join().map_err(|_| "the script's thread has ended")??;
    std::process::exit(code);
}

fn run() -> Result<i32, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("usage: run SCRIPT [DIRECTORY]")?;
    let root = match arguments.next() {
        Some(root) => root.into(),
        None => std::env::current_dir()?,
    };
    let text = std::fs::read_to_string(&path)?;
    let script = Script::parse("/work/script.ps1", &text).map_err(|errors| errors[0].message.clone())?;
    let seen: Rc<RefCell<Seen>> = Rc::default();
    let host = Native { root, seen: seen.clone(), started: Instant::now(), limit: Duration::from_secs(600) };
    let ending = interpreter(Box::new(host)).run_script(&script, Vec::new());
    let seen = seen.borrow();
    print!("{}", seen.stdout);
    for record in &seen.errors {
        eprintln!("{}", record.text());
    }
    Ok(ending.code)
}
