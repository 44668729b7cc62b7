//! Former identities as urns.
//!
//! A urn follows from the graph alone, so an alias needs no round trip: `urn:pulumi:<stack>::<project>::`,
//! the types of the parents joined by `$`, the type, `::`, the name. A component that was renamed or
//! moved takes its children along: each gets the former urn below each former urn of its parent.

use crate::graph::{Alias, AliasParent, Graph, Key, Resource};

/// Parents nest this deep at most; a graph that says otherwise is a circle.
const DEEPEST: usize = 32;

/// The names that every urn of a deployment begins with.
#[derive(Debug, Clone, Copy)]
pub struct Identity<'a> {
    /// The graph.
    pub graph: &'a Graph,
    /// The project.
    pub project: &'a str,
    /// The stack.
    pub stack: &'a str,
}

/// A place in the tree of resources: the types of the parents, the type, the name.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    types: Vec<String>,
    name: String,
}

impl Identity<'_> {
    /// The urn of a resource of the graph.
    pub fn urn(&self, resource: &Resource) -> String {
        self.text(&self.place(resource, 0))
    }

    /// The urns that a resource had before, its own and those through its parents.
    pub fn former_urns(&self, resource: &Resource) -> Vec<String> {
        let current = self.place(resource, 0);
        let mut urns: Vec<String> = Vec::new();
        for place in self.former(resource, 0) {
            let urn = self.text(&place);
            if place != current && !urns.contains(&urn) {
                urns.push(urn);
            }
        }
        urns
    }

    fn text(&self, place: &Place) -> String {
        format!(
            "urn:pulumi:{}::{}::{}::{}",
            self.stack,
            self.project,
            place.types.join("$"),
            place.name
        )
    }

    fn place(&self, resource: &Resource, depth: usize) -> Place {
        let mut types = self.types_of(resource.parent.as_ref(), depth);
        types.push(resource.kind.clone());
        Place {
            types,
            name: resource.name.clone(),
        }
    }

    fn types_of(&self, parent: Option<&Key>, depth: usize) -> Vec<String> {
        match parent {
            Some(key) if depth < DEEPEST => match self.graph.get(key) {
                Some(parent) => self.place(parent, depth + 1).types,
                // A component that no longer exists was a child of the stack.
                None => vec![key.kind.clone()],
            },
            _ => Vec::new(),
        }
    }

    fn former(&self, resource: &Resource, depth: usize) -> Vec<Place> {
        if depth >= DEEPEST {
            return Vec::new();
        }
        let mut places = Vec::new();
        // What the parents were called, this resource stood below.
        let mut parents = vec![self.types_of(resource.parent.as_ref(), depth)];
        if let Some(parent) = resource.parent.as_ref().and_then(|key| self.graph.get(key)) {
            parents.extend(
                self.former(parent, depth + 1)
                    .into_iter()
                    .map(|place| place.types),
            );
        }
        for types in parents.iter().skip(1) {
            places.push(below(types, &resource.kind, &resource.name));
        }
        for Alias { name, kind, parent } in &resource.options.aliases {
            let name = name.as_ref().unwrap_or(&resource.name);
            let kind = kind.as_ref().unwrap_or(&resource.kind);
            match parent {
                None => places.extend(parents.iter().map(|types| below(types, kind, name))),
                Some(AliasParent::Stack) => places.push(below(&[], kind, name)),
                Some(AliasParent::Component(key)) => {
                    places.push(below(&self.types_of(Some(key), depth), kind, name));
                }
            }
        }
        places
    }
}

fn below(types: &[String], kind: &str, name: &str) -> Place {
    let mut types = types.to_vec();
    types.push(kind.to_owned());
    Place {
        types,
        name: name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Options;

    fn resource(kind: &str, name: &str, parent: Option<Key>, aliases: Vec<Alias>) -> Resource {
        Resource {
            name: name.into(),
            kind: kind.into(),
            parent,
            inputs: Default::default(),
            options: Options {
                aliases,
                ..Options::default()
            },
        }
    }

    fn named(name: &str) -> Alias {
        Alias {
            name: Some(name.into()),
            ..Alias::default()
        }
    }

    fn urns(resources: Vec<Resource>) -> Vec<String> {
        let graph = Graph {
            stack: "dev".into(),
            resources,
            ..Graph::default()
        };
        let identity = Identity {
            graph: &graph,
            project: "aiops",
            stack: "dev",
        };
        let last = graph.resources.last().unwrap();
        let mut urns = vec![identity.urn(last)];
        urns.extend(identity.former_urns(last));
        urns
    }

    #[test]
    fn a_rename_keeps_the_former_name() {
        assert_eq!(
            urns(vec![resource(
                "aws:s3/bucket:Bucket",
                "raw",
                None,
                vec![named("archive")]
            )]),
            [
                "urn:pulumi:dev::aiops::aws:s3/bucket:Bucket::raw",
                "urn:pulumi:dev::aiops::aws:s3/bucket:Bucket::archive"
            ]
        );
    }

    #[test]
    fn a_move_into_a_component_keeps_the_former_parent() {
        let component = resource("aiops:platform:Archive", "archive", None, vec![]);
        let key = component.key();
        let moved = Alias {
            parent: Some(AliasParent::Stack),
            ..Alias::default()
        };
        let gone = Alias {
            parent: Some(AliasParent::Component(Key::new(
                "aiops:platform:Old",
                "old",
            ))),
            ..Alias::default()
        };
        assert_eq!(
            urns(vec![
                component,
                resource("aws:s3/bucket:Bucket", "raw", Some(key), vec![moved, gone])
            ]),
            [
                "urn:pulumi:dev::aiops::aiops:platform:Archive$aws:s3/bucket:Bucket::raw",
                "urn:pulumi:dev::aiops::aws:s3/bucket:Bucket::raw",
                "urn:pulumi:dev::aiops::aiops:platform:Old$aws:s3/bucket:Bucket::raw"
            ]
        );
    }

    #[test]
    fn children_follow_a_component_that_changed_its_type() {
        let renamed = Alias {
            kind: Some("aiops:platform:Store".into()),
            ..Alias::default()
        };
        let component = resource("aiops:platform:Archive", "archive", None, vec![renamed]);
        let key = component.key();
        assert_eq!(
            urns(vec![
                component,
                resource("aws:s3/bucket:Bucket", "raw", Some(key), vec![named("old")])
            ]),
            [
                "urn:pulumi:dev::aiops::aiops:platform:Archive$aws:s3/bucket:Bucket::raw",
                "urn:pulumi:dev::aiops::aiops:platform:Store$aws:s3/bucket:Bucket::raw",
                "urn:pulumi:dev::aiops::aiops:platform:Archive$aws:s3/bucket:Bucket::old",
                "urn:pulumi:dev::aiops::aiops:platform:Store$aws:s3/bucket:Bucket::old"
            ]
        );
    }
}
