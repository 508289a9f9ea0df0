//! Converts the file options of an input for the readers.

use tables::{Dialect, Matching, Options};

use crate::config::{BadRows, Duplicates, Format, InputSpec, Schema, Together, UNKNOWN_FORMAT};

impl InputSpec {
    /// Returns the problems of the options.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = match self.format() {
            None => return vec![UNKNOWN_FORMAT.to_owned()],
            Some(Format::Csv) => self.csv_problems(),
            Some(format) => self.refused(format),
        };
        if self.format() != Some(Format::Parquet) {
            problems.extend(tables::schema_problems(&self.schema_columns()));
            problems.extend(self.dialect().text_problems());
        }
        problems
    }

    fn dialect(&self) -> Dialect<'_> {
        Dialect {
            path: &self.path,
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

    fn refused(&self, format: Format) -> Vec<String> {
        let unites = format == Format::Parquet && self.columns == Some(Together::Union);
        let of_csv =
            [("columns", self.columns.is_some() && !unites), ("duplicates", self.duplicates.is_some())];
        let of_text = [
            ("encoding", self.encoding.is_some()),
            ("on_bad_row", self.on_bad_row.is_some()),
            ("rejected", self.rejected.is_some()),
        ];
        let mut problems: Vec<String> = self.dialect().csv_only(&of_csv).into_iter().collect();
        if format == Format::Parquet {
            problems.extend(tables::only_for("CSV and JSON", &of_text));
            if self.schema.is_some() {
                problems.push(
                    "a Parquet file brings its own schema: remove `schema`, and cast in the query".to_owned(),
                );
            }
        }
        problems
    }

    fn csv_problems(&self) -> Vec<String> {
        let mut problems = self.dialect().csv_problems();
        let mut problem = |text: &str| problems.push(text.to_owned());
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

    /// Returns the options for the text readers.
    pub fn options(&self) -> Options {
        Options {
            matching: match self.columns {
                Some(Together::ByPosition) => Matching::ByPosition,
                Some(Together::Union) => Matching::Union,
                Some(Together::ByName) | None => Matching::ByName,
            },
            rename_duplicates: self.duplicates == Some(Duplicates::Rename),
            ..self.dialect().options(&self.schema_columns())
        }
    }
}
