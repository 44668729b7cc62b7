//! Evaluation of a new model beside the current one, on records that neither learnt from and that
//! nobody labelled.
//!
//! What is asked is what an operator would ask: how often would it call, and would it find something?
//! The first is the share of windows that are called anomalous. For the second, faults are planted
//! into copies of windows (the idea of mutation analysis: DeMillo, Lipton & Sayward, "Hints on test
//! data selection", Computer 11(4), 1978): lines that were never seen, a flood of one line, lines
//! that are missing, lines in reverse order. The static rules take no part: they are the same
//! whatever was learnt.

use std::collections::BTreeMap;

use aiops_domain::training::{EVALUATION_SCHEMA, EvaluationReport, ModelQuality};
use aiops_domain::{LogRecord, Source};

use crate::evaluate::{Ranking, distance_from_uniform};
use crate::model::Model;
use crate::rng::Rng;
use crate::threshold::AlarmTarget;
use crate::window::{EventWindow, WindowError};

/// Lines of a window that is worth shortening or turning round.
const LINES_TO_MUTATE: usize = 6;

/// How much is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValidateOptions {
    /// Most windows that are scored as they are.
    pub windows_max: usize,
    /// Most windows that a fault is planted into.
    pub faults_max: usize,
    /// Seed of what is drawn.
    pub seed: u64,
}

impl Default for ValidateOptions {
    fn default() -> Self {
        Self {
            windows_max: 100_000,
            faults_max: 1_000,
            seed: 0,
        }
    }
}

/// Scores the records with both models. Each cuts them into windows its own way.
///
/// # Errors
/// When a model's windows cannot be used.
pub fn validate(
    candidate: &Model,
    current: Option<&Model>,
    records: &[LogRecord],
    options: ValidateOptions,
) -> Result<EvaluationReport, WindowError> {
    let (new, windows, faults) = quality(candidate, records, options)?;
    let current = current
        .map(|model| quality(model, records, options))
        .transpose()?
        .map(|(quality, ..)| quality);
    Ok(EvaluationReport {
        schema: EVALUATION_SCHEMA.to_owned(),
        windows,
        faults,
        accepted_alarm_rate: accepted(candidate.card().target),
        candidate: new,
        current,
    })
}

/// The share of quiet windows that a target lets be anomalous.
#[expect(clippy::cast_precision_loss, reason = "numbers of windows")]
fn accepted(target: AlarmTarget) -> f64 {
    match target {
        AlarmTarget::Rate(rate) => rate,
        AlarmTarget::Budget { pages, windows } => f64::from(pages) / windows.max(1) as f64,
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of windows")]
fn quality(
    model: &Model,
    records: &[LogRecord],
    options: ValidateOptions,
) -> Result<(ModelQuality, u64, u64), WindowError> {
    let model = model.clone().with_rules(false);
    let mut windows = cut(&model, records)?;
    let mut rng = Rng::stream(options.seed, 11);
    if windows.len() > options.windows_max {
        let mut kept = rng.sample(windows.len(), options.windows_max);
        kept.sort_unstable();
        windows = kept
            .into_iter()
            .filter_map(|at| windows.get(at).cloned())
            .collect();
    }
    let mut scored = Vec::with_capacity(windows.len() + options.faults_max);
    let mut p_values = Vec::with_capacity(windows.len());
    let mut alarms = 0u64;
    for window in &windows {
        let finding = model.score(window);
        alarms += u64::from(finding.anomalous);
        p_values.push(finding.p_value);
        scored.push((finding.score, false));
    }
    let (mut found, mut planted) = (0u64, 0u64);
    for (number, at) in rng
        .sample(windows.len(), options.faults_max)
        .into_iter()
        .enumerate()
    {
        let Some(window) = windows.get(at) else {
            continue;
        };
        let finding = model.score(&with_fault(window, number));
        planted += 1;
        found += u64::from(finding.anomalous);
        scored.push((finding.score, true));
    }
    let share = |part: u64, whole: u64| part as f64 / whole.max(1) as f64;
    let quality = ModelQuality {
        version: model_name(&model).0,
        sha256: model_name(&model).1,
        alarm_rate: share(alarms, windows.len() as u64),
        fault_recall: share(found, planted),
        fault_auc: Ranking::of(scored, 1.0).roc_auc,
        p_value_ks: distance_from_uniform(p_values),
    };
    Ok((quality, windows.len() as u64, planted))
}

fn model_name(model: &Model) -> (String, String) {
    (model.version().to_owned(), model.sha256().to_owned())
}

/// The windows of the sources that the model knows, in the order of their start.
fn cut(model: &Model, records: &[LogRecord]) -> Result<Vec<EventWindow>, WindowError> {
    let mut by_source: BTreeMap<Source, Vec<LogRecord>> = BTreeMap::new();
    for record in records {
        if model.threshold(record.source).is_some() {
            by_source
                .entry(record.source)
                .or_default()
                .push(record.clone());
        }
    }
    let mut windows = Vec::new();
    for (source, records) in by_source {
        let windowing = model.window_spec(source).compile()?;
        windows.extend(windowing.assemble(records).windows);
    }
    Ok(windows)
}

/// A copy of the window with the `number`-th fault: four kinds in turn.
fn with_fault(window: &EventWindow, number: usize) -> EventWindow {
    let mut faulty = window.clone();
    let long = window.records.len() >= LINES_TO_MUTATE;
    match number % 4 {
        0 => flood(&mut faulty, number),
        1 if long => {
            let kept = faulty.records.len() / 3;
            faulty.records.truncate(kept);
        }
        2 if long => {
            let messages: Vec<String> = faulty
                .records
                .iter()
                .rev()
                .map(|record| record.message.clone())
                .collect();
            for (record, message) in faulty.records.iter_mut().zip(messages) {
                record.message = message;
            }
        }
        _ => unseen(&mut faulty, number),
    }
    faulty
        .records
        .sort_by(|one, other| one.order().cmp(&other.order()));
    faulty
}

/// One of the lines, ten times as often as the window has lines.
fn flood(window: &mut EventWindow, number: usize) {
    let count = window.records.len();
    let Some(line) = window.records.get(number / 4 % count.max(1)).cloned() else {
        return;
    };
    let copies = count.saturating_mul(10).clamp(20, 500);
    window.records.extend((0..copies).map(|copy| LogRecord {
        id: format!("planted-{number}-{copy}"),
        ..line.clone()
    }));
}

/// Three lines of a form that was never seen.
fn unseen(window: &mut EventWindow, number: usize) {
    let Some(line) = window.records.last().cloned() else {
        return;
    };
    window.records.extend((0..3).map(|copy| LogRecord {
        id: format!("planted-{number}-{copy}"),
        message: format!(
            "planted fault: invariant broken in stage {copy}, giving up without retry"
        ),
        ..line.clone()
    }));
}

#[cfg(test)]
mod tests;
