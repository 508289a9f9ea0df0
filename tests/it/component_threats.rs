//! Malicious components: attacks on the process that compiles or registers them.

use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use stepwell_tests::guest;

use crate::cli::Shell;
use crate::server::Server;
use crate::support::{Site, told};

/// Encodes an unsigned number in LEB128.
fn leb(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [vec![id], leb(content.len()), content.to_vec()].concat()
}

fn component(sections: &[u8]) -> Vec<u8> {
    [b"\0asm\x0d\0\x01\0", sections].concat()
}

/// Makes a component with one module of `count` functions, each with `locals` variables and `ifs` `if`s that
/// set one of them.
fn functions(count: usize, locals: usize, ifs: usize) -> Vec<u8> {
    let branch = |at: usize| {
        let variable = leb(at % locals);
        [&[0x20][..], &variable, &[0x04, 0x40, 0x41], &leb(at % 60), &[0x21], &variable, &[0x0b]].concat()
    };
    let branches: Vec<u8> = (0..ifs).flat_map(branch).collect();
    let body = [vec![1], leb(locals), vec![0x7f], branches, vec![0x0b]].concat();
    let body = [leb(body.len()), body].concat();
    let module = [
        b"\0asm\x01\0\0\0".to_vec(),
        section(1, &[1, 0x60, 0, 0]),
        section(3, &[leb(count), vec![0; count]].concat()),
        section(10, &[leb(count), body.repeat(count)].concat()),
    ]
    .concat();
    component(&section(1, &module))
}

/// The compiling process ends when its time runs out, whatever the component contains.
#[test]
fn a_compilation_that_takes_too_long_ends_with_its_process() {
    let program = Shell::new().command(&[]).get_program().to_owned();
    let mut child = Command::new(program)
        .args(["compile-for-parent", "1", "10", "1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(&functions(1, 8000, 8000)).unwrap();
    drop(pipe);
    let started = Instant::now();
    let status = child.wait().unwrap();
    // SIGXCPU.
    assert_eq!(status.signal(), Some(24), "{status}");
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
}

/// The resident memory of a process in MiB.
fn memory(id: i32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() >> 10
}

#[tokio::test]
async fn no_component_stops_the_service_that_it_is_sent_to() {
    let server = Server::start_without_probe(Shell::new(), "");
    let hello = std::fs::read(guest("hello_step")).unwrap();
    let mut nested = component(&[]);
    for _ in 0..20 {
        nested = component(&section(4, &nested));
    }
    let mut cases = vec![
        ("many functions".to_owned(), functions(150_001, 0, 0), "the limit is 150000"),
        ("one function that takes a minute".to_owned(), functions(1, 8000, 8000), "8000 local variables"),
        ("components in components".to_owned(), nested, "components inside of each other"),
        ("nothing in it".to_owned(), component(&[]), "the component is not a step"),
        ("a type without end".to_owned(), component(&section(7, &[0xff; 200])), "the component is not valid"),
    ];
    for part in 1..8 {
        let prefix = hello[..hello.len() * part / 8].to_vec();
        cases.push((format!("{part} eighths of a step"), prefix, "the component is not valid"));
    }
    // Flipped bits: the component may be refused or still be a step.
    for seed in 1..12 {
        let mut wasm = hello.clone();
        for index in 1..4 {
            let at = (seed * 7_919 * index * 31) % wasm.len();
            wasm[at] ^= 1 << (seed % 8);
        }
        cases.push((format!("the flipped bits {seed}"), wasm, ""));
    }
    let before = memory(server.id());
    for (what, wasm, expected) in &cases {
        let reply = server.post_bytes("/api/v2/steps", wasm).await;
        assert!(reply.body.contains(expected), "{what}: {reply:?}");
        assert!(reply.status == 422 || expected.is_empty(), "{what}: {reply:?}");
        assert!(reply.status < 500, "{what}: {reply:?}");
        // A repeated request is refused without compiling again.
        let started = Instant::now();
        assert_eq!(server.post_bytes("/api/v2/steps", wasm).await.status, reply.status, "{what}");
        assert!(started.elapsed() < Duration::from_secs(5), "{what}: {:?}", started.elapsed());
    }
    assert_eq!(server.get("/healthz").await.status, 200);
    let grown = memory(server.id()).saturating_sub(before);
    assert!(grown < 96, "{grown} MiB");
    // A plain step can be registered. (A step with flipped bits may have taken the name of the other.)
    let probe = std::fs::read(guest("probe")).unwrap();
    assert_eq!(server.post_bytes("/api/v2/steps", &probe).await.status, 201);
}

/// Adds core modules to a step, each an instance with a memory.
fn with_memories(step: &[u8], more: usize) -> Vec<u8> {
    with_modules(step, more, &section(5, &[1, 0, 1]))
}

/// The step with more core modules of these sections beside its own, each with an instance.
fn with_modules(step: &[u8], more: usize, sections: &[u8]) -> Vec<u8> {
    let mut modules = 0;
    let mut rest = &step[8..];
    while let [id, tail @ ..] = rest {
        let bytes = tail.iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
        let size = tail[..bytes].iter().rev().fold(0, |size, byte| size << 7 | usize::from(byte & 0x7f));
        modules += usize::from(*id == 1);
        rest = &tail[bytes + size..];
    }
    let module = [b"\0asm\x01\0\0\0", sections].concat();
    let instances = (modules..modules + more).flat_map(|module| [vec![0], leb(module), vec![0]].concat());
    let instances = section(2, &[leb(more), instances.collect()].concat());
    [step, &section(1, &module).repeat(more), &instances].concat()
}

/// A policy can grant tables up to the ceiling: the allocator has room for them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_of_the_ceiling_fit() {
    let probe = std::fs::read(guest("probe")).unwrap();
    for (limits, tables, elements, runs) in [
        ("{}", 1, 10_000, true),
        ("{}", 1, 30_000, false),
        ("{table_elements: 200_000}", 1, 150_000, true),
        ("{tables: 32, table_elements: 200_000}", 20, 100, true),
        ("{tables: 8}", 20, 100, false),
    ] {
        let site = Site::new().probe_policy(&format!("limits: {limits}"), "").host().await;
        let table = [vec![0x70, 0], leb(elements)].concat();
        let sections = section(4, &[leb(tables), table.repeat(tables)].concat());
        site.host.register(with_modules(&probe, 1, &sections)).await.unwrap();
        let end = site.probe("nap", json!({"count": 1, "text": "awake"})).await;
        assert_eq!(end.outcome.is_success(), runs, "{limits}, {tables} x {elements}: {}", told(&end));
    }
}

/// Attempts wait for slots of the allocator, and do not fail without them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn steps_with_many_memories_take_none_from_others() {
    let site = Site::new().probe_policy("limits: {wall: 20s}", "service: {workers: 8}").host().await;
    let probe = std::fs::read(guest("probe")).unwrap();
    site.host.register(with_memories(&probe, 6)).await.unwrap();
    let site = Arc::new(site);
    let sleeping = (0..400).map(|_| {
        let site = site.clone();
        tokio::spawn(async move { site.probe("nap", json!({"count": 1500, "text": "awake"})).await })
    });
    for attempt in sleeping.collect::<Vec<_>>() {
        let end = attempt.await.unwrap();
        assert_eq!(told(&end), "succeeded: \"awake\"");
    }
}

/// A job whose steps' own checks never end is refused in time, and the service works meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn checks_of_steps_that_never_end_are_stopped() {
    let server = Server::start(Shell::new());
    let steps: Vec<_> = (0..50)
        .map(|n| json!({"id": format!("s{n}"), "type": "probe", "case": "spin", "text": "while checking"}))
        .collect();
    let job = json!({"job": {"id": "checks", "steps": steps}});
    let started = Instant::now();
    let asked = server.post("/api/v2/jobs/execute", &job);
    let mut asked = std::pin::pin!(asked);
    let reply = loop {
        tokio::select! {
            reply = &mut asked => break reply,
            () = tokio::time::sleep(Duration::from_millis(200)) => {}
        }
        let before = Instant::now();
        assert_eq!(server.get("/healthz").await.status, 200);
        assert!(before.elapsed() < Duration::from_secs(2), "{:?}", before.elapsed());
    };
    assert!(started.elapsed() < Duration::from_secs(28), "{:?}", started.elapsed());
    assert_eq!(reply.status, 422, "{reply:?}");
    assert!(reply.body.contains("failed while it checked its configuration"), "{reply:?}");
    assert!(reply.body.contains("own checks of this job take more than 20 s"), "{reply:?}");
}
