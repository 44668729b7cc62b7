//! The golden graphs: what every stack of the project declares, committed, so that a pull request
//! shows what it changes and `aiops diff --base` needs no build of the past.
//!
//! After an intended change: `AIOPS_UPDATE_SNAPSHOTS=1 cargo test -p aiops-infra --test snapshots`.

#![expect(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use std::fs;
use std::path::{Path, PathBuf};

use aiops_infra::config::StackConfig;
use aiops_infra::graph::{json, validate};
use aiops_infra::platform;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn stacks() -> Vec<(String, StackConfig)> {
    let mut stacks: Vec<(String, StackConfig)> = fs::read_dir(root())
        .unwrap()
        .filter_map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name()?.to_str()?;
            let stack = name
                .strip_prefix("Pulumi.")?
                .strip_suffix(".yaml")?
                .to_owned();
            let text = fs::read_to_string(&path).unwrap();
            let config = StackConfig::from_stack_file(&stack, &text).unwrap();
            Some((stack, config))
        })
        .collect();
    stacks.sort_by(|a, b| a.0.cmp(&b.0));
    stacks
}

#[test]
fn every_stack_declares_what_is_committed() {
    let update = std::env::var_os("AIOPS_UPDATE_SNAPSHOTS").is_some();
    let mut differing = Vec::new();
    for (stack, config) in stacks() {
        let text = json::to_text(&platform::declare(&config));
        let path = root().join(format!("infra/snapshots/{stack}.json"));
        if update {
            fs::create_dir_all(root().join("infra/snapshots")).unwrap();
            fs::write(&path, text).unwrap();
        } else if fs::read_to_string(&path).unwrap_or_default() != text {
            differing.push(stack);
        }
    }
    assert!(
        differing.is_empty(),
        "the graphs of {differing:?} differ from infra/snapshots: look at `aiops diff --stack …`, then \
         AIOPS_UPDATE_SNAPSHOTS=1 cargo test -p aiops-infra --test snapshots"
    );
}

#[test]
fn every_stack_of_the_project_is_valid() {
    let stacks = stacks();
    assert!(
        stacks.len() >= 5,
        "local, dev, staging, prod and an example team"
    );
    for (stack, config) in stacks {
        let graph = platform::declare(&config);
        if let Err(problems) = validate::validate(&graph) {
            panic!("{stack}: {problems}");
        }
    }
}
