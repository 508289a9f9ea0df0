//! API keys, which identify clients.
//!
//! A key is `sw_ID_SECRET`. The store holds its SHA-256 digest, which is enough for a secret of 256 random
//! bits. Only the response to its creation shows the key.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use stepwell_engine::clock::Timestamp;
use stepwell_engine::label;
use stepwell_engine::store::{Change, Expect, Kind};
use zeroize::Zeroizing;

use crate::HostError;
use crate::access::{Access, By, Role};

/// An API key, as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApiKey {
    /// The id, which is part of the key.
    pub id: String,
    /// The display name.
    pub name: String,
    /// The SHA-256 digest of the whole key.
    pub hash: String,
    /// The role of its holder.
    pub role: Role,
    /// The projects that it covers. `*`: all projects, and the resources that belong to none.
    #[serde(default = "everywhere")]
    pub projects: Vec<String>,
    /// Patterns of the job ids that it covers, with `*`. Empty: all jobs.
    #[serde(default)]
    pub jobs: Vec<String>,
    /// The time at which it was created.
    pub created_at: Timestamp,
    /// The time at which it expires. `None`: never.
    pub expires_at: Option<Timestamp>,
}

/// Returns the value for all projects, and for the resources that belong to none.
pub fn everywhere() -> Vec<String> {
    vec!["*".to_owned()]
}

/// A request for a key.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// The name. No other valid key may have the same name.
    pub name: String,
    /// The role of its holder.
    pub role: Role,
    /// The projects that it covers. `*`: all projects, and the resources that belong to none.
    pub projects: Vec<String>,
    /// Patterns of the job ids that it covers, with `*`. Empty: all jobs.
    pub jobs: Vec<String>,
    /// The time at which it expires. `None`: never.
    pub expires_at: Option<Timestamp>,
}

/// The result of a search for the key of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum FoundKey {
    /// A key.
    Key(Box<ApiKey>),
    /// No key has this id.
    Unknown,
    /// The text has another secret, has expired, or is not a key.
    Wrong,
}

/// The hashes of keys, each with its expiry.
pub type KeyHashes = HashMap<String, Option<Timestamp>>;

/// The number of characters of the id of a key.
const ID: usize = 8;
/// The longest time that a key with an expiry may be valid, in days.
const LONGEST_DAYS: i64 = 10 * 366;
/// The maximum number of keys in a list.
const MOST_LISTED: u32 = 10_000;
/// The number of hashes per read, and the maximum in total.
const PAGE: u32 = 1_000;
const MOST_HASHES: usize = 100_000;

/// Returns the hash of a key or a token.
pub fn hash(token: &str) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(token))
}

/// Returns the id in a token that has the form of a key.
pub fn id_of(token: &str) -> Option<&str> {
    let (id, _) = token.strip_prefix("sw_")?.split_once('_')?;
    is_id(id).then_some(id)
}

fn is_id(text: &str) -> bool {
    text.len() == ID && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl Access {
    /// Creates a key. Returns it with its secret, which cannot be read again.
    ///
    /// # Errors
    /// Fails when the name looks like an id or another identity, has hidden characters or is taken, there is no such project, the expiry is out of
    /// range, or the store failed.
    pub async fn create(&self, new: NewKey, by: &By) -> Result<(ApiKey, String), HostError> {
        if is_id(&new.name) {
            let why = "must not look like the id of a key, since approvers are named by both".to_owned();
            return Err(HostError::Argument("name", why));
        }
        if let Some(why) = label::identity_problem(&new.name) {
            return Err(HostError::Argument("name", why));
        }
        let settings = self.ctx.settings();
        let unknown = |name: &&String| *name != "*" && !settings.config.has_project(name);
        if let Some(unknown) = new.projects.iter().find(unknown) {
            let known: Vec<&str> = settings.config.projects.keys().map(String::as_str).collect();
            let known = if known.is_empty() { "default".to_owned() } else { known.join(", ") };
            let why = format!("there is no project `{unknown}` in the configuration; it has {known}");
            return Err(HostError::Argument("projects", why));
        }
        let now = self.ctx.now();
        if let Some(at) = new.expires_at {
            check_expiry(at, now).map_err(|why| HostError::Argument("expires_at", why))?;
        }
        let live = |key: &&ApiKey| key.name == new.name && key.expires_at.is_none_or(|at| at > now);
        if let Some(taken) = self.list().await?.iter().find(live) {
            let message = format!(
                "the key {} has the name `{}`: revoke it first, or choose another name",
                taken.id, taken.name
            );
            return Err(HostError::Refused(message));
        }
        let (key, token) = made(new, now)?;
        let put = Change::Put {
            kind: Kind::ApiKey,
            id: key.id.clone(),
            state: key.role.name().to_owned(),
            value: serde_json::to_value(&key).unwrap_or_default(),
            expect: Expect::Absent,
        };
        let detail = format!("{} ({})", key.name, key.role.name());
        let audit = self.ctx.audit().row(by, "key.create", &key.id, &detail);
        self.ctx.store.write(vec![put, Change::Audit(audit)]).await?;
        Ok((key, token))
    }

    /// Removes a key. Requests with it are refused from then on.
    ///
    /// # Errors
    /// Fails when there is no such key, or the store fails.
    pub async fn revoke(&self, id: &str, by: &By) -> Result<(), HostError> {
        let gone = Change::Remove { kind: Kind::ApiKey, id: id.to_owned(), expect: Expect::Present };
        let audit = self.ctx.audit().row(by, "key.revoke", id, "");
        Ok(self.ctx.store.write(vec![gone, Change::Audit(audit)]).await?)
    }

    /// Lists the keys.
    ///
    /// # Errors
    /// Fails when the store fails.
    pub async fn list(&self) -> Result<Vec<ApiKey>, HostError> {
        let records = self.ctx.store.records(Kind::ApiKey, None, "", MOST_LISTED).await?;
        Ok(records.into_iter().filter_map(|record| serde_json::from_value(record.value).ok()).collect())
    }

    /// Returns the hashes of all keys, each with its expiry.
    ///
    /// # Errors
    /// Fails when the store fails.
    pub async fn hashes(&self) -> Result<KeyHashes, HostError> {
        let (mut hashes, mut after) = (KeyHashes::new(), String::new());
        while hashes.len() < MOST_HASHES {
            let page = self.ctx.store.records(Kind::ApiKey, None, &after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.id);
            let full = page.len() == PAGE as usize;
            let keys =
                page.into_iter().filter_map(|record| serde_json::from_value::<ApiKey>(record.value).ok());
            hashes.extend(keys.map(|key| (key.hash, key.expires_at)));
            if !full {
                break;
            }
        }
        Ok(hashes)
    }

    /// Returns the key for a token, if it has not expired and was not revoked.
    ///
    /// # Errors
    /// Fails when the store fails.
    pub async fn authenticate(&self, token: &str) -> Result<FoundKey, HostError> {
        let Some(id) = id_of(token) else { return Ok(FoundKey::Wrong) };
        let Some(record) = self.ctx.store.record(Kind::ApiKey, id).await? else {
            return Ok(FoundKey::Unknown);
        };
        let Ok(key) = serde_json::from_value::<ApiKey>(record.value) else { return Ok(FoundKey::Wrong) };
        // The time of the comparison depends only on hashes, which reveal nothing about the secret.
        let alive = key.expires_at.is_none_or(|at| self.ctx.now() < at);
        Ok(if hash(token) == key.hash && alive { FoundKey::Key(Box::new(key)) } else { FoundKey::Wrong })
    }
}

/// Creates a key with a new secret.
fn made(new: NewKey, now: Timestamp) -> Result<(ApiKey, String), HostError> {
    let mut random = Zeroizing::new([0; 36]);
    getrandom::fill(&mut *random)
        .map_err(|error| HostError::Refused(format!("no random numbers: {error}")))?;
    let (id, secret) = random.split_at(ID / 2);
    let id = data_encoding::HEXLOWER.encode(id);
    let token = format!("sw_{id}_{}", URL_SAFE_NO_PAD.encode(secret));
    let NewKey { name, role, projects, jobs, expires_at } = new;
    let key = ApiKey { id, name, hash: hash(&token), role, projects, jobs, created_at: now, expires_at };
    Ok((key, token))
}

fn check_expiry(at: Timestamp, now: Timestamp) -> Result<(), String> {
    let shown = |at: Timestamp| at.format("%Y-%m-%d %H:%M:%SZ");
    if at <= now {
        return Err(format!("{} is in the past: it is {} now", shown(at), shown(now)));
    }
    if at - now > chrono::Duration::days(LONGEST_DAYS) {
        let least = "leave it out for a key that does not expire";
        return Err(format!("{} is more than ten years away: use an earlier time, or {least}", shown(at)));
    }
    Ok(())
}
