//! The journal of a client: each call when it begins, and when it returns.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use stepwell::engine::lock::Mode;
use stepwell::engine::lock::history::{Call, What};

/// A call that a client sends.
#[derive(Debug, Clone, PartialEq)]
pub enum Sent {
    Acquire { name: String, ticket: String, mode: Mode, waits: bool, lease: Option<u64>, priority: u8 },
    Extend { name: String, token: u64, lease: u64 },
    Release { name: String, token: u64 },
}

impl Sent {
    pub fn name(&self) -> &str {
        match self {
            Self::Acquire { name, .. } | Self::Extend { name, .. } | Self::Release { name, .. } => name,
        }
    }

    /// Returns the call with its answer: the token of a grant, or 1 for a success.
    fn what(&self, answer: Option<u64>) -> What {
        match *self {
            Self::Acquire { mode, waits, lease, .. } => What::Acquire { mode, waits, lease, token: answer },
            Self::Extend { token, lease, .. } => What::Extend { token, lease, done: answer.is_some() },
            Self::Release { token, .. } => What::Release { token, done: answer.is_some() },
        }
    }

    /// Returns the name and the call, without an answer.
    pub fn unanswered(&self, begin: u64) -> (String, Call) {
        (self.name().to_owned(), Call { begin, end: None, what: self.what(None) })
    }

    fn words(&self) -> String {
        match self {
            Self::Acquire { name, ticket, mode, waits, lease, priority } => {
                format!("acquire {name} {ticket} {mode} {waits} {} {priority}", lease.unwrap_or_default())
            }
            Self::Extend { name, token, lease } => format!("extend {name} {token} {lease}"),
            Self::Release { name, token } => format!("release {name} {token}"),
        }
    }

    fn of(words: &[&str]) -> Option<Self> {
        let name = words.get(1)?.to_string();
        let number = |index: usize| words.get(index)?.parse::<u64>().ok();
        Some(match *words.first()? {
            "acquire" => Self::Acquire {
                name,
                ticket: words.get(2)?.to_string(),
                mode: words.get(3)?.parse().ok()?,
                waits: words.get(4)?.parse().ok()?,
                lease: number(5).filter(|lease| *lease > 0),
                priority: words.get(6)?.parse().ok()?,
            },
            "extend" => Self::Extend { name, token: number(2)?, lease: number(3)? },
            "release" => Self::Release { name, token: number(2)? },
            _ => return None,
        })
    }
}

/// The journal of a client, as it was left.
#[derive(Debug, Default)]
pub struct Read {
    pub calls: Vec<(String, Call)>,
    /// The last call, when it has no answer: its start, and the call.
    pub open: Option<(u64, Sent)>,
    /// The lock that the client holds as far as it knows: the name and the token.
    pub held: Option<(String, u64)>,
    /// The number of calls that were sent.
    pub sent: u64,
    /// The tickets that the store lost.
    pub lost: Vec<String>,
}

/// A journal that is written.
pub struct Journal(File);

impl Journal {
    pub fn open(path: &Path) -> Self {
        let file = OpenOptions::new().create(true).append(true).open(path);
        let mut journal = Self(file.unwrap_or_else(|error| panic!("{}: {error}", path.display())));
        // Ends a line that the predecessor did not finish, so that no reader takes it for a whole one.
        journal.line("!");
        journal
    }

    fn line(&mut self, line: &str) {
        // One write each, so that a process that is killed leaves whole lines.
        self.0.write_all(format!("{line}\n").as_bytes()).unwrap_or_else(|error| panic!("journal: {error}"));
    }

    pub fn begin(&mut self, at: u64, call: &Sent) {
        self.line(&format!("B {at} {}", call.words()));
    }

    pub fn end(&mut self, at: u64, answer: Option<u64>) {
        self.line(&format!("E {at} {}", answer.map_or("-".to_owned(), |answer| answer.to_string())));
    }

    /// Ends a call whose result stays unknown.
    pub fn give_up(&mut self) {
        self.line("U");
    }

    /// Notes that the store does not know a ticket any more.
    pub fn lost(&mut self, ticket: &str) {
        self.line(&format!("L {ticket}"));
    }

    pub fn checked(&mut self, name: &str, begin: u64, end: u64, token: u64, valid: bool) {
        self.line(&format!("C {name} {begin} {end} {token} {valid}"));
    }
}

/// Reads a journal.
pub fn read(path: &Path) -> Read {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let mut read = Read::default();
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |index: usize| words.get(index).and_then(|word| word.parse::<u64>().ok());
        match words.first() {
            Some(&"B") => {
                let (Some(at), Some(sent)) = (number(1), Sent::of(words.get(2..).unwrap_or_default())) else {
                    continue;
                };
                read.sent += 1;
                read.open = Some((at, sent));
            }
            Some(&"E") => {
                if number(2).is_none() && words.get(2) != Some(&"-") {
                    continue;
                }
                let (Some(at), Some((begin, sent))) = (number(1), read.open.take()) else { continue };
                let what = sent.what(number(2));
                match what {
                    What::Acquire { token, .. } => {
                        read.held = token.map(|token| (sent.name().to_owned(), token))
                    }
                    What::Release { .. } => read.held = None,
                    _ => {}
                }
                read.calls.push((sent.name().to_owned(), Call { begin, end: Some(at), what }));
            }
            Some(&"U") => {
                let call = read.open.take().map(|(begin, sent)| sent.unanswered(begin));
                read.calls.extend(call);
            }
            Some(&"L") => read.lost.extend(words.get(1).map(|ticket| (*ticket).to_owned())),
            Some(&"C") => {
                let (Some(name), Some(begin), Some(end), Some(token)) =
                    (words.get(1), number(2), number(3), number(4))
                else {
                    continue;
                };
                let what = What::Check { token, valid: words.get(5) == Some(&"true") };
                read.calls.push((name.to_string(), Call { begin, end: Some(end), what }));
            }
            _ => {}
        }
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_is_read_as_it_was_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.log");
        let acquire = |ticket: &str| Sent::Acquire {
            name: "n1".to_owned(),
            ticket: ticket.to_owned(),
            mode: Mode::Shared,
            waits: true,
            lease: Some(2_000_000),
            priority: 3,
        };
        let mut journal = Journal::open(&path);
        journal.begin(10, &acquire("t1"));
        journal.end(20, Some(7));
        journal.checked("n1", 21, 22, 7, true);
        journal.begin(30, &Sent::Release { name: "n1".to_owned(), token: 7 });
        journal.give_up();
        journal.lost("t0");
        journal.begin(40, &acquire("t2"));
        // The process is killed while it writes.
        journal.0.write_all(b"E 4").unwrap();
        let mut journal = Journal::open(&path);
        journal.begin(50, &acquire("t2"));
        let read = read(&path);
        assert_eq!((read.sent, read.open), (4, Some((50, acquire("t2")))));
        assert_eq!(read.lost, ["t0"]);
        assert_eq!(read.held, Some(("n1".to_owned(), 7)));
        let shown: Vec<String> = read.calls.iter().map(|(name, call)| format!("{name} {call:?}")).collect();
        assert_eq!(shown.len(), 3, "{shown:?}");
        assert!(
            shown[0].contains("begin: 10, end: Some(20)") && shown[0].contains("token: Some(7)"),
            "{shown:?}"
        );
        assert!(shown[1].contains("valid: true") && shown[2].contains("end: None"), "{shown:?}");
    }
}
