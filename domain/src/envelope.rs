//! The envelope in which CloudWatch Logs hands log events to a subscription: what producers write
//! ([`Envelope`]), and a reader that borrows from the decompressed bytes ([`read_envelopes`]).

mod reader;
mod text;

use serde::{Deserialize, Serialize};

pub use reader::{EnvelopeError, EnvelopeRef, EventRef, read_envelopes};
pub use text::JsonText;

/// Whether an envelope carries events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MessageType {
    /// Log events.
    DataMessage,
    /// CloudWatch checks whether the destination is reachable; nothing was logged.
    ControlMessage,
}

/// An envelope, owned: what a producer serialises.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// Whether it carries events.
    pub message_type: MessageType,
    /// The account that owns the log group.
    pub owner: String,
    /// Log group.
    pub log_group: String,
    /// Log stream.
    pub log_stream: String,
    /// The filters that let the events through.
    pub subscription_filters: Vec<String>,
    /// The events, in the order of the stream.
    pub log_events: Vec<EnvelopeEvent>,
}

/// One log event of an envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvelopeEvent {
    /// CloudWatch's event id.
    pub id: String,
    /// Epoch milliseconds.
    pub timestamp: i64,
    /// The line.
    pub message: String,
}

#[cfg(test)]
mod tests;
