<#
.SYNOPSIS
    Judges the day's report: which regions are on target, and what the mail says.
.DESCRIPTION
    Reads the report of the step before, compares each region with its target, and writes a CSV file of
    findings, a page in HTML, and a summary as JSON. Ends with code 2 when too many regions fall short.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)]
    [ValidateNotNullOrEmpty()]
    [string]$InputPath,

    [string]$OutputPath = 'processed',

    [ValidateRange(1, 500)]
    [int]$TargetPercent = 100,

    [int]$MaxShortfalls = 99
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

function Get-Verdict {
    param([decimal]$Percent, [int]$Target)
    switch ($Percent) {
        { $_ -ge $Target } { return 'on target' }
        { $_ -ge $Target * 0.8 } { return 'close' }
        default { return 'short' }
    }
}

function ConvertTo-Finding {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory, ValueFromPipeline)]
        [psobject]$Row,
        [int]$Target
    )
    process {
        $percent = [decimal]$Row.percent_of_target
        [pscustomobject]@{
            Region  = $Row.region
            Orders  = [int]$Row.orders
            Revenue = [decimal]$Row.revenue
            Percent = $percent
            Verdict = Get-Verdict -Percent $percent -Target $Target
        }
    }
}

if (-not (Test-Path $InputPath -PathType Leaf)) {
    throw "There is no report at $InputPath"
}
if (-not (Test-Path $OutputPath)) {
    New-Item -ItemType Directory -Path $OutputPath | Out-Null
}

$rows = @(Import-Csv -Path $InputPath)
Write-Verbose "Read $($rows.Count) regions from $InputPath"

$findings = $rows | ConvertTo-Finding -Target $TargetPercent | Sort-Object Revenue -Descending
$findings | Export-Csv -Path (Join-Path $OutputPath 'findings.csv') -NoTypeInformation

$page = $findings |
    Select-Object Region, Orders, @{ n = 'Revenue'; e = { '{0:N2}' -f $_.Revenue } }, Verdict |
    ConvertTo-Html -Title 'Daily sales' -PreContent "<h1>Daily sales</h1>"
$page | Set-Content -Path (Join-Path $OutputPath 'findings.html')

$total = ($findings | Measure-Object -Property Revenue -Sum).Sum
$short = @($findings | Where-Object Verdict -eq 'short')
foreach ($finding in $short) {
    Write-Warning ('{0}: {1:N1} % of its target' -f $finding.Region, $finding.Percent)
}

[ordered]@{
    regions = $rows.Count
    revenue = [math]::Round($total, 2)
    short   = @($short | ForEach-Object Region)
} | ConvertTo-Json | Set-Content -Path (Join-Path $OutputPath 'summary.json')

Write-Host "Wrote $((Get-ChildItem $OutputPath -File).Count) files to $OutputPath"
"{0} regions, {1:N2} in all, {2} short of {3} %" -f $rows.Count, $total, $short.Count, $TargetPercent

if ($short.Count -gt $MaxShortfalls) {
    exit 2
}
