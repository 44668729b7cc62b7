//! The gate: whether a new model may take the current one's place, by figures that need no label.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::EvaluationReport;

/// What a new model must reach.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GateLimits {
    /// Fewer windows say nothing about a rate of alarms.
    pub windows_min: u64,
    /// Fewer planted faults say nothing about what is found.
    pub faults_min: u64,
    /// The alarm rate may be so many times what the target accepts, or what the current model has,
    /// whichever is more; beside what chance adds to it.
    pub alarm_rate_factor: f64,
    /// An alarm rate that is always good enough.
    pub alarm_rate_floor: f64,
    /// How much less of the planted faults than the current model it may find.
    pub fault_recall_slack: f64,
    /// How far below the current model's its area under the ROC may be.
    pub fault_auc_slack: f64,
    /// The area under the ROC that it needs in any case.
    pub fault_auc_min: f64,
}

impl Default for GateLimits {
    fn default() -> Self {
        Self {
            windows_min: 100,
            faults_min: 40,
            alarm_rate_factor: 2.0,
            alarm_rate_floor: 0.005,
            fault_recall_slack: 0.05,
            fault_auc_slack: 0.02,
            fault_auc_min: 0.7,
        }
    }
}

/// What the gate says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether the model may be promoted.
    pub passed: bool,
    /// Why not, one sentence for each limit that is missed.
    pub reasons: Vec<String>,
}

impl EvaluationReport {
    /// The verdict by these limits.
    pub fn verdict(&self, limits: &GateLimits) -> Verdict {
        let mut reasons = Vec::new();
        let (new, current) = (&self.candidate, self.current.as_ref());
        if self.windows < limits.windows_min {
            reasons.push(format!(
                "{} windows were evaluated, at least {} are needed",
                self.windows, limits.windows_min
            ));
        }
        if self.faults < limits.faults_min {
            reasons.push(format!(
                "{} faults were planted, at least {} are needed",
                self.faults, limits.faults_min
            ));
        }
        let usual = current.map_or(0.0, |current| current.alarm_rate);
        let accepted = (self.accepted_alarm_rate.max(usual) * limits.alarm_rate_factor)
            .max(limits.alarm_rate_floor);
        let most = accepted + chance(accepted, self.windows);
        if !at_most(new.alarm_rate, most) {
            reasons.push(format!(
                "{:.2} % of the windows are called anomalous, at most {:.2} % may be",
                new.alarm_rate * 100.0,
                most * 100.0
            ));
        }
        let recall_min = current.map_or(0.0, |c| c.fault_recall - limits.fault_recall_slack);
        if !at_most(recall_min, new.fault_recall) {
            reasons.push(format!(
                "{:.1} % of the planted faults are found, at least {:.1} % must be",
                new.fault_recall * 100.0,
                recall_min * 100.0
            ));
        }
        let auc_min = current
            .map_or(0.0, |current| current.fault_auc - limits.fault_auc_slack)
            .max(limits.fault_auc_min);
        if !at_most(auc_min, new.fault_auc) {
            reasons.push(format!(
                "planted faults are told apart with an area under the ROC of {:.3}, at least {auc_min:.3} is needed",
                new.fault_auc
            ));
        }
        Verdict {
            passed: reasons.is_empty(),
            reasons,
        }
    }
}

/// False for what is no number: a figure that could not be had does not pass.
fn at_most(value: f64, limit: f64) -> bool {
    value.partial_cmp(&limit).is_some_and(Ordering::is_le)
}

/// Three standard deviations of a share of so many windows.
#[expect(clippy::cast_precision_loss, reason = "numbers of windows")]
fn chance(rate: f64, windows: u64) -> f64 {
    3.0 * (rate * (1.0 - rate) / windows.max(1) as f64)
        .max(0.0)
        .sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::{EVALUATION_SCHEMA, ModelQuality};

    fn quality(alarm_rate: f64, fault_recall: f64, fault_auc: f64) -> ModelQuality {
        ModelQuality {
            version: "v".into(),
            sha256: "0".repeat(64),
            alarm_rate,
            fault_recall,
            fault_auc,
            p_value_ks: 0.04,
        }
    }

    fn report(candidate: ModelQuality, current: Option<ModelQuality>) -> EvaluationReport {
        EvaluationReport {
            schema: EVALUATION_SCHEMA.into(),
            windows: 1000,
            faults: 200,
            accepted_alarm_rate: 0.001,
            candidate,
            current,
        }
    }

    #[test]
    fn a_model_that_is_as_good_passes() {
        let as_good = report(quality(0.002, 0.8, 0.95), Some(quality(0.001, 0.82, 0.96)));
        assert_eq!(
            as_good.verdict(&GateLimits::default()),
            Verdict {
                passed: true,
                reasons: Vec::new()
            }
        );
        let first = report(quality(0.004, 0.4, 0.9), None);
        assert!(first.verdict(&GateLimits::default()).passed);
    }

    #[test]
    fn each_limit_is_said_when_it_is_missed() {
        let mut worse = report(quality(0.2, 0.5, 0.6), Some(quality(0.001, 0.9, 0.97)));
        (worse.windows, worse.faults) = (99, 3);
        let verdict = worse.verdict(&GateLimits::default());
        assert!(!verdict.passed);
        assert_eq!(
            verdict.reasons,
            [
                "99 windows were evaluated, at least 100 are needed",
                "3 faults were planted, at least 40 are needed",
                "20.00 % of the windows are called anomalous, at most 2.63 % may be",
                "50.0 % of the planted faults are found, at least 85.0 % must be",
                "planted faults are told apart with an area under the ROC of 0.600, at least 0.950 is needed",
            ]
        );
    }

    #[test]
    fn a_figure_that_is_no_number_does_not_pass() {
        for broken in [
            quality(f64::NAN, 1.0, 1.0),
            quality(0.0, f64::NAN, 1.0),
            quality(0.0, 1.0, f64::NAN),
        ] {
            assert!(!report(broken, None).verdict(&GateLimits::default()).passed);
        }
    }
}
