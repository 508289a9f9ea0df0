# What ends a statement, what ends a script, and what is only told.
function Test-Ending {
    try { throw [System.IO.FileNotFoundException]::new('no such file') }
    catch [System.IO.IOException] { "caught $($_.Exception.GetType().Name)" }
    catch { 'not reached' }
    finally { 'finally' }
}
Test-Ending
try { 1 / 0 } catch { "$($_.Exception.InnerException.GetType().Name): $_" }
try { Get-Item /nowhere -ErrorAction Stop } catch { $_.CategoryInfo.Category }
Get-Item /nowhere -ErrorAction SilentlyContinue
"goes on: $($Error[0].FullyQualifiedErrorId)"
$? 
Write-Error 'told' -ErrorAction SilentlyContinue -ErrorVariable told
"told $($told.Count)"
Write-Error 'fails' -ErrorAction SilentlyContinue; $?
function Tell { Write-Error 'fails' -ErrorAction SilentlyContinue }
Tell; $?
trap { "trapped $_"; continue }
throw 'a string'
'after the trap'
# What is not here says so, and what to do.
foreach ($command in 'Get-Process', 'git', 'ConvertTo-Xml', 'Get-Thing') {
    try { & $command -ErrorAction Stop } catch { $_.Exception.Message.Split("`n")[0] }
}
Add-Type -AssemblyName System.Web
[System.Web.HttpUtility]::UrlEncode('a b&c')
try { Add-Type -AssemblyName System.Windows.Forms } catch { $_.FullyQualifiedErrorId }
try { Add-Type -TypeDefinition 'public class C { }' } catch { $_.FullyQualifiedErrorId }
