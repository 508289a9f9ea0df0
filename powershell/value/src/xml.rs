//! XML documents: a tree of nodes in an arena, with elements as properties as in PowerShell.

use crate::types::NetType;
use std::cell::RefCell;
use std::rc::Rc;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::net::Net;
use crate::{Str, Value};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Document,
    Declaration,
    Element,
    Attribute,
    Text,
    CData,
    Comment,
    Instruction,
    DocType,
    Space,
}

#[derive(Debug, Clone)]
pub struct NodeData {
    pub kind: Kind,
    pub name: String,
    pub value: String,
    pub parent: Option<usize>,
    pub children: Vec<usize>,
    pub attributes: Vec<usize>,
    /// Whether it is written as `<a />`.
    pub empty: bool,
}

#[derive(Default)]
pub struct Document {
    pub nodes: RefCell<Vec<NodeData>>,
}

/// A node of a document.
#[derive(Clone)]
pub struct Node {
    pub document: Rc<Document>,
    pub id: usize,
}

/// Maximum nesting of elements.
const MAX_DEPTH: usize = 500;

impl Document {
    pub fn add(&self, kind: Kind, name: &str, value: &str) -> usize {
        let mut nodes = self.nodes.borrow_mut();
        nodes.push(NodeData {
            kind,
            name: name.into(),
            value: value.into(),
            parent: None,
            children: Vec::new(),
            attributes: Vec::new(),
            empty: false,
        });
        nodes.len() - 1
    }

    pub fn attach(&self, parent: usize, child: usize) {
        self.detach(child);
        let mut nodes = self.nodes.borrow_mut();
        if let Some(node) = nodes.get_mut(child) {
            node.parent = Some(parent);
        }
        if let Some(node) = nodes.get_mut(parent) {
            node.children.push(child);
            node.empty = false;
        }
    }

    pub fn detach(&self, child: usize) {
        let mut nodes = self.nodes.borrow_mut();
        let parent = nodes.get_mut(child).and_then(|n| n.parent.take());
        if let Some(node) = parent.and_then(|p| nodes.get_mut(p)) {
            node.children.retain(|c| *c != child);
            node.attributes.retain(|c| *c != child);
        }
    }

    pub fn set_attribute(&self, element: usize, name: &str, value: &str) -> usize {
        let existing = self.attribute(element, name);
        if let Some(id) = existing {
            if let Some(node) = self.nodes.borrow_mut().get_mut(id) {
                node.value = value.into();
            }
            return id;
        }
        let id = self.add(Kind::Attribute, name, value);
        let mut nodes = self.nodes.borrow_mut();
        if let Some(node) = nodes.get_mut(id) {
            node.parent = Some(element);
        }
        if let Some(node) = nodes.get_mut(element) {
            node.attributes.push(id);
        }
        id
    }

    pub fn attribute(&self, element: usize, name: &str) -> Option<usize> {
        let nodes = self.nodes.borrow();
        nodes.get(element)?.attributes.iter().copied().find(|a| nodes.get(*a).is_some_and(|n| n.name == name))
    }
}

/// Makes an empty document.
pub fn new_document() -> Node {
    let document = Document::default();
    document.add(Kind::Document, "#document", "");
    Node { document: Rc::new(document), id: 0 }
}

/// Parses a document.
///
/// # Errors
/// Describes the problem of the text.
pub fn parse_document(text: &str) -> Result<Value, String> {
    let node = new_document();
    load(&node, text)?;
    Ok(Value::net(Net::Xml(node)))
}

/// Parses a text into a document, and replaces its content.
pub fn load(target: &Node, text: &str) -> Result<(), String> {
    let document = &target.document;
    document.nodes.borrow_mut().truncate(1);
    if let Some(root) = document.nodes.borrow_mut().first_mut() {
        root.children.clear();
    }
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let mut open = vec![0_usize];
    let mut roots = 0;
    loop {
        let top = open.last().copied().unwrap_or(0);
        let event = reader.read_event().map_err(|e| e.to_string())?;
        match event {
            Event::Eof => break,
            Event::Start(start) => {
                if open.len() > MAX_DEPTH {
                    return Err("The elements nest too deep.".into());
                }
                roots += usize::from(open.len() == 1);
                let id = element(document, &start)?;
                document.attach(top, id);
                open.push(id);
            }
            Event::Empty(start) => {
                roots += usize::from(open.len() == 1);
                let id = element(document, &start)?;
                document.attach(top, id);
                if let Some(node) = document.nodes.borrow_mut().get_mut(id) {
                    node.empty = true;
                }
            }
            Event::End(_) => {
                open.pop();
            }
            Event::Text(body) => {
                let body = body.decode().map_err(|e| e.to_string())?;
                if open.len() == 1 && !body.trim().is_empty() {
                    return Err("Data at the root level is invalid. Line 1, position 1.".into());
                }
                push_text(document, top, &body);
            }
            Event::GeneralRef(reference) => {
                let name = reference.decode().map_err(|e| e.to_string())?;
                let resolved =
                    entity(&name).ok_or_else(|| format!("Reference to undeclared entity '{name}'."))?;
                push_text(document, top, &resolved);
            }
            other => {
                if let Some(id) = leaf(document, other) {
                    document.attach(top, id);
                }
            }
        }
    }
    if open.len() > 1 {
        return Err("Unexpected end of file has occurred.".into());
    }
    if roots == 0 {
        return Err("Root element is missing.".into());
    }
    if roots > 1 {
        return Err("There are multiple root elements.".into());
    }
    drop_blanks(document);
    Ok(())
}

/// Adds a node without children: a comment, a declaration and the like.
fn leaf(document: &Document, event: Event<'_>) -> Option<usize> {
    let (kind, name, body) = match event {
        Event::CData(body) => (Kind::CData, "#cdata-section", body.into_inner()),
        Event::Comment(body) => (Kind::Comment, "#comment", body.into_inner()),
        Event::DocType(body) => (Kind::DocType, "#doctype", body.into_inner()),
        Event::Decl(declaration) => {
            let body = String::from_utf8_lossy(&declaration);
            let body = body.trim_start_matches("xml").trim();
            return Some(document.add(Kind::Declaration, "xml", body));
        }
        Event::PI(instruction) => {
            let body = String::from_utf8_lossy(&instruction);
            let (name, value) = body.split_once(' ').unwrap_or((&body, ""));
            return Some(document.add(Kind::Instruction, name, value));
        }
        _ => return None,
    };
    Some(document.add(kind, name, &String::from_utf8_lossy(&body)))
}

fn entity(name: &str) -> Option<String> {
    Some(match name {
        "amp" => "&".into(),
        "lt" => "<".into(),
        "gt" => ">".into(),
        "quot" => "\"".into(),
        "apos" => "'".into(),
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code)?.to_string()
        }
    })
}

/// Appends to the last text, or begins one.
fn push_text(document: &Document, parent: usize, text: &str) {
    let last = document.nodes.borrow().get(parent).and_then(|n| n.children.last().copied());
    let mut nodes = document.nodes.borrow_mut();
    if let Some(node) = last.and_then(|id| nodes.get_mut(id))
        && node.kind == Kind::Text
    {
        node.value.push_str(text);
        return;
    }
    drop(nodes);
    let id = document.add(Kind::Text, "#text", text);
    document.attach(parent, id);
}

/// Removes white space between elements, because `PreserveWhitespace` is off.
fn drop_blanks(document: &Document) {
    let mut nodes = document.nodes.borrow_mut();
    let blank: Vec<bool> = nodes.iter().map(|n| n.kind == Kind::Text && n.value.trim().is_empty()).collect();
    for node in nodes.iter_mut() {
        node.children.retain(|c| blank.get(*c) != Some(&true));
    }
}

fn element(document: &Document, start: &BytesStart<'_>) -> Result<usize, String> {
    let name = String::from_utf8_lossy(start.name().as_ref()).into_owned();
    let id = document.add(Kind::Element, &name, "");
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|e| e.to_string())?;
        let name = String::from_utf8_lossy(attribute.key.as_ref()).into_owned();
        let value = attribute.unescape_value().map_err(|e| e.to_string())?;
        document.set_attribute(id, &name, &value);
    }
    Ok(id)
}

pub fn escape(text: &str, attribute: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' if attribute => out.push_str("&quot;"),
            '\n' if attribute => out.push_str("&#xA;"),
            c => out.push(c),
        }
    }
    out
}

impl Node {
    pub fn at(&self, id: usize) -> Self {
        Self { document: self.document.clone(), id }
    }

    pub fn value_at(&self, id: usize) -> Value {
        Value::net(Net::Xml(self.at(id)))
    }

    pub fn data(&self) -> NodeData {
        self.document.nodes.borrow().get(self.id).cloned().unwrap_or(NodeData {
            kind: Kind::Text,
            name: String::new(),
            value: String::new(),
            parent: None,
            children: Vec::new(),
            attributes: Vec::new(),
            empty: false,
        })
    }

    pub fn kind(&self) -> Kind {
        self.document.nodes.borrow().get(self.id).map_or(Kind::Text, |n| n.kind)
    }

    pub fn children(&self) -> Vec<Self> {
        self.data().children.into_iter().map(|id| self.at(id)).collect()
    }

    pub fn elements(&self) -> Vec<Self> {
        self.children().into_iter().filter(|n| n.kind() == Kind::Element).collect()
    }

    pub fn attributes(&self) -> Vec<Self> {
        self.data().attributes.into_iter().map(|id| self.at(id)).collect()
    }

    pub fn net_type(&self) -> NetType {
        match self.kind() {
            Kind::Document => NetType::XmlDocument,
            Kind::Declaration => NetType::XmlDeclaration,
            Kind::Element => NetType::XmlElement,
            Kind::Attribute => NetType::XmlAttribute,
            Kind::Text | Kind::Space => NetType::XmlText,
            Kind::CData => NetType::XmlCDataSection,
            Kind::Comment => NetType::XmlComment,
            Kind::Instruction => NetType::XmlProcessingInstruction,
            Kind::DocType => NetType::XmlDocumentType,
        }
    }

    pub fn inner_text(&self) -> String {
        let data = self.data();
        match data.kind {
            Kind::Element | Kind::Document => self
                .children()
                .iter()
                .filter(|n| {
                    !matches!(n.kind(), Kind::Comment | Kind::Instruction | Kind::Declaration | Kind::DocType)
                })
                .map(Self::inner_text)
                .collect(),
            _ => data.value,
        }
    }

    pub fn outer(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, None, 0);
        out
    }

    pub fn inner(&self) -> String {
        let mut out = String::new();
        for child in self.children() {
            child.write(&mut out, None, 0);
        }
        out
    }

    /// Formats the document indented, as `Save` does.
    pub fn indented(&self) -> String {
        let mut out = String::new();
        for (i, child) in self.children().iter().enumerate() {
            if i > 0 {
                out.push('\n');
            }
            child.write(&mut out, Some("  "), 0);
        }
        out
    }

    fn write(&self, out: &mut String, indent: Option<&str>, level: usize) {
        let data = self.data();
        match data.kind {
            Kind::Document => self.children().iter().for_each(|c| c.write(out, indent, level)),
            Kind::Declaration => out.push_str(&format!("<?xml {}?>", data.value)),
            Kind::Text | Kind::Space => out.push_str(&escape(&data.value, false)),
            Kind::CData => out.push_str(&format!("<![CDATA[{}]]>", data.value)),
            Kind::Comment => out.push_str(&format!("<!--{}-->", data.value)),
            Kind::Instruction => out.push_str(&format!("<?{} {}?>", data.name, data.value)),
            Kind::DocType => out.push_str(&format!("<!DOCTYPE {}>", data.value.trim())),
            Kind::Attribute => out.push_str(&format!("{}=\"{}\"", data.name, escape(&data.value, true))),
            Kind::Element => {
                out.push('<');
                out.push_str(&data.name);
                for attribute in self.attributes() {
                    out.push(' ');
                    attribute.write(out, None, 0);
                }
                let children = self.children();
                if children.is_empty() && (data.empty || indent.is_some()) {
                    out.push_str(" />");
                    return;
                }
                out.push('>');
                let mixed = children.iter().any(|c| matches!(c.kind(), Kind::Text | Kind::CData));
                for child in &children {
                    if let (Some(indent), false) = (indent, mixed) {
                        out.push('\n');
                        out.push_str(&indent.repeat(level + 1));
                    }
                    child.write(out, if mixed { None } else { indent }, level + 1);
                }
                if let (Some(indent), false, false) = (indent, mixed, children.is_empty()) {
                    out.push('\n');
                    out.push_str(&indent.repeat(level));
                }
                out.push_str(&format!("</{}>", data.name));
            }
        }
    }

    pub fn display(&self) -> String {
        match self.kind() {
            Kind::Element | Kind::Document => self.net_type().to_string(),
            Kind::Attribute => self.data().value,
            _ => self.data().value,
        }
    }

    pub fn list(&self) -> Option<Vec<Value>> {
        None
    }

    pub fn same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.document, &other.document) && self.id == other.id
    }

    pub fn item(&self, index: &Value) -> Option<Value> {
        let name = index.as_str()?;
        self.elements().iter().find(|n| n.data().name == name).map(|n| self.value_at(n.id))
    }

    /// Returns an element as PowerShell does: an element that contains only text is that text.
    fn adapted(&self) -> Value {
        let data = self.data();
        match data.kind {
            Kind::Element => {
                let children = self.children();
                let only_text =
                    data.attributes.is_empty() && children.iter().all(|c| matches!(c.kind(), Kind::Text));
                if only_text { Value::from(self.inner_text()) } else { Value::net(Net::Xml(self.clone())) }
            }
            Kind::Attribute | Kind::Text | Kind::CData | Kind::Comment => Value::from(data.value),
            _ => Value::net(Net::Xml(self.clone())),
        }
    }

    /// Returns attributes and children with a name.
    fn named(&self, name: &str) -> Vec<Self> {
        let mut found: Vec<Self> =
            self.attributes().into_iter().filter(|n| ps_syntax::symbol::same(&n.data().name, name)).collect();
        found.extend(self.children().into_iter().filter(|n| ps_syntax::symbol::same(&n.data().name, name)));
        found
    }

    pub fn property(&self, name: &str) -> Option<Value> {
        if !matches!(self.kind(), Kind::Element | Kind::Document) {
            return None;
        }
        let found = self.named(name);
        match found.as_slice() {
            [] => None,
            [one] => Some(one.adapted()),
            many => Some(Value::array(many.iter().map(Self::adapted).collect())),
        }
    }

    pub fn property_names(&self) -> Vec<Str> {
        let mut names: Vec<Str> = Vec::new();
        for node in self.attributes().into_iter().chain(self.children()) {
            let name = Str::from(node.data().name);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    pub fn set_text(&self, text: &str) {
        for child in self.data().children {
            self.document.detach(child);
        }
        let id = self.document.add(Kind::Text, "#text", text);
        self.document.attach(self.id, id);
    }

    pub fn set_property(&self, name: &str, value: &str) -> bool {
        let found = self.named(name);
        let [one] = found.as_slice() else { return false };
        match one.kind() {
            Kind::Element => one.set_text(value),
            _ => {
                if let Some(node) = self.document.nodes.borrow_mut().get_mut(one.id) {
                    node.value = value.into();
                }
            }
        }
        true
    }

    /// Copies the node into a document, with everything below it when `deep` is true.
    pub fn copy_into(&self, document: &Rc<Document>, deep: bool) -> usize {
        let data = self.data();
        let id = document.add(data.kind, &data.name, &data.value);
        if let Some(node) = document.nodes.borrow_mut().get_mut(id) {
            node.empty = data.empty;
        }
        for attribute in self.attributes() {
            let own = attribute.data();
            document.set_attribute(id, &own.name, &own.value);
        }
        if deep {
            for child in self.children() {
                let copy = child.copy_into(document, true);
                document.attach(id, copy);
            }
        }
        id
    }

    /// Returns the namespace of a prefix at this node.
    pub fn namespace(&self, prefix: &str) -> String {
        let wanted = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
        let mut here = Some(self.clone());
        while let Some(node) = here {
            if let Some(attribute) = node.attributes().into_iter().find(|a| a.data().name == wanted) {
                return attribute.data().value;
            }
            here = node.data().parent.map(|p| node.at(p));
        }
        String::new()
    }
}

pub fn local_name(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}
