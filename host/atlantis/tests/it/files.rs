//! Files that the real bbolt makes are read, and what this crate writes, the real bbolt finds sound.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use stepwell_atlantis::bolt::{self, BoltFile, Contents, Edit, FileError, Reading};
use stepwell_atlantis::format::{ProjectLock, RawValue};

use crate::go;
use crate::samples::lock;

/// The shapes with their number of locks.
const SHAPES: [(&str, usize); 6] =
    [("empty", 0), ("few", 3), ("many", 2000), ("overflow", 40), ("deleted", 500), ("no_free_list", 300)];
const PAGE_SIZES: [usize; 2] = [4096, 16384];

/// Calls a test with a file of each shape and page size, when Go is there.
fn each_file(test: impl Fn(&str, usize, &Path)) {
    let dir = tempfile::tempdir().unwrap();
    for (shape, locks) in SHAPES {
        for page_size in PAGE_SIZES {
            let file = dir.path().join(format!("{shape}-{page_size}.db"));
            if go::make(shape, page_size, &file).is_none() {
                return;
            }
            test(shape, locks, &file);
        }
    }
}

fn entries(contents: &Contents) -> BTreeMap<String, BTreeMap<String, Vec<u8>>> {
    let text = |bytes: &Vec<u8>| String::from_utf8(bytes.clone()).unwrap();
    let entry = |(key, raw): (&Vec<u8>, &RawValue)| (text(key), raw.expose().to_vec());
    contents.buckets.iter().map(|(name, bucket)| (text(name), bucket.iter().map(entry).collect())).collect()
}

#[test]
fn files_of_bbolt_are_read_as_two_other_readers_read_them() {
    each_file(|shape, locks, file| {
        let contents = BoltFile::at(file).read(Reading::Locked).unwrap();
        assert_eq!(contents.faults, [], "{shape}");
        assert_eq!(contents.stores_free_pages, shape != "no_free_list");
        let ours = entries(&contents);
        assert_eq!(ours["runLocks"].len(), locks, "{shape}");
        for (key, value) in &ours["runLocks"] {
            assert_eq!(&ProjectLock::parse(value).unwrap().identity().key(), key);
        }
        assert_eq!(ours, second_reader(file), "{shape}");
        assert_eq!(ours, go::checked(file), "{shape}");
    });
}

/// The same with the crate `bolt-lite`, which shares no code with this crate.
fn second_reader(file: &Path) -> BTreeMap<String, BTreeMap<String, Vec<u8>>> {
    let db = bolt_lite::Bolt::open_ro(file).unwrap();
    let tx = db.begin().unwrap();
    let bucket = |name: &str| {
        let cursor = tx.bucket(name.as_bytes()).unwrap().cursor().unwrap();
        let entries = cursor.map(|entry| (String::from_utf8(entry.key).unwrap(), entry.value)).collect();
        (name.to_owned(), entries)
    };
    ["runLocks", "pulls", "globalLocks"].into_iter().map(bucket).collect()
}

fn put(lock: &ProjectLock) -> Edit {
    let (key, value) = (lock.identity().key().into_bytes(), RawValue::new(lock.to_json()));
    Edit { bucket: "runLocks", key, value: Some(value) }
}

#[test]
fn bbolt_finds_what_is_written_and_no_damage() {
    each_file(|shape, locks, file| {
        let bolt = BoltFile::at(file);
        let mut expected = go::checked(file);
        let mut change = |edits: Vec<Edit>| {
            for Edit { bucket, key, value } in &edits {
                let key = String::from_utf8(key.clone()).unwrap();
                match value {
                    Some(value) => {
                        drop(expected.get_mut(*bucket).unwrap().insert(key, value.expose().to_vec()))
                    }
                    None => drop(expected.get_mut(*bucket).unwrap().remove(&key).unwrap()),
                }
            }
            bolt.change(|_| (edits, ())).unwrap();
            assert_eq!(expected, entries(&bolt.read(Reading::Locked).unwrap()), "{shape}");
        };
        if shape == "no_free_list" {
            // Go has opened it with a stored list just now, which is how Atlantis would repair it.
            assert!(bolt.read(Reading::Locked).unwrap().stores_free_pages);
        }
        for number in 0..20 {
            change(vec![put(&lock("org/new", &format!("dir-{number}"), "", number))]);
        }
        let keys: Vec<Vec<u8>> =
            bolt.read(Reading::Locked).unwrap().buckets[&b"runLocks"[..]].keys().cloned().collect();
        assert_eq!(keys.len(), locks + 20);
        for chunk in keys.chunks(keys.len().div_ceil(5)) {
            change(
                chunk.iter().map(|key| Edit { bucket: "runLocks", key: key.clone(), value: None }).collect(),
            );
        }
        let mut long = lock("org/long", ".", "", 1);
        long.pull.body = "x".repeat(100_000);
        change(
            (0..30)
                .map(|number| put(&lock("org/again", &format!("d{number}"), "", 1)))
                .chain([put(&long)])
                .collect(),
        );
        assert_eq!(go::checked(file), expected, "{shape}");
    });
}

#[test]
fn a_file_without_a_list_of_free_pages_is_read_and_not_changed() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("atlantis.db");
    let Some(()) = go::make("no_free_list", 4096, &file) else { return };
    let before = fs::read(&file).unwrap();
    let error = BoltFile::at(&file).change(|_| (vec![put(&lock("a/b", ".", "", 1))], ())).unwrap_err();
    assert!(
        matches!(error, FileError::NoFreePages { .. })
            && error.to_string().contains("start and stop Atlantis")
    );
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn a_new_file_is_one_that_atlantis_opens() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("atlantis.db");
    let bolt = BoltFile::at(&file);
    bolt.create(&[b"runLocks", b"pulls", b"globalLocks"]).unwrap();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    bolt.change(|_| (vec![put(&lock("org/repo", ".", "", 1))], ())).unwrap();
    bolt.create(&[b"runLocks"]).unwrap();
    assert_eq!(
        bolt.read(Reading::Locked).unwrap().buckets[&b"runLocks"[..]].len(),
        1,
        "it is not made again"
    );
    if go::program().is_some() {
        assert_eq!(go::checked(&file)["runLocks"].keys().collect::<Vec<_>>(), ["org/repo/./default/"]);
    }
}

#[test]
fn a_file_that_atlantis_holds_names_the_holder_and_is_read_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("atlantis.db");
    let Some(()) = go::make("few", 4096, &file) else { return };
    let bolt = BoltFile::at(&file);
    let holding = go::Holding::start("hold", &file).unwrap();
    for error in [
        bolt.read(Reading::Locked).unwrap_err(),
        bolt.change(|_| (vec![put(&lock("a/b", ".", "", 1))], ())).unwrap_err(),
    ] {
        let expected = format!(
            "{} is in use by process {} (bolt): stop it, or read beside it",
            file.display(),
            holding.process()
        );
        assert_eq!(error.to_string(), expected);
    }
    assert_eq!(bolt.read(Reading::Beside).unwrap().buckets[&b"runLocks"[..]].len(), 3);
    drop(holding);
    bolt.change(|_| (vec![put(&lock("a/b", ".", "", 1))], ())).unwrap();
}

/// Each change of the writer replaces every lock. A read beside it sees one change as a whole, or says that the
/// file is changing.
#[test]
fn a_read_beside_a_writer_is_consistent() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("atlantis.db");
    let Some(()) = go::make("empty", 4096, &file) else { return };
    let Some(_writing) = go::Holding::start("churn", &file) else { return };
    let (mut seen, mut changing) = (std::collections::BTreeSet::new(), 0);
    for _ in 0..40 {
        match BoltFile::at(&file).read(Reading::Beside) {
            Ok(contents) => {
                assert_eq!(contents.faults, []);
                let locks = &contents.buckets[&b"runLocks"[..]];
                let pull = |raw: &RawValue| ProjectLock::parse(raw.expose()).unwrap().pull.num;
                let pulls: std::collections::BTreeSet<i64> = locks.values().map(pull).collect();
                assert_eq!((locks.len(), pulls.len()), (400, 1), "{pulls:?}");
                seen.extend(pulls);
            }
            Err(FileError::Changing { .. }) => changing += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(seen.len() > 3, "{seen:?}, and the file was changing {changing} times");
}

#[test]
fn files_that_are_none_have_clear_errors() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("atlantis.db");
    let message = |file: &Path| BoltFile::at(file).read(Reading::Locked).unwrap_err().to_string();
    assert!(message(&file).starts_with("cannot open "), "{}", message(&file));
    for (bytes, part) in [(vec![], "the file ends before it"), (vec![7; 10_000], "it is no meta page")] {
        fs::write(&file, bytes).unwrap();
        assert!(message(&file).contains("is not a readable BoltDB file"), "{}", message(&file));
        assert!(message(&file).contains(part), "{}", message(&file));
    }
    assert!(bolt::read(&[]).is_err());
    fs::File::create(&file).unwrap().set_len(300 * 1024 * 1024).unwrap();
    assert!(message(&file).contains("has 314572800 bytes, and at most 268435456 are read"));
}
