//! Transcripts of the command: whole outputs and exit codes. Each file of `tests/cases/cli` is one session in
//! one directory.
//!
//! ```text
//! # a comment
//! --- NAME            a file, which ends at the line `---`
//! % REGEX => TEXT     a replacement for the outputs that follow; nothing after `=>` removes the match
//! $ stepwell ...      a command; `< FILE` at its end gives it a standard input
//! & stepwell ... => TEXT   a command that stays in the background; the session continues when it has printed the text
//! $ ls DIRECTORY      the names in a directory
//! | ...               a line of its standard output
//! ! ...               a line of its standard error
//! ? N                 its exit code
//! ```
//!
//! Ids, times, paths and measured numbers are replaced by names in braces. Commands can use `{dir}`, `{tomorrow}`,
//! `{run.1}` (the first run that an output names), `{fill.1}`, `{key.1}` and `{guest.NAME}`. Years outside 2022 to
//! 2039 stay, so that a session can give times. In an output with replaced parts, columns are two spaces apart.
//! `UPDATE_EXPECT=1` writes the outputs and exit codes.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::process::{Child, Output, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use expect_test::expect_file;
use regex::{Captures, Regex};
use stepwell_tests::{guest, root};

use crate::cli::Shell;

macro_rules! transcripts {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                transcript(stringify!($name));
            }
        )*

        const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

transcripts! {
    approvals audit backfills bad_input config connections convert dead_letters doctor jobs keys languages locks policy projects
    queues
    run runs schedules scripts secrets steps usage validate workers
}

#[test]
fn every_transcript_is_a_test() {
    let entries = fs::read_dir(root().join("tests/cases/cli")).unwrap();
    let files = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let found: BTreeSet<String> =
        files.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    let expected: BTreeSet<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(found, expected);
}

fn transcript(name: &str) {
    let path = root().join("tests/cases/cli").join(format!("{name}.txt"));
    let text = fs::read_to_string(&path).unwrap();
    expect_file![path].assert_eq(&Session::new().play(&text));
}

/// A session of commands in one directory.
struct Session {
    shell: Shell,
    /// The ids that outputs have named, each with its name here.
    ids: Vec<(String, String)>,
    masks: Vec<(Regex, String)>,
    background: Vec<Child>,
}

impl Drop for Session {
    fn drop(&mut self) {
        for child in &mut self.background {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Session {
    fn new() -> Self {
        let shell = Shell::new();
        Self { shell, ids: Vec::new(), masks: Vec::new(), background: Vec::new() }
    }

    /// Runs the commands of a transcript, and returns it with their outputs.
    fn play(&mut self, text: &str) -> String {
        let mut played = String::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if line.starts_with("| ") || line.starts_with("! ") || line.starts_with("? ") {
                continue;
            }
            if matches!(line, "|" | "!") {
                continue;
            }
            played.push_str(&format!("{line}\n"));
            if let Some(name) = line.strip_prefix("--- ") {
                let content: Vec<&str> = lines.by_ref().take_while(|line| *line != "---").collect();
                let content: String = content.iter().map(|line| format!("{line}\n")).collect();
                self.write(name, &content);
                played.push_str(&format!("{content}---\n"));
            } else if let Some(mask) = line.strip_prefix("% ") {
                let (pattern, instead) = mask.split_once(" =>").unwrap();
                self.masks.push((Regex::new(pattern).unwrap(), instead.trim_start().to_owned()));
            } else if let Some(command) = line.strip_prefix("$ stepwell") {
                played.push_str(&self.run(command));
            } else if let Some(command) = line.strip_prefix("& stepwell ") {
                let (command, text) = command.split_once(" => ").unwrap();
                self.start(command, text);
            } else if let Some(dir) = line.strip_prefix("$ ls ") {
                played.extend(names(&self.shell, dir).iter().map(|name| format!("| {name}\n")));
            }
        }
        played
    }

    fn write(&self, name: &str, content: &str) {
        let path = self.shell.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Runs a command, and returns its output as lines of the transcript.
    fn run(&mut self, line: &str) -> String {
        let (line, input) = line.split_once(" < ").unwrap_or((line, ""));
        let arguments: Vec<String> = words(line).iter().map(|word| self.named(word)).collect();
        let input = match input {
            "" => Vec::new(),
            file => fs::read(self.shell.path(file)).unwrap(),
        };
        let output = ended(&self.shell, &arguments, &input);
        let mut shown = String::new();
        for (mark, bytes) in [("|", &output.stdout), ("!", &output.stderr)] {
            let text = String::from_utf8_lossy(bytes);
            let lines = text.lines().filter(|line| !line.contains("for the sandbox (once;"));
            let text = self.masked(&lines.map(|line| format!("{line}\n")).collect::<String>());
            shown.extend(text.lines().map(|line| format!("{mark} {line}").trim_end().to_owned() + "\n"));
        }
        format!("{shown}? {}\n", output.status.code().unwrap_or(-1))
    }

    /// Starts a command in the background, and waits until its output has the text.
    fn start(&mut self, line: &str, text: &str) {
        let path = self.shell.path(&format!("background-{}", self.background.len()));
        let arguments: Vec<String> = words(line).iter().map(|word| self.named(word)).collect();
        let mut command = self.shell.command(&arguments);
        let file = File::create(&path).unwrap();
        command.stdout(file.try_clone().unwrap()).stderr(file);
        self.background.push(command.spawn().unwrap());
        let seen = (0..600).any(|_| {
            std::thread::sleep(Duration::from_millis(50));
            fs::read_to_string(&path).unwrap().contains(text)
        });
        assert!(seen, "{line}: {}", fs::read_to_string(&path).unwrap());
    }

    /// Replaces the names of ids and places in an argument.
    fn named(&self, word: &str) -> String {
        let tomorrow = (chrono::Utc::now() + chrono::TimeDelta::days(1)).format("%Y-%m-%d").to_string();
        let mut word = word.replace("{dir}", &self.shell.path("").display().to_string());
        word = word.replace("{tomorrow}", &tomorrow);
        if let Some(name) = word.strip_prefix("{guest.").and_then(|rest| rest.strip_suffix('}')) {
            word = guest(name).display().to_string();
        }
        self.ids.iter().fold(word, |word, (id, name)| word.replace(name, id))
    }

    /// Replaces what differs from one session to the next.
    fn masked(&mut self, text: &str) -> String {
        let mut masked = text.to_owned();
        for (place, name) in [
            (self.shell.path("").canonicalize().unwrap(), "{dir}"),
            (self.shell.path(""), "{dir}"),
            (guest("x").parent().unwrap().to_owned(), "{guests}"),
            (root().join("target/test-cache"), "{cache}"),
        ] {
            masked = masked.replace(place.display().to_string().trim_end_matches('/'), name);
        }
        masked = self.with_names(&masked);
        for (pattern, instead) in MASKS.iter().chain(self.masks.iter()) {
            masked = pattern.replace_all(&masked, instead.as_str()).into_owned();
        }
        let time = |found: &Captures<'_>| match is_near(&found[1]) {
            true => "{time}".to_owned(),
            false => found[0].to_owned(),
        };
        masked = TIME.replace_all(&masked, time).into_owned();
        if masked == text { masked } else { COLUMNS.replace_all(&masked, "$1  ").into_owned() }
    }

    /// Gives each id of runs, backfills and keys a name.
    fn with_names(&mut self, text: &str) -> String {
        let ids = &mut self.ids;
        let name = |found: &Captures<'_>| {
            if let Some((_, name)) = ids.iter().find(|(id, _)| *id == found[0]) {
                return name.clone();
            }
            let kind = match &found[0] {
                id if id.starts_with("exec_") => "run",
                id if id.starts_with("fill_") => "fill",
                _ => "key",
            };
            let number = 1 + ids.iter().filter(|(_, name)| name.starts_with(&format!("{{{kind}."))).count();
            let name = format!("{{{kind}.{number}}}");
            ids.push((found[0].to_owned(), name.clone()));
            name
        };
        let text = TOKEN.replace_all(text, "{token}");
        let text = DIGEST.replace_all(&text, "{digest}");
        ID.replace_all(&text, name).into_owned()
    }
}

/// An id of a run, a backfill or a key.
static ID: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(?:(?:exec|fill)_\d{8}_\d{6}_\d{3}|[0-9a-f]{8})\b").unwrap());
/// An API key.
static TOKEN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"sw_[0-9a-f]+_[A-Za-z0-9_-]+").unwrap());
/// A digest, or a commit in parentheses.
static DIGEST: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b[0-9a-f]{64}\b|\(commit [0-9a-f]+\)").unwrap());
/// A time, with its year.
static TIME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(\d{4})-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?").unwrap()
});
/// The space between columns.
static COLUMNS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(\S) {2,}").unwrap());
/// Measured numbers, and facts about this machine.
static MASKS: LazyLock<Vec<(Regex, String)>> = LazyLock::new(|| {
    [
        (r"\bcommand:[^\s)]+", "command:{user}"),
        (r"\btzdb +\d{4}[a-z]\b", "tzdb {version}"),
        (r"\btzdb: \d{4}[a-z]\b", "tzdb: {version}"),
        (r"\b\d{1,3}(?:_\d{3})+\b", "{number}"),
        (r"(\{number\} +)\d+(?:KiB|MiB)\b", "${1}{size}"),
        (r"\bSQLite \d[\d.]*", "SQLite {version}"),
        (r"\b\d+ms\b", "{number}ms"),
        (r"\b\d+(?:\.\d+)? ms\b", "{number} ms"),
        (r"\b\d+\.\d( ?)s\b", "{number}${1}s"),
        (r"\b\d+\.\d{2,}\b", "{number}"),
    ]
    .map(|(pattern, instead)| (Regex::new(pattern).unwrap(), instead.to_owned()))
    .into()
});

/// Returns whether a year is near the one in which a session runs.
fn is_near(year: &str) -> bool {
    year.parse().is_ok_and(|year: i32| (2022..=2039).contains(&year))
}

/// Returns the words of a line. Quotes hold spaces together.
fn words(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (i, part) in line.split('\'').enumerate() {
        match i % 2 {
            0 => found.extend(part.split_whitespace().map(str::to_owned)),
            _ => found.push(part.to_owned()),
        }
    }
    found
}

/// Returns the names in a directory, which are none when it does not exist.
fn names(shell: &Shell, dir: &str) -> Vec<String> {
    let entries = fs::read_dir(shell.path(dir)).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Runs a command to its end, without variables that would change it.
fn ended(shell: &Shell, arguments: &[String], input: &[u8]) -> Output {
    let mut command = shell.command(arguments);
    let help = arguments.iter().any(|argument| argument == "--help" || argument == "help");
    for (name, _) in std::env::vars() {
        if name.starts_with("STEPWELL_")
            && !["STEPWELL_DATA_DIR", "STEPWELL_CACHE_DIR"].contains(&name.as_str())
        {
            command.env_remove(name);
        }
    }
    if help {
        // The help shows the value of each variable that is set.
        command.env_remove("STEPWELL_DATA_DIR");
    }
    command.env_remove("COLUMNS").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that reads nothing may have ended.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// The sections of the help that many commands share.
const SHARED: &[&str] = &["Service:", "This node:", "Log:", "Exit codes:"];

/// Each command has its whole help in `tests/cases/cli/help`, with one file per command or group of commands.
#[test]
fn the_help_of_every_command_is_checked_in() {
    let dir = root().join("tests/cases/cli/help");
    let shell = Shell::new();
    let mut shared = Shared::default();
    let tree = stepwell_server::command_tree();
    let mut groups = vec![("stepwell".to_owned(), help(&shell, &[], &mut shared))];
    for command in tree.get_subcommands().filter(|command| command.get_name() != "help") {
        let mut text = String::new();
        helps(&shell, command, &[], &mut shared, &mut text);
        groups.push((command.get_name().to_owned(), text));
    }
    let names: BTreeSet<String> = groups.iter().map(|(name, _)| format!("{name}.txt")).collect();
    for (name, text) in groups {
        expect_file![dir.join(format!("{name}.txt"))].assert_eq(&text);
    }
    expect_file![dir.join("shared.txt")].assert_eq(&format!("{}\n", shared.0.join("\n\n")));
    let found = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let others: Vec<String> = found.filter(|name| !names.contains(name) && name != "shared.txt").collect();
    assert!(others.is_empty(), "no command has these files: {others:?}");
}

/// The texts of the shared sections.
#[derive(Default)]
struct Shared(Vec<String>);

fn helps(shell: &Shell, command: &clap::Command, above: &[&str], shared: &mut Shared, text: &mut String) {
    let path: Vec<&str> = above.iter().copied().chain([command.get_name()]).collect();
    text.push_str(&help(shell, &path, shared));
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        text.push('\n');
        helps(shell, below, &path, shared, text);
    }
}

/// Returns the help of a command, in which shared sections are only named.
fn help(shell: &Shell, path: &[&str], shared: &mut Shared) -> String {
    let arguments: Vec<String> = path.iter().chain(&["--help"]).map(|word| (*word).to_owned()).collect();
    let output = ended(shell, &arguments, b"");
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), told.as_str()), (Some(0), ""), "{path:?}");
    let mut shown = vec![format!("$ stepwell {}", arguments.join(" "))];
    let mut inside: Option<Vec<&str>> = None;
    let text = String::from_utf8(output.stdout).unwrap();
    let end = |section: Option<Vec<&str>>, shared: &mut Shared| {
        let Some(section) = section else { return };
        let section = section.join("\n").trim_end().to_owned();
        let head = section.lines().next().unwrap_or_default();
        match shared.0.iter().find(|known| known.starts_with(head)) {
            None => shared.0.push(section),
            Some(known) => assert_eq!(known, &section, "{path:?} has another section {head}"),
        }
    };
    for line in text.lines() {
        let is_head = !line.starts_with(' ') && line.ends_with(':');
        if is_head {
            end(inside.take(), shared);
        }
        match &mut inside {
            _ if is_head && SHARED.contains(&line) => {
                shown.push(format!("{line} see shared.txt"));
                shown.push(String::new());
                inside = Some(vec![line]);
            }
            Some(section) => section.push(line.trim_end()),
            None => shown.push(line.trim_end().to_owned()),
        }
    }
    end(inside, shared);
    format!("{}\n", shown.join("\n").trim_end())
}

#[test]
fn a_transcript_replaces_what_differs() {
    let mut session = Session::new();
    let text = "RUN                       JOB\nexec_20310101_000000_001  a    2026-01-02 03:04:05Z  2041-01-02T03:04  0.03  12_345   17MiB\n";
    let expected = "RUN  JOB\n{run.1}  a  {time}  2041-01-02T03:04  {number}  {number}  {size}\n";
    assert_eq!(session.masked(text), expected);
    assert_eq!(session.named("{run.1}"), "exec_20310101_000000_001");
    assert_eq!(session.masked("exec_20310101_000000_002 exec_20310101_000000_001"), "{run.2} {run.1}");
    assert_eq!(session.masked("A  B    c\n"), "A  B    c\n");
    assert_eq!(words("jobs run 'a b' --var x=1"), ["jobs", "run", "a b", "--var", "x=1"]);
}
