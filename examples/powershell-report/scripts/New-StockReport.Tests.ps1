BeforeAll {
    . $PSScriptRoot/New-StockReport.ps1 -Path .
}

Describe 'Import-Stock' {
    BeforeAll {
        Set-Content -Path TestDrive:/stock-oslo.csv -Value 'Article,Name,Count,Price', 'A-1,Bolt,3,1.50', 'A-2,Nut,20,0.10'
        Set-Content -Path TestDrive:/other.csv -Value 'Article', 'X'
        $stock = Import-Stock -Path $TestDrive
    }

    It 'reads the files of sites, and no other' {
        $stock | Should -HaveCount 2
        $stock.Site | Should -Be 'Oslo', 'Oslo'
    }

    It 'values <Article> at <Value>' -TestCases @(
        @{ Article = 'A-1'; Value = 4.5 }
        @{ Article = 'A-2'; Value = 2 }
    ) {
        ($stock | Where-Object Article -EQ $Article).Value | Should -Be $Value
    }
}

Describe 'Get-Shortage' {
    It 'finds what there is too little of, least first' {
        $stock = @{ Article = 'a'; Count = 9 }, @{ Article = 'b'; Count = 10 }, @{ Article = 'c'; Count = 0 } |
            ForEach-Object { [pscustomobject]$_ }
        (Get-Shortage -Stock $stock -Low 10).Article | Should -Be 'c', 'a'
    }
}
