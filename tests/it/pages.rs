//! The pages of the documentation as programs: their code blocks, and whether the shown output is real.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use serde_json::Value;
use stepwell_tests::root;

/// The word before the reason for which the tests do not run a block.
const NOT_RUN: &str = "not-run:";

/// A code block of a page.
#[derive(Debug, Clone, Default)]
pub struct Block {
    /// The language. An indented block has none.
    pub language: String,
    /// The text after the language: words for the test.
    pub info: String,
    pub text: String,
    /// The line of the page on which it begins.
    pub line: usize,
}

impl Block {
    /// Returns the reason for which no test runs the block, if it names one.
    pub fn reason(&self) -> Option<&str> {
        self.info.split_once(NOT_RUN).map(|(_, reason)| reason.trim())
    }

    /// Returns whether the word is in the information of the block.
    pub fn has(&self, word: &str) -> bool {
        self.reason().is_none() && self.info.split(' ').any(|found| found == word)
    }

    /// Returns the name of the file that the block holds, if it names one.
    pub fn file(&self) -> Option<&str> {
        let name = |word: &&str| word.contains(['.', '/']);
        self.info.split(' ').find(name).filter(|_| self.reason().is_none())
    }
}

/// Parses a page as mdBook does.
pub fn parser(text: &str) -> Parser<'_> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES;
    Parser::new_ext(text, options)
}

/// The code blocks of a page, in order.
pub fn blocks(page: &str) -> Vec<Block> {
    blocks_of(&fs::read_to_string(root().join(page)).unwrap())
}

fn blocks_of(text: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for (event, range) in parser(text).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                let line = text[..range.start].matches('\n').count() + 1;
                let head = match &kind {
                    CodeBlockKind::Fenced(head) => head.trim(),
                    CodeBlockKind::Indented => "",
                };
                let (language, info) = head.split_once(' ').unwrap_or((head, ""));
                let (language, info) = (language.to_owned(), info.trim().to_owned());
                open = Some(Block { language, info, text: String::new(), line });
            }
            Event::Text(part) => {
                if let Some(block) = &mut open {
                    block.text.push_str(&part);
                }
            }
            Event::End(TagEnd::CodeBlock) => found.extend(open.take()),
            _ => {}
        }
    }
    found
}

/// The pages of the book and README.md, by their paths in the repository.
pub fn pages() -> Vec<String> {
    fn below(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap().flatten() {
            let path = entry.path();
            match path.is_dir() {
                true => below(&path, found),
                false => found.extend(path.extension().is_some_and(|end| end == "md").then_some(path)),
            }
        }
    }
    let root = root();
    let mut found = vec![root.join("README.md")];
    below(&root.join("docs"), &mut found);
    let mut names: Vec<String> =
        found.iter().map(|path| path.strip_prefix(&root).unwrap().display().to_string()).collect();
    names.sort();
    names
}

/// Returns the line of `shown` that `found` lacks, if there is one. The lines of `shown` occur in order, with
/// others between them; white space counts once, and `…` stands for any text.
pub fn missing<'s>(shown: &'s str, found: &str) -> Option<&'s str> {
    let plain = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let found: Vec<String> = found.lines().map(plain).collect();
    let mut rest = found.as_slice();
    for line in shown.lines().filter(|line| !line.trim().is_empty()) {
        match rest.iter().position(|found| fits(&plain(line), found)) {
            Some(at) => rest = &rest[at + 1..],
            None => return Some(line),
        }
    }
    None
}

/// Returns whether the parts of `shown`, between `…`, occur in `found` in order.
fn fits(shown: &str, found: &str) -> bool {
    let mut rest = found;
    shown.split('…').map(str::trim).all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

/// Returns the commands of a block, which begin with `$`, each with its shown output. A `\`
/// continues a command.
pub fn dialogue(text: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        match (line.strip_prefix("$ "), found.last_mut()) {
            (Some(command), _) => found.push((command.to_owned(), String::new())),
            (None, Some((command, _))) if open => command.push_str(&format!("\n{line}")),
            (None, Some((_, shown))) => shown.push_str(&format!("{line}\n")),
            (None, None) => panic!("a block begins without a command: {text}"),
        }
        open = line.ends_with('\\');
    }
    found
}

/// Returns where `found` differs from the JSON of a page, if it does. Objects may have more keys than shown,
/// lists more items, and the text `…` stands for any value, also within a text.
pub fn differs(shown: &Value, found: &Value, at: &str) -> Option<String> {
    match (shown, found) {
        (Value::String(any), _) if any == "…" => None,
        (Value::String(shown), Value::String(found)) if fits(shown, found) => None,
        (Value::Object(shown), Value::Object(found)) => {
            shown.iter().find_map(|(key, value)| match found.get(key) {
                Some(inner) => differs(value, inner, &format!("{at}/{key}")),
                None => Some(format!("{at}/{key} is missing")),
            })
        }
        (Value::Array(shown), Value::Array(found)) if shown.len() <= found.len() => shown
            .iter()
            .zip(found)
            .enumerate()
            .find_map(|(i, (shown, found))| differs(shown, found, &format!("{at}/{i}"))),
        _ if shown == found => None,
        _ => Some(format!("{at} is {found}, and the page shows {shown}")),
    }
}

/// Returns whether a program is installed; in CI it must be.
pub fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let found = found.is_ok_and(|status| status.success());
    assert!(found || std::env::var_os("CI").is_none(), "`{program}` is not installed");
    if !found {
        eprintln!("skipped: `{program}` is not installed");
    }
    found
}

/// Makes a command in a folder, without the variables that cargo and nextest set for this process, and
/// without the network for cargo.
pub fn command(program: &str, dir: &Path) -> Command {
    // A test that hangs would delay all others.
    let mut command = Command::new("timeout");
    command.args(["300", program]).current_dir(dir).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let own = text.starts_with("CARGO_") && text != "CARGO_HOME" && text != "CARGO_NET_OFFLINE";
        if own || ["CARGO", "RUSTFLAGS"].contains(&&*text) || text.starts_with("RUSTC") {
            command.env_remove(&name);
        }
    }
    command.env("CARGO_NET_OFFLINE", "true").env("CARGO_TERM_COLOR", "never").env("NO_COLOR", "1");
    command
}

#[test]
fn what_a_page_shows_is_compared_loosely_and_not_at_all_costs() {
    let found = "one\n  two   2.5 s\nthree\n";
    for (shown, lacks) in [
        ("one\nthree", None),
        ("two … s", None),
        ("three\none", Some("one")),
        ("two … ms", Some("two … ms")),
        ("", None),
    ] {
        assert_eq!(missing(shown, found), lacks, "{shown}");
    }
    let found = serde_json::json!({"a": 1, "b": ["x-1", "y"], "c": null});
    for (shown, said) in [
        (r#"{"a": 1}"#, None),
        (r#"{"a": "…", "b": ["x-…"]}"#, None),
        (r#"{"b": ["z"]}"#, Some("/b/0 is")),
        (r#"{"b": ["x-1", "y", "z"]}"#, Some("/b is")),
        (r#"{"d": 1}"#, Some("/d is missing")),
        (r#"{"a": 2}"#, Some("/a is 1, and the page shows 2")),
    ] {
        let differs = differs(&serde_json::from_str(shown).unwrap(), &found, "");
        match said {
            None => assert_eq!(differs, None, "{shown}"),
            Some(said) => assert!(differs.unwrap().starts_with(said), "{shown}"),
        }
    }
}

#[test]
fn a_page_has_blocks_with_or_without_fences() {
    let page = "# A\n\n    make demo\n\n- item\n\n  ```yaml job job.yaml\n  id: x\n  ```\n\n```sh not-run: it takes an hour. Or two\nmake\n```\n";
    let found = blocks_of(page);
    let told: Vec<_> = found.iter().map(|block| (block.line, &*block.language, &*block.text)).collect();
    assert_eq!(told, [(3, "", "make demo\n"), (7, "yaml", "id: x\n"), (11, "sh", "make\n")]);
    let [_, job, make] = &found[..] else { panic!("{found:?}") };
    assert!(job.has("job") && job.file() == Some("job.yaml") && job.reason().is_none());
    assert!(make.file().is_none() && make.reason() == Some("it takes an hour. Or two"));
}
