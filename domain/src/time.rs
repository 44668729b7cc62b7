//! One instant type for the whole system: milliseconds since the Unix epoch, UTC.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An instant in milliseconds since the Unix epoch. Its wire form is RFC 3339 in UTC with
/// milliseconds (`2026-08-01T12:00:00.000Z`), except in segments, which use [`millis`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(i64);

/// A text that is not an RFC 3339 instant.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` is not an RFC 3339 time such as 2026-08-01T12:00:00Z")]
pub struct TimeError {
    text: String,
}

impl Time {
    /// The instant that is `millis` milliseconds after the Unix epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This instant moved by `millis` (negative: earlier), saturating at the ends of the range.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this instant.
    pub const fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(timestamp) => write!(formatter, "{timestamp:.3}"),
            // Outside of years -9999..9999: still readable, never a panic.
            Err(_) => write!(formatter, "{}ms", self.0),
        }
    }
}

impl FromStr for Time {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
            return Ok(Self(timestamp.as_millisecond()));
        }
        text.strip_suffix("ms")
            .and_then(|millis| millis.parse().ok())
            .map(Self)
            .ok_or_else(|| TimeError {
                text: text.chars().take(80).collect(),
            })
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// `#[serde(with = "millis")]`: the instant as an integer, for forms where bytes count.
pub mod millis {
    use super::Time;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// Writes milliseconds since the epoch.
    pub fn serialize<S: Serializer>(time: &Time, serializer: S) -> Result<S::Ok, S::Error> {
        time.as_millis().serialize(serializer)
    }

    /// Reads milliseconds since the epoch.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        i64::deserialize(deserializer).map(Time::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_and_writes_rfc_3339_in_utc() {
        let time: Time = "2026-08-01T14:00:00+02:00".parse().unwrap();
        assert_eq!(time.to_string(), "2026-08-01T12:00:00.000Z");
        assert_eq!(
            serde_json::to_string(&time).unwrap(),
            "\"2026-08-01T12:00:00.000Z\""
        );
        assert!("yesterday".parse::<Time>().is_err());
    }

    proptest! {
        #[test]
        fn every_instant_survives_its_text(millis in any::<i64>()) {
            let time = Time::from_millis(millis);
            prop_assert_eq!(time.to_string().parse::<Time>().unwrap(), time);
        }
    }
}
