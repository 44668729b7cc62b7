//! Training: from records without labels to a model.

use std::collections::BTreeMap;

use aiops_domain::{Interval, LogRecord, Source};

use crate::artefact::ArtefactError;
use crate::card::{DriftBaseline, ModelCard, SourceCard};
use crate::detectors::DetectorName;
use crate::ensemble::{
    Ensemble, EnsembleParameters, FitError, windows_with_a_template_of_their_own,
};
use crate::line::LineLearner;
use crate::mask::MaskError;
use crate::miner::MinerConfig;
use crate::model::{Content, DEFAULT_WINDOW, Model, SourceModel};
use crate::rules::RuleConfig;
use crate::sequence::{sequence, vocabulary};
use crate::session::{Corpus, Counts, Session};
use crate::threshold::AlarmTarget;
use crate::window::{EventWindow, WindowError, WindowSpec};

/// What shapes a training. The default is what ships.
#[derive(Debug, Clone)]
pub struct TrainOptions {
    /// Windows of sources that `windows` does not name.
    pub window: WindowSpec,
    /// Windows per source.
    pub windows: BTreeMap<Source, WindowSpec>,
    /// Seed of everything random.
    pub seed: u64,
    /// False alarms that are acceptable.
    pub target: AlarmTarget,
    /// Thresholds of the static rules.
    pub rules: RuleConfig,
    /// Whether the static rules take part in scoring.
    pub rules_apply: bool,
    /// How templates are mined.
    pub miner: MinerConfig,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self {
            window: DEFAULT_WINDOW,
            windows: BTreeMap::new(),
            seed: 0,
            target: AlarmTarget::default(),
            rules: RuleConfig::default(),
            rules_apply: true,
            miner: MinerConfig::default(),
        }
    }
}

/// Why training gives no model.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// No records at all.
    #[error("there is no line to train on")]
    NoRecords,
    /// Lines, but no window.
    #[error("no line of source {origin} has a key: check the key expression")]
    NoWindows {
        /// Of which source.
        origin: Source,
    },
    /// A window or key that cannot be used.
    #[error(transparent)]
    Window(#[from] WindowError),
    /// A mask that cannot be used.
    #[error(transparent)]
    Mask(#[from] MaskError),
    /// The detectors.
    #[error("source {origin}")]
    Fit {
        /// Of which source.
        origin: Source,
        /// Why.
        #[source]
        source: FitError,
    },
    /// The result cannot be written.
    #[error(transparent)]
    Artefact(#[from] ArtefactError),
}

/// Trains a model on records without labels, a part for each source. The result depends on the set
/// of records and the options, not on the records' order.
///
/// # Errors
/// [`TrainError`]: no records, a window without any of them, options that cannot be used.
pub fn train(records: Vec<LogRecord>, options: &TrainOptions) -> Result<Model, TrainError> {
    if records.is_empty() {
        return Err(TrainError::NoRecords);
    }
    let mut by_source: BTreeMap<Source, Vec<LogRecord>> = BTreeMap::new();
    for record in records {
        by_source.entry(record.source).or_default().push(record);
    }
    let mut content = Content {
        card: ModelCard {
            seed: options.seed,
            target: options.target,
            sources: BTreeMap::new(),
        },
        window: options.window.clone(),
        sources: BTreeMap::new(),
        rules: options.rules.clone(),
        rules_apply: options.rules_apply,
    };
    for (source, records) in by_source {
        let (model, card) = train_source(source, records, options)?;
        content.card.sources.insert(source, card);
        content.sources.insert(source, model);
    }
    Ok(Model::new(content)?)
}

fn train_source(
    source: Source,
    mut records: Vec<LogRecord>,
    options: &TrainOptions,
) -> Result<(SourceModel, SourceCard), TrainError> {
    let window = options
        .windows
        .get(&source)
        .unwrap_or(&options.window)
        .clone();
    let windowing = window.compile()?;
    records.sort_by(|one, other| one.order().cmp(&other.order()));
    let mut learner = LineLearner::new(options.miner.clone())?;
    for record in &records {
        learner.learn(record);
    }
    let lines = learner.freeze();
    let count = records.len() as u64;
    let windows = windowing.assemble(records).windows;
    let data = span(&windows).ok_or(TrainError::NoWindows { origin: source })?;
    let corpus = Corpus {
        sessions: windows
            .into_iter()
            .map(|window| sequence(&lines, &window.records).session)
            .collect(),
        vocabulary: vocabulary(&lines),
    };
    let parameters = EnsembleParameters {
        members: DetectorName::ALL.to_vec(),
        target: options.target,
        seed: options.seed,
    };
    let ensemble = Ensemble::fit(&corpus, &parameters).map_err(|error| TrainError::Fit {
        origin: source,
        source: error,
    })?;
    let (windows, windows_left_out) = ensemble.windows();
    let card = SourceCard {
        data,
        lines: count,
        windows,
        windows_left_out,
        templates: u64::from(vocabulary(&lines)),
        threshold: ensemble.threshold(),
        baseline: baseline(&corpus),
    };
    let model = SourceModel {
        window,
        lines,
        ensemble,
    };
    Ok((model, card))
}

fn span(windows: &[EventWindow]) -> Option<Interval> {
    Some(Interval {
        start: windows.iter().map(|window| window.interval.start).min()?,
        end: windows.iter().map(|window| window.interval.end).max()?,
    })
}

#[expect(clippy::cast_precision_loss, reason = "numbers of lines")]
fn baseline(corpus: &Corpus) -> DriftBaseline {
    let counts: Vec<Counts> = corpus.sessions.iter().map(Session::counts).collect();
    let mut lines = vec![0u64; corpus.vocabulary as usize];
    for (template, count) in counts.iter().flat_map(Counts::iter) {
        if let Some(lines) = lines.get_mut(template as usize) {
            *lines += u64::from(count);
        }
    }
    let total = lines.iter().sum::<u64>().max(1) as f64;
    let windows = counts.len().max(1) as f64;
    DriftBaseline {
        lines_per_window: total / windows,
        novel_windows_share: windows_with_a_template_of_their_own(&counts, corpus.vocabulary)
            as f64
            / windows,
        template_shares: lines
            .into_iter()
            .map(|count| count as f64 / total)
            .collect(),
    }
}
