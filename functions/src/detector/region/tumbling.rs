//! Regions of tumbling windows.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use aiops_domain::{LogRecord, Time};

use super::{Claim, Region, Sources, slot_of};
use crate::detector::segments::ParsedSegment;
use crate::ports::{ObjectStore, PortResult, Table};

impl<O: ObjectStore, T: Table> Sources<'_, O, T> {
    pub(super) async fn tumbling_closing(
        &self,
        length_ms: i64,
        from: Time,
        to: Time,
    ) -> PortResult<(Region, Time)> {
        let start = |time: Time| self.start(time);
        // A window that ends at or before `from` was decided before.
        let indexed = self.overlapping(start(from), to).await?;
        let to = self.pass_end(&indexed, from, to, start);
        let indexed: Vec<_> = indexed.into_iter().filter(|one| one.min < to).collect();
        let segments = self.load(&indexed).await?;
        let closes = |record: &&LogRecord| {
            self.windowing
                .tumbling_bounds(record.time)
                .is_some_and(|bounds| from < bounds.end && bounds.end <= to)
        };
        let records: Vec<LogRecord> = segments
            .iter()
            .flat_map(|segment| segment.records.iter())
            .filter(closes)
            .cloned()
            .collect();
        let claim = Claim {
            group: None,
            from: from.plus_millis(1 - length_ms),
            to: to.plus_millis(-length_ms),
        };
        Ok((self.region(records, vec![claim]), to))
    }

    pub(super) async fn tumbling_late(
        &self,
        segments: &[Arc<ParsedSegment>],
        until: Time,
    ) -> PortResult<Region> {
        let mut windows: HashSet<(String, Time)> = HashSet::new();
        let (mut first, mut last): (Option<Time>, Option<Time>) = (None, None);
        for record in segments.iter().flat_map(|segment| &segment.records) {
            let Some(bounds) = self.windowing.tumbling_bounds(record.time) else {
                continue;
            };
            if bounds.end <= until {
                windows.insert((record.entity.clone(), bounds.start));
                first = first.min(Some(bounds.start)).or(Some(bounds.start));
                last = last.max(Some(bounds.end.plus_millis(-1)));
            }
        }
        let (Some(first), Some(last)) = (first, last) else {
            return Ok(Region::default());
        };
        let segments = self.load(&self.overlapping(first, last).await?).await?;
        let groups: HashSet<String> = windows.iter().map(|(group, _)| group.clone()).collect();
        let mut records = super::of_groups(self.windowing, &segments, &groups, first, last);
        records
            .retain(|record| windows.contains(&(record.entity.clone(), self.start(record.time))));
        let claims = windows
            .into_iter()
            .map(|(group, start)| Claim {
                group: Some(group),
                from: start,
                to: start,
            })
            .collect();
        Ok(self.region(records, claims))
    }

    fn start(&self, time: Time) -> Time {
        self.windowing
            .tumbling_bounds(time)
            .map_or(time, |bounds| bounds.start)
    }

    fn region(&self, records: Vec<LogRecord>, claims: Vec<Claim>) -> Region {
        let slots: BTreeSet<Time> = records
            .iter()
            .map(|record| slot_of(self.start(record.time)))
            .collect();
        let assembly = self.windowing.assemble(records);
        Region {
            windows: assembly.windows,
            claims,
            slots,
            lines: assembly.lines,
        }
    }
}
