//! Walks the graph and registers every resource as soon as what it refers to is registered.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;
use tokio::task::JoinSet;

use super::aliases::Identity;
use super::environment::Environment;
use super::error::DeployError;
use super::known::{Known, call_key};
use super::monitor::{
    EngineLog, Monitor, MonitorError, Outcome, Reading, Registered, Registration,
};
use super::schedule::{Schedule, dependencies};
use super::{plugins, wire};
use crate::graph::{Evaluated, Graph, Invoke, Resource, Value, evaluate};

/// The type of the resource that is the stack itself.
pub const STACK_TYPE: &str = "pulumi:pulumi:Stack";
/// The type of a reference to another stack: it is read, not managed.
pub const STACK_REFERENCE: &str = "pulumi:pulumi:StackReference";

/// What the engine must know; without it, secrets would be stored in clear.
const NEEDED_FEATURES: [&str; 1] = ["secrets"];

/// A finished deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployed {
    /// The stack's urn.
    pub stack_urn: String,
    /// Resources registered, the stack not counted.
    pub registered: usize,
}

/// What the registrations share.
struct Deployment {
    graph: Arc<Graph>,
    monitor: Arc<dyn Monitor>,
    known: Mutex<Known>,
    calls: Mutex<HashMap<String, Arc<OnceCell<()>>>>,
    dependencies: Vec<BTreeSet<usize>>,
    stack_urn: String,
    project: String,
    stack: String,
}

/// Something that was under way.
enum Done {
    Registered(usize, Outcome),
    Closed,
}

/// Deploys a graph: registers the stack, its resources and its exports, and tells the engine that this
/// was all.
///
/// # Errors
/// The first mistake that the user has not been told of; what was under way is waited for.
pub async fn deploy(
    graph: Arc<Graph>,
    environment: &Environment,
    monitor: Arc<dyn Monitor>,
    log: &dyn EngineLog,
) -> Result<Deployed, DeployError> {
    let mut schedule = Schedule::new(&graph)?;
    for feature in NEEDED_FEATURES {
        if !monitor.supports(feature).await.map_err(step("handshake"))? {
            return Err(DeployError::Unsupported(feature));
        }
    }
    let stack = Registration {
        kind: STACK_TYPE.to_owned(),
        name: format!("{}-{}", environment.project, environment.stack),
        ..Registration::default()
    };
    let stack_urn = monitor.register(stack).await.map_err(step("stack"))?.urn;
    log.set_root(&stack_urn).await.map_err(step("stack"))?;

    let deployment = Arc::new(Deployment {
        dependencies: dependencies(&graph)?,
        graph,
        monitor,
        known: Mutex::new(Known {
            preview: environment.preview,
            config: environment.config.clone(),
            ..Known::default()
        }),
        calls: Mutex::default(),
        stack_urn: stack_urn.clone(),
        project: environment.project.clone(),
        stack: environment.stack.clone(),
    });
    let lost = deployment
        .register_all(&mut schedule, environment.parallel)
        .await?;
    if lost > 0 {
        return Err(DeployError::Resources(lost));
    }
    let exports = deployment.exports().await?;
    deployment
        .monitor
        .register_outputs(&stack_urn, exports)
        .await
        .map_err(step("exports"))?;
    deployment
        .monitor
        .shut_down()
        .await
        .map_err(step("shutdown"))?;
    Ok(Deployed {
        stack_urn,
        registered: deployment.graph.resources.len(),
    })
}

fn step(name: &'static str) -> impl Fn(MonitorError) -> DeployError {
    move |source| DeployError::Engine {
        resource: name.to_owned(),
        urn: String::new(),
        source,
    }
}

impl Deployment {
    /// Registers everything, `parallel` at a time. Gives the number of resources that failed, or were
    /// left out because they need one that failed.
    async fn register_all(
        self: &Arc<Self>,
        schedule: &mut Schedule,
        parallel: Option<usize>,
    ) -> Result<usize, DeployError> {
        let limit = parallel.unwrap_or(usize::MAX);
        let mut open = OpenComponents::new(&self.graph);
        let mut lost: BTreeSet<usize> = BTreeSet::new();
        let mut failure: Option<DeployError> = None;
        let mut under_way: JoinSet<Result<Done, DeployError>> = JoinSet::new();
        loop {
            while failure.is_none() && under_way.len() < limit {
                let Some(position) = schedule.take_ready() else {
                    break;
                };
                let needs_lost = schedule
                    .waits
                    .get(position)
                    .is_some_and(|waits| !waits.is_disjoint(&lost));
                if needs_lost {
                    lost.insert(position);
                    schedule.done(position);
                    continue;
                }
                let deployment = Arc::clone(self);
                under_way.spawn(async move { deployment.register(position).await });
            }
            let Some(ended) = under_way.join_next().await else {
                break;
            };
            match ended
                .map_err(|error| DeployError::Program(format!("a registration was lost: {error}")))
            {
                Ok(Ok(Done::Registered(position, outcome))) => {
                    if outcome != Outcome::Success {
                        lost.insert(position);
                    }
                    schedule.done(position);
                    for component in open.registered(position) {
                        let deployment = Arc::clone(self);
                        under_way.spawn(async move { deployment.close(component).await });
                    }
                }
                Ok(Ok(Done::Closed)) => {}
                Ok(Err(error)) | Err(error) => {
                    // What the user has not seen comes before "the engine stopped".
                    if failure.as_ref().is_none_or(DeployError::is_told) {
                        failure = Some(error);
                    }
                }
            }
        }
        failure.map_or(Ok(lost.len()), Err)
    }

    async fn register(&self, position: usize) -> Result<Done, DeployError> {
        let Some(resource) = self.graph.resources.get(position) else {
            return Ok(Done::Registered(position, Outcome::Skipped));
        };
        let urn = self.identity().urn(resource);
        let refused = |source| DeployError::Engine {
            resource: resource.key().to_string(),
            urn: urn.clone(),
            source,
        };
        for value in resource.inputs.values() {
            self.call_all(value).await.map_err(refused)?;
        }
        let inputs = {
            let known = self.known();
            resource
                .inputs
                .iter()
                .map(|(name, value)| Ok((name.clone(), evaluate(value, &*known)?)))
                .collect::<Result<BTreeMap<_, _>, _>>()
                .map_err(|source| DeployError::Input {
                    resource: resource.key().to_string(),
                    urn: urn.clone(),
                    source,
                })?
        };
        let registered = if resource.kind == STACK_REFERENCE {
            self.monitor.read(self.reading(resource, inputs)).await
        } else {
            let registration = self.registration(position, resource, inputs);
            self.monitor.register(registration).await
        }
        .map_err(refused)?;
        let outcome = registered.result;
        self.known().resources.insert(resource.key(), registered);
        Ok(Done::Registered(position, outcome))
    }

    fn registration(
        &self,
        position: usize,
        resource: &Resource,
        inputs: BTreeMap<String, Evaluated>,
    ) -> Registration {
        let known = self.known();
        let urn_of = |key: &_| known.resources.get(key).map(|found| found.urn.clone());
        let property_dependencies = resource
            .property_dependencies()
            .into_iter()
            .map(|(property, keys)| (property, keys.iter().filter_map(urn_of).collect()))
            .collect();
        let dependencies = self
            .dependencies
            .get(position)
            .into_iter()
            .flatten()
            .filter_map(|needed| self.graph.resources.get(*needed))
            // A component is nothing to wait for: what is inside stands in the list itself.
            .filter(|needed| !needed.is_component())
            .filter_map(|needed| urn_of(&needed.key()))
            .collect();
        let options = &resource.options;
        let provider = options
            .provider
            .as_ref()
            .and_then(|key| known.resources.get(key))
            .map(|Registered { urn, id, .. }| {
                let id = if id.is_empty() { wire::UNKNOWN[0] } else { id };
                format!("{urn}::{id}")
            });
        Registration {
            kind: resource.kind.clone(),
            name: resource.name.clone(),
            parent: Some(self.parent(resource, &known)),
            custom: !resource.is_component(),
            inputs,
            dependencies,
            property_dependencies,
            version: plugins::version(&resource.kind).to_owned(),
            provider,
            protect: options.protect,
            ignore_changes: options.ignore_changes.clone(),
            delete_before_replace: options.delete_before_replace,
            replace_on_changes: options.replace_on_changes.clone(),
            aliases: self.identity().former_urns(resource),
            import_id: options.import_id.clone(),
            custom_timeouts: options.custom_timeouts.clone(),
            retain_on_delete: options.retain_on_delete,
            additional_secret_outputs: options.additional_secret_outputs.clone(),
        }
    }

    fn reading(&self, resource: &Resource, inputs: BTreeMap<String, Evaluated>) -> Reading {
        let id = match inputs.get("name") {
            Some(Evaluated::String(name)) => name.clone(),
            _ => resource.name.clone(),
        };
        Reading {
            kind: resource.kind.clone(),
            name: resource.name.clone(),
            id,
            parent: Some(self.parent(resource, &self.known())),
            inputs,
        }
    }

    fn parent(&self, resource: &Resource, known: &Known) -> String {
        resource
            .parent
            .as_ref()
            .and_then(|key| known.resources.get(key))
            .map_or_else(|| self.stack_urn.clone(), |parent| parent.urn.clone())
    }

    /// Tells the engine that a component has all its children.
    async fn close(&self, position: usize) -> Result<Done, DeployError> {
        let urn =
            self.graph.resources.get(position).and_then(|component| {
                Some(self.known().resources.get(&component.key())?.urn.clone())
            });
        if let Some(urn) = urn {
            self.monitor
                .register_outputs(&urn, BTreeMap::new())
                .await
                .map_err(|source| DeployError::Engine {
                    resource: urn.clone(),
                    urn: urn.clone(),
                    source,
                })?;
        }
        Ok(Done::Closed)
    }

    async fn exports(&self) -> Result<BTreeMap<String, Evaluated>, DeployError> {
        for value in self.graph.exports.values() {
            self.call_all(value).await.map_err(step("exports"))?;
        }
        let known = self.known();
        self.graph
            .exports
            .iter()
            .map(|(name, value)| {
                let value = evaluate(value, &*known).map_err(|source| DeployError::Input {
                    resource: format!("export {name}"),
                    urn: self.stack_urn.clone(),
                    source,
                })?;
                Ok((name.clone(), value))
            })
            .collect()
    }

    /// Calls the data sources inside a value, innermost first, each once in a deployment.
    async fn call_all(&self, value: &Value) -> Result<(), MonitorError> {
        let mut invokes = Vec::new();
        value.walk(&mut |inner| {
            if let Value::Invoke(invoke) = inner {
                invokes.push(invoke.clone());
            }
        });
        for invoke in invokes.iter().rev() {
            self.call(invoke).await?;
        }
        Ok(())
    }

    async fn call(&self, invoke: &Invoke) -> Result<(), MonitorError> {
        let arguments = {
            let known = self.known();
            evaluate(&Value::Object(invoke.args.clone()), &*known)
        };
        let arguments = match arguments {
            Ok(arguments) if arguments.has_unknown() => return Ok(()),
            Ok(arguments) => arguments,
            Err(error) => return Err(MonitorError::Refused(error.to_string())),
        };
        let key = call_key(&invoke.token, &arguments);
        let cell = Arc::clone(
            self.calls
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .entry(key.clone())
                .or_default(),
        );
        cell.get_or_try_init(|| async {
            let secret = arguments.has_secret();
            let version = plugins::version(&invoke.token);
            let result = self
                .monitor
                .invoke(&invoke.token, arguments, version)
                .await?;
            let result = if secret { result.into_secret() } else { result };
            self.known().invokes.insert(key, result);
            Ok(())
        })
        .await?;
        Ok(())
    }

    fn identity(&self) -> Identity<'_> {
        Identity {
            graph: &self.graph,
            project: &self.project,
            stack: &self.stack,
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Nothing panics while it holds the lock; if it did, what is known is still true.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Components whose children are not all registered yet.
struct OpenComponents {
    parent: Vec<Option<usize>>,
    /// Children, and the component itself.
    missing: Vec<usize>,
    is_component: Vec<bool>,
}

impl OpenComponents {
    fn new(graph: &Graph) -> Self {
        let position_of: HashMap<_, _> = graph
            .resources
            .iter()
            .enumerate()
            .map(|(position, resource)| (resource.key(), position))
            .collect();
        let parent: Vec<Option<usize>> = graph
            .resources
            .iter()
            .map(|resource| position_of.get(resource.parent.as_ref()?).copied())
            .collect();
        let mut missing = vec![1; graph.resources.len()];
        for parent in parent.iter().flatten() {
            if let Some(count) = missing.get_mut(*parent) {
                *count += 1;
            }
        }
        Self {
            parent,
            missing,
            is_component: graph.resources.iter().map(Resource::is_component).collect(),
        }
    }

    /// Notes a registration; gives the components that are complete with it, inner ones first.
    fn registered(&mut self, position: usize) -> Vec<usize> {
        let mut complete = Vec::new();
        let mut current = Some(position);
        while let Some(position) = current {
            let Some(missing) = self.missing.get_mut(position) else {
                break;
            };
            *missing = missing.saturating_sub(1);
            if *missing > 0 {
                break;
            }
            if self.is_component.get(position) == Some(&true) {
                complete.push(position);
            }
            current = self.parent.get(position).copied().flatten();
        }
        complete
    }
}

#[cfg(test)]
mod tests;
