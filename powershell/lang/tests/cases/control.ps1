# Loops, labels, switch, script blocks that close over a variable.
:outer foreach ($i in 1..3) {
    foreach ($j in 1..3) {
        if ($j -eq 2) { continue outer }
        if ($i -eq 3) { break outer }
        "$i.$j"
    }
}
switch -Regex ('red apple', 'green pear') {
    '^red' { "stop: $_" }
    'pear$' { "fruit: $_" }
    default { 'never' }
}
switch (3) { { $_ -gt 2 } { 'big' } 3 { 'three'; break } 3 { 'not reached' } }
$n = 0
do { $n++ } until ($n -ge 3)
$n
$adders = 1..2 | ForEach-Object { $step = $_; { param($x) $x + $step }.GetNewClosure() }
$adders | ForEach-Object { & $_ 10 }
for ($i = 0; $i -lt 2; $i++) { "for $i" }
$first, $rest = 1, 2, 3
"$first | $rest"
$text = @"
$(Get-Date '2025-02-03' -Format 'dddd') and `$escaped
"@
$text
