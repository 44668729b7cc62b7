//! A log file through the whole local cloud: no line lost, and the findings of the file alone. The
//! emulator must start: it is never skipped.

#![allow(clippy::unwrap_used, reason = "helpers of tests unwrap too")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use aiops::demo::logs::plan::Batching;
use aiops::demo::logs::report::LogsReport;
use aiops::demo::logs::{LogsOptions, prepare};
use aiops::demo::{Demo, Options, stack_config};
use aiops::printer::Printer;
use aiops_domain::Time;
use aiops_domain::categorise::Categoriser;
use aiops_domain::event_time::TimeAssumptions;
use aiops_model::{TrainOptions, WindowSpec, train};

/// Each cloud uses the whole machine.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

const NOW_MILLIS: i64 = 1_785_585_600_000; // 2026-08-01T12:00:00Z

/// A directory inside the project, so that the stack is found.
fn home() -> tempfile::TempDir {
    let scratch = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.aiops");
    std::fs::create_dir_all(&scratch).unwrap();
    tempfile::Builder::new()
        .prefix("test-")
        .tempdir_in(scratch.canonicalize().unwrap())
        .unwrap()
}

/// Streams a file and answers what became of it.
fn stream(home: &Path, logs: &LogsOptions) -> LogsReport {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let printer = Printer::into_sinks(std::io::sink(), std::io::sink());
    let options = Options {
        home: home.to_owned(),
        seed: 0,
        rules: true,
        keep: false,
        sagemaker: false,
        now: Time::from_millis(NOW_MILLIS),
    };
    let mut config = stack_config(&options).unwrap();
    logs.configure(&mut config).unwrap();
    let prepared = prepare(logs, &config, options.now, &printer).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let demo = Demo::start(&options, config, &printer)
            .await
            .expect("the emulator must start: it is never skipped");
        demo.run_logs(prepared).await.unwrap().0
    })
}

/// Syslog of a service (no year in its times), several requests a second; odd ones end in a stack
/// trace without times.
fn log(requests: u32, odd: bool) -> String {
    let mut text = String::new();
    for request in 0..requests {
        let (minute, second) = (request / 4 / 60 % 60, request / 4 % 60);
        let mut say = |message: &str| {
            writeln!(
                text,
                "Mar  1 10:{minute:02}:{second:02} web-1 app[12]: req-{request} {message}"
            )
            .unwrap();
        };
        say(&format!("GET /item/{} begins", request * 7 % 100));
        say(&format!("query took {} ms", request * 13 % 90));
        if odd && request % 83 == 40 {
            say("java.lang.IllegalStateException: no such shard");
            for frame in 0..4 {
                writeln!(text, "    at store.Shard{frame}.open (req-{request})").unwrap();
            }
        } else {
            say("answered with 200");
        }
    }
    text
}

fn key() -> WindowSpec {
    WindowSpec::Keyed {
        key: r"req-\d+".into(),
        gap_ms: i64::MAX,
    }
}

/// A model of quiet requests.
fn model(directory: &Path) -> PathBuf {
    let quiet = directory.join("quiet.log");
    std::fs::write(&quiet, log(2_000, false)).unwrap();
    let options = aiops::input::InputOptions {
        group: Some("shop".into()),
        stream: None,
        categoriser: Categoriser::new(
            Vec::new(),
            TimeAssumptions {
                year: Some(2005),
                ..TimeAssumptions::default()
            },
        ),
        now: Time::from_millis(NOW_MILLIS),
    };
    let mut records = Vec::new();
    aiops::input::read(&[quiet], &options, &mut |line| {
        records.push(line.record);
        Ok(())
    })
    .unwrap();
    let options = TrainOptions {
        window: key(),
        ..TrainOptions::default()
    };
    let path = directory.join("quiet.model");
    let artefact = train(records, &options).unwrap().to_bytes().unwrap();
    std::fs::write(&path, artefact).unwrap();
    path
}

#[test]
fn a_compressed_log_in_small_shuffled_calls_gives_the_findings_of_the_file() {
    let home = home();
    let text = log(600, true);
    let file = home.path().join("shop.log.gz");
    let mut gzip = flate2::write::GzEncoder::new(
        std::fs::File::create(&file).unwrap(),
        flate2::Compression::fast(),
    );
    gzip.write_all(text.as_bytes()).unwrap();
    gzip.finish().unwrap();
    let report = stream(
        home.path(),
        &LogsOptions {
            file,
            group: "shop".into(),
            model: Some(model(home.path())),
            window: None,
            year: Some(2005),
            seed: 0,
            rules: true,
            batching: Batching {
                lines_max: Some(150),
                shuffle: Some(3),
            },
        },
    );
    let lines = report.lines();
    assert_eq!(lines.sent, text.lines().count() as u64);
    assert_eq!(lines.segments_distinct, lines.sent);
    assert_eq!(lines.raw_distinct, lines.sent);
    assert_eq!(lines.quarantined, 0);
    let comparison = report.comparison();
    assert!(comparison.equal, "{comparison:?}");
    assert_eq!(comparison.streamed, 7, "one for each stack trace");
    let [incident] = report.incidents() else {
        panic!("one cause, one incident: {:?}", report.incidents());
    };
    assert_eq!(incident.count, comparison.streamed);
    assert_eq!(incident.first_seen.to_string().get(..4), Some("2005"));
}

#[test]
fn a_real_log_gives_the_findings_of_the_file() {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/bench");
    let folder = std::env::var("AIOPS_BENCH").unwrap_or_else(|_| beside.to_owned());
    let file = Path::new(&folder).join("loghub_2k/OpenSSH/OpenSSH_2k.log");
    if !file.exists() {
        // Past the capture of the test's output: the gate lists what was skipped.
        writeln!(
            std::io::stderr(),
            "skipped: a_real_log_gives_the_findings_of_the_file: there is no {} (AIOPS_BENCH)",
            file.display()
        )
        .unwrap();
        return;
    }
    let home = home();
    let report = stream(
        home.path(),
        &LogsOptions {
            file,
            group: "/var/log/auth".into(),
            model: None,
            window: None,
            year: Some(2005),
            seed: 0,
            rules: true,
            batching: Batching::default(),
        },
    );
    let lines = report.lines();
    assert_eq!((lines.sent, lines.is_complete()), (2_000, true));
    let comparison = report.comparison();
    assert!(comparison.equal, "{comparison:?}");
    assert!(comparison.streamed > 10, "{comparison:?}");
}
