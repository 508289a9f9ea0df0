//! `Describe`, `It` and `Should`: results of the tests of a script.

/// The tests that ran.
#[derive(Default)]
pub struct Suite {
    pub results: Vec<TestResult>,
}

/// One test.
pub struct TestResult {
    pub name: String,
    pub error: Option<String>,
}
