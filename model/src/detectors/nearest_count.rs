//! Distance to the nearest count vector of training.
//!
//! Counting events per sequence and asking for the nearest normal count vector is the simple method
//! that matches deep ones on the usual benchmarks (Landauer, Skopik & Wurzenberger, "A critical
//! review of common log data sets used for evaluation of sequence-based anomaly detection
//! techniques", FSE 2024). Its weakness, a contaminated training set, is met before fitting by
//! [`crate::cleaning`].

use serde::{Deserialize, Serialize};
use smartcore::api::UnsupervisedEstimator;
use smartcore::error::Failed;

use super::metric::{CountMetric, References};
use super::{counts_of, patterns_of};
use crate::rng::Rng;
use crate::session::{Corpus, Counts};

/// Parameters of [`NearestCount`].
#[derive(Debug, Clone)]
pub struct NearestCountParameters {
    /// Distinct vectors that are kept: the most frequent half, and a random half of the rest.
    pub references_max: usize,
    /// Seed of that choice.
    pub seed: u64,
}

impl Default for NearestCountParameters {
    fn default() -> Self {
        Self {
            references_max: 2_000,
            seed: 0,
        }
    }
}

/// The fitted detector: a metric and the distinct vectors.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "Form", into = "Form")]
pub struct NearestCount {
    metric: CountMetric,
    vectors: Vec<(Counts, u32)>,
    references: References,
}

#[derive(Serialize, Deserialize)]
struct Form {
    metric: CountMetric,
    #[serde(with = "crate::packed::vectors")]
    vectors: Vec<(Counts, u32)>,
}

impl From<Form> for NearestCount {
    fn from(form: Form) -> Self {
        let references =
            References::new(&form.metric, form.vectors.iter().map(|(counts, _)| counts));
        Self {
            metric: form.metric,
            vectors: form.vectors,
            references,
        }
    }
}

impl From<NearestCount> for Form {
    fn from(nearest: NearestCount) -> Self {
        Self {
            metric: nearest.metric,
            vectors: nearest.vectors,
        }
    }
}

impl UnsupervisedEstimator<Corpus, NearestCountParameters> for NearestCount {
    fn fit(corpus: &Corpus, parameters: NearestCountParameters) -> Result<Self, Failed> {
        let counts = counts_of(corpus)?;
        let mut patterns = patterns_of(&counts);
        let metric = CountMetric::fit(&patterns, corpus.vocabulary);
        let limit = parameters.references_max.max(1);
        if patterns.len() > limit {
            let rest = patterns.split_off(limit.div_ceil(2));
            let mut chosen = Rng::new(parameters.seed).sample(rest.len(), limit - patterns.len());
            chosen.sort_unstable();
            patterns.extend(chosen.into_iter().filter_map(|at| rest.get(at).cloned()));
        }
        Ok(Form {
            metric,
            vectors: patterns,
        }
        .into())
    }
}

impl NearestCount {
    /// The distance to the nearest reference.
    pub fn score(&self, counts: &Counts) -> f64 {
        self.nearest(counts).map_or(0.0, |(_, distance)| distance)
    }

    /// The distance to the nearest reference other than the session itself.
    pub fn score_left_out(&self, counts: &Counts) -> f64 {
        let mut distances = Vec::with_capacity(self.vectors.len());
        self.references
            .distances(&self.metric.embed(counts, true), &mut distances);
        self.vectors
            .iter()
            .zip(distances)
            .filter(|((vector, occurrences), _)| *occurrences > 1 || vector != counts)
            .map(|(_, distance)| distance)
            .min_by(f64::total_cmp)
            .unwrap_or(0.0)
    }

    /// The nearest reference vector and its distance.
    pub fn nearest(&self, counts: &Counts) -> Option<(&Counts, f64)> {
        let (at, distance) = self.references.nearest(&self.metric.embed(counts, false))?;
        Some((&self.vectors.get(at)?.0, distance))
    }

    /// The metric.
    pub const fn metric(&self) -> &CountMetric {
        &self.metric
    }
}
