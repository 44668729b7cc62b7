//! How a graph is declared: a [`Program`] collects, a [`Scope`] declares below a component and
//! hands out the handles that references come from.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::expr::Expr;
use super::key::{Key, Path};
use super::resource::{COMPONENT_PACKAGE, Graph, Inputs, Options, Resource};
use super::value::Value;

/// The arguments of one resource type; generated, or written by hand for types outside the schema.
pub trait Args {
    /// What declaring hands out.
    type Resource: From<Handle> + AsRef<Key>;
    /// Type token.
    const TOKEN: &'static str;
    /// Whether it has an input `tags` that is a map of texts.
    const TAGGABLE: bool;
    /// The inputs that were set.
    fn into_inputs(self) -> Inputs;
}

/// A declared resource. Only declaring makes one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Handle {
    key: Key,
}

impl Handle {
    /// The output at the property `name`.
    pub(crate) fn output<T>(&self, name: &str) -> Expr<T> {
        Expr::trusted(Value::Ref {
            resource: self.key.clone(),
            path: Path::property(name),
        })
    }
}

impl AsRef<Key> for Handle {
    fn as_ref(&self) -> &Key {
        &self.key
    }
}

/// A graph while it is being declared.
#[derive(Debug)]
pub struct Program {
    tags: BTreeMap<String, Value>,
    graph: RefCell<Graph>,
}

impl Program {
    /// An empty program of the stack `stack`; every resource that takes tags gets `tags`, unless
    /// it sets a tag of that name itself.
    pub fn new(stack: impl Into<String>, tags: BTreeMap<String, String>) -> Self {
        Self {
            tags: tags.into_iter().map(|(k, v)| (k, v.into())).collect(),
            graph: RefCell::new(Graph {
                stack: stack.into(),
                ..Graph::default()
            }),
        }
    }

    /// The scope of the stack itself.
    pub fn root(&self) -> Scope<'_> {
        Scope {
            program: self,
            parent: None,
        }
    }

    /// The graph.
    pub fn finish(self) -> Graph {
        self.graph.into_inner()
    }

    fn push(&self, mut resource: Resource, taggable: bool) -> Handle {
        if taggable && !self.tags.is_empty() {
            let tags = resource
                .inputs
                .entry("tags".to_owned())
                .or_insert_with(|| Value::Object(BTreeMap::new()));
            if let Value::Object(own) = tags {
                for (name, value) in &self.tags {
                    own.entry(name.clone()).or_insert_with(|| value.clone());
                }
            }
        }
        let key = resource.key();
        self.graph.borrow_mut().resources.push(resource);
        Handle { key }
    }
}

/// Where to declare: the stack, or a component of it.
#[derive(Debug, Clone)]
pub struct Scope<'p> {
    program: &'p Program,
    parent: Option<Key>,
}

impl<'p> Scope<'p> {
    /// Declares the component `aiops:platform:<kind>` and returns the scope below it.
    pub fn component(&self, kind: &str, name: impl Into<String>) -> Scope<'p> {
        let handle = self.program.push(
            Resource {
                name: name.into(),
                kind: format!("{COMPONENT_PACKAGE}platform:{kind}"),
                parent: self.parent.clone(),
                inputs: Inputs::new(),
                options: Options::default(),
            },
            false,
        );
        Scope {
            program: self.program,
            parent: Some(handle.key),
        }
    }

    /// Declares a resource.
    pub fn declare<A: Args>(&self, name: impl Into<String>, args: A) -> A::Resource {
        self.declare_with(name, args, Options::default())
    }

    /// Declares a resource with options.
    pub fn declare_with<A: Args>(
        &self,
        name: impl Into<String>,
        args: A,
        options: Options,
    ) -> A::Resource {
        let resource = Resource {
            name: name.into(),
            kind: A::TOKEN.to_owned(),
            parent: self.parent.clone(),
            inputs: args.into_inputs(),
            options,
        };
        A::Resource::from(self.program.push(resource, A::TAGGABLE))
    }

    /// Exports a value of the stack.
    pub fn export(&self, name: impl Into<String>, value: impl Into<Value>) {
        self.program
            .graph
            .borrow_mut()
            .exports
            .insert(name.into(), value.into());
    }
}
