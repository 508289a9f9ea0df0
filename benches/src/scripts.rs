//! Scripts of the step `powershell`: in the sandbox, in the same interpreter built for this machine, and the
//! same work in `python3`. The step counts the time of the work alone (from its receipt); the others count
//! the whole process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stepwell::Host;
use stepwell::engine::run::RunView;

use crate::{Result, median};

/// The work in PowerShell and in Python.
const WORK: [(&str, &str, &str); 5] = [
    ("nothing", "1", "1"),
    (
        "1,000,000 additions",
        "$s = 0; for ($i = 0; $i -lt 1000000; $i++) { $s += $i }; $s",
        "def main():\n    s = 0\n    i = 0\n    while i < 1000000:\n        s += i\n        i += 1\n    print(s)\nmain()",
    ),
    (
        "200,000 concatenations",
        "$t = ''; for ($i = 0; $i -lt 200000; $i++) { $t += \"item $i;\" }; $t.Length",
        "def main():\n    t = ''\n    for i in range(200000):\n        t += f'item {i};'\n    print(len(t))\nmain()",
    ),
    (
        "200,000 matches",
        "$n = 0; for ($i = 0; $i -lt 200000; $i++) { if (\"row-$i-x\" -match '^row-(\\d+)-x$') { $n += [int]$Matches[1] % 7 } }; $n",
        "import re\ndef main():\n    n = 0\n    for i in range(200000):\n        m = re.match(r'^row-(\\d+)-x$', f'row-{i}-x', re.I)\n        if m:\n            n += int(m[1]) % 7\n    print(n)\nmain()",
    ),
    (
        "CSV of 200,000 rows: read, filter, group, write",
        "Import-Csv /work/rows.csv | Where-Object { [int]$_.count -gt 50 } | Group-Object region | ForEach-Object { [pscustomobject]@{ region = $_.Name; n = $_.Count; total = ($_.Group | Measure-Object count -Sum).Sum } } | Sort-Object region | Export-Csv /work/out.csv; 'done'",
        "import csv\ng = {}\nwith open('rows.csv', newline='') as f:\n    for r in csv.DictReader(f):\n        if int(r['count']) > 50:\n            g.setdefault(r['region'], []).append(r)\nwith open('out.csv', 'w', newline='') as f:\n    w = csv.writer(f)\n    w.writerow(['region', 'n', 'total'])\n    for k in sorted(g):\n        w.writerow([k, len(g[k]), sum(int(r['count']) for r in g[k])])\nprint('done')",
    ),
];

const TIMES: usize = 5;

pub fn run() -> Result {
    let dir = stepwell_tests::root().join("target/bench-scripts");
    fs::create_dir_all(&dir)?;
    rows(&dir.join("rows.csv"))?;
    let native = native()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let policy = dir.join("policy.json");
    fs::write(&policy, policy_of(&dir).to_string())?;
    let host = Host::builder()
        .policy_file(&policy)
        .cache_dir(stepwell_tests::root().join("target/bench-cache"))
        .build()?;
    let size = host.sandbox().component("powershell").map_or(0, |wasm| wasm.len());
    let python3 = interpreter();
    println!("the guest: {:.1} MB", size as f64 / 1e6);
    println!("median of {TIMES}, in milliseconds (the step as a multiple of the other):");
    for (name, script, python) in WORK {
        let own = median((0..TIMES).map(|_| runtime.block_on(step(&host, script))).collect::<Result<_>>()?);
        fs::write(dir.join("script.ps1"), script)?;
        fs::write(dir.join("script.py"), python)?;
        let mut line = format!("  {name}: step {:.1}", milliseconds(own));
        let mut commands = [("native", Command::new(&native)), ("python3", Command::new(&python3))];
        for ((peer, command), file) in commands.iter_mut().zip(["script.ps1", "script.py"]) {
            // Skip the site packages that load at each start of Python.
            if file.ends_with(".py") {
                command.args(["-I", "-S"]);
            }
            command.arg(file).current_dir(&dir).stdin(Stdio::null()).stdout(Stdio::null());
            let times = (0..TIMES).map(|_| timed(command)).collect::<Result<Vec<_>>>();
            match times.map(median) {
                Ok(other) => line.push_str(&format!(
                    ", {peer} {:.1} ({:.2}x)",
                    milliseconds(other),
                    own.as_secs_f64() / other.as_secs_f64()
                )),
                Err(_) => line.push_str(&format!(", {peer}: skipped, it does not run here")),
            }
        }
        println!("{line}");
    }
    Ok(())
}

/// Returns the interpreter itself, because `python3` may be a script that searches for it.
fn interpreter() -> PathBuf {
    let found = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output();
    let path = found.ok().and_then(|output| String::from_utf8(output.stdout).ok());
    path.map_or_else(|| "python3".into(), |path| path.trim().into())
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn policy_of(dir: &Path) -> Value {
    json!({"policy": 1, "name": "bench", "steps": ["powershell"], "profile": "large",
        "limits": {"fuel": 1_000_000_000_000u64},
        "files": [{"mount": "/work", "source": dir, "access": "write"}]})
}

async fn step(host: &Host, script: &str) -> Result<Duration> {
    let job = json!({"id": "bench", "steps": [{"id": "s", "type": "powershell", "script": script}]});
    let parsed = host.parse("bench", &job.to_string()).await?;
    let view: RunView = host.run(parsed.job, Default::default()).await?;
    let step = view.steps.first().ok_or("no step")?;
    if !view.success {
        return Err(step.output.clone().into());
    }
    Ok(Duration::from_micros(step.receipt.as_ref().map_or(0, |receipt| receipt.run_us)))
}

fn timed(command: &mut Command) -> Result<Duration> {
    let started = Instant::now();
    let status = command.status()?;
    let time = started.elapsed();
    if status.success() { Ok(time) } else { Err(format!("{status}").into()) }
}

/// Returns the interpreter built for this machine.
fn native() -> Result<PathBuf> {
    let root = stepwell_tests::root();
    let version = Command::new("rustc").arg("-vV").output()?;
    let version = String::from_utf8(version.stdout)?;
    let target = version.lines().find_map(|line| line.strip_prefix("host: ")).ok_or("rustc names no host")?;
    let built = Command::new("cargo")
        .args(["build", "--quiet", "--locked", "--release", "--package", "ps-lang", "--example", "run"])
        .args(["--target", target])
        .current_dir(root.join("powershell"))
        .env("CARGO_TARGET_DIR", root.join("target/guests-native"))
        .status()?;
    if !built.success() {
        return Err("the native interpreter does not build".into());
    }
    Ok(root.join("target/guests-native").join(target).join("release/examples/run"))
}

fn rows(path: &Path) -> Result {
    if path.exists() {
        return Ok(());
    }
    let mut text = String::from("id,region,count,name\n");
    for id in 0..200_000 {
        let region = ["north", "south", "east", "west", "centre"][id % 5];
        text.push_str(&format!("{id},{region},{},\"item, {id}\"\n", id * 7919 % 101));
    }
    Ok(fs::write(path, text)?)
}
