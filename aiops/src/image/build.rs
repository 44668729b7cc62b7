//! Builds the container's binaries with cargo.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use super::{BINARIES, Image};
use crate::package::build::{COMMAND_LINE, cargo_build, reproducible};
use crate::package::{Architecture, glibc};

/// The package whose binaries are the image.
const CONTAINER: &str = "aiops-container";

/// For which machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Build {
    /// This one, for the local endpoint: the development profile, so that nothing is compiled twice.
    /// The binaries need this machine's libraries.
    Local,
    /// SageMaker's: release, static, the machine-specific paths cut out.
    Release(Architecture),
}

impl Build {
    const fn architecture(self) -> Architecture {
        match self {
            Self::Local => Architecture::of_host(),
            Self::Release(architecture) => architecture,
        }
    }
}

/// Builds the binaries and makes the image.
///
/// # Errors
/// When cargo fails, or a binary that should be static is not.
pub fn image(workspace: &Path, build: Build) -> anyhow::Result<Image> {
    let binaries = binaries(workspace, build)?;
    let mut files = Vec::new();
    for (name, path) in &binaries {
        let content =
            std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        if build != Build::Local {
            ensure!(
                glibc::is_static(&content)
                    .with_context(|| format!("cannot read {}", path.display()))?,
                "{name} is linked dynamically, and the image has no libraries"
            );
        }
        files.push((format!("{BINARIES}/{name}"), content));
    }
    let files: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(path, content)| (path.as_str(), content.as_slice()))
        .collect();
    Ok(Image::of_files(&files, build.architecture())?)
}

fn binaries(workspace: &Path, build: Build) -> anyhow::Result<BTreeMap<String, PathBuf>> {
    let built = cargo_build(workspace, |command| {
        command.args(["--package", CONTAINER]);
        match build {
            // With the command line, whose features of shared dependencies are then the same: alone,
            // the container's would be compiled a second time, which takes minutes.
            Build::Local => {
                command.args(["--package", COMMAND_LINE]);
            }
            Build::Release(architecture) => {
                command.args(["--release", "--target", architecture.target()]);
                // The C library becomes part of the binary: nothing in it is loaded at run time.
                reproducible(command, workspace, &["-Ctarget-feature=+crt-static"]);
            }
        }
    })
    .context("the training image")?;
    let binaries: BTreeMap<String, PathBuf> = built
        .into_iter()
        .filter(|target| {
            target.package_id.contains(CONTAINER) || target.package_id.contains("/container#")
        })
        .map(|target| (target.name, target.executable))
        .collect();
    ensure!(
        binaries.contains_key("train") && binaries.contains_key("serve"),
        "the package {CONTAINER} has no binaries train and serve"
    );
    Ok(binaries)
}
