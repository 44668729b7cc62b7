//! `metric-detector`: notified of objects under `metrics/`, it keeps the findings and incidents equal
//! to what all points of the metrics say, however these were batched, ordered or repeated.
//!
//! A batch does this, each step safe to repeat and to be killed after:
//!
//! 1. reads the points of its objects ([`objects`]);
//! 2. puts them into the [`points`] of their series, where of two readings of one point the one that
//!    knows more samples stays;
//! 3. counts a new revision of the source;
//! 4. judges the series again from their first new point on (`aiops_model::metric::series`, a pure
//!    function of the points) and writes what it finds through the
//!    [`Ledger`](crate::detector::ledger::Ledger), which fences off who knows less.
//!
//! Last, workflows of incidents that were opened are started.

use std::collections::{BTreeMap, BTreeSet};

use aiops_domain::config::MetricDetectorConfig;
use aiops_domain::incident::FingerprintField;
use aiops_domain::metric::{MetricSeries, Statistics};
use aiops_domain::{Finding, Source, Time};
use aiops_model::metric::series::{self, Points, SeriesOptions};
use futures_util::future::join_all;

use crate::detector::ledger::{self, Ledger, Settled};
use crate::detector::region::{Claim, Region, SLOT_MS, slot_of};
use crate::detector::{Received, index};
use crate::notification::created_keys;
use crate::ports::{Clock, ObjectStore, PortError, PortResult, Table, Workflow};

pub mod aws;
pub mod objects;
pub mod outcome;
pub mod points;

pub use outcome::Outcome;

/// The function's name in the log of an incident and in its metrics.
const COMPONENT: &str = "metric-detector";

/// Tries of a pass that others, who know more, keep overtaking.
const MAX_TRIES: usize = 64;

/// How far into the future a point may lie, in milliseconds: CloudWatch takes two hours.
const FUTURE_MAX_MS: i64 = 2 * 3_600_000;

/// The seams of the function.
#[derive(Debug)]
pub struct Seams<O, T, W, C> {
    /// Objects of the metric stream.
    pub objects: O,
    /// The state table.
    pub state: T,
    /// The incidents table.
    pub incidents: T,
    /// The workflow of an incident.
    pub workflow: W,
    /// The present.
    pub clock: C,
}

/// The function over its seams.
#[derive(Debug)]
pub struct MetricDetector<O, T, W, C> {
    seams: Seams<O, T, W, C>,
    config: MetricDetectorConfig,
}

/// New points by their series.
type Batch = BTreeMap<MetricSeries, Points>;

/// A series with what is decided of it.
struct Judged {
    findings: Vec<Finding>,
    claims: [Claim; 2],
    points: u64,
}

impl<O, T, W, C> MetricDetector<O, T, W, C>
where
    O: ObjectStore,
    T: Table,
    W: Workflow,
    C: Clock,
{
    /// The function with this configuration.
    pub const fn new(seams: Seams<O, T, W, C>, config: MetricDetectorConfig) -> Self {
        Self { seams, config }
    }

    /// Handles a batch; what fails is named, to be delivered again.
    pub async fn handle(&self, messages: &[Received]) -> Outcome {
        let mut outcome = Outcome {
            messages: messages.len() as u64,
            ..Outcome::default()
        };
        let mut failed = BTreeSet::new();
        let mut taken = BTreeSet::new();
        let mut batch = Batch::new();
        for received in messages {
            match self.take_in(received, &mut batch, &mut outcome).await {
                Ok(()) => {
                    taken.insert(received.id.clone());
                }
                Err(error) => {
                    tracing::error!(message = received.id, %error, "the message was not handled");
                    failed.insert(received.id.clone());
                }
            }
        }
        if let Err(error) = self.detect(&batch, &mut outcome).await {
            tracing::error!(%error, "the metrics were not brought up to date");
            failed.extend(taken);
        }
        match ledger::start_pending(&self.seams.incidents, &self.seams.workflow).await {
            Ok(started) => outcome.started = started,
            Err(error) => {
                tracing::error!(%error, "workflows were not started");
                failed.extend(messages.iter().map(|received| received.id.clone()));
            }
        }
        outcome.failed = failed.into_iter().collect();
        outcome
    }

    /// Reads the points of a message's objects.
    async fn take_in(
        &self,
        received: &Received,
        batch: &mut Batch,
        outcome: &mut Outcome,
    ) -> PortResult<()> {
        let keys = created_keys(&received.body).map_err(|error| PortError::Permanent {
            what: format!("message {}", received.id),
            detail: error.to_string(),
        })?;
        let now = self.seams.clock.now();
        let oldest = now.plus_millis(-i64::from(self.config.state_days) * 86_400_000);
        let newest = now.plus_millis(FUTURE_MAX_MS);
        for key in keys {
            if !key.starts_with(&self.config.prefix) {
                continue;
            }
            let bucket = &self.config.metrics_bucket;
            let limit = self.config.limits.object_bytes_max;
            let Some(object) = self.seams.objects.get(bucket, &key, limit).await? else {
                tracing::warn!(key, "the object is gone");
                continue;
            };
            let limit = self.config.limits.object_decompressed_bytes_max;
            let unreadable = objects::each_datum(&key, &object.body, limit, |datum| {
                outcome.points += 1;
                let time = points::whole_second(datum.time);
                if time < oldest || time > newest {
                    outcome.points_passed_over += 1;
                    return;
                }
                outcome.newest = outcome.newest.max(Some(time));
                let points = batch.entry(datum.series).or_default();
                keep(points, time, datum.statistics);
            })?;
            outcome.unreadable_lines += unreadable;
        }
        Ok(())
    }

    async fn detect(&self, batch: &Batch, outcome: &mut Outcome) -> PortResult<()> {
        if batch.is_empty() {
            return Ok(());
        }
        outcome.series = batch.len() as u64;
        self.for_each_series(batch, async |series, new| {
            points::merge(
                &self.seams.state,
                &self.seams.clock,
                self.config.state_days,
                series,
                new,
            )
            .await
        })
        .await?;
        index::count_fact(&self.seams.state, Source::Metrics).await?;
        for _ in 0..MAX_TRIES {
            let head = index::head(&self.seams.state, Source::Metrics).await?;
            let judged = self
                .for_each_series(batch, async |series, new| self.judge(series, new).await)
                .await?;
            if self.settle(head.revision, judged, outcome).await? {
                return Ok(());
            }
        }
        Err(PortError::Transient {
            what: "the findings of metrics".to_owned(),
            detail: "others who know more keep writing them".into(),
        })
    }

    /// Does `work` for every series, a few at a time.
    async fn for_each_series<'b, R>(
        &self,
        batch: &'b Batch,
        work: impl AsyncFn(&'b MetricSeries, &'b Points) -> PortResult<R>,
    ) -> PortResult<Vec<R>> {
        let mut done = Vec::with_capacity(batch.len());
        let all: Vec<_> = batch.iter().collect();
        for some in all.chunks(self.config.limits.concurrent_series_max.max(1)) {
            let results = join_all(some.iter().map(|(series, new)| work(series, new))).await;
            for result in results {
                done.push(result?);
            }
        }
        Ok(done)
    }

    /// What the stored points of a series say from the first of the new ones on.
    async fn judge(&self, series: &MetricSeries, new: &Points) -> PortResult<Judged> {
        let history_days = self.config.history_days;
        let first = new.keys().next().copied().unwrap_or_default();
        let last = new.keys().next_back().copied().unwrap_or_default();
        let from = slot_of(first);
        let history = series::history_start(from, history_days);
        let until = series::influence_end(last, history_days);
        let points = points::load(&self.seams.state, series, history, until).await?;
        let options = SeriesOptions {
            significance: self.config.significance,
            history_days,
            horizon_ms: i64::from(self.config.horizon_hours) * 3_600_000,
            capacities: &self.config.capacities,
        };
        let findings = series::findings(series, &points, (from, until), options);
        // Decided as far as there are points; nobody finds anything behind the last of them.
        let to = points.keys().next_back().copied().unwrap_or(last).max(last);
        let claim = |group| Claim {
            group: Some(group),
            from,
            to,
        };
        Ok(Judged {
            findings,
            claims: [
                claim(series::anomaly_key(series)),
                claim(series::forecast_key(series)),
            ],
            points: points.range(from..).count() as u64,
        })
    }

    /// Writes what was found; `false`: somebody who knows more was there.
    async fn settle(
        &self,
        revision: i64,
        judged: Vec<Judged>,
        outcome: &mut Outcome,
    ) -> PortResult<bool> {
        let mut region = Region::default();
        let mut findings = Vec::new();
        for one in judged {
            for claim in &one.claims {
                region.slots.extend(slots(claim.from, claim.to));
            }
            region.claims.extend(one.claims);
            region.lines += one.points;
            findings.extend(one.findings);
        }
        let ledger = Ledger {
            table: &self.seams.incidents,
            clock: &self.seams.clock,
            component: COMPONENT,
            source: Source::Metrics,
            revision,
            shadow: self.config.shadow,
            fingerprint_fields: &FingerprintField::ALL,
            reopen_ms: i64::from(self.config.reopen_seconds) * 1000,
            state_days: self.config.state_days,
        };
        outcome.points_judged += region.lines;
        match ledger.settle(&region, &findings).await? {
            Settled::Written(changes) => {
                outcome.changes = outcome.changes.plus(changes);
                Ok(true)
            }
            Settled::Stale => Ok(false),
        }
    }
}

/// Adds a reading of a point.
fn keep(points: &mut Points, time: Time, statistics: Statistics) {
    points
        .entry(time)
        .and_modify(|known| *known = known.newer(statistics))
        .or_insert(statistics);
}

/// The slots from one time to another.
fn slots(from: Time, to: Time) -> impl Iterator<Item = Time> {
    let mut slot = slot_of(from);
    std::iter::from_fn(move || {
        let this = slot;
        slot = slot.plus_millis(SLOT_MS);
        (this <= to).then_some(this)
    })
}
