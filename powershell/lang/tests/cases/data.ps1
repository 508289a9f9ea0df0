# Data in and out: JSON, CSV, files of the workspace.
$orders = @'
id,region,price
1,north,10.5
2,south,20
3,north,4.5
'@ | ConvertFrom-Csv
$report = $orders | Group-Object region | ForEach-Object {
    [pscustomobject]@{
        region  = $_.Name
        orders  = $_.Count
        revenue = ($_.Group | Measure-Object price -Sum).Sum
    }
}
$report | ConvertTo-Json -Compress
$report | Export-Csv report.csv
Get-Content report.csv
(Get-Content report.csv | ConvertFrom-Csv)[0].revenue
'{"a": {"b": [1, 2, {"c": null}]}}' | ConvertFrom-Json | ConvertTo-Json -Depth 5
New-Item -ItemType Directory out | Out-Null
'one', 'two' | Set-Content out/lines.txt
Add-Content out/lines.txt 'three'
(Get-Content out/lines.txt).Count
Get-ChildItem out -Name
Test-Path out/nothing
Remove-Item out -Recurse
Test-Path out
