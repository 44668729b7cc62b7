//! What a person sees: shadow, re-opening, late data that takes a finding back, hostile times.

use aiops_domain::{IncidentStatus, Time};
use aiops_functions::detector::Received;
use aiops_functions::fakes::Faults;
use aiops_functions::incidents::items;
use aiops_functions::ports::{Attributes, Clock as _, Table as _, Write};
use serde_json::json;

use crate::world::{World, keyed, mismatch, ready, received, record, stored, tumbling};

const START: i64 = 1_700_000_000_000;

fn meta(world: &World, id: &str) -> Attributes {
    ready(world.incidents.get(&items::meta(id)))
        .unwrap()
        .unwrap()
        .attributes
}

fn close(world: &World, id: &str, status: IncidentStatus) {
    let write = Write::Update {
        key: items::meta(id),
        set: Attributes::from([
            ("status".into(), json!(status)),
            ("closed_at".into(), json!(world.clock.now())),
        ]),
        add: Default::default(),
        remove: vec![],
        condition: None,
    };
    ready(world.incidents.write(write)).unwrap();
}

fn bad(n: u32) -> aiops_domain::LogRecord {
    record(n, START + i64::from(n) * 20_000, "a", format!("bad {n}"))
}

fn only_incident(world: &World) -> String {
    let ids = stored(&world.incidents).unwrap().incident_ids;
    assert_eq!(ids.len(), 1);
    ids.into_iter().next().unwrap()
}

#[test]
fn the_configuration_says_which_fields_tell_causes_apart() {
    use aiops_domain::incident::FingerprintField::{Kind, Source};
    let all: Vec<_> = (0..6)
        .map(|n| {
            let entity = if n < 3 { "a" } else { "b" };
            record(
                n,
                1_700_000_000_000 + i64::from(n),
                entity,
                format!("r{n} bad"),
            )
        })
        .collect();
    let incidents = |fields: Option<Vec<_>>| {
        let mut world = World::new(&keyed(10_000));
        if let Some(fields) = fields {
            world.config.fingerprint_fields = fields;
        }
        let messages = world.write("1", &all);
        world.settle(messages);
        let stored = stored(&world.incidents).unwrap();
        let counts: u64 = stored.extents.values().map(|extent| extent.0).sum();
        (stored.incident_ids.len(), counts)
    };
    assert_eq!(incidents(None), (2, 6));
    assert_eq!(incidents(Some(vec![Source, Kind])), (1, 6));
}

#[test]
fn a_finding_is_written_when_its_window_closes_and_not_before() {
    let world = World::new(&tumbling());
    let instance = world.instance(&Faults::none());
    let handle = |messages: Vec<Received>| ready(instance.handle(&messages));
    let first = handle(world.write("1", &[bad(0)]));
    assert_eq!((first.windows, first.changes.added), (0, 0));
    let second = handle(world.write("2", &[bad(2)]));
    assert_eq!(
        (second.windows, second.changes.added, second.started),
        (1, 1, 1)
    );
    let incident = only_incident(&world);
    let event = ready(world.incidents.get(&items::event(&incident, 1))).unwrap();
    assert_eq!(
        event.unwrap().attributes["who"]["component"],
        "anomaly-detector"
    );
    let executions = world.workflow.executions();
    let input: serde_json::Value =
        serde_json::from_str(&executions[&format!("{incident}-1")]).unwrap();
    assert_eq!(input, json!({"incident_id": incident, "opening": 1}));
}

#[test]
fn late_lines_take_a_finding_back_and_move_it_to_another_kind() {
    let world = World::new(&tumbling());
    world.settle(world.write("1", &[bad(0), bad(5)]));
    let ssh = record(90, START + 1, "a", "ssh".into());
    let fine = record(91, START + 5 * 20_000 + 1, "a", "fine".into());
    world.settle(world.write("2", &[ssh.clone(), fine.clone()]));
    let all = [bad(0), bad(5), ssh, fine];
    assert_eq!(mismatch(&world, &world.incidents, &all), None);
    let counts: Vec<_> = stored(&world.incidents)
        .unwrap()
        .extents
        .into_values()
        .map(|e| e.0)
        .collect();
    assert_eq!(
        counts,
        [1],
        "of two findings one is another incident's now, one is none"
    );
}

#[test]
fn shadow_calls_nobody_until_the_detector_is_trusted() {
    let mut world = World::new(&tumbling());
    world.shadow = true;
    world.settle(world.write("1", &[bad(0)]));
    let incident = only_incident(&world);
    assert_eq!(meta(&world, &incident)["shadow"], true);
    assert_eq!(meta(&world, &incident)["severity"], "low");
    assert!(world.workflow.executions().is_empty());
    world.shadow = false;
    world.settle(world.write("2", &[bad(5)]));
    assert_eq!(meta(&world, &incident).get("shadow"), None);
    assert_eq!(meta(&world, &incident)["severity"], "medium");
    assert_eq!(mismatch(&world, &world.incidents, &[bad(0), bad(5)]), None);
}

#[test]
fn findings_soon_after_the_end_open_the_incident_again_and_later_ones_another() {
    let world = World::new(&tumbling());
    world.settle(world.write("1", &[bad(0)]));
    let incident = only_incident(&world);
    close(&world, &incident, IncidentStatus::Resolved);
    world.clock.advance_millis(60_000);
    world.settle(world.write("2", &[bad(1)]));
    assert_eq!(only_incident(&world), incident);
    assert_eq!(meta(&world, &incident)["status"], "open");
    assert_eq!(meta(&world, &incident)["opening"], 2);
    assert!(
        world
            .workflow
            .executions()
            .contains_key(&format!("{incident}-2"))
    );
    close(&world, &incident, IncidentStatus::Resolved);
    world.clock.advance_millis(7 * 3_600_000);
    world.settle(world.write("3", &[bad(2)]));
    assert_eq!(stored_ids(&world).len(), 2);
}

fn stored_ids(world: &World) -> Vec<String> {
    let all = world.incidents.all();
    all.iter()
        .filter(|item| item.key.sk == "meta")
        .map(|item| item.key.pk.clone())
        .collect()
}

#[test]
fn a_suppressed_incident_counts_on_and_stays_suppressed() {
    let world = World::new(&tumbling());
    world.settle(world.write("1", &[bad(0)]));
    let incident = only_incident(&world);
    close(&world, &incident, IncidentStatus::Suppressed);
    world.settle(world.write("2", &[bad(1)]));
    assert_eq!(meta(&world, &incident)["status"], "suppressed");
    assert_eq!(meta(&world, &incident)["count"], 2);
    assert_eq!(world.workflow.starts(), 1);
}

#[test]
fn one_line_from_the_future_closes_no_window() {
    let world = World::new(&tumbling());
    let instance = world.instance(&Faults::none());
    let mut future = bad(1);
    future.time = Time::from_millis(32_503_680_000_000);
    let outcome = ready(instance.handle(&world.write("1", &[bad(0), future.clone()])));
    assert_eq!(outcome.windows, 0);
    world.settle(world.timers());
    assert_eq!(mismatch(&world, &world.incidents, &[bad(0), future]), None);
}

#[test]
fn what_is_no_message_of_ours_fails_alone() {
    let world = World::new(&tumbling());
    let instance = world.instance(&Faults::none());
    let mut messages = world.write("1", &[bad(0)]);
    messages.push(received("{}".into()));
    let outcome = ready(instance.handle(&messages));
    assert_eq!(outcome.failed, ["{}"]);
    assert_eq!(outcome.lines, 1);
}

#[test]
fn a_gzip_bomb_and_a_broken_segment_fail_alone() {
    let mut world = World::new(&tumbling());
    world.config.limits.segment_decompressed_bytes_max = 10_000;
    let mut bomb = bad(0);
    bomb.message = "x".repeat(20_000);
    let broken = world.write("1", &[bomb]);
    let good = world.write("2", &[bad(1)]);
    let instance = world.instance(&Faults::none());
    let messages: Vec<_> = broken.iter().chain(&good).cloned().collect();
    let outcome = ready(instance.handle(&messages));
    assert_eq!(outcome.failed, [broken[0].id.clone()]);
    assert_eq!(outcome.lines, 1);
}

#[test]
fn what_a_line_says_was_changed_is_noted_once_however_often_it_comes() {
    let world = World::new(&tumbling());
    let audit = include_str!("../../../domain/src/change/fixtures/audit.json");
    let audit: serde_json::Value = serde_json::from_str(audit).unwrap();
    let mut lines = [
        record(1, START, "a", audit.to_string()),
        record(2, START, "a", "bad".into()),
    ];
    lines[0].shape = aiops_domain::Shape::EksAudit;
    for sequence in ["1", "2", "2"] {
        world.settle(world.write(sequence, &lines));
    }
    let changes: Vec<_> = world
        .incidents
        .all()
        .into_iter()
        .filter(|item| item.key.pk.starts_with("changes#"))
        .collect();
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!(changes[0].attributes["target"], "shop/checkout");
}

#[test]
fn who_is_behind_an_opening_is_noted_with_it() {
    use aiops_functions::incidents::Incidents;
    let world = World::new(&tumbling());
    let bad_by = |n: u32, actor: &str| {
        let time = START + i64::from(n) * 60_000;
        world.write(
            &n.to_string(),
            &[record(n, time, "a", format!("bad by {actor}"))],
        )
    };
    world.settle(bad_by(1, "198.51.100.1"));
    let id = only_incident(&world);
    close(&world, &id, IncidentStatus::Resolved);
    world.settle(bad_by(2, "198.51.100.2"));
    // It is open: this one joins the opening.
    world.settle(bad_by(3, "198.51.100.3"));
    let incidents = Incidents::new(world.incidents.clone());
    let behind = |opening: u64| -> Vec<String> {
        let findings = ready(incidents.actors_of_opening(&id, opening, 10)).unwrap();
        let actors = findings.into_iter().filter_map(|finding| finding.actor);
        actors.map(|actor| actor.to_string()).collect()
    };
    assert_eq!(behind(1), ["198.51.100.1"]);
    assert_eq!(
        behind(2),
        ["198.51.100.3", "198.51.100.2"],
        "the last first"
    );
}
