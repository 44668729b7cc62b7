//! Tests of the module `window`.

use proptest::prelude::*;

use super::*;

fn record(id: u32, time_ms: i64, entity: &str, message: &str) -> LogRecord {
    LogRecord {
        v: aiops_domain::record::RECORD_VERSION,
        id: format!("{id:08}"),
        time: Time::from_millis(time_ms),
        timestamp: Time::from_millis(time_ms),
        ingested: Time::from_millis(0),
        source: Source::Other,
        group: "group".into(),
        stream: "stream".into(),
        entity: entity.into(),
        shape: aiops_domain::Shape::Text,
        message: message.into(),
    }
}

fn tumbling(length_ms: i64) -> Windowing {
    WindowSpec::Tumbling { length_ms }.compile().unwrap()
}

fn keyed(key: &str, gap_ms: i64) -> Windowing {
    WindowSpec::Keyed {
        key: key.into(),
        gap_ms,
    }
    .compile()
    .unwrap()
}

#[test]
fn tumbling_windows_are_per_entity_and_aligned_to_the_epoch() {
    let assembly = tumbling(1000).assemble(vec![
        record(1, -1, "a", "x"),
        record(2, 0, "a", "x"),
        record(3, 999, "a", "x"),
        record(4, 999, "b", "x"),
        record(5, 1000, "a", "x"),
    ]);
    let shape: Vec<_> = assembly
        .windows
        .iter()
        .map(|window| {
            (
                window.interval.start.as_millis(),
                window.entity.as_str(),
                window.records.len(),
            )
        })
        .collect();
    assert_eq!(
        shape,
        [(-1000, "a", 1), (0, "a", 2), (0, "b", 1), (1000, "a", 1)]
    );
    assert_eq!(assembly.lines, 5);
}

#[test]
fn a_key_is_the_first_match_and_its_first_group() {
    let line = record(1, 0, "a", "blk_1 replaces blk_-2");
    assert_eq!(keyed(r"blk_-?\d+", 1).group(&line), Some("blk_1"));
    assert_eq!(keyed(r"blk_(-?\d+)", 1).group(&line), Some("1"));
    assert_eq!(keyed(r"request", 1).group(&line), None);
    assert_eq!(
        keyed(r"x*", 1).group(&line),
        None,
        "an empty match is no key"
    );
}

#[test]
fn a_key_is_cut_at_a_character_within_its_limit() {
    let line = record(1, 0, "a", &"é".repeat(1000));
    let key = keyed(r".+", 1).group(&line).unwrap().to_owned();
    assert_eq!(key.len(), MAX_KEY_BYTES);
}

#[test]
fn a_sequence_ends_where_the_key_is_silent_for_the_gap() {
    let windowing = keyed(r"r\d", 100);
    let assembly = windowing.assemble(vec![
        record(1, 0, "a", "r1"),
        record(2, 99, "b", "r1"),
        record(3, 198, "a", "r1"),
        record(4, 298, "a", "r1"),
        record(5, 50, "a", "r2"),
        record(6, 50, "a", "none"),
    ]);
    let shape: Vec<_> = assembly
        .windows
        .iter()
        .map(|window| {
            (
                window.key.as_deref().unwrap(),
                window.entity.as_str(),
                window.interval.start.as_millis(),
                window.interval.end.as_millis(),
                windowing.closes_at(window.interval).as_millis(),
            )
        })
        .collect();
    assert_eq!(
        shape,
        [
            ("r1", "a", 0, 199, 298),
            ("r2", "a", 50, 51, 150),
            ("r1", "a", 298, 299, 398)
        ]
    );
    assert_eq!(assembly.without_key, 1);
}

#[test]
fn an_endless_gap_makes_one_sequence_per_key() {
    let windowing = keyed(r"r\d", i64::MAX);
    let assembly = windowing.assemble(vec![
        record(1, -5_000_000_000, "a", "r1"),
        record(2, 4_000_000_000_000, "a", "r1"),
    ]);
    assert_eq!(assembly.windows.len(), 1);
    assert_eq!(
        windowing.closes_at(assembly.windows[0].interval),
        Time::from_millis(i64::MAX)
    );
}

#[test]
fn what_cannot_be_used_says_why() {
    let of = |spec: WindowSpec| spec.compile().unwrap_err().to_string();
    insta::assert_snapshot!(
        [
            of(WindowSpec::Tumbling { length_ms: 0 }),
            of(WindowSpec::Keyed { key: "a".into(), gap_ms: -1 }),
            of(WindowSpec::Keyed { key: "a(".into(), gap_ms: 1 }),
            of(WindowSpec::Keyed { key: r"\w{1000}{1000}".into(), gap_ms: 1 }),
        ]
        .join("\n"),
        @r"
    a window's length is 0 ms: give a number above 0
    a window's gap is -1 ms: give a number above 0
    the key expression `a(` cannot be used: unclosed group
    the key expression `\w{1000}{1000}` cannot be used: Compiled regex exceeds size limit of 1048576 bytes.
    "
    );
}

#[test]
fn the_spec_has_one_wire_form() {
    let spec: WindowSpec =
        serde_json::from_str(r#"{"form":"keyed","key":"r\\d","gap_ms":5}"#).unwrap();
    assert_eq!(
        serde_json::to_string(&spec).unwrap(),
        r#"{"form":"keyed","key":"r\\d","gap_ms":5}"#
    );
    assert!(
        serde_json::from_str::<WindowSpec>(r#"{"form":"tumbling","length_ms":5,"x":1}"#).is_err()
    );
}

fn some_records() -> impl Strategy<Value = Vec<LogRecord>> {
    proptest::collection::vec((0u32..60, 0i64..500, 0u8..3, 0u8..4), 0..80).prop_map(|rows| {
        rows.into_iter()
            .map(|(id, time, entity, key)| {
                // Time and content follow from the id, as they do for a line delivered twice, but
                // for a third of them, which a broken producer might send.
                let time = if id % 3 == 0 { time } else { i64::from(id) * 7 };
                record(id, time, &format!("e{entity}"), &format!("r{key}"))
            })
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, rng_seed: proptest::test_runner::RngSeed::Fixed(3), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn windows_are_a_function_of_the_set(
        (records, shuffled) in some_records().prop_flat_map(|records| {
            let twice: Vec<_> = records.iter().chain(&records).cloned().collect();
            (Just(records), Just(twice).prop_shuffle())
        }),
        gap in 1i64..100,
    ) {
        for windowing in [tumbling(gap), keyed(r"r[0-2]", gap)] {
            let once = windowing.assemble(records.clone());
            prop_assert_eq!(&once, &windowing.assemble(shuffled.clone()));
            let inside: u64 = once.windows.iter().map(|w| w.records.len() as u64).sum();
            prop_assert_eq!(inside + once.without_key, once.lines);
        }
    }

    #[test]
    fn a_sequence_depends_on_the_lines_of_its_key_alone(
        ids in proptest::collection::vec((0u32..200, 0u8..4), 0..80), gap in 1i64..100,
    ) {
        let windowing = keyed(r"r[0-2]", gap);
        let records: Vec<_> = ids
            .iter()
            .map(|(id, key)| record(id * 4 + u32::from(*key), i64::from(*id) * 7, "e", &format!("r{key}")))
            .collect();
        let of_r1 = |assembly: Assembly| {
            let mut windows = assembly.windows;
            windows.retain(|window| window.key.as_deref() == Some("r1"));
            windows
        };
        let alone: Vec<_> = records.iter().filter(|r| r.message == "r1").cloned().collect();
        prop_assert_eq!(of_r1(windowing.assemble(records)), windowing.assemble(alone).windows);
    }
}
