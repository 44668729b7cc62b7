//! How each incident was answered: by which policy, who decided what, and what the cloud showed before,
//! while the action was in force, and after it was undone.

use aiops_domain::plan::Undo;
use aiops_domain::policy::Mode;
use aiops_domain::{Incident, Kind};
use aiops_functions::incidents::{ActionRecord, ActionStatus};
use serde::Serialize;

use super::state::Snapshot;

/// The courses that a policy may take; the demonstration shows each once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Course {
    /// Executed at once, and its check passed.
    Automatic,
    /// Executed after a person approved, and its check passed.
    Approved,
    /// A person refused it.
    Refused,
    /// Planned only.
    DryRun,
    /// Executed, its check failed, undone.
    RolledBack,
    /// Something else.
    Other,
}

impl Course {
    /// Those that must be seen.
    pub const SHOWN: [Self; 5] = [
        Self::Automatic,
        Self::Approved,
        Self::Refused,
        Self::DryRun,
        Self::RolledBack,
    ];

    /// In words.
    pub const fn says(self) -> &'static str {
        match self {
            Self::Automatic => "done at once",
            Self::Approved => "done once approved",
            Self::Refused => "refused, not done",
            Self::DryRun => "shown only",
            Self::RolledBack => "undone, as its check failed",
            Self::Other => "not finished",
        }
    }

    fn of(record: &ActionRecord) -> Self {
        let passed = record.check.as_ref().map(|check| check.passed);
        match (record.mode, record.status, passed) {
            (Mode::DryRun, ActionStatus::Planned, _) => Self::DryRun,
            (Mode::Approve, ActionStatus::Denied, _) => Self::Refused,
            (_, ActionStatus::Undone, Some(false)) => Self::RolledBack,
            (Mode::Automatic, ActionStatus::Verified | ActionStatus::Undone, Some(true)) => {
                Self::Automatic
            }
            (Mode::Approve, ActionStatus::Verified | ActionStatus::Undone, Some(true)) => {
                Self::Approved
            }
            _ => Self::Other,
        }
    }
}

/// The answer to an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The incident.
    pub incident_id: String,
    /// What it is.
    pub kind: Kind,
    /// The action.
    pub action: String,
    /// What it acts on.
    pub target: String,
    /// How far the policy lets it go: `dry-run`, `approve`, `automatic`.
    pub policy: String,
    /// Who decided, if somebody was asked.
    pub decided_by: Option<String>,
    /// What became of it.
    pub course: Course,
    /// What it is about, before.
    pub before: Snapshot,
    /// The same while the action was in force; as before, if it never was.
    pub after: Snapshot,
    /// The same in the end, when the action had been undone.
    pub after_undo: Option<Snapshot>,
    /// Why it cannot be undone, as the plan said from the beginning.
    pub irreversible: Option<String>,
}

impl Answer {
    /// The answer that `record` is; `seen` are the states of the cloud, in order, the last one after
    /// every undo.
    pub fn new(incident: &Incident, record: &ActionRecord, seen: &[Snapshot]) -> Self {
        let plan = &record.plan;
        let states: Vec<Snapshot> = seen.iter().map(|state| state.of(&plan.target)).collect();
        let before = states.first().cloned().unwrap_or_default();
        // While it was in force: not half made, and not half undone.
        let changes =
            |state: &&Snapshot| state.beyond(&before).count() + before.beyond(state).count();
        let after = states.iter().max_by_key(changes);
        Self {
            incident_id: incident.id.clone(),
            kind: incident.kind,
            action: plan.action.to_string(),
            target: plan.target.to_string(),
            policy: record.mode.as_str().to_owned(),
            decided_by: record.decided_by.clone(),
            course: Course::of(record),
            after: after.unwrap_or(&before).clone(),
            after_undo: record
                .undone
                .then(|| states.last().cloned().unwrap_or_default()),
            before,
            irreversible: match &plan.undo {
                Undo::Irreversible { reason } => Some(reason.clone()),
                Undo::Calls { .. } => None,
            },
        }
    }

    /// What is not as it should be.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut problem =
            |what: &str| problems.push(format!("{} of {}: {what}", self.action, self.kind));
        let changed = self.after != self.before;
        match self.course {
            Course::Automatic | Course::Approved | Course::RolledBack if !changed => {
                problem("no change is seen in the cloud's state");
            }
            Course::Refused | Course::DryRun if changed => {
                problem("the cloud's state changed although nothing was to be done");
            }
            Course::Other => problem("it came to no end"),
            _ => {}
        }
        if self
            .after_undo
            .as_ref()
            .is_some_and(|state| *state != self.before)
        {
            problem("the undo did not restore the state before");
        }
        problems
    }
}

#[cfg(test)]
mod tests;
