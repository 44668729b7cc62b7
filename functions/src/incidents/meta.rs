//! An incident's `meta` item, read.

use aiops_domain::incident::event::Outcome;
use aiops_domain::{Incident, IncidentAction, IncidentStatus, Kind, Severity, Source, Time};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::IncidentError;
use crate::ports::Attributes;

/// What is known of an incident as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Meta {
    /// Id.
    pub id: String,
    /// Its cause.
    pub fingerprint: String,
    /// Where the lines come from.
    pub source: Source,
    /// What they are about.
    pub entity: String,
    /// What it looks like.
    pub kind: Kind,
    /// How much it matters.
    pub severity: Severity,
    /// Where it stands.
    pub status: IncidentStatus,
    /// Distinct finding ids.
    pub count: u64,
    /// Start of the earliest window.
    pub first_seen: Time,
    /// End of the latest window.
    pub last_seen: Time,
    /// One sentence.
    pub summary: String,
    /// Which opening this is, from 1.
    pub opening: u64,
    /// Entries in its log.
    pub events: u64,
    /// 1 − the smallest p-value of its findings.
    pub confidence: f64,
    /// The team it belongs to, once triaged.
    pub team: Option<String>,
    /// How it came to its end.
    pub outcome: Option<Outcome>,
    /// Who acknowledged it.
    pub acknowledged_by: Option<String>,
    /// What a person said it was (a label for training).
    pub label: Option<String>,
    /// Other incidents of the same entity and time.
    pub related: Vec<String>,
}

impl Meta {
    /// Reads the attributes.
    pub(super) fn read(id: &str, attributes: &Attributes) -> Result<Self, IncidentError> {
        fn field<V: DeserializeOwned>(
            id: &str,
            attributes: &Attributes,
            name: &str,
        ) -> Result<V, IncidentError> {
            let value = attributes.get(name).cloned().unwrap_or(Value::Null);
            serde_json::from_value(value).map_err(|_| IncidentError::Malformed {
                id: id.to_owned(),
                field: name.to_owned(),
            })
        }
        let number = |name: &str, otherwise: u64| {
            attributes
                .get(name)
                .and_then(Value::as_u64)
                .unwrap_or(otherwise)
        };
        Ok(Self {
            id: id.to_owned(),
            fingerprint: field(id, attributes, "fingerprint")?,
            source: field(id, attributes, "source")?,
            entity: field(id, attributes, "entity")?,
            kind: field(id, attributes, "kind")?,
            severity: field(id, attributes, "severity")?,
            status: field(id, attributes, "status")?,
            count: number("count", 0),
            first_seen: field(id, attributes, "first_seen")?,
            last_seen: field(id, attributes, "last_seen")?,
            summary: field(id, attributes, "summary")?,
            opening: number("opening", 1),
            events: number("events", 0),
            confidence: attributes
                .get("confidence")
                .and_then(Value::as_f64)
                .unwrap_or(0.0),
            team: field(id, attributes, "team")?,
            outcome: field(id, attributes, "outcome")?,
            acknowledged_by: field(id, attributes, "acknowledged_by")?,
            label: field(id, attributes, "label")?,
            related: field::<Option<Vec<String>>>(id, attributes, "related")?.unwrap_or_default(),
        })
    }

    /// The form of interfaces.
    pub(super) fn incident(
        self,
        finding_ids: Vec<String>,
        actions: Vec<IncidentAction>,
    ) -> Incident {
        Incident {
            id: self.id,
            fingerprint: self.fingerprint,
            source: self.source,
            entity: self.entity,
            kind: self.kind,
            severity: self.severity,
            status: self.status,
            count: self.count,
            first_seen: self.first_seen,
            last_seen: self.last_seen,
            summary: self.summary,
            finding_ids,
            actions,
        }
    }
}
