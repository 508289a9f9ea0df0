//! The locks of Atlantis, compared with the real bbolt, the real `encoding/json` and a real Redis.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod damage;
mod files;
mod formats;
mod go;
mod samples;
