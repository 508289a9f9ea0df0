//! The command against a service that is hostile: it ends in time, holds little, and shows nothing that steers the
//! terminal.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use stepwell_tests::terminal::Terminal;

use crate::cli::Shell;

/// The work of a server after it has read the head of a request.
type Answer = fn(&mut TcpStream) -> std::io::Result<()>;

/// Starts a server, and returns its URL. It ends with the process.
fn serve(answer: Answer) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut head = BufReader::new(stream.try_clone().unwrap());
                let mut line = String::new();
                while head.read_line(&mut line).is_ok_and(|read| read > 2) {
                    line.clear();
                }
                let _ = answer(&mut stream);
            });
        }
    });
    url
}

/// Sends a whole answer.
fn send(stream: &mut TcpStream, status: &str, kind: &str, body: &[u8]) -> std::io::Result<()> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)
}

fn send_json(stream: &mut TcpStream, body: &serde_json::Value) -> std::io::Result<()> {
    send(stream, "200 OK", "application/json", body.to_string().as_bytes())
}

/// Sends the head of an answer without an end, and then the piece repeatedly.
fn repeat(stream: &mut TcpStream, kind: &str, piece: &[u8], pause: Duration) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nconnection: close\r\n\r\n")?;
    loop {
        stream.write_all(piece)?;
        std::thread::sleep(pause);
    }
}

fn command(url: &str, line: &str, timeout: &str) -> (Shell, Command) {
    let shell = Shell::new().env("STEPWELL_API_KEY", "sw_x").env("STEPWELL_TIMEOUT", timeout);
    let arguments: Vec<String> = line.split(' ').chain(["--server", url]).map(str::to_owned).collect();
    let command = shell.command(&arguments);
    (shell, command)
}

const PAUSE: Duration = Duration::from_millis(100);

/// Each answer that is no answer ends the command with exit code 3 and the reason.
#[test]
fn a_command_ends_whatever_a_service_sends() {
    let cases: &[(&str, &str, &str, Answer, &str)] = &[
        ("silence", "runs list", "1s", |stream| stream.read(&mut [0]).map(drop), "within 1 s"),
        (
            "heads without an end",
            "runs list",
            "1s",
            |stream| loop {
                stream.write_all(b"HTTP/1.1 103 Early Hints\r\n\r\n")?;
                std::thread::sleep(PAUSE);
            },
            "within 1 s",
        ),
        (
            "a body that trickles",
            "runs list",
            "1s",
            |stream| repeat(stream, "application/json", b" ", PAUSE),
            "within 6 s",
        ),
        (
            "a body that stops",
            "runs list",
            "1s",
            |stream| repeat(stream, "application/json", b" ", Duration::from_secs(30)),
            "within 1 s",
        ),
        (
            "a body without an end",
            "runs list",
            "60s",
            |stream| repeat(stream, "application/json", &[b' '; 65536], Duration::ZERO),
            "the server's answer is not at most 67108864 bytes long",
        ),
        (
            "an error without an end",
            "runs list",
            "60s",
            |stream| {
                stream.write_all(b"HTTP/1.1 422 No\r\nconnection: close\r\n\r\n")?;
                loop {
                    stream.write_all(&[b' '; 65536])?;
                }
            },
            "the server's answer is not at most 1048576 bytes long",
        ),
        (
            "a list without an end",
            "runs list --limit 100000",
            "60s",
            |stream| send_json(stream, &json!({"items": [{"execution_id": "a"}], "next_cursor": "x"})),
            "it returns one page repeatedly",
        ),
        (
            "an event without an end",
            "runs logs x --follow",
            "60s",
            |stream| repeat(stream, "text/event-stream", &[b'x'; 65536], Duration::ZERO),
            "a stream of events of at most 8388608 bytes",
        ),
        (
            "an event of lines without an end",
            "runs logs x --follow",
            "60s",
            |stream| repeat(stream, "text/event-stream", &b"data: x\n".repeat(8192), Duration::ZERO),
            "a stream of events of at most 8388608 bytes",
        ),
        (
            "no JSON",
            "runs list",
            "60s",
            |stream| send(stream, "200 OK", "text/html", b"<html>"),
            "the server's answer is not JSON",
        ),
        (
            "a number for a text",
            "runs list",
            "60s",
            |stream| send_json(stream, &json!({"items": [{"execution_id": 5}]})),
            "the server's answer is not `Runs` of the API (`/items/0/execution_id` differs)",
        ),
        (
            "other fields",
            "audit verify",
            "60s",
            |stream| send_json(stream, &json!({"ok": true})),
            "the server's answer is not `AuditReport` of the API",
        ),
        (
            "nothing",
            "runs show x",
            "60s",
            |stream| send(stream, "200 OK", "application/json", b""),
            "the server's answer is not `Run` of the API",
        ),
    ];
    for (name, line, timeout, answer, expected) in cases {
        let (_shell, mut command) = command(&serve(*answer), line, timeout);
        let began = Instant::now();
        let output = command.stdin(Stdio::null()).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{name}: {errors}");
        assert!(errors.contains(expected), "{name}: {errors}");
        assert!(output.stdout.is_empty(), "{name}: {:?}", output.stdout);
        assert!(began.elapsed() < Duration::from_secs(60), "{name}: {:?}", began.elapsed());
    }
}

/// The size of the artifact of [`an_artifact_is_never_held_as_a_whole`].
const LARGE: usize = 400 << 20;

/// An artifact goes through the command piece by piece, unchanged and of any size.
#[test]
fn an_artifact_is_never_held_as_a_whole() {
    let url = serve(|stream| {
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", LARGE + 1)?;
        let piece = b"\x1b[31m\r\n\xff\x00".repeat(1 << 16);
        let mut sent = 0;
        while sent < LARGE {
            let part = &piece[..piece.len().min(LARGE - sent)];
            stream.write_all(part)?;
            sent += part.len();
        }
        // The command waits for the last byte while the test reads its memory.
        std::thread::sleep(Duration::from_secs(5));
        stream.write_all(b"!")
    });
    let (_shell, mut command) = command(&url, "runs artifacts x file", "60s");
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    let mut first = [0; 9];
    out.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"\x1b[31m\r\n\xff\x00");
    let rest =
        std::io::copy(&mut (&mut out).take((LARGE - first.len()) as u64), &mut std::io::sink()).unwrap();
    assert_eq!(rest, (LARGE - first.len()) as u64);
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    let mut last = Vec::new();
    out.read_to_end(&mut last).unwrap();
    assert_eq!((last.as_slice(), child.wait().unwrap().code()), (b"!".as_slice(), Some(0)));
    assert!(peak < 250 << 10, "{peak} KiB");
}

/// A title of the window, colors (with ESC and C1), a carriage return, and a mark that reverses the text.
const STEERS: &str = "\u{1b}]0;pwn\u{7}\u{1b}[31m\u{9b}31m\rFAKE\u{202e}gpj";

/// Nothing that a service sends steers the terminal: errors, lists, logs, artifacts and JSON.
#[test]
fn nothing_from_a_service_steers_the_terminal() {
    let cases: &[(&str, Answer)] = &[
        ("runs list", |stream| {
            let problem = json!({"detail": STEERS, "errors": [{"message": STEERS, "help": STEERS}]});
            send(stream, "422 No", "application/problem+json", problem.to_string().as_bytes())
        }),
        ("runs show x", |stream| {
            let problem = json!({ "detail": STEERS });
            send(stream, "404 No", "application/problem+json", problem.to_string().as_bytes())
        }),
        ("runs cancel a b", |stream| {
            let problem = json!({ "detail": STEERS });
            send(stream, "404 No", "application/problem+json", problem.to_string().as_bytes())
        }),
        ("runs show x", |stream| {
            let run = json!({"execution_id": STEERS, "status": STEERS, "message": STEERS,
                "steps": [{"step_id": STEERS, "value": {STEERS: STEERS}, "value_truncated": true}]});
            send_json(stream, &run)
        }),
        ("runs list --output json", |stream| {
            send_json(stream, &json!({"items": [{"execution_id": STEERS}]}))
        }),
        ("runs list", |stream| send_json(stream, &json!({"items": [{"execution_id": STEERS}]}))),
        ("audit verify", |stream| {
            send_json(stream, &json!({"intact": false, "head": STEERS, "broken": {"why": STEERS}}))
        }),
        ("runs logs x", |stream| send(stream, "200 OK", "text/plain", STEERS.as_bytes())),
        ("runs artifacts x file", |stream| {
            send(stream, "200 OK", "application/octet-stream", STEERS.as_bytes())
        }),
        ("runs list", |stream| {
            let head = "HTTP/1.1 302 Found\r\nlocation: http://x/\u{9b}31m\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(head.as_bytes())
        }),
    ];
    for (line, answer) in cases {
        let (_shell, mut command) = command(&serve(*answer), line, "30s");
        // Without colors, the command itself sends no ESC.
        command.env("NO_COLOR", "1");
        let (_, screen) = Terminal::start(command, 200).unwrap().end().unwrap();
        // The terminal ends each line with CR LF.
        let shown = screen.replace("\r\n", "\n");
        let steering =
            shown.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t') || *c == '\u{202e}');
        assert_eq!(steering, None, "{line}: {screen:?}");
        assert!(!shown.trim().is_empty(), "{line}");
    }
}
