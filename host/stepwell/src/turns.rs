//! The turns of large work: one piece is done at a time, and each caller has at most one in the queue, so that a
//! caller with many pieces delays another by one of them. Documents are read in turns, since each may take 256 MiB.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{MutexGuard, OwnedMutexGuard};

use crate::HostError;
use crate::context::Context;
use crate::guests::{FEW, blocking_in_place};

/// The maximum time for which a large document waits for its turn.
const TURN: Duration = Duration::from_secs(10);
/// The number of callers from which on those without work are removed.
const MAX_CALLERS: usize = 256;

tokio::task_local! {
    /// The caller for whom a task works.
    static CALLER: String;
}

/// Awaits work for a caller: the large documents that it reads share the turns of the caller.
pub async fn in_turns_of<T>(caller: String, work: impl Future<Output = T>) -> T {
    CALLER.scope(caller, work).await
}

/// A queue of large work. A lock of the library serves its waiters in their order.
#[derive(Default)]
pub(crate) struct Turns {
    all: tokio::sync::Mutex<()>,
    callers: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

impl Turns {
    fn of(&self, caller: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut callers = self.callers.lock();
        if callers.len() >= MAX_CALLERS {
            callers.retain(|_, own| Arc::strong_count(own) > 1);
        }
        callers.entry(caller.to_owned()).or_default().clone()
    }

    /// Waits for the turn of a caller, which ends when the returned guards are dropped.
    pub async fn turn(&self, caller: &str) -> (OwnedMutexGuard<()>, MutexGuard<'_, ()>) {
        let own = self.of(caller).lock_owned().await;
        (own, self.all.lock().await)
    }
}

impl Context {
    /// Reads a document of that many bytes in its turn, without blocking the other tasks of the thread. A
    /// request that waits holds no thread, and its wait ends with it.
    ///
    /// # Errors
    /// Fails when the turn does not come within [`TURN`].
    pub async fn read_in_turn<T>(&self, bytes: usize, read: impl FnOnce() -> T) -> Result<T, HostError> {
        if bytes <= FEW {
            return Ok(read());
        }
        let caller = CALLER.try_with(String::clone).unwrap_or_default();
        let Ok(_turn) = tokio::time::timeout(TURN, self.node.reading.turn(&caller)).await else {
            let why = format!(
                "other large documents are being read, and this one had no turn within {} s; try again",
                TURN.as_secs()
            );
            return Err(HostError::Busy(why));
        };
        Ok(blocking_in_place(bytes, read))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_caller_with_many_documents_delays_another_by_one() {
        let turns = Arc::<Turns>::default();
        let order = Arc::<Mutex<Vec<String>>>::default();
        let read = |caller: &'static str| {
            let (turns, order) = (turns.clone(), order.clone());
            async move {
                let _turn = turns.turn(caller).await;
                tokio::time::sleep(Duration::from_secs(1)).await;
                order.lock().push(caller.to_owned());
            }
        };
        let mut tasks: Vec<_> = (0..20).map(|_| tokio::spawn(read("many"))).collect();
        tokio::time::sleep(Duration::from_millis(10)).await;
        tasks.push(tokio::spawn(read("one")));
        for task in tasks {
            task.await.unwrap();
        }
        let place = order.lock().iter().position(|caller| caller == "one").unwrap();
        assert!(place <= 2, "{place}");
    }

    #[test]
    fn callers_without_work_are_forgotten() {
        let turns = Turns::default();
        for n in 0..10_000 {
            turns.of(&n.to_string());
        }
        assert!(turns.callers.lock().len() <= MAX_CALLERS);
    }
}
