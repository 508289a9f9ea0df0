//! A step for scripts of a small language: each line is a sum, for instance `2 + 3 = 5`.

use std::fs;

use stepwell_sdk::prelude::*;
use stepwell_sdk::{Action as Declared, Need};

/// Runs scripts with sums.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Sums {
    /// The action on the script. Default: `run`, which returns the results.
    #[serde(default)]
    action: Action,
    /// The file with the script; with `action: check`, also a folder.
    script_path: String,
    /// With `action: test`, the operands of which a sum must have one. Default: all sums.
    #[serde(default)]
    tags: Vec<String>,
    /// With `action: test`, the operands that no sum may have. Default: none.
    #[serde(default)]
    exclude_tags: Vec<String>,
}

/// The action on a script.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Action {
    #[default]
    Run,
    Check,
    Test,
}

impl Step for Sums {
    const TYPE: &str = "acme/sums";
    const SUMMARY: &str = "Runs scripts with sums";
    const NEEDS: &[Need] = &[Need::new("files", "read the script")];
    const ACTIONS: &[Declared] = &[Declared::check(&[".sum"]), Declared::test(&[".test.sum"])];

    fn run(self, _: &Invocation) -> StepResult {
        match self.action {
            Action::Run => self.results(),
            Action::Check => check(&self.script_path),
            Action::Test => self.test(),
        }
    }
}

/// A line such as `2 + 3 = 5`.
struct Sum {
    operands: Vec<i64>,
    expected: i64,
}

impl Sum {
    fn parse(line: &str) -> Option<Self> {
        let (operands, expected) = line.split_once('=')?;
        let operands =
            operands.split('+').map(|operand| operand.trim().parse().ok()).collect::<Option<_>>()?;
        Some(Self { operands, expected: expected.trim().parse().ok()? })
    }

    fn result(&self) -> i64 {
        self.operands.iter().fold(0, |sum, operand| sum.saturating_add(*operand))
    }
}

/// The lines of a script that are not empty, with their numbers.
fn lines(path: &str) -> Result<Vec<(usize, String)>, Failure> {
    let text = fs::read_to_string(path).map_err(|error| Failure::not_found(format!("{path}: {error}")))?;
    let numbered = (1..).zip(text.lines()).map(|(number, line)| (number, line.trim().to_owned()));
    Ok(numbered.filter(|(_, line)| !line.is_empty()).collect())
}

fn check(path: &str) -> StepResult {
    let mut files = vec![path.to_owned()];
    if let Ok(entries) = fs::read_dir(path) {
        let paths = entries.flatten().map(|entry| entry.path().display().to_string());
        files = paths.filter(|path| path.ends_with(".sum")).collect();
        files.sort();
    }
    let mut scripts = Vec::new();
    for file in files {
        let findings: Vec<_> = lines(&file)?
            .into_iter()
            .filter(|(_, line)| Sum::parse(line).is_none())
            .map(|(number, line)| json!({"line": number, "lack": "syntax", "name": line, "message": "is no sum"}))
            .collect();
        scripts.push(json!({"path": file, "runs": findings.is_empty(), "findings": findings}));
    }
    Ok(Output::new("checked").value(json!({"scripts": scripts})))
}

impl Sums {
    fn sums(&self) -> Result<Vec<(usize, String, Sum)>, Failure> {
        let sum = |(number, line): (usize, String)| match Sum::parse(&line) {
            Some(sum) => Ok((number, line, sum)),
            None => Err(Failure::failed(format!("line {number} is no sum"))),
        };
        lines(&self.script_path)?.into_iter().map(sum).collect()
    }

    fn results(&self) -> StepResult {
        let results: Vec<i64> = self.sums()?.iter().map(|(_, _, sum)| sum.result()).collect();
        Ok(Output::new(format!("{} sums", results.len())).value(results))
    }

    fn test(&self) -> StepResult {
        let (mut tests, mut passed, mut not_run) = (Vec::new(), 0, 0);
        for (number, name, sum) in self.sums()? {
            let has = |tag: &String| sum.operands.iter().any(|operand| operand.to_string() == *tag);
            if !(self.tags.is_empty() || self.tags.iter().any(has)) || self.exclude_tags.iter().any(has) {
                not_run += 1;
                continue;
            }
            let (outcome, message) = match sum.result() {
                result if result == sum.expected => ("passed", String::new()),
                result => ("failed", format!("the sum is {result}")),
            };
            passed += usize::from(message.is_empty());
            let mark = if message.is_empty() { "[+]" } else { "[-]" };
            println!("{mark} {name} {message}");
            tests.push(json!({"name": name, "outcome": outcome, "message": message,
                "file": self.script_path, "line": number}));
        }
        let failed = tests.len() - passed;
        let counts = json!({"passed": passed, "failed": failed, "not_run": not_run});
        if failed == 0 {
            return Ok(Output::new("all passed").value(json!({"tests": tests, "counts": counts})));
        }
        let message = format!("{failed} of {} sums are wrong", tests.len());
        Err(Failure::failed(message).metadata("tests", tests).metadata("counts", counts))
    }
}

export_step!(Sums);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_sum_or_not() {
        for (line, result) in
            [("2 + 3 = 5", Some((5, 5))), ("1+1=3", Some((2, 3))), ("2 + x = 3", None), ("2 + 3", None)]
        {
            assert_eq!(Sum::parse(line).map(|sum| (sum.result(), sum.expected)), result, "{line}");
        }
    }
}
