# Requests, as a script sends them; the test's host tells what came.
$r = Invoke-RestMethod 'http://test/items?x=1' -Headers @{ 'X-Key' = 'k' } -UserAgent 'me'
$r.method, $r.path, $r.headers.'x-key', $r.headers.'user-agent' -join ' '
$r = Invoke-RestMethod -Method Post -Uri http://test/items -Body (@{ a = 1 } | ConvertTo-Json -Compress) -ContentType 'application/json'
"$($r.method) $($r.body) $($r.headers.'content-type')"
$form = Invoke-RestMethod http://test/form -Method Put -Body ([ordered]@{ name = 'a b'; n = 2 })
$form.body
(Invoke-RestMethod http://test/q -Body @{ q = 'x&y' }).path
$secret = ConvertTo-SecureString 'pw' -AsPlainText -Force
$credential = [pscredential]::new('me', $secret)
(Invoke-RestMethod https://test/ -Authentication Basic -Credential $credential).headers.authorization
(Invoke-RestMethod https://test/ -Authentication Bearer -Token $secret).headers.authorization
try { Invoke-RestMethod http://test/ -Authentication Bearer -Token $secret } catch { $_.FullyQualifiedErrorId }
try { Invoke-RestMethod http://test/status/404 }
catch {
    "$($_.Exception.GetType().Name): $($_.Exception.Message)"
    "$($_.FullyQualifiedErrorId) | $($_.ErrorDetails.Message) | $([int]$_.Exception.Response.StatusCode)"
}
Invoke-RestMethod http://test/status/500 -SkipHttpErrorCheck -StatusCodeVariable code
$code
$w = Invoke-WebRequest http://test/to/there
"$($w.StatusCode) $($w.StatusDescription) $(($w.Content | ConvertFrom-Json).path) $($w.Headers['Content-Type'])"
(Invoke-WebRequest http://test/to/there -MaximumRedirection 0).StatusCode
Invoke-WebRequest http://test/a.json -OutFile a.json
(Get-Content a.json -Raw | ConvertFrom-Json).path
try { Invoke-RestMethod http://elsewhere/ } catch { $_.Exception.Message }
(Invoke-WebRequest https://test/to/../up).StatusCode
# From https nothing leads to http.
(Invoke-WebRequest https://test/down).StatusCode
