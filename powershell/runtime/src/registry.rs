//! The cmdlets and aliases of a session. The crates above declare them.

use ps_syntax::symbol::{Map, fold};

use crate::cmdlet::CmdletInfo;

/// The name of an alias, and the name of its cmdlet.
pub type Alias = (&'static str, &'static str);

pub struct Registry {
    all: Vec<&'static CmdletInfo>,
    by_name: Map<String, &'static CmdletInfo>,
    aliases: &'static [Alias],
    by_alias: Map<&'static str, &'static str>,
}

impl Registry {
    pub fn new(tables: &[&'static [CmdletInfo]], aliases: &'static [Alias]) -> Self {
        let all: Vec<&'static CmdletInfo> = tables.iter().flat_map(|table| table.iter()).collect();
        Self {
            by_name: all.iter().map(|info| (fold(info.name).into_owned(), *info)).collect(),
            all,
            aliases,
            by_alias: aliases.iter().copied().collect(),
        }
    }

    /// Returns every declared cmdlet.
    pub fn all(&self) -> impl Iterator<Item = &'static CmdletInfo> {
        self.all.iter().copied()
    }

    pub fn find(&self, name: &str) -> Option<&'static CmdletInfo> {
        self.by_name.get(&*fold(name)).copied()
    }

    pub fn alias(&self, name: &str) -> Option<&'static str> {
        self.by_alias.get(&*fold(name)).copied()
    }

    pub fn aliases(&self) -> impl Iterator<Item = &'static Alias> {
        self.aliases.iter()
    }
}
