//! Rows that were left out: how many, and the file that keeps them.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::csv::Rejected;
use crate::error::Problem;
use crate::json::Json;
use crate::source::Explain;

/// Takes rows that were left out.
#[derive(Default)]
pub struct Rejects {
    count: AtomicU64,
    file: Option<(Mutex<BufWriter<File>>, Explain)>,
}

impl Rejects {
    /// Rows go to the file, one JSON object a line.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn into_file(path: &Path, explain: Explain) -> io::Result<Self> {
        if let Some(parent) = path.parent() {
            // Mounts exist; only what is below them is to be made.
            let _ = std::fs::create_dir_all(parent);
        }
        let file = Mutex::new(BufWriter::new(File::create(path)?));
        Ok(Self { count: AtomicU64::new(0), file: Some((file, explain)) })
    }

    /// How many rows it took.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Takes a row.
    ///
    /// # Errors
    /// When the file cannot be written.
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
    /// When it cannot be written.
    pub fn finish(&self) -> Result<(), Problem> {
        let Some((file, explain)) = &self.file else { return Ok(()) };
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        file.flush().map_err(|error| unwritten(explain(&error)))
    }
}

fn unwritten(why: String) -> Problem {
    Problem::at("the file of rejected rows", 0, format!("cannot be written: {why}"))
}
