//! A storm: one cause, 100,000 findings in a minute.

use aiops_domain::config::RemediatorConfig;
use aiops_functions::fakes::{FakeCloud, FakePause, FakeSecrets, FakeTopic, FakeWeb};
use aiops_functions::incidents::Incidents;
use aiops_functions::notifier::Notifier;
use aiops_functions::ports::cloud::SecretVersion;
use aiops_functions::remediator::Remediator;
use aiops_model::WindowSpec;
use serde_json::{Value, json};

use crate::world::{Choices, World, keyed, mismatch, ready, record, stored, tumbling};

#[test]
fn a_storm_is_one_incident_with_an_exact_count() {
    const FINDINGS: u32 = 100_000;
    let spec = WindowSpec::Keyed {
        key: r"r\d+".into(),
        gap_ms: 10_000,
    };
    let world = World::new(&spec);
    let all: Vec<_> = (0..FINDINGS)
        .map(|n| {
            let time = 1_700_000_000_000 + i64::from(n % 60_000);
            record(n, time, "a", format!("r{n} bad"))
        })
        .collect();
    let mut messages = Vec::new();
    for (n, batch) in all.chunks(5_000).enumerate() {
        messages.extend(world.write(&format!("{n:05}"), batch));
    }
    // Each notification comes twice.
    let twice = messages.iter().chain(&messages).cloned().collect();
    let outcome = world.settle(twice);
    assert_eq!(outcome.changes.opened, 1);
    let stored = stored(&world.incidents).unwrap();
    assert_eq!(stored.incident_ids.len(), 1);
    let counts: Vec<u64> = stored.extents.values().map(|extent| extent.0).collect();
    assert_eq!(counts, [u64::from(FINDINGS)]);
    assert_eq!(mismatch(&world, &world.incidents, &all), None);
    // The backlog is drained: nothing waits any more, and one workflow was started.
    assert!(world.queue.is_empty());
    assert_eq!(world.workflow.executions().len(), 1);
    let posted = told(&world);
    for url in ["https://slack.example", "https://teams.example"] {
        let messages: Vec<&String> = posted
            .iter()
            .filter(|(to, _)| to == url)
            .map(|(_, body)| body)
            .collect();
        assert!((1..=5).contains(&messages.len()), "{}", messages.len());
        let count = format!("{FINDINGS} findings");
        assert!(messages.iter().all(|body| body.contains(&count)));
    }
}

/// What two channels are told of everything that was started, each notice delivered twice.
fn told(world: &World) -> Vec<(String, String)> {
    let topic = FakeTopic::default();
    let remediator = Remediator {
        incidents: Incidents::new(world.incidents.clone()),
        cloud: FakeCloud::default(),
        topic: topic.clone(),
        clock: world.clock.clone(),
        config: RemediatorConfig::new("incidents", "arn:topic"),
    };
    for input in world.workflow.executions().values() {
        let mut state: Value = serde_json::from_str(input).unwrap();
        for step in ["triage", "plan", "close", "notify"] {
            let invocation = json!({"step": step, "state": state});
            let invocation = serde_json::from_value(invocation).unwrap();
            state = ready(remediator.handle(invocation)).unwrap();
        }
    }
    let (web, secrets) = (FakeWeb::default(), FakeSecrets::default());
    secrets.set("arn:slack", SecretVersion::Current, "https://slack.example");
    secrets.set("arn:teams", SecretVersion::Current, "https://teams.example");
    let config = json!({"incidents_table": "incidents", "channels": [
        {"name": "s", "via": {"kind": "slack_webhook", "url_secret_arn": "arn:slack"}},
        {"name": "t", "via": {"kind": "teams_workflow", "url_secret_arn": "arn:teams"}},
    ]});
    let notifier = Notifier {
        incidents: Incidents::new(world.incidents.clone()),
        web: web.clone(),
        secrets,
        clock: world.clock.clone(),
        pause: FakePause::default(),
        config: serde_json::from_value(config).unwrap(),
    };
    for (_, _, message) in topic.published().iter().chain(&topic.published()) {
        let event = json!({"Records": [{"Sns": {"Message": message.to_string()}}]});
        ready(notifier.handle(serde_json::from_value(event).unwrap())).unwrap();
    }
    web.posted()
        .into_iter()
        .map(|(url, _, body)| (url, body.to_string()))
        .collect()
}

#[test]
fn a_storm_takes_few_writes_of_its_incident() {
    let world = World::new(&keyed(10_000));
    let all: Vec<_> = (0..10)
        .map(|n| record(n, 1_700_000_000_000, "a", format!("r{n} bad")))
        .collect();
    let messages = world.write("1", &all);
    world.settle(messages);
    let meta = world.incidents.all();
    let detections: Vec<_> = meta
        .iter()
        .filter_map(|item| item.attributes.get("detections")?.as_i64())
        .collect();
    assert_eq!(
        detections,
        [1],
        "ten findings are one write of the incident"
    );
}

#[test]
fn a_window_of_thousands_of_lines_misses_none() {
    let world = World::new(&tumbling());
    let all: Vec<_> = (0..3_000)
        .map(|n| record(n, 1_700_000_000_000 + i64::from(n), "a", format!("bad {n}")))
        .collect();
    let mut messages = Vec::new();
    for (n, batch) in all.chunks(100).enumerate() {
        messages.extend(world.write(&format!("{n:05}"), batch));
    }
    Choices(5).shuffle(&mut messages);
    world.settle(messages);
    assert_eq!(mismatch(&world, &world.incidents, &all), None);
    // One line among thousands would be seen, by more than the count of lines.
    let mut other = all;
    other[2_900].id = "another".into();
    assert!(mismatch(&world, &world.incidents, &other).is_some());
}
