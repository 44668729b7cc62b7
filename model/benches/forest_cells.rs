//! The Isolation Forest alone beside scikit-learn's, on the same rows, in every cell of the
//! evaluation: two sets, two protocols, five splits, five seeds. Writes the rows and our figures to
//! `AIOPS_PEERS`, where `peers/cells.py` reads them; the labelled sets are not part of the project
//! (`AIOPS_BENCH` names their directory).

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its figures and stops where it fails"
)]

use std::io::Read as _;
use std::path::{Path, PathBuf};

use aiops_domain::{LogRecord, Shape, Source, Time};
use aiops_model::WindowSpec;
use aiops_model::detectors::{IsolationForest, IsolationForestParameters};
use aiops_model::evaluate::{
    Case, Cases, Confusion, EvaluateOptions, LineCases, Protocol, Ranking, ThresholdRule,
    TokenCases, hold_out, mean_and_deviation, quantile, split,
};
use aiops_model::session::{Corpus, Session};
use aiops_model::vectoriser::{Vectoriser, Weighting};

const SPLITS: u32 = 5;
const SEEDS: u64 = 5;
/// True share of anomalous sessions in the set that the sessions are a part of.
const PREVALENCE: f64 = 16_838.0 / (16_838.0 + 558_223.0);
const CONTAMINATION: f64 = 0.03;
const QUANTILE: f64 = 0.995;

fn text(path: &Path) -> String {
    let mut text = String::new();
    let file = std::fs::File::open(path).unwrap();
    flate2::read::MultiGzDecoder::new(file)
        .read_to_string(&mut text)
        .unwrap();
    text
}

fn case(fields: &[&str]) -> Case {
    Case {
        id: fields[0].to_owned(),
        anomalous: fields[1] == "1",
        in_training: Some(fields[2] == "train"),
    }
}

fn sessions(directory: &Path) -> TokenCases {
    let mut cases = TokenCases::default();
    for line in text(&directory.join("hdfs_full_est.csv.gz"))
        .lines()
        .skip(1)
    {
        let fields: Vec<&str> = line.split(',').collect();
        cases.cases.push(case(&fields));
        let tokens = fields[3].split(' ').map(str::to_owned);
        cases.tokens.push(tokens.collect());
    }
    cases
}

fn lines(directory: &Path) -> LineCases {
    let record = |(at, line): (i64, &str)| LogRecord {
        v: aiops_domain::record::RECORD_VERSION,
        id: format!("{at:09}"),
        time: Time::from_millis(at),
        timestamp: Time::from_millis(at),
        ingested: Time::from_millis(at),
        source: Source::Other,
        group: "hdfs".into(),
        stream: "hdfs".into(),
        entity: "hdfs".into(),
        shape: Shape::Text,
        message: line.to_owned(),
    };
    let windowing = WindowSpec::Keyed {
        key: r"blk_-?\d+".into(),
        gap_ms: i64::MAX,
    };
    let log = text(&directory.join("hdfs_2pct.log.gz"));
    let records = (0..).zip(log.lines()).map(record).collect();
    let mut windows: std::collections::HashMap<String, Vec<LogRecord>> = windowing
        .compile()
        .unwrap()
        .assemble(records)
        .windows
        .into_iter()
        .filter_map(|window| Some((window.key?, window.records)))
        .collect();
    let labels = std::fs::read_to_string(directory.join("hdfs_2pct_labels.csv")).unwrap();
    let mut cases = LineCases::default();
    for line in labels.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        if let Some(records) = windows.remove(fields[0]) {
            cases.cases.push(case(&fields));
            cases.records.push(records);
        }
    }
    cases
}

#[expect(clippy::cast_possible_truncation, reason = "small counts")]
fn rows(vectoriser: &Vectoriser, sessions: &[Session]) -> Vec<f32> {
    sessions
        .iter()
        .flat_map(|session| vectoriser.row(&session.counts()))
        .map(|value| value as f32)
        .collect()
}

struct Cell<'a> {
    set: &'a str,
    protocol: Protocol,
    prevalence: Option<f64>,
}

/// Scores one cell and writes its rows; answers our mean F1 and ROC-AUC.
fn cell(cases: &impl Cases, cell: &Cell<'_>, out: &Path) -> (f64, f64) {
    let name = match cell.protocol {
        Protocol::Unlabelled => "unlabelled",
        Protocol::Clean => "clean",
    };
    let options = EvaluateOptions {
        protocol: cell.protocol,
        threshold: ThresholdRule::Contamination(CONTAMINATION),
        prevalence: cell.prevalence,
        splits: SPLITS,
        contenders: Vec::new(),
        seed: 0,
    };
    let (mut f1, mut auc) = (Vec::new(), Vec::new());
    for number in 1..=SPLITS {
        let split = split(cases.cases(), number, &options).unwrap();
        let encoded = cases.encode(&split.training, &split.test).unwrap();
        // The threshold comes from the training rows themselves, or from a fifth held out of them.
        let (fitted, judged) = match cell.protocol {
            Protocol::Unlabelled => {
                let all = encoded.training.sessions.clone();
                (encoded.training, all)
            }
            Protocol::Clean => hold_out(&encoded.training, u64::from(number)),
        };
        let share = match cell.protocol {
            Protocol::Unlabelled => 1.0 - CONTAMINATION,
            Protocol::Clean => QUANTILE,
        };
        let Corpus {
            sessions,
            vocabulary,
        } = &fitted;
        let counts: Vec<_> = sessions
            .iter()
            .map(|session| (session.counts(), 1))
            .collect();
        let vectoriser = Vectoriser::fit(Weighting::Count, &counts, *vocabulary);
        let parts = [
            rows(&vectoriser, sessions),
            rows(&vectoriser, &judged),
            rows(&vectoriser, &encoded.test),
        ];
        let labels: Vec<bool> = split
            .test
            .iter()
            .map(|&at| cases.cases()[at].anomalous)
            .collect();
        for seed in 0..SEEDS {
            let parameters = IsolationForestParameters {
                seed,
                ..IsolationForestParameters::default()
            };
            let forest =
                IsolationForest::fit_rows(&parts[0], vectoriser.width(), &parameters).unwrap();
            let threshold = quantile(forest.score_rows(&parts[1]).unwrap(), share);
            let scores = forest.score_rows(&parts[2]).unwrap();
            let mut confusion = Confusion::new(split.normal_weight);
            for (score, anomalous) in scores.iter().zip(&labels) {
                confusion.add(*anomalous, *score > threshold);
            }
            let scored = scores.into_iter().zip(labels.iter().copied()).collect();
            f1.push(confusion.f1());
            auc.push(Ranking::of(scored, split.normal_weight).roc_auc);
        }
        let base = out.join(format!("{}-{name}-{number}", cell.set));
        for (part, rows) in ["fitted", "judged", "test"].iter().zip(&parts) {
            let bytes: Vec<u8> = rows.iter().flat_map(|value| value.to_le_bytes()).collect();
            std::fs::write(base.with_extension(part), bytes).unwrap();
        }
        let meta = serde_json::json!({
            "set": cell.set, "protocol": name, "columns": vectoriser.width(), "share": share,
            "normal_weight": split.normal_weight, "seeds": SEEDS,
            "labels": labels.iter().map(|label| u8::from(*label)).collect::<Vec<_>>(),
        });
        std::fs::write(base.with_extension("json"), meta.to_string()).unwrap();
    }
    (mean_and_deviation(&f1).0, mean_and_deviation(&auc).0)
}

fn main() {
    let bench = std::env::var_os("AIOPS_BENCH").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/bench"),
        PathBuf::from,
    );
    let Some(out) = std::env::var_os("AIOPS_PEERS").map(PathBuf::from) else {
        println!("set AIOPS_PEERS, or run model/benches/peers/cells.sh");
        return;
    };
    if !bench.is_dir() {
        println!("skipped: no labelled sets at {}", bench.display());
        return;
    }
    let (sessions, lines) = (sessions(&bench), lines(&bench));
    let mut ours = serde_json::Map::new();
    for protocol in [Protocol::Unlabelled, Protocol::Clean] {
        let full = Cell {
            set: "hdfs_full_est",
            protocol,
            prevalence: Some(PREVALENCE),
        };
        let part = Cell {
            set: "hdfs_2pct",
            protocol,
            prevalence: None,
        };
        for (about, (f1, auc)) in [
            (&full, cell(&sessions, &full, &out)),
            (&part, cell(&lines, &part, &out)),
        ] {
            let name = match protocol {
                Protocol::Unlabelled => "unlabelled",
                Protocol::Clean => "clean",
            };
            let figures = serde_json::json!({"f1": f1, "roc_auc": auc});
            ours.insert(format!("{} {name}", about.set), figures);
        }
    }
    std::fs::write(
        out.join("ours.json"),
        serde_json::Value::Object(ours).to_string(),
    )
    .unwrap();
}
