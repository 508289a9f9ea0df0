//! LISTEN and NOTIFY: processes notify each other of new work.
//!
//! A notification may get lost, and every process polls at intervals anyway. It goes out after the
//! transaction, not within it: PostgreSQL makes all notifying transactions commit one after another.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use stepwell_engine::store::Wake;
use tokio::sync::broadcast;
use tokio_postgres::AsyncMessage;

use super::Inner;
use super::pool::connect;
use super::settings::Settings;

/// The time within which notifications are combined.
const TOGETHER: Duration = Duration::from_millis(5);
/// The maximum number of bytes of one notification. PostgreSQL accepts 8000.
const MOST: usize = 7000;
/// The longest pause between two attempts to listen.
const PAUSE: Duration = Duration::from_secs(5);

pub(super) struct Notifier {
    channel: String,
    /// The sender's id, so that no process receives its own notifications.
    own: String,
    waiting: Arc<Mutex<BTreeSet<Wake>>>,
    heard: OnceLock<broadcast::Sender<Wake>>,
}

impl Notifier {
    pub fn new(settings: &Settings) -> Self {
        Self {
            channel: format!("stepwell_{}", settings.schema),
            own: format!("{:016x}", fastrand::u64(..)),
            waiting: Arc::default(),
            heard: OnceLock::new(),
        }
    }

    pub fn announce(&self, inner: &Arc<Inner>, wake: Wake) {
        let mut waiting = self.waiting.lock();
        let first = waiting.is_empty();
        waiting.insert(wake);
        if !first {
            return;
        }
        let (inner, waiting, channel, own) =
            (inner.clone(), self.waiting.clone(), self.channel.clone(), self.own.clone());
        tokio::spawn(async move {
            tokio::time::sleep(TOGETHER).await;
            let wakes = std::mem::take(&mut *waiting.lock());
            let Ok(session) = inner.pool.get().await else { return };
            for text in texts(&own, &wakes) {
                let sent = session.rows("SELECT pg_notify($1, $2)", &[&channel, &text]).await;
                if let Err(error) = sent {
                    tracing::debug!("the announcement was lost: {error}");
                }
            }
        });
    }

    pub fn listen(&self, inner: &Arc<Inner>) -> broadcast::Receiver<Wake> {
        let start = || {
            let (sender, _) = broadcast::channel(1024);
            let (inner, own, channel) = (inner.clone(), self.own.clone(), self.channel.clone());
            tokio::spawn(listen(inner, own, channel, sender.clone()));
            sender
        };
        self.heard.get_or_init(start).subscribe()
    }
}

/// Listens, and reconnects after a lost connection, as long as there is a receiver.
async fn listen(inner: Arc<Inner>, own: String, channel: String, heard: broadcast::Sender<Wake>) {
    let mut pause = Duration::from_millis(100);
    while heard.receiver_count() > 0 {
        let (all, own) = (heard.clone(), own.clone());
        let take = move |message| {
            if let AsyncMessage::Notification(note) = message {
                for wake in read(&own, note.payload()) {
                    // Without a receiver, the notification is lost.
                    let _ = all.send(wake);
                }
            }
        };
        match connect(&inner.pool.settings, take).await {
            Ok(client) => {
                if client.batch_execute(&format!("LISTEN {channel}")).await.is_ok() {
                    pause = Duration::from_millis(100);
                    // Notifications in the meantime were lost, so every receiver checks for work.
                    let _ = heard.send(Wake::Claims);
                    while !client.is_closed() {
                        tokio::time::sleep(Duration::from_millis(500)).await;
                        if heard.receiver_count() == 0 {
                            return;
                        }
                    }
                }
            }
            Err(error) => tracing::debug!("not listening: {error}"),
        }
        tokio::time::sleep(pause.mul_f64(0.5 + fastrand::f64())).await;
        pause = (pause * 2).min(PAUSE);
    }
}

fn texts(own: &str, wakes: &BTreeSet<Wake>) -> Vec<String> {
    let mut texts = Vec::new();
    let mut text = own.to_owned();
    for wake in wakes {
        let word = match wake {
            Wake::Queue(queue) => format!("\nqueue {queue}"),
            Wake::Claims => "\nclaims".to_owned(),
            Wake::Schedules => "\nschedules".to_owned(),
            Wake::Steps => "\nsteps".to_owned(),
            Wake::Locks { project, ticket } => format!("\nlocks {project} {ticket}"),
        };
        if text.len() + word.len() > MOST {
            texts.push(std::mem::replace(&mut text, own.to_owned()));
        }
        text.push_str(&word);
    }
    texts.push(text);
    texts
}

/// Parses notifications from other processes. It ignores unknown ones, which come from a newer version.
fn read(own: &str, text: &str) -> Vec<Wake> {
    let mut lines = text.lines();
    if lines.next() == Some(own) {
        return Vec::new();
    }
    let wake = |line: &str| match line.split_once(' ') {
        Some(("queue", queue)) => Some(Wake::Queue(queue.to_owned())),
        Some(("locks", of)) => {
            let (project, ticket) = of.split_once(' ')?;
            Some(Wake::Locks { project: project.to_owned(), ticket: ticket.to_owned() })
        }
        None if line == "claims" => Some(Wake::Claims),
        None if line == "schedules" => Some(Wake::Schedules),
        None if line == "steps" => Some(Wake::Steps),
        _ => None,
    };
    lines.filter_map(wake).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_heard_by_others_only() {
        let wakes: BTreeSet<Wake> = [
            Wake::Queue("UTC".to_owned()),
            Wake::Claims,
            Wake::Schedules,
            Wake::Steps,
            Wake::Locks { project: "a".to_owned(), ticket: "t 1".to_owned() },
        ]
        .into();
        let texts = texts("me", &wakes);
        assert_eq!(texts.len(), 1);
        assert_eq!(read("you", &texts[0]).into_iter().collect::<BTreeSet<_>>(), wakes);
        assert_eq!(read("me", &texts[0]), []);
        assert_eq!(read("you", "me\nsomething new\nclaims"), [Wake::Claims]);
    }
}
