//! One suite for both stores: the answers and the errors of Atlantis, and its traps.

use stepwell_atlantis::format::{
    CommandName, GoTime, Identity, KeyForm, PlanStatus, ProjectLock, ProjectStatus, PullStatus, RawValue,
};
use stepwell_atlantis::locks::{LegacyError, Reach, Restored, StoredLock};

use crate::bench::{Bench, Kind};
use crate::samples::{TOKEN, lock};

fn keys(locks: &[StoredLock]) -> Vec<&str> {
    locks.iter().map(|lock| lock.key.as_str()).collect()
}

fn time() -> GoTime {
    GoTime::parse("2024-08-22T02:51:47.9+02:00").unwrap()
}

#[tokio::test]
async fn a_lock_is_taken_once_found_listed_and_released() {
    for bench in Bench::all().await {
        let locks = bench.locks();
        let (first, second) = (lock("org/repo", ".", "", 1), lock("org/repo", ".", "", 2));
        let taken = locks.try_lock(&first).await.unwrap();
        assert!(taken.acquired);
        assert_eq!((taken.current.key.as_str(), taken.current.lock.pull.num), ("org/repo/./default/", 1));
        let refused = locks.try_lock(&second).await.unwrap();
        assert!(!refused.acquired);
        assert_eq!(refused.current, taken.current);
        assert!(locks.try_lock(&lock("org/repo", ".", "name", 2)).await.unwrap().acquired, "another project");

        let stored = bench.entries(Kind::Locks).await;
        assert_eq!(stored["org/repo/./default/"], first.to_json(), "byte for byte");
        assert_eq!(
            keys(&locks.list().await.unwrap().locks),
            ["org/repo/./default/", "org/repo/./default/name"]
        );
        let found = locks.get_key("org/repo/./default/").await.unwrap().unwrap();
        assert_eq!((found.form, found.raw.expose()), (KeyForm::Current, &first.to_json()[..]));

        assert_eq!(locks.unlock_if_owned_by_pull(&first.identity(), 7).await.unwrap(), None);
        assert_eq!(locks.unlock_if_owned_by_pull(&first.identity(), 1).await.unwrap(), Some(found));
        assert_eq!(locks.get(&first.identity()).await.unwrap(), None);
        assert_eq!(locks.unlock(&first.identity()).await.unwrap(), None, "a free lock is no error");
        assert!(locks.try_lock(&second).await.unwrap().acquired);
        assert_eq!(locks.unlock_key("org/repo/./default/").await.unwrap().unwrap().lock.pull.num, 2);
        assert_eq!(locks.unlock_key("org/repo/default").await.unwrap_err().to_string(), "invalid key format");
        bench.end().await;
    }
}

#[tokio::test]
async fn commands_are_locked_with_the_errors_of_atlantis() {
    for bench in Bench::all().await {
        let locks = bench.locks();
        assert_eq!(locks.check_command_lock(CommandName::APPLY).await.unwrap(), None);
        let missing = locks.unlock_command(CommandName::APPLY).await.unwrap_err();
        assert_eq!(missing.to_string(), "db transaction failed: no lock exists");
        let taken = locks.lock_command(CommandName::APPLY, time()).await.unwrap();
        assert_eq!((taken.unix_time, taken.command), (1_724_287_907, CommandName::APPLY));
        assert_eq!(locks.check_command_lock(CommandName::APPLY).await.unwrap(), Some(taken));
        let held = locks.lock_command(CommandName::APPLY, time()).await.unwrap_err();
        assert_eq!(held.to_string(), "db transaction failed: lock already exists");
        let stored = bench.entries(Kind::Commands).await;
        assert_eq!(stored["apply/lock"], br#"{"LockMetadata":{"UnixTime":1724287907},"CommandName":0}"#);

        locks.lock_command(CommandName::AUTOPLAN, time()).await.unwrap();
        let plan = locks.lock_command(CommandName::PLAN, time()).await.unwrap_err();
        assert!(matches!(plan, LegacyError::Exists), "plan and autoplan have one key");
        locks.unlock_command(CommandName::PLAN).await.unwrap();
        locks.unlock_command(CommandName::APPLY).await.unwrap();
        assert!(bench.entries(Kind::Commands).await.is_empty());
        bench.end().await;
    }
}

fn project(dir: &str, status: i64) -> ProjectStatus {
    ProjectStatus {
        workspace: "default".to_owned(),
        repo_rel_dir: dir.to_owned(),
        status: PlanStatus(status),
        ..ProjectStatus::default()
    }
}

/// Atlantis writes the status again with its clone URL, so this does, too.
#[tokio::test]
async fn the_status_of_a_pull_request_is_merged_and_written_byte_for_byte() {
    for bench in Bench::all().await {
        let (locks, pull) = (bench.locks(), lock("org/repo", ".", "", 5).pull);
        let key = "github.com::org/repo::5";
        assert_eq!(locks.pull_status(&pull).await.unwrap(), None);
        locks.update_project_status(&pull, "default", ".", PlanStatus(4)).await.unwrap();
        locks.delete_pull_status(&pull).await.unwrap();
        assert!(bench.entries(Kind::Pulls).await.is_empty());

        let status =
            locks.update_pull_with_results(&pull, &[project(".", 1), project("a", 1)]).await.unwrap();
        assert_eq!(status.projects.as_deref(), Some(&[project(".", 1), project("a", 1)][..]));
        locks.update_project_status(&pull, "default", "a", PlanStatus::DISCARDED).await.unwrap();
        let expected =
            PullStatus { projects: Some(vec![project(".", 1), project("a", 5)]), pull: pull.clone() };
        assert_eq!(bench.entries(Kind::Pulls).await[key], expected.to_json());
        let read = locks.pull_status(&pull).await.unwrap().unwrap();
        assert!(read.pull.base_repo.clone_url.is_empty() && status.pull.base_repo.clone_url.is_empty());
        locks.delete_pull_status(&pull).await.unwrap();
        assert_eq!(locks.pull_status(&pull).await.unwrap(), None);

        bench.put(Kind::Pulls, key, br#"{"Pull":"s3cr3t-token"}"#).await;
        let problem = locks.pull_status(&pull).await.unwrap_err().to_string();
        let expected = format!(
            "{} transaction failed: deserializing pull: `Pull` is not an object (key {key:?})",
            bench.db()
        );
        assert_eq!(problem, expected, "Atlantis prints the contents, with the token");
        assert!(locks.update_project_status(&pull, "default", "a", PlanStatus(1)).await.is_err());
        locks.update_pull_with_results(&pull, &[]).await.unwrap();
        let mut illegal = pull.clone();
        illegal.base_repo.full_name = "a::b".to_owned();
        assert!(matches!(locks.pull_status(&illegal).await, Err(LegacyError::Name(_))));
        bench.end().await;
    }
}

/// An old key with a nested path looks like a current key of another project. Atlantis lists it under a key at which
/// it never finds it, and grants the lock again.
#[tokio::test]
async fn a_lock_under_an_old_key_counts_and_its_raw_key_is_deleted() {
    for bench in Bench::all().await {
        let locks = bench.locks();
        let (nested, root) = (lock("org/repo", "modules/vpc", "", 1), lock("org/repo", ".", "", 1));
        bench.put(Kind::Locks, "org/repo/modules/vpc/default", &nested.to_json()).await;
        bench.put(Kind::Locks, "org/repo/./default", &root.to_json()).await;
        let listing = locks.list().await.unwrap();
        let forms: Vec<_> = listing.locks.iter().map(|lock| (lock.key.as_str(), lock.form)).collect();
        let expected =
            [("org/repo/./default", KeyForm::Old), ("org/repo/modules/vpc/default", KeyForm::OldUnseen)];
        assert_eq!((forms, listing.damaged), (expected.to_vec(), vec![]));

        let second = lock("org/repo", "modules/vpc", "", 2);
        let refused = locks.try_lock(&second).await.unwrap();
        assert_eq!((refused.acquired, refused.current.lock.pull.num), (false, 1), "Atlantis grants it twice");
        // The project whose current key it is cannot be locked either, as in Atlantis: the key is in use.
        let mut other = lock("org/repo", "modules", "default", 3);
        other.workspace = "vpc".to_owned();
        assert_eq!(other.identity().key(), "org/repo/modules/vpc/default");
        assert_eq!(locks.try_lock(&other).await.unwrap().current.lock.project.path, "modules/vpc");
        assert_eq!(locks.get(&other.identity()).await.unwrap(), None, "it is not that lock");
        assert_eq!(locks.unlock(&other.identity()).await.unwrap(), None);

        assert_eq!(
            locks.unlock_key("org/repo/modules/vpc/default/").await.unwrap().unwrap().form,
            KeyForm::OldUnseen
        );
        assert_eq!(locks.unlock(&root.identity()).await.unwrap().unwrap().key, "org/repo/./default");
        assert!(bench.entries(Kind::Locks).await.is_empty());
        assert!(locks.try_lock(&second).await.unwrap().acquired);
        bench.end().await;
    }
}

#[tokio::test]
async fn the_report_names_old_keys_duplicates_damage_and_prefixes() {
    for bench in Bench::all().await {
        let nested = lock("org/repo", "modules/vpc", "", 1);
        bench.put(Kind::Locks, "org/repo/modules/vpc/default", &nested.to_json()).await;
        bench
            .put(
                Kind::Locks,
                "org/repo/modules/vpc/default/",
                &lock("org/repo", "modules/vpc", "", 7).to_json(),
            )
            .await;
        bench.put(Kind::Locks, "org/old/./default", &lock("org/old", ".", "", 2).to_json()).await;
        bench.put(Kind::Locks, "org/other/./default/", &lock("org/infra", ".", "", 3).to_json()).await;
        bench.put(Kind::Locks, "org/text/./default/", TOKEN.as_bytes()).await;
        bench.put(Kind::Locks, "org/infra/./default/", &lock("org/infra", ".", "", 5).to_json()).await;
        bench
            .put(Kind::Locks, "org/infra-prod/./default/", &lock("org/infra-prod", ".", "", 5).to_json())
            .await;
        let before = bench.entries(Kind::Locks).await;
        let report = bench.report().await;
        let found: Vec<String> = report
            .findings
            .iter()
            .map(|f| {
                format!(
                    "{} {} {} | {} | {}",
                    f.severity,
                    f.kind,
                    f.place,
                    f.message,
                    serde_json::json!(f.repair)
                )
            })
            .collect();
        let expected = [
            r#"damage value org/other/./default/ | the value is no lock of this key: the value is the lock "org/infra/./default/" | {"action":"restore"}"#,
            r#"damage value org/text/./default/ | the value is no lock of this key: the value is not JSON: line 1, column 1 | {"action":"restore"}"#,
            r#"warning duplicate org/repo/modules/vpc/default/ | the lock is held twice: by pull request 1 under the key "org/repo/modules/vpc/default", and by pull request 7 under the key "org/repo/modules/vpc/default/" | {"action":"release","keys":["org/repo/modules/vpc/default","org/repo/modules/vpc/default/"]}"#,
            r#"warning old_key_unseen org/repo/modules/vpc/default | an old key, which Atlantis takes for a current one: it lists the lock as "org/repo/modules/vpc/default/", never finds it there, and grants it a second time | {"action":"rekey","from":"org/repo/modules/vpc/default","to":"org/repo/modules/vpc/default/"}"#,
            r#"note old_key org/old/./default | an old key, which Atlantis changes to "org/old/./default/" at its next start | {"action":"rekey","from":"org/old/./default","to":"org/old/./default/"}"#,
            r#"note prefix org/infra-prod/./default/ | when pull request 5 of org/infra closes, Atlantis deletes this lock of org/infra-prod | null"#,
        ];
        assert_eq!((report.locks, found), (5, expected.map(str::to_owned).to_vec()));
        assert!(!report.is_compatible());
        assert_eq!(bench.entries(Kind::Locks).await, before, "a report changes nothing");
        bench.end().await;
    }
}

/// Atlantis takes the name of a repository for a prefix of keys.
#[tokio::test]
async fn closing_a_pull_request_unlocks_one_repository() {
    for bench in Bench::all().await {
        let locks = bench.locks();
        for (repo, path, pull) in [
            ("org/infra", ".", 5),
            ("org/infra", "a/b", 5),
            ("org/infra", "c", 6),
            ("org/infra-prod", ".", 5),
            ("org/inf", ".", 5),
        ] {
            assert!(locks.try_lock(&lock(repo, path, "", pull)).await.unwrap().acquired);
        }
        bench.put(Kind::Locks, "org/infra/old/d/default", &lock("org/infra", "old/d", "", 5).to_json()).await;
        let unlocked = locks.unlock_by_pull("org/infra", 5, Reach::Repository).await.unwrap();
        let deleted = ["org/infra/./default/", "org/infra/a/b/default/", "org/infra/old/d/default"];
        assert_eq!(keys(&unlocked.deleted), deleted);
        assert_eq!(keys(&unlocked.spared), ["org/infra-prod/./default/"], "and the answer says so");
        let unlocked = locks.unlock_by_pull("org/infra", 5, Reach::Prefix).await.unwrap();
        assert_eq!((keys(&unlocked.deleted), unlocked.spared), (vec!["org/infra-prod/./default/"], vec![]));
        assert_eq!(keys(&locks.list().await.unwrap().locks), ["org/inf/./default/", "org/infra/c/default/"]);

        bench.put(Kind::Locks, "org/infra/d/default/", b"{}").await;
        bench.put(Kind::Locks, "org/infrared/d/default/", b"{}").await;
        let error = locks.unlock_by_pull("org/infra", 6, Reach::Repository).await.unwrap_err();
        assert!(
            matches!(error, LegacyError::Damaged { ref key, .. } if key == "org/infra/d/default/"),
            "{error}"
        );
        assert_eq!(locks.list().await.unwrap().locks.len(), 2, "nothing is deleted");
        bench.end().await;
    }
}

#[tokio::test]
async fn a_name_with_the_signs_of_a_pattern_matches_itself() {
    for bench in Bench::all().await {
        let locks = bench.locks();
        for repo in ["org/a*", "org/ab", "org/[ab]", r"org/a\b", "org/a?", "org/a b"] {
            assert!(locks.try_lock(&lock(repo, ".", "", 1)).await.unwrap().acquired, "{repo}");
        }
        for (left, repo) in
            (0..6).rev().zip(["org/a*", "org/[ab]", r"org/a\b", "org/a?", "org/a b", "org/ab"])
        {
            let unlocked = locks.unlock_by_pull(repo, 1, Reach::Repository).await.unwrap();
            assert_eq!(
                (unlocked.deleted.len(), unlocked.deleted[0].lock.project.repo_full_name.as_str()),
                (1, repo)
            );
            assert_eq!(locks.list().await.unwrap().locks.len(), left);
        }
        bench.end().await;
    }
}

/// Data pages have no checksum, and Redis holds whatever a client stores: key and value have to agree.
#[tokio::test]
async fn a_damaged_value_is_an_error_and_never_a_free_lock() {
    for bench in Bench::all().await {
        let locks = bench.locks();
        let wanted = lock("org/repo", ".", "", 1);
        let flipped = String::from_utf8(wanted.to_json()).unwrap().replace("\"default\"", "\"defaulu\"");
        for (value, problem) in [
            (flipped.as_bytes(), "the value is the lock \"org/repo/./defaulu/\""),
            (&b"{\"Pull\":\"s3cr3t-token\"}"[..], "`Pull` is not an object"),
            (&b""[..], "the value is not JSON: line 1, column 0"),
        ] {
            bench.put(Kind::Locks, "org/repo/./default/", value).await;
            let texts = [
                locks.try_lock(&wanted).await.unwrap_err(),
                locks.unlock(&wanted.identity()).await.unwrap_err(),
                locks.get(&wanted.identity()).await.unwrap_err(),
            ]
            .map(|error| error.to_string());
            let words = match bench.is_bolt() {
                true => [
                    "DB transaction failed: failed to deserialize current lock",
                    "DB transaction failed: failed to deserialize lock",
                    "deserializing lock",
                ],
                false => [
                    "failed to deserialize current lock",
                    "failed to deserialize current lock",
                    "deserializing lock",
                ],
            };
            for (text, words) in texts.iter().zip(words) {
                let key = "(key \"org/repo/./default/\")";
                assert_eq!(text, &format!("{words}: {problem} {key}"));
            }
            let listing = locks.list().await.unwrap();
            assert_eq!((listing.locks.len(), listing.damaged[0].problem.as_str()), (0, problem));
            assert_eq!(bench.entries(Kind::Locks).await["org/repo/./default/"], value, "it is unchanged");
        }
        bench.put(Kind::Commands, "apply/lock", b"7").await;
        let error = locks.check_command_lock(CommandName::APPLY).await.unwrap_err().to_string();
        let words =
            if bench.is_bolt() { "failed to deserialize UserConfig" } else { "failed to deserialize Lock" };
        assert!(error.starts_with(&format!("{words}: `the value` is not an object")), "{error}");
        bench.end().await;
    }
}

/// A lock that moves between stores arrives with every byte, under its raw key, and replaces nothing.
#[tokio::test]
async fn locks_move_between_stores_byte_for_byte() {
    let benches = Bench::both().await;
    for (from, to) in [(0, 1), (1, 0)] {
        let (Some(from), Some(to)) = (benches.get(from), benches.get(to)) else { return };
        for repo in ["org/a", "org/b"] {
            from.locks().try_lock(&lock(repo, ".", "", 1)).await.unwrap();
        }
        from.put(Kind::Locks, "org/c/m/vpc/default", &lock("org/c", "m/vpc", "", 1).to_json()).await;
        from.put(
            Kind::Locks,
            "org/d/./default/",
            br#" {"Project":{"RepoFullName":"org/d","Path":"."}, "Workspace":"default"}"#,
        )
        .await;
        to.locks().try_lock(&lock("org/b", ".", "", 2)).await.unwrap();
        let expected = from.entries(Kind::Locks).await;
        for stored in from.locks().list().await.unwrap().locks {
            let restored = to.locks().restore(&stored.key, &stored.raw).await.unwrap();
            match restored {
                Restored::Stored => assert_ne!(stored.key, "org/b/./default/"),
                Restored::Occupied(other) => assert_eq!((other.lock.pull.num, stored.lock.pull.num), (2, 1)),
                Restored::Present => panic!("it was empty"),
            }
        }
        let mut arrived = to.entries(Kind::Locks).await;
        assert_ne!(arrived.remove("org/b/./default/"), expected.get("org/b/./default/").cloned());
        assert!(arrived.iter().all(|(key, value)| expected[key] == *value) && arrived.len() == 3);
        let first = &to.locks().list().await.unwrap().locks[0];
        assert_eq!(to.locks().restore(&first.key, &first.raw).await.unwrap(), Restored::Present);
        assert!(to.locks().restore("org/x/./default/", &first.raw).await.is_err(), "key and value disagree");
        for bench in [from, to] {
            for stored in bench.locks().list().await.unwrap().locks {
                bench.locks().unlock(&stored.lock.identity()).await.unwrap();
            }
        }
    }
    for bench in benches {
        bench.end().await;
    }
}

#[tokio::test]
async fn names_that_a_stranger_chooses_are_names() {
    for bench in Bench::all().await {
        let locks = bench.locks();
        let long = "x".repeat(10_000);
        let names: [&str; 7] = ["..", "a/../b", "a\u{0}b", "a\nb", "\u{1b}[31m", "ü \u{202e}x", &long];
        for name in names {
            let lock = lock("org/repo", name, name, 1);
            let taken = locks.try_lock(&lock).await.unwrap();
            assert!(taken.acquired);
            assert!(!locks.try_lock(&lock).await.unwrap().acquired);
            assert_eq!(locks.get(&lock.identity()).await.unwrap().unwrap(), taken.current);
        }
        assert_eq!(locks.list().await.unwrap().locks.len(), names.len());
        let too_long = lock("org/repo", &"x".repeat(40_000), "", 1);
        let answer = locks.try_lock(&too_long).await;
        // BoltDB has a longest key.
        assert_eq!(answer.is_err(), bench.is_bolt(), "{answer:?}");
        bench.end().await;
    }
}

/// Nothing that is shown holds the token.
#[tokio::test]
async fn tokens_are_in_no_answer_and_no_error() {
    for bench in Bench::all().await {
        let locks = bench.locks();
        let shown = lock("org/repo", ".", "", 1);
        let mut texts = vec![
            format!("{:?}", locks.try_lock(&shown).await),
            format!("{:?}", locks.try_lock(&shown).await),
        ];
        texts.push(format!("{:?}", locks.list().await));
        texts.push(format!("{:?}", locks.unlock_by_pull("org/repo", 9, Reach::Prefix).await));
        texts.push(format!("{:?}", locks.update_pull_with_results(&shown.pull, &[]).await));
        texts.push(format!("{:?}", bench.report().await));
        let value = [b"{\"Pull\":".as_slice(), &shown.to_json()].concat();
        bench.put(Kind::Locks, "org/repo/./default/", &value).await;
        texts.push(format!("{:?} {0:#?}", locks.get(&shown.identity()).await));
        texts.push(format!("{:?}", locks.restore("org/x", &RawValue::new(shown.to_json())).await));
        for text in texts {
            assert!(!text.contains(TOKEN) && text.len() > 10, "{text}");
        }
        bench.end().await;
    }
}

/// Two hundred tasks want ten locks: each lock has one holder, who is the one that the store says.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_try_one_gets_the_lock() {
    for bench in Bench::all().await {
        let tries = (0..200).map(|number| {
            let wanted = lock("org/repo", &format!("dir-{}", number % 10), "", number);
            let locks = bench.locks();
            async move { locks.try_lock(&wanted).await.unwrap() }
        });
        let answers = futures_util::future::join_all(tries).await;
        let acquired: Vec<&StoredLock> = answers.iter().filter(|a| a.acquired).map(|a| &a.current).collect();
        assert_eq!(acquired.len(), 10);
        for answer in &answers {
            assert!(acquired.contains(&&answer.current));
        }
        bench.end().await;
    }
}

fn identity(lock: &ProjectLock) -> Identity {
    lock.identity()
}

/// A random sequence of operations on both stores has the same answers.
#[tokio::test]
async fn both_stores_give_the_same_answers() {
    let benches = Bench::both().await;
    let [bolt, redis] = &benches[..] else { return };
    let mut random = fastrand::Rng::with_seed(7);
    let mut next = |below: u32| random.u32(..below);
    for step in 0..400 {
        let wanted = lock(
            ["org/a", "org/ab"][next(2) as usize],
            ["x", "x/y"][next(2) as usize],
            ["", "n"][next(2) as usize],
            i64::from(next(3)),
        );
        let operation = next(8);
        let mut answers = Vec::new();
        for bench in [bolt, redis] {
            let locks = bench.locks();
            answers.push(match operation {
                0..3 => format!("{:?}", locks.try_lock(&wanted).await.unwrap()),
                3 => format!("{:?}", locks.unlock(&identity(&wanted)).await.unwrap()),
                4 => format!(
                    "{:?}",
                    locks.unlock_if_owned_by_pull(&identity(&wanted), wanted.pull.num).await.unwrap()
                ),
                5 => {
                    let reach = [Reach::Repository, Reach::Prefix][wanted.pull.num as usize % 2];
                    format!("{:?}", locks.unlock_by_pull("org/a", wanted.pull.num, reach).await.unwrap())
                }
                6 => format!("{:?}", locks.get(&identity(&wanted)).await.unwrap()),
                _ => {
                    bench.put(Kind::Locks, &identity(&wanted).old_key(), &wanted.to_json()).await;
                    String::new()
                }
            });
        }
        assert_eq!(answers[0], answers[1], "step {step}, operation {operation}");
        let entries = (bolt.entries(Kind::Locks).await, redis.entries(Kind::Locks).await);
        assert_eq!(entries.0, entries.1, "step {step}, operation {operation}");
    }
    for bench in benches {
        bench.end().await;
    }
}
