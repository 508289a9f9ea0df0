//! The lists of cmdlets and types in `docs/powershell` are generated from their declarations.
//! `UPDATE_EXPECT=1` writes them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where its helper fails"
)]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use ps_lang::types::{self, Declared, TypeKind};

fn checked(name: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/powershell").join(name);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, made).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == made, "{} is out of date: UPDATE_EXPECT=1 writes it", path.display());
}

#[test]
fn the_list_of_cmdlets_is_true() {
    let mut all: Vec<_> = ps_lang::cmdlets();
    all.sort_by_key(|info| info.name);
    let mut aliases: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (alias, name) in ps_cmdlets::ALIASES {
        aliases.entry(name).or_default().push(alias);
    }
    let mut page = format!(
        "# Cmdlets\n\n<!-- Made from the declarations by powershell/lang/tests/reference.rs. -->\n\n{} cmdlets, each with its \
         parameters (`*` for those that have to be given) and aliases. The common parameters come on top.\n\n\
         | cmdlet | parameters | aliases |\n|---|---|---|\n",
        all.len()
    );
    for info in all {
        let table = ps_lang::cmdlet::table(info);
        let shown = |spec: &ps_value::params::ParamSpec| {
            let mandatory = spec.sets.iter().any(|set| set.mandatory);
            format!("`-{}`{}", spec.name, if mandatory { "\\*" } else { "" })
        };
        let params: Vec<String> = table.params.iter().map(shown).collect();
        let names =
            aliases.get(info.name).map(|names| format!("`{}`", names.join("` `"))).unwrap_or_default();
        writeln!(page, "| `{}` | {} | {names} |", info.name, params.join(" ")).unwrap();
    }
    checked("cmdlets.md", &page);
}

#[test]
fn the_list_of_types_is_true() {
    let mut all: Vec<_> = types::all().collect();
    all.sort_by_key(|info| info.name);
    let count = all.len();
    let mut page = format!(
        "# Types\n\n<!-- Made from the declarations by powershell/lang/tests/reference.rs. -->\n\n{count} types, with their own \
         members; those of a type's base come on top. Records and enums have their values and no more.\n"
    );
    let mut plain = Vec::new();
    for info in all {
        let names: Vec<String> = info.accelerators.iter().map(|name| format!("`[{name}]`")).collect();
        let signature = |text: &str| format!("- `{text}`\n");
        let mut members = String::new();
        for declared in types::members(info.id) {
            members.push_str(&match declared {
                Declared::Property(text, _) | Declared::Settable(text, ..) | Declared::Method(text, _) => {
                    signature(text)
                }
                Declared::Static(text, _) | Declared::StaticProperty(text, _) => {
                    signature(&format!("static {text}"))
                }
                Declared::New(text, _) => signature(text),
            });
        }
        if let TypeKind::Enum(values, _) = info.kind {
            let values: Vec<&str> = values.iter().map(|(name, _)| *name).collect();
            writeln!(members, "{}", values.join(", ")).unwrap();
        }
        if members.is_empty() {
            plain.push(info.name);
            continue;
        }
        writeln!(page, "\n## {}\n", info.name).unwrap();
        if !names.is_empty() {
            writeln!(page, "{}\n", names.join(" ")).unwrap();
        }
        page.push_str(&members);
    }
    writeln!(page, "\n## Without members of their own\n\n{}", plain.join(", ")).unwrap();
    checked("types.md", &page);
}
