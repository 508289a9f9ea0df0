# Each line was wrong once.
'a.b.c'.Split('.')[-1]
[regex]::Replace('a1b22', '\d+', { param($m) "<$($m.Value)>" })
([datetime]'2025-03-31').AddMonths(1).ToString('yyyy-MM-dd')
[math]::Round(2.5), [math]::Round(3.5)
[string]::Join('-', [object[]](1, 'a', $null, 2.0))
('b', 'A', 'a', 'B' | Sort-Object -CaseSensitive) -join ''
(Get-Date -Date '2025-11-21T10:00:00Z').ToUniversalTime().ToString('o')
[timespan]::FromMinutes(90).ToString()
1..10 | Select-Object -Skip 2 -First 3 | Join-String -Separator ','
@{ k = 1 }.ContainsKey('K')
[decimal]'1.10' + 1
(Get-TimeZone).Id
try { Test-Path . -NewerThan (Get-Date) } catch { $_.FullyQualifiedErrorId }
