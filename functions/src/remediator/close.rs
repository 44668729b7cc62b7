//! The end of every path: a terminal status, what was reserved is given back, and somebody is told.

use aiops_domain::incident::event::Outcome;
use aiops_domain::incident::lifecycle::Trigger;
use serde_json::{Value, json};

use super::{Remediator, State, StepResult, catalogue};
use crate::incidents::{ActionRecord, ActionStatus, items};
use crate::ports::cloud::{Cloud, Topic};
use crate::ports::{Attributes, Clock, Table};

impl<T: Table, C: Cloud, P: Topic, K: Clock> Remediator<T, C, P, K> {
    pub(super) async fn close(&self, mut state: State) -> StepResult<State> {
        let outcome = match (&state.error, state.outcome) {
            (Some(_), _) | (None, None) => Outcome::Failed,
            (None, Some(outcome)) => outcome,
        };
        let why = self.reason(&state, outcome);
        let trigger = match outcome {
            Outcome::Remediated | Outcome::NoAction | Outcome::DryRun | Outcome::Denied => {
                Trigger::Resolve
            }
            Outcome::Undone => Trigger::RollBack,
            Outcome::Suppressed => Trigger::Suppress,
            Outcome::Expired | Outcome::Refused | Outcome::Failed => Trigger::Fail,
        };
        let meta = self.incidents.meta(&state.incident_id).await?;
        if meta.opening == state.opening && !meta.status.is_terminal() {
            self.advance(&state, trigger, "close", &why, Some(outcome))
                .await?;
        }
        if let Some(action_id) = &state.action_id {
            let key = items::action(&state.incident_id, action_id);
            let record = self.incidents.table().get(&key).await?;
            if let Some(record) = record.as_ref().and_then(ActionRecord::read) {
                self.settle(&record, outcome).await?;
            }
        }
        state.outcome = Some(outcome);
        state.why = Some(why);
        state.next = None;
        state.error = None;
        Ok(state)
    }

    /// Gives back what an action that never began had reserved, and says so in its status.
    async fn settle(&self, record: &ActionRecord, outcome: Outcome) -> StepResult<()> {
        let never_began = matches!(
            record.status,
            ActionStatus::Planned
                | ActionStatus::AwaitingApproval
                | ActionStatus::Approved
                | ActionStatus::Denied
                | ActionStatus::Expired
        );
        if never_began {
            catalogue::give_back(self, record).await?;
            let status = match (outcome, record.status) {
                (Outcome::Failed | Outcome::Refused, _) => ActionStatus::Failed,
                (_, status) => status,
            };
            self.settled(record, status).await?;
        } else if outcome == Outcome::Failed && record.status != ActionStatus::Undone {
            // What it changed stays as it is: the rule numbers and the place under the cap stay taken.
            self.settled(record, ActionStatus::Failed).await?;
        }
        Ok(())
    }

    async fn settled(&self, record: &ActionRecord, status: ActionStatus) -> StepResult<()> {
        let set = Attributes::from([("status".to_owned(), json!(status))]);
        self.update_action_as_read(record, set).await
    }

    fn reason(&self, state: &State, outcome: Outcome) -> String {
        let caught = state.error.as_ref().map(|error| {
            let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
            let cause: String = text("Cause").chars().take(400).collect();
            format!("{}: {cause}", text("Error"))
        });
        caught
            .or_else(|| state.why.clone())
            .unwrap_or_else(|| format!("{outcome:?}"))
    }
}
