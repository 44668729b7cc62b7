//! Nothing lost, counted by reading every object back from S3: the distinct lines of the segments,
//! those in quarantine, and those in the raw archive.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead as _, BufReader};

use aiops_domain::LogRecord;
use aiops_domain::quarantine::{self, QuarantinedRecord};
use anyhow::{Context as _, bail};
use flate2::read::MultiGzDecoder;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde::{Deserialize, Serialize};

use super::places::Places;
use crate::local::aws::Aws;
use crate::local::aws::s3::ListedObject;

/// Reads under way at once.
const CONCURRENT_READS: usize = 4;

/// What was read back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Lines {
    /// Lines that PutLogEvents accepted.
    pub sent: u64,
    /// Distinct event ids in the segments.
    pub segments_distinct: u64,
    /// Events in quarantine.
    pub quarantined: u64,
    /// Distinct event ids in the raw archive.
    pub raw_distinct: u64,
}

impl Lines {
    /// Whether every line is where it should be.
    pub const fn is_complete(&self) -> bool {
        self.sent == self.segments_distinct + self.quarantined && self.sent == self.raw_distinct
    }
}

/// The event ids of an envelope.
#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "messageType", default)]
    message_type: String,
    #[serde(rename = "logEvents", default)]
    events: Vec<EnvelopeEvent>,
}

#[derive(Deserialize)]
struct EnvelopeEvent {
    id: String,
}

/// The distinct event ids in the segments of `bucket`, and how many objects hold them.
pub async fn segment_ids(aws: &Aws, bucket: &str) -> anyhow::Result<(HashSet<String>, usize)> {
    ids(aws, bucket, "segments/", &segment_ids_of).await
}

fn segment_ids_of(body: &[u8]) -> anyhow::Result<Vec<String>> {
    let mut ids = Vec::new();
    for line in BufReader::new(MultiGzDecoder::new(body)).lines() {
        let record: LogRecord = serde_json::from_str(&line?)?;
        ids.push(record.id);
    }
    Ok(ids)
}

fn quarantined_ids_of(body: &[u8]) -> anyhow::Result<Vec<String>> {
    let record: QuarantinedRecord = serde_json::from_slice(body)?;
    Ok(record.event_ids)
}

/// The distinct event ids in the raw archive `bucket`: envelopes, gzip members one after the other.
pub async fn raw_ids(aws: &Aws, bucket: &str) -> anyhow::Result<(HashSet<String>, usize)> {
    ids(aws, bucket, "raw/", &|body| {
        let mut ids = Vec::new();
        let envelopes =
            serde_json::Deserializer::from_reader(BufReader::new(MultiGzDecoder::new(body)));
        for envelope in envelopes.into_iter::<Envelope>() {
            let envelope = envelope?;
            if envelope.message_type == "DATA_MESSAGE" {
                ids.extend(envelope.events.into_iter().map(|event| event.id));
            }
        }
        Ok(ids)
    })
    .await
}

/// Where the `sent` lines are.
pub async fn lines(aws: &Aws, places: &Places, sent: u64) -> anyhow::Result<Lines> {
    let (segments, _) = segment_ids(aws, &places.segments_bucket).await?;
    let (raw, _) = raw_ids(aws, &places.raw_bucket).await?;
    Ok(Lines {
        sent,
        segments_distinct: segments.len() as u64,
        quarantined: quarantined(aws, &places.segments_bucket).await?,
        raw_distinct: raw.len() as u64,
    })
}

/// Counts the distinct lines in segments and quarantine again and again while they come, reading
/// each object once.
#[derive(Debug, Default)]
pub struct Arrivals {
    /// Entity tags of the objects that were read.
    read: HashMap<String, String>,
    ids: HashSet<String>,
}

impl Arrivals {
    /// Distinct lines so far.
    pub async fn count(&mut self, aws: &Aws, places: &Places) -> anyhow::Result<u64> {
        let bucket = &places.segments_bucket;
        for (prefix, read) in [
            ("segments/", &segment_ids_of as &Ids),
            (quarantine::PREFIX, &quarantined_ids_of),
        ] {
            let mut objects = aws.list_objects(bucket, prefix).await?;
            objects.retain(|object| self.read.get(&object.key) != Some(&object.etag));
            self.ids.extend(ids_of(aws, bucket, &objects, read).await?);
            let read = objects.into_iter().map(|object| (object.key, object.etag));
            self.read.extend(read);
        }
        Ok(self.ids.len() as u64)
    }
}

/// Distinct event ids in quarantine: those that could be recognised in the records set aside.
async fn quarantined(aws: &Aws, bucket: &str) -> anyhow::Result<u64> {
    let (quarantined, _) = ids(aws, bucket, quarantine::PREFIX, &quarantined_ids_of).await?;
    Ok(quarantined.len() as u64)
}

/// The event ids of an object.
type Ids = dyn Fn(&[u8]) -> anyhow::Result<Vec<String>> + Sync;

async fn ids(
    aws: &Aws,
    bucket: &str,
    prefix: &str,
    read: &Ids,
) -> anyhow::Result<(HashSet<String>, usize)> {
    let objects = aws.list_objects(bucket, prefix).await?;
    let ids = ids_of(aws, bucket, &objects, read).await?;
    Ok((ids, objects.len()))
}

async fn ids_of(
    aws: &Aws,
    bucket: &str,
    objects: &[ListedObject],
    read: &Ids,
) -> anyhow::Result<HashSet<String>> {
    stream::iter(objects)
        .map(|object| async move {
            let Some(body) = aws.get_object(bucket, &object.key).await? else {
                bail!("s3://{bucket}/{} is gone", object.key);
            };
            read(&body).with_context(|| format!("s3://{bucket}/{}", object.key))
        })
        .buffer_unordered(CONCURRENT_READS)
        .try_fold(HashSet::new(), |mut all, ids| async move {
            all.extend(ids);
            Ok(all)
        })
        .await
}
