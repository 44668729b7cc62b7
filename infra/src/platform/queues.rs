//! SQS queues: a work queue with its dead-letter queue, encrypted, TLS only.

use super::context::Context;
use super::keys::Keys;
use crate::aws::sqs;
use crate::graph::{Expr, Scope, json};
use crate::iam::action::sqs as act;
use crate::iam::{Condition, Operator, Principal, ResourcePolicy, Statement};
use crate::object;

/// A work queue, what it gives up on, and its policy.
#[derive(Debug, Clone)]
pub struct WorkQueue {
    /// The queue.
    pub queue: sqs::Queue,
    /// Messages that were received too often.
    pub dead: sqs::Queue,
    /// Its policy: notifications need it first.
    pub policy: sqs::QueuePolicy,
}

/// Longest time a queue keeps a message, in seconds: 14 days to look at what failed.
const FORTNIGHT_SECONDS: u32 = 14 * 24 * 3600;

/// How often a message is received before it is set aside.
const RECEIVES_MAX: u32 = 5;

fn args(context: &Context<'_>, keys: Option<&Keys>, name: &str) -> sqs::QueueArgs {
    let args = sqs::QueueArgs::new()
        .name(context.name(name))
        .message_retention_seconds(FORTNIGHT_SECONDS);
    match keys {
        Some(keys) => args
            .kms_master_key_id(keys.data.arn())
            .kms_data_key_reuse_period_seconds(300),
        None => args.sqs_managed_sse_enabled(true),
    }
}

/// A queue that people look at: failures and dead letters.
pub fn plain(
    scope: &Scope<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    name: &str,
) -> sqs::Queue {
    let queue = scope.declare(name, args(context, keys, name));
    policy(scope, name, &queue, Vec::new());
    queue
}

/// A queue that a function with the time limit `timeout_seconds` works off.
pub fn work(
    scope: &Scope<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    name: &str,
    timeout_seconds: u32,
    senders: Vec<(Principal, Condition)>,
) -> WorkQueue {
    let dead = plain(scope, context, keys, &format!("{name}-dead"));
    let queue = scope.declare(
        name,
        args(context, keys, name)
            // A message that is still being worked on must not be seen again: Lambda's advice.
            .visibility_timeout_seconds(timeout_seconds.saturating_mul(6))
            .receive_wait_time_seconds(20)
            .redrive_policy(json(object! {
                "deadLetterTargetArn" => dead.arn(),
                "maxReceiveCount" => RECEIVES_MAX,
            })),
    );
    let policy = policy(scope, name, &queue, senders);
    WorkQueue {
        queue,
        dead,
        policy,
    }
}

fn policy(
    scope: &Scope<'_>,
    name: &str,
    queue: &sqs::Queue,
    senders: Vec<(Principal, Condition)>,
) -> sqs::QueuePolicy {
    let tls_only = Statement::allow("TlsOnly", act::ALL.iter().copied(), [queue.arn()])
        .deny()
        .when(Condition::new(
            Operator::Bool,
            "aws:SecureTransport",
            ["false"],
        ));
    let mut statements = vec![(Principal::Anybody, tls_only)];
    for (sender, condition) in senders {
        let send = Statement::allow("Send", [act::SEND_MESSAGE], [queue.arn()]).when(condition);
        statements.push((sender, send));
    }
    scope.declare(
        name,
        sqs::QueuePolicyArgs::new(sqs::QueuePolicyRequired {
            policy: ResourcePolicy::new(statements).document(),
            queue_url: queue.url(),
        }),
    )
}

/// What a function needs to work a queue off.
pub fn consume(queue: &sqs::Queue) -> Statement {
    let arn: Expr<String> = queue.arn();
    Statement::allow(
        "Consume",
        [
            act::CHANGE_MESSAGE_VISIBILITY,
            act::DELETE_MESSAGE,
            act::GET_QUEUE_ATTRIBUTES,
            act::RECEIVE_MESSAGE,
        ],
        [arn],
    )
}
