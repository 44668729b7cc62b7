//! An image in a directory, in the form that skopeo and podman call `dir:`: `manifest.json`, and each
//! part in a file named by its digest.

use std::fs;
use std::path::Path;

use super::{Digest, Image, Manifest};
use crate::error::CommandError;

/// What the tools look for.
const VERSION: &str = "Directory Transport Version: 1.1\n";

/// Bytes of a part that are read.
const PART_BYTES_MAX: u64 = 1 << 30;

/// Writes the image; the manifest last.
///
/// # Errors
/// When the directory cannot be written.
pub fn write(image: &Image, directory: &Path) -> Result<(), CommandError> {
    let put = |name: &str, bytes: &[u8]| {
        let path = directory.join(name);
        fs::write(&path, bytes).map_err(|error| CommandError::bad_path(&path, error))
    };
    fs::create_dir_all(directory).map_err(|error| CommandError::bad_path(directory, error))?;
    put("version", VERSION.as_bytes())?;
    for (descriptor, bytes) in &image.blobs {
        put(descriptor.digest.digits(), bytes)?;
    }
    put("manifest.json", &image.manifest)
}

/// Reads an image and checks every part.
///
/// # Errors
/// When it is not there, or a part is not what the manifest says.
pub fn read(directory: &Path) -> Result<Image, CommandError> {
    let path = directory.join("manifest.json");
    let manifest = fs::read(&path).map_err(|error| {
        CommandError::bad_path(
            &path,
            format_args!("{error}: make one with aiops image build"),
        )
    })?;
    let parsed: Manifest =
        serde_json::from_slice(&manifest).map_err(|error| CommandError::bad_path(&path, error))?;
    let mut blobs = Vec::new();
    for descriptor in std::iter::once(&parsed.config).chain(&parsed.layers) {
        let path = directory.join(descriptor.digest.digits());
        let bytes = match fs::metadata(&path) {
            Ok(metadata) if metadata.len() > PART_BYTES_MAX => {
                return Err(CommandError::bad_path(
                    &path,
                    "too large for a part of an image",
                ));
            }
            _ => fs::read(&path).map_err(|error| CommandError::bad_path(&path, error))?,
        };
        if Digest::of(&bytes) != descriptor.digest || bytes.len() as u64 != descriptor.size {
            return Err(CommandError::bad_path(
                &path,
                "not what the manifest says: build the image again",
            ));
        }
        blobs.push((descriptor.clone(), bytes));
    }
    Ok(Image { manifest, blobs })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::Architecture;

    #[test]
    fn a_directory_holds_the_image_and_is_checked() {
        let image = Image::of_files(&[("train", b"x")], Architecture::Arm64).unwrap();
        let directory = tempfile::tempdir().unwrap();
        write(&image, directory.path()).unwrap();
        assert_eq!(read(directory.path()).unwrap(), image);
        let layer = directory.path().join(image.blobs[1].0.digest.digits());
        fs::write(layer, b"y").unwrap();
        let error = read(directory.path()).unwrap_err();
        assert!(error.to_string().contains("not what the manifest says"));
        assert!(read(&directory.path().join("none")).is_err());
    }
}
