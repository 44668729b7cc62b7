//! A build of the command line and a build of the tests resolve the same features of third-party
//! crates; otherwise the AWS SDK is compiled twice on a fresh machine, which costs minutes.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

#[test]
fn the_command_line_resolves_the_features_that_the_tests_resolve() {
    let everything = resolved(&["--workspace"]);
    // What a development build compiles: the command line, and what it builds itself.
    for built in [None, Some("aiops-functions"), Some("aiops-container")] {
        let mut selection = vec!["--package", "aiops", "--edges", "normal,build"];
        selection.extend(built.iter().flat_map(|package| ["--package", *package]));
        let command_line = resolved(&selection);
        let only_there: Vec<_> = command_line.difference(&everything).collect();
        assert!(
            only_there.is_empty(),
            "compiled again by `cargo test --workspace` after `cargo aiops demo` ({built:?}), with \
             other features: {only_there:#?}\nname the missing features in aiops/Cargo.toml, beside \
             the others"
        );
    }
}

/// Each package with its features, `name version [features]`.
fn resolved(selection: &[&str]) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = Command::new(env!("CARGO"))
        .current_dir(root)
        .args([
            "tree",
            "--offline",
            "--locked",
            "--prefix",
            "none",
            "--no-dedupe",
        ])
        .args(["--format", "{p} [{f}]"])
        .args(selection)
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| line.trim_end_matches(" (*)").to_owned())
        .collect()
}
