//! The model card: what a model was made of and from, inside of its artefact.

use std::collections::BTreeMap;

use aiops_domain::{Interval, Source};
use serde::{Deserialize, Serialize};

use crate::labels::LabelCounts;
use crate::threshold::AlarmTarget;

/// What a model was made of and from (after Mitchell et al., "Model cards for model reporting", FAT*
/// 2019).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ModelCard {
    /// Seed of the training.
    pub seed: u64,
    /// False alarms that the thresholds accept.
    pub target: AlarmTarget,
    /// Operators' labels that took part.
    #[serde(default)]
    pub labels: LabelCounts,
    /// Per source.
    pub sources: BTreeMap<Source, SourceCard>,
}

/// What a source's part was made of and from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceCard {
    /// Event time of the first and after the last record.
    pub data: Interval,
    /// Lines.
    pub lines: u64,
    /// Windows.
    pub windows: u64,
    /// Windows that self-cleaning left out of the fit.
    pub windows_left_out: u64,
    /// Templates.
    pub templates: u64,
    /// Score above which a window is anomalous.
    pub threshold: f64,
    /// What drift is measured against.
    pub baseline: DriftBaseline,
}

/// How training looks by the measures of drift.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DriftBaseline {
    /// Lines per window.
    pub lines_per_window: f64,
    /// Windows that hold a template of no other window, as a share: how often something new is to
    /// be expected.
    pub novel_windows_share: f64,
    /// Share of lines per template, by the template's number.
    #[serde(with = "crate::packed::f64s")]
    pub template_shares: Vec<f64>,
}
