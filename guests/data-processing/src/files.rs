//! The granted directories as an object store. DataFusion reads files only through this store.

use std::fmt;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use stepwell_sdk::progress;

/// The number of bytes to read at a time: large enough to amortize a host call, small enough to stay far
/// below any limit.
const CHUNK: u64 = 1 << 20;
/// The number of bytes to pass on at a time. DataFusion's CSV and JSON readers take one piece per batch of
/// rows and queue the rest, so pieces larger than a batch would pile up in memory.
const PIECE: usize = 32 << 10;
/// The number of bytes between two progress reports.
const REPORT_EVERY: u64 = 32 << 20;

/// Read access to the files that WASI exposes.
#[derive(Debug)]
pub struct Files {
    total: u64,
    read: std::sync::Arc<AtomicU64>,
}

impl Files {
    /// Creates a store that reports progress towards `total` bytes.
    pub fn new(total: u64, read: std::sync::Arc<AtomicU64>) -> Self {
        Self { total, read }
    }
}

impl fmt::Display for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("files")
    }
}

#[async_trait]
impl ObjectStore for Files {
    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let (file, meta) = open(location)?;
        let range = match &options.range {
            Some(range) => range.as_range(meta.size).map_err(|e| generic(e.into()))?,
            None => 0..meta.size,
        };
        let payload = if options.head {
            GetResultPayload::Stream(stream::empty().boxed())
        } else {
            GetResultPayload::Stream(self.chunks(file, range.clone()))
        };
        Ok(GetResult { payload, meta, range, attributes: Default::default() })
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let (mut file, _) = open(location)?;
        ranges
            .iter()
            .map(|range| {
                let bytes = read_at(&mut file, range.clone())?;
                count(&self.read, self.total, bytes.len() as u64);
                Ok(bytes)
            })
            .collect()
    }

    // The query language is read-only, and `write` writes the results, so the methods below are never called.

    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        Err(read_only())
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        Err(read_only())
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        locations.map(|_| Err(read_only())).boxed()
    }

    fn list(&self, _: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        stream::once(async { Err(read_only()) }).boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        Err(read_only())
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(read_only())
    }
}

impl Files {
    fn chunks(&self, file: File, range: Range<u64>) -> BoxStream<'static, Result<Bytes>> {
        let (read, total) = (self.read.clone(), self.total);
        stream::unfold((file, range, Bytes::new()), move |(mut file, mut range, mut chunk)| {
            let read = read.clone();
            async move {
                if chunk.is_empty() {
                    if range.is_empty() {
                        return None;
                    }
                    let end = range.end.min(range.start + CHUNK);
                    chunk = match read_at(&mut file, range.start..end) {
                        Ok(bytes) => bytes,
                        Err(error) => return Some((Err(error), (file, end..end, chunk))),
                    };
                    count(&read, total, end - range.start);
                    range.start = end;
                }
                let piece = chunk.split_to(chunk.len().min(PIECE));
                Some((Ok(piece), (file, range, chunk)))
            }
        })
        .boxed()
    }
}

/// Counts bytes and reports them at intervals.
pub fn count(read: &AtomicU64, total: u64, bytes: u64) {
    let before = read.fetch_add(bytes, Ordering::Relaxed);
    if before / REPORT_EVERY != (before + bytes) / REPORT_EVERY {
        progress((before + bytes).min(total), Some(total), "reading");
    }
}

fn open(location: &Path) -> Result<(File, ObjectMeta)> {
    let path = format!("/{location}");
    let not_found = |source: std::io::Error| Error::NotFound { path: path.clone(), source: source.into() };
    let file = File::open(&path).map_err(not_found)?;
    let found = file.metadata().map_err(not_found)?;
    let modified = found.modified().map(DateTime::<Utc>::from).unwrap_or_default();
    let meta = ObjectMeta {
        location: location.clone(),
        last_modified: modified,
        size: found.len(),
        e_tag: None,
        version: None,
    };
    Ok((file, meta))
}

fn read_at(file: &mut File, range: Range<u64>) -> Result<Bytes> {
    let mut buffer = vec![0; (range.end - range.start) as usize];
    file.seek(SeekFrom::Start(range.start))
        .and_then(|_| file.read_exact(&mut buffer))
        .map_err(|e| generic(e.into()))?;
    Ok(buffer.into())
}

fn generic(source: Box<dyn std::error::Error + Send + Sync>) -> Error {
    Error::Generic { store: "files", source }
}

fn read_only() -> Error {
    generic("inputs are read-only".into())
}
