# Jobs run when they are started.
$offset = 10
$job = Start-Job -Name sum { param($a) "$offset|$($using:offset + $a)"; Write-Error 'soft' } -ArgumentList 5
$job.State, $job.Name, $job.HasMoreData
$job | Wait-Job | Receive-Job -ErrorVariable e -ErrorAction SilentlyContinue
"$e"
@(Receive-Job -Name sum).Count
$bad = Start-Job { throw 'no luck' }
$bad.State
try { Receive-Job $bad } catch { "caught $_" }
(Get-Job).Count
Get-Job | Remove-Job
(Get-Job).Count
try { Receive-Job -Id 77 -ErrorAction Stop } catch { $_.FullyQualifiedErrorId }
1..3 | ForEach-Object -Parallel { $_ * $using:offset } -ThrottleLimit 2

# Objects go to XML and come back.
$data = [pscustomobject]@{
    Text = "a<b>`n_x"; Number = 7; Big = 5GB; Real = 1.5; Money = 2.50d; Yes = $true; None = $null
    When = [datetime]'2024-02-29T13:05:09'; Span = [timespan]'1.02:03:04'; Id = [guid]'6f9619ff-8b86-d011-b42d-00cf4fc964ff'
    List = @(1, 'two'); Map = @{ k = 'v' }; Bytes = [byte[]](1, 2); Day = [DayOfWeek]::Monday; Char = [char]'x'
}
$data | Export-Clixml data.xml
$back = Import-Clixml data.xml
$back.PSObject.Properties.Name -join ' '
foreach ($name in 'Text', 'Number', 'Big', 'Real', 'Money', 'Yes', 'None', 'When', 'Span', 'Id') {
    $same = $back.$name -eq $data.$name
    $type = if ($null -ne $back.$name) { $back.$name.GetType().Name }
    "$name $same $type"
}
$back.List.Count, $back.Map.k, ($back.Bytes -join ','), $back.Char
(Get-Content data.xml)[0]
'one', 'two' | Export-Clixml list.xml
(Import-Clixml list.xml) -join '+'
Get-Item data.xml | Select-Object Name | Export-Clixml item.xml
(Import-Clixml item.xml).Name

# Archives.
New-Item -ItemType Directory -Path src/sub | Out-Null
Set-Content src/a.txt 'alpha'
Set-Content src/sub/b.txt 'beta'
Compress-Archive -Path src -DestinationPath all
Compress-Archive -Path src/* -DestinationPath flat.zip
Expand-Archive all.zip -DestinationPath out
Expand-Archive flat.zip -DestinationPath out2
Get-ChildItem out, out2 -Recurse -File | ForEach-Object { $_.FullName.Substring(6) } | Sort-Object
Get-Content out/src/sub/b.txt
try { Compress-Archive src all.zip -ErrorAction Stop } catch { $_.FullyQualifiedErrorId }
Compress-Archive src/a.txt all.zip -Update
Expand-Archive all.zip out3; (Get-ChildItem out3).Name -join ' '

# Data files run nothing.
Set-Content good.psd1 "@{ Name = 'x'; Parts = @(1, 2); Inner = @{ Deep = `$true } }"
$file = Import-PowerShellDataFile good.psd1
$file.Name, $file.Parts.Count, $file.Inner.Deep
Set-Content bad.psd1 '@{ Now = Get-Date }'
try { Import-PowerShellDataFile bad.psd1 } catch { $_.FullyQualifiedErrorId }

# What is known of an error.
try { [int]'x' } catch { }
(Get-Error) -split "`n" | Select-Object -First 4
try { throw [ArgumentOutOfRangeException]::new('size', 'too large') } catch { $_.Exception.ParamName; $_.Exception.Message }
[ArgumentException]::new('bad', 'p').Message
[ArgumentNullException]::new('p').Message
