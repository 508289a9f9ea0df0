//! `stepwell warm-up`: compiles steps into the cache, for images and CI.

use std::sync::Arc;

use stepwell::HostError;
use stepwell::engine::quantity::counted;
use stepwell::store::SqliteStore;

use crate::cli::args::HostArgs;
use crate::cli::host::{builder, registered};
use crate::{Exit, print};

/// Compiles every step that policy and configuration let run. The store is not opened: an image is built
/// where there is none.
pub(super) async fn warm_up(args: &HostArgs) -> Result<Exit, HostError> {
    let host = registered(builder(args).store(Arc::new(SqliteStore::in_memory())).build()?, args).await?;
    let all = host
        .steps()
        .warm_up(|warmed| {
            let (name, seconds) = (&warmed.step_type, warmed.took.as_secs_f64());
            print(&format!("{}/{} {name} {seconds:.1} s", warmed.done, warmed.of));
        })
        .await?;
    let is = if all == 1 { "is" } else { "are" };
    print(&format!("{} {is} compiled", counted(all, "step")));
    Ok(Exit::Success)
}
