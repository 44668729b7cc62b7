//! Reading fixed-width pieces of a time stamp from bytes, without ever stepping outside of them.

/// A position in a line. Every method either reads what it names and moves on, or reads nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// Where it stands.
    pub(super) const fn position(&self) -> usize {
        self.at
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// One of these bytes.
    pub(super) fn any_of(&mut self, set: &[u8]) -> Option<u8> {
        let byte = self.peek().filter(|byte| set.contains(byte))?;
        self.at += 1;
        Some(byte)
    }

    /// Exactly this text.
    pub(super) fn literal(&mut self, text: &[u8]) -> Option<()> {
        let rest = self.bytes.get(self.at..)?;
        rest.starts_with(text).then(|| self.at += text.len())
    }

    /// Exactly `width` digits (at most 18).
    pub(super) fn digits(&mut self, width: usize) -> Option<i64> {
        let slice = self.bytes.get(self.at..self.at + width)?;
        let value = number(slice)?;
        self.at += width;
        Some(value)
    }

    /// One or two digits.
    pub(super) fn one_or_two_digits(&mut self) -> Option<i64> {
        self.digits(2).or_else(|| self.digits(1))
    }

    /// How many digits follow from here.
    pub(super) fn digits_ahead(&self) -> usize {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    }

    /// A fraction of a second of any length, in whole milliseconds.
    pub(super) fn fraction_millis(&mut self) -> Option<i64> {
        let width = self.digits_ahead();
        if width == 0 {
            return None;
        }
        let mut millis = 0;
        for place in 0..3 {
            let digit = if place < width {
                i64::from(*self.bytes.get(self.at + place)? - b'0')
            } else {
                0
            };
            millis = millis * 10 + digit;
        }
        self.at += width;
        Some(millis)
    }

    /// A month by its English abbreviation, 1 to 12.
    pub(super) fn month_name(&mut self) -> Option<i64> {
        const NAMES: &[u8; 36] = b"janfebmaraprmayjunjulaugsepoctnovdec";
        let name = self.bytes.get(self.at..self.at + 3)?;
        let index = NAMES
            .chunks_exact(3)
            .position(|month| name.eq_ignore_ascii_case(month))?;
        self.at += 3;
        i64::try_from(index + 1).ok()
    }

    /// A weekday by its English abbreviation.
    pub(super) fn weekday_name(&mut self) -> Option<()> {
        const NAMES: &[u8; 21] = b"montuewedthufrisatsun";
        let name = self.bytes.get(self.at..self.at + 3)?;
        NAMES
            .chunks_exact(3)
            .any(|day| name.eq_ignore_ascii_case(day))
            .then(|| self.at += 3)
    }

    /// That no digit or letter follows: the stamp ends here.
    pub(super) fn boundary(&self) -> Option<()> {
        match self.peek() {
            Some(byte) if byte.is_ascii_alphanumeric() => None,
            _ => Some(()),
        }
    }
}

/// The value of a run of digits, or `None` if it holds anything else or is empty or longer than 18.
fn number(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    digits.iter().try_fold(0_i64, |value, byte| {
        byte.is_ascii_digit()
            .then(|| value * 10 + i64::from(byte - b'0'))
    })
}
