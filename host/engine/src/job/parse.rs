//! From the text of a job file to a checked [`JobDefinition`].

use serde_json::{Map, Value};

use super::check::{Catalog, advice, check};
use super::{JobDefinition, StepDefinition, group, legacy};
use crate::document::{Diagnostic, Diagnostics, Document, MAX_PROBLEMS, escape};

/// A job file that can run.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The job.
    pub job: JobDefinition,
    /// Likely mistakes, which are reported each time that the file is read.
    pub warnings: Diagnostics,
    /// Decisions that the author should make once: for people who write or store the job, not for people who
    /// run it.
    pub advice: Diagnostics,
    /// The file, for later diagnostics (from the steps' own `validate`).
    pub document: Document,
    /// The place of the job in the file: empty, or `/job` for the body of a request.
    pub pointer: String,
}

/// Reads a job file: YAML or JSON; the present form, alone or within `{"job": ...}`, or the legacy
/// single-step form. Checks everything that can be known before the run.
///
/// # Errors
/// Returns every problem of the file, each with its place.
pub fn parse(name: &str, text: &str, catalog: &dyn Catalog) -> Result<Parsed, Diagnostics> {
    read(name, text, catalog)?.whole()
}

/// The readable part of a job, and its problems.
#[derive(Debug)]
pub struct Read {
    /// The job. `None` when too little of the file is a job.
    pub parsed: Option<Parsed>,
    /// All errors and warnings.
    pub problems: Diagnostics,
}

impl Read {
    /// Returns the job when it has no errors.
    ///
    /// # Errors
    /// Returns every problem.
    pub fn whole(self) -> Result<Parsed, Diagnostics> {
        match self.parsed {
            Some(parsed) if !self.problems.has_errors() => Ok(Parsed { warnings: self.problems, ..parsed }),
            _ => Err(self.problems),
        }
    }
}

/// As [`parse`], but also returns the readable part of a job with errors, so that callers can add their
/// own problems.
///
/// # Errors
/// Fails when the document itself cannot be read.
pub fn read(name: &str, text: &str, catalog: &dyn Catalog) -> Result<Read, Diagnostics> {
    let document = Document::parse(name, text)?;
    let request = document.value.as_object().filter(|map| is_request(map));
    let pointer = if request.is_some() { "/job" } else { "" };
    let beside = request.into_iter().flat_map(Map::keys).filter(|key| *key != "job").take(MAX_PROBLEMS);
    let beside: Vec<Diagnostic> = beside
        .map(|key| {
            document.error_at_key(&format!("/{}", escape(key)), format!("unknown key `{key}` beside `job`"))
        })
        .collect();
    let found = read_in(document, pointer, catalog);
    Ok(Read { problems: Diagnostics([found.problems.0, beside].concat()).sorted(), ..found })
}

/// Returns whether a document is the body of a request, and not a job itself.
fn is_request(map: &Map<String, Value>) -> bool {
    let of_a_job = ["id", "job_id", "steps", "job_type"];
    map.contains_key("job") && !of_a_job.iter().any(|key| map.contains_key(*key))
}

/// Reads the job that stands at `pointer` of a document.
///
/// # Errors
/// Returns every problem of the job, each with its place in the document.
pub fn parse_in(document: Document, pointer: &str, catalog: &dyn Catalog) -> Result<Parsed, Diagnostics> {
    read_in(document, pointer, catalog).whole()
}

/// As [`parse_in`], but also returns the readable part of a job with errors.
pub fn read_in(mut document: Document, pointer: &str, catalog: &dyn Catalog) -> Read {
    let mut value = document.value.pointer(pointer).cloned().unwrap_or(Value::Null);
    let mut found = Diagnostics::default();
    if legacy::is_group(&value) {
        let message = format!("a job with `job_type` has one step, which cannot be a `{}`", group::TYPE);
        let wrong = document.error(&format!("{pointer}/job_type"), message);
        found.0.push(wrong.help("write the group into `steps`"));
    }
    if let Some(conversion) = legacy::convert(&value) {
        let warning = document.error(pointer, conversion.message).help(conversion.new_form).as_warning();
        found.0.push(warning);
        let below = |(new, old): (String, String)| (format!("{pointer}{new}"), format!("{pointer}{old}"));
        document = document.moved(conversion.moved.into_iter().map(below).collect());
        value = conversion.job;
    }
    value = JobDefinition::schema().fitted(&value).into_owned();
    let mut wrong = document.check(&value, pointer, &JobDefinition::schema());
    wrong.extend(wrong_groups(&value, &document, pointer));
    let built = document.build::<JobDefinition>(pointer, &value).or_else(|error| {
        // Without the values that the schema refuses, the rest may be a job: the other checks then add
        // their problems.
        let rest = without(&value, wrong.iter().filter_map(|found| found.pointer.strip_prefix(pointer)));
        document.build(pointer, &rest).map_err(|_| error)
    });
    found.0.extend(wrong);
    match built {
        Ok(mut job) => {
            if job.name.is_empty() {
                job.name.clone_from(&job.id);
            }
            for steps in [&mut job.steps, &mut job.on_failure, &mut job.finally] {
                steps.iter_mut().for_each(StepDefinition::fill_in_names);
            }
            if !found.is_full() {
                check(&job, &document, pointer, catalog, &mut found);
            }
            let advice = advice(&job, &document, pointer, catalog);
            document.value = value;
            let (warnings, pointer) = (Diagnostics::default(), pointer.to_owned());
            let parsed = Parsed { job, warnings, advice, document, pointer };
            Read { parsed: Some(parsed), problems: found.sorted() }
        }
        Err(error) => {
            if !found.has_errors() {
                found.0.push(*error);
            }
            Read { parsed: None, problems: found.sorted() }
        }
    }
}

/// The keys of a job and of a group that hold steps.
const LISTS: [&str; 4] = ["steps", "on_failure", "finally", "parallel_steps"];

/// Returns what cannot be read of the groups of a job.
fn wrong_groups(job: &Value, document: &Document, pointer: &str) -> Vec<Diagnostic> {
    let mut found = Diagnostics::default();
    for list in ["steps", "on_failure", "finally"] {
        let steps = job.get(list).and_then(Value::as_array).into_iter().flatten();
        for (i, step) in steps.enumerate() {
            group::check_written(step, document, &format!("{pointer}/{list}/{i}"), 0, &mut found);
        }
    }
    found.0
}

/// Returns a job without the settings that have errors, those of the job and those of its steps.
fn without<'p>(job: &Value, wrong: impl Iterator<Item = &'p str>) -> Value {
    let mut rest = job.clone();
    for pointer in wrong {
        let parts: Vec<&str> = pointer.split('/').skip(1).collect();
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let step = parts.windows(3).rposition(|parts| match parts {
            [list, number, _] => LISTS.contains(list) && is_number(number),
            _ => false,
        });
        let (holder, key) = match (step, parts.as_slice()) {
            (Some(step), parts) => {
                let (holder, rest) = parts.split_at((step + 2).min(parts.len()));
                let Some(key) = rest.first() else { continue };
                (format!("/{}", holder.join("/")), *key)
            }
            // Without the variables of the job, every use of one would be an error.
            (None, ["vars" | "steps" | "on_failure" | "finally", ..] | []) => continue,
            (None, [key, ..]) => (String::new(), *key),
        };
        if let Some(Value::Object(map)) = rest.pointer_mut(&holder) {
            map.remove(&key.replace("~1", "/").replace("~0", "~"));
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use serde_json::json;

    use super::*;
    use crate::document::Schema;
    use crate::policy::Profile;
    use crate::step::Manifest;

    struct OneType(std::sync::Arc<Manifest>);

    impl Catalog for OneType {
        fn manifest(&self, step_type: &str) -> Option<std::sync::Arc<Manifest>> {
            (step_type == "sql").then(|| self.0.clone())
        }
        fn types(&self) -> Vec<String> {
            vec!["sql".to_owned()]
        }
    }

    fn catalog(idempotent: bool) -> OneType {
        OneType(std::sync::Arc::new(Manifest {
            type_name: "sql".to_owned(),
            version: "0.1.0".to_owned(),
            summary: String::new(),
            config_schema: Schema::from(json!({
                "type": "object", "required": ["query"], "additionalProperties": false,
                "properties": {"query": {"type": "string"}, "connection_name": {"type": "string"},
                               "timeout": {"type": "number"}, "max_rows": {"type": "integer"},
                               "parameters": {"type": "object"}}
            })),
            needs: Vec::new(),
            profile: Profile::Standard,
            idempotent,
        }))
    }

    fn check(text: &str, expected: Expect) {
        let shown = match parse("job.yaml", text, &catalog(true)) {
            Ok(parsed) => format!("ok\n{}", parsed.warnings),
            Err(problems) => problems.to_string(),
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn the_v2_request_of_the_reference_parses_unchanged() {
        let text = r#"{"job": {"id": "nightly-backup", "name": "Nightly Database Backup", "timezone": "UTC",
            "steps": [{"id": "backup", "name": "Backup Database", "type": "sql",
            "query": "SELECT 1", "connection_name": "production", "timeout": 300}]}}"#;
        let job = parse("job.json", text, &catalog(true)).unwrap().job;
        assert_eq!(job.steps[0].config["connection_name"], "production");
        assert_eq!(job.timeout_seconds.0.as_secs(), 3600);
    }

    #[test]
    fn the_legacy_shape_is_converted_and_the_warning_shows_the_new_one() {
        check(
            r#"{"job_id": "sql-job-001", "name": "Daily Report", "job_type": "sql",
 "sql_query": "SELECT * FROM reports", "connection_name": "main_db", "timeout": 300}"#,
            expect![[r#"
                ok
                warning: this is the legacy single-step form; Stepwell converts it
                 --> job.yaml:1:1
                  |
                1 | {"job_id": "sql-job-001", "name": "Daily Report", "job_type": "sql",
                  | ^
                  help: the new form is
                    id: "sql-job-001"
                    name: "Daily Report"
                    timezone: "UTC"
                    steps:
                      - type: "sql"
                        query: "SELECT * FROM reports"
                        connection_name: "main_db"
                        timeout: 300
                        id: "main_step"
                        name: "Daily Report""#]],
        );
    }

    /// Problems of a converted job appear at the place of the error in the file, with the names that
    /// the file uses.
    #[test]
    fn problems_of_a_legacy_job_have_their_places_in_the_file() {
        check(
            r#"{"job": {"job_id": "sql-job-001",
 "job_type": "sql",
 "sql_query": ["SELECT 1"],
 "max_rows": "many",
 "parameters": {"a": 1}, "colour": "red"}}"#,
            expect![[r#"
                warning: this is the legacy single-step form; Stepwell converts it
                 --> job.yaml:1:9
                  |
                1 | {"job": {"job_id": "sql-job-001",
                  |         ^
                  help: the new form is
                    id: "sql-job-001"
                    timezone: "UTC"
                    steps:
                      - type: "sql"
                        query: ["SELECT 1"]
                        max_rows: "many"
                        parameters: {"a":1}
                        colour: "red"
                        id: "main_step"
                        name: "main_step"

                error: `sql_query` must be text, not a list
                 --> job.yaml:3:15
                  |
                3 |  "sql_query": ["SELECT 1"],
                  |               ^

                error: `max_rows` must be a whole number, not the text `many`
                 --> job.yaml:4:14
                  |
                4 |  "max_rows": "many",
                  |              ^

                error: unknown key `colour`
                 --> job.yaml:5:26
                  |
                5 |  "parameters": {"a": 1}, "colour": "red"}}
                  |                          ^
                  help: known keys: query, connection_name, timeout, max_rows, parameters"#]],
        );
        let text = r#"{"job_id": 7, "job_name": "n", "steps": [{"id": "a", "type": "sql", "query": "q"}]}"#;
        let found = parse("job.json", text, &catalog(true)).unwrap_err().0;
        let shown = |found: &Diagnostic| (found.pointer.clone(), found.column, found.message.clone());
        assert_eq!(shown(&found[1]), ("/job_id".to_owned(), 12, "`job_id` must be text, not `7`".to_owned()));
    }

    #[test]
    fn what_stands_beside_the_job_of_a_request_is_named() {
        check(
            "job: {id: x, steps: [{id: a, type: sql, query: q}]}\nvariables: {day: x}",
            expect![[r#"
                error: unknown key `variables` beside `job`
                 --> job.yaml:2:1
                  |
                2 | variables: {day: x}
                  | ^"#]],
        );
    }

    const MANY_PROBLEMS: &str = r#"id: daily job
timezone: Europe/Berln
vars: {day: x}
steps:
  - id: a
    type: sql
    qurey: SELECT 1
    max_rows: many
  - id: b
    type: sequel
  - id: a
    type: sql
    query: ${{ steps.c.output }} and ${{ vars.dya }}
    when: ${{ steps.a.status == }}
  - id: c
    type: sql
    query: ${{ steps.c.output }}
"#;

    #[test]
    fn every_problem_is_told_at_once() {
        check(
            MANY_PROBLEMS,
            expect![[r#"
                error: `id` must be 1 to 64 letters, digits, `.`, `_` and `-`, beginning with a letter or digit, not the text `daily job`
                 --> job.yaml:1:5
                  |
                1 | id: daily job
                  |     ^

                error: `Europe/Berln` is not an IANA time zone
                 --> job.yaml:2:11
                  |
                2 | timezone: Europe/Berln
                  |           ^
                  help: did you mean `Europe/Berlin`?

                error: missing key `query`
                 --> job.yaml:5:5
                  |
                5 |   - id: a
                  |     ^

                error: unknown key `qurey`
                 --> job.yaml:7:5
                  |
                7 |     qurey: SELECT 1
                  |     ^
                  help: did you mean `query`?

                error: `max_rows` must be a whole number, not the text `many`
                 --> job.yaml:8:15
                  |
                8 |     max_rows: many
                  |               ^

                error: there is no step type `sequel`
                  --> job.yaml:10:11
                   |
                10 |     type: sequel
                   |           ^
                  help: known types: sql

                error: two steps have the id `a`
                  --> job.yaml:11:9
                   |
                11 |   - id: a
                   |         ^
                  help: choose another id for one of them

                error: the step `c` runs after this one: only outputs of earlier steps are there
                  --> job.yaml:13:12
                   |
                13 |     query: ${{ steps.c.output }} and ${{ vars.dya }}
                   |            ^

                error: there is no variable `dya`
                  --> job.yaml:13:12
                   |
                13 |     query: ${{ steps.c.output }} and ${{ vars.dya }}
                   |            ^
                  help: did you mean `day`?

                error: `steps.a.status ==`: unexpected end of input, expected expression
                  --> job.yaml:14:11
                   |
                14 |     when: ${{ steps.a.status == }}
                   |           ^

                error: the step `c` refers to itself
                  --> job.yaml:17:12
                   |
                17 |     query: ${{ steps.c.output }}
                   |            ^"#]],
        );
    }

    #[test]
    fn steps_that_may_do_harm_twice_are_named_until_they_say_what_follows_a_crash() {
        let text = "{id: x, steps: [{id: a, type: sql, query: q}, {id: b, type: sql, query: q, on_lost: fail}], \
                    finally: [{id: c, type: sql, query: q}]}";
        let warnings = |idempotent| parse("job.yaml", text, &catalog(idempotent)).unwrap().advice.to_string();
        assert_eq!(warnings(true), "");
        let told = "the steps `a`, `c` are not idempotent: an attempt that is lost in a crash of its worker runs again";
        assert!(warnings(false).contains(told), "{}", warnings(false));
    }

    #[test]
    fn steps_after_the_end_see_all_others_and_have_their_places() {
        check(
            "id: x
steps:
  - {id: a, type: sql, query: '${{ steps.b.output }}'}
on_failure:
  - {id: b, type: sql, query: '${{ steps.a.status }} ${{ run.failed_step.id }}'}
finally:
  - {id: c, type: sql, qery: '${{ steps.b.status }} ${{ run.status }}'}
  - {id: a, type: approval, message: ok?}
",
            expect![[r#"
                error: the step `b` runs after this one: only outputs of earlier steps are there
                 --> job.yaml:3:31
                  |
                3 |   - {id: a, type: sql, query: '${{ steps.b.output }}'}
                  |                               ^

                error: missing key `query`
                 --> job.yaml:7:5
                  |
                7 |   - {id: c, type: sql, qery: '${{ steps.b.status }} ${{ run.status }}'}
                  |     ^

                error: unknown key `qery`
                 --> job.yaml:7:24
                  |
                7 |   - {id: c, type: sql, qery: '${{ steps.b.status }} ${{ run.status }}'}
                  |                        ^
                  help: did you mean `query`?

                error: two steps have the id `a`
                 --> job.yaml:8:10
                  |
                8 |   - {id: a, type: approval, message: ok?}
                  |          ^
                  help: choose another id for one of them

                error: an approval cannot run here: these steps run within `finally_timeout`
                 --> job.yaml:8:19
                  |
                8 |   - {id: a, type: approval, message: ok?}
                  |                   ^
                  help: move it to `steps`"#]],
        );
    }

    /// A setting that cannot be read does not hide errors in others.
    #[test]
    fn what_the_schema_refuses_hides_no_other_problem() {
        let text = "{id: x, timezone: Europe/Berln, timeout_seconds: soon, schedule: {cron: 61 * * * *}, steps: [\
            {id: a, type: sql, timeout: [1], query: '${{ vars.no }}'}, {id: b, type: sql, qery: q}]}";
        let found = parse("job.yaml", text, &catalog(true)).unwrap_err().0;
        let pointers: Vec<&str> = found.iter().map(|found| found.pointer.as_str()).collect();
        for expected in [
            "/timezone",
            "/timeout_seconds",
            "/schedule/cron",
            "/steps/0/timeout",
            "/steps/0/query",
            "/steps/1",
        ] {
            assert!(pointers.contains(&expected), "{expected}: {pointers:?}");
        }
        // The value of an omitted setting is not guessed.
        let text =
            "{id: x, vars: 5, schedule: {cron: 5}, steps: [{id: a, type: sql, query: '${{ vars.no }}'}]}";
        let found = parse("job.yaml", text, &catalog(true)).unwrap_err().0;
        let pointers: Vec<&str> = found.iter().map(|found| found.pointer.as_str()).collect();
        assert_eq!(pointers, ["/vars", "/schedule/cron"]);
    }

    #[test]
    fn a_retry_that_never_comes_is_a_warning() {
        check(
            "id: x
timeout_seconds: 3
retry: {max_attempts: 2, backoff: 1m}
steps:
  - id: a
    type: sql
    query: q
    retry: {max_attempts: 2, backoff: 5s}
  - {id: b, type: sql, query: q, retry: {max_attempts: 2, backoff: 1s}}
",
            expect![[r#"
                ok
                warning: the second try of the run never happens: it waits 1m, and the job ends after 3s
                 --> job.yaml:3:8
                  |
                3 | retry: {max_attempts: 2, backoff: 1m}
                  |        ^
                  help: shorten `backoff`, or raise `timeout_seconds`

                warning: the second attempt of `a` never happens: it waits 5s, and the job ends after 3s
                 --> job.yaml:8:12
                  |
                8 |     retry: {max_attempts: 2, backoff: 5s}
                  |            ^
                  help: shorten `backoff`, or raise `timeout_seconds`"#]],
        );
    }

    #[test]
    fn what_is_no_job_at_all_is_told_too() {
        check(
            "steps: [",
            expect![[r#"
            error: unclosed bracket '['
             --> job.yaml:1:8
              |
            1 | steps: [
              |        ^"#]],
        );
        check(
            "just text",
            expect![[r#"
                error: the document must be an object, not the text `just text`
                 --> job.yaml:1:1
                  |
                1 | just text
                  | ^"#]],
        );
        check(
            "id: x\nstepz: []\n",
            expect![[r#"
            error: missing key `steps`
             --> job.yaml:1:1
              |
            1 | id: x
              | ^

            error: unknown key `stepz`
             --> job.yaml:2:1
              |
            2 | stepz: []
              | ^
              help: did you mean `steps`?"#]],
        );
    }
}
