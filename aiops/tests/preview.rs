//! What a pull request shows, by the commands themselves: a stack's graph, what a change does to it, what
//! stands in the way of destroying it. Each runs in a repository of its own with the project's stack files.

#![expect(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const STACKS: [&str; 5] = ["dev", "local", "prod", "staging", "team-example"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A repository with the stack files and their committed graphs.
struct Repository(tempfile::TempDir);

impl Repository {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        fs::create_dir_all(path.join("infra/snapshots")).unwrap();
        fs::create_dir(path.join("functions")).unwrap();
        let mut files = vec!["Cargo.lock".to_owned(), "functions/Cargo.toml".to_owned()];
        for stack in STACKS {
            files.push(format!("Pulumi.{stack}.yaml"));
            files.push(format!("infra/snapshots/{stack}.json"));
        }
        for file in files {
            fs::copy(root().join(&file), path.join(&file)).unwrap();
        }
        let repository = Self(directory);
        repository.git(&["init", "--quiet"]);
        repository.git(&["add", "--all"]);
        repository.git(&["commit", "--quiet", "--message", "Begin"]);
        repository
    }

    fn git(&self, arguments: &[&str]) {
        let done = Command::new("git")
            .current_dir(self.0.path())
            .args(["-c", "user.name=test", "-c", "user.email=test@example.com"])
            .args(arguments)
            .output()
            .unwrap();
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
    }

    fn aiops(&self, arguments: &str) -> Output {
        Command::new(env!("CARGO_BIN_EXE_aiops"))
            .current_dir(self.0.path())
            .args(arguments.split(' '))
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// What a command prints that has to succeed.
    fn printed(&self, arguments: &str) -> String {
        let output = self.aiops(arguments);
        assert!(
            output.status.success(),
            "aiops {arguments}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, arguments: &str) -> Value {
        serde_json::from_str(&self.printed(arguments)).unwrap()
    }

    fn append(&self, stack: &str, lines: &str) {
        let path = self.0.path().join(format!("Pulumi.{stack}.yaml"));
        let text = fs::read_to_string(&path).unwrap();
        fs::write(path, text + lines).unwrap();
    }
}

#[test]
fn the_graph_of_every_stack_is_the_committed_one() {
    let repository = Repository::new();
    for stack in STACKS {
        let printed = repository.printed(&format!("graph --stack {stack}"));
        let committed =
            fs::read_to_string(root().join(format!("infra/snapshots/{stack}.json"))).unwrap();
        assert!(
            printed.trim_end() == committed.trim_end(),
            "{stack} declares something else than infra/snapshots/{stack}.json"
        );
    }
}

#[test]
fn the_other_forms_of_a_graph_hold_each_of_its_resources() {
    let repository = Repository::new();
    let graph = repository.json("graph --stack dev");
    let plan = repository.json("graph --stack dev --format terraform-plan");
    let diagram = repository.printed("graph --stack dev --format mermaid");
    assert!(diagram.starts_with("flowchart"), "{diagram:.80}");
    let resources = graph["resources"].as_array().unwrap();
    assert!(resources.len() > 100);
    let changes = plan["resource_changes"].as_array().unwrap();
    for resource in resources {
        let name = resource["name"].as_str().unwrap();
        assert!(diagram.contains(name), "{name} is not in the diagram");
    }
    assert!(!changes.is_empty());
}

#[test]
fn nothing_changed_is_no_difference() {
    let repository = Repository::new();
    for stack in STACKS {
        let difference = repository.json(&format!("diff --stack {stack} --format json"));
        for what in ["added", "removed", "changed"] {
            assert_eq!(difference[what], serde_json::json!([]), "{stack}: {what}");
        }
    }
}

#[test]
fn a_change_of_one_line_shows_that_line_alone() {
    let repository = Repository::new();
    repository.append("dev", "  aiops:stream:\n    maximumRetries: 7\n");
    insta::assert_snapshot!("diff_text", repository.printed("diff --stack dev"));
    insta::assert_snapshot!(
        "diff_markdown",
        repository.printed("diff --stack dev --format markdown")
    );
    let difference = repository.json("diff --stack dev --format json");
    let changed = difference["changed"].as_array().unwrap();
    assert_eq!(changed.len(), 1, "{difference:#}");
    assert_eq!(changed[0]["properties"].as_array().unwrap().len(), 1);
    assert_eq!(difference["added"], serde_json::json!([]));
    assert_eq!(difference["removed"], serde_json::json!([]));
}

#[test]
fn a_replaced_resource_names_the_property_that_forces_it_and_the_data_it_holds() {
    let repository = Repository::new();
    repository.append("dev", "  aiops:prefix: other\n");
    let difference = repository.json("diff --stack dev --format json");
    let replaced: Vec<&Value> = difference["changed"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|change| change["action"] == "replace")
        .collect();
    assert!(!replaced.is_empty(), "{difference:#}");
    for change in &replaced {
        assert!(
            change["properties"]
                .as_array()
                .unwrap()
                .iter()
                .any(|property| property["forces_replacement"] == true),
            "{change:#}"
        );
    }
    assert!(
        replaced.iter().any(|change| change["data_bearing"] == true),
        "{difference:#}"
    );
}

#[test]
fn a_wrong_configuration_shows_all_its_mistakes_at_once() {
    let repository = Repository::new();
    repository.append(
        "dev",
        "  aiops:stream:\n    maximumRetires: 7\n    batchSize: 0\n  aiops:network:\n    zones: 9\n",
    );
    for command in [
        "graph --stack dev",
        "diff --stack dev",
        "destroy-plan --stack dev",
    ] {
        let output = repository.aiops(command);
        assert_eq!(output.status.code(), Some(2), "{command}");
        assert!(output.stdout.is_empty(), "{command}");
        let sentence = String::from_utf8(output.stderr).unwrap();
        for part in [
            "Pulumi.dev.yaml",
            "stream.maximumRetires",
            "maximumRetries",
            "stream.batchSize",
            "network.zones",
        ] {
            assert!(
                sentence.contains(part),
                "{command}: no {part} in {sentence}"
            );
        }
    }
}

#[test]
fn the_plan_of_a_destruction_names_what_holds_data() {
    let repository = Repository::new();
    insta::assert_snapshot!(
        "destroy_plan_prod",
        repository.printed("destroy-plan --stack prod")
    );
    let plan = repository.json("destroy-plan --stack prod --json");
    assert_eq!(plan["stack"], "prod");
    assert!(!plan["steps"].as_array().unwrap().is_empty());
}

#[test]
fn the_reference_of_the_configuration_is_what_the_commands_print() {
    let repository = Repository::new();
    let schema: Value = repository.json("config schema");
    let committed: Value = serde_json::from_str(
        &fs::read_to_string(root().join("docs/reference/stack.schema.json")).unwrap(),
    )
    .unwrap();
    assert_eq!(schema, committed);
    let table = repository.printed("config explain");
    let page = fs::read_to_string(root().join("docs/reference/configuration.md")).unwrap();
    for line in table.lines().filter(|line| line.starts_with("| `")) {
        assert!(page.contains(line), "not in the reference: {line}");
    }
    repository.printed("config check");
}
