//! Redis servers that belong to one test.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use stepwell_engine::lock::Settings;

use super::super::{RedisLocks, RedisSettings};

/// A server that ends with the test.
pub struct Redis {
    process: Child,
    pub port: u16,
    pub bus: u16,
    _dir: tempfile::TempDir,
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Redis {
    /// Starts a server with settings. Without the program, it prints a line and returns `None`.
    pub async fn start(settings: &[&str]) -> Option<Self> {
        let (dir, port, bus) = (tempfile::tempdir().unwrap(), free_port(), free_port());
        let process = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--dir"])
            .arg(dir.path())
            .args(
                settings.iter().map(|word| if *word == "BUS" { bus.to_string() } else { (*word).to_owned() }),
            )
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(process) = process else {
            assert!(std::env::var_os("CI").is_none(), "there is no redis-server");
            println!("skipped: there is no redis-server");
            return None;
        };
        let redis = Self { process, port, bus, _dir: dir };
        for _ in 0..200 {
            match redis.try_ask(&["PING"]).await {
                // A server that asks for a password has started, too.
                Err(error) if error.code().is_none() => {}
                _ => return Some(redis),
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("redis-server does not answer");
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Returns the locks of a process.
    pub fn locks(&self) -> RedisLocks {
        RedisLocks::new(self.url().parse().unwrap(), Settings::default())
    }

    /// Returns the locks of a process that measures leases by the time of its calls.
    pub fn callers_time(&self, settings: Settings) -> RedisLocks {
        RedisLocks::new(self.url().parse::<RedisSettings>().unwrap().callers_time(), settings)
    }

    pub async fn try_ask(&self, words: &[&str]) -> redis::RedisResult<redis::Value> {
        let client = redis::Client::open(self.url())?;
        let patience = Some(Duration::from_secs(20));
        let config = redis::AsyncConnectionConfig::new();
        let config = config.set_connection_timeout(patience).set_response_timeout(patience);
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        command.query_async(&mut connection).await
    }

    /// Sends a command as an administrator does.
    pub async fn ask(&self, words: &[&str]) -> redis::Value {
        self.try_ask(words).await.unwrap_or_else(|error| panic!("{words:?}: {error}"))
    }

    /// Sends a command until its answer contains a text.
    pub async fn until(&self, words: &[&str], expected: &str) {
        let mut last = String::new();
        for _ in 0..300 {
            last = format!("{:?}", self.try_ask(words).await);
            if last.contains(expected) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{words:?}: {last}");
    }

    /// Stops or continues the process: `STOP` or `CONT`.
    pub fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }
}
