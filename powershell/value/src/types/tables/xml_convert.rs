//! `XmlConvert`.

use super::super::NetType as N;
use super::super::TypeInfo;

pub(super) const TYPES: &[TypeInfo] = &[TypeInfo::class(N::XmlConvert, "System.Xml.XmlConvert")];
