//! Self-cleaning of a training set that may hold unlabelled anomalies.
//!
//! Every window gets the average distance to the nearest tenth of training: the distance to a
//! measure (Chazal, Cohen-Steiner & Mérigot, "Geometric inference for probability measures", FoCM 11,
//! 2011), which a repeated anomaly cannot lower as long as anomalies are less than that tenth. If
//! these distances fall into two groups with next to nothing between them, the upper group is left
//! out of the fit. If they do not, nothing is: rare is not the same as wrong.

use crate::detectors::metric::{CountMetric, References};
use crate::detectors::patterns_of;
use crate::rng::Rng;
use crate::session::Counts;

/// Most of a training set that may be anomalous; also the mass that distances are averaged over.
const CONTAMINATION_MAX: f64 = 0.1;

/// A clean training set may have this share of odd windows: a smaller group is not left out.
const ODD_SHARE: f64 = 0.01;

/// A kind of window that makes up this share of training recurs too often to be an anomaly.
const RECURRING_SHARE: f64 = 0.02;

/// Between two groups, an octave of distance may hold this share of the upper group.
const VALLEY_DEPTH: f64 = 0.1;

/// Standard deviations by which the upper group must exceed [`ODD_SHARE`]: one in a hundred.
const SIGNIFICANCE: f64 = 2.326;

/// Vectors that distances are taken to.
const REFERENCES_MAX: usize = 1_000;

/// Which of the windows to leave out of the fit; all `false` when the set looks clean.
pub fn contaminated(counts: &[Counts], vocabulary: u32, seed: u64) -> Vec<bool> {
    let patterns = patterns_of(counts);
    let metric = CountMetric::fit(&patterns, vocabulary);
    let (vectors, weights) = references(&patterns, seed);
    let references = References::new(&metric, vectors);
    let total: f64 = weights.iter().sum();
    let mut distances = Vec::new();
    let mut profile: Vec<Distances> = Vec::with_capacity(patterns.len());
    for (counts, occurrences) in &patterns {
        references.distances(&metric.embed(counts, false), &mut distances);
        let mut near: Vec<(f64, f64)> = distances.iter().copied().zip(weights.clone()).collect();
        near.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
        profile.push(Distances {
            occurrences: *occurrences,
            to_most: average_distance(&near, CONTAMINATION_MAX * total),
            to_kind: average_distance(&near, RECURRING_SHARE * total),
        });
    }
    let Some(cut) = valley(&profile) else {
        return vec![false; counts.len()];
    };
    let out: std::collections::HashSet<&Counts> = patterns
        .iter()
        .zip(&profile)
        .filter(|(_, distances)| distances.stands_apart(cut))
        .map(|((counts, _), _)| counts)
        .collect();
    counts.iter().map(|counts| out.contains(counts)).collect()
}

struct Distances {
    occurrences: u32,
    to_most: f64,
    to_kind: f64,
}

impl Distances {
    /// Far from the bulk, and not one of a recurring kind: those have their own kind much nearer
    /// than the bulk.
    fn stands_apart(&self, cut: f64) -> bool {
        self.to_most > cut && self.to_kind * 4.0 > self.to_most
    }
}

/// The patterns themselves while they are few, else a random sample of windows.
#[expect(clippy::cast_precision_loss, reason = "numbers of windows")]
fn references(patterns: &[(Counts, u32)], seed: u64) -> (Vec<&Counts>, Vec<f64>) {
    if patterns.len() <= REFERENCES_MAX {
        return patterns
            .iter()
            .map(|(counts, occurrences)| (counts, f64::from(*occurrences)))
            .unzip();
    }
    // Systematic sampling: one window of each stretch of equal mass, from a random start.
    let total: f64 = patterns
        .iter()
        .map(|(_, occurrences)| f64::from(*occurrences))
        .sum();
    let step = total / REFERENCES_MAX as f64;
    let mut next = Rng::new(seed).uniform() * step;
    let mut passed = 0.0;
    let mut sample: (Vec<&Counts>, Vec<f64>) = Default::default();
    for (counts, occurrences) in patterns {
        passed += f64::from(*occurrences);
        let hits = ((passed - next) / step).ceil().max(0.0);
        if hits > 0.0 {
            sample.0.push(counts);
            sample.1.push(hits);
            next += hits * step;
        }
    }
    sample
}

/// The average distance to the nearest `mass` of the (distance, weight) pairs.
fn average_distance(near: &[(f64, f64)], mass: f64) -> f64 {
    let mut left = mass;
    let mut sum = 0.0;
    for (distance, weight) in near {
        let taken = weight.min(left);
        sum += taken * distance;
        left -= taken;
        if left <= 0.0 {
            break;
        }
    }
    sum / mass.max(f64::MIN_POSITIVE)
}

/// The distance that best parts an upper group of plausible size from the rest.
fn valley(profile: &[Distances]) -> Option<f64> {
    let mut sorted: Vec<(f64, f64)> = profile
        .iter()
        .map(|distances| (distances.to_most, f64::from(distances.occurrences)))
        .collect();
    sorted.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
    let total: f64 = sorted.iter().map(|(_, weight)| weight).sum();
    // Numbers of windows: their sums are exact, whatever the order.
    let mut mass_from: Vec<f64> = vec![0.0; sorted.len() + 1];
    let mut mass = 0.0;
    for (from, (_, weight)) in mass_from.iter_mut().zip(&sorted).rev() {
        mass += weight;
        *from = mass;
    }
    let mass_above = |cut: f64| -> f64 {
        let from = sorted.partition_point(|(distance, _)| *distance <= cut);
        mass_from.get(from).copied().unwrap_or(0.0)
    };
    let spread = (ODD_SHARE * (1.0 - ODD_SHARE) / total.max(1.0)).sqrt();
    let least = (ODD_SHARE + SIGNIFICANCE * spread) * total;
    let most = CONTAMINATION_MAX * total;
    let mut best: Option<(f64, f64)> = None;
    for pair in sorted.windows(2) {
        let &[(low, _), (high, _)] = pair else {
            continue;
        };
        if high <= low {
            continue;
        }
        let cut = if low > 0.0 {
            (low * high).sqrt()
        } else {
            high / 2.0
        };
        let upper = mass_above(cut);
        if upper < least || upper > most {
            continue;
        }
        let half_octave = std::f64::consts::SQRT_2;
        let between = mass_above(cut / half_octave) - mass_above(cut * half_octave);
        let depth = between / upper;
        if depth <= VALLEY_DEPTH && best.is_none_or(|(_, least_depth)| depth < least_depth) {
            best = Some((cut, depth));
        }
    }
    best.map(|(cut, _)| cut)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Session;

    fn normal(count: usize) -> Vec<Counts> {
        (0..count)
            .map(|index| Session::new([vec![0, 1, 1], vec![2; 1 + index % 5]].concat()).counts())
            .collect()
    }

    #[test]
    fn repeated_anomalies_are_left_out() {
        let mut counts = normal(978);
        counts.extend(vec![Session::new(vec![0]).counts(); 10]);
        counts.extend(vec![Session::new(vec![3, 4, 4]).counts(); 12]);
        let out = contaminated(&counts, 5, 1);
        assert!(out[..978].iter().all(|&left_out| !left_out));
        assert!(out[978..].iter().all(|&left_out| left_out));
    }

    #[test]
    fn a_clean_set_and_a_few_odd_windows_stay_whole() {
        let mut counts = normal(300);
        counts.extend(vec![Session::new(vec![3, 4, 4]).counts(); 3]);
        assert!(
            contaminated(&counts, 5, 1)
                .iter()
                .all(|&left_out| !left_out)
        );
    }

    #[test]
    fn a_recurring_kind_of_window_is_no_anomaly() {
        let mut counts = normal(950);
        counts.extend(vec![Session::new(vec![3, 4, 4]).counts(); 50]);
        assert!(
            contaminated(&counts, 5, 1)
                .iter()
                .all(|&left_out| !left_out)
        );
    }

    #[test]
    fn nothing_and_one_window_are_clean() {
        assert!(contaminated(&[], 0, 1).is_empty());
        assert_eq!(contaminated(&normal(1), 3, 1), [false]);
    }
}
