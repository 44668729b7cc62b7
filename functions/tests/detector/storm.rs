//! A storm: one cause, 100,000 findings in a minute.

use crate::world::{Choices, World, keyed, mismatch, record, stored, tumbling};
use aiops_model::WindowSpec;

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
