//! Recognises the timestamps that logs begin with. It only finds where one ends; reading it is the
//! business of `aiops_domain`'s event time.

use crate::mask::dates;

/// Length of the timestamp at the start of `text`, with its zone. A date alone, a time alone and
/// an epoch count too: a header may hold several.
pub(super) fn length(text: &[u8]) -> Option<usize> {
    let first = text.first()?;
    let end = if first.is_ascii_digit() {
        numeric(text)
    } else if first.is_ascii_uppercase() {
        worded(text)
    } else {
        None
    }?;
    let boundary = text
        .get(end)
        .is_none_or(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'_' | b'/'));
    boundary.then_some(end)
}

/// A cursor: each step moves on only if it fits.
#[derive(Clone, Copy)]
struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(0)
    }

    fn one_of(&mut self, bytes: &[u8]) -> Option<u8> {
        let byte = self.peek();
        if byte == 0 || !bytes.contains(&byte) {
            return None;
        }
        self.at += 1;
        Some(byte)
    }

    /// `min` to `max` digits, no digit after them: how many and their number.
    fn digits(&mut self, min: usize, max: usize) -> Option<(usize, u32)> {
        let rest = self.text.get(self.at..)?;
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count < min || count > max {
            return None;
        }
        self.at += count;
        let number = rest.iter().take(count).fold(0_u32, |sum, byte| {
            sum.wrapping_mul(10).wrapping_add(u32::from(byte - b'0'))
        });
        Some((count, number))
    }

    fn word(&mut self) -> &[u8] {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let count = rest
            .iter()
            .take_while(|byte| byte.is_ascii_alphabetic())
            .count();
        self.at += count;
        rest.get(..count).unwrap_or_default()
    }
}

/// Tries `step` on a copy and moves on if it succeeds.
fn attempt<'a, T>(
    cursor: &mut Cursor<'a>,
    step: impl FnOnce(&mut Cursor<'a>) -> Option<T>,
) -> Option<T> {
    let mut copy = *cursor;
    let value = step(&mut copy)?;
    *cursor = copy;
    Some(value)
}

fn numeric(text: &[u8]) -> Option<usize> {
    let mut cursor = Cursor { text, at: 0 };
    if attempt(&mut cursor, date).is_some() {
        let dated = cursor.at;
        let with_time = attempt(&mut cursor, |cursor| {
            cursor.one_of(b"T -_:")?;
            while cursor.one_of(b" ").is_some() {}
            time(cursor)
        });
        if with_time.is_some() {
            zone(&mut cursor);
            return Some(cursor.at);
        }
        // Month and day alone are just a number.
        return (dated >= 8).then_some(dated);
    }
    // `10.20.30` alone may be an address.
    let colon = text.iter().take(3).any(|byte| *byte == b':');
    if colon && attempt(&mut cursor, time).is_some() {
        zone(&mut cursor);
        return Some(cursor.at);
    }
    if attempt(&mut cursor, compact).is_some() {
        return Some(cursor.at);
    }
    attempt(&mut cursor, epoch).map(|()| cursor.at)
}

/// `2026-08-01`, `2026/08/01`, `2026.08.01`, `26/08/01`, `01/08/2026`, `01/Aug/2026`, `20260801`,
/// and `08-01` or `08.01` (which count only with a time after them).
fn date(cursor: &mut Cursor) -> Option<()> {
    let (count, first) = cursor.digits(1, 8)?;
    if count == 8 {
        let (month, day) = (first / 100 % 100, first % 100);
        let fits = (1..=12).contains(&month) && (1..=31).contains(&day) && first >= 19_700_000;
        // Needs its time: eight digits alone are any number.
        return (fits
            && matches!(cursor.peek(), b'-' | b'T' | b' ' | b':')
            && cursor
                .text
                .get(cursor.at + 1)
                .is_some_and(u8::is_ascii_digit))
        .then_some(());
    }
    if count > 4 || count == 3 {
        return None;
    }
    let separator = cursor.one_of(b"-/.")?;
    if separator == b'/' && cursor.peek().is_ascii_uppercase() {
        if !dates::is_month(cursor.word()) {
            return None;
        }
        cursor.one_of(b"/")?;
        cursor.digits(4, 4)?;
        return Some(());
    }
    let (_, second) = cursor.digits(1, 2)?;
    let third = attempt(cursor, |cursor| {
        cursor.one_of(&[separator])?;
        cursor.digits(1, 4)
    });
    let plausible = |month: u32, day: u32| {
        (1..=12).contains(&month) && (1..=31).contains(&day)
            || (1..=12).contains(&day) && (1..=31).contains(&month)
    };
    match third {
        Some((4, _)) => plausible(first, second).then_some(()),
        // Dots and a short year: an address or a version.
        Some((1 | 2, day)) => {
            ((count == 4 || separator != b'.') && plausible(second, day)).then_some(())
        }
        Some(_) => None,
        None => (count <= 2
            && separator != b'/'
            && plausible(first, second)
            && matches!(cursor.peek(), b' ' | b'T'))
        .then_some(()),
    }
}

/// `12:00:00`, `12.00.00`, with a fraction after `.`, `,` or `:`.
fn time(cursor: &mut Cursor) -> Option<()> {
    let (_, hour) = cursor.digits(1, 2)?;
    let separator = cursor.one_of(b":.")?;
    let (_, minute) = cursor.digits(1, 2)?;
    cursor.one_of(&[separator])?;
    let (_, second) = cursor.digits(1, 2)?;
    if hour > 24 || minute > 59 || second > 60 {
        return None;
    }
    attempt(cursor, |cursor| {
        cursor.one_of(b".,:")?;
        cursor.digits(1, 9)
    });
    Some(())
}

/// `Z`, `+02:00`, ` +0200`, ` UTC`.
fn zone(cursor: &mut Cursor) {
    if cursor.one_of(b"Z").is_some() {
        return;
    }
    let offset = attempt(cursor, |cursor| {
        attempt(cursor, |cursor| cursor.one_of(b" "));
        cursor.one_of(b"+-")?;
        let (count, _) = cursor.digits(2, 4)?;
        if count == 2 {
            cursor.one_of(b":")?;
            cursor.digits(2, 2)?;
        }
        (count != 3).then_some(())
    });
    if offset.is_none() {
        attempt(cursor, |cursor| {
            cursor.one_of(b" ")?;
            matches!(
                cursor.word(),
                b"UTC" | b"GMT" | b"CET" | b"CEST" | b"EST" | b"EDT" | b"PST" | b"PDT"
            )
            .then_some(())
        });
    }
}

/// `081109 203615`: six digits of a date, six of a time.
fn compact(cursor: &mut Cursor) -> Option<()> {
    let (_, date) = cursor.digits(6, 6)?;
    cursor.one_of(b" ")?;
    let (_, time) = cursor.digits(6, 6)?;
    let plausible = (1..=12).contains(&(date / 100 % 100))
        && (1..=31).contains(&(date % 100))
        && time / 10_000 < 24
        && time / 100 % 100 < 60
        && time % 100 < 61;
    plausible.then_some(())
}

/// Seconds, milliseconds, microseconds or nanoseconds since 1970, from 2001 on.
fn epoch(cursor: &mut Cursor) -> Option<()> {
    let first = cursor.peek();
    let (count, _) = cursor.digits(10, 19)?;
    if !matches!(count, 10 | 13 | 16 | 19) || !matches!(first, b'1' | b'2') {
        return None;
    }
    if count == 10 {
        attempt(cursor, |cursor| {
            cursor.one_of(b".")?;
            cursor.digits(1, 9)
        });
    }
    Some(())
}

/// `Jun  4 15:16:01`, `Sun Dec 04 04:47:44 2005`, `Mon, 04 Aug 2026 12:00:00 GMT`.
fn worded(text: &[u8]) -> Option<usize> {
    let mut cursor = Cursor { text, at: 0 };
    let skip_spaces = |cursor: &mut Cursor| while cursor.one_of(b" ").is_some() {};
    attempt(&mut cursor, |cursor| {
        dates::is_weekday(cursor.word()).then_some(())?;
        cursor.one_of(b" ,")?;
        skip_spaces(cursor);
        Some(())
    });
    let day_first = attempt(&mut cursor, |cursor| {
        cursor.digits(1, 2)?;
        cursor.one_of(b" ")?;
        dates::is_month(cursor.word()).then_some(())?;
        cursor.one_of(b" ")?;
        cursor.digits(4, 4)?;
        Some(())
    });
    if day_first.is_none() {
        dates::is_month(cursor.word()).then_some(())?;
        cursor.one_of(b" ")?;
        skip_spaces(&mut cursor);
        cursor.digits(1, 2)?;
    }
    attempt(&mut cursor, |cursor| {
        cursor.one_of(b",")?;
        Some(())
    });
    attempt(&mut cursor, |cursor| {
        cursor.one_of(b" ")?;
        cursor.digits(4, 4)
    });
    cursor.one_of(b" ")?;
    time(&mut cursor)?;
    zone(&mut cursor);
    attempt(&mut cursor, |cursor| {
        cursor.one_of(b" ")?;
        let (_, year) = cursor.digits(4, 4)?;
        (1970..2100).contains(&year).then_some(())
    });
    Some(cursor.at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_where_the_timestamp_ends() {
        for (text, rest) in [
            ("2026-08-01T12:00:00.123Z next", " next"),
            ("2026-08-01 12:00:00,123 - x", " - x"),
            ("2026-08-01 12:00:00 UTC [1]", " [1]"),
            ("26/08/01 20:10:40 INFO", " INFO"),
            ("081109 203615 148 INFO", " 148 INFO"),
            ("Jun  4 15:16:01 host", " host"),
            ("Sun Dec 04 04:47:44 2005] x", "] x"),
            ("10/Oct/2000:13:55:36 -0700] \"GET", "] \"GET"),
            ("2005-06-03-15.42.50.675872 R02", " R02"),
            ("2005.06.03 R02", " R02"),
            ("1117838570 2005", " 2005"),
            ("20171223-22:15:29:606|Step", "|Step"),
            ("03-17 16:13:38.811  1702", "  1702"),
            ("10.30 16:49:06] chrome", "] chrome"),
            ("12:00:01.5 x", " x"),
        ] {
            let end = length(text.as_bytes()).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(text.get(end..), Some(rest), "{text}");
        }
        for text in [
            "12 items",
            "10.0.0.1 - -",
            "1.2.3",
            "Mayor of",
            "May be",
            "123456789012 eni",
            "5",
        ] {
            assert_eq!(length(text.as_bytes()), None, "{text}");
        }
    }
}
