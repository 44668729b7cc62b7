//! Applies a graph to the local cloud: in dependency order, concurrently, and only what changed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use aiops_infra::graph::resource::COMPONENT_PACKAGE;
use aiops_infra::graph::{Evaluated, Graph, Key, Resource, Value as Expression, evaluate};
use anyhow::{Context as _, anyhow, bail};
use serde_json::{Map, Value};
use tokio::task::JoinSet;

use super::aws::Aws;
use super::outputs::KnownOutputs;
use super::resources::{Call, Made, content_digest, make};
use super::state::AppliedResource;

/// So many resources are made at once.
const CONCURRENCY: usize = 16;

/// What the driver needs beside the graph.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Directory with the zips of the functions.
    pub archives: PathBuf,
    /// ARN of the relay.
    pub relay: String,
}

/// What applying did.
#[derive(Debug, Clone, Default)]
pub struct Applied {
    /// Every resource with its outputs, by `type::name`.
    pub resources: BTreeMap<String, AppliedResource>,
    /// The stack's exports.
    pub exports: BTreeMap<String, Value>,
    /// What was made or changed, by `type::name`.
    pub changed: Vec<String>,
    /// What the emulator has nothing for, by `type::name`, with the part of it if it is not all.
    pub not_emulated: Vec<String>,
}

impl Applied {
    /// What is not emulated, each type once with the names of its resources.
    pub fn not_emulated_by_type(&self) -> Vec<String> {
        let mut by_type: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for name in &self.not_emulated {
            let (kind, name) = name.split_once("::").unwrap_or((name, ""));
            by_type.entry(kind).or_default().push(name);
        }
        by_type
            .into_iter()
            .map(|(kind, mut names)| {
                names.sort_unstable();
                format!("{kind} ({})", names.join("; "))
            })
            .collect()
    }
}

/// One resource on its way.
struct Task {
    key: Key,
    inputs: Value,
    digest: String,
    before: Option<AppliedResource>,
}

/// Brings the local cloud to `graph`; `before` is what was applied the last time. `progress` is
/// told of each resource that is done.
pub async fn apply(
    aws: &Aws,
    graph: &Graph,
    settings: &Settings,
    before: &BTreeMap<String, AppliedResource>,
    progress: &(dyn Fn(&Key) + Send + Sync),
) -> anyhow::Result<Applied> {
    let settings = Arc::new(settings.clone());
    let mut outputs = KnownOutputs::default();
    let mut applied = Applied::default();
    let mut waiting: Vec<&Resource> = Vec::new();
    let mut done: BTreeSet<Key> = BTreeSet::new();
    for resource in &graph.resources {
        if resource.kind.starts_with(COMPONENT_PACKAGE) || resource.kind.starts_with("pulumi:") {
            done.insert(resource.key());
        } else {
            waiting.push(resource);
        }
    }
    let mut running = JoinSet::new();
    loop {
        while running.len() < CONCURRENCY {
            let Some(position) = waiting
                .iter()
                .position(|resource| resource.dependencies().is_subset(&done))
            else {
                break;
            };
            let resource = waiting.remove(position);
            let task = prepare(resource, &outputs, &settings, before)
                .with_context(|| resource.key().to_string())?;
            let unchanged = task
                .before
                .as_ref()
                .filter(|known| known.inputs_digest == task.digest)
                .cloned();
            if let Some(known) = unchanged {
                outputs.insert(task.key.clone(), known.outputs.clone());
                done.insert(task.key.clone());
                progress(&task.key);
                applied.resources.insert(task.key.to_string(), known);
                continue;
            }
            running.spawn(run(aws.clone(), Arc::clone(&settings), task));
        }
        let Some(finished) = running.join_next().await else {
            break;
        };
        let (task, made) = finished.context("a task of the driver panicked")??;
        let name = task.key.to_string();
        let made_outputs = match made {
            Made::Real(outputs) => {
                applied.changed.push(name.clone());
                outputs
            }
            Made::Partial(outputs, part) => {
                applied.changed.push(name.clone());
                applied.not_emulated.push(format!("{name}: {part}"));
                outputs
            }
            Made::NotEmulated(outputs) => {
                applied.not_emulated.push(name.clone());
                outputs
            }
        };
        outputs.insert(task.key.clone(), made_outputs.clone());
        progress(&task.key);
        applied.resources.insert(
            name,
            AppliedResource {
                kind: task.key.kind.clone(),
                inputs_digest: task.digest,
                outputs: made_outputs,
            },
        );
        done.insert(task.key);
    }
    if let Some(stuck) = waiting.first() {
        bail!(
            "{} depends on what is not in the graph, or on itself",
            stuck.key()
        );
    }
    for (name, value) in &graph.exports {
        applied
            .exports
            .insert(name.clone(), plain(evaluate(value, &outputs)?)?);
    }
    Ok(applied)
}

fn prepare(
    resource: &Resource,
    outputs: &KnownOutputs,
    settings: &Settings,
    before: &BTreeMap<String, AppliedResource>,
) -> anyhow::Result<Task> {
    let key = resource.key();
    let mut inputs = Map::new();
    for (name, value) in &resource.inputs {
        let value = input(value, outputs).with_context(|| format!("input {name}"))?;
        inputs.insert(name.clone(), value);
    }
    let before = before.get(&key.to_string()).cloned();
    // What somebody else owns once it exists does not count as a change.
    let mut owned = inputs.clone();
    for property in &resource.options.ignore_changes {
        owned.remove(property);
    }
    let digest = content_digest(&Value::Object(owned), &settings.archives)?;
    Ok(Task {
        key,
        inputs: Value::Object(inputs),
        digest,
        before,
    })
}

async fn run(aws: Aws, settings: Arc<Settings>, task: Task) -> anyhow::Result<(Task, Made)> {
    let made = make(&Call {
        aws: &aws,
        key: &task.key,
        inputs: &task.inputs,
        before: task.before.as_ref().map(|before| &before.outputs),
        archives: &settings.archives,
        relay: &settings.relay,
    })
    .await
    .with_context(|| task.key.to_string())?;
    Ok((task, made))
}

fn input(value: &Expression, outputs: &KnownOutputs) -> anyhow::Result<Value> {
    plain(evaluate(value, outputs)?)
}

/// Plain JSON, an archive as `{"$archive": path}`. Secrets are in clear: they go to this machine's
/// own cloud.
fn plain(value: Evaluated) -> anyhow::Result<Value> {
    Ok(match value {
        Evaluated::Archive(path) => serde_json::json!({"$archive": path}),
        Evaluated::Secret(inner) => plain(*inner)?,
        Evaluated::List(items) => items
            .into_iter()
            .map(plain)
            .collect::<anyhow::Result<Vec<_>>>()?
            .into(),
        Evaluated::Object(map) => map
            .into_iter()
            .map(|(key, value)| Ok((key, plain(value)?)))
            .collect::<anyhow::Result<Map<_, _>>>()?
            .into(),
        other => other.to_json()?.ok_or_else(|| {
            anyhow!("a value is not known although everything before it was made")
        })?,
    })
}
