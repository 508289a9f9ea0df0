//! Names the commit for `stepwell version`: what `STEPWELL_COMMIT` says, or git where this is a checkout.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=STEPWELL_COMMIT");
    let given = std::env::var("STEPWELL_COMMIT").ok().filter(|commit| !commit.is_empty());
    let log = "../../.git/logs/HEAD";
    if Path::new(log).exists() {
        println!("cargo::rerun-if-changed={log}");
    }
    if let Some(commit) = given.or_else(from_git) {
        println!("cargo::rustc-env=STEPWELL_COMMIT={commit}");
    }
    println!("cargo::rerun-if-changed=build.rs");
}

fn from_git() -> Option<String> {
    let output = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output().ok()?;
    let commit = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !commit.is_empty()).then_some(commit)
}
