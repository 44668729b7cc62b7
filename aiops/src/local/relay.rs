//! The relay: on AWS a subscription filter puts its envelopes into Kinesis; the emulator accepts
//! such a filter but delivers to functions only. This function puts the envelope into the stream,
//! its events numbered as CloudWatch Logs numbers them. It exists on the local cloud alone.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::Duration;

use aiops_domain::envelope::Envelope;
use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::aws::{Aws, AwsError, KINESIS};
use super::resources::lambda;

/// Name of the function, of its binary and of its zip.
pub const NAME: &str = "local-relay";

const STREAM_VARIABLE: &str = "AIOPS_RELAY_STREAM";

/// An envelope is at most 1 MiB of events; this bounds a hostile one.
const ENVELOPE_BYTES_MAX: u64 = 64 << 20;

/// A delivery that fails is lost: the emulator swallows its error. So it is tried for long.
const ATTEMPTS: u32 = 8;

/// What CloudWatch Logs hands to a function.
#[derive(Debug, Deserialize)]
pub struct SubscriptionEvent {
    awslogs: Data,
}

#[derive(Debug, Deserialize)]
struct Data {
    data: String,
}

/// The function.
#[derive(Debug)]
pub struct Relay {
    aws: Aws,
    stream: String,
}

impl Relay {
    /// The relay that the environment describes.
    pub fn from_environment() -> anyhow::Result<Self> {
        let variable =
            |name: &str| std::env::var(name).with_context(|| format!("{name} is not set"));
        Ok(Self {
            aws: Aws::new(variable("AWS_ENDPOINT_URL")?)?,
            stream: variable(STREAM_VARIABLE)?,
        })
    }

    /// Puts the envelope into the stream.
    pub async fn handle(&self, event: SubscriptionEvent) -> anyhow::Result<()> {
        let mut envelope = unpack(&event.awslogs.data)?;
        number(&mut envelope);
        let record = json!({
            "StreamName": self.stream,
            "Data": pack(&envelope)?,
            "PartitionKey": partition_key(&envelope),
        });
        let mut pause = Duration::from_millis(20);
        for attempt in 1..=ATTEMPTS {
            match self.aws.json(KINESIS, "PutRecord", record.clone()).await {
                Ok(_) => return Ok(()),
                Err(error) if attempt < ATTEMPTS && is_transient(&error) => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                Err(error) => return Err(error.into()),
            }
        }
        bail!("no attempt was made")
    }
}

fn is_transient(error: &AwsError) -> bool {
    match error {
        AwsError::Unreachable { .. } => true,
        AwsError::Refused { status, code, .. } => {
            *status >= 500 || code == "ProvisionedThroughputExceededException"
        }
        AwsError::Malformed { .. } => false,
    }
}

/// Group and stream, so that the lines of a stream stay in one shard and in order. At most 256
/// characters, which is Kinesis's limit.
fn partition_key(envelope: &Envelope) -> String {
    format!("{}:{}", envelope.log_group, envelope.log_stream)
        .chars()
        .take(256)
        .collect()
}

/// Gives the events ids of CloudWatch's form: 56 decimal digits that begin with the time and rise by
/// one within a call. The emulator's are random, so that of two lines of one instant the second
/// could come first.
fn number(envelope: &mut Envelope) {
    let Some(first) = envelope.log_events.first() else {
        return;
    };
    // The call is told from others by the emulator's id of its first event.
    let digest = Sha256::digest(&first.id);
    let call = digest
        .iter()
        .take(16)
        .fold(0_u128, |call, byte| (call << 8) | u128::from(*byte));
    let call = call % 10_u128.pow(32);
    for (position, event) in (0_u64..).zip(&mut envelope.log_events) {
        let millis = event.timestamp.clamp(0, 9_999_999_999_999);
        event.id = format!("3{millis:013}{call:032}{position:010}");
    }
}

fn unpack(data: &str) -> anyhow::Result<Envelope> {
    let envelope = STANDARD
        .decode(data)
        .context("the envelope is not base64")?;
    let mut json = Vec::new();
    MultiGzDecoder::new(envelope.as_slice())
        .take(ENVELOPE_BYTES_MAX)
        .read_to_end(&mut json)
        .context("the envelope is not gzip")?;
    serde_json::from_slice(&json).context("the envelope is not JSON")
}

fn pack(envelope: &Envelope) -> anyhow::Result<String> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&serde_json::to_vec(envelope)?)?;
    Ok(STANDARD.encode(gzip.finish()?))
}

/// Makes the relay into `stream` from its zip in `archives`; answers its ARN.
pub(super) async fn deploy(aws: &Aws, archives: &Path, stream: &str) -> anyhow::Result<String> {
    let path = archives.join(format!("{NAME}.zip"));
    let zip = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let configuration = json!({
        "Handler": "bootstrap",
        "Runtime": "provided.al2023",
        "Role": format!("arn:aws:iam::{}:role/{NAME}", super::aws::ACCOUNT),
        "MemorySize": 128,
        "Timeout": 60,
        "Environment": {"Variables": {
            "AWS_ENDPOINT_URL": aws.endpoint(),
            (STREAM_VARIABLE): stream,
        }},
    });
    lambda::create_or_update(aws, NAME, configuration, &zip)
        .await
        .context(NAME)?;
    Ok(lambda::arn_of(NAME))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aiops_domain::envelope::{EnvelopeEvent, MessageType};

    fn envelope(timestamps: &[i64]) -> Envelope {
        let event = |timestamp: &i64| EnvelopeEvent {
            id: format!("random-{timestamp}"),
            timestamp: *timestamp,
            message: "line".into(),
        };
        Envelope {
            message_type: MessageType::DataMessage,
            owner: "000000000000".into(),
            log_group: "/g".into(),
            log_stream: "s".into(),
            subscription_filters: vec!["f".into()],
            log_events: timestamps.iter().map(event).collect(),
        }
    }

    #[test]
    fn lines_of_one_stream_share_a_partition() {
        assert_eq!(partition_key(&envelope(&[])), "/g:s");
    }

    #[test]
    fn an_envelope_survives_the_relay_and_anything_else_is_refused() {
        let sent = envelope(&[1, 2]);
        assert_eq!(unpack(&pack(&sent).unwrap()).unwrap(), sent);
        assert!(unpack("!").is_err());
        assert!(unpack(&STANDARD.encode("plain")).is_err());
    }

    #[test]
    fn ids_have_the_form_and_the_order_of_cloudwatch() {
        let numbered = |timestamps: &[i64]| {
            let mut envelope = envelope(timestamps);
            number(&mut envelope);
            let ids: Vec<String> = envelope.log_events.into_iter().map(|e| e.id).collect();
            ids
        };
        let ids = numbered(&[-5, 1_785_585_600_000, 1_785_585_600_000, i64::MAX]);
        assert!(
            ids.iter()
                .all(|id| id.len() == 56 && id.bytes().all(|b| b.is_ascii_digit()))
        );
        assert!(ids.is_sorted());
        assert_eq!(
            ids,
            numbered(&[-5, 1_785_585_600_000, 1_785_585_600_000, i64::MAX]),
            "a repeated delivery has the same ids"
        );
        assert_ne!(numbered(&[1]), numbered(&[2]));
    }
}
