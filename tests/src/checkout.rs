//! The checkout that the tests run in: its root, and the files below a folder.

use std::fs;
use std::path::{Path, PathBuf};

/// The repository's root.
///
/// # Panics
/// Never: this package stands in a folder of it.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("a package stands in the workspace")
        .to_path_buf()
}

/// Every file below `folder` whose name ends in `.` and `extension`, sorted.
///
/// # Panics
/// A folder that cannot be read.
pub fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(folder, extension, &mut found);
    found.sort();
    found
}

fn collect(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    for entry in entries {
        let path = entry
            .unwrap_or_else(|error| panic!("{folder:?}: {error}"))
            .path();
        if path.is_dir() {
            collect(&path, extension, found);
        } else if path.extension().is_some_and(|ending| ending == extension) {
            found.push(path);
        }
    }
}
