//! A streaming, seasonal, robust detector for one metric. Causal: a point's score uses nothing after it.
//!
//! Several simple predictors run side by side and are mixed by their recent loss ([`experts`]); the
//! absolute residual, a sliding mean of the slow residual (drifts, changed seasons) and the gap since
//! the last point (missing data) each get a tail probability from extreme value theory ([`tail`]);
//! the smallest, corrected for having looked three times, is the point's p-value.

pub mod experts;
pub mod forecast;
pub mod season;
pub mod series;
pub mod tail;

use std::collections::VecDeque;

use aiops_domain::Time;
use serde::{Deserialize, Serialize};

use self::experts::Experts;
use self::tail::Tail;

/// How the detector judges; the defaults serve every metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetricOptions {
    /// A point is anomalous below this p-value. 1e-4 is about one false alarm in five weeks of
    /// five-minute points.
    pub significance: f64,
    /// Points before the first alarm.
    pub warm_up_points: usize,
    /// Points of the sliding mean that finds drifts.
    pub drift_points: usize,
    /// Points over which a new alarm must exceed the last one to count in full.
    pub refractory_points: usize,
}

impl Default for MetricOptions {
    fn default() -> Self {
        Self {
            significance: 1e-4,
            warm_up_points: 60,
            drift_points: 12,
            refractory_points: 24,
        }
    }
}

/// Which test gave the score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricCause {
    /// The value is far from what was expected at this instant.
    Value,
    /// The values of the last while lie to one side of what the season says.
    Drift,
    /// No point came for unusually long.
    Gap,
}

/// One point and what to think of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricScore {
    /// When.
    pub timestamp: Time,
    /// What was measured; absent where it was no finite number.
    pub value: Option<f64>,
    /// What was expected, from the points before.
    pub expected: Option<f64>,
    /// 0 to 1, monotone in the p-value: .5 at 1e-4.
    pub score: f64,
    /// Probability of a point at least this strange, calibrated on the points before.
    pub p_value: f64,
    /// Which test gave it.
    pub cause: MetricCause,
    /// Whether to tell somebody.
    pub anomalous: bool,
}

/// The state of one metric's detector: a few hundred numbers, whatever the length of the stream.
#[derive(Debug, Clone)]
pub struct MetricDetector {
    options: MetricOptions,
    experts: Experts,
    residuals: Tail,
    drifts: Tail,
    gaps: Tail,
    /// The last signed slow residuals, in units of their scale.
    recent: VecDeque<f64>,
    last: Option<Time>,
    interval: Interval,
    seen: usize,
    /// Points since the last alarm and how strong it was.
    alarm: Option<(usize, f64)>,
}

/// The usual distance of points: a running median by signed steps (robust against gaps).
#[derive(Debug, Clone, Default)]
struct Interval {
    millis: Option<f64>,
}

impl Interval {
    fn learn(&mut self, gap_millis: f64) {
        self.millis = Some(match self.millis {
            None => gap_millis,
            Some(usual) if gap_millis > usual => usual + (gap_millis - usual).min(usual * 0.05),
            Some(usual) => usual - (usual - gap_millis).min(usual * 0.05),
        });
    }
}

/// The logarithmic strength of a p-value: 4 at 1e-4.
fn strength(p_value: f64) -> f64 {
    -p_value.max(1e-300).log10()
}

impl MetricDetector {
    /// A detector that has seen nothing.
    pub fn new(options: MetricOptions) -> Self {
        Self {
            options,
            experts: Experts::default(),
            residuals: Tail::default(),
            drifts: Tail::default(),
            gaps: Tail::default(),
            recent: VecDeque::new(),
            last: None,
            interval: Interval::default(),
            seen: 0,
            alarm: None,
        }
    }

    /// Scores the next point, then learns from it. Points are expected in the order of time; a point
    /// that is not after the last one, and a value that is no finite number, score 0 and teach nothing.
    pub fn observe(&mut self, timestamp: Time, value: f64) -> MetricScore {
        let late = self.last.is_some_and(|last| timestamp <= last);
        if late || !value.is_finite() {
            return MetricScore {
                timestamp,
                value: value.is_finite().then_some(value),
                expected: None,
                score: 0.0,
                p_value: 1.0,
                cause: MetricCause::Value,
                anomalous: false,
            };
        }
        let gap = self.gap_p_value(timestamp);
        let prediction = self.experts.predict(timestamp);
        let (residual, drift) = match &prediction {
            Some(prediction) => {
                let scale = self.experts.scale(value);
                let residual = (value - prediction.mixed).abs() / scale;
                let p_residual = self.residuals.p_value(residual);
                if self.experts.is_settled() {
                    self.residuals.learn(residual);
                }
                let slow = prediction.slow.filter(|_| self.experts.is_slow_settled());
                let p_drift = slow.map_or(1.0, |slow| {
                    let slow_scale = self.experts.slow_scale(value);
                    self.drift_p_value((value - slow) / slow_scale)
                });
                (p_residual, p_drift)
            }
            None => (1.0, 1.0),
        };
        self.experts.learn(timestamp, value);
        self.seen += 1;
        self.last = Some(timestamp);
        let expected = prediction.map(|prediction| prediction.mixed);
        self.judge(
            timestamp,
            value,
            expected,
            [
                (residual, MetricCause::Value),
                (drift, MetricCause::Drift),
                (gap, MetricCause::Gap),
            ],
        )
    }

    fn gap_p_value(&mut self, timestamp: Time) -> f64 {
        let Some(last) = self.last else { return 1.0 };
        // Instants fit a float's 53 bits for the next 285,000 years.
        let gap_millis = timestamp.millis_since(last) as f64;
        let p_value = match self.interval.millis {
            // Two intervals and a half are one lost point and jitter: nobody is told.
            Some(usual) if gap_millis > 2.5 * usual => self.gaps.p_value(gap_millis / usual),
            _ => 1.0,
        };
        if let Some(usual) = self.interval.millis {
            self.gaps.learn(gap_millis / usual);
        }
        self.interval.learn(gap_millis);
        p_value
    }

    fn drift_p_value(&mut self, residual: f64) -> f64 {
        // One outlier must not look like a drift.
        self.recent.push_back(residual.clamp(-6.0, 6.0));
        if self.recent.len() > self.options.drift_points.max(2) {
            self.recent.pop_front();
        }
        if self.recent.len() < self.options.drift_points.max(2) {
            return 1.0;
        }
        let mean = self.recent.iter().sum::<f64>().abs() / self.recent.len() as f64;
        let p_value = self.drifts.p_value(mean);
        self.drifts.learn(mean);
        p_value
    }

    fn judge(
        &mut self,
        timestamp: Time,
        value: f64,
        expected: Option<f64>,
        tests: [(f64, MetricCause); 3],
    ) -> MetricScore {
        let (smallest, cause) = tests
            .into_iter()
            .min_by(|left, right| left.0.total_cmp(&right.0))
            .unwrap_or((1.0, MetricCause::Value));
        // Bonferroni: three looks at one point.
        let mut p_value = (3.0 * smallest).min(1.0);
        if self.seen <= self.options.warm_up_points {
            p_value = 1.0;
        }
        let mut felt = strength(p_value);
        if let Some((points, before)) = &mut self.alarm {
            *points += 1;
            if felt <= *before {
                let rested = *points as f64 / self.options.refractory_points.max(1) as f64;
                felt *= 1.0 - (-rested).exp();
            }
        }
        let anomalous = felt >= strength(self.options.significance);
        if anomalous {
            self.alarm = Some((0, strength(p_value)));
        }
        let score = felt / (felt + 4.0);
        MetricScore {
            timestamp,
            value: Some(value),
            expected,
            score,
            p_value,
            cause,
            anomalous,
        }
    }
}

#[cfg(test)]
mod tests;
