//! SNS topics: incidents for the notifier and people, alarms for operators.
//!
//! Coming from HCL: `aws_sns_topic`, now encrypted with a key that CloudWatch may use: otherwise an
//! alarm changes its state and nobody hears of it.

use std::collections::BTreeMap;

use super::context::Context;
use super::keys::Keys;
use crate::aws::sns;
use crate::config::Slug;
use crate::graph::{Expr, Scope};
use crate::iam::action::sns as act;
use crate::iam::{Condition, Operator, Principal, ResourcePolicy, Statement};
use crate::stack_reference::StackReferenceArgs;

/// The topics.
#[derive(Debug, Clone)]
pub struct Topics {
    /// Transitions of incidents.
    pub incidents: sns::Topic,
    /// Alarms of the platform itself, and budgets.
    pub alarms: sns::Topic,
    /// Who may publish alarms: needed before what publishes.
    pub alarms_policy: sns::TopicPolicy,
    /// What concerns one team alone: its volume, its budget.
    pub teams: BTreeMap<Slug, sns::Topic>,
    /// The alarm topic of another stack that hears of this one too.
    elsewhere: Option<Expr<String>>,
}

impl Topics {
    /// Where alarms go.
    pub fn alarm_actions(&self) -> Vec<Expr<String>> {
        [self.alarms.arn()]
            .into_iter()
            .chain(self.elsewhere.clone())
            .collect()
    }

    /// The topic of a team, if it has one.
    pub fn of_team(&self, team: &Slug) -> Option<Expr<String>> {
        self.teams.get(team).map(sns::Topic::arn)
    }
}

/// Declares the topics and their e-mail subscriptions.
pub fn declare(scope: &Scope<'_>, context: &Context<'_>, keys: Option<&Keys>) -> Topics {
    let scope = scope.component("Topics", "topics");
    let topic = |name: &str| scope.declare(name, args(context, keys, name));
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
            email(&scope, format!("{name}-email-{index}"), topic, address);
        }
    }
    let notify = &context.config.notify;
    let teams = teams(&scope, context, keys, &services);
    Topics {
        incidents,
        alarms,
        alarms_policy,
        teams,
        elsewhere: notify.alarms_stack.as_ref().map(|stack| {
            scope
                .declare("alarms", StackReferenceArgs::new(stack))
                .export("alarmsTopicArn")
        }),
    }
}

/// A topic for each team that names an address.
fn teams(
    scope: &Scope<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    services: &[&str],
) -> BTreeMap<Slug, sns::Topic> {
    let mut topics = BTreeMap::new();
    for (team, settings) in &context.config.teams {
        if settings.emails.is_empty() {
            continue;
        }
        let name = format!("team-{team}");
        let args = args(context, keys, &name).tags([("team", team.as_str())]);
        let topic = scope.declare(name.as_str(), args);
        policy(scope, &name, &topic, services, context);
        for (index, address) in settings.emails.iter().enumerate() {
            email(scope, format!("{name}-email-{index}"), &topic, address);
        }
        topics.insert(team.clone(), topic);
    }
    topics
}

fn args(context: &Context<'_>, keys: Option<&Keys>, name: &str) -> sns::TopicArgs {
    let args = sns::TopicArgs::new()
        .name(context.name(name))
        .tracing_config("Active");
    match keys {
        Some(keys) => args.kms_master_key_id(keys.data.arn()),
        None => args,
    }
}

fn email(scope: &Scope<'_>, name: String, topic: &sns::Topic, address: &str) {
    scope.declare(
        name,
        sns::TopicSubscriptionArgs::new(sns::TopicSubscriptionRequired {
            endpoint: address.into(),
            protocol: "email".into(),
            topic: topic.arn(),
        }),
    );
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
    let own_roles = Statement::allow("OwnAccount", [act::PUBLISH], [topic.arn()])
        .when(Condition::equals("aws:PrincipalAccount", &context.account));
    let mut statements = vec![
        (Principal::Anybody, tls_only),
        (Principal::account(context.iam_arn("root")), own_roles),
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
