//! What somebody changed, as the collected lines tell it: the first thing to look at beside an incident.
//!
//! Three forms are read, each from a log group that a stack collects like any other: CloudTrail's events
//! (a trail that delivers to CloudWatch Logs, or an EventBridge rule whose target is a log group),
//! EventBridge's events of deployments, and the audit log of a Kubernetes API server.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::record::LogRecord;
use crate::shape::audit::AuditEvent;
use crate::source::{Shape, Source};
use crate::time::Time;

/// Characters of a text that are kept.
const TEXT_CHARS_MAX: usize = 200;

/// Calls that happen by themselves and change nothing that anybody cares about.
const NOISE: [&str; 2] = ["CreateLogStream", "PutLogEvents"];

/// Calls of APIs that say nothing of `readOnly` and only read begin so.
const READING: [&str; 6] = ["Get", "List", "Describe", "Head", "Lookup", "AssumeRole"];

/// What a rollout changes.
const WORKLOADS: [&str; 3] = ["deployments", "statefulsets", "daemonsets"];

/// Controllers change workloads as part of what somebody else did.
const CONTROLLERS: [&str; 4] = [
    "system:kube-",
    "system:node:",
    "system:serviceaccount:kube-system:",
    "eks:",
];

/// A change. Its texts come from lines and are untrusted: whoever shows them redacts and escapes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// When.
    pub at: Time,
    /// Who: an ARN, a user, or the service that deployed.
    pub by: String,
    /// What: the name of the call, or of the event of a deployment.
    pub what: String,
    /// What it was about.
    pub target: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Trail {
    event_time: Time,
    event_name: String,
    event_source: String,
    #[serde(default)]
    user_identity: Identity,
    read_only: Option<bool>,
    management_event: Option<bool>,
    error_code: Option<String>,
    #[serde(default)]
    request_parameters: Value,
    #[serde(default)]
    resources: Vec<Resource>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Identity {
    #[serde(rename = "type")]
    kind: String,
    arn: Option<String>,
    user_name: Option<String>,
    invoked_by: Option<String>,
}

#[derive(Deserialize)]
struct Resource {
    #[serde(rename = "ARN")]
    arn: Option<String>,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "detail-type")]
    detail_type: String,
    source: String,
    time: Time,
    #[serde(default)]
    resources: Vec<String>,
    #[serde(default)]
    detail: Value,
}

impl Change {
    /// The change that a record tells of, if it does. Whoever writes an application's lines must not be
    /// able to tell of changes: only audit logs do, and groups whose source is [`Source::Other`].
    pub fn of(record: &LogRecord) -> Option<Self> {
        let line = record.message.trim();
        if record.shape == Shape::EksAudit {
            return Self::of_audit(&AuditEvent::parse(line)?, record.time);
        }
        if record.source != Source::Other || !line.starts_with('{') {
            return None;
        }
        if line.contains("\"detail-type\"") {
            return Self::of_event(serde_json::from_str(line).ok()?);
        }
        if line.contains("\"eventName\"") {
            return Self::of_trail(serde_json::from_str(line).ok()?);
        }
        None
    }

    fn of_trail(trail: Trail) -> Option<Self> {
        let reads = trail.read_only.unwrap_or_else(|| {
            READING
                .iter()
                .any(|start| trail.event_name.starts_with(start))
        });
        let of_no_interest = reads
            || trail.error_code.is_some()
            || trail.management_event == Some(false)
            || trail.user_identity.kind == "AWSService"
            || NOISE.contains(&trail.event_name.as_str());
        if of_no_interest {
            return None;
        }
        let identity = trail.user_identity;
        let named = [identity.arn, identity.user_name, identity.invoked_by];
        let about = trail.resources.into_iter().find_map(|found| found.arn);
        let service = trail.event_source.split('.').next().unwrap_or_default();
        Some(Self {
            at: trail.event_time,
            by: cut(named
                .into_iter()
                .flatten()
                .next()
                .as_deref()
                .unwrap_or("unknown")),
            what: cut(&format!("{service}:{}", trail.event_name)),
            target: match (about, trail.request_parameters) {
                (Some(arn), _) => cut(&arn),
                (None, Value::Null) => String::new(),
                (None, parameters) => cut(&parameters.to_string()),
            },
        })
    }

    fn of_event(event: Event) -> Option<Self> {
        if event.detail_type.ends_with("via CloudTrail") {
            return Self::of_trail(serde_json::from_value(event.detail).ok()?);
        }
        if !event.detail_type.contains("Deploy") {
            return None;
        }
        let text = |name: &str| event.detail.get(name).and_then(Value::as_str);
        let state = text("state")
            .or_else(|| text("eventName"))
            .unwrap_or_default();
        let about = event.resources.first().map(String::as_str);
        Some(Self {
            at: event.time,
            by: cut(&event.source),
            what: cut(format!("{} {state}", event.detail_type).trim_end()),
            target: cut(about.or_else(|| text("application")).unwrap_or_default()),
        })
    }

    fn of_audit(event: &AuditEvent, at: Time) -> Option<Self> {
        let object = event.object_ref.as_ref()?;
        let done = event.stage == "ResponseComplete"
            && event
                .response_status
                .as_ref()
                .is_some_and(|status| (200..300).contains(&status.code));
        let rollout = matches!(
            event.verb.as_str(),
            "create" | "update" | "patch" | "delete"
        ) && WORKLOADS.contains(&object.resource.as_str())
            && matches!(object.subresource.as_str(), "" | "scale");
        let by = &event.user.username;
        let controller = CONTROLLERS.iter().any(|start| by.starts_with(start));
        (done && rollout && !controller).then(|| Self {
            at: event.stage_timestamp.unwrap_or(at),
            by: cut(by),
            what: cut(&format!("{} {}", event.verb, object.resource)),
            target: cut(&format!("{}/{}", object.namespace, object.name)),
        })
    }
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests;
