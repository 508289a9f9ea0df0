$rows = Invoke-Sqlcmd -ServerInstance shop -Query 'SELECT * FROM t WHERE day = ''$(day)''' -Variable 'day=2025-09-01'
$rows.sql
$rows.n + 1
$rows.price * 2
$rows.at.AddDays(1).ToString('yyyy-MM-dd HH:mm')
$rows.id.GetType().Name
$null -eq $rows.none
(Invoke-Sqlcmd -Database shop "SELECT 1`nGO`nSELECT 2").sql -join '; '
try { Invoke-Sqlcmd -ServerInstance other -Query 'SELECT 1' } catch { $_.Exception.Message; $_.FullyQualifiedErrorId }
try { Invoke-Sqlcmd -ServerInstance shop -Query 'SELECT $(x)' } catch { $_.Exception.Message }
Invoke-Sqlcmd -Database shop -Query 'SELECT 1' -Username sa -Password x | Select-Object sql, n
