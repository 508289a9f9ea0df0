//! No bytes make the reader panic, hang or grow, and damage is found.

use std::sync::OnceLock;

use proptest::prelude::*;
use stepwell_atlantis::bolt::{self, BoltFile, Fault, FileError, Reading};

use crate::samples::lock;

/// A sound file with 300 locks, made without Go.
fn sound() -> &'static [u8] {
    static FILE: OnceLock<Vec<u8>> = OnceLock::new();
    FILE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let bolt = BoltFile::at(dir.path().join("atlantis.db"));
        bolt.create(&[b"runLocks", b"pulls", b"globalLocks"]).unwrap();
        for part in 0..3 {
            let edit = |number| {
                let lock = lock("org/repo", &format!("dir-{number}"), "", 1);
                let value = stepwell_atlantis::format::RawValue::new(lock.to_json());
                bolt::Edit { bucket: "runLocks", key: lock.identity().key().into_bytes(), value: Some(value) }
            };
            bolt.change(|_| ((part * 100..part * 100 + 100).map(edit).collect(), ())).unwrap();
        }
        std::fs::read(bolt.path()).unwrap()
    })
}

fn locks(contents: &bolt::Contents) -> usize {
    contents.buckets.get(&b"runLocks"[..]).map_or(0, |bucket| bucket.len())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn changed_bytes_never_make_the_reader_panic(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40)) {
        let mut file = sound().to_vec();
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        let _ = bolt::read(&file);
    }

    /// Headers of pages and elements are at the start of pages, where few random bytes arrive.
    #[test]
    fn changed_headers_never_make_the_reader_panic(changes in proptest::collection::vec((0usize..60, 0usize..40, any::<u8>()), 1..20)) {
        let mut file = sound().to_vec();
        for (page, at, byte) in changes {
            let at = (page * 4096 + at) % file.len();
            file[at] = byte;
        }
        let _ = bolt::read(&file);
    }

    #[test]
    fn shorter_files_never_make_the_reader_panic(length: prop::sample::Index) {
        let file = sound();
        let length = length.index(file.len());
        if let Ok(contents) = bolt::read(&file[..length]) {
            prop_assert!(contents.faults.iter().any(Fault::is_damage) || locks(&contents) == 300);
        }
    }

    #[test]
    fn any_bytes_never_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..20_000)) {
        let _ = bolt::read(&bytes);
    }
}

/// Data pages have no checksum: what changes a lock without a trace in the structure is found in the value.
#[test]
fn every_flipped_bit_of_a_page_header_is_found() {
    let file = sound();
    let clean = bolt::read(file).unwrap();
    assert_eq!((clean.faults.len(), locks(&clean)), (0, 300));
    for page in 2..file.len() / 4096 {
        // Pages that the last change does not use may hold anything.
        let mut wiped = file.to_vec();
        wiped[page * 4096..page * 4096 + 16].fill(0xA5);
        if bolt::read(&wiped).unwrap().faults.is_empty() {
            continue;
        }
        for bit in 0..80 {
            let mut file = file.to_vec();
            file[page * 4096 + bit / 8] ^= 1 << (bit % 8);
            let contents = bolt::read(&file).unwrap();
            assert!(contents.faults.iter().any(Fault::is_damage), "page {page}, bit {bit}");
        }
    }
}

#[test]
fn one_damaged_meta_page_is_reported_and_two_are_fatal() {
    let mut file = sound().to_vec();
    let newest = (bolt::read(&file).unwrap().change % 2) as usize;
    file[newest * 4096 + 40] ^= 1;
    let contents = bolt::read(&file).unwrap();
    let message = contents.faults[0].to_string();
    let expected = format!(
        "meta page {newest} is damaged (its checksum does not match): BoltDB uses the other one, which may be one change older"
    );
    assert_eq!(message, expected);
    assert_eq!(contents.change + 1, bolt::read(sound()).unwrap().change);
    file[(1 - newest) * 4096 + 16] ^= 1;
    let message = bolt::read(&file).unwrap_err().to_string();
    assert!(message.starts_with("both meta pages are damaged: page 0: "), "{message}");
}

#[test]
fn a_page_that_is_used_twice_ends() {
    // The first child of the branch becomes the branch itself.
    let file = sound();
    let branch = (2..file.len() / 4096).find(|page| {
        let mut wiped = file.to_vec();
        wiped[page * 4096] ^= 0xFF;
        file[page * 4096 + 8] == 1 && !bolt::read(&wiped).unwrap().faults.is_empty()
    });
    let branch = branch.unwrap();
    let mut file = file.to_vec();
    file[branch * 4096 + 24..branch * 4096 + 32].copy_from_slice(&(branch as u64).to_le_bytes());
    let contents = bolt::read(&file).unwrap();
    let message = format!("page {branch} is used twice");
    assert!(contents.faults.iter().any(|fault| fault.to_string() == message), "{:?}", contents.faults);
}

#[test]
fn a_damaged_file_is_not_changed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("atlantis.db");
    let mut file = sound().to_vec();
    let used = (2..file.len() / 4096).find(|page| {
        let mut wiped = file.clone();
        wiped[page * 4096 + 8] = 0x40;
        wiped[page * 4096] == *page as u8 && !bolt::read(&wiped).unwrap().faults.is_empty()
    });
    file[used.unwrap() * 4096 + 8] = 0x40;
    std::fs::write(&path, &file).unwrap();
    let edit = bolt::Edit { bucket: "runLocks", key: b"k".to_vec(), value: None };
    let error = BoltFile::at(&path).change(|_| (vec![edit], ())).unwrap_err();
    assert!(matches!(error, FileError::Damaged { .. }), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), file);
    assert!(BoltFile::at(&path).read(Reading::Beside).is_ok());
}

/// A change writes new pages, and then the meta page that uses them. Whatever a crash leaves of these writes, the
/// file has the state before or after.
#[test]
fn a_crash_at_any_write_leaves_the_state_before_or_after() {
    let dir = tempfile::tempdir().unwrap();
    let bolt = BoltFile::at(dir.path().join("atlantis.db"));
    std::fs::write(bolt.path(), sound()).unwrap();
    let mut random = fastrand::Rng::with_seed(7);
    for number in 0..20 {
        let mut before = std::fs::read(bolt.path()).unwrap();
        let lock = lock("org/repo", &format!("dir-{number}"), "", 1);
        bolt.change(|_| {
            let key = lock.identity().key().into_bytes();
            (vec![bolt::Edit { bucket: "runLocks", key, value: None }], ())
        })
        .unwrap();
        let after = std::fs::read(bolt.path()).unwrap();
        before.resize(after.len(), 0);
        let (old, new) = (bolt::read(&before).unwrap(), bolt::read(&after).unwrap());
        assert_ne!(old.buckets, new.buckets);
        let changed: Vec<usize> = (0..after.len() / 4096)
            .filter(|p| before[p * 4096..][..4096] != after[p * 4096..][..4096])
            .collect();
        let meta = changed[0];
        assert!(meta < 2 && changed[1] >= 2, "one meta page changes");
        for _ in 0..20 {
            let mut crashed = before.clone();
            for page in &changed[1..] {
                if random.bool() {
                    crashed[page * 4096..][..4096].copy_from_slice(&after[page * 4096..][..4096]);
                }
            }
            assert_eq!(bolt::read(&crashed).unwrap().buckets, old.buckets);
        }
        let mut crashed = after.clone();
        for torn in 0..=80 {
            crashed[meta * 4096..][..4096].copy_from_slice(&before[meta * 4096..][..4096]);
            crashed[meta * 4096..][..torn].copy_from_slice(&after[meta * 4096..][..torn]);
            let found = bolt::read(&crashed).unwrap().buckets;
            assert!(found == old.buckets || found == new.buckets, "{torn} bytes");
        }
    }
}
