//! What the exporters promise: a difference shows what changed and nothing else, a Terraform plan
//! leaves nothing out, a destruction names what is in the way.

#![expect(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use std::collections::BTreeSet;

use aiops_infra::config::{Environment, StackConfig};
use aiops_infra::export::diff::{Action, diff};
use aiops_infra::export::{destroy, mermaid, terraform};
use aiops_infra::graph::{Alias, Graph, Key, Options, Resource, Value};
use aiops_infra::platform;
use serde_json::json;

fn prod() -> Graph {
    let mut config = StackConfig::of(Environment::Prod);
    config.sagemaker.image = Some("0.1.0".into());
    config.sagemaker.model = Some("models/0.1.0/model.tar.gz".into());
    platform::declare(&config)
}

#[test]
fn the_same_configuration_shows_no_change() {
    assert!(diff(&prod(), &prod(), "main").is_empty());
    assert_eq!(
        diff(&prod(), &prod(), "main").text(),
        "prod: no change against main\n"
    );
}

#[test]
fn a_change_of_one_line_shows_that_line_alone() {
    let before = StackConfig::of(Environment::Prod);
    let mut after = before.clone();
    after.stream.retention_hours = 240;
    let difference = diff(
        &platform::declare(&before),
        &platform::declare(&after),
        "main",
    );
    assert!(difference.added.is_empty() && difference.removed.is_empty());
    let [changed] = difference.changed.as_slice() else {
        panic!("{}", difference.text());
    };
    assert_eq!(
        (changed.name.as_str(), changed.action),
        ("logs", Action::Update)
    );
    assert!(changed.data_bearing);
    let [property] = changed.properties.as_slice() else {
        panic!("{}", difference.text());
    };
    assert_eq!(property.path, "retentionPeriod");
    assert_eq!(
        (&property.before, &property.after),
        (&json!(168), &json!(240))
    );
    assert!(difference.text().contains("retentionPeriod: 168 → 240"));
    assert!(difference.markdown().contains("| `168` | `240` |"));
}

#[test]
fn what_forces_a_replacement_is_named() {
    let before = StackConfig::of(Environment::Dev);
    let mut after = before.clone();
    after.network.cidr = "10.99.0.0/16".parse().unwrap();
    let difference = diff(
        &platform::declare(&before),
        &platform::declare(&after),
        "main",
    );
    let vpc = difference
        .changed
        .iter()
        .find(|c| c.kind == "aws:ec2/vpc:Vpc")
        .unwrap();
    assert_eq!(vpc.action, Action::Replace);
    let forcing: Vec<&str> = vpc
        .properties
        .iter()
        .filter(|property| property.forces_replacement)
        .map(|property| property.path.as_str())
        .collect();
    assert_eq!(forcing, ["cidrBlock"]);
    // What only refers to it is not a change of its own.
    assert!(
        difference
            .changed
            .iter()
            .all(|c| c.kind != "aws:ec2/internetGateway:InternetGateway")
    );
}

fn queue(name: &str, options: Options) -> Graph {
    Graph {
        stack: "test".into(),
        resources: vec![Resource {
            name: name.into(),
            kind: "aws:sqs/queue:Queue".into(),
            parent: None,
            inputs: [("delaySeconds".to_owned(), Value::Integer(5))].into(),
            options,
        }],
        exports: [].into(),
    }
}

#[test]
fn a_renamed_resource_keeps_its_identity_by_its_alias() {
    let before = queue("old", Options::new());
    let alias = Alias {
        name: Some("old".into()),
        ..Alias::default()
    };
    let kept = diff(&before, &queue("new", Options::new().alias(alias)), "main");
    assert!(kept.added.is_empty() && kept.removed.is_empty());
    assert!(
        kept.changed
            .iter()
            .all(|changed| changed.action == Action::Update)
    );
    let lost = diff(&before, &queue("new", Options::new()), "main");
    assert_eq!(lost.added, ["aws:sqs/queue:Queue::new"]);
    assert_eq!(lost.removed.len(), 1);
    assert!(lost.removed[0].data_bearing);
}

#[test]
fn what_somebody_else_owns_is_no_change() {
    let before = queue("q", Options::new());
    let mut after = queue("q", Options::new().ignore_changes(["delaySeconds"]));
    after.resources[0]
        .inputs
        .insert("delaySeconds".into(), Value::Integer(9));
    let paths: Vec<String> = diff(&before, &after, "main").changed[0]
        .properties
        .iter()
        .map(|property| property.path.clone())
        .collect();
    assert_eq!(paths, ["options.ignore_changes"]);
}

#[test]
fn the_terraform_plan_holds_every_resource_and_property() {
    let graph = prod();
    let plan = terraform::plan(&graph);
    let changes = plan["resource_changes"].as_array().unwrap();
    let configured = plan["configuration"]["root_module"]["resources"]
        .as_array()
        .unwrap();
    let real: Vec<&Resource> = graph
        .resources
        .iter()
        .filter(|r| !r.is_component())
        .collect();
    assert_eq!(changes.len(), real.len());
    let addresses: BTreeSet<&str> = changes
        .iter()
        .map(|c| c["address"].as_str().unwrap())
        .collect();
    assert_eq!(
        addresses.len(),
        real.len(),
        "two resources have one address"
    );
    for ((resource, change), configured) in real.iter().zip(changes).zip(configured) {
        let (after, unknown) = (
            &change["change"]["after"],
            &change["change"]["after_unknown"],
        );
        let keys: BTreeSet<&String> = [after, unknown]
            .into_iter()
            .flat_map(|part| part.as_object().unwrap().keys())
            .collect();
        assert_eq!(keys.len(), resource.inputs.len(), "{}", resource.key());
        let expressions = configured["expressions"].as_object().unwrap();
        assert_eq!(
            expressions.len(),
            resource.inputs.len(),
            "{}",
            resource.key()
        );
    }
}

#[test]
fn the_terraform_plan_speaks_terraform() {
    let plan = terraform::plan(&prod());
    let find = |address: &str| {
        plan["resource_changes"]
            .as_array()
            .unwrap()
            .iter()
            .find(|change| change["address"] == address)
            .map(|change| &change["change"])
            .unwrap_or_else(|| panic!("{address} is not in the plan"))
    };
    let table = find("aws_dynamodb_table.incidents");
    assert_eq!(
        table["after"]["point_in_time_recovery"],
        json!([{"enabled": true}])
    );
    assert_eq!(table["after"]["attribute"].as_array().unwrap().len(), 4);
    assert_eq!(
        table["after_unknown"]["server_side_encryption"],
        json!([{"kms_key_arn": true}])
    );
    let function = find("aws_lambda_function.log-appender");
    assert_eq!(
        function["after"]["function_name"],
        "aiops-prod-log-appender"
    );
    assert_eq!(
        function["after"]["tracing_config"],
        json!([{"mode": "Active"}])
    );
    assert_eq!(function["after_unknown"]["role"], true);
    let policy = find("aws_s3_bucket_policy.raw");
    let text = policy["after"]["policy"].as_str().unwrap();
    assert!(text.contains("${aws_s3_bucket.raw.arn}/*") && text.contains("aws:SecureTransport"));
    let versioning = find("aws_s3_bucket_versioning.raw");
    assert_eq!(
        versioning["after"]["versioning_configuration"],
        json!([{"status": "Enabled"}])
    );
}

#[test]
fn a_destruction_names_what_is_protected_and_what_holds_data() {
    let plan = destroy::plan(&prod());
    let step = |key: &str| plan.steps.iter().find(|step| step.resource == key);
    let bucket = step("aws:s3/bucket:Bucket::segments").unwrap();
    assert!(bucket.data_bearing);
    assert_eq!(bucket.actions.len(), 2, "{:?}", bucket.actions);
    assert!(step("aws:dynamodb/table:Table::incidents").is_some());
    assert!(step("aws:lambda/function:Function::log-appender").is_none());
    let mut config = StackConfig::of(Environment::Dev);
    config.protect = false;
    let open = destroy::plan(&platform::declare(&config));
    assert!(
        open.steps
            .iter()
            .all(|step| !step.resource.contains("bucket"))
    );
}

#[test]
fn every_data_bearing_resource_of_a_protected_stack_is_protected() {
    for resource in &prod().resources {
        let data = aiops_infra::export::is_data_bearing(&resource.kind);
        assert_eq!(resource.options.protect, data, "{}", resource.key());
    }
}

#[test]
fn an_existing_resource_is_adopted_by_its_id() {
    let mut config = StackConfig::of(Environment::Dev);
    config
        .imports
        .insert("aws:kinesis/stream:Stream::logs".into(), "old-logs".into());
    let graph = platform::declare(&config);
    let stream = graph
        .get(&Key::new("aws:kinesis/stream:Stream", "logs"))
        .unwrap();
    assert_eq!(stream.options.import_id.as_deref(), Some("old-logs"));
    let adopted = graph
        .resources
        .iter()
        .filter(|r| r.options.import_id.is_some());
    assert_eq!(adopted.count(), 1);
}

#[test]
fn the_diagram_has_a_box_per_resource_and_closes_every_component() {
    let graph = prod();
    let text = mermaid::mermaid(&graph);
    let boxes = text.lines().filter(|line| line.contains("[\"")).count();
    assert_eq!(
        boxes,
        graph.resources.iter().filter(|r| !r.is_component()).count()
    );
    let opened = text
        .lines()
        .filter(|line| line.trim().starts_with("subgraph "))
        .count();
    assert_eq!(
        opened,
        graph.resources.iter().filter(|r| r.is_component()).count()
    );
    assert_eq!(
        opened,
        text.lines().filter(|line| line.trim() == "end").count()
    );
}

#[test]
fn what_is_adopted_must_be_declared() {
    let mut config = StackConfig::of(Environment::Dev);
    let adopt = [
        ("aws:kinesis/stream:Stream::logs", "old-logs"),
        ("aws:kinesis/stream:Stream::log", "old-logs"),
        ("aws:s3/bucket:Bucket::nothing-like-it-at-all", "b"),
    ];
    config.imports = adopt
        .map(|(name, id)| (name.to_owned(), id.to_owned()))
        .into();
    let error = platform::checked(&config).unwrap_err();
    assert_eq!(
        error.to_string(),
        "configuration of stack `dev` has 2 problems:\n  \
         aiops:imports.aws:kinesis/stream:Stream::log: the stack declares no such resource; did you \
         mean `aws:kinesis/stream:Stream::logs`?\n  \
         aiops:imports.aws:s3/bucket:Bucket::nothing-like-it-at-all: the stack declares no such \
         resource; `aiops graph` lists them"
    );
    config.imports.retain(|name, _| name.ends_with("::logs"));
    assert!(platform::checked(&config).is_ok());
}

#[test]
fn alarms_reach_the_topic_of_another_stack() {
    let mut config = StackConfig::of(Environment::Team);
    config.notify.alarms_stack = Some("acme/aiops/prod".into());
    let graph = platform::declare(&config);
    let other = Key::new("pulumi:pulumi:StackReference", "alarms");
    let alarms: Vec<&Resource> = graph
        .of_kind("aws:cloudwatch/metricAlarm:MetricAlarm")
        .collect();
    assert!(!alarms.is_empty());
    for alarm in alarms {
        let actions = aiops_infra::graph::json::value_to_json(&alarm.inputs["alarmActions"]);
        assert_eq!(
            actions[1],
            json!({"$ref": other.text(), "path": "outputs.alarmsTopicArn"}),
            "{}",
            alarm.key()
        );
    }
    assert!(aiops_infra::graph::validate::validate(&graph).is_ok());
}

/// `plan`'s resource of this key.
fn planned<'p>(plan: &'p serde_json::Value, key: &Key) -> &'p serde_json::Value {
    let address = terraform::address(key);
    plan["resource_changes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|change| change["address"] == address)
        .unwrap_or_else(|| panic!("{key} is not in the plan"))
}

/// The properties below an object, without the lists around Terraform's blocks.
fn leaves(known: &serde_json::Value, unknown: &serde_json::Value) -> usize {
    use serde_json::Value as J;
    match (known, unknown) {
        (J::Object(known), unknown) => {
            let empty = serde_json::Map::new();
            let unknown = unknown.as_object().unwrap_or(&empty);
            let keys: BTreeSet<&String> = known.keys().chain(unknown.keys()).collect();
            keys.into_iter()
                .map(|key| {
                    leaves(
                        known.get(key).unwrap_or(&J::Null),
                        unknown.get(key).unwrap_or(&J::Bool(false)),
                    )
                })
                .sum()
        }
        (J::Array(known), unknown) => known
            .iter()
            .enumerate()
            .map(|(at, item)| leaves(item, unknown.get(at).unwrap_or(&J::Bool(false))))
            .sum(),
        _ => 1,
    }
}

fn leaves_of(value: &Value) -> usize {
    match value {
        Value::Object(map) => map.values().map(leaves_of).sum(),
        Value::List(items) => items.iter().map(leaves_of).sum(),
        Value::Secret(inner) => leaves_of(inner),
        _ => 1,
    }
}

#[test]
fn every_resource_and_every_property_is_in_the_plan() {
    for environment in Environment::ALL {
        let mut config = StackConfig::of(*environment);
        config.sagemaker.image = Some("0.1.0".into());
        config.sagemaker.model = Some("models/0.1.0/model.tar.gz".into());
        let graph = platform::declare(&config);
        let plan = terraform::plan(&graph);
        let resources: Vec<&Resource> = graph
            .resources
            .iter()
            .filter(|resource| !resource.is_component())
            .collect();
        assert_eq!(
            plan["resource_changes"].as_array().unwrap().len(),
            resources.len()
        );
        for resource in resources {
            let change = &planned(&plan, &resource.key())["change"];
            let known = change["after"].as_object().unwrap();
            let unknown = change["after_unknown"].as_object().unwrap();
            let names: BTreeSet<&String> = known.keys().chain(unknown.keys()).collect();
            assert_eq!(names.len(), resource.inputs.len(), "{}", resource.key());
            let wanted: usize = resource.inputs.values().map(leaves_of).sum();
            let there = leaves(&change["after"], &change["after_unknown"]);
            assert_eq!(there, wanted, "{}", resource.key());
        }
    }
}
