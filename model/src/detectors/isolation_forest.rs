//! Isolation Forest (Liu, Ting & Zhou, "Isolation forest", ICDM 2008; TKDD 6(1), 2012).
//!
//! Random trees isolate rare points in few splits; the score is `2^(-E[path] / c(ψ))`, where `c(ψ)` is
//! the average path of an unsuccessful search in a binary tree of ψ points. Samples without
//! replacement, a random feature among those that vary in the node, a split uniform in its range:
//! the choices of scikit-learn, whose exported forests [`IsolationForest::from_scikit_learn`] reads.

use serde::{Deserialize, Serialize};
use smartcore::api::{Predictor, UnsupervisedEstimator};
use smartcore::error::Failed;
use smartcore::linalg::basic::arrays::Array;
use smartcore::linalg::basic::matrix::DenseMatrix;

use super::{counts_of, patterns_of};
use crate::rng::Rng;
use crate::session::{Corpus, Counts};
use crate::vectoriser::{Vectoriser, Weighting};

mod grow;
mod import;
mod tree;

pub use import::{ScikitForest, ScikitTree};
use tree::{LANES, Tree};

/// Parameters of [`IsolationForest`]; the defaults are those of the paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IsolationForestParameters {
    /// Number of trees.
    pub trees: usize,
    /// Rows that each tree sees (ψ); all rows if there are fewer.
    pub samples_max: usize,
    /// Seed of the samples and splits.
    pub seed: u64,
}

impl Default for IsolationForestParameters {
    fn default() -> Self {
        Self {
            trees: 100,
            samples_max: 256,
            seed: 0,
        }
    }
}

/// A fitted forest over rows of single floats.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IsolationForest {
    trees: Vec<Tree>,
    columns: usize,
    /// `c(ψ)`.
    normaliser: f64,
}

/// Rows that a tree is walked for before the next tree: they and the tree stay in the cache.
const BLOCK_ROWS: usize = 512;

impl IsolationForest {
    /// Fits on row-major `values` with `columns` values a row.
    ///
    /// # Errors
    /// No rows, no columns, a ragged end, or a parameter of 0.
    pub fn fit_rows(
        values: &[f32],
        columns: usize,
        parameters: &IsolationForestParameters,
    ) -> Result<Self, Failed> {
        if columns == 0 || values.is_empty() || !values.len().is_multiple_of(columns) {
            return Err(Failed::fit(
                "an isolation forest needs whole rows, at least one",
            ));
        }
        if parameters.trees == 0 || parameters.samples_max == 0 {
            return Err(Failed::fit(
                "an isolation forest needs trees and samples above 0",
            ));
        }
        let rows = values.len() / columns;
        let samples = parameters.samples_max.min(rows);
        let trees = (0..parameters.trees as u64)
            .map(|index| {
                let mut rng = Rng::stream(parameters.seed, index);
                let sample = rng.sample(rows, samples);
                grow::grow(values, columns, sample, &mut rng)
            })
            .collect();
        Ok(Self {
            trees,
            columns,
            normaliser: average_path(samples),
        })
    }

    /// A forest exported from scikit-learn.
    ///
    /// # Errors
    /// Trees that are not well formed.
    pub fn from_scikit_learn(forest: &ScikitForest) -> Result<Self, Failed> {
        Ok(Self {
            trees: forest.trees()?,
            columns: forest.n_features,
            normaliser: average_path(forest.max_samples),
        })
    }

    /// Values per row.
    pub const fn columns(&self) -> usize {
        self.columns
    }

    /// Scores of row-major rows, in 0..1; a value that is not a number counts as the smallest.
    ///
    /// # Errors
    /// A length that is not a multiple of the columns.
    #[expect(clippy::cast_precision_loss, reason = "number of trees")]
    pub fn score_rows(&self, values: &[f32]) -> Result<Vec<f64>, Failed> {
        if !values.len().is_multiple_of(self.columns) {
            return Err(Failed::predict("rows do not have the forest's columns"));
        }
        let mut scores = vec![0.0f64; values.len() / self.columns];
        for (block, paths) in values
            .chunks(BLOCK_ROWS * self.columns)
            .zip(scores.chunks_mut(BLOCK_ROWS))
        {
            for tree in &self.trees {
                tree.add_paths(block, self.columns, paths);
            }
            let grouped = paths.len() - paths.len() % LANES;
            let rest = block.chunks_exact(self.columns).zip(paths).skip(grouped);
            for (row, path) in rest {
                *path = Tree::paths_of(&self.trees, row);
            }
        }
        let trees = self.trees.len() as f64;
        for score in &mut scores {
            *score = if self.normaliser > 0.0 {
                (-*score / trees / self.normaliser).exp2()
            } else {
                0.5
            };
        }
        Ok(scores)
    }
}

/// Average path length of an unsuccessful search in a binary search tree of `points`.
#[expect(clippy::cast_precision_loss, reason = "number of points")]
pub(crate) fn average_path(points: usize) -> f64 {
    /// Euler's constant.
    const GAMMA: f64 = 0.577_215_664_901_532_9;
    match points {
        0 | 1 => 0.0,
        2 => 1.0,
        _ => {
            let n = points as f64;
            2.0 * ((n - 1.0).ln() + GAMMA) - 2.0 * (n - 1.0) / n
        }
    }
}

fn row_major(matrix: &DenseMatrix<f32>) -> (Vec<f32>, usize) {
    (matrix.iterator(0).copied().collect(), matrix.shape().1)
}

impl UnsupervisedEstimator<DenseMatrix<f32>, IsolationForestParameters> for IsolationForest {
    fn fit(x: &DenseMatrix<f32>, parameters: IsolationForestParameters) -> Result<Self, Failed> {
        let (values, columns) = row_major(x);
        Self::fit_rows(&values, columns, &parameters)
    }
}

impl Predictor<DenseMatrix<f32>, Vec<f64>> for IsolationForest {
    fn predict(&self, x: &DenseMatrix<f32>) -> Result<Vec<f64>, Failed> {
        let (values, columns) = row_major(x);
        if columns != self.columns {
            return Err(Failed::predict("rows do not have the forest's columns"));
        }
        self.score_rows(&values)
    }
}

/// The forest as a detector of sessions: over their counts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SessionForest {
    vectoriser: Vectoriser,
    forest: IsolationForest,
}

impl UnsupervisedEstimator<Corpus, IsolationForestParameters> for SessionForest {
    fn fit(corpus: &Corpus, parameters: IsolationForestParameters) -> Result<Self, Failed> {
        let counts = counts_of(corpus)?;
        let vectoriser =
            Vectoriser::fit(Weighting::Count, &patterns_of(&counts), corpus.vocabulary);
        let values: Vec<f32> = counts
            .iter()
            .flat_map(|row| features(&vectoriser, row))
            .collect();
        Ok(Self {
            forest: IsolationForest::fit_rows(&values, vectoriser.width(), &parameters)?,
            vectoriser,
        })
    }
}

impl SessionForest {
    /// The forest's score, in 0..1.
    pub fn score(&self, counts: &Counts) -> f64 {
        self.forest
            .score_rows(&features(&self.vectoriser, counts))
            .ok()
            .and_then(|scores| scores.first().copied())
            .unwrap_or(0.5)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the forest works on single floats"
)]
fn features(vectoriser: &Vectoriser, counts: &Counts) -> Vec<f32> {
    vectoriser
        .row(counts)
        .into_iter()
        .map(|value| value as f32)
        .collect()
}

#[cfg(test)]
mod tests;
