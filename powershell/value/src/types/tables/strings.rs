//! `Object`, `String`, `Char` and related types.

use super::super::NetType as N;
use super::super::TypeInfo;
use crate::Value;

pub(super) const TYPES: &[TypeInfo] = &[
    TypeInfo::class(N::Object, "System.Object").named(&["System.Object"]).root(),
    TypeInfo::class(N::String, "System.String").named(&["string"]).implements(&[
        N::IComparable,
        N::ICloneable,
        N::IEnumerable,
        N::IConvertible,
    ]),
    TypeInfo::structure(N::Char, "System.Char", || Value::Char(0))
        .named(&["char"])
        .implements(&[N::IComparable]),
    TypeInfo::class(N::StringBuilder, "System.Text.StringBuilder"),
    TypeInfo::flags(
        N::StringSplitOptions,
        "System.StringSplitOptions",
        &[("None", 0), ("RemoveEmptyEntries", 1), ("TrimEntries", 2)],
    ),
    TypeInfo::enumeration(
        N::NormalizationForm,
        "System.Text.NormalizationForm",
        &[("FormC", 1), ("FormD", 2), ("FormKC", 5), ("FormKD", 6)],
    ),
    TypeInfo::enumeration(
        N::StringComparison,
        "System.StringComparison",
        &[
            ("CurrentCulture", 0),
            ("CurrentCultureIgnoreCase", 1),
            ("InvariantCulture", 2),
            ("InvariantCultureIgnoreCase", 3),
            ("Ordinal", 4),
            ("OrdinalIgnoreCase", 5),
        ],
    ),
    TypeInfo::class(N::StringComparer, "System.StringComparer"),
];
