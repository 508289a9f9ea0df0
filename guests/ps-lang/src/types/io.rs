//! `System.IO`: paths, files, directories, readers and writers; encodings.

use std::rc::Rc;

use super::args::{at, boolean, bytes, integer, string};
use super::declare::Declared::{self, Method, New, Property, Static, StaticProperty};
use super::net::{Net, StreamData, StreamKind, file_value};
use super::{TypeInfo, registry};
use crate::cmdlets::encoding::{decode, encode};
use crate::eval::Interp;
use crate::eval::error::{R, net};
use crate::value::{DateKind, DateTime, Value, text};

pub const TYPES: &[TypeInfo] = &[
    TypeInfo::class("System.IO.Path", PATH),
    TypeInfo::class("System.IO.File", FILE),
    TypeInfo::class("System.IO.Directory", DIRECTORY),
    TypeInfo::class("System.IO.FileSystemInfo", ENTRY),
    TypeInfo::class("System.IO.FileInfo", FILE_INFO).extends("System.IO.FileSystemInfo"),
    TypeInfo::class("System.IO.DirectoryInfo", DIRECTORY_INFO).extends("System.IO.FileSystemInfo"),
    TypeInfo::class("System.IO.StreamReader", READER),
    TypeInfo::class("System.IO.StringReader", READER),
    TypeInfo::class("System.IO.StreamWriter", WRITER),
    TypeInfo::class("System.IO.MemoryStream", MEMORY),
    TypeInfo::flags(
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
    TypeInfo::enumeration("System.IO.SearchOption", &[("TopDirectoryOnly", 0), ("AllDirectories", 1)]),
    TypeInfo::class("System.Text.Encoding", ENCODING),
    TypeInfo::class(
        "System.Text.UTF8Encoding",
        &[
            New("UTF8Encoding()", |_, _| Ok(Value::net(Net::Encoding("utf-8")))),
            New("UTF8Encoding(bool encoderShouldEmitUTF8Identifier)", |_, a| {
                Ok(Value::net(Net::Encoding(if boolean(a, 0) { "utf-8-bom" } else { "utf-8" })))
            }),
        ],
    )
    .extends("System.Text.Encoding"),
    TypeInfo::class(
        "System.Text.ASCIIEncoding",
        &[New("ASCIIEncoding()", |_, _| Ok(Value::net(Net::Encoding("us-ascii"))))],
    )
    .extends("System.Text.Encoding"),
    TypeInfo::class(
        "System.Text.UnicodeEncoding",
        &[New("UnicodeEncoding()", |_, _| Ok(Value::net(Net::Encoding("utf-16"))))],
    )
    .extends("System.Text.Encoding"),
    TypeInfo::class("System.Text.UTF32Encoding", &[]).extends("System.Text.Encoding"),
    TypeInfo::class("System.Text.Latin1Encoding", &[]).extends("System.Text.Encoding"),
];

fn base_name(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

fn extension(path: &str) -> &str {
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    name.rfind('.').filter(|at| at + 1 < name.len()).and_then(|at| name.get(at..)).unwrap_or_default()
}

fn stem(path: &str) -> &str {
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    name.rfind('.').and_then(|at| name.get(..at)).unwrap_or(name)
}

fn combine(args: &[Value]) -> String {
    let mut out = String::new();
    for part in args {
        let part = text(part);
        if part.starts_with('/') || out.is_empty() {
            out = part;
        } else if !part.is_empty() {
            if !out.ends_with('/') {
                out.push('/');
            }
            out.push_str(&part);
        }
    }
    out
}

const PATH: &[Declared] = &[
    Static("string Combine(params string[] paths)", |_, a| Ok(Value::from(combine(a)))),
    Static("string Join(params string[] paths)", |_, a| Ok(Value::from(combine(a)))),
    Static("string GetFileName(string path)", |_, a| {
        Ok(Value::from(string(a, 0).rsplit('/').next().unwrap_or_default()))
    }),
    Static("string GetFileNameWithoutExtension(string path)", |_, a| Ok(Value::from(stem(&string(a, 0))))),
    Static("string GetExtension(string path)", |_, a| Ok(Value::from(extension(&string(a, 0))))),
    Static("string GetDirectoryName(string path)", |_, a| {
        Ok(Value::from(
            string(a, 0).rsplit_once('/').map_or("", |(dir, _)| if dir.is_empty() { "/" } else { dir }),
        ))
    }),
    Static("string GetFullPath(string path)", |it, a| Ok(Value::from(it.full_path(&string(a, 0))))),
    Static("string GetTempPath()", |it, _| {
        Ok(Value::from(format!("{}/", it.host.temporary_directory().trim_end_matches('/'))))
    }),
    Static("string GetTempFileName()", |it, _| {
        let path = format!(
            "{}/tmp{:08x}.tmp",
            it.host.temporary_directory().trim_end_matches('/'),
            it.host.random() as u32
        );
        write(it, &path, &[], false)?;
        Ok(Value::from(path))
    }),
    Static("string GetRandomFileName()", |it, _| {
        Ok(Value::from(format!("{:08x}.{:03x}", it.host.random() as u32, it.host.random() & 0xfff)))
    }),
    Static("string GetPathRoot(string path)", |_, a| {
        Ok(Value::from(if string(a, 0).starts_with('/') { "/" } else { "" }))
    }),
    Static("string GetRelativePath(string relativeTo, string path)", |it, a| {
        let (from, to) = (it.full_path(&string(a, 0)), it.full_path(&string(a, 1)));
        Ok(Value::from(crate::cmdlets::items::relative(&from, &to).trim_start_matches("./").to_owned()))
    }),
    Static("string ChangeExtension(string path, string extension)", |_, a| {
        let path = string(a, 0);
        let cut = path.len() - extension(&path).len();
        let new = string(a, 1);
        let dot = if new.starts_with('.') || at(a, 1).is_null() { "" } else { "." };
        Ok(Value::from(format!("{}{dot}{new}", path.get(..cut).unwrap_or_default())))
    }),
    Static("bool HasExtension(string path)", |_, a| Ok(Value::Bool(!extension(&string(a, 0)).is_empty()))),
    Static("bool IsPathRooted(string path)", |_, a| Ok(Value::Bool(string(a, 0).starts_with('/')))),
    Static("bool IsPathFullyQualified(string path)", |_, a| Ok(Value::Bool(string(a, 0).starts_with('/')))),
    Static("char[] GetInvalidFileNameChars()", |_, _| {
        Ok(Value::array(vec![Value::Char(0), Value::Char(u16::from(b'/'))]))
    }),
    Static("char[] GetInvalidPathChars()", |_, _| Ok(Value::array(vec![Value::Char(0)]))),
    StaticProperty("char DirectorySeparatorChar", |_, _| Ok(Value::Char(u16::from(b'/')))),
    StaticProperty("char AltDirectorySeparatorChar", |_, _| Ok(Value::Char(u16::from(b'/')))),
    StaticProperty("char PathSeparator", |_, _| Ok(Value::Char(u16::from(b':')))),
];

fn failed<T>(path: &str, why: &std::io::Error, is_dir: bool) -> R<T> {
    match why.kind() {
        std::io::ErrorKind::NotFound if is_dir => net(
            "System.IO.DirectoryNotFoundException",
            format!("Could not find a part of the path '{path}'."),
        ),
        std::io::ErrorKind::NotFound => {
            net("System.IO.FileNotFoundException", format!("Could not find file '{path}'."))
        }
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
            net("System.UnauthorizedAccessException", format!("Access to the path '{path}' is denied."))
        }
        _ => net("System.IO.IOException", format!("{why} : '{path}'")),
    }
}

fn read(it: &mut Interp, path: &str) -> R<Vec<u8>> {
    let full = it.full_path(path);
    match it.host.read(&full) {
        Ok(bytes) => Ok(bytes),
        Err(why) => {
            let parent = full
                .rsplit_once('/')
                .map_or("/", |(dir, _)| if dir.is_empty() { "/" } else { dir })
                .to_owned();
            let missing_dir = it.host.metadata(&parent).is_none();
            failed(&full, &why, missing_dir)
        }
    }
}

fn write(it: &mut Interp, path: &str, bytes: &[u8], append: bool) -> R<Value> {
    let full = it.full_path(path);
    match it.host.write(&full, bytes, append) {
        Ok(()) => Ok(Value::Void),
        Err(why) => failed(&full, &why, true),
    }
}

fn encoding_at(args: &[Value], index: usize) -> &'static str {
    match args.get(index).map(Value::base) {
        Some(Value::Net(net)) => match &**net {
            Net::Encoding(name) => name,
            _ => "utf-8",
        },
        _ => "utf-8",
    }
}

fn lines(it: &mut Interp, value: &Value) -> String {
    let mut out = String::new();
    for item in it.enumerate(value) {
        out.push_str(&it.to_text(&item));
        out.push('\n');
    }
    out
}

fn ticks(it: &mut Interp, path: &str, kind: DateKind) -> R<Value> {
    let full = it.full_path(path);
    let ticks = it.host.metadata(&full).map_or(504_911_232_000_000_000, |m| m.modified);
    Ok(DateTime::new(ticks, kind).map_or(Value::Null, Value::DateTime))
}

const FILE: &[Declared] = &[
    Static("bool Exists(string path)", |it, a| {
        Ok(Value::Bool(!string(a, 0).is_empty() && it.is_file(&string(a, 0))))
    }),
    Static("string ReadAllText(string path)", |it, a| {
        read(it, &string(a, 0)).map(|b| Value::from(decode(&b, "")))
    }),
    Static("string ReadAllText(string path, System.Text.Encoding encoding)", |it, a| {
        read(it, &string(a, 0)).map(|b| Value::from(decode(&b, encoding_at(a, 1))))
    }),
    Static("string[] ReadAllLines(string path)", |it, a| {
        read(it, &string(a, 0)).map(|b| Value::strings(decode(&b, "").lines().map(str::to_owned)))
    }),
    Static("string[] ReadAllLines(string path, System.Text.Encoding encoding)", |it, a| {
        read(it, &string(a, 0))
            .map(|b| Value::strings(decode(&b, encoding_at(a, 1)).lines().map(str::to_owned)))
    }),
    Static("string[] ReadLines(string path)", |it, a| {
        read(it, &string(a, 0)).map(|b| Value::strings(decode(&b, "").lines().map(str::to_owned)))
    }),
    Static("byte[] ReadAllBytes(string path)", |it, a| read(it, &string(a, 0)).map(|b| Value::bytes(&b))),
    Static("void WriteAllText(string path, string contents)", |it, a| {
        write(it, &string(a, 0), string(a, 1).as_bytes(), false)
    }),
    Static("void WriteAllText(string path, string contents, System.Text.Encoding encoding)", |it, a| {
        write(it, &string(a, 0), &encode(&string(a, 1), encoding_at(a, 2), true), false)
    }),
    Static("void WriteAllLines(string path, System.Collections.IEnumerable contents)", |it, a| {
        let body = lines(it, &at(a, 1));
        write(it, &string(a, 0), body.as_bytes(), false)
    }),
    Static(
        "void WriteAllLines(string path, System.Collections.IEnumerable contents, System.Text.Encoding encoding)",
        |it, a| {
            let body = lines(it, &at(a, 1));
            write(it, &string(a, 0), &encode(&body, encoding_at(a, 2), true), false)
        },
    ),
    Static("void WriteAllBytes(string path, byte[] bytes)", |it, a| {
        write(it, &string(a, 0), &bytes(&at(a, 1)), false)
    }),
    Static("void AppendAllText(string path, string contents)", |it, a| {
        write(it, &string(a, 0), string(a, 1).as_bytes(), true)
    }),
    Static("void AppendAllLines(string path, System.Collections.IEnumerable contents)", |it, a| {
        let body = lines(it, &at(a, 1));
        write(it, &string(a, 0), body.as_bytes(), true)
    }),
    Static("void Delete(string path)", |it, a| {
        let full = it.full_path(&string(a, 0));
        match it.host.remove_file(&full) {
            Err(why) if why.kind() != std::io::ErrorKind::NotFound => failed(&full, &why, false),
            _ => Ok(Value::Void),
        }
    }),
    Static("void Copy(string sourceFileName, string destFileName)", |it, a| copy(it, a, false)),
    Static("void Copy(string sourceFileName, string destFileName, bool overwrite)", |it, a| {
        copy(it, a, boolean(a, 2))
    }),
    Static("void Move(string sourceFileName, string destFileName)", |it, a| {
        let (from, to) = (it.full_path(&string(a, 0)), it.full_path(&string(a, 1)));
        match it.host.rename(&from, &to) {
            Ok(()) => Ok(Value::Void),
            Err(why) => failed(&from, &why, false),
        }
    }),
    Static("datetime GetLastWriteTime(string path)", |it, a| ticks(it, &string(a, 0), DateKind::Local)),
    Static("datetime GetLastWriteTimeUtc(string path)", |it, a| ticks(it, &string(a, 0), DateKind::Utc)),
    Static("datetime GetCreationTime(string path)", |it, a| ticks(it, &string(a, 0), DateKind::Local)),
    Static("System.IO.StreamReader OpenText(string path)", |it, a| open_reader(it, &string(a, 0))),
    Static("System.IO.StreamWriter CreateText(string path)", |it, a| open_writer(it, &string(a, 0), false)),
    Static("System.IO.StreamWriter AppendText(string path)", |it, a| open_writer(it, &string(a, 0), true)),
];

fn copy(it: &mut Interp, a: &[Value], overwrite: bool) -> R<Value> {
    let body = read(it, &string(a, 0))?;
    let to = it.full_path(&string(a, 1));
    if !overwrite && it.is_file(&to) {
        return net("System.IO.IOException", format!("The file '{to}' already exists."));
    }
    write(it, &to, &body, false)
}

fn listed(it: &mut Interp, a: &[Value], files: bool, dirs: bool) -> R<Value> {
    let pattern = crate::eval::operators::Wildcard::new(
        &if a.len() > 1 { string(a, 1).to_string() } else { "*".to_owned() },
        true,
    );
    let deep = integer(a, 2) == 1;
    let root = string(a, 0).to_string();
    let full = it.full_path(&root);
    let mut found = Vec::new();
    let mut left = vec![(full, root.trim_end_matches('/').to_owned())];
    while let Some((dir, shown)) = left.pop() {
        let names = match it.host.list(&dir) {
            Ok(names) => names,
            Err(why) => return failed(&dir, &why, true),
        };
        for name in names {
            let (path, shown) = (format!("{}/{name}", dir.trim_end_matches('/')), format!("{shown}/{name}"));
            let is_dir = it.host.metadata(&path).is_some_and(|m| m.is_dir);
            if (is_dir && dirs || !is_dir && files) && pattern.matches(&name) {
                found.push(shown.clone());
            }
            if is_dir && deep {
                left.push((path, shown));
            }
        }
    }
    found.sort();
    Ok(Value::strings(found))
}

const DIRECTORY: &[Declared] = &[
    Static("bool Exists(string path)", |it, a| {
        let full = it.full_path(&string(a, 0));
        Ok(Value::Bool(it.host.metadata(&full).is_some_and(|m| m.is_dir)))
    }),
    Static("System.IO.DirectoryInfo CreateDirectory(string path)", |it, a| {
        let full = it.full_path(&string(a, 0));
        match crate::cmdlets::items::create_dirs(it, &full) {
            Ok(()) => Ok(file_value(it, &full, true, None)),
            Err(why) => failed(&full, &why, true),
        }
    }),
    Static("string[] GetFiles(string path)", |it, a| listed(it, a, true, false)),
    Static("string[] GetFiles(string path, string searchPattern)", |it, a| listed(it, a, true, false)),
    Static(
        "string[] GetFiles(string path, string searchPattern, System.IO.SearchOption searchOption)",
        |it, a| listed(it, a, true, false),
    ),
    Static("string[] EnumerateFiles(string path)", |it, a| listed(it, a, true, false)),
    Static("string[] EnumerateFiles(string path, string searchPattern)", |it, a| listed(it, a, true, false)),
    Static(
        "string[] EnumerateFiles(string path, string searchPattern, System.IO.SearchOption searchOption)",
        |it, a| listed(it, a, true, false),
    ),
    Static("string[] GetDirectories(string path)", |it, a| listed(it, a, false, true)),
    Static("string[] GetDirectories(string path, string searchPattern)", |it, a| listed(it, a, false, true)),
    Static("string[] GetFileSystemEntries(string path)", |it, a| listed(it, a, true, true)),
    Static("void Delete(string path)", |it, a| remove(it, &string(a, 0), false)),
    Static("void Delete(string path, bool recursive)", |it, a| remove(it, &string(a, 0), boolean(a, 1))),
    Static("string GetCurrentDirectory()", |it, _| Ok(Value::from(it.location.current.clone()))),
    Static("void SetCurrentDirectory(string path)", |_, _| Ok(Value::Void)),
    Static("object GetParent(string path)", |it, a| {
        let full = it.full_path(&string(a, 0));
        let parent =
            full.rsplit_once('/').map_or("/", |(d, _)| if d.is_empty() { "/" } else { d }).to_owned();
        Ok(file_value(it, &parent, true, None))
    }),
];

fn remove(it: &mut Interp, path: &str, deep: bool) -> R<Value> {
    let full = it.full_path(path);
    if !deep && it.host.list(&full).is_ok_and(|names| !names.is_empty()) {
        return net("System.IO.IOException", format!("Directory not empty : '{full}'"));
    }
    match crate::cmdlets::items::remove_tree(it, &full) {
        Ok(()) => Ok(Value::Void),
        Err(why) => failed(&full, &why, true),
    }
}

fn path_of(value: &Value) -> String {
    match value.base() {
        Value::Net(net) => match &**net {
            Net::File(file) => file.path.clone(),
            _ => String::new(),
        },
        _ => String::new(),
    }
}

fn meta(it: &mut Interp, value: &Value) -> Option<crate::host::Meta> {
    if let Value::Net(net) = value.base()
        && let Net::File(file) = &**net
    {
        let kept = file.meta.borrow().clone();
        return kept.or_else(|| it.host.metadata(&file.path));
    }
    None
}

fn modified(it: &mut Interp, t: &Value, kind: DateKind) -> R<Value> {
    let ticks = meta(it, t).map_or(504_911_232_000_000_000, |m| m.modified);
    Ok(DateTime::new(ticks, kind).map_or(Value::Null, Value::DateTime))
}

fn set_modified(it: &mut Interp, t: &Value, a: &[Value]) -> R<Value> {
    if let Value::DateTime(date) = at(a, 0).base() {
        let path = path_of(t);
        if let Err(why) = it.host.set_modified(&path, date.ticks()) {
            return failed(&path, &why, false);
        }
        if let Value::Net(net) = t.base()
            && let Net::File(file) = &**net
            && let Some(meta) = file.meta.borrow_mut().as_mut()
        {
            meta.modified = date.ticks();
        }
    }
    Ok(Value::Void)
}

const ENTRY: &[Declared] = &[
    Property("string FullName", |_, t, _| Ok(Value::from(path_of(t)))),
    Property("string Name", |_, t, _| Ok(Value::from(base_name(&path_of(t))))),
    Property("string Extension", |_, t, _| Ok(Value::from(extension(&path_of(t))))),
    Property("string PSPath", |_, t, _| {
        Ok(Value::from(format!("Microsoft.PowerShell.Core\\FileSystem::{}", path_of(t))))
    }),
    Property("string PSParentPath", |_, t, _| {
        Ok(Value::from(format!(
            "Microsoft.PowerShell.Core\\FileSystem::{}",
            path_of(t).rsplit_once('/').map_or("/", |(d, _)| if d.is_empty() { "/" } else { d })
        )))
    }),
    Property("string PSChildName", |_, t, _| Ok(Value::from(base_name(&path_of(t))))),
    Property("bool PSIsContainer", |_, t, _| {
        Ok(Value::Bool(matches!(t.base(), Value::Net(net) if matches!(&**net, Net::File(f) if f.is_dir))))
    }),
    Property("bool Exists", |it, t, _| {
        let path = path_of(t);
        Ok(Value::Bool(it.host.metadata(&path).is_some()))
    }),
    Declared::Settable("datetime LastWriteTime", |it, t, _| modified(it, t, DateKind::Local), set_modified),
    Declared::Settable("datetime LastWriteTimeUtc", |it, t, _| modified(it, t, DateKind::Utc), set_modified),
    Property("datetime LastAccessTime", |it, t, _| modified(it, t, DateKind::Local)),
    Property("datetime CreationTime", |it, t, _| modified(it, t, DateKind::Local)),
    Property("datetime CreationTimeUtc", |it, t, _| modified(it, t, DateKind::Utc)),
    Property("System.IO.FileAttributes Attributes", |it, t, _| {
        Ok(registry::enum_value(
            "System.IO.FileAttributes",
            match meta(it, t) {
                Some(m) if m.is_dir => 16,
                Some(m) if m.read_only => 1,
                _ => 128,
            },
        ))
    }),
    Property("string Mode", |it, t, _| {
        Ok(Value::from(match meta(it, t) {
            Some(m) if m.is_dir => "d----",
            Some(m) if m.read_only => "--r--",
            _ => "-----",
        }))
    }),
    Property("string BaseName", |_, t, _| {
        let path = path_of(t);
        let is_dir = matches!(t.base(), Value::Net(net) if matches!(&**net, Net::File(f) if f.is_dir));
        Ok(Value::from(if is_dir { base_name(&path) } else { stem(&path) }))
    }),
    Property("string LinkType", |_, _, _| Ok(Value::Null)),
    Property("string Target", |_, _, _| Ok(Value::Null)),
    Method("void Delete()", |it, t, _| {
        let path = path_of(t);
        remove(it, &path, false).or_else(|_| {
            let path = path_of(t);
            match it.host.remove_file(&path) {
                Ok(()) => Ok(Value::Void),
                Err(why) => failed(&path, &why, false),
            }
        })
    }),
    Method("void Refresh()", |it, t, _| {
        if let Value::Net(net) = t.base()
            && let Net::File(file) = &**net
        {
            *file.meta.borrow_mut() = it.host.metadata(&file.path);
        }
        Ok(Value::Void)
    }),
];

fn parent(it: &mut Interp, t: &Value) -> Value {
    let path = path_of(t);
    match path.rsplit_once('/') {
        _ if path == "/" => Value::Null,
        Some(("", _)) => file_value(it, "/", true, None),
        Some((dir, _)) => file_value(it, dir, true, None),
        None => Value::Null,
    }
}

const FILE_INFO: &[Declared] = &[
    New("FileInfo(string fileName)", |it, a| {
        let full = it.full_path(&string(a, 0));
        Ok(file_value(it, &full, false, Some(string(a, 0).to_string())))
    }),
    Property("long Length", |it, t, _| match meta(it, t) {
        Some(m) => Ok(Value::Long(m.size as i64)),
        None => net("System.IO.FileNotFoundException", format!("Could not find file '{}'.", path_of(t))),
    }),
    Property("string DirectoryName", |_, t, _| {
        Ok(Value::from(path_of(t).rsplit_once('/').map_or("", |(d, _)| if d.is_empty() { "/" } else { d })))
    }),
    Property("System.IO.DirectoryInfo Directory", |it, t, _| Ok(parent(it, t))),
    Property("bool IsReadOnly", |it, t, _| Ok(Value::Bool(meta(it, t).is_some_and(|m| m.read_only)))),
    Method("System.IO.FileInfo CopyTo(string destFileName)", |it, t, a| {
        copy(it, &[Value::from(path_of(t)), at(a, 0)], false)?;
        let full = it.full_path(&string(a, 0));
        Ok(file_value(it, &full, false, None))
    }),
    Method("void MoveTo(string destFileName)", |it, t, a| {
        let (from, to) = (path_of(t), it.full_path(&string(a, 0)));
        match it.host.rename(&from, &to) {
            Ok(()) => Ok(Value::Void),
            Err(why) => failed(&from, &why, false),
        }
    }),
    Method("System.IO.StreamReader OpenText()", |it, t, _| open_reader(it, &path_of(t))),
];

const DIRECTORY_INFO: &[Declared] = &[
    New("DirectoryInfo(string path)", |it, a| {
        let full = it.full_path(&string(a, 0));
        Ok(file_value(it, &full, true, Some(string(a, 0).to_string())))
    }),
    Property("System.IO.DirectoryInfo Parent", |it, t, _| Ok(parent(it, t))),
    Method("object[] GetFiles()", |it, t, _| children(it, t, false)),
    Method("object[] GetDirectories()", |it, t, _| children(it, t, true)),
    Method("void Create()", |it, t, _| {
        let path = path_of(t);
        match crate::cmdlets::items::create_dirs(it, &path) {
            Ok(()) => Ok(Value::Void),
            Err(why) => failed(&path, &why, true),
        }
    }),
];

fn children(it: &mut Interp, t: &Value, dirs: bool) -> R<Value> {
    let path = path_of(t);
    let names = match it.host.list(&path) {
        Ok(names) => names,
        Err(why) => return failed(&path, &why, true),
    };
    let mut found = Vec::new();
    for name in names {
        let full = format!("{}/{name}", path.trim_end_matches('/'));
        if it.host.metadata(&full).is_some_and(|m| m.is_dir == dirs) {
            found.push(file_value(it, &full, dirs, None));
        }
    }
    Ok(Value::array(found))
}

fn open_reader(it: &mut Interp, path: &str) -> R<Value> {
    let bytes = decode(&read(it, path)?, "").into_bytes();
    Ok(Value::net(Net::Stream(
        StreamData { path: Some(path.to_owned()), bytes, kind: StreamKind::Reader, ..StreamData::default() }
            .into(),
    )))
}

fn open_writer(it: &mut Interp, path: &str, append: bool) -> R<Value> {
    let full = it.full_path(path);
    write(it, &full, &[], append)?;
    Ok(Value::net(Net::Stream(
        StreamData { path: Some(full), kind: StreamKind::Writer, ..StreamData::default() }.into(),
    )))
}

fn stream<T>(value: &Value, body: impl FnOnce(&mut StreamData) -> T) -> Option<T> {
    match value.base() {
        Value::Net(net) => match &**net {
            Net::Stream(data) => Some(body(&mut data.borrow_mut())),
            _ => None,
        },
        _ => None,
    }
}

fn rest(data: &mut StreamData) -> String {
    let text = String::from_utf8_lossy(data.bytes.get(data.at..).unwrap_or_default()).into_owned();
    data.at = data.bytes.len();
    text
}

fn read_line(data: &mut StreamData) -> Value {
    let left = data.bytes.get(data.at..).unwrap_or_default();
    if left.is_empty() {
        return Value::Null;
    }
    let length = left.iter().position(|b| *b == b'\n').unwrap_or(left.len());
    let line =
        String::from_utf8_lossy(left.get(..length).unwrap_or_default()).trim_end_matches('\r').to_owned();
    data.at = (data.at + length + 1).min(data.bytes.len());
    Value::from(line)
}

const READER: &[Declared] = &[
    New("StreamReader(object source)", |it, a| match at(a, 0).base() {
        Value::Net(_) => {
            let bytes =
                stream(&at(a, 0), |s| s.bytes.get(s.at..).unwrap_or_default().to_vec()).unwrap_or_default();
            Ok(Value::net(Net::Stream(
                StreamData { bytes, kind: StreamKind::Reader, ..StreamData::default() }.into(),
            )))
        }
        other if it.generic.as_ref().is_some_and(|t| t.is("System.IO.StringReader")) => {
            Ok(Value::net(Net::Stream(
                StreamData {
                    bytes: text(other).into_bytes(),
                    kind: StreamKind::Reader,
                    ..StreamData::default()
                }
                .into(),
            )))
        }
        other => open_reader(it, &text(other)),
    }),
    New("StreamReader(object source, object encoding)", |it, a| open_reader(it, &string(a, 0))),
    Property("bool EndOfStream", |_, t, _| {
        Ok(Value::Bool(stream(t, |s| s.at >= s.bytes.len()).unwrap_or(true)))
    }),
    Method("string ReadLine()", |_, t, _| Ok(stream(t, read_line).unwrap_or_default())),
    Method("string ReadToEnd()", |_, t, _| Ok(stream(t, rest).map_or(Value::Null, Value::from))),
    Method("int Peek()", |_, t, _| {
        Ok(Value::Int(stream(t, |s| s.bytes.get(s.at).map_or(-1, |b| i32::from(*b))).unwrap_or(-1)))
    }),
    Method("int Read()", |_, t, _| {
        Ok(Value::Int(
            stream(t, |s| {
                let byte = s.bytes.get(s.at).map_or(-1, |b| i32::from(*b));
                s.at += 1;
                byte
            })
            .unwrap_or(-1),
        ))
    }),
    Method("void Close()", |_, _, _| Ok(Value::Void)),
    Method("void Dispose()", |_, _, _| Ok(Value::Void)),
];

fn put(it: &mut Interp, t: &Value, text: &str) -> R<Value> {
    let path = stream(t, |s| {
        if s.path.is_none() {
            s.bytes.extend_from_slice(text.as_bytes());
        }
        s.path.clone()
    });
    match path.flatten() {
        Some(path) => write(it, &path, text.as_bytes(), true),
        None => Ok(Value::Void),
    }
}

const WRITER: &[Declared] = &[
    New("StreamWriter(object target)", |it, a| match at(a, 0).base() {
        Value::Net(_) => Ok(at(a, 0)),
        other => open_writer(it, &text(other), false),
    }),
    New("StreamWriter(object target, bool append)", |it, a| open_writer(it, &string(a, 0), boolean(a, 1))),
    New("StreamWriter(object target, bool append, object encoding)", |it, a| {
        open_writer(it, &string(a, 0), boolean(a, 1))
    }),
    Declared::Settable("bool AutoFlush", |_, _, _| Ok(Value::Bool(true)), |_, _, _| Ok(Value::Void)),
    Method("void Write(object value)", |it, t, a| {
        let text = it.to_text(&at(a, 0));
        put(it, t, &text)
    }),
    Method("void WriteLine()", |it, t, _| put(it, t, "\n")),
    Method("void WriteLine(object value)", |it, t, a| {
        let text = it.to_text(&at(a, 0));
        put(it, t, &format!("{text}\n"))
    }),
    Method("void WriteLine(string format, params object[] args)", |it, t, a| {
        match it.format(&string(a, 0), a.get(1..).unwrap_or_default()) {
            Ok(text) => put(it, t, &format!("{text}\n")),
            Err(why) => net("System.FormatException", why),
        }
    }),
    Method("void Flush()", |_, _, _| Ok(Value::Void)),
    Method("void Close()", |_, _, _| Ok(Value::Void)),
    Method("void Dispose()", |_, _, _| Ok(Value::Void)),
];

const MEMORY: &[Declared] = &[
    New("MemoryStream()", |_, _| Ok(Value::net(Net::Stream(StreamData::default().into())))),
    New("MemoryStream(byte[] buffer)", |_, a| {
        Ok(Value::net(Net::Stream(StreamData { bytes: bytes(&at(a, 0)), ..StreamData::default() }.into())))
    }),
    Property("long Length", |_, t, _| Ok(Value::Long(stream(t, |s| s.bytes.len() as i64).unwrap_or(0)))),
    Declared::Settable(
        "long Position",
        |_, t, _| Ok(Value::Long(stream(t, |s| s.at as i64).unwrap_or(0))),
        |_, t, a| {
            stream(t, |s| s.at = integer(a, 0).max(0) as usize);
            Ok(Value::Void)
        },
    ),
    Method("byte[] ToArray()", |_, t, _| {
        Ok(Value::bytes(&stream(t, |s| s.bytes.clone()).unwrap_or_default()))
    }),
    Method("void Write(byte[] buffer, int offset, int count)", |_, t, a| {
        let more: Vec<u8> = bytes(&at(a, 0))
            .into_iter()
            .skip(integer(a, 1).max(0) as usize)
            .take(integer(a, 2).max(0) as usize)
            .collect();
        stream(t, |s| {
            s.bytes.extend(more);
            s.at = s.bytes.len();
        });
        Ok(Value::Void)
    }),
    Method("void WriteByte(byte value)", |_, t, a| {
        stream(t, |s| s.bytes.push(integer(a, 0) as u8));
        Ok(Value::Void)
    }),
    Method("void Close()", |_, _, _| Ok(Value::Void)),
    Method("void Dispose()", |_, _, _| Ok(Value::Void)),
];

fn own(value: &Value) -> &'static str {
    encoding_at(std::slice::from_ref(value), 0)
}

const ENCODING: &[Declared] = &[
    StaticProperty("System.Text.Encoding UTF8", |_, _| Ok(Value::net(Net::Encoding("utf-8-bom")))),
    StaticProperty("System.Text.Encoding ASCII", |_, _| Ok(Value::net(Net::Encoding("us-ascii")))),
    StaticProperty("System.Text.Encoding Unicode", |_, _| Ok(Value::net(Net::Encoding("utf-16")))),
    StaticProperty("System.Text.Encoding BigEndianUnicode", |_, _| Ok(Value::net(Net::Encoding("utf-16BE")))),
    StaticProperty("System.Text.Encoding UTF32", |_, _| Ok(Value::net(Net::Encoding("utf-32")))),
    StaticProperty("System.Text.Encoding Latin1", |_, _| Ok(Value::net(Net::Encoding("iso-8859-1")))),
    StaticProperty("System.Text.Encoding Default", |_, _| Ok(Value::net(Net::Encoding("utf-8")))),
    Static("System.Text.Encoding GetEncoding(string name)", |_, a| {
        match crate::cmdlets::encoding::named(&string(a, 0)) {
            Some(name) => Ok(Value::net(Net::Encoding(name))),
            None => net(
                "System.ArgumentException",
                format!("'{}' is not a supported encoding name. (Parameter 'name')", string(a, 0)),
            ),
        }
    }),
    Property("string WebName", |_, t, _| Ok(Value::from(own(t).trim_end_matches("-bom")))),
    Property("string BodyName", |_, t, _| Ok(Value::from(own(t).trim_end_matches("-bom")))),
    Property("string EncodingName", |_, t, _| {
        Ok(Value::from(match own(t) {
            "us-ascii" => "US-ASCII",
            "utf-16" => "Unicode",
            "iso-8859-1" => "Western European (ISO)",
            _ => "Unicode (UTF-8)",
        }))
    }),
    Property("int CodePage", |_, t, _| {
        Ok(Value::Int(match own(t) {
            "us-ascii" => 20127,
            "utf-16" => 1200,
            "iso-8859-1" => 28591,
            _ => 65001,
        }))
    }),
    Method("byte[] GetBytes(string s)", |_, t, a| Ok(Value::bytes(&encode(&string(a, 0), own(t), false)))),
    Method("byte[] GetBytes(char[] chars)", |_, t, a| {
        let text: String = at(a, 0).to_items().iter().map(text).collect();
        Ok(Value::bytes(&encode(&text, own(t), false)))
    }),
    Method("string GetString(byte[] bytes)", |_, t, a| Ok(Value::from(decode(&bytes(&at(a, 0)), own(t))))),
    Method("string GetString(byte[] bytes, int index, int count)", |_, t, a| {
        let part: Vec<u8> = bytes(&at(a, 0))
            .into_iter()
            .skip(integer(a, 1).max(0) as usize)
            .take(integer(a, 2).max(0) as usize)
            .collect();
        Ok(Value::from(decode(&part, own(t))))
    }),
    Method("int GetByteCount(string s)", |_, t, a| {
        Ok(Value::from(encode(&string(a, 0), own(t), false).len()))
    }),
];

/// A stream as a value.
pub fn stream_value(bytes: Vec<u8>) -> Value {
    Value::Net(Rc::new(Net::Stream(StreamData { bytes, ..StreamData::default() }.into())))
}
