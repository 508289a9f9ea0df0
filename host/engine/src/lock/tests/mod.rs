//! Scripts, random commands, and a comparison of the whole table with its parts.

mod model;
mod store;

use std::path::Path;

use expect_test::expect_file;

use super::MemoryLocks;

use crate as engine;
#[path = "../../../../../tests/src/locks.rs"]
mod scripts;

#[tokio::test]
async fn scripts_of_the_contract_in_memory() {
    for name in scripts::SCRIPTS {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../tests/contract/locks/{name}.txt"));
        let script = std::fs::read_to_string(&path).unwrap();
        let locks = MemoryLocks::new(scripts::settings(&script));
        expect_file![path].assert_eq(&scripts::transcript(&locks, "default", &script).await);
    }
}
