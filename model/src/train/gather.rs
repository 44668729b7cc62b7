//! From records to the sessions of their windows, in bounded memory: a line is held as its place in
//! a window and the number of its template, never as text.
//!
//! The windows are those of [`Windowing::assemble`], whose records are whole.

use std::collections::HashMap;

use aiops_domain::{Interval, LogRecord, Time};

use super::WindowOrder;
use crate::line::LineMiner;
use crate::mask::{Masked, hash_token};
use crate::miner::Mined;
use crate::sequence::vocabulary;
use crate::session::Session;
use crate::window::{WindowSpec, Windowing};

/// A line of a window.
#[derive(Debug, Clone, Copy)]
struct Event {
    time: Time,
    timestamp: Time,
    ingested: Time,
    template: Code,
    /// What keeps windows apart, by number: the entity or the key.
    group: u32,
    entity: u32,
    /// Which of the ids.
    id: u32,
}

/// A template: its number if training knows it, else its id. Templates beyond the miner's bounds
/// get their numbers per window, once that is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Code(u64);

impl Code {
    const UNSEEN: u64 = 1 << 63;

    fn of(mined: &Mined) -> Self {
        match mined {
            Mined::Known(position) => Self(u64::from(u32::try_from(*position).unwrap_or(u32::MAX))),
            Mined::Unseen(template) => Self(template.id.number() | Self::UNSEEN),
        }
    }

    fn known(self) -> Option<u32> {
        u32::try_from(self.0).ok()
    }
}

/// Texts by number, in the order in which they came.
#[derive(Debug, Default)]
struct Names(HashMap<Box<str>, u32>);

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.0.get(name) {
            return number;
        }
        let number = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.0.insert(name.into(), number);
        number
    }

    fn by_number(self) -> Vec<Box<str>> {
        let mut names: Vec<(u32, Box<str>)> = self
            .0
            .into_iter()
            .map(|(name, number)| (number, name))
            .collect();
        names.sort_unstable();
        names.into_iter().map(|(_, name)| name).collect()
    }
}

/// The records' ids, one after the other.
#[derive(Debug, Default)]
struct Ids {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Whether an id came that is not above the one before: only then can two be the same.
    unordered: bool,
}

impl Ids {
    fn push(&mut self, id: &str) -> u32 {
        let number = self.ends.len();
        self.unordered |= number > 0 && self.at(number - 1) >= id.as_bytes();
        self.bytes.extend_from_slice(id.as_bytes());
        self.ends.push(self.bytes.len());
        u32::try_from(number).unwrap_or(u32::MAX)
    }

    fn at(&self, number: usize) -> &[u8] {
        let start = number
            .checked_sub(1)
            .and_then(|before| self.ends.get(before));
        let end = self.ends.get(number).copied().unwrap_or_default();
        self.bytes
            .get(start.copied().unwrap_or_default()..end)
            .unwrap_or_default()
    }

    fn of(&self, event: &Event) -> &[u8] {
        self.at(event.id as usize)
    }
}

/// The lines of one source's windows while they are gathered.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    events: Vec<Event>,
    ids: Ids,
    groups: Names,
    entities: Names,
    masked: Masked,
}

impl Gathered {
    /// Takes a record of the group that [`Windowing::group`] says.
    pub(super) fn add(&mut self, record: &LogRecord, group: &str, lines: &LineMiner) {
        let template = Code::of(&lines.mine_with(record, &mut self.masked));
        self.events.push(Event {
            time: record.time,
            timestamp: record.timestamp,
            ingested: record.ingested,
            template,
            group: self.groups.number(group),
            entity: self.entities.number(&record.entity),
            id: self.ids.push(&record.id),
        });
    }

    /// Hands out every window: its place in the order of windows, its bounds and its session.
    pub(super) fn windows(
        self,
        windowing: &Windowing,
        lines: &LineMiner,
        each: &mut impl FnMut(WindowOrder, Interval, Session),
    ) {
        let vocabulary = vocabulary(lines);
        let (groups, entities) = (self.groups.by_number(), self.entities.by_number());
        let name = |names: &[Box<str>], number: u32| -> String {
            names
                .get(number as usize)
                .map(ToString::to_string)
                .unwrap_or_default()
        };
        let (mut events, ids) = (self.events, self.ids);
        if ids.unordered {
            each_id_once(&mut events, &ids, &entities);
        }
        events.sort_unstable_by(|one, other| {
            let place = |event: &Event| (event.group, event.time, event.timestamp);
            place(one)
                .cmp(&place(other))
                .then_with(|| ids.of(one).cmp(ids.of(other)))
        });
        let windows = events.chunk_by(|one, next| {
            one.group == next.group
                && match windowing.spec() {
                    WindowSpec::Tumbling { .. } => {
                        windowing.tumbling_bounds(one.time) == windowing.tumbling_bounds(next.time)
                    }
                    WindowSpec::Keyed { gap_ms, .. } => next.time.millis_since(one.time) < *gap_ms,
                }
        });
        for window in windows {
            let (Some(first), Some(last)) = (window.first(), window.last()) else {
                continue;
            };
            let tumbling = windowing.tumbling_bounds(first.time);
            let interval = tumbling.unwrap_or(Interval {
                start: first.time,
                end: last.time.plus_millis(1),
            });
            let key = tumbling.is_none().then(|| name(&groups, first.group));
            let order = (interval.start, name(&entities, first.entity), key);
            each(order, interval, session(window, vocabulary));
        }
    }
}

/// Drops what has the id of an earlier line, earlier by [`LogRecord::order`] and then by what is
/// known of it, so that the order in which they came does not matter.
fn each_id_once(events: &mut Vec<Event>, ids: &Ids, entities: &[Box<str>]) {
    let mut by_hash: Vec<(u64, u32)> = (0u32..)
        .zip(events.iter())
        .map(|(at, event)| (hash_token(ids.of(event)), at))
        .collect();
    by_hash.sort_unstable();
    let mut twice = vec![false; events.len()];
    for run in by_hash.chunk_by(|one, next| one.0 == next.0) {
        if run.len() < 2 {
            continue;
        }
        let mut run: Vec<(usize, &Event)> = run
            .iter()
            .filter_map(|&(_, at)| Some((at as usize, events.get(at as usize)?)))
            .collect();
        run.sort_unstable_by_key(|(_, event)| {
            let entity = entities.get(event.entity as usize);
            let moments = (event.time, event.timestamp, event.ingested);
            (ids.of(event), moments, event.template, entity)
        });
        for pair in run.windows(2) {
            if let &[(_, one), (at, other)] = pair
                && ids.of(one) == ids.of(other)
                && let Some(twice) = twice.get_mut(at)
            {
                *twice = true;
            }
        }
    }
    let mut twice = twice.into_iter();
    events.retain(|_| !twice.next().unwrap_or(false));
}

/// The session of a window's lines; templates that training does not know are numbered from
/// `vocabulary` in the order of their appearance, as [`crate::sequence::sequence`] does.
fn session(window: &[Event], vocabulary: u32) -> Session {
    let mut unseen: HashMap<Code, u32> = HashMap::new();
    let number = |event: &Event| {
        event.template.known().unwrap_or_else(|| {
            let next = u32::try_from(unseen.len()).unwrap_or(u32::MAX);
            *unseen
                .entry(event.template)
                .or_insert(vocabulary.saturating_add(next))
        })
    };
    Session::new(window.iter().map(number).collect())
}

#[cfg(test)]
mod tests;
