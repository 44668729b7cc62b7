//! A batch of a Kinesis stream as Lambda hands it over, and the answer to it.

use aiops_domain::Time;
use serde::{Deserialize, Serialize};

/// What a Kinesis event source mapping invokes the function with.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct KinesisEvent {
    /// The records of one shard, in its order.
    #[serde(rename = "Records", default)]
    pub records: Vec<KinesisEventRecord>,
}

/// One record of the batch.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KinesisEventRecord {
    /// `<shard id>:<sequence number>`.
    #[serde(rename = "eventID", default)]
    pub event_id: String,
    /// The record itself.
    pub kinesis: KinesisPayload,
}

/// The stream's part of a record.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KinesisPayload {
    /// Its place within the shard: a decimal number that only grows.
    pub sequence_number: String,
    /// The data, base64.
    pub data: String,
    /// When it reached the stream, epoch seconds.
    #[serde(default)]
    pub approximate_arrival_timestamp: f64,
}

impl KinesisEventRecord {
    /// The shard that it comes from.
    pub fn shard(&self) -> &str {
        match self.event_id.split_once(':') {
            Some((shard, _sequence)) if !shard.is_empty() => shard,
            _ => "shardId-unknown",
        }
    }

    /// When it reached the stream, to the millisecond.
    pub fn arrived(&self) -> Time {
        let millis = (self.kinesis.approximate_arrival_timestamp * 1000.0).round();
        // A float-to-integer cast saturates: no value is out of range.
        #[expect(clippy::cast_possible_truncation, reason = "saturates")]
        Time::from_millis(millis as i64)
    }
}

/// The answer of a function whose mapping has ReportBatchItemFailures: Lambda delivers again from the
/// lowest sequence number named here; none named: the whole batch is done.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchResponse {
    /// What is to be delivered again.
    pub batch_item_failures: Vec<BatchItemFailure>,
}

/// One record to be delivered again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchItemFailure {
    /// Its sequence number.
    pub item_identifier: String,
}

impl BatchResponse {
    /// Deliver again from this sequence number on; `None`: done.
    pub fn from_first_failure(sequence: Option<String>) -> Self {
        Self {
            batch_item_failures: sequence
                .into_iter()
                .map(|item_identifier| BatchItemFailure { item_identifier })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_of_a_kinesis_mapping() {
        let event: KinesisEvent = serde_json::from_str(
            r#"{"Records":[{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"1",
            "sequenceNumber":"49590338271490256608559692538361571095921575989136588898",
            "data":"SGVsbG8=","approximateArrivalTimestamp":1545084650.987},"eventSource":"aws:kinesis",
            "eventVersion":"1.0","eventID":"shardId-000000000006:49590338271490256608559692538361571095921575989136588898",
            "eventName":"aws:kinesis:record","invokeIdentityArn":"arn:aws:iam::123456789012:role/lambda-role",
            "awsRegion":"us-east-2","eventSourceARN":"arn:aws:kinesis:us-east-2:123456789012:stream/lambda-stream"}]}"#,
        )
        .unwrap();
        assert_eq!(event.records[0].shard(), "shardId-000000000006");
        assert_eq!(
            event.records[0].arrived(),
            Time::from_millis(1_545_084_650_987)
        );
    }

    #[test]
    fn the_answer_names_the_first_failure_or_nothing() {
        let answer = |sequence: Option<&str>| {
            serde_json::to_string(&BatchResponse::from_first_failure(
                sequence.map(str::to_owned),
            ))
            .unwrap()
        };
        assert_eq!(
            answer(Some("7")),
            r#"{"batchItemFailures":[{"itemIdentifier":"7"}]}"#
        );
        assert_eq!(answer(None), r#"{"batchItemFailures":[]}"#);
    }
}
