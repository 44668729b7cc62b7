//! The catalogue: how each action is planned. A builder reads the world through the seam and answers a
//! typed plan, or why there is none; it changes nothing but reservations in the table.

use aiops_domain::config::RemediatorConfig;
use aiops_domain::config::remediator::Response;
use aiops_domain::plan::{ActionName, Operation, Target};
use aiops_domain::{Finding, RemediationPlan};
use serde_json::{Value, json};

use super::standing::Standing;
use super::{Remediator, StepError, StepResult};
use crate::incidents::{ActionRecord, Meta, items};
use crate::ports::cloud::{Cloud, Topic};
use crate::ports::{Clock, Condition, PortError, Table, Write};

mod capacity;
mod deny_address;
mod deployment;
mod instance;
mod node;
mod replace;
mod resource;
mod security_group;

/// What a builder looks at.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The incident.
    pub meta: &'a Meta,
    /// Its opening.
    pub opening: u64,
    /// The findings of this opening.
    pub findings: &'a [Finding],
    /// What earlier openings of the incident did and still stands.
    pub standing: &'a [Standing],
    /// The response of the configuration.
    pub response: &'a Response,
    /// Whether reservations are made: a dry run takes nothing.
    pub reserve: bool,
}

/// Why there is no plan.
#[derive(Debug)]
pub enum BuildError {
    /// A limit or the state of the world refuses it.
    Refused(String),
    /// An earlier opening gave this very answer, and it stands.
    Answered(Standing),
    /// It could not be looked at.
    Step(StepError),
}

impl From<PortError> for BuildError {
    fn from(error: PortError) -> Self {
        match error {
            // What the other side refuses to tell cannot be planned on.
            PortError::Permanent { .. } => Self::Refused(error.to_string()),
            other => Self::Step(other.into()),
        }
    }
}

impl From<StepError> for BuildError {
    fn from(error: StepError) -> Self {
        Self::Step(error)
    }
}

/// The plan of the response's action.
pub(super) async fn build<T: Table, C: Cloud, P: Topic, K: Clock>(
    remediator: &Remediator<T, C, P, K>,
    context: &Context<'_>,
) -> Result<RemediationPlan, BuildError> {
    let action = context.response.action;
    // Only an address is chosen by the findings; every other target follows from the incident itself.
    if action != ActionName::DenyAddress
        && let Some(standing) = context.standing.last()
    {
        return Err(BuildError::Answered(standing.clone()));
    }
    match action {
        ActionName::DenyAddress => deny_address::build(remediator, context).await,
        ActionName::IsolateInstance => instance::isolate(remediator, context).await,
        ActionName::RebootInstance => instance::reboot(remediator, context).await,
        ActionName::RunDocument => instance::run_document(remediator, context).await,
        ActionName::RaiseShardCount => capacity::raise_shards(remediator, context).await,
        ActionName::ScaleNodeGroup => capacity::scale_node_group(remediator, context).await,
        ActionName::DeactivateAccessKey => capacity::deactivate_key(remediator, context).await,
        ActionName::RevokeSecurityGroupRule => security_group::revoke(remediator, context).await,
        ActionName::ReplaceInstance => replace::replace(remediator, context).await,
        ActionName::DrainNode => node::drain(remediator, context).await,
        ActionName::RestartDeployment => deployment::restart(remediator, context).await,
        ActionName::RollBackDeployment => deployment::roll_back(remediator, context).await,
    }
}

/// Looks once more, right before the first call, whether the configuration of now allows the target.
pub(super) fn still_allowed(
    config: &RemediatorConfig,
    plan: &RemediationPlan,
) -> Result<(), String> {
    let protected = &config.resources.protected_ids;
    let ids: Vec<&String> = match &plan.target {
        Target::Address {
            address,
            network_acl_ids,
        } => {
            config
                .addresses
                .check(*address)
                .map_err(|refused| refused.to_string())?;
            if let Some(foreign) = network_acl_ids
                .iter()
                .find(|id| !config.network_acls.ids.contains(id))
            {
                return Err(format!("{foreign} is not a network ACL of remediation"));
            }
            network_acl_ids.iter().collect()
        }
        Target::SecurityGroupRule { group_id, .. } => vec![group_id],
        Target::Instance { instance_id } => vec![instance_id],
        Target::Node { node, .. } => vec![node],
        Target::Deployment { deployment, .. } => vec![deployment],
        Target::NodeGroup { node_group, .. } => vec![node_group],
        Target::AccessKey { user, .. } => vec![user],
        Target::Stream { stream } => vec![stream],
    };
    match ids.into_iter().find(|id| protected.contains(id)) {
        Some(id) => Err(format!("{id} is protected")),
        None => Ok(()),
    }
}

/// Gives back what the plan reserved: its place under the cap and its rule numbers.
pub(super) async fn give_back<T: Table, C: Cloud, P: Topic, K: Clock>(
    remediator: &Remediator<T, C, P, K>,
    record: &ActionRecord,
) -> StepResult<()> {
    let plan = &record.plan;
    remediator.release(plan.action, &plan.action_id).await?;
    for call in &plan.calls {
        if call.operation != Operation::CreateNetworkAclEntry {
            continue;
        }
        let acl = call.parameters.get("NetworkAclId").and_then(Value::as_str);
        let number = call
            .parameters
            .get("RuleNumber")
            .and_then(Value::as_u64)
            .and_then(|number| u16::try_from(number).ok());
        let (Some(acl), Some(number)) = (acl, number) else {
            continue;
        };
        let write = Write::Delete {
            key: items::rule_number(acl, number),
            condition: Some(Condition::Equals(
                "action_id".to_owned(),
                json!(plan.action_id),
            )),
        };
        match remediator.incidents.table().write(write).await {
            Ok(()) | Err(PortError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
