//! Tests of the module `asl`.

use super::remediation::Workflow;
use std::collections::BTreeMap;

use super::*;
use crate::graph::Value;

fn workflow() -> Machine {
    Workflow {
        remediator: Expr::from("arn:aws:lambda:eu-west-1:000000000000:function:remediator"),
        approval_seconds: 1800,
    }
    .machine()
}

fn field<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    match value {
        Value::Object(fields) => fields.get(name),
        _ => None,
    }
}

fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    match field(value, name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    match field(value, name) {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}

fn successors(state: &Value) -> Vec<String> {
    let arms = list(state, "Choices").iter().chain(list(state, "Catch"));
    [text(state, "Next"), text(state, "Default")]
        .into_iter()
        .flatten()
        .chain(arms.filter_map(|arm| text(arm, "Next")))
        .map(str::to_owned)
        .collect()
}

fn states(machine: &Machine) -> &BTreeMap<String, Value> {
    match field(machine.value(), "States") {
        Some(Value::Object(states)) => states,
        _ => panic!("a machine has states"),
    }
}

/// Every path from `name`, as lists of names.
fn paths(machine: &Machine, name: &str) -> Vec<Vec<String>> {
    let next = successors(&states(machine)[name]);
    if next.is_empty() {
        return vec![vec![name.to_owned()]];
    }
    next.iter()
        .flat_map(|next| paths(machine, next))
        .map(|path| [vec![name.to_owned()], path].concat())
        .collect()
}

#[test]
fn every_path_closes_the_incident_and_tells_somebody() {
    let machine = workflow();
    let paths = paths(&machine, "Triage");
    assert!(paths.len() > 20);
    for path in &paths {
        let tail: Vec<&str> = path.iter().rev().map(String::as_str).take(3).collect();
        assert!(
            matches!(tail[..], ["Done" | "NotificationFailed", "Notify", "Close"]),
            "{path:?}"
        );
    }
}

#[test]
fn nothing_is_executed_that_was_not_planned_and_nothing_changed_is_left_unverified() {
    for path in paths(&workflow(), "Triage") {
        let at = |name: &str| path.iter().position(|state| state == name);
        if let Some(execute) = at("Execute") {
            assert!(at("Plan").is_some_and(|plan| plan < execute), "{path:?}");
        }
        if let Some(executed) = at("Executed")
            && path[executed + 1] != "Verify"
        {
            // Refused before the first call: there is nothing to verify.
            assert_eq!(path[executed + 1], "Close");
        }
    }
}

#[test]
fn every_state_is_reached_and_every_task_retries_and_catches() {
    let machine = workflow();
    let reached: std::collections::BTreeSet<String> =
        paths(&machine, "Triage").into_iter().flatten().collect();
    for (name, state) in states(&machine) {
        assert!(reached.contains(name), "{name} is never reached");
        if text(state, "Type") == Some("Task") {
            let retries = list(state, "Retry");
            assert!(!retries.is_empty(), "{name} does not retry");
            assert!(
                retries
                    .iter()
                    .all(|retry| text(retry, "JitterStrategy") == Some("FULL"))
            );
            let last = list(state, "Catch").last();
            let errors = last
                .map(|catch| list(catch, "ErrorEquals"))
                .unwrap_or_default();
            assert_eq!(
                errors,
                [Value::from("States.ALL")],
                "{name} does not catch everything"
            );
        }
    }
}

#[test]
fn a_second_state_of_one_name_does_not_overwrite_the_first() {
    let machine = machine("twice", 1, |states| {
        let end = states.succeed("End");
        states.fail("End", "E", "c");
        states.choice("Start", [], end)
    });
    let names: Vec<_> = states(&machine).keys().cloned().collect();
    assert_eq!(names, ["End", "End #2", "Start"]);
}

#[test]
fn the_definition_is_the_one_that_was_reviewed() {
    let crate::graph::Value::Json(document) = Value::from(workflow().definition()) else {
        panic!("a definition is a JSON text");
    };
    insta::assert_snapshot!(rendered(&document, 0));
}

/// Indented JSON of a literal.
fn rendered(value: &Value, depth: usize) -> String {
    let pad = "  ".repeat(depth + 1);
    let block = |open: &str, items: Vec<String>, close: &str| {
        let items = items
            .iter()
            .map(|item| format!("{pad}{item}"))
            .collect::<Vec<_>>();
        format!(
            "{open}\n{}\n{}{close}",
            items.join(",\n"),
            "  ".repeat(depth)
        )
    };
    match value {
        Value::Object(fields) => block(
            "{",
            fields
                .iter()
                .map(|(name, value)| format!("{name:?}: {}", rendered(value, depth + 1)))
                .collect(),
            "}",
        ),
        Value::List(items) => block(
            "[",
            items.iter().map(|item| rendered(item, depth + 1)).collect(),
            "]",
        ),
        Value::String(text) => format!("{text:?}"),
        Value::Integer(number) => number.to_string(),
        other => format!("{other:?}"),
    }
}
