//! Dictionaries and sets.

use super::super::NetType as N;
use super::super::TypeInfo;
use crate::Value;

pub(super) const TYPES: &[TypeInfo] =
    &[
        TypeInfo::class(N::Hashtable, "System.Collections.Hashtable").named(&["hashtable"]).implements(&[
            N::IDictionary,
            N::ICollection,
            N::IEnumerable,
        ]),
        TypeInfo::class(N::OrderedDictionary, "System.Collections.Specialized.OrderedDictionary")
            .named(&["ordered"])
            .implements(&[N::IDictionary, N::ICollection, N::IEnumerable]),
        TypeInfo::class(N::Dictionary, "System.Collections.Generic.Dictionary").generic(2).implements(&[
            N::IDictionary,
            N::ICollection,
            N::IEnumerable,
        ]),
        TypeInfo::class(N::SortedDictionary, "System.Collections.Generic.SortedDictionary")
            .generic(2)
            .implements(&[N::IDictionary, N::ICollection, N::IEnumerable]),
        TypeInfo::class(N::GenericSortedList, "System.Collections.Generic.SortedList")
            .generic(2)
            .implements(&[N::IDictionary, N::ICollection, N::IEnumerable]),
        TypeInfo::class(N::SortedList, "System.Collections.SortedList").implements(&[
            N::IDictionary,
            N::ICollection,
            N::IEnumerable,
        ]),
        TypeInfo::class(
            N::PSBoundParametersDictionary,
            "System.Management.Automation.PSBoundParametersDictionary",
        )
        .implements(&[N::IDictionary, N::ICollection, N::IEnumerable]),
        TypeInfo::class(N::HashSet, "System.Collections.Generic.HashSet")
            .generic(1)
            .implements(&[N::IEnumerable]),
        TypeInfo::class(N::SortedSet, "System.Collections.Generic.SortedSet")
            .generic(1)
            .implements(&[N::IEnumerable]),
        TypeInfo::structure(N::DictionaryEntry, "System.Collections.DictionaryEntry", || Value::Null),
        TypeInfo::class(N::KeyValuePair, "System.Collections.Generic.KeyValuePair").generic(2),
        TypeInfo::class(N::HashtableEnumerator, "System.Collections.Hashtable+HashtableEnumerator"),
        TypeInfo::class(
            N::OrderedDictionaryEnumerator,
            "System.Collections.Specialized.OrderedDictionary+OrderedDictionaryEnumerator",
        ),
    ];
