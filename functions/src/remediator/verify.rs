//! Verification: looks whether the action did what its plan says. The workflow asks again with back-off.

use aiops_domain::incident::event::Outcome;
use serde_json::json;

use super::{Next, Remediator, State, StepError, StepName, StepResult};
use crate::incidents::ActionStatus;
use crate::ports::cloud::{Cloud, Topic};
use crate::ports::{Attributes, Clock, Table};

impl<T: Table, C: Cloud, P: Topic, K: Clock> Remediator<T, C, P, K> {
    pub(super) async fn verify(&self, mut state: State) -> StepResult<State> {
        let record = self.approved(&state, StepName::Verify).await?;
        if matches!(record.status, ActionStatus::Undoing | ActionStatus::Undone) {
            return Err(StepError::Refused {
                action_id: record.plan.action_id,
                detail: "it was undone meanwhile".to_owned(),
            });
        }
        let failing = self.first_failing(&record.plan.check).await?;
        let (passed, detail) = match failing {
            Some(detail) => (false, detail),
            None => {
                let seen: Vec<_> = record
                    .plan
                    .check
                    .iter()
                    .map(|probe| probe.says.as_str())
                    .collect();
                (true, format!("seen: {}", seen.join("; ")))
            }
        };
        let mut set = Attributes::from([(
            "check".to_owned(),
            json!({"passed": passed, "detail": detail}),
        )]);
        if passed {
            set.insert("status".to_owned(), json!(ActionStatus::Verified));
        }
        // A conflict comes again, and then sees what happened.
        self.update_action_as_read(&record, set).await?;
        if !passed {
            return Err(StepError::CheckPending {
                slow: record.plan.action.is_slow(),
                action_id: record.plan.action_id,
                detail,
            });
        }
        state.next = Some(Next::Close);
        state.outcome = Some(Outcome::Remediated);
        state.why = Some(detail);
        Ok(state)
    }
}
