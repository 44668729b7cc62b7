//! What an incident says of its findings: since when, until when, in one sentence.

use aiops_domain::{Finding, Time};
use serde_json::json;

use crate::ports::Attributes;

/// What an incident says of its findings.
pub(super) struct Extent {
    /// Start and id of the earliest finding.
    pub(super) first: (Time, String),
    /// End of the latest.
    pub(super) last_seen: Time,
    /// What the earliest says; none: what stands already stays.
    pub(super) summary: Option<String>,
}

impl Extent {
    pub(super) fn of<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> Option<Self> {
        let mut extent: Option<Self> = None;
        for finding in findings {
            let first = (finding.window.start, finding.id.clone());
            let last_seen = finding.window.end;
            let extent = extent.get_or_insert_with(|| Self {
                first: first.clone(),
                last_seen,
                summary: None,
            });
            if first <= extent.first {
                extent.first = first;
                extent.summary = Some(summary_of(finding));
            }
            extent.last_seen = extent.last_seen.max(last_seen);
        }
        extent
    }

    pub(super) fn attributes(self) -> Attributes {
        let mut set = Attributes::from([
            ("first_seen".into(), json!(self.first.0)),
            ("first_finding".into(), json!(self.first.1)),
            ("last_seen".into(), json!(self.last_seen)),
        ]);
        if let Some(summary) = self.summary {
            set.insert("summary".into(), json!(summary));
        }
        set
    }
}

pub(super) fn summary_of(finding: &Finding) -> String {
    if finding.summary.is_empty() {
        format!(
            "{} on {} ({})",
            finding.kind, finding.entity, finding.source
        )
    } else {
        finding.summary.clone()
    }
}
