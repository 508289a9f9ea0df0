//! The progress of a run, on standard error.

use std::io::IsTerminal;
use std::time::Duration;

use console::style;
use indicatif::{ProgressBar, ProgressStyle};
use parking_lot::Mutex;
use stepwell::engine::run::{Event, RunState};
use stepwell::{Notice, Observer};

use crate::cli::output::summary::brief;
use crate::display::plain;

/// Shows a run as it goes: a live bar on a terminal, plain lines elsewhere.
pub(crate) struct Terminal {
    bar: Mutex<Option<ProgressBar>>,
    live: bool,
}

impl Terminal {
    pub(crate) fn new() -> Self {
        Self { bar: Mutex::default(), live: std::io::stderr().is_terminal() }
    }

    /// Leaves the last line as it is.
    pub(crate) fn finish(&self) {
        if let Some(bar) = self.bar.lock().take() {
            bar.finish_and_clear();
        }
    }

    fn line(&self, text: &str) {
        let bar = self.bar.lock();
        match bar.as_ref() {
            Some(bar) => bar.println(text),
            None => eprintln!("{text}"),
        }
    }

    fn start(&self, name: &str) {
        self.finish();
        if self.live {
            let bar = ProgressBar::new_spinner().with_prefix(name.to_owned());
            bar.set_style(spinner());
            bar.enable_steady_tick(Duration::from_millis(100));
            *self.bar.lock() = Some(bar);
        } else {
            self.line(&format!("{name}: started"));
        }
    }

    fn with_bar(&self, act: impl FnOnce(&ProgressBar)) {
        if let Some(bar) = self.bar.lock().as_ref() {
            act(bar);
        }
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
        let name = state.run.job.step(step).map_or("", |step| step.name.as_str());
        let name = plain(name);
        match notice {
            Notice::Event(Event::Started { .. }) => self.line(&format!("run {}", state.run.execution_id)),
            Notice::Event(Event::StepStarted { attempt: 1, .. }) => self.start(&name),
            Notice::Event(Event::StepStarted { attempt, .. }) => {
                self.start(&format!("{name} (attempt {attempt})"))
            }
            Notice::Event(Event::StepEnded { end, .. })
                if matches!(end.outcome, stepwell::engine::Outcome::Parked { .. }) =>
            {
                self.finish();
                self.line(&format!("{name}: waits for {}", plain(&end.outcome.message())));
            }
            Notice::Event(Event::StepEnded { end, .. }) => {
                self.finish();
                let text = match end.outcome.is_success() {
                    true => end.produced.summary.clone(),
                    false => end.outcome.message(),
                };
                let mark = if end.outcome.is_success() { style("✓").green() } else { style("✗").red() };
                self.line(&format!("{} {name}: {}", mark.for_stderr(), plain(&brief(&text))));
            }
            Notice::Event(Event::StepSkipped { reason, .. }) => {
                self.finish();
                self.line(&format!("{} {name}: skipped, {}", style("-").dim().for_stderr(), plain(reason)));
            }
            Notice::Event(Event::AttemptLost { attempt, .. }) => {
                self.line(&format!("{name}: attempt {attempt} was lost with its process; it is tried again"));
            }
            Notice::Event(Event::Cancelled { .. }) => self.line("cancelled"),
            Notice::Event(Event::TimedOut { .. }) => self.line("the job's time ran out"),
            Notice::Event(Event::Expired { .. }) => self.line("the run did not begin in time"),
            Notice::Event(Event::ApprovalRequested { message, .. }) => {
                let (id, job) = (&state.run.execution_id, &state.run.job);
                let step = job.step(step).map_or("", |step| step.id.as_str());
                self.line(&format!("{name}: {}", plain(message)));
                self.line(&format!("{name}: `stepwell approvals approve {id} {step}`, or reject"));
            }
            Notice::Event(Event::ApprovalDecided { approved, by, .. }) => {
                let verdict = if *approved { "approved" } else { "rejected" };
                let by = by.as_deref().map_or_else(|| "time".to_owned(), plain);
                self.line(&format!("{name}: {verdict} by {by}"));
            }
            Notice::Event(Event::Faulted { message, .. }) => self.line(&format!("internal error: {message}")),
            Notice::Event(
                Event::CheckpointSaved { .. } | Event::StepInherited { .. } | Event::SkipInherited { .. },
            ) => {}
            Notice::Log(line) => self.line(&format!("  {} {}", log_level(&line.level), plain(&line.message))),
            Notice::Preparing(what) => match self.live {
                true => self.with_bar(|bar| bar.set_message(plain(what))),
                false => self.line(&format!("{name}: {what}")),
            },
            Notice::Progress(progress) => self.with_bar(|bar| {
                if let Some(total) = progress.total.filter(|total| *total > 0) {
                    bar.set_style(self::bar());
                    bar.set_length(total);
                    bar.set_position(progress.done.min(total));
                }
                bar.set_message(plain(&progress.message));
            }),
        }
    }
}

fn log_level(level: &str) -> String {
    let styled = match level {
        "error" => style("error").red(),
        "warn" => style("warn").yellow(),
        other => style(other).dim(),
    };
    styled.for_stderr().to_string()
}
