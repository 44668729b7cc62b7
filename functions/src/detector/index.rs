//! What is known of a source: its segments with their spans of event time, and the head, whose
//! revision counts every fact (a segment was added, the source fell idle). Whoever reads revision
//! r and then the index sees at least everything that r counts.

use std::sync::Arc;

use aiops_domain::segment::Hour;
use aiops_domain::{Source, Time};
use serde_json::{Value, json};

use super::message::Segment;
use super::segments::{ParsedSegment, SegmentReader};
use crate::ports::{
    Attributes, Clock, Condition, Item, ItemKey, ObjectStore, PortError, PortResult, Range, Table,
    Write,
};

/// How far into the future a line's own time may lie and still move the watermark, in
/// milliseconds: one line with a wrong year must not close every window of its source.
const FUTURE_MAX_MS: i64 = 2 * 3_600_000;

/// Tries of a write that others keep winning.
const MAX_TRIES: usize = 64;

/// What is known of a source as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// Facts so far.
    pub revision: i64,
    /// The revision at which the source was declared idle last.
    pub idle_at: i64,
    /// Highest event time that counts as progress; `None` before the first line.
    pub watermark: Option<Time>,
    /// Highest event time of all.
    pub latest: Option<Time>,
}

impl Head {
    /// Whether nothing has come since the source was declared idle.
    pub fn is_idle(&self) -> bool {
        self.idle_at == self.revision
    }
}

/// A segment in the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indexed {
    /// The object's key.
    pub key: String,
    /// The version that was indexed last.
    pub etag: String,
    /// Event time of its first record, over all its versions.
    pub min: Time,
    /// Event time of its last record, over all its versions.
    pub max: Time,
    /// Records.
    pub lines: u64,
}

/// A source's partition of the state table.
pub(super) fn source_key(source: Source, sk: &str) -> ItemKey {
    ItemKey::new(format!("source#{source}"), sk)
}

fn segments_pk(source: Source) -> String {
    format!("segments#{source}")
}

/// 16 hex digits that sort as the instants do.
pub(crate) fn sortable(time: Time) -> String {
    // Flipping the sign bit puts the negative numbers before the others.
    format!("{:016x}", time.as_millis().cast_unsigned() ^ (1 << 63))
}

fn number(attributes: &Attributes, name: &str) -> Option<i64> {
    attributes.get(name).and_then(Value::as_i64)
}

fn instant(attributes: &Attributes, name: &str) -> Option<Time> {
    number(attributes, name).map(Time::from_millis)
}

/// What is known of the source.
///
/// # Errors
/// When the table fails.
pub async fn head(state: &impl Table, source: Source) -> PortResult<Head> {
    let item = state.get(&source_key(source, "head")).await?;
    let attributes = item.map(|item| item.attributes).unwrap_or_default();
    Ok(Head {
        revision: number(&attributes, "revision").unwrap_or(0),
        idle_at: number(&attributes, "idle_at").unwrap_or(0),
        watermark: instant(&attributes, "watermark"),
        latest: instant(&attributes, "latest"),
    })
}

/// Declares the source idle if its revision is still `revision`: a fact of its own, after which
/// the revision is one higher. `false`: something came.
///
/// # Errors
/// When the table fails.
pub async fn declare_idle(state: &impl Table, source: Source, revision: i64) -> PortResult<bool> {
    let write = Write::Update {
        key: source_key(source, "head"),
        set: Attributes::from([
            ("revision".into(), json!(revision + 1)),
            ("idle_at".into(), json!(revision + 1)),
        ]),
        add: Default::default(),
        remove: vec![],
        condition: Some(Condition::Equals("revision".into(), json!(revision))),
    };
    match state.write(write).await {
        Ok(()) => Ok(true),
        Err(PortError::Conflict { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Counts a fact that was written before: who reads the new revision and then looks sees it.
///
/// # Errors
/// When the table fails.
pub async fn count_fact(state: &impl Table, source: Source) -> PortResult<()> {
    let write = Write::Update {
        key: source_key(source, "head"),
        set: Attributes::new(),
        add: [("revision".to_owned(), 1)].into(),
        remove: vec![],
        condition: None,
    };
    state.write(write).await
}

/// Puts a segment into the index, as its object is now, and counts that; nothing if the index
/// holds this version already. Answers the segment, or `None` if there is no such object.
///
/// # Errors
/// When S3 or the table fails or the segment cannot be read.
pub async fn add(
    state: &impl Table,
    objects: &impl ObjectStore,
    reader: &SegmentReader,
    clock: &impl Clock,
    state_days: u32,
    segment: &Segment,
) -> PortResult<Option<Arc<ParsedSegment>>> {
    let Ok(name) = aiops_domain::segment::SegmentName::parse(&segment.key) else {
        return Ok(None);
    };
    let hour = sortable(name.partition.hour.start());
    let key = ItemKey::new(
        segments_pk(segment.source),
        format!("{hour}#{}", segment.key),
    );
    for _ in 0..MAX_TRIES {
        // The index is read before the object: a version that replaces what was indexed is
        // therefore never older than it (the order of notifications says nothing).
        let known = state.get(&key).await?.map(|item| item.attributes);
        let Some(parsed) = reader.read(objects, &segment.key, None).await? else {
            return Ok(None);
        };
        let known_etag = known
            .as_ref()
            .and_then(|known| known.get("etag"))
            .and_then(Value::as_str);
        if known_etag == Some(&parsed.etag) || parsed.records.is_empty() {
            return Ok(Some(parsed));
        }
        let head = head(state, segment.source).await?;
        let entry = entry(&key, known.as_ref(), &parsed, clock.now(), state_days);
        let progress = progress(segment.source, &head, &parsed, clock.now());
        match state.transact(vec![entry, progress]).await {
            Ok(()) => return Ok(Some(parsed)),
            Err(PortError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Err(PortError::Transient {
        what: segment.key.clone(),
        detail: "others keep writing the index".into(),
    })
}

/// The segment's item. Its span only grows: records that an overwritten object lost were in
/// windows that still have to be found.
fn entry(
    key: &ItemKey,
    known: Option<&Attributes>,
    parsed: &ParsedSegment,
    now: Time,
    state_days: u32,
) -> Write {
    let times = || parsed.records.iter().map(|record| record.time);
    let of_known = |name| known.and_then(|known| instant(known, name));
    let min = times().chain(of_known("min")).min().unwrap_or_default();
    let max = times().chain(of_known("max")).max().unwrap_or_default();
    let puts = known.and_then(|known| number(known, "puts")).unwrap_or(0);
    let expires = now.as_millis() / 1000 + i64::from(state_days) * 86_400;
    Write::Put {
        item: Item {
            key: key.clone(),
            attributes: Attributes::from([
                ("etag".into(), json!(parsed.etag)),
                ("min".into(), json!(min.as_millis())),
                ("max".into(), json!(max.as_millis())),
                ("lines".into(), json!(parsed.records.len())),
                ("puts".into(), json!(puts + 1)),
                ("expires".into(), json!(expires)),
            ]),
        },
        condition: Some(Condition::Any(vec![
            Condition::Missing("puts".into()),
            Condition::Equals("puts".into(), json!(puts)),
        ])),
    }
}

/// One more fact, and the watermarks that it moves.
fn progress(source: Source, head: &Head, parsed: &ParsedSegment, now: Time) -> Write {
    let latest = parsed.records.iter().map(|record| record.time).max();
    let watermark = parsed
        .records
        .iter()
        .filter(|record| record.time <= record.ingested.plus_millis(FUTURE_MAX_MS))
        .map(|record| record.time)
        .max();
    let mut set = Attributes::from([("arrived".into(), json!(now.as_millis()))]);
    let mut still = Vec::new();
    for (name, known, seen) in [
        ("watermark", head.watermark, watermark),
        ("latest", head.latest, latest),
    ] {
        if let Some(seen) = seen
            && known.is_none_or(|known| known < seen)
        {
            set.insert(name.into(), json!(seen.as_millis()));
            still.push(Condition::Any(vec![
                Condition::Missing(name.into()),
                Condition::Below(name.into(), seen.as_millis()),
            ]));
        }
    }
    Write::Update {
        key: source_key(source, "head"),
        set,
        add: [("revision".to_owned(), 1)].into(),
        remove: vec![],
        condition: (!still.is_empty()).then_some(Condition::All(still)),
    }
}

/// The segments that may hold records with event times in `[from, to]`, in the order of their hours.
///
/// # Errors
/// When the table fails.
pub async fn overlapping(
    state: &impl Table,
    source: Source,
    from: Time,
    to: Time,
) -> PortResult<Vec<Indexed>> {
    // A segment lies in the hour of its events.
    let range = Range {
        from: Some(sortable(Hour::of(from).start())),
        to: Some(format!("{}#~", sortable(Hour::of(to).start()))),
        ..Range::default()
    };
    let items = state.query(&segments_pk(source), &range).await?;
    Ok(items
        .into_iter()
        .filter_map(read)
        .filter(|indexed| indexed.min <= to && indexed.max >= from)
        .collect())
}

fn read(item: Item) -> Option<Indexed> {
    let (_, key) = item.key.sk.split_once('#')?;
    Some(Indexed {
        key: key.to_owned(),
        etag: item.attributes.get("etag")?.as_str()?.to_owned(),
        min: instant(&item.attributes, "min")?,
        max: instant(&item.attributes, "max")?,
        lines: item.attributes.get("lines")?.as_u64()?,
    })
}

/// The first instant of the first hour that has segments.
///
/// # Errors
/// When the table fails.
pub async fn earliest(state: &impl Table, source: Source) -> PortResult<Option<Time>> {
    let range = Range {
        limit: Some(1),
        ..Range::default()
    };
    let items = state.query(&segments_pk(source), &range).await?;
    Ok(items.into_iter().next().and_then(read).map(|first| {
        // The least of its hour, whatever else lies in it.
        Hour::of(first.min).start()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sort_keys_follow_event_times() {
        let times = [i64::MIN, -1, 0, 1, 1_700_000_000_000, i64::MAX];
        let keys: Vec<_> = times
            .map(|millis| sortable(Time::from_millis(millis)))
            .into();
        assert!(keys.is_sorted() && keys.iter().all(|key| key.len() == 16));
    }
}
