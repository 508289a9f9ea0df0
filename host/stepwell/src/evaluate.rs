//! The work of the expressions of jobs.
//!
//! The threat: the expressions of one step may work on 64 MiB, which holds a thread for up to a second, and a job may
//! have thousands of such steps. So an evaluation first gets as much work as takes about a millisecond. One that needs
//! more starts again in its turn: one of all jobs at a time, and each job has at most one in the queue.

use stepwell_engine::job::Work;

use crate::context::Context;
use crate::guests::blocking_in_place;

impl Context {
    /// Evaluates expressions of a job without blocking other runs for long.
    pub(crate) async fn evaluated<T>(&self, job: &str, evaluate: impl Fn(&Work) -> T) -> T {
        let little = Work::short();
        let value = evaluate(&little);
        if !little.is_exceeded() {
            return value;
        }
        let _turn = self.node.evaluating.turn(job).await;
        blocking_in_place(usize::MAX, || evaluate(&Work::of_a_step()))
    }
}
