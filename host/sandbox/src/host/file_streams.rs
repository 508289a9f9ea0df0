//! Streams of files: their bytes are counted, and charged before they are written.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{
    DynInputStream, DynOutputStream, InputStream, OutputStream, Pollable, StreamError, StreamResult,
};

use super::file_sizes::{Open, Traffic};

pub(super) struct GuardedInput {
    pub below: DynInputStream,
    pub traffic: Arc<Traffic>,
}

#[async_trait]
impl Pollable for GuardedInput {
    async fn ready(&mut self) {
        self.below.ready().await;
    }
}

#[async_trait]
impl InputStream for GuardedInput {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        let data = self.below.read(size)?;
        self.traffic.read.fetch_add(data.len() as u64, Ordering::Relaxed);
        Ok(data)
    }

    // The default would read ahead in pieces of 4 KiB, each on another thread.
    async fn blocking_read(&mut self, size: usize) -> StreamResult<Bytes> {
        let data = self.below.blocking_read(size).await?;
        self.traffic.read.fetch_add(data.len() as u64, Ordering::Relaxed);
        Ok(data)
    }

    async fn cancel(&mut self) {
        self.below.cancel().await;
    }
}

pub(super) struct GuardedOutput {
    pub below: DynOutputStream,
    pub open: Open,
    /// The position of the next byte. `None` at the end of the file, when appending.
    pub position: Option<u64>,
}

impl GuardedOutput {
    /// Reserves room for the data, and returns its size.
    fn charge(&self, data: &Bytes) -> StreamResult<u64> {
        let len = data.len() as u64;
        let start = self.position.unwrap_or_else(|| self.open.len());
        let grown = self.open.grow_to(start.saturating_add(len));
        grown.map(|()| len).map_err(|error| StreamError::LastOperationFailed(error.into()))
    }

    fn written(&mut self, len: u64) {
        self.open.traffic.written.fetch_add(len, Ordering::Relaxed);
        self.position = self.position.map(|position| position.saturating_add(len));
    }
}

#[async_trait]
impl Pollable for GuardedOutput {
    async fn ready(&mut self) {
        self.below.ready().await;
    }
}

#[async_trait]
impl OutputStream for GuardedOutput {
    fn write(&mut self, data: Bytes) -> StreamResult<()> {
        let len = self.charge(&data)?;
        self.below.write(data)?;
        self.written(len);
        Ok(())
    }

    async fn blocking_write_and_flush(&mut self, data: Bytes) -> StreamResult<()> {
        let len = self.charge(&data)?;
        self.below.blocking_write_and_flush(data).await?;
        self.written(len);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.below.flush()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.below.check_write()
    }

    async fn cancel(&mut self) {
        self.below.cancel().await;
    }
}
