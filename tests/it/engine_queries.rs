//! Random tables and queries for the comparison of the engines.

use std::fmt::Write;

use fastrand::Rng;

/// Returns the tables `t` and `u` as CSV.
pub fn tables() -> (String, String) {
    let mut rng = Rng::with_seed(7);
    let mut t = "id,k,n,f,d,e,b,day,at,moment\n".to_owned();
    for id in 0..200 {
        let mut cells = vec![id.to_string()];
        let keys = ["a", "A", "b", "ä", "Z", "", "a b", "\u{1F600}", "_x", "10%"];
        cells.push(format!("\"{}\"", keys[rng.usize(..keys.len())]));
        cells.push(rng.i64(-5..6).to_string());
        cells.push(["0.5", "-1.25", "3.0", "1e10", "0.1", "100.0"][rng.usize(..6)].to_owned());
        cells.push(format!("{}.{:02}", rng.i64(-99..100), rng.u8(..100)));
        cells.push(rng.i64(-999..1000).to_string());
        cells.push(rng.bool().to_string());
        let day = format!("{}-{:02}-{:02}", rng.u16(1969..2026), rng.u8(1..13), rng.u8(1..29));
        let time = format!(
            "{:02}:{:02}:{:02}.{:06}",
            rng.u8(..24),
            rng.u8(..60),
            rng.u8(..60),
            rng.u32(..1_000_000)
        );
        cells.push(day.clone());
        cells.push(format!("{day}T{time}"));
        cells.push(format!("{day}T{time}Z"));
        for cell in cells.iter_mut().skip(1).filter(|_| rng.u8(..8) == 0) {
            cell.clear();
        }
        writeln!(t, "{}", cells.join(",")).unwrap();
    }
    let mut u = "k,n,w\n".to_owned();
    for (k, n) in [("a", 1), ("a", 2), ("b", -1), ("ä", 0), ("x", 5), ("A", 3)] {
        writeln!(u, "{k},{n},{}.{:03}", rng.i64(-9..10), rng.u16(..1000)).unwrap();
    }
    u.push_str(",4,1.5\nb,,2.25\n");
    (t, u)
}

/// A type of a value.
#[derive(Clone, Copy)]
enum Of {
    Whole,
    Decimal,
    Float,
    Text,
    Truth,
    Day,
    Time,
}

/// Queries over `t` and `u`.
pub struct Queries {
    rng: Rng,
}

impl Iterator for Queries {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        Some(match self.rng.u8(..7) {
            0 | 1 => self.plain(),
            2 | 3 => self.grouped(),
            4 => self.joined(),
            5 => self.sorted(),
            _ => self.combined(),
        })
    }
}

impl Queries {
    pub fn new(seed: u64) -> Self {
        Self { rng: Rng::with_seed(seed) }
    }

    fn one(&mut self, choices: &[&str]) -> String {
        choices[self.rng.usize(..choices.len())].to_owned()
    }

    fn any(&mut self) -> Of {
        [Of::Whole, Of::Decimal, Of::Float, Of::Text, Of::Truth, Of::Day, Of::Time][self.rng.usize(..7)]
    }

    fn key(&mut self) -> String {
        match self.rng.u8(..4) {
            0 => self.of(Of::Whole, 1),
            1 => self.of(Of::Text, 1),
            2 => self.of(Of::Day, 1),
            _ => self.one(&["k", "n", "b", "d", "f", "day", "i", "s", "moment", "at"]),
        }
    }

    fn plain(&mut self) -> String {
        let kinds = [self.any(), self.any(), self.any()];
        let [a, b, c] = kinds.map(|kind| self.of(kind, 3));
        let condition = self.of(Of::Truth, 3);
        format!("SELECT id, {a} AS a, {b} AS b, {c} AS c FROM t WHERE {condition} ORDER BY id")
    }

    fn grouped(&mut self) -> String {
        let (one, two) = (self.key(), self.key());
        let kind = self.any();
        let most = match kind {
            // The smallest of calculated floats stays local.
            Of::Float => self.one(&["f", "r"]),
            Of::Truth => "k".to_owned(),
            kind => self.of(kind, 2),
        };
        let condition = self.of(Of::Truth, 2);
        let (whole, decimal, float) = (self.of(Of::Whole, 2), self.of(Of::Decimal, 1), self.of(Of::Float, 1));
        let filter = self.of(Of::Truth, 1);
        format!(
            "SELECT {one} AS a, {two} AS b, count(*) AS c, count({most}) AS d, min({most}) AS e, max({most}) AS f, \
             sum({whole}) AS g, sum({decimal}) AS h, avg({decimal}) AS i, count(DISTINCT {most}) AS j, \
             sum({whole}) FILTER (WHERE {filter}) AS k, bool_and({filter}) AS l, avg({whole}) AS y, sum({float}) AS z \
             FROM t WHERE {condition} GROUP BY 1, 2"
        )
    }

    fn joined(&mut self) -> String {
        let kind = self.one(&["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"]);
        let on = self.one(&["t.k = u.k", "t.n = u.n", "t.k = u.k AND t.n > u.n", "t.i = u.n AND t.d > u.w"]);
        let compared = self.one(&["t.d > u.w", "u.w IS NULL", "t.id < 50", "u.k IS DISTINCT FROM t.k"]);
        format!(
            "SELECT t.id AS a, u.k AS b, u.w + t.d AS c, coalesce(u.n, t.n) AS d FROM t {kind} u ON {on} WHERE {compared}"
        )
    }

    fn sorted(&mut self) -> String {
        let key = self.key();
        let order = self.one(&["", "DESC", "NULLS FIRST", "DESC NULLS LAST", "DESC NULLS FIRST"]);
        let (limit, skip) = (self.rng.u8(1..40), self.rng.u8(..20));
        format!("SELECT id, {key} AS a FROM t ORDER BY {key} {order}, id LIMIT {limit} OFFSET {skip}")
    }

    fn combined(&mut self) -> String {
        let (one, other) = (self.of(Of::Decimal, 2), self.of(Of::Decimal, 1));
        let (text, condition) = (self.of(Of::Text, 2), self.of(Of::Truth, 2));
        match self.rng.u8(..3) {
            0 => format!("SELECT DISTINCT {text} AS a, n AS b FROM t WHERE {condition}"),
            1 => format!("SELECT id AS a, d AS b FROM t WHERE {condition} UNION ALL SELECT n, w FROM u"),
            _ => format!(
                "WITH x AS (SELECT k, sum({one}) AS v FROM t GROUP BY k) SELECT x.k AS a, x.v + {} AS b FROM x JOIN u ON x.k = u.k",
                if other.contains("t.") || other.len() > 8 { "u.w".to_owned() } else { "1.5".to_owned() }
            ),
        }
    }

    /// Returns an expression of a type, of at most `depth` levels.
    fn of(&mut self, kind: Of, depth: u8) -> String {
        let less = depth.saturating_sub(1);
        if depth == 0 || self.rng.u8(..4) == 0 {
            return self.leaf(kind);
        }
        if self.rng.u8(..8) == 0 && !matches!(kind, Of::Truth) {
            let (when, then, other) = (self.of(Of::Truth, less), self.of(kind, less), self.of(kind, less));
            return match self.rng.u8(..3) {
                0 => format!("coalesce({then}, {other})"),
                1 => format!("CASE WHEN {when} THEN {then} END"),
                _ => format!("CASE WHEN {when} THEN {then} ELSE {other} END"),
            };
        }
        match kind {
            Of::Whole => self.whole(less),
            Of::Decimal => self.decimal(less),
            Of::Float => self.float(less),
            Of::Text => match self.rng.u8(..3) {
                0 => format!("({} || {})", self.of(kind, less), self.of(kind, less)),
                1 => format!("CAST({} AS TEXT)", self.of(Of::Whole, less)),
                _ => format!("nullif({}, '')", self.of(kind, less)),
            },
            Of::Truth => self.truth(less),
            Of::Day => match self.rng.u8(..2) {
                0 => format!("CAST({} AS DATE)", self.of(Of::Time, less)),
                _ => format!("CAST(date_trunc('month', {}) AS DATE)", self.of(Of::Time, less)),
            },
            Of::Time => match self.rng.u8(..2) {
                0 => format!("CAST({} AS TIMESTAMP)", self.of(Of::Day, less)),
                _ => {
                    let part = self.one(&["year", "quarter", "month", "week", "day", "hour", "minute"]);
                    format!("date_trunc('{part}', {})", self.of(Of::Time, less))
                }
            },
        }
    }

    fn leaf(&mut self, kind: Of) -> String {
        self.one(match kind {
            Of::Whole => &["n", "i", "s", "id", "3", "-7", "0", "2147483648"],
            Of::Decimal => &["d", "e", "CAST(1.25 AS DECIMAL(4,2))", "CAST(n AS DECIMAL(8,1))"],
            Of::Float => &["f", "r", "1.5", "0.0", "CAST(n AS DOUBLE)"],
            Of::Text => &["k", "'a'", "''", "'it''s \\ ä'", "'%'"],
            Of::Truth => &["b", "n > 0", "k = 'a'", "d IS NULL", "TRUE"],
            Of::Day => &["day", "DATE '2024-02-29'", "DATE '1970-01-01'"],
            Of::Time => &["at", "TIMESTAMP '2024-02-29 12:34:56.789'"],
        })
    }

    fn whole(&mut self, less: u8) -> String {
        let kind = Of::Whole;
        match self.rng.u8(..10) {
            0 => format!("({} + {})", self.of(kind, less), self.of(kind, less)),
            1 => format!("({} - {})", self.of(kind, less), self.of(kind, less)),
            2 => format!("({} * {})", self.of(kind, less), self.of(kind, less)),
            3 => format!("({} / nullif({}, 0))", self.of(kind, less), self.of(kind, less)),
            4 => format!("({} % nullif({}, 0))", self.of(kind, less), self.of(kind, less)),
            5 => format!("abs({})", self.of(kind, less)),
            6 => format!("length({})", self.of(Of::Text, less)),
            7 => format!("CAST({} AS BIGINT)", self.of(Of::Decimal, less)),
            8 => format!("CAST({} AS BIGINT)", self.of(Of::Float, less)),
            _ => {
                let part = self.one(&["year", "quarter", "month", "day", "doy", "hour", "minute"]);
                format!("date_part('{part}', {})", self.of(Of::Time, less))
            }
        }
    }

    fn decimal(&mut self, less: u8) -> String {
        let kind = Of::Decimal;
        match self.rng.u8(..6) {
            0 => format!("({} + {})", self.of(kind, less), self.of(kind, less)),
            1 => format!("({} - {})", self.of(kind, less), self.of(kind, less)),
            2 => format!("({} * {})", self.of(kind, less), self.of(kind, less)),
            3 => format!("abs({})", self.of(kind, less)),
            4 => format!("CAST({} AS DECIMAL(20,1))", self.of(kind, less)),
            _ => format!("(- {})", self.of(kind, less)),
        }
    }

    fn float(&mut self, less: u8) -> String {
        let kind = Of::Float;
        match self.rng.u8(..5) {
            0 => format!("({} + {})", self.of(kind, less), self.of(kind, less)),
            1 => format!("({} - {})", self.of(kind, less), self.of(kind, less)),
            2 => format!("({} * {})", self.of(kind, less), self.of(kind, less)),
            3 => format!("({} / nullif({}, 0.0))", self.of(kind, less), self.one(&["f", "r", "2.0"])),
            _ => format!("CAST({} AS DOUBLE)", self.of(Of::Whole, less)),
        }
    }

    fn truth(&mut self, less: u8) -> String {
        let kind = [Of::Whole, Of::Decimal, Of::Text, Of::Day, Of::Time][self.rng.usize(..5)];
        let sign = self.one(&["=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"]);
        match self.rng.u8(..9) {
            0 => format!("({} AND {})", self.of(Of::Truth, less), self.of(Of::Truth, less)),
            1 => format!("({} OR {})", self.of(Of::Truth, less), self.of(Of::Truth, less)),
            2 => format!("(NOT {})", self.of(Of::Truth, less)),
            3 => format!("({} IS NOT NULL)", self.of(kind, less)),
            4 => format!("({} IN ({}, {}))", self.of(kind, less), self.leaf(kind), self.leaf(kind)),
            5 => format!("({} BETWEEN {} AND {})", self.of(kind, less), self.leaf(kind), self.leaf(kind)),
            6 => {
                let pattern = self.one(&["'a%'", "'%a%'", "'_'", "'10\\%'", "'%ä'"]);
                format!("({} LIKE {pattern})", self.of(Of::Text, less))
            }
            7 => format!("(f {} 0.5)", self.one(&["<", ">", "=", "<>"])),
            _ => format!("({} {sign} {})", self.of(kind, less), self.of(kind, less)),
        }
    }
}
