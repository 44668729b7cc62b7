//! Replaces an instance of an Auto Scaling group: it is terminated and the group starts another.

use aiops_domain::plan::{
    ApiCall, BlastRadius, Expect, Operation, Probe, RemediationPlan, Target, Undo,
};
use serde_json::{Value, json};

use super::resource::{Draft, action_id, text};
use super::{BuildError, Context, Remediator, instance};
use crate::ports::cloud::{Cloud, Topic};
use crate::ports::{Clock, Table};

/// Where the instance is in its answer.
const INSTANCE: &str = "/DescribeAutoScalingInstancesResult/AutoScalingInstances/0";

/// Where the group is in its answer.
const GROUP: &str = "/DescribeAutoScalingGroupsResult/AutoScalingGroups/0";

/// Terminates it without lowering the group's size.
pub(super) async fn replace<T: Table, C: Cloud, P: Topic, K: Clock>(
    remediator: &Remediator<T, C, P, K>,
    context: &Context<'_>,
) -> Result<RemediationPlan, BuildError> {
    let (id, _) = instance::instance(remediator, context).await?;
    let member = ApiCall::new(
        Operation::DescribeAutoScalingInstances,
        json!({"InstanceIds": [id]}),
    );
    let answer = remediator.cloud.call(&member).await?;
    let found = answer.pointer(INSTANCE).cloned().ok_or_else(|| {
        BuildError::Refused(format!(
            "{id} belongs to no Auto Scaling group: nothing would replace it"
        ))
    })?;
    let group = text(&found, "/AutoScalingGroupName")?;
    let read = ApiCall::new(
        Operation::DescribeAutoScalingGroups,
        json!({"AutoScalingGroupNames": [group]}),
    );
    let answer = remediator.cloud.call(&read).await?;
    // The Query protocol tells numbers as text.
    let desired: u32 = text(&answer, &format!("{GROUP}/DesiredCapacity"))?
        .parse()
        .map_err(|_| BuildError::Refused(format!("the size of {group} is no number")))?;
    if desired == 0 {
        return Err(BuildError::Refused(format!(
            "{group} wants no instances: nothing would replace it"
        )));
    }
    let state = |says: String, expect: Expect| Probe {
        says,
        read: member.clone(),
        at: format!("{INSTANCE}/LifecycleState"),
        expect,
    };
    let of_group = |says: String, at: &str, expect: Expect| Probe {
        says,
        read: read.clone(),
        at: format!("{GROUP}/{at}"),
        expect,
    };
    let in_service = json!({"LifecycleState": "InService"});
    let target = Target::Instance {
        instance_id: id.clone(),
    };
    let action = action_id(context, &target);
    let draft = Draft {
        target,
        preconditions: vec![
            state(
                format!("{id} is in service in {group}"),
                Expect::Equal {
                    value: json!("InService"),
                },
            ),
            of_group(
                format!("{group} wants {desired} instances"),
                "DesiredCapacity",
                Expect::Equal {
                    value: json!(desired.to_string()),
                },
            ),
        ],
        calls: vec![
            ApiCall::new(
                Operation::TerminateInstanceInAutoScalingGroup,
                json!({"InstanceId": id, "ShouldDecrementDesiredCapacity": false}),
            )
            .landed_when(state(
                format!("{id} is being terminated"),
                Expect::OneOf {
                    values: vec![
                        json!("Terminating"),
                        json!("Terminating:Wait"),
                        json!("Terminating:Proceed"),
                        json!("Terminated"),
                        // The group has forgotten it.
                        Value::Null,
                    ],
                },
            )),
        ],
        blast_radius: BlastRadius {
            scope: format!("{id} and what is on its disks; {group} starts another of {desired}"),
            resources: 1,
            share_percent: Some(100 / desired),
        },
        prior_state: found,
        check: vec![
            of_group(
                format!("{id} is out of {group}"),
                "Instances",
                Expect::Lacks {
                    fields: json!({"InstanceId": id}),
                },
            ),
            of_group(
                format!("{desired} instances of {group} are in service"),
                "Instances",
                Expect::Count {
                    fields: in_service,
                    at_least: desired,
                },
            ),
        ],
        undo: Undo::Irreversible {
            reason: format!("{id} is gone for good, and so is what only its disks held"),
        },
    };
    Ok(draft.plan(context, action))
}
