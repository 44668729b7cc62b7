//! Undo: restores the prior state with the calls that the plan held from the beginning, and proves it.

use aiops_domain::incident::event::{Outcome, Who};
use aiops_domain::incident::lifecycle::Trigger;
use aiops_domain::plan::Undo;
use serde_json::{Value, json};

use super::calls::Phase;
use super::{Invocation, Next, Remediator, State, StepError, StepName, StepResult, catalogue};
use crate::incidents::{ActionRecord, ActionStatus, Move};
use crate::ports::cloud::{Cloud, Topic};
use crate::ports::{Attributes, Clock, Table};

impl<T: Table, C: Cloud, P: Topic, K: Clock> Remediator<T, C, P, K> {
    /// The workflow's step, after a failed check or a failed call.
    pub(super) async fn undo(&self, mut state: State) -> StepResult<State> {
        let record = self.approved(&state, StepName::Undo).await?;
        let cause = state
            .error
            .as_ref()
            .and_then(|error| error.get("Cause"))
            .and_then(Value::as_str)
            .unwrap_or("the check failed");
        let why: String = format!("undone: {cause}").chars().take(500).collect();
        self.take_back(&record).await?;
        self.advance(
            &state,
            Trigger::RollBack,
            "undo",
            &why,
            Some(Outcome::Undone),
        )
        .await?;
        state.next = Some(Next::Close);
        state.outcome = Some(Outcome::Undone);
        state.why = Some(why);
        state.error = None;
        Ok(state)
    }

    /// A person asks for it: undoes the actions of an incident that are in force.
    pub(super) async fn undo_on_demand(&self, invocation: &Invocation) -> StepResult<Value> {
        let id = invocation
            .incident_id
            .as_deref()
            .ok_or(StepError::Invocation {
                step: StepName::Undo,
                field: "incident_id",
            })?;
        let who = invocation
            .who
            .clone()
            .unwrap_or_else(|| Who::system("remediator:undo"));
        // The incident may have opened again while the action was in force.
        let opening = self.incidents.meta(id).await?.opening;
        let mut undone = Vec::new();
        for record in self.incidents.actions(id).await? {
            let wanted = invocation
                .action_id
                .as_ref()
                .is_none_or(|wanted| *wanted == record.plan.action_id);
            let begun = matches!(
                record.status,
                ActionStatus::Executing
                    | ActionStatus::Executed
                    | ActionStatus::Verified
                    | ActionStatus::Failed
                    | ActionStatus::Undoing
                    | ActionStatus::Undone
            );
            if !wanted || !begun {
                continue;
            }
            // What a limit refused made no call, and its rule numbers may be another action's by now.
            if record.status == ActionStatus::Failed && !self.was_begun(&record, Phase::Do).await? {
                continue;
            }
            self.take_back(&record).await?;
            let step = Move {
                trigger: Trigger::RollBack,
                opening,
                who: &who,
                why: "undone on demand",
                outcome: Some(Outcome::Undone),
            };
            self.incidents.advance(id, &step, self.clock.now()).await?;
            undone.push(record.plan.action_id);
        }
        let meta = self.incidents.meta(id).await?;
        if !undone.is_empty() {
            self.announce(&meta, meta.opening, "undone", 0).await?;
        }
        Ok(json!({"incident_id": id, "status": meta.status, "undone": undone}))
    }

    /// Restores the prior state of one action; doing it again looks and does nothing.
    async fn take_back(&self, record: &ActionRecord) -> StepResult<()> {
        let refused = |detail: String| StepError::Refused {
            action_id: record.plan.action_id.clone(),
            detail,
        };
        if record.status == ActionStatus::Undone {
            return Ok(());
        }
        let (calls, restored) = match &record.plan.undo {
            Undo::Calls { calls, restored } => (calls, restored),
            Undo::Irreversible { reason } => {
                return Err(refused(format!("it cannot be undone: {reason}")));
            }
        };
        // A late copy of the execution finds it so, and does not make again what is taken back.
        self.lease_as(record, ActionStatus::Undoing).await?;
        let result = async {
            self.make_calls(record, Phase::Undo, calls).await?;
            match self.first_failing(restored).await? {
                Some(detail) => Err(StepError::CheckPending {
                    action_id: record.plan.action_id.clone(),
                    detail: format!("the prior state is not restored; {detail}"),
                    slow: record.plan.action.is_slow(),
                }),
                None => Ok(()),
            }
        }
        .await;
        if let Err(error) = result {
            let mut set = Attributes::new();
            if matches!(self.was_begun(record, Phase::Undo).await, Ok(false)) {
                // Nothing was taken back (the stop switch is on): it stands as before.
                set.insert("status".to_owned(), json!(record.status));
            }
            // Let a retry in at once; if even this fails, the lease runs out.
            drop(self.update_action(record, set, true).await);
            return Err(error);
        }
        catalogue::give_back(self, record).await?;
        let set = Attributes::from([
            ("status".to_owned(), json!(ActionStatus::Undone)),
            ("undone".to_owned(), json!(true)),
        ]);
        self.update_action(record, set, true).await
    }
}
