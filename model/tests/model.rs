//! A model from training to scoring, through its public interface.

#![expect(clippy::unwrap_used, reason = "a step that fails fails its test")]

use aiops_domain::{Kind, LogRecord, Shape, Source, Time};
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
    let mut records = quiet(25, Source::Ec2).split_off(2500);
    let quiet_windows = windows(&model, records.clone());
    let alarms = quiet_windows
        .iter()
        .filter(|window| model.score(window).anomalous);
    assert_eq!(alarms.count(), 0);

    let like = records[0].clone();
    for number in 0..40 {
        records.push(LogRecord {
            id: format!("odd-{number}"),
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
