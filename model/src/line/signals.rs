//! Numbers of a JSON line that tell trouble: a server's error, a slow answer. Its message says the
//! same words either way, and a mask would hide the numbers, so their magnitude is spelled.

use serde::Deserialize;
use serde_json::Value;

/// The fields that loggers of requests write; anything may be in them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    #[serde(alias = "status_code", alias = "statusCode", alias = "code")]
    status: Value,
    #[serde(
        alias = "latency_ms",
        alias = "elapsed_ms",
        alias = "took_ms",
        alias = "response_time_ms",
        alias = "durationMs",
        alias = "latencyMs"
    )]
    duration_ms: Value,
}

/// What to append to the message of this line; empty for a line without trouble.
pub(super) fn of_json(line: &str) -> &'static str {
    let fields: Fields = match serde_json::from_str(line.trim()) {
        Ok(fields) => fields,
        // Also an object with both spellings of a field: nothing to say about it.
        Err(_) => return "",
    };
    let failed = matches!(fields.status.as_u64(), Some(500..=599));
    let millis = fields.duration_ms.as_f64().unwrap_or(0.0);
    match (failed, millis) {
        (true, 10_000.0..) => " server-error tens-of-seconds",
        (true, 1_000.0..) => " server-error seconds",
        (true, _) => " server-error",
        (false, 10_000.0..) => " tens-of-seconds",
        (false, 1_000.0..) => " seconds",
        (false, _) => "",
    }
}
