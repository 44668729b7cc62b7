//! `metric-detector` over seams in memory: objects of a metric stream become incidents, whatever the
//! batches, the order, repetitions, faults and second instances.

#![expect(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use std::collections::BTreeMap;
use std::io::Write as _;

use aiops_domain::config::{MetricDetectorConfig, MetricDetectorNames};
use aiops_domain::{Finding, Kind, Source, Time};
use aiops_functions::detector::Received;
use aiops_functions::fakes::{
    Failing, FakeClock, FakeObjectStore, FakeTable, FakeWorkflow, Fault, Faults,
};
use aiops_functions::incidents::items;
use aiops_functions::metric_detector::{MetricDetector, Outcome, Seams};
use aiops_functions::ports::ObjectStore as _;
use futures_util::FutureExt as _;

const BUCKET: &str = "raw";
const START_MS: i64 = 1_785_542_400_000;

type Instance =
    MetricDetector<Failing<FakeObjectStore>, Failing<FakeTable>, Failing<FakeWorkflow>, FakeClock>;

#[derive(Default, Clone)]
struct World {
    objects: FakeObjectStore,
    state: FakeTable,
    incidents: FakeTable,
    workflow: FakeWorkflow,
}

impl World {
    fn instance(&self, faults: &Faults) -> Instance {
        let seams = Seams {
            objects: Failing::new(self.objects.clone(), faults),
            state: Failing::new(self.state.clone(), faults),
            incidents: Failing::new(self.incidents.clone(), faults),
            workflow: Failing::new(self.workflow.clone(), faults),
            clock: FakeClock::at(Time::from_millis(START_MS + 12 * 3_600_000)),
        };
        let config = MetricDetectorConfig::new(MetricDetectorNames {
            metrics_bucket: BUCKET.into(),
            state_table: "state".into(),
            incidents_table: "incidents".into(),
            state_machine_arn: "machine".into(),
        });
        MetricDetector::new(seams, config)
    }

    /// Writes an object as Firehose does and answers its notification.
    fn write(&self, key: &str, lines: &[String]) -> Received {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        for line in lines {
            gzip.write_all(line.as_bytes()).unwrap();
            gzip.write_all(b"\n").unwrap();
        }
        let body = gzip.finish().unwrap();
        ready(self.objects.put(BUCKET, key, body, "application/gzip")).unwrap();
        Self::notification(key)
    }

    fn notification(key: &str) -> Received {
        let body = serde_json::json!({"Records": [{"eventName": "ObjectCreated:Put", "s3": {"object": {"key": key.replace('=', "%3D")}}}]});
        Received {
            id: key.to_owned(),
            body: body.to_string(),
        }
    }

    fn handle(&self, messages: &[Received]) -> Outcome {
        ready(self.instance(&Faults::none()).handle(messages))
    }

    fn findings(&self) -> BTreeMap<String, Finding> {
        let all = self.incidents.all();
        all.iter()
            .filter(|item| item.key.pk.starts_with("incident#"))
            .filter_map(items::finding_of)
            .map(|finding| (finding.id.clone(), finding))
            .collect()
    }

    /// Kind, entity and count of every incident.
    fn incidents(&self) -> Vec<(String, String, u64)> {
        let all = self.incidents.all();
        let mut incidents: Vec<_> = all
            .iter()
            .filter(|item| item.key.sk == "meta")
            .map(|item| {
                let text = |name: &str| item.attributes[name].as_str().unwrap().to_owned();
                (
                    text("kind"),
                    text("entity"),
                    item.attributes["count"].as_u64().unwrap(),
                )
            })
            .collect();
        incidents.sort();
        incidents
    }
}

fn ready<F: Future>(future: F) -> F::Output {
    futures_util::pin_mut!(future);
    loop {
        if let Some(output) = future.as_mut().now_or_never() {
            return output;
        }
    }
}

fn line(metric: &str, instance: &str, minute: i64, value: f64) -> String {
    serde_json::json!({
        "metric_stream_name": "metrics", "account_id": "111122223333", "region": "eu-central-1",
        "namespace": "CWAgent", "metric_name": metric, "dimensions": {"InstanceId": instance, "path": "/"},
        "timestamp": START_MS + minute * 60_000,
        "value": {"count": 1.0, "sum": value, "max": value, "min": value}, "unit": "Percent",
    })
    .to_string()
}

/// Between -1 and 1, by the minute alone.
fn noise(minute: i64) -> f64 {
    let bits = (minute.cast_unsigned() + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (bits >> 40) as f64 / f64::from(1 << 23) - 1.0
}

/// Six hours of three metrics of two instances: a disk that fills from the second hour on, one that
/// does not, and a processor with one wild minute. One group of lines for each minute.
fn minutes() -> Vec<Vec<String>> {
    (0..360)
        .map(|minute| {
            let filling = 60.0 + 7.0 * (minute - 90).max(0) as f64 / 60.0 + 0.05 * noise(minute);
            let cpu = 30.0 + 2.0 * noise(minute) + if minute == 250 { 60.0 } else { 0.0 };
            vec![
                line("disk_used_percent", "i-0full", minute, filling),
                line(
                    "disk_used_percent",
                    "i-0calm",
                    minute,
                    40.0 + 0.05 * noise(minute + 7),
                ),
                line("cpu_usage_active", "i-0calm", minute, cpu),
            ]
        })
        .collect()
}

fn key(number: usize) -> String {
    format!("metrics/dt=2026-08-01/hour=00/metrics-{number:04}.gz")
}

/// All points in one object.
fn reference() -> World {
    let world = World::default();
    let notification = world.write(&key(0), &minutes().concat());
    let outcome = world.handle(&[notification]);
    assert_eq!(
        (outcome.failed, outcome.points, outcome.series),
        (vec![], 1080, 3)
    );
    world
}

#[test]
fn a_filling_disk_and_a_wild_minute_become_incidents() {
    let world = reference();
    let incidents = world.incidents();
    let about = |kind: &str, entity: &str| {
        let found = incidents
            .iter()
            .find(|(of, about, _)| of == kind && about == entity);
        found.map(|(_, _, count)| *count)
    };
    assert!(about("exhaustion_forecast", "i-0full").is_some_and(|count| count >= 1));
    assert_eq!(about("metric_anomaly", "i-0calm"), Some(1));
    // That it began to fill is an anomaly too.
    assert!(about("metric_anomaly", "i-0full").is_some());
    assert_eq!(incidents.len(), 3, "{incidents:?}");
    let findings = world.findings();
    assert!(
        findings
            .values()
            .all(|finding| finding.source == Source::Metrics)
    );
    let last = findings
        .values()
        .filter(|finding| finding.kind == Kind::ExhaustionForecast)
        .max_by_key(|finding| finding.window.start)
        .unwrap();
    // 91.5 at the end, 7 an hour: 1.2 hours.
    assert!(last.summary.contains("full in 74 min"), "{}", last.summary);
    assert_eq!(world.workflow.executions().len(), 3);
}

#[test]
fn batches_orders_and_repetitions_find_the_same() {
    let (expected, incidents) = (reference().findings(), reference().incidents());
    for seed in 0..6_usize {
        let world = World::default();
        let minutes = minutes();
        let portion = [1, 7, 20, 60, 299, 360][seed];
        let mut messages: Vec<Received> = minutes
            .chunks(portion.max(7))
            .enumerate()
            .map(|(number, some)| world.write(&key(number), &some.concat()))
            .collect();
        if seed % 2 == 1 {
            messages.reverse();
        }
        let again = messages.clone();
        for batch in messages.chunks(1 + seed).chain(again.chunks(3).take(4)) {
            assert_eq!(world.handle(batch).failed, Vec::<String>::new());
        }
        assert_eq!(world.findings(), expected, "portions of {portion}");
        let found = world.incidents();
        assert_eq!(found, incidents, "portions of {portion}");
    }
}

#[test]
fn a_fault_at_any_call_is_made_good_by_redelivery() {
    let expected = reference();
    let minutes = minutes();
    let go = |faults: &Faults| {
        let world = World::default();
        let messages = [
            world.write(&key(0), &minutes[..200].concat()),
            world.write(&key(1), &minutes[200..].concat()),
        ];
        let failing = world.instance(faults);
        for message in messages {
            let outcome = ready(failing.handle(std::slice::from_ref(&message)));
            if !outcome.failed.is_empty() {
                assert_eq!(world.handle(&[message]).failed, Vec::<String>::new());
            }
        }
        world
    };
    let calls = {
        let faults = Faults::none();
        go(&faults);
        faults.calls()
    };
    assert!(calls > 60, "{calls} calls are too few to show anything");
    for fault in [
        Fault::Before,
        Fault::After,
        Fault::Refuse,
        Fault::CrashAfter,
    ] {
        // Every call of each kind comes up, and every fifth of the many alike.
        for call in (0..calls).filter(|call| *call < 40 || call % 5 == 0) {
            let world = go(&Faults::at([(call, fault)]));
            assert_eq!(world.findings(), expected.findings(), "{fault:?} at {call}");
            assert_eq!(
                world.incidents(),
                expected.incidents(),
                "{fault:?} at {call}"
            );
        }
    }
}

#[test]
fn two_instances_at_once_find_the_same() {
    let expected = reference();
    let minutes = minutes();
    for seed in 0..4_u64 {
        let world = World::default();
        let messages: Vec<Received> = minutes
            .chunks(75)
            .enumerate()
            .map(|(number, some)| world.write(&key(number), &some.concat()))
            .collect();
        let faults = Faults::none().yielding();
        let (one, other) = (world.instance(&faults), world.instance(&faults));
        let mut running = [
            Box::pin(one.handle(&messages[..2])),
            Box::pin(other.handle(&messages[2..])),
        ];
        let (mut bits, mut done) = (seed + 1, [false; 2]);
        while done != [true; 2] {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let turn = (bits >> 40) as usize % 2;
            if !done[turn]
                && let Some(outcome) = running[turn].as_mut().now_or_never()
            {
                assert_eq!(outcome.failed, Vec::<String>::new());
                done[turn] = true;
            }
        }
        assert_eq!(world.findings(), expected.findings(), "seed {seed}");
        assert_eq!(world.incidents(), expected.incidents(), "seed {seed}");
    }
}

#[test]
fn what_is_no_metric_object_harms_nothing() {
    let world = World::default();
    ready(
        world
            .objects
            .put(BUCKET, "metrics/broken.gz", vec![0x1f, 0x8b, 9, 9], ""),
    )
    .unwrap();
    let broken = World::notification("metrics/broken.gz");
    let other = world.write("raw/dt=2026-08-01/x", &minutes()[0]);
    let gone = World::notification("metrics/gone.gz");
    let nonsense = Received {
        id: "nonsense".into(),
        body: "{}".into(),
    };
    let good = world.write(&key(0), &minutes()[..10].concat());
    let outcome = world.handle(&[broken.clone(), other, gone, nonsense, good]);
    assert_eq!(outcome.failed, ["metrics/broken.gz", "nonsense"]);
    assert_eq!(outcome.points, 30);
}
