//! The program as the language host starts it: environment, configuration, graph, deployment, exit
//! status.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use super::deploy::deploy;
use super::environment::Environment;
use super::error::DeployError;
use super::grpc::{GrpcEngine, GrpcMonitor};
use super::monitor::{EngineLog, MonitorError, Severity};
use crate::config::{ConfigError, Environment as Configured, StackConfig};
use crate::graph::validate::validate;
use crate::graph::{AssetSource, Graph, Value};

/// "The user has been told": the language host adds nothing to it.
pub const TOLD: u8 = 32;
/// Started by hand, or the engine is out of reach.
pub const BAD_START: u8 = 2;

/// Connects to the engine, declares the graph and deploys it. Every mistake is one message of the
/// engine's, at the resource that it is about.
///
/// # Errors
/// When there is no engine to tell: started by hand, or out of reach.
pub async fn run(
    environment: Result<Environment, super::environment::EnvironmentError>,
    declare: impl FnOnce(&StackConfig) -> Result<Graph, ConfigError>,
) -> Result<ExitCode, DeployError> {
    let environment = environment?;
    let connection = |source: MonitorError| DeployError::Engine {
        resource: "connection".to_owned(),
        urn: String::new(),
        source,
    };
    let engine = GrpcEngine::connect(&environment.engine)
        .await
        .map_err(connection)?;
    let monitor = GrpcMonitor::connect(&environment.monitor)
        .await
        .map_err(connection)?;
    let outcome = match prepare(&environment, declare) {
        Ok(graph) => deploy(Arc::new(graph), &environment, Arc::new(monitor), &engine)
            .await
            .map(|_| ()),
        Err(error) => Err(error),
    };
    match outcome {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => {
            if !error.is_told() {
                engine
                    .log(Severity::Error, &error.to_string(), error.urn())
                    .await
                    .map_err(connection)?;
            }
            Ok(ExitCode::from(TOLD))
        }
    }
}

/// Configuration and graph, before anything is registered.
fn prepare(
    environment: &Environment,
    declare: impl FnOnce(&StackConfig) -> Result<Graph, ConfigError>,
) -> Result<Graph, DeployError> {
    let config = StackConfig::from_engine(&environment.stack, &environment.config)?;
    if config.environment == Configured::Local {
        return Err(DeployError::Program(
            "stack `local` is the laptop's: `aiops local` runs it, the engine does not".to_owned(),
        ));
    }
    let graph = declare(&config)?;
    validate(&graph).map_err(|problems| DeployError::Program(problems.to_string()))?;
    let missing = missing_files(&graph, Path::new("."));
    if missing.is_empty() {
        Ok(graph)
    } else {
        Err(DeployError::Program(format!(
            "these files are not there: {}; build the function zips with `cargo aiops package`",
            missing.join(", ")
        )))
    }
}

/// The files of archives and assets that do not exist below `root`.
pub fn missing_files(graph: &Graph, root: &Path) -> Vec<String> {
    let mut missing = std::collections::BTreeSet::new();
    let inputs = graph
        .resources
        .iter()
        .flat_map(|resource| resource.inputs.values());
    for value in inputs {
        value.walk(&mut |inner| {
            if let Value::Archive(path) | Value::Asset(AssetSource::Path(path)) = inner
                && !root.join(path).exists()
            {
                missing.insert(path.clone());
            }
        });
    }
    missing.into_iter().collect()
}
