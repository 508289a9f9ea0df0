//! The types of `System.Xml`.

use super::Members;
use super::args::{at, boolean, string};
use super::declare::Declared::{self, Method, New, Property, Settable};
use ps_value::Value;
use ps_value::error::{R, net};
use ps_value::net::Net;
use ps_value::types::NetType;
use ps_value::xml::{Kind, Node, load, local_name, new_document};
use ps_value::xpath::{Namespaces, descend, select};

pub(super) const MEMBERS: Members = &[
    (NetType::XmlNode, NODE),
    (NetType::XmlDocument, DOCUMENT),
    (NetType::XmlElement, ELEMENT),
    (
        NetType::XmlNamespaceManager,
        &[
            New("XmlNamespaceManager(object nameTable)", |_, _| {
                Ok(Value::net(Net::XmlNamespaces(Vec::new().into())))
            }),
            Method("void AddNamespace(string prefix, string uri)", |_, t, a| {
                if let Value::Net(net) = t
                    && let Net::XmlNamespaces(list) = &**net
                {
                    list.borrow_mut().push((string(a, 0).to_string(), string(a, 1).to_string()));
                }
                Ok(Value::Void)
            }),
        ],
    ),
];

fn node(value: &Value) -> Node {
    match value.base() {
        Value::Net(net) => match &**net {
            Net::Xml(node) => node.clone(),
            _ => new_document(),
        },
        _ => new_document(),
    }
}

fn value(node: Node) -> Value {
    Value::net(Net::Xml(node))
}

fn values(nodes: Vec<Node>) -> Value {
    Value::array(nodes.into_iter().map(value).collect())
}

fn optional(node: Option<Node>) -> Value {
    node.map_or(Value::Null, value)
}

fn namespaces(args: &[Value], index: usize) -> Namespaces {
    match args.get(index).map(Value::base) {
        Some(Value::Net(net)) => match &**net {
            Net::XmlNamespaces(list) => list.borrow().clone(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn selected(t: &Value, args: &[Value]) -> R<Vec<Node>> {
    match select(&node(t), &string(args, 0), &namespaces(args, 1)) {
        Ok(nodes) => Ok(nodes),
        Err(why) => net(NetType::XPathException, why),
    }
}

fn sibling(t: &Value, step: isize) -> Value {
    let own = node(t);
    let Some(parent) = own.data().parent.map(|p| own.at(p)) else { return Value::Null };
    let all = parent.children();
    let at = all.iter().position(|n| n.same(&own)).and_then(|at| at.checked_add_signed(step));
    optional(at.and_then(|at| all.into_iter().nth(at)))
}

/// Inserts a node before or after a child of another node.
fn insert(t: &Value, new: &Value, reference: &Value, after: bool) -> Value {
    let (parent, child) = (node(t), node(new));
    parent.document.attach(parent.id, child.id);
    if let Value::Net(_) = reference.base() {
        let anchor = node(reference).id;
        let mut nodes = parent.document.nodes.borrow_mut();
        if let Some(data) = nodes.get_mut(parent.id) {
            data.children.retain(|c| *c != child.id);
            let at = data
                .children
                .iter()
                .position(|c| *c == anchor)
                .map_or(data.children.len(), |at| at + usize::from(after));
            data.children.insert(at, child.id);
        }
    }
    new.clone()
}

fn created(t: &Value, kind: Kind, name: &str, text: &str) -> Value {
    let own = node(t);
    let id = own.document.add(kind, name, text);
    if let (Kind::Element, Some(data)) = (kind, own.document.nodes.borrow_mut().get_mut(id)) {
        data.empty = true;
    }
    own.value_at(id)
}

fn copied(t: &Value, deep: bool) -> Value {
    let own = node(t);
    if own.kind() == Kind::Document {
        let fresh = new_document();
        for child in own.children() {
            let id = child.copy_into(&fresh.document, true);
            fresh.document.attach(0, id);
        }
        return value(fresh);
    }
    let id = own.copy_into(&own.document, deep);
    own.value_at(id)
}

const NODE: &[Declared] = &[
    Property("string Name", |_, t, _| Ok(Value::from(node(t).data().name))),
    Property("string LocalName", |_, t, _| Ok(Value::from(local_name(&node(t).data().name)))),
    Property("string Prefix", |_, t, _| {
        Ok(Value::from(node(t).data().name.split_once(':').map_or("", |(p, _)| p)))
    }),
    Property("string NamespaceURI", |_, t, _| {
        let own = node(t);
        let name = own.data().name;
        Ok(Value::from(own.namespace(name.split_once(':').map_or("", |(p, _)| p))))
    }),
    Property("string NodeType", |_, t, _| {
        Ok(Value::from(match node(t).kind() {
            Kind::DocType => "DocumentType".to_owned(),
            Kind::Declaration => "XmlDeclaration".to_owned(),
            Kind::Instruction => "ProcessingInstruction".to_owned(),
            other => format!("{other:?}"),
        }))
    }),
    Property("object ParentNode", |_, t, _| {
        let own = node(t);
        Ok(optional(own.data().parent.map(|p| own.at(p))))
    }),
    Property("object ChildNodes", |_, t, _| Ok(values(node(t).children()))),
    Property("object Attributes", |_, t, _| Ok(values(node(t).attributes()))),
    Property("object FirstChild", |_, t, _| Ok(optional(node(t).children().into_iter().next()))),
    Property("object LastChild", |_, t, _| Ok(optional(node(t).children().into_iter().next_back()))),
    Property("object NextSibling", |_, t, _| Ok(sibling(t, 1))),
    Property("object PreviousSibling", |_, t, _| Ok(sibling(t, -1))),
    Property("object OwnerDocument", |_, t, _| Ok(node(t).value_at(0))),
    Property("bool HasChildNodes", |_, t, _| Ok(Value::Bool(!node(t).data().children.is_empty()))),
    Property("string OuterXml", |_, t, _| Ok(Value::from(node(t).outer()))),
    Settable(
        "string InnerXml",
        |_, t, _| Ok(Value::from(node(t).inner())),
        |_, t, a| {
            let own = node(t);
            let part = new_document();
            if let Err(why) = load(&part, &format!("<r>{}</r>", string(a, 0))) {
                return net(NetType::XmlException, why);
            }
            for child in own.data().children {
                own.document.detach(child);
            }
            for child in part.elements().first().map(Node::children).unwrap_or_default() {
                let id = child.copy_into(&own.document, true);
                own.document.attach(own.id, id);
            }
            Ok(Value::Void)
        },
    ),
    Settable(
        "string InnerText",
        |_, t, _| Ok(Value::from(node(t).inner_text())),
        |_, t, a| {
            set_value(&node(t), &string(a, 0));
            Ok(Value::Void)
        },
    ),
    Settable(
        "string Value",
        |_, t, _| {
            let own = node(t);
            Ok(if matches!(own.kind(), Kind::Element | Kind::Document) {
                Value::Null
            } else {
                Value::from(own.data().value)
            })
        },
        |_, t, a| {
            set_value(&node(t), &string(a, 0));
            Ok(Value::Void)
        },
    ),
    Method("object SelectNodes(string xpath)", |_, t, a| selected(t, a).map(values)),
    Method("object SelectNodes(string xpath, object nsmgr)", |_, t, a| selected(t, a).map(values)),
    Method("object SelectSingleNode(string xpath)", |_, t, a| {
        Ok(optional(selected(t, a)?.into_iter().next()))
    }),
    Method("object SelectSingleNode(string xpath, object nsmgr)", |_, t, a| {
        Ok(optional(selected(t, a)?.into_iter().next()))
    }),
    Method("object AppendChild(object newChild)", |_, t, a| Ok(insert(t, &at(a, 0), &Value::Null, true))),
    Method("object PrependChild(object newChild)", |_, t, a| {
        let first = optional(node(t).children().into_iter().next());
        Ok(insert(t, &at(a, 0), &first, false))
    }),
    Method("object InsertBefore(object newChild, object refChild)", |_, t, a| {
        Ok(insert(t, &at(a, 0), &at(a, 1), false))
    }),
    Method("object InsertAfter(object newChild, object refChild)", |_, t, a| {
        Ok(insert(t, &at(a, 0), &at(a, 1), true))
    }),
    Method("object RemoveChild(object oldChild)", |_, t, a| {
        node(t).document.detach(node(&at(a, 0)).id);
        Ok(at(a, 0))
    }),
    Method("object ReplaceChild(object newChild, object oldChild)", |_, t, a| {
        insert(t, &at(a, 0), &at(a, 1), false);
        node(t).document.detach(node(&at(a, 1)).id);
        Ok(at(a, 1))
    }),
    Method("void RemoveAll()", |_, t, _| {
        let own = node(t);
        let data = own.data();
        data.children.into_iter().chain(data.attributes).for_each(|c| own.document.detach(c));
        Ok(Value::Void)
    }),
    Method("object Clone()", |_, t, _| Ok(copied(t, true))),
    Method("object CloneNode(bool deep)", |_, t, a| Ok(copied(t, boolean(a, 0)))),
    Method("object GetEnumerator()", |_, t, _| {
        Ok(Value::net(Net::Enumerator(node(t).children().into_iter().map(value).collect::<Vec<_>>().into())))
    }),
];

fn set_value(own: &Node, text: &str) {
    match own.kind() {
        Kind::Element => own.set_text(text),
        _ => {
            if let Some(data) = own.document.nodes.borrow_mut().get_mut(own.id) {
                data.value = text.into();
            }
        }
    }
}

fn loaded(t: &Value, text: &str) -> R<Value> {
    match load(&node(t), text) {
        Ok(()) => Ok(Value::Void),
        Err(why) => net(NetType::XmlException, why),
    }
}

const DOCUMENT: &[Declared] = &[
    New("xml()", |_, _| Ok(value(new_document()))),
    Property("object DocumentElement", |_, t, _| Ok(optional(node(t).elements().into_iter().next()))),
    Property("object NameTable", |_, t, _| Ok(t.clone())),
    Settable("bool PreserveWhitespace", |_, _, _| Ok(Value::Bool(false)), |_, _, _| Ok(Value::Void)),
    Method("void LoadXml(string xml)", |_, t, a| loaded(t, &string(a, 0))),
    Method("void Load(string filename)", |it, t, a| {
        let text = it.read_text(&string(a, 0))?;
        loaded(t, &text)
    }),
    Method("void Save(object target)", |it, t, a| {
        let body = node(t).indented();
        match at(a, 0).base() {
            Value::Net(writer) if matches!(&**writer, Net::Stream(_)) => {
                it.call_method(&at(a, 0), "Write", &[Value::from(body)])
            }
            other => {
                let path = it.to_text(&other.clone());
                it.write_text(&path, &body, false)?;
                Ok(Value::Void)
            }
        }
    }),
    Method("object CreateElement(string name)", |_, t, a| Ok(created(t, Kind::Element, &string(a, 0), ""))),
    Method("object CreateElement(string name, string namespaceURI)", |_, t, a| {
        let made = created(t, Kind::Element, &string(a, 0), "");
        let own = node(&made);
        if own.namespace("") != *string(a, 1)
            && !string(a, 1).is_empty()
            && !string(a, 0).contains(':')
            && node(t).elements().first().is_none_or(|r| r.namespace("") != *string(a, 1))
        {
            own.document.set_attribute(own.id, "xmlns", &string(a, 1));
        }
        Ok(made)
    }),
    Method("object CreateTextNode(string text)", |_, t, a| {
        Ok(created(t, Kind::Text, "#text", &string(a, 0)))
    }),
    Method("object CreateCDataSection(string data)", |_, t, a| {
        Ok(created(t, Kind::CData, "#cdata-section", &string(a, 0)))
    }),
    Method("object CreateComment(string data)", |_, t, a| {
        Ok(created(t, Kind::Comment, "#comment", &string(a, 0)))
    }),
    Method("object CreateAttribute(string name)", |_, t, a| {
        Ok(created(t, Kind::Attribute, &string(a, 0), ""))
    }),
    Method("object CreateXmlDeclaration(string version, string encoding, string standalone)", |_, t, a| {
        let mut text = format!("version=\"{}\"", string(a, 0));
        if !string(a, 1).is_empty() {
            text.push_str(&format!(" encoding=\"{}\"", string(a, 1)));
        }
        if !string(a, 2).is_empty() {
            text.push_str(&format!(" standalone=\"{}\"", string(a, 2)));
        }
        Ok(created(t, Kind::Declaration, "xml", &text))
    }),
    Method("object ImportNode(object node, bool deep)", |_, t, a| {
        let own = node(t);
        let id = node(&at(a, 0)).copy_into(&own.document, boolean(a, 1));
        Ok(own.value_at(id))
    }),
    Method("object GetElementsByTagName(string name)", |_, t, a| {
        Ok(values(by_name(&node(t), &string(a, 0))))
    }),
];

fn by_name(own: &Node, name: &str) -> Vec<Node> {
    let mut all = Vec::new();
    descend(own, &mut all);
    all.into_iter()
        .skip(1)
        .filter(|n| n.kind() == Kind::Element && (name == "*" || n.data().name == name))
        .collect()
}

const ELEMENT: &[Declared] = &[
    Property("bool IsEmpty", |_, t, _| {
        Ok(Value::Bool(node(t).data().empty && node(t).data().children.is_empty()))
    }),
    Property("bool HasAttributes", |_, t, _| Ok(Value::Bool(!node(t).data().attributes.is_empty()))),
    Method("string GetAttribute(string name)", |_, t, a| {
        let own = node(t);
        let found = own.document.attribute(own.id, &string(a, 0));
        Ok(Value::from(found.map(|id| own.at(id).data().value).unwrap_or_default()))
    }),
    Method("void SetAttribute(string name, string value)", |_, t, a| {
        let own = node(t);
        own.document.set_attribute(own.id, &string(a, 0), &string(a, 1));
        Ok(Value::Void)
    }),
    Method("object SetAttributeNode(object newAttr)", |_, t, a| {
        let (own, attribute) = (node(t), node(&at(a, 0)).data());
        let id = own.document.set_attribute(own.id, &attribute.name, &attribute.value);
        Ok(own.value_at(id))
    }),
    Method("object GetAttributeNode(string name)", |_, t, a| {
        let own = node(t);
        Ok(optional(own.document.attribute(own.id, &string(a, 0)).map(|id| own.at(id))))
    }),
    Method("bool HasAttribute(string name)", |_, t, a| {
        let own = node(t);
        Ok(Value::Bool(own.document.attribute(own.id, &string(a, 0)).is_some()))
    }),
    Method("void RemoveAttribute(string name)", |_, t, a| {
        let own = node(t);
        if let Some(id) = own.document.attribute(own.id, &string(a, 0)) {
            own.document.detach(id);
        }
        Ok(Value::Void)
    }),
    Method("object GetElementsByTagName(string name)", |_, t, a| {
        Ok(values(by_name(&node(t), &string(a, 0))))
    }),
];
