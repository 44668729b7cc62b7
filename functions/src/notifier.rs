//! `notifier`: one message per incident and channel that an engineer grasps in ten seconds: what, where,
//! since when, why, what was done. Invoked by SNS; safe to invoke twice for one notice.

use aiops_domain::config::NotifierConfig;
use aiops_domain::redact::Redactor;
use serde::Deserialize;

use crate::incidents::{IncidentError, Incidents};
use crate::ports::cloud::{Pause, Secrets, Web};
use crate::ports::{Clock, PortError, Table};

mod deliver;
mod limit;
mod slack;
mod teams;
pub mod text;
pub mod view;

pub use limit::Group;
pub use slack::message as slack_message;
pub use teams::message as teams_message;

/// What invokes the function.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Invocation {
    /// SNS, with notices.
    Notices(SnsEvent),
    /// The timer.
    Timer(TimerEvent),
}

/// The timer's event.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimerEvent {
    /// What to do.
    pub step: TimerStep,
}

/// What a timer asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimerStep {
    /// Tell what was held back.
    Flush,
}

/// The part of SNS's event that counts.
#[derive(Debug, Clone, Deserialize)]
pub struct SnsEvent {
    /// The notices.
    #[serde(rename = "Records")]
    pub records: Vec<SnsRecord>,
}

/// One notice on its way.
#[derive(Debug, Clone, Deserialize)]
pub struct SnsRecord {
    /// The envelope.
    #[serde(rename = "Sns")]
    pub sns: SnsMessage,
}

/// The envelope.
#[derive(Debug, Clone, Deserialize)]
pub struct SnsMessage {
    /// What was published for functions.
    #[serde(rename = "Message")]
    pub message: String,
}

/// What `remediator` publishes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Notice {
    /// `aiops.notice/1`.
    pub schema: String,
    /// The incident.
    pub incident_id: String,
    /// Its opening.
    #[serde(default)]
    pub opening: u64,
    /// What happened: `opened`, `approval_requested`, `closed`, `continues`, `undone`.
    pub event: String,
    /// With `continues`: findings since the last message.
    #[serde(default)]
    pub more: u64,
}

/// Why an invocation fails, and comes again.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// The table or a secret failed.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The incident cannot be read.
    #[error(transparent)]
    Incident(#[from] IncidentError),
    /// A pattern of the redaction is wrong.
    #[error(transparent)]
    Pattern(#[from] aiops_domain::redact::PatternError),
    /// A channel did not take a message.
    #[error("channel {channel} did not take the message: {detail}")]
    Undelivered {
        /// The channel.
        channel: String,
        /// What it answered.
        detail: String,
    },
}

/// The function over its seams.
#[derive(Debug)]
pub struct Notifier<T, W, S, K, Z> {
    /// The incidents.
    pub incidents: Incidents<T>,
    /// The web.
    pub web: W,
    /// The secrets.
    pub secrets: S,
    /// The present.
    pub clock: K,
    /// The waiting between tries.
    pub pause: Z,
    /// The configuration.
    pub config: NotifierConfig,
}

impl<T: Table, W: Web, S: Secrets, K: Clock, Z: Pause> Notifier<T, W, S, K, Z> {
    /// Delivers every notice to every channel it belongs to.
    ///
    /// # Errors
    /// The first failure, after everything else was tried: the invocation then comes again, and at last
    /// ends in the dead-letter queue.
    pub async fn handle(&self, invocation: Invocation) -> Result<(), NotifyError> {
        let event = match invocation {
            Invocation::Notices(event) => event,
            Invocation::Timer(TimerEvent {
                step: TimerStep::Flush,
            }) => return Box::pin(self.flush()).await,
        };
        let redactor = Redactor::new(&self.config.redaction)?;
        let mut failure = None;
        for record in event.records {
            let notice = match serde_json::from_str::<Notice>(&record.sns.message) {
                Ok(notice) if notice.schema == "aiops.notice/1" => notice,
                // Somebody else's message: coming again would not make it ours.
                _ => {
                    tracing::warn!("a message that is no notice was left alone");
                    continue;
                }
            };
            if let Err(error) = Box::pin(self.tell(&notice, &redactor)).await {
                tracing::error!(incident = %notice.incident_id, event = %notice.event, %error, "notice failed");
                failure.get_or_insert(error);
            }
        }
        failure.map_or(Ok(()), Err)
    }

    async fn tell(&self, notice: &Notice, redactor: &Redactor) -> Result<(), NotifyError> {
        let view = self.view(notice, redactor).await?;
        let mut failure = None;
        for channel in &self.config.channels {
            let fits = channel
                .teams
                .as_ref()
                .is_none_or(|teams| teams.contains(&view.team))
                && channel
                    .min_severity
                    .is_none_or(|least| view.severity >= least);
            if !fits {
                continue;
            }
            if let Err(error) = self.deliver(notice, channel, &view).await {
                failure.get_or_insert(error);
            }
        }
        failure.map_or(Ok(()), Err)
    }
}
