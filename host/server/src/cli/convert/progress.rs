//! The progress of a conversion: a bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};
use stepwell::engine::quantity::counted;

use crate::display::plain;

/// The progress of one batch, on standard error.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    pub fn start(batch: Option<&str>, files: usize) -> Self {
        let name = batch.map_or_else(|| "converting".to_owned(), |batch| format!("batch {}", plain(batch)));
        if !std::io::stderr().is_terminal() {
            if batch.is_some() {
                say!("{name}: {}", counted(files, "file"));
            }
            return Self { bar: None };
        }
        let style = ProgressStyle::with_template("{prefix} {bar:30.cyan/dim} {pos}/{len} {wide_msg}");
        let bar = ProgressBar::new(files as u64).with_prefix(name);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar: Some(bar) }
    }

    /// Shows the file that is next.
    pub fn file(&self, name: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(plain(name));
        }
    }

    pub fn done(&self) {
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
    }

    /// Removes the bar.
    pub fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
