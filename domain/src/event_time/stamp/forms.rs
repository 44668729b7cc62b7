//! The forms of time stamps. Each reader takes a cursor at the stamp's first byte and answers what it
//! says and where it ends, or `None`; the first that reads wins, so that stricter forms come first.

use super::{DAY_MILLIS, StampTime, utc_midnight};
use crate::event_time::cursor::Cursor;
use crate::time::Time;

type Reader = fn(&mut Cursor<'_>) -> Option<StampTime>;

/// What stands at the cursor, and the position after it; epochs only if asked for, since other
/// numbers look like them.
pub(super) fn read(cursor: &Cursor<'_>, with_epoch: bool) -> Option<(StampTime, usize)> {
    const DIGIT_FIRST: &[Reader] = &[
        year_first,
        compact_iso,
        hadoop_short,
        two_digit_year,
        day_month_name_year,
        month_day_year,
    ];
    const LETTER_FIRST: &[Reader] = &[weekday_first, month_first, klog];
    let readers = match cursor.peek() {
        Some(b'0'..=b'9') => DIGIT_FIRST,
        Some(b'A'..=b'Z' | b'a'..=b'z') => LETTER_FIRST,
        _ => return None,
    };
    let epoch_reader: &[Reader] = if with_epoch { &[epoch] } else { &[] };
    readers.iter().chain(epoch_reader).find_map(|reader| {
        let mut cursor = *cursor;
        let time = reader(&mut cursor)?;
        Some((time, cursor.position()))
    })
}

/// A date of the proleptic Gregorian calendar, as milliseconds of its UTC midnight.
fn date(year: i64, month: i64, day: i64) -> Option<i64> {
    utc_midnight(
        i16::try_from(year).ok()?,
        i8::try_from(month).ok()?,
        i8::try_from(day).ok()?,
    )
}

/// `hh:mm:ss` with an optional fraction after a point or a comma: milliseconds of the day.
fn clock(cursor: &mut Cursor<'_>) -> Option<i64> {
    let hour = cursor.digits(2)?;
    cursor.literal(b":")?;
    let minute = cursor.digits(2)?;
    cursor.literal(b":")?;
    let second = cursor.digits(2)?;
    let mut after = *cursor;
    let fraction = after
        .any_of(b".,")
        .and_then(|_separator| after.fraction_millis());
    if fraction.is_some() {
        *cursor = after;
    }
    // A second of 60 is a leap second: it counts as the next minute's first.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    Some(((hour * 60 + minute) * 60 + second) * 1000 + fraction.unwrap_or(0))
}

/// A zone, if one follows: `Z`, `UTC`, `GMT`, `+hh:mm`, `+hhmm` or `+hh`, perhaps after a blank.
/// Answers its offset in milliseconds.
fn zone(cursor: &mut Cursor<'_>) -> Option<i64> {
    let mut after = *cursor;
    let blank = after.any_of(b" ").is_some();
    let offset = match after.peek()? {
        b'Z' | b'z' if !blank => {
            after.any_of(b"Zz")?;
            0
        }
        b'U' => after.literal(b"UTC").map(|()| 0)?,
        b'G' => after.literal(b"GMT").map(|()| 0)?,
        b'+' | b'-' => {
            let sign = if after.any_of(b"+-")? == b'-' { -1 } else { 1 };
            let hours = after.digits(2)?;
            let colon = after.literal(b":").is_some();
            let minutes = match after.digits(2) {
                Some(minutes) => minutes,
                // `- INFO` or `-12` after a blank is no zone.
                None if colon || blank => return None,
                None => 0,
            };
            if hours > 18 || minutes > 59 {
                return None;
            }
            sign * (hours * 60 + minutes) * 60_000
        }
        _ => return None,
    };
    after.boundary()?;
    *cursor = after;
    Some(offset)
}

/// A full date and a time of day, with whatever zone follows.
fn with_zone(cursor: &mut Cursor<'_>, local_millis: i64) -> Option<StampTime> {
    let time = match zone(cursor) {
        Some(offset) => StampTime::Instant(Time::from_millis(local_millis - offset)),
        None => StampTime::Local(local_millis),
    };
    cursor.boundary()?;
    Some(time)
}

/// ISO 8601 and its relatives: `2015-10-18 18:01:47,978`, `2015-10-18T18:01:47.978Z`,
/// `2015/10/18 18:01:47`.
fn year_first(cursor: &mut Cursor<'_>) -> Option<StampTime> {
    let year = cursor.digits(4)?;
    let separator = cursor.any_of(b"-/.")?;
    let month = cursor.digits(2)?;
    cursor.literal(&[separator])?;
    let day = cursor.digits(2)?;
    cursor.any_of(b"Tt ")?;
    let clock = clock(cursor)?;
    with_zone(cursor, date(year, month, day)? + clock)
}

/// ISO 8601, basic format: `20151018T180147Z`, `20151018 180147`.
fn compact_iso(cursor: &mut Cursor<'_>) -> Option<StampTime> {
    let (year, month, day) = (cursor.digits(4)?, cursor.digits(2)?, cursor.digits(2)?);
    cursor.any_of(b"T ")?;
    let clock = compact_clock(cursor)?;
    with_zone(cursor, date(year, month, day)? + clock)
}

/// `hhmmss`: milliseconds of the day.
fn compact_clock(cursor: &mut Cursor<'_>) -> Option<i64> {
    let (hour, minute, second) = (cursor.digits(2)?, cursor.digits(2)?, cursor.digits(2)?);
    (hour < 24 && minute < 60 && second <= 60)
        .then_some(((hour * 60 + minute) * 60 + second) * 1000)
}

/// HDFS: `081109 203530`.
fn hadoop_short(cursor: &mut Cursor<'_>) -> Option<StampTime> {
    let (year, month, day) = (cursor.digits(2)?, cursor.digits(2)?, cursor.digits(2)?);
    cursor.literal(b" ")?;
    let clock = compact_clock(cursor)?;
    cursor.boundary()?;
    Some(StampTime::Local(date(2000 + year, month, day)? + clock))
}

/// Spark: `17/06/09 20:10:40`.
fn two_digit_year(cursor: &mut Cursor<'_>) -> Option<StampTime> {
    let year = cursor.digits(2)?;
    cursor.literal(b"/")?;
    let month = cursor.digits(2)?;
    cursor.literal(b"/")?;
    let day = cursor.digits(2)?;
    cursor.literal(b" ")?;
    let clock = clock(cursor)?;
    with_zone(cursor, date(2000 + year, month, day)? + clock)
}

/// Access logs, Tomcat, mail: `10/Oct/2000:13:55:36 -0700`, `18-Oct-2015 18:01:47.978`,
/// `4 Dec 2005 04:47:44 +0000`.
fn day_month_name_year(cursor: &mut Cursor<'_>) -> Option<StampTime> {
    let day = cursor.one_or_two_digits()?;
    let separator = cursor.any_of(b"/- ")?;
    let month = cursor.month_name()?;
    cursor.literal(&[separator])?;
    let year = cursor.digits(4)?;
    cursor.any_of(b": ")?;
    let clock = clock(cursor)?;
    with_zone(cursor, date(year, month, day)? + clock)
}

/// `10/18/2015 18:01:47`, month first unless that is no month.
fn month_day_year(cursor: &mut Cursor<'_>) -> Option<StampTime> {
    let first = cursor.one_or_two_digits()?;
    cursor.literal(b"/")?;
    let second = cursor.one_or_two_digits()?;
    cursor.literal(b"/")?;
    let year = cursor.digits(4)?;
    cursor.any_of(b" ,")?;
    cursor.any_of(b" ");
    let clock = clock(cursor)?;
    let (month, day) = if first > 12 {
        (second, first)
    } else {
        (first, second)
    };
    with_zone(cursor, date(year, month, day)? + clock)
}

/// Seconds (with or without a fraction), milli-, micro- or nanoseconds since the epoch, of this
/// century's plausible years only: other numbers of ten digits are ids.
fn epoch(cursor: &mut Cursor<'_>) -> Option<StampTime> {
    let width = cursor.digits_ahead();
    let millis = match width {
        10 => {
            let seconds = cursor.digits(10)?;
            let mut after = *cursor;
            let fraction = after
                .any_of(b".")
                .and_then(|_point| after.fraction_millis());
            if fraction.is_some() {
                *cursor = after;
            }
            seconds * 1000 + fraction.unwrap_or(0)
        }
        13 => cursor.digits(13)?,
        16 => cursor.digits(16)? / 1000,
        19 => {
            let micros = cursor.digits(16)?;
            cursor.digits(3)?;
            micros / 1000
        }
        _ => return None,
    };
    cursor.boundary()?;
    // From September 2001, when seconds came to have ten digits, to 2100.
    (1_000_000_000_000..4_102_444_800_000)
        .contains(&millis)
        .then_some(StampTime::Instant(Time::from_millis(millis)))
}

/// Apache's error log, `ctime`, mail: `Sun Dec 04 04:47:44 2005`, `Sun Dec  4 04:47:44.123456 UTC
/// 2005`, `Sun, 04 Dec 2005 04:47:44 +0000`.
fn weekday_first(cursor: &mut Cursor<'_>) -> Option<StampTime> {
    cursor.weekday_name()?;
    if cursor.literal(b", ").is_some() {
        return day_month_name_year(cursor);
    }
    cursor.literal(b" ")?;
    month_first(cursor)
}

/// Syslog (RFC 3164) and relatives: `Jun 14 15:16:01`, `Jun  4 15:16:01.123`, `Jun 14 2005
/// 15:16:01`, `Jun 14 15:16:01 2005`.
fn month_first(cursor: &mut Cursor<'_>) -> Option<StampTime> {
    let month = cursor.month_name()?;
    cursor.literal(b" ")?;
    cursor.any_of(b" ");
    let day = cursor.one_or_two_digits()?;
    cursor.any_of(b",");
    cursor.literal(b" ")?;
    let mut after = *cursor;
    if let Some(year) = after.digits(4)
        && after.literal(b" ").is_some()
    {
        let clock = clock(&mut after)?;
        *cursor = after;
        return with_zone(cursor, date(year, month, day)? + clock);
    }
    let clock = clock(cursor)?;
    cursor.boundary()?;
    if let Some((millis, end)) = trailing_year(*cursor, month, day, clock) {
        *cursor = end;
        return Some(millis);
    }
    yearless(month, day, clock)
}

/// ` 2005` or ` UTC 2005` after the time of day.
fn trailing_year<'a>(
    mut cursor: Cursor<'a>,
    month: i64,
    day: i64,
    clock: i64,
) -> Option<(StampTime, Cursor<'a>)> {
    let offset = zone(&mut cursor);
    cursor.literal(b" ")?;
    let year = cursor.digits(4)?;
    cursor.boundary()?;
    // ` 2181: message` of a syslog host or tag is no year.
    if !matches!(cursor.peek(), None | Some(b' ' | b']' | b')' | b','))
        || !(1990..2100).contains(&year)
    {
        return None;
    }
    let local = date(year, month, day)? + clock;
    let time = match offset {
        Some(offset) => StampTime::Instant(Time::from_millis(local - offset)),
        None => StampTime::Local(local),
    };
    Some((time, cursor))
}

/// Kubernetes components (klog): `I0102 15:04:05.678901`.
fn klog(cursor: &mut Cursor<'_>) -> Option<StampTime> {
    cursor.any_of(b"IWEF")?;
    let (month, day) = (cursor.digits(2)?, cursor.digits(2)?);
    cursor.literal(b" ")?;
    let clock = clock(cursor)?;
    cursor.boundary()?;
    yearless(month, day, clock)
}

fn yearless(month: i64, day: i64, day_millis: i64) -> Option<StampTime> {
    // 2000 was a leap year: every day that exists in some year exists in it.
    date(2000, month, day)?;
    debug_assert!(day_millis <= DAY_MILLIS + 1000);
    Some(StampTime::Yearless {
        month: i8::try_from(month).ok()?,
        day: i8::try_from(day).ok()?,
        day_millis,
    })
}
