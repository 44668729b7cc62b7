//! The defects of the Terraform program that this one replaces, each as a test over every stack.

use std::collections::{BTreeMap, BTreeSet};

use aiops_infra::config::{Environment, StackConfig};
use aiops_infra::graph::json::{to_json, value_to_json};
use aiops_infra::graph::{Graph, Key, Resource, Value, validate};
use aiops_infra::platform;
use serde_json::Value as Json;

/// Every environment, everything switched on.
fn stacks() -> Vec<Graph> {
    [
        Environment::Local,
        Environment::Dev,
        Environment::Staging,
        Environment::Prod,
        Environment::Team,
    ]
    .into_iter()
    .map(|environment| {
        let mut config = StackConfig::of(environment);
        config.eks.enabled = environment != Environment::Local;
        config.sagemaker.image = Some("0.1.0".into());
        config.sagemaker.model = Some("models/0.1.0/model.tar.gz".into());
        platform::declare(&config)
    })
    .collect()
}

fn resources<'a>(graph: &'a Graph, kind: &'a str) -> Vec<&'a Resource> {
    graph.of_kind(kind).collect()
}

fn refers_to(resource: &Resource, input: &str, kind: &str) -> Option<Key> {
    let keys = resource.inputs.get(input)?.references();
    keys.into_iter().find(|key| key.kind == kind)
}

/// Every policy document of a graph, as plain JSON with expressions inside, and whose it is.
fn documents(graph: &Graph) -> Vec<(String, Json)> {
    let mut found = Vec::new();
    for resource in &graph.resources {
        for (name, value) in &resource.inputs {
            value.walk(&mut |inner| {
                if let Value::Json(document) = inner {
                    found.push((
                        format!("{}.{name}", resource.key()),
                        value_to_json(document),
                    ));
                }
            });
        }
    }
    found
}

fn statements(document: &Json) -> Vec<&Json> {
    document["Statement"]
        .as_array()
        .map(|list| list.iter().collect())
        .unwrap_or_default()
}

fn texts(json: &Json) -> Vec<&str> {
    match json {
        Json::String(text) => vec![text],
        Json::Array(list) => list.iter().filter_map(Json::as_str).collect(),
        _ => vec![],
    }
}

#[test]
fn regression_no_reference_is_undefined() {
    for mut graph in stacks() {
        assert!(validate::validate(&graph).is_ok());
        // The check sees it: without the first bucket, whatever refers to it is reported.
        let position = graph
            .resources
            .iter()
            .position(|r| r.kind == "aws:s3/bucket:Bucket")
            .unwrap();
        let gone = graph.resources.remove(position).key();
        let problems = validate::validate(&graph).unwrap_err();
        assert!(
            problems.to_string().contains(&format!("refers to {gone}")),
            "{problems}"
        );
    }
}

#[test]
fn regression_every_subscription_filter_has_a_role_that_may_write() {
    for graph in stacks() {
        let filters = resources(
            &graph,
            "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter",
        );
        assert!(!filters.is_empty());
        for filter in filters {
            let role = refers_to(filter, "roleArn", "aws:iam/role:Role").unwrap();
            let stream = refers_to(filter, "destinationArn", "aws:kinesis/stream:Stream").unwrap();
            let policy = graph
                .of_kind("aws:iam/rolePolicy:RolePolicy")
                .find(|policy| {
                    refers_to(policy, "role", "aws:iam/role:Role").as_ref() == Some(&role)
                })
                .unwrap();
            assert!(policy.inputs["policy"].references().contains(&stream));
            let text = value_to_json(&policy.inputs["policy"]).to_string();
            assert!(text.contains("kinesis:PutRecord"));
            let waits = filter
                .options
                .depends_on
                .iter()
                .any(|hidden| hidden.resource == policy.key());
            assert!(
                waits,
                "{} does not wait for its role's policy",
                filter.key()
            );
        }
    }
}

#[test]
fn regression_no_bucket_policy_blocks_its_own_writers() {
    for graph in stacks() {
        for policy in resources(&graph, "aws:s3/bucketPolicy:BucketPolicy") {
            let json = value_to_json(&policy.inputs["policy"]);
            for statement in statements(&json["$json"]) {
                if statement["Effect"] == "Deny" {
                    // Only what comes without TLS: no header that a service's default does not send.
                    assert_eq!(
                        statement["Condition"],
                        serde_json::json!({"Bool": {"aws:SecureTransport": "false"}}),
                        "{}",
                        policy.key()
                    );
                }
            }
        }
    }
}

#[test]
fn regression_every_subnet_has_a_route_table_that_leads_somewhere() {
    for graph in stacks() {
        let subnets = resources(&graph, "aws:ec2/subnet:Subnet");
        assert!(subnets.len() >= 4);
        let mut tables = BTreeMap::new();
        for association in resources(
            &graph,
            "aws:ec2/routeTableAssociation:RouteTableAssociation",
        ) {
            let subnet = refers_to(association, "subnetId", "aws:ec2/subnet:Subnet").unwrap();
            let table =
                refers_to(association, "routeTableId", "aws:ec2/routeTable:RouteTable").unwrap();
            assert!(tables.insert(subnet, table).is_none(), "associated twice");
        }
        let routed: BTreeSet<Key> = graph
            .of_kind("aws:ec2/route:Route")
            .filter_map(|route| refers_to(route, "routeTableId", "aws:ec2/routeTable:RouteTable"))
            .collect();
        let gateways: BTreeSet<Key> = graph
            .of_kind("aws:ec2/vpcEndpoint:VpcEndpoint")
            .filter_map(|endpoint| endpoint.inputs.get("routeTableIds"))
            .flat_map(Value::references)
            .collect();
        for subnet in subnets {
            let table = &tables[&subnet.key()];
            assert!(
                routed.contains(table) || gateways.contains(table),
                "{}",
                subnet.key()
            );
        }
    }
}

#[test]
fn regression_every_firehose_has_a_source() {
    for graph in stacks() {
        let firehoses = resources(
            &graph,
            "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
        );
        assert!(!firehoses.is_empty());
        for firehose in firehoses {
            let reads = firehose.inputs.contains_key("kinesisSourceConfiguration");
            let written = graph
                .of_kind("aws:cloudwatch/metricStream:MetricStream")
                .any(|stream| {
                    stream.inputs["firehoseArn"]
                        .references()
                        .contains(&firehose.key())
                });
            // The laptop has no metric stream: there the command line writes.
            assert!(
                reads || written || graph.stack == "local",
                "{}",
                firehose.key()
            );
        }
    }
}

#[test]
fn regression_something_starts_the_state_machine_and_its_role_may_invoke() {
    for graph in stacks() {
        let machines = resources(&graph, "aws:sfn/stateMachine:StateMachine");
        assert!(!machines.is_empty());
        for machine in machines {
            let may_start = |policy: &&Resource| {
                policy.inputs["policy"]
                    .references()
                    .contains(&machine.key())
                    && value_to_json(&policy.inputs["policy"])
                        .to_string()
                        .contains("states:StartExecution")
            };
            assert!(
                graph
                    .of_kind("aws:iam/rolePolicy:RolePolicy")
                    .any(|policy| may_start(&policy))
            );
            let role = refers_to(machine, "roleArn", "aws:iam/role:Role").unwrap();
            let policy = graph
                .of_kind("aws:iam/rolePolicy:RolePolicy")
                .find(|policy| {
                    refers_to(policy, "role", "aws:iam/role:Role").as_ref() == Some(&role)
                })
                .unwrap();
            let allowed = policy.inputs["policy"].references();
            for function in machine.inputs["definition"].references() {
                if function.kind == "aws:lambda/function:Function" {
                    assert!(allowed.contains(&function), "{function} may not be invoked");
                }
            }
            assert!(
                value_to_json(&policy.inputs["policy"])
                    .to_string()
                    .contains("lambda:InvokeFunction")
            );
        }
    }
}

#[test]
fn regression_every_addon_exists() {
    // The names of `aws eks describe-addon-versions` that this platform needs.
    const EXISTING: [&str; 5] = [
        "vpc-cni",
        "coredns",
        "kube-proxy",
        "eks-pod-identity-agent",
        "amazon-cloudwatch-observability",
    ];
    for graph in stacks() {
        let addons = resources(&graph, "aws:eks/addon:Addon");
        assert_eq!(
            addons.len(),
            if graph.stack == "local" {
                0
            } else {
                EXISTING.len()
            }
        );
        for addon in addons {
            let Value::String(name) = &addon.inputs["addonName"] else {
                panic!("not a text")
            };
            assert!(EXISTING.contains(&name.as_str()), "{name}");
        }
    }
}

#[test]
fn regression_no_role_has_full_access() {
    for graph in stacks() {
        for attachment in resources(&graph, "aws:iam/rolePolicyAttachment:RolePolicyAttachment") {
            let arn = value_to_json(&attachment.inputs["policyArn"]).to_string();
            assert!(
                !arn.contains("FullAccess") && !arn.contains("AdministratorAccess"),
                "{arn}"
            );
        }
        for (whose, document) in documents(&graph) {
            for statement in statements(&document) {
                if statement["Effect"] != "Allow" {
                    continue;
                }
                for action in texts(&statement["Action"]) {
                    assert!(!action.contains('*'), "{whose} allows {action}");
                }
            }
        }
    }
}

#[test]
fn regression_no_administration_port_is_open_to_the_world() {
    let world = |resource: &Resource, input: &str| {
        resource
            .inputs
            .get(input)
            .is_some_and(|value| *value == Value::from("0.0.0.0/0"))
    };
    let number = |resource: &Resource, input: &str| match resource.inputs.get(input) {
        Some(Value::Integer(number)) => *number,
        _ => 0,
    };
    for graph in stacks() {
        for rule in resources(
            &graph,
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        ) {
            assert!(!world(rule, "cidrIpv4"), "{} admits the world", rule.key());
        }
        for group in resources(&graph, "aws:ec2/securityGroup:SecurityGroup") {
            assert!(
                !group.inputs.contains_key("ingress"),
                "{} has inline rules",
                group.key()
            );
        }
        for rule in resources(&graph, "aws:ec2/networkAclRule:NetworkAclRule") {
            if world(rule, "cidrBlock") && rule.inputs["egress"] == Value::Bool(false) {
                let ports = number(rule, "fromPort")..=number(rule, "toPort");
                assert!(
                    !ports.contains(&22) && !ports.contains(&3389),
                    "{}",
                    rule.key()
                );
                assert_ne!(rule.inputs["protocol"], Value::from("-1"), "{}", rule.key());
            }
        }
    }
}

#[test]
fn regression_image_tags_are_immutable() {
    for graph in stacks() {
        for repository in resources(&graph, "aws:ecr/repository:Repository") {
            assert_eq!(
                repository.inputs["imageTagMutability"],
                Value::from("IMMUTABLE")
            );
        }
    }
}

#[test]
fn dependencies_are_those_that_the_inputs_imply() {
    // Recomputed from the wire form alone, by other code than the program's.
    fn collect(json: &Json, found: &mut BTreeSet<String>) {
        match json {
            Json::Object(map) => {
                if let Some(Json::String(key)) = map.get("$ref") {
                    found.insert(key.clone());
                }
                map.values().for_each(|inner| collect(inner, found));
            }
            Json::Array(list) => list.iter().for_each(|inner| collect(inner, found)),
            _ => {}
        }
    }
    for graph in stacks() {
        for resource in to_json(&graph)["resources"].as_array().unwrap() {
            let mut all = BTreeSet::new();
            for (name, value) in resource["inputs"].as_object().unwrap() {
                let mut of_property = BTreeSet::new();
                collect(value, &mut of_property);
                let said: BTreeSet<String> = texts(&resource["property_dependencies"][name])
                    .into_iter()
                    .map(str::to_owned)
                    .collect();
                assert_eq!(said, of_property, "{}.{name}", resource["name"]);
                all.extend(of_property);
            }
            for hidden in resource["options"]["depends_on"]
                .as_array()
                .into_iter()
                .flatten()
            {
                all.insert(hidden["resource"].as_str().unwrap().to_owned());
                assert!(hidden["reason"].as_str().unwrap().len() > 10);
            }
            let said: BTreeSet<String> = texts(&resource["depends_on"])
                .into_iter()
                .map(str::to_owned)
                .collect();
            assert_eq!(said, all, "{}", resource["name"]);
        }
    }
}
