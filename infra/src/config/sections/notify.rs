//! `notify`: who hears of an incident, and through what.

use aiops_domain::Severity;

use crate::config::choices::Environment;
use crate::config::field::{Rule, Section, section};
use crate::config::rules;

section! {
    /// Where incidents are reported. Tokens and webhook addresses stand in Secrets Manager, never here.
    pub struct Notify {
        /// Slack; absent: not used.
        slack: Option<Slack>,
        /// Microsoft Teams; absent: not used.
        microsoft_teams: Option<MicrosoftTeams>,
        /// E-mail addresses that get every incident and alarm.
        emails: Vec<String> => rules::EMAIL,
        /// Full name of another stack of this account and region whose alarm topic hears the alarms of this one too (`organization/project/stack`).
        alarms_stack: Option<String> => rules::STACK_NAME,
        /// Least severity that is reported.
        minimum_severity: Severity,
        /// Most messages an hour; what exceeds it is summed up in one.
        messages_per_hour: u32 => Rule::Range(1.0, 1000.0),
    }
}

impl Section for Notify {
    fn defaults(environment: Environment) -> Self {
        Self {
            slack: None,
            microsoft_teams: None,
            emails: Vec::new(),
            alarms_stack: None,
            minimum_severity: if environment == Environment::Prod {
                Severity::Medium
            } else {
                Severity::Low
            },
            messages_per_hour: 60,
        }
    }
}

section! {
    /// Slack, by bot token.
    pub struct Slack {
        /// The channel.
        channel: String => rules::SLACK_CHANNEL,
        /// Name of an existing secret with the bot token; absent: the stack makes an empty one, `<prefix>/slack-bot-token`.
        bot_token_secret: Option<String> => rules::SECRET_NAME,
        /// Name of an existing secret with the signing secret; absent: the stack makes an empty one, `<prefix>/slack-signing-secret`.
        signing_secret: Option<String> => rules::SECRET_NAME,
    }
}

impl Section for Slack {
    fn defaults(_environment: Environment) -> Self {
        Self {
            channel: "#incidents".to_owned(),
            bot_token_secret: None,
            signing_secret: None,
        }
    }
}

section! {
    /// Microsoft Teams, by a Workflows webhook.
    pub struct MicrosoftTeams {
        /// Name of an existing secret with the webhook's address; absent: the stack makes an empty one, `<prefix>/teams-webhook`.
        webhook_secret: Option<String> => rules::SECRET_NAME,
    }
}

impl Section for MicrosoftTeams {
    fn defaults(_environment: Environment) -> Self {
        Self {
            webhook_secret: None,
        }
    }
}
