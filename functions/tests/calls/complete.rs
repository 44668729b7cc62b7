//! That nothing is missing from the recorded calls: every request that an adapter's source can send is
//! recorded for some function, and every adapter that a function's wiring names is recorded for that one.
//! What `AwsCloud` sends is asked of the domain's operations, one by one (`infra/tests/permissions.rs`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use regex::Regex;

use crate::recorded::Recorded;

fn source(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    std::fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn recorded() -> Recorded {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/calls/recorded.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Adapters, the service of what each sends, and where it is written.
const ADAPTERS: [(&str, &str, &str); 9] = [
    ("DynamoDbTable", "dynamodb", "adapters/dynamodb.rs"),
    ("S3", "s3", "adapters/s3.rs"),
    ("SqsQueue", "sqs", "adapters/sqs.rs"),
    ("StateMachine", "states", "adapters/stepfunctions.rs"),
    ("SecretsManager", "secretsmanager", "adapters/messages.rs"),
    ("SecretsManager", "secretsmanager", "adapters/rotation.rs"),
    ("SnsTopic", "sns", "adapters/messages.rs"),
    ("SageMakerEndpoint", "sagemaker", "adapters/sagemaker.rs"),
    ("SignedClient", "ssm", "adapters/signed.rs"),
];

/// `get_object` → `GetObject`.
fn pascal(snake: &str) -> String {
    let mut words = String::new();
    for word in snake.split('_') {
        let mut letters = word.chars();
        words.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        words.push_str(letters.as_str());
    }
    words
}

/// The actions that IAM sees in an operation of the SDK.
fn actions(service: &str, operation: &str) -> Vec<String> {
    let names: Vec<String> = match operation {
        "list_objects_v2" => vec!["ListBucket".into()],
        "head_object" => vec!["GetObject".into()],
        "transact_write_items" => ["Put", "Update", "Delete", "ConditionCheck"]
            .map(|part| format!("{part}Item"))
            .into(),
        other => vec![pascal(other)],
    };
    names
        .into_iter()
        .map(|name| format!("{service}:{name}"))
        .collect()
}

/// Every action that the adapters' sources can ask for.
fn of_sources() -> BTreeSet<String> {
    let by_sdk = Regex::new(r"\.client(?:\(\))?\s*\.([a-z_0-9]+)\(\)").unwrap();
    let by_name = Regex::new(r#"Service::([A-Za-z]+),\s*"([A-Za-z]+)""#).unwrap();
    let mut found = BTreeSet::new();
    for (_, service, path) in ADAPTERS {
        let text = source(path);
        let text = text.split("#[cfg(test)]").next().unwrap();
        for [operation] in by_sdk
            .captures_iter(text)
            .map(|captures| captures.extract().1)
        {
            // The SDK's and the signed client share this file; only one service has the SDK's.
            if !(path.ends_with("messages.rs") && service == "sns") && operation != "clone" {
                found.extend(actions(service, operation));
            }
        }
        for [service, operation] in by_name
            .captures_iter(text)
            .map(|captures| captures.extract().1)
        {
            found.insert(format!("{}:{operation}", service.to_lowercase()));
        }
        if text.contains("Service::SageMakerRuntime,\n") {
            found.insert("sagemaker:InvokeEndpoint".to_owned());
        }
    }
    found
}

#[test]
fn every_request_of_an_adapter_is_recorded_for_some_function() {
    let sources = of_sources();
    assert!(sources.len() > 15, "{sources:?}");
    let recorded: BTreeSet<String> = recorded()
        .into_values()
        .flatten()
        .map(|(action, _)| action)
        // What comes with CreateTrainingJob.
        .filter(|action| !["iam:PassRole", "sagemaker:AddTags"].contains(&action.as_str()))
        .collect();
    assert_eq!(sources, recorded);
}

#[test]
fn every_adapter_that_a_function_is_wired_with_is_recorded_for_it() {
    let constructors =
        Regex::new(r"\b([A-Z][A-Za-z0-9]+)::new\((?:&sdk|client|&sdk::load)").unwrap();
    for (function, calls) in recorded() {
        let wiring = match function.as_str() {
            "anomaly-detector" => source("detector/aws.rs"),
            "metric-detector" => source("metric_detector/aws.rs"),
            other => source(&format!("bin/{other}.rs")),
        };
        let services: BTreeSet<&str> = calls
            .iter()
            .filter_map(|(action, _)| action.split(':').next())
            .collect();
        for (adapter, service, _) in ADAPTERS {
            // The signed client alone sends nothing; the models' pointer is read with it.
            let wired = match adapter {
                "SignedClient" => wiring.contains("PointedModels::new("),
                _ => wiring.contains(&format!("{adapter}::new(")),
            };
            assert!(
                !wired || services.contains(service),
                "{function} is wired with {adapter}, and no call of {service} is recorded for it"
            );
        }
        let known: BTreeSet<&str> = ADAPTERS.iter().map(|(_, service, _)| *service).collect();
        for [constructor] in constructors
            .captures_iter(&wiring)
            .map(|captures| captures.extract().1)
        {
            let adapter = ADAPTERS.iter().any(|(adapter, ..)| *adapter == constructor);
            assert!(
                adapter || ["AwsCloud", "PointedModels"].contains(&constructor),
                "{function}: which of {known:?} does {constructor} send to?"
            );
        }
    }
}
