//! The `local` stack: its configuration, its graph, and the zips of its functions.

use std::path::{Path, PathBuf};

use aiops_infra::config::StackConfig;
use anyhow::Context as _;

use crate::error::CommandError;
use crate::package::archive::Compression;
use crate::package::build::{Build, build};
use crate::package::pack;
use crate::printer::Printer;

/// Name of the stack.
pub const NAME: &str = "local";

/// Its configuration, from `Pulumi.local.yaml` in the project's root.
pub fn config(workspace: &Path) -> Result<StackConfig, CommandError> {
    let path = workspace.join("Pulumi.local.yaml");
    let text =
        std::fs::read_to_string(&path).map_err(|error| CommandError::bad_path(&path, error))?;
    StackConfig::from_stack_file(NAME, &text).map_err(|error| CommandError::bad_path(&path, error))
}

/// Builds the functions and packs them for the local cloud; answers the directory of the zips.
pub fn archives(workspace: &Path, printer: &Printer) -> Result<PathBuf, CommandError> {
    let directory = workspace.join(".aiops").join("functions");
    std::fs::create_dir_all(&directory)
        .map_err(|error| CommandError::bad_path(&directory, error))?;
    let progress = printer.progress(None, "building the functions");
    let binaries = build(workspace, Build::Local)?;
    progress.set_message("packing the functions");
    for (name, binary) in &binaries {
        if is_packed(&directory.join(format!("{name}.zip")), binary) {
            continue;
        }
        pack(name, binary, &directory, Compression::Fast, &|need| {
            printer.note(format_args!(
                "{name}: `{}` needs glibc {}: it runs here, but not in Lambda",
                need.symbol, need.version
            ));
            Ok(())
        })
        .with_context(|| format!("packing {name}"))?;
    }
    progress.finish_and_clear();
    Ok(directory)
}

/// Whether the zip is newer than its binary.
fn is_packed(zip: &Path, binary: &Path) -> bool {
    let modified = |path: &Path| {
        path.metadata()
            .and_then(|metadata| metadata.modified())
            .ok()
    };
    matches!((modified(zip), modified(binary)), (Some(zip), Some(binary)) if zip > binary)
}
