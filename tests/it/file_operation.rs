//! The step `file_operation`: its operations, and malicious archives.

use std::io::Write;

use serde_json::{Value, json};
use stepwell::engine::StepEnd;

use crate::support::{Running, Site, told, told_by_key};

fn site() -> Site {
    let site = Site::new().file("in/a.csv", "a,b\n1,2\n").file("in/b.csv", "a,b\n").file("in/notes.txt", "x");
    let site =
        site.file("in/sub/c.csv", "c\n").file("in/sub/deep/d.csv", "d\n").file("outside.txt", "not yours");
    std::os::unix::fs::symlink("/etc/hostname", site.path().join("in/link.csv")).unwrap();
    site
}

async fn ready(site: Site) -> Running {
    let grants = "files:
- {mount: /workspace, workspace: 16MiB, access: write}
- {mount: /in, source: in, access: read}";
    site.policy("file_operation", grants).host().await
}

/// Runs steps in one workspace, each whether or not the previous one failed.
async fn steps(site: &Running, steps: Vec<Value>) -> Vec<StepEnd> {
    let named = steps.into_iter().enumerate().map(|(index, mut step)| {
        step["id"] = format!("s{index}").into();
        step["type"] = "file_operation".into();
        step["continue_on_failure"] = true.into();
        step
    });
    let job = json!({"id": "test", "workspace": "16MiB", "steps": named.collect::<Vec<_>>()});
    let state = site.run(&job.to_string()).await;
    state.steps.iter().map(|step| StepEnd::clone(step.end.as_ref().unwrap())).collect()
}

async fn check(site: &Running, cases: Vec<(Value, &str)>) {
    let (given, expected): (Vec<Value>, Vec<&str>) = cases.into_iter().unzip();
    for ((step, end), expected) in given.iter().zip(steps(site, given.clone()).await).zip(expected) {
        assert!(told_by_key(&end).contains(expected), "{step}: {}", told(&end));
    }
}

#[tokio::test]
async fn files_are_copied_moved_listed_checked_and_deleted() {
    let site = ready(site()).await;
    let op = |operation: &str, path: &str, more: Value| {
        let mut step = json!({"operation": operation, "path": path});
        step.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        step
    };
    check(
        &site,
        vec![
            (op("mkdir", "staged/deep", json!({})), "succeeded"),
            (op("copy", "/in/[ab].csv", json!({"to": "staged"})), "\"bytes\":12,\"files\":2"),
            (
                op("copy", "/in/a.csv", json!({"to": "staged/"})),
                "/workspace/staged/a.csv is there: say `overwrite: true`",
            ),
            (op("copy", "/in/a.csv", json!({"to": "staged/", "overwrite": true})), "\"files\":1"),
            (op("copy", "/in/**/*.csv", json!({"to": "all"})), "all/sub/deep/d.csv"),
            (op("copy", "/in/sub", json!({"to": "tree"})), "is a directory: say `recursive: true`"),
            (op("copy", "/in/sub", json!({"to": "tree", "recursive": true})), "tree/deep/d.csv"),
            (op("copy", "tree", json!({"to": "tree/again/x", "recursive": true})), "lies within"),
            (op("copy", "/in/none.csv", json!({"to": "x"})), "there is no such file"),
            (op("copy", "/in/*.none", json!({"to": "x"})), "nothing matches `/in/*.none`"),
            (op("list", "staged", json!({})), "\"path\":\"/workspace/staged/a.csv\",\"type\":\"file\""),
            (op("list", "staged/*.none", json!({})), "succeeded: []"),
            (
                op("list", "/in/**/*", json!({"max_files": 3})),
                "more than 3 files: narrow the path, or raise `max_files`",
            ),
            (
                op("checksum", "/in/a.csv", json!({})),
                "succeeded: \"492d5ea496056f1a6a6592241032fab764c321596317930b4fa0e1e8bc3b7470",
            ),
            (op("checksum", "/in/a.csv", json!({"algorithm": "md5", "expect": "00"})), "its md5 is "),
            (op("checksum", "staged/*.csv", json!({"algorithm": "sha512"})), "/workspace/staged/b.csv"),
            (op("move", "staged/a.csv", json!({"to": "done/2025/a.csv"})), "done/2025/a.csv"),
            (op("move", "staged/*.csv", json!({"to": "done"})), "done/b.csv"),
            (op("move", "staged/a.csv", json!({"to": "x"})), "there is no such file"),
            (op("move", "/in/a.csv", json!({"to": "x"})), "a.csv: "),
            (op("delete", "done", json!({})), "is a directory: say `recursive: true`"),
            (op("delete", "done", json!({"recursive": true})), "\"files\":2"),
            (op("delete", "done", json!({})), "there is no such file"),
            (op("delete", "done", json!({"missing_ok": true})), "\"files\":0"),
            (op("delete", "/in/a.csv", json!({})), "/in/a.csv: "),
            (op("wait", "tree/c.csv", json!({})), "succeeded: {\"bytes\":2"),
            (op("wait", "never", json!({"wait_timeout": 0})), "did not appear in 0 s"),
            // Paths that it must not reach.
            (op("copy", "/in/link.csv", json!({"to": "x"})), "/in/link.csv is not a file"),
            (op("copy", "/in/../outside.txt", json!({"to": "x"})), "/in/../outside.txt: "),
            (op("copy", "../../outside.txt", json!({"to": "x"})), "outside.txt: "),
            (op("copy", "/etc/passwd", json!({"to": "x"})), "/etc/passwd: "),
            (op("list", "x", json!({})), "there is no such file"),
        ],
    )
    .await;
}

#[tokio::test]
async fn what_is_packed_is_unpacked() {
    let site = ready(site()).await;
    for format in ["zip", "tar", "tar.gz", "tar.zst"] {
        let archive = format!("out/all.{format}");
        let ends = steps(
            &site,
            vec![
                json!({"operation": "compress", "path": "/in/**/*.csv", "to": archive}),
                json!({"operation": "extract", "path": archive, "to": "back"}),
                json!({"operation": "checksum", "path": "back/**/*.csv"}),
                json!({"operation": "checksum", "path": "/in/**/[a-d].csv"}),
                json!({"operation": "extract", "path": archive, "to": "back"}),
                json!({"operation": "extract", "path": archive, "to": "few", "max_files": 2}),
                json!({"operation": "extract", "path": archive, "to": "few", "max_bytes": 10}),
            ],
        )
        .await;
        assert_eq!(ends[1].produced.output["files"], 4, "{format}: {} {}", told(&ends[0]), told(&ends[1]));
        let sums = |end: &StepEnd| {
            let sums = end.produced.output.as_object().unwrap();
            sums.values().map(|sum| sum.as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(sums(&ends[2]), sums(&ends[3]), "{format}");
        assert!(told(&ends[4]).contains("is there: say `overwrite: true`"), "{format}: {}", told(&ends[4]));
        assert!(
            told(&ends[5]).contains("more than 2 files: raise `max_files`"),
            "{format}: {}",
            told(&ends[5])
        );
        assert!(
            told(&ends[6]).contains("more than 10 bytes: raise `max_bytes`"),
            "{format}: {}",
            told(&ends[6])
        );
    }
    for format in ["gz", "zst"] {
        let archive = format!("a.csv.{format}");
        check(
            &site,
            vec![
                (json!({"operation": "compress", "path": "/in/a.csv", "to": archive}), "\"files\":1"),
                (json!({"operation": "extract", "path": archive, "to": "one/"}), "/workspace/one/a.csv"),
                (
                    json!({"operation": "compress", "path": "/in/*.csv", "to": archive, "overwrite": true}),
                    "holds one file",
                ),
            ],
        )
        .await;
    }
}

/// One member of a tar archive (POSIX ustar).
fn tar(name: &str, kind: u8, content: &[u8]) -> Vec<u8> {
    let mut header = [0u8; 512];
    let mut put = |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, "0000644");
    put(124, &format!("{:011o}", content.len()));
    put(136, "00000000000");
    put(148, "        ");
    put(157, if kind == b'0' { "" } else { "/etc/passwd" });
    put(257, "ustar\u{0}00");
    header[156] = kind;
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut bytes = header.to_vec();
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

/// A zip archive of one stored member (APPNOTE.TXT 4.3).
fn zip(name: &str, content: &[u8]) -> Vec<u8> {
    let crc = content.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    });
    let (size, length) = (content.len() as u32, name.len() as u16);
    let mut fields = Vec::new();
    for part in
        [&20u16.to_le_bytes()[..], &[0; 8], &(!crc).to_le_bytes(), &size.to_le_bytes(), &size.to_le_bytes()]
    {
        fields.extend(part);
    }
    fields.extend(length.to_le_bytes());
    let mut bytes = b"PK\x03\x04".to_vec();
    bytes.extend(&fields);
    bytes.extend([0, 0]);
    bytes.extend(name.as_bytes());
    bytes.extend(content);
    let directory = bytes.len() as u32;
    bytes.extend(b"PK\x01\x02\x14\0");
    bytes.extend(&fields);
    bytes.extend([0; 16]);
    bytes.extend(name.as_bytes());
    let end = bytes.len() as u32;
    bytes.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    bytes.extend((end - directory).to_le_bytes());
    bytes.extend(directory.to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

#[tokio::test]
async fn an_archive_that_means_harm_writes_nothing() {
    let good = tar("good.txt", b'0', b"fine");
    let ended = |parts: &[Vec<u8>]| [parts.concat(), vec![0; 1024]].concat();
    let mut bomb = Vec::new();
    let mut encoder = std::process::Command::new("gzip");
    let mut child = encoder
        .arg("-c")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        for _ in 0..64 {
            input.write_all(&vec![0; 1 << 20]).unwrap();
        }
    });
    std::io::Read::read_to_end(child.stdout.as_mut().unwrap(), &mut bomb).unwrap();
    writer.join().unwrap();
    child.wait().unwrap();
    let site = site()
        .file("in/slip.zip", zip("../evil.txt", b"x"))
        .file("in/absolute.zip", zip("/workspace/evil.txt", b"x"))
        .file("in/windows.zip", zip("..\\evil.txt", b"x"))
        .file("in/fine.zip", zip("sub/fine.txt", b"x"))
        .file("in/short.zip", &zip("fine.txt", b"x")[..40])
        .file("in/slip.tar", ended(&[good.clone(), tar("a/../../evil.txt", b'0', b"x")]))
        .file("in/absolute.tar", ended(&[good.clone(), tar("/workspace/evil.txt", b'0', b"x")]))
        .file("in/link.tar", ended(&[good.clone(), tar("evil.txt", b'2', b"")]))
        .file("in/hard.tar", ended(&[good.clone(), tar("evil.txt", b'1', b"")]))
        .file("in/device.tar", ended(&[good.clone(), tar("evil.txt", b'3', b"")]))
        .file("in/short.tar", good.get(..514).unwrap())
        .file("in/noise.tar.gz", "this is no archive")
        .file("in/noise.tar.zst", "this is no archive")
        .file("in/bomb.gz", bomb);
    let site = ready(site).await;
    let extract = |name: &str| json!({"operation": "extract", "path": format!("/in/{name}"), "to": "x"});
    check(
        &site,
        vec![
            (extract("slip.zip"), "names `../evil.txt`, which lies outside"),
            (extract("absolute.zip"), "names `/workspace/evil.txt`, which lies outside"),
            (extract("windows.zip"), "which lies outside"),
            (extract("slip.tar"), "names `a/../../evil.txt`, which lies outside"),
            (extract("absolute.tar"), "names `/workspace/evil.txt`, which lies outside"),
            (extract("link.tar"), "holds `evil.txt`, which is neither a file nor a directory"),
            (extract("hard.tar"), "holds `evil.txt`, which is neither a file nor a directory"),
            (extract("device.tar"), "holds `evil.txt`, which is neither a file nor a directory"),
            (extract("short.zip"), "failed: /in/short.zip: "),
            (extract("noise.tar.gz"), "failed: /in/noise.tar.gz: "),
            (extract("noise.tar.zst"), "failed: /in/noise.tar.zst: "),
            (json!({"operation": "list", "path": "x"}), "there is no such file"),
            (json!({"operation": "list", "path": "evil.txt"}), "there is no such file"),
            (extract("short.tar"), "failed: "),
            (
                json!({"operation": "extract", "path": "/in/bomb.gz", "to": "bomb", "max_bytes": 1_000_000}),
                "more than 1000000 bytes",
            ),
            // Without a limit in the step, the workspace's limit applies.
            (json!({"operation": "extract", "path": "/in/bomb.gz", "to": "bomb"}), "bomb: "),
            (json!({"operation": "list", "path": "bomb*"}), "succeeded: []"),
            (extract("fine.zip"), "/workspace/x/sub/fine.txt"),
        ],
    )
    .await;
}

#[tokio::test]
async fn keys_that_an_operation_does_not_take_are_refused() {
    let site = ready(site()).await;
    for (step, expected) in [
        (json!({"operation": "copy", "path": "a"}), "missing key `to`"),
        (json!({"operation": "delete", "path": "a", "to": "b"}), "`delete` does not take `to`"),
        (json!({"operation": "list", "path": "a", "expect": "00"}), "`list` does not take `expect`"),
        (
            json!({"operation": "compress", "path": "a", "to": "b"}),
            "the format does not follow from the extension",
        ),
        (json!({"operation": "burn", "path": "a"}), "`burn` is not a known value"),
    ] {
        let mut step = step;
        step["type"] = "file_operation".into();
        let error =
            site.host.parse("job.yaml", &crate::support::one_step(step)).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
