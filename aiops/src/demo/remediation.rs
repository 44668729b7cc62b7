//! Remediation in the demonstration: what an operator did before it by hand, and the undo after it.

use aiops_domain::Incident;
use anyhow::bail;
use reqwest::Method;
use serde::Serialize;
use serde_json::{Value, json};

use super::answers::{Answer, Course};
use super::incidents::IncidentReader;
use super::on_call::Decision;
use super::places::Places;
use super::state::Snapshot;
use crate::local::aws::query::Parameters;
use crate::local::aws::{Aws, EC2};
use crate::workload::topology::PARTNER;

/// Before remediation's own rules, so that no denial of theirs reaches the partner.
const PARTNER_RULE: &str = "20";

/// How incidents were answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remediation {
    /// Each action's course.
    pub answers: Vec<Answer>,
    /// What the person on call decided.
    pub decisions: Vec<Decision>,
    /// Whether in the end everything is as it was before; unknown while actions stay in force.
    pub restored: Option<bool>,
}

impl Remediation {
    /// What is not as it should be.
    pub fn problems(&self) -> Vec<String> {
        let mut problems: Vec<String> = self.answers.iter().flat_map(Answer::problems).collect();
        for course in Course::SHOWN {
            if !self.answers.iter().any(|answer| answer.course == course) {
                problems.push(format!("no action was {}", course.says()));
            }
        }
        for decision in &self.decisions {
            if decision.status != 200 {
                problems.push(format!(
                    "the endpoint answered {} to `{}` for {}",
                    decision.status, decision.choice, decision.plan
                ));
            }
        }
        if self.restored == Some(false) {
            problems.push("the undo did not restore the cloud's state".to_owned());
        }
        problems
    }
}

/// Lets a partner's network in and out past everything else, by hand, as somebody once did who did not
/// think of denials: one of them will have no effect.
pub async fn let_partner_in(aws: &Aws, places: &Places) -> anyhow::Result<()> {
    for acl in &places.network_acl_ids {
        for egress in ["false", "true"] {
            let parameters = Parameters::new()
                .with("NetworkAclId", acl)
                .with("RuleNumber", PARTNER_RULE)
                .with("Egress", egress)
                .with("Protocol", "-1")
                .with("RuleAction", "allow")
                .with("CidrBlock", format!("{PARTNER}/24"));
            aws.query(EC2, "CreateNetworkAclEntry", &parameters).await?;
        }
    }
    Ok(())
}

/// Undoes every action that is in force.
pub async fn undo_all(aws: &Aws, places: &Places, incidents: &[Incident]) -> anyhow::Result<()> {
    for incident in incidents {
        for action in &incident.actions {
            let in_force =
                !action.undone && matches!(action.status.as_str(), "executed" | "verified");
            if in_force {
                undo(aws, places, &incident.id, &action.id).await?;
            }
        }
    }
    Ok(())
}

/// The answers to `incidents`; `seen` are the states of the cloud, in order.
pub async fn answers(
    reader: &IncidentReader,
    incidents: &[Incident],
    seen: &[Snapshot],
) -> anyhow::Result<Vec<Answer>> {
    let mut answers = Vec::new();
    for incident in incidents {
        for record in reader.actions(&incident.id).await? {
            answers.push(Answer::new(incident, &record, seen));
        }
    }
    Ok(answers)
}

/// What `aiops incidents undo` does: the remediator undoes an action from its recorded prior state.
async fn undo(aws: &Aws, places: &Places, incident: &str, action: &str) -> anyhow::Result<()> {
    let answer = aws
        .rest(
            "lambda",
            Method::POST,
            &format!("/2015-03-31/functions/{}/invocations", places.remediator),
            Some(json!({"step": "undo", "incident_id": incident, "action_id": action})),
        )
        .await?;
    if let Some(error) = answer.get("errorMessage").and_then(Value::as_str) {
        bail!("undoing {action} of {incident}: {error}");
    }
    Ok(())
}
