//! Short histories of locks, with faults, on every back end. `lock-histories` records long ones.

use std::path::Path;

use stepwell_tests::histories::{Kind, run};

/// The calls of a history. The faults need their time, whatever the number of calls.
const CALLS: u64 = 1_500;

async fn history(kind: Kind) {
    let program = Path::new(env!("CARGO_BIN_EXE_lock-histories"));
    let Some(done) = run(kind, CALLS, true, 1, program).await else { return };
    let summary = done.summary;
    assert!(summary.wrong.is_empty(), "{}: {:#?}", kind.name(), summary.wrong);
    assert!(summary.grants > 200 && summary.waits > 100, "{}: {summary:?}", kind.name());
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
