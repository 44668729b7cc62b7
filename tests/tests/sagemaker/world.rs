//! An emulator, SageMaker beside it, and segments of a service.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aiops::commands::local::sagemaker::serve;
use aiops::deployed::Deployed;
use aiops::image::build::{Build, image};
use aiops::image::{BINARIES, Image};
use aiops::local::aws::{Aws, REGION, SSM};
use aiops::local::install;
use aiops::local::process::Emulator;
use aiops::local::sagemaker::LocalSagemaker;
use aiops::package::Architecture;
use aiops::printer::Printer;
use aiops::sagemaker::submit::Request;
use aiops_domain::config::{TrainingRange, TrainingResources};
use aiops_domain::record::RECORD_VERSION;
use aiops_domain::segment::{Partition, SegmentName};
use aiops_domain::{LogRecord, Shape, Source, Time};
use aiops_functions::adapters::signed::Service;
use aiops_functions::ports::{ObjectStore as _, PortError};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

pub(crate) const SEGMENTS: &str = "aiops-local-segments";
pub(crate) const MODELS: &str = "aiops-local-models";

/// The hour after the last line.
pub(crate) const UNTIL: &str = "2026-08-01T05:00:00Z";

pub(crate) struct World {
    pub(crate) stack: Deployed,
    pub(crate) served: LocalSagemaker,
    pub(crate) printer: Printer,
    _emulator: Emulator,
    _directory: tempfile::TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let printer = Printer::into_sinks(std::io::sink(), std::io::stderr());
        let environment = install::ensure(&printer).expect("the emulator must be installable");
        let emulator = Emulator::start(
            &environment,
            &directory.path().join("run"),
            &directory.path().join("local.log"),
        )
        .await
        .unwrap();
        let aws = Aws::new(emulator.endpoint()).unwrap();
        for bucket in [SEGMENTS, MODELS] {
            let path = format!("/{bucket}");
            aws.s3(reqwest::Method::PUT, &path, None, Vec::new())
                .await
                .unwrap();
        }
        let parameter = json!({"Name": "/aiops-local/model", "Type": "String", "Value": "none"});
        aws.json(SSM, "PutParameter", parameter).await.unwrap();
        let (served, outputs) = serve(
            emulator.endpoint(),
            REGION,
            directory.path().join("sagemaker"),
            0,
            &the_image(),
        )
        .await
        .unwrap();
        let mut exports: BTreeMap<String, Value> = serde_json::from_value(outputs).unwrap();
        exports.insert("segmentsBucket".into(), SEGMENTS.into());
        exports.insert("modelsBucket".into(), MODELS.into());
        exports.insert("modelParameter".into(), "/aiops-local/model".into());
        let stack = Deployed::local(emulator.endpoint(), REGION, exports)
            .await
            .unwrap();
        Self {
            stack,
            served,
            printer,
            _emulator: emulator,
            _directory: directory,
        }
    }

    /// Segments of a quiet service in the four hours before [`UNTIL`].
    pub(crate) async fn with_segments() -> Self {
        let world = Self::new().await;
        for hour in 1..5 {
            let records = records(hour * 3600, 3600);
            let time: Time = "2026-08-01T00:00:00Z".parse().unwrap();
            let name = SegmentName {
                partition: Partition::of(Source::Ec2, time.plus_millis(hour * 3_600_000)),
                shard: "shardId-000000000000".into(),
                sequence: hour.to_string(),
            };
            let (key, body) = (name.key(), segment(&records));
            let put = world
                .stack
                .objects
                .put(SEGMENTS, &key, body, "application/gzip");
            put.await.unwrap();
        }
        world
    }

    pub(crate) fn request(&self, seed: u64) -> Request {
        let hyperparameters = [
            ("window_seconds", "10".to_owned()),
            ("alarm_rate", "0.01".to_owned()),
            ("validation_faults", "80".to_owned()),
            ("seed", seed.to_string()),
        ];
        Request {
            image: self.stack.text("localImage").unwrap().to_owned(),
            until: UNTIL.parse().unwrap(),
            range: TrainingRange {
                days: 1,
                validation_hours: 1,
                ..TrainingRange::default()
            },
            resources: TrainingResources::default(),
            hyperparameters: hyperparameters
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect(),
        }
    }

    pub(crate) async fn call(&self, operation: &str, body: Value) -> Result<Value, PortError> {
        self.stack
            .client
            .json(Service::SageMaker, operation, &body)
            .await
    }

    /// Calls until `pointer` is none of `passing`.
    pub(crate) async fn settled(
        &self,
        operation: &str,
        body: Value,
        pointer: &str,
        passing: &str,
    ) -> Value {
        for _look in 0..600 {
            let answer = self.call(operation, body.clone()).await.unwrap();
            if answer.pointer(pointer).and_then(Value::as_str) != Some(passing) {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{operation} stays {passing}");
    }
}

/// The image of the binaries that the tests' own build made; built now when it made none.
pub(crate) fn the_image() -> Image {
    let built: PathBuf = std::env::current_exe()
        .unwrap()
        .ancestors()
        .nth(2)
        .unwrap()
        .to_path_buf();
    let binary = |name: &str| std::fs::read(built.join(name)).ok();
    if let (Some(train), Some(serve)) = (binary("train"), binary("serve")) {
        let (train_path, serve_path) = (format!("{BINARIES}/train"), format!("{BINARIES}/serve"));
        let files: [(&str, &[u8]); 2] = [(&train_path, &train), (&serve_path, &serve)];
        return Image::of_files(&files, Architecture::of_host()).unwrap();
    }
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    image(workspace, Build::Local).unwrap()
}

/// A service that says four things a second in one order.
pub(crate) fn records(start: i64, seconds: i64) -> Vec<LogRecord> {
    let words = ["accepted", "checked", "stored", "answered"];
    let midnight: Time = "2026-08-01T00:00:00Z".parse().unwrap();
    let each = |second: i64| {
        (0i64..4).zip(words).map(move |(part, word)| {
            let time = midnight.plus_millis(second * 1000 + part * 200);
            LogRecord {
                v: RECORD_VERSION,
                id: format!("{second:08}-{part}"),
                time,
                timestamp: time,
                ingested: time,
                source: Source::Ec2,
                group: "/made/web".into(),
                stream: "web-1".into(),
                entity: "web-1".into(),
                shape: Shape::Text,
                message: format!("request {} {word} by worker {}", second * 7, second % 5),
            }
        })
    };
    (start..start + seconds).flat_map(each).collect()
}

pub(crate) fn segment(records: &[LogRecord]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for record in records {
        serde_json::to_writer(&mut encoder, record).unwrap();
        encoder.write_all(b"\n").unwrap();
    }
    encoder.finish().unwrap()
}
