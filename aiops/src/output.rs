//! Files that a command writes: whole or not at all, and known to be writable before the work begins.

use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tempfile::NamedTempFile;

use crate::error::CommandError;

/// Whether `path` could be written now; nothing is left behind.
///
/// # Errors
/// When it is a directory, or when nothing can be made beside it.
pub fn check(path: &Path) -> Result<(), CommandError> {
    beside(path).map(drop)
}

/// Writes `bytes` beside `path` first, then renames: there is never half a file.
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), CommandError> {
    let mut file = beside(path)?;
    file.write_all(bytes)
        .map_err(|error| CommandError::bad_path(path, error))?;
    file.persist(path)
        .map_err(|error| CommandError::bad_path(path, error.error))?;
    Ok(())
}

fn beside(path: &Path) -> Result<NamedTempFile, CommandError> {
    if path.is_dir() {
        return Err(CommandError::bad_path(path, "is a directory, name a file"));
    }
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !directory.is_dir() {
        return Err(CommandError::bad_path(
            path,
            format_args!("there is no directory {}", directory.display()),
        ));
    }
    // As any new file: who may read it is the process's umask to say.
    tempfile::Builder::new()
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(directory)
        .map_err(|error| {
            CommandError::bad_path(path, format_args!("cannot be written: {}", error.kind()))
        })
}
