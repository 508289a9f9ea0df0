//! Compiles `guests/` to components, and writes the table of the built-in steps.
//!
//! The guests are a workspace of their own with another target; a nested cargo builds them into
//! `target/guests`, whatever the profile of the host. `STEPWELL_GUESTS_DIR` names a directory of prebuilt
//! components instead.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// Step type and package.
const STEPS: &[(&str, &str)] = &[
    ("azure_devops", "azure-devops"),
    ("data_processing", "data-processing"),
    ("file_operation", "file-operation"),
    ("http", "http-step"),
    ("powershell", "powershell"),
    ("sql", "sql"),
    ("wait", "wait"),
];
const TARGET: &str = "wasm32-wasip2";

fn main() {
    if let Err(error) = write_table() {
        // As text: cargo would show the error of `main` with its line ends escaped.
        eprintln!("{error}");
        std::process::exit(1);
    }
}

fn write_table() -> Result<(), Box<dyn Error>> {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let root = here.join("../..").canonicalize()?;
    println!("cargo::rerun-if-env-changed=STEPWELL_GUESTS_DIR");
    println!("cargo::rerun-if-changed=manifests");
    println!("cargo::rerun-if-changed=build.rs");
    let components = match env::var_os("STEPWELL_GUESTS_DIR") {
        Some(dir) => PathBuf::from(dir),
        None => build(&root)?,
    };
    let mut table = String::from(
        "/// The steps that come with the program, by name.\npub const BUILTINS: &[Builtin] = &[\n",
    );
    for (name, package) in STEPS {
        let wasm = components.join(format!("{}.wasm", package.replace('-', "_")));
        println!("cargo::rerun-if-changed={}", wasm.display());
        let bytes = fs::read(&wasm).map_err(|error| format!("{}: {error}", wasm.display()))?;
        let digest = HEXLOWER.encode(&Sha256::digest(&bytes));
        let manifest = here.join("manifests").join(format!("{name}.json"));
        writeln!(
            table,
            "    Builtin {{ name: {name:?}, wasm: include_bytes!({wasm:?}), digest: \"sha256:{digest}\", manifest: include_str!({manifest:?}) }},"
        )?;
    }
    table.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("builtins.rs"), table)?;
    Ok(())
}

fn build(root: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let guests = root.join("guests");
    for path in ["guests", "powershell", "wit", "examples/hello-step", "examples/language-step"] {
        watch(&root.join(path))?;
    }
    let target = root.join("target").join("guests");
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // The whole workspace, always: with other selections cargo unifies features differently, and builds the
    // large dependencies once more.
    cargo.current_dir(&guests).args(["build", "--release", "--locked", "--target", TARGET]);
    cargo.args(["--workspace", "--exclude", "zstd"]);
    // What is meant for the host must not reach the guests: flags, wrappers, and lints such as clippy's.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_") || text.starts_with("RUSTC") || text == "RUSTFLAGS" {
            cargo.env_remove(&name);
        }
    }
    cargo.env("CARGO_TARGET_DIR", &target);
    for kept in ["CARGO_HOME", "CARGO_NET_OFFLINE", "CARGO_TERM_COLOR"] {
        if let Some(value) = env::var_os(kept) {
            cargo.env(kept, value);
        }
    }
    let output = cargo.output()?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let help = match text.contains("target may not be installed") {
            true => format!("\n\nthe target is missing; install it: rustup target add {TARGET}"),
            false => String::new(),
        };
        return Err(format!("the guests do not build:\n{text}{help}").into());
    }
    Ok(target.join(TARGET).join("release"))
}

/// Watches sources one by one: a directory would count its build output too.
fn watch(dir: &Path) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "target") {
                watch(&path)?;
            }
        } else {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
    Ok(())
}
