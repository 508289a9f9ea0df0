//! Unsupported features that scripts need, and their replacements.

use ps_value::error::{Category, ErrorRecord};

pub const COM: &str =
    "COM is not available in the sandbox: get the data another way, or run this part on Windows.";
pub const REMOTING: &str =
    "PowerShell remoting is not available in the sandbox: run this part where the data is.";
pub const MODULES: &str = "Modules from the gallery are not available in the sandbox: put a .psm1 file into a granted path, or use `runner: pwsh` where the operator grants that.";
const NO_SESSION: &str = "there is no interactive session with a history";
const ELSEWHERE: &str = "`runner: pwsh` has it, where the operator grants that";

/// Prefixes of the nouns of cmdlets that need the real PowerShell.
const VENDORS: &[(&str, &str)] = &[
    ("Mg", "Microsoft.Graph"),
    ("Az", "Az"),
    ("AzureRm", "AzureRM"),
    ("AD", "ActiveDirectory"),
    ("PnP", "PnP.PowerShell"),
    ("EXO", "ExchangeOnlineManagement"),
    ("SPO", "Microsoft.Online.SharePoint.PowerShell"),
    ("Msol", "MSOnline"),
    ("VM", "VMware.PowerCLI or Hyper-V"),
    ("Wmi", "WMI"),
    ("Cim", "CIM"),
    ("WinEvent", "the Windows event log"),
    ("EventLog", "the Windows event log"),
    ("PSSession", "PowerShell remoting"),
    ("PSRemoting", "PowerShell remoting"),
    ("Process", "the processes of the machine"),
    ("Service", "the services of the machine"),
    ("Computer", "the machine"),
    ("ComputerInfo", "the machine"),
    ("HotFix", "the machine"),
    ("Clipboard", "a desktop"),
    ("Printer", "a printer"),
    ("GridView", "a desktop"),
    ("Counter", "the counters of Windows"),
    ("Acl", "the access lists of the machine"),
    ("ScheduledTask", "the task scheduler of Windows: a job has a `schedule` instead"),
    ("LocalUser", "the accounts of the machine"),
    ("LocalGroup", "the accounts of the machine"),
    ("Net", "the network of the machine"),
    ("DnsName", "the network of the machine"),
    ("Connection", "the network of the machine"),
];

/// Features of PowerShell that this interpreter lacks.
const MISSING: &[(&str, &str)] = &[
    ("Send-MailMessage", "use the HTTP API of a mail service, with `Invoke-RestMethod`"),
    ("ConvertTo-Xml", "use `[xml]` and `ConvertTo-Html`, or `ConvertTo-Json`"),
    ("Get-Credential", "no user can be asked; let policy add credentials to requests"),
    ("Get-Help", "there is no help"),
    ("Start-Transcript", "the step's log contains the script's output"),
    ("Stop-Transcript", "the step's log contains the script's output"),
    ("Format-Wide", "use `Format-Table`"),
    ("Format-Custom", "use `Format-List`"),
    ("Format-Hex", "use `[System.BitConverter]::ToString`"),
    ("New-PSDrive", "policy grants drives as mounts"),
    ("Add-History", NO_SESSION),
    ("Clear-History", NO_SESSION),
    ("Clear-ItemProperty", "items have no properties that a script can set"),
    ("ConvertFrom-Markdown", "Markdown is not supported"),
    ("Copy-ItemProperty", "items have no properties that a script can set"),
    ("Debug-Job", "there is no debugger"),
    ("Export-Alias", "use `Get-Alias` and `Export-Csv`"),
    ("Export-FormatData", "custom views are not supported"),
    ("Get-Event", "there are no events"),
    ("Get-EventSubscriber", "there are no events"),
    ("Get-FormatData", "custom views are not supported"),
    ("Get-History", NO_SESSION),
    ("Get-PSProvider", "`Get-PSDrive` lists the drives"),
    ("Get-Runspace", "only the script's runspace exists"),
    ("Get-TraceSource", "nothing is traced"),
    ("Get-TypeData", "use `Get-Member`"),
    ("Get-Uptime", "the machine is hidden from scripts"),
    ("Import-Alias", "use `Import-Csv` and `Set-Alias`"),
    ("Import-LocalizedData", "use `Import-PowerShellDataFile`"),
    ("Invoke-History", NO_SESSION),
    ("Invoke-Item", "there is no desktop"),
    ("Move-ItemProperty", "items have no properties that a script can set"),
    ("New-Event", "there are no events"),
    ("New-ItemProperty", "items have no properties that a script can set"),
    ("New-ModuleManifest", "modules are `.psm1` files"),
    ("Remove-Event", "there are no events"),
    ("Remove-ItemProperty", "items have no properties that a script can set"),
    ("Remove-PSDrive", "policy grants drives as mounts"),
    ("Rename-ItemProperty", "items have no properties that a script can set"),
    ("Set-Date", "the clock is the host's"),
    ("Show-Markdown", "there is no user to show it to"),
    ("Test-ModuleManifest", "modules are `.psm1` files"),
    ("Trace-Command", "nothing is traced"),
    ("Unblock-File", "no file is blocked: leave this command out"),
    ("Update-FormatData", "custom views are not supported"),
    ("Update-List", "use `+=` or a list"),
    ("Install-Module", MODULES),
    ("Find-Module", MODULES),
    ("Update-Module", MODULES),
    ("Register-ObjectEvent", "there are no events"),
    ("Register-EngineEvent", "there are no events"),
    ("Set-PSBreakpoint", "there is no debugger"),
    ("Invoke-Pester", "`stepwell step test-script` runs tests"),
    ("Mock", "write a function of the same name in the test"),
    ("InModuleScope", "test the exports of the module"),
    ("Assert-MockCalled", "write a function that counts its calls"),
];

const PROGRAMS: &[&str] = &[
    "7z",
    "aws",
    "az",
    "bash",
    "bcp",
    "cargo",
    "cmd",
    "curl",
    "docker",
    "dotnet",
    "gh",
    "git",
    "go",
    "gpg",
    "helm",
    "hostname",
    "ifconfig",
    "ipconfig",
    "java",
    "kubectl",
    "msbuild",
    "msiexec",
    "mysql",
    "net",
    "node",
    "npm",
    "nuget",
    "openssl",
    "ping",
    "powershell",
    "psql",
    "pwsh",
    "python",
    "python3",
    "reg",
    "robocopy",
    "rsync",
    "sc",
    "schtasks",
    "scp",
    "sh",
    "sqlcmd",
    "ssh",
    "sudo",
    "systemctl",
    "tar",
    "taskkill",
    "tasklist",
    "terraform",
    "unzip",
    "wget",
    "whoami",
    "wmic",
    "xcopy",
    "zip",
];

/// The reason why something is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lack {
    /// An unknown name: of a module, of a program, or a typing error.
    Unknown,
    /// PowerShell has it, and this interpreter lacks it.
    Missing,
    /// The sandbox cannot provide it.
    Unavailable,
}

/// Returns why a missing command is unavailable, if that is known.
pub fn of(name: &str) -> Option<(Lack, String)> {
    let plain = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let stem = plain.strip_suffix(".exe").unwrap_or(plain);
    let reason = |lack, text: String| Some((lack, text));
    if PROGRAMS.iter().any(|program| program.eq_ignore_ascii_case(stem))
        || plain.to_ascii_lowercase().ends_with(".exe")
    {
        return reason(
            Lack::Unavailable,
            format!("`{plain}` is a program, and the sandbox runs none: {ELSEWHERE}."),
        );
    }
    if let Some((name, advice)) = MISSING.iter().find(|(missing, _)| missing.eq_ignore_ascii_case(name)) {
        return reason(Lack::Missing, format!("{name} is not implemented here: {advice}."));
    }
    let (_, noun) = name.split_once('-')?;
    let (_, needed) = VENDORS.iter().find(|(prefix, _)| {
        noun.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
            && noun.get(prefix.len()..).is_none_or(|r| r.is_empty() || r.starts_with(char::is_uppercase))
    })?;
    reason(Lack::Unavailable, format!("{name} needs {needed}, which the sandbox does not have: {ELSEWHERE}."))
}

/// Returns the message about a missing command, if the reason is known.
pub fn unavailable(name: &str) -> Option<String> {
    of(name).map(|(_, text)| text)
}

/// Returns the unsupported feature of PowerShell that an error names.
pub fn lacks(record: &ErrorRecord) -> Option<String> {
    let target = record.target_name();
    let id = record.id.borrow();
    let is_net = |name: &str| ["System.", "Microsoft."].iter().any(|start| name.starts_with(start));
    let lacking = record.category.get() == Category::NotImplemented
        || id.starts_with("CommandNotFoundException") && unavailable(&target).is_some()
        || id.starts_with("TypeNotFound") && is_net(&target);
    lacking.then(|| record.text())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_says_why() {
        for (name, why) in [
            ("Get-MgUser", "Microsoft.Graph"),
            ("get-process", "processes"),
            ("C:\\tools\\x.exe", "is a program"),
            ("git", "is a program"),
        ] {
            let reason = unavailable(name).unwrap_or_default();
            assert!(reason.contains(why), "{name}: {reason}");
        }
        assert_eq!(unavailable("Get-Thing"), None);
        assert_eq!(unavailable("Get-Address"), None);
    }
}
