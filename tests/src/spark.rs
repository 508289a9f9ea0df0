//! A real Spark with its Connect server: the archive of PySpark from PyPI, which `make spark` unpacks into
//! `target/spark`, with the Java of this machine.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::{root, servers};

/// A Spark on loopback with one process, which ends with this value.
pub struct Spark {
    pub port: u16,
    child: Child,
    dir: TempDir,
}

impl Spark {
    /// Starts a server that takes only requests with this token. If Spark or Java is not installed, prints a line and
    /// returns `None`; in CI, that is a failure.
    pub async fn start(token: &str) -> Option<Self> {
        let Some(home) = home() else {
            servers::missing("Spark", "`make spark`, with a Java");
            return None;
        };
        let (dir, port) = (tempfile::tempdir().unwrap(), servers::free_port());
        let mut submit = Command::new("bash");
        submit.arg(home.join("bin/spark-submit"));
        submit.args([
            "--class",
            "org.apache.spark.sql.connect.service.SparkConnectServer",
            "--master",
            "local[2]",
        ]);
        submit.args(["--driver-memory", "1g"]);
        let here = dir.path().display().to_string();
        for setting in [
            format!("spark.connect.grpc.binding.port={port}"),
            "spark.connect.grpc.binding.address=127.0.0.1".to_owned(),
            format!("spark.connect.authenticate.token={token}"),
            "spark.driver.bindAddress=127.0.0.1".to_owned(),
            "spark.driver.host=127.0.0.1".to_owned(),
            format!("spark.local.dir={here}/local"),
            "spark.sql.shuffle.partitions=2".to_owned(),
            format!("spark.sql.warehouse.dir={here}/warehouse"),
            "spark.ui.enabled=false".to_owned(),
        ] {
            submit.args(["--conf", &setting]);
        }
        submit.env("SPARK_HOME", &home).env("SPARK_LOCAL_IP", "127.0.0.1").env("CANARY", servers::PASSWORD);
        submit.current_dir(dir.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let spark = Self { port, child: submit.spawn().unwrap(), dir };
        let begun = Instant::now();
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(begun.elapsed() < Duration::from_secs(180), "Spark does not start");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Some(spark)
    }

    /// Returns the path of a file or directory that Spark and the test share.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Kills the server.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Spark {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Returns the directory of Spark.
fn home() -> Option<PathBuf> {
    let has_java = Command::new("java").arg("-version").output().is_ok_and(|done| done.status.success());
    let found =
        std::fs::read_dir(root().join("target/spark")).ok()?.flatten().map(|entry| entry.path().join("deps"));
    found.filter(|home| has_java && home.join("bin/spark-submit").exists()).max()
}
