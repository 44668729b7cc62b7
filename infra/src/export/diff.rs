//! The difference of two graphs (`aiops.diff/1`): what a change of the program would do to a stack,
//! without asking the cloud.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value as Json;

use super::is_data_bearing;
use crate::graph::json::value_to_json;
use crate::graph::{Graph, Key, Resource, Value};
use crate::schema;

/// The schema name of the wire form.
pub const SCHEMA: &str = "aiops.diff/1";

/// What changes from one graph to another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diff {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The stack.
    pub stack: String,
    /// What it is compared with.
    pub base: String,
    /// Resources that are new, as `type::name`.
    pub added: Vec<String>,
    /// Resources that go, as `type::name`.
    pub removed: Vec<Removed>,
    /// Resources that stay and change.
    pub changed: Vec<Changed>,
}

/// A resource that goes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Removed {
    /// Logical name.
    pub name: String,
    /// Type token.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether data goes with it.
    pub data_bearing: bool,
}

/// A resource that changes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Changed {
    /// Logical name.
    pub name: String,
    /// Type token.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it is changed in place or made anew.
    pub action: Action,
    /// Whether data is at stake.
    pub data_bearing: bool,
    /// Its properties, in their order.
    pub properties: Vec<Property>,
}

/// How a resource changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// In place.
    Update,
    /// A new one takes its place.
    Replace,
}

/// A property that changes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Property {
    /// Where: `tags.owner`, `ingress[0].fromPort`; options are below `options.`.
    pub path: String,
    /// Before, in the graph's wire form; nothing: it was not set.
    pub before: Json,
    /// After; nothing: it is no longer set.
    pub after: Json,
    /// Whether this property makes a new resource necessary.
    pub forces_replacement: bool,
}

impl Diff {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

/// Compares `after` with `before`; `base` names what `before` is.
pub fn diff(before: &Graph, after: &Graph, base: &str) -> Diff {
    let old: BTreeMap<Key, &Resource> = before.resources.iter().map(|r| (r.key(), r)).collect();
    let mut matched = BTreeSet::new();
    let (mut added, mut changed) = (Vec::new(), Vec::new());
    for resource in &after.resources {
        // A resource that was renamed or moved is the same one, by its aliases.
        let former = former_keys(resource)
            .into_iter()
            .find(|key| old.contains_key(key));
        match former.and_then(|key| old.get_key_value(&key)) {
            Some((key, former)) => {
                matched.insert(key.clone());
                changed.extend(compare(former, resource));
            }
            None => added.push(resource.key().text()),
        }
    }
    let removed = before
        .resources
        .iter()
        .filter(|resource| !matched.contains(&resource.key()))
        .map(|resource| Removed {
            name: resource.name.clone(),
            kind: resource.kind.clone(),
            data_bearing: is_data_bearing(&resource.kind),
        })
        .collect();
    Diff {
        schema: SCHEMA,
        stack: after.stack.clone(),
        base: base.to_owned(),
        added,
        removed,
        changed,
    }
}

fn former_keys(resource: &Resource) -> Vec<Key> {
    let mut keys = vec![resource.key()];
    keys.extend(resource.options.aliases.iter().map(|alias| {
        Key::new(
            alias.kind.as_ref().unwrap_or(&resource.kind),
            alias.name.as_ref().unwrap_or(&resource.name),
        )
    }));
    keys
}

fn compare(before: &Resource, after: &Resource) -> Option<Changed> {
    let mut properties = Vec::new();
    let names: BTreeSet<&String> = before.inputs.keys().chain(after.inputs.keys()).collect();
    for name in names {
        let forces = forces_replacement(after, name);
        let (old, new) = (before.inputs.get(name), after.inputs.get(name));
        walk(name, wire(old), wire(new), forces, &mut properties);
    }
    properties.retain(|property| !is_ignored(after, &property.path));
    // What an option changes, the provider does not see: never a replacement.
    let options = |resource: &Resource| {
        let mut bare = resource.clone();
        bare.inputs.clear();
        crate::graph::json::resource_to_json(&bare)
            .get("options")
            .cloned()
            .unwrap_or(Json::Null)
    };
    walk(
        "options",
        options(before),
        options(after),
        false,
        &mut properties,
    );
    if before.parent != after.parent {
        let parent = |resource: &Resource| resource.parent.as_ref().map(Key::text).into();
        walk(
            "parent",
            parent(before),
            parent(after),
            false,
            &mut properties,
        );
    }
    if properties.is_empty() {
        return None;
    }
    let replace = properties
        .iter()
        .any(|property| property.forces_replacement);
    Some(Changed {
        name: after.name.clone(),
        kind: after.kind.clone(),
        action: if replace {
            Action::Replace
        } else {
            Action::Update
        },
        data_bearing: is_data_bearing(&after.kind),
        properties,
    })
}

fn is_ignored(resource: &Resource, path: &str) -> bool {
    resource.options.ignore_changes.iter().any(|ignored| {
        path.strip_prefix(ignored.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    })
}

fn forces_replacement(resource: &Resource, input: &str) -> bool {
    let of_schema = schema::aws()
        .resources
        .get(&resource.kind)
        .and_then(|of| of.input_properties.get(input))
        .is_some_and(|property| property.will_replace_on_changes);
    of_schema
        || resource
            .options
            .replace_on_changes
            .iter()
            .any(|path| path == input)
}

/// The wire form, documents included: a policy is compared statement by statement.
fn wire(value: Option<&Value>) -> Json {
    value.map_or(Json::Null, value_to_json)
}

/// Goes down while both sides have the same shape, and notes where they part. An expression is one
/// thing and is not gone into, except for documents.
fn walk(path: &str, before: Json, after: Json, forces: bool, found: &mut Vec<Property>) {
    if before == after {
        return;
    }
    match (before, after) {
        (Json::Object(mut old), Json::Object(mut new)) if same_kind(&old, &new) => {
            let document = old.contains_key("$json");
            let keys: BTreeSet<String> = old.keys().chain(new.keys()).cloned().collect();
            for key in keys {
                let before = old.remove(&key).unwrap_or(Json::Null);
                let after = new.remove(&key).unwrap_or(Json::Null);
                let inner = if document {
                    path.to_owned()
                } else {
                    format!("{path}.{key}")
                };
                walk(&inner, before, after, forces, found);
            }
        }
        (Json::Array(old), Json::Array(new)) if old.len() == new.len() => {
            for (index, (before, after)) in old.into_iter().zip(new).enumerate() {
                walk(&format!("{path}[{index}]"), before, after, forces, found);
            }
        }
        (before, after) => found.push(Property {
            path: path.to_owned(),
            before,
            after,
            forces_replacement: forces,
        }),
    }
}

fn same_kind(old: &serde_json::Map<String, Json>, new: &serde_json::Map<String, Json>) -> bool {
    let expression =
        |map: &serde_json::Map<String, Json>| map.keys().find(|key| key.starts_with('$')).cloned();
    match (expression(old), expression(new)) {
        (None, None) => true,
        (Some(old), Some(new)) => old == new && old == "$json",
        _ => false,
    }
}

impl Diff {
    /// For a terminal: a line per resource and property.
    pub fn text(&self) -> String {
        if self.is_empty() {
            return format!("{}: no change against {}\n", self.stack, self.base);
        }
        let mut lines = vec![format!("{} against {}", self.stack, self.base)];
        lines.extend(self.added.iter().map(|key| format!("+ {key}")));
        lines.extend(
            self.removed
                .iter()
                .map(|gone| format!("- {}::{}{}", gone.kind, gone.name, data(gone.data_bearing))),
        );
        for change in &self.changed {
            let sign = if change.action == Action::Replace {
                "±"
            } else {
                "~"
            };
            lines.push(format!(
                "{sign} {}::{}{}",
                change.kind,
                change.name,
                data(change.data_bearing)
            ));
            lines.extend(change.properties.iter().map(|property| {
                format!(
                    "    {}: {} → {}{}",
                    property.path,
                    property.before,
                    property.after,
                    if property.forces_replacement {
                        "  (forces replacement)"
                    } else {
                        ""
                    }
                )
            }));
        }
        lines.push(self.summary());
        format!("{}\n", lines.join("\n"))
    }

    /// For a comment on a pull request.
    pub fn markdown(&self) -> String {
        if self.is_empty() {
            return format!("**{}**: no change against `{}`.\n", self.stack, self.base);
        }
        let mut lines = vec![
            format!(
                "### {}: {} (against `{}`)",
                self.stack,
                self.summary(),
                self.base
            ),
            String::new(),
            "| | resource | property | before | after |".to_owned(),
            "| --- | --- | --- | --- | --- |".to_owned(),
        ];
        lines.extend(
            self.added
                .iter()
                .map(|key| format!("| added | `{key}` | | | |")),
        );
        lines.extend(self.removed.iter().map(|gone| {
            format!(
                "| **removed** | `{}::{}`{} | | | |",
                gone.kind,
                gone.name,
                data(gone.data_bearing)
            )
        }));
        for change in &self.changed {
            let action = if change.action == Action::Replace {
                "**replaced**"
            } else {
                "updated"
            };
            for property in &change.properties {
                let forces = if property.forces_replacement {
                    " (forces replacement)"
                } else {
                    ""
                };
                lines.push(format!(
                    "| {action} | `{}::{}`{} | `{}`{forces} | {} | {} |",
                    change.kind,
                    change.name,
                    data(change.data_bearing),
                    property.path,
                    cell(&property.before),
                    cell(&property.after),
                ));
            }
        }
        format!("{}\n", lines.join("\n"))
    }

    fn summary(&self) -> String {
        let replaced = self
            .changed
            .iter()
            .filter(|c| c.action == Action::Replace)
            .count();
        format!(
            "{} added, {} removed, {} updated, {replaced} replaced",
            self.added.len(),
            self.removed.len(),
            self.changed.len() - replaced,
        )
    }
}

fn data(data_bearing: bool) -> &'static str {
    if data_bearing { "  [holds data]" } else { "" }
}

/// A table's cell: no line ends, no bars, not endless.
fn cell(value: &Json) -> String {
    if value.is_null() {
        return String::new();
    }
    let text: String = value.to_string().chars().take(200).collect();
    format!("`{}`", text.replace('|', "\\|").replace('`', "'"))
}
