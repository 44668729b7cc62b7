//! Encryption keys: one for log groups, one for data, with the service principals that use them.
//!
//! Coming from HCL: the Terraform program had no keys; everything was encrypted with the services'
//! own.

use super::context::Context;
use crate::aws::{kms, ssm};
use crate::graph::{Expr, Scope};
use crate::iam::action::{Action, kms as act};
use crate::iam::{Condition, Operator, Principal, ResourcePolicy, Statement};

/// The stack's keys. The laptop's stack has none: the emulator does not encrypt.
#[derive(Debug, Clone)]
pub struct Keys {
    /// For log groups.
    pub logs: kms::Key,
    /// For streams, queues, topics, tables, secrets, disks and functions.
    pub data: kms::Key,
}

/// A key policy speaks of its own key, which `*` means there.
const OWN_KEY: &str = "a key policy speaks of its own key";

/// What services need to read and write what a key protects.
const USE: [Action; 2] = [act::DECRYPT, act::GENERATE_DATA_KEY];

/// Services that encrypt on behalf of this account's resources. Each would fail without a word:
/// an alarm that cannot reach its topic, a notification that cannot enter its queue.
const SERVICES: [&str; 8] = [
    "budgets.amazonaws.com",
    "cloudwatch.amazonaws.com",
    "delivery.logs.amazonaws.com",
    "events.amazonaws.com",
    "firehose.amazonaws.com",
    "s3.amazonaws.com",
    "scheduler.amazonaws.com",
    "sns.amazonaws.com",
];

/// Declares the keys of an operated stack.
pub fn declare(scope: &Scope<'_>, context: &Context<'_>) -> Option<Keys> {
    if context.is_local() {
        return None;
    }
    let scope = scope.component("Keys", "keys");
    let logs_service = Principal::service(format!("logs.{}.amazonaws.com", context.region()));
    let logs = key(
        &scope,
        context,
        "logs",
        "Log groups of the platform",
        vec![(
            logs_service,
            Statement::allow_any(
                "LogGroups",
                [
                    act::DECRYPT,
                    act::DESCRIBE_KEY,
                    act::ENCRYPT,
                    act::GENERATE_DATA_KEY,
                    act::RE_ENCRYPT_FROM,
                    act::RE_ENCRYPT_TO,
                ],
                OWN_KEY,
            )
            // Without this context any log group of the region could use the key.
            .when(Condition::new(
                Operator::ArnLike,
                "kms:EncryptionContext:aws:logs:arn",
                [context.arn("logs", "log-group:*")],
            )),
        )],
    );
    let services = SERVICES.map(|service| {
        let statement = Statement::allow_any(sid(service), USE, OWN_KEY)
            .when(Condition::source_account(&context.account));
        (Principal::service(service), statement)
    });
    let data = key(
        &scope,
        context,
        "data",
        "Data of the platform",
        services.into(),
    );
    Some(Keys { logs, data })
}

/// A statement's id must be letters and digits.
fn sid(service: &str) -> &'static str {
    match service.split('.').next() {
        Some("budgets") => "Budgets",
        Some("cloudwatch") => "Alarms",
        Some("delivery") => "LogDelivery",
        Some("events") => "Events",
        Some("firehose") => "Firehose",
        Some("s3") => "BucketNotifications",
        Some("scheduler") => "Scheduler",
        _ => "Topics",
    }
}

fn key(
    scope: &Scope<'_>,
    context: &Context<'_>,
    name: &str,
    description: &str,
    statements: Vec<(Principal, Statement)>,
) -> kms::Key {
    // Every action on the list, not `kms:*`: nobody here imports key material or replicates keys.
    let account = (
        Principal::account(context.iam_arn("root")),
        Statement::allow_any("Account", act::ALL.iter().copied(), OWN_KEY),
    );
    let policy = ResourcePolicy::new([account].into_iter().chain(statements));
    let key = scope.declare(
        name,
        kms::KeyArgs::new()
            .description(description)
            .enable_key_rotation(true)
            .deletion_window_in_days(30)
            .policy(policy.document()),
    );
    scope.declare(
        name,
        kms::AliasArgs::new(key.key_id()).name(format!("alias/{}", context.name(name))),
    );
    key
}

impl Keys {
    /// Lets a role read and write what the data key protects.
    pub fn use_data(keys: Option<&Self>) -> Option<Statement> {
        keys.map(|keys| Statement::allow("DataKey", USE, [keys.data.arn()]))
    }

    /// Lets a role read what the data key protects.
    pub fn read_data(keys: Option<&Self>) -> Option<Statement> {
        keys.map(|keys| Statement::allow("DataKey", [act::DECRYPT], [keys.data.arn()]))
    }

    /// Lets a role hand the data key to the AWS service that attaches its encrypted disks.
    pub fn grant_data(keys: Option<&Self>) -> Vec<Statement> {
        let key = |keys: &Self| [keys.data.arn()];
        keys.map(|keys| {
            vec![
                Statement::allow("DataKeyLook", [act::DESCRIBE_KEY], key(keys)),
                Statement::allow("DataKeyGrants", [act::CREATE_GRANT], key(keys)).when(
                    Condition::new(Operator::Bool, "kms:GrantIsForAWSResource", ["true"]),
                ),
            ]
        })
        .unwrap_or_default()
    }

    /// A parameter that is encrypted where there is a key.
    pub fn parameter(keys: Option<&Self>) -> ssm::ParameterArgs {
        match keys {
            Some(keys) => ssm::ParameterArgs::new("SecureString").key_id(keys.data.arn()),
            None => ssm::ParameterArgs::new("String"),
        }
    }

    /// The ARN of the data key.
    pub fn data_arn(keys: Option<&Self>) -> Option<Expr<String>> {
        keys.map(|keys| keys.data.arn())
    }
}
