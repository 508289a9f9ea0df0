//! What a job file says about a `data_processing` step.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use stepwell_sdk::{Issue, pointer};

/// Configuration of `data_processing`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataProcessing {
    /// Tables of the query: name -> file, glob, or an object with more to say.
    #[schemars(length(min = 1))]
    pub inputs: BTreeMap<String, Input>,
    /// One SQL query over the tables: joins, windows, CTEs, dates (DataFusion's dialect, close to PostgreSQL's).
    pub query: String,
    /// The file to write. Without it, the rows become the step's output, at most `max_rows` of them.
    #[serde(default)]
    pub output: Option<Output>,
    /// Most rows that may become the step's output; more of them fail the step. Default: 1000.
    #[serde(default = "default_max_rows")]
    #[schemars(range(min = 1, max = 100_000))]
    pub max_rows: usize,
}

fn default_max_rows() -> usize {
    1000
}

/// An input: a path or glob, or an object.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Input {
    /// A path or glob; the format follows from the extension.
    Path(String),
    /// More than a path.
    Spec(InputSpec),
}

/// An input with its format and schema.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InputSpec {
    /// A file or glob: relative to `/workspace`, or absolute within a granted mount.
    pub path: String,
    /// Default: from the extension (`.csv`, `.tsv`, `.ndjson`, `.jsonl`, `.json`, `.parquet`).
    #[serde(default)]
    pub format: Option<Format>,
    /// Columns in order, name -> type: `boolean`, `int64`, `float64`, `decimal(10,2)`, `string`, `date`,
    /// `timestamp`. Default: inferred from the first 1000 rows. Parquet brings its own.
    #[serde(default)]
    pub schema: Option<Columns>,
    /// CSV only: the separator. Default: `,` (tab for `.tsv`).
    #[serde(default)]
    #[schemars(length(min = 1, max = 1))]
    pub delimiter: Option<String>,
    /// CSV only: whether the first line names the columns. Default: true.
    #[serde(default)]
    pub header: Option<bool>,
}

/// Columns in the order of the file: a list of `{name, type}`.
pub type Columns = Vec<Column>;

/// A column and its type.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// The name that the query uses.
    pub name: String,
    /// `boolean`, `int64`, `float64`, `decimal(p,s)`, `string`, `date` or `timestamp`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// An output: a path, or an object.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Output {
    /// A path; the format follows from the extension.
    Path(String),
    /// More than a path.
    Spec(OutputSpec),
}

/// An output file and its format.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutputSpec {
    /// A file: relative to `/workspace`, or absolute within a mount that is granted for writing.
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
    /// One JSON array of objects. Input only: it is read whole.
    Json,
    /// Apache Parquet.
    Parquet,
}

impl Input {
    /// The full form.
    pub fn spec(&self) -> InputSpec {
        match self {
            Self::Spec(spec) => spec.clone(),
            Self::Path(path) => {
                InputSpec { path: path.clone(), format: None, schema: None, delimiter: None, header: None }
            }
        }
    }
}

impl Output {
    /// The full form.
    pub fn spec(&self) -> OutputSpec {
        match self {
            Self::Spec(spec) => spec.clone(),
            Self::Path(path) => OutputSpec { path: path.clone(), format: None },
        }
    }
}

impl Format {
    /// The format that the extension of `path` tells.
    pub fn of(path: &str) -> Option<Self> {
        match path.rsplit_once('.')?.1.to_ascii_lowercase().as_str() {
            "csv" | "tsv" => Some(Self::Csv),
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            "json" => Some(Self::Json),
            "parquet" => Some(Self::Parquet),
            _ => None,
        }
    }
}

impl InputSpec {
    /// The format given, or told by the extension.
    pub fn format(&self) -> Option<Format> {
        self.format.or_else(|| Format::of(&self.path))
    }

    /// The separator of a CSV input.
    pub fn delimiter(&self) -> u8 {
        match self.delimiter.as_deref().map(str::as_bytes) {
            Some([byte, ..]) => *byte,
            _ if self.path.to_ascii_lowercase().ends_with(".tsv") => b'\t',
            _ => b',',
        }
    }
}

impl OutputSpec {
    /// The format given, or told by the extension.
    pub fn format(&self) -> Option<Format> {
        self.format.or_else(|| Format::of(&self.path))
    }
}

const UNKNOWN_FORMAT: &str =
    "the extension does not say the format: set `format: csv`, `ndjson` or `parquet`";

impl DataProcessing {
    /// Problems beyond the schema.
    pub fn issues(&self) -> Vec<Issue> {
        let mut issues = Vec::new();
        for (name, input) in &self.inputs {
            let at = pointer(["inputs", name.as_str()]);
            let (path, format, schema) =
                (format!("{at}/path"), format!("{at}/format"), format!("{at}/schema"));
            let spec = input.spec();
            let mut issue = |message: &str| {
                let issue = Issue::at(at.clone(), message);
                issues.push(issue.concerns(&path).concerns(&format).concerns(&schema));
            };
            match spec.format() {
                None => issue(UNKNOWN_FORMAT),
                Some(format) if format != Format::Csv => {
                    if spec.delimiter.is_some() || spec.header.is_some() {
                        issue("`delimiter` and `header` are for CSV only: remove them");
                    }
                    if format == Format::Parquet && spec.schema.is_some() {
                        issue("a Parquet file brings its own schema: remove `schema`, and cast in the query");
                    }
                }
                Some(_) => {}
            }
            for column in spec.schema.iter().flatten() {
                if !is_column_type(&column.kind) {
                    issue(&format!(
                        "column `{}`: `{}` is not a type: use boolean, int64, float64, decimal(p,s), string, date or timestamp",
                        column.name, column.kind
                    ));
                }
            }
        }
        let problem = match self.output.as_ref().map(|output| output.spec().format()) {
            Some(None) => Some(UNKNOWN_FORMAT),
            Some(Some(Format::Json)) => Some("JSON cannot be streamed: write `format: ndjson` (.ndjson)"),
            _ => None,
        };
        issues.extend(problem.map(|message| Issue::at("/output", message).concerns("/output")));
        if self.query.trim().is_empty() {
            issues.push(Issue::at("/query", "the query is empty"));
        }
        issues
    }
}

/// Precision and scale of `decimal(p,s)`.
pub fn decimal(kind: &str) -> Option<(u8, i8)> {
    let (precision, scale) = kind.strip_prefix("decimal(")?.strip_suffix(')')?.split_once(',')?;
    let (precision, scale): (u8, i8) = (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
    (1..=38).contains(&precision).then_some(())?;
    (0..=precision as i8).contains(&scale).then_some((precision, scale))
}

fn is_column_type(kind: &str) -> bool {
    matches!(kind, "boolean" | "int64" | "float64" | "string" | "date" | "timestamp")
        || decimal(kind).is_some()
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
        assert_eq!(step.inputs["b"].spec().delimiter(), b'\t');
        assert_eq!(step.output.as_ref().unwrap().spec().format(), Some(Format::Parquet));
        assert!(step.issues().is_empty());
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
        assert_eq!(
            places,
            ["/inputs/a", "/inputs/b", "/inputs/b", "/inputs/b", "/output", "/query"],
            "{found:#?}"
        );
    }

    #[test]
    fn decimals() {
        assert_eq!(decimal("decimal(10,2)"), Some((10, 2)));
        for bad in ["decimal", "decimal(0,0)", "decimal(39,2)", "decimal(5,6)", "decimal(5)"] {
            assert_eq!(decimal(bad), None, "{bad}");
        }
    }
}
