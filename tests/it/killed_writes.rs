//! The command is killed in the middle of a file that it writes: the old file stays, or there is none.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output, Stdio};

use crate::cli::Shell;

/// The signal of a process that writes more than its limit allows.
const SIGXFSZ: i32 = 25;

/// Runs `stepwell secrets` with a value on standard input, and a limit on the size of files in blocks of 512 or 1024
/// bytes.
fn secrets(shell: &Shell, limit: &str, arguments: &[&str], value: &str) -> Output {
    let all: Vec<String> = ["secrets"]
        .iter()
        .chain(arguments)
        .chain(&["--config", "store.yaml"])
        .map(|a| (*a).to_owned())
        .collect();
    let inner = shell.command(&all);
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -c 0; ulimit -f {limit}; exec \"$0\" \"$@\"")]);
    command.arg(inner.get_program()).args(inner.get_args()).current_dir(shell.path(""));
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), value.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn secrets_stay_readable_when_the_command_is_killed_while_it_writes() {
    let shell = Shell::new().file("store.yaml", "secret_store: {file: secrets.json, key: key}\n");
    let done = |output: &Output| assert!(output.status.success(), "{output:?}");
    let killed = |output: &Output| assert_eq!(output.status.signal(), Some(SIGXFSZ), "{output:?}");
    // In the key: the next command makes another one.
    killed(&secrets(&shell, "0", &["set", "first"], "one"));
    assert!(shell.path("secrets.lock").exists(), "it was about to write");
    assert!(!shell.path("key").exists() && !shell.path("secrets.json").exists());
    done(&secrets(&shell, "unlimited", &["set", "first"], "one"));
    // In the file of secrets, of which some kilobytes would be cut off.
    let before = fs::read(shell.path("secrets.json")).unwrap();
    killed(&secrets(&shell, "1", &["set", "second"], &"x".repeat(8000)));
    assert_eq!(fs::read(shell.path("secrets.json")).unwrap(), before);
    done(&secrets(&shell, "unlimited", &["set", "second"], "two"));
    let listed = secrets(&shell, "unlimited", &["list"], "");
    done(&listed);
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.contains("first") && listed.contains("second"), "{listed}");
}
