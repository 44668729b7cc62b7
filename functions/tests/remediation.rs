//! The steps of the workflow over fakes of its seams: what they change, refuse, restore, and never do twice.

#[path = "support/world.rs"]
mod support;

use aiops_domain::config::remediator::RemediatorConfig;
use aiops_domain::policy::Mode;
use aiops_domain::{IncidentStatus, Kind, Operation, Outcome};
use aiops_functions::fakes::{Fault, Faults};
use aiops_functions::incidents::items;
use aiops_functions::ports::{Attributes, Item, Table, Write};
use serde_json::json;
use support::{World, config};

const ACTOR: &str = "198.51.100.23";

fn with(change: impl FnOnce(&mut RemediatorConfig)) -> RemediatorConfig {
    let mut config = config(Mode::Automatic);
    change(&mut config);
    config
}

#[tokio::test]
async fn a_hostile_address_is_denied_checked_and_released_again_by_undo() {
    let world = World::new(config(Mode::Automatic));
    let before = world.cloud.entries("acl-1");
    world.open("inc-1", Kind::PortScan, Some(ACTOR)).await;
    let end = world.run("inc-1").await;
    assert_eq!(end.outcome, Some(Outcome::Remediated));
    let entries = world.cloud.entries("acl-1");
    assert_eq!(entries.len(), before.len() + 1);
    assert!(entries.contains(
        &json!({"ruleNumber": "1", "protocol": "-1", "ruleAction": "deny",
        "egress": "false", "cidrBlock": "198.51.100.23/32"})
    ));

    let incident = world.incident("inc-1").await;
    assert_eq!(incident.status, IncidentStatus::Resolved);
    let action = &incident.actions[0];
    assert_eq!((action.status.as_str(), action.undone), ("verified", false));
    assert!(action.check.as_ref().unwrap().passed);
    assert_eq!(action.prior_state["acl-1"], json!(before));

    world.undo("inc-1").await.unwrap();
    assert_eq!(world.cloud.entries("acl-1"), before);
    let incident = world.incident("inc-1").await;
    assert_eq!(incident.status, IncidentStatus::RolledBack);
    assert!(incident.actions[0].undone);
    // Again: nothing more happens.
    let changes = world.cloud.changes().len();
    world.undo("inc-1").await.unwrap();
    assert_eq!(world.cloud.changes().len(), changes);
}

#[tokio::test]
async fn an_answer_in_force_or_refused_stands_when_the_incident_opens_again() {
    let world = World::new(config(Mode::Automatic));
    let before = world.cloud.entries("acl-1");
    world.open("inc-1", Kind::PortScan, Some(ACTOR)).await;
    world.run("inc-1").await;
    let in_force = world.cloud.entries("acl-1");
    world.reopen("inc-1").await;
    assert_eq!(
        world.run_opening("inc-1", 2).await.outcome,
        Some(Outcome::Remediated)
    );
    assert_eq!(world.cloud.entries("acl-1"), in_force);
    let incident = world.incident("inc-1").await;
    assert_eq!(
        (incident.status, incident.actions.len()),
        (IncidentStatus::Resolved, 1)
    );
    world.undo("inc-1").await.unwrap();
    assert_eq!(world.cloud.entries("acl-1"), before);
    assert_eq!(
        world.incident("inc-1").await.status,
        IncidentStatus::RolledBack
    );
    // What was taken back is done again if it comes again.
    world.reopen("inc-1").await;
    assert_eq!(
        world.run_opening("inc-1", 3).await.outcome,
        Some(Outcome::Remediated)
    );
    assert_eq!(world.incident("inc-1").await.actions.len(), 2);
}

#[tokio::test]
async fn two_teams_of_one_source_get_their_own_incidents_and_policies_by_log_group() {
    let world = World::new(with(|config| {
        config.teams = serde_json::from_value(json!([
            {"team": "checkout", "log_groups": ["/shop/checkout"]},
            {"team": "search", "log_groups": ["/shop/search"]},
        ]))
        .unwrap();
        config.policy = serde_json::from_value(json!({"rules": [
            {"teams": ["checkout"], "mode": "automatic"},
            {"teams": ["search"], "mode": "dry-run"},
        ]}))
        .unwrap();
    }));
    for (id, group, team, outcome) in [
        ("inc-1", Some("/shop/search"), "search", Outcome::DryRun),
        (
            "inc-2",
            Some("/shop/checkout"),
            "checkout",
            Outcome::Remediated,
        ),
        ("inc-3", Some("/shop/other"), "platform", Outcome::NoAction),
        ("inc-4", None, "platform", Outcome::NoAction),
    ] {
        world.open_in(id, Kind::PortScan, Some(ACTOR), group).await;
        assert_eq!(world.run(id).await.outcome, Some(outcome), "{id}");
        let meta = world.remediator(&Faults::none()).incidents.meta(id).await;
        assert_eq!(meta.unwrap().team.as_deref(), Some(team), "{id}");
    }
}

#[tokio::test]
async fn every_address_of_an_incident_that_opens_again_is_denied_once() {
    let world = World::new(config(Mode::Automatic));
    world.open("inc-1", Kind::PortScan, Some(ACTOR)).await;
    world.run("inc-1").await;
    let others = ["198.51.100.77", "198.51.100.78"];
    let openings: [&[&str]; 4] = [
        &[others[0]],
        &[ACTOR],
        &[ACTOR, others[0], others[1]],
        &others,
    ];
    for (n, actors) in openings.into_iter().enumerate() {
        world.reopen_by("inc-1", actors).await;
        let end = world.run_opening("inc-1", n as u64 + 2).await;
        assert_eq!(end.outcome, Some(Outcome::Remediated), "{:?}", end.why);
    }
    let denied: Vec<String> = world
        .cloud
        .changes()
        .iter()
        .map(|call| call.parameters["CidrBlock"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        denied,
        [ACTOR, others[0], others[1]].map(|address| format!("{address}/32"))
    );
    world.undo("inc-1").await.unwrap();
    assert_eq!(
        world.cloud.changes().len(),
        6,
        "an undo takes back all of them"
    );
}

#[tokio::test]
async fn what_was_refused_shown_or_of_no_effect_is_so_for_its_own_address_only() {
    let other = "198.51.100.77";
    for (mode, undermined, outcome) in [
        (Mode::DryRun, false, Outcome::DryRun),
        (Mode::Automatic, true, Outcome::Undone),
    ] {
        let world = World::new(config(mode));
        if undermined {
            world.cloud.add_entry("acl-1", 1, "allow", "0.0.0.0/0");
        }
        world.open("inc-1", Kind::PortScan, Some(ACTOR)).await;
        assert_eq!(world.run("inc-1").await.outcome, Some(outcome));
        let changes = world.cloud.changes().len();
        world.reopen_by("inc-1", &[ACTOR]).await;
        let again = world.run_opening("inc-1", 2).await;
        let standing = if undermined {
            Outcome::Refused
        } else {
            outcome
        };
        assert_eq!(again.outcome, Some(standing));
        assert_eq!(world.incident("inc-1").await.actions.len(), 1);
        assert_eq!(world.cloud.changes().len(), changes);
        world.reopen_by("inc-1", &[other]).await;
        assert_eq!(world.run_opening("inc-1", 3).await.outcome, Some(outcome));
        assert_eq!(world.incident("inc-1").await.actions.len(), 2);
    }
}

#[tokio::test]
async fn a_late_copy_of_an_execution_does_not_make_again_what_is_being_undone() {
    // An execution is killed right after its call; then an undo is killed, at each of its calls.
    let rehearsal = Faults::none();
    let planned = || async {
        let world = World::new(config(Mode::Automatic));
        world.open("inc-1", Kind::PortScan, Some(ACTOR)).await;
        let state = world.steps("inc-1", &["triage", "plan"]).await;
        (world, state)
    };
    let (world, state) = planned().await;
    world
        .step_of(&world.remediator(&rehearsal), "execute", &state)
        .await
        .unwrap();
    let log = rehearsal.log();
    let lands = log.iter().position(|call| call.contains("Create")).unwrap() as u64;
    for call in 0..40 {
        let (world, state) = planned().await;
        let before = world.cloud.entries("acl-1");
        let killed = Faults::at([(lands, Fault::CrashAfter)]);
        world
            .step_of(&world.remediator(&killed), "execute", &state)
            .await
            .unwrap_err();
        assert_eq!(world.cloud.changes().len(), 1);
        world.clock.advance_millis(61_000);
        let killed = Faults::at([(call, Fault::CrashAfter)]);
        let undo = json!({"step": "undo", "incident_id": "inc-1"});
        let ended = world
            .remediator(&killed)
            .handle(serde_json::from_value(undo).unwrap())
            .await;
        world.clock.advance_millis(61_000);
        let _refused = world.step("execute", &state).await;
        world.clock.advance_millis(61_000);
        world.undo("inc-1").await.unwrap();
        let made: Vec<_> = world
            .cloud
            .changes()
            .iter()
            .map(|call| call.operation)
            .collect();
        let creations = made
            .iter()
            .filter(|operation| **operation == Operation::CreateNetworkAclEntry);
        assert_eq!(creations.count(), 1, "killed at call {call}: {made:?}");
        assert_eq!(
            world.cloud.entries("acl-1"),
            before,
            "killed at call {call}"
        );
        if ended.is_ok() {
            return;
        }
    }
    panic!("an undo makes fewer calls");
}

#[tokio::test]
async fn an_undo_of_what_a_limit_refused_leaves_the_rule_of_another_alone() {
    let world = World::new(with(|config| {
        config.caps =
            serde_json::from_value(json!({"deny_address": {"in_force": 1, "per_hour": 50}}))
                .unwrap();
    }));
    for n in 1..=3 {
        let (id, actor) = (format!("inc-{n}"), format!("198.51.100.{n}"));
        world.open(&id, Kind::PortScan, Some(&actor)).await;
    }
    assert_eq!(world.run("inc-1").await.outcome, Some(Outcome::Remediated));
    assert_eq!(world.run("inc-2").await.outcome, Some(Outcome::Refused));
    world.undo("inc-1").await.unwrap();
    // Fills the first number again, then the one that inc-2 had.
    world.cloud.add_entry("acl-1", 1, "deny", "203.0.113.1/32");
    assert_eq!(world.run("inc-3").await.outcome, Some(Outcome::Remediated));
    let in_force = world.cloud.entries("acl-1");
    let answer = world.undo("inc-2").await.unwrap();
    assert_eq!(answer["undone"], json!([]));
    assert_eq!(world.cloud.entries("acl-1"), in_force);
}

#[tokio::test]
async fn exfiltration_is_stopped_in_both_directions_and_ipv6_by_its_own_field() {
    let world = World::new(config(Mode::Automatic));
    world
        .open("inc-1", Kind::DataExfiltration, Some("2001:db8::9"))
        .await;
    assert_eq!(world.run("inc-1").await.outcome, Some(Outcome::Remediated));
    let ours: Vec<_> = world
        .cloud
        .entries("acl-1")
        .into_iter()
        .filter(|entry| entry["ruleNumber"] == "1")
        .collect();
    assert_eq!(ours.len(), 2);
    assert!(
        ours.iter()
            .all(|entry| entry["ipv6CidrBlock"] == "2001:db8::9/128")
    );
}

#[tokio::test]
async fn off_and_dry_run_change_nothing_and_take_nothing() {
    for (mode, outcome) in [
        (Mode::Off, Outcome::NoAction),
        (Mode::DryRun, Outcome::DryRun),
    ] {
        let world = World::new(config(mode));
        world.open("inc-1", Kind::PortScan, Some(ACTOR)).await;
        assert_eq!(world.run("inc-1").await.outcome, Some(outcome));
        assert_eq!(world.cloud.changes(), vec![]);
        assert_eq!(
            world.incident("inc-1").await.status,
            IncidentStatus::Resolved
        );
        assert!(
            world
                .table
                .all()
                .iter()
                .all(|item| !item.key.pk.starts_with("nacl#"))
        );
        assert!(
            world
                .topic
                .published()
                .iter()
                .any(|(_, _, message)| message["event"] == "closed")
        );
    }
}

#[tokio::test]
async fn what_must_not_be_denied_is_refused() {
    let refusals = [
        "10.1.2.3",
        "127.0.0.1",
        "169.254.169.254",
        "192.0.2.77",
        "203.0.113.9",
        "fe80::1",
    ];
    for address in refusals {
        let world = World::new(config(Mode::Automatic));
        world.open("inc-1", Kind::PortScan, Some(address)).await;
        assert_eq!(
            world.run("inc-1").await.outcome,
            Some(Outcome::Refused),
            "{address}"
        );
        assert_eq!(world.cloud.changes(), vec![], "{address}");
    }
}

#[tokio::test]
async fn an_address_in_the_text_of_a_line_is_no_target() {
    let world = World::new(config(Mode::Automatic));
    world.open("inc-1", Kind::PortScan, None).await;
    assert_eq!(world.run("inc-1").await.outcome, Some(Outcome::Refused));
    assert_eq!(world.cloud.changes(), vec![]);
}

#[tokio::test]
async fn a_deny_that_an_earlier_rule_undermines_is_undone() {
    let world = World::new(config(Mode::Automatic));
    world.cloud.add_entry("acl-1", 1, "allow", "0.0.0.0/0");
    let before = world.cloud.entries("acl-1");
    world.open("inc-1", Kind::PortScan, Some(ACTOR)).await;
    assert_eq!(world.run("inc-1").await.outcome, Some(Outcome::Undone));
    assert_eq!(world.cloud.entries("acl-1"), before);
    let incident = world.incident("inc-1").await;
    assert_eq!(incident.status, IncidentStatus::RolledBack);
    assert!(!incident.actions[0].check.as_ref().unwrap().passed);
}

#[tokio::test]
async fn the_stop_switch_holds_before_the_first_call_and_between_two() {
    let world = World::new(config(Mode::Automatic));
    world.stop().await;
    world.open("inc-1", Kind::PortScan, Some(ACTOR)).await;
    assert_eq!(world.run("inc-1").await.outcome, Some(Outcome::Refused));
    assert_eq!(world.cloud.changes(), vec![]);

    // Two calls (both directions); the switch is turned right after the first.
    let world = World::new(config(Mode::Automatic));
    world
        .open("inc-2", Kind::DataExfiltration, Some(ACTOR))
        .await;
    world.stop_after_changes(1);
    assert_eq!(world.run("inc-2").await.outcome, Some(Outcome::Failed));
    assert_eq!(world.cloud.changes().len(), 1);
    assert_eq!(world.incident("inc-2").await.status, IncidentStatus::Failed);
}

#[tokio::test]
async fn caps_hold_under_parallel_executions() {
    let world = World::new(with(|config| {
        config.caps = [(
            aiops_domain::plan::ActionName::DenyAddress,
            aiops_domain::policy::Caps {
                in_force: 3,
                per_hour: 100,
                share_percent: 100,
            },
        )]
        .into();
    }));
    for n in 0..8 {
        let actor = format!("198.51.100.{n}");
        world
            .open(&format!("inc-{n}"), Kind::PortScan, Some(&actor))
            .await;
    }
    let outcomes = world
        .run_together((0..8).map(|n| format!("inc-{n}")).collect())
        .await;
    let remediated = outcomes
        .iter()
        .filter(|outcome| **outcome == Some(Outcome::Remediated))
        .count();
    assert_eq!(remediated, 3);
    assert_eq!(world.cloud.changes().len(), 3);
    // An undo makes room for one more.
    let resolved = (0..8).map(|n| format!("inc-{n}"));
    for id in resolved {
        if world.incident(&id).await.status == IncidentStatus::Resolved {
            world.undo(&id).await.unwrap();
            break;
        }
    }
    world
        .open("inc-9", Kind::PortScan, Some("198.51.100.99"))
        .await;
    assert_eq!(world.run("inc-9").await.outcome, Some(Outcome::Remediated));
}

#[tokio::test]
async fn a_plan_that_was_changed_after_it_was_decided_on_does_not_run() {
    let world = World::new(config(Mode::Automatic));
    world.open("inc-1", Kind::PortScan, Some(ACTOR)).await;
    let state = world.steps("inc-1", &["triage", "plan"]).await;
    let key = items::action("inc-1", state.action_id.as_deref().unwrap());
    let mut item = world.table.get(&key).await.unwrap().unwrap();
    let plan = item.attributes["plan"]
        .as_str()
        .unwrap()
        .replace(ACTOR, "198.51.100.24");
    item.attributes.insert("plan".into(), json!(plan));
    world
        .table
        .write(Write::Put {
            item,
            condition: None,
        })
        .await
        .unwrap();
    let error = world.step("execute", &state).await.unwrap_err();
    assert_eq!(error.name(), "Refused");
    assert_eq!(world.cloud.changes(), vec![]);
}

#[tokio::test]
async fn suppressed_incidents_are_left_alone() {
    let world = World::new(config(Mode::Automatic));
    let suppression = json!({"id": "s", "scope": {"kind": "port_scan"}, "reason": "pen test",
        "who": {"by": "iam", "arn": "arn:aws:iam::1:user/ann"}, "expires": "2030-01-01T00:00:00Z"});
    let attributes: Attributes = suppression
        .as_object()
        .unwrap()
        .clone()
        .into_iter()
        .collect();
    let item = Item {
        key: items::suppression("s"),
        attributes,
    };
    world
        .table
        .write(Write::Put {
            item,
            condition: None,
        })
        .await
        .unwrap();
    world.open("inc-1", Kind::PortScan, Some(ACTOR)).await;
    assert_eq!(world.run("inc-1").await.outcome, Some(Outcome::Suppressed));
    assert_eq!(
        world.incident("inc-1").await.status,
        IncidentStatus::Suppressed
    );
    assert_eq!(world.cloud.changes(), vec![]);
}
