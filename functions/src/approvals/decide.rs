//! The decision itself: once, by an approver of the incident's team, on exactly the plan that was shown.

use aiops_domain::Time;
use aiops_domain::incident::event::{Outcome, Who};
use aiops_domain::policy::team::UNOWNED;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Approvals, Refused};
use crate::incidents::{ActionRecord, ActionStatus, Meta, entry, items, remark_of};
use crate::ports::cloud::Secrets;
use crate::ports::{Attributes, Clock, Condition, Item, PortError, Table, Workflow, Write};
use crate::remediator::approval::DENIED;
use crate::token::fingerprint;

/// Tries of a transaction that the incident's other writers keep winning.
const MAX_TRIES: usize = 8;

/// Where the action and the token stand in the transaction of a decision.
const ACTION: usize = 0;
/// The same.
const TOKEN: usize = 3;

/// A reason is at most this long.
const MAX_REASON_CHARS: usize = 500;

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum Choice {
    Approve,
    Deny,
}

impl Choice {
    const fn status(self) -> ActionStatus {
        match self {
            Self::Approve => ActionStatus::Approved,
            Self::Deny => ActionStatus::Denied,
        }
    }
}

/// What somebody decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// The incident.
    pub incident_id: String,
    /// The action.
    pub action_id: String,
    /// The digest of the plan that was shown.
    pub plan_digest: String,
    /// Yes or no.
    pub choice: Choice,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// The action.
    pub action_id: String,
    /// Yes or no.
    pub choice: Choice,
    /// By whom.
    pub by: String,
}

impl<T: Table, W: Workflow, S: Secrets, K: Clock> Approvals<T, W, S, K> {
    /// The stored action.
    pub(super) async fn record(
        &self,
        incident_id: &str,
        action_id: &str,
    ) -> Result<ActionRecord, Refused> {
        let key = items::action(incident_id, action_id);
        let item = self
            .incidents
            .table()
            .get(&key)
            .await?
            .ok_or(Refused::NoAction)?;
        ActionRecord::read(&item).ok_or(Refused::PlanChanged)
    }

    pub(super) async fn decide(
        &self,
        decision: &Decision,
        who: &Who,
        token: Option<&str>,
        now: Time,
    ) -> Result<Decided, Refused> {
        let record = self
            .record(&decision.incident_id, &decision.action_id)
            .await?;
        if record.plan_digest != decision.plan_digest {
            return Err(Refused::PlanChanged);
        }
        let meta = self.incidents.meta(&decision.incident_id).await?;
        self.check_approver(&meta, who)?;
        let status = decision.choice.status();
        let decided = Decided {
            action_id: decision.action_id.clone(),
            choice: decision.choice,
            by: who.to_string(),
        };
        let again = record.status == status && record.decided_by.as_deref() == Some(&decided.by);
        if again {
            // The decision was recorded, and its answer may have been lost on the way to the workflow.
            return if self.answer_workflow(&record, decision).await? {
                Ok(decided)
            } else {
                Err(Refused::Replayed)
            };
        }
        self.record_decision(decision, who, &decided, &record, token, now)
            .await?;
        tracing::info!(incident = %decision.incident_id, action = %decision.action_id, %who, choice = ?decision.choice, "decided");
        if self.answer_workflow(&record, decision).await? {
            Ok(decided)
        } else {
            Err(Refused::NotWaiting(
                "the workflow stopped waiting".to_owned(),
            ))
        }
    }

    /// Writes the decision, the use of the token and the entry of the log together.
    async fn record_decision(
        &self,
        decision: &Decision,
        who: &Who,
        decided: &Decided,
        record: &ActionRecord,
        token: Option<&str>,
        now: Time,
    ) -> Result<(), Refused> {
        let status = decision.choice.status();
        let reason: String = decision
            .reason
            .iter()
            .flat_map(|reason| reason.chars())
            .take(MAX_REASON_CHARS)
            .collect();
        let why = format!(
            "{:?} of plan {}: {reason}",
            decision.choice, decision.plan_digest
        );
        let why = why.trim_end_matches([':', ' ']);
        for _ in 0..MAX_TRIES {
            let meta = self.incidents.meta(&decision.incident_id).await?;
            let event = remark_of(&meta, who, why, now);
            let mut writes = vec![Write::Update {
                key: record.key(),
                set: Attributes::from([
                    ("status".to_owned(), json!(status)),
                    ("decided_by".to_owned(), json!(decided.by)),
                    ("decided_at".to_owned(), json!(now)),
                ]),
                add: Default::default(),
                remove: vec![],
                condition: Some(Condition::All(vec![
                    Condition::Equals("status".to_owned(), json!(ActionStatus::AwaitingApproval)),
                    Condition::Equals("plan_digest".to_owned(), json!(decision.plan_digest)),
                ])),
            }];
            writes.extend(entry(
                &decision.incident_id,
                &meta,
                &event,
                Attributes::new(),
                vec![],
            ));
            writes.extend(token.map(|token| used(token, &decided.by, now)));
            match self.incidents.table().transact(writes).await {
                Ok(()) => return Ok(()),
                Err(PortError::Conflict { failed, .. }) if failed.contains(&TOKEN) => {
                    return Err(Refused::Replayed);
                }
                Err(PortError::Conflict { failed, .. }) if failed.contains(&ACTION) => {
                    let record = self
                        .record(&decision.incident_id, &decision.action_id)
                        .await?;
                    let by = record.decided_by.unwrap_or_else(|| "nobody".to_owned());
                    return Err(Refused::NotWaiting(format!(
                        "it is {} by {by}",
                        record.status.as_str()
                    )));
                }
                // The incident moved on meanwhile.
                Err(PortError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Refused::Port(PortError::Transient {
            what: format!("incident {}", decision.incident_id),
            detail: "others keep writing it".to_owned(),
        }))
    }

    fn check_approver(&self, meta: &Meta, who: &Who) -> Result<(), Refused> {
        let team = meta.team.as_deref().unwrap_or(UNOWNED);
        let allowed = self
            .config
            .approvers
            .get(team)
            .is_some_and(|approvers| match who {
                Who::Slack { user_id } => approvers.slack_user_ids.contains(user_id),
                Who::Iam { arn } => approvers.allows_arn(arn),
                Who::System { .. } => false,
            });
        if allowed {
            Ok(())
        } else {
            Err(Refused::NotAnApprover {
                who: who.to_string(),
                team: team.to_owned(),
            })
        }
    }

    /// Tells the workflow; `false` if nobody waits any more.
    async fn answer_workflow(
        &self,
        record: &ActionRecord,
        decision: &Decision,
    ) -> Result<bool, Refused> {
        let mut state = json!({
            "incident_id": record.plan.incident_id,
            "opening": record.plan.opening,
            "action_id": record.plan.action_id,
            "plan_digest": record.plan_digest,
        });
        if let Some(fields) = state.as_object_mut() {
            match decision.choice {
                Choice::Approve => {
                    fields.insert("next".to_owned(), json!("execute"));
                }
                Choice::Deny => {
                    fields.insert("next".to_owned(), json!("close"));
                    fields.insert("outcome".to_owned(), json!(Outcome::Denied));
                    fields.insert("why".to_owned(), json!(DENIED));
                }
            }
        }
        // A task that was retried left several tokens; one of them is waited for.
        let mut heard = false;
        let plan = &record.plan;
        for token in self
            .incidents
            .waiting(&plan.incident_id, &plan.action_id)
            .await?
        {
            heard |= self.workflow.succeed(&token, state.to_string()).await?;
        }
        Ok(heard)
    }
}

/// That a token was used, once.
fn used(token: &str, by: &str, now: Time) -> Write {
    Write::Put {
        item: Item {
            key: items::used_token(&fingerprint(token)),
            attributes: Attributes::from([
                ("by".to_owned(), json!(by)),
                // Longer than any token is valid.
                (
                    "expires".to_owned(),
                    json!(now.as_millis().div_euclid(1000) + 7 * 86_400),
                ),
            ]),
        },
        condition: Some(Condition::Absent),
    }
}
