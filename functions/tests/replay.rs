//! A rebuild from the raw archive has the records of the live segments, by event id, and the live
//! findings and incidents, although the live ones came in other batches, twice, and through faults.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

use aiops_domain::config::{AppenderConfig, DetectorConfig, DetectorNames};
use aiops_domain::shape::flow::FlowFormat;
use aiops_domain::{Finding, Time};
use aiops_functions::appender::{Appender, KinesisEvent};
use aiops_functions::detector::model::{Artefact, Current, Models};
use aiops_functions::detector::trained::TrainedModel;
use aiops_functions::detector::{Detector, Received, Seams};
use aiops_functions::fakes::{FakeClock, FakeObjectStore, FakeQueue, FakeTable, FakeWorkflow};
use aiops_functions::incidents::items;
use aiops_functions::ports::{ObjectStore, PortResult};
use aiops_functions::replay::{self, Request};
use aiops_model::WindowSpec;
use base64::Engine as _;
use serde_json::{Value, json};

const START_MS: i64 = 1_785_585_600_000;

struct Untrained;

impl Models for Untrained {
    type Scorer = TrainedModel;

    async fn current(&self) -> PortResult<Current<TrainedModel>> {
        let window = WindowSpec::Tumbling { length_ms: 60_000 };
        let scorer = TrainedModel::untrained(window, FlowFormat::default()).unwrap();
        Ok(Current {
            scorer: std::sync::Arc::new(scorer),
            candidate: None,
            shadow: false,
        })
    }
}

/// Envelopes of two hosts over an hour, one of them attacked for three minutes.
fn envelopes() -> Vec<Value> {
    let mut envelopes = Vec::new();
    for minute in 0..60_i64 {
        for host in ["i-0aaaaaaaaaaaaaaaa", "i-0bbbbbbbbbbbbbbbb"] {
            let attacked = host.contains('b') && (20..23).contains(&minute);
            let lines = if attacked { 60 } else { 3 };
            let events: Vec<Value> = (0..lines)
                .map(|n| {
                    let at = format!("Aug  1 12:{minute:02}:{:02} ip-10-0-0-7", n * 9 / 10);
                    let message = if attacked {
                        format!(
                            "{at} sshd[812]: Failed password for invalid user admin from 203.0.113.9 port {} ssh2",
                            40_000 + n
                        )
                    } else {
                        format!("{at} systemd[1]: Started session {minute} of user app")
                    };
                    json!({"id": format!("{host}-{minute:03}-{n:03}"),
                           "timestamp": START_MS + minute * 60_000 + n * 900, "message": message})
                })
                .collect();
            envelopes.push(json!({
                "messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": "/aws/ec2/secure",
                "logStream": host, "subscriptionFilters": ["all"], "logEvents": events,
            }));
        }
    }
    envelopes
}

fn gzip(text: &str) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    gzip.finish().unwrap()
}

fn detector_config() -> DetectorConfig {
    DetectorConfig::new(DetectorNames {
        segments_bucket: "segments".into(),
        state_table: "state".into(),
        incidents_table: "incidents".into(),
        queue_url: "queue".into(),
        state_machine_arn: "machine".into(),
        model_parameter: "model".into(),
    })
}

fn clock() -> FakeClock {
    FakeClock::at(Time::from_millis(START_MS + 7_200_000))
}

/// The live way: single envelopes as records, some twice, the messages one by one and backwards.
async fn live(store: &FakeObjectStore) -> FakeTable {
    let appender = Appender::new(AppenderConfig::new("segments"));
    for (n, envelope) in envelopes().iter().enumerate() {
        for repetition in 0..=(n % 3 / 2) {
            let event: KinesisEvent = serde_json::from_value(json!({"Records": [{
                "eventID": format!("shardId-000000000001:{}", n * 10 + repetition),
                "kinesis": {
                    "sequenceNumber": (n * 10 + repetition).to_string(),
                    "data": base64::engine::general_purpose::STANDARD.encode(gzip(&envelope.to_string())),
                },
            }]}))
            .unwrap();
            assert_eq!(
                appender.append(store, &event.records).await.first_failure,
                None
            );
        }
    }
    let (incidents, queue) = (FakeTable::default(), FakeQueue::default());
    let seams = Seams {
        objects: store.clone(),
        state: FakeTable::default(),
        incidents: incidents.clone(),
        queue: queue.clone(),
        workflow: FakeWorkflow::default(),
        clock: clock(),
        models: Untrained,
    };
    let detector = Detector::new(seams, detector_config());
    let received = |body: String| Received {
        id: "1".into(),
        body,
    };
    let entries = store.list("segments", "segments/").await.unwrap();
    for entry in entries.iter().rev() {
        let key = entry.key.replace('=', "%3D");
        let body = json!({"Records": [{"eventName": "ObjectCreated:Put", "s3": {"object": {"key": key}}}]});
        let outcome = detector.handle(&[received(body.to_string())]).await;
        assert_eq!(outcome.failed, Vec::<String>::new());
    }
    loop {
        let timers = queue.take();
        if timers.is_empty() {
            return incidents;
        }
        for sent in timers {
            detector.handle(&[received(sent.body)]).await;
        }
    }
}

fn findings(table: &FakeTable, request: &Request) -> BTreeMap<String, BTreeMap<String, Finding>> {
    let all = table.all();
    let mut found: BTreeMap<String, BTreeMap<String, Finding>> = BTreeMap::new();
    for item in &all {
        let Some(finding) = items::finding_of(item) else {
            continue;
        };
        let meta = all
            .iter()
            .find(|meta| meta.key.pk == item.key.pk && meta.key.sk == "meta")
            .unwrap();
        if request.covers(&finding) {
            let fingerprint = meta.attributes["fingerprint"].as_str().unwrap().to_owned();
            found
                .entry(fingerprint)
                .or_default()
                .insert(finding.id.clone(), finding);
        }
    }
    found
}

fn request(from_minute: i64, to_minute: i64, generation: &str) -> Request {
    Request {
        raw_bucket: "raw".into(),
        from: Time::from_millis(START_MS + from_minute * 60_000),
        to: Time::from_millis(START_MS + to_minute * 60_000),
        generation: generation.into(),
    }
}

#[tokio::test]
async fn a_rebuild_has_the_live_records_and_the_live_incidents() {
    let store = FakeObjectStore::default();
    // Firehose: members one after the other, several envelopes an object, some of them twice.
    let members: Vec<Vec<u8>> = envelopes()
        .iter()
        .map(|envelope| gzip(&envelope.to_string()))
        .collect();
    for (n, some) in members.chunks(17).enumerate() {
        let mut body = some.concat();
        body.extend(some.first().unwrap());
        let key = format!("raw/dt=2026-08-01/hour=12/delivery-{n:03}");
        store
            .put("raw", &key, body, "application/gzip")
            .await
            .unwrap();
    }
    store
        .put(
            "raw",
            "raw/dt=2026-08-01/hour=12/broken",
            b"no gzip".to_vec(),
            "application/gzip",
        )
        .await
        .unwrap();
    let live = live(&store).await;
    let before = store.list("segments", "segments/").await.unwrap();

    for (from, to) in [(0, 60), (10, 22), (30, 60)] {
        let request = request(from, to, &format!("g-{from}-{to}"));
        let rebuild = || {
            replay::rebuild(
                &store,
                &request,
                AppenderConfig::new("segments"),
                detector_config(),
                Untrained,
                clock(),
            )
        };
        let rebuilt = rebuild().await.unwrap();
        assert_eq!(rebuilt.unreadable_objects, 1);
        let live_records: BTreeSet<String> = replay::live_records(&store, "segments", &request)
            .await
            .unwrap();
        assert!(!live_records.is_empty());
        assert_eq!(rebuilt.records, live_records);
        let live_findings = findings(&live, &request);
        assert_eq!(rebuilt.findings, live_findings);
        assert_eq!(live_findings.is_empty(), from == 30, "{live_findings:?}");
        // Again: the generation is there, and nothing is overwritten.
        assert!(
            rebuild()
                .await
                .unwrap_err()
                .to_string()
                .contains("name another")
        );
    }
    assert_eq!(store.list("segments", "segments/").await.unwrap(), before);
}
