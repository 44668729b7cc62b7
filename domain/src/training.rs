//! What a training job and those who start it agree on: channels, metrics, and the report of the
//! evaluation that the gate decides by.

use serde::{Deserialize, Serialize};

pub mod gate;

pub use gate::{GateLimits, Verdict};

/// The channel of the segments to learn from.
pub const TRAINING_CHANNEL: &str = "training";

/// The channel of the segments to evaluate on; none of them is learnt from.
pub const VALIDATION_CHANNEL: &str = "validation";

/// The channel of the current model, which is evaluated beside the new one.
pub const CURRENT_CHANNEL: &str = "current";

/// The model in a job's `model.tar.gz`.
pub const MODEL_FILE: &str = "model.aiops";

/// The evaluation in a job's `model.tar.gz`.
pub const EVALUATION_FILE: &str = "evaluation.json";

/// The version of [`EvaluationReport`].
pub const EVALUATION_SCHEMA: &str = "aiops.evaluation/1";

/// What a training job tells of itself, by the names that CloudWatch gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TrainingMetric {
    /// Lines learnt from.
    Lines,
    /// Windows learnt from.
    Windows,
    /// Templates mined.
    Templates,
    /// Windows evaluated on.
    ValidationWindows,
    /// Share of validation windows that are called anomalous.
    AlarmRate,
    /// Share of planted faults that are found.
    FaultRecall,
    /// Area under the ROC of planted faults against untouched windows.
    FaultAuc,
    /// Distance of the p-values of validation windows from uniform (Kolmogorov-Smirnov).
    PValueKs,
    /// [`Self::AlarmRate`] of the current model.
    CurrentAlarmRate,
    /// [`Self::FaultRecall`] of the current model.
    CurrentFaultRecall,
    /// Seconds of the whole job in the container.
    Seconds,
}

impl TrainingMetric {
    /// Every metric, in the order in which they are printed.
    pub const ALL: [Self; 11] = [
        Self::Lines,
        Self::Windows,
        Self::Templates,
        Self::ValidationWindows,
        Self::AlarmRate,
        Self::FaultRecall,
        Self::FaultAuc,
        Self::PValueKs,
        Self::CurrentAlarmRate,
        Self::CurrentFaultRecall,
        Self::Seconds,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lines => "train:lines",
            Self::Windows => "train:windows",
            Self::Templates => "train:templates",
            Self::ValidationWindows => "validation:windows",
            Self::AlarmRate => "validation:alarm_rate",
            Self::FaultRecall => "validation:fault_recall",
            Self::FaultAuc => "validation:fault_auc",
            Self::PValueKs => "validation:p_value_ks",
            Self::CurrentAlarmRate => "current:alarm_rate",
            Self::CurrentFaultRecall => "current:fault_recall",
            Self::Seconds => "train:seconds",
        }
    }

    /// The line on standard output that carries a value.
    pub fn line(self, value: f64) -> String {
        format!("metric {}={value};", self.name())
    }

    /// The regular expression that finds the value in [`Self::line`]; its group is the number. What a
    /// job is created with, so that SageMaker makes CloudWatch metrics of the lines.
    pub fn regex(self) -> String {
        format!("metric {}=([0-9.eE+-]+);", self.name())
    }
}

/// How a new model, and the current one, do on the same windows that neither learnt from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvaluationReport {
    /// [`EVALUATION_SCHEMA`].
    pub schema: String,
    /// Windows without planted faults.
    pub windows: u64,
    /// Planted faults.
    pub faults: u64,
    /// Share of windows that the new model's alarm target accepts as false alarms.
    pub accepted_alarm_rate: f64,
    /// The new model.
    pub candidate: ModelQuality,
    /// The current model, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<ModelQuality>,
}

/// One model's figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelQuality {
    /// The model's version.
    pub version: String,
    /// SHA-256 of its artefact, hex.
    pub sha256: String,
    /// Share of the windows that it calls anomalous.
    pub alarm_rate: f64,
    /// Share of the planted faults that it calls anomalous.
    pub fault_recall: f64,
    /// Area under the ROC of the planted faults against the windows.
    pub fault_auc: f64,
    /// Kolmogorov-Smirnov distance of the windows' p-values from uniform.
    pub p_value_ks: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_s_name_is_its_own() {
        let mut names: Vec<_> = TrainingMetric::ALL.map(TrainingMetric::name).into();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), TrainingMetric::ALL.len());
        assert_eq!(
            TrainingMetric::FaultRecall.line(0.5),
            "metric validation:fault_recall=0.5;"
        );
    }
}
