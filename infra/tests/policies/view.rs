//! A graph as the rules look at it: plain JSON, every reference resolved.

use aiops_infra::config::{Environment, StackConfig};
use aiops_infra::graph::{Graph, Resource};
use serde_json::{Map, Value as Json};

use crate::resolved::Resolved;

/// A resource with plain inputs.
pub(crate) struct Seen {
    /// `type::name`.
    pub(crate) key: String,
    /// The type's last part, for instance `LogGroup`.
    pub(crate) kind: String,
    /// The type token.
    pub(crate) token: String,
    /// Logical name.
    pub(crate) name: String,
    /// Its ARN.
    pub(crate) arn: String,
    /// Whether it refuses to be destroyed.
    pub(crate) protected: bool,
    inputs: Json,
}

impl Seen {
    /// The input at a JSON pointer; null where there is none.
    pub(crate) fn at(&self, pointer: &str) -> &Json {
        self.inputs.pointer(pointer).unwrap_or(&Json::Null)
    }

    /// The text at a JSON pointer; empty where there is none.
    pub(crate) fn text(&self, pointer: &str) -> &str {
        self.at(pointer).as_str().unwrap_or_default()
    }

    /// Whether there is something at a JSON pointer.
    pub(crate) fn has(&self, pointer: &str) -> bool {
        !self.at(pointer).is_null()
    }

    /// The statements of a policy document.
    pub(crate) fn statements(&self, input: &str) -> Vec<Json> {
        let document: Json = serde_json::from_str(self.text(input)).unwrap_or_default();
        document["Statement"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    }
}

/// A whole stack.
pub(crate) struct View {
    /// Whether it is the laptop's: the emulator has no keys and nobody pays for it.
    pub(crate) local: bool,
    /// The environment.
    pub(crate) environment: Environment,
    /// Whether data refuses to be destroyed.
    pub(crate) protect: bool,
    /// The range of ACL rules that belongs to remediation, its length.
    pub(crate) reserved_rules: u32,
    resources: Vec<Seen>,
}

impl View {
    pub(crate) fn new(graph: &Graph, config: &StackConfig) -> Self {
        let resolved = Resolved::new(graph, &config.region);
        let resources = graph.resources.iter().filter(|r| !r.is_component());
        Self {
            local: config.environment == Environment::Local,
            environment: config.environment,
            protect: config.protect,
            reserved_rules: config.remediation.network_acl_rules,
            resources: resources
                .map(|resource| seen(&resolved, resource))
                .collect(),
        }
    }

    /// Every resource.
    pub(crate) fn all(&self) -> &[Seen] {
        &self.resources
    }

    /// The resources whose type ends so, for instance `LogGroup`.
    pub(crate) fn of<'v>(&'v self, kind: &'v str) -> impl Iterator<Item = &'v Seen> {
        self.resources.iter().filter(move |seen| seen.kind == kind)
    }

    /// Those of a kind for which `is_broken` holds, by key; none on the laptop.
    pub(crate) fn deployed(&self, kind: &str, is_broken: impl Fn(&Seen) -> bool) -> Vec<String> {
        if self.local {
            return Vec::new();
        }
        self.any(kind, is_broken)
    }

    /// Those of a kind for which `is_broken` holds, by key.
    pub(crate) fn any(&self, kind: &str, is_broken: impl Fn(&Seen) -> bool) -> Vec<String> {
        let broken = self.of(kind).filter(|seen| is_broken(seen));
        broken.map(|seen| seen.key.clone()).collect()
    }
}

fn seen(resolved: &Resolved<'_>, resource: &Resource) -> Seen {
    let mut inputs = Map::new();
    for (name, value) in &resource.inputs {
        // An archive is bytes, and no JSON: that it is there is all that a rule asks.
        let json = match value {
            aiops_infra::graph::Value::Archive(path) => Json::from(path.as_str()),
            other => resolved.json(other),
        };
        inputs.insert(name.clone(), json);
    }
    let token = resource.kind.clone();
    Seen {
        key: resource.key().text(),
        kind: token.rsplit(':').next().unwrap().to_owned(),
        name: resource.name.clone(),
        arn: resolved.arn(resource),
        protected: resource.options.protect,
        inputs: Json::Object(inputs),
        token,
    }
}
