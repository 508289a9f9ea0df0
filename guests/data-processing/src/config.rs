//! The job file's configuration of a `data_processing` step.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use stepwell_sdk::{Issue, pointer};

use crate::shares::Split;

/// Configuration of `data_processing`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataProcessing {
    /// The tables of the query: each name maps to a file, a glob, or an object with further options.
    #[schemars(length(min = 1))]
    pub inputs: BTreeMap<String, Input>,
    /// One SQL query over the tables, with joins, window functions, CTEs and dates. The dialect is
    /// DataFusion's, which is close to PostgreSQL's.
    pub query: String,
    /// The engine that runs the query: the step itself (`local`), the operator's Spark (`spark`), or `auto`.
    /// Default: `auto`, which chooses Spark for large inputs that it can read, and runs everything else locally.
    #[serde(default)]
    pub engine: Engine,
    /// The output file. Without it, the rows become the step's output, at most `max_rows` of them.
    #[serde(default)]
    #[schemars(extend("x-stepwell-writes" = true))]
    pub output: Option<Output>,
    /// The handling of columns of the result that have the same name. Default: `fail`.
    #[serde(default)]
    pub duplicates: Option<Duplicates>,
    /// The maximum number of rows in the step's output; more rows fail the step. Default: 1000.
    #[serde(default = "default_max_rows")]
    #[schemars(range(min = 1, max = 100_000))]
    pub max_rows: usize,
    /// The division of a large input into parts that are read at the same time.
    #[serde(default)]
    #[schemars(extend("x-stepwell-split" = true))]
    pub split: Option<Split>,
}

fn default_max_rows() -> usize {
    1000
}

/// The engine that runs a query.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// Spark for large inputs, if the operator offers it and it gives the same rows; otherwise the step itself.
    #[default]
    Auto,
    /// The step itself.
    Local,
    /// The operator's Spark. A query that it cannot run fails.
    Spark,
}

/// An input: a path, a glob or an object.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Input {
    /// A path or glob; the format follows from the extension.
    Path(String),
    /// A path or glob with further options.
    Spec(InputSpec),
}

/// An input with its format and schema.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InputSpec {
    /// A file or glob. The path is relative to `/workspace`, or absolute within a granted mount. A URL that
    /// the operator's Spark reads, such as `s3a://bucket/sales`, is for Parquet only.
    pub path: String,
    /// The file format. Default: from the extension (`.csv`, `.tsv`, `.ndjson`, `.jsonl`, `.json`,
    /// `.parquet`). `.gz` and `.zst` may follow the extension of a text format.
    #[serde(default)]
    pub format: Option<Format>,
    /// The types of columns: `{account: text, net: "decimal(12,2)", day: 'date("%d.%m.%Y")'}`, or a list of
    /// `{name, type}`, which names the columns in order when `header` is false. Types: `boolean`, `int64`,
    /// `float64`, `decimal(p,s)`, `text`, `date`, `date("FORMAT")`, `timestamp`, `timestamp("FORMAT")`,
    /// `timestamptz`. Any other column gets the type that reproduces each value of the first 1000 rows, or of
    /// all rows in JSON. Parquet has its own types.
    #[serde(default)]
    pub schema: Option<Schema>,
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
    /// CSV only: the decimal sign of numbers, `.` or `,`. Default: `.`.
    #[serde(default)]
    #[schemars(length(min = 1, max = 1))]
    pub decimal: Option<String>,
    /// CSV and JSON only: the encoding, such as `utf-8`, `utf-16le`, `utf-16be`, `windows-1252` or
    /// `iso-8859-1`. Default: from the byte order mark, or UTF-8.
    #[serde(default)]
    pub encoding: Option<String>,
    /// CSV, and `union` for Parquet: the way to combine the columns of several files. Default: `by_name`.
    #[serde(default)]
    pub columns: Option<Together>,
    /// CSV only: the handling of a column name that occurs twice in the header. Default: `fail`.
    #[serde(default)]
    pub duplicates: Option<Duplicates>,
    /// CSV and JSON only: the handling of a bad row. Default: `fail`.
    #[serde(default)]
    pub on_bad_row: Option<BadRows>,
    /// The file for bad rows, with one JSON object per line: `file`, `line`, `column`, `reason`, `values`.
    /// Allowed with `on_bad_row: collect` only.
    #[serde(default)]
    #[schemars(extend("x-stepwell-writes" = true))]
    pub rejected: Option<String>,
}

/// Types of columns.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Schema {
    /// A list of `{name, type}`.
    List(Vec<Column>),
    /// A map from name to type.
    Map(BTreeMap<String, String>),
}

/// The way to combine the columns of several files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Together {
    /// Each file has the same columns, in any order.
    ByName,
    /// The first file names the columns. The other files have the same number of columns.
    ByPosition,
    /// The table has all columns of all files. A column that a file lacks is NULL.
    Union,
}

/// The handling of a column name that occurs twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Duplicates {
    /// The step fails.
    Fail,
    /// The second column is called `name_2`.
    Rename,
}

/// The handling of a bad row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BadRows {
    /// The step fails.
    Fail,
    /// The step leaves the row out. `rows_rejected` counts such rows.
    Skip,
    /// The step leaves the row out, counts it and writes it to the file under `rejected`.
    Collect,
}

/// A column and its type.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// The name of the column in the query.
    pub name: String,
    /// The type of the column, as in the other form of `schema`. `string` means `text`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// An output: a path or an object.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Output {
    /// A path; the format follows from the extension.
    Path(String),
    /// A path with further options.
    Spec(OutputSpec),
}

/// An output file and its format.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutputSpec {
    /// The output file. The path is relative to `/workspace`, or absolute within a mount that is granted for
    /// writing.
    pub path: String,
    /// The file format. Default: from the extension.
    #[serde(default)]
    pub format: Option<Format>,
}

/// A file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Comma-separated values (RFC 4180), with a header line.
    Csv,
    /// One JSON object per line.
    Ndjson,
    /// One JSON array of objects, or a sequence of objects. Input only.
    Json,
    /// Apache Parquet. The output uses Snappy compression.
    Parquet,
}

impl Input {
    /// Returns the full form.
    pub fn spec(&self) -> InputSpec {
        match self {
            Self::Spec(spec) => spec.clone(),
            Self::Path(path) => InputSpec { path: path.clone(), ..InputSpec::default() },
        }
    }
}

impl Output {
    /// Returns the full form.
    pub fn spec(&self) -> OutputSpec {
        match self {
            Self::Spec(spec) => spec.clone(),
            Self::Path(path) => OutputSpec { path: path.clone(), format: None },
        }
    }
}

impl Format {
    /// Returns the format that the extension of `path` indicates.
    pub fn of(path: &str) -> Option<Self> {
        Some(match tables::extension(path)?.0 {
            "csv" => Self::Csv,
            "ndjson" => Self::Ndjson,
            "json" => Self::Json,
            _ => Self::Parquet,
        })
    }
}

impl InputSpec {
    /// Returns whether only Spark can read the input.
    pub fn is_remote(&self) -> bool {
        self.path.contains("://")
    }

    /// Returns the format, either explicit or from the extension.
    pub fn format(&self) -> Option<Format> {
        self.format.or_else(|| Format::of(&self.path))
    }
}

impl OutputSpec {
    /// Returns whether the file name asks for a compression that the format supports.
    fn can_pack(&self, format: Format) -> bool {
        let zstd = self.path.to_ascii_lowercase().ends_with(".zst");
        !zstd && (format != Format::Parquet || !tables::is_packed(&self.path))
    }

    /// Returns the format, either explicit or from the extension.
    pub fn format(&self) -> Option<Format> {
        self.format.or_else(|| Format::of(&self.path))
    }
}

/// The options that a problem of an input can concern.
const OPTIONS: [&str; 15] = [
    "path",
    "format",
    "schema",
    "delimiter",
    "quote",
    "escape",
    "encoding",
    "decimal",
    "header",
    "skip",
    "null_values",
    "columns",
    "duplicates",
    "on_bad_row",
    "rejected",
];

pub const UNKNOWN_FORMAT: &str =
    "the extension does not say the format: set `format: csv`, `ndjson` or `parquet`";

impl DataProcessing {
    /// Returns the problems that the schema does not express.
    pub fn issues(&self) -> Vec<Issue> {
        let mut issues = Vec::new();
        for (name, input) in &self.inputs {
            let at = pointer(["inputs", name.as_str()]);
            let spec = input.spec();
            for message in spec.problems() {
                let issue = Issue::at(at.clone(), message);
                // A value that is still a template may be valid after rendering.
                let concerned = |issue: Issue, option: &&str| issue.concerns(format!("{at}/{option}"));
                issues.push(OPTIONS.iter().fold(issue, concerned));
            }
        }
        let mut names = std::collections::BTreeMap::new();
        for name in self.inputs.keys() {
            if let Some(other) = names.insert(name.to_ascii_lowercase(), name) {
                let what = format!("`{other}` and `{name}` differ in case only: give one another name");
                issues.push(Issue::at(pointer(["inputs", name.as_str()]), what));
            }
        }
        let problem = match self.output.as_ref().map(|output| output.spec().format()) {
            Some(None) => Some(UNKNOWN_FORMAT),
            Some(Some(format))
                if self.output.as_ref().is_some_and(|output| !output.spec().can_pack(format)) =>
            {
                Some(
                    "write CSV and NDJSON as they are or packed with gzip (`.gz`); Parquet packs its own columns",
                )
            }
            Some(Some(Format::Json)) => Some("JSON cannot be streamed: write `format: ndjson` (.ndjson)"),
            _ => None,
        };
        issues.extend(problem.map(|message| Issue::at("/output", message).concerns("/output")));
        if self.query.trim().is_empty() {
            issues.push(Issue::at("/query", "the query is empty"));
        }
        issues.extend(self.engine_issues());
        issues.extend(self.split.iter().flat_map(|split| split.issues(self)));
        issues
    }
}

impl DataProcessing {
    /// Returns the problems of the choice of an engine.
    fn engine_issues(&self) -> Vec<Issue> {
        let mut issues = Vec::new();
        if self.engine == Engine::Spark && self.split.is_some() {
            let what = "`split` divides the work of the local engine: remove it, or write `engine: local`";
            issues.push(Issue::at("/split", what).concerns("/engine"));
        }
        for (name, input) in &self.inputs {
            let spec = input.spec();
            if !spec.is_remote() {
                continue;
            }
            let at = pointer(["inputs", name.as_str()]);
            let path = format!("{at}/path");
            let problem = match () {
                () if spec.format() != Some(Format::Parquet) => {
                    "Spark reads Parquet here: name a Parquet file, or write `format: parquet` for a directory"
                }
                () if self.engine == Engine::Local => {
                    "only Spark reads a URL: write `engine: spark`, or name a file of a granted mount"
                }
                () if self.split.is_some() => "only Spark reads a URL, and `split` is for the local engine",
                () => continue,
            };
            issues.push(Issue::at(at, problem).concerns(path).concerns("/engine").concerns("/split"));
        }
        issues
    }
}

#[cfg(test)]
mod tests {
    use stepwell_sdk::prelude::serde_json;

    use super::*;

    fn issues(json: &str) -> Vec<String> {
        let step: DataProcessing = serde_json::from_str(json).unwrap();
        step.issues().into_iter().map(|issue| format!("{}: {}", issue.pointer, issue.message)).collect()
    }

    #[test]
    fn short_and_long_forms_mean_the_same() {
        let step: DataProcessing = serde_json::from_str(
            r#"{"inputs": {"a": "x.csv", "b": {"path": "y.tsv"}}, "query": "select 1", "output": "z.parquet"}"#,
        )
        .unwrap();
        assert_eq!(step.inputs["a"].spec().format(), Some(Format::Csv));
        assert_eq!(step.inputs["b"].spec().options().delimiter, b'\t');
        assert_eq!(step.output.as_ref().unwrap().spec().format(), Some(Format::Parquet));
        assert!(step.issues().is_empty());
    }

    #[test]
    fn an_option_is_honoured_or_refused() {
        let one =
            |spec: &str| issues(&format!(r#"{{"inputs": {{"a": {spec}}}, "query": "select 1"}}"#)).len();
        for good in [
            r#"{"path": "x.csv", "schema": {"a": "text", "b": "decimal(12,2)", "c": "date(\"%d.%m.%Y\")"}}"#,
            r#"{"path": "x.csv", "delimiter": ";", "quote": "'", "escape": "\\", "decimal": ",", "encoding": "windows-1252",
                "skip": 2, "columns": "union", "duplicates": "rename", "null_values": ["NA"], "on_bad_row": "skip"}"#,
            r#"{"path": "x.csv.gz", "on_bad_row": "collect", "rejected": "bad.ndjson"}"#,
            r#"{"path": "x.csv", "header": false, "schema": [{"name": "a", "type": "text"}]}"#,
            r#"{"path": "x.ndjson", "schema": {"a": "text"}, "encoding": "utf-16le", "on_bad_row": "skip"}"#,
            r#"{"path": "x.parquet", "columns": "union"}"#,
        ] {
            assert_eq!(one(good), 0, "{good}");
        }
        for bad in [
            r#"{"path": "x.csv", "delimiter": "\n"}"#,
            r#"{"path": "x.csv", "delimiter": "ä"}"#,
            r#"{"path": "x.csv", "quote": ","}"#,
            r#"{"path": "x.csv", "quote": "", "escape": "\\"}"#,
            r#"{"path": "x.csv", "decimal": ";"}"#,
            r#"{"path": "x.csv", "encoding": "shift_jis"}"#,
            r#"{"path": "x.csv", "rejected": "bad.ndjson"}"#,
            r#"{"path": "x.csv", "on_bad_row": "collect"}"#,
            r#"{"path": "x.csv", "on_bad_row": "collect", "rejected": "bad.csv"}"#,
            r#"{"path": "x.csv", "header": false, "columns": "union"}"#,
            r#"{"path": "x.csv", "header": false, "duplicates": "rename"}"#,
            r#"{"path": "x.csv", "header": false, "schema": {"a": "text"}}"#,
            r#"{"path": "x.csv", "schema": {"a": "decimal(40,2)"}}"#,
            r#"{"path": "x.csv", "schema": {"a": "date(\"day\")"}}"#,
            r#"{"path": "x.csv", "schema": [{"name": "a", "type": "text"}, {"name": "a", "type": "text"}]}"#,
            r#"{"path": "x.ndjson", "null_values": ["NA"]}"#,
            r#"{"path": "x.ndjson", "columns": "by_position"}"#,
            r#"{"path": "x.parquet", "columns": "by_position"}"#,
            r#"{"path": "x.parquet", "encoding": "utf-8"}"#,
            r#"{"path": "x.parquet", "on_bad_row": "skip"}"#,
        ] {
            assert_eq!(one(bad), 1, "{bad}");
        }
    }

    #[test]
    fn an_engine_and_its_inputs_fit() {
        for (step, wanted) in [
            (r#""engine": "spark""#, ""),
            (r#""engine": "spark", "split": {"input": "a", "parts": 2}"#, "/split: `split` divides"),
            (r#""inputs": {"a": "s3a://b/sales.parquet"}"#, ""),
            (r#""inputs": {"a": {"path": "s3a://b/sales", "format": "parquet"}}, "engine": "spark""#, ""),
            (
                r#""inputs": {"a": {"path": "s3a://b/sales.csv", "format": "csv"}}"#,
                "/inputs/a: Spark reads Parquet",
            ),
            (
                r#""inputs": {"a": "s3a://b/a.parquet"}, "engine": "local""#,
                "/inputs/a: only Spark reads a URL: write",
            ),
            (
                r#""inputs": {"a": "s3a://b/a.parquet"}, "split": {"input": "a", "parts": 2}"#,
                "/inputs/a: only Spark reads a URL, and `split`",
            ),
        ] {
            let inputs = if step.contains("inputs") { "" } else { r#""inputs": {"a": "a.parquet"}, "# };
            let found = issues(&format!(r#"{{{inputs}{step}, "query": "SELECT 1"}}"#));
            assert_eq!(found.is_empty(), wanted.is_empty(), "{step}: {found:?}");
            assert!(found.first().is_none_or(|found| found.starts_with(wanted)), "{step}: {found:?}");
        }
    }

    #[test]
    fn every_problem_is_told_at_once_with_its_place() {
        let found = issues(
            r#"{"inputs": {
                "a": "x.dat",
                "b": {"path": "y.parquet", "delimiter": ";", "schema": [{"name": "n", "type": "money"}]}},
              "query": " ", "output": "z.json"}"#,
        );
        let places: Vec<&str> = found.iter().filter_map(|i| i.split(':').next()).collect();
        assert_eq!(places, ["/inputs/a", "/inputs/b", "/inputs/b", "/output", "/query"], "{found:#?}");
    }
}
