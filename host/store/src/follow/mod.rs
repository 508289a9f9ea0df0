//! One database follows another: it gets each change, until it takes over.
//!
//! While a store leads, triggers in its database note the key of each changed row ([`feed`]). So the notes and the
//! change are in one transaction, whichever process or program makes the change. The follower ([`Follower`]) reads
//! the noted rows as they are now, writes them to the other database, and removes the notes. It reads states and not
//! changes, so that a batch which is applied twice, or after a later one, gives the same rows.
//!
//! Each database says in one row who decides ([`State`]). The triggers read this row: in a database that does not
//! lead, each write fails with [`StoreError::Moved`], except the follower's. So a process that has not noticed the
//! move cannot write to the wrong database, and needs no clock for that.

mod compare;
mod feed;
mod follower;
mod rows;
mod state;
mod tables;
#[cfg(test)]
mod tests;

pub use compare::{Compared, Difference, compare};
pub use follower::{Follower, Pass, SwitchError};
pub use state::{Role, State};

pub(crate) use feed::{MOVED, MOVED_CODE, lacks};
pub(crate) use follower::state_of;
pub(crate) use state::{POSTGRES, SQLITE};
