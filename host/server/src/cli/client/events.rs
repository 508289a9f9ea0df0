//! Reads server-sent events (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).

use super::{Chunks, other_answer};
use crate::failure::Failure;

/// The maximum size of one event, and of a line of it, in bytes.
const MAX_EVENT: usize = 8 << 20;

/// One server-sent event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Event {
    pub kind: String,
    pub id: String,
    pub data: String,
}

/// A stream of events.
pub(crate) struct Events {
    body: Chunks,
    parser: Parser,
}

impl Events {
    pub(super) fn new(body: Chunks) -> Self {
        Self { body, parser: Parser::default() }
    }

    /// Returns the next event, or `None` after the end of the stream.
    pub async fn next(&mut self) -> Result<Option<Event>, Failure> {
        loop {
            if let Some(event) = self.parser.next() {
                return Ok(Some(event));
            }
            match self.body.next().await? {
                Some(chunk) if self.parser.add(&chunk) => {}
                Some(_) => {
                    return Err(other_answer(format!("a stream of events of at most {MAX_EVENT} bytes")));
                }
                None => return Ok(None),
            }
        }
    }
}

#[derive(Default)]
struct Parser {
    text: Vec<u8>,
    /// The number of bytes at the beginning of `text` that contain no line end.
    searched: usize,
    event: Event,
}

impl Parser {
    /// Adds a piece of the stream. Returns false when the event is too large.
    fn add(&mut self, chunk: &[u8]) -> bool {
        let Event { kind, id, data } = &self.event;
        let held = self.text.len() + kind.len() + id.len() + data.len();
        let fits = held + chunk.len() <= MAX_EVENT;
        if fits {
            self.text.extend_from_slice(chunk);
        }
        fits
    }

    fn next(&mut self) -> Option<Event> {
        loop {
            let new = self.text.get(self.searched..).unwrap_or_default();
            let Some(end) = new.iter().position(|byte| *byte == b'\n') else {
                self.searched = self.text.len();
                return None;
            };
            let line: Vec<u8> = self.text.drain(..=self.searched + end).collect();
            self.searched = 0;
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\r', '\n']);
            if line.is_empty() {
                let event = std::mem::take(&mut self.event);
                if event != Event::default() {
                    return Some(event);
                }
                continue;
            }
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" => value.clone_into(&mut self.event.kind),
                "id" => value.clone_into(&mut self.event.id),
                "data" => {
                    if !self.event.data.is_empty() {
                        self.event.data.push('\n');
                    }
                    self.event.data.push_str(value);
                }
                // A comment keeps the connection alive.
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_however_they_are_cut() {
        let text = ": alive\n\nevent: log\nid: 7\ndata: a\ndata: b\r\n\nevent:end\ndata:failed\n\nevent: cut";
        let event = |kind: &str, id: &str, data: &str| Event {
            kind: kind.to_owned(),
            id: id.to_owned(),
            data: data.to_owned(),
        };
        let expected = [event("log", "7", "a\nb"), event("end", "", "failed")];
        for size in [1, 3, 10, 1000] {
            let mut parser = Parser::default();
            let mut found = Vec::new();
            for chunk in text.as_bytes().chunks(size) {
                assert!(parser.add(chunk));
                found.extend(std::iter::from_fn(|| parser.next()));
            }
            assert_eq!(found, expected, "in chunks of {size}");
        }
    }

    /// One long line, and many lines that never end their event.
    #[test]
    fn an_event_has_a_maximum_size() {
        for line in ["data: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "data: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"] {
            let mut parser = Parser::default();
            let chunk = line.repeat(1000);
            let took =
                (0..1000).take_while(|_| parser.add(chunk.as_bytes()) && parser.next().is_none()).count();
            assert!(took * chunk.len() <= 2 * MAX_EVENT && took > 100, "{took}");
        }
    }
}
