//! Files, streams and encodings.

use super::super::NetType as N;
use super::super::TypeInfo;

pub(super) const TYPES: &[TypeInfo] = &[
    TypeInfo::class(N::Path, "System.IO.Path"),
    TypeInfo::class(N::File, "System.IO.File"),
    TypeInfo::class(N::Directory, "System.IO.Directory"),
    TypeInfo::class(N::FileSystemInfo, "System.IO.FileSystemInfo"),
    TypeInfo::class(N::FileInfo, "System.IO.FileInfo").extends(N::FileSystemInfo),
    TypeInfo::class(N::DirectoryInfo, "System.IO.DirectoryInfo").extends(N::FileSystemInfo),
    TypeInfo::class(N::StreamReader, "System.IO.StreamReader"),
    TypeInfo::class(N::StringReader, "System.IO.StringReader"),
    TypeInfo::class(N::StreamWriter, "System.IO.StreamWriter"),
    TypeInfo::class(N::MemoryStream, "System.IO.MemoryStream"),
    TypeInfo::flags(
        N::FileAttributes,
        "System.IO.FileAttributes",
        &[
            ("ReadOnly", 1),
            ("Hidden", 2),
            ("System", 4),
            ("Directory", 16),
            ("Archive", 32),
            ("Normal", 128),
            ("ReparsePoint", 1024),
        ],
    ),
    TypeInfo::enumeration(
        N::SearchOption,
        "System.IO.SearchOption",
        &[("TopDirectoryOnly", 0), ("AllDirectories", 1)],
    ),
    TypeInfo::class(N::Encoding, "System.Text.Encoding"),
    TypeInfo::class(N::UTF8Encoding, "System.Text.UTF8Encoding").extends(N::Encoding),
    TypeInfo::class(N::ASCIIEncoding, "System.Text.ASCIIEncoding").extends(N::Encoding),
    TypeInfo::class(N::UnicodeEncoding, "System.Text.UnicodeEncoding").extends(N::Encoding),
    TypeInfo::class(N::UTF32Encoding, "System.Text.UTF32Encoding").extends(N::Encoding),
    TypeInfo::class(N::Latin1Encoding, "System.Text.Latin1Encoding").extends(N::Encoding),
];
