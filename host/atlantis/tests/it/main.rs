//! The locks of Atlantis, compared with the real bbolt, the real `encoding/json` and a real Redis.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::unreachable, clippy::disallowed_methods, reason = "tests measure real time")]

mod bench;
mod cluster;
mod conformance;
mod damage;
mod files;
mod formats;
mod go;
mod migration;
mod redis_only;
mod samples;
mod settings;
