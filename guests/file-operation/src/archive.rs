//! Packs a selection into an archive, and unpacks an archive into a directory.
//!
//! The threats: an archive with the name of a file outside the directory ("zip slip"), with links or devices,
//! or with contents far larger than the archive itself. So the step checks all names before it writes
//! anything, and it counts bytes and files while it writes, whatever the archive claims about itself.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Component, Path, PathBuf};
use std::time::UNIX_EPOCH;

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::{CompressionLevel, compress as zstd};
use stepwell_sdk::text::counted;
use stepwell_sdk::{Failure, StepResult};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::config::{FileOperation, Format, absolute, io_failure};
use crate::files::{Touched, cancelled, open, write_whole};
use crate::select::{select, walk};

/// The default maximum number of bytes that `extract` writes.
const MAX_BYTES: u64 = 1 << 30;

pub fn compress(step: &FileOperation) -> StepResult {
    let (to, format) = (step.target(), step.format().unwrap_or(Format::Zip));
    let selection = select(&step.path, step.max_files())?;
    let mut members = Vec::new();
    for path in &selection.found {
        let metadata = fs::symlink_metadata(path).map_err(|error| io_failure(path, &error))?;
        if metadata.is_file() {
            members.push((selection.name(path).to_owned(), path.clone()));
        } else if metadata.is_dir() && !selection.pattern {
            walk(path, true, step.max_files(), &mut |path, metadata| {
                if metadata.is_file() {
                    members.push((selection.name(path).to_owned(), path.to_owned()));
                }
                Ok(())
            })?;
        }
    }
    // The archive itself may be among the files to pack.
    members.retain(|(_, path)| *path != to);
    members.sort();
    let mut touched = Touched::default();
    for (_, path) in &members {
        touched.add(path, fs::metadata(path).map_or(0, |metadata| metadata.len()));
    }
    let pack = |file: &mut File| match format {
        Format::Zip => pack_zip(&members, file),
        Format::Tar => pack_tar(&members, BufWriter::new(file)).map(drop),
        Format::TarGz => {
            let encoder = GzEncoder::new(BufWriter::new(file), Compression::default());
            pack_tar(&members, encoder)?.finish()?.flush()
        }
        Format::TarZst => {
            let mut plain = to.as_os_str().to_owned();
            plain.push(".tar.part");
            let plain = PathBuf::from(plain);
            let packed = (|| {
                pack_tar(&members, BufWriter::new(File::create(&plain)?))?.flush()?;
                squeeze(File::open(&plain)?, file)
            })();
            // The tar file is only an intermediate file.
            let _ = fs::remove_file(&plain);
            packed
        }
        Format::Gz | Format::Zst => {
            let [(_, only)] = members.as_slice() else {
                return Err(io::Error::other(
                    "one compressed file holds one file: use zip, tar.gz or tar.zst",
                ));
            };
            match format {
                Format::Zst => squeeze(File::open(only)?, file),
                _ => {
                    let mut encoder = GzEncoder::new(BufWriter::new(file), Compression::default());
                    io::copy(&mut File::open(only)?, &mut encoder)?;
                    encoder.finish()?.flush()
                }
            }
        }
    };
    if let Some(above) = to.parent() {
        fs::create_dir_all(above).map_err(|error| io_failure(above, &error))?;
    }
    write_whole(&to, step.overwrite, pack)?;
    let bytes = fs::metadata(&to).map_or(0, |metadata| metadata.len());
    Ok(touched.output("Packed").metadata("archive", to.to_string_lossy()).metadata("archive_bytes", bytes))
}

type Members = [(PathBuf, PathBuf)];

fn pack_zip(members: &Members, file: &mut File) -> io::Result<()> {
    let mut zip = ZipWriter::new(BufWriter::new(file));
    for (name, path) in members {
        let mut source = File::open(path)?;
        let large = source.metadata()?.len() >= u64::from(u32::MAX);
        zip.start_file(slashed(name), SimpleFileOptions::default().large_file(large))?;
        io::copy(&mut source, &mut zip)?;
    }
    zip.finish()?.flush()
}

fn pack_tar<W: Write>(members: &Members, to: W) -> io::Result<W> {
    let mut tar = tar::Builder::new(to);
    for (name, path) in members {
        let source = File::open(path)?;
        let metadata = source.metadata()?;
        let modified = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let mut header = tar::Header::new_gnu();
        header.set_size(metadata.len());
        header.set_mode(0o644);
        header.set_mtime(modified.map_or(0, |since| since.as_secs()));
        tar.append_data(&mut header, slashed(name), source)?;
    }
    tar.into_inner()
}

fn slashed(name: &Path) -> String {
    name.to_string_lossy().replace('\\', "/")
}

/// Compresses with zstd. The encoder panics when a read or write fails, so [`Watched`] intercepts these
/// errors.
fn squeeze(from: File, to: &mut File) -> io::Result<()> {
    let (mut source, mut target) = (Watched::new(BufReader::new(from)), Watched::new(BufWriter::new(to)));
    zstd(&mut source, &mut target, CompressionLevel::Fastest);
    source.result()?;
    target.flush()?;
    target.result()
}

/// Intercepts errors. After an error, a read returns the end of the file, and a write is dropped.
struct Watched<T> {
    inner: T,
    error: Option<io::Error>,
}

impl<T> Watched<T> {
    fn new(inner: T) -> Self {
        Self { inner, error: None }
    }

    fn result(self) -> io::Result<()> {
        self.error.map_or(Ok(()), Err)
    }
}

impl<T: Read> Read for Watched<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.error.is_some() {
            return Ok(0);
        }
        self.inner.read(buffer).or_else(|error| {
            self.error = Some(error);
            Ok(0)
        })
    }
}

impl<T: Write> Write for Watched<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.error.is_none() {
            match self.inner.write_all(bytes) {
                Ok(()) => return Ok(bytes.len()),
                Err(error) => self.error = Some(error),
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.error.is_none()
            && let Err(error) = self.inner.flush()
        {
            self.error = Some(error);
        }
        Ok(())
    }
}

/// A member of an archive.
enum Member {
    Directory,
    File,
    /// A link, a device, or any other kind of member.
    Other,
}

pub fn extract(step: &FileOperation) -> StepResult {
    let (from, to) = (absolute(&step.path), step.target());
    let format = step.format().unwrap_or(Format::Zip);
    let mut archive = open(&from)?;
    let mut unpack = Unpack {
        step,
        to: to.clone(),
        left: step.max_bytes.unwrap_or(MAX_BYTES),
        touched: Touched::default(),
    };
    let broken = |error: io::Error| match error.downcast::<Told>() {
        Ok(failure) => failure.0,
        Err(error) => Failure::failed(format!("{}: {}", from.display(), stepwell_sdk::files::why(&error))),
    };
    if matches!(format, Format::Gz | Format::Zst) {
        let name = from.file_stem().map(PathBuf::from).unwrap_or_default();
        let target = if step.into_directory() { to.join(name) } else { to };
        let mut source = decoder(format, archive).map_err(broken)?;
        unpack.write(&target, &mut source).map_err(broken)?;
        return Ok(unpack.touched.output("Unpacked"));
    }
    let mut count = 0;
    each(format, &mut archive, &mut |name, member, _| {
        count += 1;
        if count > step.max_files() {
            return Err(refuse(format!(
                "the archive has more than {}: raise `max_files`",
                counted(step.max_files() as u64, "file")
            )));
        }
        check(name, &member)
    })
    .map_err(broken)?;
    fs::create_dir_all(&unpack.to).map_err(|error| io_failure(&unpack.to, &error))?;
    each(format, &mut archive, &mut |name, member, source| {
        // Check again: another process may write to the archive meanwhile.
        check(name, &member)?;
        let path = unpack.to.join(name.trim_end_matches('/'));
        match member {
            Member::Directory => fs::create_dir_all(path),
            _ => unpack.write(&path, source),
        }
    })
    .map_err(broken)?;
    Ok(unpack.touched.output("Unpacked"))
}

/// A failure on its way through `io`.
#[derive(Debug)]
struct Told(Failure);

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Told {}

fn refuse(message: String) -> io::Error {
    io::Error::other(Told(Failure::failed(message)))
}

/// Accepts only files and directories below the target directory.
fn check(name: &str, member: &Member) -> io::Result<()> {
    if matches!(member, Member::Other) {
        return Err(refuse(format!("the archive holds `{name}`, which is neither a file nor a directory")));
    }
    let path = Path::new(name);
    let below = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !below || name.is_empty() || name.contains(['\\', '\0']) || name.contains(':') {
        return Err(refuse(format!(
            "the archive names `{name}`, which lies outside of where it is unpacked"
        )));
    }
    Ok(())
}

/// Unpacks within the limits.
struct Unpack<'s> {
    step: &'s FileOperation,
    to: PathBuf,
    left: u64,
    touched: Touched,
}

impl Unpack<'_> {
    fn write(&mut self, path: &Path, source: &mut dyn Read) -> io::Result<()> {
        let failed = |failure: Failure| io::Error::other(Told(failure));
        cancelled().map_err(failed)?;
        if let Some(above) = path.parent() {
            fs::create_dir_all(above)?;
        }
        let most = self.left;
        let copied = write_whole(path, self.step.overwrite, |file| {
            let mut file = BufWriter::with_capacity(64 << 10, file);
            let bytes = io::copy(&mut source.take(most + 1), &mut file)?;
            file.flush()?;
            if bytes > most { Err(io::Error::other("too large")) } else { Ok(bytes) }
        });
        let bytes = copied.map_err(|failure| match failure.message.ends_with("too large") {
            true => {
                let most = self.step.max_bytes.unwrap_or(MAX_BYTES);
                refuse(format!(
                    "the archive holds more than {most} bytes: raise `max_bytes` if that is meant"
                ))
            }
            false => failed(failure),
        })?;
        self.left -= bytes;
        self.touched.add(path, bytes);
        Ok(())
    }
}

fn decoder<'a>(format: Format, archive: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let buffered = BufReader::with_capacity(64 << 10, archive);
    Ok(match format {
        Format::Gz | Format::TarGz => Box::new(MultiGzDecoder::new(buffered)),
        Format::Zst | Format::TarZst => {
            Box::new(StreamingDecoder::new(buffered).map_err(|error| io::Error::other(error.to_string()))?)
        }
        _ => Box::new(buffered),
    })
}

/// Calls `with` for each member with its name, its kind and its bytes.
fn each(
    format: Format,
    archive: &mut File,
    with: &mut dyn FnMut(&str, Member, &mut dyn Read) -> io::Result<()>,
) -> io::Result<()> {
    archive.seek(SeekFrom::Start(0))?;
    if format == Format::Zip {
        let mut zip = ZipArchive::new(BufReader::new(archive))?;
        for index in 0..zip.len() {
            let mut file = zip.by_index(index)?;
            let name = file.name().map_err(io::Error::other)?.into_owned();
            let member = match () {
                () if file.is_symlink() => Member::Other,
                () if file.is_dir() => Member::Directory,
                () => Member::File,
            };
            with(&name, member, &mut file)?;
        }
        return Ok(());
    }
    let mut tar = tar::Archive::new(decoder(format, archive)?);
    for entry in tar.entries()? {
        let mut entry = entry?;
        let kind = entry.header().entry_type();
        let member = match () {
            () if kind.is_file() || kind.is_contiguous() => Member::File,
            () if kind.is_dir() => Member::Directory,
            // Metadata about the archive, not members.
            () if kind.is_pax_global_extensions() => continue,
            () => Member::Other,
        };
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        with(&name, member, &mut entry)?;
    }
    Ok(())
}
