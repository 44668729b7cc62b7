//! Security group rules and the replacement of instances, against recorded requests and answers.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

#[path = "support/stage.rs"]
mod stage;
#[path = "support/world.rs"]
mod support;

use aiops_domain::plan::{Operation, Undo};
use aiops_functions::fakes::Exchange;
use serde_json::{Value, json};
use stage::Stage;

const INSTANCE: &str = "i-0123456789abcdef0";

fn rules() -> Value {
    json!({"allowed_tags": [{"key": "aiops", "value": "allowed"}], "protected_ids": ["sg-shared"]})
}

fn group(tag: &str) -> Exchange {
    Exchange::new(
        Operation::DescribeSecurityGroups,
        json!({"GroupId": ["sg-1"]}),
        json!({"securityGroupInfo": [{"groupId": "sg-1", "tagSet": [{"key": "aiops", "value": tag}]}]}),
    )
}

fn ssh(id: &str) -> Value {
    json!({"securityGroupRuleId": id, "groupId": "sg-1", "isEgress": "false", "ipProtocol": "tcp",
           "fromPort": "22", "toPort": "22", "cidrIpv4": "0.0.0.0/0", "description": "for the move"})
}

fn https() -> Value {
    json!({"securityGroupRuleId": "sgr-2", "groupId": "sg-1", "isEgress": "false", "ipProtocol": "tcp",
           "fromPort": "443", "toPort": "443", "cidrIpv4": "0.0.0.0/0"})
}

fn look(rules: Value) -> Exchange {
    Exchange::new(
        Operation::DescribeSecurityGroupRules,
        json!({"Filter": [{"Name": "group-id", "Value": ["sg-1"]}]}),
        json!({"securityGroupRuleSet": rules}),
    )
}

fn revoke() -> Value {
    json!({"action": "revoke_security_group_rule",
           "resource": {"group_id": "sg-1", "port": "22", "cidr": "0.0.0.0/0"}})
}

#[tokio::test]
async fn a_rule_is_revoked_and_authorised_again_field_by_field() {
    let both = || look(json!([https(), ssh("sgr-1")]));
    let without = || look(json!([https()]));
    let exchanges = vec![
        group("allowed"),
        both(),
        both(),
        Exchange::new(
            Operation::RevokeSecurityGroupIngress,
            json!({"GroupId": "sg-1", "SecurityGroupRuleId": ["sgr-1"]}),
            json!({"return": "true"}),
        ),
        without(),
        without(),
        Exchange::new(
            Operation::AuthorizeSecurityGroupIngress,
            json!({"GroupId": "sg-1", "IpPermissions": [{"IpProtocol": "tcp", "FromPort": "22",
                   "ToPort": "22", "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "for the move"}]}]}),
            json!({"return": "true"}),
        ),
        // The same but for the id, which the plan said.
        look(json!([https(), ssh("sgr-9")])),
    ];
    Stage::new(revoke(), rules(), exchanges)
        .await
        .there_and_back()
        .await;
}

#[tokio::test]
async fn a_rule_that_is_not_exactly_the_configured_one_is_left_alone() {
    let mut wider = ssh("sgr-1");
    wider["toPort"] = json!("65535");
    let mut outbound = ssh("sgr-1");
    outbound["isEgress"] = json!("true");
    for other in [wider, outbound, https()] {
        Stage::new(
            revoke(),
            rules(),
            vec![group("allowed"), look(json!([other]))],
        )
        .await
        .refused("no rule that lets")
        .await;
    }
    Stage::new(revoke(), rules(), vec![group("no")])
        .await
        .refused("no tag that allows")
        .await;
    let shared = json!({"action": "revoke_security_group_rule",
                        "resource": {"group_id": "1.2.3.4", "port": "22", "cidr": "0.0.0.0/0"}});
    Stage::new(shared, rules(), vec![])
        .await
        .refused("no group_id is configured")
        .await;
}

fn instance() -> Exchange {
    Exchange::new(
        Operation::DescribeInstances,
        json!({"InstanceId": [INSTANCE]}),
        json!({"reservationSet": [{"instancesSet": [{"instanceId": INSTANCE,
            "tagSet": [{"key": "aiops", "value": "allowed"}]}]}]}),
    )
}

fn member(instances: Value) -> Exchange {
    Exchange::new(
        Operation::DescribeAutoScalingInstances,
        json!({"InstanceIds": [INSTANCE]}),
        json!({"DescribeAutoScalingInstancesResult": {"AutoScalingInstances": instances}}),
    )
}

fn in_service() -> Exchange {
    member(
        json!([{"InstanceId": INSTANCE, "AutoScalingGroupName": "web",
                   "LifecycleState": "InService"}]),
    )
}

fn web(instances: &[&str]) -> Exchange {
    let instances: Vec<Value> = instances
        .iter()
        .map(|id| json!({"InstanceId": id, "LifecycleState": "InService"}))
        .collect();
    Exchange::new(
        Operation::DescribeAutoScalingGroups,
        json!({"AutoScalingGroupNames": ["web"]}),
        json!({"DescribeAutoScalingGroupsResult": {"AutoScalingGroups": [
            {"AutoScalingGroupName": "web", "DesiredCapacity": "2", "Instances": instances}]}}),
    )
}

fn replace() -> Value {
    json!({"action": "replace_instance", "resource": {"instance_id": INSTANCE}})
}

#[tokio::test]
async fn an_instance_is_replaced_by_its_group_which_the_plan_calls_irreversible() {
    let before = || web(&[INSTANCE, "i-2"]);
    let plan = Stage::new(replace(), rules(), vec![instance(), in_service(), before()])
        .await
        .planned()
        .await
        .1;
    assert!(matches!(&plan.undo, Undo::Irreversible { reason } if reason.contains("for good")));
    assert_eq!(plan.blast_radius.share_percent, Some(50));
    let after = || web(&["i-2", "i-3"]);
    let exchanges = vec![
        instance(),
        in_service(),
        before(),
        in_service(),
        before(),
        Exchange::new(
            Operation::TerminateInstanceInAutoScalingGroup,
            json!({"InstanceId": INSTANCE, "ShouldDecrementDesiredCapacity": false}),
            json!({}),
        ),
        after(),
        after(),
    ];
    Stage::new(replace(), rules(), exchanges)
        .await
        .there_for_good()
        .await;
}

#[tokio::test]
async fn an_instance_that_nothing_would_replace_is_left_alone() {
    Stage::new(replace(), rules(), vec![instance(), member(json!([]))])
        .await
        .refused("belongs to no Auto Scaling group")
        .await;
}
