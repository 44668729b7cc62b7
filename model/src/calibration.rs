//! From a raw score to the probability of one at least as high in a normal window.

use serde::{Deserialize, Serialize};

/// Scores of normal windows that the scored detector was not fitted on, and what follows from them.
///
/// Within the range of these scores the p-value is the smoothed conformal one (Vovk, Gammerman &
/// Shafer, "Algorithmic learning in a random world", 2005): uniform if the window is exchangeable
/// with the normal ones, ties broken by a given number. Beyond it, an exponential tail goes on from
/// the largest scores (Pickands 1975, with shape 0).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Distinct scores, ascending.
    #[serde(with = "crate::packed::f64s")]
    scores: Vec<f64>,
    /// How many scores are at least that high.
    #[serde(with = "crate::packed::u32s")]
    at_least: Vec<u32>,
    windows: u32,
    /// Mean excess of the tail.
    tail: f64,
}

/// Distinct scores that are kept: all of the highest, every so many of the others.
const SCORES_MAX: usize = 4_096;

/// Share of the scores that the tail is fitted on.
const TAIL_SHARE: f64 = 0.1;

impl Calibration {
    /// The calibration by these scores, which must be finite. `tail_min` bounds the mean excess
    /// from below: how fast the tail may fall at most.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "numbers of windows"
    )]
    pub fn fit(mut sample: Vec<f64>, tail_min: f64) -> Self {
        sample.retain(|score| score.is_finite());
        sample.sort_unstable_by(|one, other| other.total_cmp(one));
        let tail_windows = (TAIL_SHARE * sample.len() as f64).ceil() as usize;
        let start = sample.get(tail_windows).or(sample.last());
        let excess: f64 = start.map_or(0.0, |start| {
            sample
                .iter()
                .take(tail_windows)
                .map(|score| score - start)
                .sum()
        });
        let mut scores: Vec<f64> = Vec::new();
        let mut at_least: Vec<u32> = Vec::new();
        for (rank, &score) in (1u32..).zip(&sample) {
            match (scores.last(), at_least.last_mut()) {
                (Some(&last), Some(count)) if last == score => *count = rank,
                _ => {
                    scores.push(score);
                    at_least.push(rank);
                }
            }
        }
        thin(&mut scores);
        thin(&mut at_least);
        scores.reverse();
        at_least.reverse();
        Self {
            windows: u32::try_from(sample.len()).unwrap_or(u32::MAX),
            tail: (excess / tail_windows.max(1) as f64).max(tail_min),
            scores,
            at_least,
        }
    }

    /// Windows that it was fitted on.
    pub const fn windows(&self) -> u32 {
        self.windows
    }

    /// The largest score of a normal window; 0 without any.
    pub fn largest(&self) -> f64 {
        self.scores.last().copied().unwrap_or(0.0)
    }

    /// The p-value of a score; `tie` in 0..=1 says where among equal scores it falls (1: last).
    pub fn p_value(&self, score: f64, tie: f64) -> f64 {
        let windows = f64::from(self.windows) + 1.0;
        let at = self.scores.partition_point(|&known| known < score);
        match (self.scores.get(at), self.at_least.get(at)) {
            (Some(&known), Some(&at_least)) if known == score => {
                let above = self.at_least.get(at + 1).copied().unwrap_or(0);
                let equal = f64::from(at_least - above.min(at_least)) + 1.0;
                (f64::from(above) + tie * equal) / windows
            }
            (Some(_), Some(&above)) => (f64::from(above) + tie) / windows,
            _ => (-(score - self.largest()) / self.tail.max(f64::MIN_POSITIVE)).exp() / windows,
        }
    }

    /// `-ln` of the p-value, without tie-breaking: a score to compare detectors by. Beyond the
    /// known scores it grows as the tail says by `reach`, and then with the logarithm only: an
    /// extrapolation is not believed further, but worse still is worse.
    pub fn surprise(&self, score: f64, reach: f64) -> f64 {
        let rarest = (f64::from(self.windows) + 1.0).ln();
        let largest = self.largest();
        if score > largest {
            // Where all normal scores are equal there is no tail to go by.
            let tail = self.tail.max(1e-9 * largest.abs().max(1.0));
            let beyond = (score - largest) / tail;
            return rarest + beyond.min(reach) + (beyond - reach).max(0.0).ln_1p();
        }
        -self.p_value(score, 1.0).max(f64::MIN_POSITIVE).ln()
    }

    /// The least score whose p-value (without tie-breaking) is at most `p`.
    pub fn threshold(&self, p: f64) -> f64 {
        let windows = f64::from(self.windows) + 1.0;
        let p = p.max(f64::MIN_POSITIVE);
        if p * windows < 1.0 {
            return self.largest() + self.tail * -(p * windows).ln();
        }
        // A score just above `scores[i]` has `at_least[i + 1] + 1` windows at its height or above.
        let allowed = p * windows;
        let at = self
            .at_least
            .partition_point(|&count| f64::from(count) + 1.0 > allowed);
        match at.checked_sub(1).and_then(|below| self.scores.get(below)) {
            Some(below) => below.next_up(),
            None => self.scores.first().copied().unwrap_or(0.0),
        }
    }
}

/// Keeps the first half of the limit and an even choice of the rest, the last entry included.
fn thin<T: Copy>(values: &mut Vec<T>) {
    if values.len() <= SCORES_MAX {
        return;
    }
    let rest = values.split_off(SCORES_MAX / 2);
    let step = rest.len().div_ceil(SCORES_MAX / 2);
    values.extend(
        rest.iter()
            .rev()
            .step_by(step)
            .rev()
            .copied()
            .collect::<Vec<T>>(),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng as Random;
    use proptest::prelude::{any, prop_assert, proptest};

    #[test]
    fn p_values_by_hand() {
        let calibration = Calibration::fit(vec![1.0, 2.0, 2.0, 3.0], 1.0);
        assert_eq!(calibration.p_value(0.0, 1.0), 1.0);
        assert_eq!(calibration.p_value(2.0, 1.0), 4.0 / 5.0);
        assert_eq!(calibration.p_value(2.0, 0.0), 1.0 / 5.0);
        assert_eq!(calibration.p_value(2.5, 1.0), 2.0 / 5.0);
        assert_eq!(calibration.p_value(3.0, 1.0), 2.0 / 5.0);
        assert!((calibration.p_value(4.0, 1.0) - (-1f64).exp() / 5.0).abs() < 1e-12);
    }

    #[test]
    fn p_values_of_exchangeable_scores_are_uniform() {
        let mut random = Random::new(11);
        // Heavily tied, like scores of sessions that repeat.
        let mut draw = || (random.uniform() * 6.0).floor();
        let calibration = Calibration::fit((0..4000).map(|_| draw()).collect(), 1.0);
        let scores: Vec<f64> = (0..4000).map(|_| draw()).collect();
        let mut values: Vec<f64> = scores
            .iter()
            .map(|&score| calibration.p_value(score, random.uniform()))
            .collect();
        values.sort_by(f64::total_cmp);
        let distance = values
            .iter()
            .enumerate()
            .map(|(rank, value)| (value - rank as f64 / 4000.0).abs())
            .fold(0.0, f64::max);
        assert!(distance < 0.03, "{distance}");
    }

    #[test]
    fn a_large_calibration_stays_small_and_exact_at_the_top() {
        let all: Vec<f64> = (0..100_000).map(f64::from).collect();
        let calibration = Calibration::fit(all, 1.0);
        assert!(calibration.scores.len() <= SCORES_MAX + 1);
        assert_eq!(calibration.p_value(99_000.0, 1.0), 1001.0 / 100_001.0);
        let middle = calibration.p_value(50_000.0, 1.0);
        assert!((middle - 0.5).abs() < 0.001, "{middle}");
    }

    #[test]
    fn surprise_goes_on_rising_when_all_normal_windows_are_alike() {
        let calibration = Calibration::fit(vec![2.0; 60], 0.0);
        let [known, far, farther] = [2.0, 9.0, 90.0].map(|score| calibration.surprise(score, 6.9));
        assert_eq!(known, 0.0);
        assert!(far < farther && farther.is_finite(), "{far} {farther}");
    }

    proptest! {
        #[test]
        fn p_values_fall_and_the_threshold_is_where_it_says(
            sample in proptest::collection::vec(-5i8..5, 1..60),
            p in 0.0001f64..1.0,
            score in any::<i8>(),
        ) {
            let sample: Vec<f64> = sample.into_iter().map(f64::from).collect();
            let calibration = Calibration::fit(sample, 0.5);
            let score = f64::from(score);
            let value = calibration.p_value(score, 1.0);
            prop_assert!(value > 0.0 || score > 100.0);
            prop_assert!(value <= 1.0);
            prop_assert!(calibration.p_value(score + 0.5, 1.0) <= value);
            let threshold = calibration.threshold(p);
            if p * (f64::from(calibration.windows()) + 1.0) >= 1.0 + 1e-9 {
                prop_assert!(calibration.p_value(threshold, 1.0) <= p + 1e-9);
            }
        }
    }
}
