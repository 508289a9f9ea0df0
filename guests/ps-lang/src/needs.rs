//! What a script needs that no sandbox has, and what to do about it.

pub const COM: &str = "COM is not available in the sandbox; use `runner: pwsh` on a Windows host, or another way to the same data.";
pub const REMOTING: &str = "PowerShell remoting is not available in the sandbox; run the step where the data is, or use `runner: pwsh`.";
pub const MODULES: &str = "Modules from the gallery are not available in the sandbox: put a .psm1 file into a granted path, or use `runner: pwsh`.";

/// Beginnings of the nouns of modules that need the real PowerShell.
const VENDORS: [(&str, &str); 12] = [
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
];

const PROGRAMS: [&str; 14] = [
    "git",
    "az",
    "gh",
    "dotnet",
    "docker",
    "kubectl",
    "npm",
    "node",
    "python",
    "python3",
    "curl",
    "pwsh",
    "powershell",
    "cmd",
];

/// Why a command that is not there cannot be had, when that is known.
pub fn unavailable(name: &str) -> Option<String> {
    let plain = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let stem = plain.strip_suffix(".exe").unwrap_or(plain);
    if PROGRAMS.iter().any(|p| p.eq_ignore_ascii_case(stem)) || plain.to_ascii_lowercase().ends_with(".exe") {
        return Some(format!(
            "`{plain}` is a program, and the sandbox runs none. Use `runner: pwsh`, where the operator grants `process`."
        ));
    }
    let (_, noun) = name.split_once('-')?;
    let (_, module) = VENDORS.iter().find(|(prefix, _)| {
        noun.get(..prefix.len()) == Some(*prefix)
            && noun.get(prefix.len()..).is_none_or(|r| r.is_empty() || r.starts_with(char::is_uppercase))
    })?;
    Some(format!(
        "{name} needs {module}, which is not in the sandbox. Use `runner: pwsh`, where the operator grants `process`."
    ))
}
