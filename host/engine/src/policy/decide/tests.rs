//! Grants and denials of policies.

use std::path::Path;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::policy::{Access, Capability, HttpRequest, MountSource, Origin, SqlMode};
use crate::quantity::Count;

fn manifest(needs: &[&str]) -> Manifest {
    let need = |name: &&str| Need {
        capability: Capability::parse(name.trim_end_matches('?')).unwrap(),
        purpose: "test".to_owned(),
        optional: name.ends_with('?'),
    };
    Manifest {
        type_name: "acme/step".to_owned(),
        version: "1.0.0".to_owned(),
        summary: String::new(),
        config_schema: json!({}).into(),
        needs: needs.iter().map(need).collect(),
        profile: Profile::Standard,
        idempotent: false,
    }
}

fn grants(yaml: &str) -> Grants {
    let policy = format!("policy: 1\nname: p\nsteps: [x]\n{yaml}");
    Policy::parse("p.yaml", &policy, Path::new("")).unwrap().remove(0).grants
}

fn decided(operator: &str, narrowing: &[&str], needs: &[&str]) -> Result<Grant, Denial> {
    decided_for(Some(Bytes::new(1 << 20)), operator, narrowing, needs)
}

fn decided_for(
    workspace: Option<Bytes>,
    operator: &str,
    narrowing: &[&str],
    needs: &[&str],
) -> Result<Grant, Denial> {
    let policy = Policy {
        policy: 1,
        name: "p".to_owned(),
        steps: vec!["acme/step".to_owned()],
        projects: vec!["default".to_owned()],
        component: None,
        replaced: false,
        grants: grants(operator),
        origin: Origin::default(),
    };
    let narrowing: Vec<Grants> = narrowing.iter().map(|yaml| grants(yaml)).collect();
    let narrowing: Vec<&Grants> = narrowing.iter().collect();
    let manifest = manifest(needs);
    let request = Request {
        project: "default",
        manifest: &manifest,
        digest: "sha256:aa",
        replaces_builtin: false,
        narrowing: &narrowing,
        timeout: None,
        workspace,
    };
    decide(&PolicySet(vec![policy]), &Configuration::default(), &request)
}

const ALL: &[&str] = &["http", "sql", "files"];
const OPERATOR: &str = "http: [{url: 'https://a.example.com', methods: [GET, POST]}]
sql: [{connection: db, mode: write, rows: 100}]
files: [{mount: /w, workspace: 64MiB, access: write}, {mount: /s, scratch: 1MiB, access: write}]
context: {read: ['*'], write: [a]}";

#[test]
fn without_a_policy_there_are_limits_and_nothing_else() {
    let manifest = manifest(&["http", "files"]);
    let request = Request {
        project: "default",
        manifest: &manifest,
        digest: "",
        replaces_builtin: false,
        narrowing: &[],
        timeout: None,
        workspace: None,
    };
    let grant = decide(&PolicySet::default(), &Configuration::default(), &request).unwrap();
    assert_eq!(grant.limits(), &Limits::STANDARD);
    assert!(grant.http().is_empty() && grant.sql().is_empty() && grant.files().is_empty());
    assert!(!grant.may_read("x") && !grant.may_write("x"));
    let lacking: Vec<_> = grant.lacking().into_iter().map(|denial| denial.rule.id()).collect();
    assert_eq!(lacking, ["HTTP_NOT_GRANTED", "FILES_NOT_GRANTED"]);
}

#[test]
fn the_name_of_a_built_in_step_means_that_step_and_no_other() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let manifest = manifest(&["files"]);
    let granted = |steps: &str, more: &str, replaces_builtin: bool| {
        let text =
            format!("policy: 1\nname: p\nsteps: [{steps}]\n{more}\nfiles: [{{mount: /s, scratch: 1MiB}}]");
        let policies = Policy::parse("p.yaml", &text, Path::new("")).unwrap();
        let request = Request {
            project: "default",
            manifest: &manifest,
            digest: &digest,
            replaces_builtin,
            narrowing: &[],
            timeout: None,
            workspace: None,
        };
        let grant = decide(&PolicySet(policies), &Configuration::default(), &request).unwrap();
        !grant.files().is_empty()
    };
    for (steps, more, built_in, stranger) in [
        ("acme/step", "", true, false),
        ("acme/step@1", "", true, false),
        ("acme/step@1.0.0", "", true, false),
        ("acme/step@2", "", false, false),
        ("acme/step", "replaced: true", true, true),
        ("acme/step", &format!("component: '{digest}'"), true, true),
        (&format!("acme/step@{digest}"), "", true, true),
        // A policy for every step type never was for the built-in step alone.
        ("'*'", "", true, true),
    ] {
        assert_eq!(granted(steps, more, false), built_in, "{steps} {more}");
        assert_eq!(granted(steps, more, true), stranger, "{steps} {more}");
    }
}

#[test]
fn of_several_policies_for_a_step_the_one_that_says_most_applies() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let names = [
        "'*'",
        "acme/step",
        "acme/step@1",
        "acme/step@1.0",
        "acme/step@1.0.0",
        &format!("acme/step@{digest}"),
    ];
    let manifest = manifest(&[]);
    for most in 0..names.len() {
        let mut policies = Vec::new();
        for name in names.iter().take(most + 1).rev() {
            let text = format!("policy: 1\nname: \"{name}\"\nsteps: [{name}]");
            policies.extend(Policy::parse("p.yaml", &text, Path::new("")).unwrap());
        }
        let request = Request {
            project: "default",
            manifest: &manifest,
            digest: &digest,
            replaces_builtin: false,
            narrowing: &[],
            timeout: None,
            workspace: None,
        };
        let policies = PolicySet(policies);
        assert_eq!(policies.of(&request).map(|policy| policy.name.as_str()), Some(names[most]));
    }
}

/// Policy grants the mount, so the fix is in the job.
#[test]
fn a_mount_of_the_workspace_needs_a_job_with_a_workspace() {
    let grant = decided_for(None, OPERATOR, &[], &["files"]).unwrap();
    let denial = grant.refuse_file("/w/out.csv", true);
    assert!(
        denial.message.contains("the job has none") && denial.help.contains("`workspace: 16MiB`"),
        "{denial:?}"
    );
    let outside = grant.refuse_file("/ww/out.csv", true);
    assert!(outside.message.contains("outside of the mounts `/s`"), "{outside:?}");
}

#[test]
fn what_the_component_does_not_ask_for_it_does_not_get() {
    let grant = decided(OPERATOR, &[], &["files"]).unwrap();
    assert!(grant.http().is_empty() && grant.sql().is_empty());
    assert_eq!(grant.files().len(), 2);
    assert_eq!(grant.files()[0].source, MountSource::Workspace(Bytes::new(1 << 20)));
}

#[test]
fn a_job_narrows_and_never_widens() {
    let narrow = "http: [{url: 'https://a.example.com'}, {url: 'https://b.example.com'}]
sql: [{connection: db, mode: ddl, rows: 10}, {connection: other}]
files: [{mount: /w, workspace: 1GiB, access: read}]
context: {read: [x], write: ['*']}
limits: {memory: 1GiB, fuel: 5}
profile: large";
    let grant = decided(OPERATOR, &[narrow], ALL).unwrap();
    let request = |method, host| HttpRequest { method, scheme: "https", host, port: 443, path: "/" };
    assert!(grant.decide_http(&request("GET", "a.example.com"), None).is_ok());
    assert_eq!(
        grant.decide_http(&request("POST", "a.example.com"), None).unwrap_err().rule.id(),
        "HTTP_NOT_GRANTED"
    );
    assert_eq!(
        grant.decide_http(&request("GET", "b.example.com"), None).unwrap_err().rule.id(),
        "HTTP_NOT_GRANTED"
    );
    assert_eq!(grant.sql().keys().collect::<Vec<_>>(), ["db"]);
    assert_eq!((grant.sql()["db"].mode, grant.sql()["db"].rows), (SqlMode::Write, Count::new(10)));
    assert_eq!(
        grant.files().iter().map(|m| (m.mount.as_str(), m.access)).collect::<Vec<_>>(),
        [("/w", Access::Read)]
    );
    assert!(grant.may_read("x") && !grant.may_read("y") && grant.may_write("a") && !grant.may_write("b"));
    assert_eq!((grant.limits().memory, grant.limits().fuel), (Limits::STANDARD.memory, Count::new(5)));
}

#[test]
fn denials_name_their_rule() {
    assert_eq!(decided("", &[], &["sql"]).unwrap_err().rule.id(), "SQL_NOT_GRANTED");
    assert_eq!(decided("", &[], &["process"]).unwrap_err().rule.id(), "PROCESS_NOT_GRANTED");
    assert!(decided("", &[], &["sql?", "process?"]).is_ok(), "it can do without");
    let of = |narrowing: &[&str]| {
        let operator = "environment: {A: x, B: y}";
        decided(operator, narrowing, &["environment"])
            .unwrap()
            .environment()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(of(&[]), ["A", "B"]);
    assert_eq!(of(&["environment: {A: x, B: other}"]), ["A"]);
    assert!(decided("environment: {A: x}", &[], &[]).unwrap().environment().is_empty(), "it did not ask");
    let mut policy = Policy {
        policy: 1,
        name: "p".to_owned(),
        steps: vec!["*".to_owned()],
        projects: vec!["default".to_owned()],
        component: Some("sha256:bb".to_owned()),
        replaced: false,
        grants: Grants::default(),
        origin: Origin::default(),
    };
    let manifest = manifest(&[]);
    let request = Request {
        project: "default",
        manifest: &manifest,
        digest: "sha256:aa",
        replaces_builtin: false,
        narrowing: &[],
        timeout: None,
        workspace: None,
    };
    let denied = decide(&PolicySet(vec![policy.clone()]), &Configuration::default(), &request).unwrap_err();
    assert_eq!(denied.rule.id(), "COMPONENT_NOT_PINNED");
    policy.component = Some("sha256:aa".to_owned());
    assert!(decide(&PolicySet(vec![policy.clone()]), &Configuration::default(), &request).is_ok());
    assert_eq!(PolicySet::new(vec![policy.clone(), policy], &Configuration::default()).unwrap_err().len(), 2);
}

#[test]
fn deny_wins() {
    let operator = "http: [{url: 'https://*.example.com'}]\ndeny: {hosts: ['in.example.com']}";
    let grant = decided(operator, &["deny: {hosts: [no.example.com]}"], ALL.get(..1).unwrap()).unwrap();
    let rule = |host| {
        let request = HttpRequest { method: "GET", scheme: "https", host, port: 443, path: "/" };
        grant.decide_http(&request, None).map_err(|denial| denial.rule).err()
    };
    assert_eq!(rule("ok.example.com"), None);
    assert_eq!(rule("in.example.com"), Some(Rule::HttpHostDenied));
    assert_eq!(rule("no.example.com"), Some(Rule::HttpHostDenied));
}

fn any_limits() -> impl Strategy<Value = String> {
    let profile = prop_oneof![Just("tiny"), Just("standard"), Just("large")];
    (proptest::option::of(profile), 1..1u64 << 31, 1..10_000_000_000_000u64, 1..86_400u64).prop_map(
        |(profile, memory, fuel, wall)| {
            let profile = profile.map_or(String::new(), |profile| format!("profile: {profile}\n"));
            format!("{profile}limits: {{memory: {memory}, fuel: {fuel}, wall: {wall}}}\n")
        },
    )
}

proptest! {
    /// A job can never make a grant wider than the operator's policy or the ceiling.
    #[test]
    fn never_wider(operator in any_limits(), job in any_limits(), step in any_limits()) {
        let alone = decided(&operator, &[], &[]).unwrap();
        let narrowed = decided(&operator, &[&job, &step], &[]).unwrap();
        prop_assert_eq!(&narrowed.limits().min(alone.limits()), narrowed.limits());
        prop_assert_eq!(&alone.limits().min(&Limits::CEILING), alone.limits());
    }
}
