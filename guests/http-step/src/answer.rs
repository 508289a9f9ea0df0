//! Turns a response into an output, a file, or the items of many pages.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};

use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use stepwell_sdk::http::Incoming;
use stepwell_sdk::prelude::serde_json::{Map, Value, json};
use stepwell_sdk::text::counted;
use stepwell_sdk::{Failure, Output, values};
use url::Url;

use crate::charset::text;
use crate::config::{Http, Pages, failed, path};
use crate::exchange::{Exchange, Stop, next_page, shown};

/// The facts about a response other than its body.
struct Facts {
    status: u16,
    url: Url,
    headers: Map<String, Value>,
}

impl Facts {
    fn of(answer: &Incoming, url: Url) -> Self {
        let mut headers: Map<String, Value> = Map::new();
        for (name, value) in answer.headers() {
            let name = name.to_ascii_lowercase();
            match headers.get_mut(&name) {
                Some(Value::String(before)) => *before = format!("{before}, {value}"),
                _ => drop(headers.insert(name, value.into())),
            }
        }
        Self { status: answer.status, url, headers }
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

/// Runs the exchange and builds the output.
pub fn collect(step: &Http, exchange: &mut Exchange<'_>) -> Result<Output, Stop> {
    let url = step.url().map_err(|why| Stop::from(Failure::invalid_config(why)))?;
    if let Some(pages) = &step.pages {
        return all_pages(step, pages, url, exchange);
    }
    let (answer, from) = exchange.get(url)?;
    let facts = Facts::of(&answer, from);
    if let Some(file) = &step.save_to {
        let file = path(file);
        let bytes = save(decoded(answer)?, &file).map_err(|error| broken(&format!("{file}: "), &error))?;
        let value = json!({"file": file, "bytes": bytes});
        return Ok(output(&facts, bytes, exchange).value(value).metadata("file", file));
    }
    let (value, bytes) = read(step, answer, &facts, step.max_bytes)?;
    Ok(output(&facts, bytes, exchange).value(extract(step, value)?))
}

fn output(facts: &Facts, bytes: u64, exchange: &Exchange<'_>) -> Output {
    Output::new(format!("{} answered {}, {}", shown(&facts.url), facts.status, counted(bytes, "byte")))
        .metadata("status", facts.status)
        .metadata("url", shown(&facts.url))
        .metadata("headers", facts.headers.clone())
        .metadata("bytes", bytes)
        .metadata("retries", exchange.retries)
}

/// Reads a body as JSON if its type says so, otherwise as text. Also returns its number of bytes.
fn read(step: &Http, answer: Incoming, facts: &Facts, limit: u64) -> Result<(Value, u64), Stop> {
    let mut body = Vec::new();
    let more = decoded(answer)?.take(limit.saturating_add(1)).read_to_end(&mut body);
    more.map_err(|error| broken("", &error))?;
    if body.len() as u64 > limit {
        let max = step.max_bytes;
        return Err(failed(format!(
            "the answer is larger than {max} bytes: raise `max_bytes`, or use `save_to`"
        )));
    }
    let kind = facts.header("content-type").split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let bytes = body.len() as u64;
    if body.is_empty() {
        return Ok((Value::Null, 0));
    }
    if kind == "application/json" || kind.ends_with("+json") {
        let value = values::read_json(&text(&body, facts.header("content-type"))?).map_err(|error| {
            let why = values::json_problem(&error);
            failed(format!("the answer of {} says that it is {kind}, and is not: {why}", shown(&facts.url)))
        })?;
        return Ok((value, bytes));
    }
    Ok((text(&body, facts.header("content-type"))?.into(), bytes))
}

/// Returns the body, decompressed if the server compressed it without being asked.
fn decoded(answer: Incoming) -> Result<Box<dyn Read>, Stop> {
    let codings = answer.header("content-encoding").unwrap_or_default().to_ascii_lowercase();
    let mut answer = BufReader::new(answer);
    // A response without a body, such as the response to HEAD, is not compressed, whatever its headers say.
    if answer.fill_buf().map_err(|error| broken("", &error))?.is_empty() {
        return Ok(Box::new(io::empty()));
    }
    let mut body: Box<dyn BufRead> = Box::new(answer);
    // The last coding in the list was applied last (RFC 9110).
    for coding in codings.split(',').map(str::trim).rev() {
        body = match coding {
            "" | "identity" => body,
            "gzip" | "x-gzip" => Box::new(BufReader::new(MultiGzDecoder::new(body))),
            // Some servers send it with the zlib header, as the standard says, and some without.
            "deflate" => {
                let start = body.fill_buf().map_err(|error| broken("", &error))?;
                let framed = matches!(start, [first, second, ..] if has_frame(*first, *second));
                match framed {
                    true => Box::new(BufReader::new(ZlibDecoder::new(body))),
                    false => Box::new(BufReader::new(DeflateDecoder::new(body))),
                }
            }
            other => {
                return Err(failed(format!(
                    "the answer is compressed as `{other}`; the step reads gzip and deflate: ask for one of these with the header `Accept-Encoding`"
                )));
            }
        };
    }
    Ok(Box::new(body))
}

/// Returns whether two bytes begin a zlib stream (RFC 1950).
fn has_frame(first: u8, second: u8) -> bool {
    first & 15 == 8 && (u16::from(first) << 8 | u16::from(second)).is_multiple_of(31)
}

/// Returns the beginning of a response body for people, without the parts that cannot be read.
pub fn beginning(answer: Incoming, most: u64) -> String {
    let content_type = answer.header("content-type").unwrap_or_default().to_owned();
    let Ok(body) = decoded(answer) else { return String::new() };
    let mut bytes = Vec::new();
    // Shows the bytes that arrived before the connection broke.
    let _ = body.take(most).read_to_end(&mut bytes);
    text(&bytes, &content_type).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned())
}

/// Explains why a body could not be read or saved. After a broken connection, the next attempt may succeed.
fn broken(place: &str, error: &io::Error) -> Stop {
    if error.kind() == io::ErrorKind::Other && error.get_ref().is_some() {
        return Stop::from(Failure::unavailable(error.to_string()));
    }
    let why = match error.kind() {
        io::ErrorKind::UnexpectedEof => "the answer ends within its compressed data".to_owned(),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            "the answer is not compressed as its `Content-Encoding` says".to_owned()
        }
        other => other.to_string(),
    };
    failed(format!("{place}{why}"))
}

fn extract(step: &Http, value: Value) -> Result<Value, Stop> {
    if step.extract.is_empty() {
        return Ok(value);
    }
    let mut found = Map::new();
    for (name, pointer) in &step.extract {
        let part = value.pointer(pointer).ok_or_else(|| {
            failed(format!("`extract`: the answer has nothing at `{pointer}` for `{name}`"))
        })?;
        found.insert(name.clone(), part.clone());
    }
    Ok(found.into())
}

fn all_pages(step: &Http, pages: &Pages, url: Url, exchange: &mut Exchange<'_>) -> Result<Output, Stop> {
    let (mut next, mut items, mut total, mut count) = (Some(url), Vec::new(), 0, 0u32);
    let mut last = None;
    while let Some(url) = next.take() {
        if count == pages.limit {
            return Err(failed(format!(
                "the list has more than {}: raise `pages.limit`",
                counted(count.into(), "page")
            )));
        }
        let (answer, from) = exchange.get(url)?;
        let facts = Facts::of(&answer, from);
        let (value, bytes) = read(step, answer, &facts, step.max_bytes - total)?;
        (total, count) = (total + bytes, count + 1);
        exchange.begun = true;
        let place = &pages.items;
        match value.pointer(place).cloned() {
            Some(Value::Array(more)) => items.extend(more),
            _ => {
                return Err(failed(format!(
                    "page {count} has no list at `{place}`: say where in `pages.items`"
                )));
            }
        }
        if let Some(link) = next_page(facts.header("link")) {
            let joined = facts.url.join(link);
            next = Some(joined.map_err(|error| failed(format!("the next page is at `{link}`: {error}")))?);
        }
        last = Some(facts);
    }
    let facts = last.ok_or_else(|| failed("there was no page"))?;
    let items = extract(step, items.into())?;
    Ok(output(&facts, total, exchange).value(items).metadata("pages", count))
}

/// Writes the body to a temporary file next to the target, and renames it when it is complete.
fn save(mut answer: Box<dyn Read>, file: &str) -> io::Result<u64> {
    let part = format!("{file}.part");
    let written = (|| {
        let mut to = BufWriter::with_capacity(64 << 10, File::create(&part)?);
        let bytes = io::copy(&mut answer, &mut to)?;
        to.flush()?;
        drop(to);
        fs::rename(&part, file)?;
        Ok(bytes)
    })();
    if written.is_err() {
        // The file may not exist.
        let _ = fs::remove_file(&part);
    }
    written
}
