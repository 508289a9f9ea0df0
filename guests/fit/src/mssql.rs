//! The types of SQL Server, as `sys.dm_exec_describe_first_result_set` names them.

use crate::check::{Check, Parts, Steps};
use crate::{Form, Row};

fn moment(day: bool, seconds: Option<usize>, zone: bool, steps: Steps) -> Check {
    Check::Moment(Parts { day, seconds, zone, steps })
}

/// The server refuses a text that does not fit into other types.
pub(crate) const TYPES: &[Row] = &[
    (&["tinyint", "smallint", "int", "bigint"], Form::Number, |_| Check::Whole),
    (&["bit"], Form::Other, |_| Check::Flag),
    (&["decimal", "numeric"], Form::Number, |of| of.scale().map_or(Check::Nothing, Check::Places)),
    (&["money", "smallmoney"], Form::Number, |_| Check::Amount(4)),
    (&["real"], Form::Number, |_| Check::Single),
    (&["float"], Form::Number, |of| match of.first() {
        Some(..=24) => Check::Single,
        _ => Check::Double,
    }),
    (&["date"], Form::Other, |_| moment(true, None, false, Steps::Fraction)),
    (&["datetime"], Form::Other, |_| moment(true, Some(3), false, Steps::Ticks)),
    (&["smalldatetime"], Form::Other, |_| moment(true, Some(0), false, Steps::Minutes)),
    (&["datetime2"], Form::Other, |of| moment(true, Some(of.seconds(7)), false, Steps::Fraction)),
    (&["datetimeoffset"], Form::Other, |of| moment(true, Some(of.seconds(7)), true, Steps::Fraction)),
    (&["time"], Form::Other, |of| moment(false, Some(of.seconds(7)), false, Steps::Fraction)),
    (&["uniqueidentifier"], Form::Other, |_| Check::Uuid),
    // The collation decides which characters these types hold; Windows-1252 is the usual set.
    (&["char", "varchar"], Form::Text, |of| Check::Narrow(of.count().unwrap_or(usize::MAX))),
    (&["text"], Form::Text, |_| Check::Narrow(usize::MAX)),
    (&["nchar", "nvarchar"], Form::Text, |of| of.count().map_or(Check::Nothing, Check::Chars)),
    (&["ntext", "xml"], Form::Text, |_| Check::Nothing),
    (&["binary"], Form::Text, |of| of.count().map_or(Check::Nothing, Check::Width)),
    (&["varbinary", "image"], Form::Text, |_| Check::Nothing),
];
