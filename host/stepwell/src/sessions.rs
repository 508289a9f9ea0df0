//! Sessions of people who use the web UI.
//!
//! A session belongs to the holder of an API key or to a person of the OpenID provider. Its roles are those of the
//! key at the time of each request, or those that the configuration gives to the provider's values of the login. It
//! ends with the key, or with the login of the configuration. The store has the SHA-256 digest of the session's
//! token, as it has those of keys.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stepwell_engine::clock::{self, Timestamp};
use stepwell_engine::store::{Change, Expect, Kind, Record};
use stepwell_engine::{StoreError, project};
use zeroize::Zeroizing;

use crate::access::{By, Identity, Role};
use crate::context::Context;
use crate::keys::{ApiKey, hash};
use crate::{Caller, HostError};

/// A session that was not used for this long has ended.
const IDLE: Duration = Duration::from_secs(12 * 3600);
/// A session ends this long after the login, unless the configuration has a shorter time for people.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);
/// The time after which a session gets a new token.
const TOKEN: Duration = Duration::from_secs(3600);
/// The time for which a replaced token stays valid, for requests that are on their way.
const REPLACED: Duration = Duration::from_secs(60);
/// The time between two writes of the last use.
const NOTED: Duration = Duration::from_secs(60);
/// The maximum number of sessions of one holder. A further login ends the oldest ones.
const MOST: usize = 20;
/// The time for which a login at the provider is remembered: longer than the code of a login lives.
const USED: Duration = Duration::from_secs(3600);
/// The maximum number of logins of one person within that time.
const MOST_LOGINS: usize = 100;
/// The number of sessions per read, and the maximum in a list.
const PAGE: u32 = 1_000;
const MOST_LISTED: usize = 10_000;

/// The person to whom a session belongs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// The holder of the API key with this id.
    Key(String),
    /// A person of the OpenID provider.
    Person {
        /// The id that the provider has assigned.
        id: String,
        /// The display name.
        name: String,
        /// The values of the roles claim at the time of the login.
        groups: Vec<String>,
    },
}

impl Holder {
    /// Returns the holder with this identity.
    pub fn of(who: &Identity) -> Self {
        match who.id.strip_prefix("key:") {
            Some(key) => Self::Key(key.to_owned()),
            None => Self::Person { id: who.id.clone(), name: who.name.clone(), groups: who.groups.clone() },
        }
    }

    /// Returns the text by which the store filters sessions.
    fn place(&self) -> String {
        match self {
            Self::Key(id) => format!("key:{id}"),
            Self::Person { id, .. } => hash(id),
        }
    }
}

/// A session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Session {
    /// The id. It does not give access.
    pub id: String,
    /// The person.
    pub holder: Holder,
    /// The value that each change must repeat, so that no other site can cause it.
    pub csrf: String,
    /// The time of the login.
    pub created_at: Timestamp,
    /// The time of the last request, to the minute.
    pub seen_at: Timestamp,
    /// The time at which the token was made.
    pub token_at: Timestamp,
    /// The time at which the session ends at the latest.
    pub ends_at: Timestamp,
}

impl Session {
    fn lives(&self, now: Timestamp) -> bool {
        now < self.ends_at && now < clock::later(self.seen_at, IDLE)
    }
}

/// A login that has opened a session.
#[derive(Debug, Serialize, Deserialize)]
struct UsedLogin {
    at: Timestamp,
}

/// The result of a login at the OpenID provider.
#[derive(Debug)]
pub enum Opened {
    /// The session, with its token, which cannot be read again.
    Session(Box<Session>, String),
    /// The login has opened a session before.
    Used,
    /// The person has logged in too often.
    TooOften,
}

/// The sessions of a host.
#[derive(Clone)]
pub struct Sessions {
    pub(crate) ctx: Arc<Context>,
}

impl Sessions {
    /// Opens a session. Returns it with its token, which cannot be read again.
    ///
    /// # Errors
    /// Fails when there are no random numbers, or the store fails.
    pub async fn open(&self, who: &Identity) -> Result<(Session, String), HostError> {
        let (session, token, changes) = self.opening(who).await?;
        self.ctx.store.write(changes).await?;
        Ok((session, token))
    }

    /// Opens a session for a person who has logged in at the OpenID provider. A login counts once, also on other
    /// nodes.
    ///
    /// # Errors
    /// Fails when there are no random numbers, or the store fails.
    pub async fn open_once(&self, who: &Identity, login: &str) -> Result<Opened, HostError> {
        let now = self.ctx.now();
        let (session, token, mut changes) = self.opening(who).await?;
        let place = session.holder.place();
        let known = self.ctx.store.records(Kind::Login, Some(&place), "", PAGE).await?;
        let gone = known.iter().filter(|record| !is_remembered(record, now));
        let gone: Vec<Change> = gone.map(|record| forget_login(&record.id)).collect();
        if known.len() - gone.len() >= MOST_LOGINS {
            return Ok(Opened::TooOften);
        }
        changes.extend(gone);
        changes.push(Change::Put {
            kind: Kind::Login,
            id: hash(login),
            state: place,
            value: serde_json::to_value(UsedLogin { at: now }).unwrap_or_default(),
            expect: Expect::Absent,
        });
        match self.ctx.store.write(changes).await {
            Ok(()) => Ok(Opened::Session(Box::new(session), token)),
            Err(StoreError::AlreadyThere(kind, _)) if kind == Kind::Login.name() => Ok(Opened::Used),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns a new session, its token, and the changes that open it.
    async fn opening(&self, who: &Identity) -> Result<(Session, String, Vec<Change>), HostError> {
        let now = self.ctx.now();
        let (id, token, holder) = (random::<9>()?, random::<32>()?, Holder::of(who));
        let session = Session {
            id,
            csrf: random::<18>()?,
            created_at: now,
            seen_at: now,
            token_at: now,
            ends_at: clock::later(now, self.longest(&holder)),
            holder,
        };
        let by = By { identity: who.id.clone(), name: who.name.clone() };
        let audit = self.ctx.audit().row(&by, "session.open", &session.id, "");
        let mut changes = self.over(&session.holder).await?;
        changes.extend([put(&session, &token, Expect::Absent), Change::Audit(audit)]);
        Ok((session, token, changes))
    }

    /// Returns the longest time of a session of this holder.
    fn longest(&self, holder: &Holder) -> Duration {
        let settings = self.ctx.settings();
        let login = settings.config.oidc.as_ref().and_then(|oidc| oidc.login.as_ref());
        match (holder, login) {
            (Holder::Person { .. }, Some(login)) => login.session.0.min(LONGEST),
            _ => LONGEST,
        }
    }

    /// Returns the removal of the sessions that have ended, and of the oldest ones above the maximum.
    async fn over(&self, holder: &Holder) -> Result<Vec<Change>, HostError> {
        let now = self.ctx.now();
        let records = self.ctx.store.records(Kind::Session, Some(&holder.place()), "", PAGE).await?;
        let mut known: Vec<(Option<Session>, Record)> =
            records.into_iter().map(|record| (session(&record), record)).collect();
        let lives = |session: &Option<Session>| session.as_ref().is_some_and(|session| session.lives(now));
        known.sort_by_key(|(session, _)| session.as_ref().map(|session| session.seen_at));
        let living = known.iter().filter(|(session, _)| lives(session)).count();
        let mut surplus = (living + 1).saturating_sub(MOST);
        let mut gone = Vec::new();
        for (session, record) in &known {
            let over = lives(session) && surplus > 0;
            surplus -= usize::from(over);
            if over || !lives(session) {
                gone.push(removal(&record.id));
            }
        }
        Ok(gone)
    }

    /// Returns the session of a token, and the identity of its holder. `None` when it has ended. Notes its use, if
    /// the person caused it.
    ///
    /// # Errors
    /// Fails when the store fails.
    pub async fn find(&self, token: &str, is_used: bool) -> Result<Option<(Session, Identity)>, HostError> {
        let id = hash(token);
        let Some(record) = self.ctx.store.record(Kind::Session, &id).await? else { return Ok(None) };
        let now = self.ctx.now();
        let Some(mut session) = session(&record).filter(|session| session.lives(now)) else {
            return Ok(None);
        };
        // The configuration may have got a shorter time since the login.
        if now >= clock::later(session.created_at, self.longest(&session.holder)) {
            return Ok(None);
        }
        let Some(who) = self.identity(&session.holder).await? else { return Ok(None) };
        if is_used && now >= clock::later(session.seen_at, NOTED) {
            session.seen_at = now;
            let noted = put(&session, token, Expect::Version(record.version));
            // Another request has just noted it.
            let _ = self.ctx.store.write(vec![noted]).await;
        }
        Ok(Some((session, who)))
    }

    /// Gives a session a new token, if its token is old. The old one stays valid for a minute.
    ///
    /// # Errors
    /// Fails when there are no random numbers, or the store fails.
    pub async fn rotate(&self, session: &Session, token: &str) -> Result<Option<String>, HostError> {
        let now = self.ctx.now();
        if now < clock::later(session.token_at, TOKEN) {
            return Ok(None);
        }
        let Some(record) = self.ctx.store.record(Kind::Session, &hash(token)).await? else {
            return Ok(None);
        };
        let new = random::<32>()?;
        let renewed = Session { token_at: now, seen_at: now, ..session.clone() };
        let replaced = Session {
            token_at: now,
            ends_at: clock::later(now, REPLACED).min(session.ends_at),
            ..session.clone()
        };
        let changes =
            vec![put(&renewed, &new, Expect::Absent), put(&replaced, token, Expect::Version(record.version))];
        match self.ctx.store.write(changes).await {
            Ok(()) => Ok(Some(new)),
            // Another request has just replaced it.
            Err(StoreError::Conflict(..)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Ends the session of a token.
    ///
    /// # Errors
    /// Fails when the store fails.
    pub async fn close(&self, token: &str, who: &Identity) -> Result<(), HostError> {
        let by = By { identity: who.id.clone(), name: who.name.clone() };
        let Some(record) = self.ctx.store.record(Kind::Session, &hash(token)).await? else { return Ok(()) };
        let id = session(&record).map(|session| session.id).unwrap_or_default();
        self.remove(&id, &by, "session.close").await
    }

    /// Ends a session.
    ///
    /// # Errors
    /// Fails when there is no such session, or the store fails.
    pub async fn end(&self, id: &str, by: &By) -> Result<(), HostError> {
        match self.list().await?.iter().any(|session| session.id == id) {
            true => self.remove(id, by, "session.end").await,
            false => Err(StoreError::NoRecord(Kind::Session.name(), id.to_owned()).into()),
        }
    }

    /// Removes a session with all its tokens.
    async fn remove(&self, id: &str, by: &By, action: &str) -> Result<(), HostError> {
        let mut changes: Vec<Change> = Vec::new();
        self.each(|record, session| {
            if session.id == id {
                changes.push(removal(&record.id));
            }
            changes.len() < MOST
        })
        .await?;
        changes.push(Change::Audit(self.ctx.audit().row(by, action, id, "")));
        Ok(self.ctx.store.write(changes).await?)
    }

    /// Lists the sessions that have not ended, the one that was used last first.
    ///
    /// # Errors
    /// Fails when the store fails.
    pub async fn list(&self) -> Result<Vec<Session>, HostError> {
        let (mut found, now) = (Vec::<Session>::new(), self.ctx.now());
        self.each(|_, session| {
            if session.lives(now) && found.iter().all(|known| known.id != session.id) {
                found.push(session);
            }
            found.len() < MOST_LISTED
        })
        .await?;
        found.sort_by_key(|session| std::cmp::Reverse(session.seen_at));
        Ok(found)
    }

    /// Removes the sessions that have ended, and the logins that need no memory any more.
    ///
    /// # Errors
    /// Fails when the store fails.
    pub(crate) async fn clean_up(&self) -> Result<(), HostError> {
        let (mut gone, now) = (Vec::new(), self.ctx.now());
        self.each(|record, session| {
            if !session.lives(now) {
                gone.push(removal(&record.id));
            }
            gone.len() < MOST_LISTED
        })
        .await?;
        let mut after = String::new();
        loop {
            let page = self.ctx.store.records(Kind::Login, None, &after, PAGE).await?;
            let over = page.iter().filter(|record| !is_remembered(record, now));
            gone.extend(over.map(|record| forget_login(&record.id)));
            match page.last() {
                Some(last) if page.len() == PAGE as usize && gone.len() < MOST_LISTED => {
                    after.clone_from(&last.id);
                }
                _ => break,
            }
        }
        match gone.is_empty() {
            true => Ok(()),
            false => Ok(self.ctx.store.write(gone).await?),
        }
    }

    /// Passes each stored session to `to`, until it returns false.
    async fn each(&self, mut to: impl FnMut(&Record, Session) -> bool) -> Result<(), HostError> {
        let mut after = String::new();
        loop {
            let page = self.ctx.store.records(Kind::Session, None, &after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after.clone_from(&last.id);
            let full = page.len() == PAGE as usize;
            for record in &page {
                if session(record).is_some_and(|session| !to(record, session)) {
                    return Ok(());
                }
            }
            if !full {
                return Ok(());
            }
        }
    }

    /// Returns the identity of a holder as it is now. `None` when the key or the login of the configuration is gone.
    async fn identity(&self, holder: &Holder) -> Result<Option<Identity>, HostError> {
        match holder {
            Holder::Key(id) => {
                let record = self.ctx.store.record(Kind::ApiKey, id).await?;
                let key = record.and_then(|record| serde_json::from_value::<ApiKey>(record.value).ok());
                let now = self.ctx.now();
                Ok(key.filter(|key| key.expires_at.is_none_or(|at| now < at)).map(Identity::from))
            }
            Holder::Person { id, name, groups } => {
                let settings = self.ctx.settings();
                // A service without a login knows no people, and one with another provider knows others.
                let oidc = settings.config.oidc.as_ref().filter(|oidc| oidc.login.is_some());
                let Some(oidc) = oidc.filter(|oidc| is_of(id, &oidc.issuer)) else { return Ok(None) };
                let grants = oidc.grants.iter().filter(|grant| groups.contains(&grant.value));
                let grants =
                    grants.filter_map(|grant| Some((Role::of(&grant.role)?, grant.projects.clone())));
                let (id, name, groups) = (id.clone(), name.clone(), groups.clone());
                Ok(Some(Identity { id, name, groups, grants: grants.collect(), jobs: Vec::new() }))
            }
        }
    }

    /// Returns the identity of the holder of a session as it is now. `None` when the key or the login is gone.
    ///
    /// # Errors
    /// Fails when the store fails.
    pub async fn renewed(&self, who: &Identity) -> Result<Option<Identity>, HostError> {
        self.identity(&Holder::of(who)).await
    }

    /// Returns the projects in which an identity has a role, in order, and its role in each.
    pub fn projects(&self, who: &Identity) -> Vec<(String, Role)> {
        let settings = self.ctx.settings();
        let configured = settings.config.projects.keys().map(String::as_str);
        let mut names: Vec<&str> = std::iter::once(project::DEFAULT).chain(configured).collect();
        names.dedup();
        let access = self.ctx.access();
        let caller = |name: &&str| access.caller(who.clone(), Some(name)).ok();
        let found = names.iter().filter_map(|name| Some(((*name).to_owned(), caller(name)?.role())));
        let mut found: Vec<(String, Role)> = found.collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        found.dedup_by(|a, b| a.0 == b.0);
        found
    }

    /// Returns the caller for a project.
    ///
    /// # Errors
    /// Returns [`HostError::Forbidden`] when the identity has no role in the project.
    pub fn caller(&self, who: &Identity, project: &str) -> Result<Caller, HostError> {
        self.ctx.access().caller(who.clone(), Some(project))
    }
}

/// Returns whether a provider has assigned the id of a person.
fn is_of(id: &str, issuer: &str) -> bool {
    let rest = id.strip_prefix("user:").and_then(|rest| rest.strip_prefix(issuer.trim_end_matches('/')));
    rest.is_some_and(|rest| rest.starts_with('/'))
}

/// Returns whether a used login is still remembered.
fn is_remembered(record: &Record, now: Timestamp) -> bool {
    let used = serde_json::from_value::<UsedLogin>(record.value.clone());
    used.is_ok_and(|used| now < clock::later(used.at, USED))
}

fn forget_login(id: &str) -> Change {
    Change::Remove { kind: Kind::Login, id: id.to_owned(), expect: Expect::Any }
}

fn session(record: &Record) -> Option<Session> {
    serde_json::from_value(record.value.clone()).ok()
}

fn put(session: &Session, token: &str, expect: Expect) -> Change {
    Change::Put {
        kind: Kind::Session,
        id: hash(token),
        state: session.holder.place(),
        value: serde_json::to_value(session).unwrap_or_default(),
        expect,
    }
}

fn removal(id: &str) -> Change {
    Change::Remove { kind: Kind::Session, id: id.to_owned(), expect: Expect::Any }
}

/// Returns random bytes as text.
fn random<const BYTES: usize>() -> Result<String, HostError> {
    let mut bytes = Zeroizing::new([0; BYTES]);
    getrandom::fill(&mut *bytes)
        .map_err(|error| HostError::Refused(format!("no random numbers: {error}")))?;
    Ok(URL_SAFE_NO_PAD.encode(*bytes))
}
