//! Cmdlets: declared in one form, so that binding, help and error ids have one source.
//!
//! The crate must not know Pester or how a session is assembled: it declares its tables, and a crate above
//! registers them.

#![allow(missing_docs, reason = "where the name says everything, documentation would only repeat it")]

mod archive;
mod clixml;
mod content;
mod core;
mod csv;
mod data_file;
mod dates;
mod files;
mod formatting;
mod given;
mod items;
mod jobs;
pub mod json;
mod json_read;
mod members;
mod module;
mod objects;
mod output;
mod paths;
mod select;
mod session;
mod sqlcmd;
mod strings;
mod utility;
mod variables;
mod web;
mod xml;

use ps_runtime::cmdlet::{Cmdlet, CmdletInfo, Cx, Each, Gather};
use ps_runtime::registry::Alias;

/// The cmdlets, by subject.
pub const TABLES: &[&[CmdletInfo]] = &[
    core::CMDLETS,
    objects::CMDLETS,
    output::CMDLETS,
    utility::CMDLETS,
    variables::CMDLETS,
    items::CMDLETS,
    content::CONTENT,
    module::CMDLETS,
    json::CMDLETS,
    csv::CMDLETS,
    session::CMDLETS,
    sqlcmd::CMDLETS,
    archive::CMDLETS,
    clixml::CMDLETS,
    data_file::CMDLETS,
    jobs::CMDLETS,
    strings::CMDLETS,
    web::CMDLETS,
    xml::CMDLETS,
];

/// Aliases that exist from the start.
pub static ALIASES: &[Alias] = &[
    ("%", "ForEach-Object"),
    ("?", "Where-Object"),
    ("foreach", "ForEach-Object"),
    ("where", "Where-Object"),
    ("select", "Select-Object"),
    ("sort", "Sort-Object"),
    ("group", "Group-Object"),
    ("measure", "Measure-Object"),
    ("compare", "Compare-Object"),
    ("diff", "Compare-Object"),
    ("gu", "Get-Unique"),
    ("gm", "Get-Member"),
    ("sls", "Select-String"),
    ("ft", "Format-Table"),
    ("fl", "Format-List"),
    ("fw", "Format-Wide"),
    ("fc", "Format-Custom"),
    ("tee", "Tee-Object"),
    ("iex", "Invoke-Expression"),
    ("icm", "Invoke-Command"),
    ("irm", "Invoke-RestMethod"),
    ("iwr", "Invoke-WebRequest"),
    ("gv", "Get-Variable"),
    ("sv", "Set-Variable"),
    ("set", "Set-Variable"),
    ("nv", "New-Variable"),
    ("rv", "Remove-Variable"),
    ("clv", "Clear-Variable"),
    ("gal", "Get-Alias"),
    ("sal", "Set-Alias"),
    ("nal", "New-Alias"),
    ("echo", "Write-Output"),
    ("write", "Write-Output"),
    ("oh", "Out-Host"),
    ("gci", "Get-ChildItem"),
    ("dir", "Get-ChildItem"),
    ("ls", "Get-ChildItem"),
    ("gi", "Get-Item"),
    ("ni", "New-Item"),
    ("ri", "Remove-Item"),
    ("rm", "Remove-Item"),
    ("del", "Remove-Item"),
    ("erase", "Remove-Item"),
    ("rd", "Remove-Item"),
    ("rmdir", "Remove-Item"),
    ("cpi", "Copy-Item"),
    ("copy", "Copy-Item"),
    ("cp", "Copy-Item"),
    ("mi", "Move-Item"),
    ("move", "Move-Item"),
    ("mv", "Move-Item"),
    ("rni", "Rename-Item"),
    ("ren", "Rename-Item"),
    ("si", "Set-Item"),
    ("cli", "Clear-Item"),
    ("gp", "Get-ItemProperty"),
    ("gpv", "Get-ItemPropertyValue"),
    ("sp", "Set-ItemProperty"),
    ("gc", "Get-Content"),
    ("cat", "Get-Content"),
    ("type", "Get-Content"),
    ("ac", "Add-Content"),
    ("clc", "Clear-Content"),
    ("gl", "Get-Location"),
    ("pwd", "Get-Location"),
    ("sl", "Set-Location"),
    ("cd", "Set-Location"),
    ("chdir", "Set-Location"),
    ("pushd", "Push-Location"),
    ("popd", "Pop-Location"),
    ("rvpa", "Resolve-Path"),
    ("cvpa", "Convert-Path"),
    ("gcm", "Get-Command"),
    ("gmo", "Get-Module"),
    ("ipmo", "Import-Module"),
    ("epcsv", "Export-Csv"),
    ("ipcsv", "Import-Csv"),
    ("sleep", "Start-Sleep"),
    ("cls", "Clear-Host"),
    ("clear", "Clear-Host"),
    ("gerr", "Get-Error"),
    ("gjb", "Get-Job"),
    ("sajb", "Start-Job"),
    ("rcjb", "Receive-Job"),
    ("wjb", "Wait-Job"),
    ("h", "Get-History"),
    ("history", "Get-History"),
    ("md", "mkdir"),
    ("gdr", "Get-PSDrive"),
    ("gps", "Get-Process"),
    ("ps", "Get-Process"),
    ("kill", "Stop-Process"),
    ("saps", "Start-Process"),
    ("start", "Start-Process"),
];
