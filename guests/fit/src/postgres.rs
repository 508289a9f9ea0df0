//! The types of PostgreSQL.

use crate::check::{Check, Parts, Steps};
use crate::{Form, Row, Target, span};

fn moment(day: bool, seconds: Option<usize>, zone: bool) -> Check {
    Check::Moment(Parts { day, seconds, zone, steps: Steps::Fraction })
}

fn items(name: &str) -> Check {
    Check::Items(Box::new(Target::of("postgres", name)))
}

/// Texts of other types stay as they are, or the server refuses them.
pub(crate) const TYPES: &[Row] = &[
    (&["int2", "int4", "int8", "smallint", "integer", "int", "bigint"], Form::Number, |_| Check::Whole),
    (&["oid", "xid", "cid"], Form::Number, |_| Check::Unsigned),
    (&["numeric", "decimal"], Form::Number, |of| of.scale().map_or(Check::Nothing, Check::Places)),
    (&["float4", "real"], Form::Number, |_| Check::Single),
    (&["float8", "double"], Form::Number, |_| Check::Double),
    // The digits of an amount are those of `lc_monetary`, two in most places.
    (&["money"], Form::Number, |_| Check::Amount(2)),
    (&["date"], Form::Other, |_| moment(true, None, false)),
    (&["timestamp"], Form::Other, |of| moment(true, Some(of.seconds(6)), false)),
    (&["timestamptz"], Form::Other, |of| moment(true, Some(of.seconds(6)), true)),
    (&["time"], Form::Other, |of| moment(false, Some(of.seconds(6)), false)),
    (&["timetz"], Form::Other, |of| moment(false, Some(of.seconds(6)), true)),
    (&["interval"], Form::Other, |of| Check::Span(of.seconds(6), span::smallest(of.words))),
    (&["varchar", "char", "bpchar"], Form::Text, |of| of.count().map_or(Check::Nothing, Check::Chars)),
    (&["\"char\""], Form::Text, |_| Check::Bytes(1)),
    (&["name"], Form::Text, |_| Check::Bytes(63)),
    (&["text", "citext"], Form::Text, |_| Check::Nothing),
    (&["bytea"], Form::Text, |_| Check::Hex),
    (&["jsonb"], Form::Other, |_| Check::Keys),
    (&["tsrange", "tsmultirange"], Form::Other, |_| items("timestamp")),
    (&["tstzrange", "tstzmultirange"], Form::Other, |_| items("timestamptz")),
    (&["daterange", "datemultirange"], Form::Other, |_| items("date")),
];
