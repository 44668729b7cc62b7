//! `log-appender`: takes batches of CloudWatch Logs envelopes from a Kinesis shard and writes their
//! events as segments.
//!
//! A batch is answered with the first record that is not durably written, and everything before it
//! is; so Lambda delivers from there again. Objects that a failed attempt leaves behind are replaced
//! by the next one ([`assemble`] says why).

mod assemble;
mod events;
pub mod inflate;
pub(crate) mod kinesis;
mod ndjson;
mod partition;
mod record;
mod seen;
mod segment_lines;

use aiops_domain::categorise::Categoriser;
use aiops_domain::config::AppenderConfig;
use aiops_domain::{Time, segment};
use futures_util::{StreamExt as _, stream};

pub use assemble::{Assembly, Counts, assemble, count};
pub use events::{EnvelopeHead, EventCounts, EventSink, hand_over};
pub use inflate::{InflateError, Inflater};
pub use kinesis::{
    BatchItemFailure, BatchResponse, KinesisEvent, KinesisEventRecord, KinesisPayload,
};
pub use record::{RecordError, RecordReader};
pub use segment_lines::{Contributors, SegmentObject};

use crate::metrics::{Metrics, Unit};
use crate::ports::{ObjectStore, PortError, PortResult};

/// The function with its configuration.
#[derive(Debug)]
pub struct Appender {
    config: AppenderConfig,
    categoriser: Categoriser,
}

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Appended {
    /// Position of the first record that is to be delivered again.
    pub first_failure: Option<usize>,
    /// What was read.
    pub counts: Counts,
    /// Objects written.
    pub segments: u64,
    /// Their bytes.
    pub segment_bytes: u64,
    /// Records set aside.
    pub quarantined: u64,
    /// Writes that failed.
    pub failed_writes: u64,
}

impl Appender {
    /// The function as configured.
    pub fn new(config: AppenderConfig) -> Self {
        let categoriser = Categoriser::new(config.rules.clone(), config.time);
        Self {
            config,
            categoriser,
        }
    }

    /// Writes the records of a batch. It never fails as a whole: what is not written is in the
    /// answer.
    pub async fn append(
        &self,
        store: &impl ObjectStore,
        records: &[KinesisEventRecord],
    ) -> Appended {
        let mut assembly = self.assemble(records);
        let mut appended = Appended {
            first_failure: assembly.stopped_at,
            ..Appended::default()
        };
        let unquarantined = self
            .write_quarantined(store, &mut assembly, &mut appended)
            .await;
        if let Some(position) = unquarantined {
            appended.first_failure = Some(position);
            // Only what comes before it may be written; nothing after it was yet.
            assembly = self.assemble(records.get(..position).unwrap_or_default());
        }
        appended.counts = assembly.counts;
        let unwritten = self
            .write_segments(store, assembly.segments, &mut appended)
            .await;
        appended.first_failure = [appended.first_failure, unwritten]
            .into_iter()
            .flatten()
            .min();
        appended
    }

    fn assemble(&self, records: &[KinesisEventRecord]) -> Assembly {
        let mut reader = RecordReader::default();
        assemble(&mut reader, &self.categoriser, &self.config.limits, records)
    }

    /// Answers the first record whose quarantine object could not be written.
    async fn write_quarantined(
        &self,
        store: &impl ObjectStore,
        assembly: &mut Assembly,
        appended: &mut Appended,
    ) -> Option<usize> {
        let mut objects = Vec::new();
        for (position, record) in assembly.quarantined.drain(..) {
            tracing::warn!(
                shard = record.shard,
                sequence = record.sequence,
                error = record.error,
                "record quarantined"
            );
            let body = serde_json::to_vec(&record).unwrap_or_default();
            objects.push((position, record.key(), body));
        }
        let mut first_failure = None;
        let results = self.put_all(store, objects, "application/json").await;
        for (position, result) in results {
            match result {
                Ok(_etag) => appended.quarantined += 1,
                Err(_) => {
                    appended.failed_writes += 1;
                    first_failure = earliest(first_failure, position);
                }
            }
        }
        first_failure
    }

    /// Answers the first record that is not durably and only durably written: the first contributor
    /// of what failed, or of an object that reaches beyond it. Such an object would keep events that
    /// are delivered again, so it is delivered again as a whole, and then replaced.
    async fn write_segments(
        &self,
        store: &impl ObjectStore,
        segments: Vec<SegmentObject>,
        appended: &mut Appended,
    ) -> Option<usize> {
        let contributors: Vec<_> = segments
            .iter()
            .map(|segment| segment.contributors)
            .collect();
        let mut objects = Vec::new();
        for (index, segment) in segments.into_iter().enumerate() {
            appended.segments += 1;
            appended.segment_bytes += segment.body.len() as u64;
            objects.push((index, segment.name.key(), segment.body));
        }
        let mut first_failure = None;
        let results = self.put_all(store, objects, segment::CONTENT_TYPE).await;
        for (index, result) in results {
            if result.is_err() {
                appended.failed_writes += 1;
                let first = contributors.get(index).map_or(0, |object| object.first);
                first_failure = earliest(first_failure, first);
            }
        }
        first_failure.map(|failure| whole_objects_before(failure, &contributors))
    }

    /// Writes objects, several at once; answers each one's tag with its result.
    async fn put_all(
        &self,
        store: &impl ObjectStore,
        objects: Vec<(usize, String, Vec<u8>)>,
        content_type: &'static str,
    ) -> Vec<(usize, PortResult<String>)> {
        let bucket = self.config.segments_bucket.as_str();
        let puts = objects.into_iter().map(|(tag, key, body)| async move {
            let result = write(store, bucket, &key, &body, content_type).await;
            if let Err(error) = &result {
                tracing::error!(key, error = %error, "object not written");
            }
            (tag, result)
        });
        stream::iter(puts)
            .buffer_unordered(self.config.limits.concurrent_puts_max.max(1))
            .collect()
            .await
    }

    /// The metrics of a batch.
    pub fn metrics(&self, appended: &Appended, batch_records: usize) -> Metrics {
        let count = |value: u64| value as f64;
        let delivered_again = appended
            .first_failure
            .map_or(0, |position| batch_records.saturating_sub(position));
        Metrics::new(&self.config.metric_namespace)
            .dimension("Function", "log-appender")
            .value("Records", Unit::Count, count(appended.counts.records))
            .value("Events", Unit::Count, count(appended.counts.events))
            .value(
                "RepeatedEvents",
                Unit::Count,
                count(appended.counts.repeated_events),
            )
            .value("InflatedBytes", Unit::Bytes, count(appended.counts.bytes))
            .value("Segments", Unit::Count, count(appended.segments))
            .value("SegmentBytes", Unit::Bytes, count(appended.segment_bytes))
            .value(
                "QuarantinedRecords",
                Unit::Count,
                count(appended.quarantined),
            )
            .value("FailedWrites", Unit::Count, count(appended.failed_writes))
            .value(
                "RedeliveredRecords",
                Unit::Count,
                count(delivered_again as u64),
            )
    }

    /// One invocation: writes the batch, logs its metrics, and answers Lambda.
    pub async fn handle(
        &self,
        store: &impl ObjectStore,
        event: KinesisEvent,
        now: Time,
    ) -> BatchResponse {
        let appended = self.append(store, &event.records).await;
        self.metrics(&appended, event.records.len())
            .emit(now, std::io::stdout());
        BatchResponse::from_first_failure(appended.first_failure.and_then(|position| {
            let record = event.records.get(position)?;
            Some(record.kinesis.sequence_number.clone())
        }))
    }
}

/// Writes an object over the one that an earlier attempt left, if it left one. It says which one it
/// replaces: a write that was given up and lands after all may hold fewer records than what a later
/// attempt wrote in its place, and must not undo that.
async fn write(
    store: &impl ObjectStore,
    bucket: &str,
    key: &str,
    body: &[u8],
    content_type: &str,
) -> PortResult<String> {
    let first = store.put_over(bucket, key, body, content_type, None).await;
    if !matches!(first, Err(PortError::Conflict { .. })) {
        return first;
    }
    let left = store.etag(bucket, key).await?;
    store
        .put_over(bucket, key, body, content_type, left.as_deref())
        .await
}

fn earliest(known: Option<usize>, position: usize) -> Option<usize> {
    Some(known.map_or(position, |known| known.min(position)))
}

/// The first position at or before `failure` that no object reaches across.
fn whole_objects_before(failure: usize, objects: &[Contributors]) -> usize {
    let mut first = failure;
    // Objects come in the order of their first contributors: going back once finds them all.
    for object in objects.iter().rev() {
        if object.first < first && object.last >= first {
            first = object.first;
        }
    }
    first
}
