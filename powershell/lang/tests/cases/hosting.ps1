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
$m = New-Module -Name Greeter { $n = 0; function Hello { $script:n++; "hello $n" }; function Hidden { 1 }; Export-ModuleMember Hello }
Hello; Hello; $m.Name
try { Hidden } catch { $_.FullyQualifiedErrorId }
$counter = New-Module -AsCustomObject { $c = 0; function Next { $script:c++; $script:c } }
$null = $counter.Next(); $counter.Next()
Update-TypeData -TypeName My.Point -MemberName Length -MemberType ScriptProperty -Value { [math]::Sqrt($this.X * $this.X + $this.Y * $this.Y) }
Update-TypeData -TypeName My.Point -MemberName Twice -MemberType ScriptMethod -Value { param($n) $this.X * 2 + $n }
$p = [pscustomobject]@{ PSTypeName = 'My.Point'; X = 3; Y = 4 }
$p.Length; $p.Twice(1)
function Outer { Inner }; function Inner { (Get-PSCallStack).Command -join ' < ' }
Outer
(Get-Verb Get, Deploy).Group -join ' '
Get-ExecutionPolicy
try { Set-ExecutionPolicy Bypass } catch { $_.Exception.Message }
class P { [int]$X; [string] Say([string]$n) { return "hi $n" } }
"$([P].GetProperties().Name) $([P].GetMethod('Say').Name)"
$sb = { param($a, $b) $a }
$sb.Ast.ParamBlock.Parameters.Name -join ','; "$($sb.Ast)"; $sb.Ast.EndBlock.Statements[0].Extent.Text
