//! The types of MySQL and MariaDB. MariaDB cuts fractions of seconds without a warning.

use crate::check::{Check, Parts, Steps};
use crate::{Form, Row, Type};

fn moment(day: bool, seconds: Option<usize>) -> Check {
    Check::Moment(Parts { day, seconds, zone: false, steps: Steps::Fraction })
}

/// Digits after the point of `float(7,2)`.
fn float(of: &Type<'_>, any: Check, to: fn(i64) -> Check) -> Check {
    of.numbers.get(1).map_or(any, |scale| to(*scale))
}

/// The server refuses a text that does not fit into other types, or warns, and the load fails.
pub(crate) const TYPES: &[Row] = &[
    (
        &[
            "tinyint",
            "smallint",
            "mediumint",
            "int",
            "integer",
            "bigint",
            "boolean",
            "int1",
            "int2",
            "int4",
            "int8",
        ],
        Form::Number,
        |_| Check::Whole,
    ),
    (&["year"], Form::Number, |_| Check::Year),
    (&["decimal", "numeric"], Form::Number, |of| of.scale().map_or(Check::Nothing, Check::Places)),
    (&["float", "real"], Form::Number, |of| float(of, Check::Single, Check::SingleTo)),
    (&["double"], Form::Number, |of| float(of, Check::Double, Check::DoubleTo)),
    (&["bit"], Form::Number, |_| Check::Bits),
    (&["date"], Form::Other, |_| moment(true, None)),
    (&["datetime", "timestamp"], Form::Other, |of| moment(true, Some(of.seconds(0)))),
    (&["time"], Form::Other, |of| moment(false, Some(of.seconds(0)))),
    (&["char"], Form::Text, |_| Check::Padded),
    (&["varchar"], Form::Text, |of| of.count().map_or(Check::Nothing, Check::Chars)),
    (&["binary"], Form::Text, |of| of.count().map_or(Check::Nothing, Check::Width)),
    (&["text", "blob", "varbinary", "enum", "set"], Form::Text, |_| Check::Nothing),
    (&["json"], Form::Other, |_| Check::Keys),
];
