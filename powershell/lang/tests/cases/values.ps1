# Scalars have an index, and methods of objects take arguments from ForEach-Object.
$x = 5; $x[0], $x[-1], $x.Count
([pscustomobject]@{ a = 7 })[0].a
try { $x[1] } catch { $_.FullyQualifiedErrorId }
1..3 | ForEach-Object ToString 'D3'
'a.b', 'c.d' | ForEach-Object Split '.'
'abc' | ForEach-Object Substring 1 1
'é'.Normalize('FormD').Length, 'e´'.IsNormalized(), "e$([char]0x301)".Normalize().Length

# A cast that fails.
try { [int]'x' } catch [System.Management.Automation.RuntimeException] { $_.FullyQualifiedErrorId, $_.Exception.GetType().Name, $_.Exception.InnerException.GetType().Name }
try { [int]'x' } catch [InvalidCastException] { 'by the inner exception' }
& { trap { "trapped: $_"; continue } throw 'one' }
& { trap [DivideByZeroException] { 'divided'; continue } 1 / 0; 'after' }

# Grammar that scripts use.
$i = 1; $i ++; $i; $i --; $i
$n = @(1, 2); $n[0] ++; $n -join ','
[string []]$texts = 'x'; $texts.Count
1-ge0
1, 2 -join'-'
$h = @{ 1 = 'one' }; $k = 1; $h.$k
'(a)'.Trim('()'), 'xxaxx'.TrimEnd('x')
[uint32]'0xFF000000'
([System.Collections.Stack](1, 2, 3)).Count
[IO.FileNotFoundException]::new('gone', 'f.txt').FileName

# What was before a command decides the $? of its arguments.
Write-Error 'x' -ErrorAction SilentlyContinue; Write-Output $?
Write-Output 1 | Out-Null; Write-Output $?
Test-Path $null -ErrorAction SilentlyContinue; $?
try { '{0,2000000}' -f 1 } catch { $_.FullyQualifiedErrorId }
Set-Content bad.ps1 'if ('
try { . ./bad.ps1 } catch { $_.FullyQualifiedErrorId }
New-Item -ItemType Directory d | Out-Null
try { Move-Item d d/sub -ErrorAction Stop } catch { $_.Exception.Message -replace '/.*/', '' }
function one { class Twice { } 'one' }; function two { class Twice { } 'two' }
one; two

# Tables.
@{ x = 1 } | Format-Table | Out-String
[ordered]@{ x = 1; longer = 'two' } | Format-Table -AutoSize | Out-String
@{ x = 1 } | Format-List | Out-String
(1..40 | ForEach-Object { 'word' }) -join ' ' | ForEach-Object { [pscustomobject]@{ Text = $_; More = 1 } } | Format-Table | Out-String -Width 40
[pscustomobject]@{ Text = 'x' * 150 } | Format-Table | Out-String -Width 200
[cultureinfo]'de-DE'
Get-Date '2026-03-01' -DisplayHint Date

# The code of a script.
Set-Content seven.ps1 'exit 7'; & ./seven.ps1; "$? $LASTEXITCODE"
Set-Content zero.ps1 'exit 0'; & ./zero.ps1; "$? $LASTEXITCODE"
& ./seven.ps1 | Out-Null; "$LASTEXITCODE"
if (& { ./seven.ps1; $? }) { 'true' } else { 'false' }
