//! The `wait` step: waits until a time, for a duration, or until a file exists. It parks in between, so that
//! a run that waits for days holds no worker and no memory.

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use stepwell_sdk::prelude::*;

/// Configuration of `wait`: exactly one of `for`, `until` and `file`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wait {
    /// The number of seconds to wait.
    #[serde(default, rename = "for")]
    #[schemars(range(min = 0, max = 31_536_000))]
    duration: Option<f64>,
    /// The time to wait for, in RFC 3339 with its offset, for instance `2026-03-01T06:00:00+01:00`.
    #[serde(default)]
    until: Option<String>,
    /// The file to wait for, for instance `/inbox/orders.csv`. It must lie in a granted mount.
    #[serde(default)]
    file: Option<String>,
    /// The number of seconds between two checks of the file. Default: 30.
    #[serde(default = "thirty")]
    #[schemars(range(min = 1, max = 3600))]
    every: f64,
    /// The number of seconds after which the wait for the file fails as timed out. Default: 86400, a day.
    #[serde(default)]
    #[schemars(range(min = 0, max = 31_536_000))]
    timeout: Option<f64>,
}

fn thirty() -> f64 {
    30.0
}

const DAY: f64 = 86_400.0;

/// The note of a call for the next one: the start of the wait, in milliseconds since 1970.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    since: u64,
}

impl Step for Wait {
    const TYPE: &str = "wait";
    const VERSION: &str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &str = "Waits for a time or a file, and holds nothing meanwhile";
    const NEEDS: &[Need] = &[Need::optional("files", "see whether the file is there")];
    const PROFILE: Profile = Profile::Tiny;
    const IDEMPOTENT: bool = true;

    fn validate(&self, _: &Pending) -> Vec<Issue> {
        let given = [self.duration.is_some(), self.until.is_some(), self.file.is_some()];
        let mut issues = Vec::new();
        if given.iter().filter(|given| **given).count() != 1 {
            issues.push(Issue::at("", "say what to wait for: one of `for`, `until` and `file`"));
        }
        if let Some(text) = &self.until
            && instant(text).is_none()
        {
            let message = format!("`{text}` is not a time: write for instance 2026-03-01T06:00:00+01:00");
            issues.push(Issue::at("/until", message));
        }
        issues
    }

    fn run(self, _: &Invocation) -> StepResult {
        let now = now();
        let since = match context::load_checkpoint()? {
            Some(note) => serde_json::from_value::<Note>(note).map_or(now, |note| note.since),
            None => {
                context::save_checkpoint(&Note { since: now })?;
                now
            }
        };
        if context::is_cancelled() {
            return Err(Failure::cancelled("the run is cancelled"));
        }
        match &self.file {
            Some(file) => self.wait_for_file(file, since, now),
            None => self.wait_for_time(since, now),
        }
    }
}

impl Wait {
    fn wait_for_time(&self, since: u64, now: u64) -> StepResult {
        let due = match (&self.until, self.duration) {
            (Some(text), _) => {
                instant(text).ok_or_else(|| Failure::invalid_config(format!("`{text}` is not a time")))?
            }
            (None, duration) => since + millis(duration.unwrap_or(0.0)),
        };
        if now >= due {
            return Ok(Output::new(format!("Waited {} s", (now - since) / 1000)));
        }
        let what = self.until.clone().unwrap_or_else(|| "the time to pass".to_owned());
        park(due - now, &what)
    }

    fn wait_for_file(&self, file: &str, since: u64, now: u64) -> StepResult {
        match fs::metadata(file) {
            Ok(found) if found.is_file() => {
                let waited = (now - since) / 1000;
                return Ok(Output::new(format!("{file} is there after {waited} s"))
                    .value(json!({"file": file, "bytes": found.len()}))
                    .metadata("bytes", found.len()));
            }
            Ok(_) => return Err(Failure::failed(format!("{file} is there, and is not a file"))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(Failure::denied(format!("{file}: {}", stepwell_sdk::files::why(&error))));
            }
        }
        let end = since + millis(self.timeout.unwrap_or(DAY));
        if now >= end {
            return Err(Failure::timed_out(format!("{file} did not appear in {} s", (now - since) / 1000)));
        }
        park(millis(self.every).min(end - now), &format!("the file {file}"))
    }
}

fn park(millis: u64, what: &str) -> StepResult {
    context::park(Duration::from_millis(millis), what)?;
    Ok(Output::new(""))
}

fn millis(seconds: f64) -> u64 {
    Duration::try_from_secs_f64(seconds).map_or(u64::MAX / 4, |time| time.as_millis() as u64)
}

fn instant(text: &str) -> Option<u64> {
    u64::try_from(chrono::DateTime::parse_from_rfc3339(text).ok()?.timestamp_millis()).ok()
}

/// Returns the milliseconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

export_step!(Wait);

#[cfg(test)]
mod tests {
    use stepwell_sdk::testing::Host;

    use super::*;

    #[test]
    fn a_wait_is_for_one_thing() {
        let check = |json: serde_json::Value| {
            let wait: Wait = serde_json::from_value(json).unwrap();
            wait.validate(&Pending::none())
                .into_iter()
                .map(|issue| issue.message)
                .collect::<Vec<_>>()
                .join("; ")
        };
        assert_eq!(check(json!({"for": 5})), "");
        assert_eq!(check(json!({"until": "2026-03-01T06:00:00+01:00"})), "");
        assert!(check(json!({})).contains("one of"));
        assert!(check(json!({"for": 5, "file": "/x"})).contains("one of"));
        assert!(check(json!({"until": "soon"})).contains("`soon` is not a time"));
    }

    #[test]
    fn a_wait_parks_until_its_time_has_come() {
        let ran = Host::new().run::<Wait>(&json!({"for": 5}));
        assert!(ran.result.is_ok());
        assert_eq!(ran.parked.unwrap().0.as_secs(), 5);
        let since = ran.checkpoint.unwrap()["since"].as_u64().unwrap() - 6000;
        let ran = Host::new().checkpoint(json!({"since": since})).run::<Wait>(&json!({"for": 5}));
        assert_eq!((ran.parked, ran.result.unwrap().summary.as_str()), (None, "Waited 6 s"));
        let ran = Host::new().cancelled().run::<Wait>(&json!({"for": 5}));
        assert_eq!(ran.result.unwrap_err().message, "the run is cancelled");
    }

    #[test]
    fn what_a_template_fills_in_is_given() {
        for config in [json!({"for": "${{ vars.n }}"}), json!({"until": "${{ vars.day }}T10:00:00Z"})] {
            assert_eq!(stepwell_sdk::testing::validate::<Wait>(&config), [], "{config}");
        }
    }
}
