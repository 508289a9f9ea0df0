//! The JSON of Atlantis: byte for byte, and without tokens in any text.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use stepwell_atlantis::format::{
    CommandLock, CommandName, FormatError, GoTime, Hidden, PlanStatus, PolicySetApproval, PolicySetStatus,
    ProjectLock, ProjectStatus, PullStatus, RawValue,
};

use crate::go;
use crate::samples::{TOKEN, lock};

#[test]
fn a_lock_is_written_as_atlantis_writes_it() {
    let mut lock = lock("org/repo", "mod/a", "", 1);
    lock.pull.body = "a <b> & \u{2028}\"\\\n\t\u{1}\u{7f}é".to_owned();
    let expected = concat!(
        r#"{"Project":{"ProjectName":"","RepoFullName":"org/repo","Path":"mod/a"},"#,
        r#""Pull":{"Num":1,"HeadCommit":"c0ffee","URL":"https://github.com/org/repo/pull/1","HeadBranch":"change","#,
        r#""BaseBranch":"main","HardenedNonPRRefCheckout":false,"Author":"ann","#,
        r#""Body":"a \u003cb\u003e \u0026 \u2028\"\\\n\t\u0001"#,
        "\u{7f}é",
        r#"","State":0,"BaseRepo":{"FullName":"org/repo","Owner":"org","Name":"repo","#,
        r#""CloneURL":"https://bot:s3cr3t-token@github.com/org/repo.git","#,
        r#""SanitizedCloneURL":"https://bot:\u003credacted\u003e@github.com/org/repo.git","#,
        r#""VCSHost":{"Hostname":"github.com","Type":0}}},"User":{"Username":"ann","Teams":null},"#,
        r#""Workspace":"default","Time":"2026-08-22T00:51:47.123456789+02:00"}"#,
    );
    assert_eq!(String::from_utf8(lock.to_json()).unwrap(), expected);
    let written = go::run(&["rewrite", "lock"], &format!("{expected}\n"));
    assert!(written.is_none_or(|written| written.trim_end() == expected));
}

#[test]
fn a_command_lock_is_written_as_atlantis_writes_it() {
    let lock = CommandLock { unix_time: 1_724_287_907, command: CommandName::APPLY };
    assert_eq!(lock.to_json(), br#"{"LockMetadata":{"UnixTime":1724287907},"CommandName":0}"#);
    assert_eq!(CommandLock::parse(&lock.to_json()).unwrap(), lock);
    assert_eq!(CommandName::named("policy_check"), Some(CommandName(3)));
    assert_eq!((CommandName(5).name(), CommandName::named("plan")), ("plan", Some(CommandName::PLAN)));
    assert_eq!([CommandName(10).name(), CommandName(-1).name()], ["", ""]);
}

/// Values of earlier versions lack fields, and later versions may have more.
#[test]
fn values_of_other_versions_are_read() {
    let old =
        br#"{"Project":{"RepoFullName":"org/repo","Path":"."},"Pull":{"Num":3},"User":{"Username":"ann"},
        "Workspace":"default","Time":"2019-01-02T03:04:05Z","Later":{"a":[1]}}"#;
    let lock = ProjectLock::parse(old).unwrap();
    assert_eq!(
        (lock.pull.num, lock.project.project_name.as_str(), lock.user.teams.as_deref()),
        (3, "", None)
    );
    assert_eq!(lock.time.text(), "2019-01-02T03:04:05Z");
    let any_case = ProjectLock::parse(br#"{"project":{"REPOFULLNAME":"org/repo"},"pull":null}"#).unwrap();
    assert_eq!((any_case.project.repo_full_name.as_str(), any_case.time), ("org/repo", GoTime::default()));
}

#[test]
fn problems_name_the_field_and_not_its_text() {
    for (value, problem) in [
        (r#"{"Pull":{"Num":"s3cr3t-token"}}"#, "`Pull.Num` is not a whole number"),
        (r#"{"Pull":{"Num":1.5}}"#, "`Pull.Num` is not a whole number"),
        (r#"{"Pull":{"BaseRepo":{"CloneURL":["s3cr3t-token"]}}}"#, "`Pull.BaseRepo.CloneURL` is not a text"),
        (r#"{"Pull":"s3cr3t-token"}"#, "`Pull` is not an object"),
        (r#"{"Time":"s3cr3t-token"}"#, "`Time` is not a time (RFC 3339)"),
        (r#"{"User":{"Teams":[7]}}"#, "`User.Teams` is not a list of texts"),
        (r#""s3cr3t-token""#, "`the value` is not an object"),
        (r#"{"Pull": s3cr3t-token}"#, "the value is not JSON: line 1, column 10"),
        ("", "the value is not JSON: line 1, column 0"),
    ] {
        assert_eq!(ProjectLock::parse(value.as_bytes()).unwrap_err().to_string(), problem, "{value}");
    }
    let long = vec![b' '; 9 * 1024 * 1024];
    assert_eq!(ProjectLock::parse(&long), Err(FormatError::TooLong { bytes: long.len() }));
    let deep = "[".repeat(100_000);
    assert!(matches!(ProjectLock::parse(deep.as_bytes()), Err(FormatError::NotJson { .. })));
}

/// A clone URL holds a live token: it is in the bytes that are stored, and in nothing that is shown.
#[test]
fn tokens_are_hidden() {
    let lock = lock("org/repo", ".", "", 1);
    assert!(String::from_utf8(lock.to_json()).unwrap().contains(TOKEN));
    let raw = RawValue::new(lock.to_json());
    let read = ProjectLock::parse(raw.expose()).unwrap();
    assert!(read.pull.base_repo.clone_url.is_empty());
    assert!(!String::from_utf8(read.to_json()).unwrap().contains(TOKEN));
    for shown in [format!("{lock:?}"), format!("{raw:?}"), format!("{read:#?}")] {
        assert!(!shown.contains(TOKEN), "{shown}");
    }
    assert_eq!(format!("{:?}", Hidden::new("https://a")), "<hidden>");
}

fn text() -> impl Strategy<Value = String> {
    // Go before 1.22 writes U+0008 and U+000C in another way.
    prop_oneof![
        "[ -~]{0,12}",
        proptest::collection::vec(
            any::<char>().prop_filter("written since Go 1.22", |c| !['\u{8}', '\u{c}'].contains(c)),
            0..6
        )
        .prop_map(String::from_iter),
    ]
}

fn texts() -> impl Strategy<Value = Option<Vec<String>>> {
    proptest::option::of(proptest::collection::vec(text(), 0..3))
}

prop_compose! {
    fn locks()(texts in proptest::collection::vec(text(), 12), numbers in any::<[i64; 3]>(), hardened: bool, teams in texts(),
               seconds in -62_135_596_800i64..253_402_300_799, nanoseconds in 0u32..1_000_000_000, minutes in -720i32..=840)
               -> ProjectLock {
        let mut lock = lock("org/repo", ".", "", 1);
        let offset = chrono::FixedOffset::east_opt(minutes * 60).unwrap();
        let time = chrono::DateTime::from_timestamp(seconds.clamp(-62_135_500_000, 253_402_200_000), nanoseconds).unwrap();
        lock.time = GoTime::with_offset(time.with_timezone(&offset));
        lock.user.teams = teams;
        lock.pull.hardened_non_pr_ref_checkout = hardened;
        (lock.pull.num, lock.pull.state, lock.pull.base_repo.vcs_host.kind) = (numbers[0], numbers[1], numbers[2]);
        let fields = [&mut lock.project.project_name, &mut lock.project.path, &mut lock.workspace, &mut lock.user.username,
            &mut lock.pull.head_commit, &mut lock.pull.url, &mut lock.pull.head_branch, &mut lock.pull.base_branch,
            &mut lock.pull.author, &mut lock.pull.body, &mut lock.pull.base_repo.sanitized_clone_url];
        for (field, text) in fields.into_iter().zip(&texts) { field.clone_from(text); }
        lock.pull.base_repo.clone_url = Hidden::new(texts[11].clone());
        lock
    }
}

prop_compose! {
    fn pulls()(lock in locks(), names in proptest::collection::vec(text(), 5), hashes in texts(), status in 0i64..9,
               shape in 0usize..4) -> PullStatus {
        let approvals = (shape > 1).then(|| vec![PolicySetApproval { approver: names[0].clone(), hashes: hashes.clone() }]);
        let set = PolicySetStatus { policy_set_name: names[1].clone(), passed: shape == 2, approvals, hashes,
            policy_item_regex: names[2].clone() };
        let policy_status = [None, Some(vec![]), Some(vec![set.clone()]), Some(vec![set.clone(), set])][shape].clone();
        let project = ProjectStatus { workspace: names[3].clone(), repo_rel_dir: names[4].clone(), policy_status,
            status: PlanStatus(status), ..ProjectStatus::default() };
        let projects = [None, Some(vec![]), Some(vec![project.clone()]), Some(vec![project.clone(), project])][shape].clone();
        PullStatus { projects, pull: lock.pull }
    }
}

/// Writes values, lets Go read and write them, and compares every byte.
fn same_as_go(kind: &str, values: &[Vec<u8>]) {
    let lines: String = values.iter().map(|value| format!("{}\n", str::from_utf8(value).unwrap())).collect();
    let Some(written) = go::run(&["rewrite", kind], &lines) else { return };
    for (ours, theirs) in lines.lines().zip(written.lines()) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(written.lines().count(), values.len());
}

/// Values of a strategy, always the same ones.
fn values<T: std::fmt::Debug>(strategy: impl Strategy<Value = T>) -> Vec<T> {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    (0..2000).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

#[test]
fn two_thousand_values_are_written_as_go_writes_them() {
    let locks = values(locks());
    same_as_go("lock", &locks.iter().map(ProjectLock::to_json).collect::<Vec<_>>());
    same_as_go("pull", &values(pulls()).iter().map(PullStatus::to_json).collect::<Vec<_>>());
    for mut lock in locks {
        let read = ProjectLock::parse(&lock.to_json()).unwrap();
        lock.pull.base_repo.clone_url = Hidden::default();
        assert_eq!(read, lock);
    }
}
