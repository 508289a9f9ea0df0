//! The conditions of repairs, which are the same in both stores.

use super::stored::{Damaged, StoredLock};
use crate::format::RawValue;

/// The reasons why a repair is not done.
pub(super) const GONE: &str = "the key is gone";
pub(super) const TAKEN: &str = "its current key is in use; decide which of both to release";

/// Returns the value of an old key, when it may move to its current key.
pub(super) fn of_old_key(
    read: Option<Result<StoredLock, Damaged>>,
    to: &str,
    is_taken: bool,
) -> Result<RawValue, String> {
    match read {
        None => Err(GONE.to_owned()),
        Some(Err(Damaged { problem, .. })) => Err(format!("its value is damaged: {problem}")),
        Some(Ok(lock)) if lock.lock.identity().key() != to => Err("it holds another lock now".to_owned()),
        Some(Ok(_)) if is_taken => Err(TAKEN.to_owned()),
        Some(Ok(lock)) => Ok(lock.raw),
    }
}
