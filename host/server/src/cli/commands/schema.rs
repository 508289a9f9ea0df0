//! `stepwell schema`.

use serde_json::Value;
use stepwell::engine::policy::Policy;
use stepwell::engine::queue::QueueFile;
use stepwell::engine::{Configuration, JobDefinition};

use crate::cli::args::SchemaKind;
use crate::failure::Failure;
use crate::{Exit, print};

pub(super) fn schema(kind: SchemaKind) -> Result<Exit, Failure> {
    let schema: Value = match kind {
        SchemaKind::Job => JobDefinition::published_schema(),
        SchemaKind::Policy => Policy::schema().into(),
        SchemaKind::Config => Configuration::schema().into(),
        SchemaKind::Queues => QueueFile::schema().into(),
        SchemaKind::Openapi => crate::api::document(),
    };
    print(&serde_json::to_string_pretty(&schema).unwrap_or_default());
    Ok(Exit::Success)
}
