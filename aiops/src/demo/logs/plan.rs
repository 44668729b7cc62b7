//! How the lines of a file travel to CloudWatch Logs: with which timestamps, in which calls. Pure.
//!
//! The stack orders lines by event time, then by their envelope's timestamp, then by event id, and
//! takes the envelope's timestamp for the event time of a line that states none. So that a stream
//! gives every line the time and the place that it has in the file, whatever becomes of the calls
//! on their way,
//!
//! - lines that state their time get timestamps beside it that rise with their number in the file;
//! - lines that state none get that very time, and those of one instant (with what lies between
//!   them) travel in one call, within which ids rise.

use std::sync::Arc;

use aiops_domain::Time;

use crate::demo::stream::{
    BATCH_BYTES_MAX, BATCH_EVENTS_MAX, BATCH_SPAN_MILLIS, EVENT_OVERHEAD_BYTES,
};
use crate::input::InputLine;
use crate::workload::LogEvent;
use crate::workload::random::Random;

/// Where the lines go.
#[derive(Debug, Clone)]
pub struct Target {
    /// Log group.
    pub group: Arc<str>,
    /// Log stream.
    pub stream: Arc<str>,
}

/// How the lines are cut into calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Batching {
    /// Lines of a call at most (lines that must stay together do); the service's limits hold too.
    pub lines_max: Option<usize>,
    /// The calls are made in an order that this seed decides; otherwise in the order of the file.
    pub shuffle: Option<u64>,
}

/// The calls that take the lines to `target`, each in order of timestamp.
pub fn calls(lines: &[InputLine], target: &Target, batching: Batching) -> Vec<Vec<LogEvent>> {
    let lines_max = batching
        .lines_max
        .unwrap_or(BATCH_EVENTS_MAX)
        .clamp(1, BATCH_EVENTS_MAX);
    let units = timed(lines).into_iter().flat_map(within_a_call);
    let mut calls: Vec<Vec<LogEvent>> = pack(units, lines_max)
        .into_iter()
        .map(|call| call.events(target))
        .collect();
    let Some(seed) = batching.shuffle else {
        return calls;
    };
    Random::of(seed, "calls")
        .permutation(calls.len())
        .into_iter()
        .filter_map(|position| calls.get_mut(position).map(std::mem::take))
        .collect()
}

/// A line with its envelope's timestamp.
type Timed<'l> = (Time, &'l InputLine);

/// The lines by event time, each with its timestamp; lines that must travel together are.
fn timed(lines: &[InputLine]) -> Vec<Vec<Timed<'_>>> {
    let mut ordered: Vec<&InputLine> = lines.iter().collect();
    // Stable: lines of one instant stay in the order of the file.
    ordered.sort_by_key(|line| line.record.time);
    let mut units = Vec::new();
    for instant in ordered.chunk_by(|one, other| one.record.time == other.record.time) {
        let first = instant.iter().position(|line| !line.states_time);
        let last = instant.iter().rposition(|line| !line.states_time);
        let (before, rest) = instant.split_at(first.unwrap_or(instant.len()));
        let (tied, after) = rest.split_at(match (first, last) {
            (Some(first), Some(last)) => last + 1 - first,
            _ => 0,
        });
        let early = (0..).zip(before).map(|(n, line)| {
            let millis = n - i64::try_from(before.len()).unwrap_or(i64::MAX);
            vec![(line.record.time.plus_millis(millis), *line)]
        });
        units.extend(early);
        if !tied.is_empty() {
            units.push(tied.iter().map(|line| (line.record.time, *line)).collect());
        }
        let late = (1..).zip(after);
        units.extend(late.map(|(n, line)| vec![(line.record.time.plus_millis(n), *line)]));
    }
    units
}

/// The unit, parted where it is more than one call takes.
fn within_a_call(unit: Vec<Timed<'_>>) -> Vec<Vec<Timed<'_>>> {
    if unit.len() <= 1 || Call::default().has_room(&unit, BATCH_EVENTS_MAX) {
        return vec![unit];
    }
    let singles = unit.into_iter().map(|line| vec![line]);
    let calls = pack(singles, BATCH_EVENTS_MAX).into_iter();
    calls.map(|call| call.lines).collect()
}

fn pack<'l>(units: impl IntoIterator<Item = Vec<Timed<'l>>>, lines_max: usize) -> Vec<Call<'l>> {
    let mut calls: Vec<Call<'l>> = Vec::new();
    for unit in units {
        match calls.last_mut() {
            Some(call) if call.has_room(&unit, lines_max) => call.add(unit),
            _ => {
                let mut call = Call::default();
                call.add(unit);
                calls.push(call);
            }
        }
    }
    calls
}

/// One call while it fills.
#[derive(Default)]
struct Call<'l> {
    lines: Vec<Timed<'l>>,
    bytes: usize,
    /// First and last timestamp.
    span: Option<(Time, Time)>,
}

impl<'l> Call<'l> {
    fn has_room(&self, unit: &[Timed<'_>], lines_max: usize) -> bool {
        let span = widened(self.span, unit);
        self.lines.len() + unit.len() <= lines_max
            && self.bytes + size_of(unit) <= BATCH_BYTES_MAX
            && span.is_none_or(|(first, last)| last.millis_since(first) < BATCH_SPAN_MILLIS)
    }

    fn add(&mut self, unit: Vec<Timed<'l>>) {
        self.bytes += size_of(&unit);
        self.span = widened(self.span, &unit);
        self.lines.extend(unit);
    }

    /// In order of timestamp, as the service wants them; lines of one timestamp stay in theirs.
    fn events(mut self, target: &Target) -> Vec<LogEvent> {
        self.lines.sort_by_key(|(timestamp, _)| *timestamp);
        self.lines
            .into_iter()
            .map(|(timestamp, line)| LogEvent {
                timestamp,
                group: Arc::clone(&target.group),
                stream: Arc::clone(&target.stream),
                message: line.record.message.clone(),
            })
            .collect()
    }
}

fn size_of(unit: &[Timed<'_>]) -> usize {
    unit.iter()
        .map(|(_, line)| line.record.message.len() + EVENT_OVERHEAD_BYTES)
        .sum()
}

fn widened(span: Option<(Time, Time)>, unit: &[Timed<'_>]) -> Option<(Time, Time)> {
    unit.iter().fold(span, |span, (time, _)| {
        let (first, last) = span.unwrap_or((*time, *time));
        Some((first.min(*time), last.max(*time)))
    })
}

#[cfg(test)]
mod tests;
