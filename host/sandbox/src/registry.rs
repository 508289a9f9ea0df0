//! The known components, and the step types that select them. Pure: components come from elsewhere.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use stepwell_engine::Manifest;
use stepwell_engine::reference::{StepRef, Wanted, compare_versions};
use stepwell_engine::step::Origin;

/// A component that can run as a step.
pub(crate) struct Registered {
    pub manifest: Arc<Manifest>,
    pub digest: String,
    pub origin: Origin,
    /// The bytes, once this process has them.
    pub wasm: OnceLock<Bytes>,
    /// The round of [`Registry::retire`] in which the component was last used.
    used: AtomicU64,
}

/// A component that was examined, or whose descriptor is known.
#[derive(Clone)]
pub struct Component(pub(crate) Arc<Registered>);

impl Component {
    /// Makes a component whose descriptor is known; its bytes may follow.
    pub fn known(manifest: Arc<Manifest>, digest: &str, origin: Origin, wasm: Option<Bytes>) -> Self {
        let slot = OnceLock::new();
        if let Some(wasm) = wasm {
            slot.get_or_init(|| wasm);
        }
        let (digest, used) = (digest.to_owned(), AtomicU64::new(0));
        Self(Arc::new(Registered { manifest, digest, origin, wasm: slot, used }))
    }

    /// Returns the description that the component gives of itself.
    pub fn manifest(&self) -> &Arc<Manifest> {
        &self.0.manifest
    }

    /// Returns the digest: `sha256:...`.
    pub fn digest(&self) -> &str {
        &self.0.digest
    }

    /// Returns the origin of the component.
    pub fn origin(&self) -> Origin {
        self.0.origin
    }

    /// Returns the bytes, if this process has them.
    pub fn wasm(&self) -> Option<&Bytes> {
        self.0.wasm.get()
    }
}

/// The store's data about a step type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stored {
    /// Digests of the registered versions, in order of registration.
    pub versions: Vec<String>,
    /// The component that a job without a version gets.
    pub active: String,
    /// Whether that component replaces a built-in step with this name.
    pub replaces: bool,
}

/// The components of a step type, by origin.
#[derive(Default)]
struct StepType {
    built_in: Option<String>,
    stored: Option<Stored>,
    /// From the command line or the configuration of this process: its operator's choice has priority.
    local: Option<String>,
}

impl StepType {
    fn active(&self) -> Option<&str> {
        let stored = self.stored.as_ref().filter(|stored| stored.replaces || self.built_in.is_none());
        let stored = stored.map(|stored| &stored.active);
        self.local.as_ref().or(stored).or(self.built_in.as_ref()).map(String::as_str)
    }

    /// Returns all of them; of equal versions the later one has priority.
    fn all(&self) -> impl Iterator<Item = &str> {
        let stored = self.stored.iter().flat_map(|stored| &stored.versions);
        self.built_in.iter().chain(stored).chain(&self.local).map(String::as_str)
    }
}

/// The components of a process, and the step types that select them.
#[derive(Default)]
pub(crate) struct Registry {
    components: HashMap<String, Component>,
    types: BTreeMap<String, StepType>,
    round: u64,
}

impl Registry {
    /// Adds a component without a name.
    pub fn know(&mut self, component: Component) {
        component.0.used.store(self.round, Ordering::Relaxed);
        let slot = self.components.entry(component.digest().to_owned()).or_insert_with(|| component.clone());
        // A built-in component stays built-in, even if it is registered again.
        if slot.0.origin != Origin::BuiltIn && slot.wasm().is_none() {
            *slot = component;
        }
    }

    /// Adds a component that came with the program.
    pub fn add_built_in(&mut self, component: Component) {
        let entry = self.types.entry(component.manifest().type_name.clone()).or_default();
        entry.built_in = Some(component.digest().to_owned());
        self.components.insert(component.digest().to_owned(), component);
    }

    /// Adds a component that the operator of this process chose. It replaces a component of the same type.
    pub fn add_local(&mut self, component: Component) {
        let entry = self.types.entry(component.manifest().type_name.clone()).or_default();
        entry.local = Some(component.digest().to_owned());
        self.know(component);
    }

    /// Applies the store's data about a step type, and returns whether they changed.
    pub fn set_stored(&mut self, type_name: &str, stored: Option<Stored>) -> bool {
        let entry = self.types.entry(type_name.to_owned()).or_default();
        let changed = entry.stored != stored;
        entry.stored = stored;
        if entry.active().is_none() {
            self.types.remove(type_name);
        }
        changed
    }

    /// Returns the component with a digest.
    pub fn by_digest(&self, digest: &str) -> Option<&Component> {
        let found = self.components.get(digest);
        if let Some(component) = found {
            component.0.used.store(self.round, Ordering::Relaxed);
        }
        found
    }

    /// Drops components that no step type selects and that were not used since the last call.
    pub fn retire(&mut self) {
        let typed: HashSet<&str> = self.types.values().flat_map(StepType::all).collect();
        let round = self.round;
        self.components.retain(|digest, component| {
            typed.contains(digest.as_str()) || component.0.used.load(Ordering::Relaxed) == round
        });
        self.round += 1;
    }

    /// Returns whether there is a component with this digest, which does not count as a use.
    pub fn has(&self, digest: &str) -> bool {
        self.components.contains_key(digest)
    }

    /// Returns the component that a reference selects.
    pub fn find(&self, reference: &str) -> Option<&Component> {
        let reference = StepRef::parse(reference).ok()?;
        let of_type = |component: &&Component| component.manifest().type_name == reference.type_name;
        if let Wanted::Digest(digest) = reference.wanted {
            return self.by_digest(digest).filter(of_type);
        }
        let found = self.types.get(reference.type_name)?;
        if reference.wanted == Wanted::Active {
            return self.by_digest(found.active()?);
        }
        let known = found.all().filter_map(|digest| self.by_digest(digest));
        known
            .filter(|component| reference.matches(&component.manifest().version, component.digest()))
            .max_by(|a, b| compare_versions(&a.manifest().version, &b.manifest().version))
    }

    /// Returns the names of the step types.
    pub fn types(&self) -> Vec<String> {
        self.types.keys().cloned().collect()
    }

    /// Returns the components of a step type, the newest version first, and whether each is active.
    pub fn versions(&self, type_name: &str) -> Vec<(Component, bool)> {
        let Some(found) = self.types.get(type_name) else { return Vec::new() };
        let mut versions: Vec<(Component, bool)> = Vec::new();
        for component in found.all().filter_map(|digest| self.by_digest(digest)) {
            if !versions.iter().any(|(other, _)| other.digest() == component.digest()) {
                versions.push((component.clone(), found.active() == Some(component.digest())));
            }
        }
        versions.reverse();
        versions.sort_by(|(a, _), (b, _)| compare_versions(&b.manifest().version, &a.manifest().version));
        versions
    }

    /// Returns the digest of the built-in step with this name.
    pub fn built_in(&self, type_name: &str) -> Option<&str> {
        self.types.get(type_name)?.built_in.as_deref()
    }

    /// Returns the digest of the step with this name that the operator of this process chose.
    pub fn local(&self, type_name: &str) -> Option<&str> {
        self.types.get(type_name)?.local.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use stepwell_engine::policy::Profile;

    use super::*;

    fn component(type_name: &str, version: &str, origin: Origin) -> Component {
        let manifest = Manifest {
            type_name: type_name.to_owned(),
            version: version.to_owned(),
            summary: String::new(),
            config_schema: json!({"type": "object"}).into(),
            needs: Vec::new(),
            profile: Profile::Tiny,
            idempotent: true,
        };
        let digest = format!("{type_name}-{version}-{origin:?}");
        Component::known(manifest.into(), &digest, origin, None)
    }

    fn stored(registry: &mut Registry, type_name: &str, versions: &[&str], active: &str, replaces: bool) {
        let mut digests = Vec::new();
        for version in versions {
            let component = component(type_name, version, Origin::Registered);
            digests.push(component.digest().to_owned());
            registry.know(component);
        }
        let active = format!("{type_name}-{active}-Registered");
        registry.set_stored(type_name, Some(Stored { versions: digests, active, replaces }));
    }

    #[test]
    fn what_no_step_type_means_is_forgotten_when_it_is_not_used_for_two_rounds() {
        let mut registry = Registry::default();
        stored(&mut registry, "acme/x", &["1.0.0"], "1.0.0", false);
        let old = component("acme/x", "0.9.0", Origin::Registered);
        registry.know(old.clone());
        registry.retire();
        assert!(registry.by_digest(old.digest()).is_some());
        registry.retire();
        assert!(registry.has(old.digest()), "it was used in this round");
        registry.retire();
        assert!(!registry.has(old.digest()));
        assert!(registry.find("acme/x@1").is_some());
    }

    #[test]
    fn a_name_means_the_active_version_and_a_version_the_newest_that_begins_so() {
        let mut registry = Registry::default();
        stored(&mut registry, "acme/x", &["1.2.0", "1.10.0", "1.2.9", "2.0.0-rc.1"], "1.2.0", false);
        for (reference, version) in [
            ("acme/x", Some("1.2.0")),
            ("acme/x@1", Some("1.10.0")),
            ("acme/x@1.2", Some("1.2.9")),
            ("acme/x@1.2.0", Some("1.2.0")),
            ("acme/x@2", None),
            ("acme/x@2.0.0-rc.1", Some("2.0.0-rc.1")),
            ("acme/y", None),
            ("acme/x@", None),
        ] {
            let found = registry.find(reference).map(|found| found.manifest().version.as_str());
            assert_eq!(found, version, "{reference}");
        }
        let versions = registry.versions("acme/x");
        let shown: Vec<_> =
            versions.iter().map(|(found, active)| (found.manifest().version.as_str(), *active)).collect();
        assert_eq!(shown, [("2.0.0-rc.1", false), ("1.10.0", false), ("1.2.9", false), ("1.2.0", true)]);
    }

    #[test]
    fn a_built_in_step_is_replaced_only_by_what_says_so() {
        let mut registry = Registry::default();
        registry.add_built_in(component("sql", "0.1.0", Origin::BuiltIn));
        let active = |registry: &Registry| registry.find("sql").map(|found| found.digest().to_owned());
        stored(&mut registry, "sql", &["9.0.0"], "9.0.0", false);
        assert_eq!(active(&registry).as_deref(), Some("sql-0.1.0-BuiltIn"));
        stored(&mut registry, "sql", &["9.0.0"], "9.0.0", true);
        assert_eq!(active(&registry).as_deref(), Some("sql-9.0.0-Registered"));
        assert_eq!(registry.find("sql@0.1").map(Component::origin), Some(Origin::BuiltIn));
        registry.add_local(component("sql", "5.0.0", Origin::Registered));
        assert_eq!(active(&registry).as_deref(), Some("sql-5.0.0-Registered"));
        registry.set_stored("sql", None);
        assert_eq!(registry.types(), ["sql"]);
        assert_eq!(registry.built_in("sql"), Some("sql-0.1.0-BuiltIn"));
    }

    #[test]
    fn a_type_that_is_no_longer_registered_is_gone_and_its_components_stay() {
        let mut registry = Registry::default();
        stored(&mut registry, "acme/x", &["1.0.0"], "1.0.0", false);
        assert!(registry.set_stored("acme/x", None));
        assert!(registry.find("acme/x").is_none() && registry.types().is_empty());
        assert!(registry.by_digest("acme/x-1.0.0-Registered").is_some());
    }
}
