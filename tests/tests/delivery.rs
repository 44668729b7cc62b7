//! What goes wrong between a producer and a person, on the local cloud: records that come again, records
//! that cannot be read, a chat that is down. One cloud for all of it, so its phases follow one another.

#![allow(clippy::unwrap_used, reason = "helpers of tests unwrap too")]

use std::collections::{BTreeMap, HashSet};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use aiops::demo::incidents::IncidentReader;
use aiops::demo::places::{self, Places};
use aiops::demo::receiver::Receiver;
use aiops::demo::{learn, read_back, settle};
use aiops::local::aws::{Aws, KINESIS};
use aiops::local::cloud::{LocalCloud, Options};
use aiops::local::stack;
use aiops::printer::Printer;
use aiops::workload::{self, Settings};
use aiops_domain::quarantine::{self, QuarantinedRecord};
use aiops_domain::{Incident, Kind, Time};
use aiops_infra::config::StackConfig;
use aiops_model::TrainOptions;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

/// Nothing of this takes longer on any machine that can build it.
const PATIENCE: Duration = Duration::from_secs(120);
/// More than a record may hold, decompressed.
const BOMB_BYTES: usize = 40 << 20;
const MINUTE_MILLIS: i64 = 60_000;
/// Event time of the first line: a whole minute.
const START_MILLIS: i64 = 1_785_585_600_000; // 2026-08-01T12:00:00Z

struct World {
    cloud: LocalCloud,
    places: Places,
    receiver: Receiver,
    stream: String,
    group: String,
    _home: tempfile::TempDir,
}

impl World {
    async fn start() -> Self {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let printer = Printer::into_sinks(std::io::sink(), std::io::stderr());
        let config = stack::config(&workspace).unwrap();
        let receiver = Receiver::start().await.unwrap();
        let home = tempfile::tempdir().unwrap();
        let options = Options {
            home: home.path().to_path_buf(),
            archives: stack::archives(&workspace, &printer).unwrap(),
            keep: false,
            secrets: BTreeMap::from([
                ("slack-webhook".to_owned(), receiver.url("/slack")),
                ("teams-webhook".to_owned(), receiver.url("/teams")),
            ]),
        };
        let mut cloud = LocalCloud::start(options, &printer)
            .await
            .expect("the emulator must start: it is never skipped");
        let graph = aiops_infra::platform::declare(&config);
        let first = cloud.apply(&graph, &|_| {}).await.unwrap().clone();
        assert!(!first.changed.is_empty());
        let second = cloud.apply(&graph, &|_| {}).await.unwrap();
        assert_eq!(second.changed, Vec::<String>::new(), "applied twice");
        assert_eq!(second.resources, first.resources);
        let places = Places::of(&cloud).unwrap();
        let groups = places::log_groups(&config, &cloud).unwrap();
        let text = |kind, name, property| {
            let value = cloud.output(kind, name, property).unwrap();
            value.as_str().unwrap().to_owned()
        };
        let world = Self {
            stream: text("aws:kinesis/stream:Stream", "logs", "name"),
            group: groups.system.to_string(),
            places,
            receiver,
            cloud,
            _home: home,
        };
        world.train(&config, groups).await;
        world
    }

    fn host(&self, index: usize) -> &str {
        &self.places.instance_ids[index]
    }

    fn aws(&self) -> &Aws {
        self.cloud.aws()
    }

    /// A model of an hour, so that incidents are acted on.
    async fn train(&self, config: &StackConfig, groups: workload::LogGroups) {
        let quiet = workload::generate(&Settings {
            seed: 5,
            start: Time::from_millis(START_MILLIS - 120 * MINUTE_MILLIS),
            quiet_minutes: 60,
            live_minutes: workload::MIN_LIVE_MINUTES,
            groups,
            instances: self.places.instance_ids.clone(),
        })
        .quiet;
        let categoriser = learn::categoriser(config);
        let model = learn::learn(&quiet, &categoriser, &TrainOptions::default()).unwrap();
        learn::promote(self.aws(), &self.places, &model)
            .await
            .unwrap();
    }

    /// An envelope of `lines` at `minute`, as a subscription filter puts it into the stream; the ids of
    /// its events follow from `name`.
    fn envelope(&self, host: &str, name: &str, minute: i64, lines: &[String]) -> Vec<u8> {
        let start = START_MILLIS + minute * MINUTE_MILLIS;
        let events: Vec<_> = (0_i64..)
            .zip(lines)
            .map(|(n, line)| {
                json!({"id": format!("{name}-{n:04}"), "timestamp": start + n * 1_000, "message": line})
            })
            .collect();
        let envelope = json!({
            "messageType": "DATA_MESSAGE",
            "owner": "000000000000",
            "logGroup": self.group,
            "logStream": host,
            "subscriptionFilters": ["all"],
            "logEvents": events,
        });
        gzip(envelope.to_string().as_bytes())
    }

    /// Somebody at `address` tries passwords at `host`.
    fn brute_force(&self, host: &str, name: &str, minute: i64, address: &str) -> Vec<u8> {
        let lines: Vec<String> = (0..30)
            .map(|n| {
                let at = syslog_stamp(START_MILLIS + minute * MINUTE_MILLIS + n * 1_000);
                format!(
                    "{at} ip-10-0-1-9 sshd[{}]: Failed password for root from {address} port {} ssh2",
                    4_000 + n,
                    40_000 + n
                )
            })
            .collect();
        self.envelope(host, name, minute, &lines)
    }

    async fn put(&self, data: &[u8]) {
        let request = json!({
            "StreamName": self.stream,
            "Data": STANDARD.encode(data),
            "PartitionKey": "one",
        });
        self.aws()
            .json(KINESIS, "PutRecord", request)
            .await
            .unwrap();
    }

    async fn ids(&self) -> HashSet<String> {
        let bucket = &self.places.segments_bucket;
        read_back::segment_ids(self.aws(), bucket).await.unwrap().0
    }

    async fn quarantined(&self) -> Vec<QuarantinedRecord> {
        let bucket = &self.places.segments_bucket;
        let mut records = Vec::new();
        for object in self
            .aws()
            .list_objects(bucket, quarantine::PREFIX)
            .await
            .unwrap()
        {
            let body = self.aws().get_object(bucket, &object.key).await.unwrap();
            records.push(serde_json::from_slice(&body.unwrap()).unwrap());
        }
        records
    }

    /// Once `lines` are in segments and everything behind them is done.
    async fn settled(&self, lines: u64) {
        settle::wait(self.aws(), &self.places, lines, &|_| {})
            .await
            .unwrap();
    }

    async fn brute_forces(&self) -> Vec<Incident> {
        let reader = IncidentReader::new(self.aws(), &self.places.incidents_table).await;
        let (incidents, _) = reader.all().await.unwrap();
        incidents
            .into_iter()
            .filter(|incident| incident.kind == Kind::SshBruteForce)
            .collect()
    }

    fn messages_about(&self, incident: &Incident, path: &str) -> Vec<String> {
        self.receiver
            .received()
            .into_iter()
            .filter(|message| message.path == path && message.body.contains(&incident.id))
            .map(|message| message.body)
            .collect()
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Syslog's time.
fn syslog_stamp(millis: i64) -> String {
    // The event times of this test lie on one day, August 1st of 2026.
    let second = millis.div_euclid(1_000).rem_euclid(86_400);
    format!(
        "Aug  1 {:02}:{:02}:{:02}",
        second / 3_600,
        second / 60 % 60,
        second % 60
    )
}

async fn until<F: Future<Output = bool>>(what: &str, condition: impl Fn() -> F) {
    let started = Instant::now();
    while !condition().await {
        assert!(started.elapsed() < PATIENCE, "waited in vain for {what}");
        tokio::task::yield_now().await;
    }
}

/// A failing phase says which one it is by its own assertions.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_again_or_broken_or_finds_the_chat_down_counts_once() {
    let world = World::start().await;
    redelivery(&world).await;
    poison(&world).await;
    webhook_down(&world).await;
}

/// The same records three times, twice after everything about them was done.
async fn redelivery(world: &World) {
    let attack = world.brute_force(world.host(0), "attack", 0, "203.0.113.77");
    world.put(&attack).await;
    world.put(&attack).await;
    world.settled(30).await;
    let once = world.brute_forces().await;
    assert_eq!(once.len(), 1, "{once:#?}");
    assert!(
        once[0].summary.starts_with("30 failed SSH logins"),
        "{}",
        once[0].summary
    );
    assert_eq!(once[0].count, 1);
    world.put(&attack).await;
    // In the same shard, so behind the redelivery.
    world
        .put(&world.envelope(
            world.host(0),
            "marker",
            1,
            &["Aug  1 12:01:00 ip-10-0-1-9 CROND[1]: (root) CMD (true)".to_owned()],
        ))
        .await;
    world.settled(31).await;
    assert_eq!(world.ids().await.len(), 31);
    let again = world.brute_forces().await;
    assert_eq!(again.len(), 1);
    assert_eq!(
        (
            &again[0].id,
            again[0].count,
            &again[0].summary,
            again[0].actions.len()
        ),
        (&once[0].id, 1, &once[0].summary, 1)
    );
}

/// Between good records: one that is no gzip, one that ends too early, one that never seems to end.
async fn poison(world: &World) {
    let line = |n: usize| {
        vec![format!(
            "Aug  1 12:05:00 ip-10-0-1-9 CROND[{n}]: (root) CMD (true)"
        )]
    };
    let whole = world.envelope(world.host(0), "cut", 5, &line(9));
    world
        .put(&world.envelope(world.host(0), "good-a", 5, &line(1)))
        .await;
    world.put(b"this is no gzip").await;
    world
        .put(&world.envelope(world.host(0), "good-b", 5, &line(2)))
        .await;
    world.put(&whole[..whole.len() / 2]).await;
    world.put(&gzip(&vec![b' '; BOMB_BYTES])).await;
    world
        .put(&world.envelope(world.host(0), "good-c", 5, &line(3)))
        .await;
    until("the three good records", || async {
        let ids = world.ids().await;
        ["good-a", "good-b", "good-c"]
            .iter()
            .all(|name| ids.contains(&format!("{name}-0000")))
    })
    .await;
    let mut errors: Vec<String> = world
        .quarantined()
        .await
        .into_iter()
        .map(|record| record.error)
        .collect();
    errors.sort();
    assert_eq!(
        errors,
        [
            "gzip that ends within a member",
            "more than 33554432 bytes when decompressed",
            "no gzip member at byte 0",
        ]
    );
}

/// The chat refuses for a while: the messages come afterwards, each once.
async fn webhook_down(world: &World) {
    world.receiver.refuse(true);
    let told = world.receiver.received().len();
    // Of another host, so that it is another incident.
    let attack = world.brute_force(world.host(1), "other", 20, "203.0.113.78");
    world.put(&attack).await;
    until("a refused message", || async {
        world.receiver.refused() > 0
    })
    .await;
    assert_eq!(world.receiver.received().len(), told);
    world.receiver.refuse(false);
    let incident = async || {
        let mut found = world.brute_forces().await;
        found.retain(|incident| incident.entity == world.host(1));
        found.pop()
    };
    until("the closing messages", || async {
        match incident().await {
            Some(incident) => ["/slack", "/teams"]
                .iter()
                .all(|path| world.messages_about(&incident, path).len() >= 2),
            None => false,
        }
    })
    .await;
    world.settled(31 + 3 + 30).await;
    let incident = incident().await.unwrap();
    for path in ["/slack", "/teams"] {
        let messages = world.messages_about(&incident, path);
        let distinct: HashSet<&String> = messages.iter().collect();
        assert_eq!(messages.len(), 2, "opened and closed: {messages:#?}");
        assert_eq!(distinct.len(), 2, "one came twice");
    }
}
