//! Execution: the calls of exactly the plan that the policy or a person let through.

use aiops_domain::incident::event::Outcome;
use aiops_domain::incident::lifecycle::Trigger;
use aiops_domain::policy::Mode;
use serde_json::json;

use super::calls::Phase;
use super::guard::Limit;
use super::{Next, Remediator, State, StepError, StepName, StepResult, catalogue};
use crate::incidents::{ActionRecord, ActionStatus, items};
use crate::ports::cloud::{Cloud, Topic};
use crate::ports::{Attributes, Clock, Table};

impl<T: Table, C: Cloud, P: Topic, K: Clock> Remediator<T, C, P, K> {
    pub(super) async fn execute(&self, mut state: State) -> StepResult<State> {
        let record = self.approved(&state, StepName::Execute).await?;
        match (record.status, record.mode) {
            (ActionStatus::Executed | ActionStatus::Verified, _) => {
                // An earlier try may have been killed between the action's status and the incident's.
                return self.to_verify(state).await;
            }
            (ActionStatus::Executing, _)
            | (ActionStatus::Approved, Mode::Approve)
            | (ActionStatus::Planned, Mode::Automatic) => {}
            (status, mode) => {
                return Err(StepError::Refused {
                    action_id: record.plan.action_id.clone(),
                    detail: format!("it is {} in mode {}", status.as_str(), mode.as_str()),
                });
            }
        }
        self.lease_as(&record, record.status).await?;
        let done = self.execute_leased(&state, &record).await;
        match done {
            Ok(None) => {
                self.set_status(&record, ActionStatus::Executed).await?;
                self.to_verify(state).await
            }
            Ok(Some(why)) => {
                self.set_status(&record, ActionStatus::Failed).await?;
                catalogue::give_back(self, &record).await?;
                tracing::warn!(incident = %state.incident_id, action = %record.plan.action_id, %why, "action refused");
                state.next = Some(Next::Close);
                state.outcome = Some(Outcome::Refused);
                state.why = Some(why);
                Ok(state)
            }
            Err(error) => {
                // Let a retry in at once; if even this fails, the lease runs out.
                drop(self.update_action(&record, Attributes::new(), true).await);
                Err(error)
            }
        }
    }

    async fn to_verify(&self, mut state: State) -> StepResult<State> {
        let why = "every call was made";
        self.advance(&state, Trigger::Verify, "execute", why, None)
            .await?;
        state.next = Some(Next::Verify);
        Ok(state)
    }

    /// `Some(why)`: a limit refused it before the first call.
    async fn execute_leased(
        &self,
        state: &State,
        record: &ActionRecord,
    ) -> StepResult<Option<String>> {
        if record.status != ActionStatus::Executing {
            if self.stopped().await? {
                return Ok(Some("the stop switch is on".to_owned()));
            }
            if let Err(why) = catalogue::still_allowed(&self.config, &record.plan) {
                return Ok(Some(why));
            }
            if let Some(detail) = self.first_failing(&record.plan.preconditions).await? {
                return Ok(Some(format!(
                    "a precondition does not hold any more; {detail}"
                )));
            }
            if let Limit::Exceeded(why) = self.hold(record).await? {
                return Ok(Some(why));
            }
            let why = format!("{} {}", record.plan.action, record.plan.target);
            self.advance(state, Trigger::Remediate, "execute", &why, None)
                .await?;
            let set = Attributes::from([("status".to_owned(), json!(ActionStatus::Executing))]);
            self.update_action(record, set, false).await?;
        }
        self.make_calls(record, Phase::Do, &record.plan.calls)
            .await?;
        Ok(None)
    }

    /// The stored action, if it is the one that the state speaks of.
    pub(super) async fn approved(&self, state: &State, step: StepName) -> StepResult<ActionRecord> {
        let action_id = state.action_id.as_deref().ok_or(StepError::Invocation {
            step,
            field: "state.action_id",
        })?;
        let refused = |detail: &str| StepError::Refused {
            action_id: action_id.to_owned(),
            detail: detail.to_owned(),
        };
        let item = self
            .incidents
            .table()
            .get(&items::action(&state.incident_id, action_id))
            .await?
            .ok_or_else(|| refused("there is no such action"))?;
        let record = ActionRecord::read(&item)
            .ok_or_else(|| refused("its stored plan is not the one of its digest"))?;
        if state.plan_digest.as_deref() != Some(record.plan_digest.as_str()) {
            return Err(refused("the plan is not the one that was approved"));
        }
        if record.plan.incident_id != state.incident_id || record.plan.action_id != action_id {
            return Err(refused("the plan belongs to another incident or action"));
        }
        Ok(record)
    }

    pub(super) async fn set_status(
        &self,
        record: &ActionRecord,
        status: ActionStatus,
    ) -> StepResult<()> {
        let set = Attributes::from([("status".to_owned(), json!(status))]);
        self.update_action(record, set, true).await
    }
}
