//! Announcements between processes, by Redis's publish and subscribe.
//!
//! An announcement may get lost, for instance while a process connects again, so those who wait look once per second
//! anyway.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::StreamExt as _;
use stepwell_engine::lock::Change;
use tokio::sync::broadcast;
use tokio::time::timeout;

use super::server::Server;
use super::settings::ANSWER;

/// The time without announcements after which the listener checks its connection.
const QUIET: Duration = Duration::from_secs(5);
/// The longest pause between two attempts to listen.
const PAUSE: Duration = Duration::from_secs(5);
/// The tickets of one announcement. Others look by themselves.
const TICKETS: usize = 1000;

/// Returns the channel of all locks under a prefix.
pub(super) fn channel(prefix: &str) -> String {
    format!("{prefix}:locks")
}

/// Returns the text of an announcement: its sender, the project and the tickets.
pub(super) fn announcement(own: &str, changes: &BTreeSet<Change>) -> Option<String> {
    let project = &changes.first()?.project;
    let tickets: Vec<&str> = changes.iter().map(|change| change.ticket.as_str()).take(TICKETS).collect();
    serde_json::to_string(&(own, project, tickets)).ok()
}

/// Reads the announcement of another process.
fn heard(own: &str, text: &[u8]) -> Vec<Change> {
    match serde_json::from_slice::<(String, String, Vec<String>)>(text) {
        Ok((sender, project, tickets)) if sender != own => {
            let change = |ticket| Change { project: project.clone(), ticket };
            tickets.into_iter().map(change).collect()
        }
        // A text of an unknown form comes from another version.
        _ => Vec::new(),
    }
}

/// Passes the announcements of other processes on, as long as the locks are in use.
pub(super) async fn listen(server: Weak<Server>, own: Arc<str>, changes: broadcast::Sender<Change>) {
    let mut pause = Duration::from_millis(100);
    while let Some(connected) = server.upgrade() {
        let prefix = connected.settings.prefix.clone();
        match connected.listener().await {
            Ok(listener) => {
                drop(connected);
                let (mut requests, mut messages) = listener.split();
                if timeout(ANSWER, requests.subscribe(channel(&prefix))).await.is_ok_and(|done| done.is_ok())
                {
                    pause = Duration::from_millis(100);
                    while server.strong_count() > 0 {
                        match timeout(QUIET, messages.next()).await {
                            Ok(Some(message)) => {
                                for change in heard(&own, message.get_payload_bytes()) {
                                    // Without readers in this process, there is nothing to do here.
                                    let _ = changes.send(change);
                                }
                            }
                            Ok(None) => break,
                            Err(_) => {
                                let answer = timeout(ANSWER, requests.ping::<redis::Value>()).await;
                                if !answer.is_ok_and(|answer| answer.is_ok()) {
                                    break;
                                }
                            }
                        }
                    }
                }
            }
            Err(fault) => tracing::debug!("not listening: {}", fault.into_error()),
        }
        tokio::time::sleep(pause.mul_f64(0.5 + fastrand::f64())).await;
        pause = (pause * 2).min(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_announced_is_heard_by_others_only() {
        let change = |ticket: &str| Change { project: "a b".to_owned(), ticket: ticket.to_owned() };
        let changes: BTreeSet<Change> = [change("t 1"), change("t\"2")].into();
        let text = announcement("me", &changes).unwrap();
        assert_eq!(heard("you", text.as_bytes()).into_iter().collect::<BTreeSet<_>>(), changes);
        assert_eq!(heard("me", text.as_bytes()), []);
        assert_eq!(heard("you", b"something new"), []);
        assert_eq!(announcement("me", &BTreeSet::new()), None);
    }
}
