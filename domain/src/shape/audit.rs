//! Kubernetes audit events (`audit.k8s.io/v1`) as the EKS control plane logs them.

use std::net::IpAddr;

use serde::Deserialize;

use crate::time::Time;

/// The part of an audit event that detection reads.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEvent {
    /// Id of the request; its stages share it.
    #[serde(rename = "auditID")]
    pub audit_id: String,
    /// RequestReceived, ResponseStarted, ResponseComplete or Panic.
    pub stage: String,
    /// get, list, create, delete, …
    pub verb: String,
    /// The request's path and query.
    #[serde(rename = "requestURI", default)]
    pub request_uri: String,
    /// Who asked.
    #[serde(default)]
    pub user: AuditUser,
    /// From where, the nearest last.
    #[serde(rename = "sourceIPs", default)]
    pub source_ips: Vec<IpAddr>,
    /// The client program.
    #[serde(default)]
    pub user_agent: String,
    /// What was asked for, unless the request is not about an object.
    pub object_ref: Option<AuditObject>,
    /// How it was answered.
    pub response_status: Option<AuditStatus>,
    /// When the stage was reached.
    pub stage_timestamp: Option<Time>,
}

/// Who made a request.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct AuditUser {
    /// The user's name.
    pub username: String,
    /// The groups it belongs to.
    pub groups: Vec<String>,
}

/// The object of a request.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct AuditObject {
    /// pods, secrets, …
    pub resource: String,
    /// Its namespace, empty for the cluster's own.
    pub namespace: String,
    /// Its name, empty for a collection.
    pub name: String,
    /// exec, log, status, …; empty for the object itself.
    pub subresource: String,
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct AuditStatus {
    /// HTTP status.
    pub code: u16,
    /// Why it failed.
    pub reason: String,
}

impl AuditEvent {
    /// Reads a line; `None` unless it is an audit event.
    pub fn parse(line: &str) -> Option<Self> {
        serde_json::from_str(line.trim()).ok()
    }

    /// Whether the API server refused the request: not authenticated (401) or not allowed (403).
    pub fn is_denied(&self) -> bool {
        self.response_status
            .as_ref()
            .is_some_and(|status| matches!(status.code, 401 | 403))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audit_event_says_who_did_what_to_which_object() {
        let line = r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"0c5ff3ab-1",
            "stage":"ResponseComplete","requestURI":"/api/v1/namespaces/shop/secrets/db","verb":"get",
            "user":{"username":"system:anonymous","groups":["system:unauthenticated"]},
            "sourceIPs":["203.0.113.9"],"userAgent":"curl/8","objectRef":{"resource":"secrets",
            "namespace":"shop","name":"db","apiVersion":"v1"},"responseStatus":{"metadata":{},"status":"Failure",
            "reason":"Forbidden","code":403},"requestReceivedTimestamp":"2026-08-01T12:00:00.000001Z",
            "stageTimestamp":"2026-08-01T12:00:00.002000Z","annotations":{"authorization.k8s.io/decision":"forbid"}}"#;
        let event = AuditEvent::parse(line).unwrap();
        assert_eq!(event.user.username, "system:anonymous");
        assert_eq!(event.object_ref.as_ref().unwrap().resource, "secrets");
        assert_eq!(event.source_ips, ["203.0.113.9".parse::<IpAddr>().unwrap()]);
        assert!(event.is_denied());
        assert_eq!(
            event.stage_timestamp.unwrap().to_string(),
            "2026-08-01T12:00:00.002Z"
        );
    }

    #[test]
    fn other_json_is_no_audit_event() {
        for line in ["{}", r#"{"auditID":1}"#, "", "[]", "null"] {
            assert_eq!(AuditEvent::parse(line), None, "{line}");
        }
    }
}
