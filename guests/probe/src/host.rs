//! Makes a host hold memory or do work for a guest.

use std::fs;
use std::hint::black_box;
use std::io::{Seek, SeekFrom, Write};

use stepwell_sdk::prelude::{context, log};
use wasip2::http::types::{Fields, Method, OutgoingRequest};

/// Makes the host hold `count` objects at the same time, and returns the number that it actually held.
pub fn hold(what: &str, count: usize, path: &str) -> usize {
    match what {
        // Bodies of requests that are never sent, each filled to its limit.
        "bodies" => (0..count).map(|_| body()).collect::<Vec<_>>().len(),
        // The same bodies, one after the other.
        "dropped bodies" => (0..count).map(|_| drop(body())).count(),
        // Header fields, each at its maximum size.
        "fields" => (0..count).map(|_| fields(15)).collect::<Vec<_>>().len(),
        "large fields" => (0..count).map(|_| fields(20)).collect::<Vec<_>>().len(),
        // Requests with long methods and long URLs that are never sent.
        "methods" => (0..count).map(|_| request("M".repeat(1 << 20).as_str(), "/")).collect::<Vec<_>>().len(),
        "urls" => {
            (0..count).map(|_| request("GET", &format!("/{}", "u".repeat(60_000)))).collect::<Vec<_>>().len()
        }
        "names" => {
            for number in 0..1_000 {
                let _ = fs::File::create(format!("{path}/{number:0200}"));
            }
            hold("lists", count, path)
        }
        "lists" => (0..count).map_while(|_| fs::read_dir(path).ok()).collect::<Vec<_>>().len(),
        // Small numbers take many times the size of their text.
        _ => (0..count).take_while(|_| context::set_variable("seen", &vec![0; 2_000_000]).is_ok()).count(),
    }
}

fn body() -> OutgoingRequest {
    let request = OutgoingRequest::new(Fields::new());
    if let Ok(body) = request.body()
        && let Ok(stream) = body.write()
    {
        let piece = vec![0; 1 << 20];
        while let Ok(room @ 1..) = stream.check_write() {
            if stream.write(&piece[..piece.len().min(room as usize)]).is_err() {
                break;
            }
        }
    }
    request
}

fn request(method: &str, path: &str) -> OutgoingRequest {
    let request = OutgoingRequest::new(Fields::new());
    let _ = request.set_method(&Method::Other(method.to_owned()));
    let _ = request.set_path_with_query(Some(path));
    request
}

fn fields(count: usize) -> Fields {
    let fields = Fields::new();
    for number in 0..count {
        // A field that does not fit ends the attempt.
        let _ = fields.append(&format!("x-{number}"), &[b'x'; 1_000]);
    }
    fields
}

/// Runs `count` random operations on a few files, through several handles per file. Then removes all of them,
/// and returns the number of bytes that fit afterwards.
pub fn shuffle(path: &str, seed: u64, count: u64) -> u64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut random = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let name = |n: u64| format!("{path}/f{n}");
    let mut open: Vec<fs::File> = Vec::new();
    let piece = vec![1; 64 << 10];
    for _ in 0..count {
        let (one, other, size) = (random(6), random(6), random(300 << 10));
        let handle = if open.is_empty() { None } else { Some(random(open.len() as u64) as usize) };
        // Failed operations are fine: this tests the host's accounting.
        match (random(9), handle) {
            (0 | 1, _) if open.len() < 12 => {
                let options =
                    fs::OpenOptions::new().write(true).create(true).truncate(other == 0).open(name(one));
                open.extend(options);
            }
            (2 | 3, Some(handle)) => {
                let _ = open[handle].seek(SeekFrom::Start(size));
                let _ = open[handle].write_all(&piece[..random(64 << 10) as usize]);
            }
            (4, Some(handle)) => drop(open[handle].set_len(size)),
            (5, Some(handle)) => drop(open.swap_remove(handle)),
            (6, _) => drop(fs::remove_file(name(one))),
            (7, _) => drop(fs::rename(name(one), name(other))),
            _ => drop(fs::create_dir(format!("{path}/d{one}"))),
        }
    }
    if count % 2 == 1 {
        return 0;
    }
    drop(open);
    for n in 0..6 {
        let _ = fs::remove_file(name(n));
        let _ = fs::remove_dir(format!("{path}/d{n}"));
    }
    let mut fits = 0;
    if let Ok(mut file) = fs::File::create(name(0)) {
        while file.write_all(&piece[..1 << 10]).is_ok() {
            fits += 1 << 10;
        }
    }
    fits
}

/// Creates nested directories, moves one chain below the other, and returns the resulting number of levels.
pub fn descend(path: &str) -> usize {
    let mut levels = 0;
    let mut at = path.to_owned();
    while fs::create_dir(format!("{at}/d")).is_ok() {
        at.push_str("/d");
        levels += 1;
    }
    let _ = fs::create_dir(format!("{path}/e"));
    let _ = fs::create_dir(format!("{path}/e/e"));
    if fs::rename(format!("{path}/e"), format!("{at}/e")).is_ok() {
        levels += 2;
    }
    levels
}

/// Makes the host work `count` times, or for as long as possible when `count` is 0.
pub fn work(what: &str, count: usize) -> usize {
    let many = vec![("", ""); 80_000];
    let value = vec![7; 200_000];
    let pollables: Vec<_> =
        (0..2_000).map(|_| wasip2::clocks::monotonic_clock::subscribe_duration(0)).collect();
    let pollables: Vec<_> = pollables.iter().collect();
    for done in 1.. {
        match what {
            "log" => log::write(log::Level::Info, "", &many),
            "random" => drop(black_box(wasip2::random::random::get_random_bytes(64 << 10))),
            "poll" => drop(black_box(wasip2::io::poll::poll(&pollables))),
            "variable" => drop(black_box(context::set_variable("seen", &value))),
            "output" => drop(black_box(context::output("first"))),
            _ => drop(black_box(context::memory_limit())),
        }
        if done == count {
            break;
        }
    }
    count
}
