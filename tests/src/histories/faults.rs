//! The run of a history: processes with clients, and faults of everything.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::server::signal;
use super::{Kind, Server, Summary, check_all};
use crate::proxy::{Fault, Proxy};

/// The processes, and the clients of each.
const PROCESSES: u32 = 4;
const CLIENTS: u32 = 6;
/// The names that clients use at one time.
const NAMES: u32 = 8;
/// The calls that a line of a process reports.
const REPORT: u64 = 50;

/// The faults of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Faults {
    None,
    /// Processes, servers and connections fail.
    All,
    /// The server loses its data: the histories are wrong then, and the checker says so.
    Loss,
}

/// The result of a run.
pub struct Done {
    pub summary: Summary,
    pub took: Duration,
    /// The number of faults of each kind.
    pub faults: BTreeMap<&'static str, u32>,
}

/// A process with clients.
struct Process {
    child: Child,
    proxy: Option<Proxy>,
    first: u32,
}

struct Run<'a> {
    program: PathBuf,
    dir: &'a Path,
    server: &'a mut Server,
    processes: Vec<Process>,
    calls: Arc<AtomicU64>,
    random: fastrand::Rng,
    faults: BTreeMap<&'static str, u32>,
}

/// Runs clients until they have sent a number of calls, and checks their histories. `program` starts a process with
/// clients: `client KIND PLACE DIR FIRST COUNT NAMES`. Without programs of the server, it returns `None`.
pub async fn run(kind: Kind, calls: u64, faults: Faults, seed: u64, program: &Path) -> Option<Done> {
    let mut server = Server::start(kind).await?;
    let dir = tempfile::tempdir().unwrap();
    prepare(&server).await;
    let mut run = Run {
        program: program.to_owned(),
        dir: dir.path(),
        server: &mut server,
        processes: Vec::new(),
        calls: Arc::default(),
        random: fastrand::Rng::with_seed(seed),
        faults: BTreeMap::new(),
    };
    let started = Instant::now();
    for index in 0..PROCESSES {
        let proxy = if kind == Kind::Sqlite { None } else { Some(Proxy::start(run.server.port).await) };
        let child = run.spawn(index * CLIENTS, proxy.as_ref());
        run.processes.push(Process { child, proxy, first: index * CLIENTS });
    }
    let mut shown = Instant::now();
    while run.calls.load(Ordering::Relaxed) < calls {
        let pause = Duration::from_millis(run.random.u64(500..4000));
        tokio::time::sleep(pause).await;
        if faults != Faults::None {
            run.fault(faults).await;
        }
        run.check_processes();
        if shown.elapsed() > Duration::from_secs(30) {
            shown = Instant::now();
            let calls = run.calls.load(Ordering::Relaxed);
            eprintln!("{}: {calls} calls after {} s", kind.name(), started.elapsed().as_secs());
        }
    }
    run.stop().await;
    let (took, counts) = (started.elapsed(), run.faults);
    Some(Done { summary: check_all(kind, dir.path(), faults != Faults::None), took, faults: counts })
}

/// Waits until the store serves locks. Its tables exist then, before several processes use them.
async fn prepare(server: &Server) {
    let locks = server.kind.open(&server.place(server.port));
    let mut last = None;
    for _ in 0..300 {
        match locks.tick(chrono::Utc::now(), 1).await {
            Ok(_) => return,
            Err(error) => last = Some(error),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{last:?}");
}

impl Run<'_> {
    fn spawn(&self, first: u32, proxy: Option<&Proxy>) -> Child {
        let place = self.server.place(proxy.map_or(0, |proxy| proxy.port));
        let mut child = Command::new(&self.program)
            .args(["client", self.server.kind.name(), &place])
            .arg(self.dir)
            .args([first, CLIENTS, NAMES].map(|number| number.to_string()))
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (stdout, calls) = (child.stdout.take(), self.calls.clone());
        tokio::spawn(async move {
            let Some(stdout) = stdout else { return };
            let mut lines = BufReader::new(stdout).lines();
            while let Ok(Some(_)) = lines.next_line().await {
                calls.fetch_add(REPORT, Ordering::Relaxed);
            }
        });
        child
    }

    /// Fails when a process has ended by itself, which is a failure of its own.
    fn check_processes(&mut self) {
        for process in &mut self.processes {
            let ended = process.child.try_wait().unwrap();
            assert!(ended.is_none(), "the process of client {} has ended: {ended:?}", process.first);
        }
    }

    /// Makes one fault, and ends it.
    async fn fault(&mut self, faults: Faults) {
        let kinds: &[&'static str] = match self.server.kind {
            _ if faults == Faults::Loss => &["data lost"],
            Kind::Sqlite => &["process killed", "process stopped"],
            _ => {
                &["process killed", "process stopped", "partition", "slow", "server killed", "server stopped"]
            }
        };
        let kind = kinds[self.random.usize(..kinds.len())];
        *self.faults.entry(kind).or_default() += 1;
        let time = Duration::from_millis(self.random.u64(50..2000));
        let index = self.random.usize(..self.processes.len());
        match kind {
            "process killed" => {
                self.processes[index].child.kill().await.unwrap();
                tokio::time::sleep(time / 4).await;
                let (first, proxy) = (self.processes[index].first, self.processes[index].proxy.clone());
                self.processes[index].child = self.spawn(first, proxy.as_ref());
            }
            "process stopped" => {
                let Some(id) = self.processes[index].child.id() else { return };
                signal(id, "STOP");
                tokio::time::sleep(time).await;
                signal(id, "CONT");
            }
            "partition" | "slow" => {
                let Some(proxy) = &self.processes[index].proxy else { return };
                let of_partition = [Fault::HalfOpen, Fault::Refuse][self.random.usize(..2)];
                proxy.set(if kind == "slow" { Fault::Slow } else { of_partition });
                if of_partition == Fault::Refuse && kind == "partition" {
                    proxy.reset();
                }
                tokio::time::sleep(time).await;
                proxy.set(Fault::None);
                if self.random.bool() {
                    proxy.reset();
                }
            }
            "data lost" => {
                self.server.kill();
                self.server.lose_data();
                self.server.run().await;
            }
            "server killed" => {
                self.server.kill();
                tokio::time::sleep(time / 4).await;
                self.server.run().await;
            }
            _ => {
                self.server.signal("STOP");
                tokio::time::sleep(time).await;
                self.server.signal("CONT");
            }
        }
    }

    /// Lets all clients complete their calls.
    async fn stop(&mut self) {
        std::fs::write(self.dir.join("stop"), "").unwrap();
        for process in &mut self.processes {
            let ended = tokio::time::timeout(super::client::WAIT * 2, process.child.wait()).await;
            let ended = ended.unwrap_or_else(|_| panic!("client {} does not end", process.first));
            assert!(ended.unwrap().success(), "the process of client {} failed", process.first);
        }
    }
}
