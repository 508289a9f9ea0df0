//! `action: test`: runs a file of tests.

use std::cell::RefCell;
use std::rc::Rc;

use ps_lang::eval::Interp;
use ps_lang::pester::{Outcome, Pester};
use ps_lang::value::Str;
use ps_lang::{Script, Value};
use serde_json::json;
use stepwell_sdk::{Failure, Output, StepResult};

use crate::config::Powershell;
use crate::host::Seen;

/// The end of the names of files with tests, as in Pester.
pub const FILES: &[&str] = &[".tests.ps1"];

pub fn test(
    step: &Powershell,
    interp: &mut Interp,
    script: &Script,
    parameters: Vec<(Str, Value)>,
    seen: &Rc<RefCell<Seen>>,
) -> StepResult {
    interp.part::<Pester>().tags.clone_from(&step.tags);
    interp.part::<Pester>().excluded_tags.clone_from(&step.exclude_tags);
    let ending = interp.run_script(script, parameters);
    // A request to end the script also ends everything after its tests.
    let _ = ps_lang::pester::finish_tests(interp);
    if let Some(why) = &seen.borrow().halted {
        return Err(Failure::timed_out(why.clone()));
    }
    let pester = interp.part::<Pester>();
    let count = |outcome| pester.results.iter().filter(|r| r.outcome == outcome).count();
    let tests: Vec<_> = pester
        .results
        .iter()
        .map(|r| {
            let (file, line) = r.place.clone().unwrap_or_default();
            json!({ "groups": r.groups, "name": r.name, "outcome": r.outcome.name(), "message": r.message,
                "file": file, "line": line, "seconds": r.nanoseconds as f64 / 1e9 })
        })
        .collect();
    let counts = json!({
        "passed": count(Outcome::Passed),
        "failed": count(Outcome::Failed),
        "skipped": count(Outcome::Skipped),
        "inconclusive": count(Outcome::Inconclusive),
        "not_implemented": count(Outcome::NotImplemented),
        "not_run": pester.not_run,
    });
    let bad = count(Outcome::Failed) + count(Outcome::Inconclusive) + count(Outcome::NotImplemented);
    let total = pester.results.len();
    let broken = match (&ending.error, ending.code) {
        (Some(error), _) => Some(format!("the file ended with an error: {}", error.text())),
        (None, code) if code != 0 => Some(format!("the file ended with exit code {code}")),
        _ if bad > 0 => Some(format!("{bad} of {total} tests did not pass")),
        _ => None,
    };
    match broken {
        Some(message) => Err(Failure::failed(message).metadata("tests", tests).metadata("counts", counts)),
        None => {
            let summary = format!("{} of {total} tests passed", count(Outcome::Passed));
            Ok(Output::new(summary).value(json!({ "counts": counts, "tests": tests })))
        }
    }
}
