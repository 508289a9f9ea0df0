$o = [pscustomobject]@{A=1}
$o | Add-Member NoteProperty B 5
$o | Add-Member C 6
$o | Add-Member @{ D = 7 }
$o | Add-Member -MemberType ScriptMethod -Name Go -Value { "go $($this.A)" }
"$($o.B) $($o.C) $($o.D) $($o.Go())"
$ps = [powershell]::Create()
$r = $ps.AddScript('$x = 5; $x; Write-Error bad; Write-Warning careful').Invoke()
"$r $($ps.HadErrors) $($ps.Streams.Error.Count) $($ps.Streams.Warning[0].Message)"
$ps.Commands.Clear()
$ps.AddScript('$x + 1').Invoke()
[powershell]::Create().AddCommand('Get-Date').AddParameter('Date', '2024-02-29').AddParameter('Format', 'yyyy').Invoke()
[powershell]::Create().AddScript('1..5').AddCommand('Select-Object').AddParameter('First', 2).Invoke() -join ','
try { [powershell]::Create().AddScript('throw "oops"').Invoke() } catch { $_.Exception.Message; $_.FullyQualifiedErrorId }
try { Set-Variable PID 3 -ErrorAction Stop } catch { $_.FullyQualifiedErrorId }
try { & { param([Parameter(Mandatory)]$x) } } catch { $_.FullyQualifiedErrorId }
$i = Write-Information 'info' 6>&1; $i.MessageData
