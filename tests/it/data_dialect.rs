//! The SQL dialect of `data_processing`: notation that users of DuckDB and PostgreSQL write, and messages that
//! name the fix.

use serde_json::{Value, json};

use crate::support::{Running, Site, told};

const TABLE: &str = "id,qty,ts,day,s\n1,3,2026-03-29 02:30:00,2026-01-01,a\n2,4,1500-10-25 02:30:00.5,2026-01-02,b%c\n3,,2500-06-01 12:00:00,2026-01-03,\n";
const OBJECTS: &str = concat!(
    r#"{"id":1,"a":[{"k":1,"id":5,"Deep":{"z":7}},{"k":2}],"l":[3,null,1],"f":1.5}"#,
    "\n",
    r#"{"id":2,"a":[],"l":[],"f":"NaN"}"#,
    "\n",
    r#"{"id":3,"f":"-Infinity"}"#,
    "\n"
);

async fn site() -> Running {
    let grants = "profile: large\nfiles: [{mount: /in, source: in, access: read}, {mount: /workspace, workspace: 16MiB, access: write}]\n";
    let site = Site::new().file("in/t.csv", TABLE).file("in/j.ndjson", OBJECTS);
    site.policy("data_processing", grants).host().await
}

fn step(query: &str, more: &Value) -> Value {
    let mut step = json!({"type": "data_processing", "query": query,
        "inputs": {"t": "/in/t.csv", "j": "/in/j.ndjson"}});
    for (key, value) in more.as_object().unwrap() {
        step[key] = value.clone();
    }
    step
}

/// The rows as lists, or the message.
fn rows(told: &str) -> String {
    let Some(rows) = told.strip_prefix("succeeded: ") else { return told.to_owned() };
    let rows: Vec<serde_json::Map<String, Value>> = serde_json::from_str(rows).unwrap();
    let rows = rows.into_iter().map(|row| row.into_iter().map(|(_, value)| value).collect::<Vec<_>>());
    json!(rows.collect::<Vec<_>>()).to_string()
}

/// Runs each query, and compares its rows with JSON, or its message with a part of it.
async fn check(cases: &[(&str, &str)]) {
    let site = site().await;
    let innards =
        ["Utf8", "Int64", "List(", "Struct(", "coerce", "Arrow", "datafusion", "ErrorCode", "Option<"];
    let mut wrong = Vec::new();
    for (query, expected) in cases {
        let found = rows(&told(&site.step(step(query, &json!({}))).await));
        let fits = match expected.starts_with('[') {
            true => found == *expected,
            false => found.contains(expected) && !innards.iter().any(|word| found.contains(word)),
        };
        if !fits {
            wrong.push(format!("{query}\n  is       {found}\n  expected {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn timestamps_hold_every_year() {
    check(&[
        ("SELECT TIMESTAMP '1500-01-01 00:00:00' AS x", r#"[["1500-01-01T00:00:00"]]"#),
        ("SELECT CAST('9999-12-31' AS TIMESTAMP) AS x", r#"[["9999-12-31T00:00:00"]]"#),
        ("SELECT '2300-01-01 00:00:00.123456'::timestamp AS x", r#"[["2300-01-01T00:00:00.123456"]]"#),
        ("SELECT TIMESTAMP '2026-01-01 00:00:00.123456789' AS x", r#"[["2026-01-01T00:00:00.123456789"]]"#),
        ("SELECT TRY_CAST('x' AS TIMESTAMP) AS x", "[[null]]"),
        ("SELECT CAST(day AS DATETIME) AS x FROM t WHERE id = 1", r#"[["2026-01-01T00:00:00"]]"#),
        ("SELECT CAST(1772366400 AS TIMESTAMP) AS x", r#"[["2026-03-01T12:00:00"]]"#),
        ("SELECT id FROM t WHERE ts < '2300-01-01' AND ts > DATE '1400-01-01' ORDER BY id", "[[1],[2]]"),
        ("SELECT id FROM t WHERE ts BETWEEN '1500-01-01' AND '1600-01-01'", "[[2]]"),
        ("SELECT id FROM t WHERE ts IN (TIMESTAMP '2500-06-01 12:00:00', TIMESTAMP '2000-01-01')", "[[3]]"),
        ("SELECT id FROM t WHERE ts = '2026-03-29 02:30:00'", "[[1]]"),
        ("SELECT coalesce(ts, TIMESTAMP '2020-01-01') AS x FROM t WHERE id = 2", r#"[["1500-10-25T02:30:00.5"]]"#),
        (
            "SELECT date_trunc('month', ts) AS x, date_trunc('week', ts) AS y FROM t WHERE id > 1 ORDER BY id",
            r#"[["1500-10-01T00:00:00","1500-10-22T00:00:00"],["2500-06-01T00:00:00","2500-05-31T00:00:00"]]"#,
        ),
        (
            "SELECT date_trunc('year', ts) AS y, count(*) AS n FROM t GROUP BY date_trunc('year', ts) ORDER BY y",
            r#"[["1500-01-01T00:00:00",1],["2026-01-01T00:00:00",1],["2500-01-01T00:00:00",1]]"#,
        ),
        (
            "SELECT time_bucket(INTERVAL '1 month', ts) AS x, time_bucket(INTERVAL '6 hours', ts) AS y FROM t WHERE id = 2",
            r#"[["1500-10-01T00:00:00","1500-10-25T00:00:00"]]"#,
        ),
        (
            "SELECT generate_series(TIMESTAMP '1500-01-01', TIMESTAMP '1500-01-03', INTERVAL '1 day') AS x",
            r#"[[["1500-01-01T00:00:00","1500-01-02T00:00:00","1500-01-03T00:00:00"]]]"#,
        ),
        (
            "SELECT range(TIMESTAMP '2500-01-01', TIMESTAMP '2500-01-02', INTERVAL '12 hours') AS x",
            r#"[[["2500-01-01T00:00:00","2500-01-01T12:00:00"]]]"#,
        ),
        ("SELECT make_timestamp(1500, 3, 1, 12, 30, 5.5) AS x", r#"[["1500-03-01T12:30:05.5"]]"#),
        ("SELECT date_diff('day', TIMESTAMP '1500-01-01', TIMESTAMP '2026-01-01') AS x", "[[192118]]"),
        // Texts are those of DuckDB and PostgreSQL.
        (
            "SELECT CAST(ts AS TEXT) AS x, ts || '' AS y FROM t WHERE id = 2",
            r#"[["1500-10-25 02:30:00.5","1500-10-25 02:30:00.5"]]"#,
        ),
        ("SELECT CAST(NULL AS TIMESTAMP) || '' AS x", "[[null]]"),
        ("SELECT date_trunc('moon', ts) AS x FROM t", "`date_trunc` does not take 'moon': write 'decade'"),
        ("SELECT date_trunc('day', id) AS x FROM t", "`date_trunc` takes a timestamp or a date"),
        ("SELECT id FROM t WHERE day > 5", "a date or a time stands beside a number"),
        ("SELECT id FROM t UNION ALL SELECT day FROM t", "a date or a time stands beside a number"),
    ])
    .await;
}

#[tokio::test]
async fn lists_and_patterns_are_written_as_elsewhere() {
    check(&[
        ("SELECT a[2].k AS x FROM j ORDER BY id", "[[2],[null],[null]]"),
        ("SELECT j.a[1].deep.z AS x FROM j WHERE id = 1", "[[7]]"),
        ("SELECT (a[1]).K AS x, a[1].ID AS y FROM j WHERE id = 1", "[[1,5]]"),
        ("SELECT l[:2] AS x, l[2:] AS y, l[:] AS z FROM j WHERE id = 1", "[[[3,null],[null,1],[3,null,1]]]"),
        ("SELECT l[2:] AS x, l[:-2] AS y FROM j WHERE id = 2", "[[[],[]]]"),
        (
            "SELECT list_sort(l) AS x, array_sort(l, 'DESC') AS y FROM j WHERE id = 1",
            "[[[1,3,null],[3,1,null]]]",
        ),
        ("SELECT id FROM t WHERE s LIKE '%!%%' ESCAPE '!'", "[[2]]"),
        ("SELECT id FROM t WHERE s NOT ILIKE '%$%%' ESCAPE '$'", "[[1]]"),
        (r"SELECT 'a\b' LIKE 'a\_' ESCAPE '' AS x, 'a_b' LIKE 'a__b' ESCAPE '_' AS y", "[[true,true]]"),
        ("SELECT 'a' LIKE 'a!' ESCAPE '!' AS x", "ends in its escape character"),
        ("SELECT 'a' LIKE 'a' ESCAPE '!!' AS x", "`ESCAPE` takes one character"),
        ("SELECT 'xbx' SIMILAR TO 'b' AS x, 'b' SIMILAR TO 'a|b' AS y", "[[false,true]]"),
        ("SELECT 'ab' SIMILAR TO 'a%' AS x", "regexp_like"),
        ("SELECT sum(CAST(qty AS BIGINT UNSIGNED)) AS x FROM t", "[[7]]"),
        // Floats that JSON has no number for.
        ("SELECT f, f > 0 AS g FROM j ORDER BY id", r#"[[1.5,true],["NaN",true],["-Infinity",false]]"#),
    ])
    .await;
}

#[tokio::test]
async fn messages_name_the_fix() {
    check(&[
        ("SELECT ts + 1 AS x FROM t", "`+` does not take timestamp and int64: write `x + INTERVAL '1 day'`"),
        ("SELECT s + s AS x FROM t", "write `a || b` to join texts"),
        ("SELECT l * 2 AS x FROM j", "`*` does not take list and int64"),
        ("SELECT CAST('x' AS INT) AS x", "the text 'x' is no int32: write `TRY_CAST(x AS BIGINT)`"),
        ("SELECT CAST('x' AS BOOLEAN) AS x", "the text 'x' is no boolean: write `TRY_CAST(x AS BOOLEAN)`"),
        ("SELECT CAST('x' AS DATE) AS x", "strptime"),
        (
            "SELECT CAST('x' AS TIMESTAMP) AS x",
            "the text 'x' is no timestamp: write it as '2026-01-31 10:20:30'",
        ),
        ("SELECT CAST(l AS INT) AS x FROM j", "a value of the type list has no form as int32"),
        ("SELECT id = 'x' AS x FROM t", "the text 'x' is no int64"),
        ("SELECT l = 1 AS x FROM j", "`=` does not compare list with int64"),
        ("SELECT CAST(1 AS UUID) AS x", "there is no type UUID: write TEXT"),
        ("SELECT id FROM t WHERE s", "WHERE and HAVING take a condition, and `t.s` is text"),
        ("SELECT * FROM tt", "there is no table `tt`: the nearest is `t`; the tables under `inputs` are"),
        ("SELECT * FROM orders", "there is no table `orders`: the tables under `inputs` are `j`, `t`"),
        ("SELECT * FROM uper(1)", "there is no function `uper` in FROM"),
        ("SELECT q.id FROM t", "there is no table `q` for `q.id`: the tables here are `t`"),
        ("SELECT idd FROM t", "there is no column `idd`: the nearest is `id`; the columns are `id`, `qty`"),
        ("SELECT nope FROM t", "there is no column `nope`: the columns are `id`, `qty`"),
        ("SELECT list_srt(l) AS x FROM j", "there is no function `list_srt`: the nearest is `list_sort`"),
        ("SELECT row_number() AS x FROM t", "`row_number` needs a window"),
        ("SELECT a[1]['kk'] AS x FROM j", "there is no field `kk` in the object: the nearest is `k`"),
        ("SELECT upper(id, 2) AS x FROM t", "`upper` does not take int64 and int64"),
        ("SELECT abs(s) AS x FROM t", "`abs` does not take text"),
        ("SELECT s[1] AS x FROM t", "`x[n]` takes a list, not text"),
        ("SELECT id, count(*) AS n FROM t", "the column `t.id` stands in SELECT and not in GROUP BY"),
        ("SELECT regexp_like(s, '(') AS x FROM t", "`(` is no regular expression: unclosed group"),
        ("SELECT id FROM t LIMIT -1", "LIMIT takes a number from 0 on, not -1"),
        ("SELECT id FROM t WHERE s LIKE 5", "`LIKE` takes texts"),
        ("SELECT INTERVAL '1 moon' AS x", "the text '1 moon' is no interval"),
    ])
    .await;
}

/// Programs write long queries: the planner recurses, and has the stack for them.
#[tokio::test]
async fn long_queries_have_room_and_deep_ones_a_message() {
    let many = |count: usize, part: fn(usize) -> String, joint: &str| {
        (0..count).map(part).collect::<Vec<_>>().join(joint)
    };
    let ors = many(1500, |n| format!("id = {n}"), " OR ");
    let unions = many(300, |n| format!("SELECT {n} AS n"), " UNION ALL ");
    let ctes = many(300, |n| format!("c{} AS (SELECT n FROM c{n})", n + 1), ", ");
    let levels = |open: &str, close: &str| format!("SELECT {}1{} AS x", open.repeat(60), close.repeat(60));
    let tables = format!("SELECT * FROM {}(VALUES (1)) t(x){}", "(SELECT * FROM ".repeat(60), ")".repeat(60));
    let deep = "too many parentheses, subqueries or CASE stand within each other (the limit is 50";
    check(&[
        (&*format!("SELECT count(*) AS n FROM t WHERE {ors}"), "[[3]]"),
        (&*format!("SELECT sum(n) AS n FROM ({unions})"), "[[44850]]"),
        (&*format!("WITH c0 AS (SELECT 7 AS n), {ctes} SELECT n FROM c300"), "[[7]]"),
        (&*levels("(", ")"), deep),
        (&*levels("abs(", ")"), deep),
        (&*levels("CASE WHEN true THEN ", " END"), deep),
        (&*tables, deep),
    ])
    .await;
}

#[tokio::test]
async fn columns_of_one_name_are_numbered_if_the_job_says_so() {
    let site = site().await;
    let rename = json!({"duplicates": "rename"});
    for (query, more, expected) in [
        (
            "SELECT a.id, b.id FROM t AS a JOIN t AS b ON a.id + 1 = b.id ORDER BY a.id",
            &rename,
            r#"succeeded: [{"id":1,"id_2":2},{"id":2,"id_2":3}]"#,
        ),
        (
            "SELECT id, id, qty AS id FROM t WHERE id = 1",
            &rename,
            r#"succeeded: [{"id":1,"id_2":1,"id_3":3}]"#,
        ),
        (
            "SELECT a.id, b.id FROM t AS a JOIN t AS b ON a.id = b.id",
            &json!({}),
            "name each with `AS`, or set `duplicates: rename`",
        ),
    ] {
        let found = told(&site.step(step(query, more)).await);
        assert!(found.contains(expected), "{query}\n  {found}");
    }
}

/// A file that the step writes is read back with the same types.
#[tokio::test]
async fn floats_without_a_number_come_back() {
    let site = site().await;
    let write = step("SELECT id, f FROM j", &json!({"id": "write", "output": "out.ndjson"}));
    let read = json!({"id": "read", "type": "data_processing", "inputs": {"o": "out.ndjson"},
        "query": "SELECT typeof(max(f)) AS kind, count(*) FILTER (WHERE f < 2) AS n FROM o"});
    let state =
        site.run(&json!({"id": "back", "workspace": "1MiB", "steps": [write, read]}).to_string()).await;
    let end = state.steps[1].end.clone().unwrap();
    assert_eq!(told(&end), r#"succeeded: [{"kind":"float64","n":2}]"#);
}
