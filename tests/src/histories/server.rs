//! The store of the histories: a file, or a server of its own that fails and starts again.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::Kind;
use crate::servers::{free_port, missing, postgres_programs, run_postgres, unprivileged};

/// A store that ends with this value.
pub struct Server {
    pub kind: Kind,
    /// The port of a server.
    pub port: u16,
    child: Option<Child>,
    dir: TempDir,
    programs: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Server {
    /// Starts a store. If its programs are not installed, prints a line and returns `None`.
    pub async fn start(kind: Kind) -> Option<Self> {
        let (dir, mut programs) = (tempfile::tempdir().unwrap(), PathBuf::new());
        match kind {
            Kind::Sqlite => {}
            Kind::Postgres => {
                programs = postgres_programs()?;
                let status = unprivileged(&programs.join("initdb"), dir.path())
                    .args(["-A", "trust", "-U", "postgres", "-D"])
                    .arg(dir.path().join("data"))
                    .stdout(Stdio::null())
                    .status();
                assert!(status.unwrap().success());
            }
            Kind::Redis => {
                let found = ["/usr/bin", "/usr/local/bin"].map(|dir| PathBuf::from(dir).join("redis-server"));
                programs = match found.into_iter().find(|path| path.exists()) {
                    Some(program) => program,
                    None => {
                        missing("Redis", "PATH");
                        return None;
                    }
                };
            }
        }
        let mut server = Self { kind, port: free_port(), child: None, dir, programs };
        server.run().await;
        Some(server)
    }

    /// Returns the place of the store behind this port.
    pub fn place(&self, port: u16) -> String {
        match self.kind {
            Kind::Sqlite => self.dir.path().join("stepwell.db").display().to_string(),
            Kind::Postgres => format!("postgres://postgres@127.0.0.1:{port}/postgres?pool=8"),
            Kind::Redis => format!("redis://127.0.0.1:{port}"),
        }
    }

    /// Ends the server as a crash does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Deletes the data of a server that is not running. Only Redis starts without its data.
    pub fn lose_data(&self) {
        std::fs::remove_dir_all(self.dir.path().join("appendonlydir")).unwrap();
    }

    /// Starts the server with its data, and waits until it accepts connections.
    pub async fn run(&mut self) {
        if self.kind == Kind::Sqlite {
            return;
        }
        let started = Instant::now();
        let mut child = self.spawn();
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(started.elapsed() < Duration::from_secs(60), "the server does not start");
            tokio::time::sleep(Duration::from_millis(50)).await;
            // PostgreSQL waits for the end of the processes of its predecessor, and gives up.
            if child.try_wait().is_ok_and(|status| status.is_some()) {
                child = self.spawn();
            }
        }
        self.child = Some(child);
    }

    fn spawn(&self) -> Child {
        let dir = self.dir.path();
        if self.kind == Kind::Postgres {
            let settings = ["max_connections=60".to_owned()];
            return run_postgres(&self.programs, dir, &dir.join("data"), self.port, &settings);
        }
        Command::new(&self.programs)
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            // An answer leaves Redis after its write has reached the kernel, so a crash of Redis loses none.
            .args(["--appendonly", "yes", "--appendfsync", "everysec", "--dir"])
            .arg(dir)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// Stops the server, or lets it continue: `STOP` or `CONT`.
    pub fn signal(&self, name: &str) {
        if let Some(child) = &self.child {
            signal(child.id(), name);
        }
    }
}

/// Sends a signal to a process.
pub fn signal(process: u32, name: &str) {
    // The process may have ended.
    let _ =
        Command::new("kill").args([format!("-{name}"), process.to_string()]).stderr(Stdio::null()).status();
}
