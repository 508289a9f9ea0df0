//! Locks of jobs that a person takes away.

use serde_json::json;
use stepwell::engine::Outcome;
use stepwell::engine::lock::{Command, Name};
use stepwell::engine::run::{Event, RunStatus};

use crate::job_locks::{Stage, job, one, stages, step};
use crate::server::until;

async fn take_away(stage: &Stage, name: &str) {
    let (by, reason) = ("user:boss".to_owned(), "maintenance".to_owned());
    let force = Command::ForceRelease { name: Name::new(name).unwrap(), token: None, by, reason };
    stage.locks.run("default", force, stage.host.now()).await.unwrap();
}

/// A lock that a person takes away ends the attempt, whose next attempt has another token.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_is_taken_away_ends_the_attempt() {
    for stage in stages().await {
        let mut hold = step("hold", one("x"));
        hold["retry"] = json!({"max_attempts": 2, "backoff": "1s"});
        let id = stage.start(job("j", json!({"steps": [hold]}))).await;
        stage.begun("hold").await;
        take_away(&stage, "x").await;
        until("the next attempt", async || stage.puppets.begun().len(), |begun| *begun == 2).await;
        stage.puppets.let_go("hold");
        let state = stage.end(&id).await;
        assert_eq!(state.status, RunStatus::Success);
        let ends = stage.events(&id).await.into_iter().filter_map(|event| match event {
            Event::StepEnded { end, .. } => Some(end.outcome.clone()),
            _ => None,
        });
        let ends: Vec<Outcome> = ends.collect();
        assert!(
            matches!(&ends[0], Outcome::LockLost { message } if message.contains("was taken away")),
            "{ends:?}"
        );
        let tokens = stage.tokens(&id, "x").await;
        assert!(tokens.len() == 2 && tokens[0] < tokens[1], "{tokens:?}");
        stage.all_free().await;
    }
}

/// A parked step has begun work that may continue with the old token, so it fails, too: a lock of the step, of a group
/// around it, and of the job.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_is_taken_away_from_a_parked_step_ends_it() {
    for stage in stages().await {
        let bare = || step("park", json!([]));
        let group =
            json!({"id": "g", "type": "parallel_group", "locks": one("x"), "parallel_steps": [bare()]});
        for (more, status) in [
            (json!({"steps": [step("park", one("x"))]}), RunStatus::Failed),
            (json!({"steps": [group]}), RunStatus::Failed),
            (json!({"locks": one("x"), "steps": [bare()]}), RunStatus::Failed),
            (json!({"steps": [step("park", one("x"))], "max_retries": 1}), RunStatus::Success),
        ] {
            let shown = more.to_string();
            let id = stage.start(job("j", more)).await;
            until("it is parked", async || stage.state(&id).await, |state| state.status == RunStatus::Parked)
                .await;
            take_away(&stage, "x").await;
            let state = stage.end(&id).await;
            assert_eq!(state.status, status, "{shown}");
            let ends = stage.events(&id).await.into_iter().filter_map(|event| match event {
                Event::StepEnded { end, .. } => Some(end.outcome.clone()),
                _ => None,
            });
            let ends: Vec<Outcome> = ends.collect();
            assert!(
                matches!(&ends[..], [Outcome::Parked { .. }, Outcome::LockLost { message }, ..] if message.contains("was taken away")),
                "{shown}: {ends:?}"
            );
            stage.all_free().await;
        }
    }
}
