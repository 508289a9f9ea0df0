//! Loads of the step `sql`: the digits of files in every dialect arrive unchanged, or the error names
//! the place.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use stepwell_tests::servers::{self, Database, PASSWORD};

use crate::support::{Running, Site, told};

const POLICY: &str = "profile: large\nsql: [{connection: db, mode: ddl, scripts: true}]\nfiles:
- {mount: /in, source: in, access: read}
- {mount: /out, source: out, access: write}";

/// The columns of the table of a case; `{amount}` and `{moment}` depend on the database.
const TABLE: &str =
    "id int, name varchar(12), amount {amount}, day date, at {moment}, flag boolean, note text";

/// Returns each database with the files in `/in`.
async fn sites(files: &[(&str, Vec<u8>)]) -> Vec<(&'static str, Running, Option<Database>)> {
    let with_files = |site: Site| {
        files.iter().fold(site, |site, (name, content)| site.file(&format!("in/{name}"), content))
    };
    let site = with_files(Site::new())
        .file("in/.here", "")
        .file("out/.here", "")
        .database("db.sqlite", "CREATE TABLE unused (n)");
    let site = site
        .config("connections: {db: {type: sqlite, path: db.sqlite}}")
        .policy("sql, data_processing", POLICY);
    let mut sites = vec![("sqlite", site.host().await, None)];
    for database in [servers::postgres().await, servers::mysql().await].into_iter().flatten() {
        let site =
            with_files(Site::new()).file("in/.here", "").file("out/.here", "").file("password", PASSWORD);
        let site = site.config(&format!("connections: {{db: {}}}", database.connection("")));
        sites.push((database.kind, site.policy("sql, data_processing", POLICY).host().await, Some(database)));
    }
    sites
}

fn step(config: Value) -> Value {
    let mut step = json!({"type": "sql", "connection_name": "db"});
    step.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    step
}

/// Recreates the table of the cases.
async fn table(kind: &str, site: &Running) {
    let columns = TABLE
        // SQLite keeps the zeros of a decimal only as text.
        .replace("{amount}", if kind == "sqlite" { "text" } else { "numeric(12,2)" })
        .replace("{moment}", if kind == "mysql" { "datetime" } else { "timestamp" });
    let script = format!("DROP TABLE IF EXISTS t; CREATE TABLE t ({columns})");
    let end = site.step(step(json!({"script": script, "transaction": false}))).await;
    assert!(end.outcome.is_success(), "{kind}: {}", told(&end));
}

fn load(file: &str, more: &Value) -> Value {
    let mut load = json!({"file": format!("/in/{file}"), "table": "t"});
    load.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    step(json!({"load": load}))
}

/// Returns the rows of the table as texts.
async fn rows(kind: &str, site: &Running) -> Vec<Vec<Option<String>>> {
    let text = if kind == "mysql" { "char" } else { "text" };
    let names = ["id", "name", "amount", "day", "at", "flag", "note"];
    let columns = names.map(|name| format!("CAST({name} AS {text}) AS {name}"));
    let end = site
        .step(step(json!({"query": format!("SELECT {} FROM t ORDER BY t.id", columns.join(", "))})))
        .await;
    let cell = |row: &Value, name: &str| row[name].as_str().map(str::to_owned);
    let rows = end.produced.output.as_array().unwrap_or_else(|| panic!("{}", told(&end)));
    rows.iter().map(|row| names.iter().map(|name| cell(row, name)).collect()).collect()
}

fn packed(program: &str, content: &[u8]) -> Vec<u8> {
    let mut child =
        Command::new(program).arg("-c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(content).unwrap();
    child.wait_with_output().unwrap().stdout
}

fn wide(text: &str) -> Vec<u8> {
    [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
}

/// A successful load: the file, the options, and the rows as texts, `-` for NULL.
type Good<'a> = (&'a str, Vec<u8>, Value, &'a [&'a str]);

#[tokio::test]
async fn files_of_every_dialect_arrive_as_they_are() {
    let plain = "id,name,amount,day\n1,Zoë,12.50,2026-01-31\n2,007,-0.05,\n";
    let both: &[&str] = &["1|Zoë|12.50|2026-01-31|-|-|-", "2|007|-0.05|-|-|-|-"];
    let text = |text: &str| text.as_bytes().to_vec();
    let latin = |text: &str| text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect::<Vec<u8>>();
    let cases: Vec<Good<'_>> = vec![
        ("plain.csv", text(plain), json!({}), both),
        ("marked.csv", [b"\xef\xbb\xbf", plain.as_bytes()].concat(), json!({}), both),
        ("crlf.csv", text(&plain.replace('\n', "\r\n")), json!({}), both),
        ("packed.csv.gz", packed("gzip", plain.as_bytes()), json!({}), both),
        ("misnamed.csv", packed("gzip", plain.as_bytes()), json!({}), both),
        ("wide.csv", wide(plain), json!({}), both),
        ("old.csv", latin(plain), json!({"encoding": "windows-1252"}), both),
        ("tabs.tsv", text(&plain.replace(',', "\t")), json!({}), both),
        (
            "german.csv",
            text("Bericht 2026\nid;name;amount;day\n1;'a;b';1234,50;31.01.2026\n2;'it''s';-0,05;\n"),
            json!({
                "delimiter": ";", "quote": "'", "decimal": ",", "skip": 1,
                "schema": {"amount": "decimal(12,2)", "day": "date(\"%d.%m.%Y\")"},
            }),
            &["1|a;b|1234.50|2026-01-31|-|-|-", "2|it's|-0.05|-|-|-|-"],
        ),
        (
            "headless.csv",
            text("12.50,1,x\nNA,2,-\n"),
            json!({"header": false, "columns": ["amount", "id", "name"], "null_values": ["NA", "-"]}),
            &["1|x|12.50|-|-|-|-", "2|-|-|-|-|-|-"],
        ),
        // In a text column, the empty text stays; elsewhere it means no value.
        (
            "quoted.csv",
            text(
                "\"id\",\"name\",\"amount\",\"day\",\"note\"\n\"1\",\"\",\"\",\"\",\"two\nlines\"\n\"2\",,,,NULL\n",
            ),
            json!({}),
            &["1|||-|-|-|two\nlines", "2|-|-|-|-|-|NULL"],
        ),
        ("some.csv", text("note,other,id\nx,y,1\n"), json!({"columns": ["id", "note"]}), &["1|-|-|-|-|-|x"]),
        (
            "late.ndjson",
            text(
                "{\"id\":1,\"name\":\"007\"}\n{\"id\":2,\"amount\":12.50,\"note\":{\"b\":1.50,\"a\":[1,null]}}\n\n{\"id\":3,\"name\":1.50}\n",
            ),
            json!({}),
            &["1|007|-|-|-|-|-", "2|-|12.50|-|-|-|{\"b\":1.50,\"a\":[1,null]}", "3|1.50|-|-|-|-|-"],
        ),
        (
            "list.json",
            text("[{\"id\": 1, \"amount\": 12.50},\n {\"id\": 2, \"more\": 1, \"day\": \"2026-01-31\"}]"),
            json!({"columns": ["id", "amount", "day"]}),
            &["1|-|12.50|-|-|-|-", "2|-|-|2026-01-31|-|-|-"],
        ),
        ("none.json", text("[]"), json!({}), &[]),
        ("header.csv", text("id,name\n"), json!({}), &[]),
    ];
    let files: Vec<(&str, Vec<u8>)> =
        cases.iter().map(|(name, content, _, _)| (*name, content.clone())).collect();
    for (kind, site, _database) in sites(&files).await {
        for (file, _, options, wanted) in &cases {
            table(kind, &site).await;
            let end = site.step(load(file, options)).await;
            assert!(end.outcome.is_success(), "{kind} {file}: {}", told(&end));
            assert_eq!(end.produced.metadata["row_count"], wanted.len(), "{kind} {file}");
            let found: Vec<String> = rows(kind, &site)
                .await
                .into_iter()
                .map(|row| {
                    row.into_iter().map(|cell| cell.unwrap_or("-".to_owned())).collect::<Vec<_>>().join("|")
                })
                .collect();
            // In SQLite the amount is text, so the empty one stays.
            let wanted: Vec<String> = wanted
                .iter()
                .map(|row| {
                    if *file == "quoted.csv" && kind != "sqlite" {
                        row.replace("1|||", "1||-|")
                    } else {
                        (*row).to_owned()
                    }
                })
                .collect();
            assert_eq!(found, wanted, "{kind} {file}");
        }
    }
}

#[tokio::test]
async fn parquet_arrives_with_its_digits_and_its_lists() {
    let content =
        "{\"id\":1,\"amount\":12.50,\"day\":\"x\",\"note\":{\"b\":[1,null]}}\n{\"id\":2,\"amount\":-0.05}\n";
    for (kind, site, _database) in sites(&[("rows.ndjson", content.into())]).await {
        table(kind, &site).await;
        let query = "SELECT id, amount, CAST('2026-01-31' AS DATE) AS day, note FROM t";
        let write = json!({"type": "data_processing", "inputs": {"t": "/in/rows.ndjson"}, "query": query, "output": "/out/rows.parquet"});
        let end = site.step(write).await;
        assert!(end.outcome.is_success(), "{kind}: {}", told(&end));
        let end = site.step(step(json!({"load": {"file": "/out/rows.parquet", "table": "t"}}))).await;
        assert!(end.outcome.is_success(), "{kind}: {}", told(&end));
        let found = rows(kind, &site).await;
        let text = |text: &str| Some(text.to_owned());
        let day = || text("2026-01-31");
        assert_eq!(
            found[0],
            [text("1"), None, text("12.50"), day(), None, None, text("{\"b\":[1,null]}")],
            "{kind}"
        );
        assert_eq!(found[1], [text("2"), None, text("-0.05"), day(), None, None, None], "{kind}");
    }
}

#[tokio::test]
async fn the_decimal_sign_and_booleans_are_for_the_columns_that_have_them() {
    let comma = "id;name;amount\n1;1,5;1234,5\n";
    let flags = "id,flag,at\n1,True,2026-01-31 10:20:30\n2,,\n";
    let files = [
        ("comma.csv", comma.into()),
        ("flags.csv", flags.into()),
        ("point.csv", "id;amount\n1;1.234,5\n".into()),
    ];
    for (kind, site, _database) in sites(&files).await {
        if kind != "sqlite" {
            table(kind, &site).await;
            let end = site.step(load("comma.csv", &json!({"delimiter": ";", "decimal": ","}))).await;
            assert!(end.outcome.is_success(), "{kind}: {}", told(&end));
            let found = rows(kind, &site).await.remove(0);
            assert_eq!(found[1..3], [Some("1,5".to_owned()), Some("1234.50".to_owned())], "{kind}");
            let end = site.step(load("point.csv", &json!({"delimiter": ";", "decimal": ","}))).await;
            assert!(
                told(&end).contains("/in/point.csv, line 2, column `amount`: `1.234,5` has a point"),
                "{}",
                told(&end)
            );
        }
        table(kind, &site).await;
        let options = json!({"schema": {"flag": "boolean", "at": "timestamp(\"%Y-%m-%d %H:%M:%S\")"}});
        let end = site.step(load("flags.csv", &options)).await;
        assert!(end.outcome.is_success(), "{kind}: {}", told(&end));
        let found = rows(kind, &site).await;
        let yes = if kind == "postgres" { "true" } else { "1" };
        let at = if kind == "sqlite" { "2026-01-31T10:20:30" } else { "2026-01-31 10:20:30" };
        assert_eq!(found[0][4..6], [Some(at.to_owned()), Some(yes.to_owned())], "{kind}");
        assert_eq!(found[1][4..6], [None, None], "{kind}");
    }
}

#[tokio::test]
async fn rows_that_do_not_fit_are_left_out_and_kept() {
    let content = "id,name,amount\n1,a,1.50\n2,b\n3,\"say \"hi\" now\",1\n4,c,x\n5,d,2.505\n6,\"e\",3.00\n";
    let files = [("bad.csv", content.into())];
    for (kind, site, _database) in sites(&files).await {
        table(kind, &site).await;
        let options = json!({"on_bad_row": "collect", "rejected": "/out/rejected.ndjson", "schema": {"amount": "decimal(12,2)"}});
        let end = site.step(load("bad.csv", &options)).await;
        assert!(end.outcome.is_success(), "{kind}: {}", told(&end));
        let metadata = &end.produced.metadata;
        assert_eq!((&metadata["row_count"], &metadata["rows_rejected"]), (&json!(2), &json!(4)), "{kind}");
        assert!(end.produced.summary.contains("Rows left out: 4."), "{}", end.produced.summary);
        let lines = std::fs::read_to_string(site.path().join("out/rejected.ndjson")).unwrap();
        let kept: Vec<(Value, Value)> = lines
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .map(|row| (row["line"].clone(), row["values"].clone()))
            .collect();
        assert_eq!(
            kept,
            [
                (json!(3), json!(["2", "b"])),
                (json!(4), json!(["3,\"say \"hi\" now\",1"])),
                (json!(5), json!(["4", "c", "x"])),
                (json!(6), json!(["5", "d", "2.505"])),
            ],
            "{kind}"
        );
    }
}

/// A failing load: the databases, the file, the options, and the parts of the message.
type Bad<'a> = (&'a [&'a str], &'a str, &'a [u8], Value, &'a [&'a str]);

const ALL: &[&str] = &["sqlite", "postgres", "mysql"];
const SERVERS: &[&str] = &["postgres", "mysql"];

#[tokio::test]
async fn a_load_that_fails_names_the_file_the_line_and_the_column() {
    let gzip = packed("gzip", b"id,name\n1,a\n".repeat(500).as_slice());
    let cases: Vec<Bad<'_>> = vec![
        (
            ALL,
            "ragged.csv",
            b"id,name\n1,a\n2\n",
            json!({}),
            &["/in/ragged.csv, line 3: the row has 1 field"],
        ),
        (ALL, "open.csv", b"id,name\n1,\"a\n2,b\n", json!({}), &["/in/open.csv, line 2: a quote opens here"]),
        (
            ALL,
            "twice.csv",
            b"id,id\n1,2\n",
            json!({}),
            &["names `id` more than once", "`duplicates: rename`"],
        ),
        (
            ALL,
            "old.csv",
            b"id,name\n1,Zo\xeb\n",
            json!({}),
            &["line 2: character 5", "`encoding: windows-1252`"],
        ),
        (ALL, "empty.csv", b"", json!({}), &["/in/empty.csv: is empty"]),
        (ALL, "cut.csv.gz", &gzip[..gzip.len() / 2], json!({}), &["gzip data is damaged or cut short"]),
        (ALL, "zip.csv", b"PK\x03\x04....", json!({}), &["packed with zip"]),
        (ALL, "other.csv", b"id,nope\n1,2\n", json!({}), &["nope"]),
        (
            ALL,
            "less.csv",
            b"id\n1\n",
            json!({"columns": ["id", "name"]}),
            &["there is no column `name`; it has `id`"],
        ),
        (
            ALL,
            "wide.csv",
            b"1,2,3\n",
            json!({"header": false, "columns": ["id", "name"]}),
            &["the file has 3 columns, and `columns` names 2"],
        ),
        (
            ALL,
            "typed.csv",
            b"id,name\n1,a\nx,b\n",
            json!({"schema": {"id": "int64"}}),
            &["/in/typed.csv, line 3, column `id`: `x` is no int64, as `schema` says"],
        ),
        (ALL, "cut.ndjson", b"{\"id\":1}\n{\"id\":\n", json!({}), &["/in/cut.ndjson, line 3"]),
        (ALL, "twice.ndjson", b"{\"id\":1,\"id\":2}\n", json!({}), &["line 1", "the key `id` appears twice"]),
        (ALL, "list.ndjson", b"{\"id\":1}\n[2]\n", json!({}), &["line 2: the value is no object"]),
        (ALL, "text.parquet", b"id,name\n1,a\n2,b\n", json!({}), &["/in/text.parquet: is no Parquet file"]),
        (
            ALL,
            "null.csv",
            b"id,name\n1,a\n2,\n",
            json!({"table": "n"}),
            &["/in/null.csv, line 3, column `name`: "],
        ),
        (
            ALL,
            "key.csv",
            b"id,name\n1,a\n2,b\n1,c\n",
            json!({"table": "n"}),
            &["/in/key.csv, line 4", "this key already"],
        ),
        (
            SERVERS,
            "form.csv",
            b"id,amount\n1,1.50\n2,\"1,5\"\n",
            json!({}),
            &["/in/form.csv, line 3, column `amount`: ", "`decimal`"],
        ),
        (
            SERVERS,
            "long.csv",
            b"id,name\n1,\"two\nlines\"\n2,abcdefghijklmnop\n",
            json!({}),
            &["/in/long.csv, line 4, column `name`: ", "shorten the value"],
        ),
        (
            SERVERS,
            "round.csv",
            b"id,amount\n1,1.50\n2,1.005\n",
            json!({}),
            &["/in/round.csv, line 3, column `amount`: `1.005` has more digits behind the point", "(12,2)"],
        ),
        (
            SERVERS,
            "whole.csv",
            b"id\n1\n1.5\n",
            json!({}),
            &["line 3, column `id`: `1.5` has more digits behind the point"],
        ),
        (
            SERVERS,
            "day.csv",
            b"id,day\n1,2026-01-31 10:00:00\n",
            json!({}),
            &["line 2, column `day`: `2026-01-31 10:00:00` has a time"],
        ),
        (
            SERVERS,
            "zone.csv",
            b"id,at\n1,2026-01-31T10:00:00+02:00\n",
            json!({}),
            &["line 2, column `at`: ", "has a zone"],
        ),
        (
            SERVERS,
            "range.csv",
            b"id\n1\n99999999999\n",
            json!({}),
            &["/in/range.csv, line 3, column `id`: ", "widen the column"],
        ),
        (
            SERVERS,
            "round.ndjson",
            b"{\"id\":1,\"amount\":1.005}\n",
            json!({}),
            &["line 1, column `amount`: `1.005` has more digits"],
        ),
    ];
    let files: Vec<(&str, Vec<u8>)> =
        cases.iter().map(|(_, name, content, _, _)| (*name, content.to_vec())).collect();
    for (kind, site, _database) in sites(&files).await {
        table(kind, &site).await;
        let script = "CREATE TABLE n (id int PRIMARY KEY, name varchar(9) NOT NULL)";
        let end = site.step(step(json!({"script": script}))).await;
        assert!(end.outcome.is_success(), "{}", told(&end));
        for (kinds, file, _, options, parts) in &cases {
            if !kinds.contains(&kind) {
                continue;
            }
            let end = site.step(load(file, options)).await;
            let message = told(&end);
            assert!(!end.outcome.is_success(), "{kind} {file}: {message}");
            for part in *parts {
                assert!(message.contains(part), "{kind} {file}: {message}\n  {part}");
            }
        }
        assert_eq!(rows(kind, &site).await, Vec::<Vec<Option<String>>>::new(), "{kind}");
    }
}

#[tokio::test]
async fn outputs_are_written_in_the_dialect_that_is_asked_for() {
    let query = "SELECT 1 AS id, 'a;b' AS name, NULL AS note, '' AS blank";
    let none = "SELECT id, name FROM t WHERE id IS NULL";
    for (kind, site, _database) in sites(&[]).await {
        table(kind, &site).await;
        for (query, output, written) in [
            (query, json!("/out/x.csv"), "id,name,note,blank\n1,a;b,,\"\"\n"),
            (query, json!("/out/x.tsv"), "id\tname\tnote\tblank\n1\ta;b\t\t\"\"\n"),
            (
                query,
                json!({"path": "/out/y.csv", "delimiter": ";", "quote": "'", "null": "NULL"}),
                "id;name;note;blank\n1;'a;b';NULL;''\n",
            ),
            (query, json!({"path": "/out/z.csv", "header": false}), "1,a;b,,\"\"\n"),
            (query, json!("/out/x.csv.gz"), "id,name,note,blank\n1,a;b,,\"\"\n"),
            (query, json!("/out/x.ndjson.gz"), "{\"id\":1,\"name\":\"a;b\",\"note\":null,\"blank\":\"\"}\n"),
            (none, json!("/out/none.csv"), "id,name\n"),
            (none, json!("/out/none.ndjson"), ""),
        ] {
            let end = site.step(step(json!({"query": query, "output": output}))).await;
            assert!(end.outcome.is_success(), "{kind} {output}: {}", told(&end));
            let path = output["path"].as_str().or(output.as_str()).unwrap();
            let content = std::fs::read(site.path().join(path.trim_start_matches('/'))).unwrap();
            let content = match path.ends_with(".gz") {
                true => {
                    let mut unpack = Command::new("gzip");
                    unpack.args(["-dc"]).arg(site.path().join(path.trim_start_matches('/')));
                    unpack.output().unwrap().stdout
                }
                false => content,
            };
            assert_eq!(String::from_utf8(content).unwrap(), written, "{kind} {output}");
        }
    }
}
