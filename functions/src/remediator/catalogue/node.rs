//! Cordons a node of the cluster and evicts its pods, as `kubectl drain` does: by the eviction API,
//! which refuses what a PodDisruptionBudget protects, and never pods of DaemonSets or static ones.

use aiops_domain::plan::{
    ApiCall, BlastRadius, Expect, Operation, Probe, RemediationPlan, Target, Undo,
};
use serde_json::{Value, json};

use super::resource::{Draft, action_id, check_labels, cluster, identifier, is_dns_name};
use super::{BuildError, Context, Remediator};
use crate::ports::cloud::{Cloud, Topic};
use crate::ports::{Clock, Table};

/// Pods of one node; EKS allows 250 at most, a plan that long is nobody's to approve.
const PODS_MAX: usize = 110;

/// Marks a static pod, which only its node can delete.
const MIRROR: &str = "/metadata/annotations/kubernetes.io~1config.mirror";

/// Cordons and drains.
pub(super) async fn drain<T: Table, C: Cloud, P: Topic, K: Clock>(
    remediator: &Remediator<T, C, P, K>,
    context: &Context<'_>,
) -> Result<RemediationPlan, BuildError> {
    let rules = &remediator.config.resources;
    let cluster = cluster(rules)?;
    let node = identifier(context, "node", is_dns_name)?;
    let read = ApiCall::new(
        Operation::GetNode,
        json!({"cluster": cluster, "name": node}),
    );
    let found = remediator.cloud.call(&read).await?;
    check_labels(rules, &node, &found)?;
    if found.pointer("/spec/unschedulable") == Some(&json!(true)) {
        return Err(BuildError::Refused(format!("{node} is cordoned already")));
    }
    let all = ApiCall::new(Operation::ListNodes, json!({"cluster": cluster}));
    let nodes = remediator.cloud.call(&all).await?;
    let nodes = nodes
        .pointer("/items")
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    if nodes < 2 {
        return Err(BuildError::Refused(format!(
            "{node} is the only node of {cluster}"
        )));
    }
    let pods_of = ApiCall::new(
        Operation::ListPods,
        json!({"cluster": cluster, "fieldSelector": format!("spec.nodeName={node}")}),
    );
    let answer = remediator.cloud.call(&pods_of).await?;
    let pods = movable(&answer)?;
    let schedulable = |says: String, expect: Expect| Probe {
        says,
        read: read.clone(),
        at: "/spec/unschedulable".to_owned(),
        expect,
    };
    let open = schedulable(
        format!("{node} takes new pods"),
        // The API leaves `false` out.
        Expect::OneOf {
            values: vec![Value::Null, json!(false)],
        },
    );
    let cordoned = schedulable(
        format!("{node} takes no new pods"),
        Expect::Equal { value: json!(true) },
    );
    let set = |unschedulable: Value, landed: &Probe| {
        ApiCall::new(
            Operation::PatchNode,
            json!({"cluster": cluster, "name": node,
                   "patch": {"spec": {"unschedulable": unschedulable}}}),
        )
        .landed_when(landed.clone())
    };
    let left = |pod: &Pod| Probe {
        says: format!("{}/{} has left {node}", pod.namespace, pod.name),
        read: pods_of.clone(),
        at: "/items".to_owned(),
        expect: Expect::Lacks {
            fields: json!({"metadata": {"uid": pod.uid}}),
        },
    };
    let mut calls = vec![set(json!(true), &cordoned)];
    calls.extend(pods.iter().map(|pod| {
        ApiCall::new(
            Operation::EvictPod,
            json!({"cluster": cluster, "namespace": pod.namespace, "name": pod.name,
                   "uid": pod.uid}),
        )
        .landed_when(left(pod))
    }));
    let mut check = vec![cordoned];
    check.extend(pods.iter().map(left));
    let target = Target::Node {
        cluster: cluster.clone(),
        node: node.clone(),
    };
    let action = action_id(context, &target);
    let names: Vec<String> = pods
        .iter()
        .map(|pod| format!("{}/{}", pod.namespace, pod.name))
        .collect();
    let count = u32::try_from(pods.len()).unwrap_or(u32::MAX);
    let draft = Draft {
        target,
        preconditions: vec![open.clone()],
        calls,
        blast_radius: BlastRadius {
            scope: format!(
                "{node} and its {count} pods, which start elsewhere and do not come back by an undo"
            ),
            resources: count.saturating_add(1),
            share_percent: Some(100 / u32::try_from(nodes).unwrap_or(u32::MAX)),
        },
        prior_state: json!({"unschedulable": false, "pods": names}),
        check,
        undo: Undo::Calls {
            calls: vec![set(Value::Null, &open)],
            restored: vec![open],
        },
    };
    Ok(draft.plan(context, action))
}

struct Pod {
    namespace: String,
    name: String,
    uid: String,
}

/// The pods that a drain moves.
fn movable(answer: &Value) -> Result<Vec<Pod>, BuildError> {
    let items = answer.pointer("/items").and_then(Value::as_array);
    let text = |pod: &Value, at: &str| pod.pointer(at).and_then(Value::as_str).map(str::to_owned);
    let stays = |pod: &Value| {
        let daemon = pod
            .pointer("/metadata/ownerReferences")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .any(|owner| owner.get("kind") == Some(&json!("DaemonSet")));
        let over = matches!(
            text(pod, "/status/phase").as_deref(),
            Some("Succeeded" | "Failed")
        );
        daemon || over || pod.pointer(MIRROR).is_some()
    };
    let mut pods = Vec::new();
    for pod in items.into_iter().flatten().filter(|pod| !stays(pod)) {
        let owned = pod.pointer("/metadata/ownerReferences/0").is_some();
        let (Some(namespace), Some(name), Some(uid)) = (
            text(pod, "/metadata/namespace"),
            text(pod, "/metadata/name"),
            text(pod, "/metadata/uid"),
        ) else {
            return Err(BuildError::Refused("a pod has no name or uid".to_owned()));
        };
        if !owned {
            return Err(BuildError::Refused(format!(
                "{namespace}/{name} belongs to no controller: nothing would start it again"
            )));
        }
        pods.push(Pod {
            namespace,
            name,
            uid,
        });
    }
    if pods.len() > PODS_MAX {
        return Err(BuildError::Refused(format!(
            "{} pods are too many for one plan",
            pods.len()
        )));
    }
    pods.sort_by(|one, other| (&one.namespace, &one.name).cmp(&(&other.namespace, &other.name)));
    Ok(pods)
}
