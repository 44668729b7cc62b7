//! Commands that start a local cloud, as somebody types them: what they leave behind when they succeed,
//! when they are interrupted and when they are killed. The emulator must start: it is never skipped.

#![expect(clippy::unwrap_used, reason = "a failing helper is a failing test")]

#[path = "support/home.rs"]
mod home;

use std::collections::BTreeSet;
use std::process::{Child, Command, Stdio};

use aiops::demo::state::Snapshot;
use home::{Home, until};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill")
        .args([name, &child.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
fn a_stack_applied_twice_changes_nothing_and_leaves_no_pipe_open() {
    let home = Home::new();
    let first = home.ok(&["local", "up"]);
    assert!(!first.contains(" of which 0 changed"), "{first}");
    assert!(
        first.contains("networkAcl:NetworkAcl (private: its association with"),
        "{first}"
    );
    let second = home.ok(&["local", "up"]);
    assert!(second.contains(" of which 0 changed"), "{second}");
    let status = home.json(&["local", "status", "--json"]);
    assert_eq!(status["running"], true);
    home.ok(&["local", "stop"]);
    assert!(!home.state_file().exists());
    until("the emulator's end", || home.processes().is_empty());
    assert_eq!(home.json(&["local", "status", "--json"])["running"], false);
}

#[test]
fn an_interrupted_or_killed_command_leaves_neither_process_nor_state() {
    let home = Home::new();
    for (arguments, name) in [
        (["local", "up"].as_slice(), "-INT"),
        (&["local", "up"], "-KILL"),
        (&["demo"], "-INT"),
        (&["demo", "--keep"], "-KILL"),
    ] {
        let mut child = home
            .interruptible(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until("the emulator", || {
            assert_eq!(child.try_wait().unwrap(), None, "{arguments:?} ended");
            !home.processes().is_empty()
        });
        signal(&child, name);
        assert!(!child.wait().unwrap().success(), "{arguments:?}");
        until("the emulator's end", || home.processes().is_empty());
        assert!(!home.state_file().exists(), "{arguments:?} {name}");
    }
}

#[tokio::test]
async fn what_a_kept_demonstration_did_is_undone_from_the_terminal() {
    let home = Home::new();
    let shown = home.run(&["--quiet", "demo", "--keep", "--json", "out.json"]);
    let out = std::fs::read(home.path().join("out.json"));
    let out: Value = serde_json::from_slice(&out.unwrap_or_else(|_| panic!("{shown:?}"))).unwrap();
    let listed = home.json(&["incidents", "list", "--all", "--json"]);
    let ids = |incidents: &Value| -> BTreeSet<String> {
        let incidents = incidents.as_array().unwrap().iter();
        incidents
            .map(|incident| incident["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let told: BTreeSet<_> = &ids(&out["incidents"]) | &ids(&out["withdrawn"]);
    assert_eq!(ids(&listed["incidents"]), told);
    let slack = out["messages"].as_array().unwrap().iter();
    let slack = slack.filter(|message| message["path"] == "/slack").count();
    assert!(
        slack <= 2 * told.len(),
        "{slack} messages of {} incidents",
        told.len()
    );
    // The archive gives the same records, incidents and findings again.
    let times = |name: &str| -> Vec<Timestamp> {
        let incidents = out["incidents"].as_array().unwrap().iter();
        incidents
            .map(|incident| incident[name].as_str().unwrap().parse().unwrap())
            .collect()
    };
    let day = SignedDuration::from_hours(24);
    let from = (*times("first_seen").iter().min().unwrap() - day).to_string();
    let to = (*times("last_seen").iter().max().unwrap() + day).to_string();
    let replay = [
        "replay", "--stack", "local", "--json", "--from", &from, "--to", &to,
    ];
    let replayed = home.json(&replay);
    assert_eq!(replayed["same"], true, "{replayed:#}");
    assert_eq!(
        replayed["records"]["live"],
        out["lines"]["segments_distinct"]
    );
    // The line of `doctor` is strange, and nobody is told of it.
    assert_eq!(
        home.json(&["doctor", "--stack", "local", "--json"])["ok"],
        true
    );
    let mut canary = Value::Null;
    until("the canary's incident", || {
        let listed = home.json(&["incidents", "list", "--all", "--json"]);
        let mut incidents = listed["incidents"].as_array().unwrap().clone().into_iter();
        let found = incidents.find(|incident| incident["entity"] == "aiops-doctor");
        canary = found.unwrap_or_default();
        ["resolved", "suppressed", "failed"]
            .contains(&canary["status"].as_str().unwrap_or_default())
    });
    assert_eq!(canary["status"], "suppressed", "{canary:#}");
    let answers = out["remediation"]["answers"].as_array().unwrap();
    let in_force: Vec<&Value> = answers
        .iter()
        .filter(|answer| ["automatic", "approved"].contains(&answer["course"].as_str().unwrap()))
        .collect();
    assert_eq!(in_force.len(), 2, "{answers:#?}");
    assert_ne!(acl_entries(&home).await, in_force[0]["before"]);
    for answer in &in_force {
        let id = answer["incident_id"].as_str().unwrap();
        let incident = &home.json(&["incidents", "show", id, "--json"])["incident"];
        assert_eq!(incident["actions"][0]["undone"], false);
        assert!(!incident["actions"][0]["prior_state"].is_null());
        let said = home.ok(&["incidents", "undo", id]);
        assert!(said.starts_with("1 actions undone"), "{said}");
        let incident = &home.json(&["incidents", "show", id, "--json"])["incident"];
        assert_eq!(incident["actions"][0]["undone"], true);
        assert_eq!(incident["status"], "rolled_back", "{incident:#}");
    }
    for answer in &in_force {
        assert_eq!(acl_entries(&home).await, answer["before"], "field by field");
    }
    let unknown = home.run(&["incidents", "undo", "nope"]);
    assert_eq!(unknown.status.code(), Some(2));
    home.ok(&["local", "stop"]);
    until("the emulator's end", || home.processes().is_empty());
}

/// Every entry of the stack's network ACLs, as the emulator shows them.
async fn acl_entries(home: &Home) -> Value {
    let (cloud, places) = home.cloud();
    let snapshot = Snapshot::take(cloud.aws(), &places).await.unwrap();
    let pieces = serde_json::to_value(snapshot).unwrap();
    let entries = pieces.as_array().unwrap().iter();
    entries
        .filter(|piece| piece["type"] == "network_acl_entry")
        .cloned()
        .collect()
}
