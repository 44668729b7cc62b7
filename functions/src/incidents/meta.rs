//! An incident's `meta` item, read.

use std::ops::Deref;

use aiops_domain::incident::event::Outcome;
use aiops_domain::{Incident, IncidentAction, Time, Verdict};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::IncidentError;
use crate::ports::Attributes;

/// What is known of an incident as a whole: the [`Incident`] without its findings and actions, which are
/// items of their own, and what only the functions need.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Meta {
    /// What people and scripts see; it has no findings and no actions here.
    #[serde(flatten)]
    pub incident: Incident,
    /// Which opening this is, from 1.
    #[serde(default = "first")]
    pub opening: u64,
    /// Entries in its log.
    #[serde(default)]
    pub events: u64,
    /// 1 − the smallest p-value of its findings.
    #[serde(default)]
    pub confidence: f64,
    /// The team it belongs to, once triaged.
    pub team: Option<String>,
    /// How it came to its end.
    pub outcome: Option<Outcome>,
    /// Who acknowledged it.
    pub acknowledged_by: Option<String>,
    /// What a person said it was.
    #[serde(default, deserialize_with = "verdict")]
    pub label: Option<Verdict>,
    /// The incident that names the cause of this one, which only says that something is strange.
    pub part_of: Option<String>,
    /// When somebody was told of an end of it.
    pub told: Option<Told>,
}

/// What was told last of an incident's end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// When.
    pub at: Time,
    /// How many findings it had.
    pub count: u64,
    /// How it had ended.
    pub outcome: Option<Outcome>,
}

const fn first() -> u64 {
    1
}

/// A label was a word before it was a verdict; `expected` without an end says nothing to training.
fn verdict<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Verdict>, D::Error> {
    let value = Option::<Value>::deserialize(deserializer)?;
    Ok(value.and_then(|value| match value.as_str() {
        Some("true") => Some(Verdict::True),
        Some("false") => Some(Verdict::False),
        _ => serde_json::from_value(value).ok(),
    }))
}

impl Deref for Meta {
    type Target = Incident;

    fn deref(&self) -> &Incident {
        &self.incident
    }
}

impl Meta {
    /// Reads the attributes.
    pub(super) fn read(id: &str, attributes: &Attributes) -> Result<Self, IncidentError> {
        let fields = attributes.clone().into_iter().collect();
        serde_json::from_value(Value::Object(fields)).map_err(|error| IncidentError::Malformed {
            id: id.to_owned(),
            detail: error.to_string(),
        })
    }

    /// The form of interfaces.
    pub(super) fn incident(
        self,
        finding_ids: Vec<String>,
        actions: Vec<IncidentAction>,
    ) -> Incident {
        Incident {
            finding_ids,
            actions,
            ..self.incident
        }
    }
}
