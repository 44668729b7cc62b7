//! The house rules that a compiler does not see: which room may use which, and what a file looks like.

#![expect(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use aiops_tests::checkout::{files, root};

/// Lines of a file that is not generated and not a test.
const MOST_LINES: usize = 500;

fn metadata() -> serde_json::Value {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

fn manifests() -> Vec<PathBuf> {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| package["manifest_path"].as_str().unwrap().into())
        .collect()
}

/// Direct dependencies of every package of the workspace, development ones left out.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().unwrap();
            let names = dependencies
                .iter()
                .filter(|dependency| dependency["kind"] != "dev")
                .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
                .collect();
            (package["name"].as_str().unwrap().to_owned(), names)
        })
        .collect()
}

/// Every Rust file that a person wrote.
fn sources() -> Vec<PathBuf> {
    let rooms = [
        "domain",
        "model",
        "container",
        "functions",
        "infra",
        "aiops",
        "tests",
    ];
    let mut found: Vec<PathBuf> = rooms
        .iter()
        .flat_map(|room| files(&root().join(room), "rs"))
        .collect();
    found.retain(|path| !path.to_string_lossy().contains("generated"));
    found
}

#[test]
fn arrows_between_rooms_point_one_way() {
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("aiops-domain", &[][..]),
        ("aiops-model", &["aiops-domain"][..]),
        ("aiops-functions", &["aiops-domain", "aiops-model"][..]),
        ("aiops-infra", &["aiops-domain"][..]),
        ("aiops-container", &["aiops-domain", "aiops-model"][..]),
        (
            "aiops",
            &[
                "aiops-domain",
                "aiops-model",
                "aiops-functions",
                "aiops-infra",
            ][..],
        ),
    ]);
    let dependencies = dependencies();
    for (room, allowed) in allowed {
        for dependency in &dependencies[room] {
            let ours = dependency == "aiops" || dependency.starts_with("aiops-");
            assert!(
                !ours || allowed.contains(&dependency.as_str()),
                "{room} must not depend on {dependency}"
            );
        }
    }
}

#[test]
fn rooms_keep_away_from_what_is_not_theirs() {
    let banned: BTreeMap<&str, &[&str]> = BTreeMap::from([
        (
            "aiops-domain",
            &["tokio", "reqwest", "aws-", "lambda_runtime", "tonic"][..],
        ),
        (
            "aiops-model",
            &["axum", "reqwest", "aws-", "lambda_runtime", "tonic"][..],
        ),
        (
            "aiops-container",
            &["reqwest", "aws-", "lambda_runtime", "tonic"][..],
        ),
        ("aiops-infra", &["aws-", "lambda_runtime", "smartcore"][..]),
    ]);
    let dependencies = dependencies();
    for (room, banned) in banned {
        for dependency in &dependencies[room] {
            assert!(
                !banned.iter().any(|banned| dependency.starts_with(banned)),
                "{room} must not depend on {dependency}"
            );
        }
    }
}

#[test]
fn every_crate_inherits_the_lints() {
    for path in manifests() {
        let manifest = fs::read_to_string(&path).unwrap();
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "{} has its own lints",
            path.display()
        );
    }
}

#[test]
fn versions_stand_in_the_workspace_manifest_only() {
    for path in manifests() {
        let manifest = fs::read_to_string(&path).unwrap();
        for (index, line) in manifest.lines().enumerate() {
            assert!(
                !line.contains("version = \""),
                "{}:{}: {line}",
                path.display(),
                index + 1
            );
        }
    }
}

#[test]
fn every_module_opens_with_its_purpose() {
    let without: Vec<_> = sources()
        .into_iter()
        .filter(|path| !fs::read_to_string(path).unwrap().starts_with("//!"))
        .collect();
    assert!(without.is_empty(), "no `//!` at the top of {without:#?}");
}

#[test]
fn files_fit_in_a_readers_head() {
    let long: Vec<_> = sources()
        .into_iter()
        .filter(|path| {
            let text = path.to_string_lossy();
            !text.contains("/tests/") && !text.ends_with("/tests.rs")
        })
        .filter_map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let code = text
                .lines()
                .take_while(|line| !line.starts_with("#[cfg(test)]"))
                .count();
            (code > MOST_LINES).then_some((path, code))
        })
        .collect();
    assert!(long.is_empty(), "more than {MOST_LINES} lines: {long:#?}");
}

#[test]
fn modules_stand_beside_their_folder() {
    let found: Vec<_> = sources()
        .into_iter()
        .filter(|path| path.file_name().is_some_and(|name| name == "mod.rs"))
        .collect();
    assert!(
        found.is_empty(),
        "`foo.rs` beside `foo/` instead of {found:#?}"
    );
}

#[test]
fn mains_are_thin() {
    for path in sources() {
        let text = path.to_string_lossy();
        if text.ends_with("/main.rs") || text.contains("/src/bin/") {
            let lines = fs::read_to_string(&path).unwrap().lines().count();
            assert!(
                lines <= 40,
                "{text} has {lines} lines: move them into the library"
            );
        }
    }
}
