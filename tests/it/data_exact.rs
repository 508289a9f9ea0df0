//! Arithmetic of `data_processing`: the exact result, or an error. The values are those of DuckDB and
//! PostgreSQL, but for the scale of quotients.

use serde_json::json;
use stepwell_tests::oracle::Oracle;

use crate::support::{Site, told};

const TABLE: &str = "id,amt,qty,f,big,ts,tz
1,10.00,3,1.5,9223372036854775807,2026-03-29 02:30:00,2026-03-01T10:00:00Z
2,20.05,4,2.25,1,2026-10-25 02:30:00,2026-03-02T10:00:00Z
3,0.01,7,1e-19,5,2026-06-01 12:00:00,2026-07-01T22:30:00Z
";

/// Each query, and its rows as JSON or a part of its error.
const CASES: &[(&str, &str)] = &[
    // Whole numbers
    (
        "big + 1 FROM t",
        "`9223372036854775807 + 1` overflows: cast a value to `DECIMAL(38, 0)` or DOUBLE before",
    ),
    ("big * 2 FROM t", "`9223372036854775807 * 2` overflows"),
    ("0 - big - 2 FROM t", "`-9223372036854775807 - 2` overflows"),
    ("-(-9223372036854775808)", "overflows"),
    ("CAST(big AS DECIMAL(38, 0)) + 1 FROM t WHERE id = 1", r#"[["9223372036854775808"]]"#),
    ("1 << 62, -1 >> 70, 5 >> 1", "[[4611686018427387904,-1,2]]"),
    ("1 << 63", "a shift takes 0 to 63 bits and loses none"),
    ("1 << 64", "a shift takes 0 to 63 bits and loses none"),
    ("1 << (0 - 1)", "a shift takes 0 to 63 bits and loses none"),
    ("abs(0 - 9223372036854775807 - 1)", "`abs` of the smallest integer does not fit"),
    // Sums and averages
    (
        "sum(big) FROM t",
        "the sum does not fit a whole number of 64 bits: cast the values to DECIMAL(38, 0) before",
    ),
    ("sum(big) FROM (SELECT big FROM t UNION ALL SELECT -6)", "[[9223372036854775807]]"),
    (
        "sum(DISTINCT qty), sum(DISTINCT id % 2), sum(qty) FILTER (WHERE id > 1), sum(qty) FROM t WHERE qty > 2",
        "[[14,1,11,14]]",
    ),
    ("sum(qty) FROM t WHERE id > 9", "[[null]]"),
    ("id % 2 AS odd, sum(qty - id) FROM t GROUP BY odd ORDER BY odd", "[[0,2],[1,6]]"),
    (
        "id, sum(qty) OVER (ORDER BY id ROWS 1 PRECEDING), avg(amt) OVER (ORDER BY id ROWS 1 PRECEDING) FROM t ORDER BY id",
        r#"[[1,3,"10.000000"],[2,7,"15.025000"],[3,11,"10.030000"]]"#,
    ),
    (
        "sum(amt), avg(amt), median(amt), sum(DISTINCT amt) FROM t WHERE id < 3",
        r#"[["30.05","15.025000","15.025","30.05"]]"#,
    ),
    (
        "avg(x) FROM (SELECT CAST('0.01' AS DECIMAL(5, 2)) AS x UNION ALL SELECT 0.02 UNION ALL SELECT 0.02)",
        r#"[["0.016667"]]"#,
    ),
    (
        "sum(x) FROM (SELECT CAST('99999999999999999999999999999999999999' AS DECIMAL(38, 0)) AS x UNION ALL SELECT 1)",
        "the sum does not fit a decimal of 38 digits",
    ),
    // Decimals
    (
        "CAST('99999999999999999999999999999999999999' AS DECIMAL(38, 0)) + 1",
        "the result has more than 38 digits",
    ),
    (
        "amt * 1.1, amt * (1 + 0.19), amt - 0.001, amt % 0.3 FROM t WHERE id = 2",
        r#"[["22.055","23.8595","20.049","0.25"]]"#,
    ),
    ("amt / 3, amt / 0.3, -amt / 3 FROM t WHERE id = 2", r#"[["6.683333","66.833333","-6.683333"]]"#),
    ("CAST(2 AS DECIMAL(5, 2)) / 3", r#"[["0.666667"]]"#),
    ("amt / 0 FROM t", "a division by zero: write `a / NULLIF(b, 0)`"),
    ("round(amt * 1.005, 2) FROM t ORDER BY id", r#"[["10.05"],["20.15"],["0.01"]]"#),
    (
        "coalesce(amt, 0.0), CASE WHEN id = 1 THEN 0.5 ELSE amt END FROM t WHERE id < 3 ORDER BY id",
        r#"[["10.00","0.50"],["20.05","20.05"]]"#,
    ),
    ("greatest(amt, 5.5), nullif(amt, 10.0) FROM t WHERE id = 1", r#"[["10.00",null]]"#),
    ("amt FROM t WHERE id = 1 UNION ALL SELECT 0.5", r#"[["10.00"],["0.50"]]"#),
    (
        "amt FROM t WHERE amt IN (10.0, 0.01) AND amt BETWEEN 0.005 AND 10.0 ORDER BY id",
        r#"[["10.00"],["0.01"]]"#,
    ),
    (
        "0.1234567890123456789, amt * 0.12345678901234567 AS y FROM t WHERE id = 1",
        r#"[["0.1234567890123456789","1.2345678901234567000"]]"#,
    ),
    ("CAST(amt AS INTEGER), amt::text FROM t", "have one name: name each of them with `AS`"),
    // Decimals beside floats
    ("f > 0.0, f BETWEEN 0 AND amt FROM t WHERE id = 3", "[[true,true]]"),
    ("least(f, amt), f * amt FROM t WHERE id = 1", "[[1.5,15.0]]"),
    ("f FROM t WHERE id = 3 UNION ALL SELECT amt FROM t WHERE id = 3", "[[1e-19],[0.01]]"),
    // Casts
    (
        "CAST(3.7 AS INTEGER), CAST(CAST('2.5' AS DECIMAL(5, 2)) AS BIGINT) AS b, CAST(1.005 AS DECIMAL(10, 2)) AS c",
        r#"[[4,3,"1.01"]]"#,
    ),
    ("CAST(f AS INTEGER), CAST(-f AS INTEGER) AS b FROM t WHERE id < 3 ORDER BY id", "[[2,-2],[2,-2]]"),
    ("TRY_CAST(1e10 AS INTEGER)", "[[null]]"),
    // Time zones: skipped times have the offset from before the change, doubled times are the later ones.
    (
        "ts AT TIME ZONE 'Europe/Berlin' FROM t ORDER BY id",
        r#"[["2026-03-29T01:30:00Z"],["2026-10-25T01:30:00Z"],["2026-06-01T10:00:00Z"]]"#,
    ),
    (
        "tz AT TIME ZONE 'America/New_York', hour(tz) FROM t ORDER BY id",
        r#"[["2026-03-01T05:00:00",10],["2026-03-02T05:00:00",10],["2026-07-01T18:30:00",22]]"#,
    ),
    ("ts AT TIME ZONE 'Mars' FROM t", "there is no time zone `Mars`: write one like `Europe/Berlin`"),
    ("'12:00' AT TIME ZONE 'UTC'", "`AT TIME ZONE` takes a timestamp"),
    ("TIMESTAMPTZ '2026-03-01 10:00:00+02:00'", r#"[["2026-03-01T08:00:00Z"]]"#),
    ("TIMESTAMP '2026-03-01 10:00:00+02:00'", r#"[["2026-03-01T10:00:00"]]"#),
    ("CAST('2026-03-01T23:30:00-05:00' AS DATE)", r#"[["2026-03-01"]]"#),
    ("TRY_CAST('2026-03-01xyzxyz' AS DATE)", "[[null]]"),
    // Names and places of operators
    (
        "qty + 1, sum(qty) + 1 FROM t GROUP BY qty + 1 HAVING sum(qty) + 1 > 4 ORDER BY qty + 1",
        "[[5,5],[8,8]]",
    ),
    ("list_transform([1, 2], x -> x * 2 + 1)", "[[[3,5]]]"),
    ("id FROM t ORDER BY -qty LIMIT 1 + 1", "[[3],[2]]"),
];

#[tokio::test]
async fn results_are_exact_or_an_error() {
    let grants = "profile: large\nfiles: [{mount: /in, source: in, access: read}]\n";
    let site = Site::new().file("in/t.csv", TABLE).policy("data_processing", grants).host().await;
    let mut wrong = Vec::new();
    for (query, expected) in CASES {
        let input = json!({"path": "/in/t.csv", "schema": {"f": "float64"}});
        let step =
            json!({"type": "data_processing", "inputs": {"t": input}, "query": format!("SELECT {query}")});
        let found = told(&site.step(step).await);
        let found = match found.strip_prefix("succeeded: ") {
            Some(rows) => {
                let rows: Vec<serde_json::Map<String, serde_json::Value>> =
                    serde_json::from_str(rows).unwrap();
                let rows =
                    rows.into_iter().map(|row| row.into_iter().map(|(_, value)| value).collect::<Vec<_>>());
                json!(rows.collect::<Vec<_>>()).to_string()
            }
            None => found,
        };
        let fits = if expected.starts_with('[') { found == *expected } else { found.contains(expected) };
        if !fits {
            wrong.push(format!("SELECT {query}\n  is       {found}\n  expected {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Parquet keeps the zone of its writer. Functions see the moment in UTC, as the result shows it.
#[tokio::test]
async fn moments_of_parquet_are_in_utc_for_functions_too() {
    let Some(oracle) = Oracle::find() else { return };
    let grants = "profile: large\nfiles: [{mount: /in, source: in, access: read}]\n";
    let site = Site::new().file("in/.here", "").policy("data_processing", grants).host().await;
    oracle.ask("zones.py", &[], &[&site.path().join("in")]);
    let query = "SELECT t, hour(t) AS h, date_trunc('day', t) AS d, CAST(t AS DATE) AS day FROM t";
    let step = json!({"type": "data_processing", "inputs": {"t": "/in/zones.parquet"}, "query": query});
    assert_eq!(
        told(&site.step(step).await),
        r#"succeeded: [{"t":"2026-02-28T23:30:00Z","h":23,"d":"2026-02-28T00:00:00Z","day":"2026-02-28"}]"#
    );
}
