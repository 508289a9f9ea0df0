//! The types of `System.Xml`.

use super::TypeInfo;

pub const TYPES: &[TypeInfo] = &[
    TypeInfo::class("System.Xml.XmlNode", &[]),
    TypeInfo::class("System.Xml.XmlDocument", &[]).extends("System.Xml.XmlNode").named(&["xml"]),
    TypeInfo::class("System.Xml.XmlNamespaceManager", &[]),
];
