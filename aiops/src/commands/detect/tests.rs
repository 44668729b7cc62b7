//! `train`, `detect` and `evaluate` as a user calls them.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use clap::Parser;
use serde_json::Value;

use crate::cli::Cli;
use crate::error::CommandError;
use crate::printer::Printer;

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a command printed.
fn run(arguments: &[&str]) -> Result<String, CommandError> {
    let cli = Cli::try_parse_from([&["aiops"], arguments].concat()).unwrap();
    let out = Sink::default();
    cli.command
        .run(&Printer::into_sinks(out.clone(), Sink::default()))?;
    let bytes = out.0.lock().unwrap().clone();
    Ok(String::from_utf8(bytes).unwrap())
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&run(arguments).unwrap()).unwrap()
}

fn write(directory: &Path, name: &str, text: &str) -> String {
    let path = directory.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// An hour of a service; `odd` adds a burst of an unknown message in its 40th minute.
fn log(odd: bool) -> String {
    let mut text = String::new();
    for second in 0..3600 {
        let (minute, second_of_minute) = (second / 60, second % 60);
        let mut line = |message: String| {
            text.push_str(&format!(
                "2026-03-01T10:{minute:02}:{second_of_minute:02}Z INFO web[12]: {message}\n"
            ));
        };
        line(format!(
            "request {second} answered in {} ms",
            second * 7 % 90
        ));
        if second % 10 == 0 {
            line("health check passed".to_owned());
        }
        if odd && minute == 40 {
            line(format!("replica {second} lost its leader"));
        }
    }
    text
}

#[test]
fn a_trained_model_finds_the_odd_minute_of_another_file() {
    let directory = tempfile::tempdir().unwrap();
    let quiet = write(directory.path(), "quiet.log", &log(false));
    let odd = write(directory.path(), "odd.log", &log(true));
    let model: PathBuf = directory.path().join("web.model");
    let model = model.to_str().unwrap();
    let trained = json(&["train", &quiet, "--out", model, "--json"]);
    assert_eq!(trained["schema"], "aiops.train/1");
    assert_eq!(trained["card"]["sources"]["other"]["lines"], 3960);

    let report = json(&["detect", &odd, "--model", model, "--json"]);
    assert_eq!(report["schema"], "aiops.detect/1");
    assert_eq!(report["model"]["sha256"], trained["model"]["sha256"]);
    assert_eq!(
        (&report["lines"], &report["windows"]),
        (&4020.into(), &60.into())
    );
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert_eq!(findings[0]["window"]["start"], "2026-03-01T10:40:00.000Z");
    assert_eq!(findings[0]["templates"][0]["count"], 60);

    let trained_at_once = json(&["detect", &odd, "--train", &quiet, "--json"]);
    assert_eq!(trained_at_once, report);
    let all = json(&["detect", &odd, "--model", model, "--json", "--all"]);
    assert_eq!(all["findings"].as_array().unwrap().len(), 60);
    let text = run(&["detect", &odd, "--model", model]).unwrap();
    assert!(
        text.contains("lost its leader") && text.contains("1 of 60 windows"),
        "{text}"
    );
}

#[test]
fn bad_input_names_what_is_wrong() {
    let directory = tempfile::tempdir().unwrap();
    let quiet = write(directory.path(), "quiet.log", &log(false));
    let empty = write(directory.path(), "empty.log", "");
    let labels = write(directory.path(), "labels.csv", "id,label\na,2\n");
    let sessions = write(
        directory.path(),
        "s.csv",
        "id,label,split,seq\na,0,train,1 2\n",
    );
    for (arguments, expected) in [
        (
            vec!["detect", &quiet, "--model", &quiet],
            "quiet.log: this is not a model",
        ),
        (vec!["detect", &empty], "empty.log"),
        (vec!["detect", "no-such-file"], "no-such-file"),
        (vec!["detect", &quiet, "--key", "("], "--key"),
        (vec!["detect", &quiet, "--key", "never-there"], "key"),
        (vec!["detect", &quiet, "--window", "soon"], "--window"),
        (
            vec![
                "evaluate", "--lines", &quiet, "--key", "x", "--labels", &labels,
            ],
            "labels.csv: line 2: label `2`",
        ),
        (vec!["evaluate", "--sessions", &labels], "no column `seq`"),
        (vec!["evaluate", "--sessions", &sessions], "split v1"),
        (
            vec!["evaluate", "--sessions", &sessions, "--threshold", "low"],
            "--threshold",
        ),
        (
            vec!["evaluate", "--sessions", &sessions, "--detector", "magic"],
            "--detector",
        ),
        (
            vec!["evaluate", "--sessions", &sessions, "--prevalence", "2"],
            "--prevalence",
        ),
    ] {
        let error = run(&arguments).unwrap_err();
        assert_eq!(error.exit_status(), 2, "{arguments:?}: {error}");
        assert!(
            error.to_string().contains(expected),
            "{arguments:?}: {error}"
        );
    }
}

#[test]
fn an_evaluation_has_the_published_shape() {
    let directory = tempfile::tempdir().unwrap();
    let mut rows = "id,label,split,seq\n".to_owned();
    for at in 0..400 {
        let (label, sequence) = match at % 40 {
            39 => (1, "1 9 9"),
            other if other % 2 == 0 => (0, "1 2 3"),
            _ => (0, "1 2 2 3"),
        };
        let split = if at < 200 { "train" } else { "test" };
        rows.push_str(&format!("s{at},{label},{split},{sequence}\n"));
    }
    let sessions = write(directory.path(), "sessions.csv", &rows);
    let report = json(&[
        "evaluate",
        "--sessions",
        &sessions,
        "--protocol",
        "clean",
        "--splits",
        "2",
        "--json",
    ]);
    assert_eq!(report["schema"], "aiops.evaluate/1");
    assert_eq!(report["protocol"], "clean");
    let results = report["results"].as_array().unwrap();
    assert_eq!(results.len(), 15, "seven detectors, all, all without each");
    for result in results {
        for key in ["detector", "f1", "precision", "recall", "roc_auc", "pr_auc"] {
            assert!(!result[key].is_null(), "{key} in {result}");
        }
        assert!(result["f1"]["ci95"].as_array().unwrap().len() == 2);
        let split = &result["splits"][0];
        assert_eq!(split["salt"], "v1");
        let sum: u64 = ["tp", "fp", "fn", "tn"]
            .iter()
            .map(|key| split[key].as_u64().unwrap())
            .sum();
        assert_eq!(sum, 200);
    }
    let ensemble = results
        .iter()
        .find(|result| result["detector"] == "ensemble")
        .unwrap();
    assert_eq!(ensemble["f1"]["mean"], 1.0);
}
