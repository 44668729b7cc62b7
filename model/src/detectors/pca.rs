//! Squared prediction error outside of the principal subspace (Xu, Huang, Fox, Patterson & Jordan,
//! "Detecting large-scale system problems by mining console logs", SOSP 2009).
//!
//! Normal sessions lie near a subspace of few dimensions, because templates occur together; what a
//! session has outside of it is its score.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use smartcore::api::UnsupervisedEstimator;
use smartcore::error::Failed;
use smartcore::linalg::basic::arrays::Array;
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::linalg::traits::evd::EVDDecomposable;

use super::{counts_of, patterns_of};
use crate::rng::Rng;
use crate::session::{Corpus, Counts};
use crate::vectoriser::{Vectoriser, Weighting};

/// Parameters of [`Pca`].
#[derive(Debug, Clone)]
pub struct PcaParameters {
    /// Share of the variance that the subspace holds.
    pub variance: f64,
}

impl Default for PcaParameters {
    fn default() -> Self {
        Self { variance: 0.95 }
    }
}

/// The fitted detector, over TF-IDF rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pca {
    vectoriser: Vectoriser,
    #[serde(with = "crate::packed::f64s")]
    mean: Vec<f64>,
    /// Principal axes, one after the other, each of the row's width.
    #[serde(with = "crate::packed::f64s")]
    axes: Vec<f64>,
}

impl UnsupervisedEstimator<Corpus, PcaParameters> for Pca {
    fn fit(corpus: &Corpus, parameters: PcaParameters) -> Result<Self, Failed> {
        if !(0.0..=1.0).contains(&parameters.variance) {
            return Err(Failed::fit("the share of variance is between 0 and 1"));
        }
        Self::fit_patterns(
            &patterns_of(&counts_of(corpus)?),
            corpus.vocabulary,
            &parameters,
        )
    }
}

impl Pca {
    fn fit_patterns(
        patterns: &[(Counts, u32)],
        vocabulary: u32,
        parameters: &PcaParameters,
    ) -> Result<Self, Failed> {
        let vectoriser = Vectoriser::fit(Weighting::TfIdf, patterns, vocabulary);
        let rows: Vec<(Vec<f64>, f64)> = patterns
            .iter()
            .map(|(counts, occurrences)| (vectoriser.row(counts), f64::from(*occurrences)))
            .collect();
        let (mean, covariance) = moments(&rows, vectoriser.width());
        let axes = principal_axes(&covariance, vectoriser.width(), parameters.variance)?;
        Ok(Self {
            vectoriser,
            mean,
            axes,
        })
    }
}

/// Weighted mean and covariance (row-major) of the rows.
fn moments(rows: &[(Vec<f64>, f64)], width: usize) -> (Vec<f64>, Vec<f64>) {
    let total: f64 = rows.iter().map(|(_, weight)| weight).sum();
    let mut mean = vec![0.0; width];
    for (row, weight) in rows {
        for (sum, value) in mean.iter_mut().zip(row) {
            *sum += weight * value / total;
        }
    }
    let mut covariance = vec![0.0; width * width];
    let mut centred = vec![0.0; width];
    for (row, weight) in rows {
        for ((slot, value), mean) in centred.iter_mut().zip(row).zip(&mean) {
            *slot = value - mean;
        }
        for (line, &one) in covariance.chunks_exact_mut(width).zip(&centred) {
            if one != 0.0 {
                let scaled = one * weight / total;
                for (sum, &other) in line.iter_mut().zip(&centred) {
                    *sum += scaled * other;
                }
            }
        }
    }
    (mean, covariance)
}

/// The fewest eigenvectors of the covariance that hold the share of its variance.
fn principal_axes(covariance: &[f64], width: usize, share: f64) -> Result<Vec<f64>, Failed> {
    let matrix = DenseMatrix::new(width, width, covariance.to_vec(), false)?;
    let decomposition = matrix.evd(true)?;
    let mut order: Vec<(usize, f64)> = decomposition.d.iter().copied().enumerate().collect();
    order.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
    let total: f64 = order.iter().map(|(_, value)| value.max(0.0)).sum();
    let mut axes = Vec::new();
    let mut held = 0.0;
    for (index, value) in order {
        // Rounding leaves tiny eigenvalues of no meaning at the end.
        if held >= share * total || value <= 1e-12 * total {
            break;
        }
        held += value;
        axes.extend((0..width).map(|row| *decomposition.V.get((row, index))));
    }
    Ok(axes)
}

impl Pca {
    /// The squared distance of the row from the subspace.
    pub fn score(&self, counts: &Counts) -> f64 {
        self.residual(counts)
            .iter()
            .map(|value| value * value)
            .sum()
    }

    /// What the subspace does not explain of each column.
    fn residual(&self, counts: &Counts) -> Vec<f64> {
        let mut residual = self.vectoriser.row(counts);
        for (value, mean) in residual.iter_mut().zip(&self.mean) {
            *value -= mean;
        }
        for axis in self.axes.chunks_exact(residual.len().max(1)) {
            let length: f64 = residual
                .iter()
                .zip(axis)
                .map(|(one, other)| one * other)
                .sum();
            for (value, direction) in residual.iter_mut().zip(axis) {
                *value -= length * direction;
            }
        }
        residual
    }
}

/// Parts of the corpus that are left out in turn.
const FOLDS: usize = 10;

/// See [`super::Detector::scores_left_out`].
pub(super) fn scores_left_out(
    pca: &Pca,
    vocabulary: u32,
    counts: &[Counts],
    seed: u64,
) -> Result<Vec<f64>, Failed> {
    let mut patterns = patterns_of(counts);
    let mut scores: HashMap<Counts, f64> = patterns
        .iter()
        .map(|(counts, _)| (counts.clone(), pca.score(counts)))
        .collect();
    let once = patterns.partition_point(|(_, occurrences)| *occurrences > 1);
    // Which of the single ones share a fold must not follow from their content, by which they are
    // sorted.
    let mut rng = Rng::stream(seed, 3);
    for at in once..patterns.len() {
        let other = at + rng.below(patterns.len() - at);
        patterns.swap(at, other);
    }
    let step = (patterns.len() - once).div_ceil(FOLDS).max(1);
    for start in (once..patterns.len()).step_by(step) {
        let end = (start + step).min(patterns.len());
        let rest: Vec<(Counts, u32)> = patterns
            .iter()
            .enumerate()
            .filter(|(at, _)| !(start..end).contains(at))
            .map(|(_, pattern)| pattern.clone())
            .collect();
        if rest.is_empty() {
            break;
        }
        let without = Pca::fit_patterns(&rest, vocabulary, &PcaParameters::default())?;
        for (counts, _) in patterns.get(start..end).unwrap_or_default() {
            scores.insert(counts.clone(), without.score(counts));
        }
    }
    Ok(counts
        .iter()
        .map(|counts| scores.get(counts).copied().unwrap_or(0.0))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Session;

    #[test]
    fn what_breaks_the_usual_proportion_stands_out() {
        // Templates 0 and 1 always come in equal numbers, at many scales.
        let pair = |count: usize| Session::new([0, 1].repeat(count));
        let corpus = Corpus {
            sessions: (1..40).map(pair).collect(),
            vocabulary: 2,
        };
        let pca = Pca::fit(&corpus, PcaParameters::default()).unwrap();
        let usual = pca.score(&pair(20).counts());
        let broken = pca.score(&Session::new(vec![0; 20]).counts());
        let unseen = pca.score(&Session::new(vec![0, 1, 9]).counts());
        assert!(usual < 1e-9, "{usual}");
        assert!(broken > 1.0 && unseen > 0.1, "{broken} {unseen}");
    }

    #[test]
    fn identical_sessions_leave_no_error() {
        let corpus = Corpus {
            sessions: vec![Session::new(vec![0, 1]); 5],
            vocabulary: 2,
        };
        let pca = Pca::fit(&corpus, PcaParameters::default()).unwrap();
        assert!(pca.score(&corpus.sessions[0].counts()).abs() < 1e-18);
    }
}
