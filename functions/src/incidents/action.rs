//! An incident's `action#<id>` item: the plan as it was approved and how far its execution came.

use aiops_domain::IncidentAction;
use aiops_domain::incident::ActionCheck;
use aiops_domain::plan::RemediationPlan;
use aiops_domain::policy::Mode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::items;
use crate::ports::{Attributes, Item};

/// How far an action came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionStatus {
    /// There is a plan.
    Planned,
    /// Asked for.
    AwaitingApproval,
    /// A person said yes.
    Approved,
    /// A person said no.
    Denied,
    /// Nobody said anything in time.
    Expired,
    /// Its calls have begun.
    Executing,
    /// Its calls were made.
    Executed,
    /// Its check passed.
    Verified,
    /// Its prior state is being restored: nothing of the plan is made any more.
    Undoing,
    /// Its prior state was restored.
    Undone,
    /// It failed; what is left is in the log.
    Failed,
}

impl ActionStatus {
    /// The fixed word.
    pub fn as_str(self) -> String {
        json!(self).as_str().unwrap_or_default().to_owned()
    }
}

/// The item, read.
#[derive(Debug, Clone, PartialEq)]
pub struct ActionRecord {
    /// The plan whose digest this is.
    pub plan: RemediationPlan,
    /// The digest.
    pub plan_digest: String,
    /// How far the policy lets it go.
    pub mode: Mode,
    /// How far it came.
    pub status: ActionStatus,
    /// What the check saw.
    pub check: Option<ActionCheck>,
    /// Whether the prior state was restored.
    pub undone: bool,
    /// Who decided, once somebody did.
    pub decided_by: Option<String>,
}

impl ActionRecord {
    /// The attributes of a new item.
    ///
    /// # Errors
    /// When the plan has no canonical form.
    pub fn attributes(
        plan: &RemediationPlan,
        mode: Mode,
        status: ActionStatus,
    ) -> Result<Attributes, aiops_domain::plan::PlanError> {
        Ok(Attributes::from([
            // Text, so that what is hashed is what is stored, digit by digit.
            ("plan".to_owned(), json!(plan.canonical_json()?)),
            ("plan_digest".to_owned(), json!(plan.digest()?)),
            ("mode".to_owned(), json!(mode)),
            ("status".to_owned(), json!(status)),
            ("undone".to_owned(), json!(false)),
        ]))
    }

    /// Reads an item; `None` if it is malformed or its plan is not the one of its digest.
    pub fn read(item: &Item) -> Option<Self> {
        let text = |name: &str| item.attributes.get(name).and_then(Value::as_str);
        let value = |name: &str| item.attributes.get(name).cloned().unwrap_or(Value::Null);
        let plan: RemediationPlan = serde_json::from_str(text("plan")?).ok()?;
        let plan_digest = plan.digest().ok()?;
        if text("plan_digest")? != plan_digest {
            return None;
        }
        Some(Self {
            plan,
            plan_digest,
            mode: serde_json::from_value(value("mode")).ok()?,
            status: serde_json::from_value(value("status")).ok()?,
            check: serde_json::from_value(value("check")).ok()?,
            undone: item
                .attributes
                .get("undone")
                .and_then(Value::as_bool)
                .unwrap_or(false),
            decided_by: text("decided_by").map(str::to_owned),
        })
    }

    /// The form of interfaces.
    pub fn shown(self) -> IncidentAction {
        IncidentAction {
            id: self.plan.action_id.clone(),
            action: self.plan.action.to_string(),
            target: self.plan.target.to_string(),
            mode: self.mode.as_str().to_owned(),
            status: self.status.as_str(),
            plan_digest: self.plan_digest,
            prior_state: self.plan.prior_state,
            check: self.check,
            undone: self.undone,
        }
    }

    /// Its key.
    pub fn key(&self) -> crate::ports::ItemKey {
        items::action(&self.plan.incident_id, &self.plan.action_id)
    }
}
