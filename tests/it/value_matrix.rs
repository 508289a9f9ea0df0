//! Every type of a database, with its edge values, through the step `sql` into each sink: digit by digit as
//! the database's own client shows it.
//!
//! A source is a row of [`sources`], a type a row of its list, and a sink a row of [`Sink`].
//! `docs/values-databases.md` is generated from the same lists.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use serde_json::{Map, Value, json};
use stepwell::engine::values::read_json;
use stepwell_tests::oracle::Oracle;
use stepwell_tests::servers::{self, Database, PASSWORD};

use crate::support::{Running, Site, told};
use crate::values::{Form, Given, MYSQL, MYSQL_TYPES, POSTGRES, POSTGRES_TYPES, SQLITE};

/// A database with its values, and the way to query its client.
struct Source {
    name: &'static str,
    given: &'static [Given],
    site: Running,
    database: Option<Database>,
}

/// The destination of rows.
#[derive(Debug, Clone, Copy)]
enum Sink {
    Output,
    Csv,
    Ndjson,
    /// As Python reads it; not tested without the oracle.
    Parquet,
    /// As parameters of an INSERT of the next step.
    Parameters,
}

const SINKS: [Sink; 5] = [Sink::Output, Sink::Csv, Sink::Ndjson, Sink::Parquet, Sink::Parameters];

async fn sources() -> Vec<Source> {
    let policy = "profile: large\nsql: [{connection: db, mode: ddl, scripts: true}]\nfiles:\n- {mount: /workspace, workspace: 64MiB, access: write}\n- {mount: /out, source: out, access: write}";
    let mut sources = Vec::new();
    let sqlite = Site::new()
        .database("db.sqlite", "CREATE TABLE back (v)")
        .file("out/.here", "")
        .config("connections: {db: {type: sqlite, path: db.sqlite}}");
    let site = sqlite.policy("sql", policy).host().await;
    sources.push(Source { name: "SQLite", given: SQLITE, site, database: None });
    for (name, given, database) in
        [("PostgreSQL", POSTGRES, servers::postgres().await), ("MariaDB", MYSQL, servers::mysql().await)]
    {
        let Some(database) = database else { continue };
        let site = Site::new()
            .file("password", PASSWORD)
            .file("out/.here", "")
            .config(&format!("connections: {{db: {}}}", database.connection("")));
        let site = site.policy("sql", policy).host().await;
        let types = if name == "PostgreSQL" { POSTGRES_TYPES } else { MYSQL_TYPES };
        let end = site
            .step(json!({"type": "sql", "connection_name": "db", "script": types, "transaction": false}))
            .await;
        assert!(end.outcome.is_success(), "{}", told(&end));
        sources.push(Source { name, given, site, database: Some(database) });
    }
    sources
}

impl Source {
    /// Returns the client's output for a query with one row, column by column.
    fn client(&self, query: &str) -> Vec<Option<String>> {
        let out = match (&self.database, self.name) {
            (Some(database), "PostgreSQL") => output(
                Command::new("psql")
                    .args(["-X", "-q", "-A", "-t", "-z", "-P", "null=\u{1}", "-v", "ON_ERROR_STOP=1"])
                    .args(["-h", &database.host, "-p", &database.port.to_string()])
                    .args(["-U", &database.name, "-d", &database.name, "-c", query])
                    .env("PGPASSWORD", PASSWORD)
                    .env("PGTZ", "UTC"),
            ),
            (Some(database), _) => output(
                Command::new("mariadb")
                    .args(["--batch", "--raw", "--skip-column-names", "--default-character-set=utf8mb4"])
                    .args(["-h", &database.host, "-P", &database.port.to_string(), "-u", &database.name])
                    .args([&format!("-p{PASSWORD}"), &database.name])
                    .args(["-e", &format!("SET time_zone = '+00:00'; {query}")]),
            ),
            (None, _) => {
                let path = self.site.path().join("db.sqlite");
                output(
                    Command::new("sqlite3")
                        .args(["-batch", "-noheader", "-list", "-separator", "\u{2}", "-nullvalue", "\u{1}"])
                        .arg(path)
                        .arg(query),
                )
            }
        };
        let separator = match self.name {
            "PostgreSQL" => '\0',
            "MariaDB" => '\t',
            _ => '\u{2}',
        };
        let shown = |text: &str| match text {
            "\u{1}" => None,
            "NULL" if self.name == "MariaDB" => None,
            text => Some(text.to_owned()),
        };
        out.strip_suffix('\n').unwrap_or(&out).split(separator).map(shown).collect()
    }

    async fn query(&self, query: &str, output: Option<&str>) -> Value {
        let mut step = json!({"type": "sql", "connection_name": "db", "query": query});
        if let Some(file) = output {
            step["output"] = json!(format!("/out/{file}"));
        }
        let end = self.site.step(step).await;
        assert!(end.outcome.is_success(), "{}: {}", self.name, told(&end));
        end.produced.output.clone()
    }

    /// Returns the row of a query in a sink, by columns.
    async fn row(&self, sink: Sink, query: &str) -> Vec<Value> {
        match sink {
            Sink::Output => in_order(&self.query(query, None).await[0]),
            Sink::Ndjson => {
                self.query(query, Some("x.ndjson")).await;
                in_order(&read_json(&file(self.site.path(), "x.ndjson")).unwrap())
            }
            Sink::Csv => {
                self.query(query, Some("x.csv")).await;
                let records = csv(&file(self.site.path(), "x.csv"));
                records[1].iter().map(|field| Value::from(field.as_str())).collect()
            }
            Sink::Parquet => {
                self.query(query, Some("x.parquet")).await;
                let Some(oracle) = Oracle::find() else { return Vec::new() };
                let rows = oracle.ask("tables.py", &["read"], &[&self.site.path().join("out/x.parquet")]);
                rows[0].as_array().unwrap().clone()
            }
            Sink::Parameters => Vec::new(),
        }
    }

    /// Reads the values, and passes them to an INSERT of another step, whose table the client reads.
    async fn back(&self, given: &[Given]) {
        let typed = self.name != "SQLite";
        let names: Vec<String> = (1..=given.len()).map(|number| format!("v{number}")).collect();
        let columns = names.iter().zip(given).map(|(name, given)| format!("{} AS {name}", given.sql));
        let select = format!("SELECT {}", columns.collect::<Vec<_>>().join(", "));
        let create = match typed {
            true => format!("CREATE TABLE back AS {select}"),
            false => format!("CREATE TABLE back ({})", names.join(", ")),
        };
        let marks = names.iter().zip(given).map(|(name, given)| match (given.form, self.name) {
            (Form::Bytes, "MariaDB" | "SQLite") => format!("unhex(:{name})"),
            _ => format!(":{name}"),
        });
        let marks = marks.collect::<Vec<_>>().join(", ");
        let parameters: Map<String, Value> = names
            .iter()
            .map(|name| (name.clone(), json!(format!("${{{{ steps.read.output[0].{name} }}}}"))))
            .collect();
        let sql = |id: &str, key: &str, text: &str| json!({"id": id, "type": "sql", "connection_name": "db", key: text});
        let mut insert = sql("insert", "query", &format!("INSERT INTO back VALUES ({marks})"));
        insert["parameters"] = Value::Object(parameters);
        let job = json!({"id": "back", "workspace": "1MiB", "steps": [
            sql("drop", "query", "DROP TABLE IF EXISTS back"),
            sql("create", "query", &create),
            sql("empty", "query", "DELETE FROM back"),
            sql("read", "query", &select),
            insert,
        ]});
        let state = self.site.run(&job.to_string()).await;
        for step in &state.steps {
            let end = step.end.as_ref().unwrap();
            assert!(end.outcome.is_success(), "{}: {}", self.name, told(end));
        }
        let shown = |given: &Given, value: &str| given.shown.replace("{}", value);
        let written = given.iter().map(|given| shown(given, given.sql)).collect::<Vec<_>>().join(", ");
        let stored = given.iter().zip(&names).map(|(given, name)| shown(given, name)).collect::<Vec<_>>();
        let wanted = self.client(&format!("SELECT {written}"));
        let found = self.client(&format!("SELECT {} FROM back", stored.join(", ")));
        for ((given, wanted), found) in given.iter().zip(wanted).zip(found) {
            assert_eq!(found, wanted, "{}, {}: {} as a parameter", self.name, given.kind, given.sql);
        }
    }
}

#[tokio::test]
async fn every_value_arrives_as_the_client_of_its_database_shows_it() {
    let mut wrong = Vec::new();
    for source in sources().await {
        for given in source.given.chunks(80) {
            let shown = given.iter().map(|given| given.shown.replace("{}", given.sql));
            let wanted = source.client(&format!("SELECT {}", shown.collect::<Vec<_>>().join(", ")));
            assert_eq!(wanted.len(), given.len(), "{}", source.name);
            for sink in SINKS {
                if let Sink::Parameters = sink {
                    let insertable: Vec<Given> = given.iter().filter(|given| given.back).copied().collect();
                    source.back(&insertable).await;
                    continue;
                }
                // Parquet has no type for these days: the error asks for a CAST.
                let has = |shown: &Option<String>| {
                    let shown = shown.as_deref().unwrap_or_default();
                    !matches!(sink, Sink::Parquet)
                        || ![" BC", "infinity", "12345-", "0000-00-00"].iter().any(|odd| shown.contains(odd))
                };
                let kept = given.iter().zip(&wanted).filter(|(_, wanted)| has(wanted));
                let (given, wanted): (Vec<&Given>, Vec<&Option<String>>) = kept.unzip();
                let columns =
                    given.iter().zip(1..).map(|(given, number)| format!("{} AS v{number}", given.sql));
                let query = format!("SELECT {}", columns.collect::<Vec<_>>().join(", "));
                let row = source.row(sink, &query).await;
                for ((given, wanted), found) in given.iter().zip(&wanted).zip(row) {
                    let found = as_shown(&found, given.form, sink);
                    let wanted = normal(wanted.as_deref(), given.form, sink);
                    if found != wanted {
                        let place = format!("{}, {}, {sink:?}: {}", source.name, given.kind, given.sql);
                        wrong.push(format!("{place}\n  is     {found:?}\n  not    {wanted:?}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The page of the docs matches the rows.
#[tokio::test]
async fn the_docs_show_every_type() {
    let mut page = String::from(include_str!("values_page.md"));
    let sources = sources().await;
    if sources.len() < 3 {
        return;
    }
    for source in sources {
        let _ = write!(page, "\n## {}\n\n| type | value | in JSON |\n|---|---|---|\n", source.name);
        for given in source.given {
            let row = source.query(&format!("SELECT {} AS v", given.sql), None).await;
            let cell = |text: &str| format!("`{}`", text.replace('|', "\\|").replace('\n', "\\n"));
            let _ = writeln!(
                page,
                "| {} | {} | {} |",
                given.kind,
                cell(given.sql),
                cell(&row[0]["v"].to_string())
            );
        }
    }
    let path = stepwell_tests::root().join("docs/values-databases.md");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == page, "docs/values-databases.md is not up to date: run this test with UPDATE_EXPECT=1");
}

fn output(command: &mut Command) -> String {
    let done = command.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

fn file(dir: &Path, name: &str) -> String {
    std::fs::read_to_string(dir.join("out").join(name)).unwrap()
}

fn in_order(row: &Value) -> Vec<Value> {
    let row = row.as_object().unwrap();
    (1..=row.len()).map(|number| row[&format!("v{number}")].clone()).collect()
}

/// Parses the records of a CSV file (RFC 4180).
fn csv(text: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut quoted, mut chars) = (false, text.chars().peekable());
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => field.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => record.push(std::mem::take(&mut field)),
            '\n' if !quoted => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            c => field.push(c),
        }
    }
    records
}

/// Formats a value as the client would show it.
fn as_shown(value: &Value, form: Form, sink: Sink) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) if text.is_empty() && matches!(sink, Sink::Csv) => return Some(String::new()),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Some(match form {
        Form::Plain => text,
        Form::Boolean => if text == "true" { "t" } else { "f" }.to_owned(),
        Form::Float => float(&text),
        Form::Moment => match text.split_once('Z') {
            Some((time, era)) => format!("{}+00{era}", time.replacen('T', " ", 1)),
            None => text.replacen('T', " ", 1),
        },
        Form::Bytes => text,
        Form::Json => text.replace(['"', ' '], ""),
        Form::List => {
            let value =
                if matches!(value, Value::String(_)) { read_json(&text).unwrap() } else { value.clone() };
            let mut items = Vec::new();
            leaves(&value, &mut items);
            items.join("~")
        }
    })
}

/// Normalizes the client's output if there is a choice. CSV has no NULL: its field is empty.
fn normal(shown: Option<&str>, form: Form, sink: Sink) -> Option<String> {
    let Some(text) = shown else { return matches!(sink, Sink::Csv).then(String::new) };
    Some(match form {
        Form::Float => float(text),
        Form::Json => text.replace(['"', ' '], ""),
        Form::Bytes => text.to_ascii_lowercase().trim_start_matches("\\x").to_owned(),
        _ => text.to_owned(),
    })
}

/// Formats a float as its 64 bits, because clients write exponents differently.
fn float(text: &str) -> String {
    text.parse::<f64>().map_or_else(|_| text.to_owned(), |value| format!("{:016x}", value.to_bits()))
}

fn leaves(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| leaves(item, found)),
        Value::Null => found.push("NULL".to_owned()),
        Value::Bool(value) => found.push(value.to_string()),
        Value::String(text) => found.push(text.clone()),
        other => found.push(other.to_string()),
    }
}
