//! A remediation as data: what it acts on, what must hold before, the exact calls, how far it reaches,
//! the state before, how to see that it worked, and how to take it back. What is approved is the digest
//! of this value, and what is executed are its calls, so approving one plan can never run another.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::finding::hex;

pub mod operation;
pub mod probe;
pub mod target;

pub use operation::Operation;
pub use probe::{Expect, Probe};
pub use target::{ActionName, Target};

/// The version that is written into new plans.
pub const PLAN_VERSION: u8 = 1;

/// One call to an API of AWS or of a cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApiCall {
    /// Which call: the set is closed.
    pub operation: Operation,
    /// Its parameters by the API's own names.
    pub parameters: Value,
    /// How to see that it has already happened. A call that was begun and whose end is not known is
    /// repeated only if this does not hold; without it, it is never repeated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub landed: Option<Box<Probe>>,
}

impl ApiCall {
    /// The call with these parameters, made at most once.
    pub const fn new(operation: Operation, parameters: Value) -> Self {
        Self {
            operation,
            parameters,
            landed: None,
        }
    }

    /// This call with the probe that shows that it happened.
    #[must_use]
    pub fn landed_when(mut self, probe: Probe) -> Self {
        self.landed = Some(Box::new(probe));
        self
    }
}

/// How far an action reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlastRadius {
    /// What it touches, for a person.
    pub scope: String,
    /// How many resources it touches.
    pub resources: u32,
    /// Which share of their group that is, in percent, where there is a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_percent: Option<u32>,
}

/// How to take an action back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Undo {
    /// These calls restore the prior state, which the probes then show.
    Calls {
        /// In this order.
        calls: Vec<ApiCall>,
        /// What holds once it is restored.
        restored: Vec<Probe>,
    },
    /// It cannot be taken back: said before anybody approves it.
    Irreversible {
        /// Why.
        reason: String,
    },
}

/// A remediation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RemediationPlan {
    /// [`PLAN_VERSION`].
    pub version: u8,
    /// [`RemediationPlan::action_id_for`] of what it is.
    pub action_id: String,
    /// The incident it answers.
    pub incident_id: String,
    /// The opening of the incident.
    pub opening: u64,
    /// Name in the catalogue.
    pub action: ActionName,
    /// What it acts on.
    pub target: Target,
    /// What must hold right before the first call.
    pub preconditions: Vec<Probe>,
    /// The calls, in order.
    pub calls: Vec<ApiCall>,
    /// How far it reaches.
    pub blast_radius: BlastRadius,
    /// The state before, as the APIs told it.
    pub prior_state: Value,
    /// What holds once it worked.
    pub check: Vec<Probe>,
    /// How to take it back.
    pub undo: Undo,
}

/// A plan that has no digest.
#[derive(Debug, thiserror::Error)]
#[error("the plan of action {action_id} has no canonical form: {detail}")]
pub struct PlanError {
    action_id: String,
    detail: String,
}

impl RemediationPlan {
    /// The id of one action of an opening of an incident on a target: planning again gives it again.
    pub fn action_id_for(
        incident_id: &str,
        opening: u64,
        action: ActionName,
        target: &Target,
    ) -> String {
        let mut hash = Sha256::new();
        for part in [
            incident_id,
            &opening.to_string(),
            action.as_str(),
            &target.to_string(),
        ] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let digest = hash.finalize();
        format!("act-{}", hex(digest.get(..8).unwrap_or(&digest)))
    }

    /// The plan as RFC 8785 JSON: the form that is stored and whose hash is approved.
    ///
    /// # Errors
    /// When a value in it has no such form (a number that is not finite).
    pub fn canonical_json(&self) -> Result<String, PlanError> {
        serde_json_canonicalizer::to_string(self).map_err(|error| PlanError {
            action_id: self.action_id.clone(),
            detail: error.to_string(),
        })
    }

    /// sha256 of [`Self::canonical_json`], 64 hex digits.
    ///
    /// # Errors
    /// As [`Self::canonical_json`].
    pub fn digest(&self) -> Result<String, PlanError> {
        self.canonical_json()
            .map(|json| hex(&Sha256::digest(json.as_bytes())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn plan(address: &str) -> RemediationPlan {
        let target = Target::Address {
            address: address.parse().unwrap(),
            network_acl_ids: vec!["acl-1".into()],
        };
        RemediationPlan {
            version: PLAN_VERSION,
            action_id: RemediationPlan::action_id_for("inc", 1, ActionName::DenyAddress, &target),
            incident_id: "inc".into(),
            opening: 1,
            action: ActionName::DenyAddress,
            target,
            preconditions: vec![],
            calls: vec![ApiCall::new(
                Operation::CreateNetworkAclEntry,
                json!({"RuleNumber": 1, "CidrBlock": format!("{address}/32")}),
            )],
            blast_radius: BlastRadius {
                scope: "two subnets".into(),
                resources: 2,
                share_percent: None,
            },
            prior_state: json!({"b": [], "a": 1}),
            check: vec![],
            undo: Undo::Irreversible {
                reason: "for the test".into(),
            },
        }
    }

    #[test]
    fn the_digest_follows_the_content_and_not_the_order_of_keys() {
        let one = plan("203.0.113.7");
        let mut reordered = one.clone();
        reordered.prior_state = json!({"a": 1, "b": []});
        assert_eq!(one.digest().unwrap(), reordered.digest().unwrap());
        assert_ne!(one.digest().unwrap(), plan("203.0.113.8").digest().unwrap());
        assert_eq!(one.digest().unwrap().len(), 64);
    }

    #[test]
    fn the_stored_form_reads_back_to_the_same_digest() {
        let one = plan("2001:db8::1");
        let read: RemediationPlan = serde_json::from_str(&one.canonical_json().unwrap()).unwrap();
        assert_eq!(read, one);
        assert_eq!(read.digest().unwrap(), one.digest().unwrap());
    }
}
