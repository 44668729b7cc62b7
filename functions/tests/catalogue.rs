//! The catalogue against recorded requests and answers: each action is planned, made, checked and taken
//! back with exactly these calls, and refuses what it must not touch.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

#[path = "support/stage.rs"]
mod stage;
#[path = "support/world.rs"]
mod support;

use aiops_domain::Outcome;
use aiops_domain::plan::Operation;
use aiops_functions::fakes::Exchange;
use serde_json::{Value, json};
use stage::Stage;

const INSTANCE: &str = "i-0123456789abcdef0";

fn allowed() -> Value {
    json!({"allowed_tags": [{"key": "aiops", "value": "allowed"}],
           "protected_tags": [{"key": "tier", "value": "database"}],
           "quarantine_groups": {"vpc-1": "sg-quarantine"}, "documents": ["Restart"]})
}

fn instance(groups: &[&str], tags: &[(&str, &str)]) -> Value {
    let groups: Vec<Value> = groups
        .iter()
        .map(|id| json!({"groupId": id, "groupName": id}))
        .collect();
    let tags: Vec<Value> = [("aiops", "allowed")]
        .iter()
        .chain(tags)
        .map(|(key, value)| json!({"key": key, "value": value}))
        .collect();
    json!({"reservationSet": [{"instancesSet": [{
        "instanceId": INSTANCE, "vpcId": "vpc-1", "instanceState": {"code": "16", "name": "running"},
        "groupSet": groups, "tagSet": tags, "networkInterfaceSet": [{"networkInterfaceId": "eni-1"}]}]}]})
}

fn described(answer: Value) -> Exchange {
    Exchange::new(
        Operation::DescribeInstances,
        json!({"InstanceId": [INSTANCE]}),
        answer,
    )
}

#[tokio::test]
async fn an_instance_is_isolated_and_let_back() {
    let response = json!({"action": "isolate_instance", "resource": {"instance_id": INSTANCE}});
    // The id of the action is that of its plan: learnt from a first, recorded planning.
    let before = || described(instance(&["sg-web"], &[]));
    let learn = Stage::new(response.clone(), allowed(), vec![before()]).await;
    let action = learn.run(&["triage", "plan"]).await.action_id.unwrap();
    let tag = [("aiops:action", action.as_str())];
    let isolated = || described(instance(&["sg-quarantine"], &tag));
    let tags = json!([{"Key": "aiops:action", "Value": action}]);
    let snapshots = || {
        Exchange::new(
            Operation::DescribeSnapshots,
            json!({"Filter": [{"Name": "tag:aiops:action", "Value": [action]}]}),
            json!({"snapshotSet": [{"snapshotId": "snap-1", "status": "pending"}]}),
        )
    };
    let modify = |group: &str| {
        Exchange::new(
            Operation::ModifyInstanceAttribute,
            json!({"InstanceId": INSTANCE, "GroupId": [group]}),
            json!({"return": "true"}),
        )
    };
    let stage = Stage::new(
        response,
        allowed(),
        vec![
            before(),
            before(),
            before(),
            Exchange::new(
                Operation::CreateSnapshots,
                json!({"InstanceSpecification": {"InstanceId": INSTANCE},
                       "Description": format!("before {INSTANCE} was isolated"),
                       "TagSpecification": [{"ResourceType": "snapshot", "Tag": tags}]}),
                json!({"snapshotSet": [{"snapshotId": "snap-1"}]}),
            ),
            modify("sg-quarantine"),
            Exchange::new(
                Operation::CreateTags,
                json!({"ResourceId": [INSTANCE], "Tag": tags}),
                json!({"return": "true"}),
            ),
            snapshots(),
            isolated(),
            isolated(),
            // The undo looks before each call, and proves itself afterwards.
            isolated(),
            modify("sg-web"),
            described(instance(&["sg-web"], &tag)),
            Exchange::new(
                Operation::DeleteTags,
                json!({"ResourceId": [INSTANCE], "Tag": tags}),
                json!({"return": "true"}),
            ),
            before(),
            before(),
        ],
    )
    .await;
    stage.there_and_back().await;
}

#[tokio::test]
async fn untagged_and_protected_instances_are_never_touched() {
    let response = json!({"action": "reboot_instance", "resource": {"instance_id": INSTANCE}});
    let answer = described(instance(&["sg-web"], &[("tier", "database")]));
    Stage::new(response.clone(), allowed(), vec![answer])
        .await
        .refused("protected by its tag tier")
        .await;
    let mut untagged = instance(&["sg-web"], &[]);
    untagged["reservationSet"][0]["instancesSet"][0]["tagSet"] = Value::Null;
    Stage::new(response.clone(), allowed(), vec![described(untagged)])
        .await
        .refused("no tag that allows")
        .await;
    let mut protected = allowed();
    protected["protected_ids"] = json!([INSTANCE]);
    let answer = described(instance(&["sg-web"], &[]));
    Stage::new(response, protected, vec![answer])
        .await
        .refused("is protected")
        .await;
    // The entity of the incident ("eni-1") is no instance, and none is configured.
    Stage::new(json!({"action": "reboot_instance"}), allowed(), vec![])
        .await
        .refused("no instance_id")
        .await;
}

#[tokio::test]
async fn a_reboot_is_made_once_and_says_beforehand_that_it_stays() {
    let response = json!({"action": "reboot_instance", "resource": {"instance_id": INSTANCE}});
    let look = || described(instance(&["sg-web"], &[]));
    let reboot = Exchange::new(
        Operation::RebootInstances,
        json!({"InstanceId": [INSTANCE]}),
        json!({}),
    );
    let stage = Stage::new(response, allowed(), vec![look(), look(), reboot, look()]).await;
    let state = stage
        .run(&["triage", "plan", "execute", "verify", "close"])
        .await;
    assert_eq!(state.outcome, Some(Outcome::Remediated));
    let error = stage
        .invoke(json!({"step": "undo", "incident_id": "inc-1"}))
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("cannot be taken back"),
        "{error}"
    );
}

#[tokio::test]
async fn only_approved_documents_run() {
    let response = |name: &str| {
        json!({"action": "run_document", "resource": {"instance_id": INSTANCE},
               "document": {"name": name, "parameters": {"service": ["app"]}}})
    };
    Stage::new(response("AWS-RunShellScript"), allowed(), vec![])
        .await
        .refused("not an approved")
        .await;
    let learn = Stage::new(
        response("Restart"),
        allowed(),
        vec![described(instance(&["sg"], &[]))],
    )
    .await;
    let action = learn.run(&["triage", "plan"]).await.action_id.unwrap();
    let look = || described(instance(&["sg"], &[]));
    let stage = Stage::new(
        response("Restart"),
        allowed(),
        vec![
            look(),
            look(),
            Exchange::new(
                Operation::SendCommand,
                json!({"DocumentName": "Restart", "InstanceIds": [INSTANCE],
                       "Parameters": {"service": ["app"]}, "Comment": action, "TimeoutSeconds": 600}),
                json!({"Command": {"CommandId": "c-1"}}),
            ),
            Exchange::new(
                Operation::ListCommands,
                json!({"InstanceId": INSTANCE}),
                json!({"Commands": [{"CommandId": "c-1", "Comment": action, "Status": "Success"}]}),
            ),
        ],
    )
    .await;
    let state = stage
        .run(&["triage", "plan", "execute", "verify", "close"])
        .await;
    assert_eq!(state.outcome, Some(Outcome::Remediated));
    assert_eq!(stage.cloud.rest(), vec![]);
}

#[tokio::test]
async fn a_stream_gets_more_shards_and_gives_them_back() {
    let look = |shards: u32| {
        Exchange::new(
            Operation::DescribeStreamSummary,
            json!({"StreamName": "logs"}),
            json!({"StreamDescriptionSummary": {"OpenShardCount": shards, "StreamStatus": "ACTIVE"}}),
        )
    };
    let set = |shards: u32| {
        Exchange::new(
            Operation::UpdateShardCount,
            json!({"StreamName": "logs", "TargetShardCount": shards, "ScalingType": "UNIFORM_SCALING"}),
            json!({}),
        )
    };
    let response = json!({"action": "raise_shard_count", "resource": {"stream": "logs"}});
    let rules = json!({"streams": ["logs"], "max_units": 3});
    let exchanges = vec![
        look(2),
        look(2),
        look(2),
        set(3),
        look(3),
        look(3),
        look(3),
        set(2),
        look(2),
    ];
    Stage::new(response.clone(), rules.clone(), exchanges)
        .await
        .there_and_back()
        .await;
    Stage::new(response.clone(), rules, vec![look(3)])
        .await
        .refused("no more are allowed")
        .await;
    Stage::new(response, json!({}), vec![])
        .await
        .refused("not a stream")
        .await;
}

#[tokio::test]
async fn a_node_group_grows_within_its_bounds() {
    let names = json!({"clusterName": "main", "nodegroupName": "apps"});
    let look = |size: u32| {
        Exchange::new(
            Operation::DescribeNodegroup,
            names.clone(),
            json!({"nodegroup": {"status": "ACTIVE",
                   "scalingConfig": {"minSize": 1, "maxSize": 4, "desiredSize": size}}}),
        )
    };
    let set = |size: u32| {
        Exchange::new(
            Operation::UpdateNodegroupConfig,
            json!({"clusterName": "main", "nodegroupName": "apps", "scalingConfig": {"desiredSize": size}}),
            json!({}),
        )
    };
    let response = json!({"action": "scale_node_group", "resource": {"node_group": "apps"}});
    let rules = json!({"cluster": "main"});
    let exchanges = vec![
        look(3),
        look(3),
        look(3),
        set(4),
        look(4),
        look(4),
        look(4),
        set(3),
        look(3),
    ];
    Stage::new(response.clone(), rules.clone(), exchanges)
        .await
        .there_and_back()
        .await;
    Stage::new(response, rules, vec![look(4)])
        .await
        .refused("no more are allowed")
        .await;
}

#[tokio::test]
async fn an_access_key_is_deactivated_and_activated_again() {
    let look = |status: &str| {
        Exchange::new(
            Operation::ListAccessKeys,
            json!({"UserName": "ci"}),
            json!({"ListAccessKeysResult": {"AccessKeyMetadata": [
                {"UserName": "ci", "AccessKeyId": "KEY1EXAMPLE", "Status": status}]}}),
        )
    };
    let set = |status: &str| {
        Exchange::new(
            Operation::UpdateAccessKey,
            json!({"UserName": "ci", "AccessKeyId": "KEY1EXAMPLE", "Status": status}),
            json!({}),
        )
    };
    let response = json!({"action": "deactivate_access_key", "resource": {"user": "ci", "access_key_id": "KEY1EXAMPLE"}});
    let exchanges = vec![
        look("Active"),
        look("Active"),
        set("Inactive"),
        look("Inactive"),
        look("Inactive"),
        set("Active"),
        look("Active"),
    ];
    Stage::new(response.clone(), json!({"key_users": ["ci"]}), exchanges)
        .await
        .there_and_back()
        .await;
    Stage::new(response, json!({"key_users": ["deploy"]}), vec![])
        .await
        .refused("not a user")
        .await;
}
