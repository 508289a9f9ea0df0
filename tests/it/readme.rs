//! README.md: its job, policies and configuration work as printed, and its commands show the printed output.

use std::fs;

use crate::cli::Shell;
use crate::pages::{blocks, command, dialogue, has, missing};
use stepwell_tests::root;

/// Returns the output of `make demo` in README.md, with `…` for the parts that vary.
pub fn demo() -> String {
    let block = blocks("README.md").into_iter().find(|block| block.language == "text").unwrap();
    let steady = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["run", ..] => "run exec_…: success in … s".to_owned(),
            [step, kind, "success", _, _, _, result @ ..] => {
                format!("{step} {kind} success … {}", result.join(" "))
            }
            _ => line.to_owned(),
        }
    };
    block.text.lines().map(steady).collect::<Vec<_>>().join("\n")
}

/// A shell with the files of README.md, which returns the output and exit code of a command.
struct Readme(Shell);

impl Readme {
    fn new() -> Self {
        let shell = Shell::new();
        let files: Vec<_> = blocks("README.md").into_iter().filter(|block| !block.info.is_empty()).collect();
        let names: Vec<&str> = files.iter().map(|block| block.info.as_str()).collect();
        assert_eq!(names, ["job.yaml", "policy.yaml", "stepwell.yaml"]);
        for block in &files {
            fs::write(shell.path(&block.info), &block.text).unwrap();
        }
        fs::create_dir(shell.path("bin")).unwrap();
        let program = env!("CARGO_BIN_EXE_stepwell-under-test");
        std::os::unix::fs::symlink(program, shell.path("bin/stepwell")).unwrap();
        Self(shell)
    }

    fn bash(&self, line: &str) -> (Option<i32>, String) {
        let mut bash = command("bash", &self.0.path(""));
        let path = format!("{}:{}", self.0.path("bin").display(), std::env::var("PATH").unwrap());
        bash.args(["-c", &format!("exec 2>&1\n{line}")]).env("PATH", path);
        bash.env("STEPWELL_DATA_DIR", self.0.path("data"));
        bash.env("STEPWELL_CACHE_DIR", root().join("target/test-cache"));
        let output = bash.output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

#[test]
fn the_example_of_the_readme_runs_as_it_stands_and_a_smaller_profile_is_named() {
    if !has("sqlite3") {
        return;
    }
    let readme = Readme::new();
    let block = blocks("README.md").into_iter().find(|block| block.language == "console").unwrap();
    let commands = dialogue(&block.text);
    for (line, shown) in &commands {
        let (code, told) = readme.bash(line);
        assert_eq!(code, Some(0), "{line}\n{told}");
        assert_eq!(missing(shown, &told), None, "{line}\n{told}");
        assert!(!told.contains("warning: `"), "{line}\n{told}");
    }
    let all: String = commands.iter().map(|(line, _)| format!("{line}\n")).collect();
    assert!(["validate", "run", "policy show"].iter().all(|name| all.contains(name)), "{all}");
    let list = "cat data/runs/*/workspace/report.csv";
    let (_, report) = readme.bash(list);
    assert!(report.contains("north,140") && report.contains("south,80"), "{report}");

    let policy = readme.0.path("policy.yaml");
    let text = fs::read_to_string(&policy).unwrap();
    let smaller: String =
        text.lines().filter(|line| !line.starts_with("profile:")).map(|line| format!("{line}\n")).collect();
    assert_ne!(text, smaller);
    fs::write(&policy, smaller).unwrap();
    let options = "--policy policy.yaml --config stepwell.yaml";
    let advice = "`data_processing` asks for the profile `large`, and has `standard`";
    for (line, code, said) in [
        (
            format!("stepwell validate job.yaml {options}"),
            0,
            vec!["warning: ", advice, "help: write `profile: large` into policy `report`"],
        ),
        (format!("stepwell jobs put job.yaml {options}"), 0, vec!["warning: ", advice]),
        (format!("stepwell policy show job.yaml {options}"), 0, vec![advice]),
        (
            format!("stepwell run job.yaml {options}"),
            1,
            vec!["its limit is 20000", advice, "; write `profile: large` into policy `report`"],
        ),
    ] {
        let (found, told) = readme.bash(&line);
        assert_eq!(found, Some(code), "{line}\n{told}");
        for part in said {
            assert!(told.contains(part), "{line}: `{part}`\n{told}");
        }
    }
}
