//! Phrases that the repository does not use, each with its replacement.

use std::fs;
use std::path::{Path, PathBuf};

use stepwell_tests::root;

/// The phrases, and the words to use instead. A phrase matches whole words in any case.
const BANNED: &[(&str, &str)] = &[
    ("a lease a queue", "one lease per queue"),
    ("again and again", "repeatedly"),
    ("all the same", "anyway"),
    ("and tells", "and returns"),
    ("anew", "again"),
    ("anybody", "any user, or the name of the role"),
    ("anyone", "any user, or the name of the role"),
    ("are kept", "are stored"),
    ("as it were", "nothing: leave it out"),
    ("befalls", "happens to"),
    ("begin of", "start of"),
    ("dealt with", "resolved"),
    ("everybody", "every user, or the name of the role"),
    ("for ever", "forever"),
    ("for want of", "for lack of"),
    ("given back", "released"),
    ("gives back", "releases"),
    ("go on", "continue"),
    ("goes on", "continues"),
    ("hold up", "delay"),
    ("holds up", "delays"),
    ("in our words", "reworded"),
    ("in the midst of", "during"),
    ("is away", "is unavailable"),
    ("is kept", "is stored"),
    ("its begin", "its start"),
    ("jobs a second", "jobs per second"),
    ("looked at", "checked"),
    ("mean harm", "are malicious"),
    ("mend", "fix"),
    ("mends", "fixes"),
    ("no one", "no user, or the name of the role"),
    ("nobody", "no user, or the name of the role"),
    ("of ours", "of Stepwell"),
    ("requests a second", "requests per second"),
    ("rows a second", "rows per second"),
    ("runs a second", "runs per second"),
    ("section 9", "the name of the endpoint"),
    ("somebody", "a user, or the name of the role"),
    ("someone", "a user, or the name of the role"),
    ("stands twice", "appears twice"),
    ("tells whether", "returns whether"),
    ("the one who", "the user who, or the name of the role"),
    ("time is over", "time runs out"),
    ("times a second", "times per second"),
    ("v2 design", "the name of the endpoint"),
    ("what became of", "the result of"),
    ("what becomes of", "what happens to"),
    ("what is wrong", "the problem"),
    ("whoever", "the user who, or the name of the role"),
];

/// Words that do not begin a doc comment: a sentence that names its subject replaces the noun clause.
const CLAUSES: &[&str] = &["How", "What", "Whichever", "Who", "Whoever", "Why"];

/// The directories without such doc comments.
const SENTENCES: &[&str] = &["benches", "guests", "host", "powershell"];

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if ["target", ".git", "node_modules"].iter().any(|skipped| path.ends_with(skipped)) {
            continue;
        }
        let name = entry.file_name().to_string_lossy().into_owned();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if path.is_dir() {
            files(&path, found);
        } else if matches!(extension, Some("md" | "rs" | "wit"))
            && !name.starts_with("wasi-")
            && name != "prose.rs"
        {
            found.push(path);
        }
    }
}

/// The prose of a file, as pieces with the number of their first line: all of Markdown, comments of WIT, comments
/// and literals of Rust.
fn prose(path: &Path, text: &str) -> Vec<(usize, String)> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("rs") => of_rust(text),
        extension => {
            let lines = text.lines().enumerate().map(|(i, line)| (i + 1, line.trim().to_owned()));
            lines.filter(|(_, line)| extension == Some("md") || line.starts_with("//")).collect()
        }
    }
}

/// The comments of Rust, and its string literals with a space: others are names.
fn of_rust(text: &str) -> Vec<(usize, String)> {
    let (mut found, mut line, mut rest) = (Vec::new(), 1, text);
    while !rest.is_empty() {
        let (kind, length) = token(rest);
        let (token, after) = rest.split_at(length);
        if kind == Kind::Comment || kind == Kind::Text && token.contains(' ') {
            found.extend(token.lines().enumerate().map(|(i, part)| (line + i, part.trim().to_owned())));
        }
        line += token.matches('\n').count();
        rest = after;
    }
    found
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Comment,
    Text,
    Code,
}

/// The kind and the bytes of the token that a text begins with.
fn token(text: &str) -> (Kind, usize) {
    if text.starts_with("//") {
        return (Kind::Comment, text.find('\n').unwrap_or(text.len()));
    }
    let word = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let (prefix, after) = text.split_at(word);
    let hashes = after.len() - after.trim_start_matches('#').len();
    if matches!(prefix, "r" | "br") && after[hashes..].starts_with('"') {
        let (from, end) = (word + hashes + 1, format!("\"{}", "#".repeat(hashes)));
        return (Kind::Text, text[from..].find(&end).map_or(text.len(), |to| from + to + end.len()));
    }
    // A quotation mark as a character begins no literal.
    let character = ["'\"'", "'\\\"'"].into_iter().find(|character| text.starts_with(character));
    let first = text.chars().next().map_or(0, char::len_utf8);
    match (word, character) {
        (1.., _) => (Kind::Code, word),
        (0, Some(character)) => (Kind::Code, character.len()),
        (0, None) if text.starts_with('"') => (Kind::Text, end_of_literal(text)),
        (0, None) => (Kind::Code, first),
    }
}

/// The bytes of the string literal that a text begins with.
fn end_of_literal(text: &str) -> usize {
    let mut escaped = true;
    let end = text.char_indices().find(|(_, c)| {
        let is_end = *c == '"' && !escaped;
        escaped = (*c == '\\' && !escaped) && *c != '"';
        is_end
    });
    end.map_or(text.len(), |(at, _)| at + 1)
}

/// Whether a text has the phrase as whole words.
fn has(text: &str, phrase: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(phrase).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + phrase.len()..]);
        !before.chars().next_back().is_some_and(is_word) && !after.chars().next().is_some_and(is_word)
    })
}

/// The numbers of the lines at which a doc comment begins with a noun clause.
fn clauses(text: &str) -> Vec<usize> {
    let mut before = "";
    let mut found = Vec::new();
    for (line, text) in text.lines().enumerate().map(|(i, line)| (i + 1, line.trim())) {
        let doc = |line: &str| ["///", "//!"].iter().any(|mark| line.starts_with(mark) && line.len() > 3);
        let words = text.get(3..).unwrap_or_default();
        let first = words.trim_start().split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        if doc(text) && !doc(before) && CLAUSES.contains(&first) {
            found.push(line);
        }
        before = text;
    }
    found
}

#[test]
fn doc_comments_are_sentences() {
    let text =
        "/// Who asks.\nfn a() {}\n/// Returns\n/// What follows.\n///\n/// Whole.\n//! Why.\n// How.\n";
    assert_eq!(clauses(text), [1], "only the first line of a paragraph of a doc comment counts");
    assert_eq!(clauses("/// One.\n///\n/// How two.\n"), [3], "each paragraph is a sentence");
    let mut all = Vec::new();
    SENTENCES.iter().for_each(|dir| files(&root().join(dir), &mut all));
    assert!(all.len() > 100, "{}", all.len());
    let mut problems = Vec::new();
    for path in all.iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs")) {
        let text = fs::read_to_string(path).unwrap();
        let name = path.strip_prefix(root()).unwrap_or(path).display();
        problems.extend(clauses(&text).into_iter().map(|line| format!("{name}:{line}")));
    }
    assert!(problems.is_empty(), "doc comments that begin with a noun clause:\n{}", problems.join("\n"));
}

#[test]
fn no_file_uses_a_banned_phrase() {
    let mut all = Vec::new();
    files(&root(), &mut all);
    assert!(all.len() > 500, "{}", all.len());
    let mut problems = Vec::new();
    for path in all {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.strip_prefix(root()).unwrap_or(&path).display();
        for (line, part) in prose(&path, &text) {
            let part = part.to_lowercase();
            for (phrase, instead) in BANNED.iter().filter(|(phrase, _)| has(&part, phrase)) {
                problems.push(format!("{name}:{line}: `{phrase}`: use {instead}"));
            }
        }
    }
    assert!(problems.is_empty(), "{} banned phrases:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn prose_of_rust_is_comments_and_texts() {
    let source = "let quote = '\"'; // One\nlet a = \"two three\\\" four\"; let b = \"name\";\nlet c = r#\"five \"six\" seven\"#;\nfn f<'a>() {}\n/// Eight\n";
    let found: Vec<String> =
        of_rust(source).into_iter().map(|(line, part)| format!("{line} {part}")).collect();
    assert_eq!(
        found,
        ["1 // One", "2 \"two three\\\" four\"", "3 r#\"five \"six\" seven\"#", "5 /// Eight"],
        "comments and texts, with their lines"
    );
    for (text, phrase, expected) in [
        ("it goes on", "goes on", true),
        ("it goes one", "goes on", false),
        ("on the mend", "mend", true),
        ("recommend", "mend", false),
    ] {
        assert_eq!(has(text, phrase), expected, "{text}");
    }
}
