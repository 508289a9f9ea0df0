//! Lists, arrays, queues and stacks.

use super::super::NetType as N;
use super::super::TypeInfo;

pub(super) const TYPES: &[TypeInfo] = &[
    TypeInfo::class(N::Array, "System.Array").named(&["array"]).implements(&[
        N::IEnumerable,
        N::IList,
        N::ICollection,
    ]),
    TypeInfo::class(N::ArrayList, "System.Collections.ArrayList").implements(&[
        N::IEnumerable,
        N::IList,
        N::ICollection,
    ]),
    TypeInfo::class(N::List, "System.Collections.Generic.List").generic(1).implements(&[
        N::IEnumerable,
        N::IList,
        N::ICollection,
    ]),
    TypeInfo::class(N::LinkedList, "System.Collections.Generic.LinkedList")
        .generic(1)
        .implements(&[N::IEnumerable]),
    TypeInfo::class(N::Collection, "System.Collections.ObjectModel.Collection").generic(1).implements(&[
        N::IEnumerable,
        N::IList,
        N::ICollection,
    ]),
    TypeInfo::class(N::Queue, "System.Collections.Queue").implements(&[N::IEnumerable, N::ICollection]),
    TypeInfo::class(N::GenericQueue, "System.Collections.Generic.Queue")
        .generic(1)
        .implements(&[N::IEnumerable, N::ICollection]),
    TypeInfo::class(N::Stack, "System.Collections.Stack").implements(&[N::IEnumerable, N::ICollection]),
    TypeInfo::class(N::GenericStack, "System.Collections.Generic.Stack")
        .generic(1)
        .implements(&[N::IEnumerable, N::ICollection]),
    TypeInfo::interface(N::IEnumerable, "System.Collections.IEnumerable"),
    TypeInfo::interface(N::IEnumerator, "System.Collections.IEnumerator"),
    TypeInfo::interface(N::IList, "System.Collections.IList"),
    TypeInfo::interface(N::ICollection, "System.Collections.ICollection"),
    TypeInfo::interface(N::IDictionary, "System.Collections.IDictionary"),
    TypeInfo::interface(N::IComparer, "System.Collections.IComparer"),
    TypeInfo::interface(N::GenericIEnumerable, "System.Collections.Generic.IEnumerable").generic(1),
    TypeInfo::interface(N::GenericIList, "System.Collections.Generic.IList").generic(1),
    TypeInfo::interface(N::GenericIComparer, "System.Collections.Generic.IComparer").generic(1),
    TypeInfo::class(N::ArrayListEnumeratorSimple, "System.Collections.ArrayList+ArrayListEnumeratorSimple"),
    TypeInfo::class(N::Enumerable, "System.Linq.Enumerable"),
];
