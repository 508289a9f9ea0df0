//! XML.

use super::super::NetType as N;
use super::super::TypeInfo;

pub(super) const TYPES: &[TypeInfo] = &[
    TypeInfo::class(N::XmlNode, "System.Xml.XmlNode"),
    TypeInfo::class(N::XmlDocument, "System.Xml.XmlDocument").extends(N::XmlNode).named(&["xml"]),
    TypeInfo::class(N::XmlElement, "System.Xml.XmlElement").extends(N::XmlNode),
    TypeInfo::class(N::XmlAttribute, "System.Xml.XmlAttribute").extends(N::XmlNode),
    TypeInfo::class(N::XmlText, "System.Xml.XmlText").extends(N::XmlNode),
    TypeInfo::class(N::XmlCDataSection, "System.Xml.XmlCDataSection").extends(N::XmlNode),
    TypeInfo::class(N::XmlComment, "System.Xml.XmlComment").extends(N::XmlNode),
    TypeInfo::class(N::XmlDeclaration, "System.Xml.XmlDeclaration").extends(N::XmlNode),
    TypeInfo::class(N::XmlProcessingInstruction, "System.Xml.XmlProcessingInstruction").extends(N::XmlNode),
    TypeInfo::class(N::XmlDocumentType, "System.Xml.XmlDocumentType").extends(N::XmlNode),
    TypeInfo::class(N::XmlNamespaceManager, "System.Xml.XmlNamespaceManager"),
];
