//! API keys: who may ask.
//!
//! A key is `sw_ID_SECRET`. The store holds the SHA-256 of it, which is enough for a secret of 256 random bits; it is
//! shown once, when it is made.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use stepwell::engine::clock::Timestamp;
use stepwell::engine::store::{Audit, Change, Expect, Kind};
use stepwell::{Host, HostError};
use zeroize::Zeroizing;

use super::access::COMMAND;
use super::ring::Hashes;

/// What the holder of a key may do. Each role includes the ones before it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// Reads everything but keys and the audit log.
    Viewer,
    /// Runs, cancels, approves and pauses.
    Operator,
    /// Creates keys, registers steps, cleans up and reads the audit log.
    Admin,
}

impl Role {
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// The role of that name.
    pub fn of(name: &str) -> Option<Self> {
        [Self::Viewer, Self::Operator, Self::Admin].into_iter().find(|role| role.name() == name)
    }

    /// This role and the ones below it.
    pub fn all(self) -> Vec<&'static str> {
        [Self::Viewer, Self::Operator, Self::Admin]
            .into_iter()
            .filter(|r| *r <= self)
            .map(Self::name)
            .collect()
    }
}

/// An API key, as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ApiKey {
    pub id: String,
    pub name: String,
    pub hash: String,
    pub role: Role,
    /// The projects that it is for; `*` for all, and for what belongs to none.
    #[serde(default = "everywhere")]
    pub projects: Vec<String>,
    /// Patterns of job ids that it is for, with `*`; all when empty.
    #[serde(default)]
    pub jobs: Vec<String>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
}

/// All projects, and what belongs to none.
pub(crate) fn everywhere() -> Vec<String> {
    vec!["*".to_owned()]
}

/// `*` stands for any text.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    stepwell::engine::wildcard::matches(pattern, text)
}

/// Characters of the id of a key.
const ID: usize = 8;

/// A request for a key.
#[derive(Debug, Clone)]
pub(crate) struct NewKey {
    pub name: String,
    pub role: Role,
    pub projects: Vec<String>,
    pub jobs: Vec<String>,
    pub expires_at: Option<Timestamp>,
}

/// Creates a key; returns it with its secret, which cannot be read again.
pub(crate) async fn create(host: &Host, new: NewKey, by: &By) -> Result<(ApiKey, String), HostError> {
    if new.name.len() == ID && new.name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let why = "must not look like the id of a key, since approvers are named by both".to_owned();
        return Err(HostError::Argument("name", why));
    }
    let config = host.configuration();
    if let Some(unknown) = new.projects.iter().find(|name| *name != "*" && !config.has_project(name)) {
        let why = format!("there is no project `{unknown}` in the configuration");
        return Err(HostError::Argument("projects", why));
    }
    let now = host.now();
    if let Some(at) = new.expires_at {
        check_expiry(at, now).map_err(|why| HostError::Argument("expires_at", why))?;
    }
    let live = |key: &ApiKey| key.name == new.name && key.expires_at.is_none_or(|at| at > now);
    if let Some(taken) = list(host).await?.iter().find(|key| live(key)) {
        let message = format!(
            "the key {} has the name `{}`: revoke it first, or choose another name",
            taken.id, taken.name
        );
        return Err(HostError::Refused(message));
    }
    let mut random = Zeroizing::new([0; 36]);
    getrandom::fill(&mut *random)
        .map_err(|error| HostError::Refused(format!("no random numbers: {error}")))?;
    let (id, secret) = random.split_at(4);
    let id = data_encoding::HEXLOWER.encode(id);
    let token = format!("sw_{id}_{}", URL_SAFE_NO_PAD.encode(secret));
    let NewKey { name, role, projects, jobs, expires_at } = new;
    let key =
        ApiKey { id, name, hash: hash(&token), role, projects, jobs, created_at: host.now(), expires_at };
    let put = Change::Put {
        kind: Kind::ApiKey,
        id: key.id.clone(),
        state: key.role.name().to_owned(),
        value: serde_json::to_value(&key).unwrap_or_default(),
        expect: Expect::Absent,
    };
    let audit = audit(host, by, "key.create", &key.id, &format!("{} ({})", key.name, key.role.name()));
    host.store().write(vec![put, Change::Audit(audit)]).await?;
    Ok((key, token))
}

/// The longest time that a key with an expiry may be valid, in days.
const LONGEST_DAYS: i64 = 10 * 366;

fn check_expiry(at: Timestamp, now: Timestamp) -> Result<(), String> {
    let shown = |at: Timestamp| at.format("%Y-%m-%d %H:%M:%SZ");
    if at <= now {
        return Err(format!("{} is in the past: it is {} now", shown(at), shown(now)));
    }
    if at - now > chrono::Duration::days(LONGEST_DAYS) {
        let least = "leave it out for a key that does not expire";
        return Err(format!("{} is more than ten years away: name an earlier time, or {least}", shown(at)));
    }
    Ok(())
}

/// Removes a key: it is refused from then on.
pub(crate) async fn revoke(host: &Host, id: &str, by: &By) -> Result<(), HostError> {
    let gone = Change::Remove { kind: Kind::ApiKey, id: id.to_owned(), expect: Expect::Present };
    Ok(host.store().write(vec![gone, Change::Audit(audit(host, by, "key.revoke", id, ""))]).await?)
}

/// Every key.
pub(crate) async fn list(host: &Host) -> Result<Vec<ApiKey>, HostError> {
    let records = host.store().records(Kind::ApiKey, None, "", 10_000).await?;
    Ok(records.into_iter().filter_map(|record| serde_json::from_value(record.value).ok()).collect())
}

/// Hashes that are read at once, and at most.
const PAGE: u32 = 1_000;
const MOST_HASHES: usize = 100_000;

/// The hashes of all keys, each with its expiry.
pub(super) async fn hashes(host: &Host) -> Result<Hashes, HostError> {
    let (mut hashes, mut after) = (Hashes::new(), String::new());
    while hashes.len() < MOST_HASHES {
        let page = host.store().records(Kind::ApiKey, None, &after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.id);
        let full = page.len() == PAGE as usize;
        let keys = page.into_iter().filter_map(|record| serde_json::from_value::<ApiKey>(record.value).ok());
        hashes.extend(keys.map(|key| (key.hash, key.expires_at)));
        if !full {
            break;
        }
    }
    Ok(hashes)
}

/// What a token is.
pub(crate) enum Found {
    /// A key.
    Key(Box<ApiKey>),
    /// No key has this id.
    Unknown,
    /// It has another secret, has expired, or is none.
    Wrong,
}

/// The id in a token of the form of a key.
pub(super) fn id_of(token: &str) -> Option<&str> {
    let (id, _) = token.strip_prefix("sw_")?.split_once('_')?;
    (id.len() == ID && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(id)
}

/// The key of a request, when it is one, has not expired and was not revoked.
pub(crate) async fn authenticate(host: &Host, token: &str) -> Result<Found, HostError> {
    let Some(id) = id_of(token) else { return Ok(Found::Wrong) };
    let Some(record) = host.store().record(Kind::ApiKey, id).await? else { return Ok(Found::Unknown) };
    let Ok(key) = serde_json::from_value::<ApiKey>(record.value) else { return Ok(Found::Wrong) };
    // The hashes of what is compared tell nothing about the secret, however long the comparison takes.
    let alive = key.expires_at.is_none_or(|at| host.now() < at);
    Ok(if hash(token) == key.hash && alive { Found::Key(Box::new(key)) } else { Found::Wrong })
}

pub(super) fn hash(token: &str) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(token))
}

/// Who acts, for the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct By {
    /// What no one can choose.
    pub identity: String,
    /// For people.
    pub name: String,
}

impl By {
    /// Somebody who uses the command on the store itself.
    pub fn command(host: &Host) -> Self {
        let user = rustix::process::getuid().as_raw();
        let known = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let is = |line: &&str| line.split(':').nth(2) == Some(&user.to_string());
        let name = known.lines().find(is).and_then(|line| line.split(':').next());
        let name = name.map_or_else(|| user.to_string(), str::to_owned);
        Self { identity: format!("command:{name}@{}", host.machine()), name: COMMAND.to_owned() }
    }
}

/// A row for the audit log.
pub(crate) fn audit(host: &Host, by: &By, action: &str, target: &str, detail: &str) -> Audit {
    Audit {
        at: host.now(),
        by: by.identity.clone(),
        name: by.name.clone(),
        action: action.to_owned(),
        target: target.to_owned(),
        detail: detail.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_cover_jobs() {
        for (pattern, job, covered) in [
            ("billing-*", "billing-1", true),
            ("billing-*", "shop", false),
            ("*", "shop", true),
            ("*-nightly", "shop-nightly", true),
            ("a*c*e", "abcde", true),
            ("a*c*e", "abcd", false),
            ("shop", "shop2", false),
        ] {
            assert_eq!(matches(pattern, job), covered, "{pattern} {job}");
        }
    }
}
