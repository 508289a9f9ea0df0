//! The progress of a run, on standard error.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::Duration;

use console::style;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use parking_lot::Mutex;
use stepwell::engine::run::{Event, RunState, StepStatus, named_locks};
use stepwell::engine::step::Progress;
use stepwell::engine::{Outcome, StepEnd};
use stepwell::{Notice, Observer};

use crate::cli::output::summary::brief;
use crate::display::plain;
use crate::say_painted;

/// Shows a run as it goes: a live bar per running step on a terminal, plain lines elsewhere.
pub(crate) struct Terminal {
    all: MultiProgress,
    bars: Mutex<BTreeMap<usize, ProgressBar>>,
    live: bool,
}

impl Terminal {
    pub(crate) fn new() -> Self {
        Self { all: MultiProgress::new(), bars: Mutex::default(), live: std::io::stderr().is_terminal() }
    }

    /// Removes all bars.
    pub(crate) fn finish(&self) {
        for bar in std::mem::take(&mut *self.bars.lock()).into_values() {
            bar.finish_and_clear();
        }
    }

    fn end(&self, step: usize) {
        if let Some(bar) = self.bars.lock().remove(&step) {
            bar.finish_and_clear();
        }
    }

    fn line(&self, text: &str) {
        let shown = !self.bars.lock().is_empty();
        if !shown || self.all.println(text).is_err() {
            say_painted(text);
        }
    }

    fn start(&self, step: usize, name: &str) {
        self.end(step);
        if self.live {
            let bar = self.all.add(ProgressBar::new_spinner().with_prefix(name.to_owned()));
            bar.set_style(spinner());
            bar.enable_steady_tick(Duration::from_millis(100));
            self.bars.lock().insert(step, bar);
        } else {
            self.line(&format!("{name}: started"));
        }
    }

    fn ended(&self, name: &str, well: bool, text: &str) {
        let mark = if well { style("✓").green() } else { style("✗").red() };
        self.line(&format!("{} {name}: {}", mark.for_stderr(), plain(&brief(text))));
    }

    fn step_ended(&self, name: &str, end: &StepEnd) {
        match &end.outcome {
            Outcome::Parked { .. } => {
                self.line(&format!("{name}: waits for {}", plain(&end.outcome.message())));
            }
            Outcome::Succeeded => self.ended(name, true, &end.produced.summary),
            outcome => self.ended(name, false, &outcome.message()),
        }
    }

    fn with_bar(&self, step: usize, act: impl FnOnce(&ProgressBar)) {
        if let Some(bar) = self.bars.lock().get(&step) {
            act(bar);
        }
    }
}

/// Describes how the branches of a group run.
fn branches(state: &RunState, group: usize, in_order: bool) -> String {
    let count = state.group(group).map_or(0, |group| group.branches.len());
    let noun = if count == 1 { "branch" } else { "branches" };
    let most = state.definition(group).and_then(|group| group.group.as_deref()?.max_parallel);
    let how = match most {
        _ if count < 2 => String::new(),
        _ if in_order => ", one after the other, because parallel execution is off".to_owned(),
        Some(1) => ", one after the other, because `max_parallel` is 1".to_owned(),
        Some(most) if (most as usize) < count => format!(", at most {most} at the same time"),
        _ => ", at the same time".to_owned(),
    };
    format!("{count} {noun}{how}")
}

/// Returns the name of a step for people: its display name, or its path if it works on an item.
fn shown_name(state: &RunState, step: usize) -> String {
    let Some((definition, known)) = state.definition(step).zip(state.steps.get(step)) else {
        return String::new();
    };
    match definition.id == *known.path {
        true => plain(&definition.name),
        false => plain(&known.path),
    }
}

fn spinner() -> ProgressStyle {
    ProgressStyle::with_template("{spinner:.cyan} {prefix} {msg} [{elapsed}]")
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
}

fn bar() -> ProgressStyle {
    ProgressStyle::with_template("{spinner:.cyan} {prefix} {bar:30.cyan/dim} {percent}% {msg} [{elapsed}]")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Observer for Terminal {
    fn notice(&self, state: &RunState, step: usize, notice: Notice<'_>) {
        let name = shown_name(state, step);
        match notice {
            Notice::Event(Event::Started { .. }) => self.line(&format!("run {}", state.run.execution_id)),
            Notice::Event(Event::StepStarted { attempt: 1, .. }) => self.start(step, &name),
            Notice::Event(Event::StepStarted { attempt, .. }) => {
                self.start(step, &format!("{name} (attempt {attempt})"))
            }
            Notice::Event(Event::StepEnded { end, .. }) => {
                self.end(step);
                // The end of a group is a notice of its own.
                if state.definition(step).is_none_or(|step| step.group.is_none()) {
                    self.step_ended(&name, end);
                }
            }
            Notice::GroupEnded => {
                if let Some(group) = state.steps.get(step).filter(|group| group.end.is_some()) {
                    self.ended(&name, group.status == StepStatus::Success, &group.message());
                }
            }
            Notice::Event(Event::StepSkipped { reason, .. }) => {
                self.end(step);
                self.line(&format!("{} {name}: skipped, {}", style("-").dim().for_stderr(), plain(reason)));
            }
            Notice::Event(Event::AttemptLost { attempt, .. }) => {
                self.line(&format!("{name}: attempt {attempt} was lost with its process; it is tried again"));
            }
            Notice::Event(Event::Cancelled { .. }) => self.line("cancelled"),
            Notice::Event(Event::TimedOut { .. }) => self.line("the job's time ran out"),
            Notice::Event(Event::Expired { .. }) => self.line("the run did not begin in time"),
            Notice::Event(Event::ApprovalRequested { message, .. }) => {
                let id = &state.run.execution_id;
                let step = state.steps.get(step).map_or("", |step| &*step.path);
                self.line(&format!("{name}: {}", plain(message)));
                self.line(&format!("{name}: `stepwell approvals approve {id} {step}`, or reject"));
            }
            Notice::Event(Event::ApprovalDecided { approved, by, .. }) => {
                let verdict = if *approved { "approved" } else { "rejected" };
                let by = by.as_deref().map_or_else(|| "time".to_owned(), plain);
                self.line(&format!("{name}: {verdict} by {by}"));
            }
            Notice::Event(Event::GroupStarted { in_order, .. }) => {
                self.line(&format!("{name}: {}", branches(state, step, *in_order)));
            }
            Notice::Event(Event::GroupTimedOut { .. }) => {
                self.line(&format!("{name}: its time ran out; its branches end"));
            }
            Notice::Event(
                event @ (Event::LocksAwaited { step: of, .. }
                | Event::LocksPostponed { step: of, .. }
                | Event::LocksLost { step: of, .. }
                | Event::LocksRefused { step: of, .. }),
            ) => self.line(&format!(
                "{}: {}",
                of_place(of.is_some(), &name, state),
                plain(&about_locks(event))
            )),
            Notice::Event(Event::Faulted { message, .. }) => {
                self.line(&format!("internal error: {}", plain(message)))
            }
            Notice::Event(
                Event::CheckpointSaved { .. }
                | Event::LocksTaken { .. }
                | Event::StepInherited { .. }
                | Event::SkipInherited { .. }
                | Event::Unreadable,
            ) => {}
            Notice::Log(line) => {
                // Lines of several steps mix.
                let of = if state.is_top(step) { String::new() } else { format!("{name}: ") };
                self.line(&format!("  {} {of}{}", log_level(&line.level), plain(&line.message)));
            }
            Notice::Preparing(what) => match self.live {
                true => self.with_bar(step, |bar| bar.set_message(plain(what))),
                false => self.line(&format!("{name}: {}", plain(what))),
            },
            Notice::Progress(progress) => self.with_bar(step, |bar| show_progress(bar, progress)),
        }
    }
}

fn show_progress(bar: &ProgressBar, progress: &Progress) {
    if let Some(total) = progress.total.filter(|total| *total > 0) {
        bar.set_style(self::bar());
        bar.set_length(total);
        bar.set_position(progress.done.min(total));
    }
    bar.set_message(plain(&progress.message));
}

/// Describes an event about locks.
fn about_locks(event: &Event) -> String {
    match event {
        Event::LocksAwaited { wants, .. } => format!("waits for {}", named_locks(wants)),
        Event::LocksPostponed { why, .. } => why.clone(),
        Event::LocksLost { why, .. } => format!("{why}; it takes its locks again"),
        Event::LocksRefused { outcome, .. } => outcome.message(),
        _ => String::new(),
    }
}

/// Names the place of locks: a step or group, or the job.
fn of_place(of_step: bool, step: &str, state: &RunState) -> String {
    if of_step { step.to_owned() } else { format!("the job {}", plain(&state.run.job.name)) }
}

fn log_level(level: &str) -> String {
    let styled = match level {
        "error" => style("error").red(),
        "warn" => style("warn").yellow(),
        other => style(other).dim(),
    };
    styled.for_stderr().to_string()
}
