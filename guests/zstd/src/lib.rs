//! Stands in for the `zstd` crate inside the guests.
//!
//! The real one wraps a C library, and no C compiler may be needed to build Stepwell. This crate has
//! the few items of its interface that `arrow-ipc` and `parquet` call, over the pure-Rust `ruzstd`.
//! Compression always works at ruzstd's fastest level, whatever level is asked for.

use std::ops::RangeInclusive;

/// The levels that the real library accepts.
pub fn compression_level_range() -> RangeInclusive<zstd_safe::CompressionLevel> {
    1..=22
}

/// Compression and decompression of whole buffers.
pub mod bulk {
    use std::io::{self, Cursor, Read};
    use std::marker::PhantomData;

    use ruzstd::decoding::StreamingDecoder;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    /// Compresses buffers, one zstd frame each.
    pub struct Compressor<'a>(PhantomData<&'a ()>);

    impl Compressor<'_> {
        /// A compressor; `level` is accepted and has no effect.
        pub fn new(_level: i32) -> io::Result<Self> {
            Ok(Self(PhantomData))
        }

        /// `source` as one frame.
        pub fn compress(&mut self, source: &[u8]) -> io::Result<Vec<u8>> {
            Ok(compress_to_vec(source, CompressionLevel::Fastest))
        }

        /// Appends `source` as one frame at the cursor; returns the bytes written.
        pub fn compress_to_buffer(
            &mut self,
            source: &[u8],
            destination: &mut Cursor<&mut Vec<u8>>,
        ) -> io::Result<usize> {
            let frame = self.compress(source)?;
            io::Write::write_all(destination, &frame)?;
            Ok(frame.len())
        }
    }

    /// Decompresses buffers of one or more frames.
    pub struct Decompressor<'a>(PhantomData<&'a ()>);

    impl Decompressor<'_> {
        /// A decompressor.
        pub fn new() -> io::Result<Self> {
            Ok(Self(PhantomData))
        }

        /// The content of `source`, which must not be longer than `capacity`.
        pub fn decompress(&mut self, source: &[u8], capacity: usize) -> io::Result<Vec<u8>> {
            let mut content = Vec::with_capacity(capacity);
            read_frames(source, capacity, &mut content)?;
            Ok(content)
        }

        /// Appends the content of `source` at the cursor, up to the capacity of the buffer behind it.
        pub fn decompress_to_buffer(
            &mut self,
            source: &[u8],
            destination: &mut Cursor<&mut Vec<u8>>,
        ) -> io::Result<usize> {
            let start = usize::try_from(destination.position()).map_err(io::Error::other)?;
            let buffer = destination.get_mut();
            buffer.truncate(start);
            let room = buffer.capacity().saturating_sub(start);
            let read = read_frames(source, room, buffer)?;
            destination.set_position((start + read) as u64);
            Ok(read)
        }
    }

    fn read_frames(mut source: &[u8], limit: usize, into: &mut Vec<u8>) -> io::Result<usize> {
        let mut total = 0;
        while !source.is_empty() {
            let decoder = StreamingDecoder::new(&mut source).map_err(io::Error::other)?;
            // One byte over the limit tells "too long" from "just fits".
            let left = (limit - total) as u64;
            let read = decoder.take(left + 1).read_to_end(into)?;
            if read as u64 > left {
                return Err(io::Error::other("zstd: destination buffer is too small"));
            }
            total += read;
        }
        Ok(total)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn what_goes_in_comes_out_and_never_more_than_fits() {
            let data = b"stepwell ".repeat(10_000);
            let frame = Compressor::new(3).unwrap().compress(&data).unwrap();
            assert!(frame.len() < data.len());
            let mut d = Decompressor::new().unwrap();
            assert_eq!(d.decompress(&frame, data.len()).unwrap(), data);
            assert!(d.decompress(&frame, data.len() - 1).is_err());
            let mut buffer = b"head".to_vec();
            buffer.reserve(data.len());
            let mut cursor = Cursor::new(&mut buffer);
            cursor.set_position(4);
            assert_eq!(d.decompress_to_buffer(&frame, &mut cursor).unwrap(), data.len());
            assert_eq!(&buffer[4..], data);
            assert!(d.decompress(b"not zstd", 100).is_err());
        }
    }
}

/// The low-level names that callers use.
pub mod zstd_safe {
    /// A compression level.
    pub type CompressionLevel = i32;

    /// The frame header could not be read.
    #[derive(Debug)]
    pub struct ContentSizeError;

    /// The content size in the header of the first frame, where it is written there.
    pub fn get_frame_content_size(source: &[u8]) -> Result<Option<u64>, ContentSizeError> {
        let mut decoder = ruzstd::decoding::FrameDecoder::new();
        decoder.init(source).map_err(|_| ContentSizeError)?;
        Ok(Some(decoder.content_size()).filter(|size| *size > 0))
    }

    /// An upper bound for the size of a frame that holds `len` bytes (the formula of zstd.h).
    pub fn compress_bound(len: usize) -> usize {
        len + (len >> 8) + if len < 128 << 10 { ((128 << 10) - len) >> 11 } else { 0 }
    }
}
