//! The files of a channel in File mode, with or without a manifest.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use crate::exit::ContainerError;
use crate::root::Root;
use crate::settings::read_json_within;

/// Bytes of a manifest: some hundred thousand keys.
const MANIFEST_BYTES_MAX: u64 = 128 << 20;

/// Directories below a channel; segments lie four deep.
const DEPTH_MAX: usize = 32;

/// The files of a channel, by path. With a manifest beside them, those that it names.
///
/// # Errors
/// When the channel is not there, holds no file, or lacks one that its manifest names.
pub fn files(root: &Root, name: &str) -> Result<Vec<PathBuf>, ContainerError> {
    let directory = root.channel(name);
    if !directory.is_dir() {
        return Err(ContainerError::input(
            &directory,
            format_args!("there is no channel {name}: give the job one"),
        ));
    }
    let manifest = root.manifest(name);
    let mut found = BTreeSet::new();
    if manifest.is_file() {
        let mut missing = Vec::new();
        for key in listed(&manifest)? {
            let path = directory.join(&key);
            if path.is_file() {
                found.insert(path);
            } else {
                missing.push(key);
            }
        }
        if let Some(first) = missing.first() {
            return Err(ContainerError::input(
                &manifest,
                format_args!(
                    "{} of its {} objects are not in the channel, first {}",
                    missing.len(),
                    missing.len() + found.len(),
                    first.display()
                ),
            ));
        }
    } else {
        walk(&directory, DEPTH_MAX, &mut found)?;
    }
    if found.is_empty() {
        return Err(ContainerError::input(
            &directory,
            format_args!("channel {name} holds no file"),
        ));
    }
    Ok(found.into_iter().collect())
}

/// The relative paths that a manifest names.
fn listed(path: &Path) -> Result<Vec<PathBuf>, ContainerError> {
    let manifest: Vec<Value> = read_json_within(path, MANIFEST_BYTES_MAX)?;
    let mut entries = manifest.iter();
    if entries
        .next()
        .and_then(|first| first.get("prefix")?.as_str())
        .is_none()
    {
        return Err(ContainerError::input(
            path,
            "a manifest begins with {\"prefix\": \"s3://…\"}",
        ));
    }
    entries
        .map(|entry| {
            let key = entry
                .as_str()
                .ok_or_else(|| ContainerError::input(path, "an entry is no text"))?;
            let key = PathBuf::from(key);
            if key
                .components()
                .all(|part| matches!(part, Component::Normal(_)))
            {
                Ok(key)
            } else {
                Err(ContainerError::input(
                    path,
                    format_args!("`{}` leaves the channel", key.display()),
                ))
            }
        })
        .collect()
}

fn walk(
    directory: &Path,
    depth: usize,
    found: &mut BTreeSet<PathBuf>,
) -> Result<(), ContainerError> {
    if depth == 0 {
        return Err(ContainerError::input(directory, "nested too deeply"));
    }
    for entry in fs::read_dir(directory).map_err(ContainerError::file(directory))? {
        let path = entry.map_err(ContainerError::file(directory))?.path();
        if path.is_dir() {
            walk(&path, depth - 1, found)?;
        } else if path.is_file() {
            found.insert(path);
        }
    }
    Ok(())
}
