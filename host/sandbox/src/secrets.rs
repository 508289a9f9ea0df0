//! Values of secrets: read when a request needs one, never kept, never shown; and the file that stores
//! them encrypted.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use stepwell_engine::Configuration;
use stepwell_engine::config::{SecretRef, SecretStore, Setting};
use stepwell_engine::system::{read_text, why};
use zeroize::Zeroizing;

use crate::mask::Needles;
use crate::own_files;

/// Bytes of a key, and of a nonce (XChaCha20-Poly1305).
const KEY: usize = 32;
const NONCE: usize = 24;
/// Maximum bytes of a value that is stored.
pub const MAX_VALUE: usize = 64 << 10;
/// Maximum bytes of the file of a secret, of a store of secrets, and of the file of its key.
const MAX_SECRET: usize = 1 << 20;
const MAX_STORE: usize = 64 << 20;
const MAX_KEY: usize = 4096;

/// The value of a secret, which is overwritten when it is dropped. It has no `Debug` and no `Display`.
#[derive(Clone)]
pub(crate) struct Secret(Zeroizing<String>);

impl Secret {
    pub fn new(value: String) -> Self {
        Self(Zeroizing::new(value))
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Reads the value that `source` refers to.
///
/// # Errors
/// Names the expected place of the value, and never the value.
pub(crate) fn read(config: &Configuration, source: &SecretRef) -> Result<Secret, String> {
    let value = match source.0.split_once(':') {
        Some(("env", variable)) => Zeroizing::new(
            std::env::var(variable).map_err(|_| format!("the environment has no variable {variable}"))?,
        ),
        Some(("file", path)) => Zeroizing::new(
            read_text(Path::new(path), MAX_SECRET)
                .map_err(|error| format!("cannot read the file of the secret: {}", why(&error)))?,
        ),
        Some(("store", kept)) => {
            let store = config.secret_store.as_ref().ok_or("there is no `secret_store`")?;
            SecretFile::read(store)?.get(store, kept)?
        }
        _ => return Err("a secret is `env:NAME`, `file:PATH` or `store:NAME`".to_owned()),
    };
    let value = value.trim_end_matches(['\r', '\n']);
    if value.is_empty() {
        return Err(format!("the secret {} is empty", source.0));
    }
    Ok(Secret::new(value.to_owned()))
}

/// Masks the values of all secrets of a configuration in texts that people see.
#[derive(Default)]
pub struct Mask(Vec<Needles>);

impl Mask {
    /// Reads the secrets. A secret that cannot be read cannot appear in a text either.
    pub fn of(config: &Configuration) -> Self {
        let values = config.references().into_iter().filter_map(|(_, source)| read(config, &source).ok());
        Self(
            values.map(|secret| Needles::of(secret.expose())).filter(|needles| !needles.is_empty()).collect(),
        )
    }

    /// Returns the text with `*` in place of each secret, in each encoding in which it is likely to appear.
    pub fn text(&self, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        for needles in &self.0 {
            needles.mask(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Checks that the value of a secret can be read.
///
/// # Errors
/// Names the expected place of the value, and never the value.
pub fn readable(config: &Configuration, source: &SecretRef) -> Result<(), String> {
    read(config, source).map(drop)
}

/// Returns the text of a setting: its own, or that of the secret that it refers to.
///
/// # Errors
/// Names the expected place of the value, and never the value.
pub fn text(config: &Configuration, setting: &Setting) -> Result<String, String> {
    match setting.reference() {
        Some(source) => Ok(read(config, &source)?.expose().to_owned()),
        None => Ok(setting.0.clone()),
    }
}

/// The file of a [`SecretStore`]: names are readable, values are encrypted with XChaCha20-Poly1305
/// (draft-irtf-cfrg-xchacha), each with a separate nonce and its name as associated data.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretFile {
    version: u32,
    secrets: BTreeMap<String, Sealed>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    nonce: String,
    value: String,
}

impl SecretFile {
    /// Reads the file. A missing file contains nothing.
    ///
    /// # Errors
    /// Fails when the file cannot be read, or has another version.
    pub fn read(store: &SecretStore) -> Result<Self, String> {
        let shown = store.file.display();
        let text = match read_text(&store.file, MAX_STORE) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(Self { version: 1, ..Self::default() });
            }
            Err(error) => return Err(format!("{shown}: {}", why(&error))),
        };
        let file: Self = serde_json::from_str(&text).map_err(|error| format!("{shown}: {error}"))?;
        match file.version {
            1 => Ok(file),
            other => Err(format!("{shown}: it has the version {other}; this program supports version 1")),
        }
    }

    /// Returns the names in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.secrets.keys().map(String::as_str)
    }

    /// Stores a value under a name, and replaces an earlier one. Creates the key file if it is missing.
    ///
    /// # Errors
    /// Fails when the name or the value is invalid, or the files cannot be read or written.
    pub fn set(store: &SecretStore, name: &str, value: &str) -> Result<(), String> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if name.is_empty() || name.len() > 128 || !name.chars().all(fits) {
            return Err(format!("`{name}` is not a name: 1 to 128 letters, digits, `.`, `_` and `-`"));
        }
        if value.is_empty() || value.len() > MAX_VALUE {
            return Err(format!("the value has {} bytes: it must have 1 to {MAX_VALUE}", value.len()));
        }
        let _one = locked(store)?;
        let mut file = Self::read(store)?;
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|error| error.to_string())?;
        let payload = Payload { msg: value.as_bytes(), aad: name.as_bytes() };
        let sealed = cipher(store, true)?.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| "the value cannot be encrypted".to_owned())?;
        let sealed = Sealed { nonce: STANDARD.encode(nonce), value: STANDARD.encode(sealed) };
        file.secrets.insert(name.to_owned(), sealed);
        file.write(store)
    }

    /// Removes a value. Returns false when there is none with that name.
    ///
    /// # Errors
    /// Fails when the file cannot be read or written.
    pub fn remove(store: &SecretStore, name: &str) -> Result<bool, String> {
        let _one = locked(store)?;
        let mut file = Self::read(store)?;
        match file.secrets.remove(name) {
            Some(_) => file.write(store).map(|()| true),
            None => Ok(false),
        }
    }

    fn get(&self, store: &SecretStore, name: &str) -> Result<Zeroizing<String>, String> {
        let sealed = self
            .secrets
            .get(name)
            .ok_or_else(|| format!("the store has no `{name}`: `stepwell secrets set {name}`"))?;
        let broken =
            || format!("`{name}` cannot be decrypted: another key wrote it, or the file was changed");
        let nonce = STANDARD.decode(&sealed.nonce).ok().and_then(|nonce| <[u8; NONCE]>::try_from(nonce).ok());
        let nonce = XNonce::from(nonce.ok_or_else(broken)?);
        let value = STANDARD.decode(&sealed.value).map_err(|_| broken())?;
        let payload = Payload { msg: value.as_slice(), aad: name.as_bytes() };
        let value = cipher(store, false)?.decrypt(&nonce, payload).map_err(|_| broken())?;
        String::from_utf8(value).map(Zeroizing::new).map_err(|error| {
            drop(Zeroizing::new(error.into_bytes()));
            broken()
        })
    }

    fn write(&self, store: &SecretStore) -> Result<(), String> {
        let text = serde_json::to_string_pretty(self).map_err(|error| error.to_string())? + "\n";
        own_files::replace(&store.file, text.as_bytes())
            .map_err(|error| format!("{}: {}", store.file.display(), why(&error)))
    }
}

/// Waits until no other process changes the file. The lock ends with the returned file, or with this process.
fn locked(store: &SecretStore) -> Result<File, String> {
    let path = store.file.with_extension("lock");
    let open = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    let locked = open.and_then(|file| file.lock().map(|()| file));
    locked.map_err(|error| format!("{}: {}", path.display(), why(&error)))
}

/// Returns the cipher with the key of the key file, which is created if `make` is true.
fn cipher(store: &SecretStore, make: bool) -> Result<XChaCha20Poly1305, String> {
    let shown = store.key.display();
    if make && !store.key.exists() {
        let mut key = Zeroizing::new([0; KEY]);
        getrandom::fill(&mut *key).map_err(|error| error.to_string())?;
        let text = Zeroizing::new(STANDARD.encode(key.as_slice()) + "\n");
        own_files::create(&store.key, text.as_bytes())
            .map_err(|error| format!("{shown}: {}", why(&error)))?;
    }
    let metadata = fs::metadata(&store.key).map_err(|error| format!("{shown}: {}", why(&error)))?;
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(format!("{shown}: others may read this key: `chmod 600 {shown}`"));
    }
    let text =
        Zeroizing::new(read_text(&store.key, MAX_KEY).map_err(|error| format!("{shown}: {}", why(&error)))?);
    let wrong = || format!("{shown}: not a key: 32 bytes in base64");
    let key = Zeroizing::new(STANDARD.decode(text.trim()).map_err(|_| wrong())?);
    XChaCha20Poly1305::new_from_slice(&key).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Several processes that set values at once all succeed, and only one key is created.
    #[test]
    fn values_that_are_set_at_once_are_all_kept() {
        let dir = tempfile::tempdir().unwrap();
        let store = SecretStore { file: dir.path().join("secrets.json"), key: dir.path().join("key") };
        std::thread::scope(|scope| {
            for n in 0..16 {
                let store = &store;
                scope.spawn(move || SecretFile::set(store, &format!("s{n}"), "value").unwrap());
            }
        });
        let file = SecretFile::read(&store).unwrap();
        assert_eq!(file.names().count(), 16);
        for n in 0..16 {
            assert_eq!(*file.get(&store, &format!("s{n}")).unwrap(), "value");
        }
    }

    #[test]
    fn values_are_kept_encrypted_and_bound_to_their_names() {
        let dir = tempfile::tempdir().unwrap();
        let store = SecretStore { file: dir.path().join("secrets.json"), key: dir.path().join("key") };
        SecretFile::set(&store, "pat", "correct horse").unwrap();
        SecretFile::set(&store, "other", "battery").unwrap();
        SecretFile::set(&store, "pat", "staple").unwrap();
        let read = |name: &str| SecretFile::read(&store).unwrap().get(&store, name);
        assert_eq!((read("pat").unwrap().as_str(), read("other").unwrap().as_str()), ("staple", "battery"));
        assert!(read("none").unwrap_err().contains("stepwell secrets set none"));
        let text = fs::read_to_string(&store.file).unwrap();
        assert!(!text.contains("staple") && !text.contains(&STANDARD.encode("staple")));
        for path in [&store.file, &store.key] {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        // A value under another name, a changed byte, another key, a key that others may read.
        let mut file = SecretFile::read(&store).unwrap();
        let moved = file.secrets.remove("pat").unwrap();
        file.secrets.insert("other".to_owned(), moved);
        assert!(file.get(&store, "other").unwrap_err().contains("cannot be decrypted"));
        fs::write(&store.key, STANDARD.encode([7; KEY])).unwrap();
        assert!(read("pat").unwrap_err().contains("another key wrote it"));
        fs::write(&store.key, "short").unwrap();
        assert!(read("pat").unwrap_err().contains("32 bytes in base64"));
        fs::set_permissions(&store.key, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(read("pat").unwrap_err().contains("chmod 600"));
        assert!(SecretFile::remove(&store, "pat").unwrap());
        assert!(!SecretFile::remove(&store, "pat").unwrap());
        for (name, value) in [("", "x"), ("a b", "x"), ("../x", "x"), ("x", "")] {
            assert!(SecretFile::set(&store, name, value).is_err(), "{name:?} {value:?}");
        }
    }
}
