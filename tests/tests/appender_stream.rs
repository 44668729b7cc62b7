//! `log-appender` behind a stream that behaves as Lambda's does: whatever goes wrong, no line is lost,
//! none is counted twice, and no shard is stuck.

#![expect(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{Read as _, Write as _};

use aiops_domain::LogRecord;
use aiops_domain::config::{AppenderConfig, AppenderLimits};
use aiops_domain::envelope::{Envelope, EnvelopeEvent, MessageType};
use aiops_domain::quarantine::{self, QuarantinedRecord};
use aiops_domain::segment::{Partition, SegmentName};
use aiops_functions::appender::{Appender, KinesisEventRecord, KinesisPayload};
use aiops_functions::fakes::{Failing, FakeObjectStore, Fault, Faults};
use aiops_functions::ports::ObjectStore;
use aiops_tests::late_store::LateStore;
use aiops_tests::stream_driver::{Accidents, Answer, Delivery, Mapping, StuckShard, deliver};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use proptest::prelude::*;

const BUCKET: &str = "segments";
const FOR_EVER: Mapping = Mapping {
    bisects: true,
    retries_max: None,
};

/// As CloudWatch sends it when a subscription filter is made.
const CONTROL_MESSAGE: &str = r#"{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logGroup":"","logStream":"","subscriptionFilters":[],"logEvents":[{"id":"","timestamp":1510109208016,"message":"CWL CONTROL MESSAGE: Checking health of destination Kinesis stream."}]}"#;

/// What a record of the stream holds.
#[derive(Debug, Clone)]
enum Content {
    /// Events: number of the id, hour, and which of two log groups.
    Events(Vec<(u32, u32, bool)>),
    /// The same in two gzip members, an envelope each.
    TwoMembers(u32, u32),
    /// CloudWatch's check of the destination.
    Control,
    /// Events, cut off within the gzip.
    Truncated(u32),
    /// Far more bytes than the cap.
    Bomb,
    /// No gzip.
    Noise(Vec<u8>),
    /// Events with bytes that are no UTF-8.
    NoText(u32),
    /// Gzip of JSON that is no envelope.
    NoEnvelope,
}

fn id(number: u32) -> String {
    format!("{:056}", 39_876_543_210_000_u64 + u64::from(number))
}

fn message(number: u32, hour: u32) -> String {
    format!(
        "2026-07-{:02}T{:02}:00:00Z line \"{number}\"\t\u{0}é",
        1 + hour / 24,
        hour % 24
    )
}

fn envelope(events: &[(u32, u32)], ec2: bool) -> Vec<u8> {
    let (group, stream) = match ec2 {
        true => ("/aws/ec2/app", "i-0123456789abcdef0"),
        false => ("a \"quoted\" group", "stream\\é"),
    };
    let log_events = events
        .iter()
        .map(|(number, hour)| EnvelopeEvent {
            id: id(*number),
            timestamp: 1_785_585_600_000 + i64::from(*number),
            message: message(*number, *hour),
        })
        .collect();
    serde_json::to_vec(&Envelope {
        message_type: MessageType::DataMessage,
        owner: "123456789012".to_owned(),
        log_group: group.to_owned(),
        log_stream: stream.to_owned(),
        subscription_filters: vec!["f".to_owned()],
        log_events,
    })
    .unwrap()
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

impl Content {
    fn data(&self) -> Vec<u8> {
        match self {
            Self::Events(events) => [true, false]
                .into_iter()
                .flat_map(|group| {
                    let events: Vec<_> = events
                        .iter()
                        .filter(|(_, _, ec2)| *ec2 == group)
                        .map(|(number, hour, _)| (*number, *hour))
                        .collect();
                    gzip(&envelope(&events, group))
                })
                .collect(),
            Self::TwoMembers(a, b) => [
                gzip(&envelope(&[(*a, 0)], true)),
                gzip(&envelope(&[(*b, 1)], false)),
            ]
            .concat(),
            Self::Control => gzip(CONTROL_MESSAGE.as_bytes()),
            Self::Truncated(number) => {
                let mut data = gzip(&envelope(&[(*number, 0)], true));
                data.truncate(data.len() - 3);
                data
            }
            Self::Bomb => gzip(&vec![b' '; 1 << 20]),
            Self::Noise(noise) => noise.clone(),
            Self::NoText(number) => {
                let mut text = envelope(&[(*number, 0)], true);
                let end = text.len() - 6;
                text[end] = 0xFF;
                gzip(&text)
            }
            Self::NoEnvelope => gzip(b"{\"hello\":[1,2,3]}"),
        }
    }

    /// The ids and hours of its readable events.
    fn readable(&self) -> Vec<(u32, u32)> {
        match self {
            Self::Events(events) => events
                .iter()
                .map(|(number, hour, _)| (*number, *hour))
                .collect(),
            Self::TwoMembers(a, b) => vec![(*a, 0), (*b, 1)],
            _ => Vec::new(),
        }
    }

    fn is_poisoned(&self) -> bool {
        !matches!(self, Self::Events(_) | Self::TwoMembers(..) | Self::Control)
    }
}

fn records(contents: &[Content]) -> Vec<KinesisEventRecord> {
    contents
        .iter()
        .enumerate()
        .map(|(position, content)| KinesisEventRecord {
            event_id: format!("shardId-000000000001:{}", sequence(position)),
            kinesis: KinesisPayload {
                sequence_number: sequence(position),
                data: STANDARD.encode(content.data()),
                approximate_arrival_timestamp: 1_785_585_600.25,
            },
        })
        .collect()
}

fn sequence(position: usize) -> String {
    format!("4959033827149025660855969253836157109592157598913658{position:04}")
}

fn content() -> impl Strategy<Value = Content> {
    // Few numbers, so that producers repeat ids in other records; few hours, so that records share
    // partitions.
    let events =
        prop::collection::vec((0..60_u32, 0..5_u32, any::<bool>()), 0..6).prop_map(|events| {
            // An id always is the same event.
            let same = |(number, ..): (u32, u32, bool)| (number, number % 5, number % 3 == 0);
            Content::Events(events.into_iter().map(same).collect())
        });
    prop_oneof![
        8 => events,
        1 => (100..200_u32, 200..300_u32).prop_map(|(a, b)| Content::TwoMembers(a, b)),
        1 => Just(Content::Control),
        1 => (300..400_u32).prop_map(Content::Truncated),
        1 => Just(Content::Bomb),
        1 => prop::collection::vec(any::<u8>(), 0..40).prop_map(Content::Noise),
        1 => (400..500_u32).prop_map(Content::NoText),
        1 => Just(Content::NoEnvelope),
    ]
}

fn fault() -> impl Strategy<Value = Fault> {
    prop::sample::select(vec![
        Fault::Before,
        Fault::After,
        Fault::Throttle,
        Fault::Refuse,
        Fault::CrashBefore,
        Fault::CrashAfter,
    ])
}

/// Runs the whole stream through the appender; `faults` are those of the first invocations.
fn run<S: ObjectStore + Clone>(
    store: &S,
    limits: AppenderLimits,
    contents: &[Content],
    mapping: Mapping,
    accidents: Accidents,
    faults: &[Vec<(u64, Fault)>],
) -> Result<Delivery, StuckShard> {
    let mut config = AppenderConfig::new(BUCKET);
    config.limits = limits;
    let appender = &Appender::new(config);
    let invocation = &Cell::new(0);
    let function = |batch: Vec<KinesisEventRecord>| {
        let planned = faults.get(invocation.get()).cloned().unwrap_or_default();
        invocation.set(invocation.get() + 1);
        async move {
            let faults = Faults::at(planned);
            let store = Failing::new(store.clone(), &faults);
            let appended = appender.append(&store, &batch).await;
            if faults.is_dead() {
                return Answer::Crashed;
            }
            let failed = appended.first_failure.map(|position| &batch[position]);
            Answer::Failures(
                failed
                    .into_iter()
                    .map(|record| record.kinesis.sequence_number.clone())
                    .collect(),
            )
        }
    };
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(deliver(
            &records(contents),
            |record| record.kinesis.sequence_number.as_str(),
            mapping,
            accidents,
            2_000,
            function,
        ))
}

/// Reads every object back and compares with what was sent.
fn check(store: &FakeObjectStore, contents: &[Content]) {
    let mut sent: BTreeMap<String, (u32, u32, Vec<usize>)> = BTreeMap::new();
    for (position, content) in contents.iter().enumerate() {
        for (number, hour) in content.readable() {
            let entry = sent.entry(id(number)).or_insert((number, hour, Vec::new()));
            if entry.2.last() != Some(&position) {
                entry.2.push(position);
            }
        }
    }
    let mut objects_of: BTreeMap<String, usize> = BTreeMap::new();
    let mut quarantined = BTreeSet::new();
    for (key, body) in store.all(BUCKET) {
        if key.starts_with(quarantine::PREFIX) {
            let record: QuarantinedRecord = serde_json::from_slice(&body).unwrap();
            assert_eq!(record.key(), key);
            assert!(!record.error.is_empty());
            assert!(quarantined.insert((record.sequence, record.data)));
            continue;
        }
        let name = SegmentName::parse(&key).unwrap();
        let mut text = String::new();
        GzDecoder::new(body.as_slice())
            .read_to_string(&mut text)
            .unwrap();
        let mut ids = BTreeSet::new();
        let mut first = usize::MAX;
        for line in text.lines() {
            let record: LogRecord = serde_json::from_str(line).unwrap();
            let (number, hour, positions) = &sent[&record.id];
            assert_eq!(record.message, message(*number, *hour));
            assert_eq!(Partition::of(record.source, record.time), name.partition);
            assert_eq!(record.time.to_string().get(..16), record.message.get(..16));
            assert!(ids.insert(record.id.clone()), "an id twice in {key}");
            *objects_of.entry(record.id).or_default() += 1;
            // The first record at or after the one that names the object.
            let from_name = positions
                .iter()
                .find(|position| sequence(**position) >= name.sequence);
            first = first.min(*from_name.expect("no event of an earlier record"));
        }
        assert_eq!(sequence(first), name.sequence, "{key}");
    }
    for (id, (_, _, positions)) in &sent {
        let objects = objects_of.get(id).copied().unwrap_or_default();
        assert!(objects >= 1, "lost {id}");
        // A line that was sent in one record is in one object.
        assert!(objects <= positions.len(), "{id} is in {objects} objects");
    }
    let poisoned: BTreeSet<_> = contents
        .iter()
        .enumerate()
        .filter(|(_, content)| content.is_poisoned())
        .map(|(position, content)| (sequence(position), STANDARD.encode(content.data())))
        .collect();
    assert_eq!(quarantined, poisoned);
}

fn limits(batch_bytes_max: usize, batch_partitions_max: usize) -> AppenderLimits {
    AppenderLimits {
        record_bytes_max: 64 << 10,
        batch_bytes_max,
        batch_partitions_max,
        ..AppenderLimits::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, rng_seed: proptest::test_runner::RngSeed::Fixed(20), ..ProptestConfig::default() })]

    #[test]
    fn no_line_is_lost_none_counted_twice_no_shard_stuck(
        contents in prop::collection::vec(content(), 1..14),
        sizes in prop::collection::vec(1..10_usize, 0..6),
        repeated in prop::collection::vec(any::<bool>(), 0..20),
        bisects in any::<bool>(),
        faults in prop::collection::vec(prop::collection::vec((0..8_u64, fault()), 0..3), 0..12),
        batch_bytes_max in prop::sample::select(vec![1_usize, 1_000, 70_000, 1 << 20]),
        batch_partitions_max in prop::sample::select(vec![1_usize, 4, 1_000]),
    ) {
        let store = FakeObjectStore::default();
        let accidents = Accidents { batch_records: VecDeque::from(sizes), repeated: VecDeque::from(repeated) };
        let mapping = Mapping { bisects, retries_max: None };
        let delivery = run(&store, limits(batch_bytes_max, batch_partitions_max), &contents, mapping, accidents, &faults);
        prop_assert_eq!(delivery.unwrap().discarded, Vec::<usize>::new());
        check(&store, &contents);
    }

    /// Writes that time out and land while later attempts write, or when all is done.
    #[test]
    fn a_write_that_lands_late_undoes_nothing(
        contents in prop::collection::vec(content(), 1..14),
        sizes in prop::collection::vec(1..10_usize, 0..6),
        bisects in any::<bool>(),
        late in prop::collection::btree_map(0..12_u64, 0..30_u64, 1..5),
        faults in prop::collection::vec(prop::collection::vec((0..8_u64, fault()), 0..2), 0..6),
    ) {
        let store = LateStore::new(late);
        let accidents = Accidents { batch_records: VecDeque::from(sizes), ..Accidents::default() };
        let mapping = Mapping { bisects, retries_max: None };
        run(&store, limits(1 << 20, 1_000), &contents, mapping, accidents, &faults).unwrap();
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(store.settle());
        check(&store.inner, &contents);
    }

    /// However the stream is cut into batches, the same lines come out.
    #[test]
    fn the_lines_do_not_depend_on_the_batches(
        contents in prop::collection::vec(content(), 1..14),
        sizes in prop::collection::vec(1..10_usize, 0..6),
    ) {
        let lines = |accidents| {
            let store = FakeObjectStore::default();
            run(&store, limits(1 << 20, 1_000), &contents, FOR_EVER, accidents, &[]).unwrap();
            let mut lines = BTreeSet::new();
            for (key, body) in store.all(BUCKET) {
                let mut text = String::new();
                if GzDecoder::new(body.as_slice()).read_to_string(&mut text).is_err() {
                    text = key;
                }
                lines.extend(text.lines().map(str::to_owned));
            }
            lines
        };
        let cut = Accidents { batch_records: VecDeque::from(sizes), ..Accidents::default() };
        prop_assert_eq!(lines(Accidents::default()), lines(cut));
    }
}

/// One record with two partitions, one poisoned, one more: each kind of write happens.
fn small_stream() -> Vec<Content> {
    vec![
        Content::Events(vec![(1, 1, false), (3, 3, true)]),
        Content::Truncated(300),
        Content::Events(vec![(6, 1, true), (4, 4, false), (1, 1, false)]),
        Content::Bomb,
    ]
}

#[test]
fn the_appender_dies_between_any_two_steps() {
    for call in 0..14 {
        for fault in [
            Fault::CrashBefore,
            Fault::CrashAfter,
            Fault::After,
            Fault::Before,
        ] {
            for bisects in [true, false] {
                let store = FakeObjectStore::default();
                let mapping = Mapping {
                    bisects,
                    retries_max: None,
                };
                let faults = [vec![(call, fault)]];
                let contents = small_stream();
                let delivery = run(
                    &store,
                    limits(1 << 20, 1_000),
                    &contents,
                    mapping,
                    Accidents::default(),
                    &faults,
                );
                assert!(delivery.unwrap().discarded.is_empty());
                check(&store, &contents);
            }
        }
    }
}

#[test]
fn while_s3_is_down_records_go_to_the_destination_and_the_shard_goes_on() {
    let store = FakeObjectStore::default();
    let contents = small_stream();
    let down: Vec<_> = (0..200).map(|call| (call, Fault::Before)).collect();
    let mapping = Mapping {
        bisects: true,
        retries_max: Some(2),
    };
    let delivery = run(
        &store,
        limits(1 << 20, 1_000),
        &contents,
        mapping,
        Accidents::default(),
        &vec![down; 100],
    )
    .unwrap();
    assert_eq!(delivery.discarded, [0, 1, 2, 3]);
    assert!(store.all(BUCKET).is_empty());
}

#[test]
fn a_driver_notices_a_stuck_shard() {
    let stuck = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(deliver(
            &["1", "2"],
            |record| record,
            FOR_EVER,
            Accidents::default(),
            50,
            |_| async { Answer::Failures(vec!["2".to_owned()]) },
        ));
    assert_eq!(
        stuck,
        Err(StuckShard {
            position: 1,
            invocations: 50
        })
    );
}
