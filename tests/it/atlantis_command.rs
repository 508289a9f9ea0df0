//! `stepwell locks validate` and `stepwell config validate` for an installation of Atlantis: repairs, damaged files, and
//! contradictions.

use std::path::Path;

use stepwell::legacy::bolt::{BoltFile, Edit, Reading};
use stepwell::legacy::format::RawValue;
use stepwell::legacy::locks::{BoltLocks, ProjectLocks as _};

use crate::atlantis::{Holding, TOKEN, go, lock};
use crate::cli::Shell;

fn validate(shell: &Shell, arguments: &[&str]) -> (i32, String) {
    let output = shell.run(&[&["locks", "validate"], arguments].concat());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout) + &text(&output.stderr))
}

/// A store with a lock under an old key, one that is held twice, and a value that is no lock.
async fn troubled(path: &Path) {
    let store = BoltLocks::at(path, Reading::Locked);
    store.create().await.unwrap();
    store.try_lock(&lock("org/repo", ".", 1)).await.unwrap();
    store.try_lock(&lock("org/twice", "mod/b", 3)).await.unwrap();
    let put = |key: &str, value: Vec<u8>| Edit {
        bucket: "runLocks",
        key: key.as_bytes().to_vec(),
        value: Some(RawValue::new(value)),
    };
    let edits = vec![
        put("org/old/mod/a/default", lock("org/old", "mod/a", 2).to_json()),
        put("org/twice/mod/b/default", lock("org/twice", "mod/b", 4).to_json()),
        put("org/bad/./default/", b"{\"Project\": \"s3cr3t-token\"}".to_vec()),
    ];
    BoltFile::at(path).change(|_| (edits, ())).unwrap();
}

/// Repairs are offers: without --repair nothing changes, with it old keys do, after a backup. Nothing is deleted that
/// the command line does not name.
#[tokio::test]
async fn repairs_are_made_on_request_after_a_backup_and_delete_nothing_by_themselves() {
    let shell = Shell::new();
    let path = shell.path("atlantis.db");
    troubled(&path).await;
    let before = std::fs::read(&path).unwrap();
    let (code, report) = validate(&shell, &["--file", "atlantis.db"]);
    assert_eq!(code, 1, "{report}");
    for text in [
        "the value is no lock of this key",
        "--repair stores it as org/old/mod/a/default/",
        "the lock is held twice",
        "not compatible",
    ] {
        assert!(report.contains(text), "{text}: {report}");
    }
    assert!(!report.contains(TOKEN), "{report}");
    assert_eq!(std::fs::read(&path).unwrap(), before, "a report changes nothing");

    let repair = ["--file", "atlantis.db", "--repair", "--backup", "copy.db"];
    let (code, report) = validate(&shell, &repair);
    assert_eq!(code, 1, "a value is still damaged: {report}");
    assert!(
        report.contains("repaired: org/old/mod/a/default is stored as org/old/mod/a/default/"),
        "{report}"
    );
    assert!(report.contains("left: org/twice/mod/b/default is stored as"), "{report}");
    assert_eq!(std::fs::read(shell.path("copy.db")).unwrap(), before, "the backup is the file as it was");
    let keys = || {
        let contents = BoltFile::at(&path).read(Reading::Locked).unwrap();
        let keys = contents.buckets[&b"runLocks"[..]].keys();
        keys.map(|key| String::from_utf8(key.clone()).unwrap()).collect::<Vec<_>>()
    };
    let expected = [
        "org/bad/./default/",
        "org/old/mod/a/default/",
        "org/repo/./default/",
        "org/twice/mod/b/default",
        "org/twice/mod/b/default/",
    ];
    assert_eq!(keys(), expected);
    let (code, again) = validate(&shell, &repair);
    assert!(code == 3 && again.contains("copy.db cannot be written, so nothing was repaired"), "{again}");

    let release = [
        "--file",
        "atlantis.db",
        "--repair",
        "--release",
        "org/twice/mod/b/default/",
        "--release",
        "org/repo/./default/",
    ];
    let (_, report) = validate(&shell, &release);
    assert!(report.contains("repaired: org/twice/mod/b/default/ is released"), "{report}");
    assert!(
        report.contains("left: org/repo/./default/ is released: no other key holds the same lock"),
        "{report}"
    );
    assert!(
        keys().contains(&"org/twice/mod/b/default/".to_owned()),
        "and its old key has become the current one"
    );
    assert_eq!(keys().len(), 4);
}

#[tokio::test]
async fn damaged_files_are_named_and_unchanged() {
    let shell = Shell::new();
    let path = shell.path("atlantis.db");
    let store = BoltLocks::at(&path, Reading::Locked);
    store.create().await.unwrap();
    for number in 0..200 {
        store.try_lock(&lock("org/repo", &format!("dir-{number:03}"), 1)).await.unwrap();
    }
    let whole = std::fs::read(&path).unwrap();
    let page = |bytes: &[u8], at: usize| {
        let mut damaged = bytes.to_vec();
        damaged[at..at + 8].fill(0xff);
        damaged
    };
    for (name, bytes, expected) in [
        ("truncated", whole[..whole.len() / 2].to_vec(), "damage"),
        ("page", page(&whole, 4 * 4096 + 8), "damage"),
        ("text", b"no file of bbolt".to_vec(), "error"),
        ("empty", Vec::new(), "error"),
    ] {
        std::fs::write(&path, &bytes).unwrap();
        let (code, report) = validate(&shell, &["--file", "atlantis.db", "--repair"]);
        assert!(code == 1 || code == 3, "{name}: {report}");
        assert!(report.contains(expected) && !report.contains("repaired"), "{name}: {report}");
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "{name}: nothing is changed");
    }
}

#[test]
fn contradictions_of_the_configuration_name_both_keys() {
    for (config, variables, expected) in [
        ("atlantis: {file: a.db, redis: 'redis://h'}", &[][..], "`atlantis.file` and `atlantis.redis`"),
        ("atlantis: {}", &[], "`atlantis` names the `file` of Atlantis or its `redis`"),
        ("enhanced-locking: {enabled: true}", &[], "`enhanced-locking.enabled` and `atlantis`"),
        (
            "atlantis: {file: a.db}\nenhanced-locking: {backend: redis}",
            &[],
            "`enhanced-locking.backend` and `atlantis.file`: one is redis and the other is boltdb",
        ),
        (
            "atlantis: {file: a.db}\nlocks: {timeout: 30s}",
            &[("ATLANTIS_LOCK_TIMEOUT", "1m")],
            "`locks.timeout` and `ATLANTIS_LOCK_TIMEOUT`: one is 30s and the other is 1m0s",
        ),
        (
            "atlantis: {file: a.db}\nenhanced-locking: {enabled: true, deadlock-detection: true}",
            &[],
            "`enhanced-locking.compatibility-mode` and `enhanced-locking.deadlock-detection`",
        ),
        (
            "atlantis: {file: a.db}\nenhanced-locking: {enabled: true, feature-flags: {event-streaming: true}}",
            &[],
            "`enhanced-locking.feature-flags.event-streaming`: `GET /api/v2/lock-events` streams",
        ),
        ("atlantis: {redis: 'http://h'}", &[], "the Redis of Atlantis has a URL"),
        ("enhanced-locking: {typo: 1}", &[], "typo"),
    ] {
        let mut shell = Shell::new().file("config.yaml", &format!("{config}\n"));
        for (name, value) in variables {
            shell = shell.env(name, value);
        }
        let output = shell.run(&["config", "validate", "--enhanced-locking", "--config", "config.yaml"]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && told.contains(expected), "{config}: {told}");
    }
    let shell = Shell::new().file("config.yaml", "atlantis: {file: a.db}\nlocks: {retries: 3}\n");
    let shell = shell.env("ATLANTIS_LOCK_TIMEOUT", "30s");
    let output = shell.run(&["config", "validate", "--enhanced-locking", "--config", "config.yaml"]);
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    for row in [["ATLANTIS_LOCK_TIMEOUT", "30s", "ATLANTIS_LOCK_TIMEOUT"], ["locks.retries", "3", "file"]] {
        let has = |line: &str| line.split_whitespace().eq(row);
        assert!(shown.lines().any(has), "{row:?}: {shown}");
    }
}

/// A repair of a file that another process holds fails with that process, and leaves no backup.
#[tokio::test]
async fn a_repair_of_a_held_file_changes_nothing_and_leaves_no_backup() {
    let Some(program) = go() else { return };
    let shell = Shell::new();
    let path = shell.path("atlantis.db");
    troubled(&path).await;
    let holding = Holding::of(&program, &path);
    let (code, text) = validate(&shell, &["--file", "atlantis.db", "--repair"]);
    assert!(code == 3 && text.contains(&format!("is in use by process {}", holding.0.id())), "{code} {text}");
    let files = std::fs::read_dir(path.parent().unwrap()).unwrap();
    let files: Vec<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert!(!files.iter().any(|name| name.contains(".backup-")), "{files:?}");
}
