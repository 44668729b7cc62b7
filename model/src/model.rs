//! A loaded model: what the command line, the Lambda function and the endpoint score windows with.

use std::collections::BTreeMap;

use aiops_domain::{Finding, Kind, LineExample, LogRecord, Source};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::artefact::{self, ArtefactError};
use crate::card::ModelCard;
use crate::detectors::View;
use crate::drift::{Drift, DriftMeter};
use crate::ensemble::Ensemble;
use crate::explain::explain;
use crate::labels::Expected;
use crate::line::LineMiner;
use crate::rules::{self, RuleConfig, RuleHit};
use crate::sequence::{Sequence, sequence, vocabulary};
use crate::window::{EventWindow, WindowSpec};

/// Bytes of an example line in a finding.
const EXAMPLE_BYTES_MAX: usize = 2_000;

/// Windows where neither training nor an option says otherwise: one minute per entity.
pub const DEFAULT_WINDOW: WindowSpec = WindowSpec::Tumbling { length_ms: 60_000 };

/// A model, immutable and shareable between threads.
#[derive(Debug, Clone)]
pub struct Model {
    content: Content,
    version: String,
    sha256: String,
}

/// What is in the artefact.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Content {
    pub(crate) card: ModelCard,
    /// Windows of sources that `sources` does not name.
    pub(crate) window: WindowSpec,
    pub(crate) sources: BTreeMap<Source, SourceModel>,
    pub(crate) rules: RuleConfig,
    pub(crate) rules_apply: bool,
    /// Causes that operators expect for a while.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) expected: Vec<Expected>,
}

/// What is known of one source.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SourceModel {
    pub(crate) window: WindowSpec,
    pub(crate) lines: LineMiner,
    pub(crate) ensemble: Ensemble,
}

impl Model {
    /// Reads an artefact.
    ///
    /// # Errors
    /// [`ArtefactError`]: not a model, another version, damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ArtefactError> {
        let content: Content = artefact::unpack(bytes)?;
        let specs = content.sources.values().map(|source| &source.window);
        for spec in specs.chain([&content.window]) {
            spec.compile()?;
        }
        Ok(Self::with_digest(content, bytes))
    }

    pub(crate) fn new(content: Content) -> Result<Self, ArtefactError> {
        let bytes = artefact::pack(&content).map_err(ArtefactError::Content)?;
        Ok(Self::with_digest(content, &bytes))
    }

    fn with_digest(content: Content, bytes: &[u8]) -> Self {
        let sha256 = aiops_domain::finding::hex(&Sha256::digest(bytes));
        let version = if content.sources.is_empty() {
            "shadow".to_owned()
        } else {
            sha256.chars().take(12).collect()
        };
        Self {
            content,
            version,
            sha256,
        }
    }

    /// The model before there is one: it has learnt nothing, only the static rules find something.
    ///
    /// # Errors
    /// A window that cannot be used.
    pub fn shadow(window: WindowSpec, rules: RuleConfig) -> Result<Self, ArtefactError> {
        window.compile()?;
        Self::new(Content {
            card: ModelCard::default(),
            window,
            sources: BTreeMap::new(),
            rules,
            rules_apply: true,
            expected: Vec::new(),
        })
    }

    /// The artefact: the same model gives the same bytes.
    ///
    /// # Errors
    /// A number that JSON cannot hold.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ArtefactError> {
        artefact::pack(&self.content).map_err(ArtefactError::Content)
    }

    /// What identifies the model to people: the first 12 digits of [`Model::sha256`], or `shadow`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// SHA-256 of the artefact, hex.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// What the model is made of and from.
    pub fn card(&self) -> &ModelCard {
        &self.content.card
    }

    /// Whether static rules take part.
    pub fn rules(&self) -> bool {
        self.content.rules_apply
    }

    /// The same model with or without the static rules.
    #[must_use]
    pub fn with_rules(mut self, rules: bool) -> Self {
        self.content.rules_apply = rules;
        self
    }

    /// Sources that the model was trained on.
    pub fn sources(&self) -> impl Iterator<Item = Source> + '_ {
        self.content.sources.keys().copied()
    }

    /// How the records of a source are cut into windows.
    pub fn window_spec(&self, source: Source) -> &WindowSpec {
        self.content
            .sources
            .get(&source)
            .map_or(&self.content.window, |known| &known.window)
    }

    /// The score above which windows of a source are anomalous; `None` for a source that training
    /// did not see.
    pub fn threshold(&self, source: Source) -> Option<f64> {
        self.content
            .sources
            .get(&source)
            .map(|known| known.ensemble.threshold())
    }

    /// Scores a window: a pure function of the window, the same wherever it is called.
    pub fn score(&self, window: &EventWindow) -> Finding {
        self.score_read(window, self.read(window).as_ref())
    }

    /// [`Model::score`] and [`Model::measure`] of a window whose lines are then read only once.
    pub fn score_and_measure(&self, window: &EventWindow, meter: &mut DriftMeter) -> Finding {
        let read = self.read(window);
        if let Some(read) = &read {
            read.measure(window, meter);
        }
        self.score_read(window, read.as_ref())
    }

    fn read(&self, window: &EventWindow) -> Option<Read<'_>> {
        let known = self.content.sources.get(&window.source)?;
        let mut sequence = sequence(&known.lines, &window.records);
        sequence.session.start = Some(window.interval.start);
        Some(Read { known, sequence })
    }

    fn score_read(&self, window: &EventWindow, read: Option<&Read<'_>>) -> Finding {
        let mut finding = Finding {
            id: Finding::id_for(
                window.source,
                &window.entity,
                window.key.as_deref(),
                window.interval.start,
            ),
            source: window.source,
            entity: window.entity.clone(),
            key: window.key.clone(),
            window: window.interval,
            kind: Kind::LogAnomaly,
            score: 0.0,
            p_value: 1.0,
            anomalous: false,
            templates: Vec::new(),
            example: None,
            summary: String::new(),
            actor: None,
            log_group: None,
        };
        if let Some(read) = read {
            read.score_into(window, &mut finding);
        }
        if self.content.rules_apply
            && let Some(hit) = rules::evaluate(window, &self.content.rules)
                .into_iter()
                .max_by_key(|hit| (hit.severity, std::cmp::Reverse(hit.kind)))
        {
            apply_rule(hit, window, &mut finding);
        }
        finding.log_group = shown_group(window, finding.example.as_ref());
        if let Some(expected) = self
            .content
            .expected
            .iter()
            .find(|expected| expected.covers(&finding))
        {
            finding.anomalous = false;
            finding.summary = format!("expected until {}: {}", expected.until, finding.summary);
        }
        finding
    }

    /// Adds a window to what drift is measured on.
    pub fn measure(&self, window: &EventWindow, meter: &mut DriftMeter) {
        if let Some(read) = self.read(window) {
            read.measure(window, meter);
        }
    }

    /// How far the measured windows are from training, by source.
    pub fn drift(&self, meter: &DriftMeter) -> BTreeMap<Source, Drift> {
        let sources = &self.content.card.sources;
        meter.measure(|source| sources.get(&source).map(|card| &card.baseline))
    }
}

/// A window whose lines were read by what is known of its source.
struct Read<'m> {
    known: &'m SourceModel,
    sequence: Sequence,
}

impl Read<'_> {
    fn measure(&self, window: &EventWindow, meter: &mut DriftMeter) {
        let vocabulary = vocabulary(&self.known.lines);
        meter.add(window.source, &self.sequence.session, vocabulary);
    }

    fn score_into(&self, window: &EventWindow, finding: &mut Finding) {
        let Self { known, sequence } = self;
        let counts = sequence.session.counts();
        let nearest = known.ensemble.nearest(&counts);
        let view = View {
            session: &sequence.session,
            counts: &counts,
            nearest: nearest.map(|nearest| nearest.distance),
        };
        let scored = known.ensemble.score_view(view, tie_of(&finding.id));
        let vocabulary = vocabulary(&known.lines);
        let explanation = explain(
            &known.ensemble,
            view,
            nearest,
            vocabulary,
            |number| match number.checked_sub(vocabulary) {
                Some(unseen) => sequence.unseen.get(unseen as usize),
                None => known.lines.miner().templates().get(number as usize),
            },
        );
        finding.score = scored.score;
        finding.p_value = scored.p_value;
        finding.anomalous = scored.anomalous;
        finding.templates = explanation.templates;
        finding.summary = explanation.summary;
        finding.example = explanation
            .shown
            .and_then(|shown| {
                let events = &sequence.session.events;
                (1u64..)
                    .zip(&window.records)
                    .zip(events)
                    .find(|&(_, &event)| event == shown)
            })
            .map(|((line, record), _)| line_example(line, record));
    }
}

/// A window has one finding: a rule that fires names its kind, whatever the detectors think; their
/// score, p-value and templates stay beside it.
fn apply_rule(hit: RuleHit, window: &EventWindow, finding: &mut Finding) {
    finding.kind = hit.kind;
    finding.anomalous = true;
    finding.summary = hit.summary;
    finding.actor = hit.actor;
    if let Some((at, record)) = hit
        .lines
        .first()
        .and_then(|&at| Some((at, window.records.get(at)?)))
    {
        finding.example = Some(line_example(at as u64 + 1, record));
    }
}

/// The log group of the line that shows the finding: lines of one entity may come from several groups.
fn shown_group(window: &EventWindow, example: Option<&LineExample>) -> Option<String> {
    let shown = example
        .and_then(|example| usize::try_from(example.line).ok()?.checked_sub(1))
        .unwrap_or(0);
    let group = &window.records.get(shown)?.group;
    (!group.is_empty()).then(|| group.clone())
}

fn line_example(line: u64, record: &LogRecord) -> LineExample {
    let bytes = record.message.floor_char_boundary(EXAMPLE_BYTES_MAX);
    LineExample {
        line,
        text: record.message.get(..bytes).unwrap_or_default().to_owned(),
    }
}

/// A number in 0..1 that is the window's own: where among windows of equal score its p-value falls.
#[expect(clippy::cast_precision_loss, reason = "48 bits fit an f64")]
fn tie_of(id: &str) -> f64 {
    let bits = id
        .get(..12)
        .and_then(|digits| u64::from_str_radix(digits, 16).ok())
        .unwrap_or(0);
    bits as f64 / (1u64 << 48) as f64
}
