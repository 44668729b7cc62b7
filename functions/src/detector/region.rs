//! Which windows a pass decides: those that close in a span of event time, or those that late
//! records belong to. Reads the segments that overlap them, whichever they are, and assembles.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use aiops_domain::{LogRecord, Source, Time};
use aiops_model::{EventWindow, WindowSpec, Windowing};
use futures_util::future::join_all;

use super::index::{self, Indexed};
use super::segments::{ParsedSegment, SegmentReader};
use crate::ports::{ObjectStore, PortResult, Table};

mod keyed;
mod tumbling;

/// The length of a slot: windows whose starts lie in one slot share a guard. In milliseconds.
pub(crate) const SLOT_MS: i64 = 600_000;

/// The slot of a window that starts at `start`, by its own first instant.
pub(crate) fn slot_of(start: Time) -> Time {
    Time::from_millis(
        start
            .as_millis()
            .div_euclid(SLOT_MS)
            .saturating_mul(SLOT_MS),
    )
}

/// "Every finding of this group whose window starts in this span is decided here": what is not
/// found again is retracted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Entity or key; `None`: every group.
    pub group: Option<String>,
    /// First start.
    pub from: Time,
    /// Last start.
    pub to: Time,
}

/// What a pass decides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Region {
    /// To be scored.
    pub windows: Vec<EventWindow>,
    /// What else is retracted.
    pub claims: Vec<Claim>,
    /// The slots in which a pass that knows fewer records might write for these claims.
    pub slots: BTreeSet<Time>,
    /// Records that were looked at.
    pub lines: u64,
}

/// What a region is read with.
pub struct Sources<'a, O, T> {
    /// The segments bucket.
    pub objects: &'a O,
    /// The state table.
    pub state: &'a T,
    /// The parsed segments.
    pub reader: &'a SegmentReader,
    /// Reads at once.
    pub concurrent_gets_max: usize,
    /// Lines of a pass, unless one window has more.
    pub pass_lines_max: u64,
    /// The source.
    pub source: Source,
    /// How it is cut.
    pub windowing: &'a Windowing,
}

impl<O: ObjectStore, T: Table> Sources<'_, O, T> {
    /// Windows that close in `(from, to]`, or, if those hold too many lines for one pass, the first
    /// of them: answers until when.
    ///
    /// # Errors
    /// When the table or the bucket fails.
    pub async fn closing(&self, from: Time, to: Time) -> PortResult<(Region, Time)> {
        match self.windowing.spec() {
            WindowSpec::Tumbling { length_ms } => self.tumbling_closing(*length_ms, from, to).await,
            WindowSpec::Keyed { gap_ms, .. } => self.keyed_closing(*gap_ms, from, to).await,
        }
    }

    /// Windows of these segments' records that close until `until`.
    ///
    /// # Errors
    /// When the table or the bucket fails.
    pub async fn late(&self, segments: &[Arc<ParsedSegment>], until: Time) -> PortResult<Region> {
        match self.windowing.spec() {
            WindowSpec::Tumbling { .. } => self.tumbling_late(segments, until).await,
            WindowSpec::Keyed { gap_ms, .. } => self.keyed_late(*gap_ms, segments, until).await,
        }
    }

    async fn overlapping(&self, from: Time, to: Time) -> PortResult<Vec<Indexed>> {
        index::overlapping(self.state, self.source, from, to).await
    }

    async fn load(&self, indexed: &[Indexed]) -> PortResult<Vec<Arc<ParsedSegment>>> {
        let mut loaded = Vec::with_capacity(indexed.len());
        for some in indexed.chunks(self.concurrent_gets_max.max(1)) {
            let reads = some
                .iter()
                .map(|one| self.reader.read(self.objects, &one.key, Some(&one.etag)));
            for segment in join_all(reads).await {
                loaded.extend(segment?);
            }
        }
        Ok(loaded)
    }

    /// Where to end a pass over `(from, to]` so that the segments before hold at most the lines of
    /// one pass; `closes` is when windows close that end before a time.
    fn pass_end(
        &self,
        indexed: &[Indexed],
        from: Time,
        to: Time,
        closes: impl Fn(Time) -> Time,
    ) -> Time {
        let mut by_start: Vec<_> = indexed.iter().collect();
        by_start.sort_by_key(|one| one.min);
        let mut lines = 0;
        for one in by_start {
            lines += one.lines;
            let end = closes(one.min);
            if lines > self.pass_lines_max && from < end && end < to {
                return end;
            }
        }
        to
    }
}

/// Records of `segments` within `[from, to]`, of these groups only.
fn of_groups(
    windowing: &Windowing,
    segments: &[Arc<ParsedSegment>],
    groups: &HashSet<String>,
    from: Time,
    to: Time,
) -> Vec<LogRecord> {
    let mut records = Vec::new();
    for segment in segments {
        let known = segment.groups(windowing);
        let mut positions: Vec<usize> = if known.positions.len() < groups.len() {
            known
                .positions
                .iter()
                .filter(|(group, _)| groups.contains(group.as_ref()))
                .flat_map(|(_, positions)| positions.iter().copied())
                .collect()
        } else {
            groups
                .iter()
                .filter_map(|group| known.positions.get(group.as_str()))
                .flat_map(|positions| positions.iter().copied())
                .collect()
        };
        positions.sort_unstable();
        records.extend(
            positions
                .into_iter()
                .filter_map(|position| segment.records.get(position))
                .filter(|record| from <= record.time && record.time <= to)
                .cloned(),
        );
    }
    records
}

/// The event times of records by their group, where `wanted` says so.
fn times_by_group(
    windowing: &Windowing,
    segments: &[Arc<ParsedSegment>],
    wanted: impl Fn(Time) -> bool,
) -> HashMap<String, BTreeSet<Time>> {
    let mut times: HashMap<String, BTreeSet<Time>> = HashMap::new();
    for segment in segments {
        for (group, positions) in &segment.groups(windowing).positions {
            let some: BTreeSet<Time> = positions
                .iter()
                .filter_map(|position| segment.records.get(*position))
                .map(|record| record.time)
                .filter(|time| wanted(*time))
                .collect();
            if !some.is_empty() {
                times.entry(group.to_string()).or_default().extend(some);
            }
        }
    }
    times
}
