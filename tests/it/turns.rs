//! The turns and the niceness of the service's threads, as the kernel shows them (Linux 6.12 and later).

use std::collections::BTreeMap;

use crate::cli::Shell;
use crate::server::Server;

/// A thread of a long run gives its core to a woken thread at once, because that one has shorter turns.
#[tokio::test]
async fn threads_of_long_runs_have_longer_turns_than_all_others() {
    let server = Server::start(Shell::new());
    assert_eq!(server.get("/healthz").await.status, 200);
    let mut found = BTreeMap::<(u64, i32), Vec<String>>::new();
    for thread in std::fs::read_dir(format!("/proc/{}/task", server.id())).unwrap().flatten() {
        // A thread may end meanwhile.
        let read = |name: &str| std::fs::read_to_string(thread.path().join(name));
        let (Ok(name), Ok(stat), Ok(sched)) = (read("comm"), read("stat"), read("sched")) else { continue };
        let Some(slice) = sched.lines().find(|line| line.starts_with("se.slice")) else {
            eprintln!("skipped: this kernel has no turns for each thread");
            return;
        };
        let slice = slice.rsplit(' ').next().unwrap().parse().unwrap();
        let nice = stat.rsplit(')').next().unwrap().split_whitespace().nth(16).unwrap().parse().unwrap();
        found.entry((slice, nice)).or_default().push(name.trim().to_owned());
    }
    let patient = found.remove(&(500_000, 15)).unwrap_or_default();
    assert!(!patient.is_empty() && patient.iter().all(|name| name == "patient"), "{patient:?} {found:?}");
    let others = found.remove(&(100_000, 0)).unwrap_or_default();
    assert!(others.iter().any(|name| name == "guest"), "{others:?} {found:?}");
    // Threads that compile have their own niceness.
    let rest: Vec<_> =
        found.into_iter().filter(|((slice, nice), _)| *nice == 0 && *slice != 100_000).collect();
    assert!(rest.is_empty(), "{rest:?}");
}
