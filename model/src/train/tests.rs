//! Tests of the module `train`.

use super::*;
use aiops_domain::Shape;

fn records() -> Vec<LogRecord> {
    (0..3_000_i64)
        .map(|line| LogRecord {
            v: 1,
            id: format!("{line:06}"),
            time: Time::from_millis(line * 700),
            timestamp: Time::from_millis(line * 700),
            ingested: Time::from_millis(line * 700),
            source: if line % 5 == 0 {
                Source::Eks
            } else {
                Source::Ec2
            },
            group: "g".into(),
            stream: "s".into(),
            entity: format!("i-{}", line % 3),
            shape: Shape::Text,
            message: format!(
                "request {line} of job job-{} took {} ms",
                line % 40,
                line % 17
            ),
        })
        .collect()
}

fn sha256(options: &TrainOptions, shard_lines: u64) -> String {
    let records = records();
    let replay = |each: &mut dyn FnMut(&LogRecord)| {
        records.iter().for_each(each);
        Ok::<(), Infallible>(())
    };
    let model = train_in_shards(replay, options, shard_lines).unwrap();
    model.sha256().to_owned()
}

#[test]
fn the_number_of_parts_changes_nothing() {
    for window in [
        WindowSpec::Tumbling { length_ms: 10_000 },
        WindowSpec::Keyed {
            key: "job-[0-9]+".into(),
            gap_ms: 60_000,
        },
    ] {
        let options = TrainOptions {
            window,
            ..TrainOptions::default()
        };
        assert_eq!(sha256(&options, 100), sha256(&options, 1 << 20));
    }
}

#[test]
fn an_error_of_reading_is_passed_on() {
    let error = train_replayed(|_| Err("cut off"), &TrainOptions::default()).unwrap_err();
    assert!(matches!(error, ReplayError::Read("cut off")));
}
