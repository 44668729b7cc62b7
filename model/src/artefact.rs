//! The file form of a model: one file, versioned, checksummed.
//!
//! Eight bytes `AIOPSMDL`, the format's version (u32, little-endian), the SHA-256 of the rest, and
//! the rest: gzip of JSON, with large arrays packed. The version comes before everything that
//! a later version may change, so that a wrong one can be told apart from a damaged file.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

const MAGIC: &[u8; 8] = b"AIOPSMDL";

/// The version that is written and read.
pub const FORMAT_VERSION: u32 = 1;

/// Bytes that a model may have when unpacked.
const UNPACKED_BYTES_MAX: u64 = 512 << 20;

const DIGEST_BYTES: usize = 32;

/// Why bytes are not a model that can be used.
#[derive(Debug, thiserror::Error)]
pub enum ArtefactError {
    /// Something else, or less than a header.
    #[error("this is not a model: it does not begin as one; make one with `aiops train`")]
    NotAModel,
    /// Another version of the form.
    #[error(
        "the model has format version {found}, and this program reads version {FORMAT_VERSION}: \
         train the model again, or use the program that made it"
    )]
    WrongVersion {
        /// What the file says.
        found: u32,
    },
    /// Cut or changed.
    #[error("the model is damaged: its checksum does not match; fetch or train it again")]
    Damaged,
    /// A gzip bomb, or a model beyond what is sensible.
    #[error("the model is larger than {UNPACKED_BYTES_MAX} bytes unpacked")]
    TooLarge,
    /// The checksum holds and the content does not.
    #[error("the model's content cannot be read")]
    Content(#[source] serde_json::Error),
    /// A window of the model that cannot be used.
    #[error("the model's windows cannot be used")]
    Window(#[from] crate::window::WindowError),
}

/// Packs a model; the same content gives the same bytes.
pub(crate) fn pack(content: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let json = serde_json::to_vec(content)?;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing into a vector cannot fail.
    let payload = encoder
        .write_all(&json)
        .and_then(|()| encoder.finish())
        .map_err(serde_json::Error::io)?;
    let mut bytes = Vec::with_capacity(payload.len() + MAGIC.len() + 4 + DIGEST_BYTES);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
    bytes.extend_from_slice(&Sha256::digest(&payload));
    bytes.extend_from_slice(&payload);
    Ok(bytes)
}

/// The content of a packed model.
pub(crate) fn unpack<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ArtefactError> {
    let rest = bytes
        .strip_prefix(MAGIC.as_slice())
        .ok_or(ArtefactError::NotAModel)?;
    let (version, rest) = rest.split_first_chunk().ok_or(ArtefactError::NotAModel)?;
    let found = u32::from_le_bytes(*version);
    if found != FORMAT_VERSION {
        return Err(ArtefactError::WrongVersion { found });
    }
    let (digest, payload) = rest
        .split_first_chunk::<DIGEST_BYTES>()
        .ok_or(ArtefactError::Damaged)?;
    if Sha256::digest(payload).as_slice() != digest.as_slice() {
        return Err(ArtefactError::Damaged);
    }
    let mut json = Vec::new();
    GzDecoder::new(payload)
        .take(UNPACKED_BYTES_MAX + 1)
        .read_to_end(&mut json)
        .map_err(|_| ArtefactError::Damaged)?;
    if json.len() as u64 > UNPACKED_BYTES_MAX {
        return Err(ArtefactError::TooLarge);
    }
    serde_json::from_slice(&json).map_err(ArtefactError::Content)
}
