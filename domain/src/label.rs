//! What operators said of findings: the input of retraining, one JSON object per line.

use serde::{Deserialize, Serialize};

use crate::finding::Finding;
use crate::time::Time;

/// What an operator says of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "label", rename_all = "lowercase")]
pub enum Verdict {
    /// It was worth a page.
    True,
    /// It was not.
    False,
    /// It is what happens here for now: nobody is to be told until then.
    Expected {
        /// Until when, in event time.
        until: Time,
    },
}

/// A finding with its verdict: `{"label":"true"|"false","finding":{…}}` or
/// `{"label":"expected","until":"…","finding":{…}}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FindingLabel {
    /// What was said.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Of what.
    pub finding: Finding,
}

/// A line that is no label.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {source}")]
pub struct LabelError {
    /// Its number, from 1.
    pub line: usize,
    #[source]
    source: serde_json::Error,
}

impl FindingLabel {
    /// Reads a file of labels; blank lines are passed over. Of two labels of one finding the later
    /// line counts.
    ///
    /// # Errors
    /// [`LabelError`] with the first line that is none.
    pub fn read_all(text: &str) -> Result<Vec<Self>, LabelError> {
        let mut labels: Vec<Self> = Vec::new();
        for (number, line) in text.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let label: Self = serde_json::from_str(line).map_err(|source| LabelError {
                line: number + 1,
                source,
            })?;
            labels.retain(|known| known.finding.id != label.finding.id);
            labels.push(label);
        }
        Ok(labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINDING: &str = r#"{"id":"a","source":"ec2","entity":"web-1","key":null,"window":{"start":"2026-08-01T00:00:00.000Z","end":"2026-08-01T00:01:00.000Z"},"kind":"log_anomaly","score":9.0,"p_value":0.001,"anomalous":true,"templates":[],"example":null}"#;

    #[test]
    fn a_line_is_a_label_and_the_last_word_counts() {
        let text = format!(
            "{{\"label\":\"true\",\"finding\":{FINDING}}}\n\n{{\"label\":\"expected\",\"until\":\"2026-09-01T00:00:00Z\",\"finding\":{FINDING}}}\n"
        );
        let labels = FindingLabel::read_all(&text).unwrap();
        assert_eq!(labels.len(), 1);
        let until = "2026-09-01T00:00:00Z".parse().unwrap();
        assert_eq!(labels[0].verdict, Verdict::Expected { until });
        let again = serde_json::to_string(&labels[0]).unwrap();
        assert_eq!(FindingLabel::read_all(&again).unwrap(), labels);
    }

    #[test]
    fn what_is_no_label_is_named_by_its_line() {
        for line in [
            "{}".to_owned(),
            format!("{{\"label\":\"maybe\",\"finding\":{FINDING}}}"),
            format!("{{\"label\":\"expected\",\"finding\":{FINDING}}}"),
        ] {
            let error = FindingLabel::read_all(&format!("\n{line}")).unwrap_err();
            assert_eq!(error.line, 2);
        }
    }
}
