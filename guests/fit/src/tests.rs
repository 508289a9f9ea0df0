//! The tables of the servers, by data: texts that a type holds, and texts that it would change.

use super::*;

/// A type with the texts that it holds or that the server refuses, and the texts that it would change.
type Case = (&'static [&'static str], &'static [&'static str], &'static [&'static str]);

const POSTGRES: &[Case] = &[
    (&["int2", "int4", "int8"], &["7", "007", "-3", "7.0", "1e3", "abc", ""], &["1.5", "15e-1"]),
    (&["oid"], &["42"], &["-1"]),
    (&["numeric(10,2)"], &["1.50", "1.500", "-3", "abc", "", "15e-1", "NaN", "1e3"], &["1.005", "1e-3"]),
    (&["numeric(3,-1)"], &["150", "0", "1200", "1e2"], &["149", "149.5", "15"]),
    (&["numeric(3)", "numeric(3,0)"], &["15", "15.0"], &["1.5"]),
    (&["numeric"], &["1.005"], &[]),
    (&["float4"], &["0.1", "16777216", "NaN", "0.100000001"], &["16777217", "1234567.891"]),
    (
        &["float8"],
        &["0.30000000000000004", "1e300", "Infinity"],
        &["9007199254740993", "12345678901234567890"],
    ),
    (&["money"], &["12", "$1,234.50", "(1.50)", "-12.500"], &["12.345", "$1,234.567", "(1.005)"]),
    (
        &["date"],
        &["2026-01-31", "20260131", "infinity", "2026-01-31T00:00:00Z", "0044-03-15 BC", "31 Jan 2026"],
        &[
            "2026-01-31T00:00:01",
            "2026-01-31 10:00",
            "2026-01-31 00:00:00+02:00",
            "01.02.2026",
            "1/2/2026",
            "2026-01-31 101112",
            "31 Jan 2026 10:00",
            "20260131T101112",
        ],
    ),
    (
        &["timestamp"],
        &["2026-01-31 10:20:30.123456", "2026-01-31T10:20:30Z", "2026-01-31 10:20:30+00:00", "2026-01-31"],
        &[
            "2026-01-31T10:20:30+02:00",
            "2026-01-31 10:20:30 America/New_York",
            "2026-01-31 10:20:30.1234567",
            "2026-01-31 10:20:60",
            "01.02.2026 10:20",
            "10:20:30",
        ],
    ),
    (&["timestamp(0)"], &["2026-01-31 10:20:30.000"], &["2026-01-31 10:20:30.5"]),
    (&["timestamptz"], &["2026-01-31T10:20:30+02:00"], &["2026-01-31T10:20:30.1234567Z"]),
    (
        &["time"],
        &["10:20", "24:00", "10:20:30.123456", "10:20:30Z", "10:20 PM"],
        &["10:20:30.1234567", "10:20:30+02:00", "2026-01-31 10:20:30", "1020", "10:20:60"],
    ),
    (&["time(0)"], &["10:20:30.0"], &["10:20:30.5"]),
    (&["timetz"], &["10:20:30+02:00"], &["2026-01-31 10:20:30+02", "10:20:30.1234567+02"]),
    (
        &["interval"],
        &["1 day 2:03:04.5", "1.5 hours", "P1DT2H", "13 months", "infinity"],
        &["1.5 months", "0.3 years", "1.23456789 s", "P1.3Y"],
    ),
    (&["interval hour", "interval day to hour"], &["1 day 02:00", "3 hours"], &["1:30", "1.5 hours", "soon"]),
    (&["interval(0)", "interval second(0)"], &["00:00:02"], &["00:00:01.5"]),
    (&["interval day"], &["1 day"], &["1 day 01:00"]),
    (&["varchar(3)", "char(3)"], &["abc", "ab ", "abcd"], &["abc  "]),
    (&["varchar", "text", "char"], &["abc   ", "1.005", "2026-01-31T10:20:30+02:00"], &[]),
    (&["\"char\""], &["a", ""], &["abc", "ä"]),
    (&["name"], &["abc"], &["a234567890123456789012345678901234567890123456789012345678901234"]),
    (&["bytea"], &["00ff", "\\x00FF", ""], &["hello", "0"]),
    (&["jsonb"], &["{\"a\": 1.50}", "[{\"a\": 1}, {\"a\": 1}]"], &["{\"a\": 1, \"a\": 2}"]),
    (&["json", "bit(3)", "uuid", "bool", "xml", "inet"], &["{\"a\": 1, \"a\": 2}", "101", "1101"], &[]),
    (&["tsrange"], &["[2026-01-31 10:00,)", "empty"], &["[\"2026-01-31 10:00+02\",\"2026-02-01 10:00+02\")"]),
    (&["daterange"], &["[2026-01-31,2026-02-01)"], &["[2026-01-31 10:00,)"]),
    (&["int4[]"], &["{1,NULL,3}", "[0:2]={1,2,3}"], &["{1.5}"]),
    (&["date[]"], &["{2026-01-31}", "{}"], &["{\"2026-01-31 10:00\"}"]),
    (&["text[]", "varchar(3)[]"], &["{\"a b\",1.5}"], &[]),
];

const MYSQL: &[Case] = &[
    (
        &["bigint unsigned", "int zerofill", "boolean"],
        &["18446744073709551615", "7", "1.0", "1e3", "7abc"],
        &["0.5"],
    ),
    (&["year"], &["2026", "0000", "1899"], &["0", "26", "2026.4", "1.5"]),
    (&["decimal(10,2)", "decimal(10,2) zerofill"], &["0.10", "1e1"], &["0.101"]),
    (&["float"], &["0.1", "16777216"], &["16777217", "1234567.891"]),
    (&["float(7,2)", "double(7,2)"], &["1.23", "1.230"], &["1.239"]),
    (&["double"], &["0.1", "1.7976931348623157e308"], &["12345678901234567890"]),
    (&["bit"], &["5", "0"], &["b'101'", "true", "1.0", "x"]),
    (
        &["date"],
        &["2026-01-31", "2026-01-31 00:00:00", "2026/01/31", "0000-00-00", "20260131"],
        &["2026-01-31 10:00:00", "01.02.20", "260131", "26-01-31"],
    ),
    (
        &["datetime", "timestamp"],
        &["2026-01-31 10:20:30", "2026-01-31T10:20:30.000", "2026-01-31"],
        &["2026-01-31 10:20:30.5", "01.02.26", "26-01-31 10:00", "2026-01-31T10:20:30+02:00"],
    ),
    (&["datetime(3)"], &["2026-01-31 10:20:30.125"], &["2026-01-31 10:20:30.1255"]),
    (
        &["time"],
        &["10:20:30", "-100:20:30", "1 10:20:30"],
        &["10:20:30.5", "2026-01-31 10:20:30", "1020", "30"],
    ),
    (&["char"], &["ab", " ab"], &["ab "]),
    (&["varchar(3)"], &["abc", "ab "], &["abc "]),
    (&["varchar", "text", "blob"], &["ab ", "1.005"], &[]),
    (&["json"], &["{\"a\": 1}"], &["{\"a\": 1, \"a\": 2}"]),
];

const SQLITE: &[Case] = &[
    (
        &["INTEGER", "bigint", "POINT"],
        &["7", "007", "9223372036854775807", "1.0", "1e3", "1.5", "abc", "nan"],
        &["9223372036854775808", "0.1234567890123456"],
    ),
    (
        &["REAL", "DOUBLE PRECISION"],
        &["1.5", "9007199254740992", "1.0", "1e300"],
        &["12345678901234567", "9007199254740993", "1e400"],
    ),
    (
        &["NUMERIC(10,2)", "DECIMAL"],
        &["1.005", "1.50", "9223372036854775807", "12345678901234.5", "abc"],
        &["12345678901234567890", "0.1234567890123456"],
    ),
    (
        &["STRING", "date", "uuid", "json"],
        &["2026-01-31", "abc", "12", "1.5", "0x1F"],
        &["007", "1.50", "12e3", "+5", "1.0"],
    ),
    (&["VARCHAR(9)", "TEXT", "", "BLOB"], &["12345678901234567890", "007", "1.0"], &[]),
];

const MSSQL: &[Case] = &[
    (&["int"], &["7", "7.0"], &["1.5"]),
    (&["bit"], &["0", "1", "true"], &["2", "5", "0.5"]),
    (&["decimal(10,2)"], &["1.50"], &["1.005"]),
    (&["money", "smallmoney"], &["1.2345"], &["1.23456"]),
    (&["real"], &["0.1"], &["16777217"]),
    (&["float"], &["0.30000000000000004"], &["9007199254740993"]),
    (&["date"], &["2026-01-31", "20260131"], &["2026-01-31 10:00", "01/02/2026"]),
    (&["datetime"], &["2026-01-31 10:20:30.123", "2026-01-31 10:20:30.5"], &["2026-01-31 10:20:30.124"]),
    (&["smalldatetime"], &["2026-01-31 10:20", "2026-01-31 10:20:00"], &["2026-01-31 10:20:30"]),
    (&["datetime2", "datetime2(7)"], &["2026-01-31 10:20:30.1234567"], &["2026-01-31 10:20:30.12345678"]),
    (
        &["datetime2(3)"],
        &["2026-01-31 10:20:30.123"],
        &["2026-01-31 10:20:30.1234", "2026-01-31 10:20:30+02:00"],
    ),
    (&["datetimeoffset(0)"], &["2026-01-31 10:20:30+02:00"], &["2026-01-31 10:20:30.5+02:00"]),
    (&["time(0)"], &["10:20:30"], &["10:20:30.5", "2026-01-31 10:20:30"]),
    (
        &["uniqueidentifier"],
        &["{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}"],
        &["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11-more"],
    ),
    (&["varchar(3)", "char(3)"], &["äé€", "abcd"], &["Ж", "abc "]),
    (&["varchar(max)", "text"], &["abc "], &["日本"]),
    (&["nvarchar(3)"], &["Ж日本", "abcd"], &["abc "]),
    (&["nvarchar(max)"], &["abc "], &[]),
];

#[test]
fn a_text_that_the_database_would_change_is_refused() {
    let tables = [("postgres", POSTGRES), ("mysql", MYSQL), ("sqlite", SQLITE), ("mssql", MSSQL)];
    let mut wrong = Vec::new();
    for (dialect, cases) in tables {
        for (names, kept, refused) in cases {
            for name in *names {
                let target = Target::of(dialect, name);
                let misfits = kept.iter().filter_map(|text| target.misfit(text));
                wrong.extend(misfits.map(|why| format!("{dialect} {name}: {why}")));
                let fits = refused.iter().filter(|text| target.misfit(text).is_none());
                wrong.extend(fits.map(|text| format!("{dialect} {name} holds {text}")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_reason_names_the_text_the_type_and_the_fix() {
    for (name, text, shown) in [
        (
            "numeric(5,2)",
            "1.005",
            "`1.005` has more digits behind the point, and the column of the type `numeric(5,2)` keeps 2: round it first, or widen the column",
        ),
        (
            "date",
            "2026-01-31 10:00",
            "`2026-01-31 10:00` has a time, and the column of the type `date` holds days only: cut it first, or take a type with times",
        ),
    ] {
        assert_eq!(Target::of("postgres", name).misfit(text).as_deref(), Some(shown));
    }
}

#[test]
fn names_of_an_enum_and_of_a_set_are_those_of_the_column() {
    let names = || vec!["a".to_owned(), "b".to_owned()];
    for (is_set, text, fits) in [
        (false, "a", true),
        (false, "A", false),
        (false, "1", false),
        (false, "a ", false),
        (false, "", false),
        (true, "", true),
        (true, "a,b", true),
        (true, "b,a", false),
        (true, "a,a", false),
        (true, "3", false),
    ] {
        assert_eq!(Target::names("set", names(), is_set).misfit(text).is_none(), fits, "{is_set} {text}");
    }
}

#[test]
fn bytes_of_a_fixed_width_are_complete() {
    let target = Target::of("mysql", "binary(4)");
    assert!(target.why_bytes(b"ab").is_some() && target.why_bytes(b"abcd").is_none());
}

#[test]
fn columns_of_text_take_the_empty_text_and_columns_of_numbers_the_decimal_sign() {
    for (dialect, type_name, takes_empty, is_number) in [
        ("postgres", "varchar", true, false),
        ("postgres", "int4", false, true),
        ("postgres", "uuid", false, false),
        ("postgres", "interval", false, false),
        ("mysql", "char", true, false),
        ("mysql", "double", false, true),
        ("mssql", "nvarchar", true, false),
        ("mssql", "bit", false, false),
        ("sqlite", "", true, false),
        ("sqlite", "DECIMAL", false, true),
        ("sqlite", "date", false, false),
    ] {
        let target = Target::of(dialect, type_name);
        assert_eq!((target.takes_empty, target.is_number), (takes_empty, is_number), "{dialect} {type_name}");
    }
}
