//! The follower of a database.

use std::collections::BTreeMap;
use std::sync::Arc;

use stepwell_engine::StoreError;

use super::feed::{self, Note};
use super::rows::{self, Batch, Cell, Cells};
use super::state::{self, Role, State};
use super::tables::{TABLES, Table};
use crate::sql::{Sql, failed, json, parse};
use crate::store::{Database, SqlStore};

/// The notes that one pass takes at most, and the bytes of rows after which it ends.
const NOTES: usize = 512;
const BYTES: usize = 4 << 20;
/// The bytes of one page of the first copy.
const PAGE_BYTES: usize = 4 << 20;

/// The notes that may be left when the source stops its writers, and the passes before it stops them anyway.
const FEW: u64 = 64;
const CATCH_UP: u32 = 200;

/// The reason why a step of a switch is not possible. Nothing has changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SwitchError {
    /// The new store has data.
    #[error("the new store is not empty: its table `{0}` has rows; name an empty database, or remove them")]
    NotEmpty(&'static str),
    /// A store is in another switch.
    #[error("the {0} store is in a switch with another store already ({1}): finish that one first")]
    Elsewhere(&'static str, String),
    /// Both settings name the same database.
    #[error("the old and the new store are the same database: name two databases")]
    Same,
    /// The roles of the stores do not allow the step.
    #[error("the old store is `{old}` and the new one `{new}` in the switch, so this step is not possible")]
    Roles {
        /// The role of the old store.
        old: &'static str,
        /// The role of the new store.
        new: &'static str,
    },
    /// Another process has become the follower.
    #[error("another process follows the store now")]
    Replaced,
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The result of a pass.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pass {
    /// The rows that were written or removed.
    pub rows: usize,
    /// Whether there was nothing left to do when the pass began.
    pub idle: bool,
}

/// Brings the changes of `source` to `target`. One process at a time does this: a new follower takes the number of the
/// one before it, and that one can then write nothing more.
pub struct Follower<A, B> {
    source: Arc<SqlStore<A>>,
    target: Arc<SqlStore<B>>,
    fence: u64,
}

/// Reads the state of a store.
pub(crate) async fn state_of<D: Database>(store: &SqlStore<D>) -> Result<State, StoreError> {
    store.0.read(|db, _| state::read(db, false)).await
}

/// Changes the state of a store in one transaction, if `change` allows it, and returns the new state.
async fn change<D: Database>(
    store: &SqlStore<D>,
    change: impl Fn(&dyn Sql, &mut State) -> Result<Result<(), SwitchError>, StoreError> + Send + Sync + 'static,
) -> Result<State, SwitchError> {
    let work = move |db: &dyn Sql, _: &_| {
        let mut state = state::read(db, true)?;
        match change(db, &mut state)? {
            Ok(()) => state::write(db, &state).map(|()| Ok(state)),
            Err(refused) => Ok(Err(refused)),
        }
    };
    store.0.write(work).await?
}

#[allow(private_bounds, reason = "only the databases of this crate can be followed")]
impl<A: Database, B: Database> Follower<A, B> {
    /// Starts a switch, or takes over as the follower of one that has begun: `source` leads, and `target` follows.
    /// Both get their triggers before the first row is copied.
    ///
    /// # Errors
    /// Fails when `target` has rows, or when one of the stores is in another switch.
    pub async fn begin(source: Arc<SqlStore<A>>, target: Arc<SqlStore<B>>) -> Result<Self, SwitchError> {
        let (from, to) = (state_of(&source).await?, state_of(&target).await?);
        if from.store == to.store {
            return Err(SwitchError::Same);
        }
        for (name, state, peer) in [("old", &from, &to), ("new", &to, &from)] {
            if !state.peer.is_empty() && state.peer != peer.store {
                return Err(SwitchError::Elsewhere(name, state.peer.clone()));
            }
        }
        if to.role == Role::Single
            && let Some(table) = target.0.read(|db, _| first_rows(db)).await?
        {
            return Err(SwitchError::NotEmpty(table));
        }
        let fits = match from.role {
            Role::Single | Role::Leading | Role::Sealed => matches!(to.role, Role::Single | Role::Following),
            // A process may have died before the source began to follow.
            Role::Handed => matches!(to.role, Role::Following | Role::Leading),
            Role::Following | Role::Retired => false,
        };
        if !fits {
            return Err(roles(&from, &to));
        }
        let peer = from.store.clone();
        let follow = move |db: &dyn Sql, state: &mut State| {
            if state.role == Role::Single {
                feed::install(db)?;
                (state.role, state.copied) = (Role::Following, START.to_owned());
                empty_chain(db)?;
            }
            state.peer.clone_from(&peer);
            state.fence += 1;
            Ok(Ok(()))
        };
        // Another process may begin at the same time, so the number is that of this transaction.
        let fence = change(&target, follow).await?.fence;
        let peer = to.store.clone();
        let lead = move |db: &dyn Sql, state: &mut State| {
            if state.role == Role::Single {
                feed::stop_writers(db)?;
                feed::install(db)?;
                (state.role, state.peer) = (Role::Leading, peer.clone());
            }
            Ok(Ok(()))
        };
        change(&source, lead).await?;
        Ok(Self { source, target, fence })
    }

    /// Copies a page of the first copy, and what has changed.
    ///
    /// # Errors
    /// Fails when a store fails, or when another process follows now.
    pub async fn pass(&self) -> Result<Pass, SwitchError> {
        let copied = self.copy_page().await?;
        let applied = self.apply_notes().await?;
        Ok(Pass { rows: copied.rows + applied.rows, idle: copied.idle && applied.idle })
    }

    /// Copies the next page. There is a place in the target as long as the first copy is not complete.
    async fn copy_page(&self) -> Result<Pass, SwitchError> {
        let state = state_of(&self.target).await?;
        if state.copied.is_empty() {
            return Ok(Pass { rows: 0, idle: true });
        }
        let (index, after): (usize, Option<Vec<Place>>) = parse(&state.copied)?;
        let Some(table) = TABLES.get(index) else {
            self.write(|_| Ok(()), |state| state.copied.clear()).await?;
            return Ok(Pass::default());
        };
        let after: Option<Cells> = after.map(|key| key.into_iter().map(Cell::from).collect());
        let page = self.source.0.read(move |db, _| bounded_page(db, table, after)).await?;
        let next = match page.last() {
            Some(row) => {
                let key: Vec<Place> = row.iter().take(table.keys).filter_map(Place::of).collect();
                json(&(index, Some(key)))?
            }
            None => json(&(index + 1, None::<Vec<Place>>))?,
        };
        let (rows, page) = (page.len(), Arc::new(page));
        self.write(move |db| rows::put(db, table, &page), move |state| state.copied.clone_from(&next))
            .await?;
        Ok(Pass { rows, idle: false })
    }

    /// Applies the oldest notes, and removes them.
    async fn apply_notes(&self) -> Result<Pass, SwitchError> {
        let (batch, notes) = self.source.0.read(|db, _| batch(db)).await?;
        let Some(position) = notes.last().copied() else { return Ok(Pass { rows: 0, idle: true }) };
        let (rows, batch) = (batch.tables.values().map(BTreeMap::len).sum(), Arc::new(batch));
        self.write(move |db| apply(db, &batch), move |state| state.position = position).await?;
        self.source.0.write(move |db, _| feed::forget(db, &notes)).await?;
        Ok(Pass { rows, idle: false })
    }

    /// Writes to the target as its follower.
    async fn write(
        &self,
        work: impl Fn(&dyn Sql) -> Result<(), StoreError> + Send + Sync + 'static,
        note: impl Fn(&mut State) + Send + Sync + 'static,
    ) -> Result<(), SwitchError> {
        let fence = self.fence;
        let write = move |db: &dyn Sql, state: &mut State| {
            if state.role != Role::Following || state.fence != fence {
                return Ok(Err(SwitchError::Replaced));
            }
            db.execute("UPDATE store_state SET applying = 1 WHERE id = 1", &[])?;
            work(db)?;
            db.execute("UPDATE store_state SET applying = 0 WHERE id = 1", &[])?;
            note(state);
            Ok(Ok(()))
        };
        change(&self.target, write).await.map(drop)
    }

    /// Returns the notes that wait, and the number of the newest one.
    ///
    /// # Errors
    /// Fails when the store fails.
    pub async fn waiting(&self) -> Result<(u64, u64), StoreError> {
        self.source.0.read(|db, _| feed::waiting(db)).await
    }

    /// Returns the states of source and target.
    ///
    /// # Errors
    /// Fails when a store fails.
    pub async fn states(&self) -> Result<(State, State), StoreError> {
        Ok((state_of(&self.source).await?, state_of(&self.target).await?))
    }

    /// Makes the target the leader: the source accepts no more writes, its last changes follow, and the source follows
    /// from then on. A process that dies in between leaves a state with which this method continues.
    ///
    /// # Errors
    /// Fails when a store fails, or when the first copy is not complete. The source leads again after
    /// [`Self::abort`].
    pub async fn hand_over(&self) -> Result<(), SwitchError> {
        let (from, to) = self.states().await?;
        if from.role == Role::Leading {
            if to.role != Role::Following || !to.copied.is_empty() {
                return Err(roles(&from, &to));
            }
            let seal = |db: &dyn Sql, state: &mut State| {
                if state.role != Role::Leading {
                    return Ok(Err(SwitchError::Replaced));
                }
                feed::stop_writers(db)?;
                (state.role, state.epoch) = (Role::Sealed, state.epoch + 1);
                Ok(Ok(()))
            };
            self.catch_up().await?;
            change(&self.source, seal).await?;
        }
        while !self.apply_notes().await?.idle {}
        let hand = |_: &dyn Sql, state: &mut State| match state.role {
            Role::Sealed => {
                state.role = Role::Handed;
                Ok(Ok(()))
            }
            Role::Handed => Ok(Ok(())),
            _ => Ok(Err(SwitchError::Replaced)),
        };
        change(&self.source, hand).await?;
        self.take_over().await
    }

    /// Applies notes until few are left, so that writers wait for a short time.
    async fn catch_up(&self) -> Result<(), SwitchError> {
        for _ in 0..CATCH_UP {
            if self.waiting().await?.0 <= FEW {
                break;
            }
            self.apply_notes().await?;
        }
        Ok(())
    }

    /// Makes the target lead after the source has passed on everything, and the source follow.
    async fn take_over(&self) -> Result<(), SwitchError> {
        let epoch = state_of(&self.source).await?.epoch;
        let lead = move |db: &dyn Sql, state: &mut State| {
            if state.role == Role::Following && state.epoch < epoch {
                (state.role, state.epoch, state.position) = (Role::Leading, epoch, 0);
                rows::continue_numbers(db)?;
            }
            Ok(Ok(()))
        };
        change(&self.target, lead).await?;
        let follow = move |_: &dyn Sql, state: &mut State| {
            if state.role == Role::Handed && state.epoch == epoch {
                (state.role, state.position) = (Role::Following, 0);
            }
            Ok(Ok(()))
        };
        change(&self.source, follow).await.map(drop)
    }

    /// Makes the source lead again after it was sealed. Once it has handed over, it cannot.
    ///
    /// # Errors
    /// Fails when the store fails, or when the source is not sealed.
    pub async fn abort(&self) -> Result<(), SwitchError> {
        let (from, to) = self.states().await?;
        let refused = roles(&from, &to);
        let lead = move |_: &dyn Sql, state: &mut State| match state.role {
            Role::Sealed => {
                (state.role, state.epoch) = (Role::Leading, state.epoch + 1);
                Ok(Ok(()))
            }
            _ => Ok(Err(refused.clone())),
        };
        change(&self.source, lead).await.map(drop)
    }

    /// Ends the switch: the source leads alone, and the target is retired.
    ///
    /// # Errors
    /// Fails when a store fails, or when the source does not lead.
    pub async fn finish(&self) -> Result<(), SwitchError> {
        let (from, to) = self.states().await?;
        let refused = roles(&from, &to);
        let alone = move |db: &dyn Sql, state: &mut State| {
            if !matches!(state.role, Role::Leading | Role::Single) {
                return Ok(Err(refused.clone()));
            }
            feed::remove(db)?;
            (state.role, state.peer) = (Role::Single, String::new());
            Ok(Ok(()))
        };
        let retire = |_: &dyn Sql, state: &mut State| {
            state.role = Role::Retired;
            Ok(Ok(()))
        };
        // A process that dies in between leaves a retired store, whose leader is alone later.
        change(&self.target, retire).await?;
        change(&self.source, alone).await.map(drop)
    }
}

/// A value of a key, in the state of a store.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
enum Place {
    Int(i64),
    Text(String),
}

impl Place {
    fn of(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Int(value) => Some(Self::Int(*value)),
            Cell::Text(text) => Some(Self::Text(text.clone())),
            Cell::Null | Cell::Bytes(_) => None,
        }
    }
}

impl From<Place> for Cell {
    fn from(place: Place) -> Self {
        match place {
            Place::Int(value) => Self::Int(value),
            Place::Text(text) => Self::Text(text),
        }
    }
}

/// The place before the first row of the first table.
const START: &str = "[0,null]";

fn roles(from: &State, to: &State) -> SwitchError {
    SwitchError::Roles { old: from.role.into(), new: to.role.into() }
}

/// Returns the first table with rows. A new database has one row in one table.
fn first_rows(db: &dyn Sql) -> Result<Option<&'static str>, StoreError> {
    for table in TABLES {
        let most = u64::from(table.name == "audit_chain");
        let sql = format!("SELECT COUNT(*) FROM (SELECT 1 FROM {} LIMIT 2) AS first", table.name);
        if db.one::<u64>(&sql, &[])?.unwrap_or(0) > most {
            return Ok(Some(table.name));
        }
    }
    Ok(None)
}

/// Removes the row of a new database, which the source also has.
fn empty_chain(db: &dyn Sql) -> Result<(), StoreError> {
    db.execute("UPDATE store_state SET applying = 1 WHERE id = 1", &[])?;
    db.execute("DELETE FROM audit_chain", &[])?;
    db.execute("UPDATE store_state SET applying = 0 WHERE id = 1", &[]).map(drop)
}

/// Reads pages until they have enough bytes.
fn bounded_page(db: &dyn Sql, table: &Table, mut after: Option<Cells>) -> Result<Vec<Cells>, StoreError> {
    let (mut found, mut bytes) = (Vec::new(), 0);
    while bytes < PAGE_BYTES && found.len() < NOTES {
        let page = rows::page(db, table, after.as_ref())?;
        let Some(last) = page.last() else { break };
        after = Some(last.iter().take(table.keys).cloned().collect());
        bytes += page.iter().flatten().map(Cell::len).sum::<usize>();
        found.extend(page);
    }
    Ok(found)
}

/// Reads the rows of the oldest notes, as they are now. Returns the notes that these rows answer.
fn batch(db: &dyn Sql) -> Result<(Batch, Vec<u64>), StoreError> {
    let notes = feed::oldest(db, NOTES)?;
    let (mut batch, mut answered) = (Batch::default(), Vec::new());
    // Notes of one table stand together, so that one statement reads their rows.
    let mut by_table: BTreeMap<usize, BTreeMap<Cells, Vec<u64>>> = BTreeMap::new();
    for Note { seq, table, key } in notes {
        let (index, table) = Table::of(&table).ok_or_else(|| {
            failed(format!("a note names the unknown table `{table}`: upgrade this program"))
        })?;
        let key = table.key().iter().zip(&key).map(|(column, text)| Cell::parse(column, text));
        by_table.entry(index).or_default().entry(key.collect::<Result<_, _>>()?).or_default().push(seq);
    }
    for (index, keys) in by_table {
        let Some(table) = TABLES.get(index) else { continue };
        let keys: Vec<(Cells, Vec<u64>)> = keys.into_iter().collect();
        for part in keys.chunks(table.rows) {
            if batch.bytes >= BYTES {
                break;
            }
            let wanted: Vec<Cells> = part.iter().map(|(key, _)| key.clone()).collect();
            let found = rows::of_keys(db, table, &wanted)?;
            batch.bytes += found.iter().flatten().map(Cell::len).sum::<usize>();
            let rows = batch.tables.entry(index).or_default();
            rows.extend(wanted.into_iter().map(|key| (key, None)));
            for row in found {
                rows.insert(row.iter().take(table.keys).cloned().collect(), Some(row));
            }
            answered.extend(part.iter().flat_map(|(_, notes)| notes));
        }
    }
    answered.sort_unstable();
    Ok((batch, answered))
}

/// Removes rows, and then writes the others: a value that must be unique may move from one row to another.
fn apply(db: &dyn Sql, batch: &Batch) -> Result<(), StoreError> {
    let tables = || batch.tables.iter().filter_map(|(index, rows)| Some((TABLES.get(*index)?, rows)));
    for (table, rows) in tables() {
        let gone: Vec<Cells> =
            rows.iter().filter(|(_, row)| row.is_none()).map(|(key, _)| key.clone()).collect();
        for part in gone.chunks(table.rows) {
            rows::remove(db, table, part)?;
        }
    }
    for (table, rows) in tables() {
        let there: Vec<Cells> = rows.values().flatten().cloned().collect();
        rows::put(db, table, &there)?;
    }
    Ok(())
}
