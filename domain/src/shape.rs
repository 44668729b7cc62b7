//! The shapes of lines, read on demand: the original line stays the only truth, and what a shape
//! says of it is parsed when somebody asks. Every parser takes hostile input.

pub mod audit;
pub mod container;
pub mod flow;
pub mod syslog;

use std::borrow::Cow;

use crate::record::LogRecord;
use crate::source::Shape;

/// The shape of a line of unknown origin: one JSON object, a syslog line, else text. VPC flow lines
/// and audit events are known by their log group, never guessed.
pub fn detect(line: &str) -> Shape {
    let trimmed = line.trim();
    if trimmed.starts_with('{') && trimmed.ends_with('}') {
        Shape::Json
    } else if syslog::SyslogLine::parse(trimmed).is_some() {
        Shape::Syslog
    } else {
        Shape::Text
    }
}

/// The human message of a record: what a person wrote into the logging call, without the wrapping of
/// whoever carried it. Of container JSON the inner `log`, of JSON lines `message` or `msg`, of syslog
/// what follows the tag; otherwise the whole line.
pub fn text(record: &LogRecord) -> Cow<'_, str> {
    line_text(record.shape, &record.message)
}

/// [`text`] of a line of known shape.
pub fn line_text(shape: Shape, line: &str) -> Cow<'_, str> {
    match shape {
        Shape::Json => container::inner_text(line).unwrap_or(Cow::Borrowed(line)),
        Shape::Syslog => syslog::SyslogLine::parse(line.trim())
            .map_or(Cow::Borrowed(line), |parsed| Cow::Borrowed(parsed.message)),
        Shape::Flow | Shape::EksAudit | Shape::Text => Cow::Borrowed(line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_time::{TimeAssumptions, event_time, find_stamp};
    use crate::time::Time;
    use proptest::prelude::*;

    #[test]
    fn shapes_are_told_apart() {
        assert_eq!(detect(r#"{"a":1}"#), Shape::Json);
        assert_eq!(detect("  {\"a\":1}\n"), Shape::Json);
        assert_eq!(
            detect("Jun 14 15:16:01 combo sshd(pam_unix)[19939]: check pass; user unknown"),
            Shape::Syslog
        );
        assert_eq!(
            detect("<34>1 2003-10-11T22:14:15.003Z host su - ID47 - failed"),
            Shape::Syslog
        );
        assert_eq!(detect("2015-10-18 18:01:47,978 INFO [main] x"), Shape::Text);
        assert_eq!(detect(""), Shape::Text);
    }

    #[test]
    fn the_human_message_is_found_inside_its_wrapping() {
        let cases = [
            (
                Shape::Json,
                r#"{"log":"GET /health 200\n","stream":"stdout","kubernetes":{"pod_name":"a"}}"#,
                "GET /health 200",
            ),
            (
                Shape::Json,
                r#"{"log":"{\"level\":\"error\",\"msg\":\"pool \\\"db\\\" exhausted\"}","stream":"stderr"}"#,
                "pool \"db\" exhausted",
            ),
            (Shape::Json, r#"{"answer":42}"#, r#"{"answer":42}"#),
            (Shape::Json, "{broken", "{broken"),
            (
                Shape::Syslog,
                "Dec 10 06:55:46 LabSZ sshd[24200]: Invalid user webmaster from 10.0.0.9",
                "Invalid user webmaster from 10.0.0.9",
            ),
            (Shape::Text, "plain", "plain"),
        ];
        for (shape, line, expected) in cases {
            assert_eq!(line_text(shape, line), expected, "{line}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(32), ..ProptestConfig::default() })]

        /// Every parser takes any text: no panic, and nothing larger than the line comes out.
        #[test]
        fn no_line_breaks_a_parser(line in hostile_line()) {
            let shape = detect(&line);
            for shape in [shape, Shape::Json, Shape::Syslog, Shape::Flow, Shape::EksAudit] {
                prop_assert!(line_text(shape, &line).len() <= line.len());
                let timestamp = Time::from_millis(1_700_000_000_000);
                let time = event_time(&line, shape, &flow::FlowFormat::default(), timestamp, &TimeAssumptions::default());
                prop_assert!(time.millis_since(timestamp) <= 24 * 3_600_000);
            }
            if let Some(stamp) = find_stamp(&line) {
                prop_assert!(line.get(stamp.span).is_some());
            }
            let _audit = audit::AuditEvent::parse(&line);
            let _flow = flow::FlowRecord::parse(&line, &flow::FlowFormat::default());
            let _format = line.parse::<flow::FlowFormat>();
            let _container = container::ContainerLine::parse(&line);
        }
    }

    /// Lines that look nearly right: pieces of real shapes, glued, cut and mixed with noise.
    fn hostile_line() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            any::<String>(),
            prop::sample::select(vec![
                "<34>1 ",
                "<999999999999>",
                "Jun 14 15:16:01 ",
                "Feb 30 99:99:99 ",
                "Feb 29 23:59:60 ",
                "2015-10-18 18:01:47,978",
                "2015-10-18T18:01:47.999999999999999999Z",
                "9999-12-31 23:59:59 +18:59",
                "0000-00-00 00:00:00",
                "081109 203530 ",
                "17/06/09 20:10:40 ",
                "[Sun Dec 04 04:47:44 2005] ",
                "1418530010",
                "1418530010.123",
                "9999999999999999999",
                "-",
                " ",
                "\t",
                "\u{0}",
                "é",
                "\u{feff}",
                "{",
                "}",
                "{\"log\":\"",
                "\"time\":",
                "{\"time\":1e999}",
                "\\ud800",
                "\"",
                "[",
                "]",
                ": ",
                "2 123456789010 eni-1 10.0.0.1 10.0.0.2 1 2 6 1 1 1418530010 1418530070 ACCEPT OK",
                "I0102 15:04:05.678901 ",
                "host app[1]: ",
                "audit(1364481363.243:24287): ",
            ])
            .prop_map(str::to_owned),
        ];
        prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
    }
}
