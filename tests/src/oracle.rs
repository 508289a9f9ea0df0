//! Python with DuckDB, pandas and pyarrow, which writes and reads files independently of this program.
//! `make oracle` installs them into `target/oracle`, and the scripts are in `tests/oracle`.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::root;

/// The interpreter with its packages.
pub struct Oracle {
    python: PathBuf,
}

impl Oracle {
    /// Finds the interpreter. If it is not installed, prints a line and returns `None`; in CI, that is a
    /// failure.
    pub fn find() -> Option<Self> {
        let python = root().join("target/oracle/bin/python");
        let imports = ["-c", "import duckdb, pandas, pyarrow"];
        if Command::new(&python).args(imports).output().is_ok_and(|done| done.status.success()) {
            return Some(Self { python });
        }
        let message = "no DuckDB, pandas and pyarrow in target/oracle: run `make oracle`";
        assert!(std::env::var_os("CI").is_none(), "{message}");
        eprintln!("skipped: {message}");
        None
    }

    /// Runs a script of `tests/oracle`, which prints one line of JSON per answer.
    pub fn ask(&self, script: &str, arguments: &[&str], directories: &[&Path]) -> Vec<Value> {
        let done = Command::new(&self.python)
            .arg(root().join("tests/oracle").join(script))
            .args(arguments)
            .args(directories)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .output()
            .unwrap();
        assert!(done.status.success(), "{script}: {}", String::from_utf8_lossy(&done.stderr));
        let printed = String::from_utf8(done.stdout).unwrap();
        printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}
