//! The step `powershell`: scripts in the sandbox, their streams, their ends, their limits.

use serde_json::json;

use crate::http_step::Web;
use crate::support::{Running, Site, told, told_by_key};

async fn ready(site: Site) -> Running {
    let grants = "files:
- {mount: /workspace, workspace: 16MiB, access: write}
- {mount: /in, source: in, access: read}";
    site.policy("powershell", grants).host().await
}

#[tokio::test]
async fn scripts_read_write_and_give_objects_or_text() {
    let site = Site::new().file("in/a.csv", "name,n\nx,2\ny,3\n");
    let site =
        site.file("in/job.ps1", "param([int[]]$N, [switch]$Loud)\n\"$($N.Count) $Loud $PSScriptRoot\"\n");
    let site = ready(site).await;
    for (step, expected) in [
        (json!({"script": "'hello ' + (1 + 1)"}), "\"hello 2\""),
        (
            json!({"script": "Import-Csv /in/a.csv | Where-Object { [int]$_.n -gt 2 }"}),
            "{\"name\":\"y\",\"n\":\"3\"}",
        ),
        (
            json!({"script_path": "/in/job.ps1", "parameters": {"N": [1, 2, 3], "Loud": true}}),
            "\"3 True /in\"",
        ),
        (
            json!({"script": "param($O) $O.a.b[1]; $O.a.b.GetType().Name", "parameters": {"O": {"a": {"b": [1, 7]}}}}),
            "Object[]",
        ),
        (json!({"script": "1..3 | Set-Content n.txt; (Get-Content n.txt | Measure-Object -Sum).Sum"}), "6"),
    ] {
        let end = site.step(with_type(&step)).await;
        assert!(told(&end).contains("succeeded") && told(&end).contains(expected), "{step}: {}", told(&end));
    }
}

fn with_type(step: &serde_json::Value) -> serde_json::Value {
    let mut step = step.clone();
    step["type"] = "powershell".into();
    step
}

#[tokio::test]
async fn ends_are_those_of_powershell() {
    let site = Site::new().file("in/x.txt", "x").file("in/job.ps1", "'ran'");
    let site = ready(site.file("in/graph.ps1", "Set-Content /workspace/begun x\nConnect-MgGraph")).await;
    for (step, expected) in [
        (
            json!({"script": "@(Get-ChildItem Env:).Count + [Environment]::GetEnvironmentVariables().Count"}),
            "succeeded: 0",
        ),
        (json!({"script": "exit 3"}), "exit code 3"),
        (json!({"script": "throw 'no such luck'"}), "no such luck"),
        (json!({"script": "1/0; 'went on'"}), "succeeded"),
        (json!({"script": "1/0; 'went on'", "error_action": "stop"}), "Attempted to divide by zero"),
        (json!({"script": "Write-Error 'soft'", "fail_on_stderr": true}), "fail_on_stderr"),
        (json!({"script": "Get-Content /etc/passwd -ErrorAction Stop"}), "Cannot find path '/etc/passwd'"),
        (json!({"script": "Set-Content /in/x.txt no -ErrorAction Stop"}), "denied"),
        (json!({"script": "Connect-MgGraph", "on_unavailable": "warn"}), "succeeded"),
        (
            json!({"script": "Connect-MgGraph", "on_unavailable": "warn", "error_action": "stop"}),
            "Microsoft.Graph",
        ),
        (json!({"script_path": "/in/graph.ps1"}), "/in/graph.ps1:2:1: Connect-MgGraph needs Microsoft.Graph"),
        (json!({"script_path": "/in/job.ps1", "execution_policy": "restricted"}), "lets no script file run"),
        (
            json!({"script_path": "/in/job.ps1", "execution_policy": "remote_signed"}),
            "not among `allowed_scripts`",
        ),
        (json!({"script": "function f { f }; f", "error_action": "stop"}), "call depth overflow"),
        (
            json!({"script": "function f { if (1) { foreach ($i in 1) { try { & { 1 | ForEach-Object { f } } } finally {} } } }; f",
                "error_action": "stop"}),
            "call depth overflow",
        ),
        (
            json!({"script": "class C { [object] F() { return $this.F() } }; [C]::new().F()", "error_action": "stop"}),
            "call depth overflow",
        ),
        (
            json!({"script": "('(' * 20000 + '1' + ')' * 20000) | Invoke-Expression", "error_action": "stop"}),
            "too complicated to parse",
        ),
        (
            json!({"script": "while ($true) { Start-Sleep -Milliseconds 1 }", "timeout": 1}),
            "the time of the step ran out",
        ),
        (json!({"script": "while ($true) { $i++ }", "timeout": 1}), "line 1"),
        // A pause that exceeds the step's time ends the step: nothing after it runs.
        (
            json!({"script": "Start-Sleep 30; 'switched'", "timeout": 1}),
            "the time of the step ran out in a pause",
        ),
        (
            json!({"script": "[Threading.Thread]::Sleep(30000); 'switched'", "timeout": 1}),
            "the time of the step ran out",
        ),
        (
            json!({"script": "try { Start-Sleep 30 } catch {} finally {}; 'switched'", "timeout": 1}),
            "the time of the step ran out",
        ),
        (
            json!({"script": "1..3 | ForEach-Object { Start-Sleep -Milliseconds 600 }; 'switched'", "timeout": 1}),
            "the time of the step ran out",
        ),
        (json!({"script": "Start-Sleep -Milliseconds 50; 'switched'", "timeout": 5}), "switched"),
        (json!({"script": "$s = 'x'; while ($true) { $s += $s }"}), "memory"),
    ] {
        let end = site.step(with_type(&step)).await;
        assert!(told(&end).contains(expected), "{step}: {}", told(&end));
    }
}

/// Requests need policy, and a denial is an error that a script can catch.
#[tokio::test]
async fn requests_of_scripts_are_bound_by_policy() {
    let web = Web::start().await;
    let site = Site::new().policy("powershell", &web.grants("")).host().await;
    for (script, expected) in [
        ("(Invoke-RestMethod URL/json).data.token", "\"t\""),
        (
            "$r = Invoke-RestMethod -Method POST URL/echo -Body '{}' -ContentType application/json -Headers @{'x-a' = 'y'}
            $r.method, $r.body, $r.'x-a', $r.'content-type' -join ' '",
            "\"POST {} y application/json\"",
        ),
        ("try { irm URL/missing } catch { \"$($_.ErrorDetails) $([int]$_.Exception.Response.StatusCode)\" }", "such thing 404"),
        ("(iwr 'URL/redirect?/json').StatusCode", "succeeded: 200"),
        ("(iwr URL/large).RawContentLength; iwr URL/json -OutFile a.json; (gc a.json -Raw | ConvertFrom-Json).n", "[3145728,1]"),
        ("(Invoke-WebRequest URL/busy -MaximumRetryCount 2 -RetryIntervalSec 1).Content", "done"),
        ("try { irm http://169.254.169.254/latest } catch { \"no: $_\" }", "denied by policy"),
        ("try { irm -Method Patch URL/echo } catch { \"no: $_\" }", "denied by policy"),
    ] {
        let script = script.replace("URL", &web.url(""));
        let end = site.step(json!({"type": "powershell", "script": script})).await;
        assert!(told(&end).contains(expected), "{script}: {}", told(&end));
    }
}

#[tokio::test]
async fn a_script_that_does_not_parse_is_a_problem_of_the_job() {
    let site = ready(Site::new().file("in/x.txt", "x")).await;
    let job = crate::support::one_step(json!({"type": "powershell", "script": "'a'\nif ("}));
    let problems = site.host.parse("job.yaml", &job).await;
    let problems = format!("{problems:?}");
    assert!(
        problems.contains("line 2, column 5") && problems.contains("IfStatementMissingCondition"),
        "{problems}"
    );
}

#[tokio::test]
async fn a_script_that_cannot_have_what_it_needs_is_refused_before_it_runs() {
    let site = ready(Site::new().file("in/x.txt", "x")).await;
    let job =
        crate::support::one_step(json!({"type": "powershell", "script": "'a'\nGet-ADUser x\ngit status"}));
    let problems = site.host.parse("job.yaml", &job).await.unwrap_err().to_string();
    for expected in
        ["line 2, column 1: Get-ADUser needs ActiveDirectory", "line 3, column 1: `git` is a program"]
    {
        assert!(problems.contains(expected), "{problems}");
    }
}

#[tokio::test]
async fn statements_of_scripts_are_bound_by_policy() {
    let site = Site::new()
        .database(
            "shop.db",
            "CREATE TABLE t (n INTEGER, name TEXT); INSERT INTO t VALUES (1, 'x'), (2, NULL);",
        )
        .config("connections: {shop: {type: sqlite, path: shop.db}}");
    let site = site.policy("powershell", "sql: [{connection: shop, mode: read}]").host().await;
    for (script, expected) in [
        (
            "Invoke-Sqlcmd -ServerInstance shop -Query 'SELECT * FROM t ORDER BY n'",
            "succeeded: [{\"n\":1,\"name\":\"x\"},{\"n\":2,\"name\":null}]",
        ),
        ("(Invoke-Sqlcmd -Database shop \"SELECT 1 AS a`nGO`nSELECT 2 AS a\").a -join ' '", "\"1 2\""),
        (
            "try { Invoke-Sqlcmd -Database shop -Query 'DELETE FROM t' } catch { \"no: $_\" }",
            "(SQL_ACTION_NOT_GRANTED)",
        ),
        (
            "try { Invoke-Sqlcmd -Database other -Query 'SELECT 1' } catch { \"no: $_\" }",
            "no: denied by policy: opening the connection `other` (SQL_NOT_GRANTED)",
        ),
        ("try { Invoke-Sqlcmd -Database shop -Query 'SELEC 1' } catch { \"no: $_\" }", "no: near"),
    ] {
        let end = site.step(json!({"type": "powershell", "script": script})).await;
        assert!(told(&end).contains(expected), "{script}: {}", told(&end));
    }
}

const TESTS: &str = "BeforeAll { . ./Add.ps1 }
Describe 'Add' {
    It 'adds' -Tag fast { Add 1 2 | Should -Be 3 }
    It 'writes' { Set-Content TestDrive:/x 'y'; Get-Content TestDrive:/x | Should -Be 'y' }
}";

#[tokio::test]
async fn tests_of_scripts_run_in_the_same_sandbox() {
    let site = Site::new()
        .file("in/Add.ps1", "function Add($a, $b) { $a + $b }")
        .file("in/Add.Tests.ps1", TESTS)
        .file(
            "in/Bad.Tests.ps1",
            "It 'fails' { 1 | Should -Be 2 }\nIt 'lacks' { { ConvertTo-Xml 1 } | Should -Throw }",
        )
        .file("in/Broken.Tests.ps1", "throw 'no set-up'");
    let site = ready(site).await;
    for (step, expected) in [
        (json!({"script_path": "/in/Add.Tests.ps1"}), "\"passed\":2,\"skipped\":0"),
        (json!({"script_path": "/in/Add.Tests.ps1", "tags": ["fast"]}), "\"not_run\":1,\"passed\":1"),
        (json!({"script_path": "/in/Bad.Tests.ps1"}), "failed: 2 of 2 tests did not pass"),
        (json!({"script_path": "/in/Broken.Tests.ps1"}), "no set-up"),
    ] {
        let mut step = with_type(&step);
        step["action"] = "test".into();
        let end = site.step(step.clone()).await;
        assert!(told_by_key(&end).contains(expected), "{step}: {}", told(&end));
        if let Some(tests) =
            end.produced.metadata.get("tests").filter(|_| step["script_path"] == "/in/Bad.Tests.ps1")
        {
            assert_eq!((&tests[0]["outcome"], &tests[0]["line"]), (&json!("failed"), &json!(1)));
            assert_eq!(tests[1]["outcome"], "not_implemented");
        }
    }
}

#[tokio::test]
async fn a_folder_of_scripts_is_looked_over() {
    let site = Site::new()
        .file("in/good.ps1", "Import-Csv a.csv")
        .file("in/sub/vendor.ps1", "Get-AzVM\nGet-Date")
        .file("in/wrong.ps1", "if (")
        .file("in/notes.txt", "no script");
    let site = ready(site).await;
    let end = site.step(json!({"type": "powershell", "action": "check", "script_path": "/in"})).await;
    let found = &end.produced.output;
    assert_eq!((&found["runs"], &found["total"]), (&json!(1), &json!(3)), "{}", told(&end));
    assert_eq!(found["scripts"][0]["uses"], json!(["files"]));
    assert_eq!(found["scripts"][1]["findings"][0]["name"], "Get-AzVM");
    assert_eq!(found["scripts"][2]["findings"][0]["lack"], "syntax");
}

#[tokio::test]
async fn a_script_sees_the_environment_that_policy_names() {
    let site = Site::new().policy("powershell", "environment: {REGION: eu-1}").host().await;
    for (script, expected) in [
        ("$env:REGION; @(Get-ChildItem Env:).Count", "[\"eu-1\",1]"),
        ("$env:OWN = 'x'; \"$env:OWN|$env:PATH|$env:HOME\"", "\"x||\""),
    ] {
        let end = site.step(json!({"type": "powershell", "script": script})).await;
        assert!(told(&end).contains(expected), "{script}: {}", told(&end));
    }
}

/// A host in its deterministic mode fixes the clock and random numbers.
#[tokio::test]
async fn a_script_is_repeatable_where_the_host_is() {
    let script = "(Get-Random -Maximum 1000000), (New-Guid).Guid, (Get-Date).Ticks -join ' '";
    let mut told_twice = Vec::new();
    for _ in 0..2 {
        let site = Site::new().with(|builder| builder.deterministic(7)).host().await;
        let end = site.step(json!({"type": "powershell", "script": script})).await;
        told_twice.push(told(&end).rsplit_once(' ').map(|(random, _)| random.to_owned()));
    }
    assert!(told_twice[0].is_some() && told_twice[0] == told_twice[1], "{told_twice:?}");
}

/// Fuel ends an endless loop at an instruction: the log has the line.
#[tokio::test]
async fn a_script_that_runs_long_tells_where_it_is() {
    let site = Site::new().host().await;
    let job =
        crate::support::one_step(json!({"type": "powershell", "script": "'begin'\nwhile ($true) { $i++ }"}));
    let state = site.run(&job).await;
    let end = state.steps[0].end.as_ref().unwrap();
    assert!(told(end).contains("fuel"), "{}", told(end));
    let log = site.log(&state).await;
    assert!(
        log.iter().any(|line| line.contains("still running after") && line.contains(" s, at /script.ps1:2")),
        "{log:?}"
    );
}
