//! The order that no reference shows: each hidden dependency, by name.

use aiops_infra::config::{Environment, StackConfig};
use aiops_infra::graph::{Graph, Resource};
use aiops_infra::platform;

fn prod() -> Graph {
    let mut config = StackConfig::of(Environment::Prod);
    config.sagemaker.image = Some("0.1.0".into());
    config.sagemaker.model = Some("models/0.1.0/model.tar.gz".into());
    platform::declare(&config)
}

/// Whether every resource of `kind` that `applies` waits for one of `on`, though no input says so.
fn waits(kind: &str, on: &str, applies: impl Fn(&Resource) -> bool) {
    let graph = prod();
    let mut checked = 0;
    for resource in graph.of_kind(kind).filter(|resource| applies(resource)) {
        let hidden = resource
            .options
            .depends_on
            .iter()
            .any(|hidden| hidden.resource.kind == on);
        assert!(hidden, "{} does not wait for any {on}", resource.key());
        checked += 1;
    }
    assert!(checked > 0, "no {kind}");
}

const ROLE_POLICY: &str = "aws:iam/rolePolicy:RolePolicy";

#[test]
fn a_log_group_comes_before_the_function_that_would_create_it() {
    waits(
        "aws:lambda/function:Function",
        "aws:cloudwatch/logGroup:LogGroup",
        |_| true,
    );
}

#[test]
fn a_log_group_comes_before_the_cluster_that_would_create_it() {
    waits(
        "aws:eks/cluster:Cluster",
        "aws:cloudwatch/logGroup:LogGroup",
        |_| true,
    );
}

#[test]
fn role_attachments_come_before_the_cluster() {
    let attachment = "aws:iam/rolePolicyAttachment:RolePolicyAttachment";
    waits("aws:eks/cluster:Cluster", attachment, |_| true);
}

#[test]
fn role_attachments_come_before_the_nodes() {
    let attachment = "aws:iam/rolePolicyAttachment:RolePolicyAttachment";
    waits("aws:eks/nodeGroup:NodeGroup", attachment, |_| true);
}

#[test]
fn a_roles_policy_comes_before_the_function_mapping() {
    waits(
        "aws:lambda/eventSourceMapping:EventSourceMapping",
        ROLE_POLICY,
        |_| true,
    );
}

#[test]
fn a_roles_policy_comes_before_the_subscription_filter() {
    let filter = "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter";
    waits(filter, ROLE_POLICY, |_| true);
}

#[test]
fn a_queue_policy_comes_before_the_notification_that_uses_it() {
    let notification = "aws:s3/bucketNotification:BucketNotification";
    waits(notification, "aws:sqs/queuePolicy:QueuePolicy", |_| true);
}

#[test]
fn a_topic_policy_comes_before_the_alarms() {
    waits(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "aws:sns/topicPolicy:TopicPolicy",
        |_| true,
    );
}

#[test]
fn the_way_out_comes_before_the_nodes() {
    waits("aws:eks/nodeGroup:NodeGroup", "aws:ec2/route:Route", |_| {
        true
    });
}

#[test]
fn network_acl_rules_come_before_what_runs_behind_them() {
    let rule = "aws:ec2/networkAclRule:NetworkAclRule";
    waits("aws:eks/nodeGroup:NodeGroup", rule, |_| true);
    waits("aws:ec2/instance:Instance", rule, |_| true);
}

#[test]
fn the_flow_log_role_comes_before_its_use() {
    waits("aws:ec2/flowLog:FlowLog", ROLE_POLICY, |_| true);
}

#[test]
fn the_internet_route_comes_before_the_nat_gateway() {
    waits(
        "aws:ec2/natGateway:NatGateway",
        "aws:ec2/route:Route",
        |_| true,
    );
}

#[test]
fn the_endpoint_comes_before_its_autoscaling_target() {
    waits(
        "aws:appautoscaling/target:Target",
        "aws:sagemaker/endpoint:Endpoint",
        |_| true,
    );
}

#[test]
fn nodes_come_before_the_addons_that_run_on_them() {
    let on_nodes = |addon: &Resource| {
        let name = addon.inputs["addonName"].clone();
        [
            name == "coredns".into(),
            name == "amazon-cloudwatch-observability".into(),
        ]
        .contains(&true)
    };
    waits(
        "aws:eks/addon:Addon",
        "aws:eks/nodeGroup:NodeGroup",
        on_nodes,
    );
}

#[test]
fn the_target_of_access_logs_has_its_policy_first() {
    waits(
        "aws:s3/bucketLogging:BucketLogging",
        "aws:s3/bucketPolicy:BucketPolicy",
        |_| true,
    );
}

#[test]
fn a_roles_policy_comes_before_the_firehose_and_the_workflow() {
    let firehose = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream";
    waits(firehose, ROLE_POLICY, |_| true);
    waits("aws:sfn/stateMachine:StateMachine", ROLE_POLICY, |_| true);
    waits(
        "aws:cloudwatch/metricStream:MetricStream",
        ROLE_POLICY,
        |_| true,
    );
}
