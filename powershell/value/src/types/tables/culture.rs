//! Cultures.

use super::super::NetType as N;
use super::super::TypeInfo;

pub(super) const TYPES: &[TypeInfo] = &[
    TypeInfo::class(N::CultureInfo, "System.Globalization.CultureInfo")
        .named(&["cultureinfo"])
        .implements(&[N::IFormatProvider]),
    TypeInfo::class(N::TextInfo, "System.Globalization.TextInfo"),
    TypeInfo::class(N::NumberFormatInfo, "System.Globalization.NumberFormatInfo")
        .implements(&[N::IFormatProvider]),
    TypeInfo::class(N::DateTimeFormatInfo, "System.Globalization.DateTimeFormatInfo")
        .implements(&[N::IFormatProvider]),
    TypeInfo::class(N::Calendar, "System.Globalization.Calendar"),
    TypeInfo::class(N::GregorianCalendar, "System.Globalization.GregorianCalendar").extends(N::Calendar),
    TypeInfo::class(N::ISOWeek, "System.Globalization.ISOWeek"),
    TypeInfo::enumeration(
        N::CalendarWeekRule,
        "System.Globalization.CalendarWeekRule",
        &[("FirstDay", 0), ("FirstFullWeek", 1), ("FirstFourDayWeek", 2)],
    ),
    TypeInfo::flags(
        N::CultureTypes,
        "System.Globalization.CultureTypes",
        &[("NeutralCultures", 1), ("SpecificCultures", 2), ("InstalledWin32Cultures", 4), ("AllCultures", 7)],
    ),
    TypeInfo::class(N::Thread, "System.Threading.Thread"),
    TypeInfo::class(N::CultureNotFoundException, "System.Globalization.CultureNotFoundException")
        .extends(N::ArgumentException),
];
