//! Tests of the module `plan`.

use aiops_domain::LogRecord;
use proptest::prelude::*;

use super::*;

fn line(number: u64, millis: i64, states_time: bool) -> InputLine {
    let time = Time::from_millis(millis);
    InputLine {
        record: LogRecord {
            v: aiops_domain::record::RECORD_VERSION,
            id: format!("{number:020}"),
            time,
            timestamp: time,
            ingested: time,
            source: aiops_domain::Source::Other,
            group: "g".into(),
            stream: "s".into(),
            entity: "s".into(),
            shape: aiops_domain::Shape::Text,
            message: format!("{number}"),
        },
        line: number,
        states_time,
    }
}

fn target() -> Target {
    Target {
        group: "g".into(),
        stream: "s".into(),
    }
}

/// The numbers of the lines as the stack orders them: event time, timestamp, id, which rises within
/// a call and says nothing between calls.
fn order(lines: &[InputLine], calls: &[Vec<LogEvent>]) -> Vec<u64> {
    let mut arrived = Vec::new();
    // The worst that can be: ids of later calls are lower.
    for (call, events) in calls.iter().rev().enumerate() {
        for (position, event) in events.iter().enumerate() {
            let number: u64 = event.message.parse().unwrap();
            let line = lines.iter().find(|line| line.line == number).unwrap();
            let time = if line.states_time {
                line.record.time
            } else {
                event.timestamp
            };
            assert_eq!(time, line.record.time, "line {number} keeps its event time");
            arrived.push((time, event.timestamp, call, position, number));
        }
    }
    arrived.sort_unstable();
    arrived.into_iter().map(|arrived| arrived.4).collect()
}

fn in_the_file(lines: &[InputLine]) -> Vec<u64> {
    let mut lines: Vec<&InputLine> = lines.iter().collect();
    lines.sort_by_key(|line| (line.record.time, line.line));
    lines.into_iter().map(|line| line.line).collect()
}

proptest! {
    /// Two stack traces of one second, times that go back, any batches in any order: every line
    /// keeps its event time and its place.
    #[test]
    fn a_stream_orders_lines_as_the_file_does(
        steps in prop::collection::vec((0..4_i64, any::<bool>(), 0..6_u8), 1..120),
        lines_max in prop::option::of(1..20_usize),
        shuffle in prop::option::of(any::<u64>()),
    ) {
        let mut lines: Vec<InputLine> = Vec::new();
        for (number, (time, states_time, back)) in (1..).zip(steps) {
            // A line without a time has that of the line before.
            let last = lines.last().map_or(5_000, |line| line.record.time.as_millis());
            let stated = if back == 0 { last - 1_000 } else { last + time / 2 * 1_000 };
            lines.push(line(number, if states_time { stated } else { last }, states_time));
        }
        let calls = calls(&lines, &target(), Batching { lines_max, shuffle });
        prop_assert_eq!(order(&lines, &calls), in_the_file(&lines));
        for call in &calls {
            prop_assert!(call.is_sorted_by_key(|event| event.timestamp));
        }
    }
}

#[test]
fn calls_keep_the_limits_of_the_service() {
    let mut lines: Vec<InputLine> = (0..25).map(|n| line(n, 1_000_000_000_000, true)).collect();
    let sizes = |lines: &[InputLine], lines_max: Option<usize>| -> Vec<usize> {
        let batching = Batching {
            lines_max,
            shuffle: None,
        };
        let calls = calls(lines, &target(), batching);
        calls.iter().map(Vec::len).collect()
    };
    assert_eq!(sizes(&lines, Some(10)), [10, 10, 5]);
    assert_eq!(sizes(&lines, None), [25]);
    for line in &mut lines {
        line.record.message = "x".repeat(400_000);
    }
    assert_eq!(
        sizes(&lines, None),
        [2; 12].iter().copied().chain([1]).collect::<Vec<_>>()
    );
    for line in &mut lines {
        line.states_time = false;
    }
    assert!(
        sizes(&lines, None).iter().all(|size| *size <= 2),
        "what must stay together is parted where no call takes it"
    );
    let far = [line(1, 0, true), line(2, BATCH_SPAN_MILLIS + 10, true)];
    assert_eq!(sizes(&far, None), [1, 1]);
    assert!(sizes(&[], None).is_empty());
}

#[test]
fn lines_without_a_time_stay_together() {
    let lines: Vec<InputLine> = (0..40).map(|n| line(n, 7_000, n % 10 == 0)).collect();
    let calls = calls(
        &lines,
        &target(),
        Batching {
            lines_max: Some(5),
            shuffle: Some(3),
        },
    );
    let longest = calls.iter().map(Vec::len).max();
    assert_eq!(longest, Some(39), "from the first to the last of them");
}

#[test]
fn a_seed_decides_the_order_of_calls() {
    let lines: Vec<InputLine> = (0..60).map(|n| line(n, n as i64 * 1_000, true)).collect();
    let with = |shuffle| {
        calls(
            &lines,
            &target(),
            Batching {
                lines_max: Some(5),
                shuffle,
            },
        )
    };
    assert_eq!(with(Some(1)), with(Some(1)));
    assert_ne!(with(Some(1)), with(Some(2)));
    assert_ne!(with(Some(1)), with(None));
}
