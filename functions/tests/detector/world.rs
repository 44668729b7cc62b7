//! The world around the detector: buckets, tables and queues in memory, and SQS's part, which
//! delivers what fails again.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;

use aiops_domain::config::{DetectorConfig, DetectorNames};
use aiops_domain::segment::{CONTENT_TYPE, Partition, SegmentName};
use aiops_domain::{Finding, LogRecord, Shape, Source, Time};
use aiops_functions::detector::model::Scorer;
use aiops_functions::detector::{Detector, Outcome, Received, Seams};
use aiops_functions::fakes::{
    Failing, FakeClock, FakeObjectStore, FakeQueue, FakeTable, FakeWorkflow, Faults,
};
use aiops_functions::incidents::items;
use aiops_functions::ports::{ObjectStore, Table};
use aiops_model::WindowSpec;
use futures_util::FutureExt;

use crate::scorer::{Fixed, Words, extents};

pub(crate) const BUCKET: &str = "segments";

/// The seams of an instance with faults, over tables `T`.
pub(crate) type Instance<T, S = Words> = Detector<
    Failing<FakeObjectStore>,
    Failing<T>,
    Failing<FakeQueue>,
    Failing<FakeWorkflow>,
    FakeClock,
    Fixed<S>,
>;

pub(crate) struct World<T = FakeTable, S = Words> {
    pub(crate) objects: FakeObjectStore,
    pub(crate) state: T,
    pub(crate) incidents: T,
    pub(crate) queue: FakeQueue,
    pub(crate) workflow: FakeWorkflow,
    pub(crate) clock: FakeClock,
    pub(crate) scorer: Arc<S>,
    pub(crate) shadow: bool,
    pub(crate) config: DetectorConfig,
}

pub(crate) fn config() -> DetectorConfig {
    let mut config = DetectorConfig::new(DetectorNames {
        segments_bucket: BUCKET.into(),
        state_table: "state".into(),
        incidents_table: "incidents".into(),
        queue_url: "queue".into(),
        state_machine_arn: "machine".into(),
        model_parameter: "model".into(),
    });
    config.lateness_seconds = 1;
    config
}

impl World<FakeTable> {
    pub(crate) fn new(spec: &WindowSpec) -> Self {
        Self::over(FakeTable::default(), FakeTable::default(), spec)
    }
}

impl<T: Table + Clone> World<T> {
    pub(crate) fn over(state: T, incidents: T, spec: &WindowSpec) -> Self {
        Self::scoring(state, incidents, Words::new(spec))
    }
}

impl<T: Table + Clone, S: Scorer> World<T, S> {
    /// A world in which windows are scored so.
    pub(crate) fn scoring(state: T, incidents: T, scorer: S) -> Self {
        Self {
            objects: FakeObjectStore::default(),
            state,
            incidents,
            queue: FakeQueue::default(),
            workflow: FakeWorkflow::default(),
            clock: FakeClock::at(Time::from_millis(1_800_000_000_000)),
            scorer: Arc::new(scorer),
            shadow: false,
            config: config(),
        }
    }

    /// A new instance, with an empty cache.
    pub(crate) fn instance(&self, faults: &Faults) -> Instance<T, S> {
        let seams = Seams {
            objects: Failing::new(self.objects.clone(), faults),
            state: Failing::new(self.state.clone(), faults),
            incidents: Failing::new(self.incidents.clone(), faults),
            queue: Failing::new(self.queue.clone(), faults),
            workflow: Failing::new(self.workflow.clone(), faults),
            clock: self.clock.clone(),
            models: Fixed {
                scorer: self.scorer.clone(),
                shadow: self.shadow,
            },
        };
        Detector::new(seams, self.config.clone())
    }

    /// Writes one batch of a shard as the appender does, an object per hour, and answers the
    /// notifications.
    pub(crate) fn write(&self, sequence: &str, records: &[LogRecord]) -> Vec<Received> {
        let mut partitions: BTreeMap<Partition, Vec<&LogRecord>> = BTreeMap::new();
        for record in records {
            partitions
                .entry(Partition::of(record.source, record.time))
                .or_default()
                .push(record);
        }
        let mut notifications = Vec::new();
        for (partition, records) in partitions {
            let key = SegmentName {
                partition,
                shard: "shardId-000000000000".into(),
                sequence: sequence.into(),
            }
            .key();
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            for record in records {
                serde_json::to_writer(&mut gzip, record).unwrap();
                gzip.write_all(b"\n").unwrap();
            }
            let body = gzip.finish().unwrap();
            ready(self.objects.put(BUCKET, &key, body, CONTENT_TYPE)).unwrap();
            notifications.push(notification(&key));
        }
        notifications
    }

    /// Delivers messages in batches of ten until none is left, what fails again; timers once
    /// nothing else is left. Fails the test if that does not end.
    pub(crate) fn settle(&self, messages: Vec<Received>) -> Outcome {
        self.try_settle(messages)
            .expect("the messages are never done")
    }

    pub(crate) fn try_settle(&self, mut messages: Vec<Received>) -> Option<Outcome> {
        let instance = self.instance(&Faults::none());
        let mut total = Outcome::default();
        let mut rounds_left = 50 + messages.len();
        loop {
            if messages.is_empty() {
                messages = self.timers();
            }
            if messages.is_empty() {
                return Some(total);
            }
            rounds_left = rounds_left.checked_sub(1)?;
            let batch: Vec<Received> = messages.drain(..messages.len().min(10)).collect();
            let outcome = ready(instance.handle(&batch));
            total.lines += outcome.lines;
            total.windows += outcome.windows;
            total.changes = total.changes.plus(outcome.changes);
            total.started += outcome.started;
            messages.extend(
                batch
                    .into_iter()
                    .filter(|received| outcome.failed.contains(&received.id)),
            );
        }
    }

    /// Takes the timers out of the queue.
    pub(crate) fn timers(&self) -> Vec<Received> {
        self.queue
            .take()
            .into_iter()
            .map(|sent| received(sent.body))
            .collect()
    }
}

/// The stored state of incidents, by what a person sees of it.
pub(crate) struct Stored {
    pub(crate) findings: BTreeMap<String, Finding>,
    /// By fingerprint: count, first and last seen, summary.
    pub(crate) extents: BTreeMap<String, (u64, Time, Time, String)>,
    /// Every incident with findings or without.
    pub(crate) incident_ids: Vec<String>,
}

/// Reads what lies in the incidents table; answers what contradicts itself.
pub(crate) fn stored(table: &FakeTable) -> Result<Stored, String> {
    let all = table.all();
    let mut findings = BTreeMap::new();
    let mut of_incident: BTreeMap<String, u64> = BTreeMap::new();
    for item in &all {
        let Some(id) = item.key.pk.strip_prefix("incident#") else {
            continue;
        };
        if item.key.sk.starts_with("finding#") {
            let finding = items::finding_of(item).ok_or("a finding is malformed")?;
            if findings.insert(finding.id.clone(), finding).is_some() {
                return Err(format!("{} is in two incidents", item.key.sk));
            }
            *of_incident.entry(id.to_owned()).or_default() += 1;
        }
    }
    let mut extents = BTreeMap::new();
    let mut incident_ids = Vec::new();
    for item in all.iter().filter(|item| item.key.sk == "meta") {
        let id = item.key.pk.trim_start_matches("incident#").to_owned();
        let text = |name: &str| {
            item.attributes[name]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        let instant = |name: &str| -> Time { text(name).parse().unwrap() };
        let count = item.attributes["count"]
            .as_u64()
            .ok_or("a negative count")?;
        let there = of_incident.get(&id).copied().unwrap_or(0);
        if count != there {
            return Err(format!(
                "incident {id} counts {count} findings and has {there}"
            ));
        }
        if count > 0 {
            let extent = (
                count,
                instant("first_seen"),
                instant("last_seen"),
                text("summary"),
            );
            if extents.insert(text("fingerprint"), extent).is_some() {
                return Err(format!("two incidents of {}", text("fingerprint")));
            }
        }
        incident_ids.push(id);
    }
    Ok(Stored {
        findings,
        extents,
        incident_ids,
    })
}

/// What is wrong with the end of a run, if anything: findings, counts, incidents and workflows are
/// compared with what the records say.
pub(crate) fn mismatch<T>(
    world: &World<T>,
    incidents: &FakeTable,
    records: &[LogRecord],
) -> Option<String> {
    let stored = match stored(incidents) {
        Ok(stored) => stored,
        Err(error) => return Some(error),
    };
    let reference = world.scorer.reference(records);
    if stored.findings != reference {
        let missing: Vec<_> = reference
            .iter()
            .filter(|(id, finding)| stored.findings.get(*id) != Some(finding))
            .map(|(_, f)| (f.key.as_ref(), f.window.start.as_millis(), &f.summary))
            .collect();
        let surplus: Vec<_> = stored
            .findings
            .iter()
            .filter(|(id, finding)| reference.get(*id) != Some(finding))
            .map(|(_, f)| (f.key.as_ref(), f.window.start.as_millis(), &f.summary))
            .collect();
        return Some(format!("missing {missing:?}, surplus {surplus:?}"));
    }
    if stored.extents != extents(&reference) {
        return Some(format!(
            "incidents say {:?}, findings {:?}",
            stored.extents,
            extents(&reference)
        ));
    }
    let started: Vec<String> = world.workflow.executions().into_keys().collect();
    let mut expected: Vec<String> = stored
        .incident_ids
        .iter()
        .map(|id| format!("{id}-1"))
        .collect();
    expected.sort();
    (started != expected).then(|| format!("started {started:?}, expected {expected:?}"))
}

pub(crate) fn received(body: String) -> Received {
    Received {
        id: body.clone(),
        body,
    }
}

pub(crate) fn notification(key: &str) -> Received {
    let key = key.replace('=', "%3D");
    received(
        serde_json::json!({"Records": [{"eventName": "ObjectCreated:Put", "s3": {"object": {"key": key}}}]})
            .to_string(),
    )
}

/// The answer of a future over fakes, which never waits.
pub(crate) fn ready<F: Future>(future: F) -> F::Output {
    futures_util::pin_mut!(future);
    loop {
        // Only a yielding seam is ever pending, and it is ready at the next look.
        if let Some(output) = future.as_mut().now_or_never() {
            return output;
        }
    }
}

pub(crate) fn record(id: u32, time_ms: i64, entity: &str, message: String) -> LogRecord {
    LogRecord {
        v: aiops_domain::record::RECORD_VERSION,
        id: format!("{id:06}"),
        time: Time::from_millis(time_ms),
        timestamp: Time::from_millis(time_ms),
        ingested: Time::from_millis(1_800_000_000_000),
        source: Source::Other,
        group: "group".into(),
        stream: entity.into(),
        entity: entity.into(),
        shape: Shape::Text,
        message,
    }
}

/// A deterministic source of choices (SplitMix64, Steele et al. 2014).
pub(crate) struct Choices(pub(crate) u64);

impl Choices {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    pub(crate) fn shuffle<V>(&mut self, values: &mut [V]) {
        for i in (1..values.len()).rev() {
            values.swap(i, self.below(i + 1));
        }
    }
}

/// Records of three keys on two entities over about `span_ms`, some of them bad, some of them
/// making a window fine again: a window that misses one is seen.
pub(crate) fn records(choices: &mut Choices, count: u32, span_ms: usize) -> Vec<LogRecord> {
    (0..count)
        .map(|id| {
            let time = 1_700_000_000_000 + choices.below(span_ms) as i64;
            let word = ["ok", "ok", "bad", "bad ssh", "ssh", "fine"][choices.below(6)];
            let key = choices.below(3);
            let entity = ["a", "b"][choices.below(2)];
            record(id, time, entity, format!("r{key} {word} {id}"))
        })
        .collect()
}

/// Cuts the records into batches; some records lie in two of them, as producers repeat.
pub(crate) fn batches(choices: &mut Choices, records: &[LogRecord]) -> Vec<Vec<LogRecord>> {
    let mut batches = Vec::new();
    let mut rest = records;
    while !rest.is_empty() {
        let (batch, others) = rest.split_at((1 + choices.below(8)).min(rest.len()));
        let mut batch = batch.to_vec();
        if choices.below(3) == 0 {
            batch.push(records[choices.below(records.len())].clone());
        }
        batches.push(batch);
        rest = others;
    }
    batches
}

pub(crate) fn tumbling() -> WindowSpec {
    WindowSpec::Tumbling { length_ms: 20_000 }
}

pub(crate) fn keyed(gap_ms: i64) -> WindowSpec {
    WindowSpec::Keyed {
        key: r"r\d".into(),
        gap_ms,
    }
}
