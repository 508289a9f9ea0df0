//! What a job file says about a `sql` step, and the step itself.

use schemars::JsonSchema;
use serde::Deserialize;
use stepwell_sdk::prelude::{Step, json, log, serde_json};
use stepwell_sdk::sql::{Connection, Parameters, Rows, Value as SqlValue};
use stepwell_sdk::{Failure, Invocation, Issue, Need, Output, StepResult, progress};

use crate::table::{json_row, parameter, thousands};
use crate::write::Sink;

/// Rows asked for at a time.
const BATCH: u32 = 512;

/// Configuration of `sql`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sql {
    /// One SQL statement. Parameters are `?` or `:name`, and always bound.
    pub query: String,
    /// The name of a connection of the operator's configuration.
    pub connection_name: String,
    /// Seconds for the statement. Default: what policy grants, which it cannot exceed.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub timeout: Option<f64>,
    /// Most rows to take; what is beyond is left, and `metadata.truncated` says so. Default: all that policy
    /// grants (more than that fails the step).
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub max_rows: Option<u64>,
    /// A list for `?`, or an object for `:name`.
    #[serde(default)]
    pub parameters: Option<Given>,
    /// The file to write: relative to `/workspace`, or absolute within a mount that is granted for writing.
    /// Without it the rows become the step's output.
    #[serde(default)]
    pub output: Option<OutputFile>,
}

/// Values for the parameters.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Given {
    /// In order, for `?`.
    Positional(Vec<serde_json::Value>),
    /// By name, for `:name`.
    Named(serde_json::Map<String, serde_json::Value>),
}

/// An output: a path, or an object.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OutputFile {
    /// A path; the format follows from the extension (`.csv`, `.ndjson`, `.jsonl`, `.parquet`).
    Path(String),
    /// More than a path.
    Spec(OutputSpec),
}

/// An output file and its format.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutputSpec {
    /// The file.
    pub path: String,
    /// Default: from the extension.
    #[serde(default)]
    pub format: Option<Format>,
}

/// A file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Comma-separated values (RFC 4180), with a header line.
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// Apache Parquet, with snappy.
    Parquet,
}

impl OutputFile {
    fn spec(&self) -> OutputSpec {
        match self {
            Self::Spec(spec) => spec.clone(),
            Self::Path(path) => OutputSpec { path: path.clone(), format: None },
        }
    }
}

impl OutputSpec {
    /// The format given, or told by the extension.
    pub fn format(&self) -> Option<Format> {
        let told = || match self.path.rsplit_once('.')?.1.to_ascii_lowercase().as_str() {
            "csv" => Some(Format::Csv),
            "ndjson" | "jsonl" => Some(Format::Ndjson),
            "parquet" => Some(Format::Parquet),
            _ => None,
        };
        self.format.or_else(told)
    }
}

impl Step for Sql {
    const TYPE: &str = "sql";
    const VERSION: &str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &str = "Runs a SQL statement over a named connection";
    const NEEDS: &[Need] = &[
        Need { capability: "sql", purpose: "run the statement over the named connection" },
        Need { capability: "files", purpose: "write the rows to a file, where `output` names one" },
    ];

    fn validate(&self) -> Vec<Issue> {
        let mut issues = Vec::new();
        if self.query.trim().is_empty() {
            issues.push(Issue::at("/query", "the query is empty"));
        }
        if self.output.as_ref().is_some_and(|output| output.spec().format().is_none()) {
            issues.push(Issue::at(
                "/output",
                "the extension does not tell the format: name it by `format: csv`, `ndjson` or `parquet`",
            ));
        }
        issues
    }

    fn run(self, _: &Invocation) -> StepResult {
        let connection = Connection::open(&self.connection_name)?;
        let parameters = self.parameters()?;
        let timeout =
            self.timeout.map_or(0, |seconds| (seconds * 1e3).clamp(1.0, f64::from(u32::MAX)) as u32);
        if returns_rows(&self.query) {
            let rows = connection.query(&self.query, &parameters, timeout)?;
            self.fetch(&rows)
        } else {
            let changed = connection.execute(&self.query, &parameters, timeout)?;
            Ok(self
                .describe(Output::new(format!(
                    "Statement executed successfully. {} rows affected.",
                    thousands(changed)
                )))
                .metadata("row_count", 0)
                .metadata("affected_rows", changed))
        }
    }
}

impl Sql {
    fn parameters(&self) -> Result<Parameters, Failure> {
        let convert = |name: &str, value: &serde_json::Value| {
            parameter(value).ok_or_else(|| {
                Failure::invalid_config(format!(
                    "the parameter `{name}` is a list or an object: bind its parts"
                ))
            })
        };
        Ok(match &self.parameters {
            None => Parameters::Positional(Vec::new()),
            Some(Given::Positional(values)) => Parameters::Positional(
                values
                    .iter()
                    .enumerate()
                    .map(|(i, v)| convert(&(i + 1).to_string(), v))
                    .collect::<Result<_, _>>()?,
            ),
            Some(Given::Named(values)) => Parameters::Named(
                values
                    .iter()
                    .map(|(name, v)| Ok((name.clone(), convert(name, v)?)))
                    .collect::<Result<_, Failure>>()?,
            ),
        })
    }

    fn fetch(&self, rows: &Rows) -> StepResult {
        let columns = rows.columns();
        let spec = self.output.as_ref().map(OutputFile::spec);
        let mut sink = spec.as_ref().map(|spec| Sink::open(spec, &columns)).transpose()?;
        let mut collected = Vec::new();
        let (mut count, mut truncated) = (0u64, false);
        loop {
            let mut batch: Vec<Vec<SqlValue>> = rows.next(BATCH)?;
            if batch.is_empty() {
                break;
            }
            if let Some(max) = self.max_rows
                && count + batch.len() as u64 > max
            {
                truncated = true;
                batch.truncate((max - count) as usize);
            }
            count += batch.len() as u64;
            match &mut sink {
                Some(sink) => sink.write(&batch)?,
                None => collected.extend(batch.iter().map(|row| json_row(&columns, row))),
            }
            progress(count, None, "rows");
            if truncated {
                log::warn(format!("the result has more than {count} rows; the rest is left (`max_rows`)"));
                break;
            }
        }
        let path = sink.map(Sink::close).transpose()?;
        let summary = match &path {
            None => format!("Query executed successfully. {} rows returned.", thousands(count)),
            Some(path) => {
                format!("Query executed successfully. {} rows written to {path}.", thousands(count))
            }
        };
        let value = match &path {
            None => serde_json::Value::Array(collected),
            Some(path) => json!({ "path": path, "row_count": count }),
        };
        let columns: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let output = self.describe(Output::new(summary)).value(value);
        let output =
            output.metadata("row_count", count).metadata("columns", columns).metadata("truncated", truncated);
        Ok(match path {
            Some(path) => output.metadata("output_path", path),
            None => output,
        })
    }

    fn describe(&self, output: Output) -> Output {
        output
            .metadata("query", self.query.as_str())
            .metadata("connection_name", self.connection_name.as_str())
    }
}

/// Whether the statement is one that gives rows, by its first word.
fn returns_rows(query: &str) -> bool {
    let mut rest = query.trim_start();
    while rest.starts_with("--") || rest.starts_with("/*") {
        let end = if rest.starts_with("--") { "\n" } else { "*/" };
        rest = rest.split_once(end).map_or("", |(_, rest)| rest).trim_start();
    }
    let word: String =
        rest.chars().take_while(char::is_ascii_alphabetic).collect::<String>().to_ascii_uppercase();
    let returning = rest.to_ascii_uppercase().contains("RETURNING");
    matches!(word.as_str(), "SELECT" | "WITH" | "VALUES" | "EXPLAIN") || returning
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_that_give_rows() {
        for (query, rows) in [
            ("SELECT 1", true),
            ("  -- first\n/* then */ with x as (select 1) select * from x", true),
            ("INSERT INTO t VALUES (1)", false),
            ("delete from t returning id", true),
            ("UPDATE t SET a = 1", false),
            ("", false),
        ] {
            assert_eq!(returns_rows(query), rows, "{query}");
        }
    }

    #[test]
    fn an_output_needs_a_format() {
        let step = |output: &str| -> Sql {
            serde_json::from_str(&format!(
                r#"{{"query": "SELECT 1", "connection_name": "w", "output": {output}}}"#
            ))
            .unwrap()
        };
        assert!(step(r#""x.csv""#).validate().is_empty());
        assert!(step(r#"{"path": "x.dat", "format": "parquet"}"#).validate().is_empty());
        assert_eq!(step(r#""x.dat""#).validate()[0].pointer, "/output");
    }

    #[test]
    fn parameters_are_scalars() {
        let step = |parameters: &str| -> Sql {
            serde_json::from_str(&format!(
                r#"{{"query": "q", "connection_name": "w", "parameters": {parameters}}}"#
            ))
            .unwrap()
        };
        assert!(
            matches!(step(r#"[1, "a", null]"#).parameters(), Ok(Parameters::Positional(v)) if v.len() == 3)
        );
        assert!(matches!(step(r#"{"day": "x"}"#).parameters(), Ok(Parameters::Named(v)) if v[0].0 == "day"));
        assert!(step(r#"{"days": [1]}"#).parameters().unwrap_err().message.contains("`days`"));
    }
}
