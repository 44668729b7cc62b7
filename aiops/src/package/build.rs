//! Builds the functions' binaries with cargo.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use serde::Deserialize;

use super::Architecture;
use crate::error::CommandError;

/// The package whose binaries are the deployed functions.
const FUNCTIONS: &str = "aiops-functions";
/// The package whose only further binary stands in for AWS on the local cloud.
pub(crate) const COMMAND_LINE: &str = "aiops";

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
    target: Option<MessageTarget>,
    #[serde(default)]
    package_id: String,
}

#[derive(Deserialize)]
struct MessageTarget {
    name: String,
    kind: Vec<String>,
}

/// A binary that cargo made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// Its name.
    pub(crate) name: String,
    /// Of which package, in cargo's form.
    pub(crate) package_id: String,
    /// Where it lies.
    pub(crate) executable: PathBuf,
}

/// The binaries by function name. Cargo's own messages go to standard error.
pub fn build(workspace: &Path, build: Build) -> anyhow::Result<BTreeMap<String, PathBuf>> {
    let built = cargo_build(workspace, |command| {
        command.args(["--package", FUNCTIONS]);
        match build {
            // Both packages at once, or the features of shared dependencies would differ from those
            // that the command line was built with, and they would be compiled again.
            Build::Local => {
                command.args(["--package", COMMAND_LINE]);
            }
            Build::Release(architecture) => {
                command.args(["--release", "--target", architecture.target()]);
                reproducible(command, workspace, &[]);
            }
        }
    })
    .context("the functions")?;
    let binaries: BTreeMap<String, PathBuf> = built
        .into_iter()
        .filter(|target| {
            target.package_id.contains(FUNCTIONS)
                || target.package_id.contains("/functions#")
                // Stands in for a part of AWS.
                || target.name.starts_with("local-")
        })
        .map(|target| (target.name, target.executable))
        .collect();
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

/// Builds the binaries of what `arrange` adds to the command. Cargo's own messages go to standard
/// error.
pub(crate) fn cargo_build(
    workspace: &Path,
    arrange: impl FnOnce(&mut Command),
) -> anyhow::Result<Vec<Target>> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .current_dir(workspace)
        .args(["build", "--quiet", "--locked", "--bins"])
        .args(["--message-format", "json-render-diagnostics"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    for (name, _) in std::env::vars_os().filter(|(name, _)| of_a_package(name)) {
        command.env_remove(name);
    }
    arrange(&mut command);
    let output = command.output().context("cannot run cargo")?;
    if !output.status.success() {
        bail!("it does not build: see cargo's messages above");
    }
    let mut built = Vec::new();
    for line in output.stdout.split(|byte| *byte == b'\n') {
        let Ok(message) = serde_json::from_slice::<Message>(line) else {
            continue;
        };
        if let (Some(executable), Some(target)) = (message.executable, message.target)
            && target.kind.iter().any(|kind| kind == "bin")
        {
            built.push(Target {
                name: target.name,
                package_id: message.package_id,
                executable,
            });
        }
    }
    Ok(built)
}

/// Whether `cargo run` and `cargo test` set this variable to speak of the package that they run. Build
/// scripts (of `ring`) watch these: with ours they would run again, and what hangs on them be compiled
/// again, at every change between a build from a shell and one from here.
fn of_a_package(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| {
        ["CARGO_PKG_", "CARGO_MANIFEST_", "OUT_DIR"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
    })
}

/// Makes what a build gives a matter of the sources alone, wherever and in whatever environment it
/// runs: built incrementally, for one, the same sources give another binary.
pub(crate) fn reproducible(command: &mut Command, workspace: &Path, flags: &[&str]) {
    let inherited = std::env::vars_os().map(|(name, _)| name);
    let given = command.get_envs().map(|(name, _)| name.to_owned());
    let of_a_profile = |name: &OsString| {
        let name = name.to_str();
        name.is_some_and(|name| name.starts_with("CARGO_PROFILE_"))
    };
    let names: Vec<OsString> = inherited.chain(given).filter(of_a_profile).collect();
    for name in names {
        command.env_remove(name);
    }
    let mut all = remapped_paths(workspace);
    all.extend(flags.iter().map(|flag| (*flag).to_owned()));
    command
        .env("CARGO_INCREMENTAL", "0")
        // Before every other place that cargo takes flags from.
        .env("CARGO_ENCODED_RUSTFLAGS", all.join("\u{1f}"));
}

/// Compiler flags that replace where the sources lie on this machine by fixed names.
fn remapped_paths(workspace: &Path) -> Vec<String> {
    let mut flags = vec![remap(workspace, "/aiops")];
    let cargo_home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    if let Some(home) = cargo_home {
        flags.push(remap(&home, "/cargo"));
    }
    flags
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A package of two units, so that building it incrementally shows in the binary.
    fn project(directory: &Path) {
        let manifest = "[package]\nname = \"two\"\nversion = \"1.0.0\"\nedition = \"2024\"\n[workspace]\n[profile.release]\nstrip = \"symbols\"\n";
        let main = "mod other;\nfn main() {\n    println!(\"{} {}\", other::sum(&[1, 2, 3]), file!());\n}\n";
        let other = "pub fn sum(numbers: &[u64]) -> u64 {\n    numbers.iter().map(|number| format!(\"{number}\").len() as u64).sum()\n}\n";
        std::fs::create_dir(directory.join("src")).unwrap();
        for (name, text) in [
            ("Cargo.toml", manifest),
            ("src/main.rs", main),
            ("src/other.rs", other),
        ] {
            std::fs::write(directory.join(name), text).unwrap();
        }
    }

    #[test]
    fn two_builds_give_the_same_bytes_wherever_and_however_they_run() {
        let built = |variables: &[(&str, &str)]| {
            let directory = tempfile::tempdir().unwrap();
            project(directory.path());
            let mut command = Command::new(std::env::var_os("CARGO").unwrap());
            command
                .current_dir(directory.path())
                .args(["build", "--release", "--offline", "--quiet"])
                .env("CARGO_TARGET_DIR", directory.path().join("target"))
                .envs(variables.iter().copied());
            reproducible(&mut command, directory.path(), &[]);
            assert!(command.status().unwrap().success());
            std::fs::read(directory.path().join("target/release/two")).unwrap()
        };
        let plain = built(&[]);
        let otherwise = built(&[
            ("CARGO_INCREMENTAL", "1"),
            ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
            ("RUSTFLAGS", "-Cdebuginfo=2"),
        ]);
        assert!(
            plain == otherwise,
            "{} and {} bytes",
            plain.len(),
            otherwise.len()
        );
    }
}
