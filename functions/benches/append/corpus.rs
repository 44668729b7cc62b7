//! The fixed corpus: flow log envelopes as CloudWatch Logs hands them to a stream.

use std::io::Write as _;

use aiops_domain::envelope::{Envelope, EnvelopeEvent, MessageType};
use aiops_functions::appender::{KinesisEventRecord, KinesisPayload};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;

const RECORDS: u64 = 60;
const EVENTS_PER_RECORD: u64 = 1_500;

/// The corpus in the forms that the contestants take.
pub(crate) struct Corpus {
    /// As Lambda hands it over.
    pub(crate) records: Vec<KinesisEventRecord>,
    /// The gzip within.
    pub(crate) compressed: Vec<Vec<u8>>,
    /// Distinct events.
    pub(crate) events: u64,
    /// Bytes when decompressed.
    pub(crate) bytes: u64,
}

/// Numbers that look random and are the same at every run (xorshift64*, Vigna 2016).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) % end
    }
}

/// Makes the corpus.
pub(crate) fn corpus() -> Corpus {
    let mut numbers = Numbers(20_260_801);
    let mut corpus = Corpus {
        records: Vec::new(),
        compressed: Vec::new(),
        events: RECORDS * EVENTS_PER_RECORD,
        bytes: 0,
    };
    for record in 0..RECORDS {
        let json = serde_json::to_vec(&envelope(record, &mut numbers)).expect("plain data");
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(&json).expect("memory");
        let compressed = gzip.finish().expect("memory");
        corpus.bytes += json.len() as u64;
        corpus.records.push(KinesisEventRecord {
            event_id: format!("shardId-000000000000:{record}"),
            kinesis: KinesisPayload {
                sequence_number: record.to_string(),
                data: STANDARD.encode(&compressed),
                approximate_arrival_timestamp: 1_785_585_600.5,
            },
        });
        corpus.compressed.push(compressed);
    }
    corpus
}

fn envelope(record: u64, numbers: &mut Numbers) -> Envelope {
    let interface = format!("eni-{:017x}", 0x0a1b_2c3d_4e5f_u64 + record % 12 * 7_919);
    let log_events = (0..EVENTS_PER_RECORD)
        .map(|event| flow(record, event, &interface, numbers))
        .collect();
    Envelope {
        message_type: MessageType::DataMessage,
        owner: "123456789012".to_owned(),
        log_group: "/aws/vpc/flow-logs/production".to_owned(),
        log_stream: format!("{interface}-all"),
        subscription_filters: vec!["to-stream".to_owned()],
        log_events,
    }
}

/// One flow: hosts of one subnet talk to a few dozen services and to the world.
fn flow(record: u64, event: u64, interface: &str, numbers: &mut Numbers) -> EnvelopeEvent {
    let start = 1_785_585_000 + record * 10 + numbers.below(10);
    let inside = format!("10.0.{}.{}", numbers.below(4), numbers.below(250));
    let outside = if numbers.below(3) == 0 {
        format!(
            "{}.{}.{}.{}",
            numbers.below(220) + 1,
            numbers.below(256),
            numbers.below(256),
            numbers.below(256)
        )
    } else {
        format!("10.1.0.{}", numbers.below(40))
    };
    let port = [443, 5432, 6379, 22, 80, 8080][numbers.below(6) as usize];
    let packets = numbers.below(200) + 1;
    let message = format!(
        "2 123456789012 {interface} {inside} {outside} {} {port} 6 {packets} {} {start} {} {} OK",
        32_768 + numbers.below(28_000),
        packets * (40 + numbers.below(1_400)),
        start + 60,
        if numbers.below(20) == 0 {
            "REJECT"
        } else {
            "ACCEPT"
        },
    );
    EnvelopeEvent {
        // As CloudWatch makes ids: the time in the high digits, what names the call in the middle, and
        // the events of a call numbered.
        id: format!(
            "{:037}{:019}",
            u128::from(start) * 5_575_186_299_632_655_785_383_929_568,
            4_567_890_123_456_700_000_u64 + record * 1_048_576 + event
        ),
        timestamp: i64::try_from(start * 1000).expect("within range"),
        message,
    }
}
