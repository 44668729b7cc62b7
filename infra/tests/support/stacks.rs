//! The stacks of the project, as their files declare them.

#![allow(dead_code, reason = "each test uses a part")]

use std::fs;
use std::path::{Path, PathBuf};

use aiops_infra::config::StackConfig;
use aiops_infra::graph::Graph;
use aiops_infra::platform;

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every stack that has a file, in the order of their names.
pub(crate) fn configs() -> Vec<StackConfig> {
    let mut configs: Vec<StackConfig> = fs::read_dir(root())
        .unwrap()
        .filter_map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name()?.to_str()?;
            let stack = name.strip_prefix("Pulumi.")?.strip_suffix(".yaml")?;
            let text = fs::read_to_string(&path).unwrap();
            Some(StackConfig::from_stack_file(stack, &text).unwrap())
        })
        .collect();
    configs.sort_by(|a, b| a.stack.cmp(&b.stack));
    configs
}

/// The graph of each.
pub(crate) fn graphs() -> Vec<Graph> {
    configs().iter().map(platform::declare).collect()
}

/// Past the capture of the test runner, so that a skipped test shows.
pub(crate) fn say(line: &str) {
    use std::io::Write as _;
    let mut stderr = std::io::stderr();
    writeln!(stderr, "{line}").unwrap();
}

/// The program of this name on PATH.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|directory| directory.join(program))
        .find(|path| path.is_file())
}
