//! The known types of .NET, without their members.

mod crypto;
mod culture;
mod dates;
mod dictionaries;
mod engine;
mod exceptions;
mod io;
mod lists;
mod numbers;
mod records;
mod regexes;
mod strings;
mod system;
mod values;
mod xml_convert;
mod xml_types;

use super::{NetType, TypeInfo};

/// The tables in the order of [`NetType`].
const TABLES: &[&[TypeInfo]] = &[
    strings::TYPES,
    numbers::TYPES,
    dates::TYPES,
    lists::TYPES,
    dictionaries::TYPES,
    regexes::TYPES,
    system::TYPES,
    culture::TYPES,
    values::TYPES,
    engine::TYPES,
    io::TYPES,
    crypto::TYPES,
    xml_types::TYPES,
    xml_convert::TYPES,
    exceptions::TYPES,
    records::TYPES,
];

/// The declaration of each type, by its number.
pub(super) static ALL: [&TypeInfo; NetType::COUNT] = joined();

#[allow(clippy::indexing_slicing, clippy::panic, reason = "the compiler runs it: a panic is a compile error")]
const fn joined() -> [&'static TypeInfo; NetType::COUNT] {
    let mut all = [&TABLES[0][0]; NetType::COUNT];
    let (mut table, mut number) = (0, 0);
    while table < TABLES.len() {
        let mut at = 0;
        while at < TABLES[table].len() {
            let info = &TABLES[table][at];
            assert!(info.id as usize == number, "the tables and the enum have the types in another order");
            all[number] = info;
            number += 1;
            at += 1;
        }
        table += 1;
    }
    assert!(number == NetType::COUNT, "a type is declared in no table");
    all
}

#[allow(clippy::indexing_slicing, reason = "there is an entry for each variant")]
#[inline]
pub(super) fn info(id: NetType) -> &'static TypeInfo {
    ALL[id as usize]
}
