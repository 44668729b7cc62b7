//! Tests of the module `line`.

use super::*;
use aiops_domain::{Source, Time};

fn record(group: &str, shape: Shape, message: &str) -> LogRecord {
    LogRecord {
        v: 1,
        id: message.into(),
        time: Time::default(),
        timestamp: Time::default(),
        ingested: Time::default(),
        source: Source::Ec2,
        group: group.into(),
        stream: "s".into(),
        entity: "e".into(),
        shape,
        message: message.into(),
    }
}

fn learnt() -> LineMiner {
    let mut learner = LineLearner::new(MinerConfig::default()).unwrap();
    for index in 0..60 {
        let second = index % 50 + 10;
        let line =
            format!("Jun 14 15:16:{second} web-1 app[{index}]: request {index} took {second} ms");
        learner.learn(&record("syslog", Shape::Syslog, &line));
        let line = format!(
            r#"{{"log":"2026-08-01 12:00:{second},123 INFO [main] a.b.C: cache miss {index}\n","stream":"stdout"}}"#
        );
        learner.learn(&record("pods", Shape::Json, &line));
    }
    learner.freeze()
}

#[test]
fn each_stream_has_its_header_and_all_share_the_templates() {
    let lines = learnt();
    let texts: Vec<&str> = lines
        .miner()
        .templates()
        .iter()
        .map(|t| t.text.as_str())
        .collect();
    assert_eq!(texts, ["cache miss <*>", "request <*> took <*>"]);
    let line = record(
        "syslog",
        Shape::Syslog,
        "Jun 15 15:16:01 web-9 app[5]: request 9 took 9 ms",
    );
    assert_eq!(lines.mine(&line), Mined::Known(1));
}

#[test]
fn a_stream_of_later_uses_the_format_that_fits() {
    let line = record(
        "new",
        Shape::Syslog,
        "Jun 15 15:16:01 web-9 app[5]: request 9 took 9 ms",
    );
    assert_eq!(learnt().mine(&line), Mined::Known(1));
}

#[test]
fn a_flow_is_told_by_its_outcome_direction_and_size() {
    let lines = learnt();
    for (line, expected) in [
        (
            "2 123456789012 eni-1 10.0.0.1 10.0.0.2 50443 443 6 10 840 1620000000 1620000060 REJECT OK",
            "flow-reject-inside-opened-tiny",
        ),
        (
            "2 123456789012 eni-1 10.0.0.1 203.0.113.9 443 50443 6 10 5000000 1620000000 1620000060 ACCEPT OK",
            "flow-accept-egress-answered-megabytes",
        ),
        (
            "2 123456789012 eni-1 - - - - - - - 1620000000 1620000060 - NODATA",
            "flow-nodata",
        ),
        ("eni-1 10.0.0.1 REJECT", "flow-reject"),
    ] {
        assert_eq!(lines.message(&record("flow", Shape::Flow, line)), expected);
        let template = lines.miner().template_of(expected);
        assert_eq!(template.text, expected);
    }
}

#[test]
fn the_frozen_form_survives_its_text() {
    let lines = learnt();
    let text = serde_json::to_string(&lines).unwrap();
    let read: LineMiner = serde_json::from_str(&text).unwrap();
    assert_eq!(read.miner().templates(), lines.miner().templates());
    assert_eq!(read.headers(), lines.headers());
    assert_eq!(serde_json::to_string(&read).unwrap(), text);
}

#[test]
fn learning_goes_on_from_a_frozen_form() {
    let first = learnt();
    let mut learner = LineLearner::resume(&first);
    learner.learn(&record(
        "syslog",
        Shape::Syslog,
        "Jun 15 15:16:01 web-9 app[5]: shutdown complete",
    ));
    let second = learner.freeze();
    for template in first.miner().templates() {
        assert!(
            second.miner().template(&template.id).is_some(),
            "{template:?}"
        );
    }
    assert_eq!(second.miner().templates().len(), 3);
}

#[test]
fn a_server_error_and_a_slow_answer_are_told_apart() {
    let lines = learnt();
    for (fields, expected) in [
        (r#""status":200,"duration_ms":31"#, "request"),
        (
            r#""status_code":503,"latency_ms":31.5"#,
            "request server-error",
        ),
        (r#""status":200,"duration_ms":2500"#, "request seconds"),
        (r#""code":"x","elapsed_ms":null"#, "request"),
    ] {
        let line = format!(r#"{{"msg":"request",{fields}}}"#);
        assert_eq!(lines.message(&record("app", Shape::Json, &line)), expected);
    }
}

/// A flow of the platform's own format, which has ten fields more than AWS's default.
const PLATFORM_FLOW: &str = "2 123456789010 eni-0a 10.0.0.1 198.51.100.7 40000 443 6 900 300000000 1785585600 1785585660 ACCEPT OK vpc-0a subnet-0a i-0a 2 IPv4 10.0.0.1 198.51.100.7 use1-az1 egress 1";

#[test]
fn a_flow_is_told_in_whatever_format_the_stack_has() {
    let egress = "flow-accept-egress-opened-hundreds-of-megabytes";
    let of = |format: &FlowFormat, line: &str| {
        unwrapped(&record("flows", Shape::Flow, line), format).into_owned()
    };
    assert_eq!(of(&FlowFormat::platform(), PLATFORM_FLOW), egress);
    assert_eq!(
        of(&FlowFormat::default(), PLATFORM_FLOW),
        egress,
        "known by its number of fields"
    );
    let own: FlowFormat = "bytes srcaddr dstaddr action".parse().unwrap();
    let line = "300000000 10.0.0.1 198.51.100.7 ACCEPT";
    assert_eq!(of(&own, line), egress);
    assert_eq!(of(&FlowFormat::default(), line), "flow-accept");
    let mut learner =
        LineLearner::with_headers(BTreeMap::new(), MinerConfig::default(), own).unwrap();
    learner.learn(&record("flows", Shape::Flow, line));
    let lines = LineLearner::resume(&learner.freeze()).freeze();
    let stored = serde_json::to_string(&lines).unwrap();
    let loaded: LineMiner = serde_json::from_str(&stored).unwrap();
    let message = loaded
        .message(&record("flows", Shape::Flow, line))
        .into_owned();
    assert_eq!(message, egress, "the model carries its format");
}
