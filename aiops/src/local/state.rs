//! What is known of a local cloud that was kept: `.aiops/local.json`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::CommandError;

/// The version of the file's form.
pub const SCHEMA: &str = "aiops.local/1";

/// Where the file lies below the working directory.
pub const FILE: &str = ".aiops/local.json";

/// A kept local cloud.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalState {
    /// [`SCHEMA`].
    pub schema: String,
    /// `http://127.0.0.1:port`.
    pub endpoint: String,
    /// Region of every resource.
    pub region: String,
    /// Process id of the emulator.
    pub pid: u32,
    /// The emulator's directory.
    pub directory: PathBuf,
    /// Its log.
    pub log: PathBuf,
    /// The stack that was applied.
    pub stack: String,
    /// Every resource that was applied, by its logical name.
    pub resources: BTreeMap<String, AppliedResource>,
    /// The stack's exports, evaluated.
    pub exports: BTreeMap<String, Value>,
}

/// A resource as it was applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppliedResource {
    /// Its type token.
    #[serde(rename = "type")]
    pub kind: String,
    /// sha256 of its evaluated inputs; the content of archives counts, not their path.
    pub inputs_digest: String,
    /// What it answered: `id`, `arn`, `name` and what else its type has.
    pub outputs: Value,
}

impl LocalState {
    /// Reads the file below `directory`; `None` if no local cloud is kept.
    pub fn read(directory: &Path) -> Result<Option<Self>, CommandError> {
        let path = directory.join(FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(CommandError::bad_path(&path, error)),
        };
        let state: Self =
            serde_json::from_str(&text).map_err(|error| CommandError::bad_path(&path, error))?;
        if state.schema == SCHEMA {
            Ok(Some(state))
        } else {
            Err(CommandError::bad_path(
                &path,
                format!("schema `{}` is not {SCHEMA}", state.schema),
            ))
        }
    }

    /// Writes the file below `directory`, whole or not at all.
    pub fn write(&self, directory: &Path) -> Result<(), CommandError> {
        let path = directory.join(FILE);
        let parent = path.parent().unwrap_or(directory);
        fs::create_dir_all(parent).map_err(|error| CommandError::bad_path(parent, error))?;
        let text = serde_json::to_string_pretty(self).map_err(anyhow::Error::from)?;
        let mut file = tempfile::NamedTempFile::new_in(parent)?;
        std::io::Write::write_all(&mut file, text.as_bytes())?;
        file.persist(&path)
            .map_err(|error| CommandError::bad_path(&path, error.error))?;
        Ok(())
    }

    /// Removes the file below `directory`, if it is there.
    pub fn remove(directory: &Path) -> Result<(), CommandError> {
        let path = directory.join(FILE);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(CommandError::bad_path(&path, error))
            }
            _ => Ok(()),
        }
    }
}
