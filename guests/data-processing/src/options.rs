//! What an input says about its file, as the readers take it.

use tables::{Kind, Matching, OnBadRow, Options};

use crate::config::{BadRows, Duplicates, Format, InputSpec, Schema, Together, UNKNOWN_FORMAT};

impl InputSpec {
    /// What is wrong with the options.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = match self.format() {
            None => return vec![UNKNOWN_FORMAT.to_owned()],
            Some(Format::Csv) => self.csv_problems(),
            Some(format) => self.refused(format),
        };
        if self.format() != Some(Format::Parquet) {
            problems.extend(self.schema_problems());
            if self.encoding.as_deref().is_some_and(|name| tables::encoding(name).is_none()) {
                problems.push(format!(
                    "`encoding: {}` is not known: write utf-8, utf-16le, utf-16be, windows-1252 or iso-8859-1 to -16",
                    self.encoding.as_deref().unwrap_or_default()
                ));
            }
            let collects = self.on_bad_row == Some(BadRows::Collect);
            match &self.rejected {
                None if collects => {
                    problems.push("`on_bad_row: collect` needs a file: name it under `rejected`".to_owned())
                }
                Some(_) if !collects => problems.push("`rejected` is for `on_bad_row: collect`".to_owned()),
                Some(path)
                    if Format::of(path) != Some(Format::Ndjson)
                        || path.ends_with(".gz")
                        || path.ends_with(".zst") =>
                {
                    problems
                        .push("`rejected` is written as NDJSON: let its name end in `.ndjson`".to_owned());
                }
                _ => {}
            }
        }
        problems
    }

    fn refused(&self, format: Format) -> Vec<String> {
        let unites = format == Format::Parquet && self.columns == Some(Together::Union);
        let of_csv = [
            ("delimiter", self.delimiter.is_some()),
            ("quote", self.quote.is_some()),
            ("escape", self.escape.is_some()),
            ("header", self.header.is_some()),
            ("skip", self.skip.is_some()),
            ("null_values", self.null_values.is_some()),
            ("decimal", self.decimal.is_some()),
            ("columns", self.columns.is_some() && !unites),
            ("duplicates", self.duplicates.is_some()),
        ];
        let of_text = [
            ("encoding", self.encoding.is_some()),
            ("on_bad_row", self.on_bad_row.is_some()),
            ("rejected", self.rejected.is_some()),
        ];
        let list = |options: &[(&str, bool)]| {
            let given = options.iter().filter(|(_, given)| *given).map(|(name, _)| format!("`{name}`"));
            given.collect::<Vec<_>>().join(", ")
        };
        let mut problems = Vec::new();
        let given = list(&of_csv);
        if !given.is_empty() {
            problems.push(format!("{given}: for CSV only; remove"));
        }
        if format == Format::Parquet {
            let given = list(&of_text);
            if !given.is_empty() {
                problems.push(format!("{given}: for CSV and JSON only; remove"));
            }
            if self.schema.is_some() {
                problems.push(
                    "a Parquet file brings its own schema: remove `schema`, and cast in the query".to_owned(),
                );
            }
        }
        problems
    }

    fn csv_problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut problem = |text: &str| problems.push(text.to_owned());
        let sign = |text: &Option<String>| match text.as_deref().map(str::as_bytes) {
            None | Some([b' '..=b'~' | b'\t']) => true,
            Some(_) => false,
        };
        if !sign(&self.delimiter)
            || !sign(&self.escape)
            || !(sign(&self.quote) || self.quote.as_deref() == Some(""))
        {
            problem("`delimiter`, `quote` and `escape` are one ASCII character each");
        } else if self.quote.as_deref().and_then(|q| q.bytes().next()) == Some(self.delimiter())
            || self.escape.as_deref().and_then(|e| e.bytes().next()) == Some(self.delimiter())
        {
            problem("`delimiter` is another character than `quote` and `escape`");
        }
        if self.quote.as_deref() == Some("") && self.escape.is_some() {
            problem("`escape` has no meaning without quotes: remove it");
        }
        if !matches!(self.decimal.as_deref(), None | Some("." | ",")) {
            problem("`decimal` is `.` or `,`");
        }
        if self.header == Some(false) {
            if self.duplicates.is_some() {
                problem("`duplicates` has no meaning with `header: false`: remove it");
            }
            if matches!(self.columns, Some(Together::ByName | Together::Union)) {
                problem("files without a header have no names to go by: write `columns: by_position`");
            }
            if matches!(self.schema, Some(Schema::Map(_))) {
                problem(
                    "files without a header need the names in their order: write `schema: [{name: ..., type: ...}]`",
                );
            }
        }
        problems
    }

    fn schema_problems(&self) -> Vec<String> {
        let columns = self.schema_columns();
        let mut problems: Vec<String> = columns
            .iter()
            .filter(|(_, kind)| Kind::parse(kind).is_none())
            .map(|(name, kind)| format!("column `{name}`: `{kind}` is not a type: use {}", tables::KINDS))
            .collect();
        let names = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
        if let Err(repeated) = tables::distinct(names, false) {
            problems.push(format!("`schema` names `{}` more than once", repeated.join("`, `")));
        }
        problems
    }

    fn schema_columns(&self) -> Vec<(&str, &str)> {
        match &self.schema {
            None => Vec::new(),
            Some(Schema::List(columns)) => {
                columns.iter().map(|c| (c.name.as_str(), c.kind.as_str())).collect()
            }
            Some(Schema::Map(columns)) => {
                columns.iter().map(|(name, kind)| (name.as_str(), kind.as_str())).collect()
            }
        }
    }

    /// The options for the readers of text.
    pub fn options(&self) -> Options {
        let byte = |text: &Option<String>| text.as_deref().and_then(|text| text.bytes().next());
        let schema = self.schema_columns();
        Options {
            delimiter: self.delimiter(),
            quote: if self.quote.is_some() { byte(&self.quote) } else { Some(b'"') },
            escape: byte(&self.escape),
            encoding: self.encoding.as_deref().and_then(tables::encoding),
            decimal_comma: self.decimal.as_deref() == Some(","),
            header: self.header.unwrap_or(true),
            skip: self.skip.unwrap_or(0),
            null_values: self.null_values.clone(),
            schema: schema
                .into_iter()
                .filter_map(|(name, kind)| Some((name.to_owned(), Kind::parse(kind)?)))
                .collect(),
            matching: match self.columns {
                Some(Together::ByPosition) => Matching::ByPosition,
                Some(Together::Union) => Matching::Union,
                Some(Together::ByName) | None => Matching::ByName,
            },
            rename_duplicates: self.duplicates == Some(Duplicates::Rename),
            on_bad_row: match self.on_bad_row {
                Some(BadRows::Skip | BadRows::Collect) => OnBadRow::Skip,
                Some(BadRows::Fail) | None => OnBadRow::Fail,
            },
        }
    }
}
