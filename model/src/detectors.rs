//! The detectors: each gives a session one raw score, higher being stranger, in units of its own.
//! [`crate::ensemble`] makes their scores comparable.
//!
//! Every one is an estimator in the sense of `smartcore::api`: fitted without labels on a
//! [`Corpus`], it predicts scores for another.

use serde::{Deserialize, Serialize};
use smartcore::api::{Predictor, UnsupervisedEstimator};
use smartcore::error::Failed;

use crate::session::{Corpus, Counts, Session};

pub mod isolation_forest;
pub mod metric;
pub mod nearest_count;
pub mod ngram;
pub mod pca;
pub mod rate;
pub mod seen_before;
pub mod template_rarity;

pub use isolation_forest::{IsolationForest, IsolationForestParameters, SessionForest};
pub use metric::CountMetric;
pub use nearest_count::{NearestCount, NearestCountParameters};
pub use ngram::Ngram;
pub use pca::{Pca, PcaParameters};
pub use rate::Rate;
pub use seen_before::SeenBefore;
pub use template_rarity::TemplateRarity;

/// A detector's name, as in the interfaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DetectorName {
    /// Isolation Forest (Liu, Ting & Zhou 2008).
    IsolationForest,
    /// Squared prediction error outside of the principal subspace.
    Pca,
    /// Distance to the nearest count vectors of training.
    NearestCount,
    /// How often the very count vector was seen.
    SeenBefore,
    /// How unlikely the set of templates is.
    TemplateRarity,
    /// How unlikely the order of templates is.
    Ngram,
    /// Counts far from their usual rate.
    Rate,
}

impl DetectorName {
    /// Every detector, in the order of reports.
    pub const ALL: [Self; 7] = [
        Self::IsolationForest,
        Self::Pca,
        Self::NearestCount,
        Self::SeenBefore,
        Self::TemplateRarity,
        Self::Ngram,
        Self::Rate,
    ];

    /// The fixed word of the interfaces.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IsolationForest => "isolation-forest",
            Self::Pca => "pca",
            Self::NearestCount => "nearest-count",
            Self::SeenBefore => "seen-before",
            Self::TemplateRarity => "template-rarity",
            Self::Ngram => "ngram",
            Self::Rate => "rate",
        }
    }
}

impl std::fmt::Display for DetectorName {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// A session with its count vector, which most detectors need.
#[derive(Debug, Clone, Copy)]
pub struct View<'s> {
    /// The sequence.
    pub session: &'s Session,
    /// Its count vector.
    pub counts: &'s Counts,
    /// Its distance to the nearest reference, where that was measured before.
    pub nearest: Option<f64>,
}

/// A fitted detector of any kind.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Detector {
    /// See [`SessionForest`].
    IsolationForest(SessionForest),
    /// See [`Pca`].
    Pca(Pca),
    /// See [`NearestCount`].
    NearestCount(NearestCount),
    /// See [`SeenBefore`].
    SeenBefore(SeenBefore),
    /// See [`TemplateRarity`].
    TemplateRarity(TemplateRarity),
    /// See [`Ngram`].
    Ngram(Ngram),
    /// See [`Rate`].
    Rate(Rate),
}

impl Detector {
    /// Fits the detector of this name with its default parameters.
    ///
    /// # Errors
    /// What the detector cannot be fitted on: an empty corpus.
    pub fn fit(name: DetectorName, corpus: &Corpus, seed: u64) -> Result<Self, Failed> {
        Ok(match name {
            DetectorName::IsolationForest => {
                let parameters = IsolationForestParameters {
                    seed,
                    ..IsolationForestParameters::default()
                };
                Self::IsolationForest(SessionForest::fit(corpus, parameters)?)
            }
            DetectorName::Pca => Self::Pca(Pca::fit(corpus, PcaParameters::default())?),
            DetectorName::NearestCount => {
                let parameters = NearestCountParameters {
                    seed,
                    ..NearestCountParameters::default()
                };
                Self::NearestCount(NearestCount::fit(corpus, parameters)?)
            }
            DetectorName::SeenBefore => Self::SeenBefore(SeenBefore::fit(corpus, ())?),
            DetectorName::TemplateRarity => Self::TemplateRarity(TemplateRarity::fit(corpus, ())?),
            DetectorName::Ngram => Self::Ngram(Ngram::fit(corpus, ())?),
            DetectorName::Rate => Self::Rate(Rate::fit(corpus, ())?),
        })
    }

    /// Which one it is.
    pub const fn name(&self) -> DetectorName {
        match self {
            Self::IsolationForest(_) => DetectorName::IsolationForest,
            Self::Pca(_) => DetectorName::Pca,
            Self::NearestCount(_) => DetectorName::NearestCount,
            Self::SeenBefore(_) => DetectorName::SeenBefore,
            Self::TemplateRarity(_) => DetectorName::TemplateRarity,
            Self::Ngram(_) => DetectorName::Ngram,
            Self::Rate(_) => DetectorName::Rate,
        }
    }

    /// The raw score of one session; finite, higher is stranger.
    pub fn score(&self, view: View<'_>) -> f64 {
        match self {
            Self::IsolationForest(forest) => forest.score(view.counts),
            Self::Pca(pca) => pca.score(view.counts),
            Self::NearestCount(nearest) => {
                view.nearest.unwrap_or_else(|| nearest.score(view.counts))
            }
            Self::SeenBefore(seen) => seen.score(view.counts),
            Self::TemplateRarity(rarity) => rarity.score(view.counts),
            Self::Ngram(ngram) => ngram.score(view.session),
            Self::Rate(rate) => rate.score(view.counts, view.session.start),
        }
    }
}

impl Detector {
    /// The scores of the corpus that the detector was fitted on, each as if the detector had not
    /// seen that session: what calibrates it.
    ///
    /// Where a session's own part in the fit can be taken out, it is. Where it cannot (the
    /// principal axes), sessions whose count vector occurs once are scored by fits that lack
    /// their tenth of the corpus. The samples of a forest are too small for one session to matter,
    /// and so is a session's weight in a mean over all.
    ///
    /// # Errors
    /// What the detector cannot be fitted on.
    pub fn scores_left_out(
        &self,
        corpus: &Corpus,
        counts: &[Counts],
        seed: u64,
    ) -> Result<Vec<f64>, Failed> {
        let views = || {
            corpus
                .sessions
                .iter()
                .zip(counts)
                .map(|(session, counts)| View {
                    session,
                    counts,
                    nearest: None,
                })
        };
        Ok(match self {
            Self::NearestCount(nearest) => views()
                .map(|view| nearest.score_left_out(view.counts))
                .collect(),
            Self::SeenBefore(seen) => views()
                .map(|view| seen.score_left_out(view.counts))
                .collect(),
            Self::TemplateRarity(rarity) => views()
                .map(|view| rarity.score_left_out(view.counts))
                .collect(),
            Self::Ngram(ngram) => views()
                .map(|view| ngram.score_left_out(view.session))
                .collect(),
            Self::Pca(pca) => pca::scores_left_out(pca, corpus.vocabulary, counts, seed)?,
            Self::IsolationForest(_) | Self::Rate(_) => {
                views().map(|view| self.score(view)).collect()
            }
        })
    }
}

impl Predictor<Corpus, Vec<f64>> for Detector {
    fn predict(&self, corpus: &Corpus) -> Result<Vec<f64>, Failed> {
        Ok(corpus
            .sessions
            .iter()
            .map(|session| {
                self.score(View {
                    session,
                    counts: &session.counts(),
                    nearest: None,
                })
            })
            .collect())
    }
}

/// The count vectors of a corpus; an error when there are none.
pub(crate) fn counts_of(corpus: &Corpus) -> Result<Vec<Counts>, Failed> {
    if corpus.sessions.is_empty() {
        return Err(Failed::fit("a detector needs at least one session"));
    }
    Ok(corpus.sessions.iter().map(Session::counts).collect())
}

/// Distinct count vectors with how often each occurs, most frequent first, then by content.
pub(crate) fn patterns_of<'c>(counts: impl IntoIterator<Item = &'c Counts>) -> Vec<(Counts, u32)> {
    let mut occurrences: std::collections::HashMap<&Counts, u32> = std::collections::HashMap::new();
    for count in counts {
        *occurrences.entry(count).or_default() += 1;
    }
    let mut patterns: Vec<(Counts, u32)> = occurrences
        .into_iter()
        .map(|(counts, occurrences)| (counts.clone(), occurrences))
        .collect();
    patterns.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    patterns
}
