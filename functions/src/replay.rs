//! Rebuilding from the raw archive: the very handlers run over what Firehose kept, into a new
//! generation of objects and tables in memory. Firehose's objects carry no shard or sequence number, so
//! what comes out is the same set of records by event id, and the same findings and incidents; not the
//! same object names.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufReader, Read as _, Write as _};

use aiops_domain::config::{AppenderConfig, DetectorConfig};
use aiops_domain::segment::SegmentName;
use aiops_domain::{Finding, LogRecord, Time};
use base64::Engine as _;
use flate2::read::MultiGzDecoder;
use serde_json::{Value, json};

use crate::appender::Appender;
use crate::appender::kinesis::{KinesisEventRecord, KinesisPayload};
use crate::detector::model::{Current, Models};
use crate::detector::{Detector, Received, Seams};
use crate::fakes::{FakeQueue, FakeTable, FakeWorkflow};
use crate::incidents::items;
use crate::ports::{Clock, Object, ObjectEntry, ObjectStore, PortError, PortResult};

/// A line's own time and its envelope's may lie apart; windows reach over the range's ends.
const MARGIN_MILLIS: i64 = 24 * 3600 * 1000;

/// Envelopes that the appender takes at once.
const BATCH: usize = 100;

/// Messages that the detector takes at once, as SQS hands them over.
const MESSAGES: usize = 10;

/// Rounds without progress after which a rebuild is given up.
const STALLED_MAX: u32 = 20;

/// Bytes of one object of the archive; Firehose writes at most 128 MiB.
const RAW_BYTES_MAX: u64 = 128 << 20;

/// Bytes of one object, decompressed.
const TEXT_BYTES_MAX: u64 = 2 << 30;

/// What is rebuilt.
#[derive(Debug, Clone)]
pub struct Request {
    /// The raw archive.
    pub raw_bucket: String,
    /// Event times from this one on.
    pub from: Time,
    /// Event times before this one.
    pub to: Time,
    /// The name of the new generation.
    pub generation: String,
}

impl Request {
    /// Whether a finding's window lies wholly in the range.
    pub fn covers(&self, finding: &Finding) -> bool {
        self.from <= finding.window.start && finding.window.end <= self.to
    }
}

/// What came out.
#[derive(Debug, Clone, Default)]
pub struct Rebuilt {
    /// Objects of the archive that were read.
    pub raw_objects: u64,
    /// Objects of the archive that hold no envelopes.
    pub unreadable_objects: u64,
    /// Segments that were written.
    pub segments: u64,
    /// The records, by event id.
    pub records: BTreeSet<String>,
    /// The findings whose windows lie wholly in the range, by fingerprint of their incident.
    pub findings: BTreeMap<String, BTreeMap<String, Finding>>,
}

/// Rebuilds a time range. The segments of the generation lie below [`prefix`].
///
/// # Errors
/// When a seam fails, or the detector does not come to an end.
pub async fn rebuild<S, M, C>(
    store: &S,
    request: &Request,
    appender: AppenderConfig,
    detector: DetectorConfig,
    models: M,
    clock: C,
) -> PortResult<Rebuilt>
where
    S: ObjectStore + Clone,
    M: Models,
    C: Clock,
{
    let generation = Generation {
        inner: store.clone(),
        prefix: prefix(&request.generation),
    };
    let mut rebuilt = Rebuilt::default();
    let bucket = appender.segments_bucket.clone();
    if !generation.list(&bucket, "").await?.is_empty() {
        return Err(PortError::Permanent {
            what: format!("generation {}", request.generation),
            detail: "it is there already; name another".to_owned(),
        });
    }
    let appender = Appender::new(appender);
    let mut sequence = 0_u64;
    for entry in store.list(&request.raw_bucket, "raw/").await? {
        if !may_hold(&entry.key, request) {
            continue;
        }
        let Some(object) = store
            .get(&request.raw_bucket, &entry.key, RAW_BYTES_MAX)
            .await?
        else {
            continue;
        };
        rebuilt.raw_objects += 1;
        let Some(envelopes) = envelopes(&object.body, request) else {
            tracing::warn!(key = entry.key, "an object of the archive is unreadable");
            rebuilt.unreadable_objects += 1;
            continue;
        };
        for some in envelopes.chunks(BATCH) {
            let records: Vec<KinesisEventRecord> = some
                .iter()
                .map(|envelope| {
                    sequence += 1;
                    record(sequence, envelope)
                })
                .collect();
            append(&appender, &generation, &records).await?;
        }
    }
    let mut messages = Vec::new();
    for entry in generation.list(&bucket, "segments/").await? {
        rebuilt.segments += 1;
        rebuilt
            .records
            .extend(record_ids(&generation, &bucket, &entry.key, request).await?);
        messages.push(notification(&entry.key));
    }
    let incidents = FakeTable::default();
    let queue = FakeQueue::default();
    let seams = Seams {
        objects: generation,
        state: FakeTable::default(),
        incidents: incidents.clone(),
        queue: queue.clone(),
        // Nobody is called and nothing is remediated by a rebuild.
        workflow: FakeWorkflow::default(),
        clock,
        models: Trusted(models),
    };
    settle(&Detector::new(seams, detector), &queue, messages).await?;
    let fingerprints: BTreeMap<String, String> = incidents
        .all()
        .iter()
        .filter(|item| item.key.sk == "meta")
        .filter_map(|item| {
            let fingerprint = item.attributes.get("fingerprint")?.as_str()?;
            Some((item.key.pk.clone(), fingerprint.to_owned()))
        })
        .collect();
    for item in incidents.all() {
        if let (Some(finding), Some(fingerprint)) =
            (items::finding_of(&item), fingerprints.get(&item.key.pk))
            && request.covers(&finding)
        {
            rebuilt
                .findings
                .entry(fingerprint.clone())
                .or_default()
                .insert(finding.id.clone(), finding);
        }
    }
    Ok(rebuilt)
}

/// Where a generation lies in the bucket of segments.
pub fn prefix(generation: &str) -> String {
    format!("generations/{generation}/")
}

/// The distinct event ids of the range in the segments of a bucket.
///
/// # Errors
/// When the store fails or a segment is no segment.
pub async fn live_records(
    store: &impl ObjectStore,
    bucket: &str,
    request: &Request,
) -> PortResult<BTreeSet<String>> {
    let mut ids = BTreeSet::new();
    for entry in store.list(bucket, "segments/").await? {
        let Ok(name) = SegmentName::parse(&entry.key) else {
            continue;
        };
        let hour = name.partition.hour;
        let inside = aiops_domain::segment::Hour::of(request.from) <= hour
            && hour <= aiops_domain::segment::Hour::of(request.to);
        if inside {
            ids.extend(record_ids(store, bucket, &entry.key, request).await?);
        }
    }
    Ok(ids)
}

/// Whether an object may hold events of the range: nothing reaches the archive long before it happens.
fn may_hold(key: &str, request: &Request) -> bool {
    let day = |time: Time| time.to_string().chars().take(10).collect::<String>();
    let first = day(request.from.plus_millis(-MARGIN_MILLIS));
    key.split('/')
        .find_map(|part| part.strip_prefix("dt="))
        .is_none_or(|arrived| arrived >= first.as_str())
}

/// The envelopes of an object, with the events around the range alone; `None` if it is unreadable.
fn envelopes(body: &[u8], request: &Request) -> Option<Vec<Value>> {
    let text = MultiGzDecoder::new(body).take(TEXT_BYTES_MAX);
    let (from, to) = (
        request.from.as_millis() - MARGIN_MILLIS,
        request.to.as_millis() + MARGIN_MILLIS,
    );
    let inside = |event: &Value| {
        let millis = event.get("timestamp").and_then(Value::as_i64);
        millis.is_some_and(|millis| from <= millis && millis < to)
    };
    let mut kept = Vec::new();
    for envelope in serde_json::Deserializer::from_reader(BufReader::new(text)).into_iter::<Value>()
    {
        let mut envelope = envelope.ok()?;
        let events = envelope.get_mut("logEvents").and_then(Value::as_array_mut);
        let Some(events) = events else { continue };
        events.retain(inside);
        if !events.is_empty() {
            kept.push(envelope);
        }
    }
    Some(kept)
}

/// An envelope as a record of the stream.
fn record(sequence: u64, envelope: &Value) -> KinesisEventRecord {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    // Writing into memory does not fail.
    let _infallible = gzip.write_all(envelope.to_string().as_bytes());
    let data = gzip.finish().unwrap_or_default();
    KinesisEventRecord {
        event_id: format!("shardId-000000000000:{sequence}"),
        kinesis: KinesisPayload {
            sequence_number: sequence.to_string(),
            data: base64::engine::general_purpose::STANDARD.encode(data),
            approximate_arrival_timestamp: 0.0,
        },
    }
}

/// Appends all of them, again from the first that was not written.
async fn append(
    appender: &Appender,
    store: &impl ObjectStore,
    records: &[KinesisEventRecord],
) -> PortResult<()> {
    let mut rest = records;
    let mut stalled = 0;
    while !rest.is_empty() {
        match appender.append(store, rest).await.first_failure {
            None => return Ok(()),
            Some(0) if stalled == STALLED_MAX => break,
            Some(0) => stalled += 1,
            Some(written) => {
                rest = rest.get(written..).unwrap_or_default();
                stalled = 0;
            }
        }
    }
    Err(PortError::Transient {
        what: "the segments of the new generation".to_owned(),
        detail: "they could not be written".to_owned(),
    })
}

async fn record_ids(
    store: &impl ObjectStore,
    bucket: &str,
    key: &str,
    request: &Request,
) -> PortResult<Vec<String>> {
    let malformed = |error: &dyn std::fmt::Display| PortError::Permanent {
        what: format!("s3://{bucket}/{key}"),
        detail: error.to_string(),
    };
    let Some(object) = store.get(bucket, key, RAW_BYTES_MAX).await? else {
        return Ok(Vec::new());
    };
    let mut text = String::new();
    MultiGzDecoder::new(object.body.as_slice())
        .take(TEXT_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(|error| malformed(&error))?;
    let mut ids = Vec::new();
    for line in text.lines() {
        let record: LogRecord = serde_json::from_str(line).map_err(|error| malformed(&error))?;
        if request.from <= record.time && record.time < request.to {
            ids.push(record.id);
        }
    }
    Ok(ids)
}

/// What S3 would notify of.
fn notification(key: &str) -> Received {
    let encoded = key.replace('=', "%3D");
    Received {
        id: key.to_owned(),
        body: json!({"Records": [{"eventName": "ObjectCreated:Put", "s3": {"object": {"key": encoded}}}]})
            .to_string(),
    }
}

/// Hands over messages until none is left, what fails again; then the timers.
async fn settle<O, C, M>(
    detector: &Detector<O, FakeTable, FakeQueue, FakeWorkflow, C, M>,
    queue: &FakeQueue,
    mut messages: Vec<Received>,
) -> PortResult<()>
where
    O: ObjectStore,
    C: Clock,
    M: Models,
{
    let mut stalled = 0;
    loop {
        if messages.is_empty() {
            let timers = queue.take().into_iter().enumerate();
            messages = timers
                .map(|(n, sent)| Received {
                    id: format!("timer-{n}"),
                    body: sent.body,
                })
                .collect();
        }
        if messages.is_empty() {
            return Ok(());
        }
        let batch: Vec<Received> = messages.drain(..messages.len().min(MESSAGES)).collect();
        let outcome = detector.handle(&batch).await;
        stalled = if outcome.failed.len() == batch.len() {
            stalled + 1
        } else {
            0
        };
        if stalled > STALLED_MAX {
            return Err(PortError::Transient {
                what: "detection over the new generation".to_owned(),
                detail: "its messages fail again and again; the log says why".to_owned(),
            });
        }
        messages.extend(
            batch
                .into_iter()
                .filter(|received| outcome.failed.contains(&received.id)),
        );
    }
}

/// The model as it is, out of shadow: a rebuild calls nobody.
#[derive(Debug)]
struct Trusted<M>(M);

impl<M: Models> Models for Trusted<M> {
    type Scorer = M::Scorer;

    async fn current(&self) -> PortResult<Current<Self::Scorer>> {
        let current = self.0.current().await?;
        Ok(Current {
            shadow: false,
            candidate: None,
            ..current
        })
    }
}

/// A store whose keys lie below a prefix.
#[derive(Debug, Clone)]
struct Generation<S> {
    inner: S,
    prefix: String,
}

impl<S: ObjectStore> ObjectStore for Generation<S> {
    async fn get(&self, bucket: &str, key: &str, max_bytes: u64) -> PortResult<Option<Object>> {
        let key = format!("{}{key}", self.prefix);
        self.inner.get(bucket, &key, max_bytes).await
    }

    async fn put(
        &self,
        bucket: &str,
        key: &str,
        body: Vec<u8>,
        content_type: &str,
    ) -> PortResult<String> {
        let key = format!("{}{key}", self.prefix);
        self.inner.put(bucket, &key, body, content_type).await
    }

    async fn put_over(
        &self,
        bucket: &str,
        key: &str,
        body: &[u8],
        content_type: &str,
        known: Option<&str>,
    ) -> PortResult<String> {
        let key = format!("{}{key}", self.prefix);
        self.inner
            .put_over(bucket, &key, body, content_type, known)
            .await
    }

    async fn etag(&self, bucket: &str, key: &str) -> PortResult<Option<String>> {
        let key = format!("{}{key}", self.prefix);
        self.inner.etag(bucket, &key).await
    }

    async fn list(&self, bucket: &str, prefix: &str) -> PortResult<Vec<ObjectEntry>> {
        let below = format!("{}{prefix}", self.prefix);
        let entries = self.inner.list(bucket, &below).await?;
        Ok(entries
            .into_iter()
            .filter_map(|entry| {
                let key = entry.key.strip_prefix(&self.prefix)?.to_owned();
                Some(ObjectEntry { key, ..entry })
            })
            .collect())
    }
}
