//! The simulator: a number of seeds in which nothing may go wrong, and deliberate faults that it must find.
//! `make simulate` runs many more.

use std::sync::Arc;

use stepwell::sandbox::Sandbox;
use stepwell_tests::simulator::{Broken, simulate};

fn sandbox() -> Arc<Sandbox> {
    stepwell::Host::builder().build().unwrap().sandbox().clone()
}

#[test]
fn nothing_is_lost_doubled_or_stuck() {
    let sandbox = sandbox();
    for seed in 1..=150 {
        let report = simulate(seed, &sandbox, None);
        assert!(report.wrong.is_empty(), "simulate {seed} 1: {:#?}", report.wrong);
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
