//! Operators' labels at retraining. A window that was rightly paged is kept out of what counts as
//! normal, and stays found; one that was wrongly paged counts as normal whatever the cleaning thinks,
//! and is found no more; what is expected until some day is scored but not called anomalous before
//! it. The same records, labels and options give the same model.

use std::collections::HashMap;

use aiops_domain::{Finding, FindingLabel, Kind, Source, Time, Verdict};
use serde::{Deserialize, Serialize};

/// What a label says of a window of training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// An incident.
    Anomalous,
    /// None.
    Normal,
}

/// Findings of this cause are expected for a while.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// Where.
    pub source: Source,
    /// About what.
    pub entity: String,
    /// Of which kind.
    pub kind: Kind,
    /// Windows that start before this are not anomalous on that account.
    pub until: Time,
}

impl Expected {
    /// Whether a finding is of this cause and time.
    pub fn covers(&self, finding: &Finding) -> bool {
        self.source == finding.source
            && self.kind == finding.kind
            && self.entity == finding.entity
            && finding.window.start < self.until
    }
}

/// How many labels had an effect; part of the model card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LabelCounts {
    /// Windows of training that were rightly paged.
    pub anomalous: u64,
    /// Windows of training that were wrongly paged.
    pub normal: u64,
    /// Causes that are expected for a while.
    pub expected: u64,
    /// Labels of windows that the training data does not hold (any more).
    pub without_window: u64,
}

/// Labels by what they are about.
#[derive(Debug, Default)]
pub struct Labels {
    by_finding: HashMap<String, Judgement>,
    expected: Vec<Expected>,
}

impl Labels {
    /// These labels. Of two of one finding the later counts.
    pub fn new(labels: &[FindingLabel]) -> Self {
        let mut sorted = Self::default();
        let mut until: HashMap<(Source, &str, Kind), Time> = HashMap::new();
        for label in labels {
            let finding = &label.finding;
            let judgement = match label.verdict {
                Verdict::True => Judgement::Anomalous,
                Verdict::False => Judgement::Normal,
                Verdict::Expected { until: day } => {
                    let cause = (finding.source, finding.entity.as_str(), finding.kind);
                    let known = until.entry(cause).or_insert(day);
                    *known = day.max(*known);
                    continue;
                }
            };
            sorted.by_finding.insert(finding.id.clone(), judgement);
        }
        sorted.expected = until
            .into_iter()
            .map(|((source, entity, kind), until)| Expected {
                source,
                entity: entity.to_owned(),
                kind,
                until,
            })
            .collect();
        sorted.expected.sort();
        sorted
    }

    /// What is said of the window of a source with this start, entity and key.
    pub fn of_window(
        &self,
        source: Source,
        entity: &str,
        key: Option<&str>,
        start: Time,
    ) -> Option<Judgement> {
        if self.by_finding.is_empty() {
            return None;
        }
        let id = Finding::id_for(source, entity, key, start);
        self.by_finding.get(&id).copied()
    }

    /// Causes that are expected for a while.
    pub fn expected(&self) -> &[Expected] {
        &self.expected
    }

    /// The counts, given how many windows were found for the labels.
    pub fn counts(&self, anomalous: u64, normal: u64) -> LabelCounts {
        LabelCounts {
            anomalous,
            normal,
            expected: self.expected.len() as u64,
            without_window: (self.by_finding.len() as u64).saturating_sub(anomalous + normal),
        }
    }
}
