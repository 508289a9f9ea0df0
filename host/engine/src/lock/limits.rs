//! The bounds of locks. Each protects the store, or those who wait, from one careless client.

use std::time::Duration;

/// The bytes of a name. A name is a key of a database and a part of a URL.
pub const NAME_BYTES: usize = 256;
/// The bytes of an actor: `user:`, the issuer of a token and its subject.
pub const ACTOR_BYTES: usize = 512;
/// The bytes of a session, and of the part of a session: the path of a step.
pub const SESSION_BYTES: usize = 256;
/// The bytes of the id of a ticket, which is a key of a database.
pub const TICKET_BYTES: usize = 64;
/// The bytes of a reason: a sentence that a list shows in one row.
pub const REASON_BYTES: usize = 500;
/// The bytes of the metadata of a ticket, as JSON. Each event of the ticket is as large as the ticket.
pub const METADATA_BYTES: usize = 4 << 10;
/// The names of one ticket. The ticket has a place in the queue of each.
pub const NAMES_PER_TICKET: usize = 32;
/// The names that a project remembers, held or not. Names that are idle make room for new ones.
pub const LOCKS: usize = 200_000;
/// The tickets that wait in a project. A search for a deadlock visits each at most once.
pub const WAITING: usize = 100_000;
/// The tickets that wait for one name. The last of them waits for all others.
pub const WAITING_PER_NAME: usize = 10_000;
/// The sessions that share one lock. A writer waits for each of them.
pub const HOLDERS: usize = 1_000;
/// The tickets that one session holds or waits with. A search for a deadlock follows all that wait.
pub const TICKETS_PER_SESSION: usize = 1_000;
/// The tickets that a ticket may pass to resolve a deadlock. Each costs a comparison at each grant.
pub const PASSES: usize = 64;
/// Reorderings that may pass a ticket that has waited longer than [`MAX_LEVELS`] agings. Later deadlocks have a
/// victim instead, so that reordering starves no ticket.
pub const LATE_PASSES: u32 = 10;
/// The levels of priority above the lowest one.
pub const MAX_LEVELS: u8 = 9;
/// The shortest lease. A holder must be able to renew it over a slow network.
pub const MIN_LEASE: Duration = Duration::from_secs(1);
/// The longest lease. A holder that died frees its locks within this time.
pub const MAX_LEASE: Duration = Duration::from_secs(7 * 24 * 3600);
/// The longest wait. A client that died leaves the queue within this time.
pub const MAX_WAIT: Duration = Duration::from_secs(7 * 24 * 3600);
/// The longest delay after a lease that expired. No command shortens it.
pub const MAX_LOCK_DELAY: Duration = Duration::from_secs(3600);
/// The number of times that a ticket waits again after its time ran out.
pub const RETRIES: u32 = 10;
/// The longest pause between two waits of a ticket.
pub const MAX_BACKOFF: Duration = Duration::from_secs(3600);
/// The time for which the end of a ticket can be read.
pub const ENDED_KEPT: Duration = Duration::from_secs(600);
/// The time for which an idle name keeps its last token.
pub const IDLE_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// The links of a cycle that a message spells out. Longer cycles end with their number.
pub const LINKS_SHOWN: usize = 16;
