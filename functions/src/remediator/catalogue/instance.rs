//! Actions on one EC2 instance: isolate it, reboot it, run an approved SSM document on it.

use aiops_domain::plan::{
    ApiCall, BlastRadius, Expect, Operation, Probe, RemediationPlan, Target, Undo,
};
use serde_json::{Value, json};

use super::resource::{Draft, action_id, check_tags, identifier, is_instance_id, text};
use super::{BuildError, Context, Remediator};
use crate::ports::cloud::{Cloud, Topic};
use crate::ports::{Clock, Table};

/// Where the one instance is in the answer.
const INSTANCE: &str = "/reservationSet/0/instancesSet/0";

/// The tag that says which action isolated an instance or made a snapshot.
const TAG: &str = "aiops:action";

/// An SSM command that has not begun by then is given up.
const COMMAND_TIMEOUT_SECONDS: u32 = 600;

fn describe(id: &str) -> ApiCall {
    ApiCall::new(Operation::DescribeInstances, json!({"InstanceId": [id]}))
}

fn seen(id: &str, says: String, field: &str, expect: Expect) -> Probe {
    Probe {
        says,
        read: describe(id),
        at: format!("{INSTANCE}/{field}"),
        expect,
    }
}

fn running(id: &str) -> Probe {
    let expect = Expect::Equal {
        value: json!("running"),
    };
    seen(id, format!("{id} is running"), "instanceState/name", expect)
}

pub(super) async fn instance<T: Table, C: Cloud, P: Topic, K: Clock>(
    remediator: &Remediator<T, C, P, K>,
    context: &Context<'_>,
) -> Result<(String, Value), BuildError> {
    let id = identifier(context, "instance_id", is_instance_id)?;
    let answer = remediator.cloud.call(&describe(&id)).await?;
    let instance = answer
        .pointer(INSTANCE)
        .cloned()
        .ok_or_else(|| BuildError::Refused(format!("there is no instance {id}")))?;
    let tags = instance.get("tagSet").unwrap_or(&Value::Null);
    check_tags(&remediator.config.resources, &id, tags)?;
    Ok((id, instance))
}

/// Snapshots its disks, moves it into the quarantine group, tags it.
pub(super) async fn isolate<T: Table, C: Cloud, P: Topic, K: Clock>(
    remediator: &Remediator<T, C, P, K>,
    context: &Context<'_>,
) -> Result<RemediationPlan, BuildError> {
    let (id, instance) = instance(remediator, context).await?;
    let vpc = text(&instance, "/vpcId")?;
    let quarantine = remediator
        .config
        .resources
        .quarantine_groups
        .get(&vpc)
        .ok_or_else(|| {
            BuildError::Refused(format!("no quarantine group is configured for {vpc}"))
        })?;
    let interfaces = instance
        .get("networkInterfaceSet")
        .and_then(Value::as_array);
    if interfaces.is_some_and(|interfaces| interfaces.len() > 1) {
        return Err(BuildError::Refused(format!(
            "{id} has several network interfaces"
        )));
    }
    let prior = instance.get("groupSet").cloned().unwrap_or(Value::Null);
    let groups: Vec<Value> = prior
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|group| group.get("groupId").cloned())
        .collect();
    if groups.is_empty() || groups.contains(&json!(quarantine)) {
        return Err(BuildError::Refused(format!(
            "{id} is isolated already, or its groups are unknown"
        )));
    }
    let target = Target::Instance {
        instance_id: id.clone(),
    };
    let action = action_id(context, &target);
    let snapshots = Probe {
        says: format!("snapshots of {id} were begun"),
        read: ApiCall::new(
            Operation::DescribeSnapshots,
            json!({"Filter": [{"Name": format!("tag:{TAG}"), "Value": [action]}]}),
        ),
        at: "/snapshotSet".to_owned(),
        expect: Expect::Has { fields: json!({}) },
    };
    let elements = prior.as_array().cloned().unwrap_or_default();
    let before = seen(
        &id,
        format!("{id} is in its own security groups"),
        "groupSet",
        Expect::Same {
            elements,
            field: "groupId".to_owned(),
            except: vec![],
        },
    );
    let isolated = seen(
        &id,
        format!("{id} is in {quarantine}"),
        "groupSet",
        Expect::Has {
            fields: json!({"groupId": quarantine}),
        },
    );
    let tag = json!({"key": TAG, "value": action});
    let tagged = seen(
        &id,
        format!("{id} is tagged"),
        "tagSet",
        Expect::Has {
            fields: tag.clone(),
        },
    );
    let untagged = seen(
        &id,
        format!("{id} is not tagged"),
        "tagSet",
        Expect::Lacks { fields: tag },
    );
    let tags = json!([{"Key": TAG, "Value": action}]);
    let draft = Draft {
        target,
        preconditions: vec![running(&id), before.clone()],
        calls: vec![
            ApiCall::new(
                Operation::CreateSnapshots,
                json!({
                    "InstanceSpecification": {"InstanceId": id},
                    "Description": format!("before {id} was isolated"),
                    "TagSpecification": [{"ResourceType": "snapshot", "Tag": tags}],
                }),
            )
            .landed_when(snapshots.clone()),
            ApiCall::new(
                Operation::ModifyInstanceAttribute,
                json!({"InstanceId": id, "GroupId": [quarantine]}),
            )
            .landed_when(isolated.clone()),
            ApiCall::new(
                Operation::CreateTags,
                json!({"ResourceId": [id], "Tag": tags}),
            )
            .landed_when(tagged.clone()),
        ],
        blast_radius: BlastRadius {
            scope: format!("{id} loses every connection; its snapshots stay after an undo"),
            resources: 1,
            share_percent: None,
        },
        prior_state: json!({"groupSet": prior}),
        check: vec![snapshots, isolated, tagged],
        undo: Undo::Calls {
            calls: vec![
                ApiCall::new(
                    Operation::ModifyInstanceAttribute,
                    json!({"InstanceId": id, "GroupId": groups}),
                )
                .landed_when(before.clone()),
                ApiCall::new(
                    Operation::DeleteTags,
                    json!({"ResourceId": [id], "Tag": [{"Key": TAG, "Value": action}]}),
                )
                .landed_when(untagged.clone()),
            ],
            restored: vec![before, untagged],
        },
    };
    Ok(draft.plan(context, action))
}

/// Reboots it.
pub(super) async fn reboot<T: Table, C: Cloud, P: Topic, K: Clock>(
    remediator: &Remediator<T, C, P, K>,
    context: &Context<'_>,
) -> Result<RemediationPlan, BuildError> {
    let (id, instance) = instance(remediator, context).await?;
    let target = Target::Instance {
        instance_id: id.clone(),
    };
    let action = action_id(context, &target);
    let draft = Draft {
        target,
        preconditions: vec![running(&id)],
        // Nothing shows afterwards whether it was this reboot: it is asked for once.
        calls: vec![ApiCall::new(
            Operation::RebootInstances,
            json!({"InstanceId": [id]}),
        )],
        blast_radius: BlastRadius {
            scope: format!("{id} does not answer for some minutes"),
            resources: 1,
            share_percent: None,
        },
        prior_state: json!({"instanceState": instance.get("instanceState")}),
        check: vec![running(&id)],
        undo: Undo::Irreversible {
            reason: "a reboot cannot be taken back".to_owned(),
        },
    };
    Ok(draft.plan(context, action))
}

/// Runs an approved document.
pub(super) async fn run_document<T: Table, C: Cloud, P: Topic, K: Clock>(
    remediator: &Remediator<T, C, P, K>,
    context: &Context<'_>,
) -> Result<RemediationPlan, BuildError> {
    let document = context
        .response
        .document
        .as_ref()
        .ok_or_else(|| BuildError::Refused("no document is configured".to_owned()))?;
    if !remediator
        .config
        .resources
        .documents
        .contains(&document.name)
    {
        return Err(BuildError::Refused(format!(
            "{} is not an approved document",
            document.name
        )));
    }
    let (id, _) = instance(remediator, context).await?;
    let target = Target::Instance {
        instance_id: id.clone(),
    };
    let action = action_id(context, &target);
    let listed = |says: String, fields: Value| Probe {
        says,
        read: ApiCall::new(Operation::ListCommands, json!({"InstanceId": id})),
        at: "/Commands".to_owned(),
        expect: Expect::Has { fields },
    };
    let mut parameters = json!({
        "DocumentName": document.name,
        "InstanceIds": [id],
        "Parameters": document.parameters,
        "Comment": action,
        "TimeoutSeconds": COMMAND_TIMEOUT_SECONDS,
    });
    if let (Some(fields), Some(version)) = (parameters.as_object_mut(), &document.version) {
        fields.insert("DocumentVersion".to_owned(), json!(version));
    }
    let sent = listed(
        format!("{} was sent to {id}", document.name),
        json!({"Comment": action}),
    );
    let succeeded = listed(
        format!("{} succeeded on {id}", document.name),
        json!({"Comment": action, "Status": "Success"}),
    );
    let draft = Draft {
        target,
        preconditions: vec![running(&id)],
        calls: vec![ApiCall::new(Operation::SendCommand, parameters).landed_when(sent)],
        blast_radius: BlastRadius {
            scope: format!("what {} does on {id}", document.name),
            resources: 1,
            share_percent: None,
        },
        prior_state: Value::Null,
        check: vec![succeeded],
        undo: Undo::Irreversible {
            reason: format!("{} has no inverse that is known here", document.name),
        },
    };
    Ok(draft.plan(context, action))
}
