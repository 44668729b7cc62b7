//! A resource with its inputs and options, and the graph of them.

use std::collections::{BTreeMap, BTreeSet};

use super::key::Key;
use super::value::Value;

/// Inputs by property name.
pub type Inputs = BTreeMap<String, Value>;

/// The resources of one stack, in the order of declaration: whatever a resource refers to comes
/// before it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Graph {
    /// Name of the stack.
    pub stack: String,
    /// The resources.
    pub resources: Vec<Resource>,
    /// What the stack tells its users and the command line.
    pub exports: BTreeMap<String, Value>,
}

/// One resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// Logical name.
    pub name: String,
    /// Type token.
    pub kind: String,
    /// The component it belongs to; none: the stack itself.
    pub parent: Option<Key>,
    /// Inputs.
    pub inputs: Inputs,
    /// How the engine treats it.
    pub options: Options,
}

/// How an engine treats a resource.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options {
    /// `destroy` and replacement refuse.
    pub protect: bool,
    /// Properties whose changes are somebody else's.
    pub ignore_changes: Vec<String>,
    /// Delete the old one first: two of it cannot exist (a fixed name).
    pub delete_before_replace: bool,
    /// Properties whose change replaces, beyond what the provider says.
    pub replace_on_changes: Vec<String>,
    /// What this resource was called before.
    pub aliases: Vec<Alias>,
    /// The provider's id of an existing object to adopt.
    pub import_id: Option<String>,
    /// Time limits of the operations.
    pub custom_timeouts: CustomTimeouts,
    /// Deleting it from the program leaves the object alone.
    pub retain_on_delete: bool,
    /// Outputs to be treated as secrets.
    pub additional_secret_outputs: Vec<String>,
    /// Dependencies that no input shows, each with its reason.
    pub depends_on: Vec<HiddenDependency>,
    /// An explicit provider resource.
    pub provider: Option<Key>,
}

/// A dependency that no input shows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HiddenDependency {
    /// What must exist before.
    pub resource: Key,
    /// Why: one sentence.
    pub reason: String,
}

/// A former identity of a resource; what is not given is as it is now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Alias {
    /// Former logical name.
    pub name: Option<String>,
    /// Former type token.
    pub kind: Option<String>,
    /// Former parent.
    pub parent: Option<AliasParent>,
}

/// A former parent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum AliasParent {
    /// The stack itself.
    Stack,
    /// A component; one that no longer exists was a child of the stack.
    Component(Key),
}

/// Time limits, in the engine's notation (`30m`, `1h`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CustomTimeouts {
    /// For creating.
    pub create: Option<String>,
    /// For updating.
    pub update: Option<String>,
    /// For deleting.
    pub delete: Option<String>,
}

impl CustomTimeouts {
    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.create.is_none() && self.update.is_none() && self.delete.is_none()
    }
}

impl Resource {
    /// What identifies it.
    pub fn key(&self) -> Key {
        Key::new(&self.kind, &self.name)
    }

    /// Whether it only groups others: no provider knows it.
    pub fn is_component(&self) -> bool {
        self.kind.starts_with(COMPONENT_PACKAGE)
    }

    /// The resources that each input refers to; inputs without references are left out.
    pub fn property_dependencies(&self) -> BTreeMap<String, BTreeSet<Key>> {
        self.inputs
            .iter()
            .map(|(name, value)| (name.clone(), value.references()))
            .filter(|(_, keys)| !keys.is_empty())
            .collect()
    }

    /// Everything that its inputs refer to, and its hidden dependencies.
    pub fn dependencies(&self) -> BTreeSet<Key> {
        let mut keys: BTreeSet<Key> = self.inputs.values().flat_map(Value::references).collect();
        keys.extend(self.options.depends_on.iter().map(|d| d.resource.clone()));
        keys
    }

    /// What must be registered before it: dependencies, parent and provider.
    pub fn waits_for(&self) -> BTreeSet<Key> {
        let mut keys = self.dependencies();
        keys.extend(self.parent.clone());
        keys.extend(self.options.provider.clone());
        keys
    }
}

/// Prefix of the type tokens of components.
pub const COMPONENT_PACKAGE: &str = "aiops:";

impl Graph {
    /// The resource of this key.
    pub fn get(&self, key: &Key) -> Option<&Resource> {
        self.resources
            .iter()
            .find(|resource| resource.name == key.name && resource.kind == key.kind)
    }

    /// The resources of one type.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Resource> {
        self.resources.iter().filter(move |r| r.kind == kind)
    }

    /// Every data source call with its arguments, once each, in the order of first use.
    pub fn invokes(&self) -> Vec<(String, Inputs)> {
        let mut calls: Vec<(String, Inputs)> = Vec::new();
        let inputs = self.resources.iter().flat_map(|r| r.inputs.values());
        for value in inputs.chain(self.exports.values()) {
            value.walk(&mut |inner| {
                if let Value::Invoke(invoke) = inner {
                    let call = (invoke.token.clone(), invoke.args.clone());
                    if !calls.contains(&call) {
                        calls.push(call);
                    }
                }
            });
        }
        calls
    }
}

impl Options {
    /// No option set.
    pub fn new() -> Self {
        Self::default()
    }

    /// `destroy` and replacement refuse.
    #[must_use]
    pub fn protect(mut self, protect: bool) -> Self {
        self.protect = protect;
        self
    }

    /// Leaves changes of these properties to their owner.
    #[must_use]
    pub fn ignore_changes<const N: usize>(mut self, properties: [&str; N]) -> Self {
        self.ignore_changes.extend(properties.map(str::to_owned));
        self
    }

    /// Deletes the old one before creating its replacement.
    #[must_use]
    pub fn delete_before_replace(mut self) -> Self {
        self.delete_before_replace = true;
        self
    }

    /// Replaces when these properties change.
    #[must_use]
    pub fn replace_on_changes<const N: usize>(mut self, properties: [&str; N]) -> Self {
        self.replace_on_changes
            .extend(properties.map(str::to_owned));
        self
    }

    /// Adds a former identity.
    #[must_use]
    pub fn alias(mut self, alias: Alias) -> Self {
        self.aliases.push(alias);
        self
    }

    /// Adopts an existing object.
    #[must_use]
    pub fn import(mut self, id: Option<impl Into<String>>) -> Self {
        self.import_id = id.map(Into::into);
        self
    }

    /// Sets time limits.
    #[must_use]
    pub fn timeouts(mut self, timeouts: CustomTimeouts) -> Self {
        self.custom_timeouts = timeouts;
        self
    }

    /// Leaves the object when the resource goes.
    #[must_use]
    pub fn retain_on_delete(mut self) -> Self {
        self.retain_on_delete = true;
        self
    }

    /// Treats these outputs as secrets.
    #[must_use]
    pub fn secret_outputs<const N: usize>(mut self, properties: [&str; N]) -> Self {
        self.additional_secret_outputs
            .extend(properties.map(str::to_owned));
        self
    }

    /// Waits for `resource`, although no input shows it.
    #[must_use]
    pub fn after(mut self, resource: impl AsRef<Key>, reason: impl Into<String>) -> Self {
        self.depends_on.push(HiddenDependency {
            resource: resource.as_ref().clone(),
            reason: reason.into(),
        });
        self
    }

    /// Uses an explicit provider.
    #[must_use]
    pub fn provider(mut self, provider: impl AsRef<Key>) -> Self {
        self.provider = Some(provider.as_ref().clone());
        self
    }
}
