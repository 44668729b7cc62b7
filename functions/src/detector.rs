//! `anomaly-detector`: notified of segments, it keeps the findings and incidents equal to what the
//! records in all segments say, however these were batched, ordered or repeated.
//!
//! A message about segments does this, each step safe to repeat and to be killed after
//! (`docs/decisions/0004-detection-as-a-function-of-the-records.md` has the argument):
//!
//! 1. puts them into the [`index`], which counts a new revision of the source;
//! 2. sends a timer with that revision: if it is still the newest when the timer runs out, the
//!    source is idle and all its windows close;
//! 3. scores again the windows that the segments' records belong to, if they are closed by the
//!    [`frontier`];
//! 4. scores the windows that have closed since, and moves the frontier.
//!
//! Scoring reads a [`region`] of the records and writes what it finds through the [`ledger`], which
//! fences off who knows less. Last, workflows of incidents that were opened are started.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aiops_domain::Source;
use aiops_domain::config::DetectorConfig;
use aiops_domain::segment::Hour;
use aiops_model::drift::Drift;

use crate::incidents::changes;
use crate::ports::{Clock, ObjectStore, PortError, PortResult, Queue, Table, Workflow};

pub mod aws;
pub mod endpoint;
pub mod event;
pub mod frontier;
pub mod index;
pub mod ledger;
pub mod message;
pub mod model;
pub mod region;
pub mod segments;
pub mod trained;

use ledger::{Changes, Ledger, Settled};
use message::{Message, Segment, Timer};
use model::{Current, Models, Scorer};
use region::{Region, Sources};
use segments::{ParsedSegment, SegmentReader};

/// The function's name in the log of an incident.
const COMPONENT: &str = "anomaly-detector";

/// Tries of a pass that others, who know more, keep overtaking.
const MAX_TRIES: usize = 64;

/// The seams of the function.
#[derive(Debug)]
pub struct Seams<O, T, Q, W, C, M> {
    /// Segments.
    pub objects: O,
    /// The state table.
    pub state: T,
    /// The incidents table.
    pub incidents: T,
    /// The queue that invokes the function.
    pub queue: Q,
    /// The workflow of an incident.
    pub workflow: W,
    /// The present.
    pub clock: C,
    /// The model.
    pub models: M,
}

/// The function over its seams.
#[derive(Debug)]
pub struct Detector<O, T, Q, W, C, M> {
    seams: Seams<O, T, Q, W, C, M>,
    config: DetectorConfig,
    reader: SegmentReader,
}

/// A message of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Its id in the batch.
    pub id: String,
    /// Its body.
    pub body: String,
}

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// Messages to be delivered again.
    pub failed: Vec<String>,
    /// Messages of the batch.
    pub messages: u64,
    /// Lines of the segments that were notified.
    pub lines: u64,
    /// Lines of them that are no record.
    pub unreadable_lines: u64,
    /// From when the newest of these lines reached the stream until now, in milliseconds.
    pub lag_ms: Option<i64>,
    /// Windows that were scored.
    pub windows: u64,
    /// What a candidate model made of the same windows, if there is one.
    pub candidate: Option<Comparison>,
    /// The windows' drift away from training, where it was largest.
    pub drift: Option<Drift>,
    /// What changed.
    pub changes: Changes,
    /// Workflows that were started.
    pub started: u64,
}

/// How often two models say the same of the same windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Comparison {
    /// Windows that both find anomalous.
    pub both: u64,
    /// Windows that only the current model finds anomalous.
    pub only_current: u64,
    /// Windows that only the candidate finds anomalous.
    pub only_candidate: u64,
}

impl Comparison {
    fn add(&mut self, current: bool, candidate: bool) {
        match (current, candidate) {
            (true, true) => self.both += 1,
            (true, false) => self.only_current += 1,
            (false, true) => self.only_candidate += 1,
            (false, false) => {}
        }
    }
}

/// What the messages of a batch say about one source.
#[derive(Debug, Default)]
struct SourceWork {
    messages: BTreeSet<String>,
    segments: BTreeMap<String, Arc<ParsedSegment>>,
    timers: BTreeSet<i64>,
}

impl<O, T, Q, W, C, M> Detector<O, T, Q, W, C, M>
where
    O: ObjectStore,
    T: Table,
    Q: Queue,
    W: Workflow,
    C: Clock,
    M: Models,
{
    /// The function with this configuration.
    pub fn new(seams: Seams<O, T, Q, W, C, M>, config: DetectorConfig) -> Self {
        let reader = SegmentReader::new(&config.segments_bucket, config.limits);
        Self {
            seams,
            config,
            reader,
        }
    }

    /// Handles a batch; what fails is named, to be delivered again.
    pub async fn handle(&self, batch: &[Received]) -> Outcome {
        let mut outcome = Outcome {
            messages: batch.len() as u64,
            ..Outcome::default()
        };
        let mut failed = BTreeSet::new();
        let mut work: BTreeMap<Source, SourceWork> = BTreeMap::new();
        for received in batch {
            if let Err(error) = self.take_in(received, &mut work, &mut outcome).await {
                tracing::error!(message = received.id, %error, "the message was not handled");
                failed.insert(received.id.clone());
            }
        }
        for (source, work) in &work {
            if let Err(error) = self.detect(*source, work, &mut outcome).await {
                tracing::error!(%source, %error, "the source was not brought up to date");
                failed.extend(work.messages.iter().cloned());
            }
        }
        match ledger::start_pending(&self.seams.incidents, &self.seams.workflow).await {
            Ok(started) => outcome.started = started,
            Err(error) => {
                tracing::error!(%error, "workflows were not started");
                failed.extend(batch.iter().map(|received| received.id.clone()));
            }
        }
        outcome.failed = failed.into_iter().collect();
        outcome
    }

    /// Reads a message and indexes its segments.
    async fn take_in(
        &self,
        received: &Received,
        work: &mut BTreeMap<Source, SourceWork>,
        outcome: &mut Outcome,
    ) -> PortResult<()> {
        let message = Message::parse(&received.body).map_err(|error| PortError::Permanent {
            what: format!("message {}", received.id),
            detail: error.to_string(),
        })?;
        match message {
            Message::Timer(timer) => {
                let work = work.entry(timer.source).or_default();
                work.messages.insert(received.id.clone());
                work.timers.insert(timer.revision);
            }
            Message::Written(segments) => {
                for segment in segments {
                    let added = self.add(&segment, outcome).await?;
                    let work = work.entry(segment.source).or_default();
                    work.messages.insert(received.id.clone());
                    if let Some(parsed) = added {
                        work.segments.insert(segment.key, parsed);
                    }
                }
            }
        }
        Ok(())
    }

    async fn add(
        &self,
        segment: &Segment,
        outcome: &mut Outcome,
    ) -> PortResult<Option<Arc<ParsedSegment>>> {
        let added = index::add(
            &self.seams.state,
            &self.seams.objects,
            &self.reader,
            &self.seams.clock,
            self.config.state_days,
            segment,
        )
        .await?;
        let Some(parsed) = added else {
            tracing::warn!(key = segment.key, "the segment is gone");
            return Ok(None);
        };
        changes::note(&self.seams.incidents, &parsed.records).await?;
        outcome.lines += parsed.records.len() as u64;
        outcome.unreadable_lines += parsed.unreadable;
        let newest = parsed.records.iter().map(|record| record.ingested).max();
        let lag = newest.map(|newest| self.seams.clock.now().millis_since(newest));
        outcome.lag_ms = outcome.lag_ms.max(lag);
        Ok(Some(parsed))
    }

    /// Brings the findings of a source up to date with its index.
    async fn detect(
        &self,
        source: Source,
        work: &SourceWork,
        outcome: &mut Outcome,
    ) -> PortResult<()> {
        let model = self.seams.models.current().await?;
        let windowing = model.scorer.windowing(source);
        for revision in &work.timers {
            index::declare_idle(&self.seams.state, source, *revision).await?;
        }
        let progress = self.progress(source, &model).await?;
        if !work.segments.is_empty() && !progress.head.is_idle() {
            let timer = Timer {
                source,
                revision: progress.head.revision,
            };
            self.seams
                .queue
                .send(timer.body(), self.config.idle_seconds)
                .await?;
        }
        let sources = Sources {
            objects: &self.seams.objects,
            state: &self.seams.state,
            reader: &self.reader,
            concurrent_gets_max: self.config.limits.concurrent_gets_max,
            pass_lines_max: self.config.limits.pass_lines_max,
            source,
            windowing,
        };
        // The announcement was read after the segments were indexed: who announces more later
        // reads the index later.
        let announced = progress.frontier.announced;
        for segments in by_hour(work) {
            self.late(&sources, &model, &segments, announced, outcome)
                .await?;
        }
        self.closing(&sources, &model, outcome).await
    }

    async fn progress(
        &self,
        source: Source,
        model: &Current<M::Scorer>,
    ) -> PortResult<frontier::Progress> {
        let lateness_ms = i64::from(self.config.lateness_seconds) * 1000;
        let windowing = model.scorer.windowing(source);
        frontier::progress(&self.seams.state, source, windowing, lateness_ms).await
    }

    /// Scores the windows of segments that came after their windows were closed.
    async fn late(
        &self,
        sources: &Sources<'_, O, T>,
        model: &Current<M::Scorer>,
        segments: &[Arc<ParsedSegment>],
        until: aiops_domain::Time,
        outcome: &mut Outcome,
    ) -> PortResult<()> {
        for _ in 0..MAX_TRIES {
            let revision = self.revision(sources.source).await?;
            let region = sources.late(segments, until).await?;
            if self
                .settle(sources.source, model, revision, &region, outcome)
                .await?
            {
                return Ok(());
            }
        }
        Err(overtaken(sources.source))
    }

    /// Scores the windows that have closed since the frontier was moved last.
    async fn closing(
        &self,
        sources: &Sources<'_, O, T>,
        model: &Current<M::Scorer>,
        outcome: &mut Outcome,
    ) -> PortResult<()> {
        let (state, source) = (&self.seams.state, sources.source);
        let windowing = sources.windowing;
        let mut overtaken_times = 0;
        while overtaken_times < MAX_TRIES {
            let progress = self.progress(source, model).await?;
            let (epoch, done) = (progress.frontier.epoch, progress.frontier.done);
            if progress.closed_until <= done {
                return Ok(());
            }
            overtaken_times += 1;
            let announced =
                frontier::announce(state, source, windowing, epoch, progress.closed_until).await?;
            if announced.is_none() {
                continue;
            }
            let revision = self.revision(source).await?;
            let (region, until) = sources.closing(done, progress.closed_until).await?;
            if !self
                .settle(source, model, revision, &region, outcome)
                .await?
            {
                continue;
            }
            let completed = frontier::complete(state, source, windowing, epoch, until).await?;
            if completed.is_some() {
                overtaken_times = 0;
            }
        }
        Err(overtaken(source))
    }

    async fn revision(&self, source: Source) -> PortResult<i64> {
        Ok(index::head(&self.seams.state, source).await?.revision)
    }

    /// Scores a region and writes what is found; `false`: somebody who knows more was there.
    async fn settle(
        &self,
        source: Source,
        model: &Current<M::Scorer>,
        revision: i64,
        region: &Region,
        outcome: &mut Outcome,
    ) -> PortResult<bool> {
        let mut findings = model.scorer.score_all(&region.windows).await;
        // A candidate that cuts lines another way has other windows: there is nothing to compare.
        let candidate = model.candidate.as_ref().filter(|candidate| {
            candidate.windowing(source).spec() == model.scorer.windowing(source).spec()
        });
        if let Some(candidate) = candidate {
            let compared = outcome.candidate.get_or_insert_default();
            for (finding, window) in findings.iter().zip(&region.windows) {
                compared.add(finding.anomalous, candidate.score(window).anomalous);
            }
        }
        findings.retain(|finding| finding.anomalous);
        outcome.windows += region.windows.len() as u64;
        if let Some(drift) = model.scorer.drift(&region.windows)
            && outcome
                .drift
                .is_none_or(|known| known.divergence < drift.divergence)
        {
            outcome.drift = Some(drift);
        }
        let ledger = Ledger {
            table: &self.seams.incidents,
            clock: &self.seams.clock,
            component: COMPONENT,
            source,
            revision,
            shadow: model.shadow,
            fingerprint_fields: &self.config.fingerprint_fields,
            reopen_ms: i64::from(self.config.reopen_seconds) * 1000,
            state_days: self.config.state_days,
        };
        match ledger.settle(region, &findings).await? {
            Settled::Written(changes) => {
                outcome.changes = outcome.changes.plus(changes);
                Ok(true)
            }
            Settled::Stale => Ok(false),
        }
    }
}

/// Segments of one hour are looked at together; those of far hours are not, for the span of event
/// time between them would be read too.
fn by_hour(work: &SourceWork) -> Vec<Vec<Arc<ParsedSegment>>> {
    let mut hours: BTreeMap<Option<Hour>, Vec<Arc<ParsedSegment>>> = BTreeMap::new();
    for segment in work.segments.values() {
        let hour = segment.records.first().map(|record| Hour::of(record.time));
        hours.entry(hour).or_default().push(segment.clone());
    }
    hours.into_values().collect()
}

fn overtaken(source: Source) -> PortError {
    PortError::Transient {
        what: format!("the windows of {source}"),
        detail: "others who know more keep writing them".into(),
    }
}
