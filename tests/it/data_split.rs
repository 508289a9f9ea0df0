//! A query over parts of an input gives what the query over the whole input gives. The engine expands
//! `split` into steps; here a job has the same steps, written by hand.

use serde_json::{Value, json};
use stepwell::engine::StepEnd;
use stepwell::engine::run::RunState;

use crate::data_split_queries::{QUERIES, WHOLE};
use crate::support::{Running, Site, told};

/// The numbers of parts of each query.
const PARTS: &[usize] = &[1, 2, 3, 7];

/// The orders from one number to another, as CSV.
fn orders(numbers: std::ops::Range<usize>) -> String {
    let line = |n: usize| {
        let region = ["north", "south", "", "east", "\"\""][n % 5];
        let note = match n % 6 {
            0 => "\"two\nlines, and a \"\"quote\"\"\"".to_owned(),
            1 => format!("5\" pipe {}", n % 50),
            2 => "\"\r\n\"".to_owned(),
            _ => format!("note {}", n % 40),
        };
        let price = (n * 7919 % 1000) as f64 / 7.0;
        format!(
            "{n},{region},{}.{:02},{},{price},{note},2026-0{}-0{},{}\n",
            n * 31 % 200,
            n % 100,
            n % 11,
            n / 100 % 8 + 1,
            n % 9 + 1,
            n.is_multiple_of(3)
        )
    };
    let head = "id,region,amount,qty,price,note,day,flag\n";
    numbers.map(line).fold(head.to_owned(), |all, line| all + &line)
}

const REGIONS: &str = "region,label,least\nnorth,N,2\nsouth,S,5\nwest,W,1\n";
const GRANTS: &str = "profile: large\nfiles:\n- {mount: /in, source: in, access: read}\n- {mount: /workspace, workspace: 256MiB, access: write}";

async fn site() -> Running {
    let site = Site::new().file("in/orders.csv", orders(0..700)).file("in/regions.csv", REGIONS);
    let site = site.file("in/many/1.csv", orders(0..10)).file("in/many/2.csv", orders(10..10));
    let site = site.file("in/many/3.csv", orders(10..500)).file("in/many/4.csv", orders(500..700));
    site.policy("data_processing", GRANTS).host().await
}

fn csv(path: &str) -> Value {
    json!({"path": path, "schema": {"price": "float64"}})
}

/// A query, and its input `orders`.
#[derive(Clone)]
struct Task {
    orders: Value,
    query: String,
}

impl Task {
    fn new(orders: Value, query: &str) -> Self {
        Self { orders, query: query.to_owned() }
    }

    fn step(&self, id: &str, split: Value) -> Value {
        let mut step = json!({
            "id": id,
            "type": "data_processing",
            "inputs": {"orders": self.orders, "regions": "/in/regions.csv"},
            "query": self.query,
            "continue_on_failure": true,
            "max_rows": 10_000,
        });
        if !split.is_null() {
            step["split"] = split;
        }
        step
    }

    /// Returns the steps for this number of parts.
    fn steps(&self, id: &str, parts: usize) -> Vec<Value> {
        let name = |part: usize| format!("{id}_{parts}_{part}");
        let part = |part: usize| {
            let to = format!("branches/{}/part", name(part));
            self.step(&name(part), json!({"input": "orders", "parts": parts, "part": part, "to": to}))
        };
        let end = |part: usize| {
            let output = format!("${{{{ steps.{}.output }}}}", name(part));
            json!({"status": "success", "output": output})
        };
        let from: Vec<Value> = (0..parts).map(end).collect();
        let merge =
            self.step(&format!("{id}_{parts}"), json!({"input": "orders", "parts": parts, "from": from}));
        (0..parts).map(part).chain([merge]).collect()
    }
}

/// Runs each task whole and in parts, after some other steps.
async fn run(site: &Running, first: &[Value], tasks: &[Task], parts: &[usize]) -> RunState {
    let mut steps = first.to_vec();
    for (number, task) in tasks.iter().enumerate() {
        let id = format!("t{number}");
        steps.push(task.step(&id, Value::Null));
        steps.extend(parts.iter().flat_map(|parts| task.steps(&id, *parts)));
    }
    let left = json!({"left": {"path": "branches/**/*.arrow", "format": "csv"}});
    steps.push(json!({"id": "left", "type": "data_processing", "inputs": left, "query": "SELECT 1", "continue_on_failure": true}));
    let state = site.run(&json!({"id": "split", "workspace": "256MiB", "steps": steps}).to_string()).await;
    assert!(told(end(&state, "left")).contains("no file matches"), "{}", told(end(&state, "left")));
    state
}

fn end<'a>(state: &'a RunState, id: &str) -> &'a StepEnd {
    let step = state.steps.iter().find(|step| &*step.path == id).unwrap();
    step.end.as_ref().unwrap()
}

/// Returns the rows as texts, without the last digits of floats, and sorted unless the query sorts them.
fn rows(task: &Task, end: &StepEnd) -> Vec<String> {
    let Some(rows) = end.produced.output.as_array() else { return vec![told(end)] };
    let cell = |value: &Value| match value.as_f64().filter(|_| value.is_f64()) {
        Some(float) => format!("{float:.9e}"),
        None => value.to_string(),
    };
    let row = |row: &Value| row.as_object().unwrap().values().map(cell).collect::<Vec<_>>().join(" ");
    let mut rows: Vec<String> = rows.iter().map(row).collect();
    if !task.query.contains("ORDER BY") {
        rows.sort();
    }
    rows
}

/// Returns what differs between the whole and the parts.
fn differences(state: &RunState, tasks: &[Task], parts: &[usize]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (number, task) in tasks.iter().enumerate() {
        let whole = end(state, &format!("t{number}"));
        assert!(whole.outcome.is_success(), "{}\n{}", task.query, told(whole));
        for count in parts {
            let merged = end(state, &format!("t{number}_{count}"));
            let about = format!("{} in {count} of {}", task.query, task.orders);
            for part in 0..*count {
                let part = end(state, &format!("t{number}_{count}_{part}"));
                if part.produced.output["file"].is_null() {
                    wrong.push(format!("{about}: {}", told(part)));
                }
            }
            if rows(task, merged) != rows(task, whole) {
                wrong.push(format!("{about}\n{}\n{}", told(merged), told(whole)));
            }
            for fact in ["row_count", "column_count", "input_files", "rows_rejected", "output_path"] {
                if merged.produced.metadata.get(fact) != whole.produced.metadata.get(fact) {
                    wrong.push(format!("{about}: {fact}"));
                }
            }
        }
    }
    wrong
}

async fn compare(site: &Running, first: &[Value], tasks: &[Task], parts: &[usize]) {
    let mut wrong = Vec::new();
    for tasks in tasks.chunks(8) {
        let state = run(site, first, tasks, parts).await;
        wrong.extend(differences(&state, tasks, parts));
    }
    assert!(wrong.is_empty(), "{} differences\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn parts_of_csv_give_the_rows_of_the_whole() {
    let tasks: Vec<Task> = QUERIES.iter().map(|query| Task::new(csv("/in/orders.csv"), query)).collect();
    compare(&site().await, &[], &tasks, PARTS).await;
}

/// Each query over another kind of files. The first step of the job makes them.
#[tokio::test]
async fn parts_of_other_files_give_the_rows_of_the_whole() {
    let write = |id: &str, filter: &str, path: &str| {
        json!({
            "id": id,
            "type": "data_processing",
            "inputs": {"orders": csv("/in/orders.csv")},
            "query": format!("SELECT * FROM orders WHERE {filter}"),
            "output": path,
        })
    };
    let first = [
        write("a", "id < 100", "made/1.parquet"),
        write("b", "id BETWEEN 100 AND 109", "made/2.parquet"),
        write("c", "id < 0", "made/3.parquet"),
        write("d", "id BETWEEN 110 AND 400", "made/4.parquet"),
        write("e", "id > 400", "made/5.parquet"),
        write("f", "true", "made/all.ndjson"),
        write("g", "id < 250", "made/1.jsonl"),
        write("h", "id >= 250", "made/2.jsonl"),
    ];
    let kinds = json!({"day": "date", "amount": "decimal(10,2)", "price": "float64"});
    let inputs = [
        csv("/in/many/*.csv"),
        json!("made/*.parquet"),
        json!({"path": "made/*.parquet", "columns": "union"}),
        json!({"path": "made/all.ndjson", "schema": kinds}),
        json!({"path": "made/*.jsonl", "schema": kinds}),
    ];
    let tasks =
        QUERIES.iter().zip(inputs.iter().cycle()).map(|(query, input)| Task::new(input.clone(), query));
    let more = QUERIES.iter().zip(inputs.iter().cycle().skip(2));
    let more = more.map(|(query, input)| Task::new(input.clone(), query));
    compare(&site().await, &first, &tasks.chain(more).collect::<Vec<_>>(), &[2, 7]).await;
}

/// Files in other dialects of CSV, and names in upper case.
#[tokio::test]
async fn parts_of_dialects_give_the_rows_of_the_whole() {
    let table = orders(0..300).replace('"', "'").replace("\r\n", "\r\r\n").replace(',', ";");
    let latin: Vec<u8> = table.replace("note ", "n\u{f6}te ").chars().map(|c| c as u8).collect();
    let mut site = Site::new().file("in/regions.csv", REGIONS).file("in/latin.csv", &latin);
    let (head, body) = table.split_once('\n').unwrap();
    let types = ["int64", "text", "decimal(10,2)", "int64", "float64", "text", "date", "boolean"];
    let columns: Vec<Value> =
        head.split(';').zip(types).map(|(name, kind)| json!({"name": name, "type": kind})).collect();
    site = site.file("in/bare.csv", body).file("in/skip.csv", format!("\u{feff}it's a\nreport;\n{table}"));
    site =
        site.file("in/tabs.tsv", table.replace(';', "\t")).file("in/crlf.csv", table.replace('\n', "\r\n"));
    site = site.file("in/old.csv", table.replace("\r\r\n", " ").replace('\n', "\r"));
    let site = site.policy("data_processing", GRANTS).host().await;
    let first = json!({
        "id": "upper",
        "type": "data_processing",
        "inputs": {"orders": {"path": "/in/tabs.tsv", "quote": "'", "schema": {"price": "float64"}}},
        "query": "SELECT id AS \"Id\", note AS \"Note\", region AS \"A Region\", qty, price AS \"PRICE\" FROM orders",
        "output": "made/Upper.parquet",
    });
    let query = "SELECT region, note, count(*) AS n, sum(qty) AS q, max(id) AS i FROM orders WHERE price > 1 GROUP BY region, note";
    let dialect = |path: &str, more: Value| {
        let mut input = json!({"path": path, "quote": "'", "delimiter": ";", "schema": {"price": "float64"}});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let mut tasks = [
        dialect("/in/latin.csv", json!({"encoding": "windows-1252"})),
        dialect("/in/bare.csv", json!({"header": false, "schema": columns})),
        dialect("/in/skip.csv", json!({"skip": 2})),
        dialect("/in/tabs.tsv", json!({"delimiter": "\t"})),
        dialect("/in/crlf.csv", json!({})),
        dialect("/in/old.csv", json!({})),
        dialect("/in/latin.csv", json!({"encoding": "windows-1252", "quote": "", "on_bad_row": "skip"})),
    ]
    .map(|input| Task::new(input, query))
    .to_vec();
    let upper = query.replace("region", "\"A Region\"");
    tasks.push(Task::new(json!("made/Upper.parquet"), &upper));
    compare(&site, &[first], &tasks, &[2, 5]).await;
}

/// The row groups of one Parquet file belong to different parts.
#[tokio::test]
async fn parts_of_one_parquet_file_read_row_groups() {
    let series = "SELECT value AS id, value % 5 AS g, md5(CAST(value AS TEXT)) AS note FROM generate_series(1, 1500000)";
    let make = json!({
        "id": "make",
        "type": "data_processing",
        "inputs": {"x": "/in/regions.csv"},
        "query": series,
        "output": "big.parquet",
    });
    let query =
        "SELECT g, count(*) AS n, sum(id) AS s, min(note) AS l FROM orders WHERE id > 1000 GROUP BY g";
    let tasks = [Task::new(json!("big.parquet"), query)];
    let site = site().await;
    let state = run(&site, &[make], &tasks, &[3]).await;
    assert_eq!(differences(&state, &tasks, &[3]), [""; 0]);
    let read = (0..3).map(|part| end(&state, &format!("t0_3_{part}")).produced.output["rows_read"].as_u64());
    let read: Vec<u64> = read.map(Option::unwrap).collect();
    assert_eq!(read.iter().sum::<u64>(), 1_500_000);
    assert!(read.iter().filter(|rows| **rows > 0).count() > 1, "{read:?}");
}

#[tokio::test]
async fn other_queries_read_the_input_whole_and_say_why() {
    let site = site().await;
    let tasks: Vec<Task> = WHOLE.iter().map(|(query, _)| Task::new(csv("/in/orders.csv"), query)).collect();
    let state = run(&site, &[], &tasks, &[2]).await;
    expect_whole(&site, &state, &tasks, &WHOLE.iter().map(|(_, reason)| *reason).collect::<Vec<_>>()).await;
}

/// Checks that each part gives the reason, and that the merge warns of it and reads the input whole.
async fn expect_whole(site: &Running, state: &RunState, tasks: &[Task], reasons: &[&str]) {
    let log = site.log(state).await;
    let mut wrong = Vec::new();
    for (number, (task, reason)) in tasks.iter().zip(reasons).enumerate() {
        for part in 0..2 {
            let found = end(state, &format!("t{number}_2_{part}"));
            if found.produced.output != json!({ "whole": reason }) {
                wrong.push(format!("{}: {}", task.query, told(found)));
            }
        }
        let (whole, merged) = (end(state, &format!("t{number}")), end(state, &format!("t{number}_2")));
        assert!(whole.outcome.is_success(), "{}: {}", task.query, told(whole));
        if rows(task, whole) != rows(task, merged) {
            wrong.push(format!("{}\n{}\n{}", task.query, told(merged), told(whole)));
        }
        let warning = format!("`split` has no effect: {reason}; the step reads the input whole");
        let said =
            log.iter().filter(|line| line.to_lowercase().starts_with("warn") && line.contains(&warning));
        let same = reasons.iter().filter(|other| *other == reason).count();
        if said.count() != same {
            wrong.push(format!("{}: not logged: {warning}\n{log:?}", task.query));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn other_files_are_read_whole() {
    let list = r#"[{"qty":1},{"qty":2}]"#;
    let wide: Vec<u8> = "qty\n1\n2\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let site =
        Site::new().file("in/list.json", list).file("in/wide.csv", wide).file("in/regions.csv", REGIONS);
    let site =
        site.file("in/escape.csv", "qty,note\n1,\"a\\\"\n\"\n").file("in/old.ndjson", b"{\"qty\":1}\n");
    let site = site.policy("data_processing", GRANTS).host().await;
    let pack = json!({
        "id": "pack",
        "type": "data_processing",
        "inputs": {"x": "/in/regions.csv"},
        "query": "SELECT least AS qty FROM x",
        "output": "packed.csv.gz",
    });
    let cases = [
        (json!("packed.csv.gz"), "/workspace/packed.csv.gz is packed with gzip"),
        (json!("/in/list.json"), "/in/list.json is one JSON list: write one object per line"),
        (json!({"path": "/in/wide.csv", "encoding": "utf-16le"}), "/in/wide.csv is UTF-16LE, not UTF-8"),
        (
            json!({"path": "/in/escape.csv", "escape": "\\"}),
            "a file with an `escape` of its own is read from its start",
        ),
        (
            json!({"path": "/in/old.ndjson", "encoding": "windows-1252"}),
            "/in/old.ndjson is windows-1252, not UTF-8",
        ),
        (
            json!({"path": "packed.csv.gz", "on_bad_row": "collect", "rejected": "bad.ndjson"}),
            "`on_bad_row: collect` of `orders` writes all its bad rows to one file",
        ),
    ];
    let tasks: Vec<Task> =
        cases.iter().map(|(input, _)| Task::new(input.clone(), "SELECT sum(qty) AS s FROM orders")).collect();
    let state = run(&site, &[pack], &tasks, &[2]).await;
    expect_whole(&site, &state, &tasks, &cases.iter().map(|(_, reason)| *reason).collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn bad_rows_count_once_and_keep_their_lines() {
    let mut text = orders(0..300);
    text.insert_str(text.find("\n150,").unwrap() + 1, "1,2,3\n\"x\"y,2\n");
    let objects =
        (0..300).map(|n| if n == 222 { "{\"qty\":\"x\"}\n".into() } else { format!("{{\"qty\":{n}}}\n") });
    let site = Site::new().file("in/bad.csv", text).file("in/regions.csv", format!("{REGIONS}bad\nbad\n"));
    let site = site.file("in/bad.ndjson", objects.collect::<String>());
    let site = site.policy("data_processing", GRANTS).host().await;
    let skip = |path: &str| json!({"path": path, "on_bad_row": "skip"});
    let count = "SELECT count(*) AS n, sum(qty) AS s FROM orders";
    let task = Task::new(skip("/in/bad.csv"), &format!("{count} JOIN regions USING (region)"));
    let mut typed = skip("/in/bad.ndjson");
    typed["schema"] = json!({"qty": "int64"});
    // The other input has bad rows, too, so it must leave them out.
    let steps = |mut steps: Vec<Value>| {
        steps.iter_mut().for_each(|step| step["inputs"]["regions"] = skip("/in/regions.csv"));
        steps
    };
    let mut all = Vec::new();
    for (id, task) in [("a", &task), ("b", &Task::new(typed.clone(), count))] {
        all.extend(steps(vec![task.step(id, Value::Null)]));
        all.extend(steps(task.steps(id, 3)));
    }
    let fails = [
        Task::new(json!("/in/bad.csv"), count),
        Task::new(json!({"path": "/in/bad.ndjson", "schema": {"qty": "int64"}}), count),
    ];
    for (id, task) in ["c", "d"].iter().zip(&fails) {
        all.extend(steps(vec![task.step(id, Value::Null)]));
        all.extend(steps(task.steps(id, 3)));
    }
    let state = site.run(&json!({"id": "bad", "workspace": "16MiB", "steps": all}).to_string()).await;
    for (id, rejected) in [("a", 4), ("b", 1)] {
        let (whole, merged) = (end(&state, id), end(&state, &format!("{id}_3")));
        assert_eq!(told(merged), told(whole));
        assert_eq!(whole.produced.metadata["rows_rejected"], rejected, "{id}");
        assert_eq!(merged.produced.metadata["rows_rejected"], rejected, "{id}");
    }
    for id in ["c", "d"] {
        let whole = told(end(&state, id));
        assert!(whole.starts_with("failed") && whole.contains(", line "), "{whole}");
        let parts: Vec<String> = (0..3).map(|part| told(end(&state, &format!("{id}_3_{part}")))).collect();
        assert_eq!(parts.iter().filter(|part| **part == whole).count(), 1, "{whole}\n{parts:?}");
        assert_eq!(parts.iter().filter(|part| part.starts_with("succeeded")).count(), 2, "{parts:?}");
    }
}

#[tokio::test]
async fn a_merge_needs_the_complete_parts() {
    let site = site().await;
    let file = |content: &str| {
        let path = site.path().join("in/broken.arrow");
        std::fs::write(path, content).unwrap();
        json!({"status": "success", "output": {"file": "/in/broken.arrow"}})
    };
    let task = Task::new(csv("/in/orders.csv"), "SELECT count(*) AS n FROM orders");
    let good = json!({"status": "success", "output": {"file": "x"}});
    let cases = [
        (
            json!([good, {"status": "failed", "output": null}]),
            "failed: part 1 of `orders` has the status `failed`: the result needs all of its 2 parts",
        ),
        (json!([good, {"status": "skipped"}]), "failed: part 1 of `orders` has the status `skipped`"),
        (json!([{"status": "success", "output": {}}, good]), "failed: a part in `from` has no `file`"),
        (json!([good, good]), "failed: /workspace/x: cannot be read"),
        (
            json!([file("no arrow at all"), good]),
            "failed: /in/broken.arrow: is not the complete result of a part",
        ),
    ];
    for (from, expected) in cases {
        let mut step = task.step("x", json!({"input": "orders", "parts": 2, "from": from}));
        step.as_object_mut().unwrap().remove("continue_on_failure");
        let found = told(&site.step(step).await);
        assert!(found.starts_with(expected), "{found}\n{expected}");
    }
}
