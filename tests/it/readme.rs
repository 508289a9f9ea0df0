//! README.md: the output of `make demo`, and the advice about the smallest profile of its job.

use std::fs;

use crate::pages::{blocks, has};
use crate::reader::Reader;

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

#[test]
fn a_smaller_profile_than_that_of_the_readme_is_named() {
    if !has("sqlite3") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut reader = Reader::at(dir.path());
    let blocks = blocks("README.md");
    for block in blocks.iter().filter(|block| block.language == "yaml") {
        reader.write(block.file().unwrap(), &block.text);
    }
    let example = blocks.iter().find(|block| block.language == "console").unwrap();
    assert_eq!(reader.follow(example), Ok(()));
    assert!(["validate", "run", "policy show"].iter().all(|name| example.text.contains(name)), "{example:?}");
    let (_, report) = reader.bash("cat ~/.local/share/stepwell/runs/*/workspace/report.csv");
    assert!(report.contains("north,140") && report.contains("south,80"), "{report}");

    let policy = reader.place().join("policy.yaml");
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
        let (found, told) = reader.bash(&line);
        assert_eq!(found, Some(code), "{line}\n{told}");
        for part in said {
            assert!(told.contains(part), "{line}: `{part}`\n{told}");
        }
    }
}
