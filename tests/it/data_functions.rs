//! The page of SQL functions: every example has its value, and every replacement runs.

use serde_json::{Value, json};
use stepwell_tests::root;

use crate::support::{Running, Site, told};

const TABLE: &str = "id,g,v,d,s,f\n1,x,1,1.50,a,2026-01-01\n2,x,3,2.25,b,2026-01-02\n3,y,,,b,2026-01-03\n4,y,4,0.25,,2026-01-05\n";

/// The rows of the tables with these columns.
fn rows(columns: &[&str]) -> Vec<Vec<String>> {
    let page = std::fs::read_to_string(root().join("docs/data-functions.md")).unwrap();
    let mut found = Vec::new();
    let mut wanted = false;
    for line in page.lines() {
        let Some(line) = line.strip_prefix('|').and_then(|line| line.strip_suffix('|')) else {
            wanted = false;
            continue;
        };
        let cells: Vec<String> =
            line.replace("\\|", "\u{0}").split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect();
        if cells == columns {
            wanted = true;
        } else if wanted && !cells[0].starts_with("---") {
            found.push(cells);
        }
    }
    assert!(!found.is_empty());
    found
}

fn code(cell: &str) -> &str {
    cell.strip_prefix('`').and_then(|cell| cell.strip_suffix('`')).unwrap_or(cell)
}

fn is_query(example: &str) -> bool {
    ["SELECT ", "WITH ", "FROM "].iter().any(|word| example.starts_with(word))
}

/// Whether an expression has columns of the table.
fn has_columns(example: &str) -> bool {
    let bare: String = example.split('\'').step_by(2).collect();
    bare.split(|c: char| !c.is_alphanumeric() && c != '_')
        .any(|word| ["id", "g", "v", "d", "s", "f"].contains(&word))
        || bare.contains("count(*)")
}

/// A value as the page shows it.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The rows of a query as the page shows them.
fn table(rows: &Value) -> String {
    let rows: Vec<Vec<Value>> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row.as_object().unwrap().values().cloned().collect())
        .collect();
    let short =
        |row: &Vec<Value>| if let [one] = row.as_slice() { one.clone() } else { Value::from(row.clone()) };
    match rows.as_slice() {
        [row] if row.len() == 1 => shown(&row[0]),
        rows => Value::from(rows.iter().map(short).collect::<Vec<_>>()).to_string(),
    }
}

async fn site() -> Running {
    let grants = "profile: large\nfiles: [{mount: /in, source: in, access: read}]\n";
    Site::new().file("in/t.csv", TABLE).policy("data_processing", grants).host().await
}

async fn run(site: &Running, query: &str) -> String {
    let step = json!({"type": "data_processing", "inputs": {"t": "/in/t.csv"}, "query": query});
    told(&site.step(step).await)
}

/// Returns the rows of a query, or its error.
async fn rows_of(site: &Running, query: &str) -> Result<Value, String> {
    let told = run(site, query).await;
    match told.strip_prefix("succeeded: ") {
        Some(rows) => Ok(serde_json::from_str(rows).unwrap()),
        None => Err(told),
    }
}

/// Evaluates many expressions in one query, and one by one if one of them fails.
async fn values(site: &Running, expressions: &[&str], from: &str) -> Vec<String> {
    let list: Vec<String> =
        expressions.iter().enumerate().map(|(i, expression)| format!("{expression} AS c{i}")).collect();
    if let Ok(rows) = rows_of(site, &format!("SELECT {} {from}", list.join(", "))).await {
        return rows[0].as_object().unwrap().values().map(shown).collect();
    }
    let mut found = Vec::new();
    for expression in expressions {
        let rows = rows_of(site, &format!("SELECT {expression} AS c {from}")).await;
        found.push(rows.map_or_else(|told| told, |rows| shown(&rows[0]["c"])));
    }
    found
}

#[tokio::test]
async fn every_example_of_the_page_of_functions_has_its_value() {
    let site = site().await;
    let examples = rows(&["Function", "Example", "Value"]);
    let mut wrong = Vec::new();
    let mut check = |name: &str, example: &str, value: &str, found: &str| {
        if value != found {
            wrong.push(format!("{name}: `{example}` is {found}, not {value}"));
        }
    };
    type Rows<'a> = Vec<&'a Vec<String>>;
    let (queries, expressions): (Rows, Rows) = examples.iter().partition(|row| is_query(code(&row[1])));
    let (over, alone): (Rows, Rows) = expressions.into_iter().partition(|row| has_columns(code(&row[1])));
    for (group, from) in [(over, "FROM t"), (alone, "")] {
        let list: Vec<&str> = group.iter().map(|row| code(&row[1])).collect();
        for (row, found) in group.iter().zip(values(&site, &list, from).await) {
            check(&row[0], code(&row[1]), code(&row[2]), &found);
        }
    }
    for row in queries {
        let found = rows_of(&site, code(&row[1])).await.map_or_else(|told| told, |rows| table(&rows));
        check(&row[0], code(&row[1]), code(&row[2]), &found);
    }
    assert!(examples.len() > 300);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_function_that_is_not_there_names_its_replacement_and_the_replacement_runs() {
    let site = site().await;
    let mut wrong = Vec::new();
    for row in rows(&["Not there", "Write"]) {
        for name in row[0].split(", ") {
            let told = run(&site, &format!("SELECT {name}(1) AS n FROM t")).await;
            if !told.contains(&format!("there is no function `{name}`: write ")) {
                wrong.push(format!("{name}: {told}"));
            }
        }
        let example = code(&row[1]);
        let query = if is_query(example) { example.to_owned() } else { format!("SELECT {example} AS n") };
        if let Err(told) = rows_of(&site, &query).await {
            wrong.push(format!("{example}: {told}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn what_the_engine_would_not_run_or_get_wrong_is_refused_with_what_to_write() {
    let site = site().await;
    let mut wrong = Vec::new();
    for (query, part) in [
        ("SELECT 2 ^ 3 AS n", "`power(a, b)`"),
        ("SELECT g FROM t TABLESAMPLE BERNOULLI (10)", "random() < 0.1"),
        ("SELECT g FROM t USING SAMPLE 10%", "random() < 0.1"),
        ("SELECT * FROM t PIVOT (sum(v) FOR g IN ('x', 'y'))", "FILTER (WHERE"),
        ("PIVOT t ON g USING sum(v)", "FILTER (WHERE"),
        ("SELECT * FROM t UNPIVOT (x FOR k IN (id, v))", "UNION ALL"),
        ("SELECT * RENAME (v AS w) FROM t", "EXCLUDE"),
        ("SUMMARIZE t", "count(*), min(x)"),
        (
            "SELECT a.id, u.x FROM (SELECT 1 AS id, [1] AS l) AS a CROSS JOIN unnest(a.l) AS u(x)",
            "unnest(l) AS x",
        ),
        ("SELECT t.id, x.y FROM t, LATERAL (SELECT t.v * 2 AS y) AS x", "a join"),
        ("SELECT g FROM t ORDER BY g FETCH FIRST 2 ROWS WITH TIES", "rank()"),
        ("SELECT CAST('1' AS HUGEINT) AS n", "DECIMAL(38, 0)"),
        ("SELECT 1 / 0 AS n", "NULLIF"),
        ("SELECT last_day(f, 1) AS n FROM t", "`last_day` takes 1 argument, not 2"),
        ("SELECT date_diff('moon', f, f) AS n FROM t", "`moon` is no part of a date"),
        ("SELECT strptime('x', '%Y') AS n", "try_strptime"),
        ("SELECT to_char(f, 'YYYY-XX') AS n FROM t", "`XX`"),
        ("SELECT json_extract(s, '$.a') AS n FROM t", "json_valid"),
        ("SELECT json_extract('{}', '$..a') AS n", "'$.key'"),
        ("SELECT regexp_extract_all('a', '(') AS n", "no regular expression"),
        ("SELECT decode('?', 'base64') AS n", "is no base64"),
        ("SELECT to_char(1.5, '9.9') AS n", "typeof"),
        ("SELECT upper(1, 2) AS n", "upper"),
        ("SELECT year('x') AS n", ""),
        ("SELECT v + s AS n FROM t", ""),
        ("SELECT g, v FROM t GROUP BY g", "v"),
        ("SELECT sum(g) AS n FROM t", "sum"),
        ("SELECT CAST(g AS BIGINT) AS n FROM t", "int64"),
    ] {
        let told = run(&site, query).await;
        let innards = [
            "datafusion",
            "DataFusion",
            "Utf8",
            "Int64",
            "Arrow",
            "Exact(",
            "sqltorel",
            "{ ",
            "rror during planning",
            "nternal error",
        ];
        if told.starts_with("succeeded")
            || !told.contains(part)
            || innards.iter().any(|word| told.contains(word))
        {
            wrong.push(format!("{query}\n    {told}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
