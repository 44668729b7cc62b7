//! Configuration of `notifier`.

use serde::{Deserialize, Serialize};

use crate::incident::Severity;
use crate::redact::RedactionConfig;

/// What `notifier` works with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotifierConfig {
    /// Table of incidents.
    pub incidents_table: String,
    /// Where messages go; every channel that fits gets one.
    pub channels: Vec<Channel>,
    /// What is taken out of messages.
    #[serde(default)]
    pub redaction: RedactionConfig,
    /// Where a plan is shown: the address of the approvals API, without a slash at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approvals_url: Option<String>,
    /// Secret with the key that signs approval tokens; needed for buttons and links.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_key_arn: Option<String>,
    /// How long an approval's token is valid, in seconds; no longer than the workflow waits.
    #[serde(default = "approval_seconds")]
    pub approval_seconds: u32,
    /// The region and log group prefix of links into the console.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub console: Option<Console>,
}

const fn approval_seconds() -> u32 {
    1800
}

/// Where a channel's messages go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// Its name, in the table and in logs.
    pub name: String,
    /// How it is reached.
    pub via: Via,
    /// Only incidents of these teams.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teams: Option<Vec<String>>,
    /// Only incidents from this severity on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_severity: Option<Severity>,
    /// New messages per window of five minutes; the rest is counted and told in the next message.
    #[serde(default = "max_messages")]
    pub max_messages: u32,
}

const fn max_messages() -> u32 {
    20
}

/// How a channel is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Via {
    /// A Slack incoming webhook: every message is a new one.
    SlackWebhook {
        /// Secret with its URL.
        url_secret_arn: String,
    },
    /// A Slack bot: one message per incident, updated in place, details in its thread.
    SlackBot {
        /// Secret with its token.
        token_secret_arn: String,
        /// The channel's id.
        channel: String,
        /// The API's address; Slack's own unless a test says otherwise.
        #[serde(default = "slack_api")]
        api: String,
    },
    /// A Teams Workflows webhook.
    TeamsWorkflow {
        /// Secret with its URL.
        url_secret_arn: String,
    },
}

fn slack_api() -> String {
    "https://slack.com/api".to_owned()
}

/// Where links into the console lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Console {
    /// Region.
    pub region: String,
    /// Log groups that a query covers.
    pub log_groups: Vec<String>,
}
