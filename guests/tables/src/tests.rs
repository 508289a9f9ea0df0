//! Writes tables and reads them back.

use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch};

use crate::{Csv, JsonTable, Kind, Matching, OnBadRow, Opener, Options, Problem, encoding};

fn opener(options: &Options) -> Opener {
    Opener { encoding: options.encoding, meter: Arc::new(|_| {}), explain: |error| error.kind().to_string() }
}

fn files(dir: &tempfile::TempDir, contents: &[(&str, &[u8])]) -> Vec<PathBuf> {
    contents
        .iter()
        .map(|(name, content)| {
            let path = dir.path().join(name);
            std::fs::write(&path, content).unwrap();
            path
        })
        .collect()
}

fn read_all(
    contents: &[(&str, &[u8])],
    options: Options,
) -> Result<(Vec<String>, Vec<RecordBatch>), Problem> {
    let dir = tempfile::tempdir().unwrap();
    let open = opener(&options);
    let table = Arc::new(Csv::plan(&files(&dir, contents), options, open)?);
    let kinds = table.columns.iter().map(|column| format!("{} {}", column.name, column.kind)).collect();
    Ok((kinds, table.read(None, None).collect::<Result<_, _>>()?))
}

/// Returns every cell as text.
fn texts(content: &[u8], mut options: Options, columns: usize) -> Result<Vec<Vec<Option<String>>>, Problem> {
    options.header = false;
    options.schema = (0..columns).map(|i| (format!("c{i}"), Kind::Text)).collect();
    let (_, batches) = read_all(&[("t.csv", content)], options)?;
    let cell = |batch: &RecordBatch, column: usize, row: usize| {
        let column = batch.column(column).as_string::<i32>();
        column.is_valid(row).then(|| column.value(row).to_owned())
    };
    Ok(batches
        .iter()
        .flat_map(|batch| {
            (0..batch.num_rows()).map(move |row| (0..columns).map(|i| cell(batch, i, row)).collect())
        })
        .collect())
}

fn problem(content: &str, options: Options) -> String {
    match read_all(&[("t.csv", content.as_bytes())], options) {
        Ok((kinds, _)) => format!("read: {kinds:?}"),
        Err(problem) => problem.to_string(),
    }
}

/// A random number generator with the same sequence in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

#[test]
fn random_tables_in_random_dialects_are_read_back_equal() {
    let pieces =
        ["a", "\"", "\"\"", ",", ";", "\t", "\n", "\r\n", "ä", "0", "12", " ", "'", "longer text", "\\", "|"];
    let mut dice = Dice(7);
    for round in 0..400 {
        let columns = 1 + dice.roll(6);
        let delimiter = *b",;\t|".get(dice.roll(4)).unwrap();
        let quote = *b"\"'".get(dice.roll(2)).unwrap();
        let end = if dice.roll(2) == 0 { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let style = if dice.roll(2) == 0 { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary };
        let mut writer = csv::WriterBuilder::new()
            .delimiter(delimiter)
            .quote(quote)
            .terminator(end)
            .quote_style(style)
            .from_writer(Vec::new());
        let mut written = Vec::new();
        for _ in 0..1 + dice.roll(40) {
            let mut row = Vec::new();
            for _ in 0..columns {
                let text: String = (0..1 + dice.roll(5)).map(|_| pieces[dice.roll(pieces.len())]).collect();
                row.push(text);
            }
            writer.write_record(&row).unwrap();
            written.push(row.into_iter().map(Some).collect::<Vec<_>>());
        }
        let content = writer.into_inner().unwrap();
        let options = Options { delimiter, quote: Some(quote), ..Options::default() };
        let read = texts(&content, options, columns).unwrap();
        assert_eq!(read, written, "round {round}: {}", String::from_utf8_lossy(&content));
    }
}

#[test]
fn rows_that_cross_the_pieces_of_a_file_are_read_whole() {
    let row = |n: usize| format!("{n},\"text \"\"{n}\"\"\nof two lines, {}\"\n", "x".repeat(n % 97));
    let content: String = (0..40_000).map(row).collect();
    assert!(content.len() > 3 << 20);
    let read = texts(content.as_bytes(), Options::default(), 2).unwrap();
    assert_eq!(read.len(), 40_000);
    for (n, row) in read.iter().enumerate() {
        let text = format!("text \"{n}\"\nof two lines, {}", "x".repeat(n % 97));
        assert_eq!(row, &[Some(n.to_string()), Some(text)]);
    }
}

#[test]
fn null_and_the_empty_text_are_told_apart() {
    let read = |content: &str, nulls: Option<&[&str]>| {
        let null_values = nulls.map(|all| all.iter().map(|text| (*text).to_owned()).collect());
        texts(content.as_bytes(), Options { null_values, ..Options::default() }, 2).unwrap()
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(read("a,\n\"\",b", None), [[some("a"), None], [some(""), some("b")]]);
    assert_eq!(read("NA,\n\"\",b\n", Some(&["NA"])), [[None, some("")], [some(""), some("b")]]);
}

#[test]
fn what_does_not_fit_names_its_place_and_the_fix() {
    let late = format!("id,code\n{}5000,12B\n", (0..1000).map(|n| format!("{n},{n}\n")).collect::<String>());
    let typed = |kind: &str| Options {
        schema: vec![("b".to_owned(), Kind::parse(kind).unwrap())],
        ..Options::default()
    };
    for (content, options, said) in [
        (
            late.as_str(),
            Options::default(),
            "t.csv, line 1002, column `code`: `12B` is no int64, as the rows before it are: write `schema: {code: text}`",
        ),
        (
            "a,b\n1,1.005\n",
            typed("decimal(12,2)"),
            "line 2, column `b`: `1.005` is no decimal(12,2), as `schema` says: write `schema: {b: \"decimal(38,3)\"}`",
        ),
        ("a,b\n1,31.02.2026\n", typed("date(\"%d.%m.%Y\")"), "`31.02.2026` is no date(\"%d.%m.%Y\")"),
        (
            "a,b\n1,2\n3\n",
            Options::default(),
            "t.csv, line 3: the row has 1 field where the table has 2 columns",
        ),
        ("a,b\n1,2\n3,4,5\n", Options::default(), "t.csv, line 3: the row has 3 fields"),
        ("a,b\n1,\"x\ny\n\n", Options::default(), "t.csv, line 2: a quote opens here and is not closed"),
        ("a,b\n1,\"x\"y\n", Options::default(), "t.csv, line 2: `y` stands after a closing quote"),
        ("a,b,a\n", Options::default(), "t.csv, line 1: the header names `a` more than once"),
        ("a,\n", Options::default(), "t.csv, line 1: column 2 has no name"),
        ("", Options::default(), "t.csv: is empty"),
        (
            "a\n1\n",
            typed("int64"),
            "`schema` names the column `b`, which the file does not have: its columns are `a`",
        ),
    ] {
        let found = problem(content, options);
        assert!(found.contains(said), "{found}\n  {said}");
    }
}

#[test]
fn files_go_together_by_the_names_of_their_columns() {
    let (first, second): (&[u8], &[u8]) = (b"net,tax\n10,2\n", b"tax,net,note\n1,2,x\n");
    let read = |matching, second| {
        let options = Options { matching, ..Options::default() };
        read_all(&[("1.csv", first), ("2.csv", second)], options)
    };
    let sum = |batches: &[RecordBatch], column: usize| -> i64 {
        batches
            .iter()
            .map(|b| b.column(column).as_primitive::<arrow_array::types::Int64Type>().value(0))
            .sum()
    };
    let refused = read(Matching::ByName, second).unwrap_err().to_string();
    assert!(refused.contains("2.csv: has `note` as well") && refused.contains("columns: union"), "{refused}");
    let (kinds, batches) = read(Matching::Union, second).unwrap();
    assert_eq!((kinds.len(), sum(&batches, 0), sum(&batches, 1)), (3, 12, 3));
    let (_, batches) = read(Matching::ByPosition, b"tax,net\n1,2\n").unwrap();
    assert_eq!((sum(&batches, 0), sum(&batches, 1)), (11, 4));
    assert!(read(Matching::ByPosition, second).unwrap_err().to_string().contains("3 columns"));
}

#[test]
fn bad_rows_are_left_out_and_handed_over() {
    let dir = tempfile::tempdir().unwrap();
    let content = b"a,b\n1,2\n3\n4,x\n5,6\n";
    let options = Options {
        schema: vec![("b".to_owned(), Kind::Int64)],
        on_bad_row: OnBadRow::Skip,
        ..Options::default()
    };
    let open = opener(&options);
    let table = Arc::new(Csv::plan(&files(&dir, &[("t.csv", content)]), options, open).unwrap());
    let taken = Arc::new(Mutex::new(Vec::new()));
    let into = taken.clone();
    let reject: crate::Reject = Arc::new(move |row| {
        into.lock().unwrap().push((row.problem.line, row.values.join("|")));
        Ok(())
    });
    // A column that is not read also counts: the rows of a table do not depend on the query.
    let rows: usize = table.read(Some(&[0]), Some(reject)).map(|batch| batch.unwrap().num_rows()).sum();
    assert_eq!(rows, 2);
    assert_eq!(*taken.lock().unwrap(), [(3, "3".to_owned()), (4, "4|x".to_owned())]);
}

#[test]
fn a_broken_quote_that_ends_on_its_line_is_one_bad_row() {
    let read = |content: &str| {
        let taken = Arc::new(Mutex::new(Vec::new()));
        let into = taken.clone();
        let reject: crate::Reject = Arc::new(move |row| {
            into.lock().unwrap().push((row.problem.line, row.values.join("|")));
            Ok(())
        });
        let dir = tempfile::tempdir().unwrap();
        let schema = vec![("b".to_owned(), Kind::Text)];
        let options = Options { schema, on_bad_row: OnBadRow::Skip, ..Options::default() };
        let open = opener(&options);
        let table = Csv::plan(&files(&dir, &[("t.csv", content.as_bytes())]), options, open);
        let rows = table.and_then(|table| {
            Arc::new(table)
                .read(None, Some(reject))
                .map(|batch| Ok(batch?.num_rows()))
                .sum::<Result<usize, _>>()
        });
        let taken = taken.lock().unwrap().clone();
        (rows.map_err(|problem| problem.to_string()), taken)
    };
    let (rows, taken) = read("a,b\n1,\"say \"hi\" now\"\n2,\"two\nlines\"\n3,x\n");
    assert_eq!((rows, taken), (Ok(2), vec![(2, "1,\"say \"hi\" now\"".to_owned())]));
    let (rows, taken) = read("a,b\r\n1,\"x\"y\"");
    assert_eq!((rows, taken), (Ok(0), vec![(2, "1,\"x\"y\"".to_owned())]));
    // A quote that closes on a later line can mean anything.
    let (rows, _) = read("a,b\n1,\"x\n2,\"y\"\n3,z\n");
    assert!(
        rows.clone().is_err_and(|why| why.contains("t.csv, line 3: `y` stands after a closing quote")),
        "{rows:?}"
    );
    let (rows, _) = read("a,b\n1,x\n2,\"y\n");
    assert!(
        rows.clone().is_err_and(|why| why.contains("line 3: a quote opens here and is not closed")),
        "{rows:?}"
    );
}

#[test]
fn a_load_has_its_rows_as_they_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let content = "id;name;n\n1;\"a;\"\"b\";007\n2;\"\";\n3;NA;1,50\n";
    let path = files(&dir, &[("t.csv", content.as_bytes())]).remove(0);
    let read = |null_values: Option<Vec<String>>| {
        let options = Options { delimiter: b';', null_values, ..Options::default() };
        let open = opener(&options);
        let mut texts = crate::Texts::open(&path, options, &open).unwrap();
        assert_eq!(texts.names(), ["id", "name", "n"]);
        let block = texts.block(None).unwrap().unwrap();
        let rows = (0..block.len()).map(|row| {
            let cells =
                (0..3).map(|place| block.record(row).cell(place, place == 1).unwrap_or("-").to_owned());
            format!("{} {}", block.line(row), cells.collect::<Vec<_>>().join("|"))
        });
        rows.collect::<Vec<_>>()
    };
    assert_eq!(read(None), ["2 1|a;\"b|007", "3 2||-", "4 3|NA|1,50"]);
    assert_eq!(read(Some(vec!["NA".to_owned(), String::new()])), ["2 1|a;\"b|007", "3 2|-|-", "4 3|-|1,50"]);
}

#[test]
fn packed_and_encoded_files_are_text() {
    let plain = "id,näme\n1,Zoë\n";
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(plain.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let zstd =
        ruzstd::encoding::compress_to_vec(plain.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest);
    let wide: Vec<u8> = plain.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let wide_bom = [&[0xff, 0xfe][..], &wide].concat();
    let old: Vec<u8> = plain.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let bom = [b"\xef\xbb\xbf", plain.as_bytes()].concat();
    for (name, content, declared) in [
        ("t.csv", plain.as_bytes(), None),
        ("t.csv", &bom, None),
        ("t.csv.gz", &gzip, None),
        ("t.csv", &gzip, None),
        ("t.csv.zst", &zstd, None),
        ("t.csv", &wide_bom, None),
        ("t.csv", &wide, Some("utf-16le")),
        ("t.csv", &old, Some("windows-1252")),
        ("t.csv", &old, Some("iso-8859-15")),
    ] {
        let options =
            Options { encoding: declared.map(|name| encoding(name).unwrap()), ..Options::default() };
        let (kinds, batches) = read_all(&[(name, content)], options).unwrap();
        assert_eq!(kinds, ["id int64", "näme text"], "{name} {declared:?}");
        assert_eq!(batches[0].column(1).as_string::<i32>().value(0), "Zoë", "{name} {declared:?}");
    }
    let said = |name: &str, content: &[u8], declared: Option<&str>| {
        let options =
            Options { encoding: declared.map(|name| encoding(name).unwrap()), ..Options::default() };
        read_all(&[(name, content)], options).unwrap_err().to_string()
    };
    for (found, part) in [
        (
            said("t.csv", &old, None),
            "line 1: character 5: the byte 0xE4 is no UTF-8; write the encoding that the file has, `encoding: windows-1252`",
        ),
        (said("t.csv", &wide, None), "write `encoding: utf-16le`"),
        (said("t.csv", &wide_bom, Some("utf-8")), "byte order mark of UTF-16LE"),
        (said("t.csv.gz", plain.as_bytes(), None), "it is no gzip file"),
        (said("t.csv", &gzip[..gzip.len() / 2], None), "the gzip data is damaged or cut short"),
        (said("t.csv", b"PK\x03\x04....", None), "packed with zip"),
    ] {
        assert!(found.contains(part), "{found}\n  {part}");
    }
}

fn json(content: &str, schema: &[(&str, &str)]) -> Result<(Vec<String>, usize), String> {
    let dir = tempfile::tempdir().unwrap();
    let schema = schema.iter().map(|(name, kind)| ((*name).to_owned(), Kind::parse(kind).unwrap())).collect();
    let options = Options { schema, ..Options::default() };
    let open = opener(&options);
    let table = JsonTable::plan(&files(&dir, &[("t.json", content.as_bytes())]), options, open)
        .map_err(|problem| problem.to_string())?;
    let table = Arc::new(table);
    let kinds = table.columns.iter().map(|column| format!("{} {}", column.name, column.kind)).collect();
    let mut rows = 0;
    for batch in table.read(None, None) {
        rows += batch.map_err(|problem| problem.to_string())?.num_rows();
    }
    Ok((kinds, rows))
}

/// An object with many keys, and one more.
fn wide(count: usize, more: &str) -> String {
    let keys: Vec<String> = (0..count).map(|n| format!("\"k{n}\":{n}")).collect();
    format!("{{{},\"{more}\":0}}\n", keys.join(","))
}

/// The work per key does not grow with the number of keys.
#[test]
fn objects_with_many_keys_are_read_in_linear_time() {
    let begun = std::time::Instant::now();
    let inner = wide(150_000, "last");
    let content = format!("{{\"o\":{}}}\n", inner.trim()).repeat(2);
    assert_eq!(json(&content, &[]), Ok((vec!["o object".to_owned()], 2)));
    let columns = wide(9_000, "last").repeat(3);
    assert_eq!(json(&columns, &[]).map(|(kinds, rows)| (kinds.len(), rows)), Ok((9_001, 3)));
    // Quadratic work takes minutes.
    assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn json_has_the_types_of_all_its_rows() {
    for (content, kinds, rows) in [
        ("{\"a\":1}\n{\"b\":\"x\"}\n", &["a int64", "b text"][..], 2),
        ("[\n {\"a\":1},\n {\"a\":2}\n]\n", &["a int64"], 2),
        ("{\n \"a\": {\"b\": [1, null]}\n}\n", &["a object"], 1),
        ("{\"a\":1.10}\n{\"a\":2.25}", &["a decimal(38,2)"], 2),
        ("{\"a\":18446744073709551615}", &["a text"], 1),
        ("{\"o\":{},\"n\":null}", &["o text", "n text"], 1),
        // The forms of floats that JSON numbers lack.
        ("{\"a\":1.5}\n{\"a\":\"NaN\"}", &["a float64"], 2),
        ("{\"a\":\"-Infinity\"}\n{\"a\":2}\n{\"a\":1e300}", &["a float64"], 3),
        ("{\"a\":[0.5,\"Infinity\"],\"o\":{\"b\":\"NaN\"}}\n{\"o\":{\"b\":1}}", &["a list", "o object"], 2),
        ("{\"a\":1.10}\n{\"a\":\"NaN\"}", &["a text"], 2),
        ("{\"a\":\"NaN\"}\n{\"a\":\"x\"}", &["a text"], 2),
        ("{\"a\":\"NaN\"}", &["a text"], 1),
        ("[]", &[], 0),
        ("", &[], 0),
    ] {
        let expected: Vec<String> = kinds.iter().map(|kind| (*kind).to_owned()).collect();
        assert_eq!(json(content, &[]), Ok((expected, rows)), "{content}");
    }
    assert_eq!(json("{\"a\":1}\n{\"a\":\"x\"}", &[("a", "text")]), Ok((vec!["a text".to_owned()], 2)));
    for (content, said) in [
        (
            "{\"a\":1}\n{\"a\":\"x\"}\n",
            "t.json, line 2, column `a`: `a` is a text here and a number before: write `schema: {a: text}`",
        ),
        ("{\"a\":1}\n{\"a\":\n", "t.json, line 3: character 1: is no JSON"),
        ("[{\"a\":1}", "the file ends within a list"),
        ("{\"a\":1,\"a\":2}", "the key `a` stands twice"),
        (&wide(30, "k7"), "the key `k7`"),
        (&wide(30, "k29"), "the key `k29`"),
        (
            "{\"a\":\"NaN\"}\n{\"a\":1}\n{\"a\":\"x\"}",
            "line 3, column `a`: `a` is a text here and a number before",
        ),
        ("7\n", "the value is no object"),
        ("{\"a\":01}", "a number is not written like"),
    ] {
        let found = json(content, &[]).unwrap_err();
        assert!(found.contains(said), "{found}\n  {said}");
    }
}
