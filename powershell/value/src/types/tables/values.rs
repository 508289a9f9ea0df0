//! `Boolean` and `SwitchParameter`.

use super::super::NetType as N;
use super::super::TypeInfo;
use crate::Value;

pub(super) const TYPES: &[TypeInfo] = &[
    TypeInfo::structure(N::Boolean, "System.Boolean", || Value::Bool(false))
        .named(&["bool", "boolean"])
        .implements(&[N::IComparable, N::IConvertible]),
    TypeInfo::structure(N::SwitchParameter, "System.Management.Automation.SwitchParameter", || {
        Value::Switch(false)
    })
    .named(&["switch"]),
];
