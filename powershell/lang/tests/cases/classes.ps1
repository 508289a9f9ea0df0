# Classes: inheritance, static members, operators that call them.
enum Level { Low = 1; High = 10 }
class Shape {
    [string] $Name
    static [int] $Made = 0
    Shape([string] $name) { $this.Name = $name; [Shape]::Made++ }
    [double] Area() { return 0 }
    [string] ToString() { return "$($this.Name): $($this.Area())" }
}
class Square : Shape {
    [double] $Side
    Square([double] $side) : base('square') { $this.Side = $side }
    [double] Area() { return $this.Side * $this.Side }
}
$shapes = [Square]::new(2), [Square]::new(1.5), [Shape]::new('blob')
$shapes | Sort-Object { $_.Area() } | ForEach-Object { "$_" }
[Shape]::Made
$shapes[0] -is [Shape]
[Level]::High -gt [Level]::Low
[int][Level]'High'
[Level]10
try { [Level]'Middle' } catch { 'no such level' }
