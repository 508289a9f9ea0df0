//! A reader who does what a page says: writes its files and runs its commands, one after another.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use stepwell_tests::partner::Partner;
use stepwell_tests::{root, servers};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::pages::{Block, command, dialogue, missing};

/// The time after which a service that has not started fails its page.
const START: Duration = Duration::from_secs(60);

/// Addresses at which the services of pages listen.
const ADDRESSES: &[&str] = &["127.0.0.1:7450", "127.0.0.1:7451"];

/// The store of the pages about many machines.
const STORE: &str = "postgres://stepwell:PASSWORD@db.example/stepwell?sslmode=verify-full";

/// A server of the pages that another one stands in for: it answers with the headers of each request.
const API: &str = "https://api.example.com";

/// A reader in a directory.
pub struct Reader {
    /// The directory that commands and files are in, which `cd` changes.
    place: PathBuf,
    path: String,
    /// What the tests use instead of addresses on the page.
    instead: Vec<(String, String)>,
    services: Vec<Child>,
    /// The servers that stand in for others end with it.
    runtime: Option<Runtime>,
    database: Option<servers::Database>,
    /// The home directory, the variables and the program.
    own: TempDir,
}

impl Reader {
    /// Makes a reader in this directory.
    pub fn at(dir: &Path) -> Self {
        let own = tempfile::tempdir().unwrap();
        for name in ["home", "bin"] {
            fs::create_dir(own.path().join(name)).unwrap();
        }
        let program = env!("CARGO_BIN_EXE_stepwell-under-test");
        std::os::unix::fs::symlink(program, own.path().join("bin/stepwell")).unwrap();
        let path = format!("{}:{}", own.path().join("bin").display(), std::env::var("PATH").unwrap());
        let instead = ADDRESSES.iter().map(|address| ((*address).to_owned(), "127.0.0.1:0".to_owned()));
        Self {
            place: dir.to_owned(),
            path,
            instead: instead.collect(),
            services: Vec::new(),
            runtime: None,
            database: None,
            own,
        }
    }

    /// Starts the servers that the text needs. Returns whether they are all there.
    pub fn prepare(&mut self, text: &str) -> bool {
        let runtime = self.runtime.get_or_insert_with(|| Runtime::new().unwrap());
        if text.contains(API) {
            let partner = runtime.block_on(Partner::start());
            let address = format!("http://127.0.0.1:{}", partner.port);
            // A rule of a policy also lists the address, which is not on the public internet.
            let rule = format!("\"{address}\", allow_private: [\"127.0.0.1/32\"]");
            self.instead.push((format!("\"{API}\""), rule));
            self.instead.push((API.to_owned(), address));
        }
        if text.contains(STORE) {
            self.database = runtime.block_on(servers::postgres());
            let Some(database) = &self.database else { return false };
            self.instead.push((STORE.to_owned(), database.url()));
        }
        true
    }

    /// Returns the directory in which the next command runs.
    pub fn place(&self) -> &Path {
        &self.place
    }

    /// Writes a file of the page.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.place.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, self.real(text)).unwrap();
    }

    /// Runs the commands of a block, and compares their output with the shown one.
    ///
    /// # Errors
    /// Names the command that ends otherwise than the page says, with its output.
    pub fn follow(&mut self, block: &Block) -> Result<(), String> {
        if block.has("stopped") {
            self.stop();
        }
        if block.has("repository") {
            let place = std::mem::replace(&mut self.place, root());
            let followed = self.run_all(block);
            self.place = place;
            return followed;
        }
        self.run_all(block)
    }

    fn run_all(&mut self, block: &Block) -> Result<(), String> {
        let commands = match block.language.as_str() {
            "console" => dialogue(&block.text),
            // A script shows no output.
            _ => vec![(block.text.clone(), String::new())],
        };
        let last = commands.len().saturating_sub(1);
        for (i, (line, shown)) in commands.into_iter().enumerate() {
            if block.has("serves") {
                self.serve(&line)?;
                continue;
            }
            let (code, told) = self.bash(&line);
            // `fails` is about the last command of its block.
            let should_fail = block.has("fails") && i == last;
            if (code == Some(0)) == should_fail {
                return Err(format!("$ {line}\nexit code {code:?}\n{told}"));
            }
            if let Some(lacks) = missing(&shown, &told) {
                return Err(format!("$ {line}\nthe output lacks `{lacks}`\n{told}"));
            }
        }
        Ok(())
    }

    /// Runs a script. Returns its exit code, and all its output as the page would show it.
    pub fn bash(&mut self, script: &str) -> (Option<i32>, String) {
        let state = self.own.path().join("variables");
        let place = self.own.path().join("place");
        // A script continues where the one before ended, with its variables.
        let script = format!(
            "exec 2>&1\nset -a\n[ ! -f '{0}' ] || . '{0}'\ncd '{1}'\ntrap 'code=$?; export -p > \"{0}\"; pwd > \"{2}\"; exit $code' EXIT\nset -e\n{3}",
            state.display(),
            self.place.display(),
            place.display(),
            self.real(script)
        );
        let output = self.shell().args(["-c", &script]).output().unwrap();
        let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        if let Ok(place) = fs::read_to_string(place) {
            self.place = PathBuf::from(place.trim_end());
        }
        (output.status.code(), self.shown(&told))
    }

    /// Starts a service, and waits until it listens.
    fn serve(&mut self, line: &str) -> Result<(), String> {
        let log = self.own.path().join(format!("service-{}", self.services.len()));
        let output = File::create(&log).unwrap();
        let state = self.own.path().join("variables");
        let script = format!(
            "[ ! -f '{0}' ] || . '{0}'\ncd '{1}'\nexec {2}",
            state.display(),
            self.place.display(),
            self.real(line)
        );
        let mut bash = Command::new("bash");
        bash.args(["-c", &script]).stdout(output.try_clone().unwrap()).stderr(output).process_group(0);
        self.environment(&mut bash);
        self.services.push(bash.spawn().unwrap());
        let begun = Instant::now();
        let address = loop {
            let told = fs::read_to_string(&log).unwrap_or_default();
            if let Some((_, address)) = told.split_once("listening on http://") {
                break address.split_whitespace().next().unwrap_or_default().to_owned();
            }
            let ended = self.services.last_mut().is_some_and(|child| child.try_wait().unwrap().is_some());
            if ended || begun.elapsed() > START {
                return Err(format!("$ {line}\nthe service does not start\n{told}"));
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        let named = ADDRESSES.iter().find(|address| line.contains(**address)).unwrap_or(&ADDRESSES[0]);
        self.instead
            .iter_mut()
            .filter(|(shown, _)| shown == named)
            .for_each(|(_, real)| real.clone_from(&address));
        Ok(())
    }

    /// Ends the services as Ctrl-C does.
    fn stop(&mut self) {
        for mut child in self.services.drain(..) {
            let _ = kill_process_group(Pid::from_child(&child), Signal::INT);
            let _ = child.wait();
        }
    }

    fn shell(&self) -> Command {
        let mut bash = command("bash", &self.place);
        self.environment(&mut bash);
        bash
    }

    fn environment(&self, command: &mut Command) {
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("STEPWELL_") || text.starts_with("XDG_") {
                command.env_remove(&name);
            }
        }
        // A reader has a home of their own, and the tools of this machine.
        let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
        for (name, dir) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
            command.env(name, std::env::var_os(name).map_or_else(|| home.join(dir), PathBuf::from));
        }
        command.env("PATH", &self.path).env("HOME", self.own.path().join("home"));
        command.env("STEPWELL_CACHE_DIR", root().join("target/test-cache"));
        command.env("STEPWELL_LISTEN", "127.0.0.1:0").env("NO_COLOR", "1");
    }

    /// Replaces the addresses of the page by those of the test.
    fn real(&self, text: &str) -> String {
        self.instead.iter().fold(text.to_owned(), |text, (shown, real)| text.replace(shown, real))
    }

    /// Replaces the addresses of the test by those of the page.
    fn shown(&self, text: &str) -> String {
        let known = self.instead.iter().filter(|(_, real)| real != "127.0.0.1:0");
        known.fold(text.to_owned(), |text, (shown, real)| text.replace(real, shown))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        for child in &mut self.services {
            let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
            let _ = child.wait();
        }
    }
}
