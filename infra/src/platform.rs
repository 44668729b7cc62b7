//! The platform: what a stack consists of, a file per concern.
//!
//! [`declare`] is pure and deterministic: configuration in, graph out; no I/O, no clock, no
//! environment.

use std::collections::BTreeSet;

use crate::config::{ConfigError, Problem, StackConfig};
use crate::export::is_data_bearing;
use crate::graph::{Graph, Program};

pub mod access;
pub mod agent;
pub mod archive;
pub mod buckets;
pub mod compute;
pub mod context;
pub mod detection;
pub mod eks;
pub mod exports;
pub mod functions;
pub mod intake;
pub mod keys;
pub mod lake;
pub mod logs;
pub mod network;
pub mod notify;
pub mod observe;
pub mod queues;
pub mod remediation;
pub mod roles;
pub mod rotation;
pub mod sagemaker;
pub mod secrets;
pub mod stream;
pub mod tables;
pub mod topics;
pub mod training;
pub mod workflow;

use context::Context;

/// Declares the stack that `config` describes, and refuses to adopt what it does not declare.
///
/// # Errors
/// With every entry of `imports` that names no resource of the stack.
pub fn checked(config: &StackConfig) -> Result<Graph, ConfigError> {
    let graph = declare(config);
    let known: BTreeSet<String> = graph
        .resources
        .iter()
        .filter(|resource| !resource.is_component())
        .map(|resource| resource.key().text())
        .collect();
    let unknown = config.imports.keys().filter(|name| !known.contains(*name));
    let problems: Vec<Problem> = unknown
        .map(|name| Problem::unknown_import(name, known.iter().map(String::as_str)))
        .collect();
    if problems.is_empty() {
        Ok(graph)
    } else {
        Err(ConfigError {
            stack: config.stack.clone(),
            problems,
        })
    }
}

/// Declares the stack that `config` describes.
pub fn declare(config: &StackConfig) -> Graph {
    let program = Program::new(&config.stack, config.all_tags());
    let scope = program.root();
    let context = Context::new(config);
    let keys = keys::declare(&scope, &context);
    let keys = keys.as_ref();
    let mut subscribed = logs::groups(&scope, &context, keys);
    let network = network::declare(&scope, &context, keys);
    subscribed.push(network.flow_logs.clone());
    let eks = eks::declare(&scope, &context, keys, &network);
    subscribed.extend(eks.iter().flat_map(|eks| eks.subscribed.clone()));
    compute::declare(&scope, &context, keys, &network);
    let stream = stream::declare(&scope, &context, keys);
    logs::subscribe(&scope, &context, keys, &stream, &subscribed);
    let buckets = archive::buckets(&scope, &context, keys);
    let firehoses = archive::firehoses(&scope, &context, keys, &stream, &buckets.raw);
    let tables = tables::declare(&scope, &context, keys);
    let topics = topics::declare(&scope, &context, keys);
    let shared = functions::shared(&scope, &context, keys);
    let appender =
        functions::appender::declare(&shared, &context, keys, &stream, &buckets.segments);
    let places = remediation::Places {
        network: &network,
        tables: &tables,
        topics: &topics,
    };
    let remediator = remediation::declare(&shared, &context, keys, places);
    if let Some(eks) = &eks {
        eks::remediation::declare(&scope, &context, &eks.cluster, &remediator);
    }
    let workflow = workflow::declare(&scope, &context, keys, &remediator);
    let sagemaker = sagemaker::declare(&scope, &context, keys, &network, &buckets);
    let places = detection::Places {
        buckets: &buckets,
        tables: &tables,
        workflow: &workflow,
        endpoint: sagemaker
            .as_ref()
            .and_then(|sagemaker| sagemaker.endpoint.as_ref()),
    };
    let detection = detection::declare(&scope, &context, keys, &shared, places);
    let secrets = notify::secrets(&scope, &context, keys);
    let access = access::declare(&shared, &context, keys, &tables, &topics, &secrets);
    let places = notify::Places {
        tables: &tables,
        topics: &topics,
        secrets: &secrets,
        approvals: &access.api,
        groups: &subscribed,
    };
    let notifier = notify::declare(&shared, &context, keys, places);
    let rotation = rotation::declare(&shared, &context, keys, &secrets.token_key);
    let training = sagemaker.as_ref().and_then(|sagemaker| {
        let places = training::Places {
            sagemaker,
            buckets: &buckets,
            pointer: &detection.pointer,
            network: &network,
        };
        training::declare(&shared, &context, keys, places)
    });
    let mut functions = vec![
        ("log-appender", &appender),
        ("anomaly-detector", &detection.detector),
        ("remediator", &remediator),
        ("approvals", &access.approvals),
        ("notifier", &notifier),
    ];
    functions.extend(
        detection
            .metrics
            .iter()
            .map(|metrics| ("metric-detector", &metrics.detector)),
    );
    functions.extend(
        rotation
            .iter()
            .map(|function| ("secret-rotation", function)),
    );
    functions.extend(
        training
            .iter()
            .map(|function| ("training-manifest", function)),
    );
    let lake = lake::declare(&scope, &context, keys, &buckets);
    let watched = observe::Watched {
        stream: &stream,
        firehoses: &firehoses,
        functions: functions.clone(),
        failures: &shared.failures,
        detection: &detection,
        workflow: &workflow,
        groups: &subscribed,
    };
    let dashboard = observe::declare(&scope, &context, keys, &topics, &watched);
    exports::declare(
        &scope,
        &exports::Exported {
            network: &network,
            stream: &stream,
            buckets: &buckets,
            firehoses: &firehoses,
            tables: &tables,
            topics: &topics,
            detection: &detection,
            workflow: &workflow,
            functions: &functions,
            approvals: &access.api,
        },
    );
    exports::optional(
        &scope,
        &context,
        keys,
        eks.as_ref(),
        lake.as_ref(),
        sagemaker.as_ref(),
        dashboard.as_ref(),
    );
    let mut graph = program.finish();
    adopt(config, &mut graph);
    graph
}

/// What the configuration says about resources of any kind: which hold data and are protected, and
/// which exist already and are adopted.
fn adopt(config: &StackConfig, graph: &mut Graph) {
    for resource in &mut graph.resources {
        resource.options.protect |= config.protect && is_data_bearing(&resource.kind);
        resource.options.import_id = config.imports.get(&resource.key().text()).cloned();
    }
}
