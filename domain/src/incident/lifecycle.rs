//! The lifecycle of an incident: which trigger leads from which status to which, and nothing else does.

use serde::{Deserialize, Serialize};

use super::IncidentStatus;

/// What moves an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// Its kind, team and context were looked at.
    Triage,
    /// A plan was made (or that there is none).
    Plan,
    /// The policy asks a person.
    RequestApproval,
    /// The calls of the plan begin.
    Remediate,
    /// The calls were made; whether they worked is looked at.
    Verify,
    /// It is over.
    Resolve,
    /// What was done was undone.
    RollBack,
    /// It could not be brought to a good end; a person must look.
    Fail,
    /// A suppression or a maintenance window covers it.
    Suppress,
    /// Findings of the same cause came within the window of re-opening.
    Reopen,
}

impl Trigger {
    /// Every trigger.
    pub const ALL: [Self; 10] = [
        Self::Triage,
        Self::Plan,
        Self::RequestApproval,
        Self::Remediate,
        Self::Verify,
        Self::Resolve,
        Self::RollBack,
        Self::Fail,
        Self::Suppress,
        Self::Reopen,
    ];

    /// The status it leads to.
    pub const fn target(self) -> IncidentStatus {
        match self {
            Self::Triage => IncidentStatus::Triaged,
            Self::Plan => IncidentStatus::Planned,
            Self::RequestApproval => IncidentStatus::AwaitingApproval,
            Self::Remediate => IncidentStatus::Remediating,
            Self::Verify => IncidentStatus::Verifying,
            Self::Resolve => IncidentStatus::Resolved,
            Self::RollBack => IncidentStatus::RolledBack,
            Self::Fail => IncidentStatus::Failed,
            Self::Suppress => IncidentStatus::Suppressed,
            Self::Reopen => IncidentStatus::Open,
        }
    }
}

/// A trigger that does not apply where the incident stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an incident that is {} cannot become {} by {trigger:?}", from.as_str(), trigger.target().as_str())]
pub struct IllegalTransition {
    /// Where it stands.
    pub from: IncidentStatus,
    /// What was tried.
    pub trigger: Trigger,
}

impl IncidentStatus {
    /// Every status.
    pub const ALL: [Self; 10] = [
        Self::Open,
        Self::Triaged,
        Self::Planned,
        Self::AwaitingApproval,
        Self::Remediating,
        Self::Verifying,
        Self::Resolved,
        Self::RolledBack,
        Self::Failed,
        Self::Suppressed,
    ];

    /// The fixed word of interfaces and of the table's index.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Triaged => "triaged",
            Self::Planned => "planned",
            Self::AwaitingApproval => "awaiting_approval",
            Self::Remediating => "remediating",
            Self::Verifying => "verifying",
            Self::Resolved => "resolved",
            Self::RolledBack => "rolled_back",
            Self::Failed => "failed",
            Self::Suppressed => "suppressed",
        }
    }

    /// Whether nothing more happens by itself.
    pub const fn is_terminal(self) -> bool {
        matches!(
            self,
            Self::Resolved | Self::RolledBack | Self::Failed | Self::Suppressed
        )
    }

    /// Where `trigger` leads from here.
    ///
    /// # Errors
    /// When it does not apply here.
    pub const fn after(self, trigger: Trigger) -> Result<Self, IllegalTransition> {
        use IncidentStatus as S;
        let legal = match trigger {
            Trigger::Triage => matches!(self, S::Open),
            Trigger::Plan => matches!(self, S::Triaged),
            Trigger::RequestApproval => matches!(self, S::Planned),
            Trigger::Remediate => matches!(self, S::Planned | S::AwaitingApproval),
            Trigger::Verify => matches!(self, S::Remediating),
            // Without a change only before the first call (no plan, dry run, refused); after it only
            // through a check.
            Trigger::Resolve => matches!(
                self,
                S::Triaged | S::Planned | S::AwaitingApproval | S::Verifying
            ),
            // A resolved or failed incident may still be undone on demand.
            Trigger::RollBack => {
                matches!(
                    self,
                    S::Remediating | S::Verifying | S::Resolved | S::Failed
                )
            }
            Trigger::Fail => !self.is_terminal(),
            Trigger::Suppress => matches!(
                self,
                S::Open | S::Triaged | S::Planned | S::AwaitingApproval
            ),
            Trigger::Reopen => self.is_terminal(),
        };
        if legal {
            Ok(trigger.target())
        } else {
            Err(IllegalTransition {
                from: self,
                trigger,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_reaches_a_terminal_one_and_is_reached_from_open() {
        for start in IncidentStatus::ALL {
            assert!(
                reaches(start, IncidentStatus::is_terminal),
                "{start:?} is a dead end"
            );
            assert!(
                reaches(IncidentStatus::Open, |status| status == start),
                "{start:?} is unreachable"
            );
        }
    }

    #[test]
    fn nothing_is_called_resolved_between_a_call_and_its_check() {
        assert!(IncidentStatus::Remediating.after(Trigger::Resolve).is_err());
        assert!(IncidentStatus::Resolved.after(Trigger::Remediate).is_err());
    }

    #[test]
    fn words_are_those_of_the_wire_form() {
        for status in IncidentStatus::ALL {
            assert_eq!(serde_json::json!(status), status.as_str());
        }
    }

    fn reaches(start: IncidentStatus, goal: impl Fn(IncidentStatus) -> bool) -> bool {
        let (mut seen, mut next) = (vec![], vec![start]);
        while let Some(status) = next.pop() {
            if goal(status) {
                return true;
            }
            if !seen.contains(&status) {
                seen.push(status);
                next.extend(
                    Trigger::ALL
                        .iter()
                        .filter_map(|trigger| status.after(*trigger).ok()),
                );
            }
        }
        false
    }
}
