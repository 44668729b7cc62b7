//! S3's notifications in a queue: which objects were written.

use serde::Deserialize;

/// A message that is no notification.
#[derive(Debug, thiserror::Error)]
#[error("the message is no notification of S3: {detail}")]
pub struct NotificationError {
    detail: String,
}

#[derive(Deserialize)]
struct Notification {
    /// What S3 sends once when the notification is set up.
    #[serde(rename = "Event")]
    event: Option<String>,
    #[serde(rename = "Records", default)]
    records: Vec<EventRecord>,
}

#[derive(Deserialize)]
struct EventRecord {
    #[serde(rename = "eventName", default)]
    name: String,
    s3: EventObject,
}

#[derive(Deserialize)]
struct EventObject {
    object: EventKey,
}

#[derive(Deserialize)]
struct EventKey {
    key: String,
}

/// The keys of the objects that a message says were written; none for S3's test event.
///
/// # Errors
/// When it is no notification of S3.
pub fn created_keys(body: &str) -> Result<Vec<String>, NotificationError> {
    let notification: Notification =
        serde_json::from_str(body).map_err(|error| NotificationError {
            detail: error.to_string(),
        })?;
    if notification.records.is_empty() && notification.event.is_none() {
        return Err(NotificationError {
            detail: "it has no records".into(),
        });
    }
    Ok(notification
        .records
        .into_iter()
        .filter(|record| record.name.is_empty() || record.name.contains("ObjectCreated"))
        .filter_map(|record| unescape(&record.s3.object.key))
        .collect())
}

/// A key as S3 writes it in notifications: form-encoded.
fn unescape(key: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(key.len());
    let mut rest = key.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(rest.next())?, digit(rest.next())?);
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_escaped_and_other_events_name_nothing() {
        let body = r#"{"Records":[
            {"eventName":"ObjectCreated:Put","s3":{"object":{"key":"metrics/dt%3D2026-08-01/a+b","size":1}}},
            {"eventName":"ObjectRemoved:Delete","s3":{"object":{"key":"metrics/c"}}}]}"#;
        assert_eq!(created_keys(body).unwrap(), ["metrics/dt=2026-08-01/a b"]);
        let test = r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}"#;
        assert!(created_keys(test).unwrap().is_empty());
        for body in ["", "{}", "[]", r#"{"Records":[]}"#] {
            assert!(created_keys(body).is_err(), "{body}");
        }
    }
}
