//! The Python packages: their own tests, with a service of this build.

use std::process::Command;

use stepwell_tests::root;

/// Runs the tests of a package in a virtual environment, which `pip` fills. Without Python, it prints a line.
fn pass(script: &str, airflow: &str) {
    if Command::new("python3").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "there is no python3");
        println!("skipped: there is no python3");
        return;
    }
    let dir = root().join("target/python");
    let program = env!("CARGO_BIN_EXE_stepwell-under-test");
    let mut tests = Command::new(root().join(script));
    tests.env("STEPWELL_CACHE_DIR", root().join("target/test-cache"));
    let done = tests.arg(dir).args([program, "-q"]).env("AIRFLOW", airflow).output().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(done.status.success(), "{script}:\n{}\n{}", said(&done.stdout), said(&done.stderr));
}

#[test]
fn the_python_packages_pass_their_tests() {
    pass("clients/python/run-tests", "");
}

#[test]
fn the_airflow_provider_passes_its_tests() {
    pass("integrations/airflow/run-tests", "3.*");
}
