//! Tests of tables that are read in parts.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;

use crate::{Csv, JsonTable, OnBadRow, Opener, Options, Problem, Reject, Share};

const OPENER: fn() -> Opener =
    || Opener { encoding: None, meter: Arc::new(|_| {}), explain: |error| error.kind().to_string() };

fn files(dir: &tempfile::TempDir, contents: &[&str]) -> Vec<PathBuf> {
    let write = |(number, content): (usize, &&str)| {
        let path = dir.path().join(format!("{number}.txt"));
        std::fs::write(&path, content).unwrap();
        path
    };
    contents.iter().enumerate().map(write).collect()
}

/// Returns the rows as text, and at last the problem that ends them.
fn rows(batches: impl Iterator<Item = Result<RecordBatch, Problem>>) -> Vec<String> {
    let mut rows = Vec::new();
    for batch in batches {
        match batch {
            Ok(batch) => rows.extend((0..batch.num_rows()).map(|row| {
                let cell = |column: &Arc<dyn arrow_array::Array>| match column.is_null(row) {
                    true => "NULL".to_owned(),
                    false => format!("{:?}", column.as_string::<i32>().value(row)),
                };
                batch.columns().iter().map(cell).collect::<Vec<_>>().join(" ")
            })),
            Err(problem) => rows.push(problem.what.clone() + &format!(" {}", problem.line)),
        }
    }
    rows
}

/// Reads the files as one table, or as parts. A problem ends the rows.
fn csv(paths: &[PathBuf], options: &Options, parts: u32) -> (Vec<String>, Vec<u64>) {
    let rejected = Arc::new(Mutex::new(Vec::new()));
    let mut all = Vec::new();
    for part in 0..parts {
        let names = Csv::plan(paths, options.clone(), OPENER()).unwrap().columns;
        let schema = names.into_iter().map(|column| (column.name, crate::Kind::Text)).collect();
        let options = Options { schema, ..options.clone() };
        let table = Csv::plan(paths, options, OPENER()).unwrap();
        let table = if parts == 1 { table } else { table.with_share(Share::new(part, parts)).unwrap() };
        let seen = rejected.clone();
        let reject: Reject = Arc::new(move |row| {
            seen.lock().unwrap().push(row.problem.line);
            Ok(())
        });
        all.extend(rows(Arc::new(table).read(None, Some(reject))));
        if all.last().is_some_and(|last| last.contains("quote opens") || last.contains("closing quote")) {
            break;
        }
    }
    let lines = rejected.lock().unwrap().clone();
    (all, lines)
}

#[test]
fn parts_of_csv_have_the_rows_of_the_whole() {
    let texts: &[&[&str]] = &[
        &["a,b\n1,2\n3,4\n5,6\n"],
        &["a,b\r\n1,2\r\n3,4\r\n5,6"],
        &["a,b\r1,2\r3,4\r\r5,6\r"],
        &["a,b\n\n1,\"x\ny\"\n\"\"\"q\"\"\",\"\r\n\"\n5\"6,7\"\n\"\",\"\"\n8,9\n"],
        &["\u{feff}\"a\",\"b\nc\"\n1,2\n\"3\n3\",4\n5,6\n"],
        &["a,b\n1,2\n", "b,a\n\"x\n\",y\n3,4\n", "a,b\n", "a,b\n7,8"],
        &["a,b\n1,\"x\"y\n2,3\n\"z\" ,4\n5,6\n7,\"\n\"\n8,9\n"],
        &["a,b\n1,2\n3\n4,5\n,\n6,7,8\n9,10\n"],
        &["a,b\n1,2\n3,\"\n\"x\n4,5\n6,7\n8,9\n"],
        &["a,b\n1,2\n3,\"4\n5,6\n7,8\n9,0\n"],
        &["a,b\n,é\nü,\"ß\n\"\n日,本\n"],
    ];
    for text in texts {
        let dir = tempfile::tempdir().unwrap();
        let paths = files(&dir, text);
        for on_bad_row in [OnBadRow::Skip, OnBadRow::Fail] {
            for (header, skip) in [(true, 0), (false, 0), (true, 1)] {
                let options = Options { on_bad_row, header, skip, ..Options::default() };
                if Csv::plan(&paths, options.clone(), OPENER()).is_err() {
                    continue;
                }
                let whole = csv(&paths, &options, 1);
                for parts in [2, 3, 4, 7, 64] {
                    let found = csv(&paths, &options, parts);
                    // A problem of a part does not keep the parts after it from their rows.
                    let same = match on_bad_row {
                        OnBadRow::Skip => found == whole,
                        OnBadRow::Fail => whole.0.iter().all(|row| found.0.contains(row)),
                    };
                    assert!(same, "{text:?} {options:?} {parts}:\n{found:?}\n{whole:?}");
                }
            }
        }
    }
}

#[test]
fn parts_of_random_texts_have_the_rows_of_the_whole() {
    let mut seed = 7_u64;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    let pieces = [
        "a",
        "1",
        ",",
        ",",
        "\n",
        "\n",
        "\r\n",
        "\r",
        "\"",
        "\"",
        "\"\"",
        "é",
        "\"b\",",
        "\",\"",
        "\n\"x\",\"\n\"",
    ];
    let mut read = 0;
    for number in 0..600 {
        let length = random(40);
        let rest: String = (0..length).map(|_| pieces[random(pieces.len())]).collect();
        let text = format!("a,b\n{rest}");
        let dir = tempfile::tempdir().unwrap();
        let paths = files(&dir, &[&text]);
        let options = Options { on_bad_row: OnBadRow::Skip, ..Options::default() };
        if Csv::plan(&paths, options.clone(), OPENER()).is_err() {
            continue;
        }
        read += 1;
        let parts = [2, 3, 5, 9][number % 4];
        assert_eq!(csv(&paths, &options, parts), csv(&paths, &options, 1), "{text:?} {parts}");
    }
    assert!(read > 200, "{read}");
}

#[test]
fn parts_are_found_across_pieces_of_the_file() {
    let row = |n: usize| format!("{n},\"{}\n{}\"\n", "x".repeat(n % 70), "\"\"".repeat(n % 3));
    let text = (0..60_000).map(row).fold("a,b\n".to_owned(), |all, row| all + &row);
    let dir = tempfile::tempdir().unwrap();
    let paths = files(&dir, &[&text]);
    let whole = csv(&paths, &Options::default(), 1);
    assert_eq!(whole.0.len(), 60_000);
    for parts in [2, 5] {
        assert!(csv(&paths, &Options::default(), parts) == whole, "{parts}");
    }
    // Rows of 64 bytes end where the blocks of the search end.
    for end in ["\n", "\r\n"] {
        let (width, head) = (63 - end.len(), 62 - end.len());
        let rows: String = (0..4096).map(|n| format!("{n:<width$},{end}")).collect();
        let paths = files(&dir, &[&format!("{:<head$},b{end}{rows}", "a")]);
        let whole = csv(&paths, &Options::default(), 1);
        assert_eq!(whole.0.len(), 4096);
        for parts in [2, 4, 7] {
            assert!(csv(&paths, &Options::default(), parts) == whole, "{parts}");
        }
    }
}

#[test]
fn parts_of_json_have_the_objects_of_the_whole() {
    let texts: &[&[&str]] = &[
        &["{\"a\":\"1\"}\n{\"a\":\"2\"}\n{\"a\":\"3\"}\n"],
        &["\u{feff}{\"a\":\"}\\\"\\n\"}\n\n{\n\"a\":\n\"2\"} {\"a\":\"3\",\"b\":\"x\"}"],
        &["{\"a\":\"é\"}\n", "{\"b\":\"1\"}\n{\"b\":\"2\"}\n{\"a\":\"é\"}", ""],
    ];
    for text in texts {
        let dir = tempfile::tempdir().unwrap();
        let paths = files(&dir, text);
        let read = |share| {
            let table = JsonTable::plan_share(&paths, Options::default(), OPENER(), share, u64::MAX).unwrap();
            rows(Arc::new(table).read(None, None))
        };
        let whole = read(Share::new(0, 1));
        for parts in [2, 3, 7, 64] {
            let found: Vec<String> = (0..parts).flat_map(|part| read(Share::new(part, parts))).collect();
            assert_eq!(found, whole, "{text:?} {parts}");
        }
    }
}
