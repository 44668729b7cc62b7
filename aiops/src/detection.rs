//! Detection on records in memory: what `aiops detect` prints, and what the same lines must give when
//! they are streamed.

use std::collections::BTreeMap;

use aiops_domain::{Finding, LogRecord, Source};
use aiops_model::drift::{Drift, DriftMeter};
use aiops_model::window::WindowError;
use aiops_model::{EventWindow, Model};

/// What was found in a set of records.
#[derive(Debug, Clone, PartialEq)]
pub struct Detection {
    /// Distinct lines.
    pub lines: u64,
    /// Lines that no window holds because they have no key.
    pub without_key: u64,
    /// Windows that were scored.
    pub windows: u64,
    /// In the order of their windows.
    pub findings: Vec<Finding>,
    /// How far the windows are from what the model was trained on.
    pub drift: BTreeMap<Source, Drift>,
}

/// Scores every window of the records, each source cut as the model wants. Findings are the
/// anomalous windows, or all of them. `progress` is told of each window.
///
/// # Errors
/// A window of the model that cannot be used.
pub fn detect(
    model: &Model,
    records: Vec<LogRecord>,
    all: bool,
    progress: &dyn Fn(Scored),
) -> Result<Detection, WindowError> {
    let (windows, lines, without_key) = assemble(model, records)?;
    let total = windows.len() as u64;
    let mut meter = DriftMeter::default();
    let findings = (1..)
        .zip(&windows)
        .map(|(windows, window)| {
            progress(Scored { windows, total });
            model.score_and_measure(window, &mut meter)
        })
        .filter(|finding| all || finding.anomalous)
        .collect();
    Ok(Detection {
        lines,
        without_key,
        windows: total,
        findings,
        drift: model.drift(&meter),
    })
}

/// How far scoring is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scored {
    /// Windows so far.
    pub windows: u64,
    /// All windows.
    pub total: u64,
}

/// The windows of all sources, each cut as the model wants, in the order of their start.
fn assemble(
    model: &Model,
    input: Vec<LogRecord>,
) -> Result<(Vec<EventWindow>, u64, u64), WindowError> {
    let mut by_source: BTreeMap<Source, Vec<_>> = BTreeMap::new();
    for record in input {
        by_source.entry(record.source).or_default().push(record);
    }
    let mut windows = Vec::new();
    let (mut lines, mut without_key) = (0, 0);
    for (source, records) in by_source {
        let windowing = model.window_spec(source).compile()?;
        let assembly = windowing.assemble(records);
        lines += assembly.lines;
        without_key += assembly.without_key;
        windows.extend(assembly.windows);
    }
    windows.sort_by(|one, other| {
        (one.interval, one.source, &one.entity, &one.key).cmp(&(
            other.interval,
            other.source,
            &other.entity,
            &other.key,
        ))
    });
    Ok((windows, lines, without_key))
}
