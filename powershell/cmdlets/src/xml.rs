//! `Select-Xml`.

use super::{CmdletInfo, Cx, Gather};
use ps_value::error::{Category, Fault, R};
use ps_value::net::Net;
use ps_value::types::NetType;
use ps_value::xml::{Node, parse_document};
use ps_value::xpath::{Namespaces, select};
use ps_value::{Value, text};

pub(super) const CMDLETS: &[CmdletInfo] = &[CmdletInfo {
    name: "Select-Xml",
    class: "SelectXmlCommand",
    params: "XPath: string @0 mandatory | Xml: object[] @1 pipe byname alias=Node set=Xml mandatory | Path: string[] @1 byname set=Path mandatory | LiteralPath: string[] byname alias=PSPath,LP set=LiteralPath mandatory | Content: string[] pipe set=Content mandatory | Namespace: hashtable",
    default_set: "Xml",
    make: || Gather::of(select_xml),
}];

fn select_xml(cx: &mut Cx<'_>, piped: Vec<Value>) -> R<()> {
    let path = cx.text("XPath").unwrap_or_default();
    let mut namespaces = Namespaces::new();
    if let Some(Value::Dict(given)) = cx.get("Namespace") {
        namespaces.extend(given.pairs().iter().map(|(prefix, uri)| (text(prefix), text(uri))));
    }
    for (place, document) in documents(cx, piped)? {
        let Some(node) = node(&document) else {
            cx.fail(fault("The input is not XML.".into()))?;
            continue;
        };
        match select(&node, &path, &namespaces) {
            Err(why) => return cx.fail(fault(why)),
            Ok(found) => {
                for node in found {
                    cx.put(Value::record(
                        NetType::SelectXmlInfo,
                        vec![
                            ("Node", Value::net(Net::Xml(node))),
                            ("Path", Value::from(place.as_str())),
                            ("Pattern", Value::from(path.as_str())),
                        ],
                    ))?;
                }
            }
        }
    }
    Ok(())
}

/// Returns the documents to search, each with its source.
fn documents(cx: &mut Cx<'_>, piped: Vec<Value>) -> R<Vec<(String, Value)>> {
    let mut texts = Vec::new();
    let mut found = Vec::new();
    if cx.has("Path") || cx.has("LiteralPath") {
        for (path, is_dir) in super::given::existing(cx)? {
            if !is_dir {
                let content = cx.it.read_text(&path)?;
                texts.push((path, content));
            }
        }
    } else {
        let given = if piped.is_empty() {
            let mut given = cx.values("Xml");
            given.extend(cx.values("Content"));
            given
        } else {
            piped
        };
        for item in given.into_iter().flat_map(|item| item.to_items()) {
            match node(&item) {
                Some(_) => found.push(("InputStream".to_owned(), item)),
                None => texts.push(("InputStream".to_owned(), cx.it.to_text(&item))),
            }
        }
    }
    for (place, content) in texts {
        match parse_document(&content) {
            Ok(document) => found.push((place, document)),
            Err(why) => cx.fail(fault(format!("Cannot read {place}: {why}")))?,
        }
    }
    Ok(found)
}

fn node(value: &Value) -> Option<Node> {
    match value.base() {
        Value::Net(net) => match &**net {
            Net::Xml(node) => Some(node.clone()),
            _ => None,
        },
        _ => None,
    }
}

fn fault(why: String) -> Fault {
    Fault::new(NetType::XPathException, "ProcessingFile", Category::NotSpecified, why)
}
