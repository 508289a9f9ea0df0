//! The simulator: a number of seeds in which nothing may go wrong, and deliberate faults that it must find.
//! `make simulate` runs many more.

use std::process::Command;
use std::sync::Arc;

use stepwell::sandbox::Sandbox;
use stepwell_tests::root;
use stepwell_tests::servers;
use stepwell_tests::simulator::{Broken, simulate, simulate_over};

fn sandbox() -> Arc<Sandbox> {
    stepwell::Host::builder().build().unwrap().sandbox().clone()
}

#[test]
fn nothing_is_lost_doubled_or_stuck() {
    let sandbox = sandbox();
    let mut set_aside = 0;
    for seed in 1..=150 {
        let report = simulate(seed, &sandbox, None);
        assert!(report.wrong.is_empty(), "simulate {seed} 1: {:#?}", report.wrong);
        set_aside += report.set_aside;
    }
    assert!(set_aside > 20, "{set_aside}");
}

/// The same over PostgreSQL, where a statement takes a thousand times as long.
#[test]
fn nothing_is_lost_doubled_or_stuck_in_postgres() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let Some(database) = runtime.block_on(servers::postgres()) else { return };
    let sandbox = sandbox();
    let mut runs = 0;
    for seed in 1..=6 {
        let url = format!("{}&schema=seed_{seed}", database.url());
        let report = simulate_over(Some(url.parse().unwrap()), seed, &sandbox, None);
        assert!(report.wrong.is_empty(), "seed {seed}: {:#?}", report.wrong);
        runs += report.runs;
    }
    assert!(runs > 60, "{runs}");
    for broken in [Broken::StaleFence, Broken::DoubleFire] {
        // Seeds in which SQLite shows it: time and chance are the same here.
        let seeds = (1..=60).filter(|seed| !simulate(*seed, &sandbox, Some(broken)).wrong.is_empty());
        let found = seeds.take(8).any(|seed| {
            let url = format!("{}&schema=broken_{}_{seed}", database.url(), broken as u8);
            !simulate_over(Some(url.parse().unwrap()), seed, &sandbox, Some(broken)).wrong.is_empty()
        });
        assert!(found, "{broken:?} goes unnoticed");
    }
}

#[test]
fn each_deliberate_fault_is_found() {
    let sandbox = sandbox();
    for broken in Broken::ALL {
        let found = (1..=60).find_map(|seed| simulate(seed, &sandbox, Some(broken)).wrong.first().cloned());
        println!("{broken:?}: {found:?}");
        assert!(found.is_some(), "{broken:?} goes unnoticed");
    }
}

/// Compares a sample of zones with Python's zoneinfo; `make verify-time` compares all of them.
#[test]
fn wall_times_mean_what_zoneinfo_says() {
    let python = |arguments: &[&str]| Command::new("python3").args(arguments).output();
    let version = "import tzdata, sys; sys.exit(tzdata.IANA_VERSION != '2025b')";
    if !python(&["-c", version]).is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: python3 has no tzdata 2025b (pip install tzdata==2025.2)");
        return;
    }
    let script = root().join("tests/time/verify.py").display().to_string();
    let zones =
        ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia"];
    let output = python(&[&[&script, env!("CARGO_BIN_EXE_time-oracle")], &zones[..]].concat()).unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && told.contains(" 0 differences"), "{told}");
    let broken = [script.as_str(), env!("CARGO_BIN_EXE_time-oracle"), "--broken", "Europe/Berlin"];
    assert!(!python(&broken).unwrap().status.success(), "a wrong rule goes unnoticed");
}
