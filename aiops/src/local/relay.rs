//! The relay: on AWS a subscription filter puts its envelopes into Kinesis; the emulator accepts
//! such a filter but delivers to functions only. This function puts the very same bytes into the
//! stream. It exists on the local cloud alone.

use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use serde_json::json;

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

/// Where an envelope comes from.
#[derive(Debug, Deserialize)]
struct Origin {
    #[serde(rename = "logGroup", default)]
    group: String,
    #[serde(rename = "logStream", default)]
    stream: String,
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
        let record = json!({
            "StreamName": self.stream,
            "Data": event.awslogs.data,
            "PartitionKey": partition_key(&event.awslogs.data)?,
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
fn partition_key(data: &str) -> anyhow::Result<String> {
    let envelope = STANDARD
        .decode(data)
        .context("the envelope is not base64")?;
    let mut json = Vec::new();
    MultiGzDecoder::new(envelope.as_slice())
        .take(ENVELOPE_BYTES_MAX)
        .read_to_end(&mut json)
        .context("the envelope is not gzip")?;
    let origin: Origin = serde_json::from_slice(&json).context("the envelope is not JSON")?;
    Ok(format!("{}:{}", origin.group, origin.stream)
        .chars()
        .take(256)
        .collect())
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
    use std::io::Write as _;

    #[test]
    fn lines_of_one_stream_share_a_partition() {
        let envelope = |body: &str| {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gzip.write_all(body.as_bytes()).unwrap();
            STANDARD.encode(gzip.finish().unwrap())
        };
        let key = partition_key(&envelope(
            r#"{"messageType":"DATA_MESSAGE","logGroup":"/g","logStream":"s","logEvents":[]}"#,
        ));
        assert_eq!(key.unwrap(), "/g:s");
        assert!(partition_key("!").is_err());
        assert!(partition_key(&STANDARD.encode("plain")).is_err());
        assert!(partition_key(&envelope("[")).is_err());
    }
}
