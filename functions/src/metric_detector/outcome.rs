//! What became of a batch, for Lambda and for the function's own metrics.

use aiops_domain::Time;

use super::COMPONENT;
use crate::detector::event::BatchAnswer;
use crate::detector::ledger::Changes;
use crate::metrics::{Metrics, Unit};

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Messages to be delivered again.
    pub failed: Vec<String>,
    /// Messages of the batch.
    pub messages: u64,
    /// Points of the objects that were notified.
    pub points: u64,
    /// Points too old or too far in the future.
    pub points_passed_over: u64,
    /// Lines that are no point.
    pub unreadable_lines: u64,
    /// Metrics that had points.
    pub series: u64,
    /// Points that were judged, again or for the first time.
    pub points_judged: u64,
    /// The newest point.
    pub newest: Option<Time>,
    /// What changed.
    pub changes: Changes,
    /// Workflows that were started.
    pub started: u64,
}

impl Outcome {
    /// The answer to Lambda.
    pub fn answer(self) -> BatchAnswer {
        BatchAnswer::failing(self.failed)
    }

    /// Writes the function's own metrics of the batch.
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
    pub fn emit(&self, namespace: &str, now: Time, output: impl std::io::Write) {
        let mut metrics = Metrics::new(namespace).dimension("Function", COMPONENT);
        for (name, count) in [
            ("Messages", self.messages),
            ("FailedMessages", self.failed.len() as u64),
            ("Points", self.points),
            ("PointsPassedOver", self.points_passed_over),
            ("UnreadableLines", self.unreadable_lines),
            ("Series", self.series),
            ("Findings", self.changes.added),
            ("FindingsRetracted", self.changes.retracted),
            ("FindingsChanged", self.changes.changed),
            ("Incidents", self.changes.opened),
            ("WorkflowsStarted", self.started),
        ] {
            metrics = metrics.value(name, Unit::Count, count as f64);
        }
        if let Some(newest) = self.newest {
            let lag_ms = now.millis_since(newest);
            metrics = metrics.value("Lag", Unit::Milliseconds, lag_ms as f64);
        }
        metrics.emit(now, output);
    }
}
