//! Precision, recall, F1, the areas under the two curves, and their uncertainty.

use serde::Serialize;

use crate::rng::Rng;

/// Outcomes of one split, in sessions; normal sessions weigh [`Confusion::normal_weight`] each.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Confusion {
    /// Anomalous and found.
    pub found: u64,
    /// Anomalous and missed.
    pub missed: u64,
    /// Normal and called anomalous.
    pub false_alarms: u64,
    /// Normal and passed.
    pub passed: u64,
    /// Weight of a normal session.
    pub normal_weight: f64,
}

impl Confusion {
    /// Nothing yet.
    pub const fn new(normal_weight: f64) -> Self {
        Self {
            found: 0,
            missed: 0,
            false_alarms: 0,
            passed: 0,
            normal_weight,
        }
    }

    /// One session.
    pub const fn add(&mut self, anomalous: bool, alarm: bool) {
        *match (anomalous, alarm) {
            (true, true) => &mut self.found,
            (true, false) => &mut self.missed,
            (false, true) => &mut self.false_alarms,
            (false, false) => &mut self.passed,
        } += 1;
    }

    /// Weighted share of the alarms that are right; 0 without alarms.
    #[expect(clippy::cast_precision_loss, reason = "numbers of sessions")]
    pub fn precision(&self) -> f64 {
        let found = self.found as f64;
        ratio(found, found + self.false_alarms as f64 * self.normal_weight)
    }

    /// Share of the anomalous sessions that were found.
    #[expect(clippy::cast_precision_loss, reason = "numbers of sessions")]
    pub fn recall(&self) -> f64 {
        ratio(self.found as f64, (self.found + self.missed) as f64)
    }

    /// Harmonic mean of precision and recall.
    pub fn f1(&self) -> f64 {
        let (precision, recall) = (self.precision(), self.recall());
        ratio(2.0 * precision * recall, precision + recall)
    }

    /// The same number of sessions, drawn with replacement.
    fn resampled(&self, rng: &mut Rng) -> Self {
        let mut drawn = Self::new(self.normal_weight);
        let cells = [
            (self.found, true, true),
            (self.missed, true, false),
            (self.false_alarms, false, true),
        ];
        let total: u64 = cells.iter().map(|cell| cell.0).sum::<u64>() + self.passed;
        for _ in 0..total {
            let mut at = rng.below(usize::try_from(total).unwrap_or(usize::MAX)) as u64;
            let cell = cells.iter().find(|cell| {
                let here = at < cell.0;
                if !here {
                    at -= cell.0;
                }
                here
            });
            let (_, anomalous, alarm) = cell.copied().unwrap_or((0, false, false));
            drawn.add(anomalous, alarm);
        }
        drawn
    }
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// Bounds of a 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval95(pub f64, pub f64);

/// Bootstrap interval of the mean F1 of these splits (Efron 1979): test sessions are drawn anew
/// within each split.
pub(super) fn bootstrap<'c>(
    splits: impl Iterator<Item = &'c Confusion> + Clone,
    seed: u64,
) -> Interval95 {
    const REPLICATES: usize = 200;
    let mut rng = Rng::stream(seed, 5);
    let mut means: Vec<f64> = (0..REPLICATES)
        .map(|_| {
            let f1: Vec<f64> = splits
                .clone()
                .map(|confusion| confusion.resampled(&mut rng).f1())
                .collect();
            mean_and_deviation(&f1).0
        })
        .collect();
    means.sort_unstable_by(f64::total_cmp);
    let at = |index: usize| means.get(index).copied().unwrap_or(0.0);
    Interval95(at(REPLICATES / 40), at(REPLICATES - 1 - REPLICATES / 40))
}

/// Mean, and standard deviation of a sample (0 for one value).
#[expect(clippy::cast_precision_loss, reason = "number of splits")]
pub fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (count - 1.0).max(1.0)).sqrt())
}

/// How well scores rank anomalous sessions above normal ones, whatever the threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranking {
    /// Probability that an anomalous session scores above a normal one, ties half.
    pub roc_auc: f64,
    /// Average precision: the precision at each distinct score, weighted by the recall it adds.
    pub pr_auc: f64,
}

impl Ranking {
    /// The ranking by (score, anomalous) pairs.
    pub fn of(mut scored: Vec<(f64, bool)>, normal_weight: f64) -> Self {
        scored.sort_unstable_by(|one, other| other.0.total_cmp(&one.0));
        let anomalous: f64 = scored.iter().map(|(_, is)| f64::from(u8::from(*is))).sum();
        let (mut found, mut alarms) = (0.0f64, 0.0f64);
        let (mut area, mut average) = (0.0f64, 0.0f64);
        for tied in scored.chunk_by(|one, other| one.0 == other.0) {
            let (mut more_found, mut more_alarms) = (0.0, 0.0);
            for (_, is_anomalous) in tied {
                if *is_anomalous {
                    more_found += 1.0;
                } else {
                    more_alarms += normal_weight;
                }
            }
            area += more_alarms * (found + more_found / 2.0);
            found += more_found;
            alarms += more_alarms;
            average += ratio(more_found, anomalous) * ratio(found, found + alarms);
        }
        Self {
            roc_auc: ratio(area, anomalous * alarms),
            pr_auc: average,
        }
    }
}

/// Kolmogorov-Smirnov distance of a sample from the uniform distribution on 0..1.
#[expect(clippy::cast_precision_loss, reason = "numbers of sessions")]
pub fn distance_from_uniform(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let count = values.len() as f64;
    values
        .iter()
        .enumerate()
        .map(|(rank, value)| {
            let below = value - rank as f64 / count;
            let above = (rank + 1) as f64 / count - value;
            below.max(above)
        })
        .fold(0.0, f64::max)
}
