//! The program over the real protocol, against an engine of our own: what it sends for every stack.

#![expect(clippy::unwrap_used, reason = "a failing helper is a failing test")]

#[path = "support/fake_engine.rs"]
mod fake_engine;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use aiops_infra::config::StackConfig;
use aiops_infra::engine::{DeployError, program, wire};
use aiops_infra::graph::{Graph, json};
use aiops_infra::platform;
use fake_engine::FakeEngine;
use pulumi_gestalt_proto::pulumi::pulumirpc as rpc;
use serde_json::Value as Json;

const STACKS: [&str; 4] = ["dev", "staging", "prod", "team-example"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A stack file's configuration as the engine hands it over.
fn config(stack: &str) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(root().join(format!("Pulumi.{stack}.yaml"))).unwrap();
    let tree: Json = yaml_serde::from_str(&text).unwrap();
    tree["config"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(key, value)| {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            (key.clone(), text)
        })
        .collect()
}

fn graph(stack: &str) -> Graph {
    platform::declare(&StackConfig::from_engine(stack, &config(stack)).unwrap())
}

/// Deploys without the check for the zips, which no test has.
async fn deploy(stack: &str, engine: &FakeEngine) -> Result<(), DeployError> {
    use aiops_infra::engine::grpc::{GrpcEngine, GrpcMonitor};
    let environment = engine.environment(stack, config(stack));
    let monitor = GrpcMonitor::connect(&environment.monitor).await.unwrap();
    let log = GrpcEngine::connect(&environment.engine).await.unwrap();
    aiops_infra::engine::deploy(
        std::sync::Arc::new(graph(stack)),
        &environment,
        std::sync::Arc::new(monitor),
        &log,
    )
    .await
    .map(|_| ())
}

/// Every `$ref` below a value, as `type::name`.
fn references(value: &Json, found: &mut BTreeSet<String>) {
    match value {
        Json::Object(object) => {
            if let Some(Json::String(reference)) = object.get("$ref") {
                found.insert(reference.clone());
            }
            object.values().for_each(|value| references(value, found));
        }
        Json::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

/// `type::name` of a urn.
fn key(urn: &str) -> String {
    urn.splitn(3, "::").nth(2).unwrap().to_owned()
}

/// Every object below a value of the protocol that carries a signature, and every unknown.
fn special(value: &prost_types::Value, found: &mut Vec<String>) {
    use prost_types::value::Kind;
    match &value.kind {
        Some(Kind::StructValue(object)) => {
            if let Some(Kind::StringValue(signature)) = object
                .fields
                .get(wire::SIGNATURE)
                .and_then(|value| value.kind.as_ref())
            {
                found.push(signature.clone());
            }
            object
                .fields
                .values()
                .for_each(|value| special(value, found));
        }
        Some(Kind::ListValue(list)) => list.values.iter().for_each(|value| special(value, found)),
        Some(Kind::StringValue(text)) => {
            if wire::UNKNOWN.contains(&text.as_str()) {
                found.push("unknown".to_owned());
            } else {
                assert!(
                    !wire::UNKNOWN.iter().any(|unknown| text.contains(unknown)),
                    "an unknown inside a text that is sent as known: {text}"
                );
            }
        }
        _ => {}
    }
}

fn specials(request: &rpc::RegisterResourceRequest, property: &str) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(value) = request
        .object
        .as_ref()
        .and_then(|object| object.fields.get(property))
    {
        special(value, &mut found);
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn every_stack_sends_the_dependencies_that_its_json_implies() {
    for stack in STACKS {
        let engine = FakeEngine::start(true, &[]).await;
        deploy(stack, &engine).await.unwrap();
        let seen = engine.seen.lock().unwrap();
        let graph = json::to_json(&graph(stack));
        let resources = graph["resources"].as_array().unwrap();
        // The stack itself is the one more.
        assert_eq!(seen.registrations.len(), resources.len() + 1, "{stack}");
        let order: BTreeMap<String, usize> = seen
            .registrations
            .iter()
            .enumerate()
            .map(|(position, request)| (format!("{}::{}", request.r#type, request.name), position))
            .collect();
        for resource in resources {
            let name = format!(
                "{}::{}",
                resource["type"].as_str().unwrap(),
                resource["name"].as_str().unwrap()
            );
            let request = &seen.registrations[order[&name]];
            let mut all: BTreeSet<String> = BTreeSet::new();
            let inputs = resource["inputs"].as_object().unwrap();
            for (property, value) in inputs {
                let mut wanted = BTreeSet::new();
                references(value, &mut wanted);
                let sent: BTreeSet<String> = request
                    .property_dependencies
                    .get(property)
                    .map(|dependencies| dependencies.urns.iter().map(|urn| key(urn)).collect())
                    .unwrap_or_default();
                assert_eq!(sent, wanted, "{stack}: {name}.{property}");
                all.extend(wanted);
            }
            let sent: BTreeSet<String> = request.dependencies.iter().map(|urn| key(urn)).collect();
            assert!(
                sent.is_superset(&all),
                "{stack}: {name} lacks {:?}",
                all.difference(&sent)
            );
            for needed in &sent {
                assert!(
                    order[needed] < order[&name],
                    "{stack}: {name} was sent before {needed}"
                );
            }
            assert!(request.accept_secrets && request.supports_partial_values);
        }
        assert!(seen.shut_down);
        assert_eq!(
            key(&seen.root),
            format!("pulumi:pulumi:Stack::aiops-{stack}")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_preview_unknowns_secrets_and_archives_are_sent_as_such() {
    for stack in STACKS {
        let engine = FakeEngine::start(true, &[]).await;
        deploy(stack, &engine).await.unwrap();
        let seen = engine.seen.lock().unwrap();
        let graph = json::to_json(&graph(stack));
        let (mut archives, mut unknowns) = (0, 0);
        for resource in graph["resources"].as_array().unwrap() {
            let request = seen
                .registrations
                .iter()
                .find(|request| {
                    request.r#type == resource["type"].as_str().unwrap()
                        && request.name == resource["name"].as_str().unwrap()
                })
                .unwrap();
            for (property, value) in resource["inputs"].as_object().unwrap() {
                let found = specials(request, property);
                let text = value.to_string();
                if text.contains("\"$archive\"") {
                    assert!(
                        found.iter().any(|kind| kind == wire::ARCHIVE),
                        "{stack}: {property} of {}",
                        request.name
                    );
                    archives += 1;
                }
                if text.contains("\"$secret\"") {
                    assert!(
                        found.iter().any(|kind| kind == wire::SECRET),
                        "{stack}: {property} of {}",
                        request.name
                    );
                }
                // Only ids, names that the provider gives and data sources are unknown; all of them are.
                if text.contains("\"path\":\"id\"") || text.contains("\"path\":\"arn\"") {
                    assert!(
                        found.iter().any(|kind| kind == "unknown"),
                        "{stack}: {property} of {} is {found:?}",
                        request.name
                    );
                    unknowns += 1;
                }
            }
        }
        assert!(
            archives >= 3 && unknowns >= 50,
            "{stack}: {archives} archives, {unknowns} unknowns"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_configuration_is_one_message_with_every_mistake_and_touches_nothing() {
    let engine = FakeEngine::start(false, &[]).await;
    let mut config = config("dev");
    config.insert("aiops:netwrok".to_owned(), "{}".to_owned());
    config.insert("aiops:network".to_owned(), "{\"zones\": 9}".to_owned());
    let status = program::run(Ok(engine.environment("dev", config)), platform::checked)
        .await
        .unwrap();
    assert_eq!(status, std::process::ExitCode::from(program::TOLD));
    let seen = engine.seen.lock().unwrap();
    assert!(seen.registrations.is_empty());
    assert_eq!(seen.log.len(), 1);
    let message = &seen.log[0].message;
    assert!(
        message.contains("aiops:netwrok: unknown key; did you mean `network`?"),
        "{message}"
    );
    assert!(
        message.contains("aiops:network.zones: 9 is out of range"),
        "{message}"
    );
    assert_eq!(seen.log[0].severity, i32::from(rpc::LogSeverity::Error));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_resource_is_one_readable_error() {
    let engine = FakeEngine::start(true, &["segments"]).await;
    let error = deploy("dev", &engine).await.unwrap_err();
    assert!(
        error.to_string().ends_with("segments was refused"),
        "{error}"
    );
    assert!(error.urn().ends_with("::segments"), "{}", error.urn());
    assert!(!engine.seen.lock().unwrap().shut_down);
}

#[tokio::test(flavor = "multi_thread")]
async fn started_by_hand_it_says_so() {
    let environment = aiops_infra::engine::Environment::read(|_| None);
    let error = program::run(environment, platform::checked)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("started by the Pulumi CLI"),
        "{error}"
    );
}
