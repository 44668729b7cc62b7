//! From the records of a batch to the objects that hold them: a pure function, the same at every
//! delivery.
//!
//! Why every line ends in an object, and every record of a finished batch in exactly one, whatever
//! becomes of batch boundaries: an object is named by its partition and the first record *of the
//! batch* that contributed to it, and holds what the batch's records from there on have for that
//! partition. Every further attempt is at an interval of the first one's records (the rest after a
//! reported failure, a half after a bisection). Let an attempt at A have left an object named by
//! record x, and let x lie in the interval B that is finally accepted, B within A. In A, no record
//! before x contributed to the partition; so none did in B; x contributes in B too, since fewer
//! events came before it; so B's object has x's name and replaces A's. Events are deduplicated within
//! one partition's object only, which is what makes "contributes" a property of a record and of those
//! before it in the same partition. And a delayed write of A that lands after B's has more lines, never
//! fewer: nothing is lost, and readers count by event id.

use aiops_domain::categorise::Categoriser;
use aiops_domain::config::AppenderLimits;
use aiops_domain::quarantine::{QUARANTINE_VERSION, QuarantinedRecord};

use super::events::hand_over;
use super::kinesis::KinesisEventRecord;
use super::partition::{Content, Partitions};
use super::record::{RecordError, RecordReader};
use super::segment_lines::{SegmentLines, SegmentObject};

/// What a batch comes to.
#[derive(Debug, Default)]
pub struct Assembly {
    /// The segments, in the order of their first contributors.
    pub segments: Vec<SegmentObject>,
    /// The records that cannot be read, with their positions.
    pub quarantined: Vec<(usize, QuarantinedRecord)>,
    /// The first record that did not fit into the batch's limits; nothing of it or of later ones is
    /// in here. Never the first.
    pub stopped_at: Option<usize>,
    /// What was counted on the way.
    pub counts: Counts,
}

/// What was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Records taken in.
    pub records: u64,
    /// Bytes decompressed.
    pub bytes: u64,
    /// Envelopes without events.
    pub control_messages: u64,
    /// Events written.
    pub events: u64,
    /// Events that the same object already had.
    pub repeated_events: u64,
}

/// What the records of a batch come to. Reads until the limits of a batch are reached, at least one
/// record.
pub fn assemble(
    reader: &mut RecordReader,
    categoriser: &Categoriser,
    limits: &AppenderLimits,
    records: &[KinesisEventRecord],
) -> Assembly {
    let mut batch = Batch::<SegmentLines>::default();
    batch.read(reader, categoriser, limits, records);
    let mut segments: Vec<_> = batch
        .partitions
        .finish()
        .filter_map(|(partition, lines)| {
            lines.finish(partition, |position| {
                let record = records.get(position)?;
                Some((record.shard(), record.kinesis.sequence_number.as_str()))
            })
        })
        .collect();
    segments.sort_by_key(|segment| segment.contributors.first);
    Assembly {
        segments,
        quarantined: batch.quarantined,
        stopped_at: batch.stopped_at,
        counts: batch.counts,
    }
}

/// Reads, categorises and deduplicates the records of a batch without keeping their lines.
pub fn count(
    reader: &mut RecordReader,
    categoriser: &Categoriser,
    limits: &AppenderLimits,
    records: &[KinesisEventRecord],
) -> Counts {
    let mut batch = Batch::<()>::default();
    batch.read(reader, categoriser, limits, records);
    batch.counts
}

/// One batch in the making.
#[derive(Default)]
struct Batch<C> {
    partitions: Partitions<C>,
    quarantined: Vec<(usize, QuarantinedRecord)>,
    stopped_at: Option<usize>,
    counts: Counts,
}

impl<C: Content> Batch<C> {
    fn read(
        &mut self,
        reader: &mut RecordReader,
        categoriser: &Categoriser,
        limits: &AppenderLimits,
        records: &[KinesisEventRecord],
    ) {
        for (position, record) in records.iter().enumerate() {
            let decompressed = reader.decompress(&record.kinesis.data, limits.record_bytes_max);
            let bytes = self.counts.bytes.saturating_add(reader.bytes() as u64);
            let is_full = bytes > limits.batch_bytes_max as u64
                || self.partitions.count() >= limits.batch_partitions_max;
            if is_full && position > 0 {
                self.stopped_at = Some(position);
                return;
            }
            self.counts.bytes = bytes;
            self.counts.records += 1;
            let counted = decompressed
                .and_then(|()| reader.envelopes())
                .and_then(|envelopes| {
                    let at = (position, record.arrived());
                    let spread_max = limits.record_partitions_max;
                    hand_over(
                        &envelopes,
                        categoriser,
                        spread_max,
                        at,
                        &mut self.partitions,
                    )
                });
            match counted {
                Ok(events) => {
                    self.counts.control_messages += events.control_messages;
                    self.counts.events += events.events;
                    self.counts.repeated_events += events.repeated_events;
                }
                Err(error) => self
                    .quarantined
                    .push((position, quarantine(record, reader, &error))),
            }
        }
    }
}

fn quarantine(
    record: &KinesisEventRecord,
    reader: &RecordReader,
    error: &RecordError,
) -> QuarantinedRecord {
    QuarantinedRecord {
        v: QUARANTINE_VERSION,
        shard: record.shard().to_owned(),
        sequence: record.kinesis.sequence_number.clone(),
        arrived: record.arrived(),
        error: error.to_string(),
        event_ids: reader.salvage_ids(),
        data: record.kinesis.data.clone(),
    }
}

#[cfg(test)]
mod tests;
