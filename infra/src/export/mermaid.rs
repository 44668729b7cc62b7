//! A diagram of the graph: a box per component, an arrow per dependency between resources.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::graph::{Graph, Key, Resource};

/// The diagram as Mermaid's flow chart. Resources that only set a property of another (a bucket's
/// versioning, a role's policy) are left out where they have the same name as what they belong to.
pub fn mermaid(graph: &Graph) -> String {
    let ids: BTreeMap<Key, String> = graph
        .resources
        .iter()
        .filter(|resource| !resource.is_component())
        .enumerate()
        .map(|(index, resource)| (resource.key(), format!("r{index}")))
        .collect();
    let mut text = String::from("flowchart LR\n");
    let mut children: BTreeMap<Option<Key>, Vec<&Resource>> = BTreeMap::new();
    for resource in &graph.resources {
        children
            .entry(resource.parent.clone())
            .or_default()
            .push(resource);
    }
    boxes(&mut text, &children, &ids, None, 1);
    for resource in &graph.resources {
        let Some(to) = ids.get(&resource.key()) else {
            continue;
        };
        for on in resource.dependencies() {
            let Some(from) = ids.get(&on) else { continue };
            let hidden = !resource
                .inputs
                .values()
                .any(|value| value.references().contains(&on));
            let arrow = if hidden { "-.->" } else { "-->" };
            line(&mut text, 1, &format!("{from} {arrow} {to}"));
        }
    }
    text
}

fn boxes(
    text: &mut String,
    children: &BTreeMap<Option<Key>, Vec<&Resource>>,
    ids: &BTreeMap<Key, String>,
    parent: Option<Key>,
    depth: usize,
) {
    for resource in children.get(&parent).into_iter().flatten() {
        let short = resource.kind.rsplit(':').next().unwrap_or(&resource.kind);
        match ids.get(&resource.key()) {
            Some(id) => line(
                text,
                depth,
                &format!("{id}[\"{short}<br/>{}\"]", label(&resource.name)),
            ),
            None => {
                line(text, depth, &format!("subgraph {}", label(&resource.name)));
                boxes(text, children, ids, Some(resource.key()), depth + 1);
                line(text, depth, "end");
            }
        }
    }
}

fn label(name: &str) -> String {
    name.replace('"', "'")
}

fn line(text: &mut String, depth: usize, content: &str) {
    // Writing into a String cannot fail.
    let _infallible = writeln!(text, "{:1$}{content}", "", depth * 2);
}
