//! `locks:` of a job, a group or a step: the locks that it holds from its start to its end.
//!
//! All locks of one place are taken at once, with one wait: all of them, or none.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{JobDefinition, Placed, StepDefinition, approval, plan};
use crate::document::{Diagnostics, Document};
use crate::lock::limits::{MAX_WAIT, NAMES_PER_TICKET};
use crate::lock::{Mode, Name};
use crate::quantity::Span;

/// A lock that a job, a group or a step holds while it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LockUse {
    /// The name of the lock in the project of the job, for instance `deploy-${{ vars.environment }}`.
    #[schemars(length(min = 1, max = 1_000))]
    pub name: String,
    /// `exclusive` for one holder, or `shared` for any number of holders beside which there is no exclusive one.
    /// Default: `exclusive`.
    #[serde(default = "exclusive")]
    pub mode: Mode,
    /// The name in expressions: `${{ locks.NAME.token }}`. Default: the name of the lock, where that consists of
    /// letters, digits and `_`; otherwise expressions do not see the lock.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[A-Za-z_][A-Za-z0-9_]{0,63}$"))]
    pub known_as: Option<String>,
    /// The priority among those who wait for the lock, from 0 to 9, where 9 is the most urgent. The locks of one place
    /// have one priority. Default: 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 9))]
    pub priority: Option<u8>,
    /// The longest wait for the lock: at most 7 days; 0 does not wait. The locks of one place have one wait.
    /// Default: 24h.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<Span>,
    /// The action when the wait ends without the lock. The locks of one place have one action. Default: `fail`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_timeout: Option<OnTimeout>,
}

/// The action when a wait ends without the lock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnTimeout {
    /// The step, the group or the run fails, with the class `lock_timeout`.
    #[default]
    Fail,
    /// The step or the group is skipped. A run is cancelled.
    Skip,
}

/// The default of `wait`.
const ONE_DAY: Duration = Duration::from_secs(24 * 3600);

/// The settings that the locks of one place share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockWait {
    /// The longest wait.
    pub wait: Duration,
    /// The priority.
    pub priority: u8,
    /// The action when the wait ends without the locks.
    pub on_timeout: OnTimeout,
}

impl LockWait {
    /// Returns the settings of the locks of one place.
    pub fn of(locks: &[LockUse]) -> Self {
        Self {
            wait: locks.iter().find_map(|lock| lock.wait).map_or(ONE_DAY, |wait| wait.0),
            priority: locks.iter().find_map(|lock| lock.priority).unwrap_or(0),
            on_timeout: locks.iter().find_map(|lock| lock.on_timeout).unwrap_or_default(),
        }
    }
}

impl LockUse {
    /// Returns the name in expressions, if the lock has one.
    pub fn key(&self) -> Option<&str> {
        let word = |c: char| c == '_' || c.is_ascii_alphanumeric();
        let name = Some(self.name.as_str());
        let plain = name.filter(|name| name.len() <= 64 && name.chars().all(word));
        let plain = plain.filter(|name| !name.starts_with(|c: char| c.is_ascii_digit()));
        self.known_as.as_deref().or(plain)
    }

    /// Returns the name, if it has no template.
    pub fn fixed_name(&self) -> Option<&str> {
        (!self.name.contains("${{")).then_some(self.name.as_str())
    }
}

const fn exclusive() -> Mode {
    Mode::Exclusive
}

/// Reports the problems of the locks of the whole job.
pub(super) fn check_job(job: &JobDefinition, document: &Document, pointer: &str, found: &mut Diagnostics) {
    check_own(&job.locks, document, pointer, found);
}

/// Reports the problems of the locks of a step.
pub(super) fn check_step(
    job: &JobDefinition,
    placed: &[Placed<'_>],
    index: usize,
    (document, at): (&Document, &str),
    found: &mut Diagnostics,
) {
    let Some(step) = placed.get(index).map(|placed| placed.step) else { return };
    if step.locks.is_empty() {
        return;
    }
    if step.step_type == approval::TYPE {
        let message = "an approval has no `locks`: it does nothing that a lock protects";
        let help = "put `locks` on the job, or on a group that contains the approval: it holds them while the approval waits";
        found.0.push(document.error(&format!("{at}/locks"), message).help(help));
        return;
    }
    check_own(&step.locks, document, at, found);
    let around: Vec<&[LockUse]> = around(job, placed, index);
    for (i, lock) in step.locks.iter().enumerate() {
        let outer = || around.iter().flat_map(|locks| locks.iter());
        let same = |other: &&LockUse| {
            lock.fixed_name().is_some()
                && other.fixed_name() == lock.fixed_name()
                && other.mode.conflicts(lock.mode)
        };
        if outer().any(|other| same(&other)) {
            let message = format!(
                "the job, or a group around this step, holds `{}` already, so this step would wait for its own run",
                lock.name
            );
            let problem = document.error(&format!("{at}/locks/{i}/name"), message);
            found.0.push(problem.help("leave this lock out"));
        }
        let known = |key: &&str| outer().any(|other| other.name != lock.name && other.key() == Some(*key));
        if let Some(key) = lock.key().filter(known) {
            let message = format!("expressions here know another lock as `{key}`");
            let problem = document.error(&format!("{at}/locks/{i}"), message);
            found.0.push(problem.help("choose another name with `as`"));
        }
    }
}

/// Returns the locks of the job and of the groups around a step, the outermost first.
pub(super) fn around<'j>(job: &'j JobDefinition, placed: &[Placed<'j>], index: usize) -> Vec<&'j [LockUse]> {
    let groups = plan::path(placed, index).into_iter();
    let groups =
        groups.filter_map(|parent| placed.get(parent.group).map(|group| group.step.locks.as_slice()));
    std::iter::once(job.locks.as_slice()).chain(groups).collect()
}

/// Reports the problems of the locks of one place among themselves.
fn check_own(locks: &[LockUse], document: &Document, at: &str, found: &mut Diagnostics) {
    for (i, lock) in locks.iter().enumerate() {
        let at = format!("{at}/locks/{i}");
        let earlier = locks.get(..i).unwrap_or_default();
        let mut add = |key: &str, message: String, help: &str| {
            if !found.is_full() {
                let problem = document.error(&format!("{at}{key}"), message);
                found.0.push(if help.is_empty() { problem } else { problem.help(help) });
            }
        };
        if let Some(error) = lock.fixed_name().and_then(|name| Name::new(name).err()) {
            add("/name", error.to_string(), "");
        }
        if earlier.iter().any(|other| other.name == lock.name) {
            let message = format!("the lock `{}` is named twice", lock.name);
            add("/name", message, "leave one of them out; `exclusive` includes `shared`");
        }
        let known =
            |key: &&str| earlier.iter().any(|other| other.name != lock.name && other.key() == Some(*key));
        if let Some(key) = lock.key().filter(known) {
            add("", format!("two locks are known as `{key}`"), "choose another name with `as`");
        }
        if lock.wait.is_some_and(|wait| wait.0 > MAX_WAIT) {
            let message =
                format!("`wait` is {}; at most 7 days are allowed", lock.wait.unwrap_or(Span::secs(0)));
            add("/wait", message, "write a time from 0 to 168h");
        }
        let differs = [
            ("wait", differs(earlier, lock, |lock| lock.wait)),
            ("priority", differs(earlier, lock, |lock| lock.priority)),
            ("on_timeout", differs(earlier, lock, |lock| lock.on_timeout)),
        ];
        for (key, _) in differs.into_iter().filter(|(_, differs)| *differs) {
            let message = format!("the locks of one place are taken at once, and have one `{key}`");
            add(&format!("/{key}"), message, "write it once, or the same value everywhere");
        }
    }
}

fn differs<T: PartialEq>(earlier: &[LockUse], lock: &LockUse, of: impl Fn(&LockUse) -> Option<T>) -> bool {
    let before = earlier.iter().find_map(&of);
    before.zip(of(lock)).is_some_and(|(before, own)| before != own)
}

/// Reports that a step with parts has locks: they would be free between the parts and their merge.
pub(super) fn check_split(step: &StepDefinition, document: &Document, at: &str, found: &mut Diagnostics) {
    if !step.locks.is_empty() {
        let message = "a step that works in parts has no `locks`";
        let problem = document.error(&format!("{at}/locks"), message);
        found.0.push(problem.help("put `locks` on a group that contains the step"));
    }
}

/// The maximum number of locks of one place.
pub(super) const MOST: usize = NAMES_PER_TICKET;
