//! All stores, call by call: they return the same results and hold the same data.

use chrono::Duration;
use stepwell::engine::job::OnConflict;
use stepwell::engine::run::{Event, RunStatus};
use stepwell::engine::store::prelude::*;
use stepwell::engine::store::{
    Audit, Change, Checkpoint, ClaimQuery, Commit, Idempotency, Key, NewRun, Next, RunFilter,
};
use stepwell_tests::load;
use stepwell_tests::simulator::Random;

use crate::stores::{after, commit, new_run, query, stores};

/// Sends the same random calls to every store: all return the same, even for invalid calls.
#[tokio::test]
async fn all_stores_answer_the_same() {
    for seed in 1..=3 {
        let stores = stores().await;
        let mut random = Random::new(seed);
        for number in 0..300 {
            let call = Call::draw(&mut random, number);
            let mut answers = Vec::new();
            for (name, store, _) in &stores {
                answers.push((name, call.make(&**store).await));
            }
            for (name, answer) in &answers {
                assert_eq!(*answer, answers[0].1, "seed {seed}, call {number}, {name}: {call:?}");
            }
        }
        let mut whole = Vec::new();
        for (_, store, _) in &stores {
            let mut told = String::new();
            for row in store.list(&RunFilter { limit: 1000, ..RunFilter::default() }).await.unwrap() {
                let loaded = load(&**store, &row.execution_id).await.unwrap();
                told.push_str(&format!("{row:?} {loaded:?}\n"));
            }
            let audit = store.audit(None, 1000).await.unwrap();
            told.push_str(&format!("{:?}", audit.iter().map(|row| &row.audit).collect::<Vec<_>>()));
            whole.push(told);
        }
        assert!(
            whole.windows(2).all(|pair| pair[0] == pair[1]),
            "seed {seed}: the stores hold different things"
        );
        assert!(whole[0].len() > 10_000);
    }
}

/// A call of a store.
#[derive(Debug)]
struct Call {
    number: u64,
    what: u64,
    run: u64,
    fence: u64,
    key: Option<u64>,
    conflict: OnConflict,
    part: u64,
    at: i64,
}

impl Call {
    fn draw(random: &mut Random, number: u64) -> Self {
        use OnConflict::{CancelNewest, CancelRunning, Queue};
        Self {
            number,
            what: random.below(14),
            run: random.below(number.max(1)).max(number.saturating_sub(20)),
            fence: 1 + random.below(2),
            key: (random.once_in(3)).then(|| random.below(2)),
            conflict: [Queue, CancelNewest, CancelRunning][usize::try_from(random.below(3)).unwrap()],
            part: random.below(4),
            at: i64::try_from(number).unwrap() * 2,
        }
    }

    fn id(number: u64) -> String {
        format!("run-{number:04}")
    }

    async fn make(&self, store: &dyn Store) -> String {
        let (at, id) = (after(self.at), Self::id(self.run));
        match self.what {
            0..=4 => {
                let key =
                    self.key.map(|k| Key { name: format!("k{k}"), limit: 1, on_conflict: self.conflict });
                let idempotency = (self.part == 3).then(|| Idempotency {
                    key: format!("i{}", self.run % 5),
                    fingerprint: format!("{}", self.fence),
                });
                let due = at + Duration::seconds(if self.part == 0 { 7 } else { 0 });
                let run = NewRun {
                    key,
                    idempotency,
                    created_at: at,
                    scheduled_time: due,
                    rank: due + Duration::milliseconds(i64::try_from(self.number).unwrap()),
                    max_waiting: 1000,
                    ..new_run(&Self::id(self.number))
                };
                let audit = (self.part == 2).then(|| Audit {
                    at,
                    by: "ann".to_owned(),
                    name: String::new(),
                    action: "job.run".to_owned(),
                    target: run.execution_id.clone(),
                    detail: String::new(),
                });
                format!("{:?}", store.insert(&run, audit.map(Change::Audit).into_iter().collect()).await)
            }
            5 | 6 => {
                let limit = 1 + u32::try_from(self.part).unwrap();
                let query = ClaimQuery { concurrency: 6, open: self.fence == 1, ..query(limit, at) };
                let claims = store.claim(query).await;
                let mut told: Vec<String> =
                    claims.unwrap().iter().map(|claim| format!("{claim:?}")).collect();
                told.sort();
                told.join("\n")
            }
            7 => format!("{:?}", store.claim_run(&id, "v", at, at + Duration::seconds(9)).await),
            8 | 9 => {
                let next = [Next::Keep, Next::Wait(at), Next::Wait(at + Duration::seconds(5)), Next::End]
                    [usize::try_from(self.part).unwrap()];
                let status =
                    if next == Next::Keep && self.key.is_some() { None } else { Some(RunStatus::Running) };
                let status = if next == Next::End { Some(RunStatus::Success) } else { status };
                let event = Event::CheckpointSaved { step: "a".into(), data: format!("{}", self.number) };
                let commit = Commit {
                    number: self.number % 3 + 1,
                    status,
                    at,
                    forget_checkpoints: (self.key == Some(1)).then_some(0).into_iter().collect(),
                    ..commit(&id, self.fence, vec![event], usize::try_from(self.part).unwrap(), next)
                };
                format!("{:?}", store.commit(commit).await)
            }
            12 => {
                let checkpoint = Checkpoint {
                    execution_id: id,
                    fence: self.fence,
                    number: self.number % 3 + 4,
                    place: 0,
                    step: "a".into(),
                    data: "x".repeat(usize::try_from(self.part).unwrap()),
                };
                format!("{:?}", store.save_checkpoint(checkpoint).await)
            }
            10 => format!("{:?}", store.renew(&[(id, self.fence)], at, at + Duration::seconds(15)).await),
            11 => format!("{:?}", store.request_cancel(&id, "why", at, None).await),
            _ => format!(
                "{:?} {:?} {:?} {:?}",
                store.standing(&id, at).await,
                store.next_due("UTC", None).await,
                store.next_due("UTC", Some(at)).await,
                store.queues(at).await
            ),
        }
    }
}
