//! Fuzzes the gate with Transact-SQL texts composed of pieces with known effects. The gate must find the
//! effect of each text, whatever surrounds the pieces, and must ignore the contents of strings, names and
//! comments.
//!
//! `STEPWELL_SQL_FUZZ` sets the number of texts. `STEPWELL_SQL_SEED` repeats a run.

use super::transact_sql::{Verdict, verdict};

/// The effect of a piece that occurs as code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    None,
    /// Begins a statement that changes rows.
    Change,
    Ddl,
    Refused,
    /// Ends a statement.
    End,
}

/// Texts that end one part of a statement and begin another.
const ACTIVE: &[(&str, Effect)] = &[
    ("DELETE FROM t", Effect::Change),
    ("delete t", Effect::Change),
    ("INSERT INTO t VALUES (1)", Effect::Change),
    ("EXEC dbo.p", Effect::Change),
    ("EXECUTE p @a = 1", Effect::Change),
    ("DECLARE @a int", Effect::Change),
    ("DROP TABLE t", Effect::Ddl),
    ("CREATE TABLE u (a int)", Effect::Ddl),
    ("ALTER TABLE t ADD b int", Effect::Ddl),
    ("TRUNCATE TABLE t", Effect::Ddl),
    ("EXEC sp_executesql N'x'", Effect::Refused),
    ("EXEC ('x')", Effect::Refused),
    ("EXEC @p", Effect::Refused),
    ("EXECUTE AS USER = 'dbo'", Effect::Refused),
    ("EXEC master..xp_cmdshell 'dir'", Effect::Refused),
    ("EXEC [xp_cmdshell] 'dir'", Effect::Refused),
    ("SHUTDOWN", Effect::Refused),
    ("USE master", Effect::Refused),
    ("WAITFOR DELAY '1:00'", Effect::Refused),
    ("KILL 5", Effect::Refused),
    ("REVERT", Effect::Refused),
    ("COMMIT", Effect::Refused),
    ("GRANT ALL TO x", Effect::Refused),
    ("DBCC FREEPROCCACHE", Effect::Refused),
    ("RECONFIGURE", Effect::Refused),
    ("BACKUP DATABASE x TO DISK = 'x'", Effect::Refused),
    ("SELECT * FROM OPENROWSET('a', 'b', 'c')", Effect::Refused),
    ("SELECT * FROM linked.db.dbo.t", Effect::Refused),
    ("; SELECT 2", Effect::End),
];

/// Texts without effect within a string, a name or a comment, if the gate reads these as the server does.
const HELD: &[&str] = &[
    "DELETE FROM t",
    "DROP TABLE t",
    "EXEC sp_executesql",
    "SHUTDOWN",
    "xp_cmdshell",
    "; SELECT 2",
    "--",
    "- -",
    "\\",
    "\\\\",
    "$5",
    "0x1",
    "1e5",
    "@p",
    ":p",
    "?",
    "#",
    "`",
    "ä",
    " ",
    "a",
    "GO",
    "BEGIN",
    "COMMIT",
    "'",
    "\"",
    "[",
    "]",
    "/*",
    "*/",
    "\n",
    "''",
    "\"\"",
    "]]",
    "N",
    "{",
    "}",
    "%",
];

/// Lexical errors, and texts that servers and clients may read differently. The gate refuses them wherever
/// they occur as code.
const ODD: &[&str] = &[
    "1DELETE FROM t",
    "1.5DELETE FROM t",
    ".5DELETE FROM t",
    "1eDELETE FROM t",
    "0x1DELETE FROM t",
    "$5DELETE FROM t",
    "\u{a0}",
    "\u{3000}",
    "\u{200b}",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\0",
    "\u{b}",
    "\u{c}",
    "\u{1}",
];

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    fn held(&mut self) -> String {
        (0..self.below(5)).map(|_| self.one(HELD)).collect()
    }

    /// Returns a string, a name or a number with any contents, which is one value to the server.
    fn value(&mut self) -> String {
        let text = self.held();
        match self.below(7) {
            0 | 1 => format!("'{}'", text.replace('\'', "''")),
            2 => format!("N'{}'", text.replace('\'', "''")),
            3 => format!("[a{}]", text.replace(']', "]]").replace('\n', " ")),
            4 => format!("\"a{}\"", text.replace('"', "\"\"").replace('\n', " ")),
            5 => self.one(&["1", "1.5", "-2", "0xff", "NULL", "(1 + 2)", "@@VERSION"]).to_owned(),
            _ => self.one(&["t.a", "[t] . [b]", "len('x')", "a", "count(*)"]).to_owned(),
        }
    }

    /// Returns a separator without effect.
    fn gap(&mut self) -> String {
        // Comments of Transact-SQL nest.
        let comment = |text: String| {
            let text = text.replace("/*", "/ *").replace("*/", "* /").replace('\\', "");
            format!("/*{}*/", text.replace("/*", "").replace("*/", ""))
        };
        match self.below(8) {
            0 => comment(format!(" {} ", self.held())),
            1 => format!(" /* {} {} */ ", comment(" ' ".to_owned()), comment(" \" [ ".to_owned())),
            // The gate refuses a backslash outside strings.
            2 => format!(" -- {}\n", self.held().replace(['\n', '\\'], " ")),
            3 => "\n".to_owned(),
            4 => "\t".to_owned(),
            5 => "\r\n".to_owned(),
            _ => " ".to_owned(),
        }
    }

    /// Returns a text and the verdict that it requires.
    fn text(&mut self) -> (String, Verdict) {
        let mut text = "SELECT".to_owned();
        let (mut changes, mut ddl, mut refused, mut ends) = (0, false, false, false);
        for index in 0..=self.below(3) {
            text.push_str(if index > 0 { "," } else { "" });
            text += &(self.gap() + " " + &self.value());
        }
        if self.below(2) == 0 {
            text += &(self.gap() + " FROM" + &self.gap() + " t");
        }
        for _ in 0..self.below(3) {
            let (piece, effect) = match self.below(12) {
                0 => (self.one(ODD), Effect::Refused),
                1 | 2 => ("", Effect::None),
                _ => self.one(ACTIVE),
            };
            match effect {
                Effect::None => {}
                Effect::Change => changes += 1,
                Effect::Ddl => ddl = true,
                Effect::Refused => refused = true,
                Effect::End => ends = true,
            }
            text += &(self.gap() + " " + piece);
        }
        let verdict = match () {
            () if refused => Verdict::Refused,
            () if ddl => Verdict::Ddl,
            () if ends || changes > 1 => Verdict::Script,
            () if changes == 1 => Verdict::Write,
            () => Verdict::Read,
        };
        (text + &self.gap(), verdict)
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap())
}

#[test]
fn each_composed_text_needs_what_its_pieces_do() {
    let texts = number("STEPWELL_SQL_FUZZ").unwrap_or(20_000);
    let clock = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    let seed = number("STEPWELL_SQL_SEED").unwrap_or_else(|| u64::try_from(clock % (1 << 60)).unwrap());
    println!("STEPWELL_SQL_SEED={seed}");
    let mut random = Random(seed);
    let mut wrong = Vec::new();
    let mut seen = std::collections::BTreeMap::<String, u64>::new();
    for _ in 0..texts {
        let (text, wanted) = random.text();
        let found = verdict(&text);
        *seen.entry(format!("{wanted:?}")).or_default() += 1;
        if found != wanted {
            wrong.push(format!("{text:?}: {found:?}, and not {wanted:?}"));
        }
    }
    println!("{texts} texts: {seen:?}");
    wrong.sort_by_key(String::len);
    wrong.truncate(20);
    assert!(wrong.is_empty(), "STEPWELL_SQL_SEED={seed}: {wrong:#?}");
    assert_eq!(seen.len(), 5, "each verdict comes up");
}
