//! The training image: made without Docker, of static binaries and nothing else.
//!
//! Media types are Docker's schema 2: SageMaker refuses an image whose manifest is OCI's ("Unsupported
//! manifest media type").

pub mod build;
pub mod directory;
pub mod layer;
pub mod reference;
pub mod registry;

use aiops_domain::finding::hex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::package::Architecture;

/// The media type of a manifest.
pub const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// The media type of a configuration.
pub const CONFIG: &str = "application/vnd.docker.container.image.v1+json";
/// The media type of a layer.
pub const LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// Where the binaries lie in the image.
pub const BINARIES: &str = "usr/local/bin";

/// The instant that everything in an image carries, so that its digest depends on content alone.
const EPOCH: &str = "1970-01-01T00:00:00Z";

/// A content's address, `sha256:…`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

/// A text that is no digest.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not sha256: and 64 hexadecimal digits")]
pub struct NoDigest(String);

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(format!("sha256:{}", hex(&Sha256::digest(bytes))))
    }

    /// The hexadecimal digits.
    pub fn digits(&self) -> &str {
        self.0.trim_start_matches("sha256:")
    }

    /// The first twelve digits: enough to tell images of a repository apart.
    pub fn short(&self) -> String {
        self.digits().chars().take(12).collect()
    }

    /// `sha256:…`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Digest {
    type Error = NoDigest;

    fn try_from(text: String) -> Result<Self, NoDigest> {
        let digits = text.strip_prefix("sha256:").unwrap_or_default();
        let lower = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        if digits.len() == 64 && digits.chars().all(lower) {
            Ok(Self(text))
        } else {
            Err(NoDigest(text.chars().take(100).collect()))
        }
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(&self.0)
    }
}

/// A part of an image by its address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What it is.
    pub media_type: String,
    /// Bytes.
    pub size: u64,
    /// Its address.
    pub digest: Digest,
}

/// A manifest of schema 2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// 2.
    pub schema_version: u32,
    /// [`MANIFEST`].
    pub media_type: String,
    /// The configuration.
    pub config: Descriptor,
    /// The layers, the lowest first.
    pub layers: Vec<Descriptor>,
}

/// An image: its manifest's bytes, which its digest is of, and its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The manifest as it is sent.
    pub manifest: Vec<u8>,
    /// Configuration and layers, as the manifest names them.
    pub blobs: Vec<(Descriptor, Vec<u8>)>,
}

impl Image {
    /// The image of these files (path below the root, content), all of them executable.
    ///
    /// # Errors
    /// When a path cannot be in an archive.
    pub fn of_files(files: &[(&str, &[u8])], architecture: Architecture) -> std::io::Result<Self> {
        let layer = layer::layer(files)?;
        let config = serde_json::to_vec(&configuration(architecture, &layer.contents))?;
        let blobs = vec![
            (descriptor(CONFIG, &config), config),
            (descriptor(LAYER, &layer.packed), layer.packed),
        ];
        let descriptors: Vec<Descriptor> = blobs.iter().map(|(one, _)| one.clone()).collect();
        let [config, layer] = descriptors.as_slice() else {
            return Err(std::io::Error::other("an image has two parts"));
        };
        let manifest = Manifest {
            schema_version: 2,
            media_type: MANIFEST.to_owned(),
            config: config.clone(),
            layers: vec![layer.clone()],
        };
        Ok(Self {
            manifest: serde_json::to_vec_pretty(&manifest)?,
            blobs,
        })
    }

    /// Its digest.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.manifest)
    }

    /// Bytes of all its parts.
    pub fn bytes(&self) -> u64 {
        self.blobs.iter().map(|(part, _)| part.size).sum()
    }
}

fn descriptor(media_type: &str, bytes: &[u8]) -> Descriptor {
    Descriptor {
        media_type: media_type.to_owned(),
        size: bytes.len() as u64,
        digest: Digest::of(bytes),
    }
}

/// SageMaker runs `docker run IMAGE train` and `docker run IMAGE serve`: no entry point, a `PATH`.
fn configuration(architecture: Architecture, contents: &Digest) -> Value {
    json!({
        "architecture": match architecture {
            Architecture::X86_64 => "amd64",
            Architecture::Arm64 => "arm64",
        },
        "os": "linux",
        "created": EPOCH,
        "config": {
            "Env": [format!("PATH=/{BINARIES}")],
            "ExposedPorts": {"8080/tcp": {}},
            "WorkingDir": "/",
            "Labels": {
                // The image can bind to the port that a pipeline of containers gives it.
                "com.amazonaws.sagemaker.capabilities.accept-bind-to-port": "true",
            },
        },
        "rootfs": {"type": "layers", "diff_ids": [contents]},
        "history": [{"created": EPOCH, "created_by": "aiops image build"}],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> Image {
        let files: [(&str, &[u8]); 2] = [
            ("usr/local/bin/train", b"one"),
            ("usr/local/bin/serve", b"two"),
        ];
        Image::of_files(&files, Architecture::X86_64).unwrap()
    }

    #[test]
    fn the_digest_is_of_the_content_and_nothing_else() {
        let files: [(&str, &[u8]); 2] = [
            ("usr/local/bin/serve", b"two"),
            ("usr/local/bin/train", b"one"),
        ];
        let again = Image::of_files(&files, Architecture::X86_64).unwrap();
        assert_eq!(image(), again);
        let other = Image::of_files(&files, Architecture::Arm64).unwrap();
        assert_ne!(image().digest(), other.digest());
    }

    #[test]
    fn the_media_types_are_those_that_sagemaker_takes() {
        let manifest: Manifest = serde_json::from_slice(&image().manifest).unwrap();
        assert_eq!(manifest.media_type, MANIFEST);
        assert_eq!(manifest.config.media_type, CONFIG);
        assert_eq!(manifest.layers[0].media_type, LAYER);
        let text = String::from_utf8(image().manifest).unwrap();
        assert!(!text.contains("oci"), "{text}");
        for (descriptor, bytes) in image().blobs {
            assert_eq!(descriptor.digest, Digest::of(&bytes));
            assert_eq!(descriptor.size, bytes.len() as u64);
        }
    }

    #[test]
    fn digests_are_checked() {
        assert!(Digest::try_from(image().digest().to_string()).is_ok());
        for text in [
            "sha256:abc",
            "md5:00",
            &"0".repeat(64),
            &format!("sha256:{}", "G".repeat(64)),
        ] {
            assert!(Digest::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
