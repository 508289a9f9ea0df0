//! Tests of the check that finds the requirements of a script.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where its helper fails"
)]

use ps_lang::Script;
use ps_lang::check::{Report, check};

fn report(text: &str) -> Report {
    check(&Script::parse("/job.ps1", text).map_err(|errors| errors[0].message.clone()).unwrap())
}

/// Returns `line lack name`, with a `?` for findings that the script handles.
fn problems(text: &str) -> Vec<String> {
    let shown = |f: &ps_lang::check::Finding| {
        format!("{} {:?} {}{}", f.line, f.lack, f.name, if f.guarded { " ?" } else { "" })
    };
    report(text).findings.iter().map(shown).collect()
}

#[test]
fn what_is_not_here_is_named() {
    for (script, expected) in [
        ("Get-ChildItem | % Name | sort", &[][..]),
        (
            "Connect-MgGraph; Get-ADUser -Filter *",
            &["1 Unavailable Connect-MgGraph", "1 Unavailable Get-ADUser"],
        ),
        ("git status\n& 'C:/tools/x.exe'", &["1 Unavailable git", "2 Unavailable C:/tools/x.exe"]),
        ("$x = New-Object -ComObject Excel.Application", &["1 Unavailable Excel.Application"]),
        ("Get-ItemProperty 'HKLM:\\Software\\X'", &["1 Unavailable HKLM:"]),
        ("Invoke-Command -ComputerName a { 1 }", &["1 Unavailable Invoke-Command -ComputerName"]),
        ("Import-Module Az.Accounts", &["1 Unavailable Az.Accounts"]),
        ("Import-Module -Force -ErrorAction Stop Az.Accounts", &["1 Unavailable Az.Accounts"]),
        ("#requires -Modules ActiveDirectory\n1", &["1 Unavailable ActiveDirectory"]),
        ("Add-Type -TypeDefinition 'class X {}'", &["1 Unavailable Add-Type"]),
        ("Get-Thing", &["1 Unknown Get-Thing"]),
        (". ./lib.ps1\nGet-Thing", &[]),
        ("function Get-Thing { 1 }\nGet-Thing", &[]),
        ("Send-MailMessage -To x", &["1 Missing Send-MailMessage"]),
        ("Get-Date -NoSuch", &["1 Missing Get-Date -NoSuch"]),
        ("[System.Drawing.Bitmap]::new(1, 1)", &["1 Missing [System.Drawing.Bitmap]"]),
        ("[math]::Round(1.5); [math]::NoSuch(1)", &["1 Missing [System.Math]::NoSuch"]),
        (
            "New-Object System.Data.SqlClient.SqlConnection",
            &["1 Missing [System.Data.SqlClient.SqlConnection]"],
        ),
        ("class P { [int]$X }; [P]::new(); [long]::MaxValue; [DayOfWeek]::Monday", &[]),
        ("using namespace System.Collections.Generic\n[List[string]]::new()", &[]),
        ("Get-Content C:\\data\\x.csv", &["1 Missing a path of Windows"]),
    ] {
        assert_eq!(problems(script), expected, "{script}");
    }
}

#[test]
fn what_a_script_has_foreseen_is_no_reason_to_refuse_it() {
    for (script, expected) in [
        ("try { Get-Process } catch { 'none' }", "1 Unavailable Get-Process ?"),
        ("if ($IsWindows) { Get-Service } else { 'no' }", "1 Unavailable Get-Service ?"),
        ("if (Get-Command git -ea Ignore) { git status }", "1 Unavailable git ?"),
        ("Get-Process -ErrorAction SilentlyContinue", "1 Unavailable Get-Process ?"),
        ("function Unused { Get-Process }\n'x'", "1 Unavailable Get-Process ?"),
        ("function Used { Get-Process }\nUsed", "1 Unavailable Get-Process"),
        ("function A { B }\nfunction B { Get-Process }\nA", "2 Unavailable Get-Process"),
    ] {
        assert_eq!(problems(script), [expected], "{script}");
        assert_eq!(report(script).refused().count(), usize::from(!expected.ends_with('?')), "{script}");
    }
}

#[test]
fn the_capabilities_that_a_script_uses_are_told() {
    let script = "Import-Csv a.csv | % { irm https://x/$_ }; Invoke-Sqlcmd -Query 'select 1'";
    assert_eq!(report(script).uses.into_iter().collect::<Vec<_>>(), ["files", "http", "sql"]);
}

/// The scripts of the golden data ran on a PowerShell without modules: nearly all need nothing else here.
#[test]
fn golden_scripts_are_not_refused() {
    let beside = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/powershell/golden");
    let mut refused = Vec::new();
    let mut count = 0;
    for file in ["snippets.jsonl", "jobs.jsonl"] {
        let Ok(text) = std::fs::read_to_string(beside.join(file)) else {
            println!("skipped: no golden data at {}", beside.display());
            return;
        };
        for line in text.lines() {
            let case: serde_json::Value = serde_json::from_str(line).unwrap();
            let Ok(script) = Script::parse("/job.ps1", case["script"].as_str().unwrap()) else { continue };
            count += 1;
            for finding in check(&script).findings {
                println!("{} {finding:?}", case["id"]);
            }
            if check(&script).refused().next().is_some() {
                refused.push(case["id"].to_string());
            }
        }
    }
    assert!(count > 300 && refused.is_empty(), "{refused:?} of {count}");
}
