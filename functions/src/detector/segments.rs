//! Segments, read and kept: decompressed within a cap, parsed, and cached by key and entity tag.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Mutex, PoisonError};

use aiops_domain::LogRecord;
use aiops_domain::config::DetectorLimits;
use aiops_model::{WindowSpec, Windowing};
use flate2::read::MultiGzDecoder;

use crate::ports::{ObjectStore, PortError, PortResult};

/// A parsed segment.
#[derive(Debug)]
pub struct ParsedSegment {
    /// The version of the object that this is.
    pub etag: String,
    /// Its records, as they lie in it.
    pub records: Vec<LogRecord>,
    /// Lines that are no record.
    pub unreadable: u64,
    bytes: u64,
    groups: Mutex<Option<Arc<Groups>>>,
}

/// Positions of a segment's records by their group, for one way of windowing.
#[derive(Debug)]
pub struct Groups {
    spec: WindowSpec,
    /// Positions in [`ParsedSegment::records`].
    pub positions: HashMap<Box<str>, Vec<usize>>,
}

impl ParsedSegment {
    /// The records' groups; computed once per way of windowing.
    pub fn groups(&self, windowing: &Windowing) -> Arc<Groups> {
        let mut slot = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(groups) = slot.as_ref()
            && groups.spec == *windowing.spec()
        {
            return groups.clone();
        }
        let mut positions: HashMap<Box<str>, Vec<usize>> = HashMap::new();
        for (position, record) in self.records.iter().enumerate() {
            let Some(group) = windowing.group(record) else {
                continue;
            };
            match positions.get_mut(group) {
                Some(known) => known.push(position),
                None => {
                    positions.insert(group.into(), vec![position]);
                }
            }
        }
        let groups = Arc::new(Groups {
            spec: windowing.spec().clone(),
            positions,
        });
        *slot = Some(groups.clone());
        groups
    }
}

/// Reads segments from a bucket and keeps the ones used last, up to a number of bytes.
#[derive(Debug)]
pub struct SegmentReader {
    bucket: String,
    limits: DetectorLimits,
    cache: Mutex<Cache>,
}

#[derive(Debug, Default)]
struct Cache {
    segments: HashMap<String, (u64, Arc<ParsedSegment>)>,
    bytes: u64,
    uses: u64,
}

impl SegmentReader {
    /// A reader of this bucket.
    pub fn new(bucket: &str, limits: DetectorLimits) -> Self {
        Self {
            bucket: bucket.to_owned(),
            limits,
            cache: Mutex::default(),
        }
    }

    /// The segment as it is now; from the cache if that holds the version `etag`. `None`: there is
    /// no such object (any more).
    ///
    /// # Errors
    /// When S3 fails, or the object is no gzip or above a cap.
    pub async fn read(
        &self,
        objects: &impl ObjectStore,
        key: &str,
        etag: Option<&str>,
    ) -> PortResult<Option<Arc<ParsedSegment>>> {
        if let Some(known) = self.cached(key)
            && Some(known.etag.as_str()) == etag
        {
            return Ok(Some(known));
        }
        let object = objects
            .get(&self.bucket, key, self.limits.segment_bytes_max)
            .await?;
        let Some(object) = object else {
            return Ok(None);
        };
        if let Some(known) = self.cached(key)
            && known.etag == object.etag
        {
            return Ok(Some(known));
        }
        let cap = self.limits.segment_decompressed_bytes_max;
        let parsed = parse(key, &object.body, object.etag, cap)?;
        Ok(Some(self.keep(key, parsed)))
    }

    fn cached(&self, key: &str) -> Option<Arc<ParsedSegment>> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.uses += 1;
        let now = cache.uses;
        let (used, segment) = cache.segments.get_mut(key)?;
        *used = now;
        Some(segment.clone())
    }

    fn keep(&self, key: &str, parsed: ParsedSegment) -> Arc<ParsedSegment> {
        let segment = Arc::new(parsed);
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.uses += 1;
        let now = cache.uses;
        cache.bytes += segment.bytes;
        if let Some((_, old)) = cache
            .segments
            .insert(key.to_owned(), (now, segment.clone()))
        {
            cache.bytes -= old.bytes;
        }
        while cache.bytes > self.limits.cache_bytes_max && cache.segments.len() > 1 {
            let oldest = cache
                .segments
                .iter()
                .min_by_key(|(_, (used, _))| *used)
                .map(|(key, _)| key.clone());
            let Some((_, old)) = oldest.and_then(|key| cache.segments.remove(&key)) else {
                break;
            };
            cache.bytes -= old.bytes;
        }
        segment
    }
}

/// What a record takes in memory beside its texts.
const RECORD_OVERHEAD_BYTES: usize = 256;

fn parse(key: &str, body: &[u8], etag: String, cap: u64) -> PortResult<ParsedSegment> {
    // One byte above the cap tells a segment of exactly that size from a larger one.
    let mut lines = BufReader::new(MultiGzDecoder::new(body).take(cap.saturating_add(1)));
    let (mut records, mut unreadable) = (Vec::new(), 0);
    let (mut line, mut read, mut bytes) = (Vec::new(), 0_u64, 0_usize);
    loop {
        line.clear();
        let length = lines
            .read_until(b'\n', &mut line)
            .map_err(|error| PortError::Permanent {
                what: key.to_owned(),
                detail: format!("not gzip: {error}"),
            })?;
        if length == 0 {
            break;
        }
        read += length as u64;
        if read > cap {
            return Err(PortError::TooLarge {
                what: key.to_owned(),
                limit: cap,
            });
        }
        match serde_json::from_slice::<LogRecord>(&line) {
            Ok(record) => {
                bytes += length + RECORD_OVERHEAD_BYTES;
                records.push(record);
            }
            Err(_) if line.iter().all(u8::is_ascii_whitespace) => {}
            Err(_) => unreadable += 1,
        }
    }
    Ok(ParsedSegment {
        etag,
        records,
        unreadable,
        bytes: bytes as u64,
        groups: Mutex::default(),
    })
}
