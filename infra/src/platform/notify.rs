//! Who hears of an incident: the notifier behind the topic, and the secrets of its channels.
//!
//! Coming from HCL: an SNS topic with an e-mail subscription.

use aiops_domain::config::NotifierConfig;
use aiops_domain::config::notifier::{Channel, Console, Via};

use super::context::Context;
use super::functions::{Function, Shared, Spec, function};
use super::keys::Keys;
use super::logs::Subscribed;
use super::secrets::{self, Secret};
use super::tables::{self, Tables};
use super::topics::Topics;
use crate::aws::{apigatewayv2, cloudwatch, lambda, sns};
use crate::graph::{Document, Scope, json};
use crate::object;

/// The secrets of chats and of approvals.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// Signs the tokens of approvals.
    pub token_key: Secret,
    /// Proves that an interaction is Slack's.
    pub slack_signing: Option<Secret>,
    slack: Option<Secret>,
    teams: Option<Secret>,
}

/// Declares the secrets of what is configured. The laptop has both chats, as webhooks: its receiver
/// stands in for them.
pub fn secrets(scope: &Scope<'_>, context: &Context<'_>, keys: Option<&Keys>) -> Secrets {
    let scope = scope.component("Secrets", "secrets");
    let secret =
        |name, existing: Option<&str>| secrets::secret(&scope, context, keys, name, existing);
    let notify = &context.config.notify;
    let local = context.is_local();
    let slack = notify.slack.as_ref();
    let teams = notify.microsoft_teams.as_ref();
    let slack_token = if local {
        ("slack-webhook", "Address of the Slack webhook")
    } else {
        ("slack-bot-token", "Token of the Slack bot")
    };
    Secrets {
        token_key: secret(
            ("approval-token-key", "Key that signs approval tokens"),
            None,
        ),
        slack_signing: (local || slack.is_some()).then(|| {
            let existing = slack.and_then(|slack| slack.signing_secret.as_deref());
            secret(
                ("slack-signing-secret", "Signing secret of the Slack app"),
                existing,
            )
        }),
        slack: (local || slack.is_some()).then(|| {
            let existing = slack.and_then(|slack| slack.bot_token_secret.as_deref());
            secret(slack_token, existing)
        }),
        teams: (local || teams.is_some()).then(|| {
            let existing = teams.and_then(|teams| teams.webhook_secret.as_deref());
            secret(("teams-webhook", "Address of the Teams workflow"), existing)
        }),
    }
}

/// What the notifier reads and refers to.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    /// The tables.
    pub tables: &'a Tables,
    /// The topics.
    pub topics: &'a Topics,
    /// The secrets.
    pub secrets: &'a Secrets,
    /// Where plans are shown and decided on.
    pub approvals: &'a apigatewayv2::Api,
    /// The groups whose lines a message links to.
    pub groups: &'a [Subscribed],
}

/// Declares the notifier. It stays outside the VPC: webhooks are on the internet, which a private
/// subnet without NAT does not reach.
pub fn declare(
    shared: &Shared<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    places: Places<'_>,
) -> Function {
    let secrets = places.secrets;
    let mut document = Document::default();
    let configuration = NotifierConfig {
        incidents_table: document.hole(places.tables.incidents.name()),
        channels: channels(context, &mut document, secrets),
        redaction: Default::default(),
        approvals_url: Some(document.hole(places.approvals.api_endpoint())),
        token_key_arn: Some(document.hole(&secrets.token_key.arn)),
        approval_seconds: context
            .config
            .remediation
            .approval_minutes
            .saturating_mul(60),
        console: Some(Console {
            region: context.region().to_owned(),
            log_groups: places
                .groups
                .iter()
                .map(|group| document.hole(&group.group))
                .collect(),
        }),
    };
    let readable = [
        Some(&secrets.token_key),
        secrets.slack.as_ref(),
        secrets.teams.as_ref(),
    ];
    let mut statements = vec![tables::items("Incidents", &places.tables.incidents)];
    statements.extend(secrets::read(readable.into_iter().flatten()));
    let notifier = function(
        shared,
        context,
        keys,
        Spec {
            name: "notifier",
            description: "Tells people about incidents",
            settings: &context.config.functions.notifier,
            configuration: document.finish(&configuration),
            statements,
        },
    );
    subscribe(shared, &notifier, places.topics);
    flush(shared, context, &notifier);
    notifier
}

fn channels(context: &Context<'_>, document: &mut Document, secrets: &Secrets) -> Vec<Channel> {
    let notify = &context.config.notify;
    // The configuration counts by the hour, the channel by five minutes.
    let max_messages = notify.messages_per_hour.div_ceil(12);
    let channel = |name: &str, via, teams| Channel {
        name: name.to_owned(),
        via,
        teams,
        min_severity: Some(notify.minimum_severity),
        max_messages,
    };
    let mut channels = Vec::new();
    if let Some(secret) = &secrets.slack {
        let arn = document.hole(&secret.arn);
        match &notify.slack {
            None => channels.push(channel(
                "slack",
                Via::SlackWebhook {
                    url_secret_arn: arn,
                },
                None,
            )),
            Some(slack) => {
                let bot = |channel: &str| Via::SlackBot {
                    token_secret_arn: arn.clone(),
                    channel: channel.to_owned(),
                    api: "https://slack.com/api".to_owned(),
                };
                channels.push(channel("slack", bot(&slack.channel), None));
                for (team, settings) in &context.config.teams {
                    if let Some(own) = &settings.slack_channel {
                        let name = format!("slack-{team}");
                        channels.push(channel(&name, bot(own), Some(vec![team.to_string()])));
                    }
                }
            }
        }
    }
    if let Some(secret) = &secrets.teams {
        let via = Via::TeamsWorkflow {
            url_secret_arn: document.hole(&secret.arn),
        };
        channels.push(channel("teams", via, None));
    }
    channels
}

/// What a channel's limit holds back is told in one message, as often as a window is long.
fn flush(shared: &Shared<'_>, context: &Context<'_>, notifier: &Function) {
    let scope = &shared.scope;
    let rule = scope.declare(
        "notifier-flush",
        cloudwatch::EventRuleArgs::new()
            .name(context.name("notifier-flush"))
            .description("Tells what the limits of channels held back")
            .schedule_expression("rate(5 minutes)"),
    );
    scope.declare(
        "notifier-flush",
        lambda::PermissionArgs::new(lambda::PermissionRequired {
            action: "lambda:InvokeFunction".into(),
            function: notifier.function.name(),
            principal: "events.amazonaws.com".into(),
        })
        .source_arn(rule.arn()),
    );
    scope.declare(
        "notifier-flush",
        cloudwatch::EventTargetArgs::new(cloudwatch::EventTargetRequired {
            arn: notifier.function.arn(),
            rule: rule.name(),
        })
        .input(json(object! { "step" => "flush" })),
    );
}

fn subscribe(shared: &Shared<'_>, notifier: &Function, topics: &Topics) {
    let scope = &shared.scope;
    scope.declare(
        "notifier-topic",
        lambda::PermissionArgs::new(lambda::PermissionRequired {
            action: "lambda:InvokeFunction".into(),
            function: notifier.function.name(),
            principal: "sns.amazonaws.com".into(),
        })
        .source_arn(topics.incidents.arn()),
    );
    scope.declare(
        "notifier",
        sns::TopicSubscriptionArgs::new(sns::TopicSubscriptionRequired {
            endpoint: notifier.function.arn(),
            protocol: "lambda".into(),
            topic: topics.incidents.arn(),
        }),
    );
    scope.declare(
        "notifier",
        lambda::FunctionEventInvokeConfigArgs::new(notifier.function.name())
            .maximum_retry_attempts(2)
            .maximum_event_age_in_seconds(3600)
            .destination_config(
                lambda::FunctionEventInvokeConfigDestinationConfig::new().on_failure(
                    lambda::FunctionEventInvokeConfigDestinationConfigOnFailure::new(
                        shared.failures.arn(),
                    ),
                ),
            ),
    );
}
