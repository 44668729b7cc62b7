//! What becomes of a Kinesis record that cannot be read: one object with its error and its bytes,
//! named by the record, so that a redelivery overwrites it with the same.

use serde::{Deserialize, Serialize};

use crate::segment::{day, key_safe};
use crate::time::Time;

/// The prefix of every quarantined record's key.
pub const PREFIX: &str = "quarantine/";

/// The version of [`QuarantinedRecord`].
pub const QUARANTINE_VERSION: u8 = 1;

/// A Kinesis record that was set aside: nothing of it is in any segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantinedRecord {
    /// Version of this form, [`QUARANTINE_VERSION`].
    pub v: u8,
    /// Kinesis shard id.
    pub shard: String,
    /// Sequence number within the shard.
    pub sequence: String,
    /// When it reached the stream.
    pub arrived: Time,
    /// Why it could not be read.
    pub error: String,
    /// Ids of the events that could be recognised in it all the same, each once, so that a count
    /// of lines can include them; empty when the bytes show none.
    pub event_ids: Vec<String>,
    /// The record's data exactly as it came, base64.
    pub data: String,
}

impl QuarantinedRecord {
    /// The object's key: `quarantine/dt=…/<shard>-<sequence>.json`, the day of arrival. It follows
    /// from the record alone, so it is the same at every delivery.
    pub fn key(&self) -> String {
        format!(
            "{PREFIX}dt={}/{}-{}.json",
            day(self.arrived),
            key_safe(&self.shard),
            key_safe(&self.sequence)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_follows_from_the_record() {
        let record = QuarantinedRecord {
            v: QUARANTINE_VERSION,
            shard: "shardId-000000000000".to_owned(),
            sequence: "12/../3".to_owned(),
            arrived: "2026-08-01T00:00:00Z".parse().unwrap(),
            error: "not gzip".to_owned(),
            event_ids: vec![],
            data: "AAEC".to_owned(),
        };
        assert_eq!(
            record.key(),
            "quarantine/dt=2026-08-01/shardId-000000000000-12_.._3.json"
        );
        let json = serde_json::to_string(&record).unwrap();
        assert_eq!(
            serde_json::from_str::<QuarantinedRecord>(&json).unwrap(),
            record
        );
    }
}
