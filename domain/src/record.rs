//! The one record form of a log line, from the appender to the detector and the lake.

use serde::{Deserialize, Serialize};

use crate::source::{Shape, Source};
use crate::time::{self, Time};

/// The version that is written into new records.
pub const RECORD_VERSION: u8 = 1;

/// One log line. In a segment it is one line of JSON (NDJSON), instants as epoch milliseconds.
///
/// Its identity is `id`, CloudWatch's event id; two records of one id are the same line delivered
/// twice. Records are ordered by [`LogRecord::order`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogRecord {
    /// Version of this form, [`RECORD_VERSION`].
    pub v: u8,
    /// CloudWatch's event id, never a hash of the content.
    pub id: String,
    /// Event time: what the line itself says, else the envelope's timestamp.
    #[serde(with = "time::millis")]
    pub time: Time,
    /// The envelope's timestamp: what the producer told CloudWatch.
    #[serde(with = "time::millis")]
    pub timestamp: Time,
    /// When the line reached the stream.
    #[serde(with = "time::millis")]
    pub ingested: Time,
    /// The kind of system that wrote the line.
    pub source: Source,
    /// Log group.
    pub group: String,
    /// Log stream.
    pub stream: String,
    /// What the line is about: an instance, a pod, a network interface, else the stream.
    pub entity: String,
    /// How the message is read.
    #[serde(default)]
    pub shape: Shape,
    /// The original line, unchanged.
    pub message: String,
}

impl LogRecord {
    /// The total order of records: event time, then the envelope's timestamp, then the id.
    pub fn order(&self) -> (Time, Time, &str) {
        (self.time, self.timestamp, &self.id)
    }
}
