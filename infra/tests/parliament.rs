//! parliament over the identity policies of every stack: no finding.

#![expect(clippy::unwrap_used, reason = "a failing helper is a failing test")]

#[path = "support/resolved.rs"]
mod resolved;
#[path = "support/stacks.rs"]
mod stacks;

use std::fs;
use std::process::Command;

use aiops_infra::platform;
use resolved::Resolved;
use serde_json::{Value as Json, json};

/// A policy with a mistake, which shows that the policies are read: the action does not exist.
fn faulty() -> Json {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:PutObjekt", "Resource": "arn:aws:s3:::b/*"}
    ]})
}

#[test]
fn no_identity_policy_has_a_finding() {
    if stacks::on_path("parliament").is_none() {
        stacks::say("skipped: no_identity_policy_has_a_finding: no parliament on PATH");
        return;
    }
    let directory = std::env::temp_dir().join(format!("aiops-parliament-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let mut policies = 0;
    for config in stacks::configs() {
        let graph = platform::declare(&config);
        let resolved = Resolved::new(&graph, &config.region);
        for policy in graph.of_kind("aws:iam/rolePolicy:RolePolicy") {
            let document = resolved.document(policy, "policy");
            let file = format!("{}-{}.json", config.stack, policy.name);
            fs::write(directory.join(file), document.to_string()).unwrap();
            policies += 1;
        }
    }
    assert!(policies > 40, "{policies}");
    fs::write(directory.join("faulty.json"), faulty().to_string()).unwrap();
    let output = Command::new("parliament")
        .args(["--json", "--directory"])
        .arg(&directory)
        .output()
        .unwrap();
    fs::remove_dir_all(&directory).unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (faulty, findings): (Vec<&str>, Vec<&str>) = text
        .lines()
        .filter(|line| line.starts_with('{'))
        .partition(|line| line.contains("faulty.json"));
    assert!(
        faulty.iter().any(|line| line.contains("UNKNOWN_ACTION")),
        "the seeded mistake is not found: {text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}
