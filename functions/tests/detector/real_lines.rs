//! Real lines, streamed in segments: the same findings as at once. The lines are research data of
//! third parties that lies beside the repository; without them the test says so and ends.

use std::io::Read as _;
use std::path::PathBuf;

use aiops_domain::LogRecord;
use aiops_model::WindowSpec;

use crate::scorer::Words;
use crate::world::{Choices, World, mismatch, record};

fn lines() -> Option<Vec<LogRecord>> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/bench");
    let folder = std::env::var("AIOPS_BENCH").unwrap_or_else(|_| beside.to_owned());
    let path = PathBuf::from(folder).join("hdfs_2pct.log.gz");
    let bytes = std::fs::read(&path).ok()?;
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(bytes.as_slice())
        .read_to_string(&mut text)
        .unwrap();
    let records = text.lines().zip(0..).map(|(line, n)| {
        let stamp: String = line.chars().take(13).collect();
        let civil = jiff::civil::DateTime::strptime("%y%m%d %H%M%S", &stamp).unwrap();
        let time = jiff::tz::TimeZone::UTC.to_timestamp(civil).unwrap();
        record(n, time.as_millisecond(), "hdfs", line.to_owned())
    });
    Some(records.collect())
}

fn stream(spec: &WindowSpec, all: &[LogRecord], size: usize, shuffled: bool) {
    let mut world = World::new(spec);
    world.scorer = std::sync::Arc::new(Words::looking_for(spec, "xception"));
    let mut messages = Vec::new();
    for (n, batch) in all.chunks(size).enumerate() {
        messages.extend(world.write(&format!("{n:05}"), batch));
    }
    if shuffled {
        Choices(3).shuffle(&mut messages);
    }
    let outcome = world.settle(messages);
    assert!(outcome.changes.added > 0);
    assert_eq!(mismatch(&world, &world.incidents, all), None);
}

#[test]
fn streamed_lines_give_the_findings_of_the_file() {
    let Some(all) = lines() else {
        eprintln!("skipped: there is no hdfs_2pct.log.gz beside the repository (AIOPS_BENCH)");
        return;
    };
    let keyed = |gap_ms| WindowSpec::Keyed {
        key: r"blk_-?\d+".into(),
        gap_ms,
    };
    stream(
        &WindowSpec::Tumbling { length_ms: 60_000 },
        &all,
        2_000,
        false,
    );
    stream(
        &WindowSpec::Tumbling { length_ms: 60_000 },
        &all,
        10_000,
        true,
    );
    stream(&keyed(3_600_000), &all, 2_000, false);
    stream(&keyed(i64::MAX), &all, 2_000, false);
    stream(&keyed(i64::MAX), &all, 10_000, true);
}
