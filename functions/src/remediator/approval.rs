//! Waiting for a person: the workflow's token is stored with the action, and the question is announced.

use aiops_domain::incident::event::Outcome;
use aiops_domain::incident::lifecycle::Trigger;
use serde_json::json;

use super::{Next, Remediator, State, StepError, StepName, StepResult};
use crate::incidents::{ActionStatus, items};
use crate::ports::cloud::{Cloud, Topic};
use crate::ports::{Attributes, Clock, Condition, Item, PortError, Table, Write};
use crate::token::fingerprint;

/// Tokens of tasks are kept for a day; no approval waits longer.
const WAIT_EXPIRES_SECONDS: i64 = 24 * 3600;

/// Why an incident ended without its action, for a person.
const SILENCE: &str = "nobody decided in time";

/// The same.
pub(crate) const DENIED: &str = "a person refused the plan";

impl<T: Table, C: Cloud, P: Topic, K: Clock> Remediator<T, C, P, K> {
    pub(super) async fn await_approval(&self, state: State, token: &str) -> StepResult<State> {
        let record = self.approved(&state, StepName::AwaitApproval).await?;
        let (incident, action) = (&record.plan.incident_id, &record.plan.action_id);
        let now = self.clock.now();
        // The token first: whoever finds the action waiting finds somebody to answer.
        let wait = Write::Put {
            item: Item {
                key: items::wait(incident, action, &fingerprint(token)),
                attributes: Attributes::from([
                    ("task_token".to_owned(), json!(token)),
                    (
                        "expires".to_owned(),
                        json!(now.as_millis().div_euclid(1000) + WAIT_EXPIRES_SECONDS),
                    ),
                ]),
            },
            condition: None,
        };
        self.incidents.table().write(wait).await?;
        let ask = Write::Update {
            key: record.key(),
            set: Attributes::from([
                ("status".to_owned(), json!(ActionStatus::AwaitingApproval)),
                ("asked_at".to_owned(), json!(now)),
            ]),
            add: Default::default(),
            remove: vec![],
            // A decision that was made is not forgotten by a repeated step.
            condition: Some(Condition::OneOf(
                "status".to_owned(),
                vec![
                    json!(ActionStatus::Planned),
                    json!(ActionStatus::AwaitingApproval),
                ],
            )),
        };
        match self.incidents.table().write(ask).await {
            Ok(()) => {}
            // It was answered to a task that was retried: nobody will answer this one.
            Err(PortError::Conflict { .. }) => return Err(StepError::Decided(action.clone())),
            Err(error) => return Err(error.into()),
        }
        let why = format!("waits for approval of {}", record.plan_digest);
        self.advance(&state, Trigger::RequestApproval, "approval", &why, None)
            .await?;
        let meta = self.incidents.meta(&state.incident_id).await?;
        self.announce(&meta, state.opening, "approval_requested", 0)
            .await?;
        Ok(state)
    }

    /// Goes on as it was decided, where the answer went to a task that is no more.
    pub(super) async fn resume(&self, mut state: State) -> StepResult<State> {
        let record = self.approved(&state, StepName::Resume).await?;
        state.error = None;
        state.next = Some(Next::Close);
        match record.status {
            ActionStatus::Denied => {
                state.outcome = Some(Outcome::Denied);
                state.why = Some(DENIED.to_owned());
            }
            ActionStatus::Expired => {
                state.outcome = Some(Outcome::Expired);
                state.why = Some(SILENCE.to_owned());
            }
            // Execution looks itself whether it may.
            ActionStatus::Approved => state.next = Some(Next::Execute),
            status => {
                state.outcome = Some(Outcome::Refused);
                state.why = Some(format!("the action is {} already", status.as_str()));
            }
        }
        Ok(state)
    }

    pub(super) async fn expire(&self, mut state: State) -> StepResult<State> {
        let record = self.approved(&state, StepName::Expire).await?;
        let write = Write::Update {
            key: record.key(),
            set: Attributes::from([("status".to_owned(), json!(ActionStatus::Expired))]),
            add: Default::default(),
            remove: vec![],
            condition: Some(Condition::OneOf(
                "status".to_owned(),
                vec![
                    json!(ActionStatus::Planned),
                    json!(ActionStatus::AwaitingApproval),
                    // Approved at the last moment, after the workflow had stopped waiting.
                    json!(ActionStatus::Approved),
                ],
            )),
        };
        state.error = None;
        match self.incidents.table().write(write).await {
            Ok(()) => {}
            // Decided at the last moment, and the answer found nobody: a refusal stays one.
            Err(PortError::Conflict { .. }) => return self.resume(state).await,
            Err(error) => return Err(error.into()),
        }
        state.next = Some(Next::Close);
        state.outcome = Some(Outcome::Expired);
        state.why = Some(SILENCE.to_owned());
        Ok(state)
    }
}
