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
            references
                .offsets
                .push(u32::try_from(references.templates.len()).unwrap_or(u32::MAX));
        }
        references
    }

    /// The distance of an embedded vector to each reference, in order, into `distances`.
    pub fn distances(
        &self,
        (coordinates, length): &(Vec<(u32, f64)>, f64),
        distances: &mut Vec<f64>,
    ) {
        let mut dense = vec![0.0f64; self.vocabulary];
        for &(template, value) in coordinates {
            if let Some(slot) = dense.get_mut(template as usize) {
                *slot = value;
            }
        }
        distances.clear();
        distances.extend(
            self.offsets
                .iter()
                .zip(self.offsets.iter().skip(1))
                .zip(&self.lengths)
                .map(|((&from, &to), &reference_length)| {
                    let range = from as usize..to as usize;
                    let templates = self.templates.get(range.clone()).unwrap_or_default();
                    let values = self.values.get(range).unwrap_or_default();
                    let product: f64 = templates
                        .iter()
                        .zip(values)
                        .map(|(&template, &value)| {
                            dense.get(template as usize).copied().unwrap_or(0.0) * value
                        })
                        .sum();
                    let squared = length + reference_length - 2.0 * product;
                    // Rounding of the expanded square must not make equal vectors differ.
                    if squared <= 1e-9 * (length + reference_length) {
                        0.0
                    } else {
                        squared.sqrt()
                    }
                }),
        );
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
}
