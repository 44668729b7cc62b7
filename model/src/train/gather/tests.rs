//! Tests of the module `gather`: what is gathered are the windows that whole records give.

use super::*;
use crate::line::LineLearner;
use crate::miner::MinerConfig;
use crate::sequence::sequence;
use aiops_domain::{Shape, Source};
use proptest::prelude::*;

/// The event of this id; what it is about and says follows from its id, as in life.
fn record(id: u8, second: i64, delay: i64) -> LogRecord {
    let time = Time::from_millis(second * 1_000);
    LogRecord {
        v: 1,
        id: format!("{:03}", id.reverse_bits()),
        time,
        timestamp: time.plus_millis(delay % 2),
        ingested: time.plus_millis(delay),
        source: Source::Other,
        group: "g".into(),
        stream: "s".into(),
        entity: format!("i-{}", id % 3),
        shape: Shape::Text,
        message: match id % 7 {
            0 => "no key here".to_owned(),
            1 | 2 => format!(
                "never learnt {} job-{}",
                "x".repeat(usize::from(id % 5)),
                id % 2
            ),
            _ => format!("request {id} of job-{} done", id % 4),
        },
    }
}

fn miner() -> LineMiner {
    let mut learner = LineLearner::new(MinerConfig::default()).unwrap();
    for id in (0..200).filter(|id| id % 7 != 1 && id % 7 != 2) {
        learner.learn(&record(id, 0, 0));
    }
    learner.freeze()
}

proptest! {
    #[test]
    fn the_windows_are_those_of_whole_records(
        drawn in proptest::collection::vec((any::<u8>(), 0..90i64, 0..4i64), 0..60),
        keyed in any::<bool>(),
    ) {
        let spec = if keyed {
            WindowSpec::Keyed { key: "job-[0-9]+".into(), gap_ms: 10_000 }
        } else {
            WindowSpec::Tumbling { length_ms: 20_000 }
        };
        let windowing = spec.compile().unwrap();
        let lines = miner();
        let records: Vec<LogRecord> = drawn
            .into_iter()
            .map(|(id, second, delay)| record(id, second, delay))
            .collect();
        let mut gathered = Gathered::default();
        for record in &records {
            if let Some(group) = windowing.group(record) {
                gathered.add(record, group, &lines);
            }
        }
        let mut found = Vec::new();
        gathered.windows(&windowing, &lines, &mut |order, bounds, session| {
            found.push((order, bounds, session));
        });
        found.sort_by(|one, other| one.0.cmp(&other.0));
        let mut expected: Vec<(WindowOrder, Interval, Session)> = windowing
            .assemble(records)
            .windows
            .into_iter()
            .map(|window| {
                let session = sequence(&lines, &window.records).session;
                ((window.interval.start, window.entity, window.key), window.interval, session)
            })
            .collect();
        expected.sort_by(|one, other| one.0.cmp(&other.0));
        prop_assert_eq!(found, expected);
    }
}
