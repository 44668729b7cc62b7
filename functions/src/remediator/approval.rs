//! Waiting for a person: the workflow's token is stored with the action, and the question is announced.

use aiops_domain::incident::event::Outcome;
use aiops_domain::incident::lifecycle::Trigger;
use serde_json::json;

use super::{Next, Remediator, State, StepName, StepResult};
use crate::incidents::ActionStatus;
use crate::ports::cloud::{Cloud, Topic};
use crate::ports::{Attributes, Clock, Condition, PortError, Table, Write};

impl<T: Table, C: Cloud, P: Topic, K: Clock> Remediator<T, C, P, K> {
    pub(super) async fn await_approval(&self, state: State, token: &str) -> StepResult<State> {
        let record = self.approved(&state, StepName::AwaitApproval).await?;
        let write = Write::Update {
            key: record.key(),
            set: Attributes::from([
                ("task_token".to_owned(), json!(token)),
                ("status".to_owned(), json!(ActionStatus::AwaitingApproval)),
                ("asked_at".to_owned(), json!(self.clock.now())),
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
        match self.incidents.table().write(write).await {
            Ok(()) | Err(PortError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let why = format!("waits for approval of {}", record.plan_digest);
        self.advance(&state, Trigger::RequestApproval, "approval", &why, None)
            .await?;
        let meta = self.incidents.meta(&state.incident_id).await?;
        self.announce(&meta, "approval_requested").await?;
        Ok(state)
    }

    pub(super) async fn expire(&self, mut state: State) -> StepResult<State> {
        let record = self.approved(&state, StepName::Expire).await?;
        let write = Write::Update {
            key: record.key(),
            set: Attributes::from([("status".to_owned(), json!(ActionStatus::Expired))]),
            add: Default::default(),
            remove: vec!["task_token".to_owned()],
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
        match self.incidents.table().write(write).await {
            Ok(()) | Err(PortError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        state.next = Some(Next::Close);
        state.outcome = Some(Outcome::Expired);
        state.why = Some("nobody decided in time".to_owned());
        state.error = None;
        Ok(state)
    }
}
