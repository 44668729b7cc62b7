//! Finding the time stamp of a text line: which of the usual forms stands at its beginning or after
//! one of its first few words.

use std::ops::Range;

use super::cursor::Cursor;
use super::{AHEAD_MILLIS, TimeAssumptions};
use crate::time::Time;

mod forms;

/// How far into a line a stamp may begin, and after how many words: a header is short, and a time
/// deep in the text is what the line talks about, not when it was written.
const SEARCH_BYTES_MAX: usize = 160;
const SEARCH_WORDS_MAX: usize = 8;

const DAY_MILLIS: i64 = 86_400_000;

/// A time stamp within a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// What it says.
    pub time: StampTime,
    /// The bytes of the line that it takes, on character boundaries.
    pub span: Range<usize>,
}

/// What a stamp says; it may leave out the year or the zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StampTime {
    /// An instant.
    Instant(Time),
    /// A date and a time of an unnamed zone: milliseconds since the epoch if it were UTC.
    Local(i64),
    /// A day of some year, and the milliseconds of the day in an unnamed zone.
    Yearless {
        /// 1 to 12.
        month: i8,
        /// 1 to 31.
        day: i8,
        /// Milliseconds since midnight.
        day_millis: i64,
    },
}

impl StampTime {
    /// The instant, given the envelope's timestamp and what to assume; `None` for a date that is
    /// none (30 February).
    pub fn resolve(self, timestamp: Time, assume: &TimeAssumptions) -> Option<Time> {
        let offset_millis = i64::from(assume.utc_offset_minutes) * 60_000;
        match self {
            Self::Instant(time) => Some(time),
            Self::Local(millis) => Some(Time::from_millis(millis - offset_millis)),
            Self::Yearless {
                month,
                day,
                day_millis,
            } => {
                let of_year = |year: i16| {
                    let midnight = utc_midnight(year, month, day)?;
                    Some(Time::from_millis(midnight + day_millis - offset_millis))
                };
                if let Some(year) = assume.year {
                    return of_year(year);
                }
                let near = jiff::Timestamp::from_millisecond(timestamp.as_millis()).ok()?;
                let year = jiff::tz::Offset::UTC.to_datetime(near).year();
                // The nearest that is not from the future. 29 February may be eight years away
                // (1896 to 1904, 2096 to 2104).
                (-8..=1)
                    .filter_map(|delta| of_year(year.checked_add(delta)?))
                    .filter(|time| time.millis_since(timestamp) <= AHEAD_MILLIS)
                    .min_by_key(|time| time.millis_since(timestamp).unsigned_abs())
            }
        }
    }
}

/// Milliseconds of midnight UTC of a date since the epoch; `None` if there is no such date.
fn utc_midnight(year: i16, month: i8, day: i8) -> Option<i64> {
    let midnight = jiff::civil::Date::new(year, month, day)
        .ok()?
        .to_datetime(jiff::civil::Time::midnight());
    let timestamp = jiff::tz::Offset::UTC.to_timestamp(midnight).ok()?;
    Some(timestamp.as_millisecond())
}

/// The first stamp near the beginning of `line`: at its start (after blanks, an opening bracket or a
/// syslog priority), else at the start of one of its first words.
pub fn find_stamp(line: &str) -> Option<Stamp> {
    let bytes = line.as_bytes();
    let mut words = 0;
    let mut previous = b' ';
    for (at, &byte) in bytes.iter().enumerate().take(SEARCH_BYTES_MAX) {
        let starts = byte.is_ascii_alphanumeric() && is_opening(previous);
        if starts {
            // A number deep in the text is an id or a count; an epoch comes first, or as auditd
            // writes it: `msg=audit(1364481363.243:24287):`.
            let with_epoch = words == 0 || previous == b'(';
            if let Some((time, end)) = forms::read(&Cursor::new(bytes, at), with_epoch) {
                return Some(Stamp {
                    time,
                    span: at..end,
                });
            }
            if previous == b' ' {
                words += 1;
                if words > SEARCH_WORDS_MAX {
                    return None;
                }
            }
        }
        previous = byte;
    }
    None
}

/// What may stand right before a stamp.
const fn is_opening(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'\t' | b'[' | b'(' | b'<' | b'>' | b'"' | b'\'' | b'=' | b'|' | b','
    )
}
