//! What the endpoint is asked and answers: windows in, findings out.

use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Interval};
use crate::record::LogRecord;
use crate::source::Source;

/// The version of [`ScoringResponse`].
pub const SCORING_SCHEMA: &str = "aiops.scores/1";

/// A window to score: the records of one interval (or one keyed sequence) of one entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoringWindow {
    /// Where the lines come from.
    pub source: Source,
    /// What they are about.
    pub entity: String,
    /// The key of a keyed sequence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Its bounds.
    pub window: Interval,
    /// Its records, distinct by id, in order, at least one.
    pub records: Vec<LogRecord>,
}

/// A request in JSON: windows as they are, or records that the endpoint cuts into windows by its
/// model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum ScoringRequest {
    /// To be scored one by one.
    Windows {
        /// In the order of the answer's findings.
        windows: Vec<ScoringWindow>,
    },
    /// To be cut into windows first, all of them closed.
    Records {
        /// In any order.
        records: Vec<LogRecord>,
    },
}

/// Which model answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoringModel {
    /// Its version.
    pub version: String,
    /// SHA-256 of its artefact, hex.
    pub sha256: String,
}

/// The answer in JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoringResponse {
    /// [`SCORING_SCHEMA`].
    pub schema: String,
    /// The model that scored.
    pub model: ScoringModel,
    /// One per window, whether it is anomalous or not.
    pub findings: Vec<Finding>,
}
