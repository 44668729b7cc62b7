//! How fast forests fit and score, raw lines become scores, and an artefact loads; on made data.
//! With `AIOPS_PEERS=DIR` the data and the figures go to files there, for `peers/run.sh`.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its figures and stops where it fails"
)]

use std::io::Write;
use std::time::{Duration, Instant};

use aiops_domain::{LogRecord, Shape, Source, Time};
use aiops_model::detectors::{IsolationForest, IsolationForestParameters};
use aiops_model::header::HeaderFormats;
use aiops_model::rng::Rng;
use aiops_model::{MinerConfig, Model, TemplateMiner, TrainOptions, WindowSpec, train};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

const ROWS: usize = 575_000;
const COLUMNS: usize = 30;
const LINES: usize = 200_000;

/// Count vectors like those of sessions: a few columns that always count, a few that often do, the
/// rest rarely.
#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn rows() -> Vec<f32> {
    let mut rng = Rng::new(1);
    (0..ROWS * COLUMNS)
        .map(|at| match at % COLUMNS {
            0..6 => 3.0 + rng.below(2) as f32,
            6..12 => rng.below(5) as f32,
            _ if rng.uniform() < 0.01 => 1.0 + rng.below(3) as f32,
            _ => 0.0,
        })
        .collect()
}

/// Raw lines with a header, of eight statements, twenty to a request.
fn made_lines(seed: u64) -> Vec<String> {
    let mut rng = Rng::new(seed);
    (0..LINES)
        .map(|at| {
            let (request, value) = (at / 20, rng.below(100_000));
            let header = format!(
                "2026-03-01 {:02}:{:02}:{:02},{:03} INFO [worker-{}] ",
                at / 36_000 % 24,
                at / 600 % 60,
                at / 10 % 60,
                at % 1000,
                value % 16
            );
            let message = match rng.below(8) {
                0 => format!(
                    "Received block blk_{value} of size {value} from /10.0.{}.7",
                    value % 250
                ),
                1 => format!(
                    "request {request} accepted from 10.1.{}.9:{}",
                    value % 250,
                    value % 60_000
                ),
                2 => format!(
                    "request {request} answered with status 200 in {} ms",
                    value % 900
                ),
                3 => format!(
                    "cache lookup for key user:{value} missed after {} us",
                    value % 80
                ),
                4 => format!(
                    "PacketResponder {} for block blk_{value} terminating",
                    value % 3
                ),
                5 => format!(
                    "query took {}.{:03} s on shard {}",
                    value % 3,
                    value % 1000,
                    value % 12
                ),
                6 => format!(
                    "session {value:08x} renewed until {}",
                    1_700_000_000 + value
                ),
                _ => format!(
                    "wrote /data/part-{:05}/segment_{value}.idx in {} ms",
                    value % 99,
                    value % 40
                ),
            };
            format!("{header}request={request} {message}")
        })
        .collect()
}

fn records(lines: &[String]) -> Vec<LogRecord> {
    (0i64..)
        .zip(lines)
        .map(|(at, line)| LogRecord {
            v: aiops_domain::record::RECORD_VERSION,
            id: format!("{at:09}"),
            time: Time::from_millis(at),
            timestamp: Time::from_millis(at),
            ingested: Time::from_millis(at),
            source: Source::Other,
            group: "made".into(),
            stream: "made".into(),
            entity: "made".into(),
            shape: Shape::Text,
            message: line.clone(),
        })
        .collect()
}

fn best<T>(repeats: usize, mut work: impl FnMut() -> T) -> f64 {
    (0..repeats)
        .map(|_| {
            let start = Instant::now();
            std::hint::black_box(work());
            start.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min)
}

/// Like [`best`], of the thread's own time on its core: of a few milliseconds a busy machine makes many.
fn best_on_core<T>(repeats: usize, mut work: impl FnMut() -> T) -> f64 {
    let time_on_core = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        let nanos = u32::try_from(time.tv_nsec).unwrap();
        Duration::new(u64::try_from(time.tv_sec).unwrap(), nanos)
    };
    (0..repeats)
        .map(|_| {
            let start = time_on_core();
            std::hint::black_box(work());
            (time_on_core() - start).as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min)
}

/// The peak of this process's resident memory, where the system says it.
fn peak_mib() -> f64 {
    std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|status| {
            let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
            line.split_whitespace().nth(1)?.parse::<f64>().ok()
        })
        .map_or(f64::NAN, |kib| kib / 1024.0)
}

/// Fitting and scoring of a forest.
#[expect(clippy::cast_precision_loss, reason = "number of rows")]
fn forest(rows: &[f32]) -> Value {
    let parameters = IsolationForestParameters::default();
    let fit = best(3, || {
        IsolationForest::fit_rows(rows, COLUMNS, &parameters).unwrap()
    });
    let forest = IsolationForest::fit_rows(rows, COLUMNS, &parameters).unwrap();
    let bulk = best(2, || forest.score_rows(rows).unwrap());
    let single = best(2_000, || forest.score_rows(&rows[..COLUMNS]).unwrap());
    json!({
        "forest_fit_seconds": fit,
        "forest_rows_per_second": ROWS as f64 / bulk,
        "forest_single_seconds": single,
        "peak_mib": peak_mib(),
    })
}

/// Mining of lines; all that a line goes through to a score, of lines that training did not see; and
/// loading of what training made.
#[expect(clippy::cast_precision_loss, reason = "number of lines")]
fn detection(training: &[String], lines: &[String]) -> Value {
    let formats = HeaderFormats::learn(lines.iter().map(String::as_str));
    let mining = best(3, || {
        let mut miner = TemplateMiner::new(MinerConfig::default()).unwrap();
        for line in lines {
            miner.learn(&formats.message(line));
        }
        miner
    });
    let options = TrainOptions {
        window: WindowSpec::Keyed {
            key: r"request=\d+".into(),
            gap_ms: i64::MAX,
        },
        ..TrainOptions::default()
    };
    let model = train(records(training), &options).unwrap();
    let bytes = model.to_bytes().unwrap();
    let load = best_on_core(20, || Model::from_bytes(&bytes).unwrap());
    let windowing = model.window_spec(Source::Other).compile().unwrap();
    let scoring = best(3, || {
        windowing
            .assemble(records(lines))
            .windows
            .iter()
            .map(|window| model.score(window).score)
            .sum::<f64>()
    });
    json!({
        "masked_lines_per_second": LINES as f64 / mining,
        "lines_per_second": LINES as f64 / scoring,
        "artefact_load_ms": load * 1000.0,
        "artefact_bytes": bytes.len(),
    })
}

fn main() {
    let rows = rows();
    let mut report = forest(&rows);
    let lines = made_lines(3);
    let of_lines = detection(&made_lines(2), &lines);
    report
        .as_object_mut()
        .unwrap()
        .extend(of_lines.as_object().unwrap().clone());
    println!("{report:#}");
    let Some(directory) = std::env::var_os("AIOPS_PEERS").map(std::path::PathBuf::from) else {
        return;
    };
    let raw: Vec<u8> = rows.iter().flat_map(|value| value.to_le_bytes()).collect();
    std::fs::write(directory.join("rows.f32"), raw).unwrap();
    let file = std::fs::File::create(directory.join("lines.log.gz")).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    for line in &lines {
        writeln!(gzip, "{line}").unwrap();
    }
    gzip.finish().unwrap();
    std::fs::write(directory.join("ours.json"), report.to_string()).unwrap();
}
