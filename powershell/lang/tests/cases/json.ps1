# One element, several, none.
@(1) | ConvertTo-Json -Compress
ConvertTo-Json -InputObject @(1) -Compress
@(1) | ConvertTo-Json -Compress -AsArray
ConvertTo-Json @() -Compress
ConvertTo-Json @{}
$null | ConvertTo-Json
ConvertTo-Json -InputObject $null
('[1]' | ConvertFrom-Json).GetType().Name
('[[1,2],[3]]' | ConvertFrom-Json).Count
('[]' | ConvertFrom-Json | Measure-Object).Count
('[1]' | ConvertFrom-Json -NoEnumerate).GetType().Name

# Values.
[ordered]@{ whole = 1; long = 9007199254740993; big = [bigint]'123456789012345678901234567890'; dec = 1.10d; real = 1.5; small = 1e-7
    round = 2.0; nan = [double]::NaN; down = [double]::NegativeInfinity; yes = $true; none = $null; char = [char]'x'; single = [float]0.1 } | ConvertTo-Json
ConvertTo-Json ([DayOfWeek]::Friday), ([DayOfWeek]::Friday) -Compress
ConvertTo-Json ([DayOfWeek]::Friday) -EnumsAsStrings
ConvertTo-Json ([datetime]::new(2026, 3, 1)) , ([datetime]::new(2026, 3, 1, 4, 5, 6, 'Utc')), ([datetimeoffset]'2026-03-01T00:00:00+02:00') -Compress
ConvertTo-Json ([timespan]'1.02:03:04') -Compress
ConvertTo-Json ([guid]::Empty), ([version]'1.2') -Compress
ConvertTo-Json ([byte[]](1, 2)) -Compress
ConvertTo-Json "a`"b\c/d`te`u{1}é<&'" -Compress
ConvertTo-Json 'é<' -EscapeHandling EscapeNonAscii
ConvertTo-Json "<&'" -EscapeHandling EscapeHtml
try { ConvertTo-Json 1 -EscapeHandling Nope } catch { 'refused' }
try { ConvertTo-Json @{ 1 = 2 } } catch { $_.FullyQualifiedErrorId }

# Depth.
$deep = @{ a = @{ b = @{ c = @{ d = 1 } } } }
$deep | ConvertTo-Json -Compress 3> $null
$deep | ConvertTo-Json -Compress -WarningVariable warned -WarningAction SilentlyContinue | Out-Null; "$warned"
$deep | ConvertTo-Json -Compress -Depth 3 -WarningVariable none; $none.Count
ConvertTo-Json (, (, (, (1, 2)))) -Compress -WarningAction SilentlyContinue
try { ConvertTo-Json 1 -Depth 101 } catch { $_.FullyQualifiedErrorId }

# Reading.
$read = '{"n":1,"r":1.0,"s":"01","d":"2026-03-01T12:00:00Z","l":"2026-03-01T12:00:00","day":"2026-03-01","b":true,"z":null,"big":123456789012345678901}' | ConvertFrom-Json
$read.PSObject.Properties | ForEach-Object { "$($_.Name) $(if ($null -eq $_.Value) { 'null' } else { $_.Value.GetType().Name })" }
$read.d.Kind, $read.l.Kind
('{"b":1,"a":2}' | ConvertFrom-Json).PSObject.Properties.Name -join ','
('{"a":1,"a":2}' | ConvertFrom-Json).a
$table = '{"A":1,"a":{"x":[]}}' | ConvertFrom-Json -AsHashtable
$table.GetType().Name, $table.Count, $table['a'].GetType().Name
foreach ($bad in '{"a":1}x', '{"A":1,"a":2}', '{"":1}', '[1', '{"a" 1}', 'nope', "{`"a`":`n `"b}") {
    try { $bad | ConvertFrom-Json } catch { $_.FullyQualifiedErrorId; $_.Exception.Message }
}
"{'single': 'quotes', bare: 1, /* comment */ }" | ConvertFrom-Json | ConvertTo-Json -Compress
('{"a":1}', '{"a":2}' | ConvertFrom-Json).a -join ','
('{', '"a":3', '}' | ConvertFrom-Json).a
('' | ConvertFrom-Json | Measure-Object).Count
try { '[[[1]]]' | ConvertFrom-Json -Depth 2 } catch { $_.Exception.Message }
'1' | Test-Json; '{' | Test-Json -ErrorAction SilentlyContinue
