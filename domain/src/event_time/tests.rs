//! Every form of time stamp, and what is none.

use super::*;
use proptest::prelude::*;

/// The envelope's timestamp of the examples.
const NOW: &str = "2026-08-01T12:00:00Z";

fn time_of(line: &str, shape: Shape) -> Time {
    event_time(
        line,
        shape,
        &FlowFormat::default(),
        NOW.parse().unwrap(),
        &TimeAssumptions::default(),
    )
}

#[track_caller]
fn says(line: &str, expected: &str) {
    assert_eq!(
        time_of(line, Shape::Text),
        expected.parse().unwrap(),
        "{line}"
    );
}

#[test]
fn the_forms_of_text_lines() {
    // ISO 8601 and what loggers make of it.
    says(
        "2015-10-18 18:01:47,978 INFO [main] a.b.C: x",
        "2015-10-18T18:01:47.978Z",
    );
    says(
        "2015-07-29 17:41:44,747 - INFO  [Q:F@774] - x",
        "2015-07-29T17:41:44.747Z",
    );
    says(
        "2015-10-18T18:01:47.978123456Z x",
        "2015-10-18T18:01:47.978Z",
    );
    says("2015-10-18T18:01:47+02:00 x", "2015-10-18T16:01:47Z");
    says("2015-10-18T18:01:47-0730 x", "2015-10-19T01:31:47Z");
    says("2015-10-18 18:01:47 +0200 x", "2015-10-18T16:01:47Z");
    says("2015-10-18 18:01:47 UTC [1] LOG: x", "2015-10-18T18:01:47Z");
    says("2015/10/18 18:01:47 [error] 1#1: x", "2015-10-18T18:01:47Z");
    says("20151018T180147Z x", "2015-10-18T18:01:47Z");
    // The date in the file's name is not the line's.
    says(
        "nova-api.log.1.2017-05-16_13:53:08 2017-05-16 00:00:00.008 25746 INFO nova [req-1 - -] x",
        "2017-05-16T00:00:00.008Z",
    );
    says(
        "[2015-10-18 18:01:47] production.ERROR: x",
        "2015-10-18T18:01:47Z",
    );
    says("ERROR 2015-10-18 18:01:47 x", "2015-10-18T18:01:47Z");
    // Two digits of a year.
    says(
        "081109 203615 148 INFO dfs.DataNode: x",
        "2008-11-09T20:36:15Z",
    );
    says("17/06/09 20:10:40 INFO executor: x", "2017-06-09T20:10:40Z");
    // Names of months and days.
    says(
        "[Sun Dec 04 04:47:44 2005] [notice] x",
        "2005-12-04T04:47:44Z",
    );
    says(
        "[Sun Dec  4 04:47:44.123456 2005] [core:error] x",
        "2005-12-04T04:47:44.123Z",
    );
    says("Sun Dec  4 04:47:44 UTC 2005 x", "2005-12-04T04:47:44Z");
    says("Sun, 04 Dec 2005 04:47:44 +0100 x", "2005-12-04T03:47:44Z");
    says(
        "10.0.0.1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 200 1",
        "2000-10-10T20:55:36Z",
    );
    says(
        "18-Oct-2015 18:01:47.978 INFO [main] x",
        "2015-10-18T18:01:47.978Z",
    );
    says("10/18/2015 18:01:47 x", "2015-10-18T18:01:47Z");
    says("18/10/2015 18:01:47 x", "2015-10-18T18:01:47Z");
    says(
        "Oct 18 2015 18:01:47: %ASA-6-302013: x",
        "2015-10-18T18:01:47Z",
    );
    // Epochs.
    says("1418530010 x", "2014-12-14T04:06:50Z");
    says("1418530010.5 x", "2014-12-14T04:06:50.500Z");
    says("1418530010123 x", "2014-12-14T04:06:50.123Z");
    says(
        "type=SYSCALL msg=audit(1364481363.243:24287): arch=x",
        "2013-03-28T14:36:03.243Z",
    );
    // A leap second counts as the next minute's first.
    says("2016-12-31 23:59:60 x", "2017-01-01T00:00:00Z");
}

#[test]
fn a_missing_year_is_the_one_nearest_to_the_envelope() {
    says("Jul 31 15:16:01 combo sshd[1]: x", "2026-07-31T15:16:01Z");
    says(
        "<13>Jul  1 15:16:01 combo sshd[1]: x",
        "2026-07-01T15:16:01Z",
    );
    says("Dec 31 23:59:59 combo sshd[1]: x", "2025-12-31T23:59:59Z");
    says(
        "I0731 15:04:05.678901       1 main.go:30] x",
        "2026-07-31T15:04:05.678Z",
    );
    says("Feb 29 10:00:00 h p: x", "2024-02-29T10:00:00Z");
    // Around New Year, both ways.
    let at = |line, timestamp: &str| {
        event_time(
            line,
            Shape::Syslog,
            &FlowFormat::default(),
            timestamp.parse().unwrap(),
            &TimeAssumptions::default(),
        )
        .to_string()
    };
    assert_eq!(
        at("Dec 31 23:59:59 h p: x", "2026-01-01T00:00:01Z"),
        "2025-12-31T23:59:59.000Z"
    );
    assert_eq!(
        at("Jan  1 00:00:01 h p: x", "2025-12-31T23:59:59Z"),
        "2026-01-01T00:00:01.000Z"
    );
}

#[test]
fn assumptions_fill_in_the_year_and_the_zone() {
    let assume = TimeAssumptions {
        year: Some(2005),
        utc_offset_minutes: 120,
    };
    let now = NOW.parse().unwrap();
    let at = |line| event_time(line, Shape::Text, &FlowFormat::default(), now, &assume).to_string();
    assert_eq!(at("Jun 14 15:16:01 combo x"), "2005-06-14T13:16:01.000Z");
    assert_eq!(at("2015-10-18 18:01:47,978 x"), "2015-10-18T16:01:47.978Z");
    assert_eq!(at("2015-10-18T18:01:47Z x"), "2015-10-18T18:01:47.000Z");
}

#[test]
fn what_is_no_plausible_time_leaves_the_envelopes() {
    for line in [
        "",
        "no time at all",
        "123456789012345 is no",
        "2015-13-18 18:01:47 x",
        "2015-10-18 24:01:47 x",
        "Feb 30 10:00:00 h p: x",
        "0000-01-01 00:00:00 x",
        "1980-01-01 00:00:00 x",
        "2026-08-03 12:00:00 from the future",
        "request took 17:06:09",
        "a b c d e f g h i 2015-10-18 18:01:47 too deep in the text",
        "81109 203615 x",
        "received 1418530010 bytes",
        "2015-10-18 18:01:470 x",
    ] {
        says(line, NOW);
    }
}

#[test]
fn a_flow_happened_when_its_window_starts() {
    let line =
        "2 123456789010 eni-1 10.0.0.1 10.0.0.2 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK";
    assert_eq!(
        time_of(line, Shape::Flow),
        Time::from_millis(1_418_530_010_000)
    );
    assert_eq!(time_of("2 broken", Shape::Flow), NOW.parse().unwrap());
}

#[test]
fn json_lines_by_their_fields() {
    for (line, expected) in [
        (
            r#"{"time":"2026-07-31T10:00:00.123456789Z","log":"x"}"#,
            "2026-07-31T10:00:00.123Z",
        ),
        (
            r#"{"@timestamp":"2026-07-31T10:00:00+02:00","time":"2001-01-01T00:00:00Z"}"#,
            "2026-07-31T08:00:00Z",
        ),
        (
            r#"{"level":"info","ts":1785492000.25,"msg":"x"}"#,
            "2026-07-31T10:00:00.250Z",
        ),
        (r#"{"timestamp":1785492000123}"#, "2026-07-31T10:00:00.123Z"),
        (
            r#"{"Timestamp":"1785492000123","Type":"Pod"}"#,
            "2026-07-31T10:00:00.123Z",
        ),
        (r#"{"time":"took 12 s","msg":"x"}"#, NOW),
        (
            r#"{"time":{"a":1},"ts":"2026-07-31 10:00:00"}"#,
            "2026-07-31T10:00:00Z",
        ),
        (
            r#"{"log":"2026-07-31 10:00:00,5 ERROR x"}"#,
            "2026-07-31T10:00:00.500Z",
        ),
        (
            r#"{"stage":"x","requestReceivedTimestamp":"2026-07-31T10:00:00Z","stageTimestamp":"2026-07-31T10:00:01Z"}"#,
            "2026-07-31T10:00:01Z",
        ),
        ("{broken", NOW),
    ] {
        assert_eq!(
            time_of(line, Shape::Json),
            expected.parse().unwrap(),
            "{line}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(35), ..ProptestConfig::default() })]

    #[test]
    fn a_written_instant_is_read_back(millis in 631_152_000_000_i64..1_785_585_600_000) {
        let time = Time::from_millis(millis);
        prop_assert_eq!(time_of(&format!("{time} hello"), Shape::Text), time);
        prop_assert_eq!(time_of(&format!("{{\"time\":\"{time}\"}}"), Shape::Json), time);
    }

    /// Whatever the envelope says within half a year, a yearless time is read back.
    #[test]
    fn a_yearless_time_is_read_back(millis in 1_600_000_000_000_i64..1_785_585_600_000, delay_seconds in -43_000_i64..15_000_000) {
        let time = Time::from_millis(millis / 1000 * 1000);
        let civil = jiff::tz::Offset::UTC.to_datetime(jiff::Timestamp::from_millisecond(time.as_millis()).unwrap());
        let line = format!("{} host app[1]: hello", civil.strftime("%b %e %H:%M:%S"));
        let envelope = time.plus_millis(delay_seconds * 1000);
        let read = event_time(&line, Shape::Syslog, &FlowFormat::default(), envelope, &TimeAssumptions::default());
        prop_assert_eq!(read, time);
    }
}
