//! The members of a value as `Get-Member` lists them.

use ps_value::error::R;
use ps_value::types::NetType;
use ps_value::{MemberKind, ObjectKind, Value, text};

use super::Interp;
use super::overload::split_signature;
use crate::types::{Declared, Ty, type_of};

impl Interp {
    /// Returns the pipeline stage that must stop.
    pub fn stopping(&mut self) -> u64 {
        self.stage
    }

    /// Returns name, kind and definition of each member, as `Get-Member` shows them.
    pub fn member_list(&mut self, value: &Value) -> Vec<(String, &'static str, String)> {
        let mut found: Vec<(String, &'static str, String)> = Vec::new();
        let names = self.property_names(value);
        let declared = matches!(value.base(), Value::Object(_));
        for name in names {
            let own = self.property(value, &name).ok().flatten().unwrap_or_default();
            let kind = crate::types::member_type(value, &name);
            let shown = match kind {
                "NoteProperty" => format!(
                    "{} {name}={}",
                    if own.is_null() { "object".to_owned() } else { type_of(&own).short_name() },
                    text(&own)
                ),
                "ScriptProperty" => format!("System.Object {name} {{get=...;}}"),
                "AliasProperty" => format!("{name} = ..."),
                _ => format!(
                    "{} {name} {{get;set;}}",
                    if own.is_null() { NetType::Object.to_string() } else { type_of(&own).short_name() }
                ),
            };
            if declared || kind != "Property" {
                found.push((name.to_string(), kind, shown));
            }
        }
        let mut next = type_of(value).info();
        while let Some(info) = next {
            for member in crate::types::members(info.id) {
                match member {
                    Declared::Property(signature, _) if !declared => {
                        let (ty, name, _) = split_signature(signature);
                        found.push((name.to_owned(), "Property", format!("{ty} {name} {{get;}}")));
                    }
                    Declared::Settable(signature, ..) if !declared => {
                        let (ty, name, _) = split_signature(signature);
                        found.push((name.to_owned(), "Property", format!("{ty} {name} {{get;set;}}")));
                    }
                    Declared::Method(signature, _) => {
                        let (_, name, _) = split_signature(signature);
                        match found.iter_mut().find(|(n, kind, _)| n == name && *kind == "Method") {
                            Some((_, _, all)) => {
                                all.push_str(", ");
                                all.push_str(signature);
                            }
                            None => found.push((name.to_owned(), "Method", (*signature).to_owned())),
                        }
                    }
                    _ => {}
                }
            }
            next = info.base.map(NetType::info);
        }
        self.common_members(value, &mut found);
        found
    }

    fn common_members(&mut self, value: &Value, found: &mut Vec<(String, &'static str, String)>) {
        if let Value::Object(object) = value.base() {
            for member in object.members.borrow().iter() {
                if let MemberKind::Method(_) = member.kind {
                    found.push((
                        member.name.to_string(),
                        "ScriptMethod",
                        format!("System.Object {}();", member.name),
                    ));
                }
            }
            if let ObjectKind::Class(class) = &object.kind {
                for method in class
                    .methods
                    .borrow()
                    .iter()
                    .filter(|m| !m.hidden && !m.is_static && m.name != class.name)
                {
                    let params: Vec<String> = method
                        .params
                        .iter()
                        .map(|(n, t, _)| {
                            format!("{} {n}", t.as_ref().map_or(NetType::Object.to_string(), Ty::short_name))
                        })
                        .collect();
                    let returns = method.returns.as_ref().map_or(
                        if method.returns_void { "void".to_owned() } else { NetType::Object.to_string() },
                        Ty::short_name,
                    );
                    found.push((
                        method.name.to_string(),
                        "Method",
                        format!("{returns} {}({})", method.name, params.join(", ")),
                    ));
                }
            }
        }
        for (name, definition) in [
            ("Equals", "bool Equals(System.Object obj)"),
            ("GetHashCode", "int GetHashCode()"),
            ("GetType", "type GetType()"),
            ("ToString", "string ToString()"),
        ] {
            if !found.iter().any(|(n, ..)| n == name) {
                found.push((name.to_owned(), "Method", definition.to_owned()));
            }
        }
    }

    pub fn static_members(&mut self, value: &Value) -> Vec<(String, &'static str, String)> {
        let ty = match value.base() {
            Value::Type(ty) => (**ty).clone(),
            other => type_of(other),
        };
        let mut found: Vec<(String, &'static str, String)> = Vec::new();
        for member in ty.info().map(|i| crate::types::members(i.id)).unwrap_or_default() {
            match member {
                Declared::Static(signature, _) => found.push((
                    split_signature(signature).1.to_owned(),
                    "Method",
                    format!("static {signature}"),
                )),
                Declared::StaticProperty(signature, _) => found.push((
                    split_signature(signature).1.to_owned(),
                    "Property",
                    format!("static {signature} {{get;}}"),
                )),
                _ => {}
            }
        }
        found
    }

    /// Returns the methods or properties of an object, as objects.
    pub fn members_of(&mut self, value: &Value, methods: bool) -> R<Value> {
        let list = self.member_list(value);
        Ok(Value::array(
            list.into_iter()
                .filter(|(_, kind, _)| kind.contains("Method") == methods)
                .map(|(name, kind, definition)| {
                    Value::custom([
                        ("Name".into(), Value::from(name)),
                        ("MemberType".into(), Value::from(kind)),
                        ("Definition".into(), Value::from(definition)),
                    ])
                })
                .collect(),
        ))
    }
}
