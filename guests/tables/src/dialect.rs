//! Checks the options that a job gives for a text file, and converts them for the readers.

use crate::kind::{KINDS, Kind};
use crate::options::{Matching, OnBadRow, Options, distinct};
use crate::source::encoding;

/// The options of an input, as the job writes them. `None` stands for the default.
#[derive(Debug, Clone, Copy, Default)]
pub struct Dialect<'a> {
    /// The path of the file. Its extension decides the delimiter unless an option does.
    pub path: &'a str,
    /// The separator between fields.
    pub delimiter: Option<&'a str>,
    /// The quote character around fields.
    pub quote: Option<&'a str>,
    /// The escape character before a quote within quotes.
    pub escape: Option<&'a str>,
    /// The name of the encoding.
    pub encoding: Option<&'a str>,
    /// The decimal sign.
    pub decimal: Option<&'a str>,
    /// Whether the first line names the columns.
    pub header: Option<bool>,
    /// The number of lines to skip before the header.
    pub skip: Option<u64>,
    /// The texts that stand for NULL.
    pub null_values: Option<&'a [String]>,
    /// Whether bad rows are left out.
    pub skips: bool,
    /// Whether bad rows go to a file.
    pub collects: bool,
    /// The file for bad rows.
    pub rejected: Option<&'a str>,
}

/// Reports options that only other formats have. Each entry holds a name and whether the option is given.
pub fn only_for(formats: &str, options: &[(&str, bool)]) -> Option<String> {
    let given = options.iter().filter(|(_, given)| *given).map(|(name, _)| format!("`{name}`"));
    let given: Vec<String> = given.collect();
    (!given.is_empty()).then(|| format!("{}: for {formats} only; remove", given.join(", ")))
}

impl Dialect<'_> {
    /// Returns the byte between fields.
    pub fn delimiter(&self) -> u8 {
        match self.delimiter.map(str::as_bytes) {
            Some([byte, ..]) => *byte,
            _ if self.path.to_ascii_lowercase().contains(".tsv") => b'\t',
            _ => b',',
        }
    }

    /// Returns the problems of the CSV options.
    pub fn csv_problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut problem = |text: &str| problems.push(text.to_owned());
        let sign = |text: Option<&str>| match text.map(str::as_bytes) {
            None | Some([b' '..=b'~' | b'\t']) => true,
            Some(_) => false,
        };
        let first = |text: Option<&str>| text.and_then(|text| text.bytes().next());
        if !sign(self.delimiter) || !sign(self.escape) || !(sign(self.quote) || self.quote == Some("")) {
            problem("`delimiter`, `quote` and `escape` are one ASCII character each");
        } else if first(self.quote) == Some(self.delimiter()) || first(self.escape) == Some(self.delimiter())
        {
            problem("`delimiter` is another character than `quote` and `escape`");
        }
        if self.quote == Some("") && self.escape.is_some() {
            problem("`escape` has no meaning without quotes: remove it");
        }
        if !matches!(self.decimal, None | Some("." | ",")) {
            problem("`decimal` is `.` or `,`");
        }
        problems
    }

    /// Reports CSV options on an input that is not CSV. `more` holds the names of options outside the
    /// dialect, and whether they are given.
    pub fn csv_only(&self, more: &[(&str, bool)]) -> Option<String> {
        let mut options = vec![
            ("delimiter", self.delimiter.is_some()),
            ("quote", self.quote.is_some()),
            ("escape", self.escape.is_some()),
            ("header", self.header.is_some()),
            ("skip", self.skip.is_some()),
            ("null_values", self.null_values.is_some()),
            ("decimal", self.decimal.is_some()),
        ];
        options.extend(more);
        only_for("CSV", &options)
    }

    /// Returns the problems of the options that CSV and JSON share.
    pub fn text_problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if let Some(name) = self.encoding.filter(|name| encoding(name).is_none()) {
            problems.push(format!(
                "`encoding: {name}` is not known: write utf-8, utf-16le, utf-16be, windows-1252 or iso-8859-1 to -16"
            ));
        }
        match self.rejected {
            None if self.collects => {
                problems.push("`on_bad_row: collect` needs a file: name it under `rejected`".to_owned());
            }
            Some(_) if !self.collects => problems.push("`rejected` is for `on_bad_row: collect`".to_owned()),
            Some(path) if !matches!(extension(path), Some(("ndjson", None))) => {
                problems.push("`rejected` is written as NDJSON: let its name end in `.ndjson`".to_owned());
            }
            _ => {}
        }
        problems
    }

    /// Returns the options for the readers.
    pub fn options(&self, schema: &[(&str, &str)]) -> Options {
        let byte = |text: Option<&str>| text.and_then(|text| text.bytes().next());
        let kind = |(name, kind): &(&str, &str)| Some(((*name).to_owned(), Kind::parse(kind)?));
        Options {
            delimiter: self.delimiter(),
            quote: if self.quote.is_some() { byte(self.quote) } else { Some(b'"') },
            escape: byte(self.escape),
            encoding: self.encoding.and_then(encoding),
            decimal_comma: self.decimal == Some(","),
            header: self.header.unwrap_or(true),
            skip: self.skip.unwrap_or(0),
            null_values: self.null_values.map(<[String]>::to_vec),
            schema: schema.iter().filter_map(kind).collect(),
            matching: Matching::ByName,
            rename_duplicates: false,
            on_bad_row: if self.skips { OnBadRow::Skip } else { OnBadRow::Fail },
        }
    }
}

/// Returns the problems of the column types.
pub fn schema_problems(columns: &[(&str, &str)]) -> Vec<String> {
    let mut problems: Vec<String> = columns
        .iter()
        .filter(|(_, kind)| Kind::parse(kind).is_none())
        .map(|(name, kind)| format!("column `{name}`: `{kind}` is not a type: use {KINDS}"))
        .collect();
    let names = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
    if let Err(repeated) = distinct(names, false) {
        problems.push(format!("`schema` names `{}` more than once", repeated.join("`, `")));
    }
    problems
}

/// Returns the format that the file name indicates (`csv`, `ndjson`, `json` or `parquet`), and `gz` or `zst`
/// for a compressed file.
pub fn extension(path: &str) -> Option<(&'static str, Option<&'static str>)> {
    let path = path.to_ascii_lowercase();
    let packing = ["gz", "zst"].into_iter().find(|end| path.ends_with(&format!(".{end}")));
    let bare = packing.and_then(|end| path.strip_suffix(end)?.strip_suffix('.')).unwrap_or(&path);
    let format = match bare.rsplit_once('.')?.1 {
        "csv" | "tsv" => "csv",
        "ndjson" | "jsonl" => "ndjson",
        "json" => "json",
        "parquet" => "parquet",
        _ => return None,
    };
    Some((format, packing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_say_what_they_hold() {
        for (path, said) in [
            ("a.CSV", Some(("csv", None))),
            ("a.tsv.gz", Some(("csv", Some("gz")))),
            ("in/a.jsonl.zst", Some(("ndjson", Some("zst")))),
            ("a.json", Some(("json", None))),
            ("a.parquet", Some(("parquet", None))),
            ("a.gz", None),
            ("a", None),
        ] {
            assert_eq!(extension(path), said, "{path}");
        }
    }
}
