//! What makes a host hold memory for a guest, or work for it.

use std::fs;
use std::hint::black_box;

use stepwell_sdk::prelude::{context, log};
use wasip2::http::types::{Fields, OutgoingRequest};

/// Makes the host hold something `count` times, all at the same time; how many there came to be.
pub fn hold(what: &str, count: usize, path: &str) -> usize {
    match what {
        // Bodies of requests that are never sent, each filled as far as it goes.
        "bodies" => (0..count).map(|_| body()).collect::<Vec<_>>().len(),
        // Header fields, each as large as it may be.
        "fields" => (0..count).map(|_| fields(15)).collect::<Vec<_>>().len(),
        "large fields" => (0..count).map(|_| fields(20)).collect::<Vec<_>>().len(),
        "lists" => (0..count).map_while(|_| fs::read_dir(path).ok()).collect::<Vec<_>>().len(),
        // Small numbers take many times their text.
        _ => (0..count).take_while(|_| context::set_variable("seen", &vec![0; 2_000_000]).is_ok()).count(),
    }
}

fn body() -> OutgoingRequest {
    let request = OutgoingRequest::new(Fields::new());
    if let Ok(body) = request.body() {
        if let Ok(stream) = body.write() {
            let piece = vec![0; 1 << 20];
            while let Ok(room @ 1..) = stream.check_write() {
                if stream.write(&piece[..piece.len().min(room as usize)]).is_err() {
                    break;
                }
            }
        }
    }
    request
}

fn fields(count: usize) -> Fields {
    let fields = Fields::new();
    for number in 0..count {
        // What does not fit ends the attempt.
        let _ = fields.append(&format!("x-{number}"), &[b'x'; 1_000]);
    }
    fields
}

/// Makes the host work for as long as it lets itself be made.
pub fn work(what: &str) -> ! {
    let many = vec![("", ""); 80_000];
    let value = vec![7; 200_000];
    let pollables: Vec<_> =
        (0..2_000).map(|_| wasip2::clocks::monotonic_clock::subscribe_duration(0)).collect();
    let pollables: Vec<_> = pollables.iter().collect();
    loop {
        match what {
            "log" => log::write(log::Level::Info, "", &many),
            "random" => drop(black_box(wasip2::random::random::get_random_bytes(64 << 10))),
            "poll" => drop(black_box(wasip2::io::poll::poll(&pollables))),
            "variable" => drop(black_box(context::set_variable("seen", &value))),
            "output" => drop(black_box(context::output("first"))),
            _ => drop(black_box(context::memory_limit())),
        }
    }
}
