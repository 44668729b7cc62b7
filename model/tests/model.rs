//! A model from training to scoring, through its public interface.

#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

use aiops_domain::{FindingLabel, Kind, LogRecord, Shape, Source, Time, Verdict};
use aiops_model::drift::DriftMeter;
use aiops_model::rules::RuleConfig;
use aiops_model::{AlarmTarget, ArtefactError, Model, TrainError, TrainOptions, WindowSpec, train};

/// Lines of a small web service: a request and its answer every second, a check every ten.
fn quiet(minutes: i64, source: Source) -> Vec<LogRecord> {
    let mut records = Vec::new();
    let mut say = |second: i64, message: String| {
        let time = Time::from_millis(1_700_000_000_000 + second * 1000);
        records.push(LogRecord {
            v: aiops_domain::record::RECORD_VERSION,
            id: format!("{second:08}-{:04}", records.len()),
            time,
            timestamp: time,
            ingested: time,
            source,
            group: "/made/web".into(),
            stream: "web-1".into(),
            entity: "web-1".into(),
            shape: Shape::Text,
            message,
        });
    };
    for second in 0..minutes * 60 {
        say(
            second,
            format!("request {second} accepted from 10.0.0.{}", second % 250),
        );
        if second % 3 != 0 {
            say(
                second,
                format!("request {second} answered in {} ms", second * 7 % 90),
            );
        }
        if second % 10 == 0 {
            say(second, "health check passed".into());
        }
    }
    records
}

fn options() -> TrainOptions {
    TrainOptions {
        window: WindowSpec::Tumbling { length_ms: 10_000 },
        ..TrainOptions::default()
    }
}

fn windows(model: &Model, records: Vec<LogRecord>) -> Vec<aiops_model::EventWindow> {
    model
        .window_spec(Source::Ec2)
        .compile()
        .unwrap()
        .assemble(records)
        .windows
}

#[test]
fn an_incident_is_found_explained_and_the_quiet_stays_quiet() {
    let model = train(quiet(20, Source::Ec2), &options()).unwrap();
    // From the start of a window on: half a window is rightly an alarm.
    let mut records = quiet(25, Source::Ec2);
    records.retain(|record| record.time >= Time::from_millis(1_700_001_420_000));
    let quiet_windows = windows(&model, records.clone());
    let alarms = quiet_windows
        .iter()
        .filter(|window| model.score(window).anomalous);
    assert_eq!(alarms.count(), 0);
    let half = windows(&model, records[8..].to_vec());
    assert!(model.score(&half[0]).anomalous);

    let like = records[0].clone();
    for number in 0..40 {
        records.push(LogRecord {
            id: format!("odd-{number}"),
            group: "/made/database".into(),
            message: format!("replica {number} lost its leader"),
            ..like.clone()
        });
    }
    let findings: Vec<_> = windows(&model, records)
        .iter()
        .map(|window| model.score(window))
        .filter(|finding| finding.anomalous)
        .collect();
    assert_eq!(findings.len(), 1, "{findings:#?}");
    let finding = &findings[0];
    assert!(finding.p_value < 0.01);
    assert!(finding.templates[0].template.starts_with("replica"));
    assert_eq!(
        (finding.templates[0].count, finding.templates[0].expected),
        (40, 0.0)
    );
    assert!(finding.templates[0].contribution > 0.3);
    assert!(
        finding.summary.contains("never seen before"),
        "{}",
        finding.summary
    );
    assert!(
        finding
            .example
            .as_ref()
            .unwrap()
            .text
            .contains("lost its leader")
    );
    // Of the line that shows it: the quiet lines of the same host are of another group.
    assert_eq!(finding.log_group.as_deref(), Some("/made/database"));
}

#[test]
fn a_rule_names_the_kind_unless_rules_are_off() {
    let model = train(quiet(10, Source::Ec2), &options()).unwrap();
    let mut records = quiet(1, Source::Ec2);
    let like = records[0].clone();
    for number in 0..3 {
        records.push(LogRecord {
            id: format!("full-{number}"),
            message: "write /var/data: no space left on device".into(),
            ..like.clone()
        });
    }
    let windows = windows(&model, records);
    let finding = model.score(&windows[0]);
    assert_eq!((finding.kind, finding.anomalous), (Kind::DiskFull, true));
    assert!(finding.example.unwrap().text.contains("no space left"));
    let shadow = Model::shadow(
        WindowSpec::Tumbling { length_ms: 10_000 },
        RuleConfig::default(),
    )
    .unwrap();
    assert_eq!(shadow.score(&windows[0]).kind, Kind::DiskFull);
    let learned = model.with_rules(false).score(&windows[0]);
    assert_eq!(learned.kind, Kind::LogAnomaly);
    assert!(
        learned.templates[0]
            .template
            .contains("space left on device")
    );
}

#[test]
fn the_artefact_scores_like_the_model_it_was_made_from() {
    let model = train(quiet(10, Source::Ec2), &options()).unwrap();
    let bytes = model.to_bytes().unwrap();
    let read = Model::from_bytes(&bytes).unwrap();
    assert_eq!(read.version(), model.version());
    assert_eq!(read.sha256(), model.sha256());
    assert_eq!(read.to_bytes().unwrap(), bytes);
    assert_eq!(read.card(), model.card());
    for window in windows(&model, quiet(12, Source::Ec2)) {
        assert_eq!(read.score(&window), model.score(&window));
    }
    let again = train(quiet(10, Source::Ec2), &options()).unwrap();
    assert_eq!(again.sha256(), model.sha256());
    let mut backwards = quiet(10, Source::Ec2);
    backwards.reverse();
    assert_eq!(
        train(backwards, &options()).unwrap().sha256(),
        model.sha256()
    );
}

#[test]
fn wrong_files_are_told_apart() {
    let model = train(quiet(2, Source::Ec2), &options()).unwrap();
    let bytes = model.to_bytes().unwrap();
    let error = |bytes: &[u8]| Model::from_bytes(bytes).unwrap_err();
    assert!(matches!(error(b""), ArtefactError::NotAModel));
    assert!(matches!(error(b"{\"json\":1}"), ArtefactError::NotAModel));
    let mut newer = bytes.clone();
    newer[8] = 9;
    let error_text = error(&newer).to_string();
    assert!(error_text.contains("format version 9"), "{error_text}");
    let mut damaged = bytes.clone();
    *damaged.last_mut().unwrap() ^= 1;
    assert!(matches!(error(&damaged), ArtefactError::Damaged));
    assert!(matches!(error(&bytes[..60]), ArtefactError::Damaged));
    // A length that somebody made up, with a checksum to match.
    for (length, too_large) in [(u64::MAX, true), (400 << 20, false), (7, false)] {
        let mut forged = bytes.clone();
        forged[16..24].copy_from_slice(&u64::to_le_bytes(length));
        let checksum = crc32fast::hash(&forged[16..]);
        forged[12..16].copy_from_slice(&checksum.to_le_bytes());
        let error = error(&forged);
        assert_eq!(matches!(error, ArtefactError::TooLarge), too_large);
        assert_eq!(matches!(error, ArtefactError::Damaged), !too_large);
    }
}

#[test]
fn a_model_of_the_version_before_is_read() {
    // Trained on lines like `request 7 served in 9 ms by worker-3`, two a second.
    let bytes = include_bytes!("fixtures/version-1.aiops");
    assert_eq!(bytes[8..12], 1u32.to_le_bytes());
    let model = Model::from_bytes(bytes).unwrap();
    assert_eq!(model.version(), "b0f050131147");
    let now = model.to_bytes().unwrap();
    assert_eq!(now[8..12], 2u32.to_le_bytes());
    let written = Model::from_bytes(&now).unwrap();
    assert_eq!(written.card(), model.card());
    let line = |at: i64, text: String| LogRecord {
        message: text,
        ..quiet(1, Source::Ec2)
            .into_iter()
            .map(|record| LogRecord {
                id: format!("{at:04}"),
                time: Time::from_millis(at * 500),
                timestamp: Time::from_millis(at * 500),
                group: "/var/log/app".into(),
                ..record
            })
            .next()
            .unwrap()
    };
    let usual = (0..60).map(|at| line(at, format!("request {at} served in 9 ms by worker-3")));
    let odd = (60..120).map(|at| line(at, "cannot reach the database".to_owned()));
    let windows = windows(&model, usual.chain(odd).collect());
    let anomalous: Vec<bool> = windows
        .iter()
        .map(|window| {
            let finding = model.score(window);
            assert_eq!(finding, written.score(window));
            finding.anomalous
        })
        .collect();
    assert_eq!(anomalous, [false, true]);
}

#[test]
fn one_artefact_serves_several_sources() {
    let mut records = quiet(5, Source::Ec2);
    records.extend(quiet(5, Source::Eks));
    let mut options = options();
    options
        .windows
        .insert(Source::Eks, WindowSpec::Tumbling { length_ms: 30_000 });
    let model = train(records, &options).unwrap();
    assert_eq!(
        model.sources().collect::<Vec<_>>(),
        [Source::Ec2, Source::Eks]
    );
    assert_eq!(
        model.window_spec(Source::Eks),
        &WindowSpec::Tumbling { length_ms: 30_000 }
    );
    assert!(model.threshold(Source::VpcFlow).is_none());
}

#[test]
fn what_cannot_be_trained_on_is_an_error_and_the_rest_is_bounded() {
    assert!(matches!(
        train(Vec::new(), &options()),
        Err(TrainError::NoRecords)
    ));
    let keyless = TrainOptions {
        window: WindowSpec::Keyed {
            key: "never-there".into(),
            gap_ms: 1000,
        },
        ..options()
    };
    assert!(matches!(
        train(quiet(1, Source::Ec2), &keyless),
        Err(TrainError::NoWindows { .. })
    ));
    let mut one = quiet(1, Source::Ec2);
    one.truncate(1);
    let model = train(one.clone(), &options()).unwrap();
    assert!(!model.score(&windows(&model, one)[0]).anomalous);

    let garbage: Vec<LogRecord> = quiet(2, Source::Ec2)
        .into_iter()
        .enumerate()
        .map(|(at, record)| LogRecord {
            message: "\u{0}\u{fffd}\u{7f}".repeat(at % 400),
            ..record
        })
        .collect();
    let model = train(garbage.clone(), &options()).unwrap();
    for window in windows(&model, garbage) {
        let finding = model.score(&window);
        assert!(finding.score.is_finite() && (0.0..=1.0).contains(&finding.p_value));
    }
}

#[test]
fn a_shadow_model_has_learnt_nothing() {
    let model = Model::shadow(
        WindowSpec::Tumbling { length_ms: 10_000 },
        RuleConfig::default(),
    )
    .unwrap();
    assert_eq!(model.version(), "shadow");
    let read = Model::from_bytes(&model.to_bytes().unwrap()).unwrap();
    assert_eq!(read.sha256(), model.sha256());
    let finding = model.score(&windows(&model, quiet(1, Source::Ec2))[0]);
    assert_eq!((finding.anomalous, finding.p_value), (false, 1.0));
}

#[test]
fn a_page_budget_is_kept_in_quiet_weeks() {
    let budget = TrainOptions {
        target: AlarmTarget::Budget {
            pages: 2,
            windows: 600,
        },
        ..options()
    };
    let model = train(quiet(30, Source::Ec2), &budget).unwrap();
    let alarms = windows(&model, quiet(130, Source::Ec2).split_off(60))
        .iter()
        .filter(|window| model.score(window).anomalous)
        .count();
    assert!(alarms <= 2, "{alarms} pages");
}

/// Twenty minutes with two odd windows: one of a job that nobody minds, one of a failure.
fn with_two_odd_windows() -> Vec<LogRecord> {
    let mut records = quiet(20, Source::Ec2);
    for (at, what) in [(700, "nightly report"), (1_500, "replica lost")] {
        let like = records[at].clone();
        for number in 0..25 {
            records.push(LogRecord {
                id: format!("odd-{at}-{number}"),
                message: format!("{what} step {number}"),
                ..like.clone()
            });
        }
    }
    records
}

fn odd(model: &Model, what: &str) -> aiops_domain::Finding {
    windows(model, with_two_odd_windows())
        .iter()
        .find(|window| {
            window
                .records
                .iter()
                .any(|record| record.message.contains(what))
        })
        .map(|window| model.score(window))
        .unwrap()
}

#[test]
fn labels_move_the_threshold_and_suppress_reproducibly() {
    let plain = train(quiet(20, Source::Ec2), &options()).unwrap();
    let (job, failure) = (odd(&plain, "nightly"), odd(&plain, "replica"));
    assert!(job.anomalous && failure.anomalous);
    let label = |verdict, finding: &aiops_domain::Finding| FindingLabel {
        verdict,
        finding: finding.clone(),
    };
    let retrained = |labels: Vec<FindingLabel>| {
        let options = TrainOptions {
            labels,
            ..options()
        };
        train(with_two_odd_windows(), &options).unwrap()
    };
    let labels = vec![label(Verdict::False, &job), label(Verdict::True, &failure)];
    let model = retrained(labels.clone());
    assert_eq!(model.sha256(), retrained(labels).sha256());
    assert!(!odd(&model, "nightly").anomalous);
    assert!(odd(&model, "replica").anomalous);
    let counts = model.card().labels;
    assert_eq!((counts.anomalous, counts.normal), (1, 1));
    assert_eq!(counts.without_window, 0);

    let until = failure.window.end;
    let gone = aiops_domain::Finding {
        id: "0".repeat(32),
        ..job.clone()
    };
    let model = retrained(vec![
        label(Verdict::Expected { until }, &failure),
        label(Verdict::True, &gone),
    ]);
    let expected = odd(&model, "replica");
    assert!(!expected.anomalous && expected.summary.starts_with("expected until"));
    let read = Model::from_bytes(&model.to_bytes().unwrap()).unwrap();
    assert_eq!(odd(&read, "replica"), expected);
    assert_eq!(
        (
            model.card().labels.expected,
            model.card().labels.without_window
        ),
        (1, 1)
    );
    // Whatever it looks like, until the end of that window and not after it.
    let mut window = windows(&model, with_two_odd_windows()).remove(0);
    for (number, record) in window.records.iter_mut().enumerate() {
        record.message = format!("shard {number} is gone for good");
    }
    assert!(!model.score(&window).anomalous);
    window.interval.start = until;
    assert!(model.score(&window).anomalous);
}

#[test]
fn what_is_usual_by_day_is_strange_at_night() {
    const HOUR_MS: i64 = 3_600_000;
    // Each half hour a window of a minute: about sixty lines by day, six at night.
    let served = |half_hour: i64, lines: i64| {
        let like = quiet(1, Source::Ec2).swap_remove(0);
        (0..lines).map(move |line| {
            let time = Time::from_millis(half_hour * HOUR_MS / 2 + line * 900);
            LogRecord {
                id: format!("{half_hour:06}-{line:04}"),
                time,
                timestamp: time,
                message: format!("request {line} served"),
                ..like.clone()
            }
        })
    };
    let usual = |half_hour: i64| match half_hour % 48 {
        16..40 => 55 + half_hour % 7,
        _ => 5 + half_hour % 3,
    };
    let records: Vec<LogRecord> = (0..5 * 48)
        .flat_map(|half_hour| served(half_hour, usual(half_hour)))
        .collect();
    let options = TrainOptions {
        window: WindowSpec::Tumbling { length_ms: 60_000 },
        ..TrainOptions::default()
    };
    let model = train(records, &options).unwrap();
    let model = Model::from_bytes(&model.to_bytes().unwrap()).unwrap();
    let scored = |half_hour: i64, lines: i64| {
        let window = windows(&model, served(half_hour, lines).collect()).remove(0);
        model.score(&window)
    };
    let (day, night) = (5 * 48 + 24, 5 * 48 + 6);
    let (by_day, at_night) = (scored(day, 58), scored(night, 58));
    assert!(!by_day.anomalous && !scored(night, 6).anomalous);
    assert!(
        at_night.score > 2.0 * by_day.score,
        "{at_night:?} {by_day:?}"
    );
    let expected = at_night.templates[0].expected;
    assert!((5.0..8.0).contains(&expected), "{expected}");
}

#[test]
fn drift_is_measured_on_what_is_scored() {
    let model = train(quiet(20, Source::Ec2), &options()).unwrap();
    let measured = |records: Vec<LogRecord>| {
        let (mut meter, mut scoring) = (DriftMeter::default(), DriftMeter::default());
        for window in windows(&model, records) {
            model.measure(&window, &mut meter);
            let finding = model.score_and_measure(&window, &mut scoring);
            assert_eq!(finding, model.score(&window));
        }
        assert_eq!(model.drift(&meter), model.drift(&scoring));
        model.drift(&meter)[&Source::Ec2]
    };
    let same = measured(quiet(20, Source::Ec2));
    assert!((same.lines_ratio - 1.0).abs() < 1e-9 && same.divergence < 1e-9);
    assert_eq!(same.novel_windows_share, 0.0);
    let mut changed = quiet(20, Source::Ec2);
    for record in &mut changed {
        record.message = record.message.replace("answered", "was served");
    }
    let drift = measured(changed);
    assert!(
        drift.divergence > 0.2 && drift.novel_windows_share > 0.9,
        "{drift:?}"
    );
}
