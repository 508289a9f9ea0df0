BeforeAll {
    function Add($a, $b) { $a + $b }
    function Fail { throw [System.ArgumentException]::new('no such luck') }
}

Describe 'Adding' {
    BeforeAll { $base = 10; $script:log = @() }
    BeforeEach { $script:log += 'before' }
    AfterEach { $script:log += 'after' }

    It 'adds numbers' { Add 1 2 | Should -Be 3 }
    It 'sees what was set up' { $base | Should -Be 10 }
    It '<a> and <b> are <sum>' -TestCases @(
        @{ a = 1; b = 1; sum = 2 }
        @{ a = 'x'; b = 'y'; sum = 'xy' }
    ) {
        param($a, $b, $sum)
        Add $a $b | Should -BeExactly $sum
    }
    It 'takes each of <_>' -ForEach 1, 2 { $_ | Should -BeIn 1, 2, 3 }
    It 'fails here' { Add 1 2 | Should -Be 4 -Because 'it is wrong' }
    It 'tells how strings differ' { 'abc' | Should -Be 'abd' }
    It 'is skipped' -Skip { throw 'never' }
    It 'has no body'
    It 'ran what is around each' { $log.Count | Should -BeGreaterThan 10; $log[0] | Should -Be 'before' }

    Context 'within' {
        It 'sees the outer' { $base | Should -Not -BeNullOrEmpty }
        It 'has a drive of its own' {
            Set-Content -Path TestDrive:/a.txt -Value 'one', 'two'
            'TestDrive:/a.txt' | Should -Exist
            Get-Content "$TestDrive/a.txt" | Should -HaveCount 2
            'TestDrive:/a.txt' | Should -FileContentMatch '^tw'
        }
    }
    It 'has lost what the context wrote' { 'TestDrive:/a.txt' | Should -Not -Exist }
}

Describe 'Should' {
    It 'knows errors' {
        { Fail } | Should -Throw
        { Fail } | Should -Throw 'no such luck'
        { Fail } | Should -Throw '*such*' -ExceptionType ([System.ArgumentException])
        { Get-Item /none -ErrorAction Stop } | Should -Throw -ErrorId 'PathNotFound,Microsoft.PowerShell.Commands.GetItemCommand'
        { 1 } | Should -Not -Throw
        $e = { throw 'x' } | Should -Throw -PassThru
        $e.Exception.Message | Should -Be 'x'
    }
    It 'knows types and collections' {
        1 | Should -BeOfType [int]
        'x' | Should -BeOfType ([string])
        @(1, 2, 3) | Should -Be @(1, 2, 3)
        @(1, 2, 3) | Should -Contain 2
        @(1, 2) | Should -HaveCount 2
        @() | Should -BeNullOrEmpty
        $null | Should -Be $null
        'HELLO' | Should -Be 'hello'
        'HELLO' | Should -Not -BeExactly 'hello'
        'hello' | Should -Match '^h'
        'hello' | Should -BeLike 'h*o'
        $true | Should -BeTrue
        0 | Should -BeFalse
        Get-Command Add | Should -HaveParameter a
        3 | Should Be 3
        3 | Should Not Be 4
    }
    It 'tells a wrong error' { { Fail } | Should -Throw 'another' }
    It 'tells that there was none' { { 1 } | Should -Throw }
    It 'counts' { 1, 2 | Should -HaveCount 3 }
    It 'may be skipped from within' { Set-ItResult -Skipped -Because 'not today' }
    It 'is never passed by what is not here' { { Get-Process } | Should -Throw }
}

Describe 'A broken group' {
    BeforeAll { throw 'set-up failed' }
    It 'fails with it' { 1 | Should -Be 1 }
}
