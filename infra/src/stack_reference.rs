//! What another stack exports. The engine reads it; nothing is made.

use std::collections::BTreeMap;

use crate::graph::{Args, Expr, Handle, Inputs, Key, Value};

/// Another stack, as `organization/project/stack`.
#[derive(Debug, Clone)]
pub struct StackReferenceArgs {
    name: Expr<String>,
}

impl StackReferenceArgs {
    /// The stack of this full name.
    pub fn new(name: impl Into<Expr<String>>) -> Self {
        Self { name: name.into() }
    }
}

/// A stack that is read.
#[derive(Debug, Clone)]
pub struct StackReference(Handle);

impl StackReference {
    /// The export `name`; its type is the other stack's word.
    pub fn export<T>(&self, name: &str) -> Expr<T> {
        self.0
            .output::<BTreeMap<String, Value>>("outputs")
            .nested_property(name)
    }
}

impl From<Handle> for StackReference {
    fn from(handle: Handle) -> Self {
        Self(handle)
    }
}

impl AsRef<Key> for StackReference {
    fn as_ref(&self) -> &Key {
        self.0.as_ref()
    }
}

impl Args for StackReferenceArgs {
    type Resource = StackReference;
    const TOKEN: &'static str = crate::engine::STACK_REFERENCE;
    const TAGGABLE: bool = false;

    fn into_inputs(self) -> Inputs {
        Inputs::from([("name".to_owned(), self.name.into())])
    }
}
