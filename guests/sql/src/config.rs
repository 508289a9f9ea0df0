//! The job file's configuration of a `sql` step.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use stepwell_sdk::prelude::{Step, serde_json};
use stepwell_sdk::sql::{Parameters, Value as SqlValue};
use stepwell_sdk::{Invocation, Issue, Need, Pending, StepResult};

use crate::expect::Expect;
use crate::table::parameter;

/// Configuration of `sql`. Exactly one of `query`, `script`, `script_path`, `procedure` and `load` selects
/// the work.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sql {
    /// The name of a connection in the operator's configuration.
    #[schemars(extend("x-stepwell-grant" = "sql"))]
    pub connection_name: String,
    /// One SQL statement. Parameters are `?` (`$1` in PostgreSQL) or `:name`, and are always bound.
    #[serde(default)]
    pub query: Option<String>,
    /// Several statements, where policy grants `scripts`. The step counts and discards the rows that they
    /// return.
    #[serde(default)]
    pub script: Option<String>,
    /// A file that contains such a script. The path is relative to `/workspace`, or absolute within a granted
    /// mount.
    #[serde(default)]
    pub script_path: Option<String>,
    /// A stored procedure to call, for instance `reports.refresh`, with `parameters` in order or by name.
    #[serde(default)]
    pub procedure: Option<String>,
    /// A file to load into a table.
    #[serde(default)]
    pub load: Option<Load>,
    /// The time limit in seconds for each statement, or for a whole script or load. Default and maximum: the
    /// limit that policy grants.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub timeout: Option<f64>,
    /// The maximum number of rows to read. The step leaves the remaining rows and sets `metadata.truncated`.
    /// Default: all that policy grants; a larger result fails the step.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub max_rows: Option<u64>,
    /// Parameter values: a list in order, or an object by name. A value takes the type that the database
    /// expects in its position. A list goes into `IN (:name)`, and into `= ANY(:name)` in PostgreSQL; an
    /// object goes into JSON.
    #[serde(default)]
    pub parameters: Option<Given>,
    /// The handling of columns with the same name. Default: `error`.
    #[serde(default)]
    pub duplicates: Option<Duplicates>,
    /// The output file. The path is relative to `/workspace`, or absolute within a mount that is granted for
    /// writing. Without it, the rows become the step's output.
    #[serde(default)]
    #[schemars(extend("x-stepwell-writes" = true))]
    pub output: Option<OutputFile>,
    /// Conditions on the result. If one does not hold, the step fails and undoes the changes of its
    /// statement.
    #[serde(default)]
    pub expect: Option<Expect>,
    /// Whether either all statements take effect or none. Default: true for scripts, since half a script is
    /// of no use.
    #[serde(default)]
    pub transaction: Option<bool>,
}

/// The handling of columns with the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Duplicates {
    /// The step fails and names the columns.
    Error,
    /// The second `id` becomes `id_2`.
    Rename,
}

/// A file to load into a table, either all of its rows or none. The table decides the types of its columns.
/// The step fails on a value that a column cannot hold with all its digits.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// The file to load. The path is relative to `/workspace`, or absolute within a granted mount. CSV begins
    /// with the names of its columns. In text columns, an empty field is NULL and `""` is the empty text; in
    /// other columns, both are NULL.
    pub file: String,
    /// The table, for instance `sales` or `public.sales`. It must exist.
    pub table: String,
    /// The handling of rows that the table already has. Default: `append`.
    #[serde(default)]
    pub mode: LoadMode,
    /// The file format. Default: from the extension (`.csv`, `.tsv`, `.ndjson`, `.jsonl`, `.json`,
    /// `.parquet`). `.gz` and `.zst` may follow the extension of a text format.
    #[serde(default)]
    pub format: Option<Format>,
    /// The columns to load, in this order. Default: the columns of the file; for JSON, the keys of all
    /// objects. With `header: false`, these names apply to the file's columns in order.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub columns: Option<Vec<String>>,
    /// CSV and JSON only: the types of columns whose notation the database does not accept, for instance
    /// `{day: 'date("%d.%m.%Y")', paid: boolean}`. Types: `boolean`, `int64`, `float64`, `decimal(p,s)`,
    /// `text`, `date`, `date("FORMAT")`, `timestamp`, `timestamp("FORMAT")`, `timestamptz`.
    #[serde(default)]
    pub schema: Option<BTreeMap<String, String>>,
    /// CSV only: the separator. Default: `,` (tab for `.tsv`).
    #[serde(default)]
    #[schemars(length(min = 1, max = 1))]
    pub delimiter: Option<String>,
    /// CSV only: the quote character around values. Empty turns quoting off. Default: `"`.
    #[serde(default)]
    #[schemars(length(max = 1))]
    pub quote: Option<String>,
    /// CSV only: the escape character before a quote within quotes. Default: the quote itself is doubled.
    #[serde(default)]
    #[schemars(length(min = 1, max = 1))]
    pub escape: Option<String>,
    /// CSV only: whether the first line names the columns. Default: true.
    #[serde(default)]
    pub header: Option<bool>,
    /// CSV only: the number of lines to skip before the header. Default: 0.
    #[serde(default)]
    #[schemars(range(max = 1_000_000))]
    pub skip: Option<u64>,
    /// CSV only: the texts that stand for NULL. Default: the empty field without quotes.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub null_values: Option<Vec<String>>,
    /// CSV only: the decimal sign in number columns, `.` or `,`. Default: `.`.
    #[serde(default)]
    #[schemars(length(min = 1, max = 1))]
    pub decimal: Option<String>,
    /// CSV and JSON only: the encoding, such as `utf-8`, `utf-16le`, `utf-16be`, `windows-1252` or
    /// `iso-8859-1`. Default: from the byte order mark, or UTF-8.
    #[serde(default)]
    pub encoding: Option<String>,
    /// CSV only: the handling of a column name that occurs twice in the header. Default: `error`.
    #[serde(default)]
    pub duplicates: Option<Duplicates>,
    /// CSV and JSON only: the handling of a bad row, which has too many or too few fields, or a value that
    /// does not match `schema` or that its column would change. Default: `fail`. A row that the database
    /// itself refuses always fails the load.
    #[serde(default)]
    pub on_bad_row: Option<BadRows>,
    /// The file for bad rows, with one JSON object per line: `file`, `line`, `column`, `reason`, `values`.
    /// Allowed with `on_bad_row: collect` only.
    #[serde(default)]
    #[schemars(extend("x-stepwell-writes" = true))]
    pub rejected: Option<String>,
}

/// The handling of a bad row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BadRows {
    /// The load fails.
    Fail,
    /// The load leaves the row out. `rows_rejected` counts such rows.
    Skip,
    /// The load leaves the row out, counts it and writes it to the file under `rejected`.
    Collect,
}

/// The handling of rows that a table already has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LoadMode {
    /// The existing rows stay.
    #[default]
    Append,
    /// The load first deletes the existing rows, in the same transaction.
    Replace,
}

/// Values of the parameters.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Given {
    /// Values in order, for `?`.
    Positional(Vec<serde_json::Value>),
    /// Values by name, for `:name`.
    Named(serde_json::Map<String, serde_json::Value>),
}

/// An output: a path or an object.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OutputFile {
    /// A path. The format follows from the extension (`.csv`, `.tsv`, `.ndjson`, `.jsonl`, `.parquet`). `.gz`
    /// may follow the extension of a text format.
    Path(String),
    /// A path with further options.
    Spec(OutputSpec),
}

/// An output file and its format.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutputSpec {
    /// The path of the output file.
    pub path: String,
    /// The file format. Default: from the extension.
    #[serde(default)]
    pub format: Option<Format>,
    /// CSV only: the separator. Default: `,` (tab for `.tsv`).
    #[serde(default)]
    #[schemars(length(min = 1, max = 1))]
    pub delimiter: Option<String>,
    /// CSV only: the quote character around values that need it. Default: `"`.
    #[serde(default)]
    #[schemars(length(min = 1, max = 1))]
    pub quote: Option<String>,
    /// CSV only: whether the first line names the columns. Default: true.
    #[serde(default)]
    pub header: Option<bool>,
    /// CSV only: the text for NULL. Default: an empty field; the empty text is `""`.
    #[serde(default)]
    pub null: Option<String>,
}

/// A file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Comma-separated values (RFC 4180), with a header line.
    Csv,
    /// One JSON object per line.
    Ndjson,
    /// One JSON array of objects, or a sequence of objects. Loads only.
    Json,
    /// Apache Parquet with Snappy compression.
    Parquet,
}

const INJECTION: &str = "use `parameters`: values in SQL text are an injection risk";

impl Step for Sql {
    const TYPE: &str = "sql";
    const VERSION: &str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &str = "Runs a SQL statement over a named connection";
    const NEEDS: &[Need] = &[
        Need::new("sql", "run the statement over the named connection"),
        Need::optional("files", "write the rows to a file, where `output` names one"),
    ];

    fn validate(&self, pending: &Pending) -> Vec<Issue> {
        let mut issues = Vec::new();
        let texts = [
            ("query", &self.query),
            ("script", &self.script),
            ("script_path", &self.script_path),
            ("procedure", &self.procedure),
        ];
        let mut given: Vec<&str> =
            texts.iter().filter(|(_, text)| text.is_some()).map(|(name, _)| *name).collect();
        given.extend(self.load.is_some().then_some("load"));
        if given.len() != 1 {
            let found = if given.is_empty() {
                "none is given".to_owned()
            } else {
                format!("given are `{}`", given.join("`, `"))
            };
            let message = format!(
                "one of `query`, `script`, `script_path`, `procedure` and `load` says what to do: {found}"
            );
            issues.push(Issue::at("", message));
        }
        for (name, text) in texts {
            if text.as_ref().is_some_and(|text| text.trim().is_empty()) {
                issues.push(Issue::at(format!("/{name}"), format!("the {name} is empty")));
            }
        }
        if let Some(output) = &self.output {
            let problems = output.spec().problems().into_iter();
            issues.extend(problems.map(|problem| Issue::at("/output", problem).concerns("/output")));
        }
        if let Some(load) = &self.load {
            let concerned = |issue: Issue, option: &&str| issue.concerns(format!("/load/{option}"));
            let problems = load.problems().into_iter();
            issues.extend(
                problems.map(|problem| Load::OPTIONS.iter().fold(Issue::at("/load", problem), concerned)),
            );
        }
        let word = |part: &str| {
            part.starts_with(|c: char| c.is_alphabetic() || c == '_')
                && part.chars().all(|c| c.is_alphanumeric() || c == '_')
        };
        if self.procedure.as_ref().is_some_and(|name| !name.trim().is_empty() && !name.split('.').all(word)) {
            issues.push(Issue::at(
                "/procedure",
                "write the name alone, for instance `reports.refresh`; its values are `parameters`",
            ));
        }
        let rows = self.query.is_some() || self.procedure.is_some();
        for (key, is_given, takes) in [
            ("parameters", self.parameters.is_some(), rows),
            ("output", self.output.is_some(), rows),
            ("max_rows", self.max_rows.is_some(), rows),
            ("duplicates", self.duplicates.is_some(), rows),
            ("expect", self.expect.is_some(), rows || self.load.is_some()),
            ("transaction", self.transaction.is_some(), self.script.is_some() || self.script_path.is_some()),
        ] {
            if is_given && !takes && given.len() == 1 {
                issues.push(Issue::at(
                    format!("/{key}"),
                    format!("`{key}` does nothing for `{}`: remove it", given[0]),
                ));
            }
        }
        let texts = ["/query", "/script"].into_iter().find(|pointer| pending.contains(pointer));
        issues.extend(texts.map(|pointer| Issue::warning(pointer, INJECTION)));
        issues
    }

    fn run(self, _: &Invocation) -> StepResult {
        crate::run::run(&self)
    }
}

impl Sql {
    /// Returns the parameter values. Lists and objects become JSON.
    pub fn parameters(&self) -> Parameters {
        let convert =
            |value: &serde_json::Value| parameter(value).unwrap_or_else(|| SqlValue::Json(value.to_string()));
        match &self.parameters {
            None => Parameters::Positional(Vec::new()),
            Some(Given::Positional(values)) => Parameters::Positional(values.iter().map(convert).collect()),
            Some(Given::Named(values)) => {
                Parameters::Named(values.iter().map(|(name, value)| (name.clone(), convert(value))).collect())
            }
        }
    }

    /// Returns the time limit of a statement in milliseconds; 0 stands for the limit that policy grants.
    pub fn timeout_ms(&self) -> u32 {
        self.timeout.map_or(0, |seconds| (seconds * 1e3).clamp(1.0, f64::from(u32::MAX)) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_needs_a_format() {
        let step = |output: &str| -> Sql {
            serde_json::from_str(&format!(
                r#"{{"query": "SELECT 1", "connection_name": "w", "output": {output}}}"#
            ))
            .unwrap()
        };
        assert!(step(r#""x.csv""#).validate(&Pending::none()).is_empty());
        assert!(step(r#"{"path": "x.dat", "format": "parquet"}"#).validate(&Pending::none()).is_empty());
        assert_eq!(step(r#""x.dat""#).validate(&Pending::none())[0].pointer, "/output");
    }

    #[test]
    fn parameters_keep_their_types() {
        let step = |parameters: &str| -> Sql {
            serde_json::from_str(&format!(
                r#"{{"query": "q", "connection_name": "w", "parameters": {parameters}}}"#
            ))
            .unwrap()
        };
        assert_eq!(
            step(r#"[1, "00123", null, true, 1.5, [1, "a"], {"b": "1.50"}]"#).parameters(),
            Parameters::Positional(vec![
                SqlValue::Integer(1),
                SqlValue::Text("00123".to_owned()),
                SqlValue::Null,
                SqlValue::Boolean(true),
                SqlValue::Float(1.5),
                SqlValue::Json(r#"[1,"a"]"#.to_owned()),
                SqlValue::Json(r#"{"b":"1.50"}"#.to_owned()),
            ])
        );
        assert!(matches!(step(r#"{"day": "x"}"#).parameters(), Parameters::Named(v) if v[0].0 == "day"));
    }

    #[test]
    fn what_does_not_go_together_is_said() {
        for (config, pointer, why) in [
            (r#"{"connection_name": "w"}"#, "", "none is given"),
            (r#"{"connection_name": "w", "query": "q", "script": "s"}"#, "", "given are `query`, `script`"),
            (r#"{"connection_name": "w", "query": " "}"#, "/query", "is empty"),
            (
                r#"{"connection_name": "w", "script": "s", "parameters": []}"#,
                "/parameters",
                "does nothing for `script`",
            ),
            (r#"{"connection_name": "w", "load": {"file": "x.dat", "table": "t"}}"#, "/load", "the format"),
            (
                r#"{"connection_name": "w", "load": {"file": "x.csv", "table": "t", "on_bad_row": "collect"}}"#,
                "/load",
                "name it under `rejected`",
            ),
            (r#"{"connection_name": "w", "procedure": "p(1)"}"#, "/procedure", "the name alone"),
        ] {
            let issues = serde_json::from_str::<Sql>(config).unwrap().validate(&Pending::none());
            let found = issues.iter().any(|issue| issue.pointer == pointer && issue.message.contains(why));
            assert!(found, "{config}: {issues:?}");
        }
    }
}
