//! The event of an SQS mapping, and the answer that names what failed (ReportBatchItemFailures).

use aiops_domain::Time;
use serde::{Deserialize, Serialize};

use super::{Outcome, Received};
use crate::metrics::{Metrics, Unit};

/// A batch of messages.
#[derive(Debug, Clone, Deserialize)]
pub struct SqsEvent {
    /// The messages.
    #[serde(rename = "Records", default)]
    records: Vec<SqsRecord>,
}

#[derive(Debug, Clone, Deserialize)]
struct SqsRecord {
    #[serde(rename = "messageId")]
    message_id: String,
    #[serde(default)]
    body: String,
}

/// The messages that are to be delivered again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BatchAnswer {
    #[serde(rename = "batchItemFailures")]
    failures: Vec<BatchFailure>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct BatchFailure {
    #[serde(rename = "itemIdentifier")]
    id: String,
}

impl SqsEvent {
    /// The messages of the batch.
    pub fn into_messages(self) -> Vec<Received> {
        self.records
            .into_iter()
            .map(|record| Received {
                id: record.message_id,
                body: record.body,
            })
            .collect()
    }
}

impl BatchAnswer {
    /// The answer that has these messages delivered again.
    pub fn failing(ids: Vec<String>) -> Self {
        Self {
            failures: ids.into_iter().map(|id| BatchFailure { id }).collect(),
        }
    }
}

impl Outcome {
    /// The answer to Lambda.
    pub fn answer(self) -> BatchAnswer {
        BatchAnswer::failing(self.failed)
    }

    /// Writes the function's own metrics of the batch.
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
    pub fn emit(&self, namespace: &str, now: Time, output: impl std::io::Write) {
        let mut metrics = Metrics::new(namespace).dimension("Function", "anomaly-detector");
        let changes = &self.changes;
        for (name, count) in [
            ("Messages", self.messages),
            ("FailedMessages", self.failed.len() as u64),
            ("Lines", self.lines),
            ("UnreadableLines", self.unreadable_lines),
            ("Windows", self.windows),
            ("Findings", changes.added),
            ("FindingsRetracted", changes.retracted),
            ("FindingsChanged", changes.changed),
            ("Incidents", changes.opened),
            ("WorkflowsStarted", self.started),
        ] {
            metrics = metrics.value(name, Unit::Count, count as f64);
        }
        if let Some(compared) = self.candidate {
            for (name, count) in [
                ("FindingsOfBothModels", compared.both),
                ("FindingsOfCurrentOnly", compared.only_current),
                ("FindingsOfCandidateOnly", compared.only_candidate),
            ] {
                metrics = metrics.value(name, Unit::Count, count as f64);
            }
        }
        if let Some(drift) = self.drift {
            for (name, value) in [
                ("DriftDivergence", drift.divergence),
                ("DriftLinesRatio", drift.lines_ratio),
                ("DriftNovelWindowsShare", drift.novel_windows_share),
            ] {
                metrics = metrics.value(name, Unit::None, value);
            }
        }
        if let Some(lag_ms) = self.lag_ms {
            metrics = metrics.value("Lag", Unit::Milliseconds, lag_ms as f64);
        }
        metrics.emit(now, output);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_and_the_answer_have_the_form_of_lambda() {
        let event: SqsEvent = serde_json::from_str(
            r#"{"Records":[{"messageId":"a","receiptHandle":"h","body":"{}","attributes":{}},{"messageId":"b","body":"x"}]}"#,
        )
        .unwrap();
        let messages = event.into_messages();
        assert_eq!(
            (messages[0].id.as_str(), messages[1].body.as_str()),
            ("a", "x")
        );
        let outcome = Outcome {
            failed: vec!["b".into()],
            ..Outcome::default()
        };
        assert_eq!(
            serde_json::to_string(&outcome.answer()).unwrap(),
            r#"{"batchItemFailures":[{"itemIdentifier":"b"}]}"#
        );
    }

    #[test]
    fn a_batch_is_one_line_of_metrics() {
        let outcome = Outcome {
            messages: 2,
            lines: 7,
            lag_ms: Some(12),
            ..Outcome::default()
        };
        let mut line = Vec::new();
        outcome.emit("Aiops", Time::from_millis(0), &mut line);
        let line: serde_json::Value = serde_json::from_slice(&line).unwrap();
        assert_eq!(line["Lines"], 7.0);
        assert_eq!(line["Lag"], 12.0);
        assert_eq!(line["Function"], "anomaly-detector");
    }
}
