//! Figures of models on made lines.

use aiops_domain::record::RECORD_VERSION;
use aiops_domain::training::GateLimits;
use aiops_domain::{LogRecord, Shape, Source, Time};

use super::*;
use crate::train::{TrainOptions, train};
use crate::window::WindowSpec;

/// A service that says four things a second in one order, from `start` on.
fn lines(start: i64, seconds: i64, source: Source) -> Vec<LogRecord> {
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
                source,
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

fn model(seconds: i64) -> Model {
    let options = TrainOptions {
        window: WindowSpec::Tumbling { length_ms: 10_000 },
        target: AlarmTarget::Rate(0.01),
        ..TrainOptions::default()
    };
    train(lines(0, seconds, Source::Ec2), &options).unwrap()
}

#[test]
fn planted_faults_are_found_and_untouched_windows_are_not() {
    let (new, current) = (model(6000), model(3000));
    let validation = lines(6000, 3000, Source::Ec2);
    let options = ValidateOptions {
        faults_max: 80,
        ..ValidateOptions::default()
    };
    let report = validate(&new, Some(&current), &validation, options).unwrap();
    assert_eq!((report.windows, report.faults), (300, 80));
    assert!(report.candidate.alarm_rate < 0.03, "{report:?}");
    assert!(report.candidate.fault_recall > 0.6, "{report:?}");
    assert!(report.candidate.fault_auc > 0.8, "{report:?}");
    assert_eq!(report.candidate.version, new.version());
    let known = report.current.clone().unwrap();
    assert_eq!(known.sha256, current.sha256());
    let verdict = report.verdict(&GateLimits::default());
    assert!(verdict.passed, "{verdict:?}");
    assert_eq!(
        validate(&new, Some(&current), &validation, options).unwrap(),
        report
    );
}

#[test]
fn a_system_that_changed_is_called_and_does_not_pass() {
    let new = model(3000);
    let mut validation = lines(3000, 2000, Source::Ec2);
    for record in &mut validation {
        record.message = format!("rewritten: {}", record.message.len());
    }
    let report = validate(&new, None, &validation, ValidateOptions::default()).unwrap();
    assert!(report.candidate.alarm_rate > 0.9, "{report:?}");
    assert!(!report.verdict(&GateLimits::default()).passed);
}

#[test]
fn sources_that_were_not_learnt_are_not_counted() {
    let report = validate(
        &model(600),
        None,
        &lines(600, 600, Source::Eks),
        ValidateOptions::default(),
    )
    .unwrap();
    assert_eq!((report.windows, report.faults), (0, 0));
    assert!(!report.verdict(&GateLimits::default()).passed);
}
