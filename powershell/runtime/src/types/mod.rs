//! The members of .NET types: one declaration for `Get-Member`, calls and choosing overloads.

pub mod args;
mod chars;
mod commands;
pub mod conversion;
mod crypto;
pub mod culture;
mod culture_formats;
mod date_offsets;
pub(crate) mod dates;
pub(crate) mod declare;
mod dictionaries;
pub mod engine;
mod exceptions;
mod io;
mod lists;
mod math;
pub mod net;
pub(crate) mod net_text;
mod numbers;
mod parsing;
pub(crate) mod powershell;
mod queues;
mod reflection;
pub mod regexes;
mod streams;
mod strings;
mod system;
mod time_spans;
pub mod uri;
mod values;
mod xml_convert;
mod xml_types;

use ps_value::types::NetType;

pub use crypto::digest;
pub use declare::{Call, Declared, Make};
pub use engine::member_type;
pub use ps_value::types::{
    EnumType, Ty, TypeInfo, TypeKind, all, class, enum_of, enum_value, find, lookup, type_of,
};
pub use regexes::escape as regex_escape;
pub use system::new_guid;
pub use uri::html_encode;

/// Types and the members that they declare themselves.
type Members = &'static [(NetType, &'static [Declared])];

const TABLES: &[Members] = &[
    strings::MEMBERS,
    numbers::MEMBERS,
    dates::MEMBERS,
    lists::MEMBERS,
    dictionaries::MEMBERS,
    regexes::MEMBERS,
    system::MEMBERS,
    culture::MEMBERS,
    values::MEMBERS,
    engine::MEMBERS,
    io::MEMBERS,
    crypto::MEMBERS,
    xml_types::MEMBERS,
    xml_convert::MEMBERS,
    exceptions::MEMBERS,
    parsing::MEMBERS,
];

static MEMBERS: [&[Declared]; NetType::COUNT] = joined();

#[allow(clippy::indexing_slicing, reason = "the compiler runs it: a panic is a compile error")]
const fn joined() -> [&'static [Declared]; NetType::COUNT] {
    let mut all: [&[Declared]; NetType::COUNT] = [&[]; NetType::COUNT];
    let mut table = 0;
    while table < TABLES.len() {
        let mut at = 0;
        while at < TABLES[table].len() {
            let (id, members) = TABLES[table][at];
            all[id as usize] = members;
            at += 1;
        }
        table += 1;
    }
    all
}

/// Returns the members that a type declares itself.
pub fn members(id: NetType) -> &'static [Declared] {
    MEMBERS.get(id as usize).copied().unwrap_or_default()
}
