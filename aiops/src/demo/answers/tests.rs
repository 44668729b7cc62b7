//! Tests of the module `demo::answers`.

use aiops_domain::incident::ActionCheck;
use aiops_domain::{IncidentStatus, Severity, Source, Time};
use serde_json::json;

use super::*;
use crate::demo::state::{Instance, Piece};

fn record(mode: Mode, status: ActionStatus, passed: Option<bool>) -> ActionRecord {
    let plan = json!({
        "version": 1, "action_id": "act-1", "incident_id": "inc-1", "opening": 1,
        "action": "reboot_instance", "target": {"type": "instance", "instance_id": "i-1"},
        "preconditions": [], "calls": [],
        "blast_radius": {"scope": "i-1", "resources": 1},
        "prior_state": null, "check": [],
        "undo": {"kind": "irreversible", "reason": "it cannot"},
    });
    ActionRecord {
        plan: serde_json::from_value(plan).unwrap(),
        plan_digest: String::new(),
        mode,
        status,
        check: passed.map(|passed| ActionCheck {
            passed,
            detail: String::new(),
        }),
        undone: status == ActionStatus::Undone,
        decided_by: None,
    }
}

fn incident() -> Incident {
    Incident {
        id: "inc-1".to_owned(),
        fingerprint: String::new(),
        source: Source::Ec2,
        entity: "i-1".to_owned(),
        kind: Kind::DiskFull,
        severity: Severity::High,
        status: IncidentStatus::Resolved,
        count: 1,
        first_seen: Time::from_millis(0),
        last_seen: Time::from_millis(0),
        summary: String::new(),
        finding_ids: Vec::new(),
        actions: Vec::new(),
    }
}

fn state(of: &str) -> Snapshot {
    Snapshot(vec![Piece::Instance(Instance {
        id: "i-1".to_owned(),
        state: of.to_owned(),
        groups: Vec::new(),
        tags: Default::default(),
    })])
}

#[test]
fn a_course_follows_from_mode_status_and_check() {
    use ActionStatus as S;
    for (mode, status, passed, course) in [
        (Mode::Automatic, S::Verified, Some(true), Course::Automatic),
        (Mode::Approve, S::Undone, Some(true), Course::Approved),
        (Mode::Approve, S::Denied, None, Course::Refused),
        (Mode::DryRun, S::Planned, None, Course::DryRun),
        (Mode::Automatic, S::Undone, Some(false), Course::RolledBack),
        (Mode::Approve, S::AwaitingApproval, None, Course::Other),
        (Mode::Automatic, S::Failed, Some(false), Course::Other),
    ] {
        assert_eq!(Course::of(&record(mode, status, passed)), course);
    }
}

#[test]
fn an_undo_that_leaves_something_is_a_problem() {
    let (before, changed) = (state("running"), state("stopped"));
    let rolled_back = record(Mode::Automatic, ActionStatus::Undone, Some(false));
    let of = |seen: &[Snapshot]| Answer::new(&incident(), &rolled_back, seen);
    let restored = of(&[before.clone(), changed.clone(), before.clone()]);
    assert_eq!(restored.problems(), Vec::<String>::new());
    assert_eq!(
        (
            &restored.before,
            &restored.after,
            restored.after_undo.as_ref()
        ),
        (&before, &changed, Some(&before))
    );
    assert_eq!(of(&[before.clone(), changed]).problems().len(), 1);
    assert_eq!(of(&[before]).problems().len(), 1);
}

#[test]
fn what_was_only_shown_changed_nothing() {
    let dry = record(Mode::DryRun, ActionStatus::Planned, None);
    let quiet = Answer::new(&incident(), &dry, &[state("running")]);
    assert_eq!(quiet.problems(), Vec::<String>::new());
    assert_eq!(quiet.irreversible.as_deref(), Some("it cannot"));
    let changed = Answer::new(&incident(), &dry, &[state("running"), state("stopped")]);
    assert_eq!(changed.problems().len(), 1);
}
