//! The append-only log of an incident: who moved it, when, and why.

use serde::{Deserialize, Serialize};

use super::{IncidentStatus, lifecycle::Trigger};
use crate::time::Time;

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Who {
    /// A part of the system.
    System {
        /// The function and its step.
        component: String,
    },
    /// A person whose Slack identity was proved by a signed interaction.
    Slack {
        /// Slack's user id.
        user_id: String,
    },
    /// A person or role whose identity IAM proved.
    Iam {
        /// The caller's ARN.
        arn: String,
    },
}

impl Who {
    /// A part of the system.
    pub fn system(component: &str) -> Self {
        Self::System {
            component: component.to_owned(),
        }
    }
}

impl std::fmt::Display for Who {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::System { component } => formatter.write_str(component),
            Self::Slack { user_id } => write!(formatter, "slack:{user_id}"),
            Self::Iam { arn } => formatter.write_str(arn),
        }
    }
}

/// One entry of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentEvent {
    /// Its position, from 1, without gaps.
    pub n: u64,
    /// Which opening of the incident it belongs to, from 1.
    pub opening: u64,
    /// When.
    pub at: Time,
    /// Who.
    pub who: Who,
    /// What moved it; none for a remark (an acknowledgement, a label).
    pub trigger: Option<Trigger>,
    /// Where it stood.
    pub from: IncidentStatus,
    /// Where it stands after.
    pub to: IncidentStatus,
    /// Why, for a person.
    pub why: String,
}

/// How an incident came to its end: what the status alone does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The action was made and its check passed.
    Remediated,
    /// Nothing in the catalogue fits, or the policy is off.
    NoAction,
    /// The plan was made and shown, nothing was changed.
    DryRun,
    /// A person refused the plan.
    Denied,
    /// Nobody decided in time.
    Expired,
    /// The check failed and the prior state was restored.
    Undone,
    /// A limit refused it: the allowlist, a cap, a protected resource, the stop switch.
    Refused,
    /// Something failed; the reason is in the log.
    Failed,
    /// A suppression or a maintenance window covers it.
    Suppressed,
}
