//! Whoever is called by an alarm finds what to do.

#![expect(clippy::unwrap_used, reason = "a failing helper is a failing test")]

#[path = "support/stacks.rs"]
mod stacks;

use std::collections::BTreeSet;
use std::fs;

use aiops_infra::graph::json::value_to_json;

/// The runbook that an alarm's description names.
fn runbook(description: &str) -> &str {
    let (_, path) = description
        .split_once("Runbook: ")
        .unwrap_or_else(|| panic!("`{description}` names no runbook"));
    path
}

#[test]
fn every_alarm_of_every_stack_names_a_runbook_that_says_what_to_do() {
    let mut named = BTreeSet::new();
    for graph in stacks::graphs() {
        let alarms = graph
            .of_kind("aws:cloudwatch/metricAlarm:MetricAlarm")
            .chain(graph.of_kind("aws:cloudwatch/compositeAlarm:CompositeAlarm"));
        for alarm in alarms {
            let description = value_to_json(&alarm.inputs["alarmDescription"]);
            named.insert(runbook(description.as_str().unwrap()).to_owned());
        }
    }
    assert!(named.len() >= 10, "{named:?}");
    for path in named {
        let text = fs::read_to_string(stacks::root().join(&path)).unwrap_or_else(|error| {
            panic!("{path}: {error}");
        });
        for part in ["# ", "**What it means.**", "**Look.**", "**Do.**"] {
            assert!(text.contains(part), "{path} has no {part}");
        }
    }
}
