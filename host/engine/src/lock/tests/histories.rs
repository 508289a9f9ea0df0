//! Wrong histories that the checker finds, and a comparison with an exhaustive search.

use proptest::prelude::*;

use super::super::Mode::{self, Exclusive, Shared};
use super::super::history::{Bounds, Call, What, check};

const BOUNDS: Bounds = Bounds { drift: 5, lock_delay: 0, hand_over: 20, overtaking: 1000 };

/// Reads a history, one call in each line: `10-20 acquire 1`, `30-? release 1`. A word `fails` negates the answer.
fn history(text: &str) -> Vec<Call> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(call).collect()
}

fn call(line: &str) -> Call {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (begin, end) = words[0].split_once('-').unwrap();
    let number = |key: &str| {
        let index = words.iter().position(|word| *word == key)?;
        words[index + 1].parse().ok()
    };
    let (token, done) = (words[2].parse().ok(), !words.contains(&"fails"));
    let mode = if words.contains(&"shared") { Shared } else { Exclusive };
    let what = match words[1] {
        "acquire" => What::Acquire { mode, waits: words.contains(&"waits"), lease: number("lease"), token },
        "extend" => What::Extend { token: token.unwrap(), lease: number("lease").unwrap(), done },
        "release" => What::Release { token: token.unwrap(), done },
        "check" => What::Check { token: token.unwrap(), valid: done },
        other => panic!("{other}"),
    };
    Call { begin: begin.parse().unwrap(), end: end.parse().ok(), what }
}

/// Histories, each with its problem.
const HISTORIES: &[(&str, &str)] = &[
    ("1-2 acquire 1\n 3-4 release 1\n 5-6 acquire 2", "correct"),
    // The calls overlap, so the release can come first.
    ("1-2 acquire 1\n 10-20 release 1\n 5-11 acquire 2", "correct"),
    (
        "1-2 acquire 1\n 10-20 release 1\n 5-9 acquire 2",
        "token 2 was handed out at 9 at the latest, while token 1 held the lock",
    ),
    (
        "1-2 acquire 1\n 5-6 acquire 2",
        "token 2 was handed out at 6 at the latest, while token 1 held the lock",
    ),
    ("1-2 acquire 1 shared\n 3-4 acquire 2 shared", "correct"),
    (
        "1-2 acquire 1 shared\n 3-4 acquire 2 shared\n 5-6 release 2\n 7-8 acquire 3",
        "token 3 was handed out at 8 at the latest, while token 1 held the lock",
    ),
    (
        "1-2 acquire 1\n 3-4 acquire 2 shared",
        "token 2 was handed out at 4 at the latest, while token 1 held the lock",
    ),
    // A third holder between the first and the second, all possible only in one order.
    ("1-100 acquire 1\n 1-100 acquire 2\n 50-60 release 2\n 20-30 release 1", "correct"),
    (
        "1-100 acquire 1\n 1-100 acquire 2\n 20-30 release 2\n 50-60 release 1",
        "token 2 was handed out at 30 at the latest, while token 1 held the lock",
    ),
    (
        "1-40 acquire 1\n 1-40 acquire 2\n 20-30 release 2\n 50-60 release 1",
        "token 2 was handed out at 30 at the latest, while token 1 held the lock",
    ),
    ("10-20 acquire 1\n 1-2 release 1", "a call at 1 succeeded with token 1, which did not hold the lock"),
    (
        "1-2 acquire 2\n 3-4 release 2\n 5-6 acquire 1",
        "token 2 was handed out and returned before token 1 was asked for",
    ),
    ("1-2 acquire 1\n 3-4 release 1\n 5-6 acquire 1", "token 1 was handed out twice, or is 0"),
    ("1-2 acquire 0", "token 0 was handed out twice, or is 0"),
    ("1-2 acquire 1\n 3-4 release 1\n 5-6 release 1", "token 1 was released twice"),
    ("1-2 acquire 1\n 3-4 release 1 fails", "a call at 3 failed with token 1, which held the lock"),
    (
        "1-2 acquire 1\n 3-4 release 1\n 5-6 check 1",
        "a call at 5 succeeded with token 1, which did not hold the lock",
    ),
    ("1-2 acquire 1\n 3-9 release 1\n 5-6 check 1", "correct"),
    ("1-2 acquire 1\n 5-6 check 1 fails", "a call at 5 failed with token 1, which held the lock"),
    ("1-2 acquire 1\n 5-6 check 7", "a call at 5 succeeded with token 7, which did not hold the lock"),
    ("1-? acquire 7\n 5-6 check 7", "correct"),
    // Leases, with the drift of clocks.
    ("1-2 acquire 1 lease 100\n 97-98 acquire 2", "correct"),
    (
        "1-2 acquire 1 lease 100\n 90-95 acquire 2",
        "token 2 was handed out at 95 at the latest, while token 1 held the lock",
    ),
    (
        "1-2 acquire 1 lease 100\n 50-60 extend 1 lease 100\n 110-111 acquire 2",
        "token 2 was handed out at 111 at the latest, while token 1 held the lock",
    ),
    (
        "1-2 acquire 1 lease 100\n 120-121 extend 1 lease 100",
        "a call at 120 succeeded with token 1, which did not hold the lock",
    ),
    (
        "1-2 acquire 1 lease 100\n 120-121 release 1",
        "a call at 120 succeeded with token 1, which did not hold the lock",
    ),
    // A lease begins with the grant, and not with the request.
    (
        "1-2 acquire 1\n 3-601 acquire 2 lease 100 waits\n 600-601 release 1\n 640-641 acquire 3",
        "token 3 was handed out at 641 at the latest, while token 2 held the lock",
    ),
    // A release without an answer may have happened.
    ("1-2 acquire 1\n 3-? release 1\n 5-6 acquire 2", "correct"),
    // Lost wake-ups.
    ("1-2 acquire 1\n 2-40 acquire 2 waits\n 30-31 release 1", "correct"),
    (
        "1-2 acquire 1\n 2-60 acquire 2 waits\n 30-31 release 1",
        "the lock was free from 31 to 60, and the request that began at 2 waited",
    ),
    (
        "1-2 acquire 1\n 2-60 acquire - waits\n 30-31 release 1",
        "the lock was free from 31 to 60, and the request that began at 2 waited",
    ),
    (
        "1-2 acquire 1\n 3-4 release 1\n 500-600 acquire - waits",
        "the lock was free from 500 to 600, and the request that began at 500 waited",
    ),
    ("1-2 acquire 1\n 3-4 release 1\n 490-? acquire -\n 500-600 acquire - waits", "correct"),
    (
        "1-2 acquire 1 lease 100\n 2-300 acquire 2 waits",
        "the lock was free from 107 to 300, and the request that began at 2 waited",
    ),
    // Starvation.
    (
        "1-2 acquire 1\n 2-2000 acquire 3 waits\n 1500-1600 acquire 2 waits\n 1590-1591 release 1\n 1995-1999 release 2",
        "the request that began at 2 was overtaken by the one that began at 1500",
    ),
    (
        "1-2 acquire 1\n 2-2000 acquire - waits\n 1500-1600 acquire 2 waits\n 1590-1591 release 1",
        "the request that began at 2 was overtaken by the one that began at 1500",
    ),
    (
        "1-2 acquire 1\n 2-700 acquire 3 waits\n 500-600 acquire 2 waits\n 590-591 release 1\n 695-699 release 2",
        "correct",
    ),
    (
        "1-2 acquire 1 shared\n 2-2000 acquire 3 waits\n 1500-1600 acquire 2 shared\n 1700-1701 release 1\n 1995-1996 release 2",
        "the request that began at 2 was overtaken by the one that began at 1500",
    ),
];

#[test]
fn wrong_histories_are_found() {
    for (text, expected) in HISTORIES {
        let found = check(&history(text), BOUNDS)
            .map_or_else(|violation| violation.to_string(), |()| "correct".to_owned());
        assert_eq!(found, *expected, "{text}");
    }
}

/// Searches all orders of the calls for one that explains the answers: the definition of linearizability.
fn is_linearizable(calls: &[Call], done: u32, holders: &[(u64, Mode)], last: u64) -> bool {
    let open = || (0..calls.len()).filter(|index| done & (1 << index) == 0);
    // A call can be next when no open call returned before it began.
    let first_return = open().filter_map(|index| calls[index].end).min().unwrap_or(u64::MAX);
    if open().all(|index| calls[index].end.is_none()) {
        return true;
    }
    open().filter(|index| calls[*index].begin <= first_return).any(|index| {
        let (mut holders, mut last) = (holders.to_vec(), last);
        let held = |token: u64| holders.iter().any(|(known, _)| *known == token);
        let fits = match calls[index].what {
            What::Acquire { token: None, .. } => true,
            What::Acquire { token: Some(token), mode, .. } => {
                let free = holders.iter().all(|(_, other)| !other.conflicts(mode));
                let fits = free && token > last;
                holders.push((token, mode));
                last = token;
                fits
            }
            What::Check { token, valid } => held(token) == valid,
            What::Release { token, done } | What::Extend { token, done, .. } => {
                let fits = held(token) == done;
                holders.retain(|(known, _)| *known != token);
                fits
            }
        };
        fits && is_linearizable(calls, done | 1 << index, &holders, last)
    })
}

fn any_call() -> impl Strategy<Value = Call> {
    let what = prop_oneof![
        4 => (1..4u64, any::<bool>()).prop_map(|(token, shared)| What::Acquire {
            mode: if shared { Shared } else { Exclusive },
            waits: false,
            lease: None,
            token: Some(token),
        }),
        4 => (1..4u64).prop_map(|token| What::Release { token, done: true }),
        1 => (1..4u64).prop_map(|token| What::Release { token, done: false }),
        1 => (1..4u64, any::<bool>()).prop_map(|(token, valid)| What::Check { token, valid }),
    ];
    (0..40u64, 0..25u64, what).prop_map(|(begin, length, what)| Call {
        begin,
        end: Some(begin + length),
        what,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn the_checker_agrees_with_an_exhaustive_search(calls in prop::collection::vec(any_call(), 1..8)) {
        // Times are distinct, so that no order of equal times counts.
        let calls: Vec<Call> = calls.iter().enumerate().map(|(index, call)| {
            let index = index as u64 * 2;
            Call { begin: call.begin * 100 + index, end: call.end.map(|end| end * 100 + 50 + index), ..*call }
        }).collect();
        let unlimited = Bounds { drift: 0, lock_delay: 0, hand_over: u64::MAX, overtaking: u64::MAX };
        let found = check(&calls, unlimited);
        let is_correct = is_linearizable(&calls, 0, &[], 0);
        if is_correct {
            prop_assert_eq!(&found, &Ok(()), "{:?}", calls);
        }
        // Answers about a token are compared with its own calls only, so a wrong history of these may pass.
        let only_holds = calls.iter().all(|call| {
            let releases = matches!(call.what, What::Release { done: true, .. });
            matches!(call.what, What::Acquire { .. }) || releases
        });
        if only_holds && !is_correct {
            prop_assert!(found.is_err(), "{:?}", calls);
        }
    }
}
