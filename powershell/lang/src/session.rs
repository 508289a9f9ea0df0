//! Assembles a session: the interpreter with the cmdlets of all crates.

use std::rc::Rc;

use ps_runtime::cmdlet::CmdletInfo;
use ps_runtime::eval::Interp;
use ps_runtime::host::Host;
use ps_runtime::registry::Registry;

thread_local! {
    static REGISTRY: Rc<Registry> = Rc::new(registry());
}

fn registry() -> Registry {
    let mut tables = ps_cmdlets::TABLES.to_vec();
    tables.push(ps_pester::CMDLETS);
    Registry::new(&tables, ps_cmdlets::ALIASES)
}

/// Returns an interpreter with every cmdlet.
pub fn interpreter(host: Box<dyn Host>) -> Interp {
    Interp::new(host, REGISTRY.with(Rc::clone))
}

/// Returns every declared cmdlet.
pub fn cmdlets() -> Vec<&'static CmdletInfo> {
    REGISTRY.with(|registry| registry.all().collect())
}

pub(crate) fn find(name: &str) -> Option<&'static CmdletInfo> {
    REGISTRY.with(|registry| registry.find(name))
}

pub(crate) fn alias(name: &str) -> Option<&'static str> {
    REGISTRY.with(|registry| registry.alias(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_here_is_not_said_to_be_missing() {
        for info in cmdlets() {
            assert_eq!(ps_runtime::needs::unavailable(info.name), None);
        }
    }
}
