//! The scorer of the Numenta Anomaly Benchmark (Lavin & Ahmad, "Evaluating Real-time Anomaly Detection
//! Algorithms", ICMLA 2015): early detections within a labelled window earn most, false alarms cost the
//! more the farther they lie from the window before them.

/// What a detection, a false alarm and a miss weigh.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Profile {
    /// Of a window that is found.
    pub true_positive: f64,
    /// Of an alarm outside of all windows.
    pub false_positive: f64,
    /// Of a window that is missed.
    pub false_negative: f64,
}

impl Profile {
    /// The standard profile.
    pub const STANDARD: Self = Self {
        true_positive: 1.0,
        false_positive: 0.11,
        false_negative: 1.0,
    };
    /// False alarms weigh double.
    pub const REWARD_LOW_FALSE_POSITIVES: Self = Self {
        true_positive: 1.0,
        false_positive: 0.22,
        false_negative: 1.0,
    };
    /// Misses weigh double.
    pub const REWARD_LOW_FALSE_NEGATIVES: Self = Self {
        true_positive: 1.0,
        false_positive: 0.11,
        false_negative: 2.0,
    };
}

/// One file: a score per point, and its labelled windows as (first, last) positions, both within.
#[derive(Debug, Clone)]
pub struct Series {
    /// Anomaly scores, 0 to 1, a point each.
    pub scores: Vec<f64>,
    /// Labelled windows in order, not overlapping.
    pub windows: Vec<(usize, usize)>,
}

impl Series {
    /// Points at the start that do not count: 15 % of the file, of 5,000 points at most.
    pub fn probation(&self) -> usize {
        (self.scores.len().min(5_000) as f64 * 0.15) as usize
    }
}

/// 1 well before 0, 0 at 0, -1 well after.
fn sigmoid(position: f64) -> f64 {
    if position > 3.0 {
        -1.0
    } else {
        2.0 / (1.0 + (5.0 * position).exp()) - 1.0
    }
}

/// The unnormalised score of one file at a threshold.
pub fn raw_score(series: &Series, threshold: f64, profile: Profile) -> f64 {
    let probation = series.probation();
    let mut total = 0.0;
    let mut found = vec![false; series.windows.len()];
    for (index, score) in series.scores.iter().enumerate().skip(probation) {
        if *score < threshold {
            continue;
        }
        let inside = series
            .windows
            .iter()
            .position(|(first, last)| (*first..=*last).contains(&index));
        if let Some(window) = inside {
            let (first, last) = series.windows[window];
            if !std::mem::replace(&mut found[window], true) {
                let width = (last - first + 1) as f64;
                let position = -((last - index + 1) as f64) / width;
                total += profile.true_positive * sigmoid(position) / sigmoid(-1.0);
            }
            continue;
        }
        let before = series.windows.iter().rev().find(|(_, last)| *last < index);
        total += profile.false_positive
            * before.map_or(-1.0, |(first, last)| {
                let width = ((last - first) as f64).max(1.0);
                sigmoid((index - last) as f64 / width)
            });
    }
    let missed = found.iter().filter(|found| !**found).count() as f64;
    total - profile.false_negative * missed
}

/// The benchmark's figure over all files at the best common threshold: 0 for never raising an alarm,
/// 100 for raising one at the start of each window and none else. Answers (score, threshold).
pub fn normalised_score(corpus: &[Series], profile: Profile) -> Option<(f64, f64)> {
    let windows: usize = corpus.iter().map(|series| series.windows.len()).sum();
    if windows == 0 {
        return None;
    }
    let mut thresholds: Vec<f64> = corpus
        .iter()
        .flat_map(|series| series.scores.iter().skip(series.probation()))
        .copied()
        .filter(|score| score.is_finite())
        .collect();
    thresholds.sort_by(|left, right| right.total_cmp(left));
    thresholds.dedup();
    // The best threshold is a high one; beyond the strangest tenth only false alarms come in.
    thresholds.truncate((thresholds.len() / 10).clamp(200, 2_000));
    thresholds.insert(0, f64::INFINITY);
    let null = -profile.false_negative * windows as f64;
    let perfect = profile.true_positive * windows as f64;
    thresholds
        .into_iter()
        .map(|threshold| {
            let raw: f64 = corpus
                .iter()
                .map(|series| raw_score(series, threshold, profile))
                .sum();
            (100.0 * (raw - null) / (perfect - null), threshold)
        })
        .max_by(|left, right| left.0.total_cmp(&right.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 100 points, one window from 50 to 59, alarms where told.
    fn series(alarms: &[usize]) -> Series {
        let mut scores = vec![0.0; 100];
        for alarm in alarms {
            scores[*alarm] = 1.0;
        }
        Series {
            scores,
            windows: vec![(50, 59)],
        }
    }

    #[test]
    fn silence_is_0_and_the_earliest_alarm_is_100() {
        assert_eq!(raw_score(&series(&[]), 0.5, Profile::STANDARD), -1.0);
        let (best, _) = normalised_score(&[series(&[50])], Profile::STANDARD).unwrap();
        assert!((best - 100.0).abs() < 1e-9, "{best}");
        let (none, _) = normalised_score(&[series(&[])], Profile::STANDARD).unwrap();
        assert!(none.abs() < 1e-9, "{none}");
    }

    #[test]
    fn a_late_alarm_earns_less_by_the_hand_computed_sigmoid() {
        // The last point of a window of ten lies at -1/10: (2/(1+e^-.5)-1)/(2/(1+e^-5)-1).
        let expected = 0.244_918_662_403_709_1 / 0.986_614_298_151_430_3;
        let raw = raw_score(&series(&[59]), 0.5, Profile::STANDARD);
        assert!((raw - expected).abs() < 1e-9, "{raw} {expected}");
    }

    #[test]
    fn false_alarms_cost_by_their_distance_and_second_hits_are_free() {
        let first = raw_score(&series(&[50]), 0.5, Profile::STANDARD);
        assert_eq!(raw_score(&series(&[50, 55]), 0.5, Profile::STANDARD), first);
        let early = first - raw_score(&series(&[50, 20]), 0.5, Profile::STANDARD);
        assert!(
            (early - 0.11).abs() < 1e-9,
            "before any window: the whole weight"
        );
        let near = first - raw_score(&series(&[50, 60]), 0.5, Profile::STANDARD);
        let far = first - raw_score(&series(&[50, 95]), 0.5, Profile::STANDARD);
        assert!(near < far && far <= 0.11 + 1e-12, "{near} {far}");
    }

    #[test]
    fn probation_does_not_count() {
        assert_eq!(
            raw_score(&series(&[3, 50]), 0.5, Profile::STANDARD),
            raw_score(&series(&[50]), 0.5, Profile::STANDARD)
        );
    }
}
