# An explicit culture decides how numbers are read.
$de = [cultureinfo]'de-DE'
[decimal]::Parse('1.234,50', $de)
[double]::Parse('3,5', [cultureinfo]::GetCultureInfo('fr-FR'))
[double]::Parse('1 234,5', [cultureinfo]'fr-FR')
[int]::Parse('1.234', [Globalization.NumberStyles]::Number, $de)
$number = 0.0
[double]::TryParse('1,5', 'Float', $de, [ref]$number); $number
[double]::TryParse('1.5x', 'Float', $de, [ref]$number); $number
[double]::Parse('6,50')
[decimal]::Parse('(1.234,50 €)', 'Currency', $de)
try { [decimal]::Parse('1,234.50', $de) } catch { $_.FullyQualifiedErrorId }
try { [int]::Parse('1.5') } catch { $_.FullyQualifiedErrorId }
[int]::Parse('FFFFFFFF', 'HexNumber')
try { [double]::Parse('1,5', 'de-DE') } catch { $_.Exception.GetType().Name }

# And how they are written.
foreach ($name in 'en-US', 'de-DE', 'de-AT', 'de-CH', 'fr-FR', 'sv-SE', 'pt-BR', 'en-IN', 'ja-JP', 'tr-TR', '') {
    $culture = [cultureinfo]$name
    $value = -1234567.891
    ($value.ToString('N2', $culture), $value.ToString('C', $culture), (0.256).ToString('P1', $culture),
        $value.ToString($culture), $value.ToString('#,##0.0', $culture)) -join ' | '
}
[string]::Format($de, '{0:N1} {1:d} {2}', 1234.5, [datetime]'2026-03-01', 1.5)
(1234.5).ToString('N', $de), (1234.5).ToString('F', [cultureinfo]::InvariantCulture)
(42).ToString('D5', $de), (-42).ToString('D5', [cultureinfo]'sv-SE')
(1234.5).ToString('E2', $de)
[double]::PositiveInfinity.ToString(), [double]::PositiveInfinity.ToString([cultureinfo]::InvariantCulture)
"$([double]::NegativeInfinity)"

# Dates.
$day = [datetime]'2026-03-01T15:04:05'
foreach ($name in 'en-US', 'en-GB', 'de-DE', 'fr-FR', 'es-ES', 'it-IT', 'nl-NL', 'pl-PL', 'ru-RU', 'ja-JP', 'ko-KR', 'hu-HU', '') {
    $culture = [cultureinfo]$name
    ($day.ToString('d', $culture), $day.ToString('D', $culture), $day.ToString('t', $culture), $day.ToString('MMM', $culture),
        $day.ToString('dd/MM HH:mm', $culture)) -join ' | '
}
[datetime]::Parse('01.03.2026', $de).ToString('o')
[datetime]::ParseExact('1. März 2026', 'd. MMMM yyyy', $de).ToString('o')
[datetime]::ParseExact('Sonntag, 1. März 2026', 'D', $de).ToString('o')
try { [datetime]::Parse('13/01/2026', [cultureinfo]'en-US') } catch { $_.FullyQualifiedErrorId }
$found = [datetime]::MinValue
[datetime]::TryParse('13/01/2026', [cultureinfo]'en-GB', 'None', [ref]$found); $found.ToString('s')
[datetime]::TryParseExact('1/2/26', [string[]]('d/M/yy', 'dd/MM/yyyy'), [cultureinfo]'en-GB', 'None', [ref]$found); $found.ToString('s')
[datetime]::Parse('2026-03-01T12:00:00Z', $null, 'AdjustToUniversal').Kind
[datetime]::Parse('2026-03-01 12:00', $null, 'AssumeUniversal, AdjustToUniversal').ToString('o')
[datetimeoffset]::Parse('01.03.2026 12:00 +02:00', $de).ToString('o')
[datetimeoffset]::ParseExact('2026-03-01 +0200', 'yyyy-MM-dd zzz', $null).UtcDateTime.ToString('o')

# What a culture says of itself.
$de.Name, $de.EnglishName, $de.NativeName, $de.LCID, $de.Parent.Name, $de.TwoLetterISOLanguageName -join '; '
$de.NumberFormat.NumberDecimalSeparator + $de.NumberFormat.NumberGroupSeparator + $de.NumberFormat.CurrencySymbol
$de.DateTimeFormat.ShortDatePattern, $de.DateTimeFormat.FirstDayOfWeek, $de.DateTimeFormat.GetMonthName(3)
$de.DateTimeFormat.DayNames -join ','
$de.DateTimeFormat.AbbreviatedMonthNames.Count
$de.TextInfo.ListSeparator, (Get-Culture).TextInfo.ListSeparator
'iI'.ToUpper([cultureinfo]'tr-TR'), 'iI'.ToLower([cultureinfo]'tr-TR'), 'iI'.ToUpper()
[cultureinfo]::new('fr-CA').DisplayName
[cultureinfo]::InvariantCulture.Name.Length, [cultureinfo]::CurrentCulture.Name, (Get-Culture -Name pl-PL).Name
(Get-Culture -ListAvailable | Where-Object Name -like 'de-*').Name -join ','

# A copy of the formats can be changed; those of a culture by name cannot.
$own = [cultureinfo]::InvariantCulture.NumberFormat.Clone()
$own.NumberGroupSeparator = ' '
(1234567).ToString('N0', $own)
$own = [cultureinfo]::new('en-US')
$own.NumberFormat.CurrencySymbol = 'EUR '
(5).ToString('C', $own)
try { [cultureinfo]::InvariantCulture.NumberFormat.NumberGroupSeparator = ' ' } catch { $_.Exception.Message }

# The current culture.
[cultureinfo]::CurrentCulture = 'de-DE'
'{0:N2} {1} {2:d}' -f 1234.5, 1.5, $day
(1.5).ToString()
"$(1.5) $day"
1.5
[pscustomobject]@{ Price = 2.5; Day = $day } | ConvertTo-Csv -UseCulture
Get-Date $day -Format 'dddd d. MMMM'
Get-Date $day -UFormat '%A %d %B'
$PSCulture
(Get-Culture).Name
[double]::Parse('1,5')
[double]'1.5'
[System.Threading.Thread]::CurrentThread.CurrentCulture = [cultureinfo]::GetCultureInfo('en-US')
(1.5).ToString()

# What is not there is refused by name.
try { [cultureinfo]'xx-XX' } catch { $_.FullyQualifiedErrorId }
try { [cultureinfo]::GetCultureInfo('th-TH') } catch { $_.Exception.InnerException.GetType().Name }
try { [cultureinfo]::CurrentCulture = 'xx-XX' } catch { 'refused' }
try { Get-Culture -Name xx-XX -ErrorAction Stop } catch { $_.FullyQualifiedErrorId }

# Weeks.
$calendar = [cultureinfo]::InvariantCulture.Calendar
$calendar.GetWeekOfYear([datetime]'2026-01-05', 'FirstFourDayWeek', 'Monday')
$calendar.GetWeekOfYear([datetime]'2021-01-03', 'FirstDay', 'Sunday')
[System.Globalization.ISOWeek]::GetWeekOfYear([datetime]'2021-01-03')
[System.Globalization.ISOWeek]::GetYear([datetime]'2021-01-03')
[System.Globalization.ISOWeek]::ToDateTime(2026, 1, 'Monday').ToString('yyyy-MM-dd')
Get-Date -Date '2021-01-03T05:06:07' -UFormat '%a%A%b%B %c %C %D %e %h %H %I %j %k %l %m %M %p %R %r %S %s %T %u %U %V %w %W %x %X %y %Y %Z %%'
