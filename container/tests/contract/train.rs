//! `train`.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use aiops_domain::training::{EvaluationReport, GateLimits, TrainingMetric};
use aiops_model::Model;
use serde_json::json;

use super::opt_ml::{OptMl, records, segment, text};

const KEY: &str = "segments/source=ec2/dt=2023-11-14/hour=22/shardId-000000000000-1.ndjson.gz";

#[test]
fn a_job_gives_a_model_its_evaluation_and_metrics() {
    let mut first = OptMl::new();
    first.channel("training", &[(KEY, segment(&records(0, 3000)))]);
    let output = first.train();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(!first.ml("model/evaluation.json").exists());
    let current = fs::read(first.ml("model/model.aiops")).unwrap();

    let mut root = OptMl::new();
    root.channel("training", &[(KEY, segment(&records(0, 6000)))]);
    root.channel("validation", &[(KEY, segment(&records(6000, 3000)))]);
    root.channel("current", &[("model.json.gz", current.clone())]);
    let output = root.train();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(!root.ml("output/failure").exists());

    let model = Model::from_bytes(&fs::read(root.ml("model/model.aiops")).unwrap()).unwrap();
    let report: EvaluationReport =
        serde_json::from_slice(&fs::read(root.ml("model/evaluation.json")).unwrap()).unwrap();
    assert_eq!(report.candidate.sha256, model.sha256());
    let known = report.current.as_ref().unwrap();
    assert_eq!(
        known.version,
        Model::from_bytes(&current).unwrap().version()
    );
    assert_eq!((report.windows, report.faults), (300, 80));
    let verdict = report.verdict(&GateLimits::default());
    assert!(verdict.passed, "{verdict:?}");
    // Nothing half-written is left beside it.
    assert_eq!(fs::read_dir(root.ml("model")).unwrap().count(), 2);

    let log = text(&output.stdout);
    for metric in TrainingMetric::ALL {
        let regex = regex::Regex::new(&metric.regex()).unwrap();
        let value = regex
            .captures(&log)
            .unwrap_or_else(|| panic!("no {metric:?} in {log}"));
        value[1].parse::<f64>().unwrap();
        if metric == TrainingMetric::Lines {
            assert_eq!(&value[1], "24000");
        }
    }
    // The same input gives the same bytes.
    let before = fs::read(root.ml("model/model.aiops")).unwrap();
    assert!(root.train().status.success());
    assert_eq!(fs::read(root.ml("model/model.aiops")).unwrap(), before);
}

#[test]
fn a_manifest_says_which_files_count() {
    let other = KEY.replace("-1.", "-2.");
    let mut root = OptMl::new();
    root.channel(
        "training",
        &[
            (KEY, segment(&records(0, 600))),
            ("left-over", b"not a record\n".to_vec()),
        ],
    );
    root.write(
        "input/data/training-manifest",
        json!([{"prefix": "s3://segments/"}, KEY])
            .to_string()
            .as_bytes(),
    );
    let output = root.train();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("training on 1 files"));

    for (manifest, says) in [
        (
            json!([{"prefix": "s3://segments/"}, KEY, other]),
            "1 of its 2 objects are not in the channel",
        ),
        (
            json!([{"prefix": "s3://segments/"}, "../../config/x"]),
            "leaves the channel",
        ),
        (json!([KEY]), "begins with"),
    ] {
        root.write(
            "input/data/training-manifest",
            manifest.to_string().as_bytes(),
        );
        let output = root.train();
        assert_eq!(output.status.code(), Some(2));
        assert!(root.failure().contains(says), "{}", root.failure());
    }
}

#[test]
fn what_is_wrong_is_said_where_sagemaker_looks() {
    let lines = || segment(&records(0, 60));
    let broken = |says: &str, status: i32, arrange: &dyn Fn(&mut OptMl)| {
        let mut root = OptMl::new();
        arrange(&mut root);
        let output = root.train();
        assert_eq!(output.status.code(), Some(status), "{says}");
        assert!(root.failure().contains(says), "{says}: {}", root.failure());
        assert!(text(&output.stderr).contains(says));
        assert!(root.failure().chars().count() <= 1024);
        assert!(!root.ml("model/model.aiops").exists());
    };
    broken("there is no channel training", 2, &|_| {});
    broken("channel training holds no file", 2, &|root| {
        root.channel("training", &[]);
        fs::create_dir_all(root.ml("input/data/training")).unwrap();
    });
    broken("none of its 2 lines is a record of a segment", 2, &|root| {
        root.channel("training", &[("a.ndjson", b"no\nrecords\n".to_vec())]);
    });
    broken("there is no line to train on", 2, &|root| {
        root.channel("training", &[("a.ndjson", b"\n".to_vec())]);
    });
    broken("not a whole gzip file", 2, &|root| {
        let mut cut = lines();
        cut.truncate(cut.len() / 2);
        root.channel("training", &[(KEY, cut)]);
    });
    broken(
        "hyperparameters.json: `windows` is not one of",
        2,
        &|root| {
            root.channel("training", &[(KEY, lines())]);
            root.config(
                "hyperparameters.json",
                &json!({"windows": "x".repeat(3000)}),
            );
        },
    );
    broken("hyperparameters.json: seed", 2, &|root| {
        root.channel("training", &[(KEY, lines())]);
        root.config("hyperparameters.json", &json!({"seed": "x".repeat(3000)}));
    });
    broken("the job has 2 instances", 2, &|root| {
        root.channel("training", &[(KEY, lines())]);
        root.config(
            "resourceconfig.json",
            &json!({"current_host": "algo-1", "hosts": ["algo-1", "algo-2"]}),
        );
    });
    broken("has the input mode Pipe", 2, &|root| {
        root.channel("training", &[(KEY, lines())]);
        root.config(
            "inputdataconfig.json",
            &json!({"training": {"TrainingInputMode": "Pipe"}}),
        );
    });
    broken("resourceconfig.json", 1, &|root| {
        root.channel("training", &[(KEY, lines())]);
        fs::remove_file(root.ml("input/config/resourceconfig.json")).unwrap();
    });
    broken("model", 1, &|root| {
        root.channel("training", &[(KEY, lines())]);
        root.write("model", b"a file where the directory belongs");
    });
}

#[test]
fn a_current_model_of_another_version_does_not_stop_its_successor() {
    let mut root = OptMl::new();
    root.channel("training", &[(KEY, segment(&records(0, 600)))]);
    root.channel("validation", &[(KEY, segment(&records(600, 600)))]);
    root.channel("current", &[("model", b"AIOPSMDL\xff\0\0\0".to_vec())]);
    let output = root.train();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("format version 255"));
    let report = fs::read(root.ml("model/evaluation.json")).unwrap();
    let report: EvaluationReport = serde_json::from_slice(&report).unwrap();
    assert!(report.current.is_none());
}

#[test]
fn sigterm_ends_it_with_a_reason_and_without_a_model() {
    let mut root = OptMl::new();
    root.channel("training", &[(KEY, segment(&records(0, 40_000)))]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_train"))
        .env_clear()
        .env("SAGEMAKER_ROOT", root.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut log = BufReader::new(child.stdout.take().unwrap());
    log.read_line(&mut line).unwrap();
    assert_eq!(line, "training on 1 files\n");
    let killed = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    assert_eq!(child.wait().unwrap().code(), Some(143));
    assert!(root.failure().contains("stopped by SIGTERM"));
    assert!(!root.ml("model/model.aiops").exists());
}
