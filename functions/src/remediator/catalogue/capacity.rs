//! Actions on capacity and credentials: a stream's shards, a node group's size, an access key.

use aiops_domain::plan::{
    ApiCall, BlastRadius, Expect, Operation, Probe, RemediationPlan, Target, Undo,
};
use serde_json::{Value, json};

use super::resource::{Draft, action_id, cluster, configured, identifier, is_name, number};
use super::{BuildError, Context, Remediator};
use crate::ports::cloud::{Cloud, Topic};
use crate::ports::{Clock, Table};

/// Doubles the shards of a stream, up to the configured bound.
pub(super) async fn raise_shards<T: Table, C: Cloud, P: Topic, K: Clock>(
    remediator: &Remediator<T, C, P, K>,
    context: &Context<'_>,
) -> Result<RemediationPlan, BuildError> {
    let rules = &remediator.config.resources;
    let stream = identifier(context, "stream", is_name)?;
    if !rules.streams.contains(&stream) {
        return Err(BuildError::Refused(format!(
            "{stream} is not a stream of remediation"
        )));
    }
    let read = ApiCall::new(
        Operation::DescribeStreamSummary,
        json!({"StreamName": stream}),
    );
    let answer = remediator.cloud.call(&read).await?;
    let shards = number(&answer, "/StreamDescriptionSummary/OpenShardCount")?;
    // Kinesis takes at most twice the shards in one step.
    let wanted = shards.saturating_mul(2).min(rules.max_units);
    if wanted <= shards {
        return Err(BuildError::Refused(format!(
            "{stream} has {shards} shards, no more are allowed"
        )));
    }
    let probe = |says: String, field: &str, expect: Expect| Probe {
        says,
        read: read.clone(),
        at: format!("/StreamDescriptionSummary/{field}"),
        expect,
    };
    let counts = |shards: u32| {
        let expect = Expect::Equal {
            value: json!(shards),
        };
        probe(
            format!("{stream} has {shards} shards"),
            "OpenShardCount",
            expect,
        )
    };
    let active = probe(
        format!("{stream} is active"),
        "StreamStatus",
        Expect::Equal {
            value: json!("ACTIVE"),
        },
    );
    let set = |shards: u32| {
        ApiCall::new(
            Operation::UpdateShardCount,
            json!({"StreamName": stream, "TargetShardCount": shards, "ScalingType": "UNIFORM_SCALING"}),
        )
        .landed_when(counts(shards))
    };
    let target = Target::Stream {
        stream: stream.clone(),
    };
    let action = action_id(context, &target);
    let draft = Draft {
        target,
        preconditions: vec![active.clone(), counts(shards)],
        calls: vec![set(wanted)],
        blast_radius: BlastRadius {
            scope: format!("{stream} from {shards} to {wanted} shards; its cost grows alike"),
            resources: 1,
            share_percent: None,
        },
        prior_state: json!({"OpenShardCount": shards}),
        check: vec![counts(wanted), active],
        undo: Undo::Calls {
            calls: vec![set(shards)],
            restored: vec![counts(shards)],
        },
    };
    Ok(draft.plan(context, action))
}

/// Adds a node to a node group, within its own bounds.
pub(super) async fn scale_node_group<T: Table, C: Cloud, P: Topic, K: Clock>(
    remediator: &Remediator<T, C, P, K>,
    context: &Context<'_>,
) -> Result<RemediationPlan, BuildError> {
    let rules = &remediator.config.resources;
    let cluster = cluster(rules)?;
    let node_group = configured(context, "node_group", is_name)?;
    let names = json!({"clusterName": cluster, "nodegroupName": node_group});
    let read = ApiCall::new(Operation::DescribeNodegroup, names.clone());
    let answer = remediator.cloud.call(&read).await?;
    let size = number(&answer, "/nodegroup/scalingConfig/desiredSize")?;
    let largest = number(&answer, "/nodegroup/scalingConfig/maxSize")?.min(rules.max_units);
    let wanted = size.saturating_add(1);
    if wanted > largest {
        return Err(BuildError::Refused(format!(
            "{node_group} has {size} nodes, no more are allowed"
        )));
    }
    let probe = |says: String, at: &str, expect: Expect| Probe {
        says,
        read: read.clone(),
        at: at.to_owned(),
        expect,
    };
    let sized = |size: u32| {
        let expect = Expect::Equal { value: json!(size) };
        probe(
            format!("{node_group} wants {size} nodes"),
            "/nodegroup/scalingConfig/desiredSize",
            expect,
        )
    };
    let active = probe(
        format!("{node_group} is active"),
        "/nodegroup/status",
        Expect::Equal {
            value: json!("ACTIVE"),
        },
    );
    let set = |size: u32| {
        let mut parameters = names.clone();
        if let Some(fields) = parameters.as_object_mut() {
            fields.insert("scalingConfig".to_owned(), json!({"desiredSize": size}));
        }
        ApiCall::new(Operation::UpdateNodegroupConfig, parameters).landed_when(sized(size))
    };
    let target = Target::NodeGroup {
        cluster,
        node_group: node_group.clone(),
    };
    let action = action_id(context, &target);
    let draft = Draft {
        target,
        preconditions: vec![active.clone(), sized(size)],
        calls: vec![set(wanted)],
        blast_radius: BlastRadius {
            scope: format!("{node_group} from {size} to {wanted} nodes"),
            resources: 1,
            share_percent: Some(100 / wanted.max(1)),
        },
        prior_state: json!({"desiredSize": size}),
        check: vec![sized(wanted), active],
        undo: Undo::Calls {
            calls: vec![set(size)],
            restored: vec![sized(size)],
        },
    };
    Ok(draft.plan(context, action))
}

/// Deactivates an access key; it stays, so that it can be activated again.
pub(super) async fn deactivate_key<T: Table, C: Cloud, P: Topic, K: Clock>(
    remediator: &Remediator<T, C, P, K>,
    context: &Context<'_>,
) -> Result<RemediationPlan, BuildError> {
    let user = identifier(context, "user", is_name)?;
    if !remediator.config.resources.key_users.contains(&user) {
        return Err(BuildError::Refused(format!(
            "{user} is not a user of remediation"
        )));
    }
    let key = configured(context, "access_key_id", is_name)?;
    let read = ApiCall::new(Operation::ListAccessKeys, json!({"UserName": user}));
    let answer = remediator.cloud.call(&read).await?;
    let keys = "/ListAccessKeysResult/AccessKeyMetadata";
    let found = answer
        .pointer(keys)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .find(|found| found.get("AccessKeyId") == Some(&json!(key)))
        .cloned()
        .ok_or_else(|| BuildError::Refused(format!("{user} has no such key")))?;
    if found.get("Status") != Some(&json!("Active")) {
        return Err(BuildError::Refused(format!(
            "the key of {user} is not active"
        )));
    }
    let is = |status: &str| Probe {
        says: format!("the key of {user} is {status}"),
        read: read.clone(),
        at: keys.to_owned(),
        expect: Expect::Has {
            fields: json!({"AccessKeyId": key, "Status": status}),
        },
    };
    let set = |status: &str| {
        ApiCall::new(
            Operation::UpdateAccessKey,
            json!({"UserName": user, "AccessKeyId": key, "Status": status}),
        )
        .landed_when(is(status))
    };
    let target = Target::AccessKey {
        user: user.clone(),
        access_key_id: key.clone(),
    };
    let action = action_id(context, &target);
    let draft = Draft {
        target,
        preconditions: vec![is("Active")],
        calls: vec![set("Inactive")],
        blast_radius: BlastRadius {
            scope: format!("whatever signs with this key of {user} is refused"),
            resources: 1,
            share_percent: None,
        },
        prior_state: found,
        check: vec![is("Inactive")],
        undo: Undo::Calls {
            calls: vec![set("Active")],
            restored: vec![is("Active")],
        },
    };
    Ok(draft.plan(context, action))
}
