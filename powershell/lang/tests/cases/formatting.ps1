# What nobody formatted is formatted as PowerShell does.
[pscustomobject]@{ Name = 'north'; Revenue = 15.25 }, [pscustomobject]@{ Name = 'south'; Revenue = 7 }
[pscustomobject]@{ A = 1; B = 2; C = 3; D = 4; E = 5 }
'text between'
[ordered]@{ one = 1; two = @(1, 2) }
[pscustomobject]@{ Name = 'n' } | Format-List
