//! A host with a directory of this machine, for tests.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ps_lang::host::{Cell, Host, HttpRequest, HttpResponse, Meta, SqlRequest, SqlRows};
use ps_value::error::ErrorRecord;

/// The output of a script.
#[derive(Default)]
pub(crate) struct Seen {
    pub stdout: String,
    pub errors: Vec<Rc<ErrorRecord>>,
}

pub(crate) struct Native {
    /// The directory that the script sees as `/work`.
    pub root: PathBuf,
    pub seen: Rc<RefCell<Seen>>,
    pub started: Instant,
    pub limit: Duration,
}

impl Native {
    fn real(&self, path: &str) -> PathBuf {
        match path.strip_prefix("/work") {
            Some(rest) => self.root.join(rest.trim_start_matches('/')),
            None if path == "/" => self.root.join("..").join("nowhere"),
            None => self.root.join("../outside").join(path.trim_start_matches('/')),
        }
    }
}

fn ticks(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    621_355_968_000_000_000 + i64::try_from(since.as_nanos() / 100).unwrap_or(0)
}

fn meta(path: &Path) -> Option<Meta> {
    let found = path.metadata().ok()?;
    Some(Meta {
        is_dir: found.is_dir(),
        is_link: path.is_symlink(),
        size: found.len(),
        modified: ticks(found.modified().ok()?),
        read_only: found.permissions().readonly(),
    })
}

impl Host for Native {
    /// The connection `shop` returns a row with every type for each batch.
    fn sql(&mut self, request: &SqlRequest) -> Result<Vec<SqlRows>, String> {
        if request.connection != "shop" {
            return Err(format!("no connection named \"{}\" is granted to this step", request.connection));
        }
        let columns = ["sql", "n", "price", "at", "id", "none"].map(str::to_owned).to_vec();
        let row = |batch: &String| {
            vec![
                Cell::Text(batch.trim().to_owned()),
                Cell::Integer(7),
                Cell::Decimal("12.50".into()),
                Cell::Timestamp("2025-09-01T14:30:22".into()),
                Cell::Uuid("6f9619ff-8b86-d011-b42d-00cf4fc964ff".into()),
                Cell::Null,
            ]
        };
        let rows = |batch| SqlRows { columns: columns.clone(), rows: vec![row(batch)] };
        Ok(request.batches.iter().map(rows).collect())
    }

    /// `/status/N` responds with that status; `/to/PATH` redirects to the path, `/down` to http; every other
    /// path echoes the request.
    fn http(&mut self, request: &HttpRequest) -> Result<HttpResponse, String> {
        let path = request.uri.split_once("//test").ok_or("no such host is known")?.1;
        let answer = |status: u16, kind: &str, value: &str, body: String| HttpResponse {
            status,
            headers: vec![(kind.into(), value.into())],
            body: body.into_bytes(),
        };
        if let Some(status) = path.strip_prefix("/status/") {
            let status = status.parse().map_err(|_| "no status")?;
            return Ok(answer(status, "Content-Type", "text/plain", format!("sorry, {status}")));
        }
        if path == "/down" {
            return Ok(answer(302, "Location", "http://test/", String::new()));
        }
        if let Some(target) = path.strip_prefix("/to/") {
            return Ok(answer(302, "Location", &format!("/{target}"), String::new()));
        }
        let headers: BTreeMap<String, &String> =
            request.headers.iter().map(|(name, value)| (name.to_lowercase(), value)).collect();
        let info = serde_json::json!({
            "method": request.method, "path": path, "headers": headers, "body": String::from_utf8_lossy(&request.body),
        });
        Ok(answer(200, "Content-Type", "application/json", info.to_string()))
    }

    fn output(&mut self, text: &str) {
        self.seen.borrow_mut().stdout.push_str(text);
    }

    fn error(&mut self, record: &Rc<ErrorRecord>, _: &str) {
        self.seen.borrow_mut().errors.push(record.clone());
    }

    fn interrupted(&mut self) -> Option<String> {
        (self.started.elapsed() > self.limit).then(|| "out of time".into())
    }

    fn now(&mut self) -> i64 {
        ticks(SystemTime::now())
    }

    fn monotonic(&mut self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn sleep(&mut self, milliseconds: u64) {
        std::thread::sleep(Duration::from_millis(milliseconds.min(20)));
    }

    fn random(&mut self) -> u64 {
        u64::from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().subsec_nanos()) ^ 0x5eed
    }

    fn environment(&mut self) -> BTreeMap<String, String> {
        [("HOME".to_owned(), "/work".to_owned()), ("PATH".to_owned(), "/usr/bin".to_owned())].into()
    }

    fn working_directory(&mut self) -> String {
        "/work".into()
    }

    fn temporary_directory(&mut self) -> String {
        "/work".into()
    }

    fn metadata(&mut self, path: &str) -> Option<Meta> {
        if path == "/" {
            return Some(Meta { is_dir: true, is_link: false, size: 0, modified: 0, read_only: false });
        }
        meta(&self.real(path))
    }

    fn list(&mut self, path: &str) -> io::Result<Vec<String>> {
        if path == "/" {
            return Ok(vec!["work".into()]);
        }
        let entries = std::fs::read_dir(self.real(path))?;
        entries.map(|e| e.map(|e| e.file_name().to_string_lossy().into_owned())).collect()
    }

    fn read(&mut self, path: &str) -> io::Result<Vec<u8>> {
        std::fs::read(self.real(path))
    }

    fn write(&mut self, path: &str, bytes: &[u8], append: bool) -> io::Result<()> {
        use io::Write;
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .write(true)
            .append(append)
            .truncate(!append)
            .open(self.real(path))?;
        file.write_all(bytes)
    }

    fn create_dir(&mut self, path: &str) -> io::Result<()> {
        std::fs::create_dir(self.real(path))
    }

    fn remove_file(&mut self, path: &str) -> io::Result<()> {
        std::fs::remove_file(self.real(path))
    }

    fn remove_dir(&mut self, path: &str) -> io::Result<()> {
        std::fs::remove_dir(self.real(path))
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.real(from), self.real(to))
    }
}
