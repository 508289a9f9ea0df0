//! Regular expressions.

use super::super::NetType as N;
use super::super::TypeInfo;

pub(super) const TYPES: &[TypeInfo] = &[
    TypeInfo::class(N::Regex, "System.Text.RegularExpressions.Regex").named(&["regex"]),
    TypeInfo::class(N::Capture, "System.Text.RegularExpressions.Capture"),
    TypeInfo::class(N::Group, "System.Text.RegularExpressions.Group").extends(N::Capture),
    TypeInfo::class(N::Match, "System.Text.RegularExpressions.Match").extends(N::Capture),
    TypeInfo::class(N::GroupCollection, "System.Text.RegularExpressions.GroupCollection"),
    TypeInfo::class(N::MatchCollection, "System.Text.RegularExpressions.MatchCollection"),
    TypeInfo::class(N::MatchEvaluator, "System.Text.RegularExpressions.MatchEvaluator"),
    TypeInfo::flags(
        N::RegexOptions,
        "System.Text.RegularExpressions.RegexOptions",
        &[
            ("None", 0),
            ("IgnoreCase", 1),
            ("Multiline", 2),
            ("ExplicitCapture", 4),
            ("Compiled", 8),
            ("Singleline", 16),
            ("IgnorePatternWhitespace", 32),
            ("RightToLeft", 64),
            ("ECMAScript", 256),
            ("CultureInvariant", 512),
        ],
    ),
];
