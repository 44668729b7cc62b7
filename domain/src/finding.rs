//! A window that was scored, and why it stands out.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::kind::Kind;
use crate::source::Source;
use crate::time::Time;

/// A span of event time: `start` belongs to it, `end` does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Interval {
    /// First instant.
    pub start: Time,
    /// First instant after it.
    pub end: Time,
}

/// A template's part in a score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FindingTemplate {
    /// Stable id of the template within the model.
    pub id: String,
    /// The template's text.
    pub template: String,
    /// How often it occurred in the window.
    pub count: u64,
    /// How often a normal window of this length has it.
    pub expected: f64,
    /// Its share of the score, 0 to 1.
    pub contribution: f64,
}

/// A line that shows what the finding is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineExample {
    /// Line number in a file (from 1), or the line's position in its window.
    pub line: u64,
    /// The original line, untrusted: whoever shows it escapes it.
    pub text: String,
}

/// A scored window. Its fixed fields are those of `docs/reference/interfaces.md`; the optional ones
/// carry what remediation and people need beyond them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// [`Finding::id_for`] of what it is about: the same window has the same id at every scoring.
    pub id: String,
    /// Where the lines come from.
    pub source: Source,
    /// What they are about.
    pub entity: String,
    /// The key of a keyed sequence (a request, a block, a pod).
    pub key: Option<String>,
    /// The event time that was scored.
    pub window: Interval,
    /// What it looks like.
    pub kind: Kind,
    /// Raw score; higher is stranger. Comparable within one model only.
    pub score: f64,
    /// Probability of a score at least this high in a normal window, calibrated.
    pub p_value: f64,
    /// Whether it passed the threshold or a rule.
    pub anomalous: bool,
    /// What moved the score, most first.
    pub templates: Vec<FindingTemplate>,
    /// One line that shows it.
    pub example: Option<LineExample>,
    /// One sentence for a person.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// The remote address that a rule read from a parsed field of the lines (never from free text
    /// alone): the only thing of a line that may become the target of a remediation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<std::net::IpAddr>,
    /// The log group of the line in `example`, else of the window's first line: who owns the group
    /// owns the finding. Metrics have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_group: Option<String>,
}

impl Finding {
    /// The id of the finding about this window: 32 hex digits.
    pub fn id_for(source: Source, entity: &str, key: Option<&str>, start: Time) -> String {
        let mut hash = Sha256::new();
        for part in [
            source.as_str(),
            entity,
            key.unwrap_or(""),
            &start.as_millis().to_string(),
        ] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hex(&hash.finalize()[..16])
    }
}

/// Lower-case hex digits of `bytes`.
pub fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let mut text = String::with_capacity(bytes.len() * 2);
    text.extend(digits.filter_map(|digit| char::from_digit(digit.into(), 16)));
    text
}
