//! One Kinesis record: from base64 to its envelopes, or to the reason why it is none.

use aiops_domain::envelope::{EnvelopeError, EnvelopeRef, read_envelopes};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;

use super::inflate::{InflateError, Inflater};

/// More events than any record that CloudWatch makes; it bounds what a quarantined one costs.
const SALVAGED_IDS_MAX: usize = 20_000;

/// Why a record cannot be read: trying again gives the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The data is not base64, which Lambda itself wrote.
    #[error("the record's data is not base64")]
    Base64,
    /// The data is not gzip, or damaged, or too large.
    #[error(transparent)]
    Inflate(#[from] InflateError),
    /// The text is not UTF-8.
    #[error("no UTF-8 at byte {at} of the decompressed data")]
    Utf8 {
        /// Offset in the decompressed data.
        at: usize,
    },
    /// The text is no envelope.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// Its events are spread over too many hours.
    #[error("events of more than {partitions_max} different hours in one record")]
    TooManyPartitions {
        /// The cap.
        partitions_max: usize,
    },
}

/// Reads records one after the other, with buffers that are used again.
#[derive(Default)]
pub struct RecordReader {
    compressed: Vec<u8>,
    inflater: Inflater,
}

impl RecordReader {
    /// Decompresses the envelopes of a record's base64 data.
    ///
    /// # Errors
    /// [`RecordError`] if it is not base64 of gzip.
    pub fn decompress(&mut self, data: &str, bytes_max: usize) -> Result<(), RecordError> {
        self.compressed.clear();
        STANDARD
            .decode_vec(data, &mut self.compressed)
            .map_err(|_| RecordError::Base64)?;
        Ok(self.inflater.inflate(&self.compressed, bytes_max)?)
    }

    /// How many bytes were decompressed last.
    pub fn bytes(&self) -> usize {
        self.inflater.output().len()
    }

    /// The envelopes that were decompressed last.
    ///
    /// # Errors
    /// [`RecordError`] if the bytes are not envelopes.
    pub fn envelopes(&self) -> Result<Vec<EnvelopeRef<'_>>, RecordError> {
        let text =
            std::str::from_utf8(self.inflater.output()).map_err(|error| RecordError::Utf8 {
                at: error.valid_up_to(),
            })?;
        Ok(read_envelopes(text)?)
    }

    /// The event ids that can be recognised in what was decompressed last, each once: what a person
    /// needs who asks which lines are in quarantine. Within a message a quote is escaped, so that
    /// `"id":"` is always a member's key.
    pub fn salvage_ids(&self) -> Vec<String> {
        const KEY: &[u8] = b"\"id\":\"";
        let bytes = self.inflater.output();
        let mut ids: Vec<_> = memmem::find_iter(bytes, KEY)
            .filter_map(|at| {
                let rest = bytes.get(at + KEY.len()..)?;
                let length = rest
                    .iter()
                    .take(64)
                    .take_while(|byte| byte.is_ascii_digit());
                let id = rest.get(..length.count())?;
                let ends = rest.get(id.len()) == Some(&b'"');
                let id = std::str::from_utf8(id).ok()?;
                (ends && !id.is_empty()).then(|| id.to_owned())
            })
            .take(SALVAGED_IDS_MAX)
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}
