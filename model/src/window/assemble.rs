//! From a set of records to windows.

use std::collections::BTreeMap;

use aiops_domain::{Interval, LogRecord, Source, Time};
use hashbrown::HashSet;

use super::{Assembly, EventWindow, WindowSpec, Windowing};

pub(super) fn assemble(windowing: &Windowing, records: Vec<LogRecord>) -> Assembly {
    let records = distinct_in_order(records);
    let lines = records.len() as u64;
    let (mut windows, without_key) = match windowing.spec() {
        WindowSpec::Tumbling { .. } => (tumbling(windowing, records), 0),
        WindowSpec::Keyed { gap_ms, .. } => keyed(windowing, *gap_ms, records),
    };
    windows.sort_by(|one, other| sort_key(one).cmp(&sort_key(other)));
    Assembly {
        windows,
        lines,
        without_key,
    }
}

fn sort_key(window: &EventWindow) -> (Interval, Source, &str, Option<&str>) {
    (
        window.interval,
        window.source,
        &window.entity,
        window.key.as_deref(),
    )
}

/// Ordered by [`LogRecord::order`], each id once. What decides between two records of one id looks
/// at every field, so that the answer does not depend on which of them came first.
fn distinct_in_order(mut records: Vec<LogRecord>) -> Vec<LogRecord> {
    records.sort_unstable_by(|one, other| {
        one.order().cmp(&other.order()).then_with(|| {
            let rest = |record: &LogRecord| (record.ingested, record.source, record.shape);
            rest(one)
                .cmp(&rest(other))
                .then_with(|| one.message.cmp(&other.message))
                .then_with(|| one.entity.cmp(&other.entity))
                .then_with(|| one.group.cmp(&other.group))
                .then_with(|| one.stream.cmp(&other.stream))
                .then_with(|| one.v.cmp(&other.v))
        })
    });
    let keep: Vec<bool> = {
        let mut seen = HashSet::with_capacity(records.len());
        records
            .iter()
            .map(|record| seen.insert(record.id.as_str()))
            .collect()
    };
    let mut keep = keep.into_iter();
    records.retain(|_| keep.next().unwrap_or(true));
    records
}

fn tumbling(windowing: &Windowing, records: Vec<LogRecord>) -> Vec<EventWindow> {
    // Entities are few and lines many: the name is copied once per window, not per line.
    let mut open: BTreeMap<(Source, Time), BTreeMap<String, EventWindow>> = BTreeMap::new();
    for record in records {
        let Some(interval) = windowing.tumbling_bounds(record.time) else {
            continue;
        };
        let entities = open.entry((record.source, interval.start)).or_default();
        match entities.get_mut(record.entity.as_str()) {
            Some(window) => window.records.push(record),
            None => {
                entities.insert(
                    record.entity.clone(),
                    EventWindow {
                        source: record.source,
                        entity: record.entity.clone(),
                        key: None,
                        interval,
                        records: vec![record],
                    },
                );
            }
        }
    }
    open.into_values().flat_map(BTreeMap::into_values).collect()
}

fn keyed(windowing: &Windowing, gap_ms: i64, records: Vec<LogRecord>) -> (Vec<EventWindow>, u64) {
    let mut without_key = 0;
    let mut sequences: BTreeMap<Source, BTreeMap<String, Vec<LogRecord>>> = BTreeMap::new();
    for record in records {
        let Some(key) = windowing.group(&record) else {
            without_key += 1;
            continue;
        };
        let keys = sequences.entry(record.source).or_default();
        match keys.get_mut(key) {
            Some(sequence) => sequence.push(record),
            None => {
                let key = key.to_owned();
                keys.insert(key, vec![record]);
            }
        }
    }
    let mut windows = Vec::new();
    for (source, keys) in sequences {
        for (key, records) in keys {
            split_at_gaps(source, &key, gap_ms, records, &mut windows);
        }
    }
    (windows, without_key)
}

/// Cuts the records of one key, in their order, wherever the next is `gap_ms` or more away. From the
/// end, so that each record moves at most once.
fn split_at_gaps(
    source: Source,
    key: &str,
    gap_ms: i64,
    mut records: Vec<LogRecord>,
    windows: &mut Vec<EventWindow>,
) {
    loop {
        let far = |pair: &[LogRecord]| matches!(pair, [one, next] if next.time.millis_since(one.time) >= gap_ms);
        let of_window = match records.windows(2).rposition(far) {
            Some(before) => records.split_off(before + 1),
            None => std::mem::take(&mut records),
        };
        let (Some(first), Some(last)) = (of_window.first(), of_window.last()) else {
            break;
        };
        windows.push(EventWindow {
            source,
            entity: first.entity.clone(),
            key: Some(key.to_owned()),
            interval: Interval {
                start: first.time,
                end: last.time.plus_millis(1),
            },
            records: of_window,
        });
    }
}
