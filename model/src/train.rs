//! Training: from records without labels to a model.

use std::collections::BTreeMap;
use std::convert::Infallible;

use aiops_domain::{FindingLabel, Interval, LogRecord, Source, Time};

use crate::artefact::ArtefactError;
use crate::card::{DriftBaseline, ModelCard, SourceCard};
use crate::detectors::DetectorName;
use crate::ensemble::{
    Ensemble, EnsembleParameters, FitError, windows_with_a_template_of_their_own,
};
use crate::labels::{Judgement, LabelCounts, Labels};
use crate::line::{HeaderSamples, LineLearner, LineMiner};
use crate::mask::{MaskError, hash_token};
use crate::miner::MinerConfig;
use crate::model::{Content, DEFAULT_WINDOW, Model, SourceModel};
use crate::rules::RuleConfig;
use crate::sequence::vocabulary;
use crate::session::{Corpus, Counts, Session};
use crate::threshold::AlarmTarget;
use crate::train::gather::Gathered;
use crate::window::{WindowError, WindowSpec, Windowing};

mod gather;

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
    /// Thresholds of the static rules, and the format of flow logs for rules and templates.
    pub rules: RuleConfig,
    /// Whether the static rules take part in scoring.
    pub rules_apply: bool,
    /// How templates are mined.
    pub miner: MinerConfig,
    /// What operators said of earlier findings.
    pub labels: Vec<FindingLabel>,
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
            labels: Vec::new(),
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

/// Why a training that reads its records itself gives no model.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError<E> {
    /// Reading.
    #[error(transparent)]
    Read(E),
    /// Training.
    #[error(transparent)]
    Train(#[from] TrainError),
}

/// Trains a model on records without labels, a part for each source. The result depends on the set
/// of records and the options, not on the records' order.
///
/// # Errors
/// [`TrainError`]: no records, a window without any of them, options that cannot be used.
pub fn train(records: Vec<LogRecord>, options: &TrainOptions) -> Result<Model, TrainError> {
    let trained = train_replayed(
        |each| {
            records.iter().for_each(each);
            Ok::<(), Infallible>(())
        },
        options,
    );
    trained.map_err(|error| match error {
        ReplayError::Train(error) => error,
        ReplayError::Read(never) => match never {},
    })
}

/// [`train`] on more records than memory holds. `replay` hands every record to its argument, the
/// same ones each time it is called: once for the headers, once for the templates, and once for
/// every eight million records, of which a template's number and a place in a window are held.
///
/// # Errors
/// [`ReplayError::Read`] with what `replay` returned; otherwise as [`train`].
pub fn train_replayed<E>(
    replay: impl FnMut(&mut dyn FnMut(&LogRecord)) -> Result<(), E>,
    options: &TrainOptions,
) -> Result<Model, ReplayError<E>> {
    train_in_shards(replay, options, SHARD_LINES)
}

fn train_in_shards<E>(
    mut replay: impl FnMut(&mut dyn FnMut(&LogRecord)) -> Result<(), E>,
    options: &TrainOptions,
    shard_lines: u64,
) -> Result<Model, ReplayError<E>> {
    let mut parts: BTreeMap<Source, Part> = BTreeMap::new();
    let flow_format = &options.rules.flow_format;
    let mut samples = HeaderSamples::new(flow_format.clone());
    replay(&mut |record| {
        parts.entry(record.source).or_default().lines += 1;
        samples.offer(record);
    })
    .map_err(ReplayError::Read)?;
    if parts.is_empty() {
        return Err(TrainError::NoRecords.into());
    }
    let headers = samples.learn();
    let mut learners: BTreeMap<Source, LineLearner> = BTreeMap::new();
    for source in parts.keys() {
        let of_source = format!("{source}/");
        let own = headers
            .iter()
            .filter(|(key, _)| key.starts_with(&of_source));
        let own = own
            .map(|(key, formats)| (key.clone(), formats.clone()))
            .collect();
        let learner = LineLearner::with_headers(own, options.miner.clone(), flow_format.clone());
        learners.insert(*source, learner.map_err(TrainError::from)?);
    }
    replay(&mut |record| {
        if let Some(learner) = learners.get_mut(&record.source) {
            learner.learn(record);
        }
    })
    .map_err(ReplayError::Read)?;
    let lines: u64 = parts.values().map(|part| part.lines).sum();
    let mut miners: BTreeMap<Source, (Windowing, LineMiner)> = BTreeMap::new();
    for (source, learner) in learners {
        let spec = options.windows.get(&source).unwrap_or(&options.window);
        let windowing = spec.compile().map_err(TrainError::from)?;
        miners.insert(source, (windowing, learner.freeze()));
    }
    let shards = lines.div_ceil(shard_lines).max(1);
    for shard in 0..shards {
        let mut gathered: BTreeMap<Source, Gathered> = BTreeMap::new();
        replay(&mut |record| {
            if let Some((windowing, lines)) = miners.get(&record.source)
                && let Some(group) = windowing.group(record)
                && shard_of(windowing, group, record.time, shards) == shard
            {
                let gathered = gathered.entry(record.source).or_default();
                gathered.add(record, group, lines);
            }
        })
        .map_err(ReplayError::Read)?;
        for (source, gathered) in gathered {
            if let (Some((windowing, lines)), Some(part)) =
                (miners.get(&source), parts.get_mut(&source))
            {
                gathered.windows(windowing, lines, &mut |order, bounds, session| {
                    part.add(order, bounds, session);
                });
            }
        }
    }
    let labels = Labels::new(&options.labels);
    let mut content = Content {
        card: ModelCard {
            seed: options.seed,
            target: options.target,
            labels: LabelCounts::default(),
            sources: BTreeMap::new(),
        },
        window: options.window.clone(),
        sources: BTreeMap::new(),
        rules: options.rules.clone(),
        rules_apply: options.rules_apply,
        expected: labels.expected().to_vec(),
    };
    let (mut anomalous, mut normal) = (0, 0);
    for (source, mut part) in parts {
        if let Some((windowing, lines)) = miners.remove(&source) {
            let judgements = part.judge(source, &labels);
            let of = |wanted| {
                judgements
                    .iter()
                    .filter(|judged| **judged == wanted)
                    .count() as u64
            };
            anomalous += of(Some(Judgement::Anomalous));
            normal += of(Some(Judgement::Normal));
            let (model, card) = fit(source, part, &judgements, &windowing, lines, options)?;
            content.card.sources.insert(source, card);
            content.sources.insert(source, model);
        }
    }
    content.card.labels = labels.counts(anomalous, normal);
    Ok(Model::new(content).map_err(TrainError::from)?)
}

/// Lines that are held at once, each in some hundred bytes.
const SHARD_LINES: u64 = 1 << 23;

/// In which part the window of a record is; all records of a window are in one.
fn shard_of(windowing: &Windowing, group: &str, time: Time, shards: u64) -> u64 {
    if shards == 1 {
        return 0;
    }
    let start = windowing
        .tumbling_bounds(time)
        .map(|bounds| bounds.start.as_millis());
    let hash = hash_token(group.as_bytes()) ^ hash_token(&start.unwrap_or(0).to_be_bytes());
    // The high bits: the low ones of a product are weak.
    (hash >> 32) % shards
}

/// Start, entity and key of a window.
type WindowOrder = (Time, String, Option<String>);

/// What is gathered of one source.
#[derive(Default)]
struct Part {
    lines: u64,
    /// By start, entity and key of their windows: the order in which windows are assembled.
    sessions: Vec<(WindowOrder, Session)>,
    span: Option<Interval>,
}

impl Part {
    fn add(&mut self, order: WindowOrder, bounds: Interval, mut session: Session) {
        session.start = Some(bounds.start);
        let span = self.span.get_or_insert(bounds);
        span.start = span.start.min(bounds.start);
        span.end = span.end.max(bounds.end);
        self.sessions.push((order, session));
    }

    /// Puts the windows into their order; answers what operators said of each.
    fn judge(&mut self, source: Source, labels: &Labels) -> Vec<Option<Judgement>> {
        self.sessions.sort_by(|one, other| one.0.cmp(&other.0));
        let judgement = |((start, entity, key), _): &(WindowOrder, Session)| {
            labels.of_window(source, entity, key.as_deref(), *start)
        };
        self.sessions.iter().map(judgement).collect()
    }
}

fn fit(
    source: Source,
    part: Part,
    judgements: &[Option<Judgement>],
    windowing: &Windowing,
    lines: LineMiner,
    options: &TrainOptions,
) -> Result<(SourceModel, SourceCard), TrainError> {
    let data = part.span.ok_or(TrainError::NoWindows { origin: source })?;
    let corpus = Corpus {
        sessions: part
            .sessions
            .into_iter()
            .map(|(_, session)| session)
            .collect(),
        vocabulary: vocabulary(&lines),
    };
    let parameters = EnsembleParameters {
        members: DetectorName::ALL.to_vec(),
        target: options.target,
        seed: options.seed,
    };
    let ensemble = Ensemble::fit_labelled(&corpus, judgements, &parameters).map_err(|error| {
        TrainError::Fit {
            origin: source,
            source: error,
        }
    })?;
    let (windows, windows_left_out) = ensemble.windows();
    let card = SourceCard {
        data,
        lines: part.lines,
        windows,
        windows_left_out,
        templates: u64::from(vocabulary(&lines)),
        threshold: ensemble.threshold(),
        baseline: baseline(&corpus),
    };
    let model = SourceModel {
        window: windowing.spec().clone(),
        lines,
        ensemble,
    };
    Ok((model, card))
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

#[cfg(test)]
mod tests;
