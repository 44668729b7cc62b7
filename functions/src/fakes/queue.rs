//! SQS in memory.

use std::sync::{Arc, Mutex};

use super::locked;
use crate::ports::{PortError, PortResult, Queue};

/// The longest delay that SQS takes, in seconds.
const MAX_DELAY_SECONDS: u32 = 900;

/// The longest body that SQS takes, in bytes.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// A message as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentMessage {
    /// Its body.
    pub body: String,
    /// Seconds until it may be seen.
    pub delay_seconds: u32,
}

/// A queue in memory. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct FakeQueue {
    messages: Arc<Mutex<Vec<SentMessage>>>,
}

impl FakeQueue {
    /// Takes every message out, in the order of sending, whatever its delay.
    pub fn take(&self) -> Vec<SentMessage> {
        std::mem::take(&mut *locked(&self.messages))
    }

    /// How many messages are in it.
    pub fn len(&self) -> usize {
        locked(&self.messages).len()
    }

    /// Whether no message is in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Queue for FakeQueue {
    async fn send(&self, body: String, delay_seconds: u32) -> PortResult<()> {
        let refuse = |detail: &str| PortError::Permanent {
            what: "sending a message".into(),
            detail: detail.into(),
        };
        if delay_seconds > MAX_DELAY_SECONDS {
            return Err(refuse("a delay above 900 s"));
        }
        if body.is_empty() || body.len() > MAX_BODY_BYTES {
            return Err(refuse("an empty body or one above 1 MiB"));
        }
        locked(&self.messages).push(SentMessage {
            body,
            delay_seconds,
        });
        Ok(())
    }
}
