//! What a message in the detector's queue says: objects were written, or a timer ran out.

use aiops_domain::Source;
use aiops_domain::segment::SegmentName;
use serde::{Deserialize, Serialize};

use crate::notification::created_keys;

/// What to do about a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// These segments were written; objects of other kinds are left out.
    Written(Vec<Segment>),
    /// Nothing may have come for a source since this timer was set.
    Timer(Timer),
}

/// A segment that was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Segment {
    /// Where its lines come from.
    pub source: Source,
    /// The object's key.
    pub key: String,
}

/// A timer: the source has been idle if its revision is still this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timer {
    /// The source.
    pub source: Source,
    /// Its revision when the timer was set.
    pub revision: i64,
}

#[derive(Serialize, Deserialize)]
struct TimerBody {
    timer: Timer,
}

/// A message that says nothing of this.
#[derive(Debug, thiserror::Error)]
#[error("the message is neither a notification of S3 nor a timer: {detail}")]
pub struct MessageError {
    detail: String,
}

impl Timer {
    /// The body of its message.
    pub fn body(self) -> String {
        serde_json::json!(TimerBody { timer: self }).to_string()
    }
}

impl Message {
    /// Reads the body of a message.
    ///
    /// # Errors
    /// When it is neither a notification of S3 nor a timer.
    pub fn parse(body: &str) -> Result<Self, MessageError> {
        if let Ok(body) = serde_json::from_str::<TimerBody>(body) {
            return Ok(Self::Timer(body.timer));
        }
        let keys = created_keys(body).map_err(|error| MessageError {
            detail: error.to_string(),
        })?;
        let segments = keys
            .into_iter()
            .filter_map(|key| {
                let name = SegmentName::parse(&key).ok()?;
                Some(Segment {
                    source: name.partition.source,
                    key,
                })
            })
            .collect();
        Ok(Self::Written(segments))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notification_names_segments_by_escaped_keys() {
        let body = r#"{"Records":[
            {"eventName":"ObjectCreated:Put","s3":{"object":{"key":"segments/source%3Dvpc-flow/dt%3D2026-08-01/hour%3D14/shardId-0-5.ndjson.gz","size":1}}},
            {"eventName":"ObjectRemoved:Delete","s3":{"object":{"key":"segments/source=ec2/dt=2026-08-01/hour=14/shardId-0-6.ndjson.gz"}}},
            {"eventName":"ObjectCreated:Put","s3":{"object":{"key":"quarantine/x.json"}}}]}"#;
        let expected = Segment {
            source: Source::VpcFlow,
            key: "segments/source=vpc-flow/dt=2026-08-01/hour=14/shardId-0-5.ndjson.gz".into(),
        };
        assert_eq!(
            Message::parse(body).unwrap(),
            Message::Written(vec![expected])
        );
    }

    #[test]
    fn the_test_event_of_s3_names_nothing() {
        let body = r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}"#;
        assert_eq!(Message::parse(body).unwrap(), Message::Written(vec![]));
    }

    #[test]
    fn a_timer_survives_its_body() {
        let timer = Timer {
            source: Source::Ec2,
            revision: 7,
        };
        assert_eq!(
            Message::parse(&timer.body()).unwrap(),
            Message::Timer(timer)
        );
    }

    #[test]
    fn anything_else_is_refused() {
        for body in [
            "",
            "{}",
            "[]",
            "no",
            r#"{"Records":[]}"#,
            r#"{"timer":{"source":"moon","revision":1}}"#,
        ] {
            assert!(Message::parse(body).is_err(), "{body}");
        }
    }
}
