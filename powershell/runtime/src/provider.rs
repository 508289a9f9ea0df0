//! Paths and drives: the location of a script, and the target of a path.

use ps_value::types::NetType;
use std::collections::BTreeMap;

use crate::eval::Interp;
use ps_syntax::symbol::{Sym, same};
use ps_value::block::{FunctionInfo, ScriptBlock};
use ps_value::error::{Category, Fault, R};
use ps_value::{Str, Value, text};

/// The working directory, and the stack of `Push-Location`.
#[derive(Default)]
pub struct Locations {
    pub current: String,
    /// The current drive, if it is not the file system, such as `Env:`.
    pub drive: Option<Drive>,
    pub stack: Vec<(String, Option<Drive>)>,
}

/// The environment as the script sees it: granted variables, and the script's own changes.
#[derive(Default)]
pub struct Environment {
    pub variables: BTreeMap<String, String>,
}

impl Environment {
    pub fn get(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    pub fn set(&mut self, name: &str, value: &Value) {
        let value = text(value);
        if value.is_empty() {
            self.variables.remove(name);
        } else {
            self.variables.insert(name.to_owned(), value);
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drive {
    Env,
    Variable,
    Function,
    Alias,
}

/// The target of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// An absolute path, without `.` and `..`.
    File(String),
    /// A name in a drive. Empty for the drive itself.
    Item(Drive, String),
}

impl Drive {
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "env" => Self::Env,
            "variable" => Self::Variable,
            "function" => Self::Function,
            "alias" => Self::Alias,
            _ => return None,
        })
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Env => "Env",
            Self::Variable => "Variable",
            Self::Function => "Function",
            Self::Alias => "Alias",
        }
    }

    pub fn provider(self) -> &'static str {
        match self {
            Self::Env => "Environment",
            other => other.name(),
        }
    }
}

/// Resolves `.` and `..`, and merges slashes.
pub fn normalize(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    format!("/{}", parts.join("/"))
}

impl Interp {
    /// Returns the target of a path, or an error for a missing drive.
    pub fn place(&mut self, path: &str) -> R<Place> {
        let path = path
            .strip_prefix("Microsoft.PowerShell.Core\\FileSystem::")
            .or_else(|| path.strip_prefix("FileSystem::"))
            .unwrap_or(path);
        if let Some((drive, rest)) = path.split_once(':')
            && !drive.contains(['/', '\\', '.'])
            && !drive.is_empty()
        {
            if let Some(drive) = Drive::parse(drive) {
                return Ok(Place::Item(drive, rest.trim_start_matches([':', '/', '\\']).to_owned()));
            }
            if same(drive, "temp") {
                let dir = self.host.temporary_directory();
                return Ok(Place::File(normalize(&format!("{dir}/{}", rest.replace('\\', "/")))));
            }
            if same(drive, "testdrive") {
                let dir = text(&self.get("TestDrive"));
                return Ok(Place::File(normalize(&format!("{dir}/{}", rest.replace('\\', "/")))));
            }
            let message = format!("Cannot find drive. A drive with the name '{drive}' does not exist.");
            return Fault::new(
                NetType::DriveNotFoundException,
                "DriveNotFound",
                Category::ObjectNotFound,
                message,
            )
            .of(drive)
            .raise();
        }
        if let Some(drive) = self.location.drive
            && !path.starts_with('/')
        {
            return Ok(Place::Item(drive, path.trim_start_matches("./").to_owned()));
        }
        Ok(Place::File(self.full_path(path)))
    }

    /// Returns an absolute path of the file system.
    pub fn full_path(&self, path: &str) -> String {
        let path = path.replace('\\', "/");
        let home = || self.env.get("HOME").unwrap_or_else(|| self.location.current.clone());
        if path == "~" {
            return normalize(&home());
        }
        if let Some(rest) = path.strip_prefix("~/") {
            return normalize(&format!("{}/{rest}", home()));
        }
        if path.starts_with('/') {
            normalize(&path)
        } else {
            normalize(&format!("{}/{path}", self.location.current))
        }
    }

    pub fn is_file(&mut self, path: &str) -> bool {
        let path = self.full_path(path);
        self.host.metadata(&path).is_some_and(|m| !m.is_dir)
    }

    /// Returns the current location, as `Get-Location` does.
    pub fn location_value(&mut self) -> Value {
        let (path, provider, drive) = match self.location.drive {
            Some(drive) => (format!("{}:/", drive.name()), drive.provider(), drive.name()),
            None => (self.location.current.clone(), "FileSystem", "/"),
        };
        let provider = Value::record(
            NetType::ProviderInfo,
            vec![("Name", Value::from(provider)), ("ModuleName", Value::from("Microsoft.PowerShell.Core"))],
        );
        let drive = Value::record(
            NetType::PSDriveInfo,
            vec![("Name", Value::from(drive)), ("Provider", provider.clone()), ("Root", Value::from("/"))],
        );
        Value::record(
            NetType::PathInfo,
            vec![
                ("Path", Value::from(path.as_str())),
                ("Drive", drive),
                ("Provider", provider),
                ("ProviderPath", Value::from(path.as_str())),
            ],
        )
    }

    /// Reads a file as text: UTF-8, or the encoding of its byte order mark.
    pub fn read_text(&mut self, path: &str) -> R<String> {
        let full = match self.place(path)? {
            Place::File(full) => full,
            Place::Item(drive, name) => return Ok(self.drive_text(drive, &name)),
        };
        match self.host.read(&full) {
            Ok(bytes) => Ok(ps_value::encoding::decode(&bytes, "")),
            Err(why) => Err(self.io_fault(&full, &why).into()),
        }
    }

    /// Describes a file error as PowerShell does.
    pub fn io_fault(&mut self, path: &str, why: &std::io::Error) -> Fault {
        match why.kind() {
            std::io::ErrorKind::NotFound => crate::paths::path_not_found(path),
            std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                let message = format!("Access to the path '{path}' is denied.");
                Fault::new(
                    NetType::UnauthorizedAccessException,
                    "UnauthorizedAccess",
                    Category::PermissionDenied,
                    message,
                )
                .of(path)
            }
            _ => {
                Fault::new(NetType::IOException, "IOError", Category::NotSpecified, format!("{path}: {why}"))
                    .of(path)
            }
        }
    }

    pub fn write_text(&mut self, path: &str, text: &str, append: bool) -> R<()> {
        let full = match self.place(path)? {
            Place::File(full) => full,
            Place::Item(drive, name) => {
                return self.set_drive_item(drive, &name, Value::from(text.trim_end_matches('\n')));
            }
        };
        match self.host.write(&full, text.as_bytes(), append) {
            Ok(()) => Ok(()),
            Err(why) => {
                if why.kind() == std::io::ErrorKind::NotFound {
                    let message = format!("Could not find a part of the path '{full}'.");
                    return Fault::new(
                        NetType::DirectoryNotFoundException,
                        "FileOpenFailure",
                        Category::OpenError,
                        message,
                    )
                    .of(full)
                    .raise();
                }
                let fault = self.io_fault(&full, &why);
                Err(Fault { id: "FileOpenFailure".into(), category: Category::OpenError, ..fault }.into())
            }
        }
    }

    pub fn read_drive(&mut self, name: &str) -> R<Value> {
        let text = self.read_text(name)?;
        Ok(Value::from(text))
    }

    pub fn write_drive(&mut self, name: &str, value: &Value) -> R<()> {
        let text = self.to_text(value);
        self.write_text(name, &text, false)
    }

    fn drive_text(&mut self, drive: Drive, name: &str) -> String {
        self.drive_item(drive, name).map(|v| text(&v)).unwrap_or_default()
    }

    /// Returns the value of an item of a drive.
    pub fn drive_item(&mut self, drive: Drive, name: &str) -> Option<Value> {
        match drive {
            Drive::Env => self.env.get(name).map(Value::from),
            Drive::Variable => self.lookup(Sym::of(name)),
            Drive::Function => self.function_value(name),
            Drive::Alias => self.alias_target(name).map(Value::from),
        }
    }

    pub fn set_drive_item(&mut self, drive: Drive, name: &str, value: Value) -> R<()> {
        match drive {
            Drive::Env => self.env.set(name, &value),
            Drive::Variable => self.set_str(name, value)?,
            Drive::Function => self.set_function_value(name, &value)?,
            Drive::Alias => {
                let target = Str::from(text(&value));
                self.scope.set_alias(name, Some(target));
            }
        }
        Ok(())
    }

    pub fn remove_drive_item(&mut self, drive: Drive, name: &str) -> bool {
        match drive {
            Drive::Env => self.env.variables.remove(name).is_some(),
            Drive::Variable => {
                self.locate(Sym::of(name)).is_some_and(|(scope, _)| scope.remove(Sym::of(name)))
            }
            Drive::Function => {
                let sym = Sym::of(name);
                let found = self.scope.clone().outward().find(|s| s.function(sym).is_some());
                found.is_some_and(|scope| {
                    scope.set_function(sym, None);
                    true
                })
            }
            Drive::Alias => {
                let sym = Sym::of(name);
                let found = self.scope.clone().outward().find(|s| s.alias(sym).is_some());
                found.is_some_and(|scope| {
                    scope.set_alias(name, None);
                    true
                })
            }
        }
    }

    /// Returns the names in a drive.
    pub fn drive_names(&mut self, drive: Drive) -> Vec<String> {
        let mut names: Vec<String> = match drive {
            Drive::Env => self.env.variables.keys().cloned().collect(),
            Drive::Variable => {
                let mut names: Vec<String> = Vec::new();
                for scope in self.scope.clone().outward() {
                    for variable in scope.variables.borrow().iter().filter(|v| v.exists) {
                        if !names.iter().any(|n| same(n, &variable.name)) {
                            names.push(variable.name.to_string());
                        }
                    }
                }
                names
            }
            Drive::Function => {
                let mut names: Vec<String> = Vec::new();
                for scope in self.scope.clone().outward() {
                    if let Some(own) = scope.names.borrow().as_ref() {
                        names.extend(own.functions.values().map(|f| f.name.to_string()));
                    }
                }
                names
            }
            Drive::Alias => {
                let mut names: Vec<String> =
                    self.registry.aliases().map(|(name, _)| (*name).to_owned()).collect();
                for scope in self.scope.clone().outward() {
                    if let Some(own) = scope.names.borrow().as_ref() {
                        names.extend(own.aliases.values().map(|(name, _)| name.to_string()));
                    }
                }
                names
            }
        };
        names.sort_by(|a, b| ps_value::compare::text_order(a, b, true));
        names.dedup();
        names
    }

    pub fn function_value(&mut self, name: &str) -> Option<Value> {
        self.find_function(name).map(|f| Value::Block(f.block.clone()))
    }

    pub fn set_function_value(&mut self, name: &str, value: &Value) -> R<()> {
        let (scope, name) = match name.split_once(':') {
            Some((prefix, rest)) if same(prefix, "global") => (self.global.clone(), rest),
            Some((prefix, rest)) if same(prefix, "script") => (self.script_scope(), rest),
            _ => (self.scope.clone(), name),
        };
        let block = match value.base() {
            Value::Block(block) => block.clone(),
            other => {
                let source = ps_syntax::Source::new("", &text(other));
                match ps_syntax::parse(&source) {
                    Ok(block) => ScriptBlock::new(block),
                    Err(errors) => return Err(self.parse_error(&source, &errors)),
                }
            }
        };
        let info = FunctionInfo { name: name.into(), block, filter: false, module: None };
        scope.set_function(Sym::of(name), Some(std::rc::Rc::new(info)));
        Ok(())
    }
}
