//! Settings of both worlds, and those that contradict each other.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use stepwell_atlantis::bridge::{self, Backend, Mode, Settings, System};

fn environment(variables: &[(&str, &str)]) -> BTreeMap<String, String> {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn settings(configuration: &Value) -> Settings {
    bridge::read(configuration, &BTreeMap::new()).unwrap().settings
}

fn problems(configuration: &Value, variables: &[(&str, &str)]) -> Vec<String> {
    match bridge::read(configuration, &environment(variables)) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn without_settings_everything_is_as_before() {
    let read = settings(&json!({}));
    assert_eq!(read, Settings::default());
    assert_eq!(
        (read.timeout, read.retries, read.enabled, read.compatibility),
        (Duration::ZERO, 0, false, true)
    );
    let features = read.features;
    let off = [
        features.priority_queue,
        features.deadlock_detection,
        features.retries,
        features.timeouts,
        features.batch,
        features.asynchronous,
        features.events,
        features.debug,
    ];
    assert_eq!((off, features.metrics, features.health), ([false; 8], true, true));
}

/// The documents of the reference.
#[test]
fn the_examples_of_the_reference_are_read() {
    let optional = json!({"locks": {"timeout": "30s", "retries": 3}, "enhanced-locking": {
        "enabled": false, "backend": "boltdb", "compatibility-mode": true, "priority-queue": false,
        "deadlock-detection": false, "retries": false, "metrics": true,
        "migration": {"validation-mode": false, "traffic-percentage": 0, "fallback-enabled": true}}});
    let read = settings(&optional);
    assert_eq!((read.timeout, read.retries, read.backend), (Duration::from_secs(30), 3, Backend::BoltDb));

    let flags = json!({"enhanced-locking": {"feature-flags": {
        "enhanced-timeouts": false, "batch-operations": false, "async-operations": false, "priority-queuing": false,
        "deadlock-detection": false, "event-streaming": false, "enhanced-metrics": true, "health-checks": true,
        "debug-endpoints": false}}});
    assert_eq!(settings(&flags), Settings::default());

    let shadow = json!({"enhanced-locking": {"enabled": true, "migration": {"mode": "shadow",
        "validation-enabled": true, "comparison-logging": true, "traffic-percentage": 0}}});
    let migration = settings(&shadow).migration;
    assert_eq!((migration.mode, migration.logs), (Mode::Shadow, true));

    let gradual = json!({"enhanced-locking": {"enabled": true, "migration": {"mode": "gradual", "traffic-percentage": 10,
        "canary-criteria": [{"project-name": "test-project"}, {"workspace": "development"}, {"user-group": "beta-users"}]}}});
    let migration = settings(&gradual).migration;
    assert_eq!((migration.mode, migration.percentage, migration.canary.len()), (Mode::Gradual, 10, 3));

    let blue_green = json!({"enhanced-locking": {"enabled": true, "migration": {"mode": "blue-green",
        "active-system": "enhanced", "health-check-enabled": true, "automatic-rollback": true,
        "rollback-threshold": 0.05}}});
    let migration = settings(&blue_green).migration;
    assert_eq!(
        (migration.mode, migration.active, migration.rolls_back),
        (Mode::BlueGreen, System::Enhanced, true)
    );
}

#[test]
fn the_environment_counts_and_has_to_agree_with_the_file() {
    let file = json!({"locks": {"timeout": "30s", "retries": 3}});
    let same = environment(&[("ATLANTIS_LOCK_TIMEOUT", "30s"), ("ATLANTIS_LOCK_RETRIES", "3")]);
    let read = bridge::read(&file, &same).unwrap();
    assert_eq!(read.settings.retries, 3);
    let origin = |key: &str| read.mapping.iter().find(|mapped| mapped.key == key).map(|mapped| mapped.origin);
    assert_eq!(origin("ATLANTIS_LOCK_TIMEOUT"), Some("ATLANTIS_LOCK_TIMEOUT"));
    assert_eq!(origin("enhanced-locking.enabled"), Some("default"));
    let only = bridge::read(&json!({}), &environment(&[("ATLANTIS_LOCKING_DB_TYPE", "redis")])).unwrap();
    assert_eq!(only.settings.backend, Backend::Redis);
    let other = [("ATLANTIS_LOCK_TIMEOUT", "1m"), ("ATLANTIS_LOCK_RETRIES", "4")];
    assert_eq!(
        problems(&file, &other),
        [
            "`locks.timeout` and `ATLANTIS_LOCK_TIMEOUT`: one is 30s and the other is 1m0s; remove one of them",
            "`locks.retries` and `ATLANTIS_LOCK_RETRIES`: one is 3 and the other is 4; remove one of them",
        ]
    );
}

#[test]
fn contradictions_name_both_keys() {
    let enhanced = |settings: Value| {
        let mut settings = settings;
        settings["enabled"] = json!(true);
        json!({"enhanced-locking": settings})
    };
    for (settings, expected) in [
        (
            json!({"priority-queue": true, "compatibility-mode": false, "feature-flags": {"priority-queuing": false}}),
            "`enhanced-locking.priority-queue` and `enhanced-locking.feature-flags.priority-queuing`: one is true and the other is false; they are the same setting",
        ),
        (
            json!({"feature-flags": {"deadlock-detection": true}}),
            "`enhanced-locking.compatibility-mode` and `enhanced-locking.deadlock-detection`: in compatibility mode, locks behave as those of Atlantis; turn one of them off",
        ),
        (
            json!({"migration": {"mode": "shadow", "traffic-percentage": 5}}),
            "`enhanced-locking.migration.mode` and `enhanced-locking.migration.traffic-percentage`: only the mode `gradual` divides the locks",
        ),
        (
            json!({"migration": {"mode": "blue-green", "canary-criteria": [{"workspace": "w"}]}}),
            "`enhanced-locking.migration.mode` and `enhanced-locking.migration.canary-criteria`: only the mode `gradual` divides the locks",
        ),
        (
            json!({"migration": {"mode": "gradual", "active-system": "enhanced"}}),
            "`enhanced-locking.migration.mode` and `enhanced-locking.migration.active-system`: only the mode `blue-green` has an active system",
        ),
        (
            json!({"migration": {"mode": "blue-green", "automatic-rollback": true, "health-check-enabled": false}}),
            "`enhanced-locking.migration.automatic-rollback` and `enhanced-locking.migration.health-check-enabled`: a rollback follows from the health check",
        ),
        (
            json!({"migration": {"mode": "blue-green", "automatic-rollback": true, "fallback-enabled": false}}),
            "`enhanced-locking.migration.automatic-rollback` and `enhanced-locking.migration.fallback-enabled`: a rollback falls back to the legacy system",
        ),
        (
            json!({"migration": {"mode": "gradual", "validation-enabled": true}}),
            "`enhanced-locking.migration.mode` and `enhanced-locking.migration.validation-enabled`: the mode `shadow` compares both systems, and no other mode does",
        ),
        (
            json!({"compatibility-mode": false, "retries": true}),
            "`enhanced-locking.retries` and `locks.retries`: retries are on, and their number is 0",
        ),
    ] {
        assert_eq!(problems(&enhanced(settings.clone()), &[]), [expected], "{settings}");
    }
}

#[test]
fn values_out_of_range_and_unknown_keys_are_problems() {
    for (configuration, expected) in [
        (
            json!({"locks": {"timeout": "soon"}}),
            "`locks.timeout`: expected a duration of at most 24h, such as `30s`, not \"soon\"",
        ),
        (json!({"locks": {"retries": 101}}), "`locks.retries`: expected a whole number from 0 to 100"),
        (
            json!({"locks": {"retry": 1}}),
            "`locks.retry`: unknown field `retry`, expected one of `aging`, `detect`, `victim`, `redis`, `timeout`, `retries`",
        ),
        (
            json!({"enhanced-locking": {"backend": "etcd"}}),
            "`enhanced-locking.backend`: expected `boltdb` or `redis`, not \"etcd\"",
        ),
        (
            json!({"enhanced-locking": {"enabled": "yes"}}),
            "`enhanced-locking.enabled`: invalid type: string \"yes\", expected a boolean",
        ),
        (
            json!({"enhanced-locking": {"migration": {"mode": "big-bang"}}}),
            "`enhanced-locking.migration.mode`: expected `off`, `shadow`, `gradual` or `blue-green`, not \"big-bang\"",
        ),
        (
            json!({"enhanced-locking": {"migration": {"traffic-percentage": 101}}}),
            "`enhanced-locking.migration.traffic-percentage`: expected a whole number from 0 to 100",
        ),
        (
            json!({"enhanced-locking": {"migration": {"rollback-threshold": 5}}}),
            "`enhanced-locking.migration.rollback-threshold`: expected a number from 0 to 1; 0.05 is 5% of the operations",
        ),
        (
            json!({"enhanced-locking": {"migration": {"canary-criteria": [{}]}}}),
            "`enhanced-locking.migration.canary-criteria`: expected at most 100 criteria, each with a field",
        ),
    ] {
        assert_eq!(problems(&configuration, &[]), [expected]);
    }
}

/// The way back of the reference: one key, whatever the others are.
#[test]
fn turning_it_off_is_always_possible() {
    let mut configuration = json!({"enhanced-locking": {"enabled": true, "migration": {"mode": "gradual", "traffic-percentage": 50}}});
    let none = BTreeMap::new();
    let bridge =
        bridge::set(&mut configuration, "enhanced-locking.migration.traffic-percentage=0", &none).unwrap();
    assert_eq!(bridge.settings.migration.percentage, 0);
    configuration["enhanced-locking"]["migration"] = json!({"mode": "shadow", "traffic-percentage": 50});
    assert_eq!(problems(&configuration, &[]).len(), 1);
    let bridge = bridge::set(&mut configuration, "enhanced-locking.enabled=false", &none).unwrap();
    assert!(!bridge.settings.enabled);
    assert_eq!(configuration["enhanced-locking"]["enabled"], json!(false));

    let mut empty = Value::Null;
    bridge::set(&mut empty, "locks.timeout=30s", &none).unwrap();
    assert_eq!(empty, json!({"locks": {"timeout": "30s"}}));
    for (assignment, expected) in [
        ("locks.timeout", "`locks.timeout`: expected `key=value`"),
        ("server.port=1", "`server.port`: expected a key of `locks` or `enhanced-locking`"),
        ("locks.timeout.x=1", "`locks.timeout.x`: its parent is not a group of settings"),
        ("locks.retries=many", "`locks.retries`: invalid type: string \"many\", expected i64"),
    ] {
        let problems = bridge::set(&mut empty, assignment, &none).unwrap_err();
        assert_eq!(problems[0].to_string(), expected);
    }
    assert_eq!(empty, json!({"locks": {"timeout": "30s"}}), "a problem changes nothing");
}
