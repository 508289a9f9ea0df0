# Parameters: names, positions, defaults, validation, the pipeline.
function Get-Area {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory, ValueFromPipelineByPropertyName)] [double] $Width,
        [Parameter(ValueFromPipelineByPropertyName)] [double] $Height = 2,
        [ValidateSet('cm', 'm')] [string] $Unit = 'cm'
    )
    begin { $count = 0 }
    process { $count++; "$($Width * $Height) $Unit" }
    end { "$count shapes" }
}
Get-Area 3 -Unit m
@([pscustomobject]@{ Width = 1; Height = 5 }, [pscustomobject]@{ Width = 4 }) | Get-Area
$splat = @{ Width = 7; Height = 7 }
Get-Area @splat
try { Get-Area 1 -Unit inch } catch { $_.FullyQualifiedErrorId }
try { Get-Area 1 -Depth 3 } catch { $_.FullyQualifiedErrorId }
function Sum { $total = 0; foreach ($n in $args) { $total += $n }; $total }
Sum 1 2 3.5
filter Double { $_ * 2 }
1..3 | Double
