//! The SDK outside of this repository, as the author of a step uses it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use stepwell_tests::root;

use crate::cli::Shell;
use crate::pages::{blocks, command, has};
use crate::reader::Reader;

/// A folder outside of the repository in which steps are built. It keeps its place, and its build directory
/// is in `target/`, so that cargo compiles little; so only one test at a time may use it.
struct Outside {
    dir: PathBuf,
    _lock: File,
}

impl Outside {
    fn enter(name: &str) -> Self {
        use std::os::unix::fs::MetadataExt;
        let user = fs::metadata(root()).unwrap().uid();
        let outside = std::env::temp_dir().join(format!("stepwell-outside-{user}"));
        let dir = outside.join(name);
        fs::create_dir_all(&dir).unwrap();
        let lock = File::create(outside.join("lock")).unwrap();
        lock.lock().unwrap();
        Self { dir, _lock: lock }
    }

    /// Writes a file unless it is unchanged, because cargo rebuilds newer files.
    fn file(&self, name: &str, content: impl AsRef<[u8]>) {
        let (path, content) = (self.dir.join(name), content.as_ref());
        if fs::read(&path).is_ok_and(|found| found == content) {
            return;
        }
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Returns cargo's build directory.
    fn target(&self) -> PathBuf {
        root().join("target/outside")
    }

    fn cargo(&self, dir: &Path, arguments: &[&str]) -> String {
        let mut cargo = command("cargo", dir);
        let output = cargo.args(arguments).env("CARGO_TARGET_DIR", self.target()).output().unwrap();
        let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "cargo {arguments:?}: {told}");
        told
    }
}

/// Every file below a folder, by its path there.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap().flatten() {
        match entry.file_type().unwrap().is_dir() {
            true => found.extend(files(&entry.path())),
            false => found.push(entry.path()),
        }
    }
    found
}

/// Packs the SDK, and unpacks it.
fn unpacked(outside: &Outside) -> PathBuf {
    let packed = outside.target().join("package");
    let _ = fs::remove_dir_all(&packed);
    outside.cargo(&root().join("guests/sdk"), &["package", "--no-verify", "--allow-dirty", "--quiet"]);
    let crates = fs::read_dir(&packed).unwrap().flatten().map(|entry| entry.path());
    let crates: Vec<PathBuf> =
        crates.filter(|path| path.extension().is_some_and(|end| end == "crate")).collect();
    assert_eq!(crates.len(), 1, "{crates:?}");
    let to = packed.join("unpacked");
    fs::create_dir_all(&to).unwrap();
    let unpacked = Command::new("tar").arg("-xzf").arg(&crates[0]).arg("-C").arg(&to).status();
    assert!(unpacked.unwrap().success());
    to.join(crates[0].file_stem().unwrap())
}

const WORKSPACE: &str = "[workspace]
resolver = \"3\"
members = [\"greet\", \"broken\", \"notify\"]

# As docs/first-step.md has it, so that what both need is compiled once.
[profile.release]
opt-level = \"z\"
strip = \"debuginfo\"
";
const GREET: &str = r#"
use stepwell_sdk::prelude::*;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Greet {
    who: String,
}

impl Step for Greet {
    const TYPE: &str = "acme/greet";
    const SUMMARY: &str = "Greets a person";

    fn run(self, _: &Invocation) -> StepResult {
        Ok(Output::new(format!("Hello, {}!", self.who)))
    }
}

export_step!(Greet);
"#;
/// A step whose schema panics, and with it `describe`.
const BROKEN: &str = r#"
use stepwell_sdk::prelude::*;

fn regions(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    panic!("the list of regions is empty")
}

#[derive(Deserialize, JsonSchema)]
struct Broken {
    #[schemars(schema_with = "regions")]
    region: String,
}

impl Step for Broken {
    const TYPE: &str = "acme/broken";
    const SUMMARY: &str = "Cannot describe itself";

    fn run(self, _: &Invocation) -> StepResult {
        Ok(Output::new(self.region))
    }
}

export_step!(Broken);
"#;

#[test]
fn a_step_builds_from_the_packed_sdk_alone_and_a_panic_in_describe_is_shown() {
    let outside = Outside::enter("packed");
    let sdk = unpacked(&outside);
    let wit = root().join("wit");
    let contract = files(&wit);
    assert!(contract.len() > 10, "{contract:?}");
    for path in &contract {
        let packed = sdk.join("wit").join(path.strip_prefix(&wit).unwrap());
        let real = fs::symlink_metadata(&packed).is_ok_and(|found| found.is_file());
        assert!(
            real && fs::read(&packed).unwrap() == fs::read(path).unwrap(),
            "{} is not packed",
            path.display()
        );
    }
    for path in files(&sdk) {
        let name = Path::new("sdk").join(path.strip_prefix(&sdk).unwrap());
        outside.file(name.to_str().unwrap(), fs::read(&path).unwrap());
    }
    outside.file("Cargo.toml", WORKSPACE);
    fs::copy(root().join("guests/Cargo.lock"), outside.dir.join("Cargo.lock")).unwrap();
    let page = blocks("docs/steps.md").into_iter().find(|block| block.info == "notify/src/lib.rs").unwrap();
    for (name, source) in [("greet", GREET), ("broken", BROKEN), ("notify", page.text.as_str())] {
        let manifest = format!(
            "[package]\nname = \"{name}\"\nedition = \"2024\"\n\n[lib]\ncrate-type = [\"cdylib\"]\n\n[dependencies]\nschemars = {{ version = \"1.2\", default-features = false }}\nserde = \"1\"\nstepwell-sdk = {{ path = \"../sdk\", features = [\"http\"] }}\n"
        );
        outside.file(&format!("{name}/Cargo.toml"), manifest);
        outside.file(&format!("{name}/src/lib.rs"), source);
    }
    // The example of docs/steps.md, with its own test.
    let told = outside.cargo(&outside.dir, &["test", "--package", "notify", "--lib"]);
    assert!(told.contains("1 passed"), "{told}");
    outside.cargo(&outside.dir, &["build", "--release", "--target", "wasm32-wasip2", "--quiet"]);
    let component = |name: &str| {
        outside.target().join(format!("wasm32-wasip2/release/{name}.wasm")).display().to_string()
    };
    let shell = Shell::new().file("job.yaml", "{id: greets, steps: [{id: s, type: acme/greet, who: you}]}");
    let stepwell = |arguments: &[&str]| {
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let output = shell.command(&arguments).output().unwrap();
        let told = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&told).into_owned())
    };
    let (code, told) = stepwell(&["run", "job.yaml", "--step", &component("greet")]);
    assert!(code == Some(0) && told.contains("Hello, you!"), "{told}");
    let (code, told) = stepwell(&["steps", "inspect", &component("broken")]);
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("panicked at broken/src/lib.rs:5:5: the list of regions is empty"), "{told}");
}

/// Follows a page in a folder with a clone of this repository, and builds the packages of the page.
fn follow(page: &str, name: &str) {
    let outside = Outside::enter(name);
    for entry in fs::read_dir(&outside.dir).unwrap().flatten() {
        let path = entry.path();
        let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
    }
    std::os::unix::fs::symlink(root().canonicalize().unwrap(), outside.dir.join("stepwell")).unwrap();
    let mut reader = Reader::at(&outside.dir);
    let blocks = blocks(page);
    let mut commands = 0;
    for block in blocks.iter().filter(|block| block.reason().is_none()) {
        match block.file() {
            Some(file) => reader.write(file, &block.text),
            None => {
                let followed = reader.follow(block);
                assert_eq!(followed, Ok(()), "{page}:{}", block.line);
                commands += 1;
            }
        }
        // New packages build in the same place, with the versions on this machine.
        for entry in fs::read_dir(&outside.dir).unwrap().flatten() {
            let package = entry.path();
            let is_new = package.join("Cargo.toml").exists() && !package.join("target").exists();
            if is_new && !package.is_symlink() {
                fs::create_dir_all(outside.target()).unwrap();
                std::os::unix::fs::symlink(outside.target(), package.join("target")).unwrap();
                fs::copy(root().join("guests/Cargo.lock"), package.join("Cargo.lock")).unwrap();
            }
        }
    }
    assert!(commands > 5, "{commands} blocks of commands");
}

#[test]
fn the_page_about_the_first_step_does_what_it_says() {
    follow("docs/first-step.md", "first-step");
}

#[test]
fn the_tutorial_does_what_it_says() {
    if has("jq") {
        follow("docs/tutorial.md", "tutorial");
    }
}

#[test]
fn the_page_about_upgrades_does_what_it_says() {
    follow("docs/how-to/upgrade-step.md", "upgrade-step");
}
