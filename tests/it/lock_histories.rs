//! Short histories of locks, with faults, on every back end. `lock-histories` records long ones.

use std::path::Path;

use stepwell_tests::histories::{Faults, Kind, run};

/// The calls of a history. The faults need their time, whatever the number of calls.
const CALLS: u64 = 1_000;

async fn history(kind: Kind) {
    let program = Path::new(env!("CARGO_BIN_EXE_lock-histories"));
    let Some(done) = run(kind, CALLS, Faults::All, 1, program).await else { return };
    let summary = done.summary;
    assert!(summary.wrong.is_empty(), "{}: {:#?}", kind.name(), summary.wrong);
    assert!(summary.grants > 100 && summary.waits > 50, "{}: {summary:?}", kind.name());
    assert!(!done.faults.is_empty(), "{}", kind.name());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn histories_with_faults_in_sqlite() {
    history(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn histories_with_faults_in_postgres() {
    history(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn histories_with_faults_in_redis() {
    history(Kind::Redis).await;
}

/// The histories show two holders when there are two.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_loses_its_data_has_wrong_histories() {
    let program = Path::new(env!("CARGO_BIN_EXE_lock-histories"));
    let Some(done) = run(Kind::Redis, CALLS, Faults::Loss, 1, program).await else { return };
    let two = |wrong: &&String| wrong.contains("was handed out") && wrong.contains("held the lock");
    assert!(done.summary.wrong.iter().any(|wrong| two(&wrong)), "{:#?}", done.summary.wrong);
}
