//! The time of a JSON line: one of the usual fields, else a stamp in its inner text.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{TimeAssumptions, find_stamp};
use crate::shape::container;
use crate::time::Time;

/// The fields that carry a time, by who writes them; read in this order.
#[derive(Deserialize)]
struct TimeFields<'a> {
    /// Logstash, ECS loggers.
    #[serde(borrow, rename = "@timestamp")]
    at_timestamp: Option<&'a RawValue>,
    /// Most loggers.
    #[serde(borrow)]
    timestamp: Option<&'a RawValue>,
    /// Containers (Fluent Bit, Docker), zerolog, slog, pino.
    #[serde(borrow)]
    time: Option<&'a RawValue>,
    /// zap, controller-runtime.
    #[serde(borrow)]
    ts: Option<&'a RawValue>,
    /// CloudTrail.
    #[serde(borrow, rename = "eventTime")]
    event_time: Option<&'a RawValue>,
    /// Kubernetes audit: when this stage was reached.
    #[serde(borrow, rename = "stageTimestamp")]
    stage_timestamp: Option<&'a RawValue>,
    /// Kubernetes audit: when the request came.
    #[serde(borrow, rename = "requestReceivedTimestamp")]
    request_received_timestamp: Option<&'a RawValue>,
    /// Container Insights performance events.
    #[serde(borrow, rename = "Timestamp")]
    timestamp_upper: Option<&'a RawValue>,
    /// Serilog.
    #[serde(borrow, rename = "@t")]
    at_t: Option<&'a RawValue>,
    /// Bunyan forks, journald exports.
    #[serde(borrow)]
    datetime: Option<&'a RawValue>,
    /// Others.
    #[serde(borrow)]
    date: Option<&'a RawValue>,
}

/// The time that a JSON line says.
pub(super) fn json_time(line: &str, timestamp: Time, assume: &TimeAssumptions) -> Option<Time> {
    let fields: TimeFields<'_> = serde_json::from_str(line.trim()).ok()?;
    [
        fields.at_timestamp,
        fields.timestamp,
        fields.time,
        fields.ts,
        fields.event_time,
        fields.stage_timestamp,
        fields.request_received_timestamp,
        fields.timestamp_upper,
        fields.at_t,
        fields.datetime,
        fields.date,
    ]
    .into_iter()
    .flatten()
    .find_map(|raw| value_time(raw.get(), timestamp, assume))
    .or_else(|| {
        let inner = container::inner_text(line)?;
        find_stamp(&inner)?.time.resolve(timestamp, assume)
    })
}

/// A string or a number that is a time.
fn value_time(raw: &str, timestamp: Time, assume: &TimeAssumptions) -> Option<Time> {
    let text: Cow<'_, str> = if raw.starts_with('"') {
        serde_json::from_str::<String>(raw).ok()?.into()
    } else {
        raw.into()
    };
    let stamp = find_stamp(&text)?;
    // A field is a time only if it begins with one: `"time": "took 12 s"` is none.
    if stamp.span.start > 1 {
        return None;
    }
    stamp.time.resolve(timestamp, assume)
}
