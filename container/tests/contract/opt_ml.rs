//! What SageMaker puts below `/opt/ml`, in a directory.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use aiops_domain::record::RECORD_VERSION;
use aiops_domain::{LogRecord, Shape, Source, Time};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

/// A root with its configuration; channels are added.
pub(crate) struct OptMl {
    directory: tempfile::TempDir,
    channels: Vec<&'static str>,
}

impl OptMl {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = Self {
            directory,
            channels: Vec::new(),
        };
        root.config(
            "hyperparameters.json",
            &json!({"window_seconds": "10", "alarm_rate": "0.01", "validation_faults": "80"}),
        );
        root.config(
            "resourceconfig.json",
            &json!({"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "eth0"}),
        );
        root.config("inputdataconfig.json", &json!({}));
        root
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn ml(&self, rest: &str) -> PathBuf {
        self.path().join("opt/ml").join(rest)
    }

    pub(crate) fn config(&self, file: &str, value: &Value) {
        self.write(
            &format!("input/config/{file}"),
            value.to_string().as_bytes(),
        );
    }

    pub(crate) fn write(&self, rest: &str, bytes: &[u8]) {
        let path = self.ml(rest);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// A channel whose segments are these.
    pub(crate) fn channel(&mut self, name: &'static str, segments: &[(&str, Vec<u8>)]) {
        self.channels.push(name);
        for (key, bytes) in segments {
            self.write(&format!("input/data/{name}/{key}"), bytes);
        }
        let channels: serde_json::Map<String, Value> = self
            .channels
            .iter()
            .map(|name| {
                let config = json!({"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"});
                ((*name).to_owned(), config)
            })
            .collect();
        self.config("inputdataconfig.json", &Value::Object(channels));
    }

    pub(crate) fn train(&self) -> Output {
        Command::new(env!("CARGO_BIN_EXE_train"))
            .env_clear()
            .env("SAGEMAKER_ROOT", self.path())
            .output()
            .unwrap()
    }

    pub(crate) fn failure(&self) -> String {
        fs::read_to_string(self.ml("output/failure")).unwrap()
    }
}

/// A service that says four things a second in one order.
pub(crate) fn records(start: i64, seconds: i64) -> Vec<LogRecord> {
    let words = ["accepted", "checked", "stored", "answered"];
    let each = |second: i64| {
        (0i64..4).zip(words).map(move |(part, word)| {
            let time = Time::from_millis(1_700_000_000_000 + second * 1000 + part * 200);
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

/// A segment of these records.
pub(crate) fn segment(records: &[LogRecord]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for record in records {
        serde_json::to_writer(&mut encoder, record).unwrap();
        encoder.write_all(b"\n").unwrap();
    }
    encoder.finish().unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
