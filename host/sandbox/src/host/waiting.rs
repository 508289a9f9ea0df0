//! `wasi:io`, whose waits end with the attempt's time: a waiting guest traps where it waits, and its
//! backtrace shows the place. wasmtime-wasi does everything else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;
use wasmtime::Result;
use wasmtime::component::{HasData, Resource, ResourceTable};
use wasmtime_wasi::p2::bindings::io::poll::{Host, HostPollable};
use wasmtime_wasi::p2::bindings::io::streams::{self, HostInputStream, HostOutputStream};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable, StreamError, StreamResult};

use super::passage::Owed;
use crate::guest::Guest;

/// Fuel for each thing that a guest waits for at the same time.
const POLLED: u64 = 500;

/// The error of an attempt whose time ran out.
#[derive(Debug, thiserror::Error)]
#[error("the step ran out of time")]
pub(crate) struct TimeOver;

/// The deadline of an attempt, and whether it has passed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Deadline {
    over: Arc<AtomicBool>,
    token: CancellationToken,
}

impl Deadline {
    /// Ends every wait and every call from now on.
    pub fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
        self.token.cancel();
    }

    /// Refuses a call when the time has run out.
    pub fn check(&self) -> Result<()> {
        if self.over.load(Ordering::Relaxed) { Err(TimeOver.into()) } else { Ok(()) }
    }

    async fn or<T>(&self, wait: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            biased;
            done = wait => done,
            () = self.token.cancelled() => Err(TimeOver.into()),
        }
    }
}

/// The interfaces with the deadline.
pub(crate) struct Waiting;

impl HasData for Waiting {
    type Data<'a> = Timed<'a>;
}

/// One call.
pub(crate) struct Timed<'a> {
    table: &'a mut ResourceTable,
    deadline: Deadline,
    owed: Owed,
}

impl Guest {
    pub fn timed(&mut self) -> Timed<'_> {
        Timed { table: &mut self.table, deadline: self.deadline.clone(), owed: self.owed.clone() }
    }
}

impl Host for Timed<'_> {
    async fn poll(&mut self, pollables: Vec<Resource<DynPollable>>) -> Result<Vec<u32>> {
        self.owed.bytes(pollables.len(), POLLED);
        self.deadline.or(Host::poll(self.table, pollables)).await
    }
}

impl HostPollable for Timed<'_> {
    async fn ready(&mut self, pollable: Resource<DynPollable>) -> Result<bool> {
        HostPollable::ready(self.table, pollable).await
    }

    async fn block(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
        self.deadline.or(HostPollable::block(self.table, pollable)).await
    }

    fn drop(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
        HostPollable::drop(self.table, pollable)
    }
}

impl Timed<'_> {
    /// As [`Deadline::or`], for the results of streams.
    async fn stream<T>(deadline: &Deadline, wait: impl Future<Output = StreamResult<T>>) -> StreamResult<T> {
        tokio::select! {
            biased;
            done = wait => done,
            () = deadline.token.cancelled() => Err(StreamError::Trap(TimeOver.into())),
        }
    }
}

impl streams::Host for Timed<'_> {
    fn convert_stream_error(&mut self, error: StreamError) -> Result<streams::StreamError> {
        streams::Host::convert_stream_error(self.table, error)
    }
}

type Input = Resource<DynInputStream>;
type Output = Resource<DynOutputStream>;

impl HostInputStream for Timed<'_> {
    fn read(&mut self, stream: Input, len: u64) -> StreamResult<Vec<u8>> {
        HostInputStream::read(self.table, stream, len)
    }

    async fn blocking_read(&mut self, stream: Input, len: u64) -> StreamResult<Vec<u8>> {
        Self::stream(&self.deadline, HostInputStream::blocking_read(self.table, stream, len)).await
    }

    fn skip(&mut self, stream: Input, len: u64) -> StreamResult<u64> {
        HostInputStream::skip(self.table, stream, len)
    }

    async fn blocking_skip(&mut self, stream: Input, len: u64) -> StreamResult<u64> {
        Self::stream(&self.deadline, HostInputStream::blocking_skip(self.table, stream, len)).await
    }

    fn subscribe(&mut self, stream: Input) -> Result<Resource<DynPollable>> {
        HostInputStream::subscribe(self.table, stream)
    }

    async fn drop(&mut self, stream: Input) -> Result<()> {
        HostInputStream::drop(self.table, stream).await
    }
}

impl HostOutputStream for Timed<'_> {
    fn check_write(&mut self, stream: Output) -> StreamResult<u64> {
        HostOutputStream::check_write(self.table, stream)
    }

    fn write(&mut self, stream: Output, bytes: Vec<u8>) -> StreamResult<()> {
        HostOutputStream::write(self.table, stream, bytes)
    }

    async fn blocking_write_and_flush(&mut self, stream: Output, bytes: Vec<u8>) -> StreamResult<()> {
        let written = HostOutputStream::blocking_write_and_flush(self.table, stream, bytes);
        Self::stream(&self.deadline, written).await
    }

    fn flush(&mut self, stream: Output) -> StreamResult<()> {
        HostOutputStream::flush(self.table, stream)
    }

    async fn blocking_flush(&mut self, stream: Output) -> StreamResult<()> {
        Self::stream(&self.deadline, HostOutputStream::blocking_flush(self.table, stream)).await
    }

    fn subscribe(&mut self, stream: Output) -> Result<Resource<DynPollable>> {
        HostOutputStream::subscribe(self.table, stream)
    }

    fn write_zeroes(&mut self, stream: Output, len: u64) -> StreamResult<()> {
        HostOutputStream::write_zeroes(self.table, stream, len)
    }

    async fn blocking_write_zeroes_and_flush(&mut self, stream: Output, len: u64) -> StreamResult<()> {
        let written = HostOutputStream::blocking_write_zeroes_and_flush(self.table, stream, len);
        Self::stream(&self.deadline, written).await
    }

    fn splice(&mut self, to: Output, from: Input, len: u64) -> StreamResult<u64> {
        HostOutputStream::splice(self.table, to, from, len)
    }

    async fn blocking_splice(&mut self, to: Output, from: Input, len: u64) -> StreamResult<u64> {
        let moved = HostOutputStream::blocking_splice(self.table, to, from, len);
        Self::stream(&self.deadline, moved).await
    }

    async fn drop(&mut self, stream: Output) -> Result<()> {
        HostOutputStream::drop(self.table, stream).await
    }
}
