//! Names of segment objects: which partition an event belongs to, and the key of the object that
//! one batch of one shard writes into a partition (`docs/ARCHITECTURE.md`, contracts).

use std::fmt;

use crate::source::Source;
use crate::time::Time;

/// The prefix of every segment key.
pub const PREFIX: &str = "segments/";

/// The content type of a segment object: NDJSON in gzip.
pub const CONTENT_TYPE: &str = "application/gzip";

const HOUR_MILLIS: i64 = 3_600_000;
const SUFFIX: &str = ".ndjson.gz";

/// An hour of event time, counted from the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hour(i64);

impl Hour {
    /// The hour that `time` lies in.
    pub const fn of(time: Time) -> Self {
        Self(time.as_millis().div_euclid(HOUR_MILLIS))
    }

    /// Its first instant.
    pub const fn start(self) -> Time {
        Time::from_millis(self.0.saturating_mul(HOUR_MILLIS))
    }

    /// The hour after it.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// What shares a prefix in the segments bucket: one source, one hour of event time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition {
    /// Where the lines come from.
    pub source: Source,
    /// When they happened.
    pub hour: Hour,
}

impl Partition {
    /// The partition of an event of `source` at `time`.
    pub const fn of(source: Source, time: Time) -> Self {
        Self {
            source,
            hour: Hour::of(time),
        }
    }

    /// The key prefix that its objects share, with the closing slash.
    pub fn prefix(&self) -> String {
        let (day, hour) = day_and_hour(self.hour.start());
        format!("{PREFIX}source={}/dt={day}/hour={hour}/", self.source)
    }

    /// The key prefix that the objects of its source and day share, with the closing slash.
    pub fn day_prefix(&self) -> String {
        let (day, _) = day_and_hour(self.hour.start());
        format!("{PREFIX}source={}/dt={day}/", self.source)
    }
}

/// `("2026-08-01", "14")` of an instant. Years outside of jiff's range keep their hour number, so
/// that a key is always unique and always parses back.
fn day_and_hour(time: Time) -> (String, String) {
    match jiff::Timestamp::from_millisecond(time.as_millis()) {
        Ok(timestamp) => {
            let civil = jiff::tz::Offset::UTC.to_datetime(timestamp);
            (civil.date().to_string(), format!("{:02}", civil.hour()))
        }
        Err(_) => ("unknown".to_owned(), Hour::of(time).0.to_string()),
    }
}

/// The UTC day of an instant as partition names write it (`2026-08-01`).
pub(crate) fn day(time: Time) -> String {
    day_and_hour(time).0
}

/// A segment object's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentName {
    /// Where it lies.
    pub partition: Partition,
    /// Kinesis shard id, such as `shardId-000000000000`.
    pub shard: String,
    /// The first sequence number that contributed to this partition's object.
    pub sequence: String,
}

/// A key that is no segment's.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{key}` is not a segment key: expected segments/source=…/dt=YYYY-MM-DD/hour=HH/<shard>-<sequence>.ndjson.gz"
)]
pub struct SegmentNameError {
    key: String,
}

impl SegmentName {
    /// The object's key.
    pub fn key(&self) -> String {
        format!(
            "{}{}-{}{SUFFIX}",
            self.partition.prefix(),
            self.shard,
            self.sequence
        )
    }

    /// Reads a key back.
    ///
    /// # Errors
    /// [`SegmentNameError`] if the key has another form.
    pub fn parse(key: &str) -> Result<Self, SegmentNameError> {
        Self::read(key).ok_or_else(|| SegmentNameError {
            key: key.chars().take(200).collect(),
        })
    }

    fn read(key: &str) -> Option<Self> {
        let mut parts = key.strip_prefix(PREFIX)?.split('/');
        let source = parts.next()?.strip_prefix("source=")?.parse().ok()?;
        let date = parts.next()?.strip_prefix("dt=")?;
        let hour = parts.next()?.strip_prefix("hour=")?;
        let (shard, sequence) = parts.next()?.strip_suffix(SUFFIX)?.rsplit_once('-')?;
        if parts.next().is_some() || shard.is_empty() || sequence.is_empty() {
            return None;
        }
        Some(Self {
            partition: Partition {
                source,
                hour: read_hour(date, hour)?,
            },
            shard: shard.to_owned(),
            sequence: sequence.to_owned(),
        })
    }
}

impl fmt::Display for SegmentName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.key())
    }
}

fn read_hour(date: &str, hour: &str) -> Option<Hour> {
    if date == "unknown" {
        return hour.parse().ok().map(Hour);
    }
    let date: jiff::civil::Date = date.parse().ok()?;
    let hour: i8 = hour.parse().ok()?;
    let civil = date.to_datetime(jiff::civil::Time::new(hour, 0, 0, 0).ok()?);
    let timestamp = jiff::tz::Offset::UTC.to_timestamp(civil).ok()?;
    Some(Hour::of(Time::from_millis(timestamp.as_millisecond())))
}

/// The part of a key that Kinesis chose (shard, sequence) may hold only what a key can: letters,
/// digits, `.`, `_` and `-`; anything else becomes `_`, at most 128 characters.
pub fn key_safe(text: &str) -> String {
    text.chars()
        .take(128)
        .map(|c| match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '_' | '-' => c,
            _ => '_',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_key_says_source_hour_shard_and_sequence() {
        let name = SegmentName {
            partition: Partition::of(Source::VpcFlow, "2026-08-01T14:59:59.999Z".parse().unwrap()),
            shard: "shardId-000000000007".to_owned(),
            sequence: "49590338271490256608559692538361571095921575989136588898".to_owned(),
        };
        assert_eq!(
            name.key(),
            "segments/source=vpc-flow/dt=2026-08-01/hour=14/shardId-000000000007-\
             49590338271490256608559692538361571095921575989136588898.ndjson.gz"
        );
        assert_eq!(SegmentName::parse(&name.key()).unwrap(), name);
    }

    #[test]
    fn other_keys_are_refused() {
        for key in [
            "",
            "segments/",
            "raw/source=ec2/dt=2026-08-01/hour=14/s-1.ndjson.gz",
            "segments/source=moon/dt=2026-08-01/hour=14/s-1.ndjson.gz",
            "segments/source=ec2/dt=2026-13-01/hour=14/s-1.ndjson.gz",
            "segments/source=ec2/dt=2026-08-01/hour=24/s-1.ndjson.gz",
            "segments/source=ec2/dt=2026-08-01/hour=14/s1.ndjson.gz",
            "segments/source=ec2/dt=2026-08-01/hour=14/s-1.json",
            "segments/source=ec2/dt=2026-08-01/hour=14/x/s-1.ndjson.gz",
        ] {
            assert!(SegmentName::parse(key).is_err(), "{key}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(31), ..ProptestConfig::default() })]

        #[test]
        fn every_name_parses_back(
            millis in any::<i64>(),
            source in prop::sample::select(Source::ALL.to_vec()),
            shard in "[a-zA-Z]{1,8}-[0-9]{12}",
            sequence in "[0-9]{1,56}",
        ) {
            let name = SegmentName { partition: Partition::of(source, Time::from_millis(millis)), shard, sequence };
            prop_assert_eq!(SegmentName::parse(&name.key()).unwrap(), name);
        }

        #[test]
        fn an_event_lies_in_its_hour(millis in -10_000_000_000_000_i64..10_000_000_000_000) {
            let time = Time::from_millis(millis);
            let hour = Hour::of(time);
            prop_assert!(hour.start() <= time && time < hour.next().start());
        }

        #[test]
        fn arbitrary_keys_never_panic(key in any::<String>()) {
            if let Ok(name) = SegmentName::parse(&key) {
                prop_assert!(!name.shard.is_empty());
            }
        }
    }
}
