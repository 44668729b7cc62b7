//! Backtest: how well the detectors do on sessions with labels. Labels select, weight and judge
//! test sessions; neither they nor the prevalence nor the protocol reach a fit or a threshold.

use std::collections::HashMap;

use serde::Serialize;
use smartcore::error::Failed;

use crate::detectors::{Detector, DetectorName, View};
use crate::ensemble::{Ensemble, EnsembleParameters, FitError};
use crate::mask::MaskError;
use crate::rng::Rng;
use crate::session::{Corpus, Session};

mod cases;
mod measures;
mod split;

pub use cases::{Case, Cases, Encoded, LineCases, TokenCases};
pub use measures::{Confusion, Interval95, Ranking, distance_from_uniform, mean_and_deviation};
pub use split::{Split, salted_into_training, split};

/// What of the training part is fitted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// All of it, with its anomalies, unlabelled.
    Unlabelled,
    /// Its normal sessions only.
    Clean,
}

/// How the threshold is chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ThresholdRule {
    /// The ensemble's own, which ships.
    Auto,
    /// The `1 - c` quantile of the scores of training.
    Contamination(f64),
    /// The `q` quantile of the scores of a random fifth of training that is held out of the fit.
    Quantile(f64),
}

/// What is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contender {
    /// One detector by itself.
    Alone(DetectorName),
    /// All of them.
    Ensemble,
    /// All but one.
    Without(DetectorName),
}

impl Contender {
    /// Every contender, in the order of reports.
    pub fn all() -> Vec<Self> {
        DetectorName::ALL
            .into_iter()
            .map(Self::Alone)
            .chain([Self::Ensemble])
            .chain(DetectorName::ALL.into_iter().map(Self::Without))
            .collect()
    }

    fn members(self) -> Vec<DetectorName> {
        match self {
            Self::Alone(name) => vec![name],
            Self::Ensemble => DetectorName::ALL.to_vec(),
            Self::Without(left_out) => DetectorName::ALL
                .into_iter()
                .filter(|&name| name != left_out)
                .collect(),
        }
    }
}

impl std::fmt::Display for Contender {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Alone(name) => name.fmt(formatter),
            Self::Ensemble => formatter.pad("ensemble"),
            Self::Without(name) => formatter.pad(&format!("ensemble without {name}")),
        }
    }
}

/// What shapes an evaluation.
#[derive(Debug, Clone)]
pub struct EvaluateOptions {
    /// What is fitted on.
    pub protocol: Protocol,
    /// How the threshold is chosen.
    pub threshold: ThresholdRule,
    /// True share of anomalies: weighs normal test sessions, and thins out training anomalies.
    pub prevalence: Option<f64>,
    /// The file's own split, then salted ones.
    pub splits: u32,
    /// Who is evaluated.
    pub contenders: Vec<Contender>,
    /// Seed of fits and samples.
    pub seed: u64,
}

/// One contender's result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ContenderResult {
    /// Its name.
    pub detector: String,
    /// F1 over the splits.
    pub f1: F1,
    /// Mean over the splits.
    pub precision: f64,
    /// Mean over the splits.
    pub recall: f64,
    /// Area under the receiver operating characteristic, mean over the splits.
    pub roc_auc: f64,
    /// Average precision, mean over the splits.
    pub pr_auc: f64,
    /// Kolmogorov-Smirnov distance of the p-values of normal test sessions from uniform, mean over
    /// the splits; of calibrated contenders only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p_value_ks: Option<f64>,
    /// Split by split.
    pub splits: Vec<SplitResult>,
}

/// F1 over several splits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct F1 {
    /// Mean.
    pub mean: f64,
    /// Standard deviation between the splits.
    pub sd: f64,
    /// Bootstrap interval of the mean, over the test sessions.
    pub ci95: Interval95,
}

/// One split's result. The counts are sessions, unweighted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SplitResult {
    /// `v1`: the file's own split.
    pub salt: String,
    /// Weighted.
    pub f1: f64,
    /// Anomalous sessions that were found.
    pub tp: u64,
    /// Normal sessions that were called anomalous.
    pub fp: u64,
    /// Anomalous sessions that were missed.
    #[serde(rename = "fn")]
    pub missed: u64,
    /// Normal sessions that were not.
    pub tn: u64,
    /// Scores above it are anomalous.
    pub threshold: f64,
    /// Weight of a normal test session.
    pub normal_weight: f64,
}

/// Why an evaluation has no result.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    /// A split without one of its parts.
    #[error(
        "split {salt} has {training} training sessions, {anomalous} anomalous and {normal} normal \
         test sessions: each must be at least 1"
    )]
    EmptySplit {
        /// Which one.
        salt: String,
        /// To fit on.
        training: usize,
        /// To test on.
        anomalous: usize,
        /// To test on.
        normal: usize,
    },
    /// The fit failed.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// A detector alone failed.
    #[error("the detector {detector} could not be fitted")]
    Detector {
        /// Which one.
        detector: DetectorName,
        /// Why.
        source: Failed,
    },
    /// Templates could not be mined.
    #[error(transparent)]
    Mask(#[from] MaskError),
}

/// Evaluates every contender on every split. `progress` is told what is next.
///
/// # Errors
/// [`EvaluateError`]: a split without training or test sessions, a fit that fails.
pub fn evaluate(
    cases: &impl Cases,
    options: &EvaluateOptions,
    mut progress: impl FnMut(&str),
) -> Result<Vec<ContenderResult>, EvaluateError> {
    let mut judged: Vec<Vec<Judged>> = vec![Vec::new(); options.contenders.len()];
    for number in 1..=options.splits.max(1) {
        let split = split(cases.cases(), number, options)?;
        progress(&format!("{}: mining", split.salt));
        let encoded = cases.encode(&split.training, &split.test)?;
        for (&contender, judged) in options.contenders.iter().zip(&mut judged) {
            progress(&format!("{}: {contender}", split.salt));
            let verdicts = verdicts(contender, &encoded, options, u64::from(number))?;
            judged.push(judge(cases.cases(), &split, &verdicts));
        }
    }
    Ok(options
        .contenders
        .iter()
        .zip(judged)
        .map(|(contender, judged)| summarise(*contender, &judged, options.seed))
        .collect())
}

/// What a contender says of the test sessions.
struct Verdicts {
    threshold: f64,
    scores: Vec<f64>,
    /// Score by score, whether it is an alarm.
    alarms: Vec<bool>,
    /// Of calibrated contenders.
    p_values: Option<Box<dyn Fn(f64, f64) -> f64>>,
}

impl Verdicts {
    /// One threshold for all, and no calibration.
    fn above(threshold: f64, scores: Vec<f64>) -> Self {
        Self {
            threshold,
            alarms: scores.iter().map(|&score| score > threshold).collect(),
            scores,
            p_values: None,
        }
    }
}

fn verdicts(
    contender: Contender,
    encoded: &Encoded,
    options: &EvaluateOptions,
    salt: u64,
) -> Result<Verdicts, EvaluateError> {
    let seed = options.seed.wrapping_add(salt);
    match options.threshold {
        ThresholdRule::Auto => {
            let ensemble = fit_ensemble(contender, &encoded.training, seed)?;
            let scored = distinct(&encoded.test, |session| {
                let scored = ensemble.score(session, 1.0);
                (scored.score, scored.anomalous)
            });
            let (scores, alarms) = scored.into_iter().unzip();
            Ok(Verdicts {
                threshold: ensemble.threshold(),
                scores,
                alarms,
                p_values: Some(Box::new(move |score, tie| ensemble.p_value(score, tie))),
            })
        }
        ThresholdRule::Contamination(share) => {
            let scorer = fit_plain(contender, &encoded.training, seed)?;
            let training = distinct(&encoded.training.sessions, &scorer);
            Ok(Verdicts::above(
                quantile(training, 1.0 - share),
                distinct(&encoded.test, &scorer),
            ))
        }
        ThresholdRule::Quantile(share) => {
            let (fitted, held_out) = hold_out(&encoded.training, seed);
            let scorer = fit_plain(contender, &fitted, seed)?;
            Ok(Verdicts::above(
                quantile(distinct(&held_out, &scorer), share),
                distinct(&encoded.test, &scorer),
            ))
        }
    }
}

fn fit_ensemble(
    contender: Contender,
    corpus: &Corpus,
    seed: u64,
) -> Result<Ensemble, EvaluateError> {
    let parameters = EnsembleParameters {
        members: contender.members(),
        seed,
        ..EnsembleParameters::default()
    };
    Ok(Ensemble::fit(corpus, &parameters)?)
}

type Scorer = Box<dyn Fn(&Session) -> f64>;

/// A detector alone as its authors describe it, without cleaning and calibration; the ensemble is
/// nothing without them.
fn fit_plain(contender: Contender, corpus: &Corpus, seed: u64) -> Result<Scorer, EvaluateError> {
    if let Contender::Alone(name) = contender {
        let detector =
            Detector::fit(name, corpus, seed).map_err(|source| EvaluateError::Detector {
                detector: name,
                source,
            })?;
        return Ok(Box::new(move |session| {
            detector.score(View {
                session,
                counts: &session.counts(),
                nearest: None,
            })
        }));
    }
    let ensemble = fit_ensemble(contender, corpus, seed)?;
    Ok(Box::new(move |session| ensemble.score(session, 1.0).score))
}

/// Sessions repeat: each distinct one is scored once.
fn distinct<T: Copy>(sessions: &[Session], score: impl Fn(&Session) -> T) -> Vec<T> {
    let mut known: HashMap<&Session, T> = HashMap::new();
    sessions
        .iter()
        .map(|session| *known.entry(session).or_insert_with(|| score(session)))
        .collect()
}

/// A random fifth of the sessions apart: what is fitted on, and what a threshold is chosen on.
pub fn hold_out(corpus: &Corpus, seed: u64) -> (Corpus, Vec<Session>) {
    let mut rng = Rng::stream(seed, 4);
    let mut fitted = Vec::new();
    let mut held_out = Vec::new();
    for session in &corpus.sessions {
        if rng.uniform() < 0.8 {
            fitted.push(session.clone());
        } else {
            held_out.push(session.clone());
        }
    }
    let fitted = Corpus {
        sessions: fitted,
        vocabulary: corpus.vocabulary,
    };
    (fitted, held_out)
}

/// The quantile with linear interpolation between neighbours; infinite for no values.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "numbers of sessions"
)]
pub fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let position = share.clamp(0.0, 1.0) * values.len().saturating_sub(1) as f64;
    let below = values.get(position.floor() as usize);
    let above = values.get(position.ceil() as usize);
    match (below, above) {
        (Some(below), Some(above)) => below + (above - below) * position.fract(),
        _ => f64::INFINITY,
    }
}

/// One contender on one split.
#[derive(Debug, Clone)]
struct Judged {
    salt: String,
    threshold: f64,
    confusion: Confusion,
    ranking: Ranking,
    ks: Option<f64>,
}

fn judge(cases: &[Case], split: &Split, verdicts: &Verdicts) -> Judged {
    let mut confusion = Confusion::new(split.normal_weight);
    let mut scored = Vec::with_capacity(split.test.len());
    let mut p_values = Vec::new();
    for ((case, &score), &alarm) in split
        .test
        .iter()
        .filter_map(|&at| cases.get(at))
        .zip(&verdicts.scores)
        .zip(&verdicts.alarms)
    {
        confusion.add(case.anomalous, alarm);
        scored.push((score, case.anomalous));
        if let Some(p_value) = &verdicts.p_values
            && !case.anomalous
        {
            p_values.push(p_value(score, split::fraction_of("tie", &case.id)));
        }
    }
    Judged {
        salt: split.salt.clone(),
        threshold: verdicts.threshold,
        confusion,
        ranking: Ranking::of(scored, split.normal_weight),
        ks: (!p_values.is_empty()).then(|| measures::distance_from_uniform(p_values)),
    }
}

fn summarise(contender: Contender, judged: &[Judged], seed: u64) -> ContenderResult {
    let mean = |value: fn(&Judged) -> f64| {
        let values: Vec<f64> = judged.iter().map(value).collect();
        mean_and_deviation(&values).0
    };
    let f1: Vec<f64> = judged.iter().map(|split| split.confusion.f1()).collect();
    let (f1_mean, f1_deviation) = mean_and_deviation(&f1);
    let ks: Vec<f64> = judged.iter().filter_map(|split| split.ks).collect();
    ContenderResult {
        detector: contender.to_string(),
        f1: F1 {
            mean: f1_mean,
            sd: f1_deviation,
            ci95: measures::bootstrap(judged.iter().map(|split| &split.confusion), seed),
        },
        precision: mean(|split| split.confusion.precision()),
        recall: mean(|split| split.confusion.recall()),
        roc_auc: mean(|split| split.ranking.roc_auc),
        pr_auc: mean(|split| split.ranking.pr_auc),
        p_value_ks: (!ks.is_empty()).then(|| mean_and_deviation(&ks).0),
        splits: judged
            .iter()
            .map(|split| SplitResult {
                salt: split.salt.clone(),
                f1: split.confusion.f1(),
                tp: split.confusion.found,
                fp: split.confusion.false_alarms,
                missed: split.confusion.missed,
                tn: split.confusion.passed,
                threshold: split.threshold,
                normal_weight: split.confusion.normal_weight,
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests;
