//! The distance between count vectors that the nearest-vector detector and the cleaning share.

use serde::{Deserialize, Serialize};

use crate::session::Counts;

/// Maps a count vector to `ln(1 + count) / scale` per template, where `scale` is how much the log
/// count of that template varies over the windows of training. A template that hardly varies thus
/// weighs much, one that varies anyway weighs little.
///
/// With `n` windows a standard deviation below `ln 2 / √(n + 1)` cannot be told from zero (one more
/// window with one more line would give it), so that is added; it is also the scale of a template
/// that training never saw. Nothing here is a tuned constant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CountMetric {
    #[serde(with = "crate::packed::f64s")]
    scales: Vec<f64>,
    /// Templates of one window only.
    once: std::collections::BTreeSet<u32>,
    unseen_scale: f64,
}

impl CountMetric {
    /// The metric of these (vector, occurrences) pairs over `vocabulary` templates.
    pub fn fit(patterns: &[(Counts, u32)], vocabulary: u32) -> Self {
        let mut sums = vec![(0.0f64, 0.0f64); vocabulary as usize];
        let mut frequencies = vec![0u32; vocabulary as usize];
        let mut windows = 0.0f64;
        for (counts, occurrences) in patterns {
            let weight = f64::from(*occurrences);
            windows += weight;
            for (template, count) in counts.iter() {
                if let Some((sum, squares)) = sums.get_mut(template as usize) {
                    let value = f64::from(count).ln_1p();
                    *sum += weight * value;
                    *squares += weight * value * value;
                }
                if let Some(frequency) = frequencies.get_mut(template as usize) {
                    *frequency += occurrences;
                }
            }
        }
        let floor = std::f64::consts::LN_2 / (windows + 1.0).sqrt();
        let scales = sums
            .into_iter()
            .map(|(sum, squares)| {
                let mean = sum / windows.max(1.0);
                (squares / windows.max(1.0) - mean * mean).max(0.0).sqrt() + floor
            })
            .collect();
        Self {
            scales,
            once: (0u32..)
                .zip(frequencies)
                .filter(|&(_, frequency)| frequency == 1)
                .map(|(template, _)| template)
                .collect(),
            unseen_scale: floor,
        }
    }

    /// The scale of a template.
    pub fn scale(&self, template: u32) -> f64 {
        self.scales
            .get(template as usize)
            .copied()
            .unwrap_or(self.unseen_scale)
    }

    /// The coordinate of a count.
    pub fn coordinate(&self, template: u32, count: u32) -> f64 {
        f64::from(count).ln_1p() / self.scale(template)
    }

    /// The vector's coordinates, sparse, and its squared length. `left_out`: as if its window had
    /// not been in training, so that a template of that window only counts as never seen.
    pub fn embed(&self, counts: &Counts, left_out: bool) -> (Vec<(u32, f64)>, f64) {
        let coordinates: Vec<(u32, f64)> = counts
            .iter()
            .map(|(template, count)| {
                let value = if left_out && self.once.contains(&template) {
                    f64::from(count).ln_1p() / self.unseen_scale
                } else {
                    self.coordinate(template, count)
                };
                (template, value)
            })
            .collect();
        let length = coordinates.iter().map(|(_, value)| value * value).sum();
        (coordinates, length)
    }
}

/// Embedded reference vectors, laid out flat for scanning.
#[derive(Debug, Clone, Default)]
pub struct References {
    offsets: Vec<u32>,
    templates: Vec<u32>,
    values: Vec<f64>,
    lengths: Vec<f64>,
    /// Their square roots.
    norms: Vec<f64>,
    vocabulary: usize,
}

impl References {
    /// The references of these vectors.
    pub fn new<'c>(metric: &CountMetric, vectors: impl IntoIterator<Item = &'c Counts>) -> Self {
        let mut references = Self {
            offsets: vec![0],
            vocabulary: metric.scales.len(),
            ..Self::default()
        };
        for counts in vectors {
            let (coordinates, length) = metric.embed(counts, false);
            for (template, value) in coordinates {
                references.templates.push(template);
                references.values.push(value);
            }
            references.lengths.push(length);
            references.norms.push(length.sqrt());
            references
                .offsets
                .push(u32::try_from(references.templates.len()).unwrap_or(u32::MAX));
        }
        references
    }

    /// The distance of an embedded vector to each reference, in order, into `distances`.
    pub fn distances(&self, embedded: &(Vec<(u32, f64)>, f64), distances: &mut Vec<f64>) {
        let dense = self.dense(embedded);
        distances.clear();
        distances.extend((0..self.lengths.len()).map(|at| self.distance(&dense, embedded.1, at)));
    }

    /// The reference that an embedded vector is nearest to, the first of several, and how far it is.
    pub fn nearest(&self, embedded: &(Vec<(u32, f64)>, f64)) -> Option<(usize, f64)> {
        let dense = self.dense(embedded);
        let norm = embedded.1.sqrt();
        let mut nearest: Option<(usize, f64)> = None;
        for (at, other) in self.norms.iter().enumerate() {
            let least = nearest.map_or(f64::INFINITY, |(_, least)| least);
            // No vector is nearer than its norm differs (the triangle inequality); what is added is more
            // than the expanded square can be wrong by.
            if (norm - other).abs() > least + 1e-4 * (norm + other) {
                continue;
            }
            let distance = self.distance(&dense, embedded.1, at);
            if nearest.is_none() || distance < least {
                nearest = Some((at, distance));
                if distance == 0.0 {
                    break;
                }
            }
        }
        nearest
    }

    fn dense(&self, (coordinates, _): &(Vec<(u32, f64)>, f64)) -> Vec<f64> {
        let mut dense = vec![0.0f64; self.vocabulary];
        for &(template, value) in coordinates {
            if let Some(slot) = dense.get_mut(template as usize) {
                *slot = value;
            }
        }
        dense
    }

    /// The distance to the reference `at` of a vector of this squared length.
    fn distance(&self, dense: &[f64], length: f64, at: usize) -> f64 {
        let offset = |at: usize| self.offsets.get(at).map_or(0, |&offset| offset as usize);
        let range = offset(at)..offset(at + 1);
        let templates = self.templates.get(range.clone()).unwrap_or_default();
        let values = self.values.get(range).unwrap_or_default();
        let product: f64 = templates
            .iter()
            .zip(values)
            .map(|(&template, &value)| dense.get(template as usize).copied().unwrap_or(0.0) * value)
            .sum();
        let lengths = length + self.lengths.get(at).copied().unwrap_or_default();
        let squared = lengths - 2.0 * product;
        // Rounding of the expanded square must not make equal vectors differ.
        if squared <= 1e-9 * lengths {
            0.0
        } else {
            squared.sqrt()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Session;

    #[test]
    fn distances_by_hand() {
        let one = Session::new(vec![0]).counts();
        let two = Session::new(vec![0, 1]).counts();
        let metric = CountMetric::fit(&[(one.clone(), 3), (two.clone(), 1)], 2);
        let ln2 = std::f64::consts::LN_2;
        // Template 0 never varies: the floor alone. Template 1 is there once in four windows.
        let floor = ln2 / 5f64.sqrt();
        assert!((metric.scale(0) - floor).abs() < 1e-12);
        assert!((metric.scale(1) - (ln2 * (0.25f64 * 0.75).sqrt() + floor)).abs() < 1e-12);
        assert!((metric.scale(9) - floor).abs() < 1e-12);
        let references = References::new(&metric, [&one, &two]);
        let mut distances = Vec::new();
        references.distances(&metric.embed(&one, false), &mut distances);
        assert_eq!(distances[0], 0.0);
        assert!((distances[1] - ln2 / metric.scale(1)).abs() < 1e-9);
    }

    proptest::proptest! {
        #[test]
        fn the_nearest_is_the_first_of_the_least_distances(
            sessions in proptest::collection::vec(proptest::collection::vec(0..6u32, 0..30), 1..40),
            asked in proptest::collection::vec(0..8u32, 0..30),
        ) {
            let counts: Vec<Counts> = sessions.into_iter().map(|events| Session::new(events).counts()).collect();
            let patterns: Vec<(Counts, u32)> = counts.iter().map(|counts| (counts.clone(), 1)).collect();
            let metric = CountMetric::fit(&patterns, 6);
            let references = References::new(&metric, &counts);
            let embedded = metric.embed(&Session::new(asked).counts(), false);
            let mut distances = Vec::new();
            references.distances(&embedded, &mut distances);
            let expected = distances
                .iter()
                .copied()
                .enumerate()
                .min_by(|one, other| one.1.total_cmp(&other.1));
            proptest::prop_assert_eq!(references.nearest(&embedded), expected);
        }
    }
}
