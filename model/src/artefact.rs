//! The file form of a model: one file, versioned, checksummed.
//!
//! Eight bytes `AIOPSMDL`, the format's version (u32, little-endian), and what the version says:
//!
//! - 2: the CRC-32 of the rest (u32), the length of the content (u64) and the content, deflated: JSON
//!   with large arrays packed. A model is told from others by the SHA-256 of its file, which whoever
//!   fetches it compares; here only damage has to be seen, and the length spares copies.
//! - 1: the SHA-256 of the rest, and the content in gzip. It is read and no longer written.
//!
//! The version comes before everything that a later version may change, so that a wrong one can be
//! told apart from a damaged file.

use std::io::{Read, Write};

use flate2::bufread::GzDecoder;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Decompress, FlushDecompress, Status};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

const MAGIC: &[u8; 8] = b"AIOPSMDL";

/// The version that is written. The one before is read too.
pub const FORMAT_VERSION: u32 = 2;

/// Bytes that a model may have when unpacked.
const UNPACKED_BYTES_MAX: u64 = 512 << 20;

/// Deflate makes no byte into more than so many.
const DEFLATE_RATIO_MAX: u64 = 1_032;

const DIGEST_BYTES: usize = 32;

/// Why bytes are not a model that can be used.
#[derive(Debug, thiserror::Error)]
pub enum ArtefactError {
    /// Something else, or less than a header.
    #[error("this is not a model: it does not begin as one; make one with `aiops train`")]
    NotAModel,
    /// Another version of the form.
    #[error(
        "the model has format version {found}, and this program reads versions 1 to \
         {FORMAT_VERSION}: train the model again, or use the program that made it"
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
    let mut rest = (json.len() as u64).to_le_bytes().to_vec();
    let mut encoder = DeflateEncoder::new(&mut rest, Compression::default());
    // Writing into a vector cannot fail.
    encoder
        .write_all(&json)
        .and_then(|()| encoder.finish().map(drop))
        .map_err(serde_json::Error::io)?;
    let mut bytes = Vec::with_capacity(MAGIC.len() + 8 + rest.len());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
    bytes.extend_from_slice(&crc32fast::hash(&rest).to_le_bytes());
    bytes.extend_from_slice(&rest);
    Ok(bytes)
}

/// The content of a packed model.
pub(crate) fn unpack<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ArtefactError> {
    let rest = bytes
        .strip_prefix(MAGIC.as_slice())
        .ok_or(ArtefactError::NotAModel)?;
    let (version, rest) = rest.split_first_chunk().ok_or(ArtefactError::NotAModel)?;
    let json = match u32::from_le_bytes(*version) {
        1 => gunzipped(rest)?,
        FORMAT_VERSION => inflated(rest)?,
        found => return Err(ArtefactError::WrongVersion { found }),
    };
    serde_json::from_slice(&json).map_err(ArtefactError::Content)
}

fn inflated(rest: &[u8]) -> Result<Vec<u8>, ArtefactError> {
    let (checksum, rest) = rest.split_first_chunk().ok_or(ArtefactError::Damaged)?;
    if crc32fast::hash(rest) != u32::from_le_bytes(*checksum) {
        return Err(ArtefactError::Damaged);
    }
    let (length, deflated) = rest.split_first_chunk().ok_or(ArtefactError::Damaged)?;
    let length = u64::from_le_bytes(*length);
    if length > UNPACKED_BYTES_MAX {
        return Err(ArtefactError::TooLarge);
    }
    // Nobody makes us reserve more than what they sent can become.
    if length > (deflated.len() as u64).saturating_mul(DEFLATE_RATIO_MAX) {
        return Err(ArtefactError::Damaged);
    }
    let length = usize::try_from(length).map_err(|_| ArtefactError::TooLarge)?;
    // One byte more shows content that is longer than it says.
    let mut json = Vec::with_capacity(length + 1);
    let mut inflate = Decompress::new(false);
    let status = inflate
        .decompress_vec(deflated, &mut json, FlushDecompress::Finish)
        .map_err(|_| ArtefactError::Damaged)?;
    let whole = status == Status::StreamEnd && inflate.total_in() == deflated.len() as u64;
    if !whole || json.len() != length {
        return Err(ArtefactError::Damaged);
    }
    Ok(json)
}

fn gunzipped(rest: &[u8]) -> Result<Vec<u8>, ArtefactError> {
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
    Ok(json)
}
