//! `remediator`: the steps of the workflow that follow when an incident opens. Each step is safe to run
//! twice; what it decided is in the table, and the state that it answers is the input of the next step.

use aiops_domain::config::RemediatorConfig;
use aiops_domain::incident::event::{Outcome, Who};
use aiops_domain::incident::lifecycle::Trigger;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::incidents::{IncidentError, Incidents, Move};
use crate::ports::cloud::{Cloud, Topic};
use crate::ports::{Clock, PortError, Table};

pub(crate) mod approval;
mod calls;
pub mod catalogue;
mod close;
mod execute;
mod guard;
mod planning;
pub mod standing;
mod telling;
mod triage;
mod undo;
mod verify;

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words are the workflow's own")]
pub enum StepName {
    Triage,
    Plan,
    AwaitApproval,
    Resume,
    Expire,
    Execute,
    Verify,
    Undo,
    Close,
    Notify,
}

/// Where the workflow goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words are the workflow's own")]
pub enum Next {
    Plan,
    Approve,
    Execute,
    Verify,
    Undo,
    Close,
}

/// What the workflow carries from step to step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The incident.
    pub incident_id: String,
    /// Which opening of it.
    #[serde(default = "first")]
    pub opening: u64,
    /// The action, once planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_id: Option<String>,
    /// The digest of the plan that may run, and of no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_digest: Option<String>,
    /// Where to go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Next>,
    /// How it ended, once it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Why, for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Whether an earlier opening's answer stands, so that there is nothing new to tell.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub standing: bool,
    /// What a caught error said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Value>,
}

const fn first() -> u64 {
    1
}

/// What invokes the function.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Invocation {
    /// The step.
    pub step: StepName,
    /// The workflow's state.
    #[serde(default)]
    pub state: Option<State>,
    /// The incident, when a person invokes the step directly.
    #[serde(default)]
    pub incident_id: Option<String>,
    /// One of its actions, when a person invokes the step directly; all of them without.
    #[serde(default)]
    pub action_id: Option<String>,
    /// Who invokes it directly, for the log.
    #[serde(default)]
    pub who: Option<Who>,
    /// The token of a task that waits.
    #[serde(default)]
    pub task_token: Option<String>,
}

/// Why a step failed. [`StepError::name`] is what the workflow's retries and catches match.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The invocation makes no sense.
    #[error("the invocation of step {step:?} lacks {field}")]
    Invocation {
        /// The step.
        step: StepName,
        /// What is missing.
        field: &'static str,
    },
    /// A seam failed.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The incident does not allow it.
    #[error(transparent)]
    Incident(IncidentError),
    /// The check does not hold (yet).
    #[error("the check of action {action_id} does not hold: {detail}")]
    CheckPending {
        /// The action.
        action_id: String,
        /// What was seen.
        detail: String,
        /// Whether it may take minutes until it holds.
        slow: bool,
    },
    /// Somebody else is at it.
    #[error("another execution is working on action {0}")]
    Busy(String),
    /// The stop switch is on.
    #[error("the stop switch is on: {0} was not made")]
    Stopped(String),
    /// A call was begun, its end is not known, and nothing shows whether it happened.
    #[error("it is not known whether {call} of action {action_id} happened; it is not repeated")]
    Unknown {
        /// The action.
        action_id: String,
        /// The call.
        call: String,
    },
    /// The action was decided on already; nobody will answer.
    #[error("action {0} was decided on already")]
    Decided(String),
    /// What is stored is not what may run.
    #[error("action {action_id} is refused: {detail}")]
    Refused {
        /// The action.
        action_id: String,
        /// Why.
        detail: String,
    },
}

impl From<IncidentError> for StepError {
    fn from(error: IncidentError) -> Self {
        match error {
            IncidentError::Port(error) => Self::Port(error),
            other => Self::Incident(other),
        }
    }
}

impl StepError {
    /// The error's name in the workflow.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Port(PortError::Transient { .. } | PortError::Conflict { .. })
            | Self::Busy(_) => "Transient",
            Self::CheckPending { slow: false, .. } => "CheckPending",
            Self::CheckPending { slow: true, .. } => "CheckSlow",
            Self::Stopped(_) => "Stopped",
            Self::Decided(_) => "Decided",
            Self::Invocation { .. } | Self::Port(_) | Self::Incident(_) => "Permanent",
            Self::Unknown { .. } | Self::Refused { .. } => "Refused",
        }
    }
}

/// The result of a step.
pub type StepResult<V> = Result<V, StepError>;

/// The function over its seams.
#[derive(Debug)]
pub struct Remediator<T, C, P, K> {
    /// The incidents.
    pub incidents: Incidents<T>,
    /// The APIs.
    pub cloud: C,
    /// The topic.
    pub topic: P,
    /// The present.
    pub clock: K,
    /// The configuration.
    pub config: RemediatorConfig,
}

impl<T: Table, C: Cloud, P: Topic, K: Clock> Remediator<T, C, P, K> {
    /// Runs one step.
    ///
    /// # Errors
    /// [`StepError`], by whose name the workflow decides.
    pub async fn handle(&self, invocation: Invocation) -> StepResult<Value> {
        let step = invocation.step;
        if step == StepName::Undo && invocation.state.is_none() {
            return Box::pin(self.undo_on_demand(&invocation)).await;
        }
        let state = invocation.state.ok_or(StepError::Invocation {
            step,
            field: "state",
        })?;
        tracing::info!(incident = %state.incident_id, opening = state.opening, ?step, "step begins");
        // Boxed: the futures of the seams are deep, and the compiler counts.
        let state = match step {
            StepName::Triage => Box::pin(self.triage(state)).await?,
            StepName::Plan => Box::pin(self.plan(state)).await?,
            StepName::AwaitApproval => {
                let token = invocation.task_token.ok_or(StepError::Invocation {
                    step,
                    field: "task_token",
                })?;
                Box::pin(self.await_approval(state, &token)).await?
            }
            StepName::Resume => Box::pin(self.resume(state)).await?,
            StepName::Expire => Box::pin(self.expire(state)).await?,
            StepName::Execute => Box::pin(self.execute(state)).await?,
            StepName::Verify => Box::pin(self.verify(state)).await?,
            StepName::Undo => Box::pin(self.undo(state)).await?,
            StepName::Close => Box::pin(self.close(state)).await?,
            StepName::Notify => Box::pin(self.notify(state)).await?,
        };
        Ok(json!(state))
    }

    /// Moves the incident, in the name of a step.
    async fn advance(
        &self,
        state: &State,
        trigger: Trigger,
        step: &str,
        why: &str,
        outcome: Option<Outcome>,
    ) -> StepResult<()> {
        let who = Who::system(&format!("remediator:{step}"));
        let step = Move {
            trigger,
            opening: state.opening,
            who: &who,
            why,
            outcome,
        };
        self.incidents
            .advance(&state.incident_id, &step, self.clock.now())
            .await?;
        Ok(())
    }
}
