//! SQS, sending side.

use aws_sdk_sqs::Client;

use super::error::classify;
use crate::ports::{PortError, PortResult, Queue};

/// One queue.
#[derive(Debug, Clone)]
pub struct SqsQueue {
    client: Client,
    url: String,
}

impl SqsQueue {
    /// The queue at this URL.
    pub fn new(config: &aws_config::SdkConfig, url: impl Into<String>) -> Self {
        Self {
            client: Client::new(config),
            url: url.into(),
        }
    }
}

impl Queue for SqsQueue {
    async fn send(&self, body: String, delay_seconds: u32) -> PortResult<()> {
        let delay = i32::try_from(delay_seconds).map_err(|_| PortError::Permanent {
            what: self.url.clone(),
            detail: "a delay above 900 s".into(),
        })?;
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_body(body)
            .delay_seconds(delay)
            .send()
            .await
            .map_err(|error| classify(&self.url, &error))?;
        Ok(())
    }
}
