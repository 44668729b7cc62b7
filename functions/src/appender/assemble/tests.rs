//! Segments beside the records that serde reads, and what ends in quarantine.

use std::io::{Read as _, Write as _};

use aiops_domain::LogRecord;
use aiops_domain::categorise::default_rules;
use aiops_domain::envelope::{Envelope, EnvelopeEvent, MessageType};
use aiops_domain::event_time::TimeAssumptions;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::*;
use crate::appender::KinesisPayload;

fn record(position: usize, text: &[u8]) -> KinesisEventRecord {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    KinesisEventRecord {
        event_id: format!("shardId-000000000000:{position}"),
        kinesis: KinesisPayload {
            sequence_number: position.to_string(),
            data: STANDARD.encode(encoder.finish().unwrap()),
            approximate_arrival_timestamp: 1_785_585_600.125,
        },
    }
}

fn envelope() -> impl Strategy<Value = Envelope> {
    let line = prop_oneof![
        any::<String>(),
        Just(
            "2 123456789010 eni-1 10.0.0.1 10.0.0.2 1 2 6 1 1 1785585540 1785585600 ACCEPT OK"
                .to_owned()
        ),
        Just(
            r#"{"log":"x","kubernetes":{"pod_name":"p\"\\\u0001é","namespace_name":"n"}}"#
                .to_owned()
        ),
        Just("Jun 14 15:16:01 combo sshd[1]: x".to_owned()),
    ];
    let event = ("[0-9]{1,3}|[0-9]{56}", 0..4_000_000_000_000_i64, line).prop_map(
        |(id, timestamp, message)| EnvelopeEvent {
            id,
            timestamp,
            message,
        },
    );
    let group = prop_oneof![
        "[ -~é]{0,20}",
        Just("/aws/containerinsights/c/application".to_owned()),
        Just("/aws/vpc/flow".to_owned()),
    ];
    (
        group,
        "[\u{0}-\u{7e}é]{0,20}",
        prop::collection::vec(event, 0..8),
    )
        .prop_map(|(log_group, log_stream, log_events)| Envelope {
            message_type: MessageType::DataMessage,
            owner: String::new(),
            log_group,
            log_stream,
            subscription_filters: Vec::new(),
            log_events,
        })
}

fn categoriser() -> Categoriser {
    Categoriser::new(default_rules(), TimeAssumptions::default())
}

/// The records of every segment, as serde reads them.
fn lines(assembly: &Assembly) -> Vec<LogRecord> {
    let mut records = Vec::new();
    for segment in &assembly.segments {
        let mut text = String::new();
        GzDecoder::new(segment.body.as_slice())
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text.lines().count() as u64, segment.lines);
        records.extend(
            text.lines()
                .map(|line| serde_json::from_str::<LogRecord>(line).unwrap()),
        );
    }
    records
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(43), ..ProptestConfig::default() })]

    /// The hand-written lines, read by serde, are the records that serde's own form would be.
    #[test]
    fn a_segment_holds_what_serde_reads(envelopes in prop::collection::vec(envelope(), 1..4)) {
        let text: Vec<u8> = envelopes.iter().flat_map(|envelope| serde_json::to_vec(envelope).unwrap()).collect();
        let kinesis = record(0, &text);
        let mut reader = RecordReader::default();
        let assembly = assemble(&mut reader, &categoriser(), &AppenderLimits::default(), std::slice::from_ref(&kinesis));
        prop_assert!(assembly.quarantined.is_empty());
        let mut expected: Vec<LogRecord> = Vec::new();
        hand_over(&reader.envelopes().unwrap(), &categoriser(), usize::MAX, (0, kinesis.arrived()), &mut expected).unwrap();
        let mut seen = std::collections::HashSet::new();
        expected.retain(|record| seen.insert((record.source, aiops_domain::segment::Hour::of(record.time), record.id.clone())));
        let mut written = lines(&assembly);
        prop_assert_eq!(written.len() as u64, assembly.counts.events);
        let key = |record: &LogRecord| (record.id.clone(), record.source, record.time);
        written.sort_by_key(key);
        expected.sort_by_key(key);
        prop_assert_eq!(&written, &expected);
        for record in &written {
            prop_assert_eq!(&serde_json::from_str::<LogRecord>(&serde_json::to_string(record).unwrap()).unwrap(), record);
        }
    }

    /// Any bytes are either events or one quarantined record that keeps them.
    #[test]
    fn any_bytes_end_in_quarantine(bytes in prop::collection::vec(any::<u8>(), 0..200), packed in any::<bool>()) {
        let mut kinesis = record(0, &bytes);
        if !packed {
            kinesis.kinesis.data = STANDARD.encode(&bytes);
        }
        let assembly = assemble(&mut RecordReader::default(), &categoriser(), &AppenderLimits::default(), std::slice::from_ref(&kinesis));
        prop_assert_eq!(assembly.segments.len(), 0);
        prop_assert_eq!(&assembly.quarantined[0].1.data, &kinesis.kinesis.data);
    }
}

#[test]
fn a_quarantined_record_names_the_events_that_can_be_recognised() {
    let text = r#"{"messageType":"DATA_MESSAGE","logGroup":"g","logStream":"s","logEvents":[{"id":"7","timestamp":1,"message":"say \"id\":\"9\""},{"id":"7","timestamp":1,"message":""},{"id":"8","timest"#;
    let records = [record(0, text.as_bytes())];
    let assembly = assemble(
        &mut RecordReader::default(),
        &categoriser(),
        &AppenderLimits::default(),
        &records,
    );
    let quarantined = &assembly.quarantined[0].1;
    assert_eq!(quarantined.event_ids, ["7", "8"]);
    assert!(
        quarantined.error.contains("at byte"),
        "{}",
        quarantined.error
    );
}

#[test]
fn a_record_spread_over_too_many_hours_is_quarantined_and_a_full_batch_stops() {
    let spread = |hours: i64| {
        let log_events = (0..hours)
            .map(|hour| EnvelopeEvent {
                id: hour.to_string(),
                timestamp: 1_785_585_600_000 + hour * 3_600_000,
                message: "x".to_owned(),
            })
            .collect();
        serde_json::to_vec(&Envelope {
            message_type: MessageType::DataMessage,
            owner: String::new(),
            log_group: "g".to_owned(),
            log_stream: "s".to_owned(),
            subscription_filters: Vec::new(),
            log_events,
        })
        .unwrap()
    };
    let limits = AppenderLimits {
        record_partitions_max: 10,
        batch_partitions_max: 5,
        ..AppenderLimits::default()
    };
    let records = [
        record(0, &spread(11)),
        record(1, &spread(10)),
        record(2, &spread(1)),
    ];
    let assembly = assemble(
        &mut RecordReader::default(),
        &categoriser(),
        &limits,
        &records,
    );
    assert_eq!(assembly.quarantined.len(), 1);
    assert_eq!(assembly.segments.len(), 10);
    assert_eq!(assembly.stopped_at, Some(2));
}
