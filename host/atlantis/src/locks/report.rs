//! Damage, old keys and duplicates of a store, with offers to repair them. Nothing is changed.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use strum::{Display, EnumString, IntoStaticStr};

use super::stored::{Damaged, Listing, StoredLock};
use crate::bolt::{Contents, Fault};
use crate::format::KeyForm;

/// The most findings of a report.
const MAX_FINDINGS: usize = 1_000;

/// The state of a store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The number of locks that are readable.
    pub locks: usize,
    /// The findings, the most severe first.
    pub findings: Vec<Finding>,
    /// The number of findings that are left out.
    pub left_out: usize,
}

/// Something that an operator should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The weight.
    pub severity: Severity,
    /// The kind.
    pub kind: FindingKind,
    /// The key, or the page.
    pub place: String,
    /// A sentence for the operator, without the text of a value.
    pub message: String,
    /// The repair on offer.
    pub repair: Option<Repair>,
}

/// The weights of findings, the heaviest first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Display, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Severity {
    /// A lock may be missing or wrong.
    Damage,
    /// Atlantis does not behave as its users expect.
    Warning,
    /// Nothing to do.
    Note,
}

/// The kinds of findings.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Display, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum FindingKind {
    /// A page of the file is damaged.
    Page,
    /// A value is not readable, or is another lock than its key says.
    Value,
    /// Two keys hold the same lock.
    Duplicate,
    /// An old key that Atlantis never changes and never finds.
    OldKeyUnseen,
    /// An old key that Atlantis changes at its next start.
    OldKey,
    /// Closing the pull request of one repository also deletes this lock of another.
    Prefix,
    /// Space that is lost.
    Lost,
}

/// A repair. It is an offer: an operator decides about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "action")]
pub enum Repair {
    /// Store the value under its current key, and delete the old one.
    Rekey {
        /// The old key.
        from: String,
        /// The current key.
        to: String,
    },
    /// Release one of the locks, under its raw key.
    Release {
        /// The keys, of which one should remain.
        keys: Vec<String>,
    },
    /// Restore the file from a backup, and import its locks.
    Restore,
    /// Start Atlantis, which repairs it.
    StartAtlantis,
}

impl Report {
    /// The report of a listing, from either store.
    #[must_use]
    pub fn of(listing: &Listing) -> Self {
        let mut report = Self { locks: listing.locks.len(), ..Self::default() };
        listing.damaged.iter().for_each(|damaged| report.damaged(damaged));
        listing.locks.iter().for_each(|lock| report.old_key(lock));
        report.duplicates(&listing.locks);
        report.prefixes(&listing.locks);
        report.sorted()
    }

    /// The report of a BoltDB file: of its pages and its locks.
    #[must_use]
    pub fn of_file(contents: &Contents, listing: &Listing) -> Self {
        let mut report = Self::of(listing);
        for fault in &contents.faults {
            let (severity, kind, repair) = match fault {
                Fault::Lost { .. } => (Severity::Note, FindingKind::Lost, None),
                Fault::Meta { .. } => (Severity::Damage, FindingKind::Page, Some(Repair::StartAtlantis)),
                Fault::Page(_) => (Severity::Damage, FindingKind::Page, Some(Repair::Restore)),
            };
            report.add(Finding {
                severity,
                kind,
                place: "file".to_owned(),
                message: fault.to_string(),
                repair,
            });
        }
        report.sorted()
    }

    /// True when no lock is missing or wrong, and Atlantis behaves as its users expect.
    #[must_use]
    pub fn is_compatible(&self) -> bool {
        self.left_out == 0 && self.findings.iter().all(|finding| finding.severity == Severity::Note)
    }

    fn sorted(mut self) -> Self {
        self.findings.sort_by(|a, b| (a.severity, a.kind, &a.place).cmp(&(b.severity, b.kind, &b.place)));
        self
    }

    fn add(&mut self, finding: Finding) {
        if self.findings.len() < MAX_FINDINGS { self.findings.push(finding) } else { self.left_out += 1 }
    }

    fn damaged(&mut self, damaged: &Damaged) {
        self.add(Finding {
            severity: Severity::Damage,
            kind: FindingKind::Value,
            place: damaged.key.clone(),
            message: format!("the value is no lock of this key: {}", damaged.problem),
            repair: Some(Repair::Restore),
        });
    }

    fn old_key(&mut self, lock: &StoredLock) {
        let current = lock.lock.identity().key();
        let (severity, kind, message) = match lock.form {
            KeyForm::Old => (
                Severity::Note,
                FindingKind::OldKey,
                format!("an old key, which Atlantis changes to {current:?} at its next start"),
            ),
            KeyForm::OldUnseen => (
                Severity::Warning,
                FindingKind::OldKeyUnseen,
                format!(
                    "an old key, which Atlantis takes for a current one: it lists the lock as {current:?}, never \
                     finds it there, and grants it a second time"
                ),
            ),
            KeyForm::Current | KeyForm::Other => return,
        };
        let repair = Some(Repair::Rekey { from: lock.key.clone(), to: current });
        self.add(Finding { severity, kind, place: lock.key.clone(), message, repair });
    }

    fn duplicates(&mut self, locks: &[StoredLock]) {
        let mut by_lock: BTreeMap<String, Vec<&StoredLock>> = BTreeMap::new();
        for lock in locks {
            by_lock.entry(lock.lock.identity().key()).or_default().push(lock);
        }
        for (current, locks) in by_lock.into_iter().filter(|(_, locks)| locks.len() > 1) {
            let holders =
                locks.iter().map(|lock| Holder(lock).to_string()).collect::<Vec<_>>().join(", and ");
            self.add(Finding {
                severity: Severity::Warning,
                kind: FindingKind::Duplicate,
                place: current,
                message: format!("the lock is held twice: {holders}"),
                repair: Some(Repair::Release { keys: locks.iter().map(|lock| lock.key.clone()).collect() }),
            });
        }
    }

    /// Repositories of which one name begins the other, with locks of pull requests of the same number.
    fn prefixes(&mut self, locks: &[StoredLock]) {
        let mut by_pull: BTreeMap<(i64, &str), Vec<&StoredLock>> = BTreeMap::new();
        for lock in locks {
            by_pull.entry((lock.lock.pull.num, &lock.lock.project.repo_full_name)).or_default().push(lock);
        }
        // In this order, the names that begin a name come before it, each longer than the one before.
        let mut open: Vec<(i64, &str)> = Vec::new();
        for ((pull, repo), locks) in by_pull {
            while open.last().is_some_and(|(of, name)| *of != pull || !repo.starts_with(name)) {
                open.pop();
            }
            for (name, lock) in open.iter().flat_map(|(_, name)| locks.iter().map(move |lock| (name, lock))) {
                self.add(Finding {
                    severity: Severity::Note,
                    kind: FindingKind::Prefix,
                    place: lock.key.clone(),
                    message: format!(
                        "when pull request {pull} of {name} closes, Atlantis deletes this lock of {repo}"
                    ),
                    repair: None,
                });
            }
            open.push((pull, repo));
        }
    }
}

struct Holder<'l>(&'l StoredLock);

impl fmt::Display for Holder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "by pull request {} under the key {:?}", self.0.lock.pull.num, self.0.key)
    }
}
