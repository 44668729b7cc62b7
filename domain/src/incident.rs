//! An incident: findings of one cause on one entity, and what was done about them.

pub mod event;
pub mod lifecycle;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::finding::hex;
use crate::kind::Kind;
use crate::source::Source;
use crate::time::Time;

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the words are the field's own")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

/// Where an incident stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words are the field's own")]
pub enum IncidentStatus {
    Open,
    Triaged,
    Planned,
    AwaitingApproval,
    Remediating,
    Verifying,
    Resolved,
    RolledBack,
    Failed,
    Suppressed,
}

/// The outcome of looking whether an action did what it should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionCheck {
    /// Whether the state is as the plan says.
    pub passed: bool,
    /// What was seen.
    pub detail: String,
}

/// One remediation of an incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IncidentAction {
    /// Id of this action.
    pub id: String,
    /// Name in the catalogue.
    pub action: String,
    /// What it acts on.
    pub target: String,
    /// off, dry-run, approve or automatic.
    pub mode: String,
    /// planned, awaiting_approval, approved, denied, expired, executing, executed, verified, undoing,
    /// undone, failed.
    pub status: String,
    /// sha256 of the plan as RFC 8785 JSON.
    pub plan_digest: String,
    /// The state before, as recorded.
    pub prior_state: serde_json::Value,
    /// The check after, if it ran.
    pub check: Option<ActionCheck>,
    /// Whether the prior state was restored.
    pub undone: bool,
}

/// An incident as people and scripts see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Id, unique over re-openings.
    pub id: String,
    /// [`Incident::fingerprint_of`] its cause.
    pub fingerprint: String,
    /// Where the lines come from.
    pub source: Source,
    /// What they are about.
    pub entity: String,
    /// Fixed when it opens.
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
    /// One sentence for a person.
    pub summary: String,
    /// The findings (at most the first hundred; `count` is exact).
    #[serde(default)]
    pub finding_ids: Vec<String>,
    /// What was planned and done.
    #[serde(default)]
    pub actions: Vec<IncidentAction>,
}

/// A field that tells one cause from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the words are the field's own")]
pub enum FingerprintField {
    Source,
    Entity,
    Kind,
}

impl FingerprintField {
    /// Every field: the finest fingerprint.
    pub const ALL: [Self; 3] = [Self::Source, Self::Entity, Self::Kind];
}

impl Incident {
    /// What makes two findings one incident: source, entity and kind. 32 hex digits.
    pub fn fingerprint_of(source: Source, entity: &str, kind: Kind) -> String {
        Self::fingerprint_by(&FingerprintField::ALL, source, entity, kind)
    }

    /// The same by some of the fields; those that are left out tell nothing apart.
    pub fn fingerprint_by(
        fields: &[FingerprintField],
        source: Source,
        entity: &str,
        kind: Kind,
    ) -> String {
        let mut hash = Sha256::new();
        for field in FingerprintField::ALL {
            let part = match field {
                FingerprintField::Source => source.as_str(),
                FingerprintField::Entity => entity,
                FingerprintField::Kind => kind.as_str(),
            };
            if fields.contains(&field) {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            } else {
                // No part is so long.
                hash.update(u64::MAX.to_be_bytes());
            }
        }
        hex(&hash.finalize()[..16])
    }
}
