//! Temporary files in `/scratch`, for sorts and aggregates larger than memory.

use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SpillFile, SpillWriter, TempFileFactory};
use futures::stream::{self, Stream};

/// The mount that policy grants for temporary files.
pub const SCRATCH: &str = "/scratch";
const CHUNK: usize = 256 << 10;

/// Returns whether the mount is granted, according to the list of mounts. Looking up the directory itself
/// would cause a denial in the log where it is not granted.
pub fn is_granted() -> bool {
    wasip2::filesystem::preopens::get_directories().iter().any(|(_, mount)| mount == SCRATCH)
}

/// Creates spill files in [`SCRATCH`].
#[derive(Debug, Default)]
pub struct Scratch(AtomicU64);

impl TempFileFactory for Scratch {
    fn create_temp_file(&self, _: &str) -> Result<Arc<dyn SpillFile>> {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Arc::new(ScratchFile(PathBuf::from(format!("{SCRATCH}/spill-{number}")))))
    }
}

struct ScratchFile(PathBuf);

impl Drop for ScratchFile {
    fn drop(&mut self) {
        // The host deletes the whole directory. This only frees its quota early.
        let _ = fs::remove_file(&self.0);
    }
}

impl SpillFile for ScratchFile {
    fn size(&self) -> Option<u64> {
        fs::metadata(&self.0).ok().map(|found| found.len())
    }

    fn read_stream(&self) -> Result<Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>> {
        let file = File::open(&self.0)?;
        Ok(Box::pin(stream::unfold(file, |mut file| async move {
            let mut buffer = vec![0; CHUNK];
            match file.read(&mut buffer) {
                Ok(0) => None,
                Ok(read) => {
                    buffer.truncate(read);
                    Some((Ok(Bytes::from(buffer)), file))
                }
                Err(error) => Some((Err(DataFusionError::IoError(error)), file)),
            }
        })))
    }

    fn open_writer(&self) -> Result<Box<dyn SpillWriter>> {
        let file = File::options().create(true).append(true).open(&self.0)?;
        Ok(Box::new(ScratchWriter(BufWriter::with_capacity(CHUNK, file))))
    }
}

struct ScratchWriter(BufWriter<File>);

impl Write for ScratchWriter {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        self.0.write(data)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

impl SpillWriter for ScratchWriter {
    fn finish(&mut self) -> Result<()> {
        Ok(self.0.flush()?)
    }
}
