# Operators, on one value and on many.
1, 2, 3, 4 -gt 2
'apple', 'Avocado', 'banana' -like 'a*'
'one two' -replace '(\w+) (\w+)', '$2 $1'
'2025-11-21' -match '(?<year>\d{4})-(?<month>\d\d)'
$Matches.year
'a,b;c' -split '[,;]'
-join ('x', 'y', 'z')
'{0:N2} {1,-5}| {2:yyyy-MM-dd}' -f 1234.5, 'ab', [datetime]'2025-11-21'
3 -in 1..5
$null ?? 'default'
$missing = $null
$missing?.Length
$missing ??= 'set'
$missing
(5 -band 3), (5 -bor 3), (5 -bxor 3), (1 -shl 4)
7 / 2
6 / 2
[int]2.5
[int]3.5
'10' + 5
10 + '5'
@(1, 2) + 3 | Measure-Object | ForEach-Object Count
1kb
'abc' * 2
'B' -ceq 'b'
