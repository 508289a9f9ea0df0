//! Dead letters grouped by their causes: the class of the outcome, and the message without its names and numbers.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Extension, State};
use data_encoding::HEXLOWER;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use stepwell::engine::clock::Timestamp;
use stepwell::engine::document::cut;
use stepwell::engine::store::DeadLetter;

use super::handlers::{Answer, Params};
use super::problem::Problem;
use super::{App, Caller};

/// The number of dead letters per read, and the maximum number that one request groups.
const CHUNK: u32 = 1000;
const MOST_COUNTED: u64 = 20_000;
/// The maximum number of causes, and of jobs that a cause names.
const MOST_CAUSES: usize = 500;
const MOST_JOBS: usize = 10;
/// The maximum number of characters of a message without its names and numbers.
const MOST_SHAPE: usize = 300;

/// Dead letters by cause, the most frequent one first.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Causes {
    /// The causes.
    pub items: Vec<Cause>,
    /// Always null: the list has one page.
    pub next_cursor: Option<String>,
    /// The number of dead letters that were counted.
    pub counted: u64,
    /// Whether all dead letters were counted. One request counts at most 20,000, and at most 500 causes.
    pub complete: bool,
}

/// A cause of dead letters.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Cause {
    /// The key of the cause, for `cause` of other requests.
    pub cause: String,
    /// The class of the outcome.
    pub class: String,
    /// The message, with `…` for its names and `#` for its numbers.
    pub message: String,
    /// The whole message of the latest one.
    pub example: String,
    /// The number of dead letters.
    pub count: u64,
    /// The ids of the jobs, at most 10.
    pub jobs: Vec<String>,
    /// The number of further jobs is unknown when it is true: `jobs` has only the first ones.
    pub more_jobs: bool,
    /// The end of the first run.
    pub first_at: Timestamp,
    /// The end of the latest run.
    pub last_at: Timestamp,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CausesQuery {
    state: Option<String>,
}

/// Returns the state that a request names, if it is one.
pub(super) fn state(state: Option<String>) -> Result<Option<String>, Problem> {
    if state.as_deref().is_some_and(|state| !["open", "redriven", "discarded"].contains(&state)) {
        return Err(Problem::bad_request("`state` must be `open`, `redriven` or `discarded`"));
    }
    Ok(state)
}

pub(super) async fn causes(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Params(query): Params<CausesQuery>,
) -> Answer<Causes> {
    let state = state(query.state)?.unwrap_or_else(|| "open".to_owned());
    let (mut groups, mut after, mut read) = (Groups::default(), String::new(), 0);
    let complete = loop {
        let letters = app.host.dead_letters().list(Some(&state), &after, CHUNK).await?;
        let Some(last) = letters.last() else { break true };
        after.clone_from(&last.execution_id);
        read += letters.len() as u64;
        letters.iter().filter(|letter| caller.covers(&letter.job_id)).for_each(|letter| groups.add(letter));
        if letters.len() < CHUNK as usize {
            break true;
        }
        if read >= MOST_COUNTED {
            break false;
        }
    };
    Ok(Json(groups.answer(complete)))
}

#[derive(Default)]
struct Groups {
    all: BTreeMap<String, Cause>,
    counted: u64,
    is_full: bool,
}

impl Groups {
    fn add(&mut self, letter: &DeadLetter) {
        let cause = key(letter);
        if self.all.len() >= MOST_CAUSES && !self.all.contains_key(&cause) {
            self.is_full = true;
            return;
        }
        self.counted += 1;
        let found = self.all.entry(cause.clone()).or_insert_with(|| Cause {
            cause,
            class: letter.class.clone(),
            message: shape(&letter.message),
            example: String::new(),
            count: 0,
            jobs: Vec::new(),
            more_jobs: false,
            first_at: letter.at,
            last_at: letter.at,
        });
        found.count += 1;
        if found.example.is_empty() || letter.at >= found.last_at {
            found.example = cut(&letter.message, 2000);
        }
        found.first_at = found.first_at.min(letter.at);
        found.last_at = found.last_at.max(letter.at);
        if !found.jobs.contains(&letter.job_id) {
            match found.jobs.len() < MOST_JOBS {
                true => found.jobs.push(letter.job_id.clone()),
                false => found.more_jobs = true,
            }
        }
    }

    fn answer(self, complete: bool) -> Causes {
        let mut items: Vec<Cause> = self.all.into_values().collect();
        items.sort_by(|a, b| b.count.cmp(&a.count).then(b.last_at.cmp(&a.last_at)));
        Causes { items, next_cursor: None, counted: self.counted, complete: complete && !self.is_full }
    }
}

/// Returns the key of the cause of a dead letter.
pub(super) fn key(letter: &DeadLetter) -> String {
    let digest = Sha256::digest(format!("{}\0{}", letter.class, shape(&letter.message)));
    HEXLOWER.encode(digest.get(..8).unwrap_or_default())
}

/// Returns a message without its names and numbers, so that messages of one cause are equal. The numbers of HTTP
/// statuses stay.
fn shape(message: &str) -> String {
    let (mut shape, mut rest, mut word_before) = (String::new(), message, String::new());
    while let Some(first) = rest.chars().next() {
        if shape.chars().count() >= MOST_SHAPE {
            break;
        }
        if let Some(end) = quoted(rest, &shape) {
            shape.push('…');
            rest = rest.get(end..).unwrap_or_default();
            continue;
        }
        if !first.is_alphanumeric() {
            shape.push(if first.is_whitespace() { ' ' } else { first });
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
            continue;
        }
        let is_inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        let end = rest.find(|c: char| !is_inside(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let is_status = matches!(word_before.as_str(), "http" | "status") && word.len() == 3;
        let has_number = word.bytes().any(|byte| byte.is_ascii_digit());
        shape.push_str(if has_number && !is_status { "#" } else { word });
        word_before = word.to_lowercase();
        rest = after;
    }
    shape.trim().to_owned()
}

/// Returns the length of the quoted text at the start of `rest`. An apostrophe inside a word is not a quotation mark.
fn quoted(rest: &str, before: &str) -> Option<usize> {
    let mark = rest.chars().next().filter(|c| matches!(c, '`' | '"' | '\''))?;
    if before.chars().last().is_some_and(char::is_alphanumeric) {
        return None;
    }
    let inside = rest.get(1..)?;
    Some(inside.find(mark)? + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(id: u32, job: &str, message: &str) -> DeadLetter {
        let at = format!("2026-01-01T00:00:{id:02}Z");
        serde_json::from_value(serde_json::json!({
            "execution_id": id.to_string(), "job_id": job, "status": "failed", "step_id": "s", "class": "failed",
            "message": message, "at": at,
        }))
        .unwrap()
    }

    #[test]
    fn names_and_numbers_are_no_part_of_a_cause() {
        for (one, other, same) in [
            ("row 12 of `a.csv` is too long", "row 7 of `b.csv` is too long", true),
            ("HTTP 404 from x", "HTTP 500 from x", false),
            ("run 01J3-ab12 failed", "run 01J4-cd34 failed", true),
            ("it doesn't answer: 'a'", "it doesn't answer: 'b'", true),
            ("it does not answer", "connection refused", false),
            ("line\none 1", "line one 2", true),
            ("an open ` mark", "an open ' mark", false),
        ] {
            assert_eq!(shape(one) == shape(other), same, "{} / {}", shape(one), shape(other));
        }
        assert_eq!(shape("row 12 of `a.csv`: HTTP 404"), "row # of …: HTTP 404");
        assert!(shape(&"x ".repeat(100_000)).chars().count() <= MOST_SHAPE);
    }

    #[test]
    fn causes_are_counted_with_their_jobs_and_times() {
        let mut groups = Groups::default();
        for (id, job, message) in
            [(1, "a", "row 1"), (2, "b", "row 2"), (3, "a", "refused"), (4, "a", "row 3")]
        {
            groups.add(&letter(id, job, message));
        }
        let found = groups.answer(true);
        assert!(found.complete && found.counted == 4);
        let first = &found.items[0];
        assert_eq!((first.count, first.example.as_str(), first.jobs.len()), (3, "row 3", 2));
        assert!(first.first_at < first.last_at);
        assert_eq!(first.cause, key(&letter(9, "z", "row 99")));
        let mut groups = Groups::default();
        for n in 0..MOST_CAUSES + 1 {
            let word: String = n.to_string().bytes().map(|digit| char::from(digit - b'0' + b'a')).collect();
            groups.add(&letter(1, "a", &word));
        }
        let found = groups.answer(true);
        assert!(!found.complete && found.items.len() == MOST_CAUSES);
    }
}
