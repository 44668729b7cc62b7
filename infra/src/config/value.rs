//! How plain types stand in a stack file.

use std::collections::BTreeMap;

use aiops_domain::config::metric_detector::{Direction, Statistic};
use aiops_domain::incident::FingerprintField;
use aiops_domain::{Kind, Severity, Source};
use serde::Serialize;
use serde_json::Value;

use super::choices::RemediationAction;
use super::field::{ConfigValue, Shape};
use super::problem::shown;
use super::read::Reader;

impl ConfigValue for String {
    fn shape() -> Shape {
        Shape::Text
    }

    fn read(value: &Value, _base: Option<Self>, reader: &mut Reader<'_>) -> Option<Self> {
        match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => {
                // An unquoted 1.30 has already become 1.3: guessing would deploy another version.
                reader.problem(format!(
                    "expected text, found the number {number}: quote it"
                ));
                None
            }
            other => {
                reader.expected("text", other);
                None
            }
        }
    }
}

impl ConfigValue for bool {
    fn shape() -> Shape {
        Shape::Boolean
    }

    fn read(value: &Value, _base: Option<Self>, reader: &mut Reader<'_>) -> Option<Self> {
        // The engine hands over top-level scalars as text.
        match value {
            Value::Bool(value) => Some(*value),
            Value::String(text) if text == "true" => Some(true),
            Value::String(text) if text == "false" => Some(false),
            other => {
                reader.expected("true or false", other);
                None
            }
        }
    }
}

impl ConfigValue for u32 {
    fn shape() -> Shape {
        Shape::Integer
    }

    fn read(value: &Value, _base: Option<Self>, reader: &mut Reader<'_>) -> Option<Self> {
        let number = value
            .as_u64()
            .and_then(|number| Self::try_from(number).ok());
        if number.is_none() {
            reader.expected("a whole number, not negative", value);
        }
        number
    }
}

impl ConfigValue for f64 {
    fn shape() -> Shape {
        Shape::Number
    }

    fn read(value: &Value, _base: Option<Self>, reader: &mut Reader<'_>) -> Option<Self> {
        let number = value.as_f64().filter(|number| number.is_finite());
        if number.is_none() {
            reader.expected("a number", value);
        }
        number
    }
}

impl<T: ConfigValue> ConfigValue for Option<T> {
    fn shape() -> Shape {
        Shape::Optional(Box::new(T::shape()))
    }

    fn read(value: &Value, base: Option<Self>, reader: &mut Reader<'_>) -> Option<Self> {
        if value.is_null() {
            return Some(None);
        }
        T::read(value, base.flatten(), reader).map(Some)
    }
}

impl<T: ConfigValue> ConfigValue for Vec<T> {
    fn shape() -> Shape {
        Shape::List(Box::new(T::shape()))
    }

    fn read(value: &Value, _base: Option<Self>, reader: &mut Reader<'_>) -> Option<Self> {
        let Value::Array(items) = value else {
            reader.expected("a list", value);
            return None;
        };
        // All of them, whatever is wrong with the first.
        let read: Vec<Option<T>> = items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                reader.within(format!("[{index}]"), |reader| T::read(item, None, reader))
            })
            .collect();
        read.into_iter().collect()
    }
}

/// The keys of a map.
pub(super) trait ConfigKey: Sized + Ord + Serialize {
    /// The keys that exist, where not any name will do.
    const WORDS: &'static [&'static str];

    /// Reads a key; what is wrong is noted in the reader.
    fn read_key(key: &str, reader: &mut Reader<'_>) -> Option<Self>;
}

impl ConfigKey for String {
    const WORDS: &'static [&'static str] = &[];

    fn read_key(key: &str, _reader: &mut Reader<'_>) -> Option<Self> {
        Some(key.to_owned())
    }
}

impl ConfigKey for RemediationAction {
    const WORDS: &'static [&'static str] = Self::WORDS;

    fn read_key(key: &str, reader: &mut Reader<'_>) -> Option<Self> {
        reader.choice(&Value::from(key), Self::ALL, Self::WORDS)
    }
}

impl<K: ConfigKey, T: ConfigValue + Clone> ConfigValue for BTreeMap<K, T> {
    fn shape() -> Shape {
        Shape::Map {
            keys: K::WORDS,
            values: Box::new(T::shape()),
        }
    }

    /// Entries are merged over those of the environment, key by key; `null` takes one away.
    fn read(value: &Value, base: Option<Self>, reader: &mut Reader<'_>) -> Option<Self> {
        let object = reader.object(value)?;
        let mut read = base.unwrap_or_default();
        for (name, value) in &object {
            let entry = reader.within(shown(name), |reader| {
                let key = K::read_key(name, reader)?;
                let base = read.remove(&key);
                if value.is_null() {
                    return None;
                }
                T::read(value, base, reader).map(|element| (key, element))
            });
            read.extend(entry);
        }
        Some(read)
    }
}

/// Words of the domain that stand in a stack file as they are.
macro_rules! domain_words {
    ($($type:ty => [$($variant:expr => $word:literal),+ $(,)?]),+ $(,)?) => {$(
        impl ConfigValue for $type {
            fn shape() -> Shape {
                Shape::Choice(&[$($word),+])
            }

            fn read(value: &Value, _base: Option<Self>, reader: &mut Reader<'_>) -> Option<Self> {
                reader.choice(value, &[$($variant),+], &[$($word),+])
            }
        }
    )+};
}

domain_words! {
    Kind => [
        Kind::SshBruteForce => "ssh_brute_force",
        Kind::PortScan => "port_scan",
        Kind::DataExfiltration => "data_exfiltration",
        Kind::OomCrashLoop => "oom_crash_loop",
        Kind::PoolExhaustion => "pool_exhaustion",
        Kind::DiskFull => "disk_full",
        Kind::LogAnomaly => "log_anomaly",
        Kind::MetricAnomaly => "metric_anomaly",
        Kind::ExhaustionForecast => "exhaustion_forecast",
    ],
    Source => [
        Source::Ec2 => "ec2",
        Source::Eks => "eks",
        Source::VpcFlow => "vpc-flow",
        Source::Metrics => "metrics",
        Source::Other => "other",
    ],
    aiops_domain::Shape => [
        aiops_domain::Shape::Flow => "flow",
        aiops_domain::Shape::EksAudit => "eks-audit",
        aiops_domain::Shape::Syslog => "syslog",
        aiops_domain::Shape::Json => "json",
        aiops_domain::Shape::Text => "text",
    ],
    FingerprintField => [
        FingerprintField::Source => "source",
        FingerprintField::Entity => "entity",
        FingerprintField::Kind => "kind",
    ],
    Statistic => [
        Statistic::Mean => "mean",
        Statistic::Sum => "sum",
    ],
    Direction => [
        Direction::Rising => "rising",
        Direction::Falling => "falling",
    ],
    Severity => [
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    ],
}

/// A value as the stack file would say it.
pub(super) fn to_json<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}
