//! Counts the rows that were left out, and writes them to a file on request.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::csv::Rejected;
use crate::error::Problem;
use crate::json::Json;
use crate::source::Explain;

/// Receives the rows that were left out.
#[derive(Default)]
pub struct Rejects {
    count: AtomicU64,
    file: Option<(Mutex<BufWriter<File>>, Explain)>,
}

impl Rejects {
    /// Writes the rows to a file, one JSON object per line.
    ///
    /// # Errors
    /// Fails when the file cannot be created.
    pub fn into_file(path: &Path, explain: Explain) -> io::Result<Self> {
        if let Some(parent) = path.parent() {
            // Mounts exist already; create only the directories below them.
            let _ = std::fs::create_dir_all(parent);
        }
        let file = Mutex::new(BufWriter::new(File::create(path)?));
        Ok(Self { count: AtomicU64::new(0), file: Some((file, explain)) })
    }

    /// Returns the number of rows received.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Receives a row.
    ///
    /// # Errors
    /// Fails when the file cannot be written.
    pub fn take(&self, row: &Rejected) -> Result<(), Problem> {
        self.count.fetch_add(1, Ordering::Relaxed);
        let Some((file, explain)) = &self.file else { return Ok(()) };
        let problem = &row.problem;
        let text = |text: &str| Json::Text(text.to_owned());
        let line = Json::Object(vec![
            ("file".to_owned(), text(&problem.file)),
            ("line".to_owned(), Json::Number(problem.line.to_string())),
            ("column".to_owned(), problem.column.as_deref().map_or(Json::Null, text)),
            ("reason".to_owned(), text(&problem.what)),
            ("values".to_owned(), Json::List(row.values.iter().map(|value| text(value)).collect())),
        ]);
        let mut shown = String::new();
        line.write(&mut shown);
        shown.push('\n');
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(shown.as_bytes()).map_err(|error| unwritten(explain(&error)))
    }

    /// Completes the file.
    ///
    /// # Errors
    /// Fails when the file cannot be written.
    pub fn finish(&self) -> Result<(), Problem> {
        let Some((file, explain)) = &self.file else { return Ok(()) };
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        file.flush().map_err(|error| unwritten(explain(&error)))
    }
}

fn unwritten(why: String) -> Problem {
    Problem::at("the file of rejected rows", 0, format!("cannot be written: {why}"))
}
