//! Lines that are one JSON object: their message, or what stands for it.

use serde_json::{Map, Value};

/// Keys under which programs write their message, in the order of preference.
pub(super) const MESSAGE_KEYS: [&str; 7] =
    ["message", "msg", "log", "event", "text", "body", "@message"];

/// Keys of an HTTP status, of which a server's error is told apart.
const STATUS_KEYS: [&str; 4] = ["status", "status_code", "statusCode", "code"];

/// Bytes of a field that tell what kind of line it is; longer ones are content.
const FIELD_BYTES_MAX: usize = 64;

/// Fields that tell a line apart.
const FIELDS_MAX: usize = 24;

/// The message of a JSON line; `None` if it is no object or has no such key.
pub(super) fn message(line: &str, key: Option<&str>) -> Option<String> {
    let line = line.trim();
    if !line.starts_with('{') {
        return None;
    }
    let object: Map<String, Value> = serde_json::from_str(line).ok()?;
    if let Some(key) = key {
        return object.get(key)?.as_str().map(|text| text.trim().to_owned());
    }
    Some(audit(&object).unwrap_or_else(|| fields(&object)))
}

/// A Kubernetes audit event, by what was done to what with which outcome.
fn audit(object: &Map<String, Value>) -> Option<String> {
    object.get("auditID")?;
    let verb = object.get("verb")?.as_str()?;
    let reference = object.get("objectRef");
    let part = |key: &str| {
        reference
            .and_then(|reference| reference.get(key))
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let code = object
        .get("responseStatus")
        .and_then(|status| status.get("code"))
        .and_then(Value::as_u64)
        .unwrap_or_default();
    let (resource, subresource) = (part("resource"), part("subresource"));
    let slash = if subresource.is_empty() { "" } else { "." };
    // The code tells kinds of outcome apart, so it is spelled: a number would be masked.
    let outcome = match code {
        0 => "pending",
        200..=399 => "succeeded",
        401 => "unauthenticated",
        403 => "forbidden",
        404 => "missing",
        409 => "conflict",
        429 => "throttled",
        400..=499 => "refused",
        _ => "failed",
    };
    Some(format!(
        "audit {verb} {resource}{slash}{subresource} {outcome}"
    ))
}

/// Scalar fields as `key=value`, short ones only.
fn fields(object: &Map<String, Value>) -> String {
    let mut text = String::new();
    for (key, value) in object.iter().take(FIELDS_MAX) {
        let value = match value {
            Value::String(value) if value.len() <= FIELD_BYTES_MAX && !value.contains(' ') => {
                value.clone()
            }
            Value::Bool(value) => value.to_string(),
            Value::Number(number) => match number.as_u64() {
                Some(500..=599) if STATUS_KEYS.contains(&key.as_str()) => "server-error".to_owned(),
                _ => "0".to_owned(),
            },
            _ => String::new(),
        };
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(key);
        text.push('=');
        text.push_str(&value);
    }
    text
}

/// The key that holds the message in at least half of the lines.
pub(super) fn message_key(lines: &[&str]) -> Option<String> {
    MESSAGE_KEYS
        .into_iter()
        .find(|key| {
            let holding = lines
                .iter()
                .filter(|line| message(line, Some(key)).is_some())
                .count();
            holding * 2 >= lines.len()
        })
        .map(str::to_owned)
}
