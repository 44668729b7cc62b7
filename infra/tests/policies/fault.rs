//! Faults: what a careless change does to a graph.

use aiops_infra::graph::{Graph, Resource, Value};

/// The resource of this type (its last part) and name.
pub(crate) fn find<'g>(graph: &'g mut Graph, kind: &str, name: &str) -> &'g mut Resource {
    let suffix = format!(":{kind}");
    graph
        .resources
        .iter_mut()
        .find(|resource| resource.kind.ends_with(&suffix) && resource.name == name)
        .unwrap_or_else(|| panic!("there is no {kind} {name}"))
}

/// Sets the input at `path` (`a/b/0/c`); what leads there has to exist.
pub(crate) fn set(graph: &mut Graph, kind: &str, name: &str, path: &str, value: impl Into<Value>) {
    let resource = find(graph, kind, name);
    let (first, rest) = path
        .split_once('/')
        .map_or((path, None), |(a, b)| (a, Some(b)));
    match rest {
        None => {
            resource.inputs.insert(first.to_owned(), value.into());
        }
        Some(rest) => {
            let inner = resource.inputs.get_mut(first).unwrap();
            put(inner, rest, Some(value.into()));
        }
    }
}

/// Takes the input at `path` away.
pub(crate) fn unset(graph: &mut Graph, kind: &str, name: &str, path: &str) {
    let resource = find(graph, kind, name);
    match path.split_once('/') {
        None => assert!(
            resource.inputs.remove(path).is_some(),
            "{kind} {name} {path}"
        ),
        Some((first, rest)) => put(resource.inputs.get_mut(first).unwrap(), rest, None),
    }
}

/// Takes a resource away.
pub(crate) fn remove(graph: &mut Graph, kind: &str, name: &str) {
    let key = find(graph, kind, name).key();
    graph.resources.retain(|resource| resource.key() != key);
}

/// Declares a second resource, like the one of this type and name.
pub(crate) fn double(graph: &mut Graph, kind: &str, name: &str, as_name: &str) {
    let mut copy = find(graph, kind, name).clone();
    copy.name = as_name.to_owned();
    graph.resources.push(copy);
}

fn put(value: &mut Value, path: &str, new: Option<Value>) {
    // The documents of policies are texts in the end; here they are still trees.
    if let Value::Json(inner) = value {
        return put(inner, path, new);
    }
    let (first, rest) = path
        .split_once('/')
        .map_or((path, None), |(a, b)| (a, Some(b)));
    let next = match (value, rest) {
        (Value::Object(map), None) => {
            match new {
                Some(new) => map.insert(first.to_owned(), new),
                None => map.remove(first),
            };
            return;
        }
        (Value::List(items), None) => {
            let index: usize = first.parse().unwrap();
            match new {
                Some(new) if index < items.len() => items[index] = new,
                Some(new) => items.push(new),
                None => {
                    items.remove(index);
                }
            }
            return;
        }
        (Value::Object(map), Some(_)) => map.get_mut(first),
        (Value::List(items), Some(_)) => items.get_mut(first.parse::<usize>().unwrap()),
        (other, _) => panic!("{path} leads nowhere in {other:?}"),
    };
    let next = next.unwrap_or_else(|| panic!("{path} leads nowhere"));
    put(next, rest.unwrap_or_default(), new);
}
