//! Regions of keyed sequences. A sequence may begin long before the span that is looked at and, for
//! late records, end long after it: the span grows until every sequence of the pass is closed on
//! both sides.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use aiops_domain::Time;
use aiops_model::EventWindow;

use super::{Claim, Region, Sources, of_groups, slot_of, times_by_group};
use crate::detector::index;
use crate::detector::segments::ParsedSegment;
use crate::ports::{ObjectStore, PortResult, Table};

impl<O: ObjectStore, T: Table> Sources<'_, O, T> {
    pub(super) async fn keyed_closing(
        &self,
        gap_ms: i64,
        from: Time,
        to: Time,
    ) -> PortResult<(Region, Time)> {
        let closes_here = |last: Time, to: Time| {
            let closes = last.plus_millis(gap_ms);
            from < closes && closes <= to
        };
        let first_last = from.plus_millis(gap_ms.saturating_neg());
        let indexed = self.overlapping(first_last, to).await?;
        // What lies before a segment closes, at the latest, a gap after the instant before it.
        let to = self.pass_end(&indexed, from, to, |start| {
            start.plus_millis(-1).plus_millis(gap_ms)
        });
        let indexed: Vec<_> = indexed.into_iter().filter(|one| one.min <= to).collect();
        let segments = self.load(&indexed).await?;
        let keys: HashSet<String> =
            times_by_group(self.windowing, &segments, |time| closes_here(time, to))
                .into_keys()
                .collect();
        let span = Span {
            from: first_last.plus_millis(gap_ms.saturating_neg()),
            to,
        };
        let region = self
            .sequences(gap_ms, keys, span, to, |window| {
                closes_here(last_of(window), to)
            })
            .await?;
        Ok((region, to))
    }

    pub(super) async fn keyed_late(
        &self,
        gap_ms: i64,
        segments: &[Arc<ParsedSegment>],
        until: Time,
    ) -> PortResult<Region> {
        let late: HashMap<String, BTreeSet<Time>> =
            times_by_group(self.windowing, segments, |time| {
                time.plus_millis(gap_ms) <= until
            });
        let times = || late.values().flatten();
        let (Some(first), Some(last)) = (times().min(), times().max()) else {
            return Ok(Region::default());
        };
        let span = Span {
            from: first.plus_millis(gap_ms.saturating_neg()),
            to: last.plus_millis(gap_ms).min(until),
        };
        let keys = late.keys().cloned().collect();
        self.sequences(gap_ms, keys, span, until, |window| {
            let touched = window
                .key
                .as_ref()
                .and_then(|key| late.get(key))
                .is_some_and(|times| {
                    times
                        .range(window.interval.start..window.interval.end)
                        .next()
                        .is_some()
                });
            touched && self.windowing.closes_at(window.interval) <= until
        })
        .await
    }

    /// The sequences of `keys` that `wanted` names, from records in `span`, which grows to both
    /// sides while one of them might go on there; never beyond `until`.
    async fn sequences(
        &self,
        gap_ms: i64,
        keys: HashSet<String>,
        mut span: Span,
        until: Time,
        wanted: impl Fn(&EventWindow) -> bool,
    ) -> PortResult<Region> {
        if keys.is_empty() {
            return Ok(Region::default());
        }
        let earliest = index::earliest(self.state, self.source)
            .await?
            .unwrap_or(span.from);
        loop {
            let indexed = self.overlapping(span.from, span.to).await?;
            let segments = self.load(&indexed).await?;
            let records = of_groups(self.windowing, &segments, &keys, span.from, span.to);
            let assembly = self.windowing.assemble(records);
            let windows: Vec<EventWindow> = assembly.windows.into_iter().filter(&wanted).collect();
            let open_before = span.from > earliest
                && windows
                    .iter()
                    .any(|window| window.interval.start.millis_since(span.from) < gap_ms);
            let open_after = span.to < until
                && windows
                    .iter()
                    .any(|window| span.to.millis_since(last_of(window)) < gap_ms);
            if !open_before && !open_after {
                return Ok(region(windows, assembly.lines));
            }
            // Twice as far each time, so that a long sequence takes few reads of the index.
            let more = span.to.millis_since(span.from).max(gap_ms);
            if open_before {
                span.from = span.from.plus_millis(more.saturating_neg());
            }
            if open_after {
                span.to = span.to.plus_millis(more).min(until);
            }
        }
    }
}

struct Span {
    from: Time,
    to: Time,
}

fn last_of(window: &EventWindow) -> Time {
    window.interval.end.plus_millis(-1)
}

fn region(windows: Vec<EventWindow>, lines: u64) -> Region {
    let slots = windows
        .iter()
        .flat_map(|window| window.records.iter())
        .map(|record| slot_of(record.time))
        .collect();
    // A finding of the same key that starts within a sequence is of a sequence that is no more.
    let claims = windows
        .iter()
        .map(|window| Claim {
            group: window.key.clone(),
            from: window.interval.start,
            to: last_of(window),
        })
        .collect();
    Region {
        windows,
        claims,
        slots,
        lines,
    }
}
