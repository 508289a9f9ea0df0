//! File options: their problems, and their conversion for readers and writers.

use tables::{Dialect, Options, Style};

use crate::config::{BadRows, Duplicates, Format, Load, OutputFile, OutputSpec};

const UNKNOWN_FORMAT: &str =
    "the extension does not say the format: set `format: csv`, `ndjson` or `parquet`";

impl OutputFile {
    /// Returns the full form.
    pub fn spec(&self) -> OutputSpec {
        match self {
            Self::Spec(spec) => spec.clone(),
            Self::Path(path) => OutputSpec { path: path.clone(), ..OutputSpec::default() },
        }
    }
}

impl Format {
    /// Returns the format that the extension indicates.
    pub fn of(path: &str) -> Option<Self> {
        Some(match tables::extension(path)?.0 {
            "csv" => Self::Csv,
            "ndjson" => Self::Ndjson,
            "json" => Self::Json,
            _ => Self::Parquet,
        })
    }
}

impl OutputSpec {
    /// Returns the format, either explicit or from the extension.
    pub fn format(&self) -> Option<Format> {
        self.format.or_else(|| Format::of(&self.path))
    }

    fn dialect(&self) -> Dialect<'_> {
        Dialect {
            path: &self.path,
            delimiter: self.delimiter.as_deref(),
            quote: self.quote.as_deref(),
            ..Dialect::default()
        }
    }

    /// Returns the problems of the options.
    pub fn problems(&self) -> Vec<String> {
        let Some(format) = self.format() else { return vec![UNKNOWN_FORMAT.to_owned()] };
        let mut problems = Vec::new();
        let packed = tables::is_packed(&self.path);
        if self.path.to_ascii_lowercase().ends_with(".zst") || packed && format == Format::Parquet {
            let what =
                "write CSV and NDJSON as they are or packed with gzip (`.gz`); Parquet packs its own columns";
            problems.push(what.to_owned());
        }
        match format {
            Format::Csv => problems.extend(self.csv_problems()),
            Format::Json => {
                problems.push("JSON cannot be streamed: write `format: ndjson` (.ndjson)".to_owned())
            }
            Format::Ndjson | Format::Parquet => {
                let more = [("header", self.header.is_some()), ("null", self.null.is_some())];
                problems.extend(self.dialect().csv_only(&more));
            }
        }
        problems
    }

    fn csv_problems(&self) -> Vec<String> {
        let mut problems = self.dialect().csv_problems();
        if self.quote.as_deref() == Some("") {
            problems.push("`quote` is one ASCII character: values that need it stand in it".to_owned());
        }
        let style = self.style();
        let breaks =
            |byte: u8| matches!(byte, b'\n' | b'\r') || byte == style.delimiter || byte == style.quote;
        if style.null.bytes().any(breaks) {
            problems.push("`null` is a text without the delimiter, the quote and line breaks".to_owned());
        }
        problems
    }

    /// Returns the CSV style for the writer.
    pub fn style(&self) -> Style {
        let quote = self.quote.as_deref().and_then(|quote| quote.bytes().next());
        Style {
            delimiter: self.dialect().delimiter(),
            quote: quote.unwrap_or(b'"'),
            header: self.header.unwrap_or(true),
            null: self.null.clone().unwrap_or_default(),
        }
    }
}

impl Load {
    /// The options that a problem of a load can concern.
    pub const OPTIONS: [&str; 15] = [
        "file",
        "format",
        "columns",
        "schema",
        "delimiter",
        "quote",
        "escape",
        "encoding",
        "decimal",
        "header",
        "skip",
        "null_values",
        "duplicates",
        "on_bad_row",
        "rejected",
    ];

    /// Returns the format, either explicit or from the extension.
    pub fn format(&self) -> Option<Format> {
        self.format.or_else(|| Format::of(&self.file))
    }

    /// Returns whether the file begins with the names of its columns.
    pub fn has_header(&self) -> bool {
        self.format() == Some(Format::Csv) && self.header != Some(false)
    }

    fn dialect(&self) -> Dialect<'_> {
        Dialect {
            path: &self.file,
            delimiter: self.delimiter.as_deref(),
            quote: self.quote.as_deref(),
            escape: self.escape.as_deref(),
            encoding: self.encoding.as_deref(),
            decimal: self.decimal.as_deref(),
            header: self.header,
            skip: self.skip,
            null_values: self.null_values.as_deref(),
            skips: matches!(self.on_bad_row, Some(BadRows::Skip | BadRows::Collect)),
            collects: self.on_bad_row == Some(BadRows::Collect),
            rejected: self.rejected.as_deref(),
        }
    }

    fn schema(&self) -> Vec<(&str, &str)> {
        self.schema.iter().flatten().map(|(name, kind)| (name.as_str(), kind.as_str())).collect()
    }

    /// Returns the problems of the options.
    pub fn problems(&self) -> Vec<String> {
        let Some(format) = self.format() else { return vec![UNKNOWN_FORMAT.to_owned()] };
        let mut problems = Vec::new();
        if let Some(columns) = &self.columns
            && let Err(repeated) = tables::distinct(columns.clone(), false)
        {
            problems.push(format!("`columns` names `{}` more than once", repeated.join("`, `")));
        }
        if format == Format::Csv {
            problems.extend(self.dialect().csv_problems());
            if self.header == Some(false) && self.columns.is_none() {
                problems.push(
                    "files without a header need the names in their order: write `columns: [...]`".to_owned(),
                );
            }
            if self.header == Some(false) && self.duplicates.is_some() {
                problems.push("`duplicates` has no meaning with `header: false`: remove it".to_owned());
            }
        } else {
            problems.extend(self.dialect().csv_only(&[("duplicates", self.duplicates.is_some())]));
        }
        if format == Format::Parquet {
            let of_text = [
                ("schema", self.schema.is_some()),
                ("encoding", self.encoding.is_some()),
                ("on_bad_row", self.on_bad_row.is_some()),
                ("rejected", self.rejected.is_some()),
            ];
            problems.extend(tables::only_for("CSV and JSON", &of_text));
        } else {
            problems.extend(tables::schema_problems(&self.schema()));
            problems.extend(self.dialect().text_problems());
        }
        problems
    }

    /// Returns the options for the readers.
    pub fn options(&self) -> Options {
        Options {
            rename_duplicates: self.duplicates == Some(Duplicates::Rename),
            ..self.dialect().options(&self.schema())
        }
    }
}

#[cfg(test)]
mod tests {
    use stepwell_sdk::prelude::serde_json;

    use super::*;

    #[test]
    fn an_option_of_a_load_is_honoured_or_refused() {
        let problems = |load: &str| {
            let load: Load = serde_json::from_str(&format!(r#"{{"table": "t", {load}}}"#)).unwrap();
            load.problems()
        };
        for good in [
            r#""file": "x.csv""#,
            r#""file": "x.csv.gz", "delimiter": ";", "quote": "'", "escape": "\\", "decimal": ",", "skip": 2,
               "encoding": "windows-1252", "null_values": ["NA"], "duplicates": "rename", "on_bad_row": "skip",
               "schema": {"day": "date(\"%d.%m.%Y\")"}"#,
            r#""file": "x.csv", "header": false, "columns": ["a", "b"]"#,
            r#""file": "x.jsonl.zst", "schema": {"a": "text"}, "on_bad_row": "collect", "rejected": "bad.ndjson""#,
            r#""file": "x.json", "encoding": "utf-16le""#,
            r#""file": "x.parquet", "columns": ["a"]"#,
        ] {
            assert_eq!(problems(good), Vec::<String>::new(), "{good}");
        }
        for (bad, why) in [
            (r#""file": "x""#, "set `format: csv`"),
            (r#""file": "x.csv", "delimiter": "ä""#, "one ASCII character"),
            (r#""file": "x.csv", "quote": ",""#, "another character"),
            (r#""file": "x.csv", "decimal": ";""#, "`decimal` is `.` or `,`"),
            (r#""file": "x.csv", "encoding": "shift_jis""#, "write utf-8"),
            (r#""file": "x.csv", "header": false"#, "write `columns: [...]`"),
            (r#""file": "x.csv", "columns": ["a", "a"]"#, "`a` more than once"),
            (r#""file": "x.csv", "rejected": "bad.ndjson""#, "for `on_bad_row: collect`"),
            (r#""file": "x.csv", "schema": {"a": "money"}"#, "`money` is not a type"),
            (r#""file": "x.ndjson", "skip": 1"#, "`skip`: for CSV only"),
            (r#""file": "x.parquet", "schema": {"a": "text"}"#, "`schema`: for CSV and JSON only"),
        ] {
            let found = problems(bad);
            assert!(matches!(&found[..], [one] if one.contains(why)), "{bad}: {found:?}");
        }
    }

    #[test]
    fn an_option_of_an_output_is_honoured_or_refused() {
        let problems = |output: &str| serde_json::from_str::<OutputFile>(output).unwrap().spec().problems();
        for good in [
            r#""x.csv.gz""#,
            r#""x.ndjson.gz""#,
            r#"{"path": "x.tsv", "quote": "'", "header": false, "null": "NULL"}"#,
            r#"{"path": "x.dat", "format": "parquet"}"#,
        ] {
            assert_eq!(problems(good), Vec::<String>::new(), "{good}");
        }
        for (bad, why) in [
            (r#""x.json""#, "write `format: ndjson`"),
            (r#""x.csv.zst""#, "packed with gzip"),
            (r#""x.parquet.gz""#, "Parquet packs its own columns"),
            (r#"{"path": "x.csv", "null": "a,b"}"#, "without the delimiter"),
            (r#"{"path": "x.csv", "quote": ""}"#, "one ASCII character"),
            (r#"{"path": "x.ndjson", "null": "NA"}"#, "`null`: for CSV only"),
        ] {
            let found = problems(bad);
            assert!(matches!(&found[..], [one] if one.contains(why)), "{bad}: {found:?}");
        }
    }
}
