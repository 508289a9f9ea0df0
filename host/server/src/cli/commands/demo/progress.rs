//! The progress of the compilation of steps, on the terminal.

use std::time::Duration;

use stepwell::engine::quantity::counted;
use stepwell::{Readiness, Steps};

/// The time between two looks at the steps.
const LOOK: Duration = Duration::from_millis(500);
/// The number of looks without news after which a line names the steps that are left.
const QUIET: u32 = 20;

/// Says which steps are compiled, until all are. Says nothing when the cache has all of them.
pub(super) async fn show(steps: &Steps) {
    let (mut known, mut quiet) = (None, 0);
    loop {
        let found = steps.readiness();
        let lines = news(known.as_ref(), &found);
        quiet = if lines.is_empty() { quiet + 1 } else { 0 };
        for line in &lines {
            say!("{line}");
        }
        if found.ready {
            return;
        }
        if quiet == QUIET {
            quiet = 0;
            say!("still compiling: {}", quoted(&found.compiling));
        }
        known = Some(found);
        tokio::time::sleep(LOOK).await;
    }
}

/// Returns the lines about the difference to the last look.
fn news(known: Option<&Readiness>, found: &Readiness) -> Vec<String> {
    let Readiness { ready, compiling, compiled } = found;
    let all = compiling.len() + compiled.len();
    let Some(known) = known else {
        if *ready {
            return Vec::new();
        }
        let of = counted(all, "step");
        return vec![format!(
            "{of}, {} to compile, once for this machine: {}",
            compiling.len(),
            quoted(compiling)
        )];
    };
    let new: Vec<&String> = compiled.iter().filter(|name| !known.compiled.contains(name)).collect();
    let before = compiled.len() - new.len();
    let line =
        |(place, name): (usize, &&String)| format!("`{name}` is ready ({} of {all})", before + place + 1);
    new.iter().enumerate().map(line).collect()
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_is_named_when_it_is_ready() {
        let at = |compiling: &[&str], compiled: &[&str]| Readiness {
            ready: compiling.is_empty(),
            compiling: compiling.iter().map(|name| (*name).to_owned()).collect(),
            compiled: compiled.iter().map(|name| (*name).to_owned()).collect(),
        };
        let first = at(&["http", "sql"], &["wait"]);
        assert_eq!(news(None, &first), ["3 steps, 2 to compile, once for this machine: `http`, `sql`"]);
        assert_eq!(news(Some(&first), &first), [""; 0]);
        let last = at(&[], &["wait", "http", "sql"]);
        assert_eq!(news(Some(&first), &last), ["`http` is ready (2 of 3)", "`sql` is ready (3 of 3)"]);
        assert_eq!(news(None, &last), [""; 0], "a cache that has all steps is no news");
    }
}
