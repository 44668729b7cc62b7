//! The time of an event: a pure function of its line and its envelope's timestamp. It never looks
//! at other lines, so it is the same however lines are batched.

mod cursor;
mod fields;
mod stamp;

use serde::{Deserialize, Serialize};

use crate::shape::flow::FlowFormat;
use crate::source::Shape;
use crate::time::Time;

pub use stamp::{Stamp, StampTime, find_stamp};

/// Nothing that we read was logged before 1990.
const EARLIEST_MILLIS: i64 = 631_152_000_000;

/// A line cannot be from the future; a host whose local time we take for UTC can be 14 hours ahead,
/// and CloudWatch takes timestamps of up to two hours ahead.
const AHEAD_MILLIS: i64 = 24 * 3_600_000;

/// What to assume where a line does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TimeAssumptions {
    /// The year of times that carry none; `null`: the year that brings them nearest to the
    /// envelope's timestamp.
    pub year: Option<i16>,
    /// Minutes that local times without a zone are ahead of UTC.
    pub utc_offset_minutes: i16,
}

/// When the event of `line` happened: what the line says ([`stated_time`]), else the envelope's
/// `timestamp`.
pub fn event_time(
    line: &str,
    shape: Shape,
    flow_format: &FlowFormat,
    timestamp: Time,
    assume: &TimeAssumptions,
) -> Time {
    stated_time(line, shape, flow_format, timestamp, assume).unwrap_or(timestamp)
}

/// The time that `line` itself says; `None` if there is none in it, or an implausible one (before
/// 1990, or more than a day after the envelope's `timestamp`).
pub fn stated_time(
    line: &str,
    shape: Shape,
    flow_format: &FlowFormat,
    timestamp: Time,
    assume: &TimeAssumptions,
) -> Option<Time> {
    let found = match shape {
        Shape::Flow => flow_format.start_of(line),
        Shape::Json | Shape::EksAudit => fields::json_time(line, timestamp, assume),
        Shape::Syslog | Shape::Text => text_time(line, timestamp, assume),
    };
    found.filter(|time| is_plausible(*time, timestamp))
}

fn text_time(line: &str, timestamp: Time, assume: &TimeAssumptions) -> Option<Time> {
    find_stamp(line)?.time.resolve(timestamp, assume)
}

fn is_plausible(time: Time, timestamp: Time) -> bool {
    time.as_millis() >= EARLIEST_MILLIS && time.millis_since(timestamp) <= AHEAD_MILLIS
}

#[cfg(test)]
mod tests;
