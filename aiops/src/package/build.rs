//! Builds the functions' binaries with cargo.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use serde::Deserialize;

use super::Architecture;
use crate::error::CommandError;

/// The package whose binaries are the deployed functions.
const FUNCTIONS: &str = "aiops-functions";
/// The package whose only further binary stands in for AWS on the local cloud.
const COMMAND_LINE: &str = "aiops";

/// For which cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Build {
    /// The local cloud: the development profile, so that nothing is compiled twice; this machine's
    /// architecture; with the local stand-ins.
    Local,
    /// AWS: the release profile, machine-specific paths cut out of the binaries.
    Release(Architecture),
}

/// A line of cargo's messages, as far as it matters here.
#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    executable: Option<PathBuf>,
    #[serde(default)]
    target: Option<Target>,
    #[serde(default)]
    package_id: String,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

/// The binaries by function name. Cargo's own messages go to standard error.
pub fn build(workspace: &Path, build: Build) -> anyhow::Result<BTreeMap<String, PathBuf>> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .current_dir(workspace)
        .args(["build", "--quiet", "--locked", "--bins"])
        .args(["--message-format", "json-render-diagnostics"])
        .args(["--package", FUNCTIONS])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    match build {
        // Both packages at once, or the features of shared dependencies would differ from those
        // that the command line was built with, and they would be compiled again.
        Build::Local => command.args(["--package", COMMAND_LINE]),
        Build::Release(architecture) => command
            .args(["--release", "--target", architecture.target()])
            .env("CARGO_ENCODED_RUSTFLAGS", remapped_paths(workspace)),
    };
    let output = command
        .output()
        .context("cannot run cargo, which builds the functions")?;
    if !output.status.success() {
        bail!("the functions do not build: see cargo's messages above");
    }
    let mut binaries = BTreeMap::new();
    for line in output.stdout.split(|byte| *byte == b'\n') {
        let Ok(message) = serde_json::from_slice::<Message>(line) else {
            continue;
        };
        if let (Some(executable), Some(target)) = (message.executable, message.target) {
            let function = message.package_id.contains(FUNCTIONS)
                || message.package_id.contains("/functions#");
            let stand_in = target.name.starts_with("local-");
            if target.kind.iter().any(|kind| kind == "bin") && (function || stand_in) {
                binaries.insert(target.name, executable);
            }
        }
    }
    if binaries.is_empty() {
        bail!("the package {FUNCTIONS} has no binaries");
    }
    Ok(binaries)
}

/// The names of the functions that [`build`] would build, in order; with the local stand-ins if `local`.
pub fn names(workspace: &Path, local: bool) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    let stand_ins = local.then_some("aiops/src/bin");
    for directory in ["functions/src/bin"].into_iter().chain(stand_ins) {
        let directory = workspace.join(directory);
        let entries = std::fs::read_dir(&directory)
            .with_context(|| format!("cannot list {}", directory.display()))?;
        for entry in entries {
            let name = entry?.file_name();
            names.extend(
                name.to_str()
                    .and_then(|name| name.strip_suffix(".rs"))
                    .map(str::to_owned),
            );
        }
    }
    names.sort();
    Ok(names)
}

/// Compiler flags that replace where the sources lie on this machine by fixed names.
fn remapped_paths(workspace: &Path) -> String {
    let mut flags = vec![remap(workspace, "/aiops")];
    let cargo_home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    if let Some(home) = cargo_home {
        flags.push(remap(&home, "/cargo"));
    }
    flags.join("\u{1f}")
}

fn remap(from: &Path, to: &str) -> String {
    format!("--remap-path-prefix={}={to}", from.display())
}

/// The root of the project: the nearest directory from `start` upwards with the workspace in it.
pub fn workspace_root(start: &Path) -> Option<PathBuf> {
    start
        .ancestors()
        .find(|directory| {
            directory.join("functions/Cargo.toml").is_file()
                && directory.join("Cargo.lock").is_file()
        })
        .map(Path::to_path_buf)
}

/// What to say where the project's sources are needed and not there.
pub fn outside_of_project() -> CommandError {
    CommandError::BadInput(
        "the current directory is not inside the project: the functions are built from its sources"
            .to_owned(),
    )
}
