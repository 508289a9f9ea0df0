//! The hostile guest of the tests: one component with many cases. A case without a test fails the test run.

mod host;
mod limits;
mod memory;
mod tricks;

use std::fs;
use std::hint::black_box;
use std::io::Write;

use schemars::JsonSchema;
use serde::Deserialize;
use stepwell_sdk::prelude::{Step, context, json, log, serde_json};
use stepwell_sdk::{
    Failure, Invocation, Issue, Need, Output, Pending, Profile, StepResult, http, progress, sql,
};

/// The test case to run.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Case {
    /// Does nothing.
    Noop,
    /// Returns `text` as output.
    Echo,
    /// Computes forever.
    Spin,
    /// Sleeps forever.
    Sleep,
    /// Sleeps for `count` milliseconds, then returns `text`.
    Nap,
    /// Waits for cancellation and reports it.
    AwaitCancel,
    /// Executes `unreachable`.
    Trap,
    /// Panics with `text`.
    Panic,
    /// Recurses until the stack is full.
    Recurse,
    /// Exits the process.
    Exit,
    /// Prints `text` to standard error, as a language with exceptions does, then aborts or exits with
    /// `count`.
    Throw,
    /// Allocates memory forever.
    Memory,
    /// Grows memory in one step by `count` MiB.
    MemoryOnce,
    /// Fills `count` MiB with a pattern.
    Dirty,
    /// Counts the nonzero bytes in `count` MiB of new memory.
    Scan,
    /// Logs `count` lines of `text`.
    Log,
    /// Prints `count` lines of `text` to standard output.
    Print,
    /// Returns `count` bytes as output.
    Output,
    /// Makes `count` calls to the host.
    Calls,
    /// Passes a string of `count` bytes to the host.
    HostBytes,
    /// Opens the same directory `count` times.
    Handles,
    /// Makes the host hold the object named in `text`, `count` times.
    Hold,
    /// Makes the host do the work named in `text`, `count` times, or forever without `count`.
    Work,
    /// Fails with `text` as a retryable failure.
    Fail,
    /// Fails until attempt `count`.
    FailUntil,
    /// Reads `path`.
    Read,
    /// Writes `count` bytes to `path`.
    Write,
    /// Creates a sparse file of `count` bytes.
    Sparse,
    /// Creates `count` files in `path`.
    Files,
    /// Runs `count` random operations on files in `path`, through several handles per file, with `text` as
    /// the seed.
    Shuffle,
    /// Creates a file in `path`, then `count` times asks for the mounts, drops them and counts the files in `path`.
    Mounts,
    /// Creates nested directories in `path`.
    Descend,
    /// Creates a symbolic link at `path`.
    Symlink,
    /// Tries to escape from the directory `path` in several ways, each with every operation, and reports the
    /// successful ones.
    Tricks,
    /// Lists the visible environment: directories, variables, arguments.
    Look,
    /// Opens a TCP connection.
    Socket,
    /// Gets `url`.
    Http,
    /// Gets `url` `count` times in a row.
    HttpMany,
    /// Gets `url` and opens `connection`, then searches its own memory for the lines of `text`. Their
    /// characters are shifted by one, so that the search does not find the text itself.
    Remember,
    /// Runs `text` over `connection`.
    Sql,
    /// Reads and sets variables.
    Context,
    /// Nests `count` lists in the place `text`: `output`, `metadata`, `variable`, or `refusal` for the metadata of a
    /// failure.
    Deep,
    /// Saves `text` as a checkpoint and returns the previous one.
    Checkpoint,
    /// Saves `count` checkpoints of 64 KiB, or forever when `count` is 0.
    Checkpoints,
    /// Returns the checkpoint of an earlier attempt. Without one, saves `text` and sleeps forever.
    Resume,
    /// Logs `count` lines of `text` and parks for a second.
    Park,
    /// Reads clocks and random numbers.
    Entropy,
    /// Reports progress `count` times.
    Progress,
    /// Runs into the limit `text` and then acts according to `then`.
    Limit,
}

/// Configuration of `probe`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// The test case to run.
    pub case: Case,
    /// The number that the case uses.
    #[serde(default)]
    pub count: u64,
    /// The text that the case uses.
    #[serde(default)]
    pub text: String,
    /// The path that the case uses.
    #[serde(default)]
    pub path: String,
    /// The URL that the case uses.
    #[serde(default)]
    pub url: String,
    /// The connection that the case uses.
    #[serde(default)]
    pub connection: String,
    /// The reaction to a limit.
    #[serde(default)]
    pub then: limits::Then,
}

impl Step for Probe {
    const TYPE: &str = "probe";
    const VERSION: &str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &str = "Does what a step should not do";
    const NEEDS: &[Need] =
        &[Need::new("files", "test files"), Need::new("http", "test HTTP"), Need::new("sql", "test SQL")];
    const PROFILE: Profile = Profile::Standard;

    fn validate(&self, _: &Pending) -> Vec<Issue> {
        match (self.case, self.text.as_str()) {
            (Case::Panic, "while checking") => panic!("the check itself fails"),
            (Case::Spin, "while checking") => loop {
                black_box(());
            },
            (Case::Echo, "invalid") => vec![Issue::at("/text", "`invalid` is what it says")],
            _ => Vec::new(),
        }
    }

    fn run(self, invocation: &Invocation) -> StepResult {
        match self.case {
            Case::Noop | Case::Echo | Case::Nap | Case::Fail | Case::FailUntil => self.simple(invocation),
            Case::Spin | Case::Sleep | Case::AwaitCancel => self.never(),
            Case::Trap | Case::Panic | Case::Recurse | Case::Exit | Case::Throw => self.crash(),
            Case::Memory
            | Case::MemoryOnce
            | Case::Dirty
            | Case::Scan
            | Case::Output
            | Case::Calls
            | Case::HostBytes
            | Case::Hold
            | Case::Work
            | Case::Handles => self.exhaust(),
            Case::Log | Case::Print | Case::Progress => self.flood(),
            Case::Read
            | Case::Write
            | Case::Sparse
            | Case::Files
            | Case::Shuffle
            | Case::Mounts
            | Case::Descend
            | Case::Symlink
            | Case::Tricks
            | Case::Look => self.files(),
            Case::Socket | Case::Remember | Case::Http | Case::HttpMany => self.network(),
            Case::Sql => self.database(),
            Case::Limit => limits::reach(&self),
            Case::Context
            | Case::Deep
            | Case::Checkpoint
            | Case::Checkpoints
            | Case::Resume
            | Case::Park
            | Case::Entropy => self.surroundings(),
        }
    }
}

fn done(value: impl Into<serde_json::Value>) -> StepResult {
    Ok(Output::new("done").value(value))
}

impl Probe {
    fn simple(&self, invocation: &Invocation) -> StepResult {
        match self.case {
            Case::Nap => {
                std::thread::sleep(std::time::Duration::from_millis(self.count));
                done(self.text.as_str())
            }
            Case::Fail => Err(Failure::unavailable(&self.text)),
            Case::FailUntil if u64::from(invocation.attempt) < self.count => {
                Err(Failure::unavailable("not yet"))
            }
            _ => done(self.text.as_str()),
        }
    }

    fn never(&self) -> StepResult {
        let mut n = 0u64;
        loop {
            match self.case {
                Case::Spin => n = black_box(n.wrapping_add(1)),
                Case::Sleep => std::thread::sleep(std::time::Duration::from_secs(3600)),
                _ if context::is_cancelled() => return Err(Failure::cancelled("seen")),
                _ => std::thread::sleep(std::time::Duration::from_millis(10)),
            }
        }
    }

    fn crash(&self) -> StepResult {
        match self.case {
            #[cfg(target_arch = "wasm32")]
            Case::Trap => core::arch::wasm32::unreachable(),
            Case::Recurse => done(recurse(1)),
            Case::Exit => std::process::exit(3),
            Case::Throw => {
                eprintln!("{}", self.text);
                if self.count > 0 {
                    std::process::exit(1);
                }
                std::process::abort()
            }
            _ => panic!("{}", self.text),
        }
    }

    fn exhaust(&self) -> StepResult {
        let count = self.count as usize;
        match self.case {
            Case::Memory => {
                let mut kept = Vec::new();
                loop {
                    kept.push(black_box(vec![1u8; 1 << 20]));
                }
            }
            Case::MemoryOnce => done(black_box(vec![1u8; count << 20]).len()),
            Case::Dirty => done(black_box(vec![0x5a_u8; count << 20]).len()),
            #[cfg(target_arch = "wasm32")]
            Case::Scan => {
                let page = core::arch::wasm32::memory_grow(0, count << 4);
                // SAFETY: these pages were just allocated, and no other code uses them.
                let bytes = unsafe { std::slice::from_raw_parts((page << 16) as *const u8, count << 20) };
                done(black_box(bytes).iter().filter(|byte| **byte != 0).count())
            }
            Case::Output => done("x".repeat(count)),
            Case::HostBytes => {
                context::output(&"x".repeat(count))?;
                done(0)
            }
            Case::Hold => done(host::hold(&self.text, count, &self.path)),
            Case::Work => done(host::work(&self.text, count)),
            Case::Handles => {
                let opened: Vec<_> = (0..count).map_while(|_| fs::File::open(&self.path).ok()).collect();
                done(opened.len())
            }
            _ => {
                for _ in 0..count {
                    black_box(context::remaining());
                }
                done(0)
            }
        }
    }

    fn flood(&self) -> StepResult {
        let mut out = std::io::stdout();
        for i in 0..self.count {
            match self.case {
                Case::Log => log::write(log::Level::Warn, &self.text, &[("n", &i.to_string())]),
                Case::Progress => progress(i, Some(self.count), "working"),
                _ => writeln!(out, "{}", self.text).map_err(|e| Failure::failed(e.to_string()))?,
            }
        }
        done(0)
    }

    fn files(&self) -> StepResult {
        let failed = |e: std::io::Error| Failure::failed(e.to_string());
        match self.case {
            Case::Read => done(fs::read_to_string(&self.path).map_err(failed)?),
            Case::Write => {
                let mut file = fs::File::create(&self.path).map_err(failed)?;
                let chunk = vec![b'x'; 64 << 10];
                let mut left = self.count as usize;
                while left > 0 {
                    let part = &chunk[..left.min(chunk.len())];
                    file.write_all(part).map_err(failed)?;
                    left -= part.len();
                }
                done(0)
            }
            Case::Sparse => {
                fs::File::create(&self.path).and_then(|file| file.set_len(self.count)).map_err(failed)?;
                done(0)
            }
            Case::Shuffle => done(host::shuffle(&self.path, self.text.parse().unwrap_or(1), self.count)),
            Case::Descend => done(host::descend(&self.path)),
            Case::Tricks => Ok(Output::new("done").metadata("worked", tricks::tried(&self.path))),
            Case::Files => {
                for i in 0..self.count {
                    fs::write(format!("{}/f{i}", self.path), "x").map_err(failed)?;
                }
                done(0)
            }
            #[cfg(target_os = "wasi")]
            Case::Mounts => {
                fs::write(format!("{}/f", self.path), "x").map_err(failed)?;
                let seen = (0..self.count).map(|_| {
                    drop(wasip2::filesystem::preopens::get_directories());
                    fs::read_dir(&self.path).map_or(-1, |entries| entries.count() as i64)
                });
                done(seen.collect::<Vec<_>>())
            }
            #[cfg(target_os = "wasi")]
            Case::Symlink => {
                #[allow(deprecated, reason = "its successors are not stable for WASI")]
                fs::soft_link("/etc/passwd", &self.path).map_err(failed)?;
                done(0)
            }
            _ => {
                let mounts: Vec<String> = wasip2_preopens();
                let env: Vec<String> = std::env::vars().map(|(name, _)| name).collect();
                let args: Vec<String> = std::env::args().collect();
                done(json!({"mounts": mounts, "env": env, "args": args}))
            }
        }
    }

    fn network(&self) -> StepResult {
        let get =
            || http::Request::new("GET", self.url.as_str()).header("authorization", "guest").send(64 << 20);
        match self.case {
            Case::Socket => match std::net::TcpStream::connect(&self.url) {
                Ok(_) => done("connected"),
                Err(error) => Err(Failure::denied(error.to_string())),
            },
            Case::Remember => {
                let body = get().map(|answer| String::from_utf8_lossy(&answer.body).into_owned());
                let opened = sql::Connection::open(&self.connection).is_ok();
                let needles =
                    self.text.lines().map(|line| line.bytes().map(|byte| byte - 1).collect::<Vec<u8>>());
                let found: Vec<usize> = needles.map(|mut needle| memory::count(&mut needle)).collect();
                done(
                    json!({"found": found, "body": body.unwrap_or_else(|error| error.to_string()), "opened": opened}),
                )
            }
            Case::HttpMany => {
                let answers = (0..self.count).map(|_| get().map(|r| r.status.to_string()));
                let answers: Vec<String> = answers.map(|a| a.unwrap_or_else(|e| e.to_string())).collect();
                done(answers)
            }
            _ => {
                let response = get()?;
                done(json!({"status": response.status, "body": String::from_utf8_lossy(&response.body)}))
            }
        }
    }

    fn database(&self) -> StepResult {
        let connection = sql::Connection::open(&self.connection)?;
        let rows = connection.query(&self.text, &sql::Parameters::Positional(Vec::new()), 0)?;
        let mut count = 0;
        loop {
            let batch = rows.next(100)?;
            if batch.is_empty() {
                return done(count);
            }
            count += batch.len();
        }
    }

    fn deep(&self) -> StepResult {
        let nested = (0..self.count).fold(json!(1), |inner, _| json!([inner]));
        match self.text.as_str() {
            "metadata" => Ok(Output::new("done").metadata("nested", nested)),
            "refusal" => Err(Failure::failed("no").metadata("nested", nested)),
            "variable" => {
                context::set_variable("seen", &nested)?;
                done(0)
            }
            _ => done(nested),
        }
    }

    fn surroundings(&self) -> StepResult {
        match self.case {
            Case::Context => {
                let shown = |read: Result<Option<serde_json::Value>, context::Error>| match read {
                    Ok(value) => json!(value),
                    Err(error) => json!(error.to_string()),
                };
                let set = context::set_variable("seen", &self.text).map_err(|e| e.to_string());
                done(json!({
                    "variable": shown(context::variable("day")),
                    "output": shown(context::output("first")),
                    "set": set.err(),
                }))
            }
            Case::Deep => self.deep(),
            Case::Checkpoint => {
                let before = context::load_checkpoint()?;
                context::save_checkpoint(&self.text)?;
                done(json!(before))
            }
            Case::Checkpoints => {
                let mut left = self.count;
                let text = "x".repeat((64 << 10) - 2);
                while left != 1 {
                    context::save_checkpoint(&text)?;
                    left = left.wrapping_sub(1);
                }
                context::save_checkpoint(&text)?;
                done(0)
            }
            Case::Resume => match context::load_checkpoint()? {
                Some(before) => done(before),
                None => {
                    context::save_checkpoint(&self.text)?;
                    loop {
                        std::thread::sleep(std::time::Duration::from_secs(3600));
                    }
                }
            },
            Case::Park => {
                for i in 0..self.count {
                    log::write(log::Level::Warn, &self.text, &[("n", &i.to_string())]);
                }
                context::park(std::time::Duration::from_secs(1), "rain")?;
                done(0)
            }
            _ => {
                let state = std::collections::hash_map::RandomState::new();
                let random = std::hash::BuildHasher::hash_one(&state, 1);
                let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
                let nanos = now.map(|d| d.as_nanos() as u64).unwrap_or_default();
                done(json!({"random": random.to_string(), "now": nanos}))
            }
        }
    }
}

fn wasip2_preopens() -> Vec<String> {
    let root =
        fs::read_dir("/").map(|entries| entries.flatten().map(|e| e.path().display().to_string()).collect());
    root.unwrap_or_default()
}

/// Fills the machine stack, not the stack in linear memory, where it stores nothing. The use of the result
/// prevents the compiler from turning the recursion into a loop.
#[inline(never)]
fn recurse(n: u64) -> u64 {
    if n == u64::MAX { 0 } else { recurse(n + 1).rotate_left((n & 63) as u32).wrapping_mul(n | 1) }
}

stepwell_sdk::export_step!(Probe);
