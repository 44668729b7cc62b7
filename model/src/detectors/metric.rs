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

/// Embedded reference vectors, by template: a vector is measured against all of them at once.
#[derive(Debug, Clone, Default)]
pub struct References {
    columns: Vec<Column>,
    /// Squared lengths.
    lengths: Vec<f64>,
}

/// The coordinates that references have in one template.
#[derive(Debug, Clone)]
enum Column {
    /// Of each reference, in order.
    Dense(Vec<f64>),
    /// Of the references that have the template.
    Sparse(Vec<(usize, f64)>),
}

/// A column is dense from this share of its references on: adding up four neighbours takes as long as
/// one that has to be looked for.
const DENSE_SHARE: usize = 4;

impl Column {
    fn new(entries: Vec<(usize, f64)>, references: usize) -> Self {
        if entries.len() * DENSE_SHARE < references {
            return Self::Sparse(entries);
        }
        let mut dense = vec![0.0; references];
        for (at, value) in entries {
            if let Some(slot) = dense.get_mut(at) {
                *slot = value;
            }
        }
        Self::Dense(dense)
    }

    /// Adds `factor` times the column to `sums`.
    fn add_to(&self, sums: &mut [f64], factor: f64) {
        match self {
            Self::Dense(values) => {
                for (sum, value) in sums.iter_mut().zip(values) {
                    *sum += factor * value;
                }
            }
            Self::Sparse(entries) => {
                for &(at, value) in entries {
                    if let Some(sum) = sums.get_mut(at) {
                        *sum += factor * value;
                    }
                }
            }
        }
    }
}

/// The first of the least of these numbers, and where it is: of one block after the other, within a
/// block several at a time.
fn first_least(numbers: &[f64]) -> Option<(usize, f64)> {
    const BLOCK: usize = 128;
    let mut best: Option<(usize, f64)> = None;
    for (block, numbers) in numbers.chunks(BLOCK).enumerate() {
        let least = least(numbers);
        if best.is_none_or(|(_, best)| least < best) {
            best = Some((block * BLOCK, least));
        }
    }
    let (start, least) = best?;
    let within = numbers
        .get(start..)?
        .iter()
        .position(|number| *number == least)?;
    Some((start + within, least))
}

fn least(numbers: &[f64]) -> f64 {
    const LANES: usize = 8;
    let lesser = |one: f64, other: f64| if other < one { other } else { one };
    let mut lanes = [f64::INFINITY; LANES];
    let groups = numbers.chunks_exact(LANES);
    let rest = groups.remainder().iter().copied();
    for group in groups {
        for (lane, &number) in lanes.iter_mut().zip(group) {
            *lane = lesser(*lane, number);
        }
    }
    lanes.into_iter().chain(rest).fold(f64::INFINITY, lesser)
}

impl References {
    /// The references of these vectors.
    pub fn new<'c>(metric: &CountMetric, vectors: impl IntoIterator<Item = &'c Counts>) -> Self {
        let mut entries: Vec<Vec<(usize, f64)>> = vec![Vec::new(); metric.scales.len()];
        let mut lengths = Vec::new();
        for counts in vectors {
            let (coordinates, length) = metric.embed(counts, false);
            for (template, value) in coordinates {
                if let Some(entries) = entries.get_mut(template as usize) {
                    entries.push((lengths.len(), value));
                }
            }
            lengths.push(length);
        }
        Self {
            columns: entries
                .into_iter()
                .map(|entries| Column::new(entries, lengths.len()))
                .collect(),
            lengths,
        }
    }

    /// The distance of an embedded vector to each reference, in order, into `distances`.
    pub fn distances(&self, embedded: &(Vec<(u32, f64)>, f64), distances: &mut Vec<f64>) {
        self.squares(embedded, distances);
        for distance in distances {
            *distance = distance.sqrt();
        }
    }

    /// The reference that an embedded vector is nearest to, the first of several, and how far it is.
    pub fn nearest(&self, embedded: &(Vec<(u32, f64)>, f64)) -> Option<(usize, f64)> {
        let mut squares = Vec::new();
        self.squares(embedded, &mut squares);
        let (at, square) = first_least(&squares)?;
        Some((at, square.sqrt()))
    }

    /// The squared distance to each reference: the lengths of both less twice their product.
    fn squares(&self, (coordinates, length): &(Vec<(u32, f64)>, f64), squares: &mut Vec<f64>) {
        squares.clear();
        squares.resize(self.lengths.len(), 0.0);
        for &(template, value) in coordinates {
            if let Some(column) = self.columns.get(template as usize) {
                column.add_to(squares, value);
            }
        }
        for (square, other) in squares.iter_mut().zip(&self.lengths) {
            let lengths = length + other;
            let expanded = lengths - 2.0 * *square;
            // Rounding of the expanded square must not make equal vectors differ.
            *square = if expanded <= 1e-9 * lengths {
                0.0
            } else {
                expanded
            };
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
        fn the_nearest_is_at_the_least_distance(
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
            let least = distances.iter().copied().fold(f64::INFINITY, f64::min);
            let (at, distance) = references.nearest(&embedded).unwrap();
            proptest::prop_assert_eq!(distance, least);
            proptest::prop_assert_eq!(distances[at], least);
        }

        #[test]
        fn distances_are_those_of_the_coordinates(
            sessions in proptest::collection::vec(proptest::collection::vec(0..9u32, 0..30), 1..40),
            asked in proptest::collection::vec(0..9u32, 0..30),
        ) {
            let counts: Vec<Counts> = sessions.into_iter().map(|events| Session::new(events).counts()).collect();
            let patterns: Vec<(Counts, u32)> = counts.iter().map(|counts| (counts.clone(), 1)).collect();
            let metric = CountMetric::fit(&patterns, 9);
            let asked = Session::new(asked).counts();
            let mut distances = Vec::new();
            References::new(&metric, &counts).distances(&metric.embed(&asked, false), &mut distances);
            for (counts, distance) in counts.iter().zip(distances) {
                let direct = (0..9)
                    .map(|template| {
                        let coordinate = |counts: &Counts| metric.coordinate(template, counts.get(template));
                        (coordinate(&asked) - coordinate(counts)).powi(2)
                    })
                    .sum::<f64>()
                    .sqrt();
                // A length is subtracted from a length: what is left is as exact as they are.
                let length = metric.embed(&asked, false).1 + metric.embed(counts, false).1;
                proptest::prop_assert!((distance - direct).abs() <= 1e-4 * length.sqrt());
            }
        }
    }
}
