//! SNS topics: incidents for the notifier and people, alarms for operators.
//!
//! Coming from HCL: `aws_sns_topic`, now encrypted with a key that CloudWatch may use: otherwise an
//! alarm changes its state and nobody hears of it.

use super::context::Context;
use super::keys::Keys;
use crate::aws::sns;
use crate::graph::Scope;
use crate::iam::action::sns as act;
use crate::iam::{Condition, Operator, Principal, ResourcePolicy, Statement};

/// The topics.
#[derive(Debug, Clone)]
pub struct Topics {
    /// Transitions of incidents.
    pub incidents: sns::Topic,
    /// Alarms of the platform itself, and budgets.
    pub alarms: sns::Topic,
    /// Who may publish alarms: needed before what publishes.
    pub alarms_policy: sns::TopicPolicy,
}

/// Declares the topics and their e-mail subscriptions.
pub fn declare(scope: &Scope<'_>, context: &Context<'_>, keys: Option<&Keys>) -> Topics {
    let scope = scope.component("Topics", "topics");
    let topic = |name: &str| {
        let args = sns::TopicArgs::new()
            .name(context.name(name))
            .tracing_config("Active");
        scope.declare(
            name,
            match keys {
                Some(keys) => args.kms_master_key_id(keys.data.arn()),
                None => args,
            },
        )
    };
    let incidents = topic("incidents");
    let alarms = topic("alarms");
    policy(&scope, "incidents", &incidents, &[], context);
    let services = [
        "cloudwatch.amazonaws.com",
        "budgets.amazonaws.com",
        "events.amazonaws.com",
    ];
    let alarms_policy = policy(&scope, "alarms", &alarms, &services, context);
    for (index, address) in context.config.notify.emails.iter().enumerate() {
        for (name, topic) in [("incidents", &incidents), ("alarms", &alarms)] {
            scope.declare(
                format!("{name}-email-{index}"),
                sns::TopicSubscriptionArgs::new(sns::TopicSubscriptionRequired {
                    endpoint: address.into(),
                    protocol: "email".into(),
                    topic: topic.arn(),
                }),
            );
        }
    }
    Topics {
        incidents,
        alarms,
        alarms_policy,
    }
}

fn policy(
    scope: &Scope<'_>,
    name: &str,
    topic: &sns::Topic,
    services: &[&str],
    context: &Context<'_>,
) -> sns::TopicPolicy {
    let tls_only = Statement::allow("TlsOnly", [act::PUBLISH], [topic.arn()])
        .deny()
        .when(Condition::new(
            Operator::Bool,
            "aws:SecureTransport",
            ["false"],
        ));
    let own_roles = Statement::allow("OwnAccount", [act::PUBLISH], [topic.arn()]);
    let mut statements = vec![
        (Principal::Anybody, tls_only),
        (Principal::account(&context.account), own_roles),
    ];
    for service in services {
        let publish = Statement::allow("Services", [act::PUBLISH], [topic.arn()])
            .when(Condition::source_account(&context.account));
        statements.push((Principal::service(*service), publish));
    }
    scope.declare(
        name,
        sns::TopicPolicyArgs::new(sns::TopicPolicyRequired {
            arn: topic.arn(),
            policy: ResourcePolicy::new(statements).document(),
        }),
    )
}
