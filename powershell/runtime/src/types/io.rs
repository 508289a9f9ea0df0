//! `System.IO`: paths, files, directories, readers and writers; encodings.

use super::Members;
use super::args::{at, boolean, bytes, integer, string};
use super::declare::Declared::{self, Method, New, Property, Static, StaticProperty};
use super::net::file_value;
use super::streams::{ENCODING, MEMORY, READER, WRITER, encoding_at, open_reader, open_writer};
use crate::eval::Interp;
use ps_value::encoding::{decode, encode};
use ps_value::error::{R, net};
use ps_value::net::Net;
use ps_value::types::NetType;
use ps_value::{DateKind, DateTime, Value, text};

pub(super) const MEMBERS: Members = &[
    (NetType::Path, PATH),
    (NetType::File, FILE),
    (NetType::Directory, DIRECTORY),
    (NetType::FileSystemInfo, ENTRY),
    (NetType::FileInfo, FILE_INFO),
    (NetType::DirectoryInfo, DIRECTORY_INFO),
    (NetType::StreamReader, READER),
    (NetType::StringReader, READER),
    (NetType::StreamWriter, WRITER),
    (NetType::MemoryStream, MEMORY),
    (NetType::Encoding, ENCODING),
    (
        NetType::UTF8Encoding,
        &[
            New("UTF8Encoding()", |_, _| Ok(Value::net(Net::Encoding("utf-8")))),
            New("UTF8Encoding(bool encoderShouldEmitUTF8Identifier)", |_, a| {
                Ok(Value::net(Net::Encoding(if boolean(a, 0) { "utf-8-bom" } else { "utf-8" })))
            }),
        ],
    ),
    (NetType::ASCIIEncoding, &[New("ASCIIEncoding()", |_, _| Ok(Value::net(Net::Encoding("us-ascii"))))]),
    (NetType::UnicodeEncoding, &[New("UnicodeEncoding()", |_, _| Ok(Value::net(Net::Encoding("utf-16"))))]),
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
        Ok(Value::from(crate::paths::relative(&from, &to).trim_start_matches("./").to_owned()))
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
        std::io::ErrorKind::NotFound if is_dir => {
            net(NetType::DirectoryNotFoundException, format!("Could not find a part of the path '{path}'."))
        }
        std::io::ErrorKind::NotFound => {
            net(NetType::FileNotFoundException, format!("Could not find file '{path}'."))
        }
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
            net(NetType::UnauthorizedAccessException, format!("Access to the path '{path}' is denied."))
        }
        _ => net(NetType::IOException, format!("{why} : '{path}'")),
    }
}

pub(super) fn read(it: &mut Interp, path: &str) -> R<Vec<u8>> {
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

pub(super) fn write(it: &mut Interp, path: &str, bytes: &[u8], append: bool) -> R<Value> {
    let full = it.full_path(path);
    match it.host.write(&full, bytes, append) {
        Ok(()) => Ok(Value::Void),
        Err(why) => failed(&full, &why, true),
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
        return net(NetType::IOException, format!("The file '{to}' already exists."));
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
        match crate::paths::create_dirs(it, &full) {
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
        return net(NetType::IOException, format!("Directory not empty : '{full}'"));
    }
    match crate::paths::remove_tree(it, &full) {
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
        Ok(super::enum_value(
            NetType::FileAttributes,
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
        None => net(NetType::FileNotFoundException, format!("Could not find file '{}'.", path_of(t))),
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
        match crate::paths::create_dirs(it, &path) {
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
