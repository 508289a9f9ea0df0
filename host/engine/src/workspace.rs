//! The workspace of a run, and the files that its branches write there: two branches of a group must not write
//! the same file.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;

/// The directory that the steps of a run share, as one attempt uses it.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// The directory.
    pub dir: PathBuf,
    /// A directory in it that the host creates for the attempt: that of its branch, if the step names it.
    pub branch_dir: Option<String>,
    /// The files that branches write. `None` for a step outside of groups.
    pub writes: Option<Writes>,
}

/// The branches that contain a step: the position of each group, and the number of the branch.
pub type Branches = BTreeMap<usize, usize>;

/// Maximum bytes of the names that the branches of a run write, as long as one process holds the run.
const MOST_BYTES: usize = 16 << 20;

/// Bytes of an entry besides its name.
const ENTRY: usize = 128;

/// The files that the branches of a run have written.
#[derive(Debug, Default)]
pub struct Written(Mutex<Files>);

#[derive(Debug, Default)]
struct Files {
    writers: HashMap<String, Vec<Writer>>,
    bytes: usize,
}

/// A step that writes a file.
#[derive(Debug, Clone)]
pub struct Writer {
    /// The path of the step.
    pub step: Arc<str>,
    /// The branches that contain it.
    pub branches: Arc<Branches>,
}

/// The writes of one step, compared with those of all others.
#[derive(Debug, Clone)]
pub struct Writes {
    /// The files of all steps.
    pub all: Arc<Written>,
    /// The step.
    pub writer: Writer,
    /// Whether the configuration of the step names files that end with `.part`.
    pub names_part: bool,
}

/// The reason why a step must not write a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// A step of another branch, with this path, writes it.
    By(Arc<str>),
    /// The run has written too many files to compare.
    TooMany,
}

impl Writes {
    /// Records that the step writes a file, by its path in the workspace.
    ///
    /// # Errors
    /// Fails when a step of another branch of the same group has written it.
    pub fn claim(&self, path: &str) -> Result<(), Refused> {
        let mut files = self.all.0.lock();
        let writers = files.writers.get(path).map_or(&[][..], Vec::as_slice);
        if let Some(other) = writers.iter().find(|other| self.writer.is_beside(other)) {
            return Err(Refused::By(other.step.clone()));
        }
        if writers.iter().any(|other| other.step == self.writer.step) {
            return Ok(());
        }
        match files.add(path, self.writer.clone()) {
            true => Ok(()),
            false => Err(Refused::TooMany),
        }
    }
}

impl Writes {
    /// Returns the file that the step writes, for messages: a step writes `x.csv.part` and renames it to `x.csv`.
    pub fn shown<'p>(&self, path: &'p str) -> &'p str {
        let target = path.strip_suffix(".part").filter(|file| !file.is_empty() && !self.names_part);
        target.unwrap_or(path)
    }
}

impl Written {
    /// Records a file that a step has written.
    pub fn record(&self, path: &str, writer: Writer) {
        self.0.lock().add(path, writer);
    }
}

impl Files {
    /// Adds a writer of a file. Returns whether there is room.
    fn add(&mut self, path: &str, writer: Writer) -> bool {
        let bytes = self.bytes + path.len() + ENTRY;
        if bytes > MOST_BYTES {
            return false;
        }
        self.bytes = bytes;
        self.writers.entry(path.to_owned()).or_default().push(writer);
        true
    }
}

impl Writer {
    /// Returns whether another step is in another branch of the same group.
    fn is_beside(&self, other: &Self) -> bool {
        let differs =
            |(group, branch): (&usize, &usize)| other.branches.get(group).is_some_and(|own| own != branch);
        self.branches.iter().any(differs)
    }
}

/// Returns a path with `.` and `..` resolved, from the root of its mount.
pub fn plain(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writes(all: &Arc<Written>, step: &str, branches: &[(usize, usize)]) -> Writes {
        let writer = Writer { step: step.into(), branches: Arc::new(branches.iter().copied().collect()) };
        Writes { all: all.clone(), writer, names_part: false }
    }

    #[test]
    fn two_branches_of_a_group_never_write_the_same_file() {
        let all = Arc::new(Written::default());
        let first = writes(&all, "first", &[(3, 0)]);
        assert_eq!(first.claim("x.csv"), Ok(()));
        for (step, branches, path, expected) in [
            ("first", &[(3, 0)][..], "x.csv", Ok(())),
            ("next of the branch", &[(3, 0)], "x.csv", Ok(())),
            ("other branch", &[(3, 1)], "x.csv", Err(Refused::By("first".into()))),
            ("below another branch", &[(3, 1), (5, 0)], "x.csv", Err(Refused::By("first".into()))),
            ("below the same branch", &[(3, 0), (4, 7)], "x.csv", Ok(())),
            ("other group", &[(9, 1)], "x.csv", Ok(())),
            ("other file", &[(3, 1)], "y.csv", Ok(())),
        ] {
            assert_eq!(writes(&all, step, branches).claim(path), expected, "{step}");
        }
    }

    #[test]
    fn a_temporary_file_has_the_name_of_its_target() {
        let writes = writes(&Arc::default(), "a", &[]);
        assert_eq!(
            (writes.shown("d/x.csv.part"), writes.shown("x"), writes.shown(".part")),
            ("d/x.csv", "x", ".part")
        );
        assert_eq!(Writes { names_part: true, ..writes }.shown("x.part"), "x.part");
    }

    #[test]
    fn the_names_that_are_held_are_bounded() {
        let all = Arc::new(Written::default());
        let writes = writes(&all, "a", &[(0, 0)]);
        let name = "x".repeat(4_000);
        let refused = (0..10_000).find_map(|n| writes.claim(&format!("{name}{n}")).err());
        assert_eq!(refused, Some(Refused::TooMany));
    }

    #[test]
    fn a_path_has_one_form() {
        for (path, expected) in
            [("a/./b", "a/b"), ("./a//b/", "a/b"), ("a/../b", "b"), ("../x", "x"), (".", ""), ("", "")]
        {
            assert_eq!(plain(path), expected, "{path}");
        }
    }
}
