//! What earlier openings of an incident did about it and still stands: the same answer is neither made
//! twice, nor asked for or shown again, when the incident opens again.

use aiops_domain::incident::event::Outcome;
use aiops_domain::plan::{ActionName, Target};
use aiops_domain::policy::Mode;

use crate::incidents::{ActionRecord, ActionStatus};

/// An answer that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What it was about.
    pub target: Target,
    /// How an opening ends for which it is the answer.
    pub outcome: Outcome,
    /// Why, for a person.
    pub why: String,
    /// The opening that gave it.
    pub opening: u64,
}

/// The answers by `action` that stand when `opening` is planned in `mode`: the last one of each target,
/// oldest first.
pub(super) fn standing(
    actions: &[ActionRecord],
    opening: u64,
    action: ActionName,
    mode: Mode,
) -> Vec<Standing> {
    let mut latest: Vec<&ActionRecord> = Vec::new();
    let mut earlier: Vec<&ActionRecord> = actions
        .iter()
        .filter(|record| record.plan.opening < opening && record.plan.action == action)
        .collect();
    earlier.sort_by_key(|record| record.plan.opening);
    for record in earlier {
        latest.retain(|known| !same(&known.plan.target, &record.plan.target));
        latest.push(record);
    }
    latest
        .into_iter()
        .filter_map(|record| stands(record, mode))
        .collect()
}

/// Network ACLs come and go with the configuration; what is denied is the address.
fn same(one: &Target, other: &Target) -> bool {
    match (one, other) {
        (Target::Address { address: one, .. }, Target::Address { address: other, .. }) => {
            one == other
        }
        _ => one == other,
    }
}

fn stands(record: &ActionRecord, mode: Mode) -> Option<Standing> {
    let plan = &record.plan;
    let (action, target, opening) = (plan.action, &plan.target, plan.opening);
    let passed = record.check.as_ref().map(|check| check.passed);
    let (outcome, why) = match (record.status, passed) {
        (ActionStatus::Executed | ActionStatus::Verified, _) => (
            Outcome::Remediated,
            format!("{action} {target} is in force since opening {opening}"),
        ),
        (ActionStatus::Denied, _) => (
            Outcome::Denied,
            format!(
                "{action} {target} was refused by {} in opening {opening}",
                record.decided_by.as_deref().unwrap_or("a person"),
            ),
        ),
        (ActionStatus::Planned, _) if record.mode == Mode::DryRun && mode == Mode::DryRun => (
            Outcome::DryRun,
            format!("{action} {target} was shown in opening {opening}: nothing was changed"),
        ),
        // It would have as little effect again.
        (ActionStatus::Undone, Some(false)) => (
            Outcome::Refused,
            format!(
                "{action} {target} had no effect in opening {opening} and was undone: a person must look"
            ),
        ),
        _ => return None,
    };
    Some(Standing {
        target: target.clone(),
        outcome,
        why,
        opening,
    })
}
