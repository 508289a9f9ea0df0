//! The data of answers: streams of Arrow, which are checked before the library reads them.
//!
//! The library trusts the messages of a stream in ways that a server can use against its client. It panics on types that
//! it does not know and on buffers outside of the body; it copies a buffer for each column that refers to it, and a
//! column for each entry of the list of columns that refers to it. So a message here describes no more than it has. The
//! format is that of arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc.

use std::collections::HashMap;

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::convert::fb_to_schema;
use arrow_ipc::reader::read_record_batch;
use arrow_ipc::{self as ipc, MessageHeader, root_as_message_with_opts};
use arrow_schema::SchemaRef;
use bytes::Bytes;
use flatbuffers::VerifierOptions;
use stepwell_engine::contain::contained;

use super::rows;
use crate::Error;
use crate::bounded::ROW;

/// The bounds of the description of a message. Each column has two tables.
const DESCRIPTION: VerifierOptions = VerifierOptions {
    max_depth: 64,
    max_tables: 100_000,
    max_apparent_size: ROW as usize,
    ignore_missing_null_terminator: true,
};

/// The word before the length of a message.
const CONTINUED: u32 = u32::MAX;

/// The reader of a result, whose batches come in several answers. Each answer is a stream of its own, with the same columns.
#[derive(Default)]
pub(super) struct Batches {
    schema: Option<SchemaRef>,
    /// The part of the answer that is not read yet.
    rest: Buffer,
    /// Whether the columns of this answer are known.
    has_begun: bool,
}

impl Batches {
    /// Begins the next answer, and returns the columns of the result.
    ///
    /// # Errors
    /// Fails when the columns cannot be read, or are not those of the answer before.
    pub fn begin(&mut self, data: Bytes) -> Result<SchemaRef, Error> {
        (self.rest, self.has_begun) = (Buffer::from(data), false);
        let batch = self.next()?;
        let schema = self.schema.clone().filter(|_| self.has_begun);
        schema.filter(|_| batch.is_none()).ok_or_else(|| unread("it does not begin with its columns"))
    }

    /// Returns the next batch of the answer, or `None` at its end. The first call of [`Batches::begin`] has no batch.
    ///
    /// # Errors
    /// Fails when the data is not that of a result.
    pub fn next(&mut self) -> Result<Option<RecordBatch>, Error> {
        contained(|| self.message()).unwrap_or_else(|panicked| Err(unread(&panicked.0)))
    }

    /// Reads the next message. The one with the columns has no batch.
    fn message(&mut self) -> Result<Option<RecordBatch>, Error> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let broken = || unread("it breaks off");
        let mut length = self.word().ok_or_else(broken)?;
        if length == CONTINUED {
            length = self.word().ok_or_else(broken)?;
        }
        if length == 0 {
            return if self.rest.is_empty() { Ok(None) } else { Err(unread("it has an end within")) };
        }
        let head = self.take(length.into()).ok_or_else(broken)?;
        let message =
            root_as_message_with_opts(&DESCRIPTION, &head).map_err(|error| unread(&error.to_string()))?;
        let body = u64::try_from(message.bodyLength()).ok().and_then(|length| self.take(length));
        let body = body.ok_or_else(broken)?;
        match (message.header_type(), self.schema.clone().filter(|_| self.has_begun)) {
            (MessageHeader::Schema, None) => {
                let schema = message.header_as_schema().filter(|schema| schema.fields().is_some());
                self.columns(schema.ok_or_else(broken)?)?;
                Ok(None)
            }
            (MessageHeader::RecordBatch, Some(schema)) => {
                let batch = message.header_as_record_batch().filter(|batch| is_plain(batch, body.len()));
                let batch = batch.ok_or_else(|| unread("its buffers are not those of its body"))?;
                let read = read_record_batch(&body, batch, schema, &HashMap::new(), None, &message.version());
                read.map(Some).map_err(|error| unread(&error.to_string()))
            }
            (other, _) => Err(unread(&format!("it has a message {other:?}"))),
        }
    }

    fn columns(&mut self, schema: ipc::Schema<'_>) -> Result<(), Error> {
        let schema = fb_to_schema(schema);
        rows::check(&schema)?;
        match &self.schema {
            Some(before) if before.fields() != schema.fields() => {
                return Err(unread("its columns are not those of the answer before"));
            }
            Some(_) => {}
            None => self.schema = Some(schema.into()),
        }
        self.has_begun = true;
        Ok(())
    }

    fn word(&mut self) -> Option<u32> {
        let bytes = self.take(4)?;
        Some(u32::from_le_bytes(bytes.as_slice().try_into().ok()?))
    }

    fn take(&mut self, length: u64) -> Option<Buffer> {
        let length = usize::try_from(length).ok().filter(|length| *length <= self.rest.len())?;
        let part = self.rest.slice_with_length(0, length);
        self.rest.advance(length);
        Some(part)
    }
}

/// Returns whether the buffers of a batch lie within its body and are together no larger, and need no unpacking.
fn is_plain(batch: &ipc::RecordBatch<'_>, body: usize) -> bool {
    let mut left = body;
    let is_within = |buffer: &ipc::Buffer| {
        let part = (usize::try_from(buffer.offset()), usize::try_from(buffer.length()));
        let (Ok(offset), Ok(length)) = part else { return false };
        let Some(rest) = left.checked_sub(length) else { return false };
        left = rest;
        offset.checked_add(length).is_some_and(|end| end <= body)
    };
    batch.compression().is_none()
        && batch.variadicBufferCounts().is_none_or(|counts| counts.is_empty())
        && batch.buffers().is_some_and(|buffers| buffers.iter().all(is_within))
        && batch.nodes().is_some()
}

/// Returns the error of data that cannot be read.
fn unread(why: &str) -> Error {
    tracing::warn!("Spark sent a result that cannot be read: {why}");
    Error::Database(
        "the server sent a result that cannot be read; the log of the service says why".to_owned(),
    )
}
