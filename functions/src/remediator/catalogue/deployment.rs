//! Actions on a Deployment of the cluster: restart its pods, or roll it back to its last revision.

use aiops_domain::plan::{
    ApiCall, BlastRadius, Expect, Operation, Probe, RemediationPlan, Target, Undo,
};
use serde_json::{Value, json};

use super::resource::{Draft, action_id, check_labels, cluster, configured, is_dns_name, number};
use super::{BuildError, Context, Remediator};
use crate::ports::cloud::{Cloud, Topic};
use crate::ports::{Clock, Table};

/// The annotation of a restart: a change of it alone makes new pods.
const RESTARTED: &str = "aiops/restarted-by";

/// The annotation in which the cluster counts the revisions of a Deployment.
const REVISION: &str = "/metadata/annotations/deployment.kubernetes.io~1revision";

/// What both look at.
struct Found {
    cluster: String,
    namespace: String,
    name: String,
    read: ApiCall,
    deployment: Value,
    replicas: u32,
    generation: u32,
}

impl Found {
    fn target(&self) -> Target {
        Target::Deployment {
            cluster: self.cluster.clone(),
            namespace: self.namespace.clone(),
            deployment: self.name.clone(),
        }
    }

    fn probe(&self, says: String, at: &str, expect: Expect) -> Probe {
        Probe {
            says,
            read: self.read.clone(),
            at: at.to_owned(),
            expect,
        }
    }

    fn patch(&self, kind: &str, patch: Value) -> ApiCall {
        ApiCall::new(
            Operation::PatchDeployment,
            json!({"cluster": self.cluster, "namespace": self.namespace, "name": self.name,
                   "kind": kind, "patch": patch}),
        )
    }

    /// The pods of a generation after the one that was planned on are all there.
    fn rolled_out(&self) -> Vec<Probe> {
        let (name, replicas) = (&self.name, self.replicas);
        vec![
            self.probe(
                format!("{name}'s controller has seen the change"),
                "/status/observedGeneration",
                Expect::AtLeast {
                    number: i64::from(self.generation) + 1,
                },
            ),
            self.probe(
                format!("all {replicas} pods of {name} are new"),
                "/status/updatedReplicas",
                Expect::Equal {
                    value: json!(replicas),
                },
            ),
            self.probe(
                format!("all {replicas} pods of {name} are available"),
                "/status/availableReplicas",
                Expect::Equal {
                    value: json!(replicas),
                },
            ),
        ]
    }
}

async fn find<T: Table, C: Cloud, P: Topic, K: Clock>(
    remediator: &Remediator<T, C, P, K>,
    context: &Context<'_>,
) -> Result<Found, BuildError> {
    let rules = &remediator.config.resources;
    let cluster = cluster(rules)?;
    let namespace = configured(context, "namespace", is_dns_name)?;
    if !rules.namespaces.contains(&namespace) {
        return Err(BuildError::Refused(format!(
            "{namespace} is not a namespace of remediation"
        )));
    }
    let name = configured(context, "deployment", is_dns_name)?;
    let read = ApiCall::new(
        Operation::GetDeployment,
        json!({"cluster": cluster, "namespace": namespace, "name": name}),
    );
    let deployment = remediator.cloud.call(&read).await?;
    check_labels(rules, &name, &deployment)?;
    let replicas = number(&deployment, "/spec/replicas")?;
    let generation = number(&deployment, "/metadata/generation")?;
    if replicas == 0 {
        return Err(BuildError::Refused(format!("{name} wants no pods")));
    }
    Ok(Found {
        cluster,
        namespace,
        name,
        read,
        deployment,
        replicas,
        generation,
    })
}

/// Replaces its pods by new ones of the same template, at the Deployment's own pace.
pub(super) async fn restart<T: Table, C: Cloud, P: Topic, K: Clock>(
    remediator: &Remediator<T, C, P, K>,
    context: &Context<'_>,
) -> Result<RemediationPlan, BuildError> {
    let found = find(remediator, context).await?;
    let target = found.target();
    let action = action_id(context, &target);
    let marked = found.probe(
        format!("{} carries the mark of this restart", found.name),
        "/spec/template/metadata/annotations/aiops~1restarted-by",
        Expect::Equal {
            value: json!(action),
        },
    );
    let patch = json!({"spec": {"template": {"metadata": {"annotations": {RESTARTED: action}}}}});
    let mut check = vec![marked.clone()];
    check.extend(found.rolled_out());
    let draft = Draft {
        target,
        preconditions: vec![found.probe(
            format!("{} is as it was planned on", found.name),
            "/metadata/generation",
            Expect::Equal {
                value: json!(found.generation),
            },
        )],
        calls: vec![found.patch("merge", patch).landed_when(marked)],
        blast_radius: BlastRadius {
            scope: format!(
                "the {} pods of {}/{}, a few at a time",
                found.replicas, found.namespace, found.name
            ),
            resources: found.replicas,
            share_percent: None,
        },
        prior_state: json!({
            "generation": found.generation,
            "annotations": found.deployment.pointer("/spec/template/metadata/annotations"),
        }),
        check,
        undo: Undo::Irreversible {
            reason: "a restart cannot be taken back; the pods run the same template".to_owned(),
        },
    };
    Ok(draft.plan(context, action))
}

/// Gives it the template of the revision before the one it has.
pub(super) async fn roll_back<T: Table, C: Cloud, P: Topic, K: Clock>(
    remediator: &Remediator<T, C, P, K>,
    context: &Context<'_>,
) -> Result<RemediationPlan, BuildError> {
    let found = find(remediator, context).await?;
    let sets = ApiCall::new(
        Operation::ListReplicaSets,
        json!({"cluster": found.cluster, "namespace": found.namespace}),
    );
    let sets = remediator.cloud.call(&sets).await?;
    let (revision, before) = previous(&found.deployment, &sets).ok_or_else(|| {
        BuildError::Refused(format!("{} has no revision to roll back to", found.name))
    })?;
    let now = found
        .deployment
        .pointer("/spec/template")
        .cloned()
        .ok_or_else(|| BuildError::Refused(format!("{} has no template", found.name)))?;
    let has = |says: String, template: &Value| {
        found.probe(
            says,
            "/spec/template",
            Expect::Equal {
                value: template.clone(),
            },
        )
    };
    let as_now = has(format!("{} has the template of now", found.name), &now);
    let as_before = has(
        format!("{} has the template of revision {revision}", found.name),
        &before,
    );
    let set = |template: &Value, landed: &Probe| {
        let patch = json!([{"op": "replace", "path": "/spec/template", "value": template}]);
        found.patch("json", patch).landed_when(landed.clone())
    };
    let target = found.target();
    let action = action_id(context, &target);
    let mut check = vec![as_before.clone()];
    check.extend(found.rolled_out());
    let draft = Draft {
        target,
        preconditions: vec![as_now.clone()],
        calls: vec![set(&before, &as_before)],
        blast_radius: BlastRadius {
            scope: format!(
                "the {} pods of {}/{} run revision {revision} again, a few at a time",
                found.replicas, found.namespace, found.name
            ),
            resources: found.replicas,
            share_percent: None,
        },
        check,
        undo: Undo::Calls {
            calls: vec![set(&now, &as_now)],
            restored: vec![as_now],
        },
        prior_state: json!({"template": now}),
    };
    Ok(draft.plan(context, action))
}

/// The highest revision below the Deployment's own among its replica sets, and that one's template
/// without the label that the controller adds.
fn previous(deployment: &Value, sets: &Value) -> Option<(u64, Value)> {
    let revision =
        |object: &Value| -> Option<u64> { object.pointer(REVISION)?.as_str()?.parse().ok() };
    let current = revision(deployment)?;
    let uid = deployment.pointer("/metadata/uid")?;
    let (revision, set) = sets
        .pointer("/items")?
        .as_array()?
        .iter()
        .filter(|set| {
            set.pointer("/metadata/ownerReferences")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .any(|owner| owner.get("uid") == Some(uid))
        })
        .filter_map(|set| Some((revision(set)?, set)))
        .filter(|(revision, _)| *revision < current)
        .max_by_key(|(revision, _)| *revision)?;
    let mut template = set.pointer("/spec/template")?.clone();
    if let Some(labels) = template
        .pointer_mut("/metadata/labels")
        .and_then(Value::as_object_mut)
    {
        labels.remove("pod-template-hash");
    }
    Some((revision, template))
}
