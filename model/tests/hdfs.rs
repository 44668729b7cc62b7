//! The figures of `docs/detection.md` on labelled sessions: the configuration that ships, as it is.

#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

use std::io::{Read, Write};
use std::path::PathBuf;

use aiops_model::evaluate::{
    Case, Contender, ContenderResult, EvaluateOptions, Protocol, ThresholdRule, TokenCases,
    evaluate,
};

/// True share of anomalous sessions in the set that the file is a part of.
const PREVALENCE: f64 = 16_838.0 / (16_838.0 + 558_223.0);

fn cases(test: &str) -> Option<TokenCases> {
    let directory = std::env::var_os("AIOPS_BENCH").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/bench"),
        PathBuf::from,
    );
    let path = directory.join("hdfs_full_est.csv.gz");
    let Ok(file) = std::fs::File::open(&path) else {
        // Past the capture of the test harness, so that a run shows what it left out.
        let _unwritable = writeln!(
            std::io::stderr(),
            "skipped: {test}: {} is not there",
            path.display()
        );
        return None;
    };
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(file)
        .read_to_string(&mut text)
        .unwrap();
    let mut cases = TokenCases::default();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        cases.cases.push(Case {
            id: fields[0].to_owned(),
            anomalous: fields[1] == "1",
            in_training: Some(fields[2] == "train"),
        });
        cases
            .tokens
            .push(fields[3].split(' ').map(str::to_owned).collect());
    }
    Some(cases)
}

fn result(cases: &TokenCases, protocol: Protocol) -> ContenderResult {
    let options = EvaluateOptions {
        protocol,
        threshold: ThresholdRule::Auto,
        prevalence: Some(PREVALENCE),
        splits: 5,
        contenders: vec![Contender::Ensemble],
        seed: 0,
    };
    evaluate(cases, &options, |_| {}).unwrap().remove(0)
}

#[test]
fn contaminated_training_still_finds_the_anomalies() {
    let Some(cases) = cases("contaminated_training_still_finds_the_anomalies") else {
        return;
    };
    let result = result(&cases, Protocol::Unlabelled);
    assert!(result.f1.mean >= 0.93, "{:#?}", result.f1);
    assert!(result.p_value_ks.unwrap() <= 0.05);
}

#[test]
fn clean_training_finds_them_without_more_false_alarms() {
    let Some(cases) = cases("clean_training_finds_them_without_more_false_alarms") else {
        return;
    };
    let result = result(&cases, Protocol::Clean);
    assert!(result.f1.mean >= 0.955, "{:#?}", result.f1);
    assert!(result.p_value_ks.unwrap() <= 0.05);
}
