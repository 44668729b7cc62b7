//! Log groups with their retention, and the subscription filters that feed the stream.
//!
//! Coming from HCL: `aws_cloudwatch_log_group` and `aws_cloudwatch_log_subscription_filter`, the
//! latter with the role that the Terraform program forgot.

use std::collections::BTreeMap;

use super::context::Context;
use super::keys::Keys;
use super::roles;
use crate::aws::{cloudwatch, kinesis};
use crate::config::Slug;
use crate::graph::{Expr, Options, Scope};
use crate::iam::action::{kinesis as act, kms, sts};
use crate::iam::{Condition, Principal, Statement, trust};
use crate::text;

/// A log group that the stream receives.
#[derive(Debug, Clone)]
pub struct Subscribed {
    /// Logical name of the filter.
    pub name: String,
    /// The group.
    pub group: Expr<String>,
    /// The group's resource, unless it existed before.
    pub resource: Option<cloudwatch::LogGroup>,
    /// CloudWatch filter pattern; empty: every line.
    pub pattern: String,
    /// The team that owns it.
    pub team: Option<Slug>,
}

/// Declares one log group.
pub fn group(
    scope: &Scope<'_>,
    keys: Option<&Keys>,
    name: &str,
    physical: impl Into<Expr<String>>,
    retention_days: u32,
) -> cloudwatch::LogGroup {
    scope.declare(name, args(keys, physical, retention_days))
}

fn args(
    keys: Option<&Keys>,
    physical: impl Into<Expr<String>>,
    retention_days: u32,
) -> cloudwatch::LogGroupArgs {
    let args = cloudwatch::LogGroupArgs::new()
        .name(physical)
        .retention_in_days(retention_days);
    match keys {
        Some(keys) => args.kms_key_id(keys.logs.arn()),
        None => args,
    }
}

/// Declares the configured groups; those that exist already are only named.
pub fn groups(scope: &Scope<'_>, context: &Context<'_>, keys: Option<&Keys>) -> Vec<Subscribed> {
    let scope = scope.component("LogGroups", "log-groups");
    let config = context.config;
    config
        .logs
        .groups
        .iter()
        .map(|(key, settings)| {
            let physical = config.log_group_name(key, settings);
            let days = config.log_group_retention_days(settings);
            let team = config.owner(key.as_str());
            let resource = settings.managed.then(|| {
                let args = args(keys, physical.as_str(), days);
                // What a team costs is told by this tag: its budget looks for it.
                let args = match team {
                    Some(team) => args.tags([("team", team.as_str())]),
                    None => args,
                };
                scope.declare(key.as_str(), args)
            });
            Subscribed {
                name: key.as_str().to_owned(),
                group: match &resource {
                    Some(resource) => resource.name(),
                    None => physical.into(),
                },
                resource,
                pattern: settings.filter_pattern.clone(),
                team: team.cloned(),
            }
        })
        .collect()
}

/// Subscribes the stream to every group. A group has at most two filters: this is one.
pub fn subscribe(
    scope: &Scope<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    stream: &kinesis::Stream,
    groups: &[Subscribed],
) -> BTreeMap<String, cloudwatch::LogSubscriptionFilter> {
    let scope = scope.component("Subscriptions", "subscriptions");
    let trust = trust(
        Principal::service(format!("logs.{}.amazonaws.com", context.region())),
        [sts::ASSUME_ROLE],
        // The logs service acts for many accounts: this role is for groups of this one only.
        [Condition::source_arn(context.arn("logs", "*"))],
    );
    let write = Statement::allow("Write", [act::PUT_RECORD, act::PUT_RECORDS], [stream.arn()]);
    let encrypt =
        keys.map(|keys| Statement::allow("Encrypt", [kms::GENERATE_DATA_KEY], [keys.data.arn()]));
    let statements = [write].into_iter().chain(encrypt);
    let role = roles::role(&scope, context, "subscriptions", trust, statements);
    groups
        .iter()
        .map(|subscribed| {
            let options = role.before(
                Options::new(),
                "creating a filter sends a test record with the role's permissions",
            );
            let filter = scope.declare_with(
                subscribed.name.as_str(),
                cloudwatch::LogSubscriptionFilterArgs::new(
                    cloudwatch::LogSubscriptionFilterRequired {
                        destination_arn: stream.arn(),
                        filter_pattern: subscribed.pattern.as_str().into(),
                        log_group: subscribed.group.clone(),
                    },
                )
                .name(context.name("stream"))
                .role_arn(role.arn())
                // Envelopes of one log stream stay in order, on one shard.
                .distribution("ByLogStream"),
                options,
            );
            (subscribed.name.clone(), filter)
        })
        .collect()
}

/// The ARN that lets a service write to every stream of a group.
pub fn streams(group: &cloudwatch::LogGroup) -> Expr<String> {
    text!(group.arn(), ":*")
}
