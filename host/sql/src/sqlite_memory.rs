//! The memory of SQLite, counted per connection of a step.
//!
//! The threat: SQLite prepares a statement before it runs it. It copies a view or a common table expression at each
//! use, and compiles each trigger, so a statement of a kilobyte may take all memory of the node. SQLite counts none
//! of this, recurses without a bound on the way, and does not ask whether it must stop. But each part of it
//! allocates. So SQLite allocates here, in the whole process, and an allocation fails where a step's statement has
//! no memory or time left or its caller is gone. SQLite then ends the statement, as it does wherever memory is short.
//! The run store uses the same library: its allocations belong to no connection and never fail here.

use std::alloc::{self, Layout};
use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Instant;

use parking_lot::Mutex;
use rusqlite::ffi;
use tokio_util::sync::CancellationToken;

/// The bytes that the connections of all steps may hold.
const MOST: i64 = 256 << 20;
/// The bytes that one connection may hold, with its stack.
pub(crate) const MOST_OF_ONE: i64 = 192 << 20;
/// The bytes that a connection may hold even when others hold the rest.
const LEAST: i64 = 8 << 20;
/// The maximum number of connections with an account.
const ACCOUNTS: usize = 4096;
/// The number of allocations between two checks of the clock.
const ALLOCATIONS_BETWEEN_LOOKS: u32 = 64;
/// The bytes before an allocation. They hold its size and its account, and keep SQLite's alignment.
const HEADER: usize = 8;

/// The bytes that each account holds. The first one stands for everything that no step causes, and counts nothing.
static HELD: [AtomicI64; ACCOUNTS] = [const { AtomicI64::new(0) }; ACCOUNTS];
/// The bytes of all accounts.
static ALL: AtomicI64 = AtomicI64::new(0);
static NUMBERS: Mutex<Numbers> = Mutex::new(Numbers { next: 1, free: Vec::new() });
static IS_INSTALLED: AtomicBool = AtomicBool::new(false);

/// The numbers of accounts that are not in use.
struct Numbers {
    next: u32,
    free: Vec<u32>,
}

/// The reason why an allocation failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    Memory,
    Time,
    Stopped,
}

/// The state of a thread with a connection of a step.
struct Thread {
    account: Cell<u32>,
    /// Whether a step's statement is running, and not the host's own work.
    bounded: Cell<bool>,
    /// Once an allocation has failed, all further ones of the statement fail.
    refused: Cell<Option<Refused>>,
    allocations: Cell<u32>,
    /// An address near the bottom of the stack.
    stack: Cell<usize>,
    until: RefCell<Option<(Instant, CancellationToken)>>,
}

thread_local! {
    static THREAD: Thread = const {
        Thread {
            account: Cell::new(0),
            bounded: Cell::new(false),
            refused: Cell::new(None),
            allocations: Cell::new(0),
            stack: Cell::new(0),
            until: RefCell::new(None),
        }
    };
}

/// The account of the connection of this thread.
pub(crate) struct Account {
    number: u32,
    /// It belongs to its thread.
    _thread: std::marker::PhantomData<*const ()>,
}

impl Account {
    /// Opens the account for all that this thread allocates from now on, or returns `None` when there are too many,
    /// or when another library has used SQLite before this one could.
    pub(crate) fn open() -> Option<Self> {
        if !IS_INSTALLED.load(Ordering::Relaxed) {
            return None;
        }
        let mut numbers = NUMBERS.lock();
        let number = match numbers.free.pop() {
            Some(number) => number,
            None if (numbers.next as usize) < ACCOUNTS => {
                numbers.next += 1;
                numbers.next - 1
            }
            None => return None,
        };
        THREAD.with(|thread| {
            thread.account.set(number);
            thread.stack.set(here());
        });
        Some(Self { number, _thread: std::marker::PhantomData })
    }

    /// Begins the work of a request: its statements end at the deadline, and when the caller is gone.
    pub(crate) fn begin(&self, deadline: Instant, stop: CancellationToken) {
        THREAD.with(|thread| {
            thread.refused.set(None);
            *thread.until.borrow_mut() = Some((deadline, stop));
        });
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        THREAD.with(|thread| thread.account.set(0));
        NUMBERS.lock().free.push(self.number);
    }
}

/// Returns the reason why a statement of this thread ended, if an allocation failed.
pub(crate) fn refused() -> Option<Refused> {
    THREAD.with(|thread| thread.refused.take())
}

/// Does work of SQLite for a step, whose allocations may fail.
pub(crate) fn bounded<T>(work: impl FnOnce() -> T) -> T {
    set_bounded(true, work)
}

/// Does work of the host on behalf of a statement, whose allocations count and do not fail.
pub(crate) fn unbounded<T>(work: impl FnOnce() -> T) -> T {
    set_bounded(false, work)
}

fn set_bounded<T>(bounded: bool, work: impl FnOnce() -> T) -> T {
    let before = THREAD.with(|thread| thread.bounded.replace(bounded));
    let done = work();
    THREAD.with(|thread| thread.bounded.set(before));
    done
}

/// Returns an address on the stack of the caller.
#[inline(never)]
fn here() -> usize {
    let local = 0_u8;
    ptr::from_ref(&local).addr()
}

impl Thread {
    /// Returns the account of an allocation, or `None` when it must fail.
    fn admit(&self, bytes: i64) -> Option<u32> {
        let account = self.account.get();
        if account == 0 || !self.bounded.get() {
            return Some(account);
        }
        if self.refused.get().is_none() {
            self.refused.set(self.refusal(account, bytes));
        }
        self.refused.get().is_none().then_some(account)
    }

    fn refusal(&self, account: u32, bytes: i64) -> Option<Refused> {
        let stack = i64::try_from(self.stack.get().saturating_sub(here())).unwrap_or(i64::MAX);
        let wanted = held(account).saturating_add(bytes).saturating_add(stack);
        let all = ALL.load(Ordering::Relaxed).saturating_add(bytes);
        if wanted > MOST_OF_ONE || wanted > LEAST && all > MOST {
            return Some(Refused::Memory);
        }
        self.allocations.set(self.allocations.get().wrapping_add(1));
        if !self.allocations.get().is_multiple_of(ALLOCATIONS_BETWEEN_LOOKS) {
            return None;
        }
        let until = self.until.try_borrow().ok()?;
        let (deadline, stop) = until.as_ref()?;
        #[allow(clippy::disallowed_methods, reason = "a time-out is measured where it is enforced")]
        let is_over = Instant::now() >= *deadline;
        match (is_over, stop.is_cancelled()) {
            (true, _) => Some(Refused::Time),
            (false, true) => Some(Refused::Stopped),
            (false, false) => None,
        }
    }
}

fn held(account: u32) -> i64 {
    HELD.get(account as usize).map_or(0, |held| held.load(Ordering::Relaxed))
}

fn charge(account: u32, bytes: i64) {
    // A counter for the run store would slow its threads, which would share it, and limit nothing.
    if account == 0 {
        return;
    }
    if let Some(held) = HELD.get(account as usize) {
        held.fetch_add(bytes, Ordering::Relaxed);
    }
    ALL.fetch_add(bytes, Ordering::Relaxed);
}

/// Returns the account of an allocation of this thread, or `None` when it must fail. A thread that ends belongs to
/// no connection.
fn admit(bytes: i64) -> Option<u32> {
    THREAD.try_with(|thread| thread.admit(bytes)).unwrap_or(Some(0))
}

/// The beginning of an allocation.
#[derive(Clone, Copy)]
#[repr(C)]
struct Header {
    bytes: u32,
    account: u32,
}

const _: () = assert!(size_of::<Header>() == HEADER);

fn layout(bytes: u32) -> Option<Layout> {
    Layout::from_size_align(usize::try_from(bytes).ok()?.checked_add(HEADER)?, HEADER).ok()
}

/// Allocates, as SQLite's `xMalloc`.
#[allow(unsafe_code, reason = "SQLite has no safe interface for an allocator; see SAFETY")]
extern "C" fn allocate(bytes: c_int) -> *mut c_void {
    let Ok(bytes) = u32::try_from(bytes) else { return ptr::null_mut() };
    let (Some(layout), Some(account)) = (layout(bytes), admit(i64::from(bytes))) else {
        return ptr::null_mut();
    };
    // SAFETY: the layout has at least the size of the header, so it is not empty, and the header is at an address
    // with its alignment.
    unsafe {
        let start = alloc::alloc(layout);
        if start.is_null() {
            return ptr::null_mut();
        }
        start.cast::<Header>().write(Header { bytes, account });
        charge(account, i64::from(bytes));
        start.add(HEADER).cast()
    }
}

/// Frees, as SQLite's `xFree`.
#[allow(unsafe_code, reason = "SQLite has no safe interface for an allocator; see SAFETY")]
unsafe extern "C" fn free(memory: *mut c_void) {
    if memory.is_null() {
        return;
    }
    // SAFETY: SQLite passes what `allocate` or `resize` returned, once, so the header is before it, and the layout
    // is that of the allocation.
    unsafe {
        let start = memory.cast::<u8>().sub(HEADER);
        let Header { bytes, account } = start.cast::<Header>().read();
        if let Some(layout) = layout(bytes) {
            charge(account, -i64::from(bytes));
            alloc::dealloc(start, layout);
        }
    }
}

/// Changes the size of an allocation, as SQLite's `xRealloc`.
#[allow(unsafe_code, reason = "SQLite has no safe interface for an allocator; see SAFETY")]
unsafe extern "C" fn resize(memory: *mut c_void, bytes: c_int) -> *mut c_void {
    if memory.is_null() {
        return allocate(bytes);
    }
    let Ok(bytes) = u32::try_from(bytes) else { return ptr::null_mut() };
    // SAFETY: as in `free`; the new size includes the header, and a failed call leaves the allocation as it is.
    unsafe {
        let start = memory.cast::<u8>().sub(HEADER);
        let before = start.cast::<Header>().read();
        let more = i64::from(bytes) - i64::from(before.bytes);
        let (Some(old), Some(new)) = (layout(before.bytes), layout(bytes)) else { return ptr::null_mut() };
        if more > 0 && admit(more).is_none() {
            return ptr::null_mut();
        }
        let start = alloc::realloc(start, old, new.size());
        if start.is_null() {
            return ptr::null_mut();
        }
        start.cast::<Header>().write(Header { bytes, account: before.account });
        charge(before.account, more);
        start.add(HEADER).cast()
    }
}

/// Returns the size of an allocation, as SQLite's `xSize`.
#[allow(unsafe_code, reason = "SQLite has no safe interface for an allocator; see SAFETY")]
unsafe extern "C" fn size(memory: *mut c_void) -> c_int {
    if memory.is_null() {
        return 0;
    }
    // SAFETY: as in `free`.
    let header = unsafe { memory.cast::<u8>().sub(HEADER).cast::<Header>().read() };
    c_int::try_from(header.bytes).unwrap_or(c_int::MAX)
}

extern "C" fn rounded(bytes: c_int) -> c_int {
    bytes.saturating_add(7) & !7
}

extern "C" fn begin(_: *mut c_void) -> c_int {
    ffi::SQLITE_OK
}

extern "C" fn end(_: *mut c_void) {}

/// Makes SQLite allocate here. SQLite accepts this only before its first use in the process, and other parts of the
/// process may use SQLite at any time. So this runs before `main`.
#[allow(unsafe_code, reason = "SQLite has no safe interface for an allocator; see SAFETY")]
extern "C" fn install() {
    let methods = ffi::sqlite3_mem_methods {
        xMalloc: Some(allocate),
        xFree: Some(free),
        xRealloc: Some(resize),
        xSize: Some(size),
        xRoundup: Some(rounded),
        xInit: Some(begin),
        xShutdown: Some(end),
        pAppData: ptr::null_mut(),
    };
    // SAFETY: no other thread exists yet, SQLite copies the methods, and they satisfy its contract for allocators.
    let done = unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_MALLOC, &raw const methods) };
    IS_INSTALLED.store(done == ffi::SQLITE_OK, Ordering::Relaxed);
}

#[allow(unsafe_code, reason = "the section is a list of functions that run before `main`")]
#[used]
#[cfg_attr(target_os = "linux", unsafe(link_section = ".init_array"))]
#[cfg_attr(target_os = "macos", unsafe(link_section = "__DATA,__mod_init_func"))]
static BEFORE_MAIN: extern "C" fn() = install;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rusqlite::Connection;

    use super::*;

    /// Runs the statements on a thread with an account, each with this much time. Returns the reason why the last
    /// one ended, and the bytes that the account holds then.
    fn run(before: Vec<String>, last: String, time: Duration) -> (Option<Refused>, bool, i64) {
        let thread = std::thread::Builder::new().stack_size(crate::sqlite::STACK);
        let work = move || {
            let account = Account::open().unwrap();
            let database = Connection::open_in_memory().unwrap();
            for statement in before {
                database.execute_batch(&statement).unwrap();
            }
            #[allow(clippy::disallowed_methods, reason = "how long a statement takes is measured")]
            let begun = Instant::now();
            account.begin(begun + time, CancellationToken::new());
            let ended = bounded(|| database.execute_batch(&last));
            assert!(begun.elapsed() < time + Duration::from_secs(5), "{:?}", begun.elapsed());
            assert!(held(account.number) < MOST_OF_ONE);
            let refused = refused();
            // The connection still works.
            account.begin(begun + Duration::from_secs(600), CancellationToken::new());
            bounded(|| database.execute_batch("CREATE TABLE works (n); SELECT * FROM works")).unwrap();
            drop(database);
            (refused, ended.is_ok(), held(account.number))
        };
        thread.spawn(work).unwrap().join().unwrap()
    }

    /// Common table expressions, each of which uses the one before it twice.
    fn doubled(levels: usize) -> String {
        let twice = |level| {
            let before = level - 1;
            format!("a{level} AS (SELECT * FROM a{before} UNION ALL SELECT * FROM a{before})")
        };
        let all: Vec<String> = (1..=levels).map(twice).collect();
        format!("WITH a0 AS (SELECT 1 x), {} SELECT count(*) FROM a{levels}", all.join(", "))
    }

    /// Views, each of which uses the one before it, or each with a trigger that inserts into the next. Statements
    /// would take too long to create as many.
    fn chain(levels: usize, rows: &str) -> Vec<String> {
        let numbers =
            format!("WITH RECURSIVE l (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM l WHERE n < {levels})");
        vec![
            "CREATE VIEW v0 AS SELECT 1 AS x".to_owned(),
            "PRAGMA writable_schema = ON".to_owned(),
            format!("{numbers} INSERT INTO sqlite_schema {rows}"),
            "PRAGMA writable_schema = RESET".to_owned(),
        ]
    }

    #[test]
    fn a_statement_that_expands_ends_within_its_memory_and_time() {
        let (long, short) = (Duration::from_secs(60), Duration::from_millis(200));
        let stored = format!("CREATE VIEW v AS {}", doubled(25));
        let views = "SELECT 'view', 'v' || n, 'v' || n, 0, 'CREATE VIEW v' || n || ' AS SELECT * FROM v' || (n - 1) FROM l";
        let triggers = "SELECT 'view', 'v' || n, 'v' || n, 0, 'CREATE VIEW v' || n || ' AS SELECT 1 AS x' FROM l \
            UNION ALL SELECT 'trigger', 'g' || n, 'v' || n, 0, 'CREATE TRIGGER g' || n || ' INSTEAD OF INSERT ON v' || n || \
            ' BEGIN INSERT INTO v' || (n - 1) || ' VALUES (1); END' FROM l WHERE n > 1";
        for (name, before, last, time, refused) in [
            ("expressions", vec![], doubled(25), long, Some(Refused::Memory)),
            ("a view", vec![stored], "SELECT * FROM v".to_owned(), long, Some(Refused::Memory)),
            (
                "a chain of views",
                chain(40_000, views),
                "SELECT * FROM v40000".to_owned(),
                Duration::from_secs(4),
                Some(Refused::Memory),
            ),
            (
                "a chain of triggers",
                chain(40_000, triggers),
                "INSERT INTO v40000 VALUES (1)".to_owned(),
                Duration::from_secs(4),
                Some(Refused::Memory),
            ),
            ("in time", vec![], doubled(25), short, Some(Refused::Time)),
            ("few", vec![], doubled(3), long, None),
        ] {
            let (ended, is_ok, left) = run(before, last, time);
            assert_eq!(is_ok, ended.is_none(), "{name}");
            // A chain ends at the clock or at its stack, by the speed of the machine.
            let is_chain = name.starts_with("a chain");
            assert!(ended == refused || is_chain && ended.is_some(), "{name}: {ended:?}");
            assert_eq!(left, 0, "{name}");
        }
    }

    #[test]
    fn a_connection_gets_its_least_while_others_hold_the_rest() {
        let most = THREAD.with(|thread| {
            ALL.fetch_add(MOST, Ordering::Relaxed);
            let answers = [LEAST / 2, LEAST * 2].map(|bytes| thread.refusal(0, bytes));
            ALL.fetch_sub(MOST, Ordering::Relaxed);
            answers
        });
        assert_eq!(most, [None, Some(Refused::Memory)]);
    }
}
