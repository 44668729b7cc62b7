//! The events of a record, each with its place, handed to whoever takes them.

use std::collections::BTreeSet;

use aiops_domain::categorise::{Categoriser, Placement};
use aiops_domain::envelope::{EnvelopeRef, EventRef, MessageType};
use aiops_domain::record::RECORD_VERSION;
use aiops_domain::segment::Partition;
use aiops_domain::{LogRecord, Source, Time};

use super::record::RecordError;

/// What the events of one envelope share.
#[derive(Debug, Clone, Copy)]
pub struct EnvelopeHead<'a> {
    /// Position of its record in the batch.
    pub position: usize,
    /// When the record reached the stream.
    pub arrived: Time,
    /// The kind of system.
    pub source: Source,
    /// Log group.
    pub group: &'a str,
    /// Log stream.
    pub stream: &'a str,
    /// The envelope.
    pub envelope: &'a EnvelopeRef<'a>,
}

/// Takes events one after the other.
pub trait EventSink {
    /// The following events are of this envelope.
    fn begin(&mut self, head: &EnvelopeHead<'_>);

    /// One event of it; `false` if it is a repetition.
    fn take(
        &mut self,
        head: &EnvelopeHead<'_>,
        event: &EventRef<'_>,
        place: &Placement<'_>,
    ) -> bool;
}

/// How many events there were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EventCounts {
    /// Envelopes without events.
    pub control_messages: u64,
    /// Events taken.
    pub events: u64,
    /// Events that were repetitions.
    pub repeated_events: u64,
}

/// Hands the events of a record to `sink`: all of them, or none and an error.
///
/// # Errors
/// [`RecordError::TooManyPartitions`] if they would make more objects than the cap.
pub fn hand_over(
    envelopes: &[EnvelopeRef<'_>],
    categoriser: &Categoriser,
    partitions_max: usize,
    (position, arrived): (usize, Time),
    sink: &mut impl EventSink,
) -> Result<EventCounts, RecordError> {
    check_spread(envelopes, categoriser, partitions_max)?;
    let mut counts = EventCounts::default();
    for envelope in envelopes {
        if envelope.message_type == MessageType::ControlMessage {
            counts.control_messages += 1;
            continue;
        }
        let (group, stream) = (envelope.group.decode(), envelope.stream.decode());
        let category = categoriser.category(&group, &stream);
        let head = EnvelopeHead {
            position,
            arrived,
            source: category.source,
            group: &group,
            stream: &stream,
            envelope,
        };
        sink.begin(&head);
        for event in &envelope.events {
            let message = event.message.decode();
            if sink.take(&head, event, &category.place(&message, event.timestamp)) {
                counts.events += 1;
            } else {
                counts.repeated_events += 1;
            }
        }
    }
    Ok(counts)
}

/// A record with no more events than the cap cannot exceed it, and no honest one has more.
fn check_spread(
    envelopes: &[EnvelopeRef<'_>],
    categoriser: &Categoriser,
    partitions_max: usize,
) -> Result<(), RecordError> {
    let events: usize = envelopes.iter().map(|envelope| envelope.events.len()).sum();
    if events <= partitions_max {
        return Ok(());
    }
    let mut partitions = BTreeSet::new();
    for envelope in envelopes {
        let (group, stream) = (envelope.group.decode(), envelope.stream.decode());
        let category = categoriser.category(&group, &stream);
        for event in &envelope.events {
            let message = event.message.decode();
            let place = category.place(&message, event.timestamp);
            partitions.insert(Partition::of(category.source, place.time));
            if partitions.len() > partitions_max {
                return Err(RecordError::TooManyPartitions { partitions_max });
            }
        }
    }
    Ok(())
}

/// Records in memory, for who reads envelopes without writing segments. Repetitions stay: a window
/// drops them when it is read.
impl EventSink for Vec<LogRecord> {
    fn begin(&mut self, _head: &EnvelopeHead<'_>) {}

    fn take(
        &mut self,
        head: &EnvelopeHead<'_>,
        event: &EventRef<'_>,
        place: &Placement<'_>,
    ) -> bool {
        self.push(LogRecord {
            v: RECORD_VERSION,
            id: event.id.decode().into_owned(),
            time: place.time,
            timestamp: event.timestamp,
            ingested: head.arrived,
            source: head.source,
            group: head.group.to_owned(),
            stream: head.stream.to_owned(),
            entity: place.entity.as_ref().to_owned(),
            shape: place.shape,
            message: event.message.decode().into_owned(),
        });
        true
    }
}
