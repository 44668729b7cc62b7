//! All detectors together, made comparable, with one score, one p-value and one threshold.
//!
//! Fitting takes no label. The training set is cleaned ([`crate::cleaning`]); every detector is
//! fitted on it and scores each of its windows as if it had not seen that window
//! ([`Detector::scores_left_out`]). From these scores follow each detector's [`Calibration`], the
//! ensemble's own calibration, and the threshold.

use serde::{Deserialize, Serialize};

use crate::calibration::Calibration;
use crate::cleaning;
use crate::detectors::{CountMetric, Detector, DetectorName, View};
use crate::labels::Judgement;
use crate::rng::Rng;
use crate::session::{Corpus, Counts, Session};
use crate::threshold::AlarmTarget;

/// What shapes a fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnsembleParameters {
    /// The detectors, each once.
    pub members: Vec<DetectorName>,
    /// False alarms that are acceptable.
    pub target: AlarmTarget,
    /// Seed of everything random in the fit.
    pub seed: u64,
}

impl Default for EnsembleParameters {
    fn default() -> Self {
        Self {
            members: DetectorName::ALL.to_vec(),
            target: AlarmTarget::default(),
            seed: 0,
        }
    }
}

/// Why an ensemble cannot be fitted.
#[derive(Debug, thiserror::Error)]
pub enum FitError {
    /// No windows.
    #[error("there is no window to train on: give logs with at least one complete window")]
    Empty,
    /// No detectors.
    #[error("an ensemble needs at least one detector")]
    NoMembers,
    /// A detector failed.
    #[error("the detector {detector} could not be fitted")]
    Detector {
        /// Which one.
        detector: DetectorName,
        /// Why.
        source: smartcore::error::Failed,
    },
}

/// Windows that are fitted on at most; of more, a seeded sample.
const SESSIONS_MAX: usize = 50_000;

/// How far beyond the rarest window of training a detector's surprise may grow, in nats: an
/// extrapolated tail is believed for three orders of magnitude.
const REACH: f64 = 6.9;

/// How many times the accepted false alarms may be risked to find what operators confirmed.
const LABELLED_RATE_FACTOR: f64 = 3.0;

/// A detector and what its scores mean.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Member {
    detector: Detector,
    calibration: Calibration,
}

/// The fitted ensemble of one source.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ensemble {
    members: Vec<Member>,
    calibration: Calibration,
    threshold: f64,
    /// Absent where training was long enough, under a budget, and in artefacts that had one
    /// threshold for both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    novelty: Option<NoveltyAllowance>,
    windows: u64,
    left_out: u64,
}

/// What a window with a template that training never saw is allowed for.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct NoveltyAllowance {
    /// Templates from this number on were never seen.
    vocabulary: u32,
    /// Such a window must exceed this score too.
    threshold: f64,
}

/// The verdict on one session.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// The ensemble's score; higher is stranger.
    pub score: f64,
    /// Probability of a score at least this high in a normal window.
    pub p_value: f64,
    /// Whether the score is above the threshold.
    pub anomalous: bool,
    /// `-ln p` by each detector.
    pub surprises: Vec<(DetectorName, f64)>,
}

/// The reference that a count vector is nearest to.
#[derive(Debug, Clone, Copy)]
pub struct Nearest<'e> {
    /// What distances are measured in.
    pub metric: &'e CountMetric,
    /// The reference.
    pub vector: &'e Counts,
    /// How far it is.
    pub distance: f64,
}

impl Ensemble {
    /// Fits on sessions without labels.
    ///
    /// # Errors
    /// [`FitError`]: no sessions, no members, or a detector that cannot be fitted.
    pub fn fit(corpus: &Corpus, parameters: &EnsembleParameters) -> Result<Self, FitError> {
        Self::fit_labelled(corpus, &[], parameters)
    }

    /// Fits on sessions of which operators judged some: `judgements` in the order of the sessions,
    /// absent or `None` where nobody did.
    ///
    /// # Errors
    /// As [`Ensemble::fit`].
    pub fn fit_labelled(
        corpus: &Corpus,
        judgements: &[Option<Judgement>],
        parameters: &EnsembleParameters,
    ) -> Result<Self, FitError> {
        if corpus.sessions.is_empty() {
            return Err(FitError::Empty);
        }
        if parameters.members.is_empty() {
            return Err(FitError::NoMembers);
        }
        let windows = corpus.sessions.len();
        let Sample { clean, left_out } = clean_sample(corpus, judgements, parameters.seed);
        if clean.sessions.is_empty() {
            return Err(FitError::Empty);
        }
        let counts: Vec<Counts> = clean.sessions.iter().map(Session::counts).collect();
        let mut members = Vec::with_capacity(parameters.members.len());
        let mut raw = Vec::with_capacity(parameters.members.len());
        for &name in &parameters.members {
            let failed = |source| FitError::Detector {
                detector: name,
                source,
            };
            let detector = Detector::fit(name, &clean, parameters.seed).map_err(failed)?;
            let scores = detector
                .scores_left_out(&clean, &counts, parameters.seed)
                .map_err(failed)?;
            members.push(Member {
                calibration: Calibration::fit(scores.clone(), 0.0),
                detector,
            });
            raw.push(scores);
        }
        let combined: Vec<f64> = (0..counts.len())
            .map(|window| {
                combine(members.iter().zip(&raw).map(|(member, scores)| {
                    let score = scores.get(window).copied().unwrap_or(0.0);
                    member.calibration.surprise(score, REACH)
                }))
            })
            .collect();
        // A single well-calibrated detector has surprises with a mean excess of 1; the ensemble's
        // must not be taken to fall faster than that.
        let calibration = Calibration::fit(combined, 1.0);
        let mut ensemble = Self {
            threshold: parameters.target.threshold(&calibration),
            novelty: None,
            members,
            calibration,
            windows: windows as u64,
            left_out: left_out.len() as u64,
        };
        ensemble.spare_the_odd(&left_out);
        ensemble.allow_for_novelty(&clean, &counts, parameters);
        ensemble.heed(corpus, judgements, parameters);
        Ok(ensemble)
    }

    /// Moves the threshold so that what was wrongly paged is found no more and what was rightly paged
    /// still is. Where both cannot be had, pages that were right go first, as long as that does not
    /// cost more than [`LABELLED_RATE_FACTOR`] times the accepted false alarms.
    fn heed(
        &mut self,
        corpus: &Corpus,
        judgements: &[Option<Judgement>],
        parameters: &EnsembleParameters,
    ) {
        let scores = |wanted: Judgement| {
            judgements
                .iter()
                .zip(&corpus.sessions)
                .filter(move |(judged, _)| **judged == Some(wanted))
                .map(|(_, session)| self.score(session, 1.0).score)
        };
        let wrongly = scores(Judgement::Normal).max_by(f64::total_cmp);
        let rightly = scores(Judgement::Anomalous).min_by(f64::total_cmp);
        let rate = parameters.target.rate(self.calibration.windows());
        let lowest = self
            .calibration
            .threshold((rate * LABELLED_RATE_FACTOR).min(1.0));
        if let Some(wrongly) = wrongly {
            self.threshold = self.threshold.max(wrongly);
        }
        if let Some(rightly) = rightly {
            self.threshold = self.threshold.min(rightly.next_down().max(lowest));
        }
    }

    /// Scores a session. `tie` in 0..1 is an arbitrary number of the session's own that says where
    /// among equal scores its p-value falls.
    pub fn score(&self, session: &Session, tie: f64) -> Scored {
        let view = View {
            session,
            counts: &session.counts(),
            nearest: None,
        };
        self.score_view(view, tie)
    }

    /// As [`Ensemble::score`].
    pub fn score_view(&self, view: View<'_>, tie: f64) -> Scored {
        let surprises = self.surprises(view);
        let score = combine(surprises.iter().map(|&(_, surprise)| surprise));
        Scored {
            score,
            p_value: self.p_value(score, tie),
            anomalous: score > self.threshold_of(view.counts),
            surprises,
        }
    }

    /// The p-value of a score of this ensemble; `tie` as in [`Ensemble::score`].
    pub fn p_value(&self, score: f64, tie: f64) -> f64 {
        self.calibration.p_value(score, tie)
    }

    fn surprises(&self, view: View<'_>) -> Vec<(DetectorName, f64)> {
        self.members
            .iter()
            .map(|member| {
                let score = member.detector.score(view);
                (
                    member.detector.name(),
                    member.calibration.surprise(score, REACH),
                )
            })
            .collect()
    }

    /// What the cleaning left out shows what anomalies of this source look like. The threshold rises
    /// as far as all but one in a hundred of them are still found: between the two groups lies
    /// nothing but false alarms.
    fn spare_the_odd(&mut self, left_out: &[Session]) {
        let mut scores: Vec<f64> = left_out
            .iter()
            .map(|session| self.score(session, 1.0).score)
            .collect();
        scores.sort_unstable_by(f64::total_cmp);
        if let Some(score) = scores.get(scores.len() / 100) {
            self.threshold = self.threshold.max(score.next_down());
        }
    }

    /// A short training shows too little of what is rare but harmless: new templates. Of `n` windows,
    /// `k` held a template that no other had; by the upper decile of a Poisson count more of them
    /// must be expected. While that excess is above the accepted rate of false alarms, one line of
    /// a template never seen must not be enough for an alarm. Windows of known templates only are
    /// exchangeable with those of training and keep the threshold of the accepted rate (a conformal
    /// predictor of two categories; Vovk, Gammerman & Shafer, "Algorithmic learning in a random
    /// world", 2005, ch. 4). A budget is a promise, and known templates can meet in new ways too:
    /// under it nothing milder than a new line alarms after so short a training.
    #[expect(clippy::cast_precision_loss, reason = "numbers of windows")]
    fn allow_for_novelty(
        &mut self,
        corpus: &Corpus,
        counts: &[Counts],
        parameters: &EnsembleParameters,
    ) {
        const SIMULATED: usize = 200;
        let novel = windows_with_a_template_of_their_own(counts, corpus.vocabulary) as f64;
        let excess = (poisson_upper_decile(novel) - novel) / counts.len() as f64;
        if excess <= parameters.target.rate(self.calibration.windows()) {
            return;
        }
        let mut rng = Rng::stream(parameters.seed, 2);
        let mut scores: Vec<f64> = rng
            .sample(corpus.sessions.len(), SIMULATED)
            .into_iter()
            .filter_map(|at| corpus.sessions.get(at))
            .map(|session| {
                let mut session = session.clone();
                let at = rng.below(session.events.len() + 1);
                session.events.insert(at, corpus.vocabulary);
                self.score(&session, 1.0).score
            })
            .collect();
        scores.sort_unstable_by(|one, other| other.total_cmp(one));
        let Some(&threshold) = scores.get(scores.len() / 100) else {
            return;
        };
        match parameters.target {
            AlarmTarget::Budget { .. } => self.threshold = self.threshold.max(threshold),
            AlarmTarget::Rate(_) => {
                self.novelty = Some(NoveltyAllowance {
                    vocabulary: corpus.vocabulary,
                    threshold,
                });
            }
        }
    }

    /// Scores of windows with these counts are anomalous above this.
    fn threshold_of(&self, counts: &Counts) -> f64 {
        let unseen = |novelty: &NoveltyAllowance| {
            let mut templates = counts.iter().map(|(template, _)| template);
            templates.any(|template| template >= novelty.vocabulary)
        };
        let allowed = self.novelty.filter(unseen);
        allowed.map_or(self.threshold, |novelty| {
            self.threshold.max(novelty.threshold)
        })
    }

    /// Scores above this are anomalous; after a short training, windows with a template that it
    /// never saw need more.
    pub const fn threshold(&self) -> f64 {
        self.threshold
    }

    /// Windows of training, and how many of them were left out as contaminated.
    pub const fn windows(&self) -> (u64, u64) {
        (self.windows, self.left_out)
    }

    /// The nearest reference to a count vector, its distance, and the metric of both, if a member has
    /// references.
    pub fn nearest(&self, counts: &Counts) -> Option<Nearest<'_>> {
        self.detectors().find_map(|detector| match detector {
            Detector::NearestCount(nearest) => {
                let (vector, distance) = nearest.nearest(counts)?;
                Some(Nearest {
                    metric: nearest.metric(),
                    vector,
                    distance,
                })
            }
            _ => None,
        })
    }

    /// The fitted detectors.
    pub fn detectors(&self) -> impl Iterator<Item = &Detector> {
        self.members.iter().map(|member| &member.detector)
    }
}

pub(crate) fn windows_with_a_template_of_their_own(counts: &[Counts], vocabulary: u32) -> usize {
    let mut windows = vec![0u32; vocabulary as usize];
    for (template, _) in counts.iter().flat_map(Counts::iter) {
        if let Some(windows) = windows.get_mut(template as usize) {
            *windows += 1;
        }
    }
    let own = |template: u32| windows.get(template as usize) == Some(&1);
    counts
        .iter()
        .filter(|counts| counts.iter().any(|(template, _)| own(template)))
        .count()
}

/// The mean of which a Poisson count of at most `count` has a probability of a tenth, by Wilson and
/// Hilferty's approximation of the chi-squared distribution.
fn poisson_upper_decile(count: f64) -> f64 {
    let next = count + 1.0;
    next * (1.0 - 1.0 / (9.0 * next) + 1.281_55 / (3.0 * next.sqrt())).powi(3)
}

/// The sessions to fit on, and those that the cleaning left out.
struct Sample {
    clean: Corpus,
    left_out: Vec<Session>,
}

/// Operators know better than the cleaning: what they called an incident is in neither part.
fn clean_sample(corpus: &Corpus, judgements: &[Option<Judgement>], seed: u64) -> Sample {
    let judged = |at: usize| judgements.get(at).copied().flatten();
    let mut chosen = Rng::stream(seed, 0).sample(corpus.sessions.len(), SESSIONS_MAX);
    chosen.retain(|&at| judged(at) != Some(Judgement::Anomalous));
    chosen.sort_unstable();
    let sessions: Vec<(usize, &Session)> = chosen
        .iter()
        .filter_map(|&at| Some((at, corpus.sessions.get(at)?)))
        .collect();
    let counts: Vec<Counts> = sessions
        .iter()
        .map(|(_, session)| session.counts())
        .collect();
    let contaminated = cleaning::contaminated(&counts, corpus.vocabulary, seed);
    let mut kept = Vec::with_capacity(sessions.len());
    let mut left_out = Vec::new();
    for ((at, session), contaminated) in sessions.into_iter().zip(contaminated) {
        if contaminated && judged(at) != Some(Judgement::Normal) {
            left_out.push(session.clone());
        } else {
            kept.push(session.clone());
        }
    }
    Sample {
        clean: Corpus {
            sessions: kept,
            vocabulary: corpus.vocabulary,
        },
        left_out,
    }
}

/// `-ln` of the generalised mean of the p-values with exponent -1/2 (Vovk & Wang, "Combining p-values
/// via averaging", Biometrika 107(4), 2020): between the harmonic mean, which the most surprised
/// detector decides alone, and the geometric one, in which it drowns. Whatever the detectors'
/// dependence does to its scale, the ensemble's own calibration undoes.
#[expect(clippy::cast_precision_loss, reason = "number of detectors")]
fn combine(surprises: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = surprises.fold((0.0, 0usize), |(sum, count), surprise| {
        (sum + (surprise / 2.0).exp(), count + 1)
    });
    2.0 * (sum / count.max(1) as f64).max(f64::MIN_POSITIVE).ln()
}

#[cfg(test)]
mod tests;
