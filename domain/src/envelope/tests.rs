//! The envelope reader beside serde, and what it refuses.

use super::*;
use proptest::prelude::*;

/// What the reader found, owned.
fn owned(envelope: &EnvelopeRef<'_>) -> Envelope {
    Envelope {
        message_type: envelope.message_type,
        owner: String::new(),
        log_group: envelope.group.decode().into_owned(),
        log_stream: envelope.stream.decode().into_owned(),
        subscription_filters: Vec::new(),
        log_events: envelope
            .events
            .iter()
            .map(|event| EnvelopeEvent {
                id: event.id.decode().into_owned(),
                timestamp: event.timestamp.as_millis(),
                message: event.message.decode().into_owned(),
            })
            .collect(),
    }
}

const USUAL: &str = r#"{"messageType":"DATA_MESSAGE","owner":"123456789012","logGroup":"g","logStream":"s","subscriptionFilters":["f"],"logEvents":[{"id":"1","timestamp":1440442987000,"message":"[ERROR] First \"message\""},{"id":"2","timestamp":1440442987001,"message":"b"}]}"#;

#[test]
fn an_envelope_as_cloudwatch_writes_it() {
    let envelopes = read_envelopes(USUAL).unwrap();
    let envelope = owned(&envelopes[0]);
    assert_eq!(envelopes.len(), 1);
    assert_eq!(envelope.log_group, "g");
    assert_eq!(envelope.log_events[0].message, "[ERROR] First \"message\"");
    assert_eq!(envelope.log_events[1].timestamp, 1_440_442_987_001);
}

#[test]
fn any_order_blanks_unknown_members_and_several_in_a_row() {
    let text = r#" { "logEvents" : [ { "message" : "m\ud83d\ude00" , "extractedFields" : {"a":[1,{"b":null}],"c":"]}"} ,
        "timestamp" : -1 , "id" : "x" } ] , "policyLevel":"ACCOUNT_LEVEL_POLICY", "logStream":"s", "log\u0047roup":"g\/h", "messageType":"CONTROL_MESSAGE" }
        {"messageType":"DATA_MESSAGE","logGroup":"","logStream":"","logEvents":[]} "#;
    let envelopes = read_envelopes(text).unwrap();
    let first = owned(&envelopes[0]);
    assert_eq!(envelopes.len(), 2);
    assert_eq!(first.message_type, MessageType::ControlMessage);
    assert_eq!(first.log_group, "g/h");
    assert_eq!(first.log_events[0].message, "m😀");
    assert_eq!(first.log_events[0].timestamp, -1);
    assert!(envelopes[1].events.is_empty());
}

#[test]
fn the_event_of_a_control_message_has_no_id() {
    let text = r#"{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logGroup":"","logStream":"","subscriptionFilters":[],"logEvents":[{"id":"","timestamp":1510109208016,"message":"CWL CONTROL MESSAGE: Checking health of destination Kinesis stream."}]}"#;
    let envelopes = read_envelopes(text).unwrap();
    assert_eq!(envelopes[0].message_type, MessageType::ControlMessage);
}

#[test]
fn what_is_no_envelope_is_refused_with_the_place() {
    let with_event = |event: &str| {
        format!(
            r#"{{"messageType":"DATA_MESSAGE","logGroup":"g","logStream":"s","logEvents":[{event}]}}"#
        )
    };
    for text in [
        String::new(),
        "   ".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        r#"{"messageType":"OTHER","logGroup":"g","logStream":"s","logEvents":[]}"#.to_owned(),
        r#"{"messageType":"DATA_MESSAGE","logGroup":"g","logStream":"s"}"#.to_owned(),
        format!("{USUAL}x"),
        USUAL.replace("\"}]}", ""),
        with_event(r#"{"id":"1","timestamp":1}"#),
        with_event(r#"{"id":"","timestamp":1,"message":""}"#),
        with_event(r#"{"id":"1","timestamp":1.5,"message":""}"#),
        with_event(r#"{"id":"1","timestamp":99999999999999999999,"message":""}"#),
        with_event(r#"{"id":"1","timestamp":"1","message":""}"#),
        with_event(r#"{"id":"1","timestamp":1,"message":"\ud800"}"#),
        with_event(r#"{"id":"1","timestamp":1,"message":"\udc00\ud800"}"#),
        with_event(r#"{"id":"1","timestamp":1,"message":"\x"}"#),
        with_event("{\"id\":\"1\",\"timestamp\":1,\"message\":\"a\nb\"}"),
        with_event("{\"id\":\"1\",\"timestamp\":1,\"message\":\"\u{0}\"}"),
        with_event(&format!(
            r#"{{"id":"{}","timestamp":1,"message":""}}"#,
            "9".repeat(257)
        )),
        with_event(&format!(
            r#"{{"x":{}1{}}}"#,
            "[".repeat(100_000),
            "]".repeat(100_000)
        )),
        USUAL.replace("\"g\"", &format!("\"{}\"", "g".repeat(3_000))),
    ] {
        let error = read_envelopes(&text).expect_err(&text);
        assert!(error.at <= text.len(), "{error}");
    }
}

fn envelope() -> impl Strategy<Value = Envelope> {
    let text = prop_oneof!["[ -~]{0,40}", any::<String>()];
    let event = ("[0-9]{1,56}", any::<i64>(), text).prop_map(|(id, timestamp, message)| {
        EnvelopeEvent {
            id,
            // The most negative number has no positive counterpart, and no clock shows it.
            timestamp: timestamp.max(i64::MIN + 1),
            message,
        }
    });
    let message_type =
        prop::sample::select(vec![MessageType::DataMessage, MessageType::ControlMessage]);
    let name = "[\u{20}-\u{7e}é\"\\\\]{0,30}";
    (message_type, name, name, prop::collection::vec(event, 0..6)).prop_map(
        |(message_type, log_group, log_stream, log_events)| Envelope {
            message_type,
            owner: String::new(),
            log_group,
            log_stream,
            subscription_filters: Vec::new(),
            log_events,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(36), ..ProptestConfig::default() })]

    /// Whatever serde writes, compact or with blanks, is read as serde reads it.
    #[test]
    fn it_reads_what_serde_writes(envelopes in prop::collection::vec(envelope(), 1..4), pretty in any::<bool>()) {
        let text: String = envelopes
            .iter()
            .map(|envelope| if pretty {
                serde_json::to_string_pretty(envelope).unwrap()
            } else {
                serde_json::to_string(envelope).unwrap()
            })
            .collect();
        let read: Vec<_> = read_envelopes(&text).unwrap().iter().map(owned).collect();
        prop_assert_eq!(read, envelopes);
    }

    /// A cut or changed envelope is read or refused, never a panic; and what is read, serde takes for
    /// a string as well.
    #[test]
    fn damage_is_refused_or_harmless(
        envelope in envelope(),
        cut in any::<prop::sample::Index>(),
        noise in "[\\\\\"{}\\[\\]:,ud0-9\u{0}é]{0,6}",
    ) {
        let text = serde_json::to_string(&envelope).unwrap();
        let mut at = cut.index(text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let (head, tail) = text.split_at(at);
        for damaged in [head.to_owned(), format!("{head}{noise}{tail}"), noise] {
            for envelope in read_envelopes(&damaged).unwrap_or_default() {
                for event in envelope.events {
                    for text in [event.id, event.message] {
                        let decoded: String = serde_json::from_str(&format!("\"{}\"", text.raw())).unwrap();
                        prop_assert_eq!(decoded.as_str(), &*text.decode());
                    }
                }
            }
        }
    }

    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        prop_assert!(read_envelopes(&text).is_err());
    }
}
