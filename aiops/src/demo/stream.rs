//! Streams lines into CloudWatch Logs, as agents do: batches within the limits of PutLogEvents, each
//! log stream in order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aiops_domain::Time;
use anyhow::Context as _;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::json;

use crate::local::aws::{Aws, LOGS};
use crate::workload::LogEvent;

/// Events in one call.
pub(crate) const BATCH_EVENTS_MAX: usize = 10_000;
/// Bytes in one call, each event counted with [`EVENT_OVERHEAD_BYTES`].
pub(crate) const BATCH_BYTES_MAX: usize = 1_048_576;
/// What CloudWatch adds to each event when it counts.
pub(crate) const EVENT_OVERHEAD_BYTES: usize = 26;
/// A batch spans at most a day.
pub(crate) const BATCH_SPAN_MILLIS: i64 = 24 * 3_600_000;
/// Calls under way at once. Each is a function's invocation on this machine: more would only make
/// the emulator start more processes.
const CONCURRENT_CALLS: usize = 3;

/// Puts events.
#[derive(Debug)]
pub struct Streamer {
    aws: Aws,
    streams: BTreeSet<(Arc<str>, Arc<str>)>,
    sent: u64,
    batch_events_max: usize,
}

/// The lines of one call.
#[derive(Debug)]
struct Batch<'a> {
    group: &'a str,
    stream: &'a str,
    events: Vec<&'a LogEvent>,
}

impl Streamer {
    /// A streamer into this cloud; at most `batch_events` in one call (the service's own limit
    /// holds too).
    pub fn new(aws: Aws, batch_events: Option<usize>) -> Self {
        Self {
            aws,
            streams: BTreeSet::new(),
            sent: 0,
            batch_events_max: batch_events
                .unwrap_or(BATCH_EVENTS_MAX)
                .clamp(1, BATCH_EVENTS_MAX),
        }
    }

    /// Lines that were accepted.
    pub const fn sent(&self) -> u64 {
        self.sent
    }

    /// Puts `events`, which are in order of timestamp, and returns when all were accepted.
    pub async fn put(&mut self, events: &[LogEvent]) -> anyhow::Result<()> {
        let mut by_stream: BTreeMap<(&str, &str), Vec<&LogEvent>> = BTreeMap::new();
        for event in events {
            self.ensure_stream(event).await?;
            by_stream
                .entry((&event.group, &event.stream))
                .or_default()
                .push(event);
        }
        // Batches of one stream go one after the other; streams go side by side.
        let calls = by_stream.into_iter().map(|((group, stream), events)| {
            let aws = &self.aws;
            let most = self.batch_events_max;
            async move {
                for batch in batches(group, stream, events, most) {
                    put_batch(aws, &batch).await?;
                }
                anyhow::Ok(())
            }
        });
        stream::iter(calls)
            .buffer_unordered(CONCURRENT_CALLS)
            .try_collect::<()>()
            .await?;
        self.sent += events.len() as u64;
        Ok(())
    }

    /// Puts `events` of one stream in one call; whoever made them kept the limits of a call.
    pub async fn put_call(&mut self, events: &[LogEvent]) -> anyhow::Result<()> {
        let Some(first) = events.first() else {
            return Ok(());
        };
        self.ensure_stream(first).await?;
        let batch = Batch {
            group: &first.group,
            stream: &first.stream,
            events: events.iter().collect(),
        };
        put_batch(&self.aws, &batch).await?;
        self.sent += events.len() as u64;
        Ok(())
    }

    async fn ensure_stream(&mut self, event: &LogEvent) -> anyhow::Result<()> {
        let key = (Arc::clone(&event.group), Arc::clone(&event.stream));
        if !self.streams.contains(&key) {
            self.create_stream(event).await?;
            self.streams.insert(key);
        }
        Ok(())
    }

    async fn create_stream(&self, event: &LogEvent) -> anyhow::Result<()> {
        let request = json!({"logGroupName": &*event.group, "logStreamName": &*event.stream});
        match self.aws.json(LOGS, "CreateLogStream", request).await {
            Err(error) if error.is(&["ResourceAlreadyExistsException"]) => Ok(()),
            other => other
                .map(drop)
                .with_context(|| format!("log stream {} of {}", event.stream, event.group)),
        }
    }
}

async fn put_batch(aws: &Aws, batch: &Batch<'_>) -> anyhow::Result<()> {
    let events: Vec<_> = batch
        .events
        .iter()
        .map(|event| json!({"timestamp": event.timestamp.as_millis(), "message": event.message}))
        .collect();
    aws.json(
        LOGS,
        "PutLogEvents",
        json!({"logGroupName": batch.group, "logStreamName": batch.stream, "logEvents": events}),
    )
    .await
    .with_context(|| format!("log stream {} of {}", batch.stream, batch.group))?;
    Ok(())
}

/// The calls that these events of one stream take.
fn batches<'a>(
    group: &'a str,
    stream: &'a str,
    events: Vec<&'a LogEvent>,
    events_max: usize,
) -> Vec<Batch<'a>> {
    let mut batches: Vec<Batch<'a>> = Vec::new();
    let (mut bytes, mut first) = (0, Time::default());
    for event in events {
        let size = event.message.len() + EVENT_OVERHEAD_BYTES;
        let fits = batches.last().is_some_and(|batch| {
            batch.events.len() < events_max
                && bytes + size <= BATCH_BYTES_MAX
                && event.timestamp.millis_since(first) < BATCH_SPAN_MILLIS
        });
        if fits {
            bytes += size;
            if let Some(batch) = batches.last_mut() {
                batch.events.push(event);
            }
        } else {
            (bytes, first) = (size, event.timestamp);
            batches.push(Batch {
                group,
                stream,
                events: vec![event],
            });
        }
    }
    batches
}

/// Paces a replay: event time passes `speed` times as fast as the clock on the wall.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    started: Instant,
    first: Time,
    speed: f64,
}

impl Pace {
    /// From now on, `first` being the event time of this moment.
    pub fn start(first: Time, speed: f64) -> Self {
        Self {
            started: Instant::now(),
            first,
            speed,
        }
    }

    /// How long until `time` is reached.
    pub fn until(&self, time: Time) -> Duration {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of a day")]
        let event_seconds = time.millis_since(self.first) as f64 / 1_000.0;
        let due = Duration::try_from_secs_f64(event_seconds / self.speed).unwrap_or_default();
        due.saturating_sub(self.started.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(millis: i64, bytes: usize) -> LogEvent {
        LogEvent {
            timestamp: Time::from_millis(millis),
            group: "g".into(),
            stream: "s".into(),
            message: "x".repeat(bytes),
        }
    }

    fn sizes(events: &[LogEvent], most: usize) -> Vec<usize> {
        batches("g", "s", events.iter().collect(), most)
            .iter()
            .map(|batch| batch.events.len())
            .collect()
    }

    #[test]
    fn a_call_keeps_the_services_limits() {
        let many: Vec<_> = (0..25).map(|n| event(n, 10)).collect();
        assert_eq!(sizes(&many, 10), [10, 10, 5]);
        let large: Vec<_> = (0..5).map(|n| event(n, 400_000)).collect();
        assert_eq!(sizes(&large, 10), [2, 2, 1]);
        let far = [
            event(0, 1),
            event(BATCH_SPAN_MILLIS - 1, 1),
            event(BATCH_SPAN_MILLIS, 1),
        ];
        assert_eq!(sizes(&far, 10), [2, 1]);
        assert!(sizes(&[], 10).is_empty());
    }
}
