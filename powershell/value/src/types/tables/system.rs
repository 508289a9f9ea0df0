//! The namespace `System` and related namespaces.

use super::super::NetType as N;
use super::super::TypeInfo;
use crate::Value;
use crate::net::Net;

pub(super) const TYPES: &[TypeInfo] = &[
    TypeInfo::structure(N::Guid, "System.Guid", || Value::net(Net::Guid([0; 16])))
        .named(&["guid"])
        .implements(&[N::IComparable]),
    TypeInfo::class(N::Version, "System.Version").named(&["version"]).implements(&[N::IComparable]),
    TypeInfo::class(N::SemanticVersion, "System.Management.Automation.SemanticVersion")
        .named(&["semver"])
        .implements(&[N::IComparable]),
    TypeInfo::class(N::Uri, "System.Uri").named(&["uri"]),
    TypeInfo::class(N::UriBuilder, "System.UriBuilder"),
    TypeInfo::enumeration(
        N::UriKind,
        "System.UriKind",
        &[("RelativeOrAbsolute", 0), ("Absolute", 1), ("Relative", 2)],
    ),
    TypeInfo::class(N::Environment, "System.Environment"),
    TypeInfo::class(N::Console, "System.Console"),
    TypeInfo::class(N::GC, "System.GC"),
    TypeInfo::class(N::OperatingSystem, "System.OperatingSystem").text_of(&["VersionString"]),
    TypeInfo::class(N::ServicePointManager, "System.Net.ServicePointManager"),
    TypeInfo::flags(
        N::SecurityProtocolType,
        "System.Net.SecurityProtocolType",
        &[
            ("SystemDefault", 0),
            ("Ssl3", 48),
            ("Tls", 192),
            ("Tls11", 768),
            ("Tls12", 3072),
            ("Tls13", 12288),
        ],
    ),
    TypeInfo::enumeration(
        N::HttpStatusCode,
        "System.Net.HttpStatusCode",
        &[
            ("OK", 200),
            ("Created", 201),
            ("Accepted", 202),
            ("NoContent", 204),
            ("MovedPermanently", 301),
            ("Found", 302),
            ("NotModified", 304),
            ("BadRequest", 400),
            ("Unauthorized", 401),
            ("Forbidden", 403),
            ("NotFound", 404),
            ("MethodNotAllowed", 405),
            ("RequestTimeout", 408),
            ("Conflict", 409),
            ("Gone", 410),
            ("TooManyRequests", 429),
            ("InternalServerError", 500),
            ("NotImplemented", 501),
            ("BadGateway", 502),
            ("ServiceUnavailable", 503),
            ("GatewayTimeout", 504),
        ],
    ),
    TypeInfo::class(N::WebUtility, "System.Net.WebUtility"),
    TypeInfo::class(N::HttpUtility, "System.Web.HttpUtility"),
    TypeInfo::class(N::IPAddress, "System.Net.IPAddress")
        .text_of(&["IPAddressToString"])
        .named(&["ipaddress"]),
    TypeInfo::class(N::MailAddress, "System.Net.Mail.MailAddress")
        .text_of(&["Address"])
        .named(&["mailaddress"]),
    TypeInfo::class(N::SecurityElement, "System.Security.SecurityElement"),
    TypeInfo::class(N::Stopwatch, "System.Diagnostics.Stopwatch"),
    TypeInfo::class(N::Enum, "System.Enum"),
    TypeInfo::class(N::ValueType, "System.ValueType"),
    TypeInfo::class(N::Nullable, "System.Nullable").generic(1).named(&["nullable"]),
    TypeInfo::class(N::Void, "System.Void").named(&["void"]),
    TypeInfo::class(N::Type, "System.Type").named(&["type"]),
    TypeInfo::class(N::RuntimeType, "System.RuntimeType").extends(N::Type),
    TypeInfo::class(N::Delegate, "System.Delegate"),
    TypeInfo::class(N::Func, "System.Func").generic(2),
    TypeInfo::class(N::Action, "System.Action").generic(1),
    TypeInfo::class(N::Predicate, "System.Predicate").generic(1),
    TypeInfo::class(N::Comparison, "System.Comparison").generic(1),
    TypeInfo::class(N::Tuple, "System.Tuple"),
    TypeInfo::interface(N::IComparable, "System.IComparable"),
    TypeInfo::interface(N::IFormattable, "System.IFormattable"),
    TypeInfo::interface(N::IConvertible, "System.IConvertible"),
    TypeInfo::interface(N::IFormatProvider, "System.IFormatProvider"),
    TypeInfo::interface(N::ICloneable, "System.ICloneable"),
    TypeInfo::interface(N::IDisposable, "System.IDisposable"),
    TypeInfo::interface(N::IEquatable, "System.IEquatable").generic(1),
    TypeInfo::enumeration(
        N::ConsoleColor,
        "System.ConsoleColor",
        &[
            ("Black", 0),
            ("DarkBlue", 1),
            ("DarkGreen", 2),
            ("DarkCyan", 3),
            ("DarkRed", 4),
            ("DarkMagenta", 5),
            ("DarkYellow", 6),
            ("Gray", 7),
            ("DarkGray", 8),
            ("Blue", 9),
            ("Green", 10),
            ("Cyan", 11),
            ("Red", 12),
            ("Magenta", 13),
            ("Yellow", 14),
            ("White", 15),
        ],
    ),
    TypeInfo::enumeration(
        N::EnvironmentVariableTarget,
        "System.EnvironmentVariableTarget",
        &[("Process", 0), ("User", 1), ("Machine", 2)],
    ),
];
