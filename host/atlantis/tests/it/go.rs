//! The program in `tests/go`, which uses the real bbolt.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// The packages of Debian, where its Go finds them.
const PACKAGES: &str = "/usr/share/gocode";

/// The program, or `None` on a machine without Go or its package of bbolt. In CI, both have to be there.
pub fn program() -> Option<PathBuf> {
    let bbolt = Path::new(PACKAGES).join("src/go.etcd.io/bbolt");
    let has_go = Command::new("go").arg("version").output().is_ok_and(|output| output.status.success());
    if has_go && bbolt.is_dir() {
        return Some(built());
    }
    let missing = "skipped: needs Go and bbolt (on Debian: golang-go golang-github-coreos-bbolt-dev)";
    assert!(std::env::var("CI").is_err(), "{missing}");
    eprintln!("{missing}");
    None
}

/// Builds the program once for all tests.
fn built() -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/go/main.go");
    let text = fs::read(&source).unwrap();
    let (program, built_from) = (dir.join("bolt"), dir.join("bolt.go"));
    let lock = File::create(dir.join("bolt.lock")).unwrap();
    lock.lock().unwrap();
    if !program.exists() || fs::read(&built_from).unwrap_or_default() != text {
        let build = Command::new("go")
            .args(["build", "-o", program.to_str().unwrap(), source.to_str().unwrap()])
            .env("GO111MODULE", "off")
            .env("GOPATH", PACKAGES)
            .env("GOCACHE", dir.join("go-cache"))
            .env("GOFLAGS", "")
            .output()
            .unwrap();
        assert!(build.status.success(), "{}", String::from_utf8_lossy(&build.stderr));
        fs::write(&built_from, &text).unwrap();
    }
    program
}

/// Runs the program with an input, and returns its output.
pub fn run(arguments: &[&str], input: &str) -> Option<String> {
    let mut child = start(&program()?, arguments);
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

fn start(program: &Path, arguments: &[&str]) -> Child {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// A process that holds a file until it is dropped.
pub struct Holding(Child);

impl Holding {
    /// Starts `hold` or `churn`, and waits until the file is held.
    pub fn start(work: &str, file: &Path) -> Option<Self> {
        let mut child = start(&program()?, &[work, file.to_str().unwrap()]);
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "held\n");
        Some(Self(child))
    }

    pub fn process(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Makes a file of a shape.
pub fn make(shape: &str, page_size: usize, file: &Path) -> Option<()> {
    run(&["make", shape, &page_size.to_string(), file.to_str().unwrap()], "").map(drop)
}

/// The entries of each bucket, as bbolt reads them. bbolt's own check finds no problem.
pub fn checked(file: &Path) -> BTreeMap<String, BTreeMap<String, Vec<u8>>> {
    let text = run(&["dump", file.to_str().unwrap()], "").unwrap();
    let dump: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(dump["Problems"], Value::Null, "bbolt finds problems");
    let decoded = |value: &Value| data_encoding::BASE64.decode(value.as_str().unwrap().as_bytes()).unwrap();
    let entries = |entries: &Value| {
        entries.as_object().unwrap().iter().map(|(key, value)| (key.clone(), decoded(value))).collect()
    };
    dump["Buckets"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, bucket)| (name.clone(), entries(bucket)))
        .collect()
}
