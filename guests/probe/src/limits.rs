//! Runs into a limit where the host returns an error, and handles the error as steps do.

use std::fs::{self, File};
use std::io::Write;

use schemars::JsonSchema;
use serde::Deserialize;
use stepwell_sdk::sql::{Connection, Parameters, Value};
use stepwell_sdk::{Failure, Output, StepResult, context, http};

use crate::Probe;

/// The reaction of a step to an error.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// The step fails with the error.
    #[default]
    Fail,
    /// The step ignores the error and succeeds.
    Succeed,
    /// The step ignores the error and fails because another system is down.
    Unavailable,
    /// The step ignores the error and reports an invalid configuration.
    Invalid,
    /// The step does not handle the error and panics.
    Panic,
    /// The step frees space, repeats the work with less, and fails for another reason.
    Recover,
}

pub fn reach(step: &Probe) -> StepResult {
    let Err(failure) = run_into(step) else {
        return Ok(Output::new("done").value("no limit"));
    };
    match step.then {
        Then::Fail => Err(failure),
        Then::Succeed => Ok(Output::new("done").value(failure.message)),
        Then::Unavailable => Err(Failure::unavailable("another system is down")),
        Then::Invalid => Err(Failure::invalid_config("a setting is wrong")),
        Then::Panic => panic!("{}", failure.message),
        Then::Recover => {
            let _ = fs::remove_file(format!("{}/large", step.path));
            fs::write(format!("{}/large", step.path), vec![b'x'; 64 << 10]).map_err(failed)?;
            Err(Failure::failed("something else is wrong"))
        }
    }
}

fn failed(error: std::io::Error) -> Failure {
    Failure::failed(error.to_string())
}

fn run_into(step: &Probe) -> Result<(), Failure> {
    let none = || Parameters::Positional(Vec::new());
    let open = || Connection::open(&step.connection);
    let read = |query: &str, timeout: u32| -> Result<(), Failure> {
        let connection = open()?;
        let rows = connection.query(query, &none(), timeout)?;
        while !rows.next(1000)?.is_empty() {}
        Ok(())
    };
    const NUMBERS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)";
    let path = &step.path;
    match step.text.as_str() {
        "space" => {
            let mut file = File::create(format!("{path}/large")).map_err(failed)?;
            loop {
                file.write_all(&[b'x'; 64 << 10]).map_err(failed)?;
            }
        }
        "names" => loop {
            fs::write(format!("{path}/{}", fs::read_dir(path).map_err(failed)?.count()), "")
                .map_err(failed)?;
        },
        "open" => {
            let mut kept = Vec::new();
            loop {
                kept.push(File::open(path).map_err(failed)?);
            }
        }
        "depth" => {
            let mut below = path.clone();
            loop {
                below.push_str("/d");
                fs::create_dir(&below).map_err(failed)?;
            }
        }
        "rows" => read(&format!("{NUMBERS} SELECT i FROM n"), 0),
        "bytes" => read(&format!("{NUMBERS} SELECT hex(zeroblob(5000)) FROM n"), 0),
        "statements" => loop {
            read("SELECT 1", 0)?;
        },
        "connections" => {
            let mut kept = Vec::new();
            loop {
                kept.push(open()?);
            }
        }
        "a long statement" => read(&format!("SELECT 1 -- {}", "x".repeat(70_000)), 0),
        "parameters" => {
            let values = vec![Value::Integer(1); 101];
            open()?.query("SELECT 1", &Parameters::Positional(values), 0)?;
            Ok(())
        }
        "a large value" => read("SELECT zeroblob(2000000)", 0),
        "memory" => read(&format!("{NUMBERS} SELECT i, hex(randomblob(4000)) AS x FROM n ORDER BY x"), 0),
        "time" => {
            read("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n", 0)
        }
        "time of its own" => {
            read("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n", 200)
        }
        "variables" => Ok(context::set_variable("seen", &"x".repeat(1 << 20))?),
        "checkpoint" => Ok(context::save_checkpoint(&"x".repeat(1 << 20))?),
        "requests" => loop {
            http::Request::new("GET", step.url.as_str()).send(64 << 20)?;
        },
        other => Err(Failure::invalid_config(format!("`{other}` is no limit"))),
    }
}
