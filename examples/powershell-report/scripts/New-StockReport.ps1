<#
.SYNOPSIS
    Writes a page about what is in stock, by site, and what has to be ordered.
.PARAMETER Path
    The folder with a file stock-SITE.csv for each site.
.PARAMETER OutFile
    The page.
.PARAMETER Low
    An article of which there are fewer has to be ordered.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)][string]$Path,
    [string]$OutFile = 'report.html',
    [datetime]$Date = (Get-Date),
    [ValidateRange(0, 100000)][int]$Low = 10
)

Set-StrictMode -Version Latest

function Import-Stock {
    [CmdletBinding()]
    param([Parameter(Mandatory)][string]$Path)
    foreach ($file in Get-ChildItem -Path $Path -Filter 'stock-*.csv' | Sort-Object Name) {
        $site = (Get-Culture).TextInfo.ToTitleCase(($file.BaseName -replace '^stock-'))
        Import-Csv -Path $file.FullName | ForEach-Object {
            [pscustomobject]@{
                Site    = $site
                Article = $_.Article
                Name    = $_.Name
                Count   = [int]$_.Count
                Value   = [int]$_.Count * [decimal]$_.Price
            }
        }
    }
}

function Get-Shortage {
    param([object[]]$Stock, [int]$Low)
    $Stock | Where-Object Count -LT $Low | Sort-Object Count, Article
}

# Dot-sourced by its tests, the script only defines its functions.
if ($MyInvocation.InvocationName -eq '.') { return }

$stock = @(Import-Stock -Path $Path)
if ($stock.Count -eq 0) { throw "there is no stock-*.csv in $Path" }
Write-Verbose "$($stock.Count) lines of stock"

$sites = $stock | Group-Object Site | ForEach-Object {
    [pscustomobject]@{
        Site     = $_.Name
        Articles = $_.Count
        Value    = '{0:N2}' -f ($_.Group | Measure-Object Value -Sum).Sum
    }
}
$shortage = @(Get-Shortage -Stock $stock -Low $Low)

$head = '<title>Stock</title><style>body{font-family:sans-serif}td,th{padding:2px 8px;text-align:left}tr:nth-child(even){background:#eee}</style>'
$body = @(
    "<h1>Stock on $($Date.ToString('d MMMM yyyy'))</h1>"
    $sites | ConvertTo-Html -Fragment -PreContent '<h2>Sites</h2>'
    $shortage | Select-Object Site, Article, Name, Count |
        ConvertTo-Html -Fragment -PreContent "<h2>To be ordered: $($shortage.Count)</h2>"
)
ConvertTo-Html -Head $head -Body ($body -join "`n") | Set-Content -Path $OutFile
Write-Host "wrote $OutFile"

[pscustomobject]@{
    Page     = $OutFile
    Lines    = $stock.Count
    Shortage = $shortage.Count
    Value    = ($stock | Measure-Object Value -Sum).Sum
}
