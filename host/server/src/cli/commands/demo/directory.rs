//! The directory of a demo: its files, and its end.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::samples::{JOBS, Samples};
use crate::failure::Failure;
use crate::file_error;

/// The file that makes a directory that of a demo.
const MARK: &str = "stepwell-demo.json";
/// The maximum size of that file, in bytes.
const MAX_MARK: u64 = 4096;
/// The file with the token of the organization in Azure DevOps.
const TOKEN: &str = "azure-devops-token";

/// The files of a demo, except its jobs.
const FILES: [(&str, &str); 5] = [
    ("stepwell.yaml", include_str!("../../../../demo/stepwell.yaml")),
    ("policy.yaml", include_str!("../../../../demo/policy.yaml")),
    ("timezone_queues.yaml", include_str!("../../../../demo/timezone_queues.yaml")),
    ("in/invoices.csv", include_str!("../../../../demo/in/invoices.csv")),
    ("in/targets.csv", include_str!("../../../../demo/in/targets.csv")),
];

/// The addresses of the market and of Azure DevOps in the files.
const MARKET: &str = "127.0.0.1:7451";
const AZURE_DEVOPS: &str = "127.0.0.1:7452";

/// The ports of the emulators. 0: not chosen yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ports {
    pub market: u16,
    pub azure_devops: u16,
}

impl Ports {
    /// Returns a text of the demo with these ports.
    fn in_text(self, text: &str) -> String {
        let address = |port: u16| format!("127.0.0.1:{port}");
        text.replace(MARKET, &address(self.market)).replace(AZURE_DEVOPS, &address(self.azure_devops))
    }
}

/// The content of the file that makes a directory that of a demo.
#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    about: String,
    ports: Ports,
}

/// The directory of a running demo.
pub(super) struct Directory {
    path: PathBuf,
    /// The directory, if it ends with the demo.
    temporary: Option<TempDir>,
    /// The mark, which is locked while the demo runs.
    mark: File,
    ports: Ports,
}

impl Directory {
    /// Opens a temporary directory, or one that stays.
    pub fn open(named: Option<&Path>) -> Result<Self, Failure> {
        let (path, temporary) = match named {
            Some(path) => (made(path)?, None),
            None => {
                let made = tempfile::Builder::new().prefix("stepwell-demo-").tempdir();
                let made = made.map_err(|error| file_error(std::env::temp_dir(), error))?;
                (made.path().to_owned(), Some(made))
            }
        };
        let at = path.join(MARK);
        let fail = |error| Failure::from(file_error(at.clone(), error));
        let mark =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&at);
        let mark = mark.map_err(fail)?;
        mark.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => {
                Failure::option("--directory", format!("another demo uses {}", path.display()))
            }
            TryLockError::Error(error) => fail(error),
        })?;
        let mut text = String::new();
        (&mark).take(MAX_MARK).read_to_string(&mut text).map_err(fail)?;
        let ports = match text.is_empty() {
            true => Ports::default(),
            false => match serde_json::from_str::<Mark>(&text) {
                Ok(mark) => mark.ports,
                Err(_) => return Err(not_a_demo(&path)),
            },
        };
        Ok(Self { path, temporary, mark, ports })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns whether the directory stays after the demo.
    pub fn stays(&self) -> bool {
        self.temporary.is_none()
    }

    /// Returns the ports of the emulators, which the files and the jobs of the directory name.
    pub fn ports(&self) -> Ports {
        self.ports
    }

    /// Returns the token of the organization in Azure DevOps, which the first demo in the directory makes.
    pub fn token(&self) -> Result<String, Failure> {
        let mut bytes = [0; 20];
        getrandom::fill(&mut bytes)
            .map_err(|error| Failure::platform(format!("there are no random numbers: {error}")))?;
        self.create(TOKEN, &HEXLOWER.encode(&bytes))?;
        let at = self.path.join(TOKEN);
        let read = File::open(&at).and_then(|file| {
            let mut token = String::new();
            file.take(MAX_MARK).read_to_string(&mut token).map(|_| token)
        });
        Ok(read.map(|token| token.trim().to_owned()).map_err(|error| file_error(at, error))?)
    }

    /// Creates the files that are missing. Those that are there stay as they are.
    pub fn fill(&mut self, ports: Ports) -> Result<(), Failure> {
        self.ports = ports;
        for name in ["in", "jobs"] {
            create_dir(&self.path.join(name))?;
        }
        for (name, text) in FILES {
            self.create(name, &ports.in_text(text))?;
        }
        for job in JOBS {
            self.create(&format!("jobs/{}.yaml", job.id), &ports.in_text(job.text))?;
        }
        // SQLite takes an empty file for an empty database.
        self.create("shop.db", "")?;
        let mark = Mark {
            about: "The directory of a demo. `stepwell demo --directory` continues it.".to_owned(),
            ports,
        };
        let text = serde_json::to_string_pretty(&mark).map_err(std::io::Error::other);
        let written = text.and_then(|text| {
            self.mark.set_len(0)?;
            self.mark.rewind()?;
            self.mark.write_all(text.as_bytes())
        });
        Ok(written.map_err(|error| file_error(self.path.join(MARK), error))?)
    }

    /// Returns the samples, as their files were made.
    pub fn samples(&self) -> Todo {
        let jobs = JOBS.iter().map(|job| (job, self.ports.in_text(job.text))).collect();
        Todo { jobs, done: self.path.join("samples-have-run") }
    }

    /// Returns the words about the end of the demo.
    pub fn end(&self) -> String {
        let path = self.path.display();
        match self.stays() {
            true => format!("Ctrl-C ends the demo; {path} stays."),
            false => format!("Ctrl-C ends the demo, and deletes {path}."),
        }
    }

    /// Deletes a temporary directory.
    pub fn close(self) -> Result<(), Failure> {
        let Some(temporary) = self.temporary else { return Ok(()) };
        temporary
            .close()
            .map_err(|error| Failure::platform(format!("{} cannot be deleted: {error}", self.path.display())))
    }

    /// Creates a file of this user, if it does not exist.
    fn create(&self, name: &str, text: &str) -> Result<(), Failure> {
        let path = self.path.join(name);
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        match made.and_then(|mut file| file.write_all(text.as_bytes())) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(file_error(path, error).into()),
            _ => Ok(()),
        }
    }
}

/// The samples of a directory.
pub(super) struct Todo {
    pub jobs: Samples,
    /// The file that shows that they have run.
    done: PathBuf,
}

impl Todo {
    /// Returns whether they have run in an earlier demo.
    pub fn have_run(&self) -> bool {
        self.done.exists()
    }

    /// Notes that they have run.
    pub fn note(&self) -> Result<(), Failure> {
        Ok(File::create(&self.done).map(drop).map_err(|error| file_error(self.done.clone(), error))?)
    }
}

/// Returns a directory that stays, as an absolute path. It is new, empty, or that of an earlier demo.
fn made(path: &Path) -> Result<PathBuf, Failure> {
    let path = std::path::absolute(path).map_err(|error| file_error(path.to_owned(), error))?;
    // A file is in the way, at this path or above it.
    if let Some(file) = path.ancestors().find(|at| at.exists()).filter(|at| !at.is_dir()) {
        let message = format!(
            "{} is a file: name a new or an empty directory, or that of an earlier demo",
            file.display()
        );
        return Err(Failure::option("--directory", message));
    }
    create_dir(&path)?;
    let mut entries = fs::read_dir(&path).map_err(|error| file_error(path.clone(), error))?;
    match entries.next().is_none() || path.join(MARK).is_file() {
        true => Ok(path),
        false => Err(not_a_demo(&path)),
    }
}

fn not_a_demo(path: &Path) -> Failure {
    let message = format!(
        "{} holds other files, and is not the directory of a demo: name a new or an empty directory",
        path.display()
    );
    Failure::option("--directory", message)
}

/// Creates a directory of this user, if it does not exist.
fn create_dir(path: &Path) -> Result<(), Failure> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    Ok(made.map_err(|error| file_error(path.to_owned(), error))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_new_an_empty_or_an_earlier_directory_becomes_that_of_a_demo() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir(at("empty")).unwrap();
        fs::create_dir(at("own")).unwrap();
        fs::write(at("own/notes.txt"), "mine").unwrap();
        fs::create_dir(at("other")).unwrap();
        fs::write(at("other/stepwell-demo.json"), "{\"some\": \"thing\"}").unwrap();
        for name in ["own/notes.txt", "own/notes.txt/demo"] {
            let refused = Directory::open(Some(&at(name))).err().unwrap().message;
            assert!(refused.contains("notes.txt is a file: name a new or an empty directory"), "{refused}");
        }
        for (name, fine) in [("new/deep", true), ("empty", true), ("own", false), ("other", false)] {
            assert_eq!(Directory::open(Some(&at(name))).is_ok(), fine, "{name}");
        }
        assert_eq!(fs::read_dir(at("own")).unwrap().count(), 1);
    }

    #[test]
    fn a_directory_keeps_its_ports_token_and_edited_files() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("demo");
        let ports = Ports { market: 1001, azure_devops: 1002 };
        let mut first = Directory::open(Some(&path)).unwrap();
        let token = first.token().unwrap();
        first.fill(ports).unwrap();
        assert!(Directory::open(Some(&path)).err().unwrap().message.contains("another demo"));
        let job = fs::read_to_string(path.join("jobs/market-open.yaml")).unwrap();
        assert!(job.contains("http://127.0.0.1:1001/health"), "{job}");
        fs::write(path.join("policy.yaml"), "mine").unwrap();
        first.close().unwrap();
        let mut again = Directory::open(Some(&path)).unwrap();
        assert_eq!((again.ports(), again.token().unwrap()), (ports, token));
        again.fill(ports).unwrap();
        assert_eq!(fs::read_to_string(path.join("policy.yaml")).unwrap(), "mine");
    }

    #[test]
    fn a_temporary_directory_ends_with_the_demo() {
        let directory = Directory::open(None).unwrap();
        let path = directory.path().to_owned();
        assert!(path.is_dir() && !directory.stays());
        directory.close().unwrap();
        assert!(!path.exists());
    }
}
