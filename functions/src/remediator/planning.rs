//! Planning: which action answers, how far the policy lets it go, and the plan itself.

use aiops_domain::Finding;
use aiops_domain::incident::event::Outcome;
use aiops_domain::incident::lifecycle::Trigger;
use aiops_domain::policy::team::UNOWNED;
use aiops_domain::policy::{Mode, Situation};

use super::catalogue::{BuildError, Context};
use super::standing::{Standing, standing};
use super::{Next, Remediator, State, StepError, StepResult, catalogue};
use crate::incidents::{ActionRecord, ActionStatus, items};
use crate::ports::cloud::{Cloud, Topic};
use crate::ports::{Clock, Condition, Item, PortError, Table, Write};

/// Findings that are looked at for a target.
const MAX_FINDINGS: usize = 100;

impl<T: Table, C: Cloud, P: Topic, K: Clock> Remediator<T, C, P, K> {
    pub(super) async fn plan(&self, mut state: State) -> StepResult<State> {
        let meta = self.incidents.meta(&state.incident_id).await?;
        let response = self.config.responses.iter().find(|response| {
            response.kinds.contains(&meta.kind)
                && response
                    .sources
                    .as_ref()
                    .is_none_or(|sources| sources.contains(&meta.source))
        });
        let Some(response) = response else {
            return self
                .without_action(state, Outcome::NoAction, "no action answers this kind")
                .await;
        };
        let mode = self.config.policy.mode(&Situation {
            action: response.action,
            kind: meta.kind,
            source: meta.source,
            entity: &meta.entity,
            severity: meta.severity,
            confidence: meta.confidence,
            team: meta.team.as_deref().unwrap_or(UNOWNED),
        });
        if mode == Mode::Off {
            let why = format!("the policy for {} is off", response.action);
            return self.without_action(state, Outcome::NoAction, &why).await;
        }
        let actions = self.incidents.actions(&meta.id).await?;
        let planned = actions
            .iter()
            .find(|record| record.plan.opening == state.opening);
        let record = match planned {
            Some(record) => record.clone(),
            None => {
                let findings = self.findings(&meta.id, state.opening).await?;
                let context = Context {
                    meta: &meta,
                    opening: state.opening,
                    findings: &findings,
                    standing: &standing(&actions, state.opening, response.action, mode),
                    response,
                    reserve: mode != Mode::DryRun,
                };
                match catalogue::build(self, &context).await {
                    Ok(plan) => self.record(plan, mode).await?,
                    Err(BuildError::Answered(standing)) => {
                        let Standing { outcome, why, .. } = standing;
                        state.standing = true;
                        return self.without_action(state, outcome, &why).await;
                    }
                    Err(BuildError::Refused(why)) => {
                        return self.without_action(state, Outcome::Refused, &why).await;
                    }
                    Err(BuildError::Step(error)) => return Err(error),
                }
            }
        };
        let why = format!(
            "{} {}, mode {}, plan {}",
            record.plan.action,
            record.plan.target,
            record.mode.as_str(),
            record.plan_digest
        );
        self.advance(&state, Trigger::Plan, "plan", &why, None)
            .await?;
        state.action_id = Some(record.plan.action_id.clone());
        state.plan_digest = Some(record.plan_digest.clone());
        state.next = Some(match record.mode {
            Mode::Approve => Next::Approve,
            Mode::Automatic => Next::Execute,
            Mode::Off | Mode::DryRun => {
                state.outcome = Some(Outcome::DryRun);
                state.why = Some("the policy asks for a dry run: nothing was changed".to_owned());
                Next::Close
            }
        });
        // An approval announces itself once its token is known, and a dry run is over with its end.
        if record.mode == Mode::Automatic {
            let meta = self.incidents.meta(&state.incident_id).await?;
            self.announce(&meta, state.opening, "opened", 0).await?;
        }
        Ok(state)
    }

    /// The findings of the opening: what goes on now, not what went on in an earlier one.
    async fn findings(&self, id: &str, opening: u64) -> StepResult<Vec<Finding>> {
        let of_opening = self
            .incidents
            .actors_of_opening(id, opening, MAX_FINDINGS)
            .await?;
        if of_opening.is_empty() {
            Ok(self.incidents.findings(id, MAX_FINDINGS).await?)
        } else {
            Ok(of_opening)
        }
    }

    async fn record(
        &self,
        plan: aiops_domain::RemediationPlan,
        mode: Mode,
    ) -> StepResult<ActionRecord> {
        let refused = |detail: String| StepError::Refused {
            action_id: plan.action_id.clone(),
            detail,
        };
        let key = items::action(&plan.incident_id, &plan.action_id);
        let attributes = ActionRecord::attributes(&plan, mode, ActionStatus::Planned)
            .map_err(|error| refused(error.to_string()))?;
        let item = Item {
            key: key.clone(),
            attributes,
        };
        let write = Write::Put {
            item: item.clone(),
            condition: Some(Condition::Absent),
        };
        let stored = match self.incidents.table().write(write).await {
            Ok(()) => Some(item),
            // Another execution planned first: its plan is the plan.
            Err(PortError::Conflict { .. }) => self.incidents.table().get(&key).await?,
            Err(error) => return Err(error.into()),
        };
        stored
            .as_ref()
            .and_then(ActionRecord::read)
            .ok_or_else(|| refused("its item cannot be read".to_owned()))
    }

    async fn without_action(
        &self,
        mut state: State,
        outcome: Outcome,
        why: &str,
    ) -> StepResult<State> {
        if outcome == Outcome::Refused {
            tracing::warn!(incident = %state.incident_id, %why, "no plan: refused");
        }
        self.advance(&state, Trigger::Plan, "plan", why, None)
            .await?;
        state.next = Some(Next::Close);
        state.outcome = Some(outcome);
        state.why = Some(why.to_owned());
        Ok(state)
    }
}
