//! Ways to escape from a directory.

use std::fs;
use std::io;

/// The path suffixes to try after the directory. The link names are those of links that the test creates.
const WAYS: &[&str] = &[
    "..",
    "../",
    "../secret",
    "../outside/secret",
    "./../outside/secret",
    "sub/../../outside/secret",
    "sub/deep/../../../outside/secret",
    "sub//..//..//outside//secret",
    "../box/../outside/secret",
    "nothing/../../outside/secret",
    "sub/./.././../outside/secret",
    "../../../../../../../etc/hostname",
    "/../outside/secret",
    "//outside/secret",
    "out/secret",
    "out/../outside/secret",
    "out_file",
    "out_file/",
    "chain",
    "abs/hostname",
    "abs_file",
    "up/outside/secret",
    "up/up/etc/hostname",
    "dangling",
    "dangling/",
    "loop",
    "loop/secret",
    "sub/link_up/outside/secret",
    "proc/self/root/etc/hostname",
    "fd/3",
    "ok.txt/../../outside/secret",
    "ok.txt/",
    "ok.txt/..",
    "sub/",
    "sub/.",
    "sub/..",
    ".",
    "./",
    "",
    "..\\outside\\secret",
    "%2e%2e/outside/secret",
    "\u{2024}\u{2024}/outside/secret",
    "sub/\u{202e}..",
    " ../outside/secret",
];

/// Returns each successful escape: the operation, the path, and the data read.
pub fn tried(base: &str) -> Vec<String> {
    let mut worked = Vec::new();
    for way in WAYS {
        let path = format!("{base}/{way}");
        let spare = format!("{base}/spare");
        let mut note = |what: &str, done: io::Result<String>| {
            if let Ok(found) = done {
                worked.push(format!("{what} {way:?}: {found}"));
            }
        };
        let none = |done: io::Result<()>| done.map(|()| String::new());
        note("read", fs::read_to_string(&path));
        note("look", fs::metadata(&path).map(|found| format!("{} bytes", found.len())));
        note("follow", fs::read_link(&path).map(|found| found.display().to_string()));
        note(
            "list",
            fs::read_dir(&path).map(|entries| {
                let mut names: Vec<String> =
                    entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
                names.sort();
                names.join(" ")
            }),
        );
        if way.contains("..")
            || way.contains("out")
            || way.contains("abs")
            || way.contains("up")
            || way.contains("dangling")
        {
            note(
                "append",
                none(
                    fs::OpenOptions::new()
                        .append(true)
                        .open(&path)
                        .and_then(|mut file| io::Write::write_all(&mut file, b"!")),
                ),
            );
            note("create", none(fs::OpenOptions::new().write(true).create_new(true).open(&path).map(drop)));
            note("truncate", none(fs::File::create(&path).map(drop)));
            note("mkdir", none(fs::create_dir(format!("{path}.d"))));
            note("hard link from", none(fs::hard_link(&path, format!("{base}/hard"))));
            note("rename from", none(fs::rename(&path, format!("{base}/taken"))));
            // The file that a rename would move out.
            let _ = fs::write(&spare, "spare");
            note("rename to", none(fs::rename(&spare, &path)));
            note("hard link to", none(fs::hard_link(&spare, &path)));
            note("remove", none(fs::remove_dir(&path)));
        }
    }
    worked
}
